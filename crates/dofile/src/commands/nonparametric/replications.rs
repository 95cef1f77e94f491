//! Bootstrap of `npregress kernel`: means and effects in samples that are drawn from the observations, with the bandwidths of the
//! data, or under `bwreplace` with their own.

use super::bandwidths::{Bandwidths, fixed_discrete};
use super::npregress::average;
use crate::error::{Result, StataError};
use crate::estimation::kernel_model::KernelModel;
use crate::matrix::{Matrix, Stripe};
use crate::ops::dots::Dots;
use crate::ops::resampling::{Intervals, complete_covariance, count, draw_counts, seed};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::kernel_bandwidth::{Criterion, choose};

/// What `reps()` and `vce(bootstrap)` ask for.
pub(super) struct Plan {
    reps: usize,
    seed: Option<String>,
    dots: bool,
    new_widths: bool,
}

impl Plan {
    /// Reads the options; nothing without a bootstrap.
    pub(super) fn read(cmd: &ParsedCommand) -> Result<Option<Self>> {
        let mut reps = cmd.options.int("reps");
        let mut seed = cmd.options.text("seed").map(str::to_string);
        let mut dots = !cmd.has("nodots");
        let mut asked = reps.is_some();
        if let Some(text) = cmd.options.text("vce") {
            let (kind, options) = text.split_once(',').unwrap_or((text, ""));
            match kind.trim() {
                "none" if !asked => return Ok(None),
                "none" => {
                    return Err(StataError::invalid("options reps() and vce(none) may not be combined"));
                }
                kind if abbreviates(kind, "BOOTstrap") => asked = true,
                kind => return Err(StataError::invalid(format!("vcetype {kind} not allowed"))),
            }
            for (name, argument) in split_options(options)? {
                match argument {
                    Some(a) if abbreviates(&name, "Reps") => {
                        let n = parse_number(&a).filter(|n| n.fract() == 0.0);
                        reps = Some(
                            n.ok_or_else(|| StataError::invalid("option reps() incorrectly specified"))?
                                as i64,
                        );
                    }
                    Some(a) if abbreviates(&name, "SEed") => seed = Some(a),
                    None if abbreviates(&name, "noDots") => dots = false,
                    _ => {
                        return Err(StataError::unsupported_option(
                            "npregress",
                            &format!("vce(bootstrap, {name})"),
                        ));
                    }
                }
            }
        }
        let citype = cmd.options.text("citype").map_or("percentile", str::trim);
        interval_kind(citype)?;
        let idle = [("seed", cmd.options.has("seed")), ("bwreplace", cmd.has("bwreplace"))];
        if let Some((name, _)) = idle.iter().find(|o| o.1 && !asked) {
            return Err(StataError::invalid(format!("option {name} requires reps() or vce(bootstrap)")));
        }
        if !asked {
            return Ok(None);
        }
        Ok(Some(Self { reps: count(reps, 50)?, seed, dots, new_widths: cmd.has("bwreplace") }))
    }
}

/// The kind of an interval: its matrix in `e()` and the words above it.
pub(super) fn interval_kind(citype: &str) -> Result<(&'static str, &'static str)> {
    match citype {
        t if !t.is_empty() && "percentile".starts_with(t) => Ok(("ci_percentile", "Percentile")),
        t if !t.is_empty() && "normal".starts_with(t) => Ok(("ci_normal", "Normal-based")),
        "bc" => Ok(("ci_bc", "Bias-corrected")),
        "bca" => Err(StataError::unsupported_option("npregress", "citype(bca)")),
        t => Err(StataError::invalid(format!("citype({t}) invalid"))),
    }
}

/// Mean and effects in a sample with counts; missing where they are nowhere identified.
fn statistics(model: &KernelModel) -> Vec<f64> {
    let centre = model.data.centre();
    let used: Vec<usize> = (0..model.data.y.len()).filter(|i| model.data.count(*i) > 0.0).collect();
    let repeated = |values: &[f64]| -> f64 {
        let each = used.iter().zip(values);
        average(each.flat_map(|(i, v)| std::iter::repeat_n(*v, model.data.count(*i) as usize)))
    };
    let points: Vec<_> = used.iter().map(|i| model.data.point(*i)).collect();
    let means: Vec<f64> = points.iter().map(|p| model.mean_at(centre, p)).collect();
    let mut out = vec![repeated(&means)];
    if model.effect.is_some() {
        let effects: Vec<Vec<f64>> = points.iter().map(|p| model.effects_at(centre, p)).collect();
        for k in 0..effects.first().map_or(0, Vec::len) {
            out.push(repeated(&effects.iter().map(|e| e[k]).collect::<Vec<_>>()));
        }
    }
    out
}

fn new_widths(model: &mut KernelModel, found: &Bandwidths) -> bool {
    let fixed = fixed_discrete(&model.data);
    if let Some(criterion) = found.criterion {
        let Some(chosen) = choose(&model.data, criterion, fixed, 300) else { return false };
        model.mean = chosen.widths;
    }
    if found.effect_searched {
        let own = Some(model.mean.discrete.clone());
        let Some(chosen) = choose(&model.data, Criterion::Gradient, own, 300) else { return false };
        model.effect = Some(chosen.widths);
    } else if model.data.continuous.is_empty() && model.effect.is_some() && found.criterion.is_some() {
        model.effect = Some(model.mean.clone());
    }
    true
}

/// Runs the replications and stores covariance and intervals.
pub(super) fn run(
    s: &mut Session,
    cmd: &ParsedCommand,
    plan: &Plan,
    model: &KernelModel,
    found: &Bandwidths,
    est: &mut Estimation,
) -> Result<()> {
    seed(s, plan.seed.as_deref())?;
    let observed = est.b().map(|b| b.values().to_vec()).unwrap_or_default();
    let k = observed.len();
    let mut rows = Vec::with_capacity(plan.reps);
    let mut dots = plan.dots.then(|| Dots::begin(s, "Bootstrap replications", plan.reps));
    for _ in 0..plan.reps {
        if s.interrupted() {
            return Err(StataError::standard(1));
        }
        let mut drawn = model.clone();
        drawn.data.counts = draw_counts(s, model.data.y.len());
        let usable = !plan.new_widths || new_widths(&mut drawn, found);
        let values = if usable { statistics(&drawn) } else { vec![MISSING; k] };
        if let Some(dots) = &mut dots {
            dots.dot(s, values.contains(&MISSING));
        }
        rows.push(values);
    }
    if let Some(dots) = dots {
        dots.end(s);
    }
    let level = crate::estimation::display::level(s, cmd)?;
    store(est, &observed, &rows, level)?;
    let citype = cmd.options.text("citype").map_or("percentile", str::trim);
    est.results.text("citype", interval_kind(citype)?.0.trim_start_matches("ci_"));
    Ok(())
}

fn store(est: &mut Estimation, observed: &[f64], rows: &[Vec<f64>], level: f64) -> Result<()> {
    let k = observed.len();
    let (v, complete) = complete_covariance(rows, k)?;
    let n = complete.len() as f64;
    let stripe = est.b().map(|b| b.col_names.clone()).unwrap_or_default();
    let mean: Vec<f64> = (0..k).map(|j| complete.iter().map(|r| r[j]).sum::<f64>() / n).collect();
    let intervals: Vec<Intervals> = (0..k)
        .map(|j| {
            Intervals::of(complete.iter().map(|r| r[j]).collect(), observed[j], v[j * k + j].sqrt(), level)
        })
        .collect();
    let limits = |pick: fn(&Intervals) -> (f64, f64)| {
        let pairs: Vec<(f64, f64)> = intervals.iter().map(pick).collect();
        let data = pairs.iter().map(|p| p.0).chain(pairs.iter().map(|p| p.1)).collect();
        let mut matrix = Matrix::new(2, k, data);
        matrix.row_names = ["ll", "ul"].map(Stripe::term).to_vec();
        matrix.col_names.clone_from(&stripe);
        matrix
    };
    let bias = mean.iter().zip(observed).map(|(m, o)| m - o).collect();
    est.results
        .matrix("V", Matrix::square(v.clone(), stripe.clone()))
        .matrix("bias", Matrix::row_vector(bias, stripe.clone()))
        .matrix("se", Matrix::row_vector((0..k).map(|j| v[j * k + j].sqrt()).collect(), stripe.clone()))
        .matrix("ci_normal", limits(|i| i.normal))
        .matrix("ci_percentile", limits(|i| i.percentile))
        .matrix("ci_bc", limits(|i| i.corrected))
        .scalar("N_reps", n)
        .scalar("N_misreps", rows.len() as f64 - n)
        .scalar("level", level)
        .text("vce", "bootstrap")
        .text("vcetype", "Bootstrap")
        .text("properties", "b V");
    Ok(())
}
