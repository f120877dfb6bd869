//! safetensors files whose bytes depend on what they hold alone: the library writes their metadata in an order that is another
//! one at every call, so that equal runs would have files that differ.

use std::collections::{BTreeMap, HashMap};

use safetensors::SafeTensorError;
use safetensors::tensor::View;

/// Length of a header, as every file begins with it.
const LENGTH: usize = 8;
/// What a header with metadata begins with.
const BEGINS: &[u8] = b"{\"__metadata__\":";

/// As `safetensors::serialize`, with the metadata in the order of its keys.
///
/// # Errors
/// The library's own.
pub fn serialize<S, V>(
    tensors: impl IntoIterator<Item = (S, V)>,
    metadata: BTreeMap<String, String>,
) -> Result<Vec<u8>, SafeTensorError>
where
    S: AsRef<str> + Ord + std::fmt::Display,
    V: View,
{
    let any_order: HashMap<String, String> = metadata.clone().into_iter().collect();
    let mut bytes = safetensors::serialize(tensors, Some(any_order))?;
    let sorted = serde_json::to_vec(&metadata).map_err(SafeTensorError::JsonError)?;
    // The same pairs, so the same length. A library that wrote them elsewhere would leave the file right as well.
    let begin = LENGTH + BEGINS.len();
    let is_there = bytes.get(LENGTH..begin) == Some(BEGINS)
        && (bytes.get(begin + sorted.len())).is_some_and(|next| b",}".contains(next));
    if is_there {
        bytes[begin..begin + sorted.len()].copy_from_slice(&sorted);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use safetensors::SafeTensors;
    use safetensors::tensor::{Dtype, TensorView};

    use super::*;

    #[test]
    fn equal_contents_are_equal_files_that_read_back() {
        let numbers = [1u8, 2, 3, 4];
        let write = |metadata: &BTreeMap<String, String>| {
            let view = |bytes| TensorView::new(Dtype::U8, vec![2], bytes).unwrap();
            let tensors = [("b", view(&numbers[..2])), ("a", view(&numbers[2..]))];
            serialize(tensors, metadata.clone()).unwrap()
        };
        for texts in [
            &["2", "with \"quotes\"", "Ä\n\u{1f600}", "", "five", "six"][..],
            &[],
        ] {
            let pairs = texts.iter().enumerate();
            let metadata: BTreeMap<String, String> = pairs
                .map(|(index, text)| (format!("key {index}"), (*text).to_owned()))
                .collect();
            let bytes = write(&metadata);
            // The library's own order is another one in nearly each of these.
            for _ in 0..20 {
                assert_eq!(write(&metadata), bytes);
            }
            let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
            let found: BTreeMap<String, String> =
                header.metadata().clone().unwrap().into_iter().collect();
            assert_eq!(found, metadata);
            let file = SafeTensors::deserialize(&bytes).unwrap();
            assert_eq!(file.tensor("b").unwrap().data(), &numbers[..2]);
            assert_eq!(file.tensor("a").unwrap().data(), &numbers[2..]);
        }
    }
}
