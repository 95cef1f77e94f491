//! Pieces of models with several equations: lists with options of their own, equations of a likelihood, tests of the
//! slopes of all equations, and rows of derived parameters below the table.

use crate::error::Result;
use crate::estimation::derived::derived_row;
use crate::estimation::layout::Layout;
use crate::estimation::model::Model;
use crate::estimation::post;
use crate::estimation::sample::Side;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::front_and_options;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::ml::{Equation, MlFit};
use estimators::wald;

/// A list of regressors with its own options: `varlist, noconstant offset(v)`.
pub(super) struct Listed {
    /// The regressors.
    pub list: FvList,
    /// Whether the equation has a constant.
    pub constant: bool,
    /// Variable of a term with coefficient one.
    pub offset: Option<usize>,
}

impl Listed {
    /// Reads the text of an option or an equation of `command`.
    pub(super) fn parse(session: &Session, command: &str, text: &str) -> Result<Self> {
        let (body, tail) = front_and_options(text);
        let specs = [OptSpec::flag("noCONstant"), OptSpec::text("OFFset")];
        let options = Options::parse(command, tail, &specs, &[])?;
        let list = FvList::parse(&session.frame, body, session.settings.varabbrev)?;
        let offset = options.text("offset").map(|v| session.numeric_variable(v)).transpose()?;
        Ok(Self { list, constant: !options.has("noconstant"), offset })
    }

    /// Takes rows with missing values out of a sample.
    pub(super) fn markout(&self, session: &Session, touse: &mut [bool]) -> Result<()> {
        self.list.markout(&session.frame, touse)?;
        session.markout(self.offset.as_slice(), touse, false)
    }

    /// The equation in the rows of a sample, collinear regressors omitted with a note.
    pub(super) fn part(&self, session: &mut Session, name: &str, touse: &[bool]) -> Result<Part> {
        let (side, omitted) = Side::build(session, &self.list, touse, self.constant)?;
        post::note_omitted(session, &omitted);
        let shift = self
            .offset
            .map(|v| side.design.rows.iter().map(|r| session.frame.num_at(v, *r)).collect::<Vec<f64>>());
        Ok(Part { name: name.to_string(), side, shift })
    }
}

/// One equation of a sample.
pub(super) struct Part {
    /// Its name in `e(b)`.
    pub name: String,
    /// Its regressors.
    pub side: Side,
    /// A term with coefficient one.
    pub shift: Option<Vec<f64>>,
}

impl Part {
    /// The linear index of a likelihood.
    pub(super) fn equation(&self) -> Equation<'_> {
        Equation { columns: self.side.columns(), constant: self.side.constant, offset: self.shift.as_deref() }
    }

    /// Names its parameters behind those of a layout.
    pub(super) fn add_to<'a>(&self, layout: &'a mut Layout) -> &'a mut Layout {
        layout.equation(&self.name, self.side.names(), &self.side.estimated())
    }

    /// Number of parameters.
    pub(super) fn width(&self) -> usize {
        self.equation().len()
    }
}

/// The linear index of the first equation of a model.
pub(super) fn first<'a>(model: &'a Model, slopes: bool, shift: Option<&'a [f64]>) -> Equation<'a> {
    let columns = if slopes { model.columns() } else { Vec::new() };
    Equation { columns, constant: model.constant, offset: shift }
}

/// An index that is one parameter.
pub(super) fn single() -> Equation<'static> {
    Equation { columns: Vec::new(), constant: true, offset: None }
}

/// Positions of the slopes of equations of the given widths; the last parameter of each is its constant where the
/// flag says so.
pub(super) fn slopes_of(equations: &[(usize, bool)]) -> Vec<usize> {
    let mut out = Vec::new();
    let mut from = 0;
    for (width, constant) in equations {
        out.extend(from..from + width - usize::from(*constant));
        from += width;
    }
    out
}

/// A scalar of the active results.
pub(super) fn scalar(session: &Session, name: &str) -> f64 {
    session.e.results.get_scalar(name).unwrap_or(MISSING)
}

/// A text of the active results.
pub(super) fn text(session: &Session, name: &str) -> String {
    session.e.results.get_text(name).unwrap_or("").to_string()
}

/// Prints the test of one hypothesis below a table: its name on the left, its p-value at the right margin.
pub(super) fn test_line(session: &mut Session, name: &str, df: f64, chi2: f64, p: f64) {
    test_line_as(session, name, df, &format::bare("%8.2f", chi2), p);
}

/// The same with the statistic as the command prints it.
pub(super) fn test_line_as(session: &mut Session, name: &str, df: f64, chi2: &str, p: f64) {
    if session.e.results.get_text("prefix") == Some("svy") {
        return;
    }
    let left = format!("{name}: chi2({}) = {}", format::bare("%9.0g", df), chi2.trim_start());
    let right = format!("Prob > chi2 = {}", format::bare("%6.4f", p));
    session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.chars().count())));
}

/// Stores the test that the parameters of a modelled scale are zero: a Wald test when asked for or under constraints, a
/// likelihood-ratio test against the model with one scale otherwise ([R] hetprobit).
pub(super) fn store_scale_test(results: &mut Results, fit: &MlFit, scales: &[usize], ll_c: f64, wald: bool) {
    let (kind, chi2) = if wald || fit.constrained.is_some() {
        ("Wald", wald::test_zero(&fit.b, &fit.v, scales).chi2)
    } else {
        ("LR", (2.0 * (fit.ll - ll_c)).max(0.0))
    };
    let df = scales.len() as f64;
    results.text("chi2_ct", kind).scalar("ll_c", ll_c);
    results.scalar("chi2_c", chi2).scalar("df_m_c", df).scalar("p_c", chi2_tail(df, chi2));
}

/// Prints that test below the table.
pub(super) fn scale_footer(session: &mut Session, equation: &str) {
    if session.e.results.get_text("chi2_ct").is_none() {
        return;
    }
    let name = format!("{} test of {equation}=0", text(session, "chi2_ct"));
    let [df, chi2, p] = ["df_m_c", "chi2_c", "p_c"].map(|n| scalar(session, n));
    test_line(session, &name, df, chi2, p);
}

/// Rows of rho, sigma and lambda below the table of a model with two correlated errors. With the parameters athrho and
/// lnsigma their limits are those of the parameters, transformed; lambda has symmetric ones ([R] heckman).
pub(super) fn selection_rows(session: &mut Session) {
    let Some(b) = session.e.b().cloned() else {
        return;
    };
    let place = |name: &str| b.col_names.iter().position(|s| s.eq == "/" && s.name == name);
    let number = |x: f64| format::number("%9.0g", x);
    let (Some(a), Some(l)) = (place("athrho"), place("lnsigma")) else {
        // two steps: the estimates alone
        session.print(format!("{:>12} |  {}", "rho", format::number("%9.5f", scalar(session, "rho"))));
        session.print(format!("{:>12} | {}", "sigma", format::number("%10.0g", scalar(session, "sigma"))));
        return;
    };
    let level = session.r.get_scalar("level").unwrap_or(session.settings.level);
    derived_row(session, "rho", a, level, f64::tanh, |x| 1.0 - x.tanh().powi(2));
    derived_row(session, "sigma", l, level, f64::exp, f64::exp);
    let (lambda, se) = (scalar(session, "lambda"), scalar(session, "selambda"));
    let reach = wald::critical(level, session.e.results.get_scalar("df_r")) * se;
    session.print(format!(
        "{:>12} |  {}  {} {:>8}   {:>5}    {}   {}",
        "lambda",
        number(lambda),
        number(se),
        "",
        "",
        number(lambda - reach),
        number(lambda + reach)
    ));
}
