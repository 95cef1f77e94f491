//! `mean`, `proportion`, `total` and `ratio`: estimates with standard errors, whole or over groups
//! ([R] mean, [R] proportion, [R] total, [R] ratio). Survey designs belong to `svy`.

use super::means_show::display;
use super::standardised::{self, Standard};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::model::{VceSpec, number_groups};
use crate::estimation::post::{self, Parameters};
use crate::estimation::survival::Records;
use crate::matrix::Matrix;
use crate::ops::means::{Item, Kind, capital, items, names, over, store_groups};
use crate::ops::record_groups::Grouping;
use crate::results::Estimation;
use crate::session::{Session, Weights};
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::matrix::Mat;

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("over"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::flag("noLEGend"),
    OptSpec::flag("noLABel"),
];

/// Those of `proportion`.
const SHARES: &[OptSpec] =
    concat_lists!(OptSpec; OPTIONS, STANDARDISED, &[OptSpec::flag("PERCent"), OptSpec::text("CITYPE")]);
/// Those of all but totals.
const STANDARDISED: &[OptSpec] =
    &[OptSpec::text("STDize"), OptSpec::text("STDWeight"), OptSpec::flag("noSTDRescale")];
const MEANS: &[OptSpec] = concat_lists!(OptSpec; OPTIONS, STANDARDISED);
const REFUSED: &[&str] = &["MISSing"];

const SYNTAX: StandardSyntax = StandardSyntax::new(MEANS)
    .weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Probability])
    .coefficient_table()
    .unsupported(REFUSED);

/// Analytic weights are for means alone ([R] proportion, ratio, total).
const COUNTED: StandardSyntax = StandardSyntax::new(OPTIONS)
    .weights(&[WeightKind::Frequency, WeightKind::Probability])
    .coefficient_table()
    .unsupported(REFUSED);

const QUOTIENTS: StandardSyntax = StandardSyntax::new(MEANS)
    .weights(&[WeightKind::Frequency, WeightKind::Probability])
    .coefficient_table()
    .unsupported(REFUSED);

const PROPORTION: StandardSyntax = StandardSyntax::new(SHARES)
    .weights(&[WeightKind::Frequency, WeightKind::Probability])
    .coefficient_table()
    .unsupported(REFUSED);

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "mean",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run: |s, cmd| run(s, cmd, Kind::Mean),
    syntax: "mean varlist [if] [in] [weight] [, over(varlist) stdize(varname) stdweight(varname) nostdrescale vce(analytic|robust|cluster v) level(#)]",
    notes: "with pweights or vce() the variance is linearised over the whole sample, also of groups; stores e(N) e(N_over) e(N_clust) e(df_r) e(b) e(V) e(_N), r(table); [R] mean",
    examples: &[
        Example {
            run: "set obs 4\ngenerate x = _n\nmean x",
            expect: &[("_b[x]", 2.5), ("_se[x]^2", 0.416_666_666_666_666_7), ("e(df_r)", 3.0)],
        },
        Example {
            // strata 1 2 and 3 4 5 6 with shares 1/4 and 3/4
            run: "set obs 6\ngenerate x = _n\ngenerate k = _n > 2\ngenerate w = cond(k, 30, 10)\nmean x, stdize(k) stdweight(w)",
            expect: &[("_b[x]", 1.5 / 4.0 + 4.5 * 0.75), ("e(N_stdize)", 2.0)],
        },
        Example {
            // Means 1.5 and 3.5 with variances 1/4: the difference of -2 has variance 1/2.
            run: "set obs 4\ngenerate x = _n\ngenerate g = _n > 2\nmean x, over(g)\nlincom c.x@0bn.g - c.x@1.g",
            expect: &[("r(estimate)", -2.0), ("r(se)^2", 0.5)],
        },
    ],
};

pub(crate) const SPEC_PROPORTION: CommandSpec = CommandSpec {
    name: "proportion",
    min: 4,
    form: Form::Standard(&PROPORTION),
    run: |s, cmd| run(s, cmd, Kind::Proportion),
    syntax: "proportion varname [if] [in] [weight] [, over(varlist) stdize(varname) stdweight(varname) nostdrescale vce(analytic|robust|cluster v) citype(logit|normal) percent level(#)]",
    notes: "limits by the logit transformation unless citype(normal); percent changes the table only; variance p(1-p)/n; as mean; [R] proportion",
    examples: &[Example {
        run: "set obs 5\ngenerate x = _n > 2\nproportion x",
        expect: &[("_b[1.x]", 0.6), ("_se[1.x]^2", 0.048)],
    }],
    ..SPEC
};

pub(crate) const SPEC_TOTAL: CommandSpec = CommandSpec {
    name: "total",
    min: 5,
    form: Form::Standard(&COUNTED),
    run: |s, cmd| run(s, cmd, Kind::Total),
    syntax: "total varlist [if] [in] [weight] [, over(varlist) vce(analytic|robust|cluster v) level(#)]",
    notes: "as mean; [R] total",
    examples: &[Example {
        run: "set obs 4\ngenerate x = _n\ntotal x",
        expect: &[("_b[x]", 10.0), ("_se[x]^2", 6.666_666_666_666_667)],
    }],
    ..SPEC
};

pub(crate) const SPEC_RATIO: CommandSpec = CommandSpec {
    name: "ratio",
    min: 5,
    form: Form::Standard(&QUOTIENTS),
    run: |s, cmd| run(s, cmd, Kind::Ratio),
    syntax: "ratio ([name:] v1/v2) ... [if] [in] [weight] [, over(varlist) stdize(varname) stdweight(varname) nostdrescale vce(analytic|robust|cluster v) level(#)]",
    notes: "linearised variance; as mean; [R] ratio",
    examples: &[Example {
        // 9/10.
        run: "input y x\n1 2\n3 2\n5 6\nend\nratio y/x",
        expect: &[("el(e(b), 1, 1)", 0.9)],
    }],
    ..SPEC
};

fn run(s: &mut Session, cmd: &ParsedCommand, kind: Kind) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if s.e.cmd() != kind.name() {
            return Err(StataError::no_estimates());
        }
        return display(s, cmd, kind, &[]);
    }
    level(s, cmd)?;
    let over = over(s, cmd)?;
    // Rows with a missing value in any variable leave the sample.
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let named = items(s, &cmd.list, kind, |_| Ok(vec![0.0]))?;
    let variables: Vec<usize> = named.iter().flat_map(|i| [Some(i.top), i.bottom]).flatten().collect();
    s.markout(&variables, &mut touse, false)?;
    s.markout(&over, &mut touse, true)?;
    let standard = standardised::variables(s, cmd)?;
    s.markout(&standard.into_iter().flatten().collect::<Vec<_>>(), &mut touse, true)?;
    let vce = VceSpec::parse(kind.name(), &cmd.options, &["analytic", "linearized"])?;
    let cluster = match &vce {
        VceSpec::Cluster(name) => {
            let v = s.varlist(name)?;
            s.markout(&v, &mut touse, true)?;
            v.first().copied()
        }
        VceSpec::Default | VceSpec::Robust => None,
        _ => return Err(StataError::invalid("invalid vce() option")),
    };
    let rows: Vec<usize> = (0..touse.len()).filter(|&i| touse[i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let items = items(s, &cmd.list, kind, |v| {
        let mut found: Vec<f64> = rows.iter().map(|&r| s.frame.num_at(v, r)).collect();
        found.sort_by(f64::total_cmp);
        found.dedup();
        Ok(found)
    })?;
    let records = Records { rows: rows.clone(), ..Records::default() };
    let groups = Grouping::of(s, &over, &records);
    let standard = standard.map(|v| Standard::of(s, cmd, v, &rows)).transpose()?;
    let used = Used { session: s, rows: &rows, weights: weights.as_ref() };
    let mut found = estimate(used, &items, (&groups, standard.as_ref()), kind)?;
    let sampled = weights.as_ref().is_some_and(|w| w.kind == WeightKind::Probability);
    if sampled || vce != VceSpec::Default {
        let units = cluster.map(|v| number_groups(&s.frame, v, &rows));
        found.linearise(&rows, weights.as_ref(), units.as_ref())?;
    }
    let clusters = cluster.map(|v| s.frame.var(v).name.clone());
    post_results(s, cmd, kind, &items, &groups, found, weights, touse);
    let results = &mut s.e.results;
    if let Some(standard) = &standard {
        standard.store(results);
    }
    if vce != VceSpec::Default {
        results.text("vce", if clusters.is_some() { "cluster" } else { "robust" }).text("vcetype", "Robust");
    }
    if let Some(name) = clusters {
        results.text("clustvar", name);
    }
    display(s, cmd, kind, &items)
}

/// Estimates with their covariance, sizes and the number of observations.
struct Found {
    b: Vec<f64>,
    v: Mat,
    sizes: Vec<f64>,
    n: f64,
    /// Linearised values of the rows for each estimate, without weights; zero outside its group.
    linearised: Vec<Vec<f64>>,
    clusters: Option<f64>,
}

impl Found {
    /// Puts in the variance over sampling units, rows or clusters: `m/(m-1) sum (z - mean)(z - mean)'` with `z` the
    /// weighted sum of a unit ([SVY] Variance estimation). Groups are parts of the one sample.
    fn linearise(
        &mut self,
        rows: &[usize],
        weights: Option<&Weights>,
        units: Option<&(Vec<u32>, usize)>,
    ) -> Result<()> {
        let w = |i: usize| weights.map_or(1.0, |w| w.values[rows[i]]);
        let repeated = weights.is_some_and(|w| w.kind == WeightKind::Frequency) && units.is_none();
        // A row with a frequency weight stands for so many units.
        let times: Vec<f64> = match units {
            Some((_, count)) => vec![1.0; *count],
            None => (0..rows.len()).map(|i| if repeated { w(i) } else { 1.0 }).collect(),
        };
        let m: f64 = times.iter().sum();
        if m < 2.0 {
            return Err(StataError::insufficient_observations());
        }
        let totals: Vec<Vec<f64>> = self
            .linearised
            .iter()
            .map(|d| {
                let mut z = vec![0.0; times.len()];
                for (i, d) in d.iter().enumerate() {
                    let unit = units.map_or(i, |(of, _)| of[i] as usize);
                    z[unit] += if repeated { *d } else { w(i) * d };
                }
                let mean = z.iter().zip(&times).map(|(z, t)| z * t).sum::<f64>() / m;
                z.iter().map(|z| z - mean).collect()
            })
            .collect();
        let cross =
            |a: &[f64], b: &[f64]| a.iter().zip(b).zip(&times).map(|((a, b), t)| a * b * t).sum::<f64>();
        let size = self.b.len();
        self.v = Mat::from_fn(size, size, |a, b| m / (m - 1.0) * cross(&totals[a], &totals[b]));
        self.clusters = units.map(|_| m);
        Ok(())
    }
}

/// The rows that are used, by their place in the list.
#[derive(Clone, Copy)]
struct Used<'a> {
    session: &'a Session,
    rows: &'a [usize],
    weights: Option<&'a Weights>,
}

impl Used<'_> {
    fn weight(&self, i: usize) -> f64 {
        self.weights.map_or(1.0, |w| w.values[self.rows[i]])
    }

    fn has(&self, kind: WeightKind) -> bool {
        self.weights.is_some_and(|w| w.kind == kind)
    }

    /// Observations of some rows.
    fn count(&self, members: &[usize]) -> f64 {
        match self.has(WeightKind::Frequency) {
            true => members.iter().map(|&i| self.weight(i)).sum(),
            false => members.len() as f64,
        }
    }

    fn value(&self, item: &Item, i: usize) -> f64 {
        let x = self.session.frame.num_at(item.top, self.rows[i]);
        item.category.map_or(x, |c| f64::from(u8::from(x == c)))
    }

    /// A statistic of some rows, and its score in each of them.
    fn statistic(
        &self,
        item: &Item,
        members: &[usize],
        kind: Kind,
        standard: Option<&Standard>,
    ) -> Result<(f64, Vec<f64>)> {
        let value = |i: usize| self.value(item, i);
        let bottom = |i: usize| item.bottom.map_or(1.0, |v| self.session.frame.num_at(v, self.rows[i]));
        let top: f64 = members.iter().map(|&i| self.weight(i) * value(i)).sum();
        let base: f64 = members.iter().map(|&i| self.weight(i) * bottom(i)).sum();
        let b = top / base;
        match standard {
            _ if kind == Kind::Total => Ok((top, members.iter().map(|&i| value(i) - b).collect())),
            Some(standard) => standard.ratio(members, |i| self.weight(i), value, bottom),
            None => Ok((b, members.iter().map(|&i| (value(i) - b * bottom(i)) / base).collect())),
        }
    }

    /// The covariance of two statistics of the same rows, from their scores.
    fn covariance(&self, members: &[usize], kind: Kind, (a, b): (&[f64], &[f64])) -> f64 {
        let n = self.count(members);
        if n <= 1.0 {
            return 0.0;
        }
        let mass: f64 = members.iter().map(|&i| self.weight(i)).sum();
        // Analytic weights enter as a share of all, scaled to n.
        let scale = if self.has(WeightKind::Analytic) { mass / n } else { 1.0 };
        let weight = |i: usize| self.weight(i) * scale;
        let sum: f64 = members.iter().zip(a.iter().zip(b)).map(|(&i, (a, b))| weight(i) * a * b).sum();
        // Proportions have the variance p(1-p)/n ([R] proportion).
        sum * if kind == Kind::Proportion { 1.0 } else { n / (n - 1.0) }
    }
}

fn estimate(
    used: Used<'_>,
    items: &[Item],
    (groups, standard): (&Grouping, Option<&Standard>),
    kind: Kind,
) -> Result<Found> {
    let all: Vec<usize> = (0..used.rows.len()).collect();
    let size = items.len() * groups.count();
    let mut out = Found {
        b: Vec::with_capacity(size),
        v: Mat::zeros(size, size),
        sizes: Vec::new(),
        n: used.count(&all),
        linearised: Vec::with_capacity(size),
        clusters: None,
    };
    // Items run slowest, groups fastest, as in the table.
    let mut scores: Vec<(usize, Vec<f64>)> = Vec::with_capacity(size);
    for item in items {
        for g in 0..groups.count() {
            let members = groups.members(g);
            let (b, score) = used.statistic(item, &members, kind, standard)?;
            let mut column = vec![0.0; used.rows.len()];
            for (k, i) in members.iter().enumerate() {
                column[*i] = if kind == Kind::Total { used.value(item, *i) } else { score[k] };
            }
            out.linearised.push(column);
            out.b.push(b);
            out.sizes.push(used.count(&members));
            scores.push((g, score));
        }
    }
    for a in 0..size {
        for b in (0..size).filter(|b| scores[*b].0 == scores[a].0) {
            let members = groups.members(scores[a].0);
            out.v[(a, b)] = used.covariance(&members, kind, (&scores[a].1, &scores[b].1));
        }
    }
    if out.n < 2.0 {
        return Err(StataError::insufficient_observations());
    }
    Ok(out)
}

#[expect(clippy::too_many_arguments, reason = "the parts of one result")]
fn post_results(
    s: &mut Session,
    cmd: &ParsedCommand,
    kind: Kind,
    items: &[Item],
    groups: &Grouping,
    found: Found,
    weights: Option<Weights>,
    touse: Vec<bool>,
) {
    let stripe = names(items, groups);
    let parameters = Parameters { stripe: stripe.clone(), b: found.b, v: found.v };
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", parameters.b_matrix()).matrix("V", parameters.v_matrix());
    r.text("cmd", kind.name()).text("cmdline", post::command_line(cmd)).text("vce", "analytic");
    r.text("title", format!("{} estimation", capital(kind.name())));
    r.text("varlist", items.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(" "));
    let units = found.clusters.unwrap_or(found.n);
    r.scalar("N", found.n).scalar("df_r", units - 1.0);
    if let Some(clusters) = found.clusters {
        r.scalar("N_clust", clusters);
    }
    r.scalar("k_eq", items.len() as f64);
    store_groups(r, groups);
    if let Some(w) = weights {
        if w.kind == WeightKind::Probability {
            r.text("vcetype", "Linearized");
        }
        r.text("wtype", w.kind.name()).text("wexp", w.exp);
    }
    if kind == Kind::Ratio {
        r.text("vcetype", "Linearized");
    }
    r.matrix("_N", Matrix::row_vector(found.sizes, stripe));
    s.post_estimation(est, touse);
}
