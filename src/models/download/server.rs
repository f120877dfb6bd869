//! A small server on this machine that answers as a test wants it to: also wrongly, or not at all.
//! The tests of the command line use it, too.

#![allow(dead_code, reason = "two sets of tests use different parts")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// One request.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: String,
    pub path: String,
    headers: Vec<(String, String)>,
}

impl Ask {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// `bytes=100-`: 100.
    pub fn range_start(&self) -> Option<usize> {
        let range = self.header("range")?.strip_prefix("bytes=")?;
        range.strip_suffix('-')?.parse().ok()
    }
}

/// What is sent back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// `Content-Length`, if it is not to be the body's.
    pub claimed: Option<u64>,
    /// Whether the connection stays open, silent, after the body.
    pub stall: bool,
}

impl Answer {
    pub fn new(status: u16, body: &[u8]) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_vec(),
            claimed: None,
            stall: false,
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn claiming(mut self, length: u64) -> Self {
        self.claimed = Some(length);
        self
    }

    pub fn stalling(mut self) -> Self {
        self.stall = true;
        self
    }

    /// The whole of `file` under `etag`, or the part that was asked for, as a good server sends it.
    pub fn file(ask: &Ask, file: &[u8], etag: &str) -> Self {
        let same = ask.header("if-range").is_none_or(|known| known == etag);
        match ask.range_start() {
            Some(start) if same && start < file.len() => Self::new(206, &file[start..]).with(
                "Content-Range",
                &format!("bytes {start}-{}/{}", file.len() - 1, file.len()),
            ),
            Some(_) if same => Self::new(416, b""),
            _ => Self::new(200, file),
        }
        .with("ETag", etag)
    }
}

type Handler = dyn Fn(&Ask) -> Answer + Send + Sync;

/// Listens until it is dropped.
pub struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<Ask>>>,
    /// Connections that are kept open without a word.
    silent: Arc<Mutex<Vec<TcpStream>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn new(handler: impl Fn(&Ask) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let silent = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let handler: Arc<Handler> = Arc::new(handler);
        let (log, open, end) = (asked.clone(), silent.clone(), ended.clone());
        let thread = std::thread::Builder::new()
            .spawn(move || {
                for stream in listener.incoming() {
                    if end.load(Ordering::SeqCst) {
                        return;
                    }
                    let (handler, log, open) = (handler.clone(), log.clone(), open.clone());
                    let serve = move || {
                        if let Ok(stream) = stream {
                            serve(stream, handler.as_ref(), &log, &open);
                        }
                    };
                    std::thread::Builder::new().spawn(serve).unwrap();
                }
            })
            .unwrap();
        Self {
            port,
            asked,
            silent,
            ended,
            thread: Some(thread),
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn asked(&self) -> Vec<Ask> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        self.silent.lock().unwrap().clear();
        // Wakes the thread, so that it sees the end.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    mut stream: TcpStream,
    handler: &Handler,
    log: &Mutex<Vec<Ask>>,
    silent: &Mutex<Vec<TcpStream>>,
) {
    // A proxy is first asked for a connection, and then for the file.
    while let Some(ask) = read_ask(&stream) {
        log.lock().unwrap().push(ask.clone());
        let answer = handler(&ask);
        if ask.method == "CONNECT" {
            let _ = write!(stream, "HTTP/1.1 {} Answer\r\n\r\n", answer.status);
            continue;
        }
        let length = answer.claimed.unwrap_or(answer.body.len() as u64);
        let mut head = format!(
            "HTTP/1.1 {} Answer\r\nConnection: close\r\nContent-Length: {length}\r\n",
            answer.status
        );
        for (name, value) in &answer.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let _ = stream.write_all(head.as_bytes());
        if ask.method != "HEAD" {
            let _ = stream.write_all(&answer.body);
        }
        let _ = stream.flush();
        if answer.stall {
            silent.lock().unwrap().push(stream);
        }
        return;
    }
}

fn read_ask(stream: &TcpStream) -> Option<Ask> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut parts = line.split_whitespace();
    let (method, path) = (parts.next()?.to_string(), parts.next()?.to_string());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            return Some(Ask {
                method,
                path,
                headers,
            });
        };
        headers.push((name.to_lowercase(), value.trim().to_string()));
    }
}
