//! `wntestb`: Bartlett's test of white noise by the cumulative periodogram. Formulas: [TS] wntestb.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::spectrum::{Read, drawn};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number};
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{kolmogorov_inverse_tail, kolmogorov_tail};
use estimators::spectrum::cumulative;
use figure::{Shape, Style};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "wntestb",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "wntestb varname [if] [in] [, table level(#) twoway_options]",
    notes: "a graph of the cumulative periodogram with its bands, table for text; stores r(stat) r(p); [TS] wntestb",
    examples: &[Example {
        // All of the variance is at the last of the frequencies 0, 1/4, 1/2: at 1/4 the line is 1/2 above, times sqrt(3).
        run: "set obs 4\ngenerate t = _n\ngenerate x = cond(mod(_n, 2), 1, -1)\ntsset t\nwntestb x, table",
        expect: &[("r(stat)/sqrt(0.75)", 1.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut read = Read::of(session, cmd)?;
    let mut level = session.settings.level;
    let mut table = false;
    let mut rest = Vec::new();
    for option in std::mem::take(&mut read.rest) {
        match &option {
            (name, None) if abbreviates(name, "TABle") => table = true,
            (name, Some(text)) if abbreviates(name, "Level") => {
                level = parse_number(text).ok_or_else(|| StataError::invalid("number expected"))?;
            }
            _ => rest.push(option),
        }
    }
    if !(10.0..=99.99).contains(&level) {
        return Err(StataError::new(198, "level() must be between 10 and 99.99 inclusive"));
    }
    read.rest = rest;
    let shares = cumulative(&read.density);
    let q = shares.len() as f64;
    // the share at a frequency against that of white noise, twice the frequency
    let n = read.series.values.len() as f64;
    let gaps = shares.iter().zip(0..).map(|(share, k)| (share - 2.0 * f64::from(k) / n).abs());
    let statistic = q.sqrt() * gaps.fold(0.0, f64::max);
    let p = kolmogorov_tail(statistic);
    if table {
        if let Some(option) = read.rest.first() {
            return Err(StataError::option_not_allowed(&option.0));
        }
        session.print("");
        session.print("Cumulative periodogram white-noise test");
        session.print("---------------------------------------");
        session.print(format!(
            " {:<24} = {}",
            "Bartlett's (B) statistic",
            format::number("%9.4f", statistic)
        ));
        session.print(format!(" {:<24} = {}", "Prob > B", format::number("%9.4f", p)));
    } else {
        draw(session, &read, &shares, (statistic, p), level)?;
    }
    let mut results = Results::default();
    results.scalar("stat", statistic).scalar("p", p);
    session.r = results;
    Ok(())
}

/// The cumulative periodogram between the bands around the line of white noise.
fn draw(
    session: &mut Session,
    read: &Read,
    shares: &[f64],
    (statistic, p): (f64, f64),
    level: f64,
) -> Result<()> {
    let distance = kolmogorov_inverse_tail(1.0 - level / 100.0) / (shares.len() as f64).sqrt();
    let line = |shift: f64| {
        let points = [0.0, 0.5].iter().map(|f| (*f, 2.0 * f + shift)).collect();
        drawn(1, Shape::Line { points, step: false }, Style::default())
    };
    let series = vec![
        drawn(0, Shape::Connected { points: read.points(shares) }, Style::default()),
        line(0.0),
        line(distance),
        line(-distance),
    ];
    let note = format!(
        "Bartlett's (B) statistic = {}   Prob > B = {}",
        format::bare("%8.2f", statistic),
        format::bare("%6.4f", p)
    );
    let y = format!("Cumulative periodogram for {}", read.series.name);
    read.draw(session, series, ["Cumulative Periodogram White-Noise Test", &y, &note])
}
