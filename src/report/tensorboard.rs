//! Scalars as TensorBoard event files.
//!
//! A file is a row of TFRecords, each a protobuf message `Event`
//! (tensorflow/core/lib/io/record_writer.h, tensorboard/compat/proto/event.proto):
//!
//! ```text
//! u64 length | u32 masked CRC-32C of the length | bytes | u32 masked CRC-32C of the bytes
//! ```
//!
//! Of protobuf only the few fields that scalars need are written: varints, doubles, strings and
//! nested messages.

use crate::runs::StoredRun;

/// One number at one step.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scalar {
    tag: &'static str,
    value: f64,
}

/// The event files of a run: the folder (`train`, `validation`, `test`) that TensorBoard takes for a
/// run of its own, and the file's bytes. Tags are Keras' names, so that the curves lie over each
/// other in one chart.
pub(super) fn event_files(run: &StoredRun) -> Vec<(&'static str, Vec<u8>)> {
    let started = run.summary.started as f64;
    let mut train = EventFile::new(started);
    let mut validation = EventFile::new(started);
    let mut time = started;
    for epoch in &run.metrics {
        time += epoch.seconds;
        let step = i64::from(epoch.epoch);
        for (tag, value) in [
            ("epoch_loss", epoch.train_loss),
            ("epoch_accuracy", epoch.train_accuracy),
            ("epoch_learning_rate", epoch.learning_rate),
            ("epoch_seconds", epoch.seconds),
        ] {
            train.add(time, step, Scalar { tag, value });
        }
        for (tag, value) in [
            ("epoch_loss", epoch.validation_loss),
            ("epoch_accuracy", epoch.validation_accuracy),
            ("epoch_macro_f1", epoch.validation_macro_f1),
        ] {
            if let Some(value) = value {
                validation.add(time, step, Scalar { tag, value });
            }
        }
    }
    let mut files = vec![("train", train.bytes)];
    if run
        .metrics
        .iter()
        .any(|epoch| epoch.validation_loss.is_some())
    {
        files.push(("validation", validation.bytes));
    }
    if let Some(test) = &run.summary.test {
        let mut file = EventFile::new(started);
        let step = i64::from(run.summary.best_epoch);
        let time = started + run.summary.seconds_total;
        for (tag, value) in [
            ("evaluation_loss", test.loss),
            ("evaluation_accuracy", test.accuracy),
            ("evaluation_macro_f1", test.macro_f1),
        ] {
            file.add(time, step, Scalar { tag, value });
        }
        files.push(("test", file.bytes));
    }
    files
}

/// `events.out.tfevents.1700000000.graft`: TensorBoard knows an event file by the middle of its name.
pub(super) fn file_name(run: &StoredRun) -> String {
    format!("events.out.tfevents.{:010}.graft", run.summary.started)
}

/// Records one after the other.
struct EventFile {
    bytes: Vec<u8>,
}

impl EventFile {
    /// A file that says its version first. Times are seconds since 1970.
    fn new(time: f64) -> Self {
        let mut file = Self { bytes: Vec::new() };
        let mut event = Message::default();
        event.double(1, time);
        event.bytes(3, b"brain.Event:2");
        file.record(&event.0);
        file
    }

    fn add(&mut self, time: f64, step: i64, scalar: Scalar) {
        let mut value = Message::default();
        value.bytes(1, scalar.tag.as_bytes());
        value.float(2, scalar.value as f32);
        // Metadata that names the plugin: what TensorBoard 2 lists under Scalars.
        let mut plugin = Message::default();
        plugin.bytes(1, b"scalars");
        let mut metadata = Message::default();
        metadata.bytes(1, &plugin.0);
        // The kind of data: DATA_CLASS_SCALAR.
        metadata.varint(4, 1);
        value.bytes(9, &metadata.0);
        let mut summary = Message::default();
        summary.bytes(1, &value.0);
        let mut event = Message::default();
        event.double(1, time);
        event.varint(2, step as u64);
        event.bytes(5, &summary.0);
        self.record(&event.0);
    }

    fn record(&mut self, data: &[u8]) {
        let length = (data.len() as u64).to_le_bytes();
        self.bytes.extend(length);
        self.bytes.extend(masked_crc(&length).to_le_bytes());
        self.bytes.extend(data);
        self.bytes.extend(masked_crc(data).to_le_bytes());
    }
}

/// A protobuf message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, field: u64, value: u64) {
        self.raw_varint(field << 3);
        self.raw_varint(value);
    }

    fn double(&mut self, field: u64, value: f64) {
        self.raw_varint(field << 3 | 1);
        self.0.extend(value.to_le_bytes());
    }

    fn float(&mut self, field: u64, value: f32) {
        self.raw_varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.raw_varint(field << 3 | 2);
        self.raw_varint(value.len() as u64);
        self.0.extend(value);
    }

    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// TFRecord's mask: a checksum of data that holds checksums stays a good one.
fn masked_crc(data: &[u8]) -> u32 {
    crc32c(data).rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// CRC-32C (Castagnoli), as RFC 3720 has it.
fn crc32c(data: &[u8]) -> u32 {
    !data.iter().fold(!0u32, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let is_odd = crc & 1 == 1;
            crc >>= 1;
            if is_odd {
                crc ^= 0x82F6_3B78;
            }
        }
        crc
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        // RFC 3720, B.4, and the check value of the CRC catalogue.
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
        assert_eq!(crc32c(&[0xFF; 32]), 0x62A8_AB43);
        assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46DD_794E);
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
    }

    #[test]
    fn a_record_is_what_tensorflow_writes() {
        // tf.io.TFRecordWriter("f").write(b"graft")
        let mut file = EventFile { bytes: Vec::new() };
        file.record(b"graft");
        assert_eq!(file.bytes.len(), 8 + 4 + 5 + 4);
        assert_eq!(file.bytes[..8], 5u64.to_le_bytes());
        assert_eq!(&file.bytes[12..17], b"graft");
        // The first record of every event file that TensorFlow writes, but for its time.
        let file = EventFile::new(0.0);
        assert_eq!(file.bytes[..8], 24u64.to_le_bytes());
        assert_eq!(file.bytes[8..12], [0xA3, 0x7F, 0x4B, 0x22]);
        assert_eq!(&file.bytes[12 + 9..12 + 24], b"\x1a\x0dbrain.Event:2");
    }

    #[test]
    fn varints_are_those_of_protobuf() {
        let mut message = Message::default();
        message.varint(1, 150);
        message.varint(2, u64::MAX);
        assert_eq!(message.0[..3], [0x08, 0x96, 0x01]);
        assert_eq!(message.0[3], 0x10);
        assert_eq!(
            message.0[4..],
            [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
        );
    }
}
