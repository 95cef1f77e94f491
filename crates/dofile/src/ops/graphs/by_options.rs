//! `by()` of a graph, and the grid of panels that it asks for.

use super::figure_options::title_index;
use super::no_effect;
use super::text::{self, RawOption, Words};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::abbreviates;
use figure::{Body, Figure, Plane, share_axes};

/// `by()` of a graph.
#[derive(Debug, Clone, Default)]
pub(crate) struct ByOptions {
    pub(crate) vars: Vec<usize>,
    pub(crate) total: bool,
    pub(crate) columns: Option<usize>,
    pub(crate) rows: Option<usize>,
    pub(crate) missing: bool,
    pub(crate) rescale_x: bool,
    pub(crate) rescale_y: bool,
    /// Titles given inside `by()`, which belong to the whole figure.
    pub(crate) titles: [Option<Words>; 4],
    pub(crate) legend_off: bool,
}

impl ByOptions {
    /// Reads `by(varlist, total cols(2) note("") …)`.
    pub(crate) fn parse(session: &Session, argument: &str) -> Result<Self> {
        let (front, options) = text::suboptions(argument)?;
        let vars = session.varlist(front)?;
        if vars.is_empty() {
            return Err(StataError::standard(100));
        }
        Ok(Self { vars, ..Self::of("by", options)? })
    }

    /// Reads `by()` that may have been given before: once for its list and once for its options alone.
    pub(crate) fn joined(before: Option<Self>, session: &Session, argument: &str) -> Result<Self> {
        let (front, options) = text::suboptions(argument)?;
        match (front.trim().is_empty(), before) {
            (true, Some(before)) => Ok(Self { vars: before.vars, ..Self::of("by", options)? }),
            (true, None) if !options.is_empty() => Self::of("by", options),
            (false, Some(before)) if before.vars.is_empty() => {
                Ok(Self { vars: session.varlist(front)?, ..before })
            }
            _ => Self::parse(session, argument),
        }
    }

    /// Reads the suboptions alone, as of `byopts()`; `option` names it in messages.
    pub(crate) fn of(option: &str, options: Vec<RawOption>) -> Result<Self> {
        let mut out = Self::default();
        for (name, argument) in options {
            let is = |declared: &str| abbreviates(&name, declared);
            let whole = |a: &str| {
                let n = a.trim().parse::<usize>().ok().filter(|n| *n > 0);
                n.ok_or_else(|| StataError::invalid(format!("{option}({name}()) incorrectly specified")))
            };
            match argument.as_deref() {
                None if is("TOTal") => out.total = true,
                None if is("MISSing") => out.missing = true,
                None if is("RESCALE") => (out.rescale_x, out.rescale_y) = (true, true),
                None if is("XRESCALE") => out.rescale_x = true,
                None if is("YRESCALE") => out.rescale_y = true,
                Some(a) if is("Cols") => out.columns = Some(whole(a)?),
                Some(a) if is("Rows") => out.rows = Some(whole(a)?),
                Some("off") if is("LEGend") => out.legend_off = true,
                _ if no_effect::of_by(&name) => {}
                Some(a) => match title_index(&name) {
                    Some(at) => out.titles[at] = Some(text::words_of(&name, a)?),
                    None => return Err(text::suboption(option, &name)),
                },
                None => return Err(text::suboption(option, &name)),
            }
        }
        Ok(out)
    }

    /// Puts the panels of a figure into their grid, with common axes where they are not rescaled.
    pub(crate) fn arrange(&self, figure: &mut Figure) {
        figure.shared_axes = !self.rescale_x && !self.rescale_y;
        figure.columns = self.columns.or_else(|| self.rows.map(|rows| figure.panels.len().div_ceil(rows)));
        let mut all: Vec<&mut Plane> =
            figure.panels.iter_mut().filter_map(|p| plane_of(&mut p.body)).collect();
        share_axes(&mut all, !self.rescale_x, !self.rescale_y);
        if figure.shared_axes
            && let Some(first) = all.first()
        {
            figure.x_title.clone_from(&first.x.title);
            figure.y_title.clone_from(&first.y.title);
        }
    }
}

fn plane_of(body: &mut Body) -> Option<&mut Plane> {
    if let Body::Plane(plane) = body { Some(plane) } else { None }
}
