//! The origin and the unit of a regressor move its coefficient and the constant alone.

use super::cases::{BINARY, CATEGORICAL, COUNTS, LIMITED, LINEAR, MIXED, PANELS, SERIES, SURVIVAL, SYSTEMS};
use super::{Case, Fit, estimates, none, prepared};

/// `factor * value + shift` of `x` and of `z`.
type Change = [(f64, f64); 2];

/// Far from zero on both sides; small and large units; both at once, with the signs changed.
const CHANGES: [Change; 3] =
    [[(1.0, 1e4), (1.0, -1e4)], [(1e-4, 0.0), (1e5, 0.0)], [(-1e5, 1e9), (-1e-4, -1.0)]];

/// The change of the regressor that a name is of, also under an operator of time series.
fn change_of(name: &str, change: &Change) -> Option<(f64, f64)> {
    let term = name.rsplit(':').next().unwrap_or(name);
    match term.rsplit('.').next().unwrap_or(term) {
        "x" => Some(change[0]),
        "z" => Some(change[1]),
        _ => None,
    }
}

fn equation(name: &str) -> &str {
    name.rsplit_once(':').map_or("", |parts| parts.0)
}

/// Takes the estimates back to the old units. What is added to a regressor is in the constant of its equation, or in the
/// cut points.
fn taken_back(mut fit: Fit, change: &Change) -> Fit {
    let added = |own: &str| -> f64 {
        let terms = fit.names.iter().zip(&fit.b).filter(|(name, _)| equation(name) == own);
        terms.map(|(name, b)| change_of(name, change).map_or(0.0, |(_, shift)| shift * b)).sum()
    };
    let main = fit.names.first().map_or("", |name| equation(name));
    let moved: Vec<f64> = fit
        .names
        .iter()
        .map(|name| match name {
            name if name.ends_with("_cons") => added(equation(name)),
            name if name.contains("cut") => -added(main),
            _ => 0.0,
        })
        .collect();
    for (i, by) in moved.into_iter().enumerate() {
        fit.b[i] += by;
        if let Some((factor, _)) = change_of(&fit.names[i], change) {
            fit.b[i] *= factor;
            fit.se[i] *= factor.abs();
        }
    }
    fit
}

/// The first difference of estimates in the old units. A constant has all its digits only near zero.
fn difference(plain: &Fit, moved: &Fit, case: &Case) -> Option<String> {
    let of_effects = ["lns1_1_1", "atr", "/:var(", "/:cov("];
    let unit = |name: &str| case.has('r') && of_effects.iter().any(|start| name.starts_with(start));
    let constant = |name: &str| name.ends_with("_cons") || name.contains("cut") || name.contains("theta");
    let compared = |name: &str| constant(name) && !unit(name) && !case.has('c');
    for (i, name) in plain.names.iter().enumerate().filter(|(_, name)| compared(name)) {
        let other = moved.position(name).map_or(f64::NAN, |j| moved.b[j]);
        let apart = (plain.b[i] - other).abs();
        if apart.is_nan() || apart > 1e-6 * (1.0 + plain.b[i].abs()) {
            return Some(format!("{name}: {} and {other}", plain.b[i]));
        }
    }
    let picked = |name: &str| !constant(name) && !unit(name);
    // the density of regressors, or of what a restricted likelihood leaves out, has their unit
    if case.has('l') { plain.differs(moved, picked) } else { plain.difference(moved, picked) }
}

/// Estimates before and after each change of the units. Exceptions: `u` no change at all, `s` no shift (the model has no
/// constant that takes it up), `c` the constants are elsewhere, `r` the deviation of an effect has a unit, `l` the
/// likelihood has one.
fn keep(cases: &[Case]) {
    let mut complaints = Vec::new();
    for case in cases.iter().filter(|case| !case.has('u')) {
        let complain = |what: String| format!("{} ({}): {what}", case.command, case.prepare);
        let plain = match estimates(&mut prepared(&[case.prepare]), case.command) {
            Ok(fit) => fit,
            Err(rc) => {
                complaints.push(complain(format!("r({rc})")));
                continue;
            }
        };
        for mut change in CHANGES {
            if case.has('s') {
                change.iter_mut().for_each(|(_, shift)| *shift = 0.0);
            }
            let of = |name: &str, (factor, shift): (f64, f64)| {
                format!("quietly replace {name} = {factor:e}*{name} + {shift:e}")
            };
            let mut s = prepared(&[case.prepare, &of("x", change[0]), &of("z", change[1])]);
            let found = match estimates(&mut s, case.command) {
                Ok(fit) => difference(&plain, &taken_back(fit, &change), case),
                Err(rc) => Some(format!("r({rc})")),
            };
            complaints.extend(found.map(|what| complain(format!("{change:?}: {what}"))));
        }
    }
    none(&complaints);
}

#[test]
fn linear_models_do_not_depend_on_units() {
    keep(LINEAR);
}

#[test]
fn binary_models_do_not_depend_on_units() {
    keep(BINARY);
}

#[test]
fn limited_outcomes_do_not_depend_on_units() {
    keep(LIMITED);
}

#[test]
fn counts_do_not_depend_on_units() {
    keep(COUNTS);
}

#[test]
fn categories_do_not_depend_on_units() {
    keep(CATEGORICAL);
}

#[test]
fn survival_models_do_not_depend_on_units() {
    keep(SURVIVAL);
}

#[test]
fn mixed_models_do_not_depend_on_units() {
    keep(MIXED);
}

#[test]
fn panel_models_do_not_depend_on_units() {
    keep(PANELS);
}

#[test]
fn time_series_models_do_not_depend_on_units() {
    keep(SERIES);
}

#[test]
fn systems_do_not_depend_on_units() {
    keep(SYSTEMS);
}
