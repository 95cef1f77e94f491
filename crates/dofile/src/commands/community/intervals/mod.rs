//! Statistics over intervals and windows of a key variable: `rangestat`, `asreg`, `asrol` and `astile`; pairs of rows
//! within intervals: `rangejoin`.

mod asreg;
mod asrol;
mod astile;
mod bound;
mod rangejoin;
mod rangestat;
mod window;

pub(super) use asreg::SPEC as ASREG;
pub(super) use asrol::SPEC as ASROL;
pub(super) use astile::SPEC as ASTILE;
pub(super) use rangejoin::SPEC as RANGEJOIN;
pub(super) use rangestat::SPEC as RANGESTAT;

use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::session::Session;
use estimators::ols::{OlsFit, Request, fit};

/// A regression in one window. `None` where it has fewer than `least` rows, or a regressor that is collinear there.
fn regression(y: &[f64], columns: &[Vec<f64>], constant: bool, least: usize, robust: bool) -> Option<OlsFit> {
    if y.len() < least {
        return None;
    }
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let mut request = Request { constant, ..Request::new(y, &columns) };
    if robust {
        request.vce = estimators::vce::Vce::Robust;
    }
    fit(&request).ok().filter(|f| f.basis.kept.len() == columns.len())
}

/// Refuses a name that is no name or that a variable has.
fn free_name(s: &Session, name: &str) -> Result<()> {
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    match s.frame.find(name) {
        Some(_) => Err(StataError::already_defined(name)),
        None => Ok(()),
    }
}

/// Adds a variable of type double.
fn add(s: &mut Session, name: &str, label: &str, values: &[f64]) -> Result<()> {
    let mut variable = Variable::new(name, Column::from_f64(StorageType::Double, values));
    variable.label = label.to_string();
    s.frame.add(variable).map(|_| ())
}
