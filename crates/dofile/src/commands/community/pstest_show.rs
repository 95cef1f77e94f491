//! Output of `pstest`.

use super::pstest::{Row, Side, Summary};
use crate::format;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::{MISSING, is_missing};

fn number(fmt: &str, x: f64, w: usize) -> String {
    format::right(&format::bare(fmt, x), w)
}

/// Whether a ratio of variances lies outside its limits.
fn outside(ratio: f64, [low, high]: [f64; 2]) -> bool {
    !is_missing(ratio) && (ratio < low || ratio > high)
}

/// Prints the lines over the covariates.
fn show_head(s: &mut Session, both: bool, rule: &str) {
    let reduction = if both { "%reduct" } else { "" };
    s.print("");
    s.print("-".repeat(rule.len()));
    s.print(format!(
        "{:>24} |{:>15}{:>19}|{:^15}|{:>10}",
        if both { "Unmatched" } else { "" },
        "Mean",
        reduction,
        "t-test",
        "V(T)/"
    ));
    let head = format!(
        "{:<15}{:>9} |{:>8}{:>9}{:>8}{:>9}|{:>7}{:>8}|{:>10}",
        "Variable",
        if both { "Matched" } else { "" },
        "Treated",
        "Control",
        "%bias",
        if both { "|bias|" } else { "" },
        "t",
        "p>|t|",
        "V(C)"
    );
    s.print(head);
    s.print(rule);
}

/// Prints the covariates; `limits` are those of the ratio of variances before and after matching.
pub(super) fn show_rows(s: &mut Session, cmd: &ParsedCommand, table: &[Row], limits: [[f64; 2]; 2]) {
    let both = cmd.has("both");
    let rule = format!("{}+{}+{}+{}", "-".repeat(25), "-".repeat(34), "-".repeat(15), "-".repeat(10));
    show_head(s, both, &rule);
    let line = |name: &str, letter: &str, x: &Side, reduced: f64, limits: [f64; 2]| {
        let reduced = if both && letter == "M" { number("%7.1f", reduced, 9) } else { " ".repeat(9) };
        let mark = if outside(x.ratio, limits) { "*" } else { " " };
        format!(
            "{:<18}{letter:>5}  |{}{}{}{reduced}|{}{}|{}{mark}",
            format::abbrev(name, 18),
            number("%7.0g", x.means[0], 8),
            number("%7.0g", x.means[1], 9),
            number("%7.1f", x.bias, 8),
            number("%6.2f", x.t, 7),
            number("%6.3f", x.p, 8),
            number("%6.2f", x.ratio, 9)
        )
    };
    for row in table {
        if cmd.has("onlysig") && row.after.as_ref().unwrap_or(&row.before).p > 0.1 {
            continue;
        }
        match &row.after {
            Some(after) if both => {
                s.print(line(&row.name, "U", &row.before, MISSING, limits[0]).trim_end());
                let reduced = 100.0 * (row.before.bias.abs() - after.bias.abs()) / row.before.bias.abs();
                s.print(line("", "M", after, reduced, limits[1]).trim_end());
                s.print(format!("{}|{}|{}|", " ".repeat(25), " ".repeat(34), " ".repeat(15)));
            }
            Some(after) => s.print(line(&row.name, "", after, MISSING, limits[1]).trim_end()),
            None => s.print(line(&row.name, "", &row.before, MISSING, limits[0]).trim_end()),
        }
    }
    s.print("-".repeat(rule.len()));
    let span =
        |[low, high]: [f64; 2]| format!("[{}; {}]", format::bare("%4.2f", low), format::bare("%4.2f", high));
    let matched = table.iter().any(|r| r.after.is_some());
    s.print(match (both, matched) {
        (true, true) => {
            format!("* if variance ratio outside {} for U and {} for M", span(limits[0]), span(limits[1]))
        }
        (_, true) => format!("* if variance ratio outside {}", span(limits[1])),
        _ => format!("* if variance ratio outside {}", span(limits[0])),
    });
}

/// Prints the summary of the samples.
pub(super) fn show_summary(s: &mut Session, cmd: &ParsedCommand, before: &Summary, after: Option<&Summary>) {
    s.print("");
    s.print("-".repeat(72));
    s.print(format!(
        "{:<11}|{:>7}{:>9}{:>9}{:>11}{:>9}{:>8}{:>7}",
        " Sample", "Ps R2", "LR chi2", "p>chi2", "MeanBias", "MedBias", "B", "R"
    ));
    s.print(format!("{}+{}", "-".repeat(11), "-".repeat(60)));
    let mut warned = false;
    let mut line = |s: &mut Session, name: &str, x: &Summary| {
        warned |= x.b > 25.0 || !(0.5..=2.0).contains(&x.r);
        s.print(format!(
            " {name:<10}|{}{}{}{}{}{}{}{}{}",
            number("%6.3f", x.r2, 7),
            number("%8.2f", x.chi2, 9),
            number("%6.3f", x.p, 9),
            number("%6.1f", x.mean, 11),
            number("%6.1f", x.median, 9),
            number("%6.1f", x.b, 8),
            if x.b > 25.0 { "*" } else { " " },
            number("%5.2f", x.r, 6),
            if (0.5..=2.0).contains(&x.r) { " " } else { "*" }
        ));
    };
    match after {
        None => line(s, "Unmatched", before),
        Some(after) => {
            if cmd.has("both") {
                line(s, "Unmatched", before);
            }
            line(s, "Matched", after);
        }
    }
    s.print("-".repeat(72));
    if warned {
        s.print("* if B>25%, R outside [0.5; 2]");
    }
}
