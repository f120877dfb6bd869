use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::data::StopFlag;
use crate::prediction::{Assigned, Picture};

/// Every file and link below a folder but the record, with what it holds.
fn below(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if path.file_name() != Some(RECORD.as_ref()) {
                let name = path.strip_prefix(root).unwrap().to_path_buf();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn names(root: &Path) -> Vec<String> {
    let names = below(root).into_keys();
    names.map(|name| name.display().to_string()).collect()
}

/// A folder with pictures in two folders, and one to place them in.
struct Fixture {
    folder: tempfile::TempDir,
    root: PathBuf,
    pictures: Vec<Picture>,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut pictures = Vec::new();
        for name in ["a/1.png", "a/2.png", "b/1.png", "b/3.png"] {
            let path = folder.path().join("photos").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, name).unwrap();
            pictures.push(Picture::file(path));
        }
        Self {
            root: folder.path().join("sorted"),
            folder,
            pictures,
        }
    }

    fn placer(&self, way: Way) -> Placer {
        let classes = ["cat", "dog"].map(str::to_owned);
        let read = [self.folder.path().join("photos")];
        Placer::open(&self.root, way, &classes, &read).unwrap()
    }

    /// Places the pictures as those of these classes.
    fn place(&self, way: Way, classes: [u32; 4]) -> (Plan, Placed) {
        let mut placer = self.placer(way);
        let classes = classes.map(Assigned::Class);
        let plan = placer.plan(std::iter::zip(&self.pictures, classes));
        let placed = placer
            .carry_out(&plan, &StopFlag::default(), &mut |_| {})
            .unwrap();
        (plan, placed)
    }

    fn undo(&self) -> Undone {
        let would = undoable(&self.root).unwrap();
        let undone = undo(&self.root, &StopFlag::default(), &mut |_, _| {}).unwrap();
        assert_eq!(would.removed, undone.removed);
        undone
    }
}

#[test]
fn pictures_come_into_folders_and_go_again() {
    for way in [Way::Copy, Way::Link] {
        let fixture = Fixture::new();
        let (plan, placed) = fixture.place(way, [0, 0, 0, 1]);
        assert_eq!(plan.counts, [("cat".to_owned(), 3), ("dog".to_owned(), 1)]);
        assert_eq!((placed.placed, placed.failed.len()), (4, 0));
        let found = below(&fixture.root);
        let expected = [
            ("cat/1 (2).png", "b/1.png"),
            ("cat/1.png", "a/1.png"),
            ("cat/2.png", "a/2.png"),
            ("dog/3.png", "b/3.png"),
        ];
        let expected: BTreeMap<PathBuf, Vec<u8>> = expected
            .map(|(name, holds)| (name.into(), holds.as_bytes().to_vec()))
            .into();
        assert_eq!(found, expected);
        assert_eq!(
            fixture.root.join("cat/1.png").is_symlink(),
            way == Way::Link
        );
        // Once more, nothing is to be done.
        let (plan, placed) = fixture.place(way, [0, 0, 0, 1]);
        assert_eq!((plan.stays, placed.placed), (4, 0));
        assert_eq!(below(&fixture.root), expected);
        assert_eq!(fixture.undo().removed, 4);
        assert!(!fixture.root.exists());
        assert_eq!(below(&fixture.folder.path().join("photos")).len(), 4);
        assert!(undo(&fixture.root, &StopFlag::default(), &mut |_, _| {}).is_err());
    }
}

#[test]
fn what_is_a_persons_own_stays_in_any_case() {
    let fixture = Fixture::new();
    fs::create_dir_all(fixture.root.join("cat")).unwrap();
    fs::write(fixture.root.join("cat/1.png"), "mine").unwrap();
    fixture.place(Way::Copy, [0, 0, 1, 1]);
    assert_eq!(
        names(&fixture.root),
        [
            "cat/1 (2).png",
            "cat/1.png",
            "cat/2.png",
            "dog/1.png",
            "dog/3.png"
        ]
    );
    // One was edited, one has gone, one is another file by now, and a new one lies beside them.
    fs::write(fixture.root.join("cat/2.png"), "edited").unwrap();
    fs::remove_file(fixture.root.join("dog/3.png")).unwrap();
    fs::write(fixture.root.join("dog/new.png"), "new").unwrap();
    let undone = fixture.undo();
    assert_eq!(
        (undone.removed, undone.changed.len(), undone.gone),
        (2, 1, 1)
    );
    assert!(undone.changed[0].path.ends_with("cat/2.png"));
    let left = ["cat/1.png", "cat/2.png", "dog/new.png"];
    assert_eq!(names(&fixture.root), left);
    // What was edited is still known as what was placed.
    let undone = fixture.undo();
    assert_eq!((undone.removed, undone.changed.len()), (0, 1));
    assert_eq!(names(&fixture.root), left);
}

#[test]
fn a_picture_with_another_class_changes_its_folder() {
    for way in [Way::Copy, Way::Link] {
        let fixture = Fixture::new();
        fixture.place(way, [0, 0, 1, 1]);
        fs::write(fixture.pictures[3].source.path(), "another picture").unwrap();
        let (_, placed) = fixture.place(way, [1, 0, 1, 1]);
        let copied_anew = usize::from(way == Way::Copy);
        assert_eq!(placed.moved, 1 + copied_anew);
        let found = below(&fixture.root);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found.values().any(|holds| holds == b"another picture"));
        assert!(found.contains_key(Path::new("dog/1 (2).png")));
        assert!(!found.contains_key(Path::new("cat/1.png")));
        assert_eq!(fixture.undo().removed, 4);
        assert!(!fixture.root.exists());
    }
}

#[test]
fn a_folder_that_is_read_is_none_to_place_pictures_in() {
    let fixture = Fixture::new();
    let open = |root: &Path| {
        let read = [fixture.folder.path().join("photos")];
        Placer::open(root, Way::Copy, &["cat".to_owned()], &read)
    };
    let photos = fixture.folder.path().join("photos");
    for root in [
        photos.clone(),
        photos.join("sorted"),
        photos.join("../photos/x"),
        fixture.folder.path().to_path_buf(),
    ] {
        let error = open(&root).unwrap_err().to_string();
        assert!(error.contains("would be read again"), "{error}");
    }
    assert!(open(&fixture.root).is_ok());
    let file = fixture.folder.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(open(&file).unwrap_err().to_string().contains("no folder"));
    assert!(!fixture.root.exists(), "a plan makes nothing");
}

#[cfg(unix)]
#[test]
fn a_class_folder_that_is_a_link_is_not_followed() {
    let fixture = Fixture::new();
    let elsewhere = fixture.folder.path().join("elsewhere");
    fs::create_dir_all(&elsewhere).unwrap();
    fs::create_dir_all(&fixture.root).unwrap();
    std::os::unix::fs::symlink(&elsewhere, fixture.root.join("cat")).unwrap();
    let mut placer = fixture.placer(Way::Copy);
    let plan = placer.plan([(&fixture.pictures[0], Assigned::Class(0))]);
    let stop = StopFlag::default();
    assert!(placer.carry_out(&plan, &stop, &mut |_| {}).is_err());
    assert!(below(&elsewhere).is_empty());
    drop(placer);
    // Nor when something placed is looked for behind one.
    fs::remove_file(fixture.root.join("cat")).unwrap();
    fixture.place(Way::Copy, [0, 0, 0, 0]);
    fs::rename(fixture.root.join("cat"), elsewhere.join("cat")).unwrap();
    std::os::unix::fs::symlink(elsewhere.join("cat"), fixture.root.join("cat")).unwrap();
    assert_eq!(fixture.undo().removed, 0);
    assert_eq!(below(&elsewhere).len(), 4);
}

#[test]
fn a_stop_leaves_what_stands_and_it_can_be_undone() {
    let fixture = Fixture::new();
    let mut placer = fixture.placer(Way::Copy);
    let classes = [Assigned::Class(0); 4];
    let plan = placer.plan(std::iter::zip(&fixture.pictures, classes));
    let stop = StopFlag::default();
    let placed = placer
        .carry_out(&plan, &stop, &mut |done| {
            if done == 2 {
                stop.stop();
            }
        })
        .unwrap();
    assert!(placed.is_stopped && placed.placed == 2);
    drop(placer);
    assert_eq!(fixture.undo().removed, 2);
    assert!(!fixture.root.exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_two_pictures_get_one_name_and_none_leaves_the_folder(
        files in prop::collection::vec(("[a-c]", "[aA1]( \\([23]\\))?", "(\\.png|\\.PNG|)"), 1..30),
        classes in prop::collection::vec("[ab/.]{0,3}", 1..4),
        assigned in prop::collection::vec(0u32..6, 30),
        present in prop::collection::vec("[aA1]( \\(2\\))?(\\.png)?", 0..4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("sorted");
        let placer = Placer::open(&root, Way::Copy, &classes, &[]).unwrap();
        let names = FolderNames::new(&classes);
        for name in names.all() {
            fs::create_dir_all(root.join(name)).unwrap();
            for file in &present {
                fs::write(root.join(name).join(file), "there").unwrap();
            }
        }
        let pictures: Vec<Picture> = files
            .iter()
            .map(|(below, stem, ending)| Picture::file(folder.path().join(below).join(format!("{stem}{ending}"))))
            .collect();
        let assign = |number: u32| match number {
            4 => Assigned::Undecided,
            5 => Assigned::NoneOfThese,
            class => Assigned::Class(class),
        };
        let plan = placer.plan(pictures.iter().zip(assigned.iter().copied().map(assign)));
        let distinct: HashSet<&Path> = pictures.iter().map(Picture::name).collect();
        prop_assert_eq!(plan.steps.len(), distinct.len());
        let mut taken = HashSet::new();
        for step in &plan.steps {
            let to = Path::new(&step.folder).join(&step.name);
            let parts: Vec<_> = to.components().collect();
            prop_assert!(matches!(parts[..], [Component::Normal(_), Component::Normal(_)]), "{:?}", to);
            prop_assert!(root.join(&to).symlink_metadata().is_err(), "{:?} is there", to);
            prop_assert!(taken.insert(to.to_string_lossy().to_lowercase()), "{:?} twice", to);
        }
        let counted: usize = plan.counts.iter().map(|(_, count)| count).sum();
        prop_assert_eq!(counted, distinct.len());
    }
}

#[test]
fn a_folder_among_the_pictures_that_a_run_learned_from_is_told() {
    let root = tempfile::tempdir().unwrap();
    let run = crate::analysis::evaluate::tests::finished_run(root.path());
    let pictures = root.path().join("pictures");
    for within in [pictures.clone(), pictures.join("bright/more")] {
        assert_eq!(learned_from(&within, &run), Some(pictures.clone()));
    }
    assert_eq!(learned_from(&root.path().join("sorted"), &run), None);
}
