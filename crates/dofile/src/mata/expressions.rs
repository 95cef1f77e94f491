//! Expressions of Mata: operators in the order of precedence of the manual ([M-2] exp), subscripts, calls, members.

use super::ast::{Binary, Call, Expr, Unary};
use super::fault::{Fault, Run};
use super::lexer::Token;
use super::parser::{Parser, is_reserved, shown};
use std::sync::Arc;

/// Operators from the weakest to the strongest; each has its own precedence. The flag marks colon operators.
const OPERATORS: &[(&str, Binary, bool)] = &[
    ("\\", Binary::Below, false),
    ("::", Binary::ColumnTo, false),
    (",", Binary::Beside, false),
    ("..", Binary::RowTo, false),
    (":|", Binary::Or, true),
    ("||", Binary::ShortOr, false),
    ("|", Binary::Or, false),
    (":&", Binary::And, true),
    ("&&", Binary::ShortAnd, false),
    ("&", Binary::And, false),
    (":==", Binary::Equal, true),
    ("==", Binary::Equal, false),
    (":>=", Binary::GreaterEqual, true),
    (">=", Binary::GreaterEqual, false),
    (":<=", Binary::LessEqual, true),
    ("<=", Binary::LessEqual, false),
    (":<", Binary::Less, true),
    ("<", Binary::Less, false),
    (":>", Binary::Greater, true),
    (">", Binary::Greater, false),
    (":!=", Binary::Unequal, true),
    ("!=", Binary::Unequal, false),
    (":+", Binary::Add, true),
    ("+", Binary::Add, false),
    (":-", Binary::Subtract, true),
    ("-", Binary::Subtract, false),
    (":*", Binary::Multiply, true),
    ("*", Binary::Multiply, false),
    ("#", Binary::Kronecker, false),
    (":/", Binary::Divide, true),
    ("/", Binary::Divide, false),
    (":^", Binary::Power, true),
    ("^", Binary::Power, false),
];

/// Precedence of the power operators: those that bind stronger than a minus sign before them.
const POWER: usize = 31;

/// Most terms of a sum or another chain of operators that are no joins.
const MAX_TERMS: usize = 300;

impl Parser {
    /// An expression in which a comma joins columns.
    pub(super) fn expression(&mut self) -> Run<Expr> {
        self.nested(|p| p.assignment(true))
    }

    /// An expression behind the `=` of a declaration.
    pub(super) fn assigned(&mut self) -> Run<Expr> {
        self.nested(|p| p.assignment(false))
    }

    fn assignment(&mut self, commas: bool) -> Run<Expr> {
        let left = self.conditional(commas)?;
        if !self.eat("=") {
            return Ok(left);
        }
        if !left.is_target() {
            return Err(Fault::syntax("invalid lval"));
        }
        self.skip_lines();
        let value = self.nested(|p| p.assignment(commas))?;
        Ok(Expr::Assign(Box::new(left), Box::new(value)))
    }

    fn conditional(&mut self, commas: bool) -> Run<Expr> {
        let condition = self.binary(0, commas)?;
        if !self.eat("?") {
            return Ok(condition);
        }
        self.skip_lines();
        let yes = self.nested(|p| p.assignment(commas))?;
        self.skip_lines();
        // `a ? b :-c` has the operator `:-` where a colon and a minus are meant
        let minus = self.eat(":-");
        if !minus {
            self.expect(":")?;
        }
        self.skip_lines();
        let no = self.nested(|p| p.assignment(commas))?;
        let no = if minus { Expr::Unary(Unary::Minus, Box::new(no)) } else { no };
        Ok(Expr::Conditional(Box::new(condition), Box::new(yes), Box::new(no)))
    }

    fn binary(&mut self, weakest: usize, commas: bool) -> Run<Expr> {
        let mut left = self.unary(commas)?;
        let mut terms = 0;
        loop {
            let Some(Token::Op(op)) = self.peek() else { return Ok(left) };
            if *op == "," && !commas {
                return Ok(left);
            }
            let Some(level) = OPERATORS.iter().position(|o| o.0 == *op).filter(|l| *l >= weakest) else {
                return Ok(left);
            };
            self.take_operator()?;
            let (_, operator, colon) = OPERATORS[level];
            let right = self.nested(|p| p.binary(level + 1, commas))?;
            terms += 1;
            left = match (operator, left) {
                (Binary::Below, Expr::Join(true, mut parts)) if terms > 1 => {
                    parts.push(right);
                    Expr::Join(true, parts)
                }
                (Binary::Beside, Expr::Join(false, mut parts)) if terms > 1 => {
                    parts.push(right);
                    Expr::Join(false, parts)
                }
                (Binary::Below | Binary::Beside, left) => {
                    Expr::Join(operator == Binary::Below, vec![left, right])
                }
                (_, left) if terms <= MAX_TERMS => {
                    Expr::Binary(operator, colon, Box::new(left), Box::new(right))
                }
                _ => return Err(Fault::syntax("expression is too long")),
            };
        }
    }

    fn take_operator(&mut self) -> Run<()> {
        self.next()?;
        self.skip_lines();
        Ok(())
    }

    fn unary(&mut self, commas: bool) -> Run<Expr> {
        let Some(Token::Op(op)) = self.peek() else { return self.postfix() };
        let op = *op;
        match op {
            "-" => {
                self.take_operator()?;
                let e = self.nested(|p| p.binary(POWER, commas))?;
                Ok(match e {
                    Expr::Num(x) if x < crate::value::MISSING => Expr::Num(-x),
                    e => Expr::Unary(Unary::Minus, Box::new(e)),
                })
            }
            "+" => {
                self.take_operator()?;
                self.nested(|p| p.binary(POWER, commas))
            }
            "!" | "~" => {
                self.take_operator()?;
                let e = self.nested(|p| p.unary(commas))?;
                Ok(Expr::Unary(Unary::Not, Box::new(e)))
            }
            "*" => {
                self.take_operator()?;
                let e = self.nested(|p| p.unary(commas))?;
                Ok(Expr::Deref(Box::new(e)))
            }
            "&" => {
                self.take_operator()?;
                self.nested(|p| p.address(commas))
            }
            "++" | "--" => {
                self.take_operator()?;
                let e = self.nested(|p| p.unary(commas))?;
                if !e.is_target() {
                    return Err(Fault::syntax("invalid lval"));
                }
                Ok(Expr::Step(Box::new(e), if op == "++" { 1.0 } else { -1.0 }, false))
            }
            _ => self.postfix(),
        }
    }

    fn address(&mut self, commas: bool) -> Run<Expr> {
        if let (Some(Token::Name(name)), Some(Token::Op("(")), Some(Token::Op(")"))) =
            (self.peek(), self.peek_at(1), self.peek_at(2))
        {
            let name = name.as_str().into();
            for _ in 0..3 {
                self.next()?;
            }
            return Ok(Expr::FunctionAddress(name));
        }
        Ok(Expr::Address(Box::new(self.unary(commas)?)))
    }

    fn postfix(&mut self) -> Run<Expr> {
        let mut e = self.primary()?;
        loop {
            let Some(Token::Op(op)) = self.peek() else { return Ok(e) };
            match *op {
                "[" => {
                    self.next()?;
                    let subscripts = self.subscripts()?;
                    e = Expr::Index(Box::new(e), subscripts);
                }
                "[|" => {
                    self.next()?;
                    let inner = self.expression()?;
                    self.expect("|]")?;
                    e = Expr::Range(Box::new(e), Box::new(inner));
                }
                "." => {
                    self.next()?;
                    e = self.member(e)?;
                }
                "->" => {
                    self.next()?;
                    e = self.member(Expr::Deref(Box::new(e)))?;
                }
                "(" if matches!(e, Expr::Deref(_)) && self.attached() => {
                    self.next()?;
                    let args = self.arguments()?;
                    e = Expr::Through(Box::new(e), args);
                }
                "'" => {
                    self.next()?;
                    e = Expr::Unary(Unary::Transpose, Box::new(e));
                    if self.starts_operand() {
                        // `X'Y` is the product
                        let right = self.nested(Self::postfix)?;
                        e = Expr::Binary(Binary::Multiply, false, Box::new(e), Box::new(right));
                    }
                }
                "++" | "--" if e.is_target() && self.attached() => {
                    let step = if *op == "++" { 1.0 } else { -1.0 };
                    self.next()?;
                    e = Expr::Step(Box::new(e), step, true);
                }
                _ => return Ok(e),
            }
        }
    }

    fn starts_operand(&self) -> bool {
        match self.peek() {
            Some(Token::Num(_) | Token::Imaginary(_) | Token::Text(_) | Token::Op("(")) => true,
            Some(Token::Name(n)) => n != "else",
            _ => false,
        }
    }

    fn member(&mut self, base: Expr) -> Run<Expr> {
        match self.next()? {
            Token::Name(name) => {
                if self.peek() == Some(&Token::Op("(")) && self.attached() {
                    return Err(Fault::unsupported(&format!("the class function {name}()")));
                }
                Ok(Expr::Member(Box::new(base), name))
            }
            other => Err(Fault::syntax(format!("'{}' found where a member is expected", shown(&other)))),
        }
    }

    fn primary(&mut self) -> Run<Expr> {
        match self.next()? {
            Token::Num(x) => Ok(Expr::Num(x)),
            Token::Imaginary(x) => Ok(Expr::Imaginary(x)),
            Token::Text(t) => Ok(Expr::Text(t.as_str().into())),
            Token::Op("(") => self.parenthesised(),
            Token::Name(name) => {
                if name == "NULL" {
                    return Ok(Expr::Null);
                }
                if is_reserved(&name) {
                    return Err(Fault::syntax(format!("'{name}' found where almost anything else expected")));
                }
                if self.eat("(") {
                    let args = self.arguments()?;
                    return Ok(Expr::Call(Arc::new(Call { name, args })));
                }
                Ok(Expr::Var(self.variable(&name)?))
            }
            other => Err(Fault::syntax(format!("invalid expression: '{}'", shown(&other)))),
        }
    }

    fn parenthesised(&mut self) -> Run<Expr> {
        if self.peek() == Some(&Token::Name("void".into())) && self.peek_at(1) == Some(&Token::Op(")")) {
            self.next()?;
            self.next()?;
            return Ok(Expr::Void(Box::new(self.expression()?)));
        }
        let e = self.expression()?;
        self.expect(")")?;
        Ok(e)
    }

    /// Arguments up to the closing parenthesis.
    fn arguments(&mut self) -> Run<Vec<Expr>> {
        let mut out = Vec::new();
        if self.eat(")") {
            return Ok(out);
        }
        loop {
            out.push(self.nested(|p| p.assignment(false))?);
            if self.eat(")") {
                return Ok(out);
            }
            self.expect(",")?;
        }
    }

    /// Subscripts up to the closing bracket; an omitted one is missing.
    fn subscripts(&mut self) -> Run<Vec<Expr>> {
        let all = || Expr::Num(crate::value::MISSING);
        let mut out = Vec::new();
        loop {
            if self.eat("]") {
                out.push(all());
                return self.at_most_two(out);
            }
            if self.eat(",") {
                out.push(all());
                continue;
            }
            out.push(self.nested(|p| p.assignment(false))?);
            if self.eat("]") {
                return self.at_most_two(out);
            }
            self.expect(",")?;
        }
    }

    fn at_most_two(&self, subscripts: Vec<Expr>) -> Run<Vec<Expr>> {
        if subscripts.len() > 2 {
            return Err(Fault::syntax("too many subscripts"));
        }
        Ok(subscripts)
    }
}

#[cfg(test)]
mod tests {
    use crate::mata::ast::{Binary, Expr, Item, Statement, Unary};
    use crate::mata::parser::{Stop, parse};

    fn expr(source: &str) -> Expr {
        match parse(source, false).expect("a tree").remove(0) {
            Item::Statement(mut f) => match f.body.remove(0) {
                Statement::Expr(e) => e,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn top(source: &str) -> Binary {
        match expr(source) {
            Expr::Binary(op, ..) => op,
            Expr::Join(below, parts) => {
                assert_eq!(parts.len(), 2);
                if below { Binary::Below } else { Binary::Beside }
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn operators_bind_in_the_order_of_the_manual() {
        assert_eq!(top("1,2\\3,4"), Binary::Below);
        assert_eq!(top("1..3,5"), Binary::Beside);
        assert_eq!(top("1+2*3"), Binary::Add);
        assert_eq!(top("a*b/c"), Binary::Multiply);
        assert_eq!(top("x<3 & y>2"), Binary::And);
        assert_eq!(top("a :== b :+ 1"), Binary::Equal);
        assert!(matches!(expr("-2^2"), Expr::Unary(Unary::Minus, _)));
        assert_eq!(top("2^-1"), Binary::Power);
        assert_eq!(top("!x == 1"), Binary::Equal);
        assert_eq!(top("X'X"), Binary::Multiply);
        assert_eq!(top("X'y :/ n"), Binary::Divide);
        assert!(matches!(expr("a ? 1 : 2,3"), Expr::Conditional(..)));
        assert!(matches!(expr("a = b = 3"), Expr::Assign(..)));
    }

    #[test]
    fn source_that_needs_a_further_line_is_incomplete() {
        for source in
            ["x = ", "x = a +", "f(a,", "if (x)", "function f(a)", "real scalar f(a) {", "do {\n}", "a ///"]
        {
            assert!(matches!(parse(source, false), Err(Stop::Incomplete)), "{source}");
        }
        for source in ["2,,3", "x = )", "1 2", "real", "x y", "for (i=1;i<2)"] {
            assert!(matches!(parse(source, false), Err(Stop::Wrong(_))), "{source}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let source = format!("{}1{}", "(".repeat(500), ")".repeat(500));
        assert!(matches!(parse(&source, false), Err(Stop::Wrong(_))));
    }
}
