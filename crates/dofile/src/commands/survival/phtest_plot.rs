//! The figure of `estat phtest, plot(varname)` ([ST] stcox PH-assumption tests): scaled Schoenfeld residuals of a regressor
//! against the function of time, with a lowess smooth.

use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::value::MISSING;

/// Options of the test; the others are those of the figure.
const OWN: &[&str] = &["km", "log", "rank", "time", "Detail"];

/// What `plot()` asks for.
pub(super) struct Plot {
    /// The regressor.
    pub(super) name: String,
    /// Options of `lowess`.
    options: String,
    has_title: bool,
}

/// Parts the options of the test from those of the figure; without `plot()` all of them are of the test.
pub(super) fn read(text: &str) -> Result<(String, Option<Plot>)> {
    let (mut test, mut figure) = (String::new(), String::new());
    let (mut name, mut has_title) = (None, false);
    for (option, argument) in split_options(text)? {
        if let Some(own) = argument.as_deref().filter(|_| abbreviates(&option, "PLot")) {
            name = Some(own.trim().to_string());
            continue;
        }
        has_title |= abbreviates(&option, "TItle");
        let is_test = OWN.iter().any(|own| abbreviates(&option, own));
        let to = if is_test { &mut test } else { &mut figure };
        match argument {
            Some(argument) => to.push_str(&format!("{option}({argument}) ")),
            None => to.push_str(&format!("{option} ")),
        }
    }
    match name {
        Some(name) => Ok((test, Some(Plot { name, options: figure, has_title }))),
        None => Ok((text.to_string(), None)),
    }
}

/// Draws the residuals: row of the data, time, and residual.
///
/// # Errors
/// Those of `lowess`.
pub(super) fn draw(s: &mut Session, plot: &Plot, points: &[(usize, f64, f64)]) -> Result<()> {
    let names = [new_name(s), new_name(s)];
    let labels = ["Time".to_string(), format!("scaled Schoenfeld - {}", plot.name)];
    for (k, (name, label)) in names.iter().zip(labels).enumerate() {
        let mut values = vec![MISSING; s.frame.n_rows()];
        points.iter().for_each(|(row, x, y)| values[*row] = if k == 0 { *x } else { *y });
        let mut variable = Variable::new(name, Column::Double(values));
        variable.label = label;
        s.frame.add(variable)?;
    }
    let title = if plot.has_title { "" } else { "title(\"Test of PH assumption\")" };
    let done = s.run_expanded(&format!("quietly lowess {} {}, {title} {}", names[1], names[0], plot.options));
    let added: Vec<usize> = names.iter().filter_map(|name| s.frame.find(name)).collect();
    s.frame.drop_vars(&added);
    done.map(|_| ())
}

/// The position of a regressor among those of the model.
pub(super) fn position(names: &[String], name: &str) -> Result<usize> {
    let wrong = || StataError::new(111, format!("{name} is not a regressor of the model"));
    names.iter().position(|own| own == name).ok_or_else(wrong)
}

/// A name that no variable has.
pub(super) fn new_name(s: &mut Session) -> String {
    format!("__{:06X}", s.fresh_id())
}
