//! The numbers of `margins`: which effects, scenarios and subgroups were requested, and their averages.

use super::formula::Target;
use super::{Cell, Comparing, Legend, Listed, Request};
use crate::error::{Result, StataError};
use crate::estimation::at_spec;
use crate::estimation::contrast_terms::TermSpec;
use crate::estimation::factors::{Factor, cells, factors, variables};
use crate::estimation::linear::{Grid, Parameters};
use crate::estimation::margins::{Effect, Form, Margin, Scenario};
use crate::estimation::model::number_groups;
use crate::frame::Frame;
use crate::matrix::Stripe;
use crate::ops::scores::offset;
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
    // Effects stand in the order of the model.
    let place = |name: &String| known.iter().position(|k| k == name);
    wanted.sort_by_key(place);
    wanted.dedup();
    let mut out = Vec::new();
    for name in wanted {
        match levels.iter().find(|f| f.name == name) {
            None => out.push((name.clone(), Some(Effect::Slope(name, *form)))),
            Some(Factor { .. }) if matches!(form, Form::Elasticity | Form::SemiX) => {
                return Err(StataError::invalid(format!(
                    "{name} is a factor variable; eyex() and dyex() are derivatives in the logarithm of a variable"
                )));
            }
            Some(Factor { levels: all, base, .. }) => {
                let base = base.or(all.first().copied()).unwrap_or(0);
                for level in all {
                    let shown =
                        if *level == base { format!("{level}b.{name}") } else { format!("{level}.{name}") };
                    let log = *form == Form::SemiY;
                    let effect = Effect::Change { variable: name.clone(), level: *level, base, log };
                    out.push((shown, (*level != base).then_some(effect)));
                }
            }
        }
    }
    Ok(out)
}

/// Levels of the margin list: names and the factor levels to fix.
fn margin_levels(
    session: &Session,
    request: &Request,
    parameters: &Parameters,
    rows: &[usize],
) -> Result<Vec<Listed>> {
    if let Comparing::Terms(terms) = &request.comparing {
        return terms_cells(session, terms, parameters);
    }
    if request.list.is_empty() {
        return Ok(vec![(String::new(), Vec::new())]);
    }
    let sample = session.estimation_sample();
    let mut touse = sample.map_or_else(|| vec![true; session.frame.n_rows()], |s| s.to_vec());
    if request.any_row {
        rows.iter().for_each(|r| touse[*r] = true);
    }
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

/// The margins, the values that each scenario sets, and the names of the subgroups.
pub(super) fn compute(
    session: &mut Session,
    parameters: &Parameters,
    request: &Request,
    targets: &[Target],
    rows: &[usize],
    weights: &[f64],
) -> Result<(Vec<Cell>, Vec<Legend>, Vec<String>)> {
    let offset = offsets(session, rows)?;
    let effects = effects(session, parameters, request)?;
    let listed = margin_levels(session, request, parameters, rows)?;
    let groups = over_groups(session, request, rows)?;
    let plan = Plan { parameters, request, targets, rows, weights, effects, listed, groups, offset };
    // a formula is evaluated on changed data, the grid reads the data as they are
    let frame = std::mem::replace(&mut session.frame, Frame::new());
    let found = plan.cells(session, &frame);
    session.frame = frame;
    let (cells, legends) = found?;
    let shown = plan.groups.into_iter().map(|g| g.0).filter(|g| !g.is_empty()).collect();
    Ok((cells, legends, shown))
}

/// What is averaged where.
struct Plan<'a> {
    parameters: &'a Parameters,
    request: &'a Request,
    targets: &'a [Target],
    rows: &'a [usize],
    weights: &'a [f64],
    effects: Vec<(String, Option<Effect>)>,
    listed: Vec<Listed>,
    groups: Vec<(String, Vec<bool>)>,
    /// Offset or log exposure of each row, where the model has one.
    offset: Option<Vec<f64>>,
}

/// Offset or log exposure of the model in the rows, which stay as they are where `atmeans` fixes the covariates.
///
/// # Errors
/// r(459) where it is missing in a row.
fn offsets(session: &Session, rows: &[usize]) -> Result<Option<Vec<f64>>> {
    if session.e.results.get_text("offset").is_none() {
        return Ok(None);
    }
    let values = offset(session, rows)?;
    if values.iter().any(|v| is_missing(*v)) {
        return Err(StataError::new(459, "the exposure or offset is missing in rows of the sample"));
    }
    Ok(Some(values))
}

impl Plan<'_> {
    fn cells(&self, session: &mut Session, frame: &Frame) -> Result<(Vec<Cell>, Vec<Legend>)> {
        let mut grid = Grid::new(frame, self.rows.to_vec());
        grid.load(self.parameters.terms.iter().flatten())?;
        if let Some(offset) = &self.offset {
            grid.set_offset(offset.clone());
        }
        let known = variables(self.parameters);
        let levels = factors(self.parameters);
        let none = vec![Vec::new()];
        let asked = &self.request.settings;
        let settings = if asked.is_empty() { &none } else { asked };
        let keep = self.request.unconditional;
        let mut cells = Vec::new();
        let mut legends = vec![Vec::new(); settings.len()];
        for (name, effect) in &self.effects {
            for (r, target) in self.targets.iter().enumerate() {
                for (s, setting) in settings.iter().enumerate() {
                    for (group, inside) in &self.groups {
                        let kept = |(w, i): (&f64, &bool)| if *i { *w } else { 0.0 };
                        let mine: Vec<f64> = self.weights.iter().zip(inside).map(kept).collect();
                        let mut at = grid.clone();
                        let own =
                            if self.request.nested { present(&at, &levels, &mine) } else { levels.clone() };
                        legends[s] = at_spec::apply(&mut at, setting, &known, &own, &mine)?;
                        for (list_name, fixed) in &self.listed {
                            let mut at = at.clone();
                            fixed.iter().for_each(|(variable, level)| at.fix_factor(variable, *level));
                            let scenario = Scenario { grid: at, weights: &mine, keep };
                            let margin = self.margin(session, frame, target, effect.as_ref(), &scenario)?;
                            let stripe = self.stripe(name, r, s, [group, list_name]);
                            cells.push(Cell { stripe, margin, base: effect.is_none() });
                        }
                    }
                }
            }
        }
        Ok((cells, legends))
    }

    fn margin(
        &self,
        session: &mut Session,
        frame: &Frame,
        target: &Target,
        effect: Option<&Effect>,
        scenario: &Scenario<'_, '_>,
    ) -> Result<Margin> {
        match (effect, target) {
            (None, _) => {
                Ok(Margin { value: 0.0, gradient: vec![0.0; self.parameters.b.len()], shares: Vec::new() })
            }
            (Some(effect), Target::Prediction(response)) => {
                scenario.average(self.parameters, response, effect)
            }
            (Some(effect), Target::Kernel(model)) => {
                let value = model.average(&model.points_of(&scenario.grid), scenario.weights, effect);
                Ok(Margin { value, gradient: vec![0.0; self.parameters.b.len()], shares: Vec::new() })
            }
            (Some(effect), Target::Formula(formula)) => {
                let (grid, weights) = (&scenario.grid, scenario.weights);
                formula.average(session, frame, self.parameters, grid, weights, effect)
            }
        }
    }

    /// The name of a margin of effect, target, scenario, subgroup and listed levels.
    fn stripe(&self, effect: &str, target: usize, scenario: usize, levels: [&String; 2]) -> Stripe {
        let scenarios = self.request.settings.len();
        let several = self.targets.len() > 1
            || scenarios > 1
            || !self.request.over.is_empty()
            || !self.request.list.is_empty();
        let mut parts = Vec::new();
        if self.targets.len() > 1 {
            parts.push(format!("{}._predict", target + 1));
        }
        if scenarios > 1 {
            parts.push(format!("{}._at", scenario + 1));
        }
        parts.extend(levels.into_iter().filter(|p| !p.is_empty()).cloned());
        let inner = parts.join("#");
        match (effect.is_empty(), several) {
            (true, _) if inner.is_empty() || !several => Stripe::term("_cons"),
            (true, _) => Stripe::term(inner),
            (false, false) => Stripe::term(effect),
            (false, true) => Stripe::with_eq(effect, inner),
        }
    }
}

/// Factors with the levels that rows of positive weight have.
fn present(grid: &Grid<'_>, factors: &[Factor], weights: &[f64]) -> Vec<Factor> {
    let has = |name: &str, level: i64| {
        let mut rows = grid.variable(name).into_iter().flatten().zip(weights);
        rows.any(|(x, w)| *w != 0.0 && *x == level as f64)
    };
    let within = |f: &Factor| Factor {
        levels: f.levels.iter().copied().filter(|l| has(&f.name, *l)).collect(),
        ..f.clone()
    };
    factors.iter().map(within).collect()
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

/// Leaves the rows of the subpopulation, `[varname] [if]`: rows whose variable is neither zero nor missing.
pub(super) fn inside(session: &Session, text: &str, rows: &mut Vec<usize>) -> Result<()> {
    let member = session.subpopulation(text)?;
    rows.retain(|i| member[*i]);
    if rows.is_empty() {
        return Err(StataError::new(461, "no observations in subpop() subpopulation"));
    }
    Ok(())
}
