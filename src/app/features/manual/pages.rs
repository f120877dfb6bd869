//! The manual's pages and pictures, which are part of the program: `assets/manual`, as a code host shows it, too.

/// One page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Its file's name, by which other pages link to it.
    pub file: &'static str,
    /// Markdown; the first line is the title.
    pub text: &'static str,
}

impl Page {
    pub fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches("# ")
    }
}

macro_rules! page {
    ($file:literal) => {
        Page {
            file: $file,
            text: include_str!(concat!("../../../../assets/manual/", $file)),
        }
    };
}

macro_rules! picture {
    ($file:literal) => {
        (
            $file,
            include_bytes!(concat!("../../../../assets/manual/", $file)).as_slice(),
        )
    };
}

/// In the order in which they are read.
pub const PAGES: [Page; 13] = [
    page!("01-start.md"),
    page!("02-your-pictures.md"),
    page!("03-backbone.md"),
    page!("04-freeze-layers.md"),
    page!("05-head-and-training.md"),
    page!("06-augmentation.md"),
    page!("07-train.md"),
    page!("08-compare.md"),
    page!("09-evaluate.md"),
    page!("10-use.md"),
    page!("11-questions.md"),
    page!("12-sweeps.md"),
    page!("13-which-network.md"),
];

/// By the path that pages show them by.
pub const PICTURES: [(&str, &[u8]); 12] = [
    picture!("pictures/augmentation.png"),
    picture!("pictures/backbones.png"),
    picture!("pictures/compare.png"),
    picture!("pictures/curves.png"),
    picture!("pictures/data.png"),
    picture!("pictures/evaluation.png"),
    picture!("pictures/gallery.png"),
    picture!("pictures/head.png"),
    picture!("pictures/layers.png"),
    picture!("pictures/sweep-setup.png"),
    picture!("pictures/sweep.png"),
    picture!("pictures/welcome.png"),
];
