//! What is in a person's own file, for whoever chooses it: whether it fits, which networks it holds, how its pictures are
//! prepared. No network is filled and no numbers are read.

use std::path::Path;

use super::called::Called;
use super::misfit;
use super::outline::Outline;
use super::resolve::{Reading, resolve};
use super::{preprocessing, preprocessing_line, report::LoadReport, settle, tensors};
use crate::experiment::BackboneConfig;
use crate::models::catalogue;
use crate::paths;

/// Of one file and one backbone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Every key under which the file holds the network. One only, and nobody needs to choose.
    pub keys: Vec<String>,
    /// What is taken, in a sentence, or why nothing is.
    pub verdict: Result<String, String>,
    /// How pictures are prepared, in a sentence.
    pub preparation: String,
}

/// Looks into the file of `config`; nothing where its weights are no file.
pub fn examine(config: &BackboneConfig, base: Option<&Path>) -> Option<Examined> {
    let file = config.weights.file()?;
    let info = catalogue::find(&config.name)?;
    let mut settled = config.clone();
    settle(&mut settled, base);
    let preparation = match preprocessing(info, &settled) {
        Ok(weights) => preprocessing_line(&settled, &weights),
        Err(error) => error.to_string(),
    };
    let (keys, verdict) = keys_and_verdict(config, &paths::expand(file, base));
    Some(Examined {
        keys,
        verdict,
        preparation,
    })
}

fn keys_and_verdict(config: &BackboneConfig, path: &Path) -> (Vec<String>, Result<String, String>) {
    let outline = catalogue::find(&config.name).and_then(Outline::named);
    let found = tensors::read(path).map_err(|error| error.to_string());
    let (outline, found) = match (outline, found) {
        (Some(outline), Ok(found)) => (outline, found),
        (_, Err(reason)) => return (Vec::new(), Err(reason)),
        (None, _) => {
            return (
                Vec::new(),
                Err("there is no memory to look into the file".into()),
            );
        }
    };
    let reading = Reading::new(&found);
    let mut keys = reading.keys(&outline);
    keys.sort();
    let verdict = match resolve(&outline, &reading, config.weights.key()) {
        Ok(taken) => {
            let mut report = LoadReport::new(&taken, &outline, &found);
            report.loaded = taken.fit.copies.len();
            let called = Called::new(path, found.architecture.as_deref());
            match called.doubts(outline.info, taken.fit.dialect) {
                Ok(doubts) => report.remarks.extend(doubts),
                Err(reason) => return (keys, Err(reason)),
            }
            let name = path
                .file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy();
            Ok(report.line(&name))
        }
        Err(refused) => Err(refused
            .reason
            .unwrap_or_else(|| misfit::describe(&outline, &reading, refused.fit.as_ref(), path))),
    };
    (keys, verdict)
}
