//! Sets of things that belong together, found pair by pair.

/// Things from 0 on, each in one set.
#[derive(Debug)]
pub(crate) struct DisjointSets {
    /// The way from each thing to the one that stands for its set.
    parents: Vec<usize>,
}

impl DisjointSets {
    /// Each of so many things alone.
    pub fn new(number: usize) -> Self {
        Self {
            parents: (0..number).collect(),
        }
    }

    /// The thing that stands for the set of `thing`: the first of the set.
    pub fn first(&mut self, mut thing: usize) -> usize {
        while self.parents[thing] != thing {
            self.parents[thing] = self.parents[self.parents[thing]];
            thing = self.parents[thing];
        }
        thing
    }

    pub fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.parents[one.max(other)] = one.min(other);
    }

    /// The sets of two things and more, each in order, in the order of their first.
    pub fn several(mut self) -> Vec<Vec<usize>> {
        let mut sets = vec![Vec::new(); self.parents.len()];
        for thing in 0..self.parents.len() {
            let first = self.first(thing);
            sets[first].push(thing);
        }
        sets.retain(|set| set.len() > 1);
        sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_become_sets() {
        let mut sets = DisjointSets::new(7);
        for (one, other) in [(5, 2), (6, 4), (2, 0), (4, 6)] {
            sets.join(one, other);
        }
        assert_eq!((sets.first(5), sets.first(3)), (0, 3));
        assert_eq!(sets.several(), [vec![0, 2, 5], vec![4, 6]]);
    }
}
