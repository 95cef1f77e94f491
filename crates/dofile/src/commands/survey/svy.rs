//! The prefix `svy`: finds which kind of command follows and hands it on with the design of the data.

use super::design::Declaration;
use super::replicates::Method;
use super::{means, model_scores, models, sandwich, tabulate};
use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{self, front_and_options};
use crate::syntax::{OptSpec, ParsedCommand};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "svy",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "svy [linearized | brr | bootstrap | jackknife] [, subpop([var] [if]) dof(#) mse bsn(#) level(#)]: mean | proportion | total | ratio | tabulate | regress | logit | logistic | probit | cloglog | poisson | nbreg | glm | ologit | oprobit | mlogit | tobit | intreg | truncreg | ivregress | heckman | biprobit | zip | zinb | stcox | streg ...",
    notes: "Taylor linearisation, balanced repeated replication (brrweight() of svyset), bootstrap (bsrweight(); z and chi-squared without dof()), jackknife (one unit left out, or jkrweight()); stores e(N) e(N_pop) e(N_sub) e(N_subpop) e(N_strata) e(N_psu) e(df_r) e(F) e(p), e(b) e(V) e(V_srs) e(V_msp) (means, totals, ratios, proportions) e(deff) e(deft), with replicates e(N_reps) e(mse); adjusted Wald tests; [SVY] svy, [SVY] Variance estimation",
    examples: &[Example {
        run: "set obs 6\ngenerate x = _n\nsvyset _n\nsvy: mean x",
        // One row per unit: the standard error of a mean.
        expect: &[("_b[x]", 3.5), ("_se[x]^2", 0.583_333_333_333_333_4), ("e(df_r)", 5.0)],
    }],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("SUBpop"),
    OptSpec::real("DOF"),
    OptSpec::real("Level"),
    OptSpec::flag("MSE"),
    OptSpec::real("BSN"),
    OptSpec::flag("noDOTS"),
    OptSpec::flag("noHEader"),
    OptSpec::flag("noADJust"),
];

/// The prefix and the command behind it.
pub(super) struct Call<'a> {
    /// The prefix with its options.
    pub prefix: ParsedCommand,
    /// The command as it was written.
    pub text: &'a str,
    /// The parsed command.
    pub inner: ParsedCommand,
    /// How replicates are made; nothing for linearisation.
    pub method: Option<Method>,
}

/// The text of `subpop()` and the other options.
fn without_subpop(text: &str) -> Result<(Option<String>, String)> {
    let (mut own, mut rest) = (None, String::new());
    for (name, argument) in split_options(text)? {
        match argument {
            Some(argument) if abbreviates(&name, "SUBpop") => own = Some(argument),
            Some(argument) => rest.push_str(&format!("{name}({argument}) ")),
            None => rest.push_str(&format!("{name} ")),
        }
    }
    Ok((own, rest))
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.as_str();
    let at = split::top_level_colon(raw)
        .ok_or_else(|| StataError::invalid("svy is a prefix: svy [vcetype] [, options] : command"))?;
    let (head, command) = (raw[..at].trim(), raw[at + 1..].trim());
    let (kind, options) = front_and_options(head);
    let mut method = Method::of("svy", kind)?;
    if kind.is_empty() {
        method = Method::of("svy", &Declaration::of(&s.frame)?.vce)?;
    }
    let mut prefix =
        ParsedCommand { name: "svy".into(), option_text: options.into(), ..ParsedCommand::default() };
    prefix.check_options(OPTIONS, &["VCE", "SINGLEunit", "COEFLegend", "noSVYAdjust", "STRSubpop"])?;
    let word = command.split(|c: char| !(c == '_' || c.is_alphanumeric())).next().unwrap_or("");
    let rest = &command[word.len()..];
    let spec =
        s.command(word).ok_or_else(|| StataError::new(199, format!("command {word} is unrecognized")))?;
    let mut inner = ParsedCommand::split(spec.name, rest, false)?;
    if inner.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed with the svy prefix"));
    }
    if !prefix.has("subpop") {
        // the subpopulation may stand in the options of the command, as in svy: mean x, subpop(z)
        let (own, rest) = without_subpop(&inner.option_text)?;
        if let Some(text) = own {
            prefix.options.give("subpop", Some(&text));
            inner.option_text = rest;
        }
    }
    let subpopulation = prefix.options.text("subpop").map(|t| t.trim().to_string());
    let mut checked = |extra: &'static [OptSpec], refused: &[&str]| inner.check_options(extra, refused);
    let done = match spec.name {
        "mean" | "proportion" | "total" | "ratio" => {
            if let Form::Standard(syntax) = spec.form {
                checked(syntax.options, syntax.unsupported)?;
            }
            means::run(s, &Call { prefix, text: command, inner, method })
        }
        "tabulate" => {
            if method.is_some() {
                return Err(StataError::unsupported_option("svy: tabulate", "a variance from replicates"));
            }
            checked(tabulate::OPTIONS, tabulate::REFUSED)?;
            tabulate::run(s, &Call { prefix, text: command, inner, method })
        }
        name if model_scores::supported(name) || sandwich::supported(name) => {
            if let Form::Standard(syntax) = spec.form {
                checked(syntax.options, syntax.unsupported)?;
            }
            if ["robust", "cluster", "vce"].iter().any(|o| inner.has(o)) {
                return Err(StataError::invalid(
                    "option vce() of the command is not allowed with the svy prefix",
                ));
            }
            let run = if sandwich::supported(name) { sandwich::run } else { models::run };
            run(s, &Call { prefix, text: command, inner, method })
        }
        name => Err(StataError::unsupported_command(&format!("svy: {name}"))),
    };
    if let (Ok(()), Some(text)) = (&done, subpopulation) {
        s.e.results.text("subpop", text);
    }
    done
}
