//! Reading `/metrics` of a service under test: samples with their labels, and waiting for a value.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::app::{PATIENCE, TestApp};

/// One scrape in the Prometheus text format.
pub(crate) struct Scrape {
    pub text: String,
}

impl Scrape {
    /// Reads the metrics of a service.
    pub(crate) async fn of(app: &TestApp) -> Self {
        let answer = app.http.get(format!("{}/metrics", app.base)).send().await.expect("answers");
        assert_eq!(answer.status(), 200);
        Self { text: answer.text().await.expect("text") }
    }

    /// Reads until something holds; fails the test when it never does.
    pub(crate) async fn until(app: &TestApp, what: &str, holds: impl Fn(&Self) -> bool) -> Self {
        let started = Instant::now();
        loop {
            let scrape = Self::of(app).await;
            if holds(&scrape) {
                return scrape;
            }
            assert!(started.elapsed() < PATIENCE, "never: {what}\n{}", scrape.text);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The samples: name, labels, value.
    pub(crate) fn samples(&self) -> impl Iterator<Item = (&str, BTreeMap<&str, &str>, f64)> {
        self.text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a sample");
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let pairs = labels.trim_end_matches('}').split("\",").filter(|pair| !pair.is_empty());
            let pairs = pairs.map(|pair| pair.split_once("=\"").expect("a label"));
            let labels = pairs.map(|(name, value)| (name, value.trim_end_matches('"'))).collect();
            (name, labels, value.parse().expect("a number"))
        })
    }

    /// The sum over all series of a sample that have these labels; `None` where there is no such series.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let asked = |found: &BTreeMap<&str, &str>| labels.iter().all(|(k, v)| found.get(k) == Some(v));
        let found = self.samples().filter(|(n, labels, _)| *n == name && asked(labels));
        found.fold(None, |sum, (_, _, value)| Some(sum.unwrap_or(0.0) + value))
    }

    /// As [`Scrape::sum`], of a sample that must be there.
    pub(crate) fn get(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.sum(name, labels).unwrap_or_else(|| panic!("{name}{labels:?} in\n{}", self.text))
    }

    /// Every family with its type and the names of its labels.
    pub(crate) fn families(&self) -> BTreeMap<String, (String, BTreeSet<String>)> {
        let types = self.text.lines().filter_map(|l| l.strip_prefix("# TYPE ")?.split_once(' '));
        let mut found: BTreeMap<String, (String, BTreeSet<String>)> =
            types.map(|(name, kind)| (name.to_owned(), (kind.to_owned(), BTreeSet::new()))).collect();
        for (name, labels, _) in self.samples() {
            let stem = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let family = stem.filter(|stem| found.contains_key(*stem)).unwrap_or(name);
            let (_, known) = found.get_mut(family).unwrap_or_else(|| panic!("{name} has no type"));
            known.extend(labels.keys().filter(|k| **k != "le").map(|k| (*k).to_owned()));
        }
        found
    }
}
