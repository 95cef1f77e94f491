//! The same thing measured on three or more occasions, each in a column: `sbp_bl`, `sbp_m3` and `sbp_m6`; `bp_morning`, `bp_noon` and
//! `bp_evening`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::names::numbered_trunk;
use super::roles::Filler;

impl Filler<'_> {
    /// The same thing measured several times, in columns of one numbered family: `week4`, `week8`, `week12`.
    pub(super) fn repeated(&self) -> Vec<usize> {
        let of = |c: &usize| measured(self.columns[*c].name()).or_else(|| occasions(self.columns[*c].name()));
        let measure = |c: &usize| self.columns[*c].is_measure() && of(c).is_some();
        // the items of a scale are no occasions of its total
        let items = self.families().concat();
        let named = || self.parsed.rest.iter().filter(|c| measure(c));
        let first = named().find(|c| !items.contains(c)).or_else(|| named().next());
        let Some(first) = first else { return Vec::new() };
        let own = |c: &usize| measure(c) && of(c) == of(first) && items.contains(c) == items.contains(first);
        let members: Vec<usize> = (0..self.columns.len()).filter(own).collect();
        if members.len() >= 3 { members } else { Vec::new() }
    }

    /// True for a question about three or more occasions on which the same was measured: it names three of them, or speaks of
    /// all of them together.
    pub(super) fn asks_occasions(&self) -> bool {
        static TOGETHER: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\bover (?:the )?(?:day|time|course|night|year|seasons)|\b(?:during|throughout) the (?:day|year|study|trial)|\b(?:the |all )?(?:three|four|five|six|several|different) (?:measure\w*|time ?points?|occasions|times|visits|seasons|readings|waves)|\bseasons\b|\btime ?points\b|[三四五六各多](?:个|次|种)?(?:时间点|时点|时段|季节|季|测量|时间)|(?:历次|各次|多次|一天中|随时间)")
                .expect("a pattern")
        });
        let members = self.repeated();
        // the items of a scale are no occasions
        let items = self.families().concat();
        if members.iter().any(|c| items.contains(c)) {
            return false;
        }
        let said = self.parsed.rest.iter().filter(|c| members.contains(c)).count();
        // what else is named sorts or explains
        let others = self.named().iter().any(|c| !members.contains(c));
        let fits = said >= 3 || self.parsed.text.fits(&TOGETHER) || names_three(&self.parsed.text);
        members.len() >= 3 && said > 0 && !others && self.parsed.controls.is_empty() && fits
    }
}

/// The name of a family of occasions: `week` of `week4`; a letter with a number names items.
fn occasions(name: &str) -> Option<&str> {
    numbered_trunk(name).filter(|trunk| trunk.chars().count() >= 3)
}

/// Words of occasions at the end of a name: `sbp_baseline`, `bp_morning`, `yield_spring`.
const OCCASIONS: [&str; 41] = [
    "bl",
    "base",
    "baseline",
    "pre",
    "mid",
    "post",
    "fu",
    "followup",
    "end",
    "final",
    "before",
    "during",
    "after",
    "start",
    "middle",
    "first",
    "second",
    "third",
    "fourth",
    "last",
    "early",
    "late",
    "morning",
    "noon",
    "midday",
    "afternoon",
    "evening",
    "night",
    "bedtime",
    "am",
    "pm",
    "spring",
    "summer",
    "autumn",
    "fall",
    "winter",
    "rest",
    "exercise",
    "recovery",
    "follow",
    "endline",
];

/// Words of occasions in Chinese names: 焦虑_前测, 术后疼痛.
const HAN_OCCASIONS: [&str; 29] = [
    "前测",
    "后测",
    "中测",
    "初测",
    "末测",
    "终测",
    "随访",
    "追踪",
    "基线",
    "干预前",
    "干预后",
    "治疗前",
    "治疗后",
    "术前",
    "术后",
    "入组",
    "早上",
    "早晨",
    "上午",
    "中午",
    "下午",
    "晚上",
    "夜间",
    "睡前",
    "春季",
    "夏季",
    "秋季",
    "冬季",
    "术中",
];

/// What is measured on several occasions, by the name of one of them: `sbp` of `sbp_bl`, `sbp_m3` and `sbp_m6`.
fn measured(name: &str) -> Option<&str> {
    let rest = |word: &&str| name.strip_suffix(*word).or_else(|| name.strip_prefix(*word));
    let rest = HAN_OCCASIONS.iter().find_map(rest).map(|rest| rest.trim_matches('_'));
    if let Some(what) = rest.filter(|rest| !rest.is_empty()) {
        return Some(what);
    }
    let (what, occasion) = name.rsplit_once('_')?;
    let occasion = occasion.to_ascii_lowercase();
    let unit = occasion.trim_end_matches(|c: char| c.is_ascii_digit());
    let named = OCCASIONS.contains(&occasion.as_str());
    let units = ["t", "w", "wk", "week", "m", "mo", "month", "d", "day", "y", "yr", "year", "v", "visit"];
    let numbered = unit.len() < occasion.len() && units.contains(&unit);
    (named || numbered).then_some(what)
}

/// True for a text with three or more words of occasions.
fn names_three(text: &str) -> bool {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:morning|noon|midday|afternoon|evening|night|spring|summer|autumn|winter|pre|post|mid|follow-?up|baseline|before|during|after)\b|早|中午|下午|晚|夜|春|夏|秋|冬|术前|术中|术后|前测|后测|随访|基线")
            .expect("a pattern")
    });
    let said: BTreeSet<&str> = WORDS.find_iter(text).map(|found| found.as_str()).collect();
    said.len() >= 3
}
