//! `stgen` and `stfill`: variables with the history of subjects, and values that are carried over their records ([ST] stgen, [ST] stfill).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::estimation::survival::{Records, Settings, show};
use crate::format::count_text;
use crate::ops::predict::{Prediction, add, new_names};
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};

/// `stgen`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stgen",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "stgen [type] newvar = {ever|never|always|min|max|when|when0}(exp); stgen [type] newvar = {nfailures|ngaps|gaplen|hasgap}()",
    notes: "stset must have id(); when() is the end and when0() the begin of the first record in which the expression is not zero; nfailures() counts failures before a record begins, ngaps() the gaps up to its begin; count(), count0(), minage(), maxage() and avgage() are not supported; [ST] stgen",
    examples: &[Example {
        run: "input id t d x\n1 2 0 0\n1 5 0 1\n1 6 1 1\n2 4 0 0\nend\nstset t, id(id) failure(d)\nstgen e = ever(x)\nstgen w = when(x)\nstgen w0 = when0(x)\nstgen m = max(x)",
        expect: &[
            ("e[1]", 1.0),
            ("e[4]", 0.0),
            ("w[1]", 5.0),
            ("w0[3]", 2.0),
            ("w[4] == .", 1.0),
            ("m[2]", 1.0),
        ],
    }],
};

const FILL: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("Baseline"), OptSpec::flag("Forward"), OptSpec::flag("noShow")]);

/// `stfill`.
pub(super) const SPEC_STFILL: CommandSpec = CommandSpec {
    name: "stfill",
    min: 6,
    form: Form::Standard(&FILL),
    by: ByRule::No,
    run: fill,
    syntax: "stfill varlist [if] [in], {baseline|forward} [noshow]",
    notes: "stset must have id(); baseline gives all records of a subject the value of the earliest one, forward fills missing values with the last one before that is not missing; no results; [ST] stfill",
    examples: &[Example {
        run: "input id t x\n1 2 7\n1 5 .\n1 6 8\nend\ngenerate d = 0\nstset t, id(id) failure(d)\ngenerate y = x\nstfill x, forward\nstfill y, baseline",
        expect: &[("x[2]", 7.0), ("x[3]", 8.0), ("y[2]", 7.0), ("y[3]", 7.0)],
    }],
};

/// The records of each subject in the order of time, as positions in the records.
fn histories(s: &Session, settings: &Settings, records: &Records) -> Result<Vec<Vec<usize>>> {
    let Some(id) = s.frame.find(&settings.id) else {
        return Err(StataError::new(459, "data are not stset with an id() variable"));
    };
    let (of, count) = number_groups(&s.frame, id, &records.rows);
    let mut histories = vec![Vec::new(); count];
    for (i, group) in of.iter().enumerate() {
        histories[*group as usize].push(i);
    }
    for history in &mut histories {
        history.sort_by(|a, b| records.t[*a].total_cmp(&records.t[*b]));
    }
    Ok(histories)
}

/// The functions; those of the first group have an expression.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Function {
    Ever,
    Never,
    Always,
    Min,
    Max,
    When,
    When0,
    Failures,
    Gaps,
    GapLength,
    HasGap,
}

const FUNCTIONS: [(&str, Function, bool); 11] = [
    ("ever", Function::Ever, true),
    ("never", Function::Never, true),
    ("always", Function::Always, true),
    ("min", Function::Min, true),
    ("max", Function::Max, true),
    ("when", Function::When, true),
    ("when0", Function::When0, true),
    ("nfailures", Function::Failures, false),
    ("ngaps", Function::Gaps, false),
    ("gaplen", Function::GapLength, false),
    ("hasgap", Function::HasGap, false),
];

/// The function of an expression such as `ever(x > 1)`, and what it is of.
fn function(text: &str) -> Result<(Function, &str)> {
    let (name, rest) = text.trim().split_once('(').ok_or_else(StataError::syntax)?;
    let inner = rest.trim_end().strip_suffix(')').ok_or_else(StataError::syntax)?.trim();
    let name = name.trim();
    if ["count", "count0", "minage", "maxage", "avgage"].contains(&name) {
        return Err(StataError::unsupported_command(&format!("stgen with {name}()")));
    }
    let known = FUNCTIONS.iter().find(|f| f.0 == name);
    let (_, function, has_expression) =
        known.ok_or_else(|| StataError::new(133, format!("unknown function {name}()")))?;
    if *has_expression == inner.is_empty() {
        return Err(StataError::syntax());
    }
    Ok((*function, inner))
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut own = ParsedCommand::split("stgen", &cmd.raw, true)?;
    own.check_options(&[], &[])?;
    if own.weight.is_some() || own.if_exp.is_some() || own.in_range.is_some() {
        return Err(StataError::standard(101));
    }
    let settings = Settings::of(&s.frame)?;
    let text = own.exp.clone().ok_or_else(StataError::syntax)?;
    let (function, inner) = function(&text)?;
    let (kind, names) = new_names(s, &own)?;
    let [(name, false)] = &names[..] else { return Err(StataError::syntax()) };
    let mut touse = vec![true; s.frame.n_rows()];
    let records = Records::read(s, &settings, &mut touse)?;
    let values = if inner.is_empty() { vec![0.0; touse.len()] } else { s.numbers(inner, &touse)? };
    let mut found = vec![MISSING; records.rows.len()];
    for history in histories(s, &settings, &records)? {
        let of: Vec<f64> = history.iter().map(|i| values[records.rows[*i]]).collect();
        for (i, value) in history.iter().zip(computed(function, &records, &history, &of)) {
            found[*i] = value;
        }
    }
    add(s, name, kind, &records.rows, Prediction { values: found, label: String::new() })
}

/// The values of a function for the records of a subject; `x` are those of the expression.
fn computed(function: Function, records: &Records, history: &[usize], x: &[f64]) -> Vec<f64> {
    let all = |value: f64| vec![value; history.len()];
    let flag = |is: bool| all(f64::from(u8::from(is)));
    let truth = |x: &f64| *x != 0.0;
    let known = || x.iter().copied().filter(|x| !is_missing(*x));
    let first = x.iter().position(|x| *x != 0.0).map(|at| history[at]);
    // time that was not observed before each record; a late entry is no gap
    let gap = |at: usize| if at == 0 { 0.0 } else { records.t0[history[at]] - records.t[history[at - 1]] };
    let gaps: Vec<f64> = (0..history.len()).map(gap).collect();
    match function {
        Function::Ever => flag(x.iter().any(truth)),
        Function::Never => flag(!x.iter().any(truth)),
        Function::Always => flag(x.iter().all(truth)),
        Function::Min => all(known().reduce(f64::min).unwrap_or(MISSING)),
        Function::Max => all(known().reduce(f64::max).unwrap_or(MISSING)),
        Function::When => all(first.map_or(MISSING, |i| records.t[i])),
        Function::When0 => all(first.map_or(MISSING, |i| records.t0[i])),
        Function::Failures => running(history.iter().map(|i| records.d[*i]), false),
        Function::Gaps => running(gaps.iter().map(|gap| *gap > 0.0), true),
        Function::GapLength => gaps.iter().map(|gap| gap.max(0.0)).collect(),
        Function::HasGap => flag(gaps.iter().any(|gap| *gap > 0.0)),
    }
}

/// Counts events up to each record, with or without its own.
fn running(events: impl Iterator<Item = bool>, own: bool) -> Vec<f64> {
    let mut count = 0.0;
    events
        .map(|event| {
            let before = count;
            count += f64::from(u8::from(event));
            if own { count } else { before }
        })
        .collect()
}

fn fill(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (baseline, forward) = (cmd.has("baseline"), cmd.has("forward"));
    if baseline == forward {
        return Err(StataError::invalid("must specify either baseline or forward"));
    }
    if cmd.list.trim().is_empty() {
        return Err(StataError::standard(100));
    }
    let settings = Settings::of(&s.frame)?;
    let variables = s.varlist(&cmd.list)?;
    let records = Records::of(s, cmd, &settings)?;
    let histories = histories(s, &settings, &records)?;
    if !cmd.has("noshow") {
        show(s, &settings);
    }
    s.print("");
    s.print(if baseline {
        "replace all values with value at earliest observed:"
    } else {
        "replace missing values with previously observed values:"
    });
    for variable in variables {
        let changed = carry(s, &records, &histories, variable, baseline);
        let name = s.frame.var(variable).name.clone();
        let plural = if changed == 1 { "" } else { "s" };
        s.print(format!("{name:>17}:  {} real change{plural} made", count_text(changed)));
    }
    s.frame.changed = true;
    Ok(())
}

/// Carries the values of a variable over the records of each subject; gives the number of changes.
fn carry(
    s: &mut Session,
    records: &Records,
    histories: &[Vec<usize>],
    variable: usize,
    baseline: bool,
) -> usize {
    let mut changes: Vec<(usize, usize)> = Vec::new();
    for history in histories {
        let mut source = None;
        for row in history.iter().map(|i| records.rows[*i]) {
            let column = &s.frame.var(variable).data;
            let absent =
                if column.is_string() { column.str(row).is_empty() } else { is_missing(column.num(row)) };
            match source {
                None if baseline || !absent => source = Some(row),
                Some(from) if (baseline || absent) && s.frame.compare(variable, from, row).is_ne() => {
                    changes.push((row, from));
                }
                Some(_) if !baseline && !absent => source = Some(row),
                _ => {}
            }
        }
    }
    let before = s.frame.var(variable).data.clone();
    let column = s.frame.column_mut(variable);
    for (row, from) in &changes {
        if before.is_string() {
            column.set_str(*row, before.str(*from));
        } else {
            column.set_num(*row, before.num(*from));
        }
    }
    changes.len()
}
