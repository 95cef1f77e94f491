* did.callaway 1.2.0: policy effect where units start at different times, by cohort and period (Callaway and Sant'Anna).
* Reads p_outcome p_panel_id p_time_var p_adopt_time_var p_controls(_fv) p_comparison p_method p_cluster_var p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_adopt_time_var'
ss_sample `p_outcome' `p_time_var' `p_controls', strok(`p_panel_id' `p_cluster_var')
ss_linear_probability `p_outcome'
ss_panel `p_panel_id' `p_time_var'
quietly summarize `p_time_var' if ss_use
local last = r(max)
local begin = r(min)
* zero, missing, or beyond the last period: never treated
quietly generate double ss_start = cond(`p_adopt_time_var' > 0 & `p_adopt_time_var' <= `last', `p_adopt_time_var', 0) if ss_use
quietly egen double ss_least = min(cond(missing(ss_start), 0, ss_start)) if ss_use, by(ss_panel)
quietly egen double ss_most = max(cond(missing(ss_start), 0, ss_start)) if ss_use, by(ss_panel)
quietly count if ss_use & ss_least < ss_most
ss_check nonconstant_in_unit, fail(r(N) > 0) value(r(N))
* units that were treated from the first period on have no period before
quietly count if ss_use & ss_start > 0 & ss_start <= `begin'
if r(N) > 0 {
    ss_event note key=always_treated rows=`r(N)'
}
quietly replace ss_use = 0 if ss_start > 0 & ss_start <= `begin'
quietly count if ss_use & ss_start == 0
local never = r(N)
ss_check no_never_treated, warn(`never' == 0) value(`never')
local later = cond("`p_comparison'" == "notyet" | `never' == 0, "notyet", "")
quietly count if ss_use & ss_start > 0
ss_check empty_cell, fail(r(N) == 0) value(r(N))
quietly keep if ss_use
local cluster = cond("`p_cluster_var'" == "", "ss_panel", "`p_cluster_var'")
local errors = cond("`p_cluster_var'" == "", "`p_panel_id'", "`p_cluster_var'")
ss_clusters `cluster'
local grouped ""
if "`p_cluster_var'" != "" {
    local grouped "cluster(`p_cluster_var')"
}
quietly egen byte ss_first = tag(ss_panel)
quietly count if ss_first == 1
local units = r(N)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
* effects of each cohort and period against the period before the start
csdid `p_outcome' `p_controls_fv', ivar(ss_panel) time(`p_time_var') gvar(ss_start) method(`p_method') `later' `grouped' long2 level(`p_level')
tempname b v handle se z p
tempfile cells rows tests
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
matrix `b' = e(b)
matrix `v' = e(V)
local names : colnames `b'
local equations : coleq `b'
local count = colsof(`b')
local used = e(N)
local before = 0
postfile `handle' double cohort double base double period double estimate double std_error double p_value double ci_low double ci_high using "`cells'"
forvalues j = 1/`count' {
    local equation : word `j' of `equations'
    local name : word `j' of `names'
    local parts = subinstr("`name'", "_", " ", .)
    local cohort = substr("`equation'", 2, .)
    local before = `before' + (`: word 3 of `parts'' < `cohort')
    scalar `se' = sqrt(el(`v', `j', `j'))
    post `handle' (`cohort') (`: word 2 of `parts'') (`: word 3 of `parts'') (el(`b', 1, `j')) (`se') (2 * normal(-abs(el(`b', 1, `j') / `se'))) (el(`b', 1, `j') - `z' * `se') (el(`b', 1, `j') + `z' * `se')
}
postclose `handle'
ss_metric n_groups = `units'
ss_fit_table using "table_fit.csv", se(influence functions, clusters of `errors') values(N `used' N_units `units' cells `count' level `p_level')
ss_event step name=estimate status=ok

ss_event step name=aggregate status=begin
postfile `handle' str32 effect double estimate double std_error double statistic double df double p_value double ci_low double ci_high str120 note using "`tests'"
foreach part in simple group {
    estat `part', level(`p_level')
    matrix `b' = r(b)
    matrix `v' = r(V)
    local names : colnames `b'
    local count = colsof(`b')
    forvalues j = 1/`count' {
        local name : word `j' of `names'
        local effect = cond("`name'" == "ATT", "att", cond("`name'" == "GAverage", "att_cohorts", "att_cohort_" + substr("`name'", 2, .)))
        local note = cond("`name'" == "ATT", "mean over cohorts and periods from the start on, weighted by size", cond("`name'" == "GAverage", "mean of the cohorts, weighted by size", "units that start in " + substr("`name'", 2, .)))
        scalar `se' = sqrt(el(`v', `j', `j'))
        scalar `p' = 2 * normal(-abs(el(`b', 1, `j') / `se'))
        post `handle' ("`effect'") (el(`b', 1, `j')) (`se') (el(`b', 1, `j') / `se') (.) (`p') (el(`b', 1, `j') - `z' * `se') (el(`b', 1, `j') + `z' * `se') ("`note'")
        if "`name'" == "ATT" {
            ss_metric att = el(`b', 1, `j')
            ss_metric att_se = `se'
        }
    }
}
* averages by period since the start
estat event, level(`p_level')
matrix `b' = r(b)
matrix `v' = r(V)
local names : colnames `b'
local count = colsof(`b')
tempname dynamic
quietly generate double ss_relative = `p_time_var' - ss_start if ss_start > 0
postfile `dynamic' double relative_period double estimate double std_error double statistic double p_value double ci_low double ci_high double n str20 note using "`rows'"
local based = 0
forvalues j = 1/`count' {
    local name : word `j' of `names'
    scalar `se' = sqrt(el(`v', `j', `j'))
    scalar `p' = 2 * normal(-abs(el(`b', 1, `j') / `se'))
    if "`name'" == "Post_avg" {
        post `handle' ("att_periods") (el(`b', 1, `j')) (`se') (el(`b', 1, `j') / `se') (.) (`p') (el(`b', 1, `j') - `z' * `se') (el(`b', 1, `j') + `z' * `se') ("mean of the effects by period since the start")
    }
    if substr("`name'", 1, 2) == "Tm" | substr("`name'", 1, 2) == "Tp" {
        local relative = cond(substr("`name'", 2, 1) == "m", -1, 1) * real(substr("`name'", 3, .))
        if `relative' >= 0 & !`based' {
            local based = 1
            quietly count if ss_relative == -1
            post `dynamic' (-1) (0) (.) (.) (.) (.) (.) (r(N)) ("base")
        }
        quietly count if ss_relative == `relative'
        post `dynamic' (`relative') (el(`b', 1, `j')) (`se') (el(`b', 1, `j') / `se') (`p') (el(`b', 1, `j') - `z' * `se') (el(`b', 1, `j') + `z' * `se') (r(N)) ("")
    }
}
postclose `dynamic'
scalar `p' = .
if `before' > 0 {
    estat pretrend
    scalar `p' = r(pchi2)
    local chi2 = r(chi2)
    local tested = r(df)
    post `handle' ("pre_trend") (.) (.) (`chi2') (`tested') (`p') (.) (.) ("chi2; null: all effects before the start are zero")
    * where clusters are few for so many effects chi2 rejects too often: F of Hotelling's T-squared, with a mean for each cohort
    tempvar one
    quietly egen byte `one' = tag(`cluster')
    quietly count if `one' == 1
    local clusters = r(N)
    quietly levelsof ss_start
    local free = `clusters' - r(r) - `tested' + 1
    tempname f
    scalar `f' = cond(`free' > 0, `free' / (`clusters' * `tested') * `chi2', .)
    scalar `p' = cond(`free' > 0, Ftail(`tested', `free', `f'), .)
    post `handle' ("pre_trend_f") (.) (.) (`f') (`tested') (`p') (.) (.) ("F with `tested' and `=max(`free', 0)' degrees of freedom, for few units")
}
postclose `handle'
ss_metric p_pretrend = `p'
ss_event step name=aggregate status=ok

ss_event step name=export status=begin
ss_export using "table_aggregate.csv", rows("`tests'")
ss_export using "table_dynamic.csv", rows("`rows'")
ss_export using "table_cohorts.csv", rows("`cells'")
ss_label `p_outcome'
ss_event_plot using "fig_dynamic.svg", rows("`rows'") title(`"`=r(text)'"') n(`used') base(-1) level(`p_level')
ss_event step name=export status=ok
