//! What is said at the end.

use anyhow::bail;
use serde_json::json;

use super::Session;
use crate::cli::output;
use crate::cli::table::{Align, table};
use crate::evaluation::novelty::{false_alarms_reason, false_alarms_sentence};
use crate::format;
use crate::prediction::{Counts, OwnCounts};
use crate::shown;

impl Session<'_> {
    /// Says what was done; an error where not all of it was.
    pub fn finish(mut self) -> anyhow::Result<()> {
        let finished = self.sink.finish();
        let _ = self.told.written(finished)?;
        if self.told.is_reader_gone {
            return Ok(());
        }
        self.summarize()?;
        let Counts {
            found,
            answered,
            unreadable,
            ..
        } = self.told.counts;
        if self.stop.is_stopped() && !self.arguments.watch {
            let unplaced = match (&self.placer, self.to_place.answers.len()) {
                (Some(placer), 1..) => {
                    format!("; nothing was put into {}", placer.root().display())
                }
                _ => String::new(),
            };
            bail!(
                "stopped after {}{unplaced}",
                format::count(answered + unreadable, "picture", "pictures")
            );
        }
        if unreadable > 0 {
            bail!(
                "{} could not be read, of {}",
                format::count(unreadable, "picture", "pictures"),
                format::thousands(found as u64)
            );
        }
        if self.placed.failed() > 0 {
            bail!(
                "{} could not be placed",
                format::count(self.placed.failed(), "picture", "pictures")
            );
        }
        Ok(())
    }

    /// What a file or a folder got, and what whoever reads the answers must know.
    fn summarize(&self) -> anyhow::Result<()> {
        let closing = self.closing();
        if self.sink.prints() || self.arguments.json {
            for sentence in &closing {
                output::warn(sentence);
            }
        }
        if self.sink.prints() {
            return Ok(());
        }
        if self.arguments.json {
            return output::print_json(&self.document());
        }
        let mut text = self.told.counts.sentence() + "\n";
        if let Some(file) = self.sink.file_text() {
            text += &(file + "\n");
        }
        let rows: Vec<Vec<String>> = self
            .told
            .named(self.predictor.classes())
            .map(|(class, count)| {
                let count = format::thousands(count as u64);
                vec![String::new(), class.to_owned(), count]
            })
            .collect();
        let columns = [("", Align::Left), ("", Align::Left), ("", Align::Right)];
        text += &table(&columns, &rows);
        if let Some(placer) = self.placer.as_ref().filter(|_| !self.arguments.dry_run) {
            text += &self.placed.text(placer.root());
        }
        for sentence in closing {
            text += &(sentence + "\n");
        }
        output::print(&text)
    }

    fn document(&self) -> serde_json::Value {
        let told = &self.told;
        let classes: serde_json::Map<String, serde_json::Value> =
            std::iter::zip(self.predictor.classes(), &told.tally.classes)
                .map(|(class, count)| (class.clone(), json!(count)))
                .collect();
        let Counts {
            found,
            answered,
            unreadable,
            passed_over,
        } = told.counts;
        let OwnCounts {
            train,
            validation,
            test,
        } = told.own;
        let placed = self.placer.as_ref().map(|placer| placer.root());
        json!({
            "out": self.arguments.out.as_deref().map(shown::path),
            "found": found,
            "answered": answered,
            "unreadable": unreadable,
            "passed_over": passed_over,
            "is_stopped": self.stop.is_stopped(),
            "classes": classes,
            "undecided": told.tally.undecided,
            "none_of_these": told.tally.none_of_these,
            "parts": { "train": train, "validation": validation, "test": test },
            "is_dry_run": self.arguments.dry_run,
            "into": placed.map(|root| self.placed.json(root)),
        })
    }

    /// Which pictures the run knew already, and how many are wrongly called none of these, where any is, or where the rate that
    /// was asked for can't be held.
    fn closing(&self) -> Vec<String> {
        let none_of_these = self.told.tally.none_of_these;
        let is_asked = self.arguments.none_of_these.is_some();
        let limit = self.predictor.novelty_limit();
        let false_alarms = limit.and_then(|limit| {
            let reason = false_alarms_reason(&limit);
            if none_of_these == 0 && !(is_asked && reason.is_some()) {
                return None;
            }
            let sentence = Some(false_alarms_sentence(&limit));
            let sentences: Vec<String> = sentence.into_iter().chain(reason).collect();
            Some(sentences.join(" "))
        });
        self.told
            .own
            .sentence()
            .into_iter()
            .chain(false_alarms)
            .collect()
    }
}
