//! `factor`: principal and maximum likelihood factors. Formulas: [MV] factor; numbers: `estimators::components`,
//! `estimators::factor_ml`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::shared::{blanks, eigenvalues, loadings, matrix_of, post, sample, scalar};
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::post::stata;
use crate::format;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind as Kind};
use crate::value::is_missing;
use estimators::components::{Factoring, correlation, factors};
use estimators::distributions::chi2_tail;
use estimators::factor_ml;
use estimators::matrix::Mat;

/// Options on the method and the look.
pub(super) const OPTIONS: &[OptSpec] = &[
    OptSpec::int("FActors"),
    OptSpec::real("MINEigen"),
    OptSpec::real("BLanks"),
    OptSpec::flag("pf"),
    OptSpec::flag("pcf"),
    OptSpec::flag("ipf"),
    OptSpec::flag("ml"),
    // the search of ml always goes to the limit of the arithmetic: closer tolerances change nothing
    OptSpec::real("TOLerance"),
    OptSpec::real("LTOLerance"),
    OptSpec::real("NRTOLerance"),
    OptSpec::flag("noLOg"),
];

const SYNTAX: StandardSyntax = StandardSyntax::new(OPTIONS)
    .weights(&[Kind::Analytic, Kind::Frequency])
    .unsupported(&["ALTdivisor", "NOROtated", "CITerate", "PROtect", "SEED"]);

/// `factor`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "factor",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "factor varlist [if] [in] [weight] [, factors(#) mineigen(#) pf pcf ipf ml tolerance(#) ltolerance(#) nrtolerance(#) nolog blanks(#)]",
    notes: "ml: with Bartlett's correction of the tests, factors() is the number of factors (without it as many as have positive degrees of freedom and a positive eigenvalue), e(chi2_i df_i p_i chi2_1 df_1 p_1), e(ll df_m aic bic); stores e(N f), e(heywood) where a uniqueness is at its bound or negative, e(L) e(Ev) e(Psi) e(C) e(means) e(sds); after rotate e(r_L) e(r_T); [MV] factor",
    examples: &[Example {
        // Correlation .8: eigenvalues 1 + .8 and 1 - .8.
        run: "set obs 4\ngenerate x = _n\ngenerate y = cond(_n == 2, 3, cond(_n == 3, 2, _n))\nfactor x y, pcf\nmatrix m = e(Ev)",
        expect: &[("m[1,1]", 1.8), ("m[1,2]", 0.2)],
    }],
};

pub(super) fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "factor" {
        return show(session, cmd);
    }
    let asked = ["pf", "pcf", "ipf", "ml"].into_iter().filter(|o| cmd.has(o)).collect::<Vec<_>>();
    let (method, least, title) = match asked[..] {
        [] | ["pf"] => (Factoring::Principal, 5e-6, "principal factors"),
        ["pcf"] => (Factoring::Components, 1.0, "principal-component factors"),
        ["ipf"] => (Factoring::Iterated, 5e-6, "iterated principal factors"),
        ["ml"] => return likelihood(session, cmd),
        _ => return Err(StataError::invalid("only one of pf, pcf, ipf and ml may be specified")),
    };
    let data = sample(session, cmd)?;
    let r = correlation(&data.covariance);
    let most = cmd.options.int("factors").unwrap_or(i64::MAX);
    if most < 1 {
        return Err(StataError::new(198, "factors() must be positive"));
    }
    let most = (most as usize).min(data.names.len());
    let least = cmd.options.real("mineigen").unwrap_or(least);
    let fit = factors(&r, method, most, least)
        .ok_or_else(|| StataError::new(506, "correlation matrix not positive definite"))?;
    if fit.loadings.cols() == 0 {
        return Err(StataError::new(498, "no factors with an eigenvalue above mineigen()"));
    }
    let heywood = fit.uniqueness.iter().any(|u| *u < 0.0);
    let test = independence(&r, data.n);
    post(session, cmd, data, &r, &fit.loadings, &fit.values, &fit.uniqueness, "Factor");
    let e = &mut session.e.results;
    e.text("mtitle", title)
        .text("title", "Factor analysis")
        .text("predict", "factor_p")
        .text("Ctype", "correlation");
    e.text("method", asked.first().copied().unwrap_or("pf"));
    if let Some(test) = test {
        store_test(e, test);
    }
    if heywood {
        e.text("heywood", "Heywood case");
    }
    show(session, cmd)
}

/// A test of `factor`: its letter in `e()`, statistic and degrees of freedom.
type Test = (&'static str, f64, f64);

/// Rows of the sample with Bartlett's correction; `n`, not `n - 1`, as Stata has it.
fn corrected(n: f64, p: usize) -> f64 {
    n - (2 * p + 5) as f64 / 6.0
}

/// Likelihood-ratio test of independence against the saturated model; `None` for a singular matrix.
fn independence(r: &Mat, n: f64) -> Option<Test> {
    let p = r.rows();
    let determinant = factor_ml::log_determinant(r)?;
    Some(("i", -corrected(n, p) * determinant, (p * (p - 1) / 2) as f64))
}

fn store_test(results: &mut crate::results::Results, (which, chi2, df): Test) {
    results.scalar(&format!("chi2_{which}"), chi2).scalar(&format!("df_{which}"), df);
    let p = stata(if df > 0.0 { chi2_tail(df, chi2) } else { f64::NAN });
    results.scalar(&format!("p_{which}"), p);
}

/// `factor, ml`.
fn likelihood(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let data = sample(session, cmd)?;
    let r = correlation(&data.covariance);
    let (p, n) = (data.names.len(), data.n);
    let singular = || StataError::new(506, "correlation matrix not positive definite");
    // the most factors that leave the model with degrees of freedom
    let freedom = |m: usize| (p as f64 - m as f64).powi(2) - (p + m) as f64;
    let possible = (1..p).take_while(|m| freedom(*m) >= 0.0).last().unwrap_or(0);
    if possible == 0 {
        return Err(StataError::new(498, "too few variables for a factor by maximum likelihood"));
    }
    let m = match cmd.options.int("factors") {
        Some(m) if m < 1 => return Err(StataError::new(198, "factors() must be positive")),
        Some(m) if m as usize > possible => {
            return Err(StataError::new(
                498,
                format!("at most {possible} factors can be estimated by maximum likelihood"),
            ));
        }
        Some(m) => m as usize,
        None => {
            let least = cmd.options.real("mineigen").unwrap_or(5e-6);
            let start = factors(&r, Factoring::Principal, possible, least).ok_or_else(singular)?;
            start.loadings.cols().clamp(1, possible)
        }
    };
    let fit = factor_ml::fit(&r, m).map_err(|e| match e {
        factor_ml::Trouble::Singular => singular(),
        factor_ml::Trouble::NotConverged => StataError::not_converged(),
    })?;
    let independent = independence(&r, n).ok_or_else(singular)?;
    let correction = corrected(n, p);
    let tests = [independent, ("1", (correction - 2.0 * m as f64 / 3.0) * fit.discrepancy, freedom(m) / 2.0)];
    post(session, cmd, data, &r, &fit.loadings, &fit.explained, &fit.uniqueness, "Factor");
    let e = &mut session.e.results;
    e.text("mtitle", "maximum likelihood").text("title", "Factor analysis").text("predict", "factor_p");
    e.text("Ctype", "correlation").text("method", "ml");
    let parameters = (p * m) as f64 - (m * (m - 1)) as f64 / 2.0;
    let ll = -0.5 * n * fit.discrepancy;
    e.scalar("ll", ll).scalar("df_m", parameters);
    e.scalar("aic", 2.0 * (parameters - ll)).scalar("bic", parameters * n.ln() - 2.0 * ll);
    if fit.heywood {
        e.text("heywood", "Heywood case");
    }
    tests.into_iter().for_each(|test| store_test(e, test));
    show(session, cmd)
}

/// Tests under the eigenvalues: of independence, and of the factors estimated by maximum likelihood.
fn show_tests(session: &mut Session) {
    let factors = scalar(session, "f");
    let (s, gap) = if factors == 1.0 { ("", " ") } else { ("s", "") };
    let labels = [("i", "independent".to_string()), ("1", format!("{gap}{factors:>3} factor{s}"))];
    for (which, label) in labels {
        let value = |name: &str| scalar(session, &format!("{name}_{which}"));
        let (chi2, df, p) = (value("chi2"), value("df"), value("p"));
        if is_missing(chi2) {
            continue;
        }
        let shown = format::bare(if chi2 < 1e4 { "%8.2f" } else { "%8.1e" }, chi2);
        let test = format!("chi2({df})");
        session.print(format!(
            "    LR test: {label} vs. saturated: {}={} Prob>chi2 = {}",
            format::left(&format!(" {test} "), if df < 100.0 { 10 } else { 11 }),
            format::right(&shown, 8),
            format::bare("%6.4f", p)
        ));
    }
}

/// The lines above the eigenvalues.
pub(super) fn show_facts(session: &mut Session, rotation: &str) -> Result<()> {
    let title = session.e.results.get_text("mtitle").unwrap_or("").to_string();
    let k = matrix_of(session, "L")?.rows() as f64;
    let f = scalar(session, "f");
    let mut facts = vec![
        Fact::observations(scalar(session, "N")),
        Fact::new("Retained factors", "%10.0fc", f),
        Fact::new("Number of params", "%10.0fc", f * k - f * (f - 1.0) / 2.0),
    ];
    let mut left = vec![
        "Factor analysis/correlation".to_string(),
        format!("    Method: {title}"),
        format!("    Rotation: {rotation}"),
    ];
    let ll = scalar(session, "ll");
    if !is_missing(ll) {
        facts.push(Fact::new("Schwarz's BIC", "%8.0g", scalar(session, "bic")));
        facts.push(Fact::new("(Akaike's) AIC", "%8.0g", scalar(session, "aic")));
        left.extend([String::new(), format!("    Log likelihood = {}", format::bare("%9.0g", ll))]);
    }
    session.print("");
    show_header(session, &left, &facts, 16, 10);
    Ok(())
}

/// The eigenvalues, or the variances after a rotation, and the tests.
pub(super) fn show_variances(session: &mut Session, name: &str) -> Result<()> {
    let total: f64 = matrix_of(session, "Ev")?.values().iter().sum();
    eigenvalues(session, name, total)?;
    show_tests(session);
    Ok(())
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let blanks = blanks(cmd)?;
    session.print(format!("(obs={})", format::bare("%15.0fc", scalar(session, "N"))));
    show_facts(session, "(unrotated)")?;
    let heywood = session.e.results.get_text("heywood").is_some();
    if heywood {
        session.print("");
        session.print("    Beware: solution is a Heywood case");
        session.print("            (i.e., invalid or boundary values of uniqueness)");
    }
    show_variances(session, "Ev")?;
    if heywood && session.e.results.get_text("method") == Some("ml") {
        session.print("    (tests formally not valid because a Heywood case was encountered)");
    }
    session.print("");
    session.print("Factor loadings (pattern matrix) and unique variances");
    loadings(session, "L", "Uniqueness", blanks)
}
