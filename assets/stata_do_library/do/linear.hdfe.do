* linear.hdfe 1.2.0: linear regression that absorbs the effects of many groups.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_interactions p_absorb_var p_cluster_var p_vce p_weight_var p_weight_kind p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
local weight ""
local kind "none"
if "`p_weight_var'" != "" {
    local kind "`p_weight_kind'"
    local weight "[`kind' = `p_weight_var']"
}
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_absorb_var' `p_cluster_var') weight(`p_weight_var') kind(`kind') maxloss(0.2)
ss_linear_probability `p_outcome'
quietly egen long ss_absorb = group(`p_absorb_var') if ss_use
quietly duplicates tag ss_absorb if ss_use, generate(ss_others)
quietly count if ss_use & ss_others == 0
ss_check singleton_groups, warn(r(N) > 0) value(r(N))
local alone = r(N)
quietly summarize ss_absorb, meanonly
local groups = r(max)
ss_check one_level, fail(`groups' < 2) value(`groups')
local errors = cond("`p_vce'" == "classical", "ols", "robust")
if "`p_cluster_var'" != "" {
    local errors "cluster `p_cluster_var'"
    ss_clusters `p_cluster_var'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname found
capture noisily areg `p_outcome' `p_regressors_fv' `p_controls_fv' `p_interactions' `weight' if ss_use, absorb(ss_absorb) vce(`errors') level(`p_level')
local code = _rc
ss_check few_df, warn(e(df_r) < 10) fail(`code' == 2001 | e(df_r) < 1) value(e(df_r))
if `code' != 0 {
    error `code'
}
matrix `found' = r(table)
ss_metric r2 = e(r2)
ss_metric rmse = e(rmse)
ss_metric df_r = e(df_r)
ss_metric n_groups = `groups'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_a df_r) se(`errors') weight(`kind') values(n_groups `groups' n_singletons `alone' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`found') focal(`: word 1 of `p_regressors'') results
ss_event step name=export status=ok
