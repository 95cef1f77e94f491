//! The two text formats of the metrics: Prometheus 0.0.4, and OpenMetrics 1.0 with exemplars. Sources:
//! prometheus.io/docs/instrumenting/exposition_formats and the OpenMetrics 1.0 specification (RFC-style, section 5).

use std::fmt::Write;

use prometheus::proto::{Histogram, LabelPair, Metric, MetricFamily, MetricType};

use super::exemplars::{Exemplar, Exemplars};

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The text format 0.0.4 of Prometheus.
    Prometheus,
    /// OpenMetrics 1.0, which has exemplars.
    OpenMetrics,
}

impl Format {
    /// Chooses by an `Accept` header: OpenMetrics only for those who ask for it by name, and do not prefer
    /// plain text to it.
    pub fn accepted(accept: &str) -> Self {
        let quality = |media_type: &str| {
            let stated = accept.split(',').filter_map(|range| {
                let mut parts = range.split(';').map(str::trim);
                let named = parts.next()?.eq_ignore_ascii_case(media_type);
                let mut quality = 1.0_f64;
                for parameter in parts {
                    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                    match name.trim().to_ascii_lowercase().as_str() {
                        "q" => quality = value.trim().parse().unwrap_or(0.0),
                        "version" if !matches!(value.trim(), "1.0.0" | "0.0.1" | "0.0.4") => return None,
                        _ => {}
                    }
                }
                named.then_some(quality)
            });
            stated.fold(0.0_f64, f64::max)
        };
        let open = quality("application/openmetrics-text");
        if open > 0.0 && open >= quality("text/plain") { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// The media type of the format.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Writes families in a format.
pub(super) fn write(families: &[MetricFamily], exemplars: &Exemplars, format: Format) -> String {
    let mut writer = Writer { out: String::with_capacity(64 * 1024), exemplars, format };
    for family in families {
        writer.family(family);
    }
    if format == Format::OpenMetrics {
        writer.out.push_str("# EOF\n");
    }
    writer.out
}

struct Writer<'a> {
    out: String,
    exemplars: &'a Exemplars,
    format: Format,
}

impl Writer<'_> {
    fn family(&mut self, family: &MetricFamily) {
        let kind = match family.get_field_type() {
            MetricType::COUNTER => "counter",
            MetricType::GAUGE => "gauge",
            MetricType::HISTOGRAM => "histogram",
            // none is registered
            MetricType::SUMMARY | MetricType::UNTYPED => return,
        };
        let open = self.format == Format::OpenMetrics;
        // In OpenMetrics a counter's family goes without the ending that its samples have.
        let name = match family.name().strip_suffix("_total") {
            Some(stem) if open => stem,
            _ => family.name(),
        };
        let help = escaped(family.help(), open);
        let _ = write!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        if let Some(unit) = ["seconds", "bytes"].iter().find(|unit| name.ends_with(&format!("_{unit}")))
            && open
        {
            let _ = writeln!(self.out, "# UNIT {name} {unit}");
        }
        for metric in family.get_metric() {
            match family.get_field_type() {
                MetricType::HISTOGRAM => self.histogram(family.name(), metric),
                MetricType::COUNTER => {
                    let last = self.last_of(family.name(), metric);
                    let value = metric.get_counter().get_value();
                    self.sample(family.name(), "", metric, None, value, last.first().copied().flatten());
                }
                _ => self.sample(family.name(), "", metric, None, metric.get_gauge().get_value(), None),
            }
        }
    }

    fn last_of(&self, family: &str, metric: &Metric) -> Vec<Option<Exemplar>> {
        if self.format == Format::Prometheus {
            return Vec::new();
        }
        let labels = metric.get_label().iter().map(LabelPair::value);
        self.exemplars.of(family, labels).map(|slots| slots.read()).unwrap_or_default()
    }

    fn histogram(&mut self, name: &str, metric: &Metric) {
        let last = self.last_of(name, metric);
        let histogram: &Histogram = metric.get_histogram();
        let mut at = 0;
        for bucket in histogram.get_bucket().iter().filter(|bucket| bucket.upper_bound().is_finite()) {
            let exemplar = last.get(at).copied().flatten();
            let count = bucket.cumulative_count() as f64;
            self.sample(name, "_bucket", metric, Some(bucket.upper_bound()), count, exemplar);
            at += 1;
        }
        let all = histogram.get_sample_count() as f64;
        let exemplar = last.get(at).copied().flatten();
        self.sample(name, "_bucket", metric, Some(f64::INFINITY), all, exemplar);
        self.sample(name, "_sum", metric, None, histogram.get_sample_sum(), None);
        self.sample(name, "_count", metric, None, all, None);
    }

    fn sample(
        &mut self,
        name: &str,
        ending: &str,
        metric: &Metric,
        bound: Option<f64>,
        value: f64,
        exemplar: Option<Exemplar>,
    ) {
        self.out.push_str(name);
        self.out.push_str(ending);
        let mut opening = '{';
        for label in metric.get_label() {
            let _ = write!(self.out, "{opening}{}=\"{}\"", label.name(), escaped(label.value(), true));
            opening = ',';
        }
        if let Some(bound) = bound {
            let _ = write!(self.out, "{opening}le=\"{}\"", canonical(bound));
            opening = ',';
        }
        if opening == ',' {
            self.out.push('}');
        }
        let _ = write!(self.out, " {}", number(value));
        if let Some(exemplar) = exemplar {
            let (trace, value, at) = (exemplar.trace_id(), number(exemplar.value), exemplar.at);
            let _ = write!(self.out, " # {{trace_id=\"{trace}\"}} {value} {at:.3}");
        }
        self.out.push('\n');
    }
}

/// A number as both formats write it.
fn number(value: f64) -> String {
    match value {
        v if v.is_nan() => "NaN".to_owned(),
        v if v == f64::INFINITY => "+Inf".to_owned(),
        v if v == f64::NEG_INFINITY => "-Inf".to_owned(),
        v => v.to_string(),
    }
}

/// A bound as OpenMetrics has it (section "Considerations: Canonical Numbers"), in both formats, so that a
/// scraper that changes the format keeps its series.
fn canonical(bound: f64) -> String {
    let text = number(bound);
    if bound.is_finite() && !text.contains('.') { text + ".0" } else { text }
}

/// Escapes a help text, or with `quotes` a label's value.
fn escaped(text: &str, quotes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus::{Histogram as Measured, HistogramOpts, IntCounterVec, Opts, Registry};

    const TRACE: &str = "0123456789abcdef0123456789abcdef";

    fn sample() -> (Registry, Exemplars) {
        let registry = Registry::new();
        let counter = IntCounterVec::new(Opts::new("a_total", "Things \"so\" called."), &["k"]).unwrap();
        counter.with_label_values(&["x\"\n\\"]).inc();
        registry.register(Box::new(counter)).unwrap();
        let seconds =
            Measured::with_opts(HistogramOpts::new("b_seconds", "Time.").buckets(vec![0.5, 1.0])).unwrap();
        seconds.observe(0.7);
        registry.register(Box::new(seconds)).unwrap();
        let exemplars = Exemplars::new(1_700_000_000.0);
        exemplars.slots("b_seconds", &[], &[0.5, 1.0]).note(0.7, TRACE);
        (registry, exemplars)
    }

    #[test]
    fn the_prometheus_format_has_no_exemplars() {
        let (registry, exemplars) = sample();
        let text = write(&registry.gather(), &exemplars, Format::Prometheus);
        let expected = "# HELP a_total Things \"so\" called.\n# TYPE a_total counter\n\
                        a_total{k=\"x\\\"\\n\\\\\"} 1\n\
                        # HELP b_seconds Time.\n# TYPE b_seconds histogram\n\
                        b_seconds_bucket{le=\"0.5\"} 0\nb_seconds_bucket{le=\"1.0\"} 1\n\
                        b_seconds_bucket{le=\"+Inf\"} 1\nb_seconds_sum 0.7\nb_seconds_count 1\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn openmetrics_names_families_units_exemplars_and_its_end() {
        let (registry, exemplars) = sample();
        let text = write(&registry.gather(), &exemplars, Format::OpenMetrics);
        for line in [
            "# TYPE a counter",
            "# HELP a Things \\\"so\\\" called.",
            "a_total{k=\"x\\\"\\n\\\\\"} 1",
            "# UNIT b_seconds seconds",
            "b_seconds_bucket{le=\"0.5\"} 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        let start = format!("b_seconds_bucket{{le=\"1.0\"}} 1 # {{trace_id=\"{TRACE}\"}} 0.7 1700000000.");
        assert!(text.lines().any(|l| l.starts_with(&start)), "{text}");
        assert!(text.ends_with("\n# EOF\n"), "{text}");
    }

    #[test]
    fn the_format_is_the_one_that_is_asked_for() {
        let of_prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for (accept, format) in [
            (of_prometheus, Format::OpenMetrics),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("application/openmetrics-text; version=9.0.0", Format::Prometheus),
            ("application/openmetrics-text;q=0", Format::Prometheus),
            ("text/plain, application/openmetrics-text;q=0.5", Format::Prometheus),
            ("*/*", Format::Prometheus),
            ("", Format::Prometheus),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept}");
        }
    }
}
