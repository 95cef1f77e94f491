//! Files of pyarrow, pandas, fastparquet, polars and DuckDB (tests/fixtures/generate.py) are read as pyarrow reads them.

use std::path::PathBuf;

use parquet_file::{Cell, Column, Error, Limits, Reader, Unit, What};
use serde_json::{Map, Value};

pub(crate) const LIMITS: Limits = Limits { metadata: 1 << 20, page: 4 << 20, values: 64 << 20 };

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(path).expect("a fixture")
}

fn open(name: &str) -> Reader<Vec<u8>> {
    let file = format!("{name}.parquet");
    Reader::open(fixture(&file), LIMITS).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn expected() -> Map<String, Value> {
    serde_json::from_slice(&fixture("expected.json")).expect("JSON")
}

/// The values of a column as texts.
fn texts(reader: &Reader<Vec<u8>>, column: &Column) -> Vec<Option<String>> {
    let mut cells = reader.cells(column);
    let show = |cell: Cell<'_>| match cell {
        Cell::Null => None,
        Cell::Whole(whole) => Some(whole.to_string()),
        Cell::Real(real) => (!real.is_nan()).then(|| real.to_string()),
        Cell::Bytes(bytes) if column.what == What::Uuid => {
            Some(bytes.iter().map(|b| format!("{b:02x}")).collect())
        }
        Cell::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    };
    (0..reader.rows()).map(|_| cells.next(show).unwrap_or_else(|e| panic!("{}: {e}", column.name))).collect()
}

fn same(found: Option<&str>, wanted: Option<&str>, what: What) -> bool {
    let (Some(found), Some(wanted)) = (found, wanted) else { return found == wanted };
    match what {
        // without the point
        What::Decimal(_) => wanted.replace('.', "").parse::<i128>().ok() == found.parse().ok(),
        What::Uuid => wanted.replace('-', "") == found,
        _ if found == wanted => true,
        _ => wanted.parse::<f64>().is_ok_and(|number| found.parse() == Ok(number)),
    }
}

#[test]
fn every_value_of_every_writer_is_read() {
    for (name, columns) in expected().iter().filter(|(name, _)| *name != "many") {
        let reader = open(name);
        for (column, wanted) in columns.as_object().expect("columns") {
            if reader.unread().iter().any(|(name, _)| name == column) {
                assert_eq!(column, "span", "{name}: an interval has no place");
                continue;
            }
            let column = reader.columns().iter().find(|c| c.name == *column).expect("the column");
            let wanted: Vec<Option<&str>> =
                wanted.as_array().expect("values").iter().map(Value::as_str).collect();
            let mut found = texts(&reader, column);
            if name == "int96" && column.name == "ms" {
                // read as microseconds
                found.iter_mut().flatten().filter(|text| *text != "0").for_each(|text| text.push_str("000"));
            }
            let what = column.what;
            let equal = found.len() == wanted.len()
                && found.iter().zip(&wanted).all(|(found, wanted)| same(found.as_deref(), *wanted, what));
            assert!(equal, "{name} {}: {found:?}, not {wanted:?}", column.name);
        }
    }
}

#[test]
fn types_say_what_values_are() {
    let reader = open("none");
    let what = |name: &str| reader.columns().iter().find(|c| c.name == name).expect("the column").what;
    for (name, wanted) in [
        ("id", What::Whole),
        ("ulong", What::Whole),
        ("f", What::Real),
        ("half", What::Real),
        ("yes", What::Boolean),
        ("name", What::Text),
        ("level", What::Text),
        ("born", What::Date),
        ("ms", What::Timestamp(Unit::Millis, false)),
        ("us", What::Timestamp(Unit::Micros, true)),
        ("ns", What::Timestamp(Unit::Nanos, true)),
        ("clock", What::Time(Unit::Micros)),
        ("money", What::Decimal(2)),
        ("nothing", What::Null),
    ] {
        assert_eq!(what(name), wanted, "{name}");
    }
    let unread: Vec<&str> = reader.unread().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(unread, ["list", "record", "map"]);
    let of_duckdb = open("duckdb");
    assert!(of_duckdb.unread().iter().any(|(name, _)| name == "span"), "{:?}", of_duckdb.unread());
    let note = open("pandas").note("pandas").map(<[u8]>::to_vec).expect("what pandas wrote");
    let note: Value = serde_json::from_slice(&note).expect("JSON");
    assert_eq!(note["index_columns"][0], "key");
}

#[test]
fn many_pages_and_groups_are_one_column() {
    let wanted = &expected()["many"];
    for name in ["many", "many_v2", "many_delta"] {
        let reader = open(name);
        let column = |name: &str| {
            let column = reader.columns().iter().find(|c| c.name == name).expect("the column");
            texts(&reader, column)
        };
        let sum = |texts: Vec<Option<String>>| -> i128 {
            texts.into_iter().flatten().map(|t| t.parse::<i128>().expect("a number")).sum()
        };
        assert_eq!(sum(column("i")), wanted["i"].as_i64().expect("a sum").into(), "{name}");
        assert_eq!(sum(column("jump")).to_string(), wanted["jump"].as_str().expect("a sum"), "{name}");
        assert_eq!(sum(column("flag")), wanted["flag"].as_i64().expect("a sum").into(), "{name}");
        assert_eq!(sum(column("same")), 0);
        let words = column("word");
        assert_eq!(
            words.iter().flatten().map(String::len).sum::<usize>() as u64,
            wanted["word"].as_u64().expect("a sum")
        );
        assert_eq!(words.last().cloned().flatten().as_deref(), wanted["last_word"].as_str());
        assert_eq!(column("unique")[4999].as_deref(), Some("row number 004999"));
        // numbers of three decimals, so that their sum is exact in thousandths
        let x = column("x");
        let thousandths =
            x.iter().flatten().map(|t| (t.parse::<f64>().expect("a number") * 1000.0).round()).sum::<f64>();
        let sum: f64 = wanted["x"].as_str().expect("a sum").parse().expect("a number");
        assert_eq!(thousandths, (sum * 1000.0).round());
        assert_eq!(
            x.iter().filter(|t| t.is_none()).count() as u64,
            wanted["missing"].as_u64().expect("a count")
        );
    }
}

#[test]
fn other_files_are_named() {
    let open = |bytes: &[u8]| Reader::open(bytes.to_vec(), LIMITS).err().expect("it is refused");
    assert!(matches!(open(b""), Error::NotParquet));
    assert!(matches!(open(b"a,b\n1,2\n"), Error::NotParquet));
    assert!(matches!(open(b"PAR1"), Error::Incomplete));
    assert!(matches!(open(b"PARE12345678PARE"), Error::Encrypted));
    assert!(matches!(open(b"PAR1\0\0\0\0\x04\0\0\0PARE"), Error::Encrypted));
}
