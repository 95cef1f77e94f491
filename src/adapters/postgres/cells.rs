//! Rows of both databases as the same cells, and a digest by which a table of one is compared with that of the other.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};
use tokio_postgres::Row;

use super::rows::{Cell, Table, clean};

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Bytes,
}

/// Returns the type of a column, which is the same in both databases.
pub(super) fn kind(column: &str) -> Kind {
    match column {
        "checksum" => Kind::Bytes,
        "nr" | "version" | "queue_seq" | "ready_at" | "created_at" | "fence" | "sequence" | "ended_at"
        | "files_at" | "inputs_at" | "bytes" | "uploads_at" | "expires_at" | "due_at" | "jobs" | "queued"
        | "seq" | "committed_at" | "found_at" | "open" => Kind::Number,
        _ => Kind::Text,
    }
}

/// Returns the key of a table in SQLite by which its rows are copied in order; none where it is copied as a whole.
pub(super) fn key_of(table: &Table) -> Option<&'static str> {
    match table.name {
        "audit" => Some("seq"),
        "commits" => Some("sequence"),
        "tenant_usage" | "quarantine" => None,
        _ => Some("row"),
    }
}

/// Returns the name of a column in SQLite.
pub(super) fn in_sqlite(table: &Table, column: &'static str) -> &'static str {
    match (table.name, column) {
        (_, "nr") => "row",
        // a column of PostgreSQL alone; SQLite has an index on the member of the event
        ("audit", "resource") => "json",
        _ => column,
    }
}

/// Reads a cell of SQLite. Text that PostgreSQL cannot hold is changed, which its checksum shows.
pub(super) fn from_sqlite(kind: Kind, value: ValueRef<'_>) -> Cell {
    match (kind, value) {
        (Kind::Number, ValueRef::Integer(number)) => Cell::Number(Some(number)),
        (Kind::Number, _) => Cell::Number(None),
        (Kind::Bytes, ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => Cell::Bytes(bytes.to_vec()),
        (Kind::Bytes, _) => Cell::Bytes(Vec::new()),
        (Kind::Text, ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => {
            Cell::MaybeText(Some(clean(&String::from_utf8_lossy(bytes))))
        }
        (Kind::Text, _) => Cell::MaybeText(None),
    }
}

/// Returns the resource of an audit event, as the column holds it.
pub(super) fn resource(event: Cell) -> Cell {
    #[derive(serde::Deserialize)]
    struct Named {
        resource: String,
    }
    let Cell::MaybeText(Some(json)) = &event else { return event };
    let named = serde_json::from_str::<Named>(json).map(|named| clean(&named.resource));
    Cell::MaybeText(Some(named.unwrap_or_default()))
}

/// Reads the cells of a table out of a row of PostgreSQL.
///
/// # Errors
/// Any error of the row.
pub(super) fn from_postgres(table: &Table, row: &Row) -> Result<Vec<Cell>, tokio_postgres::Error> {
    let cell = |column: &&'static str| {
        Ok(match kind(column) {
            Kind::Number => Cell::Number(row.try_get(*column)?),
            Kind::Bytes => Cell::Bytes(row.try_get(*column)?),
            Kind::Text => Cell::MaybeText(row.try_get(*column)?),
        })
    };
    table.columns.iter().map(cell).collect()
}

/// Number of the rows of a table, and the sum of their hashes: it does not depend on their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub rows: u64,
    sum: [u128; 2],
}

/// The digests of tables by their names.
pub(super) type Digests = BTreeMap<&'static str, Digest>;

impl Digest {
    /// Adds a row.
    pub(super) fn add(&mut self, row: &[Cell]) {
        let mut hasher = Sha256::new();
        let mut part = |kind: u8, bytes: &[u8]| {
            hasher.update([kind]);
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        for cell in row {
            match cell {
                Cell::Text(text) | Cell::MaybeText(Some(text)) => part(1, text.as_bytes()),
                Cell::Number(Some(number)) => part(2, &number.to_le_bytes()),
                Cell::Bytes(bytes) => part(3, bytes),
                Cell::Number(None) | Cell::MaybeText(None) => part(0, &[]),
            }
        }
        let hash: [u8; 32] = hasher.finalize().into();
        let (low, high) = hash.split_at(16);
        let number = |half: &[u8]| half.iter().fold(0_u128, |n, byte| (n << 8) | u128::from(*byte));
        self.sum[0] = self.sum[0].wrapping_add(number(low));
        self.sum[1] = self.sum[1].wrapping_add(number(high));
        self.rows += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[Vec<Cell>]) -> Digest {
        let mut digest = Digest::default();
        rows.iter().for_each(|row| digest.add(row));
        digest
    }

    #[test]
    fn a_digest_shows_every_difference_but_order() {
        let row = |text: &str, n| vec![Cell::MaybeText(Some(text.to_owned())), Cell::Number(n)];
        let both = digest(&[row("a", Some(1)), row("b", None)]);
        assert_eq!(digest(&[row("b", None), row("a", Some(1))]), both);
        for other in [
            vec![row("a", Some(1))],
            vec![row("a", Some(1)), row("b", Some(0))],
            vec![row("a", None), row("b", Some(1))],
            vec![row("a", Some(1)), row("a", Some(1))],
            vec![row("a", Some(1)), row("b", None), row("b", None)],
        ] {
            assert_ne!(digest(&other), both, "{other:?}");
        }
        let split = |a: &str, b: &str| digest(&[vec![Cell::Text(a.into()), Cell::Text(b.into())]]);
        assert_ne!(split("ab", "c"), split("a", "bc"));
    }
}
