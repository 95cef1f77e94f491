//! What the commands of this family read from the active estimates: the kind of model, its outcomes, its regressors and
//! predictions with their derivatives by way of `margins`.

use crate::error::{Result, StataError};
use crate::estimation::contrast_terms::weights_of_estimation;
use crate::estimation::factors::{factors, variables};
use crate::estimation::linear::Parameters;
use crate::format;
use crate::matrix::Matrix;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::value::MISSING;
use estimators::descriptive::Sample;
use estimators::weights::WeightKind;

/// Kinds of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Linear,
    Binary,
    Ordered,
    Nominal,
    Count,
}

/// The model of the active estimates.
pub(super) struct Model {
    pub(super) command: String,
    pub(super) kind: Kind,
    pub(super) outcome: String,
    pub(super) parameters: Parameters,
    /// Rows of the estimation sample.
    pub(super) rows: Vec<usize>,
    /// Weights of the rows.
    pub(super) weights: Vec<f64>,
    /// Kind of the weights as summaries know them.
    pub(super) weight_kind: Option<WeightKind>,
    /// Values of the outcome, ascending; empty for counts and linear models.
    pub(super) values: Vec<f64>,
    /// Degrees of freedom of t.
    pub(super) df: Option<f64>,
}

impl Model {
    /// Reads the active estimates; r(301) without, r(322) after a command that `who` does not know.
    pub(super) fn of(s: &Session, who: &str) -> Result<Self> {
        let parameters = Parameters::of(&s.e)?;
        let command = s.e.cmd().to_string();
        let kind = match command.as_str() {
            "regress" => Kind::Linear,
            "logit" | "logistic" | "probit" | "cloglog" => Kind::Binary,
            "ologit" | "oprobit" => Kind::Ordered,
            "mlogit" => Kind::Nominal,
            "poisson" | "nbreg" => Kind::Count,
            other => {
                return Err(StataError::new(
                    322,
                    format!("{who} after {other} is not supported by the open engine"),
                ));
            }
        };
        let sample = s.required_estimation_sample()?;
        let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
        let weights = weights_of_estimation(s, &rows)?;
        let outcome = s.e.results.get_text("depvar").unwrap_or("").to_string();
        let mut values = Vec::new();
        if matches!(kind, Kind::Binary | Kind::Ordered | Kind::Nominal) {
            values = crate::ops::predict::outcome(s, &rows)?;
            if kind == Kind::Binary {
                values.iter_mut().for_each(|y| *y = f64::from(u8::from(*y != 0.0)));
            }
            values.sort_by(f64::total_cmp);
            values.dedup();
        }
        let weight_kind = s.e.results.get_text("wtype").map(|kind| match kind {
            "fweight" => WeightKind::Frequency,
            _ => WeightKind::Analytic,
        });
        let df = s.e.results.get_scalar("df_r").filter(|_| kind == Kind::Linear);
        Ok(Self { command, kind, outcome, parameters, rows, weights, weight_kind, values, df })
    }

    /// Name of a value of the outcome: its label or the number.
    pub(super) fn value_name(&self, s: &Session, value: f64) -> String {
        let label = s.frame.find(&self.outcome).and_then(|v| s.frame.labels_of(v)?.get(value));
        label.map_or_else(|| format::bare("%9.0g", value).trim().to_string(), str::to_string)
    }

    /// Values of a variable or term on the rows with the weights.
    pub(super) fn sample(&self, values: &[f64]) -> Sample {
        let pairs = values.iter().copied().zip(self.weights.iter().copied());
        Sample::new(pairs, self.weight_kind)
    }

    /// Two-sided p-value of an estimate.
    pub(super) fn p_value(&self, estimate: f64, se: f64) -> f64 {
        if se > 0.0 { estimators::wald::p_value(estimate / se, self.df) } else { MISSING }
    }

    /// Quantile for intervals of a level in percent.
    pub(super) fn critical(&self, level: f64) -> f64 {
        estimators::wald::critical(level, self.df)
    }

    /// The levels of a variable that the model has as a factor.
    pub(super) fn levels(&self, name: &str) -> Option<Vec<i64>> {
        factors(&self.parameters).into_iter().find(|f| f.name == name).map(|f| f.levels)
    }

    /// The regressors that are variables of the data, in the order of the model.
    pub(super) fn regressors(&self) -> Vec<String> {
        variables(&self.parameters).into_iter().filter(|v| v != "_cons").collect()
    }

    /// The variables of a list, or all regressors; r(198) for one that the model has not.
    pub(super) fn chosen(&self, s: &Session, list: &str) -> Result<Vec<String>> {
        let all = self.regressors();
        if list.trim().is_empty() {
            return Ok(all);
        }
        let mut out = Vec::new();
        for v in s.varlist(list)? {
            let name = s.frame.var(v).name.clone();
            if !all.contains(&name) {
                return Err(StataError::new(198, format!("{name} is not a regressor of the model")));
            }
            out.push(name);
        }
        Ok(out)
    }

    /// Columns of results that `margins` gives for the model.
    pub(super) fn predictions(&self) -> usize {
        if matches!(self.kind, Kind::Ordered | Kind::Nominal) { self.values.len() } else { 1 }
    }
}

/// Estimates of `margins` with their covariance.
pub(super) struct Margins {
    pub(super) b: Vec<f64>,
    pub(super) v: Matrix,
    pub(super) jacobian: Matrix,
    pub(super) at: Option<Matrix>,
    pub(super) n: f64,
    pub(super) label: String,
}

impl Margins {
    /// Runs `margins` and reads its results.
    pub(super) fn run(s: &mut Session, arguments: &str) -> Result<Self> {
        quietly(s, &format!("margins {arguments}"))?;
        let matrix = |name: &str| {
            let found = s.r.matrices.get(name).cloned();
            found.ok_or_else(|| StataError::new(498, "margins gave no results"))
        };
        Ok(Self {
            b: matrix("b")?.values().to_vec(),
            v: matrix("V")?,
            jacobian: matrix("Jacobian")?,
            at: s.r.matrices.get("at").cloned(),
            n: s.r.get_scalar("N").unwrap_or(f64::NAN),
            label: s.r.get_text("predict_label").unwrap_or("Linear prediction").to_string(),
        })
    }

    /// Standard error of an estimate.
    pub(super) fn se(&self, i: usize) -> f64 {
        self.v.get(i, i).max(0.0).sqrt()
    }

    /// A difference of two estimates and its standard error.
    pub(super) fn difference(&self, to: usize, from: usize) -> (f64, f64) {
        let v = self.v.get(to, to) + self.v.get(from, from) - 2.0 * self.v.get(to, from);
        (self.b[to] - self.b[from], v.max(0.0).sqrt())
    }
}

/// A prediction of the active estimates on the rows of the model.
pub(super) fn predicted(s: &mut Session, model: &Model, options: &str) -> Result<Vec<f64>> {
    let mut name = "__spost".to_string();
    while s.frame.find(&name).is_some() {
        name.push('_');
    }
    quietly(s, &format!("predict double {name}{options}"))?;
    let v = s.variable(&name)?;
    let values = model.rows.iter().map(|r| s.frame.num_at(v, *r)).collect();
    s.frame.drop_vars(&[v]);
    Ok(values)
}

/// `if` and `in` of a command as text.
pub(super) fn selection(cmd: &crate::syntax::ParsedCommand) -> String {
    let mut out = String::new();
    if let Some(text) = &cmd.if_exp {
        out.push_str(&format!(" if {text}"));
    }
    if let Some(text) = &cmd.in_range {
        out.push_str(&format!(" in {text}"));
    }
    out
}
