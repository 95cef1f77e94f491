//! `fracreg probit, het()`: a share whose probit index has a modelled scale.
//!
//! Stores in `e()` what `fracreg` stores, `e(estimator)` hetprobit and `e(b)` with the equation lnsigma. The null model
//! of the pseudo R2 is the constant alone. Formulas: [R] fracreg, Methods and formulas; Papke and Wooldridge (1996).

use super::WEIGHTS;
use super::parts::{Listed, first};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Posted};
use crate::estimation::model::{LIKELIHOOD_VCE, Reading, VceSpec};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::jet::{Formula, Jet};

/// Log quasi-likelihood of a share at the logs of a probability and of its complement.
fn share<const N: usize>(y: f64, one: Jet<N>, zero: Jet<N>) -> Jet<N> {
    match y {
        1.0 => one,
        0.0 => zero,
        y => one * y + zero * (1.0 - y),
    }
}

pub(super) fn estimate(session: &mut Session, cmd: &ParsedCommand, list: &str, het: &str) -> Result<()> {
    let listed = Listed { constant: false, ..Listed::parse(session, "fracreg", het)? };
    let mut further = ml_command::offset_variables(session, &cmd.options)?;
    further.extend(listed.list.variables().iter().map(|v| session.variable(v)).collect::<Result<Vec<_>>>()?);
    further.extend(listed.offset);
    let mut vce = VceSpec::parse("fracreg", &cmd.options, LIKELIHOOD_VCE)?;
    if vce == VceSpec::Default && cmd.options.text("vce").is_none() {
        vce = VceSpec::Robust;
    }
    let reading = Reading { list, further, vce: Some(vce), ..Reading::likelihood(cmd, WEIGHTS) };
    let mut model = reading.model(session)?.enough()?;
    if model.y.iter().any(|y| !(0.0..=1.0).contains(y)) {
        return Err(StataError::new(459, format!("{} must be between 0 and 1", model.depvar)));
    }
    if model.y.iter().all(|y| *y == 0.0) || model.y.iter().all(|y| *y == 1.0) {
        return Err(StataError::new(2000, "outcome does not vary"));
    }
    drop_collinear(session, &mut model);
    let scale = listed.part(session, "lnsigma", &model.touse)?;
    if scale.width() == 0 {
        return Err(StataError::new(198, "option het() has no regressors left"));
    }
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let y = &model.y;
    let probit =
        Formula::<1, _>(|row: usize, [a]: [Jet<1>; 1]| share(y[row], a.ln_normal(), (-a).ln_normal()));
    let formula = Formula::<2, _>(|row: usize, [a, s]: [Jet<2>; 2]| {
        let z = a * (-s).exp();
        share(y[row], z.ln_normal(), (-z).ln_normal())
    });
    let main = first(&model, true, shift);
    let plain = ml_command::quiet(&model, &probit, vec![main.clone()], &vec![0.0; main.len()])?;
    let ll_0 = match model.constant {
        true => Some(ml_command::quiet(&model, &probit, vec![first(&model, false, shift)], &[0.0])?.ll),
        false => None,
    };
    let mut from = plain.b.clone();
    from.extend(vec![0.0; scale.width()]);
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    scale.add_to(&mut layout);
    let equations = vec![main, scale.equation()];
    let fit = likelihood::maximise(session, &cmd.options, &model, &formula, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..model.columns().len()).collect();
    let posted = Posted {
        cmd: "fracreg",
        title: "Fractional heteroskedastic probit regression",
        predict: "fracreg_p",
        parameters: &parameters,
        fit: &fit,
        ll_0,
        tested: &tested,
        equations: 2.0,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    est.results.text("estimator", "hetprobit");
    if scale.shift.is_some() {
        est.results.text("offset2", het);
    }
    if let Some((_, text)) = &offset {
        est.results.text("offset", text);
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}
