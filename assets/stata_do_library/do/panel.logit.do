* panel.logit 1.0.0: logit of a 0/1 outcome for units observed over time, with fixed or random effects.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_panel_id p_time_var p_effects p_vce p_level.
local errors "information matrix"
local vce ""
if "`p_effects'" == "re" & "`p_vce'" == "robust" {
    local vce "vce(robust)"
    local errors "cluster `p_panel_id'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_time_var', strok(`p_panel_id') nometric
ss_binary `p_outcome'
local focal : word 1 of `p_regressors'
local within ""
if "`p_effects'" == "fe" {
    local within "within(`p_outcome' `focal')"
}
ss_panel `p_panel_id' `p_time_var', `within'
if "`vce'" != "" {
    ss_clusters ss_panel
}
* rows outside the sample may repeat a key: the panel is declared on the sample alone
quietly keep if ss_use
xtset ss_panel ss_period
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients
xtlogit `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, `p_effects' `vce' level(`p_level')
matrix `coefficients' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
quietly replace ss_use = 0 if !e(sample)
ss_metric n_used = e(N)
ss_metric n_groups = e(N_g)
ss_metric ll = e(ll)
ss_metric chi2 = e(chi2)
local scalars "N N_g g_min g_avg g_max ll chi2 p df_m"
local extra ""
if "`p_effects'" == "re" {
    local columns = colsof(`coefficients') - 1
    matrix `coefficients' = `coefficients'[1..., 1..`columns']
    local scalars "`scalars' sigma_u rho"
    local extra "rho_chi2 e(chi2_c) rho_p 0.5*chi2tail(1,e(chi2_c))"
}
else {
    local scalars "`scalars' N_group_drop N_drop"
}
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(`scalars') se(`errors') clusters(`p_panel_id') values(`extra' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`focal') eform(odds_ratio) results
ss_event step name=export status=ok
