//! `teffects psmatch` and `teffects nnmatch`. Numbers: `estimators::matching`.

use super::model::{self, Call, Columns, Neighbours, Sample, State};
use super::teffects::{
    begin, estimand, heads, level_names, link, link_name, overlap, refuse, violation, without_constant,
};
use crate::error::{Result, StataError};
use crate::estimation::model::{VceSpec, number_groups};
use crate::frame::{Column, StorageType, Variable};
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::varlist::check_new;
use crate::value::MISSING;
use estimators::effects::Estimand;
use estimators::matching::{CovariateDistance, Distance, Line, MatchFit, Matching, NoMatch, ScoreDistance};
use estimators::matrix::Mat;
use estimators::ml::{Equation, Limits, Problem};
use estimators::ml_binary::Binary;
use estimators::ols::{self, Request};
use estimators::vce::Vce;

/// Matching on covariates compares every row with every other one: more rows than this are refused.
const MOST_ROWS: usize = 60_000;

struct Choice {
    neighbours: usize,
    variance_neighbours: usize,
    caliper: f64,
    treated_only: bool,
}

fn choices(call: &Call) -> Result<Choice> {
    refuse(call, &["pomeans", "wnls", "aequations"])?;
    if call.rest.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let neighbours = call.rest.options.int("nneighbor").unwrap_or(1);
    if neighbours < 1 {
        return Err(StataError::new(198, "nneighbor() must be a positive integer"));
    }
    let caliper = call.rest.options.real("caliper").unwrap_or(f64::INFINITY);
    if caliper <= 0.0 {
        return Err(StataError::new(198, "caliper() must be positive"));
    }
    let variance_neighbours = match call.rest.options.text("vce") {
        None => 2,
        Some(text) => variance(text)?,
    };
    let treated_only = estimand(call)? == Estimand::Atet;
    Ok(Choice { neighbours: neighbours as usize, variance_neighbours, caliper, treated_only })
}

/// `robust [, nn(#)]`.
fn variance(text: &str) -> Result<usize> {
    let (kind, options) = text.split_once(',').unwrap_or((text, ""));
    if kind.trim().is_empty() || !"robust".starts_with(kind.trim()) {
        return Err(StataError::unsupported_option("teffects", &format!("vce({text})")));
    }
    let options = options.trim();
    if options.is_empty() {
        return Ok(2);
    }
    options
        .strip_prefix("nn(")
        .and_then(|t| t.strip_suffix(')'))
        .and_then(parse_number)
        .filter(|n| *n >= 2.0 && n.fract() == 0.0)
        .map(|n| n as usize)
        .ok_or_else(|| StataError::new(198, "vce(robust, nn(#)) needs a whole number of at least 2"))
}

fn check_size(sample: &Sample) -> Result<()> {
    if sample.y.len() > MOST_ROWS {
        return Err(StataError::new(
            915,
            format!("matching of more than {MOST_ROWS} rows is not supported by the open engine"),
        ));
    }
    Ok(())
}

/// The variance of the effect on the treated compares every treated row with every control.
fn check_pairs(sample: &Sample) -> Result<()> {
    let treated = sample.treated.iter().filter(|t| **t).count();
    if treated * (sample.y.len() - treated) > MOST_ROWS * MOST_ROWS / 4 {
        return Err(StataError::new(
            915,
            "so many pairs of treated and control rows are not supported by the open engine",
        ));
    }
    Ok(())
}

fn no_match(session: &mut Session, call: &Call, sample: &Sample, error: NoMatch, what: &str) -> Result<()> {
    let observation = sample.rows[error.row] + 1;
    violation(session, call, sample, &[error.row], || {
        format!(
            "{} {what} matches for observation {observation}; fewer than nneighbor() are not allowed",
            error.found
        )
    })
}

/// Distances of the matches of each row and their positions, the nearest first.
fn nearest<D: Distance>(distance: &D, fit: &MatchFit) -> Vec<Vec<(f64, usize)>> {
    let of_row = |(i, own): (usize, &Vec<usize>)| {
        let mut found: Vec<(f64, usize)> = own.iter().map(|j| (distance.between(i, *j), *j)).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found
    };
    fit.matches.iter().enumerate().map(of_row).collect()
}

/// Makes the variables of `generate()`, the observation numbers of the matches, and keeps what predictions need.
fn generate(
    session: &mut Session,
    call: &Call,
    sample: &Sample,
    fit: &MatchFit,
    nearest: &[Vec<(f64, usize)>],
) -> Result<Option<Neighbours>> {
    let Some(stub) = call.rest.options.text("generate").map(str::trim) else { return Ok(None) };
    let most = nearest.iter().map(Vec::len).max().unwrap_or(0);
    for k in 0..most {
        check_new(&session.frame, &format!("{stub}{}", k + 1))?;
    }
    for k in 0..most {
        let mut values = vec![MISSING; session.frame.n_rows()];
        for (row, own) in sample.rows.iter().zip(nearest) {
            if let Some((_, j)) = own.get(k) {
                values[*row] = (sample.rows[*j] + 1) as f64;
            }
        }
        let column = Column::from_f64(StorageType::Long, &values);
        session.frame.add(Variable::new(&format!("{stub}{}", k + 1), column))?;
    }
    let distances = nearest.iter().map(|own| own.iter().map(|(d, _)| *d).collect()).collect();
    Ok(Some(Neighbours { distances, effects: fit.difference.clone(), outcomes: sample.y.clone() }))
}

/// Posts a matching estimate.
#[expect(clippy::too_many_arguments, reason = "the parts of one result")]
fn post(
    session: &mut Session,
    call: &Call,
    command_line: &str,
    sample: Sample,
    choice: &Choice,
    fit: MatchFit,
    variance: f64,
    covariates: Columns,
    score: Vec<f64>,
    model: [&str; 4],
    nearest: &[Vec<(f64, usize)>],
) -> Result<()> {
    if variance.is_nan() || variance <= 0.0 {
        return Err(StataError::new(459, "the variance of the matching estimator is not positive"));
    }
    let neighbours = generate(session, call, &sample, &fit, nearest)?;
    let estimand = if choice.treated_only { Estimand::Atet } else { Estimand::Ate };
    let [stripe, _] = heads(&sample, estimand);
    let mut est =
        begin(session, call, command_line, &sample, estimand, vec![stripe], &[fit.effect], vec![variance]);
    let [emodel, omodel, tmodel, metric] = model;
    est.results.text("emodel", emodel).text("omodel", omodel).text("tmodel", tmodel).text("metric", metric);
    est.results.text("vcetype", "AI robust");
    let counts: Vec<usize> = fit.matches.iter().map(Vec::len).filter(|n| *n > 0).collect();
    est.results.scalar("k_nneighbor", choice.neighbours as f64);
    est.results.scalar("k_nnmin", counts.iter().copied().min().unwrap_or(0) as f64);
    est.results.scalar("k_nnmax", counts.iter().copied().max().unwrap_or(0) as f64);
    est.results.scalar("k_robust", choice.variance_neighbours as f64);
    if choice.caliper.is_finite() {
        est.results.scalar("caliper", choice.caliper);
    }
    let n = sample.y.len();
    // a row counts once for itself, where the estimand has it, and once for each share of a match
    let balance = (0..n)
        .map(|i| fit.used[i] + f64::from(u8::from(!choice.treated_only || sample.treated[i])))
        .collect();
    est.extra = Some(std::sync::Arc::new(State {
        rows: sample.rows.clone(),
        treated: sample.treated.clone(),
        covariates,
        score,
        balance,
        raw: vec![1.0; n],
        means: [Vec::new(), Vec::new()],
        level_names: level_names(session, &sample),
        matched: true,
        uncensored: Vec::new(),
        neighbours,
    }));
    session.post_estimation(est, sample.touse);
    Ok(())
}

/// `teffects psmatch`.
pub(super) fn propensity(session: &mut Session, call: &Call, command_line: &str) -> Result<()> {
    refuse(call, &["ematch", "biasadj", "metric"])?;
    let choice = choices(call)?;
    if !call.outcome.rest.is_empty() {
        return Err(StataError::invalid("teffects psmatch has no covariates in the outcome equation"));
    }
    if call.treatment.rest.is_empty() {
        return Err(StataError::new(102, "teffects psmatch needs covariates of the treatment"));
    }
    let link = link(call)?;
    let control = call.rest.options.real("control");
    let sample = model::sample(session, call, &VceSpec::Robust, control, &[])?;
    if choice.treated_only {
        check_pairs(&sample)?;
    }
    let z = sample.z.slices();
    let problem = Problem {
        model: &Binary { y: &sample.treated, link },
        equations: vec![Equation { columns: z.clone(), constant: false, offset: None }],
        rows: sample.y.len(),
        weights: None,
        n: sample.y.len() as f64,
    };
    let treatment = problem
        .maximise(&vec![0.0; z.len()], Limits::default(), Vce::Classical)
        .filter(|fit| fit.converged)
        .ok_or_else(StataError::not_converged)?;
    let eta: Vec<f64> =
        (0..sample.y.len()).map(|i| z.iter().zip(&treatment.b).map(|(c, b)| c[i] * b).sum()).collect();
    let score: Vec<f64> = eta.iter().map(|e| link.probability(*e)).collect();
    let slope: Vec<f64> = eta.iter().map(|e| link.density(*e)).collect();
    // The effect on the treated needs a control for every treated row: only scores near one violate overlap.
    let checked: Vec<f64> = score.iter().map(|p| if choice.treated_only { p.max(0.5) } else { *p }).collect();
    overlap(session, call, &sample, &checked)?;
    let matching = Matching {
        y: &sample.y,
        treated: &sample.treated,
        distance: ScoreDistance(&score),
        exact: None,
        neighbours: choice.neighbours,
        caliper: choice.caliper,
        variance_neighbours: choice.variance_neighbours,
        line: Some(Line::new(&score, &sample.treated)),
    };
    let fit = match matching.fit(choice.treated_only, None) {
        Ok(fit) => fit,
        Err(error) => return no_match(session, call, &sample, error, "propensity-score"),
    };
    let change =
        matching.score_adjustment(choice.treated_only, fit.effect, &z, &score, &slope, &treatment.v_model);
    let variance = fit.variance + change;
    let covariates = without_constant(&sample.z);
    let texts = ["propensity-score matching", "matching", link_name(link), ""];
    let near = nearest(&matching.distance, &fit);
    post(session, call, command_line, sample, &choice, fit, variance, covariates, score, texts, &near)
}

/// `teffects nnmatch`.
pub(super) fn covariates(session: &mut Session, call: &Call, command_line: &str) -> Result<()> {
    let choice = choices(call)?;
    if !call.treatment.rest.is_empty() {
        return Err(StataError::invalid("teffects nnmatch has no covariates in the treatment equation"));
    }
    let exact_vars = match call.rest.options.text("ematch") {
        Some(list) => session.varlist(list)?,
        None => Vec::new(),
    };
    let bias_vars = match call.rest.options.text("biasadj") {
        Some(list) => session.varlist(list)?,
        None => Vec::new(),
    };
    let further: Vec<usize> = exact_vars.iter().chain(&bias_vars).copied().collect();
    let control = call.rest.options.real("control");
    let sample = model::sample(session, call, &VceSpec::Robust, control, &further)?;
    check_size(&sample)?;
    let covariates = without_constant(&sample.x);
    if covariates.names.is_empty() && exact_vars.is_empty() {
        return Err(StataError::new(102, "teffects nnmatch needs covariates"));
    }
    let metric = call.rest.options.text("metric").unwrap_or("mahalanobis").to_string();
    let scaled = scaled(&covariates, &metric)?;
    let mut exact: Option<Vec<u32>> = None;
    for variable in &exact_vars {
        let (own, count) = number_groups(&session.frame, *variable, &sample.rows);
        exact = Some(match exact {
            None => own,
            Some(before) => before.iter().zip(&own).map(|(a, b)| a * count as u32 + b).collect(),
        });
    }
    let matching = Matching {
        y: &sample.y,
        treated: &sample.treated,
        distance: CovariateDistance(&scaled),
        exact: exact.as_deref(),
        neighbours: choice.neighbours,
        caliper: choice.caliper,
        // nn() counts the other rows here, and the row itself among them after psmatch: logs of Stata show both
        variance_neighbours: choice.variance_neighbours + 1,
        line: None,
    };
    let predicted = bias_predictions(session, &sample, &matching, &bias_vars, choice.treated_only)?;
    let fit = match matching.fit(choice.treated_only, predicted.as_ref()) {
        Ok(fit) => fit,
        Err(error) => return no_match(session, call, &sample, error, "nearest-neighbor"),
    };
    let variance = fit.variance;
    let texts = ["nearest-neighbor matching", "matching", "none", metric.as_str()];
    let near = nearest(&matching.distance, &fit);
    post(session, call, command_line, sample, &choice, fit, variance, covariates, Vec::new(), texts, &near)
}

/// Covariates after the root of the scaling matrix: Mahalanobis (inverse covariance), inverse variance, none.
fn scaled(covariates: &Columns, metric: &str) -> Result<Vec<Vec<f64>>> {
    let k = covariates.names.len();
    let n = covariates.values.first().map_or(0, Vec::len);
    if k == 0 {
        return Ok(Vec::new());
    }
    let means: Vec<f64> = covariates.values.iter().map(|c| c.iter().sum::<f64>() / n as f64).collect();
    let covariance = Mat::from_fn(k, k, |a, b| {
        let (x, y) = (&covariates.values[a], &covariates.values[b]);
        (0..n).map(|i| (x[i] - means[a]) * (y[i] - means[b])).sum::<f64>() / (n as f64 - 1.0)
    });
    let root = match metric {
        "euclidean" => Mat::identity(k),
        "ivariance" => Mat::from_fn(k, k, |a, b| if a == b { 1.0 / covariance[(a, a)].sqrt() } else { 0.0 }),
        _ if !metric.is_empty() && "mahalanobis".starts_with(metric) => {
            let inverse = covariance
                .inverse_definite()
                .ok_or_else(|| StataError::new(459, "the covariance of the covariates is singular"))?;
            // distance' = root' (x - y), with root root' the inverse covariance
            inverse
                .cholesky()
                .ok_or_else(|| StataError::new(459, "the covariance of the covariates is singular"))?
                .transpose()
        }
        other => return Err(StataError::unsupported_option("teffects nnmatch", &format!("metric({other})"))),
    };
    Ok((0..k)
        .map(|a| (0..n).map(|i| (0..k).map(|b| root[(a, b)] * covariates.values[b][i]).sum()).collect())
        .collect())
}

/// Predictions of the outcome in each group from least squares over the matched rows of the group,
/// weighted by how often they are used (Abadie and Imbens 2011).
fn bias_predictions<D: Distance + Sync>(
    session: &Session,
    sample: &Sample,
    matching: &Matching<'_, D>,
    variables: &[usize],
    treated_only: bool,
) -> Result<Option<[Vec<f64>; 2]>> {
    if variables.is_empty() {
        return Ok(None);
    }
    let Ok(matches) = matching.matches(treated_only) else { return Ok(None) };
    let n = sample.y.len();
    let mut used = vec![0.0; n];
    for own in matches.iter().filter(|m| !m.is_empty()) {
        own.iter().for_each(|j| used[*j] += 1.0 / own.len() as f64);
    }
    let values: Vec<Vec<f64>> = variables
        .iter()
        .map(|v| sample.rows.iter().map(|r| session.frame.num_at(*v, *r)).collect())
        .collect();
    let mut out = [vec![0.0; n], vec![0.0; n]];
    for (group, predictions) in out.iter_mut().enumerate() {
        let own: Vec<usize> =
            (0..n).filter(|i| sample.treated[*i] == (group == 1) && used[*i] > 0.0).collect();
        if own.is_empty() {
            continue;
        }
        let pick = |c: &[f64]| -> Vec<f64> { own.iter().map(|i| c[*i]).collect() };
        let y = pick(&sample.y);
        let columns: Vec<Vec<f64>> = values.iter().map(|c| pick(c)).collect();
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let weights = estimators::weights::Weights {
            kind: estimators::weights::WeightKind::Analytic,
            values: own.iter().map(|i| used[*i]).collect(),
        };
        let fit = ols::fit(&Request { weights: Some(&weights), ..Request::new(&y, &slices) })
            .map_err(crate::estimation::display::fit_error)?;
        let kept = &fit.basis.kept;
        for (i, prediction) in predictions.iter_mut().enumerate() {
            *prediction = kept.iter().zip(&fit.b).map(|(k, b)| values[*k][i] * b).sum::<f64>()
                + fit.b.last().copied().unwrap_or(0.0);
        }
    }
    Ok(Some(out))
}
