* ts.interrupted 1.0.2: did a series change in level or slope at a known time? Segmented regression with Newey-West errors.
* Reads p_outcome p_time_var p_start p_controls(_fv) p_lags p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_controls' `p_time_var', maxloss(0.2)
capture confirm numeric variable `p_time_var'
local text = _rc != 0
ss_check non_numeric, fail(`text') value(`text')
quietly generate double ss_since = `p_time_var' - `p_start' if ss_use
quietly count if ss_use & ss_since < 0
local before = r(N)
quietly count if ss_use & ss_since >= 0
local after = r(N)
ss_check too_few_periods, fail(min(`before', `after') < 3) value(min(`before', `after')) row(1)
ss_time `p_time_var', least(10)
local periods = r(periods)
local lags "`p_lags'"
if "`lags'" == "" {
    local lags = floor(4 * (`periods' / 100)^(2/9))
}
ss_check bounds_order, fail(`lags' >= `periods') value(`lags')
* steps of the series, counted from its first period and from the start
quietly generate double ss_time = _n - 1
quietly generate byte ss_after = ss_since >= 0
quietly summarize ss_time if ss_after == 1
quietly generate double ss_slope = cond(ss_after == 1, ss_time - r(min), 0)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients handle at value tests bg bg_p
tempfile effects test_rows points
quietly regress `p_outcome' ss_time ss_after ss_slope `p_controls_fv'
local r2 = e(r2)
newey `p_outcome' ss_time ss_after ss_slope `p_controls_fv', lag(`lags') level(`p_level')
matrix `coefficients' = r(table)
local used = e(N)
local df = e(df_r)
ss_metric df_r = e(df_r)
ss_metric lags = `lags'
ss_fit_table using "table_fit.csv", scalars(N F df_m df_r lag) se(newey-west) values(r2 `r2' periods_before `before' periods_after `after' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(ss_after) results
quietly test ss_after ss_slope
local joint_f = r(F)
local joint_df = r(df)
local joint_df_r = r(df_r)
local joint_p = r(p)
postfile `handle' str32 effect double estimate double std_error double statistic double p_value double ci_low double ci_high str120 note using "`effects'"
quietly lincom ss_time, level(`p_level')
post `handle' ("slope_before") (r(estimate)) (r(se)) (r(t)) (r(p)) (r(lb)) (r(ub)) ("change per period before the start")
quietly lincom ss_after, level(`p_level')
post `handle' ("level_change") (r(estimate)) (r(se)) (r(t)) (r(p)) (r(lb)) (r(ub)) ("jump at the start")
ss_metric level_change = r(estimate)
quietly lincom ss_slope, level(`p_level')
post `handle' ("slope_change") (r(estimate)) (r(se)) (r(t)) (r(p)) (r(lb)) (r(ub)) ("change of the slope from the start on")
ss_metric slope_change = r(estimate)
quietly lincom ss_time + ss_slope, level(`p_level')
post `handle' ("slope_after") (r(estimate)) (r(se)) (r(t)) (r(p)) (r(lb)) (r(ub)) ("change per period from the start on")
local last = `after' - 1
quietly lincom ss_after + `last' * ss_slope, level(`p_level')
post `handle' ("effect_at_end") (r(estimate)) (r(se)) (r(t)) (r(p)) (r(lb)) (r(ub)) ("against the continued trend, in the last period")
ss_metric effect_at_end = r(estimate)
quietly lincom ss_after + `last' / 2 * ss_slope, level(`p_level')
post `handle' ("mean_effect") (r(estimate)) (r(se)) (r(t)) (r(p)) (r(lb)) (r(ub)) ("mean over the periods from the start on")
postclose `handle'
quietly predict double ss_fitted, xb
quietly generate double ss_without = ss_fitted - _b[ss_after] * ss_after - _b[ss_slope] * ss_slope
ss_event step name=estimate status=ok

ss_event step name=tests status=begin
quietly regress `p_outcome' ss_time ss_after ss_slope `p_controls_fv'
postfile `tests' str32 test double statistic double df1 double df2 double p_value str244 note using "`test_rows'"
estat dwatson
post `tests' ("durbin_watson") (r(dw)) (.) (.) (.) ("d; near 2 without first-order autocorrelation")
estat bgodfrey, lags(1)
matrix `bg' = r(chi2)
matrix `bg_p' = r(p)
post `tests' ("breusch_godfrey_1") (el(`bg', 1, 1)) (1) (.) (el(`bg_p', 1, 1)) ("chi2; null: no serial correlation of the first order")
post `tests' ("no_change") (`joint_f') (`joint_df') (`joint_df_r') (`joint_p') ("F with Newey-West errors; null: neither level nor slope changed")
postclose `tests'
ss_event step name=tests status=ok

ss_event step name=export status=begin
ss_export using "table_effects.csv", rows("`effects'")
ss_export using "table_tests.csv", rows("`test_rows'")
tempname series
postfile `series' double period double observed double fitted double without using "`points'"
forvalues i = 1/`periods' {
    post `series' (`p_time_var'[`i']) (`p_outcome'[`i']) (ss_fitted[`i']) (cond(ss_after[`i'] == 1, ss_without[`i'], .))
}
postclose `series'
ss_export using "table_series.csv", rows("`points'")
ss_label `p_outcome'
local words = r(text)
ss_source
twoway (scatter `p_outcome' `p_time_var', mcolor(gs8) msize(small)) (line ss_fitted `p_time_var', lcolor("0 114 178")) (line ss_without `p_time_var' if ss_after == 1, lcolor("213 94 0") lpattern(dash)), ///
    xline(`p_start', lcolor(gs8) lpattern(dot)) title(`"`macval(words)' before and after the start"') xtitle("Time") ytitle(`"`macval(words)'"') ylabel(, angle(0)) legend(order(1 "observed" 2 "fitted" 3 "continued trend")) note("N = `used' periods; Newey-West errors with `lags' lags; `r(engine)'")
ss_figure using "fig_series.svg"
ss_event step name=export status=ok
