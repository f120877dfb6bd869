//! Which card is found, and what is said where none can be used.

use std::path::Path;

use super::*;

/// Asks for a card, which is looked for before any picture is.
const ASK: [&str; 4] = ["run", "absent.ron", "--device", "cuda"];

#[test]
fn a_card_is_found_where_set_up_puts_its_library() {
    let home = Home::new();
    home.pictures(8);
    let preset = home.preset("Layout");
    let arguments = [
        "run",
        preset.to_str().unwrap(),
        "--json",
        "--device",
        "cuda",
    ];
    let with_driver = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        StandIn::get()
            .with_driver(&mut command)
            .env_remove("GRAFT_CUDA");
        // No Python environment of this machine has a say.
        for name in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
            command.env_remove(name);
        }
        command.env("HOME", home.path());
        command
    };
    let said = refused(&mut with_driver(&arguments));
    assert!(
        said.contains("graft cuda --install") && said.contains("GRAFT_CUDA"),
        "{said}"
    );

    // As set-up leaves it, but that NVIDIA's libraries are missing, which the stand-in needs none of.
    let torch = home.path().join("home/cuda/torch");
    std::fs::create_dir_all(torch.join("lib")).unwrap();
    let library = StandIn::get().torch.join("libtorch_cuda.so");
    std::fs::copy(&library, torch.join("lib/libtorch_cuda.so")).unwrap();
    let version = |text: &str| {
        std::fs::write(
            torch.join("version.py"),
            format!("__version__ = '{text}'\n"),
        )
        .unwrap()
    };
    version("2.11.0+cu130");
    let (document, _) = succeed(&mut with_driver(&arguments));
    assert!(
        document["peak_card_memory_bytes"].as_u64() > Some(1_000_000),
        "{document}"
    );

    version("2.10.0+cu128");
    let said = refused(&mut with_driver(&arguments));
    assert!(said.contains("belongs to libtorch 2.10.0+cu128"), "{said}");
}

/// Whatever the program is started for, because any question to libtorch might come before the one about cards.
#[test]
fn the_library_is_opened_before_it_is_known_whether_a_card_is_wanted() {
    let home = Home::new();
    let mut command = with_card(&home, &["backbones", "--json"]);
    // The loader tells each library that it opens.
    let output = command.env("LD_DEBUG", "files").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("libtorch_cpu.so"));
    assert!(said.contains("libtorch_cuda.so"), "{said}");
}

#[test]
fn graft_cuda_names_the_folder_or_the_one_that_holds_torch() {
    let home = Home::new();
    let torch = StandIn::get().torch.clone();
    let packages = torch.ancestors().nth(2).unwrap();
    for (folder, is_found) in [
        (torch.as_path(), true),
        (packages, true),
        (home.path(), false),
    ] {
        let said = refused(with_card(&home, &ASK).env("GRAFT_CUDA", folder));
        assert_eq!(said.contains("absent.ron"), is_found, "{said}");
        assert_eq!(
            said.contains("GRAFT_CUDA names a folder without"),
            !is_found,
            "{said}"
        );
    }
    // A file of that name that is no library.
    let broken = home.path().join("libtorch_cuda.so");
    std::fs::write(&broken, "text").unwrap();
    let said = refused(with_card(&home, &ASK).env("GRAFT_CUDA", home.path()));
    assert!(
        said.contains("can’t be opened (") && said.contains("file too short"),
        "{said}"
    );
}

#[test]
fn every_state_of_the_driver_is_told_with_what_to_do() {
    let home = Home::new();
    for (variable, value, expected) in [
        ("STAND_IN_CUINIT", "100", "docker run --gpus all"),
        (
            "STAND_IN_CUINIT",
            "803",
            "was updated and its old kernel module still runs; restart the machine",
        ),
        ("STAND_IN_CUINIT", "800", "may not be used by this process"),
        ("STAND_IN_CUINIT", "304", "look who owns /dev/nvidia*"),
        ("STAND_IN_CUINIT", "804", "remove that package"),
        ("STAND_IN_CUINIT", "802", "nvidia-fabricmanager"),
        ("STAND_IN_CUINIT", "34", "stub"),
        ("STAND_IN_CUINIT", "999", "modprobe nvidia_uvm"),
        ("STAND_IN_CUINIT", "46", "its cuInit answers 46"),
        (
            "STAND_IN_DRIVER_VERSION",
            "12040",
            "it knows CUDA 12.4 and this needs CUDA 13; install driver 580 or later",
        ),
        ("STAND_IN_CARDS", "", "finds no graphics card"),
        (
            "STAND_IN_CARDS",
            "Tesla P100/6.0",
            "(Tesla P100) has compute capability 6.0",
        ),
        ("CUDA_VISIBLE_DEVICES", "7", "CUDA_VISIBLE_DEVICES is “7”"),
        ("CUDA_VISIBLE_DEVICES", "-1", "nvidia-smi -L"),
        ("CUDA_VISIBLE_DEVICES", "GPU-7", "nvidia-smi -L"),
        ("CUDA_VISIBLE_DEVICES", "", "hides every graphics card"),
        (
            "CUDA_VISIBLE_DEVICES",
            "NoDevFiles",
            "Slurm gave this job no graphics card",
        ),
        ("SLURM_JOB_ID", "12", "--gpus=1"),
    ] {
        let mut command = with_card(&home, &ASK);
        command
            .env_remove("CUDA_VISIBLE_DEVICES")
            .env_remove("SLURM_JOB_ID")
            .env(variable, value);
        if variable == "SLURM_JOB_ID" {
            command.env("STAND_IN_CARDS", "");
        }
        let said = refused(&mut command);
        assert!(
            said.contains(expected) && said.contains("No CUDA: "),
            "{value}: {said}"
        );
    }
    // Without a driver, although GRAFT_CUDA names a library, which is not opened then.
    let mut command = home.command(&ASK);
    command.env("GRAFT_CUDA", &StandIn::get().torch);
    // The loader tells each library that it opens.
    let said = refused(command.env("LD_DEBUG", "files"));
    let has_driver = Path::new("/dev/nvidiactl").exists();
    let is_opened = said.contains("libtorch_cuda.so");
    assert!(said.contains("libtorch_cpu.so"), "{said}");
    assert!(
        has_driver || (said.contains("is not installed") && !is_opened),
        "{said}"
    );
}

#[test]
fn a_card_without_kernels_is_refused_by_name_and_another_one_taken() {
    let home = Home::new();
    let ask = |device: &str| {
        let mut command = with_card(&home, &["run", "absent.ron", "--device", device]);
        refused(command.env("STAND_IN_CARDS", "GTX 1080/6.1;RTX 2080/7.5"))
    };
    let said = ask("cuda:0");
    assert!(
        said.contains("cuda:0 (GTX 1080) has compute capability 6.1"),
        "{said}"
    );
    for device in ["cuda", "cuda:1"] {
        let said = ask(device);
        assert!(said.contains("absent.ron"), "{said}");
    }
    let said = ask("cuda:2");
    assert!(said.contains("this machine has 2 CUDA devices"), "{said}");
}

/// As the driver reads `CUDA_VISIBLE_DEVICES`, so does everything that names a card: numbers, names, in any order, up to the
/// first that is none.
#[test]
fn only_the_cards_that_the_environment_shows_are_found() {
    let home = Home::new();
    let cards = |visible: Option<&str>| {
        let mut command = with_card(&home, &["cuda", "--json"]);
        command.env_remove("CUDA_VISIBLE_DEVICES");
        command.envs(visible.map(|value| ("CUDA_VISIBLE_DEVICES", value)));
        let cards = "First/8.0;Second/8.6;Third/9.0";
        let (document, _) = succeed(command.env("STAND_IN_CARDS", cards));
        document
    };
    const SECOND: &str = "GPU-00000001-5a5a-5a5a-5a5a-5a5a5a5a5a5a";
    for (visible, expected) in [
        (None, &["First", "Second", "Third"][..]),
        (Some("1"), &["Second"]),
        (Some("2,0"), &["Third", "First"]),
        (Some(SECOND), &["Second"]),
        // The beginning of a name is enough.
        (Some("GPU-00000002,GPU-00000001"), &["Third", "Second"]),
        (Some("0,9,1"), &["First"]),
        (Some("0,NoDevFiles"), &["First"]),
        (Some(""), &[]),
        (Some("NoDevFiles"), &[]),
    ] {
        let document = cards(visible);
        assert_eq!(document["cards"], json!(expected), "{visible:?}");
        assert_eq!(document["visible_devices"], json!(visible));
        assert_eq!(document["reason"].is_null(), !expected.is_empty());
    }
    // Counted among those that are seen.
    let ask = |device: &str| {
        let mut command = with_card(&home, &["run", "absent.ron", "--device", device]);
        command.env("CUDA_VISIBLE_DEVICES", SECOND);
        refused(command.env("STAND_IN_CARDS", "First/8.0;Second/8.6"))
    };
    assert!(ask("cuda:0").contains("absent.ron"));
    assert!(ask("cuda:1").contains("this machine has 1 CUDA device"));
    let mut command = with_card(&home, &["cuda"]);
    command.env("CUDA_VISIBLE_DEVICES", SECOND);
    command.env("STAND_IN_CARDS", "First/8.0;Second/8.6");
    let printed = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(printed.contains("cuda:0: Second"), "{printed}");
    assert!(
        printed.contains("other cards of this machine are not seen"),
        "{printed}"
    );
}
