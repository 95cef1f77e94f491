//! Runs statements: blocks, loops, returns, and the display of values that are not assigned.

use super::ast::{Expr, Function, Item, Loop, Slot, Statement};
use super::fault::{Fault, Run};
use super::grid::Grid;
use super::operators::real_scalar;
use super::state::State;
use super::types::{Element, Type};
use super::value::{Cell, Instance, StructType, Value};
use crate::session::Session;
use std::sync::Arc;

/// The interpreter of Mata in a session.
pub struct Machine<'s> {
    /// The session: data, macros, scalars, matrices, output.
    pub session: &'s mut Session,
}

/// The variables of a running function.
#[derive(Debug)]
pub struct Frame {
    /// Its code.
    pub code: Arc<Function>,
    /// Its variables; a global one that does not exist yet is `None`.
    pub cells: Vec<Option<Cell>>,
    /// Number of arguments of the call, `args()`.
    pub given: usize,
}

/// How control leaves a statement.
#[derive(Debug)]
pub enum Flow {
    /// To the next one.
    Next,
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `return`.
    Return(Option<Value>),
}

impl<'s> Machine<'s> {
    /// An interpreter in a session.
    pub fn new(session: &'s mut Session) -> Self {
        Self { session }
    }

    /// The state of Mata.
    pub fn state(&mut self) -> &mut State {
        self.session.extensions.state::<State>()
    }

    /// Most bytes that a value may take.
    pub fn bytes(&self) -> u64 {
        self.session.settings.max_bytes
    }

    /// Runs what was typed.
    pub fn item(&mut self, item: Item) -> Run<()> {
        match item {
            Item::Statement(code) => {
                let code = Arc::new(code);
                let mut frame = self.frame(&code, 0)?;
                for statement in &code.body {
                    let flow = self.statement(&mut frame, statement).map_err(|f| f.left("<istmt>"))?;
                    if !matches!(flow, Flow::Next) {
                        break;
                    }
                }
                Ok(())
            }
            Item::Function(code) => self.define(code),
            Item::Struct(name, members) => {
                let state = self.state();
                if state.functions.contains_key(&name) {
                    return Err(Fault::syntax(format!("{name}() already exists")));
                }
                state.structs.insert(name.clone(), Arc::new(StructType { name, members }));
                Ok(())
            }
        }
    }

    fn define(&mut self, code: Function) -> Run<()> {
        let name = code.name.clone();
        if super::functions::find(&name).is_some() || super::calls::is_special(&name) {
            return Err(Fault::syntax(format!("{name}() already exists, it is built in")));
        }
        let state = self.state();
        if state.functions.contains_key(&name) || state.structs.contains_key(&name) {
            return Err(Fault::syntax(format!("{name}() already exists")));
        }
        state.functions.insert(name, Arc::new(code));
        Ok(())
    }

    /// The variables of a call before its arguments are bound.
    pub fn frame(&mut self, code: &Arc<Function>, given: usize) -> Run<Frame> {
        let mut cells = Vec::with_capacity(code.slots.len());
        for slot in &code.slots {
            cells.push(if slot.global {
                self.state().globals.get(&slot.name).cloned()
            } else {
                Some(Cell::new(self.initial(slot.ty.as_ref())?))
            });
        }
        Ok(Frame { code: code.clone(), cells, given })
    }

    /// The first value of a variable of a type.
    pub fn initial(&mut self, ty: Option<&Type>) -> Run<Value> {
        let Some(ty) = ty else { return Ok(Value::empty()) };
        let Element::Struct(name) = &ty.element else { return Ok(ty.initial()) };
        let (rows, cols) = ty.initial_shape();
        self.structures(name, rows, cols)
    }

    /// New structures of a name.
    pub fn structures(&mut self, name: &str, rows: usize, cols: usize) -> Run<Value> {
        super::operators::checked_len(rows, cols, self.bytes())?;
        let of = self.state().structs.get(name).cloned();
        let of = of.ok_or_else(|| Fault::with(3000, format!("struct {name} undefined")))?;
        let mut data = Vec::with_capacity(rows * cols);
        for _ in 0..rows * cols {
            let mut members = Vec::with_capacity(of.members.len());
            for (_, ty) in &of.members {
                self.check_stack()?;
                members.push(Cell::new(self.initial(Some(ty))?));
            }
            data.push(Arc::new(Instance { of: of.clone(), members }));
        }
        Ok(Value::Struct(Grid::new(rows, cols, data)))
    }

    /// Stops before the stack of the thread is used up.
    pub fn check_stack(&self) -> Run<()> {
        if super::stack::is_low() { Err(Fault::code(3998)) } else { Ok(()) }
    }

    fn check_break(&self) -> Run<()> {
        if self.session.interrupted() { Err(Fault::exit(1, "--Break--")) } else { Ok(()) }
    }

    /// Runs the statements of a block.
    pub fn block(&mut self, frame: &mut Frame, statements: &[Statement]) -> Run<Flow> {
        for statement in statements {
            match self.statement(frame, statement)? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, frame: &mut Frame, statement: &Statement) -> Run<Flow> {
        match statement {
            Statement::Expr(e) => {
                self.expression_statement(frame, e)?;
                Ok(Flow::Next)
            }
            Statement::Block(inner) => self.block(frame, inner),
            Statement::If(condition, then, other) => {
                if self.truth(frame, condition)? {
                    self.statement(frame, then)
                } else if let Some(other) = other {
                    self.statement(frame, other)
                } else {
                    Ok(Flow::Next)
                }
            }
            Statement::While(condition, body) => self.repeat(frame, Some(condition), None, body, true),
            Statement::Do(body, condition) => self.repeat(frame, Some(condition), None, body, false),
            Statement::For(l) => {
                let Loop { first, condition, next, body } = l.as_ref();
                if let Some(first) = first {
                    self.silent(frame, first)?;
                }
                self.repeat(frame, condition.as_ref(), next.as_ref(), body, true)
            }
            Statement::Break => Ok(Flow::Break),
            Statement::Continue => Ok(Flow::Continue),
            Statement::Return(None) => Ok(Flow::Return(None)),
            Statement::Return(Some(e)) => Ok(Flow::Return(Some(self.value(frame, e)?))),
            Statement::Declare(k) => {
                self.declare(frame, *k)?;
                Ok(Flow::Next)
            }
            Statement::Nothing => Ok(Flow::Next),
        }
    }

    fn repeat(
        &mut self,
        frame: &mut Frame,
        condition: Option<&Expr>,
        next: Option<&Expr>,
        body: &Statement,
        test_first: bool,
    ) -> Run<Flow> {
        let mut test = test_first;
        loop {
            self.check_break()?;
            if test
                && let Some(condition) = condition
                && !self.truth(frame, condition)?
            {
                return Ok(Flow::Next);
            }
            test = true;
            match self.statement(frame, body)? {
                Flow::Next | Flow::Continue => {}
                Flow::Break => return Ok(Flow::Next),
                done => return Ok(done),
            }
            if let Some(next) = next {
                self.silent(frame, next)?;
            }
        }
    }

    /// A condition: a real scalar that is not zero.
    fn truth(&mut self, frame: &mut Frame, e: &Expr) -> Run<bool> {
        Ok(real_scalar(&self.value(frame, e)?)? != 0.0)
    }

    fn silent(&mut self, frame: &mut Frame, e: &Expr) -> Run<()> {
        self.outcome(frame, e).map(|_| ())
    }

    /// An expression as a statement: a value that is neither assigned nor void is shown.
    fn expression_statement(&mut self, frame: &mut Frame, e: &Expr) -> Run<()> {
        let quiet = matches!(e, Expr::Assign(..) | Expr::Step(..) | Expr::Void(_));
        let outcome = self.outcome(frame, e)?;
        if let Some(value) = outcome
            && !quiet
        {
            self.show(&value);
        }
        Ok(())
    }

    /// Shows a value in the log.
    pub fn show(&mut self, value: &Value) {
        let width = self.session.settings.linesize.max(40);
        for line in super::show::lines(value, width) {
            self.session.print(line);
        }
    }

    /// A declared variable gets its first value; an external one is made when it does not exist.
    fn declare(&mut self, frame: &mut Frame, k: usize) -> Run<()> {
        let Slot { name, ty, global } = frame.code.slots[k].clone();
        if !global {
            return Ok(());
        }
        let existing = self.state().globals.get(&name).cloned();
        let cell = match existing {
            Some(cell) if frame.code.name != "<istmt>" => {
                let value = cell.get();
                if let Some(code) = ty.as_ref().and_then(|t| t.violation(&value)) {
                    return Err(Fault::code(code));
                }
                cell
            }
            _ => {
                let cell = Cell::new(self.initial(ty.as_ref())?);
                self.state().globals.insert(name, cell.clone());
                cell
            }
        };
        frame.cells[k] = Some(cell);
        Ok(())
    }
}
