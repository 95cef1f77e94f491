//! `centile`: centiles with confidence intervals. Formulas: [R] centile; Mood and Graybill (1963) for intervals
//! from order statistics.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::stata;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, numlist};
use crate::value::is_missing;
use estimators::descriptive::Sample;
use estimators::distributions::{binomial_probability, normal_density, normal_quantile};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Centile"),
    OptSpec::flag("CCi"),
    OptSpec::flag("Normal"),
    OptSpec::flag("Meansd"),
    OptSpec::real("Level"),
]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "centile",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "centile [varlist] [if] [in] [, centile(numlist) cci normal meansd level(#)]",
    notes: "intervals from order statistics with interpolation between binomial probabilities (cci: without), or by a normal distribution; stores r(N) r(n_cent) r(centiles) r(c_#) r(lb_#) r(ub_#) of the last variable; [R] centile",
    examples: &[Example {
        run: "set obs 9\ngenerate x = _n\ncentile x, centile(25 50) cci",
        // Pr(B(9, .5) <= 1) = .0195 <= .025 < Pr(B <= 2): second and eighth value
        expect: &[("r(c_1)", 2.5), ("r(c_2)", 5.0), ("r(lb_2)", 2.0), ("r(ub_2)", 8.0), ("r(n_cent)", 2.0)],
    }],
};

/// A centile with its limits.
struct Found {
    value: f64,
    low: f64,
    high: f64,
    /// Whether a limit is held at the end of the sample.
    held: bool,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    if ["cci", "normal", "meansd"].iter().filter(|o| cmd.has(o)).count() > 1 {
        return Err(StataError::invalid("only one of cci, normal and meansd may be specified"));
    }
    let wanted = numlist::expand(cmd.options.text("centile").unwrap_or("50"))?;
    if wanted.is_empty() || wanted.iter().any(|p| !(0.0..=100.0).contains(p)) {
        return Err(StataError::invalid("centile() must hold numbers between 0 and 100"));
    }
    let variables = if cmd.list.trim().is_empty() {
        (0..s.frame.n_vars()).filter(|v| !s.frame.var(*v).is_string()).collect()
    } else {
        s.varlist(&cmd.list)?
    };
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let touse = s.rows(cmd)?;
    head(s, cmd, level);
    let mut r = Results::default();
    let mut held = false;
    for v in variables {
        let mut x: Vec<f64> = (0..touse.len())
            .filter(|row| touse[*row])
            .map(|row| s.frame.num_at(v, row))
            .filter(|x| !is_missing(*x))
            .collect();
        x.sort_by(f64::total_cmp);
        let name = s.frame.var(v).name.clone();
        r.clear();
        r.scalar("N", x.len() as f64).scalar("n_cent", wanted.len() as f64);
        for (k, p) in wanted.iter().enumerate() {
            let found = centile(&x, *p, cmd, level);
            line(s, if k == 0 { &name } else { "" }, x.len(), *p, &found);
            if let Some(f) = found {
                held |= f.held;
                r.scalar(&format!("c_{}", k + 1), stata(f.value));
                r.scalar(&format!("lb_{}", k + 1), stata(f.low));
                r.scalar(&format!("ub_{}", k + 1), stata(f.high));
            }
        }
    }
    if held {
        s.print("");
        s.print("* Lower (upper) confidence limit held at minimum (maximum) of sample");
    }
    r.text("centiles", wanted.iter().map(|p| format::macro_text(*p)).collect::<Vec<_>>().join(" "));
    s.r = r;
    Ok(())
}

/// The centile by interpolation at `(n + 1) p`, and limits of the chosen kind; nothing without values.
fn centile(x: &[f64], percent: f64, cmd: &ParsedCommand, level: f64) -> Option<Found> {
    let (n, p) = (x.len(), percent / 100.0);
    let (first, last) = (*x.first()?, *x.last()?);
    let place = (n + 1) as f64 * p;
    let below = place.floor() as usize;
    let value = match below {
        0 => first,
        r if r >= n => last,
        r => x[r - 1] + (place - place.floor()) * (x[r] - x[r - 1]),
    };
    let z = normal_quantile(0.5 + level / 200.0);
    let count = n as f64;
    if cmd.has("normal") || cmd.has("meansd") {
        let sample = Sample::plain(x.iter().copied());
        let (mean, sd) = (sample.mean(), sample.sd());
        if cmd.has("meansd") {
            let zq = normal_quantile(p);
            let se = sd * (1.0 / count + zq * zq / (2.0 * (count - 1.0))).sqrt();
            let value = mean + zq * sd;
            return Some(Found { value, low: value - z * se, high: value + z * se, held: false });
        }
        let se = (p * (1.0 - p) / count).sqrt() / (normal_density((value - mean) / sd) / sd);
        return Some(Found { value, low: value - z * se, high: value + z * se, held: false });
    }
    let alpha = 0.5 - level / 200.0;
    let (low, low_held) = order_limit(n, p, alpha, !cmd.has("cci"), |k| x[k - 1]);
    // the upper limit mirrors the lower one of 1 - p in the descending order
    let (high, high_held) = order_limit(n, 1.0 - p, alpha, !cmd.has("cci"), |k| x[n - k]);
    Some(Found { value, low, high, held: low_held || high_held })
}

/// The limit below a centile: with `k` the largest number for which the binomial probability of at most `k - 1`
/// values below the centile does not exceed `alpha`, the `k`th value, interpolated to the next one by the
/// probabilities. Also whether it is held at the end of the sample, where no value has such a probability.
fn order_limit(n: usize, p: f64, alpha: f64, interpolate: bool, at: impl Fn(usize) -> f64) -> (f64, bool) {
    // probability of at most k values below the centile
    let up_to = |k: usize| binomial_probability(n as u64, k as u64, p);
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if up_to(middle - 1) <= alpha { low = middle } else { high = middle - 1 }
    }
    if low == 0 {
        return (at(1), true);
    }
    if !interpolate || low == n {
        return (at(low), false);
    }
    let (under, over) = (up_to(low - 1), up_to(low));
    (at(low) + (alpha - under) / (over - under) * (at(low + 1) - at(low)), false)
}

fn head(s: &mut Session, cmd: &ParsedCommand, level: f64) {
    let kind = match () {
        () if cmd.has("cci") => "-- Binomial exact --",
        () if cmd.has("normal") => "-- Normal, based on observed centiles --",
        () if cmd.has("meansd") => "-- Normal, based on mean and std. dev. --",
        () => "-- Binom. interp. --",
    };
    s.print("");
    s.print(format!("{kind:>75}"));
    s.print(format!(
        "    Variable |       Obs  Percentile    Centile        [{}% conf. interval]",
        format::bare("%5.0g", level)
    ));
    s.print(format!("-------------+{}", "-".repeat(61)));
}

fn line(s: &mut Session, name: &str, n: usize, p: f64, found: &Option<Found>) {
    let cell = |x: f64, w: usize| format::right(&format::bare("%9.0g", stata(x)), w);
    let count = if name.is_empty() { String::new() } else { format::bare("%9.0fc", n as f64) };
    let numbers = match found {
        Some(f) => {
            format!("{}      {}{}", cell(f.value, 11), cell(f.low, 12), cell(f.high, 13))
                + if f.held { "*" } else { "" }
        }
        None => "          .".to_string(),
    };
    s.print(format!(
        "{:>12} |{count:>10}{:>12}{numbers}",
        format::abbrev(name, 12),
        format::bare("%9.0g", p)
    ));
}
