//! `power pairedmeans`: sizes and power of the paired t test, which is the test of one mean of the differences
//! ([PSS-2] power pairedmeans).

use super::numbers;
use super::power::{Design, Method};
use super::power_request::{parsed, wanted_power};
use super::power_show::begin;
use super::power_sizes::solve;
use super::power_text::{four, sign, whole};
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;

const OPTIONS: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::flag("ONESIDed"),
    OptSpec::real("NULLDiff"),
    OptSpec::real("ALTDiff"),
    OptSpec::real("SDDiff"),
    OptSpec::real("corr"),
    OptSpec::real("sd"),
    OptSpec::real("sd1"),
    OptSpec::real("sd2"),
    OptSpec::flag("knownsd"),
];
const UNSUPPORTED: &[&str] = &["DIRection", "fpc", "INIT", "ITERate", "noTItle"];

/// The means before and after, if they were given, and the two differences.
struct Differences {
    means: Option<(f64, f64)>,
    null: f64,
    alternative: f64,
}

/// Standard deviation of the differences, and those of the two measures with their correlation.
struct Spread {
    difference: f64,
    parts: Option<(f64, f64, f64)>,
}

fn differences(cmd: &ParsedCommand) -> Result<Differences> {
    let real = |name: &str| cmd.options.real(name);
    let null = real("nulldiff").unwrap_or(0.0);
    let (means, alternative) = match (&numbers(&cmd.list)?[..], real("altdiff")) {
        ([a, b], None) => (Some((*a, *b)), b - a),
        ([], Some(d)) => (None, d),
        _ => return Err(StataError::invalid("two means or option altdiff() required")),
    };
    if alternative == null {
        return Err(StataError::invalid("the differences of the null and the alternative must differ"));
    }
    Ok(Differences { means, null, alternative })
}

fn spread(cmd: &ParsedCommand) -> Result<Spread> {
    let real = |name: &str| cmd.options.real(name);
    let positive = |x: f64| {
        if x > 0.0 { Ok(x) } else { Err(StataError::invalid("standard deviations must be positive")) }
    };
    match (real("sddiff"), real("corr")) {
        (Some(sd), None) => Ok(Spread { difference: positive(sd)?, parts: None }),
        (None, Some(corr)) if corr.abs() < 1.0 => {
            let common = real("sd").unwrap_or(1.0);
            let (a, b) = (real("sd1").unwrap_or(common), real("sd2").unwrap_or(common));
            let (a, b) = (positive(a)?, positive(b)?);
            let difference = (a * a + b * b - 2.0 * corr * a * b).sqrt();
            Ok(Spread { difference, parts: Some((a, b, corr)) })
        }
        (None, Some(_)) => Err(StataError::invalid("corr() must be between -1 and 1")),
        _ => Err(StataError::invalid("either option sddiff() or option corr() required")),
    }
}

/// Runs what follows `power pairedmeans`.
pub(super) fn run(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, OPTIONS, UNSUPPORTED)?;
    let (d, spread) = (differences(&cmd)?, spread(&cmd)?);
    let alpha = cmd.options.real("alpha").unwrap_or(0.05);
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(StataError::invalid("alpha() out of range"));
    }
    let design = Design {
        method: Method::OneMean,
        first: d.null,
        second: d.alternative,
        sd: (spread.difference, spread.difference),
        separate: false,
        known: cmd.has("knownsd"),
        alpha,
        sides: if cmd.has("onesided") { 1.0 } else { 2.0 },
        ratio: 1.0,
        continuity: false,
        wald: false,
        given: None,
        held: None,
    };
    let (n, _, reached, solved) = solve(&cmd, &design)?;
    // where the size is looked for, the power is the one that was asked for
    let power = if solved { wanted_power(&cmd)? } else { reached };
    let delta = (d.alternative - d.null) / spread.difference;
    let mut r = Results::default();
    r.scalar("N", n).scalar("power", power).scalar("beta", 1.0 - power).scalar("alpha", alpha);
    r.scalar("delta", delta).scalar("d0", d.null).scalar("da", d.alternative);
    r.scalar("sd_d", spread.difference).scalar("onesided", f64::from(u8::from(design.sides == 1.0)));
    r.scalar("knownsd", f64::from(u8::from(design.known)));
    if let Some((a, b)) = d.means {
        r.scalar("ma1", a).scalar("ma2", b);
    }
    if let Some((a, b, corr)) = spread.parts {
        r.scalar("sd1", a).scalar("sd2", b).scalar("corr", corr);
    }
    r.text("type", "test").text("method", "pairedmeans");
    s.r = r;
    let mut right: Vec<(&str, f64)> = Vec::new();
    if let Some((a, b)) = d.means {
        right.extend([("ma1", a), ("ma2", b)]);
    }
    if let Some((a, b, corr)) = spread.parts {
        match cmd.has("sd1") || cmd.has("sd2") {
            true => right.extend([("sd1", a), ("sd2", b)]),
            false => right.push(("sd", a)),
        }
        right.push(("corr", corr));
    }
    show(s, &design, (n, power, delta), solved, &right);
    Ok(())
}

/// Prints the design; what the differences were derived from stands on the right.
fn show(
    s: &mut Session,
    d: &Design,
    (n, power, delta): (f64, f64, f64),
    solved: bool,
    right: &[(&str, f64)],
) {
    begin(s, solved, false, "a two-sample paired-means test");
    s.print(if d.known { "Paired z test" } else { "Paired t test" });
    s.print(format!("H0: d = d0  versus  Ha: d {} d0", sign(d.sides == 1.0, d.second > d.first)));
    s.print("");
    s.print("Study parameters:");
    s.print("");
    let sought = if solved { ("power", four(power)) } else { ("N", whole(n)) };
    let left = [("alpha", four(d.alpha)), sought, ("delta", four(delta)), ("d0", four(d.first))];
    let rest = [("da", four(d.second)), ("sd_d", four(d.sd.0))];
    for (i, (name, value)) in left.iter().chain(&rest).enumerate() {
        let beside = right.get(i).map_or(String::new(), |(name, x)| format!("{name:>13} = {}", four(*x)));
        s.print(format!("{name:>13} = {value}{beside}"));
    }
    s.print("");
    s.print(if solved { "Estimated sample size:" } else { "Estimated power:" });
    s.print("");
    let mut line = |name: &str, value: &str| s.print(format!("{name:>13} = {value}"));
    if solved { line("N", &whole(n)) } else { line("power", &four(power)) }
}
