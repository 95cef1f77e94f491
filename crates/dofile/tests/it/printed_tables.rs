//! Tables and reports laid out as Stata prints them. The expected lines are taken from published logs, whose rules are
//! drawn with `-`, `|` and `+` here.

use crate::support::{cars, has_lines, log_of};

/// W. and C. Carbonaro, Basics: Running Commands (course notes, Stata 17).
#[test]
fn codebook() {
    let log = log_of(&format!(
        "{}codebook make price rep78 headroom weight gear_ratio foreign\ncodebook mpg price foreign, compact",
        cars()
    ));
    has_lines(
        &log,
        r#"                  Type: String (str18), but longest is str17
         Unique values: 74                        Missing "": 0/74
              Examples: "Cad. Deville"
                        "Dodge Magnum"
                        "Merc. XR-7"
                        "Pont. Catalina"
               Warning: Variable has embedded blanks.
                  Type: Numeric (int)
                 Range: [3291,15906]                  Units: 1
         Unique values: 74                        Missing .: 0/74
                  Mean: 6165.26
             Std. dev.:  2949.5
           Percentiles:     10%       25%       50%       75%       90%
                           3895      4195    5006.5      6342     11385
                 Range: [1,5]                         Units: 1
         Unique values: 5                         Missing .: 5/74
            Tabulation: Freq.  Value
                            2  1
                           11  5
                            5  .
                 Range: [1.5,5]                       Units: .1
                            4  1.5
                           13  2
                 Range: [1760,4840]                   Units: 10
                  Mean: 3019.46
             Std. dev.: 777.194
                 Range: [2.19,3.89]                   Units: .01
                  Mean: 3.01486
             Std. dev.: .456287
                           2.43      2.73     2.955      3.37      3.72
                 Label: origin
            Tabulation: Freq.   Numeric  Label
                           52         0  Domestic
                           22         1  Foreign
Variable   Obs Unique      Mean   Min    Max  Label
mpg         74     21   21.2973    12     41
price       74     74  6165.257  3291  15906
foreign     74      2  .2972973     0      1  Car origin"#,
    );
}

/// Counts of women by education and contraceptive use, from G. Rodríguez, Stata Tutorial, section 3 (Stata 18).
const WOMEN: &str = "input educg cuse n\n1 1 349\n1 2 27\n1 3 127\n2 1 241\n2 2 22\n2 3 141\n3 1 153\n3 2 26\n3 3 127\n\
    4 1 64\n4 2 29\n4 3 108\nend\nlabel variable educg \"Education level\"\nlabel variable cuse \"Contraceptive use\"\n\
    label define e 1 \"0-2\" 2 \"3-4\" 3 \"5-7\" 4 \"8-18\"\nlabel define c 1 \"Not using\" 2 \"Inefficient\" 3 \"Efficient\"\n\
    label values educg e\nlabel values cuse c\nexpand n\n";

/// G. Rodríguez, Stata Tutorial, sections 3.1.1 and 3.1.2.
#[test]
fn table_of_percentages_across_a_variable() {
    let log = log_of(&format!("{WOMEN}table educg cuse, statistic(percent, across(cuse))"));
    has_lines(
        &log,
        r"---------------------------------------------------------------
                |                Contraceptive use             
                |  Not using   Inefficient   Efficient    Total
----------------+----------------------------------------------
Education level |
  0-2           |      69.38          5.37       25.25   100.00
  3-4           |      59.65          5.45       34.90   100.00
  5-7           |      50.00          8.50       41.50   100.00
  8-18          |      31.84         14.43       53.73   100.00
  Total         |      57.07          7.36       35.57   100.00",
    );
    let one = "input educg n\n1 941\n2 771\n3 744\n4 659\nend\nlabel variable educg \"Education level\"\n\
        label define e 1 \"0-2\" 2 \"3-4\" 3 \"5-7\" 4 \"8-18\"\nlabel values educg e\n\
        table educg [fw=n], statistic(frequency) statistic(percent)";
    has_lines(
        &log_of(one),
        r"                |  Frequency   Percent
----------------+---------------------
Education level |
  0-2           |        941     30.21
  8-18          |        659     21.16
  Total         |      3,115    100.00",
    );
}

/// [R] table: cells without observations are empty unless `zerocounts` is given.
#[test]
fn table_leaves_empty_cells_empty() {
    let data = "input g h\n1 1\n2 1\n2 2\nend\n";
    has_lines(&log_of(&format!("{data}table g h")), "  1     |  1           1\n  2     |  1   1       2");
    has_lines(&log_of(&format!("{data}table g h, zerocounts")), "  1     |  1   0       1");
}

/// G. Rodríguez, Stata Tutorial, sections 3.3.1 and 3.3.2.
#[test]
fn etable() {
    let log = log_of(&format!(
        "{}quietly regress mpg i.foreign\netable, showstars showstarsnote\ngen gphm = 100/mpg\n\
         quietly regress gphm i.foreign\nestimates store unadjusted\nquietly regress gphm i.foreign weight\n\
         estimates store adjusted\netable, estimates(unadjusted adjusted) column(estimates) cstat(_r_b) \
         cstat(_r_z, sformat((%s))) note(test statistic in parentheses) showstars showstarsnote",
        cars()
    ));
    has_lines(
        &log,
        r"                           mpg   
Car origin                       
  Foreign                4.946 **
                       (1.362)   
Intercept               19.827 **
                       (0.743)   
Number of observations      74   
** p<.01, * p<.05
                       unadjusted  adjusted 
Car origin                                  
  Foreign               -1.005 **   0.622 **
                       (-3.29)     (3.11)   
Weight (lbs.)                       0.002 **
                                  (13.74)   
Intercept                5.318 **  -0.073   
                       (31.92)    (-0.18)   
Number of observations      74         74   
** p<.01, * p<.05
test statistic in parentheses",
    );
}

/// G. Rodríguez, Stata Tutorial, section 3.2.2 (Stata 18): the row of the test and its note.
#[test]
fn dtable_with_tests() {
    let data = "input cuse area n\n1 1 319\n2 1 54\n3 1 324\n. 1 986\n1 2 488\n2 2 50\n3 2 179\n. 2 715\nend\nexpand n\n\
        label variable cuse \"Contraceptive use\"\nlabel variable area \"Type of area\"\n\
        label define c 1 \"Not using\" 2 \"Inefficient\" 3 \"Efficient\"\nlabel values cuse c\n\
        label define a 1 \"Urban\" 2 \"Rural\"\nlabel values area a\ndtable i.cuse, by(area, tests)";
    let log = log_of(data);
    let words = |l: &str| l.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = log.lines().map(words).collect();
    for line in [
        "note: using test pearson across levels of area for cuse.",
        "Urban Rural Total Test",
        "N 1,683 (54.0%) 1,432 (46.0%) 3,115 (100.0%)",
        "Contraceptive use",
        "Not using 319 (45.8%) 488 (68.1%) 807 (57.1%) <0.001",
        "Inefficient 54 (7.7%) 50 (7.0%) 104 (7.4%)",
        "Efficient 324 (46.5%) 179 (25.0%) 503 (35.6%)",
    ] {
        assert!(lines.iter().any(|l| l == line), "no line {line:?} in\n{log}");
    }
}

/// Stata's feature page "Principal components".
#[test]
fn eigenvalues_of_components() {
    let log = log_of(&format!("{}pca price mpg rep78 headroom weight length displacement foreign", cars()));
    has_lines(
        &log,
        r"       Component |   Eigenvalue   Difference         Proportion   Cumulative
           Comp1 |       4.7823      3.51481             0.5978       0.5978
           Comp2 |       1.2675      .429638             0.1584       0.7562
           Comp4 |      .439668     .0670301             0.0550       0.9159
           Comp8 |     .0284659            .             0.0036       1.0000
    ------------------------------------------------
        Variable |    Comp7     Comp8 | Unexplained 
    -------------+--------------------+-------------
           price |   0.2165   -0.0891 |           0",
    );
}

/// The look of `factor`: a published log of seven items. The test of independence of that log, chi2(21) = 2366.36 from
/// 2015 rows, is `-(n - (2p+5)/6)` times the sum of the logarithms of its eigenvalues; here the numbers are those of
/// the school survey hsb2 by that formula.
#[test]
fn factors() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/data/printed_hsb2.csv");
    let log = log_of(&format!(
        "import delimited using \"{}\", clear\nfactor read write math science socst, pcf\n\
         matrix v = e(Ev)\nscalar s = 0\nforvalues j = 1/5 {{\nscalar s = s + ln(v[1,`j'])\n}}\n\
         assert reldif(e(chi2_i), -(200 - 15/6)*s) < 1e-10\nassert e(df_i) == 10\nassert e(p_i) < 1e-50\n\
         factor read write math science socst, factors(2)\nrotate",
        file.display()
    ));
    has_lines(
        &log,
        r"Factor analysis/correlation                      Number of obs    =        200
    Method: principal-component factors          Retained factors =          1
    Rotation: (unrotated)                        Number of params =          5
    --------------------------------------------------------------------------
         Factor  |   Eigenvalue   Difference        Proportion   Cumulative
    -------------+------------------------------------------------------------
        Factor1  |      3.38082      2.82344            0.6762       0.6762
        Factor5  |      0.29884            .            0.0598       1.0000
    LR test: independent vs. saturated:  chi2(10) =  494.94 Prob>chi2 = 0.0000
    ---------------------------------------
        Variable |  Factor1 |   Uniqueness 
    -------------+----------+--------------
            read |   0.8576 |      0.2645
    Rotation: orthogonal varimax (Kaiser off)    Number of params =          9
         Factor  |     Variance   Difference        Proportion   Cumulative
Rotated factor loadings (pattern matrix) and unique variances
Factor rotation matrix",
    );
}

/// Course notes on linear regression with the birth weights of Hosmer and Lemeshow (Stata 16).
#[test]
fn skewness_and_kurtosis_of_residuals() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/data/lbw.csv");
    let log = log_of(&format!(
        "import delimited using \"{}\", clear\nquietly regress bwt smoke age i.race\npredict re, residuals\nsktest re",
        file.display()
    ));
    has_lines(
        &log,
        r"                                                         ----- Joint test -----
    Variable |       Obs   Pr(skewness)   Pr(kurtosis)   Adj chi2(2)  Prob>chi2
-------------+-----------------------------------------------------------------
          re |       189         0.0555         0.9848          3.71     0.1564",
    );
}

/// A published log of `alpha, item`: heads, columns and closing rule.
#[test]
fn reliability_of_items() {
    let log = log_of(&format!("{}alpha price headroom rep78 trunk, item", cars()));
    has_lines(
        &log,
        r"                                                            Average
                             Item-test     Item-rest       interitem
Item         |  Obs  Sign   correlation   correlation     covariance      Alpha
-------------+-----------------------------------------------------------------",
    );
    let row = log.lines().find(|l| l.starts_with("rep78")).expect("a row");
    let column = |c: char| row.find(c);
    assert_eq!((column('|'), row.len()), (Some(13), 79), "{row}");
}

/// [MV] alpha: `label` includes the labels of the variables; `by` is allowed.
#[test]
fn reliability_of_items_with_their_labels() {
    let items = format!("{}label variable price \"Price of a car\"\nlabel variable trunk \"\"\n", cars());
    has_lines(
        &log_of(&format!("{items}alpha price headroom trunk, item label")),
        r"Item         |  Label
-------------+-----------------------------------------------------------------
price        |  Price of a car
trunk        |",
    );
    let plain = log_of(&format!("{items}alpha price trunk, label\nbysort foreign: alpha price trunk"));
    assert!(!plain.contains("Label") && plain.matches("Test scale").count() == 3, "{plain}");
}

/// G. Rodríguez, Multilevel Models, "3-Level Models": a table in two panels, each with the totals of the rows.
#[test]
fn totals_stand_in_every_panel() {
    let data = "input year grade n\n-2.5 0 131\n-1.5 0 1346\n-.5 0 104\n-.5 1 1412\n-.5 2 4\n.5 0 1\n.5 1 194\n.5 2 1470\n\
        .5 3 7\n1.5 1 5\n1.5 2 174\n1.5 3 1200\n1.5 4 8\n2.5 1 1\n2.5 2 5\n2.5 3 149\n2.5 4 1010\n2.5 5 9\nend\n\
        expand n\ntab year grade";
    has_lines(
        &log_of(data),
        r"           |                         grade
      year |         0          1          2          3          4 |     Total
-----------+-------------------------------------------------------+----------
      -2.5 |       131          0          0          0          0 |       131
        .5 |         1        194      1,470          7          0 |     1,672
     Total |     1,582      1,612      1,653      1,356      1,018 |     7,230
           |   grade
      year |         5 |     Total
-----------+-----------+----------
       2.5 |         9 |     1,174
     Total |         9 |     7,230",
    );
}

/// The same page: the columns of `matrix list` are as wide as the widest.
#[test]
fn matrix_list_has_columns_of_one_width() {
    let log = log_of(
        "matrix b = (-.51002095, -.57340893, -.28063386, .21063435)\nmatrix rownames b = y1\n\
         matrix colnames b = math:_cons lns1_1_1:_cons lns2_1_1:_cons lnsig_e:_cons\nmatrix list b",
    );
    has_lines(
        &log,
        "         _cons       _cons       _cons       _cons\ny1  -.51002095  -.57340893  -.28063386   .21063435",
    );
}
