//! `graft cache`: features that are kept between runs.

use anyhow::{Context, bail};
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

/// `500MB`, `1.5 GB`, `20000000`, in decimal units.
fn parse_size(text: &str) -> anyhow::Result<u64> {
    const UNITS: [(&str, f64); 4] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let text = text.trim();
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| {
            let at = text.len().checked_sub(name.len())?;
            let end = text.get(at..)?;
            end.eq_ignore_ascii_case(name).then(|| (&text[..at], *unit))
        })
        .unwrap_or((text, 1.0));
    match number.trim().parse::<f64>() {
        Ok(number) if number >= 0.0 && number * unit < 1e18 => Ok((number * unit) as u64),
        _ => bail!("write a size such as 20GB, 500MB or 0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_decimal_units() {
        for (text, expected) in [
            ("0", 0),
            ("1234", 1234),
            ("20GB", 20_000_000_000),
            (" 1.5 gb ", 1_500_000_000),
            ("7kB", 7000),
        ] {
            assert_eq!(parse_size(text).unwrap(), expected, "{text}");
        }
        for text in ["", "GB", "-1MB", "lots", "NaN", "1e30", "5 GiB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
