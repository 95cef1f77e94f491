//! Vectors in a form of their own, which R calls ALTREP: sequences, texts of numbers, and wrapped vectors.

use crate::error::Error;
use crate::value::{Attributes, Data, Kind, Value, Vector};

/// The vector that is meant. `reals` reads the numbers of a vector, at most so many.
pub(crate) fn value(
    what: Value,
    state: Value,
    attributes: Attributes,
    reals: impl Fn(&Vector, u64) -> Result<Vec<f64>, Error>,
) -> Result<Value, Error> {
    let (class, package) = names(&what);
    let sequence = |kind| {
        let Value::Vector(state) = &state else { return Ok(None) };
        let [length, first, step] = reals(state, 3)?[..] else { return Ok(None) };
        let is_length = (0.0..9.0e15).contains(&length) && length.fract() == 0.0 && first.is_finite();
        let data = Data::Sequence { first, step };
        let vector = Vector { kind, length: length as u64, data, attributes: attributes.clone() };
        Ok::<_, Error>((is_length && step.abs() == 1.0).then_some(Value::Vector(vector)))
    };
    let found = match class.as_str() {
        "compact_intseq" => sequence(Kind::Integer)?,
        "compact_realseq" => sequence(Kind::Real)?,
        "deferred_string" => match parts(state) {
            (Some(Value::Vector(numbers)), scipen)
                if matches!(numbers.kind, Kind::Integer | Kind::Real | Kind::Logical) =>
            {
                let scipen = match scipen {
                    Some(Value::Vector(scipen)) => reals(&scipen, 1)?.first().map_or(0, |x| *x as i32),
                    _ => 0,
                };
                let (length, data) = (numbers.length, Data::TextsOf(Box::new(numbers), scipen));
                Some(Value::Vector(Vector { kind: Kind::Text, length, data, attributes }))
            }
            _ => None,
        },
        _ if class.starts_with("wrap_") => match parts(state).0 {
            Some(Value::Vector(vector)) => Some(Value::Vector(Vector { attributes, ..vector })),
            Some(Value::List { length, elements, .. }) => Some(Value::List { length, elements, attributes }),
            _ => None,
        },
        _ => return Ok(Value::Foreign(format!("{class} of the package {package}"))),
    };
    found.ok_or_else(|| Error::malformed(format!("a vector of the form {class} has an impossible state"), 0))
}

/// Names of the class and of its package.
fn names(what: &Value) -> (String, String) {
    let Value::Pairs { pairs, .. } = what else { return Default::default() };
    let name = |at: usize| match pairs.get(at) {
        Some((_, Value::Symbol(name))) => String::from_utf8_lossy(name).into_owned(),
        _ => String::new(),
    };
    (name(0), name(1))
}

/// The two parts of a state, which is a pair or a list.
fn parts(state: Value) -> (Option<Value>, Option<Value>) {
    match state {
        Value::Pairs { pairs, tail } => {
            let mut values = pairs.into_iter().map(|(_, value)| value);
            let first = values.next();
            (first, values.next().or(tail.map(|tail| *tail)))
        }
        Value::List { elements, .. } => {
            let mut elements = elements.into_iter();
            (elements.next(), elements.next())
        }
        _ => (None, None),
    }
}
