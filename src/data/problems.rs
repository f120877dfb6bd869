//! What was skipped, in groups that fit on a screen.

use std::collections::HashMap;
use std::path::Path;

use super::Problem;

/// Files that were skipped for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemGroup<'a> {
    /// In the order of the list; never empty.
    pub problems: Vec<&'a Problem>,
}

impl ProblemGroup<'_> {
    /// The reason, how many files, and the first of them below `root`: "is no picture (4 files): a.txt, b.txt, c.txt
    /// and 1 more".
    pub fn line(&self, root: &Path) -> String {
        const SHOWN: usize = 3;
        let names: Vec<String> = self
            .problems
            .iter()
            .take(SHOWN)
            .map(|problem| {
                let below = problem.path.strip_prefix(root).ok();
                let below = below.filter(|path| !path.as_os_str().is_empty());
                below.unwrap_or(&problem.path).display().to_string()
            })
            .collect();
        let reason = self
            .problems
            .first()
            .map_or("", |problem| problem.reason.as_str());
        let count = self.problems.len();
        let mut text = reason.to_owned();
        let is_one = self
            .problems
            .iter()
            .all(|problem| problem.path == self.problems[0].path);
        if count > 1 && is_one {
            return text + &format!(" ({count} times): {}", names[0]);
        }
        if count > 1 {
            text += &format!(" ({count} files)");
        }
        text += &format!(": {}", names.join(", "));
        if count > SHOWN {
            text += &format!(" and {} more", count - SHOWN);
        }
        text
    }
}

/// How many of these reasons are about files, and how many about lines of tables, whose pictures may be used.
pub fn files_and_lines<'a>(reasons: impl Iterator<Item = &'a str>) -> (usize, usize) {
    let (lines, files): (Vec<&str>, Vec<&str>) = reasons.partition(|reason| is_of_line(reason));
    (files.len(), lines.len())
}

fn is_of_line(reason: &str) -> bool {
    ["line ", "is listed in line "]
        .iter()
        .any(|start| reason.starts_with(start))
}

/// The problems by reason, whatever numbers stand in it (a line, a size), in the order of the first of each.
pub fn grouped(problems: &[Problem]) -> Vec<ProblemGroup<'_>> {
    let mut groups: Vec<ProblemGroup<'_>> = Vec::new();
    let mut by_reason: HashMap<String, usize> = HashMap::new();
    for problem in problems {
        let at = *by_reason
            .entry(without_numbers(&problem.reason))
            .or_insert_with(|| {
                groups.push(ProblemGroup {
                    problems: Vec::new(),
                });
                groups.len() - 1
            });
        groups[at].problems.push(problem);
    }
    groups
}

/// The lines of the first groups, and one for the rest of them.
pub fn lines(problems: &[Problem], root: &Path, most: usize) -> Vec<String> {
    let groups = grouped(problems);
    let mut lines: Vec<String> = groups
        .iter()
        .take(most)
        .map(|group| group.line(root))
        .collect();
    if groups.len() > most {
        let rest = &groups[most..];
        let files: usize = rest.iter().map(|group| group.problems.len()).sum();
        lines.push(format!(
            "and {files} more, for {} other reasons",
            rest.len()
        ));
    }
    lines
}

fn without_numbers(reason: &str) -> String {
    let mut text = String::with_capacity(reason.len());
    for letter in reason.chars() {
        if !letter.is_ascii_digit() {
            text.push(letter);
        } else if !text.ends_with('0') {
            text.push('0');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_told_by_reason() {
        let problem = |path: &str, reason: &str| Problem {
            path: path.into(),
            reason: reason.into(),
        };
        let problems = [
            problem("pets/a.txt", "is no picture"),
            problem("pets/bad.jpg", "cut off"),
            problem("pets/b.txt", "is no picture"),
            problem("pets/c.txt", "is no picture"),
            problem("pets/d.txt", "is no picture"),
            problem("x.png", "is named in line 3"),
            problem("y.png", "is named in line 14"),
            problem("pets/l.csv", "line 3 has no label"),
            problem("pets/l.csv", "line 12 has no label"),
        ];
        assert_eq!(
            lines(&problems, Path::new("pets"), 5),
            [
                "is no picture (4 files): a.txt, b.txt, c.txt and 1 more",
                "cut off: bad.jpg",
                "is named in line 3 (2 files): x.png, y.png",
                "line 3 has no label (2 times): l.csv",
            ]
        );
        assert_eq!(
            lines(&problems, Path::new("pets"), 1)[1],
            "and 5 more, for 3 other reasons"
        );
        let reasons = problems.iter().map(|problem| problem.reason.as_str());
        assert_eq!(files_and_lines(reasons), (7, 2));
    }
}
