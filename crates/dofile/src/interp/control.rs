//! Control flow over logical lines: `if`, `else`, `foreach`, `forvalues`,
//! `while`, braces, and the echo of what is executed.

use super::mata_block::is_mata_brace;
use super::reader::{
    first_word, if_behind_prefixes, is_input, is_loop, loop_behind_prefixes, opens_block, opens_mata,
    opens_program,
};
use super::text_block;
use crate::error::{Result, StataError};
use crate::format::macro_text;
use crate::session::{Echo, Flow, Line, Session};
use crate::syntax::blanks::first_blank;
use crate::syntax::{numlist, split};
use crate::value::Value;

const MAX_ITERATIONS: usize = 100_000_000;

/// Line behind a command, with the `else` branches that follow an `if`.
pub(super) fn end_of_chain(lines: &[Line], start: usize, hi: usize) -> usize {
    let after = |i: usize| lines[i].end.unwrap_or(i) + 1;
    let mut next = after(start);
    while next < hi && first_word(lines[next].text.trim()) == "else" {
        next = after(next);
    }
    next
}

impl Session {
    /// Runs lines `lo..hi`.
    pub(super) fn run_lines(&mut self, lines: &[Line], lo: usize, hi: usize, echo: Echo) -> Result<Flow> {
        let mut i = lo;
        // loops with an empty body end at an interrupt too
        if lo == hi && self.interrupted() {
            return Err(StataError::standard(1));
        }
        while i < hi {
            if self.interrupted() {
                return Err(StataError::standard(1));
            }
            let line = &lines[i];
            let text = line.text.trim();
            if text.is_empty() || text == "}" {
                self.echo_line(line, echo);
                i += 1;
                continue;
            }
            let word = first_word(text);
            let (flow, next) = match (word, line.end) {
                ("if", _) => self.run_if(lines, i, hi, echo)?,
                ("else", _) => return Err(StataError::syntax()),
                (w, Some(end)) if is_loop(w) => {
                    self.echo_block(lines, i, end, 1, echo);
                    let flow = self.run_loop(text, lines, i, end)?;
                    self.end_command(echo);
                    (flow, end + 1)
                }
                (_, Some(end)) if loop_behind_prefixes(text).is_some() => {
                    (self.loop_behind(text, lines, (i, end), echo)?, end + 1)
                }
                _ if if_behind_prefixes(text).is_some() => self.if_behind(text, lines, (i, hi), echo)?,
                (_, Some(end)) if opens_program(text) => {
                    self.echo_block(lines, i, end, 0, echo);
                    let header = self.expand(text)?;
                    self.define_prefixed(&header, lines[i + 1..end].to_vec(), i + 1)?;
                    self.end_command(echo);
                    (Flow::Next, end + 1)
                }
                (_, Some(end)) if opens_mata(text) || is_mata_brace(text) => {
                    self.mata_block(text, lines, i, end, echo)?;
                    (Flow::Next, end + 1)
                }
                (_, Some(end)) if text_block::opens(text) => (self.text_block(lines, i, end, echo)?, end + 1),
                (_, Some(end)) if !opens_block(text) && is_input(text) => {
                    (self.input_block(text, &lines[i..=end], echo)?, end + 1)
                }
                (_, Some(end)) => {
                    // `quietly {`, `capture noisily {` and a bare `{`
                    self.echo_line(line, echo);
                    let head = text.trim_end_matches('{').trim().to_string();
                    let head = self.expand(&head)?;
                    let flow = self.run_prefixed_block(&head, lines, i + 1, end, echo.inside())?;
                    self.echo_line(&lines[end], echo);
                    self.end_command(echo);
                    (flow, end + 1)
                }
                (w, None) if is_loop(w) && opens_block(text) => {
                    return Err(StataError::new(198, "unexpected end of file"));
                }
                _ => {
                    self.echo_line(line, echo);
                    let flow = self.run_line(text)?;
                    self.end_command(echo);
                    (flow, i + 1)
                }
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
            i = next;
        }
        Ok(Flow::Next)
    }

    /// Runs `quietly foreach x of varlist y* {` with its block.
    fn loop_behind(
        &mut self,
        text: &str,
        lines: &[Line],
        (start, end): (usize, usize),
        echo: Echo,
    ) -> Result<Flow> {
        self.echo_block(lines, start, end, 1, echo);
        let (head, text) = text.split_at(loop_behind_prefixes(text).unwrap_or(0));
        let flow = self.run_prefixed(head, |s| s.run_loop(text, lines, start, end))?;
        self.end_command(echo);
        Ok(flow)
    }

    /// Runs `quietly if condition {` with the rest of its chain; returns what `run_if` does.
    fn if_behind(
        &mut self,
        text: &str,
        lines: &[Line],
        (start, hi): (usize, usize),
        echo: Echo,
    ) -> Result<(Flow, usize)> {
        let head = &text[..if_behind_prefixes(text).unwrap_or(0)];
        // an error that capture takes leaves the chain as a whole
        let next = end_of_chain(lines, start, hi);
        let flow = self.run_prefixed(head, |s| s.run_if(lines, start, hi, echo).map(|(flow, _)| flow))?;
        Ok((flow, next))
    }

    /// Echo of a whole block with line numbers.
    pub(super) fn echo_block(&mut self, lines: &[Line], start: usize, end: usize, base: usize, echo: Echo) {
        if echo == Echo::Off {
            return;
        }
        self.echo_line(&lines[start], echo);
        self.echo_rows(&lines[start + 1..=end], base, echo);
    }

    /// Echo of lines with numbers from the one after `base` on.
    pub(super) fn echo_rows(&mut self, lines: &[Line], base: usize, echo: Echo) {
        if echo == Echo::Off {
            return;
        }
        for (k, line) in lines.iter().enumerate() {
            for (p, s) in line.source.iter().enumerate() {
                let number = base + k + 1;
                let prompt = if p > 0 { "> ".to_string() } else { format!("{number:>3}. ") };
                self.echo_text(&prompt, s);
            }
        }
    }

    /// `if`/`else` chains; returns the flow and the line after the chain.
    fn run_if(&mut self, lines: &[Line], start: usize, hi: usize, echo: Echo) -> Result<(Flow, usize)> {
        let mut i = start;
        let mut done = false;
        let mut flow = Flow::Next;
        loop {
            let line = &lines[i];
            let text = line.text.trim();
            let text = text[if_behind_prefixes(text).unwrap_or(0)..].to_string();
            self.echo_line(line, echo);
            let rest = match first_word(&text) {
                "else" => text["else".len()..].trim(),
                _ => text.as_str(),
            };
            let (condition, body) = if first_word(rest) == "if" {
                let after = &rest[2..];
                if line.end.is_some() {
                    (Some(after.trim_end_matches('{').trim().to_string()), None)
                } else {
                    let (cond, body) = split_condition(after)?;
                    (Some(cond), Some(body))
                }
            } else if line.end.is_some() {
                (None, None)
            } else {
                (None, Some(rest.to_string()))
            };
            let holds = !done
                && match condition {
                    Some(c) => self.condition(&c)?,
                    None => true,
                };
            done |= holds;
            let next = match (line.end, body) {
                (Some(end), _) => {
                    if holds {
                        flow = self.run_lines(lines, i + 1, end, echo.inside())?;
                    } else {
                        for l in &lines[i + 1..end] {
                            self.echo_line(l, echo);
                        }
                    }
                    if flow == Flow::Next {
                        self.echo_line(&lines[end], echo);
                    }
                    end + 1
                }
                (None, Some(body)) => {
                    if holds {
                        let body = body.trim();
                        let inner = body.strip_prefix('{').and_then(|b| b.strip_suffix('}')).unwrap_or(body);
                        flow = self.run_line(inner.trim())?;
                    }
                    i + 1
                }
                (None, None) => return Err(StataError::syntax()),
            };
            if flow != Flow::Next {
                return Ok((flow, next));
            }
            // an else belongs to this chain, blank lines and comments in between
            let Some(k) = (next..hi).find(|&k| !lines[k].text.trim().is_empty()) else {
                self.end_command(echo);
                return Ok((flow, next));
            };
            if first_word(lines[k].text.trim()) != "else" {
                self.end_command(echo);
                return Ok((flow, next));
            }
            for l in &lines[next..k] {
                self.echo_line(l, echo);
            }
            i = k;
        }
    }

    fn condition(&mut self, text: &str) -> Result<bool> {
        let text = self.expand(text)?;
        match self.eval(&text)? {
            Value::Num(x) => Ok(x != 0.0),
            Value::Str(_) => Err(StataError::type_mismatch()),
        }
    }

    fn run_loop(&mut self, header: &str, lines: &[Line], start: usize, end: usize) -> Result<Flow> {
        let text = header.trim().trim_end_matches('{').trim().to_string();
        let word = first_word(&text).to_string();
        if word == "while" {
            let cond = text["while".len()..].trim().to_string();
            let mut count = 0;
            while self.condition(&cond)? {
                count += 1;
                if count > MAX_ITERATIONS {
                    return Err(StataError::new(1000, "too many iterations"));
                }
                match self.run_lines(lines, start + 1, end, Echo::Off)? {
                    Flow::Next | Flow::Continue => {}
                    Flow::Break => break,
                    other => return Ok(other),
                }
            }
            return Ok(Flow::Next);
        }
        let header = self.expand(&text)?;
        let rest = header[first_word(&header).len()..].trim();
        if word.starts_with("forv") {
            return self.run_forvalues(rest, lines, start, end);
        }
        let (name, items) = self.foreach_items(rest)?;
        for item in items {
            self.set_local(&name, item);
            match self.run_lines(lines, start + 1, end, Echo::Off)? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => break,
                other => return Ok(other),
            }
        }
        self.set_local(&name, "");
        Ok(Flow::Next)
    }

    /// `name = range` of `forvalues`.
    fn run_forvalues(&mut self, rest: &str, lines: &[Line], start: usize, end: usize) -> Result<Flow> {
        let (name, range) = rest.split_once('=').ok_or_else(StataError::syntax)?;
        let name = name.trim().to_string();
        let (from, step, to) = self.forvalues_range(range.trim())?;
        if step == 0.0 || crate::value::is_missing(from) || crate::value::is_missing(to) {
            return Err(StataError::syntax());
        }
        let mut k = 0.0;
        loop {
            let x = from + k * step;
            if (step > 0.0 && x > to + step.abs() * 1e-10) || (step < 0.0 && x < to - step.abs() * 1e-10) {
                break;
            }
            self.set_local(&name, macro_text(x));
            match self.run_lines(lines, start + 1, end, Echo::Off)? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => break,
                other => return Ok(other),
            }
            k += 1.0;
        }
        self.set_local(&name, "");
        Ok(Flow::Next)
    }

    fn forvalues_range(&self, range: &str) -> Result<(f64, f64, f64)> {
        let num = |t: &str| self.eval_num(t.trim());
        if let Some((a, rest)) = range.split_once('(') {
            let (step, b) = rest.split_once(')').ok_or_else(StataError::syntax)?;
            return Ok((num(a)?, num(step)?, num(b)?));
        }
        if let Some((a, b)) = range.split_once('/') {
            return Ok((num(a)?, 1.0, num(b)?));
        }
        let (front, last) =
            range.split_once(" to ").or_else(|| range.split_once(':')).ok_or_else(StataError::syntax)?;
        let words: Vec<&str> = front.split_whitespace().collect();
        let [a, next] = words[..] else { return Err(StataError::syntax()) };
        let (a, next) = (num(a)?, num(next)?);
        Ok((a, next - a, num(last)?))
    }

    fn foreach_items(&mut self, rest: &str) -> Result<(String, Vec<String>)> {
        let (name, rest) = first_blank(rest.trim());
        let (kind, list) = first_blank(rest);
        let name = name.to_string();
        if name.is_empty() {
            return Err(StataError::syntax());
        }
        let unquoted = |l: &str| split::words(l).into_iter().map(|w| split::unquote(w).to_string()).collect();
        match kind {
            "in" => Ok((name, unquoted(list))),
            "of" => {
                let (class, list) = list.split_once(char::is_whitespace).unwrap_or((list, ""));
                let list = list.trim();
                let abbreviated = |c: &str, word: &str| c.len() >= 3 && word.starts_with(c);
                let items = match class {
                    c if abbreviated(c, "varlist") => {
                        let vars =
                            crate::syntax::varlist::resolve(&self.frame, list, self.settings.varabbrev)?;
                        vars.into_iter().map(|i| self.frame.var(i).name.clone()).collect()
                    }
                    c if abbreviated(c, "newlist") => crate::syntax::varlist::new_names(&self.frame, list)?,
                    c if abbreviated(c, "numlist") => {
                        numlist::expand(list)?.into_iter().map(macro_text).collect()
                    }
                    c if abbreviated(c, "local") => unquoted(self.local(list)),
                    c if abbreviated(c, "global") => unquoted(self.global(list)),
                    _ => return Err(StataError::syntax()),
                };
                Ok((name, items))
            }
            _ => Err(StataError::syntax()),
        }
    }
}

/// Splits `cond command` of a one-line `if`: the condition is the longest prefix that parses.
fn split_condition(text: &str) -> Result<(String, String)> {
    let text = text.trim();
    if let Some(open) = text.find('{').filter(|_| text.ends_with('}')) {
        return Ok((text[..open].trim().to_string(), text[open..].to_string()));
    }
    // a command starts where a complete expression is followed by a blank and a name
    let b = text.as_bytes();
    let mut i = 0;
    let mut depth = 0;
    while i < b.len() {
        if split::quote_at(b, i) {
            i = split::skip_quote(b, i);
            continue;
        }
        match b[i] {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b' ' | b'\t' if depth == 0 => {
                let (front, back) = (text[..i].trim(), text[i..].trim());
                let operator_before =
                    front.ends_with(['=', '<', '>', '!', '~', '&', '|', '+', '-', '*', '/', '^']);
                let name_after = back.starts_with(|c: char| c.is_alphabetic() || "_`$".contains(c));
                if !operator_before && !front.is_empty() && name_after {
                    return Ok((front.to_string(), back.to_string()));
                }
            }
            _ => {}
        }
        i += 1;
    }
    Err(StataError::syntax())
}
