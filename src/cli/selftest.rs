//! `graft selftest`: is every backbone equal to its reference on this machine, and how quick is it?

use std::time::Duration;

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use tch::{Device, Kind};

use super::table::{Align, table};
use super::{output, run};
use crate::data::speed as decoding_speed;
use crate::data::square::{Interpolation, SquareSpec};
use crate::experiment::Fit;
use crate::models::catalogue::{ArchitectureInfo, architectures};
use crate::models::{ModelError, backbone_info, device, parity, speed};

/// Pictures of a batch, and of a slow network's.
const BATCH: i64 = 32;
const SMALL_BATCH: i64 = 8;

/// A network with more billions of multiply-adds per picture is slow for a processor.
const SLOW_GFLOPS: f64 = 2.0;

#[derive(Debug, Args)]
pub struct Arguments {
    /// cpu or cuda:0; the best there is unless given
    #[arg(long)]
    device: Option<String>,
    /// Look at these only: names from `graft backbones`
    #[arg(value_name = "NAME")]
    backbones: Vec<String>,
    /// Print one JSON list
    #[arg(long)]
    json: bool,
    /// Measure instead how quick pictures are decoded, resized and cropped on one core
    #[arg(long, conflicts_with_all = ["device", "backbones"])]
    decode: bool,
}

/// What was found of one backbone.
#[derive(Debug, Serialize)]
struct Finding {
    backbone: &'static str,
    passed: bool,
    /// The largest difference from the reference's logits, as a share of the largest; none when the
    /// network could not be run.
    error: Option<f64>,
    input_size: u32,
    /// As a frozen backbone, at its own input size, in single precision.
    pictures_per_second: Option<f64>,
    /// The same in bf16, on a processor.
    pictures_per_second_bf16: Option<f64>,
    /// Why it could not be run.
    failure: Option<String>,
}

pub fn selftest(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.decode {
        return decoding(arguments.json);
    }
    let device = run::device(arguments.device.as_deref())?.unwrap_or_else(device::best);
    let chosen = arguments
        .backbones
        .iter()
        .map(|name| backbone_info(name))
        .collect::<Result<Vec<_>, _>>()?;
    let chosen = if chosen.is_empty() {
        architectures().iter().collect()
    } else {
        chosen
    };
    let findings: Vec<Finding> = chosen
        .iter()
        .map(|info| {
            if !arguments.json {
                output::warn(&format!("{} …", info.title));
            }
            find(info, device)
        })
        .collect();
    if arguments.json {
        output::print_json(&findings)?;
    } else {
        output::print(&as_table(&findings))?;
    }
    let failed = findings.iter().filter(|finding| !finding.passed);
    let failed: Vec<&str> = failed.map(|finding| finding.backbone).collect();
    if !failed.is_empty() {
        bail!(
            "{} of {} backbones are not equal to their references: {}",
            failed.len(),
            findings.len(),
            failed.join(", ")
        );
    }
    Ok(())
}

/// How quick pictures are read, by the preprocessing that most weights have.
fn decoding(json: bool) -> anyhow::Result<()> {
    let spec = SquareSpec {
        side: 224,
        resize: 256,
        interpolation: Interpolation::Bilinear,
        fit: Fit::CenterCrop,
        background: [0; 3],
    };
    let measured = decoding_speed::measure(&spec, Duration::from_secs(5))?;
    if json {
        return output::print_json(&measured);
    }
    output::print(&format!(
        "{:.0} pictures of {} x {} a second on one core: {:.2} ms to decode a JPEG, {:.2} ms to resize and crop it to {}",
        measured.pictures_per_second(),
        decoding_speed::WIDTH,
        decoding_speed::HEIGHT,
        measured.decode_seconds * 1e3,
        measured.square_seconds * 1e3,
        spec.side,
    ))
}

fn find(info: &'static ArchitectureInfo, device: Device) -> Finding {
    let input_size = info.default_weights().input_size;
    let mut finding = Finding {
        backbone: info.name,
        passed: false,
        error: None,
        input_size,
        pictures_per_second: None,
        pictures_per_second_bf16: None,
        failure: None,
    };
    match measure(info, device, input_size) {
        Ok((error, rate, rounded)) => {
            finding.passed = error < tolerance(device);
            finding.error = error.is_finite().then_some(error);
            finding.pictures_per_second = Some(rate);
            finding.pictures_per_second_bf16 = rounded;
        }
        Err(failure) => finding.failure = Some(failure.to_string()),
    }
    finding
}

/// CUDA's convolutions round their inputs to TF32, 10 bits of mantissa, as PyTorch leaves them by
/// default; a wrong layer shows far above that.
fn tolerance(device: Device) -> f64 {
    match device {
        Device::Cpu => parity::TOLERANCE,
        _ => 1e-2,
    }
}

/// The error and the pictures per second, in single precision and in bf16.
fn measure(
    info: &'static ArchitectureInfo,
    device: Device,
    side: u32,
) -> Result<(f64, f64, Option<f64>), ModelError> {
    let network = parity::filled(info.name, device)?;
    let Some(reference) = parity::reference(info.name) else {
        return Err(ModelError::Device(
            "no logits of its reference are known".into(),
        ));
    };
    let pictures = parity::pictures(2, reference.input_size)?.f_to_device(device)?;
    let error = reference
        .logits
        .error(&parity::logits(network.as_ref(), &pictures)?)?;
    let slow = info.gflops > SLOW_GFLOPS && device == Device::Cpu;
    let batch = match slow {
        true => speed::batch_for_processor(info, SMALL_BATCH),
        false => BATCH,
    };
    let rate = |kind| speed::pictures_per_second(network.as_ref(), batch, side, device, kind);
    let rounded = match device {
        Device::Cpu => Some(rate(Kind::BFloat16)?),
        _ => None,
    };
    Ok((error, rate(Kind::Float)?, rounded))
}

fn as_table(findings: &[Finding]) -> String {
    let rows: Vec<Vec<String>> = findings
        .iter()
        .map(|finding| {
            let result = match (&finding.failure, finding.passed) {
                (Some(failure), _) => format!("FAILED: {failure}"),
                (None, true) => "equal".to_owned(),
                (None, false) => "FAILED: differs".to_owned(),
            };
            let number = |value: Option<f64>, text: fn(f64) -> String| {
                value.map_or_else(|| "–".to_owned(), text)
            };
            vec![
                finding.backbone.to_owned(),
                number(finding.error, |error| format!("{error:.1e}")),
                finding.input_size.to_string(),
                number(finding.pictures_per_second, |rate| format!("{rate:.1}")),
                number(finding.pictures_per_second_bf16, |rate| {
                    format!("{rate:.1}")
                }),
                result,
            ]
        })
        .collect();
    let header = [
        ("backbone", Align::Left),
        ("error", Align::Right),
        ("input", Align::Right),
        ("pictures/s", Align::Right),
        ("in bf16", Align::Right),
        ("result", Align::Left),
    ];
    table(&header, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_backbone_passes_and_is_measured() {
        let info = crate::models::catalogue::find("mobilenet_v3_small").unwrap();
        let finding = find(info, Device::Cpu);
        assert!(finding.passed, "{finding:?}");
        assert!(finding.pictures_per_second.unwrap() > 0.0);
        let text = as_table(&[finding]);
        assert!(
            text.contains("mobilenet_v3_small") && text.contains("equal"),
            "{text}"
        );
    }

    #[test]
    fn every_backbone_has_the_logits_of_its_reference() {
        for info in architectures() {
            let reference = parity::reference(info.name).unwrap();
            let side = i64::from(info.default_weights().input_size);
            assert_eq!(reference.input_size, side, "{}", info.name);
        }
    }

    #[test]
    fn a_failure_is_told() {
        let finding = Finding {
            backbone: "resnet18",
            passed: false,
            error: None,
            input_size: 224,
            pictures_per_second: None,
            pictures_per_second_bf16: None,
            failure: Some("no memory".into()),
        };
        assert!(as_table(&[finding]).contains("FAILED: no memory"));
    }
}
