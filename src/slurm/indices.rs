//! Lists of array indices as Slurm writes them: `0-3,7%2`.

/// More than any cluster allows in one list.
const MOST: usize = 4_100_000;

/// Sorted indices, as `--array` takes them: `0-3,7`.
pub(super) fn to_text(indices: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &index in indices {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(index) => *last = index,
            _ => ranges.push((index, index)),
        }
    }
    let texts: Vec<String> = ranges
        .into_iter()
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        })
        .collect();
    texts.join(",")
}

/// The indices of `7`, `0-3,7%2`, `[0-8:4]`; `None` for what is none of these, such as a list that Slurm has cut off.
pub(super) fn parse(text: &str) -> Option<Vec<u32>> {
    let text = text.trim();
    let text = match text.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None => text,
    };
    let text = text.split_once('%').map_or(text, |(list, _)| list);
    let mut indices = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once(':') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1usize),
        };
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?),
            None => {
                let index = range.parse().ok()?;
                (index, index)
            }
        };
        let count = usize::try_from(last.checked_sub(first)?).ok()? / step;
        if indices.len().saturating_add(count) >= MOST {
            return None;
        }
        indices.extend((first..=last).step_by(step));
    }
    Some(indices)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_are_written_and_read() {
        for (indices, text) in [
            (&[0, 1, 2, 3, 7][..], "0-3,7"),
            (&[5], "5"),
            (&[1, 3, 5], "1,3,5"),
            (&[0, 1], "0-1"),
            (&[u32::MAX - 1, u32::MAX], "4294967294-4294967295"),
        ] {
            assert_eq!(to_text(indices), text);
            assert_eq!(parse(text).as_deref(), Some(indices));
        }
        assert_eq!(parse("[4-7%2]"), Some(vec![4, 5, 6, 7]));
        assert_eq!(parse("0-8:4"), Some(vec![0, 4, 8]));
        for broken in [
            "",
            "N/A",
            "3-1",
            "1,",
            "[1",
            "0-4294967295",
            "1-9:0",
            "1,2,...",
        ] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_list_or_none(text in "[-0-9:,%\\[\\]]{0,12}|\\PC{0,20}") {
            parse(&text);
        }

        #[test]
        fn what_is_written_is_read(indices in prop::collection::btree_set(any::<u32>(), 1..40)) {
            let indices: Vec<u32> = indices.into_iter().collect();
            prop_assert_eq!(parse(&to_text(&indices)), Some(indices));
        }
    }
}
