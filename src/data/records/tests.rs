use proptest::prelude::*;

use super::super::PictureSource;
use super::super::decode::decode;
use super::*;

fn layout(start: u64, stride: u64, count: u64, channels: Channels) -> Layout {
    Layout {
        start,
        stride,
        count,
        width: 32,
        height: 32,
        channels,
        by_columns: false,
    }
}

#[test]
fn cifar_planes_become_pixels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data_batch_1.bin");
    let mut bytes = vec![0; 3073];
    bytes.push(3);
    for plane in 0..3u32 {
        bytes.extend((0..1024u32).map(|at| (at / 8 + plane * 40) as u8));
    }
    std::fs::write(&path, bytes).unwrap();
    let source = |index| PictureSource::Record {
        file: Arc::new(RecordFile::new(
            path.clone(),
            Packing::Plain,
            layout(1, 3073, 3, Channels::Planar),
        )),
        index,
    };
    let picture = decode(&source(1)).unwrap();
    assert_eq!((picture.width, picture.height), (32, 32));
    assert_eq!(picture.rgb[3 * 800..3 * 801], [100, 140, 180]);
    for index in [2, 3, u64::MAX] {
        let beyond = decode(&source(index)).unwrap_err().to_string();
        assert!(
            beyond.contains("download or copy the file again"),
            "{beyond}"
        );
    }
}

#[test]
fn a_picture_of_cifar10_keeps_the_name_that_caches_know_it_by() {
    let identity = |layout: Layout, index| {
        RecordFile::new("a.bin".into(), Packing::Plain, layout).identity(index, &[5; 32])
    };
    let mut hasher = Sha256::new();
    hasher.update(b"cifar10 record");
    hasher.update(9u64.to_le_bytes());
    hasher.update([5; 32]);
    let before: [u8; 32] = hasher.finalize().into();
    let known = layout(1, 3073, 10_000, Channels::Planar);
    assert_eq!(identity(known.clone(), 9), before);
    assert_ne!(identity(known, 8), before);
    assert_ne!(
        identity(layout(2, 3074, 10_000, Channels::Planar), 9),
        before
    );
}

#[test]
fn no_size_is_taken_at_its_word() {
    for (width, height, count) in [
        (0, 4, 1),
        (u32::MAX, 1, 1),
        (16_000, 16_000, 1),
        (32, 32, u64::MAX),
    ] {
        let wrong = Layout {
            width,
            height,
            count,
            ..layout(9, 3072, count, Channels::Interleaved)
        };
        assert!(wrong.check().is_err(), "{wrong:?}");
        let file = RecordFile::new("/nowhere".into(), Packing::Gzip, wrong);
        assert!(file.decode(0).is_err() && file.check().is_err());
    }
}

proptest! {
    #[test]
    fn pictures_by_columns_are_those_by_rows(
        count in 1u64..6,
        height in 1u32..5,
        width in 1u32..5,
        channels in prop_oneof![Just(Channels::Grey), Just(Channels::Interleaved), Just(Channels::Planar)],
    ) {
        let layout = |by_columns| {
            let mut layout = Layout { start: 3, stride: 0, count, width, height, channels, by_columns };
            layout.stride = layout.picture_bytes();
            layout
        };
        let (h, w) = (height as usize, width as usize);
        let axes = match channels {
            Channels::Grey => [1, h, w],
            Channels::Interleaved => [h, w, 3],
            Channels::Planar => [3, h, w],
        };
        let size = axes.iter().product::<usize>();
        let rows: Vec<u8> = (0..count as usize * size).map(|at| (at * 7 % 251) as u8).collect();
        let mut columns = vec![0; rows.len()];
        for n in 0..count as usize {
            for i in 0..axes[0] {
                for j in 0..axes[1] {
                    for k in 0..axes[2] {
                        let at = n + count as usize * (i + axes[0] * (j + axes[1] * k));
                        columns[at] = rows[n * size + (i * axes[1] + j) * axes[2] + k];
                    }
                }
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8], by_columns| {
            let path = folder.path().join(name);
            std::fs::write(&path, [b"...", bytes].concat()).unwrap();
            RecordFile::new(path, Packing::Plain, layout(by_columns))
        };
        let (by_rows, by_columns) = (write("rows", &rows, false), write("columns", &columns, true));
        by_columns.check().unwrap();
        for index in 0..count {
            prop_assert_eq!(by_rows.decode(index).unwrap(), by_columns.decode(index).unwrap());
        }
    }
}
