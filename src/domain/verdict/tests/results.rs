//! Which table the results of a run are read from.

use super::*;

#[test]
fn results_are_read_from_a_table_of_estimates_of_another_name() {
    let mut case = good();
    case.outputs[0].file = "table_hazard_ratios.csv".into();
    // a table without estimates, and one behind, are others
    let mut other = output(Table { header: vec!["metric".into(), "value".into()], rows: Vec::new() });
    other.file = "table_fit.csv".into();
    let mut behind = output(table(&[["behind", "9", "9", ""]]));
    behind.file = "table_margins.csv".into();
    case.outputs.insert(0, other);
    case.outputs.push(behind);
    let verdict = judge(&case);
    assert_eq!(verdict.status, RunStatus::Succeeded, "{:?}", verdict.failure);
    assert_eq!(verdict.results.iter().map(|row| row.term.as_str()).collect::<Vec<_>>(), ["school"]);
    // without anchors no table is meant
    case.log = case.log.map(|log| log.replace("|result|", "|note|"));
    assert_eq!(judge(&case).results, []);
}
