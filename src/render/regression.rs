//! Coefficient tables in the layout of a publication: estimates with standard errors in parentheses below, one
//! column for each model, controls below the variables of the question. The foot is made in `regression_foot`.

use std::collections::{BTreeSet, HashMap};

use super::grid::{Align, Grid, Printed, Row, RowKind, Value};
use super::made_terms;
use super::number::{fixed, p_value, stars, whole_or_fixed};
use super::regression_extras::{cells as extra_cells, extras, has, heads, outcome_words, shared_words};
use super::regression_foot::{foot_of_models, foot_of_one};
use super::style::Style;
use super::table::{Cell, Table};
use super::words::{name, pick};
use crate::domain::run::RATIOS;

/// Most models side by side; more are printed one below the other.
const MOST_MODELS: usize = 6;

/// Columns that tell models apart.
const MODELS: [&str; 3] = ["model", "outcome", "prediction"];

/// The size and fit of models: for one model the fit table, for several the table of comparison.
#[derive(Clone, Copy, Default)]
pub(super) struct Foot<'a> {
    pub fit: Option<&'a Table>,
    pub comparison: Option<&'a Table>,
    /// Number of observations, where neither says it.
    pub observations: Option<f64>,
    /// True for the table of the main model, whose fixed effects are named.
    pub main: bool,
}

/// True for tables of terms with estimates and standard errors.
pub(super) fn is_coefficients(table: &Table) -> bool {
    term_column(table).is_some()
        && ["estimate", "std_error"].iter().all(|column| table.position(column).is_some())
}

pub(super) fn term_column(table: &Table) -> Option<usize> {
    table.position("term").or_else(|| table.position("relative_period"))
}

/// One estimate of a table.
struct Entry {
    model: String,
    equation: String,
    term: String,
    row: usize,
}

/// Lays out a coefficient table. `None` where it is none, or where its rows cannot be distinguished by model,
/// equation and term: it is then printed as it is.
pub(super) fn grid(table: &Table, foot: Foot<'_>, style: &Style<'_>) -> Option<Grid> {
    if !is_coefficients(table) || table.rows.is_empty() {
        return None;
    }
    let entries = entries(table, style)?;
    let models = in_order(entries.iter().map(|e| e.model.as_str()));
    let mut seen = BTreeSet::new();
    if models.len() > MOST_MODELS || !entries.iter().all(|e| seen.insert((&e.model, &e.equation, &e.term))) {
        return None;
    }
    Some(match models.as_slice() {
        [_] => one_model(table, &entries, foot, style),
        _ => side_by_side(table, &entries, &models, foot, style),
    })
}

/// Reads model, equation and term of each row.
fn entries(table: &Table, style: &Style<'_>) -> Option<Vec<Entry>> {
    let term = term_column(table)?;
    let varies = |j: usize| table.rows.iter().any(|row| row[j] != table.rows[0][j]);
    let equation = table.position("equation");
    let ids: Vec<usize> = (0..term).filter(|j| Some(*j) != equation && varies(*j)).collect();
    let model = match ids.as_slice() {
        [] => None,
        [one] if MODELS.contains(&table.columns[*one].name.as_str()) => Some(*one),
        _ => return None,
    };
    // Several equations with the same terms are models of their own.
    let (model, equation) = match (model, equation.filter(|j| varies(*j))) {
        (None, Some(equation)) if shares_terms(table, equation, term) => (Some(equation), None),
        (model, equation) => (model, equation.filter(|e| model.is_none_or(|m| splits(table, m, *e)))),
    };
    let text = |row: &[Cell], j: usize| match &row[j] {
        Cell::Text(text) => text.clone(),
        Cell::Number(x) => whole_or_fixed(*x, style.options.decimals),
        Cell::Missing => String::new(),
    };
    let entry = |(row, cells): (usize, &Vec<Cell>)| Entry {
        model: model.map_or_else(String::new, |j| text(cells, j)),
        equation: equation.map_or_else(String::new, |j| text(cells, j)),
        term: text(cells, term),
        row,
    };
    Some(table.rows.iter().enumerate().map(entry).collect())
}

/// True if a model has more than one equation.
fn splits(table: &Table, model: usize, equation: usize) -> bool {
    let mut first: HashMap<String, &Cell> = HashMap::new();
    table.rows.iter().any(|row| {
        let known = first.entry(format!("{:?}", row[model])).or_insert(&row[equation]);
        **known != row[equation]
    })
}

/// True if the equations have most of their terms in common.
fn shares_terms(table: &Table, equation: usize, term: usize) -> bool {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let equations: BTreeSet<&str> = table.rows.iter().map(|row| row[equation].text()).collect();
    for row in &table.rows {
        *counts.entry(row[term].text()).or_default() += 1;
    }
    let shared = counts.values().filter(|n| **n == equations.len()).count();
    equations.len() <= MOST_MODELS && shared * 2 > counts.len()
}

fn in_order<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for text in texts {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// What a list of terms is printed as.
enum Line<'a> {
    /// A heading over the lines that are set in.
    Group(String),
    /// A term; true if it is set in.
    Term(&'a str, bool),
}

/// The terms of an equation as they are printed, and whether effects of periods are left out: the variables of the
/// question, the controls, the constant.
fn arranged<'a>(terms: &[&'a str], style: &Style<'_>) -> (Vec<Line<'a>>, bool) {
    let is_period = |term: &&&str| style.design.is_period(term);
    // One effect of a period is a result; a series of them is the fixed effects of time.
    let drops = terms.iter().filter(is_period).count() > 1 && !terms.iter().all(|t| is_period(&t));
    let shown: Vec<&str> = terms.iter().filter(|t| !(drops && is_period(t))).copied().collect();
    let is_constant = |term: &&str| *term == "_cons";
    let (constants, others): (Vec<&str>, Vec<&str>) = shown.into_iter().partition(is_constant);
    let (controls, focal): (Vec<&str>, Vec<&str>) = others.iter().partition(|t| style.design.is_control(t));
    let mut lines: Vec<Line<'a>> = Vec::new();
    // Terms of another role keep their place, so that blocks of a model stay in their order.
    if controls.is_empty() || focal.is_empty() || !focal.iter().all(|t| style.design.has_focal(t)) {
        lines.extend(others.into_iter().map(|t| Line::Term(t, false)));
    } else {
        lines.extend(focal.into_iter().map(|t| Line::Term(t, false)));
        lines.push(Line::Group(pick(style.options.language, "Controls", "控制变量")));
        lines.extend(controls.into_iter().map(|t| Line::Term(t, true)));
    }
    lines.extend(constants.into_iter().map(|t| Line::Term(t, false)));
    (lines, drops)
}

fn estimate(table: &Table, row: usize, style: &Style<'_>) -> Printed {
    match table.cell(row, "estimate").number() {
        Some(x) => {
            let marks = if style.options.stars { stars(table.cell(row, "p_value").number()) } else { "" };
            let note = match table.cell(row, "note").text() {
                "base" => pick(style.options.language, " (base)", "（基期）"),
                _ => String::new(),
            };
            Printed::number(x, format!("{}{marks}{note}", fixed(x, style.options.decimals)))
        }
        None => Printed::from(match table.cell(row, "note").text() {
            "" => String::new(),
            "omitted" => pick(style.options.language, "(omitted)", "（省略）"),
            note => format!("({})", style.cell("note", note)),
        }),
    }
}

fn std_error(table: &Table, row: usize, style: &Style<'_>) -> Option<Printed> {
    let se = table.cell(row, "std_error").number()?;
    Some(Printed::number(se, format!("({})", fixed(se, style.options.decimals))))
}

fn interval(table: &Table, row: usize, low: &str, high: &str, style: &Style<'_>) -> Printed {
    match (table.cell(row, low).number(), table.cell(row, high).number()) {
        (Some(low), Some(high)) => {
            let digits = |x| fixed(x, style.options.decimals);
            let text = format!("[{}, {}]", digits(low), digits(high));
            Printed { text, value: Value::Interval(low, high) }
        }
        _ => Printed::default(),
    }
}

fn p_of(table: &Table, row: usize, style: &Style<'_>) -> Printed {
    let p = table.cell(row, "p_value").number();
    p.map_or_else(Printed::default, |p| Printed::number(p, p_value(p, style.options.decimals)))
}

fn term_words(table: &Table, term: &str, style: &Style<'_>) -> String {
    if table.position("term").is_some() { style.row_of_term(term) } else { term.to_owned() }
}

fn head_of_terms(table: &Table, style: &Style<'_>) -> String {
    if table.position("term").is_some() {
        String::new()
    } else {
        name("relative_period", style.options.language)
    }
}

/// A row with words in its first cell and, if any, a cell in its second.
fn row_of(kind: RowKind, words: String, second: Option<Printed>, width: usize) -> Row {
    let mut cells = vec![Printed::default(); width];
    cells[0] = words.into();
    if let Some(second) = second {
        cells[1] = second;
    }
    Row::new(kind, cells)
}

/// Makes the table of the rows: the first column is of words, the others have the heading `over`.
fn assembled(table: &Table, head: Vec<String>, rows: Vec<Row>, style: &Style<'_>) -> Grid {
    let align = std::iter::once(Align::Left).chain(vec![Align::Center; head.len() - 1]).collect();
    let over = outcome_of(table, style).unwrap_or_default();
    Grid { title: String::new(), over, head, align, rows, notes: Vec::new(), estimates: true }
}

/// The outcome of all rows, where the table names it and it is the outcome of the plan.
fn outcome_of(table: &Table, style: &Style<'_>) -> Option<String> {
    let outcome = style.design.outcome.as_deref()?;
    let is_named = table.position("equation").is_some() || table.position("model").is_some();
    let same = |row: usize| {
        matches!(table.cell(row, "equation").text(), "" | "model")
            || table.cell(row, "equation").text() == outcome
    };
    let words = style.variable(outcome);
    (is_named && (0..table.rows.len()).all(same)).then(|| outcome_words(&words, style))
}

/// The column with the ratios of a table, if it has any.
pub(super) fn ratio_of(table: &Table) -> Option<&'static str> {
    RATIOS.into_iter().find(|r| table.position(r).is_some_and(|j| !table.is_blank(j)))
}

/// Estimate, interval and p of one model.
fn one_model(table: &Table, entries: &[Entry], foot: Foot<'_>, style: &Style<'_>) -> Grid {
    let language = style.options.language;
    let ratio = ratio_of(table);
    let (low, high) = ratio
        .map_or(("ci_low".to_owned(), "ci_high".to_owned()), |r| (format!("{r}_low"), format!("{r}_high")));
    let (intervals, p_values) = (
        style.options.intervals.unwrap_or(true) && has(table, &low),
        style.options.p_values.unwrap_or(true) && has(table, "p_value"),
    );
    let others = extras(table);
    let mut head = vec![head_of_terms(table, style)];
    // next to a ratio it must be clear which number is on which scale, and whose the interval is
    match ratio.map(|r| made_terms::ratio(r, style)) {
        None => {
            head.push(name("estimate", language));
            head.extend(intervals.then(|| style.interval_words()));
        }
        Some(ratio) => {
            let interval = style.interval_words();
            head.push(pick(language, "Estimate (log)", "估计值（对数）"));
            head.push(ratio.clone());
            let of_ratio =
                || pick(language, &format!("{ratio}, {interval}"), &format!("{ratio}的 {interval}"));
            head.extend(intervals.then(of_ratio));
        }
    }
    head.extend(p_values.then(|| name("p_value", language)));
    head.extend(heads(table, &others, style));
    let width = head.len();
    let (mut rows, mut periods) = (Vec::new(), false);
    let equations = in_order(entries.iter().map(|e| e.equation.as_str()));
    for equation in &equations {
        if equations.len() > 1 {
            rows.push(row_of(RowKind::Group, style.cell("equation", equation), None, width));
        }
        let of_equation = || entries.iter().filter(|e| e.equation == *equation);
        let terms: Vec<&str> = of_equation().map(|e| e.term.as_str()).collect();
        let (lines, drops) = arranged(&terms, style);
        periods |= drops;
        for line in lines {
            let (term, inset) = match line {
                Line::Group(words) => {
                    rows.push(row_of(RowKind::Group, words, None, width));
                    continue;
                }
                Line::Term(term, inset) => (term, inset),
            };
            for entry in of_equation().filter(|e| e.term == term) {
                let mut cells =
                    vec![term_words(table, term, style).into(), estimate(table, entry.row, style)];
                if let Some(r) = ratio {
                    let shown = table.cell(entry.row, r).number();
                    cells.push(shown.map_or_else(Printed::default, |x| {
                        Printed::number(x, fixed(x, style.options.decimals))
                    }));
                }
                cells.extend(intervals.then(|| interval(table, entry.row, &low, &high, style)));
                cells.extend(p_values.then(|| p_of(table, entry.row, style)));
                cells.extend(extra_cells(table, &others, entry.row, style));
                rows.push(Row { kind: RowKind::Body, inset, cells });
                if let Some(se) = std_error(table, entry.row, style) {
                    rows.push(row_of(RowKind::Under, String::new(), Some(se), width));
                }
            }
        }
    }
    foot_of_one(&mut rows, foot, periods, width, style);
    assembled(table, head, rows, style)
}

/// Models in columns.
fn side_by_side(
    table: &Table,
    entries: &[Entry],
    models: &[&str],
    foot: Foot<'_>,
    style: &Style<'_>,
) -> Grid {
    let outcome = table.position("outcome").is_some();
    let model_words = |model: &str| if outcome { style.outcome_level(model) } else { style.model(model) };
    let mut head = vec![head_of_terms(table, style)];
    head.extend(models.iter().map(|m| model_words(m)));
    let shared = outcome.then(|| shared_words(&mut head, style)).flatten();
    let equations = in_order(entries.iter().map(|e| e.equation.as_str()));
    let (mut rows, mut periods) = (Vec::new(), false);
    for equation in &equations {
        if equations.len() > 1 {
            rows.push(row_of(RowKind::Group, style.cell("equation", equation), None, head.len()));
        }
        let of_equation = || entries.iter().filter(|e| e.equation == *equation);
        let terms = in_order(of_equation().map(|e| e.term.as_str()));
        let (lines, drops) = arranged(&terms, style);
        periods |= drops;
        for line in lines {
            match line {
                Line::Group(words) => rows.push(row_of(RowKind::Group, words, None, head.len())),
                Line::Term(term, inset) => {
                    let of_model = |model: &&str| {
                        of_equation().find(|e| e.model == *model && e.term == term).map(|e| e.row)
                    };
                    let found: Vec<Option<usize>> = models.iter().map(of_model).collect();
                    rows.extend(term_rows(table, term, inset, &found, style));
                }
            }
        }
    }
    foot_of_models(&mut rows, models, foot, periods, style);
    let grid = assembled(table, head, rows, style);
    Grid { over: shared.unwrap_or(grid.over.clone()), ..grid }
}

/// The rows of a term in models side by side: estimates, standard errors, and on request intervals and p.
fn term_rows(table: &Table, term: &str, inset: bool, found: &[Option<usize>], style: &Style<'_>) -> Vec<Row> {
    let line = |cell: &dyn Fn(usize) -> Printed| -> Vec<Printed> {
        found.iter().map(|row| row.map_or_else(Printed::default, cell)).collect()
    };
    let under = |cell: &dyn Fn(usize) -> Printed| -> Option<Row> {
        let cells = line(cell);
        let words = std::iter::once(Printed::default());
        let is_empty = cells.iter().all(|c| c.text.is_empty());
        (!is_empty).then(|| Row::new(RowKind::Under, words.chain(cells).collect()))
    };
    let words = Printed::from(term_words(table, term, style));
    let estimates = line(&|row| estimate(table, row, style));
    let cells = std::iter::once(words).chain(estimates).collect();
    let mut rows = vec![Row { kind: RowKind::Body, inset, cells }];
    rows.extend(under(&|row| std_error(table, row, style).unwrap_or_default()));
    if style.options.intervals == Some(true) {
        rows.extend(under(&|row| interval(table, row, "ci_low", "ci_high", style)));
    }
    if style.options.p_values == Some(true) {
        rows.extend(under(&|row| {
            let p = p_of(table, row, style);
            let text = match p.text.strip_prefix('<') {
                _ if p.text.is_empty() => String::new(),
                Some(rest) => format!("p < {rest}"),
                None => format!("p = {}", p.text),
            };
            Printed { text, ..p }
        }));
    }
    rows
}

/// True for names of p-values; `r2_p` is the pseudo R².
pub(super) fn is_p(name: &str) -> bool {
    name == "p" || name.starts_with("p_") || (name.ends_with("_p") && !name.contains("r2"))
}
