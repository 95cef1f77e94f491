//! Changes of the data that tell nothing new: units of regressors, the order of rows, the unit of weights, a level chosen as
//! the base. Every estimation command on shared data gives the same estimates before and after.

mod cases;
mod predictions;
mod rows;
mod units;

use std::cell::OnceCell;

use dofile::Session;
use dofile::frame::Frame;

/// Values with few digits: what is added to them is exact.
const DATA: &str = include_str!("data.do");

/// A command, with what prepares the data for it.
pub(super) struct Case {
    pub command: &'static str,
    /// Commands before it, separated by semicolons.
    pub prepare: &'static str,
    /// Weights that are tried: of frequencies, sampling, analytic, importance (`f`, `p`, `a`, `i`).
    pub weights: &'static str,
    /// What does not hold for the command, and what holds besides (`cases.rs`).
    pub marks: &'static str,
}

impl Case {
    pub(super) fn has(&self, mark: char) -> bool {
        self.marks.contains(mark)
    }
}

/// Estimates by name.
pub(super) struct Fit {
    pub names: Vec<String>,
    pub b: Vec<f64>,
    pub se: Vec<f64>,
    pub ll: Option<f64>,
    pub n: Option<f64>,
    pub log: String,
}

fn data() -> Frame {
    thread_local! {
        static READ: OnceCell<Frame> = const { OnceCell::new() };
    }
    let read = || {
        let mut s = Session::default();
        let (log, rc) = s.run_captured(DATA);
        assert_eq!(rc, 0, "{log}");
        s.frame.clone()
    };
    READ.with(|frame| frame.get_or_init(read).clone())
}

/// A session with the data after some commands.
pub(super) fn prepared(commands: &[&str]) -> Session {
    let mut s = Session::default();
    s.frame = data();
    for command in commands.iter().flat_map(|c| c.split(';')).map(str::trim).filter(|c| !c.is_empty()) {
        let (log, rc) = s.run_captured(command);
        assert_eq!(rc, 0, "{command}\n{log}");
    }
    s
}

/// The estimates of a command, or the return code.
pub(super) fn estimates(s: &mut Session, command: &str) -> Result<Fit, i32> {
    let (log, rc) = s.run_captured(command);
    let (0, Some(b), Some(v)) = (rc, s.e.b(), s.e.v()) else { return Err(rc) };
    Ok(Fit {
        names: b.col_names.iter().map(|stripe| stripe.full()).collect(),
        b: b.values().to_vec(),
        se: (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect(),
        ll: s.e.results.get_scalar("ll"),
        n: s.e.results.get_scalar("N"),
        log,
    })
}

impl Fit {
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|own| own == name)
    }

    /// The first difference from another fit in the estimates that a rule picks, with their standard errors, and in the log
    /// likelihood.
    pub(super) fn difference(&self, other: &Self, picked: impl Fn(&str) -> bool) -> Option<String> {
        self.differs(other, picked).or_else(|| self.differs_in_likelihood(other))
    }

    /// The same without the log likelihood.
    pub(super) fn differs(&self, other: &Self, picked: impl Fn(&str) -> bool) -> Option<String> {
        for (i, name) in self.names.iter().enumerate().filter(|(_, name)| picked(name)) {
            let Some(j) = other.position(name) else { return Some(format!("{name} is missing")) };
            let (b, se) = (far(self.b[i], other.b[j], self.se[i]), far(self.se[i], other.se[j], 0.0));
            if b || se {
                let [a, c, d, e] = [self.b[i], other.b[j], self.se[i], other.se[j]];
                return Some(format!("{name}: {a} and {c}, standard errors {d} and {e}"));
            }
        }
        None
    }

    fn differs_in_likelihood(&self, other: &Self) -> Option<String> {
        let (Some(a), Some(b)) = (self.ll, other.ll) else { return None };
        let apart = (a - b).abs() > 1e-8 * (1.0 + a.abs());
        apart.then(|| format!("log likelihoods {a} and {b}"))
    }
}

/// Whether two numbers differ in their first six digits, or by more than that share of a standard error.
fn far(a: f64, b: f64, se: f64) -> bool {
    // what a constraint sets to zero leaves the arithmetic's noise
    if a.is_nan() && b.is_nan() || a.abs().max(b.abs()) < 1e-14 {
        return false;
    }
    let size = a.abs().max(if se.is_finite() { se } else { 0.0 });
    let apart = (a - b).abs();
    apart.is_nan() || apart > 1e-6 * size
}

/// Fails with all complaints.
pub(super) fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
