* limited.beta 1.1.0: beta regression of a share strictly between 0 and 1, with marginal effects.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_scale_vars(_fv) p_link p_vce p_cluster_vars p_level.
local vce = cond("`p_vce'" == "classical", "oim", "robust")
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_scale_vars', strok(`p_cluster_vars')
* the beta distribution has no mass at 0 and 1
quietly count if ss_use & (`p_outcome' <= 0 | `p_outcome' >= 1)
ss_check bounds_order, fail(r(N) > 0) value(r(N))
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname all coefficients scale effects
local spread ""
if "`p_scale_vars'" != "" {
    ss_indicators `p_scale_vars_fv'
    local scale_indicators "`r(names)'"
    local spread "scale(`r(terms)')"
}
ss_indicators `p_regressors_fv' `p_controls_fv'
local terms "`r(terms)'"
local indicators "`r(names)'"
betareg `p_outcome' `terms' if ss_use, link(`p_link') `spread' vce(`vce') level(`p_level')
matrix `all' = r(table)
local equations : coleq `all'
local first : word 1 of `equations'
local terms = 0
foreach equation of local equations {
    local terms = `terms' + ("`equation'" == "`first'")
}
matrix `coefficients' = `all'[1..., 1..`terms']
matrix `scale' = `all'[1..., `=`terms' + 1'...]
ss_check converge, fail(e(converged) == 0) value(e(converged))
ss_metric ll = e(ll)
ss_metric chi2 = e(chi2)
ss_event step name=estimate status=ok

ss_event step name=margins status=begin
margins, dydx(*) level(`p_level')
matrix `effects' = r(table)
tempvar fitted
quietly predict double `fitted' if ss_use, cmean
quietly correlate `fitted' `p_outcome' if ss_use
local fit2 = r(rho)^2
ss_event step name=margins status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N ll chi2 p df_m) se(`vce') values(correlation2 `fit2' level `p_level')
ss_coef_table using "table_scale.csv", table(`scale') equation(scale) indicators(`scale_indicators')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results indicators(`indicators')
ss_models_table using "table_margins.csv", models(share `effects') column(prediction) equation(dydx) indicators(`indicators')
ss_label `p_outcome'
local used = e(N)
ss_coef_plot using "fig_margins.svg", table(`effects') level(`p_level') n(`used') se(standard errors: `vce') title(`"Marginal effects: `=r(text)'"') xtitle("Change of the expected share")
ss_event step name=export status=ok
