//! Typed expression nodes and their evaluation for one row. Names are already
//! bound: nothing here looks anything up by text.

use super::parser::BinOp;
use crate::frame::{Column, Frame};
use crate::matrix::Matrix;
use crate::rng::Mt64;
use crate::value::{MISSING, Value, clean, is_missing};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// Input of an evaluation: the data, the rows of the current group and the generator.
pub struct EvalCtx<'a> {
    /// The data.
    pub frame: &'a Frame,
    /// The random-number generator.
    pub rng: &'a RefCell<Mt64>,
    /// First row of the group (0-based).
    pub first: usize,
    /// One past the last row of the group.
    pub last: usize,
}

pub(super) type NumFn = fn(&[f64]) -> f64;
pub(super) type AnyFn = fn(&[Value]) -> Value;

/// A bound expression.
#[derive(Debug)]
pub(super) enum Node {
    Num(f64),
    Str(Arc<str>),
    Col(usize),
    StrCol(usize),
    ColAt(usize, Box<Node>),
    StrColAt(usize, Box<Node>),
    RowNumber,
    RowCount,
    Shifted(usize, Vec<(Arc<Vec<Option<usize>>>, f64)>),
    Level(Box<Node>, f64),
    Sample(Option<Arc<Vec<bool>>>),
    Linked(Arc<Column>),
    MatrixCell(Arc<Matrix>, Box<Node>, Box<Node>),
    Neg(Box<Node>),
    Not(Box<Node>),
    Arith(BinOp, Box<Node>, Box<Node>),
    Compare(BinOp, Box<Node>, Box<Node>),
    CompareStr(BinOp, Box<Node>, Box<Node>),
    Concat(Box<Node>, Box<Node>),
    Repeat(Box<Node>, Box<Node>),
    Strict1(fn(f64) -> f64, Box<Node>),
    NumCall(NumFn, Vec<Node>),
    AnyCall(AnyFn, Vec<Node>, bool),
    Cond(Box<Node>, Box<Node>, Box<Node>, bool),
    Random(fn(&mut Mt64, &[f64]) -> f64, Vec<Node>),
    RunningSum(Box<Node>, Cell<(usize, f64)>),
}

/// An expression bound to a session's data, ready to be evaluated row by row.
#[derive(Debug)]
pub struct Compiled {
    pub(super) node: Node,
    pub(super) string: bool,
    pub(super) columns: Vec<usize>,
}

impl Compiled {
    /// True when the values are strings.
    pub fn is_string(&self) -> bool {
        self.string
    }

    /// Positions of the variables that it reads.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// True when the value can not differ between rows.
    pub fn is_constant(&self) -> bool {
        matches!(self.node, Node::Num(_) | Node::Str(_))
    }

    /// The numeric value in a row (missing for strings).
    pub fn num(&self, ctx: &EvalCtx<'_>, row: usize) -> f64 {
        self.node.num(ctx, row)
    }

    /// The string value in a row (empty for numbers).
    pub fn text<'a>(&'a self, ctx: &'a EvalCtx<'_>, row: usize) -> Cow<'a, str> {
        self.node.text(ctx, row)
    }

    /// The value in a row.
    pub fn value(&self, ctx: &EvalCtx<'_>, row: usize) -> Value {
        self.node.value(ctx, row, self.string)
    }

    /// True in a row: not zero (missing is true, as in Stata).
    pub fn holds(&self, ctx: &EvalCtx<'_>, row: usize) -> bool {
        self.node.num(ctx, row) != 0.0
    }
}

fn bool_num(b: bool) -> f64 {
    f64::from(u8::from(b))
}

impl Node {
    /// A number or a text.
    pub(super) fn constant(v: &Value) -> Self {
        match v {
            Value::Num(x) => Self::Num(*x),
            Value::Str(s) => Self::Str(s.as_str().into()),
        }
    }

    pub(super) fn is_string(&self) -> bool {
        match self {
            Self::Str(_) | Self::StrCol(_) | Self::StrColAt(..) | Self::Concat(..) | Self::Repeat(..) => true,
            Self::AnyCall(_, _, s) | Self::Cond(.., s) => *s,
            Self::Linked(column) => column.is_string(),
            _ => false,
        }
    }

    fn value(&self, ctx: &EvalCtx<'_>, row: usize, string: bool) -> Value {
        if string { Value::Str(self.text(ctx, row).into_owned()) } else { Value::Num(self.num(ctx, row)) }
    }

    /// Row of a subscript: 1-based within the group; `None` outside.
    fn subscript(ctx: &EvalCtx<'_>, k: f64) -> Option<usize> {
        if is_missing(k) || k < 1.0 {
            return None;
        }
        let row = ctx.first + (k as usize) - 1;
        (row < ctx.last).then_some(row)
    }

    fn num(&self, ctx: &EvalCtx<'_>, row: usize) -> f64 {
        match self {
            Self::Num(x) => *x,
            Self::Col(i) => {
                if row < ctx.frame.n_rows() {
                    ctx.frame.num_at(*i, row)
                } else {
                    MISSING
                }
            }
            Self::ColAt(i, k) => {
                Self::subscript(ctx, k.num(ctx, row)).map_or(MISSING, |r| ctx.frame.num_at(*i, r))
            }
            Self::RowNumber => (row + 1 - ctx.first) as f64,
            Self::RowCount => (ctx.last - ctx.first) as f64,
            Self::Shifted(i, parts) => shifted(ctx, *i, parts, row),
            Self::Level(x, level) => {
                let v = x.num(ctx, row);
                if is_missing(v) { MISSING } else { bool_num(v == *level) }
            }
            Self::Linked(column) if row < column.len() => column.num(row),
            Self::Sample(rows) => bool_num(rows.as_ref().is_some_and(|r| r.get(row) == Some(&true))),
            Self::MatrixCell(m, i, j) => {
                let (i, j) = (i.num(ctx, row), j.num(ctx, row));
                let inside = i >= 1.0 && j >= 1.0 && i < m.rows() as f64 + 1.0 && j < m.cols() as f64 + 1.0;
                if inside { m.get(i as usize - 1, j as usize - 1) } else { MISSING }
            }
            Self::Neg(a) => {
                let x = a.num(ctx, row);
                if is_missing(x) { MISSING } else { -x }
            }
            Self::Not(a) => bool_num(a.num(ctx, row) == 0.0),
            Self::Arith(op, a, b) => arithmetic(*op, a.num(ctx, row), || b.num(ctx, row)),
            Self::Compare(op, a, b) => {
                let (x, y) = (a.num(ctx, row), b.num(ctx, row));
                bool_num(match op {
                    BinOp::Eq => x == y,
                    BinOp::Ne => x != y,
                    BinOp::Lt => x < y,
                    BinOp::Le => x <= y,
                    BinOp::Gt => x > y,
                    _ => x >= y,
                })
            }
            Self::CompareStr(op, a, b) => {
                let order = a.text(ctx, row).as_bytes().cmp(b.text(ctx, row).as_bytes());
                bool_num(match op {
                    BinOp::Eq => order.is_eq(),
                    BinOp::Ne => order.is_ne(),
                    BinOp::Lt => order.is_lt(),
                    BinOp::Le => order.is_le(),
                    BinOp::Gt => order.is_gt(),
                    _ => order.is_ge(),
                })
            }
            Self::Strict1(f, a) => {
                let x = a.num(ctx, row);
                if is_missing(x) { MISSING } else { clean(f(x)) }
            }
            Self::NumCall(f, args) => {
                let mut buffer = [0.0; 8];
                if args.len() <= 8 {
                    for (slot, a) in buffer.iter_mut().zip(args) {
                        *slot = a.num(ctx, row);
                    }
                    f(&buffer[..args.len()])
                } else {
                    f(&args.iter().map(|a| a.num(ctx, row)).collect::<Vec<_>>())
                }
            }
            Self::AnyCall(f, args, false) => match f(&values(args, ctx, row)) {
                Value::Num(x) => x,
                Value::Str(_) => MISSING,
            },
            Self::Cond(c, a, b, _) => {
                let c = c.num(ctx, row);
                if c != 0.0 { a.num(ctx, row) } else { b.num(ctx, row) }
            }
            Self::Random(f, args) => {
                let args: Vec<f64> = args.iter().map(|a| a.num(ctx, row)).collect();
                f(&mut ctx.rng.borrow_mut(), &args)
            }
            Self::RunningSum(a, state) => {
                let (next, sum) = state.get();
                let before = if row > ctx.first && next >= ctx.first { sum } else { 0.0 };
                let x = a.num(ctx, row);
                let now = if is_missing(x) { before } else { before + x };
                state.set((row.max(ctx.first), now));
                now
            }
            _ => MISSING,
        }
    }

    fn text<'a>(&'a self, ctx: &'a EvalCtx<'_>, row: usize) -> Cow<'a, str> {
        match self {
            Self::Str(s) => Cow::Borrowed(s),
            Self::Linked(column) if row < column.len() => Cow::Borrowed(column.str(row)),
            Self::StrCol(i) if row < ctx.frame.n_rows() => Cow::Borrowed(ctx.frame.str_at(*i, row)),
            Self::StrColAt(i, k) => match Self::subscript(ctx, k.num(ctx, row)) {
                Some(r) => Cow::Borrowed(ctx.frame.str_at(*i, r)),
                None => Cow::Borrowed(""),
            },
            Self::Concat(a, b) => {
                let mut s = a.text(ctx, row).into_owned();
                s.push_str(&b.text(ctx, row));
                Cow::Owned(s)
            }
            Self::Repeat(a, n) => {
                let n = n.num(ctx, row);
                let s = a.text(ctx, row);
                let times = if is_missing(n) || n < 1.0 { 0 } else { (n as usize).min(1 << 20) };
                Cow::Owned(s.repeat(times.min((1 << 24) / s.len().max(1))))
            }
            Self::Cond(c, a, b, _) => {
                if c.num(ctx, row) != 0.0 {
                    a.text(ctx, row)
                } else {
                    b.text(ctx, row)
                }
            }
            Self::AnyCall(f, args, true) => match f(&values(args, ctx, row)) {
                Value::Str(s) => Cow::Owned(s),
                Value::Num(_) => Cow::Borrowed(""),
            },
            _ => Cow::Borrowed(""),
        }
    }
}

fn values(args: &[Node], ctx: &EvalCtx<'_>, row: usize) -> Vec<Value> {
    args.iter().map(|a| a.value(ctx, row, a.is_string())).collect()
}

fn shifted(ctx: &EvalCtx<'_>, col: usize, parts: &[(Arc<Vec<Option<usize>>>, f64)], row: usize) -> f64 {
    let mut sum = 0.0;
    for (rows, weight) in parts {
        let v = rows.get(row).copied().flatten().map_or(MISSING, |r| ctx.frame.num_at(col, r));
        if is_missing(v) {
            return MISSING;
        }
        sum += weight * v;
    }
    clean(sum)
}

fn arithmetic(op: BinOp, x: f64, right: impl FnOnce() -> f64) -> f64 {
    let y = right();
    match op {
        // missing counts as true in logical operations
        BinOp::And => return bool_num(x != 0.0 && y != 0.0),
        BinOp::Or => return bool_num(x != 0.0 || y != 0.0),
        _ => {}
    }
    if is_missing(x) || is_missing(y) {
        return MISSING;
    }
    clean(match op {
        BinOp::Add => x + y,
        BinOp::Sub => x - y,
        BinOp::Mul => x * y,
        BinOp::Div => {
            if y == 0.0 {
                return MISSING;
            }
            x / y
        }
        _ => x.powf(y),
    })
}
