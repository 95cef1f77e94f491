//! `rwolf2`: stepdown p-values of Romano and Wolf for variables of any models. Written from its help file; algorithm of Romano
//! and Wolf (2016), Statistics and Probability Letters 113. Draws are not Stata's stream.

use super::resample::{Coefficient, Plan, Side, run as run_models};
use super::rwolf::{nulls, reps};
use super::show::{self, Choice};
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::Options;
use crate::syntax::{OptSpec, ParsedCommand, leading_groups};

const OWN: &[OptSpec] = &[
    OptSpec::text("indepvars"),
    OptSpec::int("reps"),
    OptSpec::int("seed"),
    OptSpec::flag("holm"),
    OptSpec::text("onesided"),
    OptSpec::flag("nodots"),
    OptSpec::flag("noplusone"),
    OptSpec::text("nulls"),
    OptSpec::text("strata"),
    OptSpec::text("CLuster"),
    OptSpec::text("idcluster"),
    OptSpec::flag("verbose"),
    OptSpec::flag("usevalid"),
];

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    notes: "variables of indepvars() are separated by commas for the models; statistics of resamples are centred at the estimates and divided by their own standard errors; idcluster() names the resampled clusters in the models; draws are not Stata's stream; stores e(RW), e(rw_outcome_variable)",
    examples: &[Example {
        run: "set obs 30\nset seed 4\ngenerate x = _n\ngenerate u = mod(_n, 4)\ngenerate y = 5*x + rnormal()\ngenerate z = rnormal()\nrwolf2 (regress y x) (regress z x u), indepvars(x, x u) reps(20) nodots holm",
        expect: &[("e(rw_y_x)", 1.0 / 21.0), ("e(rw_z_u) >= el(e(RW), 3, 2)", 1.0), ("rowsof(e(RW))", 3.0)],
    }],
    ..CommandSpec::raw(
        "rwolf2",
        6,
        run,
        "rwolf2 (model) (model) ..., indepvars(vars, vars, ...) [reps(#) seed(#) holm onesided(positive|negative) nulls(numlist) strata(varlist) cluster(varlist) idcluster(newvar) nodots noplusone verbose usevalid]",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (models, options) = models(&cmd.raw)?;
    let o = Options::parse("rwolf2", options, OWN, &["graph", "varlabels"])?;
    let lists = o.text("indepvars").ok_or_else(|| StataError::invalid("option indepvars() required"))?;
    let lists: Vec<Vec<String>> =
        lists.split(',').map(|l| l.split_whitespace().map(str::to_string).collect()).collect();
    if lists.len() != models.len() || lists.iter().any(Vec::is_empty) {
        return Err(StataError::invalid(
            "indepvars() must have variables for each model, separated by commas",
        ));
    }
    let nulls = nulls(o.text("nulls"), lists.iter().map(Vec::len).sum())?;
    let mut wanted: Vec<Coefficient> = Vec::new();
    for (model, list) in lists.iter().enumerate() {
        for name in list {
            wanted.push(Coefficient { model, name: name.clone(), null: nulls[wanted.len()] });
        }
    }
    let text = |name: &str| o.text(name).unwrap_or("").trim().to_string();
    let plan = Plan {
        reps: reps(o.int("reps"))?,
        strata: text("strata"),
        cluster: text("cluster"),
        idcluster: text("idcluster"),
        dots: !o.has("nodots"),
        verbose: o.has("verbose"),
        use_valid: o.has("usevalid"),
    };
    if let Some(seed) = o.int("seed") {
        s.reseed(seed);
    }
    let choice =
        Choice { side: Side::read(o.text("onesided"))?, plus_one: !o.has("noplusone"), holm: o.has("holm") };
    let runs = run_models(s, &models, &wanted, &plan)?;
    let rows = show::rows(&runs, &wanted, &choice);
    let outcomes: Vec<String> = models.iter().map(|m| outcome(m)).collect();
    show::heading(s, &[format!("Number of resamples: {}", runs.draws.len())], "", choice.holm);
    for (model, y) in outcomes.iter().enumerate() {
        s.print(format!("{:<19} |", crate::format::abbrev(y, 19)));
        for (c, row) in wanted.iter().zip(&rows).filter(|(c, _)| c.model == model) {
            show::line(s, &c.name, row, choice.holm);
        }
    }
    show::end(s, choice.holm);
    let names: Vec<_> = wanted
        .iter()
        .map(|c| {
            (format!("rw_{}_{}", outcomes[c.model], c.name), format!("{}:{}", outcomes[c.model], c.name))
        })
        .collect();
    show::post(s, "rwolf2", &names, &rows, choice.holm);
    Ok(())
}

/// The models in parentheses, and the options behind them.
fn models(raw: &str) -> Result<(Vec<String>, &str)> {
    let (models, rest) = leading_groups(raw).ok_or_else(StataError::syntax)?;
    let options = match rest.strip_prefix(',') {
        Some(options) => options,
        None if rest.is_empty() => "",
        None => return Err(StataError::syntax()),
    };
    if models.is_empty() || models.contains(&"") {
        return Err(StataError::invalid("rwolf2 needs models in parentheses"));
    }
    Ok((models.into_iter().map(str::to_string).collect(), options))
}

/// The outcome of a model: its first variable behind the command.
fn outcome(model: &str) -> String {
    let subcommands = ["2sls", "liml", "gmm"];
    let mut words = model.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty());
    words.next();
    words.find(|w| !subcommands.contains(w)).unwrap_or("").to_string()
}
