//! Content of a run's renderings: title, facts, printed tables, figures and notes, built once for all formats.

use std::sync::Arc;

use super::design::Design;
use super::facts::{facts, flow, notes, regression_notes, std_errors};
use super::figure::Figure;
use super::figure_words::in_language;
use super::findings::{Findings, findings};
use super::grid::{Align, Grid, MOST_ROWS, Printed, Row, RowKind};
use super::made_terms::weight;
use super::methods::{Section, methods};
use super::minus::sign;
use super::number::{fixed, p_value, whole_or_fixed};
use super::regression::{self, Foot, is_p};
use super::sentences::table_of;
use super::style::{NAMING, Style};
use super::table::{Cell, Table};
use super::words::{closed_up, name, pick};
use super::{Language, MOST_BYTES, Options, RenderError, Source, SourceFile};

/// A whole table with its headings, for formats that take all of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    pub title: String,
    pub heads: Vec<String>,
    pub table: Table,
}

/// Content that every format shows.
#[derive(Debug, Clone)]
pub struct Report {
    /// Title of the report, in its language.
    pub title: String,
    /// Facts in pairs: analysis, data, observations, standard errors, engine …
    pub facts: Vec<(String, String)>,
    /// Heading above the main results.
    pub findings_title: String,
    /// The main results as sentences; empty for an analysis without estimates.
    pub findings: Vec<String>,
    /// Coefficient tables in the layout of a publication, and all other tables, in the order of the run.
    pub grids: Vec<Grid>,
    /// Every table in full.
    pub tables: Vec<Whole>,
    /// Every figure, in the order of the run.
    pub figures: Vec<Arc<Figure>>,
    /// How the sample came about.
    pub flow: Option<Grid>,
    /// Part of the names of the figures' pictures, by which the LaTeX fragment finds them.
    pub png_tag: String,
    /// Heading above the notes.
    pub notes_title: String,
    /// Limits of the method and remarks on the data.
    pub notes: Vec<String>,
    /// Heading above the methods.
    pub methods_title: String,
    /// How the analysis was made, for the methods section of a paper.
    pub methods: Vec<Section>,
    /// Digits behind the decimal point.
    pub decimals: u8,
    /// Of titles, headings and notes.
    pub language: Language,
    /// True where the run wrote a data set itself.
    pub has_data: bool,
    /// Seconds since 1970-01-01, of the end of the run: files carry no other date.
    pub ended_at: i64,
}

impl Report {
    /// Returns every printed table, that of the sample last.
    pub fn printed(&self) -> impl Iterator<Item = &Grid> {
        self.grids.iter().chain(&self.flow)
    }

    /// Returns the caption of a table, counted from 1; LaTeX numbers tables itself.
    pub fn table_caption(&self, number: usize, title: &str) -> String {
        pick(self.language, &format!("Table {number}. {title}"), &format!("表 {number}　{title}"))
    }

    /// Returns the caption of a figure, counted from 1.
    pub fn figure_caption(&self, number: usize, title: &str) -> String {
        pick(self.language, &format!("Figure {number}. {title}"), &format!("图 {number}　{title}"))
    }

    /// Returns the names of the files that the report shows.
    pub fn sources(&self) -> Vec<String> {
        let tables = self.tables.iter().map(|t| t.table.file.clone());
        tables.chain(self.figures.iter().map(|f| f.file.clone())).collect()
    }
}

/// Reads the tables of a run and the design of its analysis.
fn read(source: &Source<'_>) -> Result<(Vec<Table>, Design), RenderError> {
    if source.files.iter().map(|f| f.bytes.len() as u64).sum::<u64>() > MOST_BYTES {
        return Err(RenderError::TooLarge(MOST_BYTES));
    }
    let declared = |file: &SourceFile| source.plan.contract.outputs.iter().find(|o| o.file == file.name);
    let mut tables = Vec::new();
    for file in source.files.iter().filter(|f| f.name.ends_with(".csv")) {
        tables.push(Table::read(file, declared(file))?);
    }
    let mut design = Design::of(source);
    design.base_outcome = table_of(&tables, "table_fit.csv").and_then(base_outcome);
    Ok((tables, design))
}

/// Says the main results of a run in sentences, without a report.
///
/// # Errors
/// As [`report`].
pub fn results(source: &Source<'_>, options: &Options) -> Result<Findings, RenderError> {
    let (tables, design) = read(source)?;
    let level = level_of(source, table_of(&tables, "table_fit.csv"));
    let style = Style { options, labels: &source.labels, level, design: &design };
    let mut said = findings(&tables, &style);
    let sentences = said.sentences.iter_mut().map(|finding| &mut finding.text);
    // the same sentences as in a report
    let shown = |text: &str| if options.language == Language::Zh { closed_up(text) } else { text.to_owned() };
    sentences.chain(&mut said.notes).for_each(|text| *text = shown(&sign(text)));
    Ok(said)
}

/// Makes the report of a run.
///
/// # Errors
/// [`RenderError`] where a file of the run cannot be read, or where there is more than [`MOST_BYTES`] of them.
pub fn report(source: &Source<'_>, options: &Options) -> Result<Report, RenderError> {
    let language = options.language;
    let (tables, design) = read(source)?;
    let fit = table_of(&tables, "table_fit.csv");
    let mut labels = source.labels.clone();
    labels.variables.extend(options.own_labels.clone());
    let style = Style { options, labels: &labels, level: level_of(source, fit), design: &design };
    let figures = figures(source, options)?;
    let grids = grids(source, &tables, &style);
    let findings = findings(&tables, &style).texts();
    let wholes = tables.into_iter().map(|table| whole(source, table, &style)).collect();
    let mut report = Report {
        title: title_of(source, language),
        facts: facts(source, &style),
        findings_title: pick(language, "Main results", "主要结果"),
        findings,
        grids,
        tables: wholes,
        figures,
        flow: flow(source, language),
        png_tag: super::tag_of(&super::key_of(super::Format::Png, options, &source.files)).to_owned(),
        notes_title: pick(language, "Notes", "说明"),
        notes: notes(source, language),
        methods_title: pick(language, "Methods", "方法"),
        methods: methods(source, &style),
        decimals: options.decimals,
        language,
        has_data: source.has_data,
        ended_at: source.run.ended_at.unwrap_or(source.run.started_at).timestamp(),
    };
    if language == Language::Zh {
        close_up(&mut report);
    }
    Ok(report)
}

/// Takes out the blanks between Chinese characters, which separate words in English sentences only.
fn close_up(report: &mut Report) {
    let texts = report.findings.iter_mut().chain(&mut report.notes);
    let facts = report.facts.iter_mut().map(|(_, value)| value);
    let of_grids = report.grids.iter_mut().flat_map(|grid| &mut grid.notes);
    let methods = report.methods.iter_mut().flat_map(|part| &mut part.paragraphs);
    texts.chain(facts).chain(of_grids).chain(methods).for_each(|text| *text = closed_up(text));
}

fn title_of(source: &Source<'_>, language: Language) -> String {
    let meta = source.meta.map(|m| &m.title);
    let zh = meta.and_then(|t| t.zh.clone()).filter(|_| language == Language::Zh);
    zh.or_else(|| meta.map(|t| t.en.clone())).unwrap_or_else(|| source.plan.template.title.clone())
}

/// Description of an output in words.
fn described(source: &Source<'_>, file: &str, language: Language) -> String {
    let meta = source.meta.and_then(|m| m.outputs.iter().find(|o| o.file == file));
    let zh = meta.and_then(|o| o.description_zh.clone()).filter(|_| language == Language::Zh);
    let planned = source.plan.contract.outputs.iter().find(|o| o.file == file);
    zh.or_else(|| planned.map(|o| o.description.clone()))
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| file.to_owned())
}

/// The level that the other levels of an outcome are compared with, where the table of fit names one.
fn base_outcome(fit: &Table) -> Option<String> {
    let row = (0..fit.rows.len()).find(|row| fit.cell(*row, "metric").text() == "base_outcome")?;
    match fit.cell(row, "value") {
        Cell::Number(x) => Some(whole_or_fixed(*x, 3)),
        Cell::Text(text) => Some(text.clone()),
        Cell::Missing => None,
    }
}

fn level_of(source: &Source<'_>, fit: Option<&Table>) -> f64 {
    let bound = source.plan.contract.bound.get("level").and_then(serde_json::Value::as_f64);
    let stated = fit.and_then(|t| {
        (0..t.rows.len())
            .find(|row| t.cell(*row, "metric").text() == "level")
            .and_then(|row| t.cell(row, "value").number())
    });
    bound.or(stated).unwrap_or(95.0)
}

fn figures(source: &Source<'_>, options: &Options) -> Result<Vec<Arc<Figure>>, RenderError> {
    let (language, width_mm) = (options.language, options.figure_width_mm);
    let svgs = source.files.iter().filter(|f| f.name.ends_with(".svg"));
    svgs.map(|file| {
        let svg = String::from_utf8(file.bytes.clone()).map_err(|_| RenderError::Figure {
            file: file.name.clone(),
            reason: "it is not UTF-8".to_owned(),
        })?;
        let svg = in_language(svg, language, |text| source.labels.is_of_data(text));
        Ok(Figure::new(file.name.clone(), described(source, &file.name, language), svg).wide(width_mm).into())
    })
    .collect()
}

fn grids(source: &Source<'_>, tables: &[Table], style: &Style<'_>) -> Vec<Grid> {
    let language = style.options.language;
    let observations = source.run.metrics.get("n_used").and_then(serde_json::Value::as_f64);
    let fit = tables.iter().find(|t| t.file == "table_fit.csv");
    let comparison = tables.iter().find(|t| {
        t.position("model").is_some() && t.position("n").is_some() && !regression::is_coefficients(t)
    });
    let mut fit_used = false;
    let mut grids = Vec::new();
    for table in tables {
        let first = !fit_used;
        let foot = if first { Foot { fit, comparison, observations, main: true } } else { Foot::default() };
        let grid = match regression::grid(table, foot, style) {
            Some(mut grid) => {
                fit_used |= first;
                grid.notes = regression_notes(source, table, first, style);
                grid
            }
            None => plain(table, style),
        };
        // The first coefficient table is the result itself; the name of the analysis stands above the report.
        let is_result = fit_used && first;
        // without ratios the description alone says on which scale the estimates are
        let duration = style.design.duration.as_deref().filter(|_| regression::ratio_of(table).is_some());
        let response = style.design.outcome.as_deref().or(duration);
        let title = match response.filter(|_| is_result) {
            Some(response) => {
                let words = style.variable(response);
                pick(language, &format!("Estimates for {words}"), &closed_up(&format!("{words} 的估计结果")))
            }
            None => described(source, &table.file, language),
        };
        grids.push((table.file.clone(), Grid { title, ..grid }));
    }
    // What stands at the foot of the first coefficient table is not printed twice.
    // a reader wants the results before the steps that lead to them
    grids.sort_by_key(|(_, grid)| !grid.estimates && grid.rows.len() > LONG_TABLE);
    let shown_at_foot = |file: &str| fit_used && file == "table_fit.csv" && is_single(&grids);
    let drop = shown_at_foot("table_fit.csv");
    grids.into_iter().filter(|(file, _)| !(drop && file == "table_fit.csv")).map(|(_, grid)| grid).collect()
}

/// Rows above which a table that is none of estimates stands after the shorter ones.
const LONG_TABLE: usize = 40;

/// True if the first coefficient table shows one model, whose fit is at its foot.
fn is_single(grids: &[(String, Grid)]) -> bool {
    grids.iter().find(|(_, g)| g.estimates).is_some_and(|(_, g)| {
        g.rows
            .iter()
            .filter(|r| r.kind == RowKind::Under)
            .all(|r| r.cells.iter().filter(|c| !c.text.is_empty()).count() == 1)
    })
}

/// The words for a number that stands for something: a level, a period.
fn stands_for(table: &Table, row: usize, j: usize, style: &Style<'_>) -> Option<String> {
    let x = table.rows[row][j].number()?;
    let column = table.columns[j].name.as_str();
    match (column, table.cell(row, "metric").text()) {
        ("value", "base_outcome") => Some(style.outcome_level(&style.number(x))),
        // periods after the data are no times of it
        ("period", _) if table.position("step").is_some() => style.numbered_period(x),
        _ => style.code(column, x),
    }
}

fn words_of(table: &Table, row: usize, j: usize, style: &Style<'_>) -> String {
    let cell = &table.rows[row][j];
    let column = &table.columns[j];
    if let Some(words) = stands_for(table, row, j, style) {
        return words;
    }
    match cell {
        Cell::Missing => String::new(),
        Cell::Text(text) if column.name == "term" => style.term(text),
        Cell::Text(text) if NAMING.contains(&column.name.as_str()) && table.position("label").is_some() => {
            text.clone()
        }
        Cell::Text(text) => match (column.name.as_str(), table.cell(row, "metric").text()) {
            ("note", "std_errors") => std_errors(text, style),
            ("note", "weight_kind") => weight(text, style),
            ("metric", "level") => pick(style.options.language, "Confidence level, %", "置信水平（%）"),
            (name, _) => style.cell(name, text),
        },
        Cell::Number(x) if is_p(&column.name) || is_p(table.cell(row, "metric").text()) => {
            p_value(*x, style.options.decimals)
        }
        Cell::Number(x) if column.kind == "integer" => whole_or_fixed(*x, style.options.decimals),
        Cell::Number(x) => {
            let mixed = matches!(column.name.as_str(), "value" | "statistic");
            let whole = table.rows.iter().filter_map(|r| r[j].number()).all(|x| x.fract() == 0.0);
            if whole || mixed { style.number(*x) } else { fixed(*x, style.options.decimals) }
        }
    }
}

fn heading(table: &Table, j: usize, style: &Style<'_>) -> String {
    let column = &table.columns[j];
    let words = name(&column.name, style.options.language);
    match &column.unit {
        Some(unit) if !unit.is_empty() => format!("{words} ({unit})"),
        _ => words,
    }
}

/// A table as it is: every column with a value, numbers rounded.
fn plain(table: &Table, style: &Style<'_>) -> Grid {
    let shown: Vec<usize> = (0..table.columns.len()).filter(|j| !table.is_blank(*j)).collect();
    let is_text = |j: &usize| table.rows.iter().all(|row| row[*j].number().is_none());
    let printed = |row: usize, j: usize| {
        let text = words_of(table, row, j, style);
        match table.rows[row][j] {
            Cell::Number(x) if stands_for(table, row, j, style).is_none() => Printed::number(x, text),
            _ => text.into(),
        }
    };
    let rows = (0..table.rows.len().min(MOST_ROWS))
        .map(|row| Row::new(RowKind::Body, shown.iter().map(|j| printed(row, *j)).collect()));
    let mut notes = Vec::new();
    if table.rows.len() > MOST_ROWS {
        let all = table.rows.len();
        notes.push(pick(
            style.options.language,
            &format!("The first {MOST_ROWS} of {all} rows; all are in {}.", table.file),
            &format!("仅列出前 {MOST_ROWS} 行，共 {all} 行；完整结果见 {}。", table.file),
        ));
    }
    Grid {
        title: String::new(),
        over: String::new(),
        estimates: false,
        head: shown.iter().map(|j| heading(table, *j, style)).collect(),
        align: shown.iter().map(|j| if is_text(j) { Align::Left } else { Align::Right }).collect(),
        rows: rows.collect(),
        notes,
    }
}

fn whole(source: &Source<'_>, table: Table, style: &Style<'_>) -> Whole {
    let heads = (0..table.columns.len()).map(|j| heading(&table, j, style)).collect();
    let mut named = table.clone();
    for (i, row) in named.rows.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            if let Cell::Text(_) = cell {
                *cell = Cell::Text(words_of(&table, i, j, style));
            }
        }
    }
    Whole { title: described(source, &table.file, style.options.language), heads, table: named }
}
