//! Options of `test` about more than the joint test: `mtest()`, `df()`, `nosvyadjust`, `matvlc()` ([R] test).

use super::estat_effects::{adjust, title_of_adjustment};
use super::test::Statistic;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::linear_form::LinearForm;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use estimators::matrix::Mat;

/// The options.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// Method of `mtest()`.
    pub(super) method: Option<String>,
    /// Degrees of freedom of the denominator.
    pub(super) df: Option<f64>,
    /// No adjustment for the design of a survey.
    pub(super) plain: bool,
    /// Name of the matrix for the covariance of the restrictions.
    pub(super) matvlc: Option<String>,
}

impl Extras {
    /// Reads an option; false where it is none of these.
    pub(super) fn read(&mut self, name: &str, argument: Option<&str>) -> Result<bool> {
        let argument = argument.map(str::trim);
        match (name, argument) {
            ("mtest" | "mtes" | "mte" | "mt" | "m", _) => {
                self.method = Some(argument.filter(|m| !m.is_empty()).unwrap_or("noadjust").to_string());
            }
            ("df", Some(text)) => {
                let df: f64 = text.parse().map_err(|_| StataError::invalid("option df() invalid"))?;
                if df <= 0.0 {
                    return Err(StataError::invalid("option df() invalid"));
                }
                self.df = Some(df);
            }
            (n, None) if n.len() > 4 && "nosvyadjust".starts_with(n) => self.plain = true,
            (n, Some(text)) if n.len() > 3 && "matvlc".starts_with(n) => self.matvlc = Some(text.to_string()),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Prints the test of each restriction and the joint one, with p-values adjusted by the method; stores r(mtest).
pub(super) fn show(
    session: &mut Session,
    each: &[Statistic],
    all: &Statistic,
    method: &str,
    results: &mut Results,
) -> Result<()> {
    let p: Vec<f64> = each.iter().map(|t| t.p).collect();
    let adjusted = adjust(method, &p)?;
    let first = &each[0];
    let heading = match first.df_r {
        Some(df_r) => format!("F(df,{})", format::bare("%9.0g", df_r)),
        None => "chi2".to_string(),
    };
    let line = |name: &str, test: &Statistic, p: f64, mark: &str| {
        let (value, p) = (format::bare("%12.2f", test.value), format::bare("%6.4f", p));
        format!("{name:>6} |{:>12}{:>7}{p:>11}{mark}", value.trim(), test.df)
    };
    let rule = format!("-------+{}", "-".repeat(31));
    session.print("-".repeat(39));
    session.print(format!("       |{heading:>12}{:>7}{:>8}", "df", "p"));
    session.print(&rule);
    for (i, test) in each.iter().enumerate() {
        session.print(line(&format!("({}) ", i + 1), test, adjusted[i], " #"));
    }
    session.print(&rule);
    session.print(line("all ", all, all.p, ""));
    session.print("-".repeat(39));
    let (name, footer) = title_of_adjustment(method);
    session.print(format!("{footer:>39}"));
    let plain = name == "noadjust";
    let width = if plain { 3 } else { 4 };
    let row = |i: usize| [each[i].value, each[i].df, p[i], adjusted[i]].into_iter().take(width);
    let mut matrix = Matrix::new(each.len(), width, (0..each.len()).flat_map(row).collect());
    matrix.row_names = (1..=each.len()).map(|i| Stripe::term(format!("r{i}"))).collect();
    let statistic = if first.df_r.is_some() { "F" } else { "chi2" };
    matrix.col_names = [statistic, "df", "p", "adjustp"][..width].iter().map(|n| Stripe::term(*n)).collect();
    results.matrix("mtest", matrix).text("mtmethod", name);
    Ok(())
}

/// Keeps the covariance of the restrictions as a matrix.
pub(super) fn keep_covariance(
    session: &mut Session,
    name: &str,
    forms: &[LinearForm],
    parameters: &Parameters,
) -> Result<()> {
    if !crate::frame::is_valid_name(name) {
        return Err(StataError::invalid(format!("matvlc({name}) invalid")));
    }
    let r = Mat::from_fn(forms.len(), parameters.b.len(), |i, j| forms[i].weights[j]);
    let v = r.sandwich(&parameters.v);
    let names = (1..=forms.len()).map(|i| Stripe::term(format!("c{i}"))).collect();
    session.matrices.insert(name.to_string(), Matrix::square(v.data().to_vec(), names).into());
    Ok(())
}
