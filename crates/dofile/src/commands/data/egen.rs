//! `egen`: new variables from functions of groups, rows and ranks.

use crate::commands::describe::{Sample, mean_ranks};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::expr::EvalCtx;
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, numlist};
use crate::value::{MISSING, is_missing};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::real("p"),
    OptSpec::flag("Missing"),
    OptSpec::flag("label"),
    OptSpec::flag("field"),
    OptSpec::flag("track"),
    OptSpec::flag("unique"),
    OptSpec::real("mean"),
    OptSpec::real("sd"),
    OptSpec::real("std"),
    OptSpec::text("at"),
    OptSpec::flag("icodes"),
    OptSpec::int("from"),
    OptSpec::int("to"),
    OptSpec::int("block"),
])
.exp()
.unsupported(&["LName", "Truncate", "autotype", "AUTOtype", "COUNTs", "Format", "Decode", "group", "Values"]);

pub const SPEC: CommandSpec = CommandSpec {
    name: "egen",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::Whole,
    run,
    syntax: "egen [type] newvar = fcn(arguments) [if] [in] [, by(varlist) options]",
    notes: "mean sd sum total min max median pctile iqr count group rank tag rowmean rowtotal rowmiss rownonmiss rowmin rowmax rowsd std cut(at) seq; no results; [D] egen",
    examples: &[
        Example {
            run: "set obs 6\ngenerate g = mod(_n, 2)\ngenerate x = _n\negen double m = mean(x), by(g)\negen t = tag(g)\negen k = group(g)\negen r = rank(-x)\negen long n = count(x) if x > 2, by(g)",
            expect: &[
                ("m[1]", 3.0),
                ("t[1] + t[2]", 2.0),
                ("k[1]", 2.0),
                ("r[6]", 1.0),
                ("n[4]", 2.0),
                ("n[1] >= .", 1.0),
            ],
        },
        Example {
            run: "set obs 2\ngenerate a = _n\ngenerate b = .\negen c = rowmiss(a b)\negen d = rowtotal(a b)\negen e = rowmean(a b)",
            expect: &[("c[2]", 1.0), ("d[2]", 2.0), ("e[1]", 1.0)],
        },
    ],
};

/// Type, name, function and its argument.
struct Call {
    ty: Option<StorageType>,
    name: String,
    function: String,
    argument: String,
}

fn parse(cmd: &ParsedCommand) -> Result<Call> {
    let exp = cmd.exp.as_deref().ok_or_else(|| StataError::new(100, "=exp required"))?.trim();
    let open = exp.find('(').ok_or_else(StataError::syntax)?;
    let inner = exp.strip_suffix(')').ok_or_else(StataError::syntax)?;
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    let (ty, name) = match words[..] {
        [name] => (None, name),
        [ty, name] => (
            Some(StorageType::parse(ty).ok_or_else(|| StataError::new(198, format!("{ty} invalid type")))?),
            name,
        ),
        _ => return Err(StataError::syntax()),
    };
    if ty.is_some_and(StorageType::is_string) {
        return Err(StataError::type_mismatch());
    }
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    Ok(Call {
        ty,
        name: name.to_string(),
        function: exp[..open].trim().to_string(),
        argument: inner[open + 1..].trim().to_string(),
    })
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let call = parse(cmd)?;
    if s.frame.find(&call.name).is_some() {
        return Err(StataError::already_defined(&call.name));
    }
    let mut by = s.by_positions();
    if let Some(text) = cmd.options.text("by") {
        by.extend(s.varlist(text)?);
    }
    let n = s.frame.n_rows();
    let ranges = vec![(0, n)];
    let touse = crate::commands::data::generate::selected(s, cmd, &ranges)?;
    let mut label = None;
    let values = match call.function.as_str() {
        "group" => {
            let vars = s.varlist(&call.argument)?;
            let (values, names) = numbered(s, &vars, &touse, cmd.has("missing"))?;
            if cmd.has("label") {
                label = Some(names);
            }
            values
        }
        "tag" => {
            let vars = s.varlist(&call.argument)?;
            tagged(s, &vars, &touse, cmd.has("missing"))?
        }
        "seq" => sequence(s, cmd, &by, &touse)?,
        "cut" => cut(s, cmd, &call.argument, &touse)?,
        f if f.starts_with("row") => by_row(s, f, &call.argument, &touse)?,
        f => by_group(s, cmd, f, &call.argument, &by, &touse)?,
    };
    let default = if call.function == "tag" { StorageType::Byte } else { s.settings.default_type };
    let mut var = Variable::new(&call.name, Column::from_f64(call.ty.unwrap_or(default), &values));
    if let Some(names) = label {
        let set = s.frame.value_labels.entry(call.name.clone()).or_default();
        for (i, text) in names.iter().enumerate() {
            set.set((i + 1) as f64, text);
        }
        var.value_label = call.name.clone();
    }
    if call.function == "group" || call.function == "tag" {
        var.label = format!("{}({})", call.function, call.argument);
    }
    s.frame.add(var)?;
    let missing = values.iter().filter(|&&x| is_missing(x)).count();
    if missing > 0 {
        let plural = if missing == 1 { "" } else { "s" };
        s.print(format!("({} missing value{plural} generated)", super::count_text(missing)));
    }
    Ok(())
}

/// Rows of each distinct key in sort order; rows with a missing key are left out unless asked.
fn groups(s: &Session, vars: &[usize], touse: &[bool], missing: bool) -> Result<Vec<Vec<usize>>> {
    let mut used = touse.to_vec();
    if !missing {
        s.markout(vars, &mut used, true)?;
    }
    if vars.is_empty() {
        return Ok(vec![(0..used.len()).filter(|&i| used[i]).collect()]);
    }
    let keys: Vec<(usize, bool)> = vars.iter().map(|&v| (v, false)).collect();
    let mut out: Vec<Vec<usize>> = Vec::new();
    for i in s.frame.sorted_order(&keys).into_iter().filter(|&i| used[i]) {
        match out.last_mut() {
            Some(g) if s.frame.rows_equal(vars, g[0], i) => g.push(i),
            _ => out.push(vec![i]),
        }
    }
    Ok(out)
}

fn numbered(s: &Session, vars: &[usize], touse: &[bool], missing: bool) -> Result<(Vec<f64>, Vec<String>)> {
    let mut values = vec![MISSING; touse.len()];
    let mut names = Vec::new();
    for (k, rows) in groups(s, vars, touse, missing)?.iter().enumerate() {
        rows.iter().for_each(|&i| values[i] = (k + 1) as f64);
        let parts: Vec<String> = vars
            .iter()
            .map(|&v| {
                let var = s.frame.var(v);
                if var.is_string() {
                    return var.data.str(rows[0]).to_string();
                }
                let x = var.data.num(rows[0]);
                s.frame
                    .labels_of(v)
                    .and_then(|l| l.get(x))
                    .map_or_else(|| crate::format::bare(&var.format, x), str::to_string)
            })
            .collect();
        names.push(parts.join(" "));
    }
    Ok((values, names))
}

fn tagged(s: &Session, vars: &[usize], touse: &[bool], missing: bool) -> Result<Vec<f64>> {
    let mut values = vec![0.0; touse.len()];
    for rows in groups(s, vars, touse, missing)? {
        if let Some(first) = rows.iter().min() {
            values[*first] = 1.0;
        }
    }
    Ok(values)
}

fn by_group(
    s: &Session,
    cmd: &ParsedCommand,
    function: &str,
    argument: &str,
    by: &[usize],
    touse: &[bool],
) -> Result<Vec<f64>> {
    let statistic = match function {
        "sum" | "total" => "sum",
        "pctile" => "pctile",
        "mean" | "sd" | "min" | "max" | "median" | "iqr" | "count" | "rank" | "std" | "skew" | "kurt" => {
            function
        }
        _ => {
            return Err(StataError::new(
                199,
                format!("function {function}() of command egen is not supported by the open engine"),
            ));
        }
    };
    let compiled = s.compile(argument)?;
    if compiled.is_string() && statistic != "count" {
        return Err(StataError::type_mismatch());
    }
    let mut values = vec![MISSING; touse.len()];
    for rows in groups(s, by, touse, true)? {
        let Some(&first) = rows.first() else { continue };
        // _n and _N count within the group when its rows are adjacent, as under by
        let adjacent = rows.windows(2).all(|w| w[1] == w[0] + 1);
        let (lo, hi) =
            if adjacent && !by.is_empty() { (first, first + rows.len()) } else { (0, touse.len()) };
        let ctx = EvalCtx { frame: &s.frame, rng: &s.rng, first: lo, last: hi };
        if compiled.is_string() {
            let filled = rows.iter().filter(|&&i| !compiled.text(&ctx, i).is_empty()).count() as f64;
            rows.iter().for_each(|&i| values[i] = filled);
            continue;
        }
        let x: Vec<f64> = rows.iter().map(|&i| compiled.num(&ctx, i)).collect();
        match statistic {
            "rank" => rank(cmd, &rows, &x, &mut values)?,
            "std" => standardise(cmd, &rows, &x, &mut values),
            _ => {
                let result = one(cmd, statistic, &x)?;
                rows.iter().for_each(|&i| values[i] = result);
            }
        }
    }
    Ok(values)
}

fn one(cmd: &ParsedCommand, statistic: &str, x: &[f64]) -> Result<f64> {
    let sample = Sample::new(x.iter().map(|&v| (v, 1.0)));
    let name = match statistic {
        "pctile" => {
            let p = cmd.options.real("p").unwrap_or(50.0);
            if p <= 0.0 || p >= 100.0 {
                return Err(StataError::invalid("p() must be between 0 and 100"));
            }
            return Ok(if sample.sorted.is_empty() {
                MISSING
            } else {
                crate::commands::describe::percentile(&sample.sorted, p)
            });
        }
        "skew" => "skewness",
        "kurt" => "kurtosis",
        other => other,
    };
    if name == "sum" && sample.sorted.is_empty() && cmd.has("missing") {
        return Ok(MISSING);
    }
    Ok(sample.statistic(name).unwrap_or(MISSING))
}

fn rank(cmd: &ParsedCommand, rows: &[usize], x: &[f64], values: &mut [f64]) -> Result<()> {
    let known: Vec<usize> = (0..x.len()).filter(|&k| !is_missing(x[k])).collect();
    let present: Vec<f64> = known.iter().map(|&k| x[k]).collect();
    let (mean, _) = mean_ranks(&present);
    for (a, &k) in known.iter().enumerate() {
        values[rows[k]] = if cmd.has("field") {
            1.0 + present.iter().filter(|&&v| v > present[a]).count() as f64
        } else if cmd.has("track") {
            1.0 + present.iter().filter(|&&v| v < present[a]).count() as f64
        } else if cmd.has("unique") {
            let below = present.iter().filter(|&&v| v < present[a]).count();
            let before = present[..a].iter().filter(|&&v| v == present[a]).count();
            (1 + below + before) as f64
        } else {
            mean[a]
        };
    }
    Ok(())
}

fn standardise(cmd: &ParsedCommand, rows: &[usize], x: &[f64], values: &mut [f64]) {
    let sample = Sample::new(x.iter().map(|&v| (v, 1.0)));
    let (mean, sd) = (sample.mean(), sample.statistic("sd").unwrap_or(MISSING));
    let target = cmd.options.real("mean").unwrap_or(0.0);
    let spread = cmd.options.real("sd").or(cmd.options.real("std")).unwrap_or(1.0);
    for (&i, &v) in rows.iter().zip(x) {
        if !is_missing(v) && !is_missing(sd) && sd > 0.0 {
            values[i] = target + spread * (v - mean) / sd;
        }
    }
}

fn by_row(s: &Session, function: &str, argument: &str, touse: &[bool]) -> Result<Vec<f64>> {
    let vars = s.varlist(argument)?;
    if function != "rowmiss" && function != "rownonmiss" && vars.iter().any(|&v| s.frame.var(v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let absent = |v: usize, i: usize| {
        let column = &s.frame.var(v).data;
        if column.is_string() { column.str(i).is_empty() } else { is_missing(column.num(i)) }
    };
    let mut values = vec![MISSING; touse.len()];
    for i in (0..touse.len()).filter(|&i| touse[i]) {
        let empty = vars.iter().filter(|&&v| absent(v, i)).count();
        values[i] = match function {
            "rowmiss" => empty as f64,
            "rownonmiss" => (vars.len() - empty) as f64,
            "rowmean" | "rowtotal" | "rowmin" | "rowmax" | "rowsd" | "rowmedian" => {
                let sample = Sample::new(vars.iter().map(|&v| (s.frame.num_at(v, i), 1.0)));
                let name = match &function[3..] {
                    "total" => "sum",
                    other => other,
                };
                sample.statistic(name).unwrap_or(MISSING)
            }
            _ => {
                return Err(StataError::new(
                    199,
                    format!("function {function}() of command egen is not supported by the open engine"),
                ));
            }
        };
    }
    Ok(values)
}

fn sequence(s: &Session, cmd: &ParsedCommand, by: &[usize], touse: &[bool]) -> Result<Vec<f64>> {
    let from = cmd.options.int("from").unwrap_or(1);
    let block = cmd.options.int("block").unwrap_or(1).max(1);
    let mut values = vec![MISSING; touse.len()];
    for mut rows in groups(s, by, touse, true)? {
        rows.sort_unstable();
        let to = cmd.options.int("to").unwrap_or(from + rows.len() as i64 - 1);
        let step = if to < from { -1 } else { 1 };
        let length = (to - from).abs() + 1;
        for (k, &i) in rows.iter().enumerate() {
            values[i] = (from + step * ((k as i64 / block) % length)) as f64;
        }
    }
    Ok(values)
}

fn cut(s: &Session, cmd: &ParsedCommand, argument: &str, touse: &[bool]) -> Result<Vec<f64>> {
    let var = s.numeric_variable(argument)?;
    let Some(at) = cmd.options.text("at") else {
        return Err(StataError::new(
            199,
            "function cut() of command egen is supported by the open engine with at() only",
        ));
    };
    let points = numlist::expand(&at.replace(',', " "))?;
    if points.len() < 2 || points.windows(2).any(|w| w[0] >= w[1]) {
        return Err(StataError::invalid("at() must be an ascending list of at least two numbers"));
    }
    let mut values = vec![MISSING; touse.len()];
    for i in (0..touse.len()).filter(|&i| touse[i]) {
        let x = s.frame.num_at(var, i);
        if let Some(k) = points.windows(2).position(|w| x >= w[0] && x < w[1]) {
            values[i] = if cmd.has("icodes") { k as f64 } else { points[k] };
        }
    }
    Ok(values)
}
