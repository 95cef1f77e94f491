//! The embedded store as the source of a move: read by one connection, in one transaction.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use rusqlite::Connection;

use crate::adapters::postgres::cells::{Digest, Digests, from_sqlite, in_sqlite, key_of, kind, resource};
use crate::adapters::postgres::rows::{Cell, Rows, Table};
use crate::adapters::postgres::tables::ALL;
use crate::adapters::store::heads::Heads;
use crate::adapters::store::tools::snapshot;

/// Most rows of one chunk, unless more have the same key.
const ROWS: usize = 1000;
/// Bytes of texts after which a chunk ends.
const BYTES: usize = 4 << 20;

/// Rows that follow each other in a table.
pub(super) struct Chunk {
    pub table: &'static Table,
    pub rows: Rows,
    /// Key of the last of them.
    pub last: i64,
}

/// An embedded store that is read.
pub(super) struct Source {
    conn: Connection,
    pub heads: Heads,
    /// Number of the newest row of any table.
    pub nr: i64,
    /// Rows of each table.
    pub rows: BTreeMap<&'static str, u64>,
}

impl Source {
    /// Opens the tables of a data directory that the caller owns.
    ///
    /// # Errors
    /// Any error of the database.
    pub(super) fn open(data_dir: &Path) -> io::Result<Self> {
        let conn = snapshot(data_dir)?;
        let heads = Heads::load(&conn).map_err(io::Error::other)?;
        let number = |sql: String| {
            conn.query_row(&sql, [], |row| row.get::<_, Option<i64>>(0)).map_err(io::Error::other)
        };
        let (mut nr, mut rows) = (0, BTreeMap::new());
        for table in ALL {
            if table.columns.contains(&"nr") {
                nr = nr.max(number(format!("SELECT MAX(row) FROM {}", table.name))?.unwrap_or(0));
            }
            let count = number(format!("SELECT COUNT(*) FROM {}", table.name))?.unwrap_or(0);
            rows.insert(table.name, count.cast_unsigned());
        }
        Ok(Self { conn, heads, nr, rows })
    }

    /// Reads the rows of a table after a key, in order, until `take` returns false; a row comes with its key.
    fn walk(
        &self,
        table: &Table,
        after: i64,
        mut take: impl FnMut(Vec<Cell>, i64) -> bool,
    ) -> rusqlite::Result<()> {
        let columns: Vec<&str> = table.columns.iter().map(|column| in_sqlite(table, column)).collect();
        let key = key_of(table).unwrap_or("1");
        let sql = format!(
            "SELECT {}, {key} FROM {} WHERE {key} > ?1 ORDER BY {key}",
            columns.join(", "),
            table.name
        );
        let mut statement = self.conn.prepare(&sql)?;
        let mut rows = statement.query([after])?;
        while let Some(row) = rows.next()? {
            let mut cells = Vec::with_capacity(columns.len());
            for (at, column) in table.columns.iter().enumerate() {
                let cell = from_sqlite(kind(column), row.get_ref(at)?);
                cells.push(if *column == "resource" { resource(cell) } else { cell });
            }
            if !take(cells, row.get(columns.len())?) {
                break;
            }
        }
        Ok(())
    }

    /// Reads every table after the keys of `progress`, in chunks, until `take` returns false.
    ///
    /// # Errors
    /// Any error of the database.
    pub(super) fn chunks(
        &self,
        progress: &BTreeMap<String, i64>,
        mut take: impl FnMut(Chunk) -> bool,
    ) -> rusqlite::Result<()> {
        for table in ALL {
            let mut chunk = Chunk { table, rows: Vec::new(), last: 0 };
            let (mut bytes, mut goes) = (0, true);
            let after = progress.get(table.name).copied().unwrap_or(i64::MIN);
            self.walk(table, after, |row, key| {
                // rows with one key stay together: what was copied is known by its key
                if (chunk.rows.len() >= ROWS || bytes >= BYTES) && key != chunk.last {
                    let full = std::mem::replace(&mut chunk, Chunk { table, rows: Vec::new(), last: 0 });
                    bytes = 0;
                    goes = take(full);
                }
                bytes += row.iter().map(size).sum::<usize>();
                chunk.rows.push(row);
                chunk.last = key;
                goes
            })?;
            if !goes || (!chunk.rows.is_empty() && !take(chunk)) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Returns the digest of every table.
    ///
    /// # Errors
    /// Any error of the database.
    pub(super) fn digests(&self) -> rusqlite::Result<Digests> {
        let mut digests = Digests::new();
        for table in ALL {
            let mut digest = Digest::default();
            self.walk(table, i64::MIN, |row, _| {
                digest.add(&row);
                true
            })?;
            digests.insert(table.name, digest);
        }
        Ok(digests)
    }
}

fn size(cell: &Cell) -> usize {
    match cell {
        Cell::Text(text) | Cell::MaybeText(Some(text)) => text.len(),
        Cell::Bytes(bytes) => bytes.len(),
        Cell::Number(_) | Cell::MaybeText(None) => 8,
    }
}
