//! `estat`: statistics of the last estimation. This file finds the family of the subcommand; the numbers and the
//! output are in the families.

use super::estimation::{
    estat_binary, estat_effects, estat_imtest, estat_iv, estat_regress, estat_summarize, estat_vce,
    exact_show,
};
use super::survival::{cox_post, gofplot, phtest};
use super::{
    ByRule, CommandSpec, Example, Form, community, latent, multivariate, nonlinear, panel, prefix, spatial,
    survey, timeseries, treatment,
};
use crate::error::{Result, StataError};
use crate::ops::estat::Call;
use crate::session::Session;
use crate::syntax::options::{OptSpec, abbreviates};
use crate::syntax::split::{ParsedCommand, front_and_options};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "estat",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "estat ic | vce | summarize [varlist] | hettest | ovtest | imtest [, white] | szroeter | esize [, epsilon omega] | vif | firststage | endogenous | overid | classification | gof | bootstrap [, all normal percentile bc] | phtest [, plot(varname)] | gofplot | concordance | icc | sd | recovariance [, correlation] | group | wcorrelation | se | lceffects exp [, deff deft meff meft] | aroots [, options]",
    notes: "which subcommands exist depends on e(cmd); formulas: the postestimation sections of [R]",
    examples: &[Example {
        run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\nregress y x\nestat ic\nmatrix s = r(S)",
        expect: &[("s[1,5]+2*e(ll)", 4.0), ("s[1,1]", 6.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (body, option_text) = front_and_options(&cmd.raw);
    let (word, list) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
    let call = |name: &str| Call {
        list: list.trim().to_string(),
        option_text: option_text.to_string(),
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
        return Err(StataError::no_estimates());
    }
    let done = match word {
        "" => Some(Err(StataError::new(198, "subcommand required"))),
        "ic" => Some(estat_regress::ic(session, &call("ic"))),
        "vce" => Some(estat_vce::vce(session, &call("vce"))),
        _ if abbreviates(word, "SUmmarize") => Some(estat_summarize::summarize(session, &call("summarize"))),
        _ => regression(session, word, &call).or_else(|| panel(session, word, &call)),
    };
    done.unwrap_or_else(|| {
        let after = session.e.cmd();
        Err(StataError::new(
            321,
            format!("estat {word} is not valid after {after}, or not supported by the open engine"),
        ))
    })
}

/// Subcommands after regressions of independent rows.
fn regression(session: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    let is = |full: &str| abbreviates(word, full);
    let after = session.e.cmd().to_string();
    let survival = session.e.results.get_text("cmd2") == Some("streg");
    Some(match after.as_str() {
        "regress" | "anova" => match word {
            "vif" => estat_regress::vif(session, &call("vif")),
            _ if is("HETTest") => estat_regress::hettest(session, &call("hettest")),
            _ if is("OVTest") => estat_regress::ovtest(session, &call("ovtest")),
            _ if is("IMTest") => estat_imtest::imtest(session, &call("imtest")),
            _ if is("ESize") => estat_effects::esize(session, &call("esize")),
            _ if is("SZRoeter") => estat_effects::szroeter(session, &call("szroeter")),
            _ => return None,
        },
        "ivregress" => match word {
            _ if is("FIRSTstage") => estat_iv::first_stage(session, &call("firststage")),
            _ if is("ENDOgenous") => estat_iv::endogenous(session, &call("endogenous")),
            _ if is("OVERid") => estat_iv::overid(session, &call("overid")),
            _ => return None,
        },
        "logit" | "logistic" | "probit" => match word {
            "gof" => estat_binary::gof(session, &call("gof")),
            _ if is("CLASsification") => estat_binary::classification(session, &call("classification")),
            _ => return None,
        },
        "cox" => match word {
            _ if is("PHTest") => phtest::phtest(session, &call("phtest")),
            _ if is("GOFPlot") => gofplot::gofplot(session, &call("gofplot")),
            _ if is("CONcordance") => cox_post::concordance(session, &call("concordance")),
            _ => return None,
        },
        _ if is("GOFPlot") && survival => gofplot::gofplot(session, &call("gofplot")),
        "poisson" if word == "gof" => estat_binary::poisson_gof(session, &call("gof")),
        "exlogistic" | "expoisson" if word == "se" => exact_show::estat_se(session, &call("se")),
        _ => return None,
    })
}

/// Subcommands after models of panels and of levels.
fn panel(session: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    let is = |full: &str| abbreviates(word, full);
    let after = session.e.cmd().to_string();
    let predicted = session.e.results.get_text("predict").map(str::to_owned);
    let dynamic = matches!(after.as_str(), "xtabond" | "xtdpdsys");
    let levels = after == "mixed" || predicted.as_deref() == Some("meglm_p");
    Some(match word {
        "abond" if dynamic => {
            let options = call("abond").options(&[OptSpec::int("ARTests")], &[]);
            options.and_then(|options| panel::abond(session, options.int("artests")))
        }
        "sargan" if dynamic => call("sargan").bare().and_then(|()| panel::sargan(session)),
        "icc" if levels => call("icc").bare().and_then(|()| panel::icc(session)),
        "sd" if levels => panel::sd(session, &call("sd")),
        _ if levels && is("GRoup") => call("group").bare().map(|()| panel::mixed_groups(session)),
        _ if after == "mixed" && is("RECOVariance") => panel::recovariance(session, &call("recovariance")),
        _ if predicted.as_deref() == Some("xtgee_p") && is("WCORrelation") => {
            panel::wcorrelation(session, &call("wcorrelation"))
        }
        _ => return None,
    })
}
