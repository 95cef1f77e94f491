//! Builds a structural equation model from its paths: what is free by default, and which loadings set the scale of latent
//! variables. Rules: [SEM] intro 4, Identification and Specifying and constraining parameters.

use super::sem_groups::Groups;
use super::sem_names::Names;
use super::sem_numbers::{Rules, number};
use super::sem_options;
use super::sem_paths::{Bound, Lists, Path};
use crate::error::{Result, StataError};
use crate::matrix::Stripe;
use crate::syntax::split::ParsedCommand;
use estimators::sem::{Cell, Model};

/// A cell, what is known about it, and whether the user named it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub cell: Cell,
    pub bound: Bound,
    pub typed: bool,
}

/// A model being built.
pub(super) struct Builder {
    pub names: Names,
    pub entries: Vec<Entry>,
}

/// A model with the names of its parameters.
#[derive(Debug, Clone)]
pub(super) struct Specification {
    pub names: Names,
    pub model: Model,
    /// Rows of `e(b)` and the cell of each.
    pub rows: Vec<(Stripe, usize)>,
    /// Observed endogenous variables that depend on latent ones alone.
    pub measurement: Vec<usize>,
    /// Means and covariances of observed exogenous variables are those of the sample and not in `e(b)`.
    pub conditional: bool,
    /// The groups of a joint model.
    pub groups: Option<Groups>,
}

impl Specification {
    /// The model of one group.
    pub(super) fn one(&self) -> &Self {
        self.groups.as_ref().map_or(self, |g| &g.one)
    }

    /// Number of groups.
    pub(super) fn group_count(&self) -> usize {
        self.groups.as_ref().map_or(1, |g| g.values.len())
    }
}

/// A covariance with its variables in order.
pub(super) fn covariance(a: usize, b: usize) -> Cell {
    Cell::Covariance(a.min(b), a.max(b))
}

impl Builder {
    pub(super) fn entry(&self, cell: Cell) -> Option<&Entry> {
        self.entries.iter().find(|e| e.cell == cell)
    }

    /// Sets a cell; an earlier bound of the user stays where the new one is none.
    pub(super) fn set(&mut self, cell: Cell, bound: Option<Bound>, typed: bool) {
        let known = self.entries.iter_mut().find(|e| e.cell == cell);
        match (known, bound) {
            (Some(entry), Some(bound)) => {
                entry.bound = bound;
                entry.typed |= typed;
            }
            (Some(entry), None) => entry.typed |= typed,
            (None, bound) => self.entries.push(Entry { cell, bound: bound.unwrap_or(Bound::Free), typed }),
        }
    }

    /// The model of a command, in one of its groups.
    pub(super) fn read(
        names: Names,
        cmd: &ParsedCommand,
        paths: &[Path],
        lists: &Lists,
        group: Option<f64>,
    ) -> Result<Self> {
        let mut builder = Self { names, entries: Vec::new() };
        builder.add_paths(paths, group)?;
        builder.add_defaults(cmd);
        sem_options::apply(&mut builder, cmd, lists)?;
        if !cmd.has("noanchor") {
            builder.anchor()?;
        }
        Ok(builder)
    }

    fn add_paths(&mut self, paths: &[Path], group: Option<f64>) -> Result<()> {
        for path in paths.iter().filter(|p| p.group.is_none() || p.group == group) {
            for to in &path.to {
                let target = self.names.number(&to.name)?;
                for from in &path.from {
                    let bound = match (&to.bound, &from.bound) {
                        (Some(_), Some(_)) => {
                            return Err(StataError::invalid(format!(
                                "{} and {}: only one of the two may have @",
                                to.name, from.name
                            )));
                        }
                        (own, other) => own.clone().or_else(|| other.clone()),
                    };
                    if from.name == "_cons" {
                        // an intercept that is named is free, that of a latent variable too
                        self.set(Cell::Mean(target), Some(bound.unwrap_or(Bound::Free)), true);
                        continue;
                    }
                    let source = self.names.number(&from.name)?;
                    if source == target {
                        return Err(StataError::invalid(format!("{} may not depend on itself", to.name)));
                    }
                    self.set(Cell::Path { to: target, from: source }, bound, true);
                }
                if !path.constant && !self.names.is_latent(target) {
                    self.set(Cell::Mean(target), Some(Bound::Fixed(0.0)), true);
                }
            }
        }
        Ok(())
    }

    /// Variances, covariances and means that are free without being named.
    fn add_defaults(&mut self, cmd: &ParsedCommand) {
        let n = self.names.all.len();
        let exogenous: Vec<usize> = (0..n).filter(|v| !self.names.endogenous[*v]).collect();
        for v in 0..n {
            self.set(covariance(v, v), None, false);
        }
        for a in &exogenous {
            for b in exogenous.iter().filter(|b| *b < a) {
                self.set(covariance(*a, *b), None, false);
            }
        }
        if cmd.has("nomeans") {
            return;
        }
        for v in 0..self.names.observed() {
            let zero = cmd.has("noconstant") && self.names.endogenous[v];
            if self.entry(Cell::Mean(v)).is_none() {
                self.set(Cell::Mean(v), zero.then_some(Bound::Fixed(0.0)), false);
            }
        }
    }

    /// Indicators of a latent variable in the order of the paths, observed ones first.
    pub(super) fn indicators(&self, latent: usize) -> Vec<usize> {
        let to = |e: &Entry| match e.cell {
            Cell::Path { to, from } if from == latent => Some(to),
            _ => None,
        };
        let all: Vec<usize> = self.entries.iter().filter_map(to).collect();
        let (mut seen, hidden): (Vec<usize>, Vec<usize>) =
            all.into_iter().partition(|v| !self.names.is_latent(*v));
        seen.extend(hidden);
        seen
    }

    /// Sets the scale of each latent variable by its first loading, unless a variance or a loading is fixed, and its origin
    /// by the first intercept where its mean is free.
    fn anchor(&mut self) -> Result<()> {
        for latent in self.names.observed()..self.names.all.len() {
            let indicators = self.indicators(latent);
            let name = &self.names.all[latent];
            let Some(first) = indicators.first().copied() else {
                return Err(StataError::invalid(format!(
                    "latent variable {name} has no indicator: no path begins at it"
                )));
            };
            let fixed =
                |cell: Cell| self.entry(cell).is_some_and(|e| matches!(e.bound, Bound::Fixed(x) if x != 0.0));
            let scaled = fixed(covariance(latent, latent))
                || indicators.iter().any(|i| fixed(Cell::Path { to: *i, from: latent }));
            let free = |i: &usize| {
                self.entry(Cell::Path { to: *i, from: latent }).is_some_and(|e| e.bound == Bound::Free)
            };
            let anchor = indicators.iter().copied().find(free);
            if let Some(anchor) = anchor.filter(|_| !scaled) {
                self.set(Cell::Path { to: anchor, from: latent }, Some(Bound::Fixed(1.0)), true);
            }
            let has_mean = self.entry(Cell::Mean(latent)).is_some_and(|e| e.bound == Bound::Free);
            let bound = |i: &usize| self.entry(Cell::Mean(*i)).is_some_and(|e| e.bound != Bound::Free);
            if has_mean && !indicators.iter().any(bound) {
                self.set(Cell::Mean(first), Some(Bound::Fixed(0.0)), true);
            }
        }
        Ok(())
    }

    /// Whether the moments of observed exogenous variables may be taken from the sample.
    pub(super) fn conditional(&self, cmd: &ParsedCommand) -> bool {
        let exogenous = |v: usize| !self.names.endogenous[v];
        let seen = |v: usize| exogenous(v) && !self.names.is_latent(v);
        let own = |e: &&Entry| match e.cell {
            Cell::Covariance(a, b) => seen(a) && seen(b),
            Cell::Mean(a) => seen(a),
            Cell::Path { .. } => false,
        };
        let mixed = |e: &Entry| match e.cell {
            Cell::Covariance(a, b) => {
                exogenous(a) && exogenous(b) && seen(a) != seen(b) && e.bound != Bound::Fixed(0.0)
            }
            _ => false,
        };
        let full = cmd.has("noxconditional") || cmd.options.text("method").map(str::trim) == Some("mlmv");
        !full
            && !self.entries.iter().filter(own).any(|e| e.typed || e.bound != Bound::Free)
            && !self.entries.iter().any(mixed)
    }

    /// Observed endogenous variables with latent causes alone that cause nothing.
    pub(super) fn measurement(&self) -> Vec<usize> {
        let indicator = |v: &usize| {
            let mut caused = false;
            let own = self.entries.iter().all(|e| match e.cell {
                Cell::Path { to, from } if to == *v => {
                    caused = true;
                    self.names.is_latent(from)
                }
                Cell::Path { from, .. } => from != *v,
                _ => true,
            });
            own && caused
        };
        (0..self.names.observed()).filter(indicator).collect()
    }
}

/// The stripe of a cell: `y:x`, `/:var(e.y)`.
pub(super) fn stripe(names: &Names, cell: Cell) -> Stripe {
    let error = |v: usize| {
        let e = if names.endogenous[v] { "e." } else { "" };
        format!("{e}{}", names.all[v])
    };
    match cell {
        Cell::Path { to, from } => Stripe::with_eq(names.all[to].clone(), names.all[from].clone()),
        Cell::Mean(v) if names.endogenous[v] => Stripe::with_eq(names.all[v].clone(), "_cons"),
        Cell::Mean(v) => Stripe::with_eq("/", format!("mean({})", names.all[v])),
        Cell::Covariance(a, b) if a == b => Stripe::with_eq("/", format!("var({})", error(a))),
        Cell::Covariance(a, b) => Stripe::with_eq("/", format!("cov({},{})", error(a), error(b))),
    }
}

/// The place of a cell in `e(b)`: equations with paths before measurement, then means, variances and covariances, errors
/// before exogenous variables.
pub(super) fn order(names: &Names, measurement: &[usize], cell: Cell) -> [usize; 4] {
    let exogenous = |v: usize| usize::from(!names.endogenous[v]);
    match cell {
        Cell::Path { to, from } => [usize::from(measurement.contains(&to)), to, exogenous(from), from],
        Cell::Mean(v) if names.endogenous[v] => [usize::from(measurement.contains(&v)), v, 2, 0],
        Cell::Mean(v) => [2, v, 0, 0],
        Cell::Covariance(a, b) if a == b => [3, exogenous(a), a, 0],
        Cell::Covariance(a, b) => [4, exogenous(a), a, b],
    }
}

impl Builder {
    /// The model of one group.
    pub(super) fn finish(self, cmd: &ParsedCommand) -> Specification {
        let conditional = self.conditional(cmd);
        let measurement = self.measurement();
        let builders = [self];
        let rules = Rules {
            shared: &|_| false,
            hidden: conditional,
            measurement: &measurement,
            stripe: &|_, cell| stripe(&builders[0].names, cell),
        };
        let found = number(&builders, &rules);
        let [Self { names, .. }] = builders;
        let model = Model {
            observed: names.observed(),
            variables: names.all.len(),
            cells: found.cells,
            parameters: found.parameters,
        };
        Specification { names, model, rows: found.rows, measurement, conditional, groups: None }
    }
}
