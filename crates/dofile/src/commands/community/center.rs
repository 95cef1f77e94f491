//! `center`: variables less their means, and divided by their standard deviations, with the options of Jann (SSC).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Generate"),
    OptSpec::text("Prefix"),
    OptSpec::flag("inplace"),
    OptSpec::flag("replace"),
    OptSpec::flag("STandardize"),
    OptSpec::flag("CASEwise"),
    OptSpec::flag("Double"),
])
.unsupported(&["MEANsave", "noLABel", "ADDTOlabel", "theta"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "center",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "center [varlist] [if] [in] [, prefix(name) generate(newvars) inplace replace standardize casewise double]",
    notes: "new variables start with c_; with standardize they have mean 0 and standard deviation 1; rows outside if and in are missing; no results",
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\ngenerate z = 10*_n in 1/3\ncenter x z\ncenter x z, prefix(w_) casewise\ncenter x, standardize generate(s)\nsummarize s",
        expect: &[
            ("c_x[1]", -1.5),
            ("c_z[3]", 10.0),
            ("w_x[3]", 1.0),
            ("missing(w_x[4])", 1.0),
            ("abs(r(sd) - 1) < 1e-6", 1.0),
        ],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let list = if cmd.list.trim().is_empty() { "_all" } else { &cmd.list };
    let vars = s.varlist(list)?;
    if vars.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    if cmd.has("inplace") && (cmd.if_exp.is_some() || cmd.in_range.is_some()) {
        // what becomes of the other rows is not documented
        return Err(StataError::unsupported_option("center", "inplace with if or in"));
    }
    let names = names(s, cmd, &vars)?;
    let mut keep = s.rows(cmd)?;
    if cmd.has("casewise") {
        s.markout(&vars, &mut keep, false)?;
    }
    let shape = if cmd.has("double") { StorageType::Double } else { StorageType::Float };
    for (position, name) in vars.into_iter().zip(names) {
        let column = s.frame.var(position).data.clone();
        let sample = Sample::plain((0..keep.len()).filter(|r| keep[*r]).map(|r| column.num(r)));
        let (mean, sd) = (sample.mean(), sample.variance().sqrt());
        let centred = |r: usize| match column.num(r) {
            x if !keep[r] || is_missing(x) => MISSING,
            _ if cmd.has("standardize") && sd == 0.0 => MISSING,
            x if cmd.has("standardize") => (x - mean) / sd,
            x => x - mean,
        };
        let values: Vec<f64> = (0..keep.len()).map(centred).collect();
        let data = Column::from_f64(shape, &values);
        match s.frame.find(&name) {
            Some(at) => s.frame.set_column(at, data),
            None => {
                s.frame.add(Variable::new(&name, data))?;
            }
        }
    }
    Ok(())
}

/// Names of the results: those of `generate()`, or the variables' with a prefix; r(110) for one that is there.
fn names(s: &Session, cmd: &ParsedCommand, vars: &[usize]) -> Result<Vec<String>> {
    let own: Vec<String> = vars.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    if cmd.has("inplace") {
        return Ok(own);
    }
    let names: Vec<String> = match cmd.options.text("generate") {
        Some(text) => words(text).into_iter().map(str::to_string).collect(),
        None => {
            let prefix = cmd.options.text("prefix").unwrap_or("c_").trim();
            own.iter().map(|name| format!("{prefix}{name}")).collect()
        }
    };
    if names.len() != vars.len() {
        return Err(StataError::invalid("generate() needs a name for each variable"));
    }
    for name in &names {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if s.frame.find(name).is_some() && !cmd.has("replace") {
            return Err(StataError::new(110, format!("variable {name} already defined")));
        }
    }
    Ok(names)
}
