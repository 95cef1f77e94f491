//! `confirm`: ends with an error where something is not what a program expects (Stata's manual, [P] confirm).

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::format::Format;
use crate::frame::{Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::split::unquote;
use crate::syntax::{ParsedCommand, varlist};
use crate::value::is_missing;

pub(super) const SPEC: CommandSpec = CommandSpec {
    examples: &[
        Example {
            run: "set obs 1\ngenerate x = 1\ncapture confirm variable y\nscalar a = _rc\ncapture confirm string variable x\nscalar b = _rc\ncapture confirm number 3\nscalar c = _rc",
            expect: &[("a", 111.0), ("b", 7.0), ("c", 0.0)],
        },
        Example {
            run: "confirm date format %tdD_m_Y\ncapture confirm date format %9.2f\nscalar a = _rc\nconfirm new frame other\ncapture confirm frame other\nscalar b = _rc",
            expect: &[("a", 7.0), ("b", 111.0)],
        },
    ],
    ..CommandSpec::raw(
        "confirm",
        4,
        confirm,
        "confirm {variable|new|numeric|string|date|file|format|frame|number|integer|matrix|scalar|names|existence} ...",
    )
};

/// Judges what follows the words for a kind of thing.
type Check = fn(&Session, &str) -> Result<()>;

/// The words for a kind of thing, and the shortest form of each.
const KINDS: [(&[(&str, usize)], Check); 14] = [
    (&[("existence", 1)], existence),
    (&[("variable", 1)], variables),
    (&[("new", 3), ("file", 1)], new_file),
    (&[("new", 3), ("frame", 5)], new_frame),
    (&[("new", 3), ("variable", 1)], new_variables),
    (&[("new", 3)], new_variables),
    (&[("file", 1)], file),
    (&[("integer", 3), ("number", 1)], integer),
    (&[("integer", 3)], integer),
    (&[("number", 1)], number),
    (&[("matrix", 3)], matrix),
    (&[("scalar", 2)], scalar),
    (&[("names", 4)], names),
    (&[("frame", 5)], frame),
];

/// Types of variables by their words.
const TYPES: [&str; 7] = ["numeric", "string", "byte", "int", "long", "float", "double"];

fn confirm(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.raw.trim();
    let (what, rest) = word(text);
    let (noun, list) = word(rest);
    if !list.is_empty() && noun.len() > 2 && "format".starts_with(noun) && is_class(what) {
        return format_of(what, list);
    }
    if "format".starts_with(what) && what.len() > 3 {
        return format_of("", rest);
    }
    if !noun.is_empty() && "variable".starts_with(noun) && is_type(what) {
        return typed(s, what, list);
    }
    for (words, check) in KINDS {
        if let Some(object) = after(text, words) {
            return check(s, object);
        }
    }
    // `confirm x` means `confirm variable x`
    match listed(s, text) {
        Ok(found) if !found.is_empty() => Ok(()),
        _ => Err(StataError::no_variable(what)),
    }
}

/// The first word of a text, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (first, rest.trim())
}

/// What follows these words, which may be abbreviated; behind several words there must be something.
fn after<'a>(text: &'a str, words: &[(&str, usize)]) -> Option<&'a str> {
    let object = words.iter().try_fold(text, |text, (full, shortest)| {
        let (found, rest) = word(text);
        (found.len() >= *shortest && full.starts_with(found)).then_some(rest)
    })?;
    (words.len() == 1 || !object.is_empty()).then_some(object)
}

fn is_class(word: &str) -> bool {
    word.len() > 2 && ["numeric", "string", "date"].iter().any(|class| class.starts_with(word))
}

fn is_type(word: &str) -> bool {
    is_of_length(word) || word.len() > 2 && TYPES.iter().any(|name| name.starts_with(word))
}

/// `str8`, `str#` and `strL`.
fn is_of_length(word: &str) -> bool {
    word.strip_prefix("str")
        .is_some_and(|length| length.parse::<u16>().is_ok() || matches!(length, "#" | "L"))
}

fn otherwise(fine: bool, error: impl FnOnce() -> StataError) -> Result<()> {
    if fine { Ok(()) } else { Err(error()) }
}

fn found_where(found: &str, expected: &str) -> StataError {
    StataError::new(7, format!("'{found}' found where {expected} expected"))
}

fn existence(_: &Session, object: &str) -> Result<()> {
    otherwise(!object.is_empty(), || StataError::new(6, "nothing found where something expected"))
}

/// The variables of a list, which may end with the option `exact`.
fn listed(s: &Session, list: &str) -> Result<Vec<usize>> {
    let (list, option) = list.split_once(',').unwrap_or((list, ""));
    let exact = option.trim();
    otherwise(exact.is_empty() || exact == "exact", || StataError::option_not_allowed(exact))?;
    varlist::resolve(&s.frame, list.trim(), s.settings.varabbrev && exact.is_empty())
}

fn variables(s: &Session, list: &str) -> Result<()> {
    otherwise(!listed(s, list)?.is_empty(), || StataError::standard(100))
}

fn typed(s: &Session, wanted: &str, list: &str) -> Result<()> {
    let found = listed(s, list)?;
    otherwise(!found.is_empty(), || StataError::standard(100))?;
    let wanted = TYPES.into_iter().find(|name| name.starts_with(wanted)).unwrap_or(wanted);
    let wrong = found.into_iter().map(|i| s.frame.var(i)).find(|variable| !has_type(variable, wanted));
    wrong.map_or(Ok(()), |v| Err(found_where(&v.name, &format!("{wanted} variable"))))
}

fn has_type(variable: &Variable, wanted: &str) -> bool {
    let stored = variable.data.storage_type().name();
    match wanted {
        "str#" => variable.is_string() && stored != "strL",
        "string" => variable.is_string(),
        "numeric" => !variable.is_string(),
        _ => stored == wanted,
    }
}

fn new_variables(s: &Session, list: &str) -> Result<()> {
    for name in list.split_whitespace() {
        otherwise(is_valid_name(name), || found_where(name, "new variable"))?;
        otherwise(s.frame.find(name).is_none(), || StataError::already_defined(name))?;
    }
    Ok(())
}

fn file(s: &Session, object: &str) -> Result<()> {
    let name = unquote(object);
    otherwise(s.path(name).is_file(), || StataError::new(601, format!("file {name} not found")))
}

fn new_file(s: &Session, object: &str) -> Result<()> {
    let name = unquote(object);
    otherwise(!s.path(name).exists(), || StataError::new(602, format!("file {name} already exists")))
}

fn has_frame(s: &Session, name: &str) -> bool {
    s.frames.current == name || s.frames.others.contains_key(name)
}

fn frame(s: &Session, name: &str) -> Result<()> {
    otherwise(has_frame(s, name), || StataError::new(111, format!("frame {name} not found")))
}

fn new_frame(s: &Session, name: &str) -> Result<()> {
    otherwise(is_valid_name(name), || found_where(name, "new frame"))?;
    otherwise(!has_frame(s, name), || StataError::new(110, format!("frame {name} already defined")))
}

fn number(_: &Session, object: &str) -> Result<()> {
    otherwise(parse_number(object).is_some(), || found_where(object, "number"))
}

fn integer(_: &Session, object: &str) -> Result<()> {
    let fine = parse_number(object).is_some_and(|x| !is_missing(x) && x.fract() == 0.0);
    otherwise(fine, || found_where(object, "integer"))
}

fn matrix(s: &Session, name: &str) -> Result<()> {
    otherwise(s.matrix(name).is_some(), || StataError::new(111, format!("matrix {name} not found")))
}

fn scalar(s: &Session, name: &str) -> Result<()> {
    otherwise(s.scalars.contains_key(name), || StataError::new(111, format!("scalar {name} not found")))
}

fn names(_: &Session, list: &str) -> Result<()> {
    let wrong = list.split_whitespace().find(|name| !is_valid_name(name));
    wrong.map_or(Ok(()), |name| Err(found_where(name, "name")))
}

/// A display format, of the class `numeric`, `string` or `date` unless that is empty.
fn format_of(class: &str, text: &str) -> Result<()> {
    let Some(format) = Format::parse(text) else { return Err(StataError::standard(120)) };
    let fine = match class {
        "" => true,
        _ if "numeric".starts_with(class) => !format.is_string(),
        _ if "string".starts_with(class) => format.is_string(),
        _ => format.is_date(),
    };
    otherwise(fine, || found_where(text, &format!("{class} format")))
}
