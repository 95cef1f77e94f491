//! `xtdata`: a panel in the form in which ordinary regression gives between, within or random-effects estimates. [XT] xtdata.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::unit_variable;
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::frame::{Column, Variable};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use estimators::panel::Units;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("re"),
    OptSpec::flag("be"),
    OptSpec::flag("fe"),
    OptSpec::real("RATio"),
    OptSpec::flag("clear"),
    OptSpec::text("I"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtdata",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "xtdata [varlist] [if] [in] {, fe | be | re ratio(#)} [i(v) clear]",
    notes: "rows with a missing value are dropped; fe adds the overall mean to the deviations, be keeps a row of means for each unit, re takes off a share of the means, with ratio() the standard deviation of the units over that of the errors, and adds the variable constant; without a list all variables but those of xtset; [XT] xtdata",
    examples: &[Example {
        run: "input id t x y\n1 1 1 2\n1 2 3 3\n2 1 4 9\n2 2 8 8\nend\nxtset id t\nxtreg y x, fe\nscalar b = _b[x]\nxtdata y x, fe clear\nregress y x",
        expect: &[("_b[x]/b", 1.0), ("x[1]", 3.0), ("_N", 4.0)],
    }],
};

/// Which estimates the data are for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Within,
    Between,
    Random(Ratio),
}

/// Standard deviation of the units over that of the errors, as bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ratio(u64);

fn kind(cmd: &ParsedCommand) -> Result<Kind> {
    match (cmd.has("fe"), cmd.has("be"), cmd.options.real("ratio")) {
        (true, false, None) if !cmd.has("re") => Ok(Kind::Within),
        (false, true, None) if !cmd.has("re") => Ok(Kind::Between),
        (false, false, Some(ratio)) if ratio >= 0.0 => Ok(Kind::Random(Ratio(ratio.to_bits()))),
        (false, false, None) => Err(StataError::new(198, "option ratio() required for random effects")),
        _ => Err(StataError::invalid("only one of fe, be and re is allowed, and ratio() with re alone")),
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let kind = kind(cmd)?;
    let unit = unit_variable(session, cmd.options.text("i"))?;
    let time = Panel::of(&session.frame).ok().and_then(|p| p.time);
    let list: Vec<usize> = match cmd.list.trim() {
        "" => (0..session.frame.n_vars()).filter(|v| *v != unit && Some(*v) != time).collect(),
        text => session.varlist(text)?,
    };
    if let Some(v) = list.iter().find(|v| session.frame.var(**v).is_string()) {
        let name = &session.frame.var(*v).name;
        return Err(StataError::new(109, format!("{name}: string variables not allowed in varlist")));
    }
    let mut touse = session.rows(cmd)?;
    session.markout(&list, &mut touse, false)?;
    session.markout(&[unit], &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let names =
        |list: &[usize]| -> Vec<String> { list.iter().map(|v| session.frame.var(*v).name.clone()).collect() };
    let mut kept = vec![unit];
    kept.extend(time.filter(|_| kind != Kind::Between));
    kept.extend(list.iter().filter(|v| **v != unit && Some(**v) != time));
    let units = Units::new(number_groups(&session.frame, unit, &rows).0);
    let values = |v: &usize| -> Vec<f64> { rows.iter().map(|r| session.frame.num_at(*v, *r)).collect() };
    let changed: Vec<(String, Vec<f64>)> =
        names(&list).into_iter().zip(list.iter().map(|v| transform(&values(v), &units, kind))).collect();
    let constant = match kind {
        Kind::Random(_) => {
            Some(units.of_row.iter().map(|u| 1.0 - taken(units.sizes[*u as usize], kind)).collect())
        }
        Kind::Within | Kind::Between => None,
    };
    let mut keep = vec![false; touse.len()];
    first_rows(&units, kind).into_iter().for_each(|i| keep[rows[i]] = true);
    let others: Vec<usize> = (0..session.frame.n_vars()).filter(|v| !kept.contains(v)).collect();
    session.frame.keep_rows(&keep);
    for (name, values) in changed {
        let at = session.frame.position(&name)?;
        session.frame.set_column(at, Column::Double(values));
    }
    session.frame.drop_vars(&others);
    if let Some(values) = constant {
        session.frame.add(Variable::new("constant", Column::Double(values)))?;
    }
    Ok(())
}

/// The share of the unit's mean that is taken off.
fn taken(size: usize, kind: Kind) -> f64 {
    match kind {
        Kind::Within => 1.0,
        Kind::Between => 0.0,
        Kind::Random(Ratio(bits)) => 1.0 - 1.0 / (size as f64 * f64::from_bits(bits).powi(2) + 1.0).sqrt(),
    }
}

/// The rows that stay, by their place in the sample.
fn first_rows(units: &Units, kind: Kind) -> Vec<usize> {
    if kind != Kind::Between {
        return (0..units.of_row.len()).collect();
    }
    let mut seen = vec![false; units.count()];
    let first = |i: &usize| !std::mem::replace(&mut seen[units.of_row[*i] as usize], true);
    (0..units.of_row.len()).filter(first).collect()
}

fn transform(x: &[f64], units: &Units, kind: Kind) -> Vec<f64> {
    let means = units.means(x, None);
    let overall = x.iter().sum::<f64>() / x.len() as f64;
    let changed = |i: usize| {
        let unit = units.of_row[i] as usize;
        match kind {
            Kind::Within => x[i] - means[unit] + overall,
            Kind::Between => means[unit],
            Kind::Random(_) => x[i] - taken(units.sizes[unit], kind) * means[unit],
        }
    };
    first_rows(units, kind).into_iter().map(changed).collect()
}
