//! Panels: runs of rows with one identifier ([M-5] panelsetup(), panelsum()).

use super::{Builtin, Run, full, pure};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::value::{Value, View};
use crate::value::{MISSING, clean, is_missing};
use std::sync::Arc;

pub(super) const TABLE: &[Builtin] = &[
    pure("panelsetup", 2, 4, setup),
    pure("panelstats", 1, 1, |a| {
        let info = panels(a, 0)?;
        let sizes: Vec<f64> = info.iter().map(|(first, last)| (last - first) as f64).collect();
        let least = sizes.iter().copied().fold(MISSING, f64::min);
        let most = sizes.iter().copied().fold(0.0, f64::max);
        Ok(Value::row(vec![sizes.len() as f64, sizes.iter().sum(), least, most]))
    }),
    pure("panelsubmatrix", 3, 3, |a| {
        let (first, last) = panel(a)?;
        if last > a.value(0).shape().0 {
            return Err(Fault::code(3301));
        }
        Ok(super::sorting::rows_of(a.value(0), &(first..last).collect::<Vec<_>>()))
    }),
    full("panelsubview", 4, 4, |_, a| {
        let Value::View(view) = a.value(1).clone() else { return Err(Fault::code(3104)) };
        let (first, last) = one_panel(&panels(a, 3)?, a.count(2)?)?;
        let rows = view.rows.get(first..last).ok_or_else(|| Fault::code(3301))?.to_vec();
        a.set(0, Value::View(Arc::new(View::new(view.vars.clone(), rows, view.strings))));
        Ok(None)
    })
    .raw(),
    pure("panelsum", 2, 3, |a| {
        let (x, info, weights) = parts(a)?;
        Ok(Value::real(Grid::from_fn(info.len(), x.cols(), |p, j| {
            let terms = (info[p].0..info[p].1).map(|i| x.get(i, j) * weight(&weights, i));
            if (info[p].0..info[p].1).any(|i| is_missing(*x.get(i, j))) {
                MISSING
            } else {
                clean(terms.sum())
            }
        })))
    }),
    pure("panelmean", 2, 3, |a| {
        let (x, info, weights) = parts(a)?;
        Ok(Value::real(Grid::from_fn(info.len(), x.cols(), |p, j| {
            let rows = || info[p].0..info[p].1;
            let total: f64 = rows().map(|i| weight(&weights, i)).sum();
            let sum: f64 = rows().map(|i| x.get(i, j) * weight(&weights, i)).sum();
            if rows().any(|i| is_missing(*x.get(i, j))) { MISSING } else { clean(sum / total) }
        })))
    }),
];

fn weight(weights: &Option<Grid<f64>>, i: usize) -> f64 {
    weights.as_ref().map_or(1.0, |w| w.data()[i])
}

/// The matrix, its panels and the weights of `panelsum(X [, weights], info)`.
#[expect(clippy::type_complexity, reason = "read once, by the two functions above")]
fn parts(a: &Args) -> Run<(Grid<f64>, Vec<(usize, usize)>, Option<Grid<f64>>)> {
    let x = a.real(0)?;
    let (info, weights) =
        if a.len() == 3 { (panels(a, 2)?, Some(a.vector(1)?)) } else { (panels(a, 1)?, None) };
    let long = weights.as_ref().is_some_and(|w| w.len() != x.rows());
    if long || info.iter().any(|(_, last)| *last > x.rows()) {
        return Err(Fault::code(3200));
    }
    Ok((x, info, weights))
}

/// First rows and ends of the panels in an argument.
fn panels(a: &Args, k: usize) -> Run<Vec<(usize, usize)>> {
    let g = a.real(k)?;
    if g.cols() != 2 {
        return Err(Fault::code(3200));
    }
    (0..g.rows())
        .map(|i| {
            let (first, last) = (*g.get(i, 0), *g.get(i, 1));
            let good = first >= 1.0 && last >= first - 1.0 && !is_missing(last);
            if good { Ok((first as usize - 1, last as usize)) } else { Err(Fault::code(3300)) }
        })
        .collect()
}

fn one_panel(info: &[(usize, usize)], number: usize) -> Run<(usize, usize)> {
    number.checked_sub(1).and_then(|k| info.get(k)).copied().ok_or_else(|| Fault::code(3301))
}

fn panel(a: &Args) -> Run<(usize, usize)> {
    one_panel(&panels(a, 2)?, a.count(1)?)
}

/// `panelsetup(V, idcol [, minobs [, maxobs]])`: first and last row of each panel with enough rows.
fn setup(a: &Args) -> Run<Value> {
    let (rows, cols) = a.value(0).shape();
    let column = a.count(1)?;
    if column < 1 || column > cols {
        return Err(Fault::code(3300));
    }
    let least = a.num_or(2, 0.0)?;
    let most = a.num_or(3, 0.0)?;
    let same: Box<dyn Fn(usize, usize) -> bool> = match a.value(0) {
        Value::Text(g) => {
            let g = g.clone();
            Box::new(move |x, y| g.get(x, column - 1) == g.get(y, column - 1))
        }
        _ => {
            let g = a.real(0)?;
            Box::new(move |x, y| g.get(x, column - 1) == g.get(y, column - 1))
        }
    };
    let mut found = Vec::new();
    let mut first = 0;
    for i in 1..=rows {
        if i < rows && same(first, i) {
            continue;
        }
        let size = (i - first) as f64;
        if size >= least {
            // a panel with too many rows is cut
            let end = if most > 0.0 && !is_missing(most) && size > most { first + most as usize } else { i };
            found.extend([(first + 1) as f64, end as f64]);
        }
        first = i;
    }
    let panels = found.len() / 2;
    Ok(Value::real(Grid::new(panels, 2, found)))
}
