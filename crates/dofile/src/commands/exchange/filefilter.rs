//! `filefilter`: a copy of a file with one pattern of bytes replaced by another ([D] filefilter).

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::ops::files::check_replace;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, front_and_options, unquote, words};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "filefilter",
    min: 10,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "filefilter oldfile newfile, from(pattern) to(pattern) [replace]",
    notes: "patterns may hold \\BS \\r \\n \\t \\M \\W \\U \\LQ \\RQ \\Q \\$ \\###d \\##h; stores r(occurrences) r(bytes_from) r(bytes_to); [D] filefilter",
    examples: &[Example {
        run: "tempfile a b\nfile open f using `a', write text\nfile write f \"1;2;3\" _n\nfile close f\nfilefilter `a' `b', from(\";\") to(\"\\t\\t\")",
        expect: &[("r(occurrences)", 2.0), ("r(bytes_from)", 1.0), ("r(bytes_to)", 2.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (files, options) = front_and_options(&cmd.raw);
    let specs = [OptSpec::text("From"), OptSpec::text("To"), OptSpec::flag("Replace")];
    let options = Options::parse("filefilter", options, &specs, &["ASCII2EBCDIC", "EBCDIC2ASCII"])?;
    let files: Vec<&str> = words(files).into_iter().map(unquote).collect();
    let [old, new] = files[..] else { return Err(StataError::syntax()) };
    let pattern = |name: &str| {
        let text =
            options.text(name).ok_or_else(|| StataError::invalid(format!("option {name}() required")))?;
        bytes(unquote(text.trim()))
    };
    let (from, to) = (pattern("from")?, pattern("to")?);
    if from.is_empty() {
        return Err(StataError::invalid("option from() is empty"));
    }
    let (source, target) = (s.path(old), s.path(new));
    if source == target {
        return Err(StataError::new(602, "the files must differ"));
    }
    let text = std::fs::read(&source).map_err(|_| StataError::new(601, format!("file {old} not found")))?;
    check_replace(&target, new, options.has("replace"))?;
    let (out, count) = replaced(&text, &from, &to);
    std::fs::write(&target, out).map_err(|e| StataError::unwritten(new, &e))?;
    s.print(format!("(file {new} was written; {count} occurrences)"));
    let mut results = Results::default();
    results.scalar("occurrences", count as f64);
    results.scalar("bytes_from", from.len() as f64).scalar("bytes_to", to.len() as f64);
    s.r = results;
    Ok(())
}

/// The bytes with each occurrence of `from` replaced, from left to right, and the number of occurrences.
fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> (Vec<u8>, usize) {
    let (mut out, mut count, mut at) = (Vec::with_capacity(text.len()), 0, 0);
    while at < text.len() {
        if text[at..].starts_with(from) {
            out.extend_from_slice(to);
            count += 1;
            at += from.len();
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    (out, count)
}

/// The bytes of a pattern; a backslash starts a name of a character.
fn bytes(pattern: &str) -> Result<Vec<u8>> {
    const NAMES: &[(&str, &[u8])] = &[
        ("BS", b"\\"),
        ("LQ", b"`"),
        ("RQ", b"'"),
        ("Q", b"\""),
        ("W", b"\r\n"),
        ("M", b"\r"),
        ("U", b"\n"),
        ("r", b"\r"),
        ("n", b"\n"),
        ("t", b"\t"),
        ("$", b"$"),
    ];
    let mut out = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let code = &rest[at + 1..];
        if let Some((name, value)) = NAMES.iter().find(|(name, _)| code.starts_with(name)) {
            out.extend_from_slice(value);
            rest = &code[name.len()..];
            continue;
        }
        // \###d and \##h
        let number = [(3, 'd', 10), (2, 'h', 16)].into_iter().find_map(|(digits, mark, radix)| {
            let value = u8::from_str_radix(code.get(..digits)?, radix).ok()?;
            code[digits..].starts_with(mark).then_some((value, digits + 1))
        });
        let (value, length) =
            number.ok_or_else(|| StataError::invalid(format!("pattern {pattern} is not allowed")))?;
        out.push(value);
        rest = &code[length..];
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}
