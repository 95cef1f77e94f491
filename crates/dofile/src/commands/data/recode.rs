//! `recode`: values by rules, [D] recode.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format::count_text;
use crate::frame::{Column, ValueLabel, Variable};
use crate::session::Session;
use crate::syntax::blanks::tight_equals;
use crate::syntax::options::parse_number;
use crate::syntax::split::{matching_paren, top_level_comma, unquote, words};
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "recode",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run: recode,
    syntax: "recode varlist (rule) [(rule) ...] [if] [in] [, generate(newvars) prefix(str) label(name) test]",
    notes: "no results",
    examples: &[Example {
        run: "set obs 6\ngenerate x = _n\nrecode x (1 2 = 10) (3/4 = 20 \"mid\") (nonmissing = 30), generate(y)\nrecode x (6 = .)",
        expect: &[("y[2]", 10.0), ("y[4]", 20.0), ("y[5]", 30.0), ("missing(x[6])", 1.0)],
    }],
};

/// One rule of `recode`.
struct Rule {
    from: Vec<(f64, f64)>,
    missing: bool,
    nonmissing: bool,
    other: bool,
    /// `None` keeps the value.
    to: Option<f64>,
    label: Option<String>,
}

fn parse_rule(s: &Session, text: &str) -> Result<Rule> {
    let (from, to) =
        text.split_once('=').ok_or_else(|| StataError::new(198, format!("rule ({text}) invalid")))?;
    let to_words = words(to);
    let target = to_words.first().copied().ok_or_else(StataError::syntax)?;
    let mut rule = Rule {
        from: Vec::new(),
        missing: false,
        nonmissing: false,
        other: false,
        to: if target == "copy" { None } else { Some(parse_number(target).ok_or_else(StataError::syntax)?) },
        label: to_words.get(1).map(|w| unquote(w).to_string()),
    };
    let bound = |t: &str| match t {
        "min" => Some(f64::NEG_INFINITY),
        "max" => Some(8.9e307),
        t => parse_number(t).or_else(|| s.eval_num(t).ok()),
    };
    for w in from.split_whitespace() {
        match w {
            "missing" | "miss" | "mis" => rule.missing = true,
            "nonmissing" | "nonmiss" | "nonm" => rule.nonmissing = true,
            "else" | "*" => rule.other = true,
            w => {
                let (a, b) = w.split_once('/').unwrap_or((w, w));
                let pair = bound(a)
                    .zip(bound(b))
                    .ok_or_else(|| StataError::new(198, format!("rule ({text}) invalid")))?;
                rule.from.push(pair);
            }
        }
    }
    Ok(rule)
}

impl Rule {
    fn covers(&self, x: f64) -> bool {
        self.other
            || (self.missing && is_missing(x))
            || (self.nonmissing && !is_missing(x))
            || self.from.iter().any(|&(a, b)| x >= a && x <= b)
    }
}

fn recode(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    // rules are cut out first: they hold `=` and texts
    let (front, options) = match top_level_comma(&cmd.raw) {
        Some(i) => (cmd.raw[..i].to_string(), cmd.raw[i + 1..].to_string()),
        None => (cmd.raw.clone(), String::new()),
    };
    let mut rules = Vec::new();
    let mut rest = front.clone();
    let mut list = String::new();
    let mut bare = String::new();
    if let Some(open) = rest.find('(') {
        list = rest[..open].to_string();
        rest = rest[open..].to_string();
        while rest.starts_with('(') {
            let close = matching_paren(&rest, 0).ok_or_else(StataError::syntax)?;
            rules.push(parse_rule(s, &rest[1..close])?);
            rest = rest[close + 1..].trim_start().to_string();
        }
        bare = rest;
    }
    if rules.is_empty() {
        // recode x 1=2 3=4
        let mut tail = Vec::new();
        for w in words(&tight_equals(&front)) {
            if w.contains('=') && tail.is_empty() {
                rules.push(parse_rule(s, w)?);
            } else if rules.is_empty() {
                list.push_str(&format!(" {w}"));
            } else {
                tail.push(w.to_string());
            }
        }
        bare = tail.join(" ");
    }
    let mut inner = ParsedCommand::split("recode", &format!("{bare}, {options}"), false)?;
    inner.check_options(
        &[
            OptSpec::text("Generate"),
            OptSpec::text("PREfix"),
            OptSpec::text("Label"),
            OptSpec::flag("Copyrest"),
            OptSpec::flag("Test"),
        ],
        &[],
    )?;
    let keep = s.rows(&inner)?;
    let vars = s.varlist(&list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    let targets: Option<Vec<String>> = match (inner.options.text("generate"), inner.options.text("prefix")) {
        (Some(g), None) => Some(g.split_whitespace().map(String::from).collect()),
        (None, Some(p)) => Some(vars.iter().map(|&i| format!("{p}{}", s.frame.var(i).name)).collect()),
        (None, None) => None,
        _ => return Err(StataError::standard(184)),
    };
    if targets.as_ref().is_some_and(|t| t.len() != vars.len()) {
        return Err(StataError::syntax());
    }
    for (k, &i) in vars.iter().enumerate() {
        let values = s.frame.numeric(i)?.into_owned();
        let all_rest =
            targets.is_none() || inner.has("copyrest") || inner.if_exp.is_none() && inner.in_range.is_none();
        let mut out: Vec<f64> =
            values.iter().zip(&keep).map(|(&x, &k)| if k || all_rest { x } else { MISSING }).collect();
        let mut changes = 0;
        for (row, x) in values.iter().enumerate().filter(|(r, _)| keep[*r]) {
            if let Some(rule) = rules.iter().find(|r| r.covers(*x))
                && let Some(to) = rule.to
                && to != *x
            {
                out[row] = to;
                changes += 1;
            }
        }
        let old = s.frame.var(i).data.storage_type();
        let ty = out.iter().fold(old, |t, &x| t.promoted_for(x));
        let name = s.frame.var(i).name.clone();
        match &targets {
            None => {
                if ty != old {
                    super::generate::promote(s, i, ty);
                }
                let column = s.frame.column_mut(i);
                out.iter().enumerate().for_each(|(r, &x)| column.set_num(r, x));
                s.print(format!("({name}: {} changes made)", count_text(changes)));
            }
            Some(names) => {
                let mut var = Variable::new(&names[k], Column::from_f64(ty, &out));
                let label = s.frame.var(i).label.clone();
                var.label = if label.is_empty() {
                    format!("RECODE of {name}")
                } else {
                    format!("RECODE of {name} ({label})")
                };
                var.label = var.label.chars().take(80).collect();
                let labelled: Vec<(f64, String)> =
                    rules.iter().filter_map(|r| r.to.zip(r.label.clone())).collect();
                if !labelled.is_empty() {
                    let set_name = inner.options.text("label").unwrap_or(&names[k]).to_string();
                    let mut set = ValueLabel::default();
                    labelled.iter().for_each(|(x, t)| set.set(*x, t));
                    var.value_label.clone_from(&set_name);
                    s.frame.value_labels.insert(set_name, set);
                }
                s.frame.add(var)?;
                s.print(format!("({} differences between {name} and {})", count_text(changes), names[k]));
            }
        }
    }
    Ok(())
}
