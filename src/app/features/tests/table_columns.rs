//! How a table is read is seen and changed by one click.

use std::sync::Arc;

use super::*;
use crate::app::core::documents::file_title;
use crate::app::core::state::PreviewedTable;
use crate::data::scan::{ColumnPreview, OtherTable, TablePreview};
use crate::experiment::{SplitPart, Threshold};

fn column(index: usize, name: &str, values: &[(&str, Option<SplitPart>)]) -> ColumnPreview {
    ColumnPreview {
        name: name.into(),
        column: Column::Name(name.into()),
        index,
        content: "names".into(),
        threshold: (name == "score").then(Threshold::default),
        values: values
            .iter()
            .map(|(value, part)| ((*value).to_owned(), *part))
            .collect(),
    }
}

/// A table of five columns, of which the experiment reads two.
fn with_table() -> State {
    let mut state = fakes::state();
    let mut source = DataSource::table("/pictures/labels.csv");
    if let DataSource::Table {
        path_column,
        label_column,
        ..
    } = &mut source
    {
        *path_column = Column::Name("image".into());
        *label_column = Column::Name("sex".into());
    }
    state.documents[0].experiment.data.source = source.clone();
    state.documents[0].experiment.data.classes = vec!["f".into(), "m".into()];
    let other = DataSource::table("/pictures/other.csv");
    let preview = TablePreview {
        columns: vec![
            column(0, "image", &[]),
            column(1, "sex", &[]),
            column(2, "dx", &[]),
            column(3, "score", &[]),
            column(4, "fold", &[("0", None), ("1", None), ("2", None)]),
        ],
        rows: vec![vec![
            "a.png".into(),
            "m".into(),
            "nv".into(),
            "0.5".into(),
            "0".into(),
        ]],
        count: 12,
        encoding: "UTF-8",
        others: vec![OtherTable {
            name: "other.csv".into(),
            against: None,
            source: Some(other),
        }],
    };
    state.table = Some(PreviewedTable {
        source,
        result: Ok(Arc::new(preview)),
    });
    state
}

fn clicked(label: &str, state: State) -> DataSource {
    let mut harness = settled(
        View("Data"),
        egui::vec2(900.0, 900.0),
        true,
        Driven::new(state),
    );
    harness.get_by_label(label).click();
    harness.run_steps(2);
    harness.state().edited().data.source
}

#[test]
fn a_column_is_used_for_something_else_by_one_click() {
    let DataSource::Table {
        label_column,
        threshold,
        ..
    } = clicked("Use dx as classes", with_table())
    else {
        panic!("the source is a table");
    };
    assert_eq!((label_column, threshold), (Column::Name("dx".into()), None));
    let DataSource::Table { threshold, .. } = clicked("Use score as classes", with_table()) else {
        panic!("the source is a table");
    };
    assert_eq!(
        threshold,
        Some(Threshold::default()),
        "shares make two classes"
    );
    // Paths and labels change places.
    let DataSource::Table {
        path_column,
        label_column,
        ..
    } = clicked("Use sex as picture files", with_table())
    else {
        panic!("the source is a table");
    };
    assert_eq!(
        (path_column, label_column),
        (Column::Name("sex".into()), Column::Name("image".into()))
    );
    let DataSource::Table { split_column, .. } = clicked("Use fold as split", with_table()) else {
        panic!("the source is a table");
    };
    assert_eq!(split_column, Some(Column::Name("fold".into())));
}

#[test]
fn another_column_is_an_edit_that_can_be_undone() {
    let mut harness = settled(
        View("Data"),
        egui::vec2(900.0, 900.0),
        true,
        Driven::new(with_table()),
    );
    harness.get_by_label("Use dx as classes").click();
    harness.run_steps(2);
    let edited = harness.state().edited();
    assert!(
        edited.data.classes.is_empty(),
        "the classes of the old column are gone"
    );
    let document = &mut harness.state_mut().state.documents[0];
    let before = document.experiment.clone();
    document.edit(edited, "table column");
    assert!(document.undo());
    assert_eq!(document.experiment, before);
}

#[test]
fn folds_get_their_meaning_by_choosing_the_test() {
    let mut state = with_table();
    if let DataSource::Table { split_column, .. } = &mut state.documents[0].experiment.data.source {
        *split_column = Some(Column::Name("fold".into()));
    }
    let mut harness = settled(
        View("Data"),
        egui::vec2(900.0, 900.0),
        true,
        Driven::new(state),
    );
    harness.get_by_label("Pictures of 1").click();
    harness.run_steps(2);
    let choices: Vec<_> = harness.get_all_by_label("Test").collect();
    choices.last().expect("a choice").click();
    harness.run_steps(2);
    let DataSource::Table { split_values, .. } = harness.state().edited().data.source else {
        panic!("the source is a table");
    };
    let values = ["0", "1", "2"].map(str::to_owned);
    let parts = [SplitPart::Train, SplitPart::Test, SplitPart::Train];
    assert_eq!(
        split_values,
        values.into_iter().zip(parts).collect::<Vec<_>>()
    );
}

#[test]
fn another_table_of_the_folder_is_one_click_away() {
    let mut harness = settled(
        Section("Data"),
        egui::vec2(320.0, 1200.0),
        true,
        Driven::new(with_table()),
    );
    harness.get_by_label("Use the table other.csv").click();
    harness.run_steps(2);
    let DataSource::Table { file, .. } = harness.state().edited().data.source else {
        panic!("the source is a table");
    };
    assert_eq!(file_title(&file), "other.csv");
}

#[test]
fn a_refused_table_can_be_read_otherwise() {
    let mut state = with_table();
    state.scan = Scan::Failed("this is a multi-label table: 3 of 12 rows".into());
    let DataSource::Table { label_column, .. } = clicked("Use dx as classes", state) else {
        panic!("the source is a table");
    };
    assert_eq!(label_column, Column::Name("dx".into()));
}

#[test]
fn the_preview_fits_and_names_its_controls() {
    let pictures = std::env::var_os("GRAFT_PANEL_PICTURES").map(std::path::PathBuf::from);
    let mut faults = Vec::new();
    for (panel, width) in [(View("Data"), 900.0), (Section("Data"), 320.0)] {
        for dark in [true, false] {
            let mut state = with_table();
            if let DataSource::Table { split_column, .. } =
                &mut state.documents[0].experiment.data.source
            {
                *split_column = Some(Column::Name("fold".into()));
            }
            let mut harness = settled(panel, egui::vec2(width, 900.0), dark, Driven::new(state));
            faults.extend(faults_of(&harness, panel, width));
            if let Some(folder) = &pictures {
                let theme = if dark { "dark" } else { "light" };
                let picture = harness.render().expect("lavapipe draws");
                picture
                    .save(folder.join(format!("table-{}-{theme}.png", file_name(panel))))
                    .expect("the folder can be written");
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_panel_offers_the_columns_of_the_table_by_name() {
    let mut harness = settled(
        Section("Data"),
        egui::vec2(320.0, 900.0),
        true,
        Driven::new(with_table()),
    );
    harness
        .get_by_role_and_label(accesskit::Role::ComboBox, "Class column")
        .click();
    harness.run_steps(2);
    harness.get_by_label("dx").click();
    harness.run_steps(2);
    let data = harness.state().edited().data;
    let DataSource::Table { label_column, .. } = &data.source else {
        panic!("the source is a table");
    };
    assert_eq!(*label_column, Column::Name("dx".into()));
    assert!(data.classes.is_empty(), "other classes");
}

#[test]
fn the_names_of_two_classes_follow_the_threshold() {
    for (own, expected) in [(None, "0.002 and above"), (Some("defective"), "defective")] {
        let mut state = with_table();
        if let DataSource::Table { threshold, .. } = &mut state.documents[0].experiment.data.source
        {
            let mut made = Threshold::default();
            if let Some(own) = own {
                made.above = own.into();
            }
            *threshold = Some(made);
        }
        let mut harness = settled(
            Section("Data"),
            egui::vec2(320.0, 1200.0),
            true,
            Driven::new(state),
        );
        harness
            .get_by_role_and_label(accesskit::Role::SpinButton, "Threshold")
            .set_value_accesskit(0.002);
        harness.run_steps(2);
        let DataSource::Table { threshold, .. } = harness.state().edited().data.source else {
            panic!("the source is a table");
        };
        let threshold = threshold.expect("two classes");
        assert_eq!(threshold.at_least, 0.002);
        assert_eq!(
            (threshold.above.as_str(), threshold.below.as_str()),
            (expected, "below 0.002")
        );
    }
}
