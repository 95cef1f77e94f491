* limited.truncreg 1.0.0: linear regression where rows beyond a limit are absent from the data.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_lower p_upper p_vce p_cluster_vars p_level.
local vce = cond("`p_vce'" == "classical", "oim", "robust")
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_cluster_vars')
local limits ""
local set = 0
if "`p_lower'" != "" {
    local set = `set' + 1
    local limits "ll(`p_lower')"
}
if "`p_upper'" != "" {
    local set = `set' + 1
    local limits "`limits' ul(`p_upper')"
}
ss_check bounds_order, fail(`set' == 0) value(`set') row(1)
if `set' == 2 {
    ss_check bounds_order, fail(`p_lower' >= `p_upper') value(`p_lower') row(2)
}
* rows at or beyond a limit belong to no truncated sample
local outside = 0
if "`p_lower'" != "" {
    quietly count if ss_use & `p_outcome' <= `p_lower'
    local outside = r(N)
    quietly replace ss_use = 0 if `p_outcome' <= `p_lower'
}
if "`p_upper'" != "" {
    quietly count if ss_use & `p_outcome' >= `p_upper'
    local outside = `outside' + r(N)
    quietly replace ss_use = 0 if `p_outcome' >= `p_upper'
}
ss_event note key=beyond_limits value=`outside'
quietly count if ss_use
ss_check no_obs, fail(r(N) == 0) value(r(N))
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname all coefficients plain
quietly regress `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, vce(robust) level(`p_level')
matrix `plain' = r(table)
truncreg `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, `limits' vce(`vce') level(`p_level')
matrix `all' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
local last = colsof(`all') - 1
matrix `coefficients' = `all'[1..., 1..`last']
ss_metric ll = e(ll)
ss_metric sigma = e(sigma)
ss_metric chi2 = e(chi2)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N ll chi2 p df_m sigma) se(`vce') values(n_beyond `outside' level `p_level')
ss_models_table using "table_coefficients.csv", models(truncated `coefficients' ols `plain') focal(`: word 1 of `p_regressors'') equation(`p_outcome')
ss_event step name=export status=ok
