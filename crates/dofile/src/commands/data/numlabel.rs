//! `numlabel`: puts the values in front of the texts of value labels, or takes them away.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format::macro_text;
use crate::frame::ValueLabel;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Add"),
    OptSpec::flag("Remove"),
    OptSpec::text("Mask"),
    OptSpec::flag("force"),
])
.unsupported(&["Detail"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "numlabel",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "numlabel [labelnames] [, {add|remove} mask(text) force]",
    notes: "# in mask() stands for the value; texts of missing values are left; a set in which only some texts have the mask is left unless force is given; no results; [D] labelbook",
    examples: &[Example {
        run: "set obs 1\nlabel define l 1 \"one\" 2 \"two\"\nnumlabel l, add\nlocal a : label l 2\nnumlabel l, remove\nlocal b : label l 2\nscalar same = \"`a'\" == \"2. two\" & \"`b'\" == \"two\"",
        expect: &[("same", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (add, remove) = (cmd.has("add"), cmd.has("remove"));
    if add == remove {
        return Err(StataError::invalid("either option add or option remove must be specified"));
    }
    let mask = cmd.options.text("mask").unwrap_or("#. ").to_string();
    if !mask.contains('#') {
        return Err(StataError::invalid("mask() must contain #"));
    }
    let names: Vec<String> = match cmd.list.trim() {
        "" | "_all" => s.frame.value_labels.keys().cloned().collect(),
        list => list.split_whitespace().map(str::to_string).collect(),
    };
    if let Some(name) = names.iter().find(|n| !s.frame.value_labels.contains_key(n.as_str())) {
        return Err(StataError::new(111, format!("value label {name} not found")));
    }
    for name in names {
        let Some(set) = s.frame.value_labels.get(&name).cloned() else { continue };
        let mut changed = ValueLabel::default();
        let (mut with, mut all) = (0, 0);
        for (x, text) in set.iter() {
            if is_missing(x) {
                changed.set(x, text);
                continue;
            }
            let front = mask.replace('#', &macro_text(x));
            all += 1;
            with += usize::from(text.starts_with(&front));
            match text.strip_prefix(&front) {
                Some(_) if add => changed.set(x, text),
                Some(rest) => changed.set(x, rest),
                None if add => changed.set(x, &format!("{front}{text}")),
                None => changed.set(x, text),
            }
        }
        if with > 0 && with < all && !cmd.has("force") {
            s.print(format!("(value label {name}: some texts have the mask, some have not; not changed)"));
            continue;
        }
        s.frame.value_labels.insert(name, changed);
    }
    Ok(())
}
