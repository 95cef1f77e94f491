//! Statistics that `graph bar`, `graph box` and their categories show.

use super::numbers::percentile;
use crate::error::{Result, StataError};

/// A statistic of `graph bar`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stat {
    Mean,
    Percentile(f64),
    Sum,
    Count,
    Percent,
    Min,
    Max,
    Sd,
    Semean,
    Iqr,
}

impl Stat {
    pub(super) fn parse(word: &str) -> Result<(Self, String)> {
        let stat = match word {
            "mean" | "asis" => Self::Mean,
            "median" => Self::Percentile(50.0),
            "sum" | "rawsum" => Self::Sum,
            "count" => Self::Count,
            "percent" => Self::Percent,
            "min" => Self::Min,
            "max" => Self::Max,
            "sd" => Self::Sd,
            "semean" => Self::Semean,
            "iqr" => Self::Iqr,
            _ => match word.strip_prefix('p').and_then(|p| p.parse::<f64>().ok()) {
                Some(p) if p > 0.0 && p < 100.0 => Self::Percentile(p),
                _ => return Err(StataError::invalid(format!("{word} is not a statistic"))),
            },
        };
        Ok((stat, word.to_owned()))
    }

    /// Its value for sorted weighted values; `total` is the weight of all rows of the chart.
    pub(super) fn value(self, values: &[(f64, f64)], total: f64) -> f64 {
        let weight: f64 = values.iter().map(|v| v.1).sum();
        let sum: f64 = values.iter().map(|v| v.0 * v.1).sum();
        match self {
            Self::Count => weight,
            Self::Percent => 100.0 * weight / total,
            _ if values.is_empty() => f64::NAN,
            Self::Mean => sum / weight,
            Self::Sum => sum,
            Self::Percentile(p) => percentile(values, p),
            Self::Min => values[0].0,
            Self::Max => values[values.len() - 1].0,
            Self::Sd => super::numbers::moments(values).1,
            Self::Semean => super::numbers::moments(values).1 / weight.sqrt(),
            Self::Iqr => percentile(values, 75.0) - percentile(values, 25.0),
        }
    }
}
