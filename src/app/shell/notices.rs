//! Messages that float over the lower edge of the middle, and the list of warnings. Nothing moves when one comes or goes.

use std::collections::BTreeMap;
use std::time::Duration;

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::state::{Cause, Notice, NoticeKind, State};
use crate::app::ui::theme::icon_button;
use crate::app::ui::tokens::{self, icon, tokens};

/// Notices that are shown at once; older ones wait behind a line.
const SHOWN: usize = 3;
const WIDEST: f32 = 440.0;

/// How long each notice has been in sight, so that what asks for nothing leaves by itself.
#[derive(Debug, Default)]
pub struct Toasts {
    /// By the notice's id, in seconds.
    seen: BTreeMap<u64, f32>,
}

/// How long a notice stays, in seconds; an error stays until it is dismissed or mended.
fn stays(notice: &Notice) -> Option<f32> {
    let characters = (notice.title.chars().count() + notice.text.chars().count()) as f32;
    // As long as it takes to look there, and to read it.
    let reading = 3.0 + characters / 15.0;
    match notice.kind {
        NoticeKind::Info => Some(reading.clamp(5.0, 20.0)),
        NoticeKind::Warning => Some((2.0 * reading).clamp(12.0, 40.0)),
        NoticeKind::Error => None,
    }
}

impl Toasts {
    /// The latest notices, at the lower right of `middle`.
    pub fn ui(
        &mut self,
        ctx: &egui::Context,
        middle: egui::Rect,
        notices: &[Notice],
        out: &mut Vec<Command>,
    ) {
        self.seen
            .retain(|id, _| notices.iter().any(|notice| notice.id == *id));
        if notices.is_empty() {
            return;
        }
        let margin = egui::Vec2::splat(tokens::SPACE_M);
        let width = (middle.width() - 2.0 * margin.x).min(WIDEST);
        let area = egui::Area::new(egui::Id::unique("notices"))
            .order(egui::Order::Middle)
            .pivot(egui::Align2::RIGHT_BOTTOM)
            .fixed_pos(middle.max - margin)
            .constrain_to(middle)
            .default_width(width)
            .fade_in(false);
        let response = area.show(ctx, |ui| {
            ui.set_width(width);
            notices_ui(ui, notices, out);
        });
        // Whoever reads it with the pointer there is not hurried.
        let is_read = response.response.contains_pointer();
        let passed = if is_read {
            0.0
        } else {
            ctx.input(|input| input.stable_dt).min(0.5)
        };
        for notice in notices.iter().rev().take(SHOWN) {
            let Some(stays) = stays(notice) else {
                continue;
            };
            let seen = self.seen.entry(notice.id).or_default();
            *seen += passed;
            if *seen >= stays {
                out.push(Command::DismissNotice(notice.id));
            } else if !is_read {
                ctx.request_repaint_after(Duration::from_millis(250));
            }
        }
    }
}

fn notices_ui(ui: &mut egui::Ui, notices: &[Notice], out: &mut Vec<Command>) {
    let hidden = notices.len().saturating_sub(SHOWN);
    if hidden > 0 {
        let t = tokens(ui);
        t.callout(t.surface, t.outline_strong).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.label(t.small(format!("and {hidden} earlier")));
                if ui
                    .small_button("Dismiss all")
                    .on_hover_text("They stay in the log")
                    .clicked()
                {
                    let all = notices.iter().map(|notice| notice.id);
                    out.extend(all.map(Command::DismissNotice));
                }
            });
        });
    }
    // The latest one stands lowest, where the next one will push it up.
    for notice in &notices[hidden..] {
        notice_ui(ui, notice, out);
    }
}

fn notice_ui(ui: &mut egui::Ui, notice: &Notice, out: &mut Vec<Command>) {
    let t = tokens(ui);
    let (fill, edge, symbol) = match notice.kind {
        NoticeKind::Info => (t.accent_faint, t.accent, icon::INFO),
        NoticeKind::Warning => (t.warning_faint, t.warning, icon::WARNING),
        NoticeKind::Error => (t.danger_faint, t.danger, icon::WARNING_CIRCLE),
    };
    let shadow = ui.visuals().popup_shadow;
    t.callout(fill, edge).shadow(shadow).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            ui.label(tokens::icon_filled(symbol).color(edge));
            let undo = if matches!(notice.cause, Some(Cause::Trashed(_))) {
                60.0
            } else {
                0.0
            };
            let width = ui.available_width() - 72.0 - undo;
            ui.allocate_ui_with_layout(
                egui::vec2(width, 0.0),
                egui::Layout::top_down(egui::Align::Min),
                |ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    ui.add(egui::Label::new(tokens::medium(&notice.title)).wrap());
                    egui::ScrollArea::vertical()
                        .id_salt(notice.id)
                        .max_height(90.0)
                        .show(ui, |ui| {
                            ui.add(
                                egui::Label::new(t.muted(&notice.text))
                                    .wrap()
                                    .selectable(true),
                            );
                        });
                },
            );
            ui.with_layout(egui::Layout::right_to_left(egui::Align::TOP), |ui| {
                if icon_button(ui, icon::X, "Dismiss")
                    .on_hover_text("Take this message away; it stays in the log")
                    .clicked()
                {
                    out.push(Command::DismissNotice(notice.id));
                }
                if let Some(Cause::Trashed(folders)) = &notice.cause
                    && ui
                        .button("Undo")
                        .accessible_name("Undo moving to the trash")
                        .on_hover_text("Put the runs back from the trash")
                        .clicked()
                {
                    out.push(Command::RestoreRuns(folders.clone()));
                }
                if icon_button(ui, icon::COPY, "Copy message")
                    .on_hover_text("Copy this message to the clipboard")
                    .clicked()
                {
                    out.push(Command::CopyText(format!(
                        "{}\n{}",
                        notice.title, notice.text
                    )));
                }
            });
        });
    });
}

/// Every warning of every run of this session, above the run bar.
pub fn warnings_ui(ui: &mut egui::Ui, state: &State, out: &mut Vec<Command>) {
    let t = tokens(ui);
    ui.horizontal(|ui| {
        ui.label(tokens::medium("Warnings"));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if icon_button(ui, icon::X, "Hide warnings")
                .on_hover_text("Hide this list (Esc); the warnings stay until they are cleared")
                .clicked()
            {
                out.push(Command::ToggleWarnings);
            }
            if ui
                .button("Clear")
                .on_hover_text("Forget these warnings; they stay in the log")
                .clicked()
            {
                out.push(Command::ClearWarnings);
            }
        });
    });
    egui::ScrollArea::vertical()
        .auto_shrink(false)
        .show(ui, |ui| {
            for run in &state.runs {
                for warning in &run.warnings {
                    ui.horizontal_top(|ui| {
                        ui.label(tokens::icon_text(icon::WARNING).color(t.warning));
                        ui.add(
                            egui::Label::new(t.muted(format!("{}: {warning}", run.called())))
                                .wrap()
                                .selectable(true),
                        );
                    });
                }
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(id: u64, kind: NoticeKind) -> Notice {
        Notice {
            id,
            kind,
            title: "Copied".into(),
            text: "a figure".into(),
            cause: None,
        }
    }

    /// What was dismissed when these notices were in sight for so many seconds.
    fn dismissed_after(seconds: f32, notices: &[Notice]) -> Vec<u64> {
        let ctx = egui::Context::default();
        crate::app::ui::theme::install(&ctx);
        let mut toasts = Toasts::default();
        let mut out = Vec::new();
        let step = 0.25;
        for frame in 0..(seconds / step) as usize {
            out.clear();
            let input = egui::RawInput {
                time: Some(frame as f64 * f64::from(step)),
                predicted_dt: step,
                screen_rect: Some(egui::Rect::from_min_size(
                    egui::Pos2::ZERO,
                    egui::vec2(800.0, 600.0),
                )),
                ..egui::RawInput::default()
            };
            let middle = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(700.0, 500.0));
            let mut output = ctx.run_ui(input, |ui| {
                toasts.ui(&ui.ctx().clone(), middle, notices, &mut out);
            });
            output.textures_delta.clear();
        }
        let id = |command: &Command| match command {
            Command::DismissNotice(id) => *id,
            other => panic!("{other:?}"),
        };
        out.iter().map(id).collect()
    }

    #[test]
    fn what_asks_for_nothing_leaves_and_an_error_stays() {
        let notices = [
            notice(1, NoticeKind::Info),
            notice(2, NoticeKind::Warning),
            notice(3, NoticeKind::Error),
        ];
        assert_eq!(dismissed_after(3.0, &notices), [0u64; 0]);
        assert_eq!(dismissed_after(9.0, &notices), [1]);
        let mut late = dismissed_after(60.0, &notices);
        late.sort_unstable();
        assert_eq!(late, [1, 2]);
    }
}
