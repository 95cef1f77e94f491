//! `frame`: several data sets in memory, one of them current.

use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter};
use crate::error::{Result, StataError};
use crate::frame::{Frame, StorageType, Variable, is_valid_name};
use crate::ops::posted;
use crate::session::{Frames, Session};
use crate::syntax::ParsedCommand;
use crate::syntax::split::{self, front_and_options};
use crate::syntax::varlist::{new_names, typed_words};
use crate::value::Value;

const SYNTAX: &str = "frame create name [newvarlist] | frame change name | frame name: command | frame name { commands } | frame copy from to [, replace] | frame put varlist [if] [in], into(name) | frame post name (exp) (exp) ... | frame drop name | frame rename old new | frame pwf | frames dir | frames reset";

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "frame",
    min: 5,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: SYNTAX,
    notes: "frame post evaluates its expressions in the current frame; [D] frames",
    examples: &[
        Example {
            run: "set obs 4\ngenerate x = _n\nframe create other\nframe other: set obs 2\nframe other: generate y = 7\nscalar n = _N\nframe put x if x > 2, into(big)\nframe big: summarize x\nscalar m = r(min)\nframe change other\nscalar k = y[2]\nscalar c = \"`c(frame)'\" == \"other\"\nframe change default\nframe drop other",
            expect: &[("n", 4.0), ("m", 3.0), ("k", 7.0), ("_N", 4.0), ("c", 1.0)],
        },
        Example {
            // a block runs in the other frame, whatever happens in it
            run: "set obs 2\nframe create b\nlocal k 3\nquietly frame b {\nset obs `k'\ngenerate y = _n^2\nsummarize y\n}\ncapture noisily frame b {\nerror 459\n}\nscalar c = _rc\nscalar n = _N",
            expect: &[("r(max)", 9.0), ("n", 2.0), ("c", 459.0)],
        },
        Example {
            run: "frame create sims str8 name double mean\nforvalues i = 1/3 {\nframe post sims (\"run\" + string(`i')) (`i'^2)\n}\nframe change sims\nscalar last = name[3] == \"run3\"",
            expect: &[("_N", 3.0), ("mean[3]", 9.0), ("last", 1.0)],
        },
    ],
};
pub(super) const SPEC_FRAMES: CommandSpec = CommandSpec {
    name: "frames",
    min: 6,
    examples: &[Example {
        run: "set obs 2\nframe create b\nframe b: set obs 5\nscalar a = _N\nframe change b\nscalar b = _N\nframes reset\nscalar c = _N",
        expect: &[("a", 2.0), ("b", 5.0), ("c", 0.0)],
    }],
    ..SPEC
};

/// `frames dir`: names and sizes; stores r(frames).
fn dir(s: &mut Session) -> Result<()> {
    let here = s.frames.current.clone();
    let mut lines = vec![(here, s.frame.n_rows(), s.frame.n_vars())];
    lines.extend(s.frames.others.iter().map(|(n, f)| (n.clone(), f.n_rows(), f.n_vars())));
    lines.sort();
    for (name, n, k) in &lines {
        s.print(format!("  {name:<12} {n} x {k}"));
    }
    let names: Vec<String> = lines.into_iter().map(|line| line.0).collect();
    s.r.clear();
    s.r.text("frames", names.join(" "));
    Ok(())
}

fn new_name(s: &mut Session, name: &str) -> Result<()> {
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    if s.frames.current == name || s.frames.others.contains_key(name) {
        return Err(StataError::new(110, format!("frame {name} already exists")));
    }
    Ok(())
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    if let Some(i) = split::top_level_colon(raw)
        && is_valid_name(raw[..i].trim())
    {
        return inside(s, raw[..i].trim(), raw[i + 1..].trim());
    }
    let (main, options) = front_and_options(raw);
    let words: Vec<&str> = main.split_whitespace().collect();
    match words[..] {
        ["create" | "cr", name, ref vars @ ..] => create(s, name, vars),
        ["change" | "cha", name] => s.change_frame(name),
        ["pwf"] | [] => {
            let line = format!("  (current frame is {})", s.frames.current);
            s.print(line);
            s.r.clear();
            let current = s.frames.current.clone();
            s.r.text("currentframe", current);
            Ok(())
        }
        ["dir"] => dir(s),
        ["copy", from, to] => {
            let source = if s.frames.current == from {
                s.frame.clone()
            } else {
                s.frames
                    .others
                    .get(from)
                    .cloned()
                    .ok_or_else(|| StataError::new(111, format!("frame {from} not found")))?
            };
            if options == "replace" && s.frames.current != to {
                s.frames.others.remove(to);
            }
            new_name(s, to)?;
            s.frames.others.insert(to.to_string(), source);
            Ok(())
        }
        ["drop", ref names @ ..] if !names.is_empty() => names.iter().try_for_each(|name| {
            if s.frames.current == *name {
                return Err(StataError::new(110, "the current frame can not be dropped"));
            }
            let gone = s.frames.others.remove(*name);
            gone.map(|_| ()).ok_or_else(|| StataError::new(111, format!("frame {name} not found")))
        }),
        ["rename", old, new] => {
            new_name(s, new)?;
            let st = &mut s.frames;
            if st.current == old {
                st.current = new.to_string();
                return Ok(());
            }
            let frame = st
                .others
                .remove(old)
                .ok_or_else(|| StataError::new(111, format!("frame {old} not found")))?;
            st.others.insert(new.to_string(), frame);
            Ok(())
        }
        ["reset"] => {
            s.frames = Frames::default();
            s.frame = Frame::new();
            Ok(())
        }
        ["post", name, ..] => post(s, name.split('(').next().unwrap_or(name), raw),
        ["put", ..] => put(s, raw["put".len()..].trim()),
        [other, ..] => Err(StataError::unsupported_command(&format!("frame {other}"))),
    }
}

/// `frame name: command`: the current frame comes back whatever happens.
fn inside(s: &mut Session, name: &str, command: &str) -> Result<()> {
    s.in_frame(name, |s| s.run_expanded(command)).map(|_| ())
}

fn create(s: &mut Session, name: &str, vars: &[&str]) -> Result<()> {
    new_name(s, name)?;
    let mut frame = Frame::new();
    for (item, ty) in typed_words(&vars.join(" "), s.settings.default_type)? {
        for variable in new_names(&frame, item)? {
            frame.add(Variable::new(&variable, ty.column(0)))?;
        }
    }
    s.frames.others.insert(name.to_string(), frame);
    Ok(())
}

/// `frame post name (exp) (exp) ...`: one more row of a frame.
fn post(s: &mut Session, name: &str, raw: &str) -> Result<()> {
    let frame = s.other_frame(name)?;
    let types: Vec<StorageType> = (0..frame.n_vars()).map(|i| frame.var(i).data.storage_type()).collect();
    let text = raw["post".len()..].trim_start().strip_prefix(name).unwrap_or("");
    let values = posted::values(s, text, &types)?;
    let Some(frame) = s.frames.others.get_mut(name) else { return Ok(()) };
    let row = frame.n_rows();
    frame.set_n_rows(row + 1);
    for (i, value) in values.iter().enumerate() {
        match value {
            Value::Num(x) => frame.column_mut(i).set_num(row, *x),
            Value::Str(text) => frame.column_mut(i).set_str(row, text),
        }
    }
    Ok(())
}

fn put(s: &mut Session, text: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("frame put", text, false)?;
    cmd.check_options(&[crate::syntax::OptSpec::text("INTO")], &[])?;
    let name =
        cmd.options.text("into").ok_or_else(|| StataError::invalid("option into() required"))?.to_string();
    new_name(s, &name)?;
    let keep = s.rows(&cmd)?;
    let vars =
        if cmd.list.trim().is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    let mut frame = s.frame.clone();
    let drop: Vec<usize> = (0..frame.n_vars()).filter(|i| !vars.contains(i)).collect();
    frame.drop_vars(&drop);
    frame.keep_rows(&keep);
    s.frames.others.insert(name, frame);
    Ok(())
}
