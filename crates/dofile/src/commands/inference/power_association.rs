//! `power mcc`, `power cmh`, `power trend`, `power pairedproportions`: sizes and power of tests of association ([PSS-2], the entries of these
//! names; formulas: `estimators::design_power`).

use super::numbers;
use super::power_request::{Answer, levels, parsed, sized, smallest};
use super::power_show::{begun, study_and_answer};
use super::power_text::{four, sign, whole};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{OptSpec, numlist};
use estimators::design_power::{
    NormalTest, matched_odds_ratio, paired_proportions, proportions_trend, stratified_odds_ratio,
};

const COMMON: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::flag("ONESIDed"),
];
const MATCHED: &[OptSpec] = concat_lists!(OptSpec; COMMON, &[
    OptSpec::real("ORatio"),
    OptSpec::real("CORR"),
    OptSpec::int("M"),
]);
const STRATA: &[OptSpec] = concat_lists!(OptSpec; COMMON, &[
    OptSpec::real("ORatio"),
    OptSpec::real("NPERStratum"),
    OptSpec::text("STRWeights"),
    OptSpec::text("GRRatios"),
    OptSpec::flag("CONTINuity"),
]);
const TREND: &[OptSpec] = concat_lists!(OptSpec; COMMON, &[
    OptSpec::real("NPERGroup"),
    OptSpec::text("EXPosure"),
    OptSpec::text("GRWeights"),
    OptSpec::flag("CONTINuity"),
]);
const PAIRS: &[OptSpec] = concat_lists!(OptSpec; COMMON, &[OptSpec::real("corr")]);
const UNSUPPORTED: &[&str] = &[
    "DIRection",
    "EFFect",
    "INIT",
    "ITERate",
    "TOLerance",
    "noTItle",
    "SUM",
    "DIFF",
    "RATio",
    "RRisk",
    "HRatio",
    "N1",
    "N2",
];

/// What is common to all designs.
struct Level {
    alpha: f64,
    wanted: f64,
    sides: f64,
}

impl Level {
    fn of(cmd: &ParsedCommand) -> Result<Self> {
        let (alpha, wanted) = levels(cmd)?;
        Ok(Self { alpha, wanted, sides: if cmd.has("onesided") { 1.0 } else { 2.0 } })
    }

    fn power(&self, test: &NormalTest, n: f64) -> f64 {
        test.power(n, self.alpha, self.sides)
    }

    /// Power of a given size, or the smallest size with the power that is wanted.
    fn answer(&self, test: &NormalTest, given: Option<f64>, least: f64) -> Result<Answer> {
        if let Some(n) = given {
            if n < least || n.fract() != 0.0 {
                return Err(StataError::invalid(format!("sizes must be whole numbers of at least {least}")));
            }
            return Ok(Answer { n, power: self.power(test, n), solved: false });
        }
        let n = smallest(least, |n| self.power(test, n) >= self.wanted)?;
        Ok(Answer { n, power: self.wanted, solved: true })
    }
}

fn probability(x: f64) -> bool {
    x > 0.0 && x < 1.0
}

/// The odds ratio of the option.
fn odds_ratio(cmd: &ParsedCommand) -> Result<f64> {
    let found = cmd.options.real("oratio").ok_or_else(|| StataError::invalid("option oratio() required"))?;
    if found > 0.0 && found != 1.0 && found.is_finite() {
        Ok(found)
    } else {
        Err(StataError::invalid("oratio() must be positive and not 1"))
    }
}

/// A list of positive numbers, one for each of `count` parts; ones without the option.
fn parts(cmd: &ParsedCommand, option: &str, count: usize) -> Result<Vec<f64>> {
    let Some(text) = cmd.options.text(option) else { return Ok(vec![1.0; count]) };
    let found = numlist::expand(text)?;
    if found.len() != count || found.iter().any(|x| *x <= 0.0) {
        return Err(StataError::invalid(format!("{option}() requires {count} positive numbers")));
    }
    Ok(found)
}

fn shares(weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}

fn finish(s: &mut Session, mut r: Results, level: &Level, method: &str) {
    r.scalar("onesided", f64::from(u8::from(level.sides == 1.0)));
    r.text("type", "test").text("method", method);
    s.r = r;
}

/// Runs what follows `power mcc`: the size is the number of cases, each with `m()` controls.
pub(super) fn mcc(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, MATCHED, UNSUPPORTED)?;
    let [p0] = numbers(&cmd.list)?[..] else { return Err(StataError::invalid("one probability required")) };
    let level = Level::of(&cmd)?;
    let ratio = odds_ratio(&cmd)?;
    let (corr, controls) = (cmd.options.real("corr").unwrap_or(0.0), cmd.options.int("m").unwrap_or(1));
    if !probability(p0) || corr.abs() >= 1.0 || !(1..=1000).contains(&controls) {
        return Err(StataError::invalid("p0, corr() or m() out of range"));
    }
    let p1 = p0 * ratio / (1.0 + p0 * (ratio - 1.0));
    let both = p0 * p1 + corr * (p0 * (1.0 - p0) * p1 * (1.0 - p1)).sqrt();
    if both <= (p0 + p1 - 1.0).max(0.0) || both >= p0.min(p1) {
        return Err(StataError::invalid("corr() is not possible with these probabilities"));
    }
    let test = matched_odds_ratio(p0, ratio, corr, controls as usize);
    sized(&cmd, &["n"])?;
    let found = level.answer(&test, cmd.options.real("n"), 2.0)?;
    let one = level.sides == 1.0;
    let title = format!(
        "a matched case-control study\nAsymptotic z test, 1:{controls} matched design\nH0: OR = 1  versus  Ha: OR {} 1",
        sign(one, ratio > 1.0)
    );
    let study = [
        ("delta", format!("{}  (odds ratio)", four(ratio))),
        ("p0", four(p0)),
        ("odds ratio", four(ratio)),
        ("M", whole(controls as f64)),
        ("corr", four(corr)),
    ];
    study_and_answer(
        s,
        &title,
        (level.alpha, found.power, found.solved),
        &study,
        &[("N cases", whole(found.n))],
    );
    let mut r = begun(found.n, (level.alpha, found.power), ratio);
    r.scalar("p0", p0).scalar("oratio", ratio).scalar("M", controls as f64).scalar("corr", corr);
    finish(s, r, &level, "mcc");
    Ok(())
}

/// Runs what follows `power cmh`: probabilities of the first group, one for each stratum.
pub(super) fn cmh(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, STRATA, UNSUPPORTED)?;
    let first = numbers(&cmd.list)?;
    if first.len() < 2 || !first.iter().all(|p| probability(*p)) {
        return Err(StataError::invalid("probabilities of at least two strata required"));
    }
    let level = Level::of(&cmd)?;
    let ratio = odds_ratio(&cmd)?;
    let k = first.len() as f64;
    let strata = shares(&parts(&cmd, "strweights", first.len())?);
    let second: Vec<f64> =
        parts(&cmd, "grratios", first.len())?.iter().map(|ratio| ratio / (1.0 + ratio)).collect();
    let mut test = stratified_odds_ratio(&first, ratio, &strata, &second);
    test.continuity = if cmd.has("continuity") { 0.5 } else { 0.0 };
    let given = size(&cmd, "nperstratum", k)?;
    let found = level.answer(&test, given, 2.0)?;
    // groups of strata are filled up to whole numbers
    let up = |x: f64| (x - 1e-9).ceil();
    let group = |of: &dyn Fn(f64) -> f64| {
        strata.iter().zip(&second).map(|(t, s)| up(found.n * t * of(*s))).sum::<f64>()
    };
    let (n1, n2) = (group(&|s| 1.0 - s), group(&|s| s));
    let total = if found.solved { n1 + n2 } else { found.n };
    let title = format!(
        "a Cochran–Mantel–Haenszel test\n{}\nH0: OR = 1  versus  Ha: OR {} 1",
        if cmd.has("continuity") {
            "Stratified 2 x 2 tables, with continuity correction"
        } else {
            "Stratified 2 x 2 tables"
        },
        sign(level.sides == 1.0, ratio > 1.0)
    );
    let study = [
        ("delta", format!("{}  (odds ratio)", four(ratio))),
        ("odds ratio", four(ratio)),
        ("# of strata", whole(k)),
        ("p1", first.iter().map(|p| four(*p).trim().to_string()).collect::<Vec<_>>().join(" ")),
    ];
    study_and_answer(s, &title, (level.alpha, found.power, found.solved), &study, &[("N", whole(total))]);
    let mut r = begun(total, (level.alpha, found.power), ratio);
    r.scalar("oratio", ratio).scalar("K", k);
    if found.solved {
        r.scalar("N1", n1).scalar("N2", n2);
    }
    first.iter().enumerate().for_each(|(i, p)| {
        r.scalar(&format!("p1{}", i + 1), *p);
    });
    finish(s, r, &level, "cmh");
    Ok(())
}

/// The size of the whole sample from `n()` or from the size of each of `count` parts.
fn size(cmd: &ParsedCommand, each: &str, count: f64) -> Result<Option<f64>> {
    sized(cmd, &["n", each])?;
    match (cmd.options.real("n"), cmd.options.real(each)) {
        (Some(_), Some(_)) => Err(StataError::invalid(format!("only one of n() and {each}() is allowed"))),
        (n, None) => Ok(n),
        (None, Some(n)) => Ok(Some(n * count)),
    }
}

/// Runs what follows `power trend`: proportions of at least three groups.
pub(super) fn trend(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, TREND, UNSUPPORTED)?;
    let proportions = numbers(&cmd.list)?;
    let groups = proportions.len();
    if groups < 3 || !proportions.iter().all(|p| probability(*p)) {
        return Err(StataError::invalid("proportions of at least three groups required"));
    }
    let level = Level::of(&cmd)?;
    let exposure = match cmd.options.text("exposure") {
        Some(text) => numlist::expand(text)?,
        None => (1..=groups).map(|j| j as f64).collect(),
    };
    if exposure.len() != groups || exposure.windows(2).any(|w| w[1] <= w[0]) {
        return Err(StataError::invalid(format!("exposure() requires {groups} values in ascending order")));
    }
    let weights = shares(&parts(&cmd, "grweights", groups)?);
    let mut test = proportions_trend(&proportions, &exposure, &weights);
    if test.effect.abs() < 1e-14 {
        return Err(StataError::invalid("the proportions have no trend"));
    }
    if cmd.has("continuity") {
        let step = exposure[1] - exposure[0];
        if exposure.windows(2).any(|w| (w[1] - w[0] - step).abs() > 1e-9 * step) {
            return Err(StataError::invalid("continuity requires equally spaced values of exposure()"));
        }
        test.continuity = step / 2.0;
    }
    let given = size(&cmd, "npergroup", groups as f64)?;
    let found = level.answer(&test, given, groups as f64)?;
    let up = |w: &f64| (found.n * w - 1e-9).ceil();
    let total = if found.solved { weights.iter().map(up).sum() } else { found.n };
    let below = if test.effect > 0.0 { "increasing" } else { "decreasing" };
    let title = format!(
        "a trend test\nCochran–Armitage trend test{}\nH0: b = 0  versus  Ha: b {} 0; logit(p) = a + b*x",
        if cmd.has("continuity") { " with continuity correction" } else { "" },
        sign(level.sides == 1.0, below == "increasing")
    );
    let names: Vec<String> = (1..=groups).map(|j| format!("p{j}")).collect();
    let mut study = vec![("N_g", whole(groups as f64))];
    study.extend(names.iter().zip(&proportions).map(|(name, p)| (name.as_str(), four(*p))));
    let mut sizes = vec![("N", whole(total))];
    if weights.iter().all(|w| *w == weights[0]) {
        sizes.push(("N per group", whole(total / groups as f64)));
    }
    study_and_answer(s, &title, (level.alpha, found.power, found.solved), &study, &sizes);
    let mut r = begun(total, (level.alpha, found.power), test.effect);
    r.scalar("N_g", groups as f64);
    for (j, (p, x)) in proportions.iter().zip(&exposure).enumerate() {
        r.scalar(&format!("p{}", j + 1), *p).scalar(&format!("x{}", j + 1), *x);
    }
    finish(s, r, &level, "trend");
    Ok(())
}

/// Runs what follows `power pairedproportions`: the discordant probabilities, or with `corr()` the marginal ones.
pub(super) fn pairedproportions(s: &mut Session, text: &str) -> Result<()> {
    let cmd = parsed(text, PAIRS, UNSUPPORTED)?;
    let [a, b] = numbers(&cmd.list)?[..] else { return Err(StataError::invalid("two proportions required")) };
    let level = Level::of(&cmd)?;
    let corr = cmd.options.real("corr");
    let (p12, p21) = match corr {
        None => (a, b),
        Some(corr) => {
            let both = corr * (a * (1.0 - a) * b * (1.0 - b)).sqrt() + a * b;
            (a - both, b - both)
        }
    };
    let possible = p12 >= 0.0 && p21 >= 0.0 && p12 + p21 <= 1.0 && p12 != p21;
    if !possible || ![a, b].iter().all(|p| probability(*p)) || corr.is_some_and(|r| r.abs() >= 1.0) {
        return Err(StataError::invalid("the proportions must differ and be possible together"));
    }
    let test = paired_proportions(p12, p21);
    sized(&cmd, &["n"])?;
    let found = level.answer(&test, cmd.options.real("n"), 2.0)?;
    let gap = p21 - p12;
    let title = format!(
        "a two-sample paired-proportions test\nLarge-sample McNemar's test\nH0: p21 = p12  versus  Ha: p21 {} p12",
        sign(level.sides == 1.0, gap > 0.0)
    );
    let mut study = vec![("delta", format!("{}  (difference)", four(gap)))];
    if let Some(corr) = corr {
        study.extend([("p1+", four(a)), ("p+1", four(b)), ("corr", four(corr))]);
    } else {
        study.extend([("p12", four(p12)), ("p21", four(p21))]);
    }
    study_and_answer(s, &title, (level.alpha, found.power, found.solved), &study, &[("N", whole(found.n))]);
    let mut r = begun(found.n, (level.alpha, found.power), gap);
    r.scalar("p12", p12).scalar("p21", p21).scalar("pdisc", p12 + p21).scalar("diff", gap);
    if let Some(corr) = corr {
        r.scalar("pmarg1", a).scalar("pmarg2", b).scalar("corr", corr);
    }
    finish(s, r, &level, "pairedproportions");
    Ok(())
}
