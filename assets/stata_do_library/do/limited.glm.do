* limited.glm 1.1.1: generalised linear model, such as gamma with log link for a skewed positive outcome.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_family p_link p_vce p_cluster_vars p_level.
local vce = cond("`p_vce'" == "classical", "oim", "robust")
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}
local family = cond("`p_family'" == "inverse_gaussian", "igaussian", "`p_family'")

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_cluster_vars')
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
quietly count if ss_use & (`p_outcome' < 0 | (`p_outcome' == 0 & inlist("`p_family'", "gamma", "inverse_gaussian")))
ss_check neg_values, fail("`p_family'" != "gaussian" & r(N) > 0) value(r(N))
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients effects park park_p link_t
ss_indicators `p_regressors_fv' `p_controls_fv'
local terms "`r(terms)'"
local indicators "`r(names)'"
glm `p_outcome' `terms' if ss_use, family(`family') link(`p_link') vce(`vce') level(`p_level')
matrix `coefficients' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
ss_metric ll = e(ll)
ss_metric deviance = e(deviance)
ss_metric dispersion = e(dispers_p)
* exponentiated coefficients are ratios of means with the log link alone
local ratios = cond("`p_link'" == "log", "", "blank")
local fit "ll `=e(ll)' deviance `=e(deviance)' dispersion `=e(dispers_p)' aic `=-2 * e(ll) + 2 * e(rank)' bic `=-2 * e(ll) + ln(e(N)) * e(rank)'"
tempvar fitted index square
quietly predict double `fitted' if ss_use, mu
quietly predict double `index' if ss_use, xb
ss_event step name=estimate status=ok

ss_event step name=postestimate status=begin
margins, dydx(*) level(`p_level')
matrix `effects' = r(table)
ss_fit_table using "table_fit.csv", scalars(N df_m) se(`vce') values(`fit' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results eform(ratio) `ratios' indicators(`indicators')
ss_models_table using "table_margins.csv", models(mean `effects') column(prediction) equation(dydx) indicators(`indicators')
local used = e(N)
tempname handle
tempfile rows
postfile `handle' str32 test double statistic double df1 double df2 double p_value str244 note using "`rows'"
* Park (1966): power of the mean to which the variance is proportional
tempvar squared logmean
quietly generate double `squared' = (`p_outcome' - `fitted')^2 if ss_use
quietly generate double `logmean' = ln(`fitted') if ss_use & `fitted' > 0
capture glm `squared' `logmean' if ss_use & `fitted' > 0, family(gamma) link(log) vce(robust)
if _rc == 0 {
    post `handle' ("park_power") (_b[`logmean']) (.) (.) (.) ("0 gaussian, 1 poisson, 2 gamma, 3 inverse gaussian")
}
* Pregibon (1980): the square of the index adds nothing where the link fits
quietly generate double `square' = `index'^2 if ss_use
capture glm `p_outcome' `index' `square' if ss_use, family(`family') link(`p_link') vce(robust)
if _rc == 0 {
    scalar `link_t' = _b[`square'] / _se[`square']
    post `handle' ("link") (`link_t') (.) (.) (2 * normal(-abs(`link_t'))) ("z of the squared index; null: the link fits")
}
postclose `handle'
ss_event step name=postestimate status=ok

ss_event step name=export status=begin
ss_export using "table_tests.csv", rows("`rows'")
quietly generate double ss_residual = `p_outcome' - `fitted' if ss_use
ss_label `p_outcome'
local words = r(text)
ss_source
twoway (scatter ss_residual `fitted' if ss_use, mcolor("0 114 178") msize(small)), yline(0, lcolor(gs8) lpattern(dash)) legend(off) ///
    title(`"Residuals: `macval(words)'"') xtitle("Fitted mean") ytitle("Observed minus fitted") ylabel(, angle(0)) note("N = `used'; `p_family' with `p_link' link; `r(engine)'")
ss_figure using "fig_residuals.svg"
ss_event step name=export status=ok
