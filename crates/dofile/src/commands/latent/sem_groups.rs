//! `group()` of `sem`: the models of several groups as one. Each group has variables of its own, whose values are missing in the
//! rows of the other groups, so that the likelihood over patterns of missing values is the sum of those of the groups.
//! Rules: [SEM] intro 6 and [SEM] sem group options.

use super::sem_fit;
use super::sem_model::{Builder, Specification, stripe};
use super::sem_names::Names;
use super::sem_numbers::{Rules, number};
use super::sem_paths::{Bound, Lists, Path};
use crate::error::{Result, StataError};
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::sem::{Cell, Model};

/// Most groups; the size of the joint model grows with their number.
const MOST: usize = 50;

/// Kinds of parameters that `ginvariant()` names.
pub(super) const CLASSES: [&str; 9] =
    ["scoef", "scons", "mcoef", "mcons", "serrvar", "merrvar", "smerrcov", "meanex", "covex"];

/// The groups of a model.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    /// Name of the variable of the groups.
    pub variable: String,
    /// Its position in the data.
    pub column: usize,
    /// Its values, ascending.
    pub values: Vec<f64>,
    /// The value labels, or the numbers.
    pub labels: Vec<String>,
    /// The model of one group.
    pub one: Box<Specification>,
    /// Group and cell in the numbers of one group, for each cell of the joint model.
    pub places: Vec<(usize, Cell)>,
}

impl Groups {
    /// The number of a group by its value.
    pub(super) fn number(&self, value: f64) -> Option<usize> {
        self.values.iter().position(|v| *v == value)
    }

    /// Numbers of the observed variables of a group in the joint model.
    pub(super) fn block(&self, group: usize) -> Vec<usize> {
        let p = self.one.names.observed();
        (group * p..(group + 1) * p).collect()
    }
}

/// Classes of `ginvariant()`.
fn invariant(text: Option<&str>) -> Result<Vec<&'static str>> {
    let mut out = Vec::new();
    for word in text.unwrap_or("mcoef mcons").split_whitespace() {
        match CLASSES.iter().find(|c| **c == word) {
            Some(class) => out.push(*class),
            None if word == "all" => out.extend(CLASSES),
            None if word == "none" => {}
            None => return Err(StataError::invalid(format!("ginvariant({word}) invalid"))),
        }
    }
    Ok(out)
}

/// The class of a parameter.
pub(super) fn class(names: &Names, measurement: &[usize], cell: Cell) -> &'static str {
    let measured = |v: usize| measurement.contains(&v);
    match cell {
        Cell::Path { to, .. } => {
            if measured(to) {
                "mcoef"
            } else {
                "scoef"
            }
        }
        Cell::Mean(v) if !names.endogenous[v] => "meanex",
        Cell::Mean(v) => {
            if measured(v) {
                "mcons"
            } else {
                "scons"
            }
        }
        Cell::Covariance(a, _) if !names.endogenous[a] => "covex",
        Cell::Covariance(a, b) => match (measured(a), measured(b)) {
            (true, true) => "merrvar",
            (false, false) => "serrvar",
            _ => "smerrcov",
        },
    }
}

/// Frees the means of latent variables, and the intercepts of endogenous ones, in all groups but the first, where the intercepts of
/// their indicators are the same in all groups; in the first they are zero.
fn add_latent_means(builder: &mut Builder, group: usize, classes: &[&'static str], measurement: &[usize]) {
    for latent in builder.names.observed()..builder.names.all.len() {
        let own = if builder.names.endogenous[latent] { "scons" } else { "meanex" };
        if classes.contains(&own) || builder.entry(Cell::Mean(latent)).is_some() {
            continue;
        }
        let indicators = builder.indicators(latent);
        let held = |v: &usize| classes.contains(&class(&builder.names, measurement, Cell::Mean(*v)));
        if indicators.iter().any(held) {
            let bound = if group == 0 { Bound::Fixed(0.0) } else { Bound::Free };
            builder.set(Cell::Mean(latent), Some(bound), true);
        }
    }
}

/// Values of the group variable in the sample, with their labels.
fn levels(s: &Session, cmd: &ParsedCommand, names: &Names, column: usize) -> Result<(Vec<f64>, Vec<String>)> {
    let read = sem_fit::read(s, cmd, &names.columns, Some(column))?;
    let mut values: Vec<f64> = read.design.rows.iter().map(|row| s.frame.num_at(column, *row)).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let name = &s.frame.var(column).name;
    if values.iter().any(|v| *v < 0.0 || v.fract() != 0.0) {
        return Err(StataError::new(452, format!("{name} must hold nonnegative integers")));
    }
    if values.len() > MOST {
        return Err(StataError::new(198, format!("group(): {name} has more than {MOST} values")));
    }
    let set = s.frame.labels_of(column);
    let label = |v: &f64| set.and_then(|l| l.get(*v)).map_or_else(|| v.to_string(), ToString::to_string);
    let labels = values.iter().map(label).collect();
    Ok((values, labels))
}

/// `x:1bn.g#c.L`, `x:2.g`, `/:var(e.x)#2.g`.
fn group_stripe(variable: &str, values: &[f64], group: usize, names: &Names, cell: Cell) -> Stripe {
    let own = stripe(names, cell);
    let first = if group == 0 { "bn" } else { "" };
    let level = format!("{}{first}.{variable}", values[group]);
    let name = match cell {
        Cell::Path { .. } => format!("{level}#c.{}", own.name),
        Cell::Mean(v) if names.endogenous[v] => level,
        _ => format!("{}#{level}", own.name),
    };
    Stripe::with_eq(own.eq, name)
}

/// Refuses what is for models of groups only.
///
/// # Errors
/// r(198) without `group()`.
pub(super) fn refuse(cmd: &ParsedCommand, paths: &[Path], lists: &Lists) -> Result<()> {
    for option in ["ginvariant", "showginvariant"] {
        if cmd.has(option) {
            return Err(StataError::invalid(format!("option {option} requires group()")));
        }
    }
    if paths.iter().any(|p| p.group.is_some()) || !lists.groups().is_empty() {
        return Err(StataError::invalid("paths and options of a group require group()"));
    }
    Ok(())
}

/// Builds the joint model of the groups of a variable.
pub(super) fn build(
    s: &Session,
    cmd: &ParsedCommand,
    names: Names,
    paths: &[Path],
    lists: &Lists,
) -> Result<Specification> {
    let column = s.numeric_variable(cmd.options.text("group").unwrap_or("").trim())?;
    let variable = s.frame.var(column).name.clone();
    if names.columns.contains(&column) {
        return Err(StataError::invalid(format!("group(): {variable} is a variable of the model")));
    }
    let (values, labels) = levels(s, cmd, &names, column)?;
    let mut wanted = paths.iter().filter_map(|p| p.group).chain(lists.groups());
    if let Some(other) = wanted.find(|v| !values.contains(v)) {
        return Err(StataError::invalid(format!("{other}: no such group of {variable} in the sample")));
    }
    let classes = invariant(cmd.options.text("ginvariant"))?;
    let mut builders = Vec::new();
    for value in &values {
        builders.push(Builder::read(names.clone(), cmd, paths, &lists.of_group(*value), Some(*value))?);
    }
    let measurement = builders[0].measurement();
    if !cmd.has("nomeans") {
        for (group, builder) in builders.iter_mut().enumerate() {
            add_latent_means(builder, group, &classes, &measurement);
        }
    }
    let exogenous = ["meanex", "covex"].iter().any(|c| classes.contains(c));
    let conditional = !exogenous && builders.iter().all(|b| b.conditional(cmd));
    let rules = Rules {
        shared: &|cell| classes.contains(&class(&names, &measurement, cell)),
        hidden: conditional,
        measurement: &measurement,
        stripe: &|group, cell| group_stripe(&variable, &values, group, &names, cell),
    };
    let found = number(&builders, &rules);
    let groups = values.len();
    let (p, n) = (names.observed(), names.all.len());
    let mut all = Names::default();
    let origin: Vec<usize> = (0..groups).flat_map(|_| 0..p).chain((0..groups).flat_map(|_| p..n)).collect();
    for v in origin {
        all.all.push(names.all[v].clone());
        all.endogenous.push(names.endogenous[v]);
    }
    all.columns = (0..groups).flat_map(|_| names.columns.clone()).collect();
    let model = Model {
        observed: groups * p,
        variables: groups * n,
        cells: found.cells,
        parameters: found.parameters,
    };
    let first = builders.swap_remove(0);
    let one = Box::new(first.finish(cmd));
    let groups = Groups { variable, column, values, labels, one, places: found.places };
    Ok(Specification { names: all, model, rows: found.rows, measurement, conditional, groups: Some(groups) })
}
