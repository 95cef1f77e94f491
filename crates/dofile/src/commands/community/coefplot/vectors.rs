//! Elements of matrices as the options of a coefficient plot name them: `R`, `R[2]`, `R[2,.]`, `R[,1]`, `e(ci)[1]`, or
//! the number of a row of the matrix that is plotted.

use super::choice::matrix_name;
use crate::error::{Result, StataError};
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::leading_groups;
use std::sync::Arc;

/// A row or a column of a matrix.
pub(super) struct Vector {
    pub(super) names: Vec<Stripe>,
    pub(super) values: Vec<f64>,
}

/// Where names of matrices are looked up.
pub(super) struct Source<'a> {
    pub(super) session: &'a Session,
    /// The model, whose `e()` comes first.
    pub(super) model: Option<&'a Estimation>,
    /// The matrix that is plotted, as written.
    pub(super) plotted: Option<&'a str>,
}

impl Source<'_> {
    /// The elements that a text names.
    pub(super) fn vector(&self, text: &str) -> Result<Vector> {
        let text = matrix_name(text);
        let (name, place) = match (text.parse::<usize>(), self.plotted) {
            (Ok(_), Some(plotted)) => {
                let (name, own) = parts(plotted)?;
                let by_column = own.is_some_and(|p| p.trim_start().starts_with([',', '.']));
                (name, Some(if by_column { format!(",{text}") } else { text.to_string() }))
            }
            _ => {
                let (name, place) = parts(text)?;
                (name, place.map(str::to_string))
            }
        };
        let matrix = self.matrix(name)?;
        select(&matrix, place.as_deref())
    }

    /// Pairs of lower and upper limits: `(low high)`, several of them in parentheses, or a matrix of two rows or columns.
    pub(super) fn limits(&self, text: &str) -> Result<Vec<(Vec<f64>, Vec<f64>)>> {
        let mut out = Vec::new();
        for group in groups(text)? {
            out.push(match group[..] {
                [one] => self.both(one)?,
                [low, high] => (self.vector(low)?.values, self.vector(high)?.values),
                _ => return Err(StataError::invalid("option ci() incorrectly specified")),
            });
        }
        Ok(out)
    }

    /// Both limits from a matrix of two rows or two columns.
    fn both(&self, text: &str) -> Result<(Vec<f64>, Vec<f64>)> {
        let matrix = self.matrix(matrix_name(text))?;
        let pair = |first: &str, second: &str| -> Result<_> {
            Ok((select(&matrix, Some(first))?.values, select(&matrix, Some(second))?.values))
        };
        match (matrix.rows(), matrix.cols()) {
            (2, _) => pair("1", "2"),
            (_, 2) => pair(",1", ",2"),
            _ => Err(StataError::new(503, format!("{text}: a matrix with two rows is needed"))),
        }
    }

    fn matrix(&self, name: &str) -> Result<Arc<Matrix>> {
        let inner = name.strip_prefix("e(").and_then(|n| n.strip_suffix(')')).unwrap_or(name);
        let own = self.model.and_then(|m| m.results.matrices.get(inner)).cloned().map(Arc::new);
        own.or_else(|| self.session.matrix(name)).ok_or_else(|| StataError::not_found(name))
    }
}

/// A name and what stands in its brackets.
fn parts(text: &str) -> Result<(&str, Option<&str>)> {
    match text.split_once('[') {
        None => Ok((text.trim(), None)),
        Some((name, rest)) => {
            let inside = rest.trim_end().strip_suffix(']').ok_or_else(StataError::syntax)?;
            Ok((name.trim(), Some(inside)))
        }
    }
}

/// The row `2` or `2,.`, the column `,1` or `.,1`; without a place the first row.
fn select(matrix: &Matrix, place: Option<&str>) -> Result<Vector> {
    let all = |part: &str| part.is_empty() || part == ".";
    let (row, column) = match place.map(|p| p.split_once(',').unwrap_or((p, ""))) {
        None => (Some("1"), None),
        Some((row, column)) => match (row.trim(), column.trim()) {
            (row, column) if all(column) && !all(row) => (Some(row), None),
            (row, column) if all(row) && !all(column) => (None, Some(column)),
            _ => return Err(StataError::invalid("a row or a column of a matrix is needed")),
        },
    };
    let index = |part: &str, names: &[Stripe]| {
        let by_name = || names.iter().position(|n| n.full() == part || n.name == part);
        part.parse::<usize>()
            .ok()
            .map_or_else(by_name, |i| i.checked_sub(1))
            .filter(|i| *i < names.len())
            .ok_or_else(|| StataError::new(503, format!("{part}: the matrix has no such row or column")))
    };
    match (row, column) {
        (Some(row), _) => {
            let i = index(row, &matrix.row_names)?;
            let values = (0..matrix.cols()).map(|j| matrix.get(i, j)).collect();
            Ok(Vector { names: matrix.col_names.clone(), values })
        }
        (None, column) => {
            let j = index(column.unwrap_or("1"), &matrix.col_names)?;
            let values = (0..matrix.rows()).map(|i| matrix.get(i, j)).collect();
            Ok(Vector { names: matrix.row_names.clone(), values })
        }
    }
}

/// Words, divided by the parentheses around them; words without any are one group.
fn groups(text: &str) -> Result<Vec<Vec<&str>>> {
    let (groups_in, rest) = leading_groups(text).ok_or_else(StataError::syntax)?;
    let mut out = Vec::new();
    for inside in groups_in {
        if inside.starts_with('(') {
            out.extend(groups(inside)?);
        } else {
            out.push(elements(inside));
        }
    }
    if !rest.is_empty() {
        out.push(elements(rest));
    }
    Ok(out)
}

/// Words; blanks inside of brackets do not divide them.
fn elements(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let divides = |c: char| {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        c.is_whitespace() && depth == 0
    };
    text.split(divides).filter(|w| !w.is_empty()).collect()
}
