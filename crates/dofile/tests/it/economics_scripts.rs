//! Lines of do-files of courses and replication packages in economics: systems under constraints, conditions behind the
//! options, results that `synth` keeps, statistics as options of tables in documents.

use crate::support::{has_block, holds, run, try_run_in_a_folder};

const SYSTEM: &str = "set obs 40\ngenerate x = mod(_n*7, 11)\ngenerate z = mod(_n*5, 13)\ngenerate w = mod(_n*3, 17)\n\
     generate e = mod(_n*13, 19) - 9\ngenerate double y1 = 2 + x - .5*z + e\n\
     generate double y2 = 1 + .8*x + .3*w + mod(_n*29, 23) - 11 + .5*e\n\
     constraint 1 [y1]x = [y2]x\nconstraint 2 [y1]z + [y2]w = 0\n";

fn near(expression: &str, value: f64) -> String {
    format!("reldif({expression}, {value}) < 1e-9")
}

/// Two steps and iterated; `SUR` of linearmodels with `add_constraints`, and generalised least squares in numpy.
#[test]
fn systems_of_equations_take_constraints() {
    let (session, log) =
        run(&format!("{SYSTEM}sureg (y1 x z) (y2 x w), constraints(1 2)\nmatrix S = e(Sigma)"));
    holds(
        &session,
        &[
            &near("[y1]_b[x]", 0.637_657_333_287_873_4),
            &near("[y1]_b[z]", -0.434_908_836_385_597_4),
            &near("[y2]_b[_cons]", 0.667_598_050_969_754_1),
            &near("[y2]_se[x]", 0.214_408_951_711_335_67),
            &near("[y1]_se[_cons]", 1.551_715_648_552_950_6),
            &near("S[2,1]", 1.691_173_409_854_785_3),
            &near("e(chi2_1)", 14.293_925_199_921_706),
            &near("e(rss_1)", 1_173.035_616_822_769),
            "e(rank) == 4 & e(k) == 6 & rowsof(e(Cns)) == 2",
            "reldif([y1]_b[x], [y2]_b[x]) < 1e-12",
        ],
    );
    assert!(log.contains(" ( 1)  [y1]x - [y2]x = 0\n ( 2)  [y1]z + [y2]w = 0\n"), "{log}");
    let (session, _) = run(&format!("{SYSTEM}sureg (y1 x z) (y2 x w), isure constraints(1 2)"));
    holds(
        &session,
        &[&near("[y1]_b[x]", 0.639_941_263_232_092_7), &near("[y2]_se[_cons]", 2.030_049_010_110_506)],
    );
}

/// A constraint to a number leaves no variance, and the test of the equation has one restriction less.
#[test]
fn constraints_to_numbers_leave_no_variance() {
    let (session, _) = run(&format!(
        "{SYSTEM}constraint 3 [y1]x = 1\nconstraint 4 [y2]x + [y2]w = 1\nreg3 (y1 x z) (y2 x w), sure constraints(3 4)\n\
         scalar fixed = [y1]_b[x] == 1 & [y1]_se[x] < 1e-9\nscalar df = e(df_m1)"
    ));
    holds(
        &session,
        &[
            "fixed",
            "df == 1 & e(df_m2) == 1",
            &near("[y1]_b[z]", -0.697_000_374_002_131_9),
            &near("[y2]_b[x]", 0.636_092_668_909_837_2),
            &near("[y2]_se[w]", 0.146_189_334_520_341_8),
        ],
    );
    let wrong = format!(
        "{SYSTEM}constraint 5 [y1]x = 1\nconstraint 6 [y1]x = 2\n\
                         sureg (y1 x z) (y2 x w), constraints(5 6)"
    );
    assert_eq!(try_run_in_a_folder(&wrong).1, 412);
}

/// A second comma ends the options.
#[test]
fn conditions_may_follow_the_options() {
    let (session, _) =
        run("set obs 30\ngenerate x = mod(_n*7, 11)\ngenerate y = x + mod(_n*5, 13)\ngenerate g = _n > 12\n\
         regress y x if g, vce(robust)\nscalar b = _b[x]\nscalar s = _se[x]\n\
         regress y x, vce(robust), if g\nscalar same = _b[x] == b & _se[x] == s & e(N) == 18\n\
         summarize x, meanonly, in 1/3\nscalar three = r(N) == 3");
    holds(&session, &["same", "three"]);
}

/// Documented contents of the file: weights of the units and outcomes of the periods, each from the first row on.
#[test]
fn synth_keeps_weights_and_outcomes() {
    let text = "input u t y\n1 1 2\n1 2 3\n1 3 9\n2 1 1\n2 2 4\n2 3 5\n3 1 3\n3 2 2\n3 3 4\n4 1 9\n4 2 9\n4 3 9\n5 1 8\n5 2 9\n5 3 7\nend\n\
         xtset u t\nsynth y y(1) y(2), trunit(1) trperiod(3) keep(kept.dta) figure\ngraph save fig, replace\n\
         capture synth y y(1) y(2), trunit(1) trperiod(3) keep(kept)\nscalar there = _rc\n\
         synth y y(1) y(2), trunit(1) trperiod(3) keep(kept) replace\nuse kept, clear\n\
         assert there == 602 & _N == 4 & c(k) == 5\nassert _Co_Number[1] == 2 & abs(_W_Weight[1] - .5) < 1e-6\n\
         assert _Y_treated[3] == 9 & abs(_Y_synthetic[3] - 4.5) < 1e-5 & _time[3] == 3\nassert missing(_time[4])";
    let (log, rc) = try_run_in_a_folder(text);
    assert_eq!(rc, 0, "{log}");
}

#[test]
fn tables_in_documents_take_statistics_as_options() {
    let text = "set obs 6\ngenerate x = _n\ngenerate y = cond(mod(_n, 2), _n + 1, _n - 1)\n\
         sum2docx x using s.csv, replace obs mean(%9.2f) sd max(%9.0g)\nscalar s = fileread(\"s.csv\")\n\
         assert strpos(s, \"Obs,Mean,SD,Max\") > 0 & strpos(s, \"x,6,3.50,1.871,6\") > 0\n\
         regress y x\nestimates store m\nreg2docx m using r.csv, replace r2(%9.4f) ar2(%9.2f) nostar\nscalar r = fileread(\"r.csv\")\n\
         assert strpos(r, strtrim(string(e(r2), \"%9.4f\"))) > 0 & strpos(r, strtrim(string(e(r2_a), \"%9.2f\"))) > 0\n\
         estout m using m.txt, margin noabbrev replace\ncapture esttab m, noabbrev\nassert _rc == 199\nassert fileexists(\"m.txt\")\n\
         export excel using a, firstrow(variable) sheet(one) sheetmodify\nexport excel using a.xlsx, firstrow(varlab) replace\n\
         import excel using a.xlsx, firstrow clear\nassert x[6] == 6";
    let (log, rc) = try_run_in_a_folder(text);
    assert_eq!(rc, 0, "{log}");
}

#[test]
fn short_words_of_courses_run() {
    let (session, log) = run(
        "set mat 500\nset obs 60\ngenerate x = mod(_n*7, 11)\ngenerate z = mod(_n*5, 13)\n\
         generate k = mod(_n*5 + x, 3)\nmlogit k x, rr\n\
         generate y = 2*x + z + mod(_n*3, 17)\nelasticnet linear y x z, alpha(.5) stop(0) rseed(1)\ncvplot, name(cv)\n\
         capture cvplot, se\nscalar refused = _rc == 199\nlasso linear y x z, selection(bic)\ncapture cvplot\nscalar no_cv = _rc",
    );
    holds(&session, &["refused", "no_cv == 321"]);
    assert!(log.contains("RRR"), "{log}");
}

/// `[P] matlist`: `names(rows)` leaves out the names of the columns.
#[test]
fn matrices_are_listed_without_names_of_columns() {
    let (_, log) = run(
        "matrix A = (1,2\\3,4)\nmatrix rownames A = a b\nmatlist A, names(rows)\ncapture matlist A, names(none)\nassert _rc == 199",
    );
    has_block(&log, "           a |         1          2 \n           b |         3          4 ");
    assert!(!log.contains("c1"), "{log}");
}

/// Means of 0 and deviations of 1, by hand: 1, 2, 3, 4 and 10, 20, 30.
#[test]
fn variables_are_centred() {
    let (session, _) = run(
        "set obs 4\ngenerate x = _n\ngenerate z = 10*_n in 1/3\ncenter x z if _n > 1, prefix(w_) standardize double\n\
         scalar first = missing(w_x[1]) & reldif(w_x[2], -1) < 1e-12 & w_x[3] == 0 & reldif(w_z[3], sqrt(.5)) < 1e-12\n\
         capture center x, prefix(w_)\nscalar there = _rc\ncenter x, inplace\nscalar inplace = x[4] == 1.5\n\
         capture center x, generate(a b)\nscalar count = _rc",
    );
    holds(&session, &["first", "there == 110", "inplace", "count == 198"]);
}

/// Do-files that read the file of `mat2txt` drop a variable behind those of the matrix.
#[test]
fn lines_of_matrices_in_files_end_with_a_tab() {
    let text = "matrix A = (1,2,3\\4,5,6)\nmatrix rownames A = 1 2\nmatrix colnames A = pre post ratio\n\
         mat2txt, matrix(A) saving(a.txt) replace\ninsheet using a.txt, clear\nrename v1 state\ndrop v5\ngsort -ratio\n\
         assert state[1] == 2 & ratio[1] == 6 & c(k) == 4\nmatmap A B, map(cond(@ > 3, -@, @^2))\nassert B[1,3] == 9 & B[2,1] == -4\n\
         capture matmap A B, map(sqrt)\nassert _rc == 198";
    let (log, rc) = try_run_in_a_folder(text);
    assert_eq!(rc, 0, "{log}");
}
