//! `xtsum`: overall, between and within variation of variables of a panel.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::unit_variable;
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::descriptive::Sample;
use estimators::panel::Units;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::text("I")]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtsum",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtsum [varlist] [if] [in] [, i(v)]",
    notes: "stores, for the last variable, r(N n Tbar mean sd min max sd_b min_b max_b sd_w min_w max_w); within values have the overall mean added back; formulas: [XT] xtsum",
    examples: &[Example {
        // Unit means 2 and 6; within values 4 +- 1 and 4 +- 2.
        run: "input id x\n1 1\n1 3\n2 4\n2 8\nend\nxtset id\nxtsum x",
        expect: &[("r(sd_b)^2", 8.0), ("r(sd_w)^2", 10.0 / 3.0), ("r(max_w)", 6.0), ("r(Tbar)", 2.0)],
    }],
};

/// One line of the table: standard deviation, minimum, maximum.
fn spread(values: &[f64]) -> [f64; 3] {
    let sample = Sample::plain(values.iter().copied());
    [sample.sd(), sample.min(), sample.max()]
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let unit = unit_variable(session, cmd.options.text("i"))?;
    let variables = match cmd.list.trim() {
        "" => (0..session.frame.n_vars()).collect(),
        list => session.varlist(list)?,
    };
    let touse = session.rows(cmd)?;
    session.print("");
    session.print("Variable         |      Mean   Std. dev.       Min        Max |    Observations");
    session.print(format!("-----------------+{}+----------------", "-".repeat(44)));
    let mut results = Results::default();
    for (position, variable) in variables.iter().enumerate() {
        let name = session.frame.var(*variable).name.clone();
        if session.frame.var(*variable).is_string() {
            return Err(StataError::new(109, format!("{name}: string variables not allowed in varlist")));
        }
        let used = |i: &usize| {
            touse[*i]
                && !is_missing(session.frame.num_at(*variable, *i))
                && (session.frame.var(unit).is_string() || !is_missing(session.frame.num_at(unit, *i)))
        };
        let rows: Vec<usize> = (0..touse.len()).filter(used).collect();
        if position > 0 {
            session.print("                 |                                            |");
        }
        if rows.is_empty() {
            session.print(format!(
                "{:<8} overall |{:>10}{:>34}|     N =       0",
                format::abbrev(&name, 8),
                ".",
                ""
            ));
            continue;
        }
        results = describe(session, &name, *variable, unit, &rows);
    }
    session.r = results;
    Ok(())
}

fn describe(session: &mut Session, name: &str, variable: usize, unit: usize, rows: &[usize]) -> Results {
    let x: Vec<f64> = rows.iter().map(|r| session.frame.num_at(variable, *r)).collect();
    let units = Units::new(number_groups(&session.frame, unit, rows).0);
    let means = units.means(&x, None);
    let overall = Sample::plain(x.iter().copied());
    let mean = overall.mean();
    let within: Vec<f64> = x.iter().zip(&units.of_row).map(|(v, u)| v - means[*u as usize] + mean).collect();
    let (all, between, inside) = (spread(&x), spread(&means), spread(&within));
    let n = units.count() as f64;
    let average = x.len() as f64 / n;
    let balanced = units.sizes.iter().all(|t| *t == units.sizes[0]);
    let cell = |v: f64| format::bare("%9.0g", v);
    let line = |left: &str, kind: &str, mean: &str, s: [f64; 3], tail: String| {
        format!(
            "{left:<8} {kind:<7} |{mean:>10} {:>11} {:>10} {:>10} |{tail}",
            cell(s[0]),
            cell(s[1]),
            cell(s[2])
        )
    };
    let count = |v: f64| format::bare("%9.0g", v);
    session.print(line(
        &format::abbrev(name, 8),
        "overall",
        &cell(mean),
        all,
        format!("     N = {:>7}", count(x.len() as f64)),
    ));
    session.print(line("", "between", "", between, format!("     n = {:>7}", count(n))));
    let label = if balanced { "    T" } else { "T-bar" };
    session.print(line(
        "",
        "within",
        "",
        inside,
        format!(" {label} = {:>7}", format::bare("%7.0g", average)),
    ));
    let mut results = Results::default();
    results.scalar("N", x.len() as f64).scalar("n", n).scalar("Tbar", average).scalar("mean", mean);
    for (suffix, s) in [("", all), ("_b", between), ("_w", inside)] {
        for (stat, value) in ["sd", "min", "max"].iter().zip(s) {
            results.scalar(&format!("{stat}{suffix}"), value);
        }
    }
    results
}
