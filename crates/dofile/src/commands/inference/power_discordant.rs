//! `power pairedproportions`: McNemar's test of two proportions of pairs, by the probabilities of the two kinds of discordant
//! pairs. Methods and formulas: [PSS-2] power pairedproportions (large-sample test; Connor 1987).

use super::numbers;
use super::power_request::{answer, parsed};
use super::power_show::{begun, study_and_answer};
use super::power_text::{four, sign, whole};
use crate::error::{Result, StataError};
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
const UNSUPPORTED: &[&str] = &[
    "TABle",
    "GRaph",
    "noTABle",
    "NFRACtional",
    "DIFF",
    "RATio",
    "RRisk",
    "ORatio",
    "SUM",
    "CORR",
    "EFFect",
    "DIRection",
    "PARallel",
];

/// Power with `n` pairs: the variance is that of the sum under the null hypothesis, less the squared difference otherwise.
fn power(n: f64, p12: f64, p21: f64, alpha: f64, sides: f64) -> f64 {
    let (sum, difference) = (p12 + p21, (p21 - p12).abs());
    let own = (sum - difference * difference).sqrt();
    let c = normal_quantile(1.0 - alpha / sides) * sum.sqrt();
    let shift = difference * n.sqrt();
    normal((shift - c) / own) + if sides == 1.0 { 0.0 } else { normal((-c - shift) / own) }
}

/// Runs what follows `power pairedproportions`.
pub(super) fn run(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, OPTIONS, UNSUPPORTED)?;
    let [p12, p21] = numbers(&cmd.list)?[..] else {
        return Err(StataError::invalid("two discordant proportions required"));
    };
    if !(p12 > 0.0 && p21 > 0.0 && p12 + p21 <= 1.0) || p12 == p21 {
        return Err(StataError::invalid("discordant proportions must differ and sum to at most one"));
    }
    let alpha = cmd.options.real("alpha").unwrap_or(0.05);
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(StataError::invalid("alpha() out of range"));
    }
    let sides = if cmd.has("onesided") { 1.0 } else { 2.0 };
    let found = answer(&cmd, 2.0, |n| power(n, p12, p21, alpha, sides))?;
    let delta = p21 - p12;
    let sign = sign(sides == 1.0, p21 > p12);
    let title = format!(
        "a two-sample paired-proportions test\nLarge-sample McNemar's test\nH0: p21 = p12  versus  Ha: p21 {sign} p12"
    );
    let study = [("delta", format!("{}  (difference)", four(delta))), ("p12", four(p12)), ("p21", four(p21))];
    study_and_answer(s, &title, (alpha, found.power, found.solved), &study, &[("N", whole(found.n))]);
    let mut r = begun(found.n, (alpha, found.power), delta);
    r.scalar("p12", p12).scalar("p21", p21).scalar("diff", delta).scalar("ratio", p21 / p12);
    r.scalar("sum", p12 + p21).scalar("onesided", f64::from(u8::from(sides == 1.0)));
    r.text("type", "test").text("method", "pairedproportions");
    s.r = r;
    Ok(())
}
