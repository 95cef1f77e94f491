//! `weakivtest`: Montiel Olea and Pflueger's test for weak instruments after `ivregress` and `ivreg2`. Numbers:
//! `estimators::weak_instruments`; syntax and layout: Pflueger and Wang (2015, Stata Journal 15, 216-225).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::instruments::{IvState, with_request};
use crate::expr::functions::noncentral::{invert, nf};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use estimators::weak_instruments::{WeakTest, effective_f};

const SYNTAX: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::real("LEVEL"), OptSpec::real("N2")]).unsupported(&["EPS"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "weakivtest",
    min: 10,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "weakivtest [, level(#) n2(#)]",
    notes: "after ivregress or ivreg2 with one endogenous regressor, with the covariance of the estimates (equal variances, robust, cluster); level() is the significance, 0.05; n2() the denominator degrees of freedom of the critical values; the largest bias is searched over all coefficients by a grid and a golden section; the threshold of 30 % enters as 1/3.33, as printed output has it; with clusters the statistic has the factor of the F of ivreg2; after weights, autocorrelation and several cluster variables, and eps(), refused; stores r(N K F_eff level n2), r(c_TSLS_#) r(c_LIML_#) r(c_simp_#) r(x_TSLS_#) r(x_LIML_#) for 5, 10, 20 and 30 %; Montiel Olea and Pflueger (2013)",
    examples: &[Example {
        // With one instrument the statistic is the F of the first stage and the relative bias is at most one: the 95 %
        // point of a noncentral chi-squared distribution with one degree of freedom and noncentrality 10.
        run: "set obs 60\ngenerate double z = mod(7*_n, 11) - 5\ngenerate double e = mod(5*_n, 13) - 6\ngenerate double x = z/2 + e\ngenerate double y = x - e/2 + mod(3*_n, 7)\nquietly regress x z, vce(robust)\nscalar F = e(F)\nquietly ivregress 2sls y (x = z), vce(robust)\nweakivtest",
        expect: &[
            ("reldif(r(F_eff), F) < 1e-9", 1.0),
            ("reldif(r(c_TSLS_10), invnchi2(1, 10, .95)) < 1e-5", 1.0),
            ("reldif(r(c_LIML_10), r(c_simp_10)) < 1e-9", 1.0),
        ],
    }],
};

/// Thresholds in percent and their reciprocals.
const THRESHOLDS: [(u32, f64); 4] = [(5, 20.0), (10, 10.0), (20, 5.0), (30, 3.33)];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.list.trim().is_empty() {
        return Err(StataError::syntax());
    }
    let level = cmd.options.real("level").unwrap_or(0.05);
    if !(level > 0.0 && level < 1.0) {
        return Err(StataError::invalid("level() must be between 0 and 1"));
    }
    let n2 = cmd.options.real("n2").unwrap_or(1e7);
    if n2.is_nan() || n2 <= 0.0 {
        return Err(StataError::invalid("n2() must be positive"));
    }
    if !matches!(s.e.cmd(), "ivregress" | "ivreg2") {
        return Err(StataError::new(301, "weakivtest works after ivregress and ivreg2 only"));
    }
    let extra = s.e.extra.clone().ok_or_else(StataError::no_estimates)?;
    let state: &IvState = extra.downcast_ref::<IvState>().ok_or_else(StataError::no_estimates)?;
    let test = test(state)?;
    let mut r = Results::default();
    r.scalar("N", state.y.len() as f64).scalar("K", test.instruments as f64).scalar("level", level);
    r.scalar("n2", n2).scalar("F_eff", test.f);
    let critical = |x: f64| {
        let (df, noncentrality) = test.distribution(x);
        invert(|f| nf(df, n2, noncentrality, f, false), 1.0 - level, 0.0, f64::INFINITY, true)
    };
    let mut rows = Vec::new();
    for (percent, reciprocal) in THRESHOLDS {
        let (a, b) = (reciprocal * test.bias_two_stage, reciprocal * test.bias_liml);
        let (two_stage, liml) = (critical(a), critical(b));
        r.scalar(&format!("c_TSLS_{percent}"), two_stage).scalar(&format!("c_LIML_{percent}"), liml);
        r.scalar(&format!("c_simp_{percent}"), critical(reciprocal));
        r.scalar(&format!("x_TSLS_{percent}"), a).scalar(&format!("x_LIML_{percent}"), b);
        rows.push((percent, two_stage, liml));
    }
    show(s, test.f, level, &rows);
    s.r = r;
    Ok(())
}

fn test(state: &IvState) -> Result<WeakTest> {
    if state.endogenous.len() != 1 {
        return Err(StataError::new(198, "weakivtest is for models with one endogenous regressor"));
    }
    let refuse = |what: &str| {
        StataError::new(199, format!("weakivtest after {what} is not supported by the open engine"))
    };
    if state.model.weights.is_some() {
        return Err(refuse("estimates with weights"));
    }
    if state.dependence.is_some() || state.hac_vce.is_some() {
        return Err(refuse("estimates with autocorrelation or several cluster variables"));
    }
    let found = with_request(state, effective_f).map_err(fit_error)?;
    found.ok_or_else(|| refuse("estimates with this covariance"))
}

fn show(s: &mut Session, f: f64, level: f64, rows: &[(u32, f64, f64)]) {
    let rule = "-".repeat(44);
    let number = |x: f64| format::number("%9.3fc", x);
    s.print("");
    s.print("Montiel-Pflueger robust weak instrument test");
    s.print(&rule);
    s.print(format!("{:<26}{}", "Effective F statistic:", number(f)));
    s.print(format!(
        "{:<26}{:>9}",
        "Confidence level alpha:",
        format!("{}%", format::bare("%9.0g", level * 100.0))
    ));
    s.print(&rule);
    s.print("");
    s.print(&rule);
    s.print(format!("{:<26}{:>6}{:>10}", "Critical Values", "TSLS", "LIML"));
    s.print(&rule);
    s.print("% of Worst Case Bias");
    for (percent, two_stage, liml) in rows {
        s.print(format!("{:<23}{} {}", format!("tau={percent}%"), number(*two_stage), number(*liml)));
    }
    s.print(&rule);
}
