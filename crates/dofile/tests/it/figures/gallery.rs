//! One figure of every kind, with short and long texts in English and Chinese.

use figure::{
    Axis, Bar, Body, BoxStats, Figure, Heat, Legend, LegendPlace, Panel, Pie, Plane, Range, RefLine, Series,
    Shape, Style, TextMark, Ticks, palette,
};

fn series(number: usize, label: &str, shape: Shape) -> Series {
    Series { label: label.into(), number, shape, style: Style::default() }
}

fn axis(title: &str) -> Axis {
    Axis { title: title.into(), ..Axis::default() }
}

fn categories(texts: &[&str]) -> Axis {
    Axis {
        ticks: Ticks::Categories(texts.iter().map(|t| t.to_string()).collect()),
        grid: false,
        ..Axis::default()
    }
}

fn single(title: &str, plane: Plane) -> Figure {
    Figure {
        title: title.into(),
        footer: "open do-file engine 0.1.0 · N = 1,234 of 1,300 rows".into(),
        panels: vec![Panel { title: String::new(), body: Body::Plane(Box::new(plane)) }],
        ..Figure::default()
    }
}

/// A fixed sequence in 0..1 (Weyl), so that figures do not change.
fn uniform(n: usize, step: f64) -> impl Iterator<Item = f64> {
    (1..=n).map(move |i| (i as f64 * step).fract())
}

fn cloud(n: usize) -> Vec<(f64, f64)> {
    uniform(n, 0.618_033_988_749)
        .zip(uniform(n, 0.754_877_666_246))
        .map(|(u, v)| (10.0 * u, 2.0 + 1.5 * 10.0 * u + 8.0 * (v - 0.5)))
        .collect()
}

/// A scatter plot of many points.
pub(super) fn dense(n: usize) -> Figure {
    let points = Shape::Points { points: cloud(n) };
    single("Dense", Plane { series: vec![series(0, "", points)], ..Plane::default() })
}

fn scatter() -> Figure {
    let points = cloud(120);
    let line: Vec<_> = [0.0, 5.0, 10.0].iter().map(|x| (*x, 2.0 + 1.5 * x)).collect();
    let band = line
        .iter()
        .map(|&(at, y)| Range {
            at,
            low: y - 1.0 - 0.1 * (at - 5.0).abs(),
            high: y + 1.0 + 0.1 * (at - 5.0).abs(),
        })
        .collect();
    let plane = Plane {
        x: axis("Years of experience"),
        y: axis("Hourly wage (USD)"),
        series: vec![
            series(1, "95% CI", Shape::Band { ranges: band }),
            series(0, "Observed", Shape::Points { points }),
            series(1, "Linear fit", Shape::Line { points: line, step: false }),
        ],
        x_lines: vec![RefLine { at: 5.0, style: Style::default() }],
        texts: vec![TextMark {
            x: 9.9,
            y: 3.0,
            text: "a text near the right edge".into(),
            clock: 3,
            color: None,
            size: None,
        }],
        ..Plane::default()
    };
    let mut figure = single("Wage and experience", plane);
    figure.subtitle = "Employees aged 18 to 64".into();
    figure.note = "Note: points are observations; the line is a least-squares fit.".into();
    figure
}

fn lines() -> Figure {
    let series = (0..5)
        .map(|k| {
            let points = (1990..=2024)
                .map(|year| {
                    let t = f64::from(year - 1990);
                    (f64::from(year), 100.0 + t * (k as f64 - 1.0) + 6.0 * (t / (k as f64 + 2.0)).sin())
                })
                .collect();
            series(
                k,
                ["华东地区", "华南地区", "华北", "西南地区（含重庆市）", "东北"][k],
                Shape::Connected { points },
            )
        })
        .collect();
    let plane = Plane {
        x: axis("年份"),
        y: axis("平均月工资指数（1990年 = 100）"),
        series,
        x_lines: vec![RefLine { at: 2008.0, style: Style::default() }],
        ..Plane::default()
    };
    single("1990—2024年各地区城镇单位就业人员平均工资指数的变化趋势及其区域差异", plane)
}

fn bars(horizontal: bool) -> Figure {
    let names = [
        "Agriculture, forestry and fishing",
        "Manufacturing",
        "Information and communication",
        "住宿和餐饮业",
        "Public administration",
        "金融业",
    ];
    let values = [12.3, 18.9, 31.2, -4.0, 22.8, 27.5];
    let bars = values
        .iter()
        .enumerate()
        .map(|(i, &to)| Bar { at: i as f64 + 1.0, from: 0.0, to, width: 0.7 })
        .collect();
    let shape = series(0, "", Shape::Bars { bars, horizontal });
    let (mut x, mut y) = (categories(&names), axis("Mean wage growth (%)"));
    if horizontal {
        std::mem::swap(&mut x, &mut y);
        y.reverse = true;
        x.grid = true;
    }
    single("Bars", Plane { x, y, series: vec![shape], ..Plane::default() })
}

fn many_categories() -> Figure {
    let names: Vec<String> = (1..=30).map(|i| format!("Province number {i}")).collect();
    let bars = (0..30)
        .map(|i| Bar { at: f64::from(i) + 1.0, from: 0.0, to: f64::from(i * 7 % 13 + 2), width: 0.8 })
        .collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    single(
        "Thirty categories",
        Plane {
            x: categories(&refs),
            y: axis("Count"),
            series: vec![series(0, "", Shape::Bars { bars, horizontal: false })],
            ..Plane::default()
        },
    )
}

fn histogram() -> Figure {
    let bars = (0..20)
        .map(|i| {
            let at = -2.85 + 0.3 * f64::from(i);
            Bar { at, from: 0.0, to: (-at * at / 2.0).exp() / 2.507, width: 0.3 }
        })
        .collect();
    let density =
        (0..100).map(|i| -3.0 + 0.06 * f64::from(i)).map(|x| (x, (-x * x / 2.0).exp() / 2.507)).collect();
    single(
        "",
        Plane {
            x: axis("Residuals"),
            y: axis("Density"),
            series: vec![
                series(0, "Density", Shape::Bars { bars, horizontal: false }),
                series(1, "Normal", Shape::Line { points: density, step: false }),
            ],
            ..Plane::default()
        },
    )
}

fn boxes(horizontal: bool) -> Figure {
    let boxes = (0..3)
        .map(|i| {
            let m = 10.0 + 3.0 * f64::from(i);
            BoxStats {
                at: f64::from(i) + 1.0,
                width: 0.5,
                low: m - 6.0,
                q1: m - 2.0,
                median: m,
                q3: m + 2.5,
                high: m + 7.0,
                outside: vec![m + 9.0, m + 10.0],
            }
        })
        .collect();
    let (mut x, mut y) = (categories(&["low", "middle", "high education"]), axis("Wage"));
    if horizontal {
        std::mem::swap(&mut x, &mut y);
    }
    single(
        "Box plot",
        Plane { x, y, series: vec![series(0, "", Shape::Boxes { boxes, horizontal })], ..Plane::default() },
    )
}

fn event_study() -> Figure {
    let at = |i: i32| f64::from(i) - 5.0;
    let value = |i: i32| if i < 5 { 0.02 * f64::from(i % 3 - 1) } else { 0.05 * f64::from(i - 4) };
    let points = (0..12).map(|i| (at(i), value(i))).collect();
    let ranges = (0..12).map(|i| Range { at: at(i), low: value(i) - 0.06, high: value(i) + 0.06 }).collect();
    let plane = Plane {
        x: Axis { ticks: Ticks::At((-5..=6).map(f64::from).collect()), ..axis("Periods since the reform") },
        y: axis("Effect on log wage"),
        series: vec![
            series(0, "95% confidence interval", Shape::Ranges { ranges, caps: true, horizontal: false }),
            series(0, "Estimate", Shape::Points { points }),
        ],
        y_lines: vec![RefLine { at: 0.0, style: Style::default() }],
        x_lines: vec![RefLine { at: -0.5, style: Style::default() }],
        ..Plane::default()
    };
    single("Event study", plane)
}

fn coefficients() -> Figure {
    let names = [
        "Years of schooling",
        "Experience",
        "Experience squared",
        "Union member",
        "Lives in a metropolitan area with more than one million inhabitants",
        "性别（女 = 1）",
    ];
    let values = [0.08, 0.031, -0.0006, 0.14, 0.09, -0.21];
    let ranges = values
        .iter()
        .enumerate()
        .map(|(i, &v)| Range { at: i as f64 + 1.0, low: v - 0.05, high: v + 0.05 })
        .collect();
    let points = values.iter().enumerate().map(|(i, &v)| (v, i as f64 + 1.0)).collect();
    let mut y = categories(&names);
    y.reverse = true;
    single(
        "Coefficients",
        Plane {
            x: axis("Estimate"),
            y,
            series: vec![
                series(0, "", Shape::Ranges { ranges, caps: false, horizontal: true }),
                series(0, "", Shape::Points { points }),
            ],
            x_lines: vec![RefLine { at: 0.0, style: Style::default() }],
            ..Plane::default()
        },
    )
}

fn panels() -> Figure {
    let panel = |i: usize| Panel {
        title: format!(
            "region = {}",
            ["华东", "South", "A region with a rather long name", "North", "West"][i]
        ),
        body: Body::Plane(Box::new(Plane {
            x: Axis { range: Some((0.0, 10.0)), ..Axis::default() },
            y: Axis { range: Some((-5.0, 25.0)), ..Axis::default() },
            series: vec![
                series(0, "observed", Shape::Points { points: cloud(40 + i) }),
                series(1, "fitted", Shape::Line { points: vec![(0.0, 2.0), (10.0, 17.0)], step: false }),
            ],
            ..Plane::default()
        })),
    };
    Figure {
        title: "Panels by region".into(),
        x_title: "experience".into(),
        y_title: "wage".into(),
        shared_axes: true,
        panels: (0..5).map(panel).collect(),
        note: "Graphs by region".into(),
        ..Figure::default()
    }
}

fn pie() -> Figure {
    let slices = [
        ("Manufacturing", 40.0),
        ("服务业", 25.0),
        ("Agriculture", 20.0),
        ("Construction", 12.0),
        ("Other", 3.0),
    ];
    Figure {
        title: "Employment".into(),
        panels: vec![Panel {
            title: String::new(),
            body: Body::Pie(Pie {
                slices: slices.iter().map(|(t, v)| (t.to_string(), *v, None)).collect(),
                texts: slices.iter().map(|(_, v)| format!("{v}%")).collect(),
            }),
        }],
        legend: Legend { place: LegendPlace::Right, title: "Sector".into(), ..Legend::default() },
        ..Figure::default()
    }
}

fn heat() -> Figure {
    let names: Vec<String> =
        ["wage", "schooling", "experience", "tenure", "婚姻状况"].map(String::from).into();
    let values = (0..5)
        .map(|i: i32| {
            (0..5).map(|j: i32| if i == j { 1.0 } else { 0.8 - 0.37 * f64::from(i + j) / 2.0 }).collect()
        })
        .collect();
    Figure {
        title: "Correlation matrix".into(),
        panels: vec![Panel {
            title: String::new(),
            body: Body::Heat(Heat {
                rows: names.clone(),
                columns: names,
                values,
                range: (-1.0, 1.0),
                decimals: Some(2),
            }),
        }],
        ..Figure::default()
    }
}

fn logarithmic() -> Figure {
    let points = (0..60).map(|i| 10f64.powf(f64::from(i) / 12.0)).map(|x| (x, 3.0 * x.powf(0.7))).collect();
    let area = (0..60).map(|i| 10f64.powf(f64::from(i) / 12.0)).map(|x| (x, x.sqrt())).collect();
    let log = |title: &str| Axis { log: true, ..axis(title) };
    single(
        "Log scales",
        Plane {
            x: log("Firm size (employees)"),
            y: log("Sales"),
            series: vec![
                series(0, "sales", Shape::Points { points }),
                series(2, "square root", Shape::Area { points: area, base: 0.0 }),
            ],
            ..Plane::default()
        },
    )
}

fn survival() -> Figure {
    let curve = |rate: f64| (0..=24).map(|t| (f64::from(t), (-rate * f64::from(t)).exp())).collect();
    single(
        "Kaplan–Meier",
        Plane {
            x: axis("Months"),
            y: Axis { range: Some((0.0, 1.0)), ..axis("Survival probability") },
            series: vec![
                series(0, "treated", Shape::Line { points: curve(0.03), step: true }),
                series(1, "control", Shape::Line { points: curve(0.08), step: true }),
            ],
            ..Plane::default()
        },
    )
}

fn combined() -> Figure {
    let inner = |figure: Figure| Panel { title: String::new(), body: Body::Figure(Box::new(figure)) };
    Figure {
        title: "Combined".into(),
        panels: vec![inner(scatter()), inner(boxes(false)), inner(histogram()), inner(event_study())],
        width: 960.0,
        height: 720.0,
        ..Figure::default()
    }
}

fn labelled() -> Figure {
    let points: Vec<_> = (0..6).map(|i| (f64::from(i), f64::from(i * i))).collect();
    let names = ["China", "Germany", "Japan", "Brazil", "South Africa", "United States"];
    let texts = points
        .iter()
        .zip(names)
        .map(|(&(x, y), text)| TextMark {
            x,
            y,
            text: text.into(),
            clock: 3,
            color: Some(palette(2)),
            size: None,
        })
        .collect();
    let ticks = [(0.0, "none at all"), (1.0, "a little"), (2.0, "some"), (5.0, "very much")];
    let ticks = ticks.map(|(at, text)| (at, text.to_string())).to_vec();
    let plane = Plane {
        x: Axis { ticks: Ticks::Labelled(ticks), ..axis("Trust") },
        y: axis("GDP"),
        series: vec![series(2, "", Shape::Points { points })],
        texts,
        ..Plane::default()
    };
    single("Marker labels", plane)
}

fn empty() -> Figure {
    single("No data", Plane { x: axis("x"), y: axis("y"), ..Plane::default() })
}

/// All figures with their names.
pub(super) fn all() -> Vec<(&'static str, Figure)> {
    vec![
        ("scatter", scatter()),
        ("lines", lines()),
        ("bars", bars(false)),
        ("bars_horizontal", bars(true)),
        ("many_categories", many_categories()),
        ("histogram", histogram()),
        ("boxes", boxes(false)),
        ("boxes_horizontal", boxes(true)),
        ("event_study", event_study()),
        ("coefficients", coefficients()),
        ("panels", panels()),
        ("pie", pie()),
        ("heat", heat()),
        ("logarithmic", logarithmic()),
        ("survival", survival()),
        ("combined", combined()),
        ("labelled", labelled()),
        ("dense", dense(5000)),
        ("empty", empty()),
    ]
}
