//! Every figure of a comparison, by kind and by the name of its file.

use crate::evaluation::Score;
use crate::figures::{
    ConfusionDifferenceFigure, ConfusionFigure, CurveSeries, CurvesFigure, Figure, ResultBar,
    ResultsFigure, Shown,
};
use crate::format;

use super::comparison::{ComparedRun, Comparison, Tested};
use super::learning::{freeze_figure, movement_figure, tree};
use super::pictures::{self, Material};
use super::probabilities;

/// What a figure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FigureKind {
    Curves,
    Results,
    Confusion,
    ConfusionShares,
    ConfusionDifference,
    Roc,
    Reliability,
    ClassCounts,
    Dataset,
    Augmentation,
    Gallery,
    Freeze,
    Movement,
}

impl FigureKind {
    /// In the order of a report.
    pub const ALL: [Self; 13] = [
        Self::Curves,
        Self::Results,
        Self::Confusion,
        Self::ConfusionShares,
        Self::ConfusionDifference,
        Self::Roc,
        Self::Reliability,
        Self::Gallery,
        Self::Freeze,
        Self::Movement,
        Self::ClassCounts,
        Self::Dataset,
        Self::Augmentation,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Curves => "Accuracy and loss",
            Self::Results => "Test accuracy",
            Self::Confusion => "Confusion matrix, counts",
            Self::ConfusionShares => "Confusion matrix, normalised",
            Self::ConfusionDifference => "Difference of the confusion matrices",
            Self::Roc => "ROC and precision-recall",
            Self::Reliability => "Reliability diagram",
            Self::ClassCounts => "Class counts",
            Self::Dataset => "Samples of the data set",
            Self::Augmentation => "Augmentation sheet",
            Self::Gallery => "Gallery of predictions",
            Self::Freeze => "Freeze diagram",
            Self::Movement => "Movement per layer",
        }
    }

    /// What it says.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Curves => "Epoch by epoch, training and validation, of all runs and of each",
            Self::Results => "Test accuracy of every run with its 95 % interval",
            Self::Confusion => "True class against predicted class, in pictures",
            Self::ConfusionShares => {
                "True class against predicted class, in shares of the true class"
            }
            Self::ConfusionDifference => "What gets better and worse from one run to the other",
            Self::Roc => "How well probabilities sort pictures, with areas",
            Self::Reliability => "Whether “90 % sure” is right nine times in ten",
            Self::ClassCounts => "Pictures of each class in training, validation and test",
            Self::Dataset => "Training pictures of every class",
            Self::Augmentation => "One picture drawn again and again as training sees it",
            Self::Gallery => "Right and confident, right and uncertain, wrong",
            Self::Freeze => "Stages with locks, trainable and frozen parameters, phase by phase",
            Self::Movement => "How far training moved each layer; what was frozen, exactly 0",
        }
    }

    /// Begins the name of its file.
    pub(super) fn stem(self) -> &'static str {
        match self {
            Self::Curves => "curves",
            Self::Results => "results",
            Self::Confusion => "confusion",
            Self::ConfusionShares => "confusion-normalised",
            Self::ConfusionDifference => "confusion-difference",
            Self::Roc => "roc",
            Self::Reliability => "reliability",
            Self::ClassCounts => "class-counts",
            Self::Dataset => "dataset",
            Self::Augmentation => "augmentation",
            Self::Gallery => "gallery",
            Self::Freeze => "freeze",
            Self::Movement => "movement",
        }
    }

    /// Whether it is about the pictures and not about a run.
    pub fn is_about_data(self) -> bool {
        matches!(self, Self::ClassCounts | Self::Dataset | Self::Augmentation)
    }

    /// Whether it shows pictures or counts them.
    pub fn needs_material(self) -> bool {
        matches!(
            self,
            Self::ClassCounts | Self::Dataset | Self::Augmentation | Self::Gallery
        )
    }
}

/// A figure with the name of its file, without ending.
pub struct Named {
    pub file: String,
    pub kind: FigureKind,
    /// The run that it is about; nothing where it is about all.
    pub run: Option<usize>,
    pub figure: Box<dyn Figure>,
}

/// Every figure of `kinds` that there are numbers for, in the order of [`FigureKind::ALL`], those about
/// all runs first.
pub fn figures(
    comparison: &Comparison,
    kinds: &[FigureKind],
    material: Option<&Material>,
) -> Vec<Named> {
    let mut builder = Builder {
        comparison,
        material,
        kinds,
        named: Vec::new(),
    };
    builder.all_runs();
    for (run_index, run) in comparison.runs.iter().enumerate() {
        builder.one_run(run_index, run);
    }
    builder.data();
    let order = |kind: FigureKind| FigureKind::ALL.iter().position(|other| *other == kind);
    builder
        .named
        .sort_by_key(|named| (order(named.kind), named.run.map_or(0, |run| run + 1)));
    builder.named
}

struct Builder<'a> {
    comparison: &'a Comparison,
    material: Option<&'a Material>,
    kinds: &'a [FigureKind],
    named: Vec<Named>,
}

impl Builder<'_> {
    fn is_requested(&self, kind: FigureKind) -> bool {
        self.kinds.contains(&kind)
    }

    fn add(
        &mut self,
        kind: FigureKind,
        suffix: &str,
        run: Option<usize>,
        figure: impl Figure + 'static,
    ) {
        let file = if suffix.is_empty() {
            kind.stem().to_owned()
        } else {
            format!("{}-{suffix}", kind.stem())
        };
        self.named.push(Named {
            file,
            kind,
            run,
            figure: Box::new(figure),
        });
    }

    fn all_runs(&mut self) {
        let comparison = self.comparison;
        if self.is_requested(FigureKind::Curves) {
            let figure = curves(comparison);
            if figure
                .series
                .iter()
                .any(|series| !series.metrics.is_empty())
            {
                self.add(FigureKind::Curves, "", None, figure);
            }
        }
        let tested = comparison.tested();
        if tested.is_empty() || comparison.obstacle.is_some() {
            return;
        }
        if self.is_requested(FigureKind::Results) {
            self.add(FigureKind::Results, "", None, results(&tested));
        }
        if self.is_requested(FigureKind::Roc)
            && let Some(figure) = probabilities::roc(&tested)
        {
            self.add(FigureKind::Roc, "", None, figure);
        }
        if self.is_requested(FigureKind::Reliability)
            && let Some(figure) = probabilities::reliability(&tested)
        {
            self.add(FigureKind::Reliability, "", None, figure);
        }
        if self.is_requested(FigureKind::ConfusionDifference) {
            let (first, others) = (&tested[0], &tested[1..]);
            for (index, other) in others.iter().enumerate() {
                let suffix = if others.len() > 1 {
                    format!("1-{}", index + 2)
                } else {
                    String::new()
                };
                let figure = difference(first, other);
                self.add(FigureKind::ConfusionDifference, &suffix, None, figure);
            }
        }
    }

    fn one_run(&mut self, run_index: usize, run: &ComparedRun) {
        let several = self.comparison.is_several();
        if self.is_requested(FigureKind::Curves) && several && !run.run.metrics.is_empty() {
            let figure = CurvesFigure {
                title: format!("Accuracy and loss: {}", run.name),
                remark: trained_on(run),
                series: vec![series(run)],
            };
            self.add(FigureKind::Curves, &run.slug, Some(run_index), figure);
        }
        if let Some(tested) = &run.tested {
            for (kind, shown) in [
                (FigureKind::Confusion, Shown::Counts),
                (FigureKind::ConfusionShares, Shown::ByRow),
            ] {
                if self.is_requested(kind) {
                    let figure = confusion(run, tested, shown);
                    self.add(kind, &run.slug, Some(run_index), figure);
                }
            }
            if self.is_requested(FigureKind::Gallery) {
                let figure = pictures::gallery(run, tested, self.material);
                self.add(FigureKind::Gallery, &run.slug, Some(run_index), figure);
            }
        }
        if !self.is_requested(FigureKind::Freeze) && !self.is_requested(FigureKind::Movement) {
            return;
        }
        let tree = tree(&run.experiment).ok();
        if self.is_requested(FigureKind::Freeze)
            && let Some(tree) = &tree
            && let Ok(figure) = freeze_figure(tree, &run.experiment, run.run.summary.classes.len())
        {
            self.add(FigureKind::Freeze, &run.slug, Some(run_index), figure);
        }
        if self.is_requested(FigureKind::Movement)
            && let Some(figure) = movement_figure(run, tree.as_ref())
        {
            self.add(FigureKind::Movement, &run.slug, Some(run_index), figure);
        }
    }

    fn data(&mut self) {
        let (Some(material), Some(first)) = (self.material, self.comparison.runs.first()) else {
            return;
        };
        if self.is_requested(FigureKind::ClassCounts) {
            let figure = pictures::class_counts(material);
            self.add(FigureKind::ClassCounts, "", None, figure);
        }
        if self.is_requested(FigureKind::Dataset)
            && let Some(figure) = pictures::dataset_grid(material)
        {
            self.add(FigureKind::Dataset, "", None, figure);
        }
        if !self.is_requested(FigureKind::Augmentation) {
            return;
        }
        // Runs with the same augmentation share a sheet.
        let mut drawn = Vec::new();
        for run in &self.comparison.runs {
            let key = (
                &run.experiment.augmentation,
                run.experiment.data.fit,
                run.experiment.seed,
            );
            if drawn.contains(&key) {
                continue;
            }
            drawn.push(key);
            let suffix = if std::ptr::eq(run, first) {
                ""
            } else {
                &run.slug
            };
            if let Some(figure) = pictures::augmentation_sheet(material, &run.experiment) {
                self.add(FigureKind::Augmentation, suffix, None, figure);
            }
        }
    }
}

fn series(run: &ComparedRun) -> CurveSeries {
    CurveSeries {
        name: run.name.clone(),
        color: run.color,
        metrics: run.run.metrics.clone(),
        phase_starts: run.run.phase_starts.clone(),
    }
}

fn trained_on(run: &ComparedRun) -> String {
    format!(
        "{} to train on, {} to validate with",
        format::count(run.run.summary.train_pictures, "picture", "pictures"),
        format::thousands(run.run.summary.validation_pictures as u64)
    )
}

fn curves(comparison: &Comparison) -> CurvesFigure {
    CurvesFigure {
        title: if comparison.is_several() {
            "Accuracy and loss, run against run".to_owned()
        } else {
            format!("Accuracy and loss: {}", comparison.title())
        },
        remark: comparison.runs.first().map(trained_on).unwrap_or_default(),
        series: comparison.runs.iter().map(series).collect(),
    }
}

fn results(tested: &[(&ComparedRun, &Tested)]) -> ResultsFigure {
    let bars = tested
        .iter()
        .map(|(run, tested)| {
            let accuracy = &tested.evaluation.answers.accuracy;
            ResultBar {
                name: run.name.clone(),
                color: run.color,
                accuracy: accuracy.value,
                interval: accuracy.interval,
            }
        })
        .collect();
    ResultsFigure {
        title: "Test accuracy".to_owned(),
        remark: format!(
            "{}{}",
            pictures_of(tested[0].1),
            if tested.len() > 1 {
                ", the same for every run"
            } else {
                ""
            }
        ),
        bars,
    }
}

fn pictures_of(tested: &Tested) -> String {
    let number = tested.predictions.rows.len();
    format::count(number, "test picture", "test pictures")
}

fn confusion(run: &ComparedRun, tested: &Tested, shown: Shown) -> ConfusionFigure {
    ConfusionFigure {
        title: match shown {
            Shown::Counts => format!("Confusion matrix: {}", run.name),
            Shown::ByRow | Shown::ByColumn => format!("Confusion matrix, normalised: {}", run.name),
        },
        remark: format!("{}, accuracy {}", pictures_of(tested), accuracy(tested)),
        matrix: tested.confusion.clone(),
        shown,
    }
}

/// `90.4 % (95 % interval 87.9 to 92.4 %)`.
pub(super) fn accuracy(tested: &Tested) -> String {
    let score = &tested.evaluation.answers.accuracy;
    format!("{} ({})", format::percent(score.value), interval(score))
}

/// `95 % interval 87.9 to 92.4 %`, or that there is none.
pub(super) fn interval(score: &Score) -> String {
    score.interval.map_or_else(
        || "no interval".to_owned(),
        |interval| {
            let ends = format::percent_interval(interval.low, interval.high);
            format!("95 % interval {ends}")
        },
    )
}

fn difference(
    (from_run, from): &(&ComparedRun, &Tested),
    (to_run, to): &(&ComparedRun, &Tested),
) -> ConfusionDifferenceFigure {
    ConfusionDifferenceFigure {
        title: format!("From {} to {}", from_run.name, to_run.name),
        remark: format!(
            "change of the confusion matrix on {}; accuracy {} to {}",
            pictures_of(to),
            format::percent(from.confusion.accuracy()),
            format::percent(to.confusion.accuracy()),
        ),
        from: from.confusion.clone(),
        to: to.confusion.clone(),
    }
}
