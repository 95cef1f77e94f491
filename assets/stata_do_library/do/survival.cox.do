* survival.cox 1.0.0: Cox proportional hazards model with the test of proportional hazards and concordance.
* Reads p_time p_failure p_regressors(_fv) p_ties p_cluster_var p_strata_var p_level.
local vce ""
local kind "oim"
if "`p_cluster_var'" != "" {
    local vce "vce(cluster `p_cluster_var')"
    local kind "cluster `p_cluster_var'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_time'
confirm numeric variable `p_failure'
ss_sample `p_time' `p_failure' `p_regressors', strok(`p_cluster_var' `p_strata_var')
ss_survival `p_time' `p_failure'
local events = r(events)
ss_event metric name=n_events value=`events'
if "`p_cluster_var'" != "" {
    ss_clusters `p_cluster_var'
}
local strata ""
local layers ""
if "`p_strata_var'" != "" {
    ss_groups `p_strata_var', generate(ss_stratum)
    local strata "strata(ss_stratum)"
    local layers "strata(ss_stratum)"
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients tests ph chi2 df p concordance
tempfile rows
capture noisily stcox `p_regressors_fv', `p_ties' `strata' `vce' nohr level(`p_level')
if _rc != 0 {
    local rc = _rc
    ss_check converge, fail(`rc' == 430) value(0)
    error `rc'
}
if e(df_m) == 0 {
    ss_check collinear, fail(1) value(0)
}
matrix `coefficients' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
stcox, level(`p_level')
ss_check few_events, warn(`events' < 10 * e(df_m)) value(`events')
ss_metric ll = e(ll)
ss_metric chi2 = e(chi2)
ss_event step name=estimate status=ok

ss_event step name=postestimate status=begin
estat phtest, detail
matrix `ph' = r(phtest)
scalar `chi2' = r(chi2)
scalar `df' = r(df)
scalar `p' = r(p)
ss_check ph_violation, warn(`p' < 0.05) value(`p')
ss_metric ph_p = `p'
estat concordance
scalar `concordance' = r(C)
ss_metric concordance = `concordance'
postfile `tests' str244 test double rho double statistic double df1 double df2 double p_value str80 note using "`rows'"
local terms : rownames `ph'
local count = rowsof(`ph')
forvalues i = 1/`count' {
    local term : word `i' of `terms'
    if !missing(el(`ph', `i', 2)) {
        post `tests' ("`term'") (el(`ph', `i', 1)) (el(`ph', `i', 2)) (el(`ph', `i', 3)) (.) (el(`ph', `i', 4)) ("correlation of the scaled Schoenfeld residuals with time")
    }
}
post `tests' ("global") (.) (`chi2') (`df') (.) (`p') ("all regressors together")
postclose `tests'
ss_event step name=postestimate status=ok

ss_event step name=export status=begin
local focal : word 1 of `p_regressors'
ss_coef_table using "table_hazard_ratios.csv", table(`coefficients') focal(`focal') eform(hazard_ratio) results
ss_export using "table_ph_test.csv", rows("`rows'")
ss_fit_table using "table_fit.csv", scalars(N N_fail risk ll ll_0 chi2 p df_m) se(`kind') ///
    values(aic -2*e(ll)+2*e(rank) bic -2*e(ll)+ln(e(N))*e(rank) concordance `concordance' level `p_level')
ss_cox_plot using "fig_curves.svg", focal(`focal') time(`p_time') `layers'
ss_event step name=export status=ok
