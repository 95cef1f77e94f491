//! `estat phtest, plot()`: scaled Schoenfeld residuals of a regressor against a function of time, with running means over the
//! nearest points as `lowess, mean noweight` has them ([ST] stcox PH-assumption tests).

use super::cox_post::{CoxSample, residuals};
use super::phtest::of_time;
use crate::commands::SmootherLooks;
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::estat::Call;
use crate::ops::graphs::curves::{CurveOptions, Picture, show};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::abbreviates;
use estimators::smoothing::lowess;
use figure::{Series, Shape, Style};

/// What the options ask for.
struct Choice {
    term: String,
    chosen: Vec<&'static str>,
    time: String,
    bandwidth: f64,
}

/// Draws the plot; no test is printed.
pub(super) fn draw(s: &mut Session, call: &Call) -> Result<()> {
    let mut choice = Choice { term: String::new(), chosen: Vec::new(), time: String::new(), bandwidth: 0.8 };
    let mut looks = SmootherLooks::default();
    let options = CurveOptions::read(s, "estat phtest", &call.option_text, &["RECAST"], |name, argument| {
        match argument {
            Some(a) if abbreviates(name, "PLot") => choice.term = a.trim().to_string(),
            Some(a) if abbreviates(name, "BWidth") => choice.bandwidth = bandwidth(a)?,
            Some(a) if name == "time" => {
                choice.time = a.trim().to_string();
                choice.chosen.push("time");
            }
            None => match ["km", "log", "rank"].into_iter().find(|o| *o == name) {
                Some(of) => choice.chosen.push(of),
                None if abbreviates(name, "Detail") => {}
                None => return Ok(false),
            },
            a => return looks.take(s, &(name.to_string(), a.map(str::to_string))),
        }
        Ok(true)
    })?;
    let sample = CoxSample::read(s)?;
    let place = sample.names.iter().position(|n| *n == choice.term);
    let place = place.or_else(|| sample.names.iter().position(|n| n.starts_with(&choice.term)));
    let Some(place) = place.filter(|_| !choice.term.is_empty()) else {
        return Err(StataError::new(111, format!("{} is not a regressor of the model", choice.term)));
    };
    let (residuals, d) = residuals(&sample);
    let (x_title, times) = of_time(s, &sample, &residuals, (&choice.chosen, &choice.time))?;
    let scaled = |r: &Vec<f64>| sample.b[place] + d * sample.v.times_vector(r)[place];
    let mut points: Vec<(f64, f64)> =
        times.iter().zip(&residuals).map(|(t, (_, r))| (*t, scaled(r))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let line = lowess(&points, choice.bandwidth, true, true);
    let made = |label: &str, (style, number): (Style, usize), shape: Shape| Series {
        label: label.to_string(),
        number,
        shape,
        style,
    };
    let picture = Picture {
        title: "Test of PH assumption".into(),
        note: format!("bandwidth = {}", format::bare("%9.0g", choice.bandwidth).trim()),
        x_title,
        y_title: format!("Scaled Schoenfeld - {}", sample.names[place]),
        used: points.len(),
        series: vec![
            made("Scaled Schoenfeld residuals", looks.points(), Shape::Points { points }),
            made("Running-mean smoother", looks.line(), Shape::Line { points: line, step: false }),
        ],
        ..Picture::default()
    };
    s.r = Results::default();
    show(s, picture, options)
}

fn bandwidth(text: &str) -> Result<f64> {
    let share = text.trim().parse::<f64>().ok().filter(|b| *b > 0.0 && *b < 1.0);
    share.ok_or_else(|| StataError::invalid("bwidth() must be between zero and one"))
}
