//! Meta-analysis: declared effects of studies, pooled effects, regression on moderators, small-study effects ([META]).

mod declare;
mod esize;
mod groups;
mod plots;
mod regress;
mod repeated;
mod settings;
mod show;
mod small_studies;
mod summarize;

use super::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::ParsedCommand;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[META];

/// `meta`.
const META: CommandSpec = CommandSpec {
    notes: "models: random (reml, mle, ebayes, dlaird, sjonkman, hedges, hschmidt), common, fixed (invvariance, mhaenszel after counts). set and esize leave _meta_id _meta_studylabel _meta_es _meta_se _meta_cil _meta_ciu and characteristics. summarize stores r(N theta se ci_lb ci_ub tau2 I2 H2 z t df p Q df_Q p_Q Q_b df_Q_b p_Q_b seadj pi_lb pi_ub pilevel level), r(model method subgroupvars cumulvar), r(esgroup hetgroup leaveoneout cumulative); regress e(N df_m tau2 I2_res H2_res R2 Q_res df_Q_res p_Q_res chi2 F p seadj), e(b), e(V); bias r(beta1 se z t df p); trimfill r(N N_observed N_imputed theta se ci_lb ci_ub theta_obs se_obs), r(side estimator). DerSimonian and Laird (1986), Knapp and Hartung (2003), Duval and Tweedie (2000), Egger et al. (1997)",
    examples: &[Example {
        // Equal variances: the mean; the variance between studies is that of the effects less the variance within.
        run: "input es se\n0 1\n3 1\n6 1\nend\nmeta set es se, random(dlaird)\nmeta summarize",
        expect: &[("r(theta)", 3.0), ("r(tau2)", 8.0), ("r(Q)", 18.0), ("r(se)^2", 3.0), ("r(df_Q)", 2.0)],
    }],
    ..CommandSpec::raw(
        "meta",
        4,
        run,
        "meta set es se | es lower upper [if] [in] [, random[(method)] common fixed studylabel(v) studysize(v) eslabel(text) civarlevel(#) level(#)]; meta esize n1 mean1 sd1 n2 mean2 sd2 | n11 n12 n21 n22 [if] [in] [, esize(hedgesg [exact] | cohend | mdiff [unequal] | lnoratio | lnrratio | rdiff | lnorpeto) zerocells(#|none) ...]; meta query; meta clear; meta summarize [if] [in] [, random[(method)] common[(method)] fixed[(method)] se(khartung[, truncated]) tdistribution predinterval[(#)] subgroup(v) leaveoneout cumulative(v [, descending]) eform or rr level(#) nostudies nometashow noheader]; meta regress [moderators | _cons] [if] [in] [, random[(method)] common fixed se(khartung[, truncated]) tdistribution noconstant level(#)]; meta forestplot [_id _plot _esci _weight] [if] [in] [, random[(method)] common fixed se() tdistribution subgroup(v) eform or rr nullrefline esrefline level(#) graph_options]; meta funnelplot [if] [in] [, random[(method)] common fixed contours(numlist) level(#) graph_options]; meta galbraithplot [if] [in] [, random[(method)] common fixed level(#) graph_options]; meta bias [if] [in], egger [traditional random[(method)] common fixed]; meta trimfill [if] [in] [, estimator(linear|run|quadratic) left right random[(method)] common fixed eform or rr level(#)]",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let end = cmd.raw.find(|c: char| !c.is_alphanumeric()).unwrap_or(cmd.raw.len());
    let (word, rest) = (&cmd.raw[..end], cmd.raw[end..].trim());
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    match word {
        "set" => declare::set(s, rest),
        "esize" => esize::run(s, rest),
        "query" => declare::query(s),
        "clear" => {
            settings::clear(s);
            Ok(())
        }
        _ if is("summarize", 2) => summarize::run(s, rest),
        _ if is("regress", 3) => regress::run(s, rest),
        "bias" => small_studies::bias(s, rest),
        _ if is("trimfill", 4) => small_studies::trimfill(s, rest),
        _ if is("forestplot", 6) => plots::forest(s, rest),
        _ if is("funnelplot", 6) => plots::funnel(s, rest),
        _ if is("galbraithplot", 4) => plots::galbraith(s, rest),
        "" => Err(StataError::syntax()),
        _ => Err(StataError::unsupported_command(&format!("meta {word}"))),
    }
}
