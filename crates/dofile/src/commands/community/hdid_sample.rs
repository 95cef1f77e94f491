//! The sample of `hdidregress` and `xthdidregress`, and the effect of a cohort at a time in it.

use super::csdid::Cell;
use super::csdid_sections::Rows;
use super::hdidregress::Request;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::model::{Model, Reading, VceSpec, first_word, number_groups};
use crate::session::Session;
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::did::{Effect, Method, TwoPeriods};
use std::collections::BTreeMap;

/// How covariates are used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Estimator {
    /// Regression adjustment.
    Regression,
    /// Inverse-probability weights that sum to one.
    Weighting,
    /// Augmented inverse-probability weights.
    Augmented,
}

impl Estimator {
    /// Its name in the line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Regression => "ra",
            Self::Weighting => "ipw",
            Self::Augmented => "aipw",
        }
    }
}

/// Outcome and covariates, with a constant, of the two models at one time.
struct Point {
    y: f64,
    of_outcome: Vec<f64>,
    of_treatment: Vec<f64>,
}

/// The data of an estimation.
pub(super) struct Sample {
    /// Marks the rows.
    pub touse: Vec<bool>,
    /// Number of rows.
    pub rows: usize,
    /// Number of panels.
    pub panels: Option<usize>,
    /// First treated time, 0 for never, of each panel or row.
    pub group_of: Vec<i64>,
    /// Cluster of each panel or row.
    pub clusters: Vec<usize>,
    /// Time of each row of the sample.
    pub periods: Vec<i64>,
    /// Cohort of every row of the data, missing outside the sample.
    pub cohorts: Vec<f64>,
    /// Names of the variables.
    pub outcome: String,
    /// Name of the treatment.
    pub treatment: String,
    /// Name of the groups.
    pub group: String,
    /// Name of the time.
    pub time: String,
    /// Name of the clusters.
    pub cluster: String,
    /// Name of the panels.
    pub panel: Option<String>,
    /// Covariates of the outcome and of the treatment.
    pub covariates: (String, String),
    points: Vec<BTreeMap<i64, Point>>,
    sections: Option<Rows>,
}

/// Positions of the variables of a request.
struct Variables {
    unit: Option<usize>,
    time: usize,
    group: usize,
    treated: usize,
    cluster: usize,
}

fn variables(s: &Session, request: &Request, name: &str, panel: bool) -> Result<Variables> {
    let option = |option: &str| {
        let text = request.line.options.text(option).map(str::trim);
        text.map(|text| {
            if text.split_whitespace().count() > 1 {
                let what = format!("{option}() with several variables");
                return Err(StataError::unsupported_option(name, &what));
            }
            s.variable(text)
        })
        .transpose()
    };
    let missing = |option: &str| StataError::invalid(format!("option {option}() required"));
    let group = option("group")?.ok_or_else(|| missing("group"))?;
    let (unit, time) = if panel {
        if request.line.has("time") {
            return Err(StataError::option_not_allowed("time()"));
        }
        let (unit, time) = Panel::of(&s.frame)?.unit_and_time()?;
        (Some(unit), time)
    } else {
        (None, option("time")?.ok_or_else(|| missing("time"))?)
    };
    let cluster = match VceSpec::parse(name, &request.line.options, &[])? {
        VceSpec::Cluster(text) => s.variable(&text)?,
        VceSpec::Default => group,
        _ => return Err(StataError::unsupported_option(name, "vce() other than cluster")),
    };
    let treated = s.numeric_variable(first_word(&request.treatment).0)?;
    Ok(Variables { unit, time, group, treated, cluster })
}

/// Models of the outcome on all covariates, on those of the outcome and on those of the treatment, in one sample.
fn models(s: &mut Session, request: &Request, of: &Variables) -> Result<[Model; 3]> {
    let (outcome, of_outcome) = first_word(&request.outcome);
    let (_, of_treatment) = first_word(&request.treatment);
    let further: Vec<usize> =
        of.unit.into_iter().chain([of.group, of.time, of.treated, of.cluster]).collect();
    let read = |s: &Session, covariates: &str| {
        let list = format!("{outcome} {covariates}");
        let reading = Reading {
            list: &list,
            further: further.clone(),
            vce: Some(VceSpec::Default),
            weight_kinds: &[],
            ..Reading::new(&request.line)
        };
        reading.model(s)?.enough()
    };
    let all = read(s, &format!("{of_outcome} {of_treatment}"))?;
    let mut own = |covariates: &str| -> Result<Model> {
        let mut model = read(s, covariates)?;
        let rows = &model.design.rows;
        let dropped: Vec<usize> = (0..rows.len()).filter(|i| !all.touse[rows[*i]]).collect();
        model.drop_rows(s, &dropped)?;
        drop_collinear(s, &mut model);
        Ok(model)
    };
    let (first, second) = (own(of_outcome)?, own(of_treatment)?);
    Ok([all, first, second])
}

/// Whole values of a variable.
fn whole(s: &Session, v: usize, rows: &[usize]) -> Result<Vec<i64>> {
    let value = |r: &usize| s.frame.num_at(v, *r);
    if rows.iter().any(|r| value(r).fract() != 0.0) {
        return Err(StataError::new(459, "the time variable must hold whole numbers"));
    }
    Ok(rows.iter().map(|r| value(r) as i64).collect())
}

/// Reads the sample.
pub(super) fn collect(s: &mut Session, request: &Request, name: &str, panel: bool) -> Result<Sample> {
    let of_outcome = first_word(&request.outcome).1.to_string();
    let of_treatment = first_word(&request.treatment).1.to_string();
    check_lists(request, name, panel, (&of_outcome, &of_treatment))?;
    let of = variables(s, request, name, panel)?;
    let [all, first, second] = models(s, request, &of)?;
    let rows = all.design.rows.clone();
    let periods = whole(s, of.time, &rows)?;
    let cohort = cohorts(s, &rows, (of.group, of.treated), &periods)?;
    let numbers = number_groups(&s.frame, of.cluster, &rows).0;
    let mut of_data = vec![MISSING; s.frame.n_rows()];
    rows.iter().zip(&cohort).for_each(|(r, c)| of_data[*r] = *c as f64);
    let text = |v: usize| s.frame.var(v).name.clone();
    let mut sample = Sample {
        touse: all.touse.clone(),
        rows: rows.len(),
        panels: None,
        group_of: cohort.clone(),
        clusters: numbers.iter().map(|c| *c as usize).collect(),
        periods: periods.clone(),
        cohorts: of_data,
        outcome: all.depvar.clone(),
        treatment: text(of.treated),
        group: text(of.group),
        time: text(of.time),
        cluster: text(of.cluster),
        panel: of.unit.map(text),
        covariates: (of_outcome, of_treatment),
        points: Vec::new(),
        sections: None,
    };
    let Some(unit) = of.unit else {
        let columns = vec![vec![1.0; rows.len()]];
        sample.sections = Some(Rows { y: all.y, columns, periods, group_of: cohort });
        return Ok(sample);
    };
    let columns: Vec<Vec<Vec<f64>>> = [first, second]
        .iter()
        .map(|m| m.columns().iter().map(|c| c.to_vec()).chain([vec![1.0; rows.len()]]).collect())
        .collect();
    let (of_row, count) = number_groups(&s.frame, unit, &rows);
    sample.panels(&of_row, count, &all.y, &columns)?;
    Ok(sample)
}

/// Refuses covariates that an estimator does not use.
fn check_lists(request: &Request, name: &str, panel: bool, lists: (&str, &str)) -> Result<()> {
    let covariates = !lists.0.is_empty() || !lists.1.is_empty();
    if covariates && !panel {
        return Err(StataError::unsupported_option(name, "covariates in repeated cross sections; see csdid"));
    }
    let unused = match request.estimator {
        Estimator::Regression => lists.1,
        Estimator::Weighting => lists.0,
        Estimator::Augmented => "",
    };
    if unused.is_empty() {
        return Ok(());
    }
    let model = if request.estimator == Estimator::Regression { "treatment" } else { "outcome" };
    Err(StataError::invalid(format!(
        "covariates of the {model} not allowed with {}",
        request.estimator.word()
    )))
}

/// The first treated time of the group of each row, 0 for never; the treatment is 0 or 1 and does not end.
fn cohorts(
    s: &Session,
    rows: &[usize],
    (group, treated): (usize, usize),
    periods: &[i64],
) -> Result<Vec<i64>> {
    let (of_row, count) = number_groups(&s.frame, group, rows);
    let mut first: Vec<Option<i64>> = vec![None; count];
    let on = |i: usize| s.frame.num_at(treated, rows[i]);
    for i in 0..rows.len() {
        let own = &mut first[of_row[i] as usize];
        match on(i) {
            0.0 => {}
            1.0 => *own = Some(own.map_or(periods[i], |f| f.min(periods[i]))),
            _ => return Err(StataError::new(459, "treatment variable must be 0 or 1")),
        }
    }
    if first.iter().flatten().any(|f| *f <= 0) {
        return Err(StataError::unsupported_option(
            "hdidregress",
            "treatment that begins at a time of 0 or before",
        ));
    }
    for i in 0..rows.len() {
        let start = first[of_row[i] as usize];
        if (on(i) == 1.0) != start.is_some_and(|f| periods[i] >= f) {
            return Err(StataError::new(
                459,
                "treatment must be the same in a group at a time and stay on once it begins",
            ));
        }
    }
    Ok(of_row.iter().map(|g| first[*g as usize].unwrap_or(0)).collect())
}

impl Sample {
    /// Turns rows into panels.
    fn panels(&mut self, of_row: &[u32], count: usize, y: &[f64], columns: &[Vec<Vec<f64>>]) -> Result<()> {
        let mut points: Vec<BTreeMap<i64, Point>> = (0..count).map(|_| BTreeMap::new()).collect();
        let (mut cohort, mut cluster) = (vec![None; count], vec![None; count]);
        for (i, unit) in of_row.iter().map(|u| *u as usize).enumerate() {
            let row = |k: usize| columns[k].iter().map(|c| c[i]).collect::<Vec<f64>>();
            let point = Point { y: y[i], of_outcome: row(0), of_treatment: row(1) };
            if points[unit].insert(self.periods[i], point).is_some() {
                return Err(StataError::new(451, "repeated time values within panel"));
            }
            if *cohort[unit].get_or_insert(self.group_of[i]) != self.group_of[i] {
                return Err(StataError::new(459, "panels are not nested within groups"));
            }
            if *cluster[unit].get_or_insert(self.clusters[i]) != self.clusters[i] {
                return Err(StataError::new(498, "panels are not nested within clusters"));
            }
        }
        self.group_of = cohort.into_iter().flatten().collect();
        self.clusters = cluster.into_iter().flatten().collect();
        self.points = points;
        self.panels = Some(count);
        Ok(())
    }

    /// Cohorts with their numbers of rows, the never treated first.
    pub(super) fn cohort_counts(&self) -> BTreeMap<i64, usize> {
        let mut out = BTreeMap::new();
        for cohort in self.cohorts.iter().filter(|c| !crate::value::is_missing(**c)) {
            *out.entry(*cohort as i64).or_insert(0) += 1;
        }
        out
    }

    /// The effect of a cohort at a time; nothing where it is not identified.
    pub(super) fn effect(&self, cell: Cell, estimator: Estimator, not_yet: bool) -> Option<Effect> {
        if let Some(rows) = &self.sections {
            return rows.effect(cell, Method::Regression, not_yet);
        }
        let until = cell.period.max(cell.base);
        let control = |g: i64| g == 0 || (not_yet && g > until && g != cell.group);
        let (mut units, mut change, mut treated) = (Vec::new(), Vec::new(), Vec::new());
        let (mut of_outcome, mut of_treatment): (Vec<&[f64]>, Vec<&[f64]>) = (Vec::new(), Vec::new());
        for (unit, group) in self.group_of.iter().enumerate() {
            let own = &self.points[unit];
            let both = own.get(&cell.base).zip(own.get(&cell.period));
            let Some((from, to)) = both.filter(|_| *group == cell.group || control(*group)) else { continue };
            units.push(unit);
            change.push(to.y - from.y);
            treated.push(*group == cell.group);
            of_outcome.push(&from.of_outcome);
            of_treatment.push(&from.of_treatment);
        }
        if !treated.contains(&true) || !treated.contains(&false) {
            return None;
        }
        let turned = |rows: &[&[f64]]| -> Vec<Vec<f64>> {
            (0..rows[0].len()).map(|j| rows.iter().map(|r| r[j]).collect()).collect()
        };
        let (outcome, treatment) = (turned(&of_outcome), turned(&of_treatment));
        let model = TwoPeriods { change: &change, treated: &treated, columns: &outcome };
        let scores = TwoPeriods { change: &change, treated: &treated, columns: &treatment };
        let found = match estimator {
            Estimator::Regression => model.effect(Method::Regression),
            Estimator::Weighting => scores.effect(Method::Weighting),
            Estimator::Augmented => scores.doubly_robust(&model),
        }?;
        let mut influence = vec![0.0; self.group_of.len()];
        let scale = self.group_of.len() as f64 / units.len() as f64;
        units.iter().zip(&found.influence).for_each(|(unit, value)| influence[*unit] = scale * value);
        Some(Effect { value: found.value, influence })
    }
}
