//! One inline drawing that is light or dark as its reader's screen is.
//!
//! A figure is drawn in both themes. The two drawings differ in colours alone, so the page holds
//! the shapes (and the photographs) once: where the colours differ, a CSS variable stands for both.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::figures::{Figure, RenderError, Size, Theme, outlined, to_svg};

/// The pairs of light and dark colours that a page's drawings use.
#[derive(Debug, Default)]
pub(super) struct Palette(BTreeSet<(String, String)>);

impl Palette {
    /// The rules that give every variable its colour on a light screen and on paper …
    pub fn light(&self) -> String {
        self.rules(|pair| &pair.0)
    }

    /// … and on a dark screen.
    pub fn dark(&self) -> String {
        self.rules(|pair| &pair.1)
    }

    fn rules(&self, color: fn(&(String, String)) -> &String) -> String {
        let mut rules = String::new();
        for pair in &self.0 {
            let _ = write!(rules, "{}:#{};", variable(pair), color(pair));
        }
        rules
    }
}

fn variable((light, dark): &(String, String)) -> String {
    format!("--f{light}{dark}")
}

/// The figure as an `<svg>` element for a page; its letters are outlines, because the reader's
/// browser has other fonts.
///
/// # Errors
/// When the figure can't be drawn.
pub(super) fn inline(
    figure: &dyn Figure,
    size: Size,
    palette: &mut Palette,
) -> Result<String, RenderError> {
    let draw = |theme| outlined(&to_svg(figure, size, theme));
    let (light, dark) = (draw(Theme::LIGHT)?, draw(Theme::DARK)?);
    let body = merge(inner(&light), inner(&dark), palette);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 {} {}\" \
         role=\"img\" aria-label=\"{}\">{body}</svg>",
        size.width,
        size.height,
        super::html::escape(&figure.title()),
    ))
}

/// What stands within the root element.
fn inner(svg: &str) -> &str {
    let from = svg
        .find("<svg")
        .and_then(|root| Some(root + svg[root..].find('>')? + 1))
        .unwrap_or(0);
    let to = svg.rfind("</svg>").unwrap_or(svg.len());
    svg.get(from..to).unwrap_or_default()
}

/// `light` with variables in the place of colours that are others in `dark`. Drawings that differ in
/// more than colours stay light.
fn merge(light: &str, dark: &str, palette: &mut Palette) -> String {
    let (lights, darks) = (colors(light), colors(dark));
    let rest = |text: &str, colors: &[(usize, &str)]| -> usize {
        text.len() - colors.iter().map(|(_, color)| color.len()).sum::<usize>()
    };
    if lights.len() != darks.len() || rest(light, &lights) != rest(dark, &darks) {
        return light.to_owned();
    }
    let mut merged = String::with_capacity(light.len() + 16 * lights.len());
    let mut from = 0;
    for ((at, color), (_, other)) in lights.iter().zip(&darks) {
        merged.push_str(&light[from..*at]);
        if color == other {
            let _ = write!(merged, "#{color}");
        } else {
            let pair = ((*color).to_owned(), (*other).to_owned());
            let _ = write!(merged, "var({})", variable(&pair));
            palette.0.insert(pair);
        }
        from = at + 1 + color.len();
    }
    merged.push_str(&light[from..]);
    merged
}

/// Where `fill="#rrggbb"` and `stroke="#rrggbb"` have their `#`, and the six digits.
fn colors(svg: &str) -> Vec<(usize, &str)> {
    svg.match_indices("=\"#")
        .filter_map(|(at, found)| {
            let digits = svg.get(at + found.len()..at + found.len() + 6)?;
            let is_color = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let ends = svg.as_bytes().get(at + found.len() + 6) == Some(&b'"');
            (is_color && ends).then_some((at + 2, digits))
        })
        .collect()
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::evaluation::ConfusionMatrix;
    use crate::figures::{ConfusionFigure, Shown, to_raster};

    #[test]
    fn colours_that_differ_become_variables() {
        let mut palette = Palette::default();
        let merged = merge(
            r##"<path fill="#ffffff"/><path stroke="#4c9be8" d="M1 2"/>"##,
            r##"<path fill="#171a1f"/><path stroke="#4c9be8" d="M1 2"/>"##,
            &mut palette,
        );
        assert_eq!(
            merged,
            r##"<path fill="var(--fffffff171a1f)"/><path stroke="#4c9be8" d="M1 2"/>"##
        );
        assert_eq!(palette.light(), "--fffffff171a1f:#ffffff;");
        assert_eq!(palette.dark(), "--fffffff171a1f:#171a1f;");
        // What is not the same drawing stays as it is.
        let other = merge(r##"<a fill="#ffffff"/>"##, r##"<a/>"##, &mut palette);
        assert_eq!(other, r##"<a fill="#ffffff"/>"##);
    }

    #[test]
    fn both_themes_come_back_from_one_drawing() {
        let figure = ConfusionFigure {
            title: "Two".into(),
            remark: "classes".into(),
            matrix: ConfusionMatrix {
                classes: vec!["a".into(), "b".into()],
                counts: vec![vec![9, 1], vec![30, 20]],
            },
            shown: Shown::Counts,
        };
        let size = Size {
            width: 400,
            height: 250,
        };
        let mut palette = Palette::default();
        let inline = inline(&figure, size, &mut palette).unwrap();
        assert!(palette.0.len() > 4);
        for (theme, is_dark) in [(Theme::LIGHT, false), (Theme::DARK, true)] {
            let mut svg = inline.clone();
            for pair in &palette.0 {
                let color = if is_dark { &pair.1 } else { &pair.0 };
                svg = svg.replace(&format!("var({})", variable(pair)), &format!("#{color}"));
            }
            let svg = svg.replace("<svg ", "<svg width=\"400\" height=\"250\" ");
            let expected = outlined(&to_svg(&figure, size, theme)).unwrap();
            assert_eq!(
                to_raster(&svg, 1.0).unwrap(),
                to_raster(&expected, 1.0).unwrap()
            );
        }
    }
}
