//! Row operations: subset, reorder, sort, append. The order of equal keys under
//! `sort` is stable here, whatever `set sortseed` says.

use super::{Frame, Mark};
use crate::frame::Column;
use estimators::blocks;
use std::cmp::Ordering;
use std::sync::Arc;

/// Fewer rows than these are moved by one thread.
const ROWS_OF_A_THREAD: usize = 20_000;

impl Frame {
    /// Keeps the rows that are true in `keep`.
    pub fn keep_rows(&mut self, keep: &[bool]) {
        let rows: Vec<usize> = (0..self.rows).filter(|&i| keep[i]).collect();
        if rows.len() < self.rows {
            let sorted = self.sorted_by.clone();
            self.take_rows(&rows);
            self.sorted_by = sorted;
        }
    }

    /// Replaces the rows by the listed ones, in that order (repeats allowed).
    pub fn take_rows(&mut self, rows: &[usize]) {
        if rows.len() < ROWS_OF_A_THREAD {
            return self.gather_rows(rows.iter().map(|&r| Some(r)));
        }
        let columns =
            blocks::each(self.vars.len(), |i| self.vars[i].data.gather(rows.iter().map(|&r| Some(r))));
        for (var, column) in self.vars.iter_mut().zip(columns) {
            var.data = Arc::new(column);
        }
        self.gather_marks(rows.iter().map(|&r| Some(r)));
    }

    /// Replaces the rows by the listed ones; `None` makes a row of missing values.
    pub fn gather_rows(&mut self, rows: impl Iterator<Item = Option<usize>> + Clone) {
        for var in &mut self.vars {
            var.data = Arc::new(var.data.gather(rows.clone()));
        }
        self.gather_marks(rows);
    }

    /// The part of [`Self::gather_rows`] that is not in the variables.
    fn gather_marks(&mut self, rows: impl Iterator<Item = Option<usize>> + Clone) {
        for mark in &mut self.marks {
            let old = &mark.rows;
            let new = rows.clone().map(|r| r.is_some_and(|r| old[r])).collect();
            *mark = Mark { id: mark.id, rows: Arc::new(new) };
        }
        self.rows = rows.count();
        self.sorted_by.clear();
        self.changed = true;
    }

    /// Changes the number of rows; new ones are missing.
    pub fn set_n_rows(&mut self, n: usize) {
        let old = self.rows;
        if n != old {
            let sorted = if n < old { self.sorted_by.clone() } else { Vec::new() };
            self.gather_rows((0..n).map(|i| (i < old).then_some(i)));
            self.sorted_by = sorted;
        }
    }

    /// Compares two rows by one variable, ascending, missing last.
    pub fn compare(&self, var: usize, a: usize, b: usize) -> Ordering {
        compare_in(&self.vars[var].data, a, b)
    }

    /// The stable order of rows by variables; `true` means descending.
    pub fn sorted_order(&self, keys: &[(usize, bool)]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.rows).collect();
        if keys.iter().all(|key| !key.1) {
            let vars: Vec<usize> = keys.iter().map(|key| key.0).collect();
            return self.ordered(&vars, order);
        }
        if let [(var, _)] = keys
            && let Some(values) = self.vars[*var].data.as_f64()
        {
            let values = values.as_ref();
            // missing values are large doubles, so one comparison orders everything
            order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
            return order;
        }
        let columns: Vec<(&Column, bool)> = keys.iter().map(|&(v, d)| (&*self.vars[v].data, d)).collect();
        order.sort_by(|&a, &b| {
            for (col, descending) in &columns {
                let c = compare_in(col, a, b);
                if c != Ordering::Equal {
                    return if *descending { c.reverse() } else { c };
                }
            }
            Ordering::Equal
        });
        order
    }

    /// Rows in the order of variables, ascending and missing last; equal ones stay in the order given.
    pub fn ordered(&self, vars: &[usize], mut rows: Vec<usize>) -> Vec<usize> {
        // from the last variable to the first: each pass keeps the order of the passes before among equal values
        for &var in vars.iter().rev() {
            rows = ordered_by(&self.vars[var].data, rows);
        }
        rows
    }

    /// [`Self::ordered`], and the end of each run of equal keys.
    pub fn runs(&self, vars: &[usize], rows: Vec<usize>) -> (Vec<usize>, Vec<usize>) {
        // what was counted needs no comparison of rows far apart in memory
        if let [var] = vars
            && let Some(counted) = counted_in(&self.vars[*var].data, &rows)
        {
            return counted;
        }
        let rows = self.ordered(vars, rows);
        let ends = |end: &usize| *end == rows.len() || !self.rows_equal(vars, rows[*end - 1], rows[*end]);
        let ends = (1..=rows.len()).filter(ends).collect();
        (rows, ends)
    }

    /// Sorts the rows ascending by variables (a no-op when they already are).
    pub fn sort_by(&mut self, vars: &[usize]) {
        let names: Vec<String> = vars.iter().map(|&v| self.vars[v].name.clone()).collect();
        if self.sorted_by.starts_with(&names) {
            return;
        }
        let keys: Vec<(usize, bool)> = vars.iter().map(|&v| (v, false)).collect();
        let order = self.sorted_order(&keys);
        if order.windows(2).any(|w| w[0] > w[1]) {
            self.take_rows(&order);
        }
        self.sorted_by = names;
    }

    /// True when two rows have equal values in all variables.
    pub fn rows_equal(&self, vars: &[usize], a: usize, b: usize) -> bool {
        vars.iter().all(|&v| self.compare(v, a, b) == Ordering::Equal)
    }

    /// Runs of equal keys in the current order, as half-open row ranges.
    pub fn groups(&self, vars: &[usize]) -> Vec<(usize, usize)> {
        let mut out = Vec::new();
        let mut start = 0;
        for i in 1..=self.rows {
            if i == self.rows || !self.rows_equal(vars, i - 1, i) {
                out.push((start, i));
                start = i;
            }
        }
        out
    }
}

fn compare_in(col: &Column, a: usize, b: usize) -> Ordering {
    match col {
        Column::Byte(v) => v[a].cmp(&v[b]),
        Column::Int(v) => v[a].cmp(&v[b]),
        Column::Long(v) => v[a].cmp(&v[b]),
        Column::Float(v) => v[a].partial_cmp(&v[b]).unwrap_or(Ordering::Equal),
        Column::Double(v) => v[a].partial_cmp(&v[b]).unwrap_or(Ordering::Equal),
        Column::Str(_, v) | Column::StrL(v) => v[a].cmp(&v[b]),
    }
}

/// Rows in the order of one column, equal ones in the order given.
fn ordered_by(column: &Column, mut rows: Vec<usize>) -> Vec<usize> {
    if let Some((order, _)) = counted_in(column, &rows) {
        return order;
    }
    let by_number = |value: &dyn Fn(usize) -> f64| -> Vec<usize> {
        // adding zero makes a negative zero equal to zero
        let mut pairs: Vec<(f64, u32)> = rows.iter().zip(0u32..).map(|(&r, i)| (value(r) + 0.0, i)).collect();
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        pairs.into_iter().map(|(_, i)| rows[i as usize]).collect()
    };
    match column {
        Column::Byte(v) => by_number(&|r| f64::from(v[r])),
        Column::Int(v) => by_number(&|r| f64::from(v[r])),
        Column::Long(v) => by_number(&|r| f64::from(v[r])),
        Column::Float(v) => by_number(&|r| f64::from(v[r])),
        Column::Double(v) => by_number(&|r| v[r]),
        Column::Str(_, v) | Column::StrL(v) => {
            rows.sort_by(|&a, &b| v[a].cmp(&v[b]));
            rows
        }
    }
}

/// [`counted`] of a column of whole numbers.
fn counted_in(column: &Column, rows: &[usize]) -> Option<(Vec<usize>, Vec<usize>)> {
    match column {
        Column::Byte(v) => counted(rows, |r| i32::from(v[r]), 100),
        Column::Int(v) => counted(rows, |r| i32::from(v[r]), 32_740),
        Column::Long(v) => counted(rows, |r| v[r], 2_147_483_620),
        _ => None,
    }
}

/// Rows in the order of whole numbers, by counting each, and the end of each run of equal ones; nothing where they lie too
/// far apart for that. Missing values are the numbers above `largest`.
fn counted(rows: &[usize], value: impl Fn(usize) -> i32, largest: i32) -> Option<(Vec<usize>, Vec<usize>)> {
    let (mut low, mut high) = (i32::MAX, i32::MIN);
    for x in rows.iter().map(|&r| value(r)).filter(|x| *x <= largest) {
        low = low.min(x);
        high = high.max(x);
    }
    if low > high {
        (low, high) = (0, 0);
    }
    let width = usize::try_from(i64::from(high) - i64::from(low) + 1).ok()?;
    if width > 2 * rows.len() + 1024 {
        return None;
    }
    let place = |x: i32| {
        let offset = if x <= largest {
            i64::from(x) - i64::from(low)
        } else {
            i64::from(high) - i64::from(low) + i64::from(x) - i64::from(largest)
        };
        usize::try_from(offset).unwrap_or(0)
    };
    // codes of missing values follow the numbers
    let mut next = vec![0usize; width + 28];
    rows.iter().for_each(|&r| next[place(value(r))] += 1);
    let mut sum = 0;
    for n in &mut next {
        sum += std::mem::replace(n, sum);
    }
    let mut out = vec![0; rows.len()];
    for &r in rows {
        let slot = &mut next[place(value(r))];
        out[*slot] = r;
        *slot += 1;
    }
    // each place holds the end of its run now
    next.dedup();
    if next.first() == Some(&0) {
        next.remove(0);
    }
    Some((out, next))
}
