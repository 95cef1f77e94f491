//! Checks that metadata fit the format before the first byte is written.

use std::collections::HashSet;

use crate::error::Error;
use crate::limits::*;
use crate::meta::{Meta, StorageType, ValueLabelSet, Variable};
use crate::missing::Missing;

/// Fails with the name of what does not fit.
pub(super) fn meta(meta: &Meta) -> Result<(), Error> {
    if meta.variables.len() > VARIABLES_119 {
        return Err(Error::invalid(format!(
            "{} variables are more than {VARIABLES_119}",
            meta.variables.len()
        )));
    }
    text("the data label", &meta.label, LABEL_CHARS, LABEL_BYTES)?;
    if !meta.timestamp.is_empty() && meta.timestamp.len() != 17 {
        return Err(Error::invalid("the timestamp is not like \"01 Jan 2026 12:00\""));
    }
    let mut names = HashSet::new();
    for v in &meta.variables {
        variable(v)?;
        if !names.insert(v.name.as_str()) {
            return Err(Error::invalid(format!("two variables are named {}", v.name)));
        }
    }
    if meta.sorted_by.iter().any(|&at| at >= meta.variables.len()) {
        return Err(Error::invalid("the sort order names a variable that does not exist"));
    }
    let mut sets = HashSet::new();
    for set in &meta.value_labels {
        value_labels(set)?;
        if !sets.insert(set.name.as_str()) {
            return Err(Error::invalid(format!("two value labels are named {}", set.name)));
        }
    }
    for entry in &meta.characteristics {
        let what = format!("characteristic {}[{}]", entry.owner, entry.name);
        if entry.owner != "_dta" && !names.contains(entry.owner.as_str()) {
            return Err(Error::invalid(format!("{what} belongs to no variable")));
        }
        name(&what, &entry.name)?;
        text(&what, &entry.contents, usize::MAX, CHARACTERISTIC_BYTES)?;
    }
    Ok(())
}

fn variable(v: &Variable) -> Result<(), Error> {
    name(&format!("variable name {:?}", v.name), &v.name)?;
    let what = |part: &str| format!("the {part} of {}", v.name);
    text(&what("label"), &v.label, LABEL_CHARS, LABEL_BYTES)?;
    text(&what("display format"), &v.format, usize::MAX, FORMAT_BYTES)?;
    if !v.format.starts_with('%') {
        return Err(Error::invalid(format!("{} does not start with %", what("display format"))));
    }
    if !v.value_label.is_empty() {
        name(&what("value label"), &v.value_label)?;
    }
    if let StorageType::Str(width) = v.storage
        && !(1..=STR_BYTES).contains(&usize::from(width))
    {
        return Err(Error::invalid(format!("{} has the impossible type str{width}", v.name)));
    }
    Ok(())
}

fn value_labels(set: &ValueLabelSet) -> Result<(), Error> {
    let what = format!("value label {}", set.name);
    name(&what, &set.name)?;
    if set.entries.len() > VALUE_LABEL_ENTRIES {
        return Err(Error::invalid(format!("{what} has more than {VALUE_LABEL_ENTRIES} entries")));
    }
    let mut codes = HashSet::new();
    for (code, label) in &set.entries {
        text(&what, label, usize::MAX, VALUE_LABEL_BYTES)?;
        if Missing::of_long(*code) == Some(Missing::SYSTEM) {
            return Err(Error::invalid(format!("{what} labels the system missing value")));
        }
        if !codes.insert(*code) {
            return Err(Error::invalid(format!("{what} labels {code} twice")));
        }
    }
    Ok(())
}

fn name(what: &str, name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::invalid(format!("{what} is empty")));
    }
    text(what, name, NAME_CHARS, NAME_BYTES)
}

fn text(what: &str, text: &str, chars: usize, bytes: usize) -> Result<(), Error> {
    if text.contains('\0') {
        return Err(Error::invalid(format!("{what} contains a NUL character")));
    }
    if text.len() > bytes || text.chars().count() > chars {
        let limit = if chars == usize::MAX {
            format!("{bytes} bytes")
        } else {
            format!("{chars} characters or {bytes} bytes")
        };
        return Err(Error::invalid(format!("{what} is longer than {limit}")));
    }
    Ok(())
}
