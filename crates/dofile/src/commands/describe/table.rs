//! `table` (the syntax of Stata 17 and later): statistics by one or two variables.

use crate::commands::data::grouped;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::stats::{Sample, by_name};
use crate::syntax::options::split_options;
use crate::syntax::split::{matching_paren, top_level_comma};
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};

pub const SPEC: CommandSpec = CommandSpec {
    name: "table",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "table (rowvar) [(colvar)] [if] [in] [fweight aweight] [, statistic(frequency | percent | mean varlist | sd | min | max | median | total | count | p25 | p75 | iqr ...) nototals missing nformat(%fmt)]",
    notes: "stores r(N) and r(table), rows by row levels (the last one the total) and statistics, columns by column levels; collections, several variables on one side and tests are not there",
    examples: &[Example {
        run: "set obs 8\ngenerate g = ceil(_n/4)\ngenerate b = mod(_n, 2)\ngenerate x = _n\ntable (g) (b), statistic(mean x) statistic(frequency)\nmatrix T = r(table)",
        expect: &[("T[1,1]", 3.0), ("T[2,1]", 2.0), ("T[5,3]", 4.5), ("T[6,3]", 8.0), ("r(N)", 8.0)],
    }],
};

/// One statistic of a variable, or of the rows.
struct Item {
    name: String,
    variable: Option<usize>,
}

/// Variables in `(a) (b)` or `a b`; one on each side.
fn sides(s: &Session, text: &str) -> Result<Vec<Option<usize>>> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let inner = if rest.starts_with('(') {
            let close = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
            let inner = rest[1..close].trim();
            rest = rest[close + 1..].trim_start();
            inner
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let inner = &rest[..end];
            rest = rest[end..].trim_start();
            inner
        };
        let words = inner.split_whitespace().count();
        if words > 1 || inner == "result" || inner == "var" {
            return Err(StataError::unsupported_option("table", &format!("({inner})")));
        }
        out.push(if words == 0 { None } else { Some(s.variable(inner)?) });
    }
    if out.len() > 2 {
        return Err(StataError::unsupported_option("table", "a third variable"));
    }
    out.resize(2, None);
    Ok(out)
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (_, options) = match top_level_comma(&cmd.raw) {
        Some(i) => (&cmd.raw[..i], cmd.raw[i + 1..].trim()),
        None => (cmd.raw.as_str(), ""),
    };
    let inner = ParsedCommand::split("table", &cmd.raw, false)?;
    let sides = sides(s, &inner.list)?;
    let (mut items, mut totals, mut missing, mut fmt) = (Vec::new(), true, false, None);
    for (name, argument) in split_options(options)? {
        match (name.as_str(), argument.as_deref()) {
            (o, Some(a)) if o.len() >= 4 && "statistic".starts_with(o) => {
                let (what, list) = a.trim().split_once(char::is_whitespace).unwrap_or((a.trim(), ""));
                match what {
                    "frequency" | "freq" | "percent" => {
                        items.push(Item { name: what.to_string(), variable: None })
                    }
                    "mean" | "sd" | "min" | "max" | "median" | "total" | "sum" | "count" | "iqr"
                    | "variance" | "p1" | "p5" | "p10" | "p25" | "p50" | "p75" | "p90" | "p95" | "p99"
                    | "semean" => {
                        for v in s.varlist(list)? {
                            if s.frame.var(v).is_string() {
                                return Err(StataError::type_mismatch());
                            }
                            items.push(Item { name: what.to_string(), variable: Some(v) });
                        }
                    }
                    other => {
                        return Err(StataError::unsupported_option("table", &format!("statistic({other})")));
                    }
                }
            }
            ("nototals" | "nototal", None) => totals = false,
            ("missing", None) => missing = true,
            ("nformat", Some(f)) => fmt = Some(f.split_whitespace().next().unwrap_or("").to_string()),
            (
                "command" | "style" | "name" | "append" | "replace" | "sformat" | "label" | "stars"
                | "zerocounts",
                _,
            ) => {
                return Err(StataError::unsupported_option("table", &name));
            }
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    if items.is_empty() {
        items.push(Item { name: "frequency".into(), variable: None });
    }
    if let Some(f) = &fmt
        && format::Format::parse(f).is_none()
    {
        return Err(StataError::standard(120));
    }
    let mut touse = s.rows(&inner)?;
    let weights = s.weights(&inner, WeightKind::Frequency, &mut touse)?;
    let by: Vec<usize> = sides.iter().flatten().copied().collect();
    if !missing {
        s.markout(&by, &mut touse, true)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|&r| touse[r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let levels = |side: Option<usize>| -> (Vec<Vec<usize>>, Vec<String>) {
        let Some(v) = side else { return (vec![rows.clone()], vec!["Total".into()]) };
        let mut groups = grouped(s, &[v], rows.clone());
        let mut names: Vec<String> = groups.iter().map(|g| level_name(s, v, g[0])).collect();
        if totals {
            groups.push(rows.clone());
            names.push("Total".into());
        }
        (groups, names)
    };
    let ((down, down_names), (across, across_names)) = (levels(sides[0]), levels(sides[1]));
    let kind = weights.as_ref().map(|w| w.kind);
    let weight = |r: usize| weights.as_ref().map_or(1.0, |w| w.values[r]);
    let all: f64 = rows.iter().map(|&r| weight(r)).sum();
    let mut values = Vec::new();
    for d in &down {
        let mut inside = vec![false; touse.len()];
        d.iter().for_each(|&r| inside[r] = true);
        for item in &items {
            for a in &across {
                let cell = a.iter().copied().filter(|&r| inside[r]);
                values.push(match item.variable {
                    None => {
                        let n: f64 = cell.map(weight).sum();
                        if item.name == "percent" { 100.0 * n / all } else { n }
                    }
                    Some(v) => {
                        let sample = Sample::new(cell.map(|r| (s.frame.num_at(v, r), weight(r))), kind);
                        match item.name.as_str() {
                            "total" => by_name(&sample, "sum").unwrap_or(MISSING),
                            name => by_name(&sample, name).unwrap_or(MISSING),
                        }
                    }
                });
            }
        }
    }
    let mut m = Matrix::new(down.len() * items.len(), across.len(), values);
    m.row_names = down_names
        .iter()
        .flat_map(|d| {
            items.iter().map(move |i| Stripe::with_eq(crate::expr::functions::valid_name(d), item_name(i)))
        })
        .collect();
    m.col_names = across_names.iter().map(|n| Stripe::term(crate::expr::functions::valid_name(n))).collect();
    show(s, &m, (&sides, &items), (&down_names, &across_names), fmt.as_deref());
    let mut r = Results::default();
    r.scalar("N", all).matrix("table", m);
    s.r = r;
    Ok(())
}

fn item_name(i: &Item) -> String {
    i.name.clone()
}

fn level_name(s: &Session, v: usize, row: usize) -> String {
    let var = s.frame.var(v);
    if var.is_string() {
        return var.data.str(row).to_string();
    }
    let x = var.data.num(row);
    s.frame.labels_of(v).and_then(|l| l.get(x)).map_or_else(|| format::bare(&var.format, x), String::from)
}

fn show(
    s: &mut Session,
    m: &Matrix,
    (sides, items): (&[Option<usize>], &[Item]),
    (down, across): (&[String], &[String]),
    fmt: Option<&str>,
) {
    let title = |s: &Session, v: Option<usize>| {
        v.map_or(String::new(), |v| {
            let var = s.frame.var(v);
            if var.label.is_empty() { var.name.clone() } else { var.label.clone() }
        })
    };
    let (row_title, column_title) = (title(s, sides[0]), title(s, sides[1]));
    let shown = |i: &Item| match (i.name.as_str(), i.variable) {
        ("frequency" | "freq", _) => "Frequency".to_string(),
        ("percent", _) => "Percent".to_string(),
        (name, Some(v)) => format!("{} {}", name, s.frame.var(v).name),
        (name, None) => name.to_string(),
    };
    let labels: Vec<String> = items.iter().map(shown).collect();
    let several = items.len() > 1;
    let text = |x: f64, item: &Item| {
        if is_missing(x) {
            return ".".to_string();
        }
        match fmt {
            Some(f) => format::bare(f, x),
            None if item.name.starts_with("freq") || item.name == "count" => format::bare("%12.0gc", x),
            None if item.name == "percent" => format::bare("%9.2f", x),
            None => format::bare("%9.0g", x),
        }
    };
    let left = down
        .iter()
        .chain(&labels)
        .map(|t| t.chars().count() + 2)
        .chain([row_title.chars().count()])
        .max()
        .unwrap_or(8)
        .clamp(8, 32);
    let width = across.iter().map(|t| t.chars().count()).max().unwrap_or(9).clamp(10, 20);
    let rule = format!("{}+{}", "-".repeat(left + 1), "-".repeat((width + 2) * across.len() + 1));
    s.print("");
    s.print("-".repeat(rule.chars().count()));
    let head: String =
        across.iter().map(|t| format!("  {}", format::right(&format::abbrev(t, width), width))).collect();
    if sides[1].is_some() {
        s.print(format!("{} |  {column_title}", " ".repeat(left)));
    }
    if sides[1].is_some() || !several {
        let single =
            if sides[1].is_none() { format!("  {}", format::right(&labels[0], width)) } else { head };
        s.print(format!("{} |{single}", " ".repeat(left)));
    }
    s.print(&rule);
    s.print(format!("{} |", format::left(&row_title, left)));
    for (i, name) in down.iter().enumerate() {
        let name = format!("  {}", format::abbrev(name, left - 2));
        if several {
            s.print(format!("{} |", format::left(&name, left)));
        }
        for (k, item) in items.iter().enumerate() {
            let cells: String = (0..across.len())
                .map(|j| format!("  {}", format::right(&text(m.get(i * items.len() + k, j), item), width)))
                .collect();
            let label =
                if several { format!("    {}", format::abbrev(&labels[k], left - 4)) } else { name.clone() };
            s.print(format!("{} |{cells}", format::left(&label, left)));
        }
    }
    s.print("-".repeat(rule.chars().count()));
}
