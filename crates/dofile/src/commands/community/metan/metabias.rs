//! `metabias`: tests for small-study effects.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::ml_command::{Look, table};
use crate::estimation::post::{Parameters, command_line, stata};
use crate::format;
use crate::matrix::Stripe;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use estimators::distributions::{normal_two_sided, t_two_sided};
use estimators::kendall::kendall;
use estimators::meta_effects::{Binary, binary, standardised};
use estimators::ols::{Request, fit};
use estimators::weights::{WeightKind, Weights};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("EGger"),
    OptSpec::flag("BEgg"),
    OptSpec::flag("HArbord"),
    OptSpec::flag("PEters"),
    OptSpec::flag("or"),
    OptSpec::flag("noFIt"),
    OptSpec::real("Level"),
])
.unsupported(&["by", "rr", "GRaph", "ci"])
.coefficient_table();

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "metabias",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "metabias theta se_theta [if] [in], egger|begg [nofit level(#)]; metabias a b c d [if] [in], harbord|peters [or nofit level(#)]",
    notes: "egger: theta/se on 1/se, the constant is the bias; harbord: Z/sqrt(V) of the scores of odds ratios on sqrt(V), the constant is the bias; peters: log odds ratios on 1/n with weights (a+c)(b+d)/n, the slope is the bias (tables with a zero are refused); begg: Kendall's score of standardised effects and their variances; stores r(N bias se_bias p_bias df_r rmse), or r(k score score_sd Begg_p); e(b) and e(V) are those of the regression; rr, by() and graph are refused; Egger et al. (1997), Begg and Mazumdar (1994), Harbord, Egger and Sterne (2006), Peters et al. (2006)",
    examples: &[
        Example {
            // theta/se = 2 + 3/se exactly at three precisions, and theta = 3 + 2 se.
            run: "input theta se\n5 1\n4 .5\n7 2\n3.5 .25\nend\nmetabias theta se, egger",
            expect: &[("round(r(bias), 1e-9)", 2.0), ("r(N)", 4.0), ("r(df_r)", 2.0)],
        },
        Example {
            // The effects rise with the variances: every pair is concordant, 4*3/2 pairs.
            run: "input theta se\n5 1\n4 .5\n7 2\n3.5 .25\nend\nmetabias theta se, begg",
            expect: &[("r(score)", 6.0), ("r(k)", 4.0)],
        },
    ],
};

/// A regression that tests for small-study effects.
struct Test {
    title: [&'static str; 3],
    /// Name of the outcome, the slope and the constant.
    names: [&'static str; 3],
    y: Vec<f64>,
    x: Vec<f64>,
    weights: Option<Vec<f64>>,
    /// Position of the bias: slope 0, constant 1.
    bias: usize,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let asked: Vec<&str> =
        ["egger", "begg", "harbord", "peters"].into_iter().filter(|o| cmd.has(o)).collect();
    let [asked] = asked[..] else {
        return Err(StataError::invalid("one of egger, begg, harbord and peters must be specified"));
    };
    let variables = s.varlist(&cmd.list)?;
    for v in &variables {
        s.numeric_variable(&s.frame.var(*v).name)?;
    }
    let wanted = if matches!(asked, "egger" | "begg") { 2 } else { 4 };
    if variables.len() != wanted {
        return Err(match variables.len() {
            3 | 4 => StataError::unsupported_option("metabias", &format!("{asked} with these data")),
            _ => StataError::syntax(),
        });
    }
    let mut touse = s.rows(cmd)?;
    s.markout(&variables, &mut touse, false)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    let columns: Vec<Vec<f64>> =
        variables.iter().map(|v| rows.iter().map(|r| s.frame.num_at(*v, *r)).collect()).collect();
    match rows.len() {
        0 => return Err(StataError::no_observations()),
        1 | 2 => return Err(StataError::insufficient_observations()),
        _ => {}
    }
    let test = match asked {
        "begg" => return begg(s, &columns[0], &columns[1]),
        "egger" => egger(&columns)?,
        "harbord" => harbord(&columns)?,
        _ => peters(&columns)?,
    };
    regression(s, cmd, &test, touse)
}

fn positive(se: &[f64]) -> Result<()> {
    match se.iter().all(|x| *x > 0.0) {
        true => Ok(()),
        false => Err(StataError::new(459, "standard errors must be positive")),
    }
}

fn egger(columns: &[Vec<f64>]) -> Result<Test> {
    positive(&columns[1])?;
    Ok(Test {
        title: [
            "Egger's test for small-study effects:",
            "Regress standard normal deviate of intervention",
            "effect estimate against its standard error",
        ],
        names: ["Std_Eff", "slope", "bias"],
        y: columns[0].iter().zip(&columns[1]).map(|(y, se)| y / se).collect(),
        x: columns[1].iter().map(|se| 1.0 / se).collect(),
        weights: None,
        bias: 1,
    })
}

/// The tables of the studies.
fn tables(columns: &[Vec<f64>]) -> Result<Vec<[f64; 4]>> {
    let table = |i: usize| [columns[0][i], columns[1][i], columns[2][i], columns[3][i]];
    let tables: Vec<[f64; 4]> = (0..columns[0].len()).map(table).collect();
    match tables.iter().flatten().all(|x| *x >= 0.0) {
        true => Ok(tables),
        false => Err(StataError::new(459, "cells must not be negative")),
    }
}

fn harbord(columns: &[Vec<f64>]) -> Result<Test> {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for table in tables(columns)? {
        // Peto's effect is Z/V, with the standard error 1/sqrt(V)
        let (effect, se) = binary(Binary::Peto, table);
        if !se.is_finite() {
            return Err(StataError::unsupported_option(
                "metabias",
                "studies without events, or with nothing else",
            ));
        }
        x.push(1.0 / se);
        y.push(effect / se);
    }
    Ok(Test {
        title: [
            "Harbord's modified test for small-study effects:",
            "Regress Z/sqrt(V) on sqrt(V) where Z is efficient score and V",
            "is score variance",
        ],
        names: ["Z/sqrt(V)", "sqrt(V)", "bias"],
        y,
        x,
        weights: None,
        bias: 1,
    })
}

fn peters(columns: &[Vec<f64>]) -> Result<Test> {
    let (mut x, mut y, mut w) = (Vec::new(), Vec::new(), Vec::new());
    for table in tables(columns)? {
        if table.contains(&0.0) {
            return Err(StataError::unsupported_option("metabias", "peters with a cell of zero"));
        }
        let [a, b, c, d] = table;
        let n = a + b + c + d;
        x.push(1.0 / n);
        y.push(binary(Binary::OddsRatio, table).0);
        w.push((a + c) * (b + d) / n);
    }
    Ok(Test {
        title: [
            "Peters' test for small-study effects:",
            "Regress intervention effect estimate on 1/Ntot, with weights SF/Ntot",
            "",
        ],
        names: ["Std_Eff", "bias", "constant"],
        y,
        x,
        weights: Some(w),
        bias: 0,
    })
}

fn regression(s: &mut Session, cmd: &ParsedCommand, test: &Test, touse: Vec<bool>) -> Result<()> {
    let columns: [&[f64]; 1] = [&test.x];
    let n = test.y.len() as f64;
    let weights = test.weights.as_ref().map(|w| {
        let total: f64 = w.iter().sum();
        Weights { kind: WeightKind::Analytic, values: w.iter().map(|w| w * n / total).collect() }
    });
    let request = Request { weights: weights.as_ref(), ..Request::new(&test.y, &columns) };
    let failed = || StataError::new(459, "the regressor does not vary");
    let found = fit(&request).map_err(|_| StataError::insufficient_observations())?;
    if found.b.len() != 2 {
        return Err(failed());
    }
    let (bias, se) = (found.b[test.bias], found.v[(test.bias, test.bias)].sqrt());
    let p = t_two_sided(found.df_r, bias / se);
    let stripe = vec![Stripe::term(test.names[1]), Stripe::term(test.names[2])];
    let mut est = Estimation::default();
    let parameters = Parameters { stripe, b: found.b.clone(), v: found.v.clone() };
    est.results.matrix("b", parameters.b_matrix()).matrix("V", parameters.v_matrix());
    est.results.scalar("N", n).scalar("df_r", found.df_r);
    est.results.text("cmd", "metabias").text("cmdline", command_line(cmd)).text("depvar", test.names[0]);
    est.results.text("properties", "b V");
    s.post_estimation(est, touse);
    s.print("");
    test.title.iter().filter(|t| !t.is_empty()).for_each(|t| s.print(t));
    s.print("");
    if !cmd.has("nofit") {
        let left = format!("Number of studies = {n}");
        s.print(format!("{left:<54} Root MSE      = {:>6}", format::bare("%6.0g", found.rmse)));
        table(s, cmd, &Look::default())?;
        s.print("");
    }
    s.print(format!("{:<44}P = {}", "Test of H0: no small-study effects", format::bare("%5.3f", stata(p))));
    let mut r = Results::default();
    r.scalar("N", n).scalar("df_r", found.df_r).scalar("bias", bias).scalar("se_bias", se);
    r.scalar("p_bias", stata(p)).scalar("rmse", found.rmse);
    s.r = r;
    Ok(())
}

fn begg(s: &mut Session, y: &[f64], se: &[f64]) -> Result<()> {
    positive(se)?;
    let v: Vec<f64> = se.iter().map(|x| x * x).collect();
    let effects = standardised(y, &v).ok_or_else(|| StataError::new(459, "the effects cannot be pooled"))?;
    let found = kendall(&effects, &v);
    let z = found.score / found.se;
    let corrected = (found.score.abs() - 1.0).max(0.0) / found.se;
    s.print("");
    s.print("Begg's test for small-study effects:");
    s.print("Rank correlation between standardized intervention effect and its standard error");
    s.print("");
    let note = " (continuity corrected)";
    for (name, value, f, note) in [
        ("adj. Kendall's Score (P-Q)", found.score, "%7.0f", ""),
        ("Std. Dev. of Score", found.se, "%7.2f", ""),
        ("Number of Studies", y.len() as f64, "%7.0f", ""),
        ("z", z.abs(), "%7.2f", ""),
        ("Pr > |z|", normal_two_sided(z), "%7.3f", ""),
        ("z", corrected, "%7.2f", note),
        ("Pr > |z|", normal_two_sided(corrected), "%7.3f", note),
    ] {
        s.print(format!("{name:>28} = {:>7}{note}", format::bare(f, stata(value))));
    }
    let mut r = Results::default();
    r.scalar("k", y.len() as f64).scalar("score", found.score).scalar("score_sd", found.se);
    r.scalar("Begg_p", stata(normal_two_sided(z)));
    s.r = r;
    Ok(())
}
