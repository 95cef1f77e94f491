* multilevel.generalised 1.0.0: logit, probit or Poisson model with a random intercept, and optionally a random slope, of groups.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_level2_id p_model p_slope_var p_points p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_slope_var', strok(`p_level2_id')
if "`p_model'" == "poisson" {
    quietly count if ss_use & `p_outcome' < 0
    ss_check neg_values, fail(r(N) > 0) value(r(N))
    quietly summarize `p_outcome' if ss_use
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
}
else {
    ss_binary `p_outcome'
}
ss_groups `p_level2_id', generate(ss_group)
ss_clusters ss_group
quietly keep if ss_use
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname all fixed handle icc
if "`p_model'" == "logit" {
    capture noisily melogit `p_outcome' `p_regressors_fv' `p_controls_fv' || ss_group: `p_slope_var', intpoints(`p_points') level(`p_level')
    local code = _rc
}
if "`p_model'" == "probit" {
    capture noisily meprobit `p_outcome' `p_regressors_fv' `p_controls_fv' || ss_group: `p_slope_var', intpoints(`p_points') level(`p_level')
    local code = _rc
}
if "`p_model'" == "poisson" {
    capture noisily mepoisson `p_outcome' `p_regressors_fv' `p_controls_fv' || ss_group: `p_slope_var', intpoints(`p_points') level(`p_level')
    local code = _rc
}
ss_check converge, fail(`code' == 430 | `code' == 504) value(`code')
if `code' != 0 {
    error `code'
}
matrix `all' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
ss_metric ll = e(ll)
ss_metric n_groups = e(N_g)
local names : colnames `all'
local equations : coleq `all'
local columns = colsof(`all')
local z = invnormal(1 - (1 - `p_level' / 100) / 2)
local effects = cond("`p_slope_var'" == "", 1, 2)
local last = `columns' - `effects'
matrix `fixed' = `all'[1..., 1..`last']
tempfile variances
postfile `handle' str40 component double estimate double std_error double ci_low double ci_high double statistic double p_value str80 note using "`variances'"
local smallest = .
forvalues k = 1/`effects' {
    local column = `last' + `k'
    local b = el(`all', 1, `column')
    local se = el(`all', 2, `column')
    local smallest = min(`smallest', `b')
    * the interval is symmetric in logs, so that it stays positive
    local name = cond(`k' < `effects', "`p_slope_var'", "_cons")
    post `handle' ("var(`name')") (`b') (`se') (`b' * exp(-`z' * `se' / `b')) (`b' * exp(`z' * `se' / `b')) (.) (.) ("random effect of `p_level2_id'")
}
ss_check boundary, warn(`smallest' < 1e-6) value(`smallest')
post `handle' ("lr_test") (.) (.) (.) (.) (e(chi2_c)) (e(p_c)) ("against a model without random effects")
scalar `icc' = .
if "`p_model'" != "poisson" {
    * variance of the error of the latent outcome
    local residual = cond("`p_model'" == "logit", c(pi)^2 / 3, 1)
    scalar `icc' = `b' / (`b' + `residual')
    post `handle' ("icc") (`icc') (`se' * `residual' / (`b' + `residual')^2) (.) (.) (.) (.) ("share of the latent variance between groups, slopes at zero")
}
postclose `handle'
ss_metric icc = `icc'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N N_g g_min g_avg g_max ll chi2 p df_m chi2_c p_c) se(information matrix) clusters(`p_level2_id') values(points `p_points' level `p_level')
local focal : word 1 of `p_regressors'
local ratio = cond("`p_model'" == "probit", "blank", "")
ss_coef_table using "table_coefficients.csv", table(`fixed') focal(`focal') eform(ratio) `ratio' results
ss_export using "table_variance.csv", rows("`variances'")
ss_label `p_outcome'
ss_coef_plot using "fig_coefficients.svg", table(`fixed') level(`p_level') n(`=e(N)') se(`=e(N_g)' groups) title(`"Coefficients: `=r(text)'"') xtitle("Coefficient with `p_level'% confidence interval")
ss_event step name=export status=ok
