//! `describe`: the variables of the data in memory or of a file ([D] describe).

use super::listing::name_columns;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::Result;
use crate::format;
use crate::format::count_text;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("Short"),
    OptSpec::flag("SImple"),
    OptSpec::flag("Fullnames"),
    OptSpec::flag("VARList"),
])
.using(Using::Optional)
.unsupported(&["replace", "clear", "DEtail", "Numbers"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "describe",
    min: 1,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: describe,
    syntax: "describe [varlist] [using filename] [, short simple fullnames varlist]",
    notes: "stores r(N) r(k) r(width) r(changed); varlist adds r(varlist) r(sortlist)",
    examples: &[Example {
        run: "set obs 3\ngenerate x = 1\ngenerate str5 s = \"a\"\nquietly describe, varlist",
        expect: &[("r(N)", 3.0), ("r(k)", 2.0), ("r(width)", 9.0), ("wordcount(r(varlist))", 2.0)],
    }],
};

fn describe(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if let Some(file) = &cmd.using {
        let (path, file) = crate::ops::sources::source(s, file, "dta")?;
        let frame = crate::ops::data_files::read_dta(&path, &file, None, false)?;
        let own = std::mem::replace(&mut s.frame, frame);
        let result = describe_frame(s, cmd);
        s.frame = own;
        return result;
    }
    describe_frame(s, cmd)
}

fn describe_frame(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = if cmd.list.is_empty() { (0..s.frame.n_vars()).collect() } else { s.varlist(&cmd.list)? };
    if cmd.has("simple") {
        let names: Vec<String> = vars.iter().map(|&v| s.frame.var(v).name.clone()).collect();
        name_columns(s, &names);
    } else {
        s.print("");
        // the data set is described where no variables are named
        let whole = cmd.list.is_empty();
        if whole {
            data_lines(s);
        }
        if !cmd.has("short") {
            variable_lines(s, cmd, &vars, whole);
        }
        if whole {
            let sorted = s.frame.sorted_by.join("  ");
            s.print(format!("Sorted by: {sorted}"));
            if s.frame.changed {
                s.print("     Note: Dataset has changed since last saved.");
            }
        }
    }
    let mut r = Results::default();
    r.scalar("N", s.frame.n_rows() as f64)
        .scalar("k", s.frame.n_vars() as f64)
        .scalar("width", s.row_width() as f64)
        .scalar("changed", f64::from(u8::from(s.frame.changed)));
    if cmd.has("varlist") {
        let names: Vec<String> = vars.iter().map(|&v| s.frame.var(v).name.clone()).collect();
        r.text("varlist", names.join(" ")).text("sortlist", s.frame.sorted_by.join(" "));
    }
    s.r = r;
    Ok(())
}

/// The file, the numbers of rows and variables, label and time.
fn data_lines(s: &mut Session) {
    let from =
        if s.frame.filename.is_empty() { String::new() } else { format!(" from {}", s.frame.filename) };
    s.print(format!("Contains data{from}"));
    let fact = |name: &str, n: usize, text: &str| {
        format!("{name:>14} {:>13}{:18}{text}", count_text(n), "").trim_end().to_string()
    };
    s.print(fact("Observations:", s.frame.n_rows(), &s.frame.label));
    s.print(fact("Variables:", s.frame.n_vars(), &s.frame.timestamp));
    if super::codebook::notes_of(s, "_dta").next().is_some() {
        s.print(format!("{:46}(_dta has notes)", ""));
    }
}

/// A line for each variable; variables with notes have a star, and longer labels go on in further lines.
fn variable_lines(s: &mut Session, cmd: &ParsedCommand, vars: &[usize], whole: bool) {
    let rule = "-".repeat(s.settings.linesize.clamp(40, 255) - 1);
    if whole {
        s.print(rule.clone());
    }
    s.print("Variable      Storage   Display    Value");
    s.print("    name         type    format    label      Variable label");
    s.print(rule.clone());
    let room = s.settings.linesize.clamp(80, 255) - 47;
    let mut notes = false;
    for &v in vars {
        let var = s.frame.var(v).clone();
        let name = if cmd.has("fullnames") { var.name.clone() } else { format::abbrev(&var.name, 15) };
        let star = if super::codebook::notes_of(s, &var.name).next().is_some() { '*' } else { ' ' };
        notes |= star == '*';
        let mut label = wrapped(&var.label, room).into_iter();
        let text = format!(
            "{:<15} {:<7} {:<10} {:<9}{star} {}",
            name,
            var.data.storage_type().name(),
            var.format,
            format::abbrev(&var.value_label, 9),
            label.next().unwrap_or_default()
        );
        s.print(text.trim_end());
        label.for_each(|more| s.print(format!("{:48}{more}", "")));
    }
    if notes {
        s.print(format!("{:44}* indicated variables have notes", ""));
    }
    if whole {
        s.print(rule);
    }
}

/// A label broken at blanks: the first line holds `room` characters, the others, which stand two columns further right,
/// two less.
fn wrapped(label: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in label.split(' ') {
        let most = if lines.len() == 1 { room } else { room - 2 };
        let last = lines.last_mut().expect("there is a first line");
        if last.is_empty() {
            last.push_str(word);
        } else if last.chars().count() + 1 + word.chars().count() <= most {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_string());
        }
    }
    lines
}
