//! Mata source to a tree: statements. Expressions are in `expressions`, types and definitions in `declarations`.

use super::ast::{Expr, Function, Item, Loop, Slot, Statement};
use super::fault::{Fault, Run};
use super::lexer::{End, Lexed, Token, tokenize};
use super::types::Type;
use std::collections::HashMap;

/// Why a source has no tree.
#[derive(Debug)]
pub(super) enum Stop {
    /// It ends where more must follow: the next line belongs to it.
    Incomplete,
    /// It is wrong.
    Wrong(Fault),
}

/// Parses what is typed at the prompt. With `strict` every variable of a function must be declared.
///
/// # Errors
/// [`Stop::Incomplete`] where a further line could complete the source.
pub(super) fn parse(source: &str, strict: bool) -> Result<Vec<Item>, Stop> {
    let (tokens, end) = tokenize(source).map_err(Stop::Wrong)?;
    if end == End::Open {
        return Err(Stop::Incomplete);
    }
    let mut parser = Parser { tokens, at: 0, depth: 0, hit_end: false, strict, scope: Scope::default() };
    let mut items = Vec::new();
    loop {
        parser.skip_ends();
        if parser.at >= parser.tokens.len() {
            return Ok(items);
        }
        match parser.item() {
            Ok(item) => items.push(item),
            Err(_) if parser.hit_end => return Err(Stop::Incomplete),
            Err(fault) => return Err(Stop::Wrong(fault)),
        }
    }
}

/// Names of the function that is read.
#[derive(Debug, Default)]
pub(super) struct Scope {
    names: HashMap<String, usize>,
    pub(super) slots: Vec<Slot>,
    pub(super) in_function: bool,
}

pub(super) struct Parser {
    tokens: Vec<Lexed>,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// Set when a token was needed and there was none.
    hit_end: bool,
    strict: bool,
    pub(super) scope: Scope,
}

/// Most statements and parentheses inside of each other.
pub(super) const MAX_DEPTH: usize = 100;

pub(super) const ELEMENTS: &[&str] =
    &["transmorphic", "numeric", "real", "complex", "string", "pointer", "struct", "class"];
pub(super) const SHAPES: &[&str] = &["matrix", "vector", "rowvector", "colvector", "scalar"];

/// Words that name no variable or function.
pub(super) fn is_reserved(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "if", "else", "for", "while", "do", "break", "continue", "return", "function", "void", "external",
        "goto", "pragma", "version",
    ];
    WORDS.contains(&word) || ELEMENTS.contains(&word) || SHAPES.contains(&word)
}

impl Parser {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|l| &l.token)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|l| &l.token)
    }

    /// Whether the next token follows the one before without a blank.
    pub(super) fn attached(&self) -> bool {
        self.tokens.get(self.at).is_some_and(|l| l.attached)
    }

    pub(super) fn next(&mut self) -> Run<Token> {
        match self.tokens.get(self.at) {
            Some(l) => {
                self.at += 1;
                Ok(l.token.clone())
            }
            None => {
                self.hit_end = true;
                Err(Fault::syntax("unexpected end of line"))
            }
        }
    }

    pub(super) fn eat(&mut self, op: &str) -> bool {
        let hit = matches!(self.peek(), Some(Token::Op(o)) if *o == op);
        self.at += usize::from(hit);
        hit
    }

    pub(super) fn expect(&mut self, op: &str) -> Run<()> {
        if self.eat(op) {
            return Ok(());
        }
        let found = self.next()?;
        Err(Fault::syntax(format!("'{}' found where '{op}' expected", shown(&found))))
    }

    pub(super) fn skip_lines(&mut self) {
        while matches!(self.peek(), Some(Token::Line)) {
            self.at += 1;
        }
    }

    pub(super) fn skip_ends(&mut self) {
        while matches!(self.peek(), Some(Token::Line | Token::Op(";"))) {
            self.at += 1;
        }
    }

    pub(super) fn word(&self) -> Option<&str> {
        match self.peek() {
            Some(Token::Name(n)) => Some(n),
            _ => None,
        }
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let hit = self.word() == Some(word);
        self.at += usize::from(hit);
        hit
    }

    pub(super) fn name(&mut self) -> Run<String> {
        match self.next()? {
            Token::Name(n) => Ok(n),
            other => Err(Fault::syntax(format!("'{}' found where a name is expected", shown(&other)))),
        }
    }

    pub(super) fn nested<T>(&mut self, f: impl FnOnce(&mut Self) -> Run<T>) -> Run<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::syntax("expression or statement is nested too deeply"));
        }
        let result = f(self);
        self.depth -= 1;
        result
    }

    /// The place of a variable; a new name gets the next place.
    pub(super) fn variable(&mut self, name: &str) -> Run<usize> {
        if let Some(k) = self.scope.names.get(name) {
            return Ok(*k);
        }
        if self.strict && self.scope.in_function {
            return Err(Fault::syntax(format!("variable {name} undeclared")));
        }
        let global = !self.scope.in_function;
        Ok(self.declare(name, None, global))
    }

    pub(super) fn declare(&mut self, name: &str, ty: Option<Type>, global: bool) -> usize {
        let slot = Slot { name: name.to_string(), ty, global };
        if let Some(k) = self.scope.names.get(name) {
            self.scope.slots[*k] = slot;
            return *k;
        }
        let k = self.scope.slots.len();
        self.scope.names.insert(name.to_string(), k);
        self.scope.slots.push(slot);
        k
    }

    fn item(&mut self) -> Run<Item> {
        self.scope = Scope::default();
        self.depth = 0;
        if self.word() == Some("struct") && self.opens_definition() {
            return self.structure();
        }
        if self.word() == Some("class") && self.opens_definition() {
            return Err(Fault::unsupported("class"));
        }
        if let Some(function) = self.function_definition()? {
            return Ok(Item::Function(function));
        }
        let body = vec![self.statement()?];
        let scope = std::mem::take(&mut self.scope);
        Ok(Item::Statement(Function {
            name: "<istmt>".into(),
            slots: scope.slots,
            parameters: 0,
            required: 0,
            returns: None,
            body,
        }))
    }

    pub(super) fn statement(&mut self) -> Run<Statement> {
        match self.peek() {
            None => {
                self.next()?;
            }
            Some(Token::Op(";")) => {
                self.at += 1;
                return Ok(Statement::Nothing);
            }
            Some(Token::Op("{")) => return self.nested(Self::block),
            _ => {}
        }
        let word = self.word().unwrap_or("").to_string();
        match word.as_str() {
            "if" => self.nested(Self::if_statement),
            "while" => self.nested(|p| {
                p.at += 1;
                let condition = p.condition()?;
                Ok(Statement::While(condition, Box::new(p.body()?)))
            }),
            "do" => self.nested(Self::do_statement),
            "for" => self.nested(Self::for_statement),
            "break" => self.simple(Statement::Break),
            "continue" => self.simple(Statement::Continue),
            "return" => self.return_statement(),
            "pragma" | "version" => {
                while !matches!(self.peek(), None | Some(Token::Line | Token::Op(";" | "}"))) {
                    self.at += 1;
                }
                self.end_statement()?;
                Ok(Statement::Nothing)
            }
            "goto" => Err(Fault::unsupported("goto")),
            "external" => {
                self.at += 1;
                self.declaration(true)
            }
            w if (ELEMENTS.contains(&w) || SHAPES.contains(&w)) && self.declares() => self.declaration(false),
            _ => {
                let e = self.expression()?;
                self.end_statement()?;
                Ok(Statement::Expr(e))
            }
        }
    }

    fn simple(&mut self, s: Statement) -> Run<Statement> {
        self.at += 1;
        self.end_statement()?;
        Ok(s)
    }

    pub(super) fn end_statement(&mut self) -> Run<()> {
        match self.peek() {
            None | Some(Token::Op("}")) => Ok(()),
            Some(Token::Line | Token::Op(";")) => {
                self.at += 1;
                Ok(())
            }
            Some(other) => {
                let found = shown(other);
                Err(Fault::syntax(format!("'{found}' found where almost anything else expected")))
            }
        }
    }

    fn block(&mut self) -> Run<Statement> {
        self.expect("{")?;
        let mut inner = Vec::new();
        loop {
            self.skip_ends();
            if self.eat("}") {
                return Ok(Statement::Block(inner));
            }
            inner.push(self.statement()?);
        }
    }

    fn condition(&mut self) -> Run<Expr> {
        self.skip_lines();
        self.expect("(")?;
        let e = self.expression()?;
        self.expect(")")?;
        Ok(e)
    }

    /// The statement behind a header, which may start on the next line.
    fn body(&mut self) -> Run<Statement> {
        self.skip_lines();
        self.statement()
    }

    fn if_statement(&mut self) -> Run<Statement> {
        self.at += 1;
        let condition = self.condition()?;
        let then = Box::new(self.body()?);
        let before = self.at;
        self.skip_lines();
        if self.eat_word("else") {
            let other = Box::new(self.body()?);
            return Ok(Statement::If(condition, then, Some(other)));
        }
        self.at = before;
        Ok(Statement::If(condition, then, None))
    }

    fn do_statement(&mut self) -> Run<Statement> {
        self.at += 1;
        let body = Box::new(self.body()?);
        self.skip_ends();
        if !self.eat_word("while") {
            let found = self.next()?;
            return Err(Fault::syntax(format!("'{}' found where 'while' expected", shown(&found))));
        }
        let condition = self.condition()?;
        self.end_statement()?;
        Ok(Statement::Do(body, condition))
    }

    fn for_statement(&mut self) -> Run<Statement> {
        self.at += 1;
        self.skip_lines();
        self.expect("(")?;
        let mut parts = [None, None, None];
        for (k, part) in parts.iter_mut().enumerate() {
            let close = if k == 2 { ")" } else { ";" };
            if !self.eat(close) {
                *part = Some(self.expression()?);
                self.expect(close)?;
            }
        }
        let [first, condition, next] = parts;
        Ok(Statement::For(Box::new(Loop { first, condition, next, body: self.body()? })))
    }

    fn return_statement(&mut self) -> Run<Statement> {
        self.at += 1;
        let empty = self.peek() == Some(&Token::Op("(")) && self.peek_at(1) == Some(&Token::Op(")"));
        let value = if empty {
            self.at += 2;
            None
        } else if matches!(self.peek(), None | Some(Token::Line | Token::Op(";" | "}"))) {
            None
        } else {
            Some(self.expression()?)
        };
        self.end_statement()?;
        Ok(Statement::Return(value))
    }
}

/// A token as messages show it.
pub(super) fn shown(token: &Token) -> String {
    match token {
        Token::Num(x) | Token::Imaginary(x) => crate::format::bare("%9.0g", *x),
        Token::Text(t) => format!("\"{t}\""),
        Token::Name(n) => n.clone(),
        Token::Op(o) => (*o).to_string(),
        Token::Line => "end of line".into(),
    }
}
