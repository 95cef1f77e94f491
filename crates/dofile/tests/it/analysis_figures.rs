//! Figures of analysis scripts of several authors: looks of smoothers and of curves, order of coefficients, matching.

use crate::support::{try_run, try_run_in_a_folder};

/// The options of the points and those of the line.
#[test]
fn smoothers_have_looks() {
    let data = "set obs 30\ngenerate x = _n\ngenerate y = x + mod(_n*7, 5)\n";
    let looks = "mcolor(red) msymbol(oh) msize(small) lineopts(lcolor(green) lwidth(thick) lpattern(dash))";
    for command in ["lowess y x,", "lpoly y x, bwidth(3)"] {
        let (log, rc) = try_run_in_a_folder(&format!(
            "{data}{command} {looks}\ngraph export g.svg\nscalar svg = fileread(\"g.svg\")\n\
             assert strpos(lower(svg), \"#ff0000\") & strpos(svg, \"stroke-dasharray\")"
        ));
        assert_eq!(rc, 0, "{command} {log}");
        assert_eq!(try_run(&format!("{data}{command} lineopts(msymbol(oh))")).1, 198);
        assert_eq!(try_run(&format!("{data}{command} mcolour(red)")).1, 198);
    }
}

/// `sort` puts the coefficients in the order of their values.
#[test]
fn coefplot_sorts_coefficients() {
    let data = "set obs 40\ngenerate a = mod(_n, 3)\ngenerate b = mod(_n, 5)\ngenerate c = mod(_n, 7)\n\
                generate y = 2*a + 3*b + c + mod(_n*11, 4)/10\nquietly regress y a b c\n";
    let order = |option: &str| {
        let (log, rc) = try_run_in_a_folder(&format!(
            "{data}coefplot, drop(_cons) {option}\ngraph export g.svg\nscalar svg = fileread(\"g.svg\")\n\
             foreach v in a b c {{\ndi \"at `v' \" strpos(svg, \">`v'<\")\n}}"
        ));
        assert_eq!(rc, 0, "{log}");
        let place = |v: &str| {
            let line = log.lines().find(|l| l.starts_with(&format!("at {v} "))).unwrap_or_default();
            line.rsplit(' ').next().and_then(|n| n.parse::<usize>().ok()).unwrap_or_default()
        };
        let mut names = ["a", "b", "c"];
        names.sort_by_key(|v| place(v));
        if place("a") > 0 { names.join("") } else { log }
    };
    let (rising, falling) = (order("sort"), order("sort(1:1, descending)"));
    assert_eq!(rising, "cab");
    assert_eq!(falling, "bac");
    assert_eq!(try_run(&format!("{data}coefplot, sort(0)")).1, 198);
}

/// `[ST] sts graph` and `stphplot`: looks of the curves of groups.
#[test]
fn curves_of_groups_have_looks() {
    let data = "set obs 40\nset seed 9\ngenerate t = rexponential(3) + .01\ngenerate g = mod(_n, 2)\ngenerate x = rnormal()\n\
                stset t\n";
    let looks = "by(g) plot1opts(lcolor(red) lpattern(solid)) plot2opts(lpattern(dash) connect(stairstep))";
    for command in ["sts graph,", "sts graph, hazard", "stphplot, nolntime"] {
        let (log, rc) = try_run_in_a_folder(&format!(
            "{data}{command} {looks}\ngraph export g.svg\nscalar svg = fileread(\"g.svg\")\n\
             assert strpos(lower(svg), \"#ff0000\") & strpos(svg, \"stroke-dasharray\")"
        ));
        assert_eq!(rc, 0, "{command} {log}");
        assert_eq!(try_run(&format!("{data}{command} by(g) plot1opts(nosuch(1))")).1, 198);
        assert_eq!(try_run(&format!("{data}{command} by(g) plot0opts(lcolor(red))")).1, 198);
    }
}

/// `[ST] sts`: with `adjustfor()` the function of each group is the baseline of a Cox regression in it.
#[test]
fn survivor_functions_adjusted_for_covariates() {
    let data = "set obs 40\nset seed 9\ngenerate t = rexponential(3) + .01\ngenerate g = mod(_n, 2)\ngenerate x = rnormal()\n\
                stset t\nstcox g\n";
    let (log, rc) = try_run_in_a_folder(&format!(
        "{data}sts graph, by(g) adjustfor(x)\ngraph export a.svg\nsts graph, by(g)\ngraph export b.svg\n\
         assert fileread(\"a.svg\") != fileread(\"b.svg\")\nassert e(df_m) == 1 & c(k) == 7"
    ));
    assert_eq!(rc, 0, "{log}");
    // without variation in x nothing is adjusted
    let (log, rc) = try_run_in_a_folder(&format!(
        "{data}replace x = 0\nreplace x = 1e-9 in 1\nsts graph, by(g) adjustfor(x) ci"
    ));
    assert_eq!(rc, 198, "{log}");
}

/// Figures of matching.
#[test]
fn matching_is_drawn() {
    let data = "set obs 80\nset seed 4\ngenerate x = rnormal()\ngenerate z = rnormal()\ngenerate t = x + rnormal() > 0\n\
                generate y = x + t\npsmatch2 t x z, outcome(y) common\n";
    let (log, rc) = try_run_in_a_folder(&format!(
        "{data}pstest x z, both graph\ngraph export a.svg\nscalar a = fileread(\"a.svg\")\n\
         assert strpos(a, \"Standardized % bias\") & strpos(a, \"Unmatched\") & strpos(a, \">z<\")\nassert r(medbiasaft) < .\n\
         psgraph, bin(5) title(Scores)\ngraph export b.svg\nscalar b = fileread(\"b.svg\")\n\
         assert strpos(b, \"Propensity Score\") & strpos(b, \"Untreated\") & strpos(b, \"Scores\")"
    ));
    assert_eq!(rc, 0, "{log}");
    assert_eq!(try_run(&format!("{data}psgraph, bin(0)")).1, 198);
    assert_eq!(try_run("set obs 3\npsgraph").1, 111);
}

/// `[ST] stcurve`: lists of looks, one for each curve.
#[test]
fn stcurve_has_looks() {
    let (log, rc) = try_run_in_a_folder(
        "set obs 40\nset seed 9\ngenerate t = rexponential(3) + .01\ngenerate x = rnormal()\nstset t\nstcox x\n\
         stcurve, survival at1(x=0) at2(x=1) lcolor(red blue) lpattern(solid dash)\ngraph export g.svg\nscalar g = lower(fileread(\"g.svg\"))\n\
         assert strpos(g, \"#ff0000\") & strpos(g, \"#0000ff\") & strpos(g, \"stroke-dasharray\")",
    );
    assert_eq!(rc, 0, "{log}");
}

/// `estat phtest, plot()`: the residuals are those of `predict, scaledsch`.
#[test]
fn the_test_of_proportional_hazards_is_drawn() {
    let data = "set obs 40\nset seed 9\ngenerate t = rexponential(3) + .01\ngenerate x = rnormal()\ngenerate z = mod(_n, 2)\n\
                stset t\nquietly stcox x z\n";
    let (log, rc) = try_run_in_a_folder(&format!(
        "{data}estat phtest, plot(x) bwidth(.6) mcolor(red) lineopts(lcolor(blue)) detail\nassert r(df) == 2 & c(k) == 7\n\
         graph export g.svg\nscalar g = lower(fileread(\"g.svg\"))\n\
         assert strpos(g, \"scaled schoenfeld - x\") & strpos(g, \"#ff0000\") & strpos(g, \"test of ph assumption\")\n\
         estat phtest, log plot(z) title(Own)\ngraph export g.svg, replace\n\
         assert strpos(fileread(\"g.svg\"), \"Own\") & !strpos(fileread(\"g.svg\"), \"Test of PH\")"
    ));
    assert_eq!(rc, 0, "{log}");
    assert_eq!(try_run(&format!("{data}estat phtest, plot(nosuch)")).1, 111);
    assert_eq!(try_run(&format!("{data}estat phtest, bwidth(.5)")).1, 199);
}

/// The colour inside of a plot region is that of its area, which graphs have without it.
#[test]
fn inner_colours_of_regions_are_read() {
    let data = "set obs 4\ngenerate x = _n\n";
    assert_eq!(
        try_run(&format!(
            "{data}scatter x x, plotregion(icolor(none)) graphregion(color(white) icolor(none))"
        ))
        .1,
        0
    );
}
