//! Requests on a thread of their own, so that whoever waits for them can be stopped at any time.

use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use ureq::http::{HeaderMap, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport, time,
};
use ureq::{Agent, Body, Proxy};

use super::error::Fault;

/// Bytes per message.
const PIECE: usize = 256 << 10;
/// Messages that may wait: what a stopped download has fetched for nothing at most.
const WAITING: usize = 4;
/// From a hub to its content network takes one.
const MAX_REDIRECTS: u32 = 5;

/// How long to wait for what.
#[derive(Debug, Clone)]
pub(in crate::models) struct Limits {
    /// For the server's name, and again for its connection.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            stall: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// Nobody waits longer than this for any sign of life.
    pub fn silence(&self) -> Duration {
        // Resolving, connecting (also to a proxy), sending, and the answer.
        self.connect * 3 + self.stall * 3
    }
}

#[derive(Debug)]
pub(super) struct Request {
    pub url: String,
    /// From which byte on, and the validator of what is there already.
    pub range: Option<(u64, Option<String>)>,
    /// Headers only, and no redirect is followed.
    pub head_only: bool,
}

/// What the network thread says, in this order.
pub(super) enum Event {
    Head(Head),
    Data(Vec<u8>),
    End(Result<(), Fault>),
}

/// Status and headers of an answer.
#[derive(Debug)]
pub(in crate::models) struct Head {
    pub status: u16,
    headers: HeaderMap,
}

impl Head {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn content_length(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }

    /// `bytes 100-199/200`: 100, and 200 unless it is `*`.
    pub fn content_range(&self) -> Option<(u64, Option<u64>)> {
        let range = self
            .header("content-range")?
            .trim()
            .strip_prefix("bytes ")?;
        let (span, total) = range.split_once('/')?;
        let (start, _) = span.split_once('-')?;
        Some((start.trim().parse().ok()?, total.trim().parse().ok()))
    }

    /// What `If-Range` may be sent: a strong ETag, or a date.
    pub fn validator(&self) -> Option<String> {
        let etag = self.header("etag").filter(|etag| etag.starts_with('"'));
        etag.or_else(|| self.header("last-modified"))
            .map(String::from)
    }

    pub fn is_web_page(&self) -> bool {
        self.header("content-type")
            .is_some_and(|kind| kind.trim_start().to_lowercase().starts_with("text/html"))
    }
}

/// Begins `request`. The thread ends when the answer does, when nothing arrives for too long, or soon
/// after the receiver is dropped.
pub(super) fn start(request: Request, limits: Limits) -> Result<Receiver<Event>, Fault> {
    let (sender, receiver) = sync_channel(WAITING);
    std::thread::Builder::new()
        .name("download".into())
        .spawn(move || {
            let end = carry_out(&request, &limits, &sender);
            // Nobody listens any more when the download was stopped.
            let _ = sender.send(Event::End(end));
        })
        .map_err(|error| Fault::Unreachable(error.to_string()))?;
    Ok(receiver)
}

fn carry_out(request: &Request, limits: &Limits, sender: &SyncSender<Event>) -> Result<(), Fault> {
    let (parts, mut body) = respond(request, limits)
        .map_err(Fault::network)?
        .into_parts();
    let head = Head {
        status: parts.status.as_u16(),
        headers: parts.headers,
    };
    let has_body = !request.head_only && matches!(head.status, 200 | 206);
    if sender.send(Event::Head(head)).is_err() || !has_body {
        return Ok(());
    }
    let mut reader = body.as_reader();
    loop {
        let mut piece = vec![0; PIECE];
        let count = match reader.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Fault::network_io(error)),
        };
        piece.truncate(count);
        if sender.send(Event::Data(piece)).is_err() {
            return Ok(());
        }
    }
}

fn respond(request: &Request, limits: &Limits) -> Result<Response<Body>, ureq::Error> {
    let agent = agent(request, limits);
    if request.head_only {
        return agent.head(&request.url).call();
    }
    let mut get = agent.get(&request.url);
    if let Some((start, validator)) = &request.range {
        get = get.header("Range", format!("bytes={start}-"));
        if let Some(validator) = validator {
            get = get.header("If-Range", validator);
        }
    }
    get.call()
}

fn agent(request: &Request, limits: &Limits) -> Agent {
    let redirects = if request.head_only { 0 } else { MAX_REDIRECTS };
    let proxy = Proxy::try_from_env().filter(|_| !is_this_machine(&request.url));
    let config = Agent::config_builder()
        .proxy(proxy)
        .user_agent(concat!("graft/", env!("CARGO_PKG_VERSION")))
        // A compressed body would have another length and checksum.
        .accept_encoding("identity")
        .http_status_as_error(false)
        .https_only(request.url.starts_with("https:"))
        .max_redirects(redirects)
        .max_redirects_will_error(!request.head_only)
        // The system's own certificates: a company's proxy signs with one of those.
        .tls_config(
            TlsConfig::builder()
                .root_certs(RootCerts::PlatformVerifier)
                .build(),
        )
        .timeout_resolve(Some(limits.connect))
        .timeout_connect(Some(limits.connect))
        .timeout_send_request(Some(limits.stall))
        .timeout_recv_response(Some(limits.stall))
        .build();
    let connector = DefaultConnector::new().chain(Impatient {
        stall: limits.stall,
    });
    Agent::with_parts(config, connector, DefaultResolver::default())
}

/// No proxy leads back to the machine that asks.
fn is_this_machine(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|name| host.starts_with(name))
}

/// ureq limits the time for a whole body; a large file on a slow line needs a limit on silence.
#[derive(Debug)]
struct Impatient {
    stall: Duration,
}

impl<In: Transport> Connector<In> for Impatient {
    type Out = ImpatientTransport<In>;

    fn connect(
        &self,
        _details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        Ok(chained.map(|inner| ImpatientTransport {
            inner,
            stall: self.stall,
        }))
    }
}

#[derive(Debug)]
struct ImpatientTransport<T> {
    inner: T,
    stall: Duration,
}

impl<T: Transport> Transport for ImpatientTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let stall = time::Duration::Exact(self.stall);
        self.inner.await_input(NextTimeout {
            after: timeout.after.min(stall),
            ..timeout
        })
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
