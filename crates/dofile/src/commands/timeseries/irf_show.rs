//! `irf table`, `irf graph` and their combined forms: what a file of `irf` holds, as [TS] irf table and [TS] irf graph show it.

use super::irf::current;
use super::irf_file::{Entry, IrfFile, STATISTICS};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::graphs::by_options::ByOptions;
use crate::ops::graphs::plain::{Plain, RawOption, show, show_by, show_panels};
use crate::session::Session;
use crate::syntax::leading_groups;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::{ParsedCommand, unquote};
use crate::value::{MISSING, is_missing};
use estimators::wald;
use figure::{Color, Range, Series, Shape, Style};

/// Which rows, which statistics, and how they are shown.
struct Asked {
    entries: Vec<Entry>,
    statistics: Vec<usize>,
    level: f64,
    intervals: bool,
    errors: bool,
    individual: bool,
    title: Option<String>,
    steps: (f64, f64),
    by: ByOptions,
    rest: Vec<RawOption>,
}

/// Step, value and standard error.
type Point = (f64, f64, f64);

/// The statistics of one impulse and response.
struct Pair {
    set: String,
    impulse: String,
    response: String,
    /// A statistic and its points.
    lines: Vec<(usize, Vec<Point>)>,
}

/// Name of a statistic in a legend.
fn long_name(statistic: usize) -> &'static str {
    [
        "impulse-response function (irf)",
        "orthogonalized irf",
        "cumulative irf",
        "cumulative orthogonalized irf",
        "fraction of mse due to impulse",
        "structural irf",
        "structural fraction of mse due to impulse",
        "dynamic multiplier",
        "cumulative dynamic multiplier",
    ][statistic]
}

fn chosen(words: &[&str]) -> Result<Vec<usize>> {
    let find = |w: &&str| {
        let found = STATISTICS.iter().position(|s| s == w);
        found.ok_or_else(|| StataError::new(198, format!("{w} is no statistic of irf")))
    };
    words.iter().map(find).collect()
}

/// Options that say how lines and intervals look.
fn is_look(name: &str) -> bool {
    let of = |front: &str| {
        let number = name.strip_prefix(front).and_then(|t| t.strip_suffix("opts"));
        number.is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()))
    };
    of("plot") || of("ci")
}

fn asked(session: &Session, statistics: &[&str], option_text: &str) -> Result<Asked> {
    let mut file = current(session);
    let mut out = Asked {
        entries: Vec::new(),
        statistics: chosen(statistics)?,
        level: session.settings.level,
        intervals: true,
        errors: false,
        individual: false,
        title: None,
        steps: (0.0, f64::INFINITY),
        by: ByOptions::default(),
        rest: Vec::new(),
    };
    let (mut sets, mut impulses, mut responses) = (Vec::new(), Vec::new(), Vec::new());
    let words = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_string).collect() };
    for option in split_options(option_text)? {
        let is = |declared: &str| abbreviates(&option.0, declared);
        match option.1.as_deref() {
            Some(text) if is("irf") => sets = words(text),
            Some(text) if is("Impulse") => impulses = words(text),
            Some(text) if is("Response") => responses = words(text),
            Some(text) if is("set") => file = Ok(unquote(text).to_string()),
            Some(text) if is("Level") => {
                out.level = parse_number(text)
                    .filter(|l| (10.0..=99.99).contains(l))
                    .ok_or_else(|| StataError::new(198, "level() must be between 10 and 99.99 inclusive"))?;
            }
            Some(text) if is("LStep") || is("UStep") || is("STep") => {
                let number = parse_number(text)
                    .ok_or_else(|| StataError::invalid(format!("{}() must be a number", option.0)))?;
                if is("LStep") { out.steps.0 = number } else { out.steps.1 = number }
            }
            Some(text) if is("BYOPts") => out.by = ByOptions::of("byopts", split_options(text)?)?,
            None if is("noci") => out.intervals = false,
            None if is("STDerror") || option.0 == "std" => out.errors = true,
            None if is("INDividual") => out.individual = true,
            Some(_) if is_look(&option.0) => {}
            _ => out.rest.push(option),
        }
    }
    let file = file?;
    let within = |list: &[String], name: &String| list.is_empty() || list.contains(name);
    out.entries = IrfFile::read(&session.path(&file), &file)?.entries;
    out.entries.retain(|e| {
        within(&sets, &e.set)
            && within(&impulses, &e.impulse)
            && within(&responses, &e.response)
            && (out.steps.0..=out.steps.1).contains(&e.step)
    });
    Ok(out)
}

impl Asked {
    /// The chosen pairs that have a value of each statistic; r(2000) without one.
    fn pairs(&self) -> Result<Vec<Pair>> {
        let mut out: Vec<Pair> = Vec::new();
        for e in &self.entries {
            let points = self.statistics.iter().map(|s| (e.step, e.cells[*s].0, e.cells[*s].1));
            if points.clone().all(|p| is_missing(p.1)) {
                continue;
            }
            let same = |p: &Pair| p.set == e.set && p.impulse == e.impulse && p.response == e.response;
            match out.last_mut().filter(|p| same(p)) {
                Some(pair) => pair.lines.iter_mut().zip(points).for_each(|(line, point)| line.1.push(point)),
                None => out.push(Pair {
                    set: e.set.clone(),
                    impulse: e.impulse.clone(),
                    response: e.response.clone(),
                    lines: self.statistics.iter().copied().zip(points.map(|p| vec![p])).collect(),
                }),
            }
        }
        if out.is_empty() { Err(StataError::no_observations()) } else { Ok(out) }
    }

    /// Headings and values of the columns of a pair.
    fn columns(&self, pair: &Pair) -> Vec<(String, Vec<f64>)> {
        let z = wald::critical(self.level, None);
        let mut out = Vec::new();
        for (statistic, points) in &pair.lines {
            out.push((STATISTICS[*statistic].to_string(), points.iter().map(|p| p.1).collect()));
            if self.intervals {
                out.push(("Lower".to_string(), points.iter().map(|p| bound(p.1, p.2, -z)).collect()));
                out.push(("Upper".to_string(), points.iter().map(|p| bound(p.1, p.2, z)).collect()));
            }
            if self.errors {
                out.push(("S.E.".to_string(), points.iter().map(|p| p.2).collect()));
            }
        }
        out
    }

    /// Curves of a pair, with their intervals behind them.
    fn curves(&self, pair: &Pair) -> Vec<Series> {
        let z = wald::critical(self.level, None);
        let drawn = |shape: Shape, style: Style, label: &str, number: usize| Series {
            label: label.to_string(),
            number,
            shape,
            style,
        };
        let grey = Style { fill: Color::parse("gs13"), ..Style::default() };
        let (mut bands, mut lines) = (Vec::new(), Vec::new());
        for (number, (statistic, points)) in pair.lines.iter().enumerate() {
            let ranges: Vec<Range> = points
                .iter()
                .filter(|p| !is_missing(p.2))
                .map(|(s, v, e)| Range { at: *s, low: bound(*v, *e, -z), high: bound(*v, *e, z) })
                .collect();
            if self.intervals && !ranges.is_empty() {
                let label = format!("{}% CI", self.level);
                bands.push(drawn(Shape::Band { ranges }, grey.clone(), &label, number));
            }
            let points = points.iter().map(|(s, v, _)| (*s, *v)).collect();
            let shape = Shape::Line { points, step: false };
            lines.push(drawn(shape, Style::default(), long_name(*statistic), number));
        }
        bands.extend(lines);
        bands
    }
}

/// A limit of an interval; missing without a standard error.
fn bound(value: f64, error: f64, z: f64) -> f64 {
    if is_missing(error) { MISSING } else { value + z * error }
}

/// `irf table`.
pub(super) fn table(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    let wanted = if words.is_empty() { STATISTICS[..5].to_vec() } else { words };
    let mut asked = asked(session, &wanted, &cmd.option_text)?;
    for option in std::mem::take(&mut asked.rest) {
        match &option.1 {
            Some(text) if abbreviates(&option.0, "TItle") => asked.title = Some(unquote(text).to_string()),
            _ => return Err(StataError::option_not_allowed(&option.0)),
        }
    }
    show_table(session, &asked)
}

fn show_table(session: &mut Session, asked: &Asked) -> Result<()> {
    let pairs = asked.pairs()?;
    let mut sets: Vec<&str> = pairs.iter().map(|p| p.set.as_str()).collect();
    sets.dedup();
    session.print("");
    match &asked.title {
        Some(title) => session.print(title),
        None => session.print(format!("Results from {}", sets.join(" "))),
    }
    let numbered: Vec<(usize, &Pair)> = pairs.iter().enumerate().map(|(i, p)| (i + 1, p)).collect();
    let columns = asked.columns(&pairs[0]).len();
    let room = if asked.individual {
        1
    } else {
        (session.settings.linesize.saturating_sub(9) / 12 / columns).max(1)
    };
    for (number, block) in numbered.chunks(room).enumerate() {
        if number > 0 && asked.individual {
            keys(session, asked, &numbered[(number - 1) * room..number * room]);
        }
        show_block(session, asked, block);
    }
    let last = if asked.individual { &numbered[numbered.len() - 1..] } else { &numbered[..] };
    keys(session, asked, last);
    Ok(())
}

/// Some pairs side by side.
fn show_block(session: &mut Session, asked: &Asked, block: &[(usize, &Pair)]) {
    let mut columns: Vec<(usize, String, Vec<f64>)> = Vec::new();
    for (number, pair) in block {
        columns.extend(asked.columns(pair).into_iter().map(|(name, values)| (*number, name, values)));
    }
    let steps: Vec<f64> = block[0].1.lines[0].1.iter().map(|p| p.0).collect();
    let rule = 12 * columns.len() - 1;
    let row = |cells: Vec<String>| -> String {
        let width = |at: usize| if at == 0 { 9 } else { 12 };
        cells.iter().enumerate().map(|(at, c)| format!("{c:>width$}", width = width(at))).collect()
    };
    session.print("");
    session.print("-".repeat(10 + rule));
    session.print(format!("{:9}|{}  ", "", row(columns.iter().map(|c| format!("({})", c.0)).collect())));
    session.print(format!("    Step |{}  ", row(columns.iter().map(|c| c.1.clone()).collect())));
    session.print(format!("---------+{}", "-".repeat(rule)));
    for (at, step) in steps.iter().enumerate() {
        let cell = |x: f64| format::bare("%8.0g", x);
        let cells = columns.iter().map(|c| c.2.get(at).map_or_else(String::new, |x| cell(*x))).collect();
        session.print(format!("{step:>8} |{}", row(cells)));
    }
    session.print("-".repeat(10 + rule));
}

fn keys(session: &mut Session, asked: &Asked, pairs: &[(usize, &Pair)]) {
    if asked.intervals {
        session.print(format!("{}% lower and upper bounds reported.", asked.level));
    }
    for (number, p) in pairs {
        session.print(format!(
            "({number}) irfname = {}, impulse = {}, and response = {}.",
            p.set, p.impulse, p.response
        ));
    }
}

/// `irf graph`: a panel for each pair.
pub(super) fn graph(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    if words.is_empty() {
        return Err(StataError::standard(100));
    }
    let asked = asked(session, &words, &cmd.option_text)?;
    if asked.individual {
        return Err(StataError::unsupported_option("irf graph", "individual"));
    }
    let panels: Vec<(String, Plain)> = asked
        .pairs()?
        .iter()
        .map(|pair| {
            let title = format!("{}, {}, {}", pair.set, pair.impulse, pair.response);
            (title, Plain { series: asked.curves(pair), x_title: "Step".to_string(), ..Plain::default() })
        })
        .collect();
    show_grid(session, panels, asked.by, &asked.rest)
}

fn show_grid(
    session: &mut Session,
    mut panels: Vec<(String, Plain)>,
    by: ByOptions,
    rest: &[RawOption],
) -> Result<()> {
    if let [(title, plain)] = &mut panels[..] {
        let plain = Plain { title: std::mem::take(title), ..std::mem::take(plain) };
        return show(session, plain, rest);
    }
    panels[0].1.note = "Graphs by irfname, impulse variable, and response variable".to_string();
    show_by(session, panels, by, rest)
}

/// The forms of several specifications.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Combined {
    /// `irf ctable`.
    Tables,
    /// `irf cgraph`.
    Panels,
    /// `irf ograph`.
    OnePlot,
}

/// `(irfname impulse response stats [, options]) … [, options]`.
pub(super) fn combined(session: &mut Session, text: &str, form: Combined) -> Result<()> {
    let (pieces, rest) = leading_groups(text).ok_or_else(|| StataError::new(132, "unmatched parentheses"))?;
    let common = rest.strip_prefix(',').unwrap_or("").to_string();
    if pieces.is_empty() || !(rest.is_empty() || rest.starts_with(',')) {
        return Err(StataError::new(198, "specifications (irfname impulse response stats) are expected"));
    }
    let mut panels = Vec::new();
    let mut graph_options = Vec::new();
    for piece in &pieces {
        let (front, own) = piece.split_once(',').unwrap_or((piece, ""));
        let words: Vec<&str> = front.split_whitespace().collect();
        let [set, impulse, response, statistics @ ..] = &words[..] else {
            return Err(StataError::new(198, format!("({piece}) is no specification of irf")));
        };
        let options = format!("irf({set}) impulse({impulse}) response({response}) {own} {common}");
        let mut asked = asked(session, statistics, &options)?;
        if form == Combined::Tables {
            asked.title = Some(format!("{set}: {impulse} -> {response}"));
            show_table(session, &asked)?;
            continue;
        }
        if form == Combined::OnePlot {
            asked.intervals &= own.split_whitespace().chain(common.split_whitespace()).any(|w| w == "ci");
            asked.rest.retain(|o| o.0 != "ci");
        }
        for pair in asked.pairs()? {
            let title = format!("{}: {} -> {}", pair.set, pair.impulse, pair.response);
            let plain =
                Plain { series: asked.curves(&pair), x_title: "Step".to_string(), ..Plain::default() };
            panels.push((title, plain));
        }
        graph_options = asked.rest;
    }
    match form {
        Combined::Tables => Ok(()),
        Combined::Panels => show_panels(session, panels, &graph_options),
        Combined::OnePlot => {
            let mut whole = Plain { x_title: "Step".to_string(), ..Plain::default() };
            for (title, plain) in panels {
                for mut series in plain.series {
                    series.number = whole.series.len();
                    series.label = format!("{title}: {}", series.label);
                    whole.series.push(series);
                }
            }
            show(session, whole, &graph_options)
        }
    }
}
