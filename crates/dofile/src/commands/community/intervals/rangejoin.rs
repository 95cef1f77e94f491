//! `rangejoin`: pairs of each row with the rows of a file whose key lies in an interval. Written from the help file of
//! Picard (2017).

use super::bound::Bound;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::frame::{Frame, is_valid_name};
use crate::ops::data_files::read_dta;
use crate::ops::sources::source;
use crate::session::{Session, key};
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use std::collections::HashMap;
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::text("by"),
    OptSpec::text("Keepusing"),
    OptSpec::text("Prefix"),
    OptSpec::text("Suffix"),
    OptSpec::flag("All"),
])
.using(Using::Required);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "rangejoin",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "rangejoin keyvar low high using filename [, by(varlist) keepusing(varlist) prefix(text) suffix(text) all]",
    notes: "a number is added to the key of the row where the data have it, and is the bound otherwise; a missing bound is none; rows without a match stay; pairs stand in the order of the row, then of the key; variables that both have are renamed, by default with the ending _U; no results",
    examples: &[Example {
        // the example of the help file: Peter can pay houses 3 and 4, Paul 4 and 5, Mary house 6
        run: "set obs 6\ngenerate house = _n\ngenerate asking = 111*_n\ntempfile f\nsave `f'\nclear\nset obs 3\ngenerate low = cond(_n == 1, 300, cond(_n == 2, 400, 600))\ngenerate high = low + cond(_n < 3, 200, 100)\ngenerate who = _n\nrangejoin asking low high using `f'",
        expect: &[("_N", 5.0), ("house[1]", 3.0), ("house[4]", 5.0), ("house[5]", 6.0), ("who[4]", 2.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let [name, low, high] = cmd.list.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err(StataError::invalid("rangejoin needs keyvar low high"));
    };
    let bounds = (Bound::parse(s, low)?, Bound::parse(s, high)?);
    let by = cmd.options.text("by").map(|l| s.varlist(l)).transpose()?.unwrap_or_default();
    let by_names: Vec<String> = by.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let (path, file) = source(s, cmd.using.as_deref().unwrap_or(""), "dta")?;
    let using = read_dta(&path, &file, None, false)?;
    let key_var = using.position(name)?;
    if using.var(key_var).is_string() {
        return Err(StataError::type_mismatch());
    }
    let using_by: Vec<usize> = by_names.iter().map(|n| using.position(n)).collect::<Result<_>>()?;
    for (a, b) in by.iter().zip(&using_by) {
        if s.frame.var(*a).is_string() != using.var(*b).is_string() {
            return Err(StataError::type_mismatch());
        }
    }
    let added = added(s, cmd, &using, &using_by)?;
    let own = s.frame.find(name).map(|v| s.frame.numeric(v).map(|c| c.to_vec())).transpose()?;
    let pairs = pairs(s, &using, key_var, (&by, &using_by), &bounds, own.as_deref(), added.len())?;
    s.frame.gather_rows(pairs.iter().map(|p| Some(p.0)));
    for (v, name) in added {
        let mut variable = using.var(v).clone();
        variable.name = name;
        variable.data = Arc::new(variable.data.gather(pairs.iter().map(|p| p.1)));
        s.frame.add(variable)?;
    }
    for (name, labels) in &using.value_labels {
        if !s.frame.value_labels.contains_key(name) {
            s.frame.value_labels.insert(name.clone(), labels.clone());
        }
    }
    Ok(())
}

/// Variables of the file that are added, with their new names.
fn added(s: &Session, cmd: &ParsedCommand, using: &Frame, by: &[usize]) -> Result<Vec<(usize, String)>> {
    let prefix = cmd.options.text("prefix").unwrap_or("").trim();
    let suffix = cmd.options.text("suffix").unwrap_or(if prefix.is_empty() { "_U" } else { "" }).trim();
    let kept = match cmd.options.text("keepusing") {
        Some(list) => crate::syntax::varlist::resolve_unique(using, list, s.settings.varabbrev)?,
        None => (0..using.n_vars()).collect(),
    };
    let mut out: Vec<(usize, String)> = Vec::new();
    for v in kept.into_iter().filter(|v| !by.contains(v)) {
        let name = &using.var(v).name;
        let renamed = cmd.has("all") || s.frame.find(name).is_some();
        let name = if renamed { format!("{prefix}{name}{suffix}") } else { name.clone() };
        if !is_valid_name(&name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if s.frame.find(&name).is_some() || out.iter().any(|o| o.1 == name) {
            return Err(StataError::already_defined(&name));
        }
        out.push((v, name));
    }
    Ok(out)
}

/// A row of the data, and one of the file.
type Pair = (usize, Option<usize>);

fn pairs(
    s: &Session,
    using: &Frame,
    key_var: usize,
    by: (&[usize], &[usize]),
    bounds: &(Bound, Bound),
    own: Option<&[f64]>,
    added: usize,
) -> Result<Vec<Pair>> {
    let keys = using.numeric(key_var)?;
    let mut groups: HashMap<Vec<_>, Vec<usize>> = HashMap::new();
    for row in (0..using.n_rows()).filter(|r| !is_missing(keys[*r])) {
        groups.entry(key(using, by.1, row)).or_default().push(row);
    }
    for group in groups.values_mut() {
        group.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
    }
    let mut out = Vec::new();
    for row in 0..s.frame.n_rows() {
        let found = groups.get(&key(&s.frame, by.0, row)).filter(|_| own.is_none_or(|k| !is_missing(k[row])));
        let matched: &[usize] = found.map_or(&[], |group| {
            let own = own.map(|keys| keys[row]);
            let (low, high) = (bounds.0.of(row, own), bounds.1.of(row, own));
            let from = low.map_or(0, |low| group.partition_point(|r| keys[*r] < low));
            let to = high.map_or(group.len(), |high| group.partition_point(|r| keys[*r] <= high));
            &group[from.min(to)..to]
        });
        if matched.is_empty() {
            out.push((row, None));
        }
        // every row may match every other: the room is judged before the pairs take it
        s.room_for(
            (out.len() + matched.len()) as f64,
            8.0 * added as f64 + std::mem::size_of::<Pair>() as f64,
        )?;
        out.extend(matched.iter().map(|r| (row, Some(*r))));
        if s.interrupted() {
            return Err(StataError::standard(1));
        }
    }
    Ok(out)
}
