//! Binds a syntax tree to a session: names become values, functions pointers, and types are checked (r(109)).

use super::by_call::{self, ByCall};
use super::coefficients::find_coefficient;
use super::functions::{self, Imp};
use super::node::{Compiled, EvalCtx, Node};
use super::parser::{BinOp, Expr};
use super::{older_arguments, older_results};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame};
use crate::matrix::Matrix;
use crate::results::{Estimation, Results};
use crate::syntax::{Atom, Term};
use crate::tsset::Panel;
use crate::value::{MISSING, Value};
use std::cell::Cell;
use std::sync::Arc;

/// Meanings of the names of an expression.
pub trait Names {
    /// Returns the data.
    fn frame(&self) -> &Frame;
    /// Returns whether variable names may be abbreviated.
    fn abbreviates(&self) -> bool;
    /// Returns a scalar by name.
    fn scalar(&self, name: &str) -> Option<&Value>;
    /// Returns a matrix by name: `A`, `r(name)`, `e(name)`.
    fn matrix(&self, name: &str) -> Option<Arc<Matrix>>;
    /// Returns `_rc`.
    fn return_code(&self) -> i32;
    /// Returns the results of a class: `r`, `e` or `s`.
    fn results(&self, class: &str) -> Option<&Results>;
    /// Returns the active estimates.
    fn estimates(&self) -> &Estimation;
    /// Returns the rows of `e(sample)`.
    fn estimation_sample(&self) -> Option<Arc<Vec<bool>>>;
    /// Returns the value of `c(name)`.
    fn c_value(&self, name: &str) -> Result<Value>;
    /// Returns the values of a variable of a linked frame (`frlink`) in the rows of the data.
    fn linked(&self, link: &str, variable: &str) -> Result<Arc<Column>>;
    /// Returns whether the running program was called without a list: nothing, or only options.
    fn replays(&self) -> bool;
    /// Returns the group that the running program is called for, under `by`.
    fn by_call(&self) -> Option<ByCall>;
    /// Returns the working directory.
    fn folder(&self) -> &std::path::Path;
    /// Returns the rows and random numbers that an expression reads.
    fn context(&self) -> EvalCtx<'_>;
}

/// Binds an expression.
pub fn compile(names: &dyn Names, e: &Expr) -> Result<Compiled> {
    let mut c = Binder { names, columns: Vec::new() };
    let node = c.bind(e)?;
    Ok(Compiled { string: node.is_string(), node, columns: c.columns })
}

struct Binder<'a> {
    names: &'a dyn Names,
    columns: Vec<usize>,
}

impl Binder<'_> {
    fn bind(&mut self, e: &Expr) -> Result<Node> {
        match e {
            Expr::Num(x) => Ok(Node::Num(*x)),
            Expr::Str(s) => Ok(Node::Str(s.as_str().into())),
            Expr::Name(name) => self.name(name),
            Expr::OpName(op, name) => self.operated(op, name),
            Expr::Index(name, args) => self.index(name, args),
            Expr::Neg(a) => Ok(match self.number(a)? {
                Node::Num(x) => Node::Num(if crate::value::is_missing(x) { MISSING } else { -x }),
                n => Node::Neg(Box::new(n)),
            }),
            Expr::Not(a) => Ok(Node::Not(Box::new(self.number(a)?))),
            Expr::Binary(op, a, b) => self.binary(*op, a, b),
            Expr::Call(name, args) => self.call(name, args),
            Expr::RawCall(name, text) => self.raw_call(name, text),
            Expr::Labelled(text, label) => {
                let labels = self.names.frame().value_labels.get(label);
                let labels = labels.ok_or_else(|| StataError::not_found(&format!("value label {label}")))?;
                Ok(Node::Num(labels.value_of(text).unwrap_or(MISSING)))
            }
            Expr::Coef(f, eq, term) => self.coefficient(f, eq.as_deref(), term).map(Node::Num),
        }
    }

    fn number(&mut self, e: &Expr) -> Result<Node> {
        let n = self.bind(e)?;
        if n.is_string() { Err(StataError::type_mismatch()) } else { Ok(n) }
    }

    fn column(&mut self, i: usize) -> usize {
        if !self.columns.contains(&i) {
            self.columns.push(i);
        }
        i
    }

    fn name(&mut self, name: &str) -> Result<Node> {
        let s = self.names;
        match name {
            "_n" => return Ok(Node::RowNumber),
            "_N" => return Ok(Node::RowCount),
            "_pi" => return Ok(Node::Num(std::f64::consts::PI)),
            "_rc" => return Ok(Node::Num(f64::from(s.return_code()))),
            _ => {}
        }
        let exact = s.frame().find(name);
        if exact.is_none()
            && let Some(v) = s.scalar(name)
        {
            return Ok(Node::constant(v));
        }
        match s.frame().find_abbrev(name, s.abbreviates()) {
            Ok(i) => {
                let i = self.column(i);
                Ok(if s.frame().var(i).is_string() { Node::StrCol(i) } else { Node::Col(i) })
            }
            Err(e) if e.message.contains("ambiguous") => Err(e),
            Err(_) => match s.matrix(name) {
                // a 1 x 1 matrix is a number in an expression
                Some(m) if m.rows() == 1 && m.cols() == 1 => Ok(Node::Num(m.get(0, 0))),
                Some(_) => Err(StataError::standard(509)),
                None => Err(StataError::not_found(name)),
            },
        }
    }

    /// `L.x`, `2.x`.
    fn operated(&mut self, op: &str, name: &str) -> Result<Node> {
        let s = self.names;
        let i = s.frame().find_abbrev(name, s.abbreviates())?;
        let term = Term::parse(&format!("{op}.{}", s.frame().var(i).name))?;
        let [atom] = &term.atoms[..] else { return Err(StataError::syntax()) };
        if s.frame().var(i).is_string() {
            return Err(StataError::type_mismatch());
        }
        let i = self.column(i);
        let mut node = Node::Col(i);
        if !atom.ts().is_none() {
            let panel = Panel::for_operators(s.frame())?;
            let parts: Result<Vec<_>> = atom
                .ts()
                .polynomial()
                .into_iter()
                .map(|(lag, c)| Ok((Arc::new(panel.shifted_rows(s.frame(), lag)?), c)))
                .collect();
            node = Node::Shifted(i, parts?);
        }
        match atom {
            Atom::Level { level, .. } => Ok(Node::Level(Box::new(node), *level as f64)),
            _ => Ok(node),
        }
    }

    fn index(&mut self, name: &str, args: &[Expr]) -> Result<Node> {
        let s = self.names;
        if let [k] = args
            && let Ok(i) = s.frame().find_abbrev(name, s.abbreviates())
        {
            let k = Box::new(self.number(k)?);
            let i = self.column(i);
            return Ok(if s.frame().var(i).is_string() { Node::StrColAt(i, k) } else { Node::ColAt(i, k) });
        }
        let m = self.matrix(name)?;
        let cell = |b: &mut Self, e: &Expr, names: &[crate::matrix::Stripe]| -> Result<Node> {
            let n = match e {
                Expr::Str(text) => {
                    let at = names.iter().position(|s| s.name == *text || s.full() == *text);
                    return Ok(Node::Num(at.map_or(MISSING, |k| k as f64 + 1.0)));
                }
                e => b.bind(e)?,
            };
            if n.is_string() { Err(StataError::type_mismatch()) } else { Ok(n) }
        };
        match args {
            [i, j] => {
                let i = cell(self, i, &m.row_names)?;
                let j = cell(self, j, &m.col_names)?;
                Ok(Node::MatrixCell(m, Box::new(i), Box::new(j)))
            }
            [j] if m.rows() == 1 || m.cols() == 1 => {
                let k = Box::new(self.number(j)?);
                let one = Box::new(Node::Num(1.0));
                Ok(if m.rows() == 1 { Node::MatrixCell(m, one, k) } else { Node::MatrixCell(m, k, one) })
            }
            _ => Err(StataError::syntax()),
        }
    }

    /// A matrix by name: `A`, `r(table)`, `e(b)`.
    fn matrix(&self, name: &str) -> Result<Arc<Matrix>> {
        self.names.matrix(name).ok_or_else(|| StataError::not_found(name))
    }

    fn binary(&mut self, op: BinOp, a: &Expr, b: &Expr) -> Result<Node> {
        let (x, y) = (self.bind(a)?, self.bind(b)?);
        let strings = (x.is_string(), y.is_string());
        let (x, y) = (Box::new(x), Box::new(y));
        match (op, strings) {
            (BinOp::Add, (true, true)) => Ok(Node::Concat(x, y)),
            (BinOp::Mul, (true, false)) => Ok(Node::Repeat(x, y)),
            (BinOp::Mul, (false, true)) => Ok(Node::Repeat(y, x)),
            (BinOp::Eq | BinOp::Ne | BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge, (true, true)) => {
                Ok(Node::CompareStr(op, x, y))
            }
            (_, (true, _) | (_, true)) => Err(StataError::type_mismatch()),
            (BinOp::Eq | BinOp::Ne | BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge, _) => {
                Ok(Node::Compare(op, x, y))
            }
            _ => Ok(Node::Arith(op, x, y)),
        }
    }

    fn call(&mut self, name: &str, args: &[Expr]) -> Result<Node> {
        if let Some(node) = self.special(name, args)? {
            return Ok(node);
        }
        let spec = functions::find(name)
            .ok_or_else(|| StataError::new(133, format!("unknown function {name}()")))?;
        let mut nodes = args.iter().map(|a| self.bind(a)).collect::<Result<Vec<Node>>>()?;
        older_arguments::renew(self.names, name, &mut nodes);
        if !spec.accepts(nodes.len()) {
            return Err(StataError::syntax());
        }
        for (k, n) in nodes.iter().enumerate() {
            match spec.kind_of(k) {
                b'n' if n.is_string() => return Err(StataError::type_mismatch()),
                b's' if !n.is_string() => return Err(StataError::type_mismatch()),
                _ => {}
            }
        }
        let mixed = nodes.iter().any(|n| n.is_string() != nodes[0].is_string());
        if mixed && ["inlist", "inrange"].contains(&name) {
            return Err(StataError::type_mismatch());
        }
        Ok(match spec.imp {
            Imp::Strict1(f) => match nodes.into_iter().next() {
                Some(n) => Node::Strict1(f, Box::new(n)),
                None => return Err(StataError::syntax()),
            },
            Imp::Num(f) => Node::NumCall(f, nodes),
            Imp::Any(f, string) => Node::AnyCall(f, nodes, string),
            Imp::File(f, string) => {
                let folder = Node::Str(self.names.folder().to_string_lossy().as_ref().into());
                Node::AnyCall(f, std::iter::once(folder).chain(nodes).collect(), string)
            }
            Imp::Random(f) => Node::Random(f, nodes),
        })
    }

    /// Functions that are not plain functions of their values.
    fn special(&mut self, name: &str, args: &[Expr]) -> Result<Option<Node>> {
        let s = self.names;
        Ok(Some(match (name, args) {
            ("cond", [c, a, b] | [c, a, b, _]) => {
                let c_node = self.number(c)?;
                let (a, b) = (self.bind(a)?, self.bind(b)?);
                if a.is_string() != b.is_string() {
                    return Err(StataError::type_mismatch());
                }
                let string = a.is_string();
                let yes_no = Node::Cond(Box::new(c_node), Box::new(a), Box::new(b), string);
                match args.get(3) {
                    // cond(x,a,b,c): c where x is missing
                    Some(d) => {
                        let d = self.bind(d)?;
                        let is_miss = Node::AnyCall(functions::any_missing, vec![self.number(c)?], false);
                        Node::Cond(Box::new(is_miss), Box::new(d), Box::new(yes_no), string)
                    }
                    None => yes_no,
                }
            }
            (function, []) if by_call::is_one(function) => Node::Num(by_call::value(function, s.by_call())),
            ("sum", [a]) => Node::RunningSum(Box::new(self.number(a)?), Cell::new((0, 0.0))),
            ("rowsof" | "colsof" | "issymmetric" | "matmissing" | "trace" | "det", [Expr::Name(m)]) => {
                Node::Num(functions::of_matrix(name, &*self.matrix(m)?)?)
            }
            (
                "rowsof" | "colsof" | "issymmetric" | "matmissing" | "trace" | "det",
                [raw @ Expr::RawCall(..)],
            ) => Node::Num(functions::of_matrix(name, &*self.matrix(&raw.to_string())?)?),
            ("rownumb" | "colnumb", [m, label]) => {
                let m = self.matrix(&m.to_string())?;
                let ctx = s.context();
                let label = compile(s, label)?.text(&ctx, ctx.first).into_owned();
                let at = if name == "rownumb" { m.find_row(&label) } else { m.find_col(&label) };
                Node::Num(at.map_or(MISSING, |k| k as f64 + 1.0))
            }
            ("el", [m, i, j]) => {
                let m = self.matrix(&m.to_string())?;
                let (i, j) = (self.number(i)?, self.number(j)?);
                Node::MatrixCell(m, Box::new(i), Box::new(j))
            }
            ("scalar", [Expr::Name(n)]) => {
                Node::constant(s.scalar(n).ok_or_else(|| StataError::not_found(n))?)
            }
            ("frval" | "_frval", [Expr::Name(link), Expr::Name(variable)]) => {
                Node::Linked(s.linked(link, variable)?)
            }
            ("mreldif", [x, y]) => {
                let (x, y) = (self.matrix(&x.to_string())?, self.matrix(&y.to_string())?);
                Node::Num(functions::relative_difference(&x, &y)?)
            }
            ("replay", []) => Node::Num(f64::from(u8::from(s.replays()))),
            ("smallestdouble", []) => Node::Num(f64::MIN_POSITIVE),
            _ => return Ok(None),
        }))
    }

    fn raw_call(&mut self, name: &str, text: &str) -> Result<Node> {
        let s = self.names;
        match name {
            "c" => return s.c_value(text).map(|v| Node::constant(&v)),
            "_result" => return older_results::value(s, text).map(Node::Num),
            _ => {}
        }
        if let Some((node, time)) = super::window::bind(s.frame(), name, text)? {
            self.column(time);
            return Ok(node);
        }
        let Some(results) = s.results(name) else {
            return functions::date_literal(name, text).map(Node::Num);
        };
        if name == "e" && text == "sample" {
            return Ok(Node::Sample(s.estimation_sample()));
        }
        if let Some(x) = results.get_scalar(text) {
            return Ok(Node::Num(x));
        }
        if let Some(t) = results.get_text(text) {
            return Ok(Node::Str(t.into()));
        }
        match results.matrices.get(text) {
            Some(m) if m.rows() == 1 && m.cols() == 1 => Ok(Node::Num(m.get(0, 0))),
            Some(_) => Err(StataError::type_mismatch()),
            None => Ok(Node::Num(MISSING)),
        }
    }

    fn coefficient(&self, function: &str, eq: Option<&str>, term: &str) -> Result<f64> {
        let e = self.names.estimates();
        let b = e.b().ok_or_else(StataError::no_estimates)?;
        let name = match eq {
            Some(eq) => format!("{eq}:{term}"),
            None => term.to_string(),
        };
        let (frame, abbreviates) = (self.names.frame(), self.names.abbreviates());
        let full = |v: &str| {
            let at = frame.find_abbrev(v, true).ok().filter(|_| abbreviates)?;
            Some(frame.var(at).name.clone())
        };
        let at = find_coefficient(b, &name, |_| None)
            .or_else(|| find_coefficient(b, &name, full))
            .ok_or_else(|| StataError::new(111, format!("[{}]_b[{term}] not found", eq.unwrap_or("_"))))?;
        if function == "_b" {
            return Ok(b.get(0, at));
        }
        let v = e.v().ok_or_else(StataError::no_estimates)?;
        Ok(v.get(at, at).max(0.0).sqrt())
    }
}
