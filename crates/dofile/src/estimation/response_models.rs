//! Predictions after the models of limited outcomes, generalised linear models and random-effects panel
//! models, as formulas of their linear indices. `margins` differentiates them, `predict` evaluates them.

use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::response::Response;
pub use crate::estimation::response_mixed::is_mixed;
use crate::estimation::response_mixed::{self, over_effect};
use crate::estimation::truncated_normal::{mean_between, mean_censored, probability};
use crate::estimation::{response_counts, response_pairs, response_shares, response_survival};
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number};
use estimators::jet::Jet;
use estimators::ml_glm::GlmLink;
use estimators::ml_zero::{ln_above, negative_binomial, poisson};

/// The prediction asked for, when the active estimates are of a model that is handled here.
pub fn of(session: &Session, parameters: &Parameters, asked: &str) -> Option<Result<Response>> {
    let cmd = session.e.cmd().to_string();
    let model = Models { session, parameters, asked };
    if session.e.results.get_text("cmd2") == Some("streg") {
        return Some(response_survival::of(&model));
    }
    if let Some(found) = response_counts::of(&model, &cmd) {
        return Some(found);
    }
    match cmd.as_str() {
        "tobit" | "truncreg" | "intreg" => Some(model.censored(&cmd)),
        "regress" if ["pr(", "e(", "ystar("].iter().any(|p| asked.starts_with(p)) => Some(model.normal()),
        "heckman" => Some(model.heckman()),
        "glm" | "binreg" | "ppml" | "xtgee" => Some(model.glm()),
        "cloglog" => Some(model.share("pr", "Pr")),
        "fracreg" if model.session.e.results.get_text("estimator") != Some("hetprobit") => {
            Some(model.share("cm", "Conditional mean of"))
        }
        // probabilities of counts are those of poisson
        "cpoisson" if !asked.starts_with("pr(") => Some(model.censored_count()),
        "zip" | "zinb" => Some(model.inflated(cmd == "zinb")),
        "tpoisson" | "tnbreg" => Some(model.truncated_count(cmd == "tnbreg")),
        "xtlogit" | "xtprobit" | "xtcloglog" | "clogit" => Some(model.panel_binary(&cmd)),
        "fmlogit" => Some(response_shares::share(&model)),
        "twopm" => Some(response_shares::two_parts(&model)),
        "oglm" => Some(response_shares::scaled_order(&model)),
        "ivpoisson" => Some(model.exponential()),
        "xtpoisson" | "xtnbreg" => Some(model.panel_count()),
        "mixed" | "frontier" | "xtivreg" | "xtabond" | "xtdpdsys" | "sureg" | "reg3" | "mvreg" | "cnsreg"
        | "rreg" | "xtgls" | "xtpcse" | "xtrc" | "xtfrontier" | "rologit" | "cmrologit" => {
            Some(model.linear())
        }
        // the default is another statistic
        "eregress" | "eprobit" if model.asked == "xb" => Some(model.linear()),
        "eregress" | "eprobit" => Some(Err(model.refuse())),
        _ => response_pairs::of(&model, &cmd),
    }
}

/// The predictions that `margins` takes where these are not those of `predict`.
pub fn of_margins(session: &Session, parameters: &Parameters, asked: &str) -> Option<Result<Vec<Response>>> {
    response_mixed::of_margins(&Models { session, parameters, asked }, session.e.cmd())
}

/// A request for a prediction after the active estimates.
pub(super) struct Models<'a> {
    /// The state.
    pub session: &'a Session,
    /// Their parameters.
    pub parameters: &'a Parameters,
    /// The statistic, empty for the default.
    pub asked: &'a str,
}

impl Models<'_> {
    /// Positions of the parameters of an equation by its number.
    pub(super) fn positions(&self, number: usize) -> Vec<usize> {
        self.parameters.equations().get(number).map_or_else(Vec::new, |e| self.parameters.positions(e))
    }

    /// Position of an ancillary parameter, alone.
    pub(super) fn ancillary(&self, name: &str) -> Vec<usize> {
        (0..self.parameters.b.len()).filter(|i| self.parameters.stripe[*i].name == name).collect()
    }

    /// The outcome.
    pub(super) fn depvar(&self) -> &str {
        self.session.e.results.get_text("depvar").unwrap_or("")
    }

    /// The error of an unknown statistic.
    pub(super) fn refuse(&self) -> StataError {
        let cmd = self.session.e.cmd();
        StataError::new(198, format!("statistic {} is not allowed after {cmd}, or not supported", self.asked))
    }

    /// The linear prediction of the first equation, or of that of `equation()`.
    pub(super) fn linear(&self) -> Result<Response> {
        let rest = self.asked.strip_prefix("xb").unwrap_or(self.asked).trim();
        let positions = match rest {
            "" => self.positions(0),
            _ => self.equation(rest)?,
        };
        let mixed = self.session.e.cmd() == "mixed";
        let label = if mixed { "Linear prediction, fixed portion" } else { "Linear prediction" };
        Ok(Response::formula::<1>(label, self.asked, [positions], |[x]| x))
    }

    /// Positions of the parameters of `equation(name)` or `equation(#)`.
    fn equation(&self, text: &str) -> Result<Vec<usize>> {
        let (option, inner) = text.split_once('(').ok_or_else(|| self.refuse())?;
        let name = inner.strip_suffix(')').filter(|_| abbreviates(option.trim(), "EQuation"));
        let name = name.ok_or_else(|| self.refuse())?.trim();
        let number = name.strip_prefix('#').and_then(|n| n.trim().parse::<usize>().ok());
        let found = match number {
            Some(n) => self.positions(n.wrapping_sub(1)),
            None => self.parameters.positions(name),
        };
        if found.is_empty() {
            return Err(StataError::new(303, format!("equation {name} not found")));
        }
        Ok(found)
    }

    /// The two limits of `pr(a,b)` and its relatives; `.` is open.
    pub(super) fn limits(&self, name: &str) -> Option<Result<(f64, f64)>> {
        let inner = self.asked.strip_prefix(name)?.trim().strip_prefix('(')?.strip_suffix(')')?;
        let Some((a, b)) = inner.split_once(',') else {
            return Some(Err(StataError::invalid(format!("{name}() needs two limits"))));
        };
        let read = |t: &str, open: f64| match t.trim() {
            "." => Ok(open),
            t => parse_number(t)
                .ok_or_else(|| StataError::unsupported_option("predict", &format!("{name}({inner})"))),
        };
        Some(read(a, f64::NEG_INFINITY).and_then(|a| Ok((a, read(b, f64::INFINITY)?))))
    }

    fn censored(&self, cmd: &str) -> Result<Response> {
        // with regressors the scale is an equation of its own
        let scale = match self.session.e.results.get_text("het") {
            Some(_) if cmd == "intreg" => self.positions(1),
            _ => vec![self.parameters.b.len() - 1],
        };
        let indices = [self.positions(0), scale];
        let sigma = match cmd {
            "tobit" => |s: Jet<2>| s.powf(0.5),
            "truncreg" => |s: Jet<2>| s,
            _ => |s: Jet<2>| s.exp(),
        };
        if let Some(limits) = self.limits("pr") {
            let (a, b) = limits?;
            return Ok(Response::formula("Pr", self.asked, indices, move |[x, s]| {
                probability(a, b, x, sigma(s))
            }));
        }
        if let Some(limits) = self.limits("ystar") {
            let (a, b) = limits?;
            return Ok(Response::formula("E(y*)", self.asked, indices, move |[x, s]| {
                mean_censored(a, b, x, sigma(s))
            }));
        }
        if let Some(limits) = self.limits("e") {
            let (a, b) = limits?;
            return Ok(Response::formula("E(y|a<y<b)", self.asked, indices, move |[x, s]| {
                mean_between(a, b, x, sigma(s))
            }));
        }
        self.linear()
    }

    /// `pr(a,b)`, `e(a,b)` and `ystar(a,b)` after a linear regression, with the root mean squared error, and of the outcome
    /// of a selection model, whose sigma is a parameter or, in two steps, a result: the errors are normal.
    fn normal(&self) -> Result<Response> {
        let scalar = |name: &str| self.session.e.results.get_scalar(name);
        let fixed = Jet::<2>::constant(scalar("rmse").or(scalar("sigma")).unwrap_or(f64::NAN));
        let scale = self.ancillary("lnsigma");
        let estimated = !scale.is_empty();
        let indices = [self.positions(0), scale];
        let made = |label: &str, limits: Result<(f64, f64)>, f: fn(f64, f64, Jet<2>, Jet<2>) -> Jet<2>| {
            let (a, b) = limits?;
            Ok(Response::formula(label, self.asked, indices.clone(), move |[x, s]| {
                f(a, b, x, if estimated { s.exp() } else { fixed })
            }))
        };
        if let Some(limits) = self.limits("pr") {
            return made("Pr", limits, probability);
        }
        if let Some(limits) = self.limits("ystar") {
            return made("E(y*)", limits, mean_censored);
        }
        match self.limits("e") {
            Some(limits) => made("E(y|a<y<b)", limits, mean_between),
            None => Err(self.refuse()),
        }
    }

    fn heckman(&self) -> Result<Response> {
        if ["pr(", "e(", "ystar("].iter().any(|p| self.asked.starts_with(p)) {
            return self.normal();
        }
        let two_step = self.session.e.results.get_text("method") == Some("two-step");
        let last = self.parameters.b.len() - 1;
        // The slope of the Mills ratio: one parameter, or sigma tanh(athrho) from two.
        let (third, fourth) = if two_step { (vec![last], Vec::new()) } else { (vec![last - 1], vec![last]) };
        // Predictions of the selection do not need the regressors of the outcome.
        let selection = matches!(self.asked, "xbsel" | "psel" | "mills" | "nshazard");
        let outcome = if selection { Vec::new() } else { self.positions(0) };
        let indices = [outcome, self.positions(1), third, fourth];
        let lambda = move |a: Jet<4>, s: Jet<4>| if two_step { a } else { a.tanh() * s.exp() };
        let made = |label: &str, f: fn(Jet<4>, Jet<4>, Jet<4>, Jet<4>) -> Jet<4>| {
            Ok(Response::formula(label, self.asked, indices.clone(), move |[x, z, a, s]| {
                f(x, z, lambda(a, s), (z.ln_density() - z.ln_normal()).exp())
            }))
        };
        match self.asked {
            "" | "xb" => self.linear(),
            "xbsel" => made("Linear prediction of selection", |_, z, _, _| z),
            "psel" => made("Pr(selected)", |_, z, _, _| z.normal()),
            "mills" | "nshazard" => made("Nonselection hazard", |_, _, _, m| m),
            "ycond" => made("E(y|Zg>0)", |x, _, l, m| x + l * m),
            "yexpected" => made("E(y*|Pr(select))", |x, z, l, _| z.normal() * x + l * z.density()),
            _ => Err(self.refuse()),
        }
    }

    fn glm(&self) -> Result<Response> {
        let link = stored_link(self.session).ok_or_else(|| self.refuse())?;
        let trials = match self.session.e.results.get_text("m") {
            None => 1.0,
            Some(text) => parse_number(text)
                .ok_or_else(|| StataError::unsupported_option("predict", "mu with a variable of trials"))?,
        };
        match self.asked {
            "" | "mu" => Ok(Response::formula::<1>(
                &format!("Predicted mean {}", self.depvar()),
                self.asked,
                [self.positions(0)],
                move |[x]| link.mean(x) * trials,
            )),
            "xb" => self.linear(),
            _ => Err(self.refuse()),
        }
    }

    fn share(&self, statistic: &str, label: &str) -> Result<Response> {
        let link = self.session.e.results.get_text("estimator").unwrap_or("").to_string();
        if self.asked == "xb" {
            return self.linear();
        }
        if !self.asked.is_empty() && self.asked != statistic {
            return Err(self.refuse());
        }
        let label = if statistic == "pr" {
            format!("{label}({})", self.depvar())
        } else {
            format!("{label} {}", self.depvar())
        };
        Ok(Response::formula::<1>(&label, self.asked, [self.positions(0)], move |[x]| match link.as_str() {
            "logit" => x.logistic(),
            "probit" => x.normal(),
            _ => (-x.exp()).one_minus_exp(),
        }))
    }

    fn inflated(&self, _: bool) -> Result<Response> {
        let probit = self.session.e.results.get_text("inflate") == Some("probit");
        let indices = [self.positions(0), self.positions(1)];
        let zero = move |z: Jet<2>| if probit { z.normal() } else { z.logistic() };
        match self.asked {
            "" | "n" | "ir" => {
                Ok(Response::formula("Predicted number of events", self.asked, indices, move |[x, z]| {
                    x.exp() * zero(-z)
                }))
            }
            "pr" => Ok(Response::formula(
                "Probability of a degenerate zero",
                self.asked,
                indices,
                move |[_, z]| zero(z),
            )),
            "xb" => self.linear(),
            _ => Err(self.refuse()),
        }
    }

    fn truncated_count(&self, nb: bool) -> Result<Response> {
        let limit = self.session.e.results.get_scalar("llopt").unwrap_or(0.0);
        match self.asked {
            "" | "n" | "ir" => Ok(Response::formula::<1>(
                "Predicted number of events",
                self.asked,
                [self.positions(0)],
                |[x]| x.exp(),
            )),
            "cm" => {
                let indices = [self.positions(0), if nb { self.ancillary("lnalpha") } else { Vec::new() }];
                Ok(Response::formula("Conditional mean of n > ll", self.asked, indices, move |[x, a]| {
                    let p = |k: f64| if nb { negative_binomial(k, x, a) } else { poisson(k, x) };
                    let mut mean = x.exp();
                    let mut j = 1.0;
                    while j <= limit {
                        mean = mean - p(j).exp() * j;
                        j += 1.0;
                    }
                    mean / ln_above(limit, p).exp()
                }))
            }
            "xb" => self.linear(),
            _ => Err(self.refuse()),
        }
    }

    fn panel_binary(&self, cmd: &str) -> Result<Response> {
        let curve: fn(Jet<2>) -> Jet<2> = match cmd {
            "xtprobit" => |x| x.normal(),
            "xtcloglog" => |x| (-x.exp()).one_minus_exp(),
            _ => |x| x.logistic(),
        };
        let scale = self.ancillary("lnsig2u");
        let indices = [self.positions(0), scale.clone()];
        match self.asked {
            "" | "xb" => self.linear(),
            "pu0" => Ok(Response::formula(
                &format!("Pr({}=1 | u=0)", self.depvar()),
                self.asked,
                indices,
                move |[x, _]| curve(x),
            )),
            "pr" if !scale.is_empty() => {
                let label = format!("Pr({}=1)", self.depvar());
                Ok(Response::formula(&label, self.asked, indices, move |[x, s]| {
                    over_effect(x, s.exp(), curve)
                }))
            }
            _ => Err(self.refuse()),
        }
    }

    fn exponential(&self) -> Result<Response> {
        match self.asked {
            "" | "n" => Ok(Response::formula::<1>(
                "Predicted number of events",
                self.asked,
                [self.positions(0)],
                |[x]| x.exp(),
            )),
            _ => self.linear(),
        }
    }

    fn censored_count(&self) -> Result<Response> {
        let label = match self.asked {
            "" | "n" => "Predicted number of events",
            "ir" => "Predicted incidence rate",
            _ => return self.linear(),
        };
        Ok(Response::formula::<1>(label, self.asked, [self.positions(0)], |[x]| x.exp()))
    }

    fn panel_count(&self) -> Result<Response> {
        match self.asked {
            "" | "xb" => self.linear(),
            "nu0" | "iru0" => Ok(Response::formula::<1>(
                "Predicted number of events, u = 0",
                self.asked,
                [self.positions(0)],
                |[x]| x.exp(),
            )),
            _ => Err(self.refuse()),
        }
    }
}

/// The link of active `glm` results.
pub fn stored_link(session: &Session) -> Option<GlmLink> {
    link_of(session.e.results.get_text("link")?)
}

/// The link of a text in `e(link)`.
pub(super) fn link_of(text: &str) -> Option<GlmLink> {
    Some(match text.split_once(' ').map_or(text, |t| t.0) {
        "identity" => GlmLink::Identity,
        "log" => GlmLink::Log,
        "logit" => GlmLink::Logit,
        "probit" => GlmLink::Probit,
        "cloglog" => GlmLink::Cloglog,
        "loglog" => GlmLink::Loglog,
        "logc" => GlmLink::Logc,
        "power" => GlmLink::Power(text.split_once(' ')?.1.parse().ok()?),
        _ => return None,
    })
}
