//! The columns of a model: coefficients with what stands below them, statistics and notes.

use super::table::{CONSTANT, Digits, Row, Table, number};
use super::{list, pairs};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::format;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, unquote};
use crate::syntax::varlist::wildcard;
use crate::value::{MISSING, is_missing};
use estimators::wald;

/// A number of a coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statistic {
    Coefficient,
    Error,
    Ratio,
    Probability,
    Interval,
    Low,
    High,
}

/// The equation of parameters that belong to no other one.
const ANCILLARY: &str = "/";

/// The columns of one model: one, or one for each equation.
pub(super) fn of_model(s: &mut Session, cmd: &ParsedCommand, model: &Estimation) -> Result<Vec<Table>> {
    let before = std::mem::replace(&mut s.e, model.clone());
    let built = build(s, cmd);
    s.e = before;
    built
}

fn build(s: &mut Session, cmd: &ParsedCommand) -> Result<Vec<Table>> {
    if s.e.b().is_none() {
        return Err(StataError::no_estimates());
    }
    let parameters = Parameters::of(&s.e)?;
    let statistics = statistics(s, cmd)?;
    let shown = |option: &str, equation: &str| {
        let list = cmd.options.text(option);
        list.map(|l| l.split_whitespace().any(|p| wildcard(p, equation)))
    };
    let mut equations = parameters.equations();
    equations.retain(|e| shown("eqkeep", e) != Some(false) && shown("eqdrop", e) != Some(true));
    let own: Vec<String> = equations.iter().filter(|e| *e != ANCILLARY).cloned().collect();
    let together = own.len() < 2 || cmd.has("onecol") || cmd.has("long");
    let groups: Vec<Vec<String>> = if together {
        vec![equations]
    } else {
        // ancillary parameters stand under the last equation
        let mut groups: Vec<Vec<String>> = own.iter().map(|e| vec![e.clone()]).collect();
        groups.last_mut().expect("two or more").extend(equations.iter().filter(|e| *e == ANCILLARY).cloned());
        groups
    };
    let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
    let mut out = Vec::new();
    for group in groups {
        let usual = if together { depvar.as_str() } else { group[0].as_str() };
        let heading = match cmd.options.text("ctitle") {
            Some(text) => joined(text),
            None if cmd.has("nodepvar") => String::new(),
            None => name_of(s, cmd, usual),
        };
        let heading = match cmd.options.text("cttop") {
            Some(top) => format!("{} {heading}", joined(top)).trim().to_string(),
            None => heading,
        };
        let mut table = Table { columns: vec![heading], ..Table::default() };
        table.title = cmd.options.text("title").map_or(String::new(), |t| unquote(t).to_string());
        for equation in &group {
            let mut rows = coefficients(s, cmd, &parameters, equation)?;
            if own.len() > 1 && together && !rows.is_empty() {
                let name = if equation == ANCILLARY { "/" } else { equation.as_str() };
                rows.iter_mut().for_each(|r| r.equation = name.to_string());
                rows.insert(0, Row { equation: name.to_string(), ..Row::new(name, String::new()) });
            }
            table.rows.extend(rows);
        }
        table.statistics.clone_from(&statistics);
        if !cmd.has("nonotes") {
            table.notes = notes(s, cmd)?;
        }
        if let Some(text) = cmd.options.text("addnote") {
            table.notes.extend(list(text).iter().map(|t| unquote(t).to_string()));
        }
        out.push(table);
    }
    Ok(out)
}

/// The lines of a title as one line.
fn joined(text: &str) -> String {
    list(text).iter().map(|t| unquote(t)).collect::<Vec<_>>().join(" ")
}

/// A number with the decimal mark of `decmark()`; with a comma there are no commas between thousands.
fn marked(cmd: &ParsedCommand, text: String) -> String {
    match cmd.options.text("decmark").map(|t| unquote(t.trim())) {
        None | Some(".") => text,
        Some(",") => text.replace(',', "").replace('.', ","),
        Some(mark) => text.replace('.', mark),
    }
}

/// A variable's label with `label`, or its name.
pub(super) fn name_of(s: &Session, cmd: &ParsedCommand, name: &str) -> String {
    if name == "_cons" {
        return CONSTANT.to_string();
    }
    let label = s.frame.find(name).map(|v| s.frame.var(v).label.clone()).unwrap_or_default();
    if cmd.has("label") && !label.is_empty() { label } else { name.to_string() }
}

/// The statistics of each coefficient: the first in its line, the others below.
fn wanted(cmd: &ParsedCommand) -> Result<Vec<Statistic>> {
    use Statistic::{Coefficient, Error, High, Interval, Low, Probability, Ratio};
    if let Some(text) = cmd.options.text("stats") {
        let statistic = |word: &str| {
            Ok(match word {
                "coef" => Coefficient,
                "se" => Error,
                "tstat" => Ratio,
                "pval" => Probability,
                "ci" => Interval,
                "ci_low" => Low,
                "ci_high" => High,
                other => return Err(StataError::unsupported_option("outreg2", &format!("stats({other})"))),
            })
        };
        return text.replace(',', " ").split_whitespace().map(statistic).collect();
    }
    let below = match () {
        () if cmd.has("nose") => return Ok(vec![Coefficient]),
        () if cmd.has("tstat") => Ratio,
        () if cmd.has("pvalue") => Probability,
        () if cmd.has("ci") => Interval,
        () => Error,
    };
    Ok(vec![Coefficient, below])
}

/// Levels of `alpha()` with their symbols, from the strictest on.
fn stars(cmd: &ParsedCommand) -> Result<Vec<(f64, String)>> {
    if cmd.has("noaster") {
        return Ok(Vec::new());
    }
    let levels = match cmd.options.text("alpha") {
        None if cmd.has("2aster") => vec![0.01, 0.05],
        None => vec![0.01, 0.05, 0.1],
        Some(text) => list(text)
            .iter()
            .map(|t| t.parse().map_err(|_| StataError::invalid("option alpha() incorrectly specified")))
            .collect::<Result<Vec<f64>>>()?,
    };
    let symbols: Vec<String> = match cmd.options.text("symbol") {
        None if cmd.has("10pct") => vec!["**".into(), "*".into(), "+".into()],
        None => (0..levels.len()).map(|k| "*".repeat(levels.len() - k)).collect(),
        Some(text) => list(text).iter().map(|t| unquote(t).to_string()).collect(),
    };
    if symbols.len() != levels.len() {
        return Err(StataError::invalid("symbol() and alpha() must have as many entries"));
    }
    Ok(levels.into_iter().zip(symbols).collect())
}

fn coefficients(
    s: &Session,
    cmd: &ParsedCommand,
    parameters: &Parameters,
    equation: &str,
) -> Result<Vec<Row>> {
    let (stars, statistics) = (stars(cmd)?, wanted(cmd)?);
    let starred = match cmd.options.text("asterisk").map(str::trim) {
        None | Some("coef") => Statistic::Coefficient,
        Some("se") => Statistic::Error,
        Some(other) => return Err(StataError::unsupported_option("outreg2", &format!("asterisk({other})"))),
    };
    let df = s.e.results.get_scalar("df_r");
    let patterns = |option: &str| -> Vec<String> {
        cmd.options.text(option).map_or(Vec::new(), |t| t.split_whitespace().map(str::to_string).collect())
    };
    let (keep, drop, sort) = (patterns("keep"), patterns("drop"), patterns("sortvar"));
    let mut out: Vec<(usize, Row)> = Vec::new();
    for i in parameters.positions(equation) {
        let name = parameters.stripe[i].name.as_str();
        let omitted = parameters.terms[i].as_ref().is_some_and(|t| t.is_omitted());
        let constant = name == "_cons";
        let left_out = !keep.is_empty() && !constant && !keep.iter().any(|p| is_named(p, name));
        if omitted || left_out || (constant && cmd.has("nocons")) || drop.iter().any(|p| is_named(p, name)) {
            continue;
        }
        let eform = cmd.has("eform") && equation != ANCILLARY;
        let estimate = Estimate { b: parameters.b[i], se: parameters.v[(i, i)].sqrt(), df, eform };
        let p = if estimate.se > 0.0 { wald::p_value(estimate.b / estimate.se, df) } else { f64::NAN };
        let mark = stars.iter().find(|(level, _)| p < *level).map_or("", |m| m.1.as_str());
        let mut cells = statistics.iter().map(|statistic| {
            let text = marked(cmd, estimate.text(s, cmd, *statistic));
            let text = if *statistic == Statistic::Coefficient { text } else { enclosed(cmd, text) };
            if *statistic == starred { text + mark } else { text }
        });
        let first = cells.next().unwrap_or_default();
        let row = Row { below: cells.map(|c| vec![c]).collect(), ..Row::new(name_of(s, cmd, name), first) };
        out.push((sort.iter().position(|p| is_named(p, name)).unwrap_or(sort.len()), row));
    }
    // the constant is the last row
    out.sort_by_key(|(place, row)| (row.name == CONSTANT, *place));
    Ok(out.into_iter().map(|(_, row)| row).collect())
}

/// A whole number without decimals, unless so many were asked for.
fn whole_or(x: f64, digits: Digits) -> String {
    let is_whole = matches!(digits, Digits::Significant(_)) && x.fract() == 0.0 && !is_missing(x);
    number(x, if is_whole { Digits::Decimals(0) } else { digits })
}

/// Whether a pattern of `keep()` names a coefficient: `x`, `i.a`, `x*`.
fn is_named(pattern: &str, name: &str) -> bool {
    let plain = name.rsplit('.').next().unwrap_or(name);
    let pattern = pattern.trim_start_matches("i.").trim_start_matches("c.");
    wildcard(pattern, name) || wildcard(pattern, plain)
}

fn enclosed(cmd: &ParsedCommand, text: String) -> String {
    match (cmd.has("noparen"), cmd.has("bracket")) {
        (true, _) => text,
        (_, true) => format!("[{text}]"),
        _ => format!("({text})"),
    }
}

/// A coefficient with its standard error.
struct Estimate {
    b: f64,
    se: f64,
    df: Option<f64>,
    eform: bool,
}

impl Estimate {
    fn text(&self, s: &Session, cmd: &ParsedCommand, statistic: Statistic) -> String {
        let digits = |own: &str| Digits::of(cmd, own);
        let shown = |x: f64| if self.eform { x.exp() } else { x };
        let level = cmd.options.real("level").unwrap_or(s.settings.level);
        let half = wald::critical(level, self.df) * self.se;
        let ratio = self.b / self.se;
        let limit = |x: f64| number(shown(x), digits("bdec"));
        match statistic {
            Statistic::Coefficient => number(shown(self.b), digits("bdec")),
            Statistic::Error if self.eform => number(self.b.exp() * self.se, digits("sdec")),
            Statistic::Error => number(self.se, digits("sdec")),
            Statistic::Ratio => number(ratio, digits("tdec")),
            Statistic::Probability => number(wald::p_value(ratio, self.df), digits("pdec")),
            Statistic::Low => limit(self.b - half),
            Statistic::High => limit(self.b + half),
            Statistic::Interval => format!("{} - {}", limit(self.b - half), limit(self.b + half)),
        }
    }
}

fn statistics(s: &mut Session, cmd: &ParsedCommand) -> Result<Vec<Row>> {
    let row = |name: String, cell: String| Row::new(name, cell);
    let e = &s.e.results;
    let mut out = Vec::new();
    if !cmd.has("noobs") {
        let n = e.get_scalar("N").unwrap_or(MISSING);
        out.push(row("Observations".into(), format::bare("%20.0fc", n).trim().to_string()));
    }
    if let Some(r2) = e.get_scalar("r2").filter(|r| !is_missing(*r) && !cmd.has("nor2")) {
        let digits = cmd.options.int("rdec").or(cmd.options.int("dec")).unwrap_or(3);
        out.push(row("R-squared".into(), marked(cmd, number(r2, Digits::Decimals(digits)))));
    }
    let groups = e.get_scalar("N_g").filter(|_| !cmd.has("noni"));
    if let (Some(groups), Some(unit)) = (groups, e.get_text("ivar")) {
        out.push(row(format!("Number of {unit}"), format::bare("%20.0fc", groups).trim().to_string()));
    }
    if let Some(names) = cmd.options.text("e") {
        let digits = Digits::of(cmd, "adec");
        let all = names.split_whitespace().any(|n| n == "all");
        let asked = |name: &str| all || names.replace(',', " ").split_whitespace().any(|n| n == name);
        let scalars = e.scalars.iter().filter(|(name, _)| asked(name));
        out.extend(scalars.map(|(name, value)| row(name.to_string(), marked(cmd, whole_or(*value, digits)))));
    }
    if let Some(text) = cmd.options.text("addtext") {
        out.extend(pairs(text, "addtext")?.into_iter().map(|(n, v)| row(n, unquote(&v).to_string())));
    }
    if let Some(text) = cmd.options.text("addstat") {
        let digits = Digits::of(cmd, "adec");
        for (name, expression) in pairs(text, "addstat")? {
            let value = s.eval_num(&expression)?;
            out.push(row(name, marked(cmd, whole_or(value, digits))));
        }
    }
    Ok(out)
}

fn notes(s: &Session, cmd: &ParsedCommand) -> Result<Vec<String>> {
    let robust = s.e.results.get_text("vcetype").is_some_and(|v| v.starts_with("Robust"));
    let robust_errors = if robust { "Robust standard errors" } else { "Standard errors" };
    let below = wanted(cmd)?.get(1).copied();
    let what = match below {
        Some(Statistic::Ratio) if robust => "Robust t-statistics",
        Some(Statistic::Ratio) => "t-statistics",
        Some(Statistic::Probability) if robust => "Robust pval",
        Some(Statistic::Probability) => "pval",
        Some(Statistic::Interval) if robust => "Robust ci",
        Some(Statistic::Interval) => "ci",
        _ => robust_errors,
    };
    let place = if cmd.has("bracket") { "in brackets" } else { "in parentheses" };
    let mut out = Vec::new();
    if below.is_some() && !cmd.has("noparen") {
        out.push(format!("{what} {place}"));
    }
    let stars = stars(cmd)?;
    if !stars.is_empty() {
        let parts: Vec<String> = stars.iter().map(|(level, mark)| format!("{mark} p<{level}")).collect();
        out.push(parts.join(", "));
    }
    Ok(out)
}
