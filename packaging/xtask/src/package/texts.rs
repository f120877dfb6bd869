//! Files of a package that are made: icons, the description for software centres, manual pages, completions, change log.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::{Options, VERSION, files};
use crate::{paths, steps};

/// Where files for Linux desktops are, in the repository.
pub fn linux() -> PathBuf {
    paths::checkout().join("packaging/linux")
}

/// Writes all of them below `made`, where the prepared program stands already.
pub fn write(made: &Path, options: &Options) -> Result<()> {
    for side in files::ICON_SIDES {
        let side = side.to_string();
        steps::run(
            Command::new("rsvg-convert")
                .args(["--width", &side, "--height", &side, "--output"])
                .arg(made.join(format!("graft-{side}.png")))
                .arg(linux().join("graft.svg")),
        )?;
    }
    let source = linux().join(files::METAINFO);
    let text = fs::read_to_string(&source)
        .with_context(|| format!("could not read {}", source.display()))?;
    fs::write(
        made.join("metainfo.xml"),
        metainfo(&text, options.site.as_deref(), &date()?),
    )?;
    if options.site.is_none() {
        steps::doing(
            "the description names no screenshots, which stand on a web site: --site URL names it",
        );
    }

    let program = Program::of(made)?;
    for shell in ["bash", "fish", "zsh"] {
        let script = program.output(&["completions", shell])?;
        fs::write(made.join(format!("graft.{shell}")), script)?;
    }
    let pages = made.join("pages");
    fs::create_dir_all(&pages)?;
    let folder = pages
        .to_str()
        .context("the target folder's path is not Unicode")?;
    program.output(&["manual-pages", folder])?;
    let man = made.join("man");
    fs::create_dir_all(&man)?;
    for page in fs::read_dir(&pages)? {
        let page = page?.path();
        let name = page
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        gzip(&fs::read(&page)?, &man.join(format!("{name}.gz")))?;
    }
    let changes = fs::read(paths::checkout().join("CHANGELOG.md"))?;
    gzip(&changes, &made.join("changelog.gz"))?;
    fs::write(
        made.join("changelog.Debian"),
        debian_changelog(&options.maintainer, &timestamp()?),
    )?;
    Ok(())
}

/// The prepared program, laid out so that it finds its libraries.
struct Program {
    folder: tempfile::TempDir,
}

impl Program {
    fn of(made: &Path) -> Result<Self> {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir_in(made)?;
        let root = folder.path();
        fs::create_dir_all(root.join("bin"))?;
        fs::create_dir_all(root.join("lib"))?;
        // A link to the program would be followed to where it has no libraries.
        fs::hard_link(made.join("graft"), root.join("bin/graft"))?;
        symlink(made.join("lib"), root.join("lib/graft"))?;
        Ok(Self { folder })
    }

    fn output(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let program = self.folder.path().join("bin/graft");
        let output = Command::new(&program)
            .args(arguments)
            .env("GRAFT_HOME", self.folder.path().join("home"))
            // It must find what it is packaged with.
            .env_remove("LD_LIBRARY_PATH")
            .output()?;
        ensure!(
            output.status.success(),
            "the packaged program fails ({}): {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(output.stdout)
    }
}

/// The description, of this version; screenshots must stand on a web site.
fn metainfo(text: &str, site: Option<&str>, date: &str) -> String {
    const BEGIN: &str = "  <!-- with a site -->\n";
    const END: &str = "  <!-- end -->\n";
    let (before, rest) = text.split_once(BEGIN).unwrap_or((text, ""));
    let (with_site, after) = rest.split_once(END).unwrap_or(("", rest));
    let middle = site.map_or_else(String::new, |site| {
        with_site.replace("@SITE@", site.trim_end_matches('/'))
    });
    format!("{before}{middle}{after}")
        .replace("@VERSION@", VERSION)
        .replace("@DATE@", date)
}

fn debian_changelog(maintainer: &str, timestamp: &str) -> String {
    format!(
        "graft ({VERSION}-1) unstable; urgency=medium\n\n  * What is new stands in changelog.gz.\n\n -- {maintainer}  {timestamp}\n"
    )
}

/// Of the last commit, so that the same source gives the same packages.
fn date() -> Result<String> {
    git_date("%cs")
}

fn timestamp() -> Result<String> {
    git_date("%cD")
}

/// Seconds since 1970.
pub fn seconds() -> Result<String> {
    git_date("%ct")
}

fn git_date(format: &str) -> Result<String> {
    let mut git = Command::new("git");
    git.args(["log", "-1", &format!("--format={format}")])
        .current_dir(paths::checkout());
    let date = steps::output(&mut git).context("git does not say when this was changed last")?;
    Ok(date.trim().to_owned())
}

/// Without a name and a time, which would differ from one package to the next.
fn gzip(bytes: &[u8], to: &Path) -> Result<()> {
    let mut encoder =
        flate2::write::GzEncoder::new(fs::File::create(to)?, flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &mut Command) {
        let output = command.output();
        let output =
            output.unwrap_or_else(|error| panic!("{command:?}: {error}: run “cargo xtask setup”"));
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {text}");
    }

    #[test]
    fn desktop_entries_are_valid() {
        for name in ["graft.desktop", "Graft.desktop", files::FOLDER_ENTRY] {
            run(Command::new("desktop-file-validate").arg(linux().join(name)));
        }
    }

    /// A desktop without a program for folders takes the first one that says it opens them, by the order of names.
    #[test]
    fn folders_stay_the_file_manager_s() {
        let folder = tempfile::tempdir().unwrap();
        let applications = folder.path().join("applications");
        fs::create_dir(&applications).unwrap();
        for name in ["graft.desktop", files::FOLDER_ENTRY] {
            fs::copy(linux().join(name), applications.join(name)).unwrap();
        }
        let managers = [
            "caja-folder-handler",
            "dde-file-manager",
            "nemo",
            "org.gnome.Nautilus",
            "org.kde.dolphin",
            "pcmanfm-qt",
            "thunar",
        ];
        for name in managers {
            let entry = format!(
                "[Desktop Entry]\nType=Application\nName={name}\nExec=true %U\nMimeType=inode/directory;\n"
            );
            fs::write(applications.join(format!("{name}.desktop")), entry).unwrap();
        }
        run(Command::new("update-desktop-database").arg(&applications));
        let cache = fs::read_to_string(applications.join("mimeinfo.cache")).unwrap();
        let folders = cache
            .lines()
            .find_map(|line| line.strip_prefix("inode/directory="))
            .unwrap();
        let last = folders.trim_end_matches(';').rsplit(';').next();
        assert_eq!(last, Some(files::FOLDER_ENTRY), "{folders}");
        assert!(!folders.contains(";graft.desktop"), "{folders}");
    }

    /// The screenshots that the description names are in the repository.
    #[test]
    fn screenshots_are_there() {
        let text = fs::read_to_string(linux().join(files::METAINFO)).unwrap();
        let named: Vec<&str> = text
            .split("@SITE@/")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('<')?.0))
            .collect();
        assert!(!named.is_empty());
        for file in named {
            assert!(paths::checkout().join(file).is_file(), "{file}");
        }
    }

    #[test]
    fn the_description_is_valid_with_screenshots_and_without() {
        let text = fs::read_to_string(linux().join(files::METAINFO)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for site in [None, Some("https://graft.example/main/")] {
            let made = metainfo(&text, site, "2026-11-29");
            assert_eq!(made.matches("<screenshot").count() > 0, site.is_some());
            assert!(!made.contains('@') && made.contains(VERSION), "{made}");
            let file = folder.path().join("a.metainfo.xml");
            fs::write(&file, made).unwrap();
            run(Command::new("appstreamcli")
                .args(["validate", "--no-net"])
                .arg(&file));
        }
    }

    #[test]
    fn entry_description_and_type_are_of_one_program() {
        let read = |name: &str| fs::read_to_string(linux().join(name)).unwrap();
        let (entry, description, mime) = (
            read("graft.desktop"),
            read(files::METAINFO),
            read("graft-mime.xml"),
        );
        assert!(description.contains("<launchable type=\"desktop-id\">graft.desktop</launchable>"));
        for text in [&entry, &description, &mime] {
            assert!(text.contains("application/x-graft-preset"));
        }
        let identifier = files::METAINFO.trim_end_matches(".metainfo.xml");
        assert!(description.contains(&format!("<id>{identifier}</id>")));
        // What is no XML is drawn by nobody.
        for text in [&read("graft.svg"), &mime] {
            let opened = text.matches('<').count() - text.matches("</").count() * 2;
            assert_eq!(
                opened,
                text.matches("/>").count() + text.matches("<?").count(),
                "{text}"
            );
        }
    }

    #[test]
    fn the_debian_change_log_has_its_form() {
        let text = debian_changelog("A B <a@b.example>", "Sun, 29 Nov 2026 08:00:00 +0000");
        assert!(text.starts_with(&format!("graft ({VERSION}-1) unstable;")));
        assert!(text.ends_with(" -- A B <a@b.example>  Sun, 29 Nov 2026 08:00:00 +0000\n"));
    }
}
