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
    assert_eq!(s.frame.vars()[0].name, "_1");
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
fn what_is_not_there_or_not_supported_is_said() {
    let dir = folder();
    let mut s = session_in(dir.path());
    std::fs::write(dir.path().join("a.csv"), "x\n1\n").expect("written");
    let cases = [
        ("import delimited nothere.csv", 601),
        ("import excel using nothere.xlsx", 601),
        ("import sas using x.sas7bdat", 199),
        ("import delimited a.csv, stripquotes(yes)", 199),
        ("import delimited a.csv, nosuchoption", 198),
        ("set obs 2\ngenerate z = 1\nimport delimited a.csv", 4),
        ("export excel using a.xls", 199),
        ("export excel using a.xlsx, sheetmodify", 199),
        ("import delimited using a.csv, clear encoding(nosuch)", 198),
    ];
    for (text, code) in cases {
        let (log, rc) = s.run_captured(text);
        assert_eq!(rc, code, "{text}: {log}");
    }
}
