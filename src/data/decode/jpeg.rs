//! Whether a JPEG is whole.

const END_OF_IMAGE: u8 = 0xD9;

/// Whether a JPEG's end marker is there; bytes after it do not matter.
///
/// The segments are walked, because a JPEG thumbnail within the EXIF segment has an end marker of
/// its own. (ITU-T T.81, annex B.)
pub(super) fn has_end_marker(bytes: &[u8]) -> bool {
    // Behind the start-of-image marker.
    let mut at = 2;
    while let Some(offset) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|&byte| byte == 0xFF))
    {
        at += offset + 1;
        // Any number of fill bytes may stand before a marker.
        while bytes.get(at) == Some(&0xFF) {
            at += 1;
        }
        let Some(&marker) = bytes.get(at) else {
            return false;
        };
        at += 1;
        match marker {
            END_OF_IMAGE => return true,
            // A stuffed 0xFF of the compressed data, a restart, or a marker without a segment. After
            // a scan's header the compressed data follows, in which the next 0xFF is looked for.
            0x00 | 0x01 | 0xD0..=0xD8 => {}
            _ => {
                let Some(length) = bytes.get(at..at + 2) else {
                    return false;
                };
                at += usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_end_marker;

    #[test]
    fn only_the_end_marker_of_the_picture_itself_counts() {
        let start = [0xFF, 0xD8].as_slice();
        // An application segment of 6 bytes that holds an end marker.
        let thumbnail = [0xFF, 0xE1, 0, 6, 0xFF, 0xD9, 1, 2].as_slice();
        let scan = [0xFF, 0xDA, 0, 3, 7, 10, 0xFF, 0x00, 20, 0xFF, 0xD3, 30].as_slice();
        let end = [0xFF, 0xFF, 0xD9].as_slice();
        let junk = [0, 1, 2].as_slice();
        for (parts, whole) in [
            (vec![start, scan, end], true),
            (vec![start, thumbnail, scan, end, junk], true),
            (vec![start, thumbnail, scan], false),
            (vec![start, thumbnail, scan, &end[..2]], false),
            (vec![start, &thumbnail[..3]], false),
            (vec![start], false),
            (vec![], false),
        ] {
            assert_eq!(has_end_marker(&parts.concat()), whole, "{parts:?}");
        }
    }
}
