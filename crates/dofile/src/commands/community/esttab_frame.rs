//! Headings, widths and notes around a table of `esttab`.

use super::esttab::Wanted;
use super::esttab_around as around;
use super::esttab_elements::{of_model, width};
use super::esttab_latex::Document;
use super::esttab_options::{Given, texts};
use super::esttab_rows::Model;
use super::esttab_text::{Format, Frame};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::split::unquote;

/// Titles of the models: those of `mtitles()`, names of dependent variables, or names of results.
fn titles(
    s: &Session,
    options: &Given,
    models: &[Model],
    wanted: &Wanted,
    named_by_default: bool,
) -> Result<Vec<String>> {
    let depvar = |m: &Model| {
        let name = m.e.results.get_text("depvar").unwrap_or("").to_string();
        let label = s.frame.find(&name).map(|v| s.frame.var(v).label.clone()).filter(|l| !l.is_empty());
        if wanted.label { label.unwrap_or(name) } else { name }
    };
    let named = |m: &Model| m.e.results.get_text("estimates_title").unwrap_or(&m.name).to_string();
    let (mtitles, of_depvars) = match options.text("mtitles").or(options.text("mlabels")) {
        Some(text) => around::model_titles(text)?,
        None => (None, options.has("depvars")),
    };
    Ok(match mtitles {
        _ if of_depvars => models.iter().map(depvar).collect(),
        Some("none") => Vec::new(),
        Some(text) if !text.is_empty() => {
            let own = texts(text);
            (0..models.len()).map(|i| own.get(i).cloned().unwrap_or_default()).collect()
        }
        Some(_) => models.iter().map(named).collect(),
        None if options.has("nomtitles") || options.has("nodepvars") => Vec::new(),
        None if options.has("mtitles") || named_by_default => models.iter().map(named).collect(),
        None => models
            .iter()
            .map(|m| m.e.results.get_text("estimates_title").map_or_else(|| depvar(m), str::to_string))
            .collect(),
    })
}

/// Headings, widths and notes around the body.
pub(super) fn frame(
    s: &Session,
    options: &Given,
    models: &[Model],
    wanted: &Wanted,
    raw: bool,
) -> Result<Frame> {
    let plain = options.has("plain");
    let titles = titles(s, options, models, wanted, plain || raw)?;
    let numbered = !(options.has("nonumbers") || plain || raw);
    let own_cells = options.has("cells") || raw;
    let widths: Vec<usize> = (0..models.len().max(1)).map(|k| width(&wanted.cells, k)).collect();
    let columns = columns(options, wanted, &widths, own_cells);
    let notes = notes(options, wanted, own_cells || plain);
    let title = options.text("title").map(|t| unquote(t.trim()).to_string());
    let around = around::Around::read(
        options,
        &around::Variables {
            models: models.len(),
            columns: widths.iter().sum(),
            title: title.as_deref().unwrap_or(""),
            notes: &notes,
            stars: &wanted.format.levels(&wanted.stars),
        },
    );
    if around.given() && !matches!(wanted.format, Format::Latex { .. }) {
        return Err(StataError::unsupported_option(
            "esttab",
            "prehead(), posthead(), prefoot() or postfoot() without tex",
        ));
    }
    let star_width = wanted.stars.iter().map(|(mark, ..)| mark.chars().count()).max().unwrap_or(0);
    let (variables, column) = match (wanted.label, options.has("compress")) {
        (true, false) => (20, 12),
        (true, true) => (16, 9),
        (false, false) => (12, 12),
        (false, true) => (10, 9),
    };
    Ok(Frame {
        title,
        spans: Vec::new(),
        equations: Vec::new(),
        groups: around::Groups::read(options.text("mgroups"), models.len())?,
        around,
        numbered,
        titles,
        column_labels: columns.labels,
        models: models.len(),
        widths,
        starred: columns.starred,
        star_width,
        variables: options.int("varwidth").map_or(variables, |w| w.max(1) as usize),
        column: options.int("modelwidth").map_or(column, |w| w.max(1) as usize),
        notes,
        alignment: options.text("alignment").map(str::to_string),
        fragment: options.has("fragment"),
        numbers: numbers(options),
        document: Document::read(options),
        rules: (!plain || options.has("lines")) && !options.has("nolines"),
    })
}

/// Headings and stars of the columns.
struct Columns {
    labels: Vec<String>,
    starred: Vec<bool>,
}

fn columns(options: &Given, wanted: &Wanted, widths: &[usize], own_cells: bool) -> Columns {
    let given = options.text("collabels").map(|text| match text.trim() {
        "none" | ", none" => Vec::new(),
        text => texts(text),
    });
    let (mut labels, mut starred) = (Vec::new(), Vec::new());
    for (m, width) in widths.iter().enumerate() {
        let rows = of_model(&wanted.cells, m);
        for j in 0..*width {
            let column = || rows.iter().filter_map(|row| row.get(j));
            starred.push(column().any(|e| e.star));
            labels.push(match &given {
                Some(own) => own.get(j).cloned().unwrap_or_default(),
                None => column().map(|e| e.label.as_str()).collect::<Vec<_>>().join("/"),
            });
        }
    }
    if given.as_ref().map_or(!own_cells, Vec::is_empty) {
        labels.clear();
    }
    Columns { labels, starred }
}

/// What stands around the numbers of the models, `numbers(l r)`.
fn numbers(options: &Given) -> [String; 2] {
    match options.text("numbers").map(texts) {
        Some(own) if !own.is_empty() => [0, 1].map(|k| own.get(k).cloned().unwrap_or_default()),
        _ => ["(", ")"].map(str::to_string),
    }
}

/// Notes of `esttab`: what stands in brackets, and the levels of the stars.
fn notes(options: &Given, wanted: &Wanted, bare: bool) -> Vec<String> {
    let mut out = Vec::new();
    if !options.has("nonotes") && !bare {
        if options.has("beta") {
            out.push("Standardized beta coefficients".to_string());
        }
        let second = wanted.cells.iter().flatten().find(|e| e.brackets.is_some());
        if let Some(element) = second {
            let what = match element.name.as_str() {
                "se" => "Standard errors".to_string(),
                "p" => wanted.format.italic("p", "-values"),
                "t" => wanted.format.italic("t", " statistics"),
                "z" => wanted.format.italic("z", " statistics"),
                "ci" => format!("{}% confidence intervals", wanted.level),
                other => other.to_string(),
            };
            let square = element.brackets.as_ref().is_some_and(|b| b.0 == "[");
            out.push(format!("{what} in {}", if square { "brackets" } else { "parentheses" }));
        }
    }
    for name in ["note", "addnotes"] {
        out.extend(options.text(name).map(texts).unwrap_or_default());
    }
    let starred = wanted.cells.iter().flatten().any(|e| e.star);
    if starred && (!options.has("nonotes") && !bare || options.has("legend")) {
        out.push(wanted.format.levels(&wanted.stars));
    }
    out
}
