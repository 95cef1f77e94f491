//! Macros, scalars, matrices and results of the do-file language, its commands and frames ([M-4] Stata).

use super::{Builtin, Run, full};
use crate::commands::Interpreter;
use crate::format::Format;
use crate::frame::is_valid_name;
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::machine::Machine;
use crate::mata::value::{Text, Value};
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::value::Value as Element;
use std::sync::Arc;

pub(super) const TABLE: &[Builtin] = &[
    full("st_local", 1, 2, |m, a| {
        let name = a.text(0)?;
        if a.len() == 1 {
            return Ok(Some(Value::text(m.session.local(&name))));
        }
        let text = a.text(1)?.to_string();
        m.session.set_local(&name, text);
        Ok(None)
    }),
    full("st_global", 1, 3, global),
    full("st_global_hcat", 1, 1, |_, _| Ok(Some(Value::text("visible")))),
    full("st_numscalar_hcat", 1, 1, |_, _| Ok(Some(Value::text("visible")))),
    full("st_matrix_hcat", 1, 1, |_, _| Ok(Some(Value::text("visible")))),
    full("st_numscalar", 1, 3, number),
    full("st_strscalar", 1, 2, |m, a| {
        let name = a.text(0)?.to_string();
        if a.len() == 1 {
            return Ok(Some(match m.session.scalars.get(&name) {
                Some(Element::Str(s)) => Value::text(s),
                _ => Value::Text(Grid::empty()),
            }));
        }
        if a.value(1).shape() == (0, 0) {
            m.session.scalars.remove(&name);
        } else {
            let text = a.text(1)?.to_string();
            m.session.scalars.insert(checked(&name)?, Element::Str(text));
        }
        Ok(None)
    }),
    full("st_matrix", 1, 3, matrix),
    full("st_replacematrix", 2, 2, |m, a| {
        let name = a.text(0)?;
        let mut old = (*found(m.session, &name)?).clone();
        let new = a.real(1)?;
        if (new.rows(), new.cols()) != (old.rows(), old.cols()) {
            return Err(Fault::code(3200));
        }
        for i in 0..new.rows() {
            (0..new.cols()).for_each(|j| old.set(i, j, *new.get(i, j)));
        }
        put_matrix(m.session, &name, Some(old))?;
        Ok(None)
    }),
    full("st_matrixrowstripe", 1, 2, |m, a| stripes(m, a, true)),
    full("st_matrixcolstripe", 1, 2, |m, a| stripes(m, a, false)),
    full("st_rclear", 0, 0, |m, _| {
        m.session.r.clear();
        Ok(None)
    }),
    full("st_eclear", 0, 0, |m, _| {
        m.session.e = crate::results::Estimation::default();
        Ok(None)
    }),
    full("st_sclear", 0, 0, |m, _| {
        m.session.s.clear();
        Ok(None)
    }),
    full("st_tempname", 0, 1, |m, a| {
        let count = if a.len() > 0 { a.count(0)?.min(10_000) } else { 1 };
        let names: Vec<Text> = (0..count).map(|_| m.session.temporary_name().as_str().into()).collect();
        Ok(Some(Value::Text(Grid::row(names))))
    }),
    full("st_tempfilename", 0, 1, |m, a| {
        let count = if a.len() > 0 { a.count(0)?.min(10_000) } else { 1 };
        let mut names: Vec<Text> = Vec::new();
        for _ in 0..count {
            // the command makes the name and registers the file
            let held = m.session.local("__mata_file").to_string();
            m.session.run_expanded("tempfile __mata_file")?;
            names.push(m.session.local("__mata_file").into());
            m.session.set_local("__mata_file", held);
        }
        Ok(Some(Value::Text(Grid::row(names))))
    }),
    full("st_macroexpand", 1, 1, |m, a| {
        let text = a.text(0)?;
        Ok(Some(Value::text(m.session.substituted(&text)?)))
    }),
    full("stata", 1, 3, |m, a| {
        command(m, a).map_err(|fault| if fault.is_break() { fault } else { Fault::code(3598) })?;
        Ok(None)
    }),
    full("_stata", 1, 3, |m, a| match command(m, a) {
        Ok(()) => Ok(Some(Value::Num(0.0))),
        Err(fault) if fault.is_break() => Err(fault),
        Err(fault) => Ok(Some(Value::Num(f64::from(fault.code)))),
    }),
    full("st_isname", 1, 1, |_, a| Ok(Some(Value::truth(is_valid_name(&a.text(0)?))))),
    full("st_islmname", 1, 1, |_, a| {
        let name = a.text(0)?;
        let good =
            !name.is_empty() && name.len() <= 31 && name.chars().all(|c| c == '_' || c.is_alphanumeric());
        Ok(Some(Value::truth(good)))
    }),
    full("st_isfmt", 1, 1, |_, a| Ok(Some(Value::truth(Format::parse(&a.text(0)?).is_some())))),
    full("st_isnumfmt", 1, 1, |_, a| {
        Ok(Some(Value::truth(Format::parse(&a.text(0)?).is_some_and(|f| !f.is_string()))))
    }),
    full("st_isstrfmt", 1, 1, |_, a| {
        Ok(Some(Value::truth(Format::parse(&a.text(0)?).is_some_and(|f| f.is_string()))))
    }),
    full("st_framecurrent", 0, 1, |m, a| {
        if a.len() == 0 {
            return Ok(Some(Value::text(&m.session.frames.current)));
        }
        frames(m, &format!("frame change {}", a.text(0)?))
    }),
    full("st_framecreate", 1, 1, |m, a| frames(m, &format!("frame create {}", a.text(0)?))),
    full("st_framedrop", 1, 1, |m, a| frames(m, &format!("frame drop {}", a.text(0)?))),
    full("st_framerename", 2, 2, |m, a| frames(m, &format!("frame rename {} {}", a.text(0)?, a.text(1)?))),
    full("st_framecopy", 2, 2, |m, a| {
        frames(m, &format!("frame copy {} {}, replace", a.text(1)?, a.text(0)?))
    }),
    full("st_framereset", 0, 0, |m, _| frames(m, "frame reset")),
    full("st_frameexists", 1, 1, |m, a| {
        let name = a.text(0)?;
        let frames = &m.session.frames;
        Ok(Some(Value::truth(frames.current == name.as_ref() || frames.others.contains_key(name.as_ref()))))
    }),
    full("st_framedir", 0, 0, |m, _| {
        let frames = &m.session.frames;
        let mut names: Vec<Text> = frames.others.keys().map(|n| n.as_str().into()).collect();
        names.push(frames.current.as_str().into());
        names.sort();
        Ok(Some(Value::Text(Grid::column(names))))
    }),
    full("st_dir", 3, 4, directory),
];

/// `class(name)`: the class and the name.
fn classed(name: &str) -> Option<(&str, &str)> {
    let (class, rest) = name.trim().split_once('(')?;
    Some((class.trim(), rest.strip_suffix(')')?.trim()))
}

/// The results of a class.
fn results<'s>(s: &'s mut Session, class: &str) -> Option<&'s mut Results> {
    match class {
        "r" => Some(&mut s.r),
        "e" => Some(&mut s.e.results),
        "s" => Some(&mut s.s),
        "return" => Some(&mut s.scope().returned),
        _ => None,
    }
}

fn checked(name: &str) -> Run<String> {
    if is_valid_name(name) { Ok(name.to_string()) } else { Err(Fault::code(3300)) }
}

fn frames(m: &mut Machine<'_>, command: &str) -> Run<Option<Value>> {
    crate::ops::run::quietly(m.session, command)?;
    Ok(None)
}

/// `st_global(name [, text])`: a global macro, a result, or a characteristic.
fn global(m: &mut Machine<'_>, a: &mut Args) -> Run<Option<Value>> {
    let name = a.text(0)?.to_string();
    let text = if a.len() > 1 { Some(a.text(1)?.to_string()) } else { None };
    let s = &mut *m.session;
    if let Some((class, inner)) = classed(&name) {
        if class == "c" {
            return match (s.c_value(inner)?, text) {
                (Element::Str(t), None) => Ok(Some(Value::text(t))),
                (Element::Num(_), None) => Ok(Some(Value::text(""))),
                (_, Some(_)) => Err(Fault::code(3300)),
            };
        }
        let results = results(s, class).ok_or_else(|| Fault::code(3300))?;
        return Ok(match text {
            None => Some(Value::text(results.get_text(inner).unwrap_or(""))),
            Some(text) if text.is_empty() => {
                results.macros.remove(inner);
                None
            }
            Some(text) => {
                results.text(inner, text);
                None
            }
        });
    }
    if let Some((owner, inner)) = name.split_once('[').and_then(|(o, i)| Some((o, i.strip_suffix(']')?))) {
        let key = (owner.trim().to_string(), inner.trim().to_string());
        return Ok(match text {
            None => Some(Value::text(s.frame.char(&key.0, &key.1))),
            Some(text) if text.is_empty() => {
                s.frame.chars.remove(&key);
                None
            }
            Some(text) => {
                s.frame.chars.insert(key, text);
                None
            }
        });
    }
    match text {
        None => Ok(Some(Value::text(s.global(&name)))),
        Some(text) => {
            s.set_global(&name, text);
            Ok(None)
        }
    }
}

/// `st_numscalar(name [, x])`: a scalar or a result; a void matrix drops it.
fn number(m: &mut Machine<'_>, a: &mut Args) -> Run<Option<Value>> {
    let name = a.text(0)?.to_string();
    let s = &mut *m.session;
    if a.len() == 1 {
        let found = match classed(&name) {
            Some(("c", inner)) => s.c_value(inner)?.as_num(),
            Some((class, inner)) => results(s, class).and_then(|r| r.get_scalar(inner)),
            None => s.scalars.get(&name).and_then(Element::as_num),
        };
        return Ok(Some(found.map_or_else(Value::empty, Value::Num)));
    }
    let value = if a.value(1).shape() == (0, 0) { None } else { Some(a.num(1)?) };
    if let Some((class, inner)) = classed(&name) {
        let results = results(s, class).ok_or_else(|| Fault::code(3300))?;
        match value {
            Some(x) => {
                results.scalar(inner, x);
            }
            None => {
                results.scalars.remove(inner);
            }
        }
        return Ok(None);
    }
    match value {
        Some(x) => {
            s.scalars.insert(checked(&name)?, Element::Num(x));
        }
        None => {
            s.scalars.remove(&name);
        }
    }
    Ok(None)
}

fn found(s: &Session, name: &str) -> Run<Arc<Matrix>> {
    s.matrix(name).ok_or_else(|| Fault::with(3499, format!("matrix {name} not found")))
}

/// Sets or drops a matrix, also one of the results.
fn put_matrix(s: &mut Session, name: &str, matrix: Option<Matrix>) -> Run<()> {
    if let Some((class, inner)) = classed(name) {
        let results = results(s, class).ok_or_else(|| Fault::code(3300))?;
        match matrix {
            Some(m) => {
                results.matrix(inner, m);
            }
            None => {
                results.matrices.remove(inner);
            }
        }
        return Ok(());
    }
    match matrix {
        Some(m) => {
            s.matrices.insert(checked(name)?, Arc::new(m));
        }
        None => {
            s.matrices.remove(name);
        }
    }
    Ok(())
}

/// `st_matrix(name [, X])`: a matrix of the do-file language; without one of that name 0 × 0.
fn matrix(m: &mut Machine<'_>, a: &mut Args) -> Run<Option<Value>> {
    let name = a.text(0)?;
    if a.len() == 1 {
        return Ok(Some(match m.session.matrix(&name) {
            Some(x) => Value::real(Grid::new(x.rows(), x.cols(), x.values().to_vec())),
            None => Value::empty(),
        }));
    }
    let x = a.real(1)?;
    let matrix = (!x.is_empty()).then(|| Matrix::new(x.rows(), x.cols(), x.data().to_vec()));
    put_matrix(m.session, &name, matrix)?;
    Ok(None)
}

/// `st_matrixcolstripe(name [, S])`: equations and names in two columns.
fn stripes(m: &mut Machine<'_>, a: &mut Args, rows: bool) -> Run<Option<Value>> {
    let name = a.text(0)?;
    let mut matrix = match m.session.matrix(&name) {
        Some(matrix) => (*matrix).clone(),
        None if a.len() == 1 => return Ok(Some(Value::Text(Grid::new(0, 2, Vec::new())))),
        None => return Err(Fault::with(3499, format!("matrix {name} not found"))),
    };
    let names = if rows { &mut matrix.row_names } else { &mut matrix.col_names };
    if a.len() == 1 {
        let cells: Vec<Text> =
            names.iter().flat_map(|s| [s.eq.as_str().into(), s.name.as_str().into()]).collect();
        return Ok(Some(Value::Text(Grid::new(cells.len() / 2, 2, cells))));
    }
    let given = a.texts(1)?;
    if given.cols() != 2 || given.rows() != names.len() {
        return Err(Fault::code(3200));
    }
    let equation = |eq: &Text| if eq.as_ref() == "_" { String::new() } else { eq.to_string() };
    *names = (0..given.rows())
        .map(|i| Stripe::with_eq(equation(given.get(i, 0)), given.get(i, 1).to_string()))
        .collect();
    put_matrix(m.session, &name, Some(matrix))?;
    Ok(None)
}

/// Runs a command; with a second argument that is not zero without output, with a third one without macros.
fn command(m: &mut Machine<'_>, a: &Args) -> Run<()> {
    m.check_stack()?;
    let text = a.text(0)?.to_string();
    let (quiet, literal) = (a.num_or(1, 0.0)? != 0.0, a.num_or(2, 0.0)? != 0.0);
    let text = if literal { text } else { m.session.substituted(&text)? };
    let depth = m.session.scopes.len();
    m.session.out.quiet += usize::from(quiet);
    let result = m.session.run_expanded(&text);
    m.session.out.quiet = m.session.out.quiet.saturating_sub(usize::from(quiet));
    while m.session.scopes.len() > depth {
        m.session.leave_scope();
    }
    match result {
        Ok(_) => Ok(()),
        Err(error) if error.code == 1 => Err(Fault::exit(1, error.message)),
        Err(error) => {
            if !quiet && !error.message.is_empty() {
                m.session.out.end_line();
                m.session.out.line(&error.message);
            }
            Err(Fault::with(error.code, error.message))
        }
    }
}

/// `st_dir(category, subcategory, pattern)`: names of macros, scalars and matrices.
fn directory(m: &mut Machine<'_>, a: &mut Args) -> Run<Option<Value>> {
    let (category, kind, pattern) = (a.text(0)?, a.text(1)?, a.text(2)?);
    let s = &mut *m.session;
    let names: Vec<String> = match (category.as_ref(), kind.as_ref()) {
        ("local", "macro") => s.scope().locals.keys().cloned().collect(),
        ("global", "macro") => s.globals.keys().cloned().collect(),
        ("global", "numscalar") => {
            s.scalars.iter().filter(|(_, v)| !v.is_str()).map(|(n, _)| n.clone()).collect()
        }
        ("global", "strscalar") => {
            s.scalars.iter().filter(|(_, v)| v.is_str()).map(|(n, _)| n.clone()).collect()
        }
        ("global", "matrix") => s.matrices.keys().cloned().collect(),
        (class, kind) => {
            let class = class.trim_end_matches("()");
            let results = results(s, class).ok_or_else(|| Fault::code(3300))?;
            match kind {
                "macro" => results.macros.iter().map(|(n, _)| n.to_string()).collect(),
                "numscalar" => results.scalars.iter().map(|(n, _)| n.to_string()).collect(),
                "matrix" => results.matrices.iter().map(|(n, _)| n.to_string()).collect(),
                _ => return Err(Fault::code(3300)),
            }
        }
    };
    let mut hits: Vec<Text> = names
        .iter()
        .filter(|n| crate::syntax::varlist::wildcard(&pattern, n))
        .map(|n| n.as_str().into())
        .collect();
    hits.sort();
    Ok(Some(Value::Text(Grid::column(hits))))
}
