//! Running a command again and again on changed data: first run, replications, dots, saved results.

use super::exp_list::{self, Statistic};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::ops::dots::Dots;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::{ParsedCommand, split};
use crate::value::MISSING;

pub(super) use crate::ops::resampling::{count, seed};

/// The first run: its statistics, their values, and whether the command posted estimates. Expressions
/// without a name are called `_stem_1`, `_stem_2`, ...
pub(super) fn first_run(
    s: &mut Session,
    command: &str,
    list: &str,
    stem: &str,
) -> Result<(Vec<Statistic>, Vec<f64>, bool)> {
    let before = s.e.sample;
    quietly(s, command)?;
    let estimated = s.e.sample != before && s.e.sample.is_some();
    let statistics = exp_list::bind(s, list, estimated, stem)?;
    let values: Result<Vec<f64>> = statistics.iter().map(|x| x.value(s)).collect();
    Ok((statistics, values?, estimated))
}

/// Says that the command ran once on all data, where dots are shown.
pub(super) fn note(s: &mut Session, command: &str, dots: Option<&str>) {
    if dots.is_some() {
        let name = command.split([' ', ',']).next().unwrap_or(command);
        s.print(format!("(running {name} on estimation sample)"));
        s.print("");
    }
}

/// The command with the expressions that have names of their own, and further lines.
pub(super) fn legend(s: &mut Session, command: &str, statistics: &[Statistic], more: &[(&str, String)]) {
    s.print("");
    s.print(format!("      Command: {command}"));
    for x in statistics.iter().filter(|x| x.name != x.text && x.is_expression()) {
        s.print(format!("{:>13}: {}", crate::format::abbrev(&x.name, 12), x.text));
    }
    more.iter().for_each(|(name, text)| s.print(format!("{name:>13}: {text}")));
    s.print("");
}

/// One replication on the data in memory: missing values where the command fails. A break is passed on.
pub(super) fn replication(s: &mut Session, command: &str, statistics: &[Statistic]) -> Result<Vec<f64>> {
    let outcome = quietly(s, command).and_then(|()| statistics.iter().map(|x| x.value(s)).collect());
    match outcome {
        Ok(values) => Ok(values),
        Err(_) if s.interrupted() => Err(StataError::standard(1)),
        Err(_) => Ok(vec![MISSING; statistics.len()]),
    }
}

/// Variable that marks the rows of a command in all replications.
const MARK: &str = "__replicated";

/// A command whose `in`, or whose `if` with `_n` or `_N`, counts the rows of the whole data: its rows are marked, and the mark
/// takes the place of the condition, because the replications have other rows.
pub(super) fn mark_rows(s: &mut Session, command: &str) -> Result<String> {
    let (name, raw) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let Ok(cmd) = ParsedCommand::split(name, raw, false) else { return Ok(command.to_string()) };
    let counts = |text: &String| {
        let names = text.split(|c: char| !(c == '_' || c.is_alphanumeric()));
        names.into_iter().any(|word| word == "_n" || word == "_N")
    };
    if cmd.in_range.is_none() && !cmd.if_exp.as_ref().is_some_and(counts) {
        return Ok(command.to_string());
    }
    let marked: Vec<f64> = s.rows(&cmd)?.into_iter().map(|used| f64::from(u8::from(used))).collect();
    s.frame.add(Variable::new(MARK, Column::from_f64(StorageType::Byte, &marked)))?;
    let weight = cmd.weight.as_ref().map(|w| {
        let kind = w.kind.map_or("weight", |k| k.name());
        format!(" [{kind}={}]", w.exp)
    });
    let using = cmd.using.as_ref().map(|file| format!(" using \"{file}\""));
    let options = if cmd.option_text.is_empty() { String::new() } else { format!(", {}", cmd.option_text) };
    let (weight, using) = (weight.unwrap_or_default(), using.unwrap_or_default());
    Ok(format!("{name} {}{using} if {MARK}{weight}{options}", cmd.list))
}

/// Removes the mark of [`mark_rows`].
pub(super) fn unmark(s: &mut Session) {
    if let Some(v) = s.frame.find(MARK) {
        s.frame.drop_vars(&[v]);
    }
}

/// Runs `make` for the data of each replication and puts the data back afterwards, whatever happens.
pub(super) fn on_copies(
    s: &mut Session,
    command: &str,
    statistics: &[Statistic],
    count: usize,
    dots: Option<&str>,
    mut make: impl FnMut(&mut Session, usize) -> Result<()>,
) -> Result<Vec<Vec<f64>>> {
    let full = s.frame.clone();
    let estimates = s.e.clone();
    let mut rows = Vec::with_capacity(count);
    let mut result = Ok(());
    let mut dots = dots.map(|title| Dots::begin(s, title, count));
    for k in 0..count {
        let step = make(s, k).and_then(|()| replication(s, command, statistics));
        s.frame = full.clone();
        match step {
            Ok(values) => {
                if let Some(dots) = &mut dots {
                    dots.dot(s, values.contains(&MISSING));
                }
                rows.push(values);
            }
            Err(e) => {
                result = Err(e);
                break;
            }
        }
    }
    if let Some(dots) = dots.filter(|_| result.is_ok()) {
        dots.end(s);
    }
    s.frame = full;
    s.e = estimates;
    result.map(|()| rows)
}

/// A data set of replications: one row each, one column for each statistic.
pub(super) fn as_frame(statistics: &[Statistic], rows: &[Vec<f64>], double: bool) -> Result<Frame> {
    let mut frame = Frame::new();
    let ty = if double { StorageType::Double } else { StorageType::Float };
    for (j, x) in statistics.iter().enumerate() {
        let values: Vec<f64> = rows.iter().map(|r| r[j]).collect();
        let mut var = Variable::new(&x.name, Column::from_f64(ty, &values));
        var.label = x.text.chars().take(80).collect();
        frame.add(var)?;
    }
    Ok(frame)
}

/// Writes replications where `saving(file [, replace double])` says.
pub(super) fn save(s: &mut Session, saving: &str, statistics: &[Statistic], rows: &[Vec<f64>]) -> Result<()> {
    save_frame(s, saving, |double| as_frame(statistics, rows, double))
}

/// Writes the data that `made` returns for storage as double or float.
pub(super) fn save_frame(s: &mut Session, saving: &str, made: impl Fn(bool) -> Result<Frame>) -> Result<()> {
    let (name, options) = saving.split_once(',').unwrap_or((saving, ""));
    let mut double = false;
    let mut replace = false;
    for o in options.split_whitespace() {
        match o {
            "double" => double = true,
            "replace" => replace = true,
            o => return Err(StataError::option_not_allowed(o)),
        }
    }
    let file = crate::ops::files::with_extension(split::unquote(name.trim()), "dta");
    let path = s.path(&file);
    crate::ops::files::check_replace(&path, &file, replace)?;
    crate::ops::data_files::write_dta(&made(double)?, &path)
}

/// Non-missing values of one statistic.
pub(super) fn column(rows: &[Vec<f64>], j: usize) -> Vec<f64> {
    rows.iter().map(|r| r[j]).filter(|x| !crate::value::is_missing(*x)).collect()
}
