//! `mixed, dfmethod()`: t and F statistics of the fixed effects with denominator degrees of freedom ([ME] mixed, "Small-sample
//! inference for fixed effects").

use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show};
use crate::estimation::model::Model;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, front_and_options, words};
use crate::value::{MISSING, is_missing};
use estimators::distributions::f_tail;
use estimators::matrix::Mat;
use estimators::mixed::{Effects, Mixed, MixedFit};
use estimators::mixed_degrees::{Fitted, LARGEST_GROUP, SmallSample};
use estimators::wald;

/// How degrees of freedom are found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Residual,
    Satterthwaite,
    Kroger,
}

/// The method and whether it takes the expected information of the variance parameters.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    method: Method,
    expected: bool,
}

impl Method {
    /// Names in `e(dfmethod)` and `e(dftitle)`.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Residual => ("residual", "Residual"),
            Self::Satterthwaite => ("satterthwaite", "Satterthwaite"),
            Self::Kroger => ("kroger", "Kenward–Roger"),
        }
    }
}

impl Asked {
    /// The option of a command line.
    ///
    /// # Errors
    /// r(198) for words that it does not have, without REML, and with a robust covariance; r(199) for methods that
    /// need balanced designs, and with residual structures.
    pub(super) fn of(cmd: &ParsedCommand, robust: bool) -> Result<Option<Self>> {
        let Some(text) = cmd.options.text("dfmethod") else { return Ok(None) };
        let (name, own) = front_and_options(text);
        let is = |full: &str, least: usize| name.len() >= least && full.starts_with(name);
        let method = match () {
            () if is("residual", 3) => Method::Residual,
            () if is("satterthwaite", 3) => Method::Satterthwaite,
            () if is("kroger", 2) => Method::Kroger,
            () if is("repeated", 3) || is("anova", 5) => {
                return Err(StataError::unsupported_option("mixed", &format!("dfmethod({name})")));
            }
            () => return Err(StataError::invalid("option dfmethod() incorrectly specified")),
        };
        let expected = match words(own).as_slice() {
            [] | ["eim"] => true,
            ["oim"] => false,
            [other, ..] => return Err(StataError::option_not_allowed(other)),
        };
        if !own.is_empty() && method == Method::Residual {
            return Err(StataError::option_not_allowed(own));
        }
        if robust {
            return Err(StataError::invalid("dfmethod() is not allowed with robust variances"));
        }
        if method != Method::Residual && !cmd.has("reml") {
            let text = format!("dfmethod({}) requires restricted maximum likelihood (REML) estimation", name);
            return Err(StataError::invalid(text));
        }
        if cmd.options.text("residuals").is_some() {
            return Err(StataError::unsupported_option("mixed", "dfmethod() with residuals()"));
        }
        Ok(Some(Self { method, expected }))
    }
}

/// Degrees of freedom of the fixed effects and the test of all but the constant.
pub(super) struct Degrees {
    asked: Asked,
    /// One for each estimated fixed effect.
    each: Vec<f64>,
    /// Their covariance by Kenward and Roger.
    adjusted: Option<Mat>,
    f: f64,
    denominator: f64,
}

/// The fitted model in the order of the kernel.
pub(super) struct Kernel<'a> {
    pub(super) x: &'a [&'a [f64]],
    pub(super) effects: &'a [Effects<'a>],
    pub(super) mixed: &'a Mixed,
    pub(super) fit: &'a MixedFit,
}

impl Degrees {
    /// # Errors
    /// r(199) for groups whose covariance matrix would be too large, r(504) for singular matrices.
    pub(super) fn of(asked: Asked, model: &Model, kernel: &Kernel<'_>) -> Result<Self> {
        let Kernel { x, effects, mixed, fit } = *kernel;
        let p = x.len();
        let tested = p - 1;
        let (b, v) = (&fit.profile.b, &fit.profile.v);
        let wald_f = |v: &Mat| {
            let test = wald::test_zero(b, v, &(0..tested).collect::<Vec<_>>());
            if test.df == 0 { MISSING } else { test.f() }
        };
        if asked.method == Method::Residual {
            let df = mixed.n - p as f64;
            return Ok(Self { asked, each: vec![df; p], adjusted: None, f: wald_f(v), denominator: df });
        }
        if effects[0].rows.iter().any(|rows| rows.len() > LARGEST_GROUP) {
            let what = format!("dfmethod() with groups of more than {LARGEST_GROUP} observations");
            return Err(StataError::unsupported_option("mixed", &what));
        }
        let free: Vec<bool> = (0..fit.theta.len()).map(|i| fit.v_theta[(i, i)] > 0.0).collect();
        let singular = || StataError::new(504, "the information of the variance parameters is singular");
        let roots = mixed.roots(&fit.theta).ok_or_else(singular)?;
        let s2 = (2.0 * fit.theta[mixed.sigma_at(&fit.theta)]).exp();
        let fitted = Fitted { y: &model.y, x, effects, roots: &roots, free: &free, s2 };
        let small = SmallSample::of(&fitted, asked.expected).ok_or_else(singular)?;
        let row = |i: usize| Mat::from_fn(1, p, |_, j| f64::from(u8::from(i == j)));
        let all = Mat::from_fn(tested, p, |i, j| f64::from(u8::from(i == j)));
        let finite = |x: f64| if x.is_finite() { x } else { MISSING };
        if asked.method == Method::Satterthwaite {
            let each = (0..p).map(|i| small.satterthwaite(&row(i)).map_or(MISSING, finite)).collect();
            let denominator = (tested > 0).then(|| small.satterthwaite(&all)).flatten();
            let denominator = denominator.map_or(MISSING, finite);
            return Ok(Self { asked, each, adjusted: None, f: wald_f(v), denominator });
        }
        let each =
            (0..p).map(|i| small.kenward_roger(&row(i)).map_or(MISSING, |(df, _)| finite(df))).collect();
        let adjusted = small.adjusted();
        let joint = (tested > 0).then(|| small.kenward_roger(&all)).flatten();
        let (denominator, factor) = joint.map_or((MISSING, MISSING), |(df, factor)| (finite(df), factor));
        let f = match wald_f(&adjusted) {
            f if is_missing(f) || is_missing(factor) => MISSING,
            f => factor * f,
        };
        Ok(Self { asked, each, adjusted: Some(adjusted), f, denominator })
    }

    /// Stores the degrees and the F statistic instead of chi-squared.
    pub(super) fn store(&self, results: &mut Results, model: &Model, df_m: f64) {
        let names = model.names();
        let stripe: Vec<Stripe> =
            names.iter().map(|n| Stripe { eq: model.depvar.clone(), name: n.clone() }).collect();
        let places = model.estimated();
        let mut each = vec![MISSING; names.len()];
        places.iter().zip(&self.each).for_each(|(at, df)| each[*at] = *df);
        let known: Vec<f64> = self.each.iter().copied().filter(|df| !is_missing(*df)).collect();
        let count = known.len() as f64;
        let (mut low, mut mean, mut high) = (MISSING, MISSING, MISSING);
        if !known.is_empty() {
            low = known.iter().copied().fold(f64::INFINITY, f64::min);
            high = known.iter().copied().fold(0.0, f64::max);
            mean = known.iter().sum::<f64>() / count;
        }
        results.scalar("df_min", low).scalar("df_avg", mean).scalar("df_max", high);
        let tested = df_m > 0.0 && !is_missing(self.f) && !is_missing(self.denominator);
        let p = if tested { f_tail(df_m, self.denominator, self.f) } else { MISSING };
        results.remove("chi2");
        results.scalar("F", if tested { self.f } else { MISSING });
        results.scalar("ddf_m", self.denominator).scalar("p", p);
        let (name, title) = self.asked.method.names();
        results.text("dfmethod", name).text("dftitle", title).text("chi2type", "F");
        if self.asked.method != Method::Residual {
            results.text("optmetric", if self.asked.expected { "eim" } else { "oim" });
        }
        let mut matrix = Matrix::new(1, each.len(), each);
        matrix.col_names.clone_from(&stripe);
        results.matrix("df", matrix);
        if let Some(v) = &self.adjusted {
            let whole = crate::estimation::post::spread_square(names.len(), &places, v);
            results.matrix("V_df", Matrix::square(whole.data().to_vec(), stripe));
        }
    }
}

/// The stored degrees of the fixed effects; nothing without `dfmethod()`.
pub(super) fn stored(session: &Session) -> Option<Vec<Option<f64>>> {
    session.e.results.get_text("dfmethod")?;
    let each = session.e.results.matrices.get("df")?;
    Some(each.values().iter().map(|df| (!is_missing(*df)).then_some(*df)).collect())
}

/// The lines of the method and its degrees, and the test of the model instead of chi-squared.
pub(super) fn test_lines(session: &mut Session, label: usize, width: usize) -> [Fact; 2] {
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
    let title = session.e.results.get_text("dftitle").unwrap_or("").to_string();
    let test = [
        Fact::new(
            format!("F({},{})", scalar("df_m"), format::number("%9.2f", scalar("ddf_m"))),
            "%9.2f",
            scalar("F"),
        ),
        Fact::probability("Prob > F", scalar("p")),
    ];
    let degrees = [
        Fact::new("DF:          min", "%10.2fc", scalar("df_min")),
        Fact::new("             avg", "%10.2fc", scalar("df_avg")),
        Fact::new("             max", "%10.2fc", scalar("df_max")),
    ];
    show(session, &[format!("DF method: {title}")], &degrees, label, width);
    test
}
