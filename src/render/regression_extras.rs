//! Columns of a table of terms that its layout has no place of its own for, such as standard errors of another kind: they follow
//! the p-values, because a table that leaves out a part of its file without saying so misleads.

use super::grid::Printed;
use super::number::{fixed, p_value};
use super::regression::{is_p, term_column};
use super::style::Style;
use super::table::Table;
use super::words::{name, pick};
use crate::domain::run::RATIOS;

/// Columns that the layout itself shows, or whose content follows from those.
const PLACED: [&str; 6] = ["estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high"];

/// The other columns of numbers behind the terms.
pub(super) fn extras(table: &Table) -> Vec<usize> {
    let is_ratio = |name: &str| {
        let stem = name.strip_suffix("_low").or_else(|| name.strip_suffix("_high")).unwrap_or(name);
        RATIOS.contains(&stem)
    };
    let is_other = |j: &usize| {
        let column = &table.columns[*j];
        column.kind == "number" && !PLACED.contains(&column.name.as_str()) && !is_ratio(&column.name)
    };
    let is_behind = |j: &usize| Some(*j) > term_column(table);
    (0..table.columns.len()).filter(|j| is_behind(j) && is_other(j) && !table.is_blank(*j)).collect()
}

/// True where a table has values in a column.
pub(super) fn has(table: &Table, column: &str) -> bool {
    table.position(column).is_some_and(|j| !table.is_blank(j))
}

/// The headings of other columns.
pub(super) fn heads<'a>(
    table: &'a Table,
    of: &'a [usize],
    style: &'a Style<'_>,
) -> impl Iterator<Item = String> {
    of.iter().map(|j| name(&table.columns[*j].name, style.options.language))
}

/// The cells of a row in other columns. A column of whole numbers, such as rows or degrees of freedom, has no decimals.
pub(super) fn cells(table: &Table, of: &[usize], row: usize, style: &Style<'_>) -> Vec<Printed> {
    let one = |j: &usize| {
        let column = table.columns[*j].name.as_str();
        let decimals = if is_whole(table, column) { 0 } else { style.options.decimals };
        let print = |x: f64| match is_p(column) || column.ends_with("p_value") {
            true => p_value(x, style.options.decimals),
            false => fixed(x, decimals),
        };
        let number = table.cell(row, column).number();
        number.map_or_else(Printed::default, |x| Printed::number(x, print(x)))
    };
    of.iter().map(one).collect()
}

fn is_whole(table: &Table, column: &str) -> bool {
    (0..table.rows.len()).filter_map(|row| table.cell(row, column).number()).all(|x| x.fract() == 0.0)
}

/// Takes the name of the outcome out of the headings of its levels, `Health: 1`, where all have it, and returns it as the one
/// heading over them.
pub(super) fn shared_words(head: &mut [String], style: &Style<'_>) -> Option<String> {
    let words = style.variable(style.design.outcome.as_deref()?);
    let levels: Option<Vec<String>> = head
        .iter()
        .skip(1)
        .map(|text| text.strip_prefix(words.as_str())?.strip_prefix(": ").map(str::to_owned))
        .collect();
    head.iter_mut().skip(1).zip(levels?).for_each(|(text, level)| *text = level);
    Some(outcome_words(&words, style))
}

/// The heading that names the outcome of a table.
pub(super) fn outcome_words(words: &str, style: &Style<'_>) -> String {
    pick(style.options.language, &format!("Outcome: {words}"), &format!("因变量：{words}"))
}

#[cfg(test)]
mod tests {
    use super::super::grid::Grid;
    use super::super::regression::{Foot, grid};
    use super::super::style::Style;
    use super::super::{Language, Options, SourceFile};
    use super::super::{design::Design, labels::Labels};
    use super::*;

    fn grid_of(csv: &str, design: &Design) -> Grid {
        let bytes = csv.as_bytes().to_vec();
        let file = SourceFile { name: "table_x.csv".to_owned(), sha256: String::new(), bytes };
        let table = Table::read(&file, None).expect("a table");
        let options = Options { language: Language::En, ..Options::default() };
        let style = Style { options: &options, labels: &Labels::default(), level: 95.0, design };
        grid(&table, Foot::default(), &style).expect("a layout")
    }

    fn printed(csv: &str) -> Vec<String> {
        let grid = grid_of(csv, &Design::default());
        let row = |cells: Vec<&str>| cells.join(" | ");
        let rows = grid.rows.iter().map(|r| row(r.cells.iter().map(|c| c.text.as_str()).collect()));
        std::iter::once(row(grid.head.iter().map(String::as_str).collect())).chain(rows).collect()
    }

    #[test]
    fn no_column_of_numbers_is_left_out() {
        let csv = "term,estimate,std_error,statistic,p_value,ci_low,ci_high,nw_std_error,nw_p_value,odds_ratio,note\n\
                   x,0.5,0.1,5,0.00001,0.3,0.7,0.2,0.00002,,\n";
        assert_eq!(
            printed(csv),
            [
                " | Estimate | 95% CI | p | Std. error (Newey-West) | p (Newey-West)",
                "x | 0.500 | [0.300, 0.700] | <0.001 | 0.200 | <0.001",
                " | (0.100) |  |  |  | ",
            ]
        );
    }

    #[test]
    fn levels_of_an_outcome_share_one_heading() {
        let csv = "outcome,term,estimate,std_error,p_value\n1,x,0.5,0.1,0.2\n2,x,0.4,0.1,0.2\n";
        let mut design = Design::default();
        design.outcome = Some("health".to_owned());
        let grid = grid_of(csv, &design);
        assert_eq!(
            (grid.over.as_str(), &grid.head[1..]),
            ("Outcome: health", &["1".to_owned(), "2".to_owned()][..])
        );
    }

    #[test]
    fn periods_stand_once_and_their_rows_are_whole_numbers() {
        let csv = "relative_period,estimate,std_error,p_value,ci_low,ci_high,n\n-2,0.5,0.1,0.2,0.3,0.7,86\n";
        assert_eq!(
            printed(csv)[..2],
            [
                "Period relative to adoption | Estimate | 95% CI | p | N",
                "-2 | 0.500 | [0.300, 0.700] | 0.200 | 86"
            ]
        );
    }

    #[test]
    fn a_table_without_intervals_and_p_has_no_empty_columns_for_them() {
        let csv = "term,complete_estimate,complete_error,estimate,std_error,df\nx,1.2,0.19,1.4,0.16,279\n";
        assert_eq!(
            printed(csv),
            [
                " | Estimate | Estimate, complete rows | Std. error, complete rows | df",
                "x | 1.400 | 1.200 | 0.190 | 279",
                " | (0.160) |  |  | ",
            ]
        );
    }
}
