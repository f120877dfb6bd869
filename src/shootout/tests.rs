//! Plans, ranks and folders of shoot-outs, without a network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::evaluation::Score;
use crate::experiment::{DataSource, Experiment, FreezePlan, WeightsSource};
use crate::models::speed::Measured;
use crate::models::{WeightsInfo, catalogue};

fn nothing(_: &WeightsInfo) -> Option<u64> {
    None
}

fn everything(_: &WeightsInfo) -> Option<u64> {
    Some(1_000_000)
}

fn input<'a>(
    chosen: Option<&'a [String]>,
    speeds: &'a BTreeMap<String, Measured>,
    here: &'a dyn Fn(&WeightsInfo) -> Option<u64>,
) -> PlanInput<'a> {
    PlanInput {
        chosen,
        budget_seconds: None,
        pictures: 1_000,
        speeds,
        here,
        downloads: false,
        random: false,
        base: None,
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn planned(chosen: &[&str], here: &dyn Fn(&WeightsInfo) -> Option<u64>) -> Vec<ShootoutEntry> {
    let (chosen, speeds) = (names(chosen), BTreeMap::new());
    plan(&input(Some(&chosen), &speeds, here)).unwrap().entries
}

fn measured(pictures_per_second: f64) -> Measured {
    Measured {
        pictures_per_second,
        stage_features: Vec::new(),
        top_share: 0.1,
        taken: None,
    }
}

#[test]
fn what_is_here_is_tried_and_some_more_is_offered() {
    let speeds = BTreeMap::new();
    let here = |weights: &WeightsInfo| weights.file_name.contains("lite0").then_some(18_000_000);
    let plan = plan(&input(None, &speeds, &here)).unwrap();
    let waiting: Vec<&ShootoutEntry> = (plan.entries.iter())
        .filter(|entry| entry.state == EntryState::Waiting)
        .collect();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].backbone, "efficientnet_lite0");
    assert_eq!(waiting[0].file_bytes, Some(18_000_000));
    let offered: Vec<&ShootoutEntry> = (plan.entries.iter())
        .filter(|entry| matches!(entry.state, EntryState::NotHere { .. }))
        .collect();
    assert_eq!(offered.len(), 6);
    // None that forbids commercial use is offered unasked.
    assert!(offered.iter().all(|entry| entry.restriction.is_none()));
    assert_eq!(plan.download_bytes, 0);
    // With the weights here, every file of every network is a candidate, and none twice.
    let all = super::plan(&input(None, &speeds, &everything))
        .unwrap()
        .entries;
    let files: usize = catalogue::architectures()
        .iter()
        .map(|info| info.weights.len())
        .sum();
    assert_eq!(all.len(), files);
    assert!(all.iter().all(|entry| entry.state == EntryState::Waiting));
}

#[test]
fn a_name_may_name_its_weights_and_downloads_are_asked_for() {
    let entries = planned(
        &[
            "resnet50",
            "resnet50:IMAGENET1K_V1",
            "resnet50:IMAGENET1K_V2",
            "resnet18:own.pth",
            "vgg16:random",
        ],
        &nothing,
    );
    // The default weights have a name too, and stand once.
    assert_eq!(entries.len(), 4, "{entries:?}");
    let of = |weights: &str| {
        entries
            .iter()
            .find(|entry| entry.weights == weights)
            .unwrap()
    };
    let EntryState::NotHere { command, .. } = &of("IMAGENET1K_V1").state else {
        panic!("{:?}", of("IMAGENET1K_V1").state);
    };
    assert_eq!(
        command.as_deref(),
        Some("graft weights fetch resnet50:IMAGENET1K_V1")
    );
    assert_eq!(of("own.pth").source, WeightsSource::File("own.pth".into()));
    assert_eq!(of("random").state, EntryState::Waiting);
    assert_eq!(of("random").imagenet_top1, None);
    let chosen = names(&["resnet50", "efficientnet_lite1"]);
    let speeds = BTreeMap::new();
    let asked = PlanInput {
        downloads: true,
        ..input(Some(&chosen), &speeds, &nothing)
    };
    let plan = plan(&asked).unwrap();
    let of = |name: &str| {
        (plan.entries.iter())
            .find(|entry| entry.backbone == name)
            .unwrap()
    };
    assert_eq!(of("resnet50").state, EntryState::Waiting);
    assert_eq!(plan.download_bytes, of("resnet50").file_bytes.unwrap());
    // These are on no server.
    let state = &of("efficientnet_lite1").state;
    assert!(
        matches!(state, EntryState::NotHere { command: None, reason } if reason.contains("PyPI")),
        "{state:?}"
    );
    for wrong in ["resnet", "resnet50:V9"] {
        let chosen = names(&[wrong]);
        assert!(super::plan(&input(Some(&chosen), &speeds, &nothing)).is_err());
    }
}

#[test]
fn a_budget_takes_what_fits_and_says_what_does_not() {
    let speeds = BTreeMap::from([
        ("resnet18".to_owned(), measured(100.0)),
        ("resnet50".to_owned(), measured(20.0)),
    ]);
    let chosen = names(&["resnet50", "resnet18"]);
    let planned = |budget: f64| {
        let tight = PlanInput {
            budget_seconds: Some(budget),
            ..input(Some(&chosen), &speeds, &everything)
        };
        plan(&tight).unwrap()
    };
    let plan = planned(30.0);
    let [first, second] = &plan.entries[..] else {
        panic!("{plan:?}");
    };
    // The quick one first, a thousand pictures at a hundred a second.
    assert_eq!(first.backbone, "resnet18");
    assert!(
        (12.0..20.0).contains(&first.estimated_seconds.unwrap()),
        "{first:?}"
    );
    assert_eq!(first.state, EntryState::Waiting);
    let reason = second.state.reason().unwrap();
    assert!(
        reason.contains("it would take") && reason.contains("left"),
        "{reason}"
    );
    assert_eq!(plan.seconds, first.estimated_seconds.unwrap());
    assert!(
        planned(500.0)
            .entries
            .iter()
            .all(|entry| entry.state == EntryState::Waiting)
    );
    assert!(
        planned(1.0)
            .entries
            .iter()
            .all(|entry| entry.state.reason().is_some())
    );
}

fn outcome(accuracy: u64, rate: f64) -> EntryOutcome {
    EntryOutcome {
        accuracy: Score::share(accuracy, 100),
        macro_f1: Score::share(100 - accuracy, 100),
        ..fakes::outcome(0.0, rate, 5e8)
    }
}

/// A report on networks with so many right of 100, and pictures a second.
fn report(found: &[(&str, u64, f64)]) -> ShootoutReport {
    let mut entries = planned(&["densenet121"], &nothing);
    entries.extend(found.iter().map(|&(name, accuracy, rate)| ShootoutEntry {
        state: EntryState::Done,
        outcome: Some(outcome(accuracy, rate)),
        ..planned(&[name], &everything).remove(0)
    }));
    let mut report = ShootoutReport {
        pictures: 100,
        state: ShootoutState::Finished,
        entries,
        ..fakes::report()
    };
    report.sort();
    report
}

#[test]
fn the_best_stands_first_and_the_frontier_holds_what_nobody_would_leave() {
    let found = [
        ("resnet18", 80, 100.0),
        // Slower and no better.
        ("vgg19", 75, 20.0),
        ("resnet50", 90, 40.0),
        // As good, and slower.
        ("resnet101", 90, 25.0),
        ("vgg16", 60, 10.0),
    ];
    let mut report = report(&found);
    let order: Vec<&str> = report
        .entries
        .iter()
        .map(|entry| entry.backbone.as_str())
        .collect();
    assert_eq!(
        order,
        [
            "resnet50",
            "resnet101",
            "resnet18",
            "vgg19",
            "vgg16",
            "densenet121"
        ]
    );
    assert_eq!(report.best().unwrap().backbone, "resnet50");
    assert_eq!(report.done(), 5);
    let name = |index: &usize| report.entries[*index].backbone.clone();
    let by_time: Vec<String> = report
        .frontier(ShootoutCost::SecondsPerPicture)
        .iter()
        .map(name)
        .collect();
    assert_eq!(by_time, ["resnet18", "resnet50"]);
    // All files are of one size here, and all memory too: only the best is left.
    for cost in [ShootoutCost::FileSize, ShootoutCost::Memory] {
        assert_eq!(report.frontier(cost), [0], "{cost:?}");
    }
    let cost = report.entries[0].cost(ShootoutCost::SecondsPerPicture);
    assert_eq!(cost, Some(25.0));
    report.metric = ShootoutMetric::MacroF1;
    report.sort();
    assert_eq!(report.best().unwrap().backbone, "vgg16");
    let text = String::from_utf8(csv(&report).unwrap()).unwrap();
    let mut table = ::csv::Reader::from_reader(text.as_bytes());
    let header = table.headers().unwrap().clone();
    let rows: Vec<::csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 6);
    let cell = |row: usize, name: &str| {
        let column = header.iter().position(|other| other == name).unwrap();
        rows[row][column].to_owned()
    };
    assert_eq!(
        (cell(0, "backbone"), cell(0, "accuracy")),
        ("vgg16".into(), "0.6".into())
    );
    assert_eq!(
        (cell(5, "state"), cell(5, "accuracy")),
        ("not_here".into(), String::new())
    );
}

#[test]
fn the_experiment_of_a_network_is_what_was_judged() {
    let report = report(&[("resnet18", 80, 100.0)]);
    let mut base = Experiment::default();
    base.data.source = DataSource::ClassFolders {
        path: "/pictures".into(),
    };
    base.backbone.input_size = Some(96);
    base.seed = 7;
    let taken = take(&report, &report.entries[0], &base);
    assert!(taken.check().is_empty(), "{:?}", taken.check());
    assert_eq!((taken.data, taken.seed), (base.data, 7));
    assert_eq!(taken.backbone.name, "resnet18");
    assert_eq!(taken.backbone.weights, WeightsSource::Pretrained);
    assert_eq!(taken.backbone.input_size, None);
    assert_eq!(taken.phases.len(), 1);
    assert_eq!(taken.phases[0].freeze, FreezePlan::Backbone);
    assert!(taken.head.layers.is_empty());
    assert!(
        taken.notes.contains("80.0 %") && taken.notes.contains("100 pictures"),
        "{}",
        taken.notes
    );
}

#[test]
fn a_folder_follows_the_pictures_and_a_dead_process_is_told_from_a_live_one() {
    let runs = Path::new("/runs");
    let mut experiment = Experiment::default();
    experiment.data.source = DataSource::table("/data/elpv/labels.csv");
    let out = |experiment: &Experiment, base: Option<&Path>| default_out(runs, experiment, base);
    let first = out(&experiment, None);
    assert!(first.starts_with("/runs/shootouts"), "{first:?}");
    let name = first.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with("elpv-") && name.len() == 13, "{name}");
    let mut other = experiment.clone();
    other.name = "Another".into();
    other.backbone.name = "resnet50".into();
    other.phases.clear();
    assert_eq!(out(&other, None), first);
    other.data.source = DataSource::table("elpv/labels.csv");
    assert_eq!(out(&other, Some(Path::new("/data"))), first);
    other.seed += 1;
    assert_ne!(out(&other, Some(Path::new("/data"))), first);

    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("out");
    assert_eq!(read(&path).unwrap(), None);
    let mut report = report(&[("resnet18", 80, 100.0)]);
    report.state = ShootoutState::Running;
    report.entries[1].state = EntryState::Computing { done: 3, total: 9 };
    let own = super::folder::ShootoutFolder::open(&path).unwrap();
    own.write(&report).unwrap();
    assert_eq!(read(&path).unwrap().unwrap().state, ShootoutState::Running);
    let second = super::folder::ShootoutFolder::open(&path)
        .unwrap_err()
        .to_string();
    assert!(second.contains("another process"), "{second}");
    drop(own);
    // A child that another test has just begun holds for a moment what it inherited.
    let is_let_go = || read(&path).unwrap().unwrap().state == ShootoutState::Stopped;
    assert!((0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        is_let_go()
    }));
    let left = read(&path).unwrap().unwrap();
    assert_eq!(left.state, ShootoutState::Stopped);
    assert_eq!(left.entries[1].state, EntryState::Waiting);
    // What another program left is not replaced.
    std::fs::write(path.join("shootout.json"), "{}").unwrap();
    for refused in [
        read(&path).err(),
        super::folder::ShootoutFolder::open(&path).err(),
    ] {
        let said = refused.unwrap().to_string();
        assert!(
            said.contains("is no report") && said.contains("--out"),
            "{said}"
        );
    }
}
