//! `fracpoly`: the best fractional polynomial of the first regressor of a command, the older form of `fp`
//! ([R] fracpoly, Methods and formulas; Royston and Altman 1994, Applied Statistics 43).

use super::fp_search::{Candidate, Scaled, best_of, choices, combinations};
use super::fracpoly_show as shown;
use super::mfp::{center_of, replace_variables, settings};
use super::mfp_choice::{Covariate, fitted};
use super::mfp_show::{formulas, stubs};
use super::terms::{TermModel, options_and_command};
use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "powers -2 -1 -.5 0 .5 1 2 3, at most degree(2) of them, unless numbers follow the first regressor; numbers after others are their powers; each regressor with powers is scaled as by fp with scale(auto) and all are centered, those with two values at the lower one; new variables Iname__1 ..., a regressor that stays as it is keeps its name; F tests after commands with e(rmse), a parameter for each power, as in fp; stores e(fp_N fp_dev fp_df fp_d0 fp_s0 fp_dlin fp_slin fp_d# fp_s#), e(fp_cmd fp_depv fp_rhs fp_base fp_xp fp_fvl fp_wgt fp_wexp fp_pwrs fp_x# fp_k#) with the results of the command; no zero, catzero, expx() and origin(); [R] fracpoly",
    examples: &[Example {
        run: "set obs 40\ngenerate x = _n/4\ngenerate y = 3 + 2/x + mod(_n*7, 5)/100\nfracpoly, degree(1) center(no) noscaling: regress y x\nscalar p = real(e(fp_pwrs))\nscalar b = _b[Ix__1]\ngenerate z = 1/x\nregress y z",
        expect: &[("p", -1.0), ("b/_b[z]", 1.0)],
    }],
    ..CommandSpec::raw(
        "fracpoly",
        8,
        run,
        "fracpoly [, degree(#) powers(numlist) center(list) noscaling noconstant all log compare]: command depvar xvar1 [# ...] [xvar2 [# ...] ...] [if] [in] [weight] [, options]",
    )
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::int("DEGree"),
    OptSpec::text("POWers"),
    OptSpec::text("CENTer"),
    OptSpec::flag("noSCAling"),
    OptSpec::flag("noCONStant"),
    OptSpec::flag("ALL"),
    OptSpec::flag("LOG"),
    OptSpec::flag("COMpare"),
];
const UNSUPPORTED: &[&str] = &["ZERo", "CATzero", "EXPx", "ORIgin", "ADjust", "NAme"];

/// Models of one number of powers, as the search has them.
pub(super) struct Found {
    /// Without the first regressor.
    pub omitted: Option<Candidate>,
    /// With it as it is.
    pub linear: Candidate,
    /// The best one of each number of powers; empty where the powers are stated.
    pub best: Vec<Candidate>,
    /// How many models were fitted in the search.
    pub models: usize,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (mut parsed, command) = options_and_command("fracpoly", raw, "command depvar xvar")?;
    parsed.check_options(OPTIONS, UNSUPPORTED)?;
    let mut model = TermModel::read(s, "fracpoly", command)?;
    let stated = regressors(s, &mut model)?;
    if parsed.has("noconstant") {
        model.inner.option_text.push_str(" noconstant");
    }
    let before = s.frame.n_vars();
    let done = model.in_common_sample(s, |s| {
        let work = fit(s, &parsed, &model, &stated);
        // a failed search leaves no variables behind
        if work.is_err() {
            let is_new = |v: &usize| {
                let name = &s.frame.var(*v).name;
                name.starts_with("__mfp") || (name.starts_with('I') && name.contains("__"))
            };
            let added: Vec<usize> = (before..s.frame.n_vars()).filter(is_new).collect();
            s.frame.drop_vars(&added);
        }
        work
    });
    done?;
    s.e.results.text("cmdline", format!("fracpoly {raw}"));
    Ok(())
}

/// Takes the numbers out of the list of regressors; gives the powers that are stated for each one.
fn regressors(s: &Session, model: &mut TermModel) -> Result<Vec<Option<Vec<f64>>>> {
    let (mut names, mut powers): (Vec<String>, Vec<Option<Vec<f64>>>) = (Vec::new(), Vec::new());
    for word in &model.terms {
        if let Some(number) = parse_number(word) {
            if is_missing(number) {
                return Err(StataError::invalid("powers must be numbers"));
            }
            match powers.last_mut() {
                Some(last) => last.get_or_insert_default().push(number),
                None => {
                    return Err(StataError::invalid("fracpoly: a regressor is required before its powers"));
                }
            }
            continue;
        }
        if word.contains(['.', '#', ' ']) {
            return Err(StataError::invalid(
                "fracpoly: factor variables and groups of regressors are not supported",
            ));
        }
        for v in s.varlist(word)? {
            if s.frame.var(v).is_string() {
                return Err(StataError::type_mismatch());
            }
            let name = s.frame.var(v).name.clone();
            if names.contains(&name) {
                return Err(StataError::invalid(format!("{name} is in the list twice")));
            }
            names.push(name);
            powers.push(None);
        }
    }
    powers.iter_mut().flatten().for_each(|p| p.sort_by(f64::total_cmp));
    model.terms = names;
    Ok(powers)
}

/// The regressors with their scale and center; the first one has no powers yet where they are searched.
fn covariates(
    s: &Session,
    parsed: &ParsedCommand,
    model: &TermModel,
    stated: &[Option<Vec<f64>>],
) -> Result<Vec<Covariate>> {
    let sample = s.required_estimation_sample()?;
    let centers = settings(s, parsed.options.text("center").unwrap_or(""), &model.terms, "")?;
    let choices = choices(parsed.options.text("powers"))?;
    let mut out = Vec::new();
    for (j, name) in model.terms.iter().enumerate() {
        let x = s.frame.numeric(s.numeric_variable(name)?)?.into_owned();
        let used: Vec<f64> =
            (0..x.len()).filter(|i| sample[*i] && !is_missing(x[*i])).map(|i| x[i]).collect();
        let mut values = used.clone();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let curved = j == 0 || stated[j].is_some();
        let scaling = curved && !parsed.has("noscaling");
        let (shift, factor) = if scaling { Scaled::automatic(&used, false) } else { (0.0, 1.0) };
        let linear = !curved || stated[j].as_deref() == Some(&[1.0]);
        if !linear && values.first().is_none_or(|low| low + shift <= 0.0) {
            return Err(StataError::new(411, format!("{name} contains nonpositive values")));
        }
        let center = center_of(&centers[j], &used, &values)?;
        if center.is_some_and(|c| !linear && c + shift <= 0.0) {
            return Err(StataError::new(411, format!("center() of {name} is not positive")));
        }
        let powers = if curved { stated[j].clone() } else { Some(vec![1.0]) };
        let scaled = Scaled { x, sample: sample.to_vec(), shift, factor, center, zero: false };
        let df = if curved { 2 } else { 1 };
        out.push(Covariate {
            name: name.clone(),
            df,
            select: 1.0,
            alpha: 1.0,
            choices: choices.clone(),
            scaled,
            powers,
        });
    }
    Ok(out)
}

fn fit(
    s: &mut Session,
    parsed: &ParsedCommand,
    model: &TermModel,
    stated: &[Option<Vec<f64>>],
) -> Result<()> {
    let degree = parsed.options.int("degree").unwrap_or(2);
    if !(1..=6).contains(&degree) {
        return Err(StataError::invalid("degree() must be between 1 and 6"));
    }
    let mut all = covariates(s, parsed, model, stated)?;
    let found = search(s, parsed, model, &all, degree as usize)?;
    if let Some(best) = found.best.last() {
        all[0].powers = Some(best.powers.clone());
    }
    let names = final_variables(s, &all, parsed.has("all"))?;
    s.run_expanded(&model.with_list(&names.concat().join(" ")))?;
    let last = Candidate::of(s, all[0].powers.clone().unwrap_or_default())?;
    shown::deviance(s, &all[0], &last, &found);
    if parsed.has("compare") {
        shown::compare(s, &all[0].name, &last, &found);
    }
    shown::store(s, model, &all, &names, &last, &found);
    Ok(())
}

/// Fits the comparisons and, without stated powers, all combinations of up to `degree` powers.
fn search(
    s: &mut Session,
    parsed: &ParsedCommand,
    model: &TermModel,
    all: &[Covariate],
    degree: usize,
) -> Result<Found> {
    let (first, rest) = all.split_first().ok_or_else(|| StataError::standard(102))?;
    let others: Vec<(&Covariate, &[f64])> =
        rest.iter().filter_map(|c| c.powers.as_deref().map(|p| (c, p))).collect();
    let at = |s: &mut Session, powers: Option<&[f64]>| -> Result<Candidate> {
        let mut parts: Vec<(&Covariate, &[f64])> = powers.map(|p| (first, p)).into_iter().collect();
        parts.extend(others.iter().copied());
        fitted(s, model, &parts)?;
        Candidate::of(s, powers.map(<[f64]>::to_vec).unwrap_or_default())
    };
    let omitted = at(s, None).ok();
    let linear = at(s, Some(&[1.0]))?;
    let mut found = Found { omitted, linear, best: Vec::new(), models: 0 };
    if first.powers.is_some() {
        return Ok(found);
    }
    for size in 1..=degree {
        let mut tried = Vec::new();
        for powers in combinations(&first.choices, size) {
            found.models += 1;
            if let Ok(candidate) = at(s, Some(&powers)) {
                if parsed.has("log") {
                    shown::tried(s, &candidate);
                }
                tried.push(candidate);
            }
        }
        found.best.push(best_of(tried).ok_or_else(|| StataError::new(430, "no model could be fitted"))?);
    }
    Ok(found)
}

/// Adds the variables of the functions; a regressor that they leave as it is keeps its name.
fn final_variables(s: &mut Session, all: &[Covariate], everywhere: bool) -> Result<Vec<Vec<String>>> {
    let regressors: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
    let mut out = Vec::new();
    for (covariate, stub) in all.iter().zip(stubs(&regressors)) {
        let powers = covariate.powers.clone().unwrap_or_default();
        if covariate.df == 1 && covariate.scaled.center.is_none_or(|c| c == 0.0) {
            out.push(vec![covariate.name.clone()]);
            continue;
        }
        let columns =
            if everywhere { covariate.columns_everywhere(&powers) } else { covariate.columns(&powers) };
        let names = replace_variables(s, &stub, columns)?;
        formulas(s, covariate, &names);
        out.push(names);
    }
    Ok(out)
}
