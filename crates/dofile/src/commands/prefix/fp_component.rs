//! The part of a fitted model that a fractional polynomial makes, and its graph: shared by `fp plot`, `fp predict`,
//! `fracplot` and `fracpred` ([R] fp postestimation, [R] mfp postestimation, Methods and formulas).

use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::linear::{Grid, Parameters};
use crate::ops::graphs::no_effect;
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::session::Session;
use crate::syntax::options::abbreviates;
use crate::syntax::{Atom, ParsedCommand, Term};
use crate::value::{MISSING, is_missing};
use estimators::wald::critical;
use figure::{Range, Series, Shape, Style};

/// The linear prediction of an equation with all variables but those of the polynomial at zero, and its standard error.
pub(super) struct Component {
    /// Constant and polynomial in each row; missing where a variable of the polynomial is.
    pub values: Vec<f64>,
    /// Their standard errors.
    pub errors: Vec<f64>,
}

/// Whether a term is zero at zero values of all variables but the named ones; nothing where these do not say it.
fn vanishes(term: &Term, names: &[String]) -> bool {
    term.atoms.iter().any(|atom| {
        let own = atom.ts().is_none() && names.iter().any(|n| n == atom.var());
        !own && match atom {
            Atom::Level { level, .. } => *level != 0,
            Atom::Cont { .. } => true,
        }
    })
}

/// The equation of an option, `#number` or a name, or the first one with a variable of the polynomial.
fn equation_of(p: &Parameters, names: &[String], option: Option<&str>) -> Result<String> {
    if let Some(text) = option.map(str::trim) {
        let found = match text.strip_prefix('#').and_then(|n| n.trim().parse::<usize>().ok()) {
            Some(n) => p.equations().get(n.wrapping_sub(1)).cloned(),
            None => p.equations().into_iter().find(|e| e == text),
        };
        return found.ok_or_else(|| StataError::new(303, format!("equation {text} not found")));
    }
    let uses = |t: &Term| t.atoms.iter().any(|a| names.iter().any(|n| n == a.var()));
    let place = p.terms.iter().position(|t| t.as_ref().is_some_and(uses));
    Ok(p.stripe.get(place.unwrap_or(0)).map(|s| s.eq.clone()).unwrap_or_default())
}

/// The component of the variables `names` in some rows.
///
/// # Errors
/// r(301) without estimates, r(303) for an unknown equation, r(111) where a variable is no longer in the data.
pub(super) fn component(
    s: &Session,
    names: &[String],
    option: Option<&str>,
    rows: &[usize],
) -> Result<Component> {
    let p = Parameters::of(&s.e)?;
    let equation = equation_of(&p, names, option)?;
    let kept = |i: &usize| match &p.terms[*i] {
        Some(term) => !term.is_omitted() && !vanishes(term, names),
        None => p.stripe[*i].name == "_cons",
    };
    let positions: Vec<usize> = p.positions(&equation).into_iter().filter(kept).collect();
    let mut grid = Grid::new(&s.frame, rows.to_vec());
    let terms = || positions.iter().filter_map(|i| p.terms[*i].as_ref());
    grid.load(terms())?;
    for atom in terms().flat_map(|t| &t.atoms).filter(|a| !names.iter().any(|n| n == a.var())) {
        grid.set(atom.var(), vec![0.0; rows.len()]);
    }
    let columns = grid.design(&p, &positions);
    let (mut values, mut errors) = (vec![0.0; rows.len()], vec![0.0; rows.len()]);
    for row in 0..rows.len() {
        if columns.iter().any(|c| is_missing(c[row])) {
            (values[row], errors[row]) = (MISSING, MISSING);
            continue;
        }
        values[row] = positions.iter().zip(&columns).map(|(i, c)| p.b[*i] * c[row]).sum();
        let mut variance = 0.0;
        for (i, c) in positions.iter().zip(&columns) {
            for (j, d) in positions.iter().zip(&columns) {
                variance += c[row] * p.v[(*i, *j)] * d[row];
            }
        }
        errors[row] = variance.max(0.0).sqrt();
    }
    Ok(Component { values, errors })
}

/// What a graph of a component needs.
pub(super) struct Drawing<'a> {
    /// The regressor.
    pub variable: &'a str,
    /// The component in each of `rows`.
    pub component: &'a Component,
    /// Rows of the data.
    pub rows: &'a [usize],
    /// Residuals that are added to the component, in each of `rows`.
    pub residuals: Option<Vec<f64>>,
    /// Title of the figure.
    pub title: String,
}

/// Draws the component over its regressor with pointwise limits, and component plus residual as points.
pub(super) fn draw(
    s: &mut Session,
    cmd: &ParsedCommand,
    drawing: &Drawing<'_>,
    options: Vec<RawOption>,
) -> Result<()> {
    let half = critical(level(s, cmd)?, s.e.results.get_scalar("df_r").filter(|x| !is_missing(*x)));
    let place = s.numeric_variable(drawing.variable)?;
    let at = |i: usize| s.frame.num_at(place, drawing.rows[i]);
    let found = drawing.component;
    let mut order: Vec<usize> =
        (0..drawing.rows.len()).filter(|i| !is_missing(at(*i)) && !is_missing(found.values[*i])).collect();
    if order.is_empty() {
        return Err(StataError::no_observations());
    }
    order.sort_by(|a, b| at(*a).total_cmp(&at(*b)));
    let points = |of: &dyn Fn(usize) -> f64| -> Vec<(f64, f64)> {
        order.iter().map(|i| (at(*i), of(*i))).filter(|p| !is_missing(p.1)).collect()
    };
    let ranges = order
        .iter()
        .map(|i| {
            let (middle, width) = (found.values[*i], half * found.errors[*i]);
            Range { at: at(*i), low: middle - width, high: middle + width }
        })
        .collect();
    let series =
        |number: usize, shape: Shape| Series { label: String::new(), number, shape, style: Style::default() };
    let mut plots = vec![series(2, Shape::Band { ranges })];
    if let Some(residuals) = &drawing.residuals {
        let sum = |i: usize| if is_missing(residuals[i]) { MISSING } else { found.values[i] + residuals[i] };
        plots.push(series(0, Shape::Points { points: points(&sum) }));
    }
    plots.push(series(1, Shape::Line { points: points(&|i| found.values[i]), step: false }));
    let variable = s.frame.var(place);
    let x_title = if variable.label.is_empty() { variable.name.clone() } else { variable.label.clone() };
    let outcome = s.e.results.get_text("depvar").unwrap_or_default().to_string();
    let kind = if drawing.residuals.is_some() { "Component plus residual" } else { "Component" };
    let plain = Plain {
        series: plots,
        title: drawing.title.clone(),
        x_title,
        y_title: if outcome.is_empty() { kind.to_string() } else { format!("{kind} for {outcome}") },
        used: Some(order.len()),
        ..Plain::default()
    };
    show(s, plain, &options)
}

/// Whether an option says how the plots of a component look; they are drawn in the style of every graph.
pub(super) fn is_look(name: &str, argument: Option<&str>) -> bool {
    argument.is_some() && (no_effect::of_added(name) || abbreviates(name, "PLOTOPts"))
}
