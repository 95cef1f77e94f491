//! `icc`: intraclass correlations of ratings ([R] icc; Shrout and Fleiss 1979; McGraw and Wong 1996).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::epitab::{Sample, interval_level};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{f_inverse_tail, f_tail};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("ABSolute"),
    OptSpec::flag("CONSistency"),
    OptSpec::flag("MIXed"),
    OptSpec::real("Level"),
    OptSpec::real("testvalue"),
])
.unsupported(&["FORMAT"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "icc",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "icc depvar target [rater] [if] [in] [, absolute consistency mixed testvalue(#) level(#)]",
    notes: "one-way random effects without rater, two-way with it; stores r(icc_i) r(icc_avg) with limits r(icc_i_lb) r(icc_i_ub) r(icc_avg_lb) r(icc_avg_ub) and test r(icc_i_F) r(icc_i_df1) r(icc_i_df2) r(icc_i_p), r(N_target) r(N_rater); [R] icc",
    examples: &[Example {
        // Targets differ, the two ratings of each do not: perfect agreement up to the spread within.
        run: "set obs 6\ngenerate t = ceil(_n / 2)\ngenerate y = t + cond(mod(_n, 2), .5, -.5)\nicc y t",
        // Mean squares between 2 and within 0.5.
        expect: &[("r(icc_i)", 0.6), ("r(icc_avg)", 0.75)],
    }],
};

/// Mean squares of a complete table of targets and raters.
struct Squares {
    n: f64,
    k: f64,
    targets: f64,
    raters: f64,
    error: f64,
    within: f64,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    if variables.len() < 2 || variables.len() > 3 {
        return Err(StataError::standard(if variables.len() < 2 { 102 } else { 103 }));
    }
    if s.frame.var(variables[0]).is_string() {
        return Err(StataError::type_mismatch());
    }
    let two_way = variables.len() == 3;
    if !two_way && (cmd.has("mixed") || cmd.has("consistency")) {
        return Err(StataError::invalid("mixed and consistency need a rater variable"));
    }
    if cmd.has("absolute") && cmd.has("consistency") {
        return Err(StataError::invalid("only one of absolute and consistency is allowed"));
    }
    let level = interval_level(s, cmd)?;
    let sample = Sample::read(s, cmd, &variables)?;
    let squares = squares(s, &variables, &sample, two_way)?;
    let consistency = two_way && (cmd.has("consistency") || (cmd.has("mixed") && !cmd.has("absolute")));
    let rho = cmd.options.real("testvalue").unwrap_or(0.0);
    if !(0.0..1.0).contains(&rho) {
        return Err(StataError::invalid("testvalue() must be in [0, 1)"));
    }
    let found = correlations(&squares, two_way, consistency, level, rho);
    show(s, &squares, two_way, consistency, cmd.has("mixed"), level, rho, &found);
    let mut r = Results::default();
    r.scalar("N_target", squares.n).scalar("N_rater", squares.k).scalar("level", level);
    for (name, f) in [("icc_i", &found.0), ("icc_avg", &found.1)] {
        r.scalar(name, stata(f.value));
        r.scalar(&format!("{name}_lb"), stata(f.low)).scalar(&format!("{name}_ub"), stata(f.high));
        r.scalar(&format!("{name}_F"), stata(found.2.f)).scalar(&format!("{name}_df1"), found.2.df1);
        r.scalar(&format!("{name}_df2"), stata(found.2.df2)).scalar(&format!("{name}_p"), stata(found.2.p));
    }
    s.r = r;
    Ok(())
}

fn squares(s: &Session, variables: &[usize], sample: &Sample, two_way: bool) -> Result<Squares> {
    let targets = sample.groups(s, &variables[1..2]);
    let n = targets.count();
    let count = sample.rows.len();
    let k = count / n.max(1);
    if n < 2 || k < 2 || k * n != count || (0..n).any(|g| targets.members(g).len() != k) {
        return Err(StataError::new(
            459,
            "the data are not balanced: every target needs the same number of ratings, two or more",
        ));
    }
    let y: Vec<f64> = sample.rows.iter().map(|&r| s.frame.num_at(variables[0], r)).collect();
    let mean = y.iter().sum::<f64>() / count as f64;
    let means = |of: &[usize], groups: usize| -> Vec<f64> {
        let mut sums = vec![0.0; groups];
        of.iter().zip(&y).for_each(|(g, y)| sums[*g] += y);
        sums.iter().map(|x| x * groups as f64 / count as f64).collect()
    };
    let target_means = means(&targets.of, n);
    let between: f64 = target_means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() * k as f64;
    let within: f64 = y.iter().zip(&targets.of).map(|(y, g)| (y - target_means[*g]).powi(2)).sum();
    let (n_f, k_f) = (n as f64, k as f64);
    let (mut raters, mut error) = (f64::NAN, f64::NAN);
    if two_way {
        let rater = sample.groups(s, &variables[2..3]);
        let mut seen = vec![0usize; n * rater.count()];
        (0..count).for_each(|i| seen[targets.of[i] * rater.count() + rater.of[i]] += 1);
        if rater.count() != k || seen.iter().any(|c| *c != 1) {
            return Err(StataError::new(459, "every rater must rate every target exactly once"));
        }
        let rater_means = means(&rater.of, k);
        let sum: f64 = rater_means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() * n_f;
        raters = sum / (k_f - 1.0);
        error = (within - sum) / ((n_f - 1.0) * (k_f - 1.0));
    }
    Ok(Squares {
        n: n_f,
        k: k_f,
        targets: between / (n_f - 1.0),
        raters,
        error,
        within: within / (n_f * (k_f - 1.0)),
    })
}

struct Correlation {
    value: f64,
    low: f64,
    high: f64,
}

struct FTest {
    f: f64,
    df1: f64,
    df2: f64,
    p: f64,
}

/// Individual and average correlation with limits, and the test of the individual one against `rho`.
fn correlations(
    m: &Squares,
    two_way: bool,
    consistency: bool,
    level: f64,
    rho: f64,
) -> (Correlation, Correlation, FTest) {
    let alpha = 0.5 - level / 200.0;
    let (n, k) = (m.n, m.k);
    let average = |x: f64| k * x / (1.0 + (k - 1.0) * x);
    if !two_way || consistency {
        let (residual, df2) =
            if two_way { (m.error, (n - 1.0) * (k - 1.0)) } else { (m.within, n * (k - 1.0)) };
        let f = m.targets / residual;
        let icc = |f: f64| (f - 1.0) / (f + k - 1.0);
        let (low, high) = (f / f_inverse_tail(n - 1.0, df2, alpha), f * f_inverse_tail(df2, n - 1.0, alpha));
        let one = Correlation { value: icc(f), low: icc(low), high: icc(high) };
        let many = Correlation { value: 1.0 - 1.0 / f, low: 1.0 - 1.0 / low, high: 1.0 - 1.0 / high };
        let tested = f * (1.0 - rho) / (1.0 + (k - 1.0) * rho);
        let test = FTest { f: tested, df1: n - 1.0, df2, p: f_tail(n - 1.0, df2, tested) };
        return (one, many, test);
    }
    // Absolute agreement of two-way effects: Satterthwaite degrees of freedom.
    let value = (m.targets - m.error) / (m.targets + (k - 1.0) * m.error + k / n * (m.raters - m.error));
    let satterthwaite = |rho: f64| {
        let a = k * rho / (n * (1.0 - rho));
        let b = 1.0 + k * rho * (n - 1.0) / (n * (1.0 - rho));
        let top = (a * m.raters + b * m.error).powi(2);
        let bottom = (a * m.raters).powi(2) / (k - 1.0) + (b * m.error).powi(2) / ((n - 1.0) * (k - 1.0));
        (top / bottom, a, b)
    };
    let (v, _, _) = satterthwaite(value);
    let (low_f, high_f) = (f_inverse_tail(n - 1.0, v, alpha), f_inverse_tail(v, n - 1.0, alpha));
    let rest = k * m.raters + (k * n - k - n) * m.error;
    let low = n * (m.targets - low_f * m.error) / (low_f * rest + n * m.targets);
    let high = n * (high_f * m.targets - m.error) / (rest + n * high_f * m.targets);
    let one = Correlation { value, low, high };
    let many = Correlation { value: average(value), low: average(low), high: average(high) };
    let (_, a, b) = satterthwaite(rho);
    let f = m.targets / (a * m.raters + b * m.error);
    let df2 = if rho == 0.0 { (n - 1.0) * (k - 1.0) } else { satterthwaite(rho).0 };
    (one, many, FTest { f, df1: n - 1.0, df2, p: f_tail(n - 1.0, df2, f) })
}

#[expect(
    clippy::too_many_arguments,
    reason = "the choices of the command and the results that one table shows"
)]
fn show(
    s: &mut Session,
    m: &Squares,
    two_way: bool,
    consistency: bool,
    mixed: bool,
    level: f64,
    rho: f64,
    found: &(Correlation, Correlation, FTest),
) {
    let title = match (two_way, mixed) {
        (false, _) => "One-way random-effects model",
        (true, false) => "Two-way random-effects model",
        (true, true) => "Two-way mixed-effects model",
    };
    let kind = if consistency { "Consistency of agreement" } else { "Absolute agreement" };
    s.print("");
    s.print("Intraclass correlations");
    s.print(title);
    s.print(kind);
    s.print("");
    let count = |label: &str, x: f64| format!("{label} = {}", format::right(&format::bare("%9.0g", x), 9));
    s.print(format!("Random effects: targets{:>26}", count("Number of targets", m.n)));
    s.print(format!("{:>49}", count("Number of raters", m.k)));
    s.print("");
    s.print("-".repeat(62));
    s.print(format!("{:>23} | {:>8}    [{}% conf. interval]", "ICC", "", format::bare("%5.0g", level)));
    s.print(format!("------------------------+{}", "-".repeat(37)));
    for (label, c) in [("Individual", &found.0), ("Average", &found.1)] {
        let cell = |x: f64, w: usize| format::right(&format::bare("%9.0g", stata(x)), w);
        s.print(format!("{label:>23} | {}{}{}", cell(c.value, 10), cell(c.low, 13), cell(c.high, 12)));
    }
    s.print("-".repeat(62));
    s.print(format!(
        "F test that ICC={}: F({}, {}) = {}    Prob > F = {}",
        format::bare("%5.2f", rho),
        format::bare("%9.1f", found.2.df1),
        format::bare("%9.1f", stata(found.2.df2)),
        format::bare("%9.2f", stata(found.2.f)),
        format::bare("%5.3f", stata(found.2.p))
    ));
    s.print("");
    s.print("Note: ICCs estimate correlations between individual measurements");
    s.print("      and between average measurements made on the same target.");
}
