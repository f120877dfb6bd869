//! One figure in a file of its own, SVG or PNG by its ending.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::Path;

use super::ReportError;
use crate::figures::{Figure, Size, Theme, heat, to_raster, to_svg};
use crate::runs::atomic;

/// What every SVG file of ours has in its first line.
const OF_SVG: &str = "sans-serif\" role=\"img\">";

/// Writes `figure` at `path`, which ends in `.svg` or `.png`.
///
/// # Errors
/// [`ReportError::File`] for another ending, and where it can't be written; those of drawing.
pub fn write_figure(figure: &dyn Figure, path: &Path) -> Result<(), ReportError> {
    let failed = |reason: String| ReportError::File {
        reason,
        path: path.to_path_buf(),
    };
    let is_png = is_png(path).map_err(failed)?;
    let svg = to_svg(figure, Size::default(), Theme::LIGHT);
    let bytes = match is_png {
        false => svg.into_bytes(),
        true => {
            let raster = to_raster(&svg, 1.0)?;
            heat::png(&raster.rgb, raster.width, raster.height).map_err(failed)?
        }
    };
    atomic::write(path, &bytes)
        .map_err(|error| failed(format!("the figure can't be written ({error})")))
}

/// Whether the file is to be a PNG; the alternative is an SVG.
///
/// # Errors
/// A sentence for any other ending.
pub fn is_png(path: &Path) -> Result<bool, String> {
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    match ending.to_str() {
        Some("svg") => Ok(false),
        Some("png") => Ok(true),
        _ => Err("a figure's file ends in .svg or .png".into()),
    }
}

/// Whether [`write_figure`] made the file.
pub fn is_figure(mut file: File) -> bool {
    let mut head = Vec::new();
    let Ok(copy) = file.try_clone() else {
        return false;
    };
    if copy.take(400).read_to_end(&mut head).is_err() {
        return false;
    }
    if String::from_utf8_lossy(&head).contains(OF_SVG) {
        return true;
    }
    file.rewind().is_ok() && heat::is_ours(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{RateCurveFigure, palette};

    #[test]
    fn a_figure_is_written_by_its_ending_and_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let figure = RateCurveFigure {
            title: "Rates".into(),
            remark: String::new(),
            color: palette::run_color(0),
            points: Vec::new(),
            suggested: None,
        };
        for (name, begins) in [("a.svg", &b"<svg"[..]), ("b.PNG", &b"\x89PNG"[..])] {
            let path = folder.path().join(name);
            write_figure(&figure, &path).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            assert!(bytes.starts_with(begins), "{name}");
            assert!(is_figure(File::open(&path).unwrap()), "{name}");
        }
        let other = folder.path().join("c.svg");
        std::fs::write(&other, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
        assert!(!is_figure(File::open(&other).unwrap()));
        let said = write_figure(&figure, &folder.path().join("d.pdf")).unwrap_err();
        assert!(said.to_string().contains(".svg or .png"), "{said}");
    }
}
