//! `histogram`: bins, heights, and the plot with an optional normal or kernel density.

use super::added_plots::with_added;
use super::numbers;
use super::plot_options::{Height, PlotOptions};
use super::plots::{Kind, Plot};
use super::twoway;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::graphs::figure_options::FigureOptions;
use crate::ops::graphs::{no_effect, text};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::{ParsedCommand, WeightKind};
use estimators::distributions::normal_density;
use figure::{Bar, Color, TextMark};

/// `histogram`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "histogram",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "histogram varname [if] [in] [fweight] [, bin(#) width(#) start(#) discrete density|fraction|frequency|percent normal kdensity horizontal addlabels addlabopts(mlabposition(#) mlabsize() mlabcolor() mlabformat(%fmt)) addplot(plot) twoway_options]",
    notes: "stores r(N), r(bin), r(start), r(width), r(area); default bins: [R] histogram, Methods and formulas",
    examples: &[Example {
        run: "set obs 74\ngenerate x = _n\nhistogram x",
        expect: &[("r(bin)", 8.0), ("r(start)", 1.0), ("r(width)", 9.125), ("r(N)", 74.0)],
    }],
};

/// The bins of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bins {
    pub(super) start: f64,
    pub(super) width: f64,
    pub(super) count: usize,
    discrete: bool,
}

impl Bins {
    /// The bins of sorted values; `None` without values.
    pub(super) fn of(values: &[(f64, f64)], options: &PlotOptions) -> Result<Option<Self>> {
        let (Some(first), Some(last)) = (values.first(), values.last()) else { return Ok(None) };
        let (low, high) = (first.0, last.0);
        if options.bins.is_some() && options.bin_width.is_some() {
            return Err(StataError::new(184, "options bin() and width() may not be combined"));
        }
        let start = options.bin_start.unwrap_or(low);
        if start > low {
            return Err(StataError::invalid("start() must be less than or equal to the smallest value"));
        }
        if options.discrete {
            let width = match options.bin_width {
                Some(width) => width,
                None => values
                    .windows(2)
                    .map(|w| w[1].0 - w[0].0)
                    .filter(|d| *d > 0.0)
                    .fold(f64::INFINITY, f64::min),
            };
            let width = if width.is_finite() { width } else { 1.0 };
            let count = ((high - start) / width).round() as usize + 1;
            return Ok(Some(Self { start, width, count: limited(count)?, discrete: true }));
        }
        let total: f64 = values.iter().map(|v| v.1).sum();
        if high == start {
            return Ok(Some(Self { start: start - 0.5, width: 1.0, count: 1, discrete: false }));
        }
        let (width, count) = match options.bin_width {
            Some(width) => (width, limited((((high - start) / width) * (1.0 - 1e-12)).floor() as usize + 1)?),
            None => {
                let count = options.bins.unwrap_or_else(|| numbers::bins(total));
                ((high - start) / count as f64, count)
            }
        };
        Ok(Some(Self { start, width, count, discrete: false }))
    }

    /// Number, start and width, as the log shows them.
    fn text(&self) -> String {
        let number = |x: f64| format::bare("%10.0g", x);
        format!("(bin={}, start={}, width={})", self.count, number(self.start), number(self.width))
    }

    /// The bars; the largest value belongs to the last bin.
    pub(super) fn bars(&self, values: &[(f64, f64)], height: Height) -> Vec<Bar> {
        let mut weights = vec![0.0; self.count];
        for (value, weight) in values {
            let place = (value - self.start) / self.width;
            let place = if self.discrete { place.round() } else { (place * (1.0 + 1e-12)).floor() };
            weights[(place.max(0.0) as usize).min(self.count - 1)] += weight;
        }
        let total: f64 = weights.iter().sum();
        let factor = match height {
            Height::Density => 1.0 / (total * self.width),
            Height::Fraction => 1.0 / total,
            Height::Percent => 100.0 / total,
            Height::Frequency => 1.0,
        };
        let shift = if self.discrete { 0.0 } else { 0.5 };
        weights
            .iter()
            .enumerate()
            .map(|(i, w)| Bar {
                at: self.start + (i as f64 + shift) * self.width,
                from: 0.0,
                to: w * factor,
                width: self.width,
            })
            .collect()
    }
}

fn limited(count: usize) -> Result<usize> {
    if count > 100_000 { Err(StataError::invalid("too many bins")) } else { Ok(count) }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split("histogram", &cmd.raw, false)?;
    let mut options = FigureOptions::default();
    let mut plot =
        Plot::new(Kind::Histogram, vec![session.numeric_variable(&cmd.list)?], session.rows(&cmd)?);
    if cmd.weight.as_ref().is_some_and(|w| w.kind.is_some_and(|k| k != WeightKind::Frequency)) {
        return Err(StataError::new(101, "only fweights are allowed"));
    }
    plot.weights = session.weights(&cmd, WeightKind::Frequency, &mut plot.rows)?;
    let (mut normal, mut kernel, mut added) = (false, false, None);
    let mut labels: Option<BarLabels> = None;
    for option in split_options(&cmd.option_text)? {
        match &option {
            (name, None) if abbreviates(name, "NORMal") => normal = true,
            (name, None) if abbreviates(name, "KDENsity") => kernel = true,
            (name, Some(a)) if abbreviates(name, "ADDPLOT") => added = Some(a.clone()),
            (name, None) if abbreviates(name, "ADDLabels") => _ = labels.get_or_insert_default(),
            (name, Some(a)) if abbreviates(name, "ADDLABOPts") => {
                labels.get_or_insert_default().read(a)?;
            }
            (name, Some(_)) if no_effect::of_added(name) => {}
            _ if plot.options.take(session, &option)? || options.take(session, &option)? => {}
            _ => return Err(StataError::option_not_allowed(&option.0)),
        }
    }
    plot.options.check(plot.kind.options())?;
    let height =
        plot.options.height.unwrap_or(if plot.options.discrete { Height::Fraction } else { Height::Density });
    plot.options.height = Some(height);
    let values = plot.sorted_values(session, &vec![true; plot.rows.len()])?;
    let bins = Bins::of(&values, &plot.options)?.ok_or_else(StataError::no_observations)?;
    // all panels of a by-graph use the bins of the whole sample
    plot.options.bin_start = Some(bins.start);
    plot.options.bin_width = Some(bins.width);
    plot.options.bins = None;
    let total: f64 = values.iter().map(|v| v.1).sum();
    let area = match height {
        Height::Density => 1.0,
        Height::Fraction => bins.width,
        Height::Percent => 100.0 * bins.width,
        Height::Frequency => total * bins.width,
    };
    if let Some(labels) = labels {
        if options.by.is_some() {
            return Err(StataError::unsupported_option("histogram", "addlabels with by()"));
        }
        options.texts.extend(labels.marks(&bins.bars(&values, height), plot.horizontal()));
    }
    let mut plots = vec![plot];
    if (normal || kernel) && options.by.is_some() {
        return Err(StataError::unsupported_option("histogram", "normal or kdensity with by()"));
    }
    for curve in curves(&values, area, normal, kernel) {
        plots.push(Plot {
            kind: Kind::Function,
            vars: Vec::new(),
            curve,
            options: PlotOptions::default(),
            ..plots[0].clone()
        });
    }
    let hidden = plots.len() > 1 && added.is_none();
    let horizontal = plots[0].horizontal();
    let plots = with_added(session, plots, added.as_deref(), &mut options)?;
    if hidden && options.legend.show.is_none() && options.legend_order.is_none() {
        options.legend.show = Some(false);
    }
    if options.x.title.is_none() && options.y.title.is_none() {
        let title = super::plots::height_title(Some(height));
        let words = Some(crate::ops::graphs::text::Words { text: title.into(), size: None });
        if horizontal { options.x.title = words } else { options.y.title = words }
    }
    session.print(bins.text());
    twoway::draw(session, &plots, &options)?;
    let mut results = Results::default();
    results.scalar("N", total).scalar("bin", bins.count as f64);
    results.scalar("start", bins.start).scalar("width", bins.width).scalar("area", area);
    session.r = results;
    Ok(())
}

/// The heights over the bars: `addlabels`, and `addlabopts()` with their look.
struct BarLabels {
    format: String,
    clock: Option<u8>,
    color: Option<Color>,
    size: Option<f64>,
}

impl Default for BarLabels {
    fn default() -> Self {
        Self { format: "%9.4g".to_string(), clock: None, color: None, size: None }
    }
}

impl BarLabels {
    /// Reads `addlabopts()`.
    fn read(&mut self, given: &str) -> Result<()> {
        for (name, argument) in split_options(given)? {
            let Some(a) = argument else { return Err(StataError::option_not_allowed(&name)) };
            let is = |declared: &str| abbreviates(&name, declared);
            match () {
                () if is("MLABPosition") => self.clock = Some(text::clock(&a)?),
                () if is("MLABSize") => self.size = Some(text::text_size(&a)?),
                () if is("MLABColor") => self.color = Some(text::color(&a)?),
                () if is("MLABFormat") || is("YVARFormat") => {
                    if format::Format::parse(a.trim()).is_none_or(|f| f.is_string()) {
                        return Err(StataError::standard(120));
                    }
                    self.format = a.trim().to_string();
                }
                () => {
                    return Err(StataError::unsupported_option(
                        "histogram",
                        &format!("addlabopts({name}())"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// The texts at the ends of the bars.
    fn marks(&self, bars: &[Bar], horizontal: bool) -> Vec<TextMark> {
        let mark = |bar: &Bar| TextMark {
            x: if horizontal { bar.to } else { bar.at },
            y: if horizontal { bar.at } else { bar.to },
            text: format::bare(&self.format, bar.to).trim().to_string(),
            clock: self.clock.unwrap_or(if horizontal { 3 } else { 12 }),
            color: self.color,
            size: self.size,
        };
        bars.iter().filter(|bar| bar.to > 0.0).map(mark).collect()
    }
}

/// The normal and the kernel density on the scale of the bars.
fn curves(values: &[(f64, f64)], area: f64, normal: bool, kernel: bool) -> Vec<Vec<(f64, f64)>> {
    let mut out = Vec::new();
    let (mean, sd) = numbers::moments(values);
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return out };
    if normal && sd > 0.0 {
        let (low, high) = (first.0.min(mean - 3.0 * sd), last.0.max(mean + 3.0 * sd));
        let at = (0..200).map(|i| low + (high - low) * f64::from(i) / 199.0);
        out.push(at.map(|x| (x, area * normal_density((x - mean) / sd) / sd)).collect());
    }
    if kernel && sd > 0.0 {
        let width = numbers::bandwidth(values);
        let at = numbers::density_grid(values, 200, width);
        let heights = numbers::density(values, &at, width, numbers::Kernel::Epanechnikov);
        out.push(at.into_iter().zip(heights).map(|(x, h)| (x, area * h)).collect());
    }
    out
}
