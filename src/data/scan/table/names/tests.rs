use super::*;

#[test]
fn names_tell_labels_from_the_rest() {
    for (expect, names) in [
        (
            LabelName::LabelsName,
            "label_name|className|category name|class_text|ClassName|labelname",
        ),
        (
            LabelName::Label,
            "label|Labels|CLASS|dx|y|species|Klasse|étiquette|Categoría|类别|ラベル|diagnosis|ground_truth",
        ),
        (
            LabelName::Contains,
            "ClassId|image_label|Finding Labels|label_id|dx_type|main_category|target_class",
        ),
        (LabelName::Maybe, "type|level|failureType|name"),
        (LabelName::Silent, "foo|mono||colour"),
        (
            LabelName::Other,
            "age|sex|score|label_score|Width|patient_id|localization|probability|class_probability|Date",
        ),
    ] {
        for name in names.split('|') {
            assert_eq!(label_name(name), expect, "{name}");
        }
    }
    assert!(is_path_name("image_id") && is_path_name("Image Index") && !is_path_name("label"));
    assert!(
        is_split_name("split")
            && is_split_name("Usage")
            && is_split_name("is_valid")
            && !is_split_name("label")
    );
    assert!(is_flag_of_split("valid").is_none() && is_flag_of_split("is_valid").is_some());
    assert!(is_fold_name("kfold") && is_fold_name("cv_fold") && !is_fold_name("scaffold"));
}
