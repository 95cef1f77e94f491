//! CPU, memory, descriptors, threads and start of this process, under the names that Prometheus' client libraries use.
//! Read from `/proc/self` at each scrape.

use std::fs;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, Opts};
use rustix::process::{Resource, getrlimit};

/// The metrics of this process.
pub(super) struct ProcessMetrics {
    cpu_seconds: Counter,
    open_fds: Gauge,
    max_fds: Gauge,
    virtual_memory: Gauge,
    resident_memory: Gauge,
    start_time: Gauge,
    threads: Gauge,
}

impl ProcessMetrics {
    /// Returns the metrics of the calling process.
    pub(super) fn new() -> Self {
        let gauge = |name: &str, help: &str| Gauge::with_opts(Opts::new(name, help)).expect("a valid name");
        let metrics = Self {
            cpu_seconds: Counter::with_opts(Opts::new(
                "process_cpu_seconds_total",
                "Total user and system CPU time spent in seconds.",
            ))
            .expect("a valid name"),
            open_fds: gauge("process_open_fds", "Number of open file descriptors."),
            max_fds: gauge("process_max_fds", "Maximum number of open file descriptors."),
            virtual_memory: gauge("process_virtual_memory_bytes", "Virtual memory size in bytes."),
            resident_memory: gauge("process_resident_memory_bytes", "Resident memory size in bytes."),
            start_time: gauge(
                "process_start_time_seconds",
                "Start time of the process since unix epoch in seconds.",
            ),
            threads: gauge("process_threads", "Number of OS threads in the process."),
        };
        if let Some(started) = read("/proc/self/stat").as_deref().and_then(Stat::parse).and_then(|stat| {
            let boot = read("/proc/stat").as_deref().and_then(boot_time)?;
            Some(boot + stat.start_ticks as f64 / ticks_per_second())
        }) {
            metrics.start_time.set(started);
        }
        metrics
    }

    fn parts(&self) -> [&dyn Collector; 7] {
        [
            &self.cpu_seconds,
            &self.open_fds,
            &self.max_fds,
            &self.virtual_memory,
            &self.resident_memory,
            &self.start_time,
            &self.threads,
        ]
    }

    fn refresh(&self) {
        if let Some(stat) = read("/proc/self/stat").as_deref().and_then(Stat::parse) {
            // a counter never falls; the kernel's own total may by a tick
            let more = stat.cpu_ticks as f64 / ticks_per_second() - self.cpu_seconds.get();
            self.cpu_seconds.inc_by(more.max(0.0));
            self.threads.set(stat.threads as f64);
            self.virtual_memory.set(stat.virtual_bytes as f64);
            self.resident_memory.set(stat.resident_pages as f64 * rustix::param::page_size() as f64);
        }
        if let Ok(entries) = fs::read_dir("/proc/self/fd") {
            // the folder itself is open while it is read
            self.open_fds.set(entries.count().saturating_sub(1) as f64);
        }
        if let Some(limit) = getrlimit(Resource::Nofile).current {
            self.max_fds.set(limit as f64);
        }
    }
}

impl Collector for ProcessMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.parts().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.refresh();
        self.parts().into_iter().flat_map(Collector::collect).collect()
    }
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

/// The fields of `/proc/self/stat` that are exported.
///
/// # Source
/// proc_pid_stat(5): fields 14 and 15 (utime, stime), 20 (num_threads), 22 (starttime), 23 (vsize), 24 (rss).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    cpu_ticks: u64,
    threads: u64,
    start_ticks: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // the name in parentheses may hold spaces and parentheses
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu_ticks: number(14)? + number(15)?,
            threads: number(20)?,
            start_ticks: number(22)?,
            virtual_bytes: number(23)?,
            resident_pages: number(24)?,
        })
    }
}

/// Returns the time of the boot in seconds of Unix time: `btime` of `/proc/stat`, proc_stat(5).
fn boot_time(text: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_shifts_no_field() {
        let text = "7 (a) b (c) S 1 7 7 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 12 0 900 4096000 77 18446744073709551615 1";
        let expected = Stat {
            cpu_ticks: 200,
            threads: 12,
            start_ticks: 900,
            virtual_bytes: 4_096_000,
            resident_pages: 77,
        };
        assert_eq!(Stat::parse(text), Some(expected));
        assert_eq!(Stat::parse("7 (a) S 1"), None);
    }

    #[test]
    fn every_metric_of_this_process_has_a_value() {
        let families = ProcessMetrics::new().collect();
        let value = |name: &str| {
            let family = families.iter().find(|f| f.name() == name).expect(name);
            let metric = &family.get_metric()[0];
            metric.get_gauge().get_value() + metric.get_counter().get_value()
        };
        for name in ["open_fds", "max_fds", "virtual_memory_bytes", "resident_memory_bytes", "threads"] {
            assert!(value(&format!("process_{name}")) >= 1.0, "{name}");
        }
        let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs_f64();
        assert!((now - value("process_start_time_seconds")).abs() < 86_400.0);
        assert!(value("process_cpu_seconds_total") >= 0.0);
    }
}
