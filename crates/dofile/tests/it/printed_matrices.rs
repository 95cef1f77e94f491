//! Tables of matrices: `matlist`, constraints of programs, canonical discriminant functions and correspondence analysis.

use crate::support::{has_block, log_of};
use dofile::Session;

/// Row names take twelve characters, columns the width of the format and a blank on both sides: the rules of the tables
/// that published logs of `candisc` have (`-------------+----------------------` for two columns).
#[test]
fn matlist_is_a_table_with_a_rule() {
    let log = log_of(
        "matrix A = (1, -.0038515 \\ 20.5, 4)\nmatrix rownames A = b se\nmatrix colnames A = weight length\n\
         matlist A\nmatlist 2*A, format(%6.2f) border(rows) rowtitle(stat) left(2)\n\
         matlist A, twidth(6) lines(none) noblank",
    );
    has_block(
        &log,
        "
             |    weight     length
-------------+----------------------
           b |         1  -.0038515
          se |      20.5          4",
    );
    has_block(
        &log,
        "
  ------------------------------
          stat | weight  length
  -------------+----------------
             b |   2.00   -0.01
            se |  41.00    8.00
  ------------------------------",
    );
    has_block(
        &log,
        "            weight     length
     b           1  -.0038515
    se        20.5          4",
    );
}

#[test]
fn matlist_shows_half_of_a_symmetric_matrix_and_wraps_wide_ones() {
    let log = log_of(
        "matrix S = (1, 2 \\ 2, 3)\nmatrix rownames S = x y\nmatrix colnames S = x y\nmatlist S\nmatlist S, nohalf\n\
         matrix W = J(1, 7, .5)\nmatlist W",
    );
    has_block(&log, "           x |         1\n           y |         2          3");
    has_block(&log, "           x |         1          2\n           y |         2          3");
    has_block(
        &log,
        "          r1 |        .5         .5         .5         .5         .5         .5

             |        c7
-------------+-----------
          r1 |        .5",
    );
}

#[test]
fn what_matlist_and_makecns_do_not_do_is_refused_by_name() {
    let cases = [
        ("matrix A = 1\nmatlist A, cspec(& %9.0g &)", 199, "CSPec"),
        ("matrix A = 1\nmatlist A, lines(cells)", 199, "lines(cells)"),
        ("matrix A = 1\nmatlist A, border(middle)", 198, "middle"),
        ("makecns 1", 301, ""),
        ("matcproc T a C", 111, "Cns"),
    ];
    for (text, code, word) in cases {
        let (log, rc) = Session::default().run_captured(text);
        assert!(rc == code && log.to_lowercase().contains(&word.to_lowercase()), "{text}: r({rc})\n{log}");
    }
}

const PROGRAM: &str = "set obs 40
generate x = mod(_n*7, 11)
generate z = mod(_n*5, 9)
generate y = 2*x + z + mod(_n*3, 7)
constraint 1 x = 2*z
constraint 2 _cons = 1
constraint 3 2*x = 4*z
constraint 4 nosuch = 0
program myest, eclass
    quietly regress y x z
    tempname b V T a C bc XX Xy
    matrix `b' = e(b)
    matrix `V' = e(V)
    ereturn post `b' `V'
    makecns 1 2 3 4, displaycns
    matcproc `T' `a' `C'
    quietly matrix accum `XX' = x z
    quietly matrix vecaccum `Xy' = y x z
    matrix `bc' = (`Xy' - `a'*`XX')*`T'*invsym(`T''*`XX'*`T')*`T'' + `a'
    matrix colnames `bc' = x z _cons
    matrix `XX' = `T'*invsym(`T''*`XX'*`T')*`T''
    matrix colnames `XX' = x z _cons
    matrix rownames `XX' = x z _cons
    ereturn post `bc' `XX' `C'
    ereturn local cmd myest
end
";

/// A program that estimates under constraints as [P] makecns outlines it finds what `cnsreg` finds.
#[test]
fn a_program_estimates_under_constraints() {
    let log = log_of(&format!(
        "{PROGRAM}myest\nmatrix dispCns\nmatrix dispCns, r\nscalar k = r(k)\ndisplay \"`r(cns2)'\"\nmatrix m = e(b)\n\
         matrix G = get(Cns)\ncnsreg y x z, constraints(1 2)\nmatrix d = m - e(b)\nmatrix d = d*d'\nassert d[1,1] < 1e-18\nassert k == 2\n\
         assert G[1,2] == -2 & G[2,4] == 1 & rowsof(G) == 2"
    ));
    has_block(
        &log,
        "(note: constraint number 3 caused error r(412))
(note: constraint number 4 caused error r(111))
 ( 1)  x - 2*z = 0
 ( 2)  _cons = 1",
    );
    has_block(&log, "_cons = 1");
}

#[test]
fn contradictory_constraints_are_an_error() {
    let text = format!("{PROGRAM}constraint 5 x = 2*z + 1\nquietly regress y x z\nmakecns 1 5");
    let (log, rc) = Session::default().run_captured(&text);
    assert_eq!(rc, 412, "{log}");
}

/// The tables of a published log (Ender, Multivariate Analysis, disc4), whose data are not published: headings, rules and
/// the widths of columns.
#[test]
fn candisc_prints_its_tables() {
    let log = log_of(
        "input y1 y2 y3 grp
19.6 5.15 9.5 1
15.4 5.75 9.1 1
22.3 4.35 3.3 1
14.1 7.1 5 1
17.5 3.9 4.4 2
12.8 4.9 2.5 2
19.7 8.1 6.1 2
14.6 5.5 3.8 2
19.8 2.85 2.3 3
16.5 6.55 3.3 3
17.4 6.60 1.9 3
13.2 4.1 6.6 3
end
candisc y1 y2 y3, group(grp)",
    );
    has_block(
        &log,
        "Canonical linear discriminant analysis

      |                                 |  Like-
      | Canon.   Eigen-     Variance    | lihood
  Fcn |  Corr.    value   Prop.  Cumul. |  Ratio     F      df1    df2 Prob>F
  ----+---------------------------------+------------------------------------",
    );
    has_block(
        &log,
        "                 | function1  function2
    -------------+----------------------",
    );
    has_block(
        &log,
        "             grp | function1  function2
    -------------+----------------------",
    );
    has_block(
        &log,
        "Resubstitution classification summary

  +---------+
  | Key     |
  |---------|
  | Number  |
  | Percent |
  +---------+

             | Classified
True grp     |      1       2       3 |  Total
-------------+------------------------+-------",
    );
    has_block(&log, "Priors       | 0.3333  0.3333  0.3333 |");
}

#[test]
fn what_discriminant_analysis_does_not_do_is_refused() {
    let data =
        "input x y g\n1 2 1\n2 1 1\n4 3 1\n3 5 1\n7 4 2\n6 7 2\n9 6 2\n8 9 2\nend\ngenerate z = x + y\n";
    let cases = [
        ("discrim knn x y, group(g)", 198, "k()"),
        ("discrim knn x y, group(g) k(9)", 198, "k()"),
        ("discrim knn x y, group(g) k(3)\nestat loadings", 321, "knn"),
        ("discrim knn x y, group(g) k(3)\npredict d, mahalanobis", 198, "mahalanobis"),
        ("discrim logistic x y, group(g) lootable", 198, "lootable"),
        ("discrim lda x y, group(g) k(2)", 198, "k"),
        ("discrim lda x y", 198, "group()"),
        ("discrim lda x y z, group(g)", 506, "collinear"),
        ("discrim qda x y z, group(g)", 506, "singular"),
        ("discrim lda x y, group(g) priors(.2, .2)", 198, "sum to one"),
        ("discrim lda x y, group(g) ties(random)", 199, "ties(random)"),
        ("discrim lda x y, group(g) nocoef", 198, "nocoef"),
        ("discrim lda x y [aweight=x], group(g)", 101, ""),
        ("discrim qda x y, group(g)\nestat loadings", 321, "qda"),
        ("discrim lda x y, group(g)\nestat anova", 321, "anova"),
        ("discrim lda x y, group(g)\npredict a b c, pr", 103, ""),
        ("discrim lda x y, group(g)\npredict a, pr group(7)", 198, "group(7)"),
        ("generate one = 1\ndiscrim lda x y, group(one)", 148, ""),
    ];
    for (text, code, word) in cases {
        let (log, rc) = Session::default().run_captured(&format!("{data}{text}"));
        assert!(rc == code && log.contains(word), "{text}: r({rc})\n{log}");
    }
}

/// Two hundred thousand rows that all match each other are refused before their pairs are collected.
#[test]
fn the_pairs_of_rangejoin_are_judged_before_they_are_collected() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut s = Session::default();
    s.cwd = folder.path().to_path_buf();
    s.bound_memory(64 << 20);
    let (log, rc) = s.run_captured(
        "set obs 200000\ngenerate t = _n\nsave other\nrename t u\ncapture rangejoin t . . using other\n\
         scalar rc = _rc\nscalar n = _N",
    );
    assert_eq!(rc, 0, "{log}");
    assert_eq!(s.eval_num("rc").expect("a scalar"), 909.0);
    assert_eq!(s.eval_num("n").expect("a scalar"), 200_000.0);
}
