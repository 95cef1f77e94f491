//! Settings of a model that a question asks for: effects of periods, odds ratios, and the units that a policy is compared with.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::phrases::Parsed;
use super::roles::{Filled, Filler};

/// A period in words.
const PERIOD: &str = "year|time|period|month|quarter|wave|week|day|date";

impl Parsed {
    /// True where a question names effects of periods in words that are no column.
    fn says_period_effects(&self) -> bool {
        static SAYS: LazyLock<Regex> = LazyLock::new(|| {
            let named = format!(
                r"\b(?:{PERIOD})s?(?: and [a-z]+)? (?:fixed[- ])?(?:effects?|dummies)\b|\b(?:{PERIOD})s? fes?\b"
            );
            let both = r"two[- ]way fixed|\btwfe\b|(?:both|unit|entity|individual|firm|country|state) and (?:time|year|period|month|quarter)s? fixed";
            let han = "双向固定|(?:年份|年度|时间|时期|季度|月份)(?:的)?(?:固定效应|效应|虚拟变量)|固定(?:了)?(?:年份|年度|时间|时期)";
            Regex::new(&format!("{named}|{both}|{han}")).expect("a pattern")
        });
        self.text.fits(&SAYS)
    }

    /// True where a question asks for odds ratios, or for cases against controls: a share of cases that was chosen has no
    /// meaning as a probability.
    fn says_odds(&self) -> bool {
        static SAYS: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\bodds\b|case[- ]control|cases (?:and|versus|vs\.?|than|with) controls|比值比|优势比|or值|病例对照")
                .expect("a pattern")
        });
        self.text.fits(&SAYS)
    }

    /// True where units that start later are to be compared with, too.
    fn compares_with_later_ones(&self) -> bool {
        static SAYS: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"not[- ]yet[- ](?:treated|adopt\w*|exposed|covered)|later[- ](?:treated|adopt\w*)|尚未(?:处理|实施|受|采用|推行|开展)|还没有?(?:实施|处理|采用)")
                .expect("a pattern")
        });
        self.text.fits(&SAYS)
    }
}

impl Filler<'_> {
    /// Fills the settings; a template that does not have them leaves them out.
    pub(super) fn settings(&self, out: &mut Filled) {
        let (p, s) = (self.parsed, self.structure);
        self.clusters_of_rows(out);
        let of_periods =
            s.time.is_some_and(|time| p.fixed_effects.contains(&time)) || p.says_period_effects();
        if s.panel && of_periods {
            out.parameters.insert("time_effects".to_owned(), json!(true));
        }
        if p.compares_with_later_ones() {
            out.parameters.insert("comparison".to_owned(), json!("notyet"));
        }
        let outcome = out.roles.get("outcome_var").and_then(|columns| columns.first());
        if p.says_odds() || outcome.is_some_and(|y| is_case(self.columns[*y].name())) {
            out.parameters.insert("odds_ratios".to_owned(), json!(true));
        }
    }
}

/// True for a column that tells cases from controls.
pub(super) fn is_case(name: &str) -> bool {
    let names = ["case", "case_status", "casestatus", "case_control", "是否病例", "病例"];
    names.contains(&name.to_ascii_lowercase().as_str())
}
