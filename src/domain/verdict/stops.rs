//! Messages by which estimation commands refuse data: each is the failed check that the body would have printed, with what
//! a user can do. The texts are those of Stata's commands; the open engine prints the same.

use super::VerdictInput;
use crate::domain::run::RunCheck;

/// Return code, part of the message, id of the check, advice. The first that fits counts; an empty text fits all.
const STOPS: &[(u32, &str, &str, &str)] = &[
    (
        2000,
        "predicts data perfectly",
        "perfect_pred",
        "one column tells the outcome of every row that is left, so that its effect has no limit: remove this column, combine its \
         levels, or use more rows",
    ),
    (
        2000,
        "outcome does not vary",
        "zero_spread",
        "the outcome has one value in the rows that can be used: use other rows or another outcome",
    ),
    (
        2000,
        "",
        "no_obs",
        "no row is left for a step of the estimation: look for columns with many missing values, groups without variation, \
         and conditions that exclude each other",
    ),
    (2001, "", "few_df", "there are too few rows for the number of terms: use fewer terms, or more rows"),
    (
        459,
        "overlap assumption has been violated",
        "overlap",
        "some rows are certain to be treated or not to be treated given the covariates, so that nothing compares with them: leave \
         these rows or the covariate that separates them out, and look for extreme values",
    ),
    (
        498,
        "controls are collinear with the effects",
        "collinear",
        "the controls and the effects cannot be told apart: leave controls out, or use more units and periods",
    ),
    (
        498,
        "is collinear with the regressors",
        "collinear",
        "the correction for selection repeats the regressors: the selection equation needs a variable that the outcome \
         equation does not have",
    ),
    (
        459,
        "residuals are zero",
        "collinear",
        "the outcome repeats the regressors: leave out the column that is the outcome in other words",
    ),
    (
        7,
        "found where numeric variable expected",
        "non_numeric",
        "a column of text stands where numbers are needed: write it as numbers, or choose another column",
    ),
    (
        109,
        "",
        "non_numeric",
        "a column of text stands where numbers are needed: write it as numbers, or choose another column",
    ),
    (
        111,
        "does not identify any testable coefficients",
        "all_omitted",
        "every term was omitted: use columns that vary and do not repeat each other",
    ),
    (
        506,
        "",
        "collinear",
        "one column is a combination of the others, so that a matrix has no inverse: leave it out",
    ),
    (
        430,
        "",
        "converge",
        "the search for the estimates found no end: use fewer terms, combine rare levels, remove columns that predict the outcome \
         or each other, and divide columns of very large numbers",
    ),
    (
        1400,
        "",
        "converge",
        "the search for the estimates found no start: remove columns that predict the outcome or each other, and divide columns \
         of very large numbers",
    ),
];

/// The check that the error at the end of the log stands for.
pub(super) fn check(input: &VerdictInput<'_>) -> Option<RunCheck> {
    let error = input.log?.error.as_ref()?;
    let says = |text: &str| text.is_empty() || error.message.iter().any(|line| line.text.contains(text));
    let (code, _, id, advice) = STOPS.iter().find(|(code, text, ..)| *code == error.code && says(text))?;
    Some(RunCheck {
        id: (*id).to_owned(),
        status: "fail".to_owned(),
        value: Some(code.to_string()),
        message: Some((*advice).to_owned()),
        acknowledged: false,
    })
}
