//! What all cells of a column of paths say together about folders.

use std::collections::{HashMap, HashSet};

use super::names::{folded, parts};

#[derive(Debug, Default)]
pub struct Cells {
    /// Files with the folder that they name, folded: `cat/1.jpg`.
    named: HashSet<String>,
    /// Names of files that stand in several folders.
    in_several: HashSet<String>,
}

impl Cells {
    pub fn of<'a>(cells: impl Iterator<Item = &'a str>) -> Self {
        let mut folder_of: HashMap<String, String> = HashMap::new();
        let mut known = Self::default();
        for cell in cells.filter(|cell| cell.contains(['/', '\\'])) {
            let parts = parts(cell);
            let [.., folder, name] = parts.as_slice() else {
                continue;
            };
            let (folder, name) = (folded(folder), folded(name));
            known.named.insert(format!("{folder}/{name}"));
            if folder_of.get(&name).is_some_and(|other| *other != folder) {
                known.in_several.insert(name.clone());
            }
            folder_of.insert(name, folder);
        }
        known
    }

    /// Whether only the folder tells the files of this name apart.
    pub fn needs_folder(&self, name: &str) -> bool {
        !self.in_several.is_empty() && self.in_several.contains(&folded(name))
    }

    /// Whether the file called `name` is in another folder than this, and another cell names it so.
    pub fn has_for_another(&self, name: &str, folder: &str) -> bool {
        let mut parts = name.rsplit('/').map(folded);
        let (Some(file), Some(own)) = (parts.next(), parts.next()) else {
            return false;
        };
        own != folded(folder) && self.named.contains(&format!("{own}/{file}"))
    }
}
