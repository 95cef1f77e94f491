//! Speed and memory of ingest on a generated CSV: `cargo bench --bench ingest -- [MEGABYTES]` (1,000 without
//! it). Prints MB/s of the source file and the peak resident memory of the process.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use stata_service::adapters::tabular::TabularFiles;
use stata_service::ports::tabular::{IngestOptions, Tabular};

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

/// Peak resident memory in MB, where the system tells it.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // cargo passes --bench
    let megabytes = std::env::args().skip(1).find_map(|a| a.parse::<u64>().ok()).unwrap_or(1000);
    let folder = tempfile::tempdir()?;
    let source = folder.path().join("source.csv");
    let bytes = generate(&source, megabytes * 1_000_000)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{:<28}{:>10}{:>12}{:>12}", "ingest, CSV of 10 columns", "MB", "MB/s", "peak MB");
    let start = Instant::now();
    let data = TabularFiles
        .ingest(&source, "source.csv", &IngestOptions::default(), &folder.path().join("data.dta"))
        .map_err(|problem| problem.to_string())?;
    let rate = bytes as f64 / 1e6 / start.elapsed().as_secs_f64();
    let peak = peak_memory().map_or("unknown".to_owned(), |mb| format!("{mb:.0}"));
    println!(
        "{:<28}{:>10.0}{:>12.0}{:>12}",
        format!("{} rows, {cores} cores", data.row_count),
        bytes as f64 / 1e6,
        rate,
        peak
    );
    println!("targets: at least 100 MB/s, at most 200 MB");
    Ok(())
}
