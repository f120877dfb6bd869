//! A training on a graphics card, on the stand-in of tests/cuda: memory that runs out, and how often a card is asked, waited
//! for and sent something.

use std::path::PathBuf;
use std::process::Command;

use super::cli::Home;
use super::graphics_cards::stand_in::{Counts, StandIn};
use super::graphics_cards::succeed;

/// Pictures and a preset that trains a linear head, and then nothing else, on a random ResNet-18.
struct Bench {
    home: Home,
    preset: PathBuf,
    report: PathBuf,
}

/// What a run left.
struct Ran {
    test_loss: f64,
    /// What it said on the way.
    said: String,
    counts: Counts,
}

/// In single precision, so that numbers can be compared.
const EXACT: [&str; 3] = [
    "training.precision=Fp32",
    "training.mixed_precision=Off",
    "training.tf32=false",
];

/// The second half of the backbone learns, BatchNorm by the batch.
const FINE: [&str; 1] = [r#"phases[0].freeze=Below("layer3")"#];

impl Bench {
    fn new(per_class: u32) -> Self {
        let home = Home::new();
        pictures(&home, per_class);
        let preset = home.path().join("card.ron");
        let report = home.path().join("report");
        let text = r#"(
    version: 1,
    name: "Card",
    data: (
        source: ClassFolders(path: "pictures"),
        split: (validation: 0.25, test: 0.25),
    ),
    backbone: (name: "resnet18", weights: Random, input_size: Some(32)),
    head: (layers: []),
    training: (batch_size: 8),
    phases: [(name: "Head", epochs: 3, freeze: Backbone)],
)
"#;
        std::fs::write(&preset, text).unwrap();
        Self {
            home,
            preset,
            report,
        }
    }

    fn command(&self, device: &str, settings: &[&[&str]]) -> Command {
        let preset = self.preset.to_str().unwrap();
        let mut arguments = vec!["run", preset, "--json", "--device", device];
        for setting in settings.iter().copied().flatten() {
            arguments.extend(["--set", setting]);
        }
        let mut command = self.home.command(&arguments);
        StandIn::get().preloaded(&mut command);
        command
            .env("STAND_IN_DRAWS", "processor")
            .env("STAND_IN_REPORT", &self.report)
            .env("GRAFT_CACHE", self.home.path().join("features"));
        command
    }

    /// A run that must go well, from nothing.
    fn run_command(&self, mut command: Command) -> Ran {
        drop(std::fs::remove_dir_all(self.home.path().join("features")));
        drop(std::fs::remove_file(&self.report));
        let (answer, said) = succeed(&mut command);
        Ran {
            test_loss: answer["test"]["loss"].as_f64().unwrap(),
            said,
            counts: Counts::read(&self.report),
        }
    }

    fn run(&self, settings: &[&[&str]]) -> Ran {
        self.run_command(self.command("cuda", settings))
    }

    /// Allocation `number` fails with `message`.
    fn run_short(&self, settings: &[&[&str]], number: i64, message: &str) -> Ran {
        let mut command = self.command("cuda", settings);
        command.env("STAND_IN_FAIL", format!("{number}:{message}"));
        self.run_command(command)
    }
}

/// Class folders of squares, dark for one class and bright for the other, no two alike.
fn pictures(home: &Home, per_class: u32) {
    for (class, base) in [("bright", 180), ("dark", 30)] {
        let folder = home.path().join("pictures").join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for index in 0..per_class {
            let picture = image::RgbImage::from_fn(40, 36, |x, y| {
                let value = (base + (x ^ y) % 16 + index % 60) as u8;
                image::Rgb([value, value / 2, (index / 60) as u8])
            });
            picture.save(folder.join(format!("{index}.png"))).unwrap();
        }
    }
}

/// As containers, slices of a card and WSL2, cuBLAS, cuDNN and libtorch itself say it.
const MESSAGES: [&str; 5] = [
    r#"NVML_SUCCESS == r INTERNAL ASSERT FAILED at "/pytorch/c10/cuda/CUDACachingAllocator.cpp":1090, please report a bug to PyTorch."#,
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
    "FIND was unable to find an engine to execute this computation",
    "CUDA out of memory. Tried to allocate 20.00 MiB.",
];

const FEWER: &str = "computed at once from now on";
const MOVED: &str = "of kept features stand in the machine's memory";

/// Each message at allocations from the first to the last: the run ends, and what it has learned is the same but for
/// rounding.
#[test]
fn memory_that_runs_out_at_any_moment_changes_no_result() {
    let bench = Bench::new(12);
    let averaged = ["training.weight_averaging=Some(0.9)"];
    // Statistics of a part are not those of the batch, so none are taken from it.
    let inference = ["backbone.trained_norm=Inference"];
    for (settings, tries) in [
        ([&EXACT[..], &averaged, &[]], 4),
        ([&EXACT[..], &FINE, &inference], 5),
    ] {
        let plenty = bench.run(&settings);
        let all = plenty.counts.of("allocations");
        assert!(all > 100, "{all}");
        for number in 0..tries {
            let at = 1 + (all - 2) * number / (tries - 1);
            let message = MESSAGES[(number + tries) as usize % MESSAGES.len()];
            let short = bench.run_short(&settings, at, message);
            let off = (short.test_loss - plenty.test_loss).abs();
            assert!(
                off < 2e-3,
                "allocation {at} of {all}, {message}: {} and {}\n{}",
                short.test_loss,
                plenty.test_loss,
                short.said
            );
        }
    }
}

/// Features leave the card before pictures become fewer, and both happen where one does not suffice.
#[test]
fn features_leave_the_card_before_batches_are_halved() {
    let bench = Bench::new(12);
    let long = ["phases[0].epochs=30"];
    let kept = bench.run(&[&EXACT, &long]);
    // In the middle of the epochs, whose steps are most of the run.
    let middle = kept.counts.of("allocations") / 2;
    for message in [MESSAGES[0], MESSAGES[3]] {
        let short = bench.run_short(&[&EXACT, &long], middle, message);
        assert!(short.said.contains(MOVED), "{message}: {}", short.said);
        assert!(!short.said.contains(FEWER), "{message}: {}", short.said);
        assert!((short.test_loss - kept.test_loss).abs() < 1e-4);
    }
    // Where nothing is kept, there is nothing to leave.
    let fine = [r#"phases[0].freeze=Nothing"#, "phases[0].epochs=12"];
    let whole = bench.run(&[&EXACT, &fine]);
    let all = whole.counts.of("allocations");
    let said: Vec<String> = [30, 50, 70]
        .map(|percent| {
            bench
                .run_short(&[&EXACT, &fine], all * percent / 100, MESSAGES[4])
                .said
        })
        .to_vec();
    // Most allocations are a step's.
    assert!(said.iter().any(|said| said.contains(FEWER)), "{said:?}");
    assert!(!said.iter().any(|said| said.contains(MOVED)), "{said:?}");
}

/// Where only features move, a step is tried again as it was: normalisations by the batch that learn must not notice.
#[test]
fn running_statistics_move_once_however_often_a_step_is_tried() {
    let bench = Bench::new(12);
    let settings = [&EXACT[..], &FINE];
    let plenty = bench.run(&settings);
    let all = plenty.counts.of("allocations");
    for percent in [50, 55, 60] {
        let short = bench.run_short(&settings, all * percent / 100, MESSAGES[4]);
        assert!(short.said.contains(MOVED), "{}", short.said);
        assert!(!short.said.contains(FEWER), "{}", short.said);
        let off = (short.test_loss - plenty.test_loss).abs();
        assert!(off < 1e-5, "after {percent} %: {off}");
    }
}

#[test]
fn the_card_has_its_memory_back_after_a_run() {
    let bench = Bench::new(8);
    let ran = bench.run(&[&FINE]);
    assert!(ran.counts.of("peak 0") > 40_000_000);
    assert_eq!(
        (ran.counts.of("allocated 0"), ran.counts.of("reserved 0")),
        (0, 0)
    );
}

/// A step of a linear head: pick the rows, product, loss, its gradients, the update.
#[test]
fn a_step_of_a_small_head_is_a_short_queue_that_nobody_waits_for() {
    let bench = Bench::new(32);
    let training = 32;
    let (few, many) = (4, 44);
    for optimizer in ["Sgd(momentum: 0.9)", "AdamW()", "RmsProp()"] {
        let ran = |epochs: i64| {
            let epochs = format!("phases[0].epochs={epochs}");
            let optimizer = format!("phases[0].optimizer={optimizer}");
            bench.run(&[&EXACT, &[&epochs, &optimizer]]).counts
        };
        let (a, b) = (ran(few), ran(many));
        let epochs = many - few;
        let steps = epochs * (training / 8);
        let each = |what: &str, of: i64| (b.of(what) - a.of(what)) as f64 / of as f64;
        let launches = each("launches", steps);
        let most = if optimizer.starts_with("Rms") {
            30.0
        } else {
            20.0
        };
        assert!(
            launches <= most,
            "{optimizer}: {launches} launches per step"
        );
        // The order and the classes of an epoch, those of its validation, and what is told and kept after it.
        assert!(each("copies to card", epochs) <= 4.0, "{optimizer}");
        for waited in ["pageable copies", "waited copies"] {
            assert_eq!(each(waited, epochs), 0.0, "{optimizer}: {waited}");
        }
        let waits = each("synchronisations", epochs);
        assert!(waits <= 12.0, "{optimizer}: {waits} waits per epoch");
    }
}

/// Each picture goes to the card once, with the others of its batch, and a convolution, its sum and its ReLU are one launch.
#[test]
fn pictures_go_to_the_card_once_and_layers_are_few_launches() {
    let bench = Bench::new(64);
    let ran = || bench.run(&[&EXACT, &["phases[0].epochs=1"]]).counts;
    let a = ran();
    pictures(&bench.home, 192);
    let b = ran();
    let more = 2 * (192 - 64);
    let of = |what: &str| b.of(what) - a.of(what);
    let bytes = of("bytes to card");
    let picture = 32 * 32 * 3;
    // 512 numbers of a picture go back there once, to be compared with the others' after the training.
    let features = 512 * 4;
    assert!(bytes >= more * picture, "{bytes}");
    assert!(bytes <= more * (picture + features + 200), "{bytes}");
    // By 128: one batch more.
    assert!(of("copies to card") <= 20, "{}", of("copies to card"));
    assert_eq!((of("pageable copies"), of("waited copies")), (0, 0));
    // One batch more: the stem and the first convolution of eight blocks; the second one with the sum; three shortcuts,
    // which have no ReLU.
    let layers = [
        "cudnn_convolution_relu",
        "cudnn_convolution_add_relu",
        "convolution",
    ];
    let layers = layers.map(|name| of(&format!("aten::{name}")));
    assert_eq!(layers, [9, 8, 3]);
}

/// What is done to every tensor of a network is one launch for all of them, and a pass of validation takes 128 pictures.
#[test]
fn many_tensors_are_few_launches_and_validation_is_few_passes() {
    let bench = Bench::new(96);
    let settings = [
        "training.weight_averaging=Some(0.9)",
        "training.batch_size=64",
        "phases[0].optimizer=RmsProp()",
    ];
    let ran = |epochs: i64| {
        let epochs = format!("phases[0].epochs={epochs}");
        let all = [r#"phases[0].freeze=Nothing"#, &epochs];
        bench.run(&[&EXACT, &settings, &all]).counts
    };
    let (one, two) = (ran(1), ran(2));
    let more = |name: &str| two.of(name) - one.of(name);
    // 108 pictures train, in two steps, and 36 validate.
    assert_eq!(more("aten::max_pool2d_with_indices"), 2 + 1);
    assert_eq!(more("aten::_foreach_lerp_"), 2 * 2, "averages and squares");
    assert_eq!(more("aten::_foreach_sub_"), 2);
    assert_eq!(more("aten::lerp_"), 0);
}

/// Whether features are worth a place on the disk is told by the second batch, before and after which the card is waited for.
#[test]
fn features_are_judged_by_a_batch_that_is_not_the_first_and_is_waited_for() {
    let bench = Bench::new(192);
    // The convolution before everything, and nothing else is frozen.
    let settings = [
        &EXACT[..],
        &["phases[0].epochs=1", r#"phases[0].freeze=Below("layer1")"#],
    ];
    let mut command = bench.command("cuda", &settings);
    command.env("STAND_IN_SLOW", "aten::cudnn_convolution_relu:2560");
    let ran = bench.run_command(command);
    // 216 pictures train, in two batches; 72 validate and 96 test, in one each.
    assert_eq!(ran.counts.of("device synchronisations"), 4 + 2 + 2);
    let (_, told) = ran.said.split_once("computing it ").unwrap();
    let milliseconds: f64 = told.split(' ').next().unwrap().parse().unwrap();
    // The first batch took at least 20 for each of its 128 pictures.
    assert!(milliseconds < 20.0, "{}", ran.said);
}

/// bf16 since compute capability 8.0, fp16 before, for convolutions, tokens and normalisations that are not folded.
#[test]
fn frozen_layers_compute_in_16_bits_on_a_card() {
    let bench = Bench::new(8);
    for (card, kind) in [
        ("New/8.0/4294967296", "bf16"),
        ("Old/7.5/4294967296", "fp16"),
    ] {
        for (network, side) in [("resnet18", 32), ("convnext_tiny", 32)] {
            let network = format!(r#"backbone.name="{network}""#);
            let side = format!("backbone.input_size=Some({side})");
            let settings: [&str; 2] = [&network, &side];
            let run = |exact: &[&str]| {
                let mut command = bench.command("cuda", &[&settings, exact]);
                command.env("STAND_IN_CARDS", card);
                bench.run_command(command)
            };
            let rounded = run(&[]);
            let line =
                format!("Frozen layers compute in {kind}: this graphics card has units for it");
            assert!(rounded.said.contains(&line), "{}", rounded.said);
            let off = (rounded.test_loss - run(&EXACT).test_loss).abs();
            assert!(off < 0.1, "{network} in {kind}: {off}");
        }
        // What trains, too; fp16 with a scale that no step waits for.
        let run = |exact: &[&str]| {
            let mut command = bench.command("cuda", &[&FINE, exact]);
            command.env("STAND_IN_CARDS", card);
            bench.run_command(command)
        };
        let mixed = run(&[]);
        let line = format!("Layers that train compute in {kind}, their weights in fp32");
        assert!(mixed.said.contains(&line), "{}", mixed.said);
        let off = (mixed.test_loss - run(&EXACT).test_loss).abs();
        assert!(off < 0.1, "training in {kind}: {off}");
        let scales = mixed.counts.of("aten::_amp_update_scale_");
        assert_eq!(scales > 0, kind == "fp16", "{scales}");
    }
}
