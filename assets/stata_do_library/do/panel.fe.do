* panel.fe 1.2.0: fixed-effects (within) regression.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_interactions p_panel_id p_time_var p_time_effects p_cluster_var p_vce p_weight_var p_weight_kind p_level.
local kind "none"
local weight ""
if "`p_weight_var'" != "" {
    local kind "`p_weight_kind'"
    local weight "[`p_weight_kind' = `p_weight_var']"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_time_var', strok(`p_panel_id' `p_cluster_var') weight(`p_weight_var') kind(`kind')
ss_linear_probability `p_outcome'
local focal : word 1 of `p_regressors'
ss_panel `p_panel_id' `p_time_var', within(`p_outcome' `focal')
local periods = cond(`p_time_effects' == 1, "i.`r(period)'", "")
local cluster "ss_panel"
local clusters "`p_panel_id'"
if "`p_cluster_var'" != "" {
    local cluster "`p_cluster_var'"
    local clusters "`p_cluster_var'"
}
local vce "cluster `cluster'"
local errors "cluster `clusters'"
if "`p_vce'" == "classical" {
    local vce "conventional"
    local errors "conventional"
}
else {
    ss_clusters `cluster'
}
* rows outside the sample may repeat a key: the panel is declared on the sample alone
quietly keep if ss_use
xtset ss_panel ss_period
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients joint joint_p
xtreg `p_outcome' `p_regressors_fv' `p_controls_fv' `p_interactions' `periods' if ss_use `weight', fe vce(`vce') level(`p_level')
matrix `coefficients' = r(table)
ss_metric r2_w = e(r2_w)
ss_metric n_groups = e(N_g)
ss_metric rho = e(rho)
ss_metric df_r = e(df_r)
local extra ""
if `p_time_effects' == 1 {
    testparm `periods'
    scalar `joint' = r(F)
    scalar `joint_p' = r(p)
    * clusters leave no more restrictions than their number less one
    quietly levelsof ss_period if e(sample)
    if e(N_clust) < . & `: word count `r(levels)'' > e(N_clust) {
        scalar `joint' = .
        scalar `joint_p' = .
    }
    local extra "time_effects_F `joint' time_effects_p `joint_p'"
}
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N N_g g_min g_avg g_max r2_w r2_b r2_o sigma_u sigma_e rho corr F df_r) se(`errors') clusters(`clusters') weight(`kind') values(`extra' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`focal') results
ss_event step name=export status=ok
