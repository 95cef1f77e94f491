* survival.time_varying 1.0.0: does an effect on the hazard change over time? Cox model with follow-up split at stated times.
* Reads p_time p_failure p_focal p_controls(_fv) p_cuts p_ties p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_time' `p_failure' `p_focal'
ss_sample `p_time' `p_failure' `p_focal' `p_controls'
ss_survival `p_time' `p_failure'
local events = r(events)
ss_event metric name=n_events value=`events'
quietly keep if ss_use
local rows_read = _N
quietly summarize `p_time'
local longest = r(max)
local before = 0
local ordered = 1
foreach cut of numlist `p_cuts' {
    local ordered = `ordered' & `cut' > `before' & `cut' < `longest'
    local before = `cut'
}
ss_check bounds_order, fail(!`ordered') value(`before')
quietly generate long ss_id = _n
quietly stset `p_time', failure(`p_failure') id(ss_id) noshow
quietly stsplit ss_part, at(`p_cuts')
quietly egen long ss_piece = group(ss_part)
quietly summarize ss_piece
local pieces = r(max)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname single several handle
tempfile rows tests
local least = .
local columns ""
forvalues g = 1/`pieces' {
    quietly count if ss_piece == `g' & _d == 1
    local d`g' = r(N)
    local least = min(`least', r(N))
    quietly count if ss_piece == `g'
    local n`g' = r(N)
    quietly summarize ss_part if ss_piece == `g'
    local from`g' = r(min)
    quietly generate double ss_x`g' = `p_focal' * (ss_piece == `g')
    local columns "`columns' ss_x`g'"
}
ss_check no_events, fail(`least' == 0) value(`least')
ss_check few_events, warn(`least' < 10) value(`least')
stcox `p_focal' `p_controls_fv', `p_ties' nohr level(`p_level')
matrix `single' = r(table)
local ll = e(ll)
local rank = e(df_m)
ss_check collinear, fail(missing(el(`single', 4, 1))) value(`rank')
capture noisily stcox `columns' `p_controls_fv', `p_ties' nohr level(`p_level')
local rc = _rc
ss_check converge, fail(`rc' == 430) value(`rc')
if `rc' != 0 {
    error `rc'
}
matrix `several' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
ss_metric ll = e(ll)
ss_metric chi2 = e(chi2)
local lr = 2 * (e(ll) - `ll')
local df = e(df_m) - `rank'
ss_fit_table using "table_fit.csv", scalars(N N_sub N_fail risk ll ll_0 chi2 p df_m) se(oim) values(ll_one_effect `ll' periods `pieces' level `p_level')
postfile `handle' double from double to double n double events double estimate double std_error double statistic double p_value double hazard_ratio double ci_low double ci_high using "`rows'"
forvalues g = 1/`pieces' {
    local next = `g' + 1
    local to = .
    if `g' < `pieces' {
        local to = `from`next''
    }
    post `handle' (`from`g'') (`to') (`n`g'') (`d`g'') (el(`several', 1, `g')) (el(`several', 2, `g')) (el(`several', 3, `g')) (el(`several', 4, `g')) (exp(el(`several', 1, `g'))) (exp(el(`several', 5, `g'))) (exp(el(`several', 6, `g')))
}
postclose `handle'
ss_metric hazard_ratio_first = exp(el(`several', 1, 1))
ss_event step name=estimate status=ok

ss_event step name=test status=begin
local equal ""
forvalues g = 2/`pieces' {
    local equal "`equal' (ss_x1 = ss_x`g')"
}
postfile `handle' str32 test double statistic double df1 double df2 double p_value str120 note using "`tests'"
post `handle' ("likelihood_ratio") (`lr') (`df') (.) (chi2tail(`df', `lr')) ("chi2; null: one hazard ratio over the whole follow-up")
test `equal'
post `handle' ("wald") (r(chi2)) (r(df)) (.) (r(p)) ("chi2; the same hypothesis")
postclose `handle'
ss_metric p_constant = chi2tail(`df', `lr')
ss_check ph_violation, warn(chi2tail(`df', `lr') < 0.05) value(chi2tail(`df', `lr'))
ss_event step name=test status=ok

ss_event step name=export status=begin
ss_export using "table_periods.csv", rows("`rows'")
ss_export using "table_tests.csv", rows("`tests'")
ss_coef_table using "table_hazard_ratios.csv", table(`several') eform(hazard_ratio) results
ss_label `p_focal'
local name = r(text)
ss_source
local engine "`r(engine)'"
local one = exp(el(`single', 1, 1))
preserve
quietly use "`rows'", clear
quietly replace to = `longest' if missing(to)
quietly generate double middle = (from + to) / 2
twoway (rcap ci_low ci_high middle, lcolor("0 114 178")) (scatter hazard_ratio middle, mcolor("0 114 178")), yline(1, lcolor(gs8) lpattern(dash)) yline(`one', lcolor("213 94 0")) yscale(log) ///
    title(`"Hazard ratio of `macval(name)' over follow-up"') xtitle("Time since the start (middle of the period)") ytitle("Hazard ratio with `p_level'% interval") ylabel(, angle(0)) legend(off) ///
    note("N = `rows_read', `events' events; line: one hazard ratio for all times; `engine'")
ss_figure using "fig_hazard_ratios.svg"
restore
ss_event step name=export status=ok
