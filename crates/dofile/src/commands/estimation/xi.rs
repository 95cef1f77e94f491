//! `xi`: indicator variables for `i.varname`, `i.a*i.b`, `i.a*x` and `i.a|x`, as a command or in front of another one.
//! Names and omitted groups: [R] xi.

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable};
use crate::session::{Extension, Session};
use crate::syntax::split::{
    ParsedCommand, quote_at, skip_quote, top_level_colon, top_level_comma, unquote, words,
};
use crate::value::{MISSING, is_missing};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "creates _Ivar_#, _IaXb_#_# and _IaXx_#; the lowest value is omitted unless char var[omit] names one, or the most frequent one with char _dta[omit] prevalent; variables of the last xi are dropped; [R] xi",
    examples: &[Example {
        run: "set obs 12\ngen a = 1 + mod(_n, 3)\ngen x = _n\ngen y = x + 2*(a==2) + 5*(a==3)\nxi: regress y i.a x",
        expect: &[("_b[_Ia_2]", 2.0), ("_b[_Ia_3]", 5.0), ("_b[x]", 1.0)],
    }],
    ..CommandSpec::raw(
        "xi",
        2,
        run,
        "xi [, prefix(text) noomit] term ... | xi [, prefix(text) noomit]: command",
    )
};

/// Variables that the last `xi` created.
#[derive(Debug, Default)]
struct Created(Vec<String>);

impl Extension for Created {}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (head, body, is_prefix) = match top_level_colon(raw) {
        Some(i) => (raw[..i].trim(), raw[i + 1..].trim(), true),
        None => {
            let (head, body) = parts(raw);
            (head, body, false)
        }
    };
    let (mut prefix, mut omit) = ("_I".to_string(), true);
    for (name, value) in crate::syntax::options::split_options(head.trim_start_matches(','))? {
        match (name.as_str(), value) {
            ("prefix", Some(text)) => prefix = unquote(text.trim()).to_string(),
            ("noomit", None) => omit = false,
            _ => return Err(StataError::option_not_allowed(&name)),
        }
    }
    if body.is_empty() {
        return Err(StataError::standard(100));
    }
    for name in std::mem::take(s.extensions.state::<Created>()).0 {
        if let Some(i) = s.frame.find(&name) {
            s.frame.drop_vars(&[i]);
        }
    }
    let mut maker = Maker { prefix, omit, created: Vec::new() };
    let text = maker.expand(s, body)?;
    s.extensions.set(Created(maker.created));
    s.frame.changed = true;
    if is_prefix { s.run_expanded(&text).map(|_| ()) } else { Ok(()) }
}

/// Options and terms of `xi, noomit i.a` and of `xi i.a, noomit`.
fn parts(raw: &str) -> (&str, &str) {
    match top_level_comma(raw) {
        Some(0) => {
            let terms = |word: &&str| word.starts_with("i.") || word.starts_with("I.");
            let first = words(&raw[1..]).into_iter().find(terms);
            let at = first.map_or(raw.len(), |word| word.as_ptr() as usize - raw.as_ptr() as usize);
            (raw[..at].trim(), raw[at..].trim())
        }
        Some(at) => (raw[at..].trim(), raw[..at].trim()),
        None => ("", raw),
    }
}

/// A categorical variable: its groups, each with the value in its name, and the omitted one.
struct Groups {
    variable: usize,
    name: String,
    /// Name of each group and its rows.
    levels: Vec<(String, Vec<bool>)>,
    omitted: Option<usize>,
}

struct Maker {
    prefix: String,
    omit: bool,
    created: Vec<String>,
}

fn is_name(c: u8) -> bool {
    c == b'_' || c.is_ascii_alphanumeric()
}

impl Maker {
    /// Replaces the terms of a command by names of variables.
    fn expand(&mut self, s: &mut Session, text: &str) -> Result<String> {
        let bytes = text.as_bytes();
        let mut out = String::new();
        let mut i = 0;
        while i < bytes.len() {
            if quote_at(bytes, i) {
                let quoted = skip_quote(bytes, i);
                out.push_str(&text[i..quoted]);
                i = quoted;
                continue;
            }
            let starts = i == 0 || !(is_name(bytes[i - 1]) || b".#*|".contains(&bytes[i - 1]));
            if starts && matches!(bytes[i], b'i' | b'I') && bytes.get(i + 1) == Some(&b'.') {
                let mut end = i + 2;
                while end < bytes.len() && (is_name(bytes[end]) || b"*|.".contains(&bytes[end])) {
                    end += 1;
                }
                out.push_str(&self.term(s, &text[i..end])?);
                i = end;
                continue;
            }
            let width = text[i..].chars().next().map_or(1, char::len_utf8);
            out.push_str(&text[i..i + width]);
            i += width;
        }
        Ok(out)
    }

    fn term(&mut self, s: &mut Session, term: &str) -> Result<String> {
        let categorical = |t: &str| t.strip_prefix("i.").or(t.strip_prefix("I.")).map(str::to_string);
        let split = term.find(['*', '|']);
        let left = categorical(split.map_or(term, |i| &term[..i])).ok_or_else(StataError::syntax)?;
        let a = self.groups(s, &left)?;
        let Some(at) = split else { return self.main(s, &a) };
        let right = &term[at + 1..];
        let both = term.as_bytes()[at] == b'*';
        let mut names = Vec::new();
        match categorical(right) {
            Some(name) if both => {
                let b = self.groups(s, &name)?;
                names.push(self.main(s, &a)?);
                names.push(self.main(s, &b)?);
                for (i, (value, rows)) in a.levels.iter().enumerate() {
                    for (j, (other, others)) in b.levels.iter().enumerate() {
                        if Some(i) == a.omitted || Some(j) == b.omitted {
                            continue;
                        }
                        let own = format!("{}X{}_{value}_{other}", stub(&a.name), stub(&b.name));
                        let label = format!("{}=={value} & {}=={other}", a.name, b.name);
                        let value = |r: usize| f64::from(u8::from(rows[r] && others[r]));
                        names.push(self.add(
                            s,
                            &own,
                            &label,
                            &[a.variable, b.variable],
                            StorageType::Byte,
                            value,
                        )?);
                    }
                }
            }
            Some(_) => return Err(StataError::invalid("i.varname|i.varname not allowed")),
            None => {
                let x = s.numeric_variable(right)?;
                let name = s.frame.var(x).name.clone();
                if both {
                    names.push(self.main(s, &a)?);
                }
                names.push(name.clone());
                let values: Vec<f64> = s.frame.numeric(x)?.to_vec();
                for (_, (value, rows)) in a.levels.iter().enumerate().filter(|(i, _)| Some(*i) != a.omitted) {
                    let own = format!("{}X{}_{value}", stub(&a.name), stub(&name));
                    let label = format!("({}=={value})*{name}", a.name);
                    let product = |r: usize| if rows[r] { values[r] } else { 0.0 };
                    names.push(self.add(s, &own, &label, &[a.variable, x], StorageType::Float, product)?);
                }
            }
        }
        Ok(names.join(" "))
    }

    /// Indicators of all groups but the omitted one.
    fn main(&mut self, s: &mut Session, groups: &Groups) -> Result<String> {
        let mut names = Vec::new();
        for (_, (value, rows)) in groups.levels.iter().enumerate().filter(|(i, _)| Some(*i) != groups.omitted)
        {
            let own = format!("{}_{value}", groups.name);
            let label = format!("{}=={value}", groups.name);
            let indicator = |r: usize| f64::from(u8::from(rows[r]));
            names.push(self.add(s, &own, &label, &[groups.variable], StorageType::Byte, indicator)?);
        }
        let range = |k: Option<&(String, Vec<bool>)>| k.map_or(String::new(), |l| l.0.clone());
        let coded = if s.frame.var(groups.variable).is_string() { "string coded" } else { "naturally coded" };
        let dropped = groups.omitted.map_or(String::new(), |i| {
            format!("; {}{}_{} omitted", self.prefix, groups.name, groups.levels[i].0)
        });
        let span = format!(
            "{}{}_{}-{}",
            self.prefix,
            groups.name,
            range(groups.levels.first()),
            range(groups.levels.last())
        );
        s.print(format!("{:<17} {span:<20}({coded}{dropped})", format!("i.{}", groups.name)));
        Ok(names.join(" "))
    }

    /// Adds a variable, missing where one of the sources is, unless this `xi` made it before.
    fn add(
        &mut self,
        s: &mut Session,
        own: &str,
        label: &str,
        sources: &[usize],
        kind: StorageType,
        value: impl Fn(usize) -> f64,
    ) -> Result<String> {
        let name: String = format!("{}{own}", self.prefix).chars().take(32).collect();
        if self.created.contains(&name) {
            return Ok(name);
        }
        let missing = |r: usize| {
            sources.iter().any(|v| {
                let data = &s.frame.var(*v).data;
                if data.is_string() { data.str(r).is_empty() } else { is_missing(data.num(r)) }
            })
        };
        let values: Vec<f64> =
            (0..s.frame.n_rows()).map(|r| if missing(r) { MISSING } else { value(r) }).collect();
        let mut variable = Variable::new(&name, Column::from_f64(kind, &values));
        variable.label = label.to_string();
        s.frame.add(variable)?;
        self.created.push(name.clone());
        Ok(name)
    }

    fn groups(&self, s: &Session, name: &str) -> Result<Groups> {
        let variable = s.variable(name)?;
        let v = s.frame.var(variable);
        let rows = s.frame.n_rows();
        let levels: Vec<(String, Vec<bool>)> = if v.is_string() {
            let mut texts: Vec<&str> = (0..rows).map(|r| v.data.str(r)).filter(|t| !t.is_empty()).collect();
            texts.sort_unstable();
            texts.dedup();
            let one = |(k, t): (usize, &&str)| {
                ((k + 1).to_string(), (0..rows).map(|r| v.data.str(r) == *t).collect())
            };
            texts.iter().enumerate().map(one).collect()
        } else {
            let mut values: Vec<f64> = (0..rows).map(|r| v.data.num(r)).filter(|x| !is_missing(*x)).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            if values.iter().any(|x| x.fract() != 0.0 || *x < 0.0) {
                return Err(StataError::unsupported_option(
                    "xi",
                    "values that are not whole and nonnegative",
                ));
            }
            values
                .iter()
                .map(|x| (format!("{x}"), (0..rows).map(|r| v.data.num(r) == *x).collect()))
                .collect()
        };
        if levels.is_empty() {
            return Err(StataError::no_observations());
        }
        let count = |k: usize| levels[k].1.iter().filter(|own| **own).count();
        let prevalent = s.frame.char("_dta", "omit") == "prevalent";
        let omitted = match (self.omit, s.frame.char(&v.name, "omit")) {
            (false, _) => None,
            // the first one of those with the most rows
            (true, "") if prevalent => (0..levels.len()).rev().max_by_key(|k| count(*k)),
            (true, "") => Some(0),
            (true, value) => levels
                .iter()
                .position(|(code, rows)| match rows.iter().position(|own| *own) {
                    Some(row) if v.is_string() => v.data.str(row) == value,
                    _ => code == value,
                })
                .or(Some(0)),
        };
        Ok(Groups { variable, name: v.name.clone(), levels, omitted })
    }
}

/// The first three characters of a name, as interactions use them.
fn stub(name: &str) -> String {
    name.chars().take(3).collect()
}
