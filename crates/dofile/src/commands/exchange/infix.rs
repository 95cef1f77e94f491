//! `infix`: columns of fixed width ([D] infix).

use super::raw::{self, Field, type_word};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::frame::{Frame, StorageType};
use crate::session::Session;
use crate::syntax::split::unquote;
use crate::syntax::{OptSpec, ParsedCommand};

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("Using"), OptSpec::flag("CLEAR")]).using(Using::Required);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "infix",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "infix specifications using filename [if] [in] [, clear]; infix using dictionary [if] [in] [, using(filename) clear]; specifications: [# firstlineoffile] [# lines] [#:] [/] [type] varname [#:]#[-#] ...",
    notes: "columns count bytes; blank numbers are missing; the extension of data is .raw, of a dictionary .dct; no results; [D] infix (fixed format)",
    examples: &[Example {
        run: "scalar n = filewrite(\"cols.raw\", \"12  3.5ab\" + char(10) + \" 7    .cd\" + char(10), 1)\ninfix byte a 1-2 b 3-7 str c 8-9 using cols.raw, clear\nerase cols.raw",
        expect: &[("_N", 2.0), ("a[2]", 7.0), ("b[1]", 3.5), ("c[2] == \"cd\"", 1.0), ("missing(b[2])", 1.0)],
    }],
};

/// Where the values of a variable stand: line of the record and columns, both from 1.
struct Place {
    line: usize,
    from: usize,
    to: usize,
}

/// What the specifications say.
struct Layout {
    first: usize,
    lines: usize,
    fields: Vec<(Field, Place)>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    raw::check_memory(s, cmd)?;
    let named = cmd.using.clone().unwrap_or_default();
    let (mut layout, text) = if cmd.list.trim().is_empty() {
        let dictionary = raw::text_of(s, &named, "dct")?;
        let (head, body, rest) = dictionary_parts(&dictionary)?;
        let file = cmd.options.text("using").map(str::to_string).or(head);
        let text = match file {
            Some(file) => raw::text_of(s, &file, "raw")?,
            None => rest.to_string(),
        };
        (layout(body)?, text)
    } else {
        if cmd.options.has("using") {
            return Err(StataError::invalid("option using() is allowed with a dictionary only"));
        }
        (layout(&cmd.list)?, raw::text_of(s, &named, "raw")?)
    };
    let lines: Vec<&str> = text.lines().skip(layout.first - 1).collect();
    for record in lines.chunks(layout.lines) {
        if record.iter().all(|l| l.trim().is_empty() || *l == "\u{1a}") && record.len() < layout.lines {
            continue;
        }
        for (field, place) in &mut layout.fields {
            let line = record.get(place.line - 1).copied().unwrap_or("").as_bytes();
            let cell = line.get((place.from - 1).min(line.len())..place.to.min(line.len())).unwrap_or(&[]);
            field.push(s, String::from_utf8_lossy(cell).trim());
        }
    }
    raw::finish(s, cmd, layout.fields.into_iter().map(|f| f.0).collect(), Frame::new())
}

/// File name, specifications and data of `infix dictionary [using file] { specifications } [data]`.
pub(super) fn dictionary_parts(text: &str) -> Result<(Option<String>, &str, &str)> {
    let bad = || StataError::new(612, "unexpected end of file in the dictionary");
    let open = text.find('{').ok_or_else(bad)?;
    let inside = &text[open..];
    let close = inside.find("\n}").map(|i| i + 1).or_else(|| inside.rfind('}')).ok_or_else(bad)? + open;
    let head: Vec<&str> = text[..open]
        .lines()
        .filter(|l| !l.trim_start().starts_with('*'))
        .flat_map(str::split_whitespace)
        .collect();
    if !head.iter().take(2).any(|w| *w == "dictionary") {
        return Err(StataError::new(198, "the file is not a dictionary"));
    }
    let file = head.iter().position(|w| *w == "using").map(|i| unquote(&head[i + 1..].join(" ")).to_string());
    let rest = text[close + 1..].strip_prefix("\r\n").or_else(|| text[close + 1..].strip_prefix('\n'));
    Ok((file, &text[open + 1..close], rest.unwrap_or("")))
}

/// Numbers of `12`, `12-15`, `12 - 15` as a range of columns.
fn range(text: &str) -> Option<(usize, usize)> {
    let (a, b) = text.split_once('-').unwrap_or((text, text));
    let (a, b) = (a.parse().ok()?, b.parse().ok()?);
    (a >= 1 && a <= b).then_some((a, b))
}

fn layout(text: &str) -> Result<Layout> {
    let plain: String =
        text.lines().filter(|l| !l.trim_start().starts_with('*')).collect::<Vec<_>>().join("\n");
    let spaced = plain.replace('/', " / ").replace(" -", "-").replace("- ", "-");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let bad =
        |word: &str| StataError::invalid(format!("'{word}' found where a variable or columns expected"));
    let mut out = Layout { first: 1, lines: 1, fields: Vec::new() };
    let (mut line, mut declared) = (1, None);
    let (mut ty, mut name): (Option<(StorageType, bool)>, Option<&str>) = (None, None);
    let mut i = 0;
    while i < words.len() {
        let word = words[i];
        let next = words.get(i + 1).copied().unwrap_or("");
        i += 1;
        if let (Some(n), true) = (word.parse::<usize>().ok(), name.is_none() && n_is_setting(next)) {
            if n == 0 {
                return Err(bad(word));
            }
            if next.starts_with('f') {
                out.first = n
            } else {
                declared = Some(n)
            }
            i += 1;
        } else if word == "/" {
            line += 1;
        } else if let (Some(n), None) = (word.strip_suffix(':').and_then(|n| n.parse::<usize>().ok()), name) {
            line = n.max(1);
        } else if let (Some(found), None) = (type_word(word), name) {
            ty = Some(found);
        } else if let Some(of) = name.take() {
            let (at, columns) = match word.split_once(':') {
                Some((n, c)) => (n.parse().ok().filter(|n| *n > 0).ok_or_else(|| bad(word))?, c),
                None => (line, word),
            };
            let (from, to) = range(columns).ok_or_else(|| bad(word))?;
            line = at;
            let (ty, any) = ty.take().unwrap_or((StorageType::Float, false));
            out.fields.push((Field::new(of, ty, any)?, Place { line: at, from, to }));
        } else {
            name = Some(word);
        }
    }
    if name.is_some() || out.fields.is_empty() {
        return Err(bad(name.unwrap_or("")));
    }
    let used = out.fields.iter().map(|f| f.1.line).max().unwrap_or(1).max(line);
    out.lines = declared.unwrap_or(used).max(used);
    Ok(out)
}

/// True for the words after a number that set the first line or the lines of a record.
fn n_is_setting(word: &str) -> bool {
    word == "lines" || word == "line" || (word.len() >= 5 && "firstlineoffile".starts_with(word))
}
