//! `xtdescribe`: the pattern of participation in a panel.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::is_missing;
use estimators::descriptive::Sample;
use std::collections::{BTreeMap, BTreeSet};

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::int("Patterns"), OptSpec::int("Width")]).unsupported(&["I", "T"]);

/// Most pattern columns without `width()`, as in Stata.
const WIDTH: usize = 100;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtdescribe",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "xtdescribe [if] [in] [, patterns(#) width(#)]",
    notes: "after xtset with a time variable; stores r(N) (units) and mean, sd, min, max, sum, percentiles of T_i; [XT] xtdescribe",
    examples: &[Example {
        run: "input id t\n1 1\n1 2\n2 1\n3 3\nend\nxtset id t\nxtdescribe",
        expect: &[("r(N)", 3.0), ("r(max)", 2.0), ("r(sum)", 4.0)],
    }],
};

/// A unit and its times, ascending.
type Unit = (f64, Vec<f64>);

/// Units in order, and all times that occur.
fn times_by_unit(
    session: &Session,
    touse: &[bool],
    panel: usize,
    time: usize,
) -> Result<(Vec<Unit>, Vec<f64>)> {
    let mut rows: Vec<(f64, f64)> = (0..touse.len())
        .filter(|i| touse[*i])
        .map(|i| (session.frame.num_at(panel, i), session.frame.num_at(time, i)))
        .filter(|(unit, time)| !is_missing(*unit) && !is_missing(*time))
        .collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut units: Vec<Unit> = Vec::new();
    let mut all = BTreeSet::new();
    for (unit, time) in rows {
        all.insert(time.to_bits() ^ (1 << 63));
        match units.last_mut().filter(|u| u.0 == unit) {
            Some(last) => last.1.push(time),
            None => units.push((unit, vec![time])),
        }
    }
    let mut periods: Vec<f64> = all.into_iter().map(|b| f64::from_bits(b ^ (1 << 63))).collect();
    periods.sort_by(f64::total_cmp);
    Ok((units, periods))
}

/// First values of a list as `1, 2, ..., 9`.
fn listed(values: &[f64], fmt: &str) -> String {
    let shown = |v: f64| format::bare(fmt, v);
    match values {
        [] => String::new(),
        [a] => shown(*a),
        [a, b] => format!("{}, {}", shown(*a), shown(*b)),
        [a, b, c] => format!("{}, {}, {}", shown(*a), shown(*b), shown(*c)),
        [a, b, .., z] => format!("{}, {}, ..., {}", shown(*a), shown(*b), shown(*z)),
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let declared = Panel::of(&session.frame)?;
    let panel = declared.unit()?;
    let time = declared.series()?;
    let touse = session.rows(cmd)?;
    let (units, periods) = times_by_unit(session, &touse, panel, time)?;
    head(session, &declared, panel, time, &units, &periods);
    let lengths = Sample::plain(units.iter().map(|u| u.1.len() as f64));
    session.print("");
    session.print("Distribution of T_i:   min      5%     25%       50%       75%     95%     max");
    let at: Vec<String> = [0.0, 5.0, 25.0, 50.0, 75.0, 95.0, 100.0]
        .iter()
        .map(|p| match p {
            0.0 => lengths.min(),
            100.0 => lengths.max(),
            p => lengths.percentile(*p),
        })
        .map(|v| format::bare("%9.0g", v))
        .collect();
    let widths = [26, 8, 8, 10, 10, 8, 8];
    session.print(at.iter().zip(widths).map(|(text, w)| format!("{text:>w$}")).collect::<String>());
    patterns(session, cmd, &units, &periods, declared.delta);
    let mut results = Results::default();
    results.scalar("N", units.len() as f64).scalar("mean", lengths.mean()).scalar("sd", lengths.sd());
    results.scalar("min", lengths.min()).scalar("max", lengths.max()).scalar("sum", lengths.sum());
    for p in [5, 25, 50, 75, 95] {
        results.scalar(&format!("p{p}"), lengths.percentile(f64::from(p)));
    }
    session.r = results;
    Ok(())
}

fn head(session: &mut Session, declared: &Panel, panel: usize, time: usize, units: &[Unit], periods: &[f64]) {
    let ids: Vec<f64> = units.iter().map(|u| u.0).collect();
    let (name, clock) = (session.frame.var(panel).name.clone(), session.frame.var(time).name.clone());
    let shape = session.frame.var(time).format.clone();
    let width = name.chars().count().max(clock.chars().count()).max(8);
    let count = |n: usize| format::bare("%10.0f", n as f64);
    session.print("");
    let line = |name: &str, text: &str, letter: &str, n: usize| {
        format!("{name:>width$}:  {text:<48}{letter} = {:>10}", count(n))
    };
    session.print(line(&name, &listed(&ids, "%9.0g"), "n", units.len()));
    let longest = units.iter().map(|u| u.1.len()).max().unwrap_or(0);
    session.print(line(&clock, &listed(periods, &shape), "T", longest));
    let span = (periods[periods.len() - 1] - periods[0]) / declared.delta + 1.0;
    let pad = " ".repeat(width + 3);
    let unit = if declared.delta == 1.0 { "unit" } else { "units" };
    session.print(format!("{pad}Delta({clock}) = {} {unit}", declared.delta));
    session.print(format!("{pad}Span({clock})  = {} periods", format::bare("%9.0g", span)));
    session.print(format!("{pad}({name}*{clock} uniquely identifies each observation)"));
}

fn patterns(session: &mut Session, cmd: &ParsedCommand, units: &[Unit], periods: &[f64], delta: f64) {
    let first = periods[0];
    let span = ((periods[periods.len() - 1] - first) / delta).round() as usize + 1;
    let limit = cmd.options.int("width").map_or(WIDTH, |w| w.max(1) as usize);
    let shown = cmd.options.int("patterns").map_or(9, |p| p.max(0) as usize);
    if shown == 0 || span > limit {
        return;
    }
    let mark = |times: &[f64]| {
        let mut text = vec!['.'; span];
        times.iter().for_each(|t| text[((t - first) / delta).round() as usize] = '1');
        text.into_iter().collect::<String>()
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    units.iter().for_each(|u| *counts.entry(mark(&u.1)).or_insert(0) += 1);
    let mut sorted: Vec<(String, usize)> = counts.into_iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let total = units.len() as f64;
    let rule = format!(" ---------------------------+-{}", "-".repeat(span + 2));
    session.print("");
    session.print("     Freq.  Percent    Cum. |  Pattern");
    session.print(&rule);
    let mut sum = 0;
    let line = |count: usize, sum: usize, text: &str| {
        let share = |n: usize| format::bare("%7.2f", 100.0 * n as f64 / total);
        format!("{count:>9}  {:>7} {:>7} | {text}", share(count), share(sum))
    };
    for (text, count) in sorted.iter().take(shown) {
        sum += count;
        session.print(line(*count, sum, &format!(" {text}")));
    }
    let rest: usize = sorted.iter().skip(shown).map(|s| s.1).sum();
    if rest > 0 {
        session.print(line(rest, sum + rest, "(other patterns)"));
    }
    session.print(&rule);
    let present: BTreeSet<usize> = periods.iter().map(|t| ((t - first) / delta).round() as usize).collect();
    let all: String = (0..span).map(|i| if present.contains(&i) { 'X' } else { '.' }).collect();
    session.print(format!("{:>9}  {:>7}         |  {all}", units.len(), "100.00"));
}
