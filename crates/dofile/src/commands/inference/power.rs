//! `power`: sample size or power of tests of means and proportions ([PSS-2] power onemean, power twomeans,
//! power oneproportion, power twoproportions); further methods and tables for lists of values in their own files.

use super::numbers;
use super::power_request::{effect_kind, parsed, wanted_power};
use super::power_show::{Sought, effect, show};
use super::power_sizes::{held, sizes, solve};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{normal, normal_quantile, t_inverse_tail};
use estimators::noncentral::t_probability;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "power",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "power onemean m0 [ma | , diff(#)] | twomeans m1 [m2 | , diff(#)] | oneproportion p0 [pa] [test(score | wald) continuity] | twoproportions p1 {p2 | , ratio(#) | rdiff(#) | rrisk(#) | oratio(#)} [continuity] | pairedmeans {ma1 ma2 | , altdiff(#)} {sddiff(#) | corr(#) [sd(#) sd1(#) sd2(#)]} [nulldiff(#)] | oneway {m1 m2 ... | , ngroups(#) {varmeans(#) | delta(#)}} [varerror(#) npergroup(#)] | twoway {m11 m12 ... \\ m21 m22 ... | matrix | , nrows(#) ncols(#) {varrow(#) | varcolumn(#) | varrowcolumn(#) | delta(#)}} [factor(row | column | rowcol) varerror(#) npercell(#)] | onevariance {v0 va | v0, ratio(#)} [sd] | twovariances {v1 v2 | v1, ratio(#)} [sd] | onecorrelation r0 ra | twocorrelations r1 {r2 | , diff(#)} | pairedproportions {p12 p21 | p1+ p+1, corr(#)} | mcc p0, oratio(#) [corr(#) m(#)] | cmh p11 p12 ..., oratio(#) [strweights(numlist) grratios(numlist) nperstratum(#) continuity] | trend p1 p2 p3 ... [, exposure(numlist) grweights(numlist) npergroup(#) continuity] | oneslope b0 {ba | , diff(#)} [sdx(#) sderror(#) sdy(#) corr(#)] | rsquared {R2 | R2_R {R2_F | , diffr2(#)}} [, ntested(#) ncontrol(#)] | pcorr rho2 [, ntested(#) ncontrol(#)] | logrank [s1 [s2]] [hratio(#) schoenfeld] | cox [b1] [hratio(#) sd(#) r2(#) failprob(#)] [wdprob(#)] | {onemean | twomeans | oneproportion | twoproportions} ..., {k(#) | k1(#) [k2(#) | kratio(#)]} {m(#) | m1(#) [m2(#) | mratio(#)]} [rho(#)] [, n(#) n1(#) n2(#) nratio(#) power(#) beta(#) alpha(#) onesided compute(n1 | n2) sd(#) sd1(#) sd2(#) knownsd knownsds]",
    notes: "without n() the smallest sample size; with one value and n() the least effect above it; stores r(N) r(N1) r(N2) r(power) r(beta) r(alpha) r(delta), pairedmeans r(d0 da sd_d sd1 sd2 corr), oneway r(N_g N_per_group Var_m Var_e m1 ...), twoway r(nrows ncols N_rc N_per_cell Var_r Var_c Var_rc Var_e factor), onevariance r(v0 va ratio) or r(s0 sa ratio), twovariances r(v1 v2 ratio) or r(s1 s2 ratio), onecorrelation r(r0 ra), twocorrelations r(r1 r2 diff), pairedproportions r(p12 p21 pdisc diff pmarg1 pmarg2 corr), mcc r(p0 oratio M corr) with the number of cases in r(N) and n(), cmh r(oratio K p11 p12 ...), trend r(N_g p1 ... x1 ...), oneslope r(b0 ba sdx sderror), rsquared r(R2_T ntested) or r(R2_R R2_F R2_diff ncontrol ntested), pcorr r(rho2_p ncontrol ntested), logrank r(E hratio s1 s2 Pr_E), cox r(E b1 hratio sd R2 Pr_E), with events rounded up; clusters: without their number, or their size, the least one; rho is 0.5, sizes are equal within a group, tests are large-sample ones; r(K1 K2 M1 M2 rho) or r(K M rho); compute() looks for the size of one group where the other is given; groups of cmh and trend are filled up to whole numbers; groups of oneway have one size; proportions by the score and the Pearson test; lists of values, in parentheses or in options, and table give a table, stored in r(pss_table), with one or two means, proportions, a correlation, a variance, a slope and mcc; table() with columns and graphs are not supported; [PSS-2]",
    examples: &[
        Example {
            // (1.96 + 0.8416)^2 / 0.5^2 = 31.4 with a known standard deviation.
            run: "power onemean 0 .5, knownsd",
            expect: &[("r(N)", 32.0)],
        },
        Example {
            // 2 (1.96 + 0.8416)^2 / 0.5^2 = 62.8 in each group without clusters, times 1 + 19*0.05 = 1.95, over 20 in each.
            run: "power twomeans 0 .5, m1(20) rho(.05)",
            expect: &[("r(K1)", 7.0), ("r(N)", 280.0)],
        },
    ],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::real("n"),
    OptSpec::real("n1"),
    OptSpec::real("n2"),
    OptSpec::real("NRATio"),
    OptSpec::real("Power"),
    OptSpec::real("Beta"),
    OptSpec::real("Alpha"),
    OptSpec::flag("ONESIDed"),
    OptSpec::real("sd"),
    OptSpec::real("sd1"),
    OptSpec::real("sd2"),
    OptSpec::flag("knownsd"),
    OptSpec::flag("knownsds"),
    OptSpec::real("DIFF"),
    OptSpec::real("RATio"),
    OptSpec::real("RDiff"),
    OptSpec::real("RRisk"),
    OptSpec::real("ORatio"),
    OptSpec::text("test"),
    OptSpec::flag("CONTINuity"),
    OptSpec::text("COMPute"),
];
const UNSUPPORTED: &[&str] = &["EFFect", "DIRection", "fpc", "CRITValues"];

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Method {
    OneMean,
    TwoMeans,
    OneProportion,
    TwoProportions,
}

/// A design: effect, spreads, test.
pub(super) struct Design {
    pub(super) method: Method,
    pub(super) first: f64,
    pub(super) second: f64,
    pub(super) sd: (f64, f64),
    /// Whether each group has a standard deviation of its own, which may be the same.
    pub(super) separate: bool,
    pub(super) known: bool,
    pub(super) alpha: f64,
    pub(super) sides: f64,
    pub(super) ratio: f64,
    /// The test of proportions has a continuity correction.
    pub(super) continuity: bool,
    /// The test of one proportion takes the variance under the alternative.
    pub(super) wald: bool,
    /// Kind and size of the effect that gave the second proportion.
    pub(super) given: Option<(&'static str, f64)>,
    /// The group whose size is held, first or second, with that size; the size of the other is looked for.
    pub(super) held: Option<(usize, f64)>,
}

impl Design {
    /// Names of the method and of its two parameters among the stored results.
    pub(super) fn names(&self) -> [&'static str; 3] {
        match self.method {
            Method::OneMean => ["onemean", "m0", "ma"],
            Method::TwoMeans => ["twomeans", "m1", "m2"],
            Method::OneProportion => ["oneproportion", "p0", "pa"],
            Method::TwoProportions => ["twoproportions", "p1", "p2"],
        }
    }

    /// Power at sizes of the groups (one group: the second is ignored).
    pub(super) fn power(&self, n1: f64, n2: f64) -> f64 {
        let tail = self.alpha / self.sides;
        let delta = (self.second - self.first).abs();
        match self.method {
            Method::OneMean => {
                let shift = delta * n1.sqrt() / self.sd.0;
                self.mean(shift, n1 - 1.0, tail)
            }
            Method::TwoMeans => {
                let (a, b) = (self.sd.0.powi(2) / n1, self.sd.1.powi(2) / n2);
                let df = if !self.separate {
                    n1 + n2 - 2.0
                } else {
                    (a + b).powi(2) / (a * a / (n1 - 1.0) + b * b / (n2 - 1.0))
                };
                self.mean(delta / (a + b).sqrt(), df, tail)
            }
            Method::OneProportion => {
                let (p, q) = (self.first, self.second);
                let own = (q * (1.0 - q) / n1).sqrt();
                let null = if self.wald { own } else { (p * (1.0 - p) / n1).sqrt() };
                let correction = if self.continuity { 0.5 / n1 } else { 0.0 };
                self.normal(delta, null, own, (tail, correction))
            }
            Method::TwoProportions => {
                let (p, q) = (self.first, self.second);
                let pooled = (n1 * p + n2 * q) / (n1 + n2);
                let null = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt();
                let correction = if self.continuity { 0.5 * (1.0 / n1 + 1.0 / n2) } else { 0.0 };
                let own = (p * (1.0 - p) / n1 + q * (1.0 - q) / n2).sqrt();
                self.normal(delta, null, own, (tail, correction))
            }
        }
    }

    fn mean(&self, shift: f64, df: f64, tail: f64) -> f64 {
        let other = |c: f64| {
            if self.sides == 1.0 {
                0.0
            } else if self.known {
                normal(-c - shift)
            } else {
                t_probability(df, shift, -c)
            }
        };
        if self.known {
            let c = normal_quantile(1.0 - tail);
            return normal(shift - c) + other(c);
        }
        if df < 1.0 {
            return 0.0;
        }
        let c = t_inverse_tail(df, tail);
        1.0 - t_probability(df, shift, c) + other(c)
    }

    pub(super) fn normal(&self, delta: f64, null: f64, own: f64, (tail, correction): (f64, f64)) -> f64 {
        let c = normal_quantile(1.0 - tail) * null + correction;
        let other = if self.sides == 1.0 { 0.0 } else { normal((-c - delta) / own) };
        normal((delta - c) / own) + other
    }

    pub(super) fn groups(&self) -> usize {
        if matches!(self.method, Method::TwoMeans | Method::TwoProportions) { 2 } else { 1 }
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let end = raw.find(|c: char| !c.is_alphabetic()).unwrap_or(raw.len());
    if let Some(done) = super::power_table::run(s, &raw[..end], &raw[end..]) {
        return done;
    }
    if let Some(run) = super::power_methods::with_own_file(&raw[..end]) {
        return run(s, &raw[end..]);
    }
    let method = match &raw[..end] {
        "onemean" => Method::OneMean,
        "twomeans" => Method::TwoMeans,
        "oneproportion" | "oneprop" => Method::OneProportion,
        "twoproportions" | "twoprop" => Method::TwoProportions,
        known @ ("twoway" | "repeated" | "exponential" | "pcorr") => {
            return Err(StataError::unsupported_command(&format!("power {known}")));
        }
        other => return Err(StataError::invalid(format!("power method {other} not found"))),
    };
    if super::power_cluster::asked(&raw[end..])? {
        return super::power_cluster::run(s, method, &raw[end..]);
    }
    let parsed = parsed(&raw[end..], OPTIONS, UNSUPPORTED)?;
    let mut values = numbers(&parsed.list)?;
    let kind = effect_kind(&parsed, method, &mut values)?;
    if let (Some(difference), [first]) = (parsed.options.real("diff"), &values[..]) {
        values.push(first + difference);
    } else if parsed.has("diff") {
        return Err(StataError::invalid("option diff() takes the place of the second value"));
    }
    let (design, (n1, n2), power, sought) = match values[..] {
        [first] => {
            let (design, sizes, power) = least_effect(&parsed, method, first)?;
            (design, sizes, power, Sought::Effect)
        }
        [first, second] => {
            let design = Design { given: kind, ..design(&parsed, method, first, second)? };
            let (n1, n2, reached, solved) = solve(&parsed, &design)?;
            // where sizes are looked for, the power is the one that was asked for
            let power = if solved { wanted_power(&parsed)? } else { reached };
            (design, (n1, n2), power, if solved { Sought::Sizes } else { Sought::Power })
        }
        _ => return Err(StataError::invalid("two values required")),
    };
    show(s, &design, (n1, n2), power, sought, parsed.options.real("diff"));
    let mut r = Results::default();
    let total = n1 + n2;
    r.scalar("N", total).scalar("power", power).scalar("beta", 1.0 - power).scalar("alpha", design.alpha);
    if design.groups() == 2 {
        r.scalar("N1", n1).scalar("N2", n2).scalar("nratio", n2 / n1);
    }
    let flag = |yes: bool| f64::from(u8::from(yes));
    r.scalar("onesided", flag(design.sides == 1.0)).scalar("delta", effect(&design));
    let [method, first, second] = design.names();
    r.scalar(first, design.first).scalar(second, design.second);
    r.scalar("diff", design.second - design.first);
    store_design(&mut r, &design);
    r.text("type", "test").text("method", method);
    s.r = r;
    Ok(())
}

/// What is stored of one design alone.
fn store_design(r: &mut Results, design: &Design) {
    let flag = |yes: bool| f64::from(u8::from(yes));
    match design.method {
        Method::OneMean => {
            r.scalar("sd", design.sd.0).scalar("knownsd", flag(design.known));
        }
        Method::TwoMeans => {
            if !design.separate {
                r.scalar("sd", design.sd.0);
            } else {
                r.scalar("sd1", design.sd.0).scalar("sd2", design.sd.1);
            }
            r.scalar("knownsds", flag(design.known));
        }
        Method::TwoProportions => {
            let (p, q) = (design.first, design.second);
            r.scalar("rdiff", q - p).scalar("ratio", q / p).scalar("rrisk", q / p);
            r.scalar("oratio", q * (1.0 - p) / (p * (1.0 - q)));
            r.scalar("continuity", flag(design.continuity));
        }
        Method::OneProportion => {}
    }
}

/// The least second value above the first that the sizes find with the power that is asked for.
fn least_effect(cmd: &ParsedCommand, method: Method, first: f64) -> Result<(Design, (f64, f64), f64)> {
    let wanted = wanted_power(cmd)?;
    let proportion = matches!(method, Method::OneProportion | Method::TwoProportions);
    let most = if proportion { 1.0 - 1e-12 } else { f64::INFINITY };
    let mut found = design(cmd, method, first, if proportion { (first + most) / 2.0 } else { first + 1.0 })?;
    if !(wanted > found.alpha && wanted < 1.0) {
        return Err(StataError::invalid("power() must be between alpha() and 1"));
    }
    let (n1, n2) = sizes(cmd, &found)?;
    let mut enough = |second: f64| {
        found.second = second;
        found.power(n1, n2) >= wanted
    };
    let mut high = if proportion { most } else { first + 1.0 };
    while !enough(high) {
        if proportion || high - first > 1e15 {
            return Err(StataError::new(430, "no effect has this power"));
        }
        high = first + 2.0 * (high - first);
    }
    let mut low = first;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if enough(middle) { high = middle } else { low = middle }
    }
    found.second = high;
    Ok((found, (n1, n2), wanted))
}

pub(super) fn design(cmd: &ParsedCommand, method: Method, first: f64, second: f64) -> Result<Design> {
    let proportion = matches!(method, Method::OneProportion | Method::TwoProportions);
    if proportion && !(first > 0.0 && first < 1.0 && second > 0.0 && second < 1.0) {
        return Err(StataError::invalid("proportions must be between 0 and 1"));
    }
    if [first, second].iter().any(|v| crate::value::is_missing(*v)) {
        return Err(StataError::invalid("values may not be missing"));
    }
    if first == second {
        return Err(StataError::invalid("the two values must differ"));
    }
    let real = |name: &str| cmd.options.real(name);
    if proportion && ["sd", "sd1", "sd2", "knownsd", "knownsds"].iter().any(|o| cmd.has(o)) {
        return Err(StataError::invalid("standard deviations are not allowed with proportions"));
    }
    let word = cmd.options.text("test").map(str::trim);
    let wald = match (method, word) {
        (_, None) | (Method::OneProportion, Some("score")) | (Method::TwoProportions, Some("chi2")) => false,
        (Method::OneProportion, Some("wald")) => true,
        (_, Some(other)) if proportion => {
            return Err(StataError::unsupported_option("power", &format!("test({other})")));
        }
        _ => return Err(StataError::option_not_allowed("test()")),
    };
    if cmd.has("continuity") && !proportion {
        return Err(StataError::option_not_allowed("continuity"));
    }
    let common = real("sd").unwrap_or(1.0);
    let sd = (real("sd1").unwrap_or(common), real("sd2").unwrap_or(common));
    let alpha = real("alpha").unwrap_or(0.05);
    let ratio = real("nratio").unwrap_or(1.0);
    if sd.0 <= 0.0 || sd.1 <= 0.0 || !(alpha > 0.0 && alpha < 1.0) || ratio <= 0.0 {
        return Err(StataError::invalid("sd(), alpha() or nratio() out of range"));
    }
    Ok(Design {
        method,
        first,
        second,
        sd,
        separate: cmd.has("sd1") || cmd.has("sd2"),
        known: cmd.has("knownsd") || cmd.has("knownsds"),
        alpha,
        sides: if cmd.has("onesided") { 1.0 } else { 2.0 },
        ratio,
        continuity: cmd.has("continuity"),
        wald,
        given: None,
        held: held(cmd, method)?,
    })
}
