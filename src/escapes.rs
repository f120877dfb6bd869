//! Signs that stand in a text as a mark and digits: `%20` in addresses, `\040` in Linux's tables of mounts.

/// The bytes of `text`, with `digits` digits of base `radix` behind a `mark` as the byte that they stand for. A mark without
/// such digits is itself.
pub fn decoded(text: &str, mark: u8, digits: usize, radix: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, others)) = rest.split_first() {
        let code = others.get(..digits).filter(|_| first == mark);
        match code.and_then(|code| number(code, radix)) {
            Some(byte) => {
                bytes.push(byte);
                rest = &others[digits..];
            }
            None => {
                bytes.push(first);
                rest = others;
            }
        }
    }
    bytes
}

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let value = digits.iter().try_fold(0, |value: u32, &digit| {
        Some(value * radix + char::from(digit).to_digit(radix)?)
    });
    value.and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_without_its_digits_is_itself() {
        for (text, mark, digits, radix, expected) in [
            ("a%20b", b'%', 2, 16, &b"a b"[..]),
            ("caf%c3%A9", b'%', 2, 16, "café".as_bytes()),
            ("100%", b'%', 2, 16, b"100%"),
            ("100%+a%2", b'%', 2, 16, b"100%+a%2"),
            ("%%41", b'%', 2, 16, b"%A"),
            ("%é", b'%', 2, 16, "%é".as_bytes()),
            ("My\\040disk\\134", b'\\', 3, 8, b"My disk\\"),
            ("\\777\\08", b'\\', 3, 8, b"\\777\\08"),
        ] {
            assert_eq!(decoded(text, mark, digits, radix), expected, "{text}");
        }
    }
}
