//! Predictions after models of several categories whose probabilities are kernels of `estimators::ml_outcomes`:
//! `mprobit`, `slogit`, `zioprobit` and `ziologit` ([R] postestimation sections of these), and `gologit2`.

use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::response::{Derivatives, Response, outcome_position};
use crate::results::Estimation;
use crate::session::Session;
use estimators::jet::Jet;
use estimators::ml_binary::Link;
use estimators::ml_outcomes::{IndependentProbit, Outcomes, Stereotype};
use estimators::ml_participation::{Event, Participation};
use estimators::ml_separate_lines::SeparateLines;
use std::sync::Arc;

/// Whether predictions of a command are made here.
pub fn handles(cmd: &str) -> bool {
    matches!(cmd, "mprobit" | "slogit" | "gologit2") || participates(cmd)
}

/// Whether a command has an equation of participation.
pub fn participates(cmd: &str) -> bool {
    matches!(cmd, "zioprobit" | "ziologit")
}

/// The link of a command with an equation of participation.
fn link(cmd: &str) -> Link {
    if cmd == "ziologit" { Link::Logit } else { Link::Probit }
}

/// Values of the outcome of the active estimates, ascending.
pub fn outcome_values(estimation: &Estimation) -> Vec<f64> {
    let name = match estimation.cmd() {
        "mlogit" => "out",
        "mprobit" | "slogit" => "outcomes",
        _ => "cat",
    };
    estimation.results.matrices.get(name).map(|m| m.values().to_vec()).unwrap_or_default()
}

/// The model of the active estimates: its kernel and the parameters of its linear indices.
struct Model {
    kernel: Arc<dyn Outcomes>,
    indices: Vec<Vec<usize>>,
}

/// Positions of parameters that stand alone, by the start of their names.
fn alone(parameters: &Parameters, start: &str) -> Vec<usize> {
    let own = |i: &usize| {
        parameters.stripe[*i].eq.starts_with('/') && parameters.stripe[*i].name.starts_with(start)
    };
    (0..parameters.b.len()).filter(own).collect()
}

/// Positions of the equations, in order.
fn equations(parameters: &Parameters) -> Vec<Vec<usize>> {
    let named = parameters.equations().into_iter().filter(|e| !e.starts_with('/'));
    named.map(|e| parameters.positions(&e)).collect()
}

fn model(session: &Session, parameters: &Parameters, event: Event) -> Model {
    let e = &session.e.results;
    let number = |name: &str| e.get_scalar(name).unwrap_or(0.0) as usize;
    let categories = outcome_values(&session.e).len();
    let singles = |positions: Vec<usize>| positions.into_iter().map(|p| vec![p]);
    match session.e.cmd() {
        "mprobit" => {
            let (base, points) = (number("i_base").saturating_sub(1), number("k_points"));
            let unit = e.get_scalar("probitparam") == Some(1.0);
            let kernel = IndependentProbit::new(categories, base, points, unit);
            Model { kernel: Arc::new(kernel), indices: equations(parameters) }
        }
        "slogit" => {
            let base = number("i_base").saturating_sub(1);
            let kernel = Stereotype::cornered(base, number("k_dim"), categories);
            let scales = alone(parameters, "phi");
            let free = kernel.phi.iter().flatten().zip(scales);
            let free = free.filter(|(s, _)| matches!(s, estimators::ml_outcomes::Scale::Free(_)));
            let mut indices = equations(parameters);
            indices.extend(free.map(|(_, p)| vec![p]));
            indices.extend(singles(alone(parameters, "theta")));
            Model { kernel: Arc::new(kernel), indices }
        }
        "gologit2" => {
            Model { kernel: Arc::new(SeparateLines { categories }), indices: equations(parameters) }
        }
        _ => {
            let mut indices = equations(parameters);
            if indices.len() == 1 {
                // a model without regressors of the outcome
                indices.insert(0, Vec::new());
            }
            indices.extend(singles(alone(parameters, "cut")));
            let link = link(session.e.cmd());
            Model { kernel: Arc::new(Participation { link, categories, event }), indices }
        }
    }
}

/// What was asked for: the statistic and the text of `outcome()`.
fn parts(asked: &str) -> (&str, Option<&str>) {
    let at = ["outcome(", "out(", "o("].iter().find_map(|p| asked.find(p));
    let Some(at) = at.filter(|_| asked.ends_with(')')) else { return (asked.trim(), None) };
    let inner = asked[at..].split_once('(').map_or("", |t| t.1);
    (asked[..at].trim(), Some(inner.trim_end_matches(')')))
}

/// The predictions asked for; all outcomes when none is named.
///
/// # Errors
/// r(111) for an outcome that is not there; r(198) for a statistic that the command has not.
pub fn of(session: &Session, parameters: &Parameters, asked: &str) -> Result<Vec<Response>> {
    let (statistic, outcome) = parts(asked);
    let cmd = session.e.cmd();
    let depvar = session.e.results.get_text("depvar").unwrap_or("");
    let (event, end) = match (cmd, statistic) {
        ("zioprobit" | "ziologit", "" | "pmargin") => (Event::Marginal, ")"),
        ("zioprobit" | "ziologit", "pjoint1") => (Event::Joint, ",participation)"),
        ("zioprobit" | "ziologit", "pcond1") => (Event::Conditional, "|participation)"),
        ("zioprobit" | "ziologit", "ppar" | "pnpar" | "xb" | "xbinfl") => {
            return Ok(vec![participation(parameters, statistic, link(cmd))]);
        }
        ("mprobit" | "slogit" | "gologit2", "" | "pr") => (Event::Marginal, ")"),
        ("gologit2", "xb") => return line(session, parameters, outcome).map(|r| vec![r]),
        ("mprobit", "xb") => return linear(session, parameters, outcome).map(|r| vec![r]),
        _ => {
            return Err(StataError::new(
                198,
                format!("statistic {statistic} is not allowed after {cmd}, or not supported"),
            ));
        }
    };
    let values = outcome_values(&session.e);
    let Model { kernel, indices } = model(session, parameters, event);
    let one = |j: usize| {
        let kernel = Arc::clone(&kernel);
        let what = match statistic {
            "" | "pr" if !participates(cmd) => format!("pr outcome({})", values[j]),
            "" => format!("pmargin outcome({})", values[j]),
            statistic => format!("{statistic} outcome({})", values[j]),
        };
        let label = format!("Pr({depvar}=={}{end}", values[j]);
        Response::evaluated(&label, &what, indices.clone(), move |eta| probability(kernel.as_ref(), j, eta))
    };
    Ok(match outcome {
        Some(text) => vec![one(outcome_position(&values, text)?)],
        None => (0..values.len()).map(one).collect(),
    })
}

/// A probability with its derivatives, from those of its logarithm.
fn probability(kernel: &dyn Outcomes, category: usize, eta: &[f64]) -> Derivatives {
    let width = eta.len();
    let (mut first, mut second) = (vec![0.0; width], vec![0.0; width * width]);
    let value = kernel.ln_probability(category, eta, &mut first, &mut second).exp();
    for i in 0..width {
        for j in 0..width {
            second[i * width + j] = value * (second[i * width + j] + first[i] * first[j]);
        }
    }
    first.iter_mut().for_each(|g| *g *= value);
    Derivatives { value, first, second }
}

/// Predictions from one equation of `zioprobit` and `ziologit`.
fn participation(parameters: &Parameters, statistic: &str, link: Link) -> Response {
    let equations = equations(parameters);
    let last = equations.last().cloned().unwrap_or_default();
    let first = if equations.len() > 1 { equations[0].clone() } else { Vec::new() };
    let p = move |index: Jet<1>| match link {
        Link::Logit => index.logistic(),
        Link::Probit => index.normal(),
    };
    match statistic {
        "ppar" => Response::formula::<1>("Pr(participation)", statistic, [last], move |[z]| p(z)),
        "pnpar" => Response::formula::<1>("Pr(nonparticipation)", statistic, [last], move |[z]| p(-z)),
        "xbinfl" => Response::formula::<1>("Linear prediction of inflate", statistic, [last], |[z]| z),
        _ => Response::formula::<1>("Linear prediction", statistic, [first], |[x]| x),
    }
}

/// The linear prediction of an outcome of `mprobit`; that of the base is zero.
fn linear(session: &Session, parameters: &Parameters, outcome: Option<&str>) -> Result<Response> {
    let values = outcome_values(&session.e);
    let wanted = outcome.map_or(Ok(0), |text| outcome_position(&values, text))?;
    let base = session.e.results.get_scalar("i_base").map_or(0, |b| b as usize - 1);
    let positions = match wanted == base {
        true => Vec::new(),
        false => equations(parameters)[wanted - usize::from(wanted > base)].clone(),
    };
    let what = format!("xb outcome({})", values[wanted]);
    Ok(Response::formula::<1>("Linear prediction", &what, [positions], |[x]| x))
}

/// The linear prediction of a split of `gologit2`; the first one where none is named.
fn line(session: &Session, parameters: &Parameters, outcome: Option<&str>) -> Result<Response> {
    let values = outcome_values(&session.e);
    let wanted = outcome.map_or(Ok(0), |text| outcome_position(&values, text))?;
    let positions = equations(parameters).get(wanted).cloned();
    let positions = positions.ok_or_else(|| StataError::new(111, "the last outcome has no equation"))?;
    let what = format!("xb outcome({})", values[wanted]);
    Ok(Response::formula::<1>("Linear prediction", &what, [positions], |[x]| x))
}
