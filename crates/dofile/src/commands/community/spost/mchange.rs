//! `mchange`: marginal effects and discrete changes of predictions, by way of `margins`. Written from the documentation
//! of Long and Freese (2014), sections 4.5 and 6.2.

use super::mchange_show::{Block, Row, show, store};
use super::model::{Kind, Margins, Model, selection};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::format;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::descriptive::interpolated;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("AMount"),
    OptSpec::text("STATistics"),
    OptSpec::text("STATS"),
    OptSpec::text("at"),
    OptSpec::flag("ATMEANs"),
    OptSpec::flag("CENTERed"),
    OptSpec::real("DELta"),
    OptSpec::real("TRim"),
    OptSpec::int("DECimals"),
    OptSpec::flag("BRief"),
    OptSpec::real("Level"),
    OptSpec::flag("UNCENTERed"),
])
.unsupported(&[
    "OUTcome",
    "PRedict",
    "EXPression",
    "COMMANDs",
    "DETails",
    "Width",
    "TITle",
    "COUNT",
    "PR",
    "UNIT",
    "post",
    "DESCription",
    "vce",
]);

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "mchange",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "mchange [varlist] [if] [in] [, amount(one | sd | delta | range | marginal | binary | all) at(spec) atmeans centered delta(#) trim(#) statistics(change p se z ll ul ci from to all) decimals(#) brief level(#)]",
    notes: "after regress, logit, logistic, probit, cloglog, ologit, oprobit, mlogit, poisson and nbreg; changes of one, of a standard deviation and the marginal change of variables, all pairs of levels of factors; stores r(table), r(basepred), r(N); delta-method standard errors of margins; Long and Freese (2014)",
    examples: &[Example {
        run: "set obs 40\ngenerate x = mod(_n, 7)\ngenerate g = mod(_n, 3)\ngenerate y = mod(_n * 7, 11) + x > 7\nlogit y x i.g\nmargins, dydx(x)\nscalar m = el(r(b), 1, 1)\nmargins, at(g = 0) at(g = 2)\nscalar c = el(r(b), 1, 2) - el(r(b), 1, 1)\nmchange x\nmatrix T = r(table)\nmchange g\nmatrix G = r(table)",
        expect: &[("reldif(T[3,1], m) < 1e-12", 1.0), ("reldif(G[2,1], c) < 1e-12", 1.0), ("rowsof(G)", 3.0)],
    }],
};

/// What a request asks for.
pub(super) struct Request {
    pub(super) statistics: Vec<&'static str>,
    amounts: Vec<String>,
    pub(super) at: String,
    pub(super) means: bool,
    pub(super) selection: String,
    centered: bool,
    pub(super) delta: Option<f64>,
    trim: Option<f64>,
    pub(super) decimals: usize,
    pub(super) level: f64,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let model = Model::of(s, "mchange")?;
    let request = read(s, cmd)?;
    let chosen = model.chosen(s, &cmd.list)?;
    let at = base_at(&request);
    let base = Margins::run(s, &format!("{},{at}", request.selection))?;
    if base.b.len() != model.predictions() {
        return Err(StataError::invalid("at() of mchange takes one value for each variable"));
    }
    let mut blocks = Vec::new();
    for name in &chosen {
        let rows = match model.levels(name) {
            Some(levels) => of_factor(s, &model, &request, name, &levels)?,
            None => of_variable(s, &model, &request, name)?,
        };
        blocks.push(Block { name: name.clone(), rows });
    }
    if blocks.iter().all(|b| b.rows.is_empty()) {
        return Err(StataError::new(198, "no changes were asked for"));
    }
    show(s, &model, &request, &base, &blocks, cmd.has("brief"));
    store(s, &model, &request, &base, &blocks);
    Ok(())
}

fn read(s: &Session, cmd: &ParsedCommand) -> Result<Request> {
    if cmd.has("centered") && cmd.has("uncentered") {
        return Err(StataError::invalid("options centered and uncentered may not be combined"));
    }
    let mut amounts: Vec<String> = Vec::new();
    for word in cmd.options.text("amount").unwrap_or("").split_whitespace() {
        let known = [
            ("one", 1),
            ("1", 1),
            ("sd", 2),
            ("delta", 3),
            ("range", 3),
            ("marginal", 4),
            ("binary", 3),
            ("all", 3),
        ];
        let full = known.iter().find(|(n, min)| n.starts_with(word) && word.len() >= *min);
        let full = full.ok_or_else(|| StataError::invalid(format!("amount({word}) is not known")))?.0;
        match full {
            "all" => amounts.extend(["one", "sd", "range", "marginal"].map(str::to_string)),
            "1" => amounts.push("one".into()),
            other => amounts.push(other.into()),
        }
    }
    let delta = cmd.options.real("delta");
    if amounts.is_empty() {
        // delta() stands for the standard deviation
        let second = if delta.is_some() { "delta" } else { "sd" };
        amounts = ["one", second, "marginal"].map(str::to_string).to_vec();
    }
    if amounts.iter().any(|a| a == "delta") && delta.is_none() {
        return Err(StataError::invalid("amount(delta) needs option delta()"));
    }
    let trim = cmd.options.real("trim");
    if trim.is_some_and(|t| !(0.0..50.0).contains(&t)) {
        return Err(StataError::invalid("trim() must be at least 0 and less than 50"));
    }
    Ok(Request {
        statistics: statistics(cmd.options.text("statistics").or(cmd.options.text("stats")).unwrap_or(""))?,
        amounts,
        at: cmd.options.text("at").unwrap_or("").trim().to_string(),
        means: cmd.has("atmeans"),
        selection: selection(cmd),
        centered: cmd.has("centered"),
        delta,
        trim,
        decimals: cmd.options.int("decimals").unwrap_or(3).clamp(0, 12) as usize,
        level: level(s, cmd)?,
    })
}

fn statistics(text: &str) -> Result<Vec<&'static str>> {
    let mut out: Vec<&'static str> = Vec::new();
    for word in text.split_whitespace() {
        let found: &[&'static str] = match word {
            "all" => &["change", "from", "to", "se", "z", "pvalue", "ll", "ul"],
            "ci" => &["change", "ll", "ul"],
            "change" | "est" | "estimate" | "c" => &["change"],
            "p" | "pvalue" | "pv" => &["pvalue"],
            "se" => &["se"],
            "z" | "zvalue" => &["z"],
            "ll" | "lb" => &["ll"],
            "ul" | "ub" => &["ul"],
            "from" | "start" => &["from"],
            "to" | "end" => &["to"],
            other => return Err(StataError::invalid(format!("statistics({other}) is not known"))),
        };
        for name in found {
            if !out.contains(name) {
                out.push(name);
            }
        }
    }
    Ok(if out.is_empty() { vec!["change", "pvalue"] } else { out })
}

/// Options that fix the other variables.
pub(super) fn base_at(request: &Request) -> String {
    let at = if request.at.is_empty() { String::new() } else { format!(" at({})", request.at) };
    format!("{at}{}", if request.means { " atmeans" } else { "" })
}

/// Predictions at two settings of a variable beside the fixed ones, and their difference.
fn between(s: &mut Session, model: &Model, request: &Request, name: &str, set: [&str; 2]) -> Result<Row> {
    let rest = without(&request.at, name);
    let means = if request.means { " atmeans" } else { "" };
    let at = |value: &str| format!(" at({name}={value} {rest})");
    let found = Margins::run(s, &format!("{},{}{}{means}", request.selection, at(set[0]), at(set[1])))?;
    let mut row = Row::default();
    for k in 0..model.predictions() {
        let (change, se) = found.difference(2 * k + 1, 2 * k);
        row.change.push(change);
        row.se.push(se);
        row.from.push(found.b[2 * k]);
        row.to.push(found.b[2 * k + 1]);
    }
    Ok(row)
}

/// A specification of `at()` without the part that sets a variable.
fn without(at: &str, name: &str) -> String {
    let mut out = Vec::new();
    let text = at.replace("==", "=");
    let b: Vec<char> = text.chars().collect();
    let (mut depth, mut start) = (0_i32, 0);
    let mut parts = Vec::new();
    for (i, c) in b.iter().enumerate() {
        depth += i32::from(*c == '(') - i32::from(*c == ')');
        let beside_equals = |k: usize| b[k..].iter().find(|c| !c.is_whitespace()) == Some(&'=');
        let after_equals = b[start..i].iter().rev().find(|c| !c.is_whitespace()) == Some(&'=');
        if c.is_whitespace() && depth == 0 && !beside_equals(i) && !after_equals {
            parts.push(b[start..i].iter().collect::<String>());
            start = i;
        }
    }
    parts.push(b[start..].iter().collect());
    for part in parts {
        let set = part.split('=').next().unwrap_or("").trim();
        if !part.trim().is_empty() && set != name {
            out.push(part.trim().to_string());
        }
    }
    out.join(" ")
}

fn of_factor(
    s: &mut Session,
    model: &Model,
    request: &Request,
    name: &str,
    levels: &[i64],
) -> Result<Vec<Row>> {
    let v = s.variable(name)?;
    let label = |s: &Session, level: i64| {
        let found = s.frame.labels_of(v).and_then(|l| l.get(level as f64));
        found.map_or_else(|| level.to_string(), str::to_string)
    };
    let mut rows = Vec::new();
    for high in 1..levels.len() {
        for low in 0..high {
            let set = [levels[low].to_string(), levels[high].to_string()];
            let mut row = between(s, model, request, name, [&set[0], &set[1]])?;
            row.label = format!("{} vs {}", label(s, levels[high]), label(s, levels[low]));
            rows.push(row);
        }
    }
    Ok(rows)
}

fn of_variable(s: &mut Session, model: &Model, request: &Request, name: &str) -> Result<Vec<Row>> {
    let v = s.variable(name)?;
    let of_sample: Vec<f64> = model.rows.iter().map(|r| s.frame.num_at(v, *r)).collect();
    let sample = model.sample(&of_sample);
    let (sd, low, high) = match request.trim {
        None => (sample.sd(), sample.min(), sample.max()),
        // the percentiles are those of centile, between the values
        Some(t) => {
            let mut sorted = of_sample.clone();
            sorted.sort_by(f64::total_cmp);
            (sample.sd(), interpolated(&sorted, t), interpolated(&sorted, 100.0 - t))
        }
    };
    let binary = of_sample.iter().all(|x| *x == 0.0 || *x == 1.0);
    // the point that a change starts from: each row's own value, the one of at() or the mean
    let start = start(s, request, name)?;
    let mut rows = Vec::new();
    for amount in &request.amounts {
        let by = |d: f64| {
            let shift = |d: f64| match &start {
                None => format!("gen({name}+({d:e}))"),
                Some(x) => format!("{:e}", x + d),
            };
            if request.centered { [shift(-d / 2.0), shift(d / 2.0)] } else { [shift(0.0), shift(d)] }
        };
        let centered = if request.centered { " centered" } else { "" };
        let (label, set) = match amount.as_str() {
            "one" => (format!("+1{centered}"), by(1.0)),
            "sd" => (format!("+SD{centered}"), by(sd)),
            "delta" => (format!("+delta{centered}"), by(request.delta.unwrap_or(MISSING))),
            "binary" if !binary => continue,
            "binary" => ("0 to 1".to_string(), ["0".to_string(), "1".to_string()]),
            "range" => {
                let whole = |x: f64| format::bare("%9.0g", x).trim().to_string();
                let label = request
                    .trim
                    .map_or("Range".to_string(), |t| format!("{}% to {}%", whole(t), whole(100.0 - t)));
                (label, [format!("{low:e}"), format!("{high:e}")])
            }
            _ => {
                rows.push(marginal(s, model, request, name)?);
                continue;
            }
        };
        let mut row = between(s, model, request, name, [&set[0], &set[1]])?;
        row.label = label;
        rows.push(row);
    }
    Ok(rows)
}

/// The value that all rows have at the start of a change: that of `at()` or the mean of the rows of `if`.
fn start(s: &mut Session, request: &Request, name: &str) -> Result<Option<f64>> {
    if !request.means && !request.at.replace('=', " ").split_whitespace().any(|w| w == name) {
        return Ok(None);
    }
    let found = Margins::run(s, &format!("{},{}", request.selection, base_at(request)))?;
    let at = found.at.ok_or_else(|| StataError::new(498, "margins gave no point"))?;
    let column = at.col_names.iter().position(|c| c.name == name);
    Ok(column.map(|c| at.get(0, c)))
}

fn marginal(s: &mut Session, model: &Model, request: &Request, name: &str) -> Result<Row> {
    let found = Margins::run(s, &format!("{}, dydx({name}){}", request.selection, base_at(request)))?;
    let mut row = Row { label: "Marginal".to_string(), ..Row::default() };
    for k in 0..model.predictions() {
        row.change.push(found.b[k]);
        row.se.push(found.se(k));
        row.from.push(MISSING);
        row.to.push(MISSING);
    }
    Ok(row)
}

/// The base value of predictions of a binary outcome for both outcomes.
pub(super) fn base_predictions(model: &Model, base: &Margins) -> Vec<f64> {
    match model.kind {
        Kind::Binary => vec![1.0 - base.b[0], base.b[0]],
        _ => base.b.clone(),
    }
}
