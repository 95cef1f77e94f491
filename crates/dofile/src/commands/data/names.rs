//! Names and metadata: `format`, `notes`, `char`, `compress`, `recast`. Labels are in `labels`, `rename` in `rename`.

use crate::commands::{CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format::Format;
use crate::frame::StorageType;
use crate::session::Session;
use crate::syntax::split::{front_and_options, matching_paren, unquote, words};
use crate::syntax::{OptSpec, ParsedCommand};

const fn raw(
    name: &'static str,
    min: usize,
    run: fn(&mut Session, &ParsedCommand) -> Result<()>,
    syntax: &'static str,
) -> CommandSpec {
    CommandSpec { notes: "no results", ..CommandSpec::raw(name, min, run, syntax) }
}

pub(super) const FORMAT: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 1\ngenerate x = 1.25\nformat x %5.1f\nlocal f : format x\nscalar same = \"`f'\" == \"%5.1f\"",
        expect: &[("same", 1.0)],
    }],
    ..raw("format", 4, format, "format {varlist %fmt | %fmt varlist}")
};
pub(super) const NOTES: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 1\nnotes: first\nnotes: second one\nlocal n : char _dta[note0]\nlocal t : char _dta[note2]\nscalar n = `n'\nscalar same = \"`t'\" == \"second one\"",
        expect: &[("n", 2.0), ("same", 1.0)],
    }],
    ..raw("notes", 4, notes, "notes [varname]: text; notes [list]; notes drop")
};
pub(super) const CHAR: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 1\ngenerate x = 1\nchar x[k] two words\nlocal c : char x[k]\nscalar n = wordcount(\"`c'\")",
        expect: &[("n", 2.0)],
    }],
    ..raw("char", 4, char, "char [define] evarname[charname] [[\"]text[\"]]; char list; char rename")
};
const COMPRESS_SYNTAX: StandardSyntax = StandardSyntax::whole(&[OptSpec::flag("nocoalesce")]);
pub(super) const COMPRESS: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 3\ngenerate double x = _n\ncompress\nlocal t : type x\nscalar same = \"`t'\" == \"byte\"",
        expect: &[("same", 1.0), ("x[3]", 3.0)],
    }],
    form: Form::Standard(&COMPRESS_SYNTAX),
    ..raw("compress", 5, compress, "compress [varlist]")
};
pub(super) const RECAST: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 1\ngenerate byte x = 7\nrecast double x\nlocal t : type x\nscalar same = \"`t'\" == \"double\"",
        expect: &[("same", 1.0), ("x[1]", 7.0)],
    }],
    ..raw("recast", 6, recast, "recast type varlist [, force]")
};

fn format(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parts = words(&cmd.raw);
    let at = parts.iter().position(|w| w.starts_with('%')).ok_or_else(StataError::syntax)?;
    let fmt = parts[at];
    let parsed = Format::parse(fmt).ok_or_else(|| StataError::new(120, format!("invalid %format {fmt}")))?;
    let list: Vec<&str> = parts.iter().enumerate().filter(|(k, _)| *k != at).map(|(_, w)| *w).collect();
    for i in s.varlist(&list.join(" "))? {
        if s.frame.var(i).is_string() != parsed.is_string() {
            return Err(StataError::new(120, format!("invalid %format {fmt} for {}", s.frame.var(i).name)));
        }
        s.frame.var_mut(i).format = fmt.to_string();
    }
    Ok(())
}

fn notes(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.raw.trim();
    if let Some((owner, note)) = text.split_once(':') {
        let owner = owner.trim();
        let owner = if owner.is_empty() || owner == "_dta" {
            "_dta".to_string()
        } else {
            s.frame.var(s.variable(owner)?).name.clone()
        };
        let count: usize = s.frame.char(&owner, "note0").parse().unwrap_or(0);
        s.frame.chars.insert((owner.clone(), "note0".into()), (count + 1).to_string());
        s.frame.chars.insert((owner, format!("note{}", count + 1)), note.trim().to_string());
        s.frame.changed = true;
        return Ok(());
    }
    let parts = words(text);
    match parts[..] {
        ["drop", owner, ..] => {
            let owner = owner.to_string();
            s.frame.chars.retain(|(o, n), _| !((*o == owner || owner == "_all") && n.starts_with("note")));
        }
        _ => {
            let wanted: Vec<&str> = parts.iter().copied().filter(|w| *w != "list" && *w != "_all").collect();
            let mut owners = vec!["_dta".to_string()];
            owners.extend(s.frame.vars().iter().map(|v| v.name.clone()));
            for owner in owners.into_iter().filter(|o| wanted.is_empty() || wanted.contains(&o.as_str())) {
                let count: usize = s.frame.char(&owner, "note0").parse().unwrap_or(0);
                if count > 0 {
                    s.print("");
                    s.print(format!("{owner}:"));
                    for k in 1..=count {
                        let text = s.frame.char(&owner, &format!("note{k}")).to_string();
                        s.print(format!("  {k}.  {text}"));
                    }
                }
            }
        }
    }
    Ok(())
}

fn char(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.raw.strip_prefix("define ").unwrap_or(&cmd.raw).trim();
    if text.is_empty() || text.starts_with("list") {
        let lines: Vec<String> = s.frame.chars.iter().map(|((o, n), t)| format!("  {o}[{n}]: {t}")).collect();
        lines.into_iter().for_each(|l| s.print(l));
        return Ok(());
    }
    let open = text.find('[').ok_or_else(StataError::syntax)?;
    let close = matching_paren(text, open).ok_or_else(StataError::syntax)?;
    let owner = text[..open].trim();
    let owner =
        if owner == "_dta" { owner.to_string() } else { s.frame.var(s.variable(owner)?).name.clone() };
    let name = text[open + 1..close].trim().to_string();
    if name.is_empty() {
        return Err(StataError::syntax());
    }
    let value = unquote(&text[close + 1..]).to_string();
    s.frame.changed = true;
    if value.is_empty() {
        s.frame.chars.remove(&(owner, name));
    } else {
        s.frame.chars.insert((owner, name), value);
    }
    Ok(())
}

fn compress(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = if cmd.list.is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    let mut saved = 0;
    for i in vars {
        let v = s.frame.var(i);
        let old = v.data.storage_type();
        let new = if v.is_string() {
            let longest = (0..s.frame.n_rows()).map(|r| v.data.str(r).len()).max().unwrap_or(0).max(1);
            if longest > 2045 { StorageType::StrL } else { StorageType::Str(longest as u16) }
        } else {
            let values = s.frame.numeric(i)?;
            let order = [StorageType::Byte, StorageType::Int, StorageType::Long, StorageType::Float];
            // float keeps its own values; double may become float only when nothing changes
            let exact = |t: StorageType| values.iter().all(|&x| t.stored(x) == x);
            order.into_iter().find(|&t| exact(t) && width(t) < width(old)).unwrap_or(old)
        };
        if new != old && width(new) <= width(old) {
            let column = v.data.convert(new);
            let (name, was_default) = (v.name.clone(), v.format == old.default_format());
            let sorted = s.frame.sorted_by.clone();
            s.frame.set_column(i, column);
            s.frame.sorted_by = sorted;
            if was_default && new.is_string() {
                s.frame.var_mut(i).format = new.default_format();
            }
            s.print(format!("  variable {name} was {} now {}", old.name(), new.name()));
            if old != StorageType::StrL {
                saved += (width(old) - width(new)) * s.frame.n_rows();
            }
        }
    }
    s.print(format!("  ({} bytes saved)", crate::format::count_text(saved)));
    Ok(())
}

fn width(t: StorageType) -> usize {
    match t {
        StorageType::Byte => 1,
        StorageType::Int => 2,
        StorageType::Long | StorageType::Float => 4,
        StorageType::Double => 8,
        StorageType::Str(n) => usize::from(n),
        StorageType::StrL => 1 << 20,
    }
}

fn recast(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (front, option) = front_and_options(&cmd.raw);
    let force = match option {
        "" => false,
        "force" => true,
        o => return Err(StataError::option_not_allowed(o)),
    };
    let (ty, list) = front.split_once(char::is_whitespace).ok_or_else(StataError::syntax)?;
    let ty = StorageType::parse(ty).ok_or_else(|| StataError::new(198, format!("{ty} invalid type")))?;
    for i in s.varlist(list)? {
        let v = s.frame.var(i);
        if v.is_string() != ty.is_string() {
            return Err(StataError::type_mismatch());
        }
        let lost: usize = (0..s.frame.n_rows())
            .filter(|&r| match ty {
                StorageType::Str(w) => v.data.str(r).len() > usize::from(w),
                StorageType::StrL => false,
                _ => ty.stored(v.data.num(r)) != v.data.num(r),
            })
            .count();
        let column = v.data.convert(ty);
        if lost > 0 {
            let values = if lost == 1 { "value" } else { "values" };
            let what = if force { "changed" } else { "would be changed; not changed" };
            s.print(format!("{}:  {lost} {values} {what}", s.frame.var(i).name));
        }
        if lost == 0 || force {
            s.frame.set_column(i, column);
        }
    }
    Ok(())
}
