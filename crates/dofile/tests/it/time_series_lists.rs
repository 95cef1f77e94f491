//! Time-series operators in variable lists, windows of time, and names of older versions.

use dofile::Session;

const DATA: &str = "set obs 5\ngenerate t = tq(1990q1) + _n - 1\nformat t %tq\ntsset t\ngenerate y = _n^2\n\
                    label variable y \"Output\"\n";

fn holds(text: &str, expressions: &[(&str, f64)]) {
    let mut session = Session::default();
    let (log, rc) = session.run_captured(&format!("{DATA}{text}"));
    assert_eq!(rc, 0, "{text}\n{log}");
    for (expression, want) in expressions {
        let got = session.eval_num(expression).expect("a number");
        assert!(
            (got - want).abs() < 1e-12 * want.abs().max(1.0),
            "{text}: {expression} is {got}, not {want}"
        );
    }
}

#[test]
fn operators_stand_in_variable_lists() {
    holds("summarize L.y", &[("r(mean)", 7.5), ("r(N)", 4.0), ("c(k)", 2.0)]);
    // numpy.corrcoef
    holds("correlate y L.y", &[("r(rho)", 0.998_753_932_415_297_8), ("r(N)", 4.0)]);
    holds("pwcorr y l1.y", &[("r(rho)", 0.998_753_932_415_297_8)]);
    holds("correlate L(0/2).y\nmatrix C = r(C)", &[("rowsof(C)", 3.0), ("r(N)", 3.0)]);
    holds("ttest D.y == 0", &[("r(mu_1)", 6.0), ("r(sd_1)", 2.581_988_897_471_611), ("r(df_t)", 3.0)]);
    holds("tabstat S2.y, statistics(sum) save\nmatrix S = r(StatTotal)", &[("S[1,1]", 8.0 + 12.0 + 16.0)]);
    for line in ["list y L.y", "twoway (line y t) (line L.y t)", "tsline D.y", "scatter y F.y if L.y > 1"] {
        holds(line, &[("c(k)", 2.0)]);
    }
}

#[test]
fn operated_columns_leave_no_trace() {
    // after an error, and in data that a later command would list as a whole
    holds("capture correlate L.y nosuch\nscalar rc = _rc", &[("rc", 111.0), ("c(k)", 2.0)]);
    holds("tempfile f\nsave `f'\nsummarize L.y\nscalar c = c(changed)", &[("c", 0.0)]);
    holds("generate s = 1\ngraph twoway line y t, saving(s.gph, replace)\nerase s.gph", &[("c(k)", 3.0)]);
    holds(
        "generate Age = 1\ntwoway line y t, title(S.A. output) saving(s.gph, replace)\nerase s.gph",
        &[("c(k)", 3.0)],
    );
    holds("tsset, clear\ncapture summarize L.y\nscalar rc = _rc", &[("rc", 111.0), ("c(k)", 2.0)]);
}

#[test]
fn graphs_name_the_operator_behind_the_label() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let (log, rc) = session.run_captured(&format!("{DATA}tsline L.y\ngraph export g.svg"));
    assert_eq!(rc, 0, "{log}");
    let text = std::fs::read_to_string(folder.path().join("g.svg")).expect("the figure");
    assert!(text.contains("Output, L"), "{text}");
}

#[test]
fn windows_of_time_select_rows() {
    holds("count if tin(1990q2, 1990q4)", &[("r(N)", 3.0)]);
    holds("count if twithin(1990q2, 1990q4)", &[("r(N)", 1.0)]);
    holds("count if tin(, 1990q2)", &[("r(N)", 2.0)]);
    holds("count if tin(1990q2,) & y > 4", &[("r(N)", 3.0)]);
    holds("count if !tin(1990q2, 1990q4)", &[("r(N)", 2.0)]);
    holds("generate z = L.y if tin(1990q3,)", &[("z[3]", 4.0), ("missing(z[2])", 1.0)]);
    holds("format t %9.0g\ncount if tin(121, 122)", &[("r(N)", 2.0)]);
    holds(
        "replace t = td(28feb2020) + _n\nformat t %td\ntsset t\ncount if tin(29feb2020, 2mar2020)",
        &[("r(N)", 3.0)],
    );
    holds("tsset, clear\ncapture count if tin(1990q1, 1990q2)\nscalar rc = _rc", &[("rc", 111.0)]);
    holds("capture count if tin(1990m1, 1990q2)\nscalar rc = _rc", &[("rc", 198.0)]);
}

#[test]
fn functions_of_older_versions_keep_their_names() {
    // scipy.stats: norm.ppf, chi2.sf, f.sf, chi2.isf
    holds(
        "",
        &[
            ("invnorm(.975)", 1.959_963_984_540_054),
            ("chiprob(1, 3.84)", 0.050_043_521_248_705_19),
            ("fprob(1, 10, 4.96)", 0.050_087_650_566_468_15),
            ("invchi(2, .05)", 5.991_464_547_107_983),
            ("norm(0)", 0.5),
            ("normprob(0)", 0.5),
            ("normd(0)", 0.398_942_280_401_432_7),
            ("lnfact(3)", 1.791_759_469_228_055),
        ],
    );
}

#[test]
fn commands_of_older_versions_run_their_successors() {
    holds("generate x = mod(3*_n, 4)\nsw, pr(.99): regress y x", &[("e(N)", 5.0)]);
    holds("generate a = 1\nmove a y\nds\nscalar first = \"`r(varlist)'\" == \"t a y\"", &[("first", 1.0)]);
    holds("aorder\nds\nscalar first = \"`r(varlist)'\" == \"t y\"", &[("first", 1.0)]);
    holds("regress y t\nvce", &[]);
    holds("regress y t\ndwstat\nscalar d = r(dw)\nestat dwatson", &[("r(dw) - d", 0.0)]);
}

#[test]
fn one_panel_of_several_is_a_series() {
    let data = "clear\nset obs 120\ngenerate id = ceil(_n/60)\ngenerate t = mod(_n-1, 60)\ngenerate e = sin(37*_n)\n\
                generate y = e\nbysort id (t): replace y = .5*y[_n-1] + e if _n > 1\nxtset id t\n";
    let command = "arima y if id == 2, arima(1,1,0)\nscalar in_panel = _b[ARMA:L.ar]\nscalar n = e(N)\n\
                   keep if id == 2\ntsset t\narima y, arima(1,1,0)\n";
    let mut session = Session::default();
    let (log, rc) = session.run_captured(&format!("{data}{command}"));
    assert_eq!(rc, 0, "{log}");
    assert_eq!(session.eval_num("n"), Ok(59.0));
    assert!(session.eval_num("abs(in_panel - _b[ARMA:L.ar])").expect("a number") < 1e-10, "{log}");
    assert_eq!(session.run_captured(&format!("{data}arima y, ar(1)")).1, 459);
}

/// `/sigma` under the names of older versions: `[sigma]_b[_cons]`, `_b[sigma:_cons]`, `[sigma]_cons`.
#[test]
fn free_parameters_have_the_names_of_older_versions() {
    let model = "generate x = mod(_n*7, 5)\nexpand 4\nreplace t = _n\ntsset t\nreplace x = mod(_n*7, 11)\narima x, ar(1) nolog\n";
    let sigma = "scalar a = [sigma]_b[_cons]\nscalar b = _b[sigma:_cons]\nlincom [sigma]_cons\nscalar c = r(estimate)\n";
    holds(
        &format!("{model}{sigma}test [sigma]_b[_cons] = 0"),
        &[("a - _b[/sigma]", 0.0), ("b - _b[/sigma]", 0.0), ("c - _b[/sigma]", 0.0), ("r(df)", 1.0)],
    );
    holds(&format!("{model}nlcom [sigma]_b[_cons]^2\nmatrix B = r(b)"), &[("B[1,1] - _b[/sigma]^2", 0.0)]);
    holds(&format!("{model}capture display [nosuch]_b[_cons]\nscalar rc = _rc"), &[("rc", 111.0)]);
}

/// `varsoc` alone describes the last `var`; a graph of the white-noise test and of the implied autocorrelations is drawn.
#[test]
fn tests_of_series_run_after_their_models() {
    let data = "expand 12\nreplace t = _n\ntsset t\nreplace y = mod(_n*7, 11) + mod(_n*_n, 5)\ngenerate x = mod(_n*5, 13) + y\n";
    holds(
        &format!(
            "{data}varsoc y x, maxlag(3) exog(t)\nmatrix A = r(stats)\nquietly var y x, lags(1/3) exog(t)\nvarsoc\nmatrix B = r(stats)"
        ),
        &[("mreldif(A, B)", 0.0), ("r(mlag)", 3.0), ("r(N)", 57.0)],
    );
    holds(
        &format!(
            "{data}wntestb y\ngraph export b.svg, replace\nconfirm file b.svg\nerase b.svg\ncapture wntestb y, table generate(f)\nscalar rc = _rc"
        ),
        &[("rc", 198.0)],
    );
    holds(
        &format!(
            "{data}arima y, ar(1) nolog\nestat acplot, lags(8) covariance\ngraph export c.svg, replace\nerase c.svg\ncapture estat acplot, saving(f)\nscalar rc = _rc"
        ),
        &[("rc", 199.0)],
    );
    holds(
        &format!("{data}capture kpss y, qs\nscalar rc = _rc\nkpss y, auto"),
        &[("rc", 199.0), ("r(N)", 60.0)],
    );
}
