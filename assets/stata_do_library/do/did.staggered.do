* did.staggered 1.1.1: policy effect where units start at different times, from cohort-by-period effects (Sun and Abraham).
* Reads p_outcome p_panel_id p_time_var p_adopt_time_var p_leads p_lags p_controls(_fv) p_cluster_var p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_adopt_time_var'
ss_sample `p_outcome' `p_time_var' `p_controls', strok(`p_panel_id' `p_cluster_var')
ss_linear_probability `p_outcome'
ss_panel `p_panel_id' `p_time_var'
local period "`r(period)'"
* zero, missing, or beyond the last period: never treated
quietly summarize `p_time_var' if ss_use
local last = r(max)
local begin = r(min)
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
quietly count if ss_use & missing(ss_start)
local never = r(N)
ss_check no_never_treated, warn(`never' == 0) value(`never')
if `never' == 0 {
    * the last cohort is the comparison, in the periods before its start
    quietly summarize ss_start if ss_use
    local limit = r(max)
    quietly replace ss_use = 0 if `p_time_var' >= `limit'
    quietly replace ss_start = . if ss_start >= `limit'
}
quietly count if ss_use & !missing(ss_start)
ss_check empty_cell, fail(r(N) == 0) value(r(N))
quietly keep if ss_use
quietly drop ss_panel ss_period
quietly egen long ss_panel = group(`p_panel_id')
quietly egen long ss_period = group(`p_time_var')
xtset ss_panel ss_period
local cluster = cond("`p_cluster_var'" == "", "ss_panel", "`p_cluster_var'")
local clusters = cond("`p_cluster_var'" == "", "`p_panel_id'", "`p_cluster_var'")
ss_clusters `cluster'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
* one indicator for each cohort and period relative to its start; the ends collect what lies beyond them
quietly generate double ss_relative = max(-`p_leads', min(`p_lags', `p_time_var' - ss_start)) if !missing(ss_start)
quietly levelsof ss_start, local(cohorts)
local indicators ""
local number = 0
foreach cohort of local cohorts {
    forvalues k = -`p_leads'/`p_lags' {
        quietly count if ss_start == `cohort' & ss_relative == `k'
        if r(N) > 0 & `k' != -1 {
            local number = `number' + 1
            local cohort`number' = `cohort'
            local relative`number' = `k'
            local size`number' = r(N)
            quietly generate byte ss_d`number' = ss_start == `cohort' & ss_relative == `k'
            local indicators "`indicators' ss_d`number'"
        }
    }
}
xtreg `p_outcome' `indicators' `p_controls_fv' i.`period', fe vce(cluster `cluster') level(`p_level')
tempname b v w e se t handle f p
tempfile cells rows tests
matrix `b' = e(b)
matrix `v' = e(V)
local width = colsof(`b')
local df = e(df_r)
local n = e(N)
scalar `t' = invttail(`df', (1 - `p_level' / 100) / 2)
ss_metric n_groups = e(N_g)
ss_fit_table using "table_fit.csv", scalars(N N_g r2_w sigma_u sigma_e rho df_r) se(cluster `clusters') clusters(`clusters') values(cohorts `: word count `cohorts'' level `p_level')
postfile `handle' double cohort double relative_period double estimate double std_error double p_value double ci_low double ci_high double n using "`cells'"
forvalues j = 1/`number' {
    scalar `se' = sqrt(el(`v', `j', `j'))
    post `handle' (`cohort`j'') (`relative`j'') (el(`b', 1, `j')) (`se') (2 * ttail(`df', abs(el(`b', 1, `j') / `se'))) (el(`b', 1, `j') - `t' * `se') (el(`b', 1, `j') + `t' * `se') (`size`j'')
}
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=aggregate status=begin
* averages over cohorts, weighted by their rows in the relative period
postfile `handle' double relative_period double estimate double std_error double statistic double p_value double ci_low double ci_high double n str20 note using "`rows'"
local restrictions = 0
forvalues k = -`p_leads'/`p_lags' {
    matrix `w' = J(1, `width', 0)
    local total = 0
    forvalues j = 1/`number' {
        if `relative`j'' == `k' {
            local total = `total' + `size`j''
            matrix `w'[1, `j'] = `size`j''
        }
    }
    if `k' == -1 {
        quietly count if ss_relative == -1
        post `handle' (-1) (0) (.) (.) (.) (.) (.) (r(N)) ("base")
    }
    if `total' > 0 {
        matrix `w' = `w' / `total'
        matrix `e' = `w' * `b''
        matrix `f' = `w' * `v' * `w''
        scalar `se' = sqrt(el(`f', 1, 1))
        post `handle' (`k') (el(`e', 1, 1)) (`se') (el(`e', 1, 1) / `se') (2 * ttail(`df', abs(el(`e', 1, 1) / `se'))) (el(`e', 1, 1) - `t' * `se') (el(`e', 1, 1) + `t' * `se') (`total') ("")
    }
}
postclose `handle'
postfile `handle' str32 effect double estimate double std_error double statistic double df1 double df2 double p_value double ci_low double ci_high str120 note using "`tests'"
foreach part in overall `cohorts' {
    matrix `w' = J(1, `width', 0)
    local total = 0
    forvalues j = 1/`number' {
        if `relative`j'' >= 0 & ("`part'" == "overall" | "`part'" == "`cohort`j''") {
            local total = `total' + `size`j''
            matrix `w'[1, `j'] = `size`j''
        }
    }
    matrix `w' = `w' / `total'
    matrix `e' = `w' * `b''
    matrix `f' = `w' * `v' * `w''
    scalar `se' = sqrt(el(`f', 1, 1))
    scalar `p' = 2 * ttail(`df', abs(el(`e', 1, 1) / `se'))
    local name = cond("`part'" == "overall", "att", "att_cohort_`part'")
    local note = cond("`part'" == "overall", "mean effect on the treated rows from the start on", "units that start in `part'")
    post `handle' ("`name'") (el(`e', 1, 1)) (`se') (el(`e', 1, 1) / `se') (.) (`df') (`p') (el(`e', 1, 1) - `t' * `se') (el(`e', 1, 1) + `t' * `se') ("`note'")
    if "`part'" == "overall" {
        ss_metric att = el(`e', 1, 1)
        ss_metric att_se = `se'
    }
}
local before ""
forvalues j = 1/`number' {
    if `relative`j'' < -1 {
        local before "`before' ss_d`j'"
    }
}
scalar `p' = .
if "`before'" != "" {
    test `before'
    scalar `p' = r(p)
    post `handle' ("pre_trend") (.) (.) (r(F)) (r(df)) (r(df_r)) (r(p)) (.) (.) ("F; null: all effects before the start are zero")
}
ss_metric p_pretrend = `p'
postclose `handle'
ss_event step name=aggregate status=ok

ss_event step name=export status=begin
ss_export using "table_aggregate.csv", rows("`tests'")
ss_export using "table_dynamic.csv", rows("`rows'")
ss_export using "table_cohorts.csv", rows("`cells'")
ss_label `p_outcome'
ss_event_plot using "fig_dynamic.svg", rows("`rows'") title(`"`=r(text)'"') n(`n') base(-1) level(`p_level')
ss_event step name=export status=ok
