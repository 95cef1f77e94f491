//! Declarations of the generalised linear models with random effects; `me.rs` runs them.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::me::run;
use estimators::ml_random_outcomes::Curve;

/// The outcome of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Zero and one.
    Zero,
    /// A count.
    Poisson,
    /// A count with mean dispersion.
    NegativeBinomial,
    /// Ordered categories.
    Ordered,
    /// A number that may be censored, of `me_censored`.
    Censored,
    /// A survival time, of `mestreg`; the second of the words is the name of its further parameter.
    Survival,
}

/// One of the commands.
pub(super) struct Kind {
    /// `e(cmd)`.
    pub name: &'static str,
    /// Its outcome.
    pub family: Family,
    /// Curve between index and probability.
    pub curve: Curve,
    /// Title of the output.
    pub title: &'static str,
    /// The model without effects.
    pub without: &'static str,
    /// `e(family)` and `e(link)`.
    pub words: (&'static str, &'static str),
}

/// The commands with their outcomes.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "melogit",
        family: Family::Zero,
        curve: Curve::Logit,
        title: "Mixed-effects logistic regression",
        without: "logistic model",
        words: ("binomial", "logit"),
    },
    Kind {
        name: "meprobit",
        family: Family::Zero,
        curve: Curve::Probit,
        title: "Mixed-effects probit regression",
        without: "probit model",
        words: ("binomial", "probit"),
    },
    Kind {
        name: "mecloglog",
        family: Family::Zero,
        curve: Curve::Cloglog,
        title: "Mixed-effects cloglog regression",
        without: "cloglog model",
        words: ("binomial", "cloglog"),
    },
    Kind {
        name: "mepoisson",
        family: Family::Poisson,
        curve: Curve::Logit,
        title: "Mixed-effects Poisson regression",
        without: "Poisson model",
        words: ("poisson", "log"),
    },
    Kind {
        name: "menbreg",
        family: Family::NegativeBinomial,
        curve: Curve::Logit,
        title: "Mixed-effects nbinomial regression",
        without: "nbinomial model",
        words: ("nbinomial", "log"),
    },
    Kind {
        name: "meologit",
        family: Family::Ordered,
        curve: Curve::Logit,
        title: "Mixed-effects ologit regression",
        without: "ologit model",
        words: ("ordinal", "logit"),
    },
    Kind {
        name: "meoprobit",
        family: Family::Ordered,
        curve: Curve::Probit,
        title: "Mixed-effects oprobit regression",
        without: "oprobit model",
        words: ("ordinal", "probit"),
    },
];

const NOTES: &str = "one level of random effects; mean-variance adaptive Gauss-Hermite quadrature, 7 points in each dimension; stores e(N N_g df_m ll ll_c chi2 chi2_c df_c p p_c n_quad), e(b) with /var(effect[group]), e(V), r(table); formulas: [ME] meglm";

/// Declares one of the commands.
const fn spec(name: &'static str, syntax: &'static str, examples: &'static [Example]) -> CommandSpec {
    CommandSpec {
        name,
        min: name.len(),
        form: Form::Raw,
        by: ByRule::No,
        run,
        syntax,
        notes: NOTES,
        examples,
    }
}

/// The commands.
pub(super) const SPECS: [CommandSpec; 8] = [
    spec(
        "meglm",
        "meglm depvar [indepvars] [if] [in] || levelvar: [varlist], family(bernoulli|binomial|poisson|nbinomial|ordinal) [link(logit|probit|cloglog|log) options of the command of that family]",
        // another name of melogit
        &[Example {
            run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = x + 3*mod(id, 3) - 3 + mod(_n*5, 9) - 4 > 0\nmelogit y x || id:\nscalar ll = e(ll)\nmeglm y x || id:, family(bernoulli) link(logit)",
            expect: &[("e(ll) - ll", 0.0)],
        }],
    ),
    spec(
        "melogit",
        "melogit depvar [indepvars] [if] [in] || levelvar: [varlist] [, noconstant covariance(independent|unstructured) intpoints(#) or offset(v) nolrtest vce(oim|robust|cluster v) level(#) nolog]",
        // the same model as xtlogit with the same quadrature
        &[Example {
            run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = x + 3*mod(id, 3) - 3 + mod(_n*5, 9) - 4 > 0\nxtset id\nxtlogit y x, intpoints(9)\nscalar ll = e(ll)\nscalar b = _b[x]\nscalar s = e(sigma_u)^2\nmelogit y x || id:, intpoints(9)",
            expect: &[
                ("abs(e(ll) - ll) < 1e-6", 1.0),
                ("abs(_b[x] - b) < 1e-5", 1.0),
                ("abs(_b[/var(_cons[id])]/s - 1) < 1e-4", 1.0),
            ],
        }],
    ),
    spec(
        "meprobit",
        "meprobit depvar [indepvars] [if] [in] || levelvar: [varlist] [, options of melogit]",
        &[Example {
            run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = x + 3*mod(id, 3) - 3 + mod(_n*5, 9) - 4 > 0\nmeprobit y x || id:",
            expect: &[("e(N_g)", 15.0), ("2*(e(ll) - e(ll_c)) - e(chi2_c)", 0.0)],
        }],
    ),
    spec(
        "mecloglog",
        "mecloglog depvar [indepvars] [if] [in] || levelvar: [varlist] [, options of melogit]",
        &[Example {
            run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = x + 3*mod(id, 3) - 3 + mod(_n*5, 9) - 4 > 0\nmecloglog y x || id:",
            expect: &[("e(N_g)", 15.0), ("e(n_quad)", 7.0)],
        }],
    ),
    spec(
        "mepoisson",
        "mepoisson depvar [indepvars] [if] [in] || levelvar: [varlist] [, exposure(v) irr options of melogit]",
        &[Example {
            run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11)/5\ngen y = mod(_n*5, 4) + 2*mod(id, 3)\nmepoisson y x || id:",
            expect: &[("e(N_g)", 15.0), ("2*(e(ll) - e(ll_c)) - e(chi2_c)", 0.0)],
        }],
    ),
    spec(
        "menbreg",
        "menbreg depvar [indepvars] [if] [in] || levelvar: [varlist] [, exposure(v) irr options of melogit]",
        &[Example {
            run: "set obs 160\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11)/5\ngen y = mod(_n*_n, 7)*mod(_n*5, 4) + 3*mod(id, 3)\nmenbreg y x || id:",
            expect: &[("e(N_g)", 20.0), ("2*(e(ll) - e(ll_c)) - e(chi2_c)", 0.0)],
        }],
    ),
    spec(
        "meologit",
        "meologit depvar [indepvars] [if] [in] || levelvar: [varlist] [, options of melogit]",
        &[Example {
            run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = 1 + (x + 3*mod(id, 3) + mod(_n*5, 9) > 5) + (x + mod(id, 3) + mod(_n*5, 9) > 8)\nmeologit y x || id:",
            expect: &[("e(N_g)", 15.0), ("_b[/cut2] > _b[/cut1]", 1.0)],
        }],
    ),
    spec(
        "meoprobit",
        "meoprobit depvar [indepvars] [if] [in] || levelvar: [varlist] [, options of melogit]",
        &[Example {
            run: "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = 1 + (x + 3*mod(id, 3) + mod(_n*5, 9) > 5) + (x + mod(id, 3) + mod(_n*5, 9) > 8)\nmeoprobit y x || id:",
            expect: &[("e(N_g)", 15.0), ("_b[/cut2] > _b[/cut1]", 1.0)],
        }],
    ),
];
