//! `use` and `save`: .dta files.

use crate::commands::language::files::{check_replace, with_extension};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, ValueLabel, Variable};
use crate::session::Session;
use crate::syntax::split::unquote;
use crate::syntax::{OptSpec, ParsedCommand, varlist};
use crate::value::{missing, missing_offset};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

const USE: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("clear"), OptSpec::flag("nolabel")]).using(Using::Optional);
const SAVE: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("replace"), OptSpec::flag("emptyok"), OptSpec::flag("orphans")])
        .unsupported(&["all", "nolabel"]);

pub const SPEC_USE: CommandSpec = CommandSpec {
    name: "use",
    min: 1,
    form: Form::Standard(&USE),
    by: ByRule::No,
    run: run_use,
    syntax: "use [varlist] [if] [in] using filename [, clear nolabel]",
    notes: "reads .dta files of releases 113 to 119; no results",
    examples: &[Example {
        run: "tempfile f\nset obs 3\ngenerate double x = _n/2\nsave `f'\nuse `f', clear",
        expect: &[("x[3]", 1.5), ("_N", 3.0)],
    }],
};

pub const SPEC_SAVE: CommandSpec = CommandSpec {
    name: "save",
    min: 2,
    form: Form::Standard(&SAVE),
    by: ByRule::No,
    run: run_save,
    syntax: "save [filename] [, replace emptyok orphans]",
    notes: "writes release 118 (119 above 32,767 variables); no results",
    examples: &[Example {
        run: "set obs 2\ngenerate x = _n\ntempfile f\nsave `f'.dta\ncapture save `f'.dta\nscalar rc = _rc\nreplace x = 9 in 2\nsave `f'.dta, replace\nuse `f'.dta, clear\nerase `f'.dta",
        expect: &[("rc", 602.0), ("x[2]", 9.0)],
    }],
};

/// Rows read at a time.
const BLOCK: usize = 65_536;

fn failed(name: &str, e: dta::Error) -> StataError {
    match e {
        dta::Error::Io(e) => StataError::new(603, format!("file {name} could not be opened: {e}")),
        e => StataError::new(610, format!("file {name} not Stata format: {e}")),
    }
}

/// Opens a .dta file; r(601) when it does not exist.
pub(crate) fn open_dta(path: &Path, shown: &str) -> Result<dta::Reader<BufReader<File>>> {
    let file = File::open(path).map_err(|_| StataError::new(601, format!("file {shown} not found")))?;
    dta::Reader::open(BufReader::with_capacity(1 << 20, file)).map_err(|e| failed(shown, e))
}

/// Reads a whole .dta file, or the named variables of it.
pub(crate) fn read_dta(path: &Path, shown: &str, list: Option<&str>, abbrev: bool) -> Result<Frame> {
    let mut reader = open_dta(path, shown)?;
    let mut frame = Frame::new();
    let mut selected: Vec<usize> = (0..reader.variables().len()).collect();
    if let Some(list) = list.filter(|l| !l.trim().is_empty()) {
        let mut names = Frame::new();
        for v in reader.variables() {
            names.add(Variable::new(&v.name, Column::Byte(Vec::new())))?;
        }
        selected = varlist::resolve_unique(&names, list, abbrev)?;
        selected.sort_unstable();
        reader.select(selected.clone()).map_err(|e| failed(shown, e))?;
    }
    let meta = reader.meta().clone();
    let mut columns: Vec<Column> =
        selected.iter().map(|&i| storage(meta.variables[i].storage).column(0)).collect();
    while let Some(block) = reader.read_block(BLOCK).map_err(|e| failed(shown, e))? {
        for (column, part) in columns.iter_mut().zip(&block.columns) {
            append(column, part);
        }
    }
    for (&i, column) in selected.iter().zip(columns) {
        let v = &meta.variables[i];
        let mut var = Variable::new(&v.name, column);
        var.format.clone_from(&v.format);
        var.label.clone_from(&v.label);
        var.value_label.clone_from(&v.value_label);
        frame.add(var)?;
    }
    frame.label = meta.label;
    frame.timestamp = meta.timestamp;
    for &k in &meta.sorted_by {
        match meta.variables.get(k).filter(|v| frame.find(&v.name).is_some()) {
            Some(v) => frame.sorted_by.push(v.name.clone()),
            None => break,
        }
    }
    for set in meta.value_labels {
        let mut labels = ValueLabel::default();
        for (code, text) in &set.entries {
            let x = dta::ValueLabelSet::missing(*code).map_or(f64::from(*code), |m| missing(m.rank()));
            labels.set(x, text);
        }
        frame.value_labels.insert(set.name, labels);
    }
    for c in meta.characteristics {
        if c.owner == "_dta" || frame.find(&c.owner).is_some() {
            frame.chars.insert((c.owner, c.name), c.contents);
        }
    }
    frame.changed = false;
    frame.filename = shown.to_string();
    Ok(frame)
}

fn storage(t: dta::StorageType) -> StorageType {
    match t {
        dta::StorageType::Byte => StorageType::Byte,
        dta::StorageType::Int => StorageType::Int,
        dta::StorageType::Long => StorageType::Long,
        dta::StorageType::Float => StorageType::Float,
        dta::StorageType::Double => StorageType::Double,
        dta::StorageType::Str(w) => StorageType::Str(w),
        dta::StorageType::StrL => StorageType::StrL,
    }
}

fn append(column: &mut Column, part: &dta::Column) {
    match (column, part) {
        (Column::Byte(v), dta::Column::Byte(p)) => v.extend_from_slice(p),
        (Column::Int(v), dta::Column::Int(p)) => v.extend_from_slice(p),
        (Column::Long(v), dta::Column::Long(p)) => v.extend_from_slice(p),
        (Column::Float(v), dta::Column::Float(p)) => v.extend_from_slice(p),
        (Column::Double(v), dta::Column::Double(p)) => v.extend_from_slice(p),
        (Column::Str(_, v), dta::Column::Str(p)) => v.extend(p.iter().map(Box::from)),
        (Column::StrL(v), dta::Column::StrL(p)) => {
            v.extend((0..p.rows.len()).map(|i| String::from_utf8_lossy(p.bytes(i)).into()));
        }
        // the columns were made from the same types
        _ => {}
    }
}

fn run_use(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (list, name) = match &cmd.using {
        Some(u) => (Some(cmd.list.as_str()), u.as_str()),
        None => (None, unquote(&cmd.list)),
    };
    if name.is_empty() {
        return Err(StataError::new(198, "invalid file specification"));
    }
    if s.frame.changed && !cmd.has("clear") && s.frame.n_vars() > 0 {
        return Err(StataError::new(4, "no; dataset in memory has changed since last saved"));
    }
    let temporary = s.scopes.iter().any(|sc| sc.temporary_files.iter().any(|f| f == name));
    let file = if temporary { name.to_string() } else { with_extension(name, "dta") };
    let path = s.path(&file);
    let needs_all = cmd.if_exp.is_some();
    let mut frame = read_dta(&path, &file, if needs_all { None } else { list }, s.settings.varabbrev)?;
    if cmd.has("nolabel") {
        frame.value_labels.clear();
    }
    if needs_all || cmd.in_range.is_some() {
        let old = std::mem::replace(&mut s.frame, frame);
        match s.rows(cmd) {
            Ok(keep) => s.frame.keep_rows(&keep),
            Err(e) => {
                s.frame = old;
                return Err(e);
            }
        }
        if let Some(list) = list.filter(|l| needs_all && !l.trim().is_empty()) {
            let wanted = s.varlist(list)?;
            let drop: Vec<usize> = (0..s.frame.n_vars()).filter(|i| !wanted.contains(i)).collect();
            s.frame.drop_vars(&drop);
        }
        s.frame.changed = false;
    } else {
        s.frame = frame;
    }
    if !s.frame.label.is_empty() {
        let label = format!("({})", s.frame.label);
        s.print(label);
    }
    Ok(())
}

/// Writes a frame as .dta 118 (119 above 32,767 variables), through a temporary name.
pub(crate) fn write_dta(frame: &Frame, path: &Path) -> Result<()> {
    let shown = path.display().to_string();
    let io = |e: std::io::Error| StataError::new(603, format!("file {shown} could not be opened: {e}"));
    let variables = frame
        .vars()
        .iter()
        .map(|v| dta::Variable {
            name: v.name.clone(),
            storage: match v.data.storage_type() {
                StorageType::Byte => dta::StorageType::Byte,
                StorageType::Int => dta::StorageType::Int,
                StorageType::Long => dta::StorageType::Long,
                StorageType::Float => dta::StorageType::Float,
                StorageType::Double => dta::StorageType::Double,
                StorageType::Str(w) => dta::StorageType::Str(w),
                StorageType::StrL => dta::StorageType::StrL,
            },
            format: v.format.clone(),
            label: v.label.clone(),
            value_label: v.value_label.clone(),
        })
        .collect();
    let code = |x: f64| match missing_offset(x) {
        Some(k) => 2_147_483_621 + i32::from(k),
        None => x as i32,
    };
    let sets = frame.value_labels.iter().map(|(name, l)| dta::ValueLabelSet {
        name: name.clone(),
        entries: l.iter().map(|(x, t)| (code(x), t.to_string())).collect(),
    });
    let chars = frame.chars.iter().map(|((owner, name), text)| dta::Characteristic {
        owner: owner.clone(),
        name: name.clone(),
        contents: text.clone(),
    });
    let meta = dta::Meta {
        label: frame.label.clone(),
        timestamp: frame.timestamp.clone(),
        variables,
        sorted_by: frame.sorted_by.iter().filter_map(|n| frame.find(n)).collect(),
        value_labels: sets.collect(),
        characteristics: chars.collect(),
    };
    let partial = path.with_extension("dta.part");
    let out = BufWriter::with_capacity(1 << 20, File::create(&partial).map_err(io)?);
    let mut writer = dta::Writer::create(out, meta).map_err(|e| failed(&shown, e))?;
    let columns: Vec<dta::ColumnRef<'_>> = frame
        .vars()
        .iter()
        .map(|v| match &*v.data {
            Column::Byte(x) => dta::ColumnRef::Byte(x),
            Column::Int(x) => dta::ColumnRef::Int(x),
            Column::Long(x) => dta::ColumnRef::Long(x),
            Column::Float(x) => dta::ColumnRef::Float(x),
            Column::Double(x) => dta::ColumnRef::Numbers(x),
            Column::Str(_, x) | Column::StrL(x) => dta::ColumnRef::Text(x),
        })
        .collect();
    if frame.n_rows() > 0 {
        writer.write_rows(&columns).map_err(|e| failed(&shown, e))?;
    }
    let out = writer.finish().map_err(|e| failed(&shown, e))?;
    out.into_inner().map_err(|e| io(e.into_error()))?;
    std::fs::rename(&partial, path).map_err(io)
}

fn run_save(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = unquote(&cmd.list);
    let name = if name.is_empty() { s.frame.filename.clone() } else { name.to_string() };
    if name.is_empty() {
        return Err(StataError::new(198, "invalid file specification"));
    }
    if s.frame.n_vars() == 0 && !cmd.has("emptyok") {
        return Err(StataError::new(102, "no variables defined"));
    }
    let temporary = s.scopes.iter().any(|sc| sc.temporary_files.contains(&name));
    let file = if temporary { name.clone() } else { with_extension(&name, "dta") };
    let path = s.path(&file);
    check_replace(&path, &file, cmd.has("replace") || temporary)?;
    s.frame.timestamp = s.clock_text("%tcDD_Mon_CCYY_HH:MM", 'c');
    write_dta(&s.frame, &path)?;
    s.frame.changed = false;
    s.frame.filename.clone_from(&file);
    if !temporary {
        s.print(format!("file {file} saved"));
    }
    Ok(())
}
