//! `fp generate`: the variables of a fractional polynomial with stated powers ([R] fp).

use super::fp::scaled_in;
use super::fp_search::{choices, terms};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("SCAle"),
    OptSpec::text("CENTer"),
    OptSpec::flag("ZERO"),
    OptSpec::flag("CLASSic"),
    OptSpec::flag("REPLACE"),
];

/// Reads `[type] [newvar =] varname^(numlist) [if] [in] [, options]` and adds `newvar_1`, `newvar_2` ...; without `newvar` their names
/// begin with that of the variable. Rows outside of the sample are missing.
pub(super) fn run(s: &mut Session, text: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("fp generate", text, false)?;
    cmd.check_options(OPTIONS, &["CATZero"])?;
    if cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let list = cmd.list.trim().to_string();
    let (left, right) = match list.split_once('=') {
        Some((left, right)) => (left.trim(), right.trim()),
        None => ("", list.as_str()),
    };
    let wrong = || StataError::invalid("fp generate: varname^(numlist) expected");
    let (base, powers) = right.split_once('^').ok_or_else(wrong)?;
    let (prefix, base) = base.trim().rsplit_once(char::is_whitespace).unwrap_or(("", base.trim()));
    let powers = powers.trim().strip_prefix('(').and_then(|p| p.strip_suffix(')')).unwrap_or(powers);
    let powers = choices(Some(powers))?;
    let variable = s.frame.var(s.numeric_variable(base)?).name.clone();
    let mut words: Vec<&str> = left.split_whitespace().chain(prefix.split_whitespace()).collect();
    let kind = words.first().and_then(|w| StorageType::parse(w)).filter(|t| !t.is_string());
    if kind.is_some() {
        words.remove(0);
    }
    let stub = match words.as_slice() {
        [] => variable.clone(),
        [name] if !left.is_empty() => (*name).to_string(),
        _ => return Err(StataError::syntax()),
    };
    let position = s.frame.position(&variable)?;
    let mut touse = s.rows(&cmd)?;
    s.markout(&[position], &mut touse, false)?;
    if !touse.contains(&true) {
        return Err(StataError::no_observations());
    }
    let names: Vec<String> = (1..=powers.len()).map(|i| format!("{stub}_{i}")).collect();
    for name in &names {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if s.frame.find(name).is_some() && !cmd.has("replace") {
            return Err(StataError::already_defined(name));
        }
    }
    let scaled = scaled_in(s, &variable, touse, &cmd)?;
    let columns = terms(&scaled, &powers, false);
    let old: Vec<usize> = names.iter().filter_map(|name| s.frame.find(name)).collect();
    s.frame.drop_vars(&old);
    let kind = kind.unwrap_or(s.settings.default_type);
    for (name, values) in names.iter().zip(columns) {
        s.frame.add(Variable::new(name, Column::from_f64(kind, &values)))?;
    }
    Ok(())
}
