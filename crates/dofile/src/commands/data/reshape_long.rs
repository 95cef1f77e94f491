//! `reshape long`: several columns become several rows.

use super::reshape::{Request, Stub, empty_like, identifies, names};
use super::reshape_message::Message;
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::value::MISSING;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rows of the long form: every row of the wide form in the order of its key, once for each value of `j`.
struct Stacking<'a> {
    wide: &'a Frame,
    order: Vec<usize>,
    values: &'a [String],
}

impl Stacking<'_> {
    fn rows(&self) -> std::ops::Range<usize> {
        0..self.order.len() * self.values.len()
    }

    /// The row of the wide form.
    fn source(&self, row: usize) -> usize {
        self.order[row / self.values.len()]
    }

    /// Which value of `j` a row has.
    fn value(&self, row: usize) -> usize {
        row % self.values.len()
    }

    /// A variable that has one value for each row of the wide form.
    fn carried(&self, variable: &Variable) -> Variable {
        let mut var = variable.clone();
        var.data = Arc::new(variable.data.gather(self.rows().map(|row| Some(self.source(row)))));
        var
    }

    /// The variable of a stub, out of those of the wide form; `parts` has one entry for each value of `j`.
    fn stacked(&self, stub: &Stub, parts: &[Option<usize>]) -> Result<Variable> {
        let Some(first) = parts.iter().flatten().next().copied() else {
            return Err(StataError::new(111, format!("no variables found for stub {}", stub.long())));
        };
        let strings = parts.iter().flatten().filter(|&&p| self.wide.var(p).is_string()).count();
        if strings > 0 && strings < parts.iter().flatten().count() {
            let message = format!("variables of stub {} are of different kinds", stub.long());
            return Err(StataError::new(106, message));
        }
        let part = |row: usize| parts[self.value(row)];
        let column = if strings > 0 {
            let text = |row| part(row).map_or("", |p| self.wide.str_at(p, self.source(row))).into();
            Column::from_strings(self.rows().map(text).collect())
        } else {
            let number = |row| part(row).map_or(MISSING, |p| self.wide.num_at(p, self.source(row)));
            let types: Vec<StorageType> =
                parts.iter().flatten().map(|&p| self.wide.var(p).data.storage_type()).collect();
            Column::from_f64(widest(&types), &self.rows().map(number).collect::<Vec<f64>>())
        };
        let mut var = Variable::new(&stub.long(), column);
        var.format.clone_from(&self.wide.var(first).format);
        var.value_label.clone_from(&self.wide.var(first).value_label);
        if !is_valid_name(&var.name) {
            return Err(StataError::new(198, format!("{} invalid name", var.name)));
        }
        Ok(var)
    }

    /// The variable `j`.
    fn index(&self, text: bool) -> Column {
        if text {
            let values = self.rows().map(|row| self.values[self.value(row)].as_str().into());
            return Column::from_strings(values.collect());
        }
        let number = |row| parse_number(&self.values[self.value(row)]).unwrap_or(MISSING);
        let xs: Vec<f64> = self.rows().map(number).collect();
        Column::from_f64(xs.iter().fold(StorageType::Byte, |ty, &x| ty.promoted_for(x)), &xs)
    }
}

/// The numeric type that holds the values of all of these types.
fn widest(types: &[StorageType]) -> StorageType {
    let rank = |t: StorageType| match t {
        StorageType::Byte => 0,
        StorageType::Int => 1,
        StorageType::Long => 2,
        StorageType::Float => 3,
        _ => 4,
    };
    let widest = types.iter().copied().max_by_key(|t| rank(*t)).unwrap_or(StorageType::Double);
    match widest == StorageType::Float && types.contains(&StorageType::Long) {
        true => StorageType::Double,
        false => widest,
    }
}

/// Values of j found in the names of the wide variables, in ascending order.
fn found_values(s: &Session, r: &Request) -> Vec<String> {
    let mut numbers: BTreeSet<i64> = BTreeSet::new();
    let mut texts: BTreeSet<String> = BTreeSet::new();
    for (_, v) in s.frame.vars().iter().enumerate().filter(|(k, _)| !r.i.contains(k)) {
        for value in r.stubs.iter().filter_map(|st| st.value_in(&v.name)) {
            match value.parse::<i64>() {
                Ok(x) if !r.string && value.bytes().all(|b| b.is_ascii_digit()) => {
                    numbers.insert(x);
                }
                _ if r.string => {
                    texts.insert(value.to_string());
                }
                _ => {}
            }
        }
    }
    if r.string { texts.into_iter().collect() } else { numbers.into_iter().map(|x| x.to_string()).collect() }
}

pub(super) fn long(s: &mut Session, r: &Request) -> Result<Message> {
    if !identifies(s, &r.i) {
        let (noun, verb) = if r.i.len() == 1 { ("variable", "does") } else { ("variables", "do") };
        let message = format!("{noun} {} {verb} not uniquely identify the observations", names(s, &r.i));
        return Err(StataError::new(9, message));
    }
    if s.frame.find(&r.j).is_some() {
        return Err(StataError::already_defined(&r.j));
    }
    let values = if r.values.is_empty() { found_values(s, r) } else { r.values.clone() };
    if values.is_empty() {
        return Err(StataError::new(111, format!("no xij variables found for stub {}", r.stubs[0].long())));
    }
    let old = &s.frame;
    let order = old.sorted_order(&r.i.iter().map(|&k| (k, false)).collect::<Vec<_>>());
    let stacking = Stacking { wide: old, order, values: &values };
    let mut used: Vec<usize> = Vec::new();
    let mut stacked: Vec<Variable> = Vec::new();
    for stub in &r.stubs {
        let parts: Vec<Option<usize>> = values.iter().map(|v| old.find(&stub.wide(v))).collect();
        stacked.push(stacking.stacked(stub, &parts)?);
        used.extend(parts.iter().flatten());
    }
    let mut out = empty_like(old);
    for &i in &r.i {
        out.add(stacking.carried(old.var(i)))?;
    }
    out.add(Variable::new(&r.j, stacking.index(r.string)))?;
    for var in stacked {
        out.add(var)?;
    }
    for (k, v) in old.vars().iter().enumerate() {
        if !r.i.contains(&k) && !used.contains(&k) {
            out.add(stacking.carried(v))?;
        }
    }
    out.sorted_by = r.i.iter().map(|&i| old.var(i).name.clone()).chain([r.j.clone()]).collect();
    s.frame = out;
    let wide = |stub: &Stub| values.iter().map(|v| stub.wide(v)).collect();
    let made = r.stubs.iter().map(|stub| (wide(stub), stub.long())).collect();
    Ok(Message { values, made, ..Message::default() })
}
