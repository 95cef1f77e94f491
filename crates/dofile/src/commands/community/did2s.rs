//! `did2s`: differences in differences in two stages. The first stage estimates unit and period effects on untreated rows,
//! the second regresses the outcome less the first stage on indicators of treatment.
//!
//! Formulas: Gardner (2022, Two-stage differences in differences); standard errors of both stages together: Newey and
//! McFadden (1994), as the help of Butts's command (SSC) states.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::ml_command::{Look, replay, table};
use crate::estimation::model::{number_groups, single_column};
use crate::estimation::post::{Parameters, command_line, note_omitted, plain_stripe};
use crate::estimation::sample::Side;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::absorb_fit;
use estimators::did_imputation::{Rows, Untreated, imputable};
use estimators::matrix::Mat;
use estimators::ols::{self, Request};
use estimators::panel::Units;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("FIRST_stage"),
    OptSpec::text("SECOND_stage"),
    OptSpec::text("TREATment"),
    OptSpec::text("CLUSTER"),
    OptSpec::text("UNIT"),
    OptSpec::real("Level"),
])
.unsupported(&["NBOOT"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "did2s",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "did2s depvar [if] [in], first_stage(i.unit i.period [varlist]) second_stage(varlist) treatment(varname) cluster(varname) [unit(varname) level(#)]",
    notes: "first_stage() has one or two sets of effects (i.v, i.v#i.w), unit() names a further one, and numeric variables; the second stage has no constant; stores e(N N_clust), e(b), e(V), e(clustvar); Gardner (2022)",
    examples: &[Example {
        // The treated unit is 2 above the control, which moves by 1: 6 less 1 less (1 + 2).
        run: "input id t y d\n1 1 3 0\n1 2 6 1\n2 1 1 0\n2 2 2 0\nend\ndid2s y, first_stage(i.id i.t) second_stage(d) treatment(d) cluster(id)",
        expect: &[("_b[d]", 2.0), ("e(N)", 4.0), ("e(N_clust)", 2.0)],
    }],
};

/// The first stage: its sets of effects, each the variables that cross in it, and further regressors.
struct First {
    sets: Vec<Vec<usize>>,
    controls: Vec<usize>,
}

fn refused(what: &str) -> StataError {
    StataError::unsupported_option("did2s", what)
}

fn first_stage(session: &Session, cmd: &ParsedCommand) -> Result<First> {
    let mut first = First { sets: Vec::new(), controls: Vec::new() };
    if let Some(unit) = cmd.options.text("unit") {
        first.sets.push(vec![session.variable(unit.trim())?]);
    }
    for word in required(cmd, "first_stage")?.split_whitespace() {
        let parts: Option<Vec<&str>> = word.split('#').map(|p| p.strip_prefix("i.")).collect();
        match parts {
            Some(parts) => {
                first.sets.push(parts.into_iter().map(|p| session.variable(p)).collect::<Result<_>>()?);
            }
            None => {
                let name = word.strip_prefix("c.").unwrap_or(word);
                if name.contains(['.', '#']) {
                    return Err(refused(&format!("first_stage() with {word}")));
                }
                let found = session.varlist(name)?;
                first.controls.extend(found);
            }
        }
    }
    if first.sets.is_empty() || first.sets.len() > 2 {
        return Err(refused("first_stage() without one or two sets of effects"));
    }
    Ok(first)
}

fn required<'a>(cmd: &'a ParsedCommand, option: &str) -> Result<&'a str> {
    cmd.options
        .text(option)
        .map(str::trim)
        .filter(|t| !t.is_empty())
        .ok_or_else(|| StataError::new(198, format!("option {option}() required")))
}

/// The sample, read.
struct Data {
    touse: Vec<bool>,
    depvar: String,
    y: Vec<f64>,
    sets: [Units; 2],
    controls: Vec<Vec<f64>>,
    treated: Vec<bool>,
    clusters: Units,
    clustvar: String,
    second: Side,
}

fn read(session: &mut Session, cmd: &ParsedCommand) -> Result<Data> {
    let first = first_stage(session, cmd)?;
    let treatment = session.numeric_variable(required(cmd, "treatment")?)?;
    let cluster = session.variable(required(cmd, "cluster")?)?;
    let abbrev = session.settings.varabbrev;
    let outcome = FvList::parse(&session.frame, &cmd.list, abbrev)?;
    let list = FvList::parse(&session.frame, required(cmd, "second_stage")?, abbrev)?;
    let mut touse = session.rows(cmd)?;
    outcome.markout(&session.frame, &mut touse)?;
    list.markout(&session.frame, &mut touse)?;
    let mut others: Vec<usize> = first.sets.concat();
    others.extend(&first.controls);
    others.extend([treatment, cluster]);
    session.markout(&others, &mut touse, true)?;
    let (second, omitted) = Side::build(session, &list, &touse, false)?;
    note_omitted(session, &omitted);
    let frame = &session.frame;
    let rows = second.design.rows.clone();
    let (depvar, y) = single_column(frame, &outcome, &touse, &rows)?;
    let of = |v: usize| Units::new(number_groups(frame, v, &rows).0);
    let crossed = |set: &Vec<usize>| -> Units {
        let all: Vec<Units> = set.iter().map(|v| of(*v)).collect();
        absorb_fit::intersection(&all.iter().collect::<Vec<_>>())
    };
    let other = first.sets.get(1).map_or_else(|| Units::new(vec![0; rows.len()]), crossed);
    let column = |v: &usize| rows.iter().map(|r| frame.num_at(*v, *r)).collect();
    Ok(Data {
        depvar,
        y,
        sets: [crossed(&first.sets[0]), other],
        controls: first.controls.iter().map(column).collect(),
        treated: rows.iter().map(|r| frame.num_at(treatment, *r) != 0.0).collect(),
        clusters: of(cluster),
        clustvar: frame.var(cluster).name.clone(),
        second,
        touse,
    })
}

/// Coefficients of the second stage and their covariance by clusters, which counts that the first stage is estimated.
fn fit(data: &Data) -> Result<(Vec<f64>, Mat)> {
    let controls: Vec<&[f64]> = data.controls.iter().map(Vec::as_slice).collect();
    let rows = Rows {
        y: &data.y,
        units: &data.sets[0],
        periods: &data.sets[1],
        treated: &data.treated,
        controls: &controls,
    };
    let unknown = imputable(&rows).iter().filter(|known| !**known).count();
    if unknown > 0 {
        return Err(StataError::new(
            459,
            format!("the first-stage effects of {unknown} observations have no untreated observations"),
        ));
    }
    let model = Untreated::new(&rows)
        .ok_or_else(|| StataError::new(498, "the controls are collinear with the effects"))?;
    let adjusted = model.effects();
    let columns = data.second.columns();
    let request = Request { constant: false, chosen: true, ..Request::new(&adjusted, &columns) };
    let found = ols::fit(&request).map_err(fit_error)?;
    let k = columns.len();
    let mut sums = Mat::zeros(data.clusters.count(), k);
    for (j, column) in columns.iter().enumerate() {
        let moved = model.moved(column);
        for i in 0..adjusted.len() {
            let score = column[i] * found.residuals[i] - moved[i] * adjusted[i];
            sums[(data.clusters.of_row[i] as usize, j)] += score;
        }
    }
    let cross = Mat::from_fn(k, k, |a, b| columns[a].iter().zip(columns[b]).map(|(x, y)| x * y).sum::<f64>());
    let bread =
        cross.inverse_definite().ok_or_else(|| StataError::new(498, "second_stage() is collinear"))?;
    let v = bread.sandwich(&sums.transpose().times(&sums)).symmetrised();
    Ok((found.b, v))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if replay(session, cmd, "did2s")? {
        return table(session, cmd, &Look::default());
    }
    let data = read(session, cmd)?;
    if data.clusters.count() < 2 {
        return Err(StataError::new(460, "only one cluster"));
    }
    let (b, v) = fit(&data)?;
    let names = plain_stripe(data.second.names());
    let parameters = Parameters::spread(names, &data.second.estimated(), &b, &v);
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", parameters.b_matrix()).matrix("V", parameters.v_matrix());
    r.scalar("N", data.y.len() as f64).scalar("N_clust", data.clusters.count() as f64);
    r.text("cmd", "did2s").text("cmdline", command_line(cmd)).text("depvar", &data.depvar);
    for option in ["first_stage", "second_stage", "treatment"] {
        r.text(option, cmd.options.text(option).unwrap_or("").trim());
    }
    r.text("clustvar", &data.clustvar).text("vce", "cluster").text("vcetype", "Robust");
    session.post_estimation(est, data.touse);
    session.print("");
    table(session, cmd, &Look::default())
}
