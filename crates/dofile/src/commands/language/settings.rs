//! `set`, `version`, `sysdir`, `discard`, `about` and the settings of a generated preamble that
//! have no meaning here.

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::StorageType;
use crate::rng::Mt64;
use crate::session::{ENGINE_VERSION, LANGUAGE_VERSION, Session, TableLook};
use crate::syntax::ParsedCommand;
use crate::value::is_missing;

pub(super) const SET: CommandSpec = CommandSpec {
    notes: "obs, seed, sortseed, rng (mt64 only), type, level, linesize, varabbrev, scheme, iterlog have their meaning; more, rmsg, trace, pause, dp period, emptycells, processors, max_memory, niceness, segmentsize, maxvar, matsize, adosize, logtype, output and settings of windows are accepted and have none",
    examples: &[Example {
        run: "set obs 3\nset seed 12345\ngenerate double u = runiform()",
        expect: &[("u[1]", 0.357_629_722_888_425_9), ("u[2]", 0.400_442_617_044_061_26)],
    }],
    ..CommandSpec::raw("set", 3, set, "set name value")
};
pub(super) const VERSION: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "version 16: scalar a = 1\ncapture version 99\nscalar rc = _rc",
        expect: &[("a", 1.0), ("rc", 9.0)],
    }],
    ..CommandSpec::raw("version", 4, version, "version # [: command]")
};
pub(super) const SYSDIR: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "capture sysdir set PLUS \"ado\"\nscalar a = _rc\ncapture sysdir PLUS\nscalar b = _rc",
        expect: &[("a", 0.0), ("b", 198.0)],
    }],
    ..CommandSpec::raw("sysdir", 6, sysdir, "sysdir set codeword \"path\"")
};
pub(super) const DISCARD: CommandSpec = CommandSpec {
    examples: &[Example {
        // Data and scalars stay.
        run: "set obs 2\nscalar s = 3\ndiscard\nscalar n = _N",
        expect: &[("n", 2.0), ("s", 3.0)],
    }],
    ..CommandSpec::raw("discard", 7, |_, _| Ok(()), "discard")
};
pub(super) const ABOUT: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "tempfile f\nquietly log using `f', text\nabout\nquietly log close\nfile open h using `f', read text\nfile read h line\nscalar found = 0\nwhile r(eof) == 0 {\nif strpos(`\"`line'\"', \"is not Stata\") scalar found = 1\nfile read h line\n}\nfile close h",
        expect: &[("found", 1.0)],
    }],
    ..CommandSpec::raw("about", 5, about, "about")
};

fn on_off(value: &str) -> Result<bool> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(StataError::syntax()),
    }
}

/// Settings of output, windows, updates and the memory of versions before 12: on or off, which changes nothing here.
const SWITCHES: &[&str] = &[
    "more",
    "rmsg",
    "trace",
    "pause",
    "revkeyboard",
    "coeftabresults",
    "virtual",
    "vir",
    "virt",
    "adoupdate",
    "autotabgraphs",
    "include_bitmap",
    "pinnable",
    "playsnd",
    "smoothfonts",
    "varkeyboard",
    "floatwindows",
    "locksplitters",
    "persistfv",
    "persistvtopic",
    "xptheme",
];

/// Settings of older versions: the width of the screen, of which the log had one of its own, and the size of texts in graphs.
fn older(s: &mut Session, name: &str, value: &str) -> Result<()> {
    let (what, number) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
    match (name, what) {
        ("textsize", _) => Ok(()),
        ("log", what) if what.starts_with("li") || what.starts_with("pa") => Ok(()),
        (_, what) if what.starts_with("pa") => Ok(()),
        ("display" | "di", what) if what.starts_with("li") => {
            let raw = format!("linesize {}", number.trim());
            set(s, &ParsedCommand { raw, ..ParsedCommand::default() })
        }
        _ => Err(StataError::unsupported_command(&format!("set {name} {value}"))),
    }
}

/// `set obs`: more rows, whose values are missing.
fn observations(s: &mut Session, n: f64) -> Result<()> {
    if n < s.frame.n_rows() as f64 {
        return Err(StataError::new(198, format!("obs must be >= {}", s.frame.n_rows())));
    }
    if n > 2_147_483_620.0 || n * s.row_width().max(1) as f64 > 6e10 {
        return Err(StataError::standard(901));
    }
    s.room_for(n, 8.0)?;
    let before = s.frame.n_rows();
    s.frame.set_n_rows(n as usize);
    let was = format::bare("%15.0gc", before as f64);
    let now = format::bare("%15.0gc", n);
    s.print(format!("Number of observations (_N) was {was}, now {now}."));
    Ok(())
}

fn set(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (name, value) = cmd.raw.split_once(char::is_whitespace).unwrap_or((cmd.raw.as_str(), ""));
    let value = value.trim();
    let plain = value.split(',').next().unwrap_or("").trim();
    let number = |s: &Session| -> Result<f64> {
        let x = s.eval_num(plain)?;
        if is_missing(x) { Err(StataError::syntax()) } else { Ok(x) }
    };
    match name {
        "obs" | "ob" => observations(s, number(s)?)?,
        "seed" | "se" => {
            let x = number(s)?;
            if !(0.0..=2_147_483_647.0).contains(&x) {
                return Err(StataError::new(198, "seed out of range"));
            }
            s.rng.replace(Mt64::new(x as u64));
        }
        "sortseed" => s.settings.sortseed = number(s)?.max(0.0) as u64,
        "rng" if ["default", "mt64"].contains(&plain) => {}
        "type" | "ty" => {
            let ty = StorageType::parse(plain).filter(|t| !t.is_string());
            s.settings.default_type =
                ty.ok_or_else(|| StataError::new(198, format!("{plain} invalid type")))?;
        }
        "level" => {
            let x = number(s)?;
            if !(10.0..=99.99).contains(&x) {
                return Err(StataError::new(198, "level() must be between 10 and 99.99 inclusive"));
            }
            s.settings.level = x;
        }
        "linesize" | "li" => {
            let x = number(s)?;
            if !(40.0..=255.0).contains(&x) {
                return Err(StataError::new(198, "linesize must be between 40 and 255"));
            }
            s.settings.linesize = x as usize;
        }
        "display" | "di" | "log" | "textsize" => return older(s, name, value),
        "varabbrev" => s.settings.varabbrev = on_off(plain)?,
        "iterlog" => s.settings.iterlog = on_off(plain)?,
        "scheme" => s.settings.scheme = plain.to_string(),
        "cformat" | "pformat" | "sformat" => table_format(s, name, plain)?,
        "showbaselevels" | "showomitted" | "showemptycells" | "fvlabel" | "lstretch" => {
            table_rows(s, name, plain)?
        }
        "more" if ["0", "1"].contains(&plain) => {}
        name if SWITCHES.contains(&name) => {
            on_off(plain)?;
        }
        "dp" if plain == "period" => {}
        "output" if ["proc", "inform", "error"].contains(&plain) => {}
        "logtype" if ["text", "smcl", "t", "s"].contains(&plain) => {}
        "emptycells" if ["keep", "drop"].contains(&plain) => {}
        "processors" | "max_memory" | "niceness" | "segmentsize" | "min_memory" | "maxvar" | "matsize"
        | "mat" | "adosize" | "mem" | "update_query" | "update_prompt" | "update_interval"
        | "searchdefault" | "haltonwarn" | "doublebuffer" | "fastscroll" | "scrollbufsize" | "reventries"
        | "httpproxy" | "timeout1" | "timeout2" | "checksum" | "copycolor" | "printcolor" | "dockable"
        | "notifyuser" | "memory" | "maxiter" | "tracedepth" | "graphics" | "locale_functions" => {}
        _ => {
            return Err(StataError::new(
                198,
                format!("set {name} {value} is not supported by the open engine"),
            ));
        }
    }
    Ok(())
}

/// `set cformat`, `pformat` and `sformat`: the formats of coefficient tables; the usual ones without a format.
fn table_format(s: &mut Session, name: &str, text: &str) -> Result<()> {
    let format = Some(text.to_string()).filter(|f| !f.is_empty());
    if let Some(unknown) = format.as_ref().filter(|f| format::Format::parse(f).is_none()) {
        return Err(StataError::new(120, format!("{unknown} invalid %format")));
    }
    usual(s, |look| match name {
        "cformat" => look.coefficients = format.clone(),
        "pformat" => look.p_values = format.clone(),
        _ => look.statistics = format.clone(),
    });
    Ok(())
}

/// `set showbaselevels`, `showomitted`, `showemptycells`, `fvlabel` and `lstretch`: the rows of coefficient tables.
fn table_rows(s: &mut Session, name: &str, value: &str) -> Result<()> {
    let all = name == "showbaselevels" && value == "all";
    let on = all || on_off(value)?;
    usual(s, |look| match name {
        "showbaselevels" => (look.base_levels, look.all_base_levels) = (on, all),
        "showomitted" => look.no_omitted = !on,
        "showemptycells" => look.no_empty = !on,
        "lstretch" => look.no_stretch = !on,
        _ => look.no_labels = !on,
    });
    Ok(())
}

/// Changes how coefficient tables look, for this command's caller and for all commands that follow.
fn usual(s: &mut Session, change: impl Fn(&mut TableLook)) {
    change(&mut s.settings.table);
    change(&mut s.settings.usual_table);
}

fn version(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.raw.split(',').next().unwrap_or("").trim();
    if text.is_empty() {
        s.print(format!("version {:.1}", f64::from(s.settings.version) / 100.0));
        return Ok(());
    }
    let x: f64 = text.parse().map_err(|_| StataError::new(198, format!("{text} invalid version number")))?;
    if x > LANGUAGE_VERSION {
        let text = format!(
            "this is version {LANGUAGE_VERSION:.1} of the open engine; it cannot run version {x:.1} programs"
        );
        return Err(StataError::new(9, text));
    }
    s.settings.version = (x * 100.0).round() as u32;
    Ok(())
}

/// The only directories searched are those of the ado path, so nothing is to be set.
fn sysdir(_: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.raw.starts_with("set ") || cmd.raw.is_empty() || cmd.raw == "list" {
        return Ok(());
    }
    Err(StataError::syntax())
}

fn about(s: &mut Session, _: &ParsedCommand) -> Result<()> {
    s.print(format!("stata-service open do-file engine {ENGINE_VERSION}"));
    s.print(format!("follows language version {LANGUAGE_VERSION:.1}; this program is not Stata"));
    Ok(())
}
