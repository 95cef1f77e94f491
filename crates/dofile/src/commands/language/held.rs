//! `_estimates` and `_return`: results that a program puts aside and takes back.

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::results::{Estimation, Results};
use crate::session::{Extension, Session};
use crate::syntax::ParsedCommand;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::top_level_comma;
use std::collections::BTreeMap;

pub(super) const ESTIMATES: CommandSpec = CommandSpec {
    notes: "the sample is held with the results; [P] _estimates",
    examples: &[Example {
        run: "set obs 9\ngenerate x = _n\ngenerate y = x + mod(_n, 3)\nregress y x\n_estimates hold kept\nregress y if x > 3\n_estimates unhold kept\ncapture _estimates unhold kept\nscalar again = _rc\nscalar n = e(N)",
        expect: &[("n", 9.0), ("again", 111.0), ("e(df_m)", 1.0)],
    }],
    ..CommandSpec::raw(
        "_estimates",
        4,
        estimates,
        "_estimates {hold name [, copy nullok] | unhold name [, not] | drop {names|_all} | clear | dir}",
    )
};
pub(super) const RETURN: CommandSpec = CommandSpec {
    notes: "[P] _return",
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\nsummarize x\n_return hold kept\nsummarize x if x > 3\n_return restore kept\nscalar n = r(N)",
        expect: &[("n", 4.0)],
    }],
    ..CommandSpec::raw(
        "_return",
        7,
        returns,
        "_return {hold name | restore name [, hold] | drop {name|_all} | dir}",
    )
};

/// Results by the names under which they are held.
#[derive(Debug, Default)]
struct Held {
    estimates: BTreeMap<String, Estimation>,
    returns: BTreeMap<String, Results>,
}

impl Extension for Held {}

/// Subcommand, names and options.
fn parts(cmd: &ParsedCommand) -> (String, Vec<String>, String) {
    let at = top_level_comma(&cmd.raw);
    let (front, options) = at.map_or((cmd.raw.as_str(), ""), |at| (&cmd.raw[..at], &cmd.raw[at + 1..]));
    let mut words = front.split_whitespace().map(str::to_string);
    (words.next().unwrap_or_default(), words.collect(), options.to_string())
}

fn one(names: &[String]) -> Result<&String> {
    match names {
        [name] => Ok(name),
        [] => Err(StataError::standard(100)),
        _ => Err(StataError::standard(103)),
    }
}

fn is(word: &str, full: &str, least: usize) -> bool {
    word.len() >= least && full.starts_with(word)
}

fn estimates(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (word, names, options) = parts(cmd);
    let flags = [OptSpec::flag("Copy"), OptSpec::flag("NULLok"), OptSpec::flag("not")];
    let options = Options::parse("_estimates", &options, &flags, &["Restore", "VARname"])?;
    match word.as_str() {
        w if is(w, "hold", 1) => {
            let name = one(&names)?;
            if s.e.b().is_none() && !options.has("nullok") {
                return Err(StataError::no_estimates());
            }
            if s.extensions.state::<Held>().estimates.contains_key(name) {
                return Err(StataError::already_defined(name));
            }
            let held = s.hold_estimates();
            if !options.has("copy") {
                s.e = Estimation::default();
            }
            s.extensions.state::<Held>().estimates.insert(name.clone(), held);
            Ok(())
        }
        w if is(w, "unhold", 1) => {
            let name = one(&names)?;
            let held = s.extensions.state::<Held>().estimates.remove(name);
            let held =
                held.ok_or_else(|| StataError::new(111, format!("estimation result {name} not found")))?;
            if options.has("not") {
                s.release_estimates(&held);
            } else {
                s.restore_estimates(held);
            }
            Ok(())
        }
        "drop" => {
            let all = names.iter().any(|n| n == "_all");
            s.extensions.state::<Held>().estimates.retain(|name, _| !all && !names.contains(name));
            Ok(())
        }
        w if is(w, "clear", 1) => {
            s.extensions.state::<Held>().estimates.clear();
            Ok(())
        }
        w if is(w, "dir", 1) => {
            let names: Vec<String> = s.extensions.state::<Held>().estimates.keys().cloned().collect();
            names.iter().for_each(|name| s.print(name));
            Ok(())
        }
        _ => Err(StataError::syntax()),
    }
}

fn returns(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (word, names, options) = parts(cmd);
    let options = Options::parse("_return", &options, &[OptSpec::flag("Hold")], &[])?;
    match word.as_str() {
        w if is(w, "hold", 1) => {
            let name = one(&names)?;
            if s.extensions.state::<Held>().returns.contains_key(name) {
                return Err(StataError::already_defined(name));
            }
            let held = std::mem::take(&mut s.r);
            s.extensions.state::<Held>().returns.insert(name.clone(), held);
            Ok(())
        }
        w if is(w, "restore", 3) => {
            let name = one(&names)?;
            let all = &mut s.extensions.state::<Held>().returns;
            let held = if options.has("hold") { all.get(name).cloned() } else { all.remove(name) };
            s.r = held.ok_or_else(|| StataError::new(111, format!("results {name} not found")))?;
            Ok(())
        }
        "drop" => {
            let all = names.iter().any(|n| n == "_all");
            s.extensions.state::<Held>().returns.retain(|name, _| !all && !names.contains(name));
            Ok(())
        }
        w if is(w, "dir", 1) => {
            let names: Vec<String> = s.extensions.state::<Held>().returns.keys().cloned().collect();
            names.iter().for_each(|name| s.print(name));
            Ok(())
        }
        _ => Err(StataError::syntax()),
    }
}
