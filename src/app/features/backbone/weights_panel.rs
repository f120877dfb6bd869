//! Left side: where the backbone's weights come from.

use std::path::PathBuf;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::features::backbone::{BackboneLocal, BackboneView};
use crate::app::ui::editor::Draft;
use crate::app::ui::tokens::{self, icon};
use crate::app::ui::widgets;
use crate::experiment::{Preprocessing, WeightsSource};
use crate::format;
use crate::models::catalogue::timm;
use crate::models::weights::{self, Examined};
use crate::models::{ArchitectureInfo, WeightsInfo};

pub(in crate::app) fn weights_ui(
    ui: &mut egui::Ui,
    view: &BackboneView,
    local: &mut BackboneLocal,
    draft: &mut Draft<'_>,
    out: &mut Vec<Command>,
) {
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Pretrained,
        File,
        Random,
    }
    widgets::heading(ui, "Weights");
    let options = [
        (
            Kind::Pretrained,
            "Pre-trained",
            "Weights trained on ImageNet: the starting point of transfer learning",
        ),
        (
            Kind::File,
            "File",
            "Weights from a .safetensors, .pth, .pt or .bin file",
        ),
        (
            Kind::Random,
            "Random",
            "Random initial weights, to train from scratch: freeze no layer then",
        ),
    ];
    let before = match &draft.experiment.backbone.weights {
        _ if local.wants_file => Kind::File,
        WeightsSource::Pretrained | WeightsSource::Named(_) => Kind::Pretrained,
        WeightsSource::File(_) | WeightsSource::Part { .. } => Kind::File,
        WeightsSource::Random => Kind::Random,
    };
    let mut kind = before;
    let tooltip = "Where the backbone's weights come from before training";
    widgets::segmented_row(ui, "Start from", tooltip, &mut kind, &options);
    if kind != before {
        match kind {
            Kind::Pretrained => draft.experiment.backbone.weights = WeightsSource::Pretrained,
            Kind::Random => draft.experiment.backbone.weights = WeightsSource::Random,
            Kind::File => {}
        }
        local.wants_file = kind == Kind::File;
        draft.touched(true, "");
    }
    match kind {
        Kind::Pretrained => {
            if let Some(info) = view.chosen() {
                published_ui(ui, info.weights, draft);
            }
        }
        Kind::File => {
            let stored = draft.experiment.backbone.weights.file();
            let stored = stored.map_or_else(String::new, |path| path.display().to_string());
            local.wants_file &= stored.is_empty();
            let tooltip = "Path of a .safetensors, .pth, .pt or .bin file with the layer names of torchvision, timm or EfficientNet-Lite";
            let browse = widgets::row(ui, "File", tooltip, |ui| {
                let margin = egui::Margin::symmetric(4, 2);
                let button_width = tokens::CONTROL_HEIGHT + ui.spacing().item_spacing.x;
                let width = ui.available_width() - button_width - margin.sum().x;
                let typed = widgets::typed(ui, "weight file", &stored, |ui, text| {
                    let field = egui::TextEdit::singleline(text)
                        .hint_text("Path of the file")
                        .margin(margin)
                        .desired_width(width.max(40.0));
                    ui.add(field)
                        .accessible_name("Weight file")
                        .on_hover_text(tooltip)
                });
                if let Some(path) = typed.filter(|path| !path.is_empty()) {
                    draft.experiment.backbone.weights = WeightsSource::File(PathBuf::from(path));
                    draft.touched(true, "");
                }
                let browse = widgets::icon_button(
                    ui,
                    icon::FOLDER_OPEN,
                    "Choose a weight file…",
                    "Choose the file that the backbone's weights are read from",
                );
                browse.clicked()
            });
            if browse {
                out.push(Command::WeightsDialog);
            }
            if let Some(examined) = &view.examined {
                key_ui(ui, examined, draft);
            }
        }
        Kind::Random => widgets::note(
            ui,
            "No transfer learning: expect to need far more pictures and epochs.",
        ),
    }
    widgets::problem(ui, draft.problem("backbone.weights"));
    if kind == Kind::File
        && let Some(info) = view.chosen()
    {
        preprocessing_ui(ui, info, view.examined.as_deref(), draft);
    }
}

/// Which of a file's networks, and what was found in it.
fn key_ui(ui: &mut egui::Ui, examined: &Examined, draft: &mut Draft<'_>) {
    let source = &draft.experiment.backbone.weights;
    let key = source.key().map(str::to_owned);
    if examined.keys.len() > 1 || key.is_some() {
        let title = key.clone().unwrap_or_else(|| "not chosen".to_owned());
        let tooltip = "Which of the networks in the file: the prefix of its layers' names";
        let chosen = examined
            .keys
            .iter()
            .position(|known| Some(known) == key.as_ref());
        let options: Vec<(&str, &str)> = examined
            .keys
            .iter()
            .map(|key| {
                (
                    if key.is_empty() {
                        "(no prefix)"
                    } else {
                        key.as_str()
                    },
                    tooltip,
                )
            })
            .collect();
        if let Some(index) =
            widgets::choose(ui, "Network in file", tooltip, &title, chosen, &options)
        {
            let path = source.file().map(PathBuf::from).unwrap_or_default();
            let key = examined.keys[index].clone();
            draft.experiment.backbone.weights = WeightsSource::in_file(path, Some(key));
            draft.touched(true, "");
        }
    }
    match &examined.verdict {
        Ok(line) => widgets::note(ui, line),
        Err(reason) => {
            widgets::problem(ui, Some(reason));
        }
    }
}

/// How pictures are prepared for a person's own file.
fn preprocessing_ui(
    ui: &mut egui::Ui,
    info: &ArchitectureInfo,
    examined: Option<&Examined>,
    draft: &mut Draft<'_>,
) {
    let tooltip = "How pictures are resized, cropped and normalised: as they were when the weights were trained";
    let mut choices = vec![Preprocessing::Auto, Preprocessing::Published];
    choices.extend(timm::of(info).map(|weights| Preprocessing::Timm(weights.name.to_owned())));
    let chosen = choices
        .iter()
        .position(|choice| *choice == draft.experiment.backbone.preprocessing);
    let lines: Vec<(String, String)> = choices
        .iter()
        .map(|choice| match choice {
            Preprocessing::Timm(name) => {
                let weights =
                    timm::find(info, name).map(|weights| weights.over(info.default_weights()));
                (
                    format!("timm, {name}"),
                    weights.map_or_else(String::new, |weights| weights::numbers(&weights)),
                )
            }
            Preprocessing::Published => (
                "Published".to_owned(),
                weights::numbers(info.default_weights()),
            ),
            _ => (
                "Automatic".to_owned(),
                "As in timm for a file with timm's layer names, else as for the published weights"
                    .to_owned(),
            ),
        })
        .collect();
    let options: Vec<(&str, &str)> = lines
        .iter()
        .map(|(title, line)| (title.as_str(), line.as_str()))
        .collect();
    let title = chosen.map_or("Custom", |index| options[index].0);
    if let Some(index) = widgets::choose(ui, "Preprocessing", tooltip, title, chosen, &options) {
        draft.experiment.backbone.preprocessing = choices.swap_remove(index);
        draft.touched(true, "");
    }
    if let Some(examined) = examined {
        widgets::note(ui, &examined.preparation);
    }
    widgets::problem(ui, draft.problem("backbone.preprocessing"));
}

/// Which of the published weights, and what belongs to them.
fn published_ui(ui: &mut egui::Ui, published: &'static [WeightsInfo], draft: &mut Draft<'_>) {
    let source = &mut draft.experiment.backbone.weights;
    let chosen = match source {
        WeightsSource::Named(name) => published.iter().position(|weights| weights.name == name),
        _ => Some(0),
    };
    let lines: Vec<String> = published.iter().map(line).collect();
    let options: Vec<(&str, &str)> = published
        .iter()
        .zip(&lines)
        .map(|(weights, line)| (weights.name, line.as_str()))
        .collect();
    let title = match (chosen, &*source) {
        (Some(index), _) => options.get(index).map_or("", |(name, _)| name),
        (None, WeightsSource::Named(name)) => name,
        (None, _) => "",
    };
    let title = title.to_owned();
    let tooltip = "Which of the published weights; each comes with its own preprocessing";
    let mut changed = false;
    let is_choice = published.len() > 1 || chosen.is_none();
    if is_choice
        && let Some(index) = widgets::choose(ui, "Version", tooltip, &title, chosen, &options)
    {
        // The first is what a preset without a name means.
        *source = match index {
            0 => WeightsSource::Pretrained,
            index => WeightsSource::Named(options[index].0.to_owned()),
        };
        changed = true;
    }
    match chosen.and_then(|index| Some((lines.get(index)?, &published[index]))) {
        Some((line, weights)) => {
            widgets::note(ui, &format!("{title}: {line}"));
            if let Some(restriction) = weights.restriction() {
                widgets::problem(ui, Some(&restriction));
            }
        }
        None => {
            let names: Vec<&str> = options.iter().map(|(name, _)| *name).collect();
            let message = format!("“{title}” is not published; there are {}", names.join(", "));
            widgets::problem(ui, Some(&message));
        }
    }
    draft.touched(changed, "");
}

/// "74.1 % on ImageNet, 224 pixels cropped from 256, 98 MB, BSD-3-Clause, downloaded when first needed"
fn line(weights: &WeightsInfo) -> String {
    let accuracy = weights.accuracy().map_or_else(String::new, |top1| {
        format!("{} on ImageNet, ", format::percent(top1 / 100.0))
    });
    let from = weights.origin();
    format!(
        "{accuracy}{} pixels cropped from {}, {:.0} MB, {}, {from}",
        weights.input_size, weights.resize, weights.file_mb, weights.licence
    )
}
