//! `xtabond`: difference GMM for a panel with lags of the outcome; `estat abond` and `estat sargan`.
//!
//! Stores in `e()`: N N_g g_min g_avg g_max chi2 df_m p sargan sig2 zrank rank artests, b, V, cmd depvar ivar tvar
//! twostep vce vcetype. Formulas: [XT] xtabond; Arellano and Bond (1991), Windmeijer (2005).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::clogit::store_sizes;
use crate::error::{Result, StataError};
use crate::estimation::display::{level, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::linear::same_term;
use crate::estimation::model::{Reading, VceSpec};
use crate::estimation::post::{self, Parameters, plain_stripe};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::{MISSING, is_missing};
use estimators::distributions::{chi2_tail, normal_two_sided};
use estimators::matrix::Mat;
use estimators::panel_gmm::{GmmFit, Steps, Unit, fit};
use estimators::qr::{Design as Columns, choose_columns};
use estimators::wald;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("LAgs"),
    OptSpec::int("MAXLDep"),
    OptSpec::int("MAXLAgs"),
    OptSpec::text("pre"),
    OptSpec::text("ENDogenous"),
    OptSpec::flag("TWOstep"),
    OptSpec::text("vce"),
    OptSpec::flag("noCONstant"),
    OptSpec::real("Level"),
    OptSpec::int("ARTests"),
])
.unsupported(&["INST", "DIFFvars", "COEFLegend", "BASElevels"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtabond",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "xtabond depvar [indepvars] [if] [in], noconstant [lags(#) maxldep(#) maxlags(#) pre(varlist) endogenous(varlist) twostep vce(gmm|robust) artests(#) level(#)]",
    notes: "the constant of the level equation is not estimated: noconstant is needed; stores e(N N_g chi2 p sargan sig2 zrank rank), e(b), e(V), r(table); estat abond, estat sargan; formulas: [XT] xtabond, Arellano and Bond (1991), Windmeijer (2005)",
    examples: &[Example {
        // Three periods: one equation per unit and one instrument, sum(y1 dy3) / sum(y1 dy2).
        run: "input id t y\n1 1 1\n1 2 3\n1 3 4\n2 1 2\n2 2 3\n2 3 5\n3 1 1\n3 2 2\n3 3 3\nend\nxtset id t\nxtabond y, noconstant",
        expect: &[("_b[L.y]", 6.0 / 5.0), ("e(N)", 3.0), ("e(zrank)", 1.0)],
    }],
};

/// State for the tests, in addition to `e()`.
pub(super) struct GmmState {
    units: Vec<Unit>,
    fit: GmmFit,
}

/// Values of a column by unit and period.
type ByUnit = Vec<BTreeMap<i64, f64>>;

/// Rows of the panel: unit number and period of each row in use.
struct Place {
    of_row: BTreeMap<usize, (usize, i64)>,
    units: usize,
}

fn places(session: &Session, panel: &Panel, touse: &[bool]) -> Result<Place> {
    let unit =
        panel.panel.ok_or_else(|| StataError::new(459, "panel variable not set; use xtset varname ..."))?;
    let time = panel
        .time
        .ok_or_else(|| StataError::new(459, "time variable not set; use xtset panelvar timevar"))?;
    let (id, t) = (session.frame.numeric(unit)?, session.frame.numeric(time)?);
    let mut numbers: BTreeMap<u64, usize> = BTreeMap::new();
    let mut of_row = BTreeMap::new();
    for row in (0..touse.len()).filter(|r| touse[*r] && !is_missing(id[*r]) && !is_missing(t[*r])) {
        let next = numbers.len();
        let number = *numbers.entry((id[row] + 0.0).to_bits()).or_insert(next);
        of_row.insert(row, (number, (t[row] / panel.delta).round() as i64));
    }
    Ok(Place { of_row, units: numbers.len() })
}

impl Place {
    /// Spreads the values of rows over units and periods; missing ones are left out.
    fn spread(&self, rows: &[usize], values: &[f64]) -> ByUnit {
        let mut out = vec![BTreeMap::new(); self.units];
        for (row, value) in rows.iter().zip(values) {
            if let Some((unit, period)) = self.of_row.get(row).filter(|_| !is_missing(*value)) {
                out[*unit].insert(*period, *value);
            }
        }
        out
    }
}

/// Names and values of a list over all rows in use.
fn columns(
    session: &Session,
    text: &str,
    touse: &[bool],
    place: &Place,
) -> Result<Vec<(crate::syntax::Term, ByUnit)>> {
    let list = FvList::parse(&session.frame, text, session.settings.varabbrev)?;
    let mut complete = touse.to_vec();
    list.markout(&session.frame, &mut complete)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    list.expand(&session.frame, &complete)?
        .into_iter()
        .filter(|t| !t.is_omitted())
        .map(|t| {
            let values = t.values(&session.frame, &rows)?;
            Ok((t, place.spread(&rows, &values)))
        })
        .collect()
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "xtabond" {
        return display(session, cmd);
    }
    if !cmd.has("noconstant") {
        return Err(StataError::unsupported_option("xtabond", "a constant; add noconstant"));
    }
    estimate(session, cmd)?;
    display(session, cmd)
}

fn positive(cmd: &ParsedCommand, option: &str, default: i64) -> Result<i64> {
    match cmd.options.int(option) {
        Some(value) if value < 1 => Err(StataError::invalid(format!("{option}() must be at least 1"))),
        Some(value) => Ok(value),
        None => Ok(default),
    }
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let lags = positive(cmd, "lags", 1)?;
    let most_y = positive(cmd, "maxldep", i64::MAX)?;
    let most_x = positive(cmd, "maxlags", i64::MAX)?;
    let robust = match cmd.options.text("vce").map(str::trim) {
        None | Some("gmm") => false,
        Some(v) if !v.is_empty() && "robust".starts_with(v) => true,
        Some(v) => return Err(StataError::invalid(format!("vcetype '{v}' not allowed"))),
    };
    for option in ["pre", "endogenous"] {
        if cmd.options.text(option).is_some_and(|t| t.contains(',')) {
            return Err(StataError::unsupported_option("xtabond", &format!("{option}(, lagstruct())")));
        }
    }
    let panel = Panel::of(&session.frame)?;
    let touse = session.rows(cmd)?;
    let place = places(session, &panel, &touse)?;
    let (first, rest) = crate::estimation::model::first_word(&cmd.list);
    if first.is_empty() {
        return Err(StataError::standard(100));
    }
    let outcome = columns(session, first, &touse, &place)?;
    let [(depvar, y)] = outcome.as_slice() else {
        return Err(StataError::new(198, "depvar may not be a factor variable"));
    };
    let exogenous = columns(session, rest, &touse, &place)?;
    let predetermined = columns(session, cmd.options.text("pre").unwrap_or(""), &touse, &place)?;
    let endogenous = columns(session, cmd.options.text("endogenous").unwrap_or(""), &touse, &place)?;
    let regressors: Vec<&(crate::syntax::Term, ByUnit)> =
        exogenous.iter().chain(&predetermined).chain(&endogenous).collect();
    for (i, a) in regressors.iter().enumerate() {
        if regressors[..i].iter().any(|b| same_term(&a.0, &b.0)) {
            return Err(StataError::new(198, format!("{} is listed twice", a.0.name())));
        }
    }
    let lagged = lagged_names(&depvar.name(), lags);
    let mut names = lagged;
    names.extend(regressors.iter().map(|r| r.0.name()));
    // Instruments of GMM type: levels of a variable from a first lag on, at most so many lags.
    let mut gmm: Vec<(&ByUnit, i64, i64)> = vec![(y, 2, most_y)];
    gmm.extend(predetermined.iter().map(|p| (&p.1, 1, most_x)));
    gmm.extend(endogenous.iter().map(|p| (&p.1, 2, most_x)));
    let x: Vec<&ByUnit> = regressors.iter().map(|r| &r.1).collect();
    let standard: Vec<&ByUnit> = exogenous.iter().map(|r| &r.1).collect();
    let (units, rows) = equations(y, &x, &standard, &gmm, lags, place.units);
    if units.is_empty() {
        return Err(StataError::new(2000, "no observations"));
    }
    let (units, kept, omitted) = without_collinear(units, names.len());
    post::note_omitted(session, &omitted.iter().map(|i| names[*i].clone()).collect::<Vec<String>>());
    if kept.is_empty() {
        return Err(StataError::new(2001, "insufficient observations"));
    }
    let steps = if cmd.has("twostep") { Steps::Two } else { Steps::One };
    let fitted = fit(&units, steps, robust)
        .ok_or_else(|| StataError::new(481, "model not identified: fewer instruments than parameters"))?;
    let sample = sample_rows(&touse, &place, &rows);
    let reading = Reading { vce: Some(VceSpec::Default), list: first, ..Reading::new(cmd) };
    let model = reading.model(session)?;
    let names: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(i, n)| if omitted.contains(&i) { format!("o.{n}") } else { n.clone() })
        .collect();
    let parameters = Parameters::spread(plain_stripe(names), &kept, &fitted.b, &fitted.v);
    let mut est = post::begin("xtabond", &post::command_line(cmd), &parameters, &model);
    store(&mut est.results, &fitted, &units, robust, steps);
    let name = |v: Option<usize>| v.map_or(String::new(), |v| session.frame.var(v).name.clone());
    est.results.text("ivar", name(panel.panel)).text("tvar", name(panel.time));
    est.results.scalar("artests", cmd.options.int("artests").unwrap_or(2).max(1) as f64);
    est.extra = Some(Arc::new(GmmState { units, fit: fitted }));
    session.post_estimation(est, sample);
    Ok(())
}

/// `L.y`, `L2.y` and so on; lags of an outcome that has operators itself are combined.
fn lagged_names(depvar: &str, lags: i64) -> Vec<String> {
    (1..=lags)
        .map(|j| {
            let lag = if j == 1 { "L".to_string() } else { format!("L{j}") };
            if depvar.contains('.') { format!("{lag}{depvar}") } else { format!("{lag}.{depvar}") }
        })
        .collect()
}

/// Differenced equations of all units that have one, and their places.
fn equations(
    y: &ByUnit,
    x: &[&ByUnit],
    standard: &[&ByUnit],
    gmm: &[(&ByUnit, i64, i64)],
    lags: i64,
    count: usize,
) -> (Vec<Unit>, BTreeSet<(usize, i64)>) {
    let change = |v: &BTreeMap<i64, f64>, t: i64| Some(v.get(&t)? - v.get(&(t - 1))?);
    let mut periods: Vec<Vec<i64>> = Vec::with_capacity(count);
    let mut used = BTreeSet::new();
    for unit in 0..count {
        let complete = |t: &i64| {
            (0..=lags).all(|j| change(&y[unit], t - j).is_some())
                && x.iter().all(|c| change(&c[unit], *t).is_some())
        };
        let mine: Vec<i64> = y[unit].keys().copied().filter(complete).collect();
        mine.iter().for_each(|t| {
            used.insert((unit, *t));
        });
        periods.push(mine);
    }
    // One instrument column per variable, period of the equation and lag that some unit has.
    let mut slots: BTreeMap<(usize, i64, i64), usize> = BTreeMap::new();
    let lag_of = |v: usize, unit: usize, t: i64| {
        let (values, first, most) = gmm[v];
        values[unit]
            .range(..=t - first)
            .map(move |(s, value)| (t - s, *value))
            .filter(move |(lag, _)| lag - first < most)
    };
    for (unit, mine) in periods.iter().enumerate() {
        for t in mine {
            for v in 0..gmm.len() {
                for (lag, _) in lag_of(v, unit, *t) {
                    let next = slots.len();
                    slots.entry((v, *t, lag)).or_insert(next);
                }
            }
        }
    }
    let width = slots.len() + standard.len();
    let mut units = Vec::new();
    for (unit, mine) in periods.iter().enumerate().filter(|(_, m)| !m.is_empty()) {
        let dy = |t: i64| change(&y[unit], t).expect("the equation is complete");
        let mut regressors = Mat::zeros(mine.len(), lags as usize + x.len());
        let mut z = Mat::zeros(mine.len(), width);
        for (r, t) in mine.iter().enumerate() {
            for j in 1..=lags {
                regressors[(r, j as usize - 1)] = dy(t - j);
            }
            for (c, column) in x.iter().enumerate() {
                regressors[(r, lags as usize + c)] =
                    change(&column[unit], *t).expect("the equation is complete");
            }
            for v in 0..gmm.len() {
                for (lag, value) in lag_of(v, unit, *t) {
                    z[(r, slots[&(v, *t, lag)])] = value;
                }
            }
            for (c, column) in standard.iter().enumerate() {
                z[(r, slots.len() + c)] = change(&column[unit], *t).expect("the equation is complete");
            }
        }
        units.push(Unit {
            periods: mine.clone(),
            y: mine.iter().map(|t| dy(*t)).collect(),
            x: regressors,
            z,
        });
    }
    (units, used)
}

/// Leaves out differenced regressors that are collinear.
fn without_collinear(mut units: Vec<Unit>, width: usize) -> (Vec<Unit>, Vec<usize>, Vec<usize>) {
    let columns: Vec<Vec<f64>> = (0..width)
        .map(|j| units.iter().flat_map(|u| (0..u.y.len()).map(move |r| u.x[(r, j)])).collect())
        .collect();
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let (kept, omitted) = choose_columns(Columns { columns: &views, weights: None, constant: false });
    if !omitted.is_empty() {
        for unit in &mut units {
            let rows: Vec<usize> = (0..unit.y.len()).collect();
            unit.x = unit.x.select(&rows, &kept);
        }
    }
    (units, kept, omitted)
}

fn sample_rows(touse: &[bool], place: &Place, used: &BTreeSet<(usize, i64)>) -> Vec<bool> {
    (0..touse.len()).map(|r| touse[r] && place.of_row.get(&r).is_some_and(|p| used.contains(p))).collect()
}

fn store(results: &mut Results, fit: &GmmFit, units: &[Unit], robust: bool, steps: Steps) {
    let all: Vec<usize> = (0..fit.b.len()).collect();
    let test = wald::test_zero(&fit.b, &fit.v, &all);
    let rows: Vec<Vec<usize>> = units.iter().map(|u| (0..u.y.len()).collect()).collect();
    store_sizes(results, &rows);
    results.scalar("N", fit.n as f64).scalar("df_m", test.df as f64).scalar("chi2", test.chi2);
    results.scalar("p", chi2_tail(test.df as f64, test.chi2)).text("chi2type", "Wald");
    results.scalar("sargan", fit.sargan).scalar("sig2", fit.sigma2).scalar("zrank", fit.rank as f64);
    results.scalar("rank", fit.b.len() as f64).text("properties", "b V").text("predict", "xtabond_p");
    results
        .text("transform", "first differences")
        .text("title", "Arellano-Bond dynamic panel-data estimation");
    if steps == Steps::Two {
        results.text("twostep", "twostep");
    }
    if robust {
        results
            .text("vce", "robust")
            .text("vcetype", if steps == Steps::Two { "WC-Robust" } else { "Robust" });
    } else {
        results.text("vce", "gmm");
    }
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let left = [
        text("title"),
        format!("Group variable: {}", text("ivar")),
        format!("Time variable: {}", text("tvar")),
    ];
    let facts = [
        Fact::observations(scalar("N")),
        Fact::new("Number of groups", "%10.0fc", scalar("N_g")),
        Fact::new("Obs per group: min", "%10.0fc", scalar("g_min")),
        Fact::new("               avg", "%10.1fc", scalar("g_avg")),
        Fact::new("               max", "%10.0fc", scalar("g_max")),
    ];
    let test = [
        Fact::statistic("Wald chi2", &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    let instruments = format!("Number of instruments = {:>6}", format::bare("%6.0f", scalar("zrank")));
    let two = text("twostep") == "twostep";
    let steps = if two { "Two-step results" } else { "One-step results" };
    let robust = text("vce") == "robust";
    session.print("");
    show(session, &left, &facts, 18, 10);
    session.print("");
    show(session, &[instruments, String::new()], &test, 18, 10);
    session.print(steps);
    show_active(session, level, None)?;
    if two && !robust {
        session.print(
            "Warning: gmm two-step standard errors are biased; robust standard errors are recommended.",
        );
    }
    Ok(())
}

fn state(session: &Session) -> Result<Arc<dyn std::any::Any + Send + Sync>> {
    session
        .e
        .extra
        .clone()
        .filter(|e| e.is::<GmmState>())
        .ok_or_else(|| StataError::new(301, "last estimates not found"))
}

/// `estat abond`: tests of no serial correlation in the differenced errors.
pub(crate) fn abond(session: &mut Session, orders: Option<i64>) -> Result<()> {
    let extra = state(session)?;
    let Some(state) = extra.downcast_ref::<GmmState>() else { return Ok(()) };
    let most = orders.unwrap_or(session.e.results.get_scalar("artests").unwrap_or(2.0) as i64).max(1);
    session.print("");
    session.print("Arellano-Bond test for zero autocorrelation in first-differenced errors");
    session.print("H0: No autocorrelation");
    session.print("");
    session.print("  +-----------------------+");
    session.print("  |Order |  z     Prob > z|");
    session.print("  |------+----------------|");
    let mut rows = Vec::new();
    for order in 1..=most {
        let z = state.fit.serial_correlation(&state.units, order).unwrap_or(MISSING);
        let p = if is_missing(z) { MISSING } else { normal_two_sided(z) };
        session.print(format!(
            "  |  {order:<3} |{:>8} {:>7}|",
            format::bare("%7.0g", z),
            format::bare("%6.4f", p)
        ));
        rows.push([order as f64, z, p]);
    }
    session.print("  +-----------------------+");
    let mut results = Results::default();
    let mut matrix = Matrix::new(rows.len(), 3, rows.concat());
    matrix.col_names = ["order", "z", "p"].map(Stripe::term).to_vec();
    for row in &rows {
        results.scalar(&format!("m{}", row[0]), row[1]).scalar(&format!("p{}", row[0]), row[2]);
    }
    session.r = results;
    session.r.matrix("arm", matrix);
    Ok(())
}

/// `estat sargan`: test of the overidentifying restrictions.
pub(crate) fn sargan(session: &mut Session) -> Result<()> {
    state(session)?;
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let two = e.get_text("twostep").is_some();
    if !two && e.get_text("vce") == Some("robust") {
        return Err(StataError::new(322, "cannot calculate Sargan test with vce(robust)"));
    }
    let df = scalar("zrank") - scalar("rank");
    if df <= 0.0 {
        return Err(StataError::new(322, "the model is exactly identified: no overidentifying restrictions"));
    }
    let (chi2, p) = (scalar("sargan"), chi2_tail(df, scalar("sargan")));
    session.print("");
    session.print("Sargan test of overidentifying restrictions");
    session.print("H0: Overidentifying restrictions are valid");
    session.print("");
    session.print(format!("        chi2({df})      =  {}", format::number("%9.0g", chi2)));
    session.print(format!("        Prob > chi2  =    {}", format::bare("%6.4f", p)));
    let mut results = Results::default();
    results.scalar("chi2", chi2).scalar("df", df).scalar("p", p);
    session.r = results;
    Ok(())
}
