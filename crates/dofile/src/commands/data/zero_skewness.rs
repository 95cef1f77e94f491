//! `lnskew0` and `bcskew0`: transformations to zero skewness. [R] lnskew0, Methods and formulas.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format::bare;
use crate::frame::{Column, Variable};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::varlist::{check_new, typed_words};
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;
use estimators::roots::bracketed;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::real("Delta"), OptSpec::real("Zero")]).exp().unsupported(&["Level"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "lnskew0",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: |s, cmd| transformed(s, cmd, Family::Logarithm),
    syntax: "lnskew0 [type] newvar = exp [if] [in]",
    notes: "ln(exp - k), or ln(-exp - k) where exp is skewed to the left; delta() and zero() are accepted, the skewness is zero to the precision of numbers (Stata stops below zero(), .001); level() is refused; stores r(gamma)",
    examples: &[Example {
        // the logarithms are symmetric
        run: "set obs 5\ngenerate double x = exp(_n) + 7\nlnskew0 double y = x",
        expect: &[("round(r(gamma), 1e-8)", 7.0), ("round(y[4], 1e-8)", 4.0)],
    }],
};

pub(super) const SPEC_BOX_COX: CommandSpec = CommandSpec {
    name: "bcskew0",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: |s, cmd| transformed(s, cmd, Family::BoxCox),
    syntax: "bcskew0 [type] newvar = exp [if] [in]",
    notes: "(exp^L - 1)/L, ln(exp) for L = 0; exp must be positive; delta() and zero() are accepted, the skewness is zero to the precision of numbers (Stata stops below zero(), .001); level() is refused; stores r(lambda)",
    examples: &[Example {
        // the square roots are symmetric
        run: "set obs 5\ngenerate double x = (_n + 1)^2\nbcskew0 double y = x",
        expect: &[("round(r(lambda), 1e-8)", 0.5), ("round(y[1], 1e-7)", 2.0)],
    }],
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Logarithm,
    BoxCox,
}

fn transformed(s: &mut Session, cmd: &ParsedCommand, family: Family) -> Result<()> {
    let [(name, ty)] = typed_words(&cmd.list, s.settings.default_type)?[..] else {
        return Err(StataError::syntax());
    };
    let name = name.to_string();
    check_new(&s.frame, &name)?;
    let exp = cmd.exp.clone().ok_or_else(|| StataError::new(100, "=exp required"))?;
    let mut x = s.numbers(&exp, &s.rows(cmd)?)?;
    let known: Vec<f64> = x.iter().copied().filter(|x| !is_missing(*x)).collect();
    let skew = skewness(&known, |x| x);
    if is_missing(skew) {
        return Err(if known.is_empty() {
            StataError::no_observations()
        } else {
            cannot("exp does not vary")
        });
    }
    let negative = family == Family::Logarithm && skew < 0.0;
    if negative {
        x.iter_mut().filter(|x| !is_missing(**x)).for_each(|x| *x = -*x);
    }
    let known: Vec<f64> = x.iter().copied().filter(|x| !is_missing(*x)).collect();
    let parameter = match family {
        Family::Logarithm => origin(&known)?,
        Family::BoxCox => power(&known)?,
    };
    let transform = |x: f64| of(family, x, parameter);
    let skew = skewness(&known, transform);
    let values: Vec<f64> = x.iter().map(|x| if is_missing(*x) { MISSING } else { transform(*x) }).collect();
    let sign = if negative { "-" } else { "" };
    let (shown, letter) = match family {
        Family::Logarithm => (format!("ln({sign}{exp}-k)"), "k"),
        Family::BoxCox => (format!("({exp}^L-1)/L"), "L"),
    };
    show(s, &shown, letter, parameter, skew);
    let mut variable = Variable::new(&name, Column::from_f64(ty, &values));
    variable.label = match family {
        Family::Logarithm => format!("ln({sign}{exp}-{})", bare("%9.0g", parameter)),
        Family::BoxCox => format!("({exp}^{}-1)/{}", bare("%9.0g", parameter), bare("%9.0g", parameter)),
    };
    s.frame.add(variable)?;
    let mut r = Results::default();
    r.scalar(if family == Family::Logarithm { "gamma" } else { "lambda" }, parameter);
    s.r = r;
    Ok(())
}

fn of(family: Family, x: f64, parameter: f64) -> f64 {
    match family {
        Family::Logarithm => (x - parameter).ln(),
        Family::BoxCox if parameter == 0.0 => x.ln(),
        Family::BoxCox => (parameter * x.ln()).exp_m1() / parameter,
    }
}

fn skewness(values: &[f64], transform: impl Fn(f64) -> f64) -> f64 {
    Sample::plain(values.iter().map(|x| transform(*x))).skewness()
}

fn cannot(why: &str) -> StataError {
    StataError::new(498, format!("no transformation has zero skewness: {why}"))
}

/// `k` of `ln(x - k)` for values that are skewed to the right.
fn origin(x: &[f64]) -> Result<f64> {
    let least = x.iter().copied().fold(f64::INFINITY, f64::min);
    let range = x.iter().copied().fold(f64::NEG_INFINITY, f64::max) - least;
    // as a function of the logarithm of the distance between k and the least value
    let f = |log: f64| skewness(x, |x| (x - least + range * log.exp()).ln());
    // the nearest change of sign to the data, of distances from 10^-9 to 10^9 ranges
    let steps: Vec<f64> = (-20..=20).map(f64::from).collect();
    let pair = steps.windows(2).find(|w| f(w[0]) < 0.0 && f(w[1]) >= 0.0);
    let pair = pair.ok_or_else(|| cannot("the logarithm is too strong or too weak"))?;
    Ok(least - range * bracketed(f, pair[0], pair[1]).exp())
}

/// `L` of `(x^L - 1)/L`.
fn power(x: &[f64]) -> Result<f64> {
    if x.iter().any(|x| *x <= 0.0) {
        return Err(StataError::new(411, "exp must be positive"));
    }
    // x^L - 1 over L keeps its skewness when x is divided by its geometric mean
    let centre = x.iter().map(|x| x.ln()).sum::<f64>() / x.len() as f64;
    let f = |power: f64| skewness(x, |x| of(Family::BoxCox, (x.ln() - centre).exp(), power));
    let bounds = (0..6).map(|k| f64::from(1 << k)).find(|b| f(-b) < 0.0 && f(*b) > 0.0);
    let bound = bounds.ok_or_else(|| cannot("no power from -32 to 32 is enough"))?;
    Ok(bracketed(f, -bound, bound))
}

fn show(s: &mut Session, name: &str, letter: &str, parameter: f64, skew: f64) {
    s.print("");
    s.print(format!("{:>16} | {letter:>10}       [95% conf. interval]       Skewness", "Transform"));
    s.print(format!("{}+{}", "-".repeat(17), "-".repeat(50)));
    let cells = (bare("%9.0g", parameter), bare("%9.0g", skew));
    s.print(format!("{name:>16} | {:>10}       (not calculated)     {:>14}", cells.0, cells.1));
}
