//! Commands of designs for causes and decompositions: what they refuse, by name, and how they judge their data.

use dofile::Session;

fn refusals(data: &str, rows: &[(&str, u16, &str)]) {
    for (line, code, want) in rows {
        let (log, rc) = Session::default().run_captured(&format!("{data}{line}"));
        assert_eq!(i64::from(rc), i64::from(*code), "{line}\n{log}");
        assert!(log.contains(want), "{line}\n{log}");
    }
}

#[test]
fn oaxaca_refuses_what_it_does_not_compute() {
    let data = "set obs 60
generate g = mod(_n, 2)
generate three = mod(_n, 3)
generate x = mod(7*_n, 11)
generate z = x * g
generate y = x + g + mod(_n*_n, 5)
generate text = \"a\"
";
    refusals(
        data,
        &[
            ("oaxaca y x", 198, "option by() required"),
            ("oaxaca y x, by(three)", 420, "more than 2 groups found"),
            ("oaxaca y x if g, by(g)", 420, "1 group found"),
            ("oaxaca y x, by(text)", 109, "type mismatch"),
            ("oaxaca y x z, by(g)", 2001, "collinear"),
            ("oaxaca y x, by(g) pooled omega", 198, "only one of pooled, omega allowed"),
            ("oaxaca y x, by(g) weight(a)", 198, "weight() needs a number"),
            ("oaxaca y x, by(g) weight(0 1)", 199, "weight() with several numbers"),
            ("oaxaca y x, by(g) threefold(x)", 198, "threefold(x) invalid"),
            ("oaxaca y x, by(g) detail(a: nosuch)", 111, "nosuch is not a regressor"),
            ("oaxaca y x, by(g) vce(hc3)", 199, "vce(hc2) and vce(hc3)"),
            ("oaxaca y x, by(g) svy", 199, "option svy of command oaxaca is not supported"),
            ("oaxaca y x [fweight=x+1], by(g)", 101, "fweights not allowed"),
            ("oaxaca", 301, "last estimates not found"),
            ("oaxaca y x, by(g)\noaxaca, level(90)", 0, "[90% conf. interval]"),
            ("oaxaca y x, by(g) pooled detail", 0, "unexplained: X1 * (b1 - b) + X2 * (b - b2)"),
        ],
    );
}
