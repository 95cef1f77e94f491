//! `_pctile`: percentiles of a variable as results.

use super::moments::{Sample, percentile};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind, numlist};
use estimators::descriptive::interpolated;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("Nquantiles"),
    OptSpec::text("Percentiles"),
    OptSpec::text("Percentile"),
    OptSpec::flag("ALTdef"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "_pctile",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "_pctile varname [if] [in] [weight] [, percentiles(numlist) nquantiles(#) altdef]",
    notes: "stores r(r1), r(r2) ...; the percentile rule of [R] summarize, with altdef the interpolation of [D] pctile; [D] pctile",
    examples: &[Example {
        run: "set obs 10\ngenerate x = _n\n_pctile x, percentiles(10 25 50)",
        expect: &[("r(r1)", 1.5), ("r(r2)", 3.0), ("r(r3)", 5.5)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let var = s.numeric_variable(cmd.list.trim())?;
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Analytic, &mut touse)?;
    let points: Vec<f64> = match (
        cmd.options.text("percentiles").or(cmd.options.text("percentile")),
        cmd.options.int("nquantiles"),
    ) {
        (Some(_), Some(_)) => {
            return Err(StataError::invalid("percentiles() and nquantiles() may not be combined"));
        }
        (Some(text), None) => numlist::expand(text)?,
        (None, n) => {
            let n = n.unwrap_or(2);
            if !(2..=1001).contains(&n) {
                return Err(StataError::invalid("nquantiles() must be between 2 and 1001"));
            }
            (1..n).map(|i| 100.0 * i as f64 / n as f64).collect()
        }
    };
    if points.iter().any(|p| *p <= 0.0 || *p >= 100.0) {
        return Err(StataError::invalid("percentiles() must be between 0 and 100"));
    }
    let column = &s.frame.var(var).data;
    let sample = Sample::new(
        (0..touse.len())
            .filter(|&i| touse[i])
            .map(|i| (column.num(i), weights.as_ref().map_or(1.0, |w| w.values[i]))),
    );
    if sample.sorted.is_empty() {
        return Err(StataError::no_observations());
    }
    if cmd.has("altdef") && weights.is_some() {
        return Err(StataError::new(101, "weights not allowed with altdef"));
    }
    let values: Vec<f64> = sample.sorted.iter().map(|v| v.0).collect();
    let mut r = crate::results::Results::default();
    for (i, p) in points.iter().enumerate() {
        let found =
            if cmd.has("altdef") { interpolated(&values, *p) } else { percentile(&sample.sorted, *p) };
        r.scalar(&format!("r{}", i + 1), found);
    }
    s.r = r;
    Ok(())
}
