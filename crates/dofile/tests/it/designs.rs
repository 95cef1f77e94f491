//! Commands of designs for causes and decompositions: what they refuse, by name, and how they judge their data.

use dofile::Session;

fn refusals(data: &str, rows: &[(&str, i32, &str)]) {
    for (line, code, want) in rows {
        let (log, rc) = Session::default().run_captured(&format!("{data}{line}"));
        assert_eq!(rc, *code, "{line}\n{log}");
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

const PANEL: &str = "set obs 60
generate unit = ceil(_n/10)
generate year = 2000 + mod(_n-1, 10)
generate y = unit*3 + year - 2000 + mod(unit*year, 7)
generate x = mod(unit*unit + year, 5)
generate same = 1
generate gap = y if unit != 3
generate name = \"u\" + string(unit)
xtset unit year
";

#[test]
fn synth_refuses_what_it_does_not_compute() {
    refusals(
        PANEL,
        &[
            ("synth y x, trperiod(2006)", 198, "option trunit() required"),
            ("synth y x, trunit(1)", 198, "option trperiod() required"),
            ("synth y x, trunit(99) trperiod(2006)", 198, "trunit(): unit 99 is not found"),
            ("synth y x, trunit(1) trperiod(2000)", 198, "periods before it"),
            ("synth y x, trunit(1) trperiod(2006) counit(2 99)", 198, "counit(): unit 99 is not found"),
            ("synth y x, trunit(1) trperiod(2006) counit(1 2)", 198, "the treated unit is among"),
            ("synth y x, trunit(1) trperiod(2006) counit(2)", 198, "at least 2 control units"),
            ("synth y x(1990), trunit(1) trperiod(2006)", 198, "period 1990 is not found"),
            ("synth y same, trunit(1) trperiod(2006)", 498, "predictor same does not vary"),
            ("synth gap x, trunit(1) trperiod(2006)", 416, "gap: no value for unit 3"),
            ("synth y gap, trunit(1) trperiod(2006)", 416, "gap: no value for unit 3"),
            ("synth y, trunit(1) trperiod(2006)", 102, "too few variables"),
            ("synth y name, trunit(1) trperiod(2006)", 109, "type mismatch"),
            (
                "synth y y(2000) y(2001) y(2002) y(2003) y(2004) x, trunit(1) trperiod(2006)",
                498,
                "too few control units",
            ),
            ("synth y x y(2005), trunit(1) trperiod(2006) customV(1)", 198, "customV() needs 2 numbers"),
            ("synth y x y(2005), trunit(1) trperiod(2006) figure", 199, "option figure of command synth"),
            (
                "synth y x y(2005), trunit(1) trperiod(2006) unitnames(name)",
                0,
                "Treated unit: u1 from 2006 on",
            ),
            ("synth y x y(2003&2005), trunit(1) trperiod(2006)\nsynth", 0, "regressions of the outcomes"),
            ("xtset, clear\nsynth y x, trunit(1) trperiod(2006)", 459, "xtset"),
        ],
    );
}
