//! Commands of scripts that test programs: `cscript`, `rcof`, `_assert`; and `numlist`, which reads a list of numbers.

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options, parse_number};
use crate::syntax::split::{front_and_options, quote_at, skip_quote, top_level_comma, unquote};
use crate::syntax::{ParsedCommand, numlist};
use crate::value::is_missing;

pub(super) const CSCRIPT: CommandSpec = CommandSpec {
    notes: "drops data, labels, scalars, matrices and results, keeps programs and macros; no results; [P] undocumented",
    examples: &[Example {
        run: "set obs 3\ngenerate x = 1\nscalar gone = 1\ncscript \"a test\" adofile x\ncapture confirm variable x\nscalar variable = _rc\ncapture display gone\nscalar known = _rc",
        expect: &[("variable", 111.0), ("known", 111.0), ("_N", 0.0)],
    }],
    ..CommandSpec::raw("cscript", 7, cscript, "cscript [\"title\"] [adofiles names]")
};
pub(super) const RCOF: CommandSpec = CommandSpec {
    notes: "r(9) unless the return code of the command fulfils the condition; no results; [P] undocumented",
    examples: &[Example {
        run: "rcof \"confirm variable nosuch\" == 111\ncapture rcof \"display 1\" == 198\nscalar wrong = _rc",
        expect: &[("wrong", 9.0)],
    }],
    ..CommandSpec::raw("rcof", 4, rcof, "rcof \"command\" {== | != | < | > | <= | >=} #")
};
pub(super) const ASSERT: CommandSpec = CommandSpec {
    notes: "of the first row, as a condition of if; r(9) or rc(#); no results; [P] undocumented",
    examples: &[Example {
        run: "_assert 1 + 1 == 2\ncapture _assert 1 > 2, msg(\"no\") rc(198)\nscalar code = _rc",
        expect: &[("code", 198.0)],
    }],
    ..CommandSpec::raw("_assert", 7, assert, "_assert exp [, message(text) rc(#)]")
};
pub(super) const NUMLIST: CommandSpec = CommandSpec {
    notes: "stores r(numlist); [P] numlist",
    examples: &[Example {
        run: "numlist \"1/3 10(-5)0 2\", sort\nscalar same = \"`r(numlist)'\" == \"0 1 2 2 3 5 10\"\ncapture numlist \"1 2 3\", max(2)\nscalar many = _rc\ncapture numlist \"2 1\", ascending\nscalar order = _rc",
        expect: &[("same", 1.0), ("many", 123.0), ("order", 124.0)],
    }],
    ..CommandSpec::raw(
        "numlist",
        7,
        numbers,
        "numlist \"numlist\" [, ascending descending integer missingokay min(#) max(#) range(operator#[,operator#]) sort]",
    )
};

fn cscript(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    for line in ["drop _all", "label drop _all", "scalar drop _all", "matrix drop _all", "discard"] {
        quietly(s, line)?;
    }
    s.e = crate::results::Estimation::default();
    s.r = Results::default();
    s.print("-".repeat(60));
    let title = cmd.raw.trim().to_string();
    s.print(format!("-> {title}"));
    Ok(())
}

fn rcof(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    if !quote_at(raw.as_bytes(), 0) {
        return Err(StataError::syntax());
    }
    let end = skip_quote(raw.as_bytes(), 0);
    let (command, condition) = (unquote(&raw[..end]).to_string(), raw[end..].trim().to_string());
    if condition.is_empty() {
        return Err(StataError::syntax());
    }
    s.run_expanded(&format!("capture {command}"))?;
    let code = s.rc;
    if s.eval_num(&format!("{code} {condition}"))? != 0.0 {
        return Ok(());
    }
    s.print(format!("rcof:  _rc {condition} from {command}  -> _rc == {code}"));
    Err(StataError::standard(9))
}

fn assert(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (exp, options) = front_and_options(&cmd.raw);
    let options = Options::parse("_assert", options, &[OptSpec::text("MEssage"), OptSpec::int("rc")], &[])?;
    if s.eval_num(exp)? != 0.0 {
        return Ok(());
    }
    let code = options.int("rc").and_then(|c| i32::try_from(c).ok()).unwrap_or(9);
    Err(match options.text("message") {
        Some(text) => StataError::new(code, text),
        None => StataError::standard(code),
    })
}

/// True where a number fulfils `>=#`, `<#` and the like.
fn fulfils(x: f64, condition: &str) -> Result<bool> {
    let wrong = || StataError::invalid("option range() incorrectly specified");
    let end = condition.find(|c: char| !"<>=".contains(c)).ok_or_else(wrong)?;
    let bound = parse_number(condition[end..].trim()).ok_or_else(wrong)?;
    match &condition[..end] {
        ">=" => Ok(x >= bound),
        ">" => Ok(x > bound),
        "<=" => Ok(x <= bound),
        "<" => Ok(x < bound),
        _ => Err(wrong()),
    }
}

const NUMLIST_OPTIONS: &[OptSpec] = &[
    OptSpec::flag("Ascending"),
    OptSpec::flag("Descending"),
    OptSpec::flag("Integer"),
    OptSpec::flag("MISsingokay"),
    OptSpec::int("MIN"),
    OptSpec::int("MAX"),
    OptSpec::text("Range"),
    OptSpec::flag("Sort"),
];

/// [P] numlist: r(121) to r(127) for lists that break a condition.
fn numbers(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let at = top_level_comma(&cmd.raw);
    let (text, rest) = at.map_or((cmd.raw.as_str(), ""), |at| (&cmd.raw[..at], &cmd.raw[at + 1..]));
    let options = Options::parse("numlist", rest, NUMLIST_OPTIONS, &[])?;
    let mut list = numlist::expand(unquote(text.trim()))?;
    if !options.has("missingokay") && list.iter().any(|x| is_missing(*x)) {
        return Err(StataError::new(127, "invalid numlist has missing values"));
    }
    if options.has("integer") && list.iter().any(|x| x.fract() != 0.0) {
        return Err(StataError::standard(126));
    }
    let count = i64::try_from(list.len()).unwrap_or(i64::MAX);
    if options.int("min").unwrap_or(1) > count {
        return Err(StataError::standard(122));
    }
    if options.int("max").unwrap_or(2_500) < count {
        return Err(StataError::standard(123));
    }
    let ordered = |wrong: fn(f64, f64) -> bool| list.windows(2).all(|w| !wrong(w[0], w[1]));
    if options.has("ascending") && !ordered(|a, b| a >= b)
        || options.has("descending") && !ordered(|a, b| a <= b)
    {
        return Err(StataError::standard(124));
    }
    for condition in options.text("range").unwrap_or("").split([',', ' ']).filter(|c| !c.is_empty()) {
        for x in &list {
            if !fulfils(*x, condition)? {
                return Err(StataError::standard(125));
            }
        }
    }
    if options.has("sort") {
        list.sort_by(f64::total_cmp);
    }
    let words: Vec<String> = list.iter().map(|x| format::macro_text(*x)).collect();
    let mut r = Results::default();
    r.text("numlist", words.join(" "));
    s.r = r;
    Ok(())
}
