//! Functions of `egen` that make texts.

use super::call::Call;
use crate::error::{Result, StataError};
use crate::frame::Column;
use crate::session::Session;

/// The texts of `concat()` or `ends()`; empty where a row is not kept.
pub(super) fn column(s: &Session, call: &Call, keep: &[bool]) -> Result<Column> {
    if call.function == "ends" { ends(s, call, keep) } else { concat(s, call, keep) }
}

/// `concat()`: the values of variables, one after the other.
fn concat(s: &Session, call: &Call, keep: &[bool]) -> Result<Column> {
    let vars = s.varlist(&call.argument)?;
    // The least abbreviation of punct() is the p() of other functions.
    let given = call.cmd.options.text("punct").or(call.cmd.options.text("p"));
    let punct = given.unwrap_or("").to_string();
    let decode = call.cmd.has("decode");
    let length = call.cmd.options.int("maxlength").map_or(usize::MAX, |n| n.max(0) as usize);
    let fmt = call.cmd.options.text("format");
    if let Some(fmt) = fmt.filter(|f| crate::format::Format::parse(f).is_none()) {
        return Err(StataError::new(120, format!("invalid %format {fmt}")));
    }
    let cell = |v: usize, r: usize| {
        let var = s.frame.var(v);
        if var.is_string() {
            return var.data.str(r).to_string();
        }
        let x = var.data.num(r);
        match (s.frame.labels_of(v).filter(|_| decode).and_then(|l| l.get(x)), fmt) {
            (Some(label), _) => label.chars().take(length).collect(),
            (None, Some(fmt)) => crate::format::bare(fmt, x),
            (None, None) => crate::format::macro_text(x),
        }
    };
    let texts = (0..keep.len())
        .map(|r| {
            if !keep[r] {
                return "".into();
            }
            vars.iter().map(|&v| cell(v, r)).collect::<Vec<_>>().join(&punct).into_boxed_str()
        })
        .collect();
    Ok(Column::from_strings(texts))
}

/// `ends()`: the part of a text before the first separator, after the last one, or all after the first ([D] egen).
fn ends(s: &Session, call: &Call, keep: &[bool]) -> Result<Column> {
    let parts = ["head", "last", "tail"].map(|part| call.cmd.has(part));
    if parts.iter().filter(|given| **given).count() > 1 {
        return Err(StataError::invalid("options head, last, and tail are mutually exclusive"));
    }
    let given = call.cmd.options.text("punct").or(call.cmd.options.text("p"));
    let punct = given.filter(|p| !p.is_empty()).unwrap_or(" ");
    let text = s.compile(&call.argument)?;
    if !text.is_string() {
        return Err(StataError::type_mismatch());
    }
    let ctx = s.ctx();
    let end = |r: usize| {
        let given = text.text(&ctx, r);
        let whole = if call.cmd.has("trim") { given.trim_matches(' ') } else { &given };
        match parts {
            [_, true, _] => whole.rsplit(punct).next().unwrap_or_default().to_owned(),
            [_, _, true] => whole.split_once(punct).map_or("", |(_, tail)| tail).to_owned(),
            _ => whole.split(punct).next().unwrap_or_default().to_owned(),
        }
    };
    let texts = (0..keep.len()).map(|r| if keep[r] { end(r).into_boxed_str() } else { "".into() });
    Ok(Column::from_strings(texts.collect()))
}
