//! Between the trainer and its listener: thins out progress and reports the remaining time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::control::Control;
use super::error::TrainingError;
use super::events::{Activity, Lacks, Progress, TrainingEvent, TrainingListener};
use super::forecast::{Forecast, Work};
use super::resume::ResumePoint;
use crate::data::StopFlag;

/// Progress goes out at most this often.
const INTERVAL: Duration = Duration::from_millis(100);
/// What an activity must have done before its pace says anything.
const TELLING_PICTURES: usize = 64;
const TELLING_SECONDS: f64 = 1.0;

pub(super) struct Reporter<'a> {
    listener: &'a mut dyn TrainingListener,
    control: Control,
    pub forecast: Forecast,
    progress: Progress,
    /// Without pauses.
    activity_seconds: f64,
    /// Pictures and multiply-adds of the activity that were computed, not skipped.
    activity_work: (usize, f64),
    last_sent: Option<Instant>,
}

impl<'a> Reporter<'a> {
    pub fn new(listener: &'a mut dyn TrainingListener, control: Control, epochs: u32) -> Self {
        let progress = Progress {
            activity: Activity::ReadingPictures,
            phase: 0,
            epoch: 0,
            epochs,
            done: 0,
            total: 0,
            pictures_per_second: 0.0,
            remaining_seconds: None,
            train_loss: None,
        };
        Self {
            listener,
            control,
            forecast: Forecast::default(),
            progress,
            activity_seconds: 0.0,
            activity_work: (0, 0.0),
            last_sent: None,
        }
    }

    /// Tells the listener.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn event(&mut self, event: &TrainingEvent) -> Result<(), TrainingError> {
        self.listener.event(event)?;
        self.report_trouble()
    }

    /// Tells of something that a person should look at; a whole sentence.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn warn(&mut self, text: String) -> Result<(), TrainingError> {
        self.event(&TrainingEvent::Warning(text))
    }

    /// A line for the log.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn note(&mut self, text: String) -> Result<(), TrainingError> {
        self.event(&TrainingEvent::Note(text))
    }

    /// Hands over the weights to keep.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn weights(&mut self, weights: &[(String, tch::Tensor)]) -> Result<(), TrainingError> {
        self.listener.weights(weights)?;
        self.report_trouble()
    }

    /// Hands over where the run stands.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn resume_point(&mut self, point: &ResumePoint) -> Result<(), TrainingError> {
        self.listener.resume_point(point)?;
        self.report_trouble()
    }

    /// What the listener could not keep.
    pub fn lacks(&self) -> Lacks {
        self.listener.lacks()
    }

    /// Whether it keeps what tells pictures that are none of the classes.
    pub fn wants_novelty(&self) -> bool {
        self.listener.wants_novelty()
    }

    /// Passes on what went wrong within a listener, so that all of them hear of it.
    fn report_trouble(&mut self) -> Result<(), TrainingError> {
        match self.listener.trouble() {
            Some(text) => self.listener.event(&TrainingEvent::Warning(text)),
            None => Ok(()),
        }
    }

    pub fn stop_flag(&self) -> &StopFlag {
        &self.control.stop
    }

    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Where the run stands from here on.
    pub fn set_position(&mut self, phase: usize, epoch: u32) {
        self.progress.phase = phase;
        self.progress.epoch = epoch;
        self.progress.train_loss = None;
    }

    /// Begins an activity over `total` pictures.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn begin(&mut self, activity: Activity, total: usize) -> Result<(), TrainingError> {
        self.progress.activity = activity;
        self.progress.done = 0;
        self.progress.total = total;
        self.progress.pictures_per_second = 0.0;
        self.activity_seconds = 0.0;
        self.activity_work = (0, 0.0);
        self.last_sent = None;
        self.send()
    }

    /// `pictures` more are done, each with `multiply_adds`, in the time since `began`.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn advance(
        &mut self,
        work: Work,
        pictures: usize,
        multiply_adds: f64,
        took: Duration,
    ) -> Result<(), TrainingError> {
        self.forecast.done(work, pictures, multiply_adds, took);
        self.activity_seconds += took.as_secs_f64();
        self.activity_work.0 += pictures;
        self.activity_work.1 += pictures as f64 * multiply_adds;
        let done = self.progress.done + pictures;
        self.set_done(done)
    }

    /// `pictures` more are done without any work, which would have been `multiply_adds` each.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn skip(
        &mut self,
        work: Work,
        pictures: usize,
        multiply_adds: f64,
    ) -> Result<(), TrainingError> {
        self.forecast.cancel(work, pictures, multiply_adds);
        let done = self.progress.done + pictures;
        self.set_done(done)
    }

    /// Seconds for each multiply-add of the activity, once enough of it was computed to tell.
    pub fn pace(&self) -> Option<f64> {
        let (pictures, work) = self.activity_work;
        let is_enough = pictures >= TELLING_PICTURES && self.activity_seconds >= TELLING_SECONDS;
        (is_enough && work > 0.0).then(|| self.activity_seconds / work)
    }

    /// The activity's extent turns out to be `total`.
    pub fn set_total(&mut self, total: usize) {
        self.progress.total = total;
    }

    /// Does `work` on another thread, so that this one can tell the listener how far it is: the activity is begun,
    /// and `work` counts in what it is given.
    ///
    /// # Errors
    /// Of the listener, which then stops the work; and when the system gives no thread.
    pub fn watch<T: Send>(
        &mut self,
        thread: &str,
        work: impl FnOnce(&AtomicUsize) -> Result<T, TrainingError> + Send,
    ) -> Result<T, TrainingError> {
        let done = AtomicUsize::new(0);
        let stop = self.control.stop.clone();
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .name(thread.into())
                .spawn_scoped(scope, || work(&done))
                .map_err(|error| {
                    TrainingError::Experiment(format!("can't start a thread: {error}"))
                })?;
            let mut told = Ok(());
            while !thread.is_finished() {
                std::thread::sleep(Duration::from_millis(5));
                if told.is_ok() {
                    told = self.set_done(done.load(Ordering::Relaxed));
                    if told.is_err() {
                        // A listener that fails ends the run; the other thread must end too.
                        stop.stop();
                    }
                }
            }
            told?;
            thread.join().unwrap_or_else(|_| {
                Err(TrainingError::Experiment(
                    "an error inside Graft ended the reading of the pictures".into(),
                ))
            })
        })
    }

    /// `done` pictures of the activity are done.
    ///
    /// # Errors
    /// Those of the listener.
    pub fn set_done(&mut self, done: usize) -> Result<(), TrainingError> {
        self.progress.done = done;
        if self.activity_seconds > 0.0 {
            self.progress.pictures_per_second = done as f64 / self.activity_seconds;
        }
        let due = self.last_sent.is_none_or(|sent| sent.elapsed() >= INTERVAL);
        if due || done == self.progress.total {
            self.send()
        } else {
            Ok(())
        }
    }

    /// One batch's training loss, for the smoothed one that progress carries.
    pub fn batch_loss(&mut self, loss: f64) {
        let smoothed = self
            .progress
            .train_loss
            .map_or(loss, |old| 0.9 * old + 0.1 * loss);
        self.progress.train_loss = Some(smoothed);
    }

    fn send(&mut self) -> Result<(), TrainingError> {
        self.last_sent = Some(Instant::now());
        self.progress.remaining_seconds = self.forecast.remaining_seconds();
        self.event(&TrainingEvent::Progress(self.progress.clone()))
    }
}
