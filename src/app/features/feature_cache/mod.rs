//! Left side: the features of frozen layers that are kept on disk.

pub mod requests;

use std::path::PathBuf;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::state::{Document, State};
use crate::app::ui::number_field::{NumberField, NumberResponse};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{Section, SectionInfo, ViewContext};
use crate::app::ui::widgets;
use crate::format;
use crate::models::catalogue;
use crate::training::cache_coverage::CacheCoverage;
use crate::training::features::store::{StoredFeatures, Usage};

/// Lines of what is kept; the rest is counted.
const LINES: usize = 6;

/// What is kept on disk.
pub struct FeatureCacheSection;

impl Section for FeatureCacheSection {
    fn info(&self) -> SectionInfo {
        SectionInfo {
            title: "Feature cache",
            icon: icon::DATABASE,
            tooltip: "Outputs of frozen layers (features), kept on disk so that the next run need not compute them again",
            fields: &[],
            starts_open: false,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let view = FeatureCacheView::build(context.state, context.now);
        feature_cache_ui(ui, &view, context.panels.of_window(), out);
    }

    fn summary(&self, _document: &Document, context: &mut ViewContext<'_>) -> String {
        let usage = context.state.features.usage.as_ref();
        usage.map_or_else(String::new, |usage| crate::format::bytes(usage.bytes))
    }
}

/// Plain data of the section.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureCacheView {
    pub usage: Option<UsageView>,
    /// What the active experiment would find.
    pub experiment: String,
    /// Files removed, and of how many.
    pub clearing: Option<(usize, usize)>,
    pub problem: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct UsageView {
    /// `1.24 GB of 10.0 GB`
    pub text: String,
    /// Of the limit, 0 to 1.
    pub share: f32,
    pub limit_bytes: u64,
    pub is_empty: bool,
    pub folder: PathBuf,
    pub lines: Vec<KeptLine>,
    /// What the lines leave out.
    pub others: Option<String>,
}

/// The features of one network at one depth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLine {
    pub title: String,
    pub bytes: String,
    pub details: String,
}

impl FeatureCacheView {
    /// `now`: seconds since 1970.
    pub fn build(state: &State, now: u64) -> Self {
        let features = &state.features;
        Self {
            usage: features
                .usage
                .as_ref()
                .map(|usage| UsageView::new(usage, now)),
            experiment: features
                .cache_coverage
                .as_ref()
                .map_or_else(String::new, |cache_coverage| sentence(cache_coverage)),
            clearing: features.clearing,
            problem: features.problem.clone(),
        }
    }
}

impl UsageView {
    fn new(usage: &Usage, now: u64) -> Self {
        let kept = named(&usage.kept);
        let rest = kept.get(LINES..).unwrap_or_default();
        let bytes: u64 = rest.iter().map(|kept| kept.bytes).sum();
        Self {
            text: format!(
                "{} of {}",
                crate::format::bytes(usage.bytes),
                crate::format::bytes(usage.limit_bytes)
            ),
            share: usage.bytes as f32 / usage.limit_bytes.max(1) as f32,
            limit_bytes: usage.limit_bytes,
            is_empty: usage.files == 0,
            folder: usage.folder.clone(),
            lines: kept
                .iter()
                .take(LINES)
                .map(|kept| KeptLine::new(kept, now))
                .collect(),
            others: (!rest.is_empty()).then(|| {
                let count = format::plural(rest.len() as u64, "other", "others");
                format!("and {count}, {}", crate::format::bytes(bytes))
            }),
        }
    }
}

/// What has no name in one, the largest first.
fn named(all: &[StoredFeatures]) -> Vec<StoredFeatures> {
    let (mut kept, nameless): (Vec<StoredFeatures>, Vec<StoredFeatures>) =
        all.iter().cloned().partition(|kept| kept.about.is_some());
    if !nameless.is_empty() {
        kept.push(StoredFeatures {
            about: None,
            bytes: nameless.iter().map(|kept| kept.bytes).sum(),
            files: nameless.iter().map(|kept| kept.files).sum(),
            used: nameless.iter().map(|kept| kept.used).max().unwrap_or(0),
        });
    }
    kept.sort_by_key(|kept| std::cmp::Reverse(kept.bytes));
    kept
}

impl KeptLine {
    fn new(kept: &StoredFeatures, now: u64) -> Self {
        let used = format!("used {}", format::ago(kept.used, now));
        let files = format::plural(kept.files as u64, "file", "files");
        let (title, mut details) = match &kept.about {
            None => ("Features of an earlier version".to_owned(), Vec::new()),
            Some(about) => {
                let backbone = catalogue::title(&about.backbone);
                let depth = if about.is_pooled() {
                    "pooled features of the whole backbone".to_owned()
                } else {
                    format!(
                        "output of the first {} of the backbone's {} parts",
                        about.depth, about.segments
                    )
                };
                let folders = about.pictures.iter().map(|path| path.display().to_string());
                let mut details = vec![depth, format!("{0} × {0} pixels", about.side)];
                details.extend(folders);
                let part = if about.is_pooled() {
                    String::new()
                } else {
                    format!(", part {} of {}", about.depth, about.segments)
                };
                (format!("{backbone}, {} px{part}", about.side), details)
            }
        };
        details.extend([files, used]);
        Self {
            title,
            bytes: crate::format::bytes(kept.bytes),
            details: details.join("\n"),
        }
    }
}

/// What the active experiment finds.
fn sentence(cache_coverage: &CacheCoverage) -> String {
    let kept: usize = cache_coverage
        .phases
        .iter()
        .map(|rows| rows.all - rows.missing)
        .sum();
    let all: usize = cache_coverage.phases.iter().map(|rows| rows.all).sum();
    match (kept, all) {
        (_, 0) => "This experiment caches no features: nothing is frozen.".into(),
        (0, _) => {
            "No features of this experiment are cached yet: its first epoch takes longer.".into()
        }
        (kept, all) if kept == all => {
            "All features of this experiment are cached: it starts with its first epoch.".into()
        }
        (kept, all) => format!(
            "{} of this experiment’s features are cached; the rest is computed first.",
            format::percent_of(kept as u64, all as u64)
        ),
    }
}

/// What the section remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct FeatureCacheLocal {
    /// The limit while it is being edited, in GB.
    limit: Option<f64>,
}

pub fn feature_cache_ui(
    ui: &mut egui::Ui,
    view: &FeatureCacheView,
    local: &mut FeatureCacheLocal,
    out: &mut Vec<Command>,
) {
    let Some(usage) = &view.usage else {
        widgets::note(ui, "Reading the cache…");
        return;
    };
    let colors = tokens(ui);
    ui.label(tokens::semibold(&usage.text)).on_hover_text(
        "Outputs of frozen layers, computed once per picture and kept for the next run. When the limit is reached, what was \
         used least recently is removed first",
    );
    widgets::bar(
        ui,
        usage.share,
        colors.accent_fill,
        "Feature cache, share of its limit",
    );
    ui.add_space(tokens::SPACE_XS);
    for line in &usage.lines {
        ui.horizontal(|ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.label(colors.muted(&line.bytes));
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.add(egui::Label::new(&line.title).truncate())
                        .on_hover_text(&line.details);
                });
            });
        });
    }
    if let Some(others) = &usage.others {
        ui.label(colors.small(others));
    }
    if !view.experiment.is_empty() {
        widgets::note(ui, &view.experiment);
    }
    ui.add_space(tokens::SPACE_XS);
    limit_ui(ui, usage, local, out);
    let tooltip = "The folder that holds the cached features";
    widgets::row(ui, "Folder", tooltip, |ui| {
        let button = widgets::icon_button(
            ui,
            icon::FOLDER_OPEN,
            "Open the folder of the feature cache",
            "Show the folder in the file manager",
        );
        if button.clicked() {
            out.push(Command::OpenFolder(usage.folder.clone()));
        }
        let path = usage.folder.display().to_string();
        ui.add(egui::Label::new(colors.small(&path)).truncate())
            .on_hover_text(path);
    });
    clear_ui(ui, view, usage, out);
    widgets::problem(ui, view.problem.as_deref());
}

fn limit_ui(
    ui: &mut egui::Ui,
    usage: &UsageView,
    local: &mut FeatureCacheLocal,
    out: &mut Vec<Command>,
) {
    let tooltip =
        "The largest size of the cache; 0 caches nothing. What exceeds it is removed at once";
    widgets::number_row(ui, "Limit", tooltip, |ui| {
        let standing = usage.limit_bytes as f64 / 1e9;
        let mut limit = local.limit.unwrap_or(standing);
        let name = "Limit of the feature cache";
        let field = NumberField::new(name, &mut limit, 0.0..=10_000.0)
            .speed(0.1)
            .decimals(2)
            .unit(" GB")
            .tooltip(tooltip);
        let NumberResponse { response, refused } = field.show(ui);
        if response.changed() {
            local.limit = Some(limit);
        }
        // Features are removed by a lower limit, so it counts when it is whole.
        if response.drag_stopped() || response.lost_focus() {
            let bytes = (limit * 1e9).round() as u64;
            if bytes != usage.limit_bytes {
                out.push(Command::SetFeatureLimit(bytes));
            }
            local.limit = None;
        }
        (false, refused)
    });
}

fn clear_ui(ui: &mut egui::Ui, view: &FeatureCacheView, usage: &UsageView, out: &mut Vec<Command>) {
    if let Some((done, total)) = view.clearing {
        let text = format!(
            "Clearing, {} of {}",
            format::thousands(done as u64),
            format::plural(total as u64, "file", "files")
        );
        ui.label(tokens(ui).muted(text));
        let share = done as f32 / total.max(1) as f32;
        widgets::bar(
            ui,
            share,
            tokens(ui).accent_fill,
            "Clearing the feature cache",
        );
        return;
    }
    ui.add_space(tokens::SPACE_XS);
    ui.add_enabled_ui(!usage.is_empty, |ui| {
        let button = ui.button(format!("{} Clear the cache…", icon::TRASH));
        if button
            .on_hover_text(
                "Remove all cached features; they are computed again when they are needed",
            )
            .on_disabled_hover_text("The cache is empty")
            .clicked()
        {
            out.push(Command::ClearFeatures);
        }
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::training::cache_coverage::RowCounts;
    use crate::training::features::about::About;

    fn kept(backbone: &str, depth: usize, bytes: u64) -> StoredFeatures {
        StoredFeatures {
            about: Some(About {
                backbone: backbone.into(),
                side: 224,
                depth,
                segments: 10,
                pictures: BTreeSet::from([PathBuf::from("/data/cells")]),
            }),
            bytes,
            files: 2,
            used: 1_000,
        }
    }

    #[test]
    fn what_is_kept_is_named() {
        let mut all = vec![
            kept("resnet18", 10, 2_500_000),
            kept("resnet18", 4, 900_000),
        ];
        all.extend((0..6).map(|depth| kept("mobilenet_v2", depth, 1_000)));
        all.extend((0..2).map(|_| StoredFeatures {
            about: None,
            ..kept("", 1, 3_000)
        }));
        let usage = Usage {
            folder: "/cache/frozen".into(),
            bytes: 3_412_000,
            files: 20,
            limit_bytes: 10_000_000,
            kept: all,
        };
        let view = UsageView::new(&usage, 1_000 + 7_300);
        assert_eq!(view.text, "3.41 MB of 10.0 MB");
        assert!((view.share - 0.3412).abs() < 1e-4);
        assert_eq!(view.lines[0].title, "ResNet-18, 224 px");
        assert_eq!(
            view.lines[0].details,
            "pooled features of the whole backbone\n224 × 224 pixels\n/data/cells\n2 files\nused 2 h ago"
        );
        assert_eq!(view.lines[1].title, "ResNet-18, 224 px, part 4 of 10");
        let nameless = &view.lines[2];
        assert_eq!(nameless.title, "Features of an earlier version");
        assert_eq!(
            (nameless.bytes.as_str(), view.lines.len()),
            ("6.00 kB", LINES)
        );
        assert_eq!(view.others.as_deref(), Some("and 3 others, 3.00 kB"));
    }

    #[test]
    fn what_an_experiment_finds_is_said() {
        let check = |phases: &[(usize, usize)], expect: &str| {
            let phases = phases
                .iter()
                .map(|&(all, missing)| RowCounts { all, missing });
            let cache_coverage = CacheCoverage {
                phases: phases.collect(),
                ..CacheCoverage::default()
            };
            let text = sentence(&cache_coverage);
            assert!(text.starts_with(expect), "{text}");
        };
        check(&[], "This experiment caches no features");
        check(&[(100, 100)], "No features of this experiment");
        check(&[(100, 0)], "All features");
        check(&[(100, 0), (100, 100)], "50 %");
    }
}
