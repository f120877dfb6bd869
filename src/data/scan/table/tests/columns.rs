//! Which column is what.

use super::*;

/// The label's column, as it is proposed.
fn label_of(root: &Path) -> String {
    match recognise(root).unwrap() {
        DataSource::Table { one_hot, .. } if !one_hot.is_empty() => {
            format!("{} columns", one_hot.len())
        }
        DataSource::Table {
            label_column: Column::Name(name),
            ..
        } => name,
        DataSource::Table {
            label_column: Column::Index(index),
            ..
        } => index.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_label_is_chosen_by_name_and_by_content() {
    for (header, row, expect) in [
        // An index of pandas; an age and a sex; a score; an identifier, a date, an address, a sentence, a constant.
        (",filename,species", "{n},p{n}.png,{s}", "species"),
        ("image,age,sex,diagnosis", "p{n}.png,{p},m,{s}", "diagnosis"),
        ("image,score,kind", "p{n}.png,0.9{n},{s}", "kind"),
        ("image,probability,foo", "p{n}.png,0.{p},{s}", "foo"),
        ("image,patient_id,foo", "p{n}.png,pat{n},{s}", "foo"),
        ("image,taken,foo", "p{n}.png,2021-03-0{n},{s}", "foo"),
        (
            "image,where,foo",
            "p{n}.png,https://example.org/{n},{s}",
            "foo",
        ),
        (
            "image,said,foo",
            "p{n}.png,this is the picture number {n},{s}",
            "foo",
        ),
        ("image,site,foo", "p{n}.png,here,{s}", "foo"),
        ("image,width,height,foo", "p{n}.png,1{n}0,2{n}0,{s}", "foo"),
        // The name of the label, not its number; in other languages; the file's own name.
        ("image,label,label_name", "p{n}.png,{m},{s}", "label_name"),
        ("image,class_id,class", "p{n}.png,{m},{s}", "class"),
        ("Bild,Alter,Klasse", "p{n}.png,{p},{s}", "Klasse"),
        ("图片,类别", "p{n}.png,{s}", "类别"),
        ("image,name,foo", "p{n}.png,p{n},{s}", "foo"),
        (
            "Width,Height,ClassId,Path",
            "1{n},2{n},{m},p{n}.png",
            "ClassId",
        ),
        (
            "lesion_id,image_id,dx,dx_type,age,sex,localization",
            "L{n},p{n},{s},histo,{p},m,back",
            "dx",
        ),
        ("image,is_blurred,breed", "p{n}.png,True,{s}", "breed"),
        ("foo,image", "{s},p{n}.png", "foo"),
        (
            "image,width,height,is_red",
            "p{n}.png,6{m}0,4{m}0,{s}",
            "is_red",
        ),
    ] {
        let root = table_of(9, header, |n| {
            row.replace("{n}", &n.to_string())
                .replace("{m}", &(n % 3).to_string())
                .replace("{p}", &(50 + n % 2).to_string())
                .replace("{s}", species(n))
        });
        assert_eq!(label_of(root.path()), expect, "{header}");
        let dataset = read(root.path()).unwrap();
        let expected = match expect {
            "ClassId" => "0 3, 1 3, 2 3",
            _ => "setosa 3, versicolor 3, virginica 3",
        };
        assert_eq!(classes(&dataset), expected, "{header}");
    }
}

#[test]
fn the_choice_is_told() {
    let root = table_of(6, "image,age,sex,dx", |n| {
        format!(
            "p{n}.png,{},{},{}",
            50 + n % 2,
            ["m", "f"][n % 2],
            species(n)
        )
    });
    let dataset = read(root.path()).unwrap();
    says(
        &dataset,
        "The classes are in column “dx”, because of its name; other columns that look like classes: “age”, “sex”.",
    );
    says(
        &dataset,
        "The names of the picture files are in column “image”.",
    );
    let root = table_of(6, "image,foo,bar", |n| {
        format!("p{n}.png,{},{}", species(n), ["x", "y"][n % 2])
    });
    let dataset = read(root.path()).unwrap();
    warns(
        &dataset,
        "The classes are taken from column “foo”, the first one whose values can be classes; other columns that look like classes: “bar”;",
    );
    let root = table_of(6, "image,label,label_name", |n| {
        format!("p{n}.png,{},{}", n % 3, species(n))
    });
    says(
        &read(root.path()).unwrap(),
        "“label_name”, which holds the names for the numbers in column “label”",
    );
}

#[test]
fn numbers_of_many_values_are_no_classes() {
    let root = table_of(30, "image,price", |n| format!("p{n}.png,{}.5", 100 + n));
    let error = refused(root.path());
    assert!(error.starts_with("column “price” holds 30 different numbers in 30 rows: these are measurements, which need regression"), "{error}");
    let root = table_of(30, "image,bpm", |n| format!("p{n}.png,{}", 100 + n));
    assert!(refused(root.path()).contains("measurements"));
    // A share from 0 to 1 makes two classes.
    let root = table_of(8, "image,foo", |n| format!("p{n}.png,0.{n}"));
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "0.5 and above 3, below 0.5 5");
    says(
        &dataset,
        "Two classes are made of its numbers: “0.5 and above” for 0.5",
    );
}

#[test]
fn one_column_for_each_class_is_read() {
    let mark = |n: usize| -> String {
        let marks: Vec<&str> = (0..3)
            .map(|class| if n % 3 == class { " 1" } else { " 0" })
            .collect();
        format!("p{n}.png,{}", marks.join(","))
    };
    let root = table_of(12, "filename, setosa, virginica, versicolor", mark);
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "setosa 4, versicolor 4, virginica 4");
    says(
        &dataset,
        "The classes are 3 columns, one for each class (“setosa”, “virginica”, “versicolor”)",
    );
    // ISIC's numbers; a class that no picture has; a row of no class.
    let isic = |n: usize| {
        if n == 5 {
            "p5,0.0,0.0,0.0".to_owned()
        } else {
            format!("p{n},{}.0,{}.0,0.0", n % 2, 1 - n % 2)
        }
    };
    let root = table_of(20, "image,MEL,NV,UNK", isic);
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "MEL 9, NV 10");
    has_problem(&dataset, "line 7 has no path or no label");
    warns(&dataset, "1 row has no class.");
    // Beside a column of names, that one is the label.
    let root = table_of(6, "image,red,round,label", |n| {
        format!("p{n}.png,{},{},{}", n % 2, 1 - n % 2, species(n))
    });
    assert_eq!(label_of(root.path()), "label");
}

#[test]
fn several_classes_for_a_picture_are_refused_by_that_word() {
    let root = table_of(12, "filename,a,b,c", |n| {
        format!("p{n}.png,{},{},{}", u8::from(n != 1), n % 2, (n / 2) % 2)
    });
    let error = refused(root.path());
    assert!(error.starts_with("this is a multi-label table: 8 of 12 rows hold a 1 for several classes, such as line 4 (a, c)"), "{error}");
    // Two in a row of many are listed.
    let root = table_of(30, "filename,a,b,c", |n| {
        format!(
            "p{n}.png,{},{},{}",
            u8::from(n % 3 == 0 || n == 4),
            u8::from(n % 3 == 1),
            u8::from(n % 3 == 2)
        )
    });
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "a 10, b 9, c 10");
    has_problem(
        &dataset,
        "has several classes, which is multi-label (a, b): keep one (line 6)",
    );
}

#[test]
fn tables_without_a_header_are_read_by_index() {
    let root = folder(
        &["a.png", "b.png", "c.png", "d.png"],
        &[("labels.txt", "a.png 0 x\nb.png 1 y\nc.png 0 x\nd.png 1 y\n")],
    );
    let dataset = read(root.path()).unwrap();
    assert_eq!(classes(&dataset), "0 2, 1 2");
    says(
        &dataset,
        "The names of the picture files are in column 1; the table has no header, columns are counted from 1.",
    );
    warns(
        &dataset,
        "The classes are taken from column 2, the first one whose values can be classes; other columns that look like classes: 3;",
    );
}

#[test]
fn a_column_that_is_named_is_used_whatever_it_holds() {
    let root = table_of(6, "image,dx,sex", |n| {
        format!("p{n}.png,{},{}", species(n), ["m", "f"][n % 2])
    });
    let mut source = recognise(root.path()).unwrap();
    if let DataSource::Table { label_column, .. } = &mut source {
        *label_column = Column::Name("sex".into());
    }
    let dataset = read_source(source, &[]).unwrap();
    assert_eq!(classes(&dataset), "f 3, m 3");
    says(
        &dataset,
        "The classes are in column “sex”, as the experiment says.",
    );
}

#[test]
fn a_preview_tells_columns_rows_and_other_tables() {
    let root = table_of(30, "image,dx,fold", |n| {
        format!("p{n}.png,{},{}", species(n), n % 5)
    });
    fs::write(
        root.path().join("other.csv"),
        "image,label\np0.png,x\np1.png,y\n",
    )
    .unwrap();
    let source = recognise(root.path()).unwrap();
    let preview = super::super::super::preview_table(&source, None).unwrap();
    let columns: Vec<String> = preview
        .columns
        .iter()
        .map(|column| format!("{}: {}", column.name, column.content))
        .collect();
    assert_eq!(
        columns,
        ["image: names of pictures", "dx: 3 names", "fold: 5 numbers"]
    );
    assert_eq!(
        (preview.rows.len(), preview.count, preview.encoding),
        (8, 30, "UTF-8")
    );
    assert_eq!(preview.columns[2].values.len(), 5);
    assert_eq!(preview.others.len(), 1);
    assert!(preview.others[0].name == "other.csv" && preview.others[0].against.is_none());
    assert_eq!(preview.index_of(&Column::Name("dx".into())), Some(1));
    // A column that is not there does not hide the table.
    let mut gone = source;
    if let DataSource::Table {
        label_column,
        path_column,
        ..
    } = &mut gone
    {
        *label_column = Column::Name("gone".into());
        *path_column = Column::Name("gone, too".into());
    }
    assert_eq!(
        super::super::super::preview_table(&gone, None)
            .unwrap()
            .columns
            .len(),
        3
    );
}
