//! `correlate`, `pwcorr` and `spearman`: correlations of variables.
//!
//! Stores in `r()`: `correlate` N rho cov_12 Var_1 Var_2 C; `pwcorr` N rho C sig Nobs; `spearman` N rho p Rho P Nobs.
//! Formulas: [R] correlate, [R] spearman.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::{MISSING, clean, is_missing};
use estimators::means::{correlation_p, ranks};
use estimators::panel::correlation;
use estimators::weights::Weights;

const CORRELATE: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Means"),
    OptSpec::flag("Covariance"),
    OptSpec::flag("noFormat"),
    OptSpec::flag("Wrap"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency]);

/// The command `correlate`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "correlate",
    min: 3,
    form: Form::Standard(&CORRELATE),
    by: ByRule::EachGroup,
    run: run_correlate,
    syntax: "correlate [varlist] [if] [in] [weight] [, means covariance]",
    notes: "stores r(N) r(rho) r(C); formulas: [R] correlate",
    examples: &[Example {
        run: "set obs 4\ngen x = _n\ngen y = x^2\ncorrelate x y",
        // 25 / sqrt(5 * 129).
        expect: &[("r(rho)", 0.984_374_038_697_697_9), ("r(N)", 4.0)],
    }],
};

const PWCORR: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Obs"),
    OptSpec::flag("SIG"),
    OptSpec::flag("LISTwise"),
    OptSpec::flag("CASEwise"),
    OptSpec::real("Print"),
    OptSpec::real("STar"),
    OptSpec::flag("Bonferroni"),
    OptSpec::flag("SIDak"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency]);

/// The command `pwcorr`.
pub(super) const SPEC_PWCORR: CommandSpec = CommandSpec {
    name: "pwcorr",
    min: 6,
    form: Form::Standard(&PWCORR),
    by: ByRule::EachGroup,
    run: run_pwcorr,
    syntax: "pwcorr [varlist] [if] [in] [weight] [, obs sig listwise print(#) star(#) bonferroni sidak]",
    notes: "stores r(N) r(rho) r(C) r(sig) r(Nobs); formulas: [R] correlate",
    examples: &[Example {
        // Sums of squares 2 and 14/3, of products 3, in the three pairs.
        run: "input x y\n1 1\n2 2\n3 4\n9 .\nend\npwcorr x y",
        expect: &[("r(rho)^2", 27.0 / 28.0)],
    }],
};

const SPEARMAN: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("STats"),
    OptSpec::flag("PW"),
    OptSpec::real("Print"),
    OptSpec::real("STar"),
    OptSpec::flag("Bonferroni"),
    OptSpec::flag("SIDak"),
    OptSpec::flag("MATrix"),
]);

/// The command `spearman`.
pub(super) const SPEC_SPEARMAN: CommandSpec = CommandSpec {
    name: "spearman",
    min: 8,
    form: Form::Standard(&SPEARMAN),
    by: ByRule::EachGroup,
    run: run_spearman,
    syntax: "spearman varlist [if] [in] [, stats(rho obs p) pw print(#) star(#) bonferroni sidak matrix]",
    notes: "stores r(N) r(rho) r(p) r(Rho) r(P) r(Nobs); formulas: [R] spearman",
    examples: &[Example {
        run: "set obs 5\ngen x = _n\ngen y = cond(_n==4, 5, cond(_n==5, 4, _n))\nspearman x y",
        // One swap of neighbours: 1 - 6*2/(5*24).
        expect: &[("r(rho)", 0.9), ("r(N)", 5.0)],
    }],
};

/// Names and values of the listed variables in the selected rows.
pub(super) struct Data {
    /// Names of the variables.
    pub(super) names: Vec<String>,
    /// Values, one column for each variable.
    pub(super) columns: Vec<Vec<f64>>,
    /// Weights of the rows.
    pub(super) weights: Option<(Vec<f64>, WeightKind)>,
}

impl Data {
    /// Reads variables; `listwise` leaves out rows with any missing value.
    pub(super) fn read(session: &Session, cmd: &ParsedCommand, listwise: bool) -> Result<Self> {
        let variables = if cmd.list.trim().is_empty() {
            (0..session.frame.n_vars()).filter(|v| !session.frame.var(*v).is_string()).collect()
        } else {
            session.varlist(&cmd.list)?
        };
        // complete rows: a text variable leaves none
        if !listwise && variables.iter().any(|v| session.frame.var(*v).is_string()) {
            return Err(StataError::type_mismatch());
        }
        let mut touse = session.rows(cmd)?;
        let found = session.weights(cmd, WeightKind::Analytic, &mut touse)?;
        if listwise {
            session.markout(&variables, &mut touse, false)?;
        }
        let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
        if rows.is_empty() {
            return Err(StataError::no_observations());
        }
        let pick = |v: &usize| rows.iter().map(|r| session.frame.num_at(*v, *r)).collect();
        Ok(Self {
            names: variables.iter().map(|v| session.frame.var(*v).name.clone()).collect(),
            columns: variables.iter().map(pick).collect(),
            weights: found.map(|w| {
                let kind = w.kind;
                (rows.iter().map(|r| w.values[*r]).collect(), kind)
            }),
        })
    }

    /// Correlation and number of observations of two variables over rows where both are known.
    fn pair(&self, i: usize, j: usize, ranked: bool) -> (f64, f64) {
        let both: Vec<usize> = (0..self.columns[i].len())
            .filter(|r| !is_missing(self.columns[i][*r]) && !is_missing(self.columns[j][*r]))
            .collect();
        let pick = |k: usize| -> Vec<f64> { both.iter().map(|r| self.columns[k][*r]).collect() };
        let (a, b) = if ranked { (ranks(&pick(i)), ranks(&pick(j))) } else { (pick(i), pick(j)) };
        let weights = self
            .weights
            .as_ref()
            .map(|(w, kind)| Weights { kind: *kind, values: both.iter().map(|r| w[*r]).collect() });
        let effective = weights.as_ref().map(Weights::effective);
        let n = effective.as_ref().map_or(both.len() as f64, |(_, n)| *n);
        if both.len() < 2 {
            return (MISSING, n);
        }
        let r = if i == j && !constant(&a) {
            1.0
        } else {
            correlation(&a, &b, effective.as_ref().map(|(w, _)| w.as_slice()))
        };
        (clean(r), n)
    }

    /// Symmetric matrices of correlations, p-values and counts.
    fn tables(&self, ranked: bool) -> [Matrix; 3] {
        let k = self.columns.len();
        let stripe: Vec<Stripe> = self.names.iter().map(|n| Stripe::term(n.clone())).collect();
        let empty = || Matrix::square(vec![MISSING; k * k], stripe.clone());
        let (mut r, mut p, mut n) = (empty(), empty(), empty());
        for i in 0..k {
            for j in 0..=i {
                let (rho, count) = self.pair(i, j, ranked);
                let significance =
                    if i == j || is_missing(rho) { MISSING } else { clean(correlation_p(rho, count)) };
                for (a, b) in [(i, j), (j, i)] {
                    r.set(a, b, rho);
                    p.set(a, b, significance);
                    n.set(a, b, count);
                }
            }
        }
        [r, p, n]
    }
}

fn constant(values: &[f64]) -> bool {
    values.windows(2).all(|w| w[0] == w[1])
}

fn run_correlate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let data = Data::read(session, cmd, true)?;
    let [mut table, _, counts] = data.tables(false);
    let covariance = cmd.has("covariance");
    let spreads: Vec<f64> = data.columns.iter().map(|c| spread(c, &data.weights)).collect();
    let rho = if data.columns.len() > 1 { table.get(0, 1) } else { table.get(0, 0) };
    if covariance {
        for i in 0..table.rows() {
            for j in 0..table.cols() {
                let r = if i == j { 1.0 } else { table.get(i, j) };
                table.set(i, j, clean(r * spreads[i] * spreads[j]));
            }
        }
    }
    let n = counts.get(0, 0);
    if cmd.has("means") {
        session.print("");
        session.print("    Variable |        Mean   Std. dev.         Min         Max");
        session.print(format!("-------------+{}", "-".repeat(48)));
        for ((name, column), sd) in data.names.iter().zip(&data.columns).zip(&spreads) {
            let mean = estimators::qr::weighted_mean(column, data.weights.as_ref().map(|w| w.0.as_slice()));
            let low = column.iter().copied().fold(f64::INFINITY, f64::min);
            let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let cells: String = [mean, *sd, low, high]
                .iter()
                .map(|x| format::right(&format::bare("%9.0g", clean(*x)), 12))
                .collect();
            session.print(format!("{:>12} |{cells}", format::abbrev(name, 12)));
        }
        session.print("");
    }
    session.print(format!("(obs={})", format::bare("%12.0fc", n)));
    session.print("");
    print_triangle(session, &data.names, if covariance { "%8.0g" } else { "%9.4f" }, |i, j| {
        vec![(table.get(i, j), ' ')]
    });
    let mut results = Results::default();
    results.scalar("N", n);
    if covariance {
        results.scalar("Var_1", table.get(0, 0));
        if data.columns.len() > 1 {
            results.scalar("cov_12", table.get(0, 1)).scalar("Var_2", table.get(1, 1));
        }
    }
    let weight = data.weights.as_ref().map_or(n, |(w, _)| w.iter().sum());
    results.scalar("rho", rho).scalar("sum_w", weight);
    results.matrix("C", table);
    session.r = results;
    Ok(())
}

/// Standard deviation with the weights' divisor.
fn spread(values: &[f64], weights: &Option<(Vec<f64>, WeightKind)>) -> f64 {
    let owned = weights.as_ref().map(|(w, kind)| Weights { kind: *kind, values: w.clone() });
    let effective = owned.as_ref().map(Weights::effective);
    let n = effective.as_ref().map_or(values.len() as f64, |(_, n)| *n);
    let w = effective.as_ref().map(|(w, _)| w.as_slice());
    (estimators::ols::total_squares(values, w, true) / (n - 1.0)).sqrt()
}

/// Prints a lower triangle with several lines per cell, seven columns at a time.
pub(super) fn print_triangle(
    session: &mut Session,
    names: &[String],
    fmt: &str,
    cell: impl Fn(usize, usize) -> Vec<(f64, char)>,
) {
    for start in (0..names.len()).step_by(7) {
        let end = (start + 7).min(names.len());
        let head: String = names[start..end].iter().map(|n| format!("{:>9}", format::abbrev(n, 8))).collect();
        session.print(format!("{:>12} |{head}", ""));
        session.print(format!("-------------+{}", "-".repeat(9 * (end - start))));
        for (i, name) in names.iter().enumerate().skip(start) {
            let cells: Vec<Vec<(f64, char)>> = (start..end.min(i + 1)).map(|j| cell(i, j)).collect();
            let lines = cells.iter().map(Vec::len).max().unwrap_or(0);
            for line in 0..lines {
                let text: String = cells
                    .iter()
                    .map(|c| match c.get(line) {
                        Some((x, mark)) if !is_missing(*x) => {
                            let fmt = if line == 0 || x.fract() != 0.0 || *x < 2.0 { fmt } else { "%9.0f" };
                            format!("{}{mark}", format::right(&format::bare(fmt, *x), 8))
                        }
                        Some((_, _)) if line == 0 => format!("{:>8} ", "."),
                        _ => " ".repeat(9),
                    })
                    .collect();
                let label = if line == 0 { format::abbrev(name, 12) } else { String::new() };
                session.print(format!("{label:>12} | {text}").trim_end());
            }
            if lines > 1 {
                session.print("             |");
            }
        }
        session.print("");
    }
}

/// Multiplies a p-value for the number of pairs.
pub(super) fn adjusted(p: f64, pairs: f64, cmd: &ParsedCommand) -> f64 {
    if is_missing(p) {
        p
    } else if cmd.has("bonferroni") {
        (p * pairs).min(1.0)
    } else if cmd.has("sidak") {
        (1.0 - (1.0 - p).powf(pairs)).min(1.0)
    } else {
        p
    }
}

fn run_pwcorr(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let data = Data::read(session, cmd, cmd.has("listwise") || cmd.has("casewise"))?;
    let [table, sig, counts] = data.tables(false);
    let k = data.names.len() as f64;
    let sig = sig.map(|p| adjusted(p, k * (k - 1.0) / 2.0, cmd));
    session.print("");
    show_pairs(
        session,
        cmd,
        &data.names,
        &table,
        cmd.has("sig").then_some(&sig),
        cmd.has("obs").then_some(&counts),
        &sig,
    );
    let last = data.names.len().saturating_sub(1);
    let mut results = Results::default();
    results
        .scalar("N", counts.get(last, last.saturating_sub(1)))
        .scalar("rho", table.get(last, last.saturating_sub(1)));
    results.matrix("C", table).matrix("sig", sig).matrix("Nobs", counts);
    session.r = results;
    Ok(())
}

fn show_pairs(
    session: &mut Session,
    cmd: &ParsedCommand,
    names: &[String],
    table: &Matrix,
    sig: Option<&Matrix>,
    counts: Option<&Matrix>,
    p: &Matrix,
) {
    let (print, star) = (cmd.options.real("print"), cmd.options.real("star"));
    // Limits above one are percentages.
    let share = |limit: f64| if limit >= 1.0 { limit / 100.0 } else { limit };
    print_triangle(session, names, "%9.4f", |i, j| {
        let hidden =
            i != j && print.is_some_and(|limit| is_missing(p.get(i, j)) || p.get(i, j) > share(limit));
        let starred = i != j && star.is_some_and(|limit| p.get(i, j) <= share(limit));
        let mut lines =
            vec![(if hidden { MISSING } else { table.get(i, j) }, if starred { '*' } else { ' ' })];
        if let Some(sig) = sig {
            lines.push((if hidden { MISSING } else { sig.get(i, j) }, ' '));
        }
        if let Some(counts) = counts {
            lines.push((counts.get(i, j), ' '));
        }
        lines
    });
}

fn run_spearman(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let data = Data::read(session, cmd, !cmd.has("pw"))?;
    if data.names.len() < 2 {
        return Err(StataError::standard(102));
    }
    let [table, sig, counts] = data.tables(true);
    let k = data.names.len() as f64;
    let sig = sig.map(|p| adjusted(p, k * (k - 1.0) / 2.0, cmd));
    let last = data.names.len() - 1;
    let (rho, p, n) = (table.get(last, last - 1), sig.get(last, last - 1), counts.get(last, last - 1));
    session.print("");
    if data.names.len() == 2 && !cmd.has("matrix") {
        session.print(format!("Number of observations = {}", format::number("%6.0fc", n)));
        session.print(format!("        Spearman's rho = {}", format::number("%6.4f", rho)));
        session.print("");
        session.print(format!("Test of H0: {} and {} are independent", data.names[0], data.names[1]));
        session.print(format!("    Prob > |t| = {}", format::number("%10.4f", p)));
    } else {
        let stats = cmd.options.text("stats").unwrap_or("rho").to_string();
        let shown = |name: &str| stats.split_whitespace().any(|s| s == name);
        show_pairs(
            session,
            cmd,
            &data.names,
            &table,
            shown("p").then_some(&sig),
            shown("obs").then_some(&counts),
            &sig,
        );
    }
    let mut results = Results::default();
    results.scalar("N", n).scalar("rho", rho).scalar("p", p);
    results.matrix("Nobs", counts).matrix("Rho", table).matrix("P", sig);
    session.r = results;
    Ok(())
}
