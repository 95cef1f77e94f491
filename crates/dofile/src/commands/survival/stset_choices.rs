//! `if()`, `ever()`, `never()`, `after()` and `before()` of `stset`: which records of a subject are used. They act when the
//! times of all records are known, unlike `if exp` ([ST] stset).

use crate::error::Result;
use crate::estimation::survival::Settings;
use crate::expr::{Compiled, EvalCtx};
use crate::session::Session;

/// Options about a subject's history, in the order of [`Settings::choices`].
pub(super) const NAMES: [&str; 4] = ["ever", "never", "after", "before"];

/// The conditions of a declaration.
pub(super) struct Choices {
    record: Option<Compiled>,
    history: Vec<(usize, Compiled)>,
}

/// What leaves a record out: `if()`, or an option of [`NAMES`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Record,
    History(usize),
}

impl Choices {
    pub(super) fn of(s: &Session, settings: &Settings) -> Result<Self> {
        let compiled = |text: &String| match text.as_str() {
            "" => Ok(None),
            text => s.compile(text).map(Some),
        };
        let mut history = Vec::new();
        for (at, text) in settings.choices.iter().enumerate() {
            history.extend(compiled(text)?.map(|c| (at, c)));
        }
        Ok(Self { record: compiled(&settings.condition)?, history })
    }

    /// For each record of a subject, in order of time, what leaves it out.
    pub(super) fn of_subject(&self, ctx: &EvalCtx<'_>, records: &[usize]) -> Vec<Option<By>> {
        let mut out: Vec<Option<By>> = records
            .iter()
            .map(|i| self.record.as_ref().filter(|c| !c.holds(ctx, *i)).map(|_| By::Record))
            .collect();
        for (option, condition) in &self.history {
            let first = records.iter().position(|i| condition.holds(ctx, *i));
            for (at, why) in out.iter_mut().enumerate() {
                let used = match *option {
                    0 => first.is_some(),
                    1 => first.is_none(),
                    2 => first.is_some_and(|first| at >= first),
                    _ => first.is_none_or(|first| at < first),
                };
                if !used && why.is_none() {
                    *why = Some(By::History(*option));
                }
            }
        }
        out
    }
}
