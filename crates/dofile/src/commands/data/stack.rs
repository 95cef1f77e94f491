//! `stack` and `xpose`: data sets turned into another shape, [D] stack, [D] xpose.

use super::transform::spec;
use crate::commands::{CommandSpec, Example, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use std::sync::Arc;

const STACK: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Into"),
    OptSpec::int("Group"),
    OptSpec::flag("clear"),
    OptSpec::flag("Wide"),
]);

const XPOSE: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("clear"), OptSpec::flag("Varname"), OptSpec::flag("Promote")])
        .unsupported(&["Format"]);

pub(super) const SPEC_STACK: CommandSpec = spec(
    "stack",
    5,
    &STACK,
    stack,
    "stack varlist [if] [in], {into(newvars) | group(#)} [clear wide]",
    "the data become the groups of variables one under the other, with _stack; wide keeps the variables, each with values in its own groups; no results",
    &[
        Example {
            run: "set obs 2\ngenerate a = _n\ngenerate b = 10*_n\nstack a b, into(x) clear wide",
            expect: &[
                ("x[3]", 10.0),
                ("a[2]", 2.0),
                ("missing(a[3])", 1.0),
                ("b[4]", 20.0),
                ("missing(b[1])", 1.0),
            ],
        },
        Example {
            run: "set obs 2\ngenerate a = _n\ngenerate b = 10*_n\ngenerate c = 5\ngenerate d = 6\nstack a b c d, into(x y) clear",
            expect: &[("_N", 4.0), ("x[3]", 5.0), ("y[2]", 20.0), ("_stack[4]", 2.0)],
        },
    ],
);

pub(super) const SPEC_XPOSE: CommandSpec = spec(
    "xpose",
    5,
    &XPOSE,
    xpose,
    "xpose, clear [varname promote]",
    "rows become variables v1, v2, ...; text is missing; no results",
    &[Example {
        run: "set obs 3\ngenerate a = _n\ngenerate b = 10*_n\nxpose, clear varname",
        expect: &[("_N", 2.0), ("v3[2]", 30.0), ("_varname[2] == \"b\"", 1.0)],
    }],
);

fn stack(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = crate::syntax::varlist::resolve(&s.frame, &cmd.list, s.settings.varabbrev)?;
    let into: Vec<String> = match (cmd.options.text("into"), cmd.options.int("group")) {
        (Some(list), None) => crate::syntax::varlist::new_names(&Frame::new(), list)?,
        (None, Some(k)) if k >= 1 && vars.len().is_multiple_of(k as usize) => {
            vars.iter().take(vars.len() / k as usize).map(|&v| s.frame.var(v).name.clone()).collect()
        }
        _ => return Err(StataError::invalid("option into() or group() required")),
    };
    if into.is_empty() || vars.is_empty() || !vars.len().is_multiple_of(into.len()) {
        return Err(StataError::standard(if vars.is_empty() { 100 } else { 102 }));
    }
    if s.frame.changed && !cmd.has("clear") {
        return Err(StataError::standard(4));
    }
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    let blocks = vars.len() / into.len();
    let mut frame = Frame::new();
    for (j, name) in into.iter().enumerate() {
        let parts: Vec<&Variable> = (0..blocks).map(|b| s.frame.var(vars[b * into.len() + j])).collect();
        let text = parts[0].is_string();
        if parts.iter().any(|p| p.is_string() != text) {
            return Err(StataError::type_mismatch());
        }
        let column = if text {
            Column::from_strings(
                parts.iter().flat_map(|p| rows.iter().map(|&r| p.data.str(r).into())).collect(),
            )
        } else {
            let ty = parts
                .iter()
                .map(|p| p.data.storage_type())
                .reduce(super::combine::common)
                .unwrap_or(StorageType::Double);
            let values: Vec<f64> = parts.iter().flat_map(|p| rows.iter().map(|&r| p.data.num(r))).collect();
            Column::from_f64(ty, &values)
        };
        frame.add(Variable::new(name, column))?;
    }
    let mark: Vec<f64> = (0..blocks).flat_map(|b| rows.iter().map(move |_| b as f64 + 1.0)).collect();
    frame.add(Variable::new("_stack", Column::from_f64(StorageType::Long, &mark)))?;
    if cmd.has("wide") {
        add_originals(s, &mut frame, &vars, &rows, blocks)?;
    }
    s.frame = frame;
    s.frame.changed = true;
    Ok(())
}

/// Adds the stacked variables under their own names: each has its values in its groups and is missing in the others.
fn add_originals(
    s: &Session,
    frame: &mut Frame,
    vars: &[usize],
    rows: &[usize],
    blocks: usize,
) -> Result<()> {
    let size = vars.len() / blocks;
    for (k, &v) in vars.iter().enumerate() {
        let var = s.frame.var(v);
        if vars[..k].contains(&v) || frame.find(&var.name).is_some() {
            continue;
        }
        let own = |b: usize| vars[b * size..(b + 1) * size].contains(&v);
        let source = (0..blocks).flat_map(|b| rows.iter().map(move |&r| own(b).then_some(r)));
        let mut copy = var.clone();
        copy.data = Arc::new(var.data.gather(source));
        frame.add(copy)?;
    }
    Ok(())
}

fn xpose(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.has("clear") {
        return Err(StataError::invalid("option clear required"));
    }
    let (n, k) = (s.frame.n_rows(), s.frame.n_vars());
    if n > 32_000 {
        return Err(StataError::new(900, "too many observations for variables"));
    }
    let mut frame = Frame::new();
    for r in 0..n {
        let values: Vec<f64> =
            (0..k).map(|v| if s.frame.var(v).is_string() { MISSING } else { s.frame.num_at(v, r) }).collect();
        let ty = if cmd.has("promote") { StorageType::Double } else { s.settings.default_type };
        frame.add(Variable::new(&format!("v{}", r + 1), Column::from_f64(ty, &values)))?;
    }
    if cmd.has("varname") {
        let names = s.frame.vars().iter().map(|v| v.name.as_str().into()).collect();
        frame.add(Variable::new("_varname", Column::from_strings(names)))?;
    }
    s.frame = frame;
    s.frame.changed = true;
    Ok(())
}
