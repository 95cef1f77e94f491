//! Typical mistakes of users in the form of a file, kept as data: the file, the draft, what the service did with it at first (`before`, as
//! recorded in November 2026), and what it has to do now.

use serde_json::{Value, json};

use super::files::{encoded, plain, table, workbook, written};

/// Where a mistake is noticed first.
pub(super) enum Noticed {
    /// Upload, draft or freeze are refused with this code.
    Upload(&'static str),
    Draft(&'static str),
    Freeze(&'static str),
    /// A check of the preview fails, the freeze refuses it, and an acknowledged run fails for it.
    Preview(&'static str),
    /// The same, where a run would end with results that are empty or say nothing.
    Acknowledged(&'static str),
    /// A check of the preview warns and says so; the run ends as it should.
    Warned(&'static str),
    /// The run fails for this reason.
    Run(&'static str),
    /// The upload has a remark of this type; nothing is refused.
    Remark(&'static str),
    /// There is nothing to notice: the data are read as they are meant.
    Nothing,
}

pub(super) struct Mistake {
    pub name: &'static str,
    pub file: (&'static str, Vec<u8>),
    pub draft: Value,
    /// What the service did before it was improved.
    pub before: &'static str,
    pub noticed: Noticed,
    /// Texts that the refusal, or the remarks of the upload, contain.
    pub says: Vec<&'static str>,
    /// Which of the offered repairs, in the order of the remarks, are sent back; none where none is offered.
    pub repairs: Vec<usize>,
    /// The coefficient of `x` and the rows used, where the run succeeds in the end.
    pub ends: Option<(f64, u64)>,
}

impl Mistake {
    pub(super) fn draft(mut self, draft: Value) -> Self {
        self.draft = draft;
        self
    }

    pub(super) fn changed(mut self, changes: Value) -> Self {
        for (key, value) in changes.as_object().expect("an object") {
            self.draft[key] = value.clone();
        }
        self
    }

    pub(super) fn named(mut self, file_name: &'static str) -> Self {
        self.file.0 = file_name;
        self
    }

    pub(super) fn at(mut self, noticed: Noticed, says: &[&'static str]) -> Self {
        self.noticed = noticed;
        self.says = says.to_vec();
        self
    }

    pub(super) fn repaired(mut self, repairs: &[usize], slope: f64, rows: u64) -> Self {
        self.repairs = repairs.to_vec();
        self.ends = Some((slope, rows));
        self
    }

    pub(super) fn ends(mut self, slope: f64, rows: u64) -> Self {
        self.ends = Some((slope, rows));
        self
    }
}

/// A mistake in a CSV file that is analysed by least squares of `y` on `x`.
pub(super) fn m(name: &'static str, before: &'static str, bytes: Vec<u8>) -> Mistake {
    let draft =
        json!({"template_id": "linear.ols_robust", "outcome_var": "y", "roles": {"regressors": ["x"]}});
    Mistake {
        name,
        file: ("data.csv", bytes),
        draft,
        before,
        noticed: Noticed::Nothing,
        says: Vec::new(),
        repairs: Vec::new(),
        ends: None,
    }
}

pub(super) fn y_as(text: impl Fn(f64) -> String) -> Vec<u8> {
    table("y,x", |_, x, y| format!("{},{x}", text(y)))
}

fn y_as_semicolon(text: impl Fn(f64) -> String) -> Vec<u8> {
    table("y;x", |_, x, y| format!("{};{x}", text(y)))
}

/// The table with another `y` in some rows.
pub(super) fn y_but(other: impl Fn(u32) -> Option<&'static str>) -> Vec<u8> {
    table("y,x", |row, x, y| match other(row) {
        Some(text) => format!("{text},{x}"),
        None => format!("{y},{x}"),
    })
}

pub(super) const RIGHT: &str = "read right";
pub(super) const ONLY_KIND: &str = "400 TEMPLATE_NOT_APPLICABLE: `y` is categorical; no cell, no repair";
const NO_REMARK: &str = "no remark at the upload; 400 TEMPLATE_NOT_APPLICABLE: `y` is categorical";

/// Mistakes in the form of a file: separators, encodings, headers.
pub(super) fn of_files() -> Vec<Mistake> {
    [separators(), encodings(), headers()].into_iter().flatten().collect()
}

fn separators() -> Vec<Mistake> {
    use Noticed::{Draft, Remark, Upload};
    let kilo = |y: f64| y * 1000.0;
    let refused = "400 INPUT_PARSE_FAILED: row 2 has 2 fields where the header has 1: the commas were taken for separators";
    vec![
        m("semicolons", RIGHT, y_as_semicolon(|y| y.to_string())).ends(2.0, 24),
        m("decimal commas", refused, y_as_semicolon(|y| written(y, "", ",")))
            .at(Remark("converted_values"), &["y: commas were read as decimal commas"])
            .ends(2.0, 24),
        m("decimal commas in quotes", RIGHT, y_as(|y| format!("\"{}\"", written(y, "", ","))))
            .at(Remark("converted_values"), &["y: commas were read as decimal commas"])
            .ends(2.0, 24),
        m(
            "decimal commas between commas",
            "400 INPUT_PARSE_FAILED: the row has 3 fields where the header has 2; no advice",
            y_as(|y| written(y, "", ",")),
        )
        .at(Upload("INPUT_PARSE_FAILED"), &["row 2", "3 fields where the header has 2", "decimal comma", "saved with ;"]),
        m("commas for thousands", RIGHT, y_as(|y| format!("\"{}\"", written(kilo(y), ",", "."))))
            .at(Remark("converted_values"), &["y: commas were read as thousands separators"])
            .ends(2000.0, 24),
        m(
            "three decimals after a comma",
            "read as thousands: a coefficient 1,000 times too large, with a remark that named no other reading",
            y_as(|y| format!("\"{}\"", format!("{y:.3}").replace('.', ","))),
        )
        .at(Remark("ambiguous_number"), &["y: every number fits two readings", "not with decimal commas", "preview"])
        .ends(2000.0, 24),
        m(
            "three digits after a point beside semicolons",
            "read as decimals without a remark, although the points may stand for thousands",
            y_as_semicolon(|y| format!("{y:.3}")),
        )
        .at(Remark("ambiguous_number"), &["y: every number fits two readings", "points for thousands"])
        .ends(2.0, 24),
        m("points for thousands", refused, y_as_semicolon(|y| written(kilo(y), ".", ",")))
            .at(Remark("converted_values"), &["y: commas were read as decimal commas"])
            .ends(2000.0, 24),
        m("blanks for thousands", refused, y_as_semicolon(|y| written(kilo(y), " ", ",")))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text", "convert y: numbers", "decimal sign \",\""])
            .repaired(&[0], 2000.0, 24),
        m("apostrophes for thousands", NO_REMARK, y_as(|y| written(kilo(y), "'", ".")))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text", "convert y: numbers"])
            .repaired(&[0], 2000.0, 24),
        m("percent signs", RIGHT, y_as(|y| format!("{y}%")))
            .at(Remark("converted_values"), &["12.5% is 12.5"])
            .ends(2.0, 24),
        m("percent signs and decimal commas", refused, y_as_semicolon(|y| format!("{}%", written(y, "", ","))))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text", "without \"%\""])
            .repaired(&[0], 2.0, 24),
        m(
            "percent signs in some rows",
            "400 TEMPLATE_NOT_APPLICABLE",
            table("y,x", |row, x, y| if row > 3 { format!("{y}%,{x}") } else { format!("{y},{x}") }),
        )
        .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text"]),
        m("dollars", NO_REMARK, y_as(|y| format!("\"${}\"", written(kilo(y), ",", "."))))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text", "without \"$\""])
            .repaired(&[0], 2000.0, 24),
        m("euros", refused, y_as_semicolon(|y| format!("{} €", written(kilo(y), ".", ","))))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text", "without \"€\""])
            .repaired(&[0], 2000.0, 24),
        m("yuan", NO_REMARK, y_as(|y| format!("¥{y}")))
            .at(Remark("numbers_as_text"), &["y holds numbers", "\"¥12.5\" in row 2"])
            .repaired(&[0], 2.0, 24),
        m("units", NO_REMARK, y_as(|y| format!("{y} kg")))
            .at(Remark("numbers_as_text"), &["y holds numbers", "\"12.5 kg\" in row 2"])
            .repaired(&[0], 2.0, 24),
    ]
}

fn encodings() -> Vec<Mistake> {
    use Noticed::{Remark, Upload};
    let guess = "read right, with the remark that the encoding is a guess";
    vec![
        m("GBK", guess, encoded(encoding_rs::GBK, "地区", ["北京市", "上海市"]))
            .at(Remark("encoding_guess"), &["gb18030", "UTF-8"])
            .ends(2.0, 24),
        m("Big5", guess, encoded(encoding_rs::BIG5, "地區", ["臺北市", "高雄縣"]))
            .at(Remark("encoding_guess"), &["Big5"])
            .ends(2.0, 24),
        m("Latin-1", guess, encoded(encoding_rs::WINDOWS_1252, "región", ["Málaga", "Cádiz"]))
            .at(Remark("encoding_guess"), &["windows-125"])
            .ends(2.0, 24),
        m("a workbook named csv", RIGHT, workbook(&[])).ends(2.0, 24),
        m("an empty file", "400 INPUT_EMPTY", Vec::new()).at(Upload("INPUT_EMPTY"), &["the file is empty"]),
        m("a header alone", "400 INPUT_EMPTY", b"y,x\n".to_vec())
            .at(Upload("INPUT_EMPTY"), &["a header and no rows"]),
        m(
            "a web page saved as a workbook",
            "400 INPUT_FORMAT_UNSUPPORTED",
            b"<html><body><table><tr><td>y</td><td>x</td></tr></table></body></html>".to_vec(),
        )
        .named("data.xls")
        .at(Upload("INPUT_FORMAT_UNSUPPORTED"), &["HTML", "save"]),
        m("a text table named xlsx", "400 INPUT_PARSE_FAILED without advice", plain())
            .named("data.xlsx")
            .at(Upload("INPUT_PARSE_FAILED"), &["named .xlsx", "rename it to .csv"]),
    ]
}

fn headers() -> Vec<Mistake> {
    use Noticed::{Draft, Freeze, Remark};
    let lost = "title taken as the header: every column became text under wrong names";
    vec![
        m(
            "merged cells in the header",
            "every column became text under wrong names; 400 CONTRACT_COLUMN_NOT_FOUND",
            table(",2019,,2020,\nid,y,x,y,x", |row, x, y| format!("{row},{y},{x},{y},{x}")),
        )
        .changed(json!({"outcome_var": "v2019_y", "roles": {"regressors": ["v2019_x"]}}))
        .at(
            Remark("rows_above_header"),
            &["row 2 was taken as the header: row 1 above it names groups of columns"],
        ),
        m(
            "two header rows",
            "400 TEMPLATE_NOT_APPLICABLE: `y` is categorical",
            table("y,x\n(USD),(years)", |_, x, y| format!("{y},{x}")),
        )
        .at(
            Draft("TEMPLATE_NOT_APPLICABLE"),
            &["`y` is text", "leave out row 1 of the data", "convert y: numbers"],
        )
        .repaired(&[0, 1, 2], 2.0, 24),
        m(
            "a title above the header",
            "400 INPUT_PARSE_FAILED: row 3 has 2 fields where the header has 1",
            table("Table 1. Wages\n\ny,x", |_, x, y| format!("{y},{x}")),
        )
        .at(Remark("rows_above_header"), &["row 3 was taken as the header"])
        .ends(2.0, 24),
        m(
            "a title above, with empty fields",
            lost,
            table("Table 1. Wages,\ny,x", |_, x, y| format!("{y},{x}")),
        )
        .at(Remark("rows_above_header"), &["row 2 was taken as the header"])
        .ends(2.0, 24),
        m("a title above the header of a sheet", lost, workbook(&[&["Table 1"]]))
            .named("data.xlsx")
            .at(Remark("rows_above_header"), &["row 2 was taken as the header"])
            .ends(2.0, 24),
        m("merged cells above the header of a sheet", lost, workbook(&[&["2019", ""]]))
            .named("data.xlsx")
            .at(Remark("rows_above_header"), &["row 2 was taken as the header"])
            .ends(2.0, 24),
        m("the same name twice", RIGHT, table("y,x,x", |_, x, y| format!("{y},{x},7")))
            .at(Remark("renamed_column"), &["column \"x\" is named x_2 here"])
            .ends(2.0, 24),
        m(
            "a column without a name",
            "400 CONTRACT_COLUMN_NOT_FOUND without advice",
            table("y,", |_, x, y| format!("{y},{x}")),
        )
        .at(Freeze("CONTRACT_COLUMN_NOT_FOUND"), &["no column x", "nearest names"]),
        m("no header", "taken as the header with a remark", plain()[4..].to_vec())
            .at(Remark("header_is_data"), &["row 1", "holds numbers only"]),
        m("300 columns", RIGHT, {
            let names: Vec<String> = (1..=298).map(|i| format!("v{i}")).collect();
            table(&format!("y,x,{}", names.join(",")), |_, x, y| format!("{y},{x}{}", ",1".repeat(298)))
        })
        .at(Remark("constant_column"), &["v1 has the same value"])
        .ends(2.0, 24),
        m("a name in other letters", "400 CONTRACT_COLUMN_NOT_FOUND without advice", plain())
            .changed(json!({"outcome_var": "Y"}))
            .at(
                Freeze("CONTRACT_COLUMN_NOT_FOUND"),
                &["no column Y", "nearest names are y", "variable_corrections"],
            ),
        m("leading and trailing blanks", "half of the rows were left out without a remark", {
            table(" y , x ,g", |row, x, y| format!("  {y} , {x}  ,{}", if row % 2 == 0 { "a " } else { "a" }))
        })
        .changed(json!({"sample_if": "g == \"a\""}))
        .at(Remark("blanks_around_text"), &["12 cells of g", "\"a \" in row 3", "2 levels instead of 1"])
        .repaired(&[0], 2.0, 24),
    ]
}
