//! `reshape error`: lists the rows that hinder the last reshape ([D] reshape).

use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable};
use crate::ops::groups::grouped;
use crate::ops::run::shown;
use crate::session::Session;
use crate::syntax::split::words;

/// The variable that marks the rows of a list; it is dropped again.
const MARK: &str = "__reshape_mark";

/// The last request by its characteristics.
struct Last {
    i: Vec<String>,
    j: String,
    xij: Vec<String>,
}

impl Last {
    fn of(s: &Session) -> Result<Self> {
        let part = |key: &str| s.frame.char("_dta", key).to_string();
        let list = |text: String| words(&text).into_iter().map(String::from).collect::<Vec<_>>();
        let (i, j) = (list(part("ReS_i")), part("ReS_j"));
        if i.is_empty() || j.is_empty() {
            return Err(StataError::new(111, "data has not been reshaped yet"));
        }
        Ok(Self { i, j, xij: list(part("ReS_Xij")) })
    }
}

/// Runs `reshape error`.
pub(super) fn run(s: &mut Session) -> Result<()> {
    let last = Last::of(s)?;
    if s.frame.find(&last.j).is_some() { long(s, &last) } else { wide(s, &last) }
}

/// Sorts by these variables and returns the rows of each group of `keys`.
fn groups(s: &mut Session, keys: &[usize], order: &[usize]) -> Vec<Vec<usize>> {
    s.frame.sort_by(order);
    grouped(s, keys, (0..s.frame.n_rows()).collect())
}

/// Lists the variables in the rows that are marked.
fn list(s: &mut Session, names: &str, marked: &[bool]) -> Result<()> {
    let values: Vec<f64> = marked.iter().map(|m| f64::from(u8::from(*m))).collect();
    let at = s.frame.add(Variable::new(MARK, Column::from_f64(StorageType::Byte, &values)))?;
    let done = shown(s, &format!("list {names} if {MARK}"));
    s.frame.drop_vars(&[at]);
    done
}

/// The wide form: i identifies the rows.
fn wide(s: &mut Session, last: &Last) -> Result<()> {
    let names = last.i.join(" ");
    let keys = s.varlist(&names)?;
    let groups = groups(s, &keys, &keys);
    let n = s.frame.n_rows();
    if groups.len() == n {
        s.print(format!("{names} is unique;"));
        s.print("there is no error with which \"reshape error\" can help.");
        return Ok(());
    }
    let marked = marks(n, groups.iter().filter(|g| g.len() > 1));
    s.print("");
    s.print(format!("i ({names}) indicates the top-level grouping such as subject id."));
    s.print("");
    s.print("The data are currently in the wide form; there should be a single");
    s.print("observation per i.");
    s.print("");
    s.print(format!("{} of {n} observations have duplicate i values:", count(&marked)));
    list(s, &names, &marked)?;
    s.print("");
    s.print(format!("(data now sorted by {names})"));
    Ok(())
}

/// The long form: i and j identify the rows, and what is not reshaped is constant within i.
fn long(s: &mut Session, last: &Last) -> Result<()> {
    let (names, j) = (last.i.join(" "), last.j.as_str());
    let i = s.varlist(&names)?;
    let keys: Vec<usize> = i.iter().copied().chain([s.frame.position(j)?]).collect();
    let cells = groups(s, &keys, &keys);
    let n = s.frame.n_rows();
    values_of_j(s, keys[keys.len() - 1]);
    if cells.len() < n {
        let marked = marks(n, cells.iter().filter(|g| g.len() > 1));
        head(s, &names, j);
        s.print("The data are in the long form;  j should be unique within i.");
        s.print("");
        s.print(format!("There are multiple observations on the same {j} within {names}."));
        s.print("");
        s.print(format!("The following {} of {n} observations have repeated {j} values:", count(&marked)));
        list(s, &format!("{names} {j}"), &marked)?;
        s.print("");
        s.print(format!("(data now sorted by {names} {j})"));
        return Ok(());
    }
    let stubs: Vec<String> = last.xij.iter().map(|stub| stub.replacen('@', "", 1)).collect();
    let others: Vec<usize> = (0..s.frame.n_vars())
        .filter(|v| !keys.contains(v) && !stubs.contains(&s.frame.var(*v).name))
        .collect();
    let units = grouped(s, &i, (0..n).collect());
    let varies = |s: &Session, v: usize, g: &[usize]| g.iter().any(|&r| s.frame.compare(v, g[0], r).is_ne());
    let wrong: Vec<usize> =
        others.iter().copied().filter(|&v| units.iter().any(|g| varies(s, v, g))).collect();
    if wrong.is_empty() {
        s.print(format!("{j} is unique within {names} and"));
        s.print(format!("all the \"reshape xi\" variables are constant within {j};"));
        s.print("there is no error with which \"reshape error\" can help.");
        return Ok(());
    }
    head(s, &names, j);
    s.print(format!("xij variable{} {}.", if stubs.len() == 1 { " is" } else { "s are" }, stubs.join(" ")));
    s.print("Thus, the following variable(s) should be constant within i:");
    let list_of = |s: &Session, vars: &[usize]| -> String {
        vars.iter().map(|&v| s.frame.var(v).name.as_str()).collect::<Vec<_>>().join(" ")
    };
    s.print(format!("      {}", list_of(s, &others)));
    for v in wrong {
        let name = s.frame.var(v).name.clone();
        let bad: Vec<&Vec<usize>> = units.iter().filter(|g| varies(s, v, g)).collect();
        let plural = if bad.len() == 1 { "" } else { "s" };
        s.print("");
        s.print(format!("{name} not constant within i ({names}) for {} value{plural} of i:", bad.len()));
        let marked = marks(n, bad.into_iter());
        list(s, &format!("{names} {j} {name}"), &marked)?;
    }
    s.print("");
    s.print(format!("(data now sorted by {names} {j})"));
    Ok(())
}

/// What i and j are.
fn head(s: &mut Session, i: &str, j: &str) {
    s.print("");
    s.print(format!("i ({i}) indicates the top-level grouping such as subject id."));
    s.print(format!("j ({j}) indicates the subgrouping such as time."));
}

/// The values of j that the data have.
fn values_of_j(s: &mut Session, j: usize) {
    let rows = grouped(s, &[j], (0..s.frame.n_rows()).collect());
    let text = |row: usize| match s.frame.var(j).is_string() {
        true => s.frame.str_at(j, row).to_string(),
        false => crate::format::macro_text(s.frame.num_at(j, row)),
    };
    let values: Vec<String> = rows.iter().map(|g| text(g[0])).collect();
    s.print(format!("(j = {})", values.join(" ")));
}

/// Marks of the rows of some groups.
fn marks<'a>(n: usize, groups: impl Iterator<Item = &'a Vec<usize>>) -> Vec<bool> {
    let mut out = vec![false; n];
    groups.flatten().for_each(|&row| out[row] = true);
    out
}

fn count(marked: &[bool]) -> usize {
    marked.iter().filter(|m| **m).count()
}
