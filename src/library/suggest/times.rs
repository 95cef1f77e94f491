//! Columns with times: periods, the beginning of a treatment, the end and the length of a follow-up.

use std::sync::LazyLock;

use regex::Regex;

use super::columns::{Named, Place};
use super::names::{numbered_trunk, trunk};
use super::said::Said;
use super::words::{Unit, forget};
use crate::domain::dataset::InferredType;

/// Names of columns that hold when a form was sent.
const STAMPS: [&str; 8] = [
    "timestamp",
    "submitted",
    "submitted_at",
    "submission",
    "created_at",
    "recorded_date",
    "提交时间",
    "填写时间",
];

impl Named<'_> {
    /// True for dates and columns named after a period.
    pub(super) fn is_time(&self) -> bool {
        *self.known.time.get_or_init(|| self.holds_times())
    }

    fn holds_times(&self) -> bool {
        let dated = matches!(self.column.inferred_type, InferredType::Date | InferredType::Datetime);
        // when a form was sent says nothing about what its rows are
        if self.column.inferred_type == InferredType::Datetime && self.word(&STAMPS) {
            return false;
        }
        let named = [
            "year",
            "quarter",
            "month",
            "mon",
            "mth",
            "yearmonth",
            "wave",
            "period",
            "week",
            "day",
            "date",
            "yr",
            "qtr",
            "wk",
            "年份",
            "年度",
            "会计年度",
            "月份",
            "季度",
        ];
        // `sal_yr` is money
        let c = self.column;
        let says_year = self.word(&["year", "yr"]);
        let are_years =
            c.min.is_some_and(|least| least >= 1500.0) && c.max.is_some_and(|most| most <= 2200.0);
        // `fyear`, `surveyyear`
        let name = c.name.to_ascii_lowercase();
        let of_years = are_years && (name.contains("year") || name == "season");
        let numbered = c.max.is_some_and(|most| most <= 100.0);
        // years of something, such as service, are a length
        let of_something =
            self.aliases.iter().filter(|a| a.place == Place::Name).any(|a| {
                a.units.iter().any(|u| u.options.iter().any(|(o, s)| o.starts_with('@') && *s >= 1.0))
            });
        // money in a month, `earn_mth`, is no month
        let codes =
            c.min.is_some_and(|least| least >= 150_001.0) && c.max.is_some_and(|most| most <= 220_053.0);
        let counts = c.max.is_some_and(|most| most <= 400.0);
        let whole = named.contains(&name.as_str());
        // hours worked per week are no week
        let is_rate = ["_per_", "_next_", "_last_", "_same_"].iter().any(|part| name.contains(part));
        let is_period = whole || are_years || codes || (counts && !is_rate);
        let fits = if says_year { are_years || (numbered && !of_something) } else { is_period };
        // the first, second and third visit of each person; `visits` are counted
        let visit = c.name.eq_ignore_ascii_case("visit") && c.min == Some(1.0) && c.distinct <= 30;
        // the step that reads `2018/19` gives the year this format
        let read_as_year = are_years && c.format.starts_with("%ty");
        let is_time = of_years || visit || read_as_year || self.word(&named) && fits;
        dated || (c.integer_valued && is_time && !self.has("@built"))
    }

    /// True for columns with the period in which a unit's treatment began.
    pub(super) fn is_start(&self) -> bool {
        let says =
            ["start", "adopt", "adoption", "adopted", "first", "cohort", "begin", "began", "treated_since"];
        let policies = [
            "law",
            "policy",
            "reform",
            "treat",
            "treated",
            "treatment",
            "rollout",
            "entry",
            "open",
            "opened",
            "opening",
            "launch",
            "launched",
            "introduced",
            "introduction",
        ];
        let of_policy =
            self.parts().iter().any(|part| policies.contains(&part.as_str()) || part.starts_with("adopt"));
        let year_of = self.parts().iter().any(|part| ["year", "yr"].contains(&part.as_str())) && of_policy;
        let begun =
            ["试点", "实施", "政策", "改革", "采用", "推行", "开通", "开始", "首次", "获批", "加入", "处理"];
        let holds = |words: &[&str]| words.iter().any(|word| self.name().contains(word));
        let year_of = year_of || holds(&begun) && holds(&["年", "时间", "月"]);
        self.column.integer_valued && self.column.distinct <= 60 && (self.word(&says) || year_of)
    }

    /// True for columns that mark the rows after a change.
    pub(super) fn is_after(&self) -> bool {
        self.has("@reform") || self.word(&["post", "after"])
    }

    /// True for the end of a follow-up as a code: 0 for none, then its causes.
    pub(super) fn is_end_code(&self) -> bool {
        let says = ["cause", "event", "status", "endpoint", "end", "failure"];
        let c = self.column;
        let numbered =
            numbered_trunk(self.name()).is_some_and(|trunk| says.contains(&trunk.trim_end_matches('_')));
        let named = numbered || self.word(&says);
        c.integer_valued && (3..=8).contains(&c.distinct) && c.min == Some(0.0) && named
    }

    /// True for columns that say whether the follow-up ended with what it waits for.
    pub(super) fn is_event(&self) -> bool {
        self.word(&[
            "event",
            "evt",
            "mace",
            "status",
            "failure",
            "failed",
            "fail",
            "censor",
            "censored",
            "结局",
            "事件",
            "删失",
            "churn",
            "churned",
            "cancelled",
            "canceled",
            "unsubscribed",
            "lapsed",
            "dropout",
            "dropped_out",
            "left",
            "quit",
            "exited",
            "resigned",
            "terminated",
            "attrition",
            "departed",
            "readmitted",
            "relapsed",
            "recurred",
            "流失",
            "复发",
            "再入院",
            "离职",
            "退订",
        ])
    }

    /// True for times that are named after the follow-up.
    pub(super) fn is_follow_up(&self) -> bool {
        self.is_duration() && (self.word(&["follow", "fu", "fup"]) || self.column.name.contains("随访"))
    }

    /// True for a time of follow-up in units.
    pub(super) fn is_duration(&self) -> bool {
        let says = [
            "time",
            "hours",
            "hrs",
            "cycles",
            "days",
            "weeks",
            "months",
            "years",
            "yrs",
            "duration",
            "futime",
            "fu",
            "fup",
            "followup",
            "follow_up",
            "survtime",
        ];
        let c = self.column;
        let label = c.label.as_deref().unwrap_or_default();
        let says_han = ["随访", "生存时间", "生存月", "生存天", "存活时间", "时长"];
        let followed = ["观察", "追踪", "在职", "留存", "存续", "持续", "生存", "存活", "等待"];
        let lasts = ["时间", "月", "天", "周", "年数", "期"];
        let holds = |words: &[&str]| words.iter().any(|w| c.name.contains(w) || label.contains(w));
        let named = self.word(&says) || holds(&says_han) || holds(&followed) && holds(&lasts);
        !c.is_text() && c.distinct > 12 && c.min.is_none_or(|least| least >= 0.0) && named
    }
}
/// The time since a treatment names no column: 治疗12周后 is "after 12 weeks of treatment", whatever the group. Neither does
/// "before and after treatment" where the data have the measurements of before.
pub(super) fn forget_times_of_treatment(question: &str, units: &mut [Unit], columns: &[Named<'_>]) {
    static TIMES: LazyLock<Regex> = LazyLock::new(|| {
        let treated = "治疗|干预|用药|服药|给药|训练|锻炼|培训|手术|康复";
        let span = "[0-9一二两三四五六七八九十半]+ ?(?:个)?(?:天|周|星期|月|年|小时)";
        Regex::new(&format!("({treated})(?:了|满)?{span}(?:以|之)?(?:后|前|时)")).expect("a pattern")
    });
    static SIDES: LazyLock<Regex> = LazyLock::new(|| {
        let treated = "treatment|therapy|intervention|surgery|operation|medication|training";
        Regex::new(&format!("(?i)\\b(?:before|after) (?:the |their )?({treated})\\b")).expect("a pattern")
    });
    let lower = question.to_lowercase();
    let both = ["before", "after"].iter().all(|side| lower.contains(side));
    let measured = both && columns.iter().any(|c| c.is_early() && c.is_measure());
    let sides = SIDES.captures_iter(question).filter(|_| measured);
    for word in TIMES.captures_iter(question).chain(sides).filter_map(|found| found.get(1)) {
        forget(units, word.range());
    }
}

/// Units of time next to a number, and further words before one.
const HAN_UNITS: [&str; 10] = ["周", "个月", "月", "天", "年", "岁", "小时", "分钟", "次", "期"];
const UNITS: [&str; 6] = ["week", "month", "day", "year", "hour", "minute"];
const OCCASIONS: [&str; 4] = ["visit", "wave", "time", "session"];

/// True where a question has the number at the end of a name as a time: "week 12", "12 weeks" and 12周 for `sbp12`.
pub(super) fn asked_number(question: &str, name: &str) -> bool {
    let number = &name[trunk(name).len()..];
    if number.is_empty() {
        return false;
    }
    let question = question.to_ascii_lowercase();
    let whole = |at: usize| {
        let digit = |c: char| c.is_ascii_digit();
        !question[..at].ends_with(digit) && !question[at + number.len()..].starts_with(digit)
    };
    let is_time = |at: usize| {
        let (before, behind) = (question[..at].trim_end(), &question[at + number.len()..]);
        let unit = behind.trim_start_matches([' ', '-']);
        HAN_UNITS.iter().any(|word| behind.starts_with(word))
            || UNITS.iter().any(|word| unit.starts_with(word))
            || UNITS.iter().chain(&OCCASIONS).any(|word| before.ends_with(word))
    };
    question.match_indices(number).any(|(at, _)| whole(at) && is_time(at))
}

/// True for words that follow units over time: "within firms", "a panel", "over ten years". "Men over 30 years" are an age.
pub(super) fn over_time(text: &Said) -> bool {
    static PERIODS: LazyLock<Regex> = LazyLock::new(|| {
        let several = "(?:the |last |past |several |many |some |these |a number of |two |three |four |five |six |seven |eight |nine |ten |twelve |twenty )*";
        let periods = "(?:years|quarters|months|periods|waves)";
        Regex::new(&format!("\\bwithin |panel|over time|(?:over|across|for|during) {several}{periods}\\b|面板|固定效应模型|多年|历年"))
            .expect("a pattern")
    });
    static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("([a-z]+) over [0-9]+ (?:years|months|quarters|weeks)\\b").expect("a pattern")
    });
    let aged = ["people", "men", "women", "adults", "persons", "patients", "those", "anyone", "aged", "age"];
    text.fits(&PERIODS)
        || text.fits(&COUNTED) && COUNTED.captures(text).is_some_and(|found| !aged.contains(&&found[1]))
}
