use super::*;

#[test]
fn names_of_arrays_tell_role_and_part() {
    use Role::{Images, Labels, Names};
    for (name, expected) in [
        ("train_images", Some((Images, Some(Split::Train)))),
        ("val_labels", Some((Labels, Some(Split::Validation)))),
        ("x_test", Some((Images, Some(Split::Test)))),
        ("Y_TRAIN", Some((Labels, Some(Split::Train)))),
        ("images", Some((Images, None))),
        ("label", Some((Labels, None))),
        ("class_names", Some((Names, None))),
        ("arr_0", None),
        ("train", None),
        ("train_images_masks", None),
        ("x_y", None),
    ] {
        assert_eq!(role(name), expected, "{name}");
    }
}
