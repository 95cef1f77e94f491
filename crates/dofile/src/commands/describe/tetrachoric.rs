//! `tetrachoric`: correlations of the normal variables behind binary ones. Formulas: [R] tetrachoric.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::fisher::exact_two_by_two;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::WeightKind;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::matrix::Mat;
use estimators::tetrachoric::{Correlation, Counts, edwards, maximum_likelihood, without_zero};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("STats"),
    OptSpec::flag("EDWards"),
    OptSpec::real("Print"),
    OptSpec::real("STar"),
    OptSpec::flag("Bonferroni"),
    OptSpec::flag("SIDak"),
    OptSpec::flag("pw"),
    OptSpec::flag("ZEROadjust"),
    OptSpec::flag("MATrix"),
    OptSpec::flag("noTABle"),
    OptSpec::flag("POSdef"),
])
.weights(&[WeightKind::Frequency]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "tetrachoric",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "tetrachoric varlist [if] [in] [fweight] [, stats(rho se obs p) edwards print(#) star(#) bonferroni sidak pw zeroadjust matrix notable posdef]",
    notes: "stores r(rho) r(N) r(se_rho) r(p) of the first pair, r(nneg) with posdef, r(method), r(Rho) r(Se_Rho) r(Nobs) r(P); [R] tetrachoric",
    examples: &[Example {
        // cut at the medians P(both below) is 1/4 + asin(rho)/(2 pi): 1/3 at rho = 1/2
        run: "input a b n\n0 0 40\n0 1 20\n1 0 20\n1 1 40\nend\ntetrachoric a b [fweight=n]",
        expect: &[("r(rho)", 0.5), ("r(N)", 120.0)],
    }],
};

/// What is shown and stored of a pair.
#[derive(Clone, Copy)]
struct Pair {
    rho: f64,
    se: f64,
    n: f64,
    p: f64,
}

const SAME: Pair = Pair { rho: 1.0, se: 0.0, n: 0.0, p: 0.0 };

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    if !cmd.has("pw") {
        s.markout(&variables, &mut touse, false)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    for v in &variables {
        let binary = |r: &usize| matches!(s.frame.num_at(*v, *r), x if x == 0.0 || x == 1.0 || is_missing(x));
        if !rows.iter().all(binary) {
            let name = &s.frame.var(*v).name;
            return Err(StataError::new(198, format!("{name} is not a 0/1 variable")));
        }
    }
    let weight = |r: usize| weights.as_ref().map_or(1.0, |w| w.values[r]);
    let k = variables.len();
    let mut pairs = vec![vec![SAME; k]; k];
    for i in 0..k {
        for j in 0..=i {
            let counts = tabulate(s, (variables[i], variables[j]), &rows, &weight);
            let mut pair = estimate(cmd, counts)?;
            if i == j {
                pair = Pair { n: pair.n, ..SAME };
            }
            (pairs[i][j], pairs[j][i]) = (pair, pair);
        }
    }
    finish(s, cmd, &variables, pairs)
}

fn tabulate(s: &Session, (a, b): (usize, usize), rows: &[usize], weight: &dyn Fn(usize) -> f64) -> Counts {
    let mut counts = [[0.0; 2]; 2];
    for &r in rows {
        let (x, y) = (s.frame.num_at(a, r), s.frame.num_at(b, r));
        if !is_missing(x) && !is_missing(y) {
            counts[usize::from(x == 1.0)][usize::from(y == 1.0)] += weight(r);
        }
    }
    counts
}

fn estimate(cmd: &ParsedCommand, counts: Counts) -> Result<Pair> {
    let used = if cmd.has("zeroadjust") { without_zero(counts) } else { counts };
    let found = if cmd.has("edwards") { edwards(used) } else { maximum_likelihood(used) };
    let Correlation { rho, se } = found.unwrap_or(Correlation { rho: MISSING, se: MISSING });
    let [[n00, n01], [n10, n11]] = counts;
    let p = if found.is_some() { exact_two_by_two([n00, n01, n10, n11])?.0 } else { MISSING };
    Ok(Pair { rho, se, n: counts.iter().flatten().sum(), p })
}

fn finish(
    s: &mut Session,
    cmd: &ParsedCommand,
    variables: &[usize],
    mut pairs: Vec<Vec<Pair>>,
) -> Result<()> {
    let k = variables.len();
    let negative = if cmd.has("posdef") { make_definite(&mut pairs) } else { None };
    let first = if k > 1 { pairs[1][0] } else { pairs[0][0] };
    let tests = (k * (k - 1) / 2) as f64;
    let adjusted = |p: f64| match () {
        () if is_missing(p) => p,
        () if cmd.has("bonferroni") => (p * tests).min(1.0),
        () if cmd.has("sidak") => (1.0 - (1.0 - p).powf(tests)).min(1.0),
        () => p,
    };
    for (i, row) in pairs.iter_mut().enumerate() {
        row.iter_mut().enumerate().filter(|(j, _)| *j != i).for_each(|(_, x)| x.p = adjusted(x.p));
    }
    let names: Vec<String> = variables.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    if !cmd.has("notable") {
        if k == 2 && !cmd.has("matrix") && cmd.options.text("stats").is_none() {
            show_pair(s, &pairs[1][0]);
        } else {
            show_matrix(s, cmd, &names, &pairs)?;
        }
    }
    let stripe: Vec<Stripe> = names.into_iter().map(Stripe::term).collect();
    let matrix = |get: fn(&Pair) -> f64| {
        Matrix::square(pairs.iter().flatten().map(|x| stata(get(x))).collect(), stripe.clone())
    };
    let mut r = Results::default();
    r.scalar("rho", stata(first.rho)).scalar("N", first.n).scalar("se_rho", stata(first.se));
    r.scalar("p", stata(first.p));
    if let Some(count) = negative {
        r.scalar("nneg", count);
    }
    r.text("method", if cmd.has("edwards") { "Edwards" } else { "ml" });
    r.matrix("Rho", matrix(|x| x.rho)).matrix("Nobs", matrix(|x| x.n));
    r.matrix("Se_Rho", matrix(|x| x.se)).matrix("P", matrix(|x| x.p));
    s.r = r;
    Ok(())
}

/// Sets negative eigenvalues of the correlations to zero and restores the ones of the diagonal; returns their number,
/// or nothing when a correlation is missing.
fn make_definite(pairs: &mut [Vec<Pair>]) -> Option<f64> {
    let k = pairs.len();
    if pairs.iter().flatten().any(|x| is_missing(x.rho)) {
        return None;
    }
    let (values, vectors) = Mat::from_fn(k, k, |i, j| pairs[i][j].rho).symmetric_eigen();
    let count = values.iter().filter(|v| **v < 0.0).count();
    if count > 0 {
        let at = |i: usize, j: usize| -> f64 {
            (0..k).map(|m| values[m].max(0.0) * vectors[(i, m)] * vectors[(j, m)]).sum()
        };
        let diagonal: Vec<f64> = (0..k).map(|i| at(i, i).sqrt()).collect();
        for i in 0..k {
            for j in 0..k {
                pairs[i][j].rho = if i == j { 1.0 } else { at(i, j) / (diagonal[i] * diagonal[j]) };
            }
        }
    }
    Some(count as f64)
}

fn show_pair(s: &mut Session, x: &Pair) {
    let four = |v: f64| format::right(&format::bare("%8.4f", stata(v)), 10);
    s.print("");
    s.print(format!("   Number of obs ={}", format::right(&format::bare("%9.0fc", x.n), 10)));
    s.print(format!(" Tetrachoric rho ={}", four(x.rho)));
    s.print(format!("       Std error ={}", four(x.se)));
    s.print("");
    s.print("Test of H0: Variables are independent");
    s.print(format!(" 2-sided exact P ={}", four(x.p)));
}

fn show_matrix(s: &mut Session, cmd: &ParsedCommand, names: &[String], pairs: &[Vec<Pair>]) -> Result<()> {
    let stats: Vec<&str> = cmd.options.text("stats").unwrap_or("rho").split_whitespace().collect();
    if let Some(bad) = stats.iter().find(|x| !matches!(**x, "rho" | "se" | "obs" | "p")) {
        return Err(StataError::invalid(format!("stats({bad}) invalid")));
    }
    let (star, least) = (cmd.options.real("star"), cmd.options.real("print"));
    let cell = |x: &Pair, stat: &str, diagonal: bool| {
        if !diagonal && least.is_some_and(|p| x.p > p) {
            return " ".repeat(9);
        }
        let text = match stat {
            "rho" => format::bare("%7.4f", stata(x.rho)),
            "obs" => format::bare("%7.0f", x.n),
            _ if diagonal => String::new(),
            "se" => format::bare("%7.4f", stata(x.se)),
            _ => format::bare("%7.4f", stata(x.p)),
        };
        let mark = if stat == "rho" && !diagonal && star.is_some_and(|p| x.p <= p) { "*" } else { " " };
        format!("{}{mark}", format::right(&text, 8))
    };
    s.print("");
    for from in (0..names.len()).step_by(7) {
        let to = (from + 7).min(names.len());
        let heads: String = names[from..to].iter().map(|n| format!("{:>9}", format::abbrev(n, 8))).collect();
        s.print(format!("{:12} |{heads}", ""));
        s.print(format!("{}+{}", "-".repeat(13), "-".repeat(9 * (to - from) + 1)));
        for (i, name) in names.iter().enumerate().skip(from) {
            for (line, stat) in stats.iter().enumerate() {
                let label = if line == 0 { format::abbrev(name, 12) } else { String::new() };
                let cells: String =
                    (from..=i.min(to - 1)).map(|j| cell(&pairs[i][j], stat, i == j)).collect();
                s.print(format!("{label:>12} |{cells}").trim_end());
            }
        }
        s.print("");
    }
    Ok(())
}
