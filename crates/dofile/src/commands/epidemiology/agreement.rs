//! `kap`: agreement of two raters beyond chance ([R] kappa).

use super::kapwgt::AgreementWeights;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::epitab::Sample;
use crate::ops::run::shown;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind, top_level_comma};
use estimators::distributions::normal_tail;
use estimators::matrix::Mat;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("Tab"), OptSpec::text("Wgt"), OptSpec::flag("Absolute")])
        .weights(&[WeightKind::Frequency]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "kap",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "kap varname1 varname2 [varname3 ...] [if] [in] [fweight] [, wgt(w|w2|name) absolute tab]",
    notes: "two raters: weights w and w2 by the rank of the rating (by its value with absolute), or those of kapwgt; standard error for the test of kappa 0; more than two raters who need not be the same for all subjects: as kappa; stores r(N) r(prop_o) r(prop_e) r(kappa) r(se) r(z); [R] kappa",
    examples: &[Example {
        run: "set obs 4\ngenerate a = cond(_n <= 2, 1, 2)\ngenerate b = cond(_n == 1 | _n == 4, a, 3 - a)\ngenerate n = cond(_n == 1, 20, cond(_n == 2, 5, cond(_n == 3, 10, 15)))\nkap a b [fweight = n]",
        // 35 of 50 agree, 25 by chance.
        expect: &[("r(prop_o)", 0.7), ("r(prop_e)", 0.5), ("r(kappa)", 0.4)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let variables = s.varlist(&cmd.list)?;
    match variables.len() {
        0 | 1 => return Err(StataError::standard(102)),
        2 => {}
        _ => return super::kappa::several(s, cmd, &variables),
    }
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    if cmd.has("tab") {
        // The table of the two ratings comes first, as tabulate shows it.
        let front = top_level_comma(&cmd.raw).map_or(cmd.raw.as_str(), |at| &cmd.raw[..at]);
        shown(s, &format!("tabulate {front}"))?;
    }
    let sample = Sample::read(s, cmd, &variables)?;
    let rating =
        |k: usize| -> Vec<f64> { sample.rows.iter().map(|&r| s.frame.num_at(variables[k], r)).collect() };
    let (first, second) = (rating(0), rating(1));
    let mut levels: Vec<f64> = first.iter().chain(&second).copied().collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let k = levels.len();
    if k < 2 {
        return Err(StataError::new(459, "ratings do not vary"));
    }
    let at = |x: f64| levels.partition_point(|l| *l < x);
    let n: f64 = sample.weights.iter().sum();
    let mut shares = Mat::zeros(k, k);
    for i in 0..first.len() {
        shares[(at(first[i]), at(second[i]))] += sample.weights[i] / n;
    }
    let weighting = Weighting::of(s, cmd, k)?;
    let place = |i: usize| if cmd.has("absolute") { levels[i] } else { i as f64 };
    let weights = Mat::from_fn(k, k, |i, j| weighting.of_pair((i, j), &place, k));
    let kappa = Kappa::of(&shares, &weights, n);
    weighting.show(s, k);
    kappa.show(s);
    let mut r = Results::default();
    r.scalar("N", n).scalar("prop_o", stata(kappa.observed)).scalar("prop_e", stata(kappa.expected));
    r.scalar("kappa", stata(kappa.kappa)).scalar("z", stata(kappa.z())).scalar("se", stata(kappa.se));
    s.r = r;
    Ok(())
}

/// How much a pair of different ratings counts as agreement.
enum Weighting<'a> {
    /// Only the same rating.
    None,
    /// 1 less the distance of the ratings to this power, where the largest distance is 1.
    Distance(i32),
    /// A name of `kapwgt`, and its rows.
    Own(&'a str, Vec<Vec<f64>>),
}

impl<'a> Weighting<'a> {
    fn of(s: &Session, cmd: &'a ParsedCommand, k: usize) -> Result<Self> {
        Ok(match cmd.options.text("wgt").map(str::trim) {
            None => Self::None,
            Some("w") => Self::Distance(1),
            Some("w2") => Self::Distance(2),
            Some(name) => Self::Own(name, AgreementWeights::of(s, name, k)?),
        })
    }

    fn of_pair(&self, (i, j): (usize, usize), place: &dyn Fn(usize) -> f64, k: usize) -> f64 {
        match self {
            Self::None => f64::from(u8::from(i == j)),
            Self::Distance(power) => {
                1.0 - ((place(i) - place(j)).abs() / (place(k - 1) - place(0))).powi(*power)
            }
            Self::Own(_, rows) => rows[i.max(j)][i.min(j)],
        }
    }

    fn show(&self, s: &mut Session, k: usize) {
        s.print("");
        match self {
            Self::None => return,
            Self::Distance(1) => s.print("Ratings weighted by 1 - |i - j|/(k - 1)"),
            Self::Distance(_) => s.print("Ratings weighted by 1 - [(i - j)/(k - 1)]^2"),
            Self::Own(name, rows) => {
                s.print("Ratings weighted by:");
                for i in 0..k {
                    let cell = |j: usize| format::right(&format::bare("%7.4f", rows[i.max(j)][i.min(j)]), 9);
                    s.print((0..k).map(cell).collect::<String>());
                }
                s.print(format!("(kapwgt {name})"));
            }
        }
        s.print("");
    }
}

/// Agreement of two raters.
struct Kappa {
    observed: f64,
    expected: f64,
    kappa: f64,
    /// Under independence.
    se: f64,
}

impl Kappa {
    /// Weighted kappa of shares of pairs (k by k) and its standard error under independence (Fleiss, Cohen and Everitt 1969).
    fn of(shares: &Mat, weights: &Mat, n: f64) -> Self {
        let k = shares.rows();
        let cells = || (0..k).flat_map(|i| (0..k).map(move |j| (i, j)));
        let rows: Vec<f64> = (0..k).map(|i| (0..k).map(|j| shares[(i, j)]).sum()).collect();
        let columns: Vec<f64> = (0..k).map(|j| (0..k).map(|i| shares[(i, j)]).sum()).collect();
        let observed: f64 = cells().map(|at| weights[at] * shares[at]).sum();
        let expected: f64 = cells().map(|(i, j)| weights[(i, j)] * rows[i] * columns[j]).sum();
        let of_row: Vec<f64> = (0..k).map(|i| (0..k).map(|j| weights[(i, j)] * columns[j]).sum()).collect();
        let of_column: Vec<f64> = (0..k).map(|j| (0..k).map(|i| weights[(i, j)] * rows[i]).sum()).collect();
        let square: f64 = cells()
            .map(|(i, j)| rows[i] * columns[j] * (weights[(i, j)] - of_row[i] - of_column[j]).powi(2))
            .sum();
        let se = ((square - expected * expected) / n).max(0.0).sqrt() / (1.0 - expected);
        Self { observed, expected, kappa: (observed - expected) / (1.0 - expected), se }
    }

    fn z(&self) -> f64 {
        self.kappa / self.se
    }

    fn show(&self, s: &mut Session) {
        let percent = |x: f64| format::right(&format!("{}%", format::bare("%7.2f", 100.0 * x)), 11);
        let four = |x: f64, w: usize| format::right(&format::bare("%7.4f", stata(x)), w);
        s.print("             Expected");
        s.print("Agreement   agreement     Kappa   Std. err.         Z      Prob>Z");
        s.print("-----------------------------------------------------------------");
        s.print(format!(
            "{}{} {}{}{}{}",
            percent(self.observed).trim_start_matches("  "),
            percent(self.expected),
            four(self.kappa, 10),
            four(self.se, 11),
            format::right(&format::bare("%8.2f", stata(self.z())), 11),
            four(normal_tail(self.z()), 12)
        ));
    }
}
