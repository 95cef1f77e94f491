//! `ktau`: Kendall's rank correlations. Formulas: [R] spearman, Methods and formulas; numbers: `estimators::kendall`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::correlate::{Data, adjusted, print_triangle};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::kendall::kendall;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("STats"),
    OptSpec::flag("PW"),
    OptSpec::real("Print"),
    OptSpec::real("STar"),
    OptSpec::flag("Bonferroni"),
    OptSpec::flag("SIDak"),
    OptSpec::flag("MATrix"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ktau",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ktau [varlist] [if] [in] [, stats(taua taub score se obs p) pw print(#) star(#) bonferroni sidak matrix]",
    notes: "stores r(N) r(tau_a) r(tau_b) r(score) r(se_score) r(p) of the last pair, r(Nobs) r(Tau_a) r(Tau_b) r(Score) r(Se_Score) r(P); normal p-value with the correction for continuity; [R] spearman",
    examples: &[Example {
        // One swap of neighbours among five: nine concordant pairs and one discordant; variance 5*4*15/18.
        run: "set obs 5\ngen x = _n\ngen y = cond(_n==4, 5, cond(_n==5, 4, _n))\nktau x y",
        expect: &[("r(tau_a)", 0.8), ("r(score)", 8.0), ("r(se_score)^2", 50.0 / 3.0)],
    }],
};

/// Names of the statistics in `stats()`, of the matrices in `r()` and of the scalars.
const STATISTICS: [(&str, &str, &str); 6] = [
    ("taua", "Tau_a", "tau_a"),
    ("taub", "Tau_b", "tau_b"),
    ("score", "Score", "score"),
    ("se", "Se_Score", "se_score"),
    ("p", "P", "p"),
    ("obs", "Nobs", "N"),
];

/// The statistics of one pair in the order of [`STATISTICS`], over rows where both variables are known.
fn pair(a: &[f64], b: &[f64]) -> [f64; 6] {
    let both = |(x, y): &(&f64, &f64)| !is_missing(**x) && !is_missing(**y);
    let (x, y): (Vec<f64>, Vec<f64>) = a.iter().zip(b).filter(both).map(|(x, y)| (*x, *y)).unzip();
    if x.len() < 2 {
        return [MISSING, MISSING, MISSING, MISSING, MISSING, x.len() as f64];
    }
    let k = kendall(&x, &y);
    let known = |v: f64| if v.is_finite() { v } else { MISSING };
    let p = if k.se > 0.0 { k.p() } else { MISSING };
    [known(k.tau_a), known(k.tau_b), k.score, known(k.se), known(p), x.len() as f64]
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let shown = statistics(cmd)?;
    let data = Data::read(session, cmd, !cmd.has("pw"))?;
    let size = data.names.len();
    if size < 2 {
        return Err(StataError::standard(102));
    }
    let stripe: Vec<Stripe> = data.names.iter().map(|n| Stripe::term(n.clone())).collect();
    let mut tables: Vec<Matrix> =
        STATISTICS.iter().map(|_| Matrix::square(vec![MISSING; size * size], stripe.clone())).collect();
    let pairs = (size * (size - 1) / 2) as f64;
    for i in 0..size {
        for j in 0..=i {
            let mut found = pair(&data.columns[i], &data.columns[j]);
            found[4] = if i == j { MISSING } else { adjusted(found[4], pairs, cmd) };
            for (table, value) in tables.iter_mut().zip(found) {
                table.set(i, j, value);
                table.set(j, i, value);
            }
        }
    }
    session.print("");
    if size == 2 && !cmd.has("matrix") {
        show_pair(session, &data.names, &tables);
    } else {
        show_matrix(session, cmd, &data.names, &tables, &shown);
    }
    let mut results = Results::default();
    for ((_, matrix, scalar), table) in STATISTICS.iter().zip(tables) {
        results.scalar(scalar, table.get(size - 1, size - 2));
        results.matrix(matrix, table);
    }
    session.r = results;
    Ok(())
}

/// Positions of the statistics of `stats()`; tau-a by default.
fn statistics(cmd: &ParsedCommand) -> Result<Vec<usize>> {
    cmd.options
        .text("stats")
        .unwrap_or("taua")
        .split_whitespace()
        .map(|word| {
            STATISTICS
                .iter()
                .position(|s| s.0 == word)
                .ok_or_else(|| StataError::invalid(format!("stats({word}) invalid")))
        })
        .collect()
}

fn show_pair(session: &mut Session, names: &[String], tables: &[Matrix]) {
    let value = |i: usize| tables[i].get(1, 0);
    session.print(format!("  Number of obs = {}", format::right(&format::bare("%7.0fc", value(5)), 7)));
    for (label, i) in [("Kendall's tau-a", 0), ("Kendall's tau-b", 1)] {
        session.print(format!("{label} = {}", format::right(&format::bare("%12.4f", value(i)), 12)));
    }
    session.print(format!("Kendall's score = {}", format::right(&format::bare("%7.0f", value(2)), 7)));
    let tied = [0, 1].iter().any(|i| (tables[1].get(*i, *i) - tables[0].get(*i, *i)).abs() > 0.0);
    let note = if tied { "   (corrected for ties)" } else { "" };
    session
        .print(format!("    SE of score = {}{note}", format::right(&format::bare("%11.3f", value(3)), 11)));
    session.print("");
    session.print(format!("Test of H0: {} and {} are independent", names[0], names[1]));
    session.print(format!("     Prob > |z| = {}  (continuity corrected)", format::bare("%12.4f", value(4))));
}

fn show_matrix(
    session: &mut Session,
    cmd: &ParsedCommand,
    names: &[String],
    tables: &[Matrix],
    shown: &[usize],
) {
    let (print, star) = (cmd.options.real("print"), cmd.options.real("star"));
    // Limits above one are percentages.
    let share = |limit: f64| if limit >= 1.0 { limit / 100.0 } else { limit };
    print_triangle(session, names, "%9.4f", |i, j| {
        let p = tables[4].get(i, j);
        let within = |limit: f64| !is_missing(p) && p <= share(limit);
        let hidden = i != j && print.is_some_and(|limit| !within(limit));
        let mark = if i != j && star.is_some_and(within) { '*' } else { ' ' };
        shown
            .iter()
            .enumerate()
            .map(|(line, k)| {
                let value = if hidden { MISSING } else { tables[*k].get(i, j) };
                (value, if line == 0 { mark } else { ' ' })
            })
            .collect()
    });
}
