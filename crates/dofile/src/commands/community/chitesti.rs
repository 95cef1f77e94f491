//! `chitesti`: the test of a distribution of counts, Pearson's and by the likelihood ratio. Written from the help of Cox's
//! `tab_chi` and its printed output.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::parse_number;
use estimators::distributions::chi2_tail;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "chitesti",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "chitesti #obs1 #obs2 [...] [\\ #exp1 #exp2 [...]]",
    notes: "equal expected counts without those behind the backslash; stores r(chi2) r(p) r(chi2_lr) r(p_lr) r(df) r(N); Cox (tab_chi)",
    examples: &[Example {
        // Counts of 30 and 10 against 20 each: 100/20 twice.
        run: "chitesti 30 10",
        expect: &[("r(chi2)", 10.0), ("r(df)", 1.0), ("r(N)", 40.0)],
    }],
};

fn counts(text: &str) -> Result<Vec<f64>> {
    let one = |word: &str| {
        let found = parse_number(word).filter(|x| *x >= 0.0);
        found.ok_or_else(|| StataError::invalid(format!("invalid count {word}")))
    };
    text.split_whitespace().map(one).collect()
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (left, right) = cmd.raw.split_once('\\').map_or((cmd.raw.as_str(), None), |(a, b)| (a, Some(b)));
    let observed = counts(left)?;
    let total: f64 = observed.iter().sum();
    if observed.len() < 2 || total <= 0.0 {
        return Err(StataError::invalid("two or more observed counts are needed"));
    }
    let expected = match right {
        None => vec![total / observed.len() as f64; observed.len()],
        Some(text) => counts(text)?,
    };
    if expected.len() != observed.len() || expected.iter().any(|e| *e <= 0.0) {
        return Err(StataError::invalid("as many positive expected as observed counts are needed"));
    }
    let pairs = || observed.iter().zip(&expected);
    let pearson: f64 = pairs().map(|(o, e)| (o - e).powi(2) / e).sum();
    let ratio: f64 = 2.0 * pairs().filter(|(o, _)| **o > 0.0).map(|(o, e)| o * (o / e).ln()).sum::<f64>();
    let df = observed.len() as f64 - 1.0;
    let (p, p_ratio) = (chi2_tail(df, pearson), chi2_tail(df, ratio));
    let source = if right.is_some() { "from keyboard" } else { "equal" };
    s.print("");
    s.print(format!("observed frequencies from keyboard; expected frequencies {source}"));
    s.print("");
    for (name, chi2, p) in [("Pearson", pearson, p), ("likelihood-ratio", ratio, p_ratio)] {
        let (chi2, p) = (format::bare("%8.4f", chi2), format::bare("%5.3f", p));
        s.print(format!("{name:>16} chi2({df}) = {chi2:>8}   Pr = {p:>6}"));
    }
    s.print("");
    s.print(rule('+'));
    s.print("  | observed   expected   obs - exp   Pearson |");
    s.print(rule('|'));
    for (o, e) in pairs() {
        let cell = |fmt: &str, x: f64, width: usize| format::right(&format::bare(fmt, x), width);
        s.print(format!(
            "  | {}{}{}{} |",
            cell("%9.0g", *o, 8),
            cell("%9.3f", *e, 11),
            cell("%9.3f", o - e, 12),
            cell("%9.3f", (o - e) / e.sqrt(), 10)
        ));
    }
    s.print(rule('+'));
    let mut r = Results::default();
    r.scalar("chi2", pearson).scalar("p", p).scalar("chi2_lr", ratio).scalar("p_lr", p_ratio);
    r.scalar("df", df).scalar("N", total);
    s.r = r;
    Ok(())
}

/// A rule of the table of counts.
fn rule(side: char) -> String {
    format!("  {side}{}{side}", "-".repeat(43))
}
