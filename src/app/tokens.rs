//! The visual language: every colour, size and icon of the window. No other file has a colour literal.

use eframe::egui::Color32;

/// Colours of runs, in the order that runs take them; legible on dark and light, and told apart by
/// people who see colours differently (Okabe and Ito 2008, adapted).
pub const RUN_COLORS: [Color32; 8] = [
    Color32::from_rgb(0x4C, 0x9B, 0xE8),
    Color32::from_rgb(0xF2, 0x8E, 0x2B),
    Color32::from_rgb(0x2F, 0xB3, 0x8A),
    Color32::from_rgb(0xD3, 0x6A, 0xB8),
    Color32::from_rgb(0xE3, 0xC0, 0x3A),
    Color32::from_rgb(0x5D, 0xC8, 0xE6),
    Color32::from_rgb(0xE0, 0x5B, 0x4E),
    Color32::from_rgb(0x9B, 0x8A, 0xE0),
];
