//! `mleval`, `mlsum`, `mlvecsum`, `mlmatsum`: what programs of the methods `lf0` and `d0` to `d2` call ([R] ml).

use super::model::is_number;
use super::program::Running;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::frame::{Column, Variable};
use crate::matrix::Matrix;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, Value};
use estimators::real::stable_sum;
use std::sync::Arc;

/// A program of method d0 with both helpers, used by the examples: mean and logarithm of the standard deviation.
const NORMAL: &str = "set obs 4\ngen y = _n\nprogram define lfn\n    args todo b lnf\n    tempvar mu\n    tempname ls\n    \
    mleval `mu' = `b', eq(1)\n    mleval `ls' = `b', eq(2) scalar\n    \
    mlsum `lnf' = ln(normalden($ML_y1, `mu', exp(`ls')))\nend\nml model d0 lfn (y =) /lnsigma\nml maximize, nolog";

/// The mean of 1 to 4 by least squares, and sums of the outcome.
const SUMS: &str = "set obs 4\ngen y = _n\nprogram define lfs\n    args todo b lnf\n    tempvar mu\n    tempname all\n    \
    mleval `mu' = `b'\n    mlsum `lnf' = -($ML_y1 - `mu')^2/2\n    mlvecsum `all' g = $ML_y1\n    \
    mlmatsum `all' h = $ML_y1\nend\nml model d0 lfs (y =)\nml maximize, nolog";

const fn helper(
    name: &'static str,
    run: fn(&mut Session, &ParsedCommand) -> Result<()>,
    syntax: &'static str,
    notes: &'static str,
) -> CommandSpec {
    CommandSpec {
        name,
        min: name.len(),
        form: Form::Raw,
        by: ByRule::No,
        run,
        syntax,
        notes,
        // Mean 2.5 and variance 1.25 of 1 to 4.
        examples: &[
            Example { run: NORMAL, expect: &[("_b[eq1:_cons]", 2.5), ("exp(2*_b[/lnsigma])", 1.25)] },
            Example { run: SUMS, expect: &[("_b[_cons]", 2.5), ("g[1,1]", 10.0), ("h[1,1]", 10.0)] },
        ],
    }
}

/// `mleval`.
pub(super) const MLEVAL: CommandSpec = helper(
    "mleval",
    run_eval,
    "mleval newvar = vecname [, eq(#)] | mleval scalarname = vecname, scalar [eq(#)]",
    "inside a program that ml calls; [R] ml",
);
/// `mlsum`.
pub(super) const MLSUM: CommandSpec = helper(
    "mlsum",
    run_sum,
    "mlsum scalarname = exp [if] [, noweight]",
    "inside a program that ml calls; missing when a value of the sample is; [R] ml",
);
/// `mlvecsum`.
pub(super) const MLVECSUM: CommandSpec = helper(
    "mlvecsum",
    run_vector,
    "mlvecsum scalarname rowvecname = exp [if] [, eq(#)]",
    "inside a program that ml calls; [R] ml",
);
/// `mlmatsum`.
pub(super) const MLMATSUM: CommandSpec = helper(
    "mlmatsum",
    run_matrix,
    "mlmatsum scalarname matrixname = exp [if] [, eq(#[,#])]",
    "inside a program that ml calls; [R] ml",
);

fn running(s: &Session, name: &str) -> Result<Running> {
    let found = s.extensions.get::<Running>().cloned();
    found.ok_or_else(|| StataError::new(198, format!("{name} works in programs that ml calls only")))
}

/// Number of an equation, from zero.
fn equation(running: &Running, text: Option<&str>) -> Result<usize> {
    let number = text.map_or(Some(1), |t| t.trim().parse::<usize>().ok());
    let count = running.prepared.sides.len();
    number
        .filter(|n| (1..=count).contains(n))
        .map(|n| n - 1)
        .ok_or_else(|| StataError::invalid(format!("eq() must be between 1 and {count}")))
}

fn run_eval(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut running = running(s, "mleval")?;
    let mut line = ParsedCommand::split("mleval", &cmd.raw, true)?;
    line.check_options(&[OptSpec::text("eq"), OptSpec::flag("SCALar")], &[])?;
    let e = equation(&running, line.options.text("eq"))?;
    let vector = line.exp.as_deref().unwrap_or("").trim().to_string();
    let full = s.matrices.get(&vector).ok_or_else(|| StataError::not_found(&vector))?.values().to_vec();
    if full.len() != running.prepared.stripe.len() {
        return Err(StataError::standard(503));
    }
    let shift = running.shift.get(e).copied().unwrap_or(0.0);
    let name = line.list.trim();
    if line.has("scalar") {
        let side = &running.prepared.sides[e];
        if !side.design.active().is_empty() || !side.constant {
            return Err(StataError::new(198, format!("equation {} is not a constant", e + 1)));
        }
        let from: usize = running.prepared.sides[..e].iter().map(|side| side.names().len()).sum();
        let value = full[from + side.design.terms.len()] + shift;
        s.scalars.insert(name.to_string(), Value::Num(stata(value)));
    } else {
        let mut column = vec![MISSING; s.frame.n_rows()];
        let index = running.prepared.indices(&full).swap_remove(e);
        running.rows.iter().zip(index).for_each(|(r, v)| column[*r] = stata(v + shift));
        match s.frame.find(name) {
            Some(position) => s.frame.set_column(position, Column::Double(column)),
            None => {
                s.frame.add(Variable::new(name, Column::Double(column)))?;
            }
        }
    }
    running.used[e] = true;
    s.extensions.set(running);
    Ok(())
}

/// Weighted values of an expression in the sample, zero where `if` does not hold; nothing where one is missing.
fn terms(s: &Session, running: &Running, line: &ParsedCommand, weighted: bool) -> Result<Option<Vec<f64>>> {
    let compiled = s.compile_numeric(line.exp.as_deref().unwrap_or(""))?;
    let touse = s.rows(line)?;
    let ctx = s.ctx();
    let weight = |i: usize| running.weights.as_ref().filter(|_| weighted).map_or(1.0, |w| w[i]);
    let value = |(i, row): (usize, &usize)| {
        if touse[*row] { weight(i) * compiled.num(&ctx, *row) } else { 0.0 }
    };
    let whole = |(_, row): (usize, &usize)| !touse[*row] || is_number(compiled.num(&ctx, *row));
    if !running.rows.iter().enumerate().all(whole) {
        return Ok(None);
    }
    Ok(Some(running.rows.iter().enumerate().map(value).collect()))
}

fn run_sum(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let running = running(s, "mlsum")?;
    let mut line = ParsedCommand::split("mlsum", &cmd.raw, true)?;
    line.check_options(&[OptSpec::flag("noWeight")], &[])?;
    let found = terms(s, &running, &line, !line.has("noweight"))?;
    let total = found.map_or(MISSING, |values| stata(stable_sum(values)));
    s.scalars.insert(line.list.trim().to_string(), Value::Num(total));
    Ok(())
}

/// Columns of an equation as its coefficients have them; omitted ones are zero.
fn columns(running: &Running, e: usize) -> Vec<Vec<f64>> {
    let side = &running.prepared.sides[e];
    let rows = running.rows.len();
    let column = |i: usize| side.design.column(i).map_or_else(|| vec![0.0; rows], <[f64]>::to_vec);
    let mut out: Vec<Vec<f64>> = (0..side.design.terms.len()).map(column).collect();
    if side.constant {
        out.push(vec![1.0; rows]);
    }
    out
}

fn two_names(list: &str) -> Result<(String, String)> {
    match list.split_whitespace().collect::<Vec<_>>()[..] {
        [first, second] => Ok((first.to_string(), second.to_string())),
        _ => Err(StataError::syntax()),
    }
}

/// Stores sums over the sample of an expression times products of regressors.
fn sums(
    s: &mut Session,
    running: &Running,
    line: &ParsedCommand,
    left: Vec<Vec<f64>>,
    right: Vec<Vec<f64>>,
) -> Result<()> {
    let (scalar, matrix) = two_names(&line.list)?;
    let Some(values) = terms(s, running, line, true)? else {
        s.scalars.insert(scalar, Value::Num(MISSING));
        return Ok(());
    };
    let mut cells = Vec::with_capacity(left.len() * right.len());
    for x in &left {
        for z in &right {
            cells.push(stable_sum(values.iter().zip(x).zip(z).map(|((v, x), z)| v * x * z)));
        }
    }
    s.matrices.insert(matrix, Arc::new(Matrix::new(left.len(), right.len(), cells)));
    Ok(())
}

fn run_vector(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let running = running(s, "mlvecsum")?;
    let mut line = ParsedCommand::split("mlvecsum", &cmd.raw, true)?;
    line.check_options(&[OptSpec::text("eq")], &[])?;
    let e = equation(&running, line.options.text("eq"))?;
    let ones = vec![vec![1.0; running.rows.len()]];
    let right = columns(&running, e);
    sums(s, &running, &line, ones, right)
}

fn run_matrix(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let running = running(s, "mlmatsum")?;
    let mut line = ParsedCommand::split("mlmatsum", &cmd.raw, true)?;
    line.check_options(&[OptSpec::text("eq")], &[])?;
    let text = line.options.text("eq").unwrap_or("1").to_string();
    let (first, second) = text.split_once(',').unwrap_or((&text, &text));
    let (e, f) = (equation(&running, Some(first))?, equation(&running, Some(second))?);
    let (left, right) = (columns(&running, e), columns(&running, f));
    sums(s, &running, &line, left, right)
}
