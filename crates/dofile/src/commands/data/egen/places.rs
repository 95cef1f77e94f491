//! `egen` functions of the places of rows: `group()`, `tag()`, `seq()`, and those along a row.

use super::call::Call;
use super::{groups, percentile};
use crate::error::{Result, StataError};
use crate::frame::ValueLabel;
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;

pub(super) fn group(s: &Session, call: &Call, keep: &[bool]) -> Result<(Vec<f64>, Option<ValueLabel>)> {
    let vars = s.varlist(&call.argument)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    let mut touse = keep.to_vec();
    if !call.cmd.has("missing") {
        s.markout(&vars, &mut touse, true)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|&i| touse[i]).collect();
    let mut out = vec![MISSING; touse.len()];
    let mut set = ValueLabel::default();
    for (k, g) in grouped(s, &vars, rows).into_iter().enumerate() {
        let code = k as f64 + 1.0;
        let text: Vec<String> = vars
            .iter()
            .map(|&v| {
                let var = s.frame.var(v);
                if var.is_string() {
                    return var.data.str(g[0]).to_string();
                }
                let x = var.data.num(g[0]);
                s.frame
                    .labels_of(v)
                    .and_then(|l| l.get(x))
                    .map_or_else(|| crate::format::bare("%12.0g", x), String::from)
            })
            .collect();
        set.set(code, &text.join(" "));
        g.iter().for_each(|&r| out[r] = code);
    }
    let labelled = call.cmd.has("label") || call.cmd.has("lname");
    Ok((out, labelled.then_some(set)))
}

pub(super) fn tag(s: &Session, call: &Call, keep: &[bool]) -> Result<Vec<f64>> {
    let vars = s.varlist(&call.argument)?;
    let mut touse = keep.to_vec();
    if !call.cmd.has("missing") {
        s.markout(&vars, &mut touse, true)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|&i| touse[i]).collect();
    let mut out = vec![0.0; touse.len()];
    grouped(s, &vars, rows).into_iter().for_each(|g| out[g[0]] = 1.0);
    Ok(out)
}

pub(super) fn row_function(s: &Session, call: &Call, keep: &[bool]) -> Result<Vec<f64>> {
    let vars = s.varlist(&call.argument)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    let counts = call.function == "rowmiss" || call.function == "rownonmiss";
    // strings count as missing where they are empty; without strok rownonmiss() refuses them ([D] egen)
    let takes_text = call.function == "rowmiss" || call.cmd.has("strok");
    if !takes_text && vars.iter().any(|&v| s.frame.var(v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let function = call.function.as_str();
    let wanted = if function == "rowpctile" { percentile(&call.cmd)? } else { MISSING };
    let mut out = vec![MISSING; keep.len()];
    for r in (0..keep.len()).filter(|&r| keep[r]) {
        let gone = |v: usize| {
            let c = &s.frame.var(v).data;
            if c.is_string() { c.str(r).is_empty() } else { is_missing(c.num(r)) }
        };
        if counts {
            let missing = vars.iter().filter(|&&v| gone(v)).count();
            out[r] = if function == "rowmiss" { missing as f64 } else { (vars.len() - missing) as f64 };
            continue;
        }
        let xs: Vec<f64> = vars.iter().map(|&v| s.frame.num_at(v, r)).filter(|x| !is_missing(*x)).collect();
        let sample = Sample::plain(xs.iter().copied());
        out[r] = match function {
            "rowtotal" if xs.is_empty() && !call.cmd.has("missing") => 0.0,
            _ if xs.is_empty() => MISSING,
            "rowtotal" => xs.iter().sum(),
            "rowmean" => sample.mean(),
            "rowsd" => sample.sd(),
            "rowmin" => sample.min(),
            "rowmax" => sample.max(),
            "rowmedian" => sample.percentile(50.0),
            "rowpctile" => sample.percentile(wanted),
            "rowfirst" => xs[0],
            "rowlast" => xs[xs.len() - 1],
            f => return Err(StataError::new(133, format!("unknown egen function {f}()"))),
        };
    }
    Ok(out)
}

pub(super) fn seq(s: &Session, call: &Call, keep: &[bool]) -> Result<Vec<f64>> {
    let from = call.cmd.options.int("from").unwrap_or(1);
    let block = call.cmd.options.int("block").unwrap_or(1).max(1);
    let mut out = vec![MISSING; keep.len()];
    for g in groups(s, call, keep)? {
        let to = call.cmd.options.int("to").unwrap_or(from + g.len() as i64 - 1);
        let span = (to - from).abs() + 1;
        let sign = if to >= from { 1 } else { -1 };
        for (k, &r) in g.iter().enumerate() {
            out[r] = (from + sign * ((k as i64 / block) % span)) as f64;
        }
    }
    Ok(out)
}
