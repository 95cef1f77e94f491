//! `etable`: estimates side by side, coefficients over their standard errors ([R] etable). The items are in the collection `ETable`.

use super::collect::export_option;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::collection::{
    CellRule, Choice, Collection, Collections, Content, Layout, Mark, Stars, Styles, Tags, Term,
    label_variables, level_of, mark_of,
};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::{ParsedCommand, front_and_options, unquote};
use crate::value::is_missing;
use estimators::wald;

/// `etable`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "etable",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "etable [, estimates(namelist) cstat(_r_b|_r_se|_r_z|_r_p|_r_ci [, nformat(%fmt) sformat(text) cidelimiter(text)]) mstat(name [, nformat(%fmt) label(text)]) keep(names) showstars showstarsnote stars(numlist) column(depvar|estimates|index) title(text) note(text) name(collection) replace export(filename [, replace as()])]",
    notes: "the active estimates without estimates(); coefficients %9.3f over standard errors in parentheses, number of observations; stars at .05 and .01 unless stars(); statistics: N r2 r2_a r2_p ll aic bic chi2 F rmse and other e() scalars; stores r(names); the table is the collection ETable, or that of name(), with the dimensions colname, coleq, result, cmdset and etable_depvar, etable_estimates or etable_index",
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
    /// Text between the limits of an interval.
    delimiter: Option<String>,
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
    /// Name of the collection.
    name: Option<String>,
}

/// Name, `nformat()`, `label()`, `sformat()` and `cidelimiter()` of `cstat()` or `mstat()`.
struct Part {
    name: String,
    fmt: String,
    label: Option<String>,
    sformat: Option<String>,
    delimiter: Option<String>,
}

fn part(text: &str, fmt: &str) -> Result<Part> {
    let (name, options) = front_and_options(text);
    let (mut fmt, mut label, mut sformat, mut delimiter) = (fmt.to_string(), None, None, None);
    for (option, value) in split_options(options)? {
        match (option.as_str(), value) {
            ("nformat", Some(f)) if format::Format::parse(&f).is_some_and(|f| !f.is_string()) => fmt = f,
            ("nformat", _) => return Err(StataError::standard(120)),
            ("label", Some(text)) => label = Some(unquote(text.trim()).to_string()),
            ("sformat", Some(text)) => sformat = Some(unquote(text.trim()).to_string()),
            ("cidelimiter", Some(text)) => delimiter = Some(unquote(text.trim()).to_string()),
            _ => return Err(StataError::option_not_allowed(&option)),
        }
    }
    Ok(Part { name: name.to_string(), fmt, label, sformat, delimiter })
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
        name: None,
    };
    for (name, value) in split_options(text)? {
        match (name.as_str(), value) {
            ("estimates" | "est", Some(t)) => out.names = t.split_whitespace().map(str::to_string).collect(),
            ("cstat", Some(t)) => {
                // test statistics have two decimals
                let usual = if t.trim_start().starts_with("_r_z") { "%9.2f" } else { "%9.3f" };
                let Part { name: what, fmt, sformat, delimiter, .. } = part(&t, usual)?;
                if !["_r_b", "_r_se", "_r_z", "_r_p", "_r_ci"].contains(&what.as_str()) {
                    return Err(StataError::unsupported_option("etable", &format!("cstat({what})")));
                }
                let around = sformat.unwrap_or_else(|| usual_around(&what).to_string());
                out.cells.push(Shown { what, fmt, around, delimiter });
            }
            ("mstat", Some(t)) => {
                let Part { name: what, fmt, label, sformat, .. } =
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
            ("name", Some(t)) => out.name = Some(t.trim().to_string()),
            // the table takes the place of a collection of its name
            ("replace", None) => {}
            (
                "margins" | "drop" | "equations" | "style" | "append" | "varlabel" | "stars_" | "center"
                | "eqrecode" | "varrecode" | "column",
                _,
            ) => return Err(StataError::unsupported_option("etable", &name)),
            _ => return Err(StataError::option_not_allowed(&name)),
        }
    }
    if out.cells.is_empty() {
        out.cells = ["_r_b", "_r_se"]
            .map(|w| Shown {
                what: w.into(),
                fmt: "%9.3f".into(),
                around: usual_around(w).into(),
                delimiter: None,
            })
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
        "_r_z" | "_r_ci" => "[%s]",
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
                return Err(StataError::no_estimates());
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

/// Adds the coefficients of a model. One that was not estimated has its value alone.
fn add_coefficients(
    s: &Session,
    c: &mut Collection,
    model: &Model<'_>,
    tags: &Tags,
    keep: Option<&[String]>,
) {
    let Some(b) = model.e.b() else { return };
    let df = model.e.results.get_scalar("df_r").filter(|x| !is_missing(*x));
    for (i, stripe) in b.col_names.iter().enumerate() {
        if keep.is_some_and(|names| !names.contains(&stripe.name)) {
            continue;
        }
        let level = level_of(&stripe.name);
        label_variables(s, c, "colname", &level);
        let mut tags = tags.clone();
        tags.insert("colname".into(), level);
        tags.insert("coleq".into(), if stripe.eq.is_empty() { "_".into() } else { stripe.eq.clone() });
        let mark = mark_of(&stripe.name).filter(|mark| *mark == Mark::Base);
        let mut put = |result: &str, content: Content| {
            tags.insert("result".into(), result.to_string());
            c.add(tags.clone(), content, mark);
        };
        let b = b.get(0, i);
        let se = model.e.v().map_or(0.0, |v| v.get(i, i).max(0.0).sqrt());
        put("_r_b", Content::Number(b));
        if se > 0.0 {
            let half = wald::critical(s.settings.level, df) * se;
            put("_r_se", Content::Number(se));
            put("_r_z", Content::Number(b / se));
            put("_r_p", Content::Number(wald::p_value(b / se, df)));
            put("_r_ci", Content::Interval(b - half, b + half));
        }
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parsed = ParsedCommand::split("etable", &cmd.raw, false)?;
    parsed.refuse_weight()?;
    if !parsed.list.trim().is_empty() || parsed.if_exp.is_some() || parsed.in_range.is_some() {
        return Err(StataError::syntax());
    }
    let wanted = options(&parsed.option_text)?;
    let c = {
        let models = models(s, &wanted)?;
        build(s, &models, &wanted)
    };
    let sheets = c.sheets().map_err(|_| StataError::new(111, "the table has no coefficients"))?;
    sheets.iter().for_each(|sheet| sheet.print(s));
    Collections::of(s).put(c);
    let mut r = Results::default();
    r.text("names", wanted.names.join(" "));
    s.r = r;
    wanted.export.as_ref().map_or(Ok(()), |text| export_option(s, text))
}

fn build(s: &Session, models: &[Model<'_>], wanted: &Wanted) -> Collection {
    let mut c = Collection::new(wanted.name.as_deref().unwrap_or("ETable"));
    c.styles = Styles::predefined("etable").unwrap_or_default();
    (c.title, c.notes) = (wanted.title.clone(), wanted.notes.clone());
    let dim = format!("etable_{}", wanted.column);
    c.labels.set_level("coleq", "_", "");
    for (k, model) in models.iter().enumerate() {
        let level = (k + 1).to_string();
        c.labels.set_level(&dim, &level, &model.heading);
        let tags = Tags::from([(dim.clone(), level.clone()), ("cmdset".to_string(), level)]);
        add_coefficients(s, &mut c, model, &tags, wanted.keep.as_deref());
        for (name, _, _) in &wanted.statistics {
            if let Some(x) = statistic(model.e, name) {
                let mut tags = tags.clone();
                tags.insert("result".into(), name.clone());
                c.add(tags, Content::Number(x), None);
            }
        }
    }
    c.sets = models.len();
    let of = |name: &str| vec![vec![Choice::of("result", &[name])]];
    for shown in &wanted.cells {
        let rule = CellRule {
            terms: of(&shown.what),
            nformat: Some(shown.fmt.clone()),
            sformat: Some(shown.around.clone()),
            cidelimiter: shown.delimiter.clone(),
            ..CellRule::default()
        };
        c.styles.cells.push(rule);
    }
    for (name, fmt, label) in &wanted.statistics {
        let rule = CellRule { terms: of(name), nformat: Some(fmt.clone()), ..CellRule::default() };
        c.styles.cells.push(rule);
        c.labels.set_level("result", name, label);
    }
    if let Some(limits) = &wanted.stars {
        let limits = limits.iter().enumerate().map(|(i, limit)| (*limit, format!(" {}", "*".repeat(i + 1))));
        c.stars = Some(Stars {
            result: "_r_p".into(),
            limits: limits.collect(),
            attach: vec!["_r_b".into()],
            as_result: false,
            note: wanted.star_note,
        });
    }
    let cells: Vec<&str> = wanted.cells.iter().map(|shown| shown.what.as_str()).collect();
    let statistics: Vec<&str> = wanted.statistics.iter().map(|s| s.0.as_str()).collect();
    let equations = c.levels("coleq").iter().any(|eq| eq != "_");
    let mut coefficients: Term = vec![Choice::all("colname"), Choice::of("result", &cells)];
    if equations {
        coefficients.insert(0, Choice::all("coleq"));
    }
    let rows = vec![coefficients, vec![Choice::of("result", &statistics)]];
    c.layout = Layout { rows, columns: vec![vec![Choice::all(&dim)]], tables: Vec::new() };
    c
}
