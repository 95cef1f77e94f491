//! Parquet files of pyarrow, pandas, fastparquet, polars and DuckDB (crates/parquet_file/tests/fixtures/generate.py), read as Stata has such
//! values.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stata_service::domain::error::{ErrorCode, Problem};
use stata_service::ports::tabular::IngestOptions;

use super::frames;
use super::ingest_fixtures::{Converted, convert, convert_bytes};

fn parquet_file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/parquet_file/tests/fixtures");
    folder.join(format!("{name}.parquet"))
}

fn read(name: &str) -> Converted {
    let options = IngestOptions::default();
    convert(&parquet_file(name), "data.parquet", &options).unwrap_or_else(|p| panic!("{name}: {p}"))
}

fn refusal(bytes: &[u8], name: &str) -> Problem {
    convert_bytes(bytes, name, &IngestOptions::default()).err().expect("it is refused")
}

fn left_out(file: &Converted) -> Vec<&str> {
    file.data.warnings.iter().filter(|w| w.kind == "column_left_out").map(|w| w.message.as_str()).collect()
}

#[test]
fn values_of_every_writer_come_out_as_stata_has_them() {
    let null = Value::Null;
    for name in [
        "none",
        "snappy",
        "gzip",
        "brotli",
        "zstd",
        "lz4",
        "v2",
        "v2_dictionary_off",
        "groups",
        "delta",
        "polars",
        "duckdb",
    ] {
        let file = read(name);
        let values = |column: &str| file.values(column);
        assert_eq!((file.data.format.as_str(), file.data.row_count), ("parquet", 5), "{name}");
        assert_eq!(values("id"), [json!(1), json!(2), null.clone(), json!(-4), json!(5)], "{name}");
        assert_eq!(values("uint"), [json!(0), json!(4_294_967_295_u32), null.clone(), json!(7), json!(8)]);
        // numbers beyond 2^53 stay texts
        let big = ["9007199254740993", "", "-5", "12", "-9223372036854775808"];
        assert_eq!(values("big"), big.map(|t| if t.is_empty() { null.clone() } else { json!(t) }), "{name}");
        assert_eq!(values("ulong")[1], json!("18446744073709551615"));
        frames::said(&file, "code_kept_as_text", "ulong");
        assert_eq!(values("d"), [json!(1234.5), null.clone(), null.clone(), json!(-0.25), null.clone()]);
        frames::said(&file, "infinite_values", "d");
        assert_eq!(values("yes"), [json!(1), json!(0), null.clone(), json!(1), json!(1)]);
        assert_eq!(
            values("name"),
            [json!("Zoë"), null.clone(), json!("张三"), null.clone(), json!("O'Neil")]
        );
        assert_eq!(
            values("money"),
            [json!(1234.5), null.clone(), json!(-0.25), json!(9_999_999.99), json!(0)]
        );
        assert_eq!(values("clock"), [json!(3723.5), null.clone(), json!(0), json!(86_399), null.clone()]);
        frames::said(&file, "duration_in_seconds", "clock");
        let storage = |column: &str| file.column(column).storage.clone();
        assert_eq!(
            [storage("id"), storage("last"), storage("ushort"), storage("f")],
            ["byte", "byte", "long", "double"]
        );
    }
}

#[test]
fn dates_of_parquet_become_those_of_stata() {
    // days and milliseconds since 1960, counted with Python's datetime
    let dates = [
        ("born", "%td", vec![Ok(10_651.0), Ok(-39_995.0), Err('.'), Ok(23_435.0), Ok(3_653.0)]),
        (
            "ms",
            "%tc",
            vec![Ok(1_893_553_445_678.0), Err('.'), Ok(0.0), Ok(1_262_303_999_000.0), Ok(315_619_200_000.0)],
        ),
        ("us", "%tc", vec![Ok(1_893_553_445_679.0), Err('.'), Ok(0.0), Err('.'), Err('.')]),
        ("ns", "%tc", vec![Ok(1_909_278_245_123.0), Err('.'), Ok(0.0), Err('.'), Err('.')]),
    ];
    for name in ["none", "v2", "polars", "duckdb", "pandas"] {
        let file = read(name);
        for (column, format, values) in &dates {
            assert_eq!(
                frames::column(&file, column),
                ((*format).to_owned(), values.clone()),
                "{name}: {column}"
            );
        }
    }
    assert_eq!(frames::column(&read("int96"), "ms"), ("%tc".to_owned(), dates[1].2.clone()));
}

#[test]
fn the_index_and_the_time_zones_of_pandas_are_known() {
    let file = read("pandas");
    assert_eq!(file.values("key")[..2], [json!("a"), json!("b")]);
    assert!(frames::said(&file, "time_zone", "zone").contains("Europe/Berlin"));
    assert_eq!(frames::column(&file, "zone").1[0], Ok(1_893_549_845_000.0));
    let utc = file.data.warnings.iter().any(|w| w.kind == "time_zone" && w.column.as_deref() == Some("us"));
    assert!(!utc);
    let part = read("pandas_part");
    assert_eq!((part.values("index"), part.data.row_count), (vec![json!(0), json!(1), json!(3)], 3));
    let fast = read("fastparquet");
    assert_eq!(fast.values("level"), [json!("m"), json!("f"), Value::Null, json!("f"), json!("m")]);
}

#[test]
fn nested_columns_are_left_out_by_name() {
    let file = read("none");
    let lists = "its values are lists or records; a column has one value in each row";
    let wanted = ["list", "record", "map"].map(|name| format!("column \"{name}\" is left out: {lists}"));
    assert_eq!(left_out(&file), wanted);
    assert_eq!(file.values("wide")[2], json!("-1.500"));
    assert!(file.warned("empty_column"));
    let file = read("duckdb");
    let said = left_out(&file);
    assert!(
        said.iter().any(|s| s.contains("\"span\"")) && said.iter().any(|s| s.contains("\"l\"")),
        "{said:?}"
    );
    assert_eq!(file.values("uid")[0], json!("00112233-4455-6677-8899-aabbccddeeff"));
    assert_eq!(file.values("huge")[0], json!("12345678901234567890.5"));
}

#[test]
fn damaged_parquet_files_are_refused_with_the_reason() {
    let whole = std::fs::read(parquet_file("none")).expect("a fixture");
    for length in [4, 11, 12, 500, whole.len() - 1] {
        let cut = refusal(&whole[..length], "data.parquet");
        assert_eq!(cut.code, ErrorCode::InputParseFailed, "{length}");
        assert!(cut.message.contains("incomplete") || cut.message.contains("damaged"), "{}", cut.message);
    }
    let encrypted = refusal(b"PARE12345678PARE", "data.parquet");
    assert_eq!(encrypted.code, ErrorCode::InputFormatUnsupported);
    let renamed = refusal(b"a,b\n1,2\n", "data.parquet");
    assert!(renamed.message.contains("its content is not"), "{}", renamed.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parquet_file_becomes_the_numbers_of_statsmodels() {
    let bytes = include_bytes!("../../fixtures/ingest/frames/pay.parquet");
    frames::run("pay.parquet", bytes).await;
}
