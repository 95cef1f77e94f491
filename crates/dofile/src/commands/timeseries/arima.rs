//! `arima`: regressions with (seasonal) ARMA errors by exact maximum likelihood, `predict` after it, and the
//! `tsappend` that makes room for forecasts. Formulas: [TS] arima, [TS] arima postestimation; numbers: `estimators::arima`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::series;
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::likelihood::iteration;
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{FvList, numlist};
use crate::value::{MISSING, is_missing};
use estimators::arima::{Arima, Factor};
use estimators::matrix::Mat;
use estimators::wald;
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("ARIMA"),
    OptSpec::text("SARIMA"),
    OptSpec::text("AR"),
    OptSpec::text("MA"),
    OptSpec::flag("noCONstant"),
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::real("Level"),
    OptSpec::flag("noLOg"),
    OptSpec::int("ITERate"),
    OptSpec::flag("CONDition"),
])
.unsupported(&[
    "MAR",
    "MMA",
    "SAVEspace",
    "DIFfuse",
    "P0",
    "STATE0",
    "CONSTraints",
    "COLlinear",
    "TECHnique",
    "FROM",
    "DETail",
    "HESSian",
    "GTOLerance",
    "NRTOLerance",
    "TOLerance",
    "LTOLerance",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "arima",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "arima depvar [indepvars] [if] [in], arima(p,d,q) | ar(numlist) ma(numlist) [sarima(P,D,Q,s) noconstant vce(opg|oim|robust) level(#) nolog iterate(#) condition]",
    notes: "exact likelihood, with condition that of errors that are zero before the sample; stores e(N ll sigma chi2 df_m p rank converged tmin tmax), e(b), e(V) (outer products by default); [TS] arima",
    examples: &[Example {
        // Mean and variance, with divisor 5, of 1 to 5.
        run: "set obs 5\ngenerate t = _n\ntsset t\ngenerate y = _n\narima y, arima(0,0,0)",
        expect: &[("abs([y]_b[_cons] - 3) < 1e-6", 1.0), ("abs(e(sigma)^2 - 2) < 1e-5", 1.0)],
    }],
};

/// State for `predict`.
pub(super) struct State {
    pub(super) factors: Vec<Factor>,
    pub(super) regressors: Vec<String>,
    pub(super) constant: bool,
    pub(super) depvar: String,
    pub(super) difference: (usize, usize, usize),
    pub(super) conditional: bool,
}

/// Whole numbers between commas.
pub(super) fn order(text: &str, count: usize, option: &str) -> Result<Vec<usize>> {
    let bad = || StataError::new(198, format!("option {option}() incorrectly specified"));
    let out: Vec<usize> =
        text.split(',').map(|t| t.trim().parse::<usize>().map_err(|_| bad())).collect::<Result<_>>()?;
    if out.len() == count && out.iter().take(3).all(|v| *v <= 60) { Ok(out) } else { Err(bad()) }
}

/// Lags of a list, ascending.
pub(super) fn lag_list(text: &str) -> Result<Vec<usize>> {
    let mut out = Vec::new();
    for lag in numlist::expand(text)? {
        if lag < 1.0 || lag.fract() != 0.0 || lag > 1000.0 {
            return Err(StataError::new(198, "lags must be positive integers"));
        }
        out.push(lag as usize);
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

struct Request {
    factors: Vec<Factor>,
    difference: (usize, usize, usize),
}

fn request(cmd: &ParsedCommand) -> Result<Request> {
    let mut factors = Vec::new();
    let mut difference = (0, 0, 1);
    if let Some(text) = cmd.options.text("arima") {
        if cmd.has("ar") || cmd.has("ma") {
            return Err(StataError::invalid("arima() may not be combined with ar() or ma()"));
        }
        let o = order(text, 3, "arima")?;
        difference.0 = o[1];
        factors.push(Factor { season: 1, ar: (1..=o[0]).collect(), ma: (1..=o[2]).collect() });
    } else {
        let ar = cmd.options.text("ar").map(lag_list).transpose()?.unwrap_or_default();
        let ma = cmd.options.text("ma").map(lag_list).transpose()?.unwrap_or_default();
        factors.push(Factor { season: 1, ar, ma });
    }
    if let Some(text) = cmd.options.text("sarima") {
        let o = order(text, 4, "sarima")?;
        if o[3] < 2 || o[3] > 366 {
            return Err(StataError::new(198, "option sarima() incorrectly specified"));
        }
        difference.1 = o[1];
        difference.2 = o[3];
        factors.push(Factor { season: o[3], ar: (1..=o[0]).collect(), ma: (1..=o[2]).collect() });
    }
    if difference.0 > 3 || difference.1 > 2 {
        return Err(StataError::new(198, "too many differences"));
    }
    Ok(Request { factors, difference })
}

/// Coefficients of `(1 - L)^d (1 - L^s)^D` from lag 0 on.
pub(super) fn differences((d, seasonal, s): (usize, usize, usize)) -> Vec<f64> {
    let mut out = vec![1.0];
    let mut times = |lag: usize| {
        let mut next = vec![0.0; out.len() + lag];
        for (i, v) in out.iter().enumerate() {
            next[i] += v;
            next[i + lag] -= v;
        }
        out = next;
    };
    (0..d).for_each(|_| times(1));
    (0..seasonal).for_each(|_| times(s));
    out
}

/// Name of a differenced variable.
fn differenced_name(name: &str, (d, seasonal, s): (usize, usize, usize)) -> String {
    let mut operators = String::new();
    match d {
        0 => {}
        1 => operators.push('D'),
        _ => operators.push_str(&format!("D{d}")),
    }
    for _ in 0..seasonal {
        operators.push_str(&format!("S{s}"));
    }
    if operators.is_empty() { name.to_string() } else { format!("{operators}.{name}") }
}

/// Values at every period from the first to the last, for the rows of the data; gaps are not-a-number.
pub(super) struct Calendar {
    /// Row of each period.
    pub(super) rows: Vec<Option<usize>>,
}

impl Calendar {
    pub(super) fn new(session: &Session, rows: &[usize]) -> Result<Self> {
        let (panel, time) = series::declared(session)?;
        let at = |r: &usize| session.frame.num_at(time, *r);
        let (Some(first), Some(last)) = (rows.first().map(at), rows.last().map(at)) else {
            return Err(StataError::no_observations());
        };
        let steps = ((last - first) / panel.delta).round() as usize;
        if steps > 10_000_000 {
            return Err(StataError::new(498, "the gaps between the periods are too long"));
        }
        let mut out = vec![None; steps + 1];
        for r in rows {
            out[((at(r) - first) / panel.delta).round() as usize] = Some(*r);
        }
        Ok(Self { rows: out })
    }

    pub(super) fn spread(&self, values: &[f64]) -> Vec<f64> {
        let value = |r: &Option<usize>| {
            r.map_or(f64::NAN, |r| if is_missing(values[r]) { f64::NAN } else { values[r] })
        };
        self.rows.iter().map(value).collect()
    }
}

/// A column after differencing, over a calendar.
pub(super) fn difference(values: &[f64], coefficients: &[f64]) -> Vec<f64> {
    let lost = coefficients.len() - 1;
    (0..values.len())
        .map(|t| {
            if t < lost {
                f64::NAN
            } else {
                coefficients
                    .iter()
                    .enumerate()
                    .map(|(j, c)| if *c == 0.0 { 0.0 } else { c * values[t - j] })
                    .sum()
            }
        })
        .collect()
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != "arima" {
            return Err(StataError::new(301, "last estimates not found"));
        }
        return show(session, cmd);
    }
    estimate(session, cmd)?;
    show(session, cmd)?;
    if session.e.results.get_scalar("converged") == Some(0.0) {
        return Err(StataError::new(430, "convergence not achieved"));
    }
    Ok(())
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let request = request(cmd)?;
    let kind = match cmd.options.text("vce") {
        None if cmd.has("robust") => "robust",
        None => "opg",
        Some(text) if ["opg", "oim", "robust"].contains(&text.trim()) => text.trim(),
        Some(text) if !text.trim().is_empty() && "robust".starts_with(text.trim()) => "robust",
        Some(text) => return Err(StataError::unsupported_option("arima", &format!("vce({text})"))),
    }
    .to_string();
    let (first, rest) = crate::estimation::model::first_word(&cmd.list);
    let abbrev = session.settings.varabbrev;
    let outcome = FvList::parse(&session.frame, first, abbrev)?;
    let list = FvList::parse(&session.frame, rest, abbrev)?;
    let all = vec![true; session.frame.n_rows()];
    let mut touse = series::timed_rows(session, cmd)?;
    list.markout(&session.frame, &mut touse)?;
    let rows = series::order(session, &touse, true)?;
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let (depvar, y) = crate::estimation::model::single_column(
        &session.frame,
        &outcome,
        &all,
        &(0..all.len()).collect::<Vec<_>>(),
    )?;
    let mut regressors: Vec<(String, Vec<f64>)> = Vec::new();
    for term in list.expand(&session.frame, &touse)?.iter().filter(|t| !t.is_omitted()) {
        let rows: Vec<usize> = (0..all.len()).collect();
        regressors.push((term.name(), term.values(&session.frame, &rows)?));
    }
    // rows before the sample supply the lags that differencing needs
    let earlier = series::order(
        session,
        &{
            let mut known = vec![true; session.frame.n_rows()];
            let (panel, time) = series::declared(session)?;
            session.markout(&[time], &mut known, false)?;
            if let Some(id) = panel.panel {
                // other panels than that of the sample have no part in it
                let own = session.frame.num_at(id, rows[0]).to_bits();
                known
                    .iter_mut()
                    .enumerate()
                    .for_each(|(r, k)| *k &= session.frame.num_at(id, r).to_bits() == own);
            }
            known
        },
        true,
    )?;
    let calendar = Calendar::new(session, &earlier)?;
    let coefficients = differences(request.difference);
    let inside: Vec<bool> = calendar.rows.iter().map(|r| r.is_some_and(|r| touse[r])).collect();
    let prepare = |values: &[f64]| difference(&calendar.spread(values), &coefficients);
    let y_all = prepare(&y);
    let x_all: Vec<Vec<f64>> = regressors.iter().map(|(_, v)| prepare(v)).collect();
    let known = |t: usize| inside[t] && !y_all[t].is_nan() && x_all.iter().all(|c| !c[t].is_nan());
    let (Some(from), Some(to)) =
        ((0..y_all.len()).find(|t| known(*t)), (0..y_all.len()).rev().find(|t| known(*t)))
    else {
        return Err(StataError::no_observations());
    };
    // what stands at a period that is not known is not used
    let keep = |values: &[f64], gap: f64| -> Vec<f64> {
        (from..=to).map(|t| if known(t) { values[t] } else { gap }).collect()
    };
    let y_used = keep(&y_all, f64::NAN);
    let gaps = y_used.windows(2).filter(|pair| !pair[0].is_nan() && pair[1].is_nan()).count();
    if gaps > 0 {
        session.print("");
        session.print(format!("Number of gaps in sample = {gaps}"));
        session.print("(note: filtering over missing observations)");
    }
    let mut columns: Vec<Vec<f64>> = x_all.iter().map(|c| keep(c, c[from])).collect();
    let constant = !cmd.has("noconstant");
    let names: Vec<String> =
        regressors.iter().map(|(x, _)| differenced_name(x, request.difference)).collect();
    let all: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let kept = series::independent(session, &names, &all, constant);
    columns = kept.iter().map(|j| std::mem::take(&mut columns[*j])).collect();
    let names: Vec<String> = kept.iter().map(|j| names[*j].clone()).collect();
    if constant {
        columns.push(vec![1.0; y_used.len()]);
    }
    let n = y_used.iter().filter(|v| !v.is_nan()).count();
    let model = Arima {
        y: &y_used,
        x: columns.iter().map(Vec::as_slice).collect(),
        factors: request.factors.clone(),
        conditional: cmd.has("condition"),
    };
    let size = model.size();
    if n <= size {
        return Err(StataError::new(2001, "insufficient observations"));
    }
    let iterations = cmd.options.int("iterate").map_or(300, |i| i.max(1) as usize);
    let fit = model.maximise(iterations).ok_or_else(|| StataError::new(430, "convergence not achieved"))?;
    if !cmd.has("nolog") {
        session.print("");
        session.print("(setting optimization to BHHH)");
        for (i, ll) in fit.log.iter().enumerate() {
            if i == 5 {
                session.print("(switching optimization to Newton–Raphson)");
            }
            session.print(format!("{}Log likelihood = {}", iteration(i), format::bare("%10.0g", *ll)));
        }
    }
    let outer = fit.scores.transpose().times(&fit.scores);
    let singular = || StataError::new(504, "the covariance of the estimates is singular");
    let whole = |m: &Mat| m.inverse_definite().filter(|_| !model.on_unit_circle(&fit.b));
    let inverse = |m: &Mat| whole(m).or_else(|| model.inverse_without_flat(m)).ok_or_else(singular);
    let v: Mat = match kind.as_str() {
        "opg" => inverse(&outer)?,
        "oim" => inverse(&fit.information)?,
        // the factor N/(N-1) of [P] _robust
        _ => inverse(&fit.information)?.sandwich(&outer).scaled(n as f64 / (n as f64 - 1.0)),
    };
    let v = fit.to_raw.sandwich(&v);
    let name = differenced_name(&depvar, request.difference);
    // an equation is named by the variable without its operators
    let equation = depvar.rsplit('.').next().unwrap_or("");
    let mut stripe: Vec<Stripe> = names.iter().map(|x| Stripe::with_eq(equation, x.clone())).collect();
    if constant {
        stripe.push(Stripe::with_eq(equation, "_cons"));
    }
    for factor in &request.factors {
        let eq = if factor.season == 1 { "ARMA".to_string() } else { format!("ARMA{}", factor.season) };
        let lag = |l: &usize| if *l == 1 { "L".to_string() } else { format!("L{l}") };
        stripe.extend(factor.ar.iter().map(|l| Stripe::with_eq(eq.clone(), format!("{}.ar", lag(l)))));
        stripe.extend(factor.ma.iter().map(|l| Stripe::with_eq(eq.clone(), format!("{}.ma", lag(l)))));
    }
    stripe.push(Stripe::with_eq("/", "sigma"));
    let tested: Vec<usize> =
        (0..stripe.len() - 1).filter(|i| stripe[*i].name != "_cons" && v[(*i, *i)] > 0.0).collect();
    let test = wald::test_zero(&fit.b, &v, &tested);
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(fit.b.clone(), stripe.clone()));
    r.matrix("V", Matrix::square(v.data().to_vec(), stripe));
    r.scalar("N_gaps", gaps as f64);
    r.text("cmd", "arima").text("cmdline", crate::estimation::post::command_line(cmd)).text("depvar", &name);
    r.text("title", "ARIMA regression").text("predict", "arima_p").text("vce", &kind);
    r.text(
        "vcetype",
        match kind.as_str() {
            "opg" => "OPG",
            "oim" => "",
            _ => "Semirobust",
        },
    );
    r.scalar("N", n as f64).scalar("ll", fit.ll).scalar("sigma", fit.b[size - 1]).scalar("k", size as f64);
    r.scalar("rank", size as f64).scalar("df_m", test.df as f64).scalar("chi2", test.chi2);
    r.scalar("p", if test.df == 0 { MISSING } else { test.p(None) });
    r.scalar("ic", (fit.log.len() - 1) as f64).scalar("converged", f64::from(u8::from(fit.converged)));
    r.scalar(
        "ar_max",
        request.factors.iter().flat_map(|f| f.ar.iter().map(|l| l * f.season)).max().unwrap_or(0) as f64,
    );
    r.scalar(
        "ma_max",
        request.factors.iter().flat_map(|f| f.ma.iter().map(|l| l * f.season)).max().unwrap_or(0) as f64,
    );
    let (_, time) = series::declared(session)?;
    let used: Vec<usize> = (from..=to).filter(|t| known(*t)).filter_map(|t| calendar.rows[t]).collect();
    if let (Some(first), Some(last)) = (used.first(), used.last()) {
        r.scalar("tmin", session.frame.num_at(time, *first))
            .scalar("tmax", session.frame.num_at(time, *last));
        let shape = session.frame.var(time).format.clone();
        let shown = |row: usize| format::bare(&shape, session.frame.num_at(time, row));
        r.text("tmins", shown(*first)).text("tmaxs", shown(*last));
    }
    est.extra = Some(Arc::new(State {
        factors: request.factors,
        regressors: regressors.into_iter().map(|r| r.0).collect(),
        constant,
        depvar,
        difference: request.difference,
        conditional: cmd.has("condition"),
    }));
    let mut mark = vec![false; session.frame.n_rows()];
    used.iter().for_each(|r| mark[*r] = true);
    session.post_estimation(est, mark);
    Ok(())
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let (Some(b), Some(v)) = (session.e.b().cloned(), session.e.v().cloned()) else {
        return Err(StataError::new(301, "last estimates not found"));
    };
    let scalar = |s: &Session, name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let text = |s: &Session, name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let robust = text(session, "vce") == "robust";
    let gaps = if scalar(session, "N_gaps") > 0.0 { ", but with gaps" } else { "" };
    let facts = [
        Fact::observations(scalar(session, "N")),
        Fact::wald(session),
        Fact::probability("Prob > chi2", scalar(session, "p")),
    ];
    let left = [
        format!("Sample: {} thru {}{gaps}", text(session, "tmins"), text(session, "tmaxs")),
        String::new(),
        format!(
            "{} = {}",
            crate::estimation::likelihood::label(robust),
            format::number("%9.0g", scalar(session, "ll"))
        ),
    ];
    session.print("");
    session.print("ARIMA regression");
    session.print("");
    show_header(session, &left, &facts, 17, 10);
    session.print("");
    let (depvar, vcetype) = (text(session, "depvar"), text(session, "vcetype"));
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    Table {
        title: &depvar,
        vce_title: &vcetype,
        ..Table::of_equations(&b.col_names, b.values(), &se, None, level)
    }
    .show(session);
    session.print("Note: The test of the variance against zero is one sided, and the two-sided");
    session.print("      confidence interval is truncated at zero.");
    Ok(())
}
