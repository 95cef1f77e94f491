//! `clogit` and the fixed-effects estimators of `xtlogit` and `xtpoisson`: likelihoods conditional on the
//! totals of the groups.
//!
//! Store in `e()`: N N_g N_drop N_group_drop g_min g_avg g_max df_m ll ll_0 chi2 p (clogit: r2_p), b, V, cmd
//! depvar group ivar model. Formulas: [R] clogit, [XT] xtlogit, [XT] xtpoisson.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::{self, label, print_log};
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading, number_groups};
use crate::format;
use crate::ml_options;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::ml::MlFit;
use estimators::ml_group::{ConditionalLogit, ConditionalPoisson, GroupLikelihood, Grouped, maximise};
use estimators::ml_group_weights::Weighted;
use estimators::weights::WeightKind;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("GRoup"),
    OptSpec::text("STRata"),
    OptSpec::flag("or"),
    OptSpec::text("OFFset"),
])
.weights(WEIGHTS)
.searched()
.unsupported(&["NOCHECK"]);

const WEIGHTS: &[WeightKind] = &[WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability];

/// The command `clogit`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "clogit",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "clogit depvar indepvars [if] [in] [fweight iweight pweight], group(v) [or offset(v) vce(oim|robust|cluster v) level(#) nolog]",
    notes: "weights are constant within groups; stores e(N N_drop N_group_drop df_m ll ll_0 chi2 p r2_p), e(b), e(V), r(table); formulas: [R] clogit, Gail, Lubin and Rubinstein (1981)",
    examples: &[Example {
        // Matched pairs: the log of the ratio of discordant pairs, 2 to 1.
        run: "input g y x\n1 1 1\n1 0 0\n2 1 1\n2 0 0\n3 1 0\n3 0 1\n4 1 1\n4 0 1\nend\nclogit y x, group(g)",
        expect: &[("exp(_b[x])", 2.0), ("_se[x]^2", 1.5), ("e(N)", 8.0)],
    }],
};

/// A sample in groups, with those left out that say nothing.
pub(super) struct Conditional {
    /// The sample.
    pub model: Model,
    /// Rows of each group (positions in the sample).
    pub rows: Vec<Vec<usize>>,
    /// Offset of the rows.
    pub offset: Option<(Vec<f64>, String)>,
    /// Groups and rows left out.
    pub dropped: (usize, usize),
}

/// Groups whose outcomes say nothing about the coefficients, and the end of the note that counts them.
pub(super) type Silent = (fn(&[f64]) -> bool, &'static str);

/// What is said about the groups of an outcome.
pub(super) struct Groups {
    /// Those that are left out.
    pub silent: &'static [Silent],
    /// Whether a note says that a group has several positive outcomes: a choice has one.
    pub notes_several: bool,
}

/// Groups of outcomes of zero and one.
pub(super) const BINARY: Groups = Groups {
    silent: &[(
        |y| y.iter().all(|v| (*v != 0.0) == (y[0] != 0.0)),
        "omitted because of all positive or\n      all negative outcomes.",
    )],
    notes_several: true,
};

/// Groups of counts: the likelihood of the silent ones given their total is one.
pub(super) const COUNTS: Groups = Groups {
    silent: &[
        (|y| y.len() == 1, "dropped because of only one obs per group"),
        (|y| y.len() > 1 && y.iter().all(|v| *v == 0.0), "dropped because of all zero outcomes"),
    ],
    notes_several: false,
};

/// Leaves silent groups out and says how many; returns the numbers of groups and rows.
pub(super) fn drop_silent(
    session: &mut Session,
    model: &mut Model,
    unit: usize,
    groups: &Groups,
) -> Result<(usize, usize)> {
    let (mut count, mut drop) = (0, Vec::new());
    let rows = group_rows(session, unit, model);
    for (silent, note) in groups.silent {
        let quiet = |g: &&Vec<usize>| silent(&g.iter().map(|i| model.y[*i]).collect::<Vec<f64>>());
        let found: Vec<&Vec<usize>> = rows.iter().filter(quiet).collect();
        if found.is_empty() {
            continue;
        }
        let s = if found.len() == 1 { "" } else { "s" };
        let [shown, obs] = [found.len(), found.iter().map(|g| g.len()).sum()].map(format::count_text);
        session.print(format!("note: {shown} group{s} ({obs} obs) {note}"));
        count += found.len();
        drop.extend(found.into_iter().flatten().copied());
    }
    if !drop.is_empty() {
        model.drop_rows(session, &drop)?;
    }
    Ok((count, drop.len()))
}

/// Reads a conditional model without its silent groups.
pub(super) fn read(
    session: &mut Session,
    cmd: &ParsedCommand,
    unit: usize,
    groups: &Groups,
) -> Result<Conditional> {
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.push(unit);
    let reading = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) };
    let mut model = reading.model(session)?;
    model.constant = false;
    let positive = |g: &Vec<usize>| g.iter().filter(|i| model.y[**i] != 0.0).count();
    if groups.notes_several && group_rows(session, unit, &model).iter().any(|g| positive(g) > 1) {
        session.print("note: multiple positive outcomes within groups encountered.");
    }
    let dropped = drop_silent(session, &mut model, unit, groups)?;
    if model.y.is_empty() {
        return Err(StataError::new(2000, "outcome does not vary in any group"));
    }
    let rows = group_rows(session, unit, &model);
    // A regressor without variation in any group drops out of the likelihood.
    let still: Vec<usize> = model
        .columns()
        .iter()
        .enumerate()
        .filter(|(_, c)| rows.iter().all(|g| g.iter().all(|i| c[*i] == c[g[0]])))
        .map(|(j, _)| j)
        .collect();
    for name in model.omit(&still) {
        session.print(format!("note: {name} omitted because of no within-group variance."));
    }
    drop_collinear(session, &mut model);
    if model.columns().is_empty() {
        return Err(StataError::new(2000, "no regressor varies within groups"));
    }
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    Ok(Conditional { model, rows, offset, dropped })
}

/// Rows of each unit, in order of appearance.
pub(super) fn group_rows(session: &Session, unit: usize, model: &Model) -> Vec<Vec<usize>> {
    let (of_row, count) = number_groups(&session.frame, unit, &model.design.rows);
    let mut rows = vec![Vec::new(); count];
    of_row.iter().enumerate().for_each(|(i, g)| rows[*g as usize].push(i));
    rows
}

/// Cluster of each group; r(498) when a group lies in several clusters.
pub(super) fn nested(model: &Model, rows: &[Vec<usize>]) -> Result<Option<(Vec<usize>, usize)>> {
    let Some(clusters) = &model.clusters else {
        // A robust covariance sums scores by group.
        return Ok(model.is_robust().then(|| ((0..rows.len()).collect(), rows.len())));
    };
    let of_group = rows
        .iter()
        .map(|g| {
            let first = clusters.of_row[g[0]];
            if g.iter().all(|i| clusters.of_row[*i] == first) {
                Ok(first as usize)
            } else {
                Err(StataError::new(498, "groups are not nested within clusters"))
            }
        })
        .collect::<Result<Vec<usize>>>()?;
    Ok(Some((of_group, clusters.count)))
}

/// Stores numbers of groups and their sizes.
pub(super) fn store_sizes(results: &mut Results, rows: &[Vec<usize>]) {
    let sizes: Vec<f64> = rows.iter().map(|g| g.len() as f64).collect();
    let total: f64 = sizes.iter().sum();
    results.scalar("N_g", sizes.len() as f64).scalar("g_avg", total / sizes.len() as f64);
    results.scalar("g_min", sizes.iter().copied().fold(f64::INFINITY, f64::min));
    results.scalar("g_max", sizes.iter().copied().fold(0.0, f64::max));
}

/// Groups as the likelihood takes them, with their weights: frequencies repeat a group.
///
/// # Errors
/// r(459) where weights differ within a group.
fn weighted_groups(model: &Model, rows: &[Vec<usize>]) -> Result<(Vec<Vec<usize>>, Vec<f64>)> {
    let Some(weights) = &model.weights else { return Ok((rows.to_vec(), vec![1.0; rows.len()])) };
    let differs = |g: &Vec<usize>| g.iter().any(|i| weights.values[*i] != weights.values[g[0]]);
    if rows.iter().any(differs) {
        return Err(StataError::new(459, "weights must be constant within groups"));
    }
    let of_group: Vec<f64> = rows.iter().map(|g| weights.values[g[0]]).collect();
    if weights.kind != WeightKind::Frequency {
        return Ok((rows.to_vec(), of_group));
    }
    let repeated: Vec<Vec<usize>> =
        rows.iter().zip(&of_group).flat_map(|(g, w)| std::iter::repeat_n(g.clone(), *w as usize)).collect();
    let ones = vec![1.0; repeated.len()];
    Ok((repeated, ones))
}

/// Fits one of the two conditional likelihoods.
pub(super) fn fit(
    session: &mut Session,
    cmd: &ParsedCommand,
    sample: &Conditional,
    logit: bool,
) -> Result<(MlFit, f64)> {
    let model = &sample.model;
    let (rows, weights) = weighted_groups(model, &sample.rows)?;
    let clusters = nested(model, &rows)?;
    let clusters = clusters.as_ref().map(|(of, count)| (of.as_slice(), *count));
    let grouped = || Grouped {
        columns: model.columns(),
        y: &model.y,
        offset: sample.offset.as_ref().map(|o| o.0.as_slice()),
        rows: rows.clone(),
    };
    let start = vec![0.0; model.columns().len()];
    let limits = likelihood::limits(&cmd.options);
    let null = |likelihood: &dyn Fn(usize) -> f64| (0..rows.len()).map(likelihood).sum::<f64>();
    let (fit, ll_0) = if logit {
        let mut likelihood = Weighted { inner: ConditionalLogit(grouped()), weights };
        let ll_0 = null(&|g| likelihood.group(g, &start).ll);
        (maximise(&mut likelihood, &start, limits, clusters), ll_0)
    } else {
        let mut likelihood = Weighted { inner: ConditionalPoisson(grouped()), weights };
        let ll_0 = null(&|g| likelihood.group(g, &start).ll);
        (maximise(&mut likelihood, &start, limits, clusters), ll_0)
    };
    let fit = fit.ok_or_else(StataError::not_converged)?;
    if session.shows_log(|o| cmd.has(o)) {
        print_log(session, &fit, model.is_robust(), cmd.options.int("iterate"));
    }
    Ok((fit, ll_0))
}

/// Starts the results of a conditional model.
pub(super) fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    name: &'static str,
    title: &str,
    sample: &Conditional,
    fit: &MlFit,
    ll_0: f64,
) {
    let model = &sample.model;
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..fit.b.len()).collect();
    let posted = Posted {
        cmd: name,
        title,
        predict: if name == "clogit" { "clogi_p" } else { "xtlogit_p" },
        parameters: &parameters,
        fit,
        ll_0: Some(ll_0),
        tested: &tested,
        equations: 1.0,
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    store_sizes(&mut est.results, &sample.rows);
    est.results.scalar("N_group_drop", sample.dropped.0 as f64).scalar("N_drop", sample.dropped.1 as f64);
    if let Some((_, text)) = &sample.offset {
        est.results.text("offset", text);
    }
    if name != "clogit" {
        est.results.scalars.remove("r2_p");
    }
    session.post_estimation(est, model.touse.clone());
}

/// Header of panel likelihoods: sizes of the groups, the model test and the log likelihood.
pub(super) fn panel_header(session: &mut Session, title: &str, effects: &str, points: Option<f64>) {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let robust = e.get_text("vcetype").is_some();
    let kind = e.get_text("chi2type").unwrap_or("Wald").to_string();
    let group = format!("Group variable: {}", e.get_text("ivar").or(e.get_text("group")).unwrap_or(""));
    let first = [Fact::observations(scalar("N")), Fact::new("Number of groups", "%10.0fc", scalar("N_g"))];
    let size = |left: &str, name: &str, value: f64, fmt: &str| {
        format!("{left:<62}{name} = {:>10}", format::bare(fmt, value))
    };
    let lines = [
        format!("{:<48}Obs per group:", effects),
        size("", "min", scalar("g_min"), "%10.0fc"),
        size("", "avg", scalar("g_avg"), "%10.1fc"),
        size("", "max", scalar("g_max"), "%10.0fc"),
    ];
    let test = [
        Fact::statistic(&format!("{kind} chi2"), &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    let ll = format!("{} = {}", label(robust), format::bare("%10.0g", scalar("ll")));
    session.print("");
    show(session, &[title.to_string(), group], &first, 17, 10);
    session.print("");
    lines.iter().for_each(|l| session.print(l));
    if let Some(points) = points {
        session.print("");
        session.print(format!("{:<48}Integration pts.  = {:>10}", "Integration method: mvaghermite", points));
    }
    session.print("");
    show(session, &[String::new(), ll], &test, 17, 10);
    // The table of meglm and its kin follows at once ([ME] melogit).
    if points.is_none() || !effects.is_empty() {
        session.print("");
    }
}

const TITLE: &str = "Conditional (fixed-effects) logistic regression";

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "clogit",
            estimate: &|session| estimate(session, cmd),
            header: &|session| likelihood::header(session, TITLE),
            look: &|_| Look { eform: cmd.has("or").then_some("Odds ratio"), ..Look::default() },
            footer: &|_| {},
        },
    )
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = cmd
        .options
        .text("group")
        .or(cmd.options.text("strata"))
        .ok_or_else(|| StataError::new(198, "option group() required"))?
        .trim()
        .to_string();
    let unit = session.variable(&name)?;
    let sample = read(session, cmd, unit, &BINARY)?;
    let (fit, ll_0) = fit(session, cmd, &sample, true)?;
    post(session, cmd, "clogit", TITLE, &sample, &fit, ll_0);
    session.e.results.text("group", name);
    Ok(())
}
