//! `sts generate`: functions of the records as variables ([ST] sts generate).

use super::sts::Curves;
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::survivor::{Point, at_time};

/// A function of `sts generate`.
fn value(name: &str, p: &Point, level: f64) -> Option<f64> {
    let limit = |l: Option<(f64, f64)>, high: bool| l.map_or(f64::NAN, |l| if high { l.1 } else { l.0 });
    Some(match name {
        "s" => p.survivor,
        "se(s)" => p.survivor_se(),
        "se(lns)" => p.log_log_se(),
        "lb(s)" => limit(p.survivor_limits(level), false),
        "ub(s)" => limit(p.survivor_limits(level), true),
        "na" => p.hazard,
        "se(na)" => p.hazard_variance.sqrt(),
        "lb(na)" => limit(p.hazard_limits(level), false),
        "ub(na)" => limit(p.hazard_limits(level), true),
        "h" => {
            if p.at_risk > 0.0 {
                p.failures / p.at_risk
            } else {
                f64::NAN
            }
        }
        "n" => p.at_risk,
        "d" => p.failures,
        _ => return None,
    })
}

/// `newvar = function` pairs before the comma.
fn requests(text: &str) -> Result<Vec<(String, String)>> {
    let spaced = text.replace('=', " = ");
    let joined = spaced.replace(" (", "(").replace("( ", "(").replace(" )", ")");
    let words: Vec<&str> = joined.split_whitespace().collect();
    let mut out = Vec::new();
    for group in words.chunks(3) {
        match group {
            [name, "=", function] if is_valid_name(name) => {
                out.push(((*name).to_string(), function.to_lowercase()));
            }
            _ => return Err(StataError::syntax()),
        }
    }
    if out.is_empty() { Err(StataError::standard(100)) } else { Ok(out) }
}

pub(super) fn generate(s: &mut Session, rest: &str) -> Result<()> {
    // `if` and `in` end the list of new variables.
    let mut cmd = ParsedCommand::split("sts", rest, false)?;
    cmd.check_options(&[OptSpec::text("by"), OptSpec::real("Level")], &["STrata", "ADjustfor"])?;
    let level = level(s, &cmd)?;
    let requests = requests(&cmd.list)?;
    for (name, function) in &requests {
        if value(function, &Point::default(), level).is_none() {
            return Err(StataError::invalid(format!("{function} is not a function of sts generate")));
        }
        if s.frame.find(name).is_some() {
            return Err(StataError::already_defined(name));
        }
    }
    let curves = Curves::read(s, &cmd, cmd.options.text("by"))?;
    let mut columns = vec![vec![MISSING; s.frame.n_rows()]; requests.len()];
    for (i, &row) in curves.records.rows.iter().enumerate() {
        let table = &curves.tables[curves.groups.of[i]];
        let start = Point { survivor: 1.0, ..Point::default() };
        let point = at_time(table, curves.records.t[i]).copied().unwrap_or(start);
        for (column, (_, function)) in columns.iter_mut().zip(&requests) {
            let x = value(function, &point, level).unwrap_or(f64::NAN);
            column[row] = if x.is_finite() { x } else { MISSING };
        }
    }
    for (column, (name, function)) in columns.iter().zip(&requests) {
        let kind =
            if matches!(function.as_str(), "n" | "d") { StorageType::Long } else { StorageType::Double };
        let whole = column.iter().all(|x| *x == MISSING || x.fract() == 0.0);
        let kind = if whole { kind } else { StorageType::Double };
        let mut variable = Variable::new(name, Column::from_f64(kind, column));
        variable.label = label(function).to_string();
        s.frame.add(variable)?;
    }
    Ok(())
}

fn label(function: &str) -> &'static str {
    match function {
        "s" => "S(t+0)",
        "se(s)" => "SE(S(t+0))",
        "se(lns)" => "SE(ln(-ln S(t+0)))",
        "lb(s)" => "Lower limit of S(t+0)",
        "ub(s)" => "Upper limit of S(t+0)",
        "na" => "Nelson-Aalen cumulative hazard",
        "se(na)" => "SE(Nelson-Aalen)",
        "lb(na)" => "Lower limit of Nelson-Aalen",
        "ub(na)" => "Upper limit of Nelson-Aalen",
        "h" => "Hazard component",
        "n" => "Number at risk",
        _ => "Number of failures",
    }
}
