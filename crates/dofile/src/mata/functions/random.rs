//! Random numbers ([M-5] runiform()): the generator and the algorithms of the do-file language.

use super::{Builtin, Run, full};
use crate::expr::functions;
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::machine::Machine;
use crate::mata::operators::{broadcast, checked_len};
use crate::mata::value::Value;
use crate::rng::Mt64;
use crate::value::{MISSING, Value as Element, is_missing};

macro_rules! draws {
    ($($name:literal, $least:literal, $most:literal;)*) => {
        &[
            $(full($name, $least + 2, $most + 2, |m, a| draws(m, a, $name)),)*
            full("uniform", 2, 2, |m, a| draws(m, a, "runiform")),
            full("rdiscrete", 3, 3, discrete),
            full("rseed", 0, 1, seed),
            full("uniformseed", 0, 1, seed),
        ]
    };
}

pub(super) const TABLE: &[Builtin] = draws! {
    "runiform", 0, 2;
    "runiformint", 2, 2;
    "rnormal", 2, 2;
    "rexponential", 1, 1;
    "rlogistic", 0, 2;
    "rweibull", 2, 2;
    "rgamma", 2, 2;
    "rchi2", 1, 1;
    "rt", 1, 1;
    "rbeta", 2, 2;
    "rcauchy", 2, 2;
    "rlaplace", 2, 2;
    "rbinomial", 2, 2;
    "rnbinomial", 2, 2;
    "rpoisson", 1, 1;
};

/// `rname(r, c, parameters)`: r × c draws for each cell of the parameters, which are c-conformable.
fn draws(m: &mut Machine<'_>, a: &mut Args, name: &str) -> Run<Option<Value>> {
    let (rows, cols) = (a.count(0)?, a.count(1)?);
    let function = functions::scalar(name).ok_or_else(|| Fault::not_found(name))?;
    let mut parameters = Grid::scalar(Vec::new());
    for k in 2..a.len() {
        parameters = broadcast(&parameters, &a.real(k)?, |row: &Vec<Element>, x| {
            let mut next = row.clone();
            next.push(Element::Num(*x));
            next
        })?;
    }
    let (r, c) = (parameters.rows(), parameters.cols());
    checked_len(rows.saturating_mul(r.max(1)), cols.saturating_mul(c.max(1)), m.bytes())?;
    let mut out = Grid::filled(rows * r, cols * c, MISSING);
    let width = cols * c;
    // each block of r x c draws is filled row by row
    for i in 0..rows * r {
        for j in 0..width {
            let given = parameters.get(i / rows.max(1), j / cols.max(1));
            let value = function.call(given, &m.session.rng, &m.session.cwd);
            out.data_mut()[i * width + j] = value.as_num().unwrap_or(MISSING);
        }
    }
    Ok(Some(Value::real(out)))
}

/// `rdiscrete(r, c, p)`: draws of 1, 2, … with probabilities.
fn discrete(m: &mut Machine<'_>, a: &mut Args) -> Run<Option<Value>> {
    let (rows, cols, p) = (a.count(0)?, a.count(1)?, a.vector(2)?);
    checked_len(rows, cols, m.bytes())?;
    let wrong = p.data().iter().any(|x| is_missing(*x) || *x < 0.0);
    if p.is_empty() || wrong || (p.data().iter().sum::<f64>() - 1.0).abs() > 1e-8 {
        return Err(Fault::code(3300));
    }
    let mut rng = m.session.rng.borrow_mut();
    Ok(Some(Value::real(Grid::from_fn(rows, cols, |_, _| {
        let u = rng.uniform();
        let mut sum = 0.0;
        let hit = p.data().iter().position(|x| {
            sum += x;
            u <= sum
        });
        (hit.unwrap_or(p.len() - 1) + 1) as f64
    }))))
}

/// `rseed(seed)` sets the seed; without an argument it is returned.
fn seed(m: &mut Machine<'_>, a: &mut Args) -> Run<Option<Value>> {
    if a.len() == 0 {
        return Ok(Some(Value::Num(m.session.rng.borrow().seed as f64)));
    }
    let seed = a.count(0)?;
    *m.session.rng.borrow_mut() = Mt64::new(seed as u64);
    Ok(None)
}
