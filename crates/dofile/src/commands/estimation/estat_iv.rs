//! Diagnostics after `ivregress`: `estat firststage`, `endogenous` and `overid`.
//! Formulas: [R] ivregress postestimation; critical values: Stock and Yogo (2005), one endogenous regressor.

use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::instruments::{IvState, with_request};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::value::MISSING;
use estimators::iv::{self, Method};
use estimators::iv_orthogonality::c_statistic;
use estimators::iv_tests::{self, FirstStage, Overidentification, Test};
use estimators::stock_yogo::{BIASES, SIZES, bias, size};
use estimators::weights::WeightKind;
use std::any::Any;
use std::sync::Arc;

fn state(session: &Session) -> Result<Arc<dyn Any + Send + Sync>> {
    session.e.extra.clone().filter(|e| e.is::<IvState>()).ok_or_else(StataError::no_estimates)
}

fn cast(extra: &Arc<dyn Any + Send + Sync>) -> Result<&IvState> {
    extra.downcast_ref().ok_or_else(StataError::no_estimates)
}

/// r(498) after weights other than frequencies: the tests assume that there are none ([R] ivregress postestimation,
/// where `forceweights` computes them all the same).
fn unweighted(state: &IvState, command: &str, options: &Options) -> Result<()> {
    match &state.model.weights {
        Some(w) if w.kind != WeightKind::Frequency && !options.has("forceweights") => Err(StataError::new(
            498,
            format!(
                "{command} is not valid after weights other than fweights\nSpecify forceweights to compute the tests all the same."
            ),
        )),
        _ => Ok(()),
    }
}

/// `estat firststage [, all forcenonrobust]`.
pub(crate) fn first_stage(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("all"), OptSpec::flag("FORCEnonrobust")], &[])?;
    let extra = state(session)?;
    let state = cast(&extra)?;
    let stages = with_request(state, iv_tests::first_stage).map_err(fit_error)?;
    let minimum = with_request(state, iv_tests::minimum_eigenvalue);
    let robust = state.model.is_robust();
    session.print("");
    session.print("  First-stage regression summary statistics");
    let rule =
        |c: &str| format!("  -------------{c}------------------------------------------------------------");
    session.print(rule("-"));
    let test = stages[0].test;
    let f = format!("F({},{})", test.df, format::bare("%9.0g", test.df_r.unwrap_or(MISSING)));
    session.print(
        format!(
            "               |            Adjusted      Partial{:>13}",
            if robust { "Robust" } else { "" }
        )
        .trim_end(),
    );
    session.print(format!("      Variable |   R-sq.       R-sq.        R-sq.{f:>13}   Prob > F"));
    session.print(rule("+"));
    let mut numbers = Vec::new();
    for (stage, (name, _)) in stages.iter().zip(&state.endogenous) {
        session.print(format!(
            "  {:>12} |{}{}{}{}{}",
            format::abbrev(name, 12),
            format::right(&format::bare("%6.4f", stage.r2), 8),
            format::right(&format::bare("%6.4f", stage.r2_a), 12),
            format::right(&format::bare("%6.4f", stage.partial_r2), 13),
            format::right(&format::bare("%9.6g", stage.test.statistic), 13),
            format::right(&format::bare("%6.4f", stage.test.p), 10)
        ));
        let t = stage.test;
        numbers.extend(
            [stage.r2, stage.r2_a, stage.partial_r2, t.statistic, t.df, t.df_r.unwrap_or(MISSING), t.p]
                .map(stata),
        );
    }
    session.print(rule("-"));
    let names: Vec<Stripe> = state.endogenous.iter().map(|e| Stripe::term(e.0.clone())).collect();
    let mut results = Results::default();
    let mut single = Matrix::new(names.len(), 7, numbers);
    single.row_names = names.clone();
    single.col_names = ["r2", "r2_a", "partialr2", "F", "df_n", "df_d", "p"].map(Stripe::term).to_vec();
    results.matrix("singleresults", single);
    if names.len() > 1 || options.has("all") {
        results.matrix("multiresults", show_shea(session, &stages, names));
    }
    // the statistic and its critical values rest on independent errors of one variance
    let classical = !robust || options.has("forcenonrobust");
    if classical {
        session.print("");
        session.print(format!("  Minimum eigenvalue statistic = {}", format::bare("%9.6g", minimum)));
    }
    results.scalar("mineig", stata(minimum));
    if classical {
        critical_values(session, state, &mut results);
    }
    session.r = results;
    Ok(())
}

/// Shea's partial R squared of each endogenous regressor, as logs of Stata print it.
fn show_shea(session: &mut Session, stages: &[FirstStage], names: Vec<Stripe>) -> Matrix {
    session.print("");
    session.print("  Shea's partial R-squared");
    session.print(format!("  {}", "-".repeat(50)));
    session.print("               |     Shea's             Shea's");
    session.print("      Variable |  partial R-sq.   adj. partial R-sq.");
    session.print(format!("  {}+{}", "-".repeat(13), "-".repeat(36)));
    for (stage, name) in stages.iter().zip(&names) {
        let cell = |x: f64, width: usize| format::right(&format::bare("%6.4f", x), width);
        let name = format::abbrev(&name.name, 12);
        session.print(format!("  {name:>12} |{}{}", cell(stage.shea, 11), cell(stage.shea_a, 19)));
    }
    session.print(format!("  {}", "-".repeat(50)));
    let cells = stages.iter().flat_map(|s| [stata(s.shea), stata(s.shea_a)]).collect();
    let mut multi = Matrix::new(names.len(), 2, cells);
    multi.row_names = names;
    multi.col_names = ["SPr2", "SPr2_a"].map(Stripe::term).to_vec();
    multi
}

/// The table of critical values of the minimum eigenvalue; r(mineigcv) has a row for each of them.
fn critical_values(session: &mut Session, state: &IvState, results: &mut Results) {
    let (endogenous, instruments) = (state.endogenous.len(), state.instruments.len());
    let rows = [
        ("2SLS relative bias", BIASES, bias(endogenous, instruments), "2sls_bias"),
        ("2SLS size of nominal 5% Wald test", SIZES, size(endogenous, instruments, false), "2sls_size"),
        ("LIML size of nominal 5% Wald test", SIZES, size(endogenous, instruments, true), "liml_size"),
    ];
    session.print("");
    session
        .print(format!("  Critical values                      # of endogenous regressors: {endogenous:>4}"));
    session.print(format!(
        "  H0: Instruments are weak             # of excluded instruments:  {instruments:>4}"
    ));
    session.print(format!("  {}", "-".repeat(69)));
    let percent = |limits: &[f64; 4]| {
        let [a, b, c, d] = limits.map(|l| format!("{:.0}%", l * 100.0));
        format!("  {:35}|{a:>6}{b:>8}{c:>8}{d:>8}", "")
    };
    for (i, (label, limits, values, _)) in rows.iter().enumerate() {
        if i < 2 {
            session.print(percent(limits));
        }
        let cells = match values {
            Some([a, b, c, d]) => format!("{a:>7.2}{b:>8.2}{c:>8.2}{d:>8.2}"),
            None => "         (not available)".to_string(),
        };
        session.print(format!("  {label:<35}|{cells}"));
        if i == 0 {
            session.print(format!("  {}+{}", "-".repeat(35), "-".repeat(33)));
        }
    }
    session.print(format!("  {}", "-".repeat(69)));
    let data = rows.iter().flat_map(|r| r.2.unwrap_or([MISSING; 4])).collect();
    let mut table = Matrix::new(3, 4, data);
    table.row_names = rows.iter().map(|r| Stripe::term(r.3)).collect();
    table.col_names = ["c1", "c2", "c3", "c4"].map(Stripe::term).to_vec();
    results.matrix("mineigcv", table);
}

fn chi2_line(session: &mut Session, label: &str, test: Test) {
    session.print(format!(
        "  {:<28} = {}  (p = {})",
        format!("{label} chi2({})", test.df),
        format::number("%8.0g", test.statistic),
        format::bare("%6.4f", test.p)
    ));
}

fn f_line(session: &mut Session, label: &str, test: Test) {
    let df = format::bare("%9.0g", test.df_r.unwrap_or(MISSING));
    session.print(format!(
        "  {:<28} = {}  (p = {})",
        format!("{label} F({},{df})", test.df),
        format::number("%8.0g", test.statistic),
        format::bare("%6.4f", test.p)
    ));
}

/// `estat endogenous`: Durbin and Wu-Hausman, or the robust score and regression-based tests; the C statistic after GMM.
pub(crate) fn endogenous(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("FORCEWeights")], &["LAGs", "FORCENONRobust"])?;
    let extra = state(session)?;
    let state = cast(&extra)?;
    if state.method == Method::Gmm {
        unweighted(state, "estat endogenous", &options)?;
        let test = with_request(state, c_statistic).map_err(fit_error)?;
        session.print("");
        session.print("  Test of endogeneity (orthogonality conditions)");
        session.print("  H0: Variables are exogenous");
        session.print("");
        chi2_line(session, "GMM C statistic", test);
        let mut results = Results::default();
        results.scalar("C", stata(test.statistic)).scalar("p_C", stata(test.p)).scalar("df", test.df);
        session.r = results;
        return Ok(());
    }
    if state.method != Method::TwoStage {
        return Err(StataError::new(
            322,
            "estat endogenous is supported after ivregress 2sls and gmm only by the open engine",
        ));
    }
    unweighted(state, "estat endogenous", &options)?;
    let tests = with_request(state, iv_tests::endogeneity).map_err(fit_error)?;
    let robust = state.model.is_robust();
    session.print("");
    session.print("  Tests of endogeneity");
    session.print("  H0: Variables are exogenous");
    session.print("");
    let mut results = Results::default();
    let regression = tests.regression;
    results.scalar("df", regression.df);
    if robust {
        if let Some(score) = tests.score {
            chi2_line(session, "Robust score", score);
            results.scalar("r_score", stata(score.statistic)).scalar("p_r_score", stata(score.p));
        }
        f_line(session, "Robust regression", regression);
        results.scalar("regF", stata(regression.statistic)).scalar("p_regF", stata(regression.p));
        results.scalar("regFdf_n", regression.df).scalar("regFdf_d", regression.df_r.unwrap_or(MISSING));
        if let Some(clusters) = &state.model.clusters {
            session.print(format!("  (Adjusted for {} clusters in {})", clusters.count, clusters.name));
        }
    } else {
        if let Some(durbin) = tests.score {
            chi2_line(session, "Durbin (score)", durbin);
            results.scalar("durbin", stata(durbin.statistic)).scalar("p_durbin", stata(durbin.p));
        }
        f_line(session, "Wu–Hausman", regression);
        results.scalar("wu", stata(regression.statistic)).scalar("p_wu", stata(regression.p));
        results.scalar("wudf_r", regression.df_r.unwrap_or(MISSING));
    }
    session.r = results;
    Ok(())
}

/// `estat overid`: Sargan and Basmann, the robust score test, Anderson-Rubin (LIML) or Hansen's J (GMM).
pub(crate) fn overid(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("FORCEWeights")], &["LAGs", "FORCENONRobust"])?;
    let extra = state(session)?;
    let state = cast(&extra)?;
    unweighted(state, "estat overid", &options)?;
    let found = with_request(state, |request| {
        let fit = iv::fit(request)?;
        iv_tests::overidentification(request, &fit)
    })
    .map_err(fit_error)?;
    let Some(found) = found else {
        return Err(StataError::new(498, "no overidentifying restrictions"));
    };
    if matches!(found, Overidentification::Score(_)) && state.model.clusters.is_some() {
        return Err(StataError::new(
            322,
            "estat overid is not supported after vce(cluster) by the open engine",
        ));
    }
    session.print("");
    let mut results = Results::default();
    let mut keep = |name: &str, test: Test| {
        results
            .scalar(name, stata(test.statistic))
            .scalar(&format!("p_{name}"), stata(test.p))
            .scalar("df", test.df);
    };
    match found {
        Overidentification::Classical { sargan, basmann } => {
            session.print("  Tests of overidentifying restrictions:");
            session.print("");
            chi2_line(session, "Sargan (score)", sargan);
            chi2_line(session, "Basmann", basmann);
            keep("sargan", sargan);
            keep("basmann", basmann);
        }
        Overidentification::Score(test) => {
            session.print("  Test of overidentifying restrictions:");
            session.print("");
            chi2_line(session, "Score", test);
            keep("score", test);
        }
        Overidentification::Liml { anderson_rubin, basmann } => {
            session.print("  Tests of overidentifying restrictions:");
            session.print("");
            chi2_line(session, "Anderson–Rubin", anderson_rubin);
            f_line(session, "Basmann", basmann);
            keep("ar", anderson_rubin);
            keep("basmann_f", basmann);
        }
        Overidentification::Hansen(test) => {
            session.print("  Test of overidentifying restriction:");
            session.print("");
            chi2_line(session, "Hansen's J", test);
            keep("HansenJ", test);
        }
    }
    session.r = results;
    Ok(())
}
