//! `estat mindices` and `estat framework` after `sem`. Formulas: [SEM] estat mindices, estat framework.

use super::sem_model::covariance;
use super::sem_state::{SemState, ungrouped};
use crate::commands::Interpreter;
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use estimators::distributions::chi2_tail;
use estimators::sem::implied::{Implied, matrices};
use estimators::sem::modification::{Index, modification_indices};
use estimators::sem::{Cell, Value};

/// Paths to endogenous variables and covariances of errors and of exogenous variables that the model does not estimate.
fn candidates(state: &SemState) -> Vec<Cell> {
    let names = &state.specification.names;
    let n = names.all.len();
    let free = |cell: &Cell| {
        state.specification.model.cells.iter().any(|(c, v)| c == cell && matches!(v, Value::Free(_)))
    };
    let mut out = Vec::new();
    for to in (0..n).filter(|v| names.endogenous[*v]) {
        out.extend((0..n).filter(|from| *from != to).map(|from| Cell::Path { to, from }));
    }
    for a in 0..n {
        let same = |b: &usize| *b < a && names.endogenous[a] == names.endogenous[*b];
        out.extend((0..n).filter(same).map(|b| covariance(a, b)));
    }
    out.retain(|cell| !free(cell));
    out
}

/// The factor that standardises the change of a cell.
fn scale(implied: &Implied, cell: Cell) -> f64 {
    let sd = |v: usize| implied.sigma[(v, v)].sqrt();
    match cell {
        Cell::Path { to, from } => sd(from) / sd(to),
        Cell::Covariance(a, b) => (implied.psi[(a, a)] * implied.psi[(b, b)]).abs().sqrt().recip(),
        Cell::Mean(v) => sd(v).recip(),
    }
}

/// `estat mindices`.
pub(super) fn mindices(s: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::real("MINchi2")], &["SHOWPclass"])?;
    let least = options.real("minchi2").unwrap_or(3.841_458_820_694_124);
    let state = ungrouped(s, "estat mindices")?;
    let model = &state.specification.model;
    let all = modification_indices(model, &state.moments, &state.point, &candidates(&state))
        .ok_or_else(|| StataError::new(506, "the information matrix is not positive definite"))?;
    let found: Vec<Index> = all.into_iter().filter(|i| i.chi2 >= least).collect();
    s.r.clear();
    if found.is_empty() {
        s.print("(no modification indices to report, all MI values less than or equal to minchi2())");
        return Ok(());
    }
    let implied = state.implied()?;
    s.print("");
    s.print("Modification indices");
    s.print("");
    s.print("-".repeat(66));
    s.print(format!("{:13}|{:>52}", "", "Standard"));
    s.print(format!("{:13}|{:>12}{:>7}{:>9}{:>12}{:>11}", "", "MI", "df", "P>MI", "EPC", "EPC"));
    let rule = format!("-------------+{}", "-".repeat(52));
    s.print(&rule);
    let (mut data, mut stripes, mut before) = (Vec::new(), Vec::new(), None);
    for index in &found {
        let stripe = super::sem_model::stripe(&state.specification.names, index.cell);
        if before.as_ref() != Some(&stripe.eq) {
            if before.is_some() {
                s.print(&rule);
            }
            if stripe.eq != "/" {
                s.print(format!("  {:<11}|", format::abbrev(&stripe.eq, 10)));
            }
        }
        let standard = index.change * scale(&implied, index.cell);
        let p = chi2_tail(1.0, index.chi2);
        let name = if stripe.eq == "/" {
            super::sem_show::label(s, &stripe.name)
        } else {
            format!("{:>12} ", format::abbrev(&stripe.name, 12))
        };
        s.print(format!(
            "{name}|{:>12}{:>7}{:>9}   {} {}",
            format::bare("%9.3f", index.chi2).trim(),
            1,
            format::bare("%5.2f", p).trim(),
            format::number("%9.0g", index.change),
            format::number("%9.0g", standard)
        ));
        data.extend([index.chi2, 1.0, p, index.change, standard]);
        before = Some(stripe.eq.clone());
        stripes.push(stripe);
    }
    s.print("-".repeat(66));
    s.print("EPC is expected parameter change.");
    let mut table = Matrix::new(stripes.len(), 5, data);
    table.row_names = stripes;
    table.col_names = ["MI", "df", "P", "EPC", "StdEPC"].map(Stripe::term).to_vec();
    s.r.matrix("mindices", table);
    Ok(())
}

/// `estat framework`: the matrices of the model by endogenous and exogenous variables.
pub(super) fn framework(s: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(&[OptSpec::flag("FITted")], &["STANDardized", "COMPact", "FORmat"])?;
    let state = ungrouped(s, "estat framework")?;
    let names = &state.specification.names;
    let n = names.all.len();
    let (b, psi, a) = matrices(&state.specification.model, &state.b);
    let implied = state.implied()?;
    let endogenous: Vec<usize> = (0..n).filter(|v| names.endogenous[*v]).collect();
    let exogenous: Vec<usize> = (0..n).filter(|v| !names.endogenous[*v]).collect();
    let everything: Vec<usize> = endogenous.iter().chain(&exogenous).copied().collect();
    let labels = |of: &[usize], error: bool| -> Vec<Stripe> {
        let e = if error { "e." } else { "" };
        of.iter().map(|v| Stripe::term(format!("{e}{}", names.all[*v]))).collect()
    };
    let block = |m: &estimators::matrix::Mat, rows: &[usize], columns: &[usize], error: bool| {
        let mut out = Matrix::new(rows.len(), columns.len(), m.select(rows, columns).data().to_vec());
        out.row_names = labels(rows, error);
        out.col_names = labels(columns, error);
        out
    };
    let vector = |values: &[f64], of: &[usize], name: &str| {
        let mut out = Matrix::row_vector(of.iter().map(|v| values[*v]).collect(), labels(of, false));
        out.row_names = vec![Stripe::term(name)];
        out
    };
    let mut shown = vec![
        ("Beta", "Endogenous variables on endogenous variables", block(&b, &endogenous, &endogenous, false)),
        ("Gamma", "Exogenous variables on endogenous variables", block(&b, &endogenous, &exogenous, false)),
        ("Psi", "Covariances of error variables", block(&psi, &endogenous, &endogenous, true)),
        ("alpha", "Intercepts of endogenous variables", vector(&a, &endogenous, "_cons")),
        ("Phi", "Covariances of exogenous variables", block(&psi, &exogenous, &exogenous, false)),
        ("kappa", "Means of exogenous variables", vector(&implied.mean, &exogenous, "mean")),
    ];
    if options.has("fitted") {
        let sigma = block(&implied.sigma, &everything, &everything, false);
        shown.push(("Sigma", "Fitted covariances of observed and latent variables", sigma));
        shown.push((
            "mu",
            "Fitted means of observed and latent variables",
            vector(&implied.mean, &everything, "mu"),
        ));
    }
    s.r.clear();
    shown.retain(|(_, _, m)| m.rows() > 0 && m.cols() > 0);
    for (name, _, m) in &shown {
        s.r.matrix(name, m.clone());
    }
    for (name, title, _) in shown {
        s.print("");
        s.print(title);
        s.run_expanded(&format!("matrix list r({name}), noheader"))?;
    }
    Ok(())
}
