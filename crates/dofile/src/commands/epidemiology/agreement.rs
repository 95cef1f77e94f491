//! `kap`: agreement of two raters beyond chance ([R] kappa).

use super::kapwgt::AgreementWeights;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::epitab::Sample;
use crate::ops::run::shown;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind, top_level_comma};
use estimators::distributions::normal_tail;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("Tab"), OptSpec::text("Wgt"), OptSpec::flag("Absolute")])
        .weights(&[WeightKind::Frequency]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "kap",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "kap varname1 varname2 [varname3 ...] [if] [in] [fweight] [, wgt(w|w2|name) absolute tab]",
    notes: "two raters: weights w and w2 by the rank of the rating (by its value with absolute), or those of kapwgt; standard error for the test of kappa 0; more than two raters who need not be the same for all subjects: as kappa; stores r(N) r(prop_o) r(prop_e) r(kappa) r(se) r(z); [R] kappa",
    examples: &[Example {
        run: "set obs 4\ngenerate a = cond(_n <= 2, 1, 2)\ngenerate b = cond(_n == 1 | _n == 4, a, 3 - a)\ngenerate n = cond(_n == 1, 20, cond(_n == 2, 5, cond(_n == 3, 10, 15)))\nkap a b [fweight = n]",
        // 35 of 50 agree, 25 by chance.
        expect: &[("r(prop_o)", 0.7), ("r(prop_e)", 0.5), ("r(kappa)", 0.4)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    match variables.len() {
        0 | 1 => return Err(StataError::standard(102)),
        2 => {}
        _ => return super::kappa::several(s, cmd, &variables),
    }
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    if cmd.has("tab") {
        // The table of the two ratings comes first, as tabulate shows it.
        let front = top_level_comma(&cmd.raw).map_or(cmd.raw.as_str(), |at| &cmd.raw[..at]);
        shown(s, &format!("tabulate {front}"))?;
    }
    let sample = Sample::read(s, cmd, &variables)?;
    let rating =
        |k: usize| -> Vec<f64> { sample.rows.iter().map(|&r| s.frame.num_at(variables[k], r)).collect() };
    let (first, second) = (rating(0), rating(1));
    let mut levels: Vec<f64> = first.iter().chain(&second).copied().collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let k = levels.len();
    if k < 2 {
        return Err(StataError::new(459, "ratings do not vary"));
    }
    let at = |x: f64| levels.partition_point(|l| *l < x);
    let n: f64 = sample.weights.iter().sum();
    let mut p = vec![0.0; k * k];
    for i in 0..first.len() {
        p[at(first[i]) * k + at(second[i])] += sample.weights[i] / n;
    }
    let (power, own) = match cmd.options.text("wgt").map(str::trim) {
        None => (None, None),
        Some("w") => (Some(1.0), None),
        Some("w2") => (Some(2.0), None),
        Some(name) => (None, Some((name, AgreementWeights::of(s, name, k)?))),
    };
    let place = |i: usize| if cmd.has("absolute") { levels[i] } else { i as f64 };
    let span = place(k - 1) - place(0);
    let weight = |i: usize, j: usize| match power {
        None if own.is_some() => own.as_ref().map_or(0.0, |(_, rows)| rows[i.max(j)][i.min(j)]),
        None => f64::from(u8::from(i == j)),
        Some(power) => 1.0 - ((place(i) - place(j)).abs() / span).powf(power),
    };
    let rows: Vec<f64> = (0..k).map(|i| p[i * k..(i + 1) * k].iter().sum()).collect();
    let columns: Vec<f64> = (0..k).map(|j| (0..k).map(|i| p[i * k + j]).sum()).collect();
    let cells = || (0..k).flat_map(|i| (0..k).map(move |j| (i, j)));
    let observed: f64 = cells().map(|(i, j)| weight(i, j) * p[i * k + j]).sum();
    let expected: f64 = cells().map(|(i, j)| weight(i, j) * rows[i] * columns[j]).sum();
    let kappa = (observed - expected) / (1.0 - expected);
    // Standard error under independence (Fleiss, Cohen and Everitt 1969).
    let row_mean: Vec<f64> = (0..k).map(|i| (0..k).map(|j| weight(i, j) * columns[j]).sum()).collect();
    let column_mean: Vec<f64> = (0..k).map(|j| (0..k).map(|i| weight(i, j) * rows[i]).sum()).collect();
    let square: f64 = cells()
        .map(|(i, j)| rows[i] * columns[j] * (weight(i, j) - row_mean[i] - column_mean[j]).powi(2))
        .sum();
    let se = ((square - expected * expected) / n).max(0.0).sqrt() / (1.0 - expected);
    let z = kappa / se;
    s.print("");
    if let Some((name, rows)) = &own {
        s.print("Ratings weighted by:");
        for i in 0..k {
            let cell = |j: usize| format::right(&format::bare("%7.4f", rows[i.max(j)][i.min(j)]), 9);
            s.print((0..k).map(cell).collect::<String>());
        }
        s.print(format!("(kapwgt {name})"));
        s.print("");
    }
    if let Some(power) = power {
        s.print(format!(
            "Ratings weighted by {}",
            if power == 1.0 { "1 - |i - j|/(k - 1)" } else { "1 - [(i - j)/(k - 1)]^2" }
        ));
        s.print("");
    }
    let percent = |x: f64| format::right(&format!("{}%", format::bare("%7.2f", 100.0 * x)), 11);
    let four = |x: f64, w: usize| format::right(&format::bare("%7.4f", stata(x)), w);
    s.print("             Expected");
    s.print("Agreement   agreement     Kappa   Std. err.         Z      Prob>Z");
    s.print("-----------------------------------------------------------------");
    s.print(format!(
        "{}{} {}{}{}{}",
        percent(observed).trim_start_matches("  "),
        percent(expected),
        four(kappa, 10),
        four(se, 11),
        format::right(&format::bare("%8.2f", stata(z)), 11),
        four(normal_tail(z), 12)
    ));
    let mut r = Results::default();
    r.scalar("N", n).scalar("prop_o", stata(observed)).scalar("prop_e", stata(expected));
    r.scalar("kappa", stata(kappa)).scalar("z", stata(z)).scalar("se", stata(se));
    s.r = r;
    Ok(())
}
