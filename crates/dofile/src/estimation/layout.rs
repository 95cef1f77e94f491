//! Names and estimated positions of the parameters of a model, before and after its fit.

use crate::estimation::post::{Parameters, equation_stripe};
use crate::matrix::Stripe;
use estimators::matrix::Mat;

/// The value on the scale of the search of a parameter that is shown on another one.
type Rescaling = fn(f64) -> f64;

/// Names and estimated positions of the parameters of a model, equation by equation.
#[derive(Default)]
pub struct Layout {
    stripe: Vec<Stripe>,
    estimated: Vec<usize>,
    rescaled: Vec<(usize, Rescaling)>,
    restrictions: Option<Mat>,
}

impl Layout {
    /// Adds an equation.
    pub fn equation(&mut self, name: &str, names: Vec<String>, estimated: &[usize]) -> &mut Self {
        let from = self.stripe.len();
        self.stripe.extend(equation_stripe(name, names));
        self.estimated.extend(estimated.iter().map(|p| p + from));
        self
    }

    /// Adds an ancillary parameter.
    pub fn ancillary(&mut self, name: &str) -> &mut Self {
        self.named(Stripe::with_eq("/", name))
    }

    /// Adds an ancillary parameter that is searched on another scale; `searched` takes its value there.
    pub fn rescaled(&mut self, name: &str, searched: Rescaling) -> &mut Self {
        self.rescaled.push((self.stripe.len(), searched));
        self.ancillary(name)
    }

    /// Adds one estimated parameter under its full name.
    pub fn named(&mut self, stripe: Stripe) -> &mut Self {
        self.estimated.push(self.stripe.len());
        self.stripe.push(stripe);
        self
    }

    /// Adds a parameter that stands as the constant of its own equation.
    pub fn constant(&mut self, equation: &str) -> &mut Self {
        self.named(Stripe::with_eq(equation, "_cons"))
    }

    /// Holds the parameters to constraints of the model itself: a row for each over all names, its target in the last
    /// column.
    pub fn restrict(&mut self, restrictions: Mat) -> &mut Self {
        self.restrictions = Some(restrictions);
        self
    }

    /// Constraints of the model itself.
    pub fn restrictions(&self) -> Option<&Mat> {
        self.restrictions.as_ref()
    }

    /// All names.
    pub fn stripe(&self) -> &[Stripe] {
        &self.stripe
    }

    /// Positions of the estimated parameters among all.
    pub fn estimated(&self) -> &[usize] {
        &self.estimated
    }

    /// How the parameter at a position is searched, where that is on another scale.
    pub fn scale_of(&self, position: usize) -> Option<Rescaling> {
        self.rescaled.iter().find(|r| r.0 == position).map(|r| r.1)
    }

    /// All parameters with their values.
    pub fn parameters(&self, b: &[f64], v: &Mat) -> Parameters {
        Parameters::spread(self.stripe.clone(), &self.estimated, b, v)
    }
}
