//! Advanced parsing of texts ([M-5] tokenget()): an object with a text, white space, separators and quotes.

use super::{Builtin, MANY, Run, full};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::objects::{Object, Tokenizer};
use crate::mata::value::{Text, Value};

pub(super) const TABLE: &[Builtin] = &[
    full("tokeninit", 0, 5, |_, a| {
        let list = |k: usize, default: &[&str]| -> Run<Vec<String>> {
            if k >= a.len() {
                return Ok(default.iter().map(|s| (*s).to_string()).collect());
            }
            Ok(a.texts(k)?.data().iter().filter(|t| !t.is_empty()).map(|t| t.to_string()).collect())
        };
        let tokenizer = Tokenizer {
            text: String::new(),
            at: 0,
            white: list(0, &[" "])?.concat(),
            separators: list(1, &[])?,
            quotes: list(2, &["\"\"", "`\"\"'"])?,
        };
        Ok(Some(Value::object(Object::Tokenizer(tokenizer))))
    }),
    full("tokeninitstata", 0, 0, |_, _| {
        let separators = [
            "\\", "~", "!", "=", ":", ";", ",", "?", "@", "#", "==", "!=", ">=", "<=", "<", ">", "&", "|",
            "&&", "||", "+", "-", "++", "--", "*", "/", "^", "(", ")", "[", "]", "{", "}",
        ];
        let tokenizer = Tokenizer {
            text: String::new(),
            at: 0,
            white: " ".into(),
            separators: separators.iter().map(|s| (*s).to_string()).collect(),
            quotes: vec!["\"\"".into(), "`\"\"'".into()],
        };
        Ok(Some(Value::object(Object::Tokenizer(tokenizer))))
    }),
    full("tokenset", 2, 2, |_, a| {
        let text = a.text(1)?.to_string();
        change(a, |t| {
            t.text = text;
            t.at = 0;
        })
        .map(|()| None)
    }),
    full("tokenget", 1, 1, |_, a| {
        let mut found = String::new();
        change(a, |t| found = t.next())?;
        Ok(Some(Value::text(found)))
    }),
    full("tokenpeek", 1, 1, |_, a| {
        let mut copy = read(a)?;
        Ok(Some(Value::text(copy.next())))
    }),
    full("tokengetall", 1, 1, |_, a| {
        let mut copy = read(a)?;
        let mut out: Vec<Text> = Vec::new();
        loop {
            let token = copy.next();
            if token.is_empty() || out.len() >= MANY * 256 {
                return Ok(Some(Value::Text(Grid::row(out))));
            }
            out.push(token.into());
        }
    }),
    full("tokenrest", 1, 1, |_, a| {
        let t = read(a)?;
        Ok(Some(Value::text(&t.text[t.at..])))
    }),
    full("tokenoffset", 1, 1, |_, a| Ok(Some(Value::count(read(a)?.at + 1)))),
];

fn read(a: &Args) -> Run<Tokenizer> {
    match a.value(0) {
        Value::Object(o) => match o.as_ref() {
            Object::Tokenizer(t) => Ok(t.clone()),
            _ => Err(Fault::code(3250)),
        },
        _ => Err(Fault::code(3250)),
    }
}

fn change(a: &Args, f: impl FnOnce(&mut Tokenizer)) -> Run<()> {
    let mut tokenizer = read(a)?;
    f(&mut tokenizer);
    a.set(0, Value::object(Object::Tokenizer(tokenizer)));
    Ok(())
}
