//! `meta regress`: effects explained by moderators of the studies ([META] meta regress).

use super::settings::{Declared, OPTIONS, Pooling};
use super::show;
use super::summarize::Inference;
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::ml_command::{Look, table};
use crate::estimation::model::Reading;
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::format;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::meta_analysis::Studies;
use estimators::wald;

const REGRESS: &[OptSpec] = concat_lists!(
    OptSpec;
    OPTIONS,
    &[
        OptSpec::text("se"),
        OptSpec::flag("TDISTribution"),
        OptSpec::flag("noCONstant"),
        OptSpec::flag("noMETASHOW"),
        OptSpec::flag("noHEADer"),
    ],
);

/// Runs the command.
pub(super) fn run(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("meta regress", rest, false)?;
    cmd.check_options(REGRESS, &["MULTiplicative", "TAU2", "I2", "noTABle"])?;
    let mut data = Declared::read(s, &cmd)?;
    let moderators = if cmd.list.trim() == "_cons" { "" } else { cmd.list.trim() };
    if moderators.is_empty() && cmd.list.trim().is_empty() {
        return Err(StataError::standard(100));
    }
    let list = format!("_meta_es {moderators}");
    let se = s.frame.position("_meta_se")?;
    let mut model = Reading { list: &list, further: vec![se], ..Reading::new(&cmd) }.model(s)?;
    if data.model.pooling == Pooling::MantelHaenszel {
        data.model.pooling = Pooling::Inverse;
    }
    if !cmd.has("nometashow") {
        show::before(s, false);
    }
    drop_collinear(s, &mut model);
    let v: Vec<f64> = model.design.rows.iter().map(|&i| s.frame.num_at(se, i).powi(2)).collect();
    let columns = |constant: bool| -> Vec<Vec<f64>> {
        let ones = constant.then(|| vec![1.0; v.len()]);
        model.columns().iter().map(|c| c.to_vec()).chain(ones).collect()
    };
    let studies = Studies { y: &model.y, v: &v, x: columns(model.constant) };
    let (k, p) = (v.len(), studies.x.len());
    if k <= p {
        return Err(StataError::insufficient_observations());
    }
    let failed = StataError::not_converged;
    let (tau2, converged) = match data.model.between() {
        Some(method) => studies.between(method).ok_or_else(failed)?,
        None => (0.0, true),
    };
    let weights = studies.weights(tau2);
    let fit = studies.fit(&weights).filter(|_| converged).ok_or_else(failed)?;
    let inference = Inference::of(&cmd, &studies, &weights)?;
    let covariance = fit.v.clone().scaled(inference.factor.powi(2));
    let stripe = plain_stripe(model.names());
    let parameters = Parameters::spread(stripe, &model.estimated(), &fit.b, &covariance);
    let line = format!("meta regress {rest}");
    let mut est = post::begin("meta regress", line.trim(), &parameters, &model);
    let r = &mut est.results;
    let slopes: Vec<usize> = (0..p - usize::from(model.constant)).collect();
    let test = wald::test_zero(&fit.b, &covariance, &slopes);
    let df_m = slopes.len() as f64;
    r.scalar("N", k as f64).scalar("df_m", df_m).scalar("seadj", inference.factor);
    match inference.df {
        _ if slopes.is_empty() => {}
        Some(df) => {
            r.scalar("F", test.chi2 / df_m).scalar("p", f_tail(df_m, df, test.chi2 / df_m));
        }
        None => {
            r.scalar("chi2", test.chi2).scalar("p", chi2_tail(df_m, test.chi2));
        }
    }
    if let Some(df) = inference.df {
        r.scalar("df_r", df);
    }
    let residual = studies.fit(&studies.weights(0.0)).ok_or_else(failed)?.q;
    let df = (k - p) as f64;
    r.scalar("Q_res", residual).scalar("df_Q_res", df).scalar("p_Q_res", chi2_tail(df, residual));
    if let Some(method) = data.model.between() {
        let typical = studies.typical_variance().ok_or_else(failed)?;
        let (alone, _) = Studies::plain(&model.y, &v).between(method).ok_or_else(failed)?;
        r.scalar("tau2", tau2).scalar("I2_res", 100.0 * tau2 / (tau2 + typical));
        r.scalar("H2_res", (tau2 + typical) / typical);
        // The share of the variance between studies that the moderators explain.
        if model.constant && alone > 0.0 {
            r.scalar("R2", stata((100.0 * (alone - tau2) / alone).max(0.0)));
        }
    }
    r.text("model", data.model.name).text("method", data.model.method()).text("properties", "b V");
    s.post_estimation(est, model.touse.clone());
    display(s, &cmd, &data)
}

fn display(s: &mut Session, cmd: &ParsedCommand, data: &Declared) -> Result<()> {
    let e = s.e.results.clone();
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(crate::value::MISSING);
    if !cmd.has("noheader") {
        let line = |name: &str, value: String| (String::new(), format!("{name} = {value:>7}"));
        let title = format!("{} meta-regression", data.model.title());
        let count = format!("{:<15}= {:>9}", "Number of obs", format::bare("%9.0fc", scalar("N")));
        let mut lines =
            vec![(title, count), (format!("Method: {}", data.model.method_title()), String::new())];
        if e.get_scalar("tau2").is_some() {
            lines[1].1 = format!("{:<26}", "Residual heterogeneity:");
            lines.push(line("tau2", format::bare("%9.4g", scalar("tau2"))));
            lines.push(line("I2 (%)", format::bare("%9.2f", scalar("I2_res"))));
            lines.push(line("H2", format::bare("%9.2f", scalar("H2_res"))));
        }
        if e.get_scalar("R2").is_some() {
            lines.push(line("R-squared (%)", format::bare("%9.2f", scalar("R2"))));
        }
        let df_m = scalar("df_m");
        let test = |name: &str, value: String| (String::new(), format!("{name:<15}= {value:>9}"));
        if e.get_scalar("F").is_some() {
            let name = format!("F({df_m}, {})", scalar("df_r"));
            lines.push(test(&name, format::bare("%9.2f", scalar("F"))));
            lines.push(test("Prob > F", format::bare("%6.4f", scalar("p"))));
        } else if e.get_scalar("chi2").is_some() {
            lines.push(test(&format!("Wald chi2({df_m})"), format::bare("%9.2f", scalar("chi2"))));
            lines.push(test("Prob > chi2", format::bare("%6.4f", scalar("p"))));
        }
        s.print("");
        for (left, right) in lines {
            let room = 78usize.saturating_sub(left.chars().count());
            s.print(format!("{left}{right:>room$}").trim_end());
        }
    }
    table(s, cmd, &Look::default())?;
    s.print(format!(
        "Test of residual homogeneity: Q_res = chi2({}) = {}   Prob > Q_res = {}",
        scalar("df_Q_res"),
        format::bare("%9.2f", scalar("Q_res")),
        format::bare("%6.4f", scalar("p_Q_res"))
    ));
    Ok(())
}
