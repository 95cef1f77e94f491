* panel.unit_root 1.0.1: do the series of a panel have unit roots? Levels and first differences, several tests.
* Reads p_vars p_panel_id p_time_var p_lags p_trend p_demean.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample `p_vars' `p_time_var', strok(`p_panel_id')
ss_panel `p_panel_id' `p_time_var', within(`p_vars')
quietly keep if ss_use
xtset ss_panel `p_time_var'
quietly bysort ss_panel: egen long ss_periods = count(`p_time_var')
quietly summarize ss_periods, meanonly
local fewest = r(min)
local most = r(max)
quietly summarize ss_panel, meanonly
local units = r(max)
quietly summarize `p_time_var', meanonly
local span = r(max) - r(min) + 1
* a difference takes a period, each lag another, and a test needs some to estimate with
ss_check too_few_periods, fail(`fewest' < `p_lags' + 8) value(`fewest')
quietly bysort ss_panel (`p_time_var'): generate long ss_step = `p_time_var' - `p_time_var'[_n-1]
quietly count if ss_step != 1 & !missing(ss_step)
local gaps = r(N)
* none of the tests takes a series with a missing period in between
ss_check gap_time, fail(`gaps' > 0) value(`gaps')
local is_balanced = `fewest' == `most' & `fewest' == `span'
ss_event step name=sample status=ok

ss_event step name=test status=begin
local trend = cond(`p_trend' == 1, "trend", "")
local demean = cond(`p_demean' == 1, "demean", "")
local deterministic = cond(`p_trend' == 1, "constant and trend", "constant")
tempname tests
tempfile test_rows
postfile `tests' str32 variable str16 series str32 test double statistic double p_value double critical_5 double lags double units double rows str120 note using "`test_rows'"
local first : word 1 of `p_vars'
local level_p = .
local change_p = .
foreach variable of local p_vars {
    foreach series in level difference {
        local option "`trend'"
        quietly generate double ss_series = `variable'
        if "`series'" == "difference" {
            * the change of a linear trend is a constant
            local option ""
            quietly replace ss_series = D.`variable'
        }
        quietly count if !missing(ss_series)
        local rows = r(N)
        if `is_balanced' {
            xtunitroot llc ss_series if !missing(ss_series), lags(`p_lags') `option' `demean'
            post `tests' ("`variable'") ("`series'") ("levin_lin_chu") (r(tds)) (r(p_tds)) (.) (`p_lags') (`units') (`rows') ("null: unit root, one autoregression for all units")
        }
        xtunitroot ips ss_series if !missing(ss_series), lags(`p_lags') `option' `demean'
        local p = r(p_wtbar)
        post `tests' ("`variable'") ("`series'") ("im_pesaran_shin") (r(wtbar)) (`p') (.) (`p_lags') (`units') (`rows') ("null: unit root in every unit; W-t-bar")
        if "`variable'" == "`first'" & "`series'" == "level" {
            local level_p = `p'
        }
        if "`variable'" == "`first'" & "`series'" == "difference" {
            local change_p = `p'
        }
        xtunitroot fisher ss_series if !missing(ss_series), dfuller lags(`p_lags') `option' `demean'
        post `tests' ("`variable'") ("`series'") ("fisher_chi2") (r(P)) (r(p_P)) (.) (`p_lags') (`units') (`rows') ("null: unit root in every unit; inverse chi-squared of Dickey-Fuller tests")
        post `tests' ("`variable'") ("`series'") ("fisher_normal") (r(Z)) (r(p_Z)) (.) (`p_lags') (`units') (`rows') ("null: unit root in every unit; inverse normal of Dickey-Fuller tests")
        if `is_balanced' {
            xtunitroot hadri ss_series if !missing(ss_series), `option' `demean'
            post `tests' ("`variable'") ("`series'") ("hadri") (r(z)) (r(p)) (.) (.) (`units') (`rows') ("null: no unit root in any unit")
            pescadf ss_series if !missing(ss_series), lags(`p_lags') `option'
            post `tests' ("`variable'") ("`series'") ("pesaran_cadf") (r(tbar)) (.) (r(cv5)) (`p_lags') (`units') (`rows') ("null: unit root in every unit, also where units move together")
        }
        drop ss_series
    }
}
postclose `tests'
ss_metric n_units = `units'
ss_metric p_level = `level_p'
ss_metric p_difference = `change_p'
ss_event step name=test status=ok

ss_event step name=export status=begin
ss_export using "table_tests.csv", rows("`test_rows'")
ss_fit_table using "table_fit.csv", values(n_units `units' periods_fewest `fewest' periods_most `most' gaps `gaps' lags `p_lags') se("none") sample("`=_N' rows, `deterministic' in the levels")
local used = _N
quietly collapse (mean) ss_mean = `first' (p10) ss_low = `first' (p90) ss_high = `first', by(`p_time_var')
ss_source
local engine "`r(engine)'"
twoway (rarea ss_low ss_high `p_time_var', color("0 114 178%20")) (line ss_mean `p_time_var', lcolor("0 114 178")), ///
    title("`first' over time") xtitle("`p_time_var'") ytitle("`first'") ylabel(, angle(0)) legend(order(2 "mean of units" 1 "10th to 90th percentile")) ///
    note("`units' units; N = `used'; `engine'")
ss_figure using "fig_series.svg"
ss_event step name=export status=ok
