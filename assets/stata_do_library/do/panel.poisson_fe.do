* panel.poisson_fe 1.0.1: counts of units over time, with fixed or random effects.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_panel_id p_time_var p_exposure_var p_effects p_time_effects p_vce p_level.
local vce = cond("`p_vce'" == "classical", "oim", "robust")
local errors = cond("`p_vce'" == "classical", "information matrix", "cluster `p_panel_id'")

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_exposure_var' `p_time_var', strok(`p_panel_id') nometric
quietly count if ss_use & `p_outcome' < 0
local negative = r(N)
local exposure ""
if "`p_exposure_var'" != "" {
    quietly count if ss_use & `p_exposure_var' <= 0
    local negative = `negative' + r(N)
    local exposure "exposure(`p_exposure_var')"
}
ss_check neg_values, fail(`negative' > 0) value(`negative')
local focal : word 1 of `p_regressors'
ss_panel `p_panel_id' `p_time_var', within(`p_outcome' `focal')
local period "`r(period)'"
ss_clusters ss_panel
* a unit without any event says nothing about effects within units
quietly egen double ss_events = total(`p_outcome') if ss_use, by(ss_panel)
quietly egen byte ss_first = tag(ss_panel) if ss_use
quietly count if ss_first == 1 & ss_events == 0
local empty = r(N)
quietly keep if ss_use
xtset ss_panel ss_period
local times ""
if `p_time_effects' == 1 {
    local times "i.`period'"
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients pooled
quietly poisson `p_outcome' `p_regressors_fv' `p_controls_fv' `times', `exposure' vce(cluster ss_panel) level(`p_level')
matrix `pooled' = r(table)
local everyone = e(N)
if "`p_effects'" == "fe" {
    xtpoisson `p_outcome' `p_regressors_fv' `p_controls_fv' `times', fe `exposure' vce(`vce') level(`p_level')
}
else {
    xtpoisson `p_outcome' `p_regressors_fv' `p_controls_fv' `times', re `exposure' vce(`vce') level(`p_level')
}
matrix `coefficients' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
ss_event metric name=n_used value=`=e(N)'
ss_metric n_groups = e(N_g)
ss_metric ll = e(ll)
ss_metric chi2 = e(chi2)
local more ""
if "`p_effects'" == "re" {
    local columns = colsof(`coefficients') - 1
    matrix `coefficients' = `coefficients'[1..., 1..`columns']
    local more "alpha e(alpha)"
}
ss_event step name=estimate status=ok

ss_event step name=export status=begin
local used = e(N)
ss_fit_table using "table_fit.csv", scalars(N N_g ll chi2 p df_m) se(`errors') clusters(`p_panel_id') values(`more' N_pooled `everyone' units_without_event `empty' level `p_level')
ss_models_table using "table_coefficients.csv", models(`p_effects' `coefficients' pooled `pooled') focal(`focal') eform(irr) equation(`p_outcome')
ss_label `p_outcome'
ss_coef_plot using "fig_coef_plot.svg", table(`coefficients') level(`p_level') n(`used') se(standard errors: `errors') title(`"Panel Poisson: `=r(text)'"') xtitle("Log rate ratio with interval") skip(`period')
ss_event step name=export status=ok
