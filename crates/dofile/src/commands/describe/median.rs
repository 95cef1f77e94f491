//! `median`: test that several groups come from populations with the same median. Formulas: [R] ranksum, Methods and
//! formulas: the table of values above the common median by group.

use super::tabulate_summary::title_of;
use super::tabulate_two_way;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::fisher;
use crate::ops::groups::Grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, clean};
use estimators::descriptive::Sample;
use estimators::distributions::chi2_tail;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("BY"), OptSpec::flag("EXact"), OptSpec::text("MEDianties")]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "median",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "median varname [if] [in], by(groupvar) [exact medianties(below|above|drop)]",
    notes: "stores r(N) r(groups) r(chi2) r(p), for two groups r(chi2_cc) r(p_cc), with exact r(p_exact) r(p1_exact); weights and medianties(split) are not supported; [R] ranksum",
    examples: &[Example {
        // The table is 3 1 / 1 3: chi-squared is 8 (9 - 1)^2 / 256.
        run: "input x g\n1 1\n2 1\n3 1\n5 2\n4 2\n6 2\n7 2\n8 1\nend\nmedian x, by(g)",
        expect: &[("r(chi2)", 2.0), ("r(groups)", 2.0), ("r(chi2_cc)", 0.5)],
    }],
};

/// Where values equal to the median are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TiesTo {
    Below,
    Above,
    Drop,
}

fn ties(text: Option<&str>) -> Result<TiesTo> {
    Ok(match text.map(str::trim) {
        None | Some("below") => TiesTo::Below,
        Some("above") => TiesTo::Above,
        Some("drop") => TiesTo::Drop,
        Some("split") => return Err(StataError::unsupported_option("median", "medianties(split)")),
        Some(other) => return Err(StataError::invalid(format!("medianties({other}) invalid"))),
    })
}

/// Counts not above the median, then counts above it, by group.
fn table(data: &Grouped, ties: TiesTo) -> Vec<f64> {
    let k = data.names.len();
    let middle = Sample::plain(data.values.iter().copied()).percentile(50.0);
    let mut cells = vec![0.0; 2 * k];
    for (value, group) in data.values.iter().zip(&data.group) {
        let above = match ties {
            _ if *value > middle => 1.0,
            _ if *value < middle => 0.0,
            TiesTo::Below => 0.0,
            TiesTo::Above => 1.0,
            TiesTo::Drop => continue,
        };
        cells[*group] += 1.0 - above;
        cells[k + group] += above;
    }
    cells
}

/// Pearson's statistic, with Yates's correction where `correction` is a half.
fn pearson(cells: &[f64], correction: f64) -> f64 {
    let k = cells.len() / 2;
    let total: f64 = cells.iter().sum();
    let rows = [cells[..k].iter().sum::<f64>(), cells[k..].iter().sum::<f64>()];
    (0..2 * k)
        .map(|i| {
            let expected = rows[i / k] * (cells[i % k] + cells[k + i % k]) / total;
            let gap = (cells[i] - expected).abs();
            (gap - correction.min(gap)).powi(2) / expected
        })
        .sum()
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let Some(by) = cmd.options.text("by") else {
        return Err(StataError::invalid("option by() required"));
    };
    let ties = ties(cmd.options.text("medianties"))?;
    let data = Grouped::read(s, cmd, cmd.list.trim(), by.trim())?;
    let k = data.names.len();
    if k < 2 {
        return Err(StataError::new(420, "1 group found, 2 required"));
    }
    let cells = table(&data, ties);
    let df = (k - 1) as f64;
    let known = |x: f64| if x.is_finite() { x } else { MISSING };
    let probability = |chi2: f64| if chi2 == MISSING { MISSING } else { clean(chi2_tail(df, chi2)) };
    let chi2 = known(pearson(&cells, 0.0));
    show_table(s, by.trim(), &data.names, &cells);
    let report = |s: &mut Session, chi2: f64| {
        s.print(format!(
            "          Pearson chi2({df}) = {}   Pr = {}",
            format::right(&format::bare("%8.4f", chi2), 8),
            format::bare("%5.3f", probability(chi2))
        ));
    };
    report(s, chi2);
    let mut r = Results::default();
    r.scalar("N", cells.iter().sum()).scalar("groups", k as f64);
    r.scalar("chi2", chi2).scalar("p", probability(chi2));
    if cmd.has("exact") {
        let (p, one_sided) = fisher::exact(2, k, &cells)?;
        s.print(format!("    Fisher's exact =                {:>8}", format::bare("%5.3f", p)));
        r.scalar("p_exact", p);
        if let Some(p) = one_sided {
            s.print(format!("    1-sided Fisher's exact =        {:>8}", format::bare("%5.3f", p)));
            r.scalar("p1_exact", p);
        }
    }
    if k == 2 {
        let corrected = known(pearson(&cells, 0.5));
        s.print("");
        s.print("   Continuity corrected:");
        report(s, corrected);
        r.scalar("chi2_cc", corrected).scalar("p_cc", probability(corrected));
    }
    s.r = r;
    Ok(())
}

fn show_table(s: &mut Session, by: &str, names: &[String], cells: &[f64]) {
    let k = names.len();
    let line = format!("-----------+{}+----------", "-".repeat(11 * k));
    s.print("");
    s.print("Median test");
    s.print("");
    let title = s.variable(by).map_or_else(|_| by.to_string(), |v| title_of(s, v));
    tabulate_two_way::heads(s, &("Greater than the median", &title), 10, 11 * k);
    let heads: String = names.iter().map(|n| format!("{:>10} ", format::abbrev(n, 9))).collect();
    s.print(format!("    median |{heads}|     Total"));
    s.print(&line);
    let cell = |x: f64| format::right(&format::bare("%10.0fc", x), 10);
    let row = |name: &str, values: &[f64]| {
        let inner: String = values.iter().map(|v| format!("{} ", cell(*v))).collect();
        format!("{name:>10} |{inner}|{}", cell(values.iter().sum()))
    };
    s.print(row("no", &cells[..k]));
    s.print(row("yes", &cells[k..]));
    s.print(&line);
    let totals: Vec<f64> = (0..k).map(|g| cells[g] + cells[k + g]).collect();
    s.print(row("Total", &totals));
    s.print("");
}
