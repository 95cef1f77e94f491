//! `twowayfeweights`: weights of treatment effects in regressions with group and period effects. De Chaisemartin and
//! D'Haultfoeuille (2020), American Economic Review 110; SSC S458611. Written from the article and the help file.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::groups::grouped;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::absorb::Absorber;
use estimators::panel::Units;
use estimators::two_way_weights::{Weighted, weigh};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::text("type")]).unsupported(&[
    "CONTROLS",
    "WEIGHT",
    "TEST_RANDOM_WEIGHTS",
    "OTHER_TREATMENTS",
    "PATH",
    "SUMMARY_MEASURES",
    "BREPS",
    "BRCLUSTER",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "twowayfeweights",
    min: 15,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "twowayfeweights depvar groupvar timevar treatvar [if] [in], type(feTR)",
    notes: "cells are groups by periods, the treatment of a cell is its mean; type(feS), type(fdTR) and type(fdS) are refused; stores e(beta), e(lb_se_te): the least standard deviation of effects with mean zero, e(lb_se_te2): that of effects of the opposite sign, missing where no weight is negative, e(N), e(M): numbers and sums of positive and negative weights; de Chaisemartin and D'Haultfoeuille (2020), theorem 1, corollary 1",
    examples: &[Example {
        // Treated from period 3 and from period 2: the residuals of the treated cells are 1/6, 1/3 and -1/6, the weights
        // 1/2, 1 and -1/2, the estimate 2/2 + 4 - 4/2.
        run: "input g t d y\n1 1 0 0\n1 2 0 0\n1 3 1 2\n2 1 0 0\n2 2 1 4\n2 3 1 4\nend\ntwowayfeweights y g t d, type(feTR)\nmatrix M = e(M)",
        expect: &[("e(beta)", 3.0), ("M[1,1]", 2.0), ("M[1,2]", 1.5), ("M[2,2]", -0.5)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    match cmd.options.text("type").map(str::trim) {
        Some("feTR") => {}
        Some(other @ ("feS" | "fdTR" | "fdS")) => {
            return Err(StataError::unsupported_option("twowayfeweights", &format!("type({other})")));
        }
        Some(other) => return Err(StataError::invalid(format!("type({other}) invalid"))),
        None => return Err(StataError::invalid("option type() required")),
    }
    let variables = s.varlist(&cmd.list)?;
    let [y, g, t, d] = variables[..] else {
        return Err(if variables.len() < 4 { StataError::standard(102) } else { StataError::standard(103) });
    };
    let mut touse = s.rows(cmd)?;
    s.markout(&[y, d], &mut touse, false)?;
    s.markout(&[g, t], &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let cells = grouped(s, &[g, t], rows.clone());
    let mean = |v: usize| -> Vec<f64> {
        let of =
            |cell: &Vec<usize>| cell.iter().map(|r| s.frame.num_at(v, *r)).sum::<f64>() / cell.len() as f64;
        cells.iter().map(of).collect()
    };
    let (treatment, outcome) = (mean(d), mean(y));
    let size: Vec<f64> = cells.iter().map(|c| c.len() as f64).collect();
    let sets = [units(s, g, &cells), units(s, t, &cells)];
    let cleaned = Absorber::new(&sets, Some(&size))
        .clean(&[&treatment, &outcome], Some(&size))
        .map_err(|_| StataError::new(430, "the effects could not be removed"))?;
    let centred = |v: &[f64]| -> Vec<f64> {
        let mean = v.iter().zip(&size).map(|(x, n)| x * n).sum::<f64>() / size.iter().sum::<f64>();
        v.iter().map(|x| x - mean).collect()
    };
    let (e, u) = (centred(&cleaned[0]), centred(&cleaned[1]));
    let dot = |a: &[f64], b: &[f64]| (0..a.len()).map(|i| size[i] * a[i] * b[i]).sum::<f64>();
    let beta = dot(&e, &u) / dot(&e, &e);
    let found = weigh(&treatment, &e, &size, beta)
        .filter(|_| beta.is_finite())
        .ok_or_else(|| StataError::new(459, "the treatment has no variation, or negative values"))?;
    let name = s.frame.var(d).name.clone();
    let table = counts(&found);
    show(s, &name, beta, &table, &found);
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.text("cmd", "twowayfeweights").text("type", "feTR").text("depvar", s.frame.var(y).name.as_str());
    r.scalar("N", rows.len() as f64).scalar("beta", beta).scalar("lb_se_te", stata(found.zero_mean));
    r.scalar("lb_se_te2", found.opposite.map_or(MISSING, stata));
    let mut m = Matrix::new(3, 2, table.concat());
    m.row_names = ["Positive_weights", "Negative_weights", "Total"].map(Stripe::term).to_vec();
    m.col_names = ["ATTs", "Sum"].map(Stripe::term).to_vec();
    r.matrix("M", m);
    s.post_estimation(est, touse);
    Ok(())
}

/// Cells by the values of one of their variables.
fn units(s: &Session, v: usize, cells: &[Vec<usize>]) -> Units {
    let firsts: Vec<usize> = cells.iter().map(|c| c[0]).collect();
    let mut of_cell = vec![0u32; cells.len()];
    let place: std::collections::HashMap<usize, usize> =
        firsts.iter().enumerate().map(|(i, row)| (*row, i)).collect();
    for (k, members) in grouped(s, &[v], firsts.clone()).iter().enumerate() {
        members.iter().for_each(|row| of_cell[place[row]] = k as u32);
    }
    Units::new(of_cell)
}

/// Numbers and sums of positive and negative weights, and both together.
fn counts(found: &Weighted) -> [[f64; 2]; 3] {
    let of = |sign: f64| {
        let own = found.weights.iter().filter(|w| **w * sign > 1e-14);
        own.fold([0.0, 0.0], |[n, sum], w| [n + 1.0, sum + w])
    };
    let (above, below) = (of(1.0), of(-1.0));
    [above, below, [above[0] + below[0], above[1] + below[1]]]
}

fn show(s: &mut Session, name: &str, beta: f64, table: &[[f64; 2]; 3], found: &Weighted) {
    let number = |x: f64| format::bare("%9.4f", stata(x));
    let count = |x: f64| format::bare("%9.0g", x);
    s.print("");
    s.print("Under the common trends assumption,");
    s.print(format!(
        "the TWFE coefficient beta, equal to {}, estimates a weighted sum of {} ATTs.",
        number(beta),
        count(table[2][0])
    ));
    s.print(format!(
        "{} ATTs receive a positive weight, and {} receive a negative weight.",
        count(table[0][0]),
        count(table[1][0])
    ));
    s.print("");
    let rule = "-".repeat(48);
    s.print(&rule);
    s.print(format!(
        "{:<24}{:>7}{:>16}",
        format!("Treat. var: {}", format::abbrev(name, 12)),
        "# ATTs",
        "Σ weights"
    ));
    s.print(&rule);
    for (label, row) in ["Positive weights", "Negative weights"].iter().zip(table) {
        s.print(format!("{label:<24}{:>7}{:>16}", count(row[0]), number(row[1])));
    }
    s.print(&rule);
    s.print(format!("{:<24}{:>7}{:>16}", "Total", count(table[2][0]), number(table[2][1])));
    s.print(rule);
    s.print("");
    s.print("Summary Measures:");
    s.print(format!("  TWFE Coefficient (β_fe): {}", number(beta)));
    s.print(format!("  min σ(Δ) compatible with β_fe and Δ_TR = 0: {}", number(found.zero_mean)));
    if let Some(opposite) = found.opposite {
        s.print(format!(
            "  min σ(Δ) compatible with treatment effect of opposite sign than β_fe in all (g,t) cells: {}",
            number(opposite)
        ));
    }
    s.print("  Reference: Corollary 1, de Chaisemartin, C and D'Haultfoeuille, X (2020a)");
}
