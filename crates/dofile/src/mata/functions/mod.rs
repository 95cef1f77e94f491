//! The built-in functions of Mata ([M-5]). Each file holds the functions of one subject; functions of one number that
//! the do-file language has as well work element by element (`elementwise`).

mod associative;
mod complex;
mod construct;
mod decompose;
mod derivative;
mod describe;
mod edit;
mod elementwise;
mod evaluator;
mod externals;
mod filing;
mod math;
mod minmax;
mod moments;
mod optimizer;
mod optimizer_settings;
mod output;
mod panels;
mod polynomials;
mod random;
mod selection;
mod solve;
mod sorting;
mod stata_data;
mod stata_values;
mod stata_variables;
mod strings;
mod sums;
mod text_parts;
mod tokenizer;

pub use derivative::Derivative;
pub use optimizer_settings::Problem;

use super::calls::Args;
use super::fault::Run;
use super::machine::Machine;
use super::value::Value;
use std::collections::HashMap;
use std::sync::OnceLock;

type Pure = fn(&Args) -> Run<Value>;
type Full = fn(&mut Machine<'_>, &mut Args) -> Run<Option<Value>>;

#[derive(Clone, Copy)]
enum Body {
    /// Reads its arguments only.
    Pure(Pure),
    /// Reads or changes the session, or is void.
    Full(Full),
}

/// A built-in function: its name, how many arguments it takes, and what it does.
#[derive(Clone, Copy)]
pub struct Builtin {
    name: &'static str,
    least: usize,
    most: usize,
    views: bool,
    body: Body,
}

/// A function of its arguments.
const fn pure(name: &'static str, least: usize, most: usize, f: Pure) -> Builtin {
    Builtin { name, least, most, views: false, body: Body::Pure(f) }
}

/// A function of the session.
const fn full(name: &'static str, least: usize, most: usize, f: Full) -> Builtin {
    Builtin { name, least, most, views: false, body: Body::Full(f) }
}

impl Builtin {
    /// The same function, which gets views as views.
    const fn raw(self) -> Self {
        Self { views: true, ..self }
    }
}

/// Any number of arguments.
const MANY: usize = 4096;

const TABLES: &[&[Builtin]] = &[
    associative::TABLE,
    complex::TABLE,
    construct::TABLE,
    decompose::TABLE,
    derivative::TABLE,
    describe::TABLE,
    edit::TABLE,
    externals::TABLE,
    filing::TABLE,
    math::TABLE,
    minmax::TABLE,
    moments::TABLE,
    optimizer::TABLE,
    optimizer_settings::TABLE,
    output::TABLE,
    panels::TABLE,
    polynomials::TABLE,
    random::TABLE,
    selection::TABLE,
    solve::TABLE,
    sorting::TABLE,
    stata_data::TABLE,
    stata_values::TABLE,
    stata_variables::TABLE,
    strings::TABLE,
    sums::TABLE,
    text_parts::TABLE,
    tokenizer::TABLE,
];

/// A function that can be called: built in here, or one of the do-file language that works element by element.
pub enum Function {
    /// Built in.
    Builtin(&'static Builtin),
    /// Element by element.
    Elementwise(elementwise::Elementwise),
}

fn table() -> &'static HashMap<&'static str, &'static Builtin> {
    static TABLE: OnceLock<HashMap<&'static str, &'static Builtin>> = OnceLock::new();
    TABLE.get_or_init(|| TABLES.iter().flat_map(|t| t.iter()).map(|b| (b.name, b)).collect())
}

/// Finds a function by its name.
pub fn find(name: &str) -> Option<Function> {
    match table().get(name) {
        Some(builtin) => Some(Function::Builtin(builtin)),
        None => elementwise::find(name).map(Function::Elementwise),
    }
}

/// Names of all functions, sorted.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = table().keys().copied().chain(elementwise::names()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Functions and classes that Mata has and this engine does not: they are refused by name.
pub const REFUSED: &[&str] = &[
    "AssociativeArray",
    "LinearProgram",
    "Pdf",
    "PdfParagraph",
    "PdfTable",
    "Quadrature",
    "_docx_new",
    "_docx_open",
    "bufio",
    "bufput",
    "cat_ascii",
    "convolve",
    "deconvolve",
    "fft",
    "fgetmatrix",
    "fputmatrix",
    "geigensystem",
    "hash1",
    "ghk",
    "ghkfast",
    "hessenbergd",
    "hqrd",
    "invfft",
    "moptimize",
    "mvnormal",
    "schurd",
    "spline3",
    "solvenl_init",
    "xl",
];

/// Whether a name is one of Mata's that is refused.
pub fn refused(name: &str) -> bool {
    REFUSED.contains(&name)
        || ["moptimize_", "solvenl_", "_docx_", "mvnormal", "ghk"].iter().any(|start| name.starts_with(start))
}

impl Function {
    /// Whether the function takes so many arguments.
    pub fn accepts(&self, count: usize) -> bool {
        match self {
            Self::Builtin(b) => (b.least..=b.most).contains(&count),
            Self::Elementwise(e) => e.accepts(count),
        }
    }

    /// Whether views are passed as views.
    pub fn keeps_views(&self) -> bool {
        matches!(self, Self::Builtin(b) if b.views)
    }

    /// Calls the function.
    pub fn run(&self, machine: &mut Machine<'_>, args: &mut Args) -> Run<Option<Value>> {
        match self {
            Self::Builtin(Builtin { body: Body::Pure(f), .. }) => f(args).map(Some),
            Self::Builtin(Builtin { body: Body::Full(f), .. }) => f(machine, args),
            Self::Elementwise(e) => e.run(machine, args).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_one_implementation() {
        let count: usize = TABLES.iter().map(|t| t.len()).sum();
        assert_eq!(table().len(), count);
        assert!(names().len() >= 300, "{}", names().len());
        assert!(REFUSED.iter().all(|name| !names().contains(name)));
    }
}
