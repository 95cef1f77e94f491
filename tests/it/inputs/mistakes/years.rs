//! School years, a row of units above codes for missing values, and columns whose dates stand in two styles; kept as data as in
//! `cases.rs`.

use serde_json::json;

use super::cases::{Mistake, Noticed, m};
use super::files::{slope, table, xy};

/// Mistakes that a row of units hides, and times that people write in their own way.
pub(super) fn of_years() -> Vec<Mistake> {
    [units(), years(), headers()].into_iter().flatten().collect()
}

/// The difference of the means of y between rows 13 to 23 and rows 1 to 12.
fn step_of_23() -> f64 {
    let mean = |rows: std::ops::RangeInclusive<u32>| {
        let count = f64::from(*rows.end() - *rows.start() + 1);
        rows.map(|row| xy(row).1).sum::<f64>() / count
    };
    mean(13..=23) - mean(1..=12)
}

fn units() -> Vec<Mistake> {
    use Noticed::Remark;
    let coded = |row: u32, y: f64| match row {
        5 => "998".to_owned(),
        9 => "999".to_owned(),
        _ => y.to_string(),
    };
    let before = "the row of units was left out, and the codes were used as numbers without a remark";
    let without = slope(|row| ![5, 9].contains(&row));
    vec![
        m("codes below a row of units", before, {
            let rows = table("y,x", |row, x, y| format!("{},{x}", coded(row, y)));
            String::from_utf8(rows).expect("text").replacen("y,x\n", "y,x\npoints,years\n", 1).into_bytes()
        })
        .at(Remark("missing_code"), &["998 and 999 in y", "2 cells, first in row 7", "12.5 to 58.5"])
        .repaired(&[0, 3, 2], without, 22),
        m("codes between numbers with a unit", before, {
            table("y,x", |row, x, y| match row {
                5 | 9 => format!("€999,{x}"),
                _ => format!("€{y},{x}"),
            })
        })
        .at(Remark("missing_code"), &["999 in y", "2 cells, first in row 6"])
        .repaired(&[1], without, 22),
        m("negative codes among numbers that lie far apart", "used as a number without a remark", {
            table("y,x", |row, x, y| match row {
                5 | 9 => format!("-99,{x}"),
                _ => format!("{},{x}", if row == 2 { "400".to_owned() } else { y.to_string() }),
            })
        })
        .at(
            Remark("missing_code"),
            &["-99 in y (2 cells, first in row 6) is the only negative number (all others: 12.5 to 400)"],
        ),
        m("a refusal between a yes and a no", "text without a repair", {
            table("y,z,x", |row, x, y| {
                format!(
                    "{y},{x},{}",
                    if row == 24 {
                        "Refused"
                    } else if x > 12.0 {
                        "Yes"
                    } else {
                        "No"
                    }
                )
            })
        })
        .at(Remark("yes_and_no"), &["\"Refused\" says that there is no answer, and becomes missing by it"])
        .repaired(&[0], step_of_23(), 23),
    ]
}

fn years() -> Vec<Mistake> {
    use Noticed::Remark;
    let before = "kept as text, so that nothing could be followed over time; no repair";
    let year = |row: u32, mark: &str| format!("{}{mark}{:02}", 2000 + row, (2001 + row) % 100);
    vec![
        m("school years", before, table("y,x", |row, _, y| format!("{y},{}", year(row, "/"))))
            .at(
                Remark("years_as_text"),
                &["x holds pairs of years (\"2001/02\" in row 2)", "reads the first year"],
            )
            .repaired(&[0], 2.0, 24),
        m("fiscal years with a mark", before, {
            table("y,x", |row, _, y| format!("{y},FY {}", year(row, "-")))
        })
        .at(Remark("years_as_text"), &["(\"FY 2001-02\" in row 2)"])
        .repaired(&[0], 2.0, 24),
        m("school years in Chinese with a total", before, {
            let mut rows = table("y,x", |row, _, y| format!("{y},{}-{}学年", 2000 + row, 2001 + row));
            rows.extend_from_slice("900,合计\n".as_bytes());
            rows
        })
        .at(Remark("total_row"), &["\"合计\" in x"])
        .repaired(&[0, 1], 2.0, 24),
        m("a year alone between school years", "kept as text without a remark", {
            table("y,x,t", |row, x, y| {
                if row == 4 { format!("{y},{x},2004") } else { format!("{y},{x},{}", year(row, "/")) }
            })
        })
        .at(Remark("years_as_text"), &["t holds pairs of years", "and \"2004\" in row 5, which is none"])
        .ends(2.0, 24),
    ]
}

fn headers() -> Vec<Mistake> {
    use Noticed::Remark;
    vec![
        m("names of groups above the names", "the groups were the header and the names a row of data", {
            let rows = table("shop,y,x,y,x", |row, x, y| format!("S{row},{y},{x},{},{}", y / 2.0, row % 5));
            [&b",2021,,2022,\n"[..], &rows].concat()
        })
        .changed(json!({"outcome_var": "v2021_y", "roles": {"regressors": ["v2021_x"]}}))
        .at(
            Remark("rows_above_header"),
            &["row 2 was taken as the header: row 1 above it names groups of columns"],
        ),
    ]
}
