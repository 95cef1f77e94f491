//! `erepost`: other coefficients and their covariance in the results of the last estimation. Community command by Jann.

use super::super::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::run::shown;
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::{ParsedCommand, front_and_options};

/// `erepost`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "erepost",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "erepost [b = matrix] [V = matrix] [, cmd(name) rename esample(varname)]",
    notes: "as ereturn repost, with names and sizes that may differ from those before; cmd() changes e(cmd); community command by Jann",
    examples: &[Example {
        run: "set obs 9\ngenerate x = _n\ngenerate y = 2*x + mod(_n, 3)\nregress y x\nmatrix c = e(b)\nmatrix c[1,1] = 7\nmatrix W = e(V)\nerepost b = c V = W",
        expect: &[("_b[x]", 7.0), ("e(N)", 9.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (pairs, option_text) = front_and_options(raw);
    let (mut name, mut rest) = (None, String::new());
    for (option, argument) in split_options(option_text)? {
        match (option.as_str(), argument) {
            ("cmd", Some(text)) => name = Some(text.trim().to_string()),
            ("rename" | "buildfvinfo" | "noesample", None) => {}
            ("esample", Some(text)) => rest.push_str(&format!(" esample({text})")),
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    if session.e.cmd().is_empty() {
        return Err(StataError::no_estimates());
    }
    shown(session, &format!("ereturn repost {pairs},{rest}"))?;
    if let Some(name) = name {
        session.e.results.text("cmd", name);
    }
    Ok(())
}
