//! From a server into the caches, laid out as torch and the hub have them.

use std::path::Path;

use super::*;
use crate::models::catalogue;
use crate::models::download::server::{Answer, Ask, Server};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const HUB_URL: &str = "https://huggingface.co/timm/resnet18.a1_in1k/resolve/main/model.safetensors";

struct Fixture {
    folder: tempfile::TempDir,
    caches: Caches,
    file: Vec<u8>,
    weights: WeightsInfo,
}

impl Fixture {
    /// Small weights whose hash is known.
    fn new(url: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tiny.safetensors");
        let mut weights = catalogue::find("resnet18")
            .unwrap()
            .default_weights()
            .clone();
        weights.url = url;
        weights.sha256_prefix = "";
        let caches = Caches {
            own: folder.path().join("own"),
            bundled: None,
            torch: Some(folder.path().join("torch")),
            hub: Some(folder.path().join("hub")),
        };
        Self {
            folder,
            caches,
            file: std::fs::read(golden).unwrap(),
            weights,
        }
    }

    fn hash(&self) -> String {
        use sha2::Digest;
        hex::encode(sha2::Sha256::digest(&self.file))
    }

    fn fetch(&self, server: &Server) -> Result<PathBuf, ModelError> {
        fetch_into(
            &self.caches,
            &self.weights,
            &Mirrors::all(&server.url()),
            &Limits::default(),
            &mut |_| {},
            &StopFlag::default(),
        )
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// Everything that is not a folder.
    fn files(&self) -> Vec<String> {
        fn list(folder: &Path, root: &Path, names: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.is_symlink() {
                    list(&path, root, names);
                } else {
                    names.push(path.strip_prefix(root).unwrap().display().to_string());
                }
            }
        }
        let mut names = Vec::new();
        list(self.folder.path(), self.folder.path(), &mut names);
        names.sort();
        names
    }
}

/// The hub: tells of the file on HEAD, and redirects a GET to where its bytes are.
fn hub(file: Vec<u8>, etag: String, commit: &'static str) -> Server {
    Server::new(move |ask: &Ask| {
        if ask.path.starts_with("/bytes") {
            return Answer::file(ask, &file, "\"cdn\"");
        }
        let answer = Answer::new(302, b"")
            .with("Location", "/bytes?signature=1")
            .with("X-Repo-Commit", commit)
            .with("X-Linked-Etag", &format!("\"{etag}\""))
            .with("X-Linked-Size", &file.len().to_string());
        match ask.path.as_str() {
            // The repository was renamed.
            "/timm/resnet18.a1_in1k/resolve/main/model.safetensors" => Answer::new(307, b"")
                .with("Location", "/timm/renamed/resolve/main/model.safetensors"),
            path if path.contains("/resolve/") => answer,
            _ => Answer::new(404, b""),
        }
    })
}

#[test]
fn torchvisions_files_go_where_torch_looks() {
    let mut fixture = Fixture::new("https://download.pytorch.org/models/net-12345678.pth");
    let hash = fixture.hash();
    fixture.weights.sha256_prefix = Box::leak(hash[..8].to_string().into_boxed_str());
    let file = fixture.file.clone();
    let server = Server::new(move |ask| Answer::file(ask, &file, "\"e\""));
    let path = fixture.fetch(&server).unwrap();
    assert_eq!(path, fixture.path("torch/net-12345678.pth"));
    assert_eq!(server.asked()[0].path, "/models/net-12345678.pth");
    assert_eq!(fixture.caches.candidates(&fixture.weights), [path]);
    assert_eq!(fixture.files(), ["torch/net-12345678.pth"]);

    fixture.weights.sha256_prefix = "00000000";
    std::fs::remove_file(fixture.path("torch/net-12345678.pth")).unwrap();
    let message = fixture.fetch(&server).unwrap_err().to_string();
    assert!(
        message.contains("SHA-256") && message.ends_with(fixture.weights.file_name),
        "{message}"
    );
    assert_eq!(fixture.files(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn the_hubs_files_go_where_timm_looks() {
    let fixture = Fixture::new(HUB_URL);
    let server = hub(fixture.file.clone(), fixture.hash(), COMMIT);
    let path = fixture.fetch(&server).unwrap();
    let repository = "hub/models--timm--resnet18.a1_in1k";
    assert_eq!(
        path,
        fixture.path(&format!(
            "{repository}/snapshots/{COMMIT}/model.safetensors"
        ))
    );
    assert_eq!(std::fs::read(&path).unwrap(), fixture.file);
    let blob = Path::new("../../blobs").join(fixture.hash());
    assert_eq!(std::fs::read_link(&path).unwrap(), blob);
    let named = std::fs::read_to_string(fixture.path(&format!("{repository}/refs/main"))).unwrap();
    assert_eq!(named, COMMIT);
    assert_eq!(fixture.files().len(), 3, "{:?}", fixture.files());
    let candidates = fixture.caches.candidates(&fixture.weights);
    assert_eq!(candidates, std::slice::from_ref(&path));
    assert_eq!(caches::verify(&path, &fixture.weights), Ok(()));
    // The commit that HEAD named is the one that is fetched.
    let asked = server.asked();
    let get = asked.iter().find(|ask| ask.method == "GET").unwrap();
    assert!(
        get.path.contains(&format!("/resolve/{COMMIT}/")),
        "{}",
        get.path
    );
    // Again: the blob stands.
    assert_eq!(fixture.fetch(&server).unwrap(), path);
    let gets = server
        .asked()
        .iter()
        .filter(|ask| ask.path.starts_with("/bytes"))
        .count();
    assert_eq!(gets, 1);
}

#[cfg(unix)]
#[test]
fn what_the_hub_calls_a_hash_is_compared() {
    let fixture = Fixture::new(HUB_URL);
    let server = hub(fixture.file.clone(), "e".repeat(64), COMMIT);
    let message = fixture.fetch(&server).unwrap_err().to_string();
    assert!(message.contains("SHA-256 begins with"), "{message}");
    assert_eq!(fixture.files(), [""; 0]);

    let mut fixture = Fixture::new(HUB_URL);
    fixture.weights.sha256_prefix = "00112233";
    let server = hub(fixture.file.clone(), fixture.hash(), COMMIT);
    let message = fixture.fetch(&server).unwrap_err().to_string();
    assert!(message.contains("and not with 00112233"), "{message}");
    assert!(
        server.asked().iter().all(|ask| ask.method == "HEAD"),
        "another file is not fetched"
    );
}

#[test]
fn a_name_with_a_way_out_of_the_cache_is_none() {
    for (etag, commit) in [
        ("../../../../evil", COMMIT),
        ("aa", "../../evil"),
        ("aa", "0123456789ABCDEF0123456789ABCDEF01234567"),
    ] {
        let fixture = Fixture::new(HUB_URL);
        let etag = if etag == "aa" {
            fixture.hash()
        } else {
            etag.into()
        };
        let server = hub(fixture.file.clone(), etag, commit);
        // Our own folder has our own name for it.
        let path = fixture.fetch(&server).unwrap();
        assert_eq!(path, fixture.path("own").join(fixture.weights.file_name));
        assert_eq!(fixture.files().len(), 1, "{:?}", fixture.files());
    }
}

#[test]
fn a_mirror_that_is_no_hub_serves_too_and_its_file_is_read() {
    let fixture = Fixture::new(HUB_URL);
    let file = fixture.file.clone();
    let server = Server::new(move |ask| match ask.method.as_str() {
        "HEAD" => Answer::new(405, b""),
        _ => Answer::file(ask, &file, "\"e\""),
    });
    let path = fixture.fetch(&server).unwrap();
    assert_eq!(path, fixture.path("own").join(fixture.weights.file_name));

    let fixture = Fixture::new(HUB_URL);
    let cut = fixture.file[..fixture.file.len() - 1].to_vec();
    let server = Server::new(move |ask| Answer::file(ask, &cut, "\"e\""));
    let message = fixture.fetch(&server).unwrap_err().to_string();
    assert!(message.contains("no weight file"), "{message}");
    assert_eq!(fixture.files(), [""; 0]);

    let gone = Server::new(|_| Answer::new(404, b""));
    let message = fixture.fetch(&gone).unwrap_err().to_string();
    assert!(message.contains("there is no such file"), "{message}");
}

#[test]
fn what_a_package_ships_has_no_server() {
    let mut fixture = Fixture::new("");
    fixture.weights = catalogue::find("efficientnet_lite0")
        .unwrap()
        .default_weights()
        .clone();
    let server = Server::new(|_| Answer::new(404, b""));
    let message = fixture.fetch(&server).unwrap_err().to_string();
    assert!(message.contains("run its set-up"), "{message}");
    assert!(server.asked().is_empty());
}

#[test]
fn mirrors_stand_in_for_the_host_alone() {
    let mirrors = Mirrors {
        torch: Some("http://mirror.example/torch/".into()),
        hub: None,
    };
    assert_eq!(
        mirrors.address("https://download.pytorch.org/models/a.pth"),
        "http://mirror.example/torch/models/a.pth"
    );
    assert_eq!(mirrors.address(HUB_URL), HUB_URL);
    assert!(
        Mirrors::all("http://m")
            .address(HUB_URL)
            .starts_with("http://m/timm/")
    );
}
