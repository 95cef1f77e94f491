//! The lines above a coefficient table: a title on the left, numbers on the right.

use crate::format;
use crate::session::Session;
use crate::value::MISSING;

/// One line of numbers: what it is and its formatted value.
pub struct Fact {
    label: String,
    value: String,
}

impl Fact {
    /// A number in a display format.
    pub fn new(label: impl Into<String>, fmt: &str, value: f64) -> Self {
        Self { label: label.into(), value: format::bare(fmt, value) }
    }

    /// Characters of the value.
    pub fn width(&self) -> usize {
        self.value.chars().count()
    }

    /// The root mean squared error: five digits, and below one as many decimals.
    pub fn root_mse(value: f64) -> Self {
        Self::new("Root MSE", if value < 1.0 { "%7.0g" } else { "%9.5g" }, value)
    }

    /// The number of observations.
    pub fn observations(n: f64) -> Self {
        Self::new("Number of obs", "%10.0fc", n)
    }

    /// A statistic with degrees of freedom in its label.
    pub fn statistic(name: &str, df: &[f64], value: f64) -> Self {
        let df: Vec<String> = df.iter().map(|d| format::bare("%9.0g", *d)).collect();
        Self::new(format!("{name}({})", df.join(", ")), "%9.2f", value)
    }

    /// The Wald test of the active results; where nothing is tested its degrees of freedom are missing too.
    pub fn wald(session: &Session) -> Self {
        let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
        let (df, chi2) = match scalar("df_m") {
            df if df > 0.0 => (df, scalar("chi2")),
            _ => (MISSING, MISSING),
        };
        Self::statistic("Wald chi2", &[df], chi2)
    }

    /// A probability with four decimals.
    pub fn probability(label: &str, value: f64) -> Self {
        Self::new(label, "%6.4f", value)
    }
}

/// Prints left texts beside facts whose labels and values line up at the right margin (column 78); longer values take
/// more room than the width given.
pub fn show(session: &mut Session, left: &[String], facts: &[Fact], label_width: usize, value_width: usize) {
    let value_width = facts.iter().map(Fact::width).max().unwrap_or(0).max(value_width);
    let right_width = label_width + 3 + value_width;
    let left_width = 78 - right_width;
    for i in 0..left.len().max(facts.len()) {
        let text = left.get(i).map_or("", String::as_str);
        let line = match facts.get(i) {
            Some(fact) => {
                format!("{text:<left_width$}{:<label_width$} = {:>value_width$}", fact.label, fact.value)
            }
            None => text.to_string(),
        };
        session.print(line.trim_end());
    }
}

/// The table of sums of squares above the coefficients of a linear regression.
pub fn sums_of_squares(mss: f64, rss: f64, df_m: f64, df_r: f64, n: f64) -> Vec<String> {
    let line = |name: &str, ss: f64, df: f64| {
        let ms = if df > 0.0 { ss / df } else { MISSING };
        format!(
            "{name:>12} |{:>12}{:>10}{:>12}",
            format::bare("%11.0g", ss),
            format::bare("%9.0gc", df),
            format::bare("%11.0g", ms)
        )
    };
    let total = df_m + df_r;
    debug_assert!(total <= n);
    vec![
        "      Source |       SS           df       MS".to_string(),
        "-------------+----------------------------------".to_string(),
        line("Model", mss, df_m),
        line("Residual", rss, df_r),
        "-------------+----------------------------------".to_string(),
        line("Total", mss + rss, total),
    ]
}
