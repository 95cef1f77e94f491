//! Descriptions of data as Stata prints them: the lines are those of published logs.

use dofile::Session;

/// The log of a do-file that must run.
fn log_of(text: &str) -> String {
    let (log, rc) = Session::default().run_captured(text);
    assert_eq!(rc, 0, "{log}");
    log
}

/// The lines stand in the log one after another, blanks at their ends aside.
fn has_block(log: &str, block: &str) {
    let found: Vec<&str> = log.lines().map(str::trim_end).collect();
    let wanted: Vec<&str> = block.trim_matches('\n').lines().map(str::trim_end).collect();
    assert!(found.windows(wanted.len()).any(|w| w == wanted), "no block\n{block}\nin\n{log}");
}

/// A data file of the oracle cases as text for `input`, without its first `skipped` columns.
fn input(file: &str, skipped: usize) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/data").join(file);
    let text = std::fs::read_to_string(path).expect("a data file");
    let mut rows = text.lines().map(|line| {
        let cells = line.split(',').skip(skipped).map(|c| if c.is_empty() { "." } else { c });
        cells.collect::<Vec<_>>().join(" ")
    });
    let names = rows.next().expect("names");
    format!("clear\ninput {names}\n{}\nend\n", rows.collect::<Vec<_>>().join("\n"))
}

/// The 1978 automobile data with their labels, without the names of the cars.
fn auto() -> String {
    let labels = [
        ("price", "Price"),
        ("mpg", "Mileage (mpg)"),
        ("rep78", "Repair record 1978"),
        ("weight", "Weight (lbs.)"),
        ("foreign", "Car origin"),
    ];
    let labels: String =
        labels.iter().map(|(name, label)| format!("label variable {name} \"{label}\"\n")).collect();
    let types = "recast int price mpg weight length turn displacement\nrecast byte foreign\nformat price weight %8.0gc\nformat headroom %6.1f\nformat gear_ratio %6.2f\nformat mpg foreign %8.0g\n";
    format!(
        "{}{labels}{types}label define origin 0 \"Domestic\" 1 \"Foreign\"\nlabel values foreign origin\n",
        input("printed_auto.csv", 1)
    )
}

#[test]
fn tabstat_by_groups_has_no_names_of_lines() {
    let log = log_of(&format!(
        "{}tabstat price mpg weight, by(foreign) statistics(mean sd min max n) columns(statistics)",
        auto()
    ));
    has_block(
        &log,
        "
Summary for variables: price mpg weight
Group variable: foreign (Car origin)

 foreign |      Mean        SD       Min       Max         N
---------+--------------------------------------------------
Domestic |  6072.423  3097.104      3291     15906        52
         |  19.82692  4.743297        12        34        52
         |  3317.115  695.3637      1800      4840        52
---------+--------------------------------------------------
 Foreign |  6384.682  2621.915      3748     12990        22
         |  24.77273  6.611187        14        41        22
         |  2315.909  433.0035      1760      3420        22
---------+--------------------------------------------------
   Total |  6165.257  2949.496      3291     15906        74
         |   21.2973  5.785503        12        41        74
         |  3019.459  777.1936      1760      4840        74
------------------------------------------------------------
",
    );
}

#[test]
fn tabstat_of_one_variable_has_statistics_in_columns() {
    let log = log_of(&format!("{}tabstat price, stat(mean sd q)\ntabstat price, by(foreign)", auto()));
    has_block(
        &log,
        "
    Variable |      Mean        SD       p25       p50       p75
-------------+--------------------------------------------------
       price |  6165.257  2949.496      4195    5006.5      6342
----------------------------------------------------------------
",
    );
    has_block(
        &log,
        "
 foreign |      Mean
---------+----------
Domestic |  6072.423
 Foreign |  6384.682
---------+----------
   Total |  6165.257
--------------------
",
    );
}

#[test]
fn tabstat_stubs() {
    let log = log_of(&format!(
        "{}tabstat price mpg, by(foreign)\ntabstat price weight, stat(mean)\ntabstat price mpg, by(foreign) stat(mean sd) nototal longstub\ntabstat headroom, stat(mean) format",
        auto()
    ));
    has_block(
        &log,
        "
Summary statistics: Mean
Group variable: foreign (Car origin)

 foreign |     price       mpg
---------+--------------------
Domestic |  6072.423  19.82692
 Foreign |  6384.682  24.77273
---------+--------------------
   Total |  6165.257   21.2973
------------------------------
",
    );
    // the stub of statistics has eight characters, as in every published table
    has_block(
        &log,
        "
   Stats |     price    weight
---------+--------------------
    Mean |  6165.257  3019.459
------------------------------
",
    );
    has_block(
        &log,
        "
foreign     Stats |     price       mpg
------------------+--------------------
Domestic     Mean |  6072.423  19.82692
               SD |  3097.104  4.743297
------------------+--------------------
",
    );
    has_block(&log, "    headroom |       3.0");
}

#[test]
fn a_wide_tabstat_goes_on_in_a_second_table() {
    let log = log_of(&format!("{}set linesize 60\ntabstat price-turn, stat(mean)", auto()));
    has_block(
        &log,
        "
   Stats |     price       mpg     rep78  headroom     trunk
---------+--------------------------------------------------
    Mean |  6165.257   21.2973  3.405797  2.993243  13.75676
------------------------------------------------------------

   Stats |    weight    length      turn
",
    );
}

#[test]
fn tabulate_with_summaries() {
    let log = log_of(&format!("{}tabulate foreign, summarize(mpg)\noneway mpg foreign, tabulate", auto()));
    let table = "
            |      Summary of Mileage (mpg)
 Car origin |        Mean   Std. dev.       Freq.
------------+------------------------------------
   Domestic |   19.826923   4.7432972          52
    Foreign |   24.772727   6.6111869          22
------------+------------------------------------
      Total |   21.297297   5.7855032          74
";
    has_block(&log, table);
    assert_eq!(log.matches("Summary of Mileage (mpg)").count(), 2, "{log}");
}

#[test]
fn titles_of_summaries_are_broken_to_lines() {
    let log = log_of(
        "set obs 4\ngenerate change = _n\ngenerate quality = mod(_n, 2)\nlabel variable change \"1=applicant was called back\"\nlabel variable quality \"1=low quality resume\"\ntabulate quality, summarize(change)\nlabel variable change \"Test Score Change over 1 year\"\ntabulate quality, summarize(change)",
    );
    has_block(
        &log,
        "
      1=low |  Summary of 1=applicant was called
    quality |                back
     resume |        Mean   Std. dev.       Freq.
------------+------------------------------------
",
    );
    has_block(
        &log,
        "
      1=low | Summary of Test Score Change over 1
    quality |                year
     resume |        Mean   Std. dev.       Freq.
",
    );
}

#[test]
fn two_way_summaries() {
    let log = log_of(&format!(
        "{}label variable smoke \"smoked during pregnancy\"\nlabel variable bwt \"birthweight (grams)\"\nlabel define race 1 white 2 black 3 other\nlabel values race race\ntabulate race smoke, sum(bwt)",
        input("lbw.csv", 0)
    ));
    has_block(
        &log,
        "
     Means, Standard Deviations and Frequencies of birthweight (grams)

           |    smoked during
           |      pregnancy
      race |         0          1 |     Total
-----------+----------------------+----------
     white |   3428.75  2827.3846 | 3103.0104
           | 710.09892  626.68443 | 727.87244
           |        44         52 |        96
-----------+----------------------+----------
     black |    2854.5       2504 | 2719.6923
           | 621.25432  637.05677 | 638.68388
           |        16         10 |        26
-----------+----------------------+----------
     other | 2814.2364  2757.1667 | 2804.0149
           |  708.2607  810.04465 | 721.30115
           |        55         12 |        67
-----------+----------------------+----------
     Total | 3054.9565  2772.2973 | 2944.2857
           | 752.40901  659.80748 | 729.01602
           |       115         74 |       189
",
    );
}

#[test]
fn inspect_has_six_lines_and_counts() {
    let log = log_of(&format!("{}inspect foreign\ngenerate x = .\ninspect x", auto()));
    // columns as in logs since version 15, bars as in those of every version
    has_block(
        &log,
        "
foreign:  Car origin                            Number of observations
--------------------                   ---------------------------------------
                                             Total      Integers   Nonintegers
|  #                         Negative            -             -             -
|  #                         Zero               52            52             -
|  #                         Positive           22            22             -
|  #                                   -----------   -----------   -----------
|  #   #                     Total              74            74             -
|  #   #                     Missing             -
+----------------------                -----------
0                     1                         74
   (2 unique values)

      foreign is labeled and all values are documented in the label.
",
    );
    has_block(
        &log,
        "
|                            Total               -             -             -
|                            Missing            74
+----------------------                -----------
.             -9.0e+307                         74
   (0 unique value)
",
    );
}

#[test]
fn rows_wider_than_the_line_have_boxes() {
    let log = log_of(&format!(
        "{}generate make = \"AMC Concord\" in 1\nreplace make = \"AMC Pacer\" in 2\nformat make %-18s\norder make\nlist in 1, linesize(62)\nlist in 1/2, linesize(78)",
        auto()
    ));
    has_block(
        &log,
        "
     +------------------------------------------------------+
  1. | make        | price | mpg | rep78 | headroom | trunk |
     | AMC Concord | 4,099 |  22 |     3 |      2.5 |    11 |
     |------------------------------------------------------|
     | weight  | length  |  turn  |  displa~t  |  gear_r~o  |
     |  2,930  |    186  |    40  |       121  |      3.58  |
     |------------------------------------------------------|
     |                        foreign                       |
     |                       Domestic                       |
     +------------------------------------------------------+
",
    );
    has_block(
        &log,
        "
     +---------------------------------------------------------------+
  1. | make        | price | mpg | rep78 | headroom | trunk | weight |
     | AMC Concord | 4,099 |  22 |     3 |      2.5 |    11 |  2,930 |
     |---------------------+-------------+---------------------------|
     |  length   |  turn   |  displa~t   |  gear_r~o   |   foreign   |
     |     186   |    40   |       121   |      3.58   |  Domestic   |
     +---------------------------------------------------------------+

     +---------------------------------------------------------------+
  2. | make        | price | mpg | rep78 | headroom | trunk | weight |
     | AMC Pacer   | 4,749 |  17 |     3 |      3.0 |    11 |  3,350 |
     |---------------------+-------------+---------------------------|
     |  length   |  turn   |  displa~t   |  gear_r~o   |   foreign   |
     |     173   |    40   |       258   |      2.53   |  Domestic   |
     +---------------------------------------------------------------+
",
    );
}

#[test]
fn describe_of_variables_has_no_lines_on_the_data() {
    let log = log_of(&format!(
        "{}notes mpg: a note\ndescribe mpg foreign\nlabel variable price \"log count of low-carbon patents in narrowed definition per RD expenditure\"\ndescribe",
        auto()
    ));
    has_block(
        &log,
        "
Variable      Storage   Display    Value
    name         type    format    label      Variable label
-------------------------------------------------------------------------------
mpg             int     %8.0g               * Mileage (mpg)
foreign         byte    %8.0g      origin     Car origin
                                            * indicated variables have notes
",
    );
    assert_eq!(log.matches("Contains data").count(), 1, "{log}");
    has_block(
        &log,
        "
price           int     %8.0gc                log count of low-carbon patents
                                                in narrowed definition per RD
                                                expenditure
",
    );
}

#[test]
fn kwallis_table_is_as_wide_as_its_contents() {
    let log = log_of(
        "input rank hrtuserec\n1 1\n1 1\n8 1\n9 1\n11 2\n13 2\n14 2\n15 2\n3 3\n4 3\n5 3\n5 3\n7 3\n10 3\n11 3\nend\nlabel define use 1 \"Low Use\" 2 \"Medium Use\" 3 \"High Use\"\nlabel values hrtuserec use\nkwallis rank, by(hrtuserec)",
    );
    has_block(
        &log,
        "
  +-----------------------------+
  |  hrtuserec | Obs | Rank sum |
  |------------+-----+----------|
  |    Low Use |   4 |    20.00 |
  | Medium Use |   4 |    53.50 |
  |   High Use |   7 |    46.50 |
  +-----------------------------+
",
    );
    has_block(&log, "  chi2(2) =  8.223\n     Prob = 0.0164");
    has_block(&log, "  chi2(2) with ties =  8.267\n               Prob = 0.0160");
}

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
    let data = input("printed_hsb2.csv", 0);
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
