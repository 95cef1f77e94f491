//! Conversions between text and numbers: `encode`, `decode`, `destring`, `tostring`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format::Format;
use crate::format::count_text;
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};

const fn spec(
    name: &'static str,
    min: usize,
    form: Form,
    run: fn(&mut Session, &ParsedCommand) -> Result<()>,
    syntax: &'static str,
) -> CommandSpec {
    CommandSpec { name, min, form, by: ByRule::No, run, syntax, notes: "no results", examples: &[] }
}

const ENCODE_SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("Generate"), OptSpec::text("Label"), OptSpec::flag("noExtend")]);
pub(super) const ENCODE: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 3\ngenerate s = \"b\"\nreplace s = \"a\" in 2\nencode s, generate(n)\ndecode n, generate(t)",
        expect: &[("n[1]", 2.0), ("n[2]", 1.0), ("t[3] == \"b\"", 1.0)],
    }],
    ..spec(
        "encode",
        3,
        Form::Standard(&ENCODE_SYNTAX),
        encode,
        "encode varname [if] [in], generate(newvar) [label(name) noextend]",
    )
};
const DECODE_SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("Generate"), OptSpec::int("MAXLength")]);
pub(super) const DECODE: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 2\ngenerate x = _n\nlabel define l 1 \"one\" 2 \"two\"\nlabel values x l\ndecode x, generate(s)",
        expect: &[("s[2] == \"two\"", 1.0)],
    }],
    ..spec(
        "decode",
        3,
        Form::Standard(&DECODE_SYNTAX),
        decode,
        "decode varname [if] [in], generate(newvar) [maxlength(#)]",
    )
};
const DESTRING_SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::text("Generate"),
    OptSpec::flag("replace"),
    OptSpec::text("Ignore"),
    OptSpec::flag("force"),
    OptSpec::flag("percent"),
    OptSpec::flag("dpcomma"),
    OptSpec::flag("float"),
]);
pub(super) const DESTRING: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 2\ngenerate s = \"1,5\"\nreplace s = \"x\" in 2\ndestring s, generate(n) ignore(\",\") force",
        expect: &[("n[1]", 15.0), ("missing(n[2])", 1.0)],
    }],
    ..spec(
        "destring",
        5,
        Form::Standard(&DESTRING_SYNTAX),
        destring,
        "destring [varlist], {generate(newvars)|replace} [ignore(\"chars\") force percent dpcomma float]",
    )
};
const TOSTRING_SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::text("Generate"),
    OptSpec::flag("replace"),
    OptSpec::flag("force"),
    OptSpec::text("Format"),
    OptSpec::flag("usedisplayformat"),
]);
pub(super) const TOSTRING: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 2\ngenerate x = 10*_n\ntostring x, generate(s)",
        expect: &[("s[2] == \"20\"", 1.0)],
    }],
    ..spec(
        "tostring",
        5,
        Form::Standard(&TOSTRING_SYNTAX),
        tostring,
        "tostring varlist, {generate(newvars)|replace} [force format(%fmt) usedisplayformat]",
    )
};

fn new_name(cmd: &ParsedCommand) -> Result<String> {
    let name =
        cmd.options.text("generate").ok_or_else(|| StataError::invalid("option generate() required"))?;
    if is_valid_name(name) || name.starts_with("__") {
        Ok(name.to_string())
    } else {
        Err(StataError::new(198, format!("{name} invalid name")))
    }
}

fn encode(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let i = s.variable(&cmd.list)?;
    let name = new_name(cmd)?;
    if !s.frame.var(i).is_string() {
        return Err(StataError::new(107, "not possible with numeric variable"));
    }
    let keep = s.rows(cmd)?;
    let set_name = cmd.options.text("label").unwrap_or(&name).to_string();
    let mut set = s.frame.value_labels.get(&set_name).cloned().unwrap_or_default();
    let column = s.frame.var(i).data.clone();
    let mut texts: Vec<&str> =
        (0..keep.len()).filter(|&r| keep[r]).map(|r| column.str(r)).filter(|t| !t.is_empty()).collect();
    texts.sort_unstable();
    texts.dedup();
    let mut next = set.iter().map(|(x, _)| x).filter(|x| !is_missing(*x)).fold(0.0, f64::max) + 1.0;
    for t in texts {
        if set.value_of(t).is_none() {
            if cmd.has("noextend") {
                return Err(StataError::new(180, "not all values are defined in the label"));
            }
            set.set(next, t);
            next += 1.0;
        }
    }
    let codes: std::collections::HashMap<&str, f64> = set.iter().map(|(x, t)| (t, x)).collect();
    let values: Vec<f64> = (0..keep.len())
        .map(|r| if keep[r] { codes.get(column.str(r)).copied().unwrap_or(MISSING) } else { MISSING })
        .collect();
    let mut var = Variable::new(&name, Column::from_f64(StorageType::Long, &values));
    var.format = "%8.0g".into();
    var.label.clone_from(&s.frame.var(i).label);
    var.value_label.clone_from(&set_name);
    s.frame.add(var)?;
    s.frame.value_labels.insert(set_name, set);
    Ok(())
}

fn decode(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let i = s.numeric_variable(&cmd.list)?;
    let name = new_name(cmd)?;
    let keep = s.rows(cmd)?;
    let set = s
        .frame
        .labels_of(i)
        .cloned()
        .ok_or_else(|| StataError::new(182, format!("{} not labeled", s.frame.var(i).name)))?;
    let max = cmd.options.int("maxlength").unwrap_or(32_000).max(1) as usize;
    let values: Vec<Box<str>> = (0..keep.len())
        .map(|r| {
            let text = if keep[r] { set.get(s.frame.num_at(i, r)).unwrap_or("") } else { "" };
            crate::frame::truncate(text, max).into()
        })
        .collect();
    let mut var = Variable::new(&name, Column::from_strings(values));
    var.label.clone_from(&s.frame.var(i).label);
    s.frame.add(var)?;
    Ok(())
}

fn targets(s: &Session, cmd: &ParsedCommand, vars: &[usize]) -> Result<Option<Vec<String>>> {
    match (cmd.options.text("generate"), cmd.has("replace")) {
        (Some(g), false) => {
            let names: Vec<String> = g.split_whitespace().map(String::from).collect();
            if names.len() != vars.len() {
                return Err(StataError::syntax());
            }
            if let Some(n) = names.iter().find(|n| s.frame.find(n).is_some()) {
                return Err(StataError::already_defined(n));
            }
            Ok(Some(names))
        }
        (None, true) => Ok(None),
        (None, false) => Err(StataError::invalid("must specify either generate or replace option")),
        _ => Err(StataError::standard(184)),
    }
}

fn put(s: &mut Session, i: usize, name: Option<&String>, column: Column) -> Result<()> {
    let mut var = Variable::new(name.map_or("", |n| n), column);
    var.label.clone_from(&s.frame.var(i).label);
    match name {
        Some(_) => {
            s.frame.add(var)?;
        }
        None => {
            let slot = s.frame.var_mut(i);
            slot.format = var.format;
            slot.value_label.clear();
            slot.data = var.data;
        }
    }
    Ok(())
}

fn destring(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = if cmd.list.is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    let names = targets(s, cmd, &vars)?;
    let mut ignore: Vec<char> = cmd.options.text("ignore").unwrap_or("").replace('"', "").chars().collect();
    // percent implies the sign among the characters to ignore ([D] destring)
    if cmd.has("percent") && !ignore.contains(&'%') {
        ignore.push('%');
    }
    for (k, &i) in vars.iter().enumerate() {
        let v = s.frame.var(i);
        let shown = v.name.clone();
        if !v.is_string() {
            s.print(format!(
                "{shown} already numeric; no {}",
                if names.is_some() { "generate" } else { "replace" }
            ));
            continue;
        }
        let mut bad = 0;
        // the variable counts as a whole: a value without the sign is a percentage too
        let has_sign = (0..s.frame.n_rows()).any(|r| v.data.str(r).contains('%'));
        let divisor = if cmd.has("percent") && has_sign { 100.0 } else { 1.0 };
        let values: Vec<f64> = (0..s.frame.n_rows())
            .map(|r| {
                let mut t: String = v.data.str(r).chars().filter(|c| !ignore.contains(c)).collect();
                if cmd.has("dpcomma") {
                    t = t.replace(',', ".");
                }
                let t = t.trim();
                if t.is_empty() {
                    return MISSING;
                }
                match parse_number(t) {
                    Some(x) if is_missing(x) => x,
                    Some(x) => x / divisor,
                    None => {
                        bad += 1;
                        MISSING
                    }
                }
            })
            .collect();
        let trouble = if cmd.options.text("ignore").is_some() {
            "contains characters not specified in ignore()"
        } else {
            "contains nonnumeric characters"
        };
        if bad > 0 && !cmd.has("force") {
            s.print(format!(
                "{shown}: {trouble}; no {}",
                if names.is_some() { "generate" } else { "replace" }
            ));
            continue;
        }
        let whole = values.iter().fold(StorageType::Byte, |t, &x| t.promoted_for(x));
        let ty = match whole {
            StorageType::Float | StorageType::Double if cmd.has("float") => StorageType::Float,
            StorageType::Float => StorageType::Double,
            t => t,
        };
        let found = match (removed(&v.data, &ignore), bad) {
            (_, 1..) => trouble.to_string(),
            (Some(removed), _) => removed,
            _ => "all characters numeric".to_string(),
        };
        put(s, i, names.as_ref().map(|n| &n[k]), Column::from_f64(ty, &values))?;
        let target = names.as_ref().map_or(shown.clone(), |n| n[k].clone());
        let verb = if names.is_some() { "generated" } else { "replaced" };
        let target = if names.is_some() { format!("{target} {verb}") } else { verb.to_string() };
        s.print(format!("{shown}: {found}; {target} as {}", ty.name()));
        let missing = values.iter().filter(|x| is_missing(**x)).count();
        if missing > 0 {
            let s_ = if missing == 1 { "" } else { "s" };
            s.print(format!("({} missing value{s_} generated)", count_text(missing)));
        }
    }
    Ok(())
}

/// Which of the characters to ignore stand in the column, in words.
fn removed(column: &Column, ignore: &[char]) -> Option<String> {
    let stands = |c: &char| (0..column.len()).any(|r| column.str(r).contains(*c));
    let name = |c: &char| if *c == ' ' { "space".to_string() } else { c.to_string() };
    let found: Vec<String> = ignore.iter().filter(|c| stands(c)).map(name).collect();
    let s = if found.len() == 1 { "" } else { "s" };
    (!found.is_empty()).then(|| format!("character{s} {} removed", found.join(" ")))
}

fn tostring(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    let names = targets(s, cmd, &vars)?;
    for (k, &i) in vars.iter().enumerate() {
        let v = s.frame.var(i);
        if v.is_string() {
            let text = format!(
                "{} already string; no {}",
                v.name,
                if names.is_some() { "generate" } else { "replace" }
            );
            s.print(text);
            continue;
        }
        let fmt = match cmd.options.text("format") {
            Some(f) => f.to_string(),
            None if cmd.has("usedisplayformat") => v.format.clone(),
            None => "%12.0g".into(),
        };
        let fmt =
            Format::parse(&fmt).ok_or_else(|| StataError::new(120, format!("invalid %format {fmt}")))?;
        let values = s.frame.numeric(i)?;
        let texts: Vec<Box<str>> = values.iter().map(|&x| fmt.number(x).trim().into()).collect();
        let lossy = values.iter().zip(&texts).any(|(&x, t)| !is_missing(x) && parse_number(t) != Some(x));
        if lossy && !cmd.has("force") && !cmd.has("usedisplayformat") {
            let text = format!(
                "{} cannot be converted reversibly; no {}",
                v.name,
                if names.is_some() { "generate" } else { "replace" }
            );
            s.print(text);
            continue;
        }
        let column = Column::from_strings(texts);
        let ty = column.storage_type().name();
        let (shown, old) = (v.name.clone(), v.data.storage_type().name());
        put(s, i, names.as_ref().map(|n| &n[k]), column)?;
        match &names {
            Some(n) => s.print(format!("{} generated as {ty}", n[k])),
            None => s.print(format!("{shown} was {old} now {ty}")),
        }
    }
    Ok(())
}
