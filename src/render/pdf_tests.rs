//! Pages of tables: what stands on which page.

use super::*;

/// A table of so many rows with its note.
fn table(rows: usize, note: &str) -> Grid {
    let row = |at: usize| {
        let cells = [format!("term {at}"), "0.123".to_owned(), "(0.045)".to_owned()];
        Row::new(RowKind::Body, cells.into_iter().map(Printed::from).collect())
    };
    Grid {
        title: "Estimates".to_owned(),
        over: String::new(),
        head: ["", "Estimate", "Error"].map(str::to_owned).to_vec(),
        align: vec![Align::Left, Align::Right, Align::Right],
        rows: (0..rows).map(row).collect(),
        notes: vec![note.to_owned()],
        estimates: true,
    }
}

fn texts(sheet: &Sheet<'_>) -> Vec<String> {
    let text = |placed: &Placed<'_>| match &placed.item {
        Item::Text { text, .. } => Some(text.clone()),
        _ => None,
    };
    sheet.items.iter().filter_map(text).collect()
}

/// With some numbers of rows the note was alone on the second page.
#[test]
fn a_note_stands_on_the_page_of_the_last_row() {
    for note in ["Note: short.", &"Note: robust standard errors in parentheses. ".repeat(30)] {
        for rows in 1..120 {
            let grid = table(rows, note);
            let mut pages = Pages::new();
            pages.table(&grid, "Table 1");
            let pages = pages.finish();
            let begins = |sheet: &&Sheet<'_>| texts(sheet).iter().any(|text| text.starts_with("Note:"));
            let page = pages.done.iter().find(begins).expect("the note");
            let last = format!("term {}", rows - 1);
            assert!(texts(page).contains(&last), "{rows} rows: the note is apart from its table");
            // headings without a row below them say nothing
            for sheet in pages.done.iter().filter(|sheet| texts(sheet).contains(&"Estimate".to_owned())) {
                assert!(texts(sheet).iter().any(|text| text.starts_with("term ")), "{rows} rows");
            }
        }
    }
}
