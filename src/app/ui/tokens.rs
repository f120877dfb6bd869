//! The visual language: every colour, size and icon of the window. No other file has a colour literal.

use eframe::egui::{self, Color32, CornerRadius, FontFamily, FontId, Margin, RichText, Stroke};

use crate::figures::palette;

/// Space between things, in points: from parts of one control to sections of a view.
pub const SPACE_XS: f32 = 4.0;
pub const SPACE_S: f32 = 8.0;
pub const SPACE_M: f32 = 12.0;
pub const SPACE_L: f32 = 16.0;
pub const SPACE_XL: f32 = 24.0;
pub const SPACE_XXL: f32 = 40.0;

/// Corner radii, in points: of controls, of cards, of windows.
pub const RADIUS_S: u8 = 4;
pub const RADIUS_M: u8 = 6;
pub const RADIUS_L: u8 = 10;

/// Text sizes, in points.
pub const TEXT_SMALL: f32 = 11.0;
pub const TEXT_BODY: f32 = 13.0;
pub const TEXT_LARGE: f32 = 15.0;
pub const TEXT_TITLE: f32 = 18.0;
pub const TEXT_DISPLAY: f32 = 26.0;
/// The one number that a view is about.
pub const TEXT_HERO: f32 = 44.0;
/// An icon beside body text.
pub const ICON_SIZE: f32 = 16.0;
/// The icon of an empty view.
pub const ICON_DISPLAY: f32 = 44.0;

/// Height of a control, and of a row that one can click.
pub const CONTROL_HEIGHT: f32 = 26.0;
/// Height of a row in a dense list, such as the layer tree.
pub const ROW_HEIGHT: f32 = 24.0;
/// Width of the left and of the right side, at first.
pub const LEFT_WIDTH: f32 = 312.0;
pub const RIGHT_WIDTH: f32 = 244.0;

/// Widths of lines, in points.
pub const STROKE_THIN: f32 = 1.0;
pub const STROKE_PLOT: f32 = 2.0;

/// Colours of runs, in the order that runs take them: those of figures and reports.
pub const RUN_COLORS: [Color32; palette::RUN_COLORS.len()] = {
    let mut colors = [Color32::BLACK; palette::RUN_COLORS.len()];
    let mut index = 0;
    while index < colors.len() {
        let (red, green, blue) = palette::RUN_COLORS[index];
        colors[index] = Color32::from_rgb(red, green, blue);
        index += 1;
    }
    colors
};

/// The colour of run number `index`; they come round again.
pub fn run_color(index: usize) -> Color32 {
    RUN_COLORS[index % RUN_COLORS.len()]
}

/// The colours of one theme, by what they mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    pub dark: bool,
    /// Behind everything: bars and side panels.
    pub background: Color32,
    /// Views and cards.
    pub surface: Color32,
    /// What stands out of a surface: buttons, menus, windows.
    pub raised: Color32,
    pub raised_hover: Color32,
    pub raised_active: Color32,
    /// Text fields, slider rails, plot areas.
    pub sunken: Color32,
    /// Every second row, hovered rows.
    pub faint: Color32,
    /// Lines between and around things; never all that shows where a control is.
    pub outline: Color32,
    /// Lines around controls, and the rails of sliders: 3:1 against what is around them.
    pub control: Color32,
    /// Lines around controls that are hovered or focused.
    pub outline_strong: Color32,
    pub text: Color32,
    pub text_muted: Color32,
    /// Least important, yet readable: units, hints.
    pub text_faint: Color32,
    /// Selection, links, focus.
    pub accent: Color32,
    /// The primary button, with `on_accent` text.
    pub accent_fill: Color32,
    pub accent_fill_hover: Color32,
    pub on_accent: Color32,
    /// Behind what is selected.
    pub accent_faint: Color32,
    pub success: Color32,
    pub success_faint: Color32,
    pub warning: Color32,
    pub warning_faint: Color32,
    pub danger: Color32,
    pub danger_faint: Color32,
    pub frozen: Color32,
    pub frozen_faint: Color32,
    pub trainable: Color32,
    pub trainable_faint: Color32,
    /// Train, validation and test pictures.
    pub split_train: Color32,
    pub split_validation: Color32,
    pub split_test: Color32,
    /// Grid lines of plots.
    pub grid: Color32,
    pub shadow: Color32,
    /// Laid over the window behind a dialog.
    pub backdrop: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// For work in the dark, and the theme that a new installation starts with.
pub static DARK: Tokens = Tokens {
    dark: true,
    background: rgb(0x13_15_1A),
    surface: rgb(0x19_1C_23),
    raised: rgb(0x26_2A_34),
    raised_hover: rgb(0x30_35_42),
    raised_active: rgb(0x3A_40_50),
    sunken: rgb(0x101216),
    faint: rgb(0x20_24_2C),
    outline: rgb(0x2E_33_3F),
    control: rgb(0x73_7C_90),
    outline_strong: rgb(0x9A_A3_B6),
    text: rgb(0xE9_EB_F1),
    text_muted: rgb(0xA6_AE_BF),
    text_faint: rgb(0x90_99_AC),
    accent: rgb(0x86_A2_FF),
    accent_fill: rgb(0x4B_6B_F0),
    accent_fill_hover: rgb(0x3F_5E_E4),
    on_accent: rgb(0xFF_FF_FF),
    accent_faint: rgb(0x26_2F_52),
    success: rgb(0x4C_C3_8A),
    success_faint: rgb(0x17_32_28),
    warning: rgb(0xF2_B8_4B),
    warning_faint: rgb(0x38_2C_14),
    danger: rgb(0xF2_76_6B),
    danger_faint: rgb(0x3D_1F_1E),
    frozen: rgb(0x6F_B9_E8),
    frozen_faint: rgb(0x1B_30_3F),
    trainable: rgb(0xF5_A1_4E),
    trainable_faint: rgb(0x3D_2A_17),
    split_train: rgb(0x6E_8C_F7),
    split_validation: rgb(0x4F_BF_B0),
    split_test: rgb(0xE3_B3_4A),
    grid: rgb(0x2A_2F_3A),
    shadow: Color32::from_black_alpha(110),
    backdrop: Color32::from_black_alpha(140),
};

pub static LIGHT: Tokens = Tokens {
    dark: false,
    background: rgb(0xF3_F5_F9),
    surface: rgb(0xFF_FF_FF),
    raised: rgb(0xE9_EC_F2),
    raised_hover: rgb(0xDF_E3_EC),
    raised_active: rgb(0xD2_D8_E5),
    sunken: rgb(0xF6_F7_FA),
    faint: rgb(0xF3_F5_F9),
    outline: rgb(0xD8_DD_E7),
    control: rgb(0x78_81_94),
    outline_strong: rgb(0x5F_68_7B),
    text: rgb(0x1A_1E_27),
    text_muted: rgb(0x51_5A_6B),
    text_faint: rgb(0x5C_65_77),
    accent: rgb(0x35_54_DB),
    accent_fill: rgb(0x41_60_E4),
    accent_fill_hover: rgb(0x32_50_CF),
    on_accent: rgb(0xFF_FF_FF),
    accent_faint: rgb(0xDF_E6_FF),
    success: rgb(0x0F_70_46),
    success_faint: rgb(0xDC_F4_E7),
    warning: rgb(0x85_56_00),
    warning_faint: rgb(0xFF_F0_CF),
    danger: rgb(0xB6_2B_22),
    danger_faint: rgb(0xFD_E3_E0),
    frozen: rgb(0x1A_67_9B),
    frozen_faint: rgb(0xDB_EE_FA),
    trainable: rgb(0xA0_4D_04),
    trainable_faint: rgb(0xFE_EA_D3),
    split_train: rgb(0x47_62_D8),
    split_validation: rgb(0x13_79_6C),
    split_test: rgb(0x96_69_0A),
    grid: rgb(0xE4_E8_EF),
    shadow: Color32::from_black_alpha(36),
    backdrop: Color32::from_black_alpha(70),
};

/// A pixel of a heat map over a picture, strength 0 to 255: what is weak lets the picture through.
pub fn heat(strength: u8) -> [u8; 4] {
    let (red, green, blue) = palette::heat(strength);
    [red, green, blue, strength]
}

/// A change from -1 (all the worse, orange) over 0 to 1 (all the better, blue): the colours of figures and reports, which
/// people who see colours differently tell apart.
pub fn change(dark: bool, change: f64) -> Color32 {
    let (red, green, blue) = figure_theme(dark).change(change);
    Color32::from_rgb(red, green, blue)
}

/// A line by its score, from 0 for the worst to 1 for the best: the better, the stronger.
pub fn score(dark: bool, score: Option<f64>) -> Color32 {
    let (red, green, blue) = crate::figures::parallel::line_color(&figure_theme(dark), score);
    Color32::from_rgb(red, green, blue)
}

/// A cell by its share of the sequential scale, 0 to 1.
pub fn shade(dark: bool, share: f64) -> Color32 {
    let (red, green, blue) = figure_theme(dark).at(share);
    Color32::from_rgb(red, green, blue)
}

/// Black or white, whichever is easier to read on `fill`.
pub fn text_on(fill: Color32) -> Color32 {
    let (red, green, blue) = figure_theme(false).text_on((fill.r(), fill.g(), fill.b()));
    Color32::from_rgb(red, green, blue)
}

fn figure_theme(dark: bool) -> crate::figures::palette::Theme {
    use crate::figures::palette::Theme;
    if dark { Theme::DARK } else { Theme::LIGHT }
}

/// The tokens of the theme that `ui` is drawn in.
pub fn tokens(ui: &egui::Ui) -> &'static Tokens {
    of_theme(ui.visuals().dark_mode)
}

/// The tokens of the dark or of the light theme.
pub fn of_theme(dark: bool) -> &'static Tokens {
    if dark { &DARK } else { &LIGHT }
}

impl Tokens {
    pub fn outline_stroke(&self) -> Stroke {
        Stroke::new(STROKE_THIN, self.outline)
    }

    /// A box on the background: a card, a section.
    pub fn card(&self) -> egui::Frame {
        egui::Frame::new()
            .fill(self.surface)
            .stroke(self.outline_stroke())
            .corner_radius(CornerRadius::same(RADIUS_L))
            .inner_margin(Margin::same(SPACE_M as i8))
    }

    /// A tinted box that holds one remark: `(fill, colour of icon and edge)` from the tokens.
    pub fn callout(&self, fill: Color32, edge: Color32) -> egui::Frame {
        egui::Frame::new()
            .fill(fill)
            .stroke(Stroke::new(STROKE_THIN, edge.gamma_multiply(0.5)))
            .corner_radius(CornerRadius::same(RADIUS_M))
            .inner_margin(Margin::symmetric(10, 8))
    }

    /// What lies behind a row or a card to choose from: nothing while it is neither chosen nor under the pointer.
    pub fn choice_fill(&self, is_chosen: bool, is_hovered: bool) -> Color32 {
        match (is_chosen, is_hovered) {
            (true, _) => self.accent_faint,
            (false, true) => self.faint,
            (false, false) => Color32::TRANSPARENT,
        }
    }

    pub fn muted(&self, text: impl Into<String>) -> RichText {
        RichText::new(text).color(self.text_muted)
    }

    /// Units, hints, secondary lines.
    pub fn small(&self, text: impl Into<String>) -> RichText {
        RichText::new(text).size(TEXT_SMALL).color(self.text_muted)
    }
}

/// The family names of the heavier cuts of the window's typeface.
pub const MEDIUM: &str = "medium";
pub const SEMIBOLD: &str = "semibold";
/// The filled icons; the outlined ones stand in every family.
pub const ICONS_FILLED: &str = "icons-filled";

pub fn medium_font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(MEDIUM.into()))
}

pub fn semibold_font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(SEMIBOLD.into()))
}

/// Text that is a little stronger than body text: labels of groups, names in lists.
pub fn medium(text: impl Into<String>) -> RichText {
    RichText::new(text).family(FontFamily::Name(MEDIUM.into()))
}

/// Headings and numbers that matter.
pub fn semibold(text: impl Into<String>) -> RichText {
    RichText::new(text).family(FontFamily::Name(SEMIBOLD.into()))
}

/// An icon of [`icon`] at the size that goes with body text.
pub fn icon_text(icon: &str) -> RichText {
    RichText::new(icon).size(ICON_SIZE)
}

/// The same icon filled, for what is switched on or alarming.
pub fn icon_filled(icon: &str) -> RichText {
    RichText::new(icon)
        .size(ICON_SIZE)
        .family(FontFamily::Name(ICONS_FILLED.into()))
}

/// Characters of the Phosphor icon font (phosphoricons.com), by what they show. Every text family
/// holds the font, so an icon can stand in front of a word: `format!("{} Train", icon::PLAY)`.
pub mod icon {
    pub const ARCHIVE: &str = "\u{E00C}";
    pub const ARROW_CLOCKWISE: &str = "\u{E036}";
    pub const ARROW_COUNTER_CLOCKWISE: &str = "\u{E038}";
    pub const ARROW_DOWN: &str = "\u{E03E}";
    pub const ARROW_LEFT: &str = "\u{E058}";
    pub const ARROW_RIGHT: &str = "\u{E06C}";
    pub const ARROW_U_UP_LEFT: &str = "\u{E08A}";
    pub const ARROW_U_UP_RIGHT: &str = "\u{E08C}";
    pub const ARROW_UP: &str = "\u{E08E}";
    pub const ARROWS_CLOCKWISE: &str = "\u{E094}";
    pub const ARROWS_LEFT_RIGHT: &str = "\u{E0A0}";
    pub const ARROWS_OUT: &str = "\u{E0A2}";
    pub const BINOCULARS: &str = "\u{EA64}";
    pub const BOOK_OPEN: &str = "\u{E0E6}";
    pub const CARET_DOWN: &str = "\u{E136}";
    pub const CARET_LEFT: &str = "\u{E138}";
    pub const CARET_RIGHT: &str = "\u{E13A}";
    pub const CARET_UP: &str = "\u{E13C}";
    pub const CHART_BAR: &str = "\u{E150}";
    pub const CHART_SCATTER: &str = "\u{EAAC}";
    pub const CHART_LINE: &str = "\u{E154}";
    pub const CHART_LINE_UP: &str = "\u{E156}";
    pub const CHECK: &str = "\u{E182}";
    pub const CHECK_CIRCLE: &str = "\u{E184}";
    pub const CIRCLE_HALF: &str = "\u{E18C}";
    pub const CLIPBOARD_TEXT: &str = "\u{E198}";
    pub const CLOCK: &str = "\u{E19A}";
    pub const CLOCK_COUNTER_CLOCKWISE: &str = "\u{E1A0}";
    pub const COLUMNS: &str = "\u{E546}";
    pub const COMMAND: &str = "\u{E1C4}";
    pub const COPY: &str = "\u{E1CA}";
    pub const CPU: &str = "\u{E610}";
    pub const DATABASE: &str = "\u{E1DE}";
    pub const DICE_FIVE: &str = "\u{E1EE}";
    pub const DOTS_THREE: &str = "\u{E1FE}";
    pub const EQUALS: &str = "\u{E21C}";
    pub const ERASER: &str = "\u{E21E}";
    pub const EXPORT: &str = "\u{EAF0}";
    pub const EYE: &str = "\u{E220}";
    pub const EYE_SLASH: &str = "\u{E224}";
    pub const FILE: &str = "\u{E230}";
    pub const FILES: &str = "\u{E710}";
    pub const FILE_ARROW_DOWN: &str = "\u{E232}";
    pub const FILE_PLUS: &str = "\u{E236}";
    pub const FILE_MAGNIFYING_GLASS: &str = "\u{E238}";
    pub const FILE_TEXT: &str = "\u{E23A}";
    pub const FLASK: &str = "\u{E79E}";
    pub const FLOPPY_DISK: &str = "\u{E248}";
    pub const FOLDER: &str = "\u{E24A}";
    pub const FOLDER_OPEN: &str = "\u{E256}";
    pub const FOLDERS: &str = "\u{E260}";
    pub const FUNNEL: &str = "\u{E266}";
    pub const GEAR: &str = "\u{E272}";
    pub const GIT_DIFF: &str = "\u{E27C}";
    pub const GRAPH: &str = "\u{EB58}";
    pub const GRAPHICS_CARD: &str = "\u{E612}";
    pub const GRID_FOUR: &str = "\u{E296}";
    pub const HARD_DRIVES: &str = "\u{E2A0}";
    pub const HOUSE: &str = "\u{E2C2}";
    pub const HOURGLASS: &str = "\u{E2B2}";
    pub const IMAGE: &str = "\u{E2CA}";
    pub const IMAGES: &str = "\u{E836}";
    pub const INFO: &str = "\u{E2CE}";
    pub const LAYOUT: &str = "\u{E6D6}";
    pub const LEAF: &str = "\u{E2DA}";
    pub const LIGHTBULB: &str = "\u{E2DC}";
    pub const LIGHTNING: &str = "\u{E2DE}";
    pub const LIST_BULLETS: &str = "\u{E2F2}";
    pub const LOCK_SIMPLE: &str = "\u{E308}";
    pub const LOCK_SIMPLE_OPEN: &str = "\u{E30A}";
    pub const MAGIC_WAND: &str = "\u{E6B6}";
    pub const MAGNIFYING_GLASS: &str = "\u{E30C}";
    pub const MAGNIFYING_GLASS_MINUS: &str = "\u{E30E}";
    pub const MAGNIFYING_GLASS_PLUS: &str = "\u{E310}";
    pub const MEMORY: &str = "\u{E9C4}";
    pub const MINUS: &str = "\u{E32A}";
    pub const NOTE_PENCIL: &str = "\u{E34C}";
    pub const PAUSE: &str = "\u{E39E}";
    pub const PENCIL: &str = "\u{E3B4}";
    pub const PLANT: &str = "\u{EBAE}";
    pub const PLAY: &str = "\u{E3D0}";
    pub const PLUS: &str = "\u{E3D4}";
    pub const PUSH_PIN: &str = "\u{E3E2}";
    pub const QUESTION: &str = "\u{E3E8}";
    pub const QUEUE: &str = "\u{E6AC}";
    pub const ROWS: &str = "\u{E5A2}";
    pub const SCALES: &str = "\u{E750}";
    pub const SCROLL: &str = "\u{EB7A}";
    pub const SIDEBAR: &str = "\u{EC24}";
    pub const SIGN_OUT: &str = "\u{E42A}";
    pub const SLIDERS_HORIZONTAL: &str = "\u{E434}";
    pub const SORT_ASCENDING: &str = "\u{E444}";
    pub const SPARKLE: &str = "\u{E6A2}";
    pub const STACK: &str = "\u{E466}";
    pub const STOP: &str = "\u{E46C}";
    pub const TABLE: &str = "\u{E476}";
    pub const TAG: &str = "\u{E478}";
    pub const TARGET: &str = "\u{E47C}";
    pub const TRASH: &str = "\u{E4A6}";
    pub const TREE_STRUCTURE: &str = "\u{E67C}";
    pub const TROPHY: &str = "\u{E67E}";
    pub const WARNING: &str = "\u{E4E0}";
    pub const WARNING_CIRCLE: &str = "\u{E4E2}";
    pub const X: &str = "\u{E4F6}";
    pub const X_CIRCLE: &str = "\u{E4F8}";
}
