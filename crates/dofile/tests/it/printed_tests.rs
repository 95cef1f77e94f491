//! Tables of tests and of sample sizes as Stata prints them: the lines are those of published logs.

use crate::support::{has_block, input, log_of};

#[test]
fn power_of_two_means() {
    let log = log_of("power twomeans 0 0.1, sd(1) power(0.8)\npower twomeans 80 70, sd1(20) sd2(20)");
    has_block(
        &log,
        "
Performing iteration ...

Estimated sample sizes for a two-sample means test
t test assuming sd1 = sd2 = sd
H0: m2 = m1  versus  Ha: m2 != m1

Study parameters:

        alpha =    0.0500
        power =    0.8000
        delta =    0.1000
           m1 =    0.0000
           m2 =    0.1000
           sd =    1.0000

Estimated sample sizes:

            N =     3,142
  N per group =     1,571
",
    );
    has_block(
        &log,
        "
Estimated sample sizes for a two-sample means test
Satterthwaite's t test assuming unequal variances
H0: m2 = m1  versus  Ha: m2 != m1

Study parameters:

        alpha =    0.0500
        power =    0.8000
        delta =  -10.0000
           m1 =   80.0000
           m2 =   70.0000
          sd1 =   20.0000
          sd2 =   20.0000

Estimated sample sizes:

            N =       128
  N per group =        64
",
    );
}

#[test]
fn power_of_two_proportions() {
    let log = log_of("power twoproportions 0.025 0.0125, power(0.8)\npower twoproportions .5 .667, n(360)");
    has_block(
        &log,
        "
Estimated sample sizes for a two-sample proportions test
Pearson's chi-squared test
H0: p2 = p1  versus  Ha: p2 != p1

Study parameters:

        alpha =    0.0500
        power =    0.8000
        delta =   -0.0125  (difference)
           p1 =    0.0250
           p2 =    0.0125

Estimated sample sizes:

            N =     3,696
  N per group =     1,848
",
    );
    has_block(
        &log,
        "
Estimated power for a two-sample proportions test
Pearson's chi-squared test
H0: p2 = p1  versus  Ha: p2 != p1

Study parameters:

        alpha =    0.0500
            N =       360
  N per group =       180
        delta =    0.1670  (difference)
           p1 =    0.5000
           p2 =    0.6670

Estimated power:

        power =    0.8983
",
    );
}

#[test]
fn tests_of_normality() {
    let log = log_of(&format!("{}swilk mpg\nsfrancia mpg", input("double", "printed_auto.csv", 1)));
    has_block(
        &log,
        "
                   Shapiro–Wilk W test for normal data

    Variable |        Obs       W           V         z       Prob>z
-------------+------------------------------------------------------
         mpg |         74    0.94821      3.335     2.627    0.00430
",
    );
    has_block(
        &log,
        "
                  Shapiro–Francia W' test for normal data

    Variable |       Obs       W'          V'        z       Prob>z
-------------+-----------------------------------------------------
         mpg |        74    0.94872      3.650     2.510    0.00604
",
    );
    assert!(!log.contains("Note:"), "{log}");
    let log = log_of("set obs 2955\ngenerate double x = mod(_n*7919, 4001)\nswilk x");
    has_block(
        &log,
        "
Note: The normal approximation to the sampling distribution of W'
      is valid for 4<=n<=2000.
",
    );
}

#[test]
fn effect_sizes_of_a_regression() {
    let log = log_of(&format!(
        "{}quietly regress bwt smoke age i.race\nestat esize\nestat esize, omega",
        input("double", "lbw.csv", 0)
    ));
    has_block(
        &log,
        "
Effect sizes for linear models

-----------------------------------------------------------------
             Source | Eta-squared     df     [95% conf. interval]
--------------------+--------------------------------------------
              Model |   .1237731       4     .0358881    .1997528
                    |
              smoke |   .0752852       1     .0183756    .1560631
                age |   .0002276       1            .    .0199652
               race |   .0847912       2     .0197304    .1627342
-----------------------------------------------------------------
Note: Eta-squared values for individual model terms are partial.
",
    );
    assert!(log.contains("Omega-squared     df\n"), "{log}");
}

#[test]
fn strength_of_instruments() {
    let log = log_of(&format!(
        "{}quietly ivregress 2sls lw s expr tenure rns smsa (iq = med kww), vce(robust)\nestat firststage, all forcenonrobust",
        input("double", "griliches.csv", 0)
    ));
    // the F statistic and the eigenvalue have seven digits here, six in the log
    assert!(log.contains("iq |  0.3066      0.3001       0.0382"), "{log}");
    has_block(
        &log,
        "
  --------------------------------------------------
               |     Shea's             Shea's
      Variable |  partial R-sq.   adj. partial R-sq.
  -------------+------------------------------------
            iq |     0.0382             0.0305
  --------------------------------------------------
",
    );
    has_block(
        &log,
        "
  Critical values                      # of endogenous regressors:    1
  H0: Instruments are weak             # of excluded instruments:     2
  ---------------------------------------------------------------------
                                     |    5%     10%     20%     30%
  2SLS relative bias                 |         (not available)
  -----------------------------------+---------------------------------
                                     |   10%     15%     20%     25%
  2SLS size of nominal 5% Wald test  |  19.93   11.59    8.75    7.25
  LIML size of nominal 5% Wald test  |   8.68    5.33    4.42    3.92
  ---------------------------------------------------------------------
",
    );
}

#[test]
fn critical_values_of_dfgls_depend_on_the_lag() {
    let log = log_of(&format!("{}tsset qtr\ndfgls ln_inv", input("double", "lutkepohl2.csv", 0)));
    assert!(log.contains("-1.752     -3.610     -3.055     -2.762"), "{log}");
    assert!(log.contains("Min MAIC = -6.136692 at lag  1 with RMSE = .0440319"), "{log}");
}

#[test]
fn problems_of_variables() {
    let log = log_of(
        "set obs 3\nset linesize 80\ngenerate bloqueo212 = 1\ngenerate accion2R112 = .\ngenerate str9 genero_nac = \"F\" + string(_n)\n\
         generate str2 departamento_10 = cond(_n == 2, \"a \", \"b\")\ngenerate str3 genero_hoy = cond(_n == 2, \"a b\", \"b\")\n\
         generate ok = _n\ncodebook, problems\ncodebook ok, problems",
    );
    has_block(&log, "  constant (or all missing) vars   bloqueo212 accion2R112");
    has_block(&log, "str# vars that may be compressed   genero_nac");
    has_block(&log, "string vars with trailing blanks   departamento_10");
    has_block(&log, "string vars with embedded blanks   genero_hoy");
    assert!(log.contains("no potential problems in dataset"), "{log}");
}

#[test]
fn coefficients_under_a_restriction() {
    let log = log_of(&format!(
        "{}generate double w = weight/100\nquietly regress price mpg w length\ntest mpg = w, coef\ndisplay r(df)",
        input("double", "printed_auto.csv", 1)
    ));
    // restricted least squares, numpy
    assert!(log.contains("Constrained coefficients"), "{log}");
    assert!(
        log.lines().any(|l| l.starts_with("         mpg |   61.89066    76.2591     0.81   0.417")),
        "{log}"
    );
    assert!(
        log.lines().any(|l| l.starts_with("      length |   49.56308   15.80138     3.14   0.002")),
        "{log}"
    );
}

#[test]
fn inflation_factors_of_levels_stand_under_their_factor() {
    let log = log_of(&format!(
        "{}quietly regress bwt age i.race i.smoke\nestat vif",
        input("double", "lbw.csv", 0)
    ));
    // values by hand; rows in the order of the model
    has_block(
        &log,
        "
    Variable |       VIF       1/VIF
-------------+----------------------
         age |      1.06    0.944895
        race |
          2  |      1.15    0.870364
          3  |      1.29    0.777204
     1.smoke |      1.14    0.874114
-------------+----------------------
    Mean VIF |      1.16
",
    );
    let log = log_of(&format!("{}quietly regress bwt age lwt\nestat vif", input("double", "lbw.csv", 0)));
    assert!(log.contains("Mean VIF |      1.03"), "{log}");
}
