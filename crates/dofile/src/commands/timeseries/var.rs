//! `var`, `varsoc`, `vargranger` and `varstable`. Formulas: [TS] var, [TS] varsoc, [TS] vargranger, [TS] varstable;
//! numbers: `estimators::var`, `estimators::eigen`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::series;
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level};
use crate::estimation::linear::{Parameters, predict as linear_prediction};
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::predict::{Prediction, add, column, new_names};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{FvList, numlist};
use crate::value::{MISSING, is_missing};
use estimators::distributions::{chi2_tail, f_tail};
use estimators::eigen::eigenvalues;
use estimators::matrix::Mat;
use estimators::var::{self as kernel, VarFit};
use estimators::wald;
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("LAgs"),
    OptSpec::text("EXog"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("dfk"),
    OptSpec::flag("SMall"),
    OptSpec::real("Level"),
])
.unsupported(&[
    "CONSTraints",
    "noBIGf",
    "noISure",
    "LUTStats",
    "COEFLegend",
    "noLOg",
    "ITERate",
    "TOLerance",
]);

const SOC: StandardSyntax =
    StandardSyntax::new(&[OptSpec::int("Maxlag"), OptSpec::text("EXog"), OptSpec::flag("noCONstant")])
        .unsupported(&["CONSTraints", "LUTstats", "SEParator", "ESTimates"]);

const PLAIN: StandardSyntax = StandardSyntax::whole(&[]).unsupported(&[
    "ESTimates",
    "SEParator",
    "GRAph",
    "DLABel",
    "MODlabel",
    "AMAT",
]);

/// `var`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "var",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "var varlist [if] [in] [, lags(numlist) exog(varlist) noconstant dfk small level(#)]",
    notes: "stores e(N neqs k mlag ll aic hqic sbic fpe detsig detsig_ml tmin tmax obs_# k_# rmse_# r2_# ll_#), e(b), e(V), e(Sigma); [TS] var",
    examples: &[Example {
        // Each equation is least squares.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nregress y L.y L.x\nscalar b = _b[L.x]\nvar y x, lags(1)",
        expect: &[("[y]_b[L.x]/b", 1.0), ("e(N)", 19.0)],
    }],
};

/// `varsoc`.
pub(super) const SPEC_VARSOC: CommandSpec = CommandSpec {
    name: "varsoc",
    min: 6,
    form: Form::Standard(&SOC),
    by: ByRule::No,
    run: varsoc,
    syntax: "varsoc varlist [if] [in] [, maxlag(#) exog(varlist) noconstant]",
    notes: "stores r(N tmin tmax mlag), r(stats): lag LL LR df p FPE AIC HQIC SBIC; [TS] varsoc",
    examples: &[Example {
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y x, lags(1/2)\nscalar a = e(aic)\nvarsoc y x, maxlag(2)\nmatrix m = r(stats)",
        expect: &[("m[3,7]/a", 1.0)],
    }],
};

/// `vargranger`.
pub(super) const SPEC_VARGRANGER: CommandSpec = CommandSpec {
    name: "vargranger",
    min: 6,
    form: Form::Standard(&PLAIN),
    by: ByRule::No,
    run: vargranger,
    syntax: "vargranger",
    notes: "after var; stores r(gstats): chi2 df p (F df df_r p with small); [TS] vargranger",
    examples: &[Example {
        // One lag: the squared ratio of coefficient and standard error.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y x, lags(1)\nscalar c = ([y]_b[L.x]/[y]_se[L.x])^2\nvargranger\nmatrix m = r(gstats)",
        expect: &[("m[1,1]/c", 1.0), ("m[1,2]", 1.0)],
    }],
};

/// `varstable`.
pub(super) const SPEC_VARSTABLE: CommandSpec = CommandSpec {
    name: "varstable",
    min: 6,
    form: Form::Standard(&PLAIN),
    by: ByRule::No,
    run: varstable,
    syntax: "varstable",
    notes: "after var; stores r(Re) r(Im) r(Modulus); [TS] varstable",
    examples: &[Example {
        // The eigenvalues multiply to the determinant.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nvar y x, lags(1)\nscalar d = [y]_b[L.y]*[x]_b[L.x] - [y]_b[L.x]*[x]_b[L.y]\nvarstable\nmatrix m = r(Modulus)",
        expect: &[("m[1,1]*m[1,2]/abs(d)", 1.0)],
    }],
};

/// State of the last `var` for `irf` and the tests.
pub(super) struct State {
    /// The fit.
    pub fit: VarFit,
    /// Its lags.
    pub lags: Vec<usize>,
    /// Names of the series.
    pub names: Vec<String>,
    /// Error covariance of the reported kind.
    pub sigma: Mat,
}

struct Sample {
    names: Vec<String>,
    y: Vec<Vec<f64>>,
    exogenous: Vec<(String, Vec<f64>)>,
    /// Rows of the series in order; the first `most` supply lags only.
    rows: Vec<usize>,
    from: usize,
}

/// Series over the sample and the rows before it that supply lags.
fn sample(session: &Session, cmd: &ParsedCommand, most: usize) -> Result<Sample> {
    let abbrev = session.settings.varabbrev;
    let list = FvList::parse(&session.frame, &cmd.list, abbrev)?;
    let exog = FvList::parse(&session.frame, cmd.options.text("exog").unwrap_or(""), abbrev)?;
    if list.is_empty() {
        return Err(StataError::standard(100));
    }
    if !list.factors().is_empty() {
        return Err(StataError::new(101, "factor variables not allowed"));
    }
    let mut timed = vec![true; session.frame.n_rows()];
    let (panel, time) = series::declared(session)?;
    session.markout(&[time], &mut timed, false)?;
    let every: Vec<usize> = (0..timed.len()).collect();
    let mut columns = Vec::new();
    let mut names = Vec::new();
    for term in list.expand(&session.frame, &timed)? {
        names.push(term.name());
        columns.push(term.values(&session.frame, &every)?);
    }
    let mut wanted = series::timed_rows(session, cmd)?;
    exog.markout(&session.frame, &mut wanted)?;
    let mut shifted = Vec::new();
    for lag in 1..=most {
        shifted.push(panel.shifted_rows(&session.frame, lag as i32)?);
    }
    let known = |row: usize| columns.iter().all(|c| !is_missing(c[row]));
    let usable =
        |row: &usize| wanted[*row] && known(*row) && shifted.iter().all(|s| s[*row].is_some_and(known));
    let mut marks = vec![false; timed.len()];
    every.iter().filter(|r| usable(r)).for_each(|r| marks[*r] = true);
    let used = series::order(session, &marks, false)?;
    let Some(first) = used.first().copied() else { return Err(StataError::no_observations()) };
    let mut rows: Vec<usize> = (1..=most).rev().filter_map(|lag| shifted[lag - 1][first]).collect();
    rows.extend(&used);
    let mut exogenous = Vec::new();
    for term in exog.expand(&session.frame, &marks)?.iter().filter(|t| !t.is_omitted()) {
        let values = term.values(&session.frame, &every)?;
        exogenous.push((term.name(), rows.iter().map(|r| values[*r]).collect()));
    }
    let y = columns.iter().map(|c| rows.iter().map(|r| c[*r]).collect()).collect();
    Ok(Sample { names, y, exogenous, rows, from: most })
}

fn lag_list(text: Option<&str>) -> Result<Vec<usize>> {
    let mut out = Vec::new();
    for lag in numlist::expand(text.unwrap_or("1 2"))? {
        if lag < 1.0 || lag.fract() != 0.0 || lag > 1000.0 {
            return Err(StataError::new(198, "lags() must hold positive integers"));
        }
        out.push(lag as usize);
    }
    out.sort_unstable();
    out.dedup();
    if out.is_empty() { Err(StataError::invalid("lags() is empty")) } else { Ok(out) }
}

/// Per-observation criteria of a system with `params` parameters: FPE, AIC, HQIC, SBIC (Luetkepohl's without `2 ll/T`).
fn criteria(fit: &VarFit, ll: f64) -> [f64; 4] {
    let (n, m) = (fit.n as f64, fit.sigma_ml.rows() as f64);
    let total = m * fit.k as f64;
    let determinant = kernel::log_determinant(&fit.sigma_ml).map_or(f64::NAN, f64::exp);
    let per = fit.k as f64;
    [
        determinant * ((n + per) / (n - per)).powf(m),
        (-2.0 * ll + 2.0 * total) / n,
        (-2.0 * ll + 2.0 * n.ln().ln() * total) / n,
        (-2.0 * ll + n.ln() * total) / n,
    ]
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != "var" {
            return Err(StataError::new(301, "last estimates not found"));
        }
        return show(session, cmd);
    }
    let lags = lag_list(cmd.options.text("lags"))?;
    let most = lags.iter().copied().max().unwrap_or(1);
    let data = sample(session, cmd, most)?;
    let exogenous: Vec<Vec<f64>> = data.exogenous.iter().map(|e| e.1.clone()).collect();
    let constant = !cmd.has("noconstant");
    let fit = kernel::fit(&data.y, &lags, &exogenous, constant, data.from).map_err(fit_error)?;
    let ll = fit.ll().ok_or_else(|| StataError::new(459, "the errors of the equations are collinear"))?;
    let (m, n, k) = (data.names.len(), fit.n as f64, fit.k);
    let small = cmd.has("small") || cmd.has("dfk");
    let factor = if small { n / (n - k as f64) } else { 1.0 };
    let sigma = fit.sigma_ml.clone().scaled(factor);
    let mut names: Vec<String> = Vec::new();
    for name in &data.names {
        for lag in &lags {
            names.push(lagged(name, *lag));
        }
    }
    names.extend(data.exogenous.iter().map(|e| e.0.clone()));
    if constant {
        names.push("_cons".to_string());
    }
    let mut stripe = Vec::new();
    for name in &data.names {
        let eq = name.replace('.', "_");
        stripe.extend(names.iter().map(|x| Stripe::with_eq(eq.clone(), x.clone())));
    }
    let size = m * k;
    let v = Mat::from_fn(size, size, |a, b| sigma[(a / k, b / k)] * fit.unscaled[(a % k, b % k)]);
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(fit.b.data().to_vec(), stripe.clone()));
    r.matrix("V", Matrix::square(v.data().to_vec(), stripe));
    let eqs: Vec<Stripe> = data.names.iter().map(Stripe::term).collect();
    r.matrix("Sigma", Matrix::square(sigma.data().to_vec(), eqs));
    r.text("cmd", "var").text("cmdline", crate::estimation::post::command_line(cmd)).text("predict", "var_p");
    r.text("depvar", data.names.join(" "))
        .text("eqnames", data.names.join(" "))
        .text("endog", data.names.join(" "));
    r.text("lags", lags.iter().map(usize::to_string).collect::<Vec<_>>().join(" "))
        .text("title", "Vector autoregressive model");
    let [fpe, aic, hqic, sbic] = criteria(&fit, ll);
    r.scalar("N", n).scalar("k", size as f64).scalar("neqs", m as f64).scalar("mlag", most as f64);
    r.scalar("ll", ll).scalar("fpe", fpe).scalar("aic", aic).scalar("hqic", hqic).scalar("sbic", sbic);
    r.scalar("rank", size as f64).scalar("k_eq", m as f64).scalar("df_eq", k as f64);
    r.scalar("detsig_ml", kernel::log_determinant(&fit.sigma_ml).map_or(MISSING, f64::exp));
    r.scalar("detsig", kernel::log_determinant(&sigma).map_or(MISSING, f64::exp));
    if cmd.has("small") {
        r.scalar("df_r", n - k as f64);
    }
    let (_, time) = series::declared(session)?;
    let used = &data.rows[data.from..];
    if let (Some(first), Some(last)) = (used.first(), used.last()) {
        let shape = session.frame.var(time).format.clone();
        let at = |row: usize| session.frame.num_at(time, row);
        r.scalar("tmin", at(*first)).scalar("tmax", at(*last));
        r.text("tmins", format::bare(&shape, at(*first))).text("tmaxs", format::bare(&shape, at(*last)));
    }
    let slopes: Vec<usize> = (0..k - usize::from(constant)).collect();
    for (j, series) in data.y.iter().enumerate() {
        let own = &series[data.from..];
        let rss: f64 = fit.residuals[j].iter().map(|e| e * e).sum();
        let tss = estimators::ols::total_squares(own, None, constant);
        let positions: Vec<usize> = slopes.iter().map(|s| j * k + s).collect();
        let test = wald::test_zero(fit.b.data(), &v, &positions);
        let label = |name: &str| format!("{name}_{}", j + 1);
        r.scalar(&label("rmse"), (rss / (n - k as f64)).sqrt()).scalar(&label("r2"), 1.0 - rss / tss);
        r.scalar(&label("chi2"), test.chi2)
            .scalar(&label("df_m"), test.df as f64)
            .scalar(&label("k"), k as f64);
    }
    est.extra = Some(Arc::new(State { fit, lags, names: data.names, sigma }));
    let mut mark = vec![false; session.frame.n_rows()];
    used.iter().for_each(|r| mark[*r] = true);
    session.post_estimation(est, mark);
    show(session, cmd)
}

/// `L2.x`; for a differenced series `L2D.x`.
fn lagged(name: &str, lag: usize) -> String {
    let prefix = if lag == 1 { "L".to_string() } else { format!("L{lag}") };
    match name.split_once('.') {
        Some((operators, base)) => format!("{prefix}{operators}.{base}"),
        None => format!("{prefix}.{name}"),
    }
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let (Some(b), Some(v)) = (session.e.b().cloned(), session.e.v().cloned()) else {
        return Err(StataError::new(301, "last estimates not found"));
    };
    let scalar = |s: &Session, name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let text = |s: &Session, name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let wide = |x: f64| format::bare("%9.0g", x);
    session.print("");
    session.print("Vector autoregression");
    session.print("");
    let pairs = [
        (
            format!("Sample: {} thru {}", text(session, "tmins"), text(session, "tmaxs")),
            "Number of obs",
            format::bare("%9.0fc", scalar(session, "N")),
        ),
        (
            format!("Log likelihood = {:>10}", wide(scalar(session, "ll"))),
            "AIC",
            wide(scalar(session, "aic")),
        ),
        (
            format!("FPE            = {:>10}", wide(scalar(session, "fpe"))),
            "HQIC",
            wide(scalar(session, "hqic")),
        ),
        (
            format!("Det(Sigma_ml)  = {:>10}", wide(scalar(session, "detsig_ml"))),
            "SBIC",
            wide(scalar(session, "sbic")),
        ),
    ];
    for (left, label, value) in pairs {
        session.print(format!("{left:<50}{label:<15} = {value:>10}"));
    }
    session.print("");
    session.print("Equation           Parms      RMSE     R-sq      chi2     P>chi2");
    session.print("-".repeat(64));
    let names: Vec<String> = text(session, "eqnames").split_whitespace().map(str::to_string).collect();
    for (j, name) in names.iter().enumerate() {
        let get = |what: &str| scalar(session, &format!("{what}_{}", j + 1));
        let (chi2, df) = (get("chi2"), get("df_m"));
        let line = format!(
            "{:<16}{:>7}{:>13}{:>9}{:>11}{:>9}",
            format::abbrev(name, 16),
            get("k"),
            format::bare("%8.0g", get("rmse")),
            format::bare("%7.4f", get("r2")),
            format::bare("%8.0g", chi2),
            format::bare("%6.4f", if df > 0.0 { chi2_tail(df, chi2) } else { MISSING })
        );
        session.print(line);
    }
    session.print("-".repeat(64));
    session.print("");
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    Table {
        title: "",
        heading: "Coefficient",
        vce_title: "",
        stripe: &b.col_names,
        b: b.values(),
        se: &se,
        df_r: session.e.results.get_scalar("df_r"),
        level,
        eform: false,
        ancillary_from: None,
        clusters: None,
        equations: true,
        beta: None,
    }
    .show(session);
    Ok(())
}

fn varsoc(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let most = match cmd.options.int("maxlag") {
        None => 4,
        Some(lag) if (1..=200).contains(&lag) => lag as usize,
        Some(_) => return Err(StataError::new(198, "maxlag() must be a positive integer")),
    };
    let data = sample(session, cmd, most)?;
    let exogenous: Vec<Vec<f64>> = data.exogenous.iter().map(|e| e.1.clone()).collect();
    let constant = !cmd.has("noconstant");
    let m = data.names.len();
    let mut rows: Vec<[f64; 9]> = Vec::new();
    let n = data.rows.len() - data.from;
    for lag in 0..=most {
        let lags: Vec<usize> = (1..=lag).collect();
        let fit = kernel::fit(&data.y, &lags, &exogenous, constant, data.from).map_err(fit_error)?;
        let ll = fit.ll().ok_or_else(|| StataError::new(459, "the errors of the equations are collinear"))?;
        let [fpe, aic, hqic, sbic] = criteria(&fit, ll);
        let (lr, df, p) = match rows.last() {
            None => (MISSING, MISSING, MISSING),
            Some(before) => {
                let lr = 2.0 * (ll - before[1]);
                let df = (m * m) as f64;
                (lr, df, chi2_tail(df, lr))
            }
        };
        rows.push([lag as f64, ll, lr, df, p, fpe, aic, hqic, sbic]);
    }
    let best = |column: usize| {
        (0..rows.len()).min_by(|a, b| rows[*a][column].total_cmp(&rows[*b][column])).unwrap_or(0)
    };
    let chosen = [best(5), best(6), best(7), best(8)];
    session.print("");
    session.print("Lag-order selection criteria");
    session.print("");
    session.print(format!("{:>64}{n:>6}", "Number of obs = "));
    session.print(format!("  +{}+", "-".repeat(75)));
    session.print("  | Lag |    LL      LR      df    p     FPE       AIC      HQIC      SBIC    |");
    session.print(format!("  |-----+{}|", "-".repeat(69)));
    for (i, row) in rows.iter().enumerate() {
        let cell = |fmt: &str, x: f64, width: usize| {
            let text = if is_missing(x) { String::new() } else { format::bare(fmt, x) };
            format::right(&text, width)
        };
        let mut line = format!(
            "  |{:>4} |{}{}{}{}",
            row[0],
            cell("%9.0g", row[1], 9),
            cell("%8.0g", row[2], 8),
            cell("%4.0f", row[3], 5),
            cell("%5.3f", row[4], 7)
        );
        for (c, best) in chosen.iter().enumerate() {
            line.push_str(&format::right(&format::bare("%8.0g", row[5 + c]), 9));
            line.push(if *best == i { '*' } else { ' ' });
        }
        session.print(format!("{line}|"));
    }
    session.print(format!("  +{}+", "-".repeat(75)));
    session.print("   * optimal lag");
    session.print(format!("   Endogenous: {}", data.names.join(" ")));
    let mut results = Results::default();
    let mut stats = Matrix::new(rows.len(), 9, rows.concat());
    stats.col_names = ["lag", "LL", "LR", "df", "p", "FPE", "AIC", "HQIC", "SBIC"].map(Stripe::term).to_vec();
    results.matrix("stats", stats).scalar("N", n as f64).scalar("mlag", most as f64);
    for (name, at) in ["fpe", "aic", "hqic", "sbic"].iter().zip(chosen) {
        results.scalar(&format!("lag_{name}"), rows[at][0]);
    }
    session.r = results;
    Ok(())
}

/// The state of the last `var`; r(301) without one.
pub(super) fn held(session: &Session) -> Result<Arc<dyn std::any::Any + Send + Sync>> {
    session
        .e
        .extra
        .clone()
        .filter(|e| e.downcast_ref::<State>().is_some())
        .ok_or_else(|| StataError::new(301, "last estimates not found; var has to be run first"))
}

fn vargranger(session: &mut Session, _cmd: &ParsedCommand) -> Result<()> {
    let held = held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::standard(301)) };
    let parameters = Parameters::of(&session.e)?;
    let df_r = session.e.results.get_scalar("df_r");
    let (m, k, p) = (state.names.len(), state.fit.k, state.lags.len());
    session.print("");
    session.print("   Granger causality Wald tests");
    session.print(format!("  +{}+", "-".repeat(66)));
    session.print(if df_r.is_some() {
        "  |          Equation           Excluded |     F       df    df_r  Prob > F |"
    } else {
        "  |          Equation           Excluded |   chi2     df Prob > chi2 |"
    });
    let mut values = Vec::new();
    let mut names = Vec::new();
    for eq in 0..m {
        session.print(format!("  |{}|", "-".repeat(66)));
        let others: Vec<usize> = (0..m).filter(|j| *j != eq).collect();
        let mut tests: Vec<(String, Vec<usize>)> =
            others.iter().map(|j| (state.names[*j].clone(), vec![*j])).collect();
        tests.push(("ALL".to_string(), others.clone()));
        for (name, excluded) in tests {
            let positions: Vec<usize> =
                excluded.iter().flat_map(|j| (0..p).map(move |l| eq * k + j * p + l)).collect();
            if positions.is_empty() {
                continue;
            }
            let test = wald::test_zero(&parameters.b, &parameters.v, &positions);
            let df = test.df as f64;
            let (statistic, prob) = match df_r {
                Some(r) => (test.f(), f_tail(df, r, test.f())),
                None => (test.chi2, chi2_tail(df, test.chi2)),
            };
            session.print(format!(
                "  |{:>18} {:>18} |{:>8}{:>7}{:>12} |",
                format::abbrev(&state.names[eq], 18),
                format::abbrev(&name, 18),
                format::bare("%8.5g", statistic),
                df,
                format::bare("%5.3f", prob)
            ));
            match df_r {
                Some(r) => values.extend([statistic, df, r, prob]),
                None => values.extend([statistic, df, prob]),
            }
            names.push(Stripe::with_eq(state.names[eq].replace('.', "_"), name));
        }
    }
    session.print(format!("  +{}+", "-".repeat(66)));
    let width = if df_r.is_some() { 4 } else { 3 };
    let mut matrix = Matrix::new(names.len(), width, values);
    matrix.row_names = names;
    matrix.col_names = if df_r.is_some() {
        ["F", "df", "df_r", "p"].map(Stripe::term).to_vec()
    } else {
        ["chi2", "df", "p"].map(Stripe::term).to_vec()
    };
    let mut results = Results::default();
    results.matrix("gstats", matrix);
    session.r = results;
    Ok(())
}

fn varstable(session: &mut Session, _cmd: &ParsedCommand) -> Result<()> {
    let held = held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::standard(301)) };
    let matrix = kernel::companion(&state.fit.lag_matrices(&state.lags));
    let values =
        eigenvalues(&matrix).ok_or_else(|| StataError::new(498, "the eigenvalues could not be computed"))?;
    session.print("");
    session.print("   Eigenvalue stability condition");
    session.print(format!("  +{}+", "-".repeat(40)));
    session.print("  |        Eigenvalue        |   Modulus   |");
    session.print(format!("  |--------------------------+{}|", "-".repeat(13)));
    for (re, im) in &values {
        let text = if *im == 0.0 {
            format::bare("%9.0g", *re)
        } else {
            let sign = if *im < 0.0 { "-" } else { "+" };
            format!("{} {sign} {}i", format::bare("%9.0g", *re), format::bare("%9.0g", im.abs()))
        };
        session.print(format!("  |{text:>25} |{:>12} |", format::bare("%9.0g", re.hypot(*im))));
    }
    session.print(format!("  +{}+", "-".repeat(40)));
    let stable = values.iter().all(|v| v.0.hypot(v.1) < 1.0);
    session.print(if stable {
        "   All the eigenvalues lie inside the unit circle.\n   VAR satisfies stability condition."
    } else {
        "   At least one eigenvalue is at least 1.0.\n   VAR does not satisfy stability condition."
    });
    let row = |f: fn(&(f64, f64)) -> f64| Matrix::new(1, values.len(), values.iter().map(f).collect());
    let mut results = Results::default();
    results.matrix("Re", row(|v| v.0)).matrix("Im", row(|v| v.1)).matrix("Modulus", row(|v| v.0.hypot(v.1)));
    session.r = results;
    Ok(())
}

/// Options of `predict`.
pub(super) const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("xb"), OptSpec::flag("Residuals"), OptSpec::text("EQuation")])
        .unsupported(&["stdp"]);

/// Linear prediction or residuals of one equation, the first by default.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = held(session)?;
    let Some(state) = held.downcast_ref::<State>() else { return Err(StataError::standard(301)) };
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let at = match cmd.options.text("equation") {
        None => 0,
        Some(text) => {
            let text = text.trim();
            let number =
                text.strip_prefix('#').and_then(|t| t.parse::<usize>().ok()).and_then(|n| n.checked_sub(1));
            number
                .or_else(|| state.names.iter().position(|n| n == text))
                .filter(|i| *i < state.names.len())
                .ok_or_else(|| StataError::new(303, format!("equation {text} not found")))?
        }
    };
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let parameters = Parameters::of(&session.e)?;
    let equation = state.names[at].replace('.', "_");
    let xb = linear_prediction(&session.frame, &parameters, &equation, &rows)?;
    let (values, label) = if cmd.has("residuals") {
        let y = column(&session.frame, &state.names[at], &rows)?;
        let gap = |(y, f): (&f64, &f64)| if is_missing(*y) || is_missing(*f) { MISSING } else { y - f };
        (y.iter().zip(&xb).map(gap).collect(), "Residuals")
    } else {
        (xb, "Linear prediction")
    };
    add(session, name, kind, &rows, Prediction { values, label: label.to_string() })
}
