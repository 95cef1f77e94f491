//! A mean or a share that is compared with a number: "is the share of late orders above 10 %", 平均成绩是否高于60; and counts
//! of which many are 0.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::columns::Named;
use super::phrases::method;
use super::roles::{Filled, Filler};
use crate::domain::profile::is_binary;

/// The number that something is compared with at the end of a sentence, and the sign of a percentage.
static COMPARED: LazyLock<Regex> = LazyLock::new(|| {
    let than = "above|below|over|under|exceeds?|(?:more|less|higher|lower|greater|larger|smaller|fewer|other) than|different from|differs? from|equals?(?: to)?|at least|at most|on (?:the )?target(?: of)?,?(?: that is| i\\.? ?e\\.?,?)?";
    let unit = "(?: ?(?:%|percent|per cent|％)| [a-z]+)?";
    let han = "高于|低于|大于|小于|超过|不足|等于|不同于|不等于|不低于|达到";
    Regex::new(&format!(
        "(?:\\b(?:{than}) (?:the |a |an )?(?:value |level |target |norm |threshold |standard |mean |average )*(?:of )?|(?:{han}) ?)(-?[0-9]+(?:\\.[0-9]+)?)({unit}|[^0-9，。？]{{0,4}}?)(?:吗|么)?(?:[?.!？。]|$)"
    ))
    .expect("a pattern")
});

/// Fewest values of a count.
const COUNTED: u64 = 4;

/// Questions whether something holds.
static WHETHER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("^(?:is|are|was|were|does|do|did)\\b|\\b(?:test|check|whether)\\b|是否|是不是|吗|检验")
        .expect("a pattern")
});

impl Named<'_> {
    /// True for amounts of money and of time at work, which are no numbers of events where they are whole.
    pub(super) fn is_amount(&self) -> bool {
        let of_time = ["hour", "hours", "hrs", "minutes", "mins", "时长", "小时", "分钟"];
        self.is_money() || self.word(&of_time) || self.parts().iter().any(|p| of_time.contains(&p.as_str()))
    }
}

impl Filler<'_> {
    /// The number that the only column of the question is compared with, as a share where it is a percentage of a yes or no.
    pub(super) fn compared_with(&self) -> Option<(usize, f64)> {
        let [column] = self.named()[..] else { return None };
        let text = self.parsed.text.trim();
        let found = COMPARED.captures(text).filter(|_| WHETHER.is_match(text))?;
        let value: f64 = found[1].parse().ok()?;
        if !is_binary(self.columns[column].column) {
            return self.columns[column].is_measure().then_some((column, value));
        }
        let percent = ["%", "percent", "per cent", "％"].iter().any(|sign| found[2].contains(sign));
        let share = if percent { value / 100.0 } else { value };
        (share > 0.0 && share < 1.0).then_some((column, share))
    }

    /// A test of one mean or one share.
    pub(super) fn one_value(&self, out: &mut Filled) {
        let Some((column, value)) = self.compared_with() else { return };
        let share = is_binary(self.columns[column].column);
        out.methods = method(if share { "one share" } else { "one mean" }).into_iter().collect();
        out.settled = true;
        out.roles.insert("outcome_var", vec![column]);
        out.parameters.insert("null_value".to_owned(), json!(value));
    }

    /// A count with many zeros, which the same columns explain as the count itself.
    pub(super) fn zeros(&self, out: &mut Filled) {
        let outcome = out.roles.get("outcome_var").and_then(|outcome| outcome.first());
        let counts = outcome
            .map(|y| self.columns[*y].column)
            .is_some_and(|c| !c.is_text() && c.integer_valued && c.min == Some(0.0) && c.distinct > COUNTED)
            && outcome.is_some_and(|y| !self.columns[*y].is_amount());
        let causes = ["regressors", "controls"].iter().filter_map(|role| out.roles.get(role)).flatten();
        let names: Vec<&str> = causes.map(|c| self.columns[*c].name()).collect();
        if counts && !names.is_empty() {
            out.parameters.insert("inflate_vars".to_owned(), json!(names));
            out.methods =
                method("zeros of a count").into_iter().chain(std::mem::take(&mut out.methods)).collect();
        }
    }
}
