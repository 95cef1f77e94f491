//! `predict`: predictions, residuals and influence statistics after an estimation.
//! What a statistic means follows from `e(cmd)`; formulas: [R] regress postestimation and the
//! postestimation sections of the other commands.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::super::{multivariate, nonlinear, shrinkage, timeseries, treatment};
use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters, predict as linear_prediction};
use crate::estimation::model::number_groups;
use crate::frame::{Column, Frame, StorageType, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, clean, is_missing};
use estimators::ml_binary::Link;

use super::areg::AbsorbState;
use super::regress::LinearState;
use super::{predict_choice, predict_models};
use crate::commands::survival;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("xb"),
    OptSpec::flag("Residuals"),
    OptSpec::flag("stdp"),
    OptSpec::flag("stdf"),
    OptSpec::flag("stdr"),
    OptSpec::flag("RSTAndard"),
    OptSpec::flag("RSTUdent"),
    OptSpec::flag("Leverage"),
    OptSpec::flag("Hat"),
    OptSpec::flag("Cooksd"),
    OptSpec::flag("DFITs"),
    OptSpec::flag("COVRatio"),
    OptSpec::flag("Welsch"),
    OptSpec::text("DFBeta"),
    OptSpec::flag_or_text("pr"),
    OptSpec::flag("u"),
    OptSpec::flag_or_text("e"),
    OptSpec::text("YStar"),
    OptSpec::flag("mu"),
    OptSpec::flag("cm"),
    OptSpec::flag("XBSel"),
    OptSpec::flag("PSel"),
    OptSpec::flag("YCond"),
    OptSpec::flag("YExpected"),
    OptSpec::flag("Mills"),
    OptSpec::flag("pu0"),
    OptSpec::flag("nu0"),
    OptSpec::flag("REFfects"),
    OptSpec::flag("FITted"),
    OptSpec::flag("RESponse"),
    OptSpec::flag("Pearson"),
    OptSpec::flag("ue"),
    OptSpec::flag("xbu"),
    OptSpec::flag("d"),
    OptSpec::flag("xbd"),
    OptSpec::flag("DResiduals"),
    OptSpec::flag("n"),
    OptSpec::flag("ir"),
    OptSpec::flag("hr"),
    OptSpec::text("Outcome"),
    OptSpec::text("EQuation"),
    OptSpec::flag("BASESurv"),
    OptSpec::flag("BASEChazard"),
    OptSpec::flag("BASEHc"),
    OptSpec::flag("CSNell"),
    OptSpec::flag("MGale"),
    OptSpec::flag("DEViance"),
    OptSpec::flag("SCHoenfeld"),
    OptSpec::flag("SCAledsch"),
    OptSpec::flag("ESR"),
    OptSpec::flag("MEDian"),
    OptSpec::flag("MEAN"),
    OptSpec::flag("Time"),
    OptSpec::flag("LNTime"),
    OptSpec::flag("HAzard"),
    OptSpec::flag("Surv"),
])
.unsupported(&["SCores", "Score", "COVRatio", "Welsch", "DFBeta", "DBeta", "Number", "nooffset"]);

/// The command.
pub const SPEC: CommandSpec = CommandSpec {
    name: "predict",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "predict [type] newvar [if] [in] [, xb residuals stdp stdf stdr rstandard rstudent leverage cooksd dfits covratio welsch dfbeta(term) | pr | u e ue xbu | d xbd dresiduals | n ir | hr | outcome(#) equation(eq)]",
    notes: "which statistics exist depends on e(cmd); formulas: [R] regress postestimation, [XT] xtreg postestimation",
    examples: &[Example {
        run: "set obs 5\ngen x = _n\ngen y = cond(_n==3, 4, _n)\nregress y x\npredict double h, leverage\npredict double r, residuals",
        // Leverage of equally spaced points: 1/n + (x - mean)^2 / 10; residuals of one raised point.
        expect: &[("h[1]", 0.6), ("h[3]", 0.2), ("r[3]", 0.8), ("r[1]", -0.2)],
    }],
};

/// A prediction: values and the label of the new variable.
pub struct Prediction {
    /// One value per row; missing where it cannot be computed.
    pub values: Vec<f64>,
    /// Variable label.
    pub label: String,
}

/// Predictions of a family that has its own options.
pub type Own = (&'static StandardSyntax, fn(&mut Session, &ParsedCommand) -> Result<()>);

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let own: Option<Own> = [
        timeseries::predict,
        treatment::predict,
        multivariate::predict,
        shrinkage::predict,
        nonlinear::predict,
    ]
    .iter()
    .find_map(|family| family(session.e.cmd()));
    let (syntax, run): Own = own.unwrap_or((&SYNTAX, common));
    let mut cmd = ParsedCommand::split(&cmd.name, &cmd.raw, syntax.exp)?;
    syntax.check(&cmd)?;
    cmd.check_options(syntax.options, syntax.unsupported)?;
    run(session, &cmd)
}

fn common(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if session.e.b().is_none() {
        return Err(StataError::new(301, "last estimates not found"));
    }
    let (kind, names) = new_names(session, cmd)?;
    let touse = session.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if let Some(predictions) = survival::predict(session, cmd, &rows)? {
        return add_all(session, kind, &rows, names, predictions);
    }
    let dfbeta = cmd.options.text("dfbeta").map(|term| format!("dfbeta {}", term.trim()));
    let statistic = match (&dfbeta, chosen(cmd)?) {
        (Some(_), Some("dfbeta")) => dfbeta.as_deref(),
        (_, other) => other,
    };
    let predictions = if names.len() > 1 || names[0].1 {
        match predict_models::several(session, statistic, &names, &rows)? {
            Some(found) => found,
            None => predict_choice::all_outcomes(session, &names, &rows)?,
        }
    } else if predict_choice::handles(session.e.cmd()) {
        vec![predict_choice::one(session, statistic, cmd.options.text("outcome"), &rows)?]
    } else {
        if cmd.options.has("outcome") {
            return Err(StataError::option_not_allowed("outcome()"));
        }
        let argument = statistic.and_then(|s| cmd.options.text(s)).map(str::to_string);
        match predict_models::one(session, statistic, argument.as_deref(), &rows)? {
            Some(found) => vec![found],
            None => vec![compute(session, statistic, cmd.options.text("equation"), &rows)?],
        }
    };
    add_all(session, kind, &rows, names, predictions)
}

/// Adds one variable per prediction; a stub is numbered.
fn add_all(
    session: &mut Session,
    kind: StorageType,
    rows: &[usize],
    names: Vec<(String, bool)>,
    predictions: Vec<Prediction>,
) -> Result<()> {
    let names: Vec<String> = if names[0].1 {
        (1..=predictions.len()).map(|i| format!("{}{i}", names[0].0)).collect()
    } else {
        names.into_iter().map(|n| n.0).collect()
    };
    if names.len() != predictions.len() {
        return Err(StataError::new(
            if names.len() > predictions.len() { 103 } else { 102 },
            format!(
                "{} new variable name{} needed",
                predictions.len(),
                if predictions.len() == 1 { "" } else { "s" }
            ),
        ));
    }
    for (name, prediction) in names.iter().zip(predictions) {
        add(session, name, kind, rows, prediction)?;
    }
    Ok(())
}

/// Type and names of the new variables; a name that ends with `*` is a stub.
pub fn new_names(session: &Session, cmd: &ParsedCommand) -> Result<(StorageType, Vec<(String, bool)>)> {
    let mut words: Vec<&str> = cmd.list.split_whitespace().collect();
    let kind = words.first().and_then(|w| StorageType::parse(w)).filter(|t| !t.is_string());
    if kind.is_some() {
        words.remove(0);
    }
    if words.is_empty() {
        return Err(StataError::standard(100));
    }
    let mut names = Vec::new();
    for word in words {
        let (name, stub) = word.strip_suffix('*').map_or((word, false), |n| (n, true));
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{word} invalid name")));
        }
        if !stub && session.frame.find(name).is_some() {
            return Err(StataError::already_defined(name));
        }
        names.push((name.to_string(), stub));
    }
    Ok((kind.unwrap_or(session.settings.default_type), names))
}

/// The one statistic that was asked for.
pub fn chosen(cmd: &ParsedCommand) -> Result<Option<&str>> {
    let mut found = cmd.options.iter().map(|o| o.0).filter(|o| !matches!(*o, "outcome" | "equation"));
    let first = found.next();
    if found.next().is_some() {
        return Err(StataError::new(198, "only one statistic may be specified"));
    }
    Ok(first)
}

/// Adds the new variable of a prediction.
pub fn add(
    session: &mut Session,
    name: &str,
    kind: StorageType,
    rows: &[usize],
    prediction: Prediction,
) -> Result<()> {
    let mut column = vec![MISSING; session.frame.n_rows()];
    for (row, value) in rows.iter().zip(&prediction.values) {
        column[*row] = if is_missing(*value) { *value } else { clean(*value) };
    }
    let missing = column.iter().filter(|v| is_missing(**v)).count();
    let mut variable = Variable::new(name, Column::from_f64(kind, &column));
    variable.label = prediction.label;
    session.frame.add(variable)?;
    if missing > 0 {
        let s = if missing == 1 { "" } else { "s" };
        session.print(format!(
            "({} missing value{s} generated)",
            crate::format::bare("%12.0fc", missing as f64)
        ));
    }
    Ok(())
}

fn refuse(session: &Session, statistic: &str) -> StataError {
    StataError::new(198, format!("option {statistic} not allowed after {}", session.e.cmd()))
}

/// Computes one statistic on rows of the data after the active estimates.
pub fn compute(
    session: &mut Session,
    statistic: Option<&str>,
    equation: Option<&str>,
    rows: &[usize],
) -> Result<Prediction> {
    let cmd = session.e.cmd().to_string();
    let parameters = Parameters::of(&session.e)?;
    let first = parameters.stripe.first().map(|s| s.eq.clone()).unwrap_or_default();
    let equation = equation.map_or(first, |e| e.trim_start_matches('#').to_string());
    if parameters.positions(&equation).is_empty() {
        return Err(StataError::new(303, format!("equation {equation} not found")));
    }
    let xb = |s: &Session| linear_prediction(&s.frame, &parameters, &equation, rows);
    let made = |values: Vec<f64>, label: &str| Ok(Prediction { values, label: label.to_string() });
    match (cmd.as_str(), statistic) {
        (_, Some("xb")) => made(xb(session)?, "Linear prediction"),
        (_, Some("stdp")) => {
            made(stdp(&session.frame, &parameters, &equation, rows)?, "S.E. of the prediction")
        }
        ("logit" | "logistic" | "probit", None | Some("pr")) => {
            let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
            if statistic.is_none() {
                session.print(format!("(option pr assumed; Pr({depvar}))"));
            }
            let link = if cmd == "probit" { Link::Probit } else { Link::Logit };
            made(map(xb(session)?, |e| link.probability(e)), &format!("Pr({depvar})"))
        }
        ("poisson" | "nbreg", None | Some("n" | "ir")) => {
            if statistic.is_none() {
                session.print("(option n assumed; predicted number of events)");
            }
            let offset = if statistic == Some("ir") { vec![0.0; rows.len()] } else { offset(session, rows)? };
            let values = xb(session)?
                .iter()
                .zip(&offset)
                .map(|(e, o)| combine(*e, *o, |e, o| (e + o).exp()))
                .collect();
            made(
                values,
                if statistic == Some("ir") {
                    "Predicted incidence rate"
                } else {
                    "Predicted number of events"
                },
            )
        }
        ("cox", None | Some("hr")) => {
            if statistic.is_none() {
                session.print("(option hr assumed; hazard ratio)");
            }
            made(map(xb(session)?, f64::exp), "Relative hazard")
        }
        ("xtreg" | "areg", Some("u" | "e" | "ue" | "xbu" | "d" | "xbd" | "residuals" | "dresiduals")) => {
            effects(session, &parameters, statistic.unwrap_or(""), rows)
        }
        (_, None) => {
            let text = if matches!(
                cmd.as_str(),
                "regress" | "anova" | "ivregress" | "areg" | "xtreg" | "newey" | "qreg" | "prais"
            ) {
                "(option xb assumed; fitted values)"
            } else {
                "(option xb assumed)"
            };
            session.print(text);
            made(xb(session)?, if cmd == "regress" { "Fitted values" } else { "Linear prediction" })
        }
        ("regress" | "anova" | "ivregress" | "newey" | "qreg" | "prais", Some("residuals")) => {
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

/// Applies a function to values that are not missing.
pub fn map(values: Vec<f64>, f: impl Fn(f64) -> f64) -> Vec<f64> {
    values.into_iter().map(|v| if is_missing(v) { MISSING } else { f(v) }).collect()
}

fn combine(a: f64, b: f64, f: impl Fn(f64, f64) -> f64) -> f64 {
    if is_missing(a) || is_missing(b) { MISSING } else { f(a, b) }
}

/// The outcome of the active estimates on rows of the data.
pub fn outcome(session: &Session, rows: &[usize]) -> Result<Vec<f64>> {
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    column(&session.frame, &depvar, rows)
}

/// Values of a variable written with time-series operators.
pub fn column(frame: &Frame, name: &str, rows: &[usize]) -> Result<Vec<f64>> {
    let list = FvList::parse(frame, name, false)?;
    let terms = list.expand(frame, &vec![true; frame.n_rows()])?;
    let term = terms.first().ok_or_else(|| StataError::no_variable(name))?;
    term.values(frame, rows)
}

/// Offset or log exposure of a count model.
fn offset(session: &Session, rows: &[usize]) -> Result<Vec<f64>> {
    if let Some(name) = session.e.results.get_text("exposure_var") {
        return Ok(map(column(&session.frame, name, rows)?, f64::ln));
    }
    match session.e.results.get_text("offset_var") {
        Some(name) => column(&session.frame, name, rows),
        None => Ok(vec![0.0; rows.len()]),
    }
}

/// Design rows of an equation, one column per parameter; missing where a regressor is.
pub fn design(
    frame: &Frame,
    parameters: &Parameters,
    positions: &[usize],
    rows: &[usize],
) -> Result<Vec<Vec<f64>>> {
    let mut grid = Grid::new(frame, rows.to_vec());
    grid.load(positions.iter().filter_map(|p| parameters.terms[*p].as_ref()).filter(|t| !t.is_omitted()))?;
    Ok(grid.design(parameters, positions))
}

/// `sqrt(x M x')` per row for a matrix over the given parameters.
fn quadratic_root(columns: &[Vec<f64>], matrix: &estimators::matrix::Mat, rows: usize) -> Vec<f64> {
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

fn stdp(frame: &Frame, parameters: &Parameters, equation: &str, rows: &[usize]) -> Result<Vec<f64>> {
    let positions = parameters.positions(equation);
    let columns = design(frame, parameters, &positions, rows)?;
    Ok(quadratic_root(&columns, &parameters.v.select(&positions, &positions), rows.len()))
}

/// Statistics of single rows after `regress`.
fn influence(
    session: &Session,
    parameters: &Parameters,
    statistic: &str,
    rows: &[usize],
) -> Result<Prediction> {
    let extra = session.e.extra.clone();
    let Some(state) = extra.as_ref().and_then(|e| e.downcast_ref::<LinearState>()) else {
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
    let areg = session.e.cmd() == "areg";
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
    let sample =
        session.estimation_sample().ok_or_else(|| StataError::new(301, "estimation sample not found"))?;
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
    let sample =
        session.estimation_sample().ok_or_else(|| StataError::new(301, "estimation sample not found"))?;
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
