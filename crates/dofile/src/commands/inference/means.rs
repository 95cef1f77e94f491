//! `mean`, `proportion`, `total` and `ratio`: estimates with standard errors, whole or over groups
//! ([R] mean, [R] proportion, [R] total, [R] ratio). Survey designs belong to `svy`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::{self, Parameters};
use crate::estimation::survival::Records;
use crate::format;
use crate::matrix::Matrix;
use crate::ops::means::{Item, Kind, capital, items, names, over_labels, table};
use crate::ops::record_groups::Grouping;
use crate::results::Estimation;
use crate::session::{Session, Weights};
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::matrix::Mat;

/// Options, also after `svy:`.
pub(in crate::commands) const OPTIONS: &[OptSpec] =
    &[OptSpec::text("over"), OptSpec::real("Level"), OptSpec::flag("noHEader")];
/// Options that are refused by name, also after `svy:`.
pub(in crate::commands) const REFUSED: &[&str] = &[
    "vce",
    "CLuster",
    "STDize",
    "STDWeight",
    "noSTDRescale",
    "NOLABel",
    "CITYPE",
    "PERCent",
    "COEFLegend",
    "MISSing",
];

const SYNTAX: StandardSyntax = StandardSyntax::new(OPTIONS)
    .weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Probability])
    .unsupported(REFUSED);

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "mean",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run: |s, cmd| run(s, cmd, Kind::Mean),
    syntax: "mean varlist [if] [in] [weight] [, over(varname) level(#)]",
    notes: "stores e(N) e(N_over) e(df_r) e(b) e(V) e(_N), r(table); cluster and survey standard errors are not supported here; [R] mean",
    examples: &[
        Example {
            run: "set obs 4\ngenerate x = _n\nmean x",
            expect: &[("_b[x]", 2.5), ("_se[x]^2", 0.416_666_666_666_666_7), ("e(df_r)", 3.0)],
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
    run: |s, cmd| run(s, cmd, Kind::Proportion),
    syntax: "proportion varname [if] [in] [weight] [, over(varname) level(#)]",
    notes: "limits by the logit transformation; variance p(1-p)/(n-1); as mean; [R] proportion",
    examples: &[Example {
        run: "set obs 5\ngenerate x = _n > 2\nproportion x",
        expect: &[("_b[1.x]", 0.6), ("_se[1.x]^2", 0.06)],
    }],
    ..SPEC
};

pub(crate) const SPEC_TOTAL: CommandSpec = CommandSpec {
    name: "total",
    min: 5,
    run: |s, cmd| run(s, cmd, Kind::Total),
    syntax: "total varlist [if] [in] [weight] [, over(varname) level(#)]",
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
    run: |s, cmd| run(s, cmd, Kind::Ratio),
    syntax: "ratio ([name:] v1/v2) ... [if] [in] [weight] [, over(varname) level(#)]",
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
            return Err(StataError::new(301, "last estimates not found"));
        }
        return display(s, cmd, kind);
    }
    level(s, cmd)?;
    let over = match cmd.options.text("over") {
        Some(list) => s.varlist(list)?,
        None => Vec::new(),
    };
    if over.len() > 1 {
        return Err(StataError::unsupported_option(kind.name(), "over() with several variables"));
    }
    // Rows with a missing value in any variable leave the sample.
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let named = items(s, &cmd.list, kind, |_| Ok(vec![0.0]))?;
    let variables: Vec<usize> = named.iter().flat_map(|i| [Some(i.top), i.bottom]).flatten().collect();
    s.markout(&variables, &mut touse, false)?;
    s.markout(&over, &mut touse, true)?;
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
    let found = estimate(s, &items, &rows, weights.as_ref(), &groups, kind)?;
    post_results(s, cmd, kind, &items, &groups, found, weights, touse);
    display(s, cmd, kind)
}

/// Estimates with their covariance, sizes and the number of observations.
struct Found {
    b: Vec<f64>,
    v: Mat,
    sizes: Vec<f64>,
    n: f64,
}

fn estimate(
    s: &Session,
    items: &[Item],
    rows: &[usize],
    weights: Option<&Weights>,
    groups: &Grouping,
    kind: Kind,
) -> Result<Found> {
    let w = |i: usize| weights.map_or(1.0, |w| w.values[rows[i]]);
    let kind_of = weights.map(|w| w.kind);
    let count = |members: &[usize]| -> f64 {
        if kind_of == Some(WeightKind::Frequency) {
            members.iter().map(|&i| w(i)).sum()
        } else {
            members.len() as f64
        }
    };
    let all: Vec<usize> = (0..rows.len()).collect();
    let total = count(&all);
    let size = items.len() * groups.count();
    let mut out =
        Found { b: Vec::with_capacity(size), v: Mat::zeros(size, size), sizes: Vec::new(), n: total };
    // Items run slowest, groups fastest, as in the table.
    let mut scores: Vec<(usize, Vec<f64>)> = Vec::with_capacity(size);
    for item in items {
        for g in 0..groups.count() {
            let members = groups.members(g);
            let value = |i: usize| {
                let x = s.frame.num_at(item.top, rows[i]);
                item.category.map_or(x, |c| f64::from(u8::from(x == c)))
            };
            let bottom = |i: usize| item.bottom.map_or(1.0, |v| s.frame.num_at(v, rows[i]));
            let top: f64 = members.iter().map(|&i| w(i) * value(i)).sum();
            let base: f64 = members.iter().map(|&i| w(i) * bottom(i)).sum();
            let (b, score): (f64, Vec<f64>) = if kind == Kind::Total {
                let mean = top / base;
                (top, members.iter().map(|&i| value(i) - mean).collect())
            } else {
                let b = top / base;
                (b, members.iter().map(|&i| (value(i) - b * bottom(i)) / base).collect())
            };
            out.b.push(b);
            out.sizes.push(count(&members));
            scores.push((g, score));
        }
    }
    for a in 0..size {
        for b in 0..size {
            if scores[a].0 != scores[b].0 {
                continue;
            }
            let members = groups.members(scores[a].0);
            let n = count(&members);
            let mass: f64 = members.iter().map(|&i| w(i)).sum();
            let sum: f64 = members
                .iter()
                .enumerate()
                .map(|(k, &i)| {
                    // Probability weights enter twice; analytic ones as a share of all, scaled to n.
                    let weight = match kind_of {
                        Some(WeightKind::Probability) => w(i) * w(i),
                        Some(WeightKind::Analytic) => w(i) * mass / n,
                        _ => w(i),
                    };
                    weight * scores[a].1[k] * scores[b].1[k]
                })
                .sum();
            out.v[(a, b)] = if n > 1.0 { n / (n - 1.0) * sum } else { 0.0 };
        }
    }
    if total < 2.0 {
        return Err(StataError::standard(2001));
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
    let over = groups.variables.first().cloned();
    let parameters = Parameters { stripe: stripe.clone(), b: found.b, v: found.v };
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", parameters.b_matrix()).matrix("V", parameters.v_matrix());
    r.text("cmd", kind.name()).text("cmdline", post::command_line(cmd)).text("vce", "analytic");
    r.text("title", format!("{} estimation", capital(kind.name())));
    r.text("varlist", items.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(" "));
    r.scalar("N", found.n).scalar("df_r", found.n - 1.0).scalar("N_over", groups.count() as f64);
    r.scalar("k_eq", items.len() as f64);
    if let Some(over) = over {
        r.text("over", over).text("over_labels", over_labels(groups));
    }
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

fn display(s: &mut Session, cmd: &ParsedCommand, kind: Kind) -> Result<()> {
    let level = level(s, cmd)?;
    if !cmd.has("noheader") {
        let title = s.e.results.get_text("title").unwrap_or("").to_string();
        let n = format::bare("%10.0fc", s.e.results.get_scalar("N").unwrap_or(MISSING));
        s.print("");
        s.print(format!("{title:<40}{:>22}", format!("Number of obs = {n}")));
        s.print("");
    }
    table(s, level, kind)
}
