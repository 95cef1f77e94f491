* limited.fractional 1.1.0: regression of a share between 0 and 1, both included, with marginal effects.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_link p_vce p_cluster_vars p_level.
local vce "robust"
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_cluster_vars')
quietly count if ss_use & (`p_outcome' < 0 | `p_outcome' > 1)
ss_check neg_values, fail(r(N) > 0) value(r(N))
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
quietly count if ss_use & `p_outcome' == 0
local zeros = r(N)
quietly count if ss_use & `p_outcome' == 1
local ones = r(N)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients effects
ss_indicators `p_regressors_fv' `p_controls_fv'
local terms "`r(terms)'"
local indicators "`r(names)'"
if "`p_link'" == "logit" {
    fracreg logit `p_outcome' `terms' if ss_use, vce(`vce') level(`p_level')
}
else {
    fracreg probit `p_outcome' `terms' if ss_use, vce(`vce') level(`p_level')
}
matrix `coefficients' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
ss_metric ll = e(ll)
ss_metric chi2 = e(chi2)
ss_event step name=estimate status=ok

ss_event step name=margins status=begin
margins, dydx(*) level(`p_level')
matrix `effects' = r(table)
tempvar fitted
quietly predict double `fitted' if ss_use
quietly correlate `fitted' `p_outcome' if ss_use
local fit2 = r(rho)^2
ss_event step name=margins status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N ll r2_p chi2 p df_m) se(`vce') values(n_zero `zeros' n_one `ones' correlation2 `fit2' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results indicators(`indicators')
ss_models_table using "table_margins.csv", models(share `effects') column(prediction) equation(dydx) indicators(`indicators')
ss_label `p_outcome'
local used = e(N)
ss_coef_plot using "fig_margins.svg", table(`effects') level(`p_level') n(`used') se(standard errors: `vce') title(`"Marginal effects: `=r(text)'"') xtitle("Change of the expected share")
ss_event step name=export status=ok
