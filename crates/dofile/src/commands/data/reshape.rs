//! `reshape long` and `reshape wide`.

use super::reshape_long::long;
use super::reshape_message::Message;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::frame::{Frame, Variable, is_valid_name};
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand, numlist};
use crate::value::is_missing;
use std::sync::Arc;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "reshape",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "reshape {long|wide} stubnames, i(varlist) j(varname [values]) [string] | reshape error",
    notes: "reshape error lists the rows that hinder the last reshape; a stub may hold @ where the value of j stands; r(9) when i (and j) do not identify the rows or a carried variable varies within i; no results",
    examples: &[
        Example {
            run: "set obs 2\ngenerate id = _n\ngenerate x1 = 10*_n\ngenerate x2 = 20*_n\ngenerate z = -_n\nreshape long x, i(id) j(t)",
            expect: &[("_N", 4.0), ("x[2]", 20.0), ("t[2]", 2.0), ("x[3]", 20.0), ("z[4]", -2.0)],
        },
        Example {
            run: "set obs 4\ngenerate id = ceil(_n/2)\ngenerate t = mod(_n,2) + 5\ngenerate x = _n\nreshape wide x, i(id) j(t)",
            expect: &[("_N", 2.0), ("x6[1]", 1.0), ("x5[2]", 4.0)],
        },
        Example {
            run: "set obs 1\ngenerate id = 1\ngenerate inc_a = 3\ngenerate inc_b = 4\nreshape long inc_, i(id) j(k) string\nscalar s = k[2] == \"b\"",
            expect: &[("s", 1.0), ("inc_[2]", 4.0)],
        },
    ],
};

/// A stub: what stands before and after the value of j.
pub(super) struct Stub {
    before: String,
    after: String,
}

impl Stub {
    fn new(text: &str) -> Self {
        match text.split_once('@') {
            Some((a, b)) => Self { before: a.into(), after: b.into() },
            None => Self { before: text.into(), after: String::new() },
        }
    }

    pub(super) fn wide(&self, j: &str) -> String {
        format!("{}{j}{}", self.before, self.after)
    }

    pub(super) fn long(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    pub(super) fn value_in<'a>(&self, name: &'a str) -> Option<&'a str> {
        let rest = name.strip_prefix(self.before.as_str())?;
        rest.strip_suffix(self.after.as_str()).filter(|v| !v.is_empty())
    }
}

pub(super) struct Request {
    pub(super) stubs: Vec<Stub>,
    pub(super) i: Vec<usize>,
    pub(super) j: String,
    pub(super) values: Vec<String>,
    pub(super) string: bool,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (what, rest) = cmd.raw.split_once(char::is_whitespace).unwrap_or((cmd.raw.as_str(), ""));
    if what == "error" {
        return super::reshape_error::run(s);
    }
    let mut inner = ParsedCommand::split("reshape", rest, false)?;
    inner.refuse_selection()?;
    inner.check_options(
        &[OptSpec::text("i"), OptSpec::text("j"), OptSpec::flag("String")],
        &["ATWL", "FAVOR"],
    )?;
    if inner.list.trim().is_empty() && inner.options.iter().next().is_none() {
        let text = again(s, what)?;
        inner = ParsedCommand::split("reshape", &text, false)?;
        inner.check_options(&[OptSpec::text("i"), OptSpec::text("j"), OptSpec::flag("String")], &[])?;
    }
    let missing = |o: &str| StataError::invalid(format!("option {o}() required"));
    let i = s.varlist(inner.options.text("i").ok_or_else(|| missing("i"))?)?;
    let j = words(inner.options.text("j").unwrap_or("_j")).into_iter().map(String::from).collect::<Vec<_>>();
    let (name, values) = j.split_first().ok_or_else(|| missing("j"))?;
    if what == "wide" && inner.list.contains(['*', '?', '~']) {
        inner.list = names_of_stubs(s, &inner.list)?;
    }
    let stubs: Vec<Stub> = inner.list.split_whitespace().map(Stub::new).collect();
    if stubs.is_empty() {
        return Err(StataError::new(198, "no stub names given"));
    }
    let string = inner.has("string");
    let values = if string || values.is_empty() {
        values.to_vec()
    } else {
        numlist::expand(&values.join(" "))?.into_iter().map(crate::format::macro_text).collect()
    };
    let request = Request { stubs, i, j: name.clone(), values, string };
    let (n0, k0) = (s.frame.n_rows(), s.frame.n_vars());
    if !matches!(what, "long" | "wide") {
        return Err(StataError::unsupported_command(&format!("reshape {what}")));
    }
    // kept also where the reshape fails: reshape error uses it
    remember(s, &inner);
    let mut message = if what == "long" { long(s, &request)? } else { wide(s, &request)? };
    message.values_found = request.values.is_empty();
    message.print(s, &request.j, (n0, k0), what == "long");
    Ok(())
}

/// Variables that go wide, where a list has wildcards.
fn names_of_stubs(s: &Session, list: &str) -> Result<String> {
    let mut out = Vec::new();
    for word in list.split_whitespace() {
        if word.contains(['*', '?', '~']) {
            out.extend(s.varlist(word)?.into_iter().map(|v| s.frame.var(v).name.clone()));
        } else {
            out.push(word.to_string());
        }
    }
    Ok(out.join(" "))
}

/// Keeps what was requested, for `reshape long` and `reshape wide` alone.
fn remember(s: &mut Session, cmd: &ParsedCommand) {
    let string = if cmd.has("string") { "string" } else { "" };
    let j = words(cmd.options.text("j").unwrap_or("_j")).first().map_or(String::new(), |j| (*j).to_string());
    let i = cmd.options.text("i").unwrap_or("").to_string();
    for (key, text) in [
        ("ReS_i", i),
        ("ReS_j", j),
        ("ReS_Xij", cmd.list.trim().to_string()),
        ("ReS_str", string.to_string()),
    ] {
        s.frame.chars.insert(("_dta".to_string(), key.to_string()), text);
    }
}

/// The last request with its options; r(198) without one.
fn again(s: &Session, what: &str) -> Result<String> {
    let part = |key: &str| s.frame.char("_dta", key);
    if part("ReS_Xij").is_empty() || !matches!(what, "long" | "wide") {
        return Err(StataError::new(198, "no stub names given"));
    }
    Ok(format!("{}, i({}) j({}) {}", part("ReS_Xij"), part("ReS_i"), part("ReS_j"), part("ReS_str")))
}

pub(super) fn identifies(s: &Session, keys: &[usize]) -> bool {
    let order = s.frame.sorted_order(&keys.iter().map(|&k| (k, false)).collect::<Vec<_>>());
    !order.windows(2).any(|w| s.frame.rows_equal(keys, w[0], w[1]))
}

pub(super) fn names(s: &Session, vars: &[usize]) -> String {
    vars.iter().map(|&v| s.frame.var(v).name.as_str()).collect::<Vec<_>>().join(" ")
}

/// An empty frame with the labels and characteristics of another.
pub(super) fn empty_like(old: &Frame) -> Frame {
    let mut out = Frame::new();
    out.value_labels = old.value_labels.clone();
    out.label.clone_from(&old.label);
    out.chars = old.chars.clone();
    out.filename.clone_from(&old.filename);
    out.changed = true;
    out
}

fn wide(s: &mut Session, r: &Request) -> Result<Message> {
    let j = s.frame.find(&r.j).ok_or_else(|| StataError::no_variable(&r.j))?;
    if s.frame.var(j).is_string() && !r.string {
        return Err(StataError::new(109, format!("variable {} is string; specify string option", r.j)));
    }
    let mut keys = r.i.clone();
    keys.push(j);
    if !identifies(s, &keys) {
        return Err(StataError::new(
            9,
            format!("values of variable {} not unique within {}", r.j, names(s, &r.i)),
        ));
    }
    let old = &s.frame;
    let gone = |k: usize| {
        if old.var(j).is_string() { old.str_at(j, k).is_empty() } else { is_missing(old.num_at(j, k)) }
    };
    if (0..old.n_rows()).any(gone) {
        return Err(StataError::new(498, format!("variable {} contains missing values", r.j)));
    }
    let stubs: Result<Vec<usize>> = r.stubs.iter().map(|st| old.position(&st.long())).collect();
    let stubs = stubs?;
    let value_groups = grouped(s, &[j], (0..old.n_rows()).collect());
    let mut group_of = vec![0; old.n_rows()];
    let mut labels = Vec::new();
    for (k, g) in value_groups.iter().enumerate() {
        g.iter().for_each(|&row| group_of[row] = k);
        let text = if old.var(j).is_string() {
            old.str_at(j, g[0]).to_string()
        } else {
            crate::format::macro_text(old.num_at(j, g[0]))
        };
        labels.push(text);
    }
    let units = grouped(s, &r.i, (0..old.n_rows()).collect());
    for (k, v) in old.vars().iter().enumerate().filter(|(k, _)| !keys.contains(k) && !stubs.contains(k)) {
        let varies = units.iter().any(|g| g.iter().any(|&row| old.compare(k, g[0], row).is_ne()));
        if varies {
            return Err(StataError::new(
                9,
                format!("variable {} not constant within {}", v.name, names(s, &r.i)),
            ));
        }
    }
    let mut out = empty_like(old);
    let first_rows = |v: &Variable| {
        let mut var = v.clone();
        var.data = Arc::new(v.data.gather(units.iter().map(|g| Some(g[0]))));
        var
    };
    for &i in &r.i {
        out.add(first_rows(old.var(i)))?;
    }
    for (k, label) in labels.iter().enumerate() {
        for (stub, &v) in r.stubs.iter().zip(&stubs) {
            let name = stub.wide(label);
            if !is_valid_name(&name) {
                return Err(StataError::new(198, format!("{name} invalid variable name")));
            }
            let source = old.var(v);
            let mut var = source.clone();
            var.name = name;
            let pick = |g: &Vec<usize>| g.iter().copied().find(|&row| group_of[row] == k);
            var.data = Arc::new(source.data.gather(units.iter().map(pick)));
            var.label =
                format!("{label} {}", if source.label.is_empty() { &source.name } else { &source.label });
            out.add(var)?;
        }
    }
    for (k, v) in old.vars().iter().enumerate() {
        if !keys.contains(&k) && !stubs.contains(&k) {
            out.add(first_rows(v))?;
        }
    }
    out.sorted_by = r.i.iter().map(|&i| old.var(i).name.clone()).collect();
    s.frame = out;
    let wide = |stub: &Stub| labels.iter().map(|v| stub.wide(v)).collect();
    let made = r.stubs.iter().map(|stub| (wide(stub), stub.long())).collect();
    Ok(Message { values: labels, made, ..Message::default() })
}
