//! Commands and options of textbook exercises: abbreviated names of coefficients, sorted tables of pairs, perfect predictors that
//! stay, extreme values, labels of bars, curves by strata, and the layout of multilevel models of censored outcomes.

use crate::support::{cars, has_block, has_lines, holds, log_of, run, try_run, try_run_in_a_folder};

#[test]
fn coefficients_have_the_short_names_of_their_variables() {
    let (session, _) = run(&format!(
        "{}regress price mpg weight i.foreign c.mpg#i.foreign\n\
         test weight\nscalar full = r(F)\ntest wei\nscalar short = r(F)\n\
         test 1.foreign = mpg\nscalar b = r(F)\ntest 1.for = mp\nscalar d = r(F)\n\
         lincom weight + 2*1.foreign#c.mpg\nscalar e = r(estimate)\nlincom wei + 2*1.for#c.mp\nscalar f = r(estimate)\n\
         scalar g = _b[wei] - _b[weight] + _se[1.for] - _se[1.foreign]\nnlcom _b[wei]/_b[mp]\nmatrix n = r(b)\n\
         scalar h = n[1,1] - _b[weight]/_b[mpg]",
        cars()
    ));
    holds(&session, &["full == short", "b == d", "e == f", "g == 0", "abs(h) < 1e-14", "full > 0"]);
}

#[test]
fn an_abbreviation_must_stand_for_one_variable() {
    let setup = format!("{}regress price mpg weight\n", cars());
    // t begins trunk and turn; m begins make and mpg
    for (line, want) in
        [("test t", "t not found"), ("lincom m", "m not found"), ("display _b[m]", "not found")]
    {
        let (log, rc) = try_run(&format!("{setup}{line}"));
        assert_eq!(rc, 111, "{line}\n{log}");
        assert!(log.contains(want), "{line}\n{log}");
    }
    let (_, rc) = try_run(&format!("{setup}set varabbrev off\ntest wei"));
    assert_eq!(rc, 111);
    // the name of an equation goes before an abbreviation
    let (session, _) = run(
        "set obs 90\ngen high1 = mod(_n*7, 11)\ngen k = mod(_n*5, 13)\ngen y = 1 + (high1 + mod(_n*3, 8) > 6) + (k > 8)\n\
         label define y 1 low 2 mid 3 high\nlabel values y y\nmlogit y high1 k\ntest high\nscalar d = r(df)",
    );
    holds(&session, &["d == 2"]);
}

#[test]
fn perfect_predictors_stay_under_asis() {
    // x = 1 predicts success: its rows add nothing to the likelihood at infinity
    let data = "set obs 60\ngen x = _n <= 12\ngen z = mod(_n*7, 11)\ngen y = x | z + mod(_n*5, 7) > 8\n";
    for command in ["logit", "probit", "logistic", "cloglog", "glm"] {
        let family = if command == "glm" { " family(binomial)" } else { "" };
        let (session, log) = run(&format!(
            "{data}{command} y x z, nolog{family}\nscalar n = e(N)\nscalar ll = e(ll)\nscalar b = _b[z]\n\
             {command} y x z, asis nolog iterate(25){family}\nscalar d = abs(e(ll) - ll)\nscalar c = reldif(_b[z], b)"
        ));
        assert!(log.contains("x != 0 predicts success perfectly"), "{command}\n{log}");
        holds(&session, &["n == 48", "e(N) == 60", "d < 1e-4", "c < 1e-3"]);
    }
}

#[test]
fn tables_of_pairs_ascend_under_sort() {
    let data = format!("{}quietly regress price i.rep78\n", cars());
    let log = log_of(&format!(
        "{data}pwcompare rep78, sort\nmatrix s = r(b_vs)\npwcompare rep78\nassert mreldif(s, r(b_vs)) == 0"
    ));
    let sorted = log.split("Pairwise comparisons").nth(1).expect("the first table");
    let contrasts: Vec<f64> = sorted
        .lines()
        .filter(|l| l.contains(" vs ") && l.contains('|'))
        .map(|l| l.split('|').nth(1).expect("cells").split_whitespace().next().expect("a number"))
        .map(|n| n.replace(',', "").parse().expect("a number"))
        .collect();
    assert_eq!(contrasts.len(), 10, "{sorted}");
    assert!(contrasts.windows(2).all(|w| w[0] <= w[1]), "{contrasts:?}");
    // means of 4564.5, 5913, 5967.6, 6071.5 and 6429.2
    for command in ["pwcompare rep78, groups sort", "pwmean price, over(rep78) groups sort"] {
        let log = log_of(&format!("{data}{command}"));
        let order: Vec<&str> = log
            .lines()
            .rev()
            .filter_map(|l| l.split_once('|'))
            .map(|(name, _)| name.trim())
            .filter(|name| name.len() == 1)
            .collect();
        assert_eq!(order, ["3", "4", "2", "5", "1"], "{command}\n{log}");
    }
}

/// The prices of 1978 in a log of the author.
#[test]
fn extreme_values_of_prices() {
    let log = log_of(&format!("{}format price %8.0gc\nextremes price\nextremes price, iqr sep(0)", cars()));
    has_block(
        &log,
        "
  +--------------+
  | obs:   price |
  |--------------|
  |  34.   3,291 |
  |  14.   3,299 |
  |  18.   3,667 |
  |  68.   3,748 |
  |  66.   3,798 |
  +--------------+

  +---------------+
  |  64.   12,990 |
  |  28.   13,466 |
  |  27.   13,594 |
  |  12.   14,500 |
  |  13.   15,906 |
  +---------------+",
    );
    has_block(
        &log,
        "
  +-----------------------+
  | obs:    iqr:    price |
  |-----------------------|
  |  53.   1.559    9,690 |
  |  55.   1.580    9,735 |
  |  41.   1.877   10,371 |
  |   9.   1.877   10,372 |
  |  11.   2.349   11,385 |
  |  26.   2.401   11,497 |
  |  74.   2.633   11,995 |
  |  64.   3.096   12,990 |
  |  28.   3.318   13,466 |
  |  27.   3.378   13,594 |
  |  12.   3.800   14,500 |
  |  13.   4.455   15,906 |
  +-----------------------+",
    );
    let log = log_of(&format!("{}extremes rep78, frequencies n(2) low", cars()));
    has_lines(&log, "  | rep78   freq: |\n  |     1       2 |\n  |     2       8 |");
    assert_eq!(try_run(&format!("{}extremes price mpg, frequencies", cars())).1, 198);
}

#[test]
fn bars_have_their_heights() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = dofile::Session::default();
    session.cwd = folder.path().to_path_buf();
    let (log, rc) = session.run_captured(&format!(
        "{}histogram rep78, discrete frequency addlabels\ngraph export a.svg\n\
         histogram rep78, discrete percent addlabels addlabopts(mlabformat(%4.1f))\ngraph export b.svg",
        cars()
    ));
    assert_eq!(rc, 0, "{log}");
    let texts = [("a.svg", ["2", "8", "30", "18", "11"]), ("b.svg", ["2.9", "11.6", "43.5", "26.1", "15.9"])];
    for (file, heights) in texts {
        let svg = std::fs::read_to_string(folder.path().join(file)).expect("a figure");
        for height in heights {
            assert!(svg.contains(&format!(">{height}<")), "{file}: {height}\n{svg}");
        }
    }
}

#[test]
fn saved_curves_keep_groups_and_files() {
    let data = "input t d str1 g\n1 1 a\n2 0 a\n3 1 b\n4 1 b\nend\nstset t, failure(d)\n";
    let (log, rc) = try_run_in_a_folder(&format!(
        "{data}sts list, by(g) saving(f)\nsts list, by(g) enter cumhaz saving(f, replace)\nuse f, clear\n\
         assert g[1] == \"a\" & g[4] == \"b\" & _N == 4\nassert enter[1] == 0 & lost[2] == 1 & cumhaz[3] == .5"
    ));
    assert_eq!(rc, 0, "{log}");
    let (_, rc) = try_run_in_a_folder(&format!("{data}sts list, saving(f)\nsts list, saving(f)"));
    assert_eq!(rc, 602);
    let (log, rc) = try_run_in_a_folder(&format!("{data}sts list, by(g) compare saving(f)"));
    assert_eq!(rc, 199, "{log}");
}

#[test]
fn estimates_survive_curves_of_kaplan_and_meier() {
    let (session, log) = run(
        "set obs 40\ngen t = mod(_n*7, 41) + 1\ngen g = mod(_n, 2)\ngen z = mod(_n*5, 9)\nstset t\nquietly stcox z\n\
         scalar b = _b[z]\nscalar n = e(N)\nstcoxkm, by(g) separate\nscalar c = _b[z]\ncount if e(sample)",
    );
    holds(&session, &["b == c", "r(N) == 40", "e(cmd2) == \"stcox\""]);
    assert!(log.contains("Failure _d: 1"), "{log}");
    assert_eq!(try_run("set obs 9\ngen t = _n\nstset t\nstcoxkm").1, 198);
}

#[test]
fn groups_that_are_not_nested_average_as_over() {
    let data = "set obs 80\ngen a = mod(_n, 3)\ngen b = mod(_n, 4) > 1\ngen x = mod(_n*7, 13)\ngen y = a + 2*b + x + mod(_n*5, 7)\nregress y i.a##i.b x\n";
    let (session, log) = run(&format!(
        "{data}margins b, over(a)\nmatrix o = r(table)\nmargins b, within(a)\nmatrix w = r(table)\nscalar d = mreldif(o, w)"
    ));
    holds(&session, &["d == 0", "colsof(w) == 6"]);
    assert!(log.contains("\nWithin:     a\n"), "{log}");
    assert_eq!(try_run(&format!("{data}margins, over(a) within(b)")).1, 198);
}

#[test]
fn censored_outcomes_of_groups() {
    let data = "set obs 120\ngen id = ceil(_n/8)\ngen x = mod(_n*7, 11) - 5\ngen y = max(0, x + 3*mod(id, 3) + mod(_n*5, 9))\n";
    let log = log_of(&format!("{data}metobit y x || id:, ll(0) nolog"));
    has_lines(
        &log,
        r"Mixed-effects tobit regression                  Number of obs     =        120
Group variable: id                              Number of groups  =         15
                                                Obs per group:
                                                              min =          8
                                                              avg =        8.0
                                                              max =          8
Integration method: mvaghermite                 Integration pts.  =          7",
    );
    assert!(log.contains("Limits: Lower =    0"), "{log}");
    assert!(log.contains("        Upper = +inf"), "{log}");
    assert!(log.contains("LR test vs. tobit model: chibar2(01) = "), "{log}");
    assert!(log.contains("   var(_cons)|") && log.contains("var(e.y)"), "{log}");
    // the unit of the outcome does not matter, also to the number of iterations
    let (session, _) = run(&format!(
        "{data}metobit y x || id:, ll(0) nolog\nscalar v = _b[/var(_cons[id])]\nscalar l = e(ll)\n\
         replace y = 1000*y\nmetobit y x || id:, ll(0) nolog\nscalar w = _b[/var(_cons[id])]\n\
         scalar m = e(ll) + e(N_unc)*ln(1000)\nxtset id\nxttobit y x, ll(0) iterate(10)"
    ));
    holds(&session, &["reldif(w, 1e6*v) < 1e-5", "abs(m - l) < 1e-6", "e(converged) == 1"]);
    let (session, _) = run(&format!(
        "{data}metobit y x || id: x, ll(0) covariance(unstructured) nolog\nscalar v = _b[/cov(x[id],_cons[id])]"
    ));
    holds(&session, &["abs(v) < 10", "e(k_r) == 3", "e(llopt) == \"0\""]);
    assert_eq!(try_run(&format!("{data}meintreg y y x || id:, ll(0)")).1, 198);
    assert_eq!(try_run(&format!("{data}replace y = 0\nmetobit y x || id:, ll(0)")).1, 2000);
}

#[test]
fn categories_of_selected_rows() {
    let data = "set obs 150\ngen z = mod(_n*7, 11) - 5\ngen x = mod(_n*5, 13) - 6\ngen s = z + mod(_n*3, 8) - 3 > 0\n\
                gen y = 1 + (x + mod(_n*11, 7) > 1) + (x + mod(_n*11, 7) > 5) if s\n";
    let log = log_of(&format!("{data}heckoprobit y x, select(s = z) nolog"));
    let mut rest = log.lines();
    for start in [
        "Ordered probit model with sample selection      Number of obs     =        150",
        "y            |",
        "s            |",
        "       /cut1 |",
        "       /cut2 |",
        "     /athrho |",
        "         rho |",
        "LR test of indep. eqns. (rho = 0): chi2(1) = ",
    ] {
        assert!(rest.any(|l| l.starts_with(start)), "no line {start:?} (in this order) in\n{log}");
    }
    assert_eq!(try_run(&format!("{data}heckoprobit y x, select(s = z) noconstant")).1, 198);
}

#[test]
fn ancillary_parameters_in_brackets() {
    let (session, _) = run(
        "set obs 60\ngen x = mod(_n*7, 11)\ngen t = 1 + mod(_n*5, 13) + x\nstset t\nstreg x, distribution(weibull) nolog\n\
         test _b[/ln_p] = 0\nscalar a = r(chi2)\ntest [/ln_p] = 0\nscalar b = r(chi2)\ntest [/ln_p]\nscalar c = r(chi2)\n\
         lincom [/ln_p] - .5*_b[x]\nscalar d = r(estimate) - _b[/ln_p] + .5*_b[x]",
    );
    holds(&session, &["a == b", "b == c", "abs(d) < 1e-14", "a > 0"]);
}

#[test]
fn residuals_of_binary_models_have_short_names() {
    let (session, _) = run(
        "set obs 60\ngen x = mod(_n*7, 11)\ngen y = x + mod(_n*5, 13) > 10\nlogit y x, nolog\npredict double a, rs\n\
         predict double b, rstandard\ncount if a != b",
    );
    holds(&session, &["r(N) == 0", "!missing(a[1])"]);
}
