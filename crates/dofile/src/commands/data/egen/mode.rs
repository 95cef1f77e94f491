//! `mode()` of `egen`: the most frequent value of each group, a number or a text ([D] egen).

use super::call::Call;
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType};
use crate::session::Session;
use crate::value::{MISSING, is_missing};

/// Which of several modes is taken.
#[derive(Clone, Copy)]
enum Which {
    None,
    Least,
    Largest,
    Number(usize),
}

impl Which {
    fn of(call: &Call) -> Result<Self> {
        match (call.cmd.has("minmode"), call.cmd.has("maxmode"), call.cmd.options.int("nummode")) {
            (false, false, None) => Ok(Self::None),
            (true, false, None) => Ok(Self::Least),
            (false, true, None) => Ok(Self::Largest),
            (false, false, Some(n)) if n >= 1 => Ok(Self::Number(n as usize)),
            (false, false, Some(_)) => Err(StataError::invalid("nummode() must be a positive integer")),
            _ => Err(StataError::invalid("only one of minmode, maxmode, and nummode() is allowed")),
        }
    }

    /// The mode of sorted values; nothing where there is none. `several` is set where one of several was not selected.
    fn pick<T: PartialEq + Clone>(self, sorted: &[T], several: &mut bool) -> Option<T> {
        let runs: Vec<&[T]> = sorted.chunk_by(|a, b| a == b).collect();
        let most = runs.iter().map(|run| run.len()).max()?;
        let modes: Vec<&T> = runs.iter().filter(|run| run.len() == most).map(|run| &run[0]).collect();
        let one = match self {
            Self::None if modes.len() > 1 => {
                *several = true;
                None
            }
            Self::None | Self::Least => modes.first(),
            Self::Largest => modes.last(),
            Self::Number(n) => modes.get(n - 1),
        };
        one.map(|value| (*value).clone())
    }
}

/// The modes in each row of their groups; a warning where a group has several.
pub(super) fn column(s: &mut Session, call: &Call, keep: &[bool]) -> Result<Column> {
    let groups = super::groups(s, call, keep)?;
    let (which, with_missing) = (Which::of(call)?, call.cmd.has("missing"));
    let mut several = false;
    let compiled = s.compile(&call.argument)?;
    let column = if compiled.is_string() {
        if call.ty.is_some_and(|ty| !matches!(ty, StorageType::Str(_) | StorageType::StrL)) {
            return Err(StataError::type_mismatch());
        }
        let mut out: Vec<Box<str>> = vec!["".into(); keep.len()];
        let ctx = s.ctx();
        for group in &groups {
            let mut texts: Vec<String> = group.iter().map(|&r| compiled.text(&ctx, r).to_string()).collect();
            texts.retain(|text| with_missing || !text.is_empty());
            texts.sort();
            let mode = which.pick(&texts, &mut several).unwrap_or_default();
            group.iter().for_each(|&r| out[r] = mode.as_str().into());
        }
        Column::from_strings(out)
    } else {
        let values = super::argument_values(s, call, &groups)?;
        let mut out = vec![MISSING; keep.len()];
        for group in &groups {
            let mut numbers: Vec<f64> = group.iter().map(|&r| values[r]).collect();
            numbers.retain(|x| with_missing || !is_missing(*x));
            numbers.sort_by(f64::total_cmp);
            let mode = which.pick(&numbers, &mut several).unwrap_or(MISSING);
            group.iter().for_each(|&r| out[r] = mode);
        }
        Column::from_f64(call.ty.unwrap_or(s.settings.default_type), &out)
    };
    if several {
        warn(s, groups.len() > 1 || call.cmd.has("by") || !s.by_vars.is_empty());
    }
    Ok(column)
}

fn warn(s: &mut Session, grouped: bool) {
    let (first, of) = if grouped {
        ("at least one group contains multiple modes", "mode of these groups")
    } else {
        ("multiple modes encountered", "mode")
    };
    let text = format!(
        "Warning: {first}.  Generating missing values for the {of}.  Use the missing, maxmode, minmode, or nummode() \
         options to control this behavior."
    );
    // later lines stand under the text after "Warning: "
    let width = s.settings.linesize.max(40);
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if !line.trim().is_empty() && line.len() + word.trim_end().len() > width {
            s.print(line.trim_end());
            line = " ".repeat(9);
        }
        if !word.trim().is_empty() || !line.trim().is_empty() {
            line.push_str(word);
        }
    }
    s.print(line.trim_end());
}
