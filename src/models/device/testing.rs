//! Tests that need a graphics card: on a real one where there is one, and on the stand-in of tests/cuda.

use std::process::Command;

use tch::Device;

use super::discover;

#[path = "../../../tests/skipped.rs"]
mod skipping;
#[path = "../../../tests/cuda/stand_in.rs"]
mod stand_in;

pub(crate) use skipping::skipped;

/// Set to have tests of graphics cards fail where they would be skipped.
const NEEDED: &str = "GRAFT_NEEDS_CUDA";
/// A file that gets the names of skipped tests.
const SKIPPED: &str = "GRAFT_SKIPPED";

/// The graphics card of a test; `None` where there is none, and the test is skipped.
pub(crate) fn card() -> Option<Device> {
    let devices = discover();
    let Some(reason) = &devices.why_no_cuda else {
        return Some(Device::Cuda(devices.best));
    };
    assert!(
        std::env::var_os(NEEDED).is_none(),
        "{NEEDED} is set. {reason}"
    );
    skipped(reason);
    None
}

/// All tests of graphics cards, in a process of their own, with the stand-in open before anything asks libtorch.
#[test]
fn tests_that_need_a_graphics_card_pass_on_the_stand_in() {
    if std::env::var_os(NEEDED).is_some() {
        return;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    // One after the other: they share the card's random numbers and the count of its memory.
    command.args(["cuda", "card", "augmented", "device", "--test-threads=1"]);
    command.env(NEEDED, "1").env_remove(SKIPPED);
    // What the card draws is not what the processor would draw: initial weights must not be drawn there.
    command.env_remove("STAND_IN_DRAWS");
    let output = stand_in::StandIn::get()
        .preloaded(&mut command)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{errors}");
    assert!(!errors.contains("SKIPPED"), "{errors}");
}

#[test]
fn a_skipped_test_is_told_and_fails_where_cards_are_needed() {
    if std::env::var_os(NEEDED).is_some() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let names = folder.path().join("skipped");
    let run = |needed: Option<&str>| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["bytes_arrive_on_a_card", "--test-threads", "2"]);
        command
            .env_remove("LD_PRELOAD")
            .env_remove(NEEDED)
            .env(SKIPPED, &names);
        // Not even a real one.
        command.env("CUDA_VISIBLE_DEVICES", "");
        command.envs(needed.map(|value| (NEEDED, value)));
        command.output().unwrap()
    };
    let skipped = run(None);
    let errors = String::from_utf8_lossy(&skipped.stderr).into_owned();
    assert!(
        skipped.status.success() && errors.contains("SKIPPED"),
        "{errors}"
    );
    let told = std::fs::read_to_string(&names).unwrap();
    assert!(
        told.ends_with("bytes_arrive_on_a_card_as_they_are\n"),
        "{told}"
    );
    assert!(!run(Some("1")).status.success());
}
