//! `zioprobit` and `ziologit`: ordered probit or logit of a categorical outcome whose lowest category is also that of those who do
//! not participate.
//!
//! Stores in `e()`: N k_cat cat df_m ll chi2 p rank converged, b with the equations depvar and inflate and /cut1 ..., V, cmd
//! depvar. Formulas: [R] zioprobit, [R] ziologit, Methods and formulas; Harris and Zhao (2007), Journal of Econometrics 141.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::parts::{Listed, Part, first, single};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading};
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::ml_binary::Link;
use estimators::ml_choice::Ordered;
use estimators::ml_outcomes::Observed;
use estimators::ml_participation::{Event, Participation};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("INFlate"),
    OptSpec::text("OFFset"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
];
const SYNTAX: StandardSyntax =
    StandardSyntax::new(concat_lists!(OptSpec; OPTIONS, likelihood::MAXIMIZE)).weights(WEIGHTS).maximised();
const LOGIT_SYNTAX: StandardSyntax = SYNTAX.unsupported(&["OR"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "zioprobit",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "zioprobit depvar [indepvars] [if] [in] [weight], inflate(varlist|_cons [, noconstant offset(v)]) [offset(v) vce(oim|robust|cluster v|opg) level(#) nolog]",
    notes: "stores e(N k_cat df_m ll chi2 p), e(cat), e(b) with the equations depvar and inflate and /cut1 ..., e(V), r(table); formulas: [R] zioprobit",
    examples: &[Example {
        // The probabilities of the categories add to one.
        run: "set obs 120\ngen z = mod(_n*7, 11) - 5\ngen x = mod(_n*5, 13) - 6\ngen y = (x + mod(_n*3, 17) > 6) + (x + mod(_n*3, 17) > 10)\nreplace y = 0 if z + mod(_n*11, 7) < 1\nzioprobit y x, inflate(z) nolog\npredict double p*\ngen double s = p1 + p2 + p3",
        expect: &[("s[7]", 1.0), ("e(k_cat)", 3.0)],
    }],
};

/// The logit.
pub(super) const SPEC_LOGIT: CommandSpec = CommandSpec {
    name: "ziologit",
    min: 8,
    form: Form::Standard(&LOGIT_SYNTAX),
    run: run_logit,
    syntax: "ziologit depvar [indepvars] [if] [in] [weight], inflate(varlist|_cons [, noconstant offset(v)]) [offset(v) vce(oim|robust|cluster v|opg) level(#) nolog]",
    notes: "stores e(N k_cat df_m ll chi2 p), e(cat), e(b) with the equations depvar and inflate and /cut1 ..., e(V), r(table); formulas: [R] ziologit",
    examples: &[Example {
        // The probabilities of participation and of none add to one.
        run: "set obs 120\ngen z = mod(_n*7, 11) - 5\ngen x = mod(_n*5, 13) - 6\ngen y = (x + mod(_n*3, 17) > 6) + (x + mod(_n*3, 17) > 10)\nreplace y = 0 if z + mod(_n*11, 7) < 1\nziologit y x, inflate(z) nolog\npredict double p, ppar\npredict double q, pnpar",
        expect: &[("p[7] + q[7]", 1.0), ("p[7] - invlogit(_b[inflate:z]*z[7] + _b[inflate:_cons])", 0.0)],
    }],
    ..SPEC
};

/// What differs between the two commands.
struct Kind {
    name: &'static str,
    title: &'static str,
    predict: &'static str,
    link: Link,
}

const PROBIT: Kind = Kind {
    name: "zioprobit",
    title: "Zero-inflated ordered probit regression",
    predict: "zioprobit_p",
    link: Link::Probit,
};
const LOGIT: Kind = Kind {
    name: "ziologit",
    title: "Zero-inflated ordered logit regression",
    predict: "ziologit_p",
    link: Link::Logit,
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    command(session, cmd, &PROBIT)
}

fn run_logit(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    command(session, cmd, &LOGIT)
}

fn command(session: &mut Session, cmd: &ParsedCommand, kind: &Kind) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: kind.name,
            estimate: &|session| estimate(session, cmd, kind),
            header: &|session| likelihood::header(session, kind.title),
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|_| {},
        },
    )
}

/// Values of the outcome, ascending, and the number of the value of each row.
fn categories(model: &Model) -> Result<(Vec<f64>, Vec<usize>)> {
    let mut values = model.y.clone();
    values.sort_by(f64::total_cmp);
    values.dedup();
    if values.len() < 3 {
        return Err(StataError::new(148, "too few categories: the outcome must have at least three levels"));
    }
    if values.len() > 50 {
        return Err(StataError::new(149, "too many categories: more than 50 outcomes"));
    }
    let of_row = model.y.iter().map(|y| values.partition_point(|v| v < y)).collect();
    Ok((values, of_row))
}

/// Start: the ordered model of all rows, and as much participation as makes a part of the lowest category.
fn start(
    model: &Model,
    of_row: &[usize],
    categories: usize,
    participation: &Part,
    link: Link,
) -> Result<Vec<f64>> {
    let slopes = model.columns().len();
    let n = of_row.len() as f64;
    let at_most = |c: usize| of_row.iter().filter(|k| **k <= c).count() as f64 / n;
    let mut from = vec![0.0; slopes];
    from.extend((0..categories - 1).map(|c| link.index(at_most(c))));
    let ordered = Ordered { y: of_row, categories, link };
    let mut equations = vec![first(model, true, None)];
    equations.extend((0..categories - 1).map(|_| single()));
    let fit = ml_command::quiet(model, &ordered, equations, &from)?;
    let mut out = fit.b[..slopes].to_vec();
    out.extend(vec![0.0; participation.side.columns().len()]);
    out.extend(participation.side.constant.then_some(0.5));
    out.extend(&fit.b[slopes..]);
    Ok(out)
}

fn estimate(session: &mut Session, cmd: &ParsedCommand, kind: &Kind) -> Result<()> {
    let text =
        cmd.options.text("inflate").ok_or_else(|| StataError::new(198, "option inflate() required"))?;
    let listed = match text.trim() {
        "_cons" => Listed::parse(session, kind.name, "")?,
        text => Listed::parse(session, kind.name, text)?,
    };
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.extend(listed.list.variables().iter().map(|v| session.variable(v)).collect::<Result<Vec<_>>>()?);
    further.extend(listed.offset);
    let mut model = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) }.model(session)?.enough()?;
    // the cut points are the constants: a constant regressor is collinear with them
    drop_collinear(session, &mut model);
    model.constant = false;
    let (values, of_row) = categories(&model)?;
    let participation = listed.part(session, "inflate", &model.touse)?;
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let from = start(&model, &of_row, values.len(), &participation, kind.link)?;
    let cuts = values.len() - 1;
    let mut equations = vec![first(&model, true, shift), participation.equation()];
    equations.extend((0..cuts).map(|_| single()));
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    participation.add_to(&mut layout);
    (1..=cuts).for_each(|cut| {
        layout.ancillary(&format!("cut{cut}"));
    });
    let of = Participation { link: kind.link, categories: values.len(), event: Event::Marginal };
    let likelihood = Observed { y: &of_row, model: &of };
    let fit = likelihood::maximise(session, &cmd.options, &model, &likelihood, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: kind.name,
        title: kind.title,
        predict: kind.predict,
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &tested,
        equations: 2.0 + cuts as f64,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    let mut matrix = Matrix::new(1, values.len(), values.clone());
    matrix.row_names = vec![Stripe::term("r1")];
    est.results.scalar("k_cat", values.len() as f64).matrix("cat", matrix);
    if participation.shift.is_some() {
        est.results.text("offset2", text);
    }
    if let Some((_, text)) = &offset {
        est.results.text("offset", text);
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}
