//! `egen, cut()`: classes of a variable between given values or of about equal size ([D] egen).

use super::call::Call;
use super::{argument_values, groups};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, ValueLabel};
use crate::session::Session;
use crate::syntax::numlist;
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;

/// The classes, with the labels `#-` of their left ends under `label`.
pub(super) fn column(s: &Session, call: &Call, keep: &[bool]) -> Result<(Column, Option<ValueLabel>)> {
    let groups = groups(s, call, keep)?;
    let x = argument_values(s, call, &groups)?;
    let known: Vec<usize> = groups.into_iter().flatten().filter(|r| !is_missing(x[*r])).collect();
    let size = call.cmd.options.int("group").map(|k| k.max(1));
    let ends = match size {
        Some(k) => {
            let sample = Sample::plain(known.iter().map(|r| x[*r]));
            let inner = (1..k).map(|j| sample.percentile(100.0 * j as f64 / k as f64));
            let least = known.iter().map(|r| x[*r]).fold(f64::INFINITY, f64::min);
            std::iter::once(least).chain(inner).collect()
        }
        None => breaks(call)?,
    };
    let label = call.cmd.has("label");
    let coded = label || size.is_some() || call.cmd.has("icodes");
    let classes = if size.is_some() { ends.len() } else { ends.len() - 1 };
    let mut out = vec![MISSING; x.len()];
    for r in known {
        let k = ends.iter().filter(|end| x[r] >= **end).count();
        if k > 0 && k <= classes {
            out[r] = if coded { k as f64 - 1.0 } else { ends[k - 1] };
        }
    }
    let labels = label.then(|| {
        let mut set = ValueLabel::default();
        for (code, end) in ends[..classes].iter().enumerate() {
            set.set(code as f64, &format!("{}-", format::bare("%9.0g", *end)));
        }
        set
    });
    Ok((Column::from_f64(call.ty.unwrap_or(s.settings.default_type), &out), labels))
}

/// The breaks of `at()`, which ascend.
fn breaks(call: &Call) -> Result<Vec<f64>> {
    let text = call.cmd.options.text("at");
    let at = numlist::expand(text.ok_or_else(|| StataError::invalid("option at() or group() required"))?)?;
    if at.windows(2).any(|w| w[0] >= w[1]) || at.len() < 2 {
        return Err(StataError::standard(124));
    }
    Ok(at)
}
