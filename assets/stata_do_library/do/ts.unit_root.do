* ts.unit_root 1.0.2: unit-root tests of a series (augmented Dickey-Fuller, Phillips-Perron, DF-GLS).
* Reads p_variable p_time_var p_lags p_trend.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable' `p_time_var'
ss_time `p_time_var', least(15)
local periods = r(periods)
quietly summarize `p_variable' if ss_use
ss_check zero_spread, fail(r(sd) == 0) value(r(sd))
* Schwert (1989): the integer part of 12 (T/100)^(1/4), at most a quarter of the series
local most = min(floor(12 * (`periods' / 100)^0.25), floor(`periods' / 4))
local lags "`p_lags'"
local rule "stated"
if "`lags'" == "" {
    local rule "smallest Schwarz criterion up to `most'"
}
else {
    ss_check too_few_periods, fail(`periods' < 2 * `lags' + 6) value(`periods')
}
local trend ""
local deterministic "constant"
if `p_trend' == 1 {
    local trend "trend"
    local deterministic "constant and trend"
}
ss_event step name=sample status=ok

ss_event step name=test status=begin
tempname tests zt p one five ten
tempfile test_rows
if "`lags'" == "" {
    * regressions on the common sample, so that the criteria compare
    local best = .
    forvalues k = 0/`most' {
        local terms ""
        if `k' > 0 {
            local terms "L(1/`k')D.`p_variable'"
        }
        local drift ""
        if `p_trend' == 1 {
            local drift "ss_period"
        }
        quietly regress D.`p_variable' L.`p_variable' `terms' `drift' if ss_use & _n > `most' + 1
        local bic = -2 * e(ll) + ln(e(N)) * e(rank)
        if `bic' < `best' {
            local best = `bic'
            local lags = `k'
        }
    }
}
ss_metric lags = `lags'
postfile `tests' str16 series str32 test double statistic double lags double n double p_value double critical_1 double critical_5 double critical_10 str244 note using "`test_rows'"
foreach series in level difference {
    local name "`p_variable'"
    local option "`trend'"
    if "`series'" == "difference" {
        local name "D.`p_variable'"
        local option ""
    }
    dfuller `name' if ss_use, lags(`lags') `option'
    post `tests' ("`series'") ("dickey_fuller") (r(Zt)) (`lags') (r(N)) (r(p)) (r(cv_1)) (r(cv_5)) (r(cv_10)) ("null: unit root; lags: `rule'")
    if "`series'" == "level" {
        ss_metric adf = r(Zt)
        ss_metric p_adf = r(p)
        scalar `one' = r(cv_1)
        scalar `five' = r(cv_5)
        scalar `ten' = r(cv_10)
    }
    else {
        ss_metric p_adf_difference = r(p)
        scalar `one' = r(cv_1)
        scalar `five' = r(cv_5)
        scalar `ten' = r(cv_10)
    }
    pperron `name' if ss_use, `option'
    post `tests' ("`series'") ("phillips_perron") (r(Zt)) (r(lags)) (r(N)) (r(pval)) (.) (.) (.) ("null: unit root; Newey-West lags")
    if "`series'" == "level" {
        ss_metric p_pperron = r(pval)
    }
}
local notrend "notrend"
if `p_trend' == 1 {
    local notrend ""
}
local gls = max(`lags', 1)
dfgls `p_variable' if ss_use, maxlag(`gls') `notrend'
matrix `zt' = r(results)
post `tests' ("level") ("df_gls") (el(`zt', 1, 5)) (`gls') (r(N)) (.) (r(cv_1)) (r(cv_5)) (r(cv_10)) ("null: unit root; no p-value exists, compare with the critical values")
postclose `tests'
ss_event step name=test status=ok

ss_event step name=export status=begin
ss_export using "table_tests.csv", rows("`test_rows'")
ss_label `p_variable'
local text = r(text)
ss_time_plot using "fig_line.svg", y(`p_variable') title(`"`macval(text)' over time (tests with `deterministic')"') ytitle(`"`macval(text)'"')
ss_event step name=export status=ok
