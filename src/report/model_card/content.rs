//! What stands in a card.

use std::collections::BTreeMap;

use super::super::comparison::Tested;
use super::super::network::NO_TEMPERATURE;
use super::super::scores::{ScoreLine, interval_remarks_of, score_lines_of};
use super::Block;
use super::usage::{self, Exported, What};
use crate::analysis::evaluate;
use crate::data::Split;
use crate::data::hash::sha256_of_pairs;
use crate::evaluation::novelty::{distance_text, false_alarms_reason, rate_text};
use crate::evaluation::{CalibrationScores, TemperatureFit, wilson};
use crate::experiment::Keep;
use crate::export::described::Described;
use crate::format::{self, Align};
use crate::models::catalogue;
use crate::runs::members::{self, Member};
use crate::runs::{Digests, cross_validation, groups, short_settings};
use crate::shown;
use crate::training::test_views;

/// Classes and confusions that are named where there are more.
const WORST: usize = 10;
/// Classes that are counted one by one.
const CLASSES: usize = 100;

pub(super) fn blocks(
    tested: Option<&Tested>,
    described: &Described,
    exported: &Exported,
) -> Vec<Block> {
    let members = members::read(&described.run.folder).unwrap_or_default();
    // First the answer, then the rest.
    let mut blocks = opening(described, &members);
    blocks.extend(results(tested, described, exported));
    if let Some(tested) = tested {
        blocks.extend(calibration(tested, described));
        blocks.extend(failures(tested));
    }
    if let Some(reason) = cross_validation::why_no_weights(&described.run.folder) {
        // Each fold has a network of its own.
        blocks.push(Block::Heading("How to use it"));
        blocks.push(text(format!("This run holds no network: {reason}.")));
    } else {
        blocks.extend(novelty(described));
        blocks.extend(usage::blocks(described, exported));
    }
    blocks.extend(licences(described));
    blocks.extend(data(described, &members));
    blocks.extend(recipe(described));
    blocks.extend(checksums(described, &members));
    blocks
}

fn text(sentences: String) -> Block {
    Block::Text(sentences)
}

fn opening(described: &Described, members: &[Member]) -> Vec<Block> {
    let (summary, square) = (&described.run.summary, &described.square);
    let classes = described.classes();
    let named: Vec<&str> = classes.iter().take(CLASSES).map(String::as_str).collect();
    let mut blocks = vec![text(format!(
        "Tells {} apart: {}{}. The network is {} with a head of its own, on squares of {} pixels.",
        format::count(classes.len(), "class", "classes"),
        named.join(", "),
        match classes.len().checked_sub(CLASSES) {
            None | Some(0) => String::new(),
            Some(more) => format!(" and {} more", format::thousands(more as u64)),
        },
        catalogue::title(&described.experiment.backbone.name),
        square.side,
    ))];
    let learned = members.iter().filter(|member| member.split == Split::Train);
    let learned = match learned.count() {
        0 => String::new(),
        count => format!(
            " It learned from {}.",
            format::count(count, "training picture", "training pictures")
        ),
    };
    blocks.push(text(format!(
        "Trained with Graft {} on {}, begun {}.{learned}",
        summary.graft_version,
        summary.device,
        format::utc_time(summary.started),
    )));
    blocks.extend(described.run.shortfall().map(Block::Warning));
    blocks
}

fn licences(described: &Described) -> Vec<Block> {
    let origin = &described.origin;
    let mut blocks = vec![
        Block::Heading("Licences"),
        text(format!(
            "{} Whether the pictures that it learned from allow what you have in mind is not known to Graft.",
            origin.beginning()
        )),
    ];
    blocks.extend(origin.warning().map(Block::Warning));
    blocks
}

fn data(described: &Described, members: &[Member]) -> Vec<Block> {
    let experiment = &described.experiment;
    let source = experiment.data.source.path();
    let source = source.and_then(|path| path.file_name()).map_or_else(
        || "its pictures".to_owned(),
        |name| format!("the pictures in “{}”", name.to_string_lossy()),
    );
    let split = &experiment.data.split;
    let mut blocks = vec![
        Block::Heading("Data"),
        text(format!(
            "It learned from {source}. {}; {}. Seed of the split: {}.",
            match experiment.training.keep {
                Keep::Best => "Validation pictures chose the epoch whose weights were kept",
                Keep::Last =>
                    "The weights of the last epoch were kept, whatever validation pictures said",
            },
            match split.fold {
                Some(0) => "no picture was kept for a test",
                _ => "test pictures took no part in training",
            },
            split.seed.unwrap_or(experiment.seed)
        )),
    ];
    if members.is_empty() {
        return blocks;
    }
    let mut counts: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    let mut all = [0; 3];
    for member in members {
        let part = match member.split {
            Split::Train => 0,
            Split::Validation => 1,
            Split::Test => 2,
        };
        counts.entry(&member.class).or_default()[part] += 1;
        all[part] += 1;
    }
    let row = |name: &str, counts: &[u64; 3]| {
        std::iter::once(name.to_owned())
            .chain(counts.iter().map(|count| format::thousands(*count)))
            .collect::<Vec<_>>()
    };
    let mut rows: Vec<Vec<String>> = counts
        .iter()
        .take(CLASSES)
        .map(|(name, counts)| row(name, counts))
        .collect();
    if counts.len() > CLASSES {
        rows.push(vec!["…".to_owned(); 4]);
    }
    rows.push(row("all", &all));
    blocks.push(Block::Table {
        header: vec![
            ("class", Align::Left),
            ("training", Align::Right),
            ("validation", Align::Right),
            ("test", Align::Right),
        ],
        rows,
    });
    blocks
}

/// By what the run, its weights and its pictures can be told from others.
fn checksums(described: &Described, members: &[Member]) -> Vec<Block> {
    let mut blocks = vec![
        Block::Heading("Checksums"),
        text(format!("The run’s folder: {}.", described.run.summary.id)),
    ];
    if let Some(checkpoint) = &described.checkpoint {
        blocks.push(text(format!("SHA-256 of the run’s weights: {checkpoint}.")));
    }
    blocks.extend(digests(described, members));
    blocks
}

/// One SHA-256 for each part of the split: over the names of its pictures and what their files held.
fn digests(described: &Described, members: &[Member]) -> Option<Block> {
    let digests = Digests::read(&described.run.folder)?;
    let rows: Vec<Vec<String>> = [Split::Train, Split::Validation, Split::Test]
        .into_iter()
        .filter_map(|split| {
            let mut pairs: Vec<(&str, &str)> = members
                .iter()
                .filter(|member| member.split == split)
                .map(|member| {
                    let sha256 = digests.pictures.get(&member.file)?;
                    Some((member.file.as_str(), sha256.as_str()))
                })
                .collect::<Option<_>>()?;
            pairs.sort_unstable();
            let sha256 = hex::encode(sha256_of_pairs(pairs.iter().copied()));
            (!pairs.is_empty()).then(|| vec![split.name().to_owned(), sha256])
        })
        .collect();
    (!rows.is_empty()).then(|| Block::Table {
        header: vec![
            ("pictures", Align::Left),
            ("SHA-256 over names and contents", Align::Left),
        ],
        rows,
    })
}

fn results(tested: Option<&Tested>, described: &Described, exported: &Exported) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("Results")];
    let Some(tested) = tested else {
        let figures = cross_validation::figures_of_refit(&described.run.folder);
        blocks.push(text(figures.unwrap_or_else(|| {
            "The run has not been tested: nothing is known of how good it is.".to_owned()
        })));
        return blocks;
    };
    let pictures = format::count(
        tested.predictions.rows.len(),
        "test picture",
        "test pictures",
    );
    let views = match test_views(&described.experiment) {
        1 => String::new(),
        views => format!(
            " Each was seen in {views} views, mirrored or turned, whose probabilities were averaged{}.",
            match exported.what {
                What::Onnx(_) | What::OnnxOfTensors(_) => "; the ONNX file does the same",
                What::Safetensors(_) | What::PyTorch(_) => "; the exported network sees it once",
                What::Nothing =>
                    "; an ONNX file does the same, networks that are exported otherwise see it once",
            }
        ),
    };
    blocks.push(text(format!("On {pictures}, with 95 % intervals.{views}")));
    let evaluations = [&tested.evaluation];
    let rows = score_lines_of(&evaluations)
        .iter()
        .map(ScoreLine::cells)
        .collect();
    blocks.push(Block::Table {
        header: vec![("score", Align::Left), ("test pictures", Align::Right)],
        rows,
    });
    blocks.extend(cross_validation::remark(&described.run.folder).map(text));
    blocks.extend(tested.evaluation.groups.map(|groups| text(groups.remark())));
    blocks.extend(groups::not_kept(&described.run.folder).map(text));
    blocks.extend(interval_remarks_of(&evaluations).into_iter().map(text));
    blocks
}

fn calibration(tested: &Tested, described: &Described) -> Vec<Block> {
    let plain = CalibrationScores::new(&tested.predictions, 1.0);
    let accuracy = tested.confusion.accuracy();
    let judged = if plain.mean_confidence > accuracy {
        "surer than it is right"
    } else {
        "less sure than it is right"
    };
    let mut blocks = vec![
        Block::Heading("Calibration"),
        text(format!(
            "On average it is {} sure of its answers and right in {}: {judged}. Expected calibration error (15 bins): {}.",
            format::percent(plain.mean_confidence),
            format::percent(accuracy),
            format::percent(plain.expected_error)
        )),
    ];
    let used = described.decision.temperature;
    let fitted = evaluate::stored_as_tested(&described.run.folder, Split::Validation)
        .ok()
        .flatten()
        .and_then(|validation| TemperatureFit::new(&validation));
    let at = |temperature: f64| CalibrationScores::new(&tested.predictions, temperature);
    if used != 1.0 {
        blocks.push(text(format!(
            "The exported network divides its logits by a temperature of {}, which makes the error {}.",
            format::score(used),
            format::percent(at(used).expected_error)
        )));
    } else if fitted.is_some_and(|fit| fit.is_at_bound) {
        blocks.push(text(format!(
            "A temperature would make it as sure as it should be, but {NO_TEMPERATURE}."
        )));
    } else if let Some(TemperatureFit {
        temperature: fitted,
        ..
    }) = fitted
    {
        blocks.push(text(format!(
            "Dividing the logits by {}, the temperature that validation pictures give, makes it {}; the probabilities here are \
             without it.",
            format::score(fitted),
            format::percent(at(fitted).expected_error)
        )));
    }
    blocks
}

fn failures(tested: &Tested) -> Vec<Block> {
    let confusion = &tested.confusion;
    let mut blocks = vec![Block::Heading("Where it fails")];
    let confusions = confusion.top_confusions(WORST);
    if confusions.is_empty() {
        blocks.push(text(
            "It made no mistake on the test pictures; the interval of the accuracy says how many it may make on others."
                .to_owned(),
        ));
        return blocks;
    }
    let mut classes: Vec<usize> = (0..confusion.classes.len())
        .filter(|&class| confusion.truths(class) > 0)
        .collect();
    let recall = |class: usize| confusion.row_share(class, class);
    classes.sort_by(|&a, &b| recall(a).total_cmp(&recall(b)).then(a.cmp(&b)));
    let rows = classes
        .iter()
        .take(WORST)
        .map(|&class| {
            let (right, pictures) = (confusion.counts[class][class], confusion.truths(class));
            let interval = wilson(right, pictures);
            vec![
                confusion.classes[class].clone(),
                format::percent(recall(class)),
                format::percent_interval(interval.low, interval.high),
                format::thousands(pictures),
            ]
        })
        .collect();
    blocks.push(text(match classes.len() > WORST {
        true => format!("The {WORST} classes of which it finds least:"),
        false => "How much of each class it finds, the worst first:".to_owned(),
    }));
    blocks.push(Block::Table {
        header: vec![
            ("class", Align::Left),
            ("recall", Align::Right),
            (
                match tested.evaluation.groups {
                    Some(_) => "95 % interval, picture by picture",
                    None => "95 % interval",
                },
                Align::Right,
            ),
            ("test pictures", Align::Right),
        ],
        rows,
    });
    blocks.push(text("Its most frequent mistakes:".to_owned()));
    blocks.push(Block::Table {
        header: vec![
            ("is", Align::Left),
            ("is taken for", Align::Left),
            ("pictures", Align::Right),
            ("of the class", Align::Right),
        ],
        rows: confusions
            .iter()
            .map(|confused| {
                let name = |class: u32| confusion.classes[class as usize].clone();
                vec![
                    name(confused.truth),
                    name(confused.predicted),
                    format::thousands(confused.count),
                    format::percent(confused.share),
                ]
            })
            .collect(),
    });
    blocks
}

fn novelty(described: &Described) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("None of these")];
    let Some(novelty) = &described.novelty else {
        blocks.push(text(
            "Every picture is given one of the classes, however unlike them it is: this run holds nothing that tells such \
             pictures."
                .to_owned(),
        ));
        return blocks;
    };
    let limit = &novelty.limit;
    let refused = novelty.refused.map_or_else(String::new, |refused| {
        let interval = refused.interval.map_or_else(String::new, |interval| {
            let interval = format::percent_interval(interval.low, interval.high);
            format!(" (95 % interval {interval})")
        });
        format!(
            " Of the run's own test pictures that is {}{interval}.",
            format::percent(refused.value)
        )
    });
    let reason = false_alarms_reason(limit).map_or_else(String::new, |reason| format!(" {reason}"));
    blocks.push(text(format!(
        "Graft says “none of these” of a picture whose features are further than {} from those of the training \
         pictures, by which {} of the run's own pictures at most is refused.{reason}{refused} {}",
        distance_text(limit.threshold),
        rate_text(limit.rate),
        described.without_novelty()
    )));
    if let Some(method) = novelty.pairs.get("novelty.method") {
        blocks.push(text(format!("The rule: {method}.")));
    }
    blocks
}

fn recipe(described: &Described) -> Vec<Block> {
    let rows = short_settings::settings_of(&described.experiment)
        .into_iter()
        // Its path is this machine's, and the data have their own part.
        .filter(|setting| {
            !setting.field.starts_with("data.source") && setting.field != "data.exclude"
        })
        .map(|setting| vec![setting.label, shown::line(&setting.value).into_owned()])
        .collect();
    vec![
        Block::Heading("Recipe"),
        Block::Table {
            header: vec![("setting", Align::Left), ("value", Align::Left)],
            rows,
        },
    ]
}
