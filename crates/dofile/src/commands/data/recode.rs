//! `recode`: values by rules, [D] recode.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format::count_text;
use crate::frame::{Column, StorageType, ValueLabel, Variable};
use crate::session::Session;
use crate::syntax::blanks::tight_equals;
use crate::syntax::options::parse_number;
use crate::syntax::split::{front_and_options, matching_paren, unquote, words};
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
    examples: &[
        Example {
            run: "set obs 6\ngenerate x = _n\nrecode x (1 2 = 10) (3/4 = 20 \"mid\") (nonmissing = 30), generate(y)\nrecode x (6 = .)",
            expect: &[("y[2]", 10.0), ("y[4]", 20.0), ("y[5]", 30.0), ("missing(x[6])", 1.0)],
        },
        Example {
            // without parentheses a rule may have several values
            run: "set obs 6\ngenerate x = _n\nrecode x 1 2=10 3/4=20 5=.",
            expect: &[
                ("x[1]", 10.0),
                ("x[2]", 10.0),
                ("x[3]", 20.0),
                ("x[4]", 20.0),
                ("missing(x[5])", 1.0),
                ("x[6]", 6.0),
            ],
        },
    ],
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

/// What a command line says: the variables, the rules, and what follows them.
struct Line {
    list: String,
    rules: Vec<Rule>,
    tail: String,
}

/// Reads `varlist (rule) (rule) ... [if] [in]`, or rules without parentheses: `varlist 1=2 3 4=5`.
fn line(s: &Session, front: &str) -> Result<Line> {
    let mut rules = Vec::new();
    if let Some(open) = front.find('(').filter(|open| !front[..*open].contains('=')) {
        let mut rest = &front[open..];
        while rest.starts_with('(') {
            let close = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
            rules.push(parse_rule(s, &rest[1..close])?);
            rest = rest[close + 1..].trim_start();
        }
        return Ok(Line { list: front[..open].to_owned(), rules, tail: rest.to_owned() });
    }
    let tight = tight_equals(front);
    let parts = words(&tight);
    let condition = parts.iter().position(|word| matches!(*word, "if" | "in")).unwrap_or(parts.len());
    let ends = |word: &&str| word.contains('=');
    let end = parts[..condition].iter().rposition(ends).map_or(0, |last| last + 1);
    // a rule may begin with several values, which are no names
    let is_value = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-')) || word.contains('/')
    };
    let first = parts[..end].iter().position(|word| ends(word) || is_value(word)).unwrap_or(end);
    for rule in parts[first..end].split_inclusive(ends) {
        rules.push(parse_rule(s, &rule.join(" "))?);
    }
    Ok(Line { list: parts[..first].join(" "), rules, tail: parts[end..].join(" ") })
}

fn recode(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    // rules are cut out first: they hold `=` and texts
    let (front, options) = front_and_options(&cmd.raw);
    let Line { list, rules, tail } = line(s, front)?;
    let mut inner = ParsedCommand::split("recode", &format!("{tail}, {options}"), false)?;
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
    let targets = targets(s, &inner, &vars)?;
    let whole =
        targets.is_none() || inner.has("copyrest") || inner.if_exp.is_none() && inner.in_range.is_none();
    for (k, &i) in vars.iter().enumerate() {
        let (values, changes) = recoded(&s.frame.numeric(i)?, &keep, whole, &rules);
        match &targets {
            None => replace_values(s, i, &values, changes),
            Some(names) => {
                let set = inner.options.text("label").unwrap_or(&names[k]);
                add_variable(s, (i, &names[k]), (&values, changes), (&rules, set))?;
            }
        }
    }
    Ok(())
}

/// The names of new variables; `None` where the values of the old ones are replaced.
fn targets(s: &Session, inner: &ParsedCommand, vars: &[usize]) -> Result<Option<Vec<String>>> {
    let names: Vec<String> = match (inner.options.text("generate"), inner.options.text("prefix")) {
        (Some(names), None) => names.split_whitespace().map(String::from).collect(),
        (None, Some(prefix)) => vars.iter().map(|&i| format!("{prefix}{}", s.frame.var(i).name)).collect(),
        (None, None) => return Ok(None),
        _ => return Err(StataError::standard(184)),
    };
    if names.len() == vars.len() { Ok(Some(names)) } else { Err(StataError::syntax()) }
}

/// Values by the rules in the rows of `keep`, and how many differ; other rows keep theirs if `whole`, else they are missing.
fn recoded(values: &[f64], keep: &[bool], whole: bool, rules: &[Rule]) -> (Vec<f64>, usize) {
    let mut changes = 0;
    let one = |(&x, &kept): (&f64, &bool)| {
        if !kept {
            return if whole { x } else { MISSING };
        }
        let to = rules.iter().find(|rule| rule.covers(x)).and_then(|rule| rule.to).unwrap_or(x);
        changes += usize::from(to != x);
        to
    };
    (values.iter().zip(keep).map(one).collect(), changes)
}

/// The storage type that holds the new values of a variable.
fn type_for(s: &Session, i: usize, values: &[f64]) -> StorageType {
    values.iter().fold(s.frame.var(i).data.storage_type(), |ty, &x| ty.promoted_for(x))
}

fn replace_values(s: &mut Session, i: usize, values: &[f64], changes: usize) {
    let ty = type_for(s, i, values);
    if ty != s.frame.var(i).data.storage_type() {
        super::generate::promote(s, i, ty);
    }
    let column = s.frame.column_mut(i);
    values.iter().enumerate().for_each(|(row, &x)| column.set_num(row, x));
    let name = &s.frame.var(i).name;
    s.print(format!("({name}: {} changes made)", count_text(changes)));
}

/// Adds a variable of recoded values, with the texts of the rules as a value label of the name `set`.
fn add_variable(
    s: &mut Session,
    (i, new): (usize, &str),
    (values, changes): (&[f64], usize),
    (rules, set): (&[Rule], &str),
) -> Result<()> {
    let mut var = Variable::new(new, Column::from_f64(type_for(s, i, values), values));
    let old = s.frame.var(i);
    let name = old.name.clone();
    let label = if old.label.is_empty() { String::new() } else { format!(" ({})", old.label) };
    var.label = format!("RECODE of {name}{label}").chars().take(80).collect();
    let mut labels = ValueLabel::default();
    let labelled: Vec<(f64, &str)> =
        rules.iter().filter_map(|rule| rule.to.zip(rule.label.as_deref())).collect();
    if !labelled.is_empty() {
        labelled.iter().for_each(|(x, text)| labels.set(*x, text));
        var.value_label = set.to_owned();
        s.frame.value_labels.insert(set.to_owned(), labels);
    }
    s.frame.add(var)?;
    s.print(format!("({} differences between {name} and {new})", count_text(changes)));
    Ok(())
}
