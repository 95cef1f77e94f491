//! `import` and `export`: files of other programs in, the same values out. Expected values are
//! those written by hand into the files here; workbooks are read by another crate than they are
//! written with.

use dofile::Session;
use dofile::frame::StorageType;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn session_in(folder: &std::path::Path) -> Session {
    let mut session = Session::default();
    session.cwd = folder.to_owned();
    session
}

fn run(session: &mut Session, text: &str) -> String {
    let (log, rc) = session.run_captured(text);
    assert_eq!(rc, 0, "{text}: {log}");
    log
}

/// The expression must be true.
fn holds(session: &Session, expression: &str) {
    assert_eq!(session.eval_num(expression), Ok(1.0), "{expression}");
}

fn types(session: &Session) -> Vec<(String, String)> {
    let of = |v: &dofile::frame::Variable| (v.name.clone(), v.data.storage_type().name());
    session.frame.vars().iter().map(of).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect()
}

/// [D] import delimited: the default storage type is that of `set type`; asfloat and asdouble name it.
#[test]
fn fractions_of_a_csv_have_the_type_of_set_type() {
    let dir = folder();
    std::fs::write(dir.path().join("d.csv"), "a,b\n1,.1\n").expect("written");
    for (ahead, options, expected) in [
        ("", "", "float"),
        ("set type double\n", "", "double"),
        ("set type double\n", " asfloat", "float"),
        ("set type byte\n", "", "float"),
        ("", " asdouble", "double"),
    ] {
        let mut s = session_in(dir.path());
        run(&mut s, &format!("{ahead}import delimited d.csv, clear{options}"));
        assert_eq!(types(&s), pairs(&[("a", "byte"), ("b", expected)]), "{ahead}{options}");
    }
}

#[test]
fn types_names_and_missing_values_of_a_csv() {
    let dir = folder();
    let text = "ID,Hourly Wage,region,工资,big,frac,empty\n1,200,\"a, \"\"b\"\"\",3,3000000000,.5,\n2,.a,,-4,7,1.25,\n";
    std::fs::write(dir.path().join("d.csv"), text).expect("written");
    let mut s = session_in(dir.path());
    let log = run(&mut s, "import delimited d.csv, clear");
    assert!(log.contains("(7 vars, 2 obs)"), "{log}");
    let expected = [
        ("id", "byte"),
        ("hourlywage", "int"),
        ("region", "str6"),
        ("工资", "byte"),
        ("big", "double"),
        ("frac", "float"),
        ("empty", "byte"),
    ];
    assert_eq!(types(&s), pairs(&expected));
    assert_eq!(s.frame.var(1).label, "Hourly Wage");
    assert_eq!(s.frame.str_at(2, 0), "a, \"b\"");
    assert_eq!(s.frame.num_at(5, 1), 1.25);
    holds(&s, "hourlywage[2] == .a & missing(empty[1]) & big[1] == 3000000000");
}

#[test]
fn encodings_delimiters_and_ranges_of_text_files() {
    let dir = folder();
    std::fs::write(dir.path().join("latin.txt"), b"caf\xe9\tx\n\xe9t\xe9\t1\nb\t2\n").expect("written");
    std::fs::write(
        dir.path().join("gb.csv"),
        [b"name,x\n".as_slice(), &[0xb9, 0xa4, 0xd7, 0xca], b",1\n"].concat(),
    )
    .expect("written");
    std::fs::write(dir.path().join("bom.csv"), b"\xef\xbb\xbfx;y\n1;2\n").expect("written");
    std::fs::write(dir.path().join("plain.csv"), "1,2\n3,4\n5,6\n").expect("written");
    let mut s = session_in(dir.path());
    run(&mut s, "import delimited using latin.txt, clear");
    assert_eq!(s.frame.vars()[0].name, "café");
    assert_eq!(s.frame.str_at(0, 0), "été");
    run(&mut s, "import delimited using gb.csv, clear encoding(gb18030)");
    assert_eq!(s.frame.str_at(0, 0), "工资");
    run(&mut s, "import delimited using bom.csv, clear delimiters(\";\")");
    holds(&s, "x[1] == 1 & y[1] == 2");
    run(
        &mut s,
        "import delimited a b using plain.csv, clear rowrange(2) asdouble\nassert _N == 2 & a[1] == 3",
    );
    assert_eq!(s.frame.vars()[1].name, "b");
    run(&mut s, "import delimited using plain.csv, clear stringcols(2)");
    holds(&s, "v2[1] == \"2\"");
    run(&mut s, "import delimited using plain.csv, clear varnames(1)");
    assert_eq!(s.frame.vars()[0].name, "v1");
}

#[test]
fn exported_text_reads_back_to_the_same_values() {
    let dir = folder();
    let mut s = session_in(dir.path());
    let text = r#"
set obs 4
generate byte b = _n
generate float f = 0.1 * _n
generate double d = 1 / _n
replace d = . in 3
replace d = .b in 4
generate str12 s = "a,b"
replace s = `"say "hi""' in 2
replace s = "" in 3
replace s = "工资" in 4
export delimited using out.csv, replace
"#;
    assert!(run(&mut s, text).contains("file out.csv saved"));
    let written = std::fs::read_to_string(dir.path().join("out.csv")).expect("written");
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines[0], "b,f,d,s");
    assert_eq!(lines[1], "1,0.1,1,\"a,b\"");
    assert_eq!(lines[3], "3,0.3,,");
    assert_eq!(lines[4], "4,0.4,.b,工资");
    let before = s.frame.clone();
    run(&mut s, "import delimited using out.csv, clear asdouble");
    for (v, variable) in before.vars().iter().enumerate() {
        for row in 0..4 {
            if variable.is_string() {
                assert_eq!(s.frame.str_at(v, row), before.str_at(v, row));
            } else {
                let same = s.frame.num_at(v, row) as f32 == before.num_at(v, row) as f32;
                assert!(same, "{} row {row}", variable.name);
            }
        }
    }
    let (_, rc) = s.run_captured("export delimited using out.csv");
    assert_eq!(rc, 602);
    run(&mut s, "export delimited b s using tab.txt if b <= 2, delimiter(tab) novarnames quote");
    let written = std::fs::read_to_string(dir.path().join("tab.txt")).expect("written");
    assert_eq!(written, "1\t\"a,b\"\n2\t\"say \"\"hi\"\"\"\n");
}

#[test]
fn workbooks_are_written_and_read() {
    let dir = folder();
    let mut s = session_in(dir.path());
    let text = r#"
set obs 3
generate double x = _n / 4
replace x = . in 2
generate str8 s = "工资 " + string(_n)
generate day = mdy(3, 3 + _n, 2026)
"#;
    run(&mut s, text);
    let day = s.frame.find("day").expect("day exists");
    s.frame.var_mut(day).format = "%td".into();
    run(&mut s, "export excel using book.xlsx, firstrow(variables) sheet(\"data\") replace");
    let log = run(&mut s, "import excel using book.xlsx, firstrow clear sheet(data)");
    assert!(log.contains("(3 vars, 3 obs)"), "{log}");
    assert_eq!(types(&s)[0], ("x".into(), "double".into()));
    assert_eq!(s.frame.var(2).format, "%td");
    holds(&s, "x[1] == .25 & missing(x[2]) & s[3] == \"工资 3\" & day[1] == mdy(3, 4, 2026)");
    run(&mut s, "import excel using book.xlsx, cellrange(A2:B3) clear");
    let expected = [("A", StorageType::Double.name()), ("B", s.frame.var(1).data.storage_type().name())];
    assert_eq!(types(&s), expected.map(|(n, t)| (n.to_string(), t)).to_vec());
    holds(&s, "_N == 2 & A[1] == .25");
}

#[test]
fn sheets_of_a_workbook_are_added_replaced_and_changed() {
    let dir = folder();
    let mut s = session_in(dir.path());
    run(&mut s, "set obs 3\ngenerate x = _n\ngenerate y = 10*_n");
    run(&mut s, "export excel using b.xlsx, sheet(\"one\") firstrow(variables) replace");
    run(
        &mut s,
        "export excel x using b.xlsx, sheet(\"two\", replace)\nexport excel x using b.xlsx, sheet(\"two\") sheetreplace cell(B2)",
    );
    run(
        &mut s,
        "export excel y in 1 using b.xlsx, sheet(\"one\", modify) cell(A2)\nexport excel using b.xlsx, sheet(3) sheetmodify",
    );
    run(&mut s, "import excel using b.xlsx, sheet(one) firstrow clear");
    holds(&s, "_N == 3 & x[1] == 10 & y[1] == 10 & x[2] == 2 & y[3] == 30");
    run(&mut s, "import excel using b.xlsx, sheet(two) clear allstring");
    holds(&s, "_N == 3 & B[1] == \"1\" & B[3] == \"3\"");
    run(&mut s, "import excel using b.xlsx, sheet(3) clear\ndescribe, short");
    holds(&s, "_N == 3 & A[3] == 3");
    // a workbook that this run did not write stays as it is
    let (log, rc) = session_in(dir.path())
        .run_captured("set obs 1\ngenerate x = 1\nexport excel using b.xlsx, sheetreplace");
    assert_eq!(rc, 199, "{log}");
    std::fs::write(dir.path().join("b.xlsx"), "another").expect("written");
    assert_eq!(s.run_captured("export excel using b.xlsx, sheetmodify").1, 199);
    assert_eq!(s.run_captured("export excel using b.xlsx").1, 602);
    run(&mut s, "erase b.xlsx\nexport excel using b.xlsx, sheetmodify");
}

#[test]
fn what_is_not_there_or_not_supported_is_said() {
    let dir = folder();
    let mut s = session_in(dir.path());
    std::fs::write(dir.path().join("a.csv"), "x\n1\n").expect("written");
    let cases = [
        ("import delimited nothere.csv", 601),
        ("import excel using nothere.xlsx", 601),
        ("import sas using x.sas7bdat", 601),
        ("import fred GDP", 199),
        ("import delimited a.csv, stripquotes(yes)", 199),
        ("import delimited a.csv, nosuchoption", 198),
        ("set obs 2\ngenerate z = 1\nimport delimited a.csv", 4),
        ("export excel using a.ods", 199),
        ("export excel using a.xlsx, sheetmodify replace", 198),
        ("export excel using a.xlsx, sheet(\"a\", nosuch)", 199),
        ("import delimited using a.csv, clear encoding(nosuch)", 198),
    ];
    for (text, code) in cases {
        let (log, rc) = s.run_captured(text);
        assert_eq!(rc, code, "{text}: {log}");
    }
}

/// The worked example of [D] infix (fixed format): columns without blanks between them.
#[test]
fn columns_of_fixed_width_are_read() {
    let dir = folder();
    let data = "C1245A101George Costanza\nC1345B   Ann Lee\n";
    std::fs::write(dir.path().join("h.raw"), data).expect("written");
    let mut s = session_in(dir.path());
    let log = run(&mut s, "infix str type 1 int id 2-5 str1 grade 6 score 7-9 str name 10-30 using h");
    assert!(log.contains("(2 observations read)"), "{log}");
    let expected =
        [("type", "str1"), ("id", "int"), ("grade", "str1"), ("score", "float"), ("name", "str15")];
    assert_eq!(types(&s), pairs(&expected));
    holds(&s, "id[1] == 1245 & score[1] == 101 & missing(score[2]) & name[2] == \"Ann Lee\"");
    // records of two lines, by the number of the line and by a slash, after a heading
    std::fs::write(dir.path().join("two.raw"), "heading\n1 aa\n 10\n2 bb\n 20\n").expect("written");
    for specification in [
        "2 firstlineoffile 2 lines 1: a 1 str b 3-4 2: c 2-3",
        "2 first a 1 str b 3-4 / c 2-3",
        "2 first a 1:1 str b 1:3-4 c 2:2-3",
    ] {
        run(&mut s, &format!("infix {specification} using two.raw if c > 5 in 2/l, clear"));
        assert_eq!(s.frame.n_rows(), 1);
        holds(&s, "a[1] == 2 & b[1] == \"bb\" & c[1] == 20");
    }
    std::fs::write(
        dir.path().join("h.dct"),
        "infix dictionary using h.raw {\n* a comment\nstr type 1\nint id 2-5\n}\n",
    )
    .expect("written");
    run(&mut s, "infix using h, clear");
    holds(&s, "id[2] == 1345 & type[1] == \"C\"");
    std::fs::write(dir.path().join("own.dct"), "infix dictionary {\n x 1-2\n}\n12\n34\n").expect("written");
    run(&mut s, "infix using own, clear");
    holds(&s, "x[1] == 12 & x[2] == 34 & _N == 2");
    for (command, code) in [
        ("infix x 1-2 using none, clear", 601),
        ("infix x using h, clear", 198),
        ("infix x 3-1 using h, clear", 198),
        ("infix x 1 using h", 4),
        ("infix 1x 1 using h, clear", 198),
    ] {
        run(&mut s, "replace x = 5 in 1");
        assert_eq!(s.run_captured(command).1, code, "{command}");
    }
}

#[test]
fn values_in_free_format_are_read() {
    let dir = folder();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    let mut s = session_in(dir.path());
    write("a.raw", "1 'x y' .a\n2\nmale 3,4,,5 \"\" z 6\n");
    let log = run(&mut s, "infile byte(n) str5 s x using a, clear");
    // two commas in a row are a missing value, here an empty text
    assert_eq!(s.frame.n_rows(), 4);
    assert!(!log.contains("eof"), "{log}");
    holds(&s, "x[1] == .a & s[2] == \"male\" & n[3] == 4 & s[3] == \"\" & x[3] == 5 & n[4] == . & x[4] == 6");
    assert_eq!(types(&s), pairs(&[("n", "byte"), ("s", "str5"), ("x", "float")]));
    let log = run(&mut s, "infile a b _skip(1) using a, clear");
    assert!(log.contains("'x y' cannot be read as a number for b[1]"), "{log}");
    write("sex.raw", "male 1\nfemale 2\nmale 3\n4");
    let log = run(&mut s, "infile sex:sexlbl income using sex, automatic clear");
    assert!(log.contains("(eof not at end of obs)"), "{log}");
    holds(&s, "sex[1] == 1 & sex[2] == 2 & sex[3] == 1 & sex[4] == 4 & income[4] == .");
    assert_eq!(s.frame.labels_of(0).and_then(|l| l.get(2.0)), Some("female"));
    write("by.raw", "1 2 3 10 20 30");
    run(&mut s, "infile a b using by, byvariable(3) clear");
    holds(&s, "_N == 3 & a[3] == 3 & b[1] == 10");
    run(&mut s, "infile double(x1-x3) using by in 2, clear");
    holds(&s, "_N == 1 & x1[1] == 10 & x3[1] == 30");
    assert_eq!(s.run_captured("infile a a using by, clear").1, 110);
    assert_eq!(s.run_captured("infile _skip(0) a using by, clear").1, 198);
}

#[test]
fn dictionaries_describe_records() {
    let dir = folder();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    let mut s = session_in(dir.path());
    write(
        "d.dct",
        "infile dictionary using d.raw {\n* a comment\n_firstlineoffile(2)\n_lines(2)\n   int id %3f \"Number of the case\"\n   _column(5) str12 name %6s\n   double pay %6.2f\n   _newline\n   _skip(2) rate\n   str3 last\n}\n",
    );
    write("d.raw", "heading\n  1 Ann    12345\n  2.5  abc\n 22 Bob Li   1.5\n  .b 'x y'\n");
    run(&mut s, "infile using d, clear");
    let expected = [("id", "int"), ("name", "str12"), ("pay", "double"), ("rate", "float"), ("last", "str3")];
    assert_eq!(types(&s), pairs(&expected));
    holds(
        &s,
        "_N == 2 & id[2] == 22 & name[1] == \"Ann\" & name[2] == \"Bob Li\" & rate[1] == 2.5 & rate[2] == .b",
    );
    // an implied decimal point, unless the data have one
    holds(&s, "abs(pay[1] - 123.45) < 1e-12 & pay[2] == 1.5 & last[2] == \"x y\"");
    assert_eq!(s.frame.var(0).label, "Number of the case");
    let text = "dictionary {\n _line(2) b\n _line(1) str2 a %2S\n}\n x\n7\n";
    write("lines.dct", text);
    run(&mut s, "infile using lines.dct, clear");
    holds(&s, "_N == 1 & b[1] == 7 & a[1] == \" x\"");
    write("bad.dct", "dictionary {\n _lrecl(80)\n x %3f\n}\n 1\n");
    assert_eq!(s.run_captured("infile using bad, clear").1, 199);
    write("bad.dct", "dictionary {\n x %3z\n}\n 1\n");
    assert_eq!(s.run_captured("infile using bad, clear").1, 120);
}

#[test]
fn what_outfile_writes_infile_reads() {
    let dir = folder();
    let mut s = session_in(dir.path());
    run(
        &mut s,
        "set obs 3\ngenerate x = _n/2\ngenerate str6 s = \"a b\" + string(_n)\ngenerate byte g = _n\nlabel define gl 1 \"one\" 2 \"two\"\nlabel values g gl\nlabel variable x \"Half\"\nreplace x = .c in 2\noutfile using o, replace",
    );
    let text = std::fs::read_to_string(dir.path().join("o.raw")).expect("written");
    let words: Vec<&str> = text.lines().next().unwrap_or("").split_whitespace().collect();
    assert_eq!(words, [".5", "\"a", "b1\"", "\"one\""]);
    run(&mut s, "outfile using o, comma replace");
    let text = std::fs::read_to_string(dir.path().join("o.raw")).expect("written");
    assert_eq!(text, ".5,\"a b1\",\"one\"\n,\"a b2\",\"two\"\n1.5,\"a b3\",3\n");
    run(&mut s, "outfile using o in 2, comma missing nolabel noquote replace");
    assert_eq!(std::fs::read_to_string(dir.path().join("o.raw")).expect("written"), ".c,a b2,2\n");
    assert_eq!(s.run_captured("outfile using o").1, 602);
    assert_eq!(s.run_captured("outfile using o, runtogether replace").1, 199);
    run(&mut s, "outfile using o, dictionary\nsave before\ninfile using o, clear automatic");
    assert_eq!(types(&s), pairs(&[("x", "float"), ("s", "str6"), ("g", "byte")]));
    holds(&s, "x[1] == .5 & x[2] == .c & s[3] == \"a b3\" & g[2] == 2 & g[3] == 3");
    assert_eq!(s.frame.var(0).label, "Half");
    // lines of at most 80 characters, or one line for each observation
    run(&mut s, "clear\nset obs 1\nforvalues i = 1/20 {\ngenerate v`i' = `i'\n}\noutfile using w");
    let text = std::fs::read_to_string(dir.path().join("w.raw")).expect("written");
    assert!(text.lines().count() > 1 && text.lines().all(|l| l.len() <= 80), "{text}");
    run(&mut s, "outfile using w, wide replace");
    assert_eq!(std::fs::read_to_string(dir.path().join("w.raw")).expect("written").lines().count(), 1);
}

#[test]
fn damaged_specifications_are_refused() {
    let dir = folder();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    let mut s = session_in(dir.path());
    write("x.raw", "1 2\n");
    for (dictionary, code) in [
        ("infix dictionary\n} {\n", 612),
        ("infix dictionary {\n x 1-2\n", 612),
        ("nothing {\n x 1-2\n}\n1\n", 198),
        ("infix dictionary {\n}\n1\n", 198),
    ] {
        write("bad.dct", dictionary);
        assert_eq!(s.run_captured("infix using bad, clear").1, code, "{dictionary}");
    }
    // numbers beyond the end of a line read nothing, whatever their size
    let far = "18446744073709551615";
    write(
        "far.dct",
        &format!(
            "dictionary {{\n _skip({far})\n _skip({far})\n x %9f\n _newline({far})\n str2 y %{far}s\n}}\n1 2\n"
        ),
    );
    run(&mut s, "infile using far, clear");
    holds(&s, "_N == 1 & x[1] == . & y[1] == \"\"");
    run(&mut s, &format!("infix x 7-{far} using x, clear"));
    holds(&s, "x[1] == .");
    for command in
        ["infile x using x, byvariable(1000000000000) clear", "infile x _skip(40000) using x, clear"]
    {
        assert_eq!(s.run_captured(command).1, 198, "{command}");
    }
}
