//! Global variables by name, and other programming functions ([M-4] Programming).

use super::{Builtin, full, pure};
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::value::{Cell, Pointer, Value};
use crate::session::LANGUAGE_VERSION;
use crate::value::Value as Element;

pub(super) const TABLE: &[Builtin] = &[
    full("findexternal", 1, 1, |m, a| {
        let name = a.text(0)?;
        let found = m.state().globals.get(name.as_ref()).cloned();
        Ok(Some(pointer(found.map_or(Pointer::Null, Pointer::To))))
    }),
    full("crexternal", 1, 1, |m, a| {
        let name = a.text(0)?.to_string();
        let globals = &mut m.state().globals;
        if globals.contains_key(&name) {
            return Ok(Some(pointer(Pointer::Null)));
        }
        let cell = Cell::new(Value::empty());
        globals.insert(name, cell.clone());
        Ok(Some(pointer(Pointer::To(cell))))
    }),
    full("rmexternal", 1, 1, |m, a| {
        let name = a.text(0)?;
        m.state().globals.remove(name.as_ref());
        Ok(None)
    }),
    full("nameexternal", 1, 1, |m, a| {
        let Value::Pointer(g) = a.value(0) else { return Err(Fault::code(3257)) };
        let Some(Pointer::To(wanted)) = g.data().first().cloned() else { return Ok(Some(Value::text(""))) };
        let name =
            m.state().globals.iter().find(|(_, cell)| cell.same(&wanted)).map(|(name, _)| name.clone());
        Ok(Some(Value::text(name.unwrap_or_default())))
    }),
    full("valofexternal", 1, 1, |m, a| {
        let name = a.text(0)?;
        let found = m.state().globals.get(name.as_ref()).cloned();
        match found {
            Some(cell) => {
                let value = cell.get();
                m.without_view(value).map(Some)
            }
            None => Ok(Some(Value::empty())),
        }
    }),
    full("callersversion", 0, 0, |m, _| Ok(Some(Value::Num(f64::from(m.session.settings.version) / 100.0)))),
    full("stataversion", 0, 0, |_, _| Ok(Some(Value::Num(LANGUAGE_VERSION * 100.0)))),
    full("statasetversion", 0, 1, |m, a| {
        if a.len() == 0 {
            return Ok(Some(Value::Num(f64::from(m.session.settings.version))));
        }
        m.session.settings.version = a.count(0)? as u32;
        Ok(None)
    }),
    full("c", 1, 1, |m, a| {
        let name = a.text(0)?;
        Ok(Some(match m.session.c_value(&name)? {
            Element::Num(x) => Value::Num(x),
            Element::Str(s) => Value::text(s),
        }))
    }),
    full("liststruct", 1, 1, |m, a| {
        let Value::Struct(g) = a.value(0).clone() else { return Err(Fault::code(3259)) };
        for instance in g.data() {
            list(m, instance, 1);
        }
        Ok(None)
    }),
    full("pwd", 0, 0, |m, _| Ok(Some(Value::text(m.session.cwd.display().to_string())))),
    pure("byteorder", 0, 0, |_| Ok(Value::Num(2.0))),
    pure("favorspeed", 0, 0, |_| Ok(Value::Num(1.0))),
];

fn pointer(p: Pointer) -> Value {
    Value::Pointer(Grid::scalar(p))
}

/// Prints the members of a structure: name, type and shape, and the values of scalars.
fn list(m: &mut super::Machine<'_>, instance: &crate::mata::value::Instance, depth: usize) {
    for ((name, _), cell) in instance.of.members.iter().zip(&instance.members) {
        let value = cell.get();
        let (rows, cols) = value.shape();
        let kind = format!("{} {}", value.element_type(), value.organisation());
        let indent = "  ".repeat(depth);
        let shown = match &value {
            Value::Num(_) | Value::Text(_) if (rows, cols) == (1, 1) => {
                let text = crate::mata::show::lines(&value, 80).concat();
                format!(" = {}", text.trim_start())
            }
            _ if (rows, cols) == (1, 1) => String::new(),
            _ => format!(" {rows} x {cols}"),
        };
        m.session.print(format!("{indent}{name}: {kind}{shown}"));
        if let Value::Struct(g) = &value
            && depth < 20
        {
            g.data().iter().for_each(|inner| list(m, inner, depth + 1));
        }
    }
}
