//! `esttab` and `estout`: estimation results side by side, on the screen or in a file.
//!
//! Defaults, labels and notes as the help of estout (SSC) documents them.

use super::eststo::Kept;
use super::esttab_around as around;
use super::esttab_elements::{self as elements, Element};
use super::esttab_frame::frame;
use super::esttab_labels::{Labels, pairs};
use super::esttab_matrix;
use super::esttab_options::{self as given, Given, Look};
use super::esttab_rows::{self as rows, Indicators, Model};
use super::esttab_statistics::{StatisticLine, statistics};
use super::esttab_text::{self as text, Format};
use super::esttab_transform::Transforms;
use super::esttab_unstack::unstack;
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::ops::files::{check_replace, with_extension};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, unquote, words};
use crate::syntax::varlist::wildcard;

const EXAMPLE: Example = Example {
    run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\neststo clear\neststo: quietly regress y x\neststo: quietly regress y\nesttab, se r2 star(* 0.10 ** 0.05 *** 0.01)\nesttab using t.csv, replace\nscalar same = \"`r(names)'\" == \"est1 est2\"\nerase t.csv",
    expect: &[("same", 1.0)],
};

/// `esttab`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "stores r(names); formats: fixed, tab, csv, scsv, tex, booktabs, html, md, rtf; the file name's extension chooses one; layout as documented by estout (SSC)",
    examples: &[EXAMPLE],
    ..CommandSpec::raw(
        "esttab",
        6,
        |s, cmd| table(s, cmd, false),
        "esttab [names | matrix(name [, fmt() transpose])] [using filename] [, b() se() t() p() ci() wide cells() star(* # ** #) nostar r2 ar2 pr2 aic bic scalars() sfmt() stats() noobs keep() drop() order() indicate([, labels()]) rename() coeflabels() varlabels([, prefix() suffix() begin() end() blist() elist() nofirst nolast]) label interaction() mtitles() nomtitles nodepvars nonumbers title() note() addnotes() nonotes eform[(pattern)] transform([names] f df ... [, pattern()]) mgroups() eqlabels() prehead() posthead() prefoot() postfoot() legend brackets [no]parentheses [no]lines compress nogaps plain fragment refcat() substitute() varwidth() modelwidth() alignment() width() page[()] longtable nofloat beta[()] staraux msign() dmarker() nolz type tex booktabs csv html md replace append]",
    )
};

/// `estout`.
pub(super) const SPEC_ESTOUT: CommandSpec = CommandSpec {
    notes: "esttab without its defaults: cells(b), names of results as headings, no stars, statistics or notes; stores r(names)",
    examples: &[Example {
        run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\nregress y x\nestimates store m1\nestout m1, cells(b(star fmt(3)) se(par fmt(3))) stats(r2 N)\nscalar same = \"`r(names)'\" == \"m1\"",
        expect: &[("same", 1.0)],
    }],
    ..CommandSpec::raw(
        "estout",
        6,
        |s, cmd| table(s, cmd, true),
        "estout [names] [using filename] [, cells() stats() and options of esttab]",
    )
};

/// Values of the options.
pub(super) struct Wanted {
    pub cells: Vec<Vec<Element>>,
    pub statistics: Vec<StatisticLine>,
    pub stars: Vec<(String, f64, String)>,
    pub keep: Option<Vec<String>>,
    pub drop: Vec<String>,
    pub order: Vec<String>,
    pub indicate: Indicators,
    pub labels: Labels,
    pub look: Look,
    pub renamed: Vec<(String, String)>,
    /// Lines above coefficients, by `refcat()`: coefficient and text.
    pub references: Vec<(String, String)>,
    /// What stands in the cells of such a line.
    pub reference_label: String,
    pub label: bool,
    /// Whether the coefficients of each model are shown as exponentials; one value holds for all.
    pub eform: Vec<bool>,
    /// Functions of coefficients that are shown.
    pub transforms: Transforms,
    /// Headings of equations in their order; nothing to leave them out.
    pub equations: Option<Vec<String>>,
    pub no_base: bool,
    pub no_omitted: bool,
    pub gaps: bool,
    pub level: f64,
    pub format: Format,
}

fn table(s: &mut Session, cmd: &ParsedCommand, estout: bool) -> Result<()> {
    let parsed = ParsedCommand::split(&cmd.name, &cmd.raw, false)?;
    if parsed.if_exp.is_some() || parsed.in_range.is_some() {
        return Err(StataError::syntax());
    }
    let options = Given::parse(&cmd.name, &parsed.option_text)?;
    let matrix = esttab_matrix::read(s, parsed.list.trim())?;
    if options.has("noabbrev") && !estout {
        return Err(StataError::unsupported_option(&cmd.name, "noabbrev"));
    }
    let mut models = if matrix.is_some() { Vec::new() } else { models(s, parsed.list.trim())? };
    if options.has("margin") && models.iter().any(|m| m.e.results.get_text("Xmfx_type").is_some()) {
        return Err(StataError::unsupported_option(&cmd.name, "margin"));
    }
    let file = parsed.using.as_deref().map(|name| unquote(name).to_string());
    let format = Format::of(&options, file.as_deref());
    let wanted = wanted(s, &options, format, estout)?;
    let mut frame = frame(s, &options, &models, &wanted, estout)?;
    if options.has("unstack") {
        if wanted.cells.iter().flatten().any(|e| !e.pattern.is_empty()) {
            return Err(StataError::unsupported_option("esttab", "cells(, pattern()) with unstack"));
        }
        let parts = unstack(models);
        (models, frame) = (parts.models, frame.unstacked(parts.spans, parts.equations));
    }
    let body = match &matrix {
        Some(shown) => esttab_matrix::body(shown, &wanted.labels.pairs, format),
        None => rows::body(s, &models, &wanted),
    };
    if let Some(shown) = &matrix {
        frame = esttab_matrix::frame(&options, shown, frame);
    }
    let mut lines = text::render(&frame, &body, format);
    for (from, to) in pairs(options.text("substitute").unwrap_or("")) {
        lines.iter_mut().for_each(|line| *line = line.replace(&from, &to));
    }
    if file.is_none() || options.has("type") {
        lines.iter().for_each(|line| s.print(line));
    }
    if let Some(file) = file {
        write(s, &file, &lines, &options, format)?;
    }
    let mut r = Results::default();
    r.text("names", models.iter().map(|m| m.name.as_str()).collect::<Vec<_>>().join(" "));
    s.r = r;
    Ok(())
}

/// The named results; without names those of `eststo`, or the active ones.
pub(super) fn models(s: &mut Session, list: &str) -> Result<Vec<Model>> {
    let kept = s.extensions.state::<Kept>().names.clone();
    let names: Vec<String> = match list {
        "" | "*" | "_all" => {
            let stored: Vec<String> = kept.into_iter().filter(|n| s.stored.get(n).is_some()).collect();
            if stored.is_empty() && list.is_empty() { vec![".".to_string()] } else { stored }
        }
        list => words(list).into_iter().map(str::to_string).collect(),
    };
    let mut out = Vec::new();
    for name in names {
        let found: Vec<(String, crate::results::Estimation)> = if name == "." {
            vec![(".".to_string(), s.e.clone())]
        } else {
            let own = s.stored.iter().filter(|(own, _)| wildcard(&name, own));
            own.map(|(own, e)| (own.to_string(), e.clone())).collect()
        };
        if found.is_empty() {
            return Err(StataError::new(111, format!("estimation result {name} not found")));
        }
        out.extend(found.into_iter().map(|(name, e)| Model { name, e }));
    }
    if out.iter().any(|m| m.e.cmd().is_empty()) {
        return Err(StataError::no_estimates());
    }
    Ok(out)
}

/// The cells of `esttab`: estimates over one further number, side by side with `wide`.
fn default_cells(options: &Given) -> Vec<Vec<Element>> {
    let chosen = |name: &str, fallback: &str| {
        let text = options.text(name).filter(|t| !t.is_empty()).unwrap_or(fallback);
        Element::new(name, text.split_whitespace().next().unwrap_or(fallback))
    };
    let pair = |option: &str| {
        options.text(option).map(|t| {
            let (name, fmt) = t.trim().split_once(char::is_whitespace).unwrap_or((t.trim(), "a3"));
            Element::new(name, fmt.trim())
        })
    };
    let plain = options.has("plain");
    let mut first = match pair("main") {
        Some(main) => main,
        None if options.has("beta") => chosen("beta", "3"),
        None => chosen("b", if plain { "%9.0g" } else { "a3" }),
    };
    let starred = !options.has("nostar") && !plain;
    first.star = starred && !options.has("staraux");
    let second = if let Some(aux) = pair("aux") {
        Some(aux)
    } else if options.has("se") {
        Some(chosen("se", "a3"))
    } else if options.has("p") {
        Some(chosen("p", "3"))
    } else if options.has("ci") {
        Some(chosen("ci", "a3"))
    } else if options.has("not") {
        None
    } else if options.has("z") {
        Some(chosen("z", "2"))
    } else {
        Some(chosen("t", "2"))
    };
    let Some(mut second) = second else { return vec![vec![first]] };
    second.star = starred && options.has("staraux");
    let square = options.has("brackets") || (second.name == "ci" && !options.has("noparentheses"));
    if square {
        second.brackets = Some(("[".into(), "]".into()));
    } else if !options.has("noparentheses") && (!plain || options.has("parentheses")) {
        second.brackets = Some(("(".into(), ")".into()));
    }
    if options.has("wide") { vec![vec![first, second]] } else { vec![vec![first], vec![second]] }
}

pub(super) fn wanted(s: &Session, options: &Given, format: Format, estout: bool) -> Result<Wanted> {
    let list = |name: &str| options.text(name).map(given::names).transpose();
    // own cells() are not joined
    if options.has("onecell") && !options.has("cells") {
        return Err(StataError::unsupported_option("esttab", "onecell without cells()"));
    }
    let cells = match options.text("cells") {
        Some(text) if text.trim() == "none" => Vec::new(),
        Some(text) => elements::cells(text)?,
        None if estout => vec![vec![Element::new("b", "%9.0g")]],
        None => default_cells(options),
    };
    let listed = |name: &str| {
        let text = options.text(name).unwrap_or("");
        pairs(&text[..crate::syntax::split::top_level_comma(text).unwrap_or(text.len())])
    };
    let stars = options.text("star").or(options.text("starlevels")).filter(|t| !t.is_empty());
    let mut drop: Vec<String> = list("drop")?.unwrap_or_default();
    if options.has("noconstant") || options.has("beta") {
        drop.push("_cons".into());
    }
    Ok(Wanted {
        cells,
        statistics: statistics(options, estout)?,
        stars: given::levels(stars.unwrap_or("* 0.05 ** 0.01 *** 0.001"))?,
        keep: list("keep")?,
        drop,
        order: list("order")?.unwrap_or_default(),
        indicate: rows::indicators(options.text("indicate").unwrap_or(""))?,
        labels: Labels::read(options, format)?,
        look: Look::read(options),
        renamed: listed("rename"),
        references: listed("refcat"),
        reference_label: given::reference_label(options.text("refcat").unwrap_or(""))?,
        label: options.has("label"),
        eform: match options.text("eform").filter(|t| !t.trim().is_empty()) {
            Some(pattern) => pattern.split_whitespace().map(|word| word == "1").chain([false]).collect(),
            None => vec![options.has("eform")],
        },
        transforms: Transforms::parse(s, options.text("transform").unwrap_or(""))?,
        equations: around::equation_labels(options.text("eqlabels"))?,
        no_base: options.has("nobaselevels"),
        no_omitted: options.has("noomitted"),
        gaps: !(estout || options.has("nogaps") || options.has("compress") || options.has("plain"))
            || options.has("gaps"),
        level: options.real("level").unwrap_or(s.settings.level),
        format,
    })
}

fn write(s: &mut Session, file: &str, lines: &[String], options: &Given, format: Format) -> Result<()> {
    let file = with_extension(file, format.extension());
    let path = s.path(&file);
    let append = options.has("append");
    if !append {
        check_replace(&path, &file, options.has("replace"))?;
    }
    if let (Format::Rtf, true, Ok(before)) = (format, append, std::fs::read_to_string(&path)) {
        let whole = super::esttab_rtf::appended(&before, lines)
            .ok_or_else(|| StataError::new(610, format!("file {file} is not a rich text document")))?;
        return store(s, &file, &whole);
    }
    let mut content = if append { std::fs::read_to_string(&path).unwrap_or_default() } else { String::new() };
    for line in lines {
        content.push_str(line);
        content.push('\n');
    }
    store(s, &file, &content)
}

fn store(s: &mut Session, file: &str, content: &str) -> Result<()> {
    std::fs::write(s.path(file), content).map_err(|e| StataError::unwritten(file, &e))?;
    s.print(format!("(output written to {file})"));
    Ok(())
}
