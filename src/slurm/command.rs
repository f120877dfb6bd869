//! Starting Slurm's programs.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::error::SlurmError;
use super::remedy;

/// How long a program may take. Slurm's own tries to reach a controller that is being restarted take a minute at most.
const PATIENCE: Duration = Duration::from_secs(90);

/// Variables that say which cluster this is, and who asks.
const OF_CLUSTER: [&str; 4] = [
    "SLURM_CONF",
    "SLURM_CONF_SERVER",
    "SLURM_CLUSTERS",
    "SLURM_JWT",
];

/// Beginnings of variables that are a person's own defaults for what Slurm's programs show and ask: they would hide tasks, or
/// have `scancel` wait for a “yes”. Those of `sbatch` are not among them, see [`super::resources`].
const OF_A_PERSON: [&str; 5] = ["SQUEUE_", "SACCT_", "SCANCEL_", "SCONTROL_", "SINFO_"];

/// What is read of an answer, at most.
const MOST_BYTES: u64 = 64 << 20;

/// Whether there is a program of this name to start.
pub(super) fn exists(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

/// What a program of Slurm answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub has_succeeded: bool,
    pub text: String,
    /// What it said on standard error, in one line.
    pub words: String,
}

impl Answer {
    /// The text of a program that has succeeded.
    pub fn text_of(self, program: &'static str) -> Result<String, SlurmError> {
        if self.has_succeeded {
            return Ok(self.text);
        }
        let remedy = remedy::of(&self.words);
        let words = match self.words.is_empty() {
            true => "it gave no reason".to_owned(),
            false => self.words,
        };
        Err(SlurmError::Refused {
            program,
            words,
            remedy,
        })
    }
}

/// Runs a program to its end.
///
/// # Errors
/// When there is none of that name, and when it does not come to its end in time. That it failed is an answer.
pub(super) fn ask(program: &'static str, arguments: &[&str]) -> Result<Answer, SlurmError> {
    ask_without(program, arguments, &[])
}

/// [`ask`], where the program is not to see these variables.
///
/// # Errors
/// As [`ask`].
pub(super) fn ask_without(
    program: &'static str,
    arguments: &[&str],
    variables: &[&str],
) -> Result<Answer, SlurmError> {
    let mut command = Command::new(program);
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let is_hidden = |name: &str| is_misleading(name) || variables.contains(&name);
        if name.to_str().is_some_and(is_hidden) {
            command.env_remove(name);
        }
    }
    answer(program, command, PATIENCE)
}

/// Whether a variable would have a program of Slurm answer another question than it is asked.
fn is_misleading(variable: &str) -> bool {
    // What a job says of itself would be taken for what another job is.
    let is_of_a_job = variable.starts_with("SLURM_") && !OF_CLUSTER.contains(&variable);
    is_of_a_job || OF_A_PERSON.iter().any(|begin| variable.starts_with(begin))
}

fn answer(
    program: &'static str,
    mut command: Command,
    patience: Duration,
) -> Result<Answer, SlurmError> {
    let failed = |error: std::io::Error| {
        SlurmError::Request(format!("{program} can't be carried out ({error})"))
    };
    // Files, which nobody needs to empty while the program runs.
    let mut said = [
        tempfile::tempfile().map_err(failed)?,
        tempfile::tempfile().map_err(failed)?,
    ];
    command
        .stdin(Stdio::null())
        .stdout(said[0].try_clone().map_err(failed)?)
        .stderr(said[1].try_clone().map_err(failed)?);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => SlurmError::NotInstalled(program),
        _ => failed(error),
    })?;
    let status = wait(&mut child, patience)
        .map_err(failed)?
        .ok_or(SlurmError::Silent {
            program,
            seconds: patience.as_secs(),
        })?;
    let [text, words] = said.each_mut().map(text_of);
    let words = words.map_err(failed)?;
    Ok(Answer {
        has_succeeded: status.success(),
        text: text.map_err(failed)?,
        words: one_line(&words),
    })
}

/// `None` when it took too long, and was ended.
fn wait(child: &mut Child, patience: Duration) -> std::io::Result<Option<ExitStatus>> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if began.elapsed() > patience {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

fn text_of(file: &mut File) -> std::io::Result<String> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Slurm's words without who says them: `sbatch: error: `.
fn one_line(words: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in words.lines() {
        let said = ["error: ", "fatal: "]
            .iter()
            .find_map(|level| line.split_once(level));
        let line = said.map_or(line, |(_, rest)| rest).trim();
        if !line.is_empty() && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_change_answers_are_kept_from_slurm() {
        for variable in [
            "SLURM_JOB_ID",
            "SLURM_TIME_FORMAT",
            "SQUEUE_PARTITION",
            "SACCT_FEDERATION",
            "SCANCEL_INTERACTIVE",
        ] {
            assert!(is_misleading(variable), "{variable}");
        }
        for variable in ["SLURM_CONF", "SLURM_CLUSTERS", "SBATCH_ACCOUNT", "PATH"] {
            assert!(!is_misleading(variable), "{variable}");
        }
    }

    #[test]
    fn words_are_one_line_without_who_says_them() {
        let words = "sbatch: error: invalid partition specified: nowhere\n\
                     sbatch: error: Batch job submission failed: Invalid partition name specified\n";
        assert_eq!(
            one_line(words),
            "invalid partition specified: nowhere; Batch job submission failed: Invalid partition name specified"
        );
        assert_eq!(one_line("\n"), "");
        assert_eq!(
            one_line("slurm_load_jobs error: Invalid job id specified\n"),
            "Invalid job id specified"
        );
    }

    #[cfg(unix)]
    #[test]
    fn an_answer_is_waited_for_and_a_missing_program_is_said() {
        let shell = |script: &str, patience| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            answer("sh", command, Duration::from_secs(patience))
        };
        let said = shell("echo text; echo 'sh: error: why' >&2; exit 3", 60).unwrap();
        assert_eq!(
            said,
            Answer {
                has_succeeded: false,
                text: "text\n".to_owned(),
                words: "why".to_owned()
            }
        );
        let error = said.text_of("sbatch").unwrap_err().to_string();
        assert_eq!(error, "sbatch refused: why");
        assert!(matches!(
            shell("exec sleep 60", 0),
            Err(SlurmError::Silent { .. })
        ));
        let none = answer(
            "squeue",
            Command::new("/nowhere/squeue"),
            Duration::from_secs(1),
        );
        assert!(matches!(none, Err(SlurmError::NotInstalled("squeue"))));
    }
}
