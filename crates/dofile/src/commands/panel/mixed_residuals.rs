//! The option `residuals()` of `mixed`: its text, the parameters of the residual covariance and their lines in the table
//! of variances ([ME] mixed).

use super::mixed_levels::values;
use super::mixed_post::Line;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters as Stored;
use crate::format;
use crate::matrix::Matrix;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::front_and_options;
use estimators::mixed_residuals::{Correlation, Residual};

/// The option as written.
pub(super) struct Asked {
    correlation: Correlation,
    time: Option<usize>,
    by: Option<usize>,
}

/// The residual covariance of a sample.
pub(super) struct Built {
    /// For the kernel.
    pub(super) form: Option<Residual>,
    correlation: Correlation,
    labels: Vec<String>,
    times: Vec<f64>,
    time: Option<String>,
    by: Option<String>,
}

fn label(correlation: Correlation) -> (&'static str, &'static str) {
    match correlation {
        Correlation::Independent => ("independent", "Independent"),
        Correlation::Autoregressive => ("ar", "AR(1)"),
        Correlation::Exchangeable => ("exchangeable", "Exchangeable"),
        Correlation::Unstructured => ("unstructured", "Unstructured"),
    }
}

impl Asked {
    pub(super) fn parse(session: &Session, text: &str) -> Result<Self> {
        let (kind, tail) = front_and_options(text);
        let refused = || StataError::unsupported_option("mixed", &format!("residuals({kind})"));
        let options = Options::parse("mixed", tail, &[OptSpec::text("t"), OptSpec::text("by")], &[])?;
        let (word, order) = kind.split_once(char::is_whitespace).unwrap_or((kind, ""));
        let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
        let correlation = if is("independent", 3) {
            Correlation::Independent
        } else if word == "ar" && matches!(order.trim(), "" | "1") {
            Correlation::Autoregressive
        } else if is("exchangeable", 2) {
            Correlation::Exchangeable
        } else if is("unstructured", 2) {
            Correlation::Unstructured
        } else {
            return Err(refused());
        };
        if word != "ar" && !order.trim().is_empty() {
            return Err(StataError::invalid(format!("invalid residuals({kind})")));
        }
        let timed = matches!(correlation, Correlation::Autoregressive | Correlation::Unstructured);
        if timed && !options.has("t") {
            return Err(StataError::new(198, format!("residuals({kind}) requires suboption t()")));
        }
        if !timed && options.has("t") {
            return Err(StataError::invalid(format!("t() not allowed with residuals({kind})")));
        }
        if correlation == Correlation::Unstructured && options.has("by") {
            return Err(StataError::unsupported_option("mixed", "residuals(unstructured, by())"));
        }
        let time = options.text("t").map(|v| session.numeric_variable(v)).transpose()?;
        let by = options.text("by").map(|v| session.numeric_variable(v)).transpose()?;
        Ok(Self { correlation, time, by })
    }

    /// Variables whose missing values leave the sample.
    pub(super) fn variables(&self) -> Vec<usize> {
        self.time.into_iter().chain(self.by).collect()
    }

    /// The covariance in the rows of a sample with these groups of the lowest level.
    pub(super) fn build(self, session: &Session, rows: &[usize], groups: &[Vec<usize>]) -> Result<Built> {
        let distinct = |column: &[f64]| {
            let mut all = column.to_vec();
            all.sort_by(f64::total_cmp);
            all.dedup();
            all
        };
        let number = |of: &[f64], value: f64| of.partition_point(|v| *v < value);
        let by = self.by.map(|v| values(session, v, rows));
        let strata = by.as_deref().map(distinct).unwrap_or_else(|| vec![0.0]);
        let stratum: Vec<usize> = match &by {
            Some(column) => column.iter().map(|v| number(&strata, *v)).collect(),
            None => vec![0; rows.len()],
        };
        let constant = |group: &Vec<usize>| group.iter().all(|i| stratum[*i] == stratum[group[0]]);
        if self.correlation != Correlation::Independent && !groups.iter().all(constant) {
            return Err(StataError::new(
                459,
                "by() variable must be constant within the lowest-level groups",
            ));
        }
        let mut time = self.time.map_or_else(|| vec![0.0; rows.len()], |v| values(session, v, rows));
        let times = distinct(&time);
        if self.time.is_some() {
            for group in groups {
                let own: Vec<f64> = group.iter().map(|i| time[*i]).collect();
                if distinct(&own).len() < own.len() {
                    return Err(StataError::new(451, "repeated time values within panel"));
                }
            }
        }
        if self.correlation == Correlation::Autoregressive && times.iter().any(|t| t.fract() != 0.0) {
            return Err(StataError::new(459, "time variable must be integer valued"));
        }
        if self.correlation == Correlation::Unstructured {
            time.iter_mut().for_each(|t| *t = number(&times, *t) as f64);
        }
        let name = |v: usize| session.frame.var(v).name.clone();
        let labels = match (self.by, &by) {
            (Some(v), Some(column)) => strata
                .iter()
                .map(|s| {
                    let at = column.iter().position(|c| c == s).unwrap_or(0);
                    session.cell_text(v, rows[at], false).trim().to_string()
                })
                .collect(),
            _ => vec![String::new()],
        };
        Ok(Built {
            form: Some(Residual {
                correlation: self.correlation,
                stratum,
                strata: strata.len(),
                time,
                times: times.len(),
            }),
            correlation: self.correlation,
            labels,
            times: if self.time.is_some() { times } else { Vec::new() },
            time: self.time.map(name),
            by: self.by.map(name),
        })
    }
}

impl Built {
    /// Names of the parameters in the order of the kernel.
    pub(super) fn names(&self) -> Vec<String> {
        if self.correlation == Correlation::Unstructured {
            let count = self.times.len();
            let mut out: Vec<String> = (2..=count).map(|i| format!("r_lns{i}ose")).collect();
            for i in 1..=count {
                out.extend((i + 1..=count).map(|j| format!("r_atr{i}_{j}")));
            }
            return out;
        }
        let correlated = self.correlation != Correlation::Independent;
        (1..=self.labels.len())
            .flat_map(|s| {
                let ratio = (s > 1).then(|| format!("r_lns{s}ose"));
                ratio.into_iter().chain(correlated.then(|| format!("r_atr{s}")))
            })
            .collect()
    }
}

/// Stores what is said about the residual covariance.
pub(super) fn store_structure(results: &mut Results, residual: Option<&Built>) {
    let correlation = residual.map_or(Correlation::Independent, |r| r.correlation);
    let (short, long) = label(correlation);
    results.text("rstructure", short).text("rstructlab", long);
    results.scalar("nrgroups", residual.map_or(1.0, |r| r.labels.len() as f64));
    let Some(residual) = residual else { return };
    if correlation == Correlation::Autoregressive {
        results.scalar("ar_p", 1.0);
    }
    if let Some(time) = &residual.time {
        results.text("timevar", time);
        results.matrix("tmap", Matrix::new(1, residual.times.len(), residual.times.clone()));
    }
    if let Some(by) = &residual.by {
        results.text("rbyvar", by);
        let quoted: Vec<String> = residual.labels.iter().map(|l| format!("\"{l}\"")).collect();
        results.text("rglabels", quoted.join(" "));
    }
}

/// A function of the parameters and its standard error from its gradient.
fn delta(stored: &Stored, value: f64, gradient: &[(usize, f64)]) -> (f64, f64) {
    let variance: f64 = gradient
        .iter()
        .map(|(i, g)| gradient.iter().map(|(j, h)| g * h * stored.v[(*i, *j)]).sum::<f64>())
        .sum();
    (value, variance.max(0.0).sqrt())
}

/// Makes the lines of the residual covariance.
struct Lines<'a> {
    stored: &'a Stored,
    /// Position of the log of the first standard deviation.
    base: usize,
    critical: f64,
    deviations: bool,
}

impl Lines<'_> {
    fn at(&self, eq: &str) -> Option<usize> {
        self.stored.stripe.iter().position(|s| s.eq == eq)
    }

    /// Positions of the parts of the log of the standard deviation number `k`.
    fn parts(&self, k: usize) -> Vec<usize> {
        let ratio = if k > 1 { self.at(&format!("r_lns{k}ose")) } else { None };
        [self.base].into_iter().chain(ratio).collect()
    }

    fn ln_sd(&self, k: usize) -> f64 {
        self.parts(k).iter().map(|p| self.stored.b[*p]).sum()
    }

    fn word(&self) -> &'static str {
        if self.deviations { "sd" } else { "var" }
    }

    /// A variance or standard deviation, with limits on the log scale.
    fn spread(&self, name: String, k: usize) -> Line {
        let power = if self.deviations { 1.0 } else { 2.0 };
        let gradient: Vec<(usize, f64)> = self.parts(k).into_iter().map(|p| (p, 1.0)).collect();
        let (log, se) = delta(self.stored, self.ln_sd(k), &gradient);
        let value = (power * log).exp();
        let limit = |sign: f64| (power * (log + sign * self.critical * se)).exp();
        (name, [value, power * value * se, limit(-1.0), limit(1.0)])
    }

    fn correlation(&self, name: String, position: usize) -> Line {
        let (a, se) = (self.stored.b[position], self.stored.v[(position, position)].sqrt());
        let (r, reach) = (a.tanh(), self.critical * se);
        (name, [r, (1.0 - r * r) * se, (a - reach).tanh(), (a + reach).tanh()])
    }

    /// A covariance, or with standard deviations the correlation, of the residuals of `pair`.
    fn association(&self, pair: &str, (i, j): (usize, usize), position: usize) -> Line {
        if self.deviations {
            return self.correlation(format!("corr({pair})"), position);
        }
        let r = self.stored.b[position].tanh();
        let scale = (self.ln_sd(i) + self.ln_sd(j)).exp();
        let mut gradient: Vec<(usize, f64)> =
            self.parts(i).into_iter().chain(self.parts(j)).map(|p| (p, r * scale)).collect();
        gradient.push((position, scale * (1.0 - r * r)));
        let (value, se) = delta(self.stored, r * scale, &gradient);
        let reach = self.critical * se;
        (format!("cov({pair})"), [value, se, value - reach, value + reach])
    }

    fn unstructured(&self, times: &[String]) -> Vec<Line> {
        let count = times.len();
        let mut out: Vec<Line> =
            (1..=count).map(|k| self.spread(format!("{}(e{})", self.word(), times[k - 1]), k)).collect();
        for i in 1..=count {
            for j in i + 1..=count {
                if let Some(position) = self.at(&format!("r_atr{i}_{j}")) {
                    let pair = format!("e{},e{}", times[i - 1], times[j - 1]);
                    out.push(self.association(&pair, (i, j), position));
                }
            }
        }
        out
    }

    /// The lines of stratum `k`, which `own` names.
    fn stratum(&self, own: &str, k: usize, autoregressive: bool) -> Vec<Line> {
        let spread = self.spread(format!("{own}{}(e)", self.word()), k);
        match self.at(&format!("r_atr{k}")) {
            Some(position) if autoregressive => {
                vec![self.correlation(format!("{own}rho"), position), spread]
            }
            Some(position) => {
                let (name, row) = self.association("e", (k, k), position);
                vec![spread, (format!("{own}{name}"), row)]
            }
            None => vec![spread],
        }
    }
}

/// The lines of the residual covariance in the table of variances.
pub(super) fn residual_lines(
    session: &Session,
    stored: &Stored,
    critical: f64,
    deviations: bool,
) -> Vec<Line> {
    let results = &session.e.results;
    let Some(base) = stored.stripe.iter().position(|s| s.eq == "lnsig_e") else { return Vec::new() };
    let lines = Lines { stored, base, critical, deviations };
    let structure = results.get_text("rstructure").unwrap_or("");
    if structure == "unstructured" {
        let cells = results.matrices.get("tmap").map(|m| m.values().to_vec()).unwrap_or_default();
        let times: Vec<String> = cells.iter().map(|t| format::bare("%9.0g", *t).trim().to_string()).collect();
        return lines.unstructured(&times);
    }
    let strata = results.get_scalar("nrgroups").unwrap_or(1.0) as usize;
    let labels: Vec<&str> = results
        .get_text("rglabels")
        .map(|t| t.split('"').map(str::trim).filter(|l| !l.is_empty()).collect())
        .unwrap_or_default();
    (1..=strata)
        .flat_map(|k| {
            let own = labels.get(k - 1).map(|l| format!("{}: ", format::abbrev(l, 12))).unwrap_or_default();
            lines.stratum(&own, k, structure == "ar")
        })
        .collect()
}
