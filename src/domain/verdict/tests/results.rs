//! Which table the results of a run are read from, and models that fit every row.

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
    assert_eq!(verdict.results[0].term, "school");
    // the first table of terms, also where the log names no row
    case.log = case.log.map(|log| log.replace("|result|", "|note|"));
    let rows = judge(&case).results;
    assert_eq!(rows.iter().map(|row| row.term.as_str()).collect::<Vec<_>>(), ["school", "age", "_cons"]);
}

#[test]
fn rows_of_several_models_and_equations_say_of_which_they_are() {
    let read = |rows: &[[&str; 5]]| {
        let mut case = good();
        let header = ["model", "equation", "term", "estimate", "std_error"].map(str::to_owned).to_vec();
        let rows = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        case.outputs[0] = output(Table { header, rows });
        let of = |row: &ResultRow| (row.term.clone(), row.model.clone(), row.equation.clone());
        judge(&case).results.iter().map(of).collect::<Vec<_>>()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        read(&[["0.25", "wage", "school", "1.5", "0.5"], ["0.75", "wage", "school", "2.5", "0.5"]]),
        [("school".to_owned(), some("0.25"), None), ("school".to_owned(), some("0.75"), None)]
    );
    assert_eq!(
        read(&[["heckman", "wage", "school", "1.5", "0.5"], ["heckman", "select", "school", "2.5", "0.5"]]),
        [
            ("school".to_owned(), some("heckman"), some("wage")),
            ("school".to_owned(), some("heckman"), some("select"))
        ]
    );
}

/// The columns that name the estimates of tables as the library writes them.
#[test]
fn the_columns_of_a_table_say_what_its_estimates_are_of() {
    use super::super::results::{Columns, place};
    let of = |header: &'static str| {
        let header: Vec<&str> = header.split(' ').collect();
        Columns::of(&header).map(|c| (c.term, c.against, c.model, c.estimate))
    };
    for (header, expected) in [
        ("equation term estimate std_error", Some(("term", None, None, "estimate"))),
        ("estimator term estimate std_error", Some(("term", None, Some("estimator"), "estimate"))),
        ("relative_period estimate std_error n", Some(("relative_period", None, None, "estimate"))),
        ("variable group n estimate std_error", Some(("variable", None, Some("group"), "estimate"))),
        ("group against difference std_error ratio", Some(("group", Some("against"), None, "difference"))),
        ("first second difference std_error", Some(("second", Some("first"), None, "difference"))),
        ("term first se_first second difference std_error", Some(("term", None, None, "difference"))),
        ("model estimate std_error ratio", Some(("model", None, None, "estimate"))),
        ("test estimate statistic p_value n", None),
        ("metric value note", None),
    ] {
        assert_eq!(of(header), expected, "{header}");
    }
    let files = |names: &[(&'static str, &'static str)]| {
        let header = |(file, header): &(&'static str, &'static str)| (*file, header.split(' ').collect());
        place(&names.iter().map(header).collect::<Vec<_>>())
    };
    let (hazards, periods) = ("term estimate std_error", "from to estimate std_error");
    assert_eq!(files(&[("table_periods.csv", periods), ("table_hazards.csv", hazards)]), Some(1));
    assert_eq!(
        files(&[("table_paths.csv", hazards), ("table_effects.csv", "effect estimate ci_low")]),
        Some(1)
    );
    assert_eq!(files(&[("table_fit.csv", "metric value")]), None);
}

#[test]
fn tests_among_the_estimates_are_left_out_and_large_tables_cut() {
    let rows = |rows: Vec<Vec<String>>| {
        let mut case = good();
        let header = ["effect", "estimate", "std_error"].map(str::to_owned).to_vec();
        case.outputs[0] = output(Table { header, rows });
        judge(&case).results
    };
    let row = |effect: &str, estimate: &str| vec![effect.to_owned(), estimate.to_owned(), "0.5".to_owned()];
    let found = rows(vec![row("att", "1.5"), row("pretrend", "")]);
    assert_eq!(found.iter().map(|row| row.term.as_str()).collect::<Vec<_>>(), ["att"]);
    let many = (0..600).map(|n| row(&format!("e{n}"), "1")).collect();
    assert_eq!(rows(many).len(), super::super::results::MOST_RESULTS);
}

#[test]
fn rows_that_the_estimation_did_not_use_are_counted_in_the_sample() {
    let mut case = good();
    let used = "metric|k=n1n1n1n1|name=n_used|value=80";
    let complete = format!("note|k=n1n1n1n1|key=complete|rows=84\nSS_EVENT|{used}");
    case.log = case.log.map(|log| log.replace(used, &complete));
    let flow = judge(&case).sample_flow;
    assert_eq!((flow[2].rows, flow[2].dropped), (80, 10));
    let reason = flow[2].reason.as_deref().unwrap_or_default();
    assert!(
        reason.starts_with("missing: wage (10); not in the estimation") && reason.ends_with(": 4"),
        "{reason}"
    );
}

#[test]
fn a_model_that_fits_every_row_ends_with_a_warning() {
    let fit = |metric: &str, value: &str| {
        let header = ["metric", "value", "note"].map(str::to_owned).to_vec();
        let rows = vec![[metric, value, ""].map(str::to_owned).to_vec()];
        OutputFact {
            file: "table_fit.csv".into(),
            table: Some(Table { header, rows }),
            ..good().outputs[0].clone()
        }
    };
    let judged = |metric: &str, value: &str, error: &str| {
        let mut case = good();
        case.outputs[0].table = Some(table(&[["school", "2", error, ""], ["_cons", "1", error, ""]]));
        case.outputs.push(fit(metric, value));
        let verdict = judge(&case);
        let warned = verdict.checks.iter().any(|c| c.id == "perfect_fit" && c.status == "warn");
        (verdict.status == RunStatus::Succeeded, warned)
    };
    for (metric, value) in
        [("r2", "1"), ("r2_w", "1"), ("r2", "0.9999999999999998"), ("rmse", "0"), ("sigma_e", "0")]
    {
        assert_eq!(judged(metric, value, ""), (true, true), "{metric} {value}");
        assert_eq!(judged(metric, value, "1e-15"), (true, true), "{metric} {value}");
    }
    assert_eq!(judged("r2", "0.999999", ""), (false, false), "an error that is missing for another reason");
    assert_eq!(judged("r2", "0.999999", "0.1"), (true, false));
}
