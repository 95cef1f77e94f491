//! `sttocc`: a nested case-control study from survival data: controls of each failure, drawn from those at risk then ([ST]
//! sttocc; Clayton and Hills 1993, chapter 16).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::estimation::survival::{Records, Settings, show};
use crate::frame::{Column, StorageType, Variable};
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::syntax::varlist::check_new;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Match"),
    OptSpec::text("GENerate"),
    OptSpec::int("Number"),
    OptSpec::flag("noDOTS"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "sttocc",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "sttocc [varlist] [, match(varlist) number(#) generate(case set time) nodots]",
    notes: "the data become the cases, each followed by its controls, with _case, _set and _time; failures of one time are ordered at random, so that a later one may be a control of an earlier one; varlist keeps these variables, those of match() and id(); the draws are not Stata's; no results; [ST] sttocc",
    examples: &[Example {
        run: "set obs 30\nset seed 2\ngenerate id = _n\ngenerate t = _n\ngenerate d = mod(_n, 3) == 0\ngenerate sex = mod(_n, 2)\nstset t, id(id) failure(d)\nsttocc, match(sex) number(2)\nbysort _set (_case): generate same = sex == sex[_N]\nsummarize same\nscalar matched = r(min)\nsummarize _set\nscalar sets = r(max)\ncount if _case == 0 & t < _time",
        expect: &[("matched", 1.0), ("sets", 10.0), ("r(N)", 0.0)],
    }],
};

/// Names of the new variables.
fn names(s: &Session, cmd: &ParsedCommand) -> Result<[String; 3]> {
    let default = ["_case", "_set", "_time"].map(str::to_string);
    let Some(text) = cmd.options.text("generate") else {
        for name in &default {
            if s.frame.find(name).is_some() {
                return Err(StataError::new(110, format!("variable {name} already defined")));
            }
        }
        return Ok(default);
    };
    let given: Vec<String> = text.split_whitespace().map(str::to_string).collect();
    let found: [String; 3] =
        given.try_into().map_err(|_| StataError::invalid("generate() must have three names"))?;
    found.iter().try_for_each(|name| check_new(&s.frame, name))?;
    Ok(found)
}

/// The failures by time, those of one time in random order.
fn failures(s: &Session, records: &Records) -> Vec<usize> {
    let mut out: Vec<(usize, f64)> = (0..records.rows.len())
        .filter(|i| records.d[*i])
        .map(|i| (i, s.rng.borrow_mut().uniform_int(0.0, 9e15)))
        .collect();
    out.sort_by(|a, b| records.t[a.0].total_cmp(&records.t[b.0]).then(a.1.total_cmp(&b.1)));
    out.into_iter().map(|f| f.0).collect()
}

/// The cases and their controls, in this order: number of the set, record, whether it is the case.
fn sampled(
    s: &Session,
    records: &Records,
    subjects: &[u32],
    matching: &[usize],
    number: usize,
) -> Vec<(usize, usize, bool)> {
    let order = failures(s, records);
    let mut place = vec![usize::MAX; records.rows.len()];
    order.iter().enumerate().for_each(|(k, i)| place[*i] = k);
    let mut out = Vec::new();
    for (set, case) in order.iter().enumerate() {
        let at = records.t[*case];
        let at_risk = |j: &usize| {
            let tied = records.d[*j] && records.t[*j] == at;
            subjects[*j] != subjects[*case]
                && records.t0[*j] < at
                && at <= records.t[*j]
                && (!tied || place[*j] > set)
                && s.frame.rows_equal(matching, records.rows[*j], records.rows[*case])
        };
        let mut pool: Vec<usize> = (0..records.rows.len()).filter(at_risk).collect();
        out.push((set, *case, true));
        for k in 0..number.min(pool.len()) {
            let other = s.rng.borrow_mut().uniform_int(k as f64, (pool.len() - 1) as f64) as usize;
            pool.swap(k, other);
            out.push((set, pool[k], false));
        }
    }
    out
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    for (given, name) in [(cmd.if_exp.is_some(), "if"), (cmd.in_range.is_some(), "in")] {
        if given {
            return Err(StataError::new(101, format!("{name} not allowed")));
        }
    }
    let settings = Settings::of(&s.frame)?;
    if settings.weight.is_some() {
        return Err(StataError::unsupported_option("sttocc", "weights of stset"));
    }
    let [case, set, time] = names(s, cmd)?;
    let listed = if cmd.list.trim().is_empty() { Vec::new() } else { s.varlist(&cmd.list)? };
    let matching = cmd.options.text("match").map_or(Ok(Vec::new()), |text| s.varlist(text))?;
    let number = cmd.options.int("number").unwrap_or(1);
    if !(1..=1_000_000).contains(&number) {
        return Err(StataError::invalid("number() must be a positive integer"));
    }
    let mut touse = vec![true; s.frame.n_rows()];
    let records = Records::read(s, &settings, &mut touse)?;
    if !records.d.iter().any(|d| *d) {
        return Err(StataError::new(2000, "no failures"));
    }
    show(s, &settings);
    let id = s.frame.find(&settings.id);
    let subjects = match id {
        Some(id) => number_groups(&s.frame, id, &records.rows).0,
        None => (0..records.rows.len() as u32).collect(),
    };
    let chosen = sampled(s, &records, &subjects, &matching, number as usize);
    s.print("");
    s.print(format!("There are {} cases", chosen.iter().filter(|c| c.2).count()));
    s.print(format!("Sampling {number} control{} for each case", if number == 1 { "" } else { "s" }));
    let rows: Vec<usize> = chosen.iter().map(|c| records.rows[c.1]).collect();
    let times: Vec<f64> = {
        let of_case: Vec<f64> = chosen.iter().filter(|c| c.2).map(|c| records.t[c.1]).collect();
        chosen.iter().map(|c| of_case[c.0]).collect()
    };
    Settings::clear(&mut s.frame);
    s.frame.take_rows(&rows);
    let columns = [
        (
            case,
            Column::from_f64(
                StorageType::Byte,
                &chosen.iter().map(|c| f64::from(u8::from(c.2))).collect::<Vec<_>>(),
            ),
            "0 for controls; 1 for cases",
        ),
        (
            set,
            Column::from_f64(StorageType::Long, &chosen.iter().map(|c| c.0 as f64 + 1.0).collect::<Vec<_>>()),
            "Case-control id",
        ),
        (time, Column::from_f64(StorageType::Double, &times), "Analysis time of the case's failure"),
    ];
    if !listed.is_empty() {
        let kept = |v: &usize| listed.contains(v) || matching.contains(v) || Some(*v) == id;
        let gone: Vec<usize> = (0..s.frame.n_vars()).filter(|v| !kept(v)).collect();
        s.frame.drop_vars(&gone);
    }
    for (name, column, label) in columns {
        let mut variable = Variable::new(&name, column);
        variable.label = label.to_string();
        s.frame.add(variable)?;
    }
    s.frame.changed = true;
    Ok(())
}
