//! Messages of commands that change data and heads of estimates as Stata prints them: the lines are those of published
//! logs.

use crate::support::{has_block, input, log_of};

#[test]
fn reshape_names_the_variables() {
    let log = log_of(
        "set obs 17\ngenerate id = _n\nforeach v in wp1 wp2 wm1 wm2 mean_wm {\ngenerate `v' = _n\n}\nreshape long wp wm, i(id) j(occasion)\nreshape wide\n",
    );
    has_block(
        &log,
        "
(j = 1 2)

Data                               Wide   ->   Long
-----------------------------------------------------------------------------
Number of observations               17   ->   34
Number of variables                   6   ->   5
j variable (2 values)                     ->   occasion
xij variables:
                                wp1 wp2   ->   wp
                                wm1 wm2   ->   wm
-----------------------------------------------------------------------------
",
    );
    has_block(
        &log,
        "
j variable (2 values)          occasion   ->   (dropped)
xij variables:
                                     wp   ->   wp1 wp2
                                     wm   ->   wm1 wm2
-----------------------------------------------------------------------------
",
    );
}

#[test]
fn duplicates_report_and_list() {
    let log = log_of(
        "set obs 625\ngenerate id = cond(_n <= 514, _n, cond(_n <= 610, 1000 + ceil((_n - 514)/2), 2000 + ceil((_n - 610)/3)))\nduplicates report id\ngenerate key = _n\nduplicates list key\nclear\ninput x y\n1 5\n2 6\n1 5\nend\nduplicates list x y",
    );
    has_block(
        &log,
        "
--------------------------------------
   Copies | Observations       Surplus
----------+---------------------------
        1 |          514             0
        2 |           96            48
        3 |           15            10
--------------------------------------
",
    );
    has_block(&log, "Duplicates in terms of key\n\n(0 observations are duplicates)");
    has_block(
        &log,
        "
  +---------------------+
  | Group   Obs   x   y |
  |---------------------|
  |     1     1   1   5 |
  |     1     3   1   5 |
  +---------------------+
",
    );
}

#[test]
fn stubs_are_as_wide_as_the_longest_label() {
    let log = log_of(
        "set obs 593\ngenerate id = _n\ntempfile f\nsave `f'\nclear\nset obs 485\ngenerate id = 169 + _n\nreplace id = id in 1/424\nmerge 1:1 id using `f', keep(master match using)\ntabulate _merge\ndrop if _merge == 1\ntabulate _merge",
    );
    has_block(
        &log,
        "
   Matching result from |
                  merge |      Freq.     Percent        Cum.
------------------------+-----------------------------------
        Master only (1) |         61        9.33        9.33
         Using only (2) |        169       25.84       35.17
            Matched (3) |        424       64.83      100.00
------------------------+-----------------------------------
",
    );
}

#[test]
fn destring_says_what_it_removed() {
    let log = log_of(
        "input str12 price str6 percent str3 z\n\"#1,234\" \"12%\" \"5\"\n\"#2,000\" \"7%\" \"x\"\nend\ndestring price percent, generate(price2 percent2) ignore(\"# ,%\")\ndestring z, replace force",
    );
    has_block(&log, "price: characters # , removed; price2 generated as int");
    has_block(&log, "percent: character % removed; percent2 generated as byte");
    has_block(&log, "z: contains nonnumeric characters; replaced as byte\n(1 missing value generated)");
}

#[test]
fn factor_rotations_and_scores_have_borders() {
    let data = input("float", "printed_hsb2.csv", 0);
    let log = log_of(&format!(
        "{data}factor read write math science socst, factors(2)\nrotate\npredict f1 f2\npca read write math science\npredict pc1 pc2"
    ));
    let block = |title: &str, lines: &[&str]| {
        let at = log.find(title).unwrap_or_else(|| panic!("no {title} in\n{log}"));
        let found: Vec<&str> = log[at..].lines().take(lines.len()).map(str::trim_end).collect();
        assert_eq!(found, lines, "{log}");
    };
    assert!(log.contains(
        "(obs=200)\n\nFactor analysis/correlation                      Number of obs    =        200"
    ));
    block(
        "Factor rotation matrix",
        &[
            "Factor rotation matrix",
            "",
            "    --------------------------------",
            "                 | Factor1  Factor2",
            "    -------------+------------------",
        ],
    );
    block(
        "(regression scoring assumed)",
        &[
            "(regression scoring assumed)",
            "",
            "Scoring coefficients (method = regression; based on varimax rotated factors)",
            "",
            "    ----------------------------------",
            "        Variable |  Factor1   Factor2",
            "    -------------+--------------------",
        ],
    );
    block(
        "Principal components/correlation",
        &[
            "Principal components/correlation                 Number of obs    =        200",
            "                                                 Number of comp.  =          4",
            "                                                 Trace            =          4",
            "    Rotation: (unrotated = principal)            Rho              =     1.0000",
        ],
    );
    block(
        "(score assumed)",
        &[
            "(score assumed)",
            "(2 components skipped)",
            "",
            "Scoring coefficients",
            "    sum of squares(column-loading) = 1",
            "",
            "    ------------------------------------------------------",
            "        Variable |    Comp1     Comp2     Comp3     Comp4",
            "    -------------+----------------------------------------",
        ],
    );
}

#[test]
fn contributions_to_chi2_and_plots() {
    let data = "input a b n\n1 1 10\n1 2 20\n2 1 30\n2 2 15\nend\n";
    let log = log_of(&format!("{data}tabulate a b [fw=n], cchi2 nokey\ntabulate a [fw=n], plot"));
    // expected counts 16, 14, 24, 21: (o - e)^2/e by hand
    has_block(
        &log,
        "
         1 |        10         20 |        30
           |       2.2        2.6 |       4.8
",
    );
    has_block(
        &log,
        "
         2 |        30         15 |        45
           |       1.5        1.7 |       3.2
",
    );
    assert!(
        log.lines().any(|l| l.trim_end() == format!("          1 |         30 |{}", "*".repeat(30))),
        "{log}"
    );
}

#[test]
fn median_has_the_look_of_tabulate() {
    // [R] ranksum: fuel additives of 24 cars
    let log = log_of(
        "input double mpg treated n\n1 0 7\n2 0 5\n1 1 5\n2 1 7\nend\nexpand n\nmedian mpg, by(treated) medianties(below)",
    );
    has_block(
        &log,
        "
    median |         0          1 |     Total
-----------+----------------------+----------
        no |         7          5 |        12
       yes |         5          7 |        12
-----------+----------------------+----------
     Total |        12         12 |        24

          Pearson chi2(1) =   0.6667   Pr = 0.414

   Continuity corrected:
          Pearson chi2(1) =   0.1667   Pr = 0.683
",
    );
}

#[test]
fn a_captured_capture_shows_no_message() {
    let log = log_of(
        "capture noisily capture summarize nosuch\ndisplay _rc\ncapture noisily summarize nosuch\ndisplay _rc",
    );
    assert_eq!(log.matches("variable nosuch not found").count(), 1, "{log}");
    assert_eq!(log.lines().collect::<Vec<_>>(), ["0", "variable nosuch not found", "111"]);
}

#[test]
fn bootstrap_and_jackknife_heads() {
    let log = log_of(
        "set obs 40\nset seed 1\ngenerate x = _n\nbootstrap m=r(mean), reps(10) nodots: summarize x\njackknife m=r(mean), nodots: summarize x",
    );
    has_block(
        &log,
        "
Bootstrap results                                           Number of obs = 40
                                                            Replications  = 10

      Command: summarize x
            m: r(mean)

------------------------------------------------------------------------------
             |   Observed   Bootstrap                         Normal-based
             | coefficient  std. err.      z    P>|z|     [95% conf. interval]
-------------+----------------------------------------------------------------
",
    );
    has_block(
        &log,
        "      Command: summarize x\n            m: r(mean)\n\n------------------------------------------------------------------------------\n             |              Jackknife\n             | Coefficient  std. err.      t    P>|t|     [95% conf. interval]",
    );
}

#[test]
fn no_blank_line_ends_the_list_of_stored_results() {
    let log = log_of("set obs 3\ngenerate x = _n\nquietly summarize x\nreturn list\ndisplay 1");
    has_block(&log, "                r(max) =  3\n                r(sum) =  6\n1");
}

#[test]
fn import_names_the_encoding() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let (plain, accents) = (file("plain.csv", "a,b\n1,2\n"), file("accents.csv", "a,b\né,2\nü,3\n"));
    let log = log_of(&format!("import delimited \"{plain}\"\nimport delimited \"{accents}\", clear"));
    has_block(&log, "(encoding automatically selected: ISO-8859-1)\n(2 vars, 1 obs)");
    has_block(&log, "(encoding automatically selected: UTF-8)\n(2 vars, 2 obs)");
}
