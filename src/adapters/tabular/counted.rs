//! Tables of counts: each row is one combination of categories, and a column says how many observations it stands for.

use super::problems::shown;
use super::warnings::Warnings;
use crate::domain::dataset::{Column, InferredType};

/// Names of a column of counts.
const COUNTS: [&str; 11] =
    ["freq", "frequency", "frequencies", "count", "counts", "n", "num", "频数", "频次", "人数", "次数"];
/// Beginnings of names of columns that number periods: a count of each period is a measurement.
const PERIODS: [&str; 12] =
    ["year", "month", "week", "day", "date", "time", "quarter", "period", "wave", "年", "月", "日"];
/// Most values of a category.
const MOST_LEVELS: u64 = 30;
/// Fewest rows of a table whose shape says something.
const FEWEST_ROWS: u64 = 4;
/// Most categories that the remark names.
const MOST_NAMED: usize = 4;

/// Says that the rows may be the cells of a table: every row would count as one observation.
pub(super) fn remark(columns: &[Column], rows: u64, warnings: &mut Warnings) {
    let Some(count) = column_of_counts(columns, rows) else { return };
    let categories: Vec<String> =
        columns.iter().filter(|c| c.name != count.name).map(|c| shown(&c.name)).collect();
    let more = if categories.len() > MOST_NAMED { ", …" } else { "" };
    let message = format!(
        "the rows may be the cells of a table: there is about one for each combination of {}{more}, and {} may say how many \
         observations each stands for; every row is read as one observation",
        categories.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", "),
        count.name
    );
    let name = &count.name;
    let hint = format!(
        "if so, upload one row for each observation: in Stata `drop if {name} == 0` and `expand {name}`, in R \
         `tidyr::uncount(data, {name})`, in pandas `data.loc[data.index.repeat(data[\"{name}\"])]`"
    );
    warnings.warn("counted_rows", Some(&count.name), message, &hint);
}

/// Returns the column of counts of a table with at least half of the combinations of its categories as rows.
fn column_of_counts(columns: &[Column], rows: u64) -> Option<&Column> {
    let is_count = |c: &&Column| {
        let name = c.original_name.trim().to_lowercase();
        COUNTS.contains(&name.as_str())
            && c.inferred_type == InferredType::Integer
            && !c.has_negative
            && c.missing == 0
            && c.max.is_some_and(|max| max > 1.0)
    };
    let mut counts = columns.iter().filter(is_count);
    let (count, None) = (counts.next()?, counts.next()) else { return None };
    let others = columns.iter().filter(|c| c.name != count.name);
    let is_category = |c: &Column| {
        let whole = matches!(c.inferred_type, InferredType::Integer | InferredType::Binary);
        let name = c.original_name.trim().to_lowercase();
        (whole || c.is_text())
            && !PERIODS.iter().any(|period| name.starts_with(period))
            && c.missing == 0
            && !c.distinct_is_lower_bound
            && (2..=MOST_LEVELS).contains(&c.distinct)
    };
    let combinations = others.clone().try_fold(1_u64, |product, column| {
        is_category(column).then(|| product.saturating_mul(column.distinct))
    })?;
    let fills = rows >= FEWEST_ROWS && rows <= combinations && rows.saturating_mul(2) >= combinations;
    // with one category every list of names and numbers would do
    (others.count() >= 2 && fills).then_some(count)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn column(name: &str, kind: &str, distinct: u64) -> Column {
        let storage = if kind == "text" { "str8" } else { "int" };
        let column = json!({
            "name": name, "original_name": name, "inferred_type": kind, "storage": storage, "format": "", "label": null,
            "missing": 0, "missing_share": 0.0, "distinct": distinct, "min": 0.0, "max": 670.0, "integer_valued": true,
            "max_bytes": null,
        });
        serde_json::from_value(column).expect("a column")
    }

    fn counts(others: &[(&str, &str, u64)], count: &str, rows: u64) -> bool {
        let mut columns: Vec<Column> = others.iter().map(|(n, k, d)| column(n, k, *d)).collect();
        columns.push(column(count, "integer", rows));
        column_of_counts(&columns, rows).is_some()
    }

    #[test]
    fn a_table_has_a_row_for_each_combination_or_for_most() {
        let passengers =
            [("Class", "text", 4), ("Sex", "text", 2), ("Age", "text", 2), ("Survived", "text", 2)];
        assert!(counts(&passengers, "Freq", 32));
        // without the empty cells
        assert!(counts(&passengers, "n", 24));
        assert!(counts(&[("性别", "text", 2), ("地区", "text", 3)], "频数", 6));
    }

    #[test]
    fn measurements_are_no_counts_of_rows() {
        let two = [("site", "text", 4), ("species", "text", 3)];
        // several rows of a combination, few of all combinations, periods, another name, one category
        assert!(!counts(&two, "count", 60));
        assert!(!counts(&two, "count", 5));
        assert!(!counts(&[("region", "text", 4), ("year", "integer", 3)], "count", 12));
        assert!(!counts(&two, "score", 12));
        assert!(!counts(&two[..1], "count", 4));
        // a measurement beside them
        assert!(!counts(&[two[0], two[1], ("height", "number", 12)], "n", 12));
    }
}
