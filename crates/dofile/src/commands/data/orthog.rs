//! `orthog` and `orthpoly`: orthogonal variables and polynomials. Formulas: [R] orthog (Golub and Van Loan 2013,
//! modified Gram–Schmidt).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::split::WeightKind;
use crate::syntax::varlist::check_new;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::real::stable_sum;
use std::sync::Arc;

const WEIGHTS: &[WeightKind] =
    &[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Probability, WeightKind::Importance];
const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("Generate"), OptSpec::text("MATrix")]).weights(WEIGHTS);
const POLYNOMIAL: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("Generate"), OptSpec::text("Poly"), OptSpec::int("Degree")])
        .weights(WEIGHTS);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "orthog",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: orthog,
    syntax: "orthog varlist [if] [in] [weight], generate(newvars | stub*) [matrix(name)]",
    notes: "each new variable has mean 0, mean square 1 and no correlation with those before; the matrix R with the variables = the new ones times R; r(459) for collinear variables; [R] orthog",
    examples: &[Example {
        run: "set obs 4\ngenerate double x = _n\ngenerate double y = _n^2\northog x y, generate(a b) matrix(R)\ngenerate double back = a*el(R,1,2) + b*el(R,2,2) + el(R,3,2)",
        // mean square of 1..4 about its mean is 1.25
        expect: &[
            ("a[1]", -1.5 / 1.118_033_988_749_895),
            ("back[3]", 9.0),
            ("round(a[1]*b[1]+a[2]*b[2]+a[3]*b[3]+a[4]*b[4], 1e-12)", 0.0),
        ],
    }],
};

pub(super) const SPEC_POLYNOMIAL: CommandSpec = CommandSpec {
    name: "orthpoly",
    min: 5,
    form: Form::Standard(&POLYNOMIAL),
    by: ByRule::No,
    run: orthpoly,
    syntax: "orthpoly varname [if] [in] [weight], {generate(newvars | stub*) | poly(matname)} [degree(#)]",
    notes: "orthogonal polynomials of degree 1 to # (1 unless given), with mean 0 and mean square 1; poly(): their coefficients on powers of the variable and the constant; [R] orthog",
    examples: &[Example {
        run: "set obs 5\ngenerate double x = _n\northpoly x, generate(p*) degree(2) poly(P)\ngenerate double again = el(P,2,1)*x + el(P,2,2)*x^2 + el(P,2,3)",
        expect: &[
            ("p1[5]", std::f64::consts::SQRT_2),
            ("round(p2[2] - again[2], 1e-10)", 0.0),
            ("round(p2[1]*p1[1]+p2[2]*p1[2]+p2[4]*p1[4]+p2[5]*p1[5], 1e-10)", 0.0),
        ],
    }],
};

/// The rows and weights of a command.
struct Sample {
    rows: Vec<usize>,
    weights: Vec<f64>,
}

fn sample(s: &Session, cmd: &ParsedCommand, variables: &[usize]) -> Result<Sample> {
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut touse = s.rows(cmd)?;
    s.markout(variables, &mut touse, false)?;
    let weights = s.weights(cmd, WeightKind::Analytic, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let weights = rows.iter().map(|r| weights.as_ref().map_or(1.0, |w| w.values[*r])).collect();
    Ok(Sample { rows, weights })
}

/// Columns of numbers.
type Columns = Vec<Vec<f64>>;

/// Orthogonal columns with mean square 1, and `r[i][j]`: how much of column `i` (the constant last) is in the given
/// column `j`. Nothing where a column depends on those before.
fn orthogonal(columns: &[Vec<f64>], weights: &[f64]) -> Option<(Columns, Columns)> {
    let total: f64 = weights.iter().sum();
    let k = columns.len();
    let dot =
        |a: &[f64], b: &[f64]| stable_sum(a.iter().zip(b).zip(weights).map(|((a, b), w)| w * a * b)) / total;
    let ones = vec![1.0; weights.len()];
    let mut r = vec![vec![0.0; k]; k + 1];
    let mut out: Vec<Vec<f64>> = Vec::new();
    for (j, column) in columns.iter().enumerate() {
        let mut own = column.clone();
        let size = dot(column, column).sqrt();
        // twice, so that rounding errors of the first pass go too
        for _ in 0..2 {
            for (i, q) in std::iter::once((k, &ones)).chain(out.iter().enumerate()) {
                let part = dot(&own, q);
                r[i][j] += part;
                own.iter_mut().zip(q).for_each(|(x, q)| *x -= part * q);
            }
        }
        let length = dot(&own, &own).sqrt();
        if length.is_nan() || length <= 1e-12 * size {
            return None;
        }
        r[j][j] = length;
        own.iter_mut().for_each(|x| *x /= length);
        out.push(own);
    }
    Some((out, r))
}

fn new_names(s: &Session, text: &str, count: usize) -> Result<Vec<String>> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if words.first().is_some_and(|w| StorageType::parse(w).is_some()) {
        words.remove(0);
    }
    let names: Vec<String> = match words[..] {
        [one] if one.ends_with('*') => (1..=count).map(|j| one.replace('*', &j.to_string())).collect(),
        _ => crate::syntax::varlist::new_names(&s.frame, &words.join(" "))?,
    };
    if names.len() != count {
        return Err(StataError::standard(if names.len() < count { 102 } else { 103 }));
    }
    names.iter().try_for_each(|name| check_new(&s.frame, name))?;
    Ok(names)
}

fn store(s: &mut Session, names: &[String], rows: &[usize], columns: &[Vec<f64>]) -> Result<()> {
    for (name, values) in names.iter().zip(columns) {
        let mut column = vec![MISSING; s.frame.n_rows()];
        rows.iter().zip(values).for_each(|(r, v)| column[*r] = *v);
        s.frame.add(Variable::new(name, Column::Double(column)))?;
    }
    Ok(())
}

fn collinear() -> StataError {
    StataError::new(459, "the variables are collinear")
}

fn matrix_name(text: &str) -> Result<String> {
    let name = text.trim();
    if is_valid_name(name) {
        Ok(name.to_string())
    } else {
        Err(StataError::new(198, format!("{name} invalid name")))
    }
}

fn orthog(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    let generate =
        cmd.options.text("generate").ok_or_else(|| StataError::invalid("option generate() required"))?;
    let names = new_names(s, generate, variables.len())?;
    let target = cmd.options.text("matrix").map(matrix_name).transpose()?;
    let own = sample(s, cmd, &variables)?;
    let columns: Vec<Vec<f64>> =
        variables.iter().map(|v| own.rows.iter().map(|r| s.frame.num_at(*v, *r)).collect()).collect();
    let (found, r) = orthogonal(&columns, &own.weights).ok_or_else(collinear)?;
    store(s, &names, &own.rows, &found)?;
    if let Some(target) = target {
        let k = variables.len();
        let mut data = vec![0.0; (k + 1) * (k + 1)];
        for i in 0..=k {
            data[i * (k + 1)..][..k].copy_from_slice(&r[i]);
        }
        data[(k + 1) * (k + 1) - 1] = 1.0;
        let mut m = Matrix::new(k + 1, k + 1, data);
        let stripe = |names: &mut dyn Iterator<Item = String>| -> Vec<Stripe> {
            names.chain(std::iter::once("_cons".to_string())).map(Stripe::term).collect()
        };
        m.row_names = stripe(&mut names.iter().cloned());
        m.col_names = stripe(&mut variables.iter().map(|v| s.frame.var(*v).name.clone()));
        s.matrices.insert(target, Arc::new(m));
    }
    Ok(())
}

fn orthpoly(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    let [v] = variables[..] else {
        return Err(StataError::standard(if variables.is_empty() { 100 } else { 103 }));
    };
    let degree = cmd.options.int("degree").unwrap_or(1);
    if !(1..=50).contains(&degree) {
        return Err(StataError::invalid("degree() must be a positive integer"));
    }
    let degree = degree as usize;
    if cmd.options.text("generate").is_none() && cmd.options.text("poly").is_none() {
        return Err(StataError::invalid("one of generate() and poly() must be specified"));
    }
    let names = cmd.options.text("generate").map(|t| new_names(s, t, degree)).transpose()?;
    let target = cmd.options.text("poly").map(matrix_name).transpose()?;
    let own = sample(s, cmd, &[v])?;
    let x: Vec<f64> = own.rows.iter().map(|r| s.frame.num_at(v, *r)).collect();
    let powers: Vec<Vec<f64>> = (1..=degree).map(|d| x.iter().map(|x| x.powi(d as i32)).collect()).collect();
    let (found, r) = orthogonal(&powers, &own.weights).ok_or_else(collinear)?;
    if let Some(names) = names {
        store(s, &names, &own.rows, &found)?;
    }
    if let Some(target) = target {
        // polynomial j in powers: solves powers = polynomials times r, column by column
        let mut rows = vec![vec![0.0; degree + 1]; degree + 1];
        rows[degree][degree] = 1.0;
        for j in 0..degree {
            rows[j][j] = 1.0;
            for i in (0..j).chain([degree]) {
                let part = r[i][j];
                let other = rows[i].clone();
                rows[j].iter_mut().zip(&other).for_each(|(c, o)| *c -= part * o);
            }
            rows[j].iter_mut().for_each(|c| *c /= r[j][j]);
        }
        let mut m = Matrix::new(degree + 1, degree + 1, rows.concat());
        let name = &s.frame.var(v).name;
        let label =
            |d: usize| Stripe::term(if d <= degree { format!("deg{d}") } else { "_cons".to_string() });
        m.row_names = (1..=degree + 1).map(label).collect();
        m.col_names = (1..=degree + 1)
            .map(|d| Stripe::term(if d <= degree { format!("{name}^{d}") } else { "_cons".to_string() }))
            .collect();
        s.matrices.insert(target, Arc::new(m));
    }
    Ok(())
}
