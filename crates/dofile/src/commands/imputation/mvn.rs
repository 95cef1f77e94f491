//! `mi impute mvn`: several continuous variables together, by data augmentation under a multivariate normal regression
//! ([MI] mi impute mvn; Schafer 1997). Numbers: `estimators::normal_augmentation`.

use super::data::{put_together, take_apart};
use super::impute::{Rows, counts, numbers, put, seed};
use super::methods::{normal, random};
use crate::error::{Result, StataError};
use crate::estimation::post::note_omitted;
use crate::estimation::sample::Side;
use crate::format;
use crate::frame::Frame;
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::{FvList, OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::matrix::Mat;
use estimators::normal_augmentation::{EmFit, Incomplete, Random};
use estimators::stacked::{Centred, uncentred};

const OPTIONS: &[OptSpec] = &[
    OptSpec::int("add"),
    OptSpec::flag("replace"),
    OptSpec::text("RSEED"),
    OptSpec::int("BURNIN"),
    OptSpec::int("BURNBetween"),
    OptSpec::text("PRIor"),
    OptSpec::flag("noCONStant"),
    OptSpec::flag("EMONLY"),
    OptSpec::flag("noLOG"),
    OptSpec::flag("DOTS"),
    OptSpec::flag("noLEGend"),
];

const UNSUPPORTED: &[&str] = &[
    "DOUBLE",
    "by",
    "noUPDATE",
    "force",
    "MCMCONLY",
    "INITMCMC",
    "WLFwgt",
    "SAVEWlf",
    "SAVEPtrace",
    "EMLOG",
    "EMOUTput",
    "MCMCDOTS",
    "ALLDOTS",
    "noEMLOG",
];

/// Most steps of the EM algorithm and the relative change at which it ends.
const EM: (usize, f64) = (20_000, 1e-11);

/// The engine's random numbers.
struct Draws<'a>(&'a Session);

impl Random for Draws<'_> {
    fn normal(&mut self) -> f64 {
        normal(self.0)
    }

    fn chi2(&mut self, df: f64) -> f64 {
        random(self.0, "rchi2", &[df])
    }
}

/// The sample of an imputation.
struct Sample {
    /// Variables that are imputed, all with missing values.
    targets: Vec<String>,
    rows: Vec<Rows>,
    /// Rows of the sample.
    used: Vec<usize>,
    /// Outcomes, not-a-number where they are missing.
    y: Vec<Vec<f64>>,
    /// Predictors, the constant last.
    x: Vec<Vec<f64>>,
    names: Vec<String>,
}

impl Sample {
    /// Number of rows in which all variables are missing.
    fn without_values(&self) -> usize {
        (0..self.used.len()).filter(|i| self.y.iter().all(|c| c[*i].is_nan())).count()
    }
}

/// The parameter of the prior distribution of the covariance: uniform, or that of Jeffreys.
fn prior(cmd: &ParsedCommand, outcomes: usize) -> Result<(f64, &'static str)> {
    match cmd.options.text("prior").map_or("uniform", str::trim) {
        text if !text.is_empty() && "uniform".starts_with(text) => Ok((-(outcomes as f64) - 1.0, "uniform")),
        text if !text.is_empty() && "jeffreys".starts_with(text) => Ok((0.0, "jeffreys")),
        text => Err(StataError::unsupported_option("mi impute mvn", &format!("prior({text})"))),
    }
}

fn count(cmd: &ParsedCommand, option: &str, least: i64) -> Result<usize> {
    let n = cmd.options.int(option).unwrap_or(100);
    if n < least {
        return Err(StataError::invalid(format!("option {option}() incorrectly specified")));
    }
    Ok(n as usize)
}

pub(super) fn run(s: &mut Session, rest: &str) -> Result<()> {
    let (settings, mut all) = take_apart(&s.frame)?;
    let mut cmd = ParsedCommand::split("mi impute mvn", rest, true)?;
    cmd.check_options(OPTIONS, UNSUPPORTED)?;
    if cmd.weight.is_some() || cmd.using.is_some() {
        return Err(StataError::syntax());
    }
    seed(s, &cmd.options)?;
    let burn = (count(&cmd, "burnin", 0)?, count(&cmd, "burnbetween", 1)?);
    let before = std::mem::replace(&mut s.frame, all[0].clone());
    let read = sample(s, &cmd, &settings.imputed);
    s.frame = before;
    let sample = read?;
    let (lambda, prior) = prior(&cmd, sample.targets.len())?;
    let columns: Vec<&[f64]> = sample.x.iter().map(Vec::as_slice).collect();
    let centred = Centred::of(&columns);
    let kernel = Incomplete { y: sample.y.iter().map(Vec::as_slice).collect(), x: centred.slices() };
    s.print("");
    s.print("Performing EM optimization:");
    let failed = || StataError::new(430, "the EM algorithm did not reach parameters: too few values");
    let em = kernel.em(EM.0, EM.1).ok_or_else(failed)?;
    let empty = sample.without_values();
    if empty > 0 {
        s.print(format!("note: {empty} observations omitted from EM estimation because of all imputation"));
        s.print("      variables missing");
    }
    let ll = format::bare("%10.0g", em.ll);
    s.print(format!("  Observed log likelihood = {ll} at iteration {}", em.iterations));
    if cmd.has("emonly") {
        s.r.clear();
        store(s, &sample, &em, &centred);
        s.r.scalar("emonly", 1.0).text("method", "mvn");
        return Ok(());
    }
    let (first, last) = numbers(&cmd.options, settings.m)?;
    s.room_for((last * all[0].n_rows()) as f64, 8.0 * all[0].n_vars() as f64)?;
    for _ in settings.m + 1..=last {
        all.push(all[0].clone());
    }
    s.print("");
    s.print("Performing MCMC data augmentation ...");
    let mut drawn: Vec<Vec<Vec<f64>>> = Vec::new();
    let wanted = last - first + 1;
    let mut keep = |filled: &[Vec<f64>]| {
        drawn.push(filled.to_vec());
        drawn.len() < wanted
    };
    let chain = kernel.augment(&em.parameters, lambda, burn, &mut Draws(s), &mut keep);
    chain.ok_or_else(|| StataError::new(498, "a drawn covariance is not positive definite: too few rows"))?;
    let before = std::mem::take(&mut s.frame);
    for (one, filled) in all[first..=last].iter_mut().zip(&drawn) {
        if let Err(error) = write(s, one, &sample, filled) {
            s.frame = before;
            return Err(error);
        }
    }
    s.frame = put_together(&settings, &all)?;
    let (added, updated) = if first > settings.m { (wanted, 0) } else { (0, settings.m) };
    report(s, &sample, prior, burn, (first, last, last.max(settings.m), added, updated));
    store(s, &sample, &em, &centred);
    s.r.scalar("burnin", burn.0 as f64).scalar("burnbetween", burn.1 as f64).scalar("emonly", 0.0);
    s.r.scalar("df_prior", lambda).text("prior", prior);
    Ok(())
}

/// Reads the variables in the original data, which are in memory.
fn sample(s: &mut Session, cmd: &ParsedCommand, imputed: &[String]) -> Result<Sample> {
    let mut touse = s.rows(cmd)?;
    let mut predictors = cmd.exp.clone().unwrap_or_default();
    let (mut targets, mut rows) = (Vec::new(), Vec::new());
    let variables = s.varlist(&cmd.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    for v in &variables {
        let name = s.frame.var(*v).name.clone();
        if !imputed.contains(&name) {
            let text = format!("variable {name} must be registered as imputed; see mi register");
            return Err(StataError::new(459, text));
        }
        // values such as .a are not imputed
        for (row, own) in touse.iter_mut().enumerate() {
            let x = s.frame.num_at(*v, row);
            *own &= !is_missing(x) || x == MISSING;
        }
    }
    for v in &variables {
        let name = s.frame.var(*v).name.clone();
        let gaps = (0..touse.len()).any(|row| touse[row] && s.frame.num_at(*v, row) == MISSING);
        if gaps {
            targets.push(name);
        } else {
            s.print(format!("note: variable {name} contains no soft missing (.) values; imputing nothing."));
            predictors.push_str(&format!(" {name}"));
        }
    }
    if targets.is_empty() {
        return Err(StataError::new(459, "no variable has missing values to impute"));
    }
    let list = FvList::parse(&s.frame, &predictors, s.settings.varabbrev)?;
    list.markout(&s.frame, &mut touse)?;
    let constant = !cmd.has("noconstant");
    let (side, omitted) = Side::build(s, &list, &touse, constant)?;
    note_omitted(s, &omitted);
    let used = side.design.rows.clone();
    let mut x: Vec<Vec<f64>> = side.columns().into_iter().map(<[f64]>::to_vec).collect();
    let mut names: Vec<String> =
        side.design.active().into_iter().map(|i| side.design.terms[i].name()).collect();
    if constant {
        x.push(vec![1.0; used.len()]);
        names.push("_cons".to_string());
    }
    if x.is_empty() {
        return Err(StataError::new(102, "noconstant requires predictors"));
    }
    let mut y = Vec::new();
    for name in &targets {
        let v = s.frame.position(name)?;
        let value = |r: &usize| s.frame.num_at(v, *r);
        y.push(used.iter().map(|r| if is_missing(value(r)) { f64::NAN } else { value(r) }).collect());
        let observed = (0..touse.len()).map(|r| touse[r] && !is_missing(value(&r))).collect();
        let missing = used.iter().copied().filter(|r| is_missing(value(r))).collect();
        rows.push(Rows { observed, missing });
    }
    Ok(Sample { targets, rows, used, y, x, names })
}

/// Writes the completed values of one imputation into its data.
fn write(s: &mut Session, data: &mut Frame, sample: &Sample, filled: &[Vec<f64>]) -> Result<()> {
    s.frame = std::mem::take(data);
    let mut done = Ok(());
    for (k, name) in sample.targets.iter().enumerate() {
        let missing = &sample.rows[k].missing;
        let values: Vec<f64> =
            missing.iter().map(|r| filled[k][sample.used.partition_point(|own| own < r)]).collect();
        done = done.and_then(|()| put(s, name, missing, &values));
    }
    *data = std::mem::take(&mut s.frame);
    done
}

fn report(
    s: &mut Session,
    sample: &Sample,
    prior: &str,
    (burnin, between): (usize, usize),
    (first, last, all, added, updated): (usize, usize, usize, usize, usize),
) {
    let line = |left: String, what: &str, n: usize| format!("{left:<48}{what:>12} = {n:>8}");
    s.print("");
    s.print(line("Multivariate imputation".to_string(), "Imputations", all));
    s.print(line("Multivariate normal regression".to_string(), "added", added));
    s.print(line(format!("Imputed: m={first} through m={last}"), "updated", updated));
    s.print("");
    s.print(line(format!("Prior: {prior}"), "Iterations", burnin + (last - first) * between));
    s.print(line(String::new(), "burn-in", burnin));
    s.print(line(String::new(), "between", between));
    counts(s, &sample.targets, &sample.rows, "mvn", (all, added, updated));
}

/// Stores the estimates of the EM algorithm.
fn store(s: &mut Session, sample: &Sample, em: &EmFit, centred: &Centred) {
    let (p, q) = (sample.targets.len(), sample.names.len());
    let outcomes: Vec<Stripe> = sample.targets.iter().map(|t| Stripe::term(t.clone())).collect();
    let regressors: Vec<Stripe> = sample.names.iter().map(|t| Stripe::term(t.clone())).collect();
    let mut beta = Matrix::new(q, p, vec![0.0; q * p]);
    for j in 0..p {
        let own: Vec<f64> = (0..q).map(|k| em.parameters.beta[(k, j)]).collect();
        let (b, _) = uncentred(&own, &Mat::zeros(q, q), &[(0, centred)]);
        b.iter().enumerate().for_each(|(k, b)| beta.set(k, j, *b));
    }
    (beta.row_names, beta.col_names) = (regressors, outcomes.clone());
    let n = sample.used.len() as f64;
    let empty = sample.without_values() as f64;
    s.r.matrix("Beta_em", beta);
    s.r.matrix("Sigma_em", Matrix::square(em.parameters.sigma.data().to_vec(), outcomes));
    s.r.scalar("llobs_em", em.ll).scalar("niter_em", em.iterations as f64);
    s.r.scalar("converged_em", f64::from(u8::from(em.converged)));
    s.r.scalar("N_em", n - empty).scalar("N_mis_em", empty).scalar("k_ivars", p as f64);
    s.r.text("ivars", sample.targets.join(" "));
}
