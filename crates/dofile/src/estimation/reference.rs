//! Which distribution a statistic after estimation is referred to: t and F with the residual degrees of freedom, or
//! normal and chi-squared. The one place that decides it.

use crate::session::Session;

/// What asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statement {
    /// `lincom`, `test`, `testparm`, `contrast`, `pwcompare` and the table of coefficients.
    Linear,
    /// `nlcom` and `testnl`.
    Nonlinear,
    /// `margins`; whether `predict(xb)` was specified.
    Margins {
        /// `predict(xb)`.
        linear_prediction: bool,
    },
}

/// The rule of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// `e(df_r)` where the command posts it.
    Posted,
    /// Normal and chi-squared always.
    LargeSample,
    /// `e(df_r)` after `predict(xb)`, after the commands in [`MARGINS_BY_T`] and after `svy`; else normal.
    Margins,
}

/// Every statement with its rule and the place that says so.
pub const RULES: &[(&str, Rule, &str)] = &[
    ("lincom", Rule::Posted, "[R] lincom, df(): the default is e(df_r), or the normal if it is missing"),
    ("test", Rule::Posted, "[R] test, df(): the default is e(df_r), or the chi-squared if it is missing"),
    ("testparm", Rule::Posted, "[R] test, df()"),
    ("contrast", Rule::Posted, "[R] contrast, df()"),
    ("pwcompare", Rule::Posted, "[R] pwcompare, df()"),
    ("nlcom", Rule::LargeSample, "[R] nlcom, df(): t only with the option; large-sample delta method"),
    ("testnl", Rule::LargeSample, "[R] testnl, df(): F only with the option; large-sample delta method"),
    (
        "margins",
        Rule::Margins,
        "[R] margins, df(): normal, but t where e(df_r) exists and predict(xb) is specified",
    ),
];

/// Commands whose default prediction in `margins` is the linear one by t ([R] margins, examples after regress and
/// anova). All others that post `e(df_r)` (areg, cnsreg, ivregress with small, newey, prais, qreg, tobit, xtreg with fe
/// or be ...) have z unless `predict(xb)` is specified.
pub const MARGINS_BY_T: &[&str] = &["anova", "regress"];

/// Degrees of freedom of the t or F of a statement after the active estimates; nothing means normal or chi-squared.
pub fn degrees(session: &Session, statement: Statement) -> Option<f64> {
    let results = &session.e.results;
    let by_t = match statement {
        Statement::Linear => true,
        Statement::Nonlinear => false,
        Statement::Margins { linear_prediction } => {
            let survey = results.get_text("prefix") == Some("svy");
            linear_prediction || survey || MARGINS_BY_T.contains(&session.e.cmd())
        }
    };
    results.get_scalar("df_r").filter(|_| by_t)
}
