//! The `syntax` statement of programs (manual [P] syntax): checks `` `0' ``
//! against a pattern and fills locals.

use super::syntax_pattern::{Part, Pattern, parse_pattern};
use crate::error::{Result, StataError};
use crate::format::macro_text;
use crate::frame::is_valid_name;
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::{ParsedCommand, unquote, words};
use crate::syntax::{FvList, numlist, varlist};

impl Session {
    /// Runs `syntax pattern` on the local `0`.
    pub(super) fn syntax_statement(&mut self, pattern: &str) -> Result<()> {
        let (parts, options) = parse_pattern(pattern)?;
        let typed = self.local("0").to_string();
        let wants_exp = parts.iter().any(|p| matches!(p, Part::Exp { .. }));
        let cmd = ParsedCommand::split("", &typed, wants_exp)?;
        self.check_parts(&parts, &cmd, &typed)?;
        self.fill_options(&options, &cmd.option_text)
    }

    fn check_parts(&mut self, parts: &[Part], cmd: &ParsedCommand, typed: &str) -> Result<()> {
        let has = |f: fn(&Part) -> bool| parts.iter().any(f);
        let everything = has(|p| matches!(p, Part::Anything { .. }));
        if cmd.if_exp.is_some() && !has(|p| matches!(p, Part::If { .. })) {
            return Err(StataError::invalid("if not allowed"));
        }
        if cmd.in_range.is_some() && !has(|p| matches!(p, Part::In { .. })) {
            return Err(StataError::invalid("in range not allowed"));
        }
        if cmd.using.is_some() && !has(|p| matches!(p, Part::Using { .. })) {
            return Err(StataError::invalid("using not allowed"));
        }
        if cmd.weight.is_some() && !has(|p| matches!(p, Part::Weight { .. })) {
            return Err(StataError::new(101, "weights not allowed"));
        }
        let any_list = has(|p| matches!(p, Part::VarList { .. }));
        if !everything && !any_list && !cmd.list.is_empty() {
            let word = typed.split_whitespace().next().unwrap_or("");
            return Err(match has(|p| matches!(p, Part::Exp { .. })) {
                true => StataError::syntax(),
                false if is_valid_name(word) => StataError::standard(101),
                false => StataError::invalid(format!("invalid '{word}' ")),
            });
        }
        for part in parts {
            self.fill_part(part, cmd)?;
        }
        Ok(())
    }

    fn fill_part(&mut self, part: &Part, cmd: &ParsedCommand) -> Result<()> {
        let missing = |what: &str| StataError::new(100, format!("{what} required"));
        match part {
            Part::VarList { kind, spec, optional } => {
                let text = self.varlist_argument(kind, spec, *optional, &cmd.list)?;
                self.set_local(
                    kind.trim_start_matches("new").trim_start_matches("fv").trim_start_matches("ts"),
                    text.clone(),
                );
                let key = if kind.ends_with("list") { "varlist" } else { "varname" };
                self.set_local(key, text.clone());
                // `varname' fills the local varlist, as in Stata
                self.set_local("varlist", text);
                if key == "varname" {
                    self.set_local("varname", "");
                }
            }
            Part::Anything { local, names, optional } => {
                if cmd.list.is_empty() && !optional {
                    return Err(missing(if names.is_some() { local } else { "something" }));
                }
                let given: Vec<&str> = cmd.list.split_whitespace().collect();
                if names.is_some_and(|most| given.len() > most || given.iter().any(|n| !is_valid_name(n))) {
                    return Err(StataError::invalid(format!("{} invalid name", cmd.list)));
                }
                self.set_local(local, cmd.list.clone());
            }
            Part::If { optional, bare } => {
                let word = if *bare { "" } else { "if " };
                let text = cmd.if_exp.as_ref().map_or(String::new(), |t| format!("{word}{t}"));
                if text.is_empty() && !optional {
                    return Err(missing("if"));
                }
                self.set_local("if", text);
            }
            Part::In { optional, bare } => {
                let word = if *bare { "" } else { "in " };
                let text = cmd.in_range.as_ref().map_or(String::new(), |t| format!("{word}{t}"));
                if text.is_empty() && !optional {
                    return Err(missing("in"));
                }
                self.set_local("in", text);
            }
            Part::Using { optional, bare } => {
                let text = cmd
                    .using
                    .as_ref()
                    .map_or(String::new(), |t| if *bare { t.clone() } else { format!("using `\"{t}\"'") });
                if text.is_empty() && !optional {
                    return Err(missing("using"));
                }
                self.set_local("using", text);
            }
            Part::Weight { optional, bare, kinds } => {
                let weight = cmd.weight.clone();
                if weight.is_none() && !optional {
                    return Err(missing("weight"));
                }
                let usual = kinds.first().copied().unwrap_or("aweight");
                let kind = weight.as_ref().map_or("", |w| w.kind.map_or(usual, |k| k.name()));
                if !kind.is_empty() && !kinds.is_empty() && !kinds.contains(&kind) {
                    return Err(StataError::new(101, format!("{kind}s not allowed")));
                }
                self.set_local("weight", kind);
                let sign = if *bare { "" } else { "= " };
                self.set_local("exp", weight.map_or(String::new(), |w| format!("{sign}{}", w.exp)));
            }
            Part::Exp { optional, bare } => {
                if cmd.exp.is_none() && !optional {
                    return Err(missing("=exp"));
                }
                let text = cmd
                    .exp
                    .as_ref()
                    .map_or(String::new(), |e| if *bare { e.trim().to_string() } else { format!("= {e}") });
                self.set_local("exp", text);
            }
        }
        Ok(())
    }

    /// Checks a varlist-like argument and gives its unabbreviated text.
    fn varlist_argument(&mut self, kind: &str, spec: &str, optional: bool, list: &str) -> Result<String> {
        let abbrev = self.settings.varabbrev;
        let flags: Vec<String> = spec.to_lowercase().split_whitespace().map(String::from).collect();
        let has = |f: &str| flags.iter().any(|x| x == f);
        let limit = |key: &str| {
            flags.iter().find_map(|f| {
                f.strip_prefix(key).and_then(|k| k.strip_prefix('=')).and_then(|k| k.parse::<usize>().ok())
            })
        };
        let single = kind.ends_with("name");
        let mut list = list.trim().to_string();
        if list.is_empty() {
            if !optional {
                return Err(StataError::standard(100));
            }
            if single || has("default=none") || kind.starts_with("new") {
                return Ok(String::new());
            }
            list = "_all".into();
        }
        let text = if kind.starts_with("new") {
            let names: Vec<&str> = list.split_whitespace().collect();
            let types = names.iter().filter(|n| crate::frame::StorageType::parse(n).is_some()).count();
            let new = varlist::new_names(&self.frame, &names[types.min(1)..].join(" "))?;
            let ty = if types > 0 { names[0].to_string() } else { self.settings.default_type.name() };
            self.set_local("typlist", vec![ty; new.len()].join(" "));
            new.join(" ")
        } else if has("fv") || has("ts") || kind.starts_with("fv") {
            let parsed = FvList::parse(&self.frame, &list, abbrev)?;
            if !has("fv") && !parsed.factors().is_empty() && list.contains(['#']) {
                return Err(StataError::new(101, "factor-variable operators not allowed"));
            }
            self.check_kinds(&parsed.variables(), &flags)?;
            unabbreviated(&self.frame, &list, abbrev)
        } else {
            let vars = varlist::resolve(&self.frame, &list, abbrev).map_err(|e| fv_message(e, &list))?;
            let names: Vec<String> = vars.iter().map(|&i| self.frame.var(i).name.clone()).collect();
            self.check_kinds(&names, &flags)?;
            names.join(" ")
        };
        let n = words(&text).len();
        if n < limit("min").unwrap_or(0) {
            return Err(StataError::standard(102));
        }
        if n > limit("max").unwrap_or(usize::MAX) || (single && n > 1) {
            return Err(StataError::standard(103));
        }
        Ok(text)
    }

    fn check_kinds(&self, names: &[String], flags: &[String]) -> Result<()> {
        for name in names {
            let string = self.frame.var(self.frame.position(name)?).is_string();
            if string && flags.iter().any(|f| f == "numeric") {
                return Err(StataError::new(
                    109,
                    format!("string variables not allowed in varlist;\n{name} is a string variable"),
                ));
            }
            if !string && flags.iter().any(|f| f == "string" || f == "str") {
                return Err(StataError::new(
                    109,
                    format!("numeric variables not allowed in varlist;\n{name} is a numeric variable"),
                ));
            }
        }
        Ok(())
    }

    fn fill_options(&mut self, patterns: &[Pattern], text: &str) -> Result<()> {
        let mut given = split_options(text)?;
        // LOG and noLOG fill the same local
        let mut filled: Vec<String> = Vec::new();
        for p in patterns {
            if p.name == "*" {
                continue;
            }
            let lower = p.name.to_lowercase();
            let at = given.iter().position(|(n, a)| {
                let takes = !p.kind.is_empty();
                let base = abbreviates(n, &p.name);
                base && (takes == a.is_some())
            });
            let found = at.map(|k| given.remove(k));
            match found {
                None if p.required => {
                    let shown = if p.kind.is_empty() { lower.clone() } else { format!("{lower}()") };
                    return Err(StataError::new(198, format!("option {shown} required")));
                }
                None => {
                    let level =
                        || if p.kind == "cilevel" { macro_text(self.settings.level) } else { String::new() };
                    let value = p.default.clone().unwrap_or_else(level);
                    let local = local_name(p, &lower);
                    if !filled.iter().any(|name| name == local) {
                        self.set_local(local, value);
                    }
                }
                Some((_, arg)) => {
                    let value = self.option_value(p, &lower, arg)?;
                    let local = local_name(p, &lower);
                    self.set_local(local, value);
                    filled.push(local.to_string());
                }
            }
        }
        let rest: Vec<String> =
            given.into_iter().map(|(n, a)| a.map_or(n.clone(), |a| format!("{n}({a})"))).collect();
        if patterns.iter().any(|p| p.name == "*") {
            self.set_local("options", rest.join(" "));
        } else if let Some(first) = rest.first() {
            let name = first.split('(').next().unwrap_or(first);
            let shown = if first.contains('(') { format!("{name}()") } else { name.to_string() };
            return Err(StataError::option_not_allowed(&shown));
        }
        Ok(())
    }

    fn option_value(&mut self, p: &Pattern, lower: &str, arg: Option<String>) -> Result<String> {
        let Some(arg) = arg else {
            return Ok(lower.to_string());
        };
        let wrong = || StataError::invalid(format!("option {lower}() incorrectly specified"));
        match p.kind.as_str() {
            "string" | "str" => Ok(if p.spec == "asis" { arg } else { unquote(&arg).to_string() }),
            "passthru" => Ok(format!("{lower}({arg})")),
            "integer" | "int" => {
                let x = parse_number(&arg).or_else(|| self.eval_num(&arg).ok()).ok_or_else(wrong)?;
                if x.fract() != 0.0 { Err(wrong()) } else { Ok(macro_text(x)) }
            }
            "real" => {
                let x = parse_number(&arg).or_else(|| self.eval_num(&arg).ok()).ok_or_else(wrong)?;
                Ok(macro_text(x))
            }
            "cilevel" => match parse_number(&arg).or_else(|| self.eval_num(&arg).ok()) {
                Some(x) if (10.0..=99.99).contains(&x) => Ok(macro_text(x)),
                _ => Err(StataError::new(198, format!("{lower}() must be between 10 and 99.99 inclusive"))),
            },
            "numlist" => {
                let mut list = numlist::expand(&arg)?;
                check_numlist(&list, &p.spec)?;
                if p.spec.split_whitespace().any(|word| word == "sort") {
                    list.sort_by(f64::total_cmp);
                }
                Ok(list.into_iter().map(macro_text).collect::<Vec<_>>().join(" "))
            }
            "varlist" | "varname" | "newvarlist" | "newvarname" | "fvvarlist" => {
                self.varlist_argument(&p.kind, &p.spec, false, &arg)
            }
            "name" | "namelist" => {
                let names: Vec<&str> = arg.split_whitespace().collect();
                let single = p.kind == "name" && names.len() != 1;
                if single || names.iter().any(|n| !is_valid_name(n)) {
                    return Err(wrong());
                }
                Ok(names.join(" "))
            }
            "exp" => {
                self.compile(&arg)?;
                Ok(arg)
            }
            _ => Err(StataError::invalid(format!("syntax: {} is no option type", p.kind))),
        }
    }
}

/// Name of the local of an option; that of an option that turns something off, such as `noCONStant`, has no `no`.
fn local_name<'a>(p: &Pattern, lower: &'a str) -> &'a str {
    let off = p.kind.is_empty() && p.name.starts_with("no");
    lower.strip_prefix("no").filter(|rest| off && is_valid_name(rest)).unwrap_or(lower)
}

/// r(101) with the usual text where a plain list holds operators.
fn fv_message(e: StataError, list: &str) -> StataError {
    if list.contains('#') || list.split_whitespace().any(|w| w.starts_with("i.") || w.starts_with("c.")) {
        return StataError::new(101, "factor-variable operators not allowed");
    }
    if list.contains('.') && e.code == 198 {
        return StataError::new(101, "time-series operators not allowed");
    }
    e
}

/// A list with operators, names unabbreviated where they stand alone.
fn unabbreviated(frame: &crate::frame::Frame, list: &str, abbrev: bool) -> String {
    let plain = |w: &str| !w.contains(['.', '#', '(']);
    let mut out = Vec::new();
    for w in words(list) {
        if plain(w)
            && let Ok(vars) = varlist::resolve(frame, w, abbrev)
        {
            out.extend(vars.into_iter().map(|i| frame.var(i).name.clone()));
            continue;
        }
        out.push(w.to_string());
    }
    out.join(" ")
}

fn check_numlist(list: &[f64], spec: &str) -> Result<()> {
    // the bounds may stand in range()
    let spec = &spec.replace("range(", " ").replace(')', " ");
    let has = |w: &str| spec.split_whitespace().any(|s| s == w);
    if has("integer") && list.iter().any(|x| x.fract() != 0.0) {
        return Err(StataError::standard(126));
    }
    if has("ascending") && list.windows(2).any(|w| w[0] >= w[1]) {
        return Err(StataError::standard(124));
    }
    if has("descending") && list.windows(2).any(|w| w[0] <= w[1]) {
        return Err(StataError::standard(124));
    }
    let bound = |key: &str| spec.split_whitespace().find_map(|s| s.strip_prefix(key)).and_then(parse_number);
    if bound("min=").is_some_and(|m| (list.len() as f64) < m) {
        return Err(StataError::standard(122));
    }
    if bound("max=").is_some_and(|m| (list.len() as f64) > m) {
        return Err(StataError::standard(123));
    }
    let outside = |x: &f64| {
        bound(">=").is_some_and(|b| *x < b)
            || bound("<=").is_some_and(|b| *x > b)
            || spec.split_whitespace().any(|s| {
                let strict =
                    |p: &str| s.strip_prefix(p).filter(|r| !r.starts_with('=')).and_then(parse_number);
                strict(">").is_some_and(|b| *x <= b) || strict("<").is_some_and(|b| *x >= b)
            })
    };
    if list.iter().any(outside) {
        return Err(StataError::standard(125));
    }
    Ok(())
}
