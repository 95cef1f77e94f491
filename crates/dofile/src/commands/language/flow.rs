//! Statements of programs and do-files: `program`, `syntax`, `do`, `run`, `include`, `error`,
//! `assert`, `confirm`, `preserve`, `restore`, `mark`, `marksample`, `markout`, `clear`.

use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, Variable, is_valid_name};
use crate::ops::files::with_extension;
use crate::session::{Echo, Flow, Frames, Scope, Session};
use crate::syntax::split::{unquote, words};
use crate::syntax::{FvList, OptSpec, ParsedCommand, varlist};
use crate::value::is_missing;

pub(super) const SYNTAX: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "program define t, rclass\nsyntax varlist(min=1) [if] [, Level(real 95) noHEAD Tag(string)]\nreturn scalar k = wordcount(\"`varlist'\")\nreturn scalar l = `level'\nend\nset obs 2\ngenerate a = 1\ngenerate b = 1\nt a b if a == 1, level(90)",
        expect: &[("r(k)", 2.0), ("r(l)", 90.0)],
    }],
    ..CommandSpec::raw("syntax", 4, |s, c| s.syntax_statement(&c.raw), "syntax description_of_syntax")
};
pub(super) const PROGRAM: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "program define t, rclass\nreturn scalar d = 2 * `1'\nend\nt 21\nscalar a = r(d)\nprogram drop t\ncapture t 21\nscalar rc = _rc",
        expect: &[("a", 42.0), ("rc", 199.0)],
    }],
    ..CommandSpec::raw("program", 2, program, "program {define|drop|list|dir} [name]")
};
pub(super) const DO: CommandSpec = CommandSpec {
    examples: &[
        Example {
            // The file has its arguments and local macros of its own.
            run: "tempfile f\nfile open h using `f', write text\nfile write h \"local k 3\" _n \"scalar a = 2*\\`1'\" _n\nfile close h\ndo `f' 7\nscalar own = \"`k'\" == \"\"",
            expect: &[("a", 14.0), ("own", 1.0)],
        },
        Example {
            // The commands behind an error run too.
            run: "tempfile f\nfile open h using `f', write text\nfile write h \"error 111\" _n \"if 1 {\" _n \"error 9\" _n \"}\" _n \"else scalar b = 1\" _n \"scalar a = 2\" _n\nfile close h\ndo `f', nostop",
            expect: &[("a", 2.0)],
        },
    ],
    ..CommandSpec::raw("do", 2, |s, c| run_file(s, c, Mode::Do), "do filename [arguments] [, nostop]")
};
pub(super) const RUN: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "tempfile f\nfile open h using `f', write text\nfile write h \"local k 3\" _n \"scalar a = 2*\\`1'\" _n\nfile close h\nrun `f' 7\nscalar own = \"`k'\" == \"\"",
        expect: &[("a", 14.0), ("own", 1.0)],
    }],
    ..CommandSpec::raw("run", 2, |s, c| run_file(s, c, Mode::Run), "run filename [arguments] [, nostop]")
};
pub(super) const INCLUDE: CommandSpec = CommandSpec {
    examples: &[Example {
        // The local macros of the file remain.
        run: "tempfile f\nfile open h using `f', write text\nfile write h \"local k 3\" _n\nfile close h\ninclude `f'\nscalar a = `k'",
        expect: &[("a", 3.0)],
    }],
    ..CommandSpec::raw("include", 4, |s, c| run_file(s, c, Mode::Include), "include filename")
};
pub(super) const ERROR: CommandSpec = CommandSpec {
    examples: &[Example { run: "capture error 111\nscalar rc = _rc", expect: &[("rc", 111.0)] }],
    ..CommandSpec::raw("error", 3, error, "error exp")
};
pub(super) const ASSERT: CommandSpec = CommandSpec {
    by: ByRule::EachGroup,
    examples: &[Example {
        run: "set obs 2\ncapture assert _n == 1\nscalar rc = _rc",
        expect: &[("rc", 9.0)],
    }],
    ..CommandSpec::raw("assert", 2, assert, "assert exp [if] [in] [, rc0 null fast]")
};
pub(super) const CONFIRM: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 1\ngenerate x = 1\ncapture confirm variable y\nscalar a = _rc\ncapture confirm string variable x\nscalar b = _rc\ncapture confirm number 3\nscalar c = _rc",
        expect: &[("a", 111.0), ("b", 7.0), ("c", 0.0)],
    }],
    ..CommandSpec::raw(
        "confirm",
        4,
        confirm,
        "confirm {variable|new|numeric|string|file|number|integer|matrix|scalar|names|existence} ...",
    )
};
pub(super) const PRESERVE: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 3\ngenerate x = _n\npreserve\ndrop in 1/2\nscalar m = _N\nrestore\nscalar n = _N",
        expect: &[("m", 1.0), ("n", 3.0), ("x[1]", 1.0)],
    }],
    ..CommandSpec::raw("preserve", 5, preserve, "preserve")
};
pub(super) const RESTORE: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 3\ngenerate x = _n\npreserve\ndrop in 1\nrestore, not\nscalar n = _N\ncapture restore\nscalar rc = _rc",
        expect: &[("n", 2.0), ("rc", 622.0)],
    }],
    ..CommandSpec::raw("restore", 4, restore, "restore [, not preserve]")
};
const MARKS: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("STRok"), OptSpec::flag("NOVARlist"), OptSpec::flag("zeroweight")]);
const MARKOUT_SYNTAX: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("STRok"), OptSpec::flag("sysmissok")]);
pub(super) const MARKSAMPLE: CommandSpec = CommandSpec {
    examples: &[Example {
        // Rows 1, 3 and 4.
        run: "program define t, rclass\nsyntax varlist [if]\nmarksample touse\ncount if `touse'\nreturn scalar n = r(N)\nend\nset obs 5\ngenerate x = _n\nreplace x = . in 2\nt x if _n < 5",
        expect: &[("r(n)", 3.0)],
    }],
    form: Form::Standard(&MARKS),
    ..CommandSpec::raw("marksample", 6, marksample, "marksample lmacname [, novarlist strok zeroweight]")
};
pub(super) const MARK: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\nmark m if x > 1\nsummarize m",
        expect: &[("r(sum)", 3.0), ("m[1]", 0.0)],
    }],
    form: Form::Standard(&MARK_SYNTAX),
    ..CommandSpec::raw("mark", 4, mark, "mark newmarkvar [if] [in] [weight] [, zeroweight]")
};
const MARK_SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("zeroweight")]).weights(super::ALL_WEIGHTS);
pub(super) const MARKOUT: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\nreplace x = . in 2/3\nmark m\nmarkout m x\nsummarize m",
        expect: &[("r(sum)", 2.0), ("m[2]", 0.0)],
    }],
    form: Form::Standard(&MARKOUT_SYNTAX),
    ..CommandSpec::raw("markout", 7, markout, "markout markvar [varlist] [, strok sysmissok]")
};
pub(super) const CLEAR: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "set obs 3\ngenerate x = 1\nscalar s = 5\nclear\nscalar n = _N\ncapture confirm variable x\nscalar rc = _rc",
        expect: &[("n", 0.0), ("rc", 111.0), ("s", 5.0)],
    }],
    ..CommandSpec::raw("clear", 5, clear, "clear [all|matrix|programs|results|ado|mata|rngstream]")
};

fn program(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let words: Vec<&str> = cmd.raw.split_whitespace().collect();
    match words[..] {
        ["drop", "_all"] => s.programs.clear(),
        ["drop", ref names @ ..] if !names.is_empty() => {
            for n in names {
                if s.programs.remove(*n).is_none() {
                    return Err(StataError::new(111, format!("program {n} not found")));
                }
            }
        }
        ["dir"] | ["list"] => {
            let mut names: Vec<String> = s.programs.keys().cloned().collect();
            names.sort();
            names.into_iter().for_each(|n| s.print(n));
        }
        _ => return Err(StataError::syntax()),
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Do,
    Run,
    Include,
}

const MAX_DO: usize = 64;

fn run_file(s: &mut Session, cmd: &ParsedCommand, mode: Mode) -> Result<()> {
    let line = cmd.raw.rsplit_once(',').filter(|(_, option)| option.trim() == "nostop");
    let parts = words(line.map_or(cmd.raw.as_str(), |(file, _)| file));
    let name = parts
        .first()
        .map(|w| unquote(w))
        .ok_or_else(|| StataError::new(198, "invalid file specification"))?;
    let file = with_extension(name, "do");
    let bytes =
        std::fs::read(s.path(&file)).map_err(|_| StataError::new(601, format!("file {file} not found")))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if s.scopes.len() >= MAX_DO {
        return Err(StataError::new(1000, "system limit exceeded - see manual\ndo-files nested too deeply"));
    }
    let quiet = mode == Mode::Run;
    let depth = s.scopes.len();
    if mode != Mode::Include {
        let mut scope = Scope::default();
        scope.locals.insert("0".into(), parts[1..].join(" "));
        for (k, w) in parts[1..].iter().enumerate() {
            scope.locals.insert((k + 1).to_string(), unquote(w).to_string());
        }
        s.scopes.push(scope);
    }
    let (quiet_before, version) = (s.out.quiet, s.settings.version);
    s.out.quiet += usize::from(quiet);
    let echo = if s.out.echo && !quiet { Echo::On } else { Echo::Off };
    if echo == Echo::On {
        s.out.text("\n");
    }
    let result = if line.is_some() { s.run_text_to_end(&text, echo) } else { s.run_text(&text, echo) };
    s.out.quiet = quiet_before;
    if mode != Mode::Include {
        s.settings.version = version;
    }
    while s.scopes.len() > depth {
        s.leave_scope();
    }
    match result {
        Ok(flow) => {
            if echo == Echo::On {
                s.out.line(". \nend of do-file");
            }
            if flow == Flow::Quit {
                s.flow = Flow::Quit;
            }
            Ok(())
        }
        Err(e) => {
            if echo == Echo::On && !e.message.is_empty() {
                s.report(&e);
                s.out.line("\nend of do-file\n");
                return Err(StataError::new(e.code, ""));
            }
            Err(e)
        }
    }
}

fn error(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let code = s.eval_num(&cmd.raw)?;
    if code == 0.0 {
        return Ok(());
    }
    Err(StataError::standard(code as i32))
}

fn assert(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut cmd = ParsedCommand::split("assert", &cmd.raw, false)?;
    cmd.check_options(&[OptSpec::flag("rc0"), OptSpec::flag("null"), OptSpec::flag("fast")], &[])?;
    let c = s.compile_numeric(&cmd.list)?;
    let rows = s.rows(&cmd)?;
    let ctx = s.ctx();
    let (mut wrong, mut total) = (0, 0);
    if c.columns().is_empty() && s.frame.n_rows() == 0 {
        total = 1;
        wrong = usize::from(!c.holds(&ctx, 0));
    }
    for i in (0..rows.len()).filter(|&i| rows[i]) {
        total += 1;
        wrong += usize::from(!c.holds(&ctx, i));
    }
    if cmd.has("null") && total == 0 {
        return Err(StataError::new(8, "assertion is null: no observations"));
    }
    if wrong > 0 {
        if total > 1 {
            s.print(format!(
                "{wrong} contradiction{} in {total} observations",
                if wrong == 1 { "" } else { "s" }
            ));
        }
        if cmd.has("rc0") {
            return Ok(());
        }
        return Err(StataError::standard(9));
    }
    Ok(())
}

fn confirm(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.raw.split(',').next().unwrap_or("").trim().to_string();
    let exact = cmd.raw.split_once(',').is_some_and(|(_, o)| o.trim().starts_with("exact"));
    let mut parts: Vec<&str> = text.splitn(2, char::is_whitespace).collect();
    if parts.len() < 2 {
        parts.push("");
    }
    let (what, rest) = (parts[0], parts[1].trim());
    let is = |full: &str, min: usize| what.len() >= min && full.starts_with(what);
    let abbrev = s.settings.varabbrev && !exact;
    if is("existence", 1) {
        return if rest.is_empty() {
            Err(StataError::new(6, "nothing found where something expected"))
        } else {
            Ok(())
        };
    }
    if is("variable", 1) {
        let vars = varlist::resolve(&s.frame, rest, abbrev)?;
        return if vars.is_empty() { Err(StataError::standard(100)) } else { Ok(()) };
    }
    let (noun, list) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let of_length =
        what.strip_prefix("str").is_some_and(|n| n.parse::<u16>().is_ok() || matches!(n, "#" | "L"));
    let kinds = ["numeric", "string", "byte", "int", "long", "float", "double"];
    if (of_length || kinds.iter().any(|t| is(t, 3))) && !noun.is_empty() && "variable".starts_with(noun) {
        let vars = varlist::resolve(&s.frame, list, abbrev)?;
        if vars.is_empty() {
            return Err(StataError::standard(100));
        }
        for i in vars {
            let v = s.frame.var(i);
            let ty = v.data.storage_type().name();
            let ok = match what {
                w if w.starts_with("num") => !v.is_string(),
                "str#" => v.is_string() && ty != "strL",
                w if w.starts_with("str") && !of_length => v.is_string(),
                w => ty == w,
            };
            if !ok {
                let article = format!("'{}' found where {what} variable expected", v.name);
                return Err(StataError::new(7, article));
            }
        }
        return Ok(());
    }
    if is("new", 3) {
        let named = |full: &str| !list.is_empty() && !noun.is_empty() && full.starts_with(noun);
        if named("file") {
            let file = unquote(list.trim());
            return match s.path(file).exists() {
                true => Err(StataError::new(602, format!("file {file} already exists"))),
                false => Ok(()),
            };
        }
        let names = if named("variable") { list } else { rest };
        for name in names.split_whitespace() {
            if !is_valid_name(name) {
                return Err(StataError::new(7, format!("'{name}' found where new variable expected")));
            }
            if s.frame.find(name).is_some() {
                return Err(StataError::already_defined(name));
            }
        }
        return Ok(());
    }
    if is("file", 1) {
        let name = unquote(rest);
        return if s.path(name).is_file() {
            Ok(())
        } else {
            Err(StataError::new(601, format!("file {name} not found")))
        };
    }
    if is("number", 1) || is("integer", 3) {
        // confirm [integer] number string
        let of_integers = is("integer", 3);
        let (second, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let named = of_integers && !value.is_empty() && "number".starts_with(second);
        let x = crate::syntax::options::parse_number(if named { value.trim() } else { rest });
        let fine = x.is_some_and(|x| !of_integers || (!is_missing(x) && x.fract() == 0.0));
        return if fine {
            Ok(())
        } else {
            Err(StataError::new(7, format!("'{rest}' found where {what} expected")))
        };
    }
    if is("matrix", 3) {
        return if s.matrix(rest).is_some() {
            Ok(())
        } else {
            Err(StataError::new(111, format!("matrix {rest} not found")))
        };
    }
    if is("scalar", 2) {
        return if s.scalars.contains_key(rest) {
            Ok(())
        } else {
            Err(StataError::new(111, format!("scalar {rest} not found")))
        };
    }
    if is("names", 4) {
        return match rest.split_whitespace().find(|n| !is_valid_name(n)) {
            Some(n) => Err(StataError::new(7, format!("'{n}' found where name expected"))),
            None => Ok(()),
        };
    }
    if is("format", 4) {
        return if crate::format::Format::parse(rest).is_some() {
            Ok(())
        } else {
            Err(StataError::standard(120))
        };
    }
    // `confirm x` means `confirm variable x`
    if varlist::resolve(&s.frame, &text, abbrev).is_ok_and(|v| !v.is_empty()) {
        return Ok(());
    }
    Err(StataError::no_variable(what))
}

fn preserve(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.raw.is_empty() && !cmd.raw.trim_start_matches(',').trim().eq("changed") {
        return Err(StataError::syntax());
    }
    let frame = s.frame.clone();
    let scope = s.scope();
    if scope.preserved.is_some() {
        return Err(StataError::standard(621));
    }
    scope.preserved = Some(frame);
    Ok(())
}

fn restore(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let option = cmd.raw.trim_start_matches(',').trim().to_string();
    let saved = s.scope().preserved.take().ok_or_else(|| StataError::standard(622))?;
    match option.as_str() {
        "" => s.frame = saved,
        "not" => {}
        "preserve" => {
            s.frame = saved.clone();
            s.scope().preserved = Some(saved);
        }
        other => {
            s.scope().preserved = Some(saved);
            return Err(StataError::option_not_allowed(other));
        }
    }
    Ok(())
}

fn add_mark(s: &mut Session, name: &str, touse: &[bool]) -> Result<()> {
    let values: Vec<i8> = touse.iter().map(|&t| i8::from(t)).collect();
    if let Some(i) = s.frame.find(name) {
        s.frame.drop_vars(&[i]);
    }
    s.frame.add(Variable::new(name, Column::Byte(values)))?;
    Ok(())
}

/// The rows that `if` and `in` select, within the group that a byable program is called for.
fn group_rows(s: &mut Session, cmd: &ParsedCommand) -> Result<Vec<bool>> {
    let outer = s.by;
    if let Some(call) = s.scope().by {
        s.by = Some(call.rows);
    }
    let rows = s.rows(cmd);
    s.by = outer;
    rows
}

fn marksample(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let local = cmd.list.trim().to_string();
    if !is_valid_name(&local) {
        return Err(StataError::syntax());
    }
    let (text_if, text_in) = (s.local("if").to_string(), s.local("in").to_string());
    let weight = s.local("weight").to_string();
    let exp = s.local("exp").to_string();
    let varlist = s.local("varlist").to_string();
    let weight = if weight.is_empty() { String::new() } else { format!("[{weight}{exp}]") };
    let inner = ParsedCommand::split("mark", &format!("{text_if} {text_in} {weight}"), false)?;
    let mut touse = group_rows(s, &inner)?;
    weighted(s, &inner, &mut touse, cmd.has("zeroweight"))?;
    if !cmd.has("novarlist") && !varlist.is_empty() {
        markout_list(s, &varlist, &mut touse, cmd.has("strok"))?;
    }
    let id = s.fresh_id();
    let name = format!("__{id:06X}");
    s.scope().temporary.push(name.clone());
    add_mark(s, &name, &touse)?;
    s.set_local(&local, name);
    Ok(())
}

/// Excludes rows with missing values in a list that may hold operators.
fn markout_list(s: &Session, list: &str, touse: &mut [bool], strok: bool) -> Result<()> {
    match varlist::resolve(&s.frame, list, s.settings.varabbrev) {
        Ok(vars) => s.markout(&vars, touse, strok),
        Err(_) => FvList::parse(&s.frame, list, s.settings.varabbrev)?.markout(&s.frame, touse),
    }
}

fn mark(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = cmd.list.trim().to_string();
    if !is_valid_name(&name) && !name.starts_with("__") {
        return Err(StataError::syntax());
    }
    let mut touse = group_rows(s, cmd)?;
    weighted(s, cmd, &mut touse, cmd.has("zeroweight"))?;
    add_mark(s, &name, &touse)
}

/// Excludes rows whose weight is missing, or zero unless `zero` says that these stay.
fn weighted(s: &Session, cmd: &ParsedCommand, touse: &mut [bool], zero: bool) -> Result<()> {
    let selected = touse.to_vec();
    s.weights(cmd, crate::syntax::WeightKind::Frequency, touse)?;
    if let Some(weight) = cmd.weight.as_ref().filter(|_| zero) {
        let values = s.numbers(&weight.exp, &selected)?;
        for (row, mark) in touse.iter_mut().enumerate() {
            *mark |= selected[row] && values[row] == 0.0;
        }
    }
    Ok(())
}

fn markout(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (name, list) = cmd.list.split_once(char::is_whitespace).unwrap_or((cmd.list.as_str(), ""));
    let i = s.numeric_variable(name)?;
    let before: Vec<bool> = s.frame.numeric(i)?.iter().map(|&x| x != 0.0).collect();
    let mut touse = before.clone();
    markout_list(s, list, &mut touse, cmd.has("strok"))?;
    if cmd.has("sysmissok") {
        // `.` of numeric variables is no reason to leave a row out, .a to .z are
        touse.clone_from(&before);
        for v in s.varlist(list)? {
            match s.frame.var(v).is_string() {
                true => s.markout(&[v], &mut touse, cmd.has("strok"))?,
                false => {
                    let values = s.frame.numeric(v)?;
                    touse.iter_mut().zip(values.iter()).for_each(|(t, x)| *t &= *x <= crate::value::MISSING);
                }
            }
        }
    }
    let column = s.frame.column_mut(i);
    for (k, t) in touse.iter().enumerate() {
        if before[k] && !t {
            column.set_num(k, 0.0);
        }
    }
    Ok(())
}

fn clear(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let what = cmd.raw.trim();
    let all = what == "all" || what == "*";
    if what.is_empty() || all {
        s.frame = Frame::new();
    }
    match what {
        "" => {}
        "all" | "*" => {
            s.programs.clear();
            s.matrices.clear();
            s.scalars.clear();
            s.r.clear();
            s.s.clear();
            s.e = Default::default();
            s.stored = Default::default();
            s.frames = Frames::default();
            s.extensions.clear();
        }
        "matrix" | "matrices" => s.matrices.clear(),
        "programs" | "program" | "ado" => s.programs.clear(),
        "results" => {
            s.r.clear();
            s.s.clear();
            s.e = Default::default();
        }
        "mata" => s.extensions.remove::<crate::mata::State>(),
        "rngstream" | "frames" | "collect" => {}
        _ => {
            return Err(StataError::invalid(format!("clear {what}: invalid argument")));
        }
    }
    Ok(())
}
