//! `qnorm`, `pnorm`, `qchi`, `pchi`, `quantile`, `symplot` and `qqplot`: quantiles of a variable against those of a
//! distribution, of ranks, of its other half and of another variable. Formulas: [R] diagnostic plots; Chambers,
//! Cleveland, Kleiner and Tukey (1983), Graphical Methods for Data Analysis.

use super::plots::{Kind, Plot};
use super::{numbers, twoway};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::graphs::figure_options::FigureOptions;
use crate::ops::graphs::no_effect;
use crate::ops::graphs::text::Words;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::value::is_missing;
use estimators::distributions::{chi2_probability, chi2_quantile, normal, normal_quantile};
use figure::TextMark;

const EXAMPLE: Example = Example {
    run: "set obs 5\ngenerate x = _n\ngenerate y = x^2\nqnorm y\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
    expect: &[("rc", 0.0)],
};

const fn spec(
    name: &'static str,
    min: usize,
    syntax: &'static str,
    notes: &'static str,
    examples: &'static [Example],
) -> CommandSpec {
    CommandSpec { name, min, form: Form::Raw, by: ByRule::No, run, syntax, notes, examples }
}

/// The commands.
pub(super) const SPECS: [CommandSpec; 7] = [
    spec(
        "qnorm",
        5,
        "qnorm varname [if] [in] [, twoway_options]",
        "plots sorted values against mean + sd * invnormal(i/(N+1)); [R] diagnostic plots",
        &[EXAMPLE],
    ),
    spec(
        "pnorm",
        5,
        "pnorm varname [if] [in] [, twoway_options]",
        "plots normal((x - mean)/sd) against i/(N+1); [R] diagnostic plots",
        &[Example {
            run: "set obs 5\ngenerate x = _n\ngenerate y = x^2\npnorm y\ntempfile f\ngraph export `f'.svg\ncapture confirm file `f'.svg\nscalar rc = _rc\nerase `f'.svg",
            expect: &[("rc", 0.0)],
        }],
    ),
    spec(
        "qchi",
        4,
        "qchi varname [if] [in] [, df(#) twoway_options]",
        "plots sorted values against invchi2(df, i/(N+1)), one degree of freedom by default; [R] diagnostic plots",
        &[Example {
            // Quantiles of the distribution itself lie on the line.
            run: "set obs 3\ngenerate double y = invchi2(2, _n/4)\nqchi y, df(2)\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nkeep in 1/3\ngenerate far = abs(x - y)\nsummarize far\nerase `f'.csv",
            expect: &[("r(N)", 3.0), ("round(r(max), 1e-9)", 0.0)],
        }],
    ),
    spec(
        "pchi",
        4,
        "pchi varname [if] [in] [, df(#) twoway_options]",
        "plots chi2(df, x) against i/(N+1); [R] diagnostic plots",
        &[Example {
            run: "set obs 3\ngenerate double y = invchi2(1, _n/4)\npchi y\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nkeep in 1/3\ngenerate far = abs(x - y)\nsummarize far\nerase `f'.csv",
            expect: &[("r(N)", 3.0), ("round(r(max), 1e-9)", 0.0)],
        }],
    ),
    spec(
        "quantile",
        8,
        "quantile varname [if] [in] [, twoway_options]",
        "plots sorted values against (i - 0.5)/N, with the line of a uniform distribution; [R] diagnostic plots",
        &[Example {
            run: "set obs 4\ngenerate x = 10*_n\nquantile x\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nerase `f'.csv",
            expect: &[("x[1]", 0.125), ("y[1]", 10.0), ("x[4]", 0.875), ("y[4]", 40.0)],
        }],
    ),
    spec(
        "symplot",
        7,
        "symplot varname [if] [in] [, twoway_options]",
        "plots x(N+1-i) - median against median - x(i); [R] diagnostic plots",
        &[Example {
            // 1 2 4 9 around the median 3: distances 1 and 1, 2 and 6.
            run: "input x\n4\n1\n9\n2\nend\nsymplot x\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nkeep in 1/2\nsort x\nerase `f'.csv",
            expect: &[("x[1]", 1.0), ("y[1]", 1.0), ("x[2]", 2.0), ("y[2]", 6.0)],
        }],
    ),
    spec(
        "qqplot",
        6,
        "qqplot varname1 varname2 [if] [in] [, twoway_options]",
        "plots quantiles of the first variable against those of the second; those of the longer one are interpolated at the ranks of the other; [R] diagnostic plots",
        &[Example {
            run: "input a b\n3 1\n1 5\n2 3\nend\nqqplot a b\ntempfile f\ngraph export `f'.csv\nimport delimited using `f'.csv, clear asdouble\nkeep in 1/3\nsort x\nerase `f'.csv",
            expect: &[("x[1]", 1.0), ("y[1]", 1.0), ("x[2]", 3.0), ("y[2]", 2.0), ("y[3]", 3.0)],
        }],
    ),
];

/// Points, ends of the reference line, and the titles of both axes.
struct Picture {
    marks: Vec<(f64, f64)>,
    line: [(f64, f64); 2],
    titles: (String, String),
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let command = cmd.name.clone();
    let cmd = ParsedCommand::split(&command, &cmd.raw, false)?;
    if cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let variables = session.varlist(&cmd.list)?;
    let wanted = if command == "qqplot" { 2 } else { 1 };
    if variables.len() != wanted {
        return Err(StataError::standard(if variables.len() < wanted { 102 } else { 103 }));
    }
    if variables.iter().any(|v| session.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut options = FigureOptions::default();
    let mut points = Plot::new(Kind::ScatterI, variables.clone(), session.rows(&cmd)?);
    let mut df = 1.0;
    for option in split_options(&cmd.option_text)? {
        if let ("df", Some(text), "qchi" | "pchi") = (option.0.as_str(), &option.1, command.as_str()) {
            df = parse_number(text)
                .filter(|d| *d > 0.0)
                .ok_or_else(|| StataError::invalid("df() must be a positive number"))?;
        } else if no_effect::of_added(&option.0) || abbreviates(&option.0, "GRID") {
            // the look of the reference line, and lines at its quantiles
        } else if !points.options.take(session, &option)? && !options.take(session, &option)? {
            return Err(StataError::option_not_allowed(&option.0));
        }
    }
    if options.by.is_some() {
        return Err(StataError::option_not_allowed("by()"));
    }
    let samples: Vec<Vec<f64>> = variables.iter().map(|v| sorted(session, *v, &points.rows)).collect();
    if samples.iter().any(Vec::is_empty) {
        return Err(StataError::no_observations());
    }
    let labels: Vec<String> = variables.iter().map(|v| Plot::label(session, *v)).collect();
    let picture = match command.as_str() {
        "qqplot" => pairs(&samples, &labels),
        "symplot" => halves(&samples[0], &labels[0]),
        "quantile" => ranks(&samples[0], &labels[0]),
        "qchi" | "pchi" => chi_squared(&samples[0], &labels[0], df, command == "qchi"),
        _ => normal_scores(session, variables[0], &samples[0], &labels[0], command == "qnorm")?,
    };
    points.immediate = picture.marks.iter().map(|(x, y)| mark(*x, *y)).collect();
    points.vars.clear();
    let line =
        Plot { curve: picture.line.to_vec(), ..Plot::new(Kind::Function, Vec::new(), points.rows.clone()) };
    options.used = Some(samples.iter().map(Vec::len).max().unwrap_or(0));
    for (slot, text) in [(&mut options.x.title, picture.titles.0), (&mut options.y.title, picture.titles.1)] {
        slot.get_or_insert(Words { text, size: None });
    }
    options.legend.show.get_or_insert(false);
    twoway::draw(session, &[points, line], &options)
}

/// The known values of a variable in order.
fn sorted(session: &Session, variable: usize, rows: &[bool]) -> Vec<f64> {
    let mut values: Vec<f64> = (0..rows.len())
        .filter(|i| rows[*i])
        .map(|i| session.frame.num_at(variable, i))
        .filter(|x| !is_missing(*x))
        .collect();
    values.sort_by(f64::total_cmp);
    values
}

fn normal_scores(
    session: &Session,
    variable: usize,
    values: &[f64],
    label: &str,
    quantiles: bool,
) -> Result<Picture> {
    let weighted: Vec<(f64, f64)> = values.iter().map(|v| (*v, 1.0)).collect();
    let (mean, sd) = numbers::moments(&weighted);
    if values.len() < 2 || sd <= 0.0 || sd.is_nan() {
        return Err(StataError::new(459, format!("{} does not vary", session.frame.var(variable).name)));
    }
    let place = |i: usize| (i + 1) as f64 / (values.len() as f64 + 1.0);
    let ranked = values.iter().enumerate();
    Ok(if quantiles {
        let marks: Vec<(f64, f64)> =
            ranked.map(|(i, x)| (mean + sd * normal_quantile(place(i)), *x)).collect();
        let ends = (marks[0].0, marks[marks.len() - 1].0);
        let titles = ("Inverse normal".to_owned(), label.to_owned());
        Picture { marks, line: [(ends.0, ends.0), (ends.1, ends.1)], titles }
    } else {
        Picture {
            marks: ranked.map(|(i, x)| (place(i), normal((x - mean) / sd))).collect(),
            line: [(0.0, 0.0), (1.0, 1.0)],
            titles: ("Empirical P[i] = i/(N+1)".to_owned(), format!("Normal F[({label} - mean)/sd]")),
        }
    })
}

fn chi_squared(values: &[f64], label: &str, df: f64, quantiles: bool) -> Picture {
    let place = |i: usize| (i + 1) as f64 / (values.len() as f64 + 1.0);
    let ranked = values.iter().enumerate();
    let shown = crate::format::bare("%9.0g", df);
    if quantiles {
        let marks: Vec<(f64, f64)> = ranked.map(|(i, x)| (chi2_quantile(df, place(i)), *x)).collect();
        let ends = (marks[0].0, marks[marks.len() - 1].0);
        let titles = (format!("Expected chi-squared d.f. = {shown}"), label.to_owned());
        return Picture { marks, line: [(ends.0, ends.0), (ends.1, ends.1)], titles };
    }
    Picture {
        marks: ranked.map(|(i, x)| (place(i), chi2_probability(df, x.max(0.0)))).collect(),
        line: [(0.0, 0.0), (1.0, 1.0)],
        titles: ("Empirical P[i] = i/(N+1)".to_owned(), format!("chi-squared({label}) d.f. = {shown}")),
    }
}

/// Values against the fraction of the data up to them.
fn ranks(values: &[f64], label: &str) -> Picture {
    let n = values.len() as f64;
    Picture {
        marks: values.iter().enumerate().map(|(i, x)| ((i as f64 + 0.5) / n, *x)).collect(),
        line: [(0.0, values[0]), (1.0, values[values.len() - 1])],
        titles: ("Fraction of the data".to_owned(), format!("Quantiles of {label}")),
    }
}

/// Distances of the upper half from the median against those of the lower half.
fn halves(values: &[f64], label: &str) -> Picture {
    let n = values.len();
    let median = (values[(n - 1) / 2] + values[n / 2]) / 2.0;
    let marks: Vec<(f64, f64)> =
        (0..n.div_ceil(2)).map(|i| (median - values[i], values[n - 1 - i] - median)).collect();
    let far = marks.iter().map(|m| m.0.max(m.1)).fold(0.0, f64::max);
    let near = marks.iter().map(|m| m.0.min(m.1)).fold(far, f64::min);
    let end = marks.iter().map(|m| m.0.min(m.1)).fold(near, f64::max);
    Picture {
        marks,
        line: [(near, near), (end, end)],
        titles: (format!("Distance below median ({label})"), "Distance above median".to_owned()),
    }
}

/// Quantiles of the first sample against those of the second.
fn pairs(samples: &[Vec<f64>], labels: &[String]) -> Picture {
    let count = samples[0].len().min(samples[1].len());
    let at = |values: &[f64], i: usize| {
        let place = values.len() as f64 / count as f64 * (i as f64 + 0.5) + 0.5;
        let below = (place.floor() as usize).clamp(1, values.len());
        let share = place - below as f64;
        let next = values[below.min(values.len() - 1)];
        (1.0 - share) * values[below - 1] + share * next
    };
    let marks: Vec<(f64, f64)> = (0..count).map(|i| (at(&samples[1], i), at(&samples[0], i))).collect();
    let ends = (marks[0].0, marks[count - 1].0);
    Picture {
        marks,
        line: [(ends.0, ends.0), (ends.1, ends.1)],
        titles: (labels[1].clone(), labels[0].clone()),
    }
}

fn mark(x: f64, y: f64) -> TextMark {
    TextMark { x, y, text: String::new(), clock: 0, color: None, size: None }
}
