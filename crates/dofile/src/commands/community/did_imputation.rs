//! `did_imputation`: differences in differences with treatments that begin at different times, by imputation of the
//! untreated outcomes.
//!
//! Stores in `e()`: N Nc N_clust, Nt (1 x k), b, V, pre_F pre_p pre_df pre_df_r, cmd depvar i t Ei droplist clustvar.
//! Formulas: Borusyak, Jaravel and Spiess (2024, Review of Economic Studies 91).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level};
use crate::estimation::header::{Fact, show};
use crate::estimation::ml_command::{Look, replay, table};
use crate::estimation::model::number_groups;
use crate::estimation::post::command_line;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::absorb_fit::{self, AbsorbRequest, Covariance};
use estimators::did_imputation::{Rows, Untreated, cluster_influence, imputable};
use estimators::matrix::Mat;
use estimators::panel::Units;
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("HORizons"),
    OptSpec::flag("ALLHorizons"),
    OptSpec::int("PREtrends"),
    OptSpec::real("MINN"),
    OptSpec::flag("AUTOSample"),
    OptSpec::text("CONTrols"),
    OptSpec::text("CLUSter"),
    OptSpec::real("Level"),
])
.unsupported(&[
    "FE",
    "UNITCONTrols",
    "TIMECONTrols",
    "SUM",
    "WTR",
    "HETby",
    "PROJect",
    "HBALance",
    "SHift",
    "DELTA",
    "AVGEFFectsby",
    "TOL",
    "MAXIT",
    "ALPHA",
    "SAVEestimates",
    "SAVEWeights",
    "SAVEResid",
    "LOADWeights",
    "LEAVEOUT",
    "NOSE",
    "VERBose",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "did_imputation",
    min: 14,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "did_imputation depvar i t Ei [if] [in] [, horizons(numlist) allhorizons pretrends(#) minn(#) autosample controls(varlist) cluster(v) level(#)]",
    notes: "Ei is the first treated period, missing for never; unit and period effects; without horizons() one effect tau, the mean over treated rows; standard errors by clusters, i by default, conservative (means of effects by cohort and period); effects with fewer than minn(30) effective rows are dropped; pretrends(#): pre1, pre2, ... of untreated rows as reghdfe, with e(pre_F pre_p pre_df); stores e(N Nc N_clust), e(Nt), e(b), e(V), r(table); formulas: Borusyak, Jaravel and Spiess (2024)",
    examples: &[Example {
        // The treated unit is 2 above the control, which moves by 1: 6 less 1 less (1 + 2).
        run: "input id t y g\n1 1 3 2\n1 2 6 2\n2 1 1 .\n2 2 2 .\nend\ndid_imputation y id t g, minn(0)",
        expect: &[("_b[tau]", 2.0), ("e(N)", 4.0), ("e(Nc)", 3.0)],
    }],
};

/// The panel in the rows of the sample.
struct Panel {
    y: Vec<f64>,
    units: Units,
    periods: Units,
    clusters: Units,
    /// Groups of cohort and period.
    cells: Units,
    treated: Vec<bool>,
    /// Periods since the first treated one; nothing for never.
    relative: Vec<Option<f64>>,
    controls: Vec<Vec<f64>>,
    touse: Vec<bool>,
    names: [String; 4],
    clustvar: String,
}

impl Panel {
    fn rows<'a>(&'a self, controls: &'a [&'a [f64]]) -> Rows<'a> {
        Rows { y: &self.y, units: &self.units, periods: &self.periods, treated: &self.treated, controls }
    }

    /// Rows, columns and numbers of some rows of the sample.
    fn read(
        session: &Session,
        cmd: &ParsedCommand,
        variables: &[usize; 4],
        touse: Vec<bool>,
    ) -> Result<Self> {
        let [y, i, t, start] = *variables;
        let frame = &session.frame;
        let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
        let values = |v: usize| -> Vec<f64> { rows.iter().map(|r| frame.num_at(v, *r)).collect() };
        let (times, starts) = (values(t), values(start));
        let units = Units::new(number_groups(frame, i, &rows).0);
        let mut first: Vec<Option<f64>> = vec![None; units.count()];
        for (unit, start) in units.of_row.iter().zip(&starts) {
            let start = if is_missing(*start) { f64::INFINITY } else { *start };
            if *first[*unit as usize].get_or_insert(start) != start {
                let name = &frame.var(variables[3]).name;
                return Err(StataError::new(459, format!("{name} must be constant in each unit")));
            }
        }
        let relative: Vec<Option<f64>> =
            times.iter().zip(&starts).map(|(t, s)| (!is_missing(*s)).then_some(t - s)).collect();
        let clustvar =
            cmd.options.text("cluster").map_or(i, |name| session.variable(name.trim()).unwrap_or(i));
        let of = |v: usize| Units::new(number_groups(frame, v, &rows).0);
        let (periods, cohorts) = (of(t), of(start));
        let listed =
            cmd.options.text("controls").map(|l| session.varlist(l)).transpose()?.unwrap_or_default();
        Ok(Self {
            y: values(y),
            cells: absorb_fit::intersection(&[&cohorts, &periods]),
            clusters: of(clustvar),
            units,
            periods,
            treated: relative.iter().map(|r| r.is_some_and(|r| r >= 0.0)).collect(),
            relative,
            controls: listed.into_iter().map(values).collect(),
            touse,
            names: variables.map(|v| frame.var(v).name.clone()),
            clustvar: frame.var(clustvar).name.clone(),
        })
    }
}

/// The sample: rows without missing values whose treated outcomes can be imputed.
fn sample(session: &mut Session, cmd: &ParsedCommand) -> Result<Panel> {
    let names: Vec<String> = cmd.list.split_whitespace().map(str::to_string).collect();
    let [y, i, t, start] = names.as_slice() else {
        return Err(StataError::standard(if names.len() < 4 { 102 } else { 103 }));
    };
    let numeric = |name: &str| session.numeric_variable(name);
    let variables = [numeric(y)?, session.variable(i)?, numeric(t)?, numeric(start)?];
    let mut touse = session.rows(cmd)?;
    session.markout(&variables[..3], &mut touse, true)?;
    if let Some(list) = cmd.options.text("controls") {
        session.markout(&session.varlist(list)?, &mut touse, false)?;
    }
    if let Some(name) = cmd.options.text("cluster") {
        session.markout(&[session.variable(name.trim())?], &mut touse, true)?;
    }
    if !touse.contains(&true) {
        return Err(StataError::no_observations());
    }
    let panel = Panel::read(session, cmd, &variables, touse)?;
    let possible = imputable(&panel.rows(&[]));
    let lost: Vec<usize> = (0..possible.len()).filter(|r| panel.treated[*r] && !possible[*r]).collect();
    if lost.is_empty() {
        return Ok(panel);
    }
    if !cmd.has("autosample") {
        return Err(StataError::new(
            198,
            format!(
                "the effects of {} treated observations cannot be imputed; use autosample to drop them",
                lost.len()
            ),
        ));
    }
    session.print(format!(
        "note: {} treated observations dropped, their effects cannot be imputed.",
        lost.len()
    ));
    let rows: Vec<usize> = (0..panel.touse.len()).filter(|r| panel.touse[*r]).collect();
    let mut touse = panel.touse;
    lost.iter().for_each(|r| touse[rows[*r]] = false);
    Panel::read(session, cmd, &variables, touse)
}

/// An estimate: its name and the weights of the effects.
type Target = (String, Vec<f64>);

fn targets(cmd: &ParsedCommand, panel: &Panel) -> Result<Vec<Target>> {
    let mean = |name: String, chosen: &dyn Fn(usize) -> bool| -> Result<Target> {
        let own: Vec<bool> = (0..panel.y.len()).map(|r| panel.treated[r] && chosen(r)).collect();
        let count = own.iter().filter(|o| **o).count();
        if count == 0 {
            return Err(StataError::new(2000, format!("{name}: no treated observations")));
        }
        Ok((name, own.iter().map(|o| if *o { 1.0 / count as f64 } else { 0.0 }).collect()))
    };
    let horizons = match cmd.options.text("horizons") {
        Some(text) => numlist::expand(text)?,
        None if cmd.has("allhorizons") => {
            let mut found: Vec<f64> =
                panel.relative.iter().flatten().copied().filter(|r| *r >= 0.0).collect();
            found.sort_by(f64::total_cmp);
            found.dedup();
            found
        }
        None => return Ok(vec![mean("tau".to_string(), &|_| true)?]),
    };
    if horizons.iter().any(|h| *h < 0.0 || h.fract() != 0.0) {
        return Err(StataError::invalid("horizons must be whole numbers that are not negative"));
    }
    horizons.iter().map(|h| mean(format!("tau{h}"), &|r| panel.relative[r] == Some(*h))).collect()
}

/// Estimates with the influence of each cluster, rows behind them, and names of those that were suppressed.
struct Averages {
    b: Vec<f64>,
    counts: Vec<f64>,
    dropped: Vec<String>,
    influence: Vec<Vec<f64>>,
}

fn averages(cmd: &ParsedCommand, panel: &Panel, model: &Untreated<'_>, targets: &[Target]) -> Averages {
    let effects = model.effects();
    let least = cmd.options.real("minn").unwrap_or(30.0);
    let mut out = Averages { b: Vec::new(), counts: Vec::new(), dropped: Vec::new(), influence: Vec::new() };
    for (name, target) in targets {
        if 1.0 / target.iter().map(|w| w * w).sum::<f64>() < least {
            out.dropped.push(name.clone());
            out.b.push(0.0);
            out.counts.push(0.0);
            out.influence.push(vec![0.0; panel.clusters.count()]);
            continue;
        }
        let chosen = target.iter().zip(&effects).filter(|p| *p.0 != 0.0);
        out.b.push(chosen.map(|(w, e)| w * e).sum());
        out.counts.push(target.iter().filter(|w| **w != 0.0).count() as f64);
        let weights = model.weights(target);
        let own = cluster_influence(&weights, &effects, &panel.treated, &panel.cells, &panel.clusters);
        out.influence.push(own);
    }
    out
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if replay(session, cmd, "did_imputation")? {
        return display(session, cmd);
    }
    level(session, cmd)?;
    let panel = sample(session, cmd)?;
    let targets = targets(cmd, &panel)?;
    let controls: Vec<&[f64]> = panel.controls.iter().map(Vec::as_slice).collect();
    let rows = panel.rows(&controls);
    let model = Untreated::new(&rows);
    let model = model.ok_or_else(|| StataError::new(498, "the controls are collinear with the effects"))?;
    if panel.clusters.count() < 2 {
        return Err(StataError::new(460, "only one cluster"));
    }
    let Averages { mut b, counts, dropped, influence } = averages(cmd, &panel, &model, &targets);
    if !dropped.is_empty() {
        session.print(format!(
            "note: suppressed, fewer than minn() effective observations: {}",
            dropped.join(" ")
        ));
    }
    let k = targets.len();
    let before = pretrends(cmd, &panel)?;
    let total = k + before.as_ref().map_or(0, |p| p.b.len());
    let mut v = Mat::from_fn(total, total, |i, j| {
        if i < k && j < k { influence[i].iter().zip(&influence[j]).map(|(a, b)| a * b).sum() } else { 0.0 }
    });
    let mut stripe: Vec<Stripe> = targets.iter().map(|t| Stripe::term(&t.0)).collect();
    if let Some(before) = &before {
        b.extend(&before.b);
        for (i, j) in (0..before.b.len()).flat_map(|i| (0..before.b.len()).map(move |j| (i, j))) {
            v[(k + i, k + j)] = before.v[(i, j)];
        }
        stripe.extend((1..=before.b.len()).map(|h| Stripe::term(format!("pre{h}"))));
    }
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(b, stripe.clone()))
        .matrix("V", Matrix::square(v.data().to_vec(), stripe));
    r.matrix("Nt", Matrix::row_vector(counts, targets.iter().map(|t| Stripe::term(&t.0)).collect()));
    // Rows of other horizons are no part of the estimates.
    let used = (0..panel.y.len()).filter(|i| !panel.treated[*i] || targets.iter().any(|t| t.1[*i] != 0.0));
    r.scalar("N", used.count() as f64).scalar("N_clust", panel.clusters.count() as f64);
    r.scalar("Nc", panel.treated.iter().filter(|t| !**t).count() as f64);
    if let Some(before) = &before {
        let positions: Vec<usize> = (0..before.b.len()).collect();
        let test = wald::test_zero(&before.b, &before.v, &positions);
        r.scalar("pre_F", test.f()).scalar("pre_p", test.p(Some(before.df_r)));
        r.scalar("pre_df", before.b.len() as f64).scalar("pre_df_r", before.df_r);
    }
    let [y, i, t, start] = &panel.names;
    r.text("cmd", "did_imputation").text("cmdline", command_line(cmd)).text("depvar", y).text("i", i);
    r.text("t", t).text("Ei", start).text("clustvar", &panel.clustvar).text("droplist", dropped.join(" "));
    r.text("vce", "cluster").text("vcetype", "Robust").text("properties", "b V");
    session.post_estimation(est, panel.touse);
    display(session, cmd)
}

/// Coefficients of the periods before the treatment.
struct Before {
    b: Vec<f64>,
    v: Mat,
    df_r: f64,
}

/// The regression of untreated rows on indicators of the last periods before the treatment, with unit and period effects.
fn pretrends(cmd: &ParsedCommand, panel: &Panel) -> Result<Option<Before>> {
    let count = cmd.options.int("pretrends").unwrap_or(0);
    if count == 0 {
        return Ok(None);
    }
    if count < 0 {
        return Err(StataError::invalid("pretrends() must not be negative"));
    }
    let mut rows: Vec<usize> = (0..panel.y.len()).filter(|r| !panel.treated[*r]).collect();
    let pick = |units: &Units, rows: &[usize]| -> Units {
        // numbers without gaps, as the kernels take them
        let mut numbers = std::collections::HashMap::new();
        let of_row = rows.iter().map(|r| {
            let next = numbers.len() as u32;
            *numbers.entry(units.of_row[*r]).or_insert(next)
        });
        Units::new(of_row.collect())
    };
    let alone = absorb_fit::singletons(&[pick(&panel.units, &rows), pick(&panel.periods, &rows)]);
    rows = (0..rows.len()).filter(|i| !alone.contains(i)).map(|i| rows[i]).collect();
    let mut columns: Vec<Vec<f64>> = (1..=count)
        .map(|h| rows.iter().map(|r| f64::from(u8::from(panel.relative[*r] == Some(-(h as f64))))).collect())
        .collect();
    columns.extend(panel.controls.iter().map(|c| rows.iter().map(|r| c[*r]).collect()));
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let y: Vec<f64> = rows.iter().map(|r| panel.y[*r]).collect();
    let sets = [pick(&panel.units, &rows), pick(&panel.periods, &rows)];
    let clusters = [pick(&panel.clusters, &rows)];
    let covariance = Covariance::Clusters(&clusters);
    let fit = absorb_fit::fit(&AbsorbRequest::new(&y, &views, &sets, &covariance)).map_err(fit_error)?;
    let kept: Vec<usize> = (0..count as usize).collect();
    if fit.ols.basis.kept.len() < views.len() {
        return Err(StataError::new(
            498,
            "pretrends(): an indicator is collinear with the effects; ask for fewer",
        ));
    }
    // The regression has no constant of its own, so that it costs no degree of freedom next to units nested in clusters:
    // results of Stata show one parameter less than `reghdfe` counts.
    let parameters = (views.len() + 1) as f64 + fit.df_a;
    let rest = rows.len() as f64 - parameters;
    let factor = if fit.df_a_nested > 0.0 { rest / (rest + 1.0) } else { 1.0 };
    Ok(Some(Before {
        b: fit.ols.b[..count as usize].to_vec(),
        v: fit.ols.v.select(&kept, &kept).scaled(factor),
        df_r: fit.ols.df_r,
    }))
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let facts = [Fact::observations(session.e.results.get_scalar("N").unwrap_or(0.0))];
    session.print("");
    show(session, &["Imputation estimates of treatment effects".to_string()], &facts, 13, 10);
    table(session, cmd, &Look::default())
}
