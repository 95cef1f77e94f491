* limited.zero_inflated 1.0.0: counts with more zeros than a Poisson gives, as a mixture of never and sometimes.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_inflate_vars(_fv) p_model p_exposure_var p_vce p_cluster_vars p_level.
local vce = cond("`p_vce'" == "classical", "oim", "robust")
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}
local exposure ""
if "`p_exposure_var'" != "" {
    local exposure "exposure(`p_exposure_var')"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_inflate_vars' `p_exposure_var', strok(`p_cluster_vars')
quietly count if ss_use & `p_outcome' < 0
ss_check neg_values, fail(r(N) > 0) value(r(N))
quietly count if ss_use & `p_outcome' != floor(`p_outcome')
ss_check not_integer, fail(r(N) > 0) value(r(N))
quietly count if ss_use & `p_outcome' == 0
local zeros = r(N)
quietly count if ss_use
ss_check none_zero, warn(`zeros' == 0) value(`zeros')
ss_check one_level, fail(`zeros' == 0 | `zeros' == r(N)) value(`zeros')
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname all counts plain_ll plain_bic zero_plain count_part zero_part
* the model without inflation, to compare
if "`p_model'" == "zip" {
    quietly poisson `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, `exposure'
}
else {
    quietly nbreg `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, `exposure'
}
scalar `plain_ll' = e(ll)
scalar `plain_bic' = -2 * e(ll) + ln(e(N)) * e(rank)
tempvar mean none share
quietly predict double `mean' if ss_use, n
if "`p_model'" == "zip" {
    quietly generate double `none' = exp(-`mean') if ss_use
    zip `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, inflate(`p_inflate_vars_fv') `exposure' vce(`vce') level(`p_level')
}
else {
    quietly generate double `none' = (1 + e(alpha) * `mean')^(-1 / e(alpha)) if ss_use
    zinb `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, inflate(`p_inflate_vars_fv') `exposure' vce(`vce') level(`p_level')
}
matrix `all' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
quietly summarize `none' if ss_use
scalar `zero_plain' = r(mean)
local n = e(N)
local ll = e(ll)
local bic = -2 * e(ll) + ln(e(N)) * e(rank)
local aic = -2 * e(ll) + 2 * e(rank)
ss_metric ll = `ll'
ss_metric bic = `bic'
ss_metric bic_plain = `plain_bic'
tempvar expected never
quietly predict double `expected' if ss_use, n
quietly predict double `never' if ss_use, pr
quietly summarize `expected' if ss_use
local fitted_mean = r(mean)
quietly summarize `never' if ss_use
local never_share = r(mean)
ss_metric never_share = `never_share'
local fit ""
if "`p_model'" == "zinb" {
    local fit "alpha e(alpha)"
}
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N N_zero df_m ll chi2 p) se(`vce') values(`fit' aic `aic' bic `bic' plain_ll `plain_ll' plain_bic `plain_bic' share_zero `zeros'/`n' share_zero_plain `zero_plain' never_share `never_share' mean_fitted `fitted_mean' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`all') focal(`: word 1 of `p_regressors'') results eform(ratio)
ss_event step name=export status=ok
