//! `sem`: linear structural equation models by maximum likelihood.
//!
//! Stores in `e()`: N N_groups nobs groupvar ll df_m df_b df_s chi2_ms df_ms p_ms chi2_bs df_bs p_bs rank k k_dv N_clust N_missing ic rc converged,
//! cmd cmdline title method vce vcetype clustvar wtype wexp lyvars oyvars lxvars oxvars xconditional properties predict
//! estat_cmd, b V b_std V_std V_modelbased ilog. Formulas: [SEM] Methods and formulas for sem; numbers: `estimators::sem`.

use super::sem_model::Builder;
use super::{sem_fit, sem_groups, sem_names, sem_paths, sem_show};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::likelihood::{self, MAXIMIZE};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;

const OPTIONS: &[OptSpec] = concat_lists!(OptSpec; MAXIMIZE, &[
    OptSpec::text("COVariance"),
    OptSpec::text("VARiance"),
    OptSpec::text("MEANs"),
    OptSpec::text("COVSTRucture"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("noMEANs"),
    OptSpec::flag("noANCHOR"),
    OptSpec::text("METHod"),
    OptSpec::text("vce"),
    OptSpec::flag("noXCONDitional"),
    OptSpec::flag("XCONDitional"),
    OptSpec::text("LATent"),
    OptSpec::flag("NOCAPSlatent"),
    OptSpec::text("GRoup"),
    OptSpec::text("GINVariant"),
    OptSpec::flag("SHOWGinvariant"),
    OptSpec::flag("STANDardized"),
    OptSpec::real("Level"),
    OptSpec::flag("NOCNSReport"),
    OptSpec::flag("NODEScribe"),
    OptSpec::flag("noHEADer"),
    OptSpec::flag("noTABLe"),
    OptSpec::flag("noFOOTnote"),
]);
const UNSUPPORTED: &[&str] = &[
    "RELiability",
    "CONSTraints",
    "FROM",
    "FORCENOANCHOR",
    "ALLMISSing",
    "NOIVSTART",
    "NOESTimate",
    "SELect",
    "FORCECORRelations",
    "TECHnique",
    "TRace",
    "GRADient",
    "SHOWSTEP",
    "HESSian",
    "SHOWTOLerance",
    "NONRTOLerance",
    "SATOPTs",
    "BASEOPTs",
    "DNUMerical",
    "COEFLegend",
    "BYPARM",
    "NOFVLABel",
    "FVWRAP",
    "FVWRAPON",
];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "sem",
    min: 3,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "sem (y <- x L [_cons]) (L -> a b c) ... [if] [in] [weight] [, covariance() variance() means() covstructure() noconstant nomeans noanchor method(ml|mlmv) vce(oim|eim|opg|robust|cluster v) noxconditional latent() nocapslatent group(v) ginvariant(classes) showginvariant standardized level(#) nolog iterate(#) nocnsreport nodescribe noheader notable nofootnote]",
    notes: "a@# and a@name constrain; names with a capital are latent, even where the data have such a variable (a note says so); latent() is the full list of latent names, nocapslatent makes all names observed; means, variances and covariances of observed exogenous variables are those of the sample and not in e(b), except with method(mlmv), noxconditional, a constraint on them, or an exogenous latent variable correlated with them; moments have the divisor N; a maximum with a negative variance (Heywood case) and a model without information about a parameter end with r(430); no chi2_ms after vce(robust) and weights that imply it; group(): paths and options may begin with a group (2: y <- x); loadings and intercepts of measurement are the same in all groups unless ginvariant() says otherwise, and latent means are free behind the first group where intercepts are the same; names in e(b) are x:1bn.g#c.L, x:2.g, /var(e.x)#2.g; estat gof, eqgof, teffects, framework, mindices; predict: xb, xblatent, latent; after group() estat gof, ggof and ginvariant alone; not supported: method(adf), vce(sbentler), constraints(), reliability(), time-series operators; [SEM] sem",
    examples: &[Example {
        // A regression: the coefficients are those of least squares, the variance has the divisor N.
        run: "set obs 8\ngen x = _n\ngen y = x + mod(_n*3, 5)\nregress y x\nscalar b = _b[x]\nscalar v = e(rss)/8\nsem (y <- x), nolog",
        expect: &[("_b[y:x] - b", 0.0), ("_b[/var(e.y)] - v", 0.0), ("e(df_ms)", 0.0)],
    }],
};

/// Options that do not fit together, and values that are not supported.
fn check(cmd: &ParsedCommand) -> Result<()> {
    match cmd.options.text("method").map(str::trim) {
        None | Some("ml" | "mlmv") => {}
        Some("adf") => return Err(sem_paths::unsupported("method(adf) is")),
        Some(other) => {
            return Err(StataError::invalid(format!("method({other}) invalid: ml or mlmv expected")));
        }
    }
    let mlmv = cmd.options.text("method").map(str::trim) == Some("mlmv");
    if mlmv && cmd.has("nomeans") {
        return Err(StataError::invalid("method(mlmv) and nomeans may not be combined"));
    }
    if cmd.has("xconditional") && (mlmv || cmd.has("noxconditional")) {
        let other = if mlmv { "method(mlmv)" } else { "noxconditional" };
        return Err(StataError::invalid(format!("xconditional and {other} may not be combined")));
    }
    Ok(())
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim().to_string();
    if raw.is_empty() || raw.starts_with(',') {
        let mut again = ParsedCommand::split("sem", &raw, false)?;
        again.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        return sem_show::display(s, &again);
    }
    let (mut paths, rest) = sem_paths::paths(&raw)?;
    let mut line = ParsedCommand::split("sem", rest, false)?;
    line.raw.clone_from(&raw);
    if !line.list.is_empty() {
        return Err(StataError::invalid(format!(
            "{} found where a path in parentheses was expected",
            line.list
        )));
    }
    let lists = sem_paths::take_lists(&mut line)?;
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    check(&line)?;
    let names = sem_names::expand(s, &line, &mut paths)?;
    sem_names::note_hidden(s, &names, &line);
    let specification = if line.has("group") {
        sem_groups::build(s, &line, names, &paths, &lists)?
    } else {
        sem_groups::refuse(&line, &paths, &lists)?;
        Builder::read(names, &line, &paths, &lists, None)?.finish(&line)
    };
    sem_fit::estimate(s, &line, specification)?;
    sem_show::display(s, &line)?;
    sem_show::warn(s);
    likelihood::finish(&s.e)
}
