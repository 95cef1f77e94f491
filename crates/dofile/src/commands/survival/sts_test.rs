//! `sts test`: are survivor functions of groups equal? ([ST] sts test)

use crate::error::{Result, StataError};
use crate::estimation::survival::{Records, Settings, show};
use crate::format;
use crate::frame::is_valid_name;
use crate::matrix::Matrix;
use crate::ops::record_groups::Grouping;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{OptSpec, WeightKind, numlist};
use estimators::distributions::chi2_tail;
use estimators::survivor::{Equality, Spans, TestWeight, equality};
use std::sync::Arc;

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("Logrank"),
    OptSpec::flag("Wilcoxon"),
    OptSpec::flag("TWare"),
    OptSpec::flag("Peto"),
    OptSpec::text("fh"),
    OptSpec::text("Strata"),
    OptSpec::flag("Detail"),
    OptSpec::flag("TRend"),
    OptSpec::flag("noShow"),
    OptSpec::flag("noTItle"),
    OptSpec::text("mat"),
    OptSpec::flag("Cox"),
];

fn weight(cmd: &ParsedCommand) -> Result<(TestWeight, String)> {
    let mut found = Vec::new();
    for (option, weight, title) in [
        ("logrank", TestWeight::LogRank, "Log-rank test"),
        ("wilcoxon", TestWeight::Wilcoxon, "Wilcoxon–Breslow–Gehan test"),
        ("tware", TestWeight::TaroneWare, "Tarone–Ware test"),
        ("peto", TestWeight::Peto, "Peto–Peto–Prentice test"),
    ] {
        if cmd.has(option) {
            found.push((weight, title.to_string()));
        }
    }
    if let Some(text) = cmd.options.text("fh") {
        match numlist::expand(text)?[..] {
            [p, q] if p >= 0.0 && q >= 0.0 => found
                .push((TestWeight::Harrington(p, q), format!("Fleming–Harrington test\n(p = {p}, q = {q})"))),
            _ => return Err(StataError::invalid("fh() takes two nonnegative numbers")),
        }
    }
    match found.len() {
        0 => Ok((TestWeight::LogRank, "Log-rank test".to_string())),
        1 => Ok(found.remove(0)),
        _ => Err(StataError::invalid("only one test may be specified")),
    }
}

/// The names of `mat()`: the vector of scores and its covariance.
fn matrix_names(cmd: &ParsedCommand) -> Result<Option<[String; 2]>> {
    let Some(text) = cmd.options.text("mat") else { return Ok(None) };
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        [a, b] if is_valid_name(a) && is_valid_name(b) && a != b => Ok(Some([a.to_string(), b.to_string()])),
        _ => Err(StataError::invalid("mat() takes the names of two matrices")),
    }
}

/// Runs `sts test`.
pub(super) fn run(s: &mut Session, mut cmd: ParsedCommand) -> Result<()> {
    cmd.check_options(OPTIONS, &[])?;
    let cox = cmd.has("cox");
    super::sts_cox::check(&cmd)?;
    let (weight, title) = weight(&cmd)?;
    let matrices = matrix_names(&cmd)?;
    let settings = Settings::of(&s.frame)?;
    if cmd.list.trim().is_empty() {
        return Err(StataError::standard(100));
    }
    let mut touse = s.rows(&cmd)?;
    let variables = Grouping::positions(s, &cmd.list, &mut touse)?;
    let strata = match cmd.options.text("strata") {
        Some(list) => Grouping::positions(s, list, &mut touse)?,
        None => Vec::new(),
    };
    let records = Records::read(s, &settings, &mut touse)?;
    if !cox && matches!(&records.weights, Some((WeightKind::Probability, _))) {
        return Err(StataError::new(101, "pweights not allowed with this test"));
    }
    let groups = Grouping::of(s, &variables, &records);
    if groups.count() < 2 {
        return Err(StataError::new(198, "there is only one group"));
    }
    if cmd.has("trend") && (variables.len() > 1 || s.frame.var(variables[0]).is_string()) {
        return Err(StataError::invalid("trend needs one numeric variable"));
    }
    let layers = Grouping::of(s, &strata, &records);
    let parts: Vec<Equality> = (0..layers.count())
        .map(|layer| {
            let members = layers.members(layer);
            let part = records.select(&members);
            let group: Vec<usize> = members.iter().map(|&i| groups.of[i]).collect();
            let w = part.weights.as_ref().map(|w| w.1.as_slice());
            let spans = Spans { t0: &part.t0, t: &part.t, d: &part.d, w };
            equality(spans, &group, groups.count(), weight)
        })
        .collect();
    let total = parts.iter().fold(Equality::empty(groups.count()), |sum, part| sum.plus(part));
    if !cmd.has("noshow") {
        show(s, &settings);
    }
    if cox {
        return super::sts_cox::run(s, &cmd, &records, &groups, &total);
    }
    if !cmd.has("notitle") {
        heading(s, !strata.is_empty(), &title);
    }
    if cmd.has("detail") && !strata.is_empty() {
        for (layer, part) in parts.iter().enumerate() {
            s.print("");
            s.print(format!("-> {}", layers.text(layer)));
            table(s, &groups, part, weight);
            let (chi2, df) = part.chi2();
            chi2_lines(s, &groups, chi2, df);
        }
        s.print("");
        s.print("-> Total");
    }
    table(s, &groups, &total, weight);
    if !strata.is_empty() {
        s.print(format!("(*) sum over calculations within {}", layers.variables.join(" ")));
    }
    let (chi2, df) = total.chi2();
    chi2_lines(s, &groups, chi2, df);
    if let Some(names) = matrices {
        keep_matrices(s, names, &total);
    }
    let mut r = Results::default();
    r.scalar("df", df).scalar("chi2", chi2);
    if cmd.has("trend") {
        let trend = total.trend(&groups.values());
        s.print("");
        s.print("Test for trend of survivor functions");
        chi2_lines(s, &groups, trend, 1.0);
        r.scalar("df_tr", 1.0).scalar("chi2_tr", trend);
    }
    s.r = r;
    Ok(())
}

fn heading(s: &mut Session, stratified: bool, title: &str) {
    s.print("");
    s.print(if stratified { "Stratified test for equality" } else { "Equality of survivor functions" });
    title.lines().for_each(|line| s.print(line));
}

/// The scores of the groups and their covariance under the names of `mat()`.
fn keep_matrices(s: &mut Session, [score, covariance]: [String; 2], total: &Equality) {
    let (n, v) = (total.score.len(), &total.covariance);
    s.matrices.insert(score, Arc::new(Matrix::new(1, n, total.score.clone())));
    let data = (0..n * n).map(|i| v[(i / n, i % n)]).collect();
    s.matrices.insert(covariance, Arc::new(Matrix::new(n, n, data)));
}

fn table(s: &mut Session, groups: &Grouping, test: &Equality, weight: TestWeight) {
    let name = groups.variables.join(" ");
    let label = |g: usize| groups.labels[g].join(" ");
    let width = (0..groups.count()).map(|g| label(g).chars().count()).chain([name.chars().count(), 5]);
    let width = width.max().unwrap_or(5).min(24);
    let ranks = weight != TestWeight::LogRank;
    let (extra_1, extra_2) = if ranks { ("        Sum of", "         ranks") } else { ("", "") };
    let rule = format!("{}-+-{}", "-".repeat(width), "-".repeat(if ranks { 38 } else { 24 }));
    s.print("");
    s.print(format!("{} |  Observed       Expected{extra_1}", " ".repeat(width)));
    s.print(format!(
        "{} |    events         events{extra_2}",
        format::left(&format::abbrev(&name, width), width)
    ));
    s.print(&rule);
    let row = |label: &str, observed: f64, expected: f64, sum: f64| {
        let sum = if ranks { format::right(&format::bare("%9.0g", sum), 14) } else { String::new() };
        let label = format::left(&format::abbrev(label, width), width);
        let (observed, expected) = (format::number("%9.0g", observed), format::number("%14.2f", expected));
        format!("{label} | {observed} {expected}{sum}")
    };
    for g in 0..groups.count() {
        s.print(row(&label(g), test.observed[g], test.expected[g], test.score[g]));
    }
    s.print(&rule);
    s.print(row(
        &format!("{:>width$}", "Total"),
        test.observed.iter().sum(),
        test.expected.iter().sum(),
        0.0,
    ));
}

fn chi2_lines(s: &mut Session, groups: &Grouping, chi2: f64, df: f64) {
    let indent = " ".repeat(groups.variables.join(" ").chars().count().clamp(5, 24) + 13);
    let p = if df > 0.0 { chi2_tail(df, chi2) } else { crate::value::MISSING };
    s.print("");
    s.print(format!("{indent}chi2({df}) = {}", format::number("%6.2f", chi2)));
    s.print(format!("{indent}Pr>chi2 = {}", format::number("%6.4f", p)));
}
