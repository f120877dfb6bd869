//! One file from the network, resumable, whole or not at all.
//!
//! The bytes go into a hidden part file in the target's folder, which one process at a time holds
//! locked, and become the target by a rename when length and checksum are right. Nothing that a server
//! says becomes a name on this disk.

mod error;
mod part;
mod transport;

#[cfg(test)]
pub(super) mod server;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

pub use error::{DownloadError, Fault, Purpose};
pub(super) use part::sync_folder;

use self::part::{Part, Record};
use self::transport::{Event, Request};
pub(super) use self::transport::{Head, Limits};
use crate::data::StopFlag;
use crate::shown;

/// How often stop is looked at while nothing arrives.
const GLANCE: Duration = Duration::from_millis(100);
/// Progress is told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// How far a download is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownloadProgress {
    pub done: u64,
    /// Unknown when the server does not say.
    pub total: Option<u64>,
}

/// What is to be fetched.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub url: String,
    pub purpose: Purpose,
    pub target: PathBuf,
    /// Where a person should put the file when it can't be fetched.
    pub by_hand: PathBuf,
    /// Lower-case hexadecimal, whole or a prefix; empty when unknown.
    pub sha256: String,
    /// The exact size, when known.
    pub bytes: Option<u64>,
    /// More than this is not the file.
    pub at_most: u64,
}

/// How one attempt to fetch went.
#[derive(Debug, PartialEq)]
enum Attempt {
    Whole,
    /// What stands in the part file belongs to another file: begin anew.
    Stale,
}

/// Fetches `wanted`, going on where an earlier attempt was cut off. `verify` looks at the finished
/// part when no checksum is known. Returns at once when another process has just fetched the file.
pub(super) fn download(
    wanted: &Wanted,
    limits: &Limits,
    verify: &dyn Fn(&Path) -> Result<(), String>,
    progress: &mut dyn FnMut(DownloadProgress),
    stop: &StopFlag,
) -> Result<(), DownloadError> {
    let fail = |fault: Fault| fault.of(wanted);
    let Some(mut part) = Part::open(&wanted.target, stop).map_err(fail)? else {
        return Err(DownloadError::Stopped);
    };
    if wanted.target.is_file() && is_right(&wanted.target, wanted, verify) {
        part.remove_if_empty();
        return Ok(());
    }
    let outcome = Transfer {
        wanted,
        limits,
        stop,
        progress,
        told: None,
    }
    .carry_out(&mut part);
    let outcome = outcome.and_then(|()| {
        if !wanted.sha256.is_empty() {
            return Ok(());
        }
        verify(part.path()).map_err(|reason| {
            part.discard();
            Fault::NotWeights(reason)
        })
    });
    let outcome = outcome.and_then(|()| part.finish());
    part.remove_if_empty();
    match outcome {
        Ok(()) => Ok(()),
        Err(Fault::Stopped) => Err(DownloadError::Stopped),
        Err(fault) => Err(fail(fault)),
    }
}

/// Asks for the headers of `url` alone, without following a redirect.
pub(super) fn head(url: &str, limits: &Limits, stop: &StopFlag) -> Result<Head, Fault> {
    let events = transport::start(
        Request {
            url: url.into(),
            range: None,
            head_only: true,
        },
        limits.clone(),
    )?;
    match next(&events, limits, stop)? {
        Event::Head(head) => Ok(head),
        Event::End(Err(fault)) => Err(fault),
        Event::End(Ok(())) | Event::Data(_) => Err(Fault::CutShort),
    }
}

/// Fetches a text of at most so many bytes into memory.
pub(super) fn text(
    url: &str,
    at_most: usize,
    limits: &Limits,
    stop: &StopFlag,
) -> Result<String, Fault> {
    let request = Request {
        url: url.into(),
        range: None,
        head_only: false,
    };
    let events = transport::start(request, limits.clone())?;
    let mut bytes = Vec::new();
    loop {
        match next(&events, limits, stop)? {
            Event::Head(head) if head.status == 200 => {}
            Event::Head(head) => {
                return Err(Fault::Status {
                    status: head.status,
                });
            }
            Event::Data(piece) => bytes.extend(piece),
            Event::End(end) => {
                end?;
                break;
            }
        }
        if bytes.len() > at_most {
            return Err(Fault::WrongSize {
                expected: at_most as u64,
                found: bytes.len() as u64,
            });
        }
    }
    String::from_utf8(bytes).map_err(|_| Fault::Protocol("its answer is not text".into()))
}

/// Whether a file that stands already is the wanted one.
fn is_right(path: &Path, wanted: &Wanted, verify: &dyn Fn(&Path) -> Result<(), String>) -> bool {
    if wanted.sha256.is_empty() {
        verify(path).is_ok()
    } else {
        super::weights::sha256(path).is_ok_and(|hash| hash.starts_with(&wanted.sha256))
    }
}

/// The next thing that the network thread says; looks at stop meanwhile.
fn next(
    events: &std::sync::mpsc::Receiver<Event>,
    limits: &Limits,
    stop: &StopFlag,
) -> Result<Event, Fault> {
    let began = Instant::now();
    loop {
        if stop.is_stopped() {
            return Err(Fault::Stopped);
        }
        match events.recv_timeout(GLANCE) {
            Ok(event) => return Ok(event),
            Err(RecvTimeoutError::Timeout) if began.elapsed() < limits.silence() => {}
            Err(RecvTimeoutError::Timeout) => return Err(Fault::Stalled),
            Err(RecvTimeoutError::Disconnected) => return Err(Fault::CutShort),
        }
    }
}

struct Transfer<'a> {
    wanted: &'a Wanted,
    limits: &'a Limits,
    stop: &'a StopFlag,
    progress: &'a mut dyn FnMut(DownloadProgress),
    told: Option<Instant>,
}

impl Transfer<'_> {
    /// Until the part file holds the whole, and its checksum is right if one is known.
    fn carry_out(&mut self, part: &mut Part) -> Result<(), Fault> {
        let may_resume = part.record.as_ref().is_some_and(|record| {
            (record.url == self.wanted.url || record.url == shown::address(&self.wanted.url))
                && (record.validator.is_some() || !self.wanted.sha256.is_empty())
        });
        if !may_resume || part.length()? > self.wanted.at_most {
            part.restart()?;
        }
        part.hash_what_is_there(self.stop)?;
        let total = part.record.as_ref().and_then(|record| record.total);
        let is_complete = total.is_some() && total == Some(part.length()?);
        if !is_complete && self.attempt(part)? == Attempt::Stale {
            part.restart()?;
            if self.attempt(part)? == Attempt::Stale {
                return Err(Fault::Protocol(
                    "it sends another part than it was asked for".into(),
                ));
            }
        }
        self.check(part)
    }

    fn attempt(&mut self, part: &mut Part) -> Result<Attempt, Fault> {
        let have = part.length()?;
        let validator = part
            .record
            .as_ref()
            .and_then(|record| record.validator.clone());
        let request = Request {
            url: self.wanted.url.clone(),
            range: (have > 0).then_some((have, validator)),
            head_only: false,
        };
        let events = transport::start(request, self.limits.clone())?;
        let head = match next(&events, self.limits, self.stop)? {
            Event::Head(head) => head,
            Event::End(Err(fault)) => return Err(fault),
            Event::End(Ok(())) | Event::Data(_) => return Err(Fault::CutShort),
        };
        let total = match head.status {
            200 => {
                // The whole: the server knows no ranges, or the file is another one by now.
                part.restart()?;
                head.content_length()
            }
            206 if have > 0 => match head.content_range() {
                Some((start, total)) if start == have => {
                    let total = total.or(head.content_length().map(|rest| have + rest));
                    let known = part.record.as_ref().and_then(|record| record.total);
                    if known.is_some() && known != total {
                        return Ok(Attempt::Stale);
                    }
                    total
                }
                _ => return Ok(Attempt::Stale),
            },
            416 if have > 0 => return Ok(Attempt::Stale),
            status => return Err(Fault::Status { status }),
        };
        if head.is_web_page() {
            return Err(Fault::WebPage);
        }
        self.check_total(total)?;
        part.keep_record(Record {
            // The same file, whoever asks for it.
            url: shown::address(&self.wanted.url),
            validator: head.validator(),
            total,
        })?;
        self.receive(part, &events, total)?;
        Ok(Attempt::Whole)
    }

    fn check_total(&self, total: Option<u64>) -> Result<(), Fault> {
        match (total, self.wanted.bytes) {
            (Some(total), Some(expected)) if total != expected => Err(Fault::WrongSize {
                expected,
                found: total,
            }),
            (Some(total), _) if total > self.wanted.at_most => Err(Fault::WrongSize {
                expected: self.wanted.at_most,
                found: total,
            }),
            _ => Ok(()),
        }
    }

    fn receive(
        &mut self,
        part: &mut Part,
        events: &std::sync::mpsc::Receiver<Event>,
        total: Option<u64>,
    ) -> Result<(), Fault> {
        let mut done = part.length()?;
        let most = total.unwrap_or(self.wanted.at_most);
        self.tell(done, total, true);
        loop {
            match next(events, self.limits, self.stop)? {
                Event::Data(bytes) => {
                    if done == 0 && looks_like_a_web_page(&bytes) {
                        return Err(Fault::WebPage);
                    }
                    done += bytes.len() as u64;
                    if done > most {
                        part.discard();
                        return Err(Fault::WrongSize {
                            expected: most,
                            found: done,
                        });
                    }
                    part.append(&bytes)?;
                    self.tell(done, total, false);
                }
                Event::End(Ok(())) => break,
                Event::End(Err(fault)) => return Err(fault),
                Event::Head(_) => return Err(Fault::CutShort),
            }
        }
        self.tell(done, total, true);
        if total.is_some_and(|total| done < total) || done == 0 {
            return Err(Fault::CutShort);
        }
        Ok(())
    }

    /// A part whose bytes are wrong is worth nothing: it is deleted.
    fn check(&self, part: &mut Part) -> Result<(), Fault> {
        let length = part.length()?;
        if let Some(expected) = self.wanted.bytes
            && length != expected
        {
            part.discard();
            return Err(Fault::WrongSize {
                expected,
                found: length,
            });
        }
        let found = part.sha256();
        if !found.starts_with(&self.wanted.sha256) {
            part.discard();
            return Err(Fault::Checksum {
                expected: self.wanted.sha256.clone(),
                found,
            });
        }
        Ok(())
    }

    fn tell(&mut self, done: u64, total: Option<u64>, surely: bool) {
        let due = self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
        if surely || due {
            self.told = Some(Instant::now());
            (self.progress)(DownloadProgress { done, total });
        }
    }
}

fn looks_like_a_web_page(start: &[u8]) -> bool {
    start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}
