//! The tree of Mata code. Names of variables are resolved: a variable is its place among the variables of the function.

use super::types::Type;
use super::value::Text;
use std::sync::Arc;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A real number.
    Num(f64),
    /// An imaginary number.
    Imaginary(f64),
    /// A text.
    Text(Text),
    /// `NULL`.
    Null,
    /// A variable by its place.
    Var(usize),
    /// `x[i, j]` or `x[i]`; an omitted subscript is missing, which means all.
    Index(Box<Expr>, Vec<Expr>),
    /// `x[| sub |]`.
    Range(Box<Expr>, Box<Expr>),
    /// `s.member`; `p->member` is the member of `*p`.
    Member(Box<Expr>, String),
    /// A call by name.
    Call(Arc<Call>),
    /// A call through a pointer, `(*f)(x)`.
    Through(Box<Expr>, Vec<Expr>),
    /// `-x`, `!x` and the transpose.
    Unary(Unary, Box<Expr>),
    /// `a \ b \ c` (true) or `a, b, c`.
    Join(bool, Vec<Expr>),
    /// A binary operator; one with a colon works element by element.
    Binary(Binary, bool, Box<Expr>, Box<Expr>),
    /// `c ? a : b`.
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `target = value`.
    Assign(Box<Expr>, Box<Expr>),
    /// `++x`, `x++` and so on: the step, and whether the result is the value before.
    Step(Box<Expr>, f64, bool),
    /// `&x`.
    Address(Box<Expr>),
    /// `&f()`.
    FunctionAddress(Text),
    /// `*p`.
    Deref(Box<Expr>),
    /// `(void) x`.
    Void(Box<Expr>),
}

/// A call by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Name of the function.
    pub name: String,
    /// Arguments.
    pub args: Vec<Expr>,
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unary {
    /// `-x`.
    Minus,
    /// `!x`.
    Not,
    /// `x'`.
    Transpose,
}

/// Operators with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    /// `\`; the tree has [`Expr::Join`] for it.
    Below,
    /// `::`.
    ColumnTo,
    /// `,`; the tree has [`Expr::Join`] for it.
    Beside,
    /// `..`.
    RowTo,
    /// `|`.
    Or,
    /// `&`.
    And,
    /// `||`: the right operand is read only where the left one is false.
    ShortOr,
    /// `&&`: the right operand is read only where the left one is true.
    ShortAnd,
    /// `==`.
    Equal,
    /// `!=`.
    Unequal,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `#`.
    Kronecker,
    /// `/`.
    Divide,
    /// `^`.
    Power,
}

impl Binary {
    /// The operator as it is written, for tracebacks.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Below => "\\",
            Self::ColumnTo => "::",
            Self::Beside => ",",
            Self::RowTo => "..",
            Self::Or => "|",
            Self::And => "&",
            Self::ShortOr => "||",
            Self::ShortAnd => "&&",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Kronecker => "#",
            Self::Divide => "/",
            Self::Power => "^",
        }
    }
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// An expression; its value is shown unless it is assigned.
    Expr(Expr),
    /// Statements in braces.
    Block(Vec<Statement>),
    /// `if (c) a else b`.
    If(Expr, Box<Statement>, Option<Box<Statement>>),
    /// `while (c) a`.
    While(Expr, Box<Statement>),
    /// `do a while (c)`.
    Do(Box<Statement>, Expr),
    /// `for (a; b; c) d`.
    For(Box<Loop>),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `return` or `return(x)`.
    Return(Option<Expr>),
    /// A declared variable gets the initial value of its type where the declaration stands.
    Declare(usize),
    /// Nothing: `;`, `pragma` and `version` statements.
    Nothing,
}

/// A `for` loop.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// Before the loop.
    pub first: Option<Expr>,
    /// Whether it continues; without a condition it does.
    pub condition: Option<Expr>,
    /// After each pass.
    pub next: Option<Expr>,
    /// What is repeated.
    pub body: Statement,
}

/// A variable of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Its declared type.
    pub ty: Option<Type>,
    /// True for variables outside of functions: those of the statement that is typed, and `external` ones.
    pub global: bool,
}

/// A function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Variables; the arguments come first.
    pub slots: Vec<Slot>,
    /// Number of arguments.
    pub parameters: usize,
    /// Number of arguments that a call must have.
    pub required: usize,
    /// What it returns; nothing for `void`.
    pub returns: Option<Type>,
    /// Its statements.
    pub body: Vec<Statement>,
}

/// What is typed at Mata's prompt.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A statement, with its variables, which are all global.
    Statement(Function),
    /// The definition of a function.
    Function(Function),
    /// The definition of a structure: its name and its members.
    Struct(String, Vec<(String, Type)>),
}

impl Expr {
    /// Whether a value can be assigned to the expression.
    pub fn is_target(&self) -> bool {
        match self {
            Self::Var(_) | Self::Deref(_) => true,
            Self::Index(base, _) | Self::Range(base, _) | Self::Member(base, _) => base.is_target(),
            _ => false,
        }
    }
}
