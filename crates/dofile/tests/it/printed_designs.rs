//! Survey, multilevel and sample-size output laid out as Stata prints it. The expected lines are taken from published logs
//! and the manuals; the source is named at each test.

use crate::support::{has_block, log_of};

/// Reads a data file of the oracle cases.
fn read(file: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/data").join(file);
    format!("import delimited using \"{}\", clear\n", path.display())
}

/// A log of Stata on freerangestats.info (10 November 2024): the note under design effects; [SVY] estat for `estat cv`;
/// [SVY] svyset for the stages, whose data are its example of a finite population.
#[test]
fn design_effects_and_stages() {
    let log = log_of(
        "input h u w N x M\n1 1 3 15 2.8 2\n1 2 3 15 4.1 2\n1 3 3 15 6.8 2\n1 4 3 15 6.8 2\n1 5 3 15 9.2 2\n\
         2 1 4 12 3.7 2\n2 2 4 12 6.6 2\n2 3 4 12 4.2 2\nend\nsvyset u [pweight=w], strata(h) fpc(N)\nsvy: mean x\n\
         estat effects\nestat cv\ngenerate v = _n\nsvyset u [pweight=w], strata(h) fpc(N) || v, fpc(M)",
    );
    has_block(
        &log,
        r"
----------------------------------------------------------
             |             Linearized
             |       Mean   std. err.       DEFF      DEFT
-------------+--------------------------------------------
           x |   5.448148   .6160407     .985306   .832685
----------------------------------------------------------
Note: Weights must represent population totals for deff to
      be correct when using an FPC; however, deft is
      invariant to the scale of weights.",
    );
    has_block(
        &log,
        r"
------------------------------------------------
             |             Linearized
             |       Mean   std. err.     CV (%)
-------------+----------------------------------
           x |   5.448148   .6160407     11.3073
------------------------------------------------",
    );
    has_block(
        &log,
        r"
        Strata 1: h
 Sampling unit 1: u
           FPC 1: N
        Strata 2: <one>
 Sampling unit 2: v
           FPC 2: M",
    );
}

/// [ME] estat icc, the model of productivity; a log on posterior means in course notes on melogit.
#[test]
fn correlations_and_effects_of_levels() {
    let log = log_of(&format!(
        "{}mixed gsp private emp hwy water other unemp || region: || state:\nestat icc",
        read("productivity.csv")
    ));
    has_block(
        &log,
        r"
Residual intraclass correlation

------------------------------------------------------------------------------
                       Level |        ICC   Std. err.     [95% conf. interval]
-----------------------------+------------------------------------------------",
    );
    // the data of R's plm differ from the manual's in the seventh digit
    let rows = ["                      region |   .15989", "                state|region |   .85162"];
    assert!(rows.iter().all(|row| log.contains(row)), "{log}");
    let log = log_of(&format!("{}melogit y x || id:\npredict u, reffects reses(s)", read("grouped.csv")));
    has_block(
        &log,
        r"
(calculating posterior means of random effects)
(using 7 quadrature points)",
    );
}

/// Logs of Stata 15 on mlln.cn (13 December 2018).
#[test]
fn sizes_of_samples() {
    let log = log_of("power pairedmeans 73 57, corr(.5) sd1(29) sd2(40)");
    has_block(
        &log,
        r"
Study parameters:

        alpha =    0.0500          ma1 =   73.0000
        power =    0.8000          ma2 =   57.0000
        delta =   -0.4470          sd1 =   29.0000
           d0 =    0.0000          sd2 =   40.0000
           da =  -16.0000         corr =    0.5000
         sd_d =   35.7911

Estimated sample size:

            N =        42",
    );
    let log = log_of("power pairedmeans 73 57, sddiff(36)\npower onemean 15, sd(40) diff(25)");
    has_block(
        &log,
        r"
        alpha =    0.0500          ma1 =   73.0000
        power =    0.8000          ma2 =   57.0000
        delta =   -0.4444
           d0 =    0.0000",
    );
    has_block(
        &log,
        r"
        delta =    0.6250
           m0 =   15.0000
           ma =   40.0000
         diff =   25.0000
           sd =   40.0000

Estimated sample size:

            N =        23",
    );
}

/// The same logs.
#[test]
fn sizes_for_regressions() {
    has_block(
        &log_of("power oneslope 0 -0.1, sdx(10) sdy(4)"),
        r"
Estimated sample size for a linear regression slope test
t test
H0: b = b0  versus  Ha: b != b0

Study parameters:

        alpha =    0.0500
        power =    0.8000
        delta =   -0.2582
           b0 =    0.0000
           ba =   -0.1000
          sdx =   10.0000
      sderror =    3.8730
          sdy =    4.0000

Estimated sample size:

            N =       120",
    );
    has_block(
        &log_of("power rsquared 0.10, ntested(2)"),
        r"
Estimated sample size for multiple linear regression
F test for R2 testing all coefficients
H0: R2_T = 0  versus  Ha: R2_T != 0

Study parameters:

        alpha =    0.0500
        power =    0.8000
        delta =    0.1111
         R2_T =    0.1000
      ntested =         2

Estimated sample size:

            N =        90",
    );
}

/// The same logs; a do-file with its printed output on GitHub for the wide table; the help file of power's error codes.
#[test]
fn tables_of_sizes() {
    has_block(
        &log_of("power twomeans 8 (10(1)14), sd(9)"),
        r"
Performing iteration ...

Estimated sample sizes for a two-sample means test
t test assuming sd1 = sd2 = sd
H0: m2 = m1  versus  Ha: m2 != m1

  +-------------------------------------------------------------------------+
  |   alpha   power       N      N1      N2   delta      m1      m2      sd |
  |-------------------------------------------------------------------------|
  |     .05      .8     638     319     319       2       8      10       9 |
  |     .05      .8     286     143     143       3       8      11       9 |
  |     .05      .8     162      81      81       4       8      12       9 |
  |     .05      .8     104      52      52       5       8      13       9 |
  |     .05      .8      74      37      37       6       8      14       9 |
  +-------------------------------------------------------------------------+",
    );
    has_block(
        &log_of(
            "scalar b = .0039315\nlocal b = b\nlocal t = b + 1.011013/3\n\
             power twomeans `b' `t', power(.8) alpha(.05) nratio(1) sd(1.011013) table",
        ),
        r"
  +---------------------------------------------------------+
  |   alpha   power       N      N1      N2  nratio   delta |
  |---------------------------------------------------------|
  |     .05      .8     286     143     143       1    .337 |
  +---------------------------------------------------------+
  +-------------------------+
  |      m1      m2      sd |
  |-------------------------|
  |  .00393   .3409   1.011 |
  +-------------------------+",
    );
    has_block(
        &log_of("power onemean (0 1) (1 2)"),
        r"
  +---------------------------------------------------------+
  |   alpha   power       N   delta      m0      ma      sd |
  |---------------------------------------------------------|
  |     .05      .8      10       1       0       1       1 |
  |     .05      .8       5       2       0       2       1 |
  |     .05      .8       .       0       1       1       1 |
  |     .05      .8      10       1       1       2       1 |
  +---------------------------------------------------------+
  Warning: some of the computations failed; execute each
           computation separately to see the specific error",
    );
}

/// A log of Stata 18 on GitHub (mixed survival model of trial times): pairs are asked for without margins.
#[test]
fn pairs_of_margins_without_margins() {
    let log = log_of(
        "set obs 30\ngenerate x = mod(_n*7, 11)\ngenerate y = x + mod(_n*5, 7)\nregress y x\n\
         margins, dydx(x) pwcompare(effects)",
    );
    has_block(
        &log,
        "note: ignoring pwcompare options because there are no margins for making pairwise comparisons.\n\n\
         Average marginal effects                                    Number of obs = 30",
    );
}

/// The look of [MV] rotate after pca: the variances of the rotated components stand above them.
#[test]
fn rotated_components() {
    let log = log_of(&format!("{}pca x1 x2 x3 x4 x5 x6, components(2)\nrotate", read("holzinger.csv")));
    let wanted = [
        "Principal components/correlation                 Number of obs    =        301",
        "    Rotation: orthogonal varimax (Kaiser off)    Rho              =     0.7023",
        "       Component |     Variance   Difference         Proportion   Cumulative",
        "Rotated components",
        "        Variable |    Comp1     Comp2 | Unexplained",
        "Component rotation matrix",
    ];
    let from = log.rfind("Principal components/correlation").unwrap_or(0);
    let mut rest = log[from..].lines();
    for line in wanted {
        assert!(rest.any(|l| l.trim_end() == line), "no line {line:?} in\n{log}");
    }
}
