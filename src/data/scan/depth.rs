//! What the samples and pages of a source's pictures tell together, which none of them tells alone.

use super::super::Remark;
use super::super::decode::Notes;

/// Whether the pictures with 16 bits a sample all hold 12 at most, so that read as they are they would be nearly black. One
/// that holds more shows that the others are dark.
pub(super) fn are_few_bits(notes: &[Notes]) -> bool {
    let is_bright =
        |notes: &Notes| notes.greatest.is_some_and(|most| most > 0) && !notes.holds_fewer_bits();
    notes.iter().any(Notes::holds_fewer_bits) && !notes.iter().any(is_bright)
}

/// Full scale of 14 bits: a quarter of the brightness.
const FOURTEEN_BITS: u16 = 16_383;

/// What deserves a look.
pub(super) fn remarks(notes: &[Notes]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let deep: Vec<u16> = notes.iter().filter_map(|notes| notes.greatest).collect();
    let greatest = deep.iter().copied().max().unwrap_or(0);
    let dark = notes
        .iter()
        .filter(|notes| notes.holds_fewer_bits())
        .count();
    if dark > 0 && !are_few_bits(notes) {
        remarks.push(Remark::warning(format!(
            "{dark} of {} pictures with 16 bits a sample are nearly black: none of their values is above 4095 of 65535. They \
             are taken as they are, because others use the whole range.",
            deep.len()
        )));
    } else if (4096..=FOURTEEN_BITS).contains(&greatest) {
        remarks.push(Remark::warning(format!(
            "All {} pictures with 16 bits a sample are dark: no value is above {greatest} of 65535, as cameras of 14 bits \
             write it. They are taken as they are; multiply all of them by 4 for the full range.",
            deep.len()
        )));
    }
    let several = notes.iter().filter(|notes| notes.pages > 1).count();
    if several > 0 {
        remarks.push(Remark::taken(format!(
            "Of {several} pictures with several pages or frames, the first is taken that is no small version of another."
        )));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(greatest: &[u16]) -> Vec<Notes> {
        let note = |&greatest: &u16| Notes {
            greatest: Some(greatest),
            pages: 1,
        };
        greatest
            .iter()
            .map(note)
            .chain([Notes::default()])
            .collect()
    }

    #[test]
    fn one_bright_picture_shows_that_the_others_are_dark() {
        assert!(are_few_bits(&notes(&[4000, 900, 0])));
        assert!(!are_few_bits(&notes(&[4000, 5000])));
        assert!(!are_few_bits(&notes(&[0, 0])));
        assert!(!are_few_bits(&notes(&[])));
        assert!(remarks(&notes(&[4000, 900])).is_empty(), "they are refused");
        let mixed = remarks(&notes(&[4000, 60_000]));
        assert!(mixed[0].text.starts_with("1 of 2 pictures"), "{mixed:?}");
        let fourteen = remarks(&notes(&[16_000, 15_000]));
        assert!(fourteen[0].text.contains("14 bits"), "{fourteen:?}");
        assert!(remarks(&notes(&[60_000])).is_empty());
        let pages = [Notes {
            greatest: None,
            pages: 3,
        }];
        assert!(
            remarks(&pages)[0]
                .text
                .starts_with("Of 1 pictures with several pages")
        );
    }
}
