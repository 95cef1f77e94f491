//! Macro substitution as text, before a line is parsed (manual [P] macro):
//! locals in `` `'``, globals with `$`, `=exp`, `:extended functions`, `++`/`--`.

use crate::error::{Result, StataError};
use crate::format::macro_text;
use crate::session::Session;
use crate::value::Value;

const MAX_DEPTH: usize = 64;
const MAX_LENGTH: usize = 16 << 20;

impl Session {
    /// Substitutes all macros in a text.
    pub fn expand(&mut self, text: &str) -> Result<String> {
        if !text.contains(['`', '$', '\\']) {
            return Ok(text.to_string());
        }
        self.expand_at(text, 0)
    }

    fn expand_at(&mut self, text: &str, depth: usize) -> Result<String> {
        if depth > MAX_DEPTH {
            return Err(StataError::new(920, "macro substitution nested too deeply"));
        }
        let b = text.as_bytes();
        let mut out = String::with_capacity(text.len() + 16);
        let mut i = 0;
        while i < b.len() {
            match b[i] {
                b'\\' if matches!(b.get(i + 1), Some(b'`' | b'$')) => {
                    out.push(b[i + 1] as char);
                    i += 2;
                }
                b'`' if b.get(i + 1) == Some(&b'"') => {
                    out.push_str("`\"");
                    i += 2;
                }
                b'`' => match closing_quote(b, i) {
                    Some(end) => {
                        let value = self.local_reference(&text[i + 1..end], depth)?;
                        out.push_str(&value);
                        i = end + 1;
                    }
                    None => {
                        out.push('`');
                        i += 1;
                    }
                },
                b'$' => i = self.global_reference(text, i, &mut out, depth)?,
                _ => {
                    let start = i;
                    while i < b.len() && !matches!(b[i], b'\\' | b'`' | b'$') {
                        i += 1;
                    }
                    if i == start {
                        i += 1;
                    }
                    out.push_str(&text[start..i]);
                }
            }
            if out.len() > MAX_LENGTH {
                return Err(StataError::new(920, "macro substitution results in line that is too long"));
            }
        }
        Ok(out)
    }

    /// Value of what stands between `` ` `` and `'`.
    fn local_reference(&mut self, inner: &str, depth: usize) -> Result<String> {
        if let Some(name) = inner.strip_prefix("macval(").and_then(|s| s.strip_suffix(')')) {
            let name = self.expand_at(name, depth + 1)?;
            return Ok(self.local(&name).to_string());
        }
        let inner = self.expand_at(inner, depth + 1)?;
        let t = inner.trim_start();
        if let Some(exp) = t.strip_prefix('=') {
            return self.inline_expression(exp);
        }
        if let Some(function) = t.strip_prefix(':') {
            return self.extended_function(function.trim());
        }
        if let Some(name) = t.strip_prefix("++").or_else(|| t.strip_prefix("--")) {
            let by = if t.starts_with('+') { 1.0 } else { -1.0 };
            return self.increment(name, by);
        }
        if let Some(name) = t.strip_suffix("++").or_else(|| t.strip_suffix("--")) {
            let before = self.local(name).to_string();
            self.increment(name, if t.ends_with('+') { 1.0 } else { -1.0 })?;
            return Ok(before);
        }
        if let Some(value) = self.result_reference(t.trim_end()).or_else(|| self.characteristic(t.trim_end()))
        {
            return self.rescan(value, depth);
        }
        let value = match t.trim_end() {
            "*" => self.arguments(),
            name => self.local(name).to_string(),
        };
        self.rescan(value, depth)
    }

    /// The positional arguments with a blank between them: `` `*' `` ([U] 18.4).
    fn arguments(&self) -> String {
        let all = (1..).map(|k: usize| self.local(&k.to_string())).take_while(|text| !text.is_empty());
        all.collect::<Vec<_>>().join(" ")
    }

    /// Text of the characteristic `varname[name]` or `_dta[name]` ([P] char); empty when there is none.
    fn characteristic(&self, t: &str) -> Option<String> {
        let (owner, name) = t.strip_suffix(']')?.split_once('[')?;
        let owner = match owner {
            "_dta" => owner,
            _ => self.variable(owner).map_or("", |v| &self.frame.var(v).name),
        };
        Some(self.frame.char(owner, name.trim()).to_string())
    }

    /// Text of `r(name)`, `e(name)`, `s(name)` and `c(name)`; empty when there is none of that name.
    fn result_reference(&self, t: &str) -> Option<String> {
        let (class, name) = t.strip_suffix(')')?.split_once('(')?;
        let results = match class {
            "r" => &self.r,
            "e" => &self.e.results,
            "s" => &self.s,
            "return" => self.returning(),
            "c" => {
                return Some(match self.c_value(name) {
                    Ok(Value::Num(x)) => macro_text(x),
                    Ok(Value::Str(text)) => text,
                    Err(_) => String::new(),
                });
            }
            _ => return None,
        };
        let scalar = || results.get_scalar(name).map(macro_text);
        Some(results.get_text(name).map(String::from).or_else(scalar).unwrap_or_default())
    }

    fn rescan(&mut self, value: String, depth: usize) -> Result<String> {
        if value.contains(['`', '$']) { self.expand_at(&value, depth + 1) } else { Ok(value) }
    }

    fn inline_expression(&mut self, exp: &str) -> Result<String> {
        // an optional display format may precede the expression
        let exp = exp.trim();
        let (fmt, exp) = match exp.strip_prefix('%') {
            Some(_) => {
                let end = exp.find(char::is_whitespace).unwrap_or(exp.len());
                (Some(&exp[..end]), exp[end..].trim())
            }
            None => (None, exp),
        };
        Ok(match self.eval(exp)? {
            Value::Num(x) => fmt.map_or_else(|| macro_text(x), |f| crate::format::bare(f, x)),
            Value::Str(s) => s,
        })
    }

    fn increment(&mut self, name: &str, by: f64) -> Result<String> {
        let x = self.eval_num(if self.local(name).is_empty() { "0" } else { self.local(name) })?;
        let text = macro_text(x + by);
        self.set_local(name, text.clone());
        Ok(text)
    }

    /// `$name`, `${name}`; returns the index after it.
    fn global_reference(&mut self, text: &str, i: usize, out: &mut String, depth: usize) -> Result<usize> {
        let b = text.as_bytes();
        if b.get(i + 1) == Some(&b'{') {
            let Some(end) = closing_brace(b, i + 2) else {
                out.push('$');
                return Ok(i + 1);
            };
            let name = self.expand_at(&text[i + 2..end], depth + 1)?;
            let value = self.global_value(&name)?;
            out.push_str(&self.rescan(value, depth)?);
            return Ok(end + 1);
        }
        let name_end = |from: usize| {
            let part = |c: &&u8| **c == b'_' || c.is_ascii_alphanumeric();
            from + b[from..].iter().take_while(part).count()
        };
        let mut end = name_end(i + 1);
        // $`x'name: the macros of a name that begins with one are substituted first
        let mut name = String::new();
        while b.get(end) == Some(&b'`')
            && b.get(end + 1) != Some(&b'"')
            && (end == i + 1 || !name.is_empty())
            && let Some(close) = closing_quote(b, end)
        {
            name.push_str(&self.local_reference(&text[end + 1..close], depth)?);
            end = name_end(close + 1);
            name.push_str(&text[close + 1..end]);
        }
        if !name.is_empty() {
            if !crate::frame::is_valid_name(&name) {
                out.push('$');
                out.push_str(&name);
                return Ok(end);
            }
            let value = self.global_value(&name)?;
            out.push_str(&self.rescan(value, depth)?);
            return Ok(end);
        }
        if end == i + 1 {
            out.push('$');
            return Ok(end);
        }
        let value = self.global_value(&text[i + 1..end])?;
        out.push_str(&self.rescan(value, depth)?);
        Ok(end)
    }

    fn global_value(&mut self, name: &str) -> Result<String> {
        if let Some(exp) = name.trim().strip_prefix('=') {
            return self.inline_expression(exp);
        }
        if let Some(f) = name.trim().strip_prefix(':') {
            return self.extended_function(f.trim());
        }
        Ok(match name {
            "S_DATE" | "S_TIME" => String::new(),
            _ => self.global(name.trim()).to_string(),
        })
    }
}

/// Index of the `}` that closes a `${` whose name starts at `from`, over nested ones.
fn closing_brace(b: &[u8], from: usize) -> Option<usize> {
    let mut depth = 0usize;
    for i in from..b.len() {
        match b[i] {
            b'{' if b[i - 1] == b'$' => depth += 1,
            b'}' if depth == 0 => return Some(i),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Index of the `'` that closes the `` ` `` at `open`, over nested macros and compound quotes.
fn closing_quote(b: &[u8], open: usize) -> Option<usize> {
    let mut i = open + 1;
    let mut depth = 0usize;
    let mut compound = 0usize;
    while i < b.len() {
        match b[i] {
            b'`' if b.get(i + 1) == Some(&b'"') => {
                compound += 1;
                i += 1;
            }
            b'"' if b.get(i + 1) == Some(&b'\'') && compound > 0 => {
                compound -= 1;
                i += 1;
            }
            b'`' => depth += 1,
            b'\'' if depth == 0 => return Some(i),
            b'\'' => depth -= 1,
            b'\n' => return None,
            _ => {}
        }
        i += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::session::Session;

    #[test]
    fn forms_of_substitution() {
        let mut s = Session::default();
        s.set_local("a", "x");
        s.set_local("x", "deep");
        s.set_local("i", "3");
        s.set_global("g", "glob");
        s.frame.chars.insert(("_dta".into(), "c".into()), "note".into());
        for (text, want) in [
            ("`a'b", "xb"),
            ("``a''", "deep"),
            ("$g ${g}s", "glob globs"),
            ("`=1+2'", "3"),
            ("`++i' `i'", "4 4"),
            ("`\"`a'\"'", "`\"x\"'"),
            ("\\`a'", "`a'"),
            ("`none'|", "|"),
            ("`_dta[c]'|`nosuch[c]'|", "note||"),
            ("it's `", "it's `"),
            ("`=1/3'", ".3333333333333333"),
        ] {
            assert_eq!(s.expand(text).expect("expands"), want, "{text}");
        }
    }
}
