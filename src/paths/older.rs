//! What an older version left in the data folder is moved to where it belongs: once, by whichever process comes first.
//! What can't be moved stays where it is and is used there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where a file is from now on: `new`, to which the one at `old` was moved if there is no other yet; `old` where that is
/// not possible.
pub(super) fn file(old: &Path, new: &Path) -> PathBuf {
    if old == new || new.exists() || !old.is_file() {
        return new.to_path_buf();
    }
    match move_file(old, new) {
        Ok(()) => new.to_path_buf(),
        // Another process was quicker.
        Err(_) if new.exists() => new.to_path_buf(),
        Err(error) => {
            log::warn!(
                "the settings stay where an older version kept them, because they can't be moved to {} ({error}): {}",
                new.display(),
                old.display()
            );
            old.to_path_buf()
        }
    }
}

/// Never replaces a file, whole or not at all. An old file that can't be removed is left, and not looked at again.
fn move_file(old: &Path, new: &Path) -> io::Result<()> {
    let folder = new.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // A link may lead somewhere only from where it stands, and whoever made it wants its target to stay.
    let is_link = fs::symlink_metadata(old)?.is_symlink();
    if is_link || fs::hard_link(old, new).is_err() {
        let mut copy = tempfile::NamedTempFile::new_in(folder)?;
        io::copy(&mut fs::File::open(old)?, &mut copy)?;
        copy.as_file().sync_all()?;
        copy.persist_noclobber(new).map_err(|error| error.error)?;
    }
    if !is_link {
        let _ = fs::remove_file(old);
    }
    Ok(())
}

/// Where a folder is from now on: `new`, to which all that stands in `old` was moved if it is not there yet; `old` where
/// that is not possible (a read-only folder, another file system: copying gigabytes is not worth it). Files in it may be
/// in use meanwhile: they keep their names.
pub(super) fn folder(old: &Path, new: &Path) -> PathBuf {
    // A link was made by the person, for whom the folder is to be where it leads.
    let is_link = fs::symlink_metadata(old).is_ok_and(|metadata| metadata.is_symlink());
    if is_link {
        return old.to_path_buf();
    }
    if old == new || !old.is_dir() {
        return new.to_path_buf();
    }
    match move_entries(old, new) {
        Ok(()) => new.to_path_buf(),
        Err(error) => {
            log::warn!(
                "kept features stay where an older version kept them, because they can't be moved to {} ({error}): {}",
                new.display(),
                old.display()
            );
            old.to_path_buf()
        }
    }
}

fn move_entries(old: &Path, new: &Path) -> io::Result<()> {
    fs::create_dir_all(new)?;
    for entry in fs::read_dir(old)? {
        let entry = entry?;
        let target = new.join(entry.file_name());
        if target.exists() {
            // Of a newer version, or moved by another process: computed again, or there already.
            continue;
        }
        match fs::rename(entry.path(), &target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound && !target.exists() => {
                return Err(error);
            }
            _ => {}
        }
    }
    // Only where nothing is left.
    let _ = fs::remove_dir(old);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_file_is_moved_once_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (
            folder.path().join("data/settings.ron"),
            folder.path().join("config/graft/settings.ron"),
        );
        assert_eq!(file(&old, &new), new);
        assert!(!new.exists());
        write(&old, "old");
        assert_eq!(file(&old, &new), new);
        assert_eq!(read(&new), "old");
        assert!(!old.exists());
        // An older version was started once more.
        write(&old, "older");
        assert_eq!(file(&old, &new), new);
        assert_eq!((read(&new), read(&old)), ("old".into(), "older".into()));
        assert_eq!(file(&new, &new), new);
    }

    #[test]
    fn where_nothing_can_be_made_the_old_one_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("data/settings.ron");
        write(&old, "old");
        // A file stands in place of the folder.
        write(&folder.path().join("config"), "");
        let new = folder.path().join("config/graft/settings.ron");
        assert_eq!(file(&old, &new), old);
        let old_cache = folder.path().join("data/cache");
        write(&old_cache.join("frozen/a"), "a");
        assert_eq!(
            super::folder(&old_cache, &folder.path().join("config/graft")),
            old_cache
        );
        assert_eq!(read(&old_cache.join("frozen/a")), "a");
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_leads_to_stays_where_the_person_put_it() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(&root.join("dotfiles/settings.ron"), "mine");
        fs::create_dir_all(root.join("data")).unwrap();
        symlink("../dotfiles/settings.ron", root.join("data/settings.ron")).unwrap();
        let new = root.join("config/graft/settings.ron");
        assert_eq!(file(&root.join("data/settings.ron"), &new), new);
        assert_eq!(read(&new), "mine");
        assert_eq!(read(&root.join("dotfiles/settings.ron")), "mine");
        fs::create_dir_all(root.join("disk")).unwrap();
        symlink("../disk", root.join("data/cache")).unwrap();
        assert_eq!(
            super::folder(&root.join("data/cache"), &root.join("c")),
            root.join("data/cache")
        );
    }

    #[test]
    fn a_folder_s_entries_join_what_is_there_and_what_is_there_twice_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (
            folder.path().join("data/cache"),
            folder.path().join("cache/graft"),
        );
        write(&old.join("frozen/a"), "a");
        write(&old.join("listings"), "old");
        write(&new.join("listings"), "new");
        write(&new.join("target/x"), "x");
        assert_eq!(super::folder(&old, &new), new);
        assert_eq!(read(&new.join("frozen/a")), "a");
        assert_eq!(
            (read(&new.join("listings")), read(&old.join("listings"))),
            ("new".into(), "old".into())
        );
        fs::remove_file(old.join("listings")).unwrap();
        assert_eq!(super::folder(&old, &new), new);
        assert!(!old.exists());
    }
}
