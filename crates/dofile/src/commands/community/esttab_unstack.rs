//! `unstack` of `esttab`: each equation of a model becomes a column.

use super::esttab_rows::Model;
use crate::matrix::{Matrix, Stripe};

/// Models with one equation each, the number of them that each model gave, and the names of their equations.
pub(super) struct Unstacked {
    pub models: Vec<Model>,
    pub spans: Vec<usize>,
    pub equations: Vec<String>,
}

/// Splits models by equation. Scalars stay with the first equation of a model, so that its statistics appear once.
pub(super) fn unstack(models: Vec<Model>) -> Unstacked {
    let mut out = Unstacked { models: Vec::new(), spans: Vec::new(), equations: Vec::new() };
    for model in models {
        let shown =
            model.e.b().or_else(|| model.e.results.matrices.iter().map(|(_, m)| m).find(|m| m.rows() == 1));
        let stripes = shown.map(|m| m.col_names.clone()).unwrap_or_default();
        let ranges = equations(&stripes);
        out.spans.push(ranges.len());
        for (k, (from, to)) in ranges.into_iter().enumerate() {
            let mut one = Model { name: model.name.clone(), e: model.e.clone() };
            let matrices: Vec<(String, Matrix)> =
                model.e.results.matrices.iter().map(|(n, m)| (n.to_string(), m.clone())).collect();
            for (name, matrix) in matrices {
                if matrix.col_names != stripes {
                    continue;
                }
                let square = matrix.row_names == stripes;
                let (r0, r1) = if square { (from, to) } else { (0, matrix.rows()) };
                let mut part = matrix.slice(r0, r1, from, to);
                let plain = |s: &mut Stripe| s.eq.clear();
                part.col_names.iter_mut().for_each(plain);
                if square {
                    part.row_names.iter_mut().for_each(plain);
                }
                one.e.results.matrix(&name, part);
            }
            if k > 0 {
                one.e.results.scalars.clear();
            }
            out.equations.push(stripes[from].eq.clone());
            out.models.push(one);
        }
    }
    out
}

/// Column ranges of the equations.
fn equations(stripes: &[Stripe]) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for (i, stripe) in stripes.iter().enumerate() {
        match out.last_mut() {
            Some((from, to)) if stripes[*from].eq == stripe.eq => *to = i + 1,
            _ => out.push((i, i + 1)),
        }
    }
    out
}
