//! `ameans`: arithmetic, geometric and harmonic means with intervals ([R] ameans).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::{MISSING, clean, is_missing};
use estimators::distributions::t_inverse_tail;
use estimators::real::stable_sum;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::real("Level"), OptSpec::real("Add"), OptSpec::flag("Only")])
        .weights(&[WeightKind::Analytic, WeightKind::Frequency]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ameans",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ameans [varlist] [if] [in] [aweight fweight] [, add(#) only level(#)]",
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

/// Size, mean and variance of weighted values: frequencies count rows, analytic weights are scaled to sum to their number.
fn moments(values: &[(f64, f64)], frequencies: bool) -> (f64, f64, f64) {
    let total = stable_sum(values.iter().map(|v| v.1));
    let n = if frequencies { total } else { values.len() as f64 };
    let mean = stable_sum(values.iter().map(|v| v.0 * v.1)) / total;
    let squares = stable_sum(values.iter().map(|v| v.1 * (v.0 - mean).powi(2)));
    (n, mean, squares / total * n / (n - 1.0))
}

/// The mean of transformed values, and its interval, turned back; `falling` where the inverse exchanges the limits.
fn mean(values: &[(f64, f64)], frequencies: bool, level: f64, back: fn(f64) -> f64, falling: bool) -> Mean {
    let (n, center, variance) = moments(values, frequencies);
    let half = t_inverse_tail(n - 1.0, 0.5 - level / 200.0) * (variance / n).sqrt();
    let (a, b) = (back(center - half), back(center + half));
    let (low, high) = if falling { (b, a) } else { (a, b) };
    let shown = |x: f64| if x.is_finite() { x } else { MISSING };
    // the limit of a harmonic mean is infinite where the interval of the inverses reaches zero
    let high = if falling && center - half <= 0.0 { MISSING } else { shown(high) };
    Mean { n, mean: shown(back(center)), low: shown(low), high, variance: shown(variance) }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = match cmd.list.trim() {
        "" => (0..s.frame.n_vars()).filter(|v| !s.frame.var(*v).is_string()).collect(),
        list => s.varlist(list)?,
    };
    let level = level(s, cmd)?;
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Analytic, &mut touse)?;
    let frequencies = weights.as_ref().is_none_or(|w| w.kind == WeightKind::Frequency);
    let add = cmd.options.real("add").unwrap_or(0.0);
    if cmd.has("only") && add == 0.0 {
        return Err(StataError::invalid("only may not be specified without add()"));
    }
    let mut added = false;
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
        let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w.values[i]);
        let plain: Vec<(f64, f64)> =
            rows.iter().map(|i| (s.frame.num_at(variable, *i), weight(*i))).collect();
        // with `only`, variables that are positive throughout stay as they are
        let moved = add != 0.0 && (!cmd.has("only") || plain.iter().any(|v| v.0 <= 0.0));
        let x: Vec<(f64, f64)> = plain.iter().map(|v| (if moved { v.0 + add } else { v.0 }, v.1)).collect();
        let positive = || x.iter().filter(|v| v.0 > 0.0);
        let logs: Vec<(f64, f64)> = positive().map(|v| (v.0.ln(), v.1)).collect();
        let inverses: Vec<(f64, f64)> = positive().map(|v| (1.0 / v.0, v.1)).collect();
        added |= moved;
        let found = [
            ("Arithmetic", "", mean(&x, frequencies, level, |v| v, false)),
            ("Geometric", "_g", mean(&logs, frequencies, level, f64::exp, false)),
            ("Harmonic", "_h", mean(&inverses, frequencies, level, |v| 1.0 / v, true)),
        ];
        for (i, (kind, _, m)) in found.iter().enumerate() {
            let name = if i == 0 { format::abbrev(&s.frame.var(variable).name, 12) } else { String::new() };
            let cell = |x: f64, w: usize| format::right(&format::bare("%9.0g", clean(x)), w);
            let mark = if moved { " *" } else { "" };
            let numbers = format!("{}{}{}{mark}", cell(m.mean, 12), cell(m.low, 16), cell(m.high, 11));
            s.print(format!("{name:>12} | {kind:>10}{:>13}{numbers}", m.n));
        }
        s.print("-".repeat(77));
        last = Some(found);
    }
    if added {
        let number = format::bare("%9.0g", add);
        s.print(format!("(*) {number} was added to the variables prior to calculating the results."));
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
