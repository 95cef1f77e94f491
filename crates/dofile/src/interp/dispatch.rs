//! Finds the command of a line and runs it.

use super::{older, operators, table_options};
use crate::commands::documented;
use crate::commands::official::is_official;
use crate::commands::prefix::vce_option;
use crate::commands::{Form, registry};
use crate::error::{Result, StataError};
use crate::session::{Flow, Session};
use crate::syntax::ParsedCommand;

/// The command name at the start of a line: letters, digits and `_`, or a symbol such as `!`.
pub(super) fn command_word(text: &str) -> &str {
    let end = text.find(|c: char| !(c == '_' || c == '.' || c.is_alphanumeric())).unwrap_or(text.len());
    if end == 0 { &text[..text.chars().next().map_or(0, char::len_utf8)] } else { &text[..end] }
}

/// Commands of Stata's executable, which come before programs in memory ([U] 17.2): those that files of commands use
/// inside of a program of the same name.
const BUILT_IN: &[&str] = &[
    "append",
    "args",
    "assert",
    "confirm",
    "correlate",
    "count",
    "decode",
    "describe",
    "display",
    "drop",
    "encode",
    "error",
    "expand",
    "file",
    "format",
    "generate",
    "gettoken",
    "global",
    "input",
    "keep",
    "label",
    "list",
    "local",
    "macro",
    "mark",
    "markout",
    "matrix",
    "post",
    "postclose",
    "postfile",
    "preserve",
    "program",
    "replace",
    "restore",
    "return",
    "save",
    "scalar",
    "set",
    "sort",
    "summarize",
    "syntax",
    "tempfile",
    "tempname",
    "tempvar",
    "tokenize",
    "use",
    "version",
];

impl Session {
    /// Whether a word calls a program in memory. Programs come before commands that Stata has as ado-files, and before
    /// abbreviations of all commands.
    pub(super) fn has_program(&self, word: &str) -> bool {
        self.programs.contains_key(word) && !BUILT_IN.contains(&word)
    }

    /// Runs a command without prefixes.
    pub(super) fn dispatch(&mut self, text: &str) -> Result<Flow> {
        let text = text.trim();
        if text.is_empty() || text.starts_with('*') {
            return Ok(Flow::Next);
        }
        let word = command_word(text).to_string();
        let rest = &text[word.len()..];
        match word.as_str() {
            "!" | "shell" | "winexec" | "xshell" => return Err(StataError::unsupported_command("shell")),
            "continue" => {
                return match rest.trim().trim_start_matches(',').trim() {
                    "" => Ok(Flow::Continue),
                    o if o.len() >= 2 && "break".starts_with(o) => Ok(Flow::Break),
                    o => Err(StataError::option_not_allowed(o)),
                };
            }
            "exit" => return self.exit(rest),
            // the prompt of a line that was copied from a log
            "." => return self.run_expanded(rest),
            "for" => return self.for_lists(rest),
            "foreach" | "while" | "forvalues" => {
                return Err(StataError::new(198, "loops need their braces on lines of their own"));
            }
            "}" => return Err(StataError::syntax()),
            _ => {}
        }
        let known = registry::find(&word).filter(|_| !self.has_program(&word));
        if let Some(spec) = known {
            if vce_option::run(self, spec.name, rest)? {
                return Ok(Flow::Next);
            }
            let mut shared = table_options::Shared::default();
            let usual = &self.settings.usual_table;
            let survey = if spec.name == "svy" { Some(table_options::survey(rest, usual)?) } else { None };
            let scoped = survey.is_some();
            let (rest, table) = survey.unwrap_or_else(|| (rest.to_string(), usual.clone()));
            shared.table = table;
            let mut cmd = match spec.form {
                Form::Raw => {
                    ParsedCommand { name: spec.name.into(), raw: rest.trim().into(), ..Default::default() }
                }
                Form::Standard(syntax) => {
                    let mut cmd = ParsedCommand::split(spec.name, &rest, syntax.exp)?;
                    syntax.check(&cmd)?;
                    shared = table_options::take(spec, &mut cmd, usual)?;
                    cmd.check_weighted_options(syntax.options, syntax.unsupported)
                        .map_err(|error| documented::refused(spec.name, error))?;
                    cmd
                }
            };
            cmd.raw = rest.trim().to_string();
            let standard = matches!(spec.form, Form::Standard(_));
            let list = if standard { &cmd.list } else { &cmd.raw };
            let before = (standard || scoped).then(|| {
                let table = std::mem::replace(&mut self.settings.table, shared.table);
                (table, std::mem::replace(&mut self.settings.search, shared.search))
            });
            let result = if operators::apply(spec.name, list) {
                operators::with_columns(self, &mut cmd, standard, spec.run)
            } else {
                (spec.run)(self, &cmd)
            };
            if let Some((table, search)) = before {
                (self.settings.table, self.settings.search) = (table, search);
            }
            result.map_err(|error| if standard { error } else { documented::refused(spec.name, error) })?;
            return Ok(std::mem::replace(&mut self.flow, Flow::Next));
        }
        if let Some(program) = self.find_program(&word)? {
            return self.call_program(&program, rest);
        }
        if let Some(line) = older::modern(&word, rest) {
            return self.dispatch(&line);
        }
        if is_official(&word) {
            return Err(StataError::unsupported_command(&word));
        }
        Err(StataError::new(199, format!("command {word} is unrecognized")))
    }

    /// `exit [n] [, clear STATA]`: leaves the do-file or program, or ends the session.
    fn exit(&mut self, rest: &str) -> Result<Flow> {
        let (code, options) = rest.split_once(',').unwrap_or((rest, ""));
        for o in options.split_whitespace() {
            if !(o == "clear" || o == "STATA") {
                return Err(StataError::option_not_allowed(o));
            }
        }
        let code = code.trim();
        if !code.is_empty() {
            let code = self.eval_num(code)?;
            if code != 0.0 {
                return Err(StataError::new(code as i32, ""));
            }
        }
        Ok(if options.trim().is_empty() { Flow::Exit } else { Flow::Quit })
    }
}
