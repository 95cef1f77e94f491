//! Options of coefficient tables that every estimation command of Stata takes: `baselevels`, `cformat()` and so on. They
//! are taken off the command line here, and hold while the command runs.

use crate::commands::registry;
use crate::commands::{CommandSpec, Form};
use crate::error::{Result, StataError};
use crate::format::Format;
use crate::session::TableLook;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{abbreviates, split_options};

/// Takes the options of tables that the declaration of a command does not read itself; nothing where there are none.
pub(super) fn take(spec: &CommandSpec, cmd: &mut ParsedCommand) -> Result<Option<TableLook>> {
    let Form::Standard(syntax) = spec.form else { return Ok(None) };
    let lower = cmd.option_text.to_lowercase();
    if !["base", "omit", "empty", "vsq", "lstr", "fvw", "format"].iter().any(|part| lower.contains(part)) {
        return Ok(None);
    }
    if !registry::has_coefficient_table(spec) {
        return Ok(None);
    }
    let refused = registry::undeclared_options(spec);
    let (mut look, mut kept, mut taken) = (TableLook::default(), Vec::new(), false);
    for (name, argument) in split_options(&cmd.option_text)? {
        let own = syntax.options.iter().any(|o| abbreviates(&name, o.name));
        let known = registry::TABLE_OPTIONS.iter().find(|o| abbreviates(&name, o)).map(|o| o.to_lowercase());
        let known = known.filter(|k| !own && refused.split(' ').any(|r| r.trim_end_matches("()") == k));
        let Some(known) = known else {
            kept.push(argument.map_or(name.clone(), |a| format!("{name}({a})")));
            continue;
        };
        taken = true;
        let format = |argument: &Option<String>| -> Result<Option<String>> {
            let text = argument.as_deref().unwrap_or("").trim().to_string();
            match Format::parse(&text) {
                Some(_) => Ok(Some(text)),
                None => Err(StataError::new(120, format!("{text} invalid %format"))),
            }
        };
        match known.as_str() {
            "baselevels" => look.base_levels = true,
            "allbaselevels" => (look.base_levels, look.all_base_levels) = (true, true),
            "noomitted" => look.no_omitted = true,
            "noemptycells" => look.no_empty = true,
            "cformat" => look.coefficients = format(&argument)?,
            "pformat" => look.p_values = format(&argument)?,
            "sformat" => look.statistics = format(&argument)?,
            // blank lines, the width of names and their wrapping follow the layout of the table
            _ => {}
        }
    }
    if !taken {
        return Ok(None);
    }
    cmd.option_text = kept.join(" ");
    Ok(Some(look))
}
