//! One file by two names, by links: a picture that is learned from and tested on.

use super::super::Remark;
use super::FoundPictures;

/// Pictures that are the same file as another one, by a hard or symbolic link.
#[cfg(unix)]
pub(super) fn remark(found: &FoundPictures) -> Option<Remark> {
    use super::super::PictureSource;
    use super::count;
    use std::collections::HashMap;
    use std::collections::hash_map::Entry;
    use std::os::unix::fs::MetadataExt;

    let mut first_of: HashMap<(u64, u64), usize> = HashMap::new();
    let (mut number, mut between, mut example) = (0, 0, None);
    for (at, candidate) in found.candidates.iter().enumerate() {
        let PictureSource::File(path) = &candidate.source else {
            continue;
        };
        let Ok(metadata) = std::fs::metadata(path) else {
            continue;
        };
        match first_of.entry((metadata.dev(), metadata.ino())) {
            Entry::Vacant(free) => {
                free.insert(at);
            }
            Entry::Occupied(known) => {
                let first = &found.candidates[*known.get()];
                number += 1;
                if first.split != candidate.split || first.label != candidate.label {
                    between += 1;
                }
                example.get_or_insert((*known.get(), at));
            }
        }
    }
    let (first, second) = example?;
    Some(Remark::warning(format!(
        "{} the same file as another one, by a link ({} and {}), {between} of them in another part of the split or class: \
         results on pictures that were also trained on are too good.",
        count(number, "picture is", "pictures are"),
        found.candidates.get(first)?.name,
        found.candidates.get(second)?.name
    )))
}

#[cfg(not(unix))]
pub(super) fn remark(_found: &FoundPictures) -> Option<Remark> {
    None
}
