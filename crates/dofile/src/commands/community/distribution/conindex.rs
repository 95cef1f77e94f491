//! `conindex`: rank-dependent indices of inequality (O'Donnell, O'Neill, Van Ourti and Walsh 2016, Stata Journal 16).
//! Formulas: its help file; standard errors from the convenient regression of Kakwani, Wagstaff and van Doorslaer (1997).

use super::conindex_model::{Design, Estimate, Index, Ranked, estimate, ranked};
use super::conindex_show;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::ops::groups::{grouped, level_name};
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind, numlist};
use crate::value::MISSING;
use estimators::distributions::normal_two_sided;
use estimators::weights::Weights;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("RANKvar"),
    OptSpec::text("CLUSter"),
    OptSpec::flag("robust"),
    OptSpec::flag("truezero"),
    OptSpec::flag("generalized"),
    OptSpec::real("v"),
    OptSpec::real("beta"),
    OptSpec::flag("bounded"),
    OptSpec::text("LIMits"),
    OptSpec::flag("WAGstaff"),
    OptSpec::flag("ERReygers"),
    OptSpec::text("COMPare"),
    OptSpec::text("KEEPrank"),
    OptSpec::flag("svy"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Probability])
.unsupported(&["graph", "loud", "XTItle", "YTItle"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "conindex",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "conindex varname [if] [in] [fweight|aweight|pweight] [, rankvar(varname) truezero generalized limits(# [#]) bounded wagstaff erreygers v(#) beta(#) robust cluster(varname) svy compare(varname) keeprank(newvar)]",
    notes: "fractional ranks are weighted and equal values share their mean; the index is the slope of the convenient regression, whose standard error is that of regress; v() and beta() have no standard error; compare() takes two groups and gives the z test of independent indices, its F test is not built; stores r(N Nunique CI CIse), with compare() r(CI0 CI1 CIse0 CIse1 Diff Diffse z)",
    examples: &[
        Example {
            // the Gini index of 1, 2, 3 is 2/9; that of Erreygers for 0, 0, 1 over ranks 1, 2, 3 is 8/9
            run: "set obs 3\ngenerate x = _n\nconindex x, truezero\nscalar gini = r(CI)\ngenerate h = _n == 3\nconindex h, rankvar(x) bounded limits(0 1) erreygers",
            expect: &[("gini", 2.0 / 9.0), ("r(CI)", 8.0 / 9.0), ("r(N)", 3.0)],
        },
        Example {
            run: "set obs 6\ngenerate x = 1 + mod(_n - 1, 3)\ngenerate g = _n > 3\nreplace x = 1 in 4/5\nreplace x = 4 in 6\nconindex x, truezero generalized compare(g)",
            // half the mean difference of all pairs: 1, 2, 3 and 1, 1, 4
            expect: &[("r(CI0)", 4.0 / 9.0), ("r(CI1)", 2.0 / 3.0), ("r(Diff)", 2.0 / 9.0)],
        },
    ],
};

/// What is asked for.
struct Request {
    var: usize,
    rank: Option<usize>,
    index: Index,
    /// Limits by which the variable is put between zero and one.
    limits: Option<(f64, f64)>,
    robust: bool,
    cluster: Option<usize>,
    svy: bool,
}

fn request(s: &Session, cmd: &ParsedCommand) -> Result<Request> {
    let limits = cmd.options.text("limits").map(numlist::expand).transpose()?.unwrap_or_default();
    let (bounded, generalized) = (cmd.has("bounded"), cmd.has("generalized"));
    let truezero = cmd.has("truezero");
    if bounded && (limits.len() != 2 || limits[0] >= limits[1]) {
        return Err(StataError::invalid("bounded needs limits(#1 #2) with #1 < #2"));
    }
    if !bounded && (cmd.has("wagstaff") || cmd.has("erreygers")) {
        return Err(StataError::invalid(
            "Wagstaff and Erreygers Normalisations are only for use with bounded variables: specify bounded and limits(#1 #2)",
        ));
    }
    let exclusive = ["wagstaff", "erreygers", "generalized"].iter().filter(|o| cmd.has(o)).count()
        + usize::from(cmd.options.real("v").is_some() && !generalized)
        + usize::from(cmd.options.real("beta").is_some() && !generalized);
    if exclusive > 1 || (cmd.options.real("v").is_some() && cmd.options.real("beta").is_some()) {
        return Err(StataError::invalid("options of different indices may not be combined"));
    }
    if (generalized || cmd.options.real("v").is_some() || cmd.options.real("beta").is_some()) && !truezero {
        return Err(StataError::invalid("generalized, v() and beta() require truezero"));
    }
    let index = match (cmd.options.real("v"), cmd.options.real("beta")) {
        (Some(v), _) if v <= 1.0 => return Err(StataError::invalid("v() must be greater than 1")),
        (_, Some(b)) if b <= 1.0 => return Err(StataError::invalid("beta() must be greater than 1")),
        (Some(v), _) if generalized => Index::ExtendedGeneralized(v),
        (Some(v), _) => Index::Extended(v),
        (_, Some(b)) if generalized => Index::SymmetricGeneralized(b),
        (_, Some(b)) => Index::Symmetric(b),
        _ if generalized => Index::Generalized,
        _ if cmd.has("wagstaff") => Index::Wagstaff,
        _ if cmd.has("erreygers") => Index::Erreygers,
        _ if truezero || bounded => Index::Standard,
        _ if limits.len() == 1 => Index::Modified(limits[0]),
        _ => {
            return Err(StataError::invalid(
                "one of truezero, limits(#) and bounded with limits(#1 #2) is required",
            ));
        }
    };
    let cluster = cmd.options.text("cluster").map(|v| s.variable(v.trim())).transpose()?;
    let svy = cmd.has("svy");
    if svy && (cluster.is_some() || cmd.has("robust") || cmd.weight.is_some()) {
        return Err(StataError::invalid("svy may not be combined with weights, robust or cluster()"));
    }
    Ok(Request {
        var: s.numeric_variable(cmd.list.trim())?,
        rank: cmd.options.text("rankvar").map(|v| s.numeric_variable(v.trim())).transpose()?,
        index,
        limits: bounded.then(|| (limits[0], limits[1])),
        robust: cmd.has("robust"),
        cluster,
        svy,
    })
}

/// A sample with its estimate.
struct Found {
    ranked: Ranked,
    estimate: Estimate,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let asked = request(s, cmd)?;
    let mut touse = s.rows(cmd)?;
    let mut used = vec![asked.var];
    used.extend(asked.rank);
    s.markout(&used, &mut touse, false)?;
    let group = cmd.options.text("compare").map(|v| s.variable(v.trim())).transpose()?;
    s.markout(&[asked.cluster, group].into_iter().flatten().collect::<Vec<_>>(), &mut touse, true)?;
    let weights = match asked.svy {
        true => survey_weights(s, &mut touse)?,
        false => s.weights(cmd, WeightKind::Frequency, &mut touse)?.map(|w| (w.kind, w.values)),
    };
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let keep = cmd.options.text("keeprank").map(|n| n.trim().to_string());
    if let Some(name) = &keep {
        if !is_valid_name(name) {
            return Err(StataError::new(198, format!("{name} invalid name")));
        }
        if s.frame.find(name).is_some() {
            return Err(StataError::already_defined(name));
        }
    }
    let whole = found(s, &asked, weights.as_ref(), &rows)?;
    let heading = if asked.robust || asked.cluster.is_some() { "Robust std. error" } else { "Std. error" };
    let label = asked.index.label(asked.rank.is_none());
    conindex_show::table(s, &label, heading, &whole.estimate);
    let mut r = Results::default();
    r.scalar("N", whole.estimate.n).scalar("Nunique", whole.ranked.distinct as f64);
    r.scalar("CI", whole.estimate.value);
    if let Some(se) = whole.estimate.se {
        r.scalar("CIse", se);
    }
    if let Some(group) = group {
        compare(s, &asked, weights.as_ref(), grouped(s, &[group], rows.clone()), (group, heading), &mut r)?;
    }
    if let Some(name) = keep {
        let mut values = vec![MISSING; touse.len()];
        rows.iter().zip(&whole.ranked.rank).for_each(|(row, x)| values[*row] = *x);
        s.frame.add(Variable::new(&name, Column::from_f64(StorageType::Double, &values)))?;
    }
    s.r = r;
    Ok(())
}

/// Weights of the declared survey design.
fn survey_weights(s: &mut Session, touse: &mut [bool]) -> Result<Option<(WeightKind, Vec<f64>)>> {
    quietly(s, "svyset")?;
    if s.r.get_text("settings").is_some_and(|t| t.contains("clear")) {
        return Err(StataError::new(119, "data not set up for svy, use svyset"));
    }
    let Some(name) = s.r.get_text("wvar").map(str::to_string) else { return Ok(None) };
    let v = s.numeric_variable(&name)?;
    s.markout(&[v], touse, false)?;
    Ok(Some((WeightKind::Probability, s.frame.numeric(v)?.to_vec())))
}

fn found(
    s: &mut Session,
    asked: &Request,
    weights: Option<&(WeightKind, Vec<f64>)>,
    rows: &[usize],
) -> Result<Found> {
    let of = |v: usize| -> Vec<f64> { rows.iter().map(|r| s.frame.num_at(v, *r)).collect() };
    let mut h = of(asked.var);
    if let Some((low, high)) = asked.limits {
        if h.iter().any(|x| *x < low || *x > high) {
            return Err(StataError::new(498, "the variable has values outside of the limits"));
        }
        h.iter_mut().for_each(|x| *x = (*x - low) / (high - low));
    }
    let by = of(asked.rank.unwrap_or(asked.var));
    let w: Vec<f64> =
        weights.map_or_else(|| vec![1.0; rows.len()], |w| rows.iter().map(|r| w.1[*r]).collect());
    let ranked = ranked(&h, &by, &w);
    if let Some(value) = asked.index.direct(&h, &ranked, &w) {
        let n = if weights.is_some_and(|w| w.0 == WeightKind::Frequency) {
            w.iter().sum()
        } else {
            h.len() as f64
        };
        return Ok(Found { ranked, estimate: Estimate { n, value, se: None, df: MISSING } });
    }
    let outcome = asked.index.outcome(&h, &ranked);
    if asked.svy {
        let estimate = by_survey(s, rows, &outcome, &ranked.rank)?;
        return Ok(Found { ranked, estimate });
    }
    let weights = weights.map(|(kind, _)| Weights { kind: *kind, values: w });
    let robust = asked.robust || weights.as_ref().is_some_and(|w| w.kind == WeightKind::Probability);
    let clusters = asked.cluster.map(|v| number_groups(&s.frame, v, rows));
    let design = Design {
        weights: weights.as_ref(),
        robust,
        clusters: clusters.as_ref().map(|(of_row, count)| (of_row.as_slice(), *count)),
    };
    let estimate =
        estimate(&outcome, &ranked.rank, &design).ok_or_else(StataError::insufficient_observations)?;
    Ok(Found { ranked, estimate })
}

/// The convenient regression under `svy`.
fn by_survey(s: &mut Session, rows: &[usize], outcome: &[f64], rank: &[f64]) -> Result<Estimate> {
    let names = ["__ci_outcome", "__ci_rank"];
    let n = s.frame.n_rows();
    for (name, of) in names.iter().zip([outcome, rank]) {
        let mut values = vec![MISSING; n];
        rows.iter().zip(of).for_each(|(row, x)| values[*row] = *x);
        s.frame.add(Variable::new(name, Column::from_f64(StorageType::Double, &values)))?;
    }
    let held = s.hold_estimates();
    let done = quietly(s, &format!("svy: regress {} {}", names[0], names[1]));
    let e = &s.e.results;
    let estimate = s.e.b().zip(s.e.v()).map(|(b, v)| Estimate {
        n: e.get_scalar("N").unwrap_or(MISSING),
        value: b.get(0, 0),
        se: Some(v.get(0, 0).sqrt()),
        df: e.get_scalar("df_r").unwrap_or(MISSING),
    });
    s.restore_estimates(held);
    let positions: Vec<usize> = names.iter().filter_map(|n| s.frame.find(n)).collect();
    s.frame.drop_vars(&positions);
    done?;
    estimate.ok_or_else(StataError::insufficient_observations)
}

/// Indices of two groups and the test of their difference.
fn compare(
    s: &mut Session,
    asked: &Request,
    weights: Option<&(WeightKind, Vec<f64>)>,
    groups: Vec<Vec<usize>>,
    (group, heading): (usize, &str),
    r: &mut Results,
) -> Result<()> {
    let [first, second] = &groups[..] else {
        return Err(StataError::unsupported_option("conindex", "compare() of more or fewer than two groups"));
    };
    let label = asked.index.label(asked.rank.is_none());
    let mut estimates = Vec::new();
    for (k, rows) in [first, second].into_iter().enumerate() {
        let found = found(s, asked, weights, rows)?;
        let name = level_name(s, group, rows[0]);
        s.print("");
        s.print(format!("For group {}: {} = {name}", k + 1, s.frame.var(group).name));
        conindex_show::table(s, &label, heading, &found.estimate);
        r.scalar(&format!("CI{k}"), found.estimate.value);
        if let Some(se) = found.estimate.se {
            r.scalar(&format!("CIse{k}"), se);
        }
        estimates.push(found.estimate);
    }
    let diff = estimates[1].value - estimates[0].value;
    r.scalar("Diff", diff);
    if let (Some(a), Some(b)) = (estimates[0].se, estimates[1].se) {
        let se = a.hypot(b);
        let z = diff / se;
        r.scalar("Diffse", se).scalar("z", z);
        conindex_show::difference(s, diff, se, z, normal_two_sided(z));
    }
    Ok(())
}
