//! `lassogof`: how well a penalised model fits, within groups of rows. Formulas: [LASSO] lassogof.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::lasso::plain;
use super::state::{index, null_loss, with};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;
use estimators::shrinkage::Model;

const GOF: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("POSTSELection"), OptSpec::flag("PENalized"), OptSpec::text("over")]);

/// `lassogof`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "lassogof",
    min: 8,
    form: Form::Standard(&GOF),
    by: ByRule::No,
    run: gof,
    syntax: "lassogof [if] [in] [, postselection penalized over(varname)]",
    notes: "stores r(table): MSE and R-squared, or deviance and deviance ratio, and rows; [LASSO] lassogof",
    examples: &[Example {
        // Least squares leaves .25 of a variance of 10.25.
        run: "set obs 8\ngenerate a = cond(mod(_n, 2), 1, -1)\ngenerate b = cond(mod(ceil(_n/2), 2), 1, -1)\ngenerate y = 3*a + b + cond(_n > 4, .5, -.5)\nlasso linear y a b, selection(bic)\nlassogof, postselection\nmatrix m = r(table)",
        expect: &[("m[1,1]", 0.25), ("m[1,2]", 40.0 / 41.0), ("m[1,3]", 8.0)],
    }],
};

fn gof(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let post = cmd.has("postselection");
    with(session, |session, state| {
        let touse = session.rows(cmd)?;
        let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
        let variable = match cmd.options.text("over") {
            Some(name) => Some(session.numeric_variable(name)?),
            None => None,
        };
        let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
        let y = crate::ops::predict::column(&session.frame, &depvar, &rows)?;
        let eta = index(session, state, post, &rows)?;
        let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
        for k in (0..rows.len()).filter(|k| !is_missing(y[*k]) && !is_missing(eta[*k])) {
            let key = variable.map_or(0.0, |v| session.frame.num_at(v, rows[k]));
            match groups.iter_mut().find(|g| g.0 == key) {
                Some(group) => group.1.push(k),
                None => groups.push((key, vec![k])),
            }
        }
        if groups.is_empty() {
            return Err(StataError::no_observations());
        }
        groups.sort_by(|a, b| a.0.total_cmp(&b.0));
        let linear = state.model == Model::Linear;
        let (first, second) = if linear { ("MSE", "R-squared") } else { ("Deviance", "Deviance ratio") };
        session.print("");
        session.print(if post { "Postselection coefficients" } else { "Penalized coefficients" });
        session.print("-".repeat(60));
        session.print(format!(
            "{:>12} |{first:>14}{second:>16}{:>12}",
            cmd.options.text("over").unwrap_or(""),
            "Obs"
        ));
        session.print(format!("-------------+{}", "-".repeat(46)));
        let mut values = Vec::new();
        for (level, members) in &groups {
            let name = variable.map_or(String::new(), |_| plain(*level));
            let own: Vec<f64> = members.iter().map(|k| y[*k]).collect();
            let loss =
                members.iter().map(|k| state.model.deviance(y[*k], state.model.mean(eta[*k]))).sum::<f64>()
                    / members.len() as f64;
            let ratio = 1.0 - loss / null_loss(state.model, &own);
            session.print(format!(
                "{name:>12} |{:>14}{:>16}{:>12}",
                plain(loss),
                format::bare("%9.4f", ratio),
                members.len()
            ));
            values.extend([loss, ratio, members.len() as f64]);
        }
        session.print("-".repeat(60));
        let mut table = Matrix::new(groups.len(), 3, values);
        table.col_names = if linear { ["MSE", "R2", "N"] } else { ["deviance", "dev_ratio", "N"] }
            .map(Stripe::term)
            .to_vec();
        let mut results = Results::default();
        results.matrix("table", table);
        session.r = results;
        Ok(())
    })
}
