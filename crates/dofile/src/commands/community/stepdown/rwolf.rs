//! `rwolf`: stepdown p-values of Romano and Wolf for a variable in models of several outcomes. Written from its help file and
//! Clarke, Romano and Wolf (2020), Stata Journal 20. Draws are not Stata's stream.

use super::resample::{Coefficient, Plan, Side, run as run_models};
use super::show::{self, Choice};
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::Options;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::{OptSpec, ParsedCommand, numlist};

const OWN: &[OptSpec] = &[
    OptSpec::text("indepvar"),
    OptSpec::text("controls"),
    OptSpec::text("method"),
    OptSpec::int("reps"),
    OptSpec::int("seed"),
    OptSpec::text("nulls"),
    OptSpec::text("strata"),
    OptSpec::text("CLuster"),
    OptSpec::text("regcluster"),
    OptSpec::text("onesided"),
    OptSpec::text("iv"),
    OptSpec::text("otherendog"),
    OptSpec::flag("indepexog"),
    OptSpec::text("bl"),
    OptSpec::flag("noplusone"),
    OptSpec::flag("nodots"),
    OptSpec::flag("holm"),
];

const REFUSED: &[&str] =
    &["graph", "varlabels", "verbose", "nobootstraps", "pointestimates", "stderrs", "stdests", "nullimposed"];

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    notes: "each outcome is regressed by method() (default regress) on the variable and the controls; statistics of resamples are centred at the estimates and divided by their own standard errors; vce(cluster v) also resamples clusters; other options go to the method; draws are not Stata's stream; stores e(RW), e(rw_outcome)",
    examples: &[Example {
        // a relation without noise is never exceeded by a resample: 1 of 20 + 1
        run: "set obs 30\nset seed 4\ngenerate x = _n\ngenerate y = 5*x + rnormal()\ngenerate z = rnormal()\nrwolf y z, indepvar(x) reps(20) nodots",
        expect: &[("e(rw_y)", 1.0 / 21.0), ("el(e(RW), 2, 3) > 1/21", 1.0)],
    }],
    ..CommandSpec::raw(
        "rwolf",
        5,
        run,
        "rwolf depvars [if] [in] [weight], indepvar(varname) [method(command) controls(varlist) nulls(numlist) reps(#) seed(#) strata(varlist) cluster(varlist) regcluster(varname) onesided(positive|negative) iv(varlist) otherendog(varlist) indepexog bl(suffix) noplusone nodots holm options of the method]",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let split = ParsedCommand::split("rwolf", &cmd.raw, false)?;
    let (mut own, mut passed) = (String::new(), String::new());
    for (name, argument) in split_options(&split.option_text)? {
        let text = argument.map_or_else(|| name.clone(), |a| format!("{name}({a})"));
        if REFUSED.contains(&name.as_str()) {
            return Err(StataError::unsupported_option("rwolf", &name));
        }
        let mine = OWN.iter().any(|o| abbreviates(&name, o.name));
        let target = if mine { &mut own } else { &mut passed };
        target.push(' ');
        target.push_str(&text);
    }
    let o = Options::parse("rwolf", &own, OWN, &[])?;
    let outcomes: Vec<String> =
        s.varlist(&split.list)?.into_iter().map(|v| s.frame.var(v).name.clone()).collect();
    if outcomes.is_empty() {
        return Err(StataError::standard(100));
    }
    let tested = o.text("indepvar").ok_or_else(|| StataError::invalid("option indepvar() required"))?;
    let tested = s.frame.var(s.variable(tested.trim())?).name.clone();
    let nulls = nulls(o.text("nulls"), outcomes.len())?;
    let mut cluster = o.text("cluster").unwrap_or("").trim().to_string();
    if cluster.is_empty() {
        cluster = vce_cluster(&passed).unwrap_or_default();
    }
    if let Some(name) = o.text("regcluster") {
        passed.push_str(&format!(" vce(cluster {})", name.trim()));
    }
    let models: Vec<String> =
        outcomes.iter().map(|y| model(y, &tested, &split, &o, &passed)).collect::<Result<_>>()?;
    let wanted: Vec<Coefficient> =
        (0..outcomes.len()).map(|k| Coefficient { model: k, name: tested.clone(), null: nulls[k] }).collect();
    let plan = Plan {
        reps: reps(o.int("reps"))?,
        strata: o.text("strata").unwrap_or("").trim().to_string(),
        cluster,
        idcluster: String::new(),
        dots: !o.has("nodots"),
        verbose: false,
        use_valid: false,
    };
    if let Some(seed) = o.int("seed") {
        s.reseed(seed);
    }
    let choice =
        Choice { side: Side::read(o.text("onesided"))?, plus_one: !o.has("noplusone"), holm: o.has("holm") };
    let runs = run_models(s, &models, &wanted, &plan)?;
    let rows = show::rows(&runs, &wanted, &choice);
    let facts = [
        format!("Independent variable:  {tested}"),
        format!("Outcome variables:   {}", outcomes.join(" ")),
        format!("Number of resamples: {}", plan.reps),
    ];
    show::heading(s, &facts, "Outcome Variable", choice.holm);
    outcomes.iter().zip(&rows).for_each(|(y, row)| show::line(s, y, row, choice.holm));
    show::end(s, choice.holm);
    let names: Vec<_> = outcomes.iter().map(|y| (format!("rw_{y}"), y.clone())).collect();
    show::post(s, "rwolf", &names, &rows, choice.holm);
    Ok(())
}

/// Values of the hypotheses, zero by default.
pub(super) fn nulls(text: Option<&str>, count: usize) -> Result<Vec<f64>> {
    let values = text.map_or_else(|| Ok(vec![0.0; count]), numlist::expand)?;
    match values.len() == count {
        true => Ok(values),
        false => Err(StataError::invalid("nulls() must have a number for each hypothesis")),
    }
}

/// Number of resamples.
pub(super) fn reps(asked: Option<i64>) -> Result<usize> {
    match asked.unwrap_or(100) {
        n @ 1..=1_000_000 => Ok(n as usize),
        _ => Err(StataError::invalid("reps() must be positive")),
    }
}

/// The cluster variable of `vce(cluster v)` among options.
fn vce_cluster(options: &str) -> Option<String> {
    let found = split_options(options).ok()?;
    let text = found.into_iter().find(|(name, _)| name == "vce")?.1?;
    let mut words = text.split_whitespace();
    let first = words.next()?;
    (first.len() >= 2 && "cluster".starts_with(first)).then(|| words.next().map(str::to_string))?
}

/// The model of an outcome.
fn model(y: &str, tested: &str, split: &ParsedCommand, o: &Options, passed: &str) -> Result<String> {
    let method = o.text("method").unwrap_or("regress").trim();
    let controls = o.text("controls").unwrap_or("").trim();
    let baseline = o.text("bl").map_or(String::new(), |ending| format!("{y}{}", ending.trim()));
    let front = method.split_whitespace().next().unwrap_or("");
    let instrumented = front == "ivregress" || o.text("iv").is_some();
    let right = match (instrumented, o.text("iv")) {
        (false, _) => format!("{tested} {baseline} {controls}"),
        (true, None) => return Err(StataError::invalid("method(ivregress) requires iv()")),
        (true, Some(instruments)) => {
            let other = o.text("otherendog").unwrap_or("").trim();
            let (outside, endogenous) = match o.has("indepexog") {
                true => (format!("{tested} "), other.to_string()),
                false => (String::new(), format!("{tested} {other}")),
            };
            format!("{outside}{baseline} {controls} ({endogenous} = {})", instruments.trim())
        }
    };
    let method = if method == "ivregress" { "ivregress 2sls" } else { method };
    let mut out = format!("{method} {y} {right}");
    if let Some(text) = &split.if_exp {
        out.push_str(&format!(" if {text}"));
    }
    if let Some(text) = &split.in_range {
        out.push_str(&format!(" in {text}"));
    }
    if let Some(w) = &split.weight {
        let kind = w.kind.map_or("weight", |k| k.name());
        out.push_str(&format!(" [{kind} = {}]", w.exp));
    }
    if !passed.trim().is_empty() {
        out.push_str(&format!(",{passed}"));
    }
    Ok(out)
}
