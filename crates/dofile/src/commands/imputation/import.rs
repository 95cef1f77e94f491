//! `mi import flong`: data that hold the imputations of another program as rows ([MI] mi import flong).

use super::data::{Settings, Style, put_together};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("m"),
    OptSpec::text("id"),
    OptSpec::text("IMPuted"),
    OptSpec::text("PASsive"),
    OptSpec::flag("clear"),
];

pub(super) fn run(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("mi import", rest, false)?;
    if cmd.list != "flong" {
        return Err(StataError::unsupported_command(&format!("mi import {}", cmd.list)));
    }
    cmd.check_options(OPTIONS, &[])?;
    let text = |name: &str| cmd.options.text(name).unwrap_or("");
    for needed in ["m", "id"] {
        if text(needed).is_empty() {
            return Err(StataError::invalid(format!("option {needed}() required")));
        }
    }
    let m_at = s.numeric_variable(text("m"))?;
    let id = s.varlist(text("id"))?;
    let names = |s: &Session, list: &str| -> Result<Vec<String>> {
        Ok(s.varlist(list)?.into_iter().map(|v| s.frame.var(v).name.clone()).collect())
    };
    let (imputed, passive) = (names(s, text("imputed"))?, names(s, text("passive"))?);
    let keys: Vec<(usize, bool)> = id.iter().map(|v| (*v, false)).collect();
    let order = s.frame.sorted_order(&keys);
    let largest = order.iter().map(|r| s.frame.num_at(m_at, *r)).fold(0.0, f64::max);
    if order.iter().any(|r| {
        let m = s.frame.num_at(m_at, *r);
        m < 0.0 || m.fract() != 0.0 || m > 10_000.0
    }) {
        return Err(StataError::new(459, "m() must hold 0, 1, 2, ..."));
    }
    let mut all = Vec::new();
    for m in 0..=largest as usize {
        let rows: Vec<usize> =
            order.iter().copied().filter(|r| s.frame.num_at(m_at, *r) == m as f64).collect();
        let mut one = s.frame.clone();
        one.take_rows(&rows);
        one.drop_vars(&[m_at]);
        all.push(one);
    }
    let id: Vec<String> = id.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let at: Vec<usize> = id.iter().filter_map(|v| all[0].find(v)).collect();
    let same = |one: &crate::frame::Frame| {
        one.n_rows() == all[0].n_rows()
            && (0..one.n_rows()).all(|r| {
                at.iter().all(|v| match one.var(*v).is_string() {
                    true => one.str_at(*v, r) == all[0].str_at(*v, r),
                    false => one.num_at(*v, r) == all[0].num_at(*v, r),
                })
            })
    };
    if all[0].n_rows() == 0 || !all.iter().all(same) {
        return Err(StataError::new(459, "the imputations do not have the same observations by id()"));
    }
    let regular = Vec::new();
    let settings = Settings { style: Style::Flong, m: all.len() - 1, imputed, passive, regular };
    s.frame = put_together(&settings, &all)?;
    Ok(())
}
