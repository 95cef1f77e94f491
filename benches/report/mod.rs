//! What benchmarks have in common: a row for each thing that was measured, shown at once and, for
//! `performance/run`, appended as Markdown to the file that `BENCH_REPORT` names; and whether a short run is
//! wanted (`BENCH_QUICK`). What is measured is the benchmarks' own matter.
#![expect(clippy::print_stdout, reason = "benchmarks print what they measure")]
#![expect(
    clippy::disallowed_methods,
    reason = "benchmarks are steered by the environment, which the program is not"
)]

use std::fs::File;
use std::io::Write;
use std::time::Duration;

/// What a figure is meant to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

impl Aim {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
        }
    }

    fn told(self, value: f64, unit: &str) -> String {
        let (sign, bound) = match self {
            Self::AtLeast(bound) => ('≥', bound),
            Self::AtMost(bound) => ('≤', bound),
        };
        let met = if self.is_met(value) { "met" } else { "**missed**" };
        format!("{sign} {bound}{unit}: {met}")
    }
}

/// One row: what was measured, its figure, the peer or limit of the same run, their ratio, the aims.
#[derive(Debug, Default)]
pub(crate) struct Row {
    what: String,
    figure: String,
    peer: String,
    ratio: String,
    aims: Vec<String>,
}

impl Row {
    /// Begins a row.
    pub(crate) fn of(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self { what: what.into(), figure: figure.into(), ..Self::default() }
    }

    /// Names the peer or limit that was measured in the same run, with its figure.
    #[must_use]
    pub(crate) fn peer(mut self, peer: impl Into<String>) -> Self {
        self.peer = peer.into();
        self
    }

    /// States the ratio to the peer.
    #[must_use]
    pub(crate) fn ratio(mut self, ratio: f64, aim: Option<Aim>) -> Self {
        self.ratio = format!("{ratio:.2}");
        self.aims.extend(aim.map(|aim| aim.told(ratio, "")));
        self
    }

    /// States an aim of the figure itself.
    #[must_use]
    pub(crate) fn aim(mut self, value: f64, aim: Aim, unit: &str) -> Self {
        self.aims.push(aim.told(value, unit));
        self
    }

    /// Shows the row and appends it to the report.
    pub(crate) fn write(self) {
        let Self { what, figure, peer, ratio, aims } = self;
        let aims = aims.join("; ");
        let rest: String = [&peer, &ratio, &aims]
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(|p| format!("  | {p}"))
            .collect();
        println!("{what:<52} {figure}{rest}");
        let Some(path) = std::env::var_os("BENCH_REPORT") else { return };
        let mut file =
            File::options().create(true).append(true).open(path).expect("the report can be written");
        writeln!(file, "| {what} | {figure} | {peer} | {ratio} | {aims} |")
            .expect("the report can be written");
    }
}

/// True where a short run is wanted, whose figures are coarser.
pub(crate) fn is_quick() -> bool {
    std::env::var_os("BENCH_QUICK").is_some_and(|value| value != "0")
}

/// One of two, for the whole and for the short run.
pub(crate) fn sized<T>(whole: T, quick: T) -> T {
    if is_quick() { quick } else { whole }
}

/// Median and 99th percentile, in milliseconds.
pub(crate) fn percentiles(times: &mut [Duration]) -> (f64, f64) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    (at(0.5), at(0.99))
}

/// A figure of a process in MB, out of `/proc/<pid>/status`; NaN where there is none.
pub(crate) fn process_mb(pid: u32, name: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let line = line.trim_start_matches(':');
    line.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}
