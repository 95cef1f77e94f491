//! Prefix commands: `quietly`, `noisily`, `capture`, `by`, `bysort`, `version`, `novarabbrev`, `nobreak`.

use super::reader::first_word;
use crate::commands::official::is_official;
use crate::commands::{ByRule, registry};
use crate::error::{Result, StataError};
use crate::expr::ByCall;
use crate::session::{Echo, Flow, LANGUAGE_VERSION, Line, Session};
use crate::syntax::split;

/// Prefixes of a command.
#[derive(Debug, Default)]
struct Prefixes {
    quiet: Option<bool>,
    capture: bool,
    /// A capture behind another one: the outer one sees no error.
    nested: bool,
    /// `novarabbrev` and `varabbrev`: whether names may be abbreviated.
    abbreviations: Option<bool>,
    /// Hundred times the number of `version #:`.
    version: Option<u32>,
    by: Option<ByText>,
}

/// The text of a `by` prefix, which is read once the other prefixes hold: `capture` catches its errors.
#[derive(Debug)]
struct ByText {
    /// `varlist [(varlist)] [, sort rc0]`; nothing without a colon.
    text: Option<String>,
    sort: bool,
}

#[derive(Debug)]
struct By {
    vars: Vec<usize>,
    rc0: bool,
}

fn abbreviates(word: &str, full: &str, min: usize) -> bool {
    word.len() >= min && full.starts_with(word)
}

impl Session {
    /// Runs one command line in which macros are not yet substituted.
    pub(super) fn run_line(&mut self, raw: &str) -> Result<Flow> {
        let text = self.expand(raw)?;
        self.run_expanded(&text)
    }

    /// Runs one command line after macro substitution.
    pub(super) fn run_expanded(&mut self, text: &str) -> Result<Flow> {
        let (prefixes, rest) = self.prefixes(text)?;
        self.with_prefixes(prefixes, |s, by| match by {
            Some(by) => {
                let by = s.by_prefix(&by.text.ok_or_else(StataError::syntax)?, by.sort)?;
                s.run_by(&by, &rest)
            }
            None => s.dispatch(&rest),
        })
    }

    /// Runs the lines of `quietly {`, `capture {`, `{`.
    pub(super) fn run_prefixed_block(
        &mut self,
        head: &str,
        lines: &[Line],
        lo: usize,
        hi: usize,
        echo: Echo,
    ) -> Result<Flow> {
        let (prefixes, rest) = self.prefixes(head)?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        match words[..] {
            _ if prefixes.by.is_some() => Err(StataError::syntax()),
            [] => self.with_prefixes(prefixes, |s, _| s.run_lines(lines, lo, hi, echo)),
            ["frame", name] => {
                self.with_prefixes(prefixes, |s, _| s.in_frame(name, |s| s.run_lines(lines, lo, hi, echo)))
            }
            _ => Err(StataError::syntax()),
        }
    }

    /// Runs lines whose first one may have prefixes: `quietly foreach ...`, `quietly mata:`.
    pub(super) fn run_prefixed(
        &mut self,
        head: &str,
        run: impl FnOnce(&mut Self) -> Result<Flow>,
    ) -> Result<Flow> {
        let (prefixes, _) = self.prefixes(head)?;
        self.with_prefixes(prefixes, |s, _| run(s))
    }

    /// Defines a program whose header may have prefixes: `capture program define ...`.
    pub(super) fn define_prefixed(&mut self, header: &str, lines: Vec<Line>, at: usize) -> Result<()> {
        let (prefixes, rest) = self.prefixes(header)?;
        let define = |s: &mut Self, _| s.define_program(&rest, lines, at).map(|()| Flow::Next);
        self.with_prefixes(prefixes, define).map(|_| ())
    }

    /// Reads rows of data whose header may have prefixes: `quietly input x y`.
    pub(super) fn run_prefixed_input(&mut self, header: &str, rows: &[String]) -> Result<Flow> {
        let (prefixes, rest) = self.prefixes(header)?;
        self.with_prefixes(prefixes, |s, _| {
            crate::commands::language::input_rows(s, &rest, rows).map(|()| Flow::Next)
        })
    }

    fn with_prefixes(
        &mut self,
        p: Prefixes,
        run: impl FnOnce(&mut Self, Option<ByText>) -> Result<Flow>,
    ) -> Result<Flow> {
        let quiet_before = self.out.quiet;
        match p.quiet {
            Some(true) => self.out.quiet += 1,
            Some(false) => self.out.quiet = 0,
            None if p.capture => self.out.quiet += 1,
            None => {}
        }
        let abbreviations = self.settings.varabbrev;
        self.settings.varabbrev = p.abbreviations.unwrap_or(abbreviations);
        let version = self.settings.version;
        self.settings.version = p.version.unwrap_or(version);
        let depth = self.scopes.len();
        let result = run(self, p.by);
        self.out.quiet = quiet_before;
        if p.version.is_some() {
            self.settings.version = version;
        }
        if p.abbreviations.is_some() {
            self.settings.varabbrev = abbreviations;
        }
        if !p.capture {
            return result;
        }
        while self.scopes.len() > depth {
            self.leave_scope();
        }
        match result {
            Ok(flow) => {
                self.rc = 0;
                Ok(flow)
            }
            // a break is never swallowed
            Err(e) if e.code == 1 && self.interrupted() => Err(e),
            Err(e) => {
                if p.quiet == Some(false) && !e.message.is_empty() {
                    self.out.end_line();
                    self.out.line(&e.message);
                }
                self.by = None;
                self.rc = if p.nested { 0 } else { e.code };
                Ok(Flow::Next)
            }
        }
    }

    fn prefixes(&mut self, text: &str) -> Result<(Prefixes, String)> {
        let mut p = Prefixes::default();
        let mut rest = text.trim().to_string();
        loop {
            let word = first_word(&rest).to_string();
            let tail = rest[word.len()..].trim_start();
            let after_colon = |t: &str| t.strip_prefix(':').unwrap_or(t).trim_start().to_string();
            if abbreviates(&word, "quietly", 3) {
                p.quiet = Some(true);
                rest = after_colon(tail);
            } else if abbreviates(&word, "noisily", 1) && word != "note" && word != "notes" {
                p.quiet = Some(false);
                rest = after_colon(tail);
            } else if abbreviates(&word, "capture", 3) {
                if p.capture {
                    (p.nested, p.quiet) = (true, None);
                }
                p.capture = true;
                rest = after_colon(tail);
            } else if matches!(word.as_str(), "novarabbrev" | "varabbrev") {
                p.abbreviations = Some(word == "varabbrev");
                rest = after_colon(tail);
            } else if matches!(word.as_str(), "nobreak" | "break") {
                // the break key: there is none
                rest = after_colon(tail);
            } else if abbreviates(&word, "version", 4) && tail.contains(':') {
                let (number, command) = tail.split_once(':').ok_or_else(StataError::syntax)?;
                let number: f64 = number.trim().parse().map_err(|_| StataError::syntax())?;
                p.version = Some((number.min(LANGUAGE_VERSION) * 100.0).round() as u32);
                rest = command.trim().to_string();
            } else if word == "by" || abbreviates(&word, "bysort", 3) {
                let sort = word != "by";
                let Some(colon) = split::top_level_colon(tail) else {
                    p.by = Some(ByText { text: None, sort });
                    return Ok((p, String::new()));
                };
                p.by = Some(ByText { text: Some(tail[..colon].to_string()), sort });
                rest = tail[colon + 1..].trim().to_string();
            } else {
                return Ok((p, rest));
            }
        }
    }

    /// `varlist [(varlist)] [, sort rc0]`; sorts the data when asked.
    fn by_prefix(&mut self, text: &str, sort: bool) -> Result<By> {
        let (list, options) = split::front_and_options(text);
        let options = split::words(options);
        if let Some(bad) = options.iter().find(|o| !["sort", "rc0"].contains(o)) {
            return Err(StataError::option_not_allowed(bad));
        }
        let sort = sort || options.contains(&"sort");
        let (groups, inner) = match list.find('(') {
            Some(i) => {
                let (inner, rest) =
                    super::extended::parenthesised(&list[i..]).ok_or_else(StataError::syntax)?;
                if !rest.is_empty() {
                    return Err(StataError::syntax());
                }
                (&list[..i], inner)
            }
            None => (list, ""),
        };
        let vars = self.varlist(groups)?;
        if vars.is_empty() && inner.is_empty() {
            return Err(StataError::standard(100));
        }
        let mut all = vars.clone();
        all.extend(self.varlist(inner)?);
        let names: Vec<String> = all.iter().map(|&i| self.frame.var(i).name.clone()).collect();
        if sort {
            self.frame.sort_by(&all);
        } else if !self.frame.sorted_by.starts_with(&names) {
            return Err(StataError::standard(5));
        }
        Ok(By { vars, rc0: options.contains(&"rc0") })
    }

    /// Runs a command once for each by-group.
    fn run_by(&mut self, by: &By, command: &str) -> Result<Flow> {
        let word = first_word(command).to_string();
        if self.frame.n_rows() == 0 {
            return Err(StataError::no_observations());
        }
        let names: Vec<String> = by.vars.iter().map(|&i| self.frame.var(i).name.clone()).collect();
        let program = || self.programs.get(&word).filter(|p| p.byable).map(|_| ByRule::EachGroup);
        let own = self.has_program(&word);
        let rule = registry::by_rule(&word).filter(|_| !own).or_else(program);
        match rule {
            Some(ByRule::Whole) => {
                self.by_vars = names;
                let result = self.dispatch(command);
                self.by_vars.clear();
                result
            }
            Some(ByRule::EachGroup) if self.programs.get(&word).is_some_and(|p| p.onecall) => {
                let call = ByCall { rows: (0, self.frame.n_rows()), index: 0, last: true };
                self.pending_by = Some((call, names.join(" ")));
                let result = self.dispatch(command);
                self.pending_by = None;
                result
            }
            Some(ByRule::EachGroup) => {
                let called = own || registry::by_rule(&word).is_none();
                let result = self.run_each_group(&names, by.rc0, command, called);
                self.by = None;
                self.pending_by = None;
                result
            }
            None if !self.programs.contains_key(&word) && is_official(&word) => {
                Err(StataError::unsupported_command(&word))
            }
            _ => Err(StataError::new(190, format!("{word} may not be combined with by"))),
        }
    }

    /// A program (`called`) sees all data and marks the rows of the group itself; any other command sees the group alone.
    fn run_each_group(&mut self, names: &[String], rc0: bool, command: &str, called: bool) -> Result<Flow> {
        let positions: Result<Vec<usize>> = names.iter().map(|n| self.frame.position(n)).collect();
        let positions = positions?;
        let groups = self.frame.groups(&positions);
        self.by_names = names.to_vec();
        let count = groups.len();
        for (k, (first, last)) in groups.into_iter().enumerate() {
            self.out.end_line();
            let rule = "-".repeat(self.settings.linesize.clamp(40, 255) - 1);
            let title = self.group_title(&positions, first);
            let values = positions.iter().map(|&v| self.group_value(v, first));
            self.by_label = values.collect::<Vec<_>>().join(" ");
            self.out.line("");
            self.out.line(&rule);
            self.out.line(&format!("-> {title}"));
            if called {
                let call = ByCall { rows: (first, last), index: k + 1, last: k + 1 == count };
                self.pending_by = Some((call, names.join(" ")));
            } else {
                self.by = Some((first, last));
            }
            match self.dispatch(command) {
                Ok(Flow::Next) => {}
                Ok(other) => return Ok(other),
                Err(e) if rc0 => self.out.line(&e.message),
                Err(e) => return Err(e),
            }
        }
        Ok(Flow::Next)
    }

    /// `a = 1, b = x` with value labels.
    fn group_title(&self, vars: &[usize], row: usize) -> String {
        let one = |&v: &usize| format!("{} = {}", self.frame.var(v).name, self.group_value(v, row));
        vars.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// A value of a variable of by, as its label.
    fn group_value(&self, variable: usize, row: usize) -> String {
        let v = self.frame.var(variable);
        if v.is_string() {
            return v.data.str(row).to_string();
        }
        let x = v.data.num(row);
        match self.frame.labels_of(variable).and_then(|l| l.get(x)) {
            Some(t) => t.to_string(),
            None => crate::format::bare(&v.format, x).trim().to_string(),
        }
    }
}
