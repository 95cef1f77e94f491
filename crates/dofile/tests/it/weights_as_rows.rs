//! Frequency weights stand for rows: a command on weighted rows and the same command on the rows repeated give the same
//! numbers. And weights that a command does not take are refused.

use dofile::Session;

const DATA: &str = "set obs 120
set seed 11
generate g = 1 + mod(_n, 3)
generate f = 1 + mod(_n*7, 4)
generate double x = round(rnormal(), 1/1024)
generate double y = round(1 + .5*x + rnormal(), 1/1024)
generate c = rpoisson(exp(.3*x))*(runiform() > .3)
generate b = y > 1
generate t = ceil(10*runiform())
generate d = runiform() < .7
";

fn run(text: &str) -> (Session, String, i32) {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(&format!("{DATA}{text}"));
    (s, log, rc)
}

fn numbers(text: &str, wanted: &[&str]) -> Vec<f64> {
    let (s, log, rc) = run(text);
    assert_eq!(rc, 0, "{text}\n{log}");
    wanted.iter().map(|w| s.eval_num(w).expect("a number")).collect()
}

#[test]
fn frequency_weights_stand_for_rows() {
    let cases: &[(&str, &[&str])] = &[
        (
            "tabstat y @, stats(n mean sd variance cv semean skewness p25) save\nmatrix T = r(StatTotal)",
            &["T[1,1]", "T[2,1]", "T[3,1]", "T[4,1]", "T[5,1]", "T[6,1]", "T[7,1]", "T[8,1]"],
        ),
        ("tabstat y @, by(g) stats(sd) save\nmatrix T = r(Stat2)", &["T[1,1]"]),
        ("zip c x @, inflate(x)", &["e(N_zero)", "e(N)", "[c]_b[x]"]),
        ("zinb c x @, inflate(_cons)", &["e(N_zero)", "e(N)"]),
        ("summarize y @, detail", &["r(sd)", "r(skewness)", "r(p90)"]),
        ("mean y @, over(g)", &["_se[c.y@2.g]"]),
        ("regress y x i.g @", &["_se[x]", "e(rmse)"]),
        ("roctab b x @", &["r(area)", "r(se)"]),
    ];
    for (command, wanted) in cases {
        let weighted = numbers(&command.replace('@', "[fw=f]"), wanted);
        let repeated = numbers(&format!("expand f\n{}", command.replace(" @", "")), wanted);
        for ((a, b), name) in weighted.iter().zip(&repeated).zip(*wanted) {
            assert!((a - b).abs() <= 1e-7 * b.abs(), "{command}: {name} {a} {b}");
        }
    }
}

/// [R] roctab takes frequency weights; [R] total, ratio, proportion no analytic ones; [ST] sts test leaves sampling
/// weights to the Cox test.
#[test]
fn weights_that_a_command_does_not_take_are_refused() {
    for command in [
        "roctab b x [aw=f]",
        "roccomp b x y [pw=f]",
        "total y [aw=f]",
        "ratio y/x [aw=f]",
        "proportion g [aw=f]",
        "stset t [pw=f], failure(d)\nsts test g",
    ] {
        let (_, log, rc) = run(command);
        assert_eq!(rc, 101, "{command}\n{log}");
    }
}

/// Sampling weights estimate the survivor function, but they do not count subjects: no standard errors by counts.
#[test]
fn sampling_weights_have_no_errors_by_counts() {
    let text = "stset t [pw=f], failure(d)\nsts generate s = s se = se(s) low = lb(s)\nstci";
    let found = numbers(
        text,
        &["missing(se[1])", "missing(low[1])", "missing(r(lb))", "missing(r(se))", "missing(r(p50))"],
    );
    assert_eq!(found, [1.0, 1.0, 1.0, 1.0, 0.0]);
    let scaled = text.replace("[pw=f]", "[pw=8*f]");
    assert_eq!(numbers(text, &["s[3]"]), numbers(&scaled, &["s[3]"]));
}
