//! `spatgsa` (Pisati 2001, Stata Technical Bulletin 60): Moran's I and Geary's c of variables.
//!
//! Stores in `r()`: Moran, Geary: one row for each variable with stat mean sd z p-value. The moments are those of values
//! assigned at random (Cliff and Ord 1981).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::normal;
use estimators::matrix::Mat;
use estimators::spatial::moran::{Measure, geary, moran};

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::text("Weights"),
    OptSpec::flag("Moran"),
    OptSpec::flag("Geary"),
    OptSpec::flag("Twotail"),
])
.unsupported(&["GO", "ID"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "spatgsa",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "spatgsa varlist, weights(matrix) moran geary [twotail]",
    notes: "weights() is a matrix with one row for each observation, in their order; stores r(Moran), r(Geary) (stat, mean, sd, z, p-value), one tail without twotail; moments under random assignment: Cliff and Ord (1981); Pisati (2001)",
    examples: &[Example {
        // On a line of four, neighbors weigh one: z = -1.5 -.5 .5 1.5, sum of products 2*(.75 - .25 + .75), I = (4/6)*2.5/5.
        run: "set obs 4\ngen v = _n\nmatrix W = (0,1,0,0\\1,0,1,0\\0,1,0,1\\0,0,1,0)\nspatgsa v, weights(W) moran geary\nmatrix m = r(Moran)\nmatrix g = r(Geary)",
        expect: &[("m[1,1]*3", 1.0), ("m[1,2]*3", -1.0), ("g[1,1]*10", 3.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = cmd.options.text("weights").map(|t| t.trim().to_string());
    let name = name.ok_or_else(|| StataError::new(198, "option weights() required"))?;
    if !cmd.has("moran") && !cmd.has("geary") {
        return Err(StataError::new(198, "one of the options moran and geary is required"));
    }
    let held = s.matrix(&name).ok_or_else(|| StataError::new(111, format!("matrix {name} not found")))?;
    let n = s.frame.n_rows();
    if held.rows() != n || held.cols() != n {
        return Err(StataError::new(
            503,
            format!("matrix {name} must be {n} x {n}: one row for each observation"),
        ));
    }
    let w = Mat::from_rows(n, n, held.values().to_vec());
    if w.data().iter().any(|x| crate::value::is_missing(*x)) {
        return Err(StataError::standard(504));
    }
    let mut samples = Vec::new();
    for v in s.varlist(&cmd.list)? {
        let name = s.frame.var(v).name.clone();
        let values = s.frame.numeric(s.numeric_variable(&name)?)?.to_vec();
        if values.iter().any(|x| crate::value::is_missing(*x)) {
            return Err(StataError::new(416, format!("{name} has missing values")));
        }
        samples.push((name, values));
    }
    s.print("");
    s.print("Measures of global spatial autocorrelation");
    s.r.clear();
    for (option, title, symbol, measure) in [
        ("moran", "Moran", "I", moran as fn(&[f64], &Mat) -> Option<Measure>),
        ("geary", "Geary", "c", geary),
    ] {
        if cmd.has(option) {
            let found: Option<Vec<Measure>> = samples.iter().map(|(_, x)| measure(x, &w)).collect();
            let found = found.ok_or_else(|| {
                StataError::new(
                    459,
                    "a variable is constant, weights are all zero, or there are fewer than 4 observations",
                )
            })?;
            table(s, (title, symbol), &samples, &found, cmd.has("twotail"));
        }
    }
    Ok(())
}

fn table(s: &mut Session, names: (&str, &str), samples: &[(String, Vec<f64>)], found: &[Measure], two: bool) {
    let (title, symbol) = names;
    let rule = "-".repeat(62);
    s.print("");
    s.print(format!("{title}'s {symbol}"));
    s.print(&rule);
    s.print(format!(
        "{:>19} | {symbol:>6} {:>8} {:>7} {:>7} {:>8}*",
        "Variables",
        format!("E({symbol})"),
        format!("sd({symbol})"),
        "z",
        "p-value"
    ));
    s.print(format!("{}+{}", "-".repeat(20), "-".repeat(41)));
    let mut cells = Vec::new();
    for ((name, _), m) in samples.iter().zip(found) {
        let z = (m.value - m.mean) / m.sd;
        let p = normal(-z.abs()) * if two { 2.0 } else { 1.0 };
        let [a, b, c, d, e] = [m.value, m.mean, m.sd, z, p].map(|x| format::bare("%7.3f", x));
        s.print(format!("{:>19} | {a:>6} {b:>8} {c:>7} {d:>7} {e:>8}", format::abbrev(name, 19)));
        cells.extend([m.value, m.mean, m.sd, z, p]);
    }
    s.print(&rule);
    s.print(if two { "*2-tail test" } else { "*1-tail test" });
    let mut matrix = Matrix::new(found.len(), 5, cells);
    matrix.row_names = samples.iter().map(|(name, _)| Stripe::term(name)).collect();
    matrix.col_names = ["stat", "mean", "sd", "z", "p-value"].map(Stripe::term).to_vec();
    s.r.matrix(title, matrix);
}
