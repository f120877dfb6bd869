//! Whether a file or folder that is to be written lies among the pictures that an experiment reads: what is written there
//! would be taken for pictures, and its folder for a class, by the next scan.

use std::path::{Component, Path, PathBuf};

use crate::experiment::DataSource;
use crate::paths;

/// Links that lead to links: more than this is a circle.
const MOST_LINKS: usize = 40;

/// The folder of `source` that `path` lies in, or is, however either is written: with `..`, through links, or not there
/// yet. `base`: where relative paths of the source start.
pub fn pictures_around(path: &Path, source: &DataSource, base: Option<&Path>) -> Option<PathBuf> {
    let root = paths::expand(source.folder()?, base);
    lies_in(path, &root).then_some(root)
}

/// Whether `path` lies in `folder`, or is it, however either is written.
pub fn lies_in(path: &Path, folder: &Path) -> bool {
    resolved(path).starts_with(resolved(folder))
}

/// Whether a picture that appears below the source's folder belongs to the data set from the next scan on.
pub fn takes_what_appears(source: &DataSource) -> bool {
    match source {
        // Pictures of a set stand within its files.
        DataSource::Unset
        | DataSource::Table { .. }
        | DataSource::Idx { .. }
        | DataSource::Arrays { .. } => false,
        DataSource::ClassFolders { .. }
        | DataSource::SplitFolders { .. }
        | DataSource::Cifar10 { .. }
        | DataSource::Cifar100 { .. } => true,
    }
}

/// Where `path` leads to, as far as it is there; what is not there yet is taken as it is written.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut done = PathBuf::new();
    let mut links = 0;
    let mut left: Vec<PathBuf> = parts(&absolute);
    while let Some(part) = left.pop() {
        if part.as_os_str() == ".." {
            done.pop();
            continue;
        }
        done.push(&part);
        if let Ok(real) = done.canonicalize() {
            done = real;
        } else if let Ok(target) = done.read_link()
            && links < MOST_LINKS
        {
            // A link to what is not there yet: writing makes it there.
            links += 1;
            done.pop();
            left.extend(parts(&target));
        }
    }
    done
}

/// Of a path, last first.
fn parts(path: &Path) -> Vec<PathBuf> {
    let parts = path
        .components()
        .filter(|component| *component != Component::CurDir);
    parts
        .rev()
        .map(|component| PathBuf::from(component.as_os_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folders(path: &Path) -> DataSource {
        DataSource::ClassFolders {
            path: path.to_path_buf(),
        }
    }

    #[test]
    fn what_lies_among_the_pictures_is_found_however_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (data, other) = (folder.path().join("data"), folder.path().join("data-2"));
        fs::create_dir_all(data.join("cats")).unwrap();
        fs::create_dir_all(&other).unwrap();
        let source = folders(&data);
        let is_among = |path: PathBuf| pictures_around(&path, &source, None).is_some();
        for path in [
            data.clone(),
            data.join("figures"),
            data.join("cats/a.png"),
            data.join("new/deep/report.html"),
            other.join("../data/figures"),
            data.join("new/../figures"),
        ] {
            assert!(is_among(path.clone()), "{}", path.display());
        }
        // A name that begins alike is another folder.
        for path in [
            other.clone(),
            folder.path().join("database"),
            data.join("../figures"),
            data.join("cats/../../runs"),
            folder.path().to_path_buf(),
        ] {
            assert!(!is_among(path.clone()), "{}", path.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_to_where_they_lead() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir_all(data.join("cats")).unwrap();
        symlink(&data, folder.path().join("link")).unwrap();
        symlink(data.join("not-yet"), folder.path().join("dangling")).unwrap();
        symlink(folder.path().join("circle"), folder.path().join("circle")).unwrap();
        let is_among = |name: &str, source: &Path| {
            pictures_around(&folder.path().join(name), &folders(source), None).is_some()
        };
        assert!(is_among("link/figures", &data));
        assert!(is_among("dangling/figures", &data));
        assert!(is_among("link/cats/../figures", &data));
        assert!(!is_among("link/../figures", &data.join("cats")));
        // The pictures themselves may be named through a link.
        assert!(is_among("data/figures", &folder.path().join("link")));
        assert!(!is_among("circle/figures", &data));
    }

    #[test]
    fn a_table_s_pictures_are_around_its_folder_and_paths_start_at_the_preset() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("data")).unwrap();
        let source = DataSource::table("data/labels.csv");
        let out = folder.path().join("data/figures");
        let found = pictures_around(&out, &source, Some(folder.path()));
        assert_eq!(found, Some(folder.path().join("data")));
        assert_eq!(pictures_around(&out, &DataSource::Unset, None), None);
    }
}
