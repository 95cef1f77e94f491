//! Values of Mata: real, complex, string, pointer and structure matrices, views onto the data, and the opaque objects
//! of `asarray()`, `optimize()` and others.

use super::grid::Grid;
use super::objects::Object;
use estimators::complex::Complex;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Texts of string matrices.
pub(super) type Text = Arc<str>;

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// A real scalar. A real matrix is never 1 × 1.
    Num(f64),
    /// A real matrix.
    Real(Grid<f64>),
    /// A complex matrix.
    Complex(Grid<Complex>),
    /// A string matrix.
    Text(Grid<Text>),
    /// A matrix of pointers.
    Pointer(Grid<Pointer>),
    /// A matrix of structures.
    Struct(Grid<Arc<Instance>>),
    /// A view onto the data.
    View(Arc<View>),
    /// An object that only its own functions read.
    Object(Arc<Object>),
}

/// A pointer.
#[derive(Debug, Clone)]
pub enum Pointer {
    /// `NULL`.
    Null,
    /// Points to a variable or to the result of an expression.
    To(Cell),
    /// Points to a function.
    Function(Text),
}

/// A variable. Functions get the variables of their callers, so a variable may have several owners.
#[derive(Clone)]
pub struct Cell(Arc<Mutex<Value>>);

/// The definition of a structure: names and types of its members.
#[derive(Debug, PartialEq)]
pub struct StructType {
    /// Its name.
    pub name: String,
    /// Names and types of its members.
    pub members: Vec<(String, super::types::Type)>,
}

/// A structure.
#[derive(Debug)]
pub struct Instance {
    /// Its definition.
    pub of: Arc<StructType>,
    /// Its members in the order of the definition.
    pub members: Vec<Cell>,
}

/// A view: variables and rows of the data, by position. Reading it reads the data as they are then, and writing to
/// its elements writes to the data.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Positions of the variables.
    pub vars: Vec<usize>,
    /// Positions of the rows.
    pub rows: Vec<usize>,
    /// True for `st_sview()`.
    pub strings: bool,
    /// Numbers of variables and rows that the data must have.
    pub extent: (usize, usize),
}

impl View {
    /// A view onto variables and rows.
    pub fn new(vars: Vec<usize>, rows: Vec<usize>, strings: bool) -> Self {
        let beyond = |list: &[usize]| list.iter().max().map_or(0, |k| k + 1);
        let extent = (beyond(&vars), beyond(&rows));
        Self { vars, rows, strings, extent }
    }
}

impl Cell {
    /// A new variable.
    pub fn new(value: Value) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its value; large values are shared, not copied.
    pub fn get(&self) -> Value {
        self.lock().clone()
    }

    /// Sets its value.
    pub fn set(&self, value: Value) {
        *self.lock() = value;
    }

    /// Takes its value to change it; the variable is 0 × 0 until it is set again.
    pub fn take(&self) -> Value {
        std::mem::replace(&mut *self.lock(), Value::empty())
    }

    /// Reads the value in place. The function must not read variables.
    pub fn with<T>(&self, f: impl FnOnce(&Value) -> T) -> T {
        f(&self.lock())
    }

    /// True when both are one variable.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The number that stands for the variable where a pointer is shown.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>() as usize
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // a variable can point to itself
        write!(f, "Cell({:#x})", self.address())
    }
}

impl Value {
    /// 0 × 0.
    pub fn empty() -> Self {
        Self::Real(Grid::empty())
    }

    /// A real matrix or scalar.
    pub fn real(grid: Grid<f64>) -> Self {
        if grid.is_scalar() { Self::Num(grid.data()[0]) } else { Self::Real(grid) }
    }

    /// A row of real numbers.
    pub fn row(data: Vec<f64>) -> Self {
        Self::real(Grid::row(data))
    }

    /// A column of real numbers.
    pub fn column(data: Vec<f64>) -> Self {
        Self::real(Grid::column(data))
    }

    /// A string scalar.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Grid::scalar(text.as_ref().into()))
    }

    /// One or zero.
    pub fn truth(yes: bool) -> Self {
        Self::Num(f64::from(u8::from(yes)))
    }

    /// A whole number.
    pub fn count(n: usize) -> Self {
        Self::Num(n as f64)
    }

    /// An object.
    pub fn object(object: Object) -> Self {
        Self::Object(Arc::new(object))
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Self::Num(_) | Self::Object(_) => (1, 1),
            Self::Real(g) => (g.rows(), g.cols()),
            Self::Complex(g) => (g.rows(), g.cols()),
            Self::Text(g) => (g.rows(), g.cols()),
            Self::Pointer(g) => (g.rows(), g.cols()),
            Self::Struct(g) => (g.rows(), g.cols()),
            Self::View(v) => (v.rows.len(), v.vars.len()),
        }
    }

    /// True for 1 × 1.
    pub fn is_scalar(&self) -> bool {
        self.shape() == (1, 1)
    }

    /// The element type as `eltype()` names it.
    pub fn element_type(&self) -> &'static str {
        match self {
            Self::Num(_) | Self::Real(_) => "real",
            Self::Complex(_) => "complex",
            Self::Text(_) => "string",
            Self::Pointer(_) => "pointer",
            Self::Struct(_) | Self::Object(_) => "struct",
            Self::View(v) => {
                if v.strings {
                    "string"
                } else {
                    "real"
                }
            }
        }
    }

    /// The organisation as `orgtype()` names it.
    pub fn organisation(&self) -> &'static str {
        match self.shape() {
            (1, 1) => "scalar",
            (1, _) => "rowvector",
            (_, 1) => "colvector",
            _ => "matrix",
        }
    }

    /// The value with its own structures: assignment copies structures, members included.
    pub fn detached(self) -> Self {
        match self {
            Self::Struct(grid) => Self::Struct(grid.map(|s| Arc::new(s.copied()))),
            other => other,
        }
    }
}

impl Instance {
    /// A new structure whose members have the initial values of their types.
    pub fn new(of: Arc<StructType>, initial: impl FnMut(&super::types::Type) -> Value) -> Self {
        let mut initial = initial;
        let members = of.members.iter().map(|(_, t)| Cell::new(initial(t))).collect();
        Self { of, members }
    }

    /// The member of a name.
    pub fn member(&self, name: &str) -> Option<&Cell> {
        let at = self.of.members.iter().position(|(n, _)| n == name)?;
        self.members.get(at)
    }

    fn copied(&self) -> Self {
        let members = self.members.iter().map(|c| Cell::new(c.get().detached())).collect();
        Self { of: self.of.clone(), members }
    }
}

impl Pointer {
    /// True when both point to the same.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::To(a), Self::To(b)) => a.same(b),
            (Self::Function(a), Self::Function(b)) => a == b,
            _ => false,
        }
    }
}
