//! Local and global macros, and the scopes that they belong to. Substituting them in text is in `interp::expand`.

use super::{Session, TemporaryFiles};
use crate::expr::ByCall;
use crate::frame::Frame;
use std::collections::HashMap;

/// Local macros of a do-file or program, and what ends with it.
#[derive(Debug, Default)]
pub struct Scope {
    /// Name of the program, empty at the top level.
    pub program: String,
    /// Local macros.
    pub locals: HashMap<String, String>,
    /// Names from `tempvar` and `tempname`, dropped at the end.
    pub temporary: Vec<String>,
    /// Files from `tempfile`, removed at the end.
    pub temporary_files: TemporaryFiles,
    /// Data kept by `preserve`.
    pub preserved: Option<Frame>,
    /// Program class flags: results to clear and set.
    pub class: u8,
    /// The group that a byable program is called for.
    pub by: Option<ByCall>,
    /// `r()` and so on set by `return` inside the program.
    pub returned: crate::results::Results,
}

impl Session {
    /// The current scope.
    pub fn scope(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("the top-level scope is never removed")
    }

    /// What the running program has returned so far, `return(name)` ([P] return); outside of programs `return` writes
    /// `r()` at once.
    pub fn returning(&self) -> &crate::results::Results {
        match self.scopes.as_slice() {
            [.., _, inner] => &inner.returned,
            _ => &self.r,
        }
    }

    /// A local macro of the current scope, empty when it is not defined.
    pub fn local(&self, name: &str) -> &str {
        self.scopes.last().and_then(|s| s.locals.get(name)).map_or("", |s| s.as_str())
    }

    /// Sets a local macro; an empty text removes it.
    pub fn set_local(&mut self, name: &str, text: impl Into<String>) {
        let text = text.into();
        let locals = &mut self.scope().locals;
        if text.is_empty() {
            locals.remove(name);
        } else {
            locals.insert(name.to_string(), text);
        }
    }

    /// A global macro, empty when it is not defined.
    pub fn global(&self, name: &str) -> &str {
        self.globals.get(name).map_or("", |s| s.as_str())
    }

    /// Sets a global macro; an empty text removes it.
    pub fn set_global(&mut self, name: &str, text: impl Into<String>) {
        let text = text.into();
        if text.is_empty() {
            self.globals.remove(name);
        } else {
            self.globals.insert(name.to_string(), text);
        }
    }

    /// Ends the innermost scope: temporary variables, names and files go, preserved data come back.
    pub(crate) fn leave_scope(&mut self) {
        if self.scopes.len() <= 1 {
            return;
        }
        if let Some(scope) = self.scopes.pop() {
            self.end_scope(scope);
        }
    }

    /// Ends the session: open result files are dropped and temporary files removed.
    pub fn end(&mut self) {
        self.extensions.clear();
        while let Some(scope) = self.scopes.pop() {
            self.end_scope(scope);
        }
        self.scopes.push(Scope::default());
        self.out.flush();
    }

    /// Undoes the changes of a scope at its end.
    fn end_scope(&mut self, scope: Scope) {
        if let Some(frame) = scope.preserved {
            self.frame = frame;
        }
        for name in &scope.temporary {
            if let Some(i) = self.frame.find(name) {
                self.frame.drop_vars(&[i]);
            }
            self.scalars.remove(name);
            self.matrices.remove(name);
            self.extensions.drop_temporary(name);
        }
    }
}
