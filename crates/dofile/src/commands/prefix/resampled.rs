//! Results that `bootstrap` and `jackknife` post and show in the same way.

use super::exp_list::Statistic;
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::post::kernel;
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::{top_level_comma, words};
use crate::value::{MISSING, is_missing};
use estimators::wald;

/// The outcome of the replications of a command.
pub(super) struct Resampled<'a> {
    /// Name of the prefix.
    pub prefix: &'static str,
    /// Name of the prefix in titles.
    pub title: &'static str,
    /// The repeated command.
    pub command: &'a str,
    /// The statistics, k of them.
    pub statistics: &'a [Statistic],
    /// Their values in the data.
    pub observed: &'a [f64],
    /// Their covariance, k by k.
    pub v: Vec<f64>,
    /// Their biases.
    pub bias: Vec<f64>,
    /// Number of complete replications.
    pub complete: f64,
    /// Number of failed replications.
    pub failed: f64,
    /// Degrees of freedom of the t distribution; the normal distribution without.
    pub df_r: Option<f64>,
    /// Confidence level in percent.
    pub level: f64,
    /// Rows of the sample.
    pub used: &'a [usize],
    /// Whether the command posted an estimation.
    pub estimated: bool,
}

impl Resampled<'_> {
    /// Returns whether the statistics are the coefficients of the active estimation.
    pub(super) fn is_full(&self) -> bool {
        self.estimated && self.statistics.iter().all(|x| x.coefficient().is_some())
    }

    /// Returns the standard errors.
    pub(super) fn se(&self) -> Vec<f64> {
        let k = self.observed.len();
        (0..k).map(|j| self.v[j * k + j].sqrt()).collect()
    }

    /// Returns the names of the statistics, those of the active coefficients in a full estimation.
    pub(super) fn stripe(&self, s: &Session) -> Vec<Stripe> {
        match s.e.b().filter(|_| self.is_full()) {
            Some(b) => self
                .statistics
                .iter()
                .filter_map(Statistic::coefficient)
                .map(|j| b.col_names[j].clone())
                .collect(),
            None => self.statistics.iter().map(|x| Stripe::term(&x.name)).collect(),
        }
    }

    /// Returns the results: the active estimation with the new covariance, or new ones of the prefix. Lists
    /// show `first` before the other new matrices.
    pub(super) fn estimation(&self, s: &Session, first: Option<(&str, Matrix)>) -> Estimation {
        let (k, full, stripe) = (self.observed.len(), self.is_full(), self.stripe(s));
        let mut est = if full { s.e.clone() } else { Estimation::default() };
        if full && let Some(b) = s.e.b() {
            // omitted and base terms keep their place with a zero variance
            let places: Vec<usize> = self.statistics.iter().filter_map(Statistic::coefficient).collect();
            let mut square = vec![0.0; b.cols() * b.cols()];
            for (i, &p) in places.iter().enumerate() {
                for (j, &q) in places.iter().enumerate() {
                    square[p * b.cols() + q] = self.v[i * k + j];
                }
            }
            est.results.matrix("V", Matrix::square(square, b.col_names.clone()));
        } else {
            est.results.matrix("b", Matrix::row_vector(self.observed.to_vec(), stripe.clone()));
            est.results.matrix("V", Matrix::square(self.v.clone(), stripe.clone()));
            est.results
                .text("cmd", self.prefix)
                .scalar("N", self.used.len() as f64)
                .text("properties", "b V");
        }
        if let Some((name, matrix)) = first {
            est.results.matrix(name, matrix);
        }
        est.results
            .matrix("bias", Matrix::row_vector(self.bias.clone(), stripe.clone()))
            .matrix("se", Matrix::row_vector(self.se(), stripe))
            .scalar("N_reps", self.complete)
            .scalar("N_misreps", self.failed)
            .text("prefix", self.prefix)
            .text("command", self.command)
            .text("vce", self.prefix)
            .text("vcetype", self.title);
        match self.df_r {
            Some(df) => {
                est.results.scalar("df_r", df);
            }
            None => {
                est.results.scalars.remove("df_r");
            }
        }
        if full {
            self.model_test(&mut est);
        }
        est
    }

    /// Replaces the test of the model by the Wald test with the new covariance: all slopes of the equations of the
    /// model, chi-squared or, with degrees of freedom, F.
    fn model_test(&self, est: &mut Estimation) {
        let tested = ["chi2", "F"].iter().any(|name| est.results.get_scalar(name).is_some());
        let (Some(b), Some(v)) = (est.b().cloned(), est.v().map(kernel)) else { return };
        let free = |i: &usize| v[(*i, *i)] > 0.0 && !b.col_names[*i].eq.starts_with('/');
        let mut equations: Vec<&str> =
            (0..b.cols()).filter(free).map(|i| b.col_names[i].eq.as_str()).collect();
        equations.dedup();
        let count = est.results.get_scalar("k_eq_model").unwrap_or(1.0).max(1.0);
        equations.truncate(count as usize);
        let is_slope =
            |i: &usize| b.col_names[*i].name != "_cons" && equations.contains(&b.col_names[*i].eq.as_str());
        let slopes: Vec<usize> = (0..b.cols()).filter(free).filter(is_slope).collect();
        if !tested || slopes.is_empty() {
            return;
        }
        let wald = wald::test_zero(b.values(), &v, &slopes);
        est.results.scalars.remove("chi2");
        est.results.scalars.remove("F");
        match self.df_r {
            Some(_) => est.results.scalar("F", wald.f()),
            None => est.results.scalar("chi2", wald.chi2).text("chi2type", "Wald"),
        };
        est.results.scalar("p", wald.p(self.df_r)).scalar("df_m", wald.df as f64);
    }

    /// The command and the expressions, unless the statistics are the coefficients of a model.
    pub(super) fn legend(&self) -> Vec<String> {
        let mut legend = Vec::new();
        if !self.is_full() {
            legend.push(format!("      Command: {}", self.command));
            for x in self.statistics.iter().filter(|x| x.name != x.text) {
                legend.push(format!("{:>13}: {}", format::abbrev(&x.name, 12), x.text));
            }
            legend.push(String::new());
        }
        legend
    }

    /// Heading of exponentiated coefficients, when the command shows them so.
    fn exponentiated(&self, s: &Session) -> Option<&'static str> {
        let options = top_level_comma(self.command).map_or("", |i| &self.command[i + 1..]);
        let has = |name: &str| words(options).contains(&name);
        let by_option =
            [("or", "Odds ratio"), ("irr", "IRR"), ("rrr", "RRR"), ("eform", "exp(b)"), ("hr", "Haz. ratio")];
        match s.e.cmd() {
            _ if !self.is_full() => None,
            "logistic" if !has("coef") => Some("Odds ratio"),
            "cox" if !has("nohr") => Some("Haz. ratio"),
            "stcrreg" if !has("noshr") => Some("SHR"),
            _ => by_option.iter().find(|(name, _)| has(name)).map(|(_, heading)| *heading),
        }
    }

    /// Whether the table has headings of equations: a model of one equation has none.
    fn shows_equations(&self, stripe: &[Stripe]) -> bool {
        let mut names: Vec<&str> =
            stripe.iter().map(|x| x.eq.as_str()).filter(|eq| !eq.starts_with('/')).collect();
        names.dedup();
        names.len() > usize::from(self.is_full())
            || (!self.is_full() && names.iter().any(|eq| !eq.is_empty()))
    }

    /// Texts and numbers of the header: a model has its title, its test and its fit.
    fn heading(&self, s: &Session) -> (Vec<String>, Vec<Fact>) {
        let results = &s.e.results;
        let title = results.get_text("title").filter(|t| self.is_full() && !t.is_empty());
        let mut left = vec![title.map_or_else(|| format!("{} results", self.title), str::to_string)];
        let mut facts = vec![
            Fact::new("Number of obs", "%15.0gc", self.used.len() as f64),
            Fact::new("Replications", "%15.0gc", self.complete),
        ];
        if !self.is_full() {
            return (left, facts);
        }
        let scalar = |name: &str| results.get_scalar(name).filter(|x| !is_missing(*x));
        let df = scalar("df_m");
        if let (Some(df), Some(chi2)) = (df, scalar("chi2")) {
            facts.push(Fact::statistic("Wald chi2", &[df], chi2));
            facts.push(Fact::probability("Prob > chi2", scalar("p").unwrap_or(MISSING)));
        } else if let (Some(df), Some(df_r), Some(f)) = (df, scalar("df_r"), scalar("F")) {
            facts.push(Fact::statistic("F", &[df, df_r], f));
            facts.push(Fact::probability("Prob > F", scalar("p").unwrap_or(MISSING)));
        }
        for (label, name) in [("R-squared", "r2"), ("Adj R-squared", "r2_a"), ("Pseudo R2", "r2_p")] {
            facts.extend(scalar(name).map(|x| Fact::probability(label, x)));
        }
        if let Some(rmse) = scalar("rmse") {
            facts.push(Fact::root_mse(rmse));
        } else if let Some(ll) = scalar("ll") {
            left.resize(facts.len(), String::new());
            let at = facts.len() - 1;
            left[at] = format!("Log likelihood = {}", format::bare("%10.0g", ll));
        }
        (left, facts)
    }

    /// Posts the results and shows them; `legend` stands below the header.
    pub(super) fn post(&self, s: &mut Session, head: &ParsedCommand, est: Estimation, legend: &[String]) {
        let (stripe, se) = (self.stripe(s), self.se());
        let mut touse = vec![false; s.frame.n_rows()];
        self.used.iter().for_each(|&r| touse[r] = true);
        let heading = self.exponentiated(s);
        let ancillary = stripe.iter().position(|x| x.eq.starts_with('/'));
        let depvar = est.results.get_text("depvar").filter(|_| self.is_full()).unwrap_or("").to_string();
        s.post_estimation(est, touse);
        if !head.has("noheader") {
            s.print("");
            let (left, facts) = self.heading(s);
            show_header(s, &left, &facts, 13, 0);
            s.print("");
            for line in legend {
                s.print(line);
            }
        }
        let table = Table {
            title: &depvar,
            heading: heading.unwrap_or("Coefficient"),
            vce_title: self.title,
            eform: heading.is_some(),
            ancillary_from: ancillary,
            equations: self.shows_equations(&stripe),
            ..Table::of_equations(&stripe, self.observed, &se, self.df_r, self.level)
        };
        if head.has("notable") {
            table.store(s);
        } else {
            table.show(s);
        }
    }
}
