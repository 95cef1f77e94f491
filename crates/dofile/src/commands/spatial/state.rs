//! Weighting matrices in memory, and the declaration of spatial data in the characteristics of the data.

use crate::error::{Result, StataError};
use crate::frame::is_valid_name;
use crate::session::{Extension, Session};
use crate::value::is_missing;
use estimators::matrix::Mat;
use estimators::spatial::weights::{EARTH, Scaling, great_circle, planar};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Most units of a weighting matrix. Matrices are dense: the time of an estimation grows with the third power.
pub(super) const MOST_UNITS: usize = 3000;

/// A weighting matrix.
#[derive(Debug, Clone)]
pub(super) struct Weighting {
    /// Values of the variable that identifies the units, row by row.
    pub ids: Vec<f64>,
    /// The weights.
    pub w: Mat,
    /// `idistance` or `custom`.
    pub kind: &'static str,
    /// How it is scaled.
    pub scaling: Scaling,
    /// The note that the user attached.
    pub note: String,
}

/// The matrices of a session by name.
#[derive(Debug, Default)]
pub(super) struct Matrices(pub BTreeMap<String, Arc<Weighting>>);

impl Extension for Matrices {}

/// The name of a scaling in options and output.
pub(super) fn scaling_name(scaling: Scaling) -> &'static str {
    match scaling {
        Scaling::Spectral => "spectral",
        Scaling::MinMax => "minmax",
        Scaling::Row => "row",
        Scaling::None => "none",
    }
}

/// Reads `normalize()`; spectral without it.
pub(super) fn scaling(text: Option<&str>) -> Result<Scaling> {
    match text.unwrap_or("spectral").trim() {
        t if t.len() >= 4 && "spectral".starts_with(t) => Ok(Scaling::Spectral),
        "minmax" => Ok(Scaling::MinMax),
        "row" => Ok(Scaling::Row),
        "none" => Ok(Scaling::None),
        other => Err(StataError::invalid(format!("normalize(): invalid normalization method {other}"))),
    }
}

/// The matrix of a name; r(111) where there is none.
pub(super) fn find(s: &mut Session, name: &str) -> Result<Arc<Weighting>> {
    let found = s.extensions.state::<Matrices>().0.get(name.trim()).cloned();
    found.ok_or_else(|| StataError::new(111, format!("weighting matrix {} not found", name.trim())))
}

/// Refuses a name that is none or taken (r(198), r(110)).
pub(super) fn new_name(s: &mut Session, name: &str, replace: bool) -> Result<()> {
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    if !replace && s.extensions.state::<Matrices>().0.contains_key(name) {
        return Err(StataError::new(110, format!("weighting matrix {name} already exists")));
    }
    Ok(())
}

/// Scales a matrix and keeps it under a name.
pub(super) fn keep(s: &mut Session, name: &str, mut made: Weighting) -> Result<()> {
    let scaled = estimators::spatial::weights::scaled(made.w, made.scaling);
    made.w = scaled.ok_or_else(|| {
        StataError::new(459, "weighting matrix cannot be normalized: no unit has a neighbor")
    })?;
    s.extensions.state::<Matrices>().0.insert(name.to_string(), Arc::new(made));
    Ok(())
}

/// Refuses more units than dense matrices allow.
pub(super) fn room(units: usize) -> Result<()> {
    if units <= MOST_UNITS {
        return Ok(());
    }
    Err(StataError::new(
        198,
        format!(
            "{units} units: the open engine has dense weighting matrices of at most {MOST_UNITS} units; use fewer units (if, in, or larger areas)"
        ),
    ))
}

/// A characteristic of the declaration.
pub(super) fn setting<'a>(s: &'a Session, key: &str) -> &'a str {
    s.frame.char("_dta", &format!("sp__{key}"))
}

/// Sets a characteristic of the declaration; an empty text removes it.
pub(super) fn set(s: &mut Session, key: &str, value: &str) {
    let key = ("_dta".to_string(), format!("sp__{key}"));
    if value.is_empty() {
        s.frame.chars.remove(&key);
    } else {
        s.frame.chars.insert(key, value.to_string());
    }
}

/// Position of `_ID`; r(459) when the data are not declared.
pub(super) fn id_variable(s: &Session) -> Result<usize> {
    if setting(s, "ver").is_empty() {
        return Err(StataError::new(459, "data not spset"));
    }
    s.numeric_variable("_ID")
}

/// Values of `_ID` in some rows; r(459) when one is missing or occurs twice.
pub(super) fn ids(s: &Session, rows: &[usize]) -> Result<Vec<f64>> {
    let v = id_variable(s)?;
    let ids: Vec<f64> = rows.iter().map(|r| s.frame.num_at(v, *r)).collect();
    let mut sorted = ids.clone();
    sorted.sort_by(f64::total_cmp);
    if sorted.windows(2).any(|p| p[0] == p[1]) || ids.iter().any(|x| is_missing(*x)) {
        return Err(StataError::new(459, "_ID does not uniquely identify the observations"));
    }
    Ok(ids)
}

/// How distances are computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metric {
    radius: Option<f64>,
}

impl Metric {
    /// The metric of the declared coordinates.
    pub(super) fn declared(s: &Session) -> Self {
        let radius = match (setting(s, "coord_sys"), setting(s, "coord_sys_dunit")) {
            ("latlong", "miles") => Some(EARTH.1),
            ("latlong", _) => Some(EARTH.0),
            _ => None,
        };
        Self { radius }
    }

    /// The distance of two points (x, y), or (longitude, latitude).
    pub(super) fn distance(self, a: (f64, f64), b: (f64, f64)) -> f64 {
        self.radius.map_or_else(|| planar(a, b), |radius| great_circle(a, b, radius))
    }
}

/// Coordinates of some rows; r(459) without declared coordinates, r(416) with missing ones.
pub(super) fn points(s: &Session, rows: &[usize]) -> Result<Vec<(f64, f64)>> {
    id_variable(s)?;
    if setting(s, "cx").is_empty() {
        return Err(StataError::new(459, "coordinates not set; use spset, modify coord()"));
    }
    let (x, y) = (s.numeric_variable("_CX")?, s.numeric_variable("_CY")?);
    let at = |r: &usize| (s.frame.num_at(x, *r), s.frame.num_at(y, *r));
    let points: Vec<(f64, f64)> = rows.iter().map(at).collect();
    if points.iter().any(|p| is_missing(p.0) || is_missing(p.1)) {
        return Err(StataError::new(416, "missing values encountered in _CX or _CY"));
    }
    Ok(points)
}

impl Weighting {
    /// The part of the matrix for these units, in their order; r(459) for a unit that it does not have.
    pub(super) fn part(&self, name: &str, ids: &[f64]) -> Result<Mat> {
        if self.ids == ids {
            return Ok(self.w.clone());
        }
        let place: HashMap<u64, usize> =
            self.ids.iter().enumerate().map(|(i, x)| ((x + 0.0).to_bits(), i)).collect();
        let rows: Option<Vec<usize>> = ids.iter().map(|x| place.get(&(x + 0.0).to_bits()).copied()).collect();
        let rows = rows.ok_or_else(|| {
            StataError::new(
                459,
                format!("weighting matrix {name} does not have all observations of the sample"),
            )
        })?;
        Ok(self.w.select(&rows, &rows))
    }
}
