//! Survivor functions of `stphplot, adjust()`: those of Cox regressions at the means of the regressors, or at zero.

use super::cox_post::CoxSample;
use super::sts::Curves;
use crate::error::Result;
use crate::frame::{Column, Variable};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::value::MISSING;
use std::collections::HashMap;

/// Name of the variable with the groups; no user's variable begins like this.
const GROUP: &str = "__stphplot_group";

/// What is adjusted for.
pub(super) struct Adjusted<'a> {
    /// The regressors.
    pub list: &'a str,
    /// Whether they are zero and not at their means.
    pub zero: bool,
    /// One regression with the groups as strata, not one for each group.
    pub stratified: bool,
}

impl Adjusted<'_> {
    /// Times and values of the survivor function of each group. The active estimates stay.
    pub(super) fn survivors(
        &self,
        s: &mut Session,
        parsed: &ParsedCommand,
        curves: &Curves,
    ) -> Result<Vec<Vec<(f64, f64)>>> {
        let mut numbers = vec![MISSING; s.frame.n_rows()];
        let rows = curves.records.rows.iter().zip(&curves.groups.of);
        rows.for_each(|(row, g)| numbers[*row] = *g as f64 + 1.0);
        s.frame.add(Variable::new(GROUP, Column::Double(numbers)))?;
        let held = s.hold_estimates();
        let found = self.fitted(s, parsed, curves);
        s.restore_estimates(held);
        let place: Vec<usize> = s.frame.find(GROUP).into_iter().collect();
        s.frame.drop_vars(&place);
        found
    }

    fn fitted(
        &self,
        s: &mut Session,
        parsed: &ParsedCommand,
        curves: &Curves,
    ) -> Result<Vec<Vec<(f64, f64)>>> {
        let count = curves.tables.len();
        let mut out = vec![Vec::new(); count];
        let condition = parsed.if_exp.as_ref().map_or(String::new(), |e| format!(" & ({e})"));
        let range = parsed.in_range.as_ref().map_or(String::new(), |r| format!(" in {r}"));
        let fit = |s: &mut Session, of: &str, options: &str| -> Result<CoxSample> {
            let line = format!("stcox {} if {GROUP}{of}{condition}{range}, noshow{options}", self.list);
            quietly(s, &line)?;
            CoxSample::read(s)
        };
        let pooled = fit(s, " < .", &format!(" strata({GROUP})"))?;
        let means = self.means(&pooled);
        if self.stratified {
            let risk = risk(&pooled, &means);
            // the strata are the groups in their order
            for step in pooled.baseline() {
                out[step.stratum as usize].push((step.time, step.survivor.powf(risk)));
            }
            return Ok(out);
        }
        for (g, curve) in out.iter_mut().enumerate() {
            let own = fit(s, &format!(" == {}", g + 1), "")?;
            let risk = risk(&own, &means);
            curve.extend(own.baseline().into_iter().map(|step| (step.time, step.survivor.powf(risk))));
        }
        Ok(out)
    }

    /// Means of the regressors over the records of all groups.
    fn means(&self, pooled: &CoxSample) -> HashMap<String, f64> {
        if self.zero {
            return HashMap::new();
        }
        let weight: Vec<f64> = (0..pooled.records.rows.len()).map(|i| pooled.records.weight(i)).collect();
        let total: f64 = weight.iter().sum();
        let mean = |column: &Vec<f64>| column.iter().zip(&weight).map(|(x, w)| x * w).sum::<f64>() / total;
        pooled.names.iter().cloned().zip(pooled.columns.iter().map(mean)).collect()
    }
}

/// The hazard at the means relative to that at zero.
fn risk(sample: &CoxSample, means: &HashMap<String, f64>) -> f64 {
    let part = |(name, b): (&String, &f64)| b * means.get(name).copied().unwrap_or(0.0);
    sample.names.iter().zip(&sample.b).map(part).sum::<f64>().exp()
}
