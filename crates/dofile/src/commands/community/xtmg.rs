//! `xtmg`: panel models with own slopes of each group, averaged over groups; with averages over groups at each time as
//! further regressors (common correlated effects).
//!
//! Stores in `e()`: N N_g g_min g_avg g_max chi2 df_m p, b, V, betas (a row for each group), cmd depvar ivar tvar title2.
//! Formulas: Pesaran and Smith (1995, Journal of Econometrics 68), Pesaran (2006, Econometrica 74); syntax and layout:
//! Eberhardt (2012, Stata Journal 12).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::header::{Fact, show};
use crate::estimation::ml_command::{self, Look};
use crate::estimation::model::{Model, Reading, VceSpec, number_groups};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use estimators::matrix::Mat;
use estimators::ols::{self, Request};
use estimators::wald;
use std::collections::BTreeMap;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("TREND"), OptSpec::flag("CCE"), OptSpec::real("Level")])
        .unsupported(&["ROBUST", "AUGment", "IMPose", "FULL", "PRED", "RES", "FM", "DOLS"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtmg",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "xtmg depvar indepvars [if] [in] [, trend cce level(#)]",
    notes: "after xtset; the average of the least-squares slopes of the groups, covariance from their spread over N_g (N_g - 1); cce adds averages of all variables over the groups of the sample at each time, named _avg; trend adds the time of each group from 1; not built: augment, impose, robust, full, pred(), res(); stores e(N) e(N_g) e(b) e(V) e(betas) e(chi2) e(df_m) e(p); Pesaran and Smith (1995), Pesaran (2006)",
    examples: &[Example {
        // Slopes 1 and 3: their mean is 2, the standard error |3 - 1|/2.
        run: "set obs 20\ngenerate id = ceil(_n/10)\ngenerate t = mod(_n - 1, 10)\ngenerate x = mod(7*_n, 11)\ngenerate double y = cond(id == 1, 1, 3)*x + id\nxtset id t\nxtmg y x",
        expect: &[("round(_b[x], 1e-9)", 2.0), ("round(_se[x], 1e-9)", 1.0), ("e(N_g)", 2.0)],
    }],
};

/// Rows of the groups with the regressors of their models.
struct Groups {
    rows: Vec<Vec<usize>>,
    columns: Vec<Vec<f64>>,
    names: Vec<String>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if ml_command::replay(s, cmd, "xtmg")? {
        return display(s, cmd);
    }
    let declared = Panel::of(&s.frame)?;
    let (unit, time) = declared.unit_and_time()?;
    let reading = Reading {
        further: vec![unit, time],
        vce: Some(VceSpec::Default),
        weight_kinds: &[],
        ..Reading::new(cmd)
    };
    let mut model = reading.model(s)?.enough()?;
    drop_collinear(s, &mut model);
    if model.columns().is_empty() {
        return Err(StataError::standard(102));
    }
    let groups = groups(s, cmd, &model, (unit, time));
    let betas = slopes(s, &model, &groups, unit)?;
    let k = groups.names.len() + 1;
    let n_g = betas.len() as f64;
    if betas.len() < 2 {
        return Err(StataError::new(2001, "at least two groups are needed"));
    }
    let mean: Vec<f64> = (0..k).map(|j| betas.iter().map(|b| b[j]).sum::<f64>() / n_g).collect();
    let spread = |i: usize, j: usize| {
        betas.iter().map(|b| (b[i] - mean[i]) * (b[j] - mean[j])).sum::<f64>() / (n_g * (n_g - 1.0))
    };
    let mut names = groups.names.clone();
    names.push("_cons".to_string());
    let parameters =
        Parameters { stripe: plain_stripe(names.clone()), b: mean.clone(), v: Mat::from_fn(k, k, spread) };
    let tested: Vec<usize> = (0..model.columns().len()).collect();
    let test = wald::test_zero(&parameters.b, &parameters.v, &tested);
    let mut est = post::begin("xtmg", &post::command_line(cmd), &parameters, &model);
    let sizes: Vec<f64> = groups.rows.iter().map(|r| r.len() as f64).collect();
    let r = &mut est.results;
    r.scalar("N", model.y.len() as f64).scalar("N_g", n_g);
    r.scalar("g_min", sizes.iter().copied().fold(f64::INFINITY, f64::min));
    r.scalar("g_avg", sizes.iter().sum::<f64>() / n_g)
        .scalar("g_max", sizes.iter().copied().fold(0.0, f64::max));
    r.scalar("chi2", stata(test.chi2)).scalar("df_m", test.df as f64).scalar("p", stata(test.p(None)));
    r.text("chi2type", "Wald").text("title", "Mean Group type estimation");
    r.text("title2", if cmd.has("cce") { "CCEMG" } else { "MG" });
    r.text("ivar", &s.frame.var(unit).name).text("tvar", &s.frame.var(time).name).text("properties", "b V");
    let mut all = Matrix::new(betas.len(), k, betas.concat());
    all.col_names = names.iter().map(Stripe::term).collect();
    r.matrix("betas", all);
    s.post_estimation(est, model.touse.clone());
    display(s, cmd)
}

/// The groups of the sample and the regressors: those of the line, a trend, averages at each time.
fn groups(s: &Session, cmd: &ParsedCommand, model: &Model, (unit, time): (usize, usize)) -> Groups {
    let rows = &model.design.rows;
    let (of_row, count) = number_groups(&s.frame, unit, rows);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
    of_row.iter().enumerate().for_each(|(i, g)| members[*g as usize].push(i));
    let times: Vec<f64> = rows.iter().map(|r| s.frame.num_at(time, *r)).collect();
    let mut columns: Vec<Vec<f64>> = model.columns().iter().map(|c| c.to_vec()).collect();
    let mut names: Vec<String> =
        model.design.active().iter().map(|i| model.design.terms[*i].name()).collect();
    let own = names.clone();
    if cmd.has("trend") {
        let mut trend = vec![0.0; rows.len()];
        for group in &members {
            let first = group.iter().map(|i| times[*i]).fold(f64::INFINITY, f64::min);
            group.iter().for_each(|i| trend[*i] = times[*i] - first + 1.0);
        }
        columns.push(trend);
        names.push("trend".to_string());
    }
    if cmd.has("cce") {
        let mut at: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        times.iter().enumerate().for_each(|(i, t)| at.entry(t.to_bits()).or_default().push(i));
        let average = |values: &[f64]| {
            let mut out = vec![0.0; values.len()];
            for same in at.values() {
                let mean = same.iter().map(|i| values[*i]).sum::<f64>() / same.len() as f64;
                same.iter().for_each(|i| out[*i] = mean);
            }
            out
        };
        let averages: Vec<Vec<f64>> = std::iter::once(average(&model.y))
            .chain(columns[..own.len()].iter().map(|c| average(c)))
            .collect();
        columns.extend(averages);
        names.extend(std::iter::once(&model.depvar).chain(&own).map(|n| format!("{n}_avg")));
    }
    Groups { rows: members, columns, names }
}

/// Least squares of each group, with the constant last.
fn slopes(s: &Session, model: &Model, groups: &Groups, unit: usize) -> Result<Vec<Vec<f64>>> {
    let mut out = Vec::new();
    for rows in &groups.rows {
        let y: Vec<f64> = rows.iter().map(|i| model.y[*i]).collect();
        let columns: Vec<Vec<f64>> =
            groups.columns.iter().map(|c| rows.iter().map(|i| c[*i]).collect()).collect();
        let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let fit = ols::fit(&Request::new(&y, &views)).ok().filter(|f| f.b.len() == views.len() + 1);
        let Some(fit) = fit else {
            let row = model.design.rows[rows[0]];
            let (name, value) = (&s.frame.var(unit).name, s.frame.num_at(unit, row));
            return Err(StataError::new(
                459,
                format!(
                    "the slopes of group {name} = {value} are not identified: too few observations or collinear regressors"
                ),
            ));
        };
        out.push(fit.b);
    }
    Ok(out)
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let (ivar, kind) = (text("ivar"), text("title2"));
    let n = s.e.results.get_scalar("N").unwrap_or(0.0);
    let p = s.e.results.get_scalar("p").unwrap_or(crate::value::MISSING);
    let facts = [Fact::new("Number of obs", "%6.0fc", n), Fact::wald(s), Fact::probability("Prob > chi2", p)];
    s.print("");
    s.print(if kind == "CCEMG" {
        "Mean group estimator with common correlated effects (Pesaran 2006)"
    } else {
        "Pesaran & Smith (1995) Mean Group estimator"
    });
    s.print("");
    s.print(format!("All coefficients present represent averages across groups ({ivar})"));
    s.print("Every group has the same weight");
    s.print("");
    show(s, &["Mean Group type estimation".to_string(), kind.clone()], &facts, 13, 6);
    s.print("");
    ml_command::table(s, cmd, &Look::default())?;
    if kind == "CCEMG" {
        s.print("Averages over the groups at each time have the suffix _avg.");
    }
    if s.e.b().is_some_and(|b| b.col_names.iter().any(|c| c.name == "trend")) {
        s.print("trend is the time of each group, from 1.");
    }
    Ok(())
}
