* survival.parametric 1.0.0: parametric survival model, compared with other distributions by AIC and BIC.
* Reads p_time p_failure p_regressors(_fv) p_dist p_metric p_level.
local metric "ph"
local show "nohr"
if inlist("`p_dist'", "lognormal", "loglogistic") {
    local metric "aft"
    local show ""
}
if "`p_metric'" == "aft" & inlist("`p_dist'", "exponential", "weibull") {
    local metric "aft"
    local show "time"
}

ss_event step name=sample status=begin
* lognormal and loglogistic exist on log time only, Gompertz on the hazard only
ss_check bounds_order, fail("`p_metric'" != "" & "`p_metric'" != "`metric'") value(0)
confirm numeric variable `p_time'
confirm numeric variable `p_failure'
ss_sample `p_time' `p_failure' `p_regressors'
ss_survival `p_time' `p_failure'
local events = r(events)
ss_event metric name=n_events value=`events'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients aic bic
local compared ""
foreach dist in exponential weibull gompertz lognormal loglogistic {
    capture quietly streg `p_regressors_fv', distribution(`dist') iterate(200)
    if _rc == 0 & e(converged) == 1 {
        tempname aic_`dist' bic_`dist'
        scalar `aic_`dist'' = -2 * e(ll) + 2 * e(rank)
        scalar `bic_`dist'' = -2 * e(ll) + ln(e(N)) * e(rank)
        local compared "`compared' aic_`dist' `aic_`dist'' bic_`dist' `bic_`dist''"
    }
}
capture noisily streg `p_regressors_fv', distribution(`p_dist') `show' level(`p_level')
if _rc != 0 {
    local rc = _rc
    ss_check converge, fail(`rc' == 430) value(0)
    error `rc'
}
matrix `coefficients' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
ss_check few_events, warn(`events' < 10 * e(df_m)) value(`events')
ss_metric ll = e(ll)
ss_metric chi2 = e(chi2)
scalar `aic' = -2 * e(ll) + 2 * e(rank)
scalar `bic' = -2 * e(ll) + ln(e(N)) * e(rank)
ss_metric aic = `aic'
ss_event metric name=metric value="`metric'"
ss_event step name=estimate status=ok

ss_event step name=export status=begin
local focal : word 1 of `p_regressors'
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`focal') eform(ratio) results
ss_fit_table using "table_fit.csv", scalars(N N_fail risk ll ll_0 chi2 p df_m) se(oim) ///
    values(aic `aic' bic `bic' `compared' level `p_level')
ss_streg_plot using "fig_curves.svg", dist(`p_dist') metric(`metric') time(`p_time')
ss_event step name=export status=ok
