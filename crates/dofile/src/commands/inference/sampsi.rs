//! `sampsi`: sample size and power of tests of means and proportions in the large-sample forms of Stata before `power`
//! ([R] sampsi; Fleiss, Levin and Paik 2003).

use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::options::parse_number;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{normal, normal_quantile};

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "means with sd1(), else proportions, those of two samples with the continuity correction; power with n1() or n2(), else the sizes for power(.9); stores r(N_1) r(N_2) r(power); no repeated measures (pre(), post() ...); [R] sampsi",
    examples: &[
        Example {
            // printed in [R] sampsi
            run: "sampsi .25 .4\nscalar a = r(N_1)\nsampsi 132.86 127.44, p(0.8) r(2) sd1(15.34) sd2(18.23)",
            expect: &[("a", 216.0), ("r(N_1)", 108.0), ("r(N_2)", 216.0)],
        },
        Example {
            // (1.96 + 0.8416)^2 / 0.5^2 = 31.4; half a standard deviation with 32 rows has 0.8 again
            run: "sampsi 0 .5, sd1(1) onesample power(.8)\nscalar n = r(N_1)\nsampsi 0 .5, sd1(1) onesample n1(32)",
            expect: &[("n", 32.0), ("abs(r(power) - .8074) < 1e-4", 1.0)],
        },
    ],
    ..CommandSpec::raw(
        "sampsi",
        6,
        run,
        "sampsi #1 #2 [, alpha(#) power(#) n1(#) n2(#) ratio(#) {sd(#) | sd1(#)} sd2(#) onesample onesided nocontinuity]",
    )
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::real("Alpha"),
    OptSpec::real("Power"),
    OptSpec::real("n1"),
    OptSpec::real("n2"),
    OptSpec::real("Ratio"),
    OptSpec::real("sd"),
    OptSpec::real("sd1"),
    OptSpec::real("sd2"),
    OptSpec::flag("ONESAMple"),
    OptSpec::flag("ONESIDed"),
    OptSpec::flag("noCONTinuity"),
];
const REFUSED: &[&str] = &["PRE", "POST", "Method", "R0", "R1", "R01"];

/// Two values that are to be told apart.
struct Plan {
    values: [f64; 2],
    /// Standard deviations of means.
    sd: Option<[f64; 2]>,
    one_sample: bool,
    correction: bool,
    /// Size of the second sample over that of the first.
    ratio: f64,
    /// Quantile of the test.
    z: f64,
}

impl Plan {
    /// Spread of the difference for a first sample of one: under the hypothesis and under the alternative.
    fn spreads(&self) -> (f64, f64) {
        let [a, b] = self.values;
        let r = self.ratio;
        match (self.sd, self.one_sample) {
            (Some([sd, _]), true) => (sd, sd),
            (Some([sd1, sd2]), false) => {
                let both = (sd1 * sd1 + sd2 * sd2 / r).sqrt();
                (both, both)
            }
            (None, true) => ((a * (1.0 - a)).sqrt(), (b * (1.0 - b)).sqrt()),
            (None, false) => {
                let mean = (a + r * b) / (r + 1.0);
                let null = ((r + 1.0) * mean * (1.0 - mean) / r).sqrt();
                (null, ((r * a * (1.0 - a) + b * (1.0 - b)) / r).sqrt())
            }
        }
    }

    /// The continuity correction belongs to two proportions.
    fn corrected(&self) -> bool {
        self.correction && self.sd.is_none() && !self.one_sample
    }

    fn gap(&self) -> f64 {
        (self.values[1] - self.values[0]).abs()
    }

    /// Size of the first sample for a power.
    fn size(&self, power: f64) -> f64 {
        let (null, alternative) = self.spreads();
        let n = ((self.z * null + normal_quantile(power) * alternative) / self.gap()).powi(2);
        if !self.corrected() {
            return n.ceil();
        }
        let root = (1.0 + 2.0 * (self.ratio + 1.0) / (n * self.ratio * self.gap())).sqrt();
        (n / 4.0 * (1.0 + root).powi(2)).ceil()
    }

    /// Power with a first sample of `n`.
    fn power(&self, n: f64) -> f64 {
        let (null, alternative) = self.spreads();
        let plain = if self.corrected() {
            let shift = (self.ratio + 1.0) / (2.0 * self.ratio * self.gap());
            // the size without correction that the correction turns into n
            if n <= shift {
                return f64::NAN;
            }
            (n - shift).powi(2) / n
        } else {
            n
        };
        normal((self.gap() * plain.sqrt() - self.z * null) / alternative)
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut cmd = ParsedCommand::whole("sampsi", &cmd.raw)?;
    cmd.check_options(OPTIONS, REFUSED)?;
    let real = |name: &str| cmd.options.real(name);
    let values: Vec<Option<f64>> = cmd.list.split_whitespace().map(parse_number).collect();
    let [Some(a), Some(b)] = values[..] else { return Err(StataError::syntax()) };
    let sd = real("sd1").or(real("sd")).or(real("sd2")).map(|first| [first, real("sd2").unwrap_or(first)]);
    let inside = |p: f64| p > 0.0 && p < 1.0;
    if a == b || sd.is_none() && !(inside(a) && inside(b)) || sd.is_some_and(|[x, y]| x <= 0.0 || y <= 0.0) {
        return Err(StataError::new(
            198,
            "two different means with sd1(), or two proportions between 0 and 1",
        ));
    }
    let (alpha, wanted) = (real("alpha").unwrap_or(0.05), real("power").unwrap_or(0.9));
    if !inside(alpha) || !inside(wanted) {
        return Err(StataError::new(198, "alpha() and power() must be between 0 and 1"));
    }
    let (n1, n2) = (real("n1"), real("n2"));
    if [n1, n2, real("ratio")].iter().flatten().any(|n| *n <= 0.0) {
        return Err(StataError::new(198, "n1(), n2() and ratio() must be positive"));
    }
    let ratio = match (real("ratio"), n1, n2) {
        (None, Some(n1), Some(n2)) => n2 / n1,
        (given, ..) => given.unwrap_or(1.0),
    };
    let one_sided = cmd.has("onesided");
    let plan = Plan {
        values: [a, b],
        sd,
        one_sample: cmd.has("onesample"),
        correction: !cmd.has("nocontinuity"),
        ratio,
        z: normal_quantile(1.0 - if one_sided { alpha } else { alpha / 2.0 }),
    };
    let (n1, power, given) = match (n1, n2) {
        (Some(n), _) => (n, plan.power(n), true),
        (None, Some(n)) => (n / ratio, plan.power(n / ratio), true),
        (None, None) => (plan.size(wanted), wanted, false),
    };
    let n2 = if given { n1 * ratio } else { (n1 * ratio).ceil() };
    show(s, &plan, (alpha, one_sided), (n1, n2), power, given);
    let mut results = Results::default();
    results.scalar("N_1", n1);
    if !plan.one_sample {
        results.scalar("N_2", n2);
    }
    results.scalar("power", if power.is_finite() { power } else { crate::value::MISSING });
    s.r = results;
    Ok(())
}

fn show(s: &mut Session, plan: &Plan, test: (f64, bool), n: (f64, f64), power: f64, given: bool) {
    if let (Some([sd, _]), true, false) = (plan.sd, plan.one_sample, given) {
        return show_one_mean(s, plan, test, (n.0, power, sd));
    }
    let kind = if plan.sd.is_some() { "mean" } else { "proportion" };
    let samples = if plan.one_sample { "one-sample" } else { "two-sample" };
    let many = if plan.one_sample { "comparison of" } else { "comparison of two" };
    let to = if plan.one_sample { " to hypothesized value" } else { "s" };
    let what = if given { "Estimated power" } else { "Estimated sample size" };
    s.print("");
    s.print(format!("{what} for {samples} {many} {kind}{to}"));
    s.print("");
    let line =
        |name: &str, x: f64, fmt: &str| format!("{name:>12} = {}", format::right(&format::bare(fmt, x), 9));
    let sides = if test.1 { "  (one-sided)" } else { "  (two-sided)" };
    s.print(format!("{}{sides}", line("alpha", test.0, "%7.4f")));
    s.print(line("power", power, "%7.4f"));
    for (name, x) in [("value 1", plan.values[0]), ("value 2", plan.values[1])] {
        s.print(line(name, x, "%9.0g"));
    }
    if let Some([a, b]) = plan.sd {
        s.print(line("sd1", a, "%9.0g"));
        if !plan.one_sample {
            s.print(line("sd2", b, "%9.0g"));
        }
    }
    s.print(line(if plan.one_sample { "n" } else { "n1" }, n.0, "%9.0g"));
    if !plan.one_sample {
        s.print(line("n2", n.1, "%9.0g"));
        s.print(line("n2/n1", plan.ratio, "%7.2f"));
    }
}

/// The size of one sample for a mean.
fn show_one_mean(
    s: &mut Session,
    plan: &Plan,
    (alpha, one_sided): (f64, bool),
    (n, power, sd): (f64, f64, f64),
) {
    let cell = |x: f64, fmt: &str| format::right(&format::bare(fmt, x), 8);
    let [null, alternative] = plan.values.map(|x| cell(x, "%8.0g"));
    let sides = if one_sided { "one" } else { "two" };
    s.print("");
    s.print("Estimated sample size for one-sample comparison of mean");
    s.print("  to hypothesized value");
    s.print("");
    s.print(format!("Test Ho: m ={}, where m is the mean in the population", &null[1..]));
    s.print("");
    s.print("Assumptions:");
    s.print("");
    s.print(format!("         alpha = {}  ({sides}-sided)", cell(alpha, "%8.4f")));
    s.print(format!("         power = {}", cell(power, "%8.4f")));
    s.print(format!(" alternative m = {alternative}"));
    s.print(format!("            sd = {}", cell(sd, "%8.0g")));
    s.print("");
    s.print("Estimated required sample size:");
    s.print("");
    s.print(format!("             n = {}", cell(n, "%8.0f")));
}
