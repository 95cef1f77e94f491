use super::*;

fn row(term: &str, label: Option<&str>, estimate: f64, se: f64, p: f64) -> ResultRow {
    ResultRow {
        term: term.to_owned(),
        label: label.map(str::to_owned),
        model: None,
        equation: None,
        estimate: Some(estimate),
        std_error: Some(se),
        statistic: None,
        p_value: Some(p),
        ci_low: Some(estimate - 2.0 * se),
        ci_high: Some(estimate + 2.0 * se),
        ratio: None,
    }
}

fn column(index: u32, results: Vec<ResultRow>) -> Column {
    let reason = results.is_empty().then(|| "engine_failed".to_owned());
    Column {
        index,
        name: format!("specification {index}"),
        choices: Vec::new(),
        job_id: None,
        run_id: None,
        plan_id: None,
        template_id: None,
        status: if results.is_empty() { "failed" } else { "succeeded" }.to_owned(),
        reason,
        outcome: Some("y".to_owned()),
        sample: None,
        std_errors: None,
        observations: Some(10.0),
        fit: BTreeMap::new(),
        input_fingerprint: Some("a".to_owned()),
        caption: String::new(),
        warnings: Vec::new(),
        levels: Vec::new(),
        specification: Vec::new(),
        results,
        names: Vec::new(),
    }
}

#[test]
fn levels_of_text_columns_are_the_same_by_their_words() {
    // the level that is 2 in one sample is 1 in another
    let columns = [
        column(
            1,
            vec![row("2.sector", Some("Sector: Retail"), 1.0, 0.1, 0.0), row("_cons", None, 0.0, 1.0, 1.0)],
        ),
        column(
            2,
            vec![row("x", None, 2.0, 0.1, 0.0), row("1.sector", Some("Sector: Retail"), 3.0, 0.1, 0.0)],
        ),
    ];
    assert_eq!(terms_of(&columns, None), ["Sector: Retail", "x", "_cons"]);
    assert_eq!(terms_of(&columns, Some("x")), ["x", "Sector: Retail", "_cons"]);
    assert_eq!(columns[1].result("Sector: Retail").and_then(|r| r.estimate), Some(3.0));
    assert!(!columns[1].repeats("x"));
}

#[test]
fn the_term_of_the_curve_is_the_wanted_one_or_the_one_of_its_column_or_the_most_frequent() {
    let columns = [
        column(
            1,
            vec![
                row("age", None, 1.0, 1.0, 0.4),
                row("1.treated", None, 1.0, 1.0, 0.4),
                row("_cons", None, 1.0, 1.0, 0.4),
            ],
        ),
        column(
            2,
            vec![
                row("z", None, 1.0, 1.0, 0.4),
                row("age", None, 1.0, 1.0, 0.4),
                row("_cons", None, 1.0, 1.0, 0.4),
            ],
        ),
        column(3, Vec::new()),
    ];
    assert_eq!(focus_of(&columns, Some("z")), Some("z"));
    assert_eq!(focus_of(&columns, Some("treated")), Some("1.treated"));
    assert_eq!(
        focus_of(&columns, Some("absent")),
        Some("age"),
        "the constant is never chosen before a variable"
    );
    assert_eq!(focus_of(&columns, None), Some("age"));
    assert_eq!(focus_of(&columns[2..], Some("age")), None);
}

#[test]
fn a_curve_is_sorted_and_its_numbers_are_those_of_its_points() {
    // Five estimates, counted by hand: sorted -0.5, 0.1, 0.2, 0.4, 0.9; p below 0.05 twice; intervals ±2 se.
    let estimates =
        [(0.4, 0.1, 0.001), (-0.5, 0.5, 0.3), (0.2, 0.2, 0.3), (0.9, 0.2, 0.049), (0.1, 0.2, 0.05)];
    let columns: Vec<Column> = (1..)
        .zip(estimates)
        .map(|(n, (b, se, p))| column(n, vec![row("x", None, b, se, p)]))
        .chain([column(6, Vec::new())])
        .collect();
    let found = points(&columns, "x");
    assert_eq!(found.iter().map(|p| p.index).collect::<Vec<_>>(), [2, 5, 3, 1, 4]);
    assert_eq!(found.iter().map(|p| p.excludes_zero).collect::<Vec<_>>(), [false, false, false, true, true]);
    let said = summary(&found, columns.len()).expect("points");
    assert_eq!((said.specifications, said.estimates, said.significant, said.excluding_zero), (6, 5, 2, 2));
    assert_eq!((said.median, said.lowest, said.highest), (0.2, -0.5, 0.9));
    assert_eq!((said.positive, said.negative, said.same_sign_share), (4, 1, 0.8));
    assert_eq!(said.significant_share, Some(0.4));
    let even = summary(&found[1..], 4).expect("points");
    assert!((even.median - 0.3).abs() < 1e-12, "the mean of 0.2 and 0.4");
    assert_eq!(summary(&[], 3), None);
}

#[test]
fn what_makes_estimates_incomparable_is_named() {
    let mut columns =
        vec![column(1, vec![row("x", None, 1.0, 1.0, 0.5)]), column(2, vec![row("x", None, 1.0, 1.0, 0.5)])];
    assert_eq!(differences(&columns), []);
    columns[1].outcome = Some("log_y".to_owned());
    columns[1].input_fingerprint = Some("b".to_owned());
    assert_eq!(differences(&columns), [Difference::Outcome, Difference::Data]);
    columns[1].results.clear();
    assert_eq!(differences(&columns), [], "columns without results are not compared");
}
