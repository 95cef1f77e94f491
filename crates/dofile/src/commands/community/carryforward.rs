//! `carryforward`: fills missing values with the last value before them. Written from the help file of Kantor.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format::count_text;
use crate::frame::{Column, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("gen"),
    OptSpec::flag("replace"),
    OptSpec::text("cfindic"),
    OptSpec::text("carryalong"),
    OptSpec::flag("back"),
    OptSpec::flag("strict"),
    OptSpec::flag("nonotes"),
    OptSpec::flag("extmiss"),
])
.unsupported(&["dynamic_condition"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "carryforward",
    min: 12,
    form: Form::Standard(&SYNTAX),
    by: ByRule::Whole,
    run,
    syntax: "carryforward varlist [if] [in], {gen(newvarlist) | replace} [cfindic(newvarlist) carryalong(varlist) strict extmiss back nonotes]",
    notes: "values stay within by-groups; no notes are added to variables, and back changes nothing but such notes; no results",
    examples: &[
        Example {
            run: "input x\n12\n4\n.\n.\n.\n3\n.\n7\n.\n.\nend\ncarryforward x, gen(y)\ncount if y != x\nscalar filled = r(N)",
            expect: &[("y[5]", 4.0), ("y[7]", 3.0), ("y[10]", 7.0), ("filled", 6.0)],
        },
        Example {
            run: "set obs 6\ngenerate id = cond(_n < 4, 1, 2)\ngenerate t = 7 - _n\ngenerate x = cond(inlist(_n, 1, 3, 5), _n, .)\ngenerate str1 s = cond(_n == 3, \"b\", \"\")\nbysort id (t): carryforward x s, replace cfindic(cx cs)",
            expect: &[
                ("x[2]", 3.0),
                ("missing(x[4])", 1.0),
                ("x[6]", 5.0),
                ("cx[6]", 1.0),
                ("cs[2]", 1.0),
                ("s[3] == \"b\"", 1.0),
            ],
        },
        Example {
            run: "input x a\n1 5\n. 6\n2 7\n. 8\nend\ncarryforward x if _n != 3, gen(y) strict\ncarryforward x, replace carryalong(a)",
            expect: &[("y[2]", 1.0), ("missing(y[4])", 1.0), ("a[2]", 5.0), ("a[4]", 7.0), ("a[3]", 7.0)],
        },
    ],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    let list =
        |option: &str| cmd.options.text(option).map(|t| words(t).iter().map(|w| w.to_string()).collect());
    let new: Option<Vec<String>> = list("gen");
    let marks: Option<Vec<String>> = list("cfindic");
    if new.is_some() == cmd.has("replace") {
        return Err(StataError::invalid("specify either gen() or replace"));
    }
    if [&new, &marks].into_iter().flatten().any(|names| names.len() != vars.len()) {
        return Err(StataError::invalid("gen() and cfindic() need one name for each variable"));
    }
    if let Some(name) = [&new, &marks].into_iter().flatten().flatten().find(|name| !is_valid_name(name)) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    let along = cmd.options.text("carryalong").map(|l| s.varlist(l)).transpose()?.unwrap_or_default();
    if !along.is_empty() && vars.len() != 1 {
        return Err(StataError::invalid("carryalong() is allowed with one variable only"));
    }
    let keep = s.rows(cmd)?;
    let groups = s.frame.groups(&s.by_positions());
    for (at, position) in vars.into_iter().enumerate() {
        let variable = s.frame.var(position).clone();
        let from = sources(&variable.data, &groups, &keep, cmd);
        let changed = from.iter().enumerate().filter(|(row, from)| row != *from).count();
        let filled = Arc::new(variable.data.gather(from.iter().copied().map(Some)));
        match &new {
            Some(names) => {
                s.frame.add(Variable { name: names[at].clone(), data: filled, ..variable.clone() })?;
            }
            None => s.frame.var_mut(position).data = filled,
        }
        for other in &along {
            let data = s.frame.var(*other).data.gather(from.iter().copied().map(Some));
            s.frame.set_column(*other, data);
        }
        if let Some(names) = &marks {
            let marked = from.iter().enumerate().map(|(row, from)| i8::from(row != *from)).collect();
            s.frame.add(Variable::new(&names[at], Column::Byte(marked)))?;
        }
        let plural = if changed == 1 { "" } else { "s" };
        s.print(format!("{}:  ({} real change{plural} made)", variable.name, count_text(changed)));
    }
    Ok(())
}

/// For each row, the row whose value it takes: itself, or an earlier one of its group.
fn sources(column: &Column, groups: &[(usize, usize)], keep: &[bool], cmd: &ParsedCommand) -> Vec<usize> {
    let (strict, extended) = (cmd.has("strict"), cmd.has("extmiss"));
    let gap = |row: usize| match column.is_string() {
        true => column.str(row).is_empty(),
        false if extended => column.num(row) == MISSING,
        false => is_missing(column.num(row)),
    };
    let mut from: Vec<usize> = (0..keep.len()).collect();
    for (first, last) in groups {
        let mut carried = None;
        for row in *first..*last {
            if !gap(row) {
                carried = (keep[row] || !strict).then_some(row);
            } else if keep[row] {
                from[row] = carried.unwrap_or(row);
            } else {
                carried = None;
            }
        }
    }
    from
}
