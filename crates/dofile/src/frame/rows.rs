//! Row operations: subset, reorder, sort, append. The order of equal keys under
//! `sort` is stable here, whatever `set sortseed` says.

use super::{Frame, Mark};
use crate::frame::Column;
use std::cmp::Ordering;
use std::sync::Arc;

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
        self.gather_rows(rows.iter().map(|&r| Some(r)));
    }

    /// Replaces the rows by the listed ones; `None` makes a row of missing values.
    pub fn gather_rows(&mut self, rows: impl Iterator<Item = Option<usize>> + Clone) {
        for var in &mut self.vars {
            var.data = Arc::new(var.data.gather(rows.clone()));
        }
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
        if let [(var, descending)] = keys
            && let Some(values) = self.vars[*var].data.as_f64()
        {
            let values = values.as_ref();
            // missing values are large doubles, so one comparison orders everything
            if *descending {
                order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
            } else {
                let mut pairs: Vec<(f64, u32)> =
                    values.iter().zip(0u32..).map(|(&x, i)| (x + 0.0, i)).collect();
                pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                return pairs.into_iter().map(|(_, i)| i as usize).collect();
            }
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
