//! Middle: what was said, line by line.

use eframe::egui;

use crate::app::core::command::Command;
use crate::app::core::state::{LogLine, NoticeKind, State};
use crate::app::core::view_id::ViewId;
use crate::app::ui::tokens::{self, icon, tokens};
use crate::app::ui::view::{View, ViewContext, ViewInfo};
use crate::app::ui::widgets;
use crate::format;

/// What was said.
pub struct LogTab;

impl View for LogTab {
    fn info(&self) -> ViewInfo {
        ViewInfo {
            id: ViewId::new("Log"),
            title: "Log",
            icon: icon::SCROLL,
            action: "Show log",
            tooltip: "What happened while pictures were read and networks trained, with warnings and errors",
            figure: None,
        }
    }

    fn ui(&self, ui: &mut egui::Ui, context: &mut ViewContext<'_>, out: &mut Vec<Command>) {
        let view = LogView::build(context.state);
        log_ui(ui, &view, context.panels.of_window(), out);
    }
}

/// Plain data of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogView {
    pub lines: Vec<LogLine>,
}

impl LogView {
    pub fn build(state: &State) -> Self {
        Self {
            lines: state.log.clone(),
        }
    }

    /// Lines at least as severe as `least` that hold `search`.
    pub fn filtered(&self, least: Severity, search: &str) -> Vec<&LogLine> {
        let search = search.trim().to_lowercase();
        self.lines
            .iter()
            .filter(|line| {
                Severity::of(line.kind) >= least && line.text.to_lowercase().contains(&search)
            })
            .collect()
    }
}

/// How bad a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Severity {
    #[default]
    Everything,
    Warnings,
    Errors,
}

impl Severity {
    fn of(kind: NoticeKind) -> Self {
        match kind {
            NoticeKind::Info => Self::Everything,
            NoticeKind::Warning => Self::Warnings,
            NoticeKind::Error => Self::Errors,
        }
    }
}

/// What the log remembers between frames.
#[derive(Debug, Clone, Default)]
pub struct LogLocal {
    least: Severity,
    search: String,
}

const SEVERITIES: [(Severity, &str, &str); 3] = [
    (Severity::Everything, "Everything", "Show every line"),
    (Severity::Warnings, "Warnings", "Show warnings and errors"),
    (Severity::Errors, "Errors", "Show errors alone"),
];

/// Lines as text, to be pasted elsewhere.
fn as_text(lines: &[&LogLine]) -> String {
    let line = |line: &&LogLine| {
        let kind = match line.kind {
            NoticeKind::Info => "",
            NoticeKind::Warning => "warning: ",
            NoticeKind::Error => "error: ",
        };
        format!("{} {kind}{}", line.time, line.text)
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub fn log_ui(ui: &mut egui::Ui, view: &LogView, local: &mut LogLocal, out: &mut Vec<Command>) {
    let colors = tokens(ui);
    if view.lines.is_empty() {
        let text = "What happens while pictures are read and networks are trained is listed here.";
        widgets::empty_state(ui, icon::SCROLL, "The log is empty", text, |_| {});
        return;
    }
    let lines = view.filtered(local.least, &local.search);
    ui.horizontal_wrapped(|ui| {
        widgets::segmented(ui, &mut local.least, &SEVERITIES);
        let field = egui::TextEdit::singleline(&mut local.search)
            .hint_text(format!("{} Search", icon::MAGNIFYING_GLASS))
            .desired_width(140.0);
        ui.add(field)
            .accessible_name("Search the log")
            .on_hover_text("Show only lines that hold this");
        let copy = ui.button(format!("{} Copy", icon::COPY));
        if copy
            .on_hover_text("Copy the lines shown, to paste them elsewhere")
            .clicked()
        {
            out.push(Command::CopyText(as_text(&lines)));
        }
        let clear = ui.button(format!("{} Clear", icon::ERASER));
        if clear
            .on_hover_text("Empty the log in this window; run folders keep theirs")
            .clicked()
        {
            out.push(Command::ClearLog);
        }
        ui.label(colors.small(format!(
            "{} of {}",
            format::thousands(lines.len() as u64),
            format::plural(view.lines.len() as u64, "line", "lines")
        )));
    });
    ui.add_space(tokens::SPACE_S);
    if lines.is_empty() {
        widgets::note(ui, "No line matches.");
        return;
    }
    let height = ui.text_style_height(&egui::TextStyle::Body) + 2.0;
    egui::ScrollArea::vertical()
        .id_salt("log")
        .auto_shrink(false)
        .stick_to_bottom(true)
        .show_rows(ui, height, lines.len(), |ui, rows| {
            for line in &lines[rows] {
                line_ui(ui, line, height);
            }
        });
}

fn line_ui(ui: &mut egui::Ui, line: &LogLine, height: f32) {
    let colors = tokens(ui);
    let (symbol, color, text_color) = match line.kind {
        NoticeKind::Info => (icon::INFO, colors.text_faint, colors.text),
        NoticeKind::Warning => (icon::WARNING, colors.warning, colors.warning),
        NoticeKind::Error => (icon::X_CIRCLE, colors.danger, colors.danger),
    };
    ui.horizontal(|ui| {
        ui.set_height(height);
        ui.label(
            egui::RichText::new(&line.time)
                .monospace()
                .size(tokens::TEXT_SMALL)
                .color(colors.text_faint),
        );
        ui.label(egui::RichText::new(symbol).color(color));
        let text = egui::RichText::new(&line.text).color(text_color);
        ui.add(egui::Label::new(text).truncate())
            .on_hover_text(&line.text);
    });
}

#[cfg(test)]
mod tests {
    use super::super::fakes;
    use super::*;

    #[test]
    fn lines_are_filtered_by_severity_and_text() {
        let view = LogView::build(&fakes::state());
        assert_eq!(
            view.filtered(Severity::Everything, "").len(),
            view.lines.len()
        );
        let warnings = view.filtered(Severity::Warnings, "");
        assert_eq!(
            as_text(&warnings),
            "10:15:07 warning: 2 pictures were skipped\n10:19:40 error: the loss became NaN in epoch 2: lower the learning rate"
        );
        assert_eq!(view.filtered(Severity::Everything, "NaN").len(), 1);
    }
}
