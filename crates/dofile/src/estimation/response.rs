//! Predictions as functions of the linear indices of a model, with first and second derivatives:
//! what `margins` averages and differentiates.

use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters};
use crate::estimation::response_shapes::{multinomial, ordered};
use crate::estimation::{response_models, response_outcomes};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number};
use estimators::distributions::normal_density;
use estimators::jet::Jet;
use estimators::ml_binary::{Link, logistic};
use estimators::ml_zero::{negative_binomial, poisson};
use std::borrow::Cow;
use std::sync::Arc;

/// A prediction given as a formula of the indices.
#[derive(Clone)]
pub struct Custom(Arc<Evaluate>);

/// From indices to the prediction with its derivatives.
type Evaluate = dyn Fn(&[f64]) -> Derivatives + Send + Sync;

impl std::fmt::Debug for Custom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("formula")
    }
}

/// The shape of a prediction.
#[derive(Debug, Clone)]
enum Shape {
    /// A formula.
    Custom(Custom),
    /// The first index itself.
    Linear,
    /// Probability of one.
    Probability(Link),
    /// Exponential of the index.
    Exponential,
    /// Probability of a category of an ordered model.
    Ordered(Link, usize),
    /// Probability of a category of a multinomial model; `None` is the base.
    Multinomial(Option<usize>),
}

/// A prediction of the active estimates.
#[derive(Debug, Clone)]
pub struct Response {
    /// Name of the response, `Pr(y)`.
    pub label: String,
    /// How it was requested, `predict(pr)`.
    pub request: String,
    /// Positions of the parameters of each linear index.
    pub indices: Vec<Vec<usize>>,
    /// Whether the offset of the model is part of the first index.
    pub shifted: bool,
    /// Variables held at a value in an index, such as a treatment: index, variable, value.
    held: Vec<(usize, String, i64)>,
    /// A variable that is itself an index, without a parameter.
    carried: Option<(usize, String)>,
    shape: Shape,
}

/// Value, gradient and Hessian (row-major) of a prediction in its indices.
pub struct Derivatives {
    /// The prediction.
    pub value: f64,
    /// First derivatives.
    pub first: Vec<f64>,
    /// Second derivatives.
    pub second: Vec<f64>,
}

impl Response {
    /// A prediction from a formula of its indices.
    pub fn formula<const N: usize>(
        label: &str,
        request: &str,
        indices: [Vec<usize>; N],
        formula: impl Fn([Jet<N>; N]) -> Jet<N> + Send + Sync + 'static,
    ) -> Self {
        Self::evaluated(label, request, indices.to_vec(), move |eta| {
            let jet = formula(Jet::variables(eta));
            Derivatives { value: jet.v, first: jet.g.to_vec(), second: jet.h.concat() }
        })
    }

    /// A prediction from a function of its indices, whose number is that of the model.
    pub fn evaluated(
        label: &str,
        request: &str,
        indices: Vec<Vec<usize>>,
        evaluate: impl Fn(&[f64]) -> Derivatives + Send + Sync + 'static,
    ) -> Self {
        let request =
            if request.is_empty() { "predict()".to_string() } else { format!("predict({request})") };
        let shape = Shape::Custom(Custom(Arc::new(evaluate)));
        Self::new(label.to_string(), request, indices, shape)
    }

    fn new(label: String, request: String, indices: Vec<Vec<usize>>, shape: Shape) -> Self {
        Self { label, request, indices, shifted: false, held: Vec::new(), carried: None, shape }
    }

    /// The same with a variable held at a value in an index.
    pub fn holding(mut self, index: usize, variable: &str, value: i64) -> Self {
        self.held.push((index, variable.to_string(), value));
        self
    }

    /// The same with a variable of the model as an index without parameters.
    pub fn carrying(mut self, index: usize, variable: &str) -> Self {
        self.carried = Some((index, variable.to_string()));
        self
    }

    /// The grid on which an index is computed.
    pub fn grid_of<'a, 'g>(&self, index: usize, grid: &'a Grid<'g>) -> Cow<'a, Grid<'g>> {
        let mut out = Cow::Borrowed(grid);
        for (_, variable, value) in self.held.iter().filter(|h| h.0 == index) {
            out.to_mut().fix_factor(variable, *value);
        }
        out
    }

    /// Design columns of every index: `[index][parameter of the index][row]`.
    pub fn designs(&self, grid: &Grid<'_>, parameters: &Parameters) -> Vec<Vec<Vec<f64>>> {
        let one = |(e, own): (usize, &Vec<usize>)| self.grid_of(e, grid).design(parameters, own);
        self.indices.iter().enumerate().map(one).collect()
    }

    /// Adds to the indices of a row what has no parameters, except the offset.
    pub fn carry(&self, grid: &Grid<'_>, row: usize, eta: &mut [f64]) {
        if let Some((index, variable)) = &self.carried {
            eta[*index] += grid.variable(variable).map_or(f64::NAN, |x| x[row]);
        }
    }

    /// The predictions that `margins` works on: the one asked for, or the command's default (all outcomes
    /// of a model with several).
    pub fn of(session: &Session, parameters: &Parameters, request: Option<&str>) -> Result<Vec<Self>> {
        let mut found = Self::unshifted(session, parameters, request)?;
        // An incidence rate leaves the exposure out, fixed effects of conditional models have no index.
        let shifted = session.e.results.get_text("offset").is_some() && session.e.cmd() != "clogit";
        found.iter_mut().for_each(|r| r.shifted = shifted && r.request != "predict(ir)");
        Ok(found)
    }

    fn unshifted(session: &Session, parameters: &Parameters, request: Option<&str>) -> Result<Vec<Self>> {
        let asked = request.unwrap_or("").trim();
        if let Some(found) = response_models::of_margins(session, parameters, asked) {
            return found;
        }
        if let Some(found) = response_models::of(session, parameters, asked) {
            return Ok(vec![found?]);
        }
        let cmd = session.e.cmd();
        if response_outcomes::handles(cmd) {
            return response_outcomes::of(session, parameters, asked);
        }
        let depvar = session.e.results.get_text("depvar").unwrap_or("");
        let equations = parameters.equations();
        let first = parameters.positions(equations.first().map_or("", String::as_str));
        let asked = request.map(str::trim);
        if session.e.results.get_text("tvc").is_some() {
            return Err(StataError::unsupported_option("margins", "predictions after stcox with tvc()"));
        }
        let one = |shape: Shape, label: String, default: bool| {
            let text = match asked {
                Some(asked) if !default || !asked.is_empty() => format!("predict({asked})"),
                _ => "predict()".to_string(),
            };
            Ok(vec![Self::new(label, text, vec![first.clone()], shape)])
        };
        match (cmd, asked.unwrap_or("")) {
            ("logit" | "logistic", "xb") => {
                one(Shape::Linear, "Linear prediction (log odds)".to_string(), false)
            }
            (_, "xb") => one(Shape::Linear, "Linear prediction".to_string(), false),
            ("logit" | "logistic", "" | "pr") => {
                one(Shape::Probability(Link::Logit), format!("Pr({depvar})"), true)
            }
            ("probit", "" | "pr") => one(Shape::Probability(Link::Probit), format!("Pr({depvar})"), true),
            ("poisson" | "nbreg", "" | "n") => {
                one(Shape::Exponential, "Predicted number of events".to_string(), true)
            }
            ("poisson" | "nbreg", "ir") => {
                one(Shape::Exponential, "Predicted incidence rate".to_string(), false)
            }
            ("cox", "" | "hr") => one(Shape::Exponential, "Predicted hazard ratio".to_string(), true),
            ("mlogit", asked) if asked.starts_with("xb ") => Self::index(session, parameters, asked),
            ("poisson" | "nbreg" | "cpoisson", asked) if asked.starts_with("pr(") => {
                counts(session, parameters, asked)
            }
            ("ologit" | "oprobit" | "mlogit", asked) => Self::outcomes(session, parameters, asked),
            (
                "regress" | "areg" | "reghdfe" | "xtreg" | "ivregress" | "ivreg2" | "ivreghdfe" | "newey"
                | "prais" | "qreg" | "anova" | "xtscc",
                "",
            ) => one(Shape::Linear, "Linear prediction".to_string(), true),
            // predict gives the linear prediction after these too
            (_, "")
                if session.e.is_posted_by_do_file()
                    && session.e.results.get_text("predict").is_none_or(|program| program == "regress_p") =>
            {
                one(Shape::Linear, "Linear prediction".to_string(), true)
            }
            (cmd, "") => {
                Err(StataError::new(322, format!("margins is not supported after {cmd} by the open engine")))
            }
            (_, asked) => Err(StataError::unsupported_option("margins", &format!("predict({asked})"))),
        }
    }

    /// The linear prediction of an outcome of `mlogit`, `xb outcome(k)`; that of the base is zero.
    fn index(session: &Session, parameters: &Parameters, asked: &str) -> Result<Vec<Self>> {
        let of = asked.trim_start_matches("xb").trim_start();
        let found = Self::outcomes(session, parameters, of)?.into_iter().next();
        match found {
            Some(Self { indices, shape: Shape::Multinomial(Some(j)), .. }) => Ok(vec![Self::new(
                "Linear prediction".to_string(),
                format!("predict({asked})"),
                vec![indices[j].clone()],
                Shape::Linear,
            )]),
            _ => Err(StataError::unsupported_option("margins", &format!("predict({asked})"))),
        }
    }

    fn outcomes(session: &Session, parameters: &Parameters, asked: &str) -> Result<Vec<Self>> {
        let values = response_outcomes::outcome_values(&session.e);
        let depvar = session.e.results.get_text("depvar").unwrap_or("");
        let inner = asked.strip_prefix("pr").unwrap_or(asked).trim();
        let named = inner.split_once('(').filter(|(name, _)| abbreviates(name.trim(), "Outcome"));
        let wanted = match named.and_then(|(_, text)| text.strip_suffix(')')) {
            Some(text) => Some(outcome_position(&values, text)?),
            None if inner.is_empty() => None,
            None => return Err(StataError::unsupported_option("margins", &format!("predict({asked})"))),
        };
        let base = session.e.results.get_scalar("ibaseout").map_or(0, |b| b as usize - 1);
        let equations = parameters.equations();
        let indices: Vec<Vec<usize>> = if session.e.cmd() == "mlogit" {
            (0..values.len()).filter(|j| *j != base).map(|j| parameters.positions(&equations[j])).collect()
        } else {
            let cuts = |i: &usize| parameters.stripe[*i].eq.starts_with('/');
            let slopes = (0..parameters.b.len()).filter(|i| !cuts(i)).collect();
            std::iter::once(slopes).chain((0..parameters.b.len()).filter(cuts).map(|i| vec![i])).collect()
        };
        let link = if session.e.cmd() == "oprobit" { Link::Probit } else { Link::Logit };
        let shape = |j: usize| match session.e.cmd() {
            "mlogit" => Shape::Multinomial(match j.cmp(&base) {
                std::cmp::Ordering::Less => Some(j),
                std::cmp::Ordering::Equal => None,
                std::cmp::Ordering::Greater => Some(j - 1),
            }),
            _ => Shape::Ordered(link, j),
        };
        let made = |j: usize| {
            let label = format!("Pr({depvar}=={})", values[j]);
            let request = format!("predict(pr outcome({}))", values[j]);
            Self::new(label, request, indices.clone(), shape(j))
        };
        Ok(match wanted {
            Some(j) => vec![made(j)],
            None => (0..values.len()).map(made).collect(),
        })
    }

    /// Evaluates at linear indices.
    pub fn at(&self, eta: &[f64]) -> Derivatives {
        let single = |value: f64, first: f64, second: f64| Derivatives {
            value,
            first: vec![first],
            second: vec![second],
        };
        match &self.shape {
            Shape::Custom(custom) => (custom.0)(eta),
            Shape::Linear => single(eta[0], 1.0, 0.0),
            Shape::Exponential => single(eta[0].exp(), eta[0].exp(), eta[0].exp()),
            Shape::Probability(Link::Logit) => {
                let (p, q) = (logistic(eta[0]), logistic(-eta[0]));
                single(p, p * q, p * q * (q - p))
            }
            Shape::Probability(link) => {
                let density = normal_density(eta[0]);
                single(link.probability(eta[0]), density, -eta[0] * density)
            }
            Shape::Ordered(link, j) => ordered(*link, *j, eta),
            Shape::Multinomial(j) => multinomial(*j, eta),
        }
    }
}

pub(super) fn outcome_position(values: &[f64], text: &str) -> Result<usize> {
    let text = text.trim();
    let found = match text.strip_prefix('#') {
        Some(number) => {
            number.parse::<usize>().ok().filter(|n| (1..=values.len()).contains(n)).map(|n| n - 1)
        }
        None => parse_number(text).and_then(|v| values.iter().position(|a| *a == v)),
    };
    found.ok_or_else(|| StataError::new(111, format!("outcome {text} not found")))
}

/// `pr(n)` and `pr(a,b)` of a count ([R] poisson postestimation, [R] nbreg postestimation).
fn counts(session: &Session, parameters: &Parameters, asked: &str) -> Result<Vec<Response>> {
    let refused = || StataError::unsupported_option("margins", &format!("predict({asked})"));
    let inner = asked.strip_prefix("pr(").and_then(|t| t.strip_suffix(')')).ok_or_else(refused)?;
    let number = |text: &str| parse_number(text.trim()).filter(|n| n.fract() == 0.0 && *n >= 0.0);
    let (low, high) = match inner.split_once(',') {
        None => (number(inner).ok_or_else(refused)?, number(inner)),
        Some((low, high)) if high.trim() == "." => (number(low).ok_or_else(refused)?, None),
        Some((low, high)) => (number(low).ok_or_else(refused)?, Some(number(high).ok_or_else(refused)?)),
    };
    let spread: Vec<usize> = (0..parameters.b.len())
        .filter(|i| parameters.stripe[*i].name.starts_with("ln"))
        .filter(|i| parameters.stripe[*i].eq == "/")
        .collect();
    let kind = spread.first().map(|i| parameters.stripe[*i].name.clone());
    if kind.as_deref() == Some("lndelta") {
        return Err(refused());
    }
    let equation = parameters.equations().first().cloned().unwrap_or_default();
    let depvar = session.e.results.get_text("depvar").unwrap_or("");
    let label = match high {
        Some(high) if high == low => format!("Pr({depvar}={low})"),
        Some(high) => format!("Pr({low}<={depvar}<={high})"),
        None => format!("Pr({depvar}>={low})"),
    };
    let dispersed = kind.is_some();
    let indices = [parameters.positions(&equation), spread];
    Ok(vec![Response::formula(&label, asked, indices, move |[x, a]| {
        let p = |k: f64| if dispersed { negative_binomial(k, x, a).exp() } else { poisson(k, x).exp() };
        let up_to = |from: f64, to: f64| {
            let mut sum = Jet::constant(0.0);
            let mut k = from;
            while k <= to {
                sum = sum + p(k);
                k += 1.0;
            }
            sum
        };
        match high {
            Some(high) => up_to(low, high),
            None => -up_to(0.0, low - 1.0) + 1.0,
        }
    })])
}
