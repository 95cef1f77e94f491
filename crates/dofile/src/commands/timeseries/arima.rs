//! `arima`: regressions with (seasonal) ARMA errors by exact maximum likelihood, `predict` after it, and the
//! `tsappend` that makes room for forecasts. Formulas: [TS] arima, [TS] arima postestimation; numbers: `estimators::arima`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::arima_sample::{Sample, differenced_name};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::likelihood::iteration;
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::arima::{Arima, ArimaFit, Factor};
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

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != "arima" {
            return Err(StataError::no_estimates());
        }
        return show(session, cmd);
    }
    estimate(session, cmd)?;
    show(session, cmd)?;
    if session.e.results.get_scalar("converged") == Some(0.0) {
        return Err(StataError::not_converged());
    }
    Ok(())
}

/// The kind of `vce()`.
fn covariance_kind(cmd: &ParsedCommand) -> Result<&'static str> {
    match cmd.options.text("vce").map(str::trim) {
        None if cmd.has("robust") => Ok("robust"),
        None | Some("opg") => Ok("opg"),
        Some("oim") => Ok("oim"),
        Some(text) if !text.is_empty() && "robust".starts_with(text) => Ok("robust"),
        Some(text) => Err(StataError::unsupported_option("arima", &format!("vce({text})"))),
    }
}

/// The covariance of the coefficients in their own units.
fn covariance(model: &Arima<'_>, fit: &ArimaFit, kind: &str, n: f64) -> Result<Mat> {
    let outer = fit.scores.transpose().times(&fit.scores);
    let whole = |m: &Mat| m.inverse_definite().filter(|_| !model.on_unit_circle(&fit.b));
    let inverse = |m: &Mat| {
        let found = whole(m).or_else(|| model.inverse_without_flat(m));
        found.ok_or_else(|| StataError::new(504, "the covariance of the estimates is singular"))
    };
    let v = match kind {
        "opg" => inverse(&outer)?,
        "oim" => inverse(&fit.information)?,
        // the factor N/(N-1) of [P] _robust
        _ => inverse(&fit.information)?.sandwich(&outer).scaled(n / (n - 1.0)),
    };
    Ok(fit.to_raw.sandwich(&v))
}

/// Names of the coefficients: regressors and constant, the factors, the standard deviation.
fn stripe(sample: &Sample, request: &Request, constant: bool) -> Vec<Stripe> {
    // an equation is named by the variable without its operators
    let equation = sample.depvar.rsplit('.').next().unwrap_or("");
    let of_outcome = |name: String| Stripe::with_eq(equation, name);
    let mut stripe: Vec<Stripe> =
        sample.regressors.iter().map(|x| of_outcome(differenced_name(x, request.difference))).collect();
    stripe.extend(constant.then(|| of_outcome("_cons".to_string())));
    for factor in &request.factors {
        let eq = if factor.season == 1 { "ARMA".to_string() } else { format!("ARMA{}", factor.season) };
        let lag = |l: &usize| if *l == 1 { "L".to_string() } else { format!("L{l}") };
        stripe.extend(factor.ar.iter().map(|l| Stripe::with_eq(eq.clone(), format!("{}.ar", lag(l)))));
        stripe.extend(factor.ma.iter().map(|l| Stripe::with_eq(eq.clone(), format!("{}.ma", lag(l)))));
    }
    stripe.push(Stripe::with_eq("/", "sigma"));
    stripe
}

fn print_log(session: &mut Session, log: &[f64]) {
    session.print("");
    session.print("(setting optimization to BHHH)");
    for (i, ll) in log.iter().enumerate() {
        if i == 5 {
            session.print("(switching optimization to Newton–Raphson)");
        }
        session.print(format!("{}Log likelihood = {:>10}", iteration(i), format::bare("%10.0g", *ll)));
    }
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let request = request(cmd)?;
    let kind = covariance_kind(cmd)?;
    let constant = !cmd.has("noconstant");
    let mut sample = Sample::read(session, cmd, request.difference)?;
    if sample.gaps > 0 {
        session.print("");
        session.print(format!("Number of gaps in sample = {}", sample.gaps));
        session.print("(note: filtering over missing observations)");
    }
    sample.omit(session, request.difference, constant);
    let ones = vec![1.0; sample.y.len()];
    let x = sample.x.iter().map(Vec::as_slice).chain(constant.then_some(ones.as_slice())).collect();
    let model =
        Arima { y: &sample.y, x, factors: request.factors.clone(), conditional: cmd.has("condition") };
    if sample.rows.len() <= model.size() {
        return Err(StataError::insufficient_observations());
    }
    let iterations = cmd.options.int("iterate").map_or(300, |i| i.max(1) as usize);
    let fit = model.maximise(iterations).ok_or_else(StataError::not_converged)?;
    if session.shows_log(|o| cmd.has(o)) {
        print_log(session, &fit.log);
    }
    let v = covariance(&model, &fit, kind, sample.rows.len() as f64)?;
    let mut est = Estimation::default();
    let r = &mut est.results;
    post_coefficients(r, stripe(&sample, &request, constant), &fit.b, &v);
    r.text("cmd", "arima").text("cmdline", crate::estimation::post::command_line(cmd));
    r.text("depvar", differenced_name(&sample.depvar, request.difference));
    r.text("title", "ARIMA regression").text("predict", "arima_p").text("vce", kind);
    let vcetype = match kind {
        "opg" => "OPG",
        "oim" => "",
        _ => "Semirobust",
    };
    r.text("vcetype", vcetype);
    r.scalar("N", sample.rows.len() as f64).scalar("N_gaps", sample.gaps as f64).scalar("ll", fit.ll);
    r.scalar("ic", (fit.log.len() - 1) as f64).scalar("converged", f64::from(u8::from(fit.converged)));
    let longest = |lags: fn(&Factor) -> &[usize]| {
        let own = request.factors.iter().flat_map(|f| lags(f).iter().map(|l| l * f.season));
        own.max().unwrap_or(0) as f64
    };
    r.scalar("ar_max", longest(|f| &f.ar)).scalar("ma_max", longest(|f| &f.ma));
    sample.post_times(session, r)?;
    est.extra = Some(Arc::new(State {
        factors: request.factors,
        regressors: sample.regressors,
        constant,
        depvar: sample.depvar,
        difference: request.difference,
        conditional: cmd.has("condition"),
    }));
    let mut mark = vec![false; session.frame.n_rows()];
    sample.rows.iter().for_each(|r| mark[*r] = true);
    session.post_estimation(est, mark);
    Ok(())
}

/// Stores coefficients, their covariance, and the test of all but constant and standard deviation.
fn post_coefficients(r: &mut Results, stripe: Vec<Stripe>, b: &[f64], v: &Mat) {
    let size = b.len();
    let tested: Vec<usize> =
        (0..size - 1).filter(|i| stripe[*i].name != "_cons" && v[(*i, *i)] > 0.0).collect();
    let test = wald::test_zero(b, v, &tested);
    r.matrix("b", Matrix::row_vector(b.to_vec(), stripe.clone()));
    r.matrix("V", Matrix::square(v.data().to_vec(), stripe));
    r.scalar("sigma", b[size - 1]).scalar("k", size as f64).scalar("rank", size as f64);
    r.scalar("df_m", test.df as f64).scalar("chi2", test.chi2);
    r.scalar("p", if test.df == 0 { MISSING } else { test.p(None) });
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let (b, v) = session.e.b_and_v()?;
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
