//! `infile`: values separated by blanks or commas, and records that a dictionary describes ([D] infile).

use super::dictionary;
use super::raw::{self, Field, type_word};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, varlist};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Automatic"),
    OptSpec::int("BYVariable"),
    OptSpec::text("Using"),
    OptSpec::flag("CLEAR"),
])
.using(Using::Required);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "infile",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "infile varlist [_skip[(#)] ...] using filename [if] [in] [, automatic byvariable(#) clear]; infile using dictionary [if] [in] [, using(filename) automatic clear]",
    notes: "a variable may have a type before it and :lblname after it; two commas in a row are a missing value; no results; dictionaries: _lrecl() is refused, see [D] infile (free format), [D] infile (fixed format)",
    examples: &[
        Example {
            run: "scalar n = filewrite(\"free.raw\", \"1 \" + char(34) + \"a b\" + char(34) + \" 2\" + char(10) + \"3,c,,4 d .\" + char(10), 1)\ninfile x str4 s y using free.raw, clear\nerase free.raw",
            expect: &[
                ("_N", 3.0),
                ("x[2]", 3.0),
                ("s[1] == \"a b\"", 1.0),
                ("missing(y[2])", 1.0),
                ("x[3]", 4.0),
            ],
        },
        Example {
            run: "scalar n = filewrite(\"d.dct\", \"infile dictionary {\" + char(10) + \"byte a %2f\" + char(10) + \"_column(5) str3 s %3s\" + char(10) + \"}\" + char(10) + \"12  abc\" + char(10) + \" 7  def\" + char(10), 1)\ninfile using d.dct, clear\nerase d.dct",
            expect: &[("_N", 2.0), ("a[2]", 7.0), ("s[2] == \"def\"", 1.0)],
        },
    ],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    raw::check_memory(s, cmd)?;
    let named = cmd.using.clone().unwrap_or_default();
    if cmd.list.trim().is_empty() {
        return dictionary::read(s, cmd, &named);
    }
    if cmd.options.has("using") {
        return Err(StataError::invalid("option using() is allowed with a dictionary only"));
    }
    let mut slots = slots(s, &cmd.list)?;
    let text = raw::text_of(s, &named, "raw")?;
    let mut labels = Frame::new();
    let mut reader = Automatic { on: cmd.has("automatic"), labels: &mut labels };
    let values = tokens(&text);
    let by_variable = match cmd.options.int("byvariable") {
        Some(n) if n < 1 || n as usize > values.len() => {
            return Err(StataError::invalid("option byvariable() incorrectly specified"));
        }
        n => n.map(|n| n as usize),
    };
    let width = slots.len();
    for (k, value) in values.iter().enumerate() {
        let at = match by_variable {
            Some(n) if k >= n * width => break,
            Some(n) => k / n,
            None => k % width,
        };
        if let Some(field) = &mut slots[at] {
            reader.push(s, field, value);
        }
    }
    let mut fields: Vec<Field> = slots.into_iter().flatten().collect();
    let n = by_variable.unwrap_or_else(|| values.len().div_ceil(width));
    if values.len() < n * width {
        s.print("(eof not at end of obs)");
    }
    for field in &mut fields {
        while field.len() < n {
            field.push_missing();
        }
    }
    raw::finish(s, cmd, fields, labels)
}

/// The variables of the list in order; nothing where a value is skipped.
fn slots(s: &Session, list: &str) -> Result<Vec<Option<Field>>> {
    let spaced = list.replace('(', " ( ").replace(')', " ) ").replace("_skip ( ", "_skip(");
    let mut out: Vec<Option<Field>> = Vec::new();
    let usual = (s.settings.default_type, false);
    let (mut ty, mut group) = (usual, false);
    let mut seen = std::collections::HashSet::new();
    let mut words = spaced.split_whitespace();
    while let Some(word) = words.next() {
        if let Some(n) = word.strip_prefix("_skip") {
            let n = match n.strip_prefix('(') {
                Some(n) => {
                    words.next();
                    n.parse::<usize>()
                        .ok()
                        .filter(|n| (1..=32_767).contains(n))
                        .ok_or_else(|| StataError::invalid(format!("_skip({n}) invalid")))?
                }
                None => 1,
            };
            out.extend((0..n).map(|_| None));
        } else if let Some(found) = type_word(word) {
            ty = found;
        } else if word == "(" || word == ")" {
            group = word == "(";
            if !group {
                ty = usual;
            }
        } else {
            let (names, labels) = word.split_once(':').map_or((word, None), |(n, l)| (n, Some(l)));
            for name in varlist::new_names(&Frame::new(), names)? {
                if !seen.insert(name.clone()) {
                    return Err(StataError::already_defined(&name));
                }
                let mut field = Field::new(&name, ty.0, ty.1)?;
                field.labels = labels.map(str::to_string);
                out.push(Some(field));
            }
            if !group {
                ty = usual;
            }
        }
    }
    if out.iter().flatten().next().is_none() {
        return Err(StataError::standard(102));
    }
    Ok(out)
}

/// Reads texts of variables with value labels.
pub(super) struct Automatic<'a> {
    /// Whether texts that are no numbers get new values.
    pub(super) on: bool,
    /// Holds the labels.
    pub(super) labels: &'a mut Frame,
}

impl Automatic<'_> {
    /// Appends a value; where labels may be made, a text that is no number becomes the number of its label.
    pub(super) fn push(&mut self, s: &mut Session, field: &mut Field, text: &str) {
        let is_number = super::cells::number(text.as_bytes()).is_some();
        if field.is_string() || is_number || (field.labels.is_none() && !self.on) {
            return field.push(s, text);
        }
        let set = field.labels.get_or_insert_with(|| field.name.clone()).clone();
        let known = self.labels.value_labels.entry(set).or_default();
        let value = match known.value_of(text) {
            Some(value) => Some(value),
            // without `automatic` only defined labels count, and a new data set has none
            None if !self.on => None,
            None => {
                let next = known.iter().map(|l| l.0).fold(0.0, f64::max) + 1.0;
                known.set(next, text);
                Some(next)
            }
        };
        match value {
            Some(value) => field.push_number(value),
            None => field.push(s, text),
        }
    }
}

/// Values separated by blanks, ends of lines or commas; quotes hold texts together, and nothing between two commas
/// is a missing value.
fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for line in text.lines() {
        let mut rest = line.trim();
        let mut after_comma = false;
        while !rest.is_empty() {
            let first = rest.chars().next().unwrap_or(' ');
            if first == ',' {
                if after_comma {
                    out.push(String::new());
                }
                after_comma = true;
                rest = rest[1..].trim_start();
                if rest.is_empty() {
                    out.push(String::new());
                }
                continue;
            }
            after_comma = false;
            let (value, end) = if first == '"' || first == '\'' {
                match rest[1..].find(first) {
                    Some(k) => (&rest[1..=k], k + 2),
                    None => (&rest[1..], rest.len()),
                }
            } else {
                let end = rest.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(rest.len());
                (&rest[..end], end)
            };
            out.push(value.to_string());
            let blank = rest[end..].len();
            rest = rest[end..].trim_start();
            // a comma after a value separates it from the next one
            if let Some(next) = rest.strip_prefix(',') {
                after_comma = true;
                rest = next.trim_start();
                if rest.is_empty() {
                    out.push(String::new());
                }
            } else if blank == rest.len() && blank > 0 {
                // a quoted text that touches the next value
                after_comma = false;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn blanks_commas_and_quotes_separate_values() {
        assert_eq!(tokens("1 2,3\n\"a b\" c"), ["1", "2", "3", "a b", "c"]);
        assert_eq!(tokens("1,,3"), ["1", "", "3"]);
        assert_eq!(tokens("1 , 2 , 3"), ["1", "2", "3"]);
        assert_eq!(tokens(",2"), ["2"]);
        assert_eq!(tokens("1,2,"), ["1", "2", ""]);
    }
}
