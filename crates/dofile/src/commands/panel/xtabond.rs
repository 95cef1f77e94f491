//! `xtabond` and `xtdpdsys`: GMM for a panel with lags of the outcome, from equations in differences, and in differences
//! and levels. The equations are built in `dynamic`.
//!
//! Stores in `e()`: N N_g g_min g_avg g_max chi2 df_m p sargan sig2 rss zrank rank artests, b, V, cmd depvar ivar tvar
//! twostep vce vcetype. Formulas: [XT] xtabond, [XT] xtdpdsys; Arellano and Bond (1991), Blundell and Bond (1998),
//! Windmeijer (2005).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::dynamic::{Dynamics, Equations, Levels, without_collinear};
use super::xtreg_show::{Heading, panel_heading};
use crate::error::{Result, StataError};
use crate::estimation::display::{level, moments_error, show_active};
use crate::estimation::header::Fact;
use crate::estimation::linear::same_term;
use crate::estimation::model::{Reading, VceSpec, first_word};
use crate::estimation::post::{self, Parameters, plain_stripe};
use crate::format;
use crate::ops::by_period::{ByUnit, Place, columns, places, sample_rows, sizes};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::Term;
use crate::syntax::options::{OptSpec, abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::panel_gmm::{GmmFit, Steps, Unit, fit};
use estimators::wald;
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("LAgs"),
    OptSpec::int("MAXLDep"),
    OptSpec::int("MAXLAgs"),
    OptSpec::texts("pre"),
    OptSpec::texts("ENDogenous"),
    OptSpec::flag("TWOstep"),
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::flag("noCONstant"),
    OptSpec::real("Level"),
    OptSpec::int("ARTests"),
])
.coefficient_table()
.unsupported(&["INST", "DIFFvars"]);

/// Equations in differences.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtabond",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: |session, cmd| run(session, cmd, Kind::Differences),
    syntax: "xtabond depvar [indepvars] [if] [in] [, noconstant lags(#) maxldep(#) maxlags(#) pre(varlist [, lagstruct(#,#)]) endogenous(varlist [, lagstruct(#,#)]) twostep vce(gmm|robust) artests(#) level(#)]",
    notes: "stores e(N N_g chi2 p sargan sig2 rss zrank rank), e(b), e(V), r(table); estat abond, estat sargan; formulas: [XT] xtabond, Arellano and Bond (1991), Windmeijer (2005)",
    examples: &[Example {
        // Three periods: one equation per unit and one instrument, sum(y1 dy3) / sum(y1 dy2).
        run: "input id t y\n1 1 1\n1 2 3\n1 3 4\n2 1 2\n2 2 3\n2 3 5\n3 1 1\n3 2 2\n3 3 3\nend\nxtset id t\nxtabond y, noconstant",
        expect: &[("_b[L.y]", 6.0 / 5.0), ("e(N)", 3.0), ("e(zrank)", 1.0)],
    }],
};

/// Equations in differences and levels.
pub(super) const SPEC_SYSTEM: CommandSpec = CommandSpec {
    name: "xtdpdsys",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: |session, cmd| run(session, cmd, Kind::System),
    syntax: "xtdpdsys depvar [indepvars] [if] [in] [, noconstant lags(#) maxldep(#) maxlags(#) pre(varlist [, lagstruct(#,#)]) endogenous(varlist [, lagstruct(#,#)]) twostep vce(gmm|robust) artests(#) level(#)]",
    notes: "errors in levels are independent of the differenced ones in the weights of the first step; stores e(N N_g chi2 p sargan sig2 rss zrank rank), e(b), e(V), r(table); estat abond, estat sargan; formulas: [XT] xtdpdsys, Blundell and Bond (1998), Windmeijer (2005)",
    examples: &[Example {
        // Three periods: one instrument in the differences of period 3, one in the levels of period 3.
        run: "input id t y\n1 1 1\n1 2 3\n1 3 4\n2 1 2\n2 2 3\n2 3 5\n3 1 1\n3 2 2\n3 3 3\n4 1 2\n4 2 5\n4 3 7\nend\nxtset id t\nxtdpdsys y",
        expect: &[("e(N)", 8.0), ("e(zrank)", 3.0), ("e(rank)", 2.0)],
    }],
};

/// The two commands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Differences,
    System,
}

impl Kind {
    fn command(self) -> &'static str {
        if self == Self::System { "xtdpdsys" } else { "xtabond" }
    }
}

/// State for the tests, in addition to `e()`.
pub(super) struct GmmState {
    pub(super) units: Vec<Unit>,
    pub(super) fit: GmmFit,
}

fn run(session: &mut Session, cmd: &ParsedCommand, kind: Kind) -> Result<()> {
    if !cmd.list.trim().is_empty() || session.e.cmd() != kind.command() {
        estimate(session, cmd, kind)?;
    }
    display(session, cmd)
}

fn positive(cmd: &ParsedCommand, option: &str, default: i64) -> Result<i64> {
    match cmd.options.int(option) {
        Some(value) if value < 1 => Err(StataError::invalid(format!("{option}() must be at least 1"))),
        Some(value) => Ok(value),
        None => Ok(default),
    }
}

/// Regressors of one kind: their terms with values, and the variables whose levels are instruments.
#[derive(Default)]
struct Regressors {
    terms: Vec<(Term, ByUnit)>,
    instruments: Vec<Own>,
}

/// A variable whose own levels are instruments.
struct Own {
    values: ByUnit,
    /// Lag of the first and the last level.
    first: i64,
    most: i64,
    /// Lags of the variable that are regressors; its differences are instruments of the levels so much later.
    lags: i64,
}

/// Reads every `pre()` or `endogenous()` of a command.
fn with_own_instruments(
    session: &Session,
    cmd: &ParsedCommand,
    option: &str,
    limits: (i64, i64),
    touse: &[bool],
    place: &Place,
) -> Result<Regressors> {
    let mut all = Regressors::default();
    for text in cmd.options.texts(option) {
        let one = one_list(session, (option, text), limits, touse, place)?;
        all.terms.extend(one.terms);
        all.instruments.extend(one.instruments);
    }
    Ok(all)
}

/// Reads one `pre()` or `endogenous()`: variables, the lags of them that are regressors, and the most lags as instruments.
fn one_list(
    session: &Session,
    (option, text): (&str, &str),
    (first, most): (i64, i64),
    touse: &[bool],
    place: &Place,
) -> Result<Regressors> {
    let (list, rest) = front_and_options(text);
    let wrong = || StataError::invalid(format!("option {option}() incorrectly specified"));
    let (mut lags, mut most) = (0, most);
    for (name, argument) in split_options(rest)? {
        let Some(argument) = argument.filter(|_| abbreviates(&name, "LAGstruct")) else {
            return Err(wrong());
        };
        let parts: Vec<&str> = argument.split(',').map(str::trim).collect();
        let [regressors, instruments] = parts[..] else { return Err(wrong()) };
        lags = regressors.parse::<i64>().ok().filter(|l| *l >= 0).ok_or_else(wrong)?;
        if instruments != "." {
            most = instruments.parse::<i64>().ok().filter(|m| *m > 0).ok_or_else(wrong)?;
        }
    }
    if list.is_empty() {
        return Ok(Regressors::default());
    }
    let instruments = columns(session, list, touse, place)?;
    let terms = if lags == 0 {
        columns(session, list, touse, place)?
    } else {
        columns(session, &format!("L(0/{lags}).({list})"), touse, place)?
    };
    let own = |v: (Term, ByUnit)| Own { values: v.1, first: first + lags, most, lags };
    Ok(Regressors { terms, instruments: instruments.into_iter().map(own).collect() })
}

fn robust_errors(cmd: &ParsedCommand) -> Result<bool> {
    match cmd.options.text("vce").map(str::trim) {
        // `robust` alone is the syntax of older versions
        None => Ok(cmd.has("robust")),
        Some("gmm") => Ok(false),
        Some(v) if !v.is_empty() && "robust".starts_with(v) => Ok(true),
        Some(v) => Err(StataError::invalid(format!("vcetype '{v}' not allowed"))),
    }
}

fn estimate(session: &mut Session, cmd: &ParsedCommand, kind: Kind) -> Result<()> {
    let lags = positive(cmd, "lags", 1)?;
    let most_y = positive(cmd, "maxldep", i64::MAX)?;
    let most_x = positive(cmd, "maxlags", i64::MAX)?;
    robust_errors(cmd)?;
    let panel = Panel::of(&session.frame)?;
    let touse = session.rows(cmd)?;
    let place = places(session, &panel, &touse)?;
    let (first, rest) = first_word(&cmd.list);
    if first.is_empty() {
        return Err(StataError::standard(100));
    }
    let outcome = columns(session, first, &touse, &place)?;
    let [(depvar, y)] = outcome.as_slice() else {
        return Err(StataError::new(198, "depvar may not be a factor variable"));
    };
    let predetermined = with_own_instruments(session, cmd, "pre", (1, most_x), &touse, &place)?;
    let endogenous = with_own_instruments(session, cmd, "endogenous", (2, most_x), &touse, &place)?;
    let exogenous = columns(session, rest, &touse, &place)?;
    let regressors: Vec<&(Term, ByUnit)> =
        predetermined.terms.iter().chain(&endogenous.terms).chain(&exogenous).collect();
    for (i, a) in regressors.iter().enumerate() {
        if regressors[..i].iter().any(|b| same_term(&a.0, &b.0)) {
            return Err(StataError::new(198, format!("{} is listed twice", a.0.name())));
        }
    }
    let mut names = lagged_names(&depvar.name(), lags);
    names.extend(regressors.iter().map(|r| r.0.name()));
    let mut gmm = vec![Levels { values: y, first: 2, most: most_y, difference: 1 }];
    for (list, difference) in [(&predetermined, 0), (&endogenous, 1)] {
        let own = list.instruments.iter();
        gmm.extend(own.map(|own| Levels {
            values: &own.values,
            first: own.first,
            most: own.most,
            difference: difference + own.lags,
        }));
    }
    let constant = !cmd.has("noconstant");
    let dynamics = Dynamics {
        y,
        lags,
        x: regressors.iter().map(|r| &r.1).collect(),
        standard: exogenous.iter().map(|r| &r.1).collect(),
        gmm,
        constant,
        system: kind == Kind::System,
    };
    let found = dynamics.equations();
    if found.units.is_empty() {
        return Err(StataError::no_observations());
    }
    finish(session, cmd, kind, Found { equations: found, names, constant, panel, touse, place })
}

/// The equations of a model and what its results are named after.
struct Found {
    equations: Equations,
    /// Names of the regressors but for the constant.
    names: Vec<String>,
    constant: bool,
    panel: Panel,
    touse: Vec<bool>,
    place: Place,
}

/// Fits the equations and posts the results.
fn finish(session: &mut Session, cmd: &ParsedCommand, kind: Kind, found: Found) -> Result<()> {
    let Found { equations, names, constant, panel, touse, place } = found;
    let robust = robust_errors(cmd)?;
    let (units, kept, omitted) = without_collinear(equations.units, names.len(), constant);
    post::note_omitted(session, &omitted.iter().map(|i| names[*i].clone()).collect::<Vec<String>>());
    if kept.len() == usize::from(constant) {
        return Err(StataError::insufficient_observations());
    }
    let steps = if cmd.has("twostep") { Steps::Two } else { Steps::One };
    let fitted = fit(&units, steps, robust).ok_or_else(|| moments_error(&units, steps))?;
    let used = if kind == Kind::System { equations.levels } else { equations.differences };
    let sample = sample_rows(&touse, &place, &used);
    let reading = Reading { vce: Some(VceSpec::Default), list: first_word(&cmd.list).0, ..Reading::new(cmd) };
    let model = reading.model(session)?;
    let mut names: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(i, n)| if omitted.contains(&i) { format!("o.{n}") } else { n.clone() })
        .collect();
    names.extend(constant.then(|| "_cons".to_string()));
    let parameters = Parameters::spread(plain_stripe(names), &kept, &fitted.b, &fitted.v);
    let mut est = post::begin(kind.command(), &post::command_line(cmd), &parameters, &model);
    let slopes = fitted.b.len() - usize::from(constant);
    store(&mut est.results, &fitted, slopes, robust, steps);
    sizes(&mut est.results, &used);
    est.results.text("predict", format!("{}_p", kind.command()));
    est.results.text("title", title(kind));
    let name = |v: Option<usize>| v.map_or(String::new(), |v| session.frame.var(v).name.clone());
    est.results.text("ivar", name(panel.panel)).text("tvar", name(panel.time));
    est.results.scalar("artests", cmd.options.int("artests").unwrap_or(2).max(1) as f64);
    est.extra = Some(Arc::new(GmmState { units, fit: fitted }));
    session.post_estimation(est, sample);
    Ok(())
}

fn title(kind: Kind) -> &'static str {
    if kind == Kind::System {
        "System dynamic panel-data estimation"
    } else {
        "Arellano-Bond dynamic panel-data estimation"
    }
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

fn store(results: &mut Results, fit: &GmmFit, slopes: usize, robust: bool, steps: Steps) {
    let all: Vec<usize> = (0..slopes).collect();
    let test = wald::test_zero(&fit.b, &fit.v, &all);
    results.scalar("df_m", test.df as f64).scalar("chi2", test.chi2).scalar("rss", fit.rss);
    results.scalar("p", chi2_tail(test.df as f64, test.chi2)).text("chi2type", "Wald");
    results.scalar("sargan", fit.sargan).scalar("sig2", fit.sigma2).scalar("zrank", fit.rank as f64);
    results.scalar("rank", fit.b.len() as f64).text("properties", "b V");
    results.text("transform", "first differences");
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
    let test = [
        Fact::statistic("Wald chi2", &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    let instruments = format!("Number of instruments = {:>6}", format::bare("%6.0f", scalar("zrank")));
    let two = text("twostep") == "twostep";
    let steps = if two { "Two-step results" } else { "One-step results" };
    let robust = text("vce") == "robust";
    let title = text("title").replace("Arellano-Bond", "Arellano–Bond");
    let time = format!("Time variable: {}", text("tvar"));
    let left = Heading { title, time, under: "", lines: Default::default(), average: "%9.0g" };
    panel_heading(session, &left, &test, [instruments, String::new()]);
    session.print(steps);
    show_active(session, level, None)?;
    if two && !robust {
        session.print(
            "Warning: gmm two-step standard errors are biased; robust standard errors are recommended.",
        );
    }
    Ok(())
}
