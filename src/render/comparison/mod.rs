//! A comparison as a report: printed tables of the specifications side by side, the specification curve as a figure, its numbers
//! as sentences, and the estimates in full. The writers of docx, tex, pdf and xlsx are those of a run's report.

mod curve;
mod data;
mod grids;
mod said;

use std::sync::Arc;

use super::design::Design;
use super::figure::Figure;
use super::labels::Labels;
use super::report::Report;
use super::style::Style;
use super::words::pick;
use super::{Format, Language, Options, request_key, tag_of};
use crate::domain::comparison::{Column, Point, Summary, focus_of, points, summary};

pub use data::csv;
pub use said::{axis_words, caution, choice_words, status_words, summary_sentences};

/// Name of the curve among the figures of a report.
pub const CURVE: &str = "specification_curve.svg";

/// Input of a report.
pub struct Comparison<'a> {
    /// Title of the batch; none where it has none, and for other runs.
    pub title: Option<&'a str>,
    /// The specifications.
    pub columns: &'a [Column],
    /// Term or column whose estimates make the curve; none for the most frequent term.
    pub wanted: Option<&'a str>,
    /// Labels of the columns of the data: name → label.
    pub labels: Labels,
    /// When the last run ended, in seconds since 1970-01-01: files carry no other date.
    pub ended_at: i64,
}

/// What the parts of a comparison share.
struct Parts<'a> {
    columns: &'a [Column],
    focus: Option<&'a str>,
    points: Vec<Point>,
    summary: Option<Summary>,
}

impl<'a> Parts<'a> {
    fn of(comparison: &Comparison<'a>) -> Self {
        let columns = comparison.columns;
        let focus = focus_of(columns, comparison.wanted);
        let points = focus.map(|key| points(columns, key)).unwrap_or_default();
        let summary = summary(&points, columns.len());
        Self { columns, focus, points, summary }
    }
}

/// Makes the report of a comparison.
pub fn report(comparison: &Comparison<'_>, options: &Options) -> Report {
    let parts = Parts::of(comparison);
    let language = options.language;
    let labels = labels(comparison, options);
    let design = Design::default();
    let style = Style { options, labels: &labels, level: 95.0, design: &design };
    let title = comparison
        .title
        .map_or_else(|| pick(language, "Comparison of specifications", "设定比较"), str::to_owned);
    let figures: Vec<Arc<Figure>> = curve::svg(&parts, &style)
        .map(|svg| {
            Figure::new(CURVE.to_owned(), pick(language, "Specification curve", "设定曲线"), svg).into()
        })
        .into_iter()
        .collect();
    let key = request_key(Format::Png, options, &[]);
    Report {
        title,
        facts: said::facts(&parts, &style),
        findings_title: pick(language, "The curve in numbers", "曲线概要"),
        findings: match (parts.focus, parts.summary) {
            (Some(term), Some(summary)) => summary_sentences(&summary, &style.term(term), options),
            _ => Vec::new(),
        },
        grids: grids::grids(&parts, &style),
        tables: data::tables(&parts, &style),
        figures,
        flow: None,
        png_tag: tag_of(&key).to_owned(),
        notes_title: pick(language, "Notes", "说明"),
        notes: said::notes(&parts, language),
        methods_title: pick(language, "Methods", "方法"),
        methods: Vec::new(),
        decimals: options.decimals,
        language,
        has_data: false,
        ended_at: comparison.ended_at,
    }
}

/// Returns the specification curve as a standalone SVG 1.1 document; `None` where no specification has an estimate.
pub fn curve_svg(comparison: &Comparison<'_>, options: &Options) -> Option<String> {
    let labels = labels(comparison, options);
    let design = Design::default();
    curve::svg(&Parts::of(comparison), &Style { options, labels: &labels, level: 95.0, design: &design })
}

/// Returns what a reader has to know: what differs, which specifications have no results and why.
pub fn notes(comparison: &Comparison<'_>, language: Language) -> Vec<String> {
    said::notes(&Parts::of(comparison), language)
}

/// Labels of the data, with the words of the terms as the runs recorded them.
fn labels(comparison: &Comparison<'_>, options: &Options) -> Labels {
    let mut labels = comparison.labels.clone();
    labels.variables.extend(options.own_labels.clone());
    // the words of a level are recorded in English; plain names and the constant follow the language
    for row in comparison.columns.iter().flat_map(|column| &column.results) {
        let key = crate::domain::comparison::key_of(row);
        if key != row.term {
            labels.terms.entry(key.to_owned()).or_insert_with(|| key.to_owned());
        }
    }
    labels
}

/// The number of a column as it is printed.
fn number(column: &Column) -> String {
    format!("({})", column.index)
}

/// True for the Chinese form of words.
fn is_chinese(language: Language) -> bool {
    language == Language::Zh
}
