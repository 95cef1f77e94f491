//! Speed of writing and reading a 200 MB file of mixed types, against a plain copy of the same bytes
//! through the same kind of buffers. Prints a table; nothing is asserted.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::time::Instant;

use dta::{ColumnRef, Meta, Reader, StorageType, Texts, Variable, Writer};

const ROWS: usize = 2_000_000;
const BLOCK: usize = 65_536;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.dta");
    let types = [
        ("id", StorageType::Long),
        ("flag", StorageType::Byte),
        ("year", StorageType::Int),
        ("share", StorageType::Float),
        ("word", StorageType::Str(12)),
    ];
    let mut variables: Vec<Variable> = types.iter().map(|(n, t)| Variable::new(*n, *t)).collect();
    variables.extend((0..10).map(|i| Variable::new(format!("x{i}"), StorageType::Double)));
    let meta = Meta { variables, ..Meta::default() };

    let start = Instant::now();
    let mut writer = Writer::create(File::create(&path)?, meta)?;
    let mut row = 0;
    while row < ROWS {
        let n = BLOCK.min(ROWS - row);
        let id: Vec<i32> = (row..row + n).map(|i| i as i32).collect();
        let flag = vec![1i8; n];
        let year = vec![2024i16; n];
        let share = vec![0.5f32; n];
        let word = Texts::from_iter(id.iter().map(|i| format!("w{}", i % 1000)));
        let x: Vec<f64> = id.iter().map(|i| f64::from(*i) * 0.1).collect();
        let mut columns = vec![
            ColumnRef::Long(&id),
            ColumnRef::Byte(&flag),
            ColumnRef::Int(&year),
            ColumnRef::Float(&share),
            ColumnRef::Text(&word),
        ];
        columns.extend((0..10).map(|_| ColumnRef::Numbers(&x)));
        writer.write_rows(&columns)?;
        row += n;
    }
    drop(writer.finish()?);
    let megabytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
    report("write", megabytes, start);

    let start = Instant::now();
    let mut reader = Reader::open(File::open(&path)?)?;
    let mut seen = 0;
    while let Some(block) = reader.read_block(BLOCK)? {
        seen += block.rows;
    }
    report("read all columns", megabytes, start);
    assert_eq!(seen, ROWS);

    let start = Instant::now();
    let mut reader = Reader::open(File::open(&path)?)?;
    reader.select(vec![0, 5])?;
    while reader.read_block(BLOCK)?.is_some() {}
    report("read two columns", megabytes, start);

    let start = Instant::now();
    let mut source = BufReader::with_capacity(1 << 18, File::open(&path)?);
    let mut sink = File::create(folder.path().join("copy"))?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        let n = source.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        sink.write_all(&buffer[..n])?;
    }
    report("copy of the bytes", megabytes, start);
    Ok(())
}

fn report(what: &str, megabytes: f64, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    println!("{what:<20} {megabytes:7.0} MB {seconds:6.2} s {:7.0} MB/s", megabytes / seconds);
}
