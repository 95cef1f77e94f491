//! `jackknife`: standard errors from leaving out one row or cluster at a time.

use super::exp_list::Statistic;
use super::resampled::Resampled;
use super::{parts, replicate};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::matrix::Matrix;
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "jackknife",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "jackknife [exp_list] [, cluster(varlist) mse double level(#) saving(file [, replace double]) nodots notable noheader] : command",
    notes: "stores e(b) e(b_jk) e(V) e(se) e(bias) e(N_reps) e(df_r); V = (n-1)/n sum (T(-i) - mean)^2, about the observed value with mse (Efron and Tibshirani 1993, chapter 11); t with n-1 degrees of freedom; option vce(jackknife [, options]) of an estimation command is the same; [R] jackknife",
    examples: &[
        Example {
            // rows of `in` are those of the whole data
            run: "set obs 30\ngenerate x = mod(7*_n, 11)\ngenerate y = x + mod(5*_n, 7)\njackknife _b, nodots: regress y x in 6/20\nmatrix V = e(V)\nscalar n = e(N_reps)\nkeep in 6/20\njackknife _b, nodots: regress y x\nmatrix W = e(V)\ncapture confirm variable __replicated\nscalar r = _rc",
            expect: &[("n", 15.0), ("mreldif(V, W)", 0.0), ("r", 111.0)],
        },
        Example {
            // the jackknife of the mean has the standard error of the mean
            run: "set obs 10\ngenerate double x = _n^2\njackknife m=r(mean), nodots: summarize x\nmatrix V = e(V)\nsummarize x\nscalar d = reldif(sqrt(V[1,1]), r(sd)/sqrt(10))",
            expect: &[("d < 1e-12", 1.0), ("e(df_r)", 9.0), ("e(N_reps)", 10.0)],
        },
        Example {
            // the jackknife takes the whole bias from the variance with divisor n
            run: "set obs 10\ngenerate double x = _n^2\njackknife v=(r(Var)*(r(N)-1)/r(N)), nodots: summarize x\nmatrix J = e(b_jk)\nsummarize x\nscalar d = reldif(J[1,1], r(Var))",
            expect: &[("d < 1e-12", 1.0)],
        },
    ],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("CLuster"),
    OptSpec::flag("mse"),
    // replicates are always kept in double precision
    OptSpec::flag("DOUBle"),
    OptSpec::real("Level"),
    OptSpec::text("SAving"),
    OptSpec::flag("noDots"),
    OptSpec::flag("noTABle"),
    OptSpec::flag("noHeader"),
    OptSpec::flag("noLegend"),
    OptSpec::flag("Eclass"),
    OptSpec::flag("Rclass"),
];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (mut head, command) = parts("jackknife", &cmd.raw)?;
    head.check_options(
        OPTIONS,
        &["KEEP", "N", "IDcluster", "REJECT", "NODROP", "NOIsily", "TRace", "TITle", "DOTS"],
    )?;
    let level = head.options.real("level").unwrap_or(s.settings.level);
    let (statistics, observed, estimated) = replicate::first_run(s, &command, &head.list, "jk")?;
    let used: Vec<usize> = match s.estimation_sample().filter(|_| estimated) {
        Some(mark) => (0..mark.len()).filter(|&i| mark[i]).collect(),
        None => (0..s.frame.n_rows()).collect(),
    };
    let cluster = s.varlist(head.options.text("cluster").unwrap_or(""))?;
    let units: Vec<Vec<usize>> = if cluster.is_empty() {
        used.iter().map(|&r| vec![r]).collect()
    } else {
        grouped(s, &cluster, used.clone())
    };
    if units.len() < 2 {
        return Err(StataError::insufficient_observations());
    }
    let dots = if head.has("nodots") { None } else { Some("Jackknife replications") };
    replicate::note(s, &command, dots);
    let marked = replicate::mark_rows(s, &command)?;
    let rows = replicate::on_copies(s, &marked, &statistics, units.len(), dots, |s, k| {
        let mut keep = vec![false; s.frame.n_rows()];
        used.iter().for_each(|&r| keep[r] = true);
        units[k].iter().for_each(|&r| keep[r] = false);
        s.frame.keep_rows(&keep);
        Ok(())
    });
    replicate::unmark(s);
    let rows = rows?;
    if let Some(saving) = head.options.text("saving") {
        replicate::save(s, saving, &statistics, &rows)?;
    }
    post(s, &head, &command, &statistics, &observed, &rows, level, &used, estimated)
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
    used: &[usize],
    estimated: bool,
) -> Result<()> {
    let complete: Vec<&Vec<f64>> = rows.iter().filter(|r| r.iter().all(|x| !is_missing(*x))).collect();
    if complete.len() < 2 {
        return Err(StataError::insufficient_observations());
    }
    let (k, n) = (observed.len(), complete.len() as f64);
    let mean: Vec<f64> = (0..k).map(|j| complete.iter().map(|r| r[j]).sum::<f64>() / n).collect();
    let centre = if head.has("mse") { observed } else { &mean };
    let mut v = vec![0.0; k * k];
    for r in &complete {
        for i in 0..k {
            for j in 0..k {
                v[i * k + j] += (n - 1.0) / n * (r[i] - centre[i]) * (r[j] - centre[j]);
            }
        }
    }
    let bias: Vec<f64> = (0..k).map(|j| (n - 1.0) * (mean[j] - observed[j])).collect();
    let found = Resampled {
        prefix: "jackknife",
        title: "Jackknife",
        command,
        statistics,
        observed,
        v,
        bias,
        complete: n,
        failed: rows.len() as f64 - n,
        df_r: Some(n - 1.0),
        level,
        used,
        estimated,
    };
    let mut est = found.estimation(s, None);
    let stripe = est.b().map(|b| b.col_names.clone()).unwrap_or_default();
    let corrected = observed.iter().zip(&found.bias).map(|(value, bias)| value - bias).collect();
    est.results.matrix("b_jk", Matrix::row_vector(corrected, stripe));
    let legend = if head.has("nolegend") { Vec::new() } else { found.legend() };
    found.post(s, head, est, &legend);
    Ok(())
}
