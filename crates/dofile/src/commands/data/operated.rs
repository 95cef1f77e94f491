//! `fvrevar` and `tsrevar`: temporary variables for the terms of a list with operators.

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable, is_valid_name};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::{FvList, ParsedCommand};

pub(super) const FVREVAR: CommandSpec = CommandSpec {
    notes: "variables without operators keep their names; base levels and empty cells give zeros; stores r(varlist); [R] fvrevar",
    examples: &[Example {
        run: "set obs 6\ngenerate g = 1 + mod(_n, 3)\ngenerate x = _n\nfvrevar i.g x, stub(d)\nscalar same = \"`r(varlist)'\" == \"d1 d2 d3 x\"\nfvrevar i.g##c.x, list\nscalar named = \"`r(varlist)'\" == \"g x\"",
        expect: &[("same", 1.0), ("named", 1.0), ("d1[3]", 0.0), ("d2[1]", 1.0), ("d3[2]", 1.0)],
    }],
    ..CommandSpec::raw("fvrevar", 7, fvrevar, "fvrevar [varlist] [if] [in] [, list stub(stub)]")
};
pub(super) const TSREVAR: CommandSpec = CommandSpec {
    notes: "as fvrevar, for lists with time-series operators; stores r(varlist); [TS] tsrevar",
    examples: &[Example {
        run: "set obs 4\ngenerate t = _n\ngenerate x = t^2\ntsset t\ntsrevar L.x x\nlocal first : word 1 of `r(varlist)'\nscalar third = `first'[3]\nscalar plain = \"`: word 2 of `r(varlist)''\" == \"x\"",
        expect: &[("third", 4.0), ("plain", 1.0)],
    }],
    ..CommandSpec::raw("tsrevar", 7, tsrevar, "tsrevar [varlist] [if] [in] [, list substitute]")
};

fn fvrevar(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(s, cmd, true)
}

fn tsrevar(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(s, cmd, false)
}

fn run(s: &mut Session, cmd: &ParsedCommand, factors: bool) -> Result<()> {
    let mut cmd = ParsedCommand::split(&cmd.name, &cmd.raw, false)?;
    cmd.check_options(&[OptSpec::flag("List"), OptSpec::flag("Substitute"), OptSpec::text("stub")], &[])?;
    let list = FvList::parse(&s.frame, &cmd.list, s.settings.varabbrev)?;
    if !factors && !list.factors().is_empty() {
        return Err(StataError::new(101, "factor variables not allowed"));
    }
    let mut touse = s.rows(&cmd)?;
    list.markout(&s.frame, &mut touse)?;
    let terms = list.expand(&s.frame, &touse)?;
    let mut names: Vec<String> = Vec::new();
    if cmd.has("list") {
        for term in &terms {
            for name in term.variables() {
                if !names.iter().any(|n| n == name) {
                    names.push(name.to_string());
                }
            }
        }
    } else {
        let every: Vec<usize> = (0..s.frame.n_rows()).collect();
        for term in &terms {
            let name = term.name();
            if s.frame.find(&name).is_some() {
                names.push(name);
                continue;
            }
            let values = if term.is_omitted() || term.is_base() {
                vec![0.0; every.len()]
            } else {
                term.values(&s.frame, &every)?
            };
            let new = new_name(s, cmd.options.text("stub"))?;
            let mut variable = Variable::new(&new, Column::Double(values));
            variable.label = name;
            s.frame.add(variable)?;
            names.push(new);
        }
    }
    let mut r = Results::default();
    r.text("varlist", names.join(" "));
    s.r = r;
    Ok(())
}

/// The first free name of a stub, or that of a temporary variable.
fn new_name(s: &mut Session, stub: Option<&str>) -> Result<String> {
    let Some(stub) = stub else { return Ok(s.temporary_name()) };
    let name = (1..).map(|i| format!("{stub}{i}")).find(|n| s.frame.find(n).is_none());
    name.filter(|n| is_valid_name(n)).ok_or_else(|| StataError::new(198, format!("{stub} invalid name")))
}
