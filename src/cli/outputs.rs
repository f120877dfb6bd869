//! What a command writes must not become part of the pictures that the next one reads.

use std::path::Path;

use anyhow::bail;

use super::output;
use crate::data::below::{pictures_around, takes_what_appears};
use crate::experiment::DataSource;

/// Refuses to write pictures at `out` where the next scan of `source` would take them in; warns where they would only
/// lie among the others.
///
/// # Errors
/// One sentence with the folder and the remedy.
pub fn refuse_among_pictures(
    out: &Path,
    source: &DataSource,
    base: Option<&Path>,
) -> anyhow::Result<()> {
    let Some(root) = pictures_around(out, source, base) else {
        return Ok(());
    };
    if !takes_what_appears(source) {
        warn_among_pictures(out, source, base);
        return Ok(());
    }
    bail!(
        "nothing is written to {}: it lies below the pictures of {}, and what is drawn there would be taken for \
         pictures, its folder for a class. Choose a folder elsewhere with --out",
        out.display(),
        root.display()
    );
}

/// Warns that `out` lies among the pictures of `source`.
pub fn warn_among_pictures(out: &Path, source: &DataSource, base: Option<&Path>) {
    if let Some(root) = pictures_around(out, source, base) {
        output::warn(&format!(
            "warning: {} lies below the pictures of {}; --out with a folder elsewhere keeps them apart",
            out.display(),
            root.display()
        ));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_not_written_among_classes_and_may_stand_beside_a_table() {
        let place = tempfile::tempdir().unwrap();
        let folders = DataSource::ClassFolders {
            path: place.path().to_path_buf(),
        };
        let out = place.path().join("figures");
        let refused = refuse_among_pictures(&out, &folders, None).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("figures") && text.contains("--out"), "{text}");
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(refuse_among_pictures(elsewhere.path(), &folders, None).is_ok());
        let table = DataSource::table(place.path().join("labels.csv"));
        assert!(refuse_among_pictures(&out, &table, None).is_ok());
    }
}
