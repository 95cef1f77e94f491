//! Two devices or methods that measured the same thing, of which a question asks whether they agree. Their columns are named after
//! the devices, so that the names have little in common.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::columns::Named;
use super::roles::{Filled, Filler};

/// Least share of the range of both that two measurements of one thing have in common.
const COMMON: f64 = 0.4;

impl Filler<'_> {
    /// True where the question asks whether measurements agree, and the data may have two of them. People who judge are raters.
    pub(super) fn asks_agreement(&self) -> bool {
        static RATERS: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\b(?:raters?|readers?|coders?|observers?|judges?|annotators?|examiners?|assessors?|radiologists?|pathologists?|reviewers?|graders?|experts|kappa|icc)\b|评分者|评委|专家|医生|医师|阅片者|观察者|编码员|评定者")
                .expect("a pattern")
        });
        let measures = (0..self.columns.len()).filter(|c| self.may_be_reading(*c)).count();
        measures >= 2 && !self.parsed.text.fits(&RATERS) && self.parsed.controls.is_empty()
    }

    fn may_be_reading(&self, column: usize) -> bool {
        let named = &self.columns[column];
        named.is_measure() && !self.is_unit(column) && !self.judges(column) && !named.has("@age")
    }

    /// The two measurements: those that the question names, else the only two of one range, those with a common word in their
    /// names before others.
    pub(super) fn two_methods(&self) -> Option<(usize, usize)> {
        let named: Vec<usize> = self.named().into_iter().filter(|c| self.may_be_reading(*c)).collect();
        if let [first, second] = named[..] {
            return Some((first, second));
        }
        let all: Vec<usize> = (0..self.columns.len()).filter(|c| self.may_be_reading(*c)).collect();
        let pairs = || {
            let pairs = all.iter().flat_map(|a| all.iter().map(move |b| (*a, *b)));
            pairs.filter(|(a, b)| a < b && overlaps(&self.columns[*a], &self.columns[*b]))
        };
        let only = |fits: &dyn Fn(&(usize, usize)) -> bool| {
            let mut found = pairs().filter(fits);
            found.next().filter(|_| found.next().is_none())
        };
        let said = |(a, b): &(usize, usize)| named.contains(a) || named.contains(b);
        let kin = |(a, b): &(usize, usize)| self.columns[*a].shares_word(&self.columns[*b]);
        only(&|pair| kin(pair) && (named.is_empty() || said(pair)))
            .or_else(|| only(&kin))
            .or_else(|| only(&|_| true))
    }

    /// How far two measurements agree; where the data do not say which two they are, both stay open.
    pub(super) fn methods_agree(&self, out: &mut Filled) {
        out.settled = true;
        match self.two_methods() {
            Some((first, second)) => {
                out.roles.insert("outcome_var", vec![first]);
                out.parameters.insert("second".to_owned(), json!(self.columns[second].name()));
            }
            None => out.open.push("outcome_var"),
        }
    }
}

/// True for two columns whose ranges are much the same.
fn overlaps(a: &Named<'_>, b: &Named<'_>) -> bool {
    let range = |c: &Named<'_>| c.column.min.zip(c.column.max);
    let (Some((a_min, a_max)), Some((b_min, b_max))) = (range(a), range(b)) else { return false };
    let whole = a_max.max(b_max) - a_min.min(b_min);
    let common = a_max.min(b_max) - a_min.max(b_min);
    whole > 0.0 && common / whole >= COMMON
}
