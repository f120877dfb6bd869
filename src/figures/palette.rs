//! Colours of figures, as plain numbers: the window's tokens are made from the same.

/// Red, green and blue, 0 to 255.
pub type Rgb = (u8, u8, u8);

/// Colours of runs, in the order that runs take them: at least 3:1 against the grounds of both themes, and as far apart
/// as that allows for people with normal sight, without green and without red (deuteranopes and protanopes after
/// Machado, Oliveira and Fernandes 2009, distances in OKLab).
pub const RUN_COLORS: [Rgb; 16] = [
    (0x00, 0x75, 0xC6),
    (0xCF, 0x75, 0x51),
    (0x12, 0xA2, 0x6C),
    (0xB4, 0x5A, 0x90),
    (0xAB, 0x75, 0x00),
    (0x2D, 0x99, 0xBD),
    (0xCF, 0x36, 0x48),
    (0x90, 0x75, 0xF3),
    (0x5A, 0x48, 0xFC),
    (0xBD, 0x09, 0xA2),
    (0x2D, 0x75, 0x3F),
    (0xA2, 0x51, 0x12),
    (0xE1, 0x5A, 0xAB),
    (0xB4, 0x3F, 0xCF),
    (0xBD, 0x2D, 0x75),
    (0xFC, 0x48, 0x7E),
];

/// The colour of run number `index`; they come round again.
pub fn run_color(index: usize) -> Rgb {
    RUN_COLORS[index % RUN_COLORS.len()]
}

/// What a figure is drawn with, apart from the colours of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    pub background: Rgb,
    pub text: Rgb,
    /// Axis labels, keys and remarks.
    pub muted: Rgb,
    /// Lines that guide the eye across a plot.
    pub grid: Rgb,
    /// Axes and frames.
    pub axis: Rgb,
    /// A sequential scale from nothing to everything, in equal steps.
    pub scale: [Rgb; 6],
    /// From worse over no change to better, in equal steps: orange and blue, which people who see
    /// colours differently tell apart.
    pub diverging: [Rgb; 5],
    /// What stays as it is.
    pub frozen: Rgb,
    /// What learns.
    pub trainable: Rgb,
    /// Around a picture that was recognised.
    pub right: Rgb,
    /// Around a picture that was not.
    pub wrong: Rgb,
}

impl Theme {
    /// For paper and bright slides.
    pub const LIGHT: Self = Self {
        background: (0xFF, 0xFF, 0xFF),
        text: (0x1B, 0x1F, 0x26),
        muted: (0x5A, 0x63, 0x70),
        grid: (0xE6, 0xE9, 0xED),
        axis: (0x9A, 0xA3, 0xAE),
        scale: [
            (0xF5, 0xF8, 0xFC),
            (0xD5, 0xE5, 0xF5),
            (0xA3, 0xC9, 0xEA),
            (0x62, 0xA3, 0xD6),
            (0x2B, 0x74, 0xB3),
            (0x0B, 0x40, 0x7C),
        ],
        diverging: [
            (0xB3, 0x4A, 0x05),
            (0xF0, 0xA3, 0x5E),
            (0xF6, 0xF7, 0xF8),
            (0x7F, 0xB4, 0xDF),
            (0x14, 0x57, 0x9C),
        ],
        frozen: (0x1F, 0x74, 0xAE),
        trainable: (0xC8, 0x66, 0x0C),
        right: (0x12, 0x7A, 0x4D),
        wrong: (0xC0, 0x30, 0x26),
    };

    /// For dark slides.
    pub const DARK: Self = Self {
        background: (0x17, 0x1A, 0x1F),
        text: (0xEC, 0xEF, 0xF3),
        muted: (0xA2, 0xAB, 0xB8),
        grid: (0x2B, 0x30, 0x38),
        axis: (0x66, 0x70, 0x7D),
        scale: [
            (0x1E, 0x24, 0x2C),
            (0x1C, 0x3A, 0x57),
            (0x1F, 0x58, 0x88),
            (0x37, 0x82, 0xBF),
            (0x77, 0xB2, 0xE2),
            (0xCF, 0xE6, 0xFA),
        ],
        diverging: [
            (0xFF, 0xB4, 0x6B),
            (0x9A, 0x54, 0x1A),
            (0x20, 0x25, 0x2D),
            (0x25, 0x5F, 0x93),
            (0x8F, 0xC6, 0xF5),
        ],
        frozen: (0x6F, 0xB9, 0xE8),
        trainable: (0xF5, 0xA1, 0x4E),
        right: (0x4C, 0xC3, 0x8A),
        wrong: (0xF2, 0x76, 0x6B),
    };

    /// The colour of `share` (0 to 1) on the sequential scale.
    pub fn at(&self, share: f64) -> Rgb {
        along(&self.scale, share)
    }

    /// The colour of a change from -1 (all the worse) over 0 to 1 (all the better).
    pub fn change(&self, change: f64) -> Rgb {
        along(&self.diverging, (change + 1.0) / 2.0)
    }

    /// Whether the background is nearer to black than to white.
    pub fn is_dark(&self) -> bool {
        luminance(self.background) < 0.5
    }

    /// Black or white, whichever is easier to read on `background` (WCAG's contrast ratio).
    pub fn text_on(&self, background: Rgb) -> Rgb {
        // Not quite black: SVG leaves out pure black, and two themes' drawings should differ in values only.
        const BLACK: Rgb = (0x01, 0x01, 0x01);
        const WHITE: Rgb = (0xFF, 0xFF, 0xFF);
        if contrast(background, WHITE) >= contrast(background, BLACK) {
            WHITE
        } else {
            BLACK
        }
    }
}

/// The colour at `share` (0 to 1) of a scale of equal steps; not a number counts as 0.
fn along(scale: &[Rgb], share: f64) -> Rgb {
    let last = scale.len() - 1;
    let share = if share.is_nan() { 0.0 } else { share };
    let position = share.clamp(0.0, 1.0) * last as f64;
    let step = (position as usize).min(last - 1);
    mix(scale[step], scale[step + 1], position - step as f64)
}

/// The scale of heat maps, from nothing to most: matplotlib's “inferno” in five steps. Its lightness rises
/// evenly, so that it also reads in grey.
const HEAT: [Rgb; 5] = [
    (0x00, 0x00, 0x04),
    (0x57, 0x10, 0x6E),
    (0xBC, 0x37, 0x54),
    (0xF9, 0x8E, 0x09),
    (0xFC, 0xFF, 0xA4),
];

/// The colour of `strength` (0 to 255) on the scale of heat maps.
pub fn heat(strength: u8) -> Rgb {
    along(&HEAT, f64::from(strength) / 255.0)
}

/// `share` of the way from `a` to `b`.
pub fn mix(a: Rgb, b: Rgb, share: f64) -> Rgb {
    let channel =
        |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    (channel(a.0, b.0), channel(a.1, b.1), channel(a.2, b.2))
}

/// WCAG 2's contrast ratio of two colours, 1 to 21.
pub fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance((red, green, blue): Rgb) -> f64 {
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_seen_on_both_grounds_and_told_apart() {
        for (index, color) in RUN_COLORS.iter().enumerate() {
            for theme in [Theme::LIGHT, Theme::DARK] {
                let ratio = contrast(*color, theme.background);
                assert!(ratio >= 3.0, "{color:?}: {ratio}");
            }
            assert!(!RUN_COLORS[..index].contains(color));
        }
    }

    #[test]
    fn text_is_readable_on_every_shade() {
        for theme in [Theme::LIGHT, Theme::DARK] {
            for step in 0..=100 {
                let shade = theme.at(f64::from(step) / 100.0);
                let ratio = contrast(shade, theme.text_on(shade));
                assert!(ratio >= 4.5, "{shade:?}: {ratio}");
                let shade = theme.change(f64::from(step) / 50.0 - 1.0);
                let ratio = contrast(shade, theme.text_on(shade));
                assert!(ratio >= 4.5, "{shade:?}: {ratio}");
            }
            for color in [theme.frozen, theme.trainable, theme.right, theme.wrong] {
                assert!(contrast(color, theme.background) >= 3.0, "{color:?}");
            }
            assert_eq!(theme.at(f64::NAN), theme.scale[0]);
            assert_eq!(
                (theme.at(0.0), theme.at(1.0)),
                (theme.scale[0], theme.scale[5])
            );
            assert!(contrast(theme.background, theme.text) >= 7.0);
            assert!(contrast(theme.background, theme.muted) >= 4.5);
        }
    }
}
