//! What a program or shared library says of itself: which libraries it needs, where it looks for them, and which versions
//! of their symbols. (ELF for 64-bit little-endian machines, as packaged.)

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};

const SECTION_DYNAMIC: u32 = 6;
const SECTION_NEEDED_VERSIONS: u32 = 0x6fff_fffe;
const TAG_NEEDED: u64 = 1;
const TAG_RPATH: u64 = 15;
const TAG_RUNPATH: u64 = 29;

struct Section {
    kind: u32,
    offset: usize,
    size: usize,
    /// Of the section with its strings.
    link: usize,
}

/// A file that was read.
pub struct Elf<'a> {
    bytes: &'a [u8],
    sections: Vec<Section>,
}

impl<'a> Elf<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        ensure!(bytes.starts_with(b"\x7fELF\x02\x01"), "no 64-bit ELF file");
        let table = word(bytes, 0x28)? as usize;
        let (size, count) = (half(bytes, 0x3a)?, half(bytes, 0x3c)?);
        let sections = (0..count)
            .map(|index| {
                let at = table + index * size;
                Ok(Section {
                    kind: quarter(bytes, at + 4)?,
                    offset: word(bytes, at + 24)? as usize,
                    size: word(bytes, at + 32)? as usize,
                    link: quarter(bytes, at + 40)? as usize,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { bytes, sections })
    }

    /// The names of the libraries that it is linked against.
    pub fn needed(&self) -> Result<Vec<String>> {
        self.dynamic_strings(&[TAG_NEEDED])?
            .into_iter()
            .map(|at| self.text(at))
            .collect()
    }

    /// Where it looks for them before the system does.
    pub fn search_paths(&self) -> Result<Vec<String>> {
        self.dynamic_strings(&[TAG_RPATH, TAG_RUNPATH])?
            .into_iter()
            .map(|at| self.text(at))
            .collect()
    }

    /// The versions of symbols that it asks of each library: `libc.so.6`: `GLIBC_2.35`, …
    pub fn needed_versions(&self) -> Result<BTreeMap<String, Vec<String>>> {
        let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let sections = self.sections.iter();
        for section in sections.filter(|section| section.kind == SECTION_NEEDED_VERSIONS) {
            let strings = self.strings(section)?;
            let mut at = section.offset;
            loop {
                let (count, next) = (half(self.bytes, at + 2)?, quarter(self.bytes, at + 12)?);
                let library = self.text(strings + quarter(self.bytes, at + 4)? as usize)?;
                let mut symbol = at + quarter(self.bytes, at + 8)? as usize;
                for _ in 0..count {
                    let name = self.text(strings + quarter(self.bytes, symbol + 8)? as usize)?;
                    versions.entry(library.clone()).or_default().push(name);
                    symbol += quarter(self.bytes, symbol + 12)? as usize;
                }
                if next == 0 {
                    break;
                }
                at += next as usize;
            }
        }
        Ok(versions)
    }

    /// Where in the file the strings of these entries of the dynamic section begin.
    fn dynamic_strings(&self, tags: &[u64]) -> Result<Vec<usize>> {
        let Some(dynamic) = self
            .sections
            .iter()
            .find(|section| section.kind == SECTION_DYNAMIC)
        else {
            return Ok(Vec::new());
        };
        let strings = self.strings(dynamic)?;
        let mut found = Vec::new();
        for at in (dynamic.offset..dynamic.offset + dynamic.size).step_by(16) {
            if tags.contains(&word(self.bytes, at)?) {
                found.push(strings + word(self.bytes, at + 8)? as usize);
            }
        }
        Ok(found)
    }

    fn strings(&self, section: &Section) -> Result<usize> {
        let strings = self
            .sections
            .get(section.link)
            .context("a section without strings")?;
        Ok(strings.offset)
    }

    fn text(&self, at: usize) -> Result<String> {
        let rest = self
            .bytes
            .get(at..)
            .context("a string beyond the file's end")?;
        let end = rest
            .iter()
            .position(|byte| *byte == 0)
            .context("a string without an end")?;
        Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
    }
}

/// Has it look for libraries in `path` alone. The new text takes the old one's room, which must be enough.
pub fn set_search_path(bytes: &mut [u8], path: &str) -> Result<()> {
    let spans = {
        let elf = Elf::parse(bytes)?;
        let starts = elf.dynamic_strings(&[TAG_RPATH, TAG_RUNPATH])?;
        starts
            .into_iter()
            .map(|at| Ok(at..at + elf.text(at)?.len()))
            .collect::<Result<Vec<_>>>()?
    };
    for span in spans {
        if span.len() < path.len() {
            bail!("the search path has no room for {path}");
        }
        let room = &mut bytes[span];
        room.fill(0);
        room[..path.len()].copy_from_slice(path.as_bytes());
    }
    Ok(())
}

/// `GLIBC_2.35` and `GLIBC_` as (2, 35, 0); `None` for another prefix or what is no number (`GLIBC_PRIVATE`).
pub fn version(name: &str, prefix: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = name.strip_prefix(prefix)?.split('.');
    let mut next = || numbers.next().map_or(Some(0), |number| number.parse().ok());
    Some((next()?, next()?, next()?))
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    let part = bytes.get(at..at + N).context("the file ends too early")?;
    Ok(part.try_into()?)
}

fn half(bytes: &[u8], at: usize) -> Result<usize> {
    Ok(u16::from_le_bytes(part(bytes, at)?).into())
}

fn quarter(bytes: &[u8], at: usize) -> Result<u32> {
    Ok(u32::from_le_bytes(part(bytes, at)?))
}

fn word(bytes: &[u8], at: usize) -> Result<u64> {
    Ok(u64::from_le_bytes(part(bytes, at)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This test's own program is one, too.
    fn own() -> Vec<u8> {
        std::fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    #[test]
    fn a_program_says_what_it_needs_and_in_which_versions() {
        let bytes = own();
        let elf = Elf::parse(&bytes).unwrap();
        assert!(elf.needed().unwrap().contains(&"libc.so.6".to_owned()));
        let versions = &elf.needed_versions().unwrap()["libc.so.6"];
        assert!(
            versions
                .iter()
                .any(|name| version(name, "GLIBC_") == Some((2, 2, 5))),
            "{versions:?}"
        );
        assert_eq!(version("GLIBCXX_3.4.29", "GLIBCXX_"), Some((3, 4, 29)));
        assert_eq!(version("GLIBC_PRIVATE", "GLIBC_"), None);
        assert!(Elf::parse(b"#!/bin/sh").is_err());
        assert!(Elf::parse(&bytes[..200]).is_err());
    }

    #[test]
    fn a_search_path_is_replaced_where_it_stands() {
        let bytes = own();
        let Some(libtorch) = crate::setup::library("libc10.so") else {
            // Without set-up there is none to try it on.
            return;
        };
        let mut library = std::fs::read(libtorch).unwrap();
        assert!(Elf::parse(&library).unwrap().search_paths().unwrap()[0].len() > 20);
        let length = library.len();
        set_search_path(&mut library, "$ORIGIN").unwrap();
        assert_eq!(library.len(), length);
        let elf = Elf::parse(&library).unwrap();
        assert_eq!(elf.search_paths().unwrap(), ["$ORIGIN"]);
        assert!(elf.needed().unwrap().contains(&"libstdc++.so.6".to_owned()));
        assert!(set_search_path(&mut library, &"x".repeat(1000)).is_err());
        // Where there is none, nothing is done.
        let mut without = bytes.clone();
        if Elf::parse(&without)
            .unwrap()
            .search_paths()
            .unwrap()
            .is_empty()
        {
            set_search_path(&mut without, "$ORIGIN").unwrap();
            assert_eq!(without, bytes);
        }
    }
}
