//! `dydx` and `integ`: derivatives and integrals of a variable that is a function of another one, [R] dydx.

use super::transform::{groups_of, new_name};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, Variable};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::clamped_spline::{Spline, trapezoids};

const DERIVATIVE: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("Generate"), OptSpec::flag("replace")]);
const INTEGRAL: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Generate"),
    OptSpec::flag("Trapezoid"),
    OptSpec::real("Initial"),
    OptSpec::flag("replace"),
]);

/// `dydx`.
pub(super) const SPEC_DYDX: CommandSpec = CommandSpec {
    name: "dydx",
    min: 4,
    form: Form::Standard(&DERIVATIVE),
    by: ByRule::Whole,
    run: dydx,
    syntax: "dydx yvar xvar [if] [in], generate(newvar) [replace]",
    notes: "derivative of a cubic spline, whose slopes at the ends are those of the parabolas through the last three points; y is averaged where x repeats; stores r(y); [R] dydx",
    examples: &[Example {
        run: "set type double\nrange x 0 4 9\ngenerate y = x^2\ndydx y x, generate(d)",
        expect: &[
            ("reldif(d[1], 0) < 1e-12", 1.0),
            ("reldif(d[4], 3) < 1e-12", 1.0),
            ("reldif(d[9], 8) < 1e-12", 1.0),
        ],
    }],
};

/// `integ`.
pub(super) const SPEC_INTEG: CommandSpec = CommandSpec {
    name: "integ",
    min: 5,
    form: Form::Standard(&INTEGRAL),
    by: ByRule::Whole,
    run: integ,
    syntax: "integ yvar xvar [if] [in] [, generate(newvar) trapezoid initial(#) replace]",
    notes: "integral of the spline of dydx, or by trapezoids, from the smallest x on; stores r(integral) r(N_points) r(y); [R] dydx",
    examples: &[Example {
        // the area below x^2 up to 4
        run: "set type double\nrange x 0 4 9\ngenerate y = x^2\ninteg y x, generate(a)",
        expect: &[
            ("reldif(r(integral), 64/3) < 1e-12", 1.0),
            ("r(N_points)", 9.0),
            ("reldif(a[5], 8/3) < 1e-12", 1.0),
        ],
    }],
};

/// The distinct positions of some rows, with the mean of y and the rows at each.
struct Points {
    x: Vec<f64>,
    y: Vec<f64>,
    rows: Vec<Vec<usize>>,
}

impl Points {
    fn of(s: &Session, [y, x]: [usize; 2], mut rows: Vec<usize>) -> Self {
        let at = |v: usize, r: usize| s.frame.num_at(v, r);
        rows.sort_by(|a, b| at(x, *a).total_cmp(&at(x, *b)));
        let mut out = Self { x: Vec::new(), y: Vec::new(), rows: Vec::new() };
        for same in rows.chunk_by(|a, b| at(x, *a) == at(x, *b)) {
            out.x.push(at(x, same[0]));
            out.y.push(same.iter().map(|r| at(y, *r)).sum::<f64>() / same.len() as f64);
            out.rows.push(same.to_vec());
        }
        out
    }

    /// Gives every row the value of its position.
    fn spread(&self, values: &[f64], column: &mut [f64]) {
        for (rows, value) in self.rows.iter().zip(values) {
            rows.iter().for_each(|r| column[*r] = *value);
        }
    }
}

/// The two variables, and the rows of each group in which both have values.
fn read(s: &Session, cmd: &ParsedCommand) -> Result<([usize; 2], Vec<Vec<usize>>)> {
    let variables: [usize; 2] = match s.varlist(&cmd.list)?[..] {
        [y, x] => [y, x],
        [] | [_] => return Err(StataError::standard(102)),
        _ => return Err(StataError::standard(103)),
    };
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut touse = s.rows(cmd)?;
    s.markout(&variables, &mut touse, false)?;
    let groups = groups_of(s, cmd, &touse)?;
    if groups.iter().all(Vec::is_empty) {
        return Err(StataError::no_observations());
    }
    Ok((variables, groups))
}

/// Checks the name of the new variable; an old one stays until the results are known.
fn target(s: &Session, cmd: &ParsedCommand) -> Result<Option<String>> {
    let Some(name) = cmd.options.text("generate") else { return Ok(None) };
    let name = name.trim().to_string();
    if !(cmd.has("replace") && s.frame.find(&name).is_some()) {
        new_name(s, &name)?;
    }
    Ok(Some(name))
}

fn keep(s: &mut Session, name: &str, label: String, values: &[f64]) -> Result<()> {
    if let Some(old) = s.frame.find(name) {
        s.frame.drop_vars(&[old]);
    }
    let kind = s.settings.default_type;
    let mut variable = Variable::new(name, Column::from_f64(kind, values));
    variable.label = label;
    s.frame.add(variable).map(|_| ())
}

fn dydx(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = target(s, cmd)?.ok_or_else(|| StataError::invalid("option generate() required"))?;
    let (variables, groups) = read(s, cmd)?;
    let mut column = vec![MISSING; s.frame.n_rows()];
    for rows in groups {
        let points = Points::of(s, variables, rows);
        if points.x.len() > 1 {
            points.spread(Spline::through(&points.x, &points.y).derivatives(), &mut column);
        }
    }
    let [y, x] = variables.map(|v| s.frame.var(v).name.clone());
    keep(s, &name, format!("d({y})/d({x})"), &column)?;
    let mut r = Results::default();
    r.text("y", y);
    s.r = r;
    Ok(())
}

fn integ(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = target(s, cmd)?;
    let (variables, groups) = read(s, cmd)?;
    let initial = cmd.options.real("initial").unwrap_or(0.0);
    let mut column = vec![MISSING; s.frame.n_rows()];
    let (mut count, mut integral) = (0, 0.0);
    for rows in groups.into_iter().filter(|rows| !rows.is_empty()) {
        let points = Points::of(s, variables, rows);
        let sums = match cmd.has("trapezoid") {
            true => trapezoids(&points.x, &points.y),
            false => Spline::through(&points.x, &points.y).integrals(),
        };
        let sums: Vec<f64> = sums.into_iter().map(|x| x + initial).collect();
        points.spread(&sums, &mut column);
        (count, integral) = (points.x.len(), sums.last().copied().unwrap_or(initial));
        s.print("");
        s.print(format!("number of points = {count}"));
        s.print("");
        s.print(format!("integral         = {}", format::bare("%9.0g", integral)));
    }
    let [y, x] = variables.map(|v| s.frame.var(v).name.clone());
    if let Some(name) = name {
        keep(s, &name, format!("integral of {y} w.r.t. {x}"), &column)?;
    }
    let mut r = Results::default();
    r.scalar("integral", integral).scalar("N_points", count as f64).text("y", y);
    s.r = r;
    Ok(())
}
