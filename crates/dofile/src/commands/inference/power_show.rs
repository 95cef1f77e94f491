//! How the tests of means and proportions of `power` are shown: sizes, power, or the least effect that is found.

use super::power::{Design, Method};
use super::power_text::{four, sign, whole};
use crate::results::Results;
use crate::session::Session;

/// Effect size: standardised for one mean, else a difference.
pub(super) fn effect(d: &Design) -> f64 {
    let difference = d.second - d.first;
    match d.method {
        Method::OneMean => difference / d.sd.0,
        Method::TwoProportions => d.given.map_or(difference, |(_, x)| x),
        _ => difference,
    }
}

/// What is looked for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sought {
    Sizes,
    Power,
    Effect,
}

/// The design, its test and its null hypothesis in words.
fn words(d: &Design) -> (&'static str, &'static str, &'static str) {
    match (d.method, d.known) {
        (Method::OneMean, false) => ("a one-sample mean test", "t test", "m = m0"),
        (Method::OneMean, true) => ("a one-sample mean test", "z test", "m = m0"),
        (Method::TwoMeans, false) if !d.separate => {
            ("a two-sample means test", "t test assuming sd1 = sd2 = sd", "m2 = m1")
        }
        (Method::TwoMeans, false) => {
            ("a two-sample means test", "Satterthwaite's t test assuming unequal variances", "m2 = m1")
        }
        (Method::TwoMeans, true) => ("a two-sample means test", "z test", "m2 = m1"),
        (Method::OneProportion, _) if d.wald => ("a one-sample proportion test", "Wald z test", "p = p0"),
        (Method::OneProportion, _) => ("a one-sample proportion test", "Score z test", "p = p0"),
        (Method::TwoProportions, _) => {
            ("a two-sample proportions test", "Pearson's chi-squared test", "p2 = p1")
        }
    }
}

/// The first lines: sizes and effects are looked for by iteration.
pub(super) fn begin(s: &mut Session, solved: bool, several: bool, test: &str) {
    s.print("");
    if solved {
        s.print("Performing iteration ...");
        s.print("");
    }
    let what = match (solved, several) {
        (true, true) => "sample sizes",
        (true, false) => "sample size",
        _ => "power",
    };
    s.print(format!("Estimated {what} for {test}"));
}

/// The results that begin those of every test of one group.
pub(super) fn begun(n: f64, (alpha, power): (f64, f64), delta: f64) -> Results {
    let mut r = Results::default();
    r.scalar("N", n).scalar("power", power).scalar("beta", 1.0 - power).scalar("alpha", alpha);
    r.scalar("delta", delta);
    r
}

/// Prints the title with the test and its hypotheses, the parameters, and the sizes or the power; `solved`: the sizes were
/// looked for.
pub(super) fn study_and_answer(
    s: &mut Session,
    title: &str,
    (alpha, power, solved): (f64, f64, bool),
    study: &[(&str, String)],
    sizes: &[(&str, String)],
) {
    begin(s, solved, title.starts_with("a two-sample") && sizes.len() > 1, title);
    s.print("");
    s.print("Study parameters:");
    s.print("");
    let mut line = |name: &str, value: &str| s.print(format!("{name:>13} = {value}"));
    line("alpha", &four(alpha));
    if solved {
        line("power", &four(power));
    } else {
        sizes.iter().for_each(|(name, value)| line(name, value));
    }
    study.iter().for_each(|(name, value)| line(name, value));
    s.print("");
    let found = if sizes.len() > 1 { "Estimated sample sizes:" } else { "Estimated sample size:" };
    s.print(if solved { found } else { "Estimated power:" });
    s.print("");
    let mut line = |name: &str, value: &str| s.print(format!("{name:>13} = {value}"));
    if solved {
        sizes.iter().for_each(|(name, value)| line(name, value));
    } else {
        line("power", &four(power));
    }
}

/// What is the unknown parameter of the alternative called.
fn target(method: Method) -> &'static str {
    match method {
        Method::OneMean => "target mean",
        Method::TwoMeans => "experimental-group mean",
        Method::OneProportion => "target proportion",
        Method::TwoProportions => "experimental-group proportion",
    }
}

/// Prints the title, the test and its hypotheses.
fn heading(s: &mut Session, d: &Design, sought: Sought) {
    let (what, test, null) = words(d);
    let [_, first, second] = d.names();
    let mut alternative = null.replace('=', sign(d.sides == 1.0, d.second > d.first));
    if sought == Sought::Effect {
        s.print("");
        s.print("Performing iteration ...");
        s.print("");
        s.print(format!("Estimated {} for {what}", target(d.method)));
        if d.sides != 1.0 {
            alternative.push_str(&format!("; {second} > {first}"));
        }
    } else {
        begin(s, sought == Sought::Sizes, d.groups() == 2, what);
    }
    s.print(test);
    s.print(format!("H0: {null}  versus  Ha: {alternative}"));
}

/// What the effect of two proportions is, behind its size.
fn kind(d: &Design) -> &'static str {
    match d.given {
        _ if d.method != Method::TwoProportions => "",
        None => "  (difference)",
        Some(("ratio", _)) => "  (ratio)",
        Some(("rdiff", _)) => "  (risk difference)",
        Some(("rrisk", _)) => "  (relative risk)",
        Some(_) => "  (odds ratio)",
    }
}

/// Prints the design with sizes of the groups and a power, one of which, or the effect, was looked for.
pub(super) fn show(
    s: &mut Session,
    d: &Design,
    (n1, n2): (f64, f64),
    power: f64,
    sought: Sought,
    difference: Option<f64>,
) {
    let groups = d.groups();
    let [_, first, second] = d.names();
    heading(s, d, sought);
    s.print("");
    s.print("Study parameters:");
    s.print("");
    let mut line = |name: &str, value: String| s.print(format!("{name:>13} = {value}"));
    line("alpha", four(d.alpha));
    if sought != Sought::Power {
        line("power", four(power));
    }
    if sought != Sought::Sizes {
        group_sizes(d, n1, n2).into_iter().for_each(|(name, value)| line(name, value));
        if groups == 2 && n1 != n2 {
            line("N2/N1", four(n2 / n1));
        }
    }
    if sought != Sought::Effect {
        line("delta", delta(d));
    }
    line(first, four(d.first));
    if sought != Sought::Effect {
        line(second, four(d.second));
    }
    if let Some(difference) = difference {
        line("diff", four(difference));
    }
    if let Some((kind, x)) = d.given {
        line(kind, four(x));
    }
    if matches!(d.method, Method::OneMean | Method::TwoMeans) {
        if d.separate && groups == 2 {
            line("sd1", four(d.sd.0));
            line("sd2", four(d.sd.1));
        } else {
            line("sd", four(d.sd.0));
        }
    }
    match d.held {
        _ if sought != Sought::Sizes => {}
        Some((group, size)) => line(if group == 1 { "N1" } else { "N2" }, whole(size)),
        None if groups == 2 && d.ratio != 1.0 => line("N2/N1", four(d.ratio)),
        None => {}
    }
    s.print("");
    s.print(match sought {
        Sought::Sizes if groups == 2 => "Estimated sample sizes:".to_string(),
        Sought::Sizes => "Estimated sample size:".to_string(),
        Sought::Power => "Estimated power:".to_string(),
        Sought::Effect => format!("Estimated effect size and {}:", target(d.method)),
    });
    s.print("");
    for (name, value) in answer(d, (n1, n2), power, sought) {
        s.print(format!("{name:>13} = {value}"));
    }
}

/// The effect and what it is.
fn delta(d: &Design) -> String {
    format!("{}{}", four(effect(d)), kind(d))
}

/// Sizes of the groups with their names.
fn group_sizes(d: &Design, n1: f64, n2: f64) -> Vec<(&'static str, String)> {
    match (d.groups(), n1 == n2) {
        (1, _) => vec![("N", whole(n1))],
        (_, true) => vec![("N", whole(n1 + n2)), ("N per group", whole(n1))],
        _ => vec![("N", whole(n1 + n2)), ("N1", whole(n1)), ("N2", whole(n2))],
    }
}

/// Lines of what was looked for.
fn answer(d: &Design, (n1, n2): (f64, f64), power: f64, sought: Sought) -> Vec<(&'static str, String)> {
    match (sought, d.held) {
        (Sought::Sizes, Some((1, _))) => vec![("N", whole(n1 + n2)), ("N2", whole(n2))],
        (Sought::Sizes, Some(_)) => vec![("N", whole(n1 + n2)), ("N1", whole(n1))],
        (Sought::Sizes, None) => {
            let mut lines = group_sizes(d, n1, n2);
            if d.groups() == 2 && d.ratio != 1.0 {
                lines.push(("N2/N1", four(n2 / n1)));
            }
            lines
        }
        (Sought::Power, _) => vec![("power", four(power))],
        (Sought::Effect, _) => vec![("delta", delta(d)), (d.names()[2], four(d.second))],
    }
}
