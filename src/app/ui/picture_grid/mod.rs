//! Pictures with what networks answer: a wall of cards of which only visible rows exist, by mouse and by keyboard.

mod card;
mod controls;
mod keys;

use eframe::egui::{self, Rect, pos2, vec2};

use crate::app::core::command::Command;
use crate::app::core::gallery::GalleryRequests;
use crate::app::core::state::State;
use crate::app::ui::textures::TextureCache;
use crate::app::ui::tokens::{self, Tokens};
use crate::data::PictureSource;
use card::card_id;
pub use card::{
    CardText, TEXT_HEIGHT, card_ui, middle_elided, split_color, texture_key, thumbnail_ui,
    tip_rows_ui,
};
pub use controls::{NARROW, combo, confidence_ui, make_room, side_ui};
pub use keys::{closeup_keys, pressed, step_by};

/// Between pictures, in points.
pub const GAP: f32 = 10.0;
/// The least, first and largest side of a picture, in points.
const SIDES: (f32, f32, f32) = (64.0, 112.0, 208.0);

/// What a grid shows: pictures in an order, each by a number that stays its own however they are sorted and filtered.
pub trait GridPictures {
    /// Those that are shown, in their order.
    fn shown(&self) -> &[u32];

    /// Nothing for a picture that is not there any more.
    fn source(&self, picture_index: u32) -> Option<&PictureSource>;

    /// What stands on and below the picture.
    fn card(&self, colors: &Tokens, picture_index: u32) -> CardText;

    /// The card in words, for those who do not see it.
    fn spoken(&self, picture_index: u32) -> String;

    /// What hovering it tells.
    fn tip_ui(&self, ui: &mut egui::Ui, picture_index: u32);
}

/// What a grid remembers between frames.
pub struct GridLocal {
    pub textures: TextureCache,
    /// What this frame shows and lacks.
    pub requests: GalleryRequests,
    /// The side of a picture.
    pub side: f32,
    /// The picture under the keyboard.
    pub current: Option<u32>,
    /// The next frame brings it into view and gives it the focus.
    pub reveal: bool,
    /// The next frame shows the first pictures: they are others.
    pub to_top: bool,
    /// Whether the current picture is shown large.
    pub open: bool,
    /// Pictures that the last frame laid out: only visible rows exist.
    pub cards: usize,
}

impl Default for GridLocal {
    fn default() -> Self {
        Self {
            textures: TextureCache::default(),
            requests: GalleryRequests::default(),
            side: SIDES.1,
            current: None,
            reveal: false,
            to_top: false,
            open: false,
            cards: 0,
        }
    }
}

impl GridLocal {
    /// Nothing has been drawn or asked for yet.
    pub fn begin_frame(&mut self) {
        self.requests = GalleryRequests::default();
        self.cards = 0;
    }

    /// Asks for what the frame showed.
    pub fn end_frame(&self, out: &mut Vec<Command>) {
        if self.requests != GalleryRequests::default() {
            out.push(Command::RequestGallery(Box::new(self.requests.clone())));
        }
    }

    /// Shows a picture large.
    pub fn look_at(&mut self, picture_index: u32) {
        self.current = Some(picture_index);
        self.open = true;
    }

    /// Back to the wall, where the picture was.
    pub fn close(&mut self) {
        self.open = false;
        self.reveal = true;
    }

    /// No picture is looked at any more: others are shown.
    pub fn forget_current(&mut self) {
        self.current = None;
        self.open = false;
    }

    fn request_thumbnail(&mut self, source: &PictureSource) {
        self.requests.thumbnails.push(source.clone());
    }
}

/// The wall. `more_keys` is called where keys are meant for it.
pub fn grid_ui(
    ui: &mut egui::Ui,
    name: &str,
    pictures: &dyn GridPictures,
    state: &State,
    local: &mut GridLocal,
    more_keys: impl FnOnce(&egui::Ui),
) {
    let shown = pictures.shown();
    let mut scroll = egui::ScrollArea::vertical()
        .id_salt(name)
        .auto_shrink(false);
    if std::mem::take(&mut local.to_top) && !local.reveal {
        scroll = scroll.vertical_scroll_offset(0.0);
    }
    scroll.show_viewport(ui, |ui, viewport| {
        let layout = Layout::new(ui, local.side, shown.len());
        keys::grid_keys(ui, shown, layout.columns, local, more_keys);
        ui.set_height(layout.height());
        ui.set_width(ui.available_width());
        for row in layout.visible(viewport) {
            let positions = row * layout.columns..((row + 1) * layout.columns).min(shown.len());
            for position in positions {
                let picture_index = shown[position];
                let rect = layout.card(position);
                let response = card_ui(ui, rect, picture_index, pictures, state, local);
                if response.clicked() {
                    local.look_at(picture_index);
                } else if response.has_focus() && !local.reveal {
                    // By the tabulator; a key that has just moved on to another card is not undone.
                    local.current = Some(picture_index);
                }
            }
        }
        reveal(ui, shown, &layout, local);
    });
}

/// Brings the picture under the keyboard into view.
fn reveal(ui: &egui::Ui, shown: &[u32], layout: &Layout, local: &mut GridLocal) {
    if !std::mem::take(&mut local.reveal) {
        return;
    }
    let Some(current) = local.current else { return };
    let position = shown.iter().position(|&picture| picture == current);
    if let Some(position) = position {
        ui.scroll_to_rect(layout.card(position).expand(GAP), None);
        let id = card_id(ui, current);
        ui.memory_mut(|memory| memory.request_focus(id));
        // The arrows are the grid's from the frame after: before the next key is pressed.
        ui.ctx().request_repaint();
    }
}

/// Where each card stands.
struct Layout {
    origin: egui::Pos2,
    card: egui::Vec2,
    columns: usize,
    rows: usize,
}

impl Layout {
    fn new(ui: &egui::Ui, side: f32, count: usize) -> Self {
        // Room for the scroll bar, and for the frame of the current card.
        let width = (ui.available_width() - 2.0 * tokens::SPACE_S).max(side);
        let columns = (((width + GAP) / (side + GAP)).floor() as usize).max(1);
        // Pictures grow until they fill the row, which a last gap would leave empty.
        let side = ((width + GAP) / columns as f32 - GAP).clamp(side, 1.5 * side);
        let card = vec2(side, side + TEXT_HEIGHT);
        Self {
            origin: ui.max_rect().min + vec2(4.0, 4.0),
            card,
            columns,
            rows: count.div_ceil(columns),
        }
    }

    fn pitch(&self) -> egui::Vec2 {
        self.card + vec2(GAP, GAP)
    }

    fn height(&self) -> f32 {
        self.rows as f32 * self.pitch().y
    }

    fn visible(&self, viewport: Rect) -> std::ops::Range<usize> {
        let first = (viewport.min.y / self.pitch().y).floor().max(0.0) as usize;
        let last = (viewport.max.y / self.pitch().y).ceil().max(0.0) as usize;
        first.min(self.rows)..last.min(self.rows)
    }

    fn card(&self, index: usize) -> Rect {
        let (row, column) = (index / self.columns, index % self.columns);
        let offset = vec2(column as f32 * self.pitch().x, row as f32 * self.pitch().y);
        let min = self.origin + offset;
        Rect::from_min_size(pos2(min.x, min.y), self.card)
    }
}
