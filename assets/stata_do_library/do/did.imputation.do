* did.imputation 1.1.2: policy effect where units start at different times, by imputed untreated outcomes (Borusyak, Jaravel and Spiess).
* Reads p_outcome p_panel_id p_time_var p_adopt_time_var p_controls p_leads p_cluster_var p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_adopt_time_var'
ss_sample `p_outcome' `p_time_var' `p_controls', strok(`p_panel_id' `p_cluster_var')
ss_linear_probability `p_outcome'
ss_panel `p_panel_id' `p_time_var'
quietly summarize `p_time_var' if ss_use
local last = r(max)
local begin = r(min)
* zero, missing, or beyond the last period: never treated
quietly generate double ss_start = `p_adopt_time_var' if ss_use & `p_adopt_time_var' > 0 & `p_adopt_time_var' <= `last'
quietly egen double ss_least = min(cond(missing(ss_start), 0, ss_start)) if ss_use, by(ss_panel)
quietly egen double ss_most = max(cond(missing(ss_start), 0, ss_start)) if ss_use, by(ss_panel)
quietly count if ss_use & ss_least < ss_most
ss_check nonconstant_in_unit, fail(r(N) > 0) value(r(N))
* units that were treated from the first period on have no period before
quietly count if ss_use & ss_start <= `begin'
if r(N) > 0 {
    ss_event note key=always_treated rows=`r(N)'
}
quietly replace ss_use = 0 if ss_start <= `begin'
quietly keep if ss_use
quietly count if missing(ss_start)
local never = r(N)
ss_check no_never_treated, warn(`never' == 0) value(`never')
quietly levelsof ss_start, local(cohorts)
* without a second cohort or untreated units no period has an untreated outcome to impute from
local count : word count `cohorts'
ss_check empty_cell, fail(`count' == 0 | (`never' == 0 & `count' < 2)) value(`count')
local cluster = cond("`p_cluster_var'" == "", "ss_panel", "`p_cluster_var'")
local errors = cond("`p_cluster_var'" == "", "`p_panel_id'", "`p_cluster_var'")
ss_clusters `cluster'
quietly generate double ss_relative = `p_time_var' - ss_start
quietly summarize ss_relative, meanonly
* the earliest periods before the start are what the others are compared with
local leads = max(0, min(`p_leads', -r(min) - 1))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
local controls ""
if "`p_controls'" != "" {
    local controls "controls(`p_controls')"
}
tempname b v handle se z p
tempfile rows tests
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
did_imputation `p_outcome' ss_panel `p_time_var' ss_start, `controls' cluster(`cluster') minn(0) autosample level(`p_level')
local used = e(N)
local untreated = e(Nc)
quietly generate byte ss_in = e(sample)
scalar `se' = sqrt(el(e(V), 1, 1))
scalar `p' = 2 * normal(-abs(_b[tau] / `se'))
postfile `handle' str32 effect double estimate double std_error double statistic double df1 double df2 double p_value double ci_low double ci_high str120 note using "`tests'"
post `handle' ("att") (_b[tau]) (`se') (_b[tau] / `se') (.) (.) (`p') (_b[tau] - `z' * `se') (_b[tau] + `z' * `se') ("mean effect on the treated rows")
ss_metric att = _b[tau]
ss_metric att_se = `se'
quietly egen byte ss_first = tag(ss_panel) if ss_in == 1
quietly count if ss_first == 1
local units = r(N)
ss_metric n_groups = `units'
ss_fit_table using "table_fit.csv", se(cluster `errors', conservative) clusters(`errors') values(N `used' N_units `units' n_untreated `untreated' cohorts `count' level `p_level')
* with few periods an early lead cannot be told from the effects of units and periods: it joins the comparison
local code = 498
while `code' == 498 {
    local before ""
    if `leads' > 0 {
        local before "pretrends(`leads')"
    }
    capture noisily did_imputation `p_outcome' ss_panel `p_time_var' ss_start, `controls' cluster(`cluster') minn(0) autosample allhorizons `before' level(`p_level')
    local code = _rc
    if `code' != 0 & (`code' != 498 | `leads' == 0) {
        error `code'
    }
    local leads = `leads' - (`code' == 498)
}
matrix `b' = e(b)
matrix `v' = e(V)
local names : colnames `b'
local width = colsof(`b')
scalar `p' = .
if `leads' > 0 {
    scalar `p' = e(pre_p)
    post `handle' ("pre_trend") (.) (.) (e(pre_F)) (e(pre_df)) (e(pre_df_r)) (`p') (.) (.) ("F; null: no differences in the periods before the start")
}
postclose `handle'
ss_metric p_pretrend = `p'
postfile `handle' double relative_period double estimate double std_error double statistic double p_value double ci_low double ci_high double n str20 note using "`rows'"
* periods before the start first, from the earliest on
forvalues k = 1/`leads' {
    local h = `leads' + 1 - `k'
    local j : list posof "pre`h'" in names
    scalar `se' = sqrt(el(`v', `j', `j'))
    quietly count if ss_in == 1 & ss_relative == -`h'
    post `handle' (-`h') (el(`b', 1, `j')) (`se') (el(`b', 1, `j') / `se') (2 * normal(-abs(el(`b', 1, `j') / `se'))) (el(`b', 1, `j') - `z' * `se') (el(`b', 1, `j') + `z' * `se') (r(N)) ("before")
}
forvalues j = 1/`width' {
    local name : word `j' of `names'
    if substr("`name'", 1, 3) == "tau" {
        local h = substr("`name'", 4, .)
        scalar `se' = sqrt(el(`v', `j', `j'))
        quietly count if ss_in == 1 & ss_relative == `h'
        post `handle' (`h') (el(`b', 1, `j')) (`se') (el(`b', 1, `j') / `se') (2 * normal(-abs(el(`b', 1, `j') / `se'))) (el(`b', 1, `j') - `z' * `se') (el(`b', 1, `j') + `z' * `se') (r(N)) ("")
    }
}
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_aggregate.csv", rows("`tests'")
ss_export using "table_dynamic.csv", rows("`rows'")
ss_label `p_outcome'
local reference = -`leads' - 1
ss_event_plot using "fig_dynamic.svg", rows("`rows'") title(`"`=r(text)'"') n(`used') base(`reference') level(`p_level')
ss_event step name=export status=ok
