//! `timer`: stopwatches numbered 1 to 100.
//!
//! Syntax: `timer clear [#]`, `timer on #`, `timer off #`, `timer list [#]`.
//! `timer list` stores `r(t#)` (seconds) and `r(nt#)` (times that it was switched off); [P] timer.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::{Extension, Session};
use crate::syntax::ParsedCommand;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "timer",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "timer {clear [#] | on # | off # | list [#]}",
    notes: "timer list stores r(t#) and r(nt#); [P] timer",
    examples: &[Example {
        run: "timer clear\ntimer on 7\ntimer off 7\ntimer on 7\ntimer off 7\ntimer list 7\nscalar ok = r(t7) >= 0 & r(t7) < .",
        expect: &[("r(nt7)", 2.0), ("ok", 1.0)],
    }],
};

/// One watch.
#[derive(Debug, Default, Clone, Copy)]
struct Watch {
    running: Option<Instant>,
    total: Duration,
    count: u32,
}

/// The watches by number.
#[derive(Debug, Default)]
struct Watches(BTreeMap<u32, Watch>);

impl Extension for Watches {}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let words: Vec<&str> = cmd.raw.split_whitespace().collect();
    let (action, number) = match words.as_slice() {
        [action] => (*action, None),
        [action, number] => (*action, Some(parse(number)?)),
        _ => return Err(StataError::syntax()),
    };
    let needed = || number.ok_or_else(StataError::syntax);
    let watches = &mut session.extensions.state::<Watches>().0;
    match action {
        "clear" => match number {
            Some(n) => drop(watches.remove(&n)),
            None => watches.clear(),
        },
        "on" => {
            watches.entry(needed()?).or_default().running.get_or_insert_with(Instant::now);
        }
        "off" => {
            let watch = watches.entry(needed()?).or_default();
            if let Some(start) = watch.running.take() {
                watch.total += start.elapsed();
                watch.count += 1;
            }
        }
        "list" => {
            let chosen: Vec<(u32, Watch)> = watches
                .iter()
                .filter(|(n, _)| number.is_none_or(|m| m == **n))
                .map(|(n, w)| (*n, *w))
                .collect();
            list(session, &chosen);
        }
        _ => return Err(StataError::syntax()),
    }
    Ok(())
}

fn parse(word: &str) -> Result<u32> {
    word.parse().ok().filter(|n| (1..=100).contains(n)).ok_or_else(|| {
        StataError::invalid(format!("invalid timer number {word}: an integer between 1 and 100 is needed"))
    })
}

fn list(session: &mut Session, watches: &[(u32, Watch)]) {
    let mut results = Results::default();
    for (number, watch) in watches {
        let seconds = (watch.total + watch.running.map_or(Duration::ZERO, |s| s.elapsed())).as_secs_f64();
        let count = f64::from(watch.count);
        session.print(format!(
            "{number:>4}:{} /{:>9} = {}",
            format::number("%10.2f", seconds),
            watch.count,
            format::number("%12.4f", seconds / count.max(1.0))
        ));
        results.scalar(&format!("t{number}"), seconds).scalar(&format!("nt{number}"), count);
    }
    session.r = results;
}
