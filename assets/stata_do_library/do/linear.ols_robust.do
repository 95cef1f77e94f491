* linear.ols_robust 1.2.0: linear regression with robust, clustered or classical standard errors.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_interactions p_vce p_cluster_vars p_absorb_vars p_weight_var p_weight_kind p_level.
local vce "robust"
if "`p_vce'" == "classical" {
    local vce "ols"
}
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
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_cluster_vars' `p_absorb_vars') weight(`p_weight_var') kind(`kind') maxloss(0.2)
ss_linear_probability `p_outcome'
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
if "`p_absorb_vars'" == "" {
    regress `p_outcome' `p_regressors_fv' `p_controls_fv' `p_interactions' if ss_use `weight', vce(`vce') level(`p_level')
}
else {
    ss_groups `p_absorb_vars', generate(ss_absorb)
    areg `p_outcome' `p_regressors_fv' `p_controls_fv' `p_interactions' if ss_use `weight', absorb(ss_absorb) vce(`vce') level(`p_level')
}
tempname coefficients
matrix `coefficients' = r(table)
ss_check few_df, warn(e(df_r) < 10) value(e(df_r))
ss_metric r2 = e(r2)
ss_metric r2_a = e(r2_a)
ss_metric rmse = e(rmse)
ss_metric f_stat = e(F)
ss_metric df_r = e(df_r)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
local rows = e(N)
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_r) se(`vce') weight(`kind') values(level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results
ss_label `p_outcome'
ss_coef_plot using "fig_coef_plot.svg", table(`coefficients') level(`p_level') n(`rows') se(standard errors: `vce') title(`"Linear regression: `=r(text)'"')
ss_event step name=export status=ok
