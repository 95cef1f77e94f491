//! `collect style` ([TABLES] collect style): headers, rows, columns, automatic levels and what is shown. Cells are in
//! `styles_cell`.

use super::styles_cell::cell;
use super::{Given, none_found};
use crate::error::{Result, StataError};
use crate::ops::collection::{
    Choice, Duplicates, HeaderRule, LevelHeader, ShowBase, Styles, TitleHeader, terms_of,
};
use crate::session::Session;
use crate::syntax::split::{unquote, words};

/// `collect style`.
pub(super) fn style(s: &mut Session, text: &str) -> Result<()> {
    let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
    let (what, rest) = (&text[..end], text[end..].trim());
    match what {
        "cell" => cell(s, rest),
        "header" => header(s, rest),
        "row" => row(s, rest),
        "column" => column(s, rest),
        "autolevels" => auto_levels(s, rest),
        "showbase" | "showomit" | "showempty" | "_cons" => switch(s, what, rest),
        "use" => use_style(s, rest),
        "clear" => {
            let mut given = Given::read("style clear", rest)?;
            let c = given.collection(s)?;
            given.finish(&[])?;
            c.styles = Styles::default();
            Ok(())
        }
        // fonts, margins and the settings of one kind of document
        "title" | "notes" | "html" | "putdocx" | "putpdf" | "tex" | "smcl" | "table" => {
            Given::read("style", rest)?.collection(s).map(|_| ())
        }
        "save" => Err(StataError::unsupported_command("collect style save")),
        other => Err(StataError::invalid(format!("collect style {other} is unrecognized"))),
    }
}

/// Dimensions with levels, one in each word.
fn choices(text: &str) -> Result<Vec<Choice>> {
    let one = |mut term: Vec<Choice>| match (term.pop(), term.is_empty()) {
        (Some(choice), true) => Ok(choice),
        _ => Err(StataError::syntax()),
    };
    terms_of(text)?.into_iter().map(one).collect()
}

fn header(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("style header", text)?;
    let title = match given.text("title").as_deref().map(str::trim) {
        None => None,
        Some("hide") => Some(TitleHeader::Hide),
        Some("label") => Some(TitleHeader::Label),
        Some("name") => Some(TitleHeader::Name),
        Some(_) => return Err(StataError::invalid("option title() invalid")),
    };
    let level = match given.text("level").as_deref().map(str::trim) {
        None => None,
        Some("hide") => Some(LevelHeader::Hide),
        Some("label") => Some(LevelHeader::Label),
        Some("value") => Some(LevelHeader::Value),
        Some(_) => return Err(StataError::invalid("option level() invalid")),
    };
    let c = given.collection(s)?;
    given.finish(&[])?;
    let of = choices(&given.main)?;
    let rules: Vec<Option<Choice>> =
        if of.is_empty() { vec![None] } else { of.into_iter().map(Some).collect() };
    for of in rules {
        // a rule for everything holds for the dimensions that had one of their own
        if of.is_none() {
            c.styles.headers.iter_mut().for_each(|rule| {
                if title.is_some() {
                    rule.title = None;
                }
                if level.is_some() {
                    rule.level = None;
                }
            });
        }
        c.styles.headers.push(HeaderRule { of, title, level });
    }
    Ok(())
}

/// The text of an option that is in quotes.
fn quoted(given: &mut Given, name: &str) -> Option<String> {
    given.text(name).map(|text| unquote(text.trim()).to_string())
}

fn row(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("style row", text)?;
    let (binder, delimiter) = (quoted(&mut given, "binder"), quoted(&mut given, "delimiter"));
    let [no_binder, no_delimiter, spacer, no_spacer, indent, no_indent] =
        ["nobinder", "nodelimiter", "spacer", "nospacer", "indent", "noindent"].map(|name| given.flag(name));
    // lines are not wrapped, equal labels stand once
    given.ignore(&["length", "wrapon", "truncate", "dups", "bardelimiter", "atdelimiter", "position"]);
    let c = given.collection(s)?;
    given.finish(&[])?;
    let rows = &mut c.styles.rows;
    match given.main.trim() {
        "stack" => rows.split = false,
        "split" => rows.split = true,
        "" => {}
        _ => return Err(StataError::syntax()),
    }
    if let Some(text) = binder {
        (rows.binds, rows.binder) = (true, text);
    }
    rows.binds &= !no_binder;
    if let Some(text) = delimiter {
        rows.delimiter = text;
    } else if no_delimiter {
        rows.delimiter = " ".into();
    }
    rows.spacer = spacer || rows.spacer && !no_spacer;
    rows.indents = indent || rows.indents && !no_indent;
    Ok(())
}

fn column(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("style column", text)?;
    let duplicates = match given.text("dups").as_deref().map(str::trim) {
        None => None,
        Some("repeat") => Some(Duplicates::Repeat),
        Some("first") => Some(Duplicates::First),
        Some("center") => Some(Duplicates::Center),
        Some(_) => return Err(StataError::invalid("option dups() invalid")),
    };
    let (binder, delimiter) = (quoted(&mut given, "binder"), quoted(&mut given, "delimiter"));
    given.ignore(&[
        "extraspace",
        "width",
        "position",
        "bardelimiter",
        "atdelimiter",
        "nodelimiter",
        "nobinder",
    ]);
    let c = given.collection(s)?;
    given.finish(&[])?;
    if !given.main.is_empty() {
        return Err(StataError::syntax());
    }
    c.styles.duplicates = duplicates.unwrap_or(c.styles.duplicates);
    c.styles.rows.binder = binder.unwrap_or_else(|| c.styles.rows.binder.clone());
    c.styles.rows.delimiter = delimiter.unwrap_or_else(|| c.styles.rows.delimiter.clone());
    Ok(())
}

fn auto_levels(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("style autolevels", text)?;
    let clears = given.flag("clear");
    let c = given.collection(s)?;
    given.finish(&[])?;
    let words = words(&given.main);
    let (dim, levels) = words.split_first().ok_or_else(StataError::syntax)?;
    if !c.has_dim(dim) {
        return Err(none_found(dim));
    }
    if clears {
        c.auto.remove(*dim);
    }
    let levels: Vec<String> = levels.iter().map(|l| unquote(l).to_string()).collect();
    c.add_auto(dim, &levels);
    Ok(())
}

fn switch(s: &mut Session, what: &str, text: &str) -> Result<()> {
    let mut given = Given::read("style", text)?;
    let c = given.collection(s)?;
    given.finish(&[])?;
    let styles = &mut c.styles;
    let on = |text: &str| match text {
        "on" | "" => Ok(true),
        "off" => Ok(false),
        _ => Err(StataError::syntax()),
    };
    match (what, given.main.trim()) {
        ("showbase", "off") => styles.base = ShowBase::Off,
        ("showbase", "factor") => styles.base = ShowBase::Factor,
        ("showbase", "all" | "on") => styles.base = ShowBase::All,
        ("showbase", _) => return Err(StataError::syntax()),
        ("showomit", text) => styles.omitted = on(text)?,
        ("showempty", text) => styles.empty = on(text)?,
        (_, "last") => styles.intercept_last = true,
        (_, "asis") => styles.intercept_last = false,
        _ => return Err(StataError::unsupported_command(&format!("collect style _cons {}", given.main))),
    }
    Ok(())
}

fn use_style(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("style use", text)?;
    given.ignore(&["replace"]);
    let overrides = given.flag("override");
    let appends = given.flag("append") || overrides;
    let c = given.collection(s)?;
    given.finish(&[])?;
    let name = unquote(given.main.trim()).to_string();
    let new = Styles::predefined(&name)
        .ok_or_else(|| StataError::new(601, format!("style {name} is not supported by the open engine")))?;
    if appends {
        c.styles.cells.extend(new.cells);
        c.styles.headers.extend(new.headers);
    } else {
        c.styles = new;
    }
    Ok(())
}
