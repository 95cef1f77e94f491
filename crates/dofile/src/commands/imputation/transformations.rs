//! Transformations of coefficients in `mi estimate (name: exp): command`: their values and standard errors by the delta method
//! in every imputation, combined as coefficients are ([MI] mi estimate, Methods and formulas).

use super::estimate::{extremes, finite};
use crate::error::{Result, StataError};
use crate::estimation::post::{kernel, stata};
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::matching_paren;
use estimators::matrix::Mat;
use estimators::rubin::{Pooled, pool};

/// Names and expressions.
pub(super) struct Transformations(Vec<(String, String)>);

impl Transformations {
    /// `([name:] exp) ...`; names that are not given are `_mi_1` and so on.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut out = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if !rest.starts_with('(') {
                return Err(StataError::invalid("transformations of mi estimate stand in parentheses"));
            }
            let end = matching_paren(rest, 0).ok_or_else(StataError::unclosed)?;
            let inner = rest[1..end].trim();
            let named = inner.split_once(':').filter(|(name, _)| crate::frame::is_valid_name(name.trim()));
            let (name, exp) = match named {
                Some((name, exp)) => (name.trim().to_string(), exp.trim()),
                None => (format!("_mi_{}", out.len() + 1), inner),
            };
            out.push((name, exp.to_string()));
            rest = rest[end + 1..].trim_start();
        }
        Ok(Self(out))
    }

    /// Values and covariance at the active estimates; nothing without transformations.
    pub(super) fn at(&self, s: &mut Session) -> Result<Option<(Vec<f64>, Mat)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let terms: Vec<String> = self.0.iter().map(|(name, exp)| format!("({name}: {exp})")).collect();
        quietly(s, &format!("nlcom {}", terms.join(" ")))?;
        let (Some(b), Some(v)) = (s.r.matrices.get("b"), s.r.matrices.get("V")) else {
            return Err(StataError::new(498, "nlcom gave no results"));
        };
        Ok(Some((b.values().to_vec(), kernel(v))))
    }

    /// The combined transformations.
    pub(super) fn pooled(&self, runs: &[(Vec<f64>, Mat)], complete: Option<f64>) -> Option<Pooled> {
        if self.0.is_empty() {
            return None;
        }
        let (estimates, covariances): (Vec<Vec<f64>>, Vec<Mat>) = runs.iter().cloned().unzip();
        Some(pool(&estimates, &covariances, complete))
    }

    fn stripe(&self) -> Vec<Stripe> {
        self.0.iter().map(|(name, _)| Stripe::term(name.clone())).collect()
    }

    /// Stores them in `e()`.
    pub(super) fn store(&self, r: &mut Results, pooled: Option<&Pooled>) {
        let Some(pooled) = pooled else { return };
        let row =
            |values: &[f64]| Matrix::row_vector(values.iter().map(|x| stata(*x)).collect(), self.stripe());
        let square = |m: &Mat| Matrix::square(m.data().to_vec(), self.stripe());
        let efficiency: Vec<f64> = pooled.missing.iter().map(|f| 1.0 / (1.0 + f / pooled.m)).collect();
        r.matrix("b_Q_mi", row(&pooled.b)).matrix("V_Q_mi", square(&pooled.v));
        r.matrix("W_Q_mi", square(&pooled.within)).matrix("B_Q_mi", square(&pooled.between));
        r.matrix("df_Q_mi", row(&pooled.df)).matrix("fmi_Q_mi", row(&pooled.missing));
        r.matrix("rvi_Q_mi", row(&pooled.increase)).matrix("re_Q_mi", row(&efficiency));
        let [low, mean, high] = extremes(&pooled.df);
        r.scalar("df_min_Q_mi", low).scalar("df_avg_Q_mi", mean).scalar("df_max_Q_mi", high);
        r.scalar("fmi_max_Q_mi", extremes(&pooled.missing)[2]).scalar("k_exp_mi", self.0.len() as f64);
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        r.text("names_mi", names.join(" "));
        for (k, (_, exp)) in self.0.iter().enumerate() {
            r.text(&format!("exp{}_mi", k + 1), exp);
        }
    }

    /// Prints them below the coefficients.
    pub(super) fn show(&self, s: &mut Session, pooled: &Pooled, level: f64) {
        let fact = |left: &str, name: &str, value: String| format!("{left:<46}{name:<18}= {value:>10}");
        let [low, mean, high] = extremes(&pooled.df);
        let small = if pooled.complete.is_some() { "Small sample" } else { "Large sample" };
        let largest = extremes(&pooled.missing)[2];
        s.print("");
        s.print(fact("Transformations", "Largest FMI", format::bare("%10.4f", largest)));
        if let Some(df) = pooled.complete {
            s.print(fact("", "Complete DF", format::bare("%10.0fc", df)));
        }
        s.print(fact(&format!("DF adjustment:   {small}"), "DF:     min", format::bare("%10.2fc", low)));
        s.print(fact("", "        avg", format::bare("%10.2fc", mean)));
        s.print(fact("", "        max", format::bare("%10.2fc", high)));
        s.print("");
        for (name, exp) in &self.0 {
            s.print(format!("{name:>13}: {exp}"));
        }
        s.print("");
        let se: Vec<f64> = (0..self.0.len()).map(|i| pooled.v[(i, i)].sqrt()).collect();
        let stripe = self.stripe();
        let table =
            Table { equations: false, ..Table::of_equations(&stripe, &pooled.b, &se, Some(1.0), level) };
        s.settings.table.degrees = Some(pooled.df.iter().map(|df| finite(*df)).collect());
        table.print(s);
        s.settings.table.degrees = None;
    }
}
