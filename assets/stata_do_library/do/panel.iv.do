* panel.iv 1.1.0: regression with instruments and fixed effects of units that are observed over time.
* Reads p_outcome p_endogenous p_instruments(_fv) p_controls(_fv) p_panel_id p_time_var p_time_effects p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_endogenous' `p_instruments' `p_controls' `p_time_var', strok(`p_panel_id')
ss_linear_probability `p_outcome'
local needed : word count `p_endogenous'
local focal : word 1 of `p_endogenous'
ss_panel `p_panel_id' `p_time_var', within(`p_outcome' `focal')
local periods = cond(`p_time_effects' == 1, "i.`r(period)'", "")
ss_clusters ss_panel
* rows outside the sample may repeat a key: the panel is declared on the sample alone
quietly keep if ss_use
xtset ss_panel ss_period
ss_event step name=sample status=ok

ss_event step name=first_stage status=begin
tempname stages weakest
tempfile stage_rows
postfile `stages' str32 endogenous double f_stat double df1 double df2 double p_value str80 note using "`stage_rows'"
scalar `weakest' = .
local row = 0
foreach variable of local p_endogenous {
    local row = `row' + 1
    xtreg `variable' `p_instruments_fv' `p_controls_fv' `periods', fe vce(cluster ss_panel)
    testparm `p_instruments_fv'
    ss_check underidentified, fail(r(df) < `needed') value(r(df)) row(`row')
    ss_check weak_iv, warn(r(F) < 10) value(r(F)) row(`row')
    post `stages' ("`variable'") (r(F)) (r(df)) (r(df_r)) (r(p)) ("F of the excluded instruments, clusters of `p_panel_id'")
    scalar `weakest' = min(`weakest', r(F))
}
postclose `stages'
ss_metric first_stage_f = `weakest'
ss_event step name=first_stage status=ok

ss_event step name=estimate status=begin
tempname coefficients plain
quietly xtreg `p_outcome' `p_endogenous' `p_controls_fv' `periods', fe
scalar `plain' = _b[`focal']
xtivreg `p_outcome' `p_controls_fv' `periods' (`p_endogenous' = `p_instruments_fv'), fe small level(`p_level')
matrix `coefficients' = r(table)
ss_metric n_groups = e(N_g)
ss_metric rmse = e(rmse)
local estimate = el(`coefficients', 1, 1)
ss_metric effect = `estimate'
ss_fit_table using "table_fit.csv", scalars(N N_g g_min g_avg g_max F df_r rmse) se(conventional) values(first_stage_f `weakest' without_instruments `plain' level `p_level')
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`focal') results
ss_export using "table_first_stage.csv", rows("`stage_rows'")
ss_label `p_outcome'
ss_coef_plot using "fig_coefficients.svg", table(`coefficients') level(`p_level') n(`=e(N)') se(conventional errors) title(`"Coefficients: `=r(text)'"') xtitle("Coefficient with `p_level'% confidence interval")
ss_event step name=export status=ok
