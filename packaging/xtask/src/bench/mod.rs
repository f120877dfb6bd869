//! `cargo xtask bench`: the same work in Graft and in the two Python scripts of `tests/peers/`, one after the other in
//! every round, and the ratios of the medians. On the processor it ends with a row of scale, which Graft does alone.
//! `--work precision` compares Graft in bf16 with Graft in single precision, `--work predict` how quickly a run answers
//! with Graft's own frozen pass and a Python script, `--work shootout` how long it takes to judge several networks in Graft and in
//! a script with timm and scikit-learn, `--work ranking` whether the shoot-out ranks networks as training does.
//!
//! Run it on a machine that does nothing else. Everything is kept below `bench` in Graft's own folder.

mod contestants;
mod measure;
mod packages;
mod precision;
mod predict;
mod ranking;
mod scale;
mod shootout;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use self::contestants::{Bench, Contestant, Device, Work};
use self::measure::Measured;
use crate::{paths, setup, steps};

const USAGE: &str = "usage: cargo xtask bench [--device cpu|cuda] [--rounds N] [--pictures FOLDER] [--python PROGRAM] [--work NAME]... [--by CONTESTANT]... [--program FILE] [--seeds N]";

pub fn run(arguments: &[&str]) -> Result<()> {
    let options = Options::parse(arguments)?;
    setup::run(setup::Wanted {
        cuda: options.device == Device::Cuda,
        demo: true,
    })?;
    let graft = match &options.program {
        Some(program) => program.clone(),
        None => steps::graft()?,
    };
    let folder = folder()?;
    if options.precision {
        let cells = |pictures| solar_cells(&folder, pictures);
        precision::run(&folder, &graft, &cells, options.seeds)?;
    }
    if options.predict {
        let cells = solar_cells(&folder, 1000)?;
        let python = python(options.python.as_deref())?;
        predict::run(&folder, &python, &graft, &cells, options.rounds)?;
    }
    if options.shootout {
        let cells = solar_cells(&folder, 1000)?;
        shootout::run(
            &folder,
            options.python.as_deref(),
            &graft,
            &cells,
            options.rounds,
        )?;
    }
    if options.ranking {
        let pictures = match &options.pictures {
            Some(pictures) => pictures.clone(),
            None => solar_cells(&folder, 1000)?,
        };
        ranking::run(&folder, &graft, &pictures)?;
    }
    let others = options.precision || options.predict || options.shootout || options.ranking;
    if others && options.works.is_empty() && !options.scale {
        return Ok(());
    }
    if options.works.is_empty() {
        let python = python(options.python.as_deref())?;
        return scale::run(&folder, &python, &graft);
    }
    let pictures = match &options.pictures {
        Some(pictures) => pictures.clone(),
        None => solar_cells(&folder, options.device.pictures())?,
    };
    let python = python(options.python.as_deref())?;
    let bench = Bench::new(&graft, &folder, &pictures, &python, options.device)?;
    let mut all = Vec::new();
    for round in 0..options.rounds {
        for work in &options.works {
            for &contestant in &options.contestants {
                steps::doing(&format!(
                    "round {} of {}: {}, {}",
                    round + 1,
                    options.rounds,
                    work.title,
                    contestant.title()
                ));
                // The seed of a round is the same for all three.
                let measured = bench.measure(*work, contestant, 42 + round as u64)?;
                eprintln!("    {measured}");
                all.push((*work, contestant, measured));
            }
        }
    }
    print_table(&options, &all);
    if options.scale {
        scale::run(&folder, &python, &graft)?;
    }
    Ok(())
}

struct Options {
    device: Device,
    rounds: usize,
    pictures: Option<PathBuf>,
    python: Option<PathBuf>,
    works: Vec<Work>,
    scale: bool,
    precision: bool,
    predict: bool,
    shootout: bool,
    ranking: bool,
    contestants: Vec<Contestant>,
    /// Instead of one that is built first.
    program: Option<PathBuf>,
    /// For the work of precision.
    seeds: u32,
}

impl Options {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            device: Device::Cpu,
            rounds: 3,
            pictures: None,
            python: None,
            works: Vec::new(),
            scale: false,
            precision: false,
            predict: false,
            shootout: false,
            ranking: false,
            contestants: Vec::new(),
            program: None,
            seeds: precision::SEEDS,
        };
        let mut works = Vec::new();
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let value = rest.next().context(USAGE)?;
            match *name {
                "--rounds" => options.rounds = value.parse().context("--rounds takes a number")?,
                "--pictures" => options.pictures = Some(std::path::absolute(value)?),
                "--python" => options.python = Some(PathBuf::from(value)),
                "--device" => {
                    options.device = Device::parse(value).context("--device takes cpu or cuda")?;
                }
                "--work" => works.push(*value),
                "--program" => options.program = Some(std::path::absolute(value)?),
                "--seeds" => {
                    options.seeds = value.parse().context("--seeds takes a number")?;
                    ensure!(
                        options.seeds >= 10,
                        "--seeds takes 10 or more, because the interval is told from them"
                    );
                }
                "--by" => {
                    let contestant = Contestant::ALL
                        .into_iter()
                        .find(|contestant| contestant.title().eq_ignore_ascii_case(value));
                    options
                        .contestants
                        .push(contestant.context("--by takes graft, b0 or b1")?);
                }
                _ => bail!("{USAGE}"),
            }
        }
        if options.rounds < 3 {
            eprintln!("! fewer than three rounds are no measurement");
        }
        let all = options.device.works();
        let chose = !works.is_empty();
        options.scale = if chose {
            works.contains(&scale::NAME)
        } else {
            options.device == Device::Cpu
        };
        options.precision = works.contains(&precision::NAME);
        options.predict = works.contains(&predict::NAME);
        options.shootout = works.contains(&shootout::NAME);
        options.ranking = works.contains(&ranking::NAME);
        const OTHERS: [&str; 5] = [
            scale::NAME,
            precision::NAME,
            predict::NAME,
            shootout::NAME,
            ranking::NAME,
        ];
        for name in works {
            if OTHERS.contains(&name) {
                continue;
            }
            let work = all.iter().find(|work| work.name == name);
            let mut names: Vec<&str> = all.iter().map(|work| work.name).collect();
            names.extend(OTHERS);
            let work = work.with_context(|| format!("--work takes one of {}", names.join(", ")))?;
            options.works.push(*work);
        }
        if !chose {
            options.works = all.to_vec();
        }
        if options.contestants.is_empty() {
            options.contestants = Contestant::ALL.to_vec();
        }
        Ok(options)
    }
}

/// A folder for each class with that many of the photographs of solar cells, in proportion.
fn solar_cells(folder: &Path, pictures: usize) -> Result<PathBuf> {
    let source = paths::home()?.join("data/elpv");
    let target = folder.join(match pictures {
        1000 => "pictures".to_owned(),
        other => format!("pictures-{other}"),
    });
    let table = std::fs::read_to_string(source.join("labels.csv"))
        .with_context(|| format!("no pictures in {}", source.display()))?;
    let rows: Vec<(&str, &str)> = table
        .lines()
        .filter_map(|line| {
            let mut cells = line.split_whitespace();
            let (path, probability) = (cells.next()?, cells.next()?.parse::<f64>().ok()?);
            Some((
                path,
                if probability >= 0.5 {
                    "defective"
                } else {
                    "functional"
                },
            ))
        })
        .collect();
    for class in ["defective", "functional"] {
        let of_class: Vec<&str> = rows
            .iter()
            .filter(|row| row.1 == class)
            .map(|row| row.0)
            .collect();
        let wanted = (of_class.len() * pictures + rows.len() / 2) / rows.len().max(1);
        std::fs::create_dir_all(target.join(class))?;
        // Spread over the whole table, which is sorted by module.
        for index in 0..wanted {
            let path = source.join(of_class[index * of_class.len() / wanted]);
            let name = path.file_name().context("a picture without a name")?;
            let copy = target.join(class).join(name);
            if !copy.exists() {
                std::fs::copy(&path, &copy)
                    .with_context(|| format!("could not copy {}", path.display()))?;
            }
        }
    }
    Ok(target)
}

/// Where everything of the bench is kept.
fn folder() -> Result<PathBuf> {
    let folder = paths::home()?.join("bench");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A Python with the PyTorch that Graft is built on: the `chosen` one, else one that is made once.
pub fn python(chosen: Option<&Path>) -> Result<PathBuf> {
    if let Some(chosen) = chosen {
        return Ok(chosen.to_path_buf());
    }
    setup::python_environment(
        &folder()?.join("python"),
        "PyTorch for the peers",
        "torch, torchvision, PIL, efficientnet_lite_pytorch",
        &[
            "torch==2.11.0",
            "torchvision==0.26.0",
            "pillow",
            "numpy",
            "efficientnet-lite-pytorch",
        ],
    )
}

/// Medians, and how many times longer each peer takes.
fn print_table(options: &Options, all: &[(Work, Contestant, Measured)]) {
    println!(
        "| work | by | seconds (spread) | first epoch | an epoch | accuracy | peak memory | time against Graft | first epoch against Graft | memory of Graft |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for work in &options.works {
        let of = |contestant: Contestant| -> Vec<Measured> {
            all.iter()
                .filter(|(other, by, _)| other == work && *by == contestant)
                .map(|(_, _, measured)| *measured)
                .collect()
        };
        let graft = of(Contestant::Graft);
        for &contestant in &options.contestants {
            let rounds = of(contestant);
            let seconds = |rounds: &[Measured]| median(rounds, |measured| measured.seconds);
            let first = |rounds: &[Measured]| median(rounds, |measured| measured.first_epoch);
            let memory =
                |rounds: &[Measured]| median(rounds, |measured| measured.peak_bytes as f64);
            let spread = |pick: fn(f64, f64) -> f64| {
                rounds
                    .iter()
                    .map(|measured| measured.seconds)
                    .reduce(pick)
                    .unwrap_or(f64::NAN)
            };
            let accuracy = rounds.iter().map(|measured| measured.accuracy).sum::<f64>()
                / rounds.len().max(1) as f64;
            println!(
                "| {} | {} | {:.1} ({:.1} to {:.1}) | {:.1} s | {:.2} s | {:.1} % | {:.0} MB | {:.1}x | {:.1}x | {:.2}x |",
                work.title,
                contestant.title(),
                seconds(&rounds),
                spread(f64::min),
                spread(f64::max),
                first(&rounds),
                median(&rounds, |measured| measured.epoch),
                accuracy * 100.0,
                memory(&rounds) / 1e6,
                seconds(&rounds) / seconds(&graft),
                first(&rounds) / first(&graft),
                memory(&graft) / memory(&rounds),
            );
        }
    }
}

fn median(rounds: &[Measured], value: impl Fn(&Measured) -> f64) -> f64 {
    median_of(rounds.iter().map(value).collect())
}

fn median_of(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[half],
        _ => f64::midpoint(values[half - 1], values[half]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_one() {
        let of = |seconds: &[f64]| {
            let rounds: Vec<Measured> = seconds
                .iter()
                .map(|&seconds| Measured {
                    seconds,
                    ..Measured::default()
                })
                .collect();
            median(&rounds, |measured| measured.seconds)
        };
        assert_eq!(of(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(of(&[4.0, 1.0, 2.0, 9.0]), 3.0);
        assert!(of(&[]).is_nan());
    }
}
