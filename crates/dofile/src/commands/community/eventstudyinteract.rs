//! `eventstudyinteract`: event studies with treatments that begin at different times, by effects of cohorts weighted with
//! the cohorts' shares.
//!
//! Stores in `e()`: N N_clust df_r, b, V, b_iw, V_iw, b_interact, V_interact, ff_w, cmd depvar cohort control_cohort absvars.
//! Formulas: Sun and Abraham (2021, Journal of Econometrics 225).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::reghdfe_sets::{Grouping, covariance, groupings, units};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level};
use crate::estimation::header::{Fact, show};
use crate::estimation::ml_command::{Look, replay, table};
use crate::estimation::model::VceSpec;
use crate::estimation::post::command_line;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::absorb_fit::{self, AbsorbRequest, Covariance};
use estimators::matrix::Mat;
use estimators::panel::Units;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("COHORT"),
    OptSpec::text("CONTROL_cohort"),
    OptSpec::text("Absorb"),
    OptSpec::text("COVARIATEs"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
])
.unsupported(&["NOCONStant"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "eventstudyinteract",
    min: 18,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "eventstudyinteract depvar rel_time_list [if] [in], cohort(v) control_cohort(v) absorb(varlist) [covariates(varlist) vce(robust | cluster varlist) level(#)]",
    notes: "rel_time_list holds indicators of periods relative to the treatment, without the base; control_cohort is 1 for rows of the cohort that is compared with; effects by cohort are those of reghdfe; the covariance adds that of the shares, robust; stores e(N df_r), e(b) and e(V) of the weighted effects (also e(b_iw), e(V_iw)), e(b_interact), e(V_interact) and e(ff_w) by cohort and indicator; formulas: Sun and Abraham (2021)",
    examples: &[Example {
        // One cohort: its change of 4 less that of the controls, 1.
        run: "input id t y g c d\n1 1 1 2 0 0\n1 2 5 2 0 1\n2 1 2 2 0 0\n2 2 6 2 0 1\n3 1 0 . 1 0\n3 2 1 . 1 0\n4 1 1 . 1 0\n4 2 2 . 1 0\n5 1 3 . 1 0\n5 2 4 . 1 0\nend\neventstudyinteract y d, cohort(g) control_cohort(c) absorb(id t)",
        expect: &[("_b[d]", 3.0), ("el(e(ff_w),1,1)", 1.0), ("e(N)", 10.0)],
    }],
};

/// The sample and its columns.
struct Sample {
    touse: Vec<bool>,
    rows: Vec<usize>,
    y: Vec<f64>,
    /// Indicators of relative periods.
    relative: Vec<Vec<f64>>,
    /// Position of the cohort of each row; nothing in the comparison cohort.
    cohort: Vec<Option<usize>>,
    /// First treated periods, ascending.
    cohorts: Vec<f64>,
    covariates: Vec<Vec<f64>>,
    names: Vec<String>,
}

fn variable(session: &Session, cmd: &ParsedCommand, option: &str) -> Result<usize> {
    let name = cmd.options.text(option);
    let name = name.ok_or_else(|| StataError::invalid(format!("option {option}() required")))?;
    session.numeric_variable(name.trim())
}

fn read(session: &Session, cmd: &ParsedCommand, further: &[usize], sets: &[Grouping]) -> Result<Sample> {
    let list = session.varlist(&cmd.list)?;
    if list.len() < 2 {
        return Err(StataError::standard(102));
    }
    let (cohort, control) = (variable(session, cmd, "cohort")?, variable(session, cmd, "control_cohort")?);
    let covariates =
        cmd.options.text("covariates").map(|l| session.varlist(l)).transpose()?.unwrap_or_default();
    let mut touse = session.rows(cmd)?;
    if list.iter().chain(&covariates).any(|v| session.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    session.markout(&list, &mut touse, false)?;
    session.markout(&covariates, &mut touse, false)?;
    session.markout(&[control], &mut touse, false)?;
    session.markout(further, &mut touse, true)?;
    let at = |v: usize, r: usize| session.frame.num_at(v, r);
    let compared = |r: usize| at(control, r) != 0.0;
    let mut rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    let alone = {
        let all: Vec<Units> = sets.iter().map(|g| units(session, g, &rows)).collect();
        absorb_fit::singletons(&all)
    };
    alone.iter().for_each(|i| touse[rows[*i]] = false);
    rows.retain(|r| touse[*r]);
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    if rows.iter().any(|r| !compared(*r) && is_missing(at(cohort, *r))) {
        return Err(StataError::new(459, "cohort() is missing in rows that are not of the control cohort"));
    }
    let mut cohorts: Vec<f64> = rows.iter().filter(|r| !compared(**r)).map(|r| at(cohort, *r)).collect();
    cohorts.sort_by(f64::total_cmp);
    cohorts.dedup();
    if cohorts.is_empty() || !rows.iter().any(|r| compared(*r)) {
        return Err(StataError::new(2000, "the sample needs treated cohorts and a control cohort"));
    }
    let column = |v: &usize| -> Vec<f64> { rows.iter().map(|r| at(*v, *r)).collect() };
    Ok(Sample {
        y: column(&list[0]),
        relative: list[1..].iter().map(column).collect(),
        cohort: rows
            .iter()
            .map(|r| if compared(*r) { None } else { cohorts.iter().position(|c| *c == at(cohort, *r)) })
            .collect(),
        cohorts,
        covariates: covariates.iter().map(column).collect(),
        names: list.iter().map(|v| session.frame.var(*v).name.clone()).collect(),
        touse,
        rows,
    })
}

/// Shares of the cohorts in each relative period, and the influence of rows on weighted sums of them.
struct Shares {
    /// One row for each cohort, one column for each relative period.
    values: Mat,
    /// Inverse of the cross products of the indicators over treated cohorts.
    inverse: Mat,
}

impl Shares {
    fn of(sample: &Sample) -> Result<Self> {
        let (count, width) = (sample.cohorts.len(), sample.relative.len());
        let (mut cross, mut sums) = (Mat::zeros(width, width), Mat::zeros(width, count));
        for (i, cohort) in sample.cohort.iter().enumerate() {
            let Some(cohort) = cohort else { continue };
            for l in 0..width {
                sums[(l, *cohort)] += sample.relative[l][i];
                for m in 0..width {
                    cross[(l, m)] += sample.relative[l][i] * sample.relative[m][i];
                }
            }
        }
        let inverse = cross.inverse_definite();
        let inverse = inverse.ok_or_else(|| {
            StataError::new(498, "an indicator has no rows of treated cohorts, or is collinear")
        })?;
        Ok(Self { values: inverse.times(&sums).transpose(), inverse })
    }

    /// Covariance of the sums of effects weighted by estimated shares that comes from the shares, robust.
    fn covariance(&self, sample: &Sample, effects: &Mat) -> Mat {
        let (count, width) = (sample.cohorts.len(), sample.relative.len());
        let mut out = Mat::zeros(width, width);
        for (i, own) in sample.cohort.iter().enumerate() {
            let Some(own) = own else { continue };
            let x: Vec<f64> = sample.relative.iter().map(|c| c[i]).collect();
            let residual: Vec<f64> = (0..count)
                .map(|e| {
                    let fitted: f64 = (0..width).map(|l| x[l] * self.values[(e, l)]).sum();
                    f64::from(u8::from(e == *own)) - fitted
                })
                .collect();
            let pull = self.inverse.times_vector(&x);
            let parts: Vec<f64> = (0..width)
                .map(|l| pull[l] * (0..count).map(|e| residual[e] * effects[(e, l)]).sum::<f64>())
                .collect();
            for l in (0..width).filter(|l| parts[*l] != 0.0) {
                for m in 0..width {
                    out[(l, m)] += parts[l] * parts[m];
                }
            }
        }
        out
    }
}

/// What was estimated.
struct Estimated {
    b: Vec<f64>,
    v: Mat,
    /// By cohort and relative period: effects, their variances, shares.
    effects: Mat,
    variances: Mat,
    shares: Mat,
    df_r: f64,
    clusters: Option<usize>,
}

/// The regression with effects of each cohort in each relative period, and its weighted sums.
fn estimate(sample: &Sample, sets: &[Units], kind: &Covariance<'_>) -> Result<Estimated> {
    let (count, width) = (sample.cohorts.len(), sample.relative.len());
    // periods slowest
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for relative in &sample.relative {
        for e in 0..count {
            let own = |(c, x): (&Option<usize>, &f64)| if *c == Some(e) { *x } else { 0.0 };
            columns.push(sample.cohort.iter().zip(relative).map(own).collect());
        }
    }
    columns.extend(sample.covariates.iter().cloned());
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let fit = absorb_fit::fit(&AbsorbRequest::new(&sample.y, &views, sets, kind)).map_err(fit_error)?;
    let place: Vec<Option<usize>> =
        (0..count * width).map(|j| fit.ols.basis.kept.iter().position(|k| *k == j)).collect();
    let at = |e: usize, l: usize| place[l * count + e];
    let v = |e: usize, l: usize, f: usize, m: usize| match (at(e, l), at(f, m)) {
        (Some(p), Some(q)) => fit.ols.v[(p, q)],
        _ => 0.0,
    };
    let effects = Mat::from_fn(count, width, |e, l| at(e, l).map_or(0.0, |p| fit.ols.b[p]));
    let shares = Shares::of(sample)?;
    let share = &shares.values;
    let from_shares = shares.covariance(sample, &effects);
    let total = Mat::from_fn(width, width, |l, m| {
        let pairs = (0..count).flat_map(|e| (0..count).map(move |f| (e, f)));
        let own: f64 = pairs.map(|(e, f)| share[(e, l)] * v(e, l, f, m) * share[(f, m)]).sum();
        own + from_shares[(l, m)]
    });
    Ok(Estimated {
        b: (0..width).map(|l| (0..count).map(|e| share[(e, l)] * effects[(e, l)]).sum()).collect(),
        v: total,
        variances: Mat::from_fn(count, width, |e, l| v(e, l, e, l)),
        effects,
        df_r: fit.ols.df_r,
        clusters: fit.clusters.iter().min().copied(),
        shares: shares.values,
    })
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if replay(session, cmd, "eventstudyinteract")? {
        return display(session, cmd);
    }
    level(session, cmd)?;
    let text = cmd.options.text("absorb").ok_or_else(|| StataError::invalid("option absorb() required"))?;
    let absorbed = groupings(session, text, "eventstudyinteract", "absorb")?;
    let (vce, clustered) = covariance(session, &cmd.options, "eventstudyinteract")?;
    let further: Vec<usize> = absorbed.iter().chain(&clustered).flat_map(|g| g.variables.clone()).collect();
    let sample = read(session, cmd, &further, &absorbed)?;
    let sets: Vec<Units> = absorbed.iter().map(|g| units(session, g, &sample.rows)).collect();
    let clusters: Vec<Units> = clustered.iter().map(|g| units(session, g, &sample.rows)).collect();
    let kind = match (&vce, clusters.is_empty()) {
        (_, false) => Covariance::Clusters(&clusters),
        (VceSpec::Robust, _) => Covariance::Robust,
        _ => Covariance::Classical,
    };
    let found = estimate(&sample, &sets, &kind)?;
    let mut est = results(&sample, found);
    let r = &mut est.results;
    let names = |list: &[Grouping]| list.iter().map(|g| g.name.clone()).collect::<Vec<_>>().join(" ");
    if !clusters.is_empty() {
        r.text("clustvar", names(&clustered)).text("vce", "cluster");
    }
    if !clusters.is_empty() || vce == VceSpec::Robust {
        r.text("vcetype", "Robust");
    }
    r.text("cmdline", command_line(cmd)).text("absvars", names(&absorbed));
    for option in ["cohort", "control_cohort"] {
        r.text(option, cmd.options.text(option).unwrap_or("").trim());
    }
    session.post_estimation(est, sample.touse);
    display(session, cmd)
}

fn results(sample: &Sample, found: Estimated) -> Estimation {
    let mut est = Estimation::default();
    let r = &mut est.results;
    let stripe: Vec<Stripe> = sample.names[1..].iter().map(Stripe::term).collect();
    let by_cohort = |values: &Mat| {
        let mut out = Matrix::new(values.rows(), values.cols(), values.data().to_vec());
        out.row_names = sample.cohorts.iter().map(|c| Stripe::term(format!("{c}"))).collect();
        out.col_names.clone_from(&stripe);
        out
    };
    for (b, v) in [("b", "V"), ("b_iw", "V_iw")] {
        r.matrix(b, Matrix::row_vector(found.b.clone(), stripe.clone()));
        r.matrix(v, Matrix::square(found.v.data().to_vec(), stripe.clone()));
    }
    r.matrix("b_interact", by_cohort(&found.effects)).matrix("ff_w", by_cohort(&found.shares));
    r.matrix("V_interact", by_cohort(&found.variances));
    r.scalar("N", sample.y.len() as f64).scalar("df_r", found.df_r);
    if let Some(clusters) = found.clusters {
        r.scalar("N_clust", clusters as f64);
    }
    r.text("cmd", "eventstudyinteract").text("depvar", &sample.names[0]).text("properties", "b V");
    est
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let facts = [Fact::observations(session.e.results.get_scalar("N").unwrap_or(0.0))];
    session.print("");
    show(session, &["IW estimates for dynamic effects".to_string()], &facts, 13, 10);
    table(session, cmd, &Look::default())
}
