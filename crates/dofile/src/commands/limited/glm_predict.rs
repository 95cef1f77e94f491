//! `predict` after `glm`: means, residuals, leverage and influence. Formulas: [R] glm postestimation; McCullagh and Nelder
//! (1989), chapters 2 and 12; Hardin and Hilbe (2018), chapter 4.

use super::parts::text;
use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::response_models::stored_link;
use crate::ops::glm;
use crate::ops::predict::{Prediction, add, design, new_names, outcome};
use crate::session::Session;
use crate::syntax::options::{OptSpec, parse_number};
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::jet::Jet;
use estimators::matrix::Mat;
use estimators::ml_glm::{Family, GlmLink};

/// Statistics and their labels.
const STATISTICS: &[(&str, &str)] = &[
    ("mu", "Predicted mean"),
    ("xb", "Linear prediction"),
    ("eta", "Linear prediction"),
    ("stdp", "S.E. of the prediction"),
    ("anscombe", "Anscombe residual"),
    ("cooksd", "Cook's distance"),
    ("deviance", "Deviance residual"),
    ("hat", "Diagonal of the hat matrix"),
    ("likelihood", "Likelihood residual"),
    ("pearson", "Pearson residual"),
    ("response", "Response residual"),
    ("score", "Score"),
    ("working", "Working residual"),
];

/// Options.
pub(super) const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Mu"),
    OptSpec::flag("xb"),
    OptSpec::flag("eta"),
    OptSpec::flag("stdp"),
    OptSpec::flag("Anscombe"),
    OptSpec::flag("Cooksd"),
    OptSpec::flag("Deviance"),
    OptSpec::flag("Hat"),
    OptSpec::flag("Likelihood"),
    OptSpec::flag("Pearson"),
    OptSpec::flag("Response"),
    OptSpec::flag("SCore"),
    OptSpec::flag("noOFFset"),
    OptSpec::flag("STAndardized"),
    OptSpec::flag("STUdentized"),
    OptSpec::flag("Working"),
])
.unsupported(&["ADJusted", "MODified"]);

/// One new variable.
pub(super) fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut asked = STATISTICS.iter().filter(|(name, _)| cmd.has(name));
    let found = asked.next();
    if asked.next().is_some() {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    let (statistic, label) = found.copied().unwrap_or(STATISTICS[0]);
    let residual =
        matches!(statistic, "anscombe" | "deviance" | "likelihood" | "pearson" | "response" | "working");
    if !residual && (cmd.has("standardized") || cmd.has("studentized")) {
        return Err(StataError::invalid("standardized and studentized are for residuals"));
    }
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let model = Fitted::read(session)?;
    if found.is_none() {
        session.print(format!("(option mu assumed; predicted mean {})", text(session, "depvar")));
    }
    let mut values = model.values(session, statistic, &rows, !cmd.has("nooffset"))?;
    if cmd.has("standardized") {
        let hat = model.values(session, "hat", &rows, true)?;
        pairwise(&mut values, &hat, |r, h| r / (1.0 - h).sqrt());
    }
    if cmd.has("studentized") {
        values.iter_mut().filter(|v| !is_missing(**v)).for_each(|v| *v /= model.scale.sqrt());
    }
    let label = if statistic == "mu" { format!("{label} {}", text(session, "depvar")) } else { label.into() };
    add(session, name, kind, &rows, Prediction { values, label })
}

fn pairwise(values: &mut [f64], other: &[f64], f: impl Fn(f64, f64) -> f64) {
    for (v, o) in values.iter_mut().zip(other) {
        *v = if is_missing(*v) || is_missing(*o) { MISSING } else { f(*v, *o) };
    }
}

/// The active model.
struct Fitted {
    parameters: Parameters,
    family: Family,
    link: GlmLink,
    /// Dispersion.
    scale: f64,
}

/// What the statistics of a row are made from.
struct Row {
    y: f64,
    mu: f64,
    trials: f64,
    /// Derivative of the mean in the index.
    slope: f64,
}

impl Fitted {
    fn read(session: &Session) -> Result<Self> {
        let (family, _) = glm::family(&text(session, "family"))?;
        let link = stored_link(session).ok_or_else(StataError::no_estimates)?;
        let scale = session.e.results.get_scalar("phi").unwrap_or(1.0);
        Ok(Self { parameters: Parameters::of(&session.e)?, family, link, scale })
    }

    fn values(&self, session: &Session, statistic: &str, rows: &[usize], offset: bool) -> Result<Vec<f64>> {
        let positions: Vec<usize> = (0..self.parameters.b.len()).collect();
        let columns = design(&session.frame, &self.parameters, &positions, rows)?;
        let one = |i: usize| -> Vec<f64> { columns.iter().map(|c| c[i]).collect() };
        let complete = |x: &[f64]| !x.iter().any(|v| is_missing(*v));
        let by_row = |f: &dyn Fn(&[f64]) -> f64| -> Vec<f64> {
            (0..rows.len()).map(one).map(|x| if complete(&x) { f(&x) } else { MISSING }).collect()
        };
        if statistic == "stdp" {
            return Ok(by_row(&|x| self.parameters.v.quadratic(x).max(0.0).sqrt()));
        }
        let mut index = by_row(&|x| x.iter().zip(&self.parameters.b).map(|(x, b)| x * b).sum());
        if let Some(shift) = evaluated(session, "offset", rows)?.filter(|_| offset) {
            pairwise(&mut index, &shift, |a, b| a + b);
        }
        if matches!(statistic, "xb" | "eta") {
            return Ok(index);
        }
        let trials = evaluated(session, "m", rows)?.unwrap_or_else(|| vec![1.0; rows.len()]);
        let at = |i: usize| -> Option<Row> {
            if is_missing(index[i]) || is_missing(trials[i]) {
                return None;
            }
            let mean = self.link.mean(Jet::<1>::variable(index[i], 0)) * trials[i];
            Some(Row { y: MISSING, mu: mean.v, trials: trials[i], slope: mean.g[0] })
        };
        if statistic == "mu" {
            return Ok((0..rows.len()).map(|i| at(i).map_or(MISSING, |r| r.mu)).collect());
        }
        let leverage = match statistic {
            "hat" | "cooksd" | "likelihood" => Some(self.inverse_information(session)?),
            _ => None,
        };
        self.refuse_scale(statistic)?;
        let y = self.outcomes(session, rows, &trials)?;
        let k = positions.iter().filter(|p| self.parameters.v[(**p, **p)] > 0.0).count() as f64;
        Ok((0..rows.len())
            .map(|i| {
                let Some(row) = at(i) else { return MISSING };
                let row = Row { y: y[i], ..row };
                // Real Stata leaves the weight of the row out, whatever its kind.
                let hat = leverage
                    .as_ref()
                    .map_or(0.0, |inverse| self.information(&row) * inverse.quadratic(&one(i)));
                match statistic {
                    "hat" => hat,
                    _ if is_missing(row.y) => MISSING,
                    "cooksd" => self.pearson(&row).powi(2) * hat / (k * (1.0 - hat).powi(2)),
                    "likelihood" => {
                        let square =
                            self.deviance(&row).powi(2) + hat * self.pearson(&row).powi(2) / (1.0 - hat);
                        square.sqrt().copysign(row.y - row.mu)
                    }
                    _ => self.residual(statistic, &row),
                }
            })
            .collect())
    }

    /// Scores and distances are the same under every convention for the dispersion only where it is one.
    fn refuse_scale(&self, statistic: &str) -> Result<()> {
        if matches!(statistic, "score" | "cooksd") && self.scale != 1.0 {
            let what = format!("{statistic} with an estimated dispersion");
            return Err(StataError::unsupported_option("predict", &what));
        }
        Ok(())
    }

    /// Outcomes as `glm` reads them: shares and indicators for one trial.
    fn outcomes(&self, session: &Session, rows: &[usize], trials: &[f64]) -> Result<Vec<f64>> {
        let mut y = outcome(session, rows)?;
        if self.family == Family::Binomial && text(session, "m").is_empty() {
            for (y, _) in y.iter_mut().zip(trials).filter(|(y, _)| !is_missing(**y)) {
                if !(0.0..=1.0).contains(y) {
                    *y = f64::from(u8::from(*y != 0.0));
                }
            }
        }
        Ok(y)
    }

    /// Expected information of a row in its index.
    fn information(&self, row: &Row) -> f64 {
        row.slope * row.slope / self.family.variance(row.mu, row.trials)
    }

    /// `e(V)` with dispersion one, where it is the inverse of the expected information: with the canonical link, where the
    /// observed information is the expected one. It holds the constraints of the fit.
    fn stored_inverse(&self, session: &Session) -> Option<Mat> {
        let model_based = matches!(session.e.results.get_text("vce"), Some("oim" | "eim"));
        let canonical = !matches!(self.family, Family::NegativeBinomial(_))
            && glm::link(self.family, None).is_ok_and(|link| link == self.link);
        (model_based && canonical).then(|| self.parameters.v.clone().scaled(1.0 / self.scale))
    }

    /// Inverse of the expected information of the sample in the estimated parameters, with dispersion one.
    fn inverse_information(&self, session: &Session) -> Result<Mat> {
        let sample = session.required_estimation_sample()?;
        let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
        let positions: Vec<usize> = (0..self.parameters.b.len()).collect();
        let columns = design(&session.frame, &self.parameters, &positions, &rows)?;
        let index = self.values(session, "xb", &rows, true)?;
        let trials = evaluated(session, "m", &rows)?.unwrap_or_else(|| vec![1.0; rows.len()]);
        if let Some(v) = self.stored_inverse(session) {
            return Ok(v);
        }
        let weights = prior_weights(session, &rows)?;
        let w: Vec<f64> = (0..rows.len())
            .map(|i| {
                let mean = self.link.mean(Jet::<1>::variable(index[i], 0)) * trials[i];
                let row = Row { y: MISSING, mu: mean.v, trials: trials[i], slope: mean.g[0] };
                weights[i] * self.information(&row)
            })
            .collect();
        let cross = Mat::from_fn(positions.len(), positions.len(), |a, b| {
            estimators::real::stable_sum((0..rows.len()).map(|i| w[i] * columns[a][i] * columns[b][i]))
        });
        Ok(cross.inverse_semidefinite(1e-14).0)
    }

    fn pearson(&self, row: &Row) -> f64 {
        (row.y - row.mu) / self.family.variance(row.mu, row.trials).sqrt()
    }

    fn deviance(&self, row: &Row) -> f64 {
        self.family.deviance(row.y, row.mu, row.trials).max(0.0).sqrt().copysign(row.y - row.mu)
    }

    fn residual(&self, statistic: &str, row: &Row) -> f64 {
        match statistic {
            "response" => row.y - row.mu,
            "pearson" => self.pearson(row),
            "deviance" => self.deviance(row),
            "anscombe" => self.family.anscombe(row.y, row.mu, row.trials),
            "working" => (row.y - row.mu) / row.slope,
            "score" => (row.y - row.mu) * row.slope / self.family.variance(row.mu, row.trials),
            _ => MISSING,
        }
    }
}

/// A number, variable or expression that the model keeps under a name of `e()`, on rows.
fn evaluated(session: &Session, name: &str, rows: &[usize]) -> Result<Option<Vec<f64>>> {
    let stored = text(session, name);
    if stored.is_empty() {
        return Ok(None);
    }
    if let Some(number) = parse_number(&stored) {
        return Ok(Some(vec![number; rows.len()]));
    }
    let compiled = session.compile(&stored)?;
    let ctx = session.ctx();
    Ok(Some(rows.iter().map(|r| compiled.num(&ctx, *r)).collect()))
}

/// Weights that multiply the information of a row; those of analytic weights sum to the number of rows.
fn prior_weights(session: &Session, rows: &[usize]) -> Result<Vec<f64>> {
    let Some(exp) = session.e.results.get_text("wexp") else { return Ok(vec![1.0; rows.len()]) };
    let compiled = session.compile(exp.trim_start_matches('=').trim())?;
    let ctx = session.ctx();
    let plain: Vec<f64> = rows.iter().map(|r| compiled.num(&ctx, *r)).collect();
    if session.e.results.get_text("wtype") != Some("aweight") {
        return Ok(plain);
    }
    let sample = session.estimation_sample().map_or_else(Vec::new, |s| s.to_vec());
    let used = || (0..sample.len()).filter(|i| sample[*i]).map(|i| compiled.num(&ctx, i));
    let scale = used().count() as f64 / estimators::real::stable_sum(used());
    Ok(plain.into_iter().map(|w| if is_missing(w) { MISSING } else { w * scale }).collect())
}
