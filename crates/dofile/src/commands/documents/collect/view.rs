//! `collect layout`, `preview` and `query layout`: the tables of a collection as text.

use super::{Given, none_found};
use crate::error::{Result, StataError};
use crate::ops::collection::{Collection, Collections, Layout, Outcome, Sheet, Term, terms_of};
use crate::session::Session;
use crate::syntax::split::matching_paren;

/// The texts in the parentheses of a layout.
fn groups(text: &str) -> Result<Vec<String>> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if !rest.starts_with('(') {
            return Err(StataError::syntax());
        }
        let close = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
        out.push(rest[1..close].trim().to_string());
        rest = rest[close + 1..].trim_start();
    }
    Ok(out)
}

/// `collect layout`.
pub(super) fn layout(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("layout", text)?;
    let c = given.collection(s)?;
    given.finish(&[])?;
    let mut notes = Vec::new();
    if !given.main.is_empty() {
        let groups = groups(&given.main)?;
        if groups.len() > 3 {
            return Err(StataError::invalid("too many layout specifications"));
        }
        let side = |k: usize| groups.get(k).map_or_else(|| Ok(Vec::new()), |text| terms_of(text));
        let layout = Layout { rows: side(0)?, columns: side(1)?, tables: side(2)? };
        notes = check(c, &layout)?;
        c.layout = layout;
    }
    let c = c.clone();
    notes.iter().for_each(|note| s.print(note));
    describe(s, &c, c.sheets());
    Ok(())
}

/// Refuses dimensions that the collection does not have, and names levels that it does not have.
fn check(c: &Collection, layout: &Layout) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for choice in layout.terms().flatten() {
        if !c.has_dim(&choice.dim) {
            return Err(none_found(&choice.dim));
        }
        for level in choice.levels.iter().flatten() {
            let made = choice.dim == "result"
                && (c.elements(level).is_some()
                    || level == "stars" && c.stars.as_ref().is_some_and(|s| s.as_result));
            if !made && !c.has_level(&choice.dim, level) {
                notes.push(format!("(level {level} of dimension {} not found)", choice.dim));
            }
        }
    }
    Ok(notes)
}

/// Prints the layout with its tables, and stores `s()`.
fn describe(s: &mut Session, c: &Collection, sheets: std::result::Result<Vec<Sheet>, Outcome>) {
    let [rows, columns, tables] = c.layout.texts();
    s.print("");
    s.print(format!("Collection: {}", c.name));
    s.print(format!("      Rows: {rows}"));
    if !columns.is_empty() {
        s.print(format!("   Columns: {columns}"));
    }
    if !tables.is_empty() {
        s.print(format!("    Tables: {tables}"));
    }
    let sizes: Vec<String> = sheets
        .iter()
        .flatten()
        .map(|sheet| {
            let width = sheet.head.last().map_or(0, Vec::len).saturating_sub(sheet.labels());
            format!("{} x {width}", sheet.rows.len())
        })
        .collect();
    for (k, size) in sizes.iter().enumerate() {
        s.print(format!("{:>10}: {size}", format!("Table {}", k + 1)));
    }
    match sheets {
        Ok(sheets) => print(s, &sheets),
        Err(outcome) => {
            s.print("");
            explain(&outcome).into_iter().for_each(|line| s.print(line));
        }
    }
    let stored = &mut s.s;
    stored.clear();
    stored
        .text("collection", c.name.as_str())
        .text("rows", rows)
        .text("columns", columns)
        .text("tables", tables);
    stored.text("k_tables", sizes.len().to_string());
    for (k, size) in sizes.iter().enumerate() {
        stored.text(&format!("table{}", k + 1), size.replace(" x ", " "));
    }
}

fn explain(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Ambiguous(dims) => {
            let first = "Your layout specification does not uniquely match any items.";
            let more = match &dims[..] {
                [] => String::new(),
                [one] => format!(" Dimension {one} might help uniquely match items."),
                all => format!(
                    " One or more of the following dimensions might help uniquely match items: {}.",
                    all.join(", ")
                ),
            };
            vec![format!("{first}{more}")]
        }
        _ => vec!["Your layout specification does not identify any items.".to_string()],
    }
}

/// Prints tables one after another.
pub(super) fn print(s: &mut Session, sheets: &[Sheet]) {
    for (k, sheet) in sheets.iter().enumerate() {
        if k == 0 {
            s.print("");
            if !sheet.title.is_empty() {
                s.print(&sheet.title);
            }
        } else {
            s.print("");
        }
        sheet.print_body(s);
        sheet.notes.iter().for_each(|note| s.print(note));
    }
}

/// The tables of a collection, or the error that there are none.
pub(super) fn sheets_of(s: &Session, name: Option<&str>) -> Result<Vec<Sheet>> {
    let all = Collections::read(s);
    if let Some(sheet) = all.lent() {
        return Ok(vec![sheet.clone()]);
    }
    let name = name.unwrap_or(all.current_name());
    let c = all.find(name).ok_or_else(|| StataError::new(111, format!("collection {name} not found")))?;
    if c.layout.is_empty() {
        return Err(StataError::new(111, format!("collection {} has no layout", c.name)));
    }
    c.sheets().map_err(|outcome| StataError::new(111, explain(&outcome).join(" ")))
}

/// `collect preview`.
pub(super) fn preview(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("preview", text)?;
    let name = given.text("name");
    given.ignore(&["noblank"]);
    given.finish(&[])?;
    if !given.main.is_empty() {
        return Err(StataError::syntax());
    }
    let name = name.as_deref().map(str::trim);
    let all = Collections::read(s);
    let current =
        all.find(name.unwrap_or(all.current_name())).filter(|c| all.lent().is_none() && !c.layout.is_empty());
    if let Some(Err(outcome)) = current.map(Collection::sheets) {
        // as for `collect layout`, a layout without items is no error
        s.print("");
        explain(&outcome).into_iter().for_each(|line| s.print(line));
        return Ok(());
    }
    let sheets = sheets_of(s, name)?;
    print(s, &sheets);
    Ok(())
}

/// `collect query layout`.
pub(super) fn query(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("query", text)?;
    let c = given.collection(s)?.clone();
    given.finish(&[])?;
    let (what, rest) = given.main.split_once(' ').unwrap_or((&given.main, ""));
    match what {
        "layout" => {
            let [rows, columns, tables] = c.layout.texts();
            s.print("");
            s.print(format!("Collection: {}", c.name));
            for (name, text) in [("Rows", &rows), ("Columns", &columns), ("Tables", &tables)] {
                if !text.is_empty() {
                    s.print(format!("{name:>10}: {text}"));
                }
            }
            s.s.clear();
            s.s.text("collection", c.name.as_str())
                .text("rows", rows)
                .text("columns", columns)
                .text("tables", tables);
            Ok(())
        }
        "autolevels" => {
            let dim = rest.trim();
            let levels = c.auto.get(dim).map(|l| l.join(" ")).unwrap_or_default();
            s.print("");
            s.print(format!("Collection: {}", c.name));
            s.print(format!(" Dimension: {dim}"));
            s.print(format!("    Levels: {levels}"));
            s.s.clear();
            s.s.text("collection", c.name.as_str()).text("dimname", dim).text("levels", levels);
            Ok(())
        }
        other => Err(StataError::unsupported_command(&format!("collect query {other}"))),
    }
}

/// Terms of the option `fortags()`.
pub(super) fn for_tags(given: &mut Given) -> Result<Option<Vec<Term>>> {
    given.text("FORTAGs").map(|text| terms_of(&text)).transpose()
}
