//! Questions that are commands: `xtreg lnwage tenure i.year, fe vce(cluster id)`, `coxph(Surv(months, died) ~ arm)`. A person who writes
//! one says outcome, variables, sample, weights and standard errors; the draft takes them as they are, and asks about every part that
//! no analysis has a place for.

mod calls;
mod filled;
mod form;
mod settings;
mod syntax;
mod table;
mod variables;

use std::sync::LazyLock;

use regex::Regex;

use self::filled::{Filled, filled};
use self::syntax::Command;
use self::table::{Entry, Table};
use super::complete::used;
use super::explain::both;
use super::method::ranked;
use super::open_method::alternatives;
use super::questions::of_gap;
use super::role_words::part;
use super::structure::structure;
use super::{BLOCKED, Choice, MethodChoice, OpenQuestion, SuggestInput, Suggestion, columns};
use crate::domain::spelling::did_you_mean;
use crate::domain::template::TemplateMeta;
use crate::library::missing_parameters::draft_gaps;
use crate::library::tokens::is_han;

/// How sure what the command says is, and what the data alone decide.
const STATED: f64 = 0.95;
const BY_STRUCTURE: f64 = 0.8;

/// The draft of a question that is a command; none for any other.
pub(super) fn suggested(input: &SuggestInput<'_>) -> Option<Suggestion> {
    let lines = lines_of(input.question);
    if lines.is_empty() {
        return None;
    }
    let (named, _) = columns::named(input.dataset, input.values, input.question.chars().any(is_han));
    let (entry, command) = lines.into_iter().find(|(_, command)| variables::is_command(command, &named))?;
    let structure = structure(&named, input.dataset.row_count, &[], false);
    let made = filled(entry, &command, input.library, &named, &structure)?;
    let meta = &input.library.get(&made.template)?.meta;
    Some(explained(input, &command, made, meta))
}

/// The commands that the lines of a question may be.
fn lines_of(question: &str) -> Vec<(&'static Entry, Command)> {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?i:[>.$`\s]+|(?:please|can you|could you|i want to|we want to|run|estimate|fit|do|execute|replicate|try|use|using|in)\b|(?:the|this|a|stata|r|python|command|code|model)\b|[:：,，]|请|帮我|运行|执行|跑一下|跑|做|命令|代码|用|的)+")
            .expect("a pattern")
    });
    let mut lines = Vec::new();
    for line in question.split(['\n', '`']) {
        let line = line.trim().trim_end_matches(['.', '?', '。', '？', '`']);
        let bare = BEFORE.find(line).map_or(line, |lead| &line[lead.end()..]);
        for text in [line, bare] {
            lines.extend(command_of(text.trim()));
        }
    }
    lines
}

fn command_of(line: &str) -> Option<(&'static Entry, Command)> {
    let table = Table::known();
    if let Some(call) = calls::call(line) {
        let (entry, _) = table.command(&[&call.name])?;
        return Some((entry, call));
    }
    let (prefixes, line) = without_prefixes(line);
    let words: Vec<&str> =
        line.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()).collect();
    let (entry, count) = table.command(&words)?;
    let mut rest = line;
    for word in &words[..count] {
        rest = rest.trim_start().strip_prefix(word)?;
    }
    let name = words[..count].join(" ").to_lowercase();
    Some((entry, syntax::stata(&name, prefixes, rest)?))
}

/// Takes `svy:` and `bysort region:` off a line.
fn without_prefixes(mut line: &str) -> (Vec<String>, &str) {
    static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(xi|qui\w*|noi\w*|cap\w*|svy|by|bys|bysort|bootstrap|jackknife|mi estimate)\b([^:,()]*)(?:,[^:]*)?:\s*")
            .expect("a pattern")
    });
    static QUIET: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(qui|quietly|noi|noisily|cap|capture|xi)\s+").expect("a pattern"));
    let mut prefixes = Vec::new();
    loop {
        if let Some(found) = PREFIX.captures(line) {
            prefixes.push(format!("{}{}", &found[1], &found[2]).trim().to_owned());
            line = &line[found[0].len()..];
        } else if let Some(found) = QUIET.find(line) {
            line = &line[found.end()..];
        } else {
            return (prefixes, line);
        }
    }
}

fn explained(input: &SuggestInput<'_>, command: &Command, made: Filled, meta: &TemplateMeta) -> Suggestion {
    let statement = made.statement;
    let mut choices: Vec<Choice> = Vec::new();
    for (role, of_role) in &statement.roles {
        let by_structure = made.by_structure.contains(role);
        let (en, zh) = part(role, "", of_role.len() > 1);
        let names = of_role.join(", ");
        let (basis, first, confidence) = if by_structure {
            let why =
                both(format!("{names} fits by the structure of the data"), format!("按数据结构选用 {names}"));
            ("structure", why, BY_STRUCTURE)
        } else {
            ("name", both(format!("the command names {names}"), format!("命令中写明了 {names}")), STATED)
        };
        choices.push(Choice {
            field: format!("roles.{role}"),
            columns: of_role.clone(),
            words: if by_structure { Vec::new() } else { of_role.clone() },
            basis: basis.to_owned(),
            reason: both(format!("{}; {en}", first.en), format!("{}；{zh}", first.zh.unwrap_or_default())),
            confidence,
            alternatives: Vec::new(),
        });
    }
    for (name, value) in &statement.parameters {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        choices.push(Choice {
            field: format!("parameters.{name}"),
            columns: vec![shown],
            words: Vec::new(),
            basis: if value.is_number() { "number" } else { "name" }.to_owned(),
            reason: both("the command says so", "命令中这样写明"),
            confidence: STATED,
            alternatives: Vec::new(),
        });
    }
    let mut open_questions: Vec<OpenQuestion> =
        made.unread.iter().map(|text| of_part(&command.name, text)).collect();
    let names: Vec<&str> = input.dataset.columns.iter().map(|c| c.name.as_str()).collect();
    open_questions.extend(made.absent.iter().map(|(role, name)| absent(role, name, &names)));
    let taken = used(&statement);
    let asked = |field: &str| made.absent.iter().any(|(role, _)| role == field);
    for gap in draft_gaps(meta, &statement, &input.dataset.columns).iter().filter(|gap| !asked(&gap.field)) {
        let free = gap.candidates.iter().filter(|name| !taken.contains(name.as_str())).cloned().collect();
        open_questions.push(of_gap(gap, free));
    }
    let ranking = ranked(input, &statement);
    let method = MethodChoice {
        template_id: meta.id.to_string(),
        title: meta.title.clone(),
        reason: both(
            format!("the question is the command {}", command.name),
            format!("问题是命令 {}", command.name),
        ),
        confidence: STATED,
        alternatives: alternatives(input.library, &ranking, &meta.id),
    };
    let blocking = open_questions.iter().filter(|q| q.blocking).count();
    let least = choices.iter().map(|c| c.confidence).fold(STATED, f64::min);
    Suggestion {
        template_id: Some(meta.id.clone()),
        statement,
        method: Some(method),
        choices,
        open_questions,
        confidence: least * BLOCKED.powi(i32::try_from(blocking).unwrap_or(i32::MAX)),
    }
}

/// Asks for a column that the data do not have; this blocks.
fn absent(role: &str, name: &str, columns: &[&str]) -> OpenQuestion {
    let near = did_you_mean(name, columns);
    OpenQuestion {
        field: role.to_owned(),
        question: both(
            format!("The command names {name}, and the data have no such column{near}"),
            format!("命令中写了 {name}，数据中没有这个变量{near}"),
        ),
        blocking: true,
        candidates: Vec::new(),
    }
}

/// Asks about a part of a command that the analysis has no place for; this blocks.
fn of_part(command: &str, text: &str) -> OpenQuestion {
    OpenQuestion {
        field: "requirement".to_owned(),
        question: both(
            format!(
                "The command {command} has “{text}”, for which this analysis has no place. Is the draft right without it?"
            ),
            format!("命令 {command} 中的“{text}”在该分析中没有对应。去掉它是否可以？"),
        ),
        blocking: true,
        candidates: Vec::new(),
    }
}
