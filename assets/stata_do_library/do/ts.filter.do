* ts.filter 1.0.2: trend and cycle of series by a filter: Hodrick-Prescott, Baxter-King or Christiano-Fitzgerald.
* Reads p_vars p_time_var p_method p_smooth p_min_period p_max_period p_order.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample `p_vars' `p_time_var', maxloss(0.2)
ss_time `p_time_var', least(12)
local periods = r(periods)
ss_check bounds_order, fail("`p_method'" != "hp" & `p_min_period' >= `p_max_period') value(`p_min_period')
ss_check too_few_periods, fail("`p_method'" == "bk" & `periods' <= 2 * `p_order' + 3) value(`periods')
ss_event step name=sample status=ok

ss_event step name=filter status=begin
tempname handle moments
tempfile rows summary
local number = 0
foreach variable of local p_vars {
    local number = `number' + 1
    quietly summarize `variable'
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(`number')
    if "`p_method'" == "hp" {
        quietly tsfilter hp double ss_cycle`number' = `variable', smooth(`p_smooth') trend(ss_trend`number')
    }
    if "`p_method'" == "bk" {
        quietly tsfilter bk double ss_cycle`number' = `variable', minperiod(`p_min_period') maxperiod(`p_max_period') smaorder(`p_order') trend(ss_trend`number')
    }
    if "`p_method'" == "cf" {
        quietly tsfilter cf double ss_cycle`number' = `variable', minperiod(`p_min_period') maxperiod(`p_max_period') trend(ss_trend`number')
    }
}
postfile `handle' double time str128 variable double value double trend double cycle using "`rows'"
local number = 0
foreach variable of local p_vars {
    local number = `number' + 1
    forvalues i = 1/`periods' {
        post `handle' (`p_time_var'[`i']) ("`variable'") (`variable'[`i']) (ss_trend`number'[`i']) (ss_cycle`number'[`i'])
    }
}
postclose `handle'
* business-cycle moments: spread, persistence, and correlation with the first series
postfile `moments' str128 variable double n double sd double relative_sd double autocorrelation double correlation double lead double lag using "`summary'"
quietly summarize ss_cycle1
local base = r(sd)
local number = 0
foreach variable of local p_vars {
    local number = `number' + 1
    quietly summarize ss_cycle`number'
    local n = r(N)
    local sd = r(sd)
    quietly generate double ss_before = L.ss_cycle`number'
    quietly generate double ss_after = F.ss_cycle`number'
    quietly correlate ss_cycle`number' ss_before
    local auto = r(rho)
    local now = 1
    if `number' > 1 {
        quietly correlate ss_cycle1 ss_cycle`number'
        local now = r(rho)
    }
    quietly correlate ss_cycle1 ss_before
    local lead = r(rho)
    quietly correlate ss_cycle1 ss_after
    post `moments' ("`variable'") (`n') (`sd') (`sd' / `base') (`auto') (`now') (`lead') (r(rho))
    drop ss_before ss_after
    if `number' == 1 {
        ss_metric cycle_sd = `sd'
        ss_metric autocorrelation = `auto'
    }
}
postclose `moments'
ss_event step name=filter status=ok

ss_event step name=export status=begin
ss_export using "table_series.csv", rows("`rows'")
ss_export using "table_moments.csv", rows("`summary'")
if "`p_method'" == "hp" {
    ss_fit_table using "table_fit.csv", values(N `periods' smooth `p_smooth') se(none)
}
else {
    ss_fit_table using "table_fit.csv", values(N `periods' min_period `p_min_period' max_period `p_max_period' order `p_order') se(none)
}
local first : word 1 of `p_vars'
ss_label `first'
local name = r(text)
ss_time_plot using "fig_trend.svg", y(`first' ss_trend1) title(`"`macval(name)' and its trend"') ytitle(`"`macval(name)'"') names("observed" "trend")
ss_time_plot using "fig_cycle.svg", y(ss_cycle1) title(`"Cycle of `macval(name)'"') ytitle("Deviation from the trend") zero
ss_event step name=export status=ok
