//! What `lasso` and `elasticnet` are asked for: the choice of the penalty, folds, grids.

use crate::error::{Result, StataError};
use crate::syntax::numlist;
use crate::syntax::options::{parse_number, split_options};
use crate::syntax::split::ParsedCommand;

/// How the penalty is chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Selection {
    CrossValidation,
    Bic,
    Adaptive,
    None,
}

/// The search that a command asks for.
pub(super) struct Plan {
    pub(super) selection: Selection,
    pub(super) folds: usize,
    pub(super) one_error: bool,
    pub(super) count: usize,
    pub(super) ratio: Option<f64>,
    pub(super) alphas: Vec<f64>,
}

/// A whole number of at least `least`.
pub(super) fn whole(text: &str, least: f64, what: &str) -> Result<usize> {
    parse_number(text)
        .filter(|n| n.fract() == 0.0 && *n >= least && *n < 1e9)
        .map(|n| n as usize)
        .ok_or_else(|| StataError::new(198, format!("{what} must be a whole number of at least {least}")))
}

pub(super) fn plan(cmd: &ParsedCommand, alphas: Vec<f64>) -> Result<Plan> {
    let mut out = Plan {
        selection: Selection::CrossValidation,
        folds: 10,
        one_error: false,
        count: 100,
        ratio: None,
        alphas,
    };
    let text = cmd.options.text("selection").unwrap_or("cv");
    let (kind, options) = text.split_once(',').unwrap_or((text, ""));
    out.selection = match kind.trim() {
        "cv" => Selection::CrossValidation,
        "bic" => Selection::Bic,
        "adaptive" if cmd.name == "lasso" => Selection::Adaptive,
        "none" => Selection::None,
        "plugin" => return Err(StataError::unsupported_option(&cmd.name, "selection(plugin)")),
        other => return Err(StataError::invalid(format!("selection({other}) not allowed"))),
    };
    if let Some(folds) = cmd.options.int("folds") {
        out.folds = whole(&folds.to_string(), 3.0, "folds()")?;
    }
    out.one_error = cmd.has("serule");
    for (name, argument) in split_options(options)? {
        match (name.as_str(), argument) {
            ("folds", Some(text)) => out.folds = whole(&text, 3.0, "folds()")?,
            ("serule", None) => out.one_error = true,
            ("alllambdas", None) => {}
            (name, _) => {
                return Err(StataError::unsupported_option(&cmd.name, &format!("selection(, {name})")));
            }
        }
    }
    if let Some(text) = cmd.options.text("grid") {
        let (count, options) = text.split_once(',').unwrap_or((text, ""));
        out.count = whole(count.trim(), 2.0, "grid()")?;
        for (name, argument) in split_options(options)? {
            let number = argument.as_deref().and_then(parse_number).filter(|r| *r > 0.0 && *r < 1.0);
            match (name.as_str(), number) {
                ("ratio", Some(ratio)) => out.ratio = Some(ratio),
                (name, _) => {
                    return Err(StataError::unsupported_option(&cmd.name, &format!("grid(, {name})")));
                }
            }
        }
    }
    if let Some(text) = cmd.options.text("alphas") {
        if cmd.name == "lasso" {
            return Err(StataError::option_not_allowed("alphas()"));
        }
        out.alphas = numlist::expand(text)?;
        if out.alphas.iter().any(|a| !(0.0..=1.0).contains(a)) {
            return Err(StataError::new(198, "alphas() must lie between 0 and 1"));
        }
    }
    Ok(out)
}
