//! Global vectors and matrices for commands that move data to Mata and back.

use super::fault::Fault;
use super::grid::Grid;
use super::machine::Machine;
use super::operators::real_grid;
use super::parser::is_reserved;
use super::state::State;
use super::value::{Cell, Value, View};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, is_valid_name};
use crate::session::Session;
use crate::value::MISSING;

/// A column that is put into a matrix.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// A variable of the data, by position.
    Variable(usize),
    /// The same number in every row.
    Constant(f64),
}

/// A column of a matrix.
#[derive(Debug)]
pub enum Taken {
    /// Real numbers.
    Numbers(Vec<f64>),
    /// Texts.
    Texts(Vec<Box<str>>),
}

impl Taken {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Numbers(x) => x.len(),
            Self::Texts(x) => x.len(),
        }
    }

    /// The column of data that holds the rows of `order`; missing where there is none.
    pub fn column(&self, order: &[Option<usize>], numeric: StorageType) -> Column {
        match self {
            Self::Numbers(x) => {
                let values: Vec<f64> = order.iter().map(|r| r.map_or(MISSING, |r| x[r])).collect();
                Column::from_f64(numeric, &values)
            }
            Self::Texts(x) => Column::from_strings(
                order.iter().map(|r| r.map_or_else(Box::default, |r| x[r].clone())).collect(),
            ),
        }
    }
}

/// Whether Mata has a global variable of this name.
pub fn exists(session: &mut Session, name: &str) -> bool {
    session.extensions.state::<State>().globals.contains_key(name)
}

/// Makes or replaces a global matrix with rows of the data, as a view or as a copy; a matrix with a constant is a copy.
/// Returns whether it is a view.
///
/// # Errors
/// r(198) for a name that is none, r(109) for a mixture of numbers and texts.
pub fn put(
    session: &mut Session,
    name: &str,
    columns: &[Source],
    rows: &[usize],
    view: bool,
) -> Result<bool> {
    if !is_valid_name(name) || is_reserved(name) {
        return Err(StataError::new(198, format!("{name}:  invalid name")));
    }
    let frame = &session.frame;
    let texts =
        columns.iter().filter(|c| matches!(c, Source::Variable(v) if frame.var(*v).is_string())).count();
    if texts > 0 && texts < columns.len() {
        return Err(StataError::type_mismatch());
    }
    let variables: Vec<usize> =
        columns.iter().filter_map(|c| if let Source::Variable(v) = c { Some(*v) } else { None }).collect();
    let live = view && variables.len() == columns.len();
    let value = if live {
        Value::View(View::new(variables, rows.to_vec(), texts > 0).into())
    } else if texts > 0 {
        Value::Text(Grid::from_fn(rows.len(), columns.len(), |i, j| {
            frame.str_at(variables[j], rows[i]).into()
        }))
    } else {
        Value::real(Grid::from_fn(rows.len(), columns.len(), |i, j| match columns[j] {
            Source::Variable(v) => frame.num_at(v, rows[i]),
            Source::Constant(x) => x,
        }))
    };
    session.extensions.state::<State>().globals.insert(name.to_string(), Cell::new(value));
    Ok(live)
}

/// Makes or replaces a global matrix of real numbers, given row by row.
///
/// # Errors
/// r(198) for a name that is none.
pub fn put_real(session: &mut Session, name: &str, rows: usize, cols: usize, data: Vec<f64>) -> Result<()> {
    if !is_valid_name(name) || is_reserved(name) {
        return Err(StataError::new(198, format!("{name}:  invalid name")));
    }
    let value = Value::real(Grid::new(rows, cols, data));
    session.extensions.state::<State>().globals.insert(name.to_string(), Cell::new(value));
    Ok(())
}

/// Returns the columns of a global real or string matrix.
///
/// # Errors
/// r(111) where there is none, r(109) for other types.
pub fn take(session: &mut Session, name: &str) -> Result<Vec<Taken>> {
    let found = session.extensions.state::<State>().globals.get(name).cloned();
    let cell = found.ok_or_else(|| StataError::new(111, format!("Mata matrix {name} not found")))?;
    let mut value = cell.get();
    if let Value::View(view) = &value {
        let view = view.clone();
        value = Machine::new(session).read_view(&view).map_err(Fault::into_error)?;
    }
    if let Some(grid) = real_grid(&value) {
        return Ok((0..grid.cols()).map(|j| Taken::Numbers(grid.column_of(j).copied().collect())).collect());
    }
    let Value::Text(grid) = value else { return Err(StataError::type_mismatch()) };
    let texts = |j: usize| grid.column_of(j).map(|t| Box::from(t.as_ref())).collect();
    Ok((0..grid.cols()).map(|j| Taken::Texts(texts(j))).collect())
}
