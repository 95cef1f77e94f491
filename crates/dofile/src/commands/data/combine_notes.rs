//! What `merge` and `append` say: storage types that grew, the table of `merge`, an assertion that fails ([D] merge, [D] append).

use super::combine::common;
use super::pairing::Joined;
use crate::error::StataError;
use crate::format::count_text;
use crate::frame::Frame;
use crate::session::Session;
use crate::value::is_missing;

/// Notes of the variables of the master data that take a wider storage type from the using data, and of those whose values
/// the using data cannot give because one is text and the other a number.
pub(super) fn widened(master: &Frame, using: &Frame) -> Vec<String> {
    let pairs = master.vars().iter().filter_map(|v| {
        let theirs = using.var(using.find(&v.name)?).data.storage_type();
        let (name, mine) = (&v.name, v.data.storage_type());
        if mine.is_string() != theirs.is_string() {
            let (mine, theirs) = (mine.name(), theirs.name());
            return Some(format!(
                "(note: variable {name} was {theirs} in the using data, but will be {mine} now)"
            ));
        }
        let both = common(mine, theirs);
        let text = || {
            let (mine, both) = (mine.name(), both.name());
            format!("(variable {name} was {mine}, now {both} to accommodate using data's values)")
        };
        (both != mine).then(text)
    });
    pairs.collect()
}

/// Sets the codes of matched rows under `update`: 5 where a value differs from one of the using data, otherwise 4 where
/// the using data fill a missing value.
pub(super) fn mark_updates(master: &Frame, using: &Frame, keys: &[String], rows: &mut Joined) {
    let shared: Vec<(usize, usize)> = (0..master.n_vars())
        .filter(|i| !keys.contains(&master.var(*i).name))
        .filter_map(|i| Some((i, using.find(&master.var(i).name)?)))
        .filter(|(i, j)| master.var(*i).is_string() == using.var(*j).is_string())
        .collect();
    for row in rows.iter_mut() {
        let (Some(m), Some(u)) = (row.0, row.1) else { continue };
        for (i, j) in &shared {
            let (mine, theirs) = (&master.var(*i).data, &using.var(*j).data);
            let (mine_gone, theirs_gone, differ) = if mine.is_string() {
                (mine.str(m).is_empty(), theirs.str(u).is_empty(), mine.str(m) != theirs.str(u))
            } else {
                let (x, y) = (mine.num(m), theirs.num(u));
                (is_missing(x), is_missing(y), x != y)
            };
            if !theirs_gone && differ {
                row.2 = if mine_gone { row.2.max(4) } else { 5 };
            }
        }
    }
}

/// The table of `merge`. `marked` is the name of the variable with the codes, if one is made; matched rows are listed by code
/// under `update`.
pub(super) fn report(s: &mut Session, rows: &Joined, marked: Option<&str>, update: bool) {
    let count = |f: &dyn Fn(u8) -> bool| rows.iter().filter(|r| f(r.2)).count();
    let note = |k: u8| marked.map_or_else(String::new, |name| format!("  ({name}=={k})"));
    let line = |text: &str, n: usize, k: Option<u8>| {
        format!("    {text:<31}{:>10}{}", count_text(n), k.map_or_else(String::new, note))
    };
    let rule = "-".repeat(41);
    let (master, using) = (count(&|c| c == 1), count(&|c| c == 2));
    s.print("");
    s.print("    Result                      Number of obs");
    s.print(format!("    {rule}"));
    s.print(line("Not matched", master + using, None));
    if master + using > 0 {
        s.print(line("    from master", master, Some(1)));
        s.print(line("    from using", using, Some(2)));
        s.print("");
    }
    s.print(line("Matched", count(&|c| c >= 3), (!update).then_some(3)));
    if update {
        for (text, code) in [("not updated", 3), ("missing updated", 4), ("nonmissing conflict", 5)] {
            s.print(line(&format!("    {text}"), count(&|c| c == code), Some(code)));
        }
    }
    s.print(format!("    {rule}"));
}

/// The error of an assertion that allows only these codes.
pub(super) fn violated(allowed: &[u8]) -> StataError {
    let text = |code: &u8| match code {
        1 => "from master",
        2 => "from using",
        3 => "matched",
        4 => "updated",
        _ => "conflicts",
    };
    let names: Vec<&str> = allowed.iter().map(text).collect();
    let list = match &names[..] {
        [first, second] => format!("{first} or {second}"),
        [before @ .., last] if !before.is_empty() => format!("{}, or {last}", before.join(", ")),
        _ => names.concat(),
    };
    let text = format!("merge:  after merge, not all observations {list}");
    StataError::new(9, format!("{text}\n        (merged result left in memory)"))
}
