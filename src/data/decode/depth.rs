//! Samples of more than 8 bits.

/// Full scale of 12 bits. What stays below in 16 bits keeps fewer than 16 grey levels.
const TWELVE_BITS: u16 = 4095;

/// Brings samples to 8 bits, and keeps in mind how much of their range they use.
#[derive(Default)]
pub(super) struct Depth {
    greatest: Option<u16>,
}

impl Depth {
    /// Of the samples that were reduced, where they had 16 bits.
    pub fn greatest(&self) -> Option<u16> {
        self.greatest
    }

    /// 16 bits to 8, rounded; the last of `channels` is left out of what [`Depth::greatest`] tells where it is alpha.
    pub fn reduce(
        &mut self,
        words: impl Iterator<Item = u16>,
        channels: usize,
        has_alpha: bool,
        bytes: &mut Vec<u8>,
    ) {
        let mut greatest = self.greatest.unwrap_or(0);
        let mut channel = 0;
        bytes.extend(words.map(|word| {
            channel += 1;
            if channel == channels {
                channel = 0;
            }
            if channel != 0 || !has_alpha {
                greatest = greatest.max(word);
            }
            ((u32::from(word) + 128) / 257) as u8
        }));
        self.greatest = Some(greatest);
    }
}

/// A sample of `bits` bits (at most 16) to 8, rounded.
pub(super) fn scaled(value: u16, bits: u8) -> u8 {
    let most = (1u32 << bits.clamp(1, 16)) - 1;
    ((u32::from(value).min(most) * 255 + most / 2) / most) as u8
}

/// Whether a picture of 16 bits, whose greatest sample this is, is nearly black because it holds fewer bits.
pub(super) fn holds_fewer_bits(greatest: Option<u16>) -> bool {
    greatest.is_some_and(|greatest| (1..=TWELVE_BITS).contains(&greatest))
}

/// Why such a picture is refused.
pub(super) fn refusal(greatest: u16) -> String {
    let bits = 16 - greatest.leading_zeros();
    format!(
        "has 16 bits a sample, and none is above {greatest} of 65535, as cameras of {} bits write it: read like that it \
         would be nearly black. Multiply all pictures by the same factor ({} for these) and save them anew",
        bits.max(8).next_multiple_of(2).max(8),
        65_535 / ((1u32 << bits.max(8).next_multiple_of(2)) - 1).max(1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_rounded_to_8_bits() {
        let mut depth = Depth::default();
        let mut bytes = Vec::new();
        depth.reduce([0, 128, 129, 65_535].into_iter(), 2, true, &mut bytes);
        assert_eq!(bytes, [0, 0, 1, 255]);
        assert_eq!(depth.greatest(), Some(129), "alpha is left out");
        assert_eq!(
            [scaled(1, 1), scaled(2, 2), scaled(4095, 12)],
            [255, 170, 255]
        );
        assert_eq!(
            [scaled(300, 8), scaled(2048, 12), scaled(65_535, 16)],
            [255, 128, 255]
        );
    }

    #[test]
    fn fewer_bits_are_told_from_black_and_from_full_range() {
        let fewer = [None, Some(0), Some(1), Some(4095), Some(4096)].map(holds_fewer_bits);
        assert_eq!(fewer, [false, false, true, true, false]);
        assert!(
            refusal(4000).contains("cameras of 12 bits"),
            "{}",
            refusal(4000)
        );
        assert!(refusal(4000).contains("factor (16 "), "{}", refusal(4000));
        assert!(refusal(1000).contains("of 10 bits"), "{}", refusal(1000));
        assert!(refusal(3).contains("of 8 bits"), "{}", refusal(3));
    }
}
