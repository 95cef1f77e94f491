//! `twoway` and the shorthands `scatter`, `line` and `tsline`: reads the plots and draws them,
//! one panel for each group of `by()`.

use super::assemble;
use super::immediate;
use super::plots::{self, Kind, Plot};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, Variable, is_valid_name};
use crate::ops::graphs::figure_options::FigureOptions;
use crate::ops::graphs::second_axis::{self, Taken};
use crate::ops::graphs::store;
use crate::ops::graphs::text::RawOption;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{matching_paren, quote_at, skip_quote, top_level_comma, unquote, words};
use crate::syntax::{ParsedCommand, WeightKind};
use crate::tsset::Panel;

const SYNTAX: &str = "[graph] twoway (plottype varlist [if] [in] [weight] [, plot_options]) [(...)] [if] [in] [, twoway_options]";

const NOTES: &str = "Plot types: scatter line connected area bar spike dropline rarea rbar rcap rspike rline rscatter \
    rconnected function pci lfit lfitci qfit qfitci lowess kdensity histogram scatteri tsline tsrline. Formulas: [G-2] graph \
    twoway, [R] lowess, [R] kdensity.";

/// `twoway`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "twoway",
    min: 2,
    form: Form::Raw,
    by: ByRule::No,
    run: |session, cmd| run(session, &cmd.raw, None),
    syntax: SYNTAX,
    notes: NOTES,
    examples: &[Example {
        run: "set obs 5\ngenerate x = _n\ngenerate y = x^2\ntwoway (scatter y x) (lfit y x), title(\"t\")\nscalar n = _N",
        expect: &[("n", 5.0)],
    }],
};

/// `scatter`.
pub(super) const SCATTER: CommandSpec = CommandSpec {
    name: "scatter",
    min: 2,
    run: |session, cmd| run(session, &cmd.raw, Some(Kind::Scatter)),
    syntax: "scatter varlist [if] [in] [, options]",
    examples: &[Example {
        run: "set obs 5\ngenerate x = _n\ngenerate y = x^2\nscatter y x\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
    ..SPEC
};

/// `line`.
pub(super) const LINE: CommandSpec = CommandSpec {
    name: "line",
    min: 4,
    run: |session, cmd| run(session, &cmd.raw, Some(Kind::Line)),
    syntax: "line varlist [if] [in] [, options]",
    examples: &[Example {
        run: "set obs 5\ngenerate x = _n\ngenerate y = x^2\nline y x\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
    ..SPEC
};

/// `tsline`.
pub(super) const TSLINE: CommandSpec = CommandSpec {
    name: "tsline",
    min: 6,
    run: |session, cmd| run(session, &cmd.raw, Some(Kind::TsLine)),
    syntax: "tsline varlist [if] [in] [, options]",
    examples: &[Example {
        run: "set obs 5\ngenerate x = _n\ngenerate y = x^2\ntsset x\ntsline y\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
    ..SPEC
};

/// `tsrline`.
pub(super) const TSRLINE: CommandSpec = CommandSpec {
    name: "tsrline",
    min: 7,
    run: |session, cmd| run(session, &format!("tsrline {}", cmd.raw), None),
    syntax: "tsrline y1var y2var [if] [in] [, options]",
    examples: &[Example {
        run: "set obs 5\ngenerate t = _n\ngenerate low = t - 1\ngenerate high = t + 1\ntsset t\ntsrline low high\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
    ..SPEC
};

/// Runs a twoway command; `first` is the plot type of a shorthand.
pub(super) fn run(session: &mut Session, raw: &str, first: Option<Kind>) -> Result<()> {
    let mut options = FigureOptions::default();
    let plots = read(session, raw, first, &mut options)?;
    draw(session, &plots, &options)
}

/// Reads plots; options of the whole graph are added to those given.
pub(super) fn read(
    s: &mut Session,
    raw: &str,
    first: Option<Kind>,
    all: &mut FigureOptions,
) -> Result<Vec<Plot>> {
    let mut reader = Reader { first, plots: Vec::new(), options: std::mem::take(all) };
    reader.read(s, raw)?;
    *all = reader.options;
    Ok(reader.plots)
}

/// Draws plots and stores the figure.
pub(super) fn draw(session: &mut Session, plots: &[Plot], options: &FigureOptions) -> Result<()> {
    if plots.is_empty() {
        return Err(StataError::standard(100));
    }
    let figure = assemble::figure(session, plots, options)?;
    store::show(session, figure, options)
}

/// Splits at `||` outside quotes and parentheses.
fn segments(raw: &str) -> Vec<&str> {
    let b = raw.as_bytes();
    let (mut out, mut start, mut i, mut depth) = (Vec::new(), 0, 0, 0);
    while i < b.len() {
        if quote_at(b, i) {
            i = skip_quote(b, i);
            continue;
        }
        match b[i] {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'|' if depth == 0 && b.get(i + 1) == Some(&b'|') => {
                out.push(raw[start..i].trim());
                start = i + 2;
                i += 1;
            }
            _ => {}
        }
        i += 1;
    }
    out.push(raw[start..].trim());
    out
}

struct Reader {
    first: Option<Kind>,
    plots: Vec<Plot>,
    options: FigureOptions,
}

impl Reader {
    fn read(&mut self, session: &mut Session, raw: &str) -> Result<()> {
        let mut whole: Vec<String> = Vec::new();
        for (at, segment) in segments(raw).into_iter().enumerate() {
            let mut rest = segment;
            let shorthand = if at == 0 { self.first } else { None };
            if shorthand.is_none() {
                while rest.starts_with('(') {
                    let end = matching_paren(rest, 0).ok_or_else(|| StataError::standard(132))?;
                    self.plot(session, rest[1..end].trim(), None)?;
                    rest = rest[end + 1..].trim_start();
                }
            }
            let word = rest.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or("");
            if rest.is_empty() {
                continue;
            } else if rest.starts_with([',', '[']) || (matches!(word, "if" | "in") && shorthand.is_none()) {
                whole.push(rest.to_owned());
            } else {
                self.plot(session, rest, shorthand)?;
            }
        }
        for text in whole {
            self.whole(session, &text)?;
        }
        Ok(())
    }

    /// `if`, `in` and options behind the plots, for all of them.
    fn whole(&mut self, session: &mut Session, text: &str) -> Result<()> {
        let cmd = ParsedCommand::split("twoway", text, false)?;
        if !cmd.list.is_empty() || cmd.using.is_some() || cmd.weight.is_some() {
            return Err(StataError::syntax());
        }
        let rows = session.rows(&cmd)?;
        for plot in &mut self.plots {
            plot.rows.iter_mut().zip(&rows).for_each(|(own, all)| *own = *own && *all);
        }
        for option in split_options(&cmd.option_text)? {
            self.figure_option(session, &option)?;
        }
        Ok(())
    }

    /// Takes an option of the whole graph, those of its second vertical axis included.
    fn take(&mut self, session: &Session, option: &RawOption) -> Result<bool> {
        match self.options.second.take(session, option)? {
            Taken::Second => Ok(true),
            Taken::First(option) => self.options.take(session, &option),
            Taken::Other => self.options.take(session, option),
        }
    }

    fn figure_option(&mut self, session: &Session, option: &RawOption) -> Result<()> {
        if self.take(session, option)? {
            return Ok(());
        }
        // an option of the only plot may stand behind its parenthesis
        if let [plot] = &mut self.plots[..]
            && plot_option(session, plot, option)?
        {
            return plot.options.check(plot.kind.options());
        }
        Err(StataError::option_not_allowed(&option.0))
    }

    fn plot(&mut self, session: &mut Session, text: &str, kind: Option<Kind>) -> Result<()> {
        let (mut over_time, mut segments) = (false, false);
        let (kind, rest) = match kind {
            Some(kind) => (kind, text),
            None => {
                let end =
                    text.find(|c: char| c.is_whitespace() || c == ',' || c == '(').unwrap_or(text.len());
                over_time = abbreviates(&text[..end], "TSRline");
                segments = &text[..end] == "pci";
                let kind = match (over_time, segments) {
                    (true, _) => Kind::RLine,
                    (_, true) => Kind::Function,
                    _ => plots::find(&text[..end])?,
                };
                (kind, &text[end..])
            }
        };
        let mut plot = Plot::new(kind, Vec::new(), vec![true; session.frame.n_rows()]);
        let mut expression = None;
        let option_text = match kind {
            Kind::Function | Kind::ScatterI => {
                let at = top_level_comma(rest);
                let front = rest[..at.unwrap_or(rest.len())].trim();
                if segments {
                    plot.curve = immediate::segments(front)?;
                } else if kind == Kind::Function {
                    expression = Some(front.to_owned());
                } else {
                    plot.immediate = immediate::points(front)?;
                }
                at.map_or(String::new(), |at| rest[at + 1..].to_owned())
            }
            _ => {
                let cmd = ParsedCommand::split("twoway", rest, false)?;
                if cmd.using.is_some() {
                    return Err(StataError::invalid("using not allowed"));
                }
                variables(session, &mut plot, &cmd, over_time)?;
                cmd.option_text
            }
        };
        for option in split_options(&option_text)? {
            if let (name, Some(argument)) = &option
                && abbreviates(name, "RECAST")
            {
                plot.recast(session, unquote(argument))?;
                continue;
            }
            if !plot_option(session, &mut plot, &option)? && !self.take(session, &option)? {
                return Err(StataError::option_not_allowed(&option.0));
            }
        }
        let mut taken = kind.options().to_vec();
        taken.extend(plot.options.recast.unwrap_or(plot.kind).options());
        plot.options.check(&taken)?;
        if let Some(expression) = expression {
            let (name, expression) = named_function(&expression);
            plot.curve_name = name.to_string();
            plot.curve = curve(session, expression, &plot)?;
        }
        self.plots.push(plot);
        Ok(())
    }
}

/// Takes an option of a plot; `yaxis()` chooses its vertical axis.
fn plot_option(session: &Session, plot: &mut Plot, option: &RawOption) -> Result<bool> {
    match option {
        (name, Some(argument)) if abbreviates(name, "YAXis") => {
            plot.options.second = match second_axis::numbers(argument)?[..] {
                [1] => false,
                [2] => true,
                _ => {
                    return Err(StataError::unsupported_option(
                        "graph",
                        "yaxis() with two axes for one plot",
                    ));
                }
            };
            Ok(true)
        }
        (name, Some(argument)) if abbreviates(name, "XAXis") && argument.trim() == "1" => Ok(true),
        _ => plot.options.take(session, option),
    }
}

/// Variables, rows and weights of a plot; `over_time` adds the time variable.
fn variables(session: &Session, plot: &mut Plot, cmd: &ParsedCommand, over_time: bool) -> Result<()> {
    plot.vars =
        words(&cmd.list).into_iter().map(|word| session.varlist(word)).collect::<Result<Vec<_>>>()?.concat();
    if over_time {
        plot.vars.push(Panel::for_operators(&session.frame)?.series()?);
    }
    let (least, most) = plot.kind.variables();
    if plot.vars.len() < least {
        return Err(StataError::standard(if plot.vars.is_empty() { 100 } else { 102 }));
    }
    if plot.vars.len() > most {
        return Err(StataError::standard(103));
    }
    if plot.vars.iter().any(|&v| session.frame.var(v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    plot.rows = session.rows(cmd)?;
    if cmd.weight.is_some() {
        let weighted = matches!(
            plot.kind,
            Kind::Fit(..) | Kind::KDensity | Kind::Histogram | Kind::Scatter | Kind::Connected
        );
        if !weighted {
            return Err(StataError::new(101, "weights not allowed"));
        }
        plot.weights = session.weights(cmd, WeightKind::Analytic, &mut plot.rows)?;
    }
    Ok(())
}

/// Name and expression of `function [name =] expression`; `y` where no name is given.
fn named_function(text: &str) -> (&str, &str) {
    match text.split_once('=') {
        Some((name, rest)) if is_valid_name(name.trim()) && !rest.starts_with('=') => (name.trim(), rest),
        _ => ("y", text),
    }
}

/// The curve of a function: its values at evenly spaced x, from 0 to 1 by default.
fn curve(session: &mut Session, expression: &str, plot: &Plot) -> Result<Vec<(f64, f64)>> {
    let (low, high) = plot.options.range.unwrap_or((0.0, 1.0));
    let n = plot.options.points.unwrap_or(300).max(2);
    let xs: Vec<f64> = (0..n).map(|i| low + (high - low) * i as f64 / (n - 1) as f64).collect();
    let mut frame = Frame::new();
    frame.add(Variable::new("x", Column::Double(xs.clone())))?;
    let data = std::mem::replace(&mut session.frame, frame);
    let by = session.by.take();
    let values = session.compile(expression).map(|compiled| {
        let ctx = session.ctx();
        (0..n).map(|row| compiled.num(&ctx, row)).collect::<Vec<f64>>()
    });
    session.frame = data;
    session.by = by;
    let point = |(x, y): (f64, f64)| (x, if crate::value::is_missing(y) { f64::NAN } else { y });
    Ok(xs.into_iter().zip(values?).map(point).collect())
}

#[cfg(test)]
mod tests {
    use super::segments;

    #[test]
    fn plots_are_split_outside_quotes_and_parentheses() {
        let text = r#"scatter y x, title("a || b") || lfit y x if (a || b) || , legend(off)"#;
        assert_eq!(
            segments(text),
            [r#"scatter y x, title("a || b")"#, "lfit y x if (a || b)", ", legend(off)"]
        );
    }
}
