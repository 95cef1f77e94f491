//! Statements of programs and do-files: `program`, `syntax`, `do`, `run`, `include`, `error`,
//! `assert`, `preserve`, `restore`, `clear`.

use crate::commands::{ByRule, CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::frame::Frame;
use crate::ops::files::with_extension;
use crate::session::{Echo, Flow, Frames, Scope, Session};
use crate::syntax::split::{unquote, words};
use crate::syntax::{OptSpec, ParsedCommand};

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
pub(super) const CLEAR: CommandSpec = CommandSpec {
    examples: &[
        Example {
            run: "set obs 3\ngenerate x = 1\nscalar s = 5\nclear\nscalar n = _N\ncapture confirm variable x\nscalar rc = _rc",
            expect: &[("n", 0.0), ("rc", 111.0), ("s", 5.0)],
        },
        Example {
            run: "set obs 3\nframe create other\nclear frames\nscalar n = _N\ncapture frame other: display 1\nscalar rc = _rc",
            expect: &[("n", 0.0), ("rc", 111.0)],
        },
    ],
    ..CommandSpec::raw("clear", 5, clear, "clear [all|matrix|programs|results|ado|mata|frames|rngstream]")
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
        "frames" => {
            s.frame = Frame::new();
            s.frames = Frames::default();
        }
        "rngstream" | "collect" => {}
        _ => {
            return Err(StataError::invalid(format!("clear {what}: invalid argument")));
        }
    }
    Ok(())
}
