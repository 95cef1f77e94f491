//! Collections of results ([TABLES] Intro 2): items with tags, their labels and styles, and the tables that a layout makes of
//! them. `collect` is in `documents::collect`; `table`, `dtable` and `etable` fill collections of their own.

mod cells;
mod factor_levels;
mod file;
mod gather;
mod headers;
mod items;
mod labels;
mod layout;
mod named;
mod sheet;
mod stars;
mod styles;
mod terms;

pub(crate) use factor_levels::{level_of, mark_of};
pub(crate) use file::{from_json, to_json};
pub(crate) use gather::{Source, evaluated, gather, gather_named, label_variables};
pub(crate) use items::{Collection, Content, Item, Mark, Tags, matches_any};
pub(crate) use layout::{Entry, Grid, Layout, Outcome};
pub(crate) use named::Collections;
pub(crate) use sheet::Sheet;
pub(crate) use stars::Stars;
pub(crate) use styles::{
    CellRule, Duplicates, HeaderRule, LevelHeader, SamplePlace, ShowBase, Styles, TitleHeader,
};
pub(crate) use terms::{Choice, Term, tags_of, terms_of};
