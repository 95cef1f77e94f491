//! `power onecorrelation`: sizes and power of Fisher's z test of one correlation. Methods and formulas:
//! [PSS-2] power onecorrelation; the mean of Fisher's z is `atanh(r) + r / (2 (n - 1))`, its variance `1 / (n - 3)`.

use super::numbers;
use super::power_request::{parsed, sized, smallest, wanted_power};
use super::power_show::begin;
use super::power_text::{four, sign, whole};
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use estimators::distributions::{normal, normal_quantile};

const OPTIONS: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::flag("ONESIDed"),
];
const UNSUPPORTED: &[&str] = &["TABle", "GRaph", "noTABle", "NFRACtional", "DIFF", "DIRection", "PARallel"];

/// Power of the test of `null` against `alternative` with `n` pairs.
fn power(n: f64, null: f64, alternative: f64, alpha: f64, sides: f64) -> f64 {
    let mean = |r: f64| r.atanh() + r / (2.0 * (n - 1.0));
    let shift = (mean(alternative) - mean(null)).abs() * (n - 3.0).sqrt();
    let c = normal_quantile(1.0 - alpha / sides);
    normal(shift - c) + if sides == 1.0 { 0.0 } else { normal(-c - shift) }
}

/// Runs what follows `power onecorrelation`.
pub(super) fn run(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, OPTIONS, UNSUPPORTED)?;
    let [null, alternative] = numbers(&cmd.list)?[..] else {
        return Err(StataError::invalid("two values required"));
    };
    if null.abs() >= 1.0 || alternative.abs() >= 1.0 || null == alternative {
        return Err(StataError::invalid("correlations must differ and lie between -1 and 1"));
    }
    let alpha = cmd.options.real("alpha").unwrap_or(0.05);
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(StataError::invalid("alpha() out of range"));
    }
    let sides = if cmd.has("onesided") { 1.0 } else { 2.0 };
    sized(&cmd, &["n"])?;
    let (n, solved) = match cmd.options.real("n") {
        Some(n) if n >= 4.0 && n.fract() == 0.0 => (n, false),
        Some(_) => return Err(StataError::invalid("n() must be a whole number of at least 4")),
        None => {
            let wanted = wanted_power(&cmd)?;
            (smallest(4.0, |n| power(n, null, alternative, alpha, sides) >= wanted)?, true)
        }
    };
    let reached = power(n, null, alternative, alpha, sides);
    let delta = alternative - null;
    // where the size is looked for, the power is the one that was asked for
    let reached = if solved { wanted_power(&cmd)? } else { reached };
    begin(s, solved, false, "a one-sample correlation test");
    s.print("Fisher's z test");
    s.print(format!("H0: r = r0  versus  Ha: r {} r0", sign(sides == 1.0, alternative > null)));
    s.print("");
    s.print("Study parameters:");
    s.print("");
    let mut line = |name: &str, value: String| s.print(format!("{name:>13} = {value}"));
    line("alpha", four(alpha));
    if solved {
        line("power", four(reached))
    } else {
        line("N", whole(n))
    }
    line("delta", four(delta));
    line("r0", four(null));
    line("ra", four(alternative));
    s.print("");
    s.print(if solved { "Estimated sample size:" } else { "Estimated power:" });
    s.print("");
    let mut line = |name: &str, value: String| s.print(format!("{name:>13} = {value}"));
    if solved {
        line("N", whole(n))
    } else {
        line("power", four(reached))
    }
    let mut r = Results::default();
    r.scalar("N", n).scalar("power", reached).scalar("beta", 1.0 - reached).scalar("alpha", alpha);
    r.scalar("delta", delta).scalar("r0", null).scalar("ra", alternative);
    r.scalar("onesided", f64::from(u8::from(sides == 1.0)));
    r.text("type", "test").text("method", "onecorrelation");
    s.r = r;
    Ok(())
}
