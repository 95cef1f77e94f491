//! `xtintreg`: linear regression with normal effects of the units, of an outcome that is known as a point, an interval or a
//! bound ([XT] xtintreg).
//!
//! Stores in `e()`: N N_g N_unc N_lc N_rc N_int df_m ll ll_c chi2 chi2_c p n_quad sigma_u sigma_e rho, b, V, cmd ivar depvar.

use super::clogit::panel_header;
use super::unit_variable;
use super::xtordered::{by_unit, fit_censored, footer};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::Result;
use crate::estimation::interval_outcome;
use crate::estimation::ml_command::{self, Look, MlCommand};
use crate::estimation::model::Reading;
use crate::format;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("I"),
    OptSpec::text("OFFset"),
    OptSpec::int("INTPoints"),
    OptSpec::flag("re"),
])
.searched()
.unsupported(&["INTMethod", "LRMODEL", "INTREG"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtintreg",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtintreg depvar_lower depvar_upper [indepvars] [if] [in] [, noconstant offset(v) intpoints(#) vce(oim|robust|cluster v) level(#) nolog]",
    notes: "missing lower or upper end: censored there; mean-variance adaptive Gauss-Hermite quadrature, 12 points; stores e(N N_g N_unc N_lc N_rc N_int df_m ll ll_c chi2 chi2_c p sigma_u sigma_e rho), e(b) with /sigma_u /sigma_e, e(V), r(table); formulas: [XT] xtintreg",
    examples: &[Example {
        // points alone: the linear model
        run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = x + 3*mod(id, 3) + mod(_n*5, 9)\ngen y2 = y\nxtset id\nxtreg y x, mle\nscalar ll = e(ll)\nxtintreg y y2 x",
        expect: &[("e(ll) - ll", 0.0), ("e(N_unc)", 120.0), ("e(N_int)", 0.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "xtintreg",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|_| Look { ancillary: 2, ..Look::default() },
            footer: &footer,
        },
    )
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let unit = unit_variable(session, cmd.options.text("i"))?;
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.push(unit);
    let reading = Reading { further, ..Reading::likelihood(cmd, &[]) };
    let (mut model, seen) = interval_outcome::read(session, &reading, &[])?;
    by_unit(session, &mut model, unit);
    fit_censored(session, cmd, ("xtintreg", "Random-effects interval regression"), &model, unit, &seen)?;
    interval_outcome::store_counts(&mut session.e.results, &seen);
    Ok(())
}

fn header(session: &mut Session) {
    let e = &session.e.results;
    let title = e.get_text("title").unwrap_or("").to_string();
    let points = e.get_scalar("n_quad");
    let counts = ["N_unc", "N_lc", "N_rc", "N_int"].map(|n| e.get_scalar(n).unwrap_or(0.0));
    panel_header(session, &title, "Random effects u_i ~ Gaussian", points);
    let labels = ["Uncensored", "Left-censored", "Right-censored", "Interval-cens."];
    for (label, count) in labels.iter().zip(counts) {
        session.print(format!("{label:>65} = {:>10}", format::bare("%10.0fc", count).trim()));
    }
    session.print("");
}
