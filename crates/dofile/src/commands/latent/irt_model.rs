//! Parameters of item response models: the free ones that are estimated, those of `e(b)`, which are linear in them, and
//! the ones that `estat report` shows, discriminations and difficulties, with the delta method ([IRT] estat report).

use super::irt_items::{Group, Kind, Response};
use crate::matrix::Stripe;
use estimators::latent::item::{Curve, Item};
use estimators::matrix::Mat;

/// A fitted model.
#[derive(Debug, Clone)]
pub(super) struct IrtState {
    pub groups: Vec<Group>,
    pub responses: Vec<Response>,
    pub items: Vec<Item>,
    /// Free parameters and their covariance.
    pub free: Vec<f64>,
    pub v: Mat,
    /// Points of the quadrature and whether it adapts.
    pub points: usize,
    pub adaptive: bool,
}

/// A parameter of `e(b)`: its name and the free parameters that it is a sum of.
pub(super) struct Coefficient {
    pub stripe: Stripe,
    pub parts: Vec<(usize, f64)>,
    /// A constant part.
    pub fixed: f64,
}

/// Places of the free parameters of a group of items.
#[derive(Default, Clone)]
struct Shared {
    slope: Option<usize>,
    guess: Option<usize>,
    steps: Vec<usize>,
}

/// Items with the places of their parameters, starting values and the coefficients of `e(b)`.
pub(super) struct Layout {
    pub items: Vec<Item>,
    pub start: Vec<f64>,
    pub coefficients: Vec<Coefficient>,
}

struct Builder<'a> {
    groups: &'a [Group],
    shared: Vec<Shared>,
    out: Layout,
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

/// Shares of the categories of an item, and the sign of its correlation with the other items.
pub(super) struct Start {
    pub shares: Vec<f64>,
    pub sign: f64,
}

impl Layout {
    /// Lays out the parameters; `starts` describes the answers to each item.
    pub(super) fn new(groups: &[Group], responses: &[Response], starts: &[Start]) -> Self {
        let out = Self { items: Vec::new(), start: Vec::new(), coefficients: Vec::new() };
        let mut builder = Builder { groups, shared: vec![Shared::default(); groups.len()], out };
        for (response, start) in responses.iter().zip(starts) {
            builder.item(response, start);
        }
        let variance = Stripe::with_eq("/", "var(Theta)");
        builder.out.coefficients.push(Coefficient { stripe: variance, parts: Vec::new(), fixed: 1.0 });
        builder.out
    }
}

impl Builder<'_> {
    fn free(&mut self, start: f64) -> usize {
        self.out.start.push(start);
        self.out.start.len() - 1
    }

    fn slope(&mut self, response: &Response, start: f64) -> usize {
        if !self.groups[response.group].kind.shares_slope() {
            return self.free(start);
        }
        match self.shared[response.group].slope {
            Some(place) => place,
            None => {
                let place = self.free(1.0);
                self.shared[response.group].slope = Some(place);
                place
            }
        }
    }

    fn named(&mut self, eq: &str, name: &str, parts: Vec<(usize, f64)>) {
        let stripe = Stripe::with_eq(eq, name);
        self.out.coefficients.push(Coefficient { stripe, parts, fixed: 0.0 });
    }

    fn item(&mut self, response: &Response, start: &Start) {
        match self.groups[response.group].kind {
            Kind::OnePl | Kind::TwoPl => self.binary(response, start),
            Kind::ThreePl => self.guessed(response, start),
            Kind::Graded => self.graded(response, start),
            Kind::Nominal => self.nominal(response, start),
            Kind::PartialCredit | Kind::Generalized => self.credit(response, start),
            Kind::RatingScale => self.rating(response, start),
        }
    }

    fn push(&mut self, categories: usize, curve: Curve, places: Vec<usize>) {
        self.out.items.push(Item { categories, curve, places });
    }

    fn binary(&mut self, response: &Response, start: &Start) {
        let slope = self.slope(response, start.sign);
        let constant = self.free(1.2 * logit(start.shares[1]));
        self.named(&response.name, "Theta", vec![(slope, 1.0)]);
        self.named(&response.name, "_cons", vec![(constant, 1.0)]);
        let curve = Curve::Utility {
            slopes: vec![vec![0.0, 1.0], vec![0.0, 0.0]],
            constants: vec![vec![0.0, 0.0], vec![0.0, 1.0]],
        };
        self.push(2, curve, vec![slope, constant]);
    }

    fn guessed(&mut self, response: &Response, start: &Start) {
        let slope = self.slope(response, start.sign);
        // the share above a guessing probability of 0.1
        let above = ((start.shares[1] - 0.1) / 0.9).clamp(0.05, 0.95);
        let constant = self.free(1.2 * logit(above));
        let group = response.group;
        let known = self.shared[group].guess.filter(|_| !self.groups[group].separate);
        let guess = known.unwrap_or_else(|| self.free(logit(0.1)));
        self.shared[group].guess = Some(guess);
        self.named(&response.name, "Theta", vec![(slope, 1.0)]);
        self.named(&response.name, "_cons", vec![(constant, 1.0)]);
        self.named(&response.name, "logitguess", vec![(guess, 1.0)]);
        self.push(2, Curve::Guessed, vec![slope, constant, guess]);
    }

    fn graded(&mut self, response: &Response, start: &Start) {
        let slope = self.slope(response, start.sign);
        self.named(&response.name, "Theta", vec![(slope, 1.0)]);
        let mut places = vec![slope];
        let mut below = 0.0;
        for k in 1..response.values.len() {
            below += start.shares[k - 1];
            let cut = self.free(1.2 * logit(below));
            self.named(&format!("/{}", response.name), &format!("cut{k}"), vec![(cut, 1.0)]);
            places.push(cut);
        }
        self.push(response.values.len(), Curve::Graded, places);
    }

    /// Coefficients of the categories after the first one.
    fn categories(
        &mut self,
        response: &Response,
        slopes: &[Vec<(usize, f64)>],
        constants: &[Vec<(usize, f64)>],
    ) {
        for (k, value) in response.values.iter().enumerate().skip(1) {
            let equation = format!("{value}.{}", response.name);
            self.named(&equation, "Theta", slopes[k].clone());
            self.named(&equation, "_cons", constants[k].clone());
        }
    }

    /// A utility curve from the parts of its categories.
    fn utility(
        &mut self,
        response: &Response,
        slopes: &[Vec<(usize, f64)>],
        constants: &[Vec<(usize, f64)>],
    ) {
        self.categories(response, slopes, constants);
        let mut places: Vec<usize> = slopes.iter().chain(constants).flatten().map(|p| p.0).collect();
        places.sort_unstable();
        places.dedup();
        let loading = |parts: &[Vec<(usize, f64)>]| -> Vec<Vec<f64>> {
            let of =
                |place: &usize, k: &Vec<(usize, f64)>| k.iter().filter(|p| p.0 == *place).map(|p| p.1).sum();
            places.iter().map(|place| parts.iter().map(|k| of(place, k)).collect()).collect()
        };
        let curve = Curve::Utility { slopes: loading(slopes), constants: loading(constants) };
        self.push(response.values.len(), curve, places);
    }

    fn odds(&self, start: &Start, k: usize) -> f64 {
        1.2 * (start.shares[k] / start.shares[0]).ln()
    }

    fn nominal(&mut self, response: &Response, start: &Start) {
        let (mut slopes, mut constants) = (vec![Vec::new()], vec![Vec::new()]);
        for k in 1..response.values.len() {
            slopes.push(vec![(self.free(0.7 * start.sign * k as f64), 1.0)]);
            constants.push(vec![(self.free(self.odds(start, k)), 1.0)]);
        }
        self.utility(response, &slopes, &constants);
    }

    fn credit(&mut self, response: &Response, start: &Start) {
        let slope = self.slope(response, 0.7 * start.sign);
        let (mut slopes, mut constants) = (vec![Vec::new()], vec![Vec::new()]);
        for k in 1..response.values.len() {
            slopes.push(vec![(slope, k as f64)]);
            constants.push(vec![(self.free(self.odds(start, k)), 1.0)]);
        }
        self.utility(response, &slopes, &constants);
    }

    fn rating(&mut self, response: &Response, start: &Start) {
        let slope = self.slope(response, 1.0);
        let last = response.values.len() - 1;
        let own = self.free(self.odds(start, last) / last as f64);
        if self.shared[response.group].steps.is_empty() {
            let steps = (2..=last).map(|_| self.free(0.0)).collect();
            self.shared[response.group].steps = steps;
        }
        let steps = self.shared[response.group].steps.clone();
        let (mut slopes, mut constants) = (vec![Vec::new()], vec![Vec::new()]);
        for k in 1..=last {
            slopes.push(vec![(slope, k as f64)]);
            let mut parts = vec![(own, k as f64)];
            // the first distance between categories is part of the item
            parts.extend(k.checked_sub(2).map(|step| (steps[step], 1.0)));
            constants.push(parts);
        }
        self.utility(response, &slopes, &constants);
    }
}

impl Coefficient {
    /// Value at free parameters.
    pub(super) fn value(&self, free: &[f64]) -> f64 {
        self.fixed + self.parts.iter().map(|(place, factor)| factor * free[*place]).sum::<f64>()
    }
}

/// Covariance of the coefficients.
pub(super) fn covariance(coefficients: &[Coefficient], v: &Mat) -> Mat {
    let size = v.rows();
    let map = Mat::from_fn(coefficients.len(), size, |i, j| {
        coefficients[i].parts.iter().filter(|p| p.0 == j).map(|p| p.1).sum()
    });
    map.sandwich(v)
}
