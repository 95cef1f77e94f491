//! The command line for people: the real program against a real service.

mod comparisons;
mod credentials;
mod documents;
mod failures;
mod people;
mod runs;
mod uploads;
mod walk;

/// The survey of the examples.
const PAY: &str = include_str!("../../../assets/stata_do_library/datasets/pay.csv");
/// A question that the rules can answer with it.
const QUESTION: &str = "effect of schooling on log pay, controlling for years of work and sex";
