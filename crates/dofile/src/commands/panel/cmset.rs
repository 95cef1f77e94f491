//! `cmset`: declares the cases and alternatives of choice data ([CM] cmset).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use std::collections::HashSet;

const SYNTAX: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::flag("clear"), OptSpec::flag("FORCE"), OptSpec::flag("noALTernatives")])
        .unsupported(&["DELTA"]);
/// Characteristics of the data that keep the declaration.
const KEYS: [&str; 2] = ["_cm_caseid", "_cm_altvar"];

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "cmset",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "cmset [caseidvar altvar] [, force clear] or cmset caseidvar, noalternatives",
    notes: "panels of choices are not supported; stores r(caseid) r(altvar) r(n_cases) r(n_alts_min) r(n_alts_avg) r(n_alts_max) r(alt_min) r(alt_max); [CM] cmset",
    examples: &[Example {
        run: "input id alt\n1 1\n1 2\n2 1\n2 2\n2 3\nend\ncmset id alt",
        expect: &[("r(n_cases)", 2.0), ("r(n_alts_max)", 3.0), ("r(n_alts_avg)", 2.5)],
    }],
};

/// The declared variables: case and alternative; r(459) without a declaration.
pub(super) fn declared(s: &Session) -> Result<[usize; 2]> {
    let unset = || StataError::new(459, "data not cmset; use cmset caseidvar altvar");
    let [case, alternative] = KEYS.map(|key| s.frame.char("_dta", key).to_string());
    if case.is_empty() {
        return Err(unset());
    }
    Ok([s.frame.position(&case).map_err(|_| unset())?, s.frame.position(&alternative).map_err(|_| unset())?])
}

/// The declared case variable; r(459) without a declaration.
pub(super) fn declared_case(s: &Session) -> Result<usize> {
    let unset = || StataError::new(459, "data not cmset; use cmset caseidvar altvar");
    s.frame.position(s.frame.char("_dta", KEYS[0])).map_err(|_| unset())
}

/// `cmset caseidvar, noalternatives`.
fn declare_cases(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let case = match s.varlist(&cmd.list)?[..] {
        [case] => case,
        [] => return Err(StataError::standard(102)),
        _ => return Err(StataError::standard(103)),
    };
    let mut touse = vec![true; s.frame.n_rows()];
    s.markout(&[case], &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let name = s.frame.var(case).name.clone();
    s.frame.chars.remove(&("_dta".to_string(), KEYS[1].to_string()));
    s.frame.chars.insert(("_dta".to_string(), KEYS[0].to_string()), name.clone());
    s.print("");
    s.print(format!("{:>22}: {name}", "Case ID variable"));
    s.print(format!("{:>22}: <none>", "Alternatives variable"));
    let mut r = Results::default();
    sizes(s, case, &rows, &mut r);
    r.text("caseid", name);
    s.r = r;
    Ok(())
}

/// Stores the number of cases and their sizes.
fn sizes(s: &Session, case: usize, rows: &[usize], r: &mut Results) {
    let (of, cases) = crate::estimation::model::number_groups(&s.frame, case, rows);
    let mut sizes = vec![0.0; cases];
    of.iter().for_each(|g| sizes[*g as usize] += 1.0);
    let least = sizes.iter().copied().fold(f64::INFINITY, f64::min);
    let most = sizes.iter().copied().fold(0.0, f64::max);
    r.scalar("n_cases", cases as f64).scalar("n_alts_min", least).scalar("n_alts_max", most);
    r.scalar("n_alts_avg", rows.len() as f64 / cases as f64);
}

/// r(459) where an alternative appears twice in a case.
pub(super) fn check_unique(s: &Session, [case, alternative]: [usize; 2], rows: &[usize]) -> Result<()> {
    let mut order = rows.to_vec();
    let keys = [case, alternative];
    let compare = |a: usize, b: usize| {
        let by = |v: &usize| s.frame.compare(*v, a, b);
        keys.iter().map(by).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    };
    order.sort_by(|a, b| compare(*a, *b));
    if order.windows(2).any(|w| compare(w[0], w[1]).is_eq()) {
        let name = &s.frame.var(alternative).name;
        return Err(StataError::new(
            459,
            format!("at least one choice set has more than one instance of the same alternative of {name}"),
        ));
    }
    Ok(())
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("clear") {
        s.frame.chars.retain(|(owner, key), _| owner != "_dta" || !KEYS.contains(&key.as_str()));
        return Ok(());
    }
    if cmd.has("noalternatives") {
        return declare_cases(s, cmd);
    }
    let variables = if cmd.list.trim().is_empty() { declared(s)?.to_vec() } else { s.varlist(&cmd.list)? };
    let pair = match variables[..] {
        [case, alternative] => [case, alternative],
        [_, _, _] => return Err(StataError::unsupported_option("cmset", "panels (panelvar timevar altvar)")),
        [] | [_] => return Err(StataError::standard(102)),
        _ => return Err(StataError::standard(103)),
    };
    let mut touse = vec![true; s.frame.n_rows()];
    s.markout(&pair, &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    if !cmd.has("force") {
        check_unique(s, pair, &rows)?;
    }
    let names = pair.map(|v| s.frame.var(v).name.clone());
    for (key, name) in KEYS.iter().zip(&names) {
        s.frame.chars.insert(("_dta".to_string(), (*key).to_string()), name.clone());
    }
    s.print("");
    s.print(format!("{:>22}: {}", "Case ID variable", names[0]));
    s.print(format!("{:>22}: {}", "Alternatives variable", names[1]));
    let mut r = Results::default();
    sizes(s, pair[0], &rows, &mut r);
    if !s.frame.var(pair[1]).is_string() {
        let values: HashSet<u64> = rows.iter().map(|row| s.frame.num_at(pair[1], *row).to_bits()).collect();
        let values = || values.iter().map(|bits| f64::from_bits(*bits));
        r.scalar("alt_min", values().fold(f64::INFINITY, f64::min));
        r.scalar("alt_max", values().fold(f64::NEG_INFINITY, f64::max));
    }
    r.text("caseid", names[0].clone()).text("altvar", names[1].clone());
    s.r = r;
    Ok(())
}
