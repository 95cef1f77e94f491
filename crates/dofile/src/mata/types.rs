//! Declared types: element type and organisation, their initial values, and the error codes of values that do not
//! have them ([M-2] Declarations).

use super::grid::Grid;
use super::value::{Pointer, Value};
use crate::value::MISSING;
use estimators::complex::Complex;

/// Element types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// Anything.
    Transmorphic,
    /// Real or complex.
    Numeric,
    /// Real.
    Real,
    /// Complex.
    Complex,
    /// Text.
    Text,
    /// Pointer.
    Pointer,
    /// Structure of a name.
    Struct(String),
}

/// Organisations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Rows × columns.
    Matrix,
    /// One row or one column.
    Vector,
    /// One row.
    Row,
    /// One column.
    Column,
    /// 1 × 1.
    Scalar,
}

/// A declared type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// Element type.
    pub element: Element,
    /// Organisation.
    pub shape: Shape,
}

impl Default for Type {
    fn default() -> Self {
        Self { element: Element::Transmorphic, shape: Shape::Matrix }
    }
}

impl Type {
    /// The value of a variable that was declared and not yet assigned; structures are made elsewhere.
    pub fn initial(&self) -> Value {
        let (rows, cols) = self.initial_shape();
        match self.element {
            Element::Complex => Value::Complex(Grid::filled(rows, cols, Complex::real(MISSING))),
            Element::Text => Value::Text(Grid::filled(rows, cols, "".into())),
            Element::Pointer => Value::Pointer(Grid::filled(rows, cols, Pointer::Null)),
            _ => Value::real(Grid::filled(rows, cols, MISSING)),
        }
    }

    /// Rows and columns of the initial value: scalars exist, vectors and matrices are void.
    pub fn initial_shape(&self) -> (usize, usize) {
        match self.shape {
            Shape::Matrix => (0, 0),
            Shape::Vector | Shape::Row => (1, 0),
            Shape::Column => (0, 1),
            Shape::Scalar => (1, 1),
        }
    }

    /// The code of the error when a value does not have this type.
    pub fn violation(&self, value: &Value) -> Option<i32> {
        let element = match (&self.element, value.element_type()) {
            (Element::Transmorphic, _)
            | (Element::Numeric, "real" | "complex")
            | (Element::Real, "real")
            | (Element::Complex, "complex")
            | (Element::Text, "string")
            | (Element::Pointer, "pointer") => None,
            (Element::Numeric, _) => Some(3251),
            (Element::Real, _) => Some(3253),
            (Element::Complex, _) => Some(3252),
            (Element::Text, _) => Some(3254),
            (Element::Pointer, _) => Some(3257),
            (Element::Struct(name), _) => match value {
                Value::Struct(grid) if grid.data().iter().all(|s| s.of.name == *name) => None,
                _ => Some(3259),
            },
        };
        let (rows, cols) = value.shape();
        element.or(match self.shape {
            Shape::Vector if rows != 1 && cols != 1 => Some(3201),
            Shape::Row if rows != 1 => Some(3202),
            Shape::Column if cols != 1 => Some(3203),
            Shape::Scalar if (rows, cols) != (1, 1) => Some(3204),
            _ => None,
        })
    }

    /// The type as `mata describe` names it.
    pub fn name(&self) -> String {
        let element = match &self.element {
            Element::Transmorphic => "transmorphic",
            Element::Numeric => "numeric",
            Element::Real => "real",
            Element::Complex => "complex",
            Element::Text => "string",
            Element::Pointer => "pointer",
            Element::Struct(_) => "struct",
        };
        let shape = match self.shape {
            Shape::Matrix => "matrix",
            Shape::Vector => "vector",
            Shape::Row => "rowvector",
            Shape::Column => "colvector",
            Shape::Scalar => "scalar",
        };
        format!("{element} {shape}")
    }
}
