//! `spmatrix create` and `spmatrix fromdata`: matrices from coordinates and from variables ([SP] spmatrix create,
//! spmatrix fromdata).

use super::state::{Metric, Weighting, ids, keep, new_name, points, room, scaling};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::matrix::Mat;

const CREATE: &[OptSpec] =
    &[OptSpec::real("VTRUNCate"), OptSpec::text("NORMalize"), OptSpec::flag("replace")];

const FROM_DATA: &[OptSpec] =
    &[OptSpec::flag("IDISTance"), OptSpec::text("NORMalize"), OptSpec::flag("replace")];

/// Rows that `if` and `in` select; r(2000) for none, refused for too many.
pub(super) fn selected(s: &Session, cmd: &ParsedCommand) -> Result<Vec<usize>> {
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    room(rows.len())?;
    Ok(rows)
}

/// `spmatrix create`.
pub(super) fn create(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("spmatrix create", rest, false)?;
    let list = cmd.list.clone();
    let words: Vec<&str> = list.split_whitespace().collect();
    let [kind, name] = words[..] else { return Err(StataError::syntax()) };
    if kind.len() >= 4 && "contiguity".starts_with(kind) {
        return Err(StataError::new(
            199,
            "spmatrix create contiguity is not supported by the open engine, which reads no shapefiles; make an inverse-distance matrix, or import one",
        ));
    }
    if kind.len() < 5 || !"idistance".starts_with(kind) {
        return Err(StataError::syntax());
    }
    cmd.check_options(CREATE, &[])?;
    let how = scaling(cmd.options.text("normalize"))?;
    new_name(s, name, cmd.has("replace"))?;
    let rows = selected(s, &cmd)?;
    let (ids, points) = (ids(s, &rows)?, points(s, &rows)?);
    let (metric, least) = (Metric::declared(s), cmd.options.real("vtruncate").unwrap_or(0.0));
    let n = rows.len();
    let mut w = Mat::zeros(n, n);
    for i in 0..n {
        for j in 0..i {
            let distance = metric.distance(points[i], points[j]);
            if distance == 0.0 {
                let message = format!("_ID = {} and _ID = {} have the same coordinates", ids[j], ids[i]);
                return Err(StataError::new(459, message));
            }
            let weight = if 1.0 / distance <= least { 0.0 } else { 1.0 / distance };
            w[(i, j)] = weight;
            w[(j, i)] = weight;
        }
    }
    keep(s, name, Weighting { ids, w, kind: "idistance", scaling: how, note: String::new() })
}

/// `spmatrix fromdata`.
pub(super) fn fromdata(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("spmatrix fromdata", rest, true)?;
    cmd.check_options(FROM_DATA, &[])?;
    let how = scaling(cmd.options.text("normalize"))?;
    let name = cmd.list.trim().to_string();
    new_name(s, &name, cmd.has("replace"))?;
    let variables = s.varlist(cmd.exp.as_deref().ok_or_else(StataError::syntax)?)?;
    let rows = selected(s, &cmd)?;
    let ids = ids(s, &rows)?;
    if variables.len() != rows.len() {
        return Err(StataError::new(
            503,
            format!(
                "{} variables for {} observations: a weighting matrix is square",
                variables.len(),
                rows.len()
            ),
        ));
    }
    let mut w = Mat::zeros(rows.len(), rows.len());
    for (j, v) in variables.iter().enumerate() {
        let column = s.frame.numeric(*v)?;
        for (i, r) in rows.iter().enumerate() {
            w[(i, j)] = column[*r];
        }
    }
    if cmd.has("idistance") {
        inverted(&mut w)?;
    }
    checked(&w)?;
    keep(s, &name, Weighting { ids, w, kind: "custom", scaling: how, note: String::new() })
}

/// Turns distances into weights.
fn inverted(w: &mut Mat) -> Result<()> {
    let n = w.rows();
    for i in 0..n {
        for j in (0..n).filter(|j| *j != i) {
            if w[(i, j)] <= 0.0 {
                return Err(StataError::new(459, "distances between units must be greater than zero"));
            }
            w[(i, j)] = if is_missing(w[(i, j)]) { w[(i, j)] } else { 1.0 / w[(i, j)] };
        }
        w[(i, i)] = 0.0;
    }
    Ok(())
}

/// Refuses missing values (r(504)) and weights of units for themselves (r(459)).
pub(super) fn checked(w: &Mat) -> Result<()> {
    if w.data().iter().any(|x| is_missing(*x) || !x.is_finite()) {
        return Err(StataError::standard(504));
    }
    if w.diagonal().iter().any(|x| *x != 0.0) {
        return Err(StataError::new(459, "diagonal elements of a weighting matrix must be zero"));
    }
    Ok(())
}
