//! The script of an array: the template `packaging/slurm/sweep.sh`, filled in.

use std::path::Path;

use super::error::SlurmError;
use super::indices;
use super::resources::{Resources, directive};
use super::task::MOST_REQUEUES;

const TEMPLATE: &str = include_str!("../../packaging/slurm/sweep.sh");

/// Variables that say where Graft keeps things: a task finds them as whoever submits it does, also when its script is
/// submitted from elsewhere.
const KEPT: [&str; 3] = ["GRAFT_HOME", "GRAFT_CACHE", "GRAFT_SCRATCH"];
/// One that is no path.
const KEPT_SIZE: &str = "GRAFT_SCRATCH_LIMIT";

/// What makes a script. All paths are absolute.
#[derive(Debug, Clone)]
pub(super) struct Script<'a> {
    /// Of the sweep.
    pub name: &'a str,
    pub program: &'a Path,
    pub sweep: &'a Path,
    pub data: Option<&'a Path>,
    pub out: &'a Path,
    /// The folder of the tasks' logs.
    pub logs: &'a Path,
    /// Indices of the array, sorted.
    pub indices: &'a [u32],
    /// The part of the first index, when the array could not begin at 0.
    pub first: u32,
    /// How many parts there are in all.
    pub of: u32,
    pub at_once: Option<u32>,
    pub again: bool,
    pub requeues: u32,
    pub resources: &'a Resources,
}

impl Script<'_> {
    /// Its text.
    ///
    /// # Errors
    /// Naming what can't stand in a script.
    pub fn text(&self) -> Result<String, SlurmError> {
        let mut array = indices::to_text(self.indices);
        if let Some(at_once) = self.at_once {
            array.push_str(&format!("%{at_once}"));
        }
        // `%` begins what Slurm fills in.
        let logs = utf8(self.logs)?.replace('%', "%%");
        let data = match self.data {
            Some(data) => format!("    --data {} \\\n", quoted(data)?),
            None => String::new(),
        };
        let mut options = String::new();
        if self.resources.cards().is_some_and(|cards| cards > 1) {
            options.push_str(" --devices all");
        }
        if self.again {
            options.push_str(" --again");
        }
        let values = [
            ("name", quoted_name(self.name)),
            ("array", array),
            ("resources", self.resources.lines()?),
            ("seconds", self.resources.warning_seconds().to_string()),
            (
                "output",
                option_value("output", &format!("{logs}/%A_%a.txt"))?,
            ),
            ("environment", self.environment()?),
            ("program", quoted(self.program)?),
            ("sweep", quoted(self.sweep)?),
            ("data", data),
            ("out", quoted(self.out)?),
            // Tasks are counted from 1, indices from 0.
            ("first", self.first.saturating_add(1).to_string()),
            ("of", self.of.to_string()),
            ("options", options),
        ];
        Ok(fill(TEMPLATE, &values))
    }

    fn environment(&self) -> Result<String, SlurmError> {
        let mut lines = vec![
            "# How often a task may queue itself again.".to_owned(),
            format!("export {MOST_REQUEUES}={}", self.requeues),
        ];
        for name in KEPT {
            if let Some(folder) = std::env::var_os(name) {
                let folder = std::path::absolute(&folder)
                    .map_err(|error| SlurmError::file(Path::new(&folder), error.to_string()))?;
                lines.push(format!("export {name}={}", quoted(&folder)?));
            }
        }
        if let Some(size) = std::env::var_os(KEPT_SIZE) {
            lines.push(format!("export {KEPT_SIZE}={}", quoted(Path::new(&size))?));
        }
        Ok(lines.join("\n"))
    }
}

/// `text` with every `{{name}}` replaced; what a value holds is not looked at again.
fn fill(text: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let (name, behind) = after.split_once("}}").unwrap_or((after, ""));
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            filled.push_str(value);
        }
        rest = behind;
    }
    filled + rest
}

/// What stands behind `--name=` of a directive.
fn option_value(name: &str, value: &str) -> Result<String, SlurmError> {
    let line = directive(name, value)?;
    let (_, value) = line.split_once('=').unwrap_or_default();
    Ok(value.to_owned())
}

/// A sweep's name as the name of a job: it is shown only, so that what Slurm or its tables would stumble over is left out.
fn quoted_name(name: &str) -> String {
    let kept = |sign: char| match sign {
        sign if sign.is_alphanumeric() || "_.,-".contains(sign) => sign,
        _ => '-',
    };
    let name: String = name.chars().map(kept).take(60).collect();
    format!("\"graft-{name}\"")
}

/// As one word of a shell.
fn quoted(path: &Path) -> Result<String, SlurmError> {
    let text = utf8(path)?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

fn utf8(path: &Path) -> Result<&str, SlurmError> {
    let text = path
        .to_str()
        .filter(|text| !text.contains(char::is_control));
    text.ok_or_else(|| {
        SlurmError::file(
            path,
            "this path can’t stand in a script (it is not UTF-8, or has a line’s end in it): rename the folder",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script<'a>(resources: &'a Resources, out: &'a Path) -> Script<'a> {
        Script {
            name: "Learning rate “x” $(reboot)",
            program: Path::new("/opt/graft/bin/graft"),
            sweep: Path::new("/home/me/it's.sweep.ron"),
            data: Some(Path::new("/data/100%")),
            out,
            logs: out,
            indices: &[0, 1, 2, 5],
            first: 1000,
            of: 1008,
            at_once: Some(2),
            again: true,
            requeues: 7,
            resources,
        }
    }

    #[test]
    fn a_script_says_what_runs_and_quotes_paths() {
        let resources = Resources {
            gpus: Some("2".to_owned()),
            ..Resources::default()
        };
        let text = script(&resources, Path::new("/out/50% $(x) #1"))
            .text()
            .unwrap();
        for line in [
            "#SBATCH --job-name=\"graft-Learning-rate--x----reboot-\"",
            "#SBATCH --array=0-2,5%2",
            "#SBATCH --gpus=2",
            "#SBATCH --signal=B:USR1@120",
            "#SBATCH --output=\"/out/50%% $(x) #1/%A_%a.txt\"",
            "export GRAFT_REQUEUES=7",
            "exec '/opt/graft/bin/graft' sweep run \\",
            "    '/home/me/it'\\''s.sweep.ron' \\",
            "    --data '/data/100%' \\",
            "    --out '/out/50% $(x) #1' \\",
            "    --task \"$((SLURM_ARRAY_TASK_ID + 1001))\" --of 1008 --devices all --again",
        ] {
            assert!(text.lines().any(|there| there == line), "{line} in {text}");
        }
        assert!(!text.contains("{{") && !text.contains("}}"), "{text}");
        assert!(text.starts_with("#!/bin/bash\n"));
    }

    #[cfg(unix)]
    #[test]
    fn a_script_is_one_that_a_shell_understands() {
        let resources = Resources::default();
        let text = script(&resources, Path::new("/out/'a b'")).text().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("job.sh");
        std::fs::write(&file, text).unwrap();
        let checked = std::process::Command::new("bash")
            .arg("-n")
            .arg(&file)
            .status();
        assert!(checked.unwrap().success());
    }

    #[test]
    fn a_folder_that_no_script_can_name_is_refused() {
        let resources = Resources::default();
        for out in ["/out/a\nb", "/out/a\"b", "/out/a\\b"] {
            assert!(
                script(&resources, Path::new(out)).text().is_err(),
                "{out:?}"
            );
        }
    }
}
