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

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = "input t d g x\n1 1 0 2\n2 1 1 1\n3 0 0 3\n4 1 1 0\n5 1 1 2\n6 1 0 1\n7 0 1 0\n8 1 0 4\n9 1 1 1\n10 0 0 2\n11 1 0 0\n12 1 1 3\nend\nstset t, failure(d)\n";

    /// Baseline survivor functions of partial likelihoods maximised in numpy, raised to the risk at the means.
    #[test]
    fn survivor_functions_are_those_of_regressions_at_the_means() {
        let mean = [
            vec![
                (1.0, 0.830_239_665_054_124),
                (6.0, 0.620_503_688_544_343_7),
                (8.0, 0.414_626_895_645_482_9),
            ],
            vec![
                (2.0, 0.836_937_791_360_008_1),
                (5.0, 0.505_451_474_200_973_4),
                (9.0, 0.244_541_321_372_472_48),
            ],
        ];
        let zero = [
            vec![
                (1.0, 0.816_269_641_780_196_7),
                (6.0, 0.594_072_706_164_696_1),
                (8.0, 0.382_632_801_369_269_8),
            ],
            vec![
                (2.0, 0.823_458_387_139_057_5),
                (5.0, 0.474_953_036_489_337_57),
                (9.0, 0.215_060_656_537_100_96),
            ],
        ];
        let alone = [
            vec![
                (1.0, 0.849_710_087_888_809_8),
                (6.0, 0.654_852_235_929_236_4),
                (8.0, 0.441_257_526_834_365_75),
            ],
            vec![
                (2.0, 0.871_562_014_213_181_7),
                (5.0, 0.575_258_416_970_738_8),
                (9.0, 0.223_184_922_331_663_07),
            ],
        ];
        let mut s = Session::default();
        assert_eq!(s.run_captured(DATA).1, 0);
        let parsed = ParsedCommand::split("stphplot", "", false).expect("an empty command");
        let curves = Curves::read(&s, &parsed, Some("g")).expect("two groups");
        for (stratified, at_zero, want) in [(true, false, mean), (true, true, zero), (false, false, alone)] {
            let adjusted = Adjusted { list: "x", zero: at_zero, stratified };
            let found = adjusted.survivors(&mut s, &parsed, &curves).expect("survivor functions");
            for (curve, want) in found.iter().zip(&want) {
                for (time, value) in want {
                    let got = curve.iter().find(|p| p.0 == *time).expect("a failure time").1;
                    assert!(
                        (got - value).abs() < 1e-7,
                        "{stratified} {at_zero} {time}: {got} is not {value}"
                    );
                }
            }
        }
    }
}
