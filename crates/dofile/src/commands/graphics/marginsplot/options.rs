//! Options of `marginsplot`.

use crate::commands::graphics::plot_options::PlotOptions;
use crate::error::{Result, StataError};
use crate::ops::graphs::figure_options::FigureOptions;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{unquote, words};
use figure::Style;

/// Looks of all plots, or of one by its number; the last one that fits counts.
type Looks = Vec<(Option<usize>, PlotOptions)>;

/// The number of `plot2opts` or `ci2opts`, from zero.
fn numbered(name: &str, part: &str) -> Option<usize> {
    let digits = name.strip_prefix(part)?.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let rest = &name[part.len() + digits.len()..];
    (rest.len() >= 3 && "opts".starts_with(rest)).then(|| digits.parse::<usize>().ok()?.checked_sub(1))?
}

/// Reads the options of plots or intervals.
fn look(session: &Session, looks: &mut Looks, number: Option<usize>, text: &str) -> Result<()> {
    let mut options = PlotOptions::default();
    for option in split_options(text)? {
        if !options.take(session, &option)? {
            return Err(StataError::option_not_allowed(&option.0));
        }
    }
    looks.push((number, options));
    Ok(())
}

/// The look of the plot or interval with a number.
pub(super) fn style_of(looks: &Looks, number: usize, filled: bool) -> (Style, usize) {
    let own = looks.iter().rev().find(|(n, _)| *n == Some(number));
    let chosen = own.or_else(|| looks.iter().rev().find(|(n, _)| n.is_none()));
    chosen.map_or_else(|| (Style::default(), number), |(_, options)| options.look(0, filled, number))
}

/// Names of dimensions and the texts of their levels, `labels()`; other options of dimensions are not built.
fn names(text: &str) -> Result<(Vec<String>, Vec<String>)> {
    let (list, options) = text.split_once(',').unwrap_or((text, ""));
    let mut labels = Vec::new();
    for (name, argument) in split_options(options)? {
        match argument {
            Some(texts) if abbreviates(&name, "LABels") => {
                labels = words(&texts).into_iter().map(|text| unquote(text).to_string()).collect();
            }
            _ => return Err(StataError::unsupported_option("marginsplot", options.trim())),
        }
    }
    Ok((list.split_whitespace().map(str::to_string).collect(), labels))
}

#[derive(Default)]
pub(super) struct Options {
    pub(super) figure: FigureOptions,
    pub(super) x: Option<String>,
    /// Dimensions whose combinations are plots.
    pub(super) series: Vec<String>,
    /// Dimensions whose combinations are panels.
    pub(super) panels: Vec<String>,
    /// Texts of the levels of x, of the plots and of the panels, in their order.
    pub(super) x_labels: Vec<String>,
    pub(super) series_labels: Vec<String>,
    pub(super) panel_labels: Vec<String>,
    pub(super) no_interval: bool,
    pub(super) markers: Option<String>,
    pub(super) interval: Option<String>,
    pub(super) horizontal: bool,
    /// Looks of all plots, or of one by its number; the last one that fits counts.
    pub(super) plots: Looks,
    pub(super) intervals: Looks,
}

impl Options {
    /// `barwidth()` of a plot, 0.8 of the distance between levels by default.
    pub(super) fn bar_width(&self, number: usize) -> f64 {
        let fits = self.plots.iter().rev().filter(|l| l.0.is_none_or(|n| n == number));
        fits.filter_map(|(_, options)| options.bar_width).next().unwrap_or(0.8)
    }
}

/// Reads the options.
pub(super) fn read_options(session: &Session, text: &str) -> Result<Options> {
    const UNSUPPORTED: &[&str] = &[
        "GRAPHDimension",
        "ALLSIMPLElabels",
        "NOLABels",
        "NOSIMPLElabels",
        "SEParator",
        "NOSEParator",
        "LEVel",
        "MCOMPare",
        "DERIVLABels",
        "ADDPLOT",
        "UNIQue",
        "CSORT",
        "UNCONDitional",
    ];
    let mut out = Options::default();
    for option in split_options(text)? {
        let (name, argument) = (option.0.as_str(), option.1.as_deref());
        let is = |declared: &str| abbreviates(name, declared);
        match argument {
            Some(a) if is("Xdimension") => {
                let (names, labels) = names(a)?;
                let [name] = &names[..] else {
                    return Err(StataError::unsupported_option(
                        "marginsplot",
                        "xdimension() of several dimensions",
                    ));
                };
                (out.x, out.x_labels) = (Some(name.clone()), labels);
            }
            Some(a) if is("PLOTDimension") => (out.series, out.series_labels) = names(a)?,
            Some(a) if is("BYDimension") => (out.panels, out.panel_labels) = names(a)?,
            // every level of x has its label
            None if is("ALLXlabels") => {}
            None if is("noCI") => out.no_interval = true,
            None if is("HORizontal") => out.horizontal = true,
            Some(a) if is("PLOTOPts") => look(session, &mut out.plots, None, a)?,
            Some(a) if is("CIOPts") => look(session, &mut out.intervals, None, a)?,
            Some(a) if numbered(name, "plot").is_some() => {
                look(session, &mut out.plots, numbered(name, "plot"), a)?
            }
            Some(a) if numbered(name, "ci").is_some() => {
                look(session, &mut out.intervals, numbered(name, "ci"), a)?
            }
            Some(a @ ("connected" | "line" | "scatter" | "bar")) if is("RECAST") => {
                out.markers = Some(a.to_owned())
            }
            Some(a @ ("rcap" | "rarea" | "rspike")) if is("RECASTCI") => out.interval = Some(a.to_owned()),
            Some(_) if is("RECAST") || is("RECASTCI") => {
                return Err(StataError::unsupported_option("marginsplot", name));
            }
            _ if out.figure.by.is_none() && out.figure.take(session, &option)? => {}
            _ => {
                return Err(match UNSUPPORTED.iter().find(|declared| abbreviates(name, declared)) {
                    Some(known) => StataError::unsupported_option("marginsplot", &known.to_lowercase()),
                    None => StataError::option_not_allowed(name),
                });
            }
        }
    }
    if out.figure.by.is_some() {
        return Err(StataError::unsupported_option("marginsplot", "by()"));
    }
    Ok(out)
}
