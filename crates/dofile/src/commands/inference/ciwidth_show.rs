//! How `ciwidth` shows and stores a planned interval.

use super::ciwidth::{Design, Found, Request, Sought};
use super::power_text::{four, whole};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use estimators::ci_width::Sides;

/// Prints the study and what was looked for.
pub(super) fn show(s: &mut Session, d: &Design, r: &Request, f: &Found) {
    let two = d.words.groups == 2;
    if d.lines.iter().any(|(name, _)| *name == "diff") {
        s.print("note: command arguments (control- and experimental-group mean estimates) do not");
        s.print("      affect computations and are used only for display");
    }
    s.print("");
    if f.sought == Sought::Size && !d.known {
        s.print("Performing iteration ...");
        s.print("");
    }
    let sought = match f.sought {
        Sought::Size if two => "sample sizes",
        Sought::Size => "sample size",
        Sought::Width => "width",
        Sought::Probability => "probability of width",
    };
    s.print(format!("Estimated {sought} for {}", d.words.what));
    s.print(&d.words.interval);
    s.print("");
    s.print("Study parameters:");
    s.print("");
    let (n1, n2) = f.sizes;
    let sizes = match (two, n1 == n2) {
        (false, _) => vec![("N", whole(n1))],
        (true, true) => vec![("N", whole(n1 + n2)), ("N per group", whole(n1))],
        (true, false) => vec![("N", whole(n1 + n2)), ("N1", whole(n1)), ("N2", whole(n2))],
    };
    let mut line = |name: &str, value: &str| s.print(format!("{name:>13} = {value}"));
    line("level", &format::right(&format::bare("%9.2f", 100.0 * (1.0 - r.alpha)), 9));
    if f.sought != Sought::Size {
        sizes.iter().for_each(|(name, value)| line(name, value));
    }
    if let Some(p) = f.probability.filter(|_| f.sought != Sought::Probability) {
        line("Pr_width", &four(p));
    }
    if f.sought != Sought::Width {
        line("width", &four(f.width));
    }
    d.lines.iter().for_each(|(name, x)| line(name, &four(*x)));
    if f.sought == Sought::Size && two && d.ratio != 1.0 {
        line("N2/N1", &four(d.ratio));
    }
    s.print("");
    s.print(format!("Estimated {sought}:"));
    s.print("");
    let mut line = |name: &str, value: &str| s.print(format!("{name:>13} = {value}"));
    match f.sought {
        Sought::Size => sizes.iter().for_each(|(name, value)| line(name, value)),
        Sought::Width => line("width", &four(f.width)),
        Sought::Probability => line("Pr_width", &four(f.probability.unwrap_or(f64::NAN))),
    }
}

/// Stores the plan.
pub(super) fn store(s: &mut Session, d: &Design, q: &Request, f: &Found) {
    let (n1, n2) = f.sizes;
    let flag = |yes: bool| f64::from(u8::from(yes));
    let mut r = Results::default();
    r.scalar("N", n1 + n2).scalar("width", f.width).scalar("alpha", q.alpha);
    r.scalar("level", 100.0 * (1.0 - q.alpha)).scalar("onesided", flag(q.sides != Sides::Two));
    if d.words.groups == 2 {
        r.scalar("N1", n1).scalar("N2", n2).scalar("nratio", n2 / n1);
    }
    if let Some(p) = f.probability {
        r.scalar("Pr_width", p);
    }
    match d.words.method {
        "onemean" | "pairedmeans" => {
            r.scalar("knownsd", flag(d.known));
        }
        "twomeans" => {
            r.scalar("knownsds", flag(d.known));
        }
        _ => {}
    }
    d.lines.iter().for_each(|(name, x)| {
        r.scalar(name, *x);
    });
    r.text("type", "ci").text("method", d.words.method);
    s.r = r;
}
