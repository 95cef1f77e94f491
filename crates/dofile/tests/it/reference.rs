//! t or z, F or chi-squared after estimation: the whole table of `estimation::reference`, for every command that posts
//! `e(df_r)`.

use dofile::Session;
use dofile::estimation::reference::{MARGINS_BY_T, RULES, Rule};
use dofile::value::is_missing;

const DATA: &str = "set obs 120
set seed 11
generate id = mod(_n, 12) + 1
generate time = int((_n - 1)/12) + 1
generate x = runiform()
generate w = x + runiform()
generate z = runiform()
generate a = 1 + mod(_n, 3)
generate y = 1 + x + z + rnormal()
constraint 1 x = z
xtset id time
svyset id
";

/// Commands with `e(df_r)`, and whether `margins` uses t by default.
const COMMANDS: &[(&str, bool)] = &[
    ("regress y x z", true),
    ("regress y x z, vce(cluster id)", true),
    ("anova y i.a c.x", true),
    ("svy: regress y x z", true),
    ("areg y x z, absorb(id)", false),
    ("areg y x z, absorb(id) vce(cluster id)", false),
    ("xtreg y x z, fe", false),
    ("xtreg y x z, fe vce(cluster id)", false),
    ("xtreg y x z, be", false),
    ("ivregress 2sls y z (x = w), small", false),
    ("qreg y x z", false),
    ("cnsreg y x z w, constraints(1)", false),
    ("newey y x z, lag(1) force", false),
    ("tobit y x z, ll(0)", false),
];

/// The degrees of freedom in `r(table)`, none for z, after checking the critical value that goes with them.
fn table_df(session: &Session, what: &str) -> Option<f64> {
    let number = |text: &str| session.eval_num(text).expect("a number");
    let (df, critical) = (number("t[7,1]"), number("t[8,1]"));
    // the normal quantile to sixteen digits
    let want = if is_missing(df) { 1.959_963_984_540_054 } else { number(&format!("invttail({df}, .025)")) };
    assert!((critical - want).abs() < 1e-9, "{what}: {critical} is not {want}");
    (!is_missing(df)).then_some(df)
}

#[test]
fn margins_uses_t_where_the_table_says_so() {
    for (command, by_t) in COMMANDS {
        let mut session = Session::default();
        let run = |session: &mut Session, text: &str| {
            let (log, rc) = session.run_captured(text);
            assert_eq!(rc, 0, "{command}: {text}\n{log}");
        };
        run(&mut session, &format!("{DATA}{command}"));
        let posted = session.eval_num("e(df_r)").expect("e(df_r)");
        run(&mut session, "margins, dydx(x)\nmatrix t = r(table)");
        assert_eq!(table_df(&session, command), by_t.then_some(posted), "{command}");
        run(&mut session, "margins, dydx(x) predict(xb)\nmatrix t = r(table)");
        assert_eq!(table_df(&session, command), Some(posted), "{command}, predict(xb)");
        run(&mut session, "margins, dydx(x) df(7)\nmatrix t = r(table)");
        assert_eq!(table_df(&session, command), Some(7.0), "{command}, df(7)");
        run(&mut session, "lincom x");
        assert_eq!(session.eval_num("r(df)").ok(), Some(posted), "{command}: lincom");
        run(&mut session, "test x");
        assert!(!is_missing(session.eval_num("r(F)").expect("r(F)")), "{command}: test");
        run(&mut session, "testnl _b[x]^2 = 0.5");
        assert!(is_missing(session.eval_num("r(F)").expect("r(F)")), "{command}: testnl");
        assert!(!is_missing(session.eval_num("r(chi2)").expect("r(chi2)")), "{command}: testnl");
        let (log, _) = session.run_captured("nlcom _b[x]^2");
        assert!(log.contains("P>|z|"), "{command}: nlcom\n{log}");
    }
}

#[test]
fn every_rule_is_for_one_statement_and_has_a_source() {
    let mut names: Vec<&str> = RULES.iter().map(|r| r.0).collect();
    names.sort_unstable();
    assert_eq!(names, ["contrast", "lincom", "margins", "nlcom", "pwcompare", "test", "testnl", "testparm"]);
    assert!(RULES.iter().all(|r| r.2.starts_with("[R] ")));
    let of = |rule: Rule| RULES.iter().filter(|r| r.1 == rule).count();
    assert_eq!((of(Rule::Posted), of(Rule::LargeSample), of(Rule::Margins)), (5, 2, 1));
    assert_eq!(MARGINS_BY_T, ["anova", "regress"]);
}
