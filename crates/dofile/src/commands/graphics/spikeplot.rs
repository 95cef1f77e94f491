//! `spikeplot`: a spike for the frequency of each value ([R] spikeplot).

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::is_missing;
use figure::{Range, Series, Shape, Style};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "spikeplot",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "spikeplot varname [if] [in] [weight] [, round(#) fraction root twoway_options]",
    notes: "frequencies, or sums of weights; no results; [R] spikeplot",
    examples: &[Example {
        run: "input x\n1\n2.2\n1.9\n5\nend\nspikeplot x, round(1)\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nscalar n = _N\nerase `f'.csv",
        expect: &[("n", 3.0), ("x[2]", 2.0), ("high[2]", 2.0), ("high[3]", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split("spikeplot", &cmd.raw, false)?;
    let variable = s.numeric_variable(cmd.list.trim())?;
    let (mut round, mut fraction, mut root) = (None, false, false);
    let mut rest: Vec<RawOption> = Vec::new();
    for option in split_options(&cmd.option_text)? {
        match &option {
            (name, Some(text)) if abbreviates(name, "ROUnd") => {
                let unit = parse_number(text).filter(|r| *r > 0.0);
                round = Some(unit.ok_or_else(|| StataError::invalid("round() must be a positive number"))?);
            }
            (name, None) if abbreviates(name, "FRACtion") => fraction = true,
            (name, None) if abbreviates(name, "ROOT") => root = true,
            (name, _) if abbreviates(name, "ZERO") => {
                return Err(StataError::unsupported_option("spikeplot", "zero()"));
            }
            _ => rest.push(option),
        }
    }
    if fraction && root {
        return Err(StataError::invalid("options fraction and root may not be combined"));
    }
    let mut touse = s.rows(&cmd)?;
    let weights = s.weights(&cmd, WeightKind::Frequency, &mut touse)?;
    let mut values: Vec<(f64, f64)> = (0..touse.len())
        .filter(|i| touse[*i] && !is_missing(s.frame.num_at(variable, *i)))
        .map(|i| (s.frame.num_at(variable, i), weights.as_ref().map_or(1.0, |w| w.values[i])))
        .collect();
    if values.is_empty() {
        return Err(StataError::no_observations());
    }
    if let Some(unit) = round {
        for value in &mut values {
            value.0 = (value.0 / unit).round() * unit;
        }
    }
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = values.iter().map(|v| v.1).sum();
    let used = values.len();
    let mut spikes: Vec<Range> = Vec::new();
    for (at, weight) in values {
        match spikes.last_mut().filter(|spike| spike.at == at) {
            Some(spike) => spike.high += weight,
            None => spikes.push(Range { at, low: 0.0, high: weight }),
        }
    }
    for spike in &mut spikes {
        spike.high = match (fraction, root) {
            (true, _) => spike.high / total,
            (_, true) => spike.high.sqrt(),
            _ => spike.high,
        };
    }
    let own = s.frame.var(variable);
    let x_title = if own.label.is_empty() { own.name.clone() } else { own.label.clone() };
    let y_title = match (fraction, root) {
        (true, _) => "Fraction",
        (_, true) => "Root of frequency",
        _ => "Frequency",
    };
    let shape = Shape::Ranges { ranges: spikes, caps: false, horizontal: false };
    let series = vec![Series { label: String::new(), number: 0, shape, style: Style::default() }];
    let plain = Plain { series, x_title, y_title: y_title.to_string(), used: Some(used), ..Plain::default() };
    show(s, plain, &rest)
}
