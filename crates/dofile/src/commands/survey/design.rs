//! The survey design of the data: kept as characteristics of the data set, as `svyset` declares it, and read
//! for the rows of an estimation.

use super::stages::{self, Stage};
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::frame::Frame;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::is_missing;
use estimators::survey::{SingleUnit, Units};

/// Declaration of `svyset`; texts are names of variables, empty if there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Declaration {
    /// `pweight` or `iweight`, empty without weights.
    pub weight_kind: String,
    /// The weight variable.
    pub weight: String,
    /// The sampling units; `_n` when every row is one.
    pub unit: String,
    /// The strata.
    pub strata: String,
    /// Sampled shares or numbers of units in the population.
    pub fpc: String,
    /// `missing`, `certainty`, `scaled` or `centered`.
    pub single: String,
    /// Further stages as they were written; they do not matter for the variance without a finite population.
    pub later: String,
    /// `brr`, `bootstrap` or `jackknife`, empty for linearisation.
    pub vce: String,
    /// Variables with the weights of balanced replicates.
    pub brr: String,
    /// Variables with the weights of jackknife replicates.
    pub jackknife: String,
    /// The factor of their squares.
    pub multiplier: String,
    /// Fay's adjustment.
    pub fay: String,
    /// `mse` for deviations from the estimates of the full sample.
    pub mse: String,
    /// Variables with bootstrap weights.
    pub bootstrap: String,
    /// Bootstrap samples whose mean each of them is.
    pub bsn: String,
    /// Groups whose sizes in the population are known.
    pub poststrata: String,
    /// Those sizes.
    pub postweight: String,
}

const KEYS: [&str; 17] = [
    "_svy_wtype",
    "_svy_wvar",
    "_svy_su1",
    "_svy_strata1",
    "_svy_fpc1",
    "_svy_singleunit",
    "_svy_later",
    "_svy_vce",
    "_svy_brrweight",
    "_svy_jkrweight",
    "_svy_jkrmultiplier",
    "_svy_fay",
    "_svy_mse",
    "_svy_bsrweight",
    "_svy_bsn",
    "_svy_poststrata",
    "_svy_postweight",
];

impl Declaration {
    fn fields(&mut self) -> [&mut String; 17] {
        [
            &mut self.weight_kind,
            &mut self.weight,
            &mut self.unit,
            &mut self.strata,
            &mut self.fpc,
            &mut self.single,
            &mut self.later,
            &mut self.vce,
            &mut self.brr,
            &mut self.jackknife,
            &mut self.multiplier,
            &mut self.fay,
            &mut self.mse,
            &mut self.bootstrap,
            &mut self.bsn,
            &mut self.poststrata,
            &mut self.postweight,
        ]
    }

    /// The declaration of a data set; r(119) when there is none.
    pub(super) fn of(frame: &Frame) -> Result<Self> {
        let mut out = Self::default();
        for (key, field) in KEYS.iter().zip(out.fields()) {
            field.push_str(frame.char("_dta", key));
        }
        if out.unit.is_empty() {
            return Err(StataError::new(119, "data not set up for svy, use svyset"));
        }
        Ok(out)
    }

    /// Stores the declaration; an empty one clears it.
    pub(super) fn declare(mut self, frame: &mut Frame) {
        for (key, field) in KEYS.iter().zip(self.fields()) {
            let key = ("_dta".to_string(), (*key).to_string());
            if field.is_empty() {
                frame.chars.remove(&key);
            } else {
                frame.chars.insert(key, std::mem::take(field));
            }
        }
    }

    /// How strata with one unit are treated.
    pub(super) fn single_unit(&self) -> SingleUnit {
        match self.single.as_str() {
            "certainty" => SingleUnit::Certainty,
            "scaled" => SingleUnit::Scaled,
            "centered" => SingleUnit::Centered,
            _ => SingleUnit::Missing,
        }
    }
}

/// The design in the rows of an estimation.
#[derive(Clone)]
pub(super) struct SurveyRows {
    /// The declaration.
    pub declared: Declaration,
    /// Rows of the data that count for the variance.
    pub rows: Vec<usize>,
    /// Whether each of them is in the subpopulation.
    pub inside: Vec<bool>,
    /// Whether a subpopulation was named.
    pub subpop: bool,
    /// Weights of the rows.
    pub weights: Vec<f64>,
    /// Units in strata.
    pub units: Units,
    /// Units of the stages after the first that count for the variance.
    pub later: Vec<Units>,
    /// Strata left out because they have no member of the subpopulation.
    pub empty_strata: usize,
    /// Degrees of freedom that were requested instead of units minus strata.
    pub dof: Option<f64>,
    /// Poststratum of each row; the weights sum to the sizes of the poststrata.
    pub poststratum: Option<Vec<u32>>,
}

impl SurveyRows {
    /// Degrees of freedom of the design.
    pub(super) fn df(&self) -> f64 {
        self.dof.unwrap_or(self.units.units() as f64 - self.units.strata() as f64)
    }

    /// The estimation sample among `n` rows of the data.
    pub(super) fn sample(&self, n: usize) -> Vec<bool> {
        let mut out = vec![false; n];
        self.rows.iter().for_each(|row| out[*row] = true);
        out
    }

    /// Number of rows in the subpopulation and the sums of weights: all, subpopulation.
    pub(super) fn sizes(&self) -> (f64, f64, f64) {
        let inside = self.inside.iter().filter(|i| **i).count() as f64;
        let all = self.weights.iter().sum();
        let sub = self.weights.iter().zip(&self.inside).filter(|(_, i)| **i).map(|(w, _)| w).sum();
        (inside, all, sub)
    }
}

/// Rows of the data before the estimation: those of the design, those of the subpopulation, weights.
#[derive(Clone)]
pub(super) struct Open {
    declared: Declaration,
    /// Rows with a complete design.
    pub touse: Vec<bool>,
    /// Rows of the subpopulation.
    pub inside: Vec<bool>,
    /// Weights of all rows.
    pub weights: Vec<f64>,
    subpop: bool,
}

/// Reads the design for the `if` and `in` of a command and the text of `subpop()`.
pub(super) fn open(s: &Session, cmd: &ParsedCommand, subpop: Option<&str>) -> Result<Open> {
    let declared = Declaration::of(&s.frame)?;
    let mut touse = s.rows(cmd)?;
    let mut weights = vec![1.0; touse.len()];
    if !declared.weight.is_empty() {
        let v = s.numeric_variable(&declared.weight)?;
        for (i, t) in touse.iter_mut().enumerate() {
            let w = s.frame.num_at(v, i);
            if *t && w < 0.0 {
                return Err(StataError::standard(402));
            }
            *t = *t && !is_missing(w) && w != 0.0;
            weights[i] = w;
        }
    }
    let first = [&declared.unit, &declared.strata, &declared.fpc, &declared.poststrata, &declared.postweight];
    let stages = stages::counted(s, &declared)?;
    for name in first.into_iter().chain(stages.iter().flat_map(Stage::names)) {
        if !name.is_empty() && name != "_n" {
            s.markout(&[s.variable(name)?], &mut touse, true)?;
        }
    }
    let mut inside = touse.clone();
    if let Some(text) = subpop {
        let member = s.subpopulation(text)?;
        inside.iter_mut().zip(member).for_each(|(i, m)| *i = *i && m);
    }
    if !inside.iter().any(|i| *i) {
        let text = if subpop.is_some() && touse.iter().any(|t| *t) {
            StataError::new(461, "no observations in subpop() subpopulation")
        } else {
            StataError::no_observations()
        };
        return Err(text);
    }
    Ok(Open { declared, touse, inside, weights, subpop: subpop.is_some() })
}

impl Open {
    /// Whether weights follow the sizes of poststrata.
    pub(super) fn has_poststrata(&self) -> bool {
        !self.declared.poststrata.is_empty()
    }

    /// The same rows with other weights.
    pub(super) fn with_weights(self, weights: Vec<f64>) -> Self {
        Self { weights, ..self }
    }

    /// Closes the sample: rows of the subpopulation that the estimation did not use leave it, and so do strata
    /// without a member of the subpopulation.
    pub(super) fn close(self, s: &Session, used: &[bool], dof: Option<f64>) -> Result<SurveyRows> {
        let mut rows: Vec<usize> =
            (0..self.touse.len()).filter(|&i| self.touse[i] && (!self.inside[i] || used[i])).collect();
        let strata_of = |rows: &[usize]| -> Result<(Vec<u32>, usize)> {
            match self.declared.strata.as_str() {
                "" => Ok((vec![0; rows.len()], 1)),
                name => Ok(number_groups(&s.frame, s.variable(name)?, rows)),
            }
        };
        let (strata, count) = strata_of(&rows)?;
        let mut present = vec![false; count];
        for (row, h) in rows.iter().zip(&strata) {
            present[*h as usize] |= self.inside[*row] && used[*row];
        }
        let empty_strata = present.iter().filter(|p| !**p).count();
        let mut at = 0;
        rows.retain(|_| {
            at += 1;
            present[strata[at - 1] as usize]
        });
        if rows.is_empty() {
            return Err(StataError::no_observations());
        }
        let (strata, _) = strata_of(&rows)?;
        let units = match self.declared.unit.as_str() {
            "_n" => (0..rows.len() as u32).collect(),
            name => number_groups(&s.frame, s.variable(name)?, &rows).0,
        };
        let (rate, population) = stages::finite(s, &self.declared.fpc, &rows, &strata)?;
        let units = stages::checked(Units::new(&strata, &units, &rate, population))?;
        let later = stages::units(s, &stages::counted(s, &self.declared)?, &units, &rows)?;
        let mut weights: Vec<f64> = rows.iter().map(|r| self.weights[*r]).collect();
        let poststratum = poststratify(s, &self.declared, &rows, &mut weights)?;
        Ok(SurveyRows {
            inside: rows.iter().map(|r| self.inside[*r]).collect(),
            weights,
            poststratum,
            rows,
            subpop: self.subpop,
            units,
            later,
            empty_strata,
            dof,
            declared: self.declared,
        })
    }
}

/// Scales weights to the sizes of the poststrata and numbers these ([SVY] Poststratification); nothing without any.
fn poststratify(
    s: &Session,
    d: &Declaration,
    rows: &[usize],
    weights: &mut [f64],
) -> Result<Option<Vec<u32>>> {
    if d.poststrata.is_empty() {
        return Ok(None);
    }
    let (group, count) = number_groups(&s.frame, s.variable(&d.poststrata)?, rows);
    let size = s.numeric_variable(&d.postweight)?;
    let mut sums = vec![0.0; count];
    let mut sizes: Vec<Option<f64>> = vec![None; count];
    for ((row, g), w) in rows.iter().zip(&group).zip(weights.iter()) {
        let value = s.frame.num_at(size, *row);
        if value < 0.0 || *sizes[*g as usize].get_or_insert(value) != value {
            return Err(StataError::new(
                459,
                "postweight() must be constant within poststrata and not negative",
            ));
        }
        sums[*g as usize] += w;
    }
    for (w, g) in weights.iter_mut().zip(&group) {
        *w *= sizes[*g as usize].unwrap_or(0.0) / sums[*g as usize];
    }
    Ok(Some(group))
}
