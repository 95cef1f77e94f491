//! Numbers of a question that are settings: lists of percentiles, numbers in words, lengths of time with their units.

use std::sync::LazyLock;

use regex::Regex;

/// A number in digits, or in words up to twelve.
pub(super) const NUMBER: &str = "[0-9]+(?:\\.[0-9]+)?|\\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\\b|十[一二]?|[一二两三四五六七八九]";
/// The words of the numbers from one on.
const WORDS: [[&str; 2]; 12] = [
    ["one", "一"],
    ["two", "二"],
    ["three", "三"],
    ["four", "四"],
    ["five", "五"],
    ["six", "六"],
    ["seven", "七"],
    ["eight", "八"],
    ["nine", "九"],
    ["ten", "十"],
    ["eleven", "十一"],
    ["twelve", "十二"],
];
/// Words of a unit of time, and of a period of any length.
pub(super) const UNIT: &str =
    "days?|weeks?|months?|quarters?|years?|yrs?|mos?|periods?|steps?|天|日|周|星期|个?月|个?季度?|年|期";

/// The value of a number in digits or in words.
pub(super) fn value_of(number: &str) -> Option<f64> {
    let number = if number == "两" { "二" } else { number };
    let word = WORDS.iter().position(|words| words.contains(&number)).map(|at| at as f64 + 1.0);
    word.or_else(|| number.parse().ok())
}

/// Days in a unit of time; none for a period of any length.
pub(super) fn days_of(unit: &str) -> Option<f64> {
    let unit = unit.trim_start_matches('个');
    let singular = unit.strip_suffix('s').unwrap_or(unit);
    match singular {
        "day" | "d" | "天" | "日" => Some(1.0),
        "week" | "wk" | "w" | "周" | "星期" => Some(7.0),
        "month" | "mo" | "mth" | "m" | "月" => Some(30.4375),
        "quarter" | "季度" | "季" => Some(91.3125),
        "year" | "yr" | "y" | "年" => Some(365.25),
        _ => None,
    }
}

/// Numbers in the order of their size, each once, as a text with blanks.
pub(super) fn listed(mut numbers: Vec<f64>) -> Option<String> {
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    (!texts.is_empty()).then(|| texts.join(" "))
}

/// The percentiles that a text lists next to a word for them, in percent: "the 10th, 50th and 90th percentile", 10、50、90分位数,
/// "quantiles (0.1, 0.5)".
pub(super) fn percentiles(text: &str) -> Vec<f64> {
    static LISTS: LazyLock<[Regex; 2]> = LazyLock::new(|| {
        let one =
            r"(?:第|p|q|tau ?= ?|τ ?= ?)?(?:0?\.[0-9]+|[0-9]{1,2}(?:\.[0-9]+)?)(?:st|nd|rd|th|%| percent)?";
        let list = format!(r"({one}(?:(?: ?[,、，/;]? ?(?:and |和|与|及|以及|or |&)?| ){one})*)");
        let word = r"(?:percentiles?|quantiles?|分位|百分位|\btau\b|τ)";
        let before = format!(r"{word}[^0-9.?!。？]{{0,20}}{list}(?:$|[^0-9])");
        let behind = format!(r"(?:^|[^0-9.a-z]){list} ?(?:conditional |regression |个|的)*{word}");
        [behind, before].map(|pattern| Regex::new(&pattern).expect("a pattern"))
    });
    static EACH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[0-9]*\.[0-9]+|[0-9]+").expect("a pattern"));
    let Some(found) = LISTS.iter().find_map(|pattern| pattern.captures(text)) else { return Vec::new() };
    let numbers: Vec<f64> = EACH.find_iter(&found[1]).filter_map(|n| n.as_str().parse().ok()).collect();
    let shares = numbers.iter().all(|n| *n > 0.0 && *n < 1.0);
    let in_percent = numbers.iter().map(|n| if shares { n * 100.0 } else { *n });
    let rounded: Vec<f64> = in_percent.map(|n| (n * 1e6).round() / 1e6).collect();
    if rounded.iter().all(|n| *n > 0.0 && *n < 100.0) { rounded } else { Vec::new() }
}

/// Times that a text lists before a unit, with the unit: "at 12 and 24 months", 1、3、5年生存率, "the 5-year survival".
pub(super) fn times(text: &str) -> Option<(Vec<f64>, String)> {
    static LIST: LazyLock<Regex> = LazyLock::new(|| {
        let sign = "(?: ?-? ?[,、，/] ?(?:and |和|与|及)?|-? (?:and|or|&) |和|与|及)";
        Regex::new(&format!("((?:{NUMBER})(?:{sign}(?:{NUMBER}))*)[ -]?({UNIT})(?:$|[^a-z])"))
            .expect("a pattern")
    });
    static EACH: LazyLock<Regex> = LazyLock::new(|| Regex::new(NUMBER).expect("a pattern"));
    let found = LIST.captures(text)?;
    let numbers = EACH.find_iter(&found[1]).filter_map(|n| value_of(n.as_str())).collect();
    Some((numbers, found[2].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_read_in_the_forms_that_people_write() {
        let some = |text: &str| percentiles(&text.to_lowercase());
        for text in [
            "wage on education at the 10th, 50th and 90th percentile",
            "the 10%, 50% and 90% quantiles of wage",
            "教育对工资的影响：10、50、90分位数",
            "教育对工资在第10、50和90百分位上的影响",
            "quantile regression (0.1, 0.5, 0.9) of wage",
            "分位数回归（0.1、0.5、0.9）",
            "quantiles .1 .5 .9",
            "P10, P50 and P90 percentiles",
        ] {
            assert_eq!(some(text), [10.0, 50.0, 90.0], "{text}");
        }
        assert_eq!(some("the 0.75 quantile of pay"), [75.0]);
        assert_eq!(some("the 95th percentile of pay in 2015"), [95.0]);
        assert_eq!(some("quantile regression of wage on age"), [0.0; 0]);
        assert_eq!(some("percentiles of pay in 2015"), [0.0; 0]);
    }

    #[test]
    fn times_have_their_units() {
        let some = |text: &str| times(text);
        assert_eq!(some("survival at 12 and 24 months"), Some((vec![12.0, 24.0], "months".to_owned())));
        assert_eq!(some("1、3、5年生存率"), Some((vec![1.0, 3.0, 5.0], "年".to_owned())));
        assert_eq!(some("the 1-, 3- and 5-year survival").map(|t| t.0), Some(vec![1.0, 3.0, 5.0]));
        assert_eq!(some("the five-year survival"), Some((vec![5.0], "year".to_owned())));
        assert_eq!(some("两组十二个月内的生存"), Some((vec![12.0], "个月".to_owned())));
        assert_eq!(some("survival by arm"), None);
        assert_eq!(days_of("个月"), days_of("months"));
    }
}
