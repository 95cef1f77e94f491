//! Options that the manuals document: a command takes them, or it refuses them by name as not supported. None is "not
//! allowed", which is the text for an option that Stata does not have.

use dofile::Session;
use dofile::commands::{documented, registry};

const DATA: &str = "quietly set obs 40
quietly generate x = mod(7*_n, 11)
quietly generate y = mod(x + _n, 4)
quietly generate z = mod(_n, 2)
quietly generate s = string(x)
quietly xtset z
";

#[test]
fn every_list_belongs_to_a_command() {
    for command in documented::commands() {
        assert!(registry::find(command).is_some_and(|c| c.name == command), "{command} is not a command");
    }
    assert!(documented::commands().count() >= 80);
}

#[test]
fn a_documented_option_is_never_called_not_allowed() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for command in documented::commands() {
        for option in documented::options_of(command) {
            let name = option.trim_end_matches("()").to_lowercase();
            let typed = if option.ends_with("()") { format!("{name}(1)") } else { name.clone() };
            let (log, _) = Session::default().run_captured(&format!("{DATA}{command} y x, {typed}"));
            checked += 1;
            let refusal = format!("option {name}");
            let said = log.lines().find(|l| l.starts_with(&refusal) && l.contains("not allowed"));
            wrong.extend(said.map(|line| format!("{command}, {typed}: {line}")));
        }
    }
    assert!(checked > 1500, "{checked} options were checked");
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_refusal_names_option_and_command() {
    for (line, want) in [
        ("regress y x, tsscons", "option tsscons of command regress is not supported by the open engine"),
        (
            "summarize y, fvwrap(1)",
            "option fvwrap() of command summarize is not supported by the open engine",
        ),
        (
            "arch y, earch(1) egarch(1) vce(oim)",
            "option vce(oim) with earch() or distribution(ged) of command arch is not supported by the open engine",
        ),
        ("tabulate y, wrapp", "option wrapp not allowed"),
        ("regress y x, nosuchoption", "option nosuchoption not allowed"),
    ] {
        let (log, rc) = Session::default().run_captured(&format!("{DATA}{line}"));
        assert!(log.contains(want), "{line}\n{log}");
        assert_eq!(rc, if want.ends_with("engine") { 199 } else { 198 }, "{line}");
    }
}

#[test]
fn the_shortest_link_is_a_link() {
    let fit = |options: &str| {
        let mut session = Session::default();
        let (log, rc) = session.run_captured(&format!("{DATA}glm z x, {options}"));
        assert_eq!(rc, 0, "{options}\n{log}");
        session.eval_num("_b[x]").expect("a coefficient")
    };
    assert_eq!(fit("f(binomial) l(probit)"), fit("family(binomial) link(probit)"));
    assert_ne!(fit("f(binomial) l(probit)"), fit("family(binomial) link(logit)"));
    assert_eq!(fit("family(binomial) le(90)"), fit("family(binomial) level(90)"));
}

#[test]
fn stored_results_have_titles() {
    let (log, rc) = Session::default().run_captured(&format!(
        "{DATA}regress y x\nestimates store a, title(\"First model\")\nestimates title: Second model\nestimates store b\n\
         estimates restore a\nassert e(estimates_title) == \"First model\"\nestimates restore b\nassert e(estimates_title) == \"Second model\""
    ));
    assert_eq!(rc, 0, "{log}");
}
