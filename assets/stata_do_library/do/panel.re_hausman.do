* panel.re_hausman 1.3.1: random effects beside fixed effects, with the Hausman test and the test for random effects.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_panel_id p_time_var p_vce p_sigmamore p_level.
local vce "conventional"
local errors "conventional"
if "`p_vce'" == "robust" {
    local vce "cluster ss_panel"
    local errors "cluster `p_panel_id'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_time_var', strok(`p_panel_id')
ss_linear_probability `p_outcome'
local focal : word 1 of `p_regressors'
ss_panel `p_panel_id' `p_time_var', within(`p_outcome' `focal')
if "`p_vce'" == "robust" {
    ss_clusters ss_panel
}
* rows outside the sample may repeat a key: the panel is declared on the sample alone
quietly keep if ss_use
xtset ss_panel ss_period
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname fixed random chi2 df p chi2_more df_more p_more lm lm_p gap of_b keep vectors roots
xtreg `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, fe vce(`vce') level(`p_level')
matrix `fixed' = r(table)
* random effects need more units than terms
quietly summarize ss_panel if ss_use, meanonly
local units = r(max)
capture noisily xtreg `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, re vce(`vce') level(`p_level')
local code = _rc
ss_check few_df, fail(`code' == 2001) value(`units')
if `code' != 0 {
    error `code'
}
matrix `random' = r(table)
ss_metric rho = e(rho)
ss_metric sigma_u = e(sigma_u)
ss_metric sigma_e = e(sigma_e)
ss_metric n_groups = e(N_g)
estimates store ss_shown
ss_event step name=estimate status=ok

ss_event step name=test status=begin
* both tests compare estimates with conventional standard errors
quietly xtreg `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, fe
estimates store ss_fe
matrix `gap' = e(V)
quietly xtreg `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, re
estimates store ss_re
matrix `of_b' = e(V)
* V_b - V_B over the slopes that both models have
local slopes = colsof(`gap') - 1
local kept = 0
forvalues i = 1/`slopes' {
    local kept = `kept' + (el(`gap', `i', `i') > 0 & el(`of_b', `i', `i') > 0)
}
local definite = 1
if `kept' > 0 {
    matrix `keep' = J(`kept', `slopes' + 1, 0)
    local row = 0
    forvalues i = 1/`slopes' {
        if el(`gap', `i', `i') > 0 & el(`of_b', `i', `i') > 0 {
            local row = `row' + 1
            matrix `keep'[`row', `i'] = 1
        }
    }
    matrix `gap' = `keep' * (`gap' - `of_b') * `keep''
    matrix symeigen `vectors' `roots' = `gap'
    local definite = el(`roots', 1, `kept') > 0
}
xttest0
scalar `lm' = r(lm)
scalar `lm_p' = r(p)
hausman ss_fe ss_re
scalar `chi2' = r(chi2)
scalar `df' = r(df)
scalar `p' = cond(r(chi2) < 0, ., chi2tail(r(df), r(chi2)))
hausman ss_fe ss_re, sigmamore
scalar `chi2_more' = r(chi2)
scalar `df_more' = r(df)
scalar `p_more' = cond(r(chi2) < 0, ., chi2tail(r(df), r(chi2)))
ss_check hausman_negative, warn(`chi2' < 0) value(`chi2')
ss_check not_definite, warn(!`definite') value(`=!`definite'')
if `p_sigmamore' == 1 {
    ss_metric hausman_chi2 = `chi2_more'
    ss_metric hausman_p = `p_more'
}
else {
    ss_metric hausman_chi2 = `chi2'
    ss_metric hausman_p = `p'
}
tempname handle
tempfile tests
postfile `handle' str32 test double statistic double df1 double df2 double p_value str80 note using "`tests'"
* the form that the plan chose comes first
if `p_sigmamore' == 1 {
    post `handle' ("hausman_sigmamore") (`chi2_more') (`df_more') (.) (`p_more') ("both covariances on the error variance of random effects")
}
post `handle' ("hausman") (`chi2') (`df') (.) (`p') (cond(`chi2' < 0, "negative: no p-value, read the form with a common error variance", cond(`definite', "", "V_b-V_B is not positive definite, read the form with a common error variance")))
if `p_sigmamore' != 1 {
    post `handle' ("hausman_sigmamore") (`chi2_more') (`df_more') (.) (`p_more') ("both covariances on the error variance of random effects")
}
postclose `handle'
tempfile lm_rows
postfile `handle' str32 test double statistic double df1 double df2 double p_value str80 note using "`lm_rows'"
post `handle' ("breusch_pagan_lm") (`lm') (1) (.) (`lm_p') ("one-sided: mixture of zero and chi2(1)")
postclose `handle'
ss_event step name=test status=ok

ss_event step name=export status=begin
quietly estimates restore ss_shown
* share of the group mean that random effects subtract ([XT] xtreg): 0 is pooled OLS, 1 is fixed effects
foreach size in min max {
    local theta_`size' = 1 - e(sigma_e) / sqrt(e(g_`size') * e(sigma_u)^2 + e(sigma_e)^2)
}
ss_models_table using "table_coefficients.csv", models(fixed `fixed' random `random') focal(`focal')
ss_export using "table_hausman.csv", rows("`tests'")
ss_export using "table_lm_test.csv", rows("`lm_rows'")
ss_fit_table using "table_fit.csv", scalars(N N_g g_min g_avg g_max r2_w r2_b r2_o sigma_u sigma_e rho chi2 df_m) se(`errors') clusters(`p_panel_id') values(theta_min `theta_min' theta_max `theta_max' level `p_level')
ss_event step name=export status=ok
