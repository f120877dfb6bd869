//! Example pictures to try the program with: drawings of Open Clip Art (public domain), as Debian packages them. Which of
//! them make the set, and their classes, stands in `packaging/example/pictures.tsv`; the pictures are not in the repository.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use super::archive;
use crate::{paths, steps};

const PACKAGE: &str = "openclipart-png";
/// Where the package keeps its drawings.
const DRAWINGS: &str = "usr/share/openclipart/png";
/// The side of a picture, and the white around its drawing, in pixels.
const SIDE: usize = 256;
const MARGIN: usize = 12;

/// One drawing of the set.
#[derive(Debug, PartialEq, Eq)]
struct Picture {
    /// Below [`DRAWINGS`].
    path: PathBuf,
    class: String,
}

impl Picture {
    /// Where it stands in the set.
    fn file(&self, set: &Path) -> PathBuf {
        set.join(&self.class)
            .join(self.path.file_name().unwrap_or_default())
    }
}

/// Makes the set in Graft's data folder, where the program looks for it when no package brings one; makes it anew where the
/// list has changed.
pub fn install(home: &Path) -> Result<()> {
    let folder = home.join("example");
    let pictures = listed()?;
    if !is_of(&folder, &pictures) {
        if !steps::exists("apt-get") || !steps::exists("dpkg-deb") {
            steps::doing("no example pictures: they are taken from a package of Debian or Ubuntu");
            return Ok(());
        }
        steps::doing("fetching drawings for the example pictures (131 MB, public domain)");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        archive::whole(&folder, |content| {
            let work = archive::work_folder(home)?;
            make(&fetch(work.path())?, &pictures, content)
        })?;
    }
    steps::ready("example pictures");
    Ok(())
}

fn listed() -> Result<Vec<Picture>> {
    let list = paths::checkout().join("packaging/example/pictures.tsv");
    let text = std::fs::read_to_string(&list)
        .with_context(|| format!("could not read {}", list.display()))?;
    parse(&text)
}

/// Whether the folder holds these pictures and no others.
fn is_of(folder: &Path, pictures: &[Picture]) -> bool {
    let count = |folder: PathBuf| std::fs::read_dir(folder).map_or(0, Iterator::count);
    let classes: BTreeSet<&str> = pictures
        .iter()
        .map(|picture| picture.class.as_str())
        .collect();
    let there: usize = classes.iter().map(|class| count(folder.join(class))).sum();
    there == pictures.len()
        && pictures
            .iter()
            .all(|picture| picture.file(folder).is_file())
}

/// The drawings of the Debian package, unpacked below `work`.
fn fetch(work: &Path) -> Result<PathBuf> {
    let mut download = Command::new("apt-get");
    download.args(["download", "-q", PACKAGE]).current_dir(work);
    if steps::run(&mut download).is_err() {
        bail!(
            "the package {PACKAGE} can't be fetched: run “apt-get update” as root, and call again"
        );
    }
    let package = std::fs::read_dir(work)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .with_context(|| format!("apt-get left no package {PACKAGE}"))?;
    let unpacked = work.join("unpacked");
    steps::run(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(package)
            .arg(&unpacked),
    )?;
    Ok(unpacked.join(DRAWINGS))
}

/// Draws the listed pictures of the folder `drawings` into folders by class below `folder`.
fn make(drawings: &Path, pictures: &[Picture], folder: &Path) -> Result<()> {
    for picture in pictures {
        let from = drawings.join(&picture.path);
        std::fs::create_dir_all(folder.join(&picture.class))?;
        let drawn = Drawing::read(&from).and_then(|drawing| {
            drawing
                .trimmed()
                .squared(SIDE, MARGIN)
                .write(&picture.file(folder))
        });
        drawn.with_context(|| format!("could not draw {}", from.display()))?;
    }
    Ok(())
}

/// Lines of a path and a class, below a head.
fn parse(text: &str) -> Result<Vec<Picture>> {
    let mut lines = text.lines();
    ensure!(
        lines.next() == Some("picture\tclass"),
        "the list of pictures has another head"
    );
    lines
        .map(|line| {
            let (path, class) = line
                .split_once('\t')
                .with_context(|| format!("no picture and class: {line}"))?;
            let is_plain =
                |name: &str| !name.is_empty() && !name.contains("..") && !name.starts_with('/');
            ensure!(
                is_plain(path) && is_plain(class),
                "no picture and class: {line}"
            );
            Ok(Picture {
                path: path.into(),
                class: class.into(),
            })
        })
        .collect()
}

/// Three bytes a pixel, on white.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Drawing {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Drawing {
    fn read(path: &Path) -> Result<Self> {
        let mut decoder = png::Decoder::new(BufReader::new(File::open(path)?));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info()?;
        let mut bytes = vec![0; reader.output_buffer_size().context("it is too large")?];
        let frame = reader.next_frame(&mut bytes)?;
        let bytes = &bytes[..frame.buffer_size()];
        let on_white = |value: u8, alpha: u8| {
            (u32::from(value) * u32::from(alpha) + 255 * u32::from(255 - alpha) + 127) / 255
        };
        let pixels = bytes
            .chunks_exact(frame.color_type.samples())
            .map(|samples| match *samples {
                [grey] => [grey; 3],
                [grey, alpha] => [on_white(grey, alpha) as u8; 3],
                [red, green, blue] => [red, green, blue],
                [red, green, blue, alpha] => {
                    [red, green, blue].map(|value| on_white(value, alpha) as u8)
                }
                _ => [255; 3],
            })
            .collect();
        Ok(Self {
            width: frame.width as usize,
            height: frame.height as usize,
            pixels,
        })
    }

    /// Without the white around what is drawn.
    fn trimmed(self) -> Self {
        let is_drawn = |index: &usize| self.pixels[*index].iter().any(|value| *value < 250);
        let drawn: Vec<usize> = (0..self.pixels.len()).filter(is_drawn).collect();
        let columns = || drawn.iter().map(|index| index % self.width);
        let rows = || drawn.iter().map(|index| index / self.width);
        let (Some(left), Some(right)) = (columns().min(), columns().max()) else {
            return self;
        };
        let (top, bottom) = (rows().min().unwrap_or(0), rows().max().unwrap_or(0));
        let pixels = (top..=bottom)
            .flat_map(|y| {
                self.pixels[y * self.width + left..=y * self.width + right]
                    .iter()
                    .copied()
            })
            .collect();
        Self {
            width: right - left + 1,
            height: bottom - top + 1,
            pixels,
        }
    }

    /// In the middle of a white square, with so much white around it at least; made smaller where it must be, by the
    /// mean of the area that a pixel covers.
    fn squared(&self, side: usize, margin: usize) -> Self {
        let room = (side - 2 * margin) as f64;
        let scale = (room / self.width.max(self.height) as f64).min(1.0);
        let size = |length: usize| ((length as f64 * scale).round() as usize).max(1);
        let (width, height) = (size(self.width), size(self.height));
        let (left, top) = ((side - width) / 2, (side - height) / 2);
        let mut pixels = vec![[255; 3]; side * side];
        for y in 0..height {
            for x in 0..width {
                let spans = (
                    Span::of(x, width, self.width),
                    Span::of(y, height, self.height),
                );
                pixels[(top + y) * side + left + x] = self.mean(&spans.0, &spans.1);
            }
        }
        Self {
            width: side,
            height: side,
            pixels,
        }
    }

    fn mean(&self, columns: &Span, rows: &Span) -> [u8; 3] {
        let (mut sum, mut total) = ([0.0; 3], 0.0);
        for (y, down) in rows.weights() {
            for (x, across) in columns.weights() {
                let weight = down * across;
                total += weight;
                for (sum, value) in sum.iter_mut().zip(self.pixels[y * self.width + x]) {
                    *sum += weight * f64::from(value);
                }
            }
        }
        sum.map(|sum| (sum / total).round() as u8)
    }

    fn write(&self, path: &Path) -> Result<()> {
        let file = BufWriter::new(File::create(path)?);
        let mut encoder = png::Encoder::new(file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        writer.finish()?;
        Ok(())
    }
}

/// What one pixel of the smaller picture covers of the larger one, along one side.
struct Span {
    from: f64,
    to: f64,
    length: usize,
}

impl Span {
    /// Pixel `index` of `count`, over `length` pixels.
    fn of(index: usize, count: usize, length: usize) -> Self {
        let at = |index: usize| index as f64 * length as f64 / count as f64;
        Self {
            from: at(index),
            to: at(index + 1),
            length,
        }
    }

    fn weights(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let last = (self.to.ceil() as usize).min(self.length);
        (self.from.floor() as usize..last).map(|index| {
            let covered = self.to.min(index as f64 + 1.0) - self.from.max(index as f64);
            (index, covered.max(1e-9))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_list_names_each_picture_once_and_has_enough_of_every_class() {
        let pictures = listed().unwrap();
        assert!((150..=300).contains(&pictures.len()), "{}", pictures.len());
        let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
        for picture in &pictures {
            *classes.entry(&picture.class).or_default() += 1;
        }
        assert!(
            classes.len() >= 3 && classes.values().all(|count| *count >= 25),
            "{classes:?}"
        );
        let names: BTreeSet<_> = pictures
            .iter()
            .map(|picture| picture.path.file_name())
            .collect();
        assert_eq!(names.len(), pictures.len(), "two pictures of one name");
        assert!(parse("picture\tclass\n../a.png\tcats\n").is_err());
        assert!(parse("picture,class\n").is_err());
    }

    #[test]
    fn a_drawing_is_trimmed_made_smaller_by_means_and_stands_in_the_middle() {
        let mut drawing = Drawing {
            width: 40,
            height: 30,
            pixels: vec![[255; 3]; 1200],
        };
        // 20 wide, 10 high: columns black and white in turn.
        for y in 10..20 {
            for x in 5..25 {
                drawing.pixels[y * 40 + x] = if x % 2 == 1 { [0; 3] } else { [200; 3] };
            }
        }
        let trimmed = drawing.trimmed();
        assert_eq!((trimmed.width, trimmed.height), (20, 10));
        let square = trimmed.squared(14, 2);
        let at = |x: usize, y: usize| square.pixels[y * 14 + x];
        assert_eq!(
            (at(1, 7), at(2, 7), at(11, 7), at(12, 7)),
            ([255; 3], [100; 3], [100; 3], [255; 3])
        );
        assert_eq!(
            (at(5, 3), at(5, 4), at(5, 8), at(5, 9)),
            ([255; 3], [100; 3], [100; 3], [255; 3])
        );
        // A small one keeps its size.
        assert_eq!(trimmed.squared(256, 12).trimmed(), trimmed);
    }

    #[test]
    fn a_set_is_made_anew_when_the_list_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let mut pictures = parse("picture\tclass\na/cat.png\tcats\na/dog.png\tdogs\n").unwrap();
        assert!(!is_of(folder.path(), &pictures));
        for picture in &pictures {
            let file = picture.file(folder.path());
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        assert!(is_of(folder.path(), &pictures));
        pictures.pop();
        pictures[0].path = "a/lion.png".into();
        assert!(!is_of(folder.path(), &pictures));
    }

    #[test]
    fn what_is_clear_becomes_white() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.png");
        let mut encoder = png::Encoder::new(File::create(&file).unwrap(), 2, 1);
        encoder.set_color(png::ColorType::Rgba);
        let mut writer = encoder.write_header().unwrap();
        writer
            .write_image_data(&[9, 8, 7, 255, 0, 0, 0, 0])
            .unwrap();
        writer.finish().unwrap();
        let drawing = Drawing::read(&file).unwrap();
        assert_eq!(drawing.pixels, [[9, 8, 7], [255; 3]]);
        drawing.write(&file).unwrap();
        assert_eq!(Drawing::read(&file).unwrap(), drawing);
    }
}
