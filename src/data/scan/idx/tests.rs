use super::*;

#[test]
fn names_tell_set_part_and_kind() {
    let told = |name: &str| {
        named(name).map(|named| (named.set, named.split, named.is_labels, named.is_gzipped))
    };
    let train = Split::Train;
    assert_eq!(
        told("train-images-idx3-ubyte"),
        Some((String::new(), train, false, false))
    );
    assert_eq!(
        told("t10k-labels.idx1-ubyte.gz"),
        Some((String::new(), Split::Test, true, true))
    );
    assert_eq!(
        told("emnist-balanced-test-images-idx3-ubyte"),
        Some(("emnist-balanced".into(), Split::Test, false, false))
    );
    for other in [
        "images-idx3-ubyte",
        "train-images.png",
        "train",
        "labels.csv",
    ] {
        assert_eq!(told(other), None, "{other}");
    }
}

#[test]
fn a_mapping_that_is_none_names_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.txt");
    let read = |text: &str| {
        std::fs::write(&file, text).unwrap();
        mapping(&file).into_iter().collect::<Vec<_>>()
    };
    assert_eq!(
        read("1 65 97\n10 66\n"),
        [(1, "A".to_owned()), (10, "B".to_owned())]
    );
    for text in ["a b\n", "1 65\n2 65\n", "-1 65\n", "1 99999999\n", ""] {
        assert_eq!(read(text), [], "{text}");
    }
}
