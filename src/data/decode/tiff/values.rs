//! The scale of values that do not say it themselves.

/// The least and greatest value of a picture's colours.
pub(super) struct Range {
    least: f32,
    greatest: f32,
    has_others: bool,
}

impl Default for Range {
    fn default() -> Self {
        Self {
            least: f32::INFINITY,
            greatest: f32::NEG_INFINITY,
            has_others: false,
        }
    }
}

impl Range {
    /// Takes a row in, of each pixel's `channels` values the first `colors`.
    pub fn include(&mut self, row: &[f32], channels: usize, colors: usize) {
        for &value in row
            .chunks_exact(channels.max(1))
            .flat_map(|p| &p[..colors.min(p.len())])
        {
            if value.is_finite() {
                self.least = self.least.min(value);
                self.greatest = self.greatest.max(value);
            } else {
                self.has_others = true;
            }
        }
    }

    /// What to multiply the values with for 0 to 255: floating-point numbers from 0 to 1 are parts of full brightness, and
    /// all numbers from 0 to 255 are grey levels.
    ///
    /// # Errors
    /// Any other range.
    pub fn scale(&self, is_float: bool) -> Result<f32, String> {
        // What a filter leaves beyond the range.
        const SLACK: f32 = 1e-3;
        let kind = if is_float { "floating-point" } else { "whole" };
        let (least, greatest) = (self.least, self.greatest);
        if self.has_others {
            return Err(format!(
                "holds {kind} numbers of which some are infinite or undefined: replace these and save the picture as PNG or \
                 as TIFF with 8 bits"
            ));
        }
        if is_float && least >= -SLACK && greatest <= 1.0 + SLACK {
            return Ok(255.0);
        }
        // Parts of full brightness that went beyond it, or grey levels of a picture that is nearly black?
        let is_either = is_float && greatest < 8.0;
        if !is_either && least >= -255.0 * SLACK && greatest <= 255.0 * (1.0 + SLACK) {
            return Ok(1.0);
        }
        Err(format!(
            "holds {kind} numbers from {least} to {greatest}, and nothing says which of them is black and which is white: \
             bring all pictures to 0 to 255 by the same factor, and save them as PNG or as TIFF with 8 bits"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(values: &[f32], is_float: bool) -> Result<f32, String> {
        let mut range = Range::default();
        range.include(values, 1, 1);
        range.scale(is_float)
    }

    #[test]
    fn a_range_tells_the_scale_or_is_refused() {
        assert_eq!(scale(&[0.0, 0.5, 1.0], true), Ok(255.0));
        assert_eq!(scale(&[0.0, 0.5, 9.5], true), Ok(1.0));
        assert_eq!(
            scale(&[0.0, 1.0], false),
            Ok(1.0),
            "a mask of integers is dark"
        );
        assert_eq!(scale(&[3.0, 255.0], true), Ok(1.0));
        for (values, is_float) in [
            ([0.0, 4095.0], false),
            ([0.0, 70_000.0], true),
            ([-1000.0, 200.0], false),
            ([0.0, f32::NAN], true),
            ([0.0, 1.02], true),
        ] {
            let error = scale(&values, is_float).unwrap_err();
            assert!(error.contains("save"), "{error}");
        }
        let mut range = Range::default();
        range.include(&[0.2, 0.4, 0.6, 99.0], 4, 3);
        assert_eq!(range.scale(true), Ok(255.0), "alpha has its own range");
    }
}
