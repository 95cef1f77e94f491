//! The points of the curves of `stcurve`, as r(curves) and as a data set ([ST] stcurve, `outfile()`).

use super::stcurve::{Curve, Function};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::matrix::{Matrix, Stripe};
use crate::ops::data_files::write_dta;
use crate::ops::files;
use crate::session::Session;
use crate::syntax::split::{front_and_options, unquote};

/// Time in the first column, the value of each curve at it in the others: curves hold until their next point.
pub(super) fn table(curves: &[Curve]) -> Matrix {
    let mut times: Vec<f64> = curves.iter().flatten().map(|p| p.0).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let mut data = Vec::with_capacity(times.len() * (curves.len() + 1));
    for time in &times {
        data.push(*time);
        data.extend(curves.iter().map(|c| {
            let upto = c.partition_point(|p| p.0 <= *time);
            upto.checked_sub(1).map_or(crate::value::MISSING, |k| crate::estimation::post::stata(c[k].1))
        }));
    }
    let mut table = Matrix::new(times.len(), curves.len() + 1, data);
    let columns = (1..=curves.len()).map(|i| format!("curve{i}"));
    table.col_names = std::iter::once("_t".to_string()).chain(columns).map(Stripe::term).collect();
    table
}

/// Names of the curves in a file: `surv1`, `haz2` and so on; the strata of a model have further numbers.
pub(super) fn curve_names(function: Function, numbers: &[usize], count: usize) -> Vec<String> {
    let stub = match function {
        Function::Survivor => "surv",
        Function::Failure => "failure",
        Function::Cumulative => "cumhaz",
        Function::Hazard => "haz",
        Function::Incidence => "ci",
    };
    let number = |k: usize| if numbers.len() == count { numbers[k] } else { k + 1 };
    (0..count).map(|k| format!("{stub}{}", number(k))).collect()
}

/// Writes `filename [, replace]`.
///
/// # Errors
/// r(602) where the file exists and `replace` is not given; r(603) where it cannot be written.
pub(super) fn write(s: &Session, text: &str, names: &[String], curves: &[Curve]) -> Result<()> {
    let (front, options) = front_and_options(text);
    if !matches!(options, "" | "replace") {
        return Err(StataError::unsupported_option("stcurve, outfile()", options));
    }
    let file = files::with_extension(unquote(front), "dta");
    let path = s.path(&file);
    files::check_replace(&path, &file, options == "replace")?;
    let points = table(curves);
    let mut frame = Frame::new();
    for (j, name) in std::iter::once("_t").chain(names.iter().map(String::as_str)).enumerate() {
        let values: Vec<f64> = (0..points.rows()).map(|i| points.get(i, j)).collect();
        frame.add(Variable::new(name, Column::from_f64(StorageType::Double, &values)))?;
    }
    write_dta(&frame, &path)
}
