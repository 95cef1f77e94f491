//! Speed and memory of ingest on a generated CSV: `cargo bench --bench ingest -- [MEGABYTES]` (1,000 without
//! it). MB/s of the source file, against a plain copy of it, and the peak resident memory of the process. With the path of a
//! table it reads that table and prints its number of rows: `scripts/bench/readers.py` measures the process.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use stata_service::adapters::tabular::TabularFiles;
use stata_service::ports::tabular::{IngestOptions, Tabular};

#[allow(dead_code, reason = "other benchmarks use the rest")]
mod report;

use report::{Aim, Row, process_mb, sized};

/// Writes rows of mixed columns (codes, counts, amounts, a date, names in quotes) up to `bytes`.
fn generate(path: &Path, bytes: u64) -> std::io::Result<u64> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "firm,year,day,staff,sales,ratio,margin,province,name,listed")?;
    let provinces = ["北京", "上海", "广东", "Zhejiang", "Sichuan", "NA"];
    let (mut written, mut row, mut state) = (0u64, 0u64, 0x9e37_79b9_7f4a_7c15u64);
    while written < bytes {
        // xorshift64 (Marsaglia 2003): any fixed spread of values will do
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let unit = (state >> 11) as f64 / (1u64 << 53) as f64;
        let line = format!(
            "{:06},{},{}-{:02}-{:02},{},{:.2},{:.6},{},{},\"Company, no. {}\",{}\n",
            row / 20 % 900_000,
            2000 + row % 20,
            2000 + row % 20,
            state % 12 + 1,
            state % 28 + 1,
            state % 50_000,
            unit * 1e7,
            unit,
            unit - 0.5,
            provinces[(state % 6) as usize],
            state % 5000,
            state % 2,
        );
        out.write_all(line.as_bytes())?;
        written += line.len() as u64;
        row += 1;
    }
    out.flush()?;
    Ok(written)
}

/// Copies the file durably; returns MB/s.
fn copy(source: &Path, target: &Path, bytes: u64) -> std::io::Result<f64> {
    let start = Instant::now();
    let mut out = File::create(target)?;
    std::io::copy(&mut File::open(source)?, &mut out)?;
    out.sync_all()?;
    Ok(bytes as f64 / 1e6 / start.elapsed().as_secs_f64())
}

/// Reads a table; returns its number of rows.
fn rows_of(source: &Path) -> Result<u64, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let name = source.file_name().ok_or("the path names no file")?.to_string_lossy();
    let data = TabularFiles
        .ingest(source, &name, &IngestOptions::default(), &folder.path().join("data.dta"))
        .map_err(|problem| problem.to_string())?;
    Ok(data.row_count)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(table) = std::env::args().skip(1).find(|argument| Path::new(argument).is_file()) {
        println!("{}", rows_of(Path::new(&table))?);
        return Ok(());
    }
    // cargo passes --bench
    let megabytes =
        std::env::args().skip(1).find_map(|a| a.parse::<u64>().ok()).unwrap_or_else(|| sized(1000, 200));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let source = folder.path().join("source.csv");
    let bytes = generate(&source, megabytes * 1_000_000)?;
    let plain = copy(&source, &folder.path().join("copy.csv"), bytes)?;
    let start = Instant::now();
    let data = TabularFiles
        .ingest(&source, "source.csv", &IngestOptions::default(), &folder.path().join("data.dta"))
        .map_err(|problem| problem.to_string())?;
    let rate = bytes as f64 / 1e6 / start.elapsed().as_secs_f64();
    let peak = process_mb(std::process::id(), "VmHWM");
    Row::of(
        format!("ingest of a CSV of {megabytes} MB, 10 columns, {} rows", data.row_count),
        format!("{rate:.0} MB/s, peak {peak:.0} MB"),
    )
    .peer(format!("plain copy, synced: {plain:.0} MB/s"))
    .ratio(rate / plain, None)
    .aim(rate, Aim::AtLeast(500.0), " MB/s")
    .aim(peak, Aim::AtMost(100.0), " MB")
    .write();
    Ok(())
}
