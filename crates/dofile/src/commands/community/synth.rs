//! `synth`: synthetic control of one treated unit.
//!
//! Stores in `e()`: V_matrix, X_balance, W_weights, Y_treated, Y_synthetic, RMSPE (1 x 1), N, trunit, trperiod, cmd depvar
//! predictors vmethod.
//! Formulas: Abadie, Diamond and Hainmueller (2010, Journal of the American Statistical Association 105; 2011, Journal of
//! Statistical Software 42).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::synth_data::{Data, Predictor, key, number, predictors, words};
use super::synth_keep;
use super::synth_show::display;
use crate::error::{Result, StataError};
use crate::estimation::ml_command::replay;
use crate::estimation::post::command_line;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::matrix::Mat;
use estimators::synthetic::{Problem, normalised};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::real("TRUnit"),
    OptSpec::real("TRPeriod"),
    OptSpec::text("COUnit"),
    OptSpec::text("XPeriod"),
    OptSpec::text("MSPEPeriod"),
    OptSpec::text("RESultsperiod"),
    OptSpec::text("customV"),
    OptSpec::text("UNITNames"),
    OptSpec::flag("nested"),
    OptSpec::flag("allopt"),
    OptSpec::flag("FIGure"),
    OptSpec::text("KEEP"),
    OptSpec::flag("REPlace"),
])
.unsupported(&["GENvars", "MARGin", "MAXiter", "SIGf", "BOUND"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "synth",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "synth depvar predictor[(periods)] ... [if] [in], trunit(#) trperiod(#) [counit(numlist) xperiod(numlist) mspeperiod(numlist) resultsperiod(numlist) nested allopt customV(numlist) unitnames(v) keep(file) replace figure]",
    notes: "after xtset; predictors are means over their periods, by default the periods before trperiod(); importances of the predictors (V): by regressions of the outcomes before the treatment on the predictors, as the default of its authors; nested: from there by the simplex of Nelder and Mead to the least error of the outcomes, with allopt also from equal importances; customV(): given; weights solve the quadratic problem exactly; stores e(V_matrix X_balance W_weights Y_treated Y_synthetic RMSPE), weights unrounded; keep() writes _Co_Number _W_Weight _Y_treated _Y_synthetic _time; formulas: Abadie, Diamond and Hainmueller (2010, 2011)",
    examples: &[Example {
        // The treated unit is half of each of the first two controls before period 3.
        run: "input u t y\n1 1 2\n1 2 3\n1 3 9\n2 1 1\n2 2 4\n2 3 5\n3 1 3\n3 2 2\n3 3 4\n4 1 9\n4 2 9\n4 3 9\nend\nxtset u t\nsynth y y(1) y(2), trunit(1) trperiod(3)\nmatrix W = e(W_weights)\nmatrix S = e(Y_synthetic)",
        expect: &[("W[1,2]", 0.5), ("W[2,2]", 0.5), ("W[3,2]", 0.0), ("S[3,1]", 4.5)],
    }],
};

/// The treated unit first, then its controls.
fn units(cmd: &ParsedCommand, data: &Data) -> Result<Vec<f64>> {
    let treated = cmd.options.real("trunit");
    let treated = treated.ok_or_else(|| StataError::invalid("option trunit() required"))?;
    let unknown = |u: f64, option: &str| {
        StataError::new(198, format!("{option}(): unit {} is not found in the panel variable", number(u)))
    };
    if !data.units.contains(&treated) {
        return Err(unknown(treated, "trunit"));
    }
    let controls = match cmd.options.text("counit") {
        None => data.units.iter().copied().filter(|u| *u != treated).collect(),
        Some(text) => {
            let listed = numlist::expand(text)?;
            if let Some(u) = listed.iter().find(|u| !data.units.contains(u)) {
                return Err(unknown(*u, "counit"));
            }
            if listed.contains(&treated) {
                return Err(StataError::invalid("counit(): the treated unit is among the control units"));
            }
            listed
        }
    };
    if controls.len() < 2 {
        return Err(StataError::new(198, "at least 2 control units are needed"));
    }
    Ok([treated].into_iter().chain(controls).collect())
}

/// Values of one predictor by unit: its mean over the periods with a value.
fn means(
    session: &Session,
    data: &Data,
    predictor: &Predictor,
    units: &[f64],
    default: &[f64],
) -> Result<Vec<f64>> {
    let periods = match &predictor.periods {
        Some(own) => data.known(own.clone(), &predictor.name)?,
        None => default.to_vec(),
    };
    let mean = |unit: &f64| {
        let found: Vec<f64> =
            periods.iter().filter_map(|t| data.value(session, predictor.variable, *unit, *t)).collect();
        if found.is_empty() {
            let text = format!("{}: no value for unit {}", predictor.name, number(*unit));
            return Err(StataError::new(416, text));
        }
        Ok(found.iter().sum::<f64>() / found.len() as f64)
    };
    units.iter().map(mean).collect()
}

/// What the weights come from.
struct Setup {
    names: Vec<String>,
    /// Predictors in their units: one row each, the treated unit first.
    x: Vec<Vec<f64>>,
    problem: Problem,
    units: Vec<f64>,
}

fn setup(
    session: &Session,
    cmd: &ParsedCommand,
    data: &Data,
    outcome: usize,
    list: &[Predictor],
) -> Result<Setup> {
    let start = cmd.options.real("trperiod");
    let start = start.ok_or_else(|| StataError::invalid("option trperiod() required"))?;
    if !data.times.contains(&start) || data.times.first() == Some(&start) {
        let text = "trperiod() must be a period of the data with periods before it";
        return Err(StataError::invalid(text));
    }
    let units = units(cmd, data)?;
    let default = data.periods(cmd, "xperiod", |t| t < start)?;
    let fit = data.periods(cmd, "mspeperiod", |t| t < start)?;
    let x: Vec<Vec<f64>> =
        list.iter().map(|p| means(session, data, p, &units, &default)).collect::<Result<_>>()?;
    let mut y = Vec::with_capacity(fit.len() * units.len());
    for t in &fit {
        for unit in &units {
            let value = data.value(session, outcome, *unit, *t).ok_or_else(|| {
                let name = &session.frame.var(outcome).name;
                StataError::new(416, format!("{name}: no value for unit {} in {}", number(*unit), number(*t)))
            })?;
            y.push(value);
        }
    }
    let j = units.len() - 1;
    let mut problem = Problem {
        treated: x.iter().map(|row| row[0]).collect(),
        controls: Mat::from_fn(x.len(), j, |i, c| x[i][c + 1]),
        outcome: (0..fit.len()).map(|t| y[t * (j + 1)]).collect(),
        outcomes: Mat::from_fn(fit.len(), j, |t, c| y[t * (j + 1) + c + 1]),
    };
    problem.standardise().map_err(|i| {
        StataError::new(498, format!("predictor {} does not vary between the units", list[i].name))
    })?;
    Ok(Setup { names: list.iter().map(|p| p.name.clone()).collect(), x, problem, units })
}

/// Importances of the predictors and how they were found.
fn importance(cmd: &ParsedCommand, problem: &Problem) -> Result<(Vec<f64>, &'static str)> {
    let k = problem.treated.len();
    let nested = cmd.has("nested") || cmd.has("allopt");
    if let Some(text) = cmd.options.text("customv") {
        let given = numlist::expand(text)?;
        if given.len() != k || given.iter().any(|v| *v < 0.0) || nested {
            let text = format!("customV() needs {k} numbers that are not negative, and no nested");
            return Err(StataError::invalid(text));
        }
        let found =
            normalised(&given).ok_or_else(|| StataError::invalid("customV() has no positive number"))?;
        return Ok((found, "custom"));
    }
    let regression = problem.regression_importance();
    let equal = vec![1.0 / k as f64; k];
    if !nested {
        let text = "too few control units or dependent predictors for the regression-based V; use customV() or nested";
        return regression.map(|v| (v, "regression")).ok_or_else(|| StataError::new(498, text));
    }
    let both = cmd.has("allopt") || regression.is_none();
    let starts: Vec<Vec<f64>> = regression.into_iter().chain(both.then_some(equal)).collect();
    Ok((problem.nested_importance(&starts), "nested"))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if replay(session, cmd, "synth")? {
        return display(session);
    }
    let list = words(&cmd.list);
    let outcome = session.numeric_variable(&list[0])?;
    let list = predictors(session, &list[1..])?;
    let data = Data::read(session, cmd)?;
    let setup = setup(session, cmd, &data, outcome, &list)?;
    let names = unit_names(session, cmd, &data, &setup.units)?;
    let (v, method) = importance(cmd, &setup.problem)?;
    let w = setup.problem.weights(&v);
    let error = setup.problem.error(&w).sqrt();
    let shown = data.periods(cmd, "resultsperiod", |_| true)?;
    let outcomes = |unit: f64| -> Vec<f64> {
        shown.iter().map(|t| data.value(session, outcome, unit, *t).unwrap_or(MISSING)).collect()
    };
    let treated = outcomes(setup.units[0]);
    let mut synthetic = vec![0.0; shown.len()];
    for (unit, weight) in setup.units[1..].iter().zip(&w).filter(|p| *p.1 > 0.0) {
        for (sum, y) in synthetic.iter_mut().zip(outcomes(*unit)) {
            *sum = if is_missing(*sum) || is_missing(y) { MISSING } else { *sum + weight * y };
        }
    }
    let periods = shown.clone();
    let found = Found { v, method, w, error, names, periods: shown, treated, synthetic };
    let touse = {
        let used: Vec<i64> = setup.units.iter().map(|u| key(*u)).collect();
        let mut touse = vec![false; session.frame.n_rows()];
        data.rows.iter().for_each(|((unit, _), row)| touse[*row] = used.contains(unit));
        touse
    };
    let mut est = found.results(&setup);
    let r = &mut est.results;
    r.scalar("N", touse.iter().filter(|t| **t).count() as f64);
    r.text("cmdline", command_line(cmd)).text("depvar", &session.frame.var(outcome).name);
    r.text("trperiod", number(cmd.options.real("trperiod").unwrap_or(MISSING)));
    session.post_estimation(est, touse);
    display(session)?;
    if let Some(file) = cmd.options.text("keep") {
        synth_keep::keep(session, cmd, &periods, file)?;
    }
    if cmd.has("figure") {
        synth_keep::draw(session, &periods, cmd.options.real("trperiod").unwrap_or(MISSING))?;
    }
    Ok(())
}

/// What was estimated.
struct Found {
    v: Vec<f64>,
    method: &'static str,
    w: Vec<f64>,
    error: f64,
    names: Vec<String>,
    periods: Vec<f64>,
    treated: Vec<f64>,
    synthetic: Vec<f64>,
}

/// A matrix with named rows and columns.
fn named(values: Vec<f64>, rows: &[String], columns: &[&str]) -> Matrix {
    let mut out = Matrix::new(rows.len(), columns.len(), values);
    out.row_names = rows.iter().map(Stripe::term).collect();
    out.col_names = columns.iter().map(|c| Stripe::term(*c)).collect();
    out
}

impl Found {
    fn results(self, setup: &Setup) -> Estimation {
        let mut est = Estimation::default();
        let r = &mut est.results;
        let periods: Vec<String> = self.periods.iter().map(|t| number(*t)).collect();
        r.matrix("Y_treated", named(self.treated, &periods, &["Y_treated"]));
        r.matrix("Y_synthetic", named(self.synthetic, &periods, &["Y_synthetic"]));
        r.matrix("RMSPE", named(vec![self.error], &["RMSPE".to_string()], &["RMSPE"]));
        let k = self.v.len();
        let mut diagonal = vec![0.0; k * k];
        (0..k).for_each(|i| diagonal[i * k + i] = self.v[i]);
        r.matrix("V_matrix", Matrix::square(diagonal, setup.names.iter().map(Stripe::term).collect()));
        let mean = |row: &[f64]| row.iter().zip(&self.w).map(|(x, w)| x * w).sum::<f64>();
        let balance = setup.x.iter().flat_map(|row| [row[0], mean(&row[1..])]).collect();
        r.matrix("X_balance", named(balance, &setup.names, &["Treated", "Synthetic"]));
        let pairs = setup.units[1..].iter().zip(&self.w).flat_map(|(u, w)| [*u, *w]).collect();
        r.matrix("W_weights", named(pairs, &self.names[1..], &["_Co_Number", "_W_Weight"]));
        r.text("cmd", "synth").text("trunit", self.names[0].as_str()).text("vmethod", self.method);
        r.text("predictors", setup.names.join(" "));
        est
    }
}

/// Names of units: values of `unitnames()`, or their numbers.
fn unit_names(session: &Session, cmd: &ParsedCommand, data: &Data, units: &[f64]) -> Result<Vec<String>> {
    let Some(name) = cmd.options.text("unitnames") else {
        return Ok(units.iter().map(|u| number(*u)).collect());
    };
    let variable = session.variable(name)?;
    if !session.frame.var(variable).is_string() {
        return Err(StataError::new(109, "unitnames() must be a string variable"));
    }
    let row_of = |unit: f64| data.rows.iter().find(|((u, _), _)| *u == key(unit)).map(|(_, row)| *row);
    let column = &session.frame.var(variable).data;
    Ok(units
        .iter()
        .map(|u| row_of(*u).map_or_else(|| number(*u), |row| column.str(row).to_string()))
        .collect())
}
