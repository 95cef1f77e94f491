//! `_ms_parse_parts`: takes the name of a model term apart.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::Result;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{Atom, ParsedCommand, Term};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "_ms_parse_parts",
    min: 15,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "_ms_parse_parts name",
    notes: "stores r(type) (variable, factor, interaction, product), r(name) r(op) r(ts_op) r(level) r(base) r(omit), and with a number behind them for each part of an interaction, with r(k_names); [P] _ms_parse_parts",
    examples: &[
        Example {
            run: "_ms_parse_parts 2.a\nscalar f = \"`r(type)'`r(name)'\" == \"factora\"",
            expect: &[("f", 1.0), ("r(level)", 2.0), ("r(base)", 0.0), ("r(omit)", 0.0)],
        },
        Example {
            run: "_ms_parse_parts 1b.a#c.x\nscalar f = \"`r(type)' `r(name2)'\" == \"interaction x\"",
            expect: &[("f", 1.0), ("r(k_names)", 2.0), ("r(base1)", 1.0)],
        },
        Example {
            run: "_ms_parse_parts o.x\nscalar f = \"`r(type)'`r(name)'\" == \"variablex\"",
            expect: &[("f", 1.0), ("r(omit)", 1.0)],
        },
    ],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut r = Results::default();
    match Term::parse(cmd.raw.trim()) {
        Ok(term) => {
            let single = term.atoms.len() == 1;
            let factors = term.atoms.iter().any(|a| matches!(a, Atom::Level { .. }));
            let kind = match (single, factors) {
                (true, false) => "variable",
                (true, true) => "factor",
                (false, true) => "interaction",
                (false, false) => "product",
            };
            r.text("type", kind).scalar("omit", f64::from(u8::from(term.is_omitted())));
            if !single {
                r.scalar("k_names", term.atoms.len() as f64);
            }
            for (i, atom) in term.atoms.iter().enumerate() {
                part(&mut r, atom, &if single { String::new() } else { (i + 1).to_string() });
            }
        }
        // names of free parameters, such as /lnsigma, are not terms
        Err(_) => {
            r.text("type", "variable").text("name", cmd.raw.trim()).scalar("omit", 0.0);
        }
    }
    s.r = r;
    Ok(())
}

fn part(r: &mut Results, atom: &Atom, suffix: &str) {
    let ts = atom.ts().prefix();
    let ts = ts.trim_end_matches('.');
    r.text(&format!("name{suffix}"), atom.var()).text(&format!("ts_op{suffix}"), ts);
    match atom {
        Atom::Cont { omitted, .. } => {
            let op = match (suffix.is_empty(), omitted) {
                (true, true) => "o",
                (true, false) => "",
                (false, true) => "co",
                (false, false) => "c",
            };
            r.text(&format!("op{suffix}"), format!("{op}{ts}"));
        }
        Atom::Level { level, base, no_base, omitted, .. } => {
            let mark = match (base, no_base, omitted) {
                (true, _, _) => "b",
                (_, true, _) => "bn",
                (_, _, true) => "o",
                _ => "",
            };
            r.text(&format!("op{suffix}"), format!("{level}{mark}{ts}"));
            r.scalar(&format!("level{suffix}"), *level as f64);
            r.scalar(&format!("base{suffix}"), f64::from(u8::from(*base)));
        }
    }
}
