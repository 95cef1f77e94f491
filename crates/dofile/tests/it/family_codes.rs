//! Return codes of the time-series, treatment-effect, multivariate and lasso commands on input that they
//! cannot use; numbers of the same commands are in `oracles`.

use dofile::Session;

const DATA: &str = "set obs 40\ngenerate t = _n\ngenerate x = mod(_n * 7, 11)\ngenerate y = mod(_n * 5, 13)\n\
    generate z = mod(_n * 3, 7)\ngenerate d = mod(_n, 3) == 0\ngenerate one = 1\ngenerate s = \"a\"\ntsset t\n";

const CASES: &[(&str, i32)] = &[
    ("corrgram x if x > 100", 2000),
    ("dfuller s", 2000),
    ("dfuller nothing", 111),
    ("dfuller x y", 103),
    ("dfuller x in 1/4, lags(5)", 2001),
    ("pperron x in 1/3, lags(4)", 2001),
    ("corrgram x if t != 5", 498),
    ("tsset t, clear\ncorrgram x", 111),
    ("arima x in 1/4, arima(2,0,1)", 2001),
    ("arima x, arima(1,0)", 198),
    ("arima x, arima(1,0,0) diffuse", 199),
    ("estat bgodfrey", 301),
    ("vargranger", 301),
    ("var x y in 1/4, lags(3)", 2001),
    ("varsoc x y, maxlag(0)", 198),
    ("irf create a, set(\"none\")", 301),
    ("teffects ra (y x) (d) if x > 100", 2000),
    ("teffects ra (y x) (one)", 459),
    ("teffects ipw (y) (d nothing)", 111),
    ("teffects aipw (y x) (d z), atet", 198),
    ("teffects psmatch (y) (d z) [fw=one]", 101),
    ("teffects ra (y x) (t)", 199),
    ("tebalance summarize", 301),
    ("pca x", 102),
    ("pca x s", 109),
    ("pca x one", 459),
    ("pca x y if x > 100", 2000),
    ("predict double p", 301),
    ("screeplot", 301),
    ("alpha x one", 459),
    ("alpha x s", 109),
    ("alpha x y if x > 100", 2000),
    ("lasso linear", 100),
    ("lasso linear x y z if x > 100", 2000),
    ("lasso linear one x y", 2000),
    ("lasso logit x y z", 459),
    ("lasso linear x y z, selection(plugin)", 199),
    ("lassoknots", 301),
    ("lasso linear x y z, selection(best)", 198),
];

#[test]
fn unusable_input_ends_with_its_return_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut wrong = Vec::new();
    for (command, code) in CASES {
        let mut session = Session::default();
        session.cwd = folder.path().to_path_buf();
        let (log, rc) = session.run_captured(&format!("{DATA}{command}\n"));
        if rc != *code {
            wrong.push(format!("{command}: r({rc}), not r({code})\n{log}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
