//! Layouts of printed logs whose numbers depend on more than the data: signs of dimensions, quantiles to seven digits.

use crate::support::{has_block, input, log_of};

/// Rows of three groups with labels of wide characters.
const GROUPS: &str = "input type interest\n1 6\n1 7\n1 8\n1 6\n1 4\n2 2\n2 5\n2 4\n2 3\n2 5\n3 3\n3 2\n3 4\n3 4\n3 3\nend\nlabel define t 1 \"男性\" 2 \"中性\" 3 \"女性\"\nlabel values type t\n";

#[test]
fn pwmean_names_the_outcome_and_takes_wide_labels() {
    let log = log_of(&format!("{GROUPS}pwmean interest, over(type) mcompare(tukey) effects"));
    has_block(
        &log,
        "
Over: type

---------------------------
             |    Number of
             |  comparisons
-------------+-------------
        type |            3
---------------------------

-------------------------------------------------------------------------------
              |                              Tukey                Tukey
     interest |   Contrast   Std. err.      t    P>|t|     [95% conf. interval]
--------------+----------------------------------------------------------------
         type |
",
    );
    has_block(&log, "女性 vs 中性  |        -.6    .783156    -0.77   0.730    -2.689353    1.489353");
}

#[test]
fn one_comparison_has_no_adjustment() {
    let log = log_of(&format!("{GROUPS}drop if type == 3\npwmean interest, over(type) mcompare(bonferroni)"));
    has_block(
        &log,
        "
Over: type

note: option bonferroni ignored since there is only one comparison
---------------------------------------------------------------
              |                                 Unadjusted
     interest |   Contrast   Std. err.     [95% conf. interval]
--------------+------------------------------------------------
         type |
",
    );
}

#[test]
fn inertia_and_categories_of_correspondence_analysis() {
    let log = log_of(
        "input marital origin n\n1 1 6\n2 1 52\n3 1 33\n4 1 37\n1 2 8\n2 2 44\n3 2 63\n4 2 51\n1 3 1\n2 3 15\n3 3 15\n4 3 14\nend\nlabel define o 1 \"USA\" 2 \"Japonia\" 3 \"Europa\"\nlabel values origin o\nca marital origin [fweight=n], norowpoints",
    );
    has_block(
        &log,
        "
                |   singular    principal                             cumul
      Dimension |    value       inertia           chi2    percent   percent
    ------------+------------------------------------------------------------
          dim 1 |   .1512153    .0228661           7.75      92.84     92.84
          dim 2 |   .0419957    .0017636           0.60       7.16    100.00
    ------------+------------------------------------------------------------
          total |               .0246297           8.35     100
",
    );
    has_block(
        &log,
        "
                 |          overall          |        dimension_1
      Categories |    mass  quality   %inert |   coord   sqcorr  contrib
    -------------+---------------------------+---------------------------
    origin       |                           |
",
    );
}

#[test]
fn the_most_frequent_levels() {
    let auto = input("double", "printed_auto.csv", 1);
    let log = log_of(&format!("{auto}gtop rep78\ngtop rep78, missrow"));
    has_block(
        &log,
        "
   rep78 |    N  Cum   Pct (%)   Cum Pct (%)
 --------------------------------------------
       3 |   30   30      40.5          40.5
       4 |   18   48      24.3          64.9
       5 |   11   59      14.9          79.7
       2 |    8   67      10.8          90.5
       . |    5   72       6.8          97.3
       1 |    2   74       2.7         100.0
",
    );
    has_block(
        &log,
        "
    rep78 |    N  Cum   Pct (%)   Cum Pct (%)
 ---------------------------------------------
        3 |   30   30      40.5          40.5
        4 |   18   48      24.3          64.9
        5 |   11   59      14.9          79.7
        2 |    8   67      10.8          90.5
        1 |    2   69       2.7          93.2
 ---------------------------------------------
  Missing |    5   74       6.8         100.0
",
    );
}
