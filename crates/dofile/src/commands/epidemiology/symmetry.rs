//! `symmetry` and `symmi`: symmetry and equal margins of a table of matched pairs. Formulas: [R] symmetry.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::epitab::Sample;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::options::parse_number;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::matrix::Mat;
use estimators::square_table::{self as square, Statistic};

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("noTABle"),
    OptSpec::flag("CONTrib"),
    OptSpec::flag("EXact"),
    OptSpec::flag("mh"),
    OptSpec::flag("TRend"),
];
const SYNTAX: StandardSyntax =
    StandardSyntax::new(OPTIONS).weights(&[WeightKind::Frequency]).unsupported(&["cc"]);
const IMMEDIATE: StandardSyntax = StandardSyntax::whole(OPTIONS).unsupported(&["cc"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "symmetry",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "symmetry casevar controlvar [if] [in] [fweight] [, notable contrib exact mh trend]",
    notes: "stores r(N_pair) r(chi2 df p) r(chi2_mh df_mh p_mh), with trend r(chi2_t df_t p_t), with exact r(p_exact); [R] symmetry",
    examples: &[Example {
        // (8 - 2)^2/10; for two categories the test of equal margins is the same
        run: "input a b n\n1 1 5\n1 2 8\n2 1 2\n2 2 5\nend\nsymmetry a b [fweight=n], exact",
        expect: &[("r(chi2)", 3.6), ("r(chi2_mh)", 3.6), ("r(p_exact)", 112.0 / 1024.0), ("r(N_pair)", 20.0)],
    }],
};

pub(super) const SPEC_IMMEDIATE: CommandSpec = CommandSpec {
    name: "symmi",
    min: 5,
    form: Form::Standard(&IMMEDIATE),
    by: ByRule::No,
    run: run_immediate,
    syntax: "symmi #11 #12 [...] \\ #21 #22 [...] [\\ ...] [, notable contrib exact mh trend]",
    notes: "rows are separated by \\; as symmetry",
    examples: &[Example {
        run: "symmi 47 56 38 \\ 28 61 31 \\ 26 47 10",
        // by hand: 28^2/84 + 12^2/64 + 16^2/78
        expect: &[("r(chi2)", 784.0 / 84.0 + 144.0 / 64.0 + 256.0 / 78.0), ("r(df)", 3.0)],
    }],
};

/// A table with the names of its variables and categories.
struct Square {
    table: Mat,
    labels: Vec<String>,
    /// Numbers of the categories, for the trend.
    scores: Vec<f64>,
    names: [String; 2],
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    let [case, control] = variables[..] else {
        return Err(StataError::standard(if variables.len() < 2 { 102 } else { 103 }));
    };
    if s.frame.var(case).is_string() || s.frame.var(control).is_string() {
        return Err(StataError::type_mismatch());
    }
    let sample = Sample::read(s, cmd, &variables)?;
    let value = |v: usize, row: usize| s.frame.num_at(v, row);
    let mut scores: Vec<f64> =
        sample.rows.iter().flat_map(|&r| [value(case, r), value(control, r)]).collect();
    scores.sort_by(f64::total_cmp);
    scores.dedup();
    let mut table = Mat::zeros(scores.len(), scores.len());
    let at = |x: f64| scores.partition_point(|v| *v < x);
    for (i, &row) in sample.rows.iter().enumerate() {
        table[(at(value(case, row)), at(value(control, row)))] += sample.weights[i];
    }
    let var = s.frame.var(case);
    let labels = scores
        .iter()
        .map(|x| {
            let named = s.frame.labels_of(case).and_then(|l| l.get(*x));
            named.map_or_else(|| format::bare(&var.format, *x), str::to_string)
        })
        .collect();
    let names = [case, control].map(|v| s.frame.var(v).name.clone());
    finish(s, cmd, &Square { table, labels, scores, names })
}

fn run_immediate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let rows: Vec<Vec<f64>> = cmd
        .list
        .split('\\')
        .map(|row| row.split_whitespace().map(|w| parse_number(w).ok_or_else(StataError::syntax)).collect())
        .collect::<Result<_>>()?;
    let k = rows.len();
    if rows.iter().any(|r| r.len() != k) {
        return Err(StataError::new(198, "table must be square"));
    }
    let cells: Vec<f64> = rows.into_iter().flatten().collect();
    if cells.iter().any(|x| *x < 0.0 || x.fract() != 0.0 || *x >= MISSING) {
        return Err(StataError::invalid("invalid number: counts must be nonnegative integers"));
    }
    let scores: Vec<f64> = (1..=k).map(|i| i as f64).collect();
    let labels = (1..=k).map(|i| i.to_string()).collect();
    let names = ["row".to_string(), "col".to_string()];
    finish(s, cmd, &Square { table: Mat::from_rows(k, k, cells), labels, scores, names })
}

fn finish(s: &mut Session, cmd: &ParsedCommand, found: &Square) -> Result<()> {
    let table = &found.table;
    if table.rows() < 2 {
        return Err(StataError::new(198, "at least two categories required"));
    }
    let n: f64 = table.data().iter().sum();
    if n == 0.0 {
        return Err(StataError::no_observations());
    }
    if !cmd.has("notable") {
        show_table(s, found);
    }
    if cmd.has("contrib") {
        show_contributions(s, found);
    }
    let (bowker, margins) = (square::symmetry(table), square::stuart_maxwell(table));
    let mut r = Results::default();
    let mut keep = |suffix: &str, x: Statistic| {
        r.scalar(&format!("chi2{suffix}"), stata(x.chi2)).scalar(&format!("df{suffix}"), x.df);
        r.scalar(&format!("p{suffix}"), stata(x.p()));
    };
    keep("", bowker);
    keep("_mh", margins);
    let mut lines =
        vec![("Symmetry (asymptotic)", bowker), ("Marginal homogeneity (Stuart–Maxwell)", margins)];
    if cmd.has("mh") {
        lines.push(("Marginal homogeneity (Bickenboller)", square::bickeboller(table)));
        lines.push(("Marginal homogeneity (no diagonals)", square::without_diagonal(table)));
    }
    if cmd.has("trend") {
        let trend = square::trend(table, &found.scores);
        keep("_t", trend);
        lines.push(("Linear trend in the (log) RR", trend));
    }
    r.scalar("N_pair", n);
    show_tests(s, &lines);
    if cmd.has("exact") {
        let p = square::exact(table).ok_or_else(|| {
            StataError::unsupported_option("symmetry", "exact for a table with this many pairs")
        })?;
        s.print(format!("{:<38} |{:>34}", "Symmetry (exact significance prob)", format::bare("%6.4f", p)));
        s.print("-".repeat(73));
        r.scalar("p_exact", p);
    }
    s.r = r;
    Ok(())
}

fn show_table(s: &mut Session, found: &Square) {
    let k = found.table.rows();
    let width = 10 * (k + 1) + 1;
    let cell = |text: &str| format::right(&format::abbrev(text, 9), 10);
    let number = |x: f64| format::right(&format::bare("%9.0g", x), 10);
    s.print("");
    s.print("-".repeat(11 + width + 1));
    s.print(format!("{:10} |{:^width$}", "", found.names[1]).trim_end());
    let heads: String = found.labels.iter().map(|l| cell(l)).collect();
    s.print(format!("{} |{heads}{}", cell(&found.names[0]), cell("Total")));
    s.print(format!("{}+{}", "-".repeat(11), "-".repeat(width)));
    for i in 0..k {
        let row = found.table.row(i);
        let text: String = row.iter().map(|x| number(*x)).collect();
        s.print(format!("{} |{text}{}", cell(&found.labels[i]), number(row.iter().sum())));
    }
    let columns: Vec<f64> = (0..k).map(|j| (0..k).map(|i| found.table[(i, j)]).sum()).collect();
    let text: String = columns.iter().map(|x| number(*x)).collect();
    s.print(format!("{:10} |", ""));
    s.print(format!("{} |{text}{}", cell("Total"), number(columns.iter().sum())));
    s.print("-".repeat(11 + width + 1));
}

fn show_contributions(s: &mut Session, found: &Square) {
    s.print("");
    s.print("                   Contribution");
    s.print("                   to symmetry");
    s.print("         Cells     chi-squared");
    s.print("       -------     ------------");
    for (i, j, share) in square::contributions(&found.table) {
        let cells = format!("n{}_{} & n{}_{}", i + 1, j + 1, j + 1, i + 1);
        s.print(format!("{cells:>14}     {}", format::bare("%9.4f", share)));
    }
}

fn show_tests(s: &mut Session, lines: &[(&str, Statistic)]) {
    s.print("");
    s.print(format!("{:38}  {:>12}{:>8}{:>14}", "", "chi2", "df", "Prob>chi2"));
    s.print(format!("{}+{}", "-".repeat(39), "-".repeat(33)));
    for (name, x) in lines {
        s.print(format!(
            "{name:<38} |{:>11}{:>8}{:>14}",
            format::bare("%8.2f", stata(x.chi2)).trim(),
            x.df,
            format::bare("%6.4f", stata(x.p()))
        ));
    }
    s.print("-".repeat(73));
}
