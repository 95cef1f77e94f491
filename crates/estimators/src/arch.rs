//! Regressions whose error variance follows its own past: ARCH, GARCH, threshold and exponential GARCH, ARCH in mean,
//! with ARMA errors ([TS] arch, Methods and formulas; Engle 1982, Bollerslev 1986, Nelson 1991, Glosten, Jagannathan
//! and Runkle 1993). `arch_fit` maximises the likelihood.
//!
//! Before the sample the errors are zero; their squares and the variances are the mean squared error of the
//! regression with its ARMA terms at the current parameters, without the variance in the mean.

/// Distribution of the standardised errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Errors {
    /// Normal.
    Normal,
    /// Student's t with these degrees of freedom; without them the last parameter is `ln(df - 2)`.
    Student(Option<f64>),
    /// Generalised error with this shape; without it the last parameter is the log of the shape.
    Generalised(Option<f64>),
}

impl Errors {
    /// Whether the last parameter of the model is the shape.
    pub fn estimated(self) -> bool {
        matches!(self, Self::Student(None) | Self::Generalised(None))
    }
}

/// Lags of the terms of a model.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Autoregressive errors.
    pub ar: Vec<usize>,
    /// Moving-average errors.
    pub ma: Vec<usize>,
    /// Whether the variance enters the mean.
    pub in_mean: bool,
    /// Squared errors.
    pub arch: Vec<usize>,
    /// Variances.
    pub garch: Vec<usize>,
    /// Squared positive errors.
    pub tarch: Vec<usize>,
    /// Standardised errors and their sizes (exponential GARCH).
    pub earch: Vec<usize>,
    /// Logs of variances (exponential GARCH).
    pub egarch: Vec<usize>,
}

impl Terms {
    /// Whether the log of the variance is modelled.
    pub fn exponential(&self) -> bool {
        !self.earch.is_empty() || !self.egarch.is_empty()
    }

    /// Number of parameters after those of the regression, the constant of the variance included.
    pub fn size(&self) -> usize {
        usize::from(self.in_mean)
            + self.ar.len()
            + self.ma.len()
            + self.arch.len()
            + self.garch.len()
            + self.tarch.len()
            + 2 * self.earch.len()
            + self.egarch.len()
            + 1
    }
}

/// A model. Parameters: regressors, variance in the mean, AR, MA, ARCH, GARCH, TARCH, EARCH (both of each lag),
/// EGARCH, constant of the variance, shape.
pub struct Arch<'a> {
    /// Outcome in the order of time, without gaps.
    pub y: &'a [f64],
    /// Regressors, the constant included.
    pub columns: Vec<&'a [f64]>,
    /// Terms.
    pub terms: Terms,
    /// Distribution.
    pub errors: Errors,
}

/// Errors, variances and one-step predictions at parameters.
pub struct Path {
    /// Errors.
    pub errors: Vec<f64>,
    /// Variances.
    pub variances: Vec<f64>,
    /// One-step predictions of the outcome.
    pub predictions: Vec<f64>,
}

/// A number with its derivatives in the parameters; with a width of zero, the number alone.
#[derive(Clone)]
struct Sum {
    value: f64,
    slope: Vec<f64>,
}

impl Sum {
    fn new(value: f64, width: usize) -> Self {
        Self { value, slope: vec![0.0; width] }
    }

    /// Adds `scale` times a number, with its derivatives.
    fn add(&mut self, scale: f64, value: f64, slope: &[f64]) {
        self.value += scale * value;
        self.slope.iter_mut().zip(slope).for_each(|(s, d)| *s += scale * d);
    }

    /// Adds parameter `at` times a quantity, whose derivatives are a sum of rows with factors.
    fn term(&mut self, (at, b): (usize, f64), quantity: f64, parts: &[(f64, &[f64])]) {
        self.value += b * quantity;
        if let Some(own) = self.slope.get_mut(at) {
            *own += quantity;
        }
        for (factor, row) in parts {
            self.slope.iter_mut().zip(*row).for_each(|(s, d)| *s += b * factor * d);
        }
    }
}

/// A series with the derivatives of each value.
pub(super) struct Track {
    pub(super) value: Vec<f64>,
    slope: Vec<f64>,
    width: usize,
}

impl Track {
    fn new(n: usize, width: usize) -> Self {
        Self { value: Vec::with_capacity(n), slope: Vec::with_capacity(n * width), width }
    }

    fn push(&mut self, sum: &Sum) {
        self.value.push(sum.value);
        self.slope.extend(&sum.slope);
    }

    /// Derivatives of value `t`.
    pub(super) fn row(&self, t: usize) -> &[f64] {
        &self.slope[t * self.width..(t + 1) * self.width]
    }
}

/// Positions of the first parameter of each group.
struct Layout {
    in_mean: usize,
    ar: usize,
    ma: usize,
    arch: usize,
    garch: usize,
    tarch: usize,
    earch: usize,
    egarch: usize,
    constant: usize,
}

impl Layout {
    fn new(regressors: usize, terms: &Terms) -> Self {
        let ar = regressors + usize::from(terms.in_mean);
        let ma = ar + terms.ar.len();
        let arch = ma + terms.ma.len();
        let garch = arch + terms.arch.len();
        let tarch = garch + terms.garch.len();
        let earch = tarch + terms.tarch.len();
        let egarch = earch + 2 * terms.earch.len();
        let constant = egarch + terms.egarch.len();
        Self { in_mean: regressors, ar, ma, arch, garch, tarch, earch, egarch, constant }
    }
}

/// Mean of the size of a standard normal variable, which centres the sizes of exponential GARCH.
fn expected_size() -> f64 {
    (2.0 / std::f64::consts::PI).sqrt()
}

impl Arch<'_> {
    /// Number of parameters.
    pub fn size(&self) -> usize {
        self.columns.len() + self.terms.size() + usize::from(self.errors.estimated())
    }

    /// Residual of the regression in row `t`.
    fn residual(&self, b: &[f64], t: usize, width: usize) -> Sum {
        let mut out = Sum::new(self.y[t], width);
        for (j, column) in self.columns.iter().enumerate() {
            out.value -= b[j] * column[t];
            if let Some(slope) = out.slope.get_mut(j) {
                *slope = -column[t];
            }
        }
        out
    }

    /// An error: the disturbance without its autoregressive and moving-average parts.
    fn error(&self, b: &[f64], at: &Layout, disturbances: &Track, errors: &Track, own: &Sum) -> Sum {
        let t = errors.value.len();
        let mut past = Sum::new(0.0, own.slope.len());
        let groups = [(&self.terms.ar, at.ar, disturbances), (&self.terms.ma, at.ma, errors)];
        for (lags, first, track) in groups {
            for (i, lag) in lags.iter().enumerate().filter(|(_, lag)| **lag <= t) {
                let s = t - lag;
                past.term((first + i, b[first + i]), track.value[s], &[(1.0, track.row(s))]);
            }
        }
        let mut out = own.clone();
        out.add(-1.0, past.value, &past.slope);
        out
    }

    /// Mean squared error of the regression with its ARMA terms: the values before the sample.
    fn before(&self, b: &[f64], at: &Layout, width: usize) -> Sum {
        let n = self.y.len();
        let (mut disturbances, mut errors) = (Track::new(n, width), Track::new(n, width));
        let mut out = Sum::new(0.0, width);
        for t in 0..n {
            let own = self.residual(b, t, width);
            disturbances.push(&own);
            let error = self.error(b, at, &disturbances, &errors, &own);
            let e = error.value;
            out.value += e * e / n as f64;
            out.slope.iter_mut().zip(&error.slope).for_each(|(s, d)| *s += 2.0 * e * d / n as f64);
            errors.push(&error);
        }
        out
    }

    /// The variance of row `t`, or its log in exponential models, from the rows before.
    fn variance(&self, b: &[f64], at: &Layout, start: &Sum, errors: &Track, variances: &Track) -> Sum {
        let (terms, t) = (&self.terms, variances.value.len());
        let own = |first: usize, i: usize| (first + i, b[first + i]);
        let mut out = Sum::new(0.0, start.slope.len());
        out.term(own(at.constant, 0), 1.0, &[]);
        for (i, lag) in terms.arch.iter().enumerate() {
            match t.checked_sub(*lag) {
                Some(s) => {
                    let e = errors.value[s];
                    out.term(own(at.arch, i), e * e, &[(2.0 * e, errors.row(s))]);
                }
                None => out.term(own(at.arch, i), start.value, &[(1.0, &start.slope)]),
            }
        }
        for (i, lag) in terms.garch.iter().enumerate() {
            match t.checked_sub(*lag) {
                Some(s) => out.term(own(at.garch, i), variances.value[s], &[(1.0, variances.row(s))]),
                None => out.term(own(at.garch, i), start.value, &[(1.0, &start.slope)]),
            }
        }
        for (i, lag) in terms.tarch.iter().enumerate().filter(|(_, lag)| **lag <= t) {
            let e = errors.value[t - lag].max(0.0);
            out.term(own(at.tarch, i), e * e, &[(2.0 * e, errors.row(t - lag))]);
        }
        for (i, lag) in terms.earch.iter().enumerate().filter(|(_, lag)| **lag <= t) {
            let s = t - lag;
            let (e, v) = (errors.value[s], variances.value[s]);
            let (z, sign) = (e / v.sqrt(), if e < 0.0 { -1.0 } else { 1.0 });
            let (by_e, by_v) = (1.0 / v.sqrt(), -0.5 * z / v);
            out.term(own(at.earch, 2 * i), z, &[(by_e, errors.row(s)), (by_v, variances.row(s))]);
            let slopes = [(sign * by_e, errors.row(s)), (sign * by_v, variances.row(s))];
            out.term(own(at.earch, 2 * i + 1), z.abs() - expected_size(), &slopes);
        }
        for (i, lag) in terms.egarch.iter().enumerate() {
            let (v, slope) = match t.checked_sub(*lag) {
                Some(s) => (variances.value[s], variances.row(s)),
                None => (start.value, &start.slope[..]),
            };
            out.term(own(at.egarch, i), v.ln(), &[(1.0 / v, slope)]);
        }
        out
    }

    /// Errors and variances at parameters, with their derivatives when these are asked for; nothing where a variance
    /// is not positive.
    pub(super) fn tracks(&self, b: &[f64], derivatives: bool) -> Option<(Track, Track)> {
        let (n, width) = (self.y.len(), if derivatives { b.len() } else { 0 });
        let at = Layout::new(self.columns.len(), &self.terms);
        let start = self.before(b, &at, width);
        let (mut disturbances, mut errors, mut variances) =
            (Track::new(n, width), Track::new(n, width), Track::new(n, width));
        for t in 0..n {
            let mut v = self.variance(b, &at, &start, &errors, &variances);
            if self.terms.exponential() {
                v.value = v.value.exp();
                v.slope.iter_mut().for_each(|s| *s *= v.value);
            }
            if !(v.value > 0.0 && v.value.is_finite()) {
                return None;
            }
            let mut own = self.residual(b, t, width);
            if self.terms.in_mean {
                let mut shift = Sum::new(0.0, width);
                shift.term((at.in_mean, b[at.in_mean]), v.value, &[(1.0, &v.slope)]);
                own.add(-1.0, shift.value, &shift.slope);
            }
            disturbances.push(&own);
            let error = self.error(b, &at, &disturbances, &errors, &own);
            errors.push(&error);
            variances.push(&v);
        }
        Some((errors, variances))
    }

    /// The path at parameters; nothing where a variance is not positive.
    pub fn path(&self, b: &[f64]) -> Option<Path> {
        let (errors, variances) = self.tracks(b, false)?;
        let predictions = self.y.iter().zip(&errors.value).map(|(y, e)| y - e).collect();
        Some(Path { errors: errors.value, variances: variances.value, predictions })
    }

    /// Start of the search: least squares, autocorrelations of its residuals, and an even share of the variance for
    /// the terms.
    pub fn start(&self, regression: &[f64]) -> Vec<f64> {
        let terms = &self.terms;
        let raw: Vec<f64> = (0..self.y.len()).map(|t| self.residual(regression, t, 0).value).collect();
        let s2 = raw.iter().map(|u| u * u).sum::<f64>() / raw.len() as f64;
        let mut b = regression.to_vec();
        b.extend(vec![0.0; usize::from(terms.in_mean)]);
        // with zeros, autoregressive and moving-average terms of the same lag are not identified
        let product =
            |lag: usize| raw.iter().zip(&raw[lag.min(raw.len())..]).map(|(a, b)| a * b).sum::<f64>();
        b.extend(terms.ar.iter().map(|lag| product(*lag) / product(0) / terms.ar.len() as f64));
        b.extend(vec![0.0; terms.ma.len()]);
        let share = |total: f64, count: usize| vec![total / count.max(1) as f64; count];
        b.extend(share(0.2, terms.arch.len()));
        b.extend(share(0.5, terms.garch.len()));
        b.extend(vec![0.0; terms.tarch.len()]);
        b.extend([0.0, 0.1].repeat(terms.earch.len()));
        b.extend(share(0.7, terms.egarch.len()));
        let rest = |empty: bool, share: f64| if empty { 0.0 } else { share };
        b.push(if terms.exponential() {
            (1.0 - rest(terms.egarch.is_empty(), 0.7)) * s2.ln()
        } else {
            (1.0 - rest(terms.arch.is_empty(), 0.2) - rest(terms.garch.is_empty(), 0.5)) * s2
        });
        match self.errors {
            Errors::Student(None) => b.push(8.0_f64.ln()),
            Errors::Generalised(None) => b.push(1.5_f64.ln()),
            _ => {}
        }
        b
    }
}
