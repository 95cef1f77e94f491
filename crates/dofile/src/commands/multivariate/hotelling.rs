//! `hotelling`: Hotelling's T-squared test of means of several variables, against zero or between two groups.
//! Formulas: [MV] hotelling, Methods and formulas.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::distributions::f_tail;
use estimators::matrix::Mat;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::text("by"), OptSpec::flag("noTABle")])
    .weights(&[WeightKind::Frequency])
    .unsupported(&[]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "hotelling",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "hotelling varlist [if] [in] [fweight] [, by(varname) notable]",
    notes: "stores r(N) r(k) r(T2) r(df), also r(F) r(p); [MV] hotelling",
    examples: &[Example {
        // One variable: the square of Student's t.
        run: "input x\n1\n2\n4\n5\nend\nhotelling x\nscalar a = r(T2)\nttest x == 0\nscalar t = r(t)^2",
        expect: &[("reldif(a, t) < 1e-12", 1.0)],
    }],
};

/// Means, sums of squares and products around them, and the number of observations of some rows.
struct Moments {
    mean: Vec<f64>,
    squares: Mat,
    n: f64,
}

fn moments(columns: &[Vec<f64>], weights: &[f64], rows: &[usize]) -> Moments {
    let n: f64 = rows.iter().map(|i| weights[*i]).sum();
    let mean: Vec<f64> =
        columns.iter().map(|c| rows.iter().map(|i| weights[*i] * c[*i]).sum::<f64>() / n).collect();
    let squares = Mat::from_fn(columns.len(), columns.len(), |a, b| {
        rows.iter().map(|i| weights[*i] * (columns[a][*i] - mean[a]) * (columns[b][*i] - mean[b])).sum()
    });
    Moments { mean, squares, n }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let by = cmd.options.text("by").map(|b| s.variable(b.trim())).transpose()?;
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    s.markout(&variables, &mut touse, false)?;
    if let Some(by) = by {
        s.markout(&[by], &mut touse, true)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let columns: Vec<Vec<f64>> =
        variables.iter().map(|v| rows.iter().map(|r| s.frame.num_at(*v, *r)).collect()).collect();
    let weight: Vec<f64> = rows.iter().map(|r| weights.as_ref().map_or(1.0, |w| w.values[*r])).collect();
    let k = variables.len() as f64;
    let (t2, n, df2) = match by {
        None => {
            let all: Vec<usize> = (0..rows.len()).collect();
            let m = moments(&columns, &weight, &all);
            (distance(&m.mean, &m.squares, m.n - 1.0)? * m.n, m.n, m.n - k)
        }
        Some(by) => {
            let (of_row, count) = number_groups(&s.frame, by, &rows);
            if count != 2 {
                return Err(StataError::new(420, format!("{count} groups found, 2 required")));
            }
            let part = |g: u32| -> Vec<usize> { (0..rows.len()).filter(|i| of_row[*i] == g).collect() };
            let (a, b) = (moments(&columns, &weight, &part(0)), moments(&columns, &weight, &part(1)));
            let gap: Vec<f64> = a.mean.iter().zip(&b.mean).map(|(x, y)| x - y).collect();
            let n = a.n + b.n;
            let d = distance(&gap, &a.squares.plus(&b.squares), n - 2.0)?;
            (d * a.n * b.n / n, n, n - k - 1.0)
        }
    };
    let base = if by.is_some() { n - 2.0 } else { n - 1.0 };
    let f = df2 / (base * k) * t2;
    let p = f_tail(k, df2, f);
    show(s, cmd, &variables, by.is_some(), (t2, f, p), (n, k, df2, base));
    let mut r = Results::default();
    r.scalar("N", n).scalar("k", k).scalar("T2", t2).scalar("df", df2).scalar("F", f).scalar("p", p);
    s.r = r;
    Ok(())
}

/// `d' S^-1 d` with `S` the squares over their degrees of freedom; r(2001) when it is not of full rank.
fn distance(d: &[f64], squares: &Mat, df: f64) -> Result<f64> {
    let s = squares.clone().scaled(1.0 / df);
    match s.inverse_definite() {
        Some(inverse) if df > 0.0 => Ok(inverse.quadratic(d)),
        _ => Err(StataError::new(2001, "insufficient observations or collinear variables")),
    }
}

fn show(
    s: &mut Session,
    cmd: &ParsedCommand,
    variables: &[usize],
    two: bool,
    (t2, f, p): (f64, f64, f64),
    (n, k, df2, base): (f64, f64, f64, f64),
) {
    if !cmd.has("notable") {
        s.print("");
        let names: Vec<String> = variables.iter().map(|v| s.frame.var(*v).name.clone()).collect();
        s.print(format!("Variables: {}", names.join(" ")));
    }
    let number = |x: f64| format::bare("%9.0g", x).trim().to_string();
    s.print("");
    s.print(format!("{}-group Hotelling's T-squared = {}", if two { 2 } else { 1 }, number(t2)));
    let numerator = if two { format!("{n}-{k}-1") } else { format!("{n}-{k}") };
    let divisor = if two { format!("({n}-2)") } else { format!("({n}-1)") };
    s.print(format!("F test statistic: (({numerator})/{divisor}({k})) x {} = {}", number(t2), number(f)));
    debug_assert!(base > 0.0);
    s.print("");
    s.print(if two {
        "H0: Vectors of means are equal for the two groups"
    } else {
        "H0: Vector of means is equal to a vector of zeros"
    });
    s.print(format!("{:>22} = {}", format!("F({k},{df2})"), format::bare("%9.4f", f)));
    s.print(format!("{:>22} = {}", format!("Prob > F({k},{df2})"), format::bare("%9.4f", p)));
}
