//! The table of functions (manual [FN]). One file for each family; functions
//! that need the session are bound in `compile`.

mod characters;
mod date_parts;
mod date_text;
mod dates;
mod distributions;
mod files;
mod math;
pub(crate) mod noncentral;
mod probability;
mod random;
mod strings;

pub use dates::date_literal;
pub use math::any_missing;

use super::node::{AnyFn, NumFn};
use crate::error::{Result, StataError};
use crate::matrix::Matrix;
use crate::rng::Mt64;
use crate::value::{MISSING, Value, clean, is_missing};
use std::cell::RefCell;
use std::path::Path;

/// How a function is computed.
#[derive(Clone, Copy)]
pub(super) enum Imp {
    /// One number; missing gives missing.
    Strict1(fn(f64) -> f64),
    /// Numbers; treats missing values itself.
    Num(NumFn),
    /// Any values; `true` when the result is a string.
    Any(AnyFn, bool),
    /// Any values, after the working directory as the first; `true` when the result is a string.
    File(AnyFn, bool),
    /// Draws random numbers.
    Random(fn(&mut Mt64, &[f64]) -> f64),
}

/// A function: name, arguments (`n` number, `s` string, `x` either; `?` makes
/// the one before optional, `*` lets it repeat) and computation.
#[derive(Clone, Copy)]
pub(super) struct Function {
    pub name: &'static str,
    pub args: &'static str,
    pub imp: Imp,
}

impl Function {
    pub(super) fn accepts(&self, n: usize) -> bool {
        let b = self.args.as_bytes();
        let letters = b.iter().filter(|c| c.is_ascii_alphabetic()).count();
        let optional = b.iter().filter(|c| **c == b'?').count();
        let repeat = b.contains(&b'*');
        n + optional >= letters && (repeat || n <= letters)
    }

    pub(super) fn kind_of(&self, k: usize) -> u8 {
        let letters: Vec<u8> = self.args.bytes().filter(|c| c.is_ascii_alphabetic()).collect();
        letters.get(k).or(letters.last()).copied().unwrap_or(b'x')
    }
}

const TABLES: [&[Function]; 9] = [
    math::TABLE,
    strings::TABLE,
    characters::TABLE,
    dates::TABLE,
    date_parts::TABLE,
    probability::TABLE,
    distributions::TABLE,
    random::TABLE,
    files::TABLE,
];

/// Functions under the names of older versions, which Stata still takes ([FN], "outdated functions").
const OLDER: &[(&str, &str)] = &[
    ("Binomial", "binomialtail"),
    ("binorm", "binormal"),
    ("chiprob", "chi2tail"),
    ("fden", "Fden"),
    ("fprob", "Ftail"),
    ("invchi", "invchi2tail"),
    ("invfprob", "invFtail"),
    ("invnchi", "invnchi2"),
    ("invnorm", "invnormal"),
    ("lnfact", "lnfactorial"),
    ("match", "strmatch"),
    ("nchi", "nchi2"),
    ("norm", "normal"),
    ("normd", "normalden"),
    ("normden", "normalden"),
    ("normprob", "normal"),
    ("npnchi", "npnchi2"),
];

/// Finds a function by name.
pub(super) fn find(name: &str) -> Option<Function> {
    let name = OLDER.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| new);
    TABLES.iter().flat_map(|t| t.iter()).find(|f| f.name == name).copied()
}

/// A function of numbers and texts outside of expressions of the data (Mata applies it to each element).
#[derive(Clone, Copy)]
pub struct Scalar(Function);

/// Finds a function of numbers and texts.
pub fn scalar(name: &str) -> Option<Scalar> {
    find(name).map(Scalar)
}

impl Scalar {
    /// Whether the function takes so many arguments.
    pub fn accepts(&self, count: usize) -> bool {
        self.0.accepts(count)
    }

    /// Whether an argument must be a text; nothing where it can be either.
    pub fn takes_text(&self, k: usize) -> Option<bool> {
        match self.0.kind_of(k) {
            b's' => Some(true),
            b'n' => Some(false),
            _ => None,
        }
    }

    /// Whether the result is a text.
    pub fn gives_text(&self) -> bool {
        matches!(self.0.imp, Imp::Any(_, true) | Imp::File(_, true))
    }

    /// The function itself where it has one numeric argument; missing values are missing in the result.
    pub fn of_one_number(&self) -> Option<impl Fn(f64) -> f64 + use<>> {
        let Imp::Strict1(f) = self.0.imp else { return None };
        Some(move |x| if is_missing(x) { MISSING } else { clean(f(x)) })
    }

    /// Calls the function.
    pub fn call(&self, args: &[Value], rng: &RefCell<Mt64>, folder: &Path) -> Value {
        let numbers = || args.iter().map(|a| a.as_num().unwrap_or(MISSING)).collect::<Vec<f64>>();
        match self.0.imp {
            Imp::Strict1(f) => match args.first().and_then(Value::as_num) {
                Some(x) if !is_missing(x) => Value::Num(clean(f(x))),
                _ => Value::Num(MISSING),
            },
            Imp::Num(f) => Value::Num(f(&numbers())),
            Imp::Any(f, _) => f(args),
            Imp::File(f, _) => {
                let folder = Value::Str(folder.display().to_string());
                f(&std::iter::once(folder).chain(args.iter().cloned()).collect::<Vec<_>>())
            }
            Imp::Random(f) => Value::Num(f(&mut rng.borrow_mut(), &numbers())),
        }
    }
}

/// Names of all functions, sorted.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = TABLES.iter().flat_map(|t| t.iter().map(|f| f.name)).collect();
    names.extend([
        "cond",
        "sum",
        "rowsof",
        "colsof",
        "issymmetric",
        "matmissing",
        "trace",
        "det",
        "rownumb",
        "colnumb",
    ]);
    names.extend(["el", "frval", "scalar", "smallestdouble"]);
    names.sort_unstable();
    names
}

/// Replaces the first `count` occurrences of a text (`.`: all), whole words if asked.
pub fn replace_text(s: &str, from: &str, to: &str, count: f64, whole_words: bool) -> String {
    if whole_words { strings::subinword(s, from, to, count) } else { strings::subinstr(s, from, to, count) }
}

/// A text as a valid name (`strtoname()`).
pub fn valid_name(s: &str) -> String {
    strings::to_name(s)
}

/// Functions of one matrix that give a number.
pub fn of_matrix(name: &str, m: &Matrix) -> Result<f64> {
    Ok(match name {
        "rowsof" => m.rows() as f64,
        "colsof" => m.cols() as f64,
        "issymmetric" => f64::from(u8::from(m.is_symmetric())),
        "matmissing" => f64::from(u8::from(m.values().iter().any(|&x| is_missing(x)))),
        "trace" if m.rows() == m.cols() => (0..m.rows()).map(|i| m.get(i, i)).sum(),
        "det" if m.rows() == m.cols() => determinant(m),
        _ => return Err(StataError::standard(505)),
    })
}

/// `mreldif(X, Y)`: the largest `|x - y| / (|y| + 1)`; r(503) for matrices of different sizes.
pub fn relative_difference(x: &Matrix, y: &Matrix) -> Result<f64> {
    if (x.rows(), x.cols()) != (y.rows(), y.cols()) {
        return Err(StataError::standard(503));
    }
    let pairs = x.values().iter().zip(y.values());
    let differences = pairs.map(|(x, y)| match (is_missing(*x), is_missing(*y)) {
        (true, true) if x.to_bits() == y.to_bits() => 0.0,
        (false, false) => (x - y).abs() / (y.abs() + 1.0),
        _ => crate::value::MISSING,
    });
    Ok(differences.fold(0.0, f64::max))
}

/// Determinant by elimination with partial pivoting.
fn determinant(m: &Matrix) -> f64 {
    let n = m.rows();
    let mut a = m.clone();
    let mut det = 1.0;
    for c in 0..n {
        let p = (c..n).max_by(|&i, &j| a.get(i, c).abs().total_cmp(&a.get(j, c).abs())).unwrap_or(c);
        if a.get(p, c) == 0.0 {
            return 0.0;
        }
        if p != c {
            det = -det;
            for j in 0..n {
                let (x, y) = (a.get(p, j), a.get(c, j));
                a.set(p, j, y);
                a.set(c, j, x);
            }
        }
        det *= a.get(c, c);
        for i in c + 1..n {
            let f = a.get(i, c) / a.get(c, c);
            for j in c..n {
                let x = a.get(i, j) - f * a.get(c, j);
                a.set(i, j, x);
            }
        }
    }
    det
}
