//! `estimates`: keeps, brings back and tabulates estimation results.
//!
//! Syntax: `estimates store name [, title(text)] | title: [text] | restore name | dir | drop names|_all | clear | replay [name] |
//! table [names] [, b(fmt) se[(fmt)] t[(fmt)] p[(fmt)] star stats(list) stfmt(fmt) keep(list) drop(list)] | stats [names]`.
//! `estimates stats` stores `r(S)`, `estimates table` stores `r(names)`. See [R] estimates.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::estimates_file;
use super::estimates_table;
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::is_valid_name;
use crate::matrix::{Matrix, Stripe};
use crate::ops::run::shown;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::syntax::varlist::wildcard;
use crate::value::{MISSING, is_missing};
use estimators::wald;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "estimates",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "estimates store name | restore name | save filename [, replace append] | use filename [, number(#)] | esample: [varlist] [if] [in] | dir | describe [name] | for names: command | drop names | clear | replay [name] | table [names] [, b se t p star stats() stfmt() keep() drop() equations() eform varlabel newpanel varwidth(#) modelwidth(#)] | stats [names]",
    notes: "estimates describe stores r(cmdline) r(title), estimates stats r(S), estimates table stores r(names); files of save are text of this engine, without e(sample) and what only the command itself keeps; see [R] estimates",
    examples: &[
        Example {
            run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\nregress y x\nestimates store m1\nregress y\nestimates restore m1",
            expect: &[("_b[x]", 0.828_571_428_571_428_6)],
        },
        Example {
            run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\nregress y x\ntempfile f\nestimates save `f'\nscalar se = _se[x]\nregress y\nestimates use `f'\nscalar none = e(sample)\nestimates esample: y x if _n < 4\ncount if e(sample)\nerase `f'",
            expect: &[
                ("_b[x]", 0.828_571_428_571_428_6),
                ("_se[x] - se", 0.0),
                ("none", 0.0),
                ("r(N)", 3.0),
                ("e(N)", 6.0),
            ],
        },
    ],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (body, options) = front_and_options(&cmd.raw);
    let (word, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
    let rest = rest.trim();
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let no_options =
        |options: &str| Options::parse("estimates", options, &[], &["title", "nocopy"]).map(|_| ());
    if is("store", 3) {
        let own = Options::parse("estimates", options, &[OptSpec::text("TItle")], &["nocopy"])?;
        if let Some(title) = own.text("title").filter(|_| session.e.b().is_some()) {
            session.e.results.text("estimates_title", title);
        }
        return store(session, rest);
    }
    if body.trim_start().starts_with("title") {
        return estimates_file::title(session, body.trim_start().trim_start_matches("title").trim());
    }
    if word == "for" {
        let at = cmd.raw.find(word).map_or(0, |at| at + word.len());
        return each(session, &cmd.raw[at..]);
    }
    if is("restore", 3) {
        no_options(options)?;
        return restore(session, rest);
    }
    match word {
        "save" => return estimates_file::save(session, rest, options),
        "use" => return estimates_file::use_file(session, rest, options),
        _ if word.starts_with("esample") => {
            return estimates_file::sample(session, body.trim_start_matches("esample"));
        }
        "clear" => session.stored.clear(),
        "dir" => dir(session),
        "drop" => drop_names(session, rest)?,
        _ if is("describe", 1) => {
            no_options(options)?;
            return describe(session, rest);
        }
        _ if is("replay", 3) || word.is_empty() => return replay(session, rest),
        _ if is("table", 3) => return estimates_table::table(session, rest, options),
        _ if is("stats", 4) => return stats(session, rest, options),
        _ => return Err(StataError::unsupported_option("estimates", word)),
    }
    Ok(())
}

fn store(session: &mut Session, name: &str) -> Result<()> {
    if session.e.b().is_none() {
        return Err(StataError::no_estimates());
    }
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    session.e.results.text("_estimates_name", name);
    session.stored.set(name, session.e.clone());
    Ok(())
}

fn restore(session: &mut Session, name: &str) -> Result<()> {
    let found = get(session, name)?.clone();
    session.e = found;
    session.print(format!("(results {name} are active now)"));
    Ok(())
}

pub(super) fn get<'a>(session: &'a Session, name: &str) -> Result<&'a Estimation> {
    if name == "." {
        return Ok(&session.e);
    }
    session
        .stored
        .get(name)
        .ok_or_else(|| StataError::new(111, format!("estimation result {name} not found")))
}

fn dir(session: &mut Session) {
    let lines: Vec<String> = session
        .stored
        .iter()
        .map(|(name, e)| {
            let text = |n: &str| e.results.get_text(n).unwrap_or("");
            format!(
                "{:>12} | {:<12} {:<12} {}",
                format::abbrev(name, 12),
                e.cmd(),
                text("depvar"),
                text("title")
            )
        })
        .collect();
    session.print("");
    session.print("        Name | Command      Dependent    Title");
    session.print(format!("-------------+{}", "-".repeat(48)));
    lines.iter().for_each(|l| session.print(l));
    let names: Vec<String> = session.stored.iter().map(|(name, _)| name.to_string()).collect();
    session.r.clear();
    session.r.text("names", names.join(" "));
}

/// `estimates describe [name]`: the command that made the results ([R] estimates describe).
fn describe(session: &mut Session, name: &str) -> Result<()> {
    if name.starts_with("using ") {
        return Err(StataError::unsupported_option("estimates describe", "using"));
    }
    let found = get(session, if name.is_empty() { "." } else { name })?;
    if found.b().is_none() {
        return Err(StataError::no_estimates());
    }
    let text = |n: &str| found.results.get_text(n).unwrap_or("").to_string();
    let (title, line) = (text("estimates_title"), text("cmdline"));
    session.print("");
    if !title.is_empty() {
        session.print(format!("  Estimation results titled \"{title}\"; results were produced by"));
    } else {
        session.print("  Estimation results produced by");
    }
    session.print("");
    session.print(format!("     . {line}"));
    session.r.clear();
    session.r.text("cmdline", line).text("title", title);
    Ok(())
}

fn drop_names(session: &mut Session, list: &str) -> Result<()> {
    if list == "_all" {
        session.stored.clear();
        return Ok(());
    }
    for name in names(session, list)? {
        session.stored.remove(&name);
    }
    Ok(())
}

fn replay(session: &mut Session, name: &str) -> Result<()> {
    let active = session.e.clone();
    if !name.is_empty() {
        session.e = get(session, name)?.clone();
    }
    let cmd = session.e.cmd().to_string();
    let (text, rc) = (cmd.clone(), session.e.b().is_none());
    if rc {
        session.e = active;
        return Err(StataError::no_estimates());
    }
    let level = session.settings.level;
    session.print(format!("Results from {text}"));
    let shown = crate::estimation::display::show_active(session, level, None);
    session.e = active;
    shown
}

pub(super) fn names(session: &Session, list: &str) -> Result<Vec<String>> {
    if list.is_empty() {
        return Ok(vec![".".to_string()]);
    }
    let mut all = Vec::new();
    for word in list.split_whitespace() {
        let before = all.len();
        if word == "_all" || word.contains(['*', '?']) {
            let fits = |name: &&str| word == "_all" || wildcard(word, name);
            all.extend(session.stored.iter().map(|(name, _)| name).filter(fits).map(str::to_string));
        } else {
            get(session, word)?;
            all.push(word.to_string());
        }
        if all.len() == before && !matches!(word, "_all" | "*") {
            return Err(StataError::new(111, format!("estimation result {word} not found")));
        }
    }
    Ok(all)
}

/// `estimates for names: command`: the command after each of the results, which are active meanwhile.
fn each(session: &mut Session, rest: &str) -> Result<()> {
    let (list, command) = rest.split_once(':').ok_or_else(StataError::syntax)?;
    let all = names(session, list.trim())?;
    let active = session.e.clone();
    for name in &all {
        session.e = get(session, name)?.clone();
        session.print(format!("\n{0}\nModel {name}\n{0}", "-".repeat(78)));
        if let Err(error) = shown(session, command.trim()) {
            session.e = active;
            return Err(error);
        }
    }
    session.e = active;
    Ok(())
}

/// `estimates stats` of a list of names.
pub(super) fn show_stats(session: &mut Session, list: &str) -> Result<()> {
    stats(session, list, "")
}

fn stats(session: &mut Session, list: &str, options: &str) -> Result<()> {
    let options = Options::parse("estimates stats", options, &[OptSpec::real("n")], &["df"])?;
    let all = names(session, list)?;
    let mut data = Vec::new();
    session.print("");
    session.print("Akaike's information criterion and Bayesian information criterion");
    session.print("");
    session.print("-".repeat(77));
    session.print("       Model |          N   ll(null)  ll(model)      df        AIC        BIC");
    session.print(format!("-------------+{}", "-".repeat(63)));
    for name in &all {
        let e = get(session, name)?;
        let scalar = |n: &str| e.results.get_scalar(n).unwrap_or(MISSING);
        let (ll, null, df) = (scalar("ll"), scalar("ll_0"), scalar("rank"));
        let n = options.real("n").unwrap_or(scalar("N"));
        let known = !is_missing(ll);
        let (aic, bic) =
            if known { (-2.0 * ll + 2.0 * df, -2.0 * ll + n.ln() * df) } else { (MISSING, MISSING) };
        data.extend([n, null, ll, df, aic, bic]);
        let cell = |x: f64, width: usize| format::right(&format::bare("%9.0g", x), width);
        let count = format::right(&format::bare("%10.0fc", n), 11);
        session.print(format!(
            "{:>12} |{count}{}{}{}{}{}",
            format::abbrev(name, 12),
            cell(null, 11),
            cell(ll, 11),
            cell(df, 8),
            cell(aic, 11),
            cell(bic, 11)
        ));
    }
    session.print("-".repeat(77));
    session.print("Note: BIC uses N = number of observations. See [R] IC note.");
    let mut matrix = Matrix::new(all.len(), 6, data);
    matrix.row_names = all.iter().map(|n| Stripe::term(n.clone())).collect();
    matrix.col_names = ["N", "ll0", "ll", "df", "AIC", "BIC"].map(Stripe::term).to_vec();
    let mut results = Results::default();
    results.matrix("S", matrix);
    session.r = results;
    Ok(())
}

/// Coefficient, standard error, ratio and p-value of a term of a model.
pub(super) fn numbers(e: &Estimation, stripe: &Stripe) -> Option<[f64; 4]> {
    let b = e.b()?;
    let place = |test: &dyn Fn(&Stripe) -> bool| b.col_names.iter().position(test);
    let i = place(&|s| s == stripe).or_else(|| place(&|s| is_same(s, stripe)))?;
    let se = e.v().map_or(MISSING, |v| v.get(i, i).sqrt());
    let ratio = if se > 0.0 { b.get(0, i) / se } else { MISSING };
    let p = if is_missing(ratio) { MISSING } else { wald::p_value(ratio, e.results.get_scalar("df_r")) };
    Some([b.get(0, i), se, ratio, p])
}

/// r(coef) with a coefficient and a variance for each model, r(stats) with a column for each model, r(names).
pub(super) fn stored_table(
    session: &Session,
    all: &[String],
    rows: &[Stripe],
    wanted: &[&str],
) -> Result<Results> {
    let models: Vec<&Estimation> = all.iter().map(|name| get(session, name)).collect::<Result<_>>()?;
    let cells = rows.iter().flat_map(|stripe| {
        models.iter().flat_map(|e| numbers(e, stripe).map_or([MISSING; 2], |n| [n[0], n[1] * n[1]]))
    });
    let mut coefficients = Matrix::new(rows.len(), 2 * models.len(), cells.collect());
    coefficients.row_names = rows.to_vec();
    let column = |model: &String, name: &str| Stripe { eq: model.clone(), name: name.to_string() };
    coefficients.col_names = all.iter().flat_map(|m| ["b", "var"].map(|name| column(m, name))).collect();
    let mut results = Results::default();
    results.text("names", all.join(" ")).matrix("coef", coefficients);
    if !wanted.is_empty() {
        let cells = wanted.iter().flat_map(|w| models.iter().map(|e| statistic(e, w)));
        let mut stats = Matrix::new(wanted.len(), models.len(), cells.collect());
        stats.row_names = wanted.iter().map(|w| Stripe::term(w.to_string())).collect();
        stats.col_names = all.iter().map(|m| Stripe::term(m.clone())).collect();
        results.matrix("stats", stats);
    }
    Ok(results)
}

/// Whether two names are those of one parameter, which a model may have omitted (`o.x`, `2o.g`).
pub(super) fn is_same(one: &Stripe, other: &Stripe) -> bool {
    one.eq == other.eq && estimated_name(&one.name) == estimated_name(&other.name)
}

/// The name without the marks of omission.
pub(super) fn estimated_name(name: &str) -> String {
    let part = |part: &str| match part.split_once("o.") {
        Some(("", variable)) => variable.to_string(),
        Some((level, variable)) if level.bytes().all(|b| b.is_ascii_digit()) => format!("{level}.{variable}"),
        _ => part.to_string(),
    };
    name.split('#').map(part).collect::<Vec<_>>().join("#")
}

pub(super) fn statistic(e: &Estimation, name: &str) -> f64 {
    let scalar = |n: &str| e.results.get_scalar(n);
    match (name, scalar("ll"), scalar("rank"), scalar("N")) {
        ("aic", Some(ll), Some(k), _) => -2.0 * ll + 2.0 * k,
        ("bic", Some(ll), Some(k), Some(n)) => -2.0 * ll + n.ln() * k,
        _ => scalar(name).unwrap_or(MISSING),
    }
}
