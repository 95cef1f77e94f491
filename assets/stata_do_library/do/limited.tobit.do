* limited.tobit 1.1.0: tobit regression of an outcome that is piled up at a limit, with marginal effects.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_lower p_upper p_vce p_cluster_vars p_weight_var p_weight_kind p_level.
local vce = cond("`p_vce'" == "classical", "oim", "robust")
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}
local weight ""
local kind "none"
if "`p_weight_var'" != "" {
    local kind "`p_weight_kind'"
    local weight "[`p_weight_kind' = `p_weight_var']"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_cluster_vars') weight(`p_weight_var') kind(`kind')
quietly summarize `p_outcome' if ss_use
local spread = r(max) > r(min)
local smallest = r(min)
ss_check zero_spread, fail(!`spread') value(r(sd))
local lower "`p_lower'"
local upper "`p_upper'"
if "`lower'`upper'" == "" {
    * without a limit the smallest value is the lower one
    local lower = `smallest'
    ss_event note key=lower_limit value=`lower'
}
local limits ""
local low "."
local high "."
local censored = 0
if "`lower'" != "" {
    local limits "ll(`lower')"
    local low "`lower'"
    quietly count if ss_use & `p_outcome' <= `lower'
    local censored = r(N)
}
if "`upper'" != "" {
    local limits "`limits' ul(`upper')"
    local high "`upper'"
    quietly count if ss_use & `p_outcome' >= `upper'
    local censored = `censored' + r(N)
}
if "`lower'" != "" & "`upper'" != "" {
    ss_check bounds_order, fail(`lower' >= `upper') value(`lower')
}
quietly count if ss_use
ss_check one_level, fail(`censored' == r(N)) value(r(N) - `censored')
ss_check none_censored, warn(`censored' == 0) value(`censored')
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname all slopes star inside share
ss_indicators `p_regressors_fv' `p_controls_fv'
local terms "`r(terms)'"
local indicators "`r(names)'"
tobit `p_outcome' `terms' if ss_use `weight', `limits' vce(`vce') level(`p_level')
matrix `all' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
ss_metric ll = e(ll)
ss_metric r2_p = e(r2_p)
ss_metric n_left = e(N_lc)
ss_metric n_right = e(N_rc)
local last = colsof(`all') - 1
local variance = el(`all', 1, colsof(`all'))
matrix `slopes' = `all'[1..., 1..`last']
ss_event step name=estimate status=ok

ss_event step name=postestimate status=begin
margins, dydx(*) predict(ystar(`low',`high')) level(`p_level')
matrix `star' = r(table)
margins, dydx(*) predict(e(`low',`high')) level(`p_level')
matrix `inside' = r(table)
margins, dydx(*) predict(pr(`low',`high')) level(`p_level')
matrix `share' = r(table)
ss_event step name=postestimate status=ok

ss_event step name=export status=begin
local focal : word 1 of `p_regressors'
ss_fit_table using "table_fit.csv", scalars(N N_unc N_lc N_rc ll ll_0 r2_p df_m df_r) se(`vce') weight(`kind') ///
    values(lower `low' upper `high' sigma sqrt(`variance') level `p_level')
ss_coef_table using "table_coefficients.csv", table(`slopes') focal(`focal') results indicators(`indicators')
ss_models_table using "table_margins.csv", models(observed `star' uncensored `inside' probability `share') column(prediction) equation(dydx) indicators(`indicators')
ss_event step name=export status=ok
