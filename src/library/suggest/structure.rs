//! The structure of a data set, read off its columns: a panel, a series, a duration with its event.

use std::sync::LazyLock;

use regex::Regex;

use super::columns::Named;
use super::measured_twice::measured_twice;
use super::occasions::occasion;
use crate::domain::dataset::{Column, InferredType};
use crate::domain::profile::{MAX_LEVELS, has_few_levels, is_binary};

/// The structure of the data.
#[derive(Debug, Default, Clone)]
pub(super) struct Structure {
    pub(super) entity: Option<usize>,
    pub(super) time: Option<usize>,
    /// Units observed in several periods.
    pub(super) panel: bool,
    /// One row for each period.
    pub(super) series: bool,
    pub(super) duration: Option<usize>,
    pub(super) event: Option<usize>,
    /// The event is a code of several causes.
    pub(super) competing: bool,
    /// The period in which the treatment of a unit began.
    pub(super) start: Option<usize>,
    /// Occasions of repeated measurements that words name.
    pub(super) occasion: Option<usize>,
    /// Two measurements of the same thing: the earlier and the later column.
    pub(super) measured_twice: Vec<(usize, usize)>,
}

/// Reads the structure of the data off its columns; `events` are columns that the question calls the end of a
/// time, `causes` is true where it speaks of several causes that compete.
pub(super) fn structure(columns: &[Named<'_>], rows: u64, events: &[usize], causes: bool) -> Structure {
    let find = |test: &dyn Fn(&Named<'_>) -> bool| columns.iter().position(test);
    let time = find(&|c| c.is_time() && !c.is_start()).or_else(|| find(&|c| c.is_time()));
    let periods = time.map_or(0, |t| columns[t].column.distinct);
    let start = find(&|c| c.is_start());
    let by_name = find(&|c| c.is_unit(rows) && c.column.distinct < rows);
    // every unit in every period is as many rows as there are of both together
    let by_count = |c: &Named<'_>| {
        let cells = c.column.distinct.saturating_mul(periods);
        let names = c.column.is_text() || c.column.integer_valued;
        let least = if c.is_named_for_units() { 3 } else { 10 };
        // a share need not have been traded on every day
        let traded = c.is_security() && cells >= rows && cells <= rows.saturating_mul(2);
        let whole = cells == rows || traded;
        names && !c.is_time() && !c.is_measured() && c.column.distinct >= least && periods >= 3 && whole
    };
    let entity = by_name.or_else(|| find(&by_count));
    let panel = match (entity, time) {
        (Some(entity), Some(_)) => {
            let units = columns[entity].column.distinct;
            let cells = units.saturating_mul(periods);
            // about one row for each unit and period; a date of each row is no panel
            periods >= 2 && cells.saturating_mul(2) >= rows && cells <= rows.saturating_mul(3)
        }
        _ => false,
    };
    // a stay in hospital is a follow-up only where there is no other
    let duration = find(&|c| c.is_measure() && (c.has("@survival") || c.is_follow_up()))
        .or_else(|| find(&|c| c.is_duration() && !c.has("@stay") && !c.has("@age")))
        .or_else(|| find(&|c| c.is_duration() && !c.has("@age")));
    let event_of = |duration: usize| {
        let ends = |c: &Named<'_>| c.is_named_as_end() || c.is_event();
        find(&|c| is_binary(c.column) && ends(c) && c.is_in_name_of(&columns[duration]))
    };
    let may_end = |c: &Named<'_>| is_binary(c.column) && !is_within_a_time(&c.column.name);
    let event = duration.and_then(event_of);
    let event = event.or_else(|| find(&|c| may_end(c) && c.is_named_as_end()));
    let event = event.or_else(|| find(&|c| may_end(c) && c.is_event()));
    let code = (event.is_none() || causes).then(|| find(&|c| c.is_end_code())).flatten();
    let named = events.first().copied().filter(|c| may_end(&columns[*c]));
    let event = if causes { code.or(named).or(event) } else { named.or(event).or(code) };
    // rows of persons with a date each are no series
    let single = columns.iter().all(|c| !c.is_unit(rows));
    let dated = time.is_some_and(|t| is_list_of_dates(columns[t].column, rows));
    let series = time.is_some() && single && !dated && periods.saturating_mul(10) >= rows.saturating_mul(9);
    // "week is the time and arrest the event": a period that the question waits for is no calendar
    let waited = events.first().and(time).filter(|_| !panel);
    let duration = duration.or(waited);
    let time = time.filter(|t| waited.is_none() || duration != Some(*t));
    let (duration, event) = (event.and(duration), duration.and(event));
    Structure {
        entity,
        time,
        panel,
        series,
        duration,
        event,
        competing: event.is_some() && event == code,
        start,
        occasion: occasion(columns, entity, rows),
        measured_twice: measured_twice(columns),
    }
}

/// True for names of what happened within a fixed time: `mort30`, `death_28d`, `30天死亡`. Every row was followed as long, so that
/// such a column ends no follow-up of different lengths.
fn is_within_a_time(name: &str) -> bool {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[a-z]_?(?:7|14|28|30|60|90|100|180|365)(?:_?d(?:ays?)?)?$|_?[0-9]+ ?_?(?:d|day|days|w|wk|weeks?|m|mo|months?|y|yr|years?)$|[0-9]+ ?(?:天|日|周|个?月|年)")
            .expect("a pattern")
    });
    TIME.is_match(name)
}

/// Days between the periods of a calendar: days, trading days, weeks, two weeks, months, quarters, half years, years.
const STEPS: [f64; 8] = [1.0, 1.43, 7.0, 14.0, 30.44, 91.31, 182.62, 365.25];

/// True for dates of single events, such as sales: several on one day, and no calendar between the first and the last.
fn is_list_of_dates(column: &Column, rows: u64) -> bool {
    let days = matches!(column.inferred_type, InferredType::Date);
    let twice = column.distinct > 1 && column.distinct + column.missing < rows;
    let Some((first, last)) = column.min.zip(column.max).filter(|_| days && twice) else { return false };
    let step = (last - first) / (column.distinct - 1) as f64;
    STEPS.iter().all(|own| (step / own - 1.0).abs() > 0.05)
}

/// Words that name a column of codes of people, institutions or places.
const UNITS: [&str; 66] = [
    "person",
    "individual",
    "respondent",
    "household",
    "family",
    "child",
    "woman",
    "man",
    "animal",
    "pig",
    "cow",
    "rat",
    "mouse",
    "dog",
    "chick",
    "tree",
    "plant",
    "herd",
    "farm",
    "subject",
    "patient",
    "worker",
    "employee",
    "student",
    "pupil",
    "teacher",
    "rater",
    "judge",
    "firm",
    "company",
    "school",
    "class",
    "classroom",
    "hospital",
    "ward",
    "clinic",
    "store",
    "shop",
    "branch",
    "county",
    "province",
    "region",
    "district",
    "state",
    "city",
    "town",
    "village",
    "country",
    "site",
    "batch",
    "plot",
    "block",
    "fund",
    "portfolio",
    "bank",
    "基金",
    "学校",
    "班级",
    "教师",
    "医院",
    "企业",
    "公司",
    "省份",
    "城市",
    "地区",
    "门店",
];

impl Named<'_> {
    /// True for shares and other securities that are traded.
    fn is_security(&self) -> bool {
        self.word(&["ticker", "symbol", "stock", "permno", "cusip", "stkcd", "股票", "股票代码", "证券代码"])
    }

    /// True for concepts of what ends a follow-up.
    fn is_named_as_end(&self) -> bool {
        ["@death", "@event", "@recurrence"].iter().any(|end| self.has(end))
    }

    /// True if the first word of the name stands in that of another column: `event` in `time_to_event`.
    fn is_in_name_of(&self, other: &Named<'_>) -> bool {
        self.parts().first().is_some_and(|first| other.parts().contains(first))
    }

    /// True for columns that are named after people, animals, institutions or places: `firm`, `school_id`.
    pub(super) fn is_named_for_units(&self) -> bool {
        let name = self.column.name.to_lowercase();
        let stem =
            ["_id", "_code", "_no", "_nr"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        UNITS.contains(&stem) || self.is_security()
    }

    /// True for columns whose values stand in several rows each, few enough to be categories.
    pub(super) fn repeats(&self) -> bool {
        self.column.distinct >= 2 && has_few_levels(self.column)
    }

    /// True for whole numbers that stand for people, institutions or places by the name of their column.
    pub(super) fn is_code_of_units(&self) -> bool {
        let c = self.column;
        let counted = c.min.is_some_and(|least| least >= 0.0) && c.distinct <= MAX_LEVELS;
        c.integer_valued && counted && self.is_named_for_units()
    }
}
