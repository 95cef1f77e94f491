//! `meta summarize`: the pooled effect, its heterogeneity, groups of studies ([META] meta summarize).

use super::groups::by_group;
use super::repeated::{cumulative, leave_one_out};
use super::settings::{Declared, OPTIONS, Pooling};
use super::show::{self, Row, shown};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::options::parse_number;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{chi2_tail, normal_two_sided, t_two_sided};
use estimators::meta_analysis::{Pooled, Studies, critical, knapp_hartung, pool};

const SUMMARIZE: &[OptSpec] = concat_lists!(
    OptSpec;
    OPTIONS,
    &[
        OptSpec::text("se"),
        OptSpec::flag("TDISTribution"),
        OptSpec::flag_or_text("PREDINTerval"),
        OptSpec::text("SUBGRoup"),
        OptSpec::flag("LEAVEONEout"),
        OptSpec::text("CUMULative"),
        OptSpec::flag_or_text("EForm"),
        OptSpec::flag("or"),
        OptSpec::flag("rr"),
        OptSpec::flag("noSTUDies"),
        OptSpec::flag("noMETASHOW"),
        OptSpec::flag("noHEADer"),
    ],
);

/// The reference distribution of an effect, and the factor of its standard error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inference {
    /// Degrees of freedom of Student's t.
    pub df: Option<f64>,
    /// Factor of the standard error.
    pub factor: f64,
}

impl Inference {
    /// Reads `se()` and `tdistribution`; `df` are the residual degrees of freedom.
    pub(super) fn of(cmd: &ParsedCommand, studies: &Studies<'_>, weights: &[f64]) -> Result<Self> {
        let df = studies.y.len() as f64 - studies.x.len() as f64;
        let plain = Self { df: cmd.has("tdistribution").then_some(df), factor: 1.0 };
        let Some(text) = cmd.options.text("se") else { return Ok(plain) };
        let (word, detail) = text.split_once(',').unwrap_or((text, ""));
        let (word, detail) = (word.trim(), detail.trim());
        let truncated = detail.len() >= 5 && "truncated".starts_with(detail);
        if word.len() < 2 || !"khartung".starts_with(word) || !(detail.is_empty() || truncated) {
            return Err(StataError::invalid(format!("se({text}) not allowed")));
        }
        if studies.y.len() <= studies.x.len() {
            return Ok(plain);
        }
        let factor = knapp_hartung(studies, weights).unwrap_or(1.0);
        Ok(Self { df: Some(df), factor: if truncated { factor.max(1.0) } else { factor }.sqrt() })
    }

    /// Two-sided p-value of a statistic.
    pub(super) fn p(self, statistic: f64) -> f64 {
        match self.df {
            Some(df) => t_two_sided(df, statistic),
            None => normal_two_sided(statistic),
        }
    }
}

/// A pooled effect as it is reported.
pub(super) struct Summary {
    /// Effect and heterogeneity; the standard error has its factor.
    pub pooled: Pooled,
    /// How it is tested.
    pub inference: Inference,
    /// Number of studies.
    pub k: usize,
}

impl Summary {
    /// Pools some of the studies.
    pub(super) fn of(cmd: &ParsedCommand, data: &Declared, at: &[usize]) -> Result<Self> {
        let pick = |values: &[f64]| at.iter().map(|&i| values[i]).collect::<Vec<f64>>();
        let (y, v) = (pick(&data.y), pick(&data.v));
        let failed = StataError::not_converged;
        let mut pooled = pool(&y, &v, data.model.between()).ok_or_else(failed)?;
        if !pooled.converged {
            return Err(failed());
        }
        if data.model.pooling == Pooling::MantelHaenszel {
            mantel_haenszel(&mut pooled, data, at, &y, &v);
        }
        let inference = Inference::of(cmd, &Studies::plain(&y, &v), &pooled.weights)?;
        pooled.se *= inference.factor;
        Ok(Self { pooled, inference, k: at.len() })
    }

    /// Effect and limits.
    pub(super) fn interval(&self, level: f64) -> [f64; 3] {
        let half = critical(level, self.inference.df) * self.pooled.se;
        [self.pooled.theta, self.pooled.theta - half, self.pooled.theta + half]
    }

    /// The test of a zero effect.
    pub(super) fn statistic(&self) -> f64 {
        self.pooled.theta / self.pooled.se
    }

    /// Degrees of freedom and p-value of the test of homogeneity.
    pub(super) fn homogeneity(&self) -> (f64, f64) {
        let df = self.k as f64 - 1.0;
        (df, if df > 0.0 { chi2_tail(df, self.pooled.q) } else { f64::NAN })
    }
}

/// Mantel and Haenszel's effect: Robins, Breslow and Greenland (1986) for odds, Greenland and Robins (1985) for risks.
fn mantel_haenszel(pooled: &mut Pooled, data: &Declared, at: &[usize], y: &[f64], v: &[f64]) {
    let Some(counts) = &data.counts else { return };
    let mut sums = [0.0; 5];
    pooled.weights = Vec::with_capacity(at.len());
    for &i in at {
        let [a, b, c, d] = counts[i];
        let n = a + b + c + d;
        let terms = if data.kind == "lnoratio" {
            let (r, s, p, q) = (a * d / n, b * c / n, (a + d) / n, (b + c) / n);
            pooled.weights.push(s);
            [r, s, p * r, p * s + q * r, q * s]
        } else {
            let (n1, n2) = (a + b, c + d);
            pooled.weights.push(c * n1 / n);
            [a * n2 / n, c * n1 / n, (n1 * n2 * (a + c) - a * c * n) / (n * n), 0.0, 0.0]
        };
        sums.iter_mut().zip(terms).for_each(|(s, t)| *s += t);
    }
    let [r, s, first, second, third] = sums;
    pooled.theta = (r / s).ln();
    let variance = if data.kind == "lnoratio" {
        first / (2.0 * r * r) + second / (2.0 * r * s) + third / (2.0 * s * s)
    } else {
        first / (r * s)
    };
    pooled.se = variance.sqrt();
    pooled.q = y.iter().zip(v).map(|(y, v)| (y - pooled.theta).powi(2) / v).sum();
    let df = at.len() as f64 - 1.0;
    if df > 0.0 {
        (pooled.h2, pooled.i2) = ((pooled.q / df).max(1.0), (100.0 * (pooled.q - df) / pooled.q).max(0.0));
    }
}

/// Runs the command.
pub(super) fn run(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("meta summarize", rest, false)?;
    cmd.check_options(SUMMARIZE, &["tau2", "i2", "TRANSForm", "SORT", "RIsk"])?;
    if !cmd.list.trim().is_empty() {
        return Err(StataError::invalid(format!("{} not allowed", cmd.list)));
    }
    let data = Declared::read(s, &cmd)?;
    let eform = ["eform", "or", "rr"].iter().any(|o| cmd.has(o));
    if !cmd.has("nometashow") {
        show::before(s, true);
    }
    let all: Vec<usize> = (0..data.y.len()).collect();
    let whole = Summary::of(&cmd, &data, &all)?;
    let mut r = Results::default();
    store(&mut r, &data, &whole);
    if cmd.has("predinterval") {
        prediction(&mut r, &cmd, &data, &whole)?;
    }
    let [groups, order] = ["subgroup", "cumulative"].map(|o| cmd.options.text(o));
    match (groups, order, cmd.has("leaveoneout")) {
        (None, None, false) => display(s, &cmd, &data, &whole, eform, &r),
        (Some(variable), None, false) => by_group(s, &cmd, &data, &whole, variable, eform, &mut r)?,
        (None, Some(text), false) => cumulative(s, &cmd, &data, text, eform, &mut r)?,
        (None, None, true) => leave_one_out(s, &cmd, &data, &whole, eform, &mut r)?,
        _ => {
            let text = "only one of subgroup(), cumulative() and leaveoneout is allowed";
            return Err(StataError::invalid(text));
        }
    }
    s.r = r;
    Ok(())
}

fn store(r: &mut Results, data: &Declared, whole: &Summary) {
    let p = &whole.pooled;
    let [_, low, high] = whole.interval(data.level);
    r.scalar("N", whole.k as f64).scalar("theta", p.theta).scalar("se", p.se);
    r.scalar("ci_lb", low).scalar("ci_ub", high);
    if data.model.between().is_some() {
        r.scalar("tau2", p.tau2);
    }
    r.scalar("I2", p.i2).scalar("H2", p.h2);
    let statistic = whole.statistic();
    match whole.inference.df {
        Some(df) => r.scalar("t", statistic).scalar("df", df),
        None => r.scalar("z", statistic),
    };
    let (df, p_q) = whole.homogeneity();
    r.scalar("p", stata(whole.inference.p(statistic)));
    r.scalar("Q", p.q).scalar("df_Q", df).scalar("p_Q", stata(p_q));
    r.scalar("seadj", whole.inference.factor).scalar("level", data.level);
    r.text("model", data.model.name).text("method", data.model.method());
}

/// The interval of the effect of a new study (Higgins, Thompson and Spiegelhalter 2009).
fn prediction(r: &mut Results, cmd: &ParsedCommand, data: &Declared, whole: &Summary) -> Result<()> {
    if data.model.between().is_none() || whole.k < 3 {
        return Err(StataError::invalid("predinterval needs random effects and three studies"));
    }
    let level = match cmd.options.text("predinterval") {
        Some(text) => parse_number(text.trim()).ok_or_else(StataError::syntax)?,
        None => data.level,
    };
    let p = &whole.pooled;
    let half = critical(level, Some(whole.k as f64 - 2.0)) * (p.tau2 + p.se * p.se).sqrt();
    r.scalar("pi_lb", p.theta - half).scalar("pi_ub", p.theta + half).scalar("pilevel", level);
    Ok(())
}

fn facts(data: &Declared, p: &Pooled) -> Vec<String> {
    let line = |name: &str, value: String| format!("{name:>9} = {value:>7}");
    let mut out = vec![format!("{:<26}", "Heterogeneity:")];
    if data.model.between().is_some() {
        out.push(line("tau2", format::bare("%9.4f", p.tau2)));
    }
    out.push(line("I2 (%)", format::bare("%9.2f", p.i2)));
    out.push(line("H2", format::bare("%9.2f", p.h2)));
    out
}

/// Heading of the effects.
pub(super) fn heading(s: &Session, eform: bool) -> String {
    let label = s.frame.char("_dta", "_meta_eslabel").to_string();
    match s.frame.char("_dta", "_meta_estype") {
        "lnoratio" | "lnorpeto" if eform => "Odds ratio".to_string(),
        "lnrratio" if eform => "Risk ratio".to_string(),
        _ if eform => "exp(ES)".to_string(),
        _ => format::abbrev(&label, 14),
    }
}

/// Lines of studies with their weights in percent.
pub(super) fn studies(data: &Declared, at: &[usize], weights: &[f64], total: f64, eform: bool) -> Vec<Row> {
    let z = critical(data.level, None);
    at.iter().zip(weights).map(|(&i, w)| Row::study(data, i, z, Some(100.0 * w / total), eform)).collect()
}

fn display(s: &mut Session, cmd: &ParsedCommand, data: &Declared, whole: &Summary, eform: bool, r: &Results) {
    if !cmd.has("noheader") {
        let facts = facts(data, &whole.pooled);
        show::header(s, "Meta-analysis summary", &data.model, whole.k, &facts);
    }
    let total: f64 = whole.pooled.weights.iter().sum();
    let all: Vec<usize> = (0..whole.k).collect();
    let name = if eform { "exp(theta)" } else { "theta" };
    let last = Row { name: name.into(), values: shown(whole.interval(data.level), eform), weight: None };
    let mut parts = Vec::new();
    if !cmd.has("nostudies") {
        parts.push(studies(data, &all, &whole.pooled.weights, total, eform));
    }
    parts.push(vec![last]);
    let heading = heading(s, eform);
    show::table(s, ("Study", &heading), data.level, &parts);
    if let (Some(low), Some(high), Some(level)) =
        (r.get_scalar("pi_lb"), r.get_scalar("pi_ub"), r.get_scalar("pilevel"))
    {
        let [_, low, high] = shown([0.0, low, high], eform);
        let number = |x: f64| format::bare("%9.3f", x);
        s.print(format!("{}% prediction interval for {name}: [{}, {}]", level, number(low), number(high)));
    }
    tests(s, whole);
}

fn tests(s: &mut Session, whole: &Summary) {
    let statistic = whole.statistic();
    let (left, tail) = match whole.inference.df {
        Some(df) => (format!("t({df}) = {}", format::bare("%9.2f", statistic)), "Prob > |t|"),
        None => (format!("z = {}", format::bare("%9.2f", statistic)), "Prob > |z|"),
    };
    let line = |left: String, name: &str, p: f64| {
        let right = format!("{name} = {}", format::bare("%6.4f", p));
        let room = 68usize.saturating_sub(left.chars().count());
        format!("{left}{right:>room$}")
    };
    s.print(line(format!("Test of theta = 0: {left}"), tail, whole.inference.p(statistic)));
    let (df, p) = whole.homogeneity();
    if df > 0.0 {
        let q = format::bare("%9.2f", whole.pooled.q);
        s.print(line(format!("Test of homogeneity: Q = chi2({df}) = {q}"), "Prob > Q", p));
    }
}
