//! `ucm`: unobserved-components models ([TS] ucm). Numbers: `estimators::unobserved_components`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::sample_table::show_sample;
use super::series;
use crate::error::{Result, StataError};
use crate::estimation::post::command_line;
use crate::matrix::{Matrix, Stripe};
use crate::ops::predict::{Prediction, add, chosen, column, new_names};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::unobserved_components::{Components, ComponentsFit, Trend};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("MODel"),
    OptSpec::int("SEASonal"),
    OptSpec::text("CYCle"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::int("ITERate"),
])
.searched()
.unsupported(&["CONSTraints", "FRom"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ucm",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "ucm depvar [indepvars] [if] [in] [, model(rwalk|none|ntrend|dconstant|llevel|dtrend|lldtrend|rwdrift|lltrend|strend|rtrend) seasonal(#) cycle(1) vce(oim) level(#)]",
    notes: "after tsset, without gaps; one cycle of order one, whose starting frequencies are searched; level and slope, also fixed ones, and seasonal start diffuse; the exact initial Kalman filter, in which each observation counts with ln(2*pi); a variance at zero has no standard error; no iteration log; stores e(N k df_m ll chi2 p rank ic converged tmin tmax), e(b) with the equations depvar, cycle1 and Variance, e(V), e(model), r(table); predict: xb, residuals, rstandard, one step ahead; no components, forecasts or estat; [TS] ucm, Harvey (1989)",
    examples: &[Example {
        // a random walk: the variance is the mean squared change, and there is one observation less
        run: "set obs 5\ngenerate t = _n\ntsset t\ngenerate y = cond(_n < 3, _n, 6 - _n)\nreplace y = 7 in 5\nucm y\npredict double p\npredict double e, residuals",
        expect: &[
            ("reldif(_b[Variance:level], (1 + 1 + 1 + 25)/4) < 1e-6", 1.0),
            ("reldif(e(ll), -2.5*ln(2*_pi) - 2*ln(7) - 2) < 1e-9", 1.0),
            ("reldif(_se[Variance:level], 7/sqrt(2)) < 1e-5", 1.0),
            ("p[5]", 2.0),
            ("e[5]", 5.0),
        ],
    }],
};

/// Names of the models of the trend, what they are called, and their parts.
const MODELS: [(&str, &str, Trend); 11] = {
    const fn parts(level: [bool; 2], slope: [bool; 2], irregular: bool) -> Trend {
        Trend { level: level[0], slope: slope[0], level_moves: level[1], slope_moves: slope[1], irregular }
    }
    const NO: [bool; 2] = [false, false];
    const FIXED: [bool; 2] = [true, false];
    const MOVES: [bool; 2] = [true, true];
    [
        ("none", "", parts(NO, NO, false)),
        ("ntrend", "no trend", parts(NO, NO, true)),
        ("dconstant", "deterministic constant", parts(FIXED, NO, true)),
        ("llevel", "local level", parts(MOVES, NO, true)),
        ("dtrend", "deterministic trend", parts(FIXED, FIXED, true)),
        ("lldtrend", "local level with deterministic trend", parts(MOVES, FIXED, true)),
        ("rwalk", "random walk", parts(MOVES, NO, false)),
        ("rwdrift", "random walk with drift", parts(MOVES, FIXED, false)),
        ("lltrend", "local linear trend", parts(MOVES, MOVES, true)),
        ("strend", "smooth trend", parts(FIXED, MOVES, true)),
        ("rtrend", "random trend", parts(FIXED, MOVES, false)),
    ]
};

/// What the options say.
struct Plan {
    model: &'static str,
    trend: Trend,
    seasonal: Option<usize>,
    cycle: bool,
}

impl Plan {
    fn read(cmd: &ParsedCommand) -> Result<Self> {
        if let Some(vce) = cmd.options.text("vce").map(str::trim).filter(|v| *v != "oim") {
            return Err(StataError::unsupported_option("ucm", &format!("vce({vce})")));
        }
        let model = cmd.options.text("model").unwrap_or("rwalk").trim();
        let cycle = match cmd.options.text("cycle").map(str::trim) {
            None => false,
            Some("1") => true,
            Some(text) => return Err(StataError::unsupported_option("ucm", &format!("cycle({text})"))),
        };
        Self::of(model, cmd.options.int("seasonal"), cycle)
    }

    fn of(model: &str, seasonal: Option<i64>, cycle: bool) -> Result<Self> {
        let found = MODELS.iter().find(|m| m.0 == model);
        let (model, _, trend) =
            *found.ok_or_else(|| StataError::invalid(format!("model({model}) invalid")))?;
        let seasonal = match seasonal {
            Some(periods) if periods < 2 => {
                return Err(StataError::new(198, "seasonal() must be at least 2"));
            }
            periods => periods.map(|p| p as usize),
        };
        if model == "none" && seasonal.is_none() && !cycle {
            return Err(StataError::new(198, "model(none) requires seasonal() or cycle()"));
        }
        Ok(Self { model, trend, seasonal, cycle })
    }

    fn components<'a>(&self, y: &'a [f64], x: Vec<&'a [f64]>) -> Components<'a> {
        Components { y, x, trend: self.trend, seasonal: self.seasonal, cycle: self.cycle }
    }

    /// The components in words.
    fn title(&self) -> String {
        let name = MODELS.iter().find(|m| m.0 == self.model).map_or("", |m| m.1);
        let mut parts: Vec<String> = (!name.is_empty()).then(|| name.to_string()).into_iter().collect();
        parts.extend(self.seasonal.map(|s| format!("seasonal({s})")));
        parts.extend(self.cycle.then(|| "order 1 cycle".to_string()));
        parts.join(", ")
    }

    /// Names of the parameters.
    fn names(&self, depvar: &str, x: &[String]) -> Vec<Stripe> {
        let mut out: Vec<Stripe> = x.iter().map(|name| Stripe::with_eq(depvar, name.clone())).collect();
        if self.cycle {
            out.extend(["frequency", "damping"].map(|name| Stripe::with_eq("cycle1", name)));
        }
        let variances = [
            (self.trend.level_moves, "level"),
            (self.trend.slope_moves, "slope"),
            (self.seasonal.is_some(), "seasonal"),
            (self.cycle, "cycle1"),
            (self.trend.irregular, "epsilon"),
        ];
        let on = variances.into_iter().filter(|v| v.0);
        out.extend(on.map(|(_, name)| Stripe::with_eq("Variance", name)));
        out
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != "ucm" {
            return Err(StataError::no_estimates());
        }
        return show(session, cmd);
    }
    let plan = Plan::read(cmd)?;
    let all = series::several(session, cmd, &cmd.list)?;
    let (y, x) = all.split_first().ok_or_else(|| StataError::standard(100))?;
    // a constant regressor is a part of the level
    let x = &series::explaining(session, x, plan.trend.level);
    let columns: Vec<&[f64]> = x.iter().map(|s| s.values.as_slice()).collect();
    let model = plan.components(&y.values, columns);
    let names: Vec<String> = x.iter().map(|s| s.name.clone()).collect();
    let stripe = plan.names(&y.name, &names);
    let diffuse =
        usize::from(plan.trend.level) + usize::from(plan.trend.slope) + plan.seasonal.map_or(0, |s| s - 1);
    if y.values.len() <= stripe.len() + diffuse {
        return Err(StataError::insufficient_observations());
    }
    let iterations = cmd.options.int("iterate").map_or(300, |i| i.max(1) as usize);
    let fit = model.maximise(iterations).ok_or_else(StataError::not_converged)?;
    let mut est = results(cmd, &plan, &fit, &y.name, &names, stripe);
    est.results.scalar("N", y.values.len() as f64);
    super::var_sample::span(session, &y.rows, &mut est.results)?;
    let mut mark = vec![false; session.frame.n_rows()];
    y.rows.iter().for_each(|r| mark[*r] = true);
    session.post_estimation(est, mark);
    show(session, cmd)?;
    if fit.converged { Ok(()) } else { Err(StataError::not_converged()) }
}

fn results(
    cmd: &ParsedCommand,
    plan: &Plan,
    fit: &ComponentsFit,
    depvar: &str,
    x: &[String],
    stripe: Vec<Stripe>,
) -> Estimation {
    let tested: Vec<usize> = (0..stripe.len()).filter(|i| stripe[*i].eq != "Variance").collect();
    let test = wald::test_zero(&fit.b, &fit.v, &tested);
    let mut equations: Vec<String> = stripe.iter().map(|s| s.eq.clone()).collect();
    equations.dedup();
    let mut est = Estimation::default();
    let r = &mut est.results;
    let size = stripe.len() as f64;
    let rank = (0..stripe.len()).filter(|i| fit.v[(*i, *i)] > 0.0).count();
    r.matrix("b", Matrix::row_vector(fit.b.clone(), stripe.clone()));
    r.matrix("V", Matrix::square(fit.v.data().to_vec(), stripe));
    r.text("cmd", "ucm").text("cmdline", command_line(cmd)).text("depvar", depvar);
    r.text("covariates", if x.is_empty() { "_NONE".to_string() } else { x.join(" ") });
    r.text("eqnames", equations.join(" ")).text("model", plan.model).text("components", plan.title());
    r.text("title", "Unobserved-components model").text("predict", "ucm_p").text("method", "dejong");
    r.text("chi2type", "Wald").text("vce", "oim").text("vcetype", "OIM").text("properties", "b V");
    r.scalar("k", size)
        .scalar("rank", rank as f64)
        .scalar("k_eq", equations.len() as f64)
        .scalar("k_dv", 1.0);
    r.scalar("k_cycles", f64::from(u8::from(plan.cycle))).scalar("ll", fit.ll);
    if let Some(periods) = plan.seasonal {
        r.scalar("seasonal", periods as f64);
    }
    let stationary = !plan.trend.level && plan.seasonal.is_none();
    r.scalar("stationary", f64::from(u8::from(stationary)));
    r.scalar("df_m", test.df as f64).scalar("chi2", if test.df == 0 { MISSING } else { test.chi2 });
    r.scalar("p", if test.df == 0 { MISSING } else { test.p(None) });
    r.scalar("ic", fit.iterations as f64).scalar("converged", f64::from(u8::from(fit.converged)));
    r.scalar("rc", if fit.converged { 0.0 } else { 430.0 });
    est
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let components = format!("Components: {}", session.e.results.get_text("components").unwrap_or(""));
    show_sample(session, cmd, &["Unobserved-components model", &components])?;
    if session.e.results.get_scalar("stationary") != Some(1.0) {
        session.print("Note: Model is not stationary.");
    }
    session.print("Note: Tests of variances against zero are one sided, and the two-sided");
    session.print("      confidence intervals are truncated at zero.");
    Ok(())
}

pub(super) const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("xb"), OptSpec::flag("Residuals"), OptSpec::flag("RSTAndard")])
        .unsupported(&["TREnd", "SEAsonal", "CYCle", "RMSE", "DYNamic", "SMEThod"]);

/// A statistic of the outcome, its innovation and the variance of the innovation.
type FromStep = fn(f64, f64, f64) -> f64;

/// `predict`: one step ahead in the estimation sample; the first rows, which the diffuse start takes, are missing.
pub(super) fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let statistic = chosen(cmd)?;
    let sample = session.estimation_sample().map_or_else(Vec::new, |s| s.to_vec());
    let rows = series::order(session, &sample, false)?;
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let e = &session.e.results;
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let b = session.e.b().ok_or_else(StataError::no_estimates)?;
    let seasonal = e.get_scalar("seasonal").map(|s| s as i64);
    let plan = Plan::of(&text("model"), seasonal, e.get_scalar("k_cycles") == Some(1.0))?;
    let y = column(&session.frame, &text("depvar"), &rows)?;
    let mut columns = Vec::new();
    for stripe in b.col_names.iter().filter(|s| s.eq != "Variance" && s.eq != "cycle1") {
        columns.push(column(&session.frame, &stripe.name, &rows)?);
    }
    let model = plan.components(&y, columns.iter().map(Vec::as_slice).collect());
    let steps = model
        .innovations(b.values())
        .ok_or_else(|| StataError::new(459, "the innovations cannot be computed"))?;
    let (value, label): (FromStep, &str) = match statistic {
        Some("residuals") => (|_, e, _| e, "residuals, one-step"),
        Some("rstandard") => (|_, e, f| e / f.sqrt(), "standardized residuals, one-step"),
        _ => (|y, e, _| y - e, "xb prediction, one-step"),
    };
    if statistic.is_none() {
        session.print("(option xb assumed)");
    }
    let wanted = session.rows(cmd)?;
    let mut spread = vec![MISSING; session.frame.n_rows()];
    for ((row, y), step) in rows.iter().zip(&y).zip(steps) {
        spread[*row] = step.map_or(MISSING, |(e, f)| value(*y, e, f));
    }
    let kept: Vec<usize> = (0..wanted.len()).filter(|row| wanted[*row]).collect();
    let values = kept.iter().map(|row| spread[*row]).collect();
    add(session, name, kind, &kept, Prediction { values, label: label.to_string() })
}
