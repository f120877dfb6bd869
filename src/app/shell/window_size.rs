//! The first window fits the screen, with its frame and beside the desktop's panels.

use eframe::egui::{self, Vec2, ViewportCommand, ViewportInfo, vec2};

/// Room for the desktop's panel and, where its frame is not known, for the window's title, in points.
const PANEL_HEIGHT: f32 = 48.0;
const TITLE_HEIGHT: f32 = 40.0;

/// Looks at the window once it stands.
#[derive(Debug, Default)]
pub struct FirstSize {
    is_settled: bool,
    frames: u32,
}

impl FirstSize {
    /// Makes a window smaller that is larger than what the screen has room for.
    pub fn follow(&mut self, ctx: &egui::Context) {
        if self.is_settled {
            return;
        }
        self.frames += 1;
        let fitting =
            ctx.input(|input| fitting_size(input.viewport(), input.content_rect().size()));
        if let Some(size) = fitting {
            ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
            // The desktop knows how much room there is; one that does not leaves it at that size.
            ctx.send_viewport_cmd(ViewportCommand::Maximized(true));
        }
        // Its frame comes a few frames later than the window.
        self.is_settled = fitting.is_some() || self.frames > 10;
    }
}

/// The size of the content with which the window fits its screen, where it does not.
fn fitting_size(window: &ViewportInfo, inner: Vec2) -> Option<Vec2> {
    let screen = window.monitor_size?;
    let is_large_by_intent = window.maximized == Some(true) || window.fullscreen == Some(true);
    if is_large_by_intent || screen.x < 1.0 || screen.y < 1.0 {
        return None;
    }
    let frame = match (window.inner_rect, window.outer_rect) {
        (Some(inner), Some(outer)) if outer.height() > inner.height() => {
            outer.size() - inner.size()
        }
        _ => vec2(0.0, TITLE_HEIGHT),
    };
    let room = screen - frame - vec2(0.0, PANEL_HEIGHT);
    let fits = inner.x <= room.x + 0.5 && inner.y <= room.y + 0.5;
    (!fits).then(|| inner.min(room))
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{Rect, pos2};

    fn window(screen: Vec2, frame: Option<Vec2>, inner: Vec2) -> ViewportInfo {
        let inner_rect = Rect::from_min_size(pos2(0.0, 30.0), inner);
        let outer = |frame: Vec2| Rect::from_min_size(pos2(0.0, 0.0), inner + frame);
        ViewportInfo {
            monitor_size: Some(screen),
            inner_rect: frame.map(|_| inner_rect),
            outer_rect: frame.map(outer),
            ..ViewportInfo::default()
        }
    }

    #[test]
    fn a_window_as_large_as_the_screen_is_made_smaller_by_frame_and_panel() {
        let inner = vec2(1280.0, 800.0);
        let small = window(inner, Some(vec2(2.0, 32.0)), inner);
        assert_eq!(fitting_size(&small, inner), Some(vec2(1278.0, 720.0)));
        // Where nobody says how large the frame is.
        let unknown = window(inner, None, inner);
        assert_eq!(fitting_size(&unknown, inner), Some(vec2(1280.0, 712.0)));
        let large = window(vec2(1920.0, 1080.0), Some(vec2(2.0, 32.0)), inner);
        assert_eq!(fitting_size(&large, inner), None);
        let maximized = ViewportInfo {
            maximized: Some(true),
            ..small
        };
        assert_eq!(fitting_size(&maximized, inner), None);
        assert_eq!(fitting_size(&ViewportInfo::default(), inner), None);
    }
}
