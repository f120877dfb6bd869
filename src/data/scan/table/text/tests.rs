use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Table {
    let decoded = encoding::decode(text.as_bytes(), None).unwrap();
    parse(&decoded, &|name| name == "#1.png")
}

fn cells(text: &str) -> Vec<Vec<String>> {
    parsed(text).rows.into_iter().map(|row| row.cells).collect()
}

#[test]
fn the_separator_is_found() {
    let expect = [["a b.png", "0,5"], ["c.png", "1"]];
    for text in [
        "a b.png;0,5\nc.png;1\n",
        "\"a b.png\",\"0,5\"\r\nc.png,1\r\n",
        "a b.png\t0,5\n\nc.png\t1",
        "\"a b.png\"    0,5\n  c.png \t 1  \n",
        "a b.png|0,5\nc.png|1",
        "a b.png;0,5\rc.png;1\r",
        "sep=;\na b.png;0,5\nc.png;1",
        "\"sep=;\"\r\n\u{feff}a b.png;0,5\r\nc.png;1",
    ] {
        assert_eq!(cells(text), expect, "{text}");
    }
}

#[test]
fn quotes_hold_what_they_should_and_no_more() {
    for (text, expect) in [
        // Spaces before a quote, and a doubled quote.
        (
            "a.png, \"x, y\" ,1\nb.png,\"8\"\"\",2\nc.png,z,3",
            "a.png/x, y/1 b.png/8\"/2 c.png/z/3",
        ),
        // A quote in the middle, or not doubled within quotes, is a letter.
        (
            "a.png,8\" plate,1\nb.png,\"the \"big\" one\",2\nc.png,z,3",
            "a.png/8\" plate/1 b.png/the \"big\" one/2 c.png/z/3",
        ),
        // A remark over two lines.
        (
            "a.png,x,\"one\ntwo, three\"\nb.png,y,no\nc.png,z,no",
            "a.png/x/one\ntwo, three b.png/y/no c.png/z/no",
        ),
        // A quote that nothing closes, or that another row's quote seems to close.
        (
            "a.png,x,\"8 in\nb.png,y,no\nc.png,z,no",
            "a.png/x/\"8 in b.png/y/no c.png/z/no",
        ),
        (
            "a.png,x,\"8 in\nb.png,y,8 in\"\nc.png,z,no",
            "a.png/x/\"8 in b.png/y/8 in\" c.png/z/no",
        ),
        (
            "a.png,x,\"8 in\nb.png,\"y\",no\nc.png,z,no",
            "a.png/x/\"8 in b.png/y/no c.png/z/no",
        ),
        (
            "a.png,\"8 in,x\nb.png,\"y\",no\nc.png,z,no",
            "a.png/\"8 in/x b.png/y/no c.png/z/no",
        ),
        (
            "a.png,\"8 in, \"x\"\nb.png,y,no\nc.png,z,no",
            "a.png/\"8 in/ \"x\" b.png/y/no c.png/z/no",
        ),
    ] {
        let rows: Vec<String> = cells(text).iter().map(|row| row.join("/")).collect();
        assert_eq!(rows.join(" "), expect, "{text}");
    }
    assert_eq!(
        parsed("a.png,x\nb.png,\"y\nc.png,z")
            .written
            .unclosed_quotes,
        [2]
    );
}

#[test]
fn comments_are_counted_and_headers_kept() {
    let table = parsed("# made in May, 2020\n#file,label\na.png,x\n# b.png,y\n#1.png,z\n");
    let rows: Vec<String> = table.rows.iter().map(|row| row.cells.join("/")).collect();
    assert_eq!(rows, ["file/label", "a.png/x", "#1.png/z"]);
    assert_eq!((table.written.comments, table.rows[1].line), (2, 3));
    let table = parsed("# made, in May\nfile,label\na.png,x\n");
    assert_eq!((table.written.comments, table.rows.len()), (1, 2));
}

#[test]
fn lines_that_are_no_text_are_named() {
    let table = parsed("a.png,x\nb.png,\0y\nc.png,z\n");
    assert_eq!((table.rows.len(), table.problems[0].0), (2, 2));
    assert!(table.problems[0].1.contains("NUL"));
}

#[test]
fn names_of_classes_may_hold_spaces_where_spaces_separate() {
    let text = "a.png great white shark\nb.png tiger shark\nc.png hammerhead\nd.png tiger shark\n";
    let table = parsed(text);
    assert!(table.written.divided_once);
    assert_eq!(table.rows[0].cells, ["a.png", "great white shark"]);
    // A missing remark is none.
    let text = "a.png 1 mono\nb.png 0 poly\nc.png 1\nd.png 0 mono\ne.png 0 mono\nf.png 1 mono";
    assert_eq!(cells(text)[0], ["a.png", "1", "mono"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Every line that is not blank is a row, part of one, a comment or a problem.
    #[test]
    fn no_line_is_lost(text in "([a-z.,;\"# \t|\\\\]|\n|\r|\0|é|\u{feff}|\n[a-c]\\.png,\"?[xy]\"?){0,60}") {
        let decoded = Decoded { text: text.as_str().into(), encoding: "UTF-8", guessed: false };
        let table = parse(&decoded, &|_| false);
        let mut lines: Vec<u64> = lines(&text).iter().map(|line| line.number).collect();
        let named = lines.first().is_some_and(|_| {
            super::lines(&text).first().is_some_and(|line| excel_separator(line.text).is_some())
        });
        if named {
            lines.remove(0);
        }
        let spanned: usize = table
            .rows
            .iter()
            .map(|row| 1 + row.cells.iter().map(|cell| cell.matches('\n').count()).sum::<usize>())
            .sum();
        // Lines of separators and quotes alone hold nothing.
        let hollow = super::lines(&text)
            .iter()
            .filter(|line| line.text.chars().all(|c| ",;|\t \"\u{feff}".contains(c)))
            .count();
        let told = spanned + table.written.comments + table.problems.len();
        prop_assert!(told <= lines.len() && told + hollow >= lines.len(), "{told} {hollow} {}", lines.len());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(decoded) = encoding::decode(&bytes, None) {
            let table = parse(&decoded, &|_| true);
            prop_assert!(table.rows.iter().all(|row| !row.cells.is_empty()));
        }
    }
}
