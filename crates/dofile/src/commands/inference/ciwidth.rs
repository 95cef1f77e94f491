//! `ciwidth`: sample size, width or the probability of a width of confidence intervals ([PSS-3] ciwidth onemean, ciwidth twomeans,
//! ciwidth pairedmeans, ciwidth onevariance; formulas: `estimators::ci_width`).

use super::ciwidth_show::{show, store};
use super::numbers;
use super::power_request::{parsed, smallest};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::display::checked_level;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::ci_width::{Plan, Sides, Target};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ciwidth",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "ciwidth {onemean [, sd(#) knownsd] | twomeans [m1 m2] [, {sd(#) | sd1(#) sd2(#)} knownsds n1(#) n2(#) nratio(#)] | pairedmeans [, {sddiff(#) | corr(#) [sd(#) sd1(#) sd2(#)]} knownsd] | onevariance v | onevariance s, sd} [width(#) probwidth(#) n(#) level(#) alpha(#) lower upper]",
    notes: "with width() the smallest sample size, with n() the width, with both the probability of the width; probwidth() is required but for that and for known standard deviations; lower and upper give one limit, whose width is its distance from the estimate; the means are shown alone; stores r(N) r(N1) r(N2) r(nratio) r(width) r(Pr_width) r(level) r(alpha) r(onesided) r(sd) r(sd1) r(sd2) r(sd_d) r(corr) r(v) r(s) r(knownsd), r(type) r(method); lists of values, tables, graphs, finite populations and unequal unknown standard deviations are not supported; [PSS-3]",
    examples: &[Example {
        // (2*1.959964*2/1)^2 = 61.5
        run: "ciwidth onemean, width(1) sd(2) knownsd\nscalar n = r(N)\nciwidth onemean, n(62) sd(2) knownsd",
        expect: &[("n", 62.0), ("round(r(width), .000001)", 0.995_663)],
    }],
};

const COMMON: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("Width"),
    OptSpec::real("PROBWidth"),
    OptSpec::real("Level"),
    OptSpec::real("Alpha"),
    OptSpec::flag("LOWer"),
    OptSpec::flag("UPper"),
];
const OPTIONS: &[OptSpec] = concat_lists!(OptSpec; COMMON, &[
    OptSpec::real("n1"),
    OptSpec::real("n2"),
    OptSpec::real("NRATio"),
    OptSpec::real("sd"),
    OptSpec::real("sd1"),
    OptSpec::real("sd2"),
    OptSpec::real("SDDiff"),
    OptSpec::real("corr"),
    OptSpec::flag("knownsd"),
    OptSpec::flag("knownsds"),
]);
const VARIANCE: &[OptSpec] = concat_lists!(OptSpec; COMMON, &[OptSpec::flag("sd")]);
const UNSUPPORTED: &[&str] = &["fpc", "INIT", "ITERate", "TOLerance", "noTItle"];

/// The quantity with its interval in words.
pub(super) struct Words {
    pub(super) method: &'static str,
    pub(super) what: &'static str,
    pub(super) interval: String,
    pub(super) groups: usize,
}

/// A quantity, its spread and what is shown of it.
pub(super) struct Design {
    pub(super) words: Words,
    /// The spread that multiplies the width of a unit: a standard deviation, a variance, or one where the factor has it.
    pub(super) spread: f64,
    pub(super) known: bool,
    /// Standard deviations of two groups, where they differ.
    pub(super) separate: Option<(f64, f64)>,
    pub(super) ratio: f64,
    pub(super) target: Target,
    pub(super) lines: Vec<(&'static str, f64)>,
}

impl Design {
    /// The plan of an interval with groups of these sizes.
    fn plan(&self, (n1, n2): (f64, f64), sides: Sides, alpha: f64) -> Plan {
        let two = self.words.groups == 2;
        let df = if two { n1 + n2 - 2.0 } else { n1 - 1.0 };
        let target = match (self.target, self.separate) {
            (Target::Mean(_), Some((a, b))) => Target::Mean((a * a / n1 + b * b / n2).sqrt()),
            (Target::Mean(_), None) if two => Target::Mean((1.0 / n1 + 1.0 / n2).sqrt()),
            (Target::Mean(_), None) => Target::Mean(n1.sqrt().recip()),
            (other, _) => other,
        };
        Plan { target, sides, alpha, df: if self.known { f64::INFINITY } else { df } }
    }

    /// The sizes of the groups for a first one.
    fn sizes(&self, n1: f64) -> (f64, f64) {
        (n1, if self.words.groups == 2 { (n1 * self.ratio - 1e-9).ceil() } else { 0.0 })
    }
}

/// What is asked for besides the design.
pub(super) struct Request {
    pub(super) alpha: f64,
    pub(super) sides: Sides,
    pub(super) width: Option<f64>,
    pub(super) probability: Option<f64>,
    pub(super) sizes: Option<(f64, f64)>,
}

/// Sizes, width and probability, and which of them was looked for.
pub(super) struct Found {
    pub(super) sizes: (f64, f64),
    pub(super) width: f64,
    pub(super) probability: Option<f64>,
    pub(super) sought: Sought,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sought {
    Size,
    Width,
    Probability,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let end = raw.find(|c: char| !c.is_alphabetic()).unwrap_or(raw.len());
    let (method, text) = (&raw[..end], &raw[end..]);
    let options = if method == "onevariance" { VARIANCE } else { OPTIONS };
    let own = match method {
        "onemean" | "twomeans" | "pairedmeans" | "onevariance" => parsed(text, options, UNSUPPORTED)
            .map_err(|e| StataError::new(e.code, e.message.replace("command power", "command ciwidth")))?,
        other => return Err(StataError::invalid(format!("ciwidth method {other} not found"))),
    };
    let design = match method {
        "onemean" => onemean(&own)?,
        "twomeans" => twomeans(&own)?,
        "pairedmeans" => pairedmeans(&own)?,
        _ => onevariance(&own)?,
    };
    let request = request(&own, &design)?;
    let found = solve(&design, &request)?;
    show(s, &design, &request, &found);
    store(s, &design, &request, &found);
    Ok(())
}

/// Refuses options of other methods.
fn only(cmd: &ParsedCommand, refused: &[&str]) -> Result<()> {
    match refused.iter().find(|o| cmd.has(o)) {
        Some(option) => Err(StataError::option_not_allowed(option)),
        None => Ok(()),
    }
}

fn positive(name: &str, x: f64) -> Result<f64> {
    if x > 0.0 && x.is_finite() && !crate::value::is_missing(x) {
        Ok(x)
    } else {
        Err(StataError::invalid(format!("{name} must be positive")))
    }
}

fn no_values(cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() { Ok(()) } else { Err(StataError::standard(101)) }
}

/// The kind of interval in words.
fn interval(cmd: &ParsedCommand, test: &str) -> String {
    let sides = if cmd.has("lower") {
        "lower one-sided"
    } else if cmd.has("upper") {
        "upper one-sided"
    } else {
        "two-sided"
    };
    format!("{test} {sides} CI")
}

fn onemean(cmd: &ParsedCommand) -> Result<Design> {
    no_values(cmd)?;
    only(cmd, &["n1", "n2", "nratio", "sd1", "sd2", "sddiff", "corr", "knownsds"])?;
    let sd = positive("sd()", cmd.options.real("sd").unwrap_or(1.0))?;
    let known = cmd.has("knownsd");
    let interval = interval(cmd, if known { "Normal" } else { "Student's t" });
    Ok(Design {
        words: Words { method: "onemean", what: "a one-mean CI", interval, groups: 1 },
        spread: sd,
        known,
        separate: None,
        ratio: 1.0,
        target: Target::Mean(1.0),
        lines: vec![("sd", sd)],
    })
}

fn twomeans(cmd: &ParsedCommand) -> Result<Design> {
    let means = match numbers(&cmd.list)?[..] {
        [] => None,
        [first, second] => Some((first, second)),
        _ => return Err(StataError::standard(101)),
    };
    only(cmd, &["sddiff", "corr", "knownsd"])?;
    let real = |name: &str| cmd.options.real(name);
    let known = cmd.has("knownsds");
    let common = positive("sd()", real("sd").unwrap_or(1.0))?;
    let ratio = positive("nratio()", real("nratio").unwrap_or(1.0))?;
    let own = real("sd1").is_some() || real("sd2").is_some();
    let pair = (
        positive("sd1()", real("sd1").unwrap_or(common))?,
        positive("sd2()", real("sd2").unwrap_or(common))?,
    );
    if own && !known {
        return Err(StataError::unsupported_option("ciwidth", "sd1() and sd2() without knownsds"));
    }
    let test = if known { "Normal" } else { "Student's t" };
    let mut interval = interval(cmd, test);
    if !known {
        interval.push_str(" assuming sd1 = sd2 = sd");
    }
    Ok(Design {
        words: Words { method: "twomeans", what: "a two-means-difference CI", interval, groups: 2 },
        spread: if own { 1.0 } else { common },
        known,
        separate: own.then_some(pair),
        ratio,
        target: Target::Mean(1.0),
        lines: {
            let mut lines = means.map_or(Vec::new(), |(a, b)| vec![("m1", a), ("m2", b), ("diff", b - a)]);
            lines.extend(if own { vec![("sd1", pair.0), ("sd2", pair.1)] } else { vec![("sd", common)] });
            lines
        },
    })
}

fn pairedmeans(cmd: &ParsedCommand) -> Result<Design> {
    no_values(cmd)?;
    only(cmd, &["n1", "n2", "nratio", "knownsds"])?;
    let real = |name: &str| cmd.options.real(name);
    let (sd, mut lines) = match (real("sddiff"), real("corr")) {
        (Some(d), None) if ["sd", "sd1", "sd2"].iter().all(|o| !cmd.has(o)) => (d, Vec::new()),
        (None, Some(r)) if r.abs() <= 1.0 => {
            let common = positive("sd()", real("sd").unwrap_or(1.0))?;
            let a = positive("sd1()", real("sd1").unwrap_or(common))?;
            let b = positive("sd2()", real("sd2").unwrap_or(common))?;
            let d = (a * a + b * b - 2.0 * r * a * b).max(0.0).sqrt();
            (d, vec![("sd1", a), ("sd2", b), ("corr", r)])
        }
        _ => return Err(StataError::invalid("either sddiff(), or corr() between -1 and 1, required")),
    };
    let sd = positive("the standard deviation of the differences", sd)?;
    lines.insert(0, ("sd_d", sd));
    let known = cmd.has("knownsd");
    let interval = interval(cmd, if known { "Normal" } else { "Student's t" });
    Ok(Design {
        words: Words { method: "pairedmeans", what: "a paired-means-difference CI", interval, groups: 1 },
        spread: sd,
        known,
        separate: None,
        ratio: 1.0,
        target: Target::Mean(1.0),
        lines,
    })
}

fn onevariance(cmd: &ParsedCommand) -> Result<Design> {
    let [value] = numbers(&cmd.list)?[..] else { return Err(StataError::invalid("one value required")) };
    let value = positive("the value", value)?;
    let deviation = cmd.has("sd");
    let (what, target, name) = if deviation {
        ("a one-standard-deviation CI", Target::Deviation, "s")
    } else {
        ("a one-variance CI", Target::Variance, "v")
    };
    Ok(Design {
        words: Words { method: "onevariance", what, interval: interval(cmd, "Chi-squared"), groups: 1 },
        spread: value,
        known: false,
        separate: None,
        ratio: 1.0,
        target,
        lines: vec![(name, value)],
    })
}

/// Reads level, sides, sizes, width and probability.
fn request(cmd: &ParsedCommand, d: &Design) -> Result<Request> {
    let real = |name: &str| cmd.options.real(name);
    let alpha = match (real("alpha"), real("level")) {
        (Some(_), Some(_)) => return Err(StataError::invalid("only one of level() and alpha() is allowed")),
        (Some(alpha), None) if alpha > 0.0 && alpha < 1.0 => alpha,
        (Some(_), None) => return Err(StataError::invalid("alpha() out of range")),
        (None, level) => 1.0 - checked_level("level", level.unwrap_or(95.0))? / 100.0,
    };
    let sides = match (cmd.has("lower"), cmd.has("upper")) {
        (true, true) => return Err(StataError::invalid("only one of lower and upper is allowed")),
        (true, false) => Sides::Lower,
        (false, true) => Sides::Upper,
        (false, false) => Sides::Two,
    };
    let width = real("width").map(|w| positive("width()", w)).transpose()?;
    let probability = real("probwidth");
    if probability.is_some_and(|p| !(p > 0.0 && p < 1.0)) {
        return Err(StataError::invalid("probwidth() must be between 0 and 1"));
    }
    if d.known && probability.is_some() {
        return Err(StataError::invalid("probwidth() is not allowed with known standard deviations"));
    }
    let sizes = match (d.words.groups, real("n"), real("n1"), real("n2")) {
        (_, None, None, None) => None,
        (1, Some(n), None, None) => Some((n, 0.0)),
        (2, Some(n), None, None) => {
            let first = (n / (1.0 + d.ratio)).floor();
            Some((first, (first * d.ratio).floor()))
        }
        (2, None, Some(a), Some(b)) => Some((a, b)),
        (2, None, Some(a), None) => Some(d.sizes(a)),
        _ => return Err(StataError::invalid("n(), n1() and n2() incorrectly specified")),
    };
    let wrong = |n: f64| n < 2.0 || n.fract() != 0.0;
    if sizes.is_some_and(|(a, b)| wrong(a) || (d.words.groups == 2 && wrong(b))) {
        return Err(StataError::invalid("sample sizes must be whole numbers of at least 2"));
    }
    Ok(Request { alpha, sides, width, probability, sizes })
}

/// Looks for what is not given.
fn solve(d: &Design, r: &Request) -> Result<Found> {
    let plan = |sizes| d.plan(sizes, r.sides, r.alpha);
    let missing = || StataError::invalid("option probwidth() required");
    match (r.sizes, r.width) {
        (None, None) => Err(StataError::invalid("one of width() and n() required")),
        (None, Some(width)) => {
            // a known spread has one width
            let wanted = if d.known { 1.0 } else { r.probability.ok_or_else(missing)? };
            let enough = |n: f64| {
                let sizes = d.sizes(n);
                (d.words.groups == 1 || sizes.1 >= 2.0) && plan(sizes).probability(width, d.spread) >= wanted
            };
            let sizes = d.sizes(smallest(2.0, enough)?);
            Ok(Found { sizes, width, probability: r.probability, sought: Sought::Size })
        }
        (Some(sizes), None) => {
            let p = if d.known { 1.0 } else { r.probability.ok_or_else(missing)? };
            let width = plan(sizes).width(p, d.spread);
            Ok(Found { sizes, width, probability: r.probability, sought: Sought::Width })
        }
        (Some(sizes), Some(width)) => {
            if r.probability.is_some() || d.known {
                return Err(StataError::invalid("n(), width() and probwidth() may not all be given"));
            }
            let p = plan(sizes).probability(width, d.spread);
            Ok(Found { sizes, width, probability: Some(p), sought: Sought::Probability })
        }
    }
}
