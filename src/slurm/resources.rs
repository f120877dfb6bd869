//! What a task asks of the cluster.

use super::error::SlurmError;

/// Cores of a task of which nobody says how many: pictures are decoded beside a card too.
const CPUS: u32 = 4;
/// How long before its end a task is told to save, in seconds, and the share of its time that this may be at most.
const WARNING: u64 = 120;
/// Slurm gives that signal up to a minute early, so that a task with less time would do nothing but save.
const LEAST_TIME: u64 = 300;

/// Variables by which a person or a site sets what the script says of how tasks run: `sbatch` would believe them rather than
/// the script.
const SAID_BY_THE_SCRIPT: [&str; 8] = [
    "SBATCH_ARRAY_INX",
    "SBATCH_ERROR",
    "SBATCH_JOB_NAME",
    "SBATCH_NO_REQUEUE",
    "SBATCH_OPEN_MODE",
    "SBATCH_OUTPUT",
    "SBATCH_SIGNAL",
    // Nobody waits here until all is trained.
    "SBATCH_WAIT",
];

/// What each task asks of the cluster, as options of `sbatch`. What is not said is the site's default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resources {
    pub partition: Option<String>,
    /// In Slurm's forms: minutes, `hours:minutes:seconds`, `days-hours:minutes`.
    pub time: Option<String>,
    /// `1`, `a100:1`.
    pub gpus: Option<String>,
    /// 4 unless said.
    pub cpus: Option<u32>,
    /// `16G`.
    pub mem: Option<String>,
    pub account: Option<String>,
    pub qos: Option<String>,
    pub constraint: Option<String>,
    /// Further options, as they are: `--exclude=node7`.
    pub further: Vec<String>,
}

impl Resources {
    /// The lines of a script.
    ///
    /// # Errors
    /// Naming the option that can't be written there, or asks for too little.
    pub(super) fn lines(&self) -> Result<String, SlurmError> {
        self.check_time()?;
        let mut lines = Vec::new();
        for (name, value) in [
            ("partition", &self.partition),
            ("time", &self.time),
            ("gpus", &self.gpus),
            ("mem", &self.mem),
            ("account", &self.account),
            ("qos", &self.qos),
            ("constraint", &self.constraint),
        ] {
            if let Some(value) = value {
                lines.push(directive(name, value)?);
            }
        }
        lines.push(directive(
            "cpus-per-task",
            &self.cpus.unwrap_or(CPUS).to_string(),
        )?);
        for option in &self.further {
            if !option.starts_with('-') || option.contains(['\n', '\r']) {
                return Err(SlurmError::Request(format!(
                    "“{option}” is no option of sbatch: write it as --sbatch=--exclude=node7, one at a time"
                )));
            }
            lines.push(format!("#SBATCH {option}"));
        }
        Ok(lines.join("\n"))
    }

    /// Variables that `sbatch` would believe rather than what is said here or in the script. What is not said may come from
    /// such a variable: an account, for instance.
    pub(super) fn contradicted_by(&self) -> Vec<&'static str> {
        let mut variables = SAID_BY_THE_SCRIPT.to_vec();
        for (value, names) in [
            (&self.partition, &["SBATCH_PARTITION"][..]),
            (&self.time, &["SBATCH_TIMELIMIT"]),
            (
                &self.gpus,
                &[
                    "SBATCH_GPUS",
                    "SBATCH_GPUS_PER_NODE",
                    "SBATCH_GPUS_PER_TASK",
                    "SBATCH_GRES",
                ],
            ),
            (
                &self.mem,
                &[
                    "SBATCH_MEM_PER_NODE",
                    "SBATCH_MEM_PER_CPU",
                    "SBATCH_MEM_PER_GPU",
                ],
            ),
            (&self.account, &["SBATCH_ACCOUNT"]),
            (&self.qos, &["SBATCH_QOS"]),
            (&self.constraint, &["SBATCH_CONSTRAINT"]),
        ] {
            if value.is_some() {
                variables.extend(names);
            }
        }
        variables
    }

    /// How many seconds before its end a task is told to save.
    pub(super) fn warning_seconds(&self) -> u64 {
        let most = self.seconds().map_or(WARNING, |time| time / 5);
        WARNING.min(most)
    }

    /// How many cards each task has, where that is a number.
    pub(super) fn cards(&self) -> Option<u32> {
        self.gpus.as_ref()?.rsplit(':').next()?.parse().ok()
    }

    fn seconds(&self) -> Option<u64> {
        seconds(self.time.as_ref()?)
    }

    fn check_time(&self) -> Result<(), SlurmError> {
        match self.seconds() {
            // No limit at all, in Slurm's words.
            Some(0) | None => Ok(()),
            Some(time) if time < LEAST_TIME => Err(SlurmError::Request(
                "--time is too short: Slurm tells a task up to a minute early that its time is over, and it would do little but \
                 save; give it 5 minutes at least"
                    .to_owned(),
            )),
            Some(_) => Ok(()),
        }
    }
}

/// A time limit in Slurm's forms; `None` for what is in none of them, which Slurm is asked about.
fn seconds(text: &str) -> Option<u64> {
    let number = |text: &str| text.parse::<u64>().ok();
    let (days, rest) = match text.split_once('-') {
        Some((days, rest)) => (Some(number(days)?), rest),
        None => (None, text),
    };
    let parts: Vec<u64> = rest.split(':').map(number).collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match (days.is_some(), &parts[..]) {
        (true, [hours]) => (*hours, 0, 0),
        (true, [hours, minutes]) => (*hours, *minutes, 0),
        (_, [hours, minutes, seconds]) => (*hours, *minutes, *seconds),
        (false, [minutes]) => (0, *minutes, 0),
        (false, [minutes, seconds]) => (0, *minutes, *seconds),
        _ => return None,
    };
    let of_days = days.unwrap_or(0).checked_mul(86_400)?;
    let of_hours = hours.checked_mul(3_600)?;
    let of_minutes = minutes.checked_mul(60)?;
    of_days
        .checked_add(of_hours)?
        .checked_add(of_minutes)?
        .checked_add(seconds)
}

/// A line `#SBATCH --name=value`, quoted where that is needed.
///
/// # Errors
/// When the value can't stand there.
pub(super) fn directive(name: &str, value: &str) -> Result<String, SlurmError> {
    if value.is_empty() || value.contains(|sign: char| sign.is_control() || "\"\\".contains(sign)) {
        return Err(SlurmError::Request(format!(
            "--{name} can’t be {value:?}: it is empty, or has a sign that Slurm does not take there"
        )));
    }
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "_.,:/@%+-|&*=".contains(sign);
    Ok(match value.chars().all(is_plain) {
        true => format!("#SBATCH --{name}={value}"),
        false => format!("#SBATCH --{name}=\"{value}\""),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_asked_for_is_written_as_options() {
        let resources = Resources {
            partition: Some("gpu".to_owned()),
            time: Some("1-00:00:00".to_owned()),
            gpus: Some("a100:1".to_owned()),
            cpus: Some(8),
            constraint: Some("[rack1|rack2]".to_owned()),
            further: vec!["--exclude=node7".to_owned()],
            ..Resources::default()
        };
        assert_eq!(
            resources.lines().unwrap(),
            "#SBATCH --partition=gpu\n#SBATCH --time=1-00:00:00\n#SBATCH --gpus=a100:1\n\
             #SBATCH --constraint=\"[rack1|rack2]\"\n#SBATCH --cpus-per-task=8\n#SBATCH --exclude=node7"
        );
        assert_eq!(resources.cards(), Some(1));
        assert_eq!(resources.warning_seconds(), 120);
        assert_eq!(
            Resources::default().lines().unwrap(),
            "#SBATCH --cpus-per-task=4"
        );
    }

    #[test]
    fn what_is_said_counts_rather_than_a_person_s_variables() {
        let resources = Resources {
            partition: Some("gpu".to_owned()),
            mem: Some("16G".to_owned()),
            ..Resources::default()
        };
        let hidden = resources.contradicted_by();
        for variable in ["SBATCH_PARTITION", "SBATCH_MEM_PER_CPU", "SBATCH_WAIT"] {
            assert!(hidden.contains(&variable), "{variable}");
        }
        // Not said: a person's own default.
        for variable in ["SBATCH_ACCOUNT", "SBATCH_TIMELIMIT", "SBATCH_GRES"] {
            assert!(!hidden.contains(&variable), "{variable}");
        }
    }

    #[test]
    fn what_can_t_stand_in_a_script_is_refused() {
        for value in ["", "a\nb", "a\"b", "a\\b"] {
            let resources = Resources {
                partition: Some(value.to_owned()),
                ..Resources::default()
            };
            assert!(resources.lines().is_err(), "{value:?}");
        }
        for option in ["exclude=node7", "--a\nrm -r /"] {
            let resources = Resources {
                further: vec![option.to_owned()],
                ..Resources::default()
            };
            assert!(resources.lines().is_err(), "{option:?}");
        }
    }

    #[test]
    fn times_are_read_as_slurm_reads_them() {
        for (text, expected) in [
            ("30", Some(1800)),
            ("90:30", Some(5430)),
            ("1:00:00", Some(3600)),
            ("2-0", Some(172_800)),
            ("2-1:30", Some(178_200)),
            ("1-0:0:1", Some(86_401)),
            ("UNLIMITED", None),
            ("1-1-1", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
        let with = |time: &str| Resources {
            time: Some(time.to_owned()),
            ..Resources::default()
        };
        assert!(with("4").lines().is_err());
        assert!(with("0").lines().is_ok());
        assert_eq!(with("5").warning_seconds(), 60);
    }

    proptest! {
        #[test]
        fn any_value_is_written_on_one_line_or_refused(value in "\\PC{0,20}|[\\x00-\\x7f]{0,8}") {
            seconds(&value);
            if let Ok(line) = directive("partition", &value) {
                prop_assert_eq!(line.lines().count(), 1);
                prop_assert!(line.starts_with("#SBATCH --partition="));
            }
        }
    }
}
