//! `e()` of estimation commands whose example runs without further options. e(asbalanced) and e(asobserved) are
//! stored where `fvset design` has set something, and are left out.

/// Manual, line of the command, scalars, macros and matrices that it stores without further options.
pub(super) type Row = (&'static str, &'static str, &'static str);

/// What every estimation command stores.
const EVERY: &str = "N cmd cmdline properties b V";
/// Maximum likelihood, [R] maximize.
const LIKELIHOOD: &str = "k k_eq k_dv df_m ll chi2 p rank ic rc converged depvar title chi2type vce opt which ml_method \
    user technique predict ilog gradient";

pub(super) const ROWS: &[(Row, &[&str])] = &[
    (
        (
            "SEM",
            "gsem (d s dead <- ), logit lclass(C 2)",
            "k k_eq k_dv k_cat1 k_out1 ll rank ic rc converged depvar eqnames title family1 link1 vce opt which \
        method ml_method technique datasignature datasignaturevars estat_cmd predict covariates lclass marginsnotok \
        marginsdefault footnote _N b_pclass ilog gradient lclass_k_levels lclass_bases",
        ),
        &[EVERY],
    ),
    (
        (
            "SEM",
            "sem (y <- x) (w <- y)",
            "ll N_groups df_m df_b df_s chi2_ms df_ms p_ms chi2_bs df_bs p_bs rank ic rc converged critvalue critvalue_b \
        critvalue_s modelmeans data title vce vcetype method technique estat_cmd predict lyvars oyvars lxvars oxvars \
        xconditional nobs groupvalue b_std b_pclass admissible ilog gradient V_std",
        ),
        &[EVERY],
    ),
    (
        (
            "R",
            "exlogistic s k",
            "N k_groups n_possible n_trials sum_y k_indvars k_terms k_condvars condcons midp eps cmd cmdline title depvar \
        indvars level datasignature datasignaturevars properties estat_cmd marginsnotok b mue_indicators se ci sum_y_groups \
        N_g sufficient p_sufficient scoretest p_scoretest probtest p_probtest scoretest_m p_scoretest_m probtest_m \
        p_probtest_m",
        ),
        &[],
    ),
    (
        (
            "IRT",
            "irt 2pl d s dead",
            "k k_eq k_dv k_rc k_rs irt_k_eq k_items1 ll n_quad rank ic rc converged cmd2 model1 items1 depvar title \
        family1 link1 intmethod vce opt which method ml_method user technique datasignature datasignaturevars \
        estat_cmd predict covariates footnote _N b_pclass ilog gradient",
        ),
        &[EVERY],
    ),
    (
        (
            "IRT",
            "irt grm c k",
            "k k_eq k_dv k_rc k_rs irt_k_eq k_items1 k_cat1 ll n_quad rank ic rc converged cmd2 model1 items1 n_cuts1 \
        depvar title family1 link1 intmethod vce opt which method ml_method user technique datasignature \
        datasignaturevars estat_cmd predict covariates footnote _N b_pclass cat1 Cns ilog gradient",
        ),
        &[EVERY],
    ),
    (
        (
            "SP",
            "spregress y x z, ml dvarlag(W)",
            "k df_m df_c ll iterations rank r2_p chi2 chi2_c p p_c converged depvar indeps idvar estimator title \
        constant dlmat elmat chi2type vce ml_method technique estat_cmd predict marginsok marginsnotok ilog gradient \
        Hessian",
        ),
        &[EVERY],
    ),
    (
        (
            "SP",
            "spregress y x z, gs2sls dvarlag(W) errorlag(W)",
            "k df_m df_c iterations iterations_2sls rank r2_p chi2 chi2_c p p_c converged converged_2sls depvar indeps \
        idvar estimator title constant exogr dlmat elmat het chi2type estat_cmd predict marginsok marginsnotok \
        delta_2sls rho_2sls",
        ),
        &[EVERY],
    ),
    (
        (
            "R",
            "regress y x z",
            "mss df_m rss df_r r2 r2_a F rmse ll ll_0 rank depvar model title vce estat_cmd predict \
        marginsok",
        ),
        &[EVERY],
    ),
    (
        (
            "R",
            "areg y x z, absorb(k)",
            "tss df_m rss df_r r2 r2_a df_a rmse ll ll_0 F F_absorb rank k_absorb depvar \
        absvar title vce footnote estat_cmd predict marginsnotok",
        ),
        &[EVERY],
    ),
    (
        (
            "R",
            "ivregress 2sls y (x = z)",
            "mss df_m rss r2 r2_a rmse chi2 rank depvar instd insts exogr title vce estat_cmd \
        predict marginsok footnote constant estimator small vcetype",
        ),
        &[EVERY],
    ),
    (
        ("R", "logit d x z", "N_cds N_cdf k_eq_model r2_p ll_0 rules mns estat_cmd marginsok"),
        &[EVERY, LIKELIHOOD],
    ),
    (
        ("R", "probit d x z", "N_cds N_cdf k_eq_model r2_p ll_0 rules mns estat_cmd marginsok"),
        &[EVERY, LIKELIHOOD],
    ),
    (("R", "cloglog d x z", "N_f N_s ll_0 k_eq_model marginsok"), &[EVERY, LIKELIHOOD]),
    (
        ("R", "ologit k x z", "N_cd k_cat k_aux k_eq_model r2_p ll_0 cat estat_cmd marginsok"),
        &[EVERY, LIKELIHOOD],
    ),
    (
        ("R", "oprobit k x z", "N_cd k_cat k_aux k_eq_model r2_p ll_0 cat estat_cmd marginsok"),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "mlogit k x z",
            "N_cd k_out k_eq_base baseout ibaseout k_eq_model r2_p ll_0 baselab eqnames out marginsok",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (("R", "poisson c x z", "k_eq_model r2_p ll_0 estat_cmd marginsok"), &[EVERY, LIKELIHOOD]),
    (
        (
            "R",
            "nbreg c x z",
            "k_aux k_eq_model r2_p ll_0 ll_c alpha chi2_c chi2_ct dispers diparm_opt1 marginsok",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "tobit y x z, ll(0)",
            "N_unc N_lc N_rc k_aux k_eq_model r2_p ll_0 F df_r llopt footnote marginsok",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (("R", "truncreg y x z, ll(-3)", "N_bf k_eq_model llopt sigma k_aux marginsok"), &[EVERY, LIKELIHOOD]),
    (
        (
            "R",
            "intreg y ys x",
            "N_unc N_lc N_rc N_int k_aux k_eq_model sigma se_sigma ll_0 footnote marginsok",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "heckman ys x, select(s = z x)",
            "N_selected N_nonselected k_aux k_eq_model ll_0 lambda selambda sigma chi2_c \
        p_c rho method iterations marginsok",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "glm c x z, family(poisson)",
            "k_eq_model df deviance deviance_s deviance_p deviance_ps aic bic dispers dispers_s \
        dispers_p dispers_ps phi vf power varfunc varfunct varfuncf link linkt linkf m cons marginsok",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "R",
            "rreg w x z",
            "mss df_m rss df_r r2 r2_a F rmse rank depvar genwt title model predict marginsok",
        ),
        &[EVERY],
    ),
    (
        (
            "R",
            "mvreg w y = x z",
            "k k_eq df_r chi2 df_chi2 rank depvar eqnames r2 rmse F p_F predict marginsok marginsnotok marginsdefault Sigma",
        ),
        &[EVERY],
    ),
    (
        (
            "R",
            "qreg w x z",
            "df_m df_r q q_v sum_adev sum_rdev f_r rank convcode depvar bwmethod denmethod kernel title vce \
        estat_cmd predict marginsnotok sparsity bwidth kbwidth",
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
        r2_b r2_o rmse Tbar Tcon g_min g_avg g_max rank depvar model ivar title vce predict marginsnotok p p_f",
        ),
        &[EVERY],
    ),
    (
        (
            "XT",
            "xtreg y x z in 3/L, re",
            "N_g df_m g_min g_avg g_max Tcon sigma sigma_u sigma_e r2_w r2_o r2_b thta_min thta_5 thta_50 \
        thta_95 thta_max rmse chi2 rho rank p depvar model ivar chi2type title vce predict marginsnotok",
        ),
        &[EVERY],
    ),
    (
        (
            "XT",
            "xtlogit d x z, fe",
            "N_g N_drop N_group_drop k_eq_model r2_p ll_0 g_min g_avg g_max model multiple group ivar \
        marginsnotok",
        ),
        &[EVERY, LIKELIHOOD],
    ),
    (
        ("XT", "xtpoisson c x z, fe", "N_g k_eq_model ll_0 g_min g_avg g_max model ivar method marginsnotok"),
        &[EVERY, LIKELIHOOD],
    ),
    (
        (
            "TS",
            "vec w z, lags(2)",
            "k_rank k_eq k_dv k_ce n_lags df_m ll beta_iden beta_icnt k_1 df_m1 r2_1 chi2_1 rmse_1 aic hqic sbic tmin tmax \
        detsig_ml rank converge trend tsfmt tvar endog covariates eqnames cenames title predict marginsok marginsnotok \
        marginsdefault beta V_beta betavec pi V_pi alpha V_alpha omega mai V_mai",
        ),
        &[EVERY],
    ),
    (
        (
            "TS",
            "newey y x z, lag(1) force",
            "df_m df_r F lag rank depvar wtype title vce vcetype estat_cmd predict \
        marginsok",
        ),
        &[EVERY],
    ),
    (
        (
            "ST",
            "stcox x z",
            "N_sub N_fail risk df_m r2_p ll ll_0 chi2 p rank converged depvar t0 ties method chi2type vce \
        estat_cmd predict marginsnotok cmd2 title",
        ),
        &[EVERY],
    ),
    (
        (
            "R",
            "sureg (y x) (u z)",
            "k_eq mss_1 df_m1 rss_1 r2_1 rmse_1 p_1 cons_1 dfk_adj ll chi2_1 rank ic method depvar exog eqnames \
        corr dfk predict marginsok Sigma",
        ),
        &[EVERY],
    ),
];
