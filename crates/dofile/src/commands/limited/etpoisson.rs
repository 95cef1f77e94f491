//! `etpoisson`: Poisson regression with an endogenous binary treatment, by maximum likelihood.
//!
//! Stores in `e()`: N df_m ll chi2 p chi2_c p_c rho sigma n_quad; b with 1.depvar_t in the outcome, /athrho /lnsigma, V, cmd
//! depvar title title2. Formulas: [CAUSAL] etpoisson, Methods and formulas; Terza (1998), Journal of Econometrics 84.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::etregress::{Sample, read};
use super::parts::{scalar, single, test_line, text};
use crate::error::{Result, StataError};
use crate::estimation::derived::derived_row;
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::{self, label};
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::format;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::chi2_tail;
use estimators::ml::Equation;
use estimators::ml_binary::{Binary, Link};
use estimators::ml_count::Poisson;
use estimators::ml_treated_count::TreatedCount;
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("TREAt"),
    OptSpec::flag("IRr"),
    OptSpec::int("INTPoints"),
    OptSpec::text("EXPosure"),
    OptSpec::text("OFFset"),
])
.weights(WEIGHTS)
.maximised();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "etpoisson",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "etpoisson depvar [indepvars] [if] [in] [weight], treat(depvar_t = indepvars_t [, noconstant offset(v)]) [irr exposure(v) offset(v) intpoints(#) noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "Gauss-Hermite quadrature, 24 points; stores e(N df_m ll chi2 p chi2_c p_c rho sigma n_quad), e(b) with 1.depvar_t in the outcome, /athrho /lnsigma, e(V), r(table); predict: pomean, omean, cte, xb, xbtreat (not pr()); formulas: [CAUSAL] etpoisson, Terza (1998)",
    examples: &[Example {
        run: "set obs 150\ngen z = mod(_n*7, 11) - 5\ngen x = mod(_n*5, 13)/6\ngen u = mod(_n*17, 19) - 9\ngen t = z + u/2 > 0\ngen y = int(exp(.3 + x/2 + t/2 + u/12) + mod(_n*11, 6)/4)\netpoisson y x, treat(t = z)",
        expect: &[
            ("e(N)", 150.0),
            ("abs(e(rho) - tanh(_b[/athrho])) < 1e-12", 1.0),
            ("abs(e(sigma) - exp(_b[/lnsigma])) < 1e-12", 1.0),
        ],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let shown = level(session, cmd)?;
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "etpoisson",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|session| Look {
                equations: true,
                eform: cmd.has("irr").then_some("IRR"),
                ancillary: if cmd.has("irr") { ml_command::behind_first(session) } else { 0 },
                ..Look::default()
            },
            footer: &|session| footer(session, shown),
        },
    )
}

/// Starting values from the outcome and the treatment apart.
fn start(sample: &Sample, shift: Option<&[f64]>) -> Result<Vec<f64>> {
    let model = &sample.model;
    let treatment = Binary { y: &sample.treated, link: Link::Probit };
    let width = sample.treatment.width();
    let probit = ml_command::quiet(model, &treatment, vec![sample.treatment.equation()], &vec![0.0; width])?;
    let outcome = Equation { columns: model.columns(), constant: model.constant, offset: shift };
    let mut from = vec![0.0; outcome.len()];
    if model.constant {
        let last = from.len() - 1;
        from[last] = (model.y.iter().sum::<f64>() / model.y.len() as f64).max(1e-6).ln();
    }
    let mut from = ml_command::quiet(model, &Poisson { y: &model.y }, vec![outcome], &from)?.b;
    from.extend(&probit.b);
    from.extend([0.0, -0.7]);
    Ok(from)
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let points = cmd.options.int("intpoints").unwrap_or(24);
    if !(2..=128).contains(&points) {
        return Err(StataError::invalid("intpoints() must be between 2 and 128"));
    }
    let further = ml_command::offset_variables(session, &cmd.options)?;
    let sample = read(session, cmd, "etpoisson", &further)?;
    let model = &sample.model;
    if model.y.iter().any(|y| *y < 0.0) {
        return Err(StataError::new(459, format!("{} must be greater than or equal to zero", model.depvar)));
    }
    if model.y.iter().all(|y| *y == 0.0) {
        return Err(StataError::new(498, format!("{} is zero for all observations", model.depvar)));
    }
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let from = start(&sample, shift)?;
    let kernel = TreatedCount::new(&model.y, &sample.treated, points as usize);
    let outcome = Equation { columns: model.columns(), constant: model.constant, offset: shift };
    let equations = vec![outcome, sample.treatment.equation(), single(), single()];
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    let side = &sample.treatment.side;
    layout.equation(&sample.treatment.name, side.names(), &side.estimated());
    layout.ancillary("athrho").ancillary("lnsigma");
    let fit = likelihood::maximise(session, &cmd.options, model, &kernel, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: "etpoisson",
        title: "Poisson regression with endogenous treatment",
        predict: "etpoisson_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &slopes,
        equations: 4.0,
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let size = fit.b.len();
    let chi2 = wald::test_zero(&fit.b, &fit.v, &[size - 2]).chi2;
    let results = &mut est.results;
    results.scalar("rho", fit.b[size - 2].tanh()).scalar("sigma", fit.b[size - 1].exp());
    results.scalar("chi2_c", chi2).scalar("p_c", chi2_tail(1.0, chi2)).text("chi2_ct", "Wald");
    results.scalar("n_quad", points as f64).scalar("k_dv", 2.0);
    results.text("title2", format!("({points} quadrature points)"));
    results.text("treatment", &sample.treatment.name);
    if let Some((_, name)) = &offset {
        results.text("offset", name);
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

fn header(session: &mut Session) {
    let facts = [
        Fact::observations(scalar(session, "N")),
        Fact::statistic("Wald chi2", &[scalar(session, "df_m")], scalar(session, "chi2")),
        Fact::probability("Prob > chi2", scalar(session, "p")),
    ];
    let robust = !text(session, "vcetype").is_empty();
    let ll = format!("{} = {}", label(robust), format::bare("%10.0g", scalar(session, "ll")));
    session.print("");
    show(session, &[text(session, "title"), text(session, "title2"), ll], &facts, 13, 10);
    session.print("");
}

fn footer(session: &mut Session, level: f64) {
    let Some(size) = session.e.b().map(|b| b.cols()) else { return };
    derived_row(session, "rho", size - 2, level, f64::tanh, |x| 1.0 - x.tanh().powi(2));
    derived_row(session, "sigma", size - 1, level, f64::exp, f64::exp);
    session.print("-".repeat(78));
    test_line(
        session,
        "Wald test of indep. eqns. (rho = 0)",
        1.0,
        scalar(session, "chi2_c"),
        scalar(session, "p_c"),
    );
}
