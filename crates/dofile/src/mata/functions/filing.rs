//! Files and folders ([M-5] fopen(), cat(), dir()). Names are relative to the working folder; there is no network.

use super::{Builtin, Run, full};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::files::{Mode, Open};
use crate::mata::grid::Grid;
use crate::mata::machine::Machine;
use crate::mata::value::{Text, Value};
use crate::syntax::varlist::wildcard;

/// A function of an open file, and its form with an underscore, which returns a negative code instead of an error.
macro_rules! both {
    ($name:literal, $quiet:literal, $least:literal, $most:literal, $f:expr) => {
        [
            full($name, $least, $most, |m, a| {
                let f: fn(&mut Machine<'_>, &mut Args) -> Result<Option<Value>, i32> = $f;
                f(m, a).map_err(Fault::code)
            }),
            full($quiet, $least, $most, |m, a| {
                let f: fn(&mut Machine<'_>, &mut Args) -> Result<Option<Value>, i32> = $f;
                Ok(Some(match f(m, a) {
                    Ok(value) => value.unwrap_or(Value::Num(0.0)),
                    Err(code) => Value::Num(-f64::from(code)),
                }))
            }),
        ]
    };
}

const FOPEN: [Builtin; 2] = both!("fopen", "_fopen", 2, 3, |m, a| {
    let (name, mode) = (a.text(0).map_err(|f| f.code)?, a.text(1).map_err(|f| f.code)?);
    let mode = Mode::parse(&mode)?;
    if name.contains("://") {
        return Err(630);
    }
    let path = m.session.path(&name);
    m.state().files.open(&path, mode).map(|handle| Some(Value::count(handle)))
});
const FCLOSE: [Builtin; 2] = both!("fclose", "_fclose", 1, 1, |m, a| {
    let handle = handle(a)?;
    m.state().files.close(handle).map(|()| None)
});
const FGET: [Builtin; 2] = both!("fget", "_fget", 1, 1, |m, a| with(m, a, |f| f.line(false)).map(line));
const FGETNL: [Builtin; 2] = both!("fgetnl", "_fgetnl", 1, 1, |m, a| with(m, a, |f| f.line(true)).map(line));
const FREAD: [Builtin; 2] = both!("fread", "_fread", 2, 2, |m, a| {
    let count = a.count(1).map_err(|f| f.code)?;
    with(m, a, |f| f.bytes(count)).map(line)
});
const FPUT: [Builtin; 2] = both!("fput", "_fput", 2, 2, |m, a| {
    let text = format!("{}\n", a.text(1).map_err(|f| f.code)?);
    with(m, a, |f| f.write(&text)).map(|()| None)
});
const FWRITE: [Builtin; 2] = both!("fwrite", "_fwrite", 2, 2, |m, a| {
    let text = a.text(1).map_err(|f| f.code)?;
    with(m, a, |f| f.write(&text)).map(|()| None)
});
const FSEEK: [Builtin; 2] = both!("fseek", "_fseek", 3, 3, |m, a| {
    let (offset, from) = (a.num(1).map_err(|f| f.code)?, a.num(2).map_err(|f| f.code)?);
    with(m, a, |f| f.seek(offset as i64, from)).map(|()| None)
});
const FTRUNCATE: [Builtin; 2] =
    both!("ftruncate", "_ftruncate", 1, 1, |m, a| with(m, a, Open::truncate).map(|()| None));
const FTELL: [Builtin; 2] =
    both!("ftell", "_ftell", 1, 1, |m, a| with(m, a, Open::tell).map(|p| Some(Value::Num(p as f64))));
const UNLINK: [Builtin; 2] = both!("unlink", "_unlink", 1, 1, |m, a| {
    let path = m.session.path(&a.text(0).map_err(|f| f.code)?);
    match std::fs::remove_file(path) {
        Ok(()) => Ok(None),
        // a file that is not there is no error for unlink()
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(693),
    }
});
const MKDIR: [Builtin; 2] = both!("mkdir", "_mkdir", 1, 2, |m, a| command(m, a, "mkdir"));
const CHDIR: [Builtin; 2] = both!("chdir", "_chdir", 1, 1, |m, a| command(m, a, "cd"));

pub(super) const TABLE: &[Builtin] = &[
    FOPEN[0],
    FOPEN[1],
    FCLOSE[0],
    FCLOSE[1],
    FGET[0],
    FGET[1],
    FGETNL[0],
    FGETNL[1],
    FREAD[0],
    FREAD[1],
    FPUT[0],
    FPUT[1],
    FWRITE[0],
    FWRITE[1],
    FSEEK[0],
    FSEEK[1],
    FTRUNCATE[0],
    FTRUNCATE[1],
    FTELL[0],
    FTELL[1],
    UNLINK[0],
    UNLINK[1],
    MKDIR[0],
    MKDIR[1],
    CHDIR[0],
    CHDIR[1],
    full("fstatus", 1, 1, |m, a| {
        with(m, a, |f| Ok(f.status)).map(|s| Some(Value::Num(f64::from(s)))).map_err(Fault::code)
    }),
    full("fileexists", 1, 1, |m, a| Ok(Some(Value::truth(m.session.path(&a.text(0)?).is_file())))),
    full("direxists", 1, 1, |m, a| Ok(Some(Value::truth(m.session.path(&a.text(0)?).is_dir())))),
    full("cat", 1, 3, |m, a| {
        let path = m.session.path(&a.text(0)?);
        let bytes = std::fs::read(path).map_err(|_| Fault::code(601))?;
        let text = String::from_utf8_lossy(&bytes);
        let (first, last) = (a.num_or(1, 1.0)?.max(1.0) as usize, a.num_or(2, 1e15)? as usize);
        let lines: Vec<Text> = text.lines().take(last).skip(first - 1).map(Text::from).collect();
        Ok(Some(Value::Text(Grid::column(lines))))
    }),
    full("dir", 3, 4, |m, a| Ok(Some(Value::Text(Grid::column(names(m, a)?))))),
    full("findfile", 1, 2, |m, a| {
        let name = a.text(0)?;
        let folders = m.session.ado_directories().into_iter().map(|folder| format!("{folder}/{name}"));
        let found =
            std::iter::once(name.to_string()).chain(folders).find(|file| m.session.path(file).is_file());
        Ok(Some(Value::text(found.unwrap_or_default())))
    }),
];

fn handle(a: &Args) -> Result<usize, i32> {
    a.count(0).map_err(|_| 3601)
}

fn with<T>(m: &mut Machine<'_>, a: &Args, f: impl FnOnce(&mut Open) -> Result<T, i32>) -> Result<T, i32> {
    let handle = handle(a)?;
    f(m.state().files.get(handle)?)
}

/// What was read; at the end of the file 0 × 0.
fn line(text: Option<String>) -> Option<Value> {
    Some(text.map_or_else(|| Value::Text(Grid::empty()), Value::text))
}

/// Commands of the do-file language keep to the folders that a run may use.
fn command(m: &mut Machine<'_>, a: &Args, name: &str) -> Result<Option<Value>, i32> {
    let folder = a.text(0).map_err(|f| f.code)?;
    crate::ops::run::quietly(m.session, &format!("{name} \"{folder}\"")).map(|()| None).map_err(|e| e.code)
}

/// `dir(folder, "files"|"dirs"|"other", pattern [, prefix])`.
fn names(m: &Machine<'_>, a: &Args) -> Run<Vec<Text>> {
    let (folder, kind, pattern) = (a.text(0)?, a.text(1)?, a.text(2)?);
    let prefixed = a.num_or(3, 0.0)? != 0.0;
    let entries = std::fs::read_dir(m.session.path(&folder)).map_err(|_| Fault::code(601))?;
    let wanted = |e: &std::fs::DirEntry| match kind.as_ref() {
        "files" => e.path().is_file(),
        "dirs" => e.path().is_dir(),
        _ => !e.path().is_file() && !e.path().is_dir(),
    };
    let mut found: Vec<Text> = entries
        .flatten()
        .filter(wanted)
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .filter(|n| wildcard(&pattern, n))
        .map(|n| if prefixed && folder.as_ref() != "." { format!("{folder}/{n}").into() } else { n.into() })
        .collect();
    found.sort();
    Ok(found)
}
