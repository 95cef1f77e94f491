//! `ml`: maximum likelihood of a program that the user writes.
//!
//! Stores in `e()`: N k k_eq k_eq_model k_dv k_aux df_m ll ll_0 chi2 p rank ic rc converged N_clust, b V gradient ilog
//! V_modelbased Cns, cmd depvar title user ml_method technique vce vcetype clustvar chi2type. Formulas: [R] ml; Gould,
//! Pitblado and Poi (2010), Maximum Likelihood Estimation with Stata, chapter 1.

use super::maximize::{maximize, with_program};
use super::model::{MlSpec, Prepared, UNSUPPORTED};
use super::start;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::likelihood::{self, MAXIMIZE};
use crate::estimation::ml_command::{self, Look};
use crate::format;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use std::sync::Arc;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ml",
    min: 2,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "ml model lf|lf0|lf1|lf2|d0|d1|d2 progname (eq: y = x [, noconstant offset(v) exposure(v)]) [/name ...] [if] [in] [weight] [, vce(oim|opg|robust|cluster v) constraints(numlist) title(text) init(...) search(on|off) maximize continue lf0(# #) waldtest(#) difficult technique(nr)] | ml maximize [, nolog iterate(#) search(off) level(#) eform noheader] | ml init ... | ml search [eq # #] | ml check | ml query | ml display | ml clear",
    notes: "the derivatives are differences of fourth order; programs of lf1, lf2, d1 and d2 are called with todo 0 and their own derivatives are not used; robust, cluster and opg need lf to lf2; the data are reduced to the sample while the program runs; [R] ml",
    examples: &[Example {
        // One half: the mean of 0, 0, 1, 1.
        run: "set obs 4\ngen y = _n > 2\nprogram define lfp\n    args lnf xb\n    quietly replace `lnf' = ln(normal(`xb')) if $ML_y1 == 1\n    quietly replace `lnf' = ln(normal(-`xb')) if $ML_y1 == 0\nend\nml model lf lfp (y =)\nml maximize, nolog",
        expect: &[("normal(_b[_cons])", 0.5), ("e(ll)", -2.772_588_722_239_781), ("e(converged)", 1.0)],
    }],
};

const DISPLAY: &[OptSpec] = &[
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("EForm"),
    OptSpec::flag("hr"),
    OptSpec::flag("irr"),
    OptSpec::flag("or"),
    OptSpec::flag("rrr"),
    OptSpec::flag("noFOOTnote"),
];

const SEARCH: &[OptSpec] = concat_lists!(OptSpec; MAXIMIZE, &[
    OptSpec::text("SEArch"),
    OptSpec::text("TECHnique"),
    OptSpec::flag("noCLEAR"),
]);

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let end = raw.find(|c: char| !c.is_alphanumeric()).unwrap_or(raw.len());
    let (sub, rest) = (&raw[..end], raw[end..].trim());
    let is = |full: &str, least: usize| sub.len() >= least && full.starts_with(sub);
    match sub {
        _ if is("model", 3) => model(s, rest),
        _ if is("maximize", 3) => run_maximize(s, rest),
        _ if is("display", 2) || is("mlout", 5) => {
            let mut line = ParsedCommand::split("ml", rest, false)?;
            line.check_options(DISPLAY, &["First", "NEQ", "SHOWEQns", "PLus", "noCNSReport", "DIPARM"])?;
            display(s, &line)
        }
        _ if is("init", 3) => {
            let mut spec = MlSpec::of(s)?;
            let prepared = spec.prepare(s, false)?;
            spec.init = Some(start::read(s, &prepared, rest, spec.init.take())?);
            s.extensions.set(spec);
            Ok(())
        }
        _ if is("search", 3) => search(s, rest),
        _ if is("check", 3) => check(s),
        _ if is("query", 1) || is("report", 3) => query(s),
        "clear" => {
            s.extensions.remove::<MlSpec>();
            Ok(())
        }
        _ if is("plot", 2) || is("count", 3) || is("graph", 2) || is("trace", 2) || is("score", 2) => {
            Err(StataError::unsupported_command(&format!("ml {sub}")))
        }
        _ => Err(StataError::new(198, format!("ml {sub} is unrecognized"))),
    }
}

/// Refuses `technique()` other than Newton-Raphson and unknown words of `search()`.
fn check_options(line: &ParsedCommand) -> Result<()> {
    match line.options.text("technique").map(str::trim) {
        None | Some("nr") => {}
        Some(other) => return Err(StataError::unsupported_option("ml", &format!("technique({other})"))),
    }
    match line.options.text("search").map(str::trim) {
        None | Some("on" | "off" | "quietly" | "norescale") => Ok(()),
        Some(other) => Err(StataError::invalid(format!("search({other}) is not allowed"))),
    }
}

fn model(s: &mut Session, rest: &str) -> Result<()> {
    let mut spec = MlSpec::parse(rest)?;
    spec.cmd.raw = format!("model {rest}");
    check_options(&spec.cmd)?;
    let prepared = spec.prepare(s, true)?;
    if let Some(text) = spec.cmd.options.text("init") {
        spec.init = Some(start::read(s, &prepared, text, None)?);
    } else if spec.cmd.has("continue") {
        spec.init = Some(continued(s, &prepared)?);
    }
    s.extensions.set(spec.clone());
    if spec.cmd.has("maximize") {
        maximize(s, &spec, &spec.cmd.options)?;
        likelihood::finish(&s.e)?;
    }
    Ok(())
}

/// Initial values from the results in `e(b)`, by name.
fn continued(s: &Session, prepared: &Prepared) -> Result<Vec<f64>> {
    let b = s.e.b().ok_or_else(StataError::no_estimates)?;
    let mut values = vec![0.0; prepared.stripe.len()];
    for (name, value) in b.col_names.iter().zip(b.values()) {
        if let Some(place) = prepared.find(&name.full()) {
            values[place] = *value;
        }
    }
    Ok(values)
}

fn run_maximize(s: &mut Session, rest: &str) -> Result<()> {
    let spec = MlSpec::of(s)?;
    let mut line = ParsedCommand::split("ml", rest, false)?;
    let all: Vec<OptSpec> = SEARCH.iter().chain(DISPLAY).copied().collect();
    line.check_options(&all, UNSUPPORTED)?;
    check_options(&line)?;
    maximize(s, &spec, &line.options)?;
    if !line.has("noclear") {
        s.extensions.remove::<MlSpec>();
    }
    display(s, &line)
}

/// Shows the active results of `ml`.
fn display(s: &mut Session, line: &ParsedCommand) -> Result<()> {
    if s.e.cmd() != "ml" {
        return Err(StataError::no_estimates());
    }
    if !line.has("noheader") {
        let title = s.e.results.get_text("title").unwrap_or("").to_string();
        likelihood::header(s, &title);
    }
    let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(0.0);
    let ancillary = scalar("k_aux") as usize;
    let eform =
        [("eform", "exp(b)"), ("hr", "Haz. ratio"), ("irr", "IRR"), ("or", "Odds ratio"), ("rrr", "RRR")]
            .iter()
            .find(|(option, _)| line.has(option))
            .map(|(_, heading)| *heading);
    let equations = scalar("k_eq") as usize - ancillary > 1;
    ml_command::table(s, line, &Look { eform, ancillary, equations, ..Look::default() })?;
    likelihood::finish(&s.e)
}

fn search(s: &mut Session, rest: &str) -> Result<()> {
    let mut spec = MlSpec::of(s)?;
    let mut line = ParsedCommand::split("ml", rest, false)?;
    line.check_options(&[OptSpec::flag("noLOg")], &["REPeat", "RESTart", "noRESCale", "TRace"])?;
    let bounds = start::bounds(&spec, &line.list)?;
    let prepared = Arc::new(spec.prepare(s, false)?);
    let from = spec.init.clone().unwrap_or_else(|| vec![0.0; prepared.stripe.len()]);
    let from: Vec<f64> = prepared.estimated.iter().map(|p| from[*p]).collect();
    let (initial, (best, top)) = with_program(s, &spec, &prepared, None, |problem, program| {
        let initial = problem.value(program, &from).map_err(start::failure)?;
        Ok((initial, start::search(problem, program, &prepared, from.clone(), &bounds)?))
    })?;
    let Some(top) = top else { return Err(StataError::new(1400, "could not find feasible values")) };
    if s.shows_log(|o| line.has(o)) {
        let shown = initial.map_or("<inf>".to_string(), |ll| format::bare("%10.0g", ll));
        s.print(format!("initial:       Log likelihood = {shown}"));
        s.print(format!("improve:       Log likelihood = {}", format::bare("%10.0g", top)));
    }
    spec.init = Some(prepared.spread(&best));
    s.extensions.set(spec);
    Ok(())
}

/// Calls the program at the initial values and again: the log likelihood exists and stays the same.
fn check(s: &mut Session) -> Result<()> {
    let spec = MlSpec::of(s)?;
    let prepared = Arc::new(spec.prepare(s, false)?);
    let from = spec.init.clone().unwrap_or_else(|| vec![0.0; prepared.stripe.len()]);
    let from: Vec<f64> = prepared.estimated.iter().map(|p| from[*p]).collect();
    let (feasible, again, other) = with_program(s, &spec, &prepared, None, |problem, program| {
        let (best, first) = start::search(problem, program, &prepared, from, &[])?;
        let again = problem.value(program, &best).map_err(start::failure)?;
        let moved: Vec<f64> = best.iter().map(|b| b + 0.01).collect();
        let other = problem.value(program, &moved).map_err(start::failure)?;
        Ok((first, again, other))
    })?;
    s.print("");
    let name = &spec.program;
    let results = [
        (format!("Test 1:  {name} computes a log likelihood at feasible values"), feasible.is_some()),
        (format!("Test 2:  {name} computes the same value again"), feasible == again),
        (format!("Test 3:  {name} computes another value at other coefficients"), other != feasible),
    ];
    for (text, passed) in &results {
        s.print(format!("{text:<66}{}", if *passed { "Passed." } else { "FAILED." }));
    }
    if results.iter().all(|(_, passed)| *passed) {
        s.print(format!("{name} HAS PASSED ALL TESTS"));
        return Ok(());
    }
    Err(StataError::new(9, format!("{name} has failed a test")))
}

/// Describes the model in force.
fn query(s: &mut Session) -> Result<()> {
    let spec = MlSpec::of(s)?;
    s.print("");
    s.print("Settings for moptimize()");
    s.print(format!("Method:       {}", spec.method_name));
    s.print(format!("Program:      {}", spec.program));
    let prepared = spec.prepare(s, false)?;
    s.print(format!("Dep. vars.:   {}", prepared.depvars.join(" ")));
    s.print(format!("Observations: {}", prepared.model.y.len()));
    for (e, (equation, side)) in spec.equations.iter().zip(&prepared.sides).enumerate() {
        s.print(format!("{:>4} equation:  {}: {}", e + 1, equation.name, side.names().join(" ")));
    }
    let init = spec.init.is_some();
    s.print(format!(
        "Search for initial values: {}",
        if init { "starts from values that were set" } else { "on" }
    ));
    Ok(())
}
