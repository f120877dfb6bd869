//! Saying that a test was skipped; the library's own tests say it with this file too.

use std::io::Write as _;

/// A file that gets the names of skipped tests.
const FILE: &str = "GRAFT_SKIPPED";

/// Says that this thread's test is skipped, because of `reason`.
pub fn skipped(reason: &str) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("a test");
    // Not by a macro, whose text the test program keeps to itself.
    let told = writeln!(std::io::stderr(), "SKIPPED {name}: {reason}");
    let file = std::env::var_os(FILE).map(|file| {
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(file)?;
        file.write_all(format!("{name}\n").as_bytes())
    });
    told.and(file.unwrap_or(Ok(()))).unwrap();
}
