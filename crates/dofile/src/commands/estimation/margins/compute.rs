//! The numbers of `margins`: which effects, scenarios and subgroups were requested, and their averages.

use super::{Cell, Comparing, Legend, Listed, Request};
use crate::error::{Result, StataError};
use crate::estimation::at_spec;
use crate::estimation::comparisons::TermSpec;
use crate::estimation::factors::{Factor, cells, factors, variables};
use crate::estimation::linear::{Grid, Parameters};
use crate::estimation::margins::{Effect, Margin, Scenario};
use crate::estimation::model::number_groups;
use crate::estimation::response::Response;
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::options::abbreviates;
use crate::syntax::{Atom, FvList};
use crate::value::is_missing;

/// Effects with their names; base levels of factors have no effect.
fn effects(
    session: &Session,
    parameters: &Parameters,
    request: &Request,
) -> Result<Vec<(String, Option<Effect>)>> {
    let Some((form, list)) = &request.derivative else {
        return Ok(vec![(String::new(), Some(Effect::Level))]);
    };
    let known = variables(parameters);
    let levels = factors(parameters);
    let is_factor = |name: &str| levels.iter().any(|f| f.name == name);
    let mut wanted: Vec<String> = Vec::new();
    for word in list.split_whitespace() {
        let word = word.split_once('.').map_or(word, |(_, name)| name);
        match word {
            "*" | "_all" => wanted.extend(known.clone()),
            w if abbreviates(w, "_CONTinuous") || w == "_continuous" => {
                wanted.extend(known.iter().filter(|v| !is_factor(v)).cloned());
            }
            "_factor" => wanted.extend(known.iter().filter(|v| is_factor(v)).cloned()),
            w => {
                for position in session.varlist(w)? {
                    let name = session.frame.var(position).name.clone();
                    if !known.contains(&name) {
                        return Err(StataError::new(
                            322,
                            format!("variable {name} not found in list of covariates"),
                        ));
                    }
                    wanted.push(name);
                }
            }
        }
    }
    let mut out = Vec::new();
    for name in wanted {
        match levels.iter().find(|f| f.name == name) {
            None => out.push((name.clone(), Some(Effect::Slope(name, *form)))),
            Some(Factor { levels: all, base, .. }) => {
                let base = base.or(all.first().copied()).unwrap_or(0);
                for level in all {
                    let shown =
                        if *level == base { format!("{level}b.{name}") } else { format!("{level}.{name}") };
                    let effect = Effect::Change { variable: name.clone(), level: *level, base };
                    out.push((shown, (*level != base).then_some(effect)));
                }
            }
        }
    }
    Ok(out)
}

/// Levels of the margin list: names and the factor levels to fix.
fn margin_levels(session: &Session, request: &Request, parameters: &Parameters) -> Result<Vec<Listed>> {
    if let Comparing::Terms(terms) = &request.comparing {
        return terms_cells(session, terms, parameters);
    }
    if request.list.is_empty() {
        return Ok(vec![(String::new(), Vec::new())]);
    }
    let sample = session.estimation_sample();
    let touse = sample.map_or_else(|| vec![true; session.frame.n_rows()], |s| s.to_vec());
    let marked: Vec<String> = request
        .list
        .split_whitespace()
        .map(|w| {
            w.split('#')
                .map(|p| if p.contains('.') { p.to_string() } else { format!("ibn.{p}") })
                .collect::<Vec<_>>()
                .join("#")
        })
        .collect();
    let list = FvList::parse(&session.frame, &marked.join(" "), session.settings.varabbrev)?;
    let known = factors(parameters);
    let mut out = Vec::new();
    for term in list.expand(&session.frame, &touse)? {
        let mut fixed = Vec::new();
        for atom in &term.atoms {
            match atom {
                Atom::Level { var, level, .. } if known.iter().any(|f| f.name == *var) => {
                    fixed.push((var.clone(), *level))
                }
                other => {
                    return Err(StataError::new(
                        322,
                        format!("factor {} not found in list of covariates", other.var()),
                    ));
                }
            }
        }
        let shown: Vec<String> = fixed.iter().map(|(v, l)| format!("{l}.{v}")).collect();
        out.push((shown.join("#"), fixed));
    }
    Ok(out)
}

/// The cells of terms that are compared, term after term, the last factor of a term fastest.
fn terms_cells(session: &Session, terms: &[TermSpec], parameters: &Parameters) -> Result<Vec<Listed>> {
    let known = factors(parameters);
    let mut out = Vec::new();
    for term in terms {
        let chosen = term_factors(session, term, &known)?;
        for cell in cells(&chosen) {
            let fixed: Vec<(String, i64)> = chosen.iter().map(|f| f.name.clone()).zip(cell).collect();
            let shown: Vec<String> = fixed.iter().map(|(v, l)| format!("{l}.{v}")).collect();
            out.push((shown.join("#"), fixed));
        }
    }
    Ok(out)
}

/// The factors of a term, r(322) when one is not in the model.
pub(super) fn term_factors<'a>(
    session: &Session,
    term: &TermSpec,
    known: &'a [Factor],
) -> Result<Vec<&'a Factor>> {
    if !term.covariates.is_empty() {
        return Err(StataError::unsupported_option("margins", "contrasts with covariates"));
    }
    let find = |name: &str| {
        let full = session.variable(name).map(|v| session.frame.var(v).name.clone()).ok()?;
        known.iter().find(|f| f.name == full)
    };
    term.parts
        .iter()
        .map(|part| {
            find(&part.name).ok_or_else(|| {
                StataError::new(322, format!("factor {} not found in list of covariates", part.name))
            })
        })
        .collect()
}

pub(super) fn compute(
    session: &Session,
    parameters: &Parameters,
    request: &Request,
    responses: &[Response],
    rows: &[usize],
    weights: &[f64],
) -> Result<(Vec<Cell>, Vec<Legend>, Vec<String>)> {
    let mut grid = Grid::new(&session.frame, rows.to_vec());
    grid.load(parameters.terms.iter().flatten())?;
    let known = variables(parameters);
    let levels: Vec<(String, Vec<i64>)> =
        factors(parameters).into_iter().map(|f| (f.name, f.levels)).collect();
    let effects = effects(session, parameters, request)?;
    let listed = margin_levels(session, request, parameters)?;
    let groups = over_groups(session, request, rows)?;
    let none = vec![Vec::new()];
    let settings = if request.settings.is_empty() { &none } else { &request.settings };
    let mut cells = Vec::new();
    let mut legends = vec![Vec::new(); settings.len()];
    let several = responses.len() > 1
        || request.settings.len() > 1
        || !request.over.is_empty()
        || !request.list.is_empty();
    for (name, effect) in &effects {
        for (r, response) in responses.iter().enumerate() {
            for (s, setting) in settings.iter().enumerate() {
                for (group, inside) in &groups {
                    let mine: Vec<f64> =
                        weights.iter().zip(inside).map(|(w, i)| if *i { *w } else { 0.0 }).collect();
                    let mut at = grid.clone();
                    legends[s] = at_spec::apply(&mut at, setting, &known, &levels, &mine)?;
                    for (list_name, fixed) in &listed {
                        let mut at = at.clone();
                        fixed.iter().for_each(|(variable, level)| at.fix_factor(variable, *level));
                        let scenario = Scenario { grid: at, weights: &mine };
                        let margin = match effect {
                            Some(effect) => scenario.average(parameters, response, effect)?,
                            None => Margin { value: 0.0, gradient: vec![0.0; parameters.b.len()] },
                        };
                        let mut parts = Vec::new();
                        if responses.len() > 1 {
                            parts.push(format!("{}._predict", r + 1));
                        }
                        if request.settings.len() > 1 {
                            parts.push(format!("{}._at", s + 1));
                        }
                        parts.extend([group, list_name].into_iter().filter(|p| !p.is_empty()).cloned());
                        let inner = parts.join("#");
                        let stripe = match (name.is_empty(), several) {
                            (true, false) => Stripe::term("_cons"),
                            (true, true) => {
                                Stripe::term(if inner.is_empty() { "_cons".to_string() } else { inner })
                            }
                            (false, false) => Stripe::term(name.clone()),
                            (false, true) => Stripe::with_eq(name.clone(), inner),
                        };
                        cells.push(Cell { stripe, margin, base: effect.is_none() });
                    }
                }
            }
        }
    }
    let shown = groups.into_iter().map(|g| g.0).filter(|g| !g.is_empty()).collect();
    Ok((cells, legends, shown))
}

/// Subgroups of `over()` with their rows; one unnamed group without it.
fn over_groups(session: &Session, request: &Request, rows: &[usize]) -> Result<Vec<(String, Vec<bool>)>> {
    let mut out = vec![(String::new(), vec![true; rows.len()])];
    for variable in &request.over {
        let own = groups_of(session, *variable, rows)?;
        out = out
            .iter()
            .flat_map(|(name, inside)| {
                own.iter().map(move |(own_name, own_inside)| {
                    let joined =
                        if name.is_empty() { own_name.clone() } else { format!("{name}#{own_name}") };
                    let both = inside.iter().zip(own_inside).map(|(a, b)| *a && *b).collect();
                    (joined, both)
                })
            })
            .filter(|(_, inside): &(String, Vec<bool>)| inside.contains(&true))
            .collect();
    }
    Ok(out)
}

/// The groups of one variable in ascending order.
fn groups_of(session: &Session, variable: usize, rows: &[usize]) -> Result<Vec<(String, Vec<bool>)>> {
    let values: Vec<f64> = rows.iter().map(|r| session.frame.num_at(variable, *r)).collect();
    if session.frame.var(variable).is_string() {
        return Err(StataError::type_mismatch());
    }
    let name = session.frame.var(variable).name.clone();
    let (numbers, count) = number_groups(&session.frame, variable, rows);
    let mut found: Vec<(f64, Vec<bool>)> = (0..count as u32)
        .map(|g| {
            let first = numbers.iter().position(|n| *n == g).expect("every number is in use");
            (values[first], numbers.iter().map(|n| *n == g).collect())
        })
        .filter(|(v, _)| !is_missing(*v))
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    if found.iter().any(|(v, _)| v.fract() != 0.0 || *v < 0.0) {
        return Err(StataError::new(
            452,
            format!("{name}: factor variables may not contain noninteger or negative values"),
        ));
    }
    Ok(found.into_iter().map(|(v, inside)| (format!("{v}.{name}"), inside)).collect())
}
