//! `cem`, `imb`, `metan`, `metareg`, `metabias` and `metafunnel`: what they refuse, and do-files as papers have them.
//! Their numbers are in the cases `matching_pools` of the oracles.

use crate::support::try_run as run;

const UNITS: &str = "set obs 60\ngenerate t = mod(_n, 3) == 0\ngenerate x = mod(7*_n, 11)\ngenerate z = mod(_n, 5)\ngenerate y = x + t\n";

const STUDIES: &str = "clear\ninput str8 author year a b c d\n\"Aronson\" 1948 4 119 11 128\n\"Ferguson\" 1949 6 300 29 274\n\
    \"Rosen\" 1960 3 228 11 209\n\"Hart\" 1977 62 13536 248 12619\n\"Frimodt\" 1973 33 5036 47 5761\nend\n\
    generate double es = log(a*d/(b*c))\ngenerate double se = sqrt(1/a + 1/b + 1/c + 1/d)\ngenerate old = year < 1965\n";

/// Options and data without a known result are refused by name, wrong input with the return code of Stata.
#[test]
fn refused_by_name_or_with_its_return_code() {
    for (data, command, code, wanted) in [
        (UNITS, "cem x, treatment(t) k2k", 199, "k2k"),
        (UNITS, "cem x (fd), treatment(t)", 199, "fd"),
        (UNITS, "cem x, treatment(t) autocuts(ss)", 199, "ss"),
        (UNITS, "cem x, treatment(z)", 199, "more than two values"),
        (UNITS, "cem x if t, treatment(t)", 420, "1 groups found"),
        (UNITS, "cem x if x > 99, treatment(t)", 2000, "no observations"),
        (UNITS, "cem x [aw=y], treatment(t)", 101, "weights not allowed"),
        (UNITS, "cem x (1 2", 132, "unmatched"),
        (UNITS, "cem (1 2) x, treatment(t)", 198, "invalid syntax"),
        (UNITS, "cem x (#1), treatment(t)", 198, "#1"),
        (UNITS, "cem, treatment(t)", 100, "varlist required"),
        (UNITS, "cem nothere, treatment(t)", 111, "nothere"),
        (UNITS, "replace x = . if _n > 30\ncem z x, treatment(t)", 199, "missing values of covariates"),
        (UNITS, "imb x, treatment(t) breaks(fd)", 199, "fd"),
        (UNITS, "imb x", 198, "treatment() required"),
        (UNITS, "imb x, treatment(t) useweights", 111, "cem_weights"),
        (STUDIES, "metan es se, second(random)", 199, "second()"),
        (STUDIES, "metan es se, or", 198, "or not allowed"),
        (STUDIES, "metan a b c d, or rr", 198, "may not be combined"),
        (STUDIES, "metan a b c d, rr peto", 198, "peto"),
        (STUDIES, "metan es", 198, "invalid syntax"),
        (STUDIES, "metan es se if year > 3000", 2000, "no observations"),
        (STUDIES, "replace se = 0 in 1\nmetan es se", 459, "positive"),
        (STUDIES, "metan es se [aw=a]", 101, "weights not allowed"),
        (STUDIES, "metareg es year", 198, "wsse() required"),
        (STUDIES, "metareg es year, wsse(se) permute(100)", 199, "permute()"),
        (STUDIES, "metareg es year a in 1/3, wsse(se)", 2001, "insufficient observations"),
        (STUDIES, "metabias es se", 198, "must be specified"),
        (STUDIES, "metabias es se, harbord", 198, "invalid syntax"),
        (STUDIES, "metabias a b c d, egger", 199, "egger"),
        (STUDIES, "replace a = 0 in 1\nmetabias a b c d, peters", 199, "zero"),
        (STUDIES, "metafunnel es se, eform", 199, "eform"),
    ] {
        let (log, rc) = run(&format!("{data}{command}\n"));
        assert_eq!(rc, code, "{command}\n{log}");
        assert!(log.contains(wanted), "{command}: {wanted} is not in\n{log}");
    }
}

/// The modification of Knapp and Hartung is not known below 1: nothing is printed, and z works.
#[test]
fn a_factor_below_one_is_refused() {
    let data = "input es se\n1 1\n1.1 1\n.9 1\n1.05 1\nend\n";
    let (log, rc) = run(&format!("{data}metareg es, wsse(se)\n"));
    assert_eq!(rc, 199, "{log}");
    let (log, rc) = run(&format!("{data}metareg es, wsse(se) z\n"));
    assert_eq!(rc, 0, "{log}");
}

/// Matching, the weighted regressions and their table, as a paper has them; a second run replaces the variables.
#[test]
fn matching_of_a_paper() {
    let text = format!(
        "{UNITS}imb x z, treatment(t)\ncem x (2 5 8) z (#0), tr(t) sh\ncem x (2 5 8) z (#3), tr(t) noimb\n\
         tabulate cem_matched t\neststo a: regress y t x\neststo b: regress y t x [iweight=cem_weights]\n\
         esttab a b, se\nimb x z if cem_matched, treatment(t) useweights breaks(sturges)\n\
         summarize cem_weights if t == 0 & cem_matched\nassert reldif(r(sum), r(N)) < 1e-12\n"
    );
    let (log, rc) = run(&text);
    assert_eq!(rc, 0, "{log}");
    assert!(log.contains("Matching Summary:") && log.contains("z: (every value)"), "{log}");
}

/// Missing values of a covariate are one interval of their own.
#[test]
fn missing_values_match_missing_values() {
    let text = "input t x\n1 .\n0 .\n1 1\n0 1\n0 9\nend\ncem x (0 5 10), treatment(t) noimbal\nassert r(n_strata) == 3\n\
                assert r(n_mstrata) == 2\nassert cem_matched == (x != 9)\n";
    let (log, rc) = run(text);
    assert_eq!(rc, 0, "{log}");
}

/// A meta-analysis of a paper with its graphs; `by()` shows the pools of groups and their difference.
#[test]
fn pools_of_a_paper() {
    let text = format!(
        "{STUDIES}metan a b c d, or random label(namevar=author, yearvar=year) xlabel(.1, .5, 1, 2) title(\"Trials\") nokeep\n\
         capture confirm variable _ES\nassert _rc == 111\n\
         metan es se, fixed eform by(old) sortby(year) lcols(author year) effect(\"Odds\")\nassert r(ES) == .\n\
         metan es se, random by(old) nooverall nograph\nassert r(measure) == \"ES\" & r(ES) == .\n\
         metan es se, fixed nograph notable\nassert abs(r(ES) - _ES[1]) > 0 & _LCI[1] < _ES[1] & _seES[1] == se[1]\n\
         metareg es i.old, wsse(se) mm z eform\nmetabias es se, egger nofit\nmetafunnel es se, nolines ytitle(\"s.e.\")\n\
         bysort old: metareg es, wsse(se) z\n"
    );
    let (log, rc) = run(&text);
    assert_eq!(rc, 0, "{log}");
    for line in ["D+L pooled OR", "I-V pooled Odds", "Test for heterogeneity between sub-groups", "Sub-total"]
    {
        assert!(log.contains(line), "{line} is not in\n{log}");
    }
}
