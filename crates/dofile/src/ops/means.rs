//! Means, proportions, totals and ratios: their items, names and table, with and without a survey design.

use crate::error::{Result, StataError};
use crate::estimation::post;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::record_groups::Grouping;
use crate::session::{Session, TableLook};
use crate::syntax::split::matching_paren;
use crate::value::MISSING;
use estimators::wald;

/// Estimated quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Mean,
    Proportion,
    Total,
    Ratio,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Proportion => "proportion",
            Self::Total => "total",
            Self::Ratio => "ratio",
        }
    }
}

/// One quantity: its name, numerator, denominator (ratios) and the value that counts (proportions).
pub(crate) struct Item {
    /// Name in `e(b)`.
    pub(crate) name: String,
    /// The variable, or numerator.
    pub(crate) top: usize,
    /// The denominator of a ratio.
    pub(crate) bottom: Option<usize>,
    /// The value whose share is estimated.
    pub(crate) category: Option<f64>,
}

/// The quantities of a list; `rows` gives the values of a variable that a proportion is taken of.
pub(crate) fn items(
    s: &Session,
    list: &str,
    kind: Kind,
    rows: impl Fn(usize) -> Result<Vec<f64>>,
) -> Result<Vec<Item>> {
    if kind == Kind::Ratio {
        return ratios(s, list);
    }
    let variables = s.varlist(list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    let mut out = Vec::new();
    for v in variables {
        let name = s.frame.var(v).name.clone();
        if s.frame.var(v).is_string() {
            return Err(StataError::type_mismatch());
        }
        if kind != Kind::Proportion {
            out.push(Item { name, top: v, bottom: None, category: None });
            continue;
        }
        for x in rows(v)? {
            if x.fract() != 0.0 || x < 0.0 {
                return Err(StataError::new(
                    452,
                    format!("{name}: factor variables may not contain noninteger or negative values"),
                ));
            }
            out.push(Item { name: format!("{x}.{name}"), top: v, bottom: None, category: Some(x) });
        }
    }
    Ok(out)
}

/// `(name: y/x)`, `y/x`, several of them.
fn ratios(s: &Session, list: &str) -> Result<Vec<Item>> {
    let mut texts = Vec::new();
    let mut rest = list.trim();
    if !rest.starts_with('(') {
        texts.push(rest.to_string());
        rest = "";
    }
    while !rest.is_empty() {
        let end = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
        texts.push(rest[1..end].to_string());
        rest = rest[end + 1..].trim_start();
        if !rest.is_empty() && !rest.starts_with('(') {
            return Err(StataError::syntax());
        }
    }
    let mut out = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        let (name, body) = match text.split_once(':') {
            Some((name, body)) => (name.trim().to_string(), body),
            None => (format!("_ratio_{}", i + 1), text.as_str()),
        };
        let (y, x) = body.split_once('/').ok_or_else(StataError::syntax)?;
        out.push(Item {
            name,
            top: s.numeric_variable(y.trim())?,
            bottom: Some(s.numeric_variable(x.trim())?),
            category: None,
        });
    }
    Ok(out)
}

/// Names of the estimates: items run slowest, groups fastest.
pub(crate) fn names(items: &[Item], groups: &Grouping) -> Vec<Stripe> {
    let over = groups.variables.first().cloned();
    let mut stripe = Vec::new();
    for item in items {
        for g in 0..groups.count() {
            let name = match &over {
                None => item.name.clone(),
                Some(variable) => {
                    let value = groups.values[g];
                    let level = if crate::value::is_missing(value) { (g + 1) as f64 } else { value };
                    let lead = if item.name.contains('.') { "" } else { "c." };
                    format!("{lead}{}@{level}{}.{variable}", item.name, if g == 0 { "bn" } else { "" })
                }
            };
            stripe.push(Stripe::term(name));
        }
    }
    stripe
}

/// Labels of the groups for `e(over_labels)`.
pub(crate) fn over_labels(groups: &Grouping) -> String {
    groups.labels.iter().map(|l| l.join(" ")).collect::<Vec<_>>().join("\u{1}")
}

/// A word with a capital.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

/// How proportions are shown.
#[derive(Clone, Copy, Default)]
pub(crate) struct Shown {
    /// As percentages.
    pub(crate) percent: bool,
    /// With limits of the normal distribution in place of the logit transformation.
    pub(crate) normal: bool,
}

/// Prints the lines above the estimates; returns the width of the columns behind the names.
fn heading(s: &mut Session, look: &TableLook, head: &str, vce: &str, level: f64) -> usize {
    let limits = !look.no_limits && !look.legend;
    let width = if limits { 48 } else { 23 };
    s.print("-".repeat(14 + width));
    if !vce.is_empty() && !look.legend {
        s.print(format!("             |{vce:>23}"));
    }
    let error = if vce.is_empty() { "Std. err." } else { "std. err." };
    let interval = format!("     [{}% conf. interval]", format::bare("%5.0g", level));
    s.print(match (look.legend, limits) {
        (true, _) => format!("             |{head:>11}  Legend"),
        (_, true) => format!("             |{head:>11}   {error}{interval}"),
        _ => format!("             |{head:>11}   {error}"),
    });
    s.print(format!("-------------+{}", "-".repeat(width)));
    width
}

/// An estimate, its standard error and its limits, or the legend of its name.
fn cells(look: &TableLook, numbers: [f64; 4], name: &str) -> String {
    let [b, se, low, high] = numbers.map(|x| {
        let x = post::stata(x);
        match &look.coefficients {
            Some(own) if !crate::value::is_missing(x) => format!("{:>9}", format::bare(own, x).trim()),
            _ => format::number("%9.0g", x),
        }
    });
    match (look.legend, look.no_limits) {
        (true, _) => format!("  {b}  _b[{name}]"),
        (_, true) => format!("  {b}  {se}"),
        _ => format!("  {b}  {se}      {low}   {high}"),
    }
}

/// Prints the table of the active estimates and stores `r(table)`.
pub(crate) fn table(s: &mut Session, level: f64, kind: Kind, shown: Shown) -> Result<()> {
    let (Some(b), Some(v)) = (s.e.b().cloned(), s.e.v().cloned()) else {
        return Err(StataError::new(301, "last estimates not found"));
    };
    let results = s.e.results.clone();
    // without degrees of freedom (bootstrap weights of surveys) the normal distribution
    let df_r = results.get_scalar("df_r").filter(|x| !crate::value::is_missing(*x));
    let df = df_r.unwrap_or(MISSING);
    let look = s.settings.table.clone();
    let head = if shown.percent { "Percent".to_string() } else { capital(kind.name()) };
    let width = heading(s, &look, &head, results.get_text("vcetype").unwrap_or(""), level);
    let over = results.get_text("over").map(str::to_string);
    let labels: Vec<String> =
        results.get_text("over_labels").unwrap_or("").split('\u{1}').map(str::to_string).collect();
    let t = wald::critical(level, df_r);
    let mut table = Vec::new();
    let mut last = String::new();
    for j in 0..b.cols() {
        // A survey stratum with one unit leaves no standard error.
        let unknown =
            results.get_scalar("singleton") == Some(1.0) && results.get_text("singleunit") == Some("missing");
        let se = if unknown { f64::NAN } else { v.get(j, j).max(0.0).sqrt() };
        let x = b.get(0, j);
        let (low, high) = if kind == Kind::Proportion && !shown.normal && x > 0.0 && x < 1.0 {
            // Limits on the logit scale ([R] proportion).
            let (middle, half) = ((x / (1.0 - x)).ln(), t * se / (x * (1.0 - x)));
            let back = |y: f64| 1.0 / (1.0 + (-y).exp());
            (back(middle - half), back(middle + half))
        } else {
            (x - t * se, x + t * se)
        };
        let name = b.col_names[j].name.clone();
        let (block, label) = match (&over, name.split_once('@'), name.split_once('.')) {
            (Some(over), Some((what, _)), _) => {
                let what = what.trim_start_matches("c.");
                let value = name.rsplit('@').next().and_then(|g| g.split_once('.')).map(|g| g.0);
                let number = value.map(|v| v.trim_end_matches("bn").to_string());
                let label = labels.get(j % labels.len()).cloned();
                let label = if look.no_labels { number.or(label) } else { label };
                (format!("{what}@{over}"), label.unwrap_or_default())
            }
            (_, _, Some((level, variable))) if kind == Kind::Proportion => {
                (variable.to_string(), level.to_string())
            }
            _ => (String::new(), name.clone()),
        };
        if block != last && !block.is_empty() {
            if !last.is_empty() {
                s.print("             |");
            }
            s.print(format!("{:>12} |", format::abbrev(&block, 12)));
        }
        last = block;
        let scale = if shown.percent { 100.0 } else { 1.0 };
        let numbers = [x, se, low, high].map(|x| scale * x);
        s.print(format!("{:>12} |{}", format::abbrev(&label, 12), cells(&look, numbers, &name)));
        table.push([x, se, x / se, wald::p_value(x / se, df_r), low, high, df, t, 0.0]);
    }
    s.print("-".repeat(14 + width));
    let mut m = Matrix::new(
        9,
        table.len(),
        (0..9).flat_map(|i| table.iter().map(move |c| post::stata(c[i]))).collect(),
    );
    m.row_names =
        ["b", "se", if df_r.is_some() { "t" } else { "z" }, "pvalue", "ll", "ul", "df", "crit", "eform"]
            .map(Stripe::term)
            .to_vec();
    m.col_names = b.col_names.clone();
    s.r.clear();
    s.r.matrix("table", m).scalar("level", level);
    Ok(())
}
