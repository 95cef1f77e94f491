* panel.fe 1.0.0: fixed-effects (within) regression with clustered standard errors.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_panel_id p_time_var p_time_effects p_cluster_var p_vce p_weight_var p_weight_kind p_level.
local kind "none"
local weight ""
if "`p_weight_var'" != "" {
    local kind "`p_weight_kind'"
    local weight "[`p_weight_kind' = `p_weight_var']"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_time_var', strok(`p_panel_id' `p_cluster_var') weight(`p_weight_var') kind(`kind')
quietly count if ss_use & `p_time_var' != floor(`p_time_var')
ss_check panel_unset, fail(r(N) > 0) value(r(N))
local unit "`p_panel_id'"
capture confirm numeric variable `p_panel_id'
if _rc != 0 {
    quietly egen long ss_panel = group(`p_panel_id') if ss_use
    local unit "ss_panel"
}
quietly duplicates report `unit' `p_time_var' if ss_use
ss_check dup_key, fail(r(unique_value) < r(N)) value(r(N) - r(unique_value))
* no_within: the outcome and the focal regressor must move inside at least one unit
local focal : word 1 of `p_regressors'
foreach variable in `p_outcome' `focal' {
    tempvar least most
    quietly egen double `least' = min(`variable') if ss_use, by(`unit')
    quietly egen double `most' = max(`variable') if ss_use, by(`unit')
    quietly count if ss_use & `least' < `most'
    ss_check no_within, fail(r(N) == 0) value(r(N))
}
local cluster "`p_cluster_var'"
if "`cluster'" == "" {
    local cluster "`unit'"
}
local vce "cluster `cluster'"
if "`p_vce'" == "classical" {
    local vce "conventional"
}
else {
    ss_clusters `cluster'
}
local periods ""
if `p_time_effects' == 1 {
    local period "`p_time_var'"
    quietly summarize `p_time_var' if ss_use, meanonly
    if r(min) < 0 {
        quietly egen long ss_period = group(`p_time_var') if ss_use
        local period "ss_period"
    }
    local periods "i.`period'"
}
* rows outside the sample may repeat a key: the panel is declared on the sample alone
quietly keep if ss_use
xtset `unit' `p_time_var'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients joint joint_p
xtreg `p_outcome' `p_regressors_fv' `p_controls_fv' `periods' if ss_use `weight', fe vce(`vce') level(`p_level')
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
    local extra "time_effects_F `joint' time_effects_p `joint_p'"
}
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N N_g g_min g_avg g_max r2_w r2_b r2_o sigma_u sigma_e rho corr F df_m df_r) se(`vce') weight(`kind') values(`extra' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`focal') results
ss_event step name=export status=ok
