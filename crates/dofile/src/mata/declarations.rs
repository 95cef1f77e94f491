//! Declarations in Mata source: types, structures, functions and their arguments.

use super::ast::{Expr, Function, Item, Statement};
use super::fault::{Fault, Run};
use super::lexer::Token;
use super::parser::{ELEMENTS, Parser, SHAPES};
use super::types::{Element, Shape, Type};

/// A type in front of a name, `void`, or nothing but the word `function`.
enum Declared {
    Type(Type),
    Void,
    Function,
}

impl Parser {
    /// `struct name {` or `class name [extends …] {`.
    pub(super) fn opens_definition(&self) -> bool {
        let mut k = 2;
        while matches!(self.peek_at(k), Some(Token::Line | Token::Name(_))) && k < 8 {
            k += 1;
        }
        matches!(self.peek_at(1), Some(Token::Name(_)))
            && matches!(self.peek_at(k), Some(Token::Op("{")))
            && (k == 2 || self.word() == Some("class") || matches!(self.peek_at(2), Some(Token::Line)))
    }

    pub(super) fn structure(&mut self) -> Run<Item> {
        self.at += 1;
        let name = self.name()?;
        self.skip_lines();
        self.expect("{")?;
        let mut members = Vec::new();
        loop {
            self.skip_ends();
            if self.eat("}") {
                return Ok(Item::Struct(name, members));
            }
            let Some(Declared::Type(ty)) = self.declared()? else {
                return Err(Fault::syntax("a member of a structure needs a type"));
            };
            loop {
                let member = self.name()?;
                members.push((member, ty.clone()));
                if !self.eat(",") {
                    break;
                }
            }
        }
    }

    /// A type, `void` or `function` at this place; moves behind it.
    fn declared(&mut self) -> Run<Option<Declared>> {
        let Some(word) = self.word().map(str::to_string) else { return Ok(None) };
        if word == "void" || word == "function" {
            self.at += 1;
            let plain = word == "function" || !self.eat_word("function");
            debug_assert!(plain || word == "void");
            return Ok(Some(if word == "void" { Declared::Void } else { Declared::Function }));
        }
        let mut ty = Type::default();
        let mut found = false;
        if ELEMENTS.contains(&word.as_str()) {
            self.at += 1;
            found = true;
            ty.element = self.element(&word)?;
        }
        if let Some(shape) = self.word().and_then(|w| SHAPES.iter().position(|s| *s == w)) {
            self.at += 1;
            found = true;
            ty.shape = [Shape::Matrix, Shape::Vector, Shape::Row, Shape::Column, Shape::Scalar][shape];
        }
        if !found {
            return Ok(None);
        }
        self.eat_word("function");
        Ok(Some(Declared::Type(ty)))
    }

    fn element(&mut self, word: &str) -> Run<Element> {
        Ok(match word {
            "numeric" => Element::Numeric,
            "real" => Element::Real,
            "complex" => Element::Complex,
            "string" => Element::Text,
            "pointer" => {
                if self.eat("(") {
                    // what it points to is not checked
                    let mut open = 1;
                    while open > 0 {
                        match self.next()? {
                            Token::Op("(") => open += 1,
                            Token::Op(")") => open -= 1,
                            _ => {}
                        }
                    }
                }
                Element::Pointer
            }
            "struct" => Element::Struct(self.name()?),
            "class" => {
                let name = self.name()?;
                return Err(Fault::unsupported(&format!("class {name}")));
            }
            _ => Element::Transmorphic,
        })
    }

    /// `[type] [function] name(arguments) body`, or nothing when something else stands here.
    pub(super) fn function_definition(&mut self) -> Run<Option<Function>> {
        let start = self.at;
        let Some(declared) = self.declared()? else { return Ok(None) };
        let named = matches!(self.peek(), Some(Token::Name(_))) && self.peek_at(1) == Some(&Token::Op("("));
        if !named {
            if matches!(declared, Declared::Function | Declared::Void) {
                self.name()?;
                self.expect("(")?;
            }
            self.at = start;
            return Ok(None);
        }
        let name = self.name()?;
        self.scope.in_function = true;
        self.expect("(")?;
        let required = self.parameters()?;
        let parameters = self.scope.slots.len();
        self.skip_lines();
        let body = match self.nested(Self::statement)? {
            Statement::Block(inner) => inner,
            single => vec![single],
        };
        let scope = std::mem::take(&mut self.scope);
        let returns = match declared {
            Declared::Type(ty) => Some(ty),
            Declared::Function => Some(Type::default()),
            Declared::Void => None,
        };
        Ok(Some(Function { name, slots: scope.slots, parameters, required, returns, body }))
    }

    /// The arguments up to the closing parenthesis; returns how many a call must have.
    fn parameters(&mut self) -> Run<usize> {
        let mut required = None;
        loop {
            self.skip_lines();
            if self.eat(")") {
                break;
            }
            if self.eat("|") {
                required = required.or(Some(self.scope.slots.len()));
                continue;
            }
            if self.eat(",") {
                continue;
            }
            let ty = match self.declared()? {
                Some(Declared::Type(ty)) => Some(ty),
                // `f(void)` has no arguments
                Some(Declared::Void) => continue,
                _ => None,
            };
            let name = self.name()?;
            self.declare(&name, ty, false);
        }
        Ok(required.unwrap_or(self.scope.slots.len()))
    }

    /// Whether the type word here starts a declaration.
    pub(super) fn declares(&self) -> bool {
        matches!(self.peek_at(1), Some(Token::Name(_)))
            || (self.word() == Some("pointer") && self.peek_at(1) == Some(&Token::Op("(")))
    }

    /// `[external] type name [, name …]`; a name may get a value.
    pub(super) fn declaration(&mut self, external: bool) -> Run<Statement> {
        let ty = match self.declared()? {
            Some(Declared::Type(ty)) => Some(ty),
            _ => None,
        };
        let global = external || !self.scope.in_function;
        let mut out = Vec::new();
        loop {
            self.skip_lines();
            let name = self.name()?;
            let k = self.declare(&name, Some(ty.clone().unwrap_or_default()), global);
            out.push(Statement::Declare(k));
            if self.eat("=") {
                let value = self.assigned()?;
                let target = Box::new(Expr::Var(k));
                out.push(Statement::Expr(Expr::Assign(target, Box::new(value))));
            }
            if !self.eat(",") {
                break;
            }
        }
        self.end_statement()?;
        Ok(Statement::Block(out))
    }
}
