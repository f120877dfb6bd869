//! Locks and marks of a sweep.

use super::*;

#[test]
fn a_cell_has_one_worker_and_its_tries_are_counted() {
    let out = tempfile::tempdir().unwrap();
    let folder = SweepFolder::new(out.path());
    folder.prepare().unwrap();
    assert!(!folder.is_locked("a"));
    let mut held = folder.lock("a").unwrap().unwrap();
    assert!(folder.is_locked("a"));
    assert!(folder.lock("a").unwrap().is_none());
    assert!(folder.lock("b").unwrap().is_some());
    assert_eq!((held.begin(), held.begin()), (0, 1));
    drop(held);
    assert_eq!((folder.tries("a"), folder.tries("b")), (2, 0));
    assert!(folder.lock("a").unwrap().is_some());
}

#[test]
fn shared_features_are_computed_by_one_until_they_are_done() {
    let out = tempfile::tempdir().unwrap();
    let folder = SweepFolder::new(out.path());
    folder.prepare().unwrap();
    assert!(matches!(folder.claim(None).unwrap(), Claim::Free));
    let Claim::Held(first) = folder.claim(Some("k")).unwrap() else {
        panic!("nobody has it");
    };
    assert!(matches!(folder.claim(Some("k")).unwrap(), Claim::Taken));
    // It died on the way.
    drop(first);
    let Claim::Held(second) = folder.claim(Some("k")).unwrap() else {
        panic!("nobody has it any more");
    };
    second.done();
    assert!(matches!(folder.claim(Some("k")).unwrap(), Claim::Free));
}

#[test]
fn a_half_made_folder_goes_and_a_person_s_files_stay() {
    let out = tempfile::tempdir().unwrap();
    let folder = SweepFolder::new(out.path());
    folder.remove_half_made("a").unwrap();
    let run = out.path().join("a");
    fs::create_dir(&run).unwrap();
    fs::write(run.join(files::PRESET), "x").unwrap();
    fs::write(run.join(".writing-1"), "x").unwrap();
    folder.remove_half_made("a").unwrap();
    assert!(!run.exists());
    fs::create_dir(&run).unwrap();
    fs::write(run.join("thesis.tex"), "x").unwrap();
    assert!(folder.remove_half_made("a").is_err());
    fs::remove_file(run.join("thesis.tex")).unwrap();
    fs::write(run.join(files::SUMMARY), "x").unwrap();
    assert!(folder.remove_half_made("a").is_err());
}

#[test]
fn a_failure_is_kept_until_it_is_cleared() {
    let out = tempfile::tempdir().unwrap();
    let folder = SweepFolder::new(out.path());
    folder.prepare().unwrap();
    assert_eq!(folder.failure("a"), None);
    folder.set_failure("a", "no such pictures").unwrap();
    assert_eq!(folder.failure("a").as_deref(), Some("no such pictures"));
    folder.clear_failure("a").unwrap();
    folder.clear_failure("a").unwrap();
    assert_eq!(folder.failure("a"), None);
}
