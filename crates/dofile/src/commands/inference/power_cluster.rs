//! Cluster randomized designs of `power` for means and proportions: numbers of clusters, sizes of clusters, or power. A group of
//! clusters counts as many observations as it has, divided by the design effect 1 + rho (M - 1), and tests are large-sample tests
//! ([PSS-2] power twomeans, cluster; Donner and Klar 2000, Design and Analysis of Cluster Randomization Trials).

use super::numbers;
use super::power::{Design, Method, design};
use super::power_request::{parsed, wanted_power, within};
use super::power_text::{four, sign, whole};
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, front_and_options};

/// Options that make a design one of clusters.
const OF_CLUSTERS: [&str; 10] = ["CLUSter", "k", "k1", "k2", "KRATio", "m", "m1", "m2", "MRATio", "rho"];

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("CLUSter"),
    OptSpec::real("k"),
    OptSpec::real("k1"),
    OptSpec::real("k2"),
    OptSpec::real("KRATio"),
    OptSpec::real("m"),
    OptSpec::real("m1"),
    OptSpec::real("m2"),
    OptSpec::real("MRATio"),
    OptSpec::real("rho"),
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
];
const UNSUPPORTED: &[&str] = &[
    "CVCLuster",
    "n",
    "n1",
    "n2",
    "NRATio",
    "EFFect",
    "DIRection",
    "fpc",
    "RATio",
    "RDiff",
    "RRisk",
    "ORatio",
    "test",
    "CONTINuity",
    "COMPute",
];

/// Whether the options of a command ask for clusters.
pub(super) fn asked(text: &str) -> Result<bool> {
    let (_, options) = front_and_options(text);
    let given = split_options(options)?;
    let own = |name: &str| OF_CLUSTERS.iter().chain(&["CVCLuster"]).any(|full| abbreviates(name, full));
    Ok(given.iter().any(|(name, _)| own(name)))
}

/// Numbers and sizes of clusters; the second of each is not used by one group.
#[derive(Clone, Copy)]
struct Clusters {
    k: (f64, f64),
    m: (f64, f64),
    rho: f64,
}

impl Clusters {
    fn sizes(&self) -> (f64, f64) {
        (self.k.0 * self.m.0, self.k.1 * self.m.1)
    }

    /// Power of the large-sample test.
    fn power(&self, d: &Design) -> f64 {
        let effect = |m: f64| 1.0 + self.rho * (m - 1.0);
        let (n1, n2) = self.sizes();
        let (e1, e2) = (n1 / effect(self.m.0), n2 / effect(self.m.1));
        if d.method != Method::TwoProportions {
            return d.power(e1, e2);
        }
        let (p, q) = (d.first, d.second);
        let pooled = (n1 * p + n2 * q) / (n1 + n2);
        let null = (pooled * (1.0 - pooled) * (1.0 / e1 + 1.0 / e2)).sqrt();
        let own = (p * (1.0 - p) / e1 + q * (1.0 - q) / e2).sqrt();
        d.normal((q - p).abs(), null, own, (d.alpha / d.sides, 0.0))
    }
}

/// What is looked for.
#[derive(Clone, Copy, PartialEq)]
enum Sought {
    Numbers,
    Sizes,
    Power,
}

/// The value of a group from its option, from that of the first group and their ratio, or nothing.
fn pair(
    cmd: &ParsedCommand,
    d: &Design,
    [one, first, second, ratio]: [&str; 4],
) -> Result<Option<(f64, f64)>> {
    let real = |name: &str| cmd.options.real(name);
    let wrong =
        || StataError::invalid(format!("{one}(), {first}(), {second}() and {ratio}() incorrectly specified"));
    let factor = real(ratio).unwrap_or(1.0);
    let found = match (d.groups(), real(one), real(first), real(second)) {
        (_, None, None, None) => return Ok(None),
        (1, Some(x), None, None) if real(ratio).is_none() => (x, x),
        (2, None, Some(a), Some(b)) if real(ratio).is_none() => (a, b),
        (2, None, Some(a), None) => (a, (a * factor).ceil()),
        (2, None, None, Some(b)) => ((b / factor).ceil(), b),
        _ => return Err(wrong()),
    };
    let fits = |x: f64| x >= 1.0 && x.fract() == 0.0;
    if fits(found.0) && fits(found.1) { Ok(Some(found)) } else { Err(wrong()) }
}

/// The least x from one on with the power that is wanted, as a real number.
fn least(enough: impl Fn(f64) -> bool) -> Result<f64> {
    let (mut low, mut high) = (1.0, 1.0);
    while !enough(high) {
        (low, high) = (high, high * 2.0);
        within(high)?;
    }
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if enough(middle) { high = middle } else { low = middle }
    }
    Ok(high)
}

/// Whole numbers of or in clusters.
fn filled((a, b): (f64, f64)) -> (f64, f64) {
    let up = |x: f64| (x - 1e-9 * x).ceil();
    (up(a), up(b))
}

fn solve(cmd: &ParsedCommand, d: &Design, rho: f64) -> Result<(Clusters, f64, Sought)> {
    let numbers = pair(cmd, d, ["k", "k1", "k2", "kratio"])?;
    let sizes = pair(cmd, d, ["m", "m1", "m2", "mratio"])?;
    let wanted = wanted_power(cmd)?;
    let ratio = |name: &str| cmd.options.real(name).unwrap_or(1.0);
    if !(wanted > 0.0 && wanted < 1.0) || ratio("kratio") <= 0.0 || ratio("mratio") <= 0.0 {
        return Err(StataError::invalid("power(), kratio() or mratio() out of range"));
    }
    match (numbers, sizes) {
        (Some(k), Some(m)) => {
            if cmd.has("power") || cmd.has("beta") {
                return Err(StataError::unsupported_option(
                    "power",
                    "numbers and sizes of clusters with power()",
                ));
            }
            let found = Clusters { k, m, rho };
            Ok((found, found.power(d), Sought::Power))
        }
        (None, Some(m)) => {
            let of = |k: f64| (k, k * ratio("kratio"));
            let k = least(|k| Clusters { k: of(k), m, rho }.power(d) >= wanted)?;
            Ok((Clusters { k: filled(of(k)), m, rho }, wanted, Sought::Numbers))
        }
        (Some(k), None) => {
            let of = |m: f64| (m, m * ratio("mratio"));
            let m = least(|m| Clusters { k, m: of(m), rho }.power(d) >= wanted).map_err(|_| {
                StataError::new(430, "no cluster size has this power with these numbers of clusters")
            })?;
            Ok((Clusters { k, m: filled(of(m)), rho }, wanted, Sought::Sizes))
        }
        (None, None) => Err(StataError::invalid(
            "a cluster randomized design requires the numbers of clusters or their sizes",
        )),
    }
}

/// `power` with clusters.
pub(super) fn run(s: &mut Session, method: Method, text: &str) -> Result<()> {
    let cmd = parsed(text, OPTIONS, UNSUPPORTED)?;
    let mut values = numbers(&cmd.list)?;
    if let (Some(difference), [first]) = (cmd.options.real("diff"), &values[..]) {
        values.push(first + difference);
    }
    let [first, second] = values[..] else {
        return Err(StataError::invalid("two values required"));
    };
    let d = Design { known: true, ..design(&cmd, method, first, second)? };
    let rho = cmd.options.real("rho").unwrap_or(0.5);
    if !(0.0..=1.0).contains(&rho) {
        return Err(StataError::invalid("rho() must be between 0 and 1"));
    }
    let (found, power, sought) = solve(&cmd, &d, rho)?;
    show(s, &d, &found, power, sought);
    s.r = stored(&d, &found, power);
    Ok(())
}

/// The design and its test in words.
fn words(d: &Design) -> (&'static str, &'static str, &'static str) {
    match d.method {
        Method::OneMean => ("a one-sample mean test", "z test", "m = m0"),
        Method::TwoMeans if d.separate => {
            ("a two-sample means test", "z test assuming sd1 != sd2", "m2 = m1")
        }
        Method::TwoMeans => ("a two-sample means test", "z test assuming sd1 = sd2 = sd", "m2 = m1"),
        Method::OneProportion => ("a one-sample proportion test", "score z test", "p = p0"),
        Method::TwoProportions => ("a two-sample proportions test", "Pearson's chi-squared test", "p2 = p1"),
    }
}

/// Lines of the design of clusters with the parts that are known.
fn lines(d: &Design, found: &Clusters, parts: &[&str]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for part in parts {
        let (a, b) = match *part {
            "K" => found.k,
            "M" => found.m,
            _ => found.sizes(),
        };
        if d.groups() == 1 {
            out.push(((*part).to_string(), whole(a)));
        } else {
            out.push((format!("{part}1"), whole(a)));
            out.push((format!("{part}2"), whole(b)));
        }
    }
    out
}

fn show(s: &mut Session, d: &Design, found: &Clusters, power: f64, sought: Sought) {
    let (what, test, null) = words(d);
    let several = if d.groups() == 2 { "s" } else { "" };
    s.print("");
    if sought != Sought::Power {
        s.print("Performing iteration ...");
        s.print("");
    }
    let (title, end, known, new): (String, String, &[&str], &[&str]) = match sought {
        Sought::Power => ("power".into(), "power".into(), &["K", "M", "N"], &[]),
        Sought::Numbers => (
            format!("number{several} of clusters"),
            format!("number{several} of clusters and sample size{several}"),
            &["M"],
            &["K", "N"],
        ),
        Sought::Sizes => (
            format!("cluster size{several}"),
            format!("cluster size{several} and sample size{several}"),
            &["K"],
            &["M", "N"],
        ),
    };
    s.print(format!("Estimated {title} for {what}"));
    s.print(format!("Cluster randomized design, {test}"));
    let alternative = null.replace('=', sign(d.sides == 1.0, d.second > d.first));
    s.print(format!("H0: {null}  versus  Ha: {alternative}"));
    s.print("");
    s.print("Study parameters:");
    s.print("");
    let mut line = |name: &str, value: &str| s.print(format!("{name:>13} = {value}"));
    line("alpha", &four(d.alpha));
    if sought != Sought::Power {
        line("power", &four(power));
    }
    let [_, first, second] = d.names();
    line("delta", &four(super::power_show::effect(d)));
    line(first, &four(d.first));
    line(second, &four(d.second));
    match d.method {
        Method::OneMean | Method::TwoMeans if d.separate && d.groups() == 2 => {
            line("sd1", &four(d.sd.0));
            line("sd2", &four(d.sd.1));
        }
        Method::OneMean | Method::TwoMeans => line("sd", &four(d.sd.0)),
        _ => {}
    }
    s.print("");
    s.print("Cluster design:");
    s.print("");
    let mut line = |name: &str, value: &str| s.print(format!("{name:>13} = {value}"));
    lines(d, found, known).iter().for_each(|(name, value)| line(name, value));
    line("rho", &four(found.rho));
    s.print("");
    s.print(format!("Estimated {end}:"));
    s.print("");
    let mut line = |name: &str, value: &str| s.print(format!("{name:>13} = {value}"));
    lines(d, found, new).iter().for_each(|(name, value)| line(name, value));
    if sought == Sought::Power {
        line("power", &four(power));
    }
}

fn stored(d: &Design, found: &Clusters, power: f64) -> Results {
    let mut r = Results::default();
    let (n1, n2) = found.sizes();
    let two = d.groups() == 2;
    r.scalar("N", if two { n1 + n2 } else { n1 }).scalar("power", power).scalar("beta", 1.0 - power);
    r.scalar("alpha", d.alpha).scalar("onesided", f64::from(u8::from(d.sides == 1.0)));
    r.scalar("delta", super::power_show::effect(d)).scalar("rho", found.rho).scalar("cluster", 1.0);
    if two {
        r.scalar("N1", n1).scalar("N2", n2).scalar("nratio", n2 / n1);
        r.scalar("K1", found.k.0).scalar("K2", found.k.1).scalar("kratio", found.k.1 / found.k.0);
        r.scalar("M1", found.m.0).scalar("M2", found.m.1).scalar("mratio", found.m.1 / found.m.0);
    } else {
        r.scalar("K", found.k.0).scalar("M", found.m.0);
    }
    let [method, first, second] = d.names();
    r.scalar(first, d.first).scalar(second, d.second).scalar("diff", d.second - d.first);
    if matches!(d.method, Method::OneMean | Method::TwoMeans) {
        if d.separate {
            r.scalar("sd1", d.sd.0).scalar("sd2", d.sd.1);
        } else {
            r.scalar("sd", d.sd.0);
        }
    }
    r.text("type", "test").text("method", method);
    r
}
