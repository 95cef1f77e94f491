//! Properties of data and estimators: what is saved reads back, estimates do not depend on the order of rows, and
//! follow the scale of regressors and a constant that is added to the outcome.

use dofile::Session;
use proptest::prelude::*;

fn data(values: &[(f64, f64, u8)]) -> String {
    let mut text = String::from("input double x double e g\n");
    for (x, e, g) in values {
        text.push_str(&format!("{x} {e} {g}\n"));
    }
    text.push_str(
        "end\ngenerate double y = 1 + 0.5*x + e\ngenerate b = e > 0\ngenerate n = floor(abs(x)/20)\n",
    );
    text
}

fn rows() -> impl Strategy<Value = Vec<(f64, f64, u8)>> {
    let value = (-1000i32..1000, -1000i32..1000, 0u8..4);
    proptest::collection::vec(
        value.prop_map(|(x, e, g)| (f64::from(x) / 8.0, f64::from(e) / 16.0, g)),
        30..60,
    )
}

/// Estimates of a command after some preparation, or the return code.
fn fitted(values: &[(f64, f64, u8)], prepare: &str, command: &str, wanted: &[&str]) -> Result<Vec<f64>, i32> {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(&format!("{}{prepare}\n", data(values)));
    assert_eq!(rc, 0, "{log}");
    match s.run_captured(command) {
        (_, 0) => Ok(wanted.iter().map(|w| s.eval_num(w).expect("a number")).collect()),
        (_, rc) => Err(rc),
    }
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.iter().zip(b).all(|(x, y)| (x - y).abs() <= tolerance * (1.0 + x.abs().max(y.abs())))
}

/// Estimators with what is compared and the tolerance.
const ESTIMATORS: &[(&str, &[&str], f64)] = &[
    ("regress y x i.g, vce(robust)", &["_b[x]", "_se[x]", "_b[_cons]", "e(r2)"], 1e-9),
    ("regress y x, vce(cluster g)", &["_b[x]", "_se[x]"], 1e-8),
    ("areg y x, absorb(g)", &["_b[x]", "_se[x]"], 1e-8),
    ("logit b x", &["_b[x]", "_se[x]", "e(ll)"], 1e-6),
    ("probit b x", &["_b[x]", "e(ll)"], 1e-6),
    ("poisson n x", &["_b[x]", "_se[x]", "e(ll)"], 1e-6),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rows_does_not_matter(values in rows()) {
        for (command, wanted, tolerance) in ESTIMATORS {
            let plain = fitted(&values, "", command, wanted);
            let turned = fitted(&values, "generate k = mod(_n*7919, 101)\nsort k x", command, wanted);
            match (plain, turned) {
                (Ok(a), Ok(b)) => prop_assert!(close(&a, &b, *tolerance), "{command}: {a:?} {b:?}"),
                (a, b) => prop_assert_eq!(a, b, "{}", command),
            }
        }
    }

    #[test]
    fn a_scaled_regressor_scales_its_coefficient(values in rows()) {
        for (command, _, tolerance) in ESTIMATORS {
            let plain = fitted(&values, "", command, &["_b[x]", "_se[x]"]);
            let scaled = fitted(&values, "replace x = 1000*x", command, &["1000*_b[x]", "1000*_se[x]"]);
            if let (Ok(a), Ok(b)) = (plain, scaled) {
                prop_assert!(close(&a, &b, *tolerance * 100.0), "{command}: {a:?} {b:?}");
            }
        }
    }

    #[test]
    fn a_constant_goes_to_the_constant(values in rows()) {
        let command = "regress y x i.g";
        let plain = fitted(&values, "", command, &["_b[x]", "_se[x]", "_b[_cons] + 64", "e(rmse)"]);
        let moved = fitted(&values, "replace y = y + 64", command, &["_b[x]", "_se[x]", "_b[_cons]", "e(rmse)"]);
        if let (Ok(a), Ok(b)) = (plain, moved) {
            prop_assert!(close(&a, &b, 1e-9), "{a:?} {b:?}");
        }
    }

    #[test]
    fn saved_data_read_back_the_same(
        numbers in proptest::collection::vec(prop_oneof![any::<f64>(), Just(f64::NAN), (-130i32..130).prop_map(f64::from)], 1..40),
        texts in proptest::collection::vec("\\PC{0,12}", 1..40),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut s = Session::default();
        s.cwd = folder.path().to_path_buf();
        let n = numbers.len().min(texts.len());
        let column = |k: usize| if numbers[k].is_finite() && numbers[k].abs() < 8e307 { numbers[k] } else { dofile::value::missing(k as u8 % 27) };
        let values: Vec<f64> = (0..n).map(column).collect();
        use dofile::frame::{Column, StorageType, Variable};
        for (name, ty) in [("b", StorageType::Byte), ("i", StorageType::Int), ("l", StorageType::Long), ("f", StorageType::Float), ("d", StorageType::Double)] {
            s.frame.add(Variable::new(name, Column::from_f64(ty, &values))).expect("a new variable");
        }
        let words = (0..n).map(|k| texts[k].replace('\0', "").into_boxed_str()).collect();
        s.frame.add(Variable::new("s", Column::from_strings(words))).expect("a new variable");
        let before = s.frame.clone();
        let (log, rc) = s.run_captured("label variable d \"变量\"\nformat d %12.3f\nsave a\nuse a, clear");
        prop_assert_eq!(rc, 0, "{}", log);
        for (old, new) in before.vars().iter().zip(s.frame.vars()) {
            prop_assert_eq!(&old.name, &new.name);
            prop_assert_eq!(old.data.storage_type(), new.data.storage_type());
            for r in 0..n {
                prop_assert_eq!(old.data.num(r).to_bits(), new.data.num(r).to_bits(), "{} {}", old.name, r);
                prop_assert_eq!(old.data.str(r), new.data.str(r));
            }
        }
        prop_assert_eq!(&s.frame.var(4).label, "变量");
    }
}

/// The engine's program on one processor or on all, with a sample large enough to be worked on in blocks.
fn log_on(processors: Option<&str>) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    let program = "set seed 7\nset obs 120000\ngenerate g = mod(_n, 900)\ngenerate x = rnormal()\n\
                   generate z = rnormal()\ngenerate y = x - z + g / 900 + rnormal()\nregress y x z, vce(robust)\n\
                   display %24.17e _b[x] %24.17e _se[z]\nareg y x z, absorb(g) vce(cluster g)\n\
                   display %24.17e _b[x] %24.17e _se[z]\n";
    std::fs::write(dir.path().join("a.do"), program).expect("written");
    let engine = env!("CARGO_BIN_EXE_dofile");
    let mut command = match processors {
        Some(list) => {
            let mut command = std::process::Command::new("taskset");
            command.args(["-c", list, engine]);
            command
        }
        None => std::process::Command::new(engine),
    };
    let status = command.args(["-b", "do", "a.do"]).current_dir(dir.path()).status().expect("starts");
    assert!(status.success());
    std::fs::read_to_string(dir.path().join("a.log")).expect("a log")
}

#[test]
fn one_and_several_threads_give_the_same_digits() {
    let several = log_on(None);
    assert!(several.contains("Number of obs") && !several.contains("r("), "{several}");
    assert_eq!(log_on(Some("0")), several);
}
