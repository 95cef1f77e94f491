//! `kdensity` against densities that Stata printed (oracles/kdensity/README.md).

use dofile::Session;

#[test]
fn densities_are_those_of_stata_for_five_kernels() {
    let mut session = Session::default();
    session.cwd = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/kdensity").into();
    let (log, rc) = session.run_captured("import delimited using mixture.csv, asdouble");
    assert_eq!(rc, 0, "{log}");
    for kernel in ["gaussian", "biweight", "cosine", "triangle", "epan2"] {
        let text = format!(
            "kdensity x, at(at) bwidth(0.2530440815587141) kernel({kernel}) generate(d_{kernel}) nograph"
        );
        let (log, rc) = session.run_captured(&text);
        assert_eq!(rc, 0, "{log}");
        let column = |name: &str| {
            let at = session.frame.find(name).expect("the variable exists");
            session.frame.numeric(at).expect("numeric").into_owned()
        };
        let (found, expected) = (column(&format!("d_{kernel}")), column(kernel));
        assert_eq!(found.len(), 200);
        for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!((found - expected).abs() < 2e-8, "{kernel} row {row}: {found} {expected}");
        }
    }
}
