//! Libtorch's CUDA part is installed from the window: asked for, followed, stopped, gone on with.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;
use crate::app::features::graphics_card::requests::CudaInstallation;
use crate::app::shell::Closing;
use crate::models::device::Devices;
use crate::models::device::cuda_install::tests::Fixture;
use crate::models::device::cuda_install::{self, InstallActivity, InstallError, InstallProgress};

/// A window on a machine with these cards, none of them usable yet, that installs from the server of `fixture`.
fn window(fixture: &Arc<Fixture>, driver_cards: &[&str]) -> Window {
    let mut window = Window::with_pair();
    let fixture = Arc::clone(fixture);
    window.harness.state_mut().cuda =
        CudaInstallation::new(Arc::new(move |notify, stop| fixture.install(stop, notify)));
    window.answer(Answer::Devices(Ok(Devices {
        cpu: "CPU, 2 threads".into(),
        driver_cards: driver_cards.iter().map(|&name| name.to_owned()).collect(),
        why_no_cuda: Some("No CUDA: so it is.".into()),
        ..Devices::default()
    })));
    window
}

/// One whose installation waits for a stop.
fn waiting_window() -> Window {
    let mut window = window(&Arc::new(Fixture::new()), &["NVIDIA A100"]);
    window.harness.state_mut().cuda = CudaInstallation::new(Arc::new(|notify, stop| {
        let now = InstallProgress {
            activity: InstallActivity::Downloading,
            package: 2,
            packages: 16,
            name: "nvidia-cublas",
            done: 500_000_000,
            total: 2_500_000_000,
        };
        while !stop.is_stopped() {
            notify(now);
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(InstallError::Stopped)
    }));
    window
}

/// Waits until something with this in its label is shown.
fn wait_for(window: &mut Window, label: &str) {
    for _ in 0..500 {
        window.steps();
        if window.harness.query_by_label_contains(label).is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("“{label}” never appears");
}

fn click(window: &mut Window, label: &str) {
    window.harness.get_by_label(label).click();
    window.steps();
}

#[test]
fn it_is_asked_for_in_the_settings_and_installed() {
    let fixture = Arc::new(Fixture::new());
    let mut window = window(&fixture, &["NVIDIA A100"]);
    push(&mut window, Command::ShowSettings);
    let found = (window.harness).query_by_label_contains("NVIDIA A100 is there");
    assert!(found.is_some());
    click(&mut window, "Install the CUDA part…");
    // Asked before anything is fetched: how much, and where to.
    let size = crate::format::bytes(cuda_install::sizes().0);
    let needs = format!("{size} are downloaded");
    assert!((window.harness).query_by_label_contains(&needs).is_some());
    assert!(window.harness.query_by_label_contains("Folder: ").is_some());
    assert!(!fixture.home.path().join("cuda").exists());
    click(&mut window, "Download and install");
    wait_for(&mut window, "Start Graft again to use it");
    assert!(fixture.home.path().join("cuda/torch/version.py").is_file());
    click(&mut window, "Close");
    assert!(!window.harness.state().is_modal());
    push(&mut window, Command::ShowSettings);
    assert!(
        window
            .harness
            .query_by_label("Install the CUDA part…")
            .is_none()
    );
    assert!(
        window
            .harness
            .query_by_label_contains("Start Graft again")
            .is_some()
    );
}

#[test]
fn it_is_stopped_and_offered_again() {
    let mut window = waiting_window();
    push(&mut window, Command::ShowCudaInstallation);
    click(&mut window, "Download and install");
    wait_for(&mut window, "Downloading nvidia-cublas, package 2 of 16");
    // Out of sight it goes on, and the settings lead back to it.
    click(&mut window, "Hide");
    push(&mut window, Command::ShowSettings);
    click(&mut window, "Show the installation…");
    click(&mut window, "Stop the installation");
    wait_for(&mut window, "Continue the installation");
    let kept =
        (window.harness).query_by_label_contains("an earlier attempt has downloaded is kept");
    assert!(kept.is_some());
    click(&mut window, "Cancel");
    assert!(!window.harness.state().is_modal());
}

#[test]
fn what_failed_says_why_and_is_tried_again() {
    let fixture = Arc::new(Fixture::new());
    fixture.cut.store(40, Ordering::Relaxed);
    let mut window = window(&fixture, &["NVIDIA A100"]);
    push(&mut window, Command::ShowCudaInstallation);
    click(&mut window, "Download and install");
    wait_for(&mut window, "Not installed: can't download");
    fixture.cut.store(0, Ordering::Relaxed);
    click(&mut window, "Try again");
    wait_for(&mut window, "Start Graft again to use it");
    let resumed = fixture.server.asked();
    assert!(resumed.iter().any(|ask| ask.range_start() == Some(40)));
}

#[test]
fn another_file_than_the_expected_one_is_told_in_words() {
    let mut fixture = Fixture::new();
    // As long as the expected one, and listed by its checksum.
    fixture.damaged.store(true, Ordering::Relaxed);
    fixture.packages.truncate(1);
    let mut window = window(&Arc::new(fixture), &["NVIDIA A100"]);
    push(&mut window, Command::ShowCudaInstallation);
    click(&mut window, "Download and install");
    wait_for(&mut window, "damaged on the way");
    assert!(
        window
            .harness
            .query_by_label_contains("PIP_INDEX_URL")
            .is_some()
    );
}

#[test]
fn without_a_card_it_says_so_and_allows_it() {
    let mut window = window(&Arc::new(Fixture::new()), &[]);
    push(&mut window, Command::ShowSettings);
    let none = (window.harness).query_by_label_contains("No NVIDIA card was found");
    assert!(none.is_some());
    click(&mut window, "Install the CUDA part…");
    let none = (window.harness).query_by_label_contains("for a card that comes later");
    assert!(none.is_some());
    click(&mut window, "Download and install");
    wait_for(&mut window, "Start Graft again to use it");
}

#[test]
fn quitting_meanwhile_asks_and_stops_it() {
    let mut window = waiting_window();
    push(&mut window, Command::ShowCudaInstallation);
    click(&mut window, "Download and install");
    wait_for(&mut window, "Downloading nvidia-cublas");
    click(&mut window, "Hide");
    push(&mut window, Command::Quit);
    let asked = (window.harness).query_by_label_contains("Stop the installation and quit?");
    assert!(asked.is_some());
    click(&mut window, "Stop and quit");
    for _ in 0..500 {
        if window.harness.state().closing == Closing::Now {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
        window.steps();
    }
    panic!("the window never closes");
}
