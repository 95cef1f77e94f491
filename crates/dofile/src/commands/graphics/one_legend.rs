//! `grc1leg`: combined graphs with one legend for all (V. Wiggins, 2003, help grc1leg).

use super::graph;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::graphs::figure_options::place;
use crate::ops::graphs::text::{self, RawOption};
use crate::syntax::ParsedCommand;
use crate::syntax::options::abbreviates;
use figure::{Body, Legend, LegendPlace, Panel};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "grc1leg",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: |session, cmd| {
        let own = ParsedCommand::whole("grc1leg", &cmd.raw)?;
        graph::combine_as(session, "grc1leg", &own, Some(OneLegend::default()))
    },
    syntax: "grc1leg name [name ...] [, legendfrom(name) position(clock) graph_combine_options]",
    notes: "the legend of legendfrom(), of the first graph without it, stands for all; ring() and span change nothing; no results",
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\ngenerate y = x\ngenerate z = -x\ntwoway (line y x) (line z x), name(a)\ntwoway (line z x) (line y x), name(b)\ngrc1leg a b, legendfrom(b) position(3)\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
        expect: &[("rc", 0.0)],
    }],
};

/// Which legend stands for all graphs, and where.
#[derive(Debug, Default)]
pub(super) struct OneLegend {
    from: Option<String>,
    place: Option<LegendPlace>,
}

impl OneLegend {
    /// Takes an option if it is one of the legend.
    pub(super) fn take(&mut self, (name, argument): &RawOption) -> Result<bool> {
        let is = |declared: &str| abbreviates(name, declared);
        match argument.as_deref() {
            Some(a) if is("LEGendfrom") => self.from = Some(crate::syntax::split::unquote(a).to_owned()),
            Some(a) if is("POSition") => self.place = Some(place(text::clock(a)?)),
            // the layout decides on distances
            Some(_) if is("RING") => {}
            None if is("SPAN") => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The legend of the whole; the graphs lose theirs.
    pub(super) fn legend(self, names: &[String], panels: &mut [Panel]) -> Result<Legend> {
        let at = match &self.from {
            None => 0,
            Some(from) => names
                .iter()
                .position(|name| name == from)
                .ok_or_else(|| StataError::invalid(format!("{from} is not one of the combined graphs")))?,
        };
        let mut found = Legend::default();
        for (number, panel) in panels.iter_mut().enumerate() {
            if let Body::Figure(figure) = &mut panel.body {
                if number == at {
                    found = figure.legend.clone();
                }
                figure.legend.show = Some(false);
            }
        }
        found.place = self.place.unwrap_or(found.place);
        found.from = Some(at);
        Ok(found)
    }
}
