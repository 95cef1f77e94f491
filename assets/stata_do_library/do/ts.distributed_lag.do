* ts.distributed_lag 1.1.2: how does a change work over the following periods? Distributed lags with cumulative effects.
* Reads p_outcome p_focal p_controls(_fv) p_time_var p_lags p_hac_lags p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_focal'
ss_sample `p_outcome' `p_focal' `p_controls' `p_time_var', maxloss(0.2)
quietly summarize `p_focal' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
ss_time `p_time_var', least(15)
local periods = r(periods)
ss_check bounds_order, fail(`p_lags' * 3 > `periods') value(`p_lags')
local effective = `periods' - `p_lags'
* Newey and West (1994): the integer part of 4 (T/100)^(2/9)
local hac "`p_hac_lags'"
if "`hac'" == "" {
    local hac = floor(4 * (`effective' / 100)^(2/9))
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients b v w e handle f p
tempfile rows tests
quietly regress `p_outcome' L(0/`p_lags').`p_focal' `p_controls_fv'
local r2 = e(r2)
newey `p_outcome' L(0/`p_lags').`p_focal' `p_controls_fv', lag(`hac') level(`p_level')
matrix `coefficients' = r(table)
ss_check few_df, warn(e(df_r) < 10) fail(e(df_r) < 1) value(e(df_r))
ss_fit_table using "table_fit.csv", scalars(N F df_m df_r lag) se(newey-west) values(r2 `r2' lags `p_lags' level `p_level')
matrix `b' = e(b)
matrix `v' = e(V)
local df = e(df_r)
local half = invttail(`df', (1 - `p_level' / 100) / 2)
local used = e(N)
local width = colsof(`b')
matrix `w' = J(1, `width', 0)
postfile `handle' double lag double estimate double std_error double p_value double cumulative_effect double cumulative_se double statistic double cumulative_p double ci_low double ci_high using "`rows'"
forvalues j = 0/`p_lags' {
    local place = `j' + 1
    matrix `w'[1, `place'] = 1
    matrix `e' = `w' * `b''
    local sum = el(`e', 1, 1)
    matrix `e' = `w' * `v' * `w''
    local se = sqrt(el(`e', 1, 1))
    local own = el(`b', 1, `place')
    local own_se = sqrt(el(`v', `place', `place'))
    post `handle' (`j') (`own') (`own_se') (2 * ttail(`df', abs(`own' / `own_se'))) (`sum') (`se') (`sum' / `se') (2 * ttail(`df', abs(`sum' / `se'))) (`sum' - `half' * `se') (`sum' + `half' * `se')
}
postclose `handle'
ss_metric long_run = `sum'
ss_metric long_run_se = `se'
ss_metric hac_lags = `hac'
postfile `handle' str32 test double statistic double df1 double df2 double p_value str120 note using "`tests'"
testparm L(0/`p_lags').`p_focal'
post `handle' ("all_lags") (r(F)) (r(df)) (r(df_r)) (r(p)) ("F; null: no effect at any lag")
ss_metric p_all = r(p)
if `p_lags' > 0 {
    testparm L(1/`p_lags').`p_focal'
    post `handle' ("lags_after_0") (r(F)) (r(df)) (r(df_r)) (r(p)) ("F; null: no effect after the same period")
}
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_coef_table using "table_coefficients.csv", table(`coefficients') results
ss_export using "table_effects.csv", rows("`rows'")
ss_export using "table_tests.csv", rows("`tests'")
ss_label `p_focal'
local name = r(text)
ss_label `p_outcome'
local outcome = r(text)
ss_source
local engine "`r(engine)'"
preserve
quietly use "`rows'", clear
twoway (rarea ci_low ci_high lag, color("0 114 178%20")) (line cumulative_effect lag, lcolor("0 114 178")) (scatter estimate lag, mcolor("213 94 0")), yline(0, lcolor(gs8) lpattern(dash)) ///
    title(`"Effect of `macval(name)' on `macval(outcome)'"') xtitle("Periods after the change") ytitle("Effect") ylabel(, angle(0)) legend(order(2 "cumulative" 1 "`p_level'% interval" 3 "at the lag alone")) ///
    note("N = `used' periods; Newey-West errors with `hac' lags; `engine'")
ss_figure using "fig_effects.svg"
restore
ss_event step name=export status=ok
