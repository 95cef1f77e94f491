//! `streset`: declares survival-time data again with some settings changed ([ST] stset).

use super::stset;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::survival::Settings;
use crate::session::Session;
use crate::syntax::ParsedCommand;

const SYNTAX: StandardSyntax = StandardSyntax::new(stset::OPTIONS).unsupported(&["PAST", "FUTUre"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "streset",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "streset [if] [in] [, failure(v[==numlist]) id(v) origin() enter() exit() scale(#) time0(v) if(exp) ever(exp) never(exp) after(exp) before(exp) noshow]",
    notes: "options replace those of the last stset, all others stay; [ST] stset",
    examples: &[Example {
        run: "set obs 4\ngenerate t = _n * 10\ngenerate f = mod(_n, 2)\ngenerate id = _n\nquietly stset t, failure(f)\nstreset, id(id) scale(10)",
        expect: &[("_t[3]", 3.0), ("_d[3]", 1.0), ("_d[2]", 0.0), ("_st[4]", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("clear") {
        return Err(StataError::option_not_allowed("clear"));
    }
    let settings = Settings::of(&s.frame)?;
    let event = if settings.events.is_empty() {
        settings.failure.clone()
    } else {
        format!("{}=={}", settings.failure, settings.events)
    };
    let [ever, never, after, before] = settings.choices.clone();
    let kept = [
        ("id", settings.id.clone()),
        ("failure", event),
        ("time0", settings.time0.clone()),
        ("enter", settings.enter.clone()),
        ("exit", settings.exit.clone()),
        ("origin", settings.origin.clone()),
        ("if", settings.condition.clone()),
        ("ever", ever),
        ("never", never),
        ("after", after),
        ("before", before),
    ];
    let mut options: Vec<String> = Vec::new();
    for (name, old) in kept {
        let text = cmd.options.text(name).map_or(old, |new| new.trim().to_string());
        if !text.is_empty() {
            options.push(format!("{name}({text})"));
        }
    }
    let scale = cmd.options.real("scale").unwrap_or(settings.scale);
    if scale != 1.0 {
        options.push(format!("scale({scale})"));
    }
    if cmd.has("noshow") {
        options.push("noshow".into());
    }
    let weight =
        settings.weight.as_ref().map_or(String::new(), |(kind, exp)| format!(" [{}{exp}]", kind.name()));
    let condition = cmd.if_exp.as_ref().map_or(String::new(), |e| format!(" if {e}"));
    let range = cmd.in_range.as_ref().map_or(String::new(), |r| format!(" in {r}"));
    let line = format!("{}{condition}{range}{weight}, {}", settings.time, options.join(" "));
    s.print(format!("-> stset {line}"));
    let mut again = ParsedCommand::split("stset", &line, false)?;
    again.check_weighted_options(stset::OPTIONS, &[])?;
    stset::run(s, &again)
}
