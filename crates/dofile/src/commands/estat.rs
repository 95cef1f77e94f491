//! `estat`: statistics of the last estimation. This file finds the family of the subcommand; the numbers and the
//! output are in the families.

use super::estimation::{
    estat_binary, estat_effects, estat_imtest, estat_iv, estat_regress, estat_summarize, estat_vce,
    exact_show, test::split_comma,
};
use super::survival::cox_post;
use super::{
    ByRule, CommandSpec, Example, Form, community, latent, multivariate, nonlinear, panel, prefix, spatial,
    survey, timeseries, treatment,
};
use crate::error::{Result, StataError};
use crate::ops::estat::Call;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "estat",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "estat ic | vce | summarize [varlist] | hettest | ovtest | imtest [, white] | szroeter | esize [, epsilon omega] | vif | firststage | endogenous | overid | classification | gof | bootstrap [, all normal percentile bc] | phtest | concordance | icc | sd | recovariance [, correlation] | group | wcorrelation | se | lceffects exp [, deff deft meff meft] | aroots [, options]",
    notes: "which subcommands exist depends on e(cmd); formulas: the postestimation sections of [R]",
    examples: &[Example {
        run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\nregress y x\nestat ic\nmatrix s = r(S)",
        expect: &[("s[1,5]+2*e(ll)", 4.0), ("s[1,1]", 6.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (body, option_text) = split_comma(&cmd.raw);
    let (word, list) = body.split_once(char::is_whitespace).unwrap_or((&body, ""));
    let call = |name: &str| Call {
        list: list.trim().to_string(),
        option_text: option_text.clone(),
        name: name.to_string(),
    };
    // families keep their own subcommands
    for family in [
        timeseries::estat,
        multivariate::estat,
        survey::estat,
        treatment::estat,
        community::estat,
        nonlinear::estat,
        spatial::estat,
        latent::estat,
        prefix::estat,
    ] {
        if let Some(done) = family(session, word, &call) {
            return done;
        }
    }
    if session.e.b().is_none() && session.e.cmd().is_empty() {
        return Err(StataError::new(301, "last estimates not found"));
    }
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let after = session.e.cmd().to_string();
    let linear = matches!(after.as_str(), "regress" | "anova");
    let binary = matches!(after.as_str(), "logit" | "logistic" | "probit");
    match word {
        "" => Err(StataError::new(198, "subcommand required")),
        "ic" => estat_regress::ic(session, &call("ic")),
        "vce" => estat_vce::vce(session, &call("vce")),
        _ if is("summarize", 2) => estat_summarize::summarize(session, &call("summarize")),
        _ if linear && is("hettest", 4) => estat_regress::hettest(session, &call("hettest")),
        _ if linear && is("ovtest", 3) => estat_regress::ovtest(session, &call("ovtest")),
        _ if linear && is("imtest", 3) => estat_imtest::imtest(session, &call("imtest")),
        _ if linear && is("esize", 2) => estat_effects::esize(session, &call("esize")),
        _ if linear && is("szroeter", 3) => estat_effects::szroeter(session, &call("szroeter")),
        "vif" if linear => estat_regress::vif(session, &call("vif")),
        _ if after == "ivregress" && is("firststage", 5) => {
            estat_iv::first_stage(session, &call("firststage"))
        }
        _ if after == "ivregress" && is("endogenous", 4) => {
            estat_iv::endogenous(session, &call("endogenous"))
        }
        _ if after == "ivregress" && is("overid", 4) => estat_iv::overid(session, &call("overid")),
        _ if binary && is("classification", 4) => {
            estat_binary::classification(session, &call("classification"))
        }
        _ if after == "cox" && is("phtest", 3) => cox_post::phtest(session, &call("phtest")),
        _ if after == "cox" && is("concordance", 3) => cox_post::concordance(session, &call("concordance")),
        "abond" if matches!(after.as_str(), "xtabond" | "xtdpdsys") => {
            let call = call("abond");
            let options = call.options(&[OptSpec::int("ARTests")], &[])?;
            panel::abond(session, options.int("artests"))
        }
        "sargan" if matches!(after.as_str(), "xtabond" | "xtdpdsys") => {
            call("sargan").bare()?;
            panel::sargan(session)
        }
        "icc" if after == "mixed" || session.e.results.get_text("predict") == Some("meglm_p") => {
            call("icc").bare()?;
            panel::icc(session)
        }
        _ if is("group", 2)
            && (after == "mixed" || session.e.results.get_text("predict") == Some("meglm_p")) =>
        {
            call("group").bare()?;
            panel::mixed_groups(session);
            Ok(())
        }
        _ if after == "mixed" && is("recovariance", 5) => panel::recovariance(session, &call("recovariance")),
        _ if session.e.results.get_text("predict") == Some("xtgee_p") && is("wcorrelation", 4) => {
            panel::wcorrelation(session, &call("wcorrelation"))
        }
        "sd" if after == "mixed" || session.e.results.get_text("predict") == Some("meglm_p") => {
            panel::sd(session, &call("sd"))
        }
        "se" if matches!(after.as_str(), "exlogistic" | "expoisson") => {
            exact_show::estat_se(session, &call("se"))
        }
        "gof" if binary => estat_binary::gof(session, &call("gof")),
        "gof" if after == "poisson" => estat_binary::poisson_gof(session, &call("gof")),
        _ => Err(StataError::new(
            321,
            format!("estat {word} is not valid after {after}, or not supported by the open engine"),
        )),
    }
}
