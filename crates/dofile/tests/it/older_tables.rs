//! The layout of `table` before Stata 17 and of `tabdisp`, against published logs of Stata 11 to 16; numbers of statistics by scipy.

use crate::support::{has_block, log_of};

/// A published table of means, maxima and minima: the cells are ten characters wide and two apart.
#[test]
fn statistics_are_columns() {
    let log = log_of(
        "input pzas pp
14 39
20 55.5
20 52
20 52.5
20 52.63168
end
version 16: table pzas, c(mean pp max pp min pp)",
    );
    has_block(
        &log,
        "
----------------------------------------------
     pzas |   mean(pp)     max(pp)     min(pp)
----------+-----------------------------------
       14 |         39          39          39
       20 |   53.15792        55.5          52
----------------------------------------------
",
    );
}

/// A published table without options, one with a long name, one with a label and one with texts in the rows.
#[test]
fn frequencies_and_titles_of_the_stub() {
    let log = log_of(
        "input count_of_jobstatus str16 kind w
0 \"Existing Patient\" 57100
1 \"New Patient\" 35743
2 \"New Patient\" 1
end
label variable kind \"differentiates existing from new pts\"
version 16
table count_of_jobstatus [fw=w]
table kind
rename count_of_jobstatus marital
label variable marital \"Marital Status\"
table marital",
    );
    has_block(
        &log,
        "
----------------------
count_of_ |
jobstatus |      Freq.
----------+-----------
        0 |     57,100
        1 |     35,743
        2 |          1
----------------------
",
    );
    has_block(
        &log,
        "
-----------------------------
differentiates   |
existing from    |
new pts          |      Freq.
-----------------+-----------
Existing Patient |          1
     New Patient |          2
-----------------------------
",
    );
    has_block(&log, "Marital   |\nStatus    |      Freq.");
}

/// A published table of five statistics: names are shortened to stay within the line, a word that is too long is broken.
#[test]
fn five_statistics_have_shorter_names() {
    let log = log_of(
        "input byte g double(spmb escolari experiencia)
1 400000 7 28
1 540255.34 7.98 29.28
2 392741.22 7.49 29.31
end
label variable g \"group(nacional a4)\"
label define g 1 \"H_ext\" 2 \"M_ext\"
label values g g
table g, contents(mean spmb sd spmb mean escolari mean experiencia freq) format(%12.2fc)",
    );
    has_block(
        &log,
        "
--------------------------------------------------------------------------------
group(nac |
ional a4) |   mean(spmb)      sd(spmb)  mean(esco~i)  mean(expe~a)         Freq.
----------+---------------------------------------------------------------------
    H_ext |   470,127.67     99,175.50          7.49         28.64          2.00
    M_ext |   392,741.22                        7.49         29.31          1.00
--------------------------------------------------------------------------------
",
    );
}

/// A published table with a total, whose names have eight letters at most and whose numbers of values keep their format.
#[test]
fn totals_stand_behind_a_blank_line() {
    let log = log_of(
        "input float youth double(rli teleworkable earn)
1 .26 .25 93.28
2 .26 .24 93.33
end
label define youth 1 \"Youth\" 2 \"Non-youth\"
label values youth youth
label variable youth \"Youth\"
version 15: table youth, c(mean rli mean teleworkable mean earn) format(%9.2f) row",
    );
    has_block(
        &log,
        "
----------------------------------------------------------
    Youth |      mean(rli)  mean(telewo~e)      mean(earn)
----------+-----------------------------------------------
    Youth |           0.26            0.25           93.28
Non-youth |           0.26            0.24           93.33
          |
    Total |           0.26            0.24           93.31
----------------------------------------------------------
",
    );
}

/// Published tables of two variables: columns are as wide as what is in them, the title of the columns stands in the middle.
#[test]
fn two_variables_have_narrow_columns() {
    let log = log_of(
        "input within_owner_manager_spell foreign max_expat
0 0 .0000659
0 1 .006778
1 0 .0002834
1 1 .4350979
4 1 1.142857
end
label variable foreign \"(firstnm) foreign\"
version 13: table within_owner_manager_spell foreign, c(mean max_expat )",
    );
    has_block(
        &log,
        "
------------------------------
within_ow |
ner_manag | (firstnm) foreign
er_spell  |        0         1
----------+-------------------
        0 | .0000659   .006778
        1 | .0002834  .4350979
        4 |           1.142857
------------------------------
",
    );
    let log = log_of(
        "input str7 unit str13 sector float Amount double fyAmount
\"Armenia\" \"Civil Society\" 6708454 6708454.1
end
label variable unit \"Operating Unit\"
label variable sector \"Sector\"
version 13
table unit sector, c(sum Amount mean fyAmount) row col",
    );
    has_block(
        &log,
        "
----------------------------------------
Operating |            Sector
Unit      | Civil Society          Total
----------+-----------------------------
  Armenia |       6708454        6708454
          |     6708454.1      6708454.1
          |
    Total |       6708454        6708454
          |     6708454.1      6708454.1
----------------------------------------
",
    );
}

/// The cells of the published tables of four variables.
const WAGES: &str = "clear
input union coll_grad married w1 w2 w3
0 0 0 7.10 5.34 7.25
0 0 1 6.62 5.32 6.74
0 1 0 10.74 10.10 15.15
0 1 1 9.85 8.81 15.16
1 0 0 8.23 7.95 5.29
1 0 1 7.56 7.90 8.49
1 1 0 11.70 10.78 .
1 1 1 9.89 10.68 7.92
end
generate id = _n
quietly reshape long w, i(id) j(race)
drop if missing(w)
label variable coll_grad \"college graduate\"
label variable union \"union worker\"
label define r 1 \"white\" 2 \"black\" 3 \"other\"
label define c 0 \"not college grad\" 1 \"college grad\"
label define m 0 \"single\" 1 \"married\"
label define u 0 \"nonunion\" 1 \"union\"
label values race r
label values coll_grad c
label values married m
label values union u
format coll_grad %16.0g
";

/// A published table of three variables and superrows.
#[test]
fn supercolumns_and_superrows() {
    let wanted = "
------------------------------------------------
union     |     college graduate and married
worker    | - not college  -    - college grad -
and race  |  single  married     single  married
----------+-------------------------------------
nonunion  |
    white |    7.10     6.62      10.74     9.85
    black |    5.34     5.32      10.10     8.81
    other |    7.25     6.74      15.15    15.16
----------+-------------------------------------
union     |
    white |    8.23     7.56      11.70     9.89
    black |    7.95     7.90      10.78    10.68
    other |    5.29     8.49                7.92
------------------------------------------------
";
    for table in [
        "version 14: table race married coll, by(union) c(mean w) format(%9.2f)",
        "table race married coll, by(union) c(mean w) format(%9.2f)",
        "tabdisp race married coll, by(union) cellvar(w) format(%9.2f)",
    ] {
        has_block(&log_of(&format!("{WAGES}{table}")), wanted);
    }
    let log = log_of(&format!("{WAGES}keep if union == 0\ntabdisp race married coll, cell(w) format(%9.2f)"));
    has_block(&log, "     race |  single  married     single  married");
}

/// A published table with numbers in the middle: names of columns too, and numbers keep the width of their format.
#[test]
fn centred_cells() {
    let log = log_of(
        "clear
input str8 type rep price
\"Domestic\" 1 4195
\"Domestic\" 1 4934
\"Domestic\" 3 15906
\"Foreign\" 3 4828.67
end
label variable rep \"Repair Record 1978\"
label variable type \"Car type\"
version 13: table type rep, c(mean price sd price max price n price) format(%9.2f) center col",
    );
    has_block(
        &log,
        "
----------+-----------------------------
 Domestic |  4564.50  15906.00   8345.00
",
    )
}

/// Totals that stand in the data as missing values, missing numbers, given widths, and rows without numbers.
#[test]
fn options_of_the_layout() {
    let data = "clear\ninput a b c\n1 1 10\n1 . 30\n2 2 .\n. . 60\nend\n";
    let show = |options: &str| log_of(&format!("{data}tabdisp a b, cell(c) {options}"));
    has_block(
        &show("totals"),
        "
-------------------------------
          |          b
        a |     1      2  Total
----------+--------------------
        1 |    10            30
        2 |
          |
    Total |                  60
-------------------------------
",
    );
    has_block(
        &show("missing cellwidth(6) csepwidth(1) stubwidth(5)"),
        "
----------------------------
      |          b
    a |      1      2      .
------+---------------------
    1 |     10            30
    2 |             .
    . |                   60
----------------------------
",
    );
    assert!(!show("concise").contains("        2 |"));
    let session = crate::support::run(
        "input g h x w\n1 1 2 1\n1 2 4 3\n2 1 6 1\nend\nversion 16\n\
         table g h [fw = w], c(mean x freq n x) row col replace name(s)\nsort g h\nassert _N == 8",
    )
    .0;
    crate::support::holds(
        &session,
        &[
            "s1[1] == 2 & s2[1] == 1",
            "s1[3] == 3.5 & s3[3] == 4",
            "s1[8] == 4.4 - .4 & s2[8] == 5 & missing(g[8])",
        ],
    );
}
