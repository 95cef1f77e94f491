//! Coefficient tables in the layout of a publication: estimates with standard errors in parentheses below, one
//! column for each model, the size and fit of the models at the foot.

use std::collections::{BTreeSet, HashMap};

use super::grid::{Align, Grid, Row, RowKind};
use super::number::{fixed, p_value, stars, whole_or_fixed};
use super::report::Style;
use super::table::{Cell, Table};
use super::words::{name, pick};

/// Most models side by side; more are printed one below the other.
const MOST_MODELS: usize = 6;

/// Columns with a ratio next to the coefficient; the limits have `_low` and `_high` behind the name.
const RATIOS: [&str; 5] = ["odds_ratio", "hazard_ratio", "irr", "rrr", "ratio"];

/// Columns that tell models apart.
const MODELS: [&str; 3] = ["model", "outcome", "prediction"];

/// The size and fit of models: for one model the fit table, for several the table of comparison.
#[derive(Clone, Copy, Default)]
pub(super) struct Foot<'a> {
    pub fit: Option<&'a Table>,
    pub comparison: Option<&'a Table>,
    /// Number of observations, where neither says it.
    pub observations: Option<f64>,
}

/// True for tables of terms with estimates and standard errors.
pub(super) fn is_coefficients(table: &Table) -> bool {
    term_column(table).is_some()
        && ["estimate", "std_error"].iter().all(|column| table.position(column).is_some())
}

fn term_column(table: &Table) -> Option<usize> {
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

fn estimate(table: &Table, row: usize, style: &Style<'_>) -> String {
    match table.cell(row, "estimate").number() {
        Some(x) => {
            let marks = if style.options.stars { stars(table.cell(row, "p_value").number()) } else { "" };
            let note = match table.cell(row, "note").text() {
                "base" => pick(style.options.language, " (base)", "（基期）"),
                _ => String::new(),
            };
            format!("{}{marks}{note}", fixed(x, style.options.decimals))
        }
        None => match table.cell(row, "note").text() {
            "" => String::new(),
            "omitted" => pick(style.options.language, "(omitted)", "（省略）"),
            note => format!("({note})"),
        },
    }
}

fn std_error(table: &Table, row: usize, style: &Style<'_>) -> Option<String> {
    table.cell(row, "std_error").number().map(|se| format!("({})", fixed(se, style.options.decimals)))
}

fn interval(table: &Table, row: usize, low: &str, high: &str, style: &Style<'_>) -> String {
    match (table.cell(row, low).number(), table.cell(row, high).number()) {
        (Some(low), Some(high)) => {
            format!("[{}, {}]", fixed(low, style.options.decimals), fixed(high, style.options.decimals))
        }
        _ => String::new(),
    }
}

fn term_words(table: &Table, term: &str, style: &Style<'_>) -> String {
    if table.position("term").is_some() { style.term(term) } else { term.to_owned() }
}

fn head_of_terms(table: &Table, style: &Style<'_>) -> String {
    if table.position("term").is_some() {
        String::new()
    } else {
        name("relative_period", style.options.language)
    }
}

/// Estimate, interval and p of one model.
fn one_model(table: &Table, entries: &[Entry], foot: Foot<'_>, style: &Style<'_>) -> Grid {
    let language = style.options.language;
    let ratio = RATIOS.into_iter().find(|r| table.position(r).is_some_and(|j| !table.is_blank(j)));
    let (low, high) = ratio
        .map_or(("ci_low".to_owned(), "ci_high".to_owned()), |r| (format!("{r}_low"), format!("{r}_high")));
    let mut head = vec![head_of_terms(table, style), name("estimate", language)];
    head.extend(ratio.map(|r| name(r, language)));
    head.push(style.interval_words());
    head.push(name("p_value", language));
    let mut rows = Vec::new();
    let equations = in_order(entries.iter().map(|e| e.equation.as_str()));
    for equation in &equations {
        if equations.len() > 1 {
            rows.push(group_row(style.variable(equation), head.len()));
        }
        for entry in entries.iter().filter(|e| e.equation == *equation) {
            let mut cells = vec![term_words(table, &entry.term, style), estimate(table, entry.row, style)];
            if let Some(r) = ratio {
                let shown = table.cell(entry.row, r).number();
                cells.push(shown.map_or_else(String::new, |x| fixed(x, style.options.decimals)));
            }
            cells.push(interval(table, entry.row, &low, &high, style));
            let p = table.cell(entry.row, "p_value").number();
            cells.push(p.map_or_else(String::new, |p| p_value(p, style.options.decimals)));
            rows.push(Row { kind: RowKind::Body, cells });
            if let Some(se) = std_error(table, entry.row, style) {
                let mut cells = vec![String::new(); head.len()];
                cells[1] = se;
                rows.push(Row { kind: RowKind::Under, cells });
            }
        }
    }
    foot_of_one(&mut rows, foot, head.len(), style);
    let align = std::iter::once(Align::Left).chain(vec![Align::Right; head.len() - 1]).collect();
    Grid { title: String::new(), head, align, rows, notes: Vec::new() }
}

fn group_row(words: String, width: usize) -> Row {
    let mut cells = vec![String::new(); width];
    cells[0] = words;
    Row { kind: RowKind::Group, cells }
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
    let keys = {
        let mut keys: Vec<(&str, &str)> = Vec::new();
        for entry in entries {
            let key = (entry.equation.as_str(), entry.term.as_str());
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        // The constant of a longer model may come before its further terms.
        let (constants, terms): (Vec<_>, Vec<_>) = keys.into_iter().partition(|(_, t)| *t == "_cons");
        terms.into_iter().chain(constants).collect::<Vec<_>>()
    };
    let equations = in_order(keys.iter().map(|(equation, _)| *equation));
    let mut rows = Vec::new();
    for equation in &equations {
        if equations.len() > 1 {
            rows.push(group_row(style.variable(equation), head.len()));
        }
        for (_, term) in keys.iter().filter(|(e, _)| e == equation) {
            let mut cells = vec![term_words(table, term, style)];
            let mut below = vec![String::new()];
            for model in models {
                let found =
                    entries.iter().find(|e| e.model == *model && e.equation == *equation && e.term == *term);
                cells.push(found.map_or_else(String::new, |e| estimate(table, e.row, style)));
                below.push(found.and_then(|e| std_error(table, e.row, style)).unwrap_or_default());
            }
            rows.push(Row { kind: RowKind::Body, cells });
            if below.iter().any(|t| !t.is_empty()) {
                rows.push(Row { kind: RowKind::Under, cells: below });
            }
        }
    }
    foot_of_models(&mut rows, models, foot, style);
    let align = std::iter::once(Align::Left).chain(vec![Align::Right; head.len() - 1]).collect();
    Grid { title: String::new(), head, align, rows, notes: Vec::new() }
}

/// Pushes a row of the foot; the first one has a rule above.
fn push_foot(rows: &mut Vec<Row>, first: &mut bool, cells: Vec<String>) {
    rows.push(Row { kind: if *first { RowKind::Foot } else { RowKind::Body }, cells });
    *first = false;
}

fn foot_of_one(rows: &mut Vec<Row>, foot: Foot<'_>, width: usize, style: &Style<'_>) {
    let mut first = true;
    let mut push = |words: String, value: String| {
        let mut cells = vec![String::new(); width];
        (cells[0], cells[1]) = (words, value);
        push_foot(rows, &mut first, cells);
    };
    let language = style.options.language;
    let mut counted = false;
    if let Some(fit) = foot.fit {
        for row in 0..fit.rows.len() {
            let metric = fit.cell(row, "metric").text();
            let Some(value) = fit.cell(row, "value").number().filter(|_| metric != "level") else { continue };
            counted |= metric == "N";
            let words = match fit.cell(row, "note").text() {
                "" => name(metric, language),
                note => format!("{} ({})", name(metric, language), style.variable(note)),
            };
            let shown =
                if is_p(metric) { p_value(value, style.options.decimals) } else { style.number(value) };
            push(words, shown);
        }
    }
    if let Some(n) = foot.observations.filter(|_| !counted) {
        push(name("N", language), whole_or_fixed(n, 0));
    }
}

/// True for names of p-values; `r2_p` is the pseudo R².
pub(super) fn is_p(name: &str) -> bool {
    name == "p" || name.starts_with("p_") || (name.ends_with("_p") && !name.contains("r2"))
}

fn foot_of_models(rows: &mut Vec<Row>, models: &[&str], foot: Foot<'_>, style: &Style<'_>) {
    let language = style.options.language;
    let mut first = true;
    let row_of = |table: &Table, model: &str| {
        (0..table.rows.len()).find(|row| table.cell(*row, "model").text() == model)
    };
    let comparison = foot.comparison.filter(|t| models.iter().all(|m| row_of(t, m).is_some()));
    let Some(table) = comparison else {
        if let Some(n) = foot.observations {
            let mut cells = vec![whole_or_fixed(n, 0); models.len() + 1];
            cells[0] = name("N", language);
            push_foot(rows, &mut first, cells);
        }
        return;
    };
    for (j, column) in table.columns.iter().enumerate() {
        if column.kind == "text" || column.name == "model" || table.is_blank(j) {
            continue;
        }
        let mut cells = vec![name(&column.name, language)];
        for model in models {
            let value = row_of(table, model).and_then(|row| table.cell(row, &column.name).number());
            cells.push(value.map_or_else(String::new, |x| {
                if is_p(&column.name) { p_value(x, style.options.decimals) } else { style.number(x) }
            }));
        }
        push_foot(rows, &mut first, cells);
    }
}
