//! One call of `graft predict`: pictures in, answers out, and what is said of them.

mod summary;

use std::io::IsTerminal as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::Arguments;
use super::placing::{self, Tally, Unplaced};
use super::sink::{self, Sink};
use super::told::{HANDFUL, Told};
use crate::cli::{output, progress, run};
use crate::data::{Problem, StopFlag, problems};
use crate::evaluation::novelty::USUAL_RATE;
use crate::format;
use crate::models::device;
use crate::prediction::placement::{Placer, Way};
use crate::prediction::{
    Finder, FolderWatch, Found, Picture, PictureOutcome, Predictor, novelty_untold, predict_stream,
};
use crate::runs::files;

/// Reasons why something is passed over that are told.
const REASONS: usize = 5;

pub struct Session<'a> {
    arguments: &'a Arguments,
    predictor: Predictor,
    finder: Finder,
    sink: Sink,
    placer: Option<Placer>,
    placed: Tally,
    to_place: Unplaced,
    /// Answers go where they go from now on.
    is_begun: bool,
    told: Told,
    stop: StopFlag,
}

impl<'a> Session<'a> {
    /// Makes sure that everything can be written before the first picture is answered. `folders`: those that are read.
    pub fn open(
        arguments: &'a Arguments,
        run: &Path,
        folders: &[PathBuf],
        stop: StopFlag,
    ) -> anyhow::Result<Self> {
        let device = run::device(arguments.device.as_deref())?.unwrap_or_else(device::best);
        let mut predictor = Predictor::open(run, device)?;
        predictor.set_decision(arguments.decision(predictor.classes())?);
        know_novelty(&mut predictor, arguments.none_of_these, &stop)?;
        for remark in predictor.remarks() {
            output::warn(&remark);
        }
        let placer = match &arguments.into {
            Some(into) => {
                let way = if arguments.link { Way::Link } else { Way::Copy };
                let classes = predictor.classes();
                Some(placing::open(into, way, run, classes, folders)?)
            }
            None => None,
        };
        let sink = sink::open(arguments, run, &predictor)?;
        Ok(Self {
            arguments,
            finder: Finder::new(run),
            told: Told::new(predictor.classes().len(), arguments.out.clone()),
            predictor,
            sink,
            placer,
            placed: Tally::default(),
            to_place: Unplaced::default(),
            is_begun: false,
            stop,
        })
    }

    /// Begins to watch these folders, if that is asked for; before they are looked through, so that nothing is missed.
    pub fn watch(&self, folders: &[PathBuf]) -> anyhow::Result<Option<FolderWatch>> {
        if !self.arguments.watch {
            return Ok(None);
        }
        let watch = FolderWatch::new(folders, self.arguments.poll)?;
        for remark in watch.remarks() {
            output::warn(remark);
        }
        Ok(Some(watch))
    }

    pub fn say_watching(&self, folders: &[PathBuf]) {
        output::warn(&format!("Watching {}; Ctrl-C ends it.", listed(folders)));
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.is_stopped() || self.told.is_reader_gone
    }

    /// Answers what the paths of the command line lead to. `more`: others come on standard input.
    pub fn answer_paths(
        &mut self,
        paths: &[&PathBuf],
        more: bool,
        watch: Option<&mut FolderWatch>,
    ) -> anyhow::Result<()> {
        let mut found = Found::default();
        for path in paths {
            self.finder.find(path, &mut found, &self.stop)?;
        }
        // What is named by hand and is not there is a mistake, of which to hear before anything is computed.
        if let Some(Problem { path, reason }) = found.missing.first() {
            return Err(files::problem(path, reason).into());
        }
        if found.pictures.is_empty() && found.lost.is_empty() && !more && watch.is_none() {
            bail!("there are no pictures below {}", listed(paths));
        }
        let repeated = found.drop_repeated();
        if let Some(watch) = watch {
            watch.take_whole(&mut found.pictures);
        }
        if repeated > 0 {
            output::warn(&format!(
                "{} given more than once, and {} answered once.",
                format::count(repeated, "picture is", "pictures are"),
                format::unit(repeated as u64, "is", "are")
            ));
        }
        // Where only standard input names pictures, it may name none.
        match paths.is_empty() {
            true => Ok(()),
            false => self.answer_found(found),
        }
    }

    /// Answers what names on standard input lead to; one that leads to nothing is a picture that can't be read.
    pub fn answer_named(&mut self, paths: &[PathBuf]) -> anyhow::Result<()> {
        let mut found = Found::default();
        for path in paths {
            self.finder.find(path, &mut found, &self.stop)?;
        }
        let missing = std::mem::take(&mut found.missing);
        found.lost.extend(missing);
        self.answer_found(found)
    }

    fn answer_found(&mut self, found: Found) -> anyhow::Result<()> {
        if !std::mem::replace(&mut self.is_begun, true) {
            let begun = self.sink.begin();
            let _ = self.told.written(begun)?;
        }
        self.told.counts.passed_over += found.passed_over.len();
        self.told.counts.found += found.lost.len();
        for line in problems::lines(&found.passed_over, Path::new(""), REASONS) {
            output::warn(&format!("passed over, {line}"));
        }
        for Problem { path, reason } in found.lost {
            let picture = Picture::file(path);
            let lost = PictureOutcome::Unreadable { picture, reason };
            self.told.hear(&lost);
            let _ = self.told.written(self.sink.write(&lost))?;
            self.to_place.add(lost);
        }
        self.answer(found.pictures)
    }

    pub fn answer(&mut self, pictures: Vec<Picture>) -> anyhow::Result<()> {
        self.told.counts.found += pictures.len();
        if pictures.is_empty() || self.is_stopped() {
            return Ok(());
        }
        let shows = !self.sink.prints() || !std::io::stdout().is_terminal();
        self.told.begin(pictures.len(), shows);
        let mut failure = None;
        let Self {
            told,
            sink,
            to_place,
            placer,
            ..
        } = self;
        let deliver = &mut |outcome: PictureOutcome| {
            told.hear(&outcome);
            match told.written(sink.write(&outcome)) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return ControlFlow::Break(()),
                Err(error) => {
                    failure = Some(error);
                    return ControlFlow::Break(());
                }
            }
            if placer.is_some() {
                to_place.add(outcome);
            }
            ControlFlow::Continue(())
        };
        let answered = predict_stream(&self.predictor, pictures, deliver, &self.stop);
        self.told.end();
        answered?;
        match failure {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Places what was answered, after a plan was told.
    pub fn place(&mut self) -> anyhow::Result<()> {
        let Some(placer) = &mut self.placer else {
            return Ok(());
        };
        // What is not answered to its end would be sorted by half.
        if self.stop.is_stopped() && !self.arguments.watch {
            return Ok(());
        }
        let unplaced = std::mem::take(&mut self.to_place);
        if unplaced.answers.is_empty() {
            return Ok(());
        }
        let answers = unplaced.answers.iter();
        let plan = placer.plan(answers.map(|(picture, assigned)| (picture, *assigned)));
        let Arguments { dry_run, json, .. } = *self.arguments;
        let can_reject = self.arguments.reject_below.is_none();
        let text = placing::plan_text(placer, &plan, &unplaced, dry_run, can_reject);
        if dry_run {
            self.placed.add(&plan, Default::default());
            return match json || self.sink.prints() {
                true => {
                    output::warn_lines(text.trim_end());
                    Ok(())
                }
                false => output::print(&text),
            };
        }
        if unplaced.answers.len() > HANDFUL {
            output::warn_lines(text.trim_end());
        }
        let bar = (plan.steps.len() > HANDFUL).then(progress::bar).flatten();
        if let Some(bar) = &bar {
            bar.set_prefix("Placing pictures");
            bar.set_length(plan.steps.len() as u64);
        }
        // Of a folder that is watched, what was answered before the stop still gets its place.
        let stop = match self.stop.is_stopped() {
            true => StopFlag::default(),
            false => self.stop.clone(),
        };
        let placed = placer.carry_out(&plan, &stop, &mut |done| {
            if let Some(bar) = &bar {
                bar.set_position(done as u64);
            }
        });
        if let Some(bar) = &bar {
            bar.finish_and_clear();
        }
        self.placed.add(&plan, placed?);
        Ok(())
    }
}

fn listed<P: AsRef<Path>>(paths: &[P]) -> String {
    let paths = paths.iter();
    let names: Vec<String> = paths
        .map(|path| path.as_ref().display().to_string())
        .collect();
    names.join(", ")
}

/// Has answers say which pictures are of no class: as the run kept it, or as `rate` asks for.
fn know_novelty(
    predictor: &mut Predictor,
    rate: Option<f64>,
    stop: &StopFlag,
) -> anyhow::Result<()> {
    let Some(rate) = rate else {
        // Nobody asked for it, and answers stand without.
        if let Err(error) = predictor.know_kept_novelty(USUAL_RATE) {
            output::warn(&novelty_untold(&error));
        }
        return Ok(());
    };
    if rate <= 0.0 {
        return Ok(());
    }
    let bar = progress::bar();
    let told = &mut |done: usize, total: usize| {
        if let Some(bar) = &bar {
            bar.set_prefix("Looking at the run's pictures");
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        }
    };
    let known = predictor.know_novelty(rate, told, stop);
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    Ok(known?)
}
