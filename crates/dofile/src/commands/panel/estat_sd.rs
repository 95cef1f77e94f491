//! `estat sd`: variances and covariances of random effects as standard deviations and correlations, after `mixed` and the
//! models of `melogit` and its kin ([ME] estat sd).

use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters as Stored;
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use estimators::matrix::Mat;
use estimators::wald;

/// How the limits of a parameter are computed.
#[derive(Clone, Copy)]
enum Scale {
    /// On the log scale.
    Log,
    /// On the scale of the inverse hyperbolic tangent.
    Tanh,
    /// None: fixed effects.
    Plain,
}

/// Parameters after the transformation with the derivatives in the stored ones.
struct Shown {
    names: Vec<Stripe>,
    values: Vec<f64>,
    slopes: Vec<Vec<f64>>,
    scales: Vec<Scale>,
}

impl Shown {
    fn add(&mut self, name: Stripe, value: f64, slopes: Vec<f64>, scale: Scale) {
        self.names.push(name);
        self.values.push(value);
        self.slopes.push(slopes);
        self.scales.push(scale);
    }
}

/// Runs `estat sd [, variance verbose level(#)]`.
///
/// # Errors
/// r(301) without estimates; r(198) for other options; r(321) after models without random effects.
pub(crate) fn sd(session: &mut Session, call: &Call) -> Result<()> {
    let specs = [OptSpec::flag("VARiance"), OptSpec::flag("VERBose"), OptSpec::real("Level")];
    let options = call.options(&specs, &["POST", "COEFLegend"])?;
    let level = options.real("level").unwrap_or(session.settings.level);
    if !(10.0..=99.99).contains(&level) {
        return Err(StataError::new(198, "level() must be between 10 and 99.99 inclusive"));
    }
    super::mixed_post::one_level(session)?;
    let stored = Stored::of(&session.e)?;
    let variances = options.has("variance");
    let shown = if session.e.cmd() == "mixed" {
        logarithms(session, &stored, variances)
    } else {
        variances_of(&stored, variances)
    };
    let (k, size) = (shown.values.len(), stored.b.len());
    let jacobian = Mat::from_fn(k, size, |i, j| shown.slopes[i][j]);
    let v = jacobian.sandwich(&stored.v);
    let critical = wald::critical(level, None);
    let limits: Vec<(f64, f64)> = (0..k).map(|i| interval(&shown, i, v[(i, i)].sqrt(), critical)).collect();
    print(session, &shown, &v, &limits, (level, options.has("verbose")));
    let mut r = Results::default();
    let cells: Vec<f64> = shown
        .values
        .iter()
        .copied()
        .chain((0..k).map(|i| stata(v[(i, i)].sqrt())))
        .chain(limits.iter().map(|l| stata(l.0)))
        .chain(limits.iter().map(|l| stata(l.1)))
        .collect();
    let mut table = Matrix::new(4, k, cells);
    table.row_names = ["b", "se", "ll", "ul"].map(Stripe::term).to_vec();
    table.col_names.clone_from(&shown.names);
    r.scalar("level", level).matrix("b", Matrix::row_vector(shown.values.clone(), shown.names.clone()));
    r.matrix("V", Matrix::square(v.data().to_vec(), shown.names.clone())).matrix("table", table);
    session.r = r;
    Ok(())
}

fn interval(shown: &Shown, i: usize, se: f64, critical: f64) -> (f64, f64) {
    let value = shown.values[i];
    match shown.scales[i] {
        Scale::Plain => (value - critical * se, value + critical * se),
        Scale::Log => {
            let half = critical * se / value;
            (value * (-half).exp(), value * half.exp())
        }
        Scale::Tanh => {
            let half = critical * se / (1.0 - value * value);
            ((value.atanh() - half).tanh(), (value.atanh() + half).tanh())
        }
    }
}

/// `mixed` stores logarithms of standard deviations and inverse hyperbolic tangents of correlations.
fn logarithms(session: &Session, stored: &Stored, variances: bool) -> Shown {
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
    let effects: Vec<String> = text("revars").split(' ').map(String::from).collect();
    let (group, depvar) = (text("ivars"), text("depvar"));
    let at = |eq: &str| stored.stripe.iter().position(|s| s.eq == eq);
    let size = stored.b.len();
    let mut shown = Shown { names: Vec::new(), values: Vec::new(), slopes: Vec::new(), scales: Vec::new() };
    fixed(&mut shown, stored, |s| s.eq == depvar);
    let power = if variances { 2.0 } else { 1.0 };
    let word = if variances { "var" } else { "sd" };
    let spread = |shown: &mut Shown, name: String, position: usize| {
        let value = (power * stored.b[position]).exp();
        let mut slopes = vec![0.0; size];
        slopes[position] = power * value;
        shown.add(Stripe::with_eq("/", name), value, slopes, Scale::Log);
    };
    let place = |i: usize| at(&format!("lns1_1_{}", i + 1)).or_else(|| at("lns1_1_1")).unwrap_or(0);
    for (i, name) in effects.iter().enumerate() {
        if let Some(position) = at(&format!("lns1_1_{}", i + 1)) {
            spread(&mut shown, format!("{word}({name}[{group}])"), position);
        }
    }
    for i in 0..effects.len() {
        for j in i + 1..effects.len() {
            let Some(position) = at(&format!("atr1_1_{}_{}", i + 1, j + 1)) else { continue };
            let r = stored.b[position].tanh();
            let mut slopes = vec![0.0; size];
            let (value, scale) = if variances {
                let size = (stored.b[place(i)] + stored.b[place(j)]).exp();
                (slopes[place(i)], slopes[place(j)]) = (r * size, r * size);
                slopes[position] = size * (1.0 - r * r);
                (r * size, Scale::Plain)
            } else {
                slopes[position] = 1.0 - r * r;
                (r, Scale::Tanh)
            };
            let word = if variances { "cov" } else { "corr" };
            let name = format!("{word}({}[{group}],{}[{group}])", effects[i], effects[j]);
            shown.add(Stripe::with_eq("/", name), value, slopes, scale);
        }
    }
    if let Some(position) = at("lnsig_e") {
        spread(&mut shown, format!("{word}(e.{depvar})"), position);
    }
    shown
}

/// Fixed effects come first, unchanged.
fn fixed(shown: &mut Shown, stored: &Stored, own: impl Fn(&Stripe) -> bool) {
    for (i, name) in stored.stripe.iter().enumerate().filter(|(_, s)| own(s)) {
        let mut slopes = vec![0.0; stored.b.len()];
        slopes[i] = 1.0;
        shown.add(name.clone(), stored.b[i], slopes, Scale::Plain);
    }
}

/// `melogit` and its kin store variances and covariances.
fn variances_of(stored: &Stored, variances: bool) -> Shown {
    let mut shown = Shown { names: Vec::new(), values: Vec::new(), slopes: Vec::new(), scales: Vec::new() };
    let of = |s: &Stripe, word: &str| {
        let inner = s.name.strip_prefix(word)?.strip_prefix('(')?.strip_suffix(')')?;
        (s.eq == "/").then(|| inner.to_string())
    };
    let random = |s: &Stripe| of(s, "var").is_some() || of(s, "cov").is_some();
    fixed(&mut shown, stored, |s| !random(s));
    let place = |name: &str| stored.stripe.iter().position(|s| of(s, "var").as_deref() == Some(name));
    for (i, name) in stored.stripe.iter().enumerate() {
        let mut slopes = vec![0.0; stored.b.len()];
        let value = stored.b[i];
        if variances && random(name) {
            slopes[i] = 1.0;
            let scale = if of(name, "var").is_some() { Scale::Log } else { Scale::Plain };
            shown.add(name.clone(), value, slopes, scale);
        } else if let Some(effect) = of(name, "var") {
            slopes[i] = 0.5 / value.sqrt();
            shown.add(Stripe::with_eq("/", format!("sd({effect})")), value.sqrt(), slopes, Scale::Log);
        } else if let Some(pair) = of(name, "cov") {
            let Some((a, b)) = pair.split_once(',') else { continue };
            let (Some(a), Some(b)) = (place(a), place(b)) else { continue };
            let r = value / (stored.b[a] * stored.b[b]).sqrt();
            slopes[i] = r / value;
            (slopes[a], slopes[b]) = (-0.5 * r / stored.b[a], -0.5 * r / stored.b[b]);
            shown.add(Stripe::with_eq("/", format!("corr({pair})")), r, slopes, Scale::Tanh);
        }
    }
    shown
}

fn print(session: &mut Session, shown: &Shown, v: &Mat, limits: &[(f64, f64)], (level, all): (f64, bool)) {
    let rule = format!("-----------------------------+{}", "-".repeat(48));
    session.print("");
    session.print("-".repeat(78));
    session.print(format!(
        "{:>28} |   Estimate   Std. err.     [{}% conf. interval]",
        "",
        format::bare("%5.0g", level)
    ));
    session.print(&rule);
    for (i, name) in shown.names.iter().enumerate() {
        if !all && matches!(shown.scales[i], Scale::Plain) && !name.name.starts_with("cov(") {
            continue;
        }
        let cell = |x: f64| format::number("%9.0g", stata(x));
        session.print(format!(
            "{:>28} |  {}  {}     {}   {}",
            format::abbrev(&name.name, 28),
            cell(shown.values[i]),
            cell(v[(i, i)].sqrt()),
            cell(limits[i].0),
            cell(limits[i].1)
        ));
    }
    session.print("-".repeat(78));
}
