//! Structural equation models of several groups, seasonal smoothing, power with clusters, and the unit roots of panels as they are
//! printed, and what they refuse. Numbers are in the oracle cases.

use crate::support::{has_block, has_lines, log_of, run, try_run};

/// Two groups whose factor has other means: x1 to x3 follow it.
const FACTOR: &str = "clear\nset obs 240\nset seed 3\ngenerate g = 1 + (_n > 120)\n\
    generate double f = rnormal() + .8*(g == 2)\ngenerate double x1 = 1 + f + rnormal()\n\
    generate double x2 = 2 + .8*f + rnormal()\ngenerate double x3 = .5 + 1.2*f + rnormal()\n\
    label define g 1 \"rural\" 2 \"urban\"\nlabel values g g\n";

/// [SEM] Example 20 and following: the header, `[*]` for what the groups share, and the note below the table.
#[test]
fn groups_of_a_model_share_rows() {
    let (s, log) = run(&format!("{FACTOR}sem (F -> x1 x2 x3), group(g) nolog"));
    has_lines(
        &log,
        "Grouping variable: g                                    Number of groups =   2\n\
         Measurement  |\n  x1         |\n           F |\n\
         Note: [*] identifies parameter estimates constrained to be equal across groups.",
    );
    assert!(log.contains(" (  1)  [x1]1bn.g#c.F = 1") || log.contains(" ( 1)  [x1]1bn.g#c.F = 1"), "{log}");
    assert!(log.contains("[x2]1bn.g#c.F - [x2]2.g#c.F = 0") && log.contains("[/]mean(F)#1bn.g = 0"), "{log}");
    assert!(
        log.contains("         [*] |") && log.contains("       rural |") && log.contains("       urban |"),
        "{log}"
    );
    assert_eq!(s.eval_num("_b[x2:1.g#c.F] == _b[x2:2.g#c.F] & _b[/mean(F)#2.g] > .4"), Ok(1.0));
    let (_, log) = run(&format!("{FACTOR}sem (F -> x1 x2 x3), group(g) nolog showginvariant"));
    assert!(!log.contains("[*]"), "{log}");
}

/// A model whose groups share nothing is that of each group alone.
#[test]
fn groups_without_common_parameters_are_models_of_their_own() {
    let own = "quietly sem (F -> x1 x2 x3) if g == 2, nolog\nscalar b = _b[x3:F]\nscalar se = _se[x3:F]\nscalar l = e(ll)\n\
        quietly sem (F -> x1 x2 x3) if g == 1, nolog\nscalar l = l + e(ll)\n";
    let (s, _) = run(&format!("{FACTOR}{own}sem (F -> x1 x2 x3), group(g) ginvariant(none) nolog"));
    for expression in
        ["reldif(_b[x3:2.g#c.F], b) < 1e-9", "reldif(_se[x3:2.g#c.F], se) < 1e-7", "reldif(e(ll), l) < 1e-12"]
    {
        assert_eq!(s.eval_num(expression), Ok(1.0), "{expression}");
    }
    // two loadings, three intercepts less the mean that they free
    let both = "sem (F -> x1 x2 x3), group(g) ginvariant(none) nolog\nestimates store a\n\
        sem (F -> x1 x2 x3), group(g) nolog\nlrtest a .";
    let (s, _) = run(&format!("{FACTOR}{both}"));
    assert_eq!(s.eval_num("r(df)"), Ok(4.0));
}

#[test]
fn tests_between_groups_are_printed() {
    let (s, log) = run(&format!(
        "{FACTOR}sem (F -> x1 x2 x3), group(g) nolog\nestat ggof\nmatrix f = r(gfit)\nestat ginvariant"
    ));
    has_block(&log, "Group-level fit statistics");
    has_lines(&log, "g            |\nTests for group invariance of parameters\nx1           |");
    assert_eq!(s.eval_num("f[1,1] + f[2,1]"), Ok(240.0));
    let (log, rc) = try_run(&format!("{FACTOR}sem (F -> x1 x2 x3), group(g) nolog\nestat gof, stats(all)"));
    assert!(rc == 0 && log.contains("estat ggof reports them") && log.contains("RMSEA"), "{log}");
}

#[test]
fn what_groups_and_seasons_refuse() {
    let series = "clear\nset obs 40\ngenerate t = _n\ngenerate x = 10 + mod(_n, 4) + _n/10\ngenerate z = x - 12\ntsset t\n";
    for (text, code) in [
        (format!("{FACTOR}sem (F -> x1 x2 x3), ginvariant(all)"), 198),
        (format!("{FACTOR}sem (F -> x1 x2 x3), group(g) ginvariant(nosuch)"), 198),
        (format!("{FACTOR}sem (F -> x1 x2 x3), group(x1)"), 198),
        (format!("{FACTOR}sem (F -> x1 x2 x3), group(f)"), 452),
        (format!("{FACTOR}sem (F -> x1 x2 x3) (3: x1 <- F@2), group(g)"), 198),
        (format!("{FACTOR}sem (F -> x1 x2 x3) (2: x1 <- F@2)"), 198),
        (format!("{FACTOR}sem (F -> x1 x2 x3), nolog\nestat ggof"), 198),
        (format!("{FACTOR}sem (F -> x1 x2 x3), group(g) nolog\nestat mindices"), 199),
        (format!("{FACTOR}sem (F -> x1 x2 x3), group(g) nolog\nestat teffects"), 199),
        (format!("{series}tssmooth shwinters w = x"), 198),
        (format!("{series}tssmooth shwinters w = x, period(1)"), 198),
        (format!("{series}tssmooth shwinters w = x, period(30)"), 2001),
        (format!("{series}tssmooth shwinters w = z, period(4)"), 411),
        (format!("{series}tssmooth shwinters w = z, period(4) additive"), 0),
        (format!("{series}tssmooth shwinters w = x, period(4) parms(.1 .2)"), 198),
        (format!("{series}tssmooth shwinters w = x, period(4) altstarts"), 199),
        (format!("{series}tssmooth shwinters w = x, period(4) s0_0(1 1)"), 198),
        ("power twomeans 0 1, cluster".to_string(), 198),
        ("power twomeans 0 1, k1(4) m1(5) rho(1.2)".to_string(), 198),
        ("power twomeans 0 .1, k1(4) rho(.5)".to_string(), 430),
        ("power twomeans 0 1, k1(4.5) m1(5)".to_string(), 198),
        ("power twomeans 0 1, k1(4) m1(5) power(.9)".to_string(), 199),
        ("power twomeans 0 1, m1(5) cvcluster(.3)".to_string(), 199),
        ("power onemean 0 1, k1(4) m1(5)".to_string(), 198),
    ] {
        let (log, rc) = try_run(&text);
        assert_eq!(rc, code, "{text}\n{log}");
    }
}

#[test]
fn designs_of_clusters_are_printed() {
    let log = log_of("power twomeans 0 .5, m1(20) rho(.05)");
    has_block(
        &log,
        "Estimated numbers of clusters for a two-sample means test\n\
         Cluster randomized design, z test assuming sd1 = sd2 = sd\nH0: m2 = m1  versus  Ha: m2 != m1",
    );
    has_lines(
        &log,
        "Cluster design:\n           M1 =        20\n           M2 =        20\n          rho =    0.0500\n\
         Estimated numbers of clusters and sample sizes:\n           K1 =         7\n           K2 =         7\n\
         \u{20}          N1 =       140\n           N2 =       140",
    );
}

/// [XT] xtunitroot: the mean of t-tilde stands below t-bar, with the p-value of its standardised form.
#[test]
fn the_test_of_im_pesaran_and_shin_has_a_p_value() {
    let data = "clear\nset obs 200\nset seed 5\ngenerate id = ceil(_n/20)\nbysort id: generate t = _n\nxtset id t\n\
        generate double y = rnormal()\n";
    let (s, log) = run(&format!("{data}xtunitroot ips y"));
    assert!(log.contains(" t-tilde-bar") && log.contains(" Z-t-tilde-bar"), "{log}");
    assert_eq!(s.eval_num("r(p_zttildebar) < 1e-6 & r(zttildebar) < -5 & r(ttildebar) < 0"), Ok(1.0));
    let (s, log) = run(&format!("{data}xtunitroot ips y if t <= 4"));
    assert!(log.contains("requires more time periods"), "{log}");
    assert_eq!(s.eval_num("missing(r(p_zttildebar))"), Ok(1.0));
    let (s, log) = run(&format!("{data}xtunitroot breitung y, lags(1)"));
    has_lines(&log, "Breitung unit-root test for y\nPrewhitening: 1 lag");
    assert_eq!(s.eval_num("r(lambda) < -3 & r(p) < .01 & r(lags) == 1"), Ok(1.0));
}
