//! What one mistake hides of another, numbers in several units, lines above a table, and parameters that no data fit; kept as
//! data as in `cases.rs`.

use serde_json::json;

use super::cases::{Mistake, Noticed, m, y_as, y_but};
use super::files::{plain, slope, table, workbook};

/// Mistakes that are seen only where another one is left out, and numbers that are known in part.
pub(super) fn of_hidden() -> Vec<Mistake> {
    [codes(), units(), lines(), drafts()].into_iter().flatten().collect()
}

fn codes() -> Vec<Mistake> {
    use Noticed::{Remark, Warned};
    let coded = |row: u32, y: f64| match row {
        5 => "998".to_owned(),
        9 => "999".to_owned(),
        _ => y.to_string(),
    };
    let before = "used as numbers without a remark";
    vec![
        m("two codes next to each other", before, table("y,x", |row, x, y| format!("{},{x}", coded(row, y))))
            .at(
                Remark("missing_code"),
                &["998 and 999 in y", "2 cells", "row 6", "they may stand for missing values"],
            )
            .repaired(&[0], slope(|row| ![5, 9].contains(&row)), 22),
        m("a code behind a row of totals", "used as a number: the total lies further from the values", {
            let mut text = table("y,x,g", |row, x, y| format!("{},{x},r{row}", coded(row, y)));
            text.extend_from_slice(b"3000,,Total\n");
            text
        })
        .at(Remark("missing_code"), &["998 and 999 in y", "12.5 to 58.5"])
        .repaired(&[0, 1], slope(|row| ![5, 9].contains(&row)), 22),
        m(
            "a code that the plan leaves",
            "the plan warned, the run and its report did not",
            y_but(|row| (row > 20).then_some("-999")),
        )
        .at(Warned("missing_code"), &["-999 in y", "submit one of `repairs`"]),
    ]
}

fn units() -> Vec<Mistake> {
    use Noticed::Draft;
    let lost = "a repair that made the numbers of the other unit missing";
    vec![
        m("two units of thousands", lost, {
            table("y,x", |row, x, y| {
                if row % 5 == 0 { format!("{}亿,{x}", y / 10_000.0) } else { format!("{y}万,{x}") }
            })
        })
        .at(
            Draft("TEMPLATE_NOT_APPLICABLE"),
            &["writes numbers in several units", "\"12.5万\" in row 2", "亿\" in row 6"],
        ),
        m("k and M", "text without a remark", {
            table(
                "y,x",
                |row, x, y| if row % 3 == 0 { format!("{}M,{x}", y / 1000.0) } else { format!("{y}k,{x}") },
            )
        })
        .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text", "several units", "in one unit"]),
        m("two currencies", lost, y_as(|y| if y > 50.0 { format!("€{y}") } else { format!("${y}") }))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["several units", "\"$12.5\" in row 2", "\"€"]),
        m(
            "a unit in one cell",
            "a repair that made the number missing",
            y_but(|row| (row == 7).then_some("24.5 kg")),
        )
        .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["several units", "\"24.5 kg\" in row 8"]),
    ]
}

fn lines() -> Vec<Mistake> {
    use Noticed::Remark;
    let mut commented = b"# exported by the logger\n# version 2\n".to_vec();
    commented.extend(plain());
    let above: [&[&str]; 4] = [&["Yields"], &["Source: own survey"], &[], &["Table 3"]];
    vec![
        m(
            "comments above the header",
            "400 INPUT_PARSE_FAILED: row 3 has 2 fields where the header has 1",
            commented,
        )
        .at(Remark("rows_above_header"), &["row 3 was taken as the header"])
        .ends(2.0, 24),
        m("a title and its source above the header", "400 INPUT_PARSE_FAILED", {
            let mut text = b"Yields;\nSource: own survey;\n".to_vec();
            text.extend(table("y;x", |_, x, y| format!("{y};{x}")));
            text
        })
        .at(Remark("rows_above_header"), &["row 3 was taken as the header"])
        .ends(2.0, 24),
        m("a title and its source above a sheet", "every column became text", workbook(&above))
            .named("data.xlsx")
            .at(Remark("rows_above_header"), &["row 5 was taken as the header"])
            .ends(2.0, 24),
    ]
}

fn drafts() -> Vec<Mistake> {
    use Noticed::{Freeze, Nothing};
    let ols = |column: &str| json!({"roles": {"regressors": [column]}});
    let cohort = table("id,t,y,a", |row, _, y| {
        let unit = row % 6;
        format!("{unit},{},{y},{}", row / 6, if unit < 3 { "2" } else { "" })
    });
    let callaway = json!({"template_id": "did.callaway", "outcome_var": "y",
        "roles": {"entity_var": ["id"], "time_var": ["t"], "adopt_time_var": ["a"]}});
    vec![
        m("a lag in Stata's notation", "the nearest name was the column itself", plain())
            .changed(ols("L.x"))
            .at(Freeze("CONTRACT_COLUMN_NOT_FOUND"), &["`L.x` is a lag of x", "ts.distributed_lag"]),
        m(
            "one cohort that adopts",
            "400 TEMPLATE_NOT_APPLICABLE: 1 distinct value, at least 2 are needed",
            cohort,
        )
        .draft(callaway)
        .at(Nothing, &[]),
    ]
}
