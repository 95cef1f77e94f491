//! Options that many estimation commands share: of coefficient tables (`baselevels`, `cformat()`, [R] Estimation options)
//! and of the search for a maximum (`technique()`, `constraints()`, [R] Maximize). They are taken off the command line
//! here, and hold while the command runs.

use super::dispatch::command_word;
use crate::commands::registry;
use crate::commands::{CommandSpec, Form, SearchOptions, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format::Format;
use crate::session::{Search, TableLook};
use crate::syntax::ParsedCommand;
use crate::syntax::options::{OptSpec, abbreviates, parse_number, split_options};
use crate::syntax::split::{top_level_colon, top_level_comma};

/// What the shared options of a command say.
#[derive(Default)]
pub(super) struct Shared {
    /// How its table looks.
    pub(super) table: TableLook,
    /// How it searches.
    pub(super) search: Search,
}

/// Takes the shared options that the declaration of a command does not read itself. Tables look as `usual` but for them.
pub(super) fn take(spec: &CommandSpec, cmd: &mut ParsedCommand, usual: &TableLook) -> Result<Shared> {
    let mut shared = Shared { table: usual.clone(), ..Shared::default() };
    let Form::Standard(syntax) = spec.form else { return Ok(shared) };
    if cmd.option_text.trim().is_empty() {
        return Ok(shared);
    }
    let known = registry::shared_options(spec);
    if known.is_empty() {
        return Ok(shared);
    }
    let mut kept = Vec::new();
    let (mut technique, mut taken) = (None, false);
    let mut vce = false;
    for (name, argument) in split_options(&cmd.option_text)? {
        if syntax.search == SearchOptions::Full && outer_products(&name, argument.as_deref()) {
            (shared.search.outer_products, taken) = (true, true);
            continue;
        }
        vce |= ["vce", "robust", "cluster"].iter().any(|o| o.starts_with(&*name.to_lowercase()));
        let Some(option) = found(&known, syntax, &name) else {
            kept.push(argument.map_or(name.clone(), |a| format!("{name}({a})")));
            continue;
        };
        taken = true;
        let text = argument.as_deref().map(str::trim);
        if option == "technique" {
            technique = Some(techniques(text.unwrap_or(""))?);
        } else if !look(&mut shared.table, &option, text)? {
            search(&mut shared.search, &option, text)?;
        }
    }
    if let Some((bhhh, others)) = technique
        && bhhh
        && !vce
        // their covariance comes from the outer products whatever the technique
        && !matches!(spec.name, "arch" | "arima")
    {
        if others || syntax.search != SearchOptions::Full {
            let text = "technique(bhhh) without vce()";
            return Err(StataError::unsupported_option(spec.name, text));
        }
        shared.search.outer_products = true;
    }
    let two_steps = kept.iter().any(|o| abbreviates(o, "TWOstep"));
    if two_steps && shared.search != (Search { no_report: shared.search.no_report, ..Search::default() }) {
        // the two-step estimators maximise no likelihood of all parameters
        let text = "options twostep, constraints(), from(), collinear and vce(opg) may not be combined";
        return Err(StataError::invalid(text));
    }
    if taken {
        cmd.option_text = kept.join(" ");
    }
    Ok(shared)
}

/// The line behind `svy` without the options of tables and of printing a search, which stand on either side of the colon,
/// and what they say.
pub(super) fn survey(line: &str, usual: &TableLook) -> Result<(String, TableLook)> {
    let mut table = usual.clone();
    let Some(at) = top_level_colon(line) else { return Ok((line.to_string(), table)) };
    let head = without(&line[..at], registry::TABLE_OPTIONS, &[], &mut table)?;
    let inner = line[at + 1..].trim();
    let spec = registry::find(command_word(inner));
    let inner = match spec.map(|s| (s, s.form)) {
        Some((spec, Form::Standard(syntax))) => {
            let mut known = registry::shared_options(spec);
            known.retain(|o| !registry::MAXIMISED_OPTIONS.contains(o));
            without(inner, &known, syntax.options, &mut table)?
        }
        _ => inner.to_string(),
    };
    Ok((format!("{head}: {inner}"), table))
}

/// A command without the options in `known` that `own` does not have.
fn without(text: &str, known: &[&str], own: &[OptSpec], table: &mut TableLook) -> Result<String> {
    let Some(comma) = top_level_comma(text) else { return Ok(text.to_string()) };
    let (mut kept, mut taken) = (Vec::new(), false);
    for (name, argument) in split_options(&text[comma + 1..])? {
        let declared = own.iter().any(|o| abbreviates(&name, o.name));
        let Some(option) = known.iter().find(|o| !declared && abbreviates(&name, o)) else {
            kept.push(argument.map_or(name.clone(), |a| format!("{name}({a})")));
            continue;
        };
        taken = true;
        let (option, value) = (option.to_lowercase(), argument.as_deref().map(str::trim));
        if option == "technique" {
            techniques(value.unwrap_or(""))?;
        } else if !look(table, &option, value)? {
            search(&mut Search::default(), &option, value)?;
        }
    }
    Ok(if taken { format!("{}, {}", &text[..comma], kept.join(" ")) } else { text.to_string() })
}

/// The shared option that a word abbreviates, unless the command declares one of that name itself.
fn found(known: &[&'static str], syntax: &StandardSyntax, name: &str) -> Option<String> {
    if syntax.options.iter().any(|o| abbreviates(name, o.name)) {
        return None;
    }
    known.iter().find(|o| abbreviates(name, o)).map(|o| o.to_lowercase())
}

/// Whether an option is `vce(opg)`.
fn outer_products(name: &str, argument: Option<&str>) -> bool {
    name == "vce" && argument.is_some_and(|a| a.trim() == "opg")
}

/// Sets an option of tables; false for another one.
fn look(look: &mut TableLook, option: &str, text: Option<&str>) -> Result<bool> {
    let format = || -> Result<Option<String>> {
        let text = text.unwrap_or("").to_string();
        match Format::parse(&text) {
            Some(_) => Ok(Some(text)),
            None => Err(StataError::new(120, format!("{text} invalid %format"))),
        }
    };
    match option {
        "baselevels" => look.base_levels = true,
        "allbaselevels" => (look.base_levels, look.all_base_levels) = (true, true),
        "noomitted" => look.no_omitted = true,
        "noemptycells" => look.no_empty = true,
        "coeflegend" => look.legend = true,
        "noci" => look.no_limits = true,
        "nopvalues" => look.no_tests = true,
        "nofvlabel" => look.no_labels = true,
        "depname" => look.outcome = text.map(str::to_string),
        "plus" => look.open_end = true,
        "cformat" => look.coefficients = format()?,
        "pformat" => look.p_values = format()?,
        "sformat" => look.statistics = format()?,
        "lstretch" => look.no_stretch = false,
        "nolstretch" => look.no_stretch = true,
        // blank lines and the wrapping of names follow the layout of the table
        "vsquish" | "fvwrap" | "fvwrapon" => {}
        _ => return Ok(false),
    }
    Ok(true)
}

/// Sets an option of the search.
fn search(search: &mut Search, option: &str, text: Option<&str>) -> Result<()> {
    let required = || StataError::invalid(format!("option {option}() required"));
    match option {
        "constraints" => search.constraints = Some(text.ok_or_else(required)?.to_string()),
        "from" => search.from = Some(text.ok_or_else(required)?.to_string()),
        "collinear" => search.collinear = true,
        "nocnsreport" => search.no_report = true,
        "tolerance" | "ltolerance" | "nrtolerance" | "gtolerance" => {
            let number = text.and_then(parse_number);
            if number.is_none_or(|x| x < 0.0) {
                return Err(StataError::invalid(format!("option {option}() incorrectly specified")));
            }
        }
        _ if text.is_some() => return Err(StataError::option_not_allowed(&format!("{option}()"))),
        // what is printed during the search
        _ => {}
    }
    Ok(())
}

/// Checks `technique()`: whether it names bhhh, and whether others.
fn techniques(text: &str) -> Result<(bool, bool)> {
    let (mut bhhh, mut others) = (false, false);
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        match word {
            "bhhh" => bhhh = true,
            "nr" | "dfp" | "bfgs" => others = true,
            _ => return Err(StataError::invalid(format!("technique {word} not found"))),
        }
        if words.peek().is_some_and(|w| w.parse::<u32>().is_ok_and(|n| n > 0)) {
            words.next();
        }
    }
    if bhhh || others {
        Ok((bhhh, others))
    } else {
        Err(StataError::invalid("option technique() incorrectly specified"))
    }
}
