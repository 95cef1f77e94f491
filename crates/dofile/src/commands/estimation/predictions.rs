//! Predictions, residuals and influence statistics of linear indices. Formulas: [R] regress postestimation and the
//! postestimation sections of the other commands.

use super::predict_patterns;
use crate::error::{Result, StataError};
use crate::estimation::linear::{LinearState, Parameters, predict as linear_prediction};
use crate::estimation::model::number_groups;
use crate::estimation::post::AbsorbState;
use crate::frame::Frame;
use crate::ops::predict::{Prediction, combine, design, map, outcome};
use crate::ops::scores::offset;
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::ml_binary::Link;

fn refuse(session: &Session, statistic: &str) -> StataError {
    if session.e.cmd() == "regress" && ["pr", "e", "ystar"].contains(&statistic) {
        return StataError::invalid(format!("option {statistic}() needs two limits"));
    }
    StataError::new(198, format!("option {statistic} not allowed after {}", session.e.cmd()))
}

/// Commands whose linear prediction is called a fitted value.
const FITTED: [&str; 10] =
    ["regress", "anova", "ivregress", "ivreg2", "areg", "xtreg", "newey", "qreg", "prais", "xtscc"];

/// The command whose predictions are made.
fn command_of(session: &Session, statistic: Option<&str>) -> String {
    // a program of the user may name the predictions of regress as its own
    let as_regress = session.e.is_posted_by_do_file()
        && session.e.results.get_text("predict") == Some("regress_p")
        && matches!(statistic, None | Some("residuals"));
    if as_regress { "regress".to_string() } else { session.e.cmd().to_string() }
}

/// The equation that is asked for by its name or its number; the first one by default.
fn named_equation(parameters: &Parameters, equation: Option<&str>) -> String {
    let Some(equation) = equation.map(str::trim) else {
        return parameters.stripe.first().map(|s| s.eq.clone()).unwrap_or_default();
    };
    match equation.strip_prefix('#').and_then(|n| n.trim().parse::<usize>().ok()) {
        Some(n) => parameters.equations().get(n.wrapping_sub(1)).cloned().unwrap_or_default(),
        None => equation.to_string(),
    }
}

/// A function of linear indices and the offset of the active estimates; missing where one of them is.
fn with_offset(
    session: &Session,
    index: &[f64],
    rows: &[usize],
    of: impl Fn(f64) -> f64,
) -> Result<Vec<f64>> {
    let offset = offset(session, rows)?;
    Ok(index.iter().zip(&offset).map(|(e, o)| combine(*e, *o, |e, o| of(e + o))).collect())
}

/// The probability of a positive outcome.
fn probability(
    session: &mut Session,
    link: Link,
    statistic: Option<&str>,
    index: &[f64],
    rows: &[usize],
) -> Result<Prediction> {
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    if statistic.is_none() {
        session.print(format!("(option pr assumed; Pr({depvar}))"));
    }
    let values = with_offset(session, index, rows, |eta| link.probability(eta))?;
    Ok(Prediction { values, label: format!("Pr({depvar})") })
}

/// The expected number of events, or their rate for an exposure of one.
fn count(
    session: &mut Session,
    statistic: Option<&str>,
    index: &[f64],
    rows: &[usize],
) -> Result<Prediction> {
    if statistic.is_none() {
        session.print("(option n assumed; predicted number of events)");
    }
    let (values, label) = match statistic {
        Some("ir") => (map(index.to_vec(), f64::exp), "Predicted incidence rate"),
        _ => (with_offset(session, index, rows, f64::exp)?, "Predicted number of events"),
    };
    Ok(Prediction { values, label: label.to_string() })
}

/// Computes one statistic on rows of the data after the active estimates.
pub(in crate::commands) fn compute(
    session: &mut Session,
    statistic: Option<&str>,
    equation: Option<&str>,
    rows: &[usize],
) -> Result<Prediction> {
    let cmd = command_of(session, statistic);
    let parameters = Parameters::of(&session.e)?;
    let equation = named_equation(&parameters, equation);
    if parameters.positions(&equation).is_empty() {
        return Err(StataError::new(303, format!("equation {equation} not found")));
    }
    let xb = |s: &Session| linear_prediction(&s.frame, &parameters, &equation, rows);
    let made = |values: Vec<f64>, label: &str| Ok(Prediction { values, label: label.to_string() });
    match (cmd.as_str(), statistic) {
        (_, Some("xb")) => {
            // The index of a count model has its offset in it ([R] poisson postestimation).
            let index = xb(session)?;
            let values = with_offset(session, &index, rows, |eta| eta)?;
            made(values, "Linear prediction")
        }
        (_, Some("stdp")) => {
            made(stdp(&session.frame, &parameters, &equation, rows)?, "S.E. of the prediction")
        }
        ("logit" | "logistic" | "probit", None | Some("pr")) => {
            let index = xb(session)?;
            probability(
                session,
                if cmd == "probit" { Link::Probit } else { Link::Logit },
                statistic,
                &index,
                rows,
            )
        }
        ("logit" | "logistic", Some(statistic)) if predict_patterns::is_pattern_statistic(statistic) => {
            if session.e.results.get_text("offset").is_some() {
                // Rows of one pattern of regressors differ in their offset.
                let what = format!("{statistic} after a model with an offset");
                return Err(StataError::unsupported_option("predict", &what));
            }
            predict_patterns::compute(session, &parameters, &equation, statistic, rows)
        }
        ("poisson" | "nbreg", None | Some("n" | "ir")) => {
            let index = xb(session)?;
            count(session, statistic, &index, rows)
        }
        ("cox", None | Some("hr")) => {
            if statistic.is_none() {
                session.print("(option hr assumed; hazard ratio)");
            }
            let index = xb(session)?;
            made(with_offset(session, &index, rows, f64::exp)?, "Relative hazard")
        }
        (
            "xtreg" | "areg" | "reghdfe" | "ivreghdfe",
            Some("u" | "e" | "ue" | "xbu" | "d" | "xbd" | "residuals" | "dresiduals"),
        ) => effects(session, &parameters, statistic.unwrap_or(""), rows),
        (_, None) => {
            let fitted = FITTED.contains(&cmd.as_str());
            session.print(if fitted { "(option xb assumed; fitted values)" } else { "(option xb assumed)" });
            made(xb(session)?, if cmd == "regress" { "Fitted values" } else { "Linear prediction" })
        }
        (
            "regress" | "anova" | "ivregress" | "ivreg2" | "newey" | "qreg" | "prais" | "xtabond2" | "xtscc",
            Some("residuals"),
        ) => {
            let y = outcome(session, rows)?;
            let values = y.iter().zip(xb(session)?).map(|(y, f)| combine(*y, f, |y, f| y - f)).collect();
            made(values, "Residuals")
        }
        ("regress" | "anova", Some(statistic)) => influence(session, &parameters, statistic, rows),
        ("ivregress", Some("stdf")) => {
            let rmse = session.e.results.get_scalar("rmse").unwrap_or(MISSING);
            let values =
                map(stdp(&session.frame, &parameters, &equation, rows)?, |s| (s * s + rmse * rmse).sqrt());
            made(values, "S.E. of the forecast")
        }
        (_, Some(statistic)) => Err(refuse(session, statistic)),
    }
}

/// `sqrt(x M x')` per row for a matrix over the given parameters.
pub(super) fn quadratic_root(
    columns: &[Vec<f64>],
    matrix: &estimators::matrix::Mat,
    rows: usize,
) -> Vec<f64> {
    let mut x = vec![0.0; columns.len()];
    (0..rows)
        .map(|i| {
            for (cell, column) in x.iter_mut().zip(columns) {
                *cell = column[i];
            }
            if x.iter().any(|v| is_missing(*v)) { MISSING } else { matrix.quadratic(&x).max(0.0).sqrt() }
        })
        .collect()
}

pub(super) fn stdp(
    frame: &Frame,
    parameters: &Parameters,
    equation: &str,
    rows: &[usize],
) -> Result<Vec<f64>> {
    let positions = parameters.positions(equation);
    let columns = design(frame, parameters, &positions, rows)?;
    Ok(quadratic_root(&columns, &parameters.v.select(&positions, &positions), rows.len()))
}

/// What statistics of rows need, from `e(V)` and `e(rmse)` of a regression that a file brought.
fn from_results(session: &Session, parameters: &Parameters) -> Option<LinearState> {
    let results = &session.e.results;
    if session.e.cmd() != "regress"
        || session.e.is_posted_by_do_file()
        || results.get_text("vcetype").is_some()
    {
        return None;
    }
    let s2 = results.get_scalar("rmse")?.powi(2);
    let df_residual = results.get_scalar("df_r")?;
    (s2 > 0.0).then(|| LinearState { unscaled: parameters.v.clone().scaled(1.0 / s2), s2, df_residual })
}

/// Statistics of single rows after `regress`.
fn influence(
    session: &Session,
    parameters: &Parameters,
    statistic: &str,
    rows: &[usize],
) -> Result<Prediction> {
    let extra = session.e.extra.clone();
    let kept = extra.as_ref().and_then(|e| e.downcast_ref::<LinearState>());
    let read = if kept.is_none() { from_results(session, parameters) } else { None };
    let Some(state) = kept.or(read.as_ref()) else {
        return Err(refuse(session, statistic));
    };
    if session.e.results.get_text("vcetype").is_some() && statistic != "stdf" && statistic != "stdr" {
        return Err(StataError::new(198, format!("option {statistic} not possible after robust estimation")));
    }
    let positions: Vec<usize> = (0..parameters.b.len()).collect();
    let columns = design(&session.frame, parameters, &positions, rows)?;
    let h = map(quadratic_root(&columns, &state.unscaled, rows.len()), |r| r * r);
    let xb = linear_prediction(&session.frame, parameters, "", rows)?;
    let y = outcome(session, rows)?;
    let sample = session.estimation_sample();
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
    let (s2, df, k) = (state.s2, state.df_residual, scalar("rank"));
    let n = scalar("N");
    let term = match statistic.strip_prefix("dfbeta ") {
        Some(name) => Some(parameters.find(name).ok_or_else(|| StataError::not_found(name))?),
        None => None,
    };
    let statistic = statistic.split(' ').next().unwrap_or(statistic);
    // (X'X)^-1 x of the row, for one parameter.
    let pull = |term: usize, i: usize| -> f64 {
        columns.iter().enumerate().map(|(j, column)| state.unscaled[(term, j)] * column[i]).sum()
    };
    let value = |i: usize| -> f64 {
        let (h, e) = (h[i], combine(y[i], xb[i], |y, f| y - f));
        if is_missing(h) {
            return MISSING;
        }
        let inside = sample.as_ref().is_none_or(|s| s.get(rows[i]).copied().unwrap_or(false));
        match statistic {
            "stdf" => return (s2 * (1.0 + h)).sqrt(),
            "stdr" => return (s2 * (1.0 - h)).max(0.0).sqrt(),
            _ if !inside || is_missing(e) => return MISSING,
            _ => {}
        }
        let standard = e / (s2 * (1.0 - h)).sqrt();
        let outside = ((s2 * df - e * e / (1.0 - h)) / (df - 1.0)).max(0.0);
        let student = e / (outside * (1.0 - h)).sqrt();
        match statistic {
            "leverage" | "hat" => h,
            "rstandard" => standard,
            "rstudent" => student,
            "cooksd" => standard * standard * h / ((1.0 - h) * k),
            "dfits" => student * (h / (1.0 - h)).sqrt(),
            "welsch" => student * (h / (1.0 - h)).sqrt() * ((n - 1.0) / (1.0 - h)).sqrt(),
            // Belsley, Kuh and Welsch (1980), with k estimated parameters.
            "covratio" => 1.0 / ((1.0 - h) * ((df - 1.0 + student * student) / df).powf(k)),
            "dfbeta" => {
                term.map_or(MISSING, |t| student * pull(t, i) / ((1.0 - h) * state.unscaled[(t, t)]).sqrt())
            }
            _ => MISSING,
        }
    };
    let label = match statistic {
        "stdf" => "S.E. of the forecast",
        "stdr" => "S.E. of the residual",
        "leverage" | "hat" => "Leverage",
        "rstandard" => "Standardized residuals",
        "rstudent" => "Studentized residuals",
        "cooksd" => "Cook's distance",
        "dfits" => "DFITS",
        "welsch" => "Welsch distance",
        "covratio" => "Covratio",
        "dfbeta" => "DFBETA",
        _ => return Err(refuse(session, statistic)),
    };
    Ok(Prediction { values: (0..rows.len()).map(value).collect(), label: label.to_string() })
}

/// Unit effects and what is made of them after `xtreg` and `areg`.
fn effects(
    session: &Session,
    parameters: &Parameters,
    statistic: &str,
    rows: &[usize],
) -> Result<Prediction> {
    let results = &session.e.results;
    let areg = matches!(session.e.cmd(), "areg" | "reghdfe" | "ivreghdfe");
    let allowed: &[&str] =
        if areg { &["d", "xbd", "residuals", "dresiduals"] } else { &["u", "e", "ue", "xbu"] };
    if !allowed.contains(&statistic) {
        return Err(refuse(session, statistic));
    }
    let extra = session.e.extra.clone();
    if let Some(state) = extra.as_ref().and_then(|e| e.downcast_ref::<AbsorbState>()) {
        return absorbed_effects(session, parameters, statistic, rows, state);
    }
    let unit = results.get_text(if areg { "absvar" } else { "ivar" }).unwrap_or("");
    let unit = session.frame.position(unit)?;
    let sample = session.required_estimation_sample()?;
    let used: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let combined = |rows: &[usize]| -> Result<Vec<f64>> {
        let y = outcome(session, rows)?;
        let xb = linear_prediction(&session.frame, parameters, "", rows)?;
        Ok(y.iter().zip(&xb).map(|(y, f)| combine(*y, *f, |y, f| y - f)).collect())
    };
    // Rows of the sample and the asked rows share one numbering of the units.
    let both: Vec<usize> = used.iter().chain(rows).copied().collect();
    let (numbers, count) = number_groups(&session.frame, unit, &both);
    let (mut sums, mut sizes) = (vec![0.0; count], vec![0.0; count]);
    for (number, value) in numbers.iter().zip(combined(&used)?) {
        sums[*number as usize] += value;
        sizes[*number as usize] += 1.0;
    }
    let scalar = |name: &str| results.get_scalar(name).unwrap_or(MISSING);
    let random = results.get_text("model") == Some("re");
    let (u2, e2) = (scalar("sigma_u").powi(2), scalar("sigma_e").powi(2));
    let effect = |number: u32| {
        let (sum, size) = (sums[number as usize], sizes[number as usize]);
        if size == 0.0 {
            MISSING
        } else if random {
            u2 * sum / (size * u2 + e2)
        } else {
            sum / size
        }
    };
    let total = combined(rows)?;
    let xb = linear_prediction(&session.frame, parameters, "", rows)?;
    let values = (0..rows.len())
        .map(|i| {
            let u = effect(numbers[used.len() + i]);
            match statistic {
                "u" | "d" => combine(u, total[i], |u, _| u),
                "e" | "residuals" => combine(total[i], u, |t, u| t - u),
                "ue" | "dresiduals" => total[i],
                _ => combine(xb[i], u, |x, u| x + u),
            }
        })
        .collect();
    Ok(Prediction { values, label: effect_label(statistic).to_string() })
}

/// Effects of several absorbed variables together, in the rows of the sample.
fn absorbed_effects(
    session: &Session,
    parameters: &Parameters,
    statistic: &str,
    rows: &[usize],
    state: &AbsorbState,
) -> Result<Prediction> {
    let sample = session.required_estimation_sample()?;
    let mut at = vec![MISSING; sample.len()];
    (0..sample.len()).filter(|i| sample[*i]).zip(&state.residuals).for_each(|(i, e)| at[i] = *e);
    let y = outcome(session, rows)?;
    let xb = linear_prediction(&session.frame, parameters, "", rows)?;
    let values = rows
        .iter()
        .enumerate()
        .map(|(i, row)| {
            let (e, rest) = (at[*row], combine(y[i], xb[i], |y, f| y - f));
            match statistic {
                "residuals" => e,
                "d" => combine(rest, e, |r, e| r - e),
                "xbd" => combine(y[i], e, |y, e| y - e),
                _ => combine(rest, e, |r, _| r),
            }
        })
        .collect();
    Ok(Prediction { values, label: effect_label(statistic).to_string() })
}

fn effect_label(statistic: &str) -> &'static str {
    match statistic {
        "u" => "u[group]",
        "e" => "e[group,t]",
        "ue" => "u[group] + e[group,t]",
        "xbu" => "Xb + u[group]",
        "d" => "d[absvar]",
        "xbd" => "Xb + d[absvar]",
        "residuals" => "Residuals",
        _ => "d[absvar] + residuals",
    }
}
