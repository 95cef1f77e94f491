//! `return`, `ereturn`, `sreturn`: storing and listing results.

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::estimation::ml_command::{self, Look};
use crate::format::{self, macro_text};
use crate::matrix::Matrix;
use crate::results::{Estimation, PostedByDoFile, Results};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{OptSpec, split_options};
use crate::syntax::split::{front_and_options, unquote};
use crate::value::Value;
use std::sync::Arc;

pub(super) const RETURN: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "program define t, rclass\nreturn scalar a = 3\nreturn local b \"x y\"\nmatrix M = (1,2)\nreturn matrix m = M\nend\nt",
        expect: &[("r(a)", 3.0), ("wordcount(r(b))", 2.0)],
    }],
    ..CommandSpec::raw("return", 3, run_return, "return {scalar|local|matrix|add|clear|list} ...")
};
pub(super) const ERETURN: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "matrix b = (2, 3)\nmatrix colnames b = x _cons\nmatrix V = (4, 0 \\ 0, 9)\nmatrix colnames V = x _cons\nmatrix rownames V = x _cons\nereturn post b V\nereturn local cmd \"mine\"\nereturn display, level(90)\nmatrix t = r(table)",
        expect: &[("_b[x]", 2.0), ("_se[_cons]", 3.0), ("t[3,1]", 1.0), ("r(level)", 90.0)],
    }],
    ..CommandSpec::raw(
        "ereturn",
        3,
        run_ereturn,
        "ereturn {post|scalar|local|matrix|clear|list|display [, level(#) eform(text)]} ...",
    )
};
pub(super) const SRETURN: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "program define t, sclass\nsreturn local a \"x y\"\nend\nt\nscalar n = wordcount(\"`s(a)'\")",
        expect: &[("n", 2.0)],
    }],
    ..CommandSpec::raw("sreturn", 4, run_sreturn, "sreturn {local|clear|list} ...")
};

/// Sets one scalar, local or matrix from `class name = …`.
fn store(
    s: &mut Session,
    class: &str,
    rest: &str,
    target: impl FnOnce(&mut Session) -> &mut Results,
) -> Result<()> {
    let rest = rest.trim();
    let end = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
    let (name, tail) = (rest[..end].to_string(), rest[end..].trim());
    if name.is_empty() {
        return Err(StataError::syntax());
    }
    match class {
        "scalar" => {
            let exp = tail.strip_prefix('=').unwrap_or(tail);
            let x = s.eval_num(exp.trim())?;
            target(s).scalar(&name, x);
        }
        "local" => {
            let text = if let Some(exp) = tail.strip_prefix('=') {
                match s.eval(exp.trim())? {
                    Value::Num(x) => macro_text(x),
                    Value::Str(t) => t,
                }
            } else if let Some(f) = tail.strip_prefix(':') {
                s.extended_function(f.trim())?
            } else {
                unquote(tail).to_string()
            };
            if text.is_empty() {
                target(s).macros.remove(&name);
            } else {
                target(s).text(&name, text);
            }
        }
        "matrix" => {
            let exp = tail.strip_prefix('=').unwrap_or(tail).trim();
            let (exp, options) = front_and_options(exp);
            let m: Matrix = super::matrix::evaluate(s, if exp.is_empty() { &name } else { exp })?;
            target(s).matrix(&name, m);
            if options != "copy" && s.matrices.contains_key(exp) {
                s.matrices.remove(exp);
            }
        }
        _ => return Err(StataError::syntax()),
    }
    Ok(())
}

fn class_of(word: &str) -> &str {
    match word {
        w if w.len() >= 3 && "scalar".starts_with(w) => "scalar",
        w if w.len() >= 3 && "local".starts_with(w) => "local",
        w if w.len() >= 3 && "matrix".starts_with(w) => "matrix",
        w => w,
    }
}

fn run_return(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (word, rest) = cmd.raw.split_once(char::is_whitespace).unwrap_or((cmd.raw.as_str(), ""));
    let top = s.scopes.len() == 1;
    fn slot(s: &mut Session, top: bool) -> &mut Results {
        if top { &mut s.r } else { &mut s.scope().returned }
    }
    match class_of(word) {
        "clear" => slot(s, top).clear(),
        "add" => {
            let old = s.r.clone();
            let now = slot(s, top);
            for (n, x) in old
                .scalars
                .iter()
                .filter(|(n, _)| now.scalars.get(n).is_none())
                .map(|(n, x)| (n.to_string(), *x))
                .collect::<Vec<_>>()
            {
                now.scalar(&n, x);
            }
            for (n, x) in old.macros.iter().map(|(n, x)| (n.to_string(), x.clone())).collect::<Vec<_>>() {
                if now.macros.get(&n).is_none() {
                    now.text(&n, x);
                }
            }
            for (n, m) in old.matrices.iter().map(|(n, m)| (n.to_string(), m.clone())).collect::<Vec<_>>() {
                if now.matrices.get(&n).is_none() {
                    now.matrix(&n, m);
                }
            }
        }
        "list" => {
            let r = s.r.clone();
            list(s, "r", &r, false);
        }
        "li" | "l" => {
            let r = s.r.clone();
            list(s, "r", &r, false);
        }
        class => store(s, class, rest, |s| slot(s, top))?,
    }
    Ok(())
}

/// The listing of `return list` and `ereturn list`.
fn list(s: &mut Session, class: &str, r: &Results, sample: bool) {
    if !r.scalars.is_empty() {
        s.print("");
        s.print("scalars:");
        for (n, x) in r.scalars.iter() {
            let name = format!("{class}({n})");
            s.print(format!("{name:>22} =  {}", format::bare("%18.0g", *x)));
        }
    }
    if !r.macros.is_empty() {
        s.print("");
        s.print("macros:");
        for (n, t) in r.macros.iter() {
            let name = format!("{class}({n})");
            s.print(format!("{name:>22} : \"{t}\""));
        }
    }
    if !r.matrices.is_empty() {
        s.print("");
        s.print("matrices:");
        for (n, m) in r.matrices.iter() {
            let name = format!("{class}({n})");
            s.print(format!("{name:>22} :  {} x {}", m.rows(), m.cols()));
        }
    }
    if sample {
        s.print("");
        s.print("functions:");
        s.print(format!("{:>22}   ", format!("{class}(sample)")));
    }
}

fn run_ereturn(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (word, rest) = cmd.raw.split_once(char::is_whitespace).unwrap_or((cmd.raw.as_str(), ""));
    match class_of(word) {
        _ if displays(word) => return display(s, &cmd.raw),
        "clear" => s.e = Estimation::default(),
        "list" | "li" | "l" => {
            let (r, sample) = (s.e.results.clone(), s.e.sample.is_some());
            list(s, "e", &r, sample);
        }
        "post" | "repost" => post(s, word == "repost", rest)?,
        class => store(s, class, rest, |s| &mut s.e.results)?,
    }
    Ok(())
}

/// Whether a word is `display` or an abbreviation of it, with a comma or not.
fn displays(word: &str) -> bool {
    let word = word.split(',').next().unwrap_or("");
    word.len() >= 2 && "display".starts_with(word)
}

/// `ereturn display [, level(#) eform(text)]`: the coefficient table of the active estimates ([P] ereturn).
fn display(s: &mut Session, raw: &str) -> Result<()> {
    let end = raw.find(|c: char| !c.is_alphanumeric()).unwrap_or(raw.len());
    let mut cmd = ParsedCommand::split("ereturn display", &raw[end..], false)?;
    let options = [
        OptSpec::real("Level"),
        OptSpec::text("EForm"),
        OptSpec::flag("noOMITted"),
        OptSpec::flag("VSQUISH"),
    ];
    cmd.check_options(&options, &["First", "NEQ", "PLus", "DIparm", "noCNSReport", "COEFLegend"])?;
    let several = s.e.b().is_some_and(|b| b.col_names.iter().any(|name| name.eq != b.col_names[0].eq));
    let eform = cmd.options.text("eform").map(str::to_string);
    let look = Look { eform: eform.as_deref(), equations: several, ..Look::default() };
    ml_command::table(s, &cmd, &look)
}

/// `ereturn post b [V [Cns]] [, esample(var) depname(name) obs(#) dof(#) properties()]`.
fn post(s: &mut Session, again: bool, rest: &str) -> Result<()> {
    let (names, options) = front_and_options(rest);
    let mut est = match again {
        true => std::mem::take(&mut s.e),
        false => Estimation { extra: Some(Arc::new(PostedByDoFile)), ..Estimation::default() },
    };
    let names: Vec<String> = names.replace('=', " = ").split_whitespace().map(String::from).collect();
    let pairs: Vec<(String, String)> = if names.iter().any(|n| n == "=") {
        names.chunks(3).filter(|c| c.len() == 3).map(|c| (c[0].clone(), c[2].clone())).collect()
    } else {
        ["b", "V", "Cns"].iter().zip(&names).map(|(a, b)| (a.to_string(), b.clone())).collect()
    };
    for (slot, name) in &pairs {
        let m = s.matrix(name).ok_or_else(|| StataError::not_found(name))?;
        est.results.matrix(slot, (*m).clone());
    }
    if let (Some(b), Some(v)) = (est.b(), est.v())
        && (v.rows() != b.cols() || v.cols() != b.cols())
    {
        return Err(StataError::standard(503));
    }
    let mut touse = vec![false; s.frame.n_rows()];
    let mut sample = None;
    for (option, arg) in split_options(options)? {
        match (option.as_str(), arg) {
            (o, Some(v)) if !o.is_empty() && "esample".starts_with(o) => {
                let i = s.numeric_variable(&v)?;
                touse = s.frame.numeric(i)?.iter().map(|&x| x != 0.0).collect();
                sample = Some(i);
            }
            (o, Some(v)) if !o.is_empty() && "depname".starts_with(o) => {
                est.results.text("depvar", unquote(&v));
            }
            (o, Some(v)) if !o.is_empty() && "obs".starts_with(o) => {
                let n = s.eval_num(&v)?;
                est.results.scalar("N", n);
            }
            (o, Some(v)) if o.len() >= 2 && "dof".starts_with(o) => {
                let n = s.eval_num(&v)?;
                est.results.scalar("df_r", n);
            }
            (o, Some(v)) if o.len() >= 4 && "properties".starts_with(o) => {
                est.results.text("properties", v);
            }
            ("noclear" | "findomitted" | "buildfvinfo", None) => {}
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    if est.results.get_text("properties").is_none() {
        let both = if est.v().is_some() { "b V" } else { "b" };
        est.results.text("properties", both);
    }
    if again && sample.is_none() {
        s.e = est;
    } else {
        s.post_estimation(est, touse);
    }
    if let Some(i) = sample {
        // the variable becomes e(sample) and leaves the data
        s.frame.drop_vars(&[i]);
    }
    for (_, name) in pairs {
        s.matrices.remove(&name);
    }
    Ok(())
}

fn run_sreturn(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (word, rest) = cmd.raw.split_once(char::is_whitespace).unwrap_or((cmd.raw.as_str(), ""));
    match class_of(word) {
        "clear" => s.s.clear(),
        "list" | "li" => {
            let r = s.s.clone();
            list(s, "s", &r, false);
        }
        "local" => store(s, "local", rest, |s| &mut s.s)?,
        _ => return Err(StataError::syntax()),
    }
    Ok(())
}
