//! `_rmcoll` and `_rmdcoll`: the list of a program's regressors for its sample, with the collinear ones marked. [P] _rmcoll.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::model::first_word;
use crate::estimation::post;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::design::Design;
use crate::syntax::{FvList, OptSpec, ParsedCommand, Term, WeightKind};
use estimators::qr::{Design as Columns, choose_in_blocks};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("noConstant"),
    OptSpec::flag("COLLinear"),
    OptSpec::flag("expand"),
    OptSpec::flag("forcedrop"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Probability, WeightKind::Importance])
.unsupported(&["logit", "probit", "mlogit", "touse", "iskip", "noskipline"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "_rmcoll",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: |s, cmd| without_collinear(s, cmd, &cmd.list),
    syntax: "_rmcoll [fvvarlist] [if] [in] [weight] [, noconstant collinear expand forcedrop]",
    notes: "a collinear regressor has the prefix o. in r(varlist), and is left out of it under forcedrop; terms of factor variables are listed one by one under expand, and are left as they were written without it; stores r(varlist) r(k_omitted)",
    examples: &[Example {
        run: "set obs 10\ngenerate a = _n\ngenerate b = mod(_n, 3)\ngenerate c = a/2\n_rmcoll a b c\nscalar plain = \"`r(varlist)'\" == \"a b o.c\"\nscalar k = r(k_omitted)\n_rmcoll a b c, forcedrop\nscalar dropped = \"`r(varlist)'\" == \"a b\"\n_rmcoll i.b a, expand\nscalar levels = \"`r(varlist)'\" == \"0b.b 1.b 2.b a\"",
        expect: &[("plain", 1.0), ("k", 1.0), ("dropped", 1.0), ("levels", 1.0)],
    }],
};

pub(super) const SPEC_OUTCOME: CommandSpec = CommandSpec {
    name: "_rmdcoll",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: with_outcome,
    syntax: "_rmdcoll depvar [fvvarlist] [if] [in] [weight] [, noconstant collinear expand forcedrop]",
    notes: "as _rmcoll, and r(459) where depvar is a linear combination of the others; stores r(varlist) r(k_omitted)",
    examples: &[Example {
        run: "set obs 10\ngenerate a = _n\ngenerate b = mod(_n, 3)\ngenerate y = a - b\ncapture _rmdcoll y a b\nscalar rc = _rc\n_rmdcoll y a\nscalar left = \"`r(varlist)'\" == \"a\"",
        expect: &[("rc", 459.0), ("left", 1.0)],
    }],
};

fn with_outcome(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let list = cmd.list.clone();
    let (depvar, rest) = first_word(&list);
    let depvar = s.numeric_variable(depvar)?;
    let as_written = stays_as_written(s, cmd, rest)?;
    // the outcome as a last block: it falls out where the others explain it, and replaces none of them
    let name = s.frame.var(depvar).name.clone();
    let (mut design, weights) = design(s, cmd, &format!("{rest} {name}"))?;
    let mut blocks = design.blocks();
    match blocks.last_mut() {
        // it may stand in one run with the plain variables before it
        Some(last) if *last > 1 => {
            *last -= 1;
            blocks.push(1);
        }
        _ => {}
    }
    let outcome = design.active().len() - 1;
    let mut positions = omitted(cmd, &design, weights.as_deref(), &blocks);
    let is_explained = positions.pop_if(|last| *last == outcome).is_some();
    if cmd.has("collinear") {
        positions.clear();
    }
    design.terms.pop();
    post_list(s, cmd, as_written.then_some(rest), design, &positions);
    match is_explained {
        true => Err(StataError::new(459, format!("{name} collinear with independent variables"))),
        false => Ok(()),
    }
}

fn without_collinear(s: &mut Session, cmd: &ParsedCommand, list: &str) -> Result<()> {
    let as_written = stays_as_written(s, cmd, list)?;
    let (design, weights) = design(s, cmd, list)?;
    let positions = match cmd.has("collinear") {
        true => Vec::new(),
        false => omitted(cmd, &design, weights.as_deref(), &design.blocks()),
    };
    post_list(s, cmd, as_written.then_some(list), design, &positions);
    Ok(())
}

/// Whether a list keeps its factor variables as they were written, not term by term.
fn stays_as_written(s: &Session, cmd: &ParsedCommand, list: &str) -> Result<bool> {
    let has_factors = !FvList::parse(&s.frame, list, s.settings.varabbrev)?.factors().is_empty();
    match has_factors && cmd.has("forcedrop") {
        true => Err(StataError::invalid("option forcedrop not allowed with factor variables")),
        false => Ok(has_factors && !cmd.has("expand")),
    }
}

/// Notes what is omitted, by position among the active columns of `design`, and stores the list: `as_written`, or term by
/// term.
fn post_list(
    s: &mut Session,
    cmd: &ParsedCommand,
    as_written: Option<&str>,
    mut design: Design,
    positions: &[usize],
) {
    let active = design.active();
    let names: Vec<String> = positions.iter().map(|p| design.terms[active[*p]].name()).collect();
    post::note_omitted(s, &names);
    let listed = match as_written {
        Some(list) => list.trim().to_string(),
        None => {
            positions.iter().for_each(|p| design.omit(active[*p]));
            let dropped = |t: &&Term| cmd.has("forcedrop") && t.is_omitted();
            let names: Vec<String> = design.terms.iter().filter(|t| !dropped(t)).map(Term::name).collect();
            names.join(" ")
        }
    };
    let mut r = Results::default();
    r.scalar("k_omitted", positions.len() as f64).text("varlist", listed);
    s.r = r;
}

/// The columns of a list in the command's sample, with their weights.
fn design(s: &Session, cmd: &ParsedCommand, list: &str) -> Result<(Design, Option<Vec<f64>>)> {
    let list = FvList::parse(&s.frame, list, s.settings.varabbrev)?;
    let mut touse = s.rows(cmd)?;
    list.markout(&s.frame, &mut touse)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let design = Design::build(&s.frame, &list, &touse)?;
    if design.rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let weights = weights.map(|w| design.rows.iter().map(|r| w.values[*r]).collect());
    Ok((design, weights))
}

/// Collinear columns, by position among the active ones.
fn omitted(cmd: &ParsedCommand, design: &Design, weights: Option<&[f64]>, blocks: &[usize]) -> Vec<usize> {
    let columns: Vec<&[f64]> = design.active().into_iter().filter_map(|i| design.column(i)).collect();
    let columns = Columns { columns: &columns, weights, constant: !cmd.has("noconstant") };
    choose_in_blocks(columns, blocks).1
}
