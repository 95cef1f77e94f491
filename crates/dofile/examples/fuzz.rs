//! Runs generated inputs through the interpreter and reports panics and slow ones:
//! `cargo run --release --example fuzz -- FIRST LAST [PROCESSES]`. Each process writes the seed that it works on
//! to `fuzz-N.seed`, so that an input that ends the process is known; it is skipped and counted.

#[path = "../tests/it/fuzz/inputs.rs"]
mod inputs;

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

fn number(text: Option<&String>, default: u64) -> u64 {
    text.and_then(|t| t.parse().ok()).unwrap_or(default)
}

/// One worker: seeds `first..last`; returns the number of panics.
fn work(first: u64, last: u64, place: &std::path::Path) -> u64 {
    let (commands, corpus) = inputs::material();
    let watchdog = inputs::Watchdog::new(Duration::from_secs(5));
    let folder = std::env::temp_dir().join(format!("fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::panic::set_hook(Box::new(|info| eprintln!("panic: {info}")));
    let mut panics = 0;
    for seed in first..last {
        std::fs::write(place, seed.to_string()).expect("a note");
        let text = inputs::input(seed, &commands, &corpus);
        let started = Instant::now();
        let ended = std::panic::catch_unwind(|| {
            let mut s = inputs::session(&folder);
            watchdog.watch(&s);
            s.run_captured(&text);
            s.end();
        });
        watchdog.done();
        if ended.is_err() {
            panics += 1;
            eprintln!("PANIC seed {seed}: {text:?}");
        } else if started.elapsed() > Duration::from_secs(6) {
            eprintln!("SLOW seed {seed} {:?}: {text:?}", started.elapsed());
        }
        if seed % 1000 == 999 {
            // files that inputs wrote
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&folder).expect("a folder");
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    panics
}

/// Runs workers one after another over a range: a worker that dies is started again behind its input.
fn supervise(first: u64, last: u64, k: u64) -> u64 {
    let place = std::env::temp_dir().join(format!("fuzz-{}-{k}.seed", std::process::id()));
    let mut at = first;
    let mut bad = 0;
    while at < last {
        let end = (at + 20_000).min(last);
        let status = Command::new(std::env::current_exe().expect("this program"))
            .args(["worker", &at.to_string(), &end.to_string(), &place.display().to_string()])
            .status()
            .expect("a worker");
        let seed = std::fs::read_to_string(&place).ok().and_then(|t| t.parse::<u64>().ok()).unwrap_or(at);
        match status.code() {
            Some(0) => at = end,
            Some(1) => {
                bad += 1;
                at = end;
            }
            _ => {
                bad += 1;
                eprintln!("DIED seed {seed} ({status})");
                at = seed + 1;
            }
        }
    }
    bad
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|a| a == "show") {
        let (commands, corpus) = inputs::material();
        println!("{}", inputs::input(number(args.get(1), 0), &commands, &corpus));
        return ExitCode::SUCCESS;
    }
    if args.first().is_some_and(|a| a == "worker") {
        let place = std::path::PathBuf::from(args.get(3).map_or("fuzz.seed", String::as_str));
        let panics = work(number(args.get(1), 0), number(args.get(2), 0), &place);
        return if panics == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) };
    }
    let (first, last) = (number(args.first(), 0), number(args.get(1), 10_000));
    let processes = number(args.get(2), 2).max(1);
    let started = Instant::now();
    let share = (last - first).div_ceil(processes);
    let workers: Vec<_> = (0..processes)
        .map(|k| {
            std::thread::spawn(move || supervise(first + k * share, (first + (k + 1) * share).min(last), k))
        })
        .collect();
    let bad: u64 = workers.into_iter().map(|w| w.join().expect("a supervisor")).sum();
    println!(
        "{} inputs in {:.0} s, {bad} batches with a panic or a death",
        last - first,
        started.elapsed().as_secs_f64()
    );
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
