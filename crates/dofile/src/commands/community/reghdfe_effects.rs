//! Absorbed effects in the rows of a sample, their degrees of freedom, and the variables that keep them.

use super::reghdfe_sets::{Absorbed, units};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::model::Model;
use crate::frame::{Column, Variable, is_valid_name};
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::absorb::Slopes;
use estimators::absorb_fit::{self, AbsorbedFit, SetCount};
use estimators::panel::Units;
use estimators::weights::Weights;

/// The variable of `residuals` without a name.
const RESIDUALS: &str = "_reghdfe_resid";

/// What is absorbed, in the rows of a sample.
pub(super) struct Effects {
    pub(super) sets: Vec<Units>,
    pub(super) slopes: Vec<Slopes>,
    /// For each item, the number of its set, and of its first slope.
    places: Vec<(Option<usize>, usize)>,
}

impl Effects {
    pub(super) fn new(s: &Session, model: &Model, items: &[Absorbed]) -> Result<Self> {
        let rows = &model.design.rows;
        let weights = model.weights.as_ref().map(Weights::effective);
        let weights = weights.as_ref().map(|(w, _)| w.as_slice());
        let mut out = Self { sets: Vec::new(), slopes: Vec::new(), places: Vec::new() };
        for item in items.iter() {
            let own = item.intercepts.then_some(out.sets.len());
            out.sets.extend(own.map(|_| units(s, &item.groups, rows)));
            out.places.push((own, 0));
        }
        for (k, item) in items.iter().enumerate() {
            // Intercepts of the same groups may stand in another item.
            let twin =
                items.iter().position(|other| other.intercepts && other.groups.name == item.groups.name);
            let set = twin.and_then(|twin| out.places[twin].0);
            out.places[k].1 = out.slopes.len();
            for slope in &item.slopes {
                let all = s.frame.numeric(slope.variable)?;
                let values = rows.iter().map(|r| all[*r]).collect();
                out.slopes.push(Slopes::new(units(s, &item.groups, rows), values, set, weights));
            }
        }
        if out.sets.is_empty() {
            out.sets.push(Units::new(vec![0; model.y.len()]));
        }
        Ok(out)
    }
}

/// The part of the outcome that the effects explain, as coefficients of each set in the variables that were asked for.
pub(super) fn save_effects(
    s: &mut Session,
    model: &Model,
    items: &[Absorbed],
    effects: &Effects,
    fit: &AbsorbedFit,
) -> Result<()> {
    if items.iter().all(|item| item.saved.is_none()) {
        return Ok(());
    }
    let columns = model.columns();
    let (kept, b) = (&fit.ols.basis.kept, &fit.ols.b);
    let explained: Vec<f64> = (0..model.y.len())
        .map(|i| {
            let xb: f64 = kept.iter().zip(b).map(|(k, b)| columns[*k][i] * b).sum();
            model.y[i] - xb - b[kept.len()] - fit.ols.residuals[i]
        })
        .collect();
    let weights = model.weights.as_ref().map(Weights::effective);
    let weights = weights.as_ref().map(|(w, _)| w.as_slice());
    let (of_sets, of_slopes) =
        absorb_fit::effects(&explained, weights, &effects.sets, &effects.slopes).map_err(fit_error)?;
    for (item, (set, first)) in items.iter().zip(&effects.places) {
        let Some(name) = &item.saved else { continue };
        if let Some(set) = set {
            save(s, model, name, &item.groups.name, &effects.sets[*set], &of_sets[*set])?;
        }
        for (k, slope) in item.slopes.iter().enumerate() {
            let (name, at) = (format!("{name}_Slope{}", k + 1).replace("___", "__"), first + k);
            let label = format!("{}#c.{}", item.groups.name, slope.name);
            save(s, model, &name, &label, &effects.slopes[at].units, &of_slopes[at])?;
        }
    }
    Ok(())
}

fn save(
    s: &mut Session,
    model: &Model,
    name: &str,
    label: &str,
    units: &Units,
    effects: &[f64],
) -> Result<()> {
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    match s.frame.find(name) {
        // names that the command chose give way to those of the next model
        Some(before) if name.starts_with("__hdfe") => s.frame.drop_vars(&[before]),
        Some(_) => return Err(StataError::already_defined(name)),
        None => {}
    }
    let mut values = vec![MISSING; s.frame.n_rows()];
    model.design.rows.iter().zip(&units.of_row).for_each(|(r, u)| values[*r] = effects[*u as usize]);
    let mut variable = Variable::new(name, Column::Double(values));
    variable.label = format!("[FE] {label}");
    s.frame.add(variable)?;
    Ok(())
}

/// The variable of `residuals` or `residuals(newvar)`.
pub(super) fn save_residuals(
    s: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    residuals: &[f64],
) -> Result<()> {
    if !cmd.has("residuals") {
        return Ok(());
    }
    let own = cmd.options.text("residuals").map(str::trim).filter(|name| !name.is_empty());
    // without a name the variable of an earlier model gives way
    if let (None, Some(before)) = (own, s.frame.find(RESIDUALS)) {
        s.frame.drop_vars(&[before]);
    }
    let mut values = vec![MISSING; s.frame.n_rows()];
    model.design.rows.iter().zip(residuals).for_each(|(r, e)| values[*r] = *e);
    s.frame.add(Variable::new(own.unwrap_or(RESIDUALS), Column::Double(values)))?;
    Ok(())
}

/// `e(dof_table)`: one row for each set and each slope, in the order of `absorb()`.
pub(super) fn degrees(
    results: &mut Results,
    items: &[Absorbed],
    effects: &Effects,
    (sets, slopes): (&[SetCount], &[SetCount]),
) {
    let mut rows: Vec<(String, SetCount)> = Vec::new();
    for (item, (set, first)) in items.iter().zip(&effects.places) {
        rows.extend(set.map(|set| (item.groups.name.clone(), sets[set])));
        for (k, slope) in item.slopes.iter().enumerate() {
            rows.push((format!("{}#c.{}", item.groups.name, slope.name), slopes[first + k]));
        }
    }
    if items.is_empty() {
        rows.push(("_cons".to_string(), sets[0]));
    }
    let data = rows.iter().flat_map(|(_, count)| {
        let flag = |on: bool| f64::from(u8::from(on));
        let numbers = [count.levels, count.redundant, count.counted()].map(|n| n as f64);
        numbers.into_iter().chain([flag(!count.exact), flag(count.nested)])
    });
    let mut table = Matrix::new(rows.len(), 5, data.collect());
    table.col_names =
        ["Categories", "Redundant", "Num_Coefs", "Inexact", "Nested"].map(Stripe::term).to_vec();
    table.row_names = rows.iter().map(|row| Stripe::term(row.0.clone())).collect();
    let all = rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>().join(" ");
    results.matrix("dof_table", table);
    let own = |item: &Absorbed| {
        let sign = if item.intercepts { "##" } else { "#" };
        let slopes = item.slopes.iter().map(|slope| format!("{sign}c.{}", slope.name));
        std::iter::once(item.groups.name.clone()).chain(slopes).collect::<String>()
    };
    let absvars = items.iter().map(own).collect::<Vec<_>>().join(" ");
    results.text("absvars", if items.is_empty() { "_cons" } else { &absvars }).text("extended_absvars", all);
}
