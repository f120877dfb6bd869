//! The memory that Slurm gives a job on one machine. Sites without control groups for memory end a job that takes more, too.
//!
//! Source: `sbatch(1)`, "OUTPUT ENVIRONMENT VARIABLES".

/// Slurm's unit: MB of 2^20 bytes.
const MEGABYTE: u64 = 1 << 20;

/// Bytes that the job of this process may hold on this machine; `None` outside of a job, or where it may have all.
pub fn limit() -> Option<u64> {
    limit_by(&|name| std::env::var(name).ok())
}

/// The same with these variables.
fn limit_by(variable: &dyn Fn(&str) -> Option<String>) -> Option<u64> {
    // 0 is all that the machine has.
    let number = |name: &str| {
        let number = variable(name)?.trim().parse::<u64>().ok()?;
        (number > 0).then_some(number)
    };
    let megabytes = number("SLURM_MEM_PER_NODE")
        .or_else(|| number("SLURM_MEM_PER_CPU")?.checked_mul(number("SLURM_CPUS_ON_NODE")?));
    megabytes?.checked_mul(MEGABYTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_job_is_told_by_the_machine_or_by_the_core() {
        let limit = |variables: &[(&str, &str)]| {
            limit_by(&|name| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(limit(&[("SLURM_MEM_PER_NODE", "2048")]), Some(2 << 30));
        let by_core = [("SLURM_MEM_PER_CPU", "1024"), ("SLURM_CPUS_ON_NODE", "3")];
        assert_eq!(limit(&by_core), Some(3 << 30));
        for nothing in ["0", "", "all", "18446744073709551615"] {
            assert_eq!(limit(&[("SLURM_MEM_PER_NODE", nothing)]), None, "{nothing}");
        }
        assert_eq!(limit(&by_core[..1]), None);
        assert_eq!(limit(&[]), None);
    }
}
