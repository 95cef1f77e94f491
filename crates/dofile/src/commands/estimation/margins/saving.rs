//! `margins, saving()`: the results as a data set, a row for each margin ([R] margins, saving).

use super::{Found, Request};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, ValueLabel, Variable};
use crate::ops::data_files::write_dta;
use crate::ops::files;
use crate::session::Session;
use crate::syntax::split::{front_and_options, unquote};
use crate::syntax::{Atom, Term};
use crate::value::MISSING;

/// Rows of `r(table)` and the variables that they become.
const COLUMNS: [(usize, &str, &str); 6] = [
    (0, "_margin", "Margin"),
    (1, "_se_margin", "Std. err. of margin"),
    (2, "_statistic", "Test statistic"),
    (3, "_pvalue", "P-value"),
    (4, "_ci_lb", "Lower limit"),
    (5, "_ci_ub", "Upper limit"),
];

/// Writes `filename [, replace]` from the stored `r(table)`.
///
/// # Errors
/// r(602) where the file exists and `replace` is not given; r(603) where it cannot be written.
pub(super) fn write(s: &Session, text: &str, request: &Request, found: &Found) -> Result<()> {
    let (front, options) = front_and_options(text);
    let replace = match options {
        "" => false,
        "replace" => true,
        other => return Err(StataError::unsupported_option("margins, saving()", other)),
    };
    let file = files::with_extension(unquote(front), "dta");
    let path = s.path(&file);
    files::check_replace(&path, &file, replace)?;
    let table = s.r.matrices.get("table").ok_or_else(|| StataError::not_found("r(table)"))?;
    let mut frame = Frame::new();
    let mut add = |name: &str, label: &str, kind: StorageType, values: &[f64]| -> Result<()> {
        let mut variable = Variable::new(name, Column::from_f64(kind, values));
        variable.label = label.to_string();
        frame.add(variable).map(|_| ())
    };
    let (deriv, names) = numbered(found.cells.iter().map(|c| c.stripe.eq.as_str()));
    add("_deriv", "Derivatives w.r.t.", StorageType::Int, &deriv)?;
    let levels = levels(found);
    for special in ["_predict", "_at"] {
        if let Some((_, values)) = levels.iter().find(|(name, _)| name == special) {
            add(special, "", StorageType::Int, values)?;
        }
    }
    for (row, name, label) in COLUMNS {
        let values: Vec<f64> = (0..table.cols()).map(|j| table.get(row, j)).collect();
        add(name, label, StorageType::Double, &values)?;
    }
    let over: Vec<&str> = request.over.iter().map(|v| s.frame.var(*v).name.as_str()).collect();
    let (mut listed, mut groups) = (0, 0);
    for (variable, values) in levels.iter().filter(|(name, _)| !name.starts_with('_')) {
        let (stub, count) =
            if over.contains(&variable.as_str()) { ("_by", &mut groups) } else { ("_m", &mut listed) };
        *count += 1;
        add(&format!("{stub}{count}"), variable, StorageType::Double, values)?;
    }
    for (k, (variable, values)) in scenarios(found, &levels).iter().enumerate() {
        add(&format!("_at{}", k + 1), variable, StorageType::Double, values)?;
    }
    label_values(&mut frame, "_deriv", &names);
    write_dta(&frame, &path)
}

/// Texts as numbers from one on in the order of their first use; empty ones are missing.
fn numbered<'a>(texts: impl Iterator<Item = &'a str>) -> (Vec<f64>, Vec<String>) {
    let mut names: Vec<String> = Vec::new();
    let number = |text: &str| {
        if text.is_empty() {
            return MISSING;
        }
        let at = names.iter().position(|n| n == text).unwrap_or_else(|| {
            names.push(text.to_string());
            names.len() - 1
        });
        at as f64 + 1.0
    };
    let values = texts.map(number).collect();
    (values, names)
}

fn label_values(frame: &mut Frame, variable: &str, names: &[String]) {
    let mut labels = ValueLabel::default();
    names.iter().enumerate().for_each(|(i, name)| labels.set(i as f64 + 1.0, name));
    if let Some(i) = frame.find(variable).filter(|_| !names.is_empty()) {
        frame.value_labels.insert(variable.to_string(), labels);
        frame.var_mut(i).value_label = variable.to_string();
    }
}

/// Levels of the factors that name the margins: one value for each margin, missing where a factor does not occur.
fn levels(found: &Found) -> Vec<(String, Vec<f64>)> {
    let mut out: Vec<(String, Vec<f64>)> = Vec::new();
    for (i, cell) in found.cells.iter().enumerate() {
        let Ok(term) = Term::parse(&cell.stripe.name) else { continue };
        for atom in &term.atoms {
            let Atom::Level { var, level, .. } = atom else { continue };
            let at = out.iter().position(|(name, _)| name == var).unwrap_or_else(|| {
                out.push((var.clone(), vec![MISSING; found.cells.len()]));
                out.len() - 1
            });
            out[at].1[i] = *level as f64;
        }
    }
    out
}

/// Values of the variables of `at()` in the scenario of each margin.
fn scenarios(found: &Found, levels: &[(String, Vec<f64>)]) -> Vec<(String, Vec<f64>)> {
    let numbers = levels.iter().find(|(name, _)| name == "_at").map(|(_, values)| values);
    let mut out: Vec<(String, Vec<f64>)> = Vec::new();
    for i in 0..found.cells.len() {
        let scenario = numbers.map_or(0, |n| if n[i] >= 1.0 { n[i] as usize - 1 } else { 0 });
        for (variable, value, _) in found.legends.get(scenario).into_iter().flatten() {
            let at = out.iter().position(|(name, _)| name == variable).unwrap_or_else(|| {
                out.push((variable.clone(), vec![MISSING; found.cells.len()]));
                out.len() - 1
            });
            out[at].1[i] = *value;
        }
    }
    out
}
