//! Quotes, ragged rows and encodings, from the file to the classes.

use super::*;

#[test]
fn an_unclosed_quote_swallows_nothing() {
    let root = table_of(30, "file,label,remark", |n| {
        format!(
            "p{n}.png,{},{}",
            species(n),
            if n == 3 { "\"8 in plate" } else { "ok" }
        )
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(dataset.pictures.len(), 30);
    warns(
        &dataset,
        "labels.csv opens a quotation mark that is never closed in line 5: the line is read as it stands.",
    );
}

#[test]
fn ragged_rows_repeated_headers_and_odd_lines_are_told() {
    let root = table_of(12, "file,label,remark", |n| match n {
        // A remark with a comma stands behind what is read.
        2 => format!("p2.png,{},nice, very", species(2)),
        3 => "p3.png, spotted, setosa,x".to_owned(),
        4 => format!("p4.png,{}", species(4)),
        5 => "p5.png".to_owned(),
        6 => format!(
            "file,label,remark\n# a comment\n,,\n\np6.png,{},",
            species(6)
        ),
        _ => format!("p{n}.png,{},ok", species(n)),
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(dataset.pictures.len(), 10, "{:?}", dataset.problems);
    has_problem(
        &dataset,
        "line 5 has 4 cells and the table 3 columns: put a cell that holds the separator into quotes",
    );
    has_problem(&dataset, "line 7 has no path or no label");
    warns(&dataset, "1 row repeats the header and can't be used.");
    says(
        &dataset,
        "In labels.csv, 1 line begins with # and is not read.",
    );
}

#[test]
fn other_encodings_are_decoded_and_said() {
    let root = folder(&["p0.png", "p1.png", "p2.png", "p3.png"], &[]);
    let write = |bytes: &[u8]| fs::write(root.path().join("labels.csv"), bytes).unwrap();
    let latin = b"file;label\r\np0.png;B\xe4r\r\np1.png;B\xf6r\r\np2.png;Kuh\r\np3.png;B\xe4r\r\n";
    write(latin);
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "Bär 2, Bör 1, Kuh 1");
    warns(
        &dataset,
        "The text encoding of labels.csv is a guess: windows-1252 (“Bär”).",
    );
    // Chosen, it is no guess.
    let mut source = recognise(root.path()).unwrap();
    if let DataSource::Table { encoding, .. } = &mut source {
        *encoding = Some("windows-1251".into());
    }
    let dataset = read_source(source, &[]).unwrap();
    assert_eq!(classes(&dataset), "Bдr 2, Bцr 1, Kuh 1");
    write(&[latin.as_slice(), "p3.png;Bär\r\n".as_bytes()].concat());
    let error = refused(&root.path().join("labels.csv"));
    assert!(error.starts_with("some lines of the table are UTF-8, and others, such as line 2, are not: save it as UTF-8"), "{error}");
    write(b"PK\x03\x04 and so on");
    let error = refused(&root.path().join("labels.csv"));
    assert!(error.starts_with("this is a workbook (Excel, LibreOffice) or another ZIP archive, not text: save the table as CSV"), "{error}");
}
