use super::*;
use crate::analysis::evaluate::open_classifier;
use crate::analysis::evaluate::tests::finished_run;
use crate::evaluation::novelty::USUAL_RATE;
use crate::runs::atomic;

fn opened(folder: &Path) -> Result<(NoveltyReference, Vec<(usize, usize)>), RunError> {
    let classifier = open_classifier(folder, tch::Device::Cpu)?;
    let mut heard = Vec::new();
    let mut progress = |done, total| heard.push((done, total));
    let found = open(folder, &classifier, &mut progress, &StopFlag::default())?;
    Ok((found, heard))
}

fn file(folder: &Path) -> std::path::PathBuf {
    folder.join(novelty::FILE)
}

/// The same but for the last bits of what another batch computes.
fn check_alike(found: &NoveltyReference, expected: &NoveltyReference) {
    assert_eq!(found.training_pictures, expected.training_pictures);
    for (found, expected) in [
        (&found.validation, &expected.validation),
        (&found.test, &expected.test),
    ] {
        assert_eq!(found.names, expected.names);
        for (found, expected) in found.values.iter().zip(&expected.values) {
            assert!((found - expected).abs() < 1e-3, "{found} {expected}");
        }
    }
}

#[test]
fn a_training_keeps_what_a_run_without_it_works_out_again() {
    let root = tempfile::tempdir().unwrap();
    let folder = finished_run(root.path());
    let (kept, heard) = opened(&folder).unwrap();
    assert!(heard.is_empty(), "it was read from the run's folder");
    assert_eq!((kept.index.len(), kept.training_pictures), (9, 9));
    assert_eq!((kept.validation.names.len(), kept.test.names.len()), (3, 4));
    let log = std::fs::read_to_string(folder.join(files::LOG)).unwrap();
    assert!(
        log.contains("None of these: features of 9 training pictures; beyond a distance of ")
            && log.contains(", by 3 validation pictures and false alarms of 1 in 4 ("),
        "{log}"
    );

    // An older run has none.
    std::fs::remove_file(file(&folder)).unwrap();
    assert_eq!(stored(&folder), None);
    let (again, heard) = opened(&folder).unwrap();
    assert_eq!(heard.last(), Some(&(16, 16)));
    check_alike(&again, &kept);
    assert_eq!(stored(&folder), Some(again.clone()), "kept for next time");

    // A damaged one is worked out anew and replaced.
    let bytes = std::fs::read(file(&folder)).unwrap();
    atomic::write(&file(&folder), &bytes[..bytes.len() / 2]).unwrap();
    assert!(
        matches!(novelty::read(&folder), Ok(Kept::Damaged(reason)) if reason.contains("damaged"))
    );
    check_alike(&opened(&folder).unwrap().0, &kept);
    assert!(stored(&folder).is_some());

    // And so is one of other weights.
    let other = again.to_bytes("of other weights").unwrap();
    atomic::write(&file(&folder), &other).unwrap();
    assert!(matches!(novelty::read(&folder), Ok(Kept::Stale)));
    check_alike(&opened(&folder).unwrap().0, &kept);
}

#[test]
fn a_run_that_was_moved_from_its_pictures_keeps_it_and_one_without_says_why() {
    let root = tempfile::tempdir().unwrap();
    let folder = finished_run(root.path());
    let moved = root.path().join("moved");
    std::fs::rename(&folder, &moved).unwrap();
    std::fs::remove_dir_all(root.path().join("pictures")).unwrap();
    let (kept, _) = opened(&moved).unwrap();
    assert!(kept.limit(USUAL_RATE).is_ok());
    std::fs::remove_file(file(&moved)).unwrap();
    let error = opened(&moved).unwrap_err().to_string();
    assert!(
        error.contains("did not keep what that takes") && error.contains("takes its pictures"),
        "{error}"
    );
}

#[test]
fn others_are_further_away_than_the_runs_own() {
    let root = tempfile::tempdir().unwrap();
    let folder = finished_run(root.path());
    let (kept, _) = opened(&folder).unwrap();
    let strange = root.path().join("strange");
    std::fs::create_dir(&strange).unwrap();
    for index in 0..6u32 {
        let picture = image::RgbImage::from_fn(36, 32, |x, y| {
            let value = (x * 97 + y * 57 + index * 31).wrapping_mul(2_654_435_761) >> 24;
            image::Rgb([value as u8, 255 - value as u8, (value * 7 % 256) as u8])
        });
        picture.save(strange.join(format!("{index}.png"))).unwrap();
    }
    std::fs::write(strange.join("broken.png"), "no picture").unwrap();
    let classifier = open_classifier(&folder, tch::Device::Cpu).unwrap();
    let found = others(
        &kept,
        &classifier,
        &strange,
        &mut |_, _| {},
        &StopFlag::default(),
    )
    .unwrap();
    assert_eq!((found.distances.len(), found.probabilities.len()), (6, 6));
    assert_eq!(found.problems.len(), 1);
    let limit = kept.limit(0.2).unwrap();
    assert_eq!(limit.refused(&found.distances).value, 1.0, "{found:?}");
    let area = crate::evaluation::novelty::roc_area(&kept.test.values, &found.distances);
    assert_eq!(area.unwrap().value, 1.0);
}
