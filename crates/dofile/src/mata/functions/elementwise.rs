//! Functions of numbers or texts that the do-file language has as well, applied to each element; several arguments
//! must be c-conformable.

use super::Run;
use crate::expr::functions::{self, Scalar};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::machine::Machine;
use crate::mata::operators::{broadcast, real_grid};
use crate::mata::value::Value;
use crate::value::Value as Element;

/// A function of the do-file language in Mata.
#[derive(Clone, Copy)]
pub struct Elementwise(Scalar);

/// Functions of the do-file language that Mata does not have, or has with another meaning.
const ABSENT: &[&str] = &[
    "autocode",
    "byteorder",
    "c",
    "clip",
    "colnumb",
    "colsof",
    "cond",
    "det",
    "el",
    "fileread",
    "filereaderror",
    "filewrite",
    "float",
    "index",
    "inlist",
    "inrange",
    "int",
    "irecode",
    "issymmetric",
    "itrim",
    "length",
    "lower",
    "ltrim",
    "matmissing",
    "mi",
    "missing",
    "plural",
    "proper",
    "real",
    "recode",
    "regexs",
    "reverse",
    "rownumb",
    "rowsof",
    "rtrim",
    "scalar",
    "string",
    "sum",
    "trace",
    "trim",
    "uniform",
    "upper",
    "word",
    "wordcount",
    "_caller",
    "tobytes",
];

/// Finds a function.
pub(super) fn find(name: &str) -> Option<Elementwise> {
    if ABSENT.contains(&name) {
        return None;
    }
    functions::scalar(name).map(Elementwise)
}

/// Names of all such functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    functions::names().into_iter().filter(|name| find(name).is_some())
}

impl Elementwise {
    /// Whether the function takes so many arguments.
    pub fn accepts(&self, count: usize) -> bool {
        self.0.accepts(count)
    }

    /// Calls the function for each element.
    pub fn run(&self, machine: &mut Machine<'_>, args: &Args) -> Run<Value> {
        let context =
            |elements: &[Element]| self.0.call(elements, &machine.session.rng, &machine.session.cwd);
        if let (Some(f), 1) = (self.0.of_one_number(), args.len()) {
            let x = args.real(0)?;
            return Ok(Value::real(x.map(|x| f(*x))));
        }
        let mut rows = Grid::scalar(Vec::new());
        for k in 0..args.len() {
            let column = elements(args.value(k), self.0.takes_text(k))?;
            rows = broadcast(&rows, &column, |row: &Vec<Element>, x| {
                let mut next = row.clone();
                next.push(x.clone());
                next
            })?;
        }
        let results = rows.map(|row| context(row));
        if self.0.gives_text() {
            return Ok(Value::Text(results.map(|r| match r {
                Element::Str(s) => s.as_str().into(),
                Element::Num(_) => "".into(),
            })));
        }
        Ok(Value::real(results.map(|r| r.as_num().unwrap_or(crate::value::MISSING))))
    }
}

/// The elements of an argument; 3253 or 3254 where they have another type than the function takes.
fn elements(value: &Value, wants_text: Option<bool>) -> Run<Grid<Element>> {
    match (value, wants_text) {
        (Value::Text(g), Some(true) | None) => Ok(g.map(|t| Element::Str(t.to_string()))),
        (value, Some(false) | None) => {
            let g = real_grid(value).ok_or_else(|| Fault::code(3253))?;
            Ok(g.map(|x| Element::Num(*x)))
        }
        _ => Err(Fault::code(3254)),
    }
}
