//! `polychoric`: correlations of the normal variables behind ordered ones (Kolenikov and Angeles 2004). Written from the help
//! file; numbers: `estimators::polychoric`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::groups::grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;
use estimators::polychoric::{Correlation, polychoric, polyserial};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("PW"),
    OptSpec::int("NCAT"),
    OptSpec::flag("noLOG"),
    OptSpec::flag("NOInfo"),
])
.weights(&[WeightKind::Frequency, WeightKind::Probability, WeightKind::Importance])
.unsupported(&["VERBose", "DOTS", "ITERate", "SEARch"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "polychoric",
    min: 10,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "polychoric varlist [if] [in] [fweight pweight iweight] [, pw ncat(#) nolog]",
    notes: "variables with at most ncat() values (10) are ordered categories, the others are continuous: polychoric, polyserial and Pearson correlations, by two steps; standardised by the standard deviation with n - 1; stores r(R) and, of the last pair, r(rho) r(se_rho) r(N) r(LR0) r(pLR0) r(type) r(sum_w); Olsson (1979)",
    examples: &[Example {
        // cut at the medians P(both below) is 1/4 + asin(rho)/(2 pi): 1/3 at rho = 1/2
        run: "input a b n\n0 0 40\n0 1 20\n1 0 20\n1 1 40\nend\npolychoric a b [fw=n]\nmatrix R = r(R)",
        expect: &[("r(rho)", 0.5), ("R[2,1]", 0.5), ("r(N)", 120.0)],
    }],
};

/// A variable of the list.
struct Column {
    values: Vec<f64>,
    ordered: bool,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    if vars.len() < 2 {
        return Err(StataError::standard(102));
    }
    let mut keep = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut keep)?;
    if !cmd.has("pw") {
        s.markout(&vars, &mut keep, false)?;
    }
    let most = cmd.options.int("ncat").unwrap_or(10).max(1) as usize;
    let rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r]).collect();
    let mut columns = Vec::new();
    for v in &vars {
        let present = rows.iter().copied().filter(|r| !is_missing(s.frame.num_at(*v, *r))).collect();
        let levels = grouped(s, &[*v], present).len();
        if levels < 2 {
            let name = &s.frame.var(*v).name;
            return Err(StataError::new(2000, format!("{name} does not vary")));
        }
        columns.push(Column { values: s.frame.numeric(*v)?.to_vec(), ordered: levels <= most });
    }
    let weight = |r: usize| weights.as_ref().map_or(1.0, |w| w.values[r]);
    let k = vars.len();
    let mut table = vec![1.0; k * k];
    let mut results = Results::default();
    for i in 0..k {
        for j in i + 1..k {
            let used: Vec<usize> = rows
                .iter()
                .copied()
                .filter(|r| !is_missing(columns[i].values[*r]) && !is_missing(columns[j].values[*r]))
                .collect();
            let w: Vec<f64> = used.iter().map(|r| weight(*r)).collect();
            let (found, kind) = pair(&columns[i], &columns[j], &used, &w);
            (table[i * k + j], table[j * k + i]) = (found.rho, found.rho);
            let sum: f64 = w.iter().sum();
            let frequency = weights.as_ref().is_some_and(|w| w.kind == WeightKind::Frequency);
            let finite = |x: f64| if x.is_finite() { x } else { MISSING };
            let lr = 2.0 * (found.ll - found.ll_0);
            results.scalar("rho", finite(found.rho)).scalar("se_rho", finite(found.se));
            results.scalar("N", if frequency { sum } else { used.len() as f64 }).scalar("sum_w", sum);
            results
                .scalar("LR0", finite(lr))
                .scalar("pLR0", finite(estimators::distributions::chi2_tail(1.0, lr)));
            results.text("type", kind);
        }
    }
    let names: Vec<Stripe> = vars.iter().map(|v| Stripe::term(s.frame.var(*v).name.as_str())).collect();
    show(s, &names, &table);
    results.matrix("R", Matrix::square(table, names));
    s.r = results;
    Ok(())
}

/// Values numbered from zero in their order.
fn numbered(values: &[f64]) -> (Vec<usize>, usize) {
    let mut levels = values.to_vec();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    (values.iter().map(|x| levels.partition_point(|l| l < x)).collect(), levels.len())
}

fn pair(a: &Column, b: &Column, rows: &[usize], w: &[f64]) -> (Correlation, &'static str) {
    let of = |c: &Column| -> Vec<f64> { rows.iter().map(|r| c.values[*r]).collect() };
    let (x, y) = (of(a), of(b));
    let standard = |x: &[f64]| -> Vec<f64> {
        let sample = Sample::new(
            x.iter().copied().zip(w.iter().copied()),
            Some(estimators::weights::WeightKind::Analytic),
        );
        let (mean, sd) = (sample.mean(), sample.sd());
        x.iter().map(|x| (x - mean) / sd).collect()
    };
    match (a.ordered, b.ordered) {
        (true, true) => {
            let ((x, p), (y, q)) = (numbered(&x), numbered(&y));
            let mut table = vec![vec![0.0; q]; p];
            x.iter().zip(&y).zip(w).for_each(|((i, j), w)| table[*i][*j] += w);
            (polychoric(&table), "polychoric")
        }
        (false, true) => (polyserial(&standard(&x), &numbered(&y).0, w), "polyserial"),
        (true, false) => (polyserial(&standard(&y), &numbered(&x).0, w), "polyserial"),
        _ => {
            let (x, y) = (standard(&x), standard(&y));
            let sum = |f: &dyn Fn(usize) -> f64| (0..x.len()).map(|i| w[i] * f(i)).sum::<f64>();
            let r = sum(&|i| x[i] * y[i]) / (sum(&|i| x[i] * x[i]) * sum(&|i| y[i] * y[i])).sqrt();
            let n: f64 = w.iter().sum();
            let ll = -0.5 * n * (1.0 - r * r).ln();
            (Correlation { rho: r, se: (1.0 - r * r) / n.sqrt(), ll, ll_0: 0.0 }, "Pearson")
        }
    }
}

fn show(s: &mut Session, names: &[Stripe], table: &[f64]) {
    let k = names.len();
    s.print("");
    s.print("Polychoric correlation matrix");
    s.print("");
    let width = names.iter().map(|n| n.name.chars().count()).max().unwrap_or(8).clamp(8, 12);
    let head: String = names.iter().map(|n| format::right(&format::abbrev(&n.name, 11), 12)).collect();
    s.print(format!("{}{head}", " ".repeat(width)));
    for (i, name) in names.iter().enumerate() {
        let cells: String =
            (0..=i).map(|j| format::right(&format::bare("%10.0g", table[i * k + j]), 12)).collect();
        s.print(format!("{}{cells}", format::right(&format::abbrev(&name.name, width), width)));
    }
}
