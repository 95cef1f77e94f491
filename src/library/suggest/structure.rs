//! The structure of a data set, read off its columns: a panel, a series, a duration with its event.

use super::columns::{Alias, Named, Place};
use super::words::Unit;
use crate::domain::profile::{MAX_LEVELS, is_binary};

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
}

/// Reads the structure of the data off its columns; `events` are columns that the question calls the end of a time.
pub(super) fn structure(columns: &[Named<'_>], rows: u64, events: &[usize]) -> Structure {
    let find = |test: &dyn Fn(&Named<'_>) -> bool| columns.iter().position(test);
    let time = find(&|c| c.is_time());
    let periods = time.map_or(0, |t| columns[t].column.distinct);
    let start = find(&|c| c.is_start());
    let by_name = find(&|c| c.is_unit(rows) && c.column.distinct < rows);
    // every unit in every period is as many rows as there are of both together
    let by_count = |c: &Named<'_>| {
        let cells = c.column.distinct.saturating_mul(periods);
        let names = c.column.is_text() || c.column.integer_valued;
        names && !c.is_time() && !c.is_measured() && c.column.distinct >= 10 && periods >= 3 && cells == rows
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
    let event =
        find(&|c| is_binary(c.column) && ["@death", "@event", "@recurrence"].iter().any(|e| c.has(e)))
            .or_else(|| find(&|c| is_binary(c.column) && c.is_event()));
    let code = event.is_none().then(|| find(&|c| c.is_end_code())).flatten();
    let event = events.first().copied().or(event).or(code);
    // a stay in hospital is a follow-up only where there is no other
    let duration = find(&|c| c.is_measure() && (c.has("@survival") || c.is_follow_up()))
        .or_else(|| find(&|c| c.is_duration() && !c.has("@stay") && !c.has("@age")))
        .or_else(|| find(&|c| c.is_duration()));
    // rows of persons with a date each are no series
    let single = columns.iter().all(|c| !c.is_unit(rows));
    let series = time.is_some() && single && periods.saturating_mul(10) >= rows.saturating_mul(9);
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
    }
}

impl Named<'_> {
    /// True for whole numbers that stand for people, firms, schools, classes or places; a plural, as in `workers`, counts them.
    pub(super) fn is_code_of_units(&self) -> bool {
        let things = [
            "@firm",
            "@person",
            "@school",
            "@class",
            "@teacher",
            "@county",
            "@hospital",
            "@ward",
            "@store",
            "@province",
            "@region",
            "@city",
        ];
        let c = self.column;
        let counted = c.min.is_some_and(|least| least >= 0.0) && c.distinct <= MAX_LEVELS;
        let is_thing = |u: &Unit| u.options.iter().any(|(o, s)| *s >= 1.0 && things.contains(&o.as_str()));
        let of_things =
            |a: &&Alias| a.place == Place::Name && !a.units.is_empty() && a.units.iter().all(is_thing);
        let name = c.name.to_ascii_lowercase();
        let plural = name.ends_with('s') && !name.ends_with("class") || name.ends_with('数');
        c.integer_valued
            && counted
            && !plural
            && !self.is_measured()
            && self.aliases.iter().any(|a| of_things(&a))
    }
}
