//! Evaluates the terms of the active estimates on rows of the data: linear predictions for
//! `predict` and `margins`, also at changed values of variables.

use crate::error::{Result, StataError};
use crate::estimation::post::kernel;
use crate::estimation::table::parse_term;
use crate::frame::Frame;
use crate::matrix::Stripe;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::{Atom, Term};
use crate::tsset::TsOp;
use crate::value::{MISSING, is_missing};
use estimators::matrix::Mat;
use std::collections::HashMap;
use std::rc::Rc;

/// Parameters of the active estimates, with their terms.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Names.
    pub stripe: Vec<Stripe>,
    /// The term behind each name; nothing for constants and ancillary parameters.
    pub terms: Vec<Option<Term>>,
    /// Estimates.
    pub b: Vec<f64>,
    /// Covariance.
    pub v: Mat,
    /// Names of the variables that abbreviations stand for; none where names may not be abbreviated.
    pub variables: Vec<String>,
}

/// Whether a parameter is not the coefficient of a variable: ancillary parameters stand in equations that begin with a
/// slash, the slope of the hazard of a two-step model in one of its own.
fn is_free(cmd: &str, stripe: &Stripe) -> bool {
    stripe.eq.starts_with('/') || cmd == "etregress" && stripe.eq == "hazard" && stripe.name == "lambda"
}

impl Parameters {
    /// Reads `e(b)` and `e(V)`; r(301) without estimates.
    pub fn of(estimation: &Estimation) -> Result<Self> {
        let b = estimation.b().ok_or_else(StataError::no_estimates)?;
        let size = b.cols();
        let v = estimation.v().map_or_else(|| Mat::zeros(size, size), kernel);
        Ok(Self {
            terms: b
                .col_names
                .iter()
                .map(|s| if is_free(estimation.cmd(), s) { None } else { parse_term(&s.name) })
                .collect(),
            stripe: b.col_names.clone(),
            b: b.values().to_vec(),
            v,
            variables: Vec::new(),
        })
    }

    /// The same, and names may abbreviate the variables of the data where the settings allow it.
    ///
    /// # Errors
    /// r(301) without estimates.
    pub fn of_session(session: &Session) -> Result<Self> {
        let names = session.frame.vars().iter().map(|v| v.name.clone());
        let variables = if session.settings.varabbrev { names.collect() } else { Vec::new() };
        Ok(Self { variables, ..Self::of(&session.e)? })
    }

    /// Names of the equations in order.
    pub fn equations(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for stripe in &self.stripe {
            if out.last() != Some(&stripe.eq) {
                out.push(stripe.eq.clone());
            }
        }
        out
    }

    /// Positions of the parameters of an equation.
    pub fn positions(&self, equation: &str) -> Vec<usize> {
        (0..self.stripe.len()).filter(|i| self.stripe[*i].eq == equation).collect()
    }

    /// Position of a parameter named as in `_b[]` or `test`: `x`, `2.a`, `[eq]x`, `eq:x`; variables may be abbreviated.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.find_named(name, |_| None).or_else(|| self.find_named(name, |v| full_name(v, &self.variables)))
    }

    /// The same by full names alone.
    pub fn find_exactly(&self, name: &str) -> Option<usize> {
        self.find_named(name, |_| None)
    }

    /// The same where a function gives the names of the variables; as they are written where it gives none.
    fn find_named(&self, name: &str, full: impl Fn(&str) -> Option<String>) -> Option<usize> {
        let name = name.trim();
        let (equation, bare) = match name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((equation, bare)) => (Some(equation.trim()), bare.trim_start_matches('_').trim()),
            None => match name.split_once(':') {
                Some((equation, bare)) => (Some(equation.trim()), bare.trim()),
                None => match name.strip_prefix('/') {
                    Some(bare) => (Some("/"), bare.trim()),
                    None => (None, name),
                },
            },
        };
        let bare = if equation.is_some() && name.contains("]_cons") { "_cons" } else { bare };
        let wanted = parse_term(bare).map(|t| t.renamed(&full));
        let same = |i: &usize| {
            self.stripe[*i].name == bare
                || (bare.contains('@')
                    && self.stripe[*i].name.replace("bn.", ".") == bare.replace("bn.", "."))
                || match (&wanted, &self.terms[*i]) {
                    (Some(a), Some(b)) => same_term(a, b),
                    _ => false,
                }
        };
        // `[mills]lambda` is the older name of `[/mills]lambda`
        let older = |i: &usize, e: &str| !e.is_empty() && self.stripe[*i].eq.strip_prefix('/') == Some(e);
        let matches_equation = |i: &usize| equation.is_none_or(|e| self.stripe[*i].eq == e || older(i, e));
        // `[sigma]_cons` and `sigma:_cons` are older names of the free parameter `/sigma`
        let free = |i: &usize| {
            bare == "_cons"
                && self.stripe[*i].eq.starts_with('/')
                && equation.is_some_and(|e| e == self.stripe[*i].name)
        };
        let mut all = 0..self.stripe.len();
        all.clone().filter(matches_equation).find(same).or_else(|| all.find(free))
    }
}

/// The one variable that a name or an abbreviation stands for.
fn full_name(name: &str, variables: &[String]) -> Option<String> {
    if variables.iter().any(|v| v == name) {
        return Some(name.to_string());
    }
    let mut longer = variables.iter().filter(|v| v.starts_with(name));
    let first = longer.next()?;
    longer.next().is_none().then(|| first.clone())
}

/// Whether two terms are the same column, whatever their base and omission marks.
pub fn same_term(a: &Term, b: &Term) -> bool {
    let same = |x: &Atom, y: &Atom| match (x, y) {
        (Atom::Level { var, ts, level, .. }, Atom::Level { var: v, ts: t, level: l, .. }) => {
            var == v && ts == t && level == l
        }
        (Atom::Cont { var, ts, .. }, Atom::Cont { var: v, ts: t, .. }) => var == v && ts == t,
        _ => false,
    };
    a.atoms.len() == b.atoms.len() && a.atoms.iter().all(|x| b.atoms.iter().any(|y| same(x, y)))
}

/// Values of variables on some rows, some of them replaced.
#[derive(Clone)]
pub struct Grid<'a> {
    frame: &'a Frame,
    rows: Rc<Vec<usize>>,
    columns: HashMap<(String, TsOp), Rc<Vec<f64>>>,
    shares: HashMap<(String, i64), f64>,
    offset: Option<Rc<Vec<f64>>>,
}

impl<'a> Grid<'a> {
    /// The data as they are on the given rows.
    pub fn new(frame: &'a Frame, rows: Vec<usize>) -> Self {
        Self { frame, rows: Rc::new(rows), columns: HashMap::new(), shares: HashMap::new(), offset: None }
    }

    /// The rows.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Sets what the model adds to its first linear index in each row: an offset or the log of an exposure.
    pub fn set_offset(&mut self, values: Vec<f64>) {
        self.offset = Some(Rc::new(values));
    }

    /// The offset of a row, zero without one.
    pub fn offset(&self, row: usize) -> f64 {
        self.offset.as_ref().map_or(0.0, |values| values[row])
    }

    /// Loads every variable of the terms, so that reading needs no data afterwards.
    pub fn load<'t>(&mut self, terms: impl Iterator<Item = &'t Term>) -> Result<()> {
        for atom in terms.flat_map(|t| &t.atoms) {
            let key = (atom.var().to_string(), atom.ts());
            if !self.columns.contains_key(&key) {
                let plain = Atom::Cont { var: key.0.clone(), ts: key.1, omitted: false };
                let values = plain.column(self.frame)?;
                let picked = self.rows.iter().map(|r| values[*r]).collect();
                self.columns.insert(key, Rc::new(picked));
            }
        }
        Ok(())
    }

    /// Replaces a variable (without time-series operators).
    pub fn set(&mut self, variable: &str, values: Vec<f64>) {
        self.columns.insert((variable.to_string(), TsOp::default()), Rc::new(values));
    }

    /// Replaces the indicator of a factor level by a share (means of indicators).
    pub fn set_share(&mut self, variable: &str, level: i64, share: f64) {
        self.shares.insert((variable.to_string(), level), share);
    }

    /// Puts every row at one level of a factor, whatever shares were set before.
    pub fn fix_factor(&mut self, variable: &str, level: i64) {
        self.shares.retain(|(name, _), _| name != variable);
        self.set(variable, vec![level as f64; self.rows.len()]);
    }

    fn share(&self, atom: &Atom) -> Option<f64> {
        match atom {
            Atom::Level { var, level, ts, .. } if ts.is_none() && !self.shares.is_empty() => {
                self.shares.get(&(var.clone(), *level)).copied()
            }
            _ => None,
        }
    }

    /// The values of a variable, if a loaded term uses it.
    pub fn variable(&self, variable: &str) -> Option<&[f64]> {
        self.columns.get(&(variable.to_string(), TsOp::default())).map(|v| v.as_slice())
    }

    fn atom(&self, atom: &Atom, row: usize) -> f64 {
        let value = self.columns[&(atom.var().to_string(), atom.ts())][row];
        if let Some(share) = self.share(atom) {
            return share;
        }
        match atom {
            Atom::Cont { .. } => value,
            _ if is_missing(value) => MISSING,
            Atom::Level { level, .. } => f64::from(u8::from(value == *level as f64)),
        }
    }

    /// Values of a term; missing where one of its variables is.
    pub fn term(&self, term: &Term) -> Vec<f64> {
        let mut out = vec![1.0; self.rows.len()];
        for atom in &term.atoms {
            if let Some(share) = self.share(atom) {
                out.iter_mut().filter(|cell| !is_missing(**cell)).for_each(|cell| *cell *= share);
                continue;
            }
            let column = &self.columns[&(atom.var().to_string(), atom.ts())];
            for (cell, value) in out.iter_mut().zip(column.iter()) {
                *cell = match atom {
                    _ if is_missing(*value) || is_missing(*cell) => MISSING,
                    Atom::Cont { .. } => *cell * value,
                    Atom::Level { level, .. } => *cell * f64::from(u8::from(*value == *level as f64)),
                };
            }
        }
        out
    }

    /// Derivative of a term in a continuous variable, row by row.
    pub fn term_derivative(&self, term: &Term, variable: &str) -> Vec<f64> {
        let is_it = |a: &Atom| matches!(a, Atom::Cont { var, ts, .. } if var == variable && ts.is_none());
        (0..self.rows.len())
            .map(|row| {
                let positions: Vec<usize> =
                    (0..term.atoms.len()).filter(|i| is_it(&term.atoms[*i])).collect();
                positions
                    .iter()
                    .map(|skip| {
                        (0..term.atoms.len())
                            .filter(|i| i != skip)
                            .map(|i| self.atom(&term.atoms[i], row))
                            .product::<f64>()
                    })
                    .sum()
            })
            .collect()
    }

    /// Design values of the given parameters: one column each; ones for constants.
    pub fn design(&self, parameters: &Parameters, positions: &[usize]) -> Vec<Vec<f64>> {
        positions
            .iter()
            .map(|p| match &parameters.terms[*p] {
                Some(term) if term.is_omitted() => vec![0.0; self.rows.len()],
                Some(term) => self.term(term),
                None => vec![1.0; self.rows.len()],
            })
            .collect()
    }
}

/// Linear prediction of an equation on rows of the data; missing where a regressor is missing.
pub fn predict(frame: &Frame, parameters: &Parameters, equation: &str, rows: &[usize]) -> Result<Vec<f64>> {
    let positions = parameters.positions(equation);
    let mut grid = Grid::new(frame, rows.to_vec());
    let used = |p: &usize| parameters.terms[*p].as_ref().filter(|t| !t.is_omitted());
    grid.load(positions.iter().filter_map(used))?;
    let design = grid.design(parameters, &positions);
    let mut out = vec![0.0; rows.len()];
    for (column, position) in design.iter().zip(&positions) {
        for (cell, value) in out.iter_mut().zip(column) {
            *cell = if is_missing(*cell) || is_missing(*value) {
                MISSING
            } else {
                *cell + parameters.b[*position] * value
            };
        }
    }
    Ok(out)
}

/// State for commands after a linear regression, in addition to `e()`.
pub struct LinearState {
    /// `(X'WX)^-1` over all parameters, zero where omitted.
    pub unscaled: Mat,
    /// Mean squared error.
    pub s2: f64,
    /// Its degrees of freedom.
    pub df_residual: f64,
}
