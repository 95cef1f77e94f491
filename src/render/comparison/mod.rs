//! A comparison as a report: printed tables of the specifications side by side, the specification curve as a figure, its numbers
//! as sentences, and the estimates in full. The writers of docx, tex, pdf and xlsx are those of a run's report.

mod curve;
mod data;
mod grids;
mod said;

use std::collections::HashMap;
use std::sync::Arc;

use super::design::Design;
use super::figure::Figure;
use super::labels::Labels;
use super::report::Report;
use super::style::Style;
use super::words::pick;
use super::{Format, Language, Options, request_key, tag_of};
use crate::domain::comparison::{Column, Point, RowName, Summary, focus_of, key_of, points, summary};

pub use data::csv;
pub use said::{axis_words, caution, choice_words, status_words};

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
        findings: said::sentences(&parts, &style),
        grids: grids::grids(&parts, &style),
        tables: data::tables(&parts, &style),
        figures,
        flow: None,
        png_tag: tag_of(&key).to_owned(),
        notes_title: pick(language, "Notes", "说明"),
        notes: said::notes(&parts, &style),
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

/// A comparison in words.
pub struct Words {
    /// The curve in sentences.
    pub sentences: Vec<String>,
    /// What a reader has to know: what differs, which runs warn, which specifications have no results and why.
    pub notes: Vec<String>,
    /// Labels of the data, with the words of every row.
    pub labels: Labels,
}

/// Returns a comparison in words.
pub fn words(comparison: &Comparison<'_>, options: &Options) -> Words {
    let parts = Parts::of(comparison);
    let labels = labels(comparison, options);
    let design = Design::default();
    let style = Style { options, labels: &labels, level: 95.0, design: &design };
    let (sentences, notes) = (said::sentences(&parts, &style), said::notes(&parts, &style));
    Words { sentences, notes, labels }
}

/// Labels of the data, with the words of the rows of all columns.
fn labels(comparison: &Comparison<'_>, options: &Options) -> Labels {
    let (mut labels, language) = (comparison.labels.clone(), options.language);
    labels.variables.extend(options.own_labels.clone());
    let mut terms = HashMap::new();
    for column in comparison.columns {
        for (at, (key, row)) in column.rows().enumerate() {
            // the words of a level are recorded in English; plain names and the constant follow the language
            let own = key_of(row);
            if key == row.term {
                continue;
            }
            let words = if own == row.term { labels.estimate("term", own, language) } else { own.to_owned() };
            let words =
                column.names.get(at).map_or_else(|| words.clone(), |name| row_words(name, &words, language));
            terms.entry(key.to_owned()).or_insert(words);
        }
    }
    labels.terms.extend(terms);
    labels
}

/// The words of a row: those of its term, its model, and its reference category where that is not the same everywhere.
fn row_words(name: &RowName, term: &str, language: Language) -> String {
    let of = name.of.as_deref().map(|of| pick(language, &format!(" [{of}]"), &format!("〔{of}〕")));
    let base = name.against.as_deref();
    let base = base.map(|base| pick(language, &format!(" (against {base})"), &format!("（对照：{base}）")));
    std::iter::once(term.to_owned()).chain(of).chain(base).collect()
}

/// The number of a column as it is printed.
fn number(column: &Column) -> String {
    format!("({})", column.index)
}

/// True for the Chinese form of words.
fn is_chinese(language: Language) -> bool {
    language == Language::Zh
}
