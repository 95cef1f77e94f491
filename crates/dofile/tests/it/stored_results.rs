//! Names under "Stored results" in the manuals, of estimation commands whose example runs without further options.
//! Each is stored, or `docs/engine/stored-results.md` lists it; `SS_TEST_RENEW=1 cargo test -p dofile --test it
//! stored_results` writes that page.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use dofile::Session;

const DATA: &str = "quietly set obs 120
quietly generate id = ceil(_n/6)
quietly generate t = mod(_n-1, 6) + 1
quietly generate x = mod(7*_n, 11)
quietly generate z = mod(5*_n, 13)
quietly generate u = mod(_n*_n, 17) - 8
quietly generate y = 1 + x/2 - z/4 + u/3
quietly generate d = u + x > 4
quietly generate c = mod(x + z + abs(u), 5)
quietly generate k = 1 + mod(_n*_n + x, 3)
quietly generate s = z + mod(3*_n, 7) > 5
quietly generate ys = y if s
quietly generate dead = mod(_n, 4) > 0
quietly generate time = 1 + x + mod(_n, 5)
quietly generate double w = y + mod(_n*.6180339887, 1)
quietly xtset id t
";

/// Manual, line of the command, scalars, macros and matrices that it stores without further options.
type Row = (&'static str, &'static str, &'static str);

/// What every estimation command stores.
const EVERY: &str = "N cmd cmdline properties b V";
/// Maximum likelihood, [R] maximize.
const LIKELIHOOD: &str = "k k_eq k_dv df_m ll chi2 p rank ic rc converged depvar title chi2type vce opt which ml_method \
    user technique predict ilog gradient";

const ROWS: &[(Row, &[&str])] = &[
    (
        (
            "R",
            "regress y x z",
            "mss df_m rss df_r r2 r2_a F rmse ll ll_0 rank depvar model title vce estat_cmd predict \
        marginsok asbalanced asobserved",
        ),
        &[EVERY],
    ),
    (
        (
            "R",
            "areg y x z, absorb(k)",
            "tss df_m rss df_r r2 r2_a df_a rmse ll ll_0 F F_absorb rank k_absorb depvar \
        absvar title vce footnote estat_cmd predict marginsnotok asbalanced asobserved",
        ),
        &[EVERY],
    ),
    (
        (
            "R",
            "ivregress 2sls y (x = z)",
            "mss df_m rss r2 r2_a rmse chi2 rank depvar instd insts exogr title vce estat_cmd \
        predict marginsok footnote constant estimator small vcetype asbalanced asobserved",
        ),
        &[EVERY],
    ),
    (
        (
            "R",
            "logit d x z",
            "N_cds N_cdf k_eq_model r2_p ll_0 rules mns estat_cmd marginsok asbalanced asobserved",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "probit d x z",
            "N_cds N_cdf k_eq_model r2_p ll_0 rules mns estat_cmd marginsok asbalanced asobserved",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (("R", "cloglog d x z", "N_f N_s ll_0 k_eq_model marginsok asbalanced asobserved"), &[EVERY, LIKELIHOOD]),
    (
        (
            "R",
            "ologit k x z",
            "N_cd k_cat k_aux k_eq_model r2_p ll_0 cat estat_cmd marginsok asbalanced asobserved",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "oprobit k x z",
            "N_cd k_cat k_aux k_eq_model r2_p ll_0 cat estat_cmd marginsok asbalanced asobserved",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "mlogit k x z",
            "N_cd k_out k_eq_base baseout ibaseout k_eq_model r2_p ll_0 baselab eqnames out marginsok \
        asbalanced asobserved",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        ("R", "poisson c x z", "k_eq_model r2_p ll_0 estat_cmd marginsok asbalanced asobserved"),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "nbreg c x z",
            "k_aux k_eq_model r2_p ll_0 ll_c alpha chi2_c chi2_ct dispers diparm_opt1 marginsok asbalanced \
        asobserved",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "tobit y x z, ll(0)",
            "N_unc N_lc N_rc k_aux k_eq_model r2_p ll_0 F df_r llopt footnote marginsok asbalanced \
        asobserved",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        ("R", "truncreg y x z, ll(-3)", "N_bf k_eq_model llopt sigma k_aux marginsok asbalanced asobserved"),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "intreg y ys x",
            "N_unc N_lc N_rc N_int k_aux k_eq_model sigma se_sigma ll_0 footnote marginsok asbalanced \
        asobserved",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "heckman ys x, select(s = z x)",
            "N_selected N_nonselected k_aux k_eq_model ll_0 lambda selambda sigma chi2_c \
        p_c rho method iterations marginsok asbalanced asobserved",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "glm c x z, family(poisson)",
            "k_eq_model df deviance deviance_s deviance_p deviance_ps aic bic dispers dispers_s \
        dispers_p dispers_ps phi vf power varfunc varfunct varfuncf link linkt linkf m cons marginsok asbalanced asobserved",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "qreg w x z",
            "df_m df_r q q_v sum_adev sum_rdev f_r rank convcode depvar bwmethod denmethod kernel title vce \
        estat_cmd predict marginsnotok asbalanced asobserved sparsity bwidth kbwidth",
        ),
        &[EVERY],
    ),
    (
        (
            "R",
            "nl (y = {a} + {b}*x)",
            "k k_eq_model df_m df_r df_t mss rss tss rmse r2 r2_a ll msr_tot_d rank ic converged \
        depvar rhs params sexp title title_2 vce type predict funcprog",
        ),
        &[EVERY],
    ),
    (
        (
            "XT",
            "xtreg y x z, fe",
            "N_g df_m mss rss df_r tss r2 r2_a F F_f df_a df_b ll ll_0 rho sigma_u sigma sigma_e corr r2_w \
        r2_b r2_o rmse Tbar Tcon g_min g_avg g_max rank depvar model ivar title vce predict marginsnotok asbalanced \
        asobserved p p_f",
        ),
        &[EVERY],
    ),
    (
        (
            "XT",
            "xtreg y x z, re",
            "N_g df_m g_min g_avg g_max Tcon sigma sigma_u sigma_e r2_w r2_o r2_b thta_min thta_5 thta_50 \
        thta_95 thta_max rmse chi2 rho rank p depvar model ivar chi2type title vce predict marginsnotok asbalanced asobserved",
        ),
        &[EVERY],
    ),
    (
        (
            "XT",
            "xtlogit d x z, fe",
            "N_g N_drop N_group_drop k_eq_model r2_p ll_0 g_min g_avg g_max model multiple group ivar \
        marginsnotok asbalanced asobserved",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "XT",
            "xtpoisson c x z, fe",
            "N_g k_eq_model ll_0 g_min g_avg g_max model ivar method marginsnotok asbalanced \
        asobserved",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "TS",
            "newey y x z, lag(1) force",
            "df_m df_r F lag rank depvar wtype title vce vcetype estat_cmd predict \
        marginsok asbalanced asobserved",
        ),
        &[EVERY],
    ),
    (
        (
            "ST",
            "stcox x z",
            "N_sub N_fail risk df_m r2_p ll ll_0 chi2 p rank converged depvar t0 ties method chi2type vce \
        estat_cmd predict marginsnotok asbalanced asobserved cmd2 title",
        ),
        &[EVERY],
    ),
    (
        (
            "R",
            "sureg (y x) (u z)",
            "k_eq mss_1 df_m1 rss_1 r2_1 rmse_1 p_1 cons_1 dfk_adj ll chi2_1 rank ic method depvar exog eqnames \
        corr dfk predict marginsok asbalanced asobserved Sigma",
        ),
        &[EVERY],
    ),
];

/// Documented names that are not stored, by command.
fn missing() -> BTreeMap<&'static str, Vec<String>> {
    let mut out = BTreeMap::new();
    for ((manual, line, own), shared) in ROWS {
        let mut session = Session::default();
        let declare = if *manual == "ST" { "quietly stset time, failure(dead)\n" } else { "" };
        let (log, rc) = session.run_captured(&format!("{DATA}{declare}quietly {line}"));
        assert_eq!(rc, 0, "{line}\n{log}");
        let results = &session.e.results;
        let stored = |name: &str| {
            results.get_scalar(name).is_some()
                || results.get_text(name).is_some()
                || results.matrices.get(name).is_some()
        };
        let names = shared.iter().copied().chain([*own]).flat_map(str::split_whitespace);
        out.insert(*line, names.filter(|n| !stored(n)).map(str::to_string).collect());
    }
    out
}

#[expect(clippy::disallowed_methods, reason = "a switch of the test")]
fn renewing() -> bool {
    std::env::var_os("SS_TEST_RENEW").is_some()
}

#[test]
fn the_page_lists_what_is_not_stored() {
    let mut page = String::from(
        "# Documented results that are not stored\n\nNames under \"Stored results\" in the manuals that a command of the open \
         engine does not store in `e()`;\nthe rest of the list is stored. Generated by `tests/it/stored_results.rs`.\n\n| command | not \
         stored |\n|---|---|\n",
    );
    for (line, names) in missing() {
        let names = if names.is_empty() { "-".to_string() } else { names.join(" ") };
        let _ = writeln!(page, "| `{}` | {names} |", line.replace('|', "\\|"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/engine/stored-results.md");
    if renewing() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), page, "SS_TEST_RENEW=1 writes the page");
}

/// The numbers of a model are stored by every command; only texts and settings of the optimiser may be absent.
#[test]
fn every_command_stores_estimates_and_their_names() {
    for (line, names) in missing() {
        for name in ["N", "cmd", "cmdline", "properties", "b", "V", "depvar", "predict", "rank", "df_m"] {
            assert!(!names.iter().any(|n| n == name), "{line} does not store e({name})");
        }
    }
}
