//! `etable`: estimates side by side, coefficients over their standard errors ([R] etable). The file formats are in
//! `collect`.

use super::collect::export_option;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::table::parse_term;
use crate::format;
use crate::matrix::Stripe;
use crate::ops::collection::Sheet;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::{ParsedCommand, top_level_comma, unquote};
use crate::value::is_missing;
use estimators::wald;

/// `etable`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "etable",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "etable [, estimates(namelist) cstat(_r_b|_r_se|_r_z|_r_p [, nformat(%fmt) sformat(text)]) mstat(name [, nformat(%fmt) label(text)]) keep(names) showstars showstarsnote stars(numlist) column(depvar|estimates|index) title(text) note(text) export(filename [, replace as()])]",
    notes: "the active estimates without estimates(); coefficients %9.3f over standard errors in parentheses, number of observations; stars at .05 and .01 unless stars(); statistics: N r2 r2_a r2_p ll aic bic chi2 F rmse and other e() scalars; stores r(names); the table is the current collection",
    examples: &[Example {
        run: "set obs 6\ngenerate x = _n\ngenerate y = cond(mod(_n,2), _n+1, _n-1)\nregress y x\nestimates store a\nregress y\nestimates store b\netable, estimates(a b) mstat(N) mstat(r2_a) showstars\nscalar same = \"`r(names)'\" == \"a b\"",
        expect: &[("e(N)", 6.0), ("same", 1.0)],
    }],
};

/// A number of each coefficient.
struct Shown {
    what: String,
    fmt: String,
    /// Text around the number, `%s` for itself.
    around: String,
}

struct Model<'a> {
    heading: String,
    e: &'a Estimation,
}

/// Values of the options.
struct Wanted {
    names: Vec<String>,
    cells: Vec<Shown>,
    statistics: Vec<(String, String, String)>,
    keep: Option<Vec<String>>,
    stars: Option<Vec<f64>>,
    star_note: bool,
    column: String,
    title: String,
    notes: Vec<String>,
    export: Option<String>,
}

/// The text around a number that `sformat()` asks for: `%s` is the number, `%%` a percent sign.
fn around(number: &str, pattern: &str) -> String {
    pattern.replace("%%", "\u{1}").replace("%s", number).replace('\u{1}', "%")
}

/// Name, `nformat()`, `label()` and `sformat()` of `cstat()` or `mstat()`.
fn part(text: &str, fmt: &str) -> Result<(String, String, Option<String>, Option<String>)> {
    let (name, options) = match top_level_comma(text) {
        Some(i) => (text[..i].trim(), text[i + 1..].trim()),
        None => (text.trim(), ""),
    };
    let (mut fmt, mut label, mut sformat) = (fmt.to_string(), None, None);
    for (option, value) in split_options(options)? {
        match (option.as_str(), value) {
            ("nformat", Some(f)) if format::Format::parse(&f).is_some_and(|f| !f.is_string()) => fmt = f,
            ("nformat", _) => return Err(StataError::standard(120)),
            ("label", Some(text)) => label = Some(unquote(text.trim()).to_string()),
            ("sformat", Some(text)) => sformat = Some(unquote(text.trim()).to_string()),
            _ => return Err(StataError::option_not_allowed(&option)),
        }
    }
    Ok((name.to_string(), fmt, label, sformat))
}

fn options(text: &str) -> Result<Wanted> {
    let mut out = Wanted {
        names: Vec::new(),
        cells: Vec::new(),
        statistics: Vec::new(),
        keep: None,
        stars: None,
        star_note: false,
        column: "depvar".into(),
        title: String::new(),
        notes: Vec::new(),
        export: None,
    };
    for (name, value) in split_options(text)? {
        match (name.as_str(), value) {
            ("estimates" | "est", Some(t)) => out.names = t.split_whitespace().map(str::to_string).collect(),
            ("cstat", Some(t)) => {
                // test statistics have two decimals
                let usual = if t.trim_start().starts_with("_r_z") { "%9.2f" } else { "%9.3f" };
                let (what, fmt, _, sformat) = part(&t, usual)?;
                if !["_r_b", "_r_se", "_r_z", "_r_p"].contains(&what.as_str()) {
                    return Err(StataError::unsupported_option("etable", &format!("cstat({what})")));
                }
                let around = sformat.unwrap_or_else(|| usual_around(&what).to_string());
                out.cells.push(Shown { what, fmt, around });
            }
            ("mstat", Some(t)) => {
                let (what, fmt, label, sformat) =
                    part(&t, if t.trim_start().starts_with("N") { "%9.0fc" } else { "%9.2f" })?;
                let label = label.unwrap_or_else(|| statistic_label(&what).to_string());
                if sformat.is_some() {
                    return Err(StataError::unsupported_option("etable", "mstat(, sformat())"));
                }
                out.statistics.push((what, fmt, label));
            }
            ("keep", Some(t)) => out.keep = Some(t.split_whitespace().map(str::to_string).collect()),
            ("showstars", None) => _ = out.stars.get_or_insert_with(|| vec![0.05, 0.01]),
            ("showstarsnote", None) => out.star_note = true,
            ("stars", Some(t)) => {
                let levels: Option<Vec<f64>> = t.split_whitespace().map(|w| w.parse().ok()).collect();
                let wrong = || StataError::unsupported_option("etable", "stars() with anything but levels");
                out.stars = Some(levels.filter(|l| !l.is_empty()).ok_or_else(wrong)?);
            }
            ("column", Some(t)) if ["depvar", "estimates", "index"].contains(&t.trim()) => {
                out.column = t.trim().to_string();
            }
            ("title", Some(t)) => out.title = unquote(t.trim()).to_string(),
            ("note", Some(t)) => out.notes.push(unquote(t.trim()).to_string()),
            ("export", Some(t)) => out.export = Some(t),
            (
                "margins" | "drop" | "equations" | "style" | "name" | "append" | "replace" | "varlabel"
                | "stars_" | "center" | "eqrecode" | "varrecode" | "column",
                _,
            ) => return Err(StataError::unsupported_option("etable", &name)),
            _ => return Err(StataError::option_not_allowed(&name)),
        }
    }
    if out.cells.is_empty() {
        out.cells = ["_r_b", "_r_se"]
            .map(|w| Shown { what: w.into(), fmt: "%9.3f".into(), around: usual_around(w).into() })
            .into();
    }
    if out.statistics.is_empty() {
        out.statistics.push(("N".into(), "%9.0fc".into(), statistic_label("N").into()));
    }
    Ok(out)
}

/// The text around a number without `sformat()`.
fn usual_around(what: &str) -> &'static str {
    match what {
        "_r_se" => "(%s)",
        "_r_z" => "[%s]",
        _ => "%s",
    }
}

fn statistic_label(name: &str) -> &str {
    match name {
        "N" => "Number of observations",
        "r2" => "R-squared",
        "r2_a" => "Adjusted R-squared",
        "r2_p" => "Pseudo R-squared",
        "ll" => "Log likelihood",
        "aic" => "AIC",
        "bic" => "BIC",
        "chi2" => "chi2 statistic",
        "F" => "F statistic",
        "rmse" => "RMSE",
        other => other,
    }
}

fn statistic(e: &Estimation, name: &str) -> Option<f64> {
    let scalar = |n: &str| e.results.get_scalar(n).filter(|x| !is_missing(*x));
    match (name, scalar("ll"), scalar("rank"), scalar("N")) {
        ("aic", Some(ll), Some(k), _) => Some(-2.0 * ll + 2.0 * k),
        ("bic", Some(ll), Some(k), Some(n)) => Some(-2.0 * ll + n.ln() * k),
        _ => scalar(name),
    }
}

/// Label of a variable, or its name.
fn variable_label(s: &Session, name: &str) -> String {
    match s.frame.find(name).map(|v| &s.frame.var(v).label) {
        Some(label) if !label.is_empty() => label.clone(),
        _ => name.to_string(),
    }
}

/// Heading and label of a coefficient: levels of one factor stand under the label of the variable.
fn row_label(s: &Session, name: &str) -> (Option<String>, String) {
    if name == "_cons" {
        return (None, "Intercept".to_string());
    }
    if let Some((level, variable)) = name.split_once('.').filter(|(_, v)| !v.contains('#'))
        && let Ok(x) = level.parse::<f64>()
    {
        let labels = s.frame.find(variable).and_then(|v| s.frame.labels_of(v));
        let text = labels.and_then(|l| l.get(x)).map_or_else(|| level.to_string(), str::to_string);
        return (Some(variable_label(s, variable)), text);
    }
    (None, if name.contains(['.', '#']) { name.to_string() } else { variable_label(s, name) })
}

fn models<'a>(s: &'a Session, wanted: &Wanted) -> Result<Vec<Model<'a>>> {
    let mut found: Vec<(&str, &Estimation)> = Vec::new();
    if wanted.names.is_empty() {
        found.push((".", &s.e));
    }
    for name in &wanted.names {
        let e = s.stored.get(name);
        found.push((
            name,
            e.ok_or_else(|| StataError::new(111, format!("estimation result {name} not found")))?,
        ));
    }
    found
        .into_iter()
        .enumerate()
        .map(|(k, (name, e))| {
            if e.b().is_none() {
                return Err(StataError::new(301, "last estimates not found"));
            }
            let depvar = e.results.get_text("depvar").unwrap_or("");
            let heading = match wanted.column.as_str() {
                "index" => format!("{}", k + 1),
                "estimates" => if name == "." { "active" } else { name }.to_string(),
                _ => depvar.to_string(),
            };
            Ok(Model { heading, e })
        })
        .collect()
}

/// The lines of one coefficient over all models.
fn cells(models: &[Model<'_>], stripe: &Stripe, wanted: &Wanted) -> Vec<Vec<String>> {
    let mut lines = vec![Vec::new(); wanted.cells.len()];
    for model in models {
        let place =
            model.e.b().and_then(|b| b.col_names.iter().position(|n| n == stripe).map(|i| (b.get(0, i), i)));
        let se = |i: usize| model.e.v().map_or(0.0, |v| v.get(i, i).max(0.0).sqrt());
        for (line, shown) in lines.iter_mut().zip(&wanted.cells) {
            let Some((b, i)) = place else {
                line.push(String::new());
                continue;
            };
            let se = se(i);
            if se.is_nan() || se <= 0.0 {
                line.push(if shown.what == "_r_b" { format::bare(&shown.fmt, b) } else { String::new() });
                continue;
            }
            let p = wald::p_value(b / se, model.e.results.get_scalar("df_r").filter(|x| !is_missing(*x)));
            let number = |x: f64| around(format::bare(&shown.fmt, x).trim(), &shown.around);
            line.push(match shown.what.as_str() {
                "_r_b" => {
                    let marks = wanted.stars.as_ref().map_or(0, |l| l.iter().filter(|l| p < **l).count());
                    format!("{}{}", number(b), " ".repeat(usize::from(marks > 0)) + &"*".repeat(marks))
                }
                "_r_se" => number(se),
                "_r_z" => number(b / se),
                _ => number(p),
            });
        }
    }
    lines
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parsed = ParsedCommand::split("etable", &cmd.raw, false)?;
    if !parsed.list.trim().is_empty() || parsed.if_exp.is_some() || parsed.in_range.is_some() {
        return Err(StataError::syntax());
    }
    let wanted = options(&parsed.option_text)?;
    let sheet = {
        let models = models(s, &wanted)?;
        build(s, &models, &wanted)
    };
    sheet.print(s);
    sheet.keep(s);
    let mut r = Results::default();
    r.text("names", wanted.names.join(" "));
    s.r = r;
    wanted.export.as_ref().map_or(Ok(()), |text| export_option(s, text))
}

/// What one mark means, with its limit as Stata prints numbers.
fn star_text(place: usize, limit: f64) -> String {
    format!("{} p<{}", "*".repeat(place + 1), format::bare("%9.0g", limit))
}

fn build(s: &Session, models: &[Model<'_>], wanted: &Wanted) -> Sheet {
    let mut stripes: Vec<Stripe> = Vec::new();
    for stripe in models.iter().filter_map(|m| m.e.b()).flat_map(|b| &b.col_names) {
        let base = parse_term(&stripe.name).is_some_and(|t| t.is_base());
        let chosen = wanted.keep.as_ref().is_none_or(|k| k.contains(&stripe.name));
        if !stripes.contains(stripe) && !base && chosen {
            stripes.push(stripe.clone());
        }
    }
    // the intercept of single equations comes last
    stripes.sort_by_key(|s| s.name == "_cons" && s.eq.is_empty());
    let width = models.len();
    let blank = |text: String| {
        let mut line = vec![text];
        line.resize(width + 1, String::new());
        line
    };
    let mut sheet =
        Sheet { title: wanted.title.clone(), notes: wanted.notes.clone(), bare: true, ..Sheet::default() };
    sheet.head.push(std::iter::once(String::new()).chain(models.iter().map(|m| m.heading.clone())).collect());
    let (mut equation, mut under) = (String::new(), None);
    for stripe in &stripes {
        if stripe.eq != equation {
            equation.clone_from(&stripe.eq);
            sheet.rows.push(blank(equation.clone()));
            under = None;
        }
        let (heading, label) = row_label(s, &stripe.name);
        if heading.is_some() && heading != under {
            sheet.rows.push(blank(heading.clone().unwrap_or_default()));
        }
        let indent = if heading.is_some() { "  " } else { "" };
        under = heading;
        for (k, line) in cells(models, stripe, wanted).into_iter().enumerate() {
            let name = if k == 0 { format!("{indent}{label}") } else { String::new() };
            sheet.rows.push(std::iter::once(name).chain(line).collect());
        }
    }
    for (name, fmt, label) in &wanted.statistics {
        let values = models
            .iter()
            .map(|m| statistic(m.e, name).map_or(String::new(), |x| format::bare(fmt, x).trim().to_string()));
        sheet.rows.push(std::iter::once(label.clone()).chain(values).collect());
    }
    if let Some(limits) = wanted.stars.as_ref().filter(|_| wanted.star_note) {
        let text: Vec<String> = limits.iter().enumerate().rev().map(|(i, l)| star_text(i, *l)).collect();
        sheet.notes.insert(0, text.join(", "));
    }
    sheet
}
