//! `graft embed --backbone`: pooled features of pictures, for use elsewhere.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context, bail};
use safetensors::tensor::{Dtype, TensorView, serialize};
use serde_json::json;

use crate::cli::outputs::{refuse_to_replace, warn_among_pictures};
use crate::cli::{interrupt, output, progress, run, weights};
use crate::data::{PictureSource, Problem, StopFlag, problems, scan};
use crate::experiment::{DataConfig, DataSource};
use crate::export::safetensors::header;
use crate::format;
use crate::models::{self, device};
use crate::runs::atomic;
use crate::training::TrainingError;
use crate::training::pretrained::PretrainedNetwork;

/// What is asked for.
#[derive(Debug)]
pub struct Wanted<'a> {
    pub backbone: &'a str,
    pub weights: Option<&'a Path>,
    pub key: Option<&'a str>,
    pub out: &'a Path,
    pub device: Option<&'a str>,
    pub json: bool,
    pub folder: &'a Path,
}

/// What is written.
#[derive(Debug, Default)]
struct Embedding {
    /// Below the folder, with `/`.
    files: Vec<String>,
    /// One row of a picture after the other.
    features: Vec<f32>,
    skipped: Vec<Problem>,
}

pub fn write(wanted: &Wanted<'_>) -> anyhow::Result<()> {
    let info = models::backbone_info(wanted.backbone)?;
    let stop = interrupt::stop_flag_saying(
        "Stopping after the pictures that are being computed. Once more ends at once.",
    )?;
    let (pictures, skipped) = scan::pictures_below(wanted.folder, &stop)?;
    if pictures.is_empty() {
        bail!("there are no pictures below {}", wanted.folder.display());
    }
    // Before minutes of work end at a folder that is not there.
    let parent = wanted
        .out
        .parent()
        .filter(|path| !path.as_os_str().is_empty());
    if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
        bail!("there is no such folder: {}", parent.display());
    }
    let inputs: Vec<&Path> = wanted.weights.into_iter().collect();
    refuse_to_replace(wanted.out, &inputs, "file of this command", &is_ours)?;
    if let Ok(source) = scan::recognise(wanted.folder) {
        warn_among_pictures(wanted.out, &source, None);
    }
    let device = run::device(wanted.device)?.unwrap_or_else(device::best);
    let source = weights::source(info, wanted.weights, wanted.key);
    let network = PretrainedNetwork::open(info.name, &source, None, device)?;
    for remark in &network.report().remarks {
        output::warn(&format!("warning: {remark}"));
    }
    let mut embedding = compute(&network, &pictures, &stop)?;
    embedding.skipped.splice(..0, skipped);
    for line in problems::lines(&embedding.skipped, wanted.folder, usize::MAX) {
        output::warn(&format!("skipped, {line}"));
    }
    if embedding.files.is_empty() {
        bail!(
            "none of the pictures could be read: {}",
            wanted.folder.display()
        );
    }
    let labels = labels(wanted.folder, &embedding.files);
    let bytes = to_bytes(&network, info.name, &embedding, labels.as_ref())?;
    atomic::write(wanted.out, &bytes)
        .with_context(|| format!("{} can't be written", wanted.out.display()))?;
    let classes = labels.map(|(classes, _)| classes);
    if wanted.json {
        return output::print_json(&json!({
            "out": crate::shown::path(wanted.out),
            "backbone": info.name,
            "pictures": embedding.files.len(),
            "features": network.features(),
            "classes": classes,
            "skipped": embedding.skipped,
        }));
    }
    output::print(&format!(
        "{} of {} in {}\n",
        format::count(embedding.files.len(), "vector", "vectors"),
        format::count(network.features(), "feature", "features"),
        wanted.out.display()
    ))
}

fn compute(
    network: &PretrainedNetwork,
    pictures: &[scan::NamedFile],
    stop: &StopFlag,
) -> anyhow::Result<Embedding> {
    let bar = progress::bar();
    if let Some(bar) = &bar {
        bar.set_prefix("Computing features");
        bar.set_length(pictures.len() as u64);
    }
    let mut embedding = Embedding::default();
    let files = pictures.iter().map(|(path, _)| path.clone());
    let sources: Vec<PictureSource> = files.map(PictureSource::File).collect();
    let embedded = network.embed_each(&sources, stop, &mut |positions, features| {
        let count = positions.len();
        for ((path, name), features) in pictures[positions].iter().zip(features) {
            match features {
                Ok(features) => {
                    embedding.features.extend(features);
                    embedding.files.push(name.clone());
                }
                Err(error) => embedding.skipped.push(error.into_problem(path)),
            }
        }
        if let Some(bar) = &bar {
            bar.inc(count as u64);
        }
        ControlFlow::Continue(())
    });
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    match embedded {
        Err(TrainingError::Stopped) => bail!("stopped: nothing was written"),
        embedded => embedded?,
    }
    Ok(embedding)
}

/// The class of every file, by the folder that the source's layout names it by; `None` where the
/// folders name no classes, or not every picture lies in one.
fn labels(folder: &Path, files: &[String]) -> Option<(Vec<String>, Vec<i64>)> {
    let source = scan::recognise(folder).ok()?;
    if !matches!(
        source,
        DataSource::ClassFolders { .. } | DataSource::SplitFolders { .. }
    ) {
        return None;
    }
    let config = DataConfig {
        source,
        ..DataConfig::default()
    };
    let listed = scan::list(&config, None, &StopFlag::default()).ok()?;
    let class_of: HashMap<&Path, &String> = listed
        .pictures
        .iter()
        .filter_map(|picture| {
            let class = listed.classes.get(picture.label as usize)?;
            Some((picture.source.path(), class))
        })
        .collect();
    let class = |file: &String| class_of.get(folder.join(file).as_path()).copied();
    let named: Vec<&String> = files.iter().map(class).collect::<Option<_>>()?;
    let classes: Vec<String> = named
        .iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|class| (*class).clone())
        .collect();
    let index = |name: &&String| classes.binary_search(name).ok().map(|index| index as i64);
    let labels = named.iter().map(index).collect::<Option<_>>()?;
    Some((classes, labels))
}

/// safetensors: `features` `[N, F]` f32, `labels` `[N]` i64 where classes are known; files and classes
/// as JSON lists in the metadata.
fn to_bytes(
    network: &PretrainedNetwork,
    backbone: &str,
    embedding: &Embedding,
    labels: Option<&(Vec<String>, Vec<i64>)>,
) -> anyhow::Result<Vec<u8>> {
    let features: Vec<u8> = embedding
        .features
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let count = embedding.files.len();
    let shape = vec![count, network.features()];
    let mut metadata = HashMap::from([
        ("backbone".to_owned(), backbone.to_owned()),
        (
            "weights".to_owned(),
            network.preprocessing().name.to_owned(),
        ),
        ("files".to_owned(), serde_json::to_string(&embedding.files)?),
    ]);
    let mut tensors = vec![("features", TensorView::new(Dtype::F32, shape, &features)?)];
    let numbers: Vec<u8>;
    if let Some((classes, labels)) = labels {
        metadata.insert("classes".to_owned(), serde_json::to_string(classes)?);
        numbers = labels
            .iter()
            .flat_map(|label| label.to_le_bytes())
            .collect();
        tensors.push((
            "labels",
            TensorView::new(Dtype::I64, vec![count], &numbers)?,
        ));
    }
    Ok(serialize(tensors, Some(metadata))?)
}

/// Whether [`to_bytes`] made the file.
fn is_ours(file: File) -> bool {
    let header = header(file).unwrap_or_default();
    let metadata = &header["__metadata__"];
    let is_said = |name: &str| metadata[name].is_string();
    ["backbone", "weights", "files"].into_iter().all(is_said) && header["features"].is_object()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_command_wrote_is_known_again_and_weights_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let is_ours = |name: &str, metadata: &[&str]| {
            let numbers = [0u8; 4];
            let tensor = TensorView::new(Dtype::F32, vec![1, 1], &numbers).unwrap();
            let metadata = metadata
                .iter()
                .map(|key| ((*key).to_owned(), String::new()));
            let bytes = serialize([(name, tensor)], Some(metadata.collect())).unwrap();
            let path = folder.path().join("file.safetensors");
            std::fs::write(&path, bytes).unwrap();
            super::is_ours(File::open(path).unwrap())
        };
        assert!(is_ours("features", &["backbone", "weights", "files"]));
        assert!(!is_ours("features", &["format"]));
        assert!(!is_ours("fc.weight", &["backbone", "weights", "files"]));
        let path = folder.path().join("text");
        std::fs::write(&path, "no such file").unwrap();
        assert!(!super::is_ours(File::open(path).unwrap()));
    }

    #[test]
    fn labels_are_told_by_the_folders_that_name_classes() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["dog/a.png", "cat/b.png", "cat/more/c.png"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"only its name matters").unwrap();
        }
        let files = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let in_classes = files(&["cat/b.png", "cat/more/c.png", "dog/a.png"]);
        let (classes, found) = labels(folder.path(), &in_classes).unwrap();
        assert_eq!(classes, ["cat", "dog"]);
        assert_eq!(found, [0, 0, 1]);
        let loose = files(&["cat/b.png", "loose.png"]);
        assert_eq!(
            labels(folder.path(), &loose),
            None,
            "not every picture has a class"
        );
        let flat = folder.path().join("cat/more");
        assert_eq!(labels(&flat, &files(&["c.png"])), None);
    }
}
