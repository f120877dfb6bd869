//! Downloads from a server that does everything wrong that a server can.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::server::{Answer, Ask, Server};
use super::*;

/// A folder to download into, and what the file should be.
struct Place {
    folder: tempfile::TempDir,
    file: Vec<u8>,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            // Longer than the buffers between here and there.
            file: (0..2_000_000u32).map(|i| (i * 7 % 251) as u8).collect(),
        }
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("net-0.pth")
    }

    fn part(&self) -> PathBuf {
        self.folder.path().join(".net-0.pth.graft-part")
    }

    fn wanted(&self, server: &Server) -> Wanted {
        use sha2::Digest;
        Wanted {
            url: format!("{}/models/net-0.pth", server.url()),
            purpose: Purpose::Weights,
            target: self.target(),
            by_hand: self.folder.path().join("own/net.pth"),
            sha256: hex::encode(sha2::Sha256::digest(&self.file)),
            bytes: None,
            at_most: 2 * self.file.len() as u64,
        }
    }

    fn get(&self, server: &Server) -> Result<(), DownloadError> {
        get(&self.wanted(server))
    }

    /// What stands in the folder, hidden files too.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn is_whole(&self) {
        assert_eq!(std::fs::read(self.target()).unwrap(), self.file);
        assert_eq!(self.names(), ["net-0.pth"], "and nothing else is left");
    }
}

fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(10),
        stall: Duration::from_millis(400),
    }
}

fn get(wanted: &Wanted) -> Result<(), DownloadError> {
    let anything = |_: &Path| Ok(());
    download(
        wanted,
        &limits(),
        &anything,
        &mut |_| {},
        &StopFlag::default(),
    )
}

#[track_caller]
fn says(outcome: Result<(), DownloadError>, parts: &[&str]) {
    let message = outcome.unwrap_err().to_string();
    for part in parts {
        assert!(message.contains(part), "“{part}” is missing: {message}");
    }
    // Who can't download is told from where and to where.
    assert!(message.contains("/models/net-0.pth"), "{message}");
    assert!(message.ends_with("own/net.pth"), "{message}");
}

const ETAG: &str = "\"one\"";

fn serving(place: &Place) -> Server {
    let file = place.file.clone();
    Server::new(move |ask| Answer::file(ask, &file, ETAG))
}

#[test]
fn a_whole_file_arrives_with_progress() {
    let place = Place::new();
    let server = serving(&place);
    let mut told = Vec::new();
    let wanted = place.wanted(&server);
    let mut progress = |progress: DownloadProgress| told.push(progress);
    download(
        &wanted,
        &limits(),
        &|_| Ok(()),
        &mut progress,
        &StopFlag::default(),
    )
    .unwrap();
    place.is_whole();
    let total = Some(place.file.len() as u64);
    assert_eq!(told.first().map(|p| (p.done, p.total)), Some((0, total)));
    assert_eq!(
        told.last().map(|p| (Some(p.done), p.total)),
        Some((total, total))
    );
    // What stands there already is not asked for again.
    place.get(&server).unwrap();
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_prefix_of_the_checksum_is_enough_and_none_asks_the_reader_of_weights() {
    let place = Place::new();
    let server = serving(&place);
    let mut wanted = place.wanted(&server);
    wanted.sha256.truncate(8);
    get(&wanted).unwrap();
    place.is_whole();

    let place = Place::new();
    let wanted = Wanted {
        sha256: String::new(),
        ..place.wanted(&server)
    };
    let refuse = |part: &Path| {
        assert_eq!(std::fs::read(part).unwrap(), place.file);
        Err("no tensors".to_string())
    };
    let outcome = download(
        &wanted,
        &limits(),
        &refuse,
        &mut |_| {},
        &StopFlag::default(),
    );
    says(outcome, &["no weight file (no tensors)"]);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_short_body_is_no_file_and_the_next_attempt_goes_on() {
    let place = Place::new();
    let file = place.file.clone();
    let attempts = AtomicUsize::new(0);
    let server = Server::new(move |ask| {
        let answer = Answer::file(ask, &file, ETAG);
        match attempts.fetch_add(1, Ordering::SeqCst) {
            0 => Answer::new(200, &file[..700_000])
                .with("ETag", ETAG)
                .claiming(file.len() as u64),
            _ => answer,
        }
    });
    says(
        place.get(&server),
        &["ended before the file did", "try again"],
    );
    assert!(
        !place.target().exists(),
        "a part is not taken for the whole"
    );
    assert_eq!(std::fs::metadata(place.part()).unwrap().len(), 700_000);
    place.get(&server).unwrap();
    place.is_whole();
    let asked = server.asked();
    assert_eq!(asked[1].range_start(), Some(700_000));
    assert_eq!(asked[1].header("if-range"), Some(ETAG));
}

/// Leaves the first half of another file than `place`'s behind.
fn half_of_another(place: &Place, url: &str, validator: Option<&str>) {
    std::fs::write(place.part(), vec![1; 900_000]).unwrap();
    let record = Record {
        url: url.into(),
        validator: validator.map(String::from),
        total: Some(place.file.len() as u64),
    };
    let record = serde_json::to_vec(&record).unwrap();
    std::fs::write(
        place.folder.path().join(".net-0.pth.graft-part.json"),
        record,
    )
    .unwrap();
}

#[test]
fn a_file_that_changed_meanwhile_is_not_glued_together() {
    let place = Place::new();
    let server = serving(&place);
    let url = place.wanted(&server).url;
    half_of_another(&place, &url, Some("\"zero\""));
    place.get(&server).unwrap();
    place.is_whole();
    let asked = server.asked();
    assert_eq!(asked.len(), 1, "If-Range gave the whole at once");
    assert_eq!(asked[0].header("if-range"), Some("\"zero\""));
}

#[test]
fn a_part_of_another_url_or_of_nobody_knows_what_is_not_used() {
    let place = Place::new();
    let server = serving(&place);
    half_of_another(&place, "http://127.0.0.1/other", Some(ETAG));
    place.get(&server).unwrap();
    place.is_whole();
    std::fs::remove_file(place.target()).unwrap();
    std::fs::write(place.part(), b"no record").unwrap();
    place.get(&server).unwrap();
    place.is_whole();
    assert!(server.asked().iter().all(|ask| ask.range_start().is_none()));
}

#[test]
fn a_server_that_sends_another_range_or_refuses_it_is_asked_for_the_whole() {
    for status in [206, 416] {
        let place = Place::new();
        let file = place.file.clone();
        let server = Server::new(move |ask| match ask.range_start() {
            Some(_) if status == 206 => Answer::new(206, &file[5..]).with(
                "Content-Range",
                &format!("bytes 5-{}/{}", file.len() - 1, file.len()),
            ),
            Some(_) => Answer::new(416, b""),
            None => Answer::file(ask, &file, ETAG),
        });
        let url = place.wanted(&server).url;
        half_of_another(&place, &url, Some(ETAG));
        place.get(&server).unwrap();
        place.is_whole();
        assert_eq!(server.asked().len(), 2);
    }
}

#[test]
fn wrong_bytes_are_deleted() {
    let place = Place::new();
    let mut wrong = place.file.clone();
    wrong[1_000_000] ^= 1;
    let server = Server::new(move |ask| Answer::file(ask, &wrong, ETAG));
    says(
        place.get(&server),
        &["damaged on the way", "its SHA-256 begins with", "not used"],
    );
    assert_eq!(place.names(), [""; 0]);
    // Also where half of it came from an earlier attempt.
    let url = place.wanted(&server).url;
    half_of_another(&place, &url, Some(ETAG));
    says(place.get(&server), &["its SHA-256 begins with"]);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_server_that_falls_silent_is_not_waited_for() {
    let place = Place::new();
    let file = place.file.clone();
    let in_the_body = Server::new(move |_| {
        Answer::new(200, &file[..500_000])
            .claiming(file.len() as u64)
            .with("ETag", ETAG)
            .stalling()
    });
    says(
        place.get(&in_the_body),
        &["the download timed out", "try again"],
    );
    assert_eq!(std::fs::metadata(place.part()).unwrap().len(), 500_000);
    assert!(!place.target().exists());
}

#[test]
fn stop_ends_it_and_keeps_what_was_fetched() {
    let place = Place::new();
    let file = place.file.clone();
    let server = Server::new(move |ask| match ask.range_start() {
        None => Answer::new(200, &file[..500_000])
            .claiming(file.len() as u64)
            .with("ETag", ETAG)
            .stalling(),
        Some(_) => Answer::file(ask, &file, ETAG),
    });
    let stop = StopFlag::default();
    let patient = Limits {
        stall: Duration::from_secs(600),
        ..limits()
    };
    let wanted = place.wanted(&server);
    let outcome = std::thread::scope(|scope| {
        let stop_in_the_middle = || {
            while std::fs::metadata(place.part()).map_or(0, |part| part.len()) == 0 {
                std::thread::yield_now();
            }
            stop.stop();
        };
        std::thread::Builder::new()
            .spawn_scoped(scope, stop_in_the_middle)
            .unwrap();
        download(&wanted, &patient, &|_| Ok(()), &mut |_| {}, &stop)
    });
    assert!(matches!(outcome, Err(DownloadError::Stopped)));
    assert!(std::fs::metadata(place.part()).unwrap().len() > 0);
    place.get(&server).unwrap();
    place.is_whole();
    assert!(server.asked()[1].range_start().is_some());
}

#[test]
fn statuses_are_explained() {
    for (status, meaning, remedy) in [
        (404, "there is no such file", "--mirror"),
        (403, "access is refused", "login"),
        (500, "a failure of its own", "try again later"),
        (418, "status 418", "--mirror"),
    ] {
        let place = Place::new();
        let server = Server::new(move |_| Answer::new(status, b"no"));
        says(place.get(&server), &[meaning, remedy]);
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn a_login_page_is_no_file() {
    let page = b"\n <!DOCTYPE html><html>Please log in</html>";
    for kind in ["text/html; charset=utf-8", "application/octet-stream"] {
        let place = Place::new();
        let server = Server::new(move |_| Answer::new(200, page).with("Content-Type", kind));
        says(place.get(&server), &["a web page", "login"]);
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let place = Place::new();
    let file = place.file.clone();
    let content = Server::new(move |ask| Answer::file(ask, &file, ETAG));
    let to = format!("{}/elsewhere?signature=1", content.url());
    let hub = Server::new(move |_| Answer::new(302, b"").with("Location", &to));
    place.get(&hub).unwrap();
    place.is_whole();

    let place = Place::new();
    let endless = Server::new(|_| Answer::new(302, b"").with("Location", "/models/net-0.pth"));
    says(place.get(&endless), &["redirects again and again"]);
    assert!(endless.asked().len() < 20);
}

#[test]
fn a_server_that_promises_or_sends_too_much_is_not_believed() {
    let place = Place::new();
    let file = place.file.clone();
    let server = Server::new(move |_| Answer::new(200, &file).claiming(u64::MAX / 2));
    says(place.get(&server), &["bytes where", "were expected"]);
    assert_eq!(place.names(), [""; 0]);

    // Known to the byte.
    let server = serving(&place);
    let wanted = Wanted {
        bytes: Some(place.file.len() as u64 - 1),
        ..place.wanted(&server)
    };
    says(get(&wanted), &["2000000 bytes where 1999999 were expected"]);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn nobody_at_the_other_end() {
    let place = Place::new();
    let server = serving(&place);
    let wanted = place.wanted(&server);
    drop(server);
    says(get(&wanted), &["can't be reached", "HTTPS_PROXY"]);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn two_at_once_fetch_it_once() {
    let place = Place::new();
    let server = serving(&place);
    let wanted = place.wanted(&server);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            std::thread::Builder::new()
                .spawn_scoped(scope, || get(&wanted).unwrap())
                .unwrap();
        }
    });
    place.is_whole();
    assert_eq!(server.asked().len(), 1, "the others waited for the first");
}

#[test]
fn waiting_for_another_process_can_be_stopped() {
    let place = Place::new();
    let server = serving(&place);
    let held = Part::open(&place.target(), &StopFlag::default())
        .unwrap()
        .unwrap();
    let stop = StopFlag::default();
    stop.stop();
    let wanted = place.wanted(&server);
    let outcome = download(&wanted, &limits(), &|_| Ok(()), &mut |_| {}, &stop);
    assert!(matches!(outcome, Err(DownloadError::Stopped)));
    drop(held);
    place.get(&server).unwrap();
    assert_eq!(std::fs::read(place.target()).unwrap(), place.file);
}

#[test]
fn a_folder_that_can_not_be_written_is_named() {
    let place = Place::new();
    let server = serving(&place);
    std::fs::write(place.folder.path().join("taken"), b"").unwrap();
    let wanted = Wanted {
        target: place.folder.path().join("taken/net-0.pth"),
        ..place.wanted(&server)
    };
    says(get(&wanted), &["can't be written", "taken"]);
    assert!(
        server.asked().is_empty(),
        "nothing is asked for that has no place"
    );
}

/// What a device says that is always full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_called_so() {
    let place = Place::new();
    let server = serving(&place);
    let error = std::fs::write("/dev/full", b"x").unwrap_err();
    let failed = Fault::disk(&place.part(), error).of(&place.wanted(&server));
    says(Err(failed), &["the disk is full", "make room"]);
}

/// Nobody's link decides where a download is written.
#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_part_is_not_followed() {
    let place = Place::new();
    let server = serving(&place);
    let other = place.folder.path().join("other");
    std::fs::write(&other, b"text").unwrap();
    std::os::unix::fs::symlink(&other, place.part()).unwrap();
    says(
        place.get(&server),
        &["can't be written", "link to another place"],
    );
    assert_eq!(std::fs::read(&other).unwrap(), b"text");
    assert!(!place.target().exists());
}

#[test]
fn a_server_never_names_a_file_here() {
    let place = Place::new();
    let file = place.file.clone();
    let server = Server::new(move |ask: &Ask| {
        Answer::file(ask, &file, "\"../../../evil\"")
            .with("Content-Disposition", "attachment; filename=../evil")
    });
    place.get(&server).unwrap();
    place.is_whole();
    assert!(!place.folder.path().parent().unwrap().join("evil").exists());
}
