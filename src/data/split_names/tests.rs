use super::*;

#[test]
fn what_people_call_their_splits_is_understood() {
    for (word, names) in [
        (
            SplitWord::Train,
            "train|Training|TRAIN|trn|tr|training_set|Training Data|train_images|train2017|seg_train|imgs_train|\
             trainset|TrainImages|trainval|01-train|train.set|train_|the training pictures|imagesTr|traindata|train (1)|\
             train_augmented|entrenamiento|Entra\u{ee}nement|Entrai\u{302}nement|apprentissage|treino|Trainingsdaten|\
             Datos de entrenamiento|обучение|训练集|训练数据集|学習データ",
        ),
        (
            SplitWord::Validation,
            "val|valid|Validation|dev|val_set|validation_data|val2017|valset|development set|ValidationImages|vali|val_clean|\
             validación|validac\u{327}a\u{303}o|Validierungsdaten|验证集",
        ),
        (
            SplitWord::Test,
            "test|Testing|tst|test_set|test-images|seg_test|testset|test-dev2017|imagesTs|Test Data|tests|test.1|prueba|teste|\
             Testdaten|测试集|テスト|테스트",
        ),
        (
            SplitWord::Evaluation,
            "eval|evaluation|holdout|hold-out|hold_out|HoldOut|eval_set|held out data",
        ),
        (
            SplitWord::Unlabelled,
            "seg_pred|pred|unlabeled|unlabelled_images|predictions",
        ),
    ] {
        for name in names.split('|') {
            assert_eq!(split_word(name), Some(word), "{name}");
        }
    }
}

#[test]
fn names_of_classes_are_no_splits() {
    for name in "trainers|testudo|valley|deviled_eggs|devil|valid_no|invalid|latest|contest|protest|attest|strain|\
                 restrained|values|tested|trained|cat|0|class_1|images|evaluations_of_cats|truck|tree|terrier|test_tube|\
                 train_station|eve|interval|oval|detest|detraining|tri|vale|développement|"
        .split('|')
    {
        assert_eq!(split_word(name), None, "{name}");
    }
    // Two parts at once are none.
    assert_eq!(split_word("train_test"), None);
}

#[test]
fn the_rest_of_a_name_is_told() {
    let name = split_name("Flowers_train-2").unwrap();
    assert_eq!(
        (name.word, name.rest.as_str()),
        (SplitWord::Train, "flowers")
    );
    assert!(split_name("tr").unwrap().is_weak && !split_name("imagesTr").unwrap().is_weak);
    assert!(
        is_uninformative("images_part_1") && !is_uninformative("cats") && !is_uninformative("12")
    );
}

#[test]
fn an_evaluation_is_the_test_unless_there_is_one() {
    use SplitWord::{Evaluation, Test, Train, Unlabelled, Validation};
    assert_eq!(
        assign(&[Train, Evaluation]),
        [Some(Split::Train), Some(Split::Test)]
    );
    assert_eq!(
        assign(&[Train, Evaluation, Test, Unlabelled]),
        [
            Some(Split::Train),
            Some(Split::Validation),
            Some(Split::Test),
            None
        ]
    );
    assert_eq!(
        assign(&[Train, Validation, Evaluation]),
        [
            Some(Split::Train),
            Some(Split::Validation),
            Some(Split::Test)
        ]
    );
}
