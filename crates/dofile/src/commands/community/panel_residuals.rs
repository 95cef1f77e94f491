//! Residuals of the last panel regression by unit and period, for the tests `xttest2`, `xttest3` and `xtcsd`.

use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::tsset::Panel;
use crate::value::is_missing;
use estimators::cross_section::ByPeriod;

/// Name of the variable while residuals are computed.
const VARIABLE: &str = "__panel_residual";

/// Residuals of the estimation sample.
pub(super) struct PanelResiduals {
    /// Values of each unit, in the order of the data.
    pub(super) groups: Vec<Vec<f64>>,
    /// Row of the data of each value.
    rows: Vec<Vec<usize>>,
    /// The panel variable.
    unit: usize,
}

impl PanelResiduals {
    /// Residuals of the model in memory; `what` names the models that the caller takes.
    pub(super) fn read(s: &mut Session, what: &str, accepted: &dyn Fn(&str, &str) -> bool) -> Result<Self> {
        let text = |s: &Session, name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
        let (command, model) = (s.e.cmd().to_string(), text(s, "model"));
        if !accepted(&command, &model) {
            return Err(StataError::new(301, format!("last estimates not {what}")));
        }
        let unit = match text(s, "ivar") {
            name if name.is_empty() => Panel::of(&s.frame)?.unit()?,
            name => s.frame.position(&name)?,
        };
        let sample = s.required_estimation_sample()?.to_vec();
        if s.frame.position(VARIABLE).is_ok() {
            return Err(StataError::new(110, format!("variable {VARIABLE} already defined")));
        }
        // The effects of units are no part of the residuals of xtreg.
        let made = match command.as_str() {
            "xtreg" => quietly(s, &format!("predict double {VARIABLE} if e(sample), e")),
            _ => quietly(s, &format!("predict double {VARIABLE} if e(sample), xb")).and_then(|()| {
                quietly(s, &format!("replace {VARIABLE} = {} - {VARIABLE}", text(s, "depvar")))
            }),
        };
        let values = s.frame.position(VARIABLE).ok().map(|v| (v, s.frame.numeric(v).map(|c| c.to_vec())));
        if let Some((v, _)) = &values {
            s.frame.drop_vars(&[*v]);
        }
        made?;
        let values = values.ok_or_else(|| StataError::no_variable(VARIABLE))?.1?;
        let rows: Vec<usize> = (0..sample.len()).filter(|r| sample[*r] && !is_missing(values[*r])).collect();
        let (of_row, count) = number_groups(&s.frame, unit, &rows);
        let mut out = Self { groups: vec![Vec::new(); count], rows: vec![Vec::new(); count], unit };
        for (row, group) in rows.iter().zip(&of_row) {
            out.groups[*group as usize].push(values[*row]);
            out.rows[*group as usize].push(*row);
        }
        Ok(out)
    }

    /// The residuals in a table of units by periods; two units and two periods are needed.
    pub(super) fn by_period(&self, s: &Session) -> Result<ByPeriod> {
        let time = Panel::of(&s.frame)?.series()?;
        let mut times: Vec<f64> = self.rows.iter().flatten().map(|r| s.frame.num_at(time, *r)).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        if self.groups.len() < 2 || times.len() < 2 {
            return Err(StataError::insufficient_observations());
        }
        let mut units = vec![vec![None; times.len()]; self.groups.len()];
        for ((unit, rows), values) in units.iter_mut().zip(&self.rows).zip(&self.groups) {
            for (row, value) in rows.iter().zip(values) {
                let t = s.frame.num_at(time, *row);
                unit[times.partition_point(|x| *x < t)] = Some(*value);
            }
        }
        Ok(ByPeriod { units })
    }

    /// Values of the panel variable, as names.
    pub(super) fn names(&self, s: &Session) -> Vec<String> {
        let name = |rows: &Vec<usize>| crate::ops::groups::level_name(s, self.unit, rows[0]);
        self.rows.iter().map(name).collect()
    }
}
