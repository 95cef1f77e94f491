//! A fitted latent class model, the names of its parameters in `e(b)`, and probabilities with the delta method.

use crate::error::{Result, StataError};
use crate::matrix::Stripe;
use crate::session::Session;
use estimators::latent::classes::Classes;
use estimators::matrix::Mat;
use std::sync::Arc;

/// The category of each item in each row or pattern, from 0; `None` for a missing answer.
pub(super) type Answers = Vec<Vec<Option<usize>>>;

/// An item: its variable and the values of its categories.
#[derive(Debug, Clone)]
pub(super) struct ClassItem {
    pub name: String,
    pub binary: bool,
    pub values: Vec<f64>,
}

/// A fitted model.
#[derive(Debug, Clone)]
pub(super) struct ClassState {
    /// Name of the class variable.
    pub name: String,
    pub classes: usize,
    pub items: Vec<ClassItem>,
    /// Logits and their covariance, in the order of the kernel.
    pub b: Vec<f64>,
    pub v: Mat,
    pub probabilities: Classes,
    /// Patterns with their weights, when no answer is missing.
    pub patterns: Option<(Answers, Vec<f64>)>,
}

/// State of the active results; r(301) when they are not those of latent classes.
pub(super) fn state(s: &Session) -> Result<Arc<ClassState>> {
    let held = s.e.extra.clone().and_then(|e| e.downcast::<ClassState>().ok());
    held.ok_or_else(|| {
        StataError::new(
            301,
            "last estimates not found: gsem with lclass() must be the last estimation command",
        )
    })
}

impl ClassState {
    /// First logit of an item in a class, in the order of the kernel.
    pub(super) fn place(&self, class: usize, item: usize) -> usize {
        let own: usize = self.items.iter().map(|i| i.values.len() - 1).sum();
        let before: usize = self.items[..item].iter().map(|i| i.values.len() - 1).sum();
        self.classes - 1 + class * own + before
    }
}

/// Names of `e(b)`, and the place of each parameter of the kernel among them. As in Stata, the class equations come
/// first, then each item with its classes.
pub(super) fn stripes(state: &ClassState) -> (Vec<Stripe>, Vec<usize>) {
    let mut stripe = vec![Stripe::with_eq(format!("1b.{}", state.name), "_cons")];
    let mut places = vec![0; state.b.len()];
    for class in 1..state.classes {
        places[class - 1] = stripe.len();
        stripe.push(Stripe::with_eq(format!("{}.{}", class + 1, state.name), "_cons"));
    }
    for (i, item) in state.items.iter().enumerate() {
        for (k, value) in item.values.iter().enumerate().skip(1) {
            let equation = if item.binary { item.name.clone() } else { format!("{value}.{}", item.name) };
            for class in 0..state.classes {
                places[state.place(class, i) + k - 1] = stripe.len();
                stripe.push(Stripe::with_eq(equation.clone(), format!("{}.{}", class + 1, state.name)));
            }
        }
    }
    (stripe, places)
}

/// A probability with its name and its derivatives in the parameters of the kernel.
pub(super) struct Probability {
    pub class: usize,
    pub name: Stripe,
    pub value: f64,
    pub slope: Vec<f64>,
}

/// Derivatives of `p[k]` in logits that begin at a place.
fn slope(p: &[f64], k: usize, at: usize, size: usize) -> Vec<f64> {
    let mut out = vec![0.0; size];
    for a in 1..p.len() {
        out[at + a - 1] = p[k] * (f64::from(u8::from(a == k)) - p[a]);
    }
    out
}

/// Probabilities of the classes.
pub(super) fn shares(state: &ClassState) -> Vec<Probability> {
    let p = &state.probabilities.shares;
    let of = |class: usize| Probability {
        class,
        name: Stripe::term(format!("{}.{}", class + 1, state.name)),
        value: p[class],
        slope: slope(p, class, 0, state.b.len()),
    };
    (0..state.classes).map(of).collect()
}

/// Probabilities of the answers in each class: of a one for binary items, of every category for others.
pub(super) fn means(state: &ClassState) -> Vec<Probability> {
    let mut out = Vec::new();
    for class in 0..state.classes {
        for (i, item) in state.items.iter().enumerate() {
            let p = &state.probabilities.items[class][i];
            for k in usize::from(item.binary)..item.values.len() {
                let name =
                    if item.binary { item.name.clone() } else { format!("{}.{}", item.values[k], item.name) };
                out.push(Probability {
                    class,
                    name: Stripe::with_eq(format!("{}.{}", class + 1, state.name), name),
                    value: p[k],
                    slope: slope(p, k, state.place(class, i), state.b.len()),
                });
            }
        }
    }
    out
}

/// Covariance of probabilities.
pub(super) fn covariance(rows: &[Probability], v: &Mat) -> Mat {
    Mat::from_fn(rows.len(), v.rows(), |i, j| rows[i].slope[j]).sandwich(v)
}
