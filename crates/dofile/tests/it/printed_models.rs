//! Survival analysis and models laid out as Stata prints them. The expected lines are taken from published logs, whose rules are
//! drawn with `-`, `|` and `+` here.

use crate::support::{cars, has_lines, log_of};

/// Weeks of remission of leukaemia patients, Gehan (1965); group 2 is treated.
fn remission() -> String {
    let control = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23].map(|t| (1, t, 1));
    let relapsed = [6, 6, 6, 7, 10, 13, 16, 22, 23].map(|t| (2, t, 1));
    let censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(|t| (2, t, 0));
    let rows: String = control
        .into_iter()
        .chain(relapsed)
        .chain(censored)
        .map(|(g, t, d)| format!("{g} {t} {d}\n"))
        .collect();
    format!(
        "input group weeks relapse\n{rows}end\nlabel define group 1 \"control\" 2 \"treated\"\n\
         label values group group\ngen treated = group == 2\n"
    )
}

/// G. Rodríguez, Survival Analysis, "Kaplan-Meier and Mantel-Haenszel" (Stata 17).
#[test]
fn survivor_functions() {
    let log =
        log_of(&format!("{}stset weeks, failure(relapse)\nsts list, by(group)\nsts test group", remission()));
    has_lines(
        &log,
        r"         Failure event: relapse!=0 & relapse<.
Observed time interval: (0, weeks]
     Exit on or before: failure
        Failure _d: relapse
  Analysis time _t: weeks
             At           Net    Survivor      Std.
  Time     risk   Fail   lost    function     error     [95% conf. int.]
------------------------------------------------------------------------
control
     1       21      2      0      0.9048    0.0641     0.6700    0.9753
    22        2      1      0      0.0476    0.0465     0.0033    0.1970
    23        1      1      0      0.0000         .          .         .
treated
     6       21      3      1      0.8571    0.0764     0.6197    0.9516
    32        4      0      2      0.4482    0.1346     0.1881    0.6801
        |  Observed       Expected
group   |    events         events
--------+-------------------------
control |        21          10.75
treated |         9          19.25
--------+-------------------------
  Total |        30          30.00
                  chi2(1) =  16.79
                  Pr>chi2 = 0.0000",
    );
}

/// G. Rodríguez, Survival Analysis, "Cox Proportional Hazards with Two Groups" (Stata 17).
#[test]
fn split_and_joined_records() {
    let log = log_of(&format!(
        "{}stset weeks, failure(relapse)\nstcox treated, tvc(treated) texp(_t > 10) efron\ngen id = _n\n\
         capture streset, clear\nassert _rc == 198\nstreset, id(id)\nstsplit , at(failures)\nquietly stcox treated, efron\ndi _b[treated]\n\
         estimates store ph\nstcox treated c.treated#c._t, efron\nstjoin\nstsplit dur, at(10)\n\
         gen after10 = dur == 10\nstcox treated c.treated#c.after10, efron\ndrop dur after10\nstjoin\n\
         quietly stcox treated, efron\nestat phtest",
        remission()
    ));
    has_lines(
        &log,
        r"No. of subjects =  42                                   Number of obs =     42
No. of failures =  30
Time at risk    = 541
          _t | Haz. ratio   Std. err.      z    P>|z|     [95% conf. interval]
main         |
     treated |   .2702224   .1426515    -2.48   0.013     .0960215    .7604559
tvc          |
     treated |   .5475566   .4505425    -0.73   0.464     .1091542    2.746741
Note: Variables in tvc equation interacted with _t>10.
-> stset weeks, id(id) failure(relapse)
           ID variable: id
Observed time interval: (weeks[_n-1], weeks]
         42  subjects
(17 failure times)
(384 observations (episodes) created)
-1.5721251
       ID variable: id
No. of subjects =  42                                   Number of obs =    426
     treated |   .2057005   .1595878    -2.04   0.042     .0449626    .9410648
        c._t |   1.000865   .0617494     0.01   0.989       .88687    1.129514
(option censored(0) assumed)
(384 observations eliminated)
(21 observations (episodes) created)
No. of subjects =  42                                   Number of obs =     63
   c.after10 |   .5475566   .4505425    -0.73   0.464     .1091542    2.746741
(21 observations eliminated)
             |     chi2       df       Prob>chi2
-------------+----------------------------------
 Global test |     0.00        1          0.9886",
    );
}

/// The same page: the coefficients of four treatments of ties; and its page on recidivism: models whose first equations
/// are matched stand in the same rows.
#[test]
fn estimates_table_with_matched_equations() {
    let log = log_of(&format!(
        "{}stset weeks, failure(relapse)\nquietly stcox treated, efron\nestimates store efron\n\
         quietly streg treated, distribution(weibull)\nestimates store weibull\n\
         quietly poisson weeks treated\nestimates store poisson\n\
         estimates table efron weibull, equation(1:1)\nmatrix C = r(coef)\nestimates table efron poisson, eq(1)",
        remission()
    ));
    let rows: Vec<&str> = log.lines().filter(|l| l.contains("treated |")).collect();
    assert_eq!(rows.len(), 2, "{log}");
    for row in rows {
        assert!(row.contains("-1.5721251"), "{row}");
        assert_eq!(row.split('|').nth(1).map(|c| c.split_whitespace().count()), Some(2), "{row}");
    }
    has_lines(&log, "#1           |");
    assert!(log.lines().any(|l| l.starts_with("       /ln_p |               .3117")), "{log}");
}

/// G. Rodríguez, Generalized Linear Models, section 3.5: contraceptive use of women by age and desire for children.
#[test]
fn header_of_glm() {
    let log = log_of(
        "input ageg nomore users nonusers n\n1 0 58 265 323\n1 1 14 60 74\n2 0 68 215 283\n2 1 37 84 121\n\
         3 0 79 230 309\n3 1 158 145 303\n4 0 14 43 57\n4 1 79 58 137\nend\n\
         label define ageg 1 \"< 25\" 2 \"25-29\" 3 \"30-39\" 4 \"40-49\"\nlabel values ageg ageg\n\
         glm users i.ageg, family(binomial n) nolog\nestimates store ageg\nassert \"`e(vcetype)'\" == \"OIM\"\n\
         assert \"`e(linkt)'\" == \"Logit\" & \"`e(varfuncf)'\" == \"u*(1-u/n)\"\n\
         quietly glm users i.ageg nomore, family(binomial n)\nestimates store additive\nlrtest ageg additive\n\
         quietly glm users i.ageg##c.nomore, family(binomial n)\nestimates store nomXage\nlrtest additive .",
    );
    has_lines(
        &log,
        r"Generalized linear models                         Number of obs   =          8
Optimization     : ML                             Residual df     =          4
                                                  Scale parameter =          1
Deviance         =  66.48163408                   (1/df) Deviance =   16.62041
Variance function: V(u) = u*(1-u/n)               [Binomial]
Link function    : g(u) = ln(u/(n-u))             [Logit]
                                                  AIC             =   14.62222
Log likelihood   = -54.48889125                   BIC             =   58.16387
             |                 OIM
       users | Coefficient  std. err.      z    P>|z|     [95% conf. interval]
        ageg |
      25-29  |   .4606758   .1727255     2.67   0.008     .1221401    .7992116
      40-49  |   1.424638   .1939574     7.35   0.000     1.044488    1.804788
       _cons |  -1.507159   .1302529   -11.57   0.000     -1.76245   -1.251868
Assumption: ageg nested within additive
 LR chi2(1) =  49.69
Prob > chi2 = 0.0000
Assumption: additive nested within nomXage
 LR chi2(3) =  16.79
Prob > chi2 = 0.0008",
    );
}

/// The same author's "Models for Over-Dispersed Count Data" (Stata 17), where the lines are those of other data.
#[test]
fn scaled_standard_errors_of_glm() {
    let log = log_of(
        "set obs 20\ngen x = mod(_n, 5)\ngen y = mod(_n*_n, 7)\nglm y x, family(poisson) nolog scale(x2)",
    );
    has_lines(
        &log,
        r"                                                  Scale parameter =          1
Variance function: V(u) = u                       [Poisson]
Link function    : g(u) = ln(u)                   [Log]
(Standard errors scaled using square root of Pearson X2-based dispersion.)",
    );
}

/// G. Rodríguez, Generalized Linear Models, section 7.5: the lines of `estat gof` and of a large `lrtest`.
#[test]
fn goodness_of_fit_of_poisson() {
    let log = log_of(
        "input age deaths exposure\n1 168 278.4\n2 48 538.8\n3 63 794.4\n4 89 1550.8\n5 102 3006\n6 81 8743.5\n\
         7 40 14270\n1 197 403.2\n2 48 786\n3 62 1165.3\n4 81 2294.8\n5 97 4500.5\n6 103 13201.5\n7 39 19525\n\
         1 195 495.3\n2 55 956.7\n3 58 1381.4\n4 85 2604.5\n5 87 4618.5\n6 70 9814.5\n7 10 5802.5\nend\n\
         quietly poisson deaths, exposure(exposure)\nestimates store null\n\
         quietly poisson deaths i.age, exposure(exposure)\nestat gof\nestimates store age\nlrtest null .",
    );
    let pattern = |line: &str| log.lines().any(|l| l.starts_with(line));
    assert!(pattern("         Deviance goodness-of-fit =  72.6"), "{log}");
    assert!(pattern("         Prob > chi2(14)          =    0.0000"), "{log}");
    assert!(
        pattern("         Pearson goodness-of-fit  =   76.7")
            || pattern("         Pearson goodness-of-fit  =  76.7"),
        "{log}"
    );
    assert!(pattern(" LR chi2(6) = 4167.2"), "{log}");
    has_lines(&log, "Assumption: null nested within age\nProb > chi2 =  0.0000");
}

/// G. Rodríguez, "Models for Over-Dispersed Count Data" and "A Growth Curve Model": heads of `zip` and `mixed`.
#[test]
fn heads_of_zip_and_mixed() {
    let zip = log_of(
        "set obs 60\ngen x = mod(_n, 5)\ngen y = cond(mod(_n, 3) == 0, 0, 1 + mod(_n*7, 4))\nzip y, inflate(_cons) nolog",
    );
    has_lines(
        &zip,
        r"Zero-inflated Poisson regression                        Number of obs =     60
Inflation model: logit                                  Nonzero obs   =     40
                                                        Zero obs      =     20
           y | Coefficient  Std. err.      z    P>|z|     [95% conf. interval]",
    );
    let mixed = log_of(
        "set obs 60\ngen id = ceil(_n/6)\ngen half = ceil(_n/3)\ngen y = mod(id*7, 5) + mod(half*3, 4) + mod(_n*11, 7)/7\n\
         mixed y || id:, nolog\nmixed y || id: || half:, nolog",
    );
    has_lines(
        &mixed,
        r"Mixed-effects ML regression                             Number of obs    =  60
Group variable: id                                      Number of groups =  10
                                                        Obs per group:
                                                                     min =   6
                                                                     avg = 6.0
                                                                     max =   6
                                                        Wald chi2(0)     =   .
        Grouping information
                        |     No. of       Observations per group
         Group variable |     groups    Minimum    Average    Maximum
        ----------------+--------------------------------------------
                     id |         10          6        6.0          6",
    );
}

/// G. Rodríguez, "Weibull and Log-Normal Models": the ancillary parameters below a rule of the table.
#[test]
fn ancillary_parameters_of_streg() {
    let log = log_of(&format!(
        "{}stset weeks, failure(relapse)\nstreg treated, distribution(weibull) nolog",
        remission()
    ));
    let lines: Vec<&str> = log.lines().collect();
    let at = lines.iter().position(|l| l.starts_with("       /ln_p |")).expect("the parameter");
    assert_eq!(lines[at + 1], format!("-------------+{}", "-".repeat(64)));
    assert_eq!(lines[at + 2].len(), lines[at].len(), "{log}");
    assert!(lines[at + 3].starts_with("         1/p |"), "{log}");
}

/// Spellings of valid commands: a range of new names, an equals sign in an equation, one in `bitest`, `preserve`.
#[test]
fn spellings_that_stata_takes() {
    let log = log_of(&format!(
        "{}quietly ologit rep78 foreign mpg\npredict p1-p5\negen all = rowtotal(p1-p5)\nassert abs(all - 1) < 1e-6\n\
         quietly reg3 (price = weight foreign) (weight = price length)\nscalar a = [price]_b[weight]\n\
         quietly reg3 (price weight foreign) (weight price length)\nassert a == [price]_b[weight]\n\
         bitest foreign = .5\nscalar p = r(p)\nbitest foreign == .5\nassert p == r(p)\n\
         quietly regress mpg weight\nestat imtest, white preserve",
        cars()
    ));
    assert!(log.contains("White's test"), "{log}");
}

/// Published logs show the test below a table with two decimals ("LR test of lnsigma2=0: chi2(1) = 19.59" and "Wald test of
/// exogeneity (corr = 0): chi2(1) = 6.70" in the manuals), that of `biprobit` with all digits (".252042").
#[test]
fn tests_below_tables() {
    let data = "set obs 300\nset seed 7\ngen x = rnormal()\ngen z = rnormal()\ngen u = rnormal()\ngen w = z + u + rnormal()\n\
                gen y = x + w + u + rnormal()\ngen b = y > 0\ngen s = x + z + rnormal() > 0\n";
    for (command, name, stored) in [
        ("hetregress y x, het(z)", "LR test of lnsigma2=0", "chi2_c"),
        ("hetprobit b x, het(z)", "LR test of lnsigma=0", "chi2_c"),
        ("hetprobit b x, het(z) waldhet", "Wald test of lnsigma=0", "chi2_c"),
        ("heckprobit b x, select(s = x z)", "LR test of indep. eqns. (rho = 0)", "chi2_c"),
        ("etregress y x, treat(s = x z)", "LR test of indep. eqns. (rho = 0)", "chi2_c"),
        ("ivprobit b x (w = z)", "Wald test of exogeneity (corr = 0)", "chi2_exog"),
        ("ivprobit b x (w = z), twostep", "Wald test of exogeneity", "chi2_exog"),
        ("ivtobit y x (w = z), ll(0)", "Wald test of exogeneity (corr = 0)", "chi2_exog"),
    ] {
        let log = log_of(&format!(
            "{data}{command}\ndisplay \"is {name}: chi2(1) = \" strtrim(string(e({stored}), \"%8.2f\"))"
        ));
        let wanted = log.lines().find_map(|l| l.strip_prefix("is ")).expect("a line to compare with");
        let line =
            log.lines().find(|l| l.starts_with(&format!("{name}:"))).unwrap_or_else(|| panic!("{log}"));
        assert_eq!(line.split("  ").next(), Some(wanted), "{command}");
        assert!(line.contains("Prob > chi2 = "), "{line}");
    }
    let log =
        log_of(&format!("{data}biprobit (b x) (s z)\ndisplay \"is \" strtrim(string(e(chi2_c), \"%9.0g\"))"));
    let wanted = log.lines().find_map(|l| l.strip_prefix("is ")).expect("a line to compare with");
    let start = format!("LR test of rho=0: chi2(1) = {wanted} ");
    assert!(log.lines().any(|l| l.starts_with(&start)), "no line {start:?} in\n{log}");
}

/// Published logs keep the digits at the end of a long name (`2.age_c~2008`, `solvency_rat~2010`), and `estat phtest, detail`
/// has empty rows for base levels.
#[test]
fn tests_of_single_regressors_name_base_levels() {
    let (session, log) = crate::support::run(
        "set obs 60\ngen age_cat_2008 = 1 + mod(_n, 3)\ngen x = mod(_n*7, 11)\ngen t = 1 + mod(_n*13, 29)\n\
         gen d = mod(_n, 4) > 0\nstset t, failure(d)\nstcox x i.age_cat_2008\nestat phtest, detail\nmatrix m = r(phtest)\n\
         scalar all = rowsof(m) == 4 & m[2,3] == 1 & missing(m[2,1]) & !missing(m[3,1])\n\
         scalar names = abbrev(\"solvency_ratio2010\", 17) == \"solvency_rat~2010\" & abbrev(\"displacement\", 8) == \"displa~t\"\n\
         scalar short = abbrev(\"a123456789\", 8) == \"a12345~9\"",
    );
    crate::support::holds(&session, &["all", "names", "short"]);
    has_lines(&log, "1b.age_~2008 |          .        .        1           .");
    for name in ["           x |", "2.age_c~2008 |", "3.age_c~2008 |"] {
        assert!(log.lines().any(|l| l.starts_with(name) && !l.contains(" . ")), "no line {name:?} in\n{log}");
    }
}

/// `[XT] xtlogit` and `[XT] xtreg` print these notes and titles; R. Williams' log of `teenpovxt` has the note in two lines.
#[test]
fn notes_of_conditional_models_and_logs_of_the_likelihood() {
    let data = "set obs 40\ngen id = ceil(_n/4)\ngen x = mod(_n*7, 11)\ngen y = mod(_n*5, 7) > 3 if id > 2\nreplace y = 1 if id < 3\n\
                gen z = x + id + mod(_n*3, 5)\nxtset id\n";
    let note = "note: multiple positive outcomes within groups encountered.\n\
                note: 2 groups (8 obs) omitted because of all positive or\n      all negative outcomes.";
    for command in ["xtlogit y x, fe nolog", "clogit y x, group(id) nolog"] {
        has_lines(&log_of(&format!("{data}{command}")), note);
    }
    let log = log_of(&format!("{data}xtreg z x, mle"));
    has_lines(&log, "Fitting constant-only model:\nFitting full model:");
    let quiet = log_of(&format!(
        "{data}xtreg z x, mle nolog\nsureg (y x) (z x), isure nolog\nreg3 (y z) (z x), nolog"
    ));
    assert!(!quiet.contains("Iteration") && !quiet.contains("Fitting"), "{quiet}");
}
