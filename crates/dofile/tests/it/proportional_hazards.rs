//! Plots that judge proportional hazards ([ST] stcox PH-assumption tests), and scores after survival models.

use crate::support::{run, try_run};

const DATA: &str = "set obs 120
set seed 3
generate id = ceil(_n/2)
generate double x = rnormal()
generate g = mod(id, 3)
generate double t = -ln(runiform())*exp(-.5*x)
generate d = mod(_n, 4) > 0
stset t, failure(d)
";

#[test]
fn plots_are_drawn() {
    for line in [
        "quietly stcox x i.g\nestat phtest, plot(x)",
        "quietly stcox x i.g\nestat phtest, plot(1.g) log bwidth(.5) yline(0) title(a)",
        "quietly stcox x\nestat gofplot",
        "quietly streg x, d(weibull)\nestat gofplot, title(a)",
        "stphplot, by(g) adjust(x)",
        "stphplot, strata(g) adjust(x) zero nolntime",
        "stphplot if x < 1, strata(g) adjust(c.x##c.x)",
    ] {
        let (_, log) = run(&format!(
            "{DATA}{line}\ntempfile f\ngraph export `f'.svg\nconfirm file `f'.svg\nerase `f'.svg"
        ));
        assert!(!log.contains("Time function"), "{log}");
    }
}

#[test]
fn what_they_lack_is_refused() {
    for (line, code, named) in [
        ("quietly stcox x\nestat phtest, plot(g)", 111, "g"),
        ("quietly stcox x\nestat phtest, plot(x) bwidth(2)", 198, "bwidth"),
        ("quietly stcox x\nestat phtest, plot(x) log rank", 198, "one function"),
        ("quietly stcox x\nestat gofplot, stratify", 199, "stratify"),
        ("stcox x, offset(g) exactp", 199, "offset()"),
        ("quietly stcox x, offset(g)\nstcurve, survival", 199, "offset()"),
        ("stphplot, strata(g)", 198, "adjust()"),
        ("stphplot, by(g) zero", 198, "adjust()"),
        ("stphplot, by(g) strata(g) adjust(x)", 198, "strata()"),
        ("stphplot, adjust(x)", 198, "by()"),
        ("quietly streg x, d(weibull) frailty(gamma) shared(id)\npredict u*, scores", 199, "shared()"),
        ("quietly streg x, d(weibull) offset(g)\nstcurve, survival", 199, "offset()"),
        ("quietly stcox x\npredict u, schoenfeld partial", 198, "partial"),
    ] {
        let (log, rc) = try_run(&format!("{DATA}{line}"));
        assert_eq!(rc, code, "{line}\n{log}");
        assert!(log.contains(named), "{line}\n{log}");
    }
}
