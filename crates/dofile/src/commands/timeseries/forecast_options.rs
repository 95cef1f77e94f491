//! Options of `forecast solve` ([TS] forecast solve).

use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number};

/// The way to the solution of a period.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Technique {
    /// With the share of the last value that is kept.
    GaussSeidel(f64),
    /// Newton's method.
    Newton,
}

/// Options of `forecast solve`.
pub(super) struct Asked {
    /// Before the names of the new variables.
    pub prefix: String,
    /// After them.
    pub suffix: String,
    /// First period.
    pub begin: Option<f64>,
    /// Last period.
    pub end: Option<f64>,
    /// Number of periods.
    pub periods: Option<f64>,
    /// New variables in double precision.
    pub double: bool,
    /// Lags have actual values.
    pub fixed: bool,
    /// Actual values hold where there are any.
    pub actuals: bool,
    /// What is logged.
    pub log: &'static str,
    /// Tolerance of the values.
    pub values: f64,
    /// Tolerance of the differences, for Newton.
    pub zero: f64,
    /// Most iterations.
    pub most: f64,
    /// The way to the solution.
    pub technique: Technique,
}

impl Asked {
    /// Reads the options.
    pub(super) fn read(session: &Session, options: &[(String, Option<String>)]) -> Result<Self> {
        let mut out = Self {
            prefix: String::new(),
            suffix: String::new(),
            begin: None,
            end: None,
            periods: None,
            double: false,
            fixed: false,
            actuals: false,
            log: "on",
            values: 1e-9,
            zero: 1e-9,
            most: 16_000.0,
            technique: Technique::GaussSeidel(0.2),
        };
        for (option, argument) in options {
            let is = |full: &str| abbreviates(option, full);
            match argument.as_deref().map(str::trim) {
                Some(a) if is("PREfix") => out.prefix = a.to_string(),
                Some(a) if is("SUFfix") => out.suffix = a.to_string(),
                Some(a) if is("Begin") => out.begin = Some(session.eval_num(a)?),
                Some(a) if is("End") => out.end = Some(session.eval_num(a)?),
                Some(a) if is("PERiods") => out.periods = Some(positive(option, a)?),
                Some(a) if is("VTOLerance") => out.values = positive(option, a)?,
                Some(a) if is("ZTOLerance") => out.zero = positive(option, a)?,
                Some(a) if is("ITERate") => out.most = positive(option, a)?,
                Some(a) if is("log") => {
                    let known = [("DEtail", "detail"), ("on", "on"), ("BRief", "brief"), ("OFf", "off")];
                    let found = known.iter().find(|k| abbreviates(a, k.0));
                    out.log = found.ok_or_else(|| StataError::invalid(format!("log({a}) invalid")))?.1;
                }
                Some(a) if is("TECHnique") => out.technique = technique(a)?,
                _ if is("SIMulate") => {
                    return Err(StataError::unsupported_option("forecast solve", "simulate()"));
                }
                None if is("DOuble") => out.double = true,
                None if is("STatic") => out.fixed = true,
                None if is("ACtuals") => out.actuals = true,
                _ => return Err(StataError::option_not_allowed(option)),
            }
        }
        if !out.prefix.is_empty() && !out.suffix.is_empty() {
            return Err(StataError::invalid("only one of prefix() and suffix() is allowed"));
        }
        if out.end.is_some() && out.periods.is_some() {
            return Err(StataError::invalid("only one of end() and periods() is allowed"));
        }
        if out.prefix.is_empty() && out.suffix.is_empty() {
            out.prefix = "f_".into();
        }
        Ok(out)
    }
}

fn positive(option: &str, text: &str) -> Result<f64> {
    let value = parse_number(text).filter(|x| *x > 0.0);
    value.ok_or_else(|| StataError::new(198, format!("{option}() must be a positive number")))
}

fn technique(text: &str) -> Result<Technique> {
    let mut words = text.split_whitespace();
    let name = words.next().unwrap_or("");
    let number = words.next();
    let damping = number.map_or(Some(0.2), parse_number).filter(|d| (0.0..1.0).contains(d));
    match damping {
        Some(d) if abbreviates(name, "DAMpedgaussseidel") => Ok(Technique::GaussSeidel(d)),
        _ if number.is_some() => Err(StataError::invalid(format!("technique({text}) invalid"))),
        _ if abbreviates(name, "GAUssseidel") => Ok(Technique::GaussSeidel(0.0)),
        _ if abbreviates(name, "NEWtonraphson") => Ok(Technique::Newton),
        _ if abbreviates(name, "BROydenpowell") => {
            Err(StataError::unsupported_option("forecast solve", "technique(broydenpowell)"))
        }
        _ => Err(StataError::invalid(format!("technique({text}) invalid"))),
    }
}
