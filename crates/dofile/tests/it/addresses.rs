//! Addresses of the web in commands that read files.

use dofile::Session;

/// The engine has no network: an address stands for the file of its name, which is printed; without one the error says
/// where the file belongs.
#[test]
fn addresses_stand_for_files_of_the_working_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut s = Session::default();
    s.cwd = folder.path().to_path_buf();
    let (_, rc) = s.run_captured(
        "set obs 3\ngenerate id = _n\ngenerate x = id^2\nsave grades\nexport delimited marks.csv\nexport excel marks.xlsx, firstrow(variables)",
    );
    assert_eq!(rc, 0);
    let reads = [
        "use http://fmwww.bc.edu/ec-p/data/wooldridge/grades, clear",
        "use x using \"https://example.org/data/grades.dta?raw=true\", clear",
        "merge 1:1 id using https://example.org/grades.dta",
        "append using \"HTTPS://example.org/grades\"",
        "insheet using https://example.org/marks.csv, clear",
        "import delimited \"https://example.org/a/b/marks.csv#top\", clear",
        "import excel using \"https://example.org/marks.xlsx\", firstrow clear",
        "copy https://example.org/marks.csv marks.csv, replace",
        "copy https://example.org/marks.csv copied.csv",
        "bcuse grades, clear nodesc",
        "causaldata grades.dta, use clear download",
        "webuse set https://www.stata-press.com/data/r18\nwebuse grades, clear",
    ];
    for command in reads {
        let (log, rc) = s.run_captured(&format!("use grades, clear\n{command}"));
        assert_eq!(rc, 0, "{command}\n{log}");
        assert!(!command.contains("://") || log.contains("has no network"), "{command}\n{log}");
        assert!(s.frame.n_rows() >= 3, "{command}");
    }
    for command in [
        "use https://example.org/other, clear",
        "import delimited https://example.org/other.csv",
        "bcuse other",
    ] {
        let (log, rc) = s.run_captured(&format!("clear\n{command}"));
        assert!(
            rc == 601 && log.contains("no network: put other.") && log.contains("working folder"),
            "{command}\n{log}"
        );
    }
}
