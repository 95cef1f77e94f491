//! A regressor that predicts a 0/1 outcome perfectly leaves the model with the rows that it predicts, in every command
//! whose manual has the option `asis`: what is left is the model of the other rows.

use dofile::Session;

const DATA: &str = "set obs 240
set seed 5
generate id = ceil(_n/6)
generate double x = rnormal()
generate double z = rnormal()
generate d = mod(_n, 4) == 3
generate w = 1 + mod(_n, 3)
generate y = x + .5*z + rnormal() > 0
replace y = 1 if d
xtset id
";

fn run(text: &str) -> (Session, String) {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(&format!("{DATA}{text}"));
    assert_eq!(rc, 0, "{text}\n{log}");
    (s, log)
}

#[test]
fn the_predicted_rows_leave_every_model_of_a_binary_outcome() {
    let commands = [
        ("logit y x", ""),
        ("probit y x", "[pw=w], vce(cluster id)"),
        ("cloglog y x", "[fw=w]"),
        ("scobit y x", ", vce(robust)"),
        ("hetprobit y x", "[pw=w], het(z) vce(cluster id)"),
        ("glm y x", "[pw=w], family(binomial) vce(cluster id)"),
        ("glm y x", ", family(binomial) link(probit)"),
        ("xtlogit y x", ""),
        ("xtprobit y x", ", vce(robust)"),
        ("xtcloglog y x", ""),
        ("xtlogit y x", ", pa"),
        ("xtgee y x", ", family(binomial) vce(robust)"),
        ("melogit y x", "|| id:"),
        ("meprobit y x", "|| id:"),
        ("mecloglog y x", "|| id:"),
    ];
    for (command, rest) in commands {
        let (whole, log) = run(&format!("{command} d {rest}"));
        let (part, _) = run(&format!("{command} if !d {rest}"));
        assert!(log.contains("note: d != 0 predicts success perfectly;"), "{command}\n{log}");
        assert!(log.contains("d omitted and 60 obs not used."), "{command}\n{log}");
        for wanted in ["_b[x]", "_se[x]", "e(N)", "e(ll)"] {
            let (a, b) =
                (whole.eval_num(wanted).expect("a number"), part.eval_num(wanted).expect("a number"));
            assert!(a == b || (a - b).abs() <= 1e-7 * b.abs(), "{command} {rest}: {wanted} {a} {b}");
        }
        assert_eq!(whole.eval_num("_b[d]").expect("a number"), 0.0, "{command}");
    }
}

#[test]
fn a_share_and_trials_keep_all_rows() {
    let (s, _) =
        run("generate double share = cond(d, 1, y/2 + .25)\nglm share x d, family(binomial) vce(robust)");
    assert_eq!(s.eval_num("e(N)").expect("a number"), 240.0);
    let (s, _) = run("generate n = 2\nglm y x d, family(binomial n)");
    assert_eq!(s.eval_num("e(N)").expect("a number"), 240.0);
}
