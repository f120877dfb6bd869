//! Which pictures a network finds alike: cosine similarity of pooled features.

use std::collections::HashMap;

use half::f16;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

/// What a file of features calls its parts.
const FEATURES: &str = "features";
const NAMES: &str = "names";

/// Feature vectors of named pictures, each of length 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureIndex {
    width: usize,
    names: Vec<String>,
    /// Row by row.
    rows: Vec<f32>,
}

/// A picture and how alike it is, from -1 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    pub name: String,
    pub similarity: f32,
}

impl FeatureIndex {
    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Adds a picture's features. Those of another length than the first are passed over: they are of
    /// another network.
    pub fn add(&mut self, name: &str, features: &[f32]) {
        if self.is_empty() {
            self.width = features.len();
        }
        if features.len() == self.width && self.width > 0 {
            self.names.push(name.to_owned());
            self.rows.extend(normalised(features));
        }
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// `[len, width]`, row by row, each of length 1.
    pub fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// Takes the pictures of this name out.
    pub fn remove(&mut self, name: &str) {
        while let Some(at) = self.names.iter().position(|known| known == name) {
            self.names.remove(at);
            self.rows.drain(at * self.width..(at + 1) * self.width);
        }
    }

    pub fn into_names(self) -> Vec<String> {
        self.names
    }

    pub fn is_finite(&self) -> bool {
        self.rows.iter().all(|value| value.is_finite())
    }

    /// At most `most` of the pictures, evenly over their order.
    pub fn thinned(self, most: usize) -> Self {
        let (count, width) = (self.len(), self.width);
        if count <= most {
            return self;
        }
        let mut thinned = Self {
            width,
            ..Self::default()
        };
        for place in 0..most {
            let taken = place * count / most;
            thinned.names.push(self.names[taken].clone());
            let row = &self.rows[taken * width..(taken + 1) * width];
            thinned.rows.extend_from_slice(row);
        }
        thinned
    }

    /// As half precision keeps it: rows of length 1 again, so that nothing is more alike to one than itself.
    pub fn rounded(self) -> Self {
        let halves = self.rows.into_iter().map(f16::from_f32);
        Self::from_halves(self.names, self.width, halves)
    }

    /// What was kept in half precision.
    pub(super) fn from_halves(
        names: Vec<String>,
        width: usize,
        halves: impl Iterator<Item = f16>,
    ) -> Self {
        let mut rows: Vec<f32> = halves.map(f16::to_f32).collect();
        for row in rows.chunks_mut(width.max(1)) {
            row.copy_from_slice(&normalised(row));
        }
        Self { width, names, rows }
    }

    /// A safetensors file: `features` `[N, F]`, and the names in its metadata.
    ///
    /// # Errors
    /// A sentence, when it can't be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let bytes: Vec<u8> = self
            .rows
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let shape = vec![self.len(), self.width];
        let view = TensorView::new(Dtype::F32, shape, &bytes).map_err(|error| error.to_string())?;
        let names = serde_json::to_string(&self.names).map_err(|error| error.to_string())?;
        let metadata = HashMap::from([(NAMES.to_owned(), names)]);
        safetensors::serialize([(FEATURES, view)], Some(metadata))
            .map_err(|error| error.to_string())
    }

    /// What [`FeatureIndex::to_bytes`] wrote; nothing for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
        let names: Vec<String> =
            serde_json::from_str(metadata.metadata().as_ref()?.get(NAMES)?).ok()?;
        let file = SafeTensors::deserialize(bytes).ok()?;
        let tensor = file.tensor(FEATURES).ok()?;
        let &[count, width] = tensor.shape() else {
            return None;
        };
        if tensor.dtype() != Dtype::F32 || count != names.len() {
            return None;
        }
        let (values, _) = tensor.data().as_chunks::<4>();
        let rows = values
            .iter()
            .map(|value| f32::from_le_bytes(*value))
            .collect();
        Some(Self { width, names, rows })
    }

    /// The `count` pictures most alike to `features`, best first, without the one called `except`. Of
    /// equals, the one that was added first.
    pub fn nearest(&self, features: &[f32], count: usize, except: &str) -> Vec<Neighbour> {
        if features.len() != self.width || self.width == 0 {
            return Vec::new();
        }
        let wanted = normalised(features);
        let mut found: Vec<(f32, usize)> = self
            .rows
            .chunks_exact(self.width)
            .map(|row| row.iter().zip(&wanted).map(|(a, b)| a * b).sum())
            .enumerate()
            .filter(|(index, _)| self.names[*index] != except)
            .map(|(index, similarity)| (similarity, index))
            .collect();
        let order = |a: &(f32, usize), b: &(f32, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if found.len() > count && count > 0 {
            found.select_nth_unstable_by(count - 1, order);
            found.truncate(count);
        }
        found.sort_unstable_by(order);
        found
            .into_iter()
            .take(count)
            .map(|(similarity, index)| Neighbour {
                name: self.names[index].clone(),
                similarity,
            })
            .collect()
    }
}

/// A vector of zeros stays one: it is like nothing.
fn normalised(features: &[f32]) -> Vec<f32> {
    let length = features
        .iter()
        .map(|value| value * value)
        .sum::<f32>()
        .sqrt();
    let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
    features.iter().map(|value| value * scale).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(rows: &[(&str, [f32; 2])]) -> FeatureIndex {
        let mut index = FeatureIndex::default();
        for (name, row) in rows {
            index.add(name, row);
        }
        index
    }

    #[test]
    fn direction_counts_and_length_does_not() {
        let index = index(&[
            ("right", [10.0, 0.0]),
            ("up", [0.0, 0.1]),
            ("diagonal", [3.0, 3.0]),
            ("left", [-1.0, 0.0]),
            ("nothing", [0.0, 0.0]),
        ]);
        let found = index.nearest(&[2.0, 0.0], 3, "");
        let names: Vec<&str> = found.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["right", "diagonal", "up"]);
        assert!((found[0].similarity - 1.0).abs() < 1e-6);
        assert!((found[1].similarity - 0.5f32.sqrt()).abs() < 1e-6);
        // A training picture is not its own neighbour.
        assert_eq!(index.nearest(&[2.0, 0.0], 1, "right")[0].name, "diagonal");
        assert!(index.nearest(&[1.0, 2.0, 3.0], 1, "").is_empty());
        assert_eq!(index.nearest(&[2.0, 0.0], 9, "").len(), 5);
    }

    #[test]
    fn fewer_pictures_are_taken_evenly() {
        let names: Vec<String> = (0..7).map(|number| number.to_string()).collect();
        let mut index = FeatureIndex::default();
        for (number, name) in names.iter().enumerate() {
            index.add(name, &[1.0, number as f32]);
        }
        index.remove("6");
        let thinned = index.clone().thinned(3);
        assert_eq!(thinned.names(), ["0", "2", "4"]);
        assert_eq!(thinned.rows()[2..4], index.rows()[4..6]);
        assert_eq!(index.clone().thinned(6), index);
    }

    #[test]
    fn a_file_of_features_gives_them_back_and_another_nothing() {
        let index = index(&[("a/ä.png", [3.0, 4.0]), ("b.png", [0.0, 1.0])]);
        let bytes = index.to_bytes().expect("it is written");
        assert_eq!(FeatureIndex::from_bytes(&bytes), Some(index));
        assert_eq!(FeatureIndex::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(FeatureIndex::from_bytes(b"no file of features"), None);
        let empty = FeatureIndex::default();
        let bytes = empty.to_bytes().expect("it is written");
        assert_eq!(FeatureIndex::from_bytes(&bytes), Some(empty));
    }

    proptest! {
        #[test]
        fn the_first_few_are_those_of_a_whole_sort(
            rows in prop::collection::vec(prop::array::uniform3(-1.0f32..1.0), 1..60),
            wanted in prop::array::uniform3(-1.0f32..1.0),
            count in 1usize..8,
        ) {
            let mut index = FeatureIndex::default();
            for (number, row) in rows.iter().enumerate() {
                index.add(&number.to_string(), row);
            }
            let all = index.nearest(&wanted, rows.len(), "");
            let first = index.nearest(&wanted, count, "");
            prop_assert_eq!(&all[..count.min(all.len())], &first[..]);
            for pair in all.windows(2) {
                prop_assert!(pair[0].similarity >= pair[1].similarity);
            }
        }
    }
}
