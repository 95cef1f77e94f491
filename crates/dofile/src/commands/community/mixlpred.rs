//! `mixlpred`: choice probabilities after `mixlogit`, as Hole (2007), Stata Journal 7: 388-401, documents it; the same by
//! `predict, pr`. Numbers: `estimators::ml_mixed_logit`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::ops::predict::{Own, Prediction, add, column, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::ml_mixed_logit::{MixedLogit, halton_normals};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::int("NREP"), OptSpec::int("BURN")]);

const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("pr"), OptSpec::int("NREP"), OptSpec::int("BURN")]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mixlpred",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: predict,
    syntax: "mixlpred newvar [if] [in] [, nrep(#) burn(#)]",
    notes: "probabilities after mixlogit, as means over Halton draws, nrep(50) for each person in the order of id() after the first burn(15); they do not use what the person chose; predict newvar, pr gives the same; Hole (2007)",
    examples: &[Example {
        run: "set obs 120\ngen id = ceil(_n/6)\ngen set = ceil(_n/3)\ngen x = mod(_n*7, 11)\ngen z = mod(_n*5, 13)\ngen u = x/4 - z/5 + mod(_n*3, 17)/3\nbysort set (u): gen y = _n == _N\nmixlogit y z, group(set) id(id) rand(x) nrep(20) nolog\nmixlpred double p, nrep(20)\nbysort set: egen double all = total(p)\nquietly summarize all",
        // The probabilities of a choice add up to one.
        expect: &[("abs(r(min) - 1) < 1e-12", 1.0), ("abs(r(max) - 1) < 1e-12", 1.0)],
    }],
};

/// `predict` after `mixlogit`.
pub(super) fn own(after: &str) -> Option<Own> {
    (after == "mixlogit").then_some((&PREDICT, predict as fn(&mut _, &_) -> _))
}

/// Rows of each value of a variable by ascending value, as positions in `rows`.
fn ascending(session: &Session, variable: usize, rows: &[usize]) -> Vec<Vec<usize>> {
    let (of_row, count) = number_groups(&session.frame, variable, rows);
    let mut out = vec![Vec::new(); count];
    of_row.iter().enumerate().for_each(|(i, g)| out[*g as usize].push(i));
    out.sort_by(|a: &Vec<usize>, b| session.frame.compare(variable, rows[a[0]], rows[b[0]]));
    out
}

fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if session.e.cmd() != "mixlogit" {
        return Err(StataError::no_estimates());
    }
    let (kind, names) = new_names(session, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(0.0) as usize;
    let (fixed, random, lognormal) = (scalar("kfix"), scalar("krnd"), scalar("krln"));
    let correlated = scalar("corr") == 1;
    let b = session.e.b().ok_or_else(StataError::no_estimates)?.clone();
    let mut touse = session.rows(cmd)?;
    let text = |name: &str| session.e.results.get_text(name).map(str::to_string);
    let group = session.variable(&text("group").unwrap_or_default())?;
    let id = text("id").map(|t| session.variable(&t)).transpose()?;
    let further: Vec<usize> = id.into_iter().chain([group]).collect();
    session.markout(&further, &mut touse, true)?;
    let all: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let attributes = &b.col_names[..fixed + random];
    let whole: Vec<Vec<f64>> =
        attributes.iter().map(|s| column(&session.frame, &s.name, &all)).collect::<Result<_>>()?;
    let known: Vec<usize> = (0..all.len()).filter(|i| whole.iter().all(|c| !is_missing(c[*i]))).collect();
    let rows: Vec<usize> = known.iter().map(|i| all[*i]).collect();
    let columns: Vec<Vec<f64>> = whole.iter().map(|c| known.iter().map(|i| c[*i]).collect()).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let people = people(session, id, group, &rows);
    let number = |option: &str, default: i64| cmd.options.int(option).unwrap_or(default);
    let (draws, burn) = (number("nrep", 50), number("burn", 15));
    if !(1..=100_000).contains(&draws) || !(0..=10_000_000).contains(&burn) {
        return Err(StataError::new(198, "nrep() or burn() out of range"));
    }
    let model = MixedLogit {
        columns: columns.iter().map(Vec::as_slice).collect(),
        fixed,
        lognormal,
        correlated,
        y: &vec![0.0; rows.len()],
        weights: vec![1.0; people.len()],
        normals: halton_normals(people.len() * draws as usize, random, burn as usize),
        people,
        draws: draws as usize,
    };
    let values = model.probabilities(b.values());
    add(session, name, kind, &rows, Prediction { values, label: String::new() })
}

/// Choices of each person; without identifiers each choice is a person.
fn people(session: &Session, id: Option<usize>, group: usize, rows: &[usize]) -> Vec<Vec<Vec<usize>>> {
    let situations = ascending(session, group, rows);
    let Some(id) = id else { return situations.into_iter().map(|s| vec![s]).collect() };
    let owners = ascending(session, id, rows);
    let mut owner = vec![0; rows.len()];
    owners.iter().enumerate().for_each(|(p, own)| own.iter().for_each(|i| owner[*i] = p));
    let mut out = vec![Vec::new(); owners.len()];
    situations.into_iter().for_each(|s| out[owner[s[0]]].push(s));
    out
}
