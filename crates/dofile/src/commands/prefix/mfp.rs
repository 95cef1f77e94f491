//! `mfp`: multivariable fractional polynomials, backward elimination with the closed test of each regressor's function
//! ([R] mfp; Royston and Ambler 1998, Stata Technical Bulletin 43; Ambler and Royston 2001, Journal of Statistical
//! Computation and Simulation 69; Royston and Sauerbrei 2008, Multivariable Model-Building, chapter 6).

use super::fp_search::{Candidate, Scaled, choices};
use super::mfp_choice::{Covariate, choose};
use super::mfp_show;
use super::terms::{TermModel, options_and_command};
use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::session::Session;
use crate::syntax::options::parse_number;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "regressors in the order of their p-values in the full linear model, each with the closed test of its functions against the largest one while the others stand, until nothing changes; chi-squared tests of deviances, F tests with a parameter for each power after commands with e(rmse), as in fp; dfdefault(4), alpha(.05), select(1): 1 df for 2 or 3 values, 2 for 4 or 5; center(mean), of regressors with two values the lower one; new variables Iname__1 ...; lists as in alpha(.01, x1 x2:.1); stores e(fp_nx fp_dev Fp_id# Fp_fd# Fp_al# Fp_se#), e(fp_cmd2 fp_fvl fp_depv fp_x# fp_k#) with the results of the command; no sequential, aic, zero(), catzero(), factor variables or groups of regressors; [R] mfp",
    examples: &[Example {
        // The outcome is a function of 1/x; z has no part in it.
        run: "set obs 60\ngenerate x = _n/6\ngenerate z = mod(_n*7, 11)\ngenerate y = 3 + 4/x + (mod(_n*5, 13) - 6)/10\nmfp, select(.05) df(2): regress y x z\nscalar k = wordcount(e(fp_fvl))\nscalar p = real(e(fp_k1))",
        expect: &[("p", -1.0), ("k", 1.0), ("e(Fp_fd2)", 0.0)],
    }],
    ..CommandSpec::raw(
        "mfp",
        3,
        run,
        "mfp [, df(df_list) dfdefault(#) alpha(list) select(list) powers(numlist) cycles(#) xorder(+|-|n) center(list) noscaling]: command depvar varlist [if] [in] [weight] [, options]",
    )
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("df"),
    OptSpec::int("DFDefault"),
    OptSpec::text("ALpha"),
    OptSpec::text("SELect"),
    OptSpec::text("POWers"),
    OptSpec::int("CYCles"),
    OptSpec::text("XOrder"),
    OptSpec::text("CENTer"),
    OptSpec::flag("noSCAling"),
];
const UNSUPPORTED: &[&str] = &["SEQuential", "AIC", "ZERo", "CATzero", "XPOwers", "ALL", "ADjust"];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let (mut parsed, command) = options_and_command("mfp", raw, "command depvar varlist")?;
    parsed.check_options(OPTIONS, UNSUPPORTED)?;
    let mut model = TermModel::read(s, "mfp", command)?;
    if model.terms.iter().any(|t| t.contains(['.', '#', ' '])) {
        return Err(StataError::invalid("mfp: factor variables and groups of regressors are not supported"));
    }
    let listed = s.varlist(&model.terms.join(" "))?;
    model.terms = listed.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let before = s.frame.n_vars();
    let fitted = model.in_common_sample(s, |s| {
        let work = fit(s, &parsed, &model);
        // a failed search leaves no variables behind
        if work.is_err() {
            let added: Vec<usize> = (before..s.frame.n_vars())
                .filter(|v| {
                    s.frame.var(*v).name.starts_with('I') || s.frame.var(*v).name.starts_with("__mfp")
                })
                .collect();
            s.frame.drop_vars(&added);
        }
        work
    });
    fitted?;
    s.e.results.text("cmdline", format!("mfp {raw}"));
    Ok(())
}

fn fit(s: &mut Session, parsed: &ParsedCommand, model: &TermModel) -> Result<()> {
    let linear = Candidate::of(s, Vec::new())?;
    let mut covariates = covariates(s, parsed, model)?;
    let order = order(s, parsed, model)?;
    let most = parsed.options.int("cycles").unwrap_or(5);
    if !(1..=100).contains(&most) {
        return Err(StataError::new(198, "cycles() must be between 1 and 100"));
    }
    mfp_show::untransformed(s, &linear);
    let mut cycles = None;
    for cycle in 1..=most {
        mfp_show::heading(s, cycle);
        let mut changed = false;
        let mut last = None;
        for &j in &order {
            let before = covariates[j].powers.clone();
            let chosen = choose(s, model, &covariates, j)?;
            mfp_show::block(s, &covariates[j].name, &chosen);
            covariates[j].powers = chosen.powers().map(<[f64]>::to_vec);
            changed |= covariates[j].powers != before;
            last = Some(chosen.deviance());
        }
        mfp_show::end_of_cycle(s, cycle, last.unwrap_or(f64::NAN));
        if !changed {
            cycles = Some(cycle);
            break;
        }
    }
    mfp_show::convergence(s, cycles, most);
    let names = final_variables(s, &covariates)?;
    mfp_show::transformations(s, &covariates, &names);
    mfp_show::summary(s, model, &covariates);
    s.run_expanded(&model.with_list(&names.concat().join(" ")))?;
    let deviance = Candidate::of(s, Vec::new())?.deviance;
    mfp_show::deviance(s, deviance);
    store(s, parsed, model, &covariates, &names, deviance);
    match cycles {
        Some(_) => Ok(()),
        None => Err(StataError::new(430, "mfp did not converge")),
    }
}

/// A setting of each regressor from `[value] [, varlist:value ...]`.
pub(super) fn settings(s: &Session, text: &str, names: &[String], default: &str) -> Result<Vec<String>> {
    let mut out = vec![default.to_string(); names.len()];
    for item in text.split(',').map(str::trim).filter(|i| !i.is_empty()) {
        match item.split_once(':') {
            None => out.fill(item.to_string()),
            Some((list, value)) => {
                for v in s.varlist(list)? {
                    let name = &s.frame.var(v).name;
                    let place = names.iter().position(|n| n == name);
                    let place =
                        place.ok_or_else(|| StataError::new(198, format!("{name} is not a regressor")))?;
                    out[place] = value.trim().to_string();
                }
            }
        }
    }
    Ok(out)
}

/// The regressors with their settings, all of them linear.
fn covariates(s: &Session, parsed: &ParsedCommand, model: &TermModel) -> Result<Vec<Covariate>> {
    let sample = s.required_estimation_sample()?;
    let text = |option: &str| parsed.options.text(option).unwrap_or("");
    let of = |option: &str, default: &str| settings(s, text(option), &model.terms, default);
    let (df, alpha, select) = (of("df", "")?, of("alpha", ".05")?, of("select", "1")?);
    let center = of("center", "")?;
    let powers = choices(parsed.options.text("powers"))?;
    let usual = parsed.options.int("dfdefault").unwrap_or(4) as usize;
    let mut out = Vec::new();
    for (j, name) in model.terms.iter().enumerate() {
        let x = s.frame.numeric(s.numeric_variable(name)?)?.into_owned();
        let used: Vec<f64> =
            (0..x.len()).filter(|i| sample[*i] && !is_missing(x[*i])).map(|i| x[i]).collect();
        let mut values = used.clone();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let df = match df[j].as_str() {
            "" => match values.len() {
                0..=3 => 1,
                4 | 5 => usual.min(2),
                _ => usual,
            },
            given => given.parse().map_err(|_| StataError::new(198, format!("df({given}) invalid")))?,
        };
        if df != 1 && (df == 0 || df % 2 != 0 || df > 8) {
            return Err(StataError::new(198, "df must be 1, 2, 4, 6 or 8"));
        }
        let level = |value: &str, option: &str| {
            parse_number(value)
                .filter(|p| *p > 0.0 && *p <= 1.0)
                .ok_or_else(|| StataError::new(198, format!("{option}({value}) invalid")))
        };
        let scaling = df > 1 && !parsed.has("noscaling");
        let (shift, factor) = if scaling { Scaled::automatic(&used, false) } else { (0.0, 1.0) };
        if df > 1 && values.first().is_none_or(|low| low + shift <= 0.0) {
            return Err(StataError::new(411, format!("{name} contains nonpositive values")));
        }
        let center = center_of(&center[j], &used, &values)?;
        if center.is_some_and(|c| df > 1 && c + shift <= 0.0) {
            return Err(StataError::new(411, format!("center() of {name} is not positive")));
        }
        out.push(Covariate {
            name: name.clone(),
            df,
            select: level(&select[j], "select")?,
            alpha: level(&alpha[j], "alpha")?,
            choices: powers.clone(),
            scaled: Scaled { x, sample: sample.to_vec(), shift, factor, center, zero: false },
            powers: Some(vec![1.0]),
        });
    }
    Ok(out)
}

/// The value at which the terms of a regressor are zero; `values` are its distinct ones in order.
pub(super) fn center_of(text: &str, used: &[f64], values: &[f64]) -> Result<Option<f64>> {
    Ok(match text {
        "" if values.len() == 2 => values.first().copied(),
        "" | "mean" => Some(used.iter().sum::<f64>() / used.len() as f64),
        "no" => None,
        text => Some(parse_number(text).ok_or_else(|| StataError::new(198, "center() invalid"))?),
    })
}

/// Positions of the regressors in the order in which they are tested.
fn order(s: &Session, parsed: &ParsedCommand, model: &TermModel) -> Result<Vec<usize>> {
    let mut out: Vec<usize> = (0..model.terms.len()).collect();
    let p = out.iter().map(|j| model.p_value(s, *j)).collect::<Result<Vec<f64>>>()?;
    match parsed.options.text("xorder").map_or("+", str::trim) {
        "+" => out.sort_by(|a, b| p[*a].total_cmp(&p[*b])),
        "-" => out.sort_by(|a, b| p[*b].total_cmp(&p[*a])),
        "n" => {}
        other => return Err(StataError::new(198, format!("xorder({other}) invalid"))),
    }
    Ok(out)
}

/// Adds the variables of the chosen functions, centered; their names by regressor.
fn final_variables(s: &mut Session, covariates: &[Covariate]) -> Result<Vec<Vec<String>>> {
    let regressors: Vec<&str> = covariates.iter().map(|c| c.name.as_str()).collect();
    let mut out = Vec::new();
    for (covariate, stub) in covariates.iter().zip(mfp_show::stubs(&regressors)) {
        let columns = covariate.powers.as_ref().map_or_else(Vec::new, |p| covariate.columns(p));
        out.push(replace_variables(s, &stub, columns)?);
    }
    Ok(out)
}

/// Adds the variables `stub__1`, `stub__2` ... in place of older ones of these names; gives the names.
pub(super) fn replace_variables(s: &mut Session, stub: &str, columns: Vec<Vec<f64>>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for (i, values) in columns.into_iter().enumerate() {
        let name = format!("{stub}__{}", i + 1);
        if let Some(old) = s.frame.find(&name) {
            s.frame.drop_vars(&[old]);
        }
        s.frame.add(Variable::new(&name, Column::Double(values)))?;
        names.push(name);
    }
    Ok(names)
}

fn store(
    s: &mut Session,
    parsed: &ParsedCommand,
    model: &TermModel,
    covariates: &[Covariate],
    names: &[Vec<String>],
    deviance: f64,
) {
    let r = &mut s.e.results;
    r.scalar("fp_nx", covariates.len() as f64).scalar("fp_dev", deviance);
    r.text("fp_cmd", "fracpoly").text("fp_cmd2", "mfp").text("fp_depv", model.outcomes.join(" "));
    r.text("fp_fvl", names.concat().join(" ")).text("fp_opts", parsed.option_text.trim());
    for (j, covariate) in covariates.iter().enumerate() {
        let number = j + 1;
        r.scalar(&format!("Fp_id{number}"), covariate.df as f64);
        r.scalar(&format!("Fp_fd{number}"), covariate.final_df() as f64);
        r.scalar(&format!("Fp_al{number}"), covariate.alpha)
            .scalar(&format!("Fp_se{number}"), covariate.select);
        r.text(&format!("fp_x{number}"), &covariate.name);
        r.text(&format!("fp_k{number}"), mfp_show::powers_text(covariate.powers.as_deref()));
    }
}
