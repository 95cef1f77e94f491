//! `putmata` and `getmata`: variables to vectors of Mata and back ([D] putmata).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::mata::exchange::{self, Source, Taken};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use std::collections::HashMap;

const PUT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("OMITmissing"), OptSpec::flag("view"), OptSpec::flag("replace")]);
const GET: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("double"),
    OptSpec::flag("UPdate"),
    OptSpec::flag("replace"),
    OptSpec::text("id"),
    OptSpec::flag("force"),
]);

pub(super) const SPEC_PUTMATA: CommandSpec = CommandSpec {
    name: "putmata",
    min: 7,
    form: Form::Standard(&PUT),
    by: ByRule::No,
    run: put,
    syntax: "putmata {varlist | vector=varname | matrix=(varlist [#])} ... [if] [in] [, view omitmissing replace]",
    notes: "stores r(N), r(K_views), r(K_copies); [D] putmata",
    examples: &[Example {
        run: "input a b\n1 5\n2 .\n3 7\nend\nputmata a X=(b 1), omitmissing\nscalar v = r(K_copies)\nmata: st_numscalar(\"n\", rows(X))\nmata: st_numscalar(\"x\", X[2,1] + X[2,2] + a[2])",
        expect: &[("n", 2.0), ("x", 11.0), ("v", 2.0)],
    }],
};

pub(super) const SPEC_GETMATA: CommandSpec = CommandSpec {
    name: "getmata",
    min: 7,
    form: Form::Standard(&GET),
    by: ByRule::No,
    run: get,
    syntax: "getmata {vector | varname=vector | (varlist)=matrix | (stub*)=matrix} ... [, double update replace id(varname[=vector]) force]",
    notes: "new variables are as small as their values allow; stores r(K_new), r(K_existing); [D] putmata",
    examples: &[Example {
        run: "input id\n3\n1\n2\nend\nmata: i = (1\\3)\nmata: X = (10,20\\30,40)\ngetmata (u*)=X, id(id=i)\nscalar k = r(K_new)",
        expect: &[("u1[1]", 30.0), ("u2[2]", 20.0), ("missing(u1[3])", 1.0), ("k", 2.0)],
    }],
};

/// The pieces of a list: words, `=` and parentheses.
fn pieces(list: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    for c in list.chars().chain([' ']) {
        if c.is_whitespace() || "=()".contains(c) {
            if !word.is_empty() {
                out.push(std::mem::take(&mut word));
            }
            if !c.is_whitespace() {
                out.push(c.to_string());
            }
        } else {
            word.push(c);
        }
    }
    out
}

/// The words up to the closing parenthesis, and what stands behind it.
fn group(pieces: &[String]) -> Result<(&[String], &[String])> {
    let close = pieces.iter().position(|p| p == ")").ok_or_else(StataError::syntax)?;
    Ok((&pieces[..close], &pieces[close + 1..]))
}

/// Names of vectors and matrices with their columns.
fn requested(s: &Session, list: &str) -> Result<Vec<(String, Vec<Source>)>> {
    let all = pieces(list);
    let mut rest = all.as_slice();
    let mut out = Vec::new();
    loop {
        rest = match rest {
            [] => break,
            [name, equal, open, tail @ ..] if equal == "=" && open == "(" => {
                let (inner, behind) = group(tail)?;
                let mut columns = Vec::new();
                for word in inner {
                    match word.parse::<f64>() {
                        Ok(x) => columns.push(Source::Constant(x)),
                        Err(_) => columns.extend(s.varlist(word)?.into_iter().map(Source::Variable)),
                    }
                }
                out.push((name.clone(), columns));
                behind
            }
            [name, equal, variable, tail @ ..] if equal == "=" => {
                out.push((name.clone(), vec![Source::Variable(s.variable(variable)?)]));
                tail
            }
            [word, tail @ ..] => {
                // a range of variables can have blanks around its hyphen
                for v in s.varlist(word)? {
                    out.push((s.frame.var(v).name.clone(), vec![Source::Variable(v)]));
                }
                tail
            }
        };
    }
    if out.is_empty() { Err(StataError::standard(100)) } else { Ok(out) }
}

fn put(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let wanted = requested(s, &cmd.list)?;
    for (k, (name, _)) in wanted.iter().enumerate() {
        if wanted[..k].iter().any(|(other, _)| other == name) {
            return Err(StataError::new(198, format!("{name} specified more than once")));
        }
        if !cmd.has("replace") && exchange::exists(s, name) {
            return Err(StataError::new(110, format!("Mata vector or matrix {name} already exists")));
        }
    }
    let mut touse = s.rows(cmd)?;
    if cmd.has("omitmissing") {
        let variables: Vec<usize> = wanted
            .iter()
            .flat_map(|(_, columns)| columns)
            .filter_map(|c| if let Source::Variable(v) = c { Some(*v) } else { None })
            .filter(|v| !s.frame.var(*v).is_string())
            .collect();
        for (row, used) in touse.iter_mut().enumerate() {
            *used &= variables.iter().all(|v| !is_missing(s.frame.num_at(*v, row)));
        }
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    let mut counts = [0usize; 2];
    for (name, columns) in &wanted {
        s.room_for(rows.len() as f64, 8.0 * columns.len() as f64)?;
        let live = exchange::put(s, name, columns, &rows, cmd.has("view"))?;
        counts[usize::from(live)] += 1;
    }
    let (vectors, matrices) = wanted.iter().fold((0, 0), |(v, m), (_, columns)| match columns.len() {
        1 => (v + 1, m),
        _ => (v, m + 1),
    });
    let counted = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let parts: Vec<String> = [(vectors, "vector", "vectors"), (matrices, "matrix", "matrices")]
        .iter()
        .filter(|p| p.0 > 0)
        .map(|(n, one, many)| counted(*n, one, many))
        .collect();
    s.print(format!("({} posted)", parts.join(", ")));
    s.r.clear();
    s.r.scalar("N", rows.len() as f64);
    s.r.scalar("K_copies", counts[0] as f64).scalar("K_views", counts[1] as f64);
    Ok(())
}

/// Names of new variables with their columns.
fn received(s: &mut Session, list: &str) -> Result<Vec<(String, Taken)>> {
    let all = pieces(list);
    let mut rest = all.as_slice();
    let mut out: Vec<(String, Taken)> = Vec::new();
    loop {
        rest = match rest {
            [] => break,
            [open, tail @ ..] if open == "(" => {
                let (names, behind) = group(tail)?;
                let [equal, matrix, behind @ ..] = behind else { return Err(StataError::syntax()) };
                if equal != "=" {
                    return Err(StataError::syntax());
                }
                let columns = exchange::take(s, matrix)?;
                let names: Vec<String> = match names {
                    [stub] if stub.ends_with('*') => {
                        (1..=columns.len()).map(|k| format!("{}{k}", stub.trim_end_matches('*'))).collect()
                    }
                    names => names.to_vec(),
                };
                if names.len() != columns.len() {
                    let message = format!(
                        "{matrix} has {} columns, {} variables are named",
                        columns.len(),
                        names.len()
                    );
                    return Err(StataError::new(503, message));
                }
                out.extend(names.into_iter().zip(columns));
                behind
            }
            [name, equal, vector, tail @ ..] if equal == "=" => {
                out.push((name.clone(), one_column(s, vector)?));
                tail
            }
            [name, tail @ ..] => {
                out.push((name.clone(), one_column(s, name)?));
                tail
            }
        };
    }
    if out.is_empty() { Err(StataError::standard(100)) } else { Ok(out) }
}

fn one_column(s: &mut Session, name: &str) -> Result<Taken> {
    let mut columns = exchange::take(s, name)?;
    match (columns.pop(), columns.len()) {
        (Some(column), 0) => Ok(column),
        _ => Err(StataError::new(503, format!("{name} is not a column vector"))),
    }
}

/// The row of the vectors that belongs to each row of the data.
fn matched(s: &mut Session, text: &str, rows: usize) -> Result<Vec<Option<usize>>> {
    let (variable, vector) = text.split_once('=').unwrap_or((text, text));
    let v = s.variable(variable.trim())?;
    let ids = one_column(s, vector.trim())?;
    if ids.rows() != rows {
        return Err(StataError::new(503, "id() and the vectors have different numbers of rows"));
    }
    let mut at: HashMap<Vec<u8>, usize> = HashMap::new();
    let key = |ids: &Taken, row: usize| match ids {
        Taken::Numbers(x) => (x[row] + 0.0).to_bits().to_le_bytes().to_vec(),
        Taken::Texts(x) => x[row].as_bytes().to_vec(),
    };
    for row in 0..rows {
        if at.insert(key(&ids, row), row).is_some() {
            return Err(StataError::new(459, format!("values of {} are not unique", vector.trim())));
        }
    }
    let text_ids = matches!(ids, Taken::Texts(_));
    if text_ids != s.frame.var(v).is_string() {
        return Err(StataError::type_mismatch());
    }
    let own = |row: usize| {
        if text_ids {
            s.frame.str_at(v, row).as_bytes().to_vec()
        } else {
            (s.frame.num_at(v, row) + 0.0).to_bits().to_le_bytes().to_vec()
        }
    };
    let keys: Vec<Vec<u8>> = (0..s.frame.n_rows()).map(own).collect();
    let mut unique = keys.clone();
    unique.sort_unstable();
    if unique.windows(2).any(|w| w[0] == w[1]) {
        return Err(StataError::new(459, format!("values of {} are not unique", variable.trim())));
    }
    Ok(keys.iter().map(|k| at.get(k).copied()).collect())
}

/// The smallest type that holds all values, at most `widest`.
fn smallest(values: &Taken, widest: StorageType) -> StorageType {
    let Taken::Numbers(x) = values else { return widest };
    let order = [StorageType::Byte, StorageType::Int, StorageType::Long, StorageType::Float];
    let exact = |t: StorageType| x.iter().all(|x| t.stored(*x) == *x);
    // a float column keeps what float keeps
    let rounded = |t: StorageType| x.iter().all(|x| t.stored(*x) == widest.stored(*x));
    order.into_iter().find(|t| exact(*t) || rounded(*t)).unwrap_or(widest)
}

fn get(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let wanted = received(s, &cmd.list)?;
    let rows = wanted[0].1.rows();
    if wanted.iter().any(|(_, column)| column.rows() != rows) {
        return Err(StataError::new(503, "vectors have different numbers of rows"));
    }
    let (update, replace) = (cmd.has("update"), cmd.has("replace"));
    for (k, (name, column)) in wanted.iter().enumerate() {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid variable name")));
        }
        if wanted[..k].iter().any(|(other, _)| other == name) {
            return Err(StataError::new(198, format!("{name} specified more than once")));
        }
        if let Some(v) = s.frame.find(name) {
            if !update && !replace {
                return Err(StataError::already_defined(name));
            }
            if s.frame.var(v).is_string() != matches!(column, Taken::Texts(_)) {
                return Err(StataError::type_mismatch());
            }
        }
    }
    let order: Vec<Option<usize>> = match cmd.options.text("id") {
        Some(text) => matched(s, text, rows)?,
        None => {
            let n = s.frame.n_rows();
            let grows = (cmd.has("force") && rows > n) || (s.frame.n_vars() == 0 && n == 0);
            if grows {
                s.room_for(rows as f64, 8.0 * wanted.len() as f64)?;
                s.frame.set_n_rows(rows);
            } else if rows != n && !cmd.has("force") {
                return Err(StataError::new(
                    503,
                    format!("vectors have {rows} rows, the data {n}; see options id() and force"),
                ));
            }
            (0..s.frame.n_rows()).map(|r| (r < rows).then_some(r)).collect()
        }
    };
    s.room_for(order.len() as f64, 8.0 * wanted.len() as f64)?;
    let widest = if cmd.has("double") { StorageType::Double } else { StorageType::Float };
    let mut counts = [0usize; 2];
    for (name, column) in &wanted {
        let existing = s.frame.find(name);
        counts[usize::from(existing.is_some())] += 1;
        match existing {
            None => {
                let data = column.column(&order, smallest(column, widest));
                s.frame.add(Variable::new(name, data))?;
            }
            Some(v) => overwrite(s, v, column, &order, update),
        }
    }
    s.r.clear();
    s.r.scalar("K_new", counts[0] as f64).scalar("K_existing", counts[1] as f64);
    Ok(())
}

/// Puts values into a variable; rows without one become missing, or with `update` stay as they are.
fn overwrite(s: &mut Session, v: usize, new: &Taken, order: &[Option<usize>], update: bool) {
    let old = s.frame.var(v).data.clone();
    let data = match new {
        Taken::Texts(_) => {
            let mut data = new.column(order, StorageType::Double);
            if update {
                let texts = (0..order.len()).map(|r| match order[r] {
                    Some(_) => Box::from(data.str(r)),
                    None => Box::from(old.str(r)),
                });
                data = Column::from_strings(texts.collect());
            }
            data
        }
        Taken::Numbers(x) => {
            let values: Vec<f64> = (0..order.len())
                .map(|r| match order[r] {
                    Some(k) => x[k],
                    None if update => old.num(r),
                    None => crate::value::MISSING,
                })
                .collect();
            let kind = values.iter().fold(old.storage_type(), |kind, x| kind.promoted_for(*x));
            Column::from_f64(kind, &values)
        }
    };
    s.frame.set_column(v, data);
}
