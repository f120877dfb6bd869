//! Middle: the same picture drawn again and again, as training would see it.

use std::sync::Arc;

use eframe::egui::{self, Align2, Sense, vec2};

use crate::app::core::command::Command;
use crate::app::core::state::{Preview, Scan, State};
use crate::app::core::view_id::ViewId;
use crate::app::ui::names::shown_name;
use crate::app::ui::textures::{TextureCache, TextureKey};
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{View, ViewContext, ViewInfo, no_experiment_ui};
use crate::app::ui::widgets;
use crate::data::{Dataset, Pixels, SplitIndices};
use crate::experiment::Augmentation;
use crate::format;
use crate::report::FigureKind;
use crate::worker::messages::AugmentedVersion;

/// Versions that are drawn beside the original.
const VERSIONS: u32 = 15;
/// The side of a version, in points, at least.
const LEAST_SIDE: f32 = 120.0;

/// What the changes look like.
pub struct AugmentationTab;

impl View for AugmentationTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::AUGMENTATION,
            title: "Augmentation",
            icon: icon::MAGIC_WAND,
            action: "Show augmentation",
            tooltip: "Random versions of a training picture, as the network sees them",
            figure: Some(FigureKind::Augmentation),
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let Some(view) = AugmentationPreviewView::build(context.state) else {
            no_experiment_ui(ui, out);
            return;
        };
        let local = context.panels.of_window::<AugmentationPreviewLocal>();
        augmentation_view_ui(ui, &view, local, out);
        if let Some((index, seed, count)) = local.wanted {
            out.push(Command::RequestPreview { index, seed, count });
        }
    }
}

/// Plain data of the preview.
#[derive(Debug, Clone)]
pub struct AugmentationPreviewView {
    /// Nothing while there are no pictures.
    pub pictures: Option<(Arc<Dataset>, Arc<SplitIndices>)>,
    /// How many pictures have been looked through, of how many, while that goes on.
    pub scanned: Option<(usize, usize)>,
    pub augmentation: Augmentation,
    pub preview: Option<Arc<Preview>>,
}

impl AugmentationPreviewView {
    /// Nothing when no experiment is open.
    pub fn build(state: &State) -> Option<Self> {
        let document = state.active_document()?;
        let pictures = match &state.scan {
            Scan::Done { dataset, split, .. } if !dataset.pictures.is_empty() => {
                Some((dataset.clone(), split.clone()))
            }
            _ => None,
        };
        Some(Self {
            pictures,
            scanned: match &state.scan {
                Scan::Running { done, total } => Some((*done, *total)),
                _ => None,
            },
            augmentation: document.experiment.augmentation.clone(),
            preview: state.preview.clone(),
        })
    }

    /// The data set's index of the picture at `position` among those that train.
    fn picture(&self, position: usize) -> Option<usize> {
        let (dataset, split) = self.pictures.as_ref()?;
        if split.train.is_empty() {
            return Some(position % dataset.pictures.len());
        }
        // Training pictures are listed by class: stepping by a stride shows every class early.
        let number = split.train.len();
        let stride = coprime_stride(number);
        split
            .train
            .get(position.wrapping_mul(stride) % number)
            .copied()
    }

    /// Whether training sees anything but the pictures as they are.
    fn changes_pictures(&self) -> bool {
        self.augmentation.is_active() || self.augmentation.is_mixing()
    }

    /// "70 % crack" and "30 % scratch": what a version counts as that is mixed with another picture.
    fn mixed_classes(&self, picture: usize, version: &AugmentedVersion) -> Option<Vec<String>> {
        let (partner, own_share) = version.mixed_with?;
        let (dataset, _) = self.pictures.as_ref()?;
        let class = |index: usize| {
            let picture = dataset.pictures.get(index)?;
            let class = dataset.classes.get(picture.label as usize)?;
            Some(shown_name(class).into_owned())
        };
        let (own, other) = (class(picture)?, class(partner)?);
        let own_percent = (own_share * 100.0).round();
        Some(match own == other {
            true => vec![format!("100 % {own}")],
            false => vec![
                format!("{own_percent} % {own}"),
                format!("{} % {other}", 100.0 - own_percent),
            ],
        })
    }

    fn number(&self) -> usize {
        self.pictures
            .as_ref()
            .map_or(0, |(dataset, split)| match split.train.len() {
                0 => dataset.pictures.len(),
                number => number,
            })
    }
}

/// A step of about 0.38 of `number` that visits every index before it comes back.
fn coprime_stride(number: usize) -> usize {
    fn divisor(a: usize, b: usize) -> usize {
        if b == 0 { a } else { divisor(b, a % b) }
    }
    let first = (number as f64 * 0.38) as usize + 1;
    (first..first + number)
        .find(|stride| divisor(*stride, number) == 1)
        .unwrap_or(1)
}

/// What the preview remembers between frames.
#[derive(Default)]
pub struct AugmentationPreviewLocal {
    /// What the preview should show: picture, seed and number of versions. The shell asks the assistant
    /// whenever this, the augmentation or the fit changes.
    pub wanted: Option<(usize, u64, u32)>,
    position: usize,
    seed: u64,
    textures: TextureCache,
}

pub fn augmentation_view_ui(
    ui: &mut egui::Ui,
    view: &AugmentationPreviewView,
    local: &mut AugmentationPreviewLocal,
    out: &mut Vec<Command>,
) {
    let number = view.number();
    local.position %= number.max(1);
    local.wanted = view
        .picture(local.position)
        .map(|picture| (picture, local.seed, VERSIONS));
    let Some((picture, ..)) = local.wanted else {
        if let Some((done, total)) = view.scanned {
            let text = format!(
                "{} of {} checked. The preview follows.",
                format::thousands(done as u64),
                format::thousands(total as u64)
            );
            let title = "Scanning the pictures";
            widgets::empty_state(ui, icon::MAGNIFYING_GLASS, title, &text, |_| ());
            return;
        }
        widgets::empty_state(
            ui,
            icon::MAGIC_WAND,
            "No pictures yet",
            "Open pictures to see how the augmentation changes them.",
            |ui| {
                let text = format!("{} Open pictures…", icon::FOLDER_OPEN);
                if widgets::primary_button(ui, &text, "Choose the pictures to train on").clicked() {
                    out.push(Command::OpenPicturesDialog);
                }
            },
        );
        return;
    };
    bar_ui(ui, view, local, picture, number);
    ui.add_space(tokens::SPACE_S);
    if !view.changes_pictures() {
        let colors = tokens(ui);
        ui.label(colors.muted(format!(
            "{} No augmentation is switched on: training sees the picture as it is. Switch some on under Augmentation at the left.",
            icon::INFO
        )));
        ui.add_space(tokens::SPACE_XS);
    }
    grid_ui(ui, view, local, picture);
}

fn bar_ui(
    ui: &mut egui::Ui,
    view: &AugmentationPreviewView,
    local: &mut AugmentationPreviewLocal,
    picture: usize,
    number: usize,
) {
    let colors = tokens(ui);
    ui.horizontal(|ui| {
        let previous = widgets::icon_button(
            ui,
            icon::CARET_LEFT,
            "Previous picture",
            "Show the previous training picture",
        );
        if previous.clicked() {
            local.position = (local.position + number - 1) % number;
        }
        let next = widgets::icon_button(
            ui,
            icon::CARET_RIGHT,
            "Next picture",
            "Show the next training picture",
        );
        if next.clicked() {
            local.position = (local.position + 1) % number;
        }
        let again = ui.add_enabled(
            view.changes_pictures(),
            egui::Button::new(format!("{} New versions", icon::DICE_FIVE)),
        );
        if again
            .on_hover_text("Make other random versions of the same picture")
            .on_disabled_hover_text("No augmentation is switched on: all versions are the same")
            .clicked()
        {
            local.seed = local.seed.wrapping_add(1);
        }
        if let Some((dataset, _)) = &view.pictures
            && let Some(picture) = dataset.pictures.get(picture)
        {
            let class = dataset
                .classes
                .get(picture.label as usize)
                .map_or("", String::as_str);
            let text = format!(
                "{}  ·  {class}  ·  {} × {} px",
                picture.name, picture.size.0, picture.size.1
            );
            ui.add(egui::Label::new(colors.muted(text)).truncate());
        }
        let stale = view.preview.as_ref().is_none_or(|preview| {
            preview.index != picture || preview.augmentation != view.augmentation
        });
        if stale {
            ui.spinner().on_hover_text("The versions are being made");
        }
    });
    let text = format!(
        "Training picture {} of {}",
        format::thousands(local.position as u64 + 1),
        format::thousands(number as u64)
    );
    ui.label(colors.small(text));
}

fn grid_ui(
    ui: &mut egui::Ui,
    view: &AugmentationPreviewView,
    local: &mut AugmentationPreviewLocal,
    picture: usize,
) {
    let gap = tokens::SPACE_S;
    // A preview of another picture says nothing about this one.
    let preview = view
        .preview
        .as_ref()
        .filter(|preview| preview.index == picture);
    let generation = preview.map_or(0, |preview| Arc::as_ptr(preview) as usize as u64);
    egui::ScrollArea::vertical()
        .id_salt("preview")
        .auto_shrink(false)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(gap, gap);
            // Within the area, because its bar takes room too.
            let width = ui.available_width();
            let columns = ((width + gap) / (LEAST_SIDE + gap)).floor().clamp(2.0, 8.0);
            let side = (((width + gap) / columns) - gap).min(240.0).floor();
            // Without a change, all versions are the original.
            let versions = match view.changes_pictures() {
                true => VERSIONS as usize,
                false => 0,
            };
            ui.horizontal_wrapped(|ui| {
                for index in 0..=versions {
                    let version =
                        preview.and_then(|preview| preview.versions.get(index.wrapping_sub(1)));
                    let pixels = preview.and_then(|preview| match index {
                        0 => Some(&preview.original),
                        _ => version.map(|version| &version.pixels),
                    });
                    if preview.is_some() && pixels.is_none() {
                        break;
                    }
                    let drawn = DrawnVersion {
                        key: TextureKey { generation, index },
                        pixels,
                        classes: version.and_then(|version| view.mixed_classes(picture, version)),
                    };
                    version_ui(ui, &mut local.textures, &drawn, side);
                }
            });
        });
}

/// What is drawn in one place of the grid.
struct DrawnVersion<'a> {
    /// The original is at index 0.
    key: TextureKey,
    pixels: Option<&'a Pixels>,
    /// Of a mixed picture: both classes with their shares.
    classes: Option<Vec<String>>,
}

fn version_ui(ui: &mut egui::Ui, textures: &mut TextureCache, drawn: &DrawnVersion<'_>, side: f32) {
    let DrawnVersion {
        key,
        pixels,
        classes,
    } = drawn;
    let index = key.index;
    let colors = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(egui::Vec2::splat(side), Sense::hover());
    ui.painter()
        .rect_filled(rect, tokens::RADIUS_M, colors.sunken);
    if let Some(pixels) = pixels
        && let Some(texture) = textures.get(ui.ctx(), *key, pixels)
    {
        egui::Image::new(&texture)
            .corner_radius(tokens::RADIUS_M)
            .paint_at(ui, rect);
    }
    let name = match (index, classes) {
        (0, _) => "Original".to_owned(),
        (_, None) => format!("Version {index}"),
        (_, Some(classes)) => format!("Version {index}: {}", classes.join(", ")),
    };
    if let Some(classes) = classes {
        let font = egui::FontId::proportional(tokens::TEXT_SMALL);
        let margin = vec2(6.0, 3.0);
        let galley =
            ui.painter()
                .layout(classes.join("\n"), font, colors.text, side - 2.0 * margin.x);
        let height = (galley.size().y + 2.0 * margin.y).min(side);
        let band =
            egui::Rect::from_min_max(egui::pos2(rect.left(), rect.bottom() - height), rect.max);
        let painter = ui.painter().with_clip_rect(rect);
        painter.rect_filled(band, tokens::RADIUS_M, colors.surface);
        painter.galley(band.min + margin, galley, colors.text);
    }
    if index == 0 {
        let stroke = egui::Stroke::new(tokens::STROKE_PLOT, colors.accent);
        ui.painter()
            .rect_stroke(rect, tokens::RADIUS_M, stroke, egui::StrokeKind::Inside);
        let font = tokens::medium_font(tokens::TEXT_SMALL);
        let galley = ui
            .painter()
            .layout_no_wrap("Original".into(), font.clone(), colors.on_accent);
        let tag = egui::Rect::from_min_size(rect.min, galley.size() + vec2(12.0, 6.0));
        ui.painter()
            .rect_filled(tag, tokens::RADIUS_M, colors.accent_fill);
        ui.painter().text(
            tag.center(),
            Align2::CENTER_CENTER,
            "Original",
            font,
            colors.on_accent,
        );
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &name));
    response.on_hover_text(name);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stepping_visits_every_picture() {
        for number in 1..60 {
            let stride = coprime_stride(number);
            let seen: std::collections::BTreeSet<usize> =
                (0..number).map(|step| step * stride % number).collect();
            assert_eq!(seen.len(), number, "{number}");
        }
    }
}
