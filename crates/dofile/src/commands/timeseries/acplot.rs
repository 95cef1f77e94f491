//! `estat acplot` after `arima`: autocorrelations that the estimated process implies ([TS] estat acplot).

use super::arima::State;
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::estat::Call;
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use estimators::arima::Arima;
use estimators::arma_moments::with_errors;
use estimators::matrix::Mat;
use estimators::wald;
use figure::{Range, Series, Shape, Style};

/// Documented options that are not here.
const DOCUMENTED: &[&str] = &["SAVing", "SMEMory", "CIOPts", "RLOPts", "ADDPLOT"];

/// Runs `estat acplot`.
pub(super) fn acplot(session: &mut Session, call: &Call) -> Result<()> {
    call.no_list()?;
    let mut level = session.settings.level;
    let (mut lags, mut covariances, mut rest): (Option<f64>, bool, Vec<RawOption>) =
        (None, false, Vec::new());
    for option in split_options(&call.option_text)? {
        let number = |text: &str| parse_number(text).ok_or_else(|| StataError::invalid("number expected"));
        match &option {
            (name, None) if abbreviates(name, "COVariance") => covariances = true,
            (name, Some(text)) if abbreviates(name, "LAGs") => lags = Some(number(text)?),
            (name, Some(text)) if abbreviates(name, "Level") => level = number(text)?,
            (name, _) if DOCUMENTED.iter().any(|d| abbreviates(name, d)) => {
                return Err(StataError::unsupported_option("estat acplot", name));
            }
            _ => rest.push(option),
        }
    }
    if !(10.0..=99.99).contains(&level) {
        return Err(StataError::new(198, "level() must be between 10 and 99.99 inclusive"));
    }
    let n = session.e.results.get_scalar("N").unwrap_or(0.0) as usize;
    let lags = match lags {
        None => (n / 2).saturating_sub(2).clamp(1, 40),
        Some(lags) if lags >= 1.0 && lags.fract() == 0.0 && lags <= 10_000.0 => lags as usize,
        Some(_) => return Err(StataError::new(198, "lags() must be a positive integer")),
    };
    let held = session.e.extra.clone();
    let (Some(state), Some(b), Some(v)) =
        (held.as_ref().and_then(|e| e.downcast_ref::<State>()), session.e.b(), session.e.v())
    else {
        return Err(StataError::no_estimates());
    };
    let count = state.regressors.len() + usize::from(state.constant);
    let model = Arima { y: &[], x: vec![&[][..]; count], factors: state.factors.clone(), conditional: false };
    let size = b.cols();
    let v = Mat::from_fn(size, size, |i, j| v.get(i, j));
    let found = with_errors(&model, b.values(), &v, lags, covariances)
        .ok_or_else(|| StataError::new(498, "the estimated process is not stationary"))?;
    let name = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let figure = drawing(&found, covariances, &name, level);
    show(session, Plain { used: Some(n), ..figure }, &rest)
}

/// Points with their intervals; autocovariances begin at lag 0, autocorrelations at lag 1.
fn drawing(found: &[(f64, f64)], covariances: bool, name: &str, level: f64) -> Plain {
    let z = wald::critical(level, None);
    let at = |i: usize| (i + usize::from(!covariances)) as f64;
    let points = found.iter().enumerate().map(|(i, f)| (at(i), f.0)).collect();
    let ranges = found
        .iter()
        .enumerate()
        .map(|(i, (value, error))| Range { at: at(i), low: value - z * error, high: value + z * error })
        .collect();
    let drawn =
        |shape: Shape, number: usize| Series { label: String::new(), number, shape, style: Style::default() };
    let what = if covariances { "autocovariances" } else { "autocorrelations" };
    Plain {
        series: vec![
            drawn(Shape::Ranges { ranges, caps: true, horizontal: false }, 1),
            drawn(Shape::Points { points }, 0),
        ],
        title: format!("Parametric {what} of {name}"),
        x_title: "Lag".to_string(),
        y_title: format!("A{}", &what[1..]),
        note: format!("{}% confidence intervals", format::bare("%9.0g", level)),
        ..Plain::default()
    }
}
