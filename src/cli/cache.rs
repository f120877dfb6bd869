//! `graft cache`: features that are kept between runs.

use anyhow::Context;
use clap::Args;

use super::output;
use crate::format;
use crate::training::features::store::FeatureStore;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Remove everything that is kept; it is computed again when it is needed
    #[arg(long)]
    clear: bool,
    /// Keep at most this much, such as 20GB or 500MB; 0 keeps nothing
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    limit: Option<u64>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn cache(arguments: &Arguments) -> anyhow::Result<()> {
    let store = FeatureStore::of_user();
    if let Some(limit) = arguments.limit {
        store.set_limit(limit).with_context(|| {
            format!(
                "the limit can't be written: {}",
                store.usage().folder.display()
            )
        })?;
    }
    let removed = if arguments.clear {
        let removed = store.clear(&|_, _| ()).with_context(|| {
            format!(
                "not everything could be removed: {}",
                store.usage().folder.display()
            )
        })?;
        Some(removed)
    } else {
        None
    };
    let usage = store.usage();
    if arguments.json {
        return output::print_json(&usage);
    }
    let mut text = String::new();
    if let Some(removed) = removed {
        text += &format!("Removed {}\n", format::bytes(removed));
    }
    text += &format!(
        "Features of frozen layers: {} in {}, at most {}\nPlace: {}\n",
        format::bytes(usage.bytes),
        format::count(usage.files, "file", "files"),
        format::bytes(usage.limit_bytes),
        usage.folder.display()
    );
    output::print(&text)
}

fn parse_size(text: &str) -> Result<u64, &'static str> {
    format::parse_bytes(text).ok_or("write a size such as 20GB, 500MB or 0")
}
