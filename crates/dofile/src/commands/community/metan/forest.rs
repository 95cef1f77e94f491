//! The forest plot of `metan`.

use super::show::Table;
use crate::error::Result;
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::session::Session;
use figure::{Range, RefLine, Series, Shape, Style};

/// Half the height of the diamond of a pool.
const DIAMOND: f64 = 0.3;

/// Lines of the plot from top to bottom.
enum Line<'a> {
    Heading(&'a str),
    Study(usize),
    Pool(String, f64, f64),
}

fn lines<'a>(table: &Table<'a>) -> Vec<Line<'a>> {
    let mut out = Vec::new();
    for group in table.groups {
        if table.by.is_some() {
            out.push(Line::Heading(&group.name));
        }
        out.extend(group.at.iter().map(|i| Line::Study(*i)));
        if table.by.is_some() && table.with_groups {
            out.push(Line::Pool("Subtotal".into(), group.pool.y, group.pool.se));
        }
    }
    if table.with_overall {
        out.push(Line::Pool("Overall".into(), table.overall.y, table.overall.se));
    }
    out
}

/// Draws the studies with their intervals and the pools as diamonds.
pub(super) fn draw(s: &mut Session, table: &Table<'_>, options: &[RawOption]) -> Result<()> {
    let shown = |x: f64| if table.studies.log_scale { x.exp() } else { x };
    let lines = lines(table);
    let height = |place: usize| (lines.len() - place) as f64;
    let (mut ranges, mut points, mut diamonds, mut ticks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (place, line) in lines.iter().enumerate() {
        let at = height(place);
        let name = match line {
            Line::Heading(name) => (*name).to_string(),
            Line::Study(i) => {
                let (y, half) = (table.studies.y[*i], table.z.0 * table.studies.se[*i]);
                ranges.push(Range { at, low: shown(y - half), high: shown(y + half) });
                points.push((shown(y), at));
                table.studies.labels[*i].clone()
            }
            Line::Pool(name, y, se) => {
                let half = table.z.1 * se;
                let corners =
                    [(y - half, 0.0), (*y, DIAMOND), (y + half, 0.0), (*y, -DIAMOND), (y - half, 0.0)];
                diamonds.extend(corners.map(|(x, up)| (shown(x), at + up)));
                diamonds.push((f64::NAN, f64::NAN));
                name.clone()
            }
        };
        ticks.push(format!("{at} `\"{}\"'", name.replace(['"', '`', '\''], " ")));
    }
    let series =
        |shape: Shape, number: usize| Series { label: String::new(), number, shape, style: Style::default() };
    let figure = Plain {
        series: vec![
            series(Shape::Ranges { ranges, caps: false, horizontal: true }, 0),
            series(Shape::Points { points }, 0),
            series(Shape::Line { points: diamonds, step: false }, 1),
        ],
        x_title: table.effect.to_string(),
        x_lines: vec![RefLine {
            at: if table.studies.log_scale { 1.0 } else { 0.0 },
            style: Style::default(),
        }],
        used: Some(table.studies.y.len()),
        ..Plain::default()
    };
    let mut all: Vec<RawOption> = vec![
        ("ylabel".into(), Some(format!("{}, angle(0) nogrid", ticks.join(" ")))),
        ("legend".into(), Some("off".into())),
    ];
    if table.studies.log_scale {
        all.push(("xscale".into(), Some("log".into())));
    }
    all.extend(options.iter().cloned());
    show(s, figure, &all)
}
