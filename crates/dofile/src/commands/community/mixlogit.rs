//! `mixlogit`: mixed logit by simulated maximum likelihood with Halton draws, as Hole (2007), Stata Journal 7: 388-401,
//! documents it. Numbers: `estimators::ml_mixed_logit`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading, first_word, number_groups};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::ml::{Limits, MlFit};
use estimators::ml_group::{ConditionalLogit, Grouped, maximise};
use estimators::ml_mixed_logit::{Attributes, MixedLogit, halton_normals, in_units, spread_places};

const WEIGHTS: &[WeightKind] = &[WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability];

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("GRoup"),
    OptSpec::text("RAND"),
    OptSpec::text("ID"),
    OptSpec::int("LN"),
    OptSpec::flag("CORR"),
    OptSpec::int("NREP"),
    OptSpec::int("BURN"),
    OptSpec::text("FRom"),
])
.weights(WEIGHTS)
.searched()
.unsupported(&["USERDraws", "CONSTraints"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mixlogit",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "mixlogit depvar [indepvars] [if] [in] [weight], group(varname) rand(varlist) [id(varname) ln(#) corr nrep(#) burn(#) from(matrix) vce(oim|robust|cluster v) level(#) nolog]",
    notes: "random coefficients are normal, the last # of rand() lognormal with ln(#); Halton draws of the primes 2, 3, 5, ..., nrep(50) for each person in the order of id(), after the first burn(15); starts at the conditional logit with deviations of .1, and again with the sign of each draw turned, of which the highest likelihood counts; with from() there alone; Newton steps with analytic derivatives, so that iterations may differ from other programs; no test of the model with a robust covariance; stores e(N ll ll_0 df_m chi2 p k kfix krnd krln nrep burn corr converged), e(b) with the equations Mean and SD, or /l11 ... with corr, e(V), r(table); Hole (2007), Train (2009)",
    examples: &[Example {
        // Without variation of the coefficient the conditional logit is left; its likelihood cannot be higher.
        run: "set obs 120\ngen id = ceil(_n/6)\ngen set = ceil(_n/3)\ngen x = mod(_n*7, 11)\ngen z = mod(_n*5, 13)\ngen u = x/4 - z/5 + mod(_n*3, 17)/3\nbysort set (u): gen y = _n == _N\nclogit y x z, group(set) nolog\nscalar l = e(ll)\nmixlogit y z, group(set) id(id) rand(x) nrep(20) nolog",
        expect: &[("e(ll) >= l - 1e-6", 1.0), ("abs(e(ll_0) - l) < 1e-6", 1.0), ("e(krnd)", 1.0)],
    }],
};

const TITLE: &str = "Mixed logit model";

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "mixlogit",
            estimate: &|session| estimate(session, cmd),
            header: &|session| likelihood::header(session, TITLE),
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|session| {
                if session.e.results.get_scalar("corr") == Some(0.0) {
                    session.print(
                        "The sign of the estimated standard deviations is irrelevant: interpret them as",
                    );
                    session.print("being positive");
                }
            },
        },
    )
}

/// The sample: the model, how many of its attributes have one coefficient, and who chose when.
struct Choices {
    model: Model,
    fixed: usize,
    group: String,
    id: Option<String>,
    situations: Vec<Vec<usize>>,
    people: Vec<Vec<Vec<usize>>>,
}

fn required<'a>(cmd: &'a ParsedCommand, option: &str) -> Result<&'a str> {
    let text = cmd.options.text(option).map(str::trim).filter(|t| !t.is_empty());
    text.ok_or_else(|| StataError::new(198, format!("option {option}() required")))
}

/// Rows of each value of a variable, by ascending value.
fn ascending(session: &Session, variable: usize, model: &Model) -> Vec<Vec<usize>> {
    let rows = &model.design.rows;
    let (of_row, count) = number_groups(&session.frame, variable, rows);
    let mut out = vec![Vec::new(); count];
    of_row.iter().enumerate().for_each(|(i, g)| out[*g as usize].push(i));
    out.sort_by(|a: &Vec<usize>, b| session.frame.compare(variable, rows[a[0]], rows[b[0]]));
    out
}

fn read(session: &mut Session, cmd: &ParsedCommand) -> Result<Choices> {
    let group = session.variable(required(cmd, "group")?)?;
    let id = cmd.options.text("id").map(|t| session.variable(t.trim())).transpose()?;
    let (depvar, others) = first_word(&cmd.list);
    let random = required(cmd, "rand")?;
    let list = format!("{depvar} {others} {random}");
    let further = id.into_iter().chain([group]).collect();
    let mut model = Reading { list: &list, further, ..Reading::likelihood(cmd, WEIGHTS) }.model(session)?;
    model.constant = false;
    drop_collinear(session, &mut model);
    let own = if others.trim().is_empty() { Vec::new() } else { session.varlist(others)? };
    if session.varlist(random)?.iter().any(|v| own.contains(v)) {
        return Err(StataError::new(498, "a variable may not be both in indepvars and in rand()"));
    }
    if model.columns().len() < model.design.terms.len() {
        return Err(StataError::new(498, "the attributes are collinear"));
    }
    if model.y.iter().any(|y| *y != 0.0 && *y != 1.0) {
        return Err(StataError::new(450, format!("{} is not a 0/1 variable", model.depvar)));
    }
    let situations = ascending(session, group, &model);
    let chosen = |rows: &Vec<usize>| rows.iter().filter(|i| model.y[**i] != 0.0).count();
    if situations.iter().any(|rows| chosen(rows) != 1) {
        return Err(StataError::new(498, "each group must have exactly one chosen alternative"));
    }
    let people = match id {
        None => situations.iter().map(|rows| vec![rows.clone()]).collect(),
        Some(id) => people(session, id, &model, &situations)?,
    };
    let name = |v: usize| session.frame.var(v).name.clone();
    Ok(Choices { fixed: own.len(), group: name(group), id: id.map(name), situations, people, model })
}

/// Choices of each person, in the order of the identifiers.
fn people(
    session: &Session,
    id: usize,
    model: &Model,
    situations: &[Vec<usize>],
) -> Result<Vec<Vec<Vec<usize>>>> {
    let rows = ascending(session, id, model);
    let mut owner = vec![0; model.y.len()];
    rows.iter().enumerate().for_each(|(p, own)| own.iter().for_each(|i| owner[*i] = p));
    let mut out = vec![Vec::new(); rows.len()];
    for situation in situations {
        if situation.iter().any(|i| owner[*i] != owner[situation[0]]) {
            return Err(StataError::new(498, "id() is not constant within group()"));
        }
        out[owner[situation[0]]].push(situation.clone());
    }
    Ok(out)
}

/// Weight of each person, constant in its rows, and cluster of each person.
fn weights(choices: &Choices) -> Result<Vec<f64>> {
    let Some(weights) = &choices.model.weights else { return Ok(vec![1.0; choices.people.len()]) };
    let of = |person: &Vec<Vec<usize>>| {
        let first = weights.values[person[0][0]];
        let same = person.iter().flatten().all(|i| weights.values[*i] == first);
        same.then_some(first).ok_or_else(|| StataError::new(459, "weights must be constant within persons"))
    };
    choices.people.iter().map(of).collect()
}

/// Cluster of each person for a robust covariance.
fn clusters(choices: &Choices) -> Result<Option<(Vec<usize>, usize)>> {
    let model = &choices.model;
    let Some(clusters) = &model.clusters else {
        return Ok(model.is_robust().then(|| ((0..choices.people.len()).collect(), choices.people.len())));
    };
    let of = |person: &Vec<Vec<usize>>| {
        let first = clusters.of_row[person[0][0]];
        let same = person.iter().flatten().all(|i| clusters.of_row[*i] == first);
        same.then_some(first as usize)
            .ok_or_else(|| StataError::new(498, "persons are not nested within clusters"))
    };
    Ok(Some((choices.people.iter().map(of).collect::<Result<_>>()?, clusters.count)))
}

/// The conditional logit: its log likelihood with the weights, and its coefficients.
fn conditional(choices: &Choices, columns: Vec<&[f64]>, weights: &[f64]) -> Result<(f64, Vec<f64>)> {
    let start = vec![0.0; columns.len()];
    let grouped = Grouped {
        columns,
        y: &choices.model.y,
        offset: None,
        rows: choices.people.iter().flatten().cloned().collect(),
    };
    let of: Vec<f64> =
        choices.people.iter().zip(weights).flat_map(|(p, w)| std::iter::repeat_n(*w, p.len())).collect();
    let mut kernel = estimators::ml_group_weights::Weighted { inner: ConditionalLogit(grouped), weights: of };
    let fit =
        maximise(&mut kernel, &start, Default::default(), None).ok_or_else(StataError::not_converged)?;
    Ok((fit.ll, fit.b))
}

/// Starting values in the units of the search: those of `from()`, or the conditional logit and small deviations.
fn start(
    session: &Session,
    cmd: &ParsedCommand,
    (b, fixed, ln): (&[f64], usize, usize),
    units: &[(f64, f64)],
) -> Result<Vec<f64>> {
    let k = b.len();
    let places = spread_places(k - fixed, cmd.has("corr"));
    if let Some(text) = cmd.options.text("from") {
        let name = text.split(',').next().unwrap_or("").trim();
        let given = session.matrix(name).ok_or_else(|| StataError::not_found(name))?;
        if given.rows() != 1 || given.cols() != k + places.len() {
            return Err(StataError::standard(503));
        }
        let taken = |(b, (factor, term)): (&f64, &(f64, f64))| (b - term) / factor;
        return Ok(given.values().iter().zip(units).map(taken).collect());
    }
    let mut out = b.to_vec();
    for value in &mut out[k - ln..] {
        // a lognormal coefficient is positive
        *value = value.max(0.01).ln();
    }
    out.extend(places.iter().map(|(i, j)| if i == j { 0.1 } else { 0.0 }));
    Ok(out)
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let choices = read(session, cmd)?;
    let columns = choices.model.columns().len();
    let random = columns - choices.fixed;
    let whole = |option: &str, default: i64| cmd.options.int(option).unwrap_or(default);
    let (ln, draws, burn) = (whole("ln", 0), whole("nrep", 50), whole("burn", 15));
    if ln < 0 || ln as usize > random {
        return Err(StataError::new(498, "ln() must not be above the number of variables in rand()"));
    }
    if !(1..=100_000).contains(&draws) || !(0..=10_000_000).contains(&burn) {
        return Err(StataError::new(198, "nrep() or burn() out of range"));
    }
    let weights = weights(&choices)?;
    let attributes = Attributes::of(&choices.model.columns(), &choices.situations);
    let units = attributes.units(choices.fixed, ln as usize, cmd.has("corr"));
    let (ll_0, plain) = conditional(&choices, attributes.slices(), &weights)?;
    let from = start(session, cmd, (&plain, choices.fixed, ln as usize), &units)?;
    let clusters = clusters(&choices)?;
    let mut kernel = MixedLogit {
        columns: attributes.slices(),
        fixed: choices.fixed,
        lognormal: ln as usize,
        correlated: cmd.has("corr"),
        y: &choices.model.y,
        people: choices.people.clone(),
        weights,
        normals: halton_normals(choices.people.len() * draws as usize, random, burn as usize),
        draws: draws as usize,
    };
    let by = clusters.as_ref().map(|(of, count)| (of.as_slice(), *count));
    let limits = likelihood::limits(&cmd.options);
    let found = match cmd.has("from") {
        true => maximise(&mut kernel, &from, limits, by),
        false => highest(&mut kernel, &from, limits, by),
    };
    let mut fit = found.ok_or_else(StataError::not_converged)?;
    drop(kernel);
    in_units(&mut fit, &units);
    if session.shows_log(|o| cmd.has(o)) {
        likelihood::print_log(session, &fit, choices.model.is_robust(), cmd.options.int("iterate"));
    }
    fit.constrained = None;
    let mut est = posted(cmd, &choices, &fit, ll_0);
    let flag = |b: bool| f64::from(u8::from(b));
    est.results
        .scalar("kfix", choices.fixed as f64)
        .scalar("krnd", random as f64)
        .scalar("krln", ln as f64)
        .scalar("nrep", draws as f64)
        .scalar("burn", burn as f64)
        .scalar("corr", flag(cmd.has("corr")))
        .scalar("N_g", choices.situations.len() as f64)
        .text("group", &choices.group);
    if let Some(id) = &choices.id {
        est.results.text("id", id).scalar("N_id", choices.people.len() as f64);
    }
    session.post_estimation(est, choices.model.touse);
    Ok(())
}

/// The highest maximum that turning the signs of the normal draws leads to. They are not symmetric, so that each sign has
/// a maximum of its own.
fn highest(
    kernel: &mut MixedLogit<'_>,
    from: &[f64],
    limits: Limits,
    clusters: Option<(&[usize], usize)>,
) -> Option<MlFit> {
    let columns = kernel.columns.len();
    let random = columns - kernel.fixed;
    let places = spread_places(random, kernel.correlated);
    let mut best = maximise(kernel, from, limits, clusters)?;
    let (mut turned, mut kept) = (0, 0);
    while kept < random && best.converged {
        let mut start = best.b.clone();
        for (value, (_, draw)) in start[columns..].iter_mut().zip(&places) {
            *value *= if *draw == turned { -1.0 } else { 1.0 };
        }
        match maximise(kernel, &start, limits, clusters) {
            Some(other) if other.converged && other.ll > best.ll + 1e-7 => (best, kept) = (other, 0),
            _ => kept += 1,
        }
        turned = (turned + 1) % random;
    }
    Some(best)
}

/// The results, with the likelihood-ratio test against the conditional logit.
fn posted(cmd: &ParsedCommand, choices: &Choices, fit: &MlFit, ll_0: f64) -> crate::results::Estimation {
    let columns = choices.model.columns().len();
    let names = choices.model.names();
    let mut layout = Layout::default();
    layout.equation("Mean", names.clone(), &(0..columns).collect::<Vec<_>>());
    let places = spread_places(columns - choices.fixed, cmd.has("corr"));
    if cmd.has("corr") {
        places.iter().for_each(|(i, j)| {
            layout.ancillary(&format!("l{}{}", i + 1, j + 1));
        });
    } else {
        let own = names[choices.fixed..].to_vec();
        layout.equation("SD", own, &(0..places.len()).collect::<Vec<_>>());
    }
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (columns..fit.b.len()).collect();
    let posted = Posted {
        cmd: "mixlogit",
        title: TITLE,
        predict: "mixlogit_p",
        parameters: &parameters,
        fit,
        ll_0: Some(ll_0),
        tested: &tested,
        equations: if cmd.has("corr") { 1.0 } else { 2.0 },
    };
    let mut est = ml_command::begin(cmd, &choices.model, &posted);
    est.results.remove("r2_p");
    if choices.model.is_robust() {
        for name in ["chi2", "p", "df_m"] {
            est.results.scalar(name, MISSING);
        }
    }
    est
}
