//! `_dots`: the dots of a loop of replications that a program runs itself ([P] undocumented).

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::dots::Dots;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, front_and_options, unquote, words};

pub(super) const DOTS: CommandSpec = CommandSpec {
    name: "_dots",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "_dots 0 [, title(text) reps(#)] | _dots # #rc [, nodots]",
    notes: "a dot for the replication # with the code 0, x for 1, e for 2, n for 3, s for -1, ? for others; every tenth is its number; no results",
    examples: &[Example {
        run: "_dots 0, title(Draws) reps(3)\nforvalues i = 1/3 {\n _dots `i' 0\n}\nscalar done = 1",
        expect: &[("done", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (front, options) = front_and_options(&cmd.raw);
    let specs = [OptSpec::text("title"), OptSpec::int("reps"), OptSpec::flag("noDOTS")];
    let options = Options::parse("_dots", options, &specs, &["every"])?;
    let numbers: Result<Vec<f64>> = words(front).into_iter().map(|text| s.eval_num(text)).collect();
    let numbers = numbers?;
    if options.has("nodots") {
        return Ok(());
    }
    match numbers[..] {
        [0.0] => {
            if let Some(title) = options.text("title") {
                Dots::begin(s, unquote(title.trim()), options.int("reps").unwrap_or(0).max(0) as usize);
            }
            Ok(())
        }
        [number, code] => {
            let mark = match code {
                0.0 => '.',
                1.0 => 'x',
                2.0 => 'e',
                3.0 => 'n',
                -1.0 => 's',
                _ => '?',
            };
            Dots::mark(s, number as usize, mark);
            Ok(())
        }
        _ => Err(StataError::syntax()),
    }
}
