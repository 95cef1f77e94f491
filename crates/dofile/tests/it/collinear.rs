//! Collinear regressors in every family of estimation commands: one is omitted with a note, and the fit is the one
//! without it. The numbers of the choice itself are in the oracle cases `collinear`.

use dofile::Session;

/// Data with the float `kg`, a rescaled `weight`, for all commands.
const DATA: &str = "set obs 240
set seed 7
generate id = mod(_n, 24) + 1
generate time = int((_n - 1)/24) + 1
generate weight = int(1800 + 3000*runiform())
generate kg = weight/2.2046
generate z = runiform()
generate w = runiform()
generate y = 3 + weight/1000 + z + rnormal()
generate ybin = y + rnormal() > 6
generate ycount = cond(runiform() < 0.3, 0, int(exp(weight/4000 + z*0.3) + 2*runiform()))
generate ycat = 1 + (y > 5) + (y > 7)
generate duration = -ln(runiform())*exp(-weight/3000)*10 + 0.01
generate died = runiform() < 0.8
stset duration, failure(died)
";

/// A command with `X` for the regressors, and the results that do not change.
const COMMANDS: &[(&str, &[&str])] = &[
    ("regress y X", &["e(rss)", "e(df_m)"]),
    ("regress y X [aw=z], vce(robust)", &["e(rss)", "e(df_m)"]),
    ("areg y X, absorb(id)", &["e(rss)", "e(df_m)"]),
    ("generate t = _n\ntsset t\nnewey y X, lag(1)", &["e(F)", "e(df_m)"]),
    ("cnsreg y X z w, constraints(1)", &["e(rmse)", "e(df_m)"]),
    ("ivregress 2sls y X (z = w)", &["e(rss)", "e(df_m)"]),
    ("ivregress 2sls y z (X = w id)", &["e(rss)", "e(df_m)"]),
    ("logit ybin X", &["e(ll)", "e(df_m)"]),
    ("probit ybin X", &["e(ll)", "e(df_m)"]),
    ("cloglog ybin X", &["e(ll)", "e(df_m)"]),
    ("ologit ycat X", &["e(ll)", "e(df_m)"]),
    ("oprobit ycat X", &["e(ll)", "e(df_m)"]),
    ("mlogit ycat X", &["e(ll)", "e(df_m)"]),
    ("poisson ycount X", &["e(ll)", "e(df_m)"]),
    ("nbreg ycount X", &["e(ll)", "e(df_m)"]),
    ("zip ycount X, inflate(z)", &["e(ll)", "e(df_m)"]),
    ("glm y X", &["e(ll)", "e(df_m)"]),
    ("tobit y X, ll(5)", &["e(ll)", "e(df_m)"]),
    ("truncreg y X, ll(4)", &["e(ll)", "e(df_m)"]),
    ("heckman y X, select(ybin = z w)", &["e(ll)", "e(df_m)"]),
    ("qreg y X", &["e(sum_adev)", "e(df_m)"]),
    ("stcox X", &["e(ll)", "e(df_m)"]),
    ("streg X, distribution(weibull)", &["e(ll)", "e(df_m)"]),
    ("xtset id time\nxtreg y X, fe", &["e(rss)", "e(df_b)"]),
    ("xtset id time\nxtreg y X, re", &["e(chi2)", "e(df_m)"]),
    ("xtset id time\nxtreg y X, be", &["e(rss)", "e(df_m)"]),
    ("xtset id time\nxtreg y X, mle", &["e(ll)", "e(df_m)"]),
    ("xtset id time\nxtlogit ybin X, fe", &["e(ll)", "e(df_m)"]),
    ("xtset id time\nxtgee y X", &["e(chi2)", "e(df_m)"]),
    ("xtset id time\nxtgls y X", &["e(chi2)"]),
    ("mixed y X || id:", &["e(ll)", "e(df_m)"]),
    ("sureg (y X) (z w)", &["e(rmse_1)", "e(df_m1)"]),
    ("generate t = _n\ntsset t\nprais y X", &["e(rss)", "e(df_m)"]),
    ("generate t = _n\ntsset t\narima y X, ar(1)", &["e(ll)", "e(df_m)"]),
    ("generate t = _n\ntsset t\narch y X, arch(1)", &["e(ll)", "e(df_m)"]),
    ("svyset id\nsvy: regress y X", &["e(F)", "e(df_m)"]),
    ("teffects ra (y X) (ybin)", &["_b[ATE:r1vs0.ybin]"]),
    ("dprobit ybin X", &["e(ll)", "e(df_m)"]),
    (
        "twopm ycount X, firstpart(logit) secondpart(glm, family(gamma) link(log))",
        &["e(ll_logit)", "e(ll_glm)"],
    ),
];

fn numbers(command: &str, regressors: &str, results: &[&str]) -> Result<(String, Vec<f64>), String> {
    let mut session = Session::default();
    let command = command.replace('X', regressors);
    let (log, rc) = session.run_captured(&format!("{DATA}constraint 1 z = w\n{command}"));
    if rc != 0 {
        return Err(format!("{command}: r({rc})\n{log}"));
    }
    let values = results.iter().map(|r| session.eval_num(r).expect("a result")).collect();
    Ok((log, values))
}

#[test]
fn every_command_omits_a_rescaled_regressor_and_says_so() {
    let mut failures = Vec::new();
    for (command, results) in COMMANDS {
        let (with, without) =
            match (numbers(command, "weight kg", results), numbers(command, "weight", results)) {
                (Ok(with), Ok(without)) => (with, without),
                (with, without) => {
                    failures.extend(with.err().or(without.err()));
                    continue;
                }
            };
        if !with.0.contains("note: kg omitted because of collinearity.") {
            failures.push(format!("{command}: no note"));
        }
        for (result, (a, b)) in results.iter().zip(with.1.iter().zip(&without.1)) {
            if (a - b).abs() > 1e-6 * b.abs().max(1e-6) {
                failures.push(format!("{command}: {result} is {a} with kg and {b} without"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn predictions_are_those_without_it() {
    let mut failures = Vec::new();
    for (command, _) in COMMANDS {
        let predicted = format!("{command}\npredict double fitted\nquietly summarize fitted");
        let results = ["r(N)", "r(mean)", "r(sd)", "r(max)"];
        match (numbers(&predicted, "weight kg", &results), numbers(&predicted, "weight", &results)) {
            (Ok(with), Ok(without)) => {
                for (result, (a, b)) in results.iter().zip(with.1.iter().zip(&without.1)) {
                    if (a - b).abs() > 1e-5 * b.abs().max(1e-5) {
                        failures
                            .push(format!("{command}: {result} of predict is {a} with kg and {b} without"));
                    }
                }
            }
            (with, without) => failures.extend(with.err().or(without.err())),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
