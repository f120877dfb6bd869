//! Why a download failed, and what to do about it.

use std::io;
use std::path::PathBuf;

use super::Wanted;
use crate::shown;

/// A download that did not bring its file.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    #[error(
        "the download was stopped; what was fetched is kept, and the next attempt goes on from there"
    )]
    Stopped,
    /// The text says what to do and ends with the path where a file fetched by hand belongs.
    #[error("can't download {url}: {fault}; {}, or download the file by hand and put it there: {}", .fault.remedy(*.purpose), .by_hand.display())]
    Failed {
        url: String,
        fault: Fault,
        purpose: Purpose,
        by_hand: PathBuf,
    },
}

/// What a file is for: who else may have it, and what says where it is kept, differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Weights,
    /// A package of libtorch's CUDA part.
    CudaPart,
}

impl Purpose {
    fn another_server(self) -> &'static str {
        match self {
            Self::Weights => "name another server with --mirror",
            Self::CudaPart => "name another package index with PIP_INDEX_URL or --mirror",
        }
    }

    /// The variables that name another folder.
    fn folders(self) -> &'static str {
        match self {
            Self::Weights => "TORCH_HOME or HF_HOME",
            Self::CudaPart => "GRAFT_HOME",
        }
    }
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("it was stopped")]
    Stopped,
    #[error("the server can't be reached ({0})")]
    Unreachable(String),
    #[error("the download timed out")]
    Stalled,
    #[error("the connection ended before the file did")]
    CutShort,
    #[error("the server answers with status {status}{}", meaning(*.status))]
    Status { status: u16 },
    #[error("the server sends a web page in place of the file")]
    WebPage,
    #[error("the server redirects again and again")]
    Redirects,
    #[error("the server does not keep to the protocol: {0}")]
    Protocol(String),
    #[error("the file has {found} bytes where {expected} were expected")]
    WrongSize { expected: u64, found: u64 },
    #[error("what arrived is not the expected file: it was damaged on the way, or the server has another one (its SHA-256 begins with {} and not with {})", start(.found), start(.expected))]
    Checksum { expected: String, found: String },
    #[error("what arrived is no weight file ({0})")]
    NotWeights(String),
    #[error("the disk is full")]
    DiskFull,
    #[error("{path} can't be written ({error})")]
    Disk { path: PathBuf, error: io::Error },
    #[error("HF_HUB_OFFLINE is set, so that nothing is fetched from the hub")]
    Offline,
}

impl Fault {
    /// With the URL and the place for the person's own download.
    pub(in crate::models) fn of(self, wanted: &Wanted) -> DownloadError {
        match self {
            Self::Stopped => DownloadError::Stopped,
            fault => DownloadError::Failed {
                url: shown::address(&wanted.url),
                fault: fault.without(&wanted.url),
                purpose: wanted.purpose,
                by_hand: wanted.by_hand.clone(),
            },
        }
    }

    /// Without the secrets of `url`, which a library below may have repeated.
    fn without(self, url: &str) -> Self {
        let address = url.split_once("://").map_or(url, |(_, rest)| rest);
        let Some((secrets, _)) = address.rsplit_once('@') else {
            return self;
        };
        match self {
            Self::Unreachable(text) => Self::Unreachable(text.replace(secrets, "…")),
            Self::Protocol(text) => Self::Protocol(text.replace(secrets, "…")),
            other => other,
        }
    }

    /// From the disk.
    pub(super) fn disk(path: &std::path::Path, error: io::Error) -> Self {
        if matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        ) {
            return Self::DiskFull;
        }
        Self::Disk {
            path: path.to_path_buf(),
            error,
        }
    }

    /// From the network.
    pub(super) fn network(error: ureq::Error) -> Self {
        use ureq::Error;
        match error {
            Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
                Self::Unreachable("it does not answer".into())
            }
            Error::Timeout(_) => Self::Stalled,
            Error::TooManyRedirects | Error::RedirectFailed => Self::Redirects,
            Error::HostNotFound => Self::Unreachable("its name is not known".into()),
            Error::ConnectProxyFailed(reason) => Self::Unreachable(format!(
                "the proxy refuses: {}",
                shown::without_secrets(&reason.to_string())
            )),
            Error::RequireHttpsOnly(_) => {
                Self::Protocol("it redirects to an address that is not encrypted".into())
            }
            Error::Io(error) => Self::network_io(error),
            Error::Protocol(error) => {
                Self::Protocol(shown::without_secrets(&error.to_string()).into_owned())
            }
            other => Self::Unreachable(shown::without_secrets(&other.to_string()).into_owned()),
        }
    }

    /// From reading a body.
    pub(super) fn network_io(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::Stalled,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Self::CutShort,
            // ureq wraps its own errors when a body is read.
            _ => match error.downcast::<ureq::Error>() {
                Ok(error) => Self::network(error),
                Err(error) => Self::Unreachable(error.to_string()),
            },
        }
    }

    fn remedy(&self, purpose: Purpose) -> String {
        let server = purpose.another_server();
        match self {
            Self::Unreachable(_) => {
                "look at the network (a proxy is named by HTTPS_PROXY) and try again".into()
            }
            Self::Stalled | Self::CutShort | Self::Stopped => {
                "try again: what was fetched is kept and used".into()
            }
            Self::Status { status: 404 | 410 } => server.into(),
            Self::Status {
                status: 401 | 403 | 407,
            }
            | Self::WebPage => {
                format!("see in a browser whether it asks for a login, {server}")
            }
            Self::Status { .. } | Self::Protocol(_) | Self::Redirects => {
                format!("try again later, {server}")
            }
            Self::Checksum { .. } | Self::WrongSize { .. } | Self::NotWeights(_) => {
                format!("try again (what was fetched is not used), {server}")
            }
            Self::DiskFull => "make room and try again (what was fetched is kept and used)".into(),
            Self::Disk { .. } => format!(
                "make the folder writable or choose another with {}",
                purpose.folders()
            ),
            Self::Offline => "unset it".into(),
        }
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        401 => " (a login is needed)",
        403 => " (access is refused)",
        404 | 410 => " (there is no such file)",
        407 => " (the proxy asks for a login)",
        429 => " (too many requests)",
        500..=599 => " (a failure of its own)",
        _ => "",
    }
}

/// A checksum's first digits tell it apart.
fn start(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
