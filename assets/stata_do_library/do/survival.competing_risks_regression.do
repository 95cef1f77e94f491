* survival.competing_risks_regression 1.0.0: ratios of subhazards of one kind of event where others exclude it (Fine and Gray).
* Reads p_time p_event p_regressors(_fv) p_event_code p_cluster_var p_times p_level.
local vce ""
local kind "robust"
if "`p_cluster_var'" != "" {
    local vce "vce(cluster `p_cluster_var')"
    local kind "cluster `p_cluster_var'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_time' `p_event'
ss_sample `p_time' `p_event' `p_regressors', strok(`p_cluster_var')
quietly count if ss_use & (`p_event' != floor(`p_event') | `p_event' < 0)
ss_check not_integer, fail(r(N) > 0) value(r(N))
quietly levelsof `p_event' if ss_use & `p_event' > 0, local(causes)
local kinds : word count `causes'
ss_check one_level, fail(`kinds' < 2) value(`kinds')
quietly count if ss_use & `p_event' == `p_event_code'
ss_check no_events, fail(r(N) == 0) value(r(N))
local events = r(N)
quietly count if ss_use & `p_time' <= 0
ss_check neg_values, fail(r(N) > 0) value(r(N))
if "`p_cluster_var'" != "" {
    ss_clusters `p_cluster_var'
}
quietly keep if ss_use
quietly generate byte ss_other = `p_event' > 0 & `p_event' != `p_event_code'
quietly stset `p_time', failure(`p_event' == `p_event_code')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients index handle
tempfile rows
capture noisily stcrreg `p_regressors_fv', compete(ss_other == 1) `vce' noshr level(`p_level')
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
ss_check few_events, warn(`events' < 10 * e(df_m)) value(`events')
ss_metric ll = e(ll)
ss_metric chi2 = e(chi2)
ss_event metric name=n_events value=`events'
local focal : word 1 of `p_regressors'
ss_coef_table using "table_subhazards.csv", table(`coefficients') focal(`focal') eform(subhazard_ratio) results
ss_fit_table using "table_fit.csv", scalars(N N_fail N_compete N_cens ll chi2 p df_m) se(`kind') values(level `p_level')
ss_event step name=estimate status=ok

ss_event step name=incidence status=begin
* at the end of each quarter of follow-up unless times are stated
local times "`p_times'"
if "`times'" == "" {
    quietly summarize `p_time'
    local times "`=r(max) / 4' `=r(max) / 2' `=3 * r(max) / 4'"
}
quietly predict double ss_base, basecshazard
* levels of the focal regressor, or its quartiles
quietly levelsof `focal', local(values)
local count : word count `values'
if `count' > 5 {
    quietly summarize `focal', detail
    local values "`r(p25)' `r(p50)' `r(p75)'"
    local values : list uniq values
}
postfile `handle' double value str244 label double time double incidence using "`rows'"
local line = 0
foreach value of local values {
    local line = `line' + 1
    local name : label (`focal') `value'
    preserve
    quietly replace `focal' = `value'
    quietly predict double ss_index, xb
    quietly summarize ss_index, meanonly
    scalar `index' = r(mean)
    restore
    foreach time of local times {
        quietly summarize ss_base if `p_time' <= `time'
        local base = cond(r(N) > 0, r(max), 0)
        post `handle' (`value') (`"`macval(name)'"') (`time') (1 - exp(-`base' * exp(`index')))
    }
    quietly generate double ss_curve`line' = 1 - exp(-ss_base * exp(`index'))
}
postclose `handle'
ss_event step name=incidence status=ok

ss_event step name=export status=begin
ss_export using "table_incidence.csv", rows("`rows'")
ss_incidence_plot using "fig_incidence.svg", focal(`focal') time(`p_time') values("`values'") event(`p_event_code')
ss_event step name=export status=ok
