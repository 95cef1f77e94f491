* linear.wls 1.1.1: weighted least squares beside the unweighted fit of the same rows.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_weight_var p_weight_kind p_vce p_cluster_vars p_absorb_vars p_level.
local errors "robust"
if "`p_vce'" == "classical" {
    local errors "ols"
}
if "`p_cluster_vars'" != "" {
    local errors "cluster `p_cluster_vars'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_weight_var'
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_cluster_vars' `p_absorb_vars') weight(`p_weight_var') kind(`p_weight_kind') maxloss(0.2)
ss_linear_probability `p_outcome'
if "`p_absorb_vars'" != "" {
    ss_groups `p_absorb_vars', generate(ss_absorb)
}
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname plain weighted total squares
if "`p_absorb_vars'" == "" {
    regress `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, vce(`errors') level(`p_level')
}
else {
    areg `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, absorb(ss_absorb) vce(`errors') level(`p_level')
}
matrix `plain' = r(table)
quietly generate double ss_square = `p_weight_var'^2 if ss_use
quietly summarize ss_square, meanonly
scalar `squares' = r(sum)
quietly summarize `p_weight_var' if ss_use, meanonly
scalar `total' = r(sum)
* size of an equally weighted sample with the same precision, Kish (1965)
ss_metric n_effective = `total'^2 / `squares'
if "`p_absorb_vars'" == "" {
    regress `p_outcome' `p_regressors_fv' `p_controls_fv' [`p_weight_kind' = `p_weight_var'] if ss_use, vce(`errors') level(`p_level')
}
else {
    areg `p_outcome' `p_regressors_fv' `p_controls_fv' [`p_weight_kind' = `p_weight_var'] if ss_use, absorb(ss_absorb) vce(`errors') level(`p_level')
}
matrix `weighted' = r(table)
* a frequency weight repeats its row
local repeated = cond("`p_weight_kind'" == "fweight", "N_weighted e(N)", "")
ss_metric r2 = e(r2)
ss_metric rmse = e(rmse)
ss_metric df_r = e(df_r)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_r) se(`errors') weight(`p_weight_kind') values(`repeated' sum_weights `total' n_effective `total'^2/`squares' level `p_level')
ss_models_table using "table_coefficients.csv", models(weighted `weighted' unweighted `plain') focal(`: word 1 of `p_regressors'')
ss_event step name=export status=ok
