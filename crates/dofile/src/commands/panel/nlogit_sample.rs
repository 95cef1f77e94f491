//! The sample of `nlogit`: cases, alternatives, nests and their regressors, and what `predict` keeps of them.

use super::cmclogit_predict::{Regressor, labels};
use super::cmset::check_unique;
use super::nlogit::regressor_values;
use super::nlogit_line::{Level, Line};
use crate::error::{Result, StataError};
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::model::{Model, Reading, VceSpec, first_word, number_groups};
use crate::session::Session;
use crate::syntax::{Design, FvList};

/// The sample.
pub(super) struct Choices {
    /// Outcome, rows, covariance.
    pub(super) model: Model,
    /// Rows of the sample by case.
    pub(super) cases: Vec<Vec<usize>>,
    /// Alternative and nest of each row of the data.
    pub(super) of: Vec<usize>,
    pub(super) nest_of: Vec<usize>,
    /// Nest of each row of the sample.
    pub(super) nest: Vec<usize>,
    pub(super) labels: Vec<String>,
    pub(super) nest_labels: Vec<String>,
    pub(super) alternatives: Vec<Regressor>,
    pub(super) nests: Vec<Regressor>,
    /// The variables of cases, alternatives and nests.
    pub(super) names: [String; 3],
}

/// What `predict` needs.
pub(super) struct State {
    pub(super) alternatives: Vec<Regressor>,
    pub(super) nests: Vec<Regressor>,
    pub(super) labels: Vec<String>,
    pub(super) nest_labels: Vec<String>,
    pub(super) names: [String; 3],
    pub(super) normalised: bool,
}

/// Values of regressors on the rows of a sample.
pub(super) fn columns(
    s: &Session,
    regressors: &[Regressor],
    of: &[usize],
    rows: &[usize],
) -> Result<Vec<Vec<f64>>> {
    regressor_values(s, regressors, of, rows)
}

/// Rows of a sample by case.
fn by_case(s: &Session, case: usize, rows: &[usize]) -> Vec<Vec<usize>> {
    let (of, count) = number_groups(&s.frame, case, rows);
    let mut out = vec![Vec::new(); count];
    of.iter().enumerate().for_each(|(i, g)| out[*g as usize].push(i));
    out
}

/// Reads the sample.
pub(super) fn read(s: &mut Session, line: &Line) -> Result<Choices> {
    let named = line.cmd.options.text("case");
    let named = named.ok_or_else(|| StataError::new(198, "option case() required"))?.trim().to_string();
    let case = s.variable(&named)?;
    let [alternative, nest] = [s.variable(&line.alternatives.variable)?, s.variable(&line.nests.variable)?];
    let abbrev = s.settings.varabbrev;
    let (_, own) = first_word(&line.cmd.list);
    let lists =
        [own, &line.alternatives.list, &line.nests.list].map(|text| FvList::parse(&s.frame, text, abbrev));
    let [own, below, above] = lists;
    let (own, below, above) = (own?, below?, above?);
    let mut further = vec![case, alternative, nest];
    for list in [&below, &above] {
        for variable in list.variables() {
            further.push(s.variable(&variable)?);
        }
    }
    let mut model = Reading { further, ..Reading::likelihood(&line.cmd, &[]) }.model(s)?;
    drop_cases(s, line, &mut model, case)?;
    let rows = model.design.rows.clone();
    check_unique(s, [case, alternative], &rows)?;
    let (of, alternative_labels) = labels(s, alternative, &rows);
    let (nest_of, nest_labels) = labels(s, nest, &rows);
    let parents = parents(&rows, &of, &nest_of, alternative_labels.len())?;
    for (t, label) in nest_labels.iter().enumerate() {
        if parents.iter().filter(|p| **p == t).count() < 2 {
            let what = format!("a nest of one alternative ({label})");
            return Err(StataError::unsupported_option("nlogit", &what));
        }
    }
    if nest_labels.len() < 2 {
        return Err(StataError::new(459, "there is only one nest"));
    }
    let chosen: Vec<usize> = (0..rows.len()).filter(|i| model.y[*i] != 0.0).map(|i| rows[i]).collect();
    let alternatives =
        regressors(s, &model, &line.alternatives, (&own, &below), &of, &alternative_labels, &chosen)?;
    let none = FvList::parse(&s.frame, "", abbrev)?;
    let nests = regressors(s, &model, &line.nests, (&none, &above), &nest_of, &nest_labels, &chosen)?;
    if alternatives.is_empty() && nests.is_empty() {
        return Err(StataError::new(100, "no regressors"));
    }
    if model.vce == VceSpec::Robust {
        model.vce = VceSpec::Cluster(s.frame.var(case).name.clone());
        model.clusters = Some(ClusterRows::of(&s.frame, case, &rows));
    }
    let names = [case, alternative, nest].map(|v| s.frame.var(v).name.clone());
    Ok(Choices {
        cases: by_case(s, case, &rows),
        nest: rows.iter().map(|r| nest_of[*r]).collect(),
        model,
        of,
        nest_of,
        labels: alternative_labels,
        nest_labels,
        alternatives,
        nests,
        names,
    })
}

/// Leaves out cases with a row that is out of the sample, and cases without exactly one choice.
fn drop_cases(s: &mut Session, line: &Line, model: &mut Model, case: usize) -> Result<()> {
    if !line.cmd.has("altwise") {
        let asked = s.rows(&line.cmd)?;
        let all: Vec<usize> = (0..asked.len()).filter(|i| asked[*i]).collect();
        let (of, count) = number_groups(&s.frame, case, &all);
        let mut whole = vec![true; count];
        all.iter().zip(&of).for_each(|(row, g)| whole[*g as usize] &= model.touse[*row]);
        let broken: Vec<usize> =
            all.iter().zip(&of).filter(|(_, g)| !whole[**g as usize]).map(|(row, _)| *row).collect();
        let drop: Vec<usize> = (0..model.design.rows.len())
            .filter(|i| broken.binary_search(&model.design.rows[*i]).is_ok())
            .collect();
        model.drop_rows(s, &drop)?;
    }
    let cases = by_case(s, case, &model.design.rows);
    let single = |rows: &Vec<usize>| rows.iter().filter(|i| model.y[**i] != 0.0).count() == 1;
    let drop: Vec<usize> = cases.iter().filter(|rows| !single(rows)).flatten().copied().collect();
    if !drop.is_empty() {
        let count = cases.iter().filter(|rows| !single(rows)).count();
        s.print(format!(
            "note: {count} cases ({} obs) dropped because of no positive outcome or multiple positive outcomes per case.",
            drop.len()
        ));
        model.drop_rows(s, &drop)?;
    }
    if model.y.is_empty() { Err(StataError::no_observations()) } else { Ok(()) }
}

/// The nest of each alternative; r(459) when it has several.
fn parents(rows: &[usize], of: &[usize], nest_of: &[usize], count: usize) -> Result<Vec<usize>> {
    let mut out = vec![usize::MAX; count];
    for row in rows {
        let own = &mut out[of[*row]];
        if *own == usize::MAX {
            *own = nest_of[*row];
        } else if *own != nest_of[*row] {
            return Err(StataError::new(
                459,
                "the alternatives are not nested: one of them is in several nests",
            ));
        }
    }
    Ok(out)
}

/// The regressors of a level: terms with one coefficient, then those with one for each alternative or nest but the base.
fn regressors(
    s: &Session,
    model: &Model,
    level: &Level,
    (shared, separate): (&FvList, &FvList),
    of: &[usize],
    labels: &[String],
    chosen: &[usize],
) -> Result<Vec<Regressor>> {
    let mut out: Vec<Regressor> = Vec::new();
    let built = Design::build(&s.frame, shared, &model.touse)?;
    out.extend(built.active().into_iter().map(|i| Regressor::Alternative(built.terms[i].name())));
    let base = match &level.base {
        Some(wanted) => {
            let variable = s.variable(&level.variable)?;
            let number = crate::syntax::options::parse_number(wanted);
            let is = |row: &usize| {
                !s.frame.var(variable).is_string() && number == Some(s.frame.num_at(variable, *row))
            };
            let named = labels.iter().position(|l| *l == wanted.replace([' ', '.', ':'], "_"));
            named
                .or_else(|| model.design.rows.iter().find(|r| is(r)).map(|r| of[*r]))
                .ok_or_else(|| StataError::new(198, format!("base({wanted}) not found")))?
        }
        None => {
            let mut times = vec![0; labels.len()];
            chosen.iter().for_each(|r| times[of[*r]] += 1);
            let most = times.iter().max().copied().unwrap_or(0);
            times.iter().position(|n| *n == most).unwrap_or(0)
        }
    };
    let built = Design::build(&s.frame, separate, &model.touse)?;
    for a in (0..labels.len()).filter(|a| *a != base) {
        out.extend(built.active().into_iter().map(|i| Regressor::Case(Some(built.terms[i].name()), a)));
        out.extend(level.constants.then_some(Regressor::Case(None, a)));
    }
    Ok(out)
}
