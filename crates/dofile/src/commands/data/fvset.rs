//! `fvset`: the base levels that factors have without an operator of their own ([R] fvset).

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::factor::{BASE_SETTING, valid_base_setting};

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "settings are the characteristic _fvbase of the variables, which is saved with the data; report stores r(varlist) r(baselist); fvset design is refused but for its default; [R] fvset",
    examples: &[Example {
        run: "set obs 30\ngenerate g = 1 + mod(_n, 3)\ngenerate y = 10*g\nfvset base 3 g\nregress y i.g\nscalar a = _b[1.g]\nfvset base last g\nfvset clear g\nregress y i.g",
        expect: &[("a", -20.0), ("_b[3.g]", 20.0)],
    }],
    ..CommandSpec::raw(
        "fvset",
        5,
        run,
        "fvset base {# | default | first | last | frequent | none} varlist; fvset clear varlist; fvset report [varlist] [, base(setting)]",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::whole("fvset", &cmd.raw)?;
    let (what, rest) = cmd.list.split_once(char::is_whitespace).unwrap_or((cmd.list.as_str(), ""));
    let (first, list) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    if what != "report" && !cmd.option_text.is_empty() {
        return Err(StataError::option_not_allowed(&cmd.option_text));
    }
    match what {
        "base" => base(s, first, list),
        "design" if first == "default" => factors(s, list).map(|_| ()),
        "design" => Err(StataError::unsupported_command(&format!("fvset design {first}"))),
        "clear" => set(s, rest, None),
        "report" => report(s, rest, &cmd.option_text),
        "" => Err(StataError::syntax()),
        _ => Err(StataError::invalid(format!("fvset {what} is unrecognized"))),
    }
}

/// Positions of numeric variables; r(100) without any.
fn factors(s: &Session, list: &str) -> Result<Vec<usize>> {
    let found = s.varlist(list)?;
    if found.is_empty() {
        return Err(StataError::standard(100));
    }
    match found.iter().find(|v| s.frame.var(**v).is_string()) {
        Some(v) => Err(StataError::new(
            109,
            format!(
                "string variables not allowed in varlist;\n{} is a string variable",
                s.frame.var(*v).name
            ),
        )),
        None => Ok(found),
    }
}

fn base(s: &mut Session, setting: &str, list: &str) -> Result<()> {
    let known = ["default", "first", "last", "frequent", "none"];
    let named = known.iter().find(|k| setting.len() >= 2 && k.starts_with(setting) && !setting.is_empty());
    let setting = named.map_or(setting, |k| k);
    if !valid_base_setting(setting) {
        return Err(StataError::invalid(format!("invalid base specification '{setting}'")));
    }
    set(s, list, (setting != "default").then(|| setting.to_string()))
}

/// Sets or removes the setting of variables.
fn set(s: &mut Session, list: &str, setting: Option<String>) -> Result<()> {
    for v in factors(s, list)? {
        let key = (s.frame.var(v).name.clone(), BASE_SETTING.to_string());
        match &setting {
            Some(text) => _ = s.frame.chars.insert(key, text.clone()),
            None => _ = s.frame.chars.remove(&key),
        }
        s.frame.changed = true;
    }
    Ok(())
}

fn report(s: &mut Session, list: &str, options: &str) -> Result<()> {
    let mut only = None;
    for (name, value) in crate::syntax::options::split_options(options)? {
        match (name.as_str(), value) {
            ("base", Some(setting)) => only = Some(setting),
            ("design", Some(_)) => return Err(StataError::unsupported_option("fvset", "design()")),
            _ => return Err(StataError::option_not_allowed(&name)),
        }
    }
    let all = if list.is_empty() { (0..s.frame.n_vars()).collect() } else { factors(s, list)? };
    let found: Vec<(String, String)> = all
        .into_iter()
        .map(|v| {
            let name = s.frame.var(v).name.clone();
            let setting = s.frame.char(&name, BASE_SETTING).to_string();
            (name, setting)
        })
        .filter(|(_, setting)| !setting.is_empty() && only.as_ref().is_none_or(|only| only == setting))
        .collect();
    if !found.is_empty() {
        s.print("");
        s.print("    Variable    Base");
        s.print("-".repeat(28));
    }
    let mut results = Results::default();
    let (mut names, mut settings) = (Vec::new(), Vec::new());
    for (name, setting) in found {
        s.print(format!("{:>12}    {setting}", crate::format::abbrev(&name, 12)));
        names.push(name);
        settings.push(setting);
    }
    results.text("varlist", names.join(" ")).text("baselist", settings.join(" "));
    s.r = results;
    Ok(())
}
