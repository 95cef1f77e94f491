//! What `metan` reads: the studies, their measure and the model.

use crate::error::{Result, StataError};
use crate::ops::groups::level_name;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use estimators::meta_analysis::critical;
use estimators::meta_effects::{Binary, Continuous, binary, continuous};

/// How studies are pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Inverse variances.
    Inverse,
    /// Mantel and Haenszel's weights.
    MantelHaenszel,
    /// Peto's method.
    Peto,
    /// DerSimonian and Laird's random effects with the heterogeneity about the Mantel-Haenszel pool.
    RandomMantelHaenszel,
    /// The same with the heterogeneity about the pool by inverse variances.
    Random,
}

impl Method {
    /// The method as output names it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Inverse => "I-V",
            Self::MantelHaenszel => "M-H",
            Self::Peto => "Peto",
            Self::RandomMantelHaenszel | Self::Random => "D+L",
        }
    }

    /// Whether effects are random.
    pub(super) fn is_random(self) -> bool {
        matches!(self, Self::RandomMantelHaenszel | Self::Random)
    }
}

/// The studies of a command.
pub(super) struct Studies {
    /// Rows of the data.
    pub rows: Vec<usize>,
    /// Effects, logarithms for ratios.
    pub y: Vec<f64>,
    /// Standard errors.
    pub se: Vec<f64>,
    /// Names.
    pub labels: Vec<String>,
    /// Tables, with their continuity corrections.
    pub tables: Vec<[f64; 4]>,
    /// The measure of the tables.
    pub binary: Option<Binary>,
    /// Number of subjects, if the data say it.
    pub sizes: Option<Vec<f64>>,
    /// The measure as output names it.
    pub measure: &'static str,
    /// Whether effects are logarithms of the measure.
    pub log_scale: bool,
    /// The method.
    pub method: Method,
}

impl Studies {
    /// Whether the effects are the logarithms that the command itself took.
    pub(super) fn own_logarithm(&self) -> bool {
        matches!(self.binary, Some(Binary::RiskRatio | Binary::OddsRatio | Binary::Peto))
    }
}

fn one_of<T: Copy>(cmd: &ParsedCommand, choices: &[(&str, T)]) -> Result<Option<T>> {
    let mut found = choices.iter().filter(|(name, _)| cmd.has(name));
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some((_, choice)), None) => Ok(Some(*choice)),
        (Some((a, _)), Some((b, _))) => {
            Err(StataError::invalid(format!("options {a} and {b} may not be combined")))
        }
    }
}

fn binary_measure(cmd: &ParsedCommand) -> Result<(Binary, Method)> {
    let measure =
        one_of(cmd, &[("or", Binary::OddsRatio), ("rr", Binary::RiskRatio), ("rd", Binary::RiskDifference)])?;
    let method = one_of(
        cmd,
        &[
            ("fixed", Method::MantelHaenszel),
            ("fixedi", Method::Inverse),
            ("random", Method::RandomMantelHaenszel),
            ("randomi", Method::Random),
            ("peto", Method::Peto),
        ],
    )?;
    match (measure, method.unwrap_or(Method::MantelHaenszel)) {
        (None | Some(Binary::OddsRatio), Method::Peto) => Ok((Binary::Peto, Method::Peto)),
        (Some(_), Method::Peto) => Err(StataError::invalid("peto is a method for odds ratios")),
        (measure, method) => Ok((measure.unwrap_or(Binary::RiskRatio), method)),
    }
}

/// The rows of the studies.
fn rows(s: &Session, cmd: &ParsedCommand, variables: &[usize], by: Option<usize>) -> Result<Vec<usize>> {
    let mut touse = s.rows(cmd)?;
    s.markout(variables, &mut touse, false)?;
    if let Some(by) = by {
        s.markout(&[by], &mut touse, true)?;
    }
    let mut rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if let Some(list) = cmd.options.text("sortby") {
        let keys: Vec<(usize, bool)> = s.varlist(list)?.into_iter().map(|v| (v, false)).collect();
        rows = s.frame.sorted_order(&keys).into_iter().filter(|i| touse[*i]).collect();
    }
    if rows.is_empty() { Err(StataError::no_observations()) } else { Ok(rows) }
}

/// Names of studies: `label(namevar=v, yearvar=v)` or the variables of `lcols()`, else their numbers.
fn labels(s: &Session, cmd: &ParsedCommand, rows: &[usize]) -> Result<Vec<String>> {
    let mut variables = Vec::new();
    if let Some(text) = cmd.options.text("label") {
        for part in text.split(',') {
            match part.split_once('=').map(|(k, v)| (k.trim(), v.trim())) {
                Some(("namevar" | "yearvar", name)) => variables.push(s.variable(name)?),
                _ => return Err(StataError::invalid("label() must be label(namevar=var, yearvar=var)")),
            }
        }
    } else if let Some(list) = cmd.options.text("lcols") {
        variables = s.varlist(list)?;
    }
    if variables.is_empty() {
        return Ok((1..=rows.len()).map(|i| i.to_string()).collect());
    }
    let name = |r: &usize| {
        let parts: Vec<String> = variables.iter().map(|v| level_name(s, *v, *r)).collect();
        parts.join(" ")
    };
    Ok(rows.iter().map(name).collect())
}

fn reject(cmd: &ParsedCommand, names: &[&str]) -> Result<()> {
    match names.iter().find(|n| cmd.has(n)) {
        Some(name) => Err(StataError::invalid(format!("option {name} not allowed with these data"))),
        None => Ok(()),
    }
}

/// Reads the studies.
pub(super) fn read(s: &Session, cmd: &ParsedCommand, by: Option<usize>) -> Result<Studies> {
    let variables = s.varlist(&cmd.list)?;
    for v in &variables {
        s.numeric_variable(&s.frame.var(*v).name)?;
    }
    let rows = rows(s, cmd, &variables, by)?;
    let labels = labels(s, cmd, &rows)?;
    let cells = |r: usize| -> Vec<f64> { variables.iter().map(|v| s.frame.num_at(*v, r)).collect() };
    let mut out = Studies {
        y: Vec::new(),
        se: Vec::new(),
        labels,
        tables: Vec::new(),
        binary: None,
        sizes: None,
        measure: "ES",
        log_scale: false,
        method: Method::Inverse,
        rows,
    };
    let data: Vec<Vec<f64>> = out.rows.iter().map(|r| cells(*r)).collect();
    let two = [
        ("fixed", Method::Inverse),
        ("fixedi", Method::Inverse),
        ("random", Method::Random),
        ("randomi", Method::Random),
    ];
    match variables.len() {
        2 | 3 => {
            reject(
                cmd,
                &["or", "rr", "rd", "peto", "cohen", "hedges", "glass", "nostandard", "cc", "nointeger"],
            )?;
            out.method = one_of(cmd, &two)?.unwrap_or(Method::Inverse);
            out.log_scale = cmd.has("eform");
            generic(&mut out, &data)?;
        }
        4 => {
            reject(cmd, &["cohen", "hedges", "glass", "nostandard", "eform"])?;
            counts(&mut out, cmd, &data)?;
        }
        6 => {
            reject(cmd, &["or", "rr", "rd", "peto", "cc", "nointeger", "eform", "log"])?;
            out.method = one_of(cmd, &two)?.unwrap_or(Method::Inverse);
            means(&mut out, cmd, &data)?;
        }
        _ => return Err(StataError::syntax()),
    }
    Ok(out)
}

fn generic(out: &mut Studies, data: &[Vec<f64>]) -> Result<()> {
    let z = critical(95.0, None);
    for row in data {
        let (y, se) = match row[..] {
            [y, se] => (y, se),
            [y, low, high] => (y, (high - low) / (2.0 * z)),
            _ => return Err(StataError::syntax()),
        };
        if se.is_nan() || se <= 0.0 {
            return Err(StataError::new(459, "standard errors and widths of intervals must be positive"));
        }
        out.y.push(y);
        out.se.push(se);
    }
    Ok(())
}

fn counts(out: &mut Studies, cmd: &ParsedCommand, data: &[Vec<f64>]) -> Result<()> {
    let (measure, method) = binary_measure(cmd)?;
    let correction = cmd.options.real("cc").unwrap_or(0.5);
    if !(0.0..1.0).contains(&correction) {
        return Err(StataError::invalid("cc() must be at least 0 and less than 1"));
    }
    out.measure = match measure {
        Binary::RiskRatio => "RR",
        Binary::RiskDifference => "RD",
        _ => "OR",
    };
    (out.binary, out.method) = (Some(measure), method);
    out.log_scale = out.own_logarithm() && !cmd.has("log");
    let mut sizes = Vec::new();
    let mut kept = Vec::new();
    for (i, row) in data.iter().enumerate() {
        let table = [row[0], row[1], row[2], row[3]];
        if table.iter().any(|x| *x < 0.0 || (x.fract() != 0.0 && !cmd.has("nointeger"))) {
            return Err(StataError::invalid("cells must be integers that are not negative"));
        }
        let [a, b, c, d] = table;
        let empty = a + b == 0.0 || c + d == 0.0;
        // without events, or with nothing but events, in both groups a ratio is not defined
        if empty || (out.own_logarithm() && (a + c == 0.0 || b + d == 0.0)) {
            continue;
        }
        let add = if table.contains(&0.0) && measure != Binary::Peto { correction } else { 0.0 };
        let table = table.map(|x| x + add);
        let (y, se) = binary(measure, table);
        if !(y.is_finite() && se.is_finite() && se > 0.0) {
            continue;
        }
        kept.push(i);
        out.y.push(y);
        out.se.push(se);
        out.tables.push(table);
        sizes.push(a + b + c + d);
    }
    if kept.is_empty() {
        return Err(StataError::no_observations());
    }
    out.rows = kept.iter().map(|i| out.rows[*i]).collect();
    out.labels = kept.iter().map(|i| out.labels[*i].clone()).collect();
    out.sizes = Some(sizes);
    Ok(())
}

fn means(out: &mut Studies, cmd: &ParsedCommand, data: &[Vec<f64>]) -> Result<()> {
    let measure = one_of(
        cmd,
        &[
            ("cohen", Continuous::Cohen),
            ("hedges", Continuous::Hedges),
            ("glass", Continuous::Glass),
            ("nostandard", Continuous::Difference),
        ],
    )?
    .unwrap_or(Continuous::Cohen);
    out.measure = if measure == Continuous::Difference { "WMD" } else { "SMD" };
    let mut sizes = Vec::new();
    for row in data {
        let row = [row[0], row[1], row[2], row[3], row[4], row[5]];
        if row[0] < 2.0 || row[3] < 2.0 || row[2] <= 0.0 || row[5] <= 0.0 {
            return Err(StataError::new(459, "group sizes and standard deviations must be positive"));
        }
        let (y, se) = continuous(measure, row);
        out.y.push(y);
        out.se.push(se);
        sizes.push(row[0] + row[3]);
    }
    out.sizes = Some(sizes);
    Ok(())
}
