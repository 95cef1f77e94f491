//! Lines as Stata prints them, taken from published logs.

use crate::support::log_of;

/// Every line stands in the log, blanks at its end aside.
fn has_lines(log: &str, lines: &[&str]) {
    for line in lines {
        assert!(log.lines().any(|l| l.trim_end() == *line), "no line {line:?} in\n{log}");
    }
}

/// A data file of the oracle cases as text for `input`.
fn input(file: &str, columns: usize) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/data").join(file);
    let text = std::fs::read_to_string(path).expect("a data file");
    let mut rows = text.lines().map(|line| {
        let cells: Vec<&str> = line.split(',').take(columns).collect();
        cells.iter().map(|c| if c.is_empty() { "." } else { c }).collect::<Vec<_>>().join(" ")
    });
    let names = rows.next().expect("names").replace(' ', " double ");
    format!("clear\ninput double {names}\n{}\nend\n", rows.collect::<Vec<_>>().join("\n"))
}

/// R. Rabe-Hesketh and Skrondal, Multilevel and Longitudinal Modeling Using Stata, section 2.5.2 (two decimals there).
const PEAK_FLOW: &str = "input id wm1 wm2\n1 512 525\n2 430 415\n3 520 508\n4 428 444\n5 500 500\n6 600 625\n7 364 460\n8 380 390\n9 658 642\n10 445 432\n11 432 420\n12 626 605\n13 260 227\n14 477 467\n15 259 268\n16 350 370\n17 451 443\nend\nreshape long wm, i(id) j(occasion)\nxtset id\n";

#[test]
fn deviations_of_xtreg_mle_have_limits_on_the_log_scale() {
    let log = log_of(&format!("{PEAK_FLOW}xtreg wm, mle"));
    let row = |label: &str| -> Vec<f64> {
        let line = log.lines().find(|l| l.trim_start().starts_with(label)).expect("a row");
        line.split('|')
            .nth(1)
            .expect("cells")
            .split_whitespace()
            .map(|w| w.parse().expect("a number"))
            .collect()
    };
    let near = |found: Vec<f64>, want: [f64; 4]| {
        assert_eq!(found.len(), 4, "{found:?}");
        found.iter().zip(want).for_each(|(f, w)| assert!((f - w).abs() < 0.0051, "{f} is not {w}"));
    };
    has_lines(&log, &["Panel variable: id (balanced)"]);
    near(row("/sigma_u"), [107.05, 18.68, 76.04, 150.69]);
    near(row("/sigma_e"), [19.91, 3.41, 14.23, 27.87]);
    near(row("rho"), [0.97, 0.02, 0.92, 0.99]);
}

#[test]
fn dfuller_and_wntestq() {
    let data = input("wpi1.csv", 2);
    let log =
        log_of(&format!("{data}format t %tq\ntsset t\ndfuller wpi\ngenerate d_wpi = D.wpi\nwntestq d_wpi"));
    has_lines(
        &log,
        &[
            "Time variable: t, 1960q1 to 1990q4",
            "        Delta: 1 quarter",
            "Dickey–Fuller test for unit root          Number of obs  = 123",
            "Variable: wpi                             Number of lags =   0",
            "H0: Random walk without drift, d = 0",
            "                                       Dickey–Fuller",
            "                   Test      -------- critical value ---------",
            "              statistic           1%           5%          10%",
            "--------------------------------------------------------------",
            " Z(t)             2.725       -3.502       -2.888       -2.578",
            "MacKinnon approximate p-value for Z(t) = 0.9991.",
            "Portmanteau test for white noise",
        ],
    );
    assert!(log.lines().any(|l| l.starts_with(" Portmanteau (Q) statistic = ")), "{log}");
    assert!(log.lines().any(|l| l.starts_with(" Prob > chi2(40)           = ")), "{log}");
}

#[test]
fn the_specification_test() {
    let data = input("psid.csv", 6);
    let log = log_of(&format!(
        "{data}generate exp2 = exp^2\nxtset id t\nquietly xtreg lwage exp exp2 wks ed, fe\nestimates store FE\nquietly xtreg lwage exp exp2 wks ed, re\nestimates store RE\nhausman FE RE, sigmamore"
    ));
    has_lines(
        &log,
        &[
            "                 ---- Coefficients ----",
            "             |      (b)          (B)            (b-B)     sqrt(diag(V_b-V_B))",
            "             |       FE           RE         Difference       Std. err.",
            "         exp |    .1137879     .0888609        .0249269        .0012778",
            "        exp2 |   -.0004244    -.0007726        .0003482        .0000285",
            "         wks |    .0008359     .0009658       -.0001299        .0001108",
            "                          b = Consistent under H0 and Ha; obtained from xtreg.",
            "           B = Inconsistent under Ha, efficient under H0; obtained from xtreg.",
            "Test of H0: Difference in coefficients not systematic",
            "    chi2(3) = (b-B)'[(V_b-V_B)^(-1)](b-B)",
            "            = 1513.02",
            "Prob > chi2 = 0.0000",
        ],
    );
}

#[test]
fn variance_components_with_eight_digits() {
    let data = input("jtrain.csv", 8);
    let log = log_of(&format!("{data}xtset fcode year\nxtreg lscrap grant grant_1 d88 d89, fe"));
    has_lines(
        &log,
        &[
            "     sigma_u |   1.438982",
            "         rho |  .89313867   (fraction of variance due to u_i)",
            "F test that all u_i=0: F(53, 104) = 24.66                    Prob > F = 0.0000",
        ],
    );
}

#[test]
fn the_table_of_a_case_control_study() {
    let log = log_of("cci 60 45 108 341");
    has_lines(
        &log,
        &[
            "                                                         Proportion",
            "                 |   Exposed   Unexposed  |      Total     exposed",
            "-----------------+------------------------+------------------------",
            "           Cases |        60          45  |        105      0.5714",
            "        Controls |       108         341  |        449      0.2405",
            "           Total |       168         386  |        554      0.3032",
        ],
    );
}

#[test]
fn estimates_table_with_a_bare_word_and_its_format() {
    let log = log_of(
        "input y x\n1 1\n3 2\n5 3\n8 4\nend\nregress y x\nestimates store m\nestimates table m, b se b(%9.2f)",
    );
    assert!(log.lines().any(|l| l.contains("x |") && l.trim_end().ends_with("2.30")), "{log}");
}

/// Grunfeld's data as panels, with their log of investment.
fn panels() -> String {
    format!("{}xtset company year\ngen double a_long_outcome = ln(invest)\n", input("grunfeld.csv", 5))
}

#[test]
fn rows_with_time_series_operators_stand_under_their_variable() {
    // The layout of logs with `reg d_ln_co2 L(0/2).d_gdpxcap` and `reg d.ln_unemploy_tot L(0/5)d.S_and_P`.
    let log = log_of(&format!("{}regress D.a_long_outcome L(0/2).mvalue LD.kstock kstock", panels()));
    let lines: Vec<&str> = log.lines().skip_while(|l| !l.starts_with("D.  ")).collect();
    let starts = [
        "D.           |",
        "a_long_out~e |",
        "-------------+",
        "      mvalue |",
        "         --. |",
        "         L1. |",
        "         L2. |",
        "             |",
        "      kstock |",
        "         LD. |",
        "         --. |",
        "             |",
        "       _cons |",
    ];
    assert!(lines.len() > starts.len(), "{log}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line:?} instead of {start:?} in\n{log}");
    }
    has_lines(&log, &["      mvalue |", "      kstock |"]);
}

#[test]
fn columns_of_estimates_table_are_as_wide_as_the_format() {
    // The layout of a log with `estimates table POLS FE FD_OLS AH AB, b(%7.4f) keep(L.y DL.y) se`.
    let log = log_of(&format!(
        "{}quietly regress a_long_outcome L.mvalue LD.mvalue\nestimates store POLS\nquietly regress a_long_outcome L.mvalue kstock\nestimates store FD_OLS\nestimates table POLS FD_OLS, b(%7.4f) se stats(N)",
        panels()
    ));
    let table: Vec<&str> = log.lines().skip_while(|l| !l.starts_with("    Variable |")).collect();
    assert_eq!(table[0], "    Variable |  POLS     FD_OLS");
    assert_eq!(table[1], "-------------+--------------------");
    assert_eq!(table[2], "      mvalue |");
    assert!(table[3].starts_with("         L1. |  0.00") && table[3].len() == 32, "{log}");
    assert!(table[4].starts_with("             |  0.00") && table[4].len() == 32, "{log}");
    assert!(table[5].starts_with("         LD. |") && table[5].len() == 22, "{log}");
    has_lines(&log, &["           N |     180       190", "                      Legend: b/se"]);
}

#[test]
fn the_base_outcome_has_a_line_and_no_rows() {
    let log = log_of(
        "input y x\n1 1\n1 2\n2 1\n2 4\n2 3\n3 2\n3 6\nend\nmlogit y x, baseoutcome(2)\nmatrix b = e(b)\nassert colsof(b) == 6",
    );
    has_lines(&log, &["1            |", "2            |  (base outcome)", "3            |"]);
    assert_eq!(log.lines().filter(|l| l.starts_with("       _cons |")).count(), 2, "{log}");
    assert!(!log.contains("is the base outcome"), "{log}");
}

/// [R] mprobit and [R] slogit show the base outcome as a line, scale parameters that are fixed and those of the base with a
/// word in place of a standard error.
#[test]
fn the_base_of_a_multinomial_probit_and_of_a_stereotype_logit_has_a_line() {
    let data = "set obs 60\ngen x = mod(_n*7, 11) - 5\ngen y = 1 + (x + mod(_n*3, 17) > 4) + (mod(_n*11, 19) > 12)\n";
    for (base, before, after) in [(1, "x | ", "2            |"), (2, "1            |", "3            |")] {
        let log = log_of(&format!("{data}mprobit y x, baseoutcome({base}) nolog\nassert colsof(e(b)) == 4"));
        let line = format!("{base}            |  (base outcome)");
        has_lines(&log, &[line.as_str(), after]);
        assert!(log.contains(before), "{log}");
    }
    let log = log_of(&format!("{data}mprobit y x, baseoutcome(3) nolog"));
    let lines: Vec<&str> = log.lines().map(str::trim_end).collect();
    let at = lines.iter().position(|l| *l == "3            |  (base outcome)").expect("the line of the base");
    assert_eq!(lines[at + 1], "-".repeat(78), "{log}");
    let log = log_of(&format!("{data}slogit y x, nolog"));
    has_lines(
        &log,
        &[
            "     /phi1_1 |          1  (constrained)",
            "     /phi1_3 |          0  (base outcome)",
            "     /theta3 |          0  (base outcome)",
            "(y=3 is the base outcome)",
        ],
    );
}

/// Without standard errors the table has estimates alone.
#[test]
fn margins_without_errors() {
    let log = log_of("set obs 5\ngen x = _n\ngen y = cond(_n == 3, 4, _n)\nregress y x\nmargins, nose");
    has_lines(&log, &["             |     Margin", "       _cons |        3.2"]);
    assert!(!log.contains("Delta-method"), "{log}");
}

/// Stata's page on survival analysis prints these times and these numbers of the control group for
/// `sts list, by(dose) compare` (cancer drug trial). The data here have both doses as one group.
#[test]
fn sts_list_compare() {
    let log = log_of(&format!(
        "{}stset studytime, failure(died)\nsts list, by(drug) compare\nsts list, by(drug) compare at(0 10 50) failure",
        input("drugtr.csv", 3)
    ));
    let rows: Vec<Vec<&str>> = log.lines().map(|l| l.split_whitespace().collect()).collect();
    let control = [
        ("1", "0.9000"),
        ("5", "0.6000"),
        ("9", "0.4500"),
        ("13", "0.2250"),
        ("17", "0.1125"),
        ("21", "0.1125"),
        ("25", "."),
        ("29", "."),
        ("33", "."),
        ("37", "."),
        ("41", "."),
    ];
    let at = rows.iter().position(|r| r.first() == Some(&"Time")).expect("the first time");
    for (i, (time, value)) in control.iter().enumerate() {
        let row: Vec<&str> = rows[at + i].iter().filter(|w| **w != "Time").copied().collect();
        assert_eq!(row[..2], [*time, *value], "{log}");
    }
    has_lines(
        &log,
        &[
            "Kaplan–Meier survivor function",
            "By variable: drug",
            "Kaplan–Meier failure function",
            "Time         0    0.0000    0.0000",
            "            50         .         .",
        ],
    );
}

#[test]
fn the_first_stage_of_xtivreg_is_the_regression_of_its_name() {
    let data = format!("{}xtset company year\ngenerate double lag = L.mvalue\n", input("grunfeld.csv", 5));
    let row = |command: &str| -> Vec<String> {
        let log = log_of(&format!("{data}{command}"));
        let line =
            log.lines().find(|l| l.trim_start().starts_with("lag |")).unwrap_or_else(|| panic!("{log}"));
        line.split_whitespace().map(str::to_owned).collect()
    };
    for kind in ["fe", "be"] {
        let first = row(&format!("xtivreg invest kstock (mvalue = lag), {kind} first"));
        assert_eq!(first.len(), 8, "{first:?}");
        assert_eq!(first, row(&format!("xtreg mvalue kstock lag if !missing(lag), {kind}")), "{kind}");
    }
}

#[test]
fn groups_of_pwcompare_have_letters_in_places_of_their_own() {
    let log = log_of(&format!(
        "{}regress systolic i.drug##i.disease\npwcompare drug#disease, groups",
        input("systolic.csv", 3)
    ));
    let from = log.find("Groups").expect("the heading");
    let codes: Vec<&str> = log[from..].lines().skip(3).take(12).map(|l| l.get(39..).unwrap_or("")).collect();
    // a letter always stands at the same place
    for letter in ['A', 'B', 'C'] {
        let mut places: Vec<usize> = codes.iter().filter_map(|c| c.find(letter)).collect();
        places.dedup();
        assert_eq!(places.len(), 1, "{letter} {codes:?}\n{log}");
    }
    has_lines(&log, &["Note: Margins sharing a letter in the group label"]);
}

/// `post` makes margins without standard errors the active estimates, which have no covariance.
#[test]
fn margins_without_errors_are_posted_alone() {
    let log = log_of(
        "set obs 5\ngen x = _n\ngen y = cond(_n == 3, 4, _n)\nregress y x\nquietly margins, at(x = (1 3)) nose post\nmatrix b = e(b)\ndisplay colsof(b) \" `e(properties)'\"\ncapture matrix v = e(V)\ndisplay _rc\ncapture test 1._at\ndisplay \"rc \" _rc > 0",
    );
    assert!(log.contains("2 b\n") && log.contains("\n111\n"), "{log}");
}

/// Statalist, 14 November 2007 (S. Juul): `sts list` at chosen times in the cancer drug trial. The number at risk is that of
/// the last time of the data up to the chosen one.
#[test]
fn sts_list_at() {
    let log =
        log_of(&format!("{}stset studytime, failure(died)\nsts list, at(1 5 to 37)", input("drugtr.csv", 3)));
    let rows = [
        "1 48 2 0.9583 0.0288 0.8435 0.9894",
        "5 42 6 0.8333 0.0538 0.6943 0.9129",
        "9 32 6 0.7061 0.0661 0.5546 0.8143",
        "13 24 6 0.5628 0.0742 0.4060 0.6931",
        "17 20 3 0.4870 0.0761 0.3326 0.6249",
        "21 16 0 0.4870 0.0761 0.3326 0.6249",
        "25 10 6 0.2922 0.0767 0.1543 0.4449",
        "29 8 1 0.2557 0.0753 0.1247 0.4093",
        "33 4 1 0.1918 0.0791 0.0676 0.3634",
        "37 2 0 0.1918 0.0791 0.0676 0.3634",
    ];
    let words: Vec<String> =
        log.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert!(words.windows(rows.len()).any(|w| w == rows), "{log}");
    assert!(words.iter().any(|l| l == "At Survivor Std.") && !log.contains("lost"), "{log}");
}

#[test]
fn xtgls_and_xtpcse_say_what_they_estimated() {
    // the layout of [XT] xtgls and xtpcse: 5 panels of 20 periods have 15 covariances; numpy has .76114 and 516.105
    let log = log_of(&format!("{}keep if company <= 5\nxtpcse invest mvalue kstock", panels()));
    let lines = [
        "Linear regression, correlated panels corrected standard errors (PCSEs)",
        "Group variable:   company                       Number of obs      =       100",
        "Panels:           correlated (balanced)         Obs per group: min =        20",
        "Autocorrelation:  no autocorrelation                           avg =        20",
        "Estimated covariances      =        15          R-squared          =    0.7611",
        "Estimated autocorrelations =         0          Wald chi2(2)       =    516.10",
        "Estimated coefficients     =         3          Prob > chi2        =    0.0000",
    ];
    has_lines(&log, &lines);
    let log = log_of(&format!(
        "{}keep if company <= 5\nxtgls invest mvalue kstock, panels(correlated) corr(psar1)\ndisplay e(n_cv) \" \" e(n_cr)",
        panels()
    ));
    let lines = [
        "Panels:        heteroskedastic with cross-sectional correlation",
        "Correlation:   panel-specific AR(1)",
        "Estimated covariances      =        15          Number of obs     =        100",
        "Estimated autocorrelations =         5          Number of groups  =          5",
        "Estimated coefficients     =         3          Time periods      =         20",
        "15 5",
    ];
    has_lines(&log, &lines);
    let log = log_of(&format!("{}xtpcse invest mvalue kstock, hetonly", panels()));
    has_lines(&log, &["Linear regression, heteroskedastic panels corrected standard errors"]);
}
