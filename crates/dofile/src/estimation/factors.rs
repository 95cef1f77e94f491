//! The factors and covariates behind the parameters of the active estimates, and the marginal linear
//! predictions of cells of factors that `contrast` and `pwcompare` compare.

use crate::estimation::linear::Parameters;
use crate::syntax::Atom;

/// A factor of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// Variable.
    pub name: String,
    /// Levels in ascending order.
    pub levels: Vec<i64>,
    /// Base level, if the parameters name one.
    pub base: Option<i64>,
}

impl Factor {
    /// Position of the base level, or of the first one.
    pub fn reference(&self) -> usize {
        self.base.and_then(|b| self.levels.iter().position(|l| *l == b)).unwrap_or(0)
    }
}

/// Factors in the order of their first parameter.
pub fn factors(parameters: &Parameters) -> Vec<Factor> {
    let mut out: Vec<Factor> = Vec::new();
    for atom in parameters.terms.iter().flatten().flat_map(|t| &t.atoms) {
        let Atom::Level { var, level, base, .. } = atom else { continue };
        let slot = match out.iter().position(|f| f.name == *var) {
            Some(i) => i,
            None => {
                out.push(Factor { name: var.clone(), levels: Vec::new(), base: None });
                out.len() - 1
            }
        };
        if !out[slot].levels.contains(level) {
            out[slot].levels.push(*level);
        }
        if *base {
            out[slot].base = Some(*level);
        }
    }
    out.iter_mut().for_each(|f| f.levels.sort_unstable());
    out
}

/// Variables of the model in order of appearance.
pub fn variables(parameters: &Parameters) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for atom in parameters.terms.iter().flatten().flat_map(|t| &t.atoms) {
        if atom.ts().is_none() && !out.iter().any(|v| v == atom.var()) {
            out.push(atom.var().to_string());
        }
    }
    out
}

/// A marginal linear prediction: weights of the parameters, or nothing where a cell without observations takes part.
pub type Prediction = Option<Vec<f64>>;

/// Weights of the parameters of one equation in the marginal linear predictions of the cells of `chosen` factors
/// (the last one fastest), averaged over the levels of the other factors with equal weights. With `covariates` the
/// slopes of their product are meant instead of the intercept.
pub fn cell_predictions(
    parameters: &Parameters,
    equation: &str,
    all: &[Factor],
    chosen: &[&Factor],
    covariates: &[String],
) -> Vec<Prediction> {
    let positions = parameters.positions(equation);
    cells(chosen)
        .iter()
        .map(|cell| {
            let mut weights = vec![0.0; parameters.b.len()];
            let mut known = true;
            for position in &positions {
                let weight = share(parameters, *position, all, chosen, cell, covariates);
                if weight == 0.0 {
                    continue;
                }
                let term = parameters.terms[*position].as_ref();
                let base = |a: &Atom| matches!(a, Atom::Level { base: true, .. });
                // An omitted cell that is no base cell had no observations.
                if term.is_some_and(|t| t.is_omitted() && !t.atoms.iter().any(base)) {
                    known = false;
                }
                weights[*position] = weight;
            }
            known.then_some(weights)
        })
        .collect()
}

/// Levels of every cell, the last factor fastest.
pub fn cells(chosen: &[&Factor]) -> Vec<Vec<i64>> {
    let mut out: Vec<Vec<i64>> = vec![Vec::new()];
    for factor in chosen {
        out = out
            .iter()
            .flat_map(|cell| {
                factor.levels.iter().map(move |level| {
                    let mut next = cell.clone();
                    next.push(*level);
                    next
                })
            })
            .collect();
    }
    out
}

fn share(
    parameters: &Parameters,
    position: usize,
    all: &[Factor],
    chosen: &[&Factor],
    cell: &[i64],
    covariates: &[String],
) -> f64 {
    let Some(term) = &parameters.terms[position] else {
        // Constants belong to the intercept; ancillary parameters do not.
        let constant = parameters.stripe[position].name == "_cons";
        return f64::from(u8::from(constant && covariates.is_empty()));
    };
    let mut slopes: Vec<&str> = Vec::new();
    let mut weight = 1.0;
    for atom in &term.atoms {
        match atom {
            Atom::Cont { var, .. } => slopes.push(var),
            Atom::Level { var, level, .. } => match chosen.iter().position(|f| f.name == *var) {
                Some(i) => weight *= f64::from(u8::from(cell[i] == *level)),
                None => {
                    let count = all.iter().find(|f| f.name == *var).map_or(1, |f| f.levels.len());
                    weight /= count as f64;
                }
            },
        }
    }
    let mut wanted: Vec<&str> = covariates.iter().map(String::as_str).collect();
    slopes.sort_unstable();
    wanted.sort_unstable();
    if slopes == wanted { weight } else { 0.0 }
}
