//! The figure of `stcurve`.

use super::stcurve::{Curve, Function};
use super::stcurve_table::table;
use crate::commands::LineLooks;
use crate::error::Result;
use crate::ops::graphs::curves::{CurveOptions, Picture, show};
use crate::results::Results;
use crate::session::Session;
use figure::{Series, Shape};

#[expect(
    clippy::too_many_arguments,
    reason = "the curves with everything that decides how one graph shows them"
)]
pub(super) fn draw(
    s: &mut Session,
    function: Function,
    labels: &[String],
    mut curves: Vec<Curve>,
    used: usize,
    range: Option<(f64, f64)>,
    step: bool,
    (options, looks): (CurveOptions, &LineLooks),
) -> Result<()> {
    if let Some((low, high)) = range {
        curves.iter_mut().for_each(|c| c.retain(|p| p.0 >= low && p.0 <= high));
    }
    let series = curves
        .iter()
        .enumerate()
        .map(|(k, points)| {
            let label = if labels.len() > 1 { labels[k].clone() } else { String::new() };
            let (style, number) = looks.style(k);
            Series { label, number, shape: Shape::Line { points: points.clone(), step }, style }
        })
        .collect();
    let title = match s.e.results.get_text("title").unwrap_or("") {
        "Cox regression" => "Cox proportional hazards regression".to_string(),
        title => title.to_string(),
    };
    let bounded = matches!(function, Function::Survivor | Function::Failure | Function::Incidence);
    let mut r = Results::default();
    r.matrix("curves", table(&curves));
    s.r = r;
    let picture = Picture {
        title,
        x_title: "Analysis time".into(),
        y_title: function.title().into(),
        series,
        y_range: bounded.then_some((0.0, 1.0)),
        used,
        ..Picture::default()
    };
    show(s, picture, options)
}
