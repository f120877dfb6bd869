//! Where one usually goes: a person's own folders, drives, and folders that were used last.

use std::path::{Path, PathBuf};

use crate::app::ui::tokens::icon;
#[cfg(any(target_os = "linux", test))]
use crate::escapes;

/// A line at the left of the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub name: String,
    pub icon: &'static str,
    pub path: PathBuf,
    pub group: PlaceGroup,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceGroup {
    Folders,
    Drives,
    Recent,
}

impl PlaceGroup {
    pub fn title(self) -> &'static str {
        match self {
            Self::Folders => "Folders",
            Self::Drives => "Drives",
            Self::Recent => "Recent",
        }
    }
}

/// A person's home folder; the root where the system names none.
pub fn home() -> PathBuf {
    directories::BaseDirs::new()
        .map_or_else(|| PathBuf::from("/"), |dirs| dirs.home_dir().to_path_buf())
}

/// Folders of the person and drives of the machine. Asks the disk which of the person's folders are there, never a drive.
pub fn of_machine() -> Vec<Place> {
    let mut places = vec![Place {
        name: "Home".into(),
        icon: icon::HOUSE,
        path: home(),
        group: PlaceGroup::Folders,
    }];
    if let Some(dirs) = directories::UserDirs::new() {
        for (name, path) in [
            ("Desktop", dirs.desktop_dir()),
            ("Documents", dirs.document_dir()),
            ("Downloads", dirs.download_dir()),
            ("Pictures", dirs.picture_dir()),
        ] {
            let is_there = |path: &&Path| path.is_dir() && *path != dirs.home_dir();
            if let Some(path) = path.filter(is_there) {
                places.push(Place {
                    name: name.into(),
                    icon: icon::FOLDER,
                    path: path.to_path_buf(),
                    group: PlaceGroup::Folders,
                });
            }
        }
    }
    let drives = drives().into_iter().map(|path| Place {
        name: drive_name(&path),
        icon: icon::DATABASE,
        path,
        group: PlaceGroup::Drives,
    });
    places.extend(drives);
    places
}

/// Folders that were used last, newest first, each once. None of them is looked at.
pub fn recent(folders: impl IntoIterator<Item = PathBuf>) -> Vec<Place> {
    const MOST: usize = 6;
    let mut places: Vec<Place> = Vec::new();
    for path in folders {
        if places.len() < MOST && places.iter().all(|place| place.path != path) {
            places.push(Place {
                name: drive_name(&path),
                icon: icon::CLOCK_COUNTER_CLOCKWISE,
                path,
                group: PlaceGroup::Recent,
            });
        }
    }
    places
}

fn drive_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || crate::shown::path(path),
        |name| crate::shown::path(Path::new(name)),
    )
}

#[cfg(target_os = "linux")]
fn drives() -> Vec<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    mounted(&mounts)
}

#[cfg(target_os = "macos")]
fn drives() -> Vec<PathBuf> {
    let volumes = std::fs::read_dir("/Volumes").into_iter().flatten();
    let mut drives: Vec<PathBuf> = volumes.flatten().map(|volume| volume.path()).collect();
    drives.sort();
    drives
}

#[cfg(windows)]
fn drives() -> Vec<PathBuf> {
    // A letter that leads nowhere is told at once.
    ('A'..='Z')
        .map(|letter| PathBuf::from(format!("{letter}:\\")))
        .filter(|drive| drive.exists())
        .collect()
}

/// The root, and what people mount: sticks, disks and shares; not what the system mounts for itself.
#[cfg(any(target_os = "linux", test))]
fn mounted(mounts: &str) -> Vec<PathBuf> {
    let mut drives = vec![PathBuf::from("/")];
    for line in mounts.lines() {
        let Some(path) = line.split(' ').nth(1) else {
            continue;
        };
        // Spaces and other signs stand there as octal numbers.
        let path = escapes::decoded(path, b'\\', 3, 8);
        let path = PathBuf::from(String::from_utf8_lossy(&path).into_owned());
        let is_drive = ["/media/", "/mnt/", "/run/media/", "/Volumes/"]
            .iter()
            .any(|folder| path.to_str().is_some_and(|path| path.starts_with(folder)))
            || path == Path::new("/mnt");
        if is_drive && !drives.contains(&path) {
            drives.push(path);
        }
    }
    drives
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drives_are_what_people_mount() {
        let mounts = "/dev/sda1 / ext4 rw 0 0\nproc /proc proc rw 0 0\n\
                      /dev/sdb1 /media/ada/My\\040disk vfat rw 0 0\nserver:/data /mnt/data nfs rw 0 0\n\
                      tmpfs /run/user/1000 tmpfs rw 0 0\nbroken\n";
        let expected = ["/", "/media/ada/My disk", "/mnt/data"].map(PathBuf::from);
        assert_eq!(mounted(mounts), expected);
    }

    #[test]
    fn each_recent_folder_stands_once() {
        let folders = ["/a/cats", "/b/dogs", "/a/cats"].map(PathBuf::from);
        let places = recent(folders);
        let names: Vec<&str> = places.iter().map(|place| place.name.as_str()).collect();
        assert_eq!(names, ["cats", "dogs"]);
    }

    #[test]
    fn home_comes_first() {
        let places = of_machine();
        assert_eq!(places[0].path, home());
        assert!(places.iter().any(|place| place.group == PlaceGroup::Drives));
    }
}
