//! `stteffects`: what it refuses, a known effect, and what follows it. Its numbers are in the cases `survival_effects` of the
//! oracles.

use crate::support::{holds, run};
use dofile::Session;

const DATA: &str = "set obs 120\nset seed 9\ngenerate a = rnormal()\ngenerate g = runiform() < invlogit(.3*a)\n\
    generate double t = exp(1 + .2*a + .5*g)*(-ln(runiform()))^(1/1.5)\ngenerate double c = exp(2)*(-ln(runiform()))\n\
    generate f = t <= c\nreplace t = min(t, c)\ngenerate id = _n\ngenerate three = mod(_n, 3)\n";

/// Wrong input and data ends with a return code and a reason.
#[test]
fn wrong_input_is_refused() {
    let set = "stset t, failure(f)\n";
    for (line, code, wanted) in [
        ("stteffects ra (a) (g)".to_string(), 119, "data not st"),
        (format!("{set}stteffects ra (a) (three)"), 199, "more than two levels"),
        (format!("{set}stteffects ra (a) (g) if g == 1"), 459, "two levels"),
        (format!("{set}stteffects ipw (g a)"), 198, "censor"),
        (format!("{set}stteffects wra (a) (g)"), 198, "censoring"),
        (format!("{set}stteffects ra (a) (g a)"), 198, "no model of the treatment"),
        (format!("{set}stteffects aipw (a) (g a)"), 198, "unknown subcommand"),
        (format!("{set}stteffects ra (a, cauchy) (g)"), 198, "cauchy"),
        (format!("{set}stteffects ra (a, exponential ancillary(a)) (g)"), 198, "ancillary"),
        (format!("{set}stteffects ra (a) (g), ate atet"), 198, "only one of"),
        (format!("{set}stteffects ra (a) (g) [fweight=id]"), 101, "weights not allowed"),
        (format!("{set}stteffects ra (a) (g), statistic(median)"), 199, "statistic"),
        (format!("{set}stteffects ra (a) (g)\npredict p, ps"), 322, "not available"),
        (format!("{set}stteffects ra (a) (g) if t < 0"), 2000, "no observations"),
        (
            "generate e = t/2\nstset t, failure(f) enter(time e)\nstteffects ra (a) (g)".to_string(),
            459,
            "delayed entry",
        ),
        ("replace f = 0\nstset t, failure(f)\nstteffects ra (a) (g)".to_string(), 2000, "no failures"),
    ] {
        let (log, rc) = Session::default().run_captured(&format!("{DATA}{line}"));
        assert_eq!(rc, code, "{line}\n{log}");
        assert!(log.contains(wanted), "{line}\n{log}");
    }
}

/// The effect by which the times were made: the ratio of means is exp(.5), whatever the estimator.
#[test]
fn a_known_effect_is_found() {
    let data = "set obs 6000\nset seed 2\ngenerate a = rnormal()\ngenerate g = runiform() < invlogit(.5*a)\n\
        generate double t = exp(1 + .3*a + .5*g)*(-ln(runiform()))^(1/1.5)\ngenerate double c = exp(2.5)*(-ln(runiform()))\n\
        generate f = t <= c\nreplace t = min(t, c)\nquietly stset t, failure(f)\n";
    for command in
        ["ra (a) (g)", "ipw (g a) (, exponential)", "ipwra (a) (g a)", "wra (a) (g) (, exponential)"]
    {
        let (s, _) = run(&format!(
            "{data}stteffects {command}\nscalar truth = exp(1 + .3^2/2)*exp(lngamma(1 + 1/1.5))*(exp(.5) - 1)\nscalar z = (_b[ATE:r1vs0.g] - truth)/_se[ATE:r1vs0.g]"
        ));
        holds(&s, &["abs(z) < 3", "_se[ATE:r1vs0.g] > 0 & _se[ATE:r1vs0.g] < .5"]);
    }
}

/// Header, table, auxiliary equations, replay, predictions.
#[test]
fn output_and_predictions() {
    let (s, log) = run(&format!(
        "{DATA}label define l 0 \"Control\" 1 \"Drug\"\nlabel values g l\nstset t, failure(f)\n\
         stteffects ipwra (a, gamma) (g a) (a, lognormal), aequations\npredict double p, ps tlevel(1)\npredict double s, censurv\npredict double m0, cmean\npredict double e\nstteffects\ntest [ATE]r1vs0.g"
    ));
    for wanted in [
        "Survival treatment-effects estimation",
        "Estimator      : IPW regression adjustment",
        "Outcome model  : gamma",
        "Treatment model: logit",
        "Censoring model: lognormal",
        "OME0_lnsigma",
        "CME_lnsigma",
        "EE criterion",
        "POmean",
    ] {
        assert!(log.contains(wanted), "{wanted}\n{log}");
    }
    holds(
        &s,
        &[
            "p[1] > 0 & p[1] < 1",
            "s[1] > 0 & s[1] <= 1",
            "m0[1] > 0",
            "e[2] < .",
            "e(N) == 120",
            "e(k_levels) == 2",
        ],
    );
}

/// A unit of time multiplies effects and errors.
#[test]
fn unit_of_time_does_not_matter() {
    let fit = "quietly stset t, failure(f)\nstteffects ipwra (a, gamma) (g a) (a)\nscalar b = _b[ATE:r1vs0.g]\nscalar se = _se[ATE:r1vs0.g]";
    let numbers = |change: &str| {
        let (s, _) = run(&format!("{DATA}{change}\n{fit}"));
        ["b", "se"].map(|e| s.eval_num(e).expect("a number"))
    };
    let (plain, scaled) = (numbers(""), numbers("replace t = t*2^16"));
    for (a, b) in plain.iter().zip(&scaled) {
        assert!((b / 65536.0 - a).abs() < 1e-6 * a.abs(), "{plain:?} {scaled:?}");
    }
}

/// A covariate such as a time stamp, far from zero, changes constants alone; after `teffects` too.
#[test]
fn covariates_far_from_zero_keep_their_digits() {
    let numbers = |change: &str, fit: &str, names: [&str; 3]| {
        let (s, _) = run(&format!(
            "{DATA}replace a = round(a, 1/1024)\nrecast double a\n{change}\nquietly stset t, failure(f)\n{fit}"
        ));
        names.map(|e| s.eval_num(e).expect("a number"))
    };
    let effect = ["_b[ATE:r1vs0.g]", "_se[ATE:r1vs0.g]", "_b[TME1:a]"];
    for fit in [
        "stteffects ipwra (a, ancillary(a)) (g a) (a)",
        "stteffects ipw (g a, probit) (a)",
        "teffects ipwra (t a) (g a)",
        "teffects aipw (t a, poisson) (g a)",
    ] {
        let (plain, moved) = (numbers("", fit, effect), numbers("replace a = a + 2^30", fit, effect));
        for (a, b) in plain.iter().zip(&moved) {
            assert!((a - b).abs() < 1e-6 * a.abs(), "{fit} {plain:?} {moved:?}");
        }
    }
}
