//! `ci` and `cii`: confidence intervals of means, proportions and variances ([R] ci).

use super::{numbers, sample};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::stata;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, WeightKind, front_and_options};
use estimators::distributions::{beta_quantile, chi2_inverse_tail, normal_quantile, t_inverse_tail};
use estimators::epidemiology::clopper_pearson;
use estimators::means::Moments;
use estimators::real::stable_sum;
use estimators::variance_interval::{bonett, trimmed_kurtosis};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ci",
    min: 2,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "ci means varlist [if] [in] [aweight fweight] [, poisson exposure(varname) level(#)] | ci proportions varlist [if] [in] [fweight] [, exact wald wilson agresti jeffreys level(#)] | ci variances varlist [if] [in] [fweight] [, sd bonett level(#)]",
    notes: "stores r(N) r(mean) or r(proportion) or r(Var) or r(sd), r(se) r(lb) r(ub) r(level) of the last variable; aweights with ci means of normal data only; with exposure() r(N) is the exposure; bonett stores r(kurtosis), around the mean without 1/(2 sqrt(N - 4)) of the values at either end; [R] ci",
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n > 1\nci proportions x, wald",
        expect: &[("r(proportion)", 0.75), ("r(se)^2", 0.046_875)],
    }],
};

pub(super) const SPEC_IMMEDIATE: CommandSpec = CommandSpec {
    name: "cii",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run: run_immediate,
    syntax: "cii means #obs #mean #sd | cii means #exposure #events, poisson | cii proportions #obs #succ [, ...] | cii variances #obs #var [, sd] [level(#)] | cii variances #obs #var #kurtosis, bonett [sd level(#)]",
    notes: "as ci",
    examples: &[Example { run: "cii means 4 10 2", expect: &[("r(se)", 1.0), ("r(N)", 4.0)] }],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("Poisson"),
    OptSpec::flag("EXAct"),
    OptSpec::flag("WALd"),
    OptSpec::flag("WILson"),
    OptSpec::flag("Agresti"),
    OptSpec::flag("Jeffreys"),
    OptSpec::flag("sd"),
    OptSpec::flag("BONett"),
    OptSpec::text("Exposure"),
    OptSpec::real("Level"),
];
const UNSUPPORTED: &[&str] = &["Total", "SEParator"];

/// Estimated quantity.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Mean,
    Poisson,
    Proportion,
    Variance,
}

/// An estimate with its limits.
struct Found {
    n: f64,
    value: f64,
    se: f64,
    low: f64,
    high: f64,
    /// Around the trimmed mean; NaN where no limits need it.
    kurtosis: f64,
}

impl Found {
    fn new(n: f64, value: f64, se: f64, (low, high): (f64, f64)) -> Self {
        Self { n, value, se, low, high, kurtosis: f64::NAN }
    }
}

/// The first version with `means`, `proportions` and `variances`.
const TODAY: u32 = 1410;

/// The line of today for the syntax before version 14.1, in which options tell what is estimated: `ci x, binomial`,
/// `cii 50 10`.
fn from_older(s: &Session, name: &str, raw: &str) -> Result<String> {
    let (list, options) = front_and_options(raw);
    let given = split_options(options)?;
    let has = |declared: &str| given.iter().any(|o| abbreviates(&o.0, declared));
    let shares = ["Binomial", "EXAct", "WALd", "WILson", "Agresti", "Jeffreys"].into_iter().any(has);
    let poisson = has("Poisson") || has("Exposure");
    let two_numbers = name == "cii" && list.split_whitespace().count() == 2;
    let kind = if shares || two_numbers && !poisson { "proportions" } else { "means" };
    let kept = given.iter().filter(|o| !abbreviates(&o.0, "Binomial"));
    let options: Vec<String> =
        kept.map(|(o, a)| a.as_ref().map_or(o.clone(), |a| format!("{o}({a})"))).collect();
    // without variables: all numeric ones
    let numeric = || {
        let names = s.frame.vars().iter().filter(|v| !v.is_string()).map(|v| v.name.as_str());
        names.collect::<Vec<_>>().join(" ")
    };
    let rest = if list.is_empty() && name == "ci" { numeric() } else { list.to_string() };
    Ok(format!("{kind} {rest}, {}", options.join(" ")))
}

fn parse(s: &Session, name: &str, raw: &str) -> Result<(ParsedCommand, Kind)> {
    let raw = raw.trim();
    let word = raw.split(|c: char| !c.is_alphabetic()).next().unwrap_or("");
    let named = ["means", "proportions", "variances"].iter().any(|k| word.len() >= 3 && k.starts_with(word));
    let older = s.settings.version < TODAY && !(named && s.frame.find(word).is_none());
    let line = if older { from_older(s, name, raw)? } else { raw.to_string() };
    let raw = line.as_str();
    let end = raw.find(|c: char| !c.is_alphabetic()).unwrap_or(raw.len());
    let word = &raw[..end];
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let kind = match () {
        () if is("means", 4) => Kind::Mean,
        () if is("proportions", 4) => Kind::Proportion,
        () if is("variances", 3) => Kind::Variance,
        () => return Err(StataError::invalid("specify means, proportions or variances")),
    };
    let mut cmd = ParsedCommand::split(name, &raw[end..], false)?;
    if name == "cii" {
        cmd.refuse_weight()?;
        cmd.refuse_selection()?;
    }
    cmd.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    let allowed: &[&str] = match kind {
        Kind::Mean | Kind::Poisson => &["poisson", "exposure", "level"],
        Kind::Proportion => &["exact", "wald", "wilson", "agresti", "jeffreys", "level"],
        Kind::Variance => &["sd", "bonett", "level"],
    };
    if let Some((wrong, _)) = cmd.options.iter().find(|o| !allowed.contains(&o.0)) {
        return Err(StataError::option_not_allowed(wrong));
    }
    let kind = if cmd.has("poisson") || cmd.has("exposure") { Kind::Poisson } else { kind };
    if kind == Kind::Proportion && cmd.options.iter().filter(|o| o.0 != "level").count() > 1 {
        return Err(StataError::invalid("only one kind of interval is allowed"));
    }
    Ok((cmd, kind))
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (cmd, kind) = parse(s, "ci", &cmd.raw)?;
    let level = level(s, &cmd)?;
    let variables = s.varlist(&cmd.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    head(s, &cmd, kind, level);
    let mut last = None;
    for v in variables {
        let name = s.frame.var(v).name.clone();
        let found = interval(s, &cmd, kind, v, level)?;
        line(s, &name, &found);
        last = Some(found);
    }
    store(s, &cmd, kind, last, level);
    Ok(())
}

/// The interval of one variable. Frequency weights count rows, analytic weights are scaled to sum to their number.
fn interval(s: &Session, cmd: &ParsedCommand, kind: Kind, v: usize, level: f64) -> Result<Found> {
    let exposure = cmd.options.text("exposure").map(|e| s.numeric_variable(e)).transpose()?;
    let mut used = vec![v];
    used.extend(exposure);
    let rows = sample(s, cmd, &used)?;
    let mut touse = vec![false; s.frame.n_rows()];
    rows.iter().for_each(|r| touse[*r] = true);
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let rows: Vec<usize> = rows.into_iter().filter(|r| touse[*r]).collect();
    let frequencies = match weights.as_ref().map(|w| w.kind) {
        None | Some(WeightKind::Frequency) => true,
        Some(WeightKind::Analytic) if kind == Kind::Mean => false,
        Some(kind) => return Err(StataError::new(101, format!("{}s not allowed", kind.name()))),
    };
    let weight = |r: usize| weights.as_ref().map_or(1.0, |w| w.values[r]);
    let x: Vec<(f64, f64)> = rows.iter().map(|r| (s.frame.num_at(v, *r), weight(*r))).collect();
    let total = stable_sum(x.iter().map(|x| x.1));
    let sum = stable_sum(x.iter().map(|x| x.0 * x.1));
    let n = if frequencies { total } else { x.len() as f64 };
    let mean_of = sum / total;
    let squares = stable_sum(x.iter().map(|x| (x.0 - mean_of).powi(2) * x.1)) * n / total;
    let sd = (squares / (n - 1.0)).sqrt();
    Ok(match kind {
        Kind::Mean => mean(Moments { n, mean: mean_of, sd }, level),
        Kind::Poisson => {
            if x.iter().any(|v| v.0 < 0.0 || v.0.fract() != 0.0) {
                return Err(StataError::standard(459));
            }
            let exposed = |e: usize| stable_sum(rows.iter().map(|r| s.frame.num_at(e, *r) * weight(*r)));
            poisson(exposure.map_or(n, exposed), sum, level)
        }
        Kind::Proportion => {
            if x.iter().any(|v| v.0 != 0.0 && v.0 != 1.0) {
                let name = &s.frame.var(v).name;
                return Err(StataError::new(450, format!("variable {name} is not a 0/1 variable")));
            }
            proportion(cmd, n, sum, level)
        }
        Kind::Variance => variance(cmd, n, sd * sd, trimmed_kurtosis(&x), level)?,
    })
}

fn run_immediate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (cmd, kind) = parse(s, "cii", &cmd.raw)?;
    let level = level(s, &cmd)?;
    let given = numbers(&cmd.list)?;
    let wrong = || StataError::invalid("wrong number of arguments");
    let found = match (kind, &given[..]) {
        (Kind::Mean, [n, m, sd]) if *n >= 2.0 && n.fract() == 0.0 && *sd >= 0.0 => {
            mean(Moments { n: *n, mean: *m, sd: *sd }, level)
        }
        (Kind::Poisson, [exposure, events]) if *exposure > 0.0 && *events >= 0.0 && events.fract() == 0.0 => {
            poisson(*exposure, *events, level)
        }
        (Kind::Proportion, [n, k])
            if *n >= 1.0 && n.fract() == 0.0 && *k >= 0.0 && *k <= *n && k.fract() == 0.0 =>
        {
            proportion(&cmd, *n, *k, level)
        }
        (Kind::Variance, [n, v]) if *n >= 2.0 && n.fract() == 0.0 && *v >= 0.0 => {
            let v = if cmd.has("sd") { v * v } else { *v };
            if cmd.has("bonett") {
                return Err(wrong());
            }
            variance(&cmd, *n, v, None, level)?
        }
        (Kind::Variance, [n, v, kurtosis])
            if cmd.has("bonett") && *n >= 2.0 && n.fract() == 0.0 && *v >= 0.0 && *kurtosis > 0.0 =>
        {
            let v = if cmd.has("sd") { v * v } else { *v };
            variance(&cmd, *n, v, Some(*kurtosis), level)?
        }
        _ => return Err(wrong()),
    };
    head(s, &cmd, kind, level);
    line(s, "", &found);
    store(s, &cmd, kind, Some(found), level);
    Ok(())
}

fn mean(m: Moments, level: f64) -> Found {
    let se = m.sd / m.n.sqrt();
    let half = t_inverse_tail(m.n - 1.0, 0.5 - level / 200.0) * se;
    Found::new(m.n, m.mean, se, (m.mean - half, m.mean + half))
}

/// Exact limits of a Poisson rate: quantiles of gamma distributions, as chi-squared.
fn poisson(exposure: f64, events: f64, level: f64) -> Found {
    let alpha = 0.5 - level / 200.0;
    let low = if events > 0.0 { chi2_inverse_tail(2.0 * events, 1.0 - alpha) / 2.0 } else { 0.0 };
    let high = chi2_inverse_tail(2.0 * (events + 1.0), alpha) / 2.0;
    Found::new(exposure, events / exposure, events.sqrt() / exposure, (low / exposure, high / exposure))
}

fn proportion(cmd: &ParsedCommand, n: f64, k: f64, level: f64) -> Found {
    let p = k / n;
    let se = (p * (1.0 - p) / n).sqrt();
    let z = normal_quantile(0.5 + level / 200.0);
    let alpha = 0.5 - level / 200.0;
    let (low, high) = if cmd.has("wald") {
        (p - z * se, p + z * se)
    } else if cmd.has("wilson") {
        let middle = (k + z * z / 2.0) / (n + z * z);
        let half = z * n.sqrt() / (n + z * z) * (p * (1.0 - p) + z * z / (4.0 * n)).sqrt();
        (middle - half, middle + half)
    } else if cmd.has("agresti") {
        let size = n + z * z;
        let middle = (k + z * z / 2.0) / size;
        let half = z * (middle * (1.0 - middle) / size).sqrt();
        (middle - half, middle + half)
    } else if cmd.has("jeffreys") {
        let (a, b) = (k + 0.5, n - k + 0.5);
        let low = if k == 0.0 { 0.0 } else { beta_quantile(a, b, alpha) };
        (low, if k == n { 1.0 } else { beta_quantile(a, b, 1.0 - alpha) })
    } else {
        clopper_pearson(k, n, level)
    };
    Found::new(n, p, se, (low, high))
}

fn variance(cmd: &ParsedCommand, n: f64, v: f64, kurtosis: Option<f64>, level: f64) -> Result<Found> {
    let root = |x: f64| if cmd.has("sd") { x.sqrt() } else { x };
    if cmd.has("bonett") {
        let kurtosis = kurtosis.ok_or_else(StataError::insufficient_observations)?;
        let (low, high) = bonett(n, v, kurtosis, level);
        return Ok(Found { kurtosis, ..Found::new(n, root(v), f64::NAN, (root(low), root(high))) });
    }
    let alpha = 0.5 - level / 200.0;
    let sum = (n - 1.0) * v;
    let low = sum / chi2_inverse_tail(n - 1.0, alpha);
    let high = sum / chi2_inverse_tail(n - 1.0, 1.0 - alpha);
    Ok(Found::new(n, root(v), f64::NAN, (root(low), root(high))))
}

fn head(s: &mut Session, cmd: &ParsedCommand, kind: Kind, level: f64) {
    let level = format::bare("%5.0g", level);
    let (title, over) = match kind {
        Kind::Variance if cmd.has("bonett") => {
            (if cmd.has("sd") { "Std. dev." } else { "Variance" }, "Bonett")
        }
        Kind::Mean => ("Mean", ""),
        Kind::Poisson => ("Mean", "Poisson exact"),
        Kind::Proportion if cmd.has("wald") => ("Proportion", "Binomial Wald"),
        Kind::Proportion if cmd.has("wilson") => ("Proportion", "Wilson"),
        Kind::Proportion if cmd.has("agresti") => ("Proportion", "Agresti–Coull"),
        Kind::Proportion if cmd.has("jeffreys") => ("Proportion", "Jeffreys"),
        Kind::Proportion => ("Proportion", "Binomial exact"),
        Kind::Variance if cmd.has("sd") => ("Std. dev.", ""),
        Kind::Variance => ("Variance", ""),
    };
    let counted = if kind == Kind::Poisson { "Exposure" } else { "Obs" };
    let error = if kind == Kind::Variance { "" } else { "Std. err." };
    s.print("");
    if !over.is_empty() {
        s.print(format!("{:>78}", format!("{over:^24}")).trim_end());
    }
    s.print(format!(
        "{:>12} |{counted:>11}{title:>12}{error:>13}{:>27}",
        "Variable",
        format!("[{level}% conf. interval]")
    ));
    s.print(format!("-------------+{}", "-".repeat(63)));
}

fn line(s: &mut Session, name: &str, f: &Found) {
    let cell = |x: f64, w: usize| {
        format::right(&if x.is_nan() { String::new() } else { format::bare("%9.0g", stata(x)) }, w)
    };
    s.print(format!(
        "{:>12} |{}{}{}{}{}",
        format::abbrev(name, 12),
        format::right(&format::bare("%12.0gc", f.n), 11),
        cell(f.value, 12),
        cell(f.se, 12),
        cell(f.low, 16),
        cell(f.high, 12)
    ));
}

fn store(s: &mut Session, cmd: &ParsedCommand, kind: Kind, found: Option<Found>, level: f64) {
    let mut r = Results::default();
    if let Some(f) = found {
        let name = match kind {
            Kind::Mean | Kind::Poisson => "mean",
            Kind::Proportion => "proportion",
            Kind::Variance if cmd.has("sd") => "sd",
            Kind::Variance => "Var",
        };
        r.scalar("N", f.n).scalar(name, stata(f.value));
        if s.settings.version < TODAY {
            // the name of every estimate in older versions
            r.scalar("mean", stata(f.value));
        }
        if !f.se.is_nan() {
            r.scalar("se", stata(f.se));
        }
        if !f.kurtosis.is_nan() {
            r.scalar("kurtosis", f.kurtosis);
        }
        r.scalar("lb", stata(f.low)).scalar("ub", stata(f.high)).scalar("level", level);
        let kinds = ["wald", "wilson", "agresti", "jeffreys"];
        r.text(
            "citype",
            match kind {
                Kind::Variance if cmd.has("bonett") => "bonett",
                Kind::Mean | Kind::Variance => "normal",
                Kind::Poisson => "poisson",
                Kind::Proportion => kinds.into_iter().find(|k| cmd.has(k)).unwrap_or("exact"),
            },
        );
    }
    s.r = r;
}
