//! Refusals of estimation commands are failed checks with advice; a full disk ends a run by its own cause.

use super::*;

#[test]
fn a_refusal_of_an_estimation_command_is_a_failed_check_with_advice() {
    let cases = [
        ("outcome = bmi > 34.2 predicts data perfectly\nr(2000);", "perfect_pred", "remove this column"),
        ("outcome does not vary; remember:\nr(2000);", "zero_spread", "another outcome"),
        ("no observations\nr(2000);", "no_obs", "no row is left"),
        ("insufficient observations\nr(2001);", "few_df", "fewer terms"),
        (
            "treatment overlap assumption has been violated; use option osample()\nr(459);",
            "overlap",
            "extreme values",
        ),
        (
            "the inverse Mills ratio is collinear with the regressors\nr(498);",
            "collinear",
            "selection equation",
        ),
        (
            "no such variables;\nthe specified varlist does not identify any testable coefficients\nr(111);",
            "all_omitted",
            "columns that vary",
        ),
        ("correlation matrix not positive definite\nr(506);", "collinear", "leave it out"),
        ("the controls are collinear with the effects\nr(498);", "collinear", "leave controls out"),
        (
            "residuals are zero or weighting matrices depend on each other\nr(459);",
            "collinear",
            "repeats the regressors",
        ),
        ("'year' found where numeric variable expected\nr(7);", "non_numeric", "choose another column"),
        ("type mismatch\nr(109);", "non_numeric", "choose another column"),
        ("convergence not achieved\nr(430);", "converge", "found no end"),
        ("could not find feasible values\nr(1400);", "converge", "found no start"),
    ];
    for (text, id, advice) in cases {
        let mut case = good();
        ends_with(&mut case, &format!("{}. logit y x\n{text}\n", good_events()));
        let verdict = judge(&case);
        let failure = verdict.failure.expect("a failure");
        assert_eq!((failure.cause, failure.detail.as_deref()), (Cause::DataError, Some(id)), "{text}");
        assert!(
            failure.evidence.iter().any(|line| line.text.contains(advice)),
            "{text}: {:?}",
            failure.evidence
        );
        assert!(verdict.checks.iter().any(|c| c.id == id && c.status == "fail"), "{text}");
    }
}

#[test]
fn other_return_codes_about_the_data_stay_as_they_are() {
    let text = format!("{}. xtset id year\nrepeated time values within panel\nr(451);\n", good_events());
    assert_eq!(cause_of(|c| ends_with(c, &text)), (Cause::DataError, "r(451)".into()));
}

#[test]
fn a_run_that_stopped_before_it_counted_its_rows_has_at_most_the_complete_ones() {
    let stopped = |complete: u32| {
        let counted = good_events().replace("SS_EVENT|metric|k=n1n1n1n1|name=n_used|value=80\n", "");
        let note = events(&[&format!("note|KEY|key=complete|rows={complete}")]);
        let text = format!("{counted}{note}. logit y x\nconvergence not achieved\nr(430);\n");
        cause_of(|c| ends_with(c, &text))
    };
    assert_eq!(stopped(9), (Cause::DataError, "too_small_sample".into()));
    assert_eq!(stopped(10), (Cause::DataError, "converge".into()));
}

#[test]
fn a_full_disk_is_no_fault_of_the_template() {
    let text = format!("{}. x\ninsufficient disk space\nr(699);\n", good_events());
    assert_eq!(cause_of(|c| ends_with(c, &text)), (Cause::OutputLimit, "volume".into()));
}
