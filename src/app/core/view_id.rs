//! Names of the views: what commands show, and what the settings arrange.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// Names a view of the middle; what else is known of the view stands in its feature. The settings file keeps the name as a
/// bare word, so it is one, and stays what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ViewId(&'static str);

/// Those that others show; a view that nobody refers to is named in its feature alone.
impl ViewId {
    pub const DATA: Self = Self("Data");
    pub const LAYERS: Self = Self("Layers");
    pub const AUGMENTATION: Self = Self("Augmentation");
    pub const BACKBONES: Self = Self("Backbones");
    pub const CURVES: Self = Self("Curves");
    pub const RESULTS: Self = Self("Results");
    pub const EVALUATION: Self = Self("Evaluation");
    pub const COMPARE: Self = Self("Compare");
    pub const GALLERY: Self = Self("Gallery");
    pub const PREDICT: Self = Self("Predict");
    pub const RUNS: Self = Self("Runs");
    pub const SWEEP: Self = Self("Sweep");

    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }
}

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// As a variant of an enum without fields, which it was in the first settings files.
impl Serialize for ViewId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit_variant("View", 0, self.0)
    }
}

impl<'de> Deserialize<'de> for ViewId {
    /// Takes any name: which views there are is known to whoever reads the settings.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = ViewId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a view")
            }

            fn visit_str<E>(self, name: &str) -> Result<ViewId, E> {
                // A few letters that live as long as the process, which reads its settings once or twice.
                Ok(ViewId(name.to_owned().leak()))
            }
        }

        deserializer.deserialize_identifier(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the settings file was written and read with before.
    #[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
    enum View {
        Data,
        Gallery,
    }

    #[test]
    fn a_name_is_written_and_read_as_the_variant_of_an_enum() {
        let before = egui_tiles::Tree::new_tabs(
            eframe::egui::Id::unique("views"),
            vec![View::Data, View::Gallery],
        );
        let now = egui_tiles::Tree::new_tabs(
            eframe::egui::Id::unique("views"),
            vec![ViewId::DATA, ViewId::GALLERY],
        );
        let pretty = ron::ser::PrettyConfig::default;
        let old_text = ron::ser::to_string_pretty(&before, pretty()).unwrap();
        let new_text = ron::ser::to_string_pretty(&now, pretty()).unwrap();
        assert!(old_text.contains("Pane(Gallery)"), "{old_text}");
        assert_eq!(ron::from_str::<egui_tiles::Tree<_>>(&old_text), Ok(now));
        assert_eq!(ron::from_str::<egui_tiles::Tree<_>>(&new_text), Ok(before));
        assert_eq!(ron::from_str("Telescope"), Ok(ViewId::new("Telescope")));
        assert!(ron::from_str::<ViewId>("Data(3)").is_err());
    }
}
