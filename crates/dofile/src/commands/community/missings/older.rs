//! `nmissing` and `dropmiss` (Cox 1999 and 2008, Stata Technical Bulletin 49 and Stata Journal 8).

use super::{Rule, rows, variables};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const NMISSING: StandardSyntax =
    StandardSyntax::new(&[OptSpec::int("MIN"), OptSpec::flag("OBS")]).unsupported(&["PIAsm", "TRim"]);
const DROPMISS: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("any"), OptSpec::flag("force"), OptSpec::flag("OBS")])
        .unsupported(&["PIAsm", "TRim"]);

/// The command `nmissing`.
pub(crate) const SPEC_NMISSING: CommandSpec = CommandSpec {
    name: "nmissing",
    min: 8,
    form: Form::Standard(&NMISSING),
    by: ByRule::EachGroup,
    run: nmissing,
    syntax: "nmissing [varlist] [if] [in] [, min(#) obs]",
    notes: "lists variables, with obs observations, with at least min() missing values; stores r(varlist); Cox, dm67",
    examples: &[Example {
        run: "set obs 4\ngenerate x = cond(_n < 3, ., _n)\ngenerate y = 1\nnmissing\nscalar one = \"`r(varlist)'\" == \"x\"\nnmissing, min(3)",
        expect: &[("one", 1.0), ("r(varlist) == \"\"", 1.0)],
    }],
};

/// The command `dropmiss`.
pub(crate) const SPEC_DROPMISS: CommandSpec = CommandSpec {
    name: "dropmiss",
    min: 8,
    form: Form::Standard(&DROPMISS),
    by: ByRule::No,
    run: dropmiss,
    syntax: "dropmiss [varlist] [if] [in] [, any obs force]",
    notes: "drops variables, with obs observations, whose values are all missing, with any those with a missing value; needs force when the data were changed; no results; Cox, dm89",
    examples: &[Example {
        run: "set obs 4\ngenerate x = cond(_n < 3, ., _n)\ngenerate z = .\ndropmiss, force\ncapture confirm variable z\nscalar rc = _rc\ndropmiss x, obs force\nscalar n = _N",
        expect: &[("rc", 111.0), ("n", 2.0)],
    }],
};

const RULE: Rule = Rule { system_only: false };

fn nmissing(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = variables(s, cmd)?;
    let rows = rows(s, cmd)?;
    let least = cmd.options.int("min").unwrap_or(1).max(0) as usize;
    s.print("");
    if cmd.has("obs") {
        for row in rows {
            let k = RULE.of_row(s, &vars, row);
            if k >= least {
                s.print(format!(
                    "{}  {}",
                    format::right(&format!("{}.", row + 1), 10),
                    format::right(&k.to_string(), 10)
                ));
            }
        }
        s.r = Results::default();
        return Ok(());
    }
    let mut found = Vec::new();
    for v in vars {
        let k = RULE.of_variable(s, v, &rows);
        if k >= least {
            let name = s.frame.var(v).name.clone();
            s.print(format!("{}{}", format::left(&name, 15), format::right(&format::count_text(k), 10)));
            found.push(name);
        }
    }
    let mut r = Results::default();
    r.text("varlist", found.join(" "));
    s.r = r;
    Ok(())
}

fn dropmiss(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if s.frame.changed && !cmd.has("force") {
        return Err(StataError::new(4, "force option required with changed dataset"));
    }
    let vars = variables(s, cmd)?;
    let rows = rows(s, cmd)?;
    let gone = |missing: usize, of: usize| if cmd.has("any") { missing > 0 } else { missing == of };
    s.print("");
    if cmd.has("obs") {
        let mut keep = vec![true; s.frame.n_rows()];
        rows.iter().for_each(|r| keep[*r] = !gone(RULE.of_row(s, &vars, *r), vars.len()));
        let count = keep.iter().filter(|k| !**k).count();
        s.frame.keep_rows(&keep);
        let plural = if count == 1 { "" } else { "s" };
        s.print(format!("({} observation{plural} deleted)", format::count_text(count)));
        return Ok(());
    }
    if cmd.if_exp.is_some() || cmd.in_range.is_some() {
        return Err(StataError::invalid("if and in are allowed with obs only"));
    }
    let list: Vec<usize> =
        vars.into_iter().filter(|v| gone(RULE.of_variable(s, *v, &rows), rows.len())).collect();
    for v in &list {
        let name = s.frame.var(*v).name.clone();
        s.print(format!("(dropped {name})"));
    }
    s.frame.drop_vars(&list);
    Ok(())
}
