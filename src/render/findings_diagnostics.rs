//! The main results of diagnostic tests of a regression or a panel model, and of an analysis of its sensitivity to a
//! confounder that nobody measured.

use super::evidence::p_words;
use super::findings_descriptions::{number, percent};
use super::number::{spoken, whole_or_fixed};
use super::sentences::{Finding, plain, row_of, said, table_of};
use super::style::Style;
use super::table::Table;

/// Tests with the sentences that read them.
const TESTS: [(&str, &str); 8] = [
    ("breusch_pagan_iid", "constant_variance"),
    ("reset", "reset"),
    ("jarque_bera", "normal_errors"),
    ("unit_effects", "unit_effects"),
    ("wooldridge_serial", "serial"),
    ("modified_wald", "variance_of_units"),
    ("pesaran_cd", "cross_section"),
    ("levels_uncorrelated", "levels_uncorrelated"),
];

/// Reads the tests of a model, or the table of sensitivity; nothing where a run has neither.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    if let Some(table) = table_of(tables, "table_sensitivity.csv") {
        return sensitivity(table, style).into_iter().collect();
    }
    let Some(tests) = table_of(tables, "table_tests.csv") else { return Vec::new() };
    let one = |(test, kind): &(&str, &str)| {
        let p = number(tests, row_of(tests, "test", test)?, "p_value")?;
        Some(tests.says(said(style, kind, p < style.alpha(), &[("evidence", &p_words(p, style))])))
    };
    TESTS.iter().filter_map(one).chain(inflation(tests, style)).collect()
}

/// The largest variance inflation factor: the remark of its row names the regressor.
fn inflation(tests: &Table, style: &Style<'_>) -> Option<Finding> {
    let factors = (0..tests.rows.len()).filter(|row| tests.cell(*row, "test").text().starts_with("vif_"));
    let known = factors.filter_map(|row| Some((row, number(tests, row, "statistic")?)));
    let (row, largest) = known.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (x, value) = (style.term(tests.cell(row, "note").text()), spoken(largest, style.options.decimals));
    Some(tests.says(plain(style, "inflation", &[("x", &x), ("value", &value)])))
}

/// How strong a confounder would have to be (Cinelli and Hazlett 2020, Journal of the Royal Statistical Society B 82).
fn sensitivity(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let measure = |name: &str| number(table, row_of(table, "measure", name)?, "value").map(percent);
    let (robust, significant) = (measure("robustness_value")?, measure("robustness_value_alpha")?);
    let x = style.variable(style.design.focal.first()?);
    // the plan may ask what takes away a part of the estimate, and for a test at another level
    let taken = style.design.value("reduction").and_then(|text| text.parse().ok()).unwrap_or(1.0);
    let (taken, limit) = (percent(taken), whole_or_fixed(100.0 - style.level, 1));
    let values = [("x", x.as_str()), ("share", &robust), ("alpha", &significant)];
    let values = [&values[..], &[("taken", taken.as_str()), ("limit", &limit)]].concat();
    let kind = match (taken == "100", style.level == 95.0) {
        (false, _) => "sensitivity.part",
        (true, false) => "sensitivity.level",
        (true, true) => "sensitivity",
    };
    Some(table.says(plain(style, kind, &values)))
}

#[cfg(test)]
mod tests {
    use super::super::SourceFile;
    use super::super::design::Design;
    use super::super::labels::Labels;
    use super::super::{Language, Options};
    use super::*;

    fn said_of(name: &str, csv: &str) -> Vec<String> {
        let file =
            SourceFile { name: name.to_owned(), sha256: String::new(), bytes: csv.as_bytes().to_vec() };
        let table = Table::read(&file, None).expect("a table");
        let mut design = Design::default();
        design.focal = vec!["trained".to_owned()];
        let options = Options { language: Language::En, ..Options::default() };
        let style = Style { options: &options, labels: &Labels::default(), level: 95.0, design: &design };
        findings(&[table], &style).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn tests_of_a_regression_are_read_one_by_one() {
        let csv = "test,statistic,df1,df2,p_value,note\nbreusch_pagan,15.8,1,,0.0001,\nbreusch_pagan_iid,12.7,1,,0.0004,\n\
                   reset,0.8,3,742,0.489,\nvif_1,1.018,,,,schooling\nvif_2,1.017,,,,years_work\n";
        let sentences = said_of("table_tests.csv", csv);
        assert!(
            sentences[0]
                .starts_with("The variance of the errors is not constant (Breusch-Pagan test, p < 0.001)")
        );
        assert!(sentences[1].starts_with("There is no clear sign that a curve or an interaction is missing"));
        assert_eq!(
            sentences[2],
            "The largest variance inflation factor is 1.018 (schooling); the usual limit is 10."
        );
        assert_eq!(sentences.len(), 3, "{sentences:?}");
    }

    #[test]
    fn sensitivity_says_how_strong_a_confounder_would_have_to_be() {
        let csv =
            "measure,value,note\nestimate,1.55,\nrobustness_value,0.1714,\nrobustness_value_alpha,0.1147,\n";
        let sentences = said_of("table_sensitivity.csv", csv);
        assert_eq!(
            sentences,
            [
                "A confounder that nobody measured would have to explain 17.1% of what is left of trained and of the outcome to \
              bring the estimate to zero, and 11.5% for it to be no longer significant."
            ]
        );
    }
}
