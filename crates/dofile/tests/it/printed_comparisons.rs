//! Comparisons and other reports laid out as Stata prints them. The expected lines are taken from published logs and
//! manuals, whose rules are drawn with `-`, `|` and `+` here.

use crate::support::{has_lines, log_of};
use dofile::Session;

/// Three groups of five rows whose means and pooled variance are those of the log below.
const INTEREST: &str = "input type interest\n1 6\n1 7\n1 7\n1 8\n1 9\n2 4\n2 4\n2 5\n2 6\n2 6\n3 3\n3 4\n3 4\n3 4\n3 7\nend\n\
                        label define type 1 \"A\" 2 \"B\" 3 \"C\"\nlabel values type type\n";

/// Course notes on pwmean (Stata 16, three names of groups shortened here): numbers, headings and the table of counts.
/// The log has -.3106466 and -.9106466; scipy (`studentized_range`) gives -.310646548, as here.
#[test]
fn pairs_of_means_by_tukey() {
    let lines = r"---------------------------
             |    Number of
             |  comparisons
-------------+-------------
        type |            3
---------------------------
------------------------------------------------------------------------------
             |                              Tukey                Tukey
             |   Contrast   Std. err.      t    P>|t|     [95% conf. interval]
-------------+----------------------------------------------------------------
        type |
     B vs A  |       -2.4    .783156    -3.06   0.025    -4.489353   -.3106465
     C vs A  |         -3    .783156    -3.83   0.006    -5.089353   -.9106465
     C vs B  |        -.6    .783156    -0.77   0.730    -2.689353    1.489353
------------------------------------------------------------------------------";
    has_lines(
        &log_of(&format!("{INTEREST}pwmean interest, over(type) mcompare(tukey) effects")),
        &lines.replace("             |   Contrast", "    interest |   Contrast"),
    );
    has_lines(
        &log_of(&format!("{INTEREST}regress interest i.type\npwcompare type, mcompare(tukey) effects")),
        lines,
    );
}

/// Notes on mixed models (Stata 17): the lines that name what is compared, without operators and with value labels.
#[test]
fn terms_of_comparisons_have_no_operators_and_levels_have_labels() {
    let run = |text: &str| log_of(&format!("{INTEREST}regress interest i.type\n{text}"));
    has_lines(
        &run("contrast ar.type, nowald effects"),
        r"Contrasts of marginal linear predictions
Margins: asbalanced
------------------------------------------------------------------------------
             |   Contrast   Std. err.      t    P>|t|     [95% conf. interval]
-------------+----------------------------------------------------------------
        type |
   (B vs A)  |       -2.4    .783156    -3.06   0.010     -4.10635   -.6936496
   (C vs B)  |        -.6    .783156    -0.77   0.458     -2.30635     1.10635
------------------------------------------------------------------------------",
    );
    has_lines(
        &run("pwcompare type, effects"),
        r"             |                            Unadjusted           Unadjusted
             |   Contrast   Std. err.      t    P>|t|     [95% conf. interval]",
    );
    has_lines(
        &run("pwcompare type"),
        r"--------------------------------------------------------------
             |                                 Unadjusted
             |   Contrast   Std. err.     [95% conf. interval]
-------------+------------------------------------------------",
    );
    has_lines(
        &run("contrast a.type, nowald pveffects"),
        r"-----------------------------------------------------
             |   Contrast   Std. err.      t    P>|t|
-------------+---------------------------------------
        type |
   (A vs B)  |        2.4    .783156     3.06   0.010",
    );
    has_lines(
        &run("margins type, pwcompare"),
        r"Pairwise comparisons of adjusted predictions                Number of obs = 15
             |            Delta-method         Unadjusted
             |   Contrast   std. err.     [95% conf. interval]
-------------+------------------------------------------------
        type |
     B vs A  |       -2.4    .783156      -4.10635   -.6936496",
    );
}

/// Notes on margins (Stata 18): a contrast at scenarios is one term, its rows end with the scenario.
#[test]
fn contrasts_of_margins_name_their_scenario() {
    let text = "set obs 40\ngenerate g = _n > 20\nlabel define g 0 \"Not CO Grad\" 1 \"CO Grad\"\nlabel values g g\n\
                generate age = 20 + mod(_n, 20)\ngenerate y = age + g * age + mod(_n, 3)\nset linesize 110\n\
                regress y i.g##c.age\nmargins r.g, at(age=(30 40)) contrast(nowald pveffects)";
    has_lines(
        &log_of(text),
        r"Contrasts of adjusted predictions                           Number of obs = 40
1._at: age = 30
2._at: age = 40
                            |            Delta-method
                            |   Contrast   std. err.      t    P>|t|
----------------------------+---------------------------------------
                      g@_at |",
    );
    let log = log_of(text);
    for scenario in ["1", "2"] {
        let start = format!("(CO Grad vs Not CO Grad) {scenario}  |  ");
        assert!(log.lines().any(|l| l.starts_with(&start)), "{log}");
    }
}

/// Notes on mixed models (Stata 17): predictions with all covariates fixed are adjusted ones; limits without tests.
#[test]
fn margins_that_fix_all_covariates_are_adjusted_predictions() {
    let log = log_of(&format!("{INTEREST}regress interest i.type\nmargins type, nopvalues"));
    has_lines(
        &log,
        r"Adjusted predictions                                        Number of obs = 15
--------------------------------------------------------------
             |            Delta-method
             |     Margin   std. err.     [95% conf. interval]
-------------+------------------------------------------------
        type |
          A  |        7.4   .5537749      6.193428    8.606572
--------------------------------------------------------------",
    );
    let title = |list: &str| {
        let log = log_of(&format!("{INTEREST}generate x = _n\nregress interest i.type x\nmargins {list}"));
        log.lines().find(|l| l.contains("Number of obs =")).unwrap_or_default()[..22].trim().to_string()
    };
    assert_eq!(title("type"), "Predictive margins");
    assert_eq!(title("type, at(x=3)"), "Adjusted predictions");
    assert_eq!(title(", dydx(x)"), "Average marginal effec");
    assert_eq!(title("type, dydx(x) at(x=3)"), "Conditional marginal e");
}

/// [D] egen, example 7 (Stata 17): options in their shortest form.
#[test]
fn sequences_of_egen_with_short_options() {
    let log = log_of(
        "set obs 12\negen a = seq()\negen b = seq(), b(2)\negen c = seq(), t(6)\negen d = seq(), f(10) t(12)\n\
         egen e = seq(), f(3) t(1)\nlist, sep(4)",
    );
    has_lines(
        &log,
        r"     |  a   b   c    d   e |
  1. |  1   1   1   10   3 |
  2. |  2   1   2   11   2 |
  3. |  3   2   3   12   1 |
  4. |  4   2   4   10   3 |
  7. |  7   4   1   10   3 |
 12. | 12   6   6   12   1 |",
    );
}

/// [TS] prais, example 2 (Stata 17): sales of a company, whose rows are those of Chatterjee and Price.
#[test]
fn prais_has_the_table_of_sums_of_squares() {
    let sales = "input isales csales\n127.3 20.96\n130 21.4\n132.7 21.96\n129.4 21.52\n135 22.39\n137.1 22.76\n\
                 141.2 23.48\n142.8 23.66\n145.5 24.1\n145.3 24.01\n148.3 24.54\n146.4 24.3\n150.2 25\n153.1 25.64\n\
                 157.3 26.36\n160.7 26.98\n164.2 27.52\n165.6 27.78\n168.7 28.24\n171.7 28.78\nend\n\
                 generate t = _n\ntsset t\n";
    let log = log_of(&format!("{sales}prais csales isales, corc tol(1e-9) iterate(500)"));
    has_lines(
        &log,
        r"Iteration 0:  rho = 0.0000
Iteration 1:  rho = 0.6312
Iteration 2:  rho = 0.6866
Iteration 377: rho = 0.9588
Iteration 379: rho = 0.9588
      Source |       SS           df       MS      Number of obs   =        19
-------------+----------------------------------   F(1, 17)        =    553.14
       Model |  2.33199171         1  2.33199171   Prob > F        =    0.0000
    Residual |  .071670369        17  .004215904   R-squared       =    0.9702
-------------+----------------------------------   Adj R-squared   =    0.9684
       Total |  2.40366208        18  .133536782   Root MSE        =    .06493
      isales |   .1605233   .0068253    23.52   0.000     .1461233    .1749234
       _cons |   1.738946   1.432674     1.21   0.241    -1.283732    4.761625
         rho |   .9588209",
    );
    // The search ends nearer to the minimum than that of the manual, which has 1.738946; mpmath with 40 digits and the
    // data as floats: rho .958820935861, constant 1.73894708523.
    let log = log_of(&format!("{sales}prais csales isales, corc ssesearch"));
    has_lines(
        &log,
        r"Cochrane-Orcutt AR(1) regression with SSE search estimates
    Residual |  .071670369        17  .004215904   R-squared       =    0.9702
       _cons |   1.738947   1.432675     1.21   0.241    -1.283732    4.761627
         rho |   .9588209",
    );
    // Prais and Winsten: the first row counts too; the sum of squares has its minimum there.
    let log = log_of(&format!(
        "{sales}prais csales isales, ssesearch nolog\nscalar best = e(rss)\nlocal rho = e(rho)\n\
         foreach d in -.0001 .0001 {{\nlocal r = `rho' + `d'\n\
         generate double y = cond(_n == 1, sqrt(1-`r'^2)*csales, csales - `r'*csales[_n-1])\n\
         generate double x = cond(_n == 1, sqrt(1-`r'^2)*isales, isales - `r'*isales[_n-1])\n\
         generate double c = cond(_n == 1, sqrt(1-`r'^2), 1 - `r')\nquietly regress y x c, noconstant\n\
         display e(rss) > best\ndrop y x c\n}}"
    ));
    assert_eq!(log.lines().filter(|l| *l == "1").count(), 2, "{log}");
}

/// The comment of a published do-file on spells of employment (Stata 15).
#[test]
fn compare_counts_and_differences() {
    let log = log_of(
        "set obs 59383\ngenerate Spell = 5 + (_n <= 8)\ngenerate CONSECUTIVE = 5\ncompare Spell CONSECUTIVE\n\
         replace Spell = . in 1/3\nreplace CONSECUTIVE = .a in 3/7\ncompare Spell CONSECUTIVE if _n < 11",
    );
    has_lines(
        &log,
        r"                                        ---------- Difference ----------
                            Count       Minimum      Average     Maximum
------------------------------------------------------------------------
Spell=CONSECUT~E            59375
Spell>CONSECUT~E                8             1            1           1
                       ----------
Jointly defined             59383             0     .0001347           1
                       ----------
Total                       59383
Spell=CONSECUT~E                2
Spell>CONSECUT~E                1             1            1           1
Jointly defined                 3             0     .3333333           1
Spell missing only              2
CONSECUT~E missing only         4
Jointly missing                 1
Total                          10",
    );
    let mut session = Session::default();
    assert_eq!(session.run_captured("set obs 2\ngenerate a = 1\ngenerate s = \"x\"\ncompare a s").1, 109);
}

/// Statistics: statsmodels, `het_breuschpagan(robust=False)` for each variable and for both.
#[test]
fn hettest_with_the_test_of_each_variable() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/data/printed_auto.csv");
    let mut session = Session::default();
    let (log, rc) = session.run_captured(&format!(
        "import delimited using \"{}\", clear\nregress price mpg weight\nestat hettest, rhs mtest(bonferroni)\n\
         matrix m = r(mtest)\nforeach x in 10.67101168967828 14.712932371741573 {{\nlocal ++i\n\
         assert reldif(m[`i',1], `x') < 1e-10\n}}\nassert reldif(m[1,4], 2*.0010882757967001788) < 1e-8\n\
         assert reldif(r(chi2), 14.796389742984601) < 1e-10\nassert reldif(r(p), .0006123571473937759) < 1e-8",
        file.display()
    ));
    assert_eq!(rc, 0, "{log}");
}

/// [R] estimates describe.
#[test]
fn the_command_of_estimates() {
    let log =
        log_of(&format!("{INTEREST}quietly regress interest type\nestimates store a\nestimates describe a"));
    has_lines(&log, "  Estimation results produced by\n     . regress interest type");
}

/// Notes on the cost function of Nerlove and on logit (Stata 14): the layout of `estat vce`; numbers from numpy.
#[test]
fn covariances_of_coefficients_stand_under_their_names() {
    let log = log_of(&format!(
        "{INTEREST}quietly regress interest type\nestat vce\nestat vce, correlation\ngenerate d = interest > 5\n\
         quietly logit d type\nestat vce"
    ));
    has_lines(
        &log,
        r"Covariance matrix of coefficients of regress model
        e(V) |       type       _cons
-------------+------------------------
        type |  .16230769
       _cons | -.32461538    .7574359
Correlation matrix of coefficients of regress model
        e(V) |     type     _cons
-------------+--------------------
        type |   1.0000
       _cons |  -0.9258    1.0000
Covariance matrix of coefficients of logit model
             | d
        e(V) |       type       _cons
-------------+------------------------
d            |",
    );
}

/// A log of a beginner (Stata 9): a blank before the numbers of `correlate`, labels above those of `tabulate, summarize()`.
#[test]
fn correlations_stand_under_their_names() {
    let log = log_of(&format!(
        "{INTEREST}label variable interest \"Interest in it\"\nlabel variable type \"Kind\"\ncorrelate type interest\n\
         pwcorr type interest, star(.05)\nrobvar interest, by(type)\ncorrelate type interest, covariance"
    ));
    has_lines(
        &log,
        r"             |     type interest
-------------+------------------
        type |   1.0000
    interest |  -0.7184   1.0000
        type |   1.0000
    interest |  -0.7184*  1.0000
            |      Summary of Interest in it
       Kind |        Mean   Std. dev.       Freq.
          A |         7.4   1.1401754           5
        type |  .714286
    interest | -1.07143  3.11429",
    );
}

/// [R] pwcompare: `mcompare()` adjusts the comparisons, not the margins.
#[test]
fn adjustments_leave_the_margins_alone() {
    log_of(&format!(
        "{INTEREST}regress interest i.type\npwcompare type\nmatrix a = r(table)\nmatrix c = r(table_vs)\n\
         pwcompare type, mcompare(bonferroni)\nmatrix b = r(table)\nmatrix d = r(table_vs)\n\
         assert mreldif(a, b) == 0\nassert d[5,1] < c[5,1] - .1"
    ));
}

/// Nine cells of 30 people with the means and the residual sum of squares of the log below.
const OPTIMISM: &str = "input treat depstat mean\n1 1 44.2\n1 2 39.7\n1 3 29.9\n2 1 54.533333333\n2 2 49.533333333\n2 3 39.8\n\
                        3 1 59.333333333\n3 2 49.866666667\n3 3 30.1\nend\nexpand 30\nbysort treat depstat: generate double opt = \
                        mean + cond(_n <= 15, 1, -1) * sqrt(26220.367 / 270)\n\
                        label define treat 1 Con 2 TT 3 HT\nlabel values treat treat\n\
                        label define depstat 1 Non 2 Mild 3 Sev\nlabel values depstat depstat\n\
                        set cformat %9.2f\nset sformat %8.2f\nset pformat %5.3f\nquietly anova opt depstat##treat\n";

/// Notes on interactions of two factors of three levels (Stata 17): labels of comparisons stand in one line as wide as
/// the table leaves room.
#[test]
fn comparisons_of_two_factors_stand_in_one_line() {
    let log = log_of(&format!(
        "{OPTIMISM}contrast r.treat@depstat, nowald pveffects\ncontrast r.treat#depstat\n\
         contrast a.depstat#r.treat, nowald pveffects\ncontrast treat@depstat"
    ));
    has_lines(
        &log,
        r"----------------------------------------------------------
                  |   Contrast   Std. err.      t    P>|t|
------------------+---------------------------------------
    treat@depstat |
 (TT vs Con) Non  |      10.33       2.59     3.99   0.000
(TT vs Con) Mild  |       9.83       2.59     3.80   0.000
 (TT vs Con) Sev  |       9.90       2.59     3.83   0.000
 (HT vs Con) Non  |      15.13       2.59     5.85   0.000
(HT vs Con) Mild  |      10.17       2.59     3.93   0.000
 (HT vs Con) Sev  |       0.20       2.59     0.08   0.938
----------------------------------------------------------
--------------------------------------------------------
                     |         df           F        P>F
---------------------+----------------------------------
       treat#depstat |
(TT vs Con) (joint)  |          2        0.01     0.9891
(HT vs Con) (joint)  |          2        8.64     0.0002
              Joint  |          4        5.63     0.0002
                     |
         Denominator |        261
--------------------------------------------------------
-------------------------------------------------------------------
                           |   Contrast   Std. err.      t    P>|t|
---------------------------+---------------------------------------
             depstat#treat |
(Non vs Mild) (TT vs Con)  |       0.50       3.66     0.14   0.891
(Non vs Mild) (HT vs Con)  |       4.97       3.66     1.36   0.176
(Mild vs Sev) (TT vs Con)  |      -0.07       3.66    -0.02   0.985
(Mild vs Sev) (HT vs Con)  |       9.97       3.66     2.72   0.007
-------------------------------------------------------------------
-------------------------------------------------
              |         df           F        P>F
--------------+----------------------------------
treat@depstat |
         Non  |          2       17.86     0.0000
        Mild  |          2        9.96     0.0001
         Sev  |          2        9.56     0.0001
       Joint  |          6       12.46     0.0000
              |
  Denominator |        261
-------------------------------------------------",
    );
}

/// The same notes: the operator `j.`, whose labels align their signs. Estimates are not shown for comparisons that are
/// tested together.
#[test]
fn labels_align_signs() {
    let log = log_of(&format!("{OPTIMISM}contrast j.depstat#treat\nmatrix b = r(b)\nassert colsof(b) == 4"));
    has_lines(
        &log,
        r"                        |         df           F        P>F
------------------------+----------------------------------
          depstat#treat |
(Mild vs  Non) (joint)  |          2        1.12     0.3290
 (Sev vs <Sev) (joint)  |          2       10.14     0.0001
                 Joint  |          4        5.63     0.0002",
    );
    assert!(!log.contains("Std. err."), "{log}");
}

/// The same notes: comparisons at one level, and margins with the formats of `set`.
#[test]
fn comparisons_at_one_level() {
    let log = log_of(&format!(
        "{OPTIMISM}margins treat#depstat, nopvalues\ncontrast r.treat@1.depstat, nowald pveffects"
    ));
    has_lines(
        &log,
        r"---------------------------------------------------------------
              |            Delta-method
              |     Margin   std. err.     [95% conf. interval]
--------------+------------------------------------------------
treat#depstat |
     Con#Non  |      44.20       1.83         40.60       47.80
    Con#Mild  |      39.70       1.83         36.10       43.30
     Con#Sev  |      29.90       1.83         26.30       33.50
      TT#Non  |      54.53       1.83         50.93       58.14
---------------------------------------------------------------
---------------------------------------------------------
                 |   Contrast   Std. err.      t    P>|t|
-----------------+---------------------------------------
   treat@depstat |
(TT vs Con) Non  |      10.33       2.59     3.99   0.000
(HT vs Con) Non  |      15.13       2.59     5.85   0.000
---------------------------------------------------------",
    );
}

/// [R] set cformat and [R] set showbaselevels: formats and rows of the tables of all commands that follow.
#[test]
fn formats_hold_for_all_tables() {
    let log = log_of(&format!(
        "{INTEREST}set cformat %9.2f\nset pformat %5.2f\nset sformat %8.1f\nset showbaselevels on\n\
         regress interest i.type\nset cformat\nset pformat\nset sformat\nset showbaselevels off\n\
         regress interest i.type\nregress interest i.type, cformat(%9.3f)"
    ));
    has_lines(
        &log,
        r"        type |
          A  |       0.00  (base)
          B  |      -2.40       0.78     -3.1    0.01        -4.11       -0.69
          C  |      -3.00       0.78     -3.8    0.00        -4.71       -1.29
       _cons |       7.40       0.55     13.4    0.00         6.19        8.61
          B  |       -2.4    .783156    -3.06   0.010     -4.10635   -.6936496
          B  |     -2.400      0.783    -3.06   0.010       -4.106      -0.694",
    );
}

/// Four classes of 25 people, of whom 13, 12, 10 and 8 smoke.
const SMOKERS: &str = "input class smoke n\n1 1 13\n1 0 12\n2 1 12\n2 0 13\n3 1 10\n3 0 15\n4 1 8\n4 0 17\nend\n\
                       label define class 1 \"lower class\" 2 \"working class\" 3 \"middle class\" 4 \"upper class\"\n\
                       label values class class\nquietly logit smoke i.class [fweight=n]\n";

/// Notes on nonlinear models (Stata 17): names have the room that the line leaves, `contrast` does not name the only
/// equation, `pwcompare` does. Estimates and errors are log odds and their closed form, `sqrt(1/a + 1/b)`.
#[test]
fn names_take_the_room_of_the_line() {
    let log = log_of(&format!(
        "{SMOKERS}logit\nset cformat %9.2f\ncontrast ar.class, nowald pveffects\npwcompare class, pveffects\n\
         margins class, nopvalues\nlogit, nolstretch"
    ));
    let heads = r"--------------------------------------------------------------------------------
         smoke | Coefficient  Std. err.      z    P>|z|     [95% conf. interval]
---------------+----------------------------------------------------------------
         class |
working class  |  -.1600854   .5661385";
    let first: Vec<&str> = heads.lines().collect();
    has_lines(&log, &first[..4].join("\n"));
    assert!(log.contains(first[4]), "{log}");
    has_lines(
        &log,
        r"-------------------------------------------------------------------------
                                 |   Contrast   Std. err.      z    P>|z|
---------------------------------+---------------------------------------
                           class |
 (working class vs lower class)  |      -0.16       0.57    -0.28   0.777
-----------------------------------------------------------------------
                               |                            Unadjusted
                               |   Contrast   Std. err.      z    P>|z|
-------------------------------+---------------------------------------
smoke                          |
                         class |
 working class vs lower class  |      -0.16       0.57    -0.28   0.777
----------------------------------------------------------------
               |            Delta-method
               |     Margin   std. err.     [95% conf. interval]
---------------+------------------------------------------------
         class |
  lower class  |       0.52       0.10          0.32        0.72
working class  |       0.48       0.10          0.28        0.68
------------------------------------------------------------------------------
       smoke | Coefficient  Std. err.      z    P>|z|     [95% conf. interval]
-------------+----------------------------------------------------------------
       class |",
    );
    assert!(log.contains("working c..  |"), "{log}");
}
