//! `ameans`: arithmetic, geometric and harmonic means with intervals ([R] ameans).

use super::values;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, clean, is_missing};
use estimators::distributions::t_inverse_tail;
use estimators::means::Moments;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::real("Level")]).unsupported(&["Add", "Only"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ameans",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ameans [varlist] [if] [in] [, level(#)]",
    notes: "geometric and harmonic means are over the positive values; stores, for the last variable, r(N) r(N_pos) r(mean) r(lb) r(ub) r(Var), and the same with _g and _h; [R] ameans",
    examples: &[Example {
        run: "input x\n1\n2\n4\nend\nameans x",
        expect: &[("r(mean_g)", 2.0), ("r(mean_h)", 12.0 / 7.0), ("r(N_pos)", 3.0)],
    }],
};

/// A mean, its limits and the variance of the transformed values.
struct Mean {
    n: f64,
    mean: f64,
    low: f64,
    high: f64,
    variance: f64,
}

/// The mean of transformed values, and its interval, turned back; `falling` where the inverse exchanges the limits.
fn mean(values: &[f64], level: f64, back: fn(f64) -> f64, falling: bool) -> Mean {
    let m = Moments::of(values);
    let half = t_inverse_tail(m.n - 1.0, 0.5 - level / 200.0) * m.se();
    let (a, b) = (back(m.mean - half), back(m.mean + half));
    let (low, high) = if falling { (b, a) } else { (a, b) };
    let shown = |x: f64| if x.is_finite() { x } else { MISSING };
    // the limit of a harmonic mean is infinite where the interval of the inverses reaches zero
    let high = if falling && m.mean - half <= 0.0 { MISSING } else { shown(high) };
    Mean { n: m.n, mean: shown(back(m.mean)), low: shown(low), high, variance: shown(m.sd * m.sd) }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = match cmd.list.trim() {
        "" => (0..s.frame.n_vars()).filter(|v| !s.frame.var(*v).is_string()).collect(),
        list => s.varlist(list)?,
    };
    let level = level(s, cmd)?;
    let touse = s.rows(cmd)?;
    s.print("");
    s.print(format!(
        "    Variable |    Type             Obs        Mean       [{}% conf. interval]",
        format::bare("%5.0g", level)
    ));
    s.print(format!("-------------+{}", "-".repeat(63)));
    let mut last = None;
    for variable in variables {
        if s.frame.var(variable).is_string() {
            return Err(StataError::type_mismatch());
        }
        let known = |i: &usize| touse[*i] && !is_missing(s.frame.num_at(variable, *i));
        let rows: Vec<usize> = (0..touse.len()).filter(known).collect();
        let x = values(s, variable, &rows);
        let positive: Vec<f64> = x.iter().copied().filter(|v| *v > 0.0).collect();
        let logs: Vec<f64> = positive.iter().map(|v| v.ln()).collect();
        let inverses: Vec<f64> = positive.iter().map(|v| 1.0 / v).collect();
        let found = [
            ("Arithmetic", "", mean(&x, level, |v| v, false)),
            ("Geometric", "_g", mean(&logs, level, f64::exp, false)),
            ("Harmonic", "_h", mean(&inverses, level, |v| 1.0 / v, true)),
        ];
        for (i, (kind, _, m)) in found.iter().enumerate() {
            let name = if i == 0 { format::abbrev(&s.frame.var(variable).name, 12) } else { String::new() };
            let cell = |x: f64| format::right(&format::bare("%9.0g", clean(x)), 12);
            let line =
                format!("{name:>12} | {kind:>11}{:>12}{}{}{}", m.n, cell(m.mean), cell(m.low), cell(m.high));
            s.print(line);
        }
        s.print(format!("-------------+{}", "-".repeat(63)));
        last = Some(found);
    }
    let mut r = Results::default();
    for (_, suffix, m) in last.iter().flatten() {
        r.scalar(if suffix.is_empty() { "N" } else { "N_pos" }, m.n);
        for (name, value) in [("mean", m.mean), ("lb", m.low), ("ub", m.high), ("Var", m.variance)] {
            r.scalar(&format!("{name}{suffix}"), value);
        }
    }
    r.scalar("level", level);
    s.r = r;
    Ok(())
}
