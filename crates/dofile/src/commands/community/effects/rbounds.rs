//! `rbounds`: bounds of signed-rank tests and of the effect under hidden bias (Rosenbaum 2002, Observational Studies, section
//! 4.3). Written from the help file of Gangl (SSC).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand, numlist};
use crate::value::is_missing;
use estimators::descriptive::mean_ranks;
use estimators::distributions::{normal_quantile, normal_tail};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Gamma"),
    OptSpec::flag("SIGonly"),
    OptSpec::real("ALPha"),
    OptSpec::real("ACC"),
    OptSpec::flag("DOTS"),
]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "rbounds",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "rbounds diffvar [if] [in], gamma(numlist) [sigonly alpha(#) dots]",
    notes: "differences of matched pairs; zero differences are left out; sig+ and sig- by the normal approximation, point and interval estimates where the test statistic crosses its expectation or critical value; acc() changes nothing: the crossings are found exactly; stores r(bounds) with gamma sig_p sig_m t_hat_p t_hat_m CI_p CI_m; Rosenbaum (2002)",
    examples: &[Example {
        // without hidden bias the bounds coincide with the signed-rank test without the correction for ties
        run: "set obs 8\ngenerate d = _n - 2.5\nrbounds d, gamma(1 2)\nmatrix b = r(bounds)",
        expect: &[
            ("reldif(b[1,2], 1 - normal((31 - 18) / sqrt(50.75))) < 1e-12", 1.0),
            ("b[1,2] - b[1,3]", 0.0),
            ("b[1,4]", 2.0),
        ],
    }],
};

/// Ranks of the absolute differences from a shift, with their signs.
struct Signed {
    positive: f64,
    sum: f64,
    squares: f64,
}

fn signed(d: &[f64], shift: f64) -> Signed {
    let moved: Vec<f64> = d.iter().map(|d| d - shift).filter(|d| *d != 0.0).collect();
    let ranks = mean_ranks(&moved.iter().map(|d| d.abs()).collect::<Vec<_>>()).0;
    let positive = moved.iter().zip(&ranks).filter(|(d, _)| **d > 0.0).map(|(_, r)| r).sum();
    Signed { positive, sum: ranks.iter().sum(), squares: ranks.iter().map(|r| r * r).sum() }
}

impl Signed {
    /// The deviate of the statistic when a positive sign has the probability `p`.
    fn deviate(&self, p: f64) -> f64 {
        (self.positive - p * self.sum) / (p * (1.0 - p) * self.squares).sqrt()
    }
}

/// The shift at which the deviate falls to a value, between the middles of pairs of differences.
fn crossing(d: &[f64], p: f64, value: f64) -> f64 {
    let mut walsh: Vec<f64> = (0..d.len())
        .flat_map(|i| (i..d.len()).map(move |j| (i, j)))
        .map(|(i, j)| (d[i] + d[j]) / 2.0)
        .collect();
    walsh.sort_by(f64::total_cmp);
    // the statistic changes at these points only
    walsh.dedup();
    let above = |k: usize, shift: f64| k < walsh.len() && signed(d, shift).deviate(p) > value;
    let (mut low, mut high) = (0, walsh.len());
    while low < high {
        let middle = (low + high) / 2;
        let next = walsh.get(middle + 1).copied().unwrap_or(walsh[middle] + 1.0);
        if above(middle, (walsh[middle] + next) / 2.0) { low = middle + 1 } else { high = middle }
    }
    let here = walsh[low.min(walsh.len() - 1)];
    // where the statistic equals its value between two points, the middle of these
    let next = walsh.get(low + 1).copied().unwrap_or(here + 1.0);
    match (signed(d, (here + next) / 2.0).deviate(p) - value).abs() < 1e-12 {
        true => (here + next) / 2.0,
        false => here,
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let [name] = words(&cmd.list)[..] else { return Err(StataError::standard(103)) };
    let v = s.numeric_variable(name)?;
    let gamma = cmd.options.text("gamma").ok_or_else(|| StataError::invalid("option gamma() required"))?;
    let gammas = numlist::expand(gamma)?;
    if gammas.iter().any(|g| *g < 1.0) {
        return Err(StataError::invalid("gamma() must be 1 or more"));
    }
    let alpha = cmd.options.real("alpha").unwrap_or(0.95);
    let alpha = if alpha > 1.0 { alpha / 100.0 } else { alpha };
    let keep = s.rows(cmd)?;
    let d: Vec<f64> = (0..keep.len())
        .filter(|r| keep[*r])
        .map(|r| s.frame.num_at(v, r))
        .filter(|x| !is_missing(*x))
        .collect();
    if d.is_empty() {
        return Err(StataError::no_observations());
    }
    if d.len() > 5000 && !cmd.has("sigonly") {
        return Err(StataError::new(198, "more than 5000 pairs: only option sigonly is supported"));
    }
    let critical = -normal_quantile((1.0 - alpha) / 2.0);
    let base = signed(&d, 0.0);
    let mut table = Vec::new();
    for gamma in &gammas {
        let (high, low) = (gamma / (1.0 + gamma), 1.0 / (1.0 + gamma));
        table.extend([*gamma, normal_tail(base.deviate(high)), normal_tail(base.deviate(low))]);
        if !cmd.has("sigonly") {
            table.extend([crossing(&d, high, 0.0), crossing(&d, low, 0.0)]);
            table.extend([crossing(&d, high, critical), crossing(&d, low, -critical)]);
        }
    }
    let names = ["Gamma", "sig+", "sig-", "t-hat+", "t-hat-", "CI+", "CI-"];
    let wide = if cmd.has("sigonly") { 3 } else { 7 };
    let variable = s.frame.var(v).name.clone();
    s.print("");
    s.print(format!("Rosenbaum bounds for {variable} (N = {} matched pairs)", d.len()));
    s.print("");
    s.print(names[..wide].iter().map(|n| format::right(n, 11)).collect::<String>());
    s.print("-".repeat(11 * wide + 1));
    for row in table.chunks(wide) {
        s.print(
            row.iter()
                .map(|x| format::number("%9.0g", *x))
                .map(|t| format::right(t.trim(), 11))
                .collect::<String>(),
        );
    }
    s.print("");
    s.print("* gamma  - log odds of differential assignment due to unobserved factors");
    s.print("  sig+   - upper bound significance level");
    s.print("  sig-   - lower bound significance level");
    if wide == 7 {
        s.print("  t-hat+ - upper bound Hodges-Lehmann point estimate");
        s.print("  t-hat- - lower bound Hodges-Lehmann point estimate");
        s.print(format!("  CI+    - upper bound confidence interval (a=  {alpha})"));
        s.print(format!("  CI-    - lower bound confidence interval (a=  {alpha})"));
    }
    let mut m = Matrix::new(gammas.len(), wide, table);
    m.col_names = ["gamma", "sig_p", "sig_m", "t_hat_p", "t_hat_m", "CI_p", "CI_m"][..wide]
        .iter()
        .map(|n| Stripe::term(*n))
        .collect();
    let mut r = Results::default();
    r.matrix("bounds", m).scalar("N", d.len() as f64);
    s.r = r;
    Ok(())
}
