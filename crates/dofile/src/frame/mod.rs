//! The data in memory: named typed columns with their metadata, value-label
//! sets, characteristics and sort order. Reading files and parsing variable
//! lists do not belong here.

mod column;
mod labels;
mod rows;

pub use column::{Column, StorageType, is_valid_name, truncate_bytes as truncate};
pub use labels::ValueLabel;

use crate::error::{Result, StataError};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// One variable: a column and its metadata.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Name, at most 32 characters.
    pub name: String,
    /// The values; shared with preserved copies until changed.
    pub data: Arc<Column>,
    /// Display format such as `%9.0g`.
    pub format: String,
    /// Variable label, may be empty.
    pub label: String,
    /// Name of the attached value-label set, may be empty.
    pub value_label: String,
}

impl Variable {
    /// A variable with the default format of its type.
    pub fn new(name: &str, data: Column) -> Self {
        Self {
            name: name.to_string(),
            format: data.storage_type().default_format(),
            data: Arc::new(data),
            label: String::new(),
            value_label: String::new(),
        }
    }

    /// True for `str#` and `strL`.
    pub fn is_string(&self) -> bool {
        self.data.is_string()
    }
}

/// Rows marked by an estimation (`e(sample)`); follows sorting and dropping.
#[derive(Debug, Clone)]
struct Mark {
    id: u64,
    rows: Arc<Vec<bool>>,
}

/// A data set in memory.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    vars: Vec<Variable>,
    rows: usize,
    index: HashMap<String, usize>,
    marks: Vec<Mark>,
    /// Label of the data set.
    pub label: String,
    /// Names of the variables by which the rows are sorted.
    pub sorted_by: Vec<String>,
    /// Value-label sets by name.
    pub value_labels: BTreeMap<String, ValueLabel>,
    /// Characteristics: `(variable or _dta, name)` to text; notes are `note0`, `note1` ….
    pub chars: BTreeMap<(String, String), String>,
    /// True when changed since it was last saved or loaded.
    pub changed: bool,
    /// File that it was loaded from or saved to.
    pub filename: String,
    /// Time stamp text of the file.
    pub timestamp: String,
}

impl Frame {
    /// An empty data set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of observations (`_N`).
    pub fn n_rows(&self) -> usize {
        self.rows
    }

    /// Number of variables.
    pub fn n_vars(&self) -> usize {
        self.vars.len()
    }

    /// All variables in their order.
    pub fn vars(&self) -> &[Variable] {
        &self.vars
    }

    /// The variable at a position.
    pub fn var(&self, i: usize) -> &Variable {
        &self.vars[i]
    }

    /// Mutable metadata and data of a variable.
    pub fn var_mut(&mut self, i: usize) -> &mut Variable {
        self.changed = true;
        &mut self.vars[i]
    }

    /// Position of a variable by its exact name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// Position of a variable by its exact name, or r(111).
    pub fn position(&self, name: &str) -> Result<usize> {
        self.find(name).ok_or_else(|| StataError::no_variable(name))
    }

    /// Position by exact name or, if allowed, by an unambiguous abbreviation.
    pub fn find_abbrev(&self, name: &str, abbrev: bool) -> Result<usize> {
        if let Some(i) = self.find(name) {
            return Ok(i);
        }
        if abbrev && !name.is_empty() {
            let mut hits = self
                .vars
                .iter()
                .enumerate()
                .filter(|(_, v)| v.name.starts_with(name) && !v.name.starts_with("__"));
            if let Some((i, _)) = hits.next() {
                if hits.next().is_some() {
                    return Err(StataError::new(111, format!("{name} ambiguous abbreviation")));
                }
                return Ok(i);
            }
        }
        Err(StataError::no_variable(name))
    }

    /// Appends a variable whose column has [`Frame::n_rows`] values (any length when there are no variables).
    pub fn add(&mut self, var: Variable) -> Result<usize> {
        if self.find(&var.name).is_some() {
            return Err(StataError::already_defined(&var.name));
        }
        if self.vars.is_empty() && self.rows == 0 {
            self.rows = var.data.len();
        }
        assert_eq!(var.data.len(), self.rows, "a column has as many values as the frame has rows");
        self.index.insert(var.name.clone(), self.vars.len());
        self.vars.push(var);
        self.changed = true;
        Ok(self.vars.len() - 1)
    }

    fn reindex(&mut self) {
        self.index = self.vars.iter().enumerate().map(|(i, v)| (v.name.clone(), i)).collect();
    }

    /// Drops variables by position, with their characteristics.
    pub fn drop_vars(&mut self, positions: &[usize]) {
        let names: Vec<String> = positions.iter().map(|&i| self.vars[i].name.clone()).collect();
        let mut drop = vec![false; self.vars.len()];
        positions.iter().for_each(|&i| drop[i] = true);
        let mut i = 0;
        self.vars.retain(|_| {
            i += 1;
            !drop[i - 1]
        });
        self.chars.retain(|(owner, _), _| !names.contains(owner));
        if let Some(k) = self.sorted_by.iter().position(|s| names.contains(s)) {
            self.sorted_by.truncate(k);
        }
        self.reindex();
        self.changed = true;
    }

    /// Puts the variables in a new order; `order` is a permutation of positions.
    pub fn reorder_vars(&mut self, order: &[usize]) {
        self.vars = order.iter().map(|&i| self.vars[i].clone()).collect();
        self.reindex();
        self.changed = true;
    }

    /// Renames a variable and what refers to it.
    pub fn rename(&mut self, i: usize, new: &str) -> Result<()> {
        if self.find(new).is_some() {
            return Err(StataError::already_defined(new));
        }
        let old = std::mem::replace(&mut self.vars[i].name, new.to_string());
        self.sorted_by.iter_mut().filter(|s| **s == old).for_each(|s| *s = new.to_string());
        let owned: Vec<_> = self.chars.keys().filter(|(o, _)| *o == old).cloned().collect();
        for key in owned {
            if let Some(text) = self.chars.remove(&key) {
                self.chars.insert((new.to_string(), key.1), text);
            }
        }
        self.reindex();
        self.changed = true;
        Ok(())
    }

    /// A numeric column as doubles; `double` columns are borrowed, others converted.
    pub fn numeric(&self, i: usize) -> Result<Cow<'_, [f64]>> {
        self.vars[i].data.as_f64().ok_or_else(StataError::type_mismatch)
    }

    /// One numeric value (missing for strings).
    #[inline]
    pub fn num_at(&self, var: usize, row: usize) -> f64 {
        self.vars[var].data.num(row)
    }

    /// One string value (empty for numbers).
    #[inline]
    pub fn str_at(&self, var: usize, row: usize) -> &str {
        self.vars[var].data.str(row)
    }

    /// Replaces the values of a variable; forgets the sort order that used it.
    pub fn set_column(&mut self, i: usize, data: Column) {
        assert_eq!(data.len(), self.rows, "a column has as many values as the frame has rows");
        self.vars[i].data = Arc::new(data);
        self.touch_values(i);
    }

    /// Writable column; the caller keeps its length. Forgets the sort order that used it.
    pub fn column_mut(&mut self, i: usize) -> &mut Column {
        self.touch_values(i);
        Arc::make_mut(&mut self.vars[i].data)
    }

    fn touch_values(&mut self, i: usize) {
        self.changed = true;
        let name = &self.vars[i].name;
        if let Some(k) = self.sorted_by.iter().position(|s| s == name) {
            self.sorted_by.truncate(k);
        }
    }

    /// The value-label set attached to a variable, if it is defined.
    pub fn labels_of(&self, i: usize) -> Option<&ValueLabel> {
        let name = &self.vars[i].value_label;
        if name.is_empty() { None } else { self.value_labels.get(name) }
    }

    /// Remembers a row mark (for `e(sample)`) and returns its id.
    pub fn add_mark(&mut self, id: u64, rows: Vec<bool>) {
        self.marks.push(Mark { id, rows: Arc::new(rows) });
    }

    /// The rows of a mark, if the data still carry it.
    pub fn mark(&self, id: u64) -> Option<Arc<Vec<bool>>> {
        self.marks.iter().find(|m| m.id == id).map(|m| m.rows.clone())
    }

    /// Forgets marks whose ids are not in use.
    pub fn retain_marks(&mut self, used: &[u64]) {
        self.marks.retain(|m| used.contains(&m.id));
    }

    /// A characteristic, empty when it is not defined.
    pub fn char(&self, owner: &str, name: &str) -> &str {
        self.chars.get(&(owner.to_string(), name.to_string())).map_or("", |s| s.as_str())
    }
}
