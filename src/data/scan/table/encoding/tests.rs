use std::collections::HashSet;

use super::*;
use encoding_rs::{BIG5, EUC_KR, GBK, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252};
use proptest::prelude::*;

fn table(classes: &[&str]) -> String {
    let rows: Vec<String> = (0..12)
        .map(|row| format!("p{row:02}.jpg;{}", classes[row % classes.len()]))
        .collect();
    format!("file;label\r\n{}\r\n", rows.join("\r\n"))
}

#[test]
fn tables_of_many_lands_are_decoded() {
    for (encoding, classes) in [
        (WINDOWS_1252, ["Bär", "Bör", "Kuh"]),
        (WINDOWS_1252, ["chat", "chien", "éléphant"]),
        (WINDOWS_1250, ["kočka", "pes", "kůň"]),
        (WINDOWS_1251, ["кошка", "собака", "лошадь"]),
        (GBK, ["猫", "狗", "大象"]),
        (GBK, ["苹果", "香蕉", "西瓜"]),
        (SHIFT_JIS, ["ねこ", "いぬ", "うさぎ"]),
        (EUC_KR, ["고양이", "강아지", "토끼"]),
        (BIG5, ["貓咪", "小狗", "大象"]),
    ] {
        let text = table(&classes);
        let (bytes, _, unmappable) = encoding.encode(&text);
        assert!(!unmappable);
        let decoded = decode(&bytes, None).unwrap();
        assert_eq!(
            decoded.text,
            text,
            "{} as {}",
            encoding.name(),
            decoded.encoding
        );
        assert!(decoded.guessed);
        // Named, it is no guess.
        let named = decode(&bytes, Some(encoding.name())).unwrap();
        assert_eq!((named.text.as_ref(), named.guessed), (text.as_str(), false));
    }
}

#[test]
fn marks_and_utf_16_are_seen() {
    let text = table(&["Bär", "狗", "cat"]);
    let units = |swap: bool| -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| {
                if swap {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    for (bytes, encoding, guessed) in [
        (text.clone().into_bytes(), "UTF-8", false),
        ([b"\xef\xbb\xbf", text.as_bytes()].concat(), "UTF-8", false),
        (
            [b"\xff\xfe", units(false).as_slice()].concat(),
            "UTF-16LE",
            false,
        ),
        (
            [b"\xfe\xff", units(true).as_slice()].concat(),
            "UTF-16BE",
            false,
        ),
        (units(false), "UTF-16LE", true),
        (units(true), "UTF-16BE", true),
    ] {
        let decoded = decode(&bytes, None).unwrap();
        assert_eq!(decoded.text, text);
        assert_eq!((decoded.encoding, decoded.guessed), (encoding, guessed));
    }
}

#[test]
fn what_can_not_be_told_is_refused_with_the_remedy() {
    let mixed = [
        b"a.jpg,B\xc3\xa4r\nb.jpg,Bar\n".as_slice(),
        b"c.jpg,B\xe4r\n",
    ]
    .concat();
    for (bytes, asked, expect) in [
        (
            mixed.as_slice(),
            None,
            "some lines of the table are UTF-8, and others, such as line 3",
        ),
        (b"\xff\xfe\0\0a\0\0\0", None, "the table is UTF-32"),
        (
            b"\xef\xbb\xbfa.jpg,b\nc.jpg,\xe4\n",
            None,
            "the table is not UTF-8 throughout, see line 2",
        ),
        (
            b"a,b",
            Some("klingon"),
            "there is no encoding called klingon",
        ),
        // Old Macintosh and DOS, and too little Japanese: any of them would read wrongly.
        (
            b"a.jpg,B\x8ar\nb.jpg,B\x9ar\n",
            None,
            "the encoding of the table can't be told from line 1",
        ),
        (
            b"a.jpg,B\x84r\nb.jpg,B\x94r\n",
            None,
            "the encoding of the table can't be told from line 1",
        ),
        (
            b"a.jpg,\x94L\nb.jpg,\x8c\xa2\n",
            None,
            "the encoding of the table can't be told from line 1",
        ),
        (
            b"a.jpg,\xe4",
            Some("utf-8"),
            "the table is not UTF-8 throughout, see line 1",
        ),
    ] {
        let error = decode(bytes, asked).unwrap_err();
        assert!(error.starts_with(expect), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any bytes are decoded or refused; cells that differ before differ afterwards.
    #[test]
    fn different_names_stay_different(
        names in prop::collection::hash_set(prop::collection::vec(0x80_u8.., 1..5), 1..8)
    ) {
        let bytes: Vec<u8> = names
            .iter()
            .flat_map(|name| [b"a.jpg,".as_slice(), name, b"\n"].concat())
            .collect();
        if let Ok(decoded) = decode(&bytes, None) {
            prop_assert!(!decoded.text.contains(char::REPLACEMENT_CHARACTER));
            if Encoding::for_label(decoded.encoding.as_bytes()).is_some_and(Encoding::is_single_byte) {
                let cells: HashSet<&str> = decoded.text.lines().collect();
                prop_assert_eq!(cells.len(), names.len());
            }
        }
    }
}
