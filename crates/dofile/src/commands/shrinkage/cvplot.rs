//! `cvplot`: the cross-validation function of the last `lasso` or `elasticnet` over the penalty. [LASSO] cvplot.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::state::with;
use crate::error::{Result, StataError};
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::ParsedCommand;
use figure::{RefLine, Series, Shape, Style};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "cvplot",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "cvplot [, twoway_options]",
    notes: "after selection(cv) or selection(adaptive): the mean prediction error out of the folds over lambda, in logs and from the largest, with a line at the selected lambda; after elasticnet the alpha that was selected; [LASSO] cvplot",
    examples: &[Example {
        run: "set obs 40\ngenerate a = mod(_n*7, 11)\ngenerate b = mod(_n*5, 13)\ngenerate y = 3*a + b + mod(_n*3, 17)\nlasso linear y a b, rseed(1)\ncvplot\nscalar n = e(N)",
        expect: &[("n", 40.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::whole(&cmd.name, &cmd.raw)?;
    if !cmd.list.trim().is_empty() {
        return Err(StataError::syntax());
    }
    let mut options: Vec<RawOption> = Vec::new();
    for option in split_options(&cmd.option_text)? {
        let refused =
            ["xunits", "minmax", "se", "lineopts", "alphas", "for", "legend_cv", "cvlineopts", "lslineopts"];
        if let Some(name) = refused.into_iter().find(|name| abbreviates(&option.0, name)) {
            return Err(StataError::unsupported_option("cvplot", name));
        }
        options.push(option);
    }
    options.push(("xscale".to_string(), Some("log reverse".to_string())));
    let (points, selected, used) = with(session, |_, state| {
        let at = state.selected.filter(|_| state.by_cv).ok_or_else(|| {
            StataError::new(321, "cvplot needs a penalty that was selected by cross-validation")
        })?;
        let knots = state.knots.iter().filter(|k| k.alpha == state.knots[at].alpha);
        let points: Vec<(f64, f64)> =
            knots.filter(|k| k.cv_mean.is_finite()).map(|k| (k.lambda, k.cv_mean)).collect();
        Ok((points, state.knots[at].lambda, state.y.len()))
    })?;
    let figure = Plain {
        series: vec![Series {
            label: String::new(),
            number: 0,
            shape: Shape::Line { points, step: false },
            style: Style::default(),
        }],
        title: "Cross-validation plot".to_string(),
        x_title: "lambda".to_string(),
        y_title: "Cross-validation function".to_string(),
        x_lines: vec![RefLine { at: selected, style: Style::default() }],
        used: Some(used),
        ..Plain::default()
    };
    show(session, figure, &options)
}
