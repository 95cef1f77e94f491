//! The tables of tests of means and spreads and of life tables, line by line against published output: [R] ttest,
//! [R] sdtest, [R] ztest, and the survival of the first group of Kalbfleisch and Prentice's (2002) rats.

use dofile::Session;

/// Lines that a do-file prints, without the commands.
fn lines(text: &str) -> Vec<String> {
    let (log, rc) = Session::default().run_captured(text);
    assert_eq!(rc, 0, "{log}");
    log.lines().filter(|l| !l.is_empty() && !l.starts_with(['.', '>'])).map(str::to_string).collect()
}

#[test]
fn one_mean_from_its_summary() {
    assert_eq!(
        lines("ttesti 24 62.6 15.8 75"),
        [
            "One-sample t test",
            "------------------------------------------------------------------------------",
            "         |     Obs        Mean    Std. err.   Std. dev.   [95% conf. interval]",
            "---------+--------------------------------------------------------------------",
            "       x |      24        62.6    3.225161        15.8    55.92825    69.27175",
            "------------------------------------------------------------------------------",
            "    mean = mean(x)                                                t =  -3.8448",
            "H0: mean = 75                                    Degrees of freedom =       23",
            "    Ha: mean < 75               Ha: mean != 75                 Ha: mean > 75",
            " Pr(T < t) = 0.0004         Pr(|T| > |t|) = 0.0008          Pr(T > t) = 0.9996",
        ]
    );
}

#[test]
fn two_means_from_their_summaries() {
    let found = lines("ttesti 20 20 5 32 15 4");
    let want = [
        "       x |      20          20    1.118034           5    17.65993    22.34007",
        "       y |      32          15    .7071068           4    13.55785    16.44215",
        "---------+--------------------------------------------------------------------",
        "Combined |      52    16.92308    .6943785    5.007235    15.52905     18.3171",
        "---------+--------------------------------------------------------------------",
        "    diff |                   5    1.256135                2.476979    7.523021",
        "------------------------------------------------------------------------------",
        "    diff = mean(x) - mean(y)                                      t =   3.9805",
        "H0: diff = 0                                     Degrees of freedom =       50",
        "    Ha: diff < 0                 Ha: diff != 0                 Ha: diff > 0",
        " Pr(T < t) = 0.9999         Pr(|T| > |t|) = 0.0002          Pr(T > t) = 0.0001",
    ];
    assert_eq!(found[4..], want);
}

/// Published output of `sdtest` for the science scores of boys and girls; the summaries are rounded, and so are the last
/// digits of the second line and of the limits of the fourth.
#[test]
fn two_spreads_have_intervals_and_alternatives() {
    let found = lines("sdtesti 91 53.23077 10.73217 109 50.69725 9.038503");
    assert_eq!(found[4], "       x |      91    53.23077    1.125037    10.73217    50.99569    55.46585");
    assert!(found[5].starts_with("       y |     109    50.69725    .865731"), "{}", found[5]);
    assert!(found[5].ends_with("    9.038503    48.98122    52.41328"), "{}", found[5]);
    assert!(
        found[7].starts_with("Combined |     200       51.85    .7000987    9.900891    50.46944    53.2305")
    );
    let want = [
        "------------------------------------------------------------------------------",
        "    ratio = sd(x) / sd(y)                                         f =   1.4099",
        "H0: ratio = 1                                    Degrees of freedom =  90, 108",
        "    Ha: ratio < 1               Ha: ratio != 1                 Ha: ratio > 1",
        "  Pr(F < f) = 0.9562         2*Pr(F > f) = 0.0876           Pr(F > f) = 0.0438",
    ];
    assert_eq!(found[8..], want);
}

#[test]
fn two_means_with_known_spreads() {
    let found = lines("ztesti 12 21 3 12 22.75 3");
    let want = [
        "       x |      12          21    .8660254           3    19.30262    22.69738",
        "       y |      12       22.75    .8660254           3    21.05262    24.44738",
        "---------+--------------------------------------------------------------------",
        "    diff |               -1.75    1.224745               -4.150456    .6504558",
        "------------------------------------------------------------------------------",
        "    diff = mean(x) - mean(y)                                      z =  -1.4289",
        "H0: diff = 0",
        "    Ha: diff < 0                 Ha: diff != 0                 Ha: diff > 0",
        " Pr(Z < z) = 0.0765         Pr(|Z| > |z|) = 0.1530          Pr(Z > z) = 0.9235",
    ];
    assert_eq!(found[4..], want);
}

const RATS: &str = "input t died\n143 1\n164 1\n188 1\n188 1\n190 1\n192 1\n206 1\n209 1\n213 1\n216 1\n216 0\n220 1\n\
    227 1\n230 1\n234 1\n244 0\n246 1\n265 1\n304 1\nend\n";

/// R survfit with log-log limits: without adjustment and with intervals of one day the table is Kaplan and Meier's.
#[test]
fn survival_of_a_life_table_is_that_of_kaplan_and_meier() {
    let found = lines(&format!("{RATS}ltable t died, noadjust"));
    let wanted = [
        "  143   144        19        1      0     0.9474    0.0512     0.6812    0.9924",
        "  188   189        17        2      0     0.7895    0.0935     0.5319    0.9153",
        "  216   217        10        1      1     0.4737    0.1145     0.2444    0.6728",
        "  265   266         2        1      0     0.0789    0.0728     0.0057    0.2876",
    ];
    for line in wanted {
        assert!(found.iter().any(|l| l == line), "{line}\n{}", found.join("\n"));
    }
    // the formula by R: 9.5 at risk at 216
    let adjusted = lines(&format!("{RATS}ltable t died"));
    assert!(adjusted.iter().any(|l| l.starts_with("  216   217        10        1      1     0.4709")));
}

/// The same formulas in R, intervals of thirty days, those lost counted for half of them.
#[test]
fn hazards_of_a_life_table() {
    let found = lines(&format!("{RATS}ltable t died, intervals(30) hazard"));
    let wanted = [
        "  120   150        19    0.0526  0.0512    0.0018    0.0018    0.0000    0.0066",
        "  210   240        11    0.7519  0.1009    0.0267    0.0100    0.0098    0.0519",
        "  300   330         1    1.0000       .    0.0667    0.0000    0.0017    0.2459",
    ];
    for line in wanted {
        assert!(found.iter().any(|l| l == line), "{line}\n{}", found.join("\n"));
    }
}

#[test]
fn ranks_of_sts_test_keep_to_their_columns() {
    let data = "input g t\n0 1\n0 4\n0 6\n1 7\n1 9\n1 5\n1 4\nend\nstset t\n";
    for weights in ["tware", "peto", "fh(1 0)", "wilcoxon", "logrank"] {
        let found = lines(&format!("{data}sts test g, noshow {weights}"));
        let rule = found.iter().rposition(|l| l.starts_with("------+")).expect("a rule");
        let widths: Vec<usize> = found[rule - 3..=rule + 1].iter().map(|l| l.chars().count()).collect();
        assert!(widths.windows(2).all(|w| w[0] == w[1]), "{weights} {widths:?}\n{}", found.join("\n"));
    }
}
