//! `estat gofplot`: the Nelson-Aalen cumulative hazard of Cox-Snell residuals against these residuals; they follow the diagonal
//! where the model fits ([ST] estat gofplot; Cox and Snell 1968).

use super::{cox_post, streg_post};
use crate::error::{Result, StataError};
use crate::ops::estat::Call;
use crate::ops::graphs::curves::{CurveOptions, Picture, show};
use crate::results::Results;
use crate::session::Session;
use crate::value::is_missing;
use estimators::survivor::{Spans, life_table};
use figure::{Series, Shape, Style};

/// Draws the plot after `stcox` and `streg`.
pub(crate) fn gofplot(s: &mut Session, call: &Call) -> Result<()> {
    call.no_list()?;
    let refused = ["STRATify", "OUTFile", "PLOTOpts", "RLOPts", "ADDPLOT"];
    let options = CurveOptions::read(s, "estat gofplot", &call.option_text, &refused, |_, _| Ok(false))?;
    let points = points(s)?;
    let end = points.last().map_or(0.0, |p| p.0);
    let made = |label: &str, number: usize, points: Vec<(f64, f64)>| Series {
        label: label.to_string(),
        number,
        shape: Shape::Line { points, step: false },
        style: Style::default(),
    };
    let picture = Picture {
        title: "Goodness-of-fit plot".into(),
        x_title: "Cox–Snell residuals".into(),
        y_title: "Estimated cumulative hazard".into(),
        used: points.len(),
        series: vec![
            made("Nelson–Aalen estimate", 0, points),
            made("Reference line", 1, vec![(0.0, 0.0), (end, end)]),
        ],
        ..Picture::default()
    };
    s.r = Results::default();
    show(s, picture, options)
}

/// Residuals in ascending order with the cumulative hazard at each.
fn points(s: &mut Session) -> Result<Vec<(f64, f64)>> {
    let rows: Vec<usize> = (0..s.frame.n_rows()).collect();
    let residuals = if s.e.results.get_text("cmd2") == Some("streg") {
        vec![streg_post::predict(s, &["csnell"], &rows)?]
    } else {
        cox_post::predict(s, "csnell", false, &rows)?
    };
    let residuals = residuals.into_iter().next().ok_or_else(StataError::no_estimates)?.values;
    let failure = s.frame.position("_d")?;
    let known: Vec<usize> = rows.into_iter().filter(|r| !is_missing(residuals[*r])).collect();
    let t: Vec<f64> = known.iter().map(|r| residuals[*r]).collect();
    let d: Vec<bool> = known.iter().map(|r| s.frame.num_at(failure, *r) == 1.0).collect();
    let t0 = vec![0.0; t.len()];
    let table = life_table(Spans { t0: &t0, t: &t, d: &d, w: None }, None);
    Ok(table.iter().map(|p| (p.time, p.hazard)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exponential model: residuals are times over the mean, the hazard at the k-th of n is a sum of 1/(n - i).
    #[test]
    fn points_are_those_of_a_hand_calculation() {
        let mut s = Session::default();
        let text = "input t d\n1 1\n2 0\n3 1\n6 1\nend\nstset t, failure(d)\nquietly streg, distribution(exponential)";
        assert_eq!(s.run_captured(text).1, 0);
        let got = points(&mut s).expect("points");
        let want = [(0.25, 0.25), (0.5, 0.25), (0.75, 0.75), (1.5, 1.75)];
        assert_eq!(got.len(), want.len());
        for (got, want) in got.iter().zip(want) {
            assert!((got.0 - want.0).abs() < 1e-7 && (got.1 - want.1).abs() < 1e-12, "{got:?} {want:?}");
        }
    }
}
