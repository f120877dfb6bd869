use safetensors::tensor::Dtype;
use sha2::{Digest, Sha256};
use tch::{Kind, Tensor};

use super::*;
use crate::data::{Picture, PictureSource};
use crate::evaluation::{Prediction, Predictions};

fn epoch(epoch: u32, validation: Option<f64>) -> EpochMetrics {
    EpochMetrics {
        epoch,
        phase: 0,
        learning_rate: 1e-3,
        train_loss: 0.1 + 0.2,
        train_accuracy: 0.5,
        validation_loss: validation,
        validation_accuracy: validation,
        validation_macro_f1: validation,
        seconds: 1.5,
    }
}

#[test]
fn metrics_come_back_as_they_were() {
    let epochs = vec![epoch(1, Some(1.0 / 3.0)), epoch(2, None)];
    let bytes = metrics(&epochs).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_eq!(text.lines().next().unwrap(), METRICS_COLUMNS.join(","));
    assert_eq!(
        text.lines().nth(2).unwrap(),
        "2,0,0.001,0.30000000000000004,0.5,,,,1.5"
    );
    assert_eq!(parse_metrics(&bytes, Path::new(METRICS)).unwrap(), epochs);
    let none = metrics(&[]).unwrap();
    assert_eq!(
        String::from_utf8(none.clone()).unwrap(),
        METRICS_COLUMNS.join(",") + "\n"
    );
    assert!(parse_metrics(&none, Path::new(METRICS)).unwrap().is_empty());
}

#[test]
fn movement_comes_back_as_it_was() {
    let layer = |path: &str, initial_l2, distance_l2| Movement {
        path: path.into(),
        initial_l2,
        distance_l2,
    };
    let given = vec![
        layer("conv1", 0.1 + 0.2, 0.0),
        layer("layer4.1.conv2", 8.0, 2.0),
        layer("layer_scale", 0.0, 1.0),
    ];
    let bytes = movement(&given).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_eq!(
        text.lines().take(3).collect::<Vec<_>>(),
        [
            "path,relative_l2,initial_l2,distance_l2",
            "conv1,0.0,0.30000000000000004,0.0",
            "layer4.1.conv2,0.25,8.0,2.0"
        ]
    );
    assert_eq!(parse_movement(&bytes, Path::new(MOVEMENT)).unwrap(), given);
    let error = parse_movement(
        b"path,relative_l2\nconv1,much\n",
        Path::new("r/movement.csv"),
    );
    let message = error.unwrap_err().to_string();
    assert!(message.ends_with("r/movement.csv"), "{message}");
}

#[test]
fn predictions_come_back_as_they_were() {
    let given = Predictions {
        classes: vec!["cat, grey".into(), "dog \"big\"".into()],
        rows: vec![
            Prediction {
                file: "a/1.png".into(),
                truth: 0,
                probabilities: vec![0.1, 0.9],
            },
            Prediction {
                file: "b/2.png".into(),
                truth: 1,
                probabilities: vec![1.0 / 3.0, 2.0 / 3.0],
            },
        ],
        ..Predictions::default()
    };
    let bytes = predictions(&given).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert_eq!(
        text.lines().next().unwrap(),
        "file,true_class,predicted_class,\"probability_cat, grey\",\"probability_dog \"\"big\"\"\""
    );
    assert_eq!(
        text.lines().nth(1).unwrap(),
        "a/1.png,\"cat, grey\",\"dog \"\"big\"\"\",0.1,0.9"
    );
    assert_eq!(
        parse_predictions(&bytes, Path::new(PREDICTIONS)).unwrap(),
        given
    );
}

#[test]
fn a_wrong_table_is_refused_by_line_and_file() {
    let path = Path::new("runs/one/predictions.csv");
    let cases = [
        (
            "path,label\n",
            "does not begin with the columns file, true_class, predicted_class: runs/one",
        ),
        (
            "file,true_class,predicted_class,cat\n",
            "has a column “cat”",
        ),
        (
            "file,true_class,predicted_class,probability_cat\na,dog,cat,1\n",
            "line 2 names the class “dog”",
        ),
        (
            "file,true_class,predicted_class,probability_cat\na,cat,cat,x\n",
            "line 2 holds “x”",
        ),
        (
            "file,true_class,predicted_class,probability_cat\na,cat\n",
            "runs/one/predictions.csv",
        ),
    ];
    for (text, expected) in cases {
        let message = parse_predictions(text.as_bytes(), path)
            .unwrap_err()
            .to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn the_test_split_is_named_by_its_pictures_and_classes_alone() {
    let picture = |name: &str, label| Picture {
        source: PictureSource::File(name.into()),
        name: name.into(),
        label,
        size: (8, 8),
        split: None,
        group: None,
    };
    let classes = vec!["cat".to_owned(), "dog".to_owned()];
    let one = Dataset {
        classes: classes.clone(),
        pictures: vec![picture("a", 0), picture("b", 1), picture("c", 1)],
        problems: Vec::new(),
        excluded: Vec::new(),
        remarks: Vec::new(),
    };
    let mut other = one.clone();
    other.pictures.reverse();
    let of = |dataset: &Dataset, train: Vec<usize>, test: Vec<usize>| {
        test_split(
            dataset,
            &SplitIndices {
                train,
                validation: Vec::new(),
                test,
            },
        )
    };
    let first = of(&one, vec![0], vec![1, 2]);
    assert_eq!(first.len(), 64);
    assert_eq!(
        first,
        of(&other, Vec::new(), vec![0, 1]),
        "order and training pictures do not count"
    );
    assert_ne!(first, of(&one, vec![0], vec![1]));
    other.pictures[0].label = 0;
    assert_ne!(first, of(&other, Vec::new(), vec![0, 1]), "a class counts");
    let text = split(
        &one,
        &SplitIndices {
            train: vec![0],
            validation: vec![2],
            test: vec![1],
        },
    )
    .unwrap();
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "file,class,split\na,cat,train\nc,dog,validation\nb,dog,test\n"
    );
}

#[test]
fn weights_come_back_bit_for_bit() {
    let float = Tensor::f_from_slice(&[1.5f32, -2.25, 3.0e-8, 4.0, 5.0, 6.0])
        .unwrap()
        .f_view([2, 3])
        .unwrap();
    let turned = float.f_transpose(0, 1).unwrap();
    let counter = Tensor::f_from_slice(&[7i64])
        .unwrap()
        .f_view([] as [i64; 0])
        .unwrap();
    let tensors = [
        ("a.weight".into(), turned),
        ("a.num_batches_tracked".into(), counter),
    ];
    let mut bytes = Vec::new();
    let written = write_weights(&tensors, &mut bytes).unwrap();
    written.written.unwrap();
    assert_eq!(written.sha256, hex::encode(Sha256::digest(&bytes)));
    let read = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let weight = read.tensor("a.weight").unwrap();
    assert_eq!(
        (weight.dtype(), weight.shape()),
        (Dtype::F32, &[3usize, 2][..])
    );
    let values: Vec<f32> = weight
        .data()
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    assert_eq!(
        values,
        [1.5, 4.0, -2.25, 5.0, 3.0e-8, 6.0],
        "row by row, whatever the strides were"
    );
    let counter = read.tensor("a.num_batches_tracked").unwrap();
    assert_eq!(
        (counter.dtype(), counter.shape(), counter.data()),
        (Dtype::I64, &[][..], &7i64.to_le_bytes()[..])
    );
    let half = Tensor::f_from_slice(&[1.0f32])
        .unwrap()
        .f_to_kind(Kind::Half)
        .unwrap();
    assert!(
        write_weights(&[("h".into(), half)], &mut Vec::new())
            .unwrap_err()
            .to_string()
            .contains("h is of kind Half")
    );
}

/// The file is the safetensors crate's own, byte for byte, also where tensors are larger than a piece.
#[test]
fn weights_are_written_in_pieces_as_the_format_has_them() {
    let values: Vec<f32> = (0..5_000_000).map(|number| number as f32 * 0.5).collect();
    let large = Tensor::from_slice(&values);
    let tensors = [
        ("b.weight".to_owned(), large.view([2, 2_500_000]).tr()),
        ("a.weight".to_owned(), large),
        (
            "empty".to_owned(),
            Tensor::zeros([0, 3], (Kind::Float, tch::Device::Cpu)),
        ),
        ("steps".to_owned(), Tensor::from_slice(&[-3i64])),
    ];
    let mut bytes = Vec::new();
    let written = write_weights(&tensors, &mut bytes).unwrap();
    let contents: Vec<(&str, Dtype, Vec<usize>, Vec<u8>)> = (tensors.iter())
        .map(|(name, tensor)| {
            let shape = tensor.size().iter().map(|&side| side as usize).collect();
            let tensor = tensor.contiguous();
            let (dtype, width) = match tensor.kind() {
                Kind::Float => (Dtype::F32, 4),
                _ => (Dtype::I64, 8),
            };
            let mut own = vec![0; tensor.numel() * width];
            tensor.copy_data_u8(&mut own, tensor.numel());
            (name.as_str(), dtype, shape, own)
        })
        .collect();
    let views = contents.iter().map(|(name, dtype, shape, own)| {
        let view = safetensors::tensor::TensorView::new(*dtype, shape.clone(), own);
        (*name, view.unwrap())
    });
    assert!(bytes == safetensors::serialize(views, None).unwrap());

    // A disk that is full: what could not be written is known by its hash still.
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let refused = write_weights(&tensors, &mut Full(20_000_000)).unwrap();
    assert_eq!(
        refused.written.unwrap_err().kind(),
        std::io::ErrorKind::StorageFull
    );
    assert_eq!(refused.sha256, written.sha256);
}
