//! Rows to records and back: typed parameters, arrays of columns, and the records of the tables.

use std::borrow::Cow;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row};

use crate::adapters::store::rows::{Columns, Damage, Stored, read};

/// A parameter with its type: statements are sent with the types given.
pub(super) struct Param(Box<dyn ToSql + Sync + Send>, Type);

impl Param {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self(Box::new(text.into()), Type::TEXT)
    }

    pub(super) fn number(number: i64) -> Self {
        Self(Box::new(number), Type::INT8)
    }

    pub(super) fn maybe_number(number: Option<i64>) -> Self {
        Self(Box::new(number), Type::INT8)
    }

    pub(super) fn numbers(numbers: Vec<i64>) -> Self {
        Self(Box::new(numbers), Type::INT8_ARRAY)
    }

    pub(super) fn texts(texts: Vec<String>) -> Self {
        Self(Box::new(texts), Type::TEXT_ARRAY)
    }

    /// Its type.
    pub(super) fn kind(&self) -> Type {
        self.1.clone()
    }

    /// Its value.
    pub(super) fn value(&self) -> &(dyn ToSql + Sync) {
        &*self.0
    }
}

/// Runs one statement, without a name.
///
/// # Errors
/// Any error of the database.
pub(super) async fn query(client: &Client, sql: &str, params: &[Param]) -> Result<Vec<Row>, Error> {
    let typed: Vec<(&(dyn ToSql + Sync), Type)> =
        params.iter().map(|param| (param.value(), param.kind())).collect();
    client.query_typed(sql, &typed).await
}

/// Has a read fail at a server that follows another one. A pooler or proxy may lead there while one is being promoted, with
/// a connection that was checked before: what was committed elsewhere would seem not to be there.
pub(super) fn refused_by_standbys(sql: &str) -> Cow<'_, str> {
    match sql.starts_with("SELECT") {
        // evaluated before the first row is looked for; PostgreSQL ends it with an error during recovery
        true => {
            format!("SELECT * FROM ({sql}) AS asked WHERE (SELECT pg_current_wal_lsn()) IS NOT NULL").into()
        }
        false => sql.into(),
    }
}

/// A text as PostgreSQL can hold it: columns that lists filter by cannot hold U+0000. In JSON it is escaped.
pub(super) fn clean(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

/// Reads one record out of a row that starts with the columns of its type.
///
/// # Errors
/// Any error of the row; the inner error is a damaged record.
pub(super) fn decode<T: Stored>(row: &Row) -> Result<Result<T, Damage>, Error> {
    let n = T::NAMES.len();
    let names = (0..n).map(|i| row.try_get::<_, String>(i)).collect::<Result<Vec<_>, _>>()?;
    let checked = T::CHECKED.map(|_| row.try_get::<_, &str>(n + 3)).transpose()?;
    Ok(read(&Columns {
        names: &names,
        version: row.try_get(n)?,
        checksum: row.try_get(n + 1)?,
        json: row.try_get::<_, &str>(n + 2)?.as_bytes(),
        checked: checked.map(str::as_bytes),
    }))
}

/// One value of a row that is written.
#[derive(Debug)]
pub(super) enum Cell {
    Text(String),
    Number(Option<i64>),
    MaybeText(Option<String>),
    Bytes(Vec<u8>),
}

/// Rows of one table, each with its cells in the order of the columns.
pub(super) type Rows = Vec<Vec<Cell>>;

/// A table that batches write: its columns in the order of the cells, and those that name a row.
pub(super) struct Table {
    pub name: &'static str,
    pub names: &'static [&'static str],
    pub columns: &'static [&'static str],
    /// Columns that keep their first value.
    pub kept: &'static [&'static str],
}

/// Rows of one table, as arrays of columns.
fn arrays(rows: Rows) -> Vec<Param> {
    enum Array {
        Texts(Vec<Option<String>>),
        Numbers(Vec<Option<i64>>),
        Bytes(Vec<Vec<u8>>),
    }
    let mut arrays: Vec<Array> = Vec::new();
    for (at, row) in rows.into_iter().enumerate() {
        for (n, cell) in row.into_iter().enumerate() {
            if at == 0 {
                arrays.push(match &cell {
                    Cell::Text(_) | Cell::MaybeText(_) => Array::Texts(Vec::new()),
                    Cell::Number(_) => Array::Numbers(Vec::new()),
                    Cell::Bytes(_) => Array::Bytes(Vec::new()),
                });
            }
            match (cell, &mut arrays[n]) {
                (Cell::Text(text), Array::Texts(all)) => all.push(Some(text)),
                (Cell::MaybeText(text), Array::Texts(all)) => all.push(text),
                (Cell::Number(number), Array::Numbers(all)) => all.push(number),
                (Cell::Bytes(bytes), Array::Bytes(all)) => all.push(bytes),
                _ => unreachable!("a column has one type"),
            }
        }
    }
    let param = |array| match array {
        Array::Texts(all) => Param(Box::new(all), Type::TEXT_ARRAY),
        Array::Numbers(all) => Param(Box::new(all), Type::INT8_ARRAY),
        Array::Bytes(all) => Param(Box::new(all), Type::BYTEA_ARRAY),
    };
    arrays.into_iter().map(param).collect()
}

/// Returns `$1, $2, …`.
fn marks(n: usize) -> String {
    (1..=n).map(|i| format!("${i}")).collect::<Vec<_>>().join(", ")
}

/// A statement with its parameters.
pub(super) type Statement = (Cow<'static, str>, Vec<Param>);

impl Table {
    /// Writes rows, over those with the same names. A table without names only takes new rows.
    pub(super) fn put(&self, rows: Rows) -> Statement {
        let mut sql = format!(
            "INSERT INTO ss.{} ({}) SELECT * FROM unnest({})",
            self.name,
            self.columns.join(", "),
            marks(self.columns.len())
        );
        if !self.names.is_empty() {
            let fixed = |c: &&&str| self.names.contains(c) || self.kept.contains(c);
            let set = self.columns.iter().filter(|c| !fixed(c)).map(|c| format!("{c} = EXCLUDED.{c}"));
            let set = set.collect::<Vec<_>>().join(", ");
            sql.push_str(&format!(" ON CONFLICT ({}) DO UPDATE SET {set}", self.names.join(", ")));
        }
        (sql.into(), arrays(rows))
    }

    /// The statements for rows that go and rows that are written.
    pub(super) fn written(&self, rows: Rows, gone: Rows) -> [Option<Statement>; 2] {
        [(!gone.is_empty()).then(|| self.delete(gone)), (!rows.is_empty()).then(|| self.put(rows))]
    }

    /// Removes the rows with these names.
    pub(super) fn delete(&self, names: Rows) -> Statement {
        let own: Vec<String> = self.names.iter().map(|name| format!("t.{name}")).collect();
        let named: Vec<String> = self.names.iter().map(|name| format!("k.{name}")).collect();
        let sql = format!(
            "DELETE FROM ss.{} AS t USING unnest({}) AS k({}) WHERE ({}) = ({})",
            self.name,
            marks(self.names.len()),
            self.names.join(", "),
            own.join(", "),
            named.join(", ")
        );
        (sql.into(), arrays(names))
    }
}
