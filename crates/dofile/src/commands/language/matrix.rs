//! `matrix`: definition by expressions, names, listing, subscripted
//! assignment and the forms that are not expressions (`accum`, `svd`, …).

mod algebra;
mod forms;

use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter};
use crate::error::{Result, StataError};
use crate::estimation::constraints;
use crate::format;
use crate::matrix::Stripe;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::{matching_paren, unquote, words};
use std::sync::Arc;

pub(crate) use algebra::evaluate;

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "matrix",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "matrix [define] A = matrix_expression; matrix {rownames|colnames|roweq|coleq} A = names; matrix {list|dir|drop|rename} A; matrix accum|vecaccum|glsaccum|svd|symeigen|eigenvalues|score|input ...; matrix dispCns [, r]; matrix makeCns ...",
    notes: "operators + - * / ' # , \\ and scalar multiples; functions inv, invsym, syminv, cholesky, I, J, diag, vecdiag, hadamard, vec, corr, trace, det, rowsof, colsof, nullmat, el; accum stores r(N)",
    examples: &[
        Example {
            run: "matrix A = (1, 2 \\ 3, 4)\nmatrix B = A * A'\nmatrix C = invsym(B)\nmatrix D = inv(A)\nmatrix colnames A = x y\nmatrix E = A[1..., \"y\"]",
            expect: &[
                ("B[1,2]", 11.0),
                ("D[1,1]", -2.0),
                ("C[1,1]", 6.25),
                ("E[2,1]", 4.0),
                ("colnumb(A, \"y\")", 2.0),
                ("det(A)", -2.0),
            ],
        },
        Example {
            run: "set obs 3\ngenerate double x = _n\nmatrix accum XX = x\nmatrix Z = J(2,2,1) + I(2)\nmatrix Z[1,2] = 7",
            expect: &[("XX[1,1]", 14.0), ("XX[1,2]", 6.0), ("r(N)", 3.0), ("Z[1,1]", 2.0), ("Z[1,2]", 7.0)],
        },
    ],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.raw.trim();
    let word_end = text.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(text.len());
    let word = &text[..word_end];
    let rest = text[word_end..].trim();
    let is = |full: &str, min: usize| word.len() >= min && full.starts_with(word);
    if is("define", 3) && !rest.starts_with('=') {
        return define(s, rest);
    }
    if is("input", 3) && !rest.starts_with('=') {
        return define(s, rest);
    }
    if rest.starts_with('=') || rest.starts_with('[') {
        return define(s, text);
    }
    match word {
        "list" | "lis" | "li" | "l" => list(s, rest),
        "dir" => {
            let lines: Vec<String> =
                s.matrices.iter().map(|(n, m)| format!("{n:>12}[{},{}]", m.rows(), m.cols())).collect();
            lines.into_iter().for_each(|l| s.print(l));
            Ok(())
        }
        "drop" => {
            for n in rest.split_whitespace() {
                if n == "_all" {
                    s.matrices.clear();
                } else if s.matrices.remove(n).is_none() {
                    return Err(StataError::new(111, format!("matrix {n} not found")));
                }
            }
            Ok(())
        }
        "rename" | "ren" => {
            let names = words(rest);
            let [a, b] = names[..] else { return Err(StataError::syntax()) };
            let m =
                s.matrices.remove(a).ok_or_else(|| StataError::new(111, format!("matrix {a} not found")))?;
            s.matrices.insert(b.to_string(), m);
            Ok(())
        }
        "rownames" | "rown" | "rowname" => names(s, rest, true, false),
        "colnames" | "coln" | "colname" => names(s, rest, false, false),
        "roweq" | "rowe" => names(s, rest, true, true),
        "coleq" | "cole" => names(s, rest, false, true),
        "accum" | "acc" | "ac" | "vecaccum" | "veca" => forms::accum(s, word.starts_with('v'), rest),
        "svd" => forms::svd(s, rest),
        "symeigen" => forms::symeigen(s, rest),
        "score" => forms::score(s, rest),
        "makeCns" => s.run_expanded(&format!("makecns {rest}")).map(|_| ()),
        "dispCns" => constraints_shown(s, rest),
        _ => Err(StataError::unsupported_command(&format!("matrix {word}"))),
    }
}

/// `matrix dispCns [, r]`: the constraints of the active results, printed or stored in `r(cns1)` and so on.
fn constraints_shown(s: &mut Session, rest: &str) -> Result<()> {
    let options = [crate::syntax::OptSpec::flag("r")];
    let options = crate::syntax::options::Options::parse(
        "matrix dispCns",
        rest.trim_start_matches(','),
        &options,
        &[],
    )?;
    if !options.has("r") {
        constraints::show(s);
        return Ok(());
    }
    let mut r = Results::default();
    let texts = constraints::texts(s);
    r.scalar("k", texts.len() as f64);
    texts.iter().enumerate().for_each(|(i, text)| {
        r.text(&format!("cns{}", i + 1), text);
    });
    s.r = r;
    Ok(())
}

/// `A = exp` and `A[i,j] = exp`.
fn define(s: &mut Session, text: &str) -> Result<()> {
    let end = text.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(text.len());
    let (name, rest) = (&text[..end], text[end..].trim_start());
    if name.is_empty() {
        return Err(StataError::syntax());
    }
    if rest.starts_with('[') {
        let close = matching_paren(rest, 0).ok_or_else(StataError::syntax)?;
        let exp = rest[close + 1..].trim().strip_prefix('=').ok_or_else(StataError::syntax)?;
        let value = evaluate(s, exp)?;
        let old = s.matrices.get(name).cloned().ok_or_else(|| StataError::not_found(name))?;
        let mut m = (*old).clone();
        let (i, j) = forms::corner(s, &m, &rest[1..close])?;
        if i + value.rows() > m.rows() || j + value.cols() > m.cols() {
            return Err(StataError::standard(503));
        }
        for a in 0..value.rows() {
            for b in 0..value.cols() {
                m.set(i + a, j + b, value.get(a, b));
            }
        }
        s.matrices.insert(name.to_string(), Arc::new(m));
        return Ok(());
    }
    let exp = rest.strip_prefix('=').ok_or_else(StataError::syntax)?;
    let value = evaluate(s, exp)?;
    s.matrices.insert(name.to_string(), Arc::new(value));
    Ok(())
}

/// `A = name name …` of `matrix colnames` and so on.
fn names(s: &mut Session, rest: &str, rows: bool, equations: bool) -> Result<()> {
    let (name, list) = rest.split_once('=').ok_or_else(StataError::syntax)?;
    let name = name.trim();
    let list: Vec<String> = words(list).into_iter().map(|w| unquote(w).to_string()).collect();
    let old = s
        .matrices
        .get(name)
        .cloned()
        .ok_or_else(|| StataError::new(111, format!("matrix {name} not found")))?;
    let mut m = (*old).clone();
    let stripes: &mut Vec<Stripe> = if rows { &mut m.row_names } else { &mut m.col_names };
    if list.is_empty() || (list.len() > stripes.len()) {
        return Err(StataError::standard(503));
    }
    for (k, stripe) in stripes.iter_mut().enumerate() {
        let text = &list[k.min(list.len() - 1)];
        if equations {
            stripe.eq = if text == "_" || text == ":" {
                String::new()
            } else {
                text.trim_end_matches(':').to_string()
            };
        } else if text.contains(':') {
            *stripe = Stripe::parse(text);
        } else {
            stripe.name.clone_from(text);
        }
    }
    s.matrices.insert(name.to_string(), Arc::new(m));
    Ok(())
}

/// `matrix list A [, format(%fmt) title() noheader nonames nohalf noblank]`.
fn list(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("matrix list", rest, false)?;
    cmd.check_options(
        &[
            crate::syntax::OptSpec::text("Format"),
            crate::syntax::OptSpec::text("Title"),
            crate::syntax::OptSpec::flag("noHeader"),
            crate::syntax::OptSpec::flag("noNames"),
            crate::syntax::OptSpec::flag("noHAlf"),
            crate::syntax::OptSpec::flag("noBlank"),
        ],
        &["noDOtz"],
    )?;
    let name = cmd.list.trim();
    let m = s.matrix(name).ok_or_else(|| StataError::new(111, format!("matrix {name} not found")))?;
    let fmt = cmd.options.text("format").unwrap_or("%10.0g").to_string();
    let half = m.is_symmetric() && m.rows() > 1 && m.row_names == m.col_names && !cmd.has("nohalf");
    if !cmd.has("noblank") {
        s.print("");
    }
    if !cmd.has("noheader") {
        let kind = if half { "symmetric " } else { "" };
        let title = cmd.options.text("title").map(|t| format!(":  {t}")).unwrap_or_default();
        s.print(format!("{kind}{name}[{},{}]{title}", m.rows(), m.cols()));
    }
    let show =
        |i: usize, j: usize| if half && j > i { String::new() } else { format::bare(&fmt, m.get(i, j)) };
    let row_names: Vec<String> = m.row_names.iter().map(|r| r.full()).collect();
    let left = row_names.iter().map(|n| n.chars().count()).max().unwrap_or(0);
    // all columns are as wide as the widest; a long name widens its own alone
    let own: Vec<usize> = (0..m.cols())
        .map(|j| {
            let cells = (0..m.rows()).map(|i| show(i, j).chars().count()).max().unwrap_or(0);
            let names = m.col_names[j].name.chars().count().max(m.col_names[j].eq.chars().count() + 1);
            cells.max(names).max(2) + 2
        })
        .collect();
    let common = own.iter().copied().filter(|w| *w <= 14).max().unwrap_or(0);
    let widths: Vec<usize> = own.iter().map(|w| common.max(*w)).collect();
    let has_eq = m.col_names.iter().any(|c| !c.eq.is_empty());
    let mut start = 0;
    while start < m.cols() {
        let mut end = start;
        let mut used = left;
        while end < m.cols() && (end == start || used + widths[end] <= s.settings.linesize) {
            used += widths[end];
            end += 1;
        }
        if has_eq {
            let line: String =
                (start..end).map(|j| format::right(&format!("{}:", m.col_names[j].eq), widths[j])).collect();
            s.print(format!("{}{line}", " ".repeat(left)));
        }
        if !cmd.has("nonames") {
            let line: String = (start..end).map(|j| format::right(&m.col_names[j].name, widths[j])).collect();
            s.print(format!("{}{line}", " ".repeat(left)));
        }
        for (i, name) in row_names.iter().enumerate() {
            let line: String = (start..end).map(|j| format::right(&show(i, j), widths[j])).collect();
            s.print(format!("{}{}", format::right(name, left), line.trim_end()));
        }
        if end < m.cols() {
            s.print("");
        }
        start = end;
    }
    Ok(())
}
