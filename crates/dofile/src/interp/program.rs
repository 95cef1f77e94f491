//! Programs: `program define`, calls with their own scope, ado-files on demand,
//! and the statements that belong to a scope (`args`, `return`, `ereturn`, `sreturn`).

use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::frame::is_valid_name;
use crate::session::{Class, Echo, Flow, Line, Program, Scope, Session};
use crate::syntax::split;
use std::sync::Arc;

const MAX_NESTING: usize = 64;

impl Session {
    /// Defines a program from its header line, without prefixes, and its body.
    pub(super) fn define_program(&mut self, header: &str, mut lines: Vec<Line>, at: usize) -> Result<()> {
        // the ends of blocks count from the first line of the body
        for line in &mut lines {
            line.end = line.end.map(|end| end - at);
        }
        let (main, options) = split::front_and_options(header);
        let mut words = main.split_whitespace().skip(1);
        let mut name = words.next().unwrap_or("");
        if "define".starts_with(name) && name.len() >= 2 {
            name = words.next().unwrap_or("");
        }
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if self.programs.contains_key(name) {
            return Err(StataError::new(110, format!("program {name} already defined")));
        }
        let mut program = Program {
            name: name.into(),
            lines,
            class: Class::None,
            byable: false,
            onecall: false,
            sortpreserve: false,
        };
        for (option, arg) in crate::syntax::options::split_options(options)? {
            match (option.as_str(), arg.as_deref()) {
                (o, None) if "rclass".starts_with(o) => program.class = Class::R,
                (o, None) if "eclass".starts_with(o) => program.class = Class::E,
                (o, None) if "sclass".starts_with(o) => program.class = Class::S,
                ("nclass", None) => {}
                (o, None) if o.len() >= 4 && "sortpreserve".starts_with(o) => program.sortpreserve = true,
                (o, Some(how)) if o.len() >= 2 && "byable".starts_with(o) => {
                    program.byable = true;
                    program.onecall = how.trim().starts_with('o');
                }
                (o, Some(_)) if o.len() >= 4 && "properties".starts_with(o) => {}
                (o, _) => return Err(StataError::option_not_allowed(o)),
            }
        }
        self.programs.insert(name.to_string(), Arc::new(program));
        Ok(())
    }

    /// Calls a program with the text of its arguments.
    pub(super) fn call_program(&mut self, program: &Arc<Program>, args: &str) -> Result<Flow> {
        if self.scopes.len() >= MAX_NESTING {
            return Err(StataError::new(
                1000,
                "system limit exceeded - see manual\nprograms nested too deeply",
            ));
        }
        let mut scope = Scope { program: program.name.clone(), ..Scope::default() };
        scope.locals.insert("0".into(), args.trim().to_string());
        for (k, w) in split::words(args).into_iter().enumerate() {
            scope.locals.insert((k + 1).to_string(), split::unquote(w).to_string());
        }
        if let Some((call, variables)) = self.pending_by.take() {
            scope.by = Some(call);
            scope.locals.insert("_byvars".into(), variables);
        }
        scope.locals.retain(|_, v| !v.is_empty());
        let order = program.sortpreserve.then(|| self.frame.sorted_by.clone());
        let row_ids = program.sortpreserve.then(|| self.tag_rows());
        self.scopes.push(scope);
        let depth = self.scopes.len();
        let version = self.settings.version;
        let result = self.run_lines(&program.lines, 0, program.lines.len(), Echo::Off);
        // [P] version: a program that sets it leaves that of its caller
        self.settings.version = version;
        while self.scopes.len() > depth {
            self.leave_scope();
        }
        let returned = std::mem::take(&mut self.scope().returned);
        self.leave_scope();
        if let (Some(id), Some(sorted)) = (row_ids, order) {
            self.restore_rows(id, sorted);
        }
        if result.is_ok() && program.class == Class::R {
            self.r = returned;
        }
        match result? {
            Flow::Quit => Ok(Flow::Quit),
            _ => Ok(Flow::Next),
        }
    }

    /// Adds a hidden variable with the row numbers.
    fn tag_rows(&mut self) -> String {
        let name = self.fresh_name();
        let rows: Vec<f64> = (0..self.frame.n_rows()).map(|i| i as f64).collect();
        // the name is new and the column has the right length
        let _ = self.frame.add(crate::frame::Variable::new(&name, crate::frame::Column::Double(rows)));
        name
    }

    fn restore_rows(&mut self, name: String, sorted: Vec<String>) {
        if let Some(i) = self.frame.find(&name) {
            let order = self.frame.sorted_order(&[(i, false)]);
            if order.windows(2).any(|w| w[0] > w[1]) {
                self.frame.take_rows(&order);
            }
            self.frame.drop_vars(&[i]);
            self.frame.sorted_by = sorted.into_iter().filter(|s| self.frame.find(s).is_some()).collect();
        }
    }

    /// Looks a program up, loading `NAME.ado` from the ado path when it is not defined.
    pub(super) fn find_program(&mut self, name: &str) -> Result<Option<Arc<Program>>> {
        if let Some(p) = self.programs.get(name) {
            return Ok(Some(p.clone()));
        }
        if !is_valid_name(name) {
            return Ok(None);
        }
        let file = format!("{name}.ado");
        for dir in self.ado_directories() {
            let path = self.cwd.join(dir).join(&file);
            if let Ok(text) = std::fs::read(&path) {
                let text = String::from_utf8_lossy(&text).into_owned();
                self.scopes.push(Scope::default());
                let result = self.run_text(&text, Echo::Off);
                self.leave_scope();
                result?;
                return match self.programs.get(name) {
                    Some(p) => Ok(Some(p.clone())),
                    None => Err(StataError::new(199, format!("{file} does not define {name}"))),
                };
            }
        }
        Ok(None)
    }
}
