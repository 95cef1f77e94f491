//! Linear structural equation models: variables `v = a + B v + z` with `z` of mean zero and covariance `Psi`, of which the
//! first ones are observed. Formulas: Jöreskog (1973, in Goldberger and Duncan, Structural equation models in the social
//! sciences), McArdle and McDonald (1984, British Journal of Mathematical and Statistical Psychology 37), Bollen (1989,
//! Structural equations with latent variables).

pub mod comparison;
#[cfg(test)]
mod derivative_tests;
pub mod effects;
pub mod fit_statistics;
pub mod implied;
mod information;
pub mod likelihood;
pub mod maximise;
pub mod modification;
pub mod sample;
pub mod standardised;
mod start;
pub mod vce;

/// A cell of the matrices of a model; variables are numbered from zero, the observed ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// `B[to, from]`.
    Path {
        /// The variable that depends on the other.
        to: usize,
        /// The other one.
        from: usize,
    },
    /// `Psi[a, b]` and `Psi[b, a]`.
    Covariance(usize, usize),
    /// An intercept, or the mean of an exogenous variable.
    Mean(usize),
}

/// The value of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A number.
    Fixed(f64),
    /// A parameter; cells with the same one are equal.
    Free(usize),
}

/// A model. Cells that are not listed are zero.
#[derive(Debug, Clone)]
pub struct Model {
    /// Number of observed variables.
    pub observed: usize,
    /// Number of all variables.
    pub variables: usize,
    /// Cells and their values.
    pub cells: Vec<(Cell, Value)>,
    /// Number of parameters.
    pub parameters: usize,
}

/// How the means take part in the likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Every observed variable has a free intercept or mean: the means themselves are the parameters, which keeps data far
    /// from zero accurate.
    Saturated,
    /// Intercepts are the parameters.
    Cells,
    /// There is no intercept and the means are those of the sample.
    Absent,
}

impl Model {
    /// How the means take part.
    pub fn means(&self) -> Means {
        let mut uses = vec![0; self.parameters];
        for (_, value) in &self.cells {
            if let Value::Free(k) = value {
                uses[*k] += 1;
            }
        }
        let mut any = false;
        let mut own = vec![false; self.observed];
        for (cell, value) in &self.cells {
            let Cell::Mean(v) = cell else { continue };
            any = true;
            match value {
                Value::Free(k) if *v < self.observed && uses[*k] == 1 => own[*v] = true,
                Value::Free(_) => return Means::Cells,
                Value::Fixed(_) if *v < self.observed => return Means::Cells,
                Value::Fixed(_) => {}
            }
        }
        match (any, own.iter().all(|o| *o)) {
            (false, _) => Means::Absent,
            (true, true) => Means::Saturated,
            (true, false) => Means::Cells,
        }
    }

    /// The model without restrictions: free means, variances and covariances of the observed variables.
    pub fn saturated(observed: usize) -> Self {
        let mut cells = Vec::new();
        for a in 0..observed {
            for b in 0..=a {
                cells.push((Cell::Covariance(b, a), Value::Free(cells.len())));
            }
            cells.push((Cell::Mean(a), Value::Free(cells.len())));
        }
        Self { observed, variables: observed, parameters: cells.len(), cells }
    }
}
