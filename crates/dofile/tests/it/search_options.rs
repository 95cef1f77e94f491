//! Options of the search for a maximum and constraints: which commands take them, and what they refuse. The numbers of
//! constrained models are in `oracles/cases/search.json`.

use dofile::Session;

const DATA: &str = "set obs 90\ngenerate x = mod(7*_n, 11) - 5\ngenerate z = mod(5*_n, 13) - 6\ngenerate b = x + z + mod(_n, 9) - 4 > 0\n\
                    generate b2 = z - mod(_n, 7) + 3 > 0\ngenerate k = mod(_n, 4) + (x > 2)\ngenerate y = x + z/2 + mod(_n, 6)\n\
                    generate o = 1 + (y > -2) + (y > 3)\ngenerate p = (mod(_n, 17) + 1)/19\ngenerate g = mod(_n, 6)\ngenerate ys = y if b\ngenerate bs = b2 if b\n\
                    generate t = 1 + mod(_n, 8)\ngenerate hi = y + 2\nquietly stset t\n";

/// Commands that search by the shared maximiser, on the data above.
const COMMANDS: &[&str] = &[
    "logit b x z,",
    "logistic b x z,",
    "probit b x z,",
    "cloglog b x z,",
    "fracreg logit p x z,",
    "ologit o x z,",
    "oprobit o x z,",
    "mlogit o x z,",
    "poisson k x z,",
    "nbreg k x z, dispersion(constant)",
    "gnbreg k x z,",
    "zip k x z, inflate(z)",
    "zinb k x z, inflate(z)",
    "tpoisson k x z if k > 0,",
    "tobit y x z, ll(0)",
    "intreg y hi x z,",
    "truncreg y x z, ll(-4)",
    "heckman ys x, select(x z)",
    "heckprobit bs x, select(b = x z)",
    "biprobit b b2 x z,",
    "hetprobit b x, het(z)",
    "betareg p x z,",
    "glm k x z, family(poisson)",
    "etregress y x, treat(b = z)",
    "streg x z, distribution(weibull)",
];

fn run(text: &str) -> (Session, String, i32) {
    let mut session = Session::default();
    let (log, rc) = session.run_captured(&format!("{DATA}{text}"));
    (session, log, rc)
}

fn code(text: &str) -> i32 {
    run(text).2
}

fn number(session: &mut Session, expression: &str) -> f64 {
    session.eval_num(expression).unwrap_or(f64::NAN)
}

#[test]
fn options_that_print_change_no_result() {
    let options = "trace gradient showstep hessian showtolerance nonrtolerance nocnsreport technique(bfgs 5 nr) tolerance(1e-7)";
    for command in COMMANDS {
        let (mut plain, log, rc) = run(&format!("{command} nolog iterate(40)"));
        assert!(rc == 0 || rc == 430, "{command}\n{log}");
        let (mut other, log, again) = run(&format!("{command} nolog iterate(40) {options}"));
        assert_eq!(rc, again, "{command}\n{log}");
        let (a, b) = (number(&mut plain, "e(ll)"), number(&mut other, "e(ll)"));
        assert!((a - b).abs() <= 1e-9 * a.abs(), "{command}: {a} and {b}");
    }
    for command in ["xtset g\nxtlogit b x, trace", "clogit b x, group(g) technique(nr) gradient"] {
        assert_eq!(code(command), 0, "{command}");
    }
}

#[test]
fn every_such_command_takes_constraints() {
    for command in COMMANDS {
        if command.starts_with("hetprobit") || command.contains("treat(") || command.contains("select(") {
            continue;
        }
        let (mut session, log, rc) = run(&format!("constraint 1 x = 0.1\n{command} nolog constraints(1)"));
        assert!(rc == 0 || rc == 430, "{command}\n{log}");
        // the first equation of mlogit has the name of its outcome
        let value = number(&mut session, if command.starts_with("mlogit") { "[1]_b[x]" } else { "_b[x]" });
        assert!((value - 0.1).abs() < 1e-9, "{command}: {value}");
        assert!(log.lines().any(|l| l.starts_with(" ( 1)") && l.ends_with("= .1")), "{command}\n{log}");
        assert!(number(&mut session, "colsof(e(Cns))") > 2.0, "{command}");
    }
}

#[test]
fn constraints_that_cannot_hold_are_refused() {
    let set = "constraint 1 x = 1\nconstraint 2 x = 2\nconstraint 3 x = z\nconstraint 4 nosuch = 1\n";
    for (line, want, text) in [
        ("logit b x z, constraints(1 2)", 412, "redundant or inconsistent constraints"),
        ("logit b x z, constraints(9)", 412, "constraint 9 is not defined"),
        ("heckman ys x, select(x z) twostep constraints(1)", 198, "may not be combined"),
        ("constraint 6 [/]sigma = 1\ntruncreg y x z, ll(-4) constraints(6)", 199, "constraints on sigma"),
        ("clogit b x, group(g) constraints(1)", 199, "option constraints()"),
        ("matrix C = (1, 0, 1)\nlogit b x z, constraints(C)", 503, "conformability error"),
        ("regress y x, constraints(1)", 198, "option constraints not allowed"),
    ] {
        let (_, log, rc) = run(&format!("{set}{line}"));
        assert_eq!(rc, want, "{line}\n{log}");
        assert!(log.contains(text), "{line}\n{log}");
    }
    // as Stata: a constraint on a coefficient that the model lacks is left out with a note
    let (mut session, log, rc) = run(&format!("{set}logit b x z, nolog constraints(3 4)"));
    assert_eq!(rc, 0, "{log}");
    assert!(log.contains("(note: constraint number 4 caused error r(111))"), "{log}");
    assert_eq!(number(&mut session, "rowsof(e(Cns))"), 1.0);
    // the same constraints by number, by dash, and as a matrix
    let mut values = Vec::new();
    for line in [
        "logit b x z, nolog constraints(3)",
        "logit b x z, nolog constraints(3-3)",
        "matrix C = (1, -1, 0, 0)\nlogit b x z, nolog constraints(C)",
        "logit b x z, nolog constraints(3 3)",
        "generate s = x + z\nlogit b s, nolog",
    ] {
        let (mut session, log, rc) = run(&format!("{set}{line}"));
        assert_eq!(rc, 0, "{line}\n{log}");
        values.push(number(&mut session, "e(ll)"));
    }
    assert!(values.iter().all(|v| (v - values[0]).abs() < 1e-9), "{values:?}");
    let (mut session, log, _) = run(&format!("{set}logit b x z, nolog constraints(3) nocnsreport"));
    assert!(!log.contains(" ( 1)"), "{log}");
    assert_eq!(number(&mut session, "e(rank)"), 2.0);
    assert_eq!(number(&mut session, "e(df_m)"), 1.0);
    assert!(session.eval_num("e(ll_0)").is_err() || number(&mut session, "e(ll_0)") > 1e300);
}

#[test]
fn starting_values_start_the_search() {
    for command in COMMANDS {
        let (mut session, log, rc) = run(&format!(
            "capture {command} nolog iterate(60)\nscalar best = e(ll)\nmatrix b0 = e(b)\ncapture {command} nolog from(b0) iterate(0)"
        ));
        assert_eq!(rc, 0, "{command}\n{log}");
        let (best, at) = (number(&mut session, "best"), number(&mut session, "e(ll)"));
        assert!((best - at).abs() <= 1e-9 * best.abs(), "{command}: {best} and {at}\n{log}");
    }
    let known = |text: &str| {
        run(&format!("capture noisily logit b x z, nolog iterate(0) from({text})\nscalar rc = _rc"))
    };
    // -ln 2 in every row at zero
    let (mut session, ..) = known("x=0 z=0 _cons=0");
    assert!((number(&mut session, "e(ll)") + 90.0 * 2.0_f64.ln()).abs() < 1e-10);
    let (mut session, ..) = known("0 0 0, copy");
    assert!((number(&mut session, "e(ll)") + 90.0 * 2.0_f64.ln()).abs() < 1e-10);
    for (text, want) in [
        ("x=0 nosuch=1", 111),
        ("x=0 z=0 nosuch=1, skip", 430),
        ("0 0, copy", 503),
        ("nomatrix", 111),
        ("x=", 198),
        ("x=0, nooption", 198),
    ] {
        let (mut session, log, _) = known(text);
        assert_eq!(number(&mut session, "rc"), f64::from(want), "{text}\n{log}");
    }
    let (_, log, rc) = run("poisson k x z, from(x=5000 z=5000 _cons=1)");
    assert_eq!((rc, log.contains("initial values not feasible")), (1400, true), "{log}");
}

#[test]
fn techniques_are_checked() {
    for (line, want) in [
        ("logit b x, technique(nr)", 0),
        ("logit b x, tech(bhhh 5 nr 5) vce(robust)", 0),
        ("logit b x, technique(bhhh 5 nr 5)", 199),
        ("logit b x, technique(newton)", 198),
        ("logit b x, technique()", 198),
        ("xtset g\nxtlogit b x, technique(bhhh)", 199),
        ("logit b x [pweight=t], vce(opg)", 198),
        ("regress y x, vce(opg)", 199),
        ("logit b x, trace(1)", 198),
    ] {
        let (_, log, rc) = run(line);
        assert_eq!(rc, want, "{line}\n{log}");
    }
    let (session, log, rc) = run("logit b x, nolog technique(bhhh)");
    assert_eq!(rc, 0, "{log}");
    assert_eq!(session.e.results.get_text("vcetype"), Some("OPG"));
    assert!(log.contains("OPG") && log.contains("Log likelihood") && log.contains("LR chi2"), "{log}");
}

#[test]
fn collinear_regressors_stay_under_constraints() {
    let (mut session, log, rc) =
        run("generate w = x + z\nconstraint 1 w = 0.2\nlogit b x z w, nolog collinear constraints(1)");
    assert_eq!(rc, 0, "{log}");
    assert!((number(&mut session, "_b[w]") - 0.2).abs() < 1e-9);
    let free = number(&mut session, "e(ll)");
    let (mut session, ..) = run("logit b x z, nolog");
    assert!((number(&mut session, "e(ll)") - free).abs() < 1e-8);
    assert_eq!(code("generate w = x + z\nlogit b x z w, nolog collinear"), 430);
}

/// [R] set iterlog: `off` leaves the logs of all searches out, the option `log` of a command brings it back.
#[test]
fn logs_of_searches_follow_the_setting() {
    let longer = ["stcox x z", "teffects ipw (y) (b2 x)", "qreg y x", "mixed y x || g:"];
    for line in COMMANDS.iter().chain(&longer) {
        let (_, log, _) = run(&format!("set iterlog off\n{line}"));
        assert!(!log.contains("Iteration 0") && !log.contains("Iteration 1"), "{line}\n{log}");
        let (_, log, _) = run(line);
        assert!(log.contains("Iteration") || line.starts_with("logistic"), "{line}\n{log}");
    }
    let (_, log, rc) =
        run("set iterlog off\nlogit b x z, log\nassert \"`c(iterlog)'\" == \"off\"\nset iterlog on");
    assert!(rc == 0 && log.contains("Iteration 0"), "{log}");
    assert_eq!(code("set iterlog sometimes"), 198);
}
