//! `eststo`: keeps estimation results under names that `esttab` shows, `est1`, `est2`, ... without a name.

use crate::commands::{ByRule, CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::frame::is_valid_name;
use crate::session::{Extension, Session};
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, top_level_colon, top_level_comma};
use crate::syntax::varlist::wildcard;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "results are those of estimates store; by is allowed, the values of the group are the title; without a name est1, est2, ...; see estout (SSC)",
    examples: &[Example {
        run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\neststo: quietly regress y x\neststo m2: quietly regress y\nestimates restore est1",
        expect: &[("_b[x]", 0.828_571_428_571_428_6)],
    }],
    by: ByRule::EachGroup,
    ..CommandSpec::raw(
        "eststo",
        6,
        run,
        "eststo [name] [, title(text) prefix(text) addscalars(name # ...)] [: command] | clear | dir | drop names",
    )
};

/// Names that `eststo` stored, in their order, and the number of the last automatic one.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Names.
    pub names: Vec<String>,
    last: usize,
}

impl Extension for Kept {}

const OPTIONS: &[OptSpec] = &[OptSpec::text("Title"), OptSpec::text("Prefix"), OptSpec::text("ADDscalars")];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (head, command) = match top_level_colon(&cmd.raw) {
        Some(i) => (cmd.raw[..i].trim(), Some(cmd.raw[i + 1..].trim().to_string())),
        None => (cmd.raw.trim(), None),
    };
    let (name, options) = match top_level_comma(head) {
        Some(i) => (head[..i].trim().to_string(), head[i + 1..].trim().to_string()),
        None => (head.to_string(), String::new()),
    };
    let options =
        Options::parse("eststo", &options, OPTIONS, &["BY", "MARGin", "noEsample", "Refresh", "noCopy"])?;
    if let Some(command) = command {
        if command.is_empty() {
            return Err(StataError::syntax());
        }
        s.run_expanded(&command)?;
        return store(s, &name, &options);
    }
    let (word, rest) = name.split_once(char::is_whitespace).unwrap_or((&name, ""));
    match word {
        "clear" => {
            let names = std::mem::take(s.extensions.state::<Kept>()).names;
            names.iter().for_each(|n| _ = s.stored.remove(n));
            Ok(())
        }
        "dir" => s.run_expanded("estimates dir").map(|_| ()),
        "drop" => {
            for word in rest.split_whitespace() {
                let fitting = s.stored.iter().map(|(name, _)| name).filter(|name| wildcard(word, name));
                let names: Vec<String> = fitting.map(str::to_string).collect();
                if names.is_empty() {
                    return Err(StataError::new(111, format!("estimation result {word} not found")));
                }
                names.iter().for_each(|name| _ = s.stored.remove(name));
                s.extensions.state::<Kept>().names.retain(|name| !names.contains(name));
            }
            Ok(())
        }
        _ => store(s, &name, &options),
    }
}

fn store(s: &mut Session, name: &str, options: &Options) -> Result<()> {
    if s.e.cmd().is_empty() {
        return Err(StataError::no_estimates());
    }
    let automatic = name.is_empty();
    let name = if automatic {
        let kept = s.extensions.state::<Kept>();
        kept.last += 1;
        format!("{}{}", options.text("prefix").unwrap_or("est"), kept.last)
    } else {
        name.to_string()
    };
    if !is_valid_name(&name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    s.e.results.text("_estimates_name", name.as_str());
    let mut kept = s.e.clone();
    // behind `by` the group is the title
    let group = s.by.is_some().then(|| s.by_label.clone());
    if let Some(title) = options.text("title").map(str::to_string).or(group) {
        kept.results.text("estimates_title", title);
    }
    let pairs: Vec<&str> = options.text("addscalars").unwrap_or("").split_whitespace().collect();
    for pair in pairs.chunks(2) {
        let [scalar, value] = pair else { return Err(StataError::invalid("addscalars() needs pairs")) };
        let value = s.eval_num(value)?;
        kept.results.scalar(scalar, value);
    }
    s.stored.set(name.as_str(), kept);
    let all = s.extensions.state::<Kept>();
    if !all.names.contains(&name) {
        all.names.push(name.clone());
    }
    if automatic {
        s.print(format!("({name} stored)"));
    }
    Ok(())
}
