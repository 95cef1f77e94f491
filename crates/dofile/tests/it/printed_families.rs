//! Survival, multilevel, time-series and survey output laid out as Stata prints it. The expected lines are taken from
//! published logs, whose rules are drawn with `-`, `|` and `+` here.

use crate::support::{has_lines, log_of};
use dofile::Session;

/// Reads a data file of the oracle cases.
fn read(file: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/data").join(file);
    format!("import delimited using \"{}\", clear\n", path.display())
}

/// The drug trial of Stata's documentation: its example session, and logs of Stata 17 for the layout.
#[test]
fn descriptions_of_survival_times() {
    let log = log_of(&format!(
        "{}stset studytime, failure(died)\nstdescribe\nstsum, by(drug)\nstci, by(drug)\nstptime, title(Years)\n\
         stset studytime if age > 50, failure(died)",
        read("drugtr.csv")
    ));
    has_lines(
        &log,
        r"                                   |-------------- Per subject --------------|
Category                   Total        Mean         Min     Median        Max
------------------------------------------------------------------------------
Number of subjects            48
Number of records             48           1           1          1          1
Entry time (first)                         0           0          0          0
Exit time (final)                       15.5           1       12.5         39
Subjects with gap              0
Time on gap                    0           .           .          .          .
Time at risk                 744        15.5           1       12.5         39
Failures                      31    .6458333           0          1          1
         |               Incidence     Number of   |------ Survival time -----|
drug     | Time at risk       rate      subjects        25%       50%       75%
---------+---------------------------------------------------------------------
       0 |          180   .1055556            20          4         8        12
   Total |          744   .0416667            48          8        17        33
             | Number of
drug         |  subjects         50%      Std. err.    [95% conf. interval]
-------------+-------------------------------------------------------------
           0 |        20           8       2.22486            4         12
-------------+-------------------------------------------------------------
Cohort     |        Years   Failures        Rate   [95% conf. interval]
-----------+-----------------------------------------------------------
     Total |          744         31   .04166667   .0293028    .0592474
     Exit on or before: failure
      Keep observations
                if exp: age > 50",
    );
    assert!(log.contains("  ignored at outset because of if exp"), "{log}");
}

/// Rates of death by smoking in the Framingham study (Stata 15).
#[test]
fn incidence_rates_under_the_labels_of_the_variables() {
    let log = log_of(
        "input death smoker time\n788 1 44440.38\n762 0 46675.2\nend\nlabel variable death \"Death indicator\"\n\
         label variable smoker \"Current smoker, exam 1\"\nlabel variable time \"Time [years] to death\"\n\
         ir death smoker time",
    );
    has_lines(
        &log,
        r"                 | Current smoker, exam 1 |
                 |   Exposed   Unexposed  |      Total
-----------------+------------------------+------------
 Death indicator |       788         762  |       1550
Time [years] to  |  44440.38     46675.2  |   91115.58
-----------------+------------------------+------------
                 |                        |
  Incidence rate |  .0177316    .0163256  |   .0170114
 Inc. rate diff. |          .001406       |   -.0002899     .003102",
    );
}

#[test]
fn rates_by_an_exposure_with_other_codes_than_zero_and_one() {
    let log = log_of("input t x\n1 2\n2 2\n3 1\n5 1\nend\nstset t\nstir x\nassert abs(r(irr) - 8/3) < 1e-9");
    has_lines(
        &log,
        "Note: Exposed <-> x==2 and Unexposed <-> x==1\n         Failure |         2           2  |          4",
    );
    let (log, rc) = Session::default().run_captured("input t x\n1 2\n2 1\n3 3\nend\nstset t\nstir x");
    assert_eq!(rc, 134, "{log}");
    assert!(log.contains("x takes on more than two values"), "{log}");
}

/// Rabe-Hesketh and Skrondal, Multilevel and Longitudinal Modeling Using Stata, the peak-flow data (Stata 18).
#[test]
fn mixed_models_with_values_as_wide_as_needed() {
    let data = "input id wm1 wm2\n1 512 525\n2 430 415\n3 520 508\n4 428 444\n5 500 500\n6 600 625\n7 364 460\n\
                8 380 390\n9 658 642\n10 445 432\n11 432 420\n12 626 605\n13 260 227\n14 477 467\n15 259 268\n\
                16 350 370\n17 451 443\nend\nreshape long wm, i(id) j(occasion)\n";
    let log = log_of(&format!(
        "{data}mixed wm || id:, reml stddeviations\nmixed wm || id:, nolog\nxtmixed wm || id:, nolog\nmixed wm || id:, nolog nogroup"
    ));
    has_lines(
        &log,
        r"Performing EM optimization ...
Performing gradient-based optimization:
Computing standard errors ...
Mixed-effects REML regression                           Number of obs    =  34
Group variable: id                                      Number of groups =  17
                                                        Obs per group:
                                                                     min =   2
                                                                     avg = 2.0
                                                                     max =   2
                                                        Wald chi2(0)     =   .
Log restricted-likelihood = -180.37921                  Prob > chi2      =   .
Mixed-effects ML regression                             Number of obs    =  34
Log likelihood = -184.57839                             Prob > chi2      =   .
LR test vs. linear model: chibar2(01) = 46.27         Prob >= chibar2 = 0.0000",
    );
    assert!(log.contains("Log restricted-likelihood = "), "{log}");
    // the older command shows deviations
    assert_eq!(log.matches("                sd(Residual) |").count(), 2, "{log}");
    assert_eq!(log.matches("Group variable: id").count(), 3, "{log}");
}

/// Logs of `melogit`, `mepoisson` and `mestreg` (Stata 17 and 18): variances below the name of their group.
#[test]
fn variances_of_random_effects_in_blocks() {
    let log = log_of(&format!(
        "{}mepoisson absent x || school:, irr nolog\nmelogit pass x z || school: z, covariance(unstructured) nolog\n\
         meologit grade x || school:, nolog",
        read("pupils.csv")
    ));
    has_lines(
        &log,
        r"school       |
   var(_cons)|   .2417334   .0710934                      .1358313    .4302032
------------------------------------------------------------------------------
Note: Estimates are transformed only in the first equation to incidence-rate ratios.
Note: _cons estimates baseline incidence rate (conditional on zero random effects).",
    );
    let lines: Vec<&str> = log.lines().collect();
    let at = |start: &str| {
        lines.iter().position(|l| l.starts_with(start)).unwrap_or_else(|| panic!("{start}\n{log}"))
    };
    // the table stands directly below the header
    let header = at("Log likelihood = ");
    assert_eq!(lines[header + 1], "-".repeat(78));
    at("       var(z)|");
    at(" cov(z,_cons)|");
    let cut = at("       /cut3 |");
    assert_eq!(lines[cut].len(), lines[at("   var(_cons)|")].len(), "{log}");
    assert!(lines[cut + 1].starts_with("-------------+"), "{log}");
    assert!(lines[cut + 2].starts_with("school       |"), "{log}");
}

/// A log of `mestreg` (Stata 17): the title, a further parameter without a test, and notes.
#[test]
fn survival_times_with_random_effects() {
    let log = log_of(
        "set obs 120\ngenerate id = ceil(_n/6)\ngenerate x = mod(_n*7, 11)/5\n\
         generate t = (1 + mod(_n*13, 17))*exp(mod(id*7, 5)/3)\nstset t\n\
         mestreg x || id: x, distribution(lognormal) time tratio nolog",
    );
    has_lines(
        &log,
        r"Mixed-effects lognormal AFT regression          Number of obs     =        120
Group variable: id                              Number of groups  =         20
Integration method: mvaghermite                 Integration pts.  =          7
          _t | Time ratio   Std. err.      z    P>|z|     [95% conf. interval]
Note: Estimates are transformed only in the first equation to time ratios.
Note: _cons estimates baseline time (conditional on zero random effects).
Note: LR test is conservative and provided only for reference.",
    );
    let row = log.lines().find(|l| l.starts_with("       /logs |")).expect("the further parameter");
    assert_eq!(row.split_whitespace().count(), 6, "{row}");
    assert!(log.contains("\nLR test vs. lognormal model: chi2(2) = "), "{log}");
}

/// Wholesale prices: a log of Stata 19; the layout of the augmented test from one of Stata 18.
#[test]
fn models_of_wholesale_prices() {
    let log = log_of(&format!(
        "{}format t %tq\nquietly tsset t\ngenerate d_wpi = D.wpi\ndfuller d_wpi, lags(12)\narima d_wpi, arima(1,1,4) nolog\n\
         arima D.ln_wpi, ar(1) ma(1 4) nolog\narch D.ln_wpi, arch(1) garch(1) nolog\nquietly regress d_wpi L.wpi\n\
         estat bgodfrey\nestat archlm",
        read("wpi1.csv")
    ));
    has_lines(
        &log,
        r"Augmented Dickey–Fuller test for unit root
Variable: d_wpi                           Number of obs  = 110
                                          Number of lags =  12
H0: Random walk without drift, d = 0
Sample: 1960q3 thru 1990q4                      Number of obs     =        122
                                                Wald chi2(5)      =      85.36
Log likelihood = -134.5405                      Prob > chi2       =     0.0000
             |                 OPG
     D.d_wpi | Coefficient  std. err.      z    P>|z|     [95% conf. interval]
-------------+----------------------------------------------------------------
d_wpi        |
Log likelihood =  386.0336                      Prob > chi2       =     0.0000
    D.ln_wpi | Coefficient  std. err.      z    P>|z|     [95% conf. interval]
-------------+----------------------------------------------------------------
ln_wpi       |
Sample: 1960q2 thru 1990q4                        Number of obs   =        123
Distribution: Gaussian                            Wald chi2(.)    =          .
Log likelihood =   373.234                        Prob > chi2     =          .
    D.ln_wpi | Coefficient  std. err.      z    P>|z|     [95% conf. interval]
Breusch–Godfrey LM test for autocorrelation
---------------------------------------------------------------------------
    lags(p)  |          chi2               df                 Prob > chi2
-------------+-------------------------------------------------------------
                        H0: no serial correlation
         H0: no ARCH effects      vs.  H1: ARCH(p) disturbance",
    );
}

/// Airline passengers, [TS] corrgram: bars have a dash for each full eighth.
#[test]
fn correlograms() {
    let log = log_of(&format!("{}quietly tsset t\ncorrgram air, lags(2)", read("air2.csv")));
    has_lines(
        &log,
        r"                                          -1       0       1 -1       0       1
 LAG       AC       PAC      Q     Prob>Q  [Autocorrelation]  [Partial autocor]
-------------------------------------------------------------------------------
1        0.9480   0.9589   132.14  0.0000          |-------           |-------
2        0.8756  -0.3298   245.65  0.0000          |-------         --|",
    );
}

/// West German investment, income and consumption, [TS] varsoc and [TS] vargranger; spacing from logs of Stata 17 and 18.
#[test]
fn tests_of_vector_autoregressions() {
    let log = log_of(&format!(
        "{}format qtr %tq\nquietly tsset qtr\nvarsoc dln_inv dln_inc dln_consump if qtr <= tq(1978q4), lutstats\n\
         quietly var dln_inv dln_inc dln_consump if qtr <= tq(1978q4), dfk small\nvargranger\n\
         quietly var dln_inv dln_inc dln_consump if qtr <= tq(1978q4)\nvargranger",
        read("lutkepohl2.csv")
    ));
    has_lines(
        &log,
        r"   Sample: 1961q2 thru 1978q4                               Number of obs = 71
  | Lag |    LL      LR      df    p     FPE       AIC      HQIC      SBIC    |
  |-----+---------------------------------------------------------------------|
  |   0 |  564.784                     2.7e-11   -24.423   -24.423*  -24.423* |
  |   1 |  576.409  23.249    9  0.006 2.5e-11   -24.497  -24.3829  -24.2102  |
  |   2 |  588.859  24.901*   9  0.003 2.3e-11* -24.5942* -24.3661  -24.0205  |
  |   3 |  591.237  4.7566    9  0.855 2.7e-11  -24.4076  -24.0655  -23.5472  |
  |   4 |  598.457  14.438    9  0.108 2.9e-11  -24.3575  -23.9012  -23.2102  |
   * optimal lag
   Endogenous: dln_inv dln_inc dln_consump
    Exogenous: _cons
  |          Equation           Excluded |   chi2     df Prob > chi2 |
  |--------------------------------------+---------------------------|
  +------------------------------------------------------------------+",
    );
}

/// Logs of survey estimation (Stata 17 and 18).
#[test]
fn survey_estimates() {
    let log = log_of(&format!(
        "{}svyset psu [pweight=w], strata(strata)\nsvy: regress y x q\nsvy: mean y\nestat effects\n\
         label variable g \"Used child care for a child\"\nlabel define g 1 \"No\" 2 \"Yes, but not on a regular basis\" 3 \"Yes\"\n\
         label values g g\nsvy: tabulate g\nsvy: tabulate g z, column percent format(%6.1f) nomarginals stubwidth(35)",
        read("survey_models.csv")
    ));
    has_lines(
        &log,
        r"Sampling weights: w
             VCE: linearized
     Single unit: missing
        Strata 1: strata
 Sampling unit 1: psu
           FPC 1: <zero>
Survey: Linear regression
Number of strata =  6                               Number of obs   =      600
Number of PSUs   = 60                               Population size = 7,001.16
                                                    Design df       =       54
                                                    F(2, 53)        =   120.88
                                                    Prob > F        =   0.0000
                                                    R-squared       =   0.3412
Survey: Mean estimation
Number of strata =  6               Number of obs   =      600
Number of PSUs   = 60               Population size = 7,001.16
                                    Design df       =       54
--------------------------------------------------------------
----------------------------------------------------------
             |             Linearized
             |       Mean   std. err.       DEFF      DEFT
-------------+--------------------------------------------
           y |   .7681105   .0609825     1.94245   1.39372
----------------------------------------------------------
----------------------
Used      |
child     |
care for  |
a child   | proportion
----------+-----------
       No |      .2935
 Yes, but |      .3432
      Yes |      .3633
          |
    Total |          1
----------------------
Key: Cell proportion
                                 |     z
Used child care for a child      |    0     1",
    );
    assert!(log.contains(" Yes, but not on a regular basis |"), "{log}");
    assert!(log.lines().any(|l| l.starts_with("    Uncorrected   chi2(2)         = ")), "{log}");
}

/// A structural model with the pattern of a published log (Stata 17), and the order of its restrictions.
#[test]
fn structural_vector_autoregressions() {
    let log = log_of(&format!(
        "{}format qtr %tq\nquietly tsset qtr\nmatrix A1 = (1,0 \\ .,1)\nmatrix B1 = (.,0 \\ 0,.)\n\
         svar dln_inv dln_inc, lags(1/2) aeq(A1) beq(B1)\nmatrix A = e(A)\nassert _b[/A:2_1] == A[2,1]\n\
         irf create one, step(2) set(structural_log, replace) replace\nerase structural_log.irf",
        read("lutkepohl2.csv")
    ));
    has_lines(
        &log,
        r"Structural vector autoregression
 ( 1)  [/A]1_1 = 1
 ( 2)  [/A]1_2 = 0
 ( 3)  [/A]2_2 = 1
 ( 4)  [/B]1_2 = 0
 ( 5)  [/B]2_1 = 0
/A           |
         1_1 |          1  (constrained)
         1_2 |          0  (constrained)
-------------+----------------------------------------------------------------
/B           |
irfname one not found in structural_log.irf
(file structural_log.irf updated)",
    );
}

/// Settings above survival output, and samples with gaps (logs of Stata 15 to 17).
#[test]
fn settings_and_gaps() {
    let log = log_of(
        "input id t0 t d\n1 0 5 1\n2 1 4 0\n3 0 8 1\n4 2 9 1\nend\nquietly stset t, failure(d) enter(time t0) id(id)\n\
         stci\nclear\nset obs 40\ngenerate t = _n\ngenerate y = mod(_n*7, 11)\ndrop in 20\nquietly tsset t\n\
         arima y, ar(1) nolog\nquietly regress y L.y\nestat bgodfrey",
    );
    has_lines(
        &log,
        r"         Failure _d: d
   Analysis time _t: t
  Enter on or after: time t0
        ID variable: id
Number of gaps in sample = 1
(note: filtering over missing observations)
Sample: 1 thru 40, but with gaps                Number of obs     =         39
Number of gaps in sample = 1
Breusch–Godfrey LM test for autocorrelation",
    );
}

/// Equations of `streg` with their names, and its frailty below one rule.
#[test]
fn parametric_survival_models() {
    let log = log_of(&format!(
        "{}quietly stset studytime, failure(died)\nstreg drug, distribution(weibull) ancillary(age) nolog\n\
         streg drug age, distribution(weibull) frailty(gamma) nolog",
        read("drugtr.csv")
    ));
    let lines: Vec<&str> = log.lines().collect();
    let at = |start: &str| {
        lines.iter().position(|l| l.starts_with(start)).unwrap_or_else(|| panic!("{start}\n{log}"))
    };
    let equation = at("ln_p         |");
    assert!(lines[equation + 1].starts_with("         age |"), "{log}");
    let (reciprocal, theta) = (at("         1/p |"), at("       theta |"));
    assert_eq!(theta, reciprocal + 1, "{log}");
    assert!(lines[at("    /lntheta |") + 1].starts_with("-------------+"), "{log}");
    assert_eq!(lines[at("Gamma frailty") - 1], "Weibull PH regression");
}
