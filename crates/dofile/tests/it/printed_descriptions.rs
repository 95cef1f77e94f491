//! Descriptions of data as Stata prints them: the lines are those of published logs.

use crate::support::{has_block, input, log_of};

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
        input("float", "printed_auto.csv", 1)
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
        input("float", "lbw.csv", 0)
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
