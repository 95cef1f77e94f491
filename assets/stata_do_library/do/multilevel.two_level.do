* multilevel.two_level 1.1.1: linear mixed model with random effects of groups, their variances and predictions.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_level2_id p_slope_var p_reml p_level.
local method = cond(`p_reml' == 1, "reml", "mle")

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_slope_var', strok(`p_level2_id')
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
if "`p_slope_var'" != "" {
    quietly summarize `p_slope_var' if ss_use
    ss_check zero_spread, fail(r(sd) == 0) value(r(sd)) row(2)
}
ss_groups `p_level2_id', generate(ss_group)
ss_clusters ss_group
quietly keep if ss_use
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname all fixed handle icc icc_se
capture noisily mixed `p_outcome' `p_regressors_fv' `p_controls_fv' || ss_group: `p_slope_var', `method' level(`p_level')
local code = _rc
ss_check converge, fail(`code' == 430 | `code' == 504) value(`code')
if `code' != 0 {
    error `code'
}
matrix `all' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
ss_metric ll = e(ll)
ss_metric n_groups = e(N_g)
local effects = wordcount("`e(revars)'")
local names "`e(revars)'"
local columns = colsof(`all')
local last = `columns' - `effects' - 1
matrix `fixed' = `all'[1..., 1..`last']
local residual = exp(2 * el(`all', 1, `columns'))
local z = invnormal(1 - (1 - `p_level' / 100) / 2)
tempfile variances
postfile `handle' str40 component double estimate double std_error double ci_low double ci_high double statistic double p_value str80 note using "`variances'"
local smallest = .
forvalues k = 1/`effects' {
    local name : word `k' of `names'
    local column = `last' + `k'
    local b = el(`all', 1, `column')
    local se = el(`all', 2, `column')
    local smallest = min(`smallest', exp(2 * `b'))
    post `handle' ("var(`name')") (exp(2 * `b')) (2 * exp(2 * `b') * `se') (exp(2 * (`b' - `z' * `se'))) (exp(2 * (`b' + `z' * `se'))) (.) (.) ("random effect of `p_level2_id'")
}
local b = el(`all', 1, `columns')
local se = el(`all', 2, `columns')
post `handle' ("var(Residual)") (exp(2 * `b')) (2 * exp(2 * `b') * `se') (exp(2 * (`b' - `z' * `se'))) (exp(2 * (`b' + `z' * `se'))) (.) (.) ("")
post `handle' ("lr_test") (.) (.) (.) (.) (e(chi2_c)) (e(p_c)) ("against a model without random effects")
ss_check boundary, warn(`smallest' < 1e-6 * `residual') value(`smallest')
ss_event step name=estimate status=ok

ss_event step name=postestimate status=begin
estat icc
local zero = cond("`p_slope_var'" == "", "", ", slopes at zero")
scalar `icc' = r(icc2)
scalar `icc_se' = r(se2)
post `handle' ("icc") (`icc') (`icc_se') (.) (.) (.) (.) ("share of the variance between groups`zero'")
postclose `handle'
ss_metric icc = `icc'
quietly predict double ss_effect*, reffects
ss_event step name=postestimate status=ok

ss_event step name=export status=begin
local model = cond("`p_regressors'`p_controls'" == "", "", "chi2 df_m")
ss_fit_table using "table_fit.csv", scalars(N N_g g_min g_avg g_max ll `model' k_r) se(information matrix) clusters(`p_level2_id') values(level `p_level')
ss_effects_plot using "fig_effects.svg", effect(ss_effect`effects') group(ss_group)
local focal : word 1 of `p_regressors'
if "`focal'" != "" {
    local focal "focal(`focal')"
}
ss_coef_table using "table_coefficients.csv", table(`fixed') `focal' results
ss_export using "table_variance.csv", rows("`variances'")
ss_event step name=export status=ok
