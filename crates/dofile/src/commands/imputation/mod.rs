//! Multiple imputation: declaration of the data, imputations and combined estimates ([MI]).

mod convert;
mod data;
mod estimate;
mod import;
mod impute;
mod manage;
mod methods;
mod mvn;
mod stored_table;
mod test;
mod transformations;

use super::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::ParsedCommand;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[MI];

/// `mi`.
const MI: CommandSpec = CommandSpec {
    notes: "styles wide, mlong and flong; settings are characteristics of the data. impute: regress, pmm, truncreg, logit, ologit, mlogit, poisson, nbreg, monotone and chained lists of these, and mvn (data augmentation from the estimates of EM, whose search continues until parameters settle; stores r(Beta_em Sigma_em llobs_em niter_em converged_em N_em N_mis_em burnin burnbetween df_prior prior)); draws are not Stata's stream. estimate stores e(M_mi N_mi N_min_mi N_max_mi rvi_avg_mi fmi_max_mi df_min_mi df_avg_mi df_max_mi df_c_mi F_mi df_m_mi df_r_mi p_mi), e(b_mi V_mi W_mi B_mi df_mi fmi_mi rvi_mi re_mi), e(mi cmd_mi), with post e(b) and e(V), for transformations of coefficients e(b_Q_mi V_Q_mi W_Q_mi B_Q_mi df_Q_mi fmi_Q_mi rvi_Q_mi re_Q_mi) e(k_exp_mi names_mi exp1_mi ...); test stores r(F df df_r p); Rubin (1987), Barnard and Rubin (1999), Reiter (2007)",
    examples: &[Example {
        // The missing value of a constant outcome is that constant in every imputation.
        run: "set obs 12\ngenerate x = _n\ngenerate y = 2*x + mod(_n, 3)\nreplace x = . in 4\nmi set wide\nmi register imputed x\nmi impute regress x y, add(5) rseed(3)\nmi estimate, post: regress y x\nscalar near = abs(_b[x] - 2) < .1",
        expect: &[("near", 1.0), ("e(M_mi)", 5.0), ("e(df_c_mi)", 10.0), ("_N", 12.0)],
    }],
    ..CommandSpec::raw(
        "mi",
        2,
        run,
        "mi set {wide | mlong | flong}; mi unset [, asis]; mi register {imputed | passive | regular} varlist; mi unregister varlist; mi query; mi describe; mi varying; mi update; mi convert {wide | mlong | flong} [, clear]; mi {stset | xtset | tsset | svyset} ...; mi import flong, m(v) id(varlist) [imputed(varlist) passive(varlist) clear]; mi extract #; mi xeq [numlist]: command; mi passive: {generate | replace} ...; mi impute method ivar [xvars] [if], {add(#) | replace} [knn(#) ll(#) ul(#) rseed(#) noisily]; mi impute {chained | monotone} (method[, options]) ivars [(method) ivars ...] [= xvars] [if], {add(#) | replace} [burnin(#) rseed(#)]; mi impute mvn ivars [= xvars] [if], {add(#) | replace | emonly} [burnin(#) burnbetween(#) prior(uniform|jeffreys) noconstant rseed(#)]; mi test [coefficients]; mi estimate [([name:] exp) ...] [, nocoef nimputations(#) imputations(numlist) post nosmall vartable nocitable level(#) or irr eform esampvaryok cmdok noheader notable dots]: command",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let end = cmd.raw.find(|c: char| !c.is_alphanumeric()).unwrap_or(cmd.raw.len());
    let (word, rest) = (&cmd.raw[..end], cmd.raw[end..].trim());
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    match word {
        "set" => manage::set(s, rest),
        "unset" => manage::unset(s, rest),
        _ if is("register", 3) => manage::register(s, rest),
        _ if is("unregister", 5) => manage::unregister(s, rest),
        "query" => manage::query(s),
        _ if is("describe", 1) => manage::describe(s),
        _ if is("extract", 3) => manage::extract(s, rest),
        "xeq" => manage::xeq(s, rest),
        _ if is("passive", 4) => manage::passive(s, rest),
        "import" => import::run(s, rest),
        _ if is("convert", 4) => convert::convert(s, rest),
        "stset" | "xtset" | "tsset" | "svyset" => convert::declare(s, &cmd.raw),
        "varying" => convert::varying(s, rest),
        // every operation puts the data sets together anew
        "update" if rest.is_empty() => data::Settings::of(&s.frame).map(|_| ()),
        _ if is("impute", 3) => impute::run(s, rest),
        _ if is("estimate", 3) => estimate::run(s, rest),
        "test" => test::run(s, rest),
        "" => Err(StataError::syntax()),
        _ => Err(StataError::unsupported_command(&format!("mi {word}"))),
    }
}
