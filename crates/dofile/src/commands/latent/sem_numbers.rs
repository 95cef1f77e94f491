//! Parameters of a structural equation model: cells that share one, and their place in `e(b)`.

use super::sem_model::{Builder, Entry, covariance, order};
use super::sem_names::Names;
use super::sem_paths::Bound;
use crate::matrix::Stripe;
use estimators::sem::{Cell, Value};

/// The number of a variable of a group in the joint model: observed variables of all groups, then latent ones.
pub(super) fn joint(v: usize, group: usize, groups: usize, names: &Names) -> usize {
    let (p, q) = (names.observed(), names.all.len() - names.observed());
    if v < p { group * p + v } else { groups * p + group * q + v - p }
}

fn joint_cell(cell: Cell, to: impl Fn(usize) -> usize) -> Cell {
    match cell {
        Cell::Path { to: a, from: b } => Cell::Path { to: to(a), from: to(b) },
        Cell::Covariance(a, b) => covariance(to(a), to(b)),
        Cell::Mean(v) => Cell::Mean(to(v)),
    }
}

/// Cells with their values, and the rows of `e(b)`.
pub(super) struct Numbered {
    /// Cells of the joint model of all groups.
    pub cells: Vec<(Cell, Value)>,
    /// Group and cell in the numbers of one group, for each cell.
    pub places: Vec<(usize, Cell)>,
    /// Names and the cell of each.
    pub rows: Vec<(Stripe, usize)>,
    /// Number of parameters.
    pub parameters: usize,
}

/// What decides on parameters and rows.
pub(super) struct Rules<'a> {
    /// Whether free cells are the same in all groups.
    pub shared: &'a dyn Fn(Cell) -> bool,
    /// Moments of observed exogenous variables have no row.
    pub hidden: bool,
    /// Observed endogenous variables that depend on latent ones alone.
    pub measurement: &'a [usize],
    /// The name of a cell in a group.
    pub stripe: &'a dyn Fn(usize, Cell) -> Stripe,
}

/// Keys of parameters that several cells share.
#[derive(PartialEq)]
enum Key {
    Name(String),
    Cell(Cell),
}

/// Numbers the parameters of the groups: bounds with one name are one parameter, and so are free cells that groups share.
pub(super) fn number(builders: &[Builder], rules: &Rules<'_>) -> Numbered {
    let names = &builders[0].names;
    let mut out = Numbered { cells: Vec::new(), places: Vec::new(), rows: Vec::new(), parameters: 0 };
    let mut keys: Vec<(Key, usize)> = Vec::new();
    let mut shown = Vec::new();
    for (group, builder) in builders.iter().enumerate() {
        for Entry { cell, bound, typed } in &builder.entries {
            let key = match bound {
                Bound::Named(name) => Some(Key::Name(name.clone())),
                Bound::Free if (rules.shared)(*cell) => Some(Key::Cell(*cell)),
                _ => None,
            };
            let known = key.as_ref().and_then(|key| keys.iter().find(|k| k.0 == *key)).map(|k| k.1);
            let value = match (bound, known) {
                (Bound::Fixed(x), _) => Value::Fixed(*x),
                (_, Some(k)) => Value::Free(k),
                (_, None) => {
                    keys.extend(key.map(|key| (key, out.parameters)));
                    out.parameters += 1;
                    Value::Free(out.parameters - 1)
                }
            };
            let given = rules.hidden && names.is_given(*cell);
            if (*typed || matches!(value, Value::Free(_))) && !given {
                shown.push((order(names, rules.measurement, *cell), group, *cell, out.cells.len()));
            }
            let place = |v: usize| joint(v, group, builders.len(), names);
            out.cells.push((joint_cell(*cell, place), value));
            out.places.push((group, *cell));
        }
    }
    shown.sort_by_key(|s| (s.0, s.1));
    out.rows = shown.into_iter().map(|(_, group, cell, at)| ((rules.stripe)(group, cell), at)).collect();
    out
}
