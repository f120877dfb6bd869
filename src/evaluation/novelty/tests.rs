use std::io::{self, Cursor, Read, Seek, SeekFrom};

use proptest::prelude::*;

use super::*;
use crate::evaluation::neighbours::FeatureIndex;

fn reference(rows: &[(&str, [f32; 3])], validation: &[f32], test: &[f32]) -> NoveltyReference {
    let mut index = FeatureIndex::default();
    for (name, row) in rows {
        index.add(name, row);
    }
    let distances = |split: &str, values: &[f32]| Distances {
        names: (0..values.len())
            .map(|number| format!("{split}/{number}"))
            .collect(),
        values: values.to_vec(),
    };
    NoveltyReference {
        training_pictures: rows.len(),
        index: index.rounded(),
        validation: distances("validation", validation),
        test: distances("test", test),
    }
}

#[test]
fn the_threshold_is_the_validation_distance_that_the_rate_asks_for() {
    let distances: Vec<f32> = (1..=99).map(|number| number as f32 / 100.0).collect();
    // Of 99, one in a hundred is beyond the greatest, and one in ten beyond the 90th.
    for (rate, threshold) in [(0.01, 0.99), (0.1, 0.9), (0.5, 0.5)] {
        let limit = NoveltyLimit::new(&distances, rate).unwrap();
        assert_eq!((limit.threshold, limit.rate), (threshold, rate));
        assert_eq!(limit.remark(), None);
    }
    assert!(
        !NoveltyLimit::new(&distances, 0.01)
            .unwrap()
            .of(0.99)
            .is_none_of_these()
    );
    assert_eq!(NoveltyLimit::new(&[], 0.01), None);
}

#[test]
fn too_few_validation_pictures_state_the_least_rate_that_they_can() {
    let limit = NoveltyLimit::new(&[0.3, 0.1, 0.2, 0.4], 0.01).unwrap();
    assert_eq!((limit.threshold, limit.rate), (0.4, 0.2));
    assert_eq!(
        limit.remark().unwrap(),
        "About 1 in 5 of your own pictures may wrongly be called none of these. To hold it to 1 in 100, the run would need 99 \
         validation pictures; it has 4."
    );
    assert_eq!(
        limit.of(0.61).sentence(),
        "Unlike the training pictures (distance 0.610; 1 in 5 of your own are beyond 0.400)"
    );
    assert!(limit.of(f32::NAN).is_none_of_these());
}

#[test]
fn small_distances_keep_their_digits() {
    for (distance, text) in [
        (0.52f32, "0.520"),
        (1.25, "1.250"),
        (0.0123, "0.0123"),
        (0.000_045_6, "0.0000456"),
        (0.0, "0"),
        (1.2e-7, "0"),
    ] {
        assert_eq!(distance_text(distance), text);
    }
}

#[test]
fn rates_are_told_as_one_in_so_many() {
    assert_eq!(rate_text(0.01), "1 in 100");
    assert_eq!(rate_text(1.0 / 21.0), "1 in 21");
    assert_eq!(rate_text(0.0003), "0.03 %");
    assert_eq!(rate_text(0.03), "3 %");
    for (rate, is_right) in [
        (0.01, true),
        (0.5, true),
        (0.0, false),
        (-1.0, false),
        (0.6, false),
        (f64::NAN, false),
    ] {
        assert_eq!(check_rate(rate).is_ok(), is_right, "{rate}");
    }
}

#[test]
fn a_file_gives_back_what_was_kept_and_damage_is_told() {
    let kept = reference(
        &[("a/ä.png", [3.0, 4.0, 0.0]), ("b.png", [0.0, 1.0, 2.0])],
        &[0.1, 0.2],
        &[0.3],
    );
    let bytes = kept.to_bytes("abc").unwrap();
    let open = |bytes: &[u8]| NoveltyFile::open(Cursor::new(bytes.to_vec()));
    let read = |bytes: &[u8]| open(bytes)?.reference();
    assert_eq!(open(&bytes).unwrap().checkpoint().unwrap(), "abc");
    assert_eq!(read(&bytes).unwrap(), kept);
    let known = open(&bytes).unwrap().known().unwrap();
    assert_eq!(known, kept.known());
    assert_eq!((known.kept_pictures, known.validation_pictures()), (2, 2));
    assert_eq!(known.distance("validation/1"), Some(0.2));
    assert_eq!(known.distance("a/ä.png"), None);
    assert_eq!(known.limit(0.4), kept.limit(0.4).ok());
    assert_eq!(
        known.refused(&known.limit(0.4).unwrap()).unwrap().value,
        1.0
    );
    for cut in [0, 7, 8, bytes.len() / 2, bytes.len() - 1] {
        let reason = read(&bytes[..cut]).unwrap_err();
        assert!(reason.starts_with("it is damaged"), "{reason}");
    }
    let mut later = kept.to_bytes("abc").unwrap();
    let at = later
        .windows(13)
        .position(|some| some == b"\"version\":\"1\"")
        .unwrap();
    later[at + 11] = b'2';
    assert_eq!(
        read(&later).unwrap_err(),
        "another version of Graft wrote it"
    );
    let other = FeatureIndex::default().to_bytes().unwrap();
    assert!(read(&other).is_err());
}

/// A file that says how much of it was read.
struct Counted {
    bytes: Cursor<Vec<u8>>,
    read: usize,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(into)?;
        self.read += read;
        Ok(read)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

#[test]
fn what_is_asked_without_the_features_is_answered_without_reading_them() {
    let mut kept = reference(&[("a.png", [1.0, 0.0, 0.0])], &[0.1, 0.2], &[0.3]);
    let mut wide = FeatureIndex::default();
    wide.add("a.png", &vec![0.5; 100_000]);
    kept.index = wide.rounded();
    let mut counted = Counted {
        bytes: Cursor::new(kept.to_bytes("abc").unwrap()),
        read: 0,
    };
    let known = NoveltyFile::open(&mut counted).unwrap().known().unwrap();
    assert_eq!(known, kept.known());
    assert!(counted.read < 2_000, "{}", counted.read);
    let whole = NoveltyFile::open(&mut counted).unwrap().reference();
    assert_eq!(whole.unwrap().index.width(), 100_000);
    assert!(counted.read > 200_000);
}

#[test]
fn equal_references_have_equal_files() {
    let of = || reference(&[("a.png", [1.0, 0.0, 0.0])], &[0.1, 0.2], &[0.3]);
    let bytes = of().to_bytes("abc").unwrap();
    // Pairs in the order of a hash map would be equal once in thousands.
    for _ in 0..10 {
        assert_eq!(of().to_bytes("abc").unwrap(), bytes);
    }
}

proptest! {
    /// Whatever a stranger's file says, it is refused in words or read.
    #[test]
    fn damage_never_ends_the_program(at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let kept = reference(&[("a", [1.0, 0.0, 0.0])], &[0.1, 0.2], &[0.3]);
        let mut bytes = kept.to_bytes("abc").unwrap();
        let index = at.index(bytes.len());
        bytes[index] = to;
        bytes.truncate(bytes.len() - cut.index(bytes.len()) * usize::from(to % 2 == 0));
        if let Ok(mut file) = NoveltyFile::open(Cursor::new(bytes)) {
            let _ = (file.checkpoint().map(str::to_owned), file.known(), file.reference());
        }
    }
}

#[test]
fn a_description_holds_threshold_rate_and_counts() {
    let kept = reference(&[("a", [1.0, 0.0, 0.0])], &[0.1, 0.2, 0.3], &[0.05, 0.5]);
    let limit = kept.limit(0.25).unwrap();
    let lines = kept.known().description(&limit);
    assert_eq!(lines["novelty.threshold"], "0.3");
    assert_eq!(lines["novelty.false_alarm_rate"], "0.25");
    assert_eq!(lines["novelty.refused_on_test"], "0.5");
    assert_eq!(lines["novelty.training_pictures"], "1");
    let silent = reference(&[("a", [1.0, 0.0, 0.0])], &[], &[]);
    assert!(silent.limit(0.01).unwrap_err().contains("no validation"));
}

#[test]
fn areas_count_ties_half() {
    let area = |own: &[f32], other: &[f32]| roc_area(own, other).map(|score| score.value);
    assert_eq!(area(&[0.1, 0.2], &[0.3, 0.4]), Some(1.0));
    assert_eq!(area(&[0.3], &[0.3]), Some(0.5));
    // Of six pairs, three are right and one is a tie.
    assert_eq!(area(&[0.1, 0.3, 0.5], &[0.3, 0.4]), Some(3.5 / 6.0));
    assert_eq!(area(&[], &[0.3]), None);
    assert_eq!(area(&[0.3], &[]), None);
}

proptest! {
    /// The promise: whatever the distances, among n + 1 pictures of one kind at most a share `rate` would be refused, were each
    /// of them in turn the further one.
    #[test]
    fn no_more_than_the_stated_share_is_refused(
        distances in prop::collection::vec(0.0f32..2.0, 2..80),
        rate in 0.005f64..0.5,
    ) {
        let refused = (0..distances.len()).filter(|&left_out| {
            let mut others = distances.clone();
            let further = others.remove(left_out);
            NoveltyLimit::new(&others, rate).unwrap().of(further).is_none_of_these()
        });
        let limit = NoveltyLimit::new(&distances[1..], rate).unwrap();
        let share = refused.count() as f64 / distances.len() as f64;
        prop_assert!(share <= limit.rate + 1e-9, "{share} {}", limit.rate);
        // And not far fewer, where no two are alike: closer ones count as equal.
        let mut sorted = distances.clone();
        sorted.sort_by(f32::total_cmp);
        if sorted.windows(2).all(|pair| pair[0] + 2e-5 < pair[1]) {
            prop_assert!(share > limit.rate - 1.0 / distances.len() as f64 - 1e-9);
        }
    }

    #[test]
    fn an_area_is_the_share_of_pairs(
        own in prop::collection::vec(0u8..20, 1..30),
        other in prop::collection::vec(0u8..20, 1..30),
    ) {
        let scores = |all: &[u8]| all.iter().map(|&one| f32::from(one)).collect::<Vec<_>>();
        let found = roc_area(&scores(&own), &scores(&other)).unwrap().value;
        let pairs = own.iter().flat_map(|a| other.iter().map(move |b| match b.cmp(a) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        }));
        let expected = pairs.sum::<f64>() / (own.len() * other.len()) as f64;
        prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    #[test]
    fn a_draw_takes_as_many_of_each_class_as_it_can(
        labels in prop::collection::vec(0u32..5, 1..200),
        most in 1usize..100,
        seed in any::<u64>(),
    ) {
        let taken = drawn(&labels, most, seed);
        prop_assert_eq!(taken.len(), most.min(labels.len()));
        prop_assert!(taken.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(&taken, &drawn(&labels, most, seed));
        let count = |of: &mut dyn Iterator<Item = u32>| {
            of.fold([0usize; 5], |mut counts, label| { counts[label as usize] += 1; counts })
        };
        let all = count(&mut labels.iter().copied());
        let some = count(&mut taken.iter().map(|&at| labels[at]));
        let most_of_a_class = some.iter().max().copied().unwrap_or(0);
        for (all, some) in all.into_iter().zip(some) {
            // A class with fewer than the others has given all that it has.
            prop_assert!(some + 1 >= most_of_a_class || some == all);
        }
    }
}
