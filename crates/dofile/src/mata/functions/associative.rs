//! Associative arrays ([M-5] asarray()).

use super::{Builtin, Run, full};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::objects::{Associative, Key, Object};
use crate::mata::value::{Pointer, Value};
use std::collections::HashMap;

pub(super) const TABLE: &[Builtin] = &[
    full("asarray_create", 0, 5, |_, a| {
        let kind = if a.len() > 0 { a.text(0)? } else { "string".into() };
        let text_keys = match kind.as_ref() {
            "string" => true,
            "real" => false,
            other => return Err(Fault::unsupported(&format!("asarray_create(\"{other}\")"))),
        };
        let dimension = if a.len() > 1 { a.count(1)? } else { 1 };
        if !(1..=50).contains(&dimension) {
            return Err(Fault::code(3300));
        }
        let array = Associative {
            text_keys,
            dimension,
            places: HashMap::new(),
            entries: Vec::new(),
            not_found: Value::empty(),
        };
        Ok(Some(Value::object(Object::Associative(array))))
    }),
    full("asarray", 2, 3, |_, a| {
        if a.len() == 2 {
            let array = of(a.value(0))?;
            let key = key_of(array, a)?;
            let found = array.places.get(&key).and_then(|k| array.entries[*k].as_ref());
            return Ok(Some(found.map_or_else(|| array.not_found.clone(), |(_, value)| value.clone())));
        }
        let value = a.value(2).clone().detached();
        change(a, |array, a| {
            let key = key_of(array, a)?;
            match array.places.get(&key) {
                Some(k) => array.entries[*k] = Some((key, value)),
                None => {
                    array.places.insert(key.clone(), array.entries.len());
                    array.entries.push(Some((key, value)));
                }
            }
            Ok(())
        })?;
        Ok(None)
    }),
    full("asarray_remove", 2, 2, |_, a| {
        change(a, |array, a| {
            let key = key_of(array, a)?;
            if let Some(k) = array.places.remove(&key) {
                array.entries[k] = None;
            }
            Ok(())
        })?;
        Ok(None)
    }),
    full("asarray_contains", 2, 2, |_, a| {
        let array = of(a.value(0))?;
        let key = key_of(array, a)?;
        Ok(Some(Value::truth(array.places.contains_key(&key))))
    }),
    full("asarray_elements", 1, 1, |_, a| Ok(Some(Value::count(of(a.value(0))?.places.len())))),
    full("asarray_keys", 1, 1, |_, a| {
        let array = of(a.value(0))?;
        let keys: Vec<&Key> = array.entries.iter().flatten().map(|(key, _)| key).collect();
        Ok(Some(key_rows(array, &keys)))
    }),
    full("asarray_first", 1, 1, |_, a| Ok(Some(location(of(a.value(0))?, 0)))),
    full("asarray_next", 2, 2, |_, a| Ok(Some(location(of(a.value(0))?, place_of(a)? + 1)))),
    full("asarray_key", 2, 2, |_, a| {
        let array = of(a.value(0))?;
        let entry =
            array.entries.get(place_of(a)?).and_then(Option::as_ref).ok_or_else(|| Fault::code(3300))?;
        Ok(Some(key_rows(array, &[&entry.0])))
    }),
    full("asarray_contents", 2, 2, |_, a| {
        let array = of(a.value(0))?;
        let entry =
            array.entries.get(place_of(a)?).and_then(Option::as_ref).ok_or_else(|| Fault::code(3300))?;
        Ok(Some(entry.1.clone()))
    }),
    full("asarray_notfound", 1, 2, |_, a| {
        if a.len() == 1 {
            return Ok(Some(of(a.value(0))?.not_found.clone()));
        }
        let value = a.value(1).clone();
        change(a, |array, _| {
            array.not_found = value;
            Ok(())
        })?;
        Ok(None)
    }),
];

fn of(value: &Value) -> Run<&Associative> {
    match value {
        Value::Object(o) => match o.as_ref() {
            Object::Associative(array) => Ok(array),
            _ => Err(Fault::code(3250)),
        },
        _ => Err(Fault::code(3250)),
    }
}

/// Changes the array of the first argument in place.
fn change(a: &mut Args, f: impl FnOnce(&mut Associative, &Args) -> Run<()>) -> Run<()> {
    of(a.value(0))?;
    let Some(cell) = a.cell(0).cloned() else { return Ok(()) };
    // the argument's own copy goes, so that the variable's array is the only one and is not copied
    a.forget(0);
    let Value::Object(mut object) = cell.take() else { return Err(Fault::code(3250)) };
    let result = match std::sync::Arc::make_mut(&mut object) {
        Object::Associative(array) => f(array, a),
        _ => Err(Fault::code(3250)),
    };
    cell.set(Value::Object(object));
    result
}

fn key_of(array: &Associative, a: &Args) -> Run<Key> {
    let (rows, cols) = a.value(1).shape();
    if rows * cols != array.dimension {
        return Err(Fault::code(3200));
    }
    if array.text_keys {
        return Ok(Key::Texts(a.texts(1)?.data().to_vec()));
    }
    // zero has two bit patterns
    Ok(Key::Numbers(a.real(1)?.data().iter().map(|x| (x + 0.0).to_bits()).collect()))
}

fn key_rows(array: &Associative, keys: &[&Key]) -> Value {
    let (rows, cols) = (keys.len(), array.dimension);
    if array.text_keys {
        let cells = keys.iter().flat_map(|k| match k {
            Key::Texts(t) => t.clone(),
            Key::Numbers(_) => Vec::new(),
        });
        return Value::Text(Grid::new(rows, cols, cells.collect()));
    }
    let cells = keys.iter().flat_map(|k| match k {
        Key::Numbers(n) => n.iter().map(|b| f64::from_bits(*b)).collect(),
        Key::Texts(_) => Vec::new(),
    });
    Value::real(Grid::new(rows, cols, cells.collect()))
}

/// The location of the first entry from a place on; `NULL` behind the last one.
fn location(array: &Associative, from: usize) -> Value {
    let place = (from..array.entries.len()).find(|k| array.entries[*k].is_some());
    Value::Pointer(Grid::scalar(
        place.map_or(Pointer::Null, |k| Pointer::Function(format!("asarray {k}").into())),
    ))
}

fn place_of(a: &Args) -> Run<usize> {
    let Value::Pointer(g) = a.value(1) else { return Err(Fault::code(3257)) };
    match g.data().first() {
        Some(Pointer::Function(name)) => {
            name.strip_prefix("asarray ").and_then(|k| k.parse().ok()).ok_or_else(|| Fault::code(3300))
        }
        _ => Err(Fault::code(3010)),
    }
}
