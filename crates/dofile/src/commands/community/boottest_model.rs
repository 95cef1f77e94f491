//! The regression in memory as `boottest` resamples it: columns and residuals without the absorbed effects, and the
//! clusters of the errors and of the draws.

use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters};
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{FvList, ParsedCommand};
use crate::value::is_missing;
use estimators::panel::Units;

/// The regression.
pub(super) struct Model {
    /// Positions of the coefficients that are estimated and can be tested.
    pub(super) positions: Vec<usize>,
    /// Values of their columns, free of the absorbed effects.
    pub(super) columns: Vec<Vec<f64>>,
    /// Residuals.
    pub(super) residuals: Vec<f64>,
    /// Weights of the rows.
    pub(super) weights: Option<Vec<f64>>,
    /// Absorbed effects.
    pub(super) effects: Option<Units>,
    /// Clusters of the errors; one for each row without clusters.
    pub(super) clusters: Units,
    /// Clusters that get one weight.
    pub(super) draws: Units,
    /// Names of these, nothing for rows.
    pub(super) drawn_by: String,
    /// Factor of small samples of the covariance, where it is not that of `e(V)`.
    pub(super) factor: Option<f64>,
    /// Degrees of freedom of a t or F, where the model has them.
    pub(super) df_r: Option<f64>,
}

pub(super) fn unsupported(what: &str) -> StataError {
    StataError::new(199, format!("boottest {what} is not supported by the open engine"))
}

/// The variable whose effects are absorbed, of a model that `boottest` takes.
fn absorbed(s: &Session) -> Result<Option<String>> {
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let command = s.e.cmd().to_string();
    let one = |name: &str| {
        let list = text(name);
        match words(&list)[..] {
            ["_cons"] => Ok(None),
            [one] if !one.contains(['#', '=']) => Ok(Some(one.trim_start_matches("i.").to_string())),
            _ => Err(unsupported("after several absorbed effects")),
        }
    };
    match command.as_str() {
        "regress" => Ok(None),
        "areg" | "reghdfe" => one("absvars"),
        "xtreg" if text("model") == "fe" => one("ivar"),
        "" => Err(StataError::no_estimates()),
        other => Err(unsupported(&format!("after {other}"))),
    }
}

impl Model {
    /// Reads the model in memory; the options `cluster()` and `bootcluster()` replace its clusters.
    pub(super) fn read(s: &Session, cmd: &ParsedCommand, parameters: &Parameters) -> Result<Self> {
        let absorbed = absorbed(s)?;
        if s.e.results.get_text("prefix").is_some_and(|p| !p.is_empty()) {
            return Err(unsupported("after estimates with a prefix"));
        }
        let sample = s.required_estimation_sample()?.to_vec();
        let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
        let positions: Vec<usize> = (0..parameters.b.len())
            .filter(|i| match &parameters.terms[*i] {
                Some(term) => !term.is_omitted() && !term.is_base(),
                None => absorbed.is_none(),
            })
            .collect();
        let weights = weights(s, &rows)?;
        let effects = match &absorbed {
            Some(name) => Some(groups(s, name, &rows)?),
            None => None,
        };
        let mut grid = Grid::new(&s.frame, rows.clone());
        grid.load(positions.iter().filter_map(|i| parameters.terms[*i].as_ref()))?;
        let raw = grid.design(parameters, &positions);
        let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
        let outcome = FvList::parse(&s.frame, &depvar, false)?.expand(&s.frame, &sample)?;
        let y = outcome.first().ok_or_else(|| StataError::no_variable(&depvar))?.values(&s.frame, &rows)?;
        if raw.iter().flatten().chain(&y).any(|x| is_missing(*x)) {
            return Err(StataError::new(498, "the data have changed since the estimation"));
        }
        let cleaned = |values: &[f64]| -> Vec<f64> {
            let Some(effects) = &effects else { return values.to_vec() };
            let means = effects.means(values, weights.as_deref());
            values.iter().zip(&effects.of_row).map(|(x, g)| x - means[*g as usize]).collect()
        };
        let columns: Vec<Vec<f64>> = raw.iter().map(|c| cleaned(c)).collect();
        let mut residuals = cleaned(&y);
        for (column, position) in columns.iter().zip(&positions) {
            residuals.iter_mut().zip(column).for_each(|(e, x)| *e -= parameters.b[*position] * x);
        }
        let (clusters, factor, df_r) = clusters(s, cmd, &rows, &positions, effects.as_ref())?;
        let own = cluster_names(s, cmd);
        let drawn_by = cmd.options.text("bootcluster").map_or(own, str::to_string);
        let draws = if drawn_by.is_empty() { clusters.clone() } else { groups(s, &drawn_by, &rows)? };
        Ok(Self { positions, columns, residuals, weights, effects, clusters, draws, drawn_by, factor, df_r })
    }
}

/// Names of the clusters of the errors; empty without clusters.
pub(super) fn cluster_names(s: &Session, cmd: &ParsedCommand) -> String {
    let own = s.e.results.get_text("clustvar").unwrap_or("");
    cmd.options.text("cluster").unwrap_or(own).trim().to_string()
}

/// Rows in groups of equal values of variables; r(416) for missing values.
pub(super) fn groups(s: &Session, names: &str, rows: &[usize]) -> Result<Units> {
    let variables = s.varlist(names)?;
    let mut whole = vec![true; s.frame.n_rows()];
    s.markout(&variables, &mut whole, true)?;
    if rows.iter().any(|r| !whole[*r]) {
        return Err(StataError::new(416, format!("missing values encountered in {names}")));
    }
    let place: std::collections::HashMap<usize, usize> =
        rows.iter().enumerate().map(|(i, r)| (*r, i)).collect();
    let mut of_row = vec![0u32; rows.len()];
    for (group, members) in crate::ops::groups::grouped(s, &variables, rows.to_vec()).iter().enumerate() {
        members.iter().for_each(|r| of_row[place[r]] = group as u32);
    }
    Ok(Units::new(of_row))
}

fn weights(s: &Session, rows: &[usize]) -> Result<Option<Vec<f64>>> {
    let Some(kind) = s.e.results.get_text("wtype") else { return Ok(None) };
    if !matches!(kind, "aweight" | "pweight") {
        return Err(unsupported(&format!("with {kind}s")));
    }
    let text = s.e.results.get_text("wexp").unwrap_or("").trim_start_matches(['=', ' ']).to_string();
    let compiled = s.compile(&text)?;
    let context = s.ctx();
    let values: Vec<f64> = rows.iter().map(|r| compiled.num(&context, *r)).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Ok(Some(values.iter().map(|w| w / mean).collect()))
}

/// Clusters of the errors, the factor of small samples where `cluster()` changes them, and the degrees of freedom.
fn clusters(
    s: &Session,
    cmd: &ParsedCommand,
    rows: &[usize],
    positions: &[usize],
    effects: Option<&Units>,
) -> Result<(Units, Option<f64>, Option<f64>)> {
    let names = cluster_names(s, cmd);
    let posted = s.e.results.get_scalar("df_r");
    if names.is_empty() {
        if !matches!(s.e.results.get_text("vce"), Some("robust")) {
            return Err(unsupported("with classical standard errors (vce(robust), or cluster(), is needed)"));
        }
        return Ok((Units::new((0..rows.len() as u32).collect()), None, posted));
    }
    if words(&names).len() > 1 {
        return Err(unsupported("with errors clustered by several variables"));
    }
    let own = groups(s, &names, rows)?;
    if own.count() < 2 {
        return Err(StataError::insufficient_observations());
    }
    let count = own.count() as f64;
    if s.e.results.get_text("clustvar") == Some(names.as_str()) {
        return Ok((own, None, Some(count - 1.0)));
    }
    // Effects that are nested within clusters do not count after xtreg and reghdfe.
    let levels = effects.map_or(0, |effects| {
        let mut first = vec![None; effects.count()];
        let nested =
            effects.of_row.iter().zip(&own.of_row).all(|(e, c)| first[*e as usize].get_or_insert(*c) == c);
        if nested && s.e.cmd() != "areg" { 1 } else { effects.count() }
    });
    let (n, k) = (rows.len() as f64, (positions.len() + levels) as f64);
    Ok((own, Some(count / (count - 1.0) * (n - 1.0) / (n - k)), Some(count - 1.0)))
}
