//! Options of a whole graph: titles, axes, legend, lines, texts, `by()`, name and size.

use super::axis_options::AxisOptions;
use super::by_options::ByOptions;
use super::second_axis::SecondAxis;
use super::text::{self, RawOption, Words};
use super::{date_ticks, no_effect};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::blanks::numbers_and_texts;
use crate::syntax::options::{abbreviates, parse_number};
use crate::syntax::split::unquote;
use figure::{Color, Figure, Legend, LegendPlace, RefLine, Style, TextMark};

/// Options of a whole graph.
#[derive(Debug, Clone, Default)]
pub(crate) struct FigureOptions {
    /// Title, subtitle, note, caption.
    pub(crate) titles: [Option<Words>; 4],
    pub(crate) x: AxisOptions,
    pub(crate) y: AxisOptions,
    pub(crate) second: SecondAxis,
    pub(crate) legend: Legend,
    /// Texts of `legend(label())` by one-based plot.
    pub(crate) legend_texts: Vec<(usize, String)>,
    /// `legend(order())` with one-based plots and texts where given.
    pub(crate) legend_order: Option<Vec<(usize, Option<String>)>>,
    pub(crate) x_lines: Vec<RefLine>,
    pub(crate) y_lines: Vec<RefLine>,
    pub(crate) texts: Vec<TextMark>,
    pub(crate) by: Option<ByOptions>,
    pub(crate) name: Option<(String, bool)>,
    /// File of `saving()`, and whether it may be replaced.
    pub(crate) saving: Option<(String, bool)>,
    pub(crate) no_draw: bool,
    pub(crate) width: Option<f64>,
    pub(crate) height: Option<f64>,
    pub(crate) background: Option<Color>,
    pub(crate) plot_background: Option<Color>,
    /// A scheme without colours.
    pub(crate) monochrome: bool,
    /// Titles at the top, at the bottom and at the left of the graph, two of each.
    edge_titles: [[String; 2]; 3],
    /// Number of rows behind the figure where the plots do not know it.
    pub(crate) used: Option<usize>,
}

/// Options that Stata has for graphs and this engine does not.
const UNSUPPORTED: &[&str] = &[
    "PLAY",
    "ADVANCED",
    "R1title",
    "R2title",
    "XMLabel",
    "YMLabel",
    "ZLABel",
    "CLEGend",
    "YVARFormat",
    "XVARFormat",
    "IYAXes",
    "IXAXes",
    "NAME",
    "YADDLabel",
];

/// One inch in pixels.
const INCH: f64 = 96.0;

impl FigureOptions {
    /// Takes an option if it is one of a graph with axes.
    pub(crate) fn take(&mut self, session: &Session, option: &RawOption) -> Result<bool> {
        if self.take_general(session, option)? || self.take_axis(session, option)? {
            return Ok(true);
        }
        let name = option.0.as_str();
        match UNSUPPORTED.iter().find(|declared| abbreviates(name, declared)) {
            _ if no_effect::of_graph(name) => Ok(true),
            Some(known) => Err(StataError::unsupported_option("graph", &known.to_lowercase())),
            None => Ok(false),
        }
    }

    /// Options that graphs without axes take too.
    pub(crate) fn take_general(&mut self, session: &Session, (name, argument): &RawOption) -> Result<bool> {
        let is = |declared: &str| abbreviates(name, declared);
        let Some(argument) = argument else {
            if is("NODRAW") {
                self.no_draw = true;
                return Ok(true);
            }
            return Ok(false);
        };
        if let Some(at) = title_index(name) {
            self.titles[at] = Some(text::words_of(name, argument)?);
        } else if let Some((edge, which)) = edge_title(name) {
            self.edge_titles[edge][which] = text::words_of(name, argument)?.text;
        } else if is("LEGend") {
            self.take_legend(argument)?;
        } else if is("BY") {
            self.by = Some(ByOptions::joined(self.by.take(), session, argument)?);
        } else if is("NAME") {
            self.name = Some(text::graph_name(argument)?);
        } else if is("SAVing") {
            self.saving = Some(text::graph_file(argument)?);
        } else if is("SCHeme") {
            self.monochrome = scheme(unquote(argument))?;
        } else if is("XSIZe") {
            self.width = Some(inches("xsize", argument)?);
        } else if is("YSIZe") {
            self.height = Some(inches("ysize", argument)?);
        } else if is("GRAPHRegion") {
            self.background = region(name, argument)?.or(self.background);
        } else if is("PLOTRegion") {
            self.plot_background = region(name, argument)?.or(self.plot_background);
        } else if is("BGColor") {
            self.background = Some(text::color(argument)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn take_axis(&mut self, session: &Session, (name, argument): &RawOption) -> Result<bool> {
        let Some(argument) = argument else { return Ok(false) };
        let is = |declared: &str| abbreviates(name, declared);
        let dated = name.starts_with('t').then(|| date_ticks::numbers_of_dates(session, argument));
        let argument = dated.as_deref().unwrap_or(argument);
        if is("XLIne") || is("TLIne") {
            self.x_lines.extend(ref_lines(name, argument)?);
        } else if is("YLIne") {
            self.y_lines.extend(ref_lines(name, argument)?);
        } else if is("TEXT") || is("TTEXT") {
            self.texts.extend(texts(argument)?);
        } else if let Some(rest) = name.strip_prefix(['x', 't'])
            && self.x.take(session, rest, argument)?
        {
        } else if let Some(rest) = name.strip_prefix('y')
            && self.y.take(session, rest, argument)?
        {
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn take_legend(&mut self, argument: &str) -> Result<()> {
        for (name, argument) in crate::syntax::options::split_options(argument)? {
            let is = |declared: &str| abbreviates(&name, declared);
            let bad = || StataError::invalid(format!("legend({name}()) incorrectly specified"));
            let whole = |text: &str| text.trim().parse::<usize>().ok().filter(|n| *n > 0).ok_or_else(bad);
            match (name.as_str(), argument.as_deref()) {
                ("off", None) => self.legend.show = Some(false),
                ("on", None) => self.legend.show = Some(true),
                (_, Some(a)) if is("ORDer") => self.legend_order = Some(numbered(a)?),
                (_, Some(a)) if is("LABel") => {
                    let mut found = numbered(a)?;
                    match (found.pop(), found.is_empty()) {
                        (Some((at, Some(text))), true) => self.legend_texts.push((at, text)),
                        _ => return Err(bad()),
                    }
                }
                (_, Some(a)) if is("Cols") => self.legend.columns = Some(whole(a)?),
                (_, Some(a)) if is("Rows") => self.legend.rows = Some(whole(a)?),
                (_, Some(a)) if is("POSition") => self.legend.place = place(text::clock(a)?),
                (_, Some(a)) if is("SIze") || is("LABSize") => self.legend.size = Some(text::text_size(a)?),
                (_, Some(a)) if is("TItle") || is("SUBtitle") => {
                    self.legend.title = text::words_of("legend", a)?.text;
                }
                ("nocolfirst" | "notextfirst" | "nospan" | "nostack", None) => {}
                _ if no_effect::of_legend(&name) => {}
                _ => return Err(text::suboption("legend", &name)),
            }
        }
        Ok(())
    }

    /// The legend with orders and texts applied; `labels` are the usual texts of the series and
    /// `plots` the number of the plot (key) that each series belongs to.
    pub(crate) fn legend_for(&self, labels: &mut [String]) -> Legend {
        for (plot, text) in &self.legend_texts {
            if let Some(label) = labels.get_mut(plot - 1) {
                label.clone_from(text);
            }
        }
        let mut legend = self.legend.clone();
        if let Some(order) = &self.legend_order {
            let entries = order.iter().filter(|(plot, _)| *plot >= 1 && *plot <= labels.len());
            legend.order = Some(
                entries
                    .map(|(plot, text)| (plot - 1, text.clone().unwrap_or_else(|| labels[plot - 1].clone())))
                    .collect(),
            );
            legend.show = legend.show.or(Some(true));
        }
        if self.by.as_ref().is_some_and(|by| by.legend_off) {
            legend.show = Some(false);
        }
        legend
    }

    /// Puts titles, sizes and colours into a figure.
    pub(crate) fn apply(&self, figure: &mut Figure, used: Option<usize>) {
        for at in 0..4 {
            let own = self.by.as_ref().and_then(|by| by.titles[at].as_ref());
            if let Some(words) = own.or(self.titles[at].as_ref()) {
                let slot = match at {
                    0 => &mut figure.title,
                    1 => &mut figure.subtitle,
                    2 => &mut figure.note,
                    _ => &mut figure.caption,
                };
                slot.clone_from(&words.text);
                figure.sizes[at] = words.size;
            }
        }
        let [top, bottom, left] = &self.edge_titles;
        for (slot, titles) in
            [(&mut figure.subtitle, top), (&mut figure.x_title, bottom), (&mut figure.y_title, left)]
        {
            let lines = std::iter::once(&*slot).chain(titles).filter(|t| !t.is_empty());
            *slot = lines.cloned().collect::<Vec<_>>().join("\n");
        }
        figure.width = self.width.unwrap_or(figure.width);
        figure.height = self.height.unwrap_or(figure.height);
        figure.background = self.background.unwrap_or(figure.background);
        let note = format!("{} {}", figure.note, figure.caption);
        figure.footer = super::store::footer(&note, self.used.or(used));
    }
}

/// Which of title, subtitle, note and caption an option is.
pub(super) fn title_index(name: &str) -> Option<usize> {
    ["TItle", "SUBtitle", "NOTE", "CAPtion"].iter().position(|declared| abbreviates(name, declared))
}

/// Edge and number of a title at the top, at the bottom or at the left, [G-3] title_options.
fn edge_title(name: &str) -> Option<(usize, usize)> {
    let edge = ["t", "b", "l"].iter().position(|edge| name.starts_with(edge))?;
    let which = match name.as_bytes().get(1) {
        Some(b'1') => 0,
        Some(b'2') => 1,
        _ => return None,
    };
    name.get(2..).filter(|rest| abbreviates(rest, "TItle")).map(|_| (edge, which))
}

pub(crate) fn place(clock: u8) -> LegendPlace {
    match clock {
        2..=4 => LegendPlace::Right,
        8..=10 => LegendPlace::Left,
        11 | 12 | 1 => LegendPlace::Top,
        _ => LegendPlace::Bottom,
    }
}

/// How names of community schemes begin; their colours are those of the engine.
const COMMUNITY_SCHEMES: &[&str] = &[
    "plotplain",
    "plottig",
    "cleanplots",
    "white_",
    "black_",
    "gg_",
    "538",
    "burd",
    "modern",
    "tufte",
    "tab",
    "swift_red",
    "neon",
    "mrc",
    "tfl",
    "rbn",
    "ssccl",
    "cblind",
    "uncluttered",
    "plain",
];

/// True for schemes without colours; r(111) for unknown names.
pub(crate) fn scheme(name: &str) -> Result<bool> {
    match name {
        "s1mono" | "s2mono" | "s1manual" | "s2gmanual" | "s2manual" | "sj" | "stmono1" | "stmono2"
        | "lean1" | "lean2" | "plotplain" | "plottig" => Ok(true),
        "s1color" | "s1rcolor" | "s2color" | "s2gcolor" | "stcolor" | "stcolor_alt" | "stgcolor"
        | "stgcolor_alt" | "economist" | "ss" => Ok(false),
        _ if COMMUNITY_SCHEMES.iter().any(|start| name.starts_with(start)) => Ok(false),
        _ => Err(StataError::new(111, format!("scheme {name} not found"))),
    }
}

fn inches(option: &str, argument: &str) -> Result<f64> {
    parse_number(argument)
        .filter(|v| (1.0..=100.0).contains(v))
        .map(|v| v * INCH)
        .ok_or_else(|| StataError::invalid(format!("option {option}() incorrectly specified")))
}

/// `graphregion(color(white))`, `plotregion(fcolor(gs15))`: the fill, where given.
fn region(option: &str, argument: &str) -> Result<Option<Color>> {
    let mut fill = None;
    for (name, argument) in crate::syntax::options::split_options(argument)? {
        match (name.as_str(), argument) {
            (name, Some(a)) if ["Color", "FColor", "IFColor"].iter().any(|d| abbreviates(name, d)) => {
                fill = Some(text::color(&a)?);
            }
            // margins, outlines and styles of a region: a figure has the layout of its page
            (name, Some(_)) if no_effect::of_region(name) => {}
            (name, _) => return Err(text::suboption(option, name)),
        }
    }
    Ok(fill)
}

/// `order(1 "a" 3 2)`: numbers with texts where given.
fn numbered(argument: &str) -> Result<Vec<(usize, Option<String>)>> {
    let mut out: Vec<(usize, Option<String>)> = Vec::new();
    for word in numbers_and_texts(argument) {
        if let Ok(number) = word.parse::<usize>() {
            out.push((number, None));
            continue;
        }
        match out.last_mut() {
            Some((_, text @ None)) => *text = Some(unquote(word).to_owned()),
            Some((_, Some(text))) if word.starts_with(['"', '`']) => {
                text.push('\n');
                text.push_str(unquote(word));
            }
            _ => return Err(StataError::invalid(format!("{word} found where a plot number was expected"))),
        }
    }
    Ok(out)
}

/// Takes an option that says how a line looks; false for others.
pub(crate) fn line_look(style: &mut Style, (name, argument): &RawOption) -> Result<bool> {
    let is = |declared: &str| abbreviates(name, declared);
    match argument.as_deref() {
        Some(a) if is("LColor") => style.color = Some(text::color(a)?),
        Some(a) if is("LPattern") => style.dash = Some(text::pattern(a)?),
        Some(a) if is("LWidth") => style.line_width = Some(text::line_width(a)?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// `xline(0 5, lcolor(red) lpattern(dash))`.
pub(super) fn ref_lines(option: &str, argument: &str) -> Result<Vec<RefLine>> {
    let (front, options) = text::suboptions(argument)?;
    let mut style = Style::default();
    for own in options {
        if !line_look(&mut style, &own)? && !no_effect::of_reference_line(&own.0) {
            return Err(text::suboption(option, &own.0));
        }
    }
    let at = crate::syntax::numlist::expand(front)?;
    Ok(at.into_iter().map(|at| RefLine { at, style: style.clone() }).collect())
}

/// `text(y x "text" [y x "text" …], place(e) color(red) size(small))`.
fn texts(argument: &str) -> Result<Vec<TextMark>> {
    let (front, options) = text::suboptions(argument)?;
    let (mut clock, mut color, mut size) = (0, None, None);
    for (name, argument) in options {
        let is = |declared: &str| abbreviates(&name, declared);
        match argument {
            Some(a) if is("PLacement") => clock = text::clock(&a)?,
            Some(a) if is("Color") => color = Some(text::color(&a)?),
            Some(a) if is("SIze") => size = Some(text::text_size(&a)?),
            _ if no_effect::of_text(&name) => {}
            _ => return Err(text::suboption("text", &name)),
        }
    }
    let parts = numbers_and_texts(front);
    let bad = || StataError::invalid("option text() incorrectly specified");
    let mut marks = Vec::new();
    let mut at = 0;
    while at < parts.len() {
        let number = |i: usize| parts.get(i).and_then(|p| parse_number(p)).ok_or_else(bad);
        let (y, x) = (number(at)?, number(at + 1)?);
        at += 2;
        let mut lines = Vec::new();
        while let Some(part) = parts.get(at).filter(|p| p.starts_with(['"', '`'])) {
            lines.push(unquote(part));
            at += 1;
        }
        if lines.is_empty() {
            return Err(bad());
        }
        marks.push(TextMark { x, y, text: lines.join(" "), clock, color, size });
    }
    Ok(marks)
}
