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

#[test]
fn did_imputation_refuses_what_it_does_not_compute() {
    let data = "set obs 80
generate id = ceil(_n/8)
generate t = mod(_n-1, 8) + 1
generate g = 4 + mod(id, 3) if id > 4
generate moving = t
generate y = id + t + (t >= g & g < .) + mod(_n*_n, 5)/10
generate double same = id + t
generate text = \"a\"
";
    refusals(
        data,
        &[
            ("did_imputation y id t", 102, "too few variables"),
            ("did_imputation y id t g same", 103, "too many variables"),
            ("did_imputation y id t text", 109, "type mismatch"),
            ("did_imputation y id t moving", 459, "moving must be constant in each unit"),
            ("did_imputation y id t g, controls(same) minn(0)", 498, "collinear with the effects"),
            ("did_imputation y id t g if t >= 5, minn(0)", 198, "cannot be imputed; use autosample"),
            ("did_imputation y id t g if t >= 5, minn(0) autosample", 0, "observations dropped"),
            ("did_imputation y id t g, horizons(0 9)", 2000, "tau9: no treated observations"),
            ("did_imputation y id t g, horizons(-1)", 198, "not negative"),
            ("did_imputation y id t g, horizons(0)", 0, "suppressed, fewer than minn()"),
            ("did_imputation y id t g, cluster(nosuch)", 111, "nosuch"),
            ("did_imputation y id t g, fe(id)", 199, "option fe() of command did_imputation"),
            ("did_imputation y id t g if g >= ., minn(0)", 2000, "tau: no treated observations"),
            (
                "did_imputation y id t g, allhorizons pretrends(2) minn(0)\ndid_imputation, level(90)",
                0,
                "pre2",
            ),
        ],
    );
}

#[test]
fn eventstudyinteract_refuses_what_it_does_not_compute() {
    let data = "set obs 80
generate id = ceil(_n/8)
generate t = mod(_n-1, 8) + 1
generate g = 4 + mod(id, 3) if id > 4
generate never = missing(g)
generate none = 0
generate d0 = t == g
generate d1 = t == g + 1
generate twice = d0
generate y = id + t + d0 + mod(_n*_n, 5)/10
";
    refusals(
        data,
        &[
            ("eventstudyinteract y d0, control_cohort(never) absorb(id t)", 198, "option cohort() required"),
            ("eventstudyinteract y d0, cohort(g) absorb(id t)", 198, "option control_cohort() required"),
            ("eventstudyinteract y d0, cohort(g) control_cohort(never)", 198, "option absorb() required"),
            ("eventstudyinteract y, cohort(g) control_cohort(never) absorb(id t)", 102, "too few variables"),
            (
                "eventstudyinteract y d0, cohort(g) control_cohort(none) absorb(id t)",
                459,
                "cohort() is missing",
            ),
            (
                "eventstudyinteract y d0 if id > 4, cohort(g) control_cohort(never) absorb(id t)",
                2000,
                "a control cohort",
            ),
            ("eventstudyinteract y d0 twice, cohort(g) control_cohort(never) absorb(id t)", 498, "collinear"),
            (
                "eventstudyinteract y d0, cohort(g) control_cohort(never) absorb(id#c.t)",
                199,
                "absorb(id#c.t)",
            ),
            (
                "eventstudyinteract y d0, cohort(g) control_cohort(never) absorb(id t) vce(hc3)",
                199,
                "vce(hc3)",
            ),
            (
                "eventstudyinteract y d0 d1, cohort(g) control_cohort(never) absorb(id t)\neventstudyinteract, level(90)",
                0,
                "[90% conf. interval]",
            ),
        ],
    );
}
