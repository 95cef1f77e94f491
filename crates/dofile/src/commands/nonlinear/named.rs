//! `nl NAME: depvar varlist`: built-in functions, with starting values that are found in the data, and programs `nlNAME` that return
//! the expression ([R] nl).

use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::ops::run;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;

/// The curve that a built-in function multiplies by `b1`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Curve {
    /// `b2^x`.
    Power,
    /// `1 - b2^x`.
    Approach,
    /// `1/(1 + exp(-b2*(x - b3)))`.
    Logistic,
    /// `exp(-exp(-b2*(x - b3)))`.
    Gompertz,
}

/// Name, whether `b0` is added, curve.
const BUILT_IN: [(&str, bool, Curve); 7] = [
    ("exp3", true, Curve::Power),
    ("exp2", false, Curve::Power),
    ("exp2a", false, Curve::Approach),
    ("log4", true, Curve::Logistic),
    ("log3", false, Curve::Logistic),
    ("gom4", true, Curve::Gompertz),
    ("gom3", false, Curve::Gompertz),
];

impl Curve {
    fn value(self, x: f64, [b2, b3]: [f64; 2]) -> f64 {
        match self {
            Self::Power => b2.powf(x),
            Self::Approach => 1.0 - b2.powf(x),
            Self::Logistic => 1.0 / (1.0 + (-b2 * (x - b3)).exp()),
            Self::Gompertz => (-(-b2 * (x - b3)).exp()).exp(),
        }
    }

    fn text(self, x: &str, [b2, b3]: [&str; 2]) -> String {
        match self {
            Self::Power => format!("{b2}^{x}"),
            Self::Approach => format!("(1 - {b2}^{x})"),
            Self::Logistic => format!("/(1 + exp(-{b2}*({x} - {b3})))"),
            Self::Gompertz => format!("exp(-exp(-{b2}*({x} - {b3})))"),
        }
    }

    /// Parameters that are tried as starting values, for x between two numbers: relative rates of change, and for curves with
    /// a turn places of it.
    fn tried(self, low: f64, high: f64) -> Vec<[f64; 2]> {
        let range = (high - low).max(f64::MIN_POSITIVE);
        let rates = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 40.0];
        let signed = rates.iter().flat_map(|rate| [-rate / range, rate / range]);
        match self {
            Self::Power | Self::Approach => signed.map(|rate| [rate.exp(), 0.0]).collect(),
            Self::Logistic | Self::Gompertz => signed
                .flat_map(|rate| (-5..=25).map(move |place| [rate, low + f64::from(place) / 20.0 * range]))
                .collect(),
        }
    }
}

/// An expression in the form `(depvar = expression) if in weight, options`, with its title.
pub(super) struct Named {
    /// The text.
    pub text: String,
    /// What a program returns in `r(title)`.
    pub title: Option<String>,
}

/// A line with the colon behind the name of a built-in function, which versions before 9 did not ask for: `nl exp2 y x`.
pub(super) fn with_colon(raw: &str) -> String {
    match raw.split_once(char::is_whitespace) {
        Some((name, rest)) if !rest.trim_start().starts_with(':') && BUILT_IN.iter().any(|b| b.0 == name) => {
            format!("{name}: {rest}")
        }
        _ => raw.to_string(),
    }
}

/// Reads `NAME: depvar varlist ...`; nothing where the text has another form.
///
/// # Errors
/// Unknown names, wrong lists, errors of the program.
pub(super) fn read(s: &mut Session, raw: &str) -> Result<Option<Named>> {
    let Some((name, rest)) = raw.split_once(':') else { return Ok(None) };
    let (name, rest) = (name.trim(), rest.trim());
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Ok(None);
    }
    let line = ParsedCommand::split("nl", rest, false)?;
    let list = line.list.trim().to_string();
    let behind = rest.strip_prefix(list.as_str()).ok_or_else(StataError::syntax)?.to_string();
    let built_in = BUILT_IN.iter().find(|known| known.0 == name);
    let (equation, title) = match built_in {
        Some((_, level, curve)) => (equation(s, &line, &list, *level, *curve)?, None),
        None => returned(s, &line, (&list, &behind), name)?,
    };
    Ok(Some(Named { text: format!("({equation}) {behind}"), title }))
}

/// The equation of a built-in function with starting values.
fn equation(s: &Session, line: &ParsedCommand, list: &str, level: bool, curve: Curve) -> Result<String> {
    let variables = s.varlist(list)?;
    let &[depvar, regressor] = variables.as_slice() else {
        return Err(StataError::standard(if variables.len() < 2 { 102 } else { 103 }));
    };
    let mut touse = s.rows(line)?;
    s.markout(&variables, &mut touse, false)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let values = |v: usize| -> Vec<f64> { rows.iter().map(|row| s.frame.num_at(v, *row)).collect() };
    let (y, x) = (values(depvar), values(regressor));
    let name = |v: usize| s.frame.var(v).name.clone();
    let (y_name, x_name) = (name(depvar), name(regressor));
    let (b0, b1, rest) = start(&y, &x, level, curve);
    let part = |name: &str, value: f64| format!("{{{name}={value:e}}}");
    let constant = if level { format!("{} + ", part("b0", b0)) } else { String::new() };
    let shape = curve.text(&x_name, [&part("b2", rest[0]), &part("b3", rest[1])]);
    let times = if curve == Curve::Logistic { "" } else { "*" };
    Ok(format!("{y_name} = {constant}{}{times}{shape}", part("b1", b1)))
}

/// Of the tried curves the one that is nearest to the outcome, with its least-squares level and height. Where the curve has a second
/// form with the same values, as that of `log4` with `-b1` and `-b2`, the one that has a positive height.
fn start(y: &[f64], x: &[f64], level: bool, curve: Curve) -> (f64, f64, [f64; 2]) {
    let (low, high) = x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    let n = y.len() as f64;
    let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
    let mut best = (f64::INFINITY, (0.0, 1.0, [0.5, 0.0]));
    for rest in curve.tried(low, high) {
        let f: Vec<f64> = x.iter().map(|x| curve.value(*x, rest)).collect();
        let (f_mean, y_mean) = if level { (mean(&f), mean(y)) } else { (0.0, 0.0) };
        let square: f64 = f.iter().map(|f| (f - f_mean).powi(2)).sum();
        let product: f64 = f.iter().zip(y).map(|(f, y)| (f - f_mean) * (y - y_mean)).sum();
        let height = product / square;
        let constant = y_mean - height * f_mean;
        let rss: f64 = f.iter().zip(y).map(|(f, y)| (y - constant - height * f).powi(2)).sum();
        let turned = level && curve == Curve::Logistic && height < 0.0;
        if height.is_finite() && rss < best.0 && !turned {
            best = (rss, (constant, height, rest));
        }
    }
    best.1
}

/// The equation and the title that the program `nlNAME` returns in `r(eq)` and `r(title)`. It is called with the list of variables, the
/// weights and a condition for the sample.
fn returned(
    s: &mut Session,
    line: &ParsedCommand,
    (list, behind): (&str, &str),
    name: &str,
) -> Result<(String, Option<String>)> {
    let program = format!("nl{name}");
    if !s.programs.contains_key(&program) {
        return Err(StataError::new(199, format!("command {program} is unrecognized")));
    }
    let touse = s.rows(line)?;
    let sample = s.fresh_name();
    let marks: Vec<f64> = touse.iter().map(|t| f64::from(u8::from(*t))).collect();
    s.frame.add(Variable::new(&sample, Column::Double(marks)))?;
    let bracket = behind.find('[').zip(behind.find(']')).filter(|_| line.weight.is_some());
    let weight = bracket.map_or_else(String::new, |(open, close)| format!(" {}", &behind[open..=close]));
    let called = run::quietly(s, &format!("{program} {list}{weight} if {sample}"));
    if let Some(at) = s.frame.find(&sample) {
        s.frame.drop_vars(&[at]);
    }
    called?;
    let equation = s.r.get_text("eq").map(str::to_string);
    let equation = equation
        .ok_or_else(|| StataError::invalid(format!("{program} did not return an equation in r(eq)")))?;
    let inner = equation.trim();
    let plain = inner.strip_prefix('(').and_then(|i| i.strip_suffix(')')).filter(|i| i.contains('='));
    let whole = plain.filter(|i| balanced(i)).unwrap_or(inner).to_string();
    Ok((whole, s.r.get_text("title").map(str::to_string)))
}

/// Whether no parenthesis is closed before it is opened, and all are closed.
fn balanced(text: &str) -> bool {
    let mut depth = 0i32;
    for c in text.chars() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}
