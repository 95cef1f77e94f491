//! `spmatrix matafromsp`, `spfrommata` and `userdefined`: weighting matrices that Mata reads and makes ([SP] spmatrix
//! matafromsp, spmatrix spfrommata, spmatrix userdefined).

use super::spmatrix_make::{checked, selected};
use super::state::{Weighting, find, id_variable, ids, keep, new_name, room, scaling};
use crate::error::{Result, StataError};
use crate::mata::exchange::{self, Taken};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::matrix::Mat;

const OPTIONS: &[OptSpec] = &[OptSpec::text("NORMalize"), OptSpec::flag("replace")];

/// `spmatrix matafromsp W v = spmatname`.
pub(super) fn matafromsp(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("spmatrix matafromsp", rest, true)?;
    cmd.check_options(&[], &[])?;
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    let [matrix, vector] = words[..] else { return Err(StataError::syntax()) };
    let held = find(s, cmd.exp.as_deref().ok_or_else(StataError::syntax)?)?;
    let n = held.ids.len();
    exchange::put_real(s, matrix, n, n, held.w.data().to_vec())?;
    exchange::put_real(s, vector, n, 1, held.ids.clone())
}

/// The columns of a global matrix of real numbers.
fn numbers(s: &mut Session, name: &str) -> Result<Vec<Vec<f64>>> {
    let columns = exchange::take(s, name)?;
    columns
        .into_iter()
        .map(|c| match c {
            Taken::Numbers(x) => Ok(x),
            Taken::Texts(_) => Err(StataError::type_mismatch()),
        })
        .collect()
}

/// `spmatrix spfrommata spmatname = W v`.
pub(super) fn spfrommata(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("spmatrix spfrommata", rest, true)?;
    cmd.check_options(OPTIONS, &[])?;
    let how = scaling(cmd.options.text("normalize"))?;
    let name = cmd.list.trim().to_string();
    new_name(s, &name, cmd.has("replace"))?;
    let exp = cmd.exp.clone().unwrap_or_default();
    let words: Vec<&str> = exp.split_whitespace().collect();
    let [matrix, vector] = words[..] else { return Err(StataError::syntax()) };
    let columns = numbers(s, matrix)?;
    let ids: Vec<f64> = numbers(s, vector)?.concat();
    let n = columns.len();
    if columns.iter().any(|c| c.len() != n) || ids.len() != n || n == 0 {
        return Err(StataError::standard(503));
    }
    room(n)?;
    let w = Mat::from_fn(n, n, |i, j| columns[j][i]);
    checked(&w)?;
    keep(s, &name, Weighting { ids, w, kind: "custom", scaling: how, note: String::new() })
}

/// `spmatrix userdefined spmatname = f(varlist)`: `f` is a function of Mata that takes the rows of two units.
pub(super) fn userdefined(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("spmatrix userdefined", rest, true)?;
    cmd.check_options(OPTIONS, &[])?;
    let how = scaling(cmd.options.text("normalize"))?;
    let name = cmd.list.trim().to_string();
    new_name(s, &name, cmd.has("replace"))?;
    id_variable(s)?;
    let exp = cmd.exp.clone().unwrap_or_default();
    let call = exp.trim().strip_suffix(')').and_then(|t| t.split_once('('));
    let (function, list) = call.ok_or_else(StataError::syntax)?;
    let (function, list) = (function.trim(), list.trim());
    if !crate::frame::is_valid_name(function) {
        return Err(StataError::syntax());
    }
    let rows = selected(s, &cmd)?;
    let ids = ids(s, &rows)?;
    let sources: Vec<exchange::Source> =
        s.varlist(list)?.into_iter().map(exchange::Source::Variable).collect();
    exchange::put(s, "__sp_x", &sources, &rows, false)?;
    let n = rows.len();
    let made = quietly(s, &format!("mata: __sp_w = J({n}, {n}, 0)"))
        .and_then(|()| {
            let pairs = format!(
                "mata: for (__sp_i=1; __sp_i<={n}; __sp_i++) for (__sp_j=1; __sp_j<={n}; __sp_j++) if (__sp_i != __sp_j) __sp_w[__sp_i, __sp_j] = {function}(__sp_x[__sp_i, .], __sp_x[__sp_j, .])"
            );
            quietly(s, &pairs)
        })
        .and_then(|()| numbers(s, "__sp_w"));
    quietly(s, "capture mata: mata drop __sp_x __sp_w __sp_i __sp_j")?;
    let columns = made?;
    let w = Mat::from_fn(n, n, |i, j| columns[j][i]);
    checked(&w)?;
    keep(s, &name, Weighting { ids, w, kind: "custom", scaling: how, note: String::new() })
}
