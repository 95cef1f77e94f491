//! The estimates of `svy: tabulate` as vectors, for `estpost`.

use super::design::SurveyRows;
use super::tabulate::{Cells, Shown};
use super::tabulate_show::{Estimate, Look, limits};
use crate::estimation::post::stata;
use crate::ops::survey_table::SurveyTable;
use crate::value::MISSING;

/// The table as vectors. Shares of a whole are one and have no sampling error.
pub(super) fn kept(rows: &SurveyRows, cells: &Cells, look: &Look, found: &[Vec<Estimate>]) -> SurveyTable {
    let (nr, nc) = (cells.rows.count(), cells.cols.count());
    let one_way = cells.cols.variables.is_empty();
    let width = if one_way { 1 } else { nc + 1 };
    let mut weights = vec![0.0; nr * nc];
    for (cell, weight) in cells.cell.iter().zip(&rows.weights) {
        if let Some(cell) = cell {
            weights[*cell] += weight;
        }
    }
    let weight = |i: usize, j: usize| -> f64 {
        let inside = |c: &usize| (i == nr || c / nc == i) && (j == nc || c % nc == j);
        (0..nr * nc).filter(inside).map(|c| weights[c]).sum()
    };
    let places: Vec<(usize, usize)> = (0..=nr).flat_map(|i| (0..width).map(move |j| (i, j))).collect();
    let counts: Vec<f64> = places.iter().map(|(i, j)| weight(*i, *j)).collect();
    let estimates: Vec<Estimate> = places.iter().map(|(i, j)| found[*i][*j]).collect();
    let is_whole = |e: &Estimate| look.shown != Shown::Count && e.value == 1.0 && e.se < 1e-12;
    let unless_whole = |of: &dyn Fn(&Estimate) -> f64| -> Vec<f64> {
        estimates.iter().map(|e| if is_whole(e) { MISSING } else { stata(of(e)) }).collect()
    };
    let limit = |e: &Estimate| limits(*e, look.t, look.shown);
    let share = |of: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        // a percentage is asked for the whole table
        let scale = if look.percent { 100.0 } else { 1.0 };
        places.iter().zip(&counts).map(|((i, j), count)| scale * count / of(*i, *j)).collect()
    };
    let mut vectors = vec![
        ("b", estimates.iter().map(|e| look.scale * e.value).collect()),
        ("se", unless_whole(&|e| look.scale * e.se)),
        ("lb", unless_whole(&|e| look.scale * limit(e).0)),
        ("ub", unless_whole(&|e| look.scale * limit(e).1)),
        ("deff", unless_whole(&|e| e.effects[0])),
        ("deft", unless_whole(&|e| e.effects[1])),
        ("cell", share(&|_, _| weight(nr, nc))),
    ];
    if !one_way {
        vectors.push(("row", share(&|i, _| weight(i, nc))));
        vectors.push(("col", share(&|_, j| weight(nr, j))));
    }
    vectors.push(("count", counts.clone()));
    vectors.push(("obs", estimates.iter().map(|e| e.observed).collect()));
    let labels = |labels: &[Vec<String>]| -> Vec<String> { labels.iter().map(|l| l.join(" ")).collect() };
    let columns = if one_way { Vec::new() } else { labels(&cells.cols.labels) };
    SurveyTable { rows: labels(&cells.rows.labels), columns, vectors, width }
}
