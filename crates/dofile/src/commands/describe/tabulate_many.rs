//! `tab1` and `tab2`: `tabulate` over several variables and over all pairs.

use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::ParsedCommand;

pub(super) const SPEC_TAB1: CommandSpec = CommandSpec {
    name: "tab1",
    min: 4,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run: |s, c| many(s, c, false),
    syntax: "tab1 varlist [if] [in] [weight] [, options of tabulate]",
    notes: "stores the results of the last table",
    examples: &[Example {
        run: "set obs 6\ngenerate a = mod(_n, 2)\ngenerate b = mod(_n, 3)\ntab1 a b",
        expect: &[("r(r)", 3.0), ("r(N)", 6.0)],
    }],
};
pub(super) const SPEC_TAB2: CommandSpec = CommandSpec {
    name: "tab2",
    min: 4,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run: |s, c| many(s, c, true),
    syntax: "tab2 varlist [if] [in] [weight] [, firstonly, options of tabulate]",
    notes: "stores the results of the last table",
    examples: &[Example {
        run: "set obs 12\ngenerate a = mod(_n, 2)\ngenerate b = mod(_n, 3)\ntab2 a b, chi2",
        expect: &[("r(chi2)", 0.0), ("r(N)", 12.0)],
    }],
};

fn many(s: &mut Session, cmd: &ParsedCommand, pairs: bool) -> Result<()> {
    let name = if pairs { "tab2" } else { "tab1" };
    let inner = ParsedCommand::split(name, &cmd.raw, false)?;
    let vars = s.varlist(&inner.list)?;
    if vars.len() < 1 + usize::from(pairs) {
        return Err(StataError::standard(if vars.is_empty() { 100 } else { 102 }));
    }
    let names: Vec<String> = vars.iter().map(|&v| s.frame.var(v).name.clone()).collect();
    // what stands behind the list is passed on as it is; the list is the text before it
    let rest = cmd.raw[cmd.raw.find(inner.list.as_str()).map_or(0, |i| i + inner.list.len())..].to_string();
    let first_only = pairs && rest.contains("firstonly");
    let rest = rest.replace("firstonly", "");
    let lists: Vec<String> = if pairs {
        let ends = if first_only { 1 } else { names.len() };
        (0..ends)
            .flat_map(|i| (i + 1..names.len()).map(move |j| (i, j)))
            .map(|(i, j)| format!("{} {}", names[i], names[j]))
            .collect()
    } else {
        names
    };
    for list in lists {
        s.print("");
        s.print(format!("-> tabulation of {}", list.replace(' ', " by ")));
        let by = s.by.take();
        let range = by.map(|(a, b)| format!(" in {}/{b}", a + 1)).unwrap_or_default();
        if by.is_some() && inner.in_range.is_some() {
            return Err(StataError::invalid("in may not be combined with by"));
        }
        let result = match rest.find(',').filter(|_| by.is_some()) {
            Some(i) => s.run_expanded(&format!("tabulate {list}{}{range}{}", &rest[..i], &rest[i..])),
            None => s.run_expanded(&format!("tabulate {list}{rest}{range}")),
        };
        s.by = by;
        result?;
    }
    Ok(())
}
