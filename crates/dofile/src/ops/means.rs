//! Means, proportions, totals and ratios: their items, names and table, with and without a survey design.

use crate::error::{Result, StataError};
use crate::estimation::post;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::record_groups::Grouping;
use crate::results::Results;
use crate::session::{Session, TableLook};
use crate::syntax::split::{ParsedCommand, matching_paren};
use crate::value::MISSING;
use estimators::wald;
use unicode_width::UnicodeWidthStr;

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
        // the slash may be left out
        let both = body.split_once('/').or_else(|| body.trim().split_once(char::is_whitespace));
        let (y, x) = both.ok_or_else(StataError::syntax)?;
        out.push(Item {
            name,
            top: s.numeric_variable(y.trim())?,
            bottom: Some(s.numeric_variable(x.trim())?),
            category: None,
        });
    }
    Ok(out)
}

/// Names of the estimates: items run slowest, groups fastest. The first level of each variable is a base, `c.x@1bn.a#2.b`.
pub(crate) fn names(items: &[Item], groups: &Grouping) -> Vec<Stripe> {
    let level = |g: usize, variable: usize| {
        let value = groups.levels[g][variable];
        let value = if crate::value::is_missing(value) { (g + 1) as f64 } else { value };
        let first = groups.levels[g][variable] == groups.levels[0][variable] || g == 0;
        format!("{value}{}.{}", if first { "bn" } else { "" }, groups.variables[variable])
    };
    let mut stripe = Vec::new();
    for item in items {
        for g in 0..groups.count() {
            if groups.variables.is_empty() {
                stripe.push(Stripe::term(item.name.clone()));
                continue;
            }
            let lead = if item.name.contains('.') { "" } else { "c." };
            let levels: Vec<String> = (0..groups.variables.len()).map(|v| level(g, v)).collect();
            stripe.push(Stripe::term(format!("{lead}{}@{}", item.name, levels.join("#"))));
        }
    }
    stripe
}

/// The variables of `over()`; before version 16 it had an option of its own, `nolabel`.
pub(crate) fn over(s: &Session, cmd: &ParsedCommand) -> Result<Vec<usize>> {
    let text = cmd.options.text("over").unwrap_or("");
    let (list, option) = text.split_once(',').unwrap_or((text, ""));
    match option.trim() {
        "" | "nolabel" => s.varlist(list),
        other => Err(StataError::option_not_allowed(other)),
    }
}

/// Stores the variables of the groups and their labels.
pub(crate) fn store_groups(r: &mut Results, groups: &Grouping) {
    r.scalar("N_over", groups.count() as f64);
    if !groups.variables.is_empty() {
        let labels: Vec<String> = groups.labels.iter().map(|l| l.join("#")).collect();
        r.text("over", groups.variables.join(" ")).text("over_labels", labels.join("\u{1}"));
    }
}

/// Prints what the ratios are of, between the header and the table; nothing for other quantities.
pub(crate) fn ratio_legend(s: &mut Session, items: &[Item]) {
    let lines: Vec<String> = items
        .iter()
        .filter_map(|item| {
            let (top, bottom) = (s.frame.var(item.top), s.frame.var(item.bottom?));
            Some(format!("{:>13}: {}/{}", format::abbrev(&item.name, 12), top.name, bottom.name))
        })
        .collect();
    if !lines.is_empty() {
        lines.iter().for_each(|line| s.print(line));
        s.print("");
    }
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
fn heading(
    s: &mut Session,
    look: &TableLook,
    head: &str,
    above: [&str; 2],
    level: f64,
    names: usize,
) -> usize {
    let limits = !look.no_limits && !look.legend;
    let width = if limits { 48 } else { 23 };
    let [vce, scale] = above;
    s.print("-".repeat(names + 2 + width));
    let scale = if limits { scale } else { "" };
    let headed = !vce.is_empty() || !scale.is_empty();
    if headed && !look.legend {
        s.print(format!("{:names$} |{vce:>23}{scale:>17}", "").trim_end());
    }
    let error = if vce.is_empty() { "Std. err." } else { "std. err." };
    let interval = format!("     [{}% conf. interval]", format::bare("%5.0g", level));
    s.print(match (look.legend, limits) {
        (true, _) => format!("{:names$} |{head:>11}  Legend", ""),
        (_, true) => format!("{:names$} |{head:>11}   {error}{interval}", ""),
        _ => format!("{:names$} |{head:>11}   {error}", ""),
    });
    s.print(format!("{}+{}", "-".repeat(names + 1), "-".repeat(width)));
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
        _ => format!("  {b}  {se}     {low}   {high}"),
    }
}

/// The block of an estimate, empty without one, and its label within the block.
fn place(s: &Session, look: &TableLook, name: &str, groups: Option<(&str, &str)>) -> (String, String) {
    let level = |text: &str, variable: &str| {
        let value = text.trim_end_matches("bn");
        let label = value.parse().ok().filter(|_| !look.no_labels).and_then(|x: f64| {
            let v = s.frame.find(variable)?;
            s.frame.labels_of(v)?.get(x).map(str::to_string)
        });
        label.unwrap_or_else(|| value.to_string())
    };
    match (groups, name.split_once('@')) {
        (Some((over, label)), Some((what, at))) => {
            let numbers: Vec<&str> =
                at.split('#').filter_map(|p| Some(p.split_once('.')?.0.trim_end_matches("bn"))).collect();
            let label = if look.no_labels { numbers.join("#") } else { label.to_string() };
            let over = over.split_whitespace().collect::<Vec<_>>().join("#");
            match what.strip_prefix("c.").map_or_else(|| what.split_once('.'), |_| None) {
                Some((value, variable)) => {
                    (format!("{variable}@{over}"), format!("{} {label} ", level(value, variable)))
                }
                None => (format!("{what}@{over}"), format!("{label} ")),
            }
        }
        _ => match name.split_once('.') {
            Some((value, variable)) => (variable.to_string(), format!("{} ", level(value, variable))),
            None => (String::new(), name.to_string()),
        },
    }
}

/// Limits of an estimate: of a proportion on the logit scale ([R] proportion).
fn limits(x: f64, half: f64, logit: bool) -> (f64, f64) {
    if !(logit && x > 0.0 && x < 1.0) {
        return (x - half, x + half);
    }
    let (middle, half) = ((x / (1.0 - x)).ln(), half / (x * (1.0 - x)));
    let back = |y: f64| 1.0 / (1.0 + (-y).exp());
    (back(middle - half), back(middle + half))
}

/// Prints the table of the active estimates and stores `r(table)`.
pub(crate) fn table(s: &mut Session, level: f64, kind: Kind, shown: Shown) -> Result<()> {
    let (b, v) = s.e.b_and_v()?;
    let results = s.e.results.clone();
    // without degrees of freedom (bootstrap weights of surveys) the normal distribution
    let df_r = results.get_scalar("df_r").filter(|x| !crate::value::is_missing(*x));
    let look = s.settings.table.clone();
    let head = if shown.percent { "Percent".to_string() } else { capital(kind.name()) };
    let over = results.get_text("over").unwrap_or("");
    let labels: Vec<&str> = results.get_text("over_labels").unwrap_or("").split('\u{1}').collect();
    let places: Vec<(String, String)> = (0..b.cols())
        .map(|j| {
            let group = (!over.is_empty()).then(|| (over, labels[j % labels.len()]));
            place(s, &look, &b.col_names[j].name, group)
        })
        .collect();
    let longest = places.iter().flat_map(|(block, label)| [block.width(), label.width()]).max();
    let names = longest.unwrap_or(0).clamp(12, 32);
    let logit = kind == Kind::Proportion && !shown.normal;
    let above = [results.get_text("vcetype").unwrap_or(""), if logit { "Logit" } else { "" }];
    let width = heading(s, &look, &head, above, level, names);
    let t = wald::critical(level, df_r);
    // A survey stratum with one unit leaves no standard error.
    let unknown =
        results.get_scalar("singleton") == Some(1.0) && results.get_text("singleunit") == Some("missing");
    let (mut table, mut last) = (Vec::new(), "");
    for (j, (block, label)) in places.iter().enumerate() {
        let se = if unknown { f64::NAN } else { v.get(j, j).max(0.0).sqrt() };
        let x = b.get(0, j);
        let (low, high) = limits(x, t * se, logit);
        if block != last && !block.is_empty() {
            if !last.is_empty() {
                s.print(format!("{:names$} |", ""));
            }
            s.print(format!("{:>names$} |", format::abbrev(block, names)));
        }
        last = block;
        let scale = if shown.percent { 100.0 } else { 1.0 };
        let numbers = [x, se, low, high].map(|x| scale * x);
        let label = format::right(&format::abbrev(label, names), names);
        s.print(format!("{label} |{}", cells(&look, numbers, &b.col_names[j].name)));
        let df = df_r.unwrap_or(MISSING);
        table.push([x, se, x / se, wald::p_value(x / se, df_r), low, high, df, t, 0.0]);
    }
    s.print("-".repeat(names + 2 + width));
    store_table(s, &table, df_r.is_some(), level);
    Ok(())
}

fn store_table(s: &mut Session, table: &[[f64; 9]], with_df: bool, level: f64) {
    let values = (0..9).flat_map(|i| table.iter().map(move |c| post::stata(c[i]))).collect();
    let mut m = Matrix::new(9, table.len(), values);
    m.row_names = ["b", "se", if with_df { "t" } else { "z" }, "pvalue", "ll", "ul", "df", "crit", "eform"]
        .map(Stripe::term)
        .to_vec();
    m.col_names = s.e.b().map(|b| b.col_names.clone()).unwrap_or_default();
    s.r.clear();
    s.r.matrix("table", m).scalar("level", level);
}
