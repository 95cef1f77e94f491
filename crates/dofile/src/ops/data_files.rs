//! Data of a session from and to .dta files.

use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, ValueLabel, Variable};
use crate::syntax::varlist;
use crate::value::{missing, missing_offset};
use std::fs::{File, Permissions};
use std::io::{BufReader, BufWriter};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Rows read at a time.
const BLOCK: usize = 65_536;

/// Characters of the label of a variable or of the data.
const LABEL_CHARS: usize = 80;

fn failed(name: &str, e: dta::Error) -> StataError {
    match e {
        dta::Error::Io(e) => StataError::unwritten(name, &e),
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
        // other programs write longer labels than Stata has
        var.label = v.label.chars().take(LABEL_CHARS).collect();
        var.value_label.clone_from(&v.value_label);
        frame.add(var)?;
    }
    frame.label = meta.label.chars().take(LABEL_CHARS).collect();
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

/// Writes a frame as .dta 118 (119 above 32,767 variables), through a temporary name.
pub(crate) fn write_dta(frame: &Frame, path: &Path) -> Result<()> {
    let shown = path.display().to_string();
    let io = |e: std::io::Error| StataError::unwritten(&shown, &e);
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
    // the folder of the file, so that it can be renamed; a name of its own, since others may save there as well
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let partial = tempfile::Builder::new()
        .prefix(".save")
        .suffix(".dta.part")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(io)?;
    let out = BufWriter::with_capacity(1 << 20, partial.as_file());
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
    partial.persist(path).map_err(|e| io(e.error))?;
    Ok(())
}
