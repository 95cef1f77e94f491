//! Table and figure of `rdplot`.

use super::rdplot::{Half, Request, height, margin};
use crate::error::Result;
use crate::format;
use crate::ops::graphs::curves::{self, CurveOptions, Picture};
use crate::session::Session;
use estimators::rd_plot::{Spacing, Variance, lengths};
use figure::{Range, Series, Shape, Style};

/// How the number of bins was chosen.
pub(super) fn method(request: &Request) -> String {
    let spacing = match request.spacing {
        Spacing::Even => "evenly spaced",
        Spacing::Quantile => "quantile spaced",
    };
    if request.bins.is_some() {
        return format!("{spacing} (number of bins set by the user)");
    }
    let mimic = if request.mimic { " mimicking variance" } else { "" };
    let estimators = match request.variance {
        Variance::Spacings => "spacings estimators",
        Variance::Polynomials => "polynomial regression",
    };
    format!("{spacing}{mimic} number of bins using {estimators}")
}

/// The polynomial as text.
pub(super) fn equation(half: &Half, request: &Request) -> String {
    let number = |x: f64| format::bare("%18.0g", x);
    let power = |p: usize| match p {
        0 => String::new(),
        1 => format!("*(x-{})", number(request.cutoff)),
        p => format!("*(x-{})^{p}", number(request.cutoff)),
    };
    let parts: Vec<String> =
        half.coefficients.iter().enumerate().map(|(p, b)| format!("{}{}", number(*b), power(p))).collect();
    format!("y = {}", parts.join(" + ").replace("+ -", "- "))
}

fn row(s: &mut Session, name: &str, cells: [String; 2], right: &str) {
    s.print(format!("{name:>21} |{:>10} {:>11}{right}", cells[0], cells[1]));
}

/// Prints what was computed.
pub(super) fn table(s: &mut Session, request: &Request, halves: &[Half; 2], names: &(String, String)) {
    let number = |x: f64| format::bare("%9.3f", x);
    let count = |n: usize| n.to_string();
    let both = |of: &dyn Fn(&Half) -> String| [of(&halves[0]), of(&halves[1])];
    let total: usize = halves.iter().map(|h| h.side.x.len()).sum();
    s.print("");
    s.print(format!("RD Plot with {}.", method(request)));
    s.print("");
    let cutoff = format!("Cutoff c = {}", format::bare("%9.0g", request.cutoff));
    let heading = [format!("{:>9}", "Left of c"), "Right of c".to_string()];
    row(s, &cutoff, heading.clone(), &format!("        Number of obs  = {total:>10}"));
    let rule = format!("{}+{}", "-".repeat(22), "-".repeat(22));
    s.print(format!("{rule}        Kernel         = {:>10}", request.kernel.1));
    row(s, "Number of obs", both(&|h| count(h.side.x.len())), "");
    row(s, "Eff. Number of obs", both(&|h| count(h.within)), "");
    row(s, "Order poly. fit (p)", both(&|_| count(request.order)), "");
    row(s, "BW poly. fit (h)", both(&|h| number(h.bandwidth)), "");
    row(s, "Number of bins scale", both(&|h| number(h.scale)), "");
    s.print("");
    s.print(format!("Outcome: {}. Running variable: {}.", names.0, names.1));
    let closing = "-".repeat(45);
    s.print(&closing);
    row(s, "", heading, "");
    s.print(&rule);
    row(s, "Bins selected", both(&|h| count(h.bins.len())), "");
    row(s, "Average bin length", both(&|h| number(lengths(&h.edges).0)), "");
    row(s, "Median bin length", both(&|h| number(lengths(&h.edges).1)), "");
    if halves.iter().all(|h| h.choices.is_some()) {
        let choice = |h: &Half| h.choices.unwrap_or((1, 1));
        let implied = |h: &Half| h.bins.len() as f64 / choice(h).0 as f64;
        s.print(&rule);
        row(s, "IMSE-optimal bins", both(&|h| count(choice(h).0)), "");
        row(s, "Mimicking Var. bins", both(&|h| count(choice(h).1)), "");
        s.print(&rule);
        s.print("Relative to IMSE-optimal:");
        row(s, "Implied scale", both(&|h| number(implied(h))), "");
        row(s, "WIMSE var. weight", both(&|h| number(1.0 / (1.0 + implied(h).powi(3)))), "");
        row(s, "WIMSE bias weight", both(&|h| number(1.0 - 1.0 / (1.0 + implied(h).powi(3)))), "");
    }
    s.print(closing);
}

/// Draws means of bins, polynomials and, where they are asked for, intervals.
pub(super) fn draw(
    s: &mut Session,
    request: &Request,
    halves: &[Half; 2],
    names: &(String, String),
    figure: CurveOptions,
) -> Result<()> {
    let series = |label: &str, number: usize, shape: Shape| Series {
        label: label.into(),
        number,
        shape,
        style: Style::default(),
    };
    let filled = || halves.iter().flat_map(|h| &h.bins).filter(|b| b.count > 0);
    let mut all = Vec::new();
    if let Some(level) = request.interval {
        let ranges: Vec<Range> = filled()
            .filter(|b| b.count > 1)
            .map(|b| {
                let half = margin(b, level);
                Range { at: 0.5 * (b.ends.0 + b.ends.1), low: b.y - half, high: b.y + half }
            })
            .collect();
        let shape = if request.shade {
            Shape::Band { ranges }
        } else {
            Shape::Ranges { ranges, caps: true, horizontal: false }
        };
        all.push(series("", 2, shape));
    }
    let points = filled().map(|b| (0.5 * (b.ends.0 + b.ends.1), b.y)).collect();
    all.push(series("Sample average within bin", 0, Shape::Points { points }));
    for (i, half) in halves.iter().enumerate() {
        let reach = half.bandwidth.min(half.side.range());
        let far = if i == 0 { request.cutoff - reach } else { request.cutoff + reach };
        let points = (0..=500)
            .map(|k| far + (request.cutoff - far) * f64::from(k) / 500.0)
            .map(|x| (x, height(half, x)))
            .collect();
        let label = if i == 0 { format!("Polynomial fit of order {}", request.order) } else { String::new() };
        all.push(series(&label, 1, Shape::Line { points, step: false }));
    }
    let picture = Picture {
        title: "Regression function fit".to_string(),
        x_title: names.1.clone(),
        y_title: names.0.clone(),
        series: all,
        used: halves.iter().map(|h| h.side.x.len()).sum(),
        ..Picture::default()
    };
    curves::show(s, picture, figure)
}
