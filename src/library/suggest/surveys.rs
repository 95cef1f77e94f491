//! Analyses with the design of a survey, where the question asks for it: a mean, a table or a regression with the columns of
//! weights, strata and primary sampling units.

use std::sync::LazyLock;

use regex::Regex;

use super::columns::Named;
use super::phrases::method;
use super::roles::{Filled, Filler};
use super::said::Said;

/// Names of columns that hold sampling weights; the last one may be the weight of a body, too.
const WEIGHTS: [&str; 43] = [
    "wt",
    "wtss",
    "wtssall",
    "pspwght",
    "dweight",
    "anweight",
    "perwt",
    "hhwt",
    "wgt",
    "pweight",
    "pwt",
    "sampwt",
    "samplewt",
    "finalwt",
    "pw",
    "psw",
    "weights",
    "hh_weight",
    "sample_weight",
    "sampling_weight",
    "survey_weight",
    "final_weight",
    "抽样权重",
    "样本权重",
    "权重",
    "加权",
    // of public surveys
    "wtmec2yr",
    "wtint2yr",
    "wtmec4yr",
    "wtssall",
    "wtssps",
    "perwt",
    "hhwt",
    "asecwt",
    "pwgtp",
    "finalwgt",
    "fwgt",
    "swt",
    "hhweight",
    "pspwght",
    "w_fstuwt",
    "v005",
    "weight",
];
/// Names of columns that hold primary sampling units, and strata.
const UNITS: [&str; 14] = [
    "psu",
    "psuid",
    "cluster",
    "clusters",
    "ea",
    "primary_unit",
    "primary_sampling_unit",
    "初级抽样单位",
    "初级抽样单元",
    "抽样单元",
    "抽样单位",
    "cluster_id",
    "sdmvpsu",
    "v021",
];
const STRATA: [&str; 10] =
    ["stratum", "strata", "strat", "stratum_id", "sdmvstra", "stratid", "v022", "分层", "抽样层", "层"];

impl Filler<'_> {
    /// The column of sampling weights: the one that the question names, else one by its name.
    pub(super) fn weights(&self) -> Option<usize> {
        self.parsed.weights.first().copied().or_else(|| self.called_where(&WEIGHTS, may_weigh))
    }

    /// What the question asks for, in the analysis that takes the design of the survey.
    pub(super) fn in_survey(&self, out: &mut Filled) {
        let p = self.parsed;
        let weights = self.weights();
        let other = |said: &[usize], names: &[&str]| {
            said.first().copied().or_else(|| self.called(names)).filter(|c| Some(*c) != weights)
        };
        let (units, strata) = (other(&p.clusters, &UNITS), other(&p.strata, &STRATA));
        let design = [weights, units, strata];
        let mut plain = p.clone();
        let lists = [
            &mut plain.outcome,
            &mut plain.causes,
            &mut plain.groups,
            &mut plain.controls,
            &mut plain.rest,
            &mut plain.units,
        ];
        lists.into_iter().for_each(|list| list.retain(|c| !design.contains(&Some(*c))));
        [&mut plain.weights, &mut plain.clusters, &mut plain.strata].into_iter().for_each(Vec::clear);
        let mut asked = Filled::default();
        Filler { parsed: &plain, ..*self }.unnamed(&mut asked);
        let mut take = |role: &str| asked.roles.remove(role).unwrap_or_default();
        let (rows, columns, groups) = (take("row_var"), take("col_var"), take("group_var"));
        let outcome = [take("outcome_var"), take("item_vars")].concat();
        let causes = ["focal_var", "moderator_var", "regressors", "treatment_var"].map(&mut take).concat();
        let held = [take("controls"), take("fixed_effects")].concat();
        // "mean income by sex" describes groups, also where their codes are numbers
        let (causes, groups) = match causes[..] {
            [group] if held.is_empty() && self.columns[group].is_group() && describes_groups(&p.text) => {
                (Vec::new(), vec![group])
            }
            _ => (causes, groups),
        };
        // a mean needs numbers: the share of each answer in each region is a table
        let words = |c: &usize| self.columns[*c].column.is_text();
        let (rows, columns) = match (&outcome[..], &groups[..]) {
            ([one], [group]) | ([one, group], []) if rows.is_empty() && causes.is_empty() && words(one) => {
                (vec![*group], vec![*one])
            }
            _ => (rows, columns),
        };
        let case = if !rows.is_empty() {
            out.roles.insert("row_var", rows);
            out.roles.insert("col_var", columns);
            "table of a survey"
        } else if causes.is_empty() {
            self.open_if_empty(&outcome, "item_vars", out);
            out.roles.insert("item_vars", outcome);
            out.roles.insert("group_var", groups);
            "mean of a survey"
        } else {
            self.open_if_empty(&outcome, "outcome_var", out);
            out.roles.insert("outcome_var", outcome);
            out.roles.insert("regressors", causes);
            out.roles.insert("controls", held);
            "model of a survey"
        };
        out.methods = method(case).into_iter().collect();
        out.roles.insert("weight_var", weights.into_iter().collect());
        out.roles.insert("psu_var", units.into_iter().collect());
        out.roles.insert("strata_var", strata.into_iter().collect());
    }
}

/// True for a question after means, totals or shares of groups.
fn describes_groups(text: &Said) -> bool {
    static DESCRIBES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:means?|averages?|totals?|shares?|proportions?|prevalences?|percentages?)\b.*\b(?:by|per|for each|in each|for every|among|across|within)\b|(?:各|分|不同|按).*(?:平均|均值|总量|总数|比例|占比)|(?:平均|均值|总量|总数|比例|占比).*(?:各|分别)")
            .expect("a pattern")
    });
    text.fits(&DESCRIBES)
}

/// True for numbers that may be weights of rows: those of a body have a unit.
pub(super) fn may_weigh(column: &Named<'_>) -> bool {
    let c = column.column;
    let positive = c.min.is_some_and(|least| least >= 0.0);
    let units = ["kg", "lb", "lbs", "g", "gram", "grams", "birth", "body"];
    let of_body = column.parts().iter().any(|part| units.contains(&part.as_str()));
    !c.is_text() && positive && c.distinct > 2 && !of_body
}
