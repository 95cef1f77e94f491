//! `lv`: letter values, their middles, spreads and pseudosigmas, and values beyond the fences
//! ([R] lv; Hoaglin 1983, in Understanding Robust and Exploratory Data Analysis).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use estimators::distributions::normal_quantile;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::int("Tail")]).unsupported(&["Generate"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "lv",
    min: 2,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "lv [varlist] [if] [in] [, tail(#)]",
    notes: "pseudosigma: spread over -2 invnormal((d - 1/3)/(N + 1/3)) at depth d; stores for the last variable r(N) r(min) r(max) r(median) r(l_F) r(u_F) r(l_E) r(u_E) ... r(inner_l) r(inner_u) r(outer_l) r(outer_u); [R] lv",
    examples: &[Example {
        // Nine values: depths 5, 3 and 2.
        run: "set obs 9\ngenerate x = _n\nlv x",
        expect: &[("r(median)", 5.0), ("r(l_F)", 3.0), ("r(u_F)", 7.0), ("r(l_E)", 2.0), ("r(N)", 9.0)],
    }],
};

/// Letters of the values after the median.
const LETTERS: &str = "FEDCBAZYXWVUTSRQPON";

/// A letter value: its depth and the values at this depth from both ends.
struct Letter {
    depth: f64,
    low: f64,
    high: f64,
}

/// Values at a depth of whole or half ranks.
fn at_depth(sorted: &[f64], depth: f64) -> Letter {
    let n = sorted.len();
    let (a, b) = (depth.floor() as usize - 1, depth.ceil() as usize - 1);
    Letter { depth, low: (sorted[a] + sorted[b]) / 2.0, high: (sorted[n - 1 - a] + sorted[n - 1 - b]) / 2.0 }
}

/// Median, letter values and, last, the extremes.
fn letters(sorted: &[f64]) -> Vec<Letter> {
    let mut depth = (sorted.len() as f64 + 1.0) / 2.0;
    let mut out = vec![at_depth(sorted, depth)];
    while depth > 1.0 && out.len() <= LETTERS.len() {
        depth = (depth.floor() + 1.0) / 2.0;
        out.push(at_depth(sorted, depth));
    }
    out
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let tail = match cmd.options.int("tail") {
        None => LETTERS.len(),
        Some(t) if (1..=LETTERS.len() as i64).contains(&t) => t as usize,
        Some(_) => return Err(StataError::new(198, "tail() must be between 1 and 19")),
    };
    let vars: Vec<usize> = if cmd.list.trim().is_empty() {
        (0..s.frame.n_vars()).filter(|v| !s.frame.var(*v).is_string()).collect()
    } else {
        s.varlist(&cmd.list)?
    };
    let touse = s.rows(cmd)?;
    for variable in vars {
        if s.frame.var(variable).is_string() {
            return Err(StataError::type_mismatch());
        }
        let mut values: Vec<f64> = (0..touse.len())
            .filter(|i| touse[*i])
            .map(|i| s.frame.num_at(variable, i))
            .filter(|x| !is_missing(*x))
            .collect();
        if values.len() < 2 {
            return Err(if values.is_empty() {
                StataError::no_observations()
            } else {
                StataError::insufficient_observations()
            });
        }
        values.sort_by(f64::total_cmp);
        let own = s.frame.var(variable);
        let title = if own.label.is_empty() { own.name.clone() } else { own.label.clone() };
        show(s, &title, &values, tail);
    }
    Ok(())
}

fn cell(x: f64) -> String {
    format::bare("%9.0g", x)
}

fn show(s: &mut Session, title: &str, sorted: &[f64], tail: usize) {
    let n = sorted.len() as f64;
    let values = letters(sorted);
    let last = values.len() - 1;
    let mut r = Results::default();
    r.scalar("N", n).scalar("min", sorted[0]).scalar("max", sorted[sorted.len() - 1]);
    r.scalar("median", values[0].low);
    s.print("");
    s.print(format!(" #{:>9}{:>7}{:^32}", format::bare("%9.0fc", n), "", format::abbrev(title, 32)));
    s.print(format!("{:18}{}", "", "-".repeat(32)));
    s.print(format!(
        "M{:>10}      |{:>11}{:>10}{:>10} |{:>12}{:>14}",
        cell(values[0].depth),
        "",
        cell(values[0].low),
        "",
        "spread",
        "pseudosigma"
    ));
    for (at, value) in values.iter().enumerate().skip(1) {
        let letter = if at == last { "" } else { &LETTERS[at - 1..at] };
        if !letter.is_empty() {
            r.scalar(&format!("l_{letter}"), value.low).scalar(&format!("u_{letter}"), value.high);
        }
        if at > tail && at != last {
            continue;
        }
        let spread = value.high - value.low;
        let sigma = spread / (-2.0 * normal_quantile((value.depth - 1.0 / 3.0) / (n + 1.0 / 3.0)));
        s.print(format!(
            "{letter:<1}{:>10}      |{:>11}{:>10}{:>10} |{:>12}{:>14}",
            cell(value.depth),
            cell(value.low),
            cell((value.low + value.high) / 2.0),
            cell(value.high),
            cell(spread),
            cell(sigma)
        ));
    }
    let quarter = &values[1];
    s.print(format!("{:17}|{:32}|", "", ""));
    s.print(format!("{:17}|{:32}|{:>12}{:>14}", "", "", "# below", "# above"));
    for (name, factor) in [("inner", 1.5), ("outer", 3.0)] {
        let reach = factor * (quarter.high - quarter.low);
        let (low, high) = (quarter.low - reach, quarter.high + reach);
        let below = sorted.iter().filter(|x| **x < low).count();
        let above = sorted.iter().filter(|x| **x > high).count();
        s.print(format!(
            "{name} fence{:6}|{:>11}{:>10}{:>10} |{below:>12}{above:>14}",
            "",
            cell(low),
            "",
            cell(high)
        ));
        r.scalar(&format!("{name}_l"), low).scalar(&format!("{name}_u"), high);
    }
    s.r = r;
}
