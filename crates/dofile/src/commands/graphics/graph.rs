//! `graph`: hands over to the charts, and manages the graphs in memory (`export`, `combine`,
//! `display`, `drop`, `dir`).

use super::bars::{self, Chart};
use super::one_legend::OneLegend;
use super::{boxes, graph7, matrix, pie, plots, twoway};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::graphs::figure_options::FigureOptions;
use crate::ops::graphs::store;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{unquote, words};
use figure::{Body, Figure, Panel, Plane};

/// `graph`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "graph",
    min: 2,
    form: Form::Raw,
    by: ByRule::No,
    run: |session, cmd| run(session, &cmd.raw),
    syntax: "graph {twoway|matrix|bar|hbar|dot|box|hbox|pie|combine|export|save|use|display|rename|copy|drop|dir} ...",
    notes: "graph export writes svg, png, tif, pdf, eps, ps and csv; letters of eps and ps are outlines and opacities are mixed with white; graph save and saving() write the picture as SVG text to a .gph file, which graph use and graph combine read in the same run",
    examples: &[Example {
        run: "set obs 6\ngenerate g = mod(_n, 3)\ngenerate y = _n\ngraph bar (mean) y, over(g)\ngraph box y, over(g)\ngraph pie, over(g)\nscalar n = _N",
        expect: &[("n", 6.0)],
    }],
};

fn run(session: &mut Session, raw: &str) -> Result<()> {
    let end = raw.find(|c: char| c.is_whitespace() || c == ',' || c == '(').unwrap_or(raw.len());
    let (word, rest) = (&raw[..end], raw[end..].trim());
    let is = |name: &str, least: usize| word.len() >= least && name.starts_with(word);
    match word {
        _ if session.settings.version < 800 && session.varlist(word).is_ok() => graph7::run(session, raw),
        "using" => use_file(session, rest),
        _ if is("twoway", 2) => twoway::run(session, rest, None),
        "bar" => bars::run(session, rest, Chart::Bar),
        "hbar" => bars::run(session, rest, Chart::HBar),
        "dot" => bars::run(session, rest, Chart::Dot),
        "box" => boxes::run(session, rest, false),
        "hbox" => boxes::run(session, rest, true),
        "pie" => pie::run(session, rest),
        _ if is("export", 3) => export(session, rest),
        _ if is("combine", 3) => combine(session, rest),
        _ if is("display", 2) => {
            let name = rest.split(',').next().unwrap_or("").trim();
            let (_, options) = rest.split_once(',').unwrap_or((rest, ""));
            for (option, _) in split_options(options)? {
                // sizes, margins and the scheme of a graph are those of its drawing
                let styles = ["YSIZe", "XSIZe", "Margins", "SCALE", "SCHeme"];
                if !styles.iter().any(|style| abbreviates(&option, style)) {
                    return Err(StataError::option_not_allowed(&option));
                }
            }
            let name = if name.is_empty() { store::UNNAMED } else { name };
            store::graphs(session).select(name)
        }
        "drop" => drop(session, rest),
        _ if is("dir", 3) => {
            let names = store::graphs(session).names();
            if !names.is_empty() {
                session.print(format!("  {}", names.join("  ")));
            }
            Ok(())
        }
        // Windows and their fonts: there are none.
        "close" | "set" | "query" => Ok(()),
        "save" => save(session, rest),
        "use" => use_file(session, rest),
        _ if is("matrix", 3) => matrix::run(session, rest),
        "rename" | "copy" => copy(session, rest, word == "rename"),
        "play" | "print" | "describe" | "replay" | "copycolors" => {
            Err(StataError::unsupported_command(&format!("graph {word}")))
        }
        "" => Err(StataError::standard(100)),
        // variables: the syntax up to version 7
        _ if plots::find(word).is_err()
            && (session.settings.version < 800 || session.varlist(word).is_ok()) =>
        {
            graph7::run(session, raw)
        }
        _ => twoway::run(session, raw, None),
    }
}

fn drop(session: &mut Session, rest: &str) -> Result<()> {
    if rest == "_all" {
        store::graphs(session).clear();
        return Ok(());
    }
    if rest.is_empty() {
        return Err(StataError::standard(100));
    }
    rest.split_whitespace().try_for_each(|name| store::graphs(session).drop(name))
}

/// `graph copy [old] new [, replace]` and `graph rename`, which forgets the old name.
fn copy(session: &mut Session, rest: &str, is_renamed: bool) -> Result<()> {
    let cmd = ParsedCommand::split("graph copy", rest, false)?;
    let mut replace = false;
    for (option, argument) in split_options(&cmd.option_text)? {
        if option != "replace" || argument.is_some() {
            return Err(StataError::option_not_allowed(&option));
        }
        replace = true;
    }
    let names: Vec<&str> = cmd.list.split_whitespace().collect();
    let (old, new) = match names[..] {
        [new] => (None, new),
        [old, new] => (Some(old), new),
        _ => return Err(StataError::syntax()),
    };
    let graphs = store::graphs(session);
    if !replace && graphs.has(new) {
        return Err(StataError::new(110, format!("graph {new} already exists")));
    }
    let figure = graphs.get(old)?.clone();
    let old = old.or(graphs.current()).map(str::to_string);
    if let Some(old) = old.filter(|old| is_renamed && old != new) {
        graphs.drop(&old)?;
    }
    graphs.put(new, figure);
    Ok(())
}

/// `graph export FILE [, name() as(svg|png|tif|pdf|eps|ps|csv) width(#) height(#) replace]`.
fn export(session: &mut Session, rest: &str) -> Result<()> {
    let cmd = ParsedCommand::split("graph export", rest, false)?;
    let file = unquote(&cmd.list).to_owned();
    if file.is_empty() {
        return Err(StataError::invalid("invalid file specification"));
    }
    let (mut replace, mut name, mut format) = (false, None, None);
    let (mut width, mut height) = (None, None);
    let pixels = |a: &str| {
        let n = a.trim().parse::<u32>().ok().filter(|n| *n > 0);
        n.ok_or_else(|| StataError::invalid("width() and height() take whole numbers of pixels"))
    };
    for (option, argument) in split_options(&cmd.option_text)? {
        match argument {
            None if option == "replace" => replace = true,
            Some(a) if abbreviates(&option, "NAME") => name = Some(unquote(a.trim()).to_string()),
            Some(a) if abbreviates(&option, "AS") => format = Some(a.to_lowercase()),
            Some(a) if abbreviates(&option, "Width") => width = Some(pixels(&a)?),
            Some(a) if abbreviates(&option, "Height") => height = Some(pixels(&a)?),
            // the page is the figure: it has no logo, no preview, one direction and the font of the engine
            Some(_) if ["logo", "preview", "orientation", "cmyk"].contains(&option.as_str()) => {}
            Some(_) if option.starts_with("fontface") => {}
            Some(a) if option == "mag" && a.trim() == "100" => {}
            _ => {
                let known =
                    ["mag", "ignorefont", "baselineshift", "pagesize", "tmargin", "lmargin", "quality"];
                return Err(if known.contains(&option.as_str()) {
                    StataError::unsupported_option("graph export", &option)
                } else {
                    StataError::option_not_allowed(&option)
                });
            }
        }
    }
    let suffix = file.rsplit_once('.').map(|(_, s)| s.to_lowercase());
    let kind = match format.or(suffix).as_deref() {
        Some("svg") => store::Kind::Svg,
        Some("png") => store::Kind::Png { width, height },
        Some("tif" | "tiff") => store::Kind::Tiff { width, height },
        Some("pdf") => store::Kind::Pdf,
        Some("eps") => store::Kind::Eps,
        Some("ps") => store::Kind::Ps,
        Some("csv") => store::Kind::Csv,
        Some(other) => {
            return Err(StataError::new(
                199,
                format!(
                    "graph export to {other} is not supported by the open engine, use svg, png, tif, pdf, eps, ps or csv"
                ),
            ));
        }
        None => {
            return Err(StataError::invalid(
                "the file name has no suffix; use .svg, .png, .tif, .pdf, .eps or .csv",
            ));
        }
    };
    let pixels = matches!(kind, store::Kind::Png { .. } | store::Kind::Tiff { .. });
    if (width.is_some() || height.is_some()) && !pixels {
        return Err(StataError::unsupported_option(
            "graph export",
            "width() and height() without png or tif",
        ));
    }
    store::export(session, name.as_deref(), &file, replace, kind)
}

/// `graph save [name] FILE [, replace asis]`.
fn save(session: &mut Session, rest: &str) -> Result<()> {
    let cmd = ParsedCommand::split("graph save", rest, false)?;
    let mut replace = false;
    for (option, argument) in split_options(&cmd.option_text)? {
        match (option.as_str(), argument) {
            ("replace", None) => replace = true,
            ("asis", None) => {}
            (other, _) => return Err(StataError::option_not_allowed(other)),
        }
    }
    let given: Vec<String> = words(&cmd.list).into_iter().map(|w| unquote(w).to_owned()).collect();
    let (name, file) = match &given[..] {
        [file] => (None, file),
        [name, file] => (Some(name.as_str()), file),
        _ => return Err(StataError::invalid("invalid file specification")),
    };
    let figure = store::graphs(session).get(name)?.clone();
    store::save(session, figure, file, replace)
}

/// `graph use FILE [, name(name [, replace]) nodraw]`.
fn use_file(session: &mut Session, rest: &str) -> Result<()> {
    let cmd = ParsedCommand::split("graph use", rest, false)?;
    let mut options = FigureOptions::default();
    for option in split_options(&cmd.option_text)? {
        let known = ["NAME", "NODRAW"].iter().any(|declared| abbreviates(&option.0, declared));
        if !known || !options.take_general(session, &option)? {
            return Err(StataError::unsupported_option("graph use", &option.0));
        }
    }
    let figure = store::saved(session, unquote(cmd.list.trim()))?;
    store::show(session, figure, &options)
}

/// The planes of combined figures.
fn planes(panels: &mut [Panel]) -> Vec<&mut Plane> {
    let mut out = Vec::new();
    for panel in panels {
        match &mut panel.body {
            Body::Plane(plane) => out.push(&mut **plane),
            Body::Figure(figure) => out.extend(planes(&mut figure.panels)),
            _ => {}
        }
    }
    out
}

/// `graph combine g1 g2 … [, cols() rows() title() xcommon …]`.
fn combine(session: &mut Session, rest: &str) -> Result<()> {
    let cmd = ParsedCommand::split("graph combine", rest, false)?;
    combine_as(session, "graph combine", &cmd, None)
}

/// The graphs of `cmd` in one figure, with the legend of one of them for all where `one` says so.
pub(super) fn combine_as(
    session: &mut Session,
    command: &str,
    cmd: &ParsedCommand,
    mut one: Option<OneLegend>,
) -> Result<()> {
    let mut options = FigureOptions::default();
    let (mut columns, mut rows, mut common) = (None, None, (false, false));
    for option in split_options(&cmd.option_text)? {
        let is = |declared: &str| abbreviates(&option.0, declared);
        let whole = |a: &str| {
            let n = a.trim().parse::<usize>().ok().filter(|n| *n > 0);
            n.ok_or_else(|| StataError::invalid(format!("option {}() incorrectly specified", option.0)))
        };
        if let Some(one) = &mut one
            && one.take(&option)?
        {
            continue;
        }
        match option.1.as_deref() {
            Some(a) if is("Cols") => columns = Some(whole(a)?),
            Some(a) if is("Rows") => rows = Some(whole(a)?),
            None if is("XCOMmon") => common.0 = true,
            None if is("YCOMmon") => common.1 = true,
            // panels share the page evenly, and their texts have one size
            Some(_) if is("IMargin") || is("ISCALE") => {}
            None if is("ALTshrink") || is("COLFirst") || is("COMMONscheme") => {}
            _ if !is("BY") && !is("LEGend") && options.take_general(session, &option)? => {}
            _ => {
                let known = ["holes"];
                return Err(if known.contains(&option.0.as_str()) {
                    StataError::unsupported_option(command, &option.0)
                } else {
                    StataError::option_not_allowed(&option.0)
                });
            }
        }
    }
    let names: Vec<String> = words(&cmd.list).into_iter().map(|w| unquote(w).to_owned()).collect();
    if names.is_empty() {
        return Err(StataError::standard(100));
    }
    let mut panels = Vec::new();
    for name in &names {
        let mut figure = store::find(session, name)?;
        // the engine is named once, under the whole
        figure.footer =
            figure.footer.replace(&store::footer("N = ", None), "").trim_matches([' ', '·']).to_owned();
        panels.push(Panel { title: String::new(), body: Body::Figure(Box::new(figure)) });
    }
    figure::share_axes(&mut planes(&mut panels), common.0, common.1);
    let legend = one.map(|one| one.legend(&names, &mut panels)).transpose()?.unwrap_or_default();
    let mut figure = Figure {
        columns: columns.or_else(|| rows.map(|r| names.len().div_ceil(r))),
        panels,
        legend,
        width: 864.0,
        height: 576.0,
        ..Figure::default()
    };
    options.apply(&mut figure, None);
    store::show(session, figure, &options)
}
