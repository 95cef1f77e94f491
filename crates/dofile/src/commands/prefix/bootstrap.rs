//! `bootstrap`: standard errors and intervals from resampled rows or clusters.

use super::exp_list::Statistic;
use super::resampled::Resampled;
use super::{parts, replicate};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::matrix::{Matrix, Stripe};
use crate::ops::groups::grouped;
use crate::ops::resampling::{Intervals, accelerated, acceleration, covariance};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "bootstrap",
    min: 2,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "bootstrap [exp_list] [, reps(#) strata(varlist) cluster(varlist) idcluster(newvar) size(#) seed(#) saving(file [, replace double]) level(#) mse bca nodots notable noheader] : command",
    notes: "stores e(b) (observed) e(V) e(se) e(bias) e(b_bs) e(z0) e(ci_normal) e(ci_percentile) e(ci_bc) e(N_reps) e(N_misreps); V about the mean of the replications (about the observed values with mse); percentile limits by the rule of centile; bias-corrected ones by Efron (1987), with bca also accelerated ones, e(accel) e(ci_bca), by runs without one row or cluster each; resamples are not Stata's stream; option vce(bootstrap [, options]) of an estimation command is the same, by panels after xtset; [R] bootstrap",
    examples: &[
        Example {
            run: "set obs 200\nset seed 7\ngenerate double x = rnormal()\nbootstrap m=r(mean), reps(400) seed(3) nodots: summarize x\nmatrix V = e(V)\nmatrix B = e(b)\nsummarize x\nscalar ratio = sqrt(V[1,1]) / (r(sd) / sqrt(r(N)))\nscalar near = ratio > 0.85 & ratio < 1.15\nscalar same = reldif(B[1,1], r(mean)) < 1e-12",
            expect: &[("near", 1.0), ("same", 1.0), ("e(N_reps)", 400.0)],
        },
        Example {
            run: "set obs 60\ngenerate x = _n\ngenerate double y = 2*x + mod(_n, 5)\nbootstrap, reps(30) seed(1) nodots: regress y x\ntest x\nscalar cmd = \"`e(cmd)'\" == \"regress\"\nscalar vce = \"`e(vce)'\" == \"bootstrap\"",
            expect: &[("cmd", 1.0), ("vce", 1.0), ("_b[x] > 1.9", 1.0)],
        },
        Example {
            run: "set obs 60\ngenerate x = _n\ngenerate double y = 2*x + mod(_n, 5)\nbootstrap, reps(30) seed(1) nodots: regress y x\nscalar se = _se[x]\nregress y x, vce(bootstrap, reps(30) seed(1) nodots)",
            expect: &[
                ("_se[x] - se", 0.0),
                ("e(N_reps)", 30.0),
                ("abs(e(chi2)/(_b[x]/se)^2 - 1) < 1e-12", 1.0),
            ],
        },
        Example {
            // whole panels are drawn
            run: "set obs 60\ngenerate id = ceil(_n/6)\ngenerate t = mod(_n, 6)\ngenerate double x = mod(7*_n, 11)\ngenerate double y = x + id + mod(_n, 5)\nxtset id t\nbootstrap, cluster(id) idcluster(id) reps(30) seed(1) nodots: xtreg y x, fe\nscalar se = _se[x]\nxtreg y x, fe vce(bootstrap, reps(30) seed(1) nodots)\nsummarize id",
            expect: &[("_se[x] - se", 0.0), ("se > 0 & se < 1", 1.0), ("r(max)", 10.0)],
        },
    ],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::int("Reps"),
    OptSpec::text("STRata"),
    OptSpec::text("CLuster"),
    OptSpec::text("IDcluster"),
    OptSpec::int("SIze"),
    OptSpec::text("SEed"),
    OptSpec::text("SAving"),
    OptSpec::real("Level"),
    OptSpec::flag("mse"),
    OptSpec::flag("bca"),
    OptSpec::flag("noDots"),
    OptSpec::flag("noTABle"),
    OptSpec::flag("noHeader"),
    OptSpec::flag("noLegend"),
    OptSpec::flag("NOWarn"),
];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (mut head, command) = parts("bootstrap", &cmd.raw)?;
    let refused = ["TIES", "REJECT", "NODROP", "NOIsily", "TRace", "TITle", "GRoup", "JACKknifeopts", "DOTS"];
    head.check_options(OPTIONS, &refused)?;
    let reps = replicate::count(head.options.int("reps"), 50)?;
    replicate::seed(s, head.options.text("seed"))?;
    let level = head.options.real("level").unwrap_or(s.settings.level);
    let (statistics, observed, estimated) = replicate::first_run(s, &command, &head.list, "bs")?;
    // only the rows that the command used are drawn from
    let used: Vec<usize> = match s.estimation_sample().filter(|_| estimated) {
        Some(mark) => (0..mark.len()).filter(|&i| mark[i]).collect(),
        None => (0..s.frame.n_rows()).collect(),
    };
    let plan = Plan::new(s, &head, &used)?;
    let dots = if head.has("nodots") { None } else { Some("Bootstrap replications") };
    replicate::note(s, &command, dots);
    let marked = replicate::mark_rows(s, &command)?;
    let accelerations =
        if head.has("bca") { Some(plan.accelerations(s, &marked, &statistics)) } else { None };
    let rows = replicate::on_copies(s, &marked, &statistics, reps, dots, |s, _| plan.draw(s));
    replicate::unmark(s);
    let (rows, accelerations) = (rows?, accelerations.transpose()?);
    if let Some(saving) = head.options.text("saving") {
        replicate::save(s, saving, &statistics, &rows)?;
    }
    post(s, &head, &command, &statistics, &observed, &rows, level, used, estimated, accelerations)
}

/// Units to draw within strata.
struct Plan {
    strata: Vec<Vec<Vec<usize>>>,
    size: Option<usize>,
    id: Option<String>,
}

impl Plan {
    fn new(s: &Session, head: &ParsedCommand, used: &[usize]) -> Result<Self> {
        let list = |o: &str| s.varlist(head.options.text(o).unwrap_or(""));
        let (strata, cluster) = (list("strata")?, list("cluster")?);
        let blocks = if strata.is_empty() { vec![used.to_vec()] } else { grouped(s, &strata, used.to_vec()) };
        let units = |rows: Vec<usize>| {
            if cluster.is_empty() {
                rows.into_iter().map(|r| vec![r]).collect()
            } else {
                grouped(s, &cluster, rows)
            }
        };
        let strata: Vec<Vec<Vec<usize>>> = blocks.into_iter().map(units).collect();
        let size = match head.options.int("size") {
            Some(n) if n < 1 || n as usize > strata.iter().map(Vec::len).min().unwrap_or(0) => {
                return Err(StataError::new(498, "size() must not exceed the number of units"));
            }
            n => n.map(|n| n as usize),
        };
        let id = head.options.text("idcluster").map(String::from);
        if id.is_some() && cluster.is_empty() {
            return Err(StataError::invalid("idcluster() requires the cluster() option"));
        }
        if strata.iter().all(Vec::is_empty) {
            return Err(StataError::no_observations());
        }
        Ok(Self { strata, size, id })
    }

    /// The acceleration of each statistic, from runs without one unit each.
    fn accelerations(&self, s: &mut Session, command: &str, statistics: &[Statistic]) -> Result<Vec<f64>> {
        let units: Vec<&Vec<usize>> = self.strata.iter().flatten().collect();
        let rows = replicate::on_copies(s, command, statistics, units.len(), None, |s, k| {
            let mut keep = vec![false; s.frame.n_rows()];
            units.iter().flat_map(|unit| unit.iter()).for_each(|r| keep[*r] = true);
            units[k].iter().for_each(|r| keep[*r] = false);
            s.frame.keep_rows(&keep);
            Ok(())
        })?;
        Ok((0..statistics.len()).map(|j| acceleration(&replicate::column(&rows, j))).collect())
    }

    fn draw(&self, s: &mut Session) -> Result<()> {
        let (mut rows, mut ids) = (Vec::new(), Vec::new());
        let mut id = 0.0;
        for units in &self.strata {
            for _ in 0..self.size.unwrap_or(units.len()) {
                let k = s.rng.borrow_mut().uniform_int(0.0, units.len() as f64 - 1.0) as usize;
                id += 1.0;
                rows.extend(&units[k]);
                ids.extend(std::iter::repeat_n(id, units[k].len()));
            }
        }
        s.frame.take_rows(&rows);
        if let Some(name) = &self.id {
            if let Some(i) = s.frame.find(name) {
                s.frame.drop_vars(&[i]);
            }
            s.frame.add(Variable::new(name, Column::Double(ids)))?;
        }
        Ok(())
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one result")]
fn post(
    s: &mut Session,
    head: &ParsedCommand,
    command: &str,
    statistics: &[Statistic],
    observed: &[f64],
    rows: &[Vec<f64>],
    level: f64,
    used: Vec<usize>,
    estimated: bool,
    accelerations: Option<Vec<f64>>,
) -> Result<()> {
    let complete: Vec<&Vec<f64>> = rows.iter().filter(|r| r.iter().all(|x| !is_missing(*x))).collect();
    if complete.len() < 2 {
        return Err(StataError::new(
            2001,
            "insufficient observations to compute bootstrap standard errors\nno results will be saved",
        ));
    }
    let (k, n) = (observed.len(), complete.len() as f64);
    let mean: Vec<f64> = (0..k).map(|j| complete.iter().map(|r| r[j]).sum::<f64>() / n).collect();
    let v = if head.has("mse") {
        covariance(&complete, observed, n)
    } else {
        covariance(&complete, &mean, n - 1.0)
    };
    let bias: Vec<f64> = (0..k).map(|j| mean[j] - observed[j]).collect();
    let found = Resampled {
        prefix: "bootstrap",
        title: "Bootstrap",
        command,
        statistics,
        observed,
        v,
        bias,
        complete: n,
        failed: rows.len() as f64 - n,
        df_r: None,
        level,
        used: &used,
        estimated,
    };
    let (stripe, se) = (found.stripe(s), found.se());
    let reps = Matrix::row_vector(vec![n; k], stripe.clone());
    let mut est = found.estimation(s, Some(("reps", reps)));
    let (mut plain, mut percentile, mut corrected, mut shifts) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for j in 0..k {
        let own = Intervals::of(complete.iter().map(|r| r[j]).collect(), observed[j], se[j], level);
        plain.push(own.normal);
        percentile.push(own.percentile);
        corrected.push(own.corrected);
        shifts.push(own.shift);
    }
    let limits = |pairs: &[(f64, f64)]| {
        let mut m = Matrix::new(2, k, pairs.iter().map(|p| p.0).chain(pairs.iter().map(|p| p.1)).collect());
        m.row_names = ["ll", "ul"].map(Stripe::term).to_vec();
        m.col_names.clone_from(&stripe);
        m
    };
    est.results
        .matrix("b_bs", Matrix::row_vector(mean, stripe.clone()))
        .matrix("z0", Matrix::row_vector(shifts.clone(), stripe.clone()))
        .matrix("ci_normal", limits(&plain))
        .matrix("ci_percentile", limits(&percentile))
        .matrix("ci_bc", limits(&corrected))
        .scalar("level", level);
    if let Some(a) = accelerations {
        let of = |j: usize| accelerated(complete.iter().map(|r| r[j]).collect(), shifts[j], a[j], level);
        est.results.matrix("ci_bca", limits(&(0..k).map(of).collect::<Vec<_>>()));
        est.results.matrix("accel", Matrix::row_vector(a, stripe.clone()));
    }
    let legend = if head.has("nolegend") { Vec::new() } else { found.legend() };
    found.post(s, head, est, &legend);
    if rows.len() as f64 > n {
        s.print(format!("Note: {} replications failed and are left out.", rows.len() as f64 - n));
    }
    Ok(())
}
