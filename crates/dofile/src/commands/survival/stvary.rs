//! `stvary`: which variables change within the subjects of survival-time data, and which are missing ([ST] stvary).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::estimation::survival::{Records, Settings, show};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("noShow")]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stvary",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "stvary [varlist] [if] [in] [, noshow]",
    notes: "counts subjects for whom a variable is constant or varies where it is not missing, and never, always or sometimes missing; without a list all variables but those of stset; stores r(cons) r(varies) r(never) r(always) r(miss) of the last variable; [ST] stvary",
    examples: &[Example {
        run: "input id t x\n1 1 5\n1 2 6\n2 1 4\n2 3 .\n3 2 .\nend\ngen d = 0\nstset t, id(id) failure(d)\nstvary x",
        expect: &[
            ("r(cons)", 1.0),
            ("r(varies)", 1.0),
            ("r(never)", 1.0),
            ("r(always)", 1.0),
            ("r(miss)", 1.0),
        ],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let settings = Settings::of(&s.frame)?;
    let Some(id) = s.frame.find(&settings.id) else {
        return Err(StataError::new(459, "data are not stset with an id() variable"));
    };
    let records = Records::of(s, cmd, &settings)?;
    let variables = if cmd.list.trim().is_empty() { others(s, &settings) } else { s.varlist(&cmd.list)? };
    if !cmd.has("noshow") {
        show(s, &settings);
    }
    let (of, count) = number_groups(&s.frame, id, &records.rows);
    s.print("");
    s.print(format!("{:>52}", "Subjects for whom the variable is"));
    s.print(format!("{:>48}{:>10}{:>12}", "Never", "Always", "Sometimes"));
    s.print(format!(
        "{:>12} |{:>10}{:>11}{:>13}{:>10}{:>12}",
        "Variable", "Constant", "Varying", "missing", "missing", "missing"
    ));
    s.print(format!("-------------+{}", "-".repeat(56)));
    let mut r = Results::default();
    for variable in variables {
        let mut first: Vec<Option<usize>> = vec![None; count];
        let mut varies = vec![false; count];
        let mut missing = vec![false; count];
        for (&row, group) in records.rows.iter().zip(&of) {
            let group = *group as usize;
            let column = &s.frame.var(variable).data;
            let absent =
                if column.is_string() { column.str(row).is_empty() } else { is_missing(column.num(row)) };
            if absent {
                missing[group] = true;
                continue;
            }
            match first[group] {
                None => first[group] = Some(row),
                Some(other) => varies[group] |= s.frame.compare(variable, other, row).is_ne(),
            }
        }
        let number = |test: &dyn Fn(usize) -> bool| (0..count).filter(|g| test(*g)).count() as f64;
        let counts = [
            number(&|g| first[g].is_some() && !varies[g]),
            number(&|g| varies[g]),
            number(&|g| !missing[g]),
            number(&|g| first[g].is_none()),
            number(&|g| missing[g] && first[g].is_some()),
        ];
        let cells: String = counts
            .iter()
            .zip([10, 11, 13, 10, 12])
            .map(|(x, w)| format::right(&format::bare("%9.0f", *x), w))
            .collect();
        let name = s.frame.var(variable).name.clone();
        s.print(format!("{:>12} |{cells}", format::abbrev(&name, 12)));
        r = Results::default();
        for (name, x) in ["cons", "varies", "never", "always", "miss"].iter().zip(counts) {
            r.scalar(name, x);
        }
    }
    s.r = r;
    Ok(())
}

/// All variables that do not belong to the declaration.
fn others(s: &Session, settings: &Settings) -> Vec<usize> {
    let own = [&settings.time, &settings.time0, &settings.id, &settings.failure];
    (0..s.frame.n_vars())
        .filter(|v| {
            let name = &s.frame.var(*v).name;
            !own.contains(&name) && !["_st", "_d", "_t", "_t0"].contains(&name.as_str())
        })
        .collect()
}
