* finance.event_study 1.0.0: did prices react to an announcement? Abnormal returns around the event of every asset.
* Reads p_return_var p_market_var p_asset_id p_time_var p_event_var p_model p_first p_last p_gap p_estimation p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_return_var' `p_event_var'
ss_sample `p_return_var' `p_market_var' `p_time_var' `p_event_var', strok(`p_asset_id')
ss_panel `p_asset_id' `p_time_var'
quietly keep if ss_use
ss_check bounds_order, fail(`p_first' > `p_last') value(`p_first')
ss_check bounds_order, fail("`p_model'" != "mean" & "`p_market_var'" == "") value(0) row(2)
ss_groups `p_asset_id', generate(ss_asset)
local assets = r(groups)
* trading days of an asset in order; day 0 is the first one on or after the event
quietly bysort ss_panel (`p_time_var'): generate long ss_order = _n
quietly egen double ss_zero = min(cond(`p_time_var' >= `p_event_var', ss_order, .)), by(ss_panel)
quietly generate double ss_day = ss_order - ss_zero
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle days sums
tempfile rows each average
local length = `p_last' - `p_first' + 1
quietly generate double ss_ar = .
quietly generate double ss_var = .
local used = 0
local short = 0
postfile `handle' str244 asset double n_estimation double alpha double beta double residual_sd double car double std_error double statistic double p_value using "`rows'"
forvalues a = 1/`assets' {
    local name : label ss_asset `a'
    local inside "ss_asset == `a' & ss_day < `p_first' - `p_gap' & ss_day >= `p_first' - `p_gap' - `p_estimation'"
    quietly count if `inside'
    local n = r(N)
    quietly count if ss_asset == `a' & ss_day >= `p_first' & ss_day <= `p_last'
    if `n' < 30 | r(N) < `length' {
        local short = `short' + 1
        continue
    }
    local alpha = 0
    local beta = .
    if "`p_model'" == "market" {
        quietly regress `p_return_var' `p_market_var' if `inside'
        local alpha = _b[_cons]
        local beta = _b[`p_market_var']
        local s = e(rmse)
        quietly replace ss_ar = `p_return_var' - `alpha' - `beta' * `p_market_var' if ss_asset == `a'
        * error of a prediction: residual variance, and the estimated line
        quietly summarize `p_market_var' if `inside'
        local centre = r(mean)
        local square = r(Var) * (r(N) - 1)
    }
    if "`p_model'" == "adjusted" {
        quietly replace ss_ar = `p_return_var' - `p_market_var' if ss_asset == `a'
        quietly summarize ss_ar if `inside'
        local s = r(sd)
        local beta = 1
    }
    if "`p_model'" == "mean" {
        quietly summarize `p_return_var' if `inside'
        local alpha = r(mean)
        local s = r(sd)
        quietly replace ss_ar = `p_return_var' - `alpha' if ss_asset == `a'
    }
    quietly summarize ss_ar if ss_asset == `a' & ss_day >= `p_first' & ss_day <= `p_last'
    local car = r(sum)
    local variance = `length' * `s'^2
    if "`p_model'" == "market" {
        quietly summarize `p_market_var' if ss_asset == `a' & ss_day >= `p_first' & ss_day <= `p_last'
        local variance = `s'^2 * (`length' + `length'^2 / `n' + (r(sum) - `length' * `centre')^2 / `square')
    }
    if "`p_model'" == "mean" {
        local variance = `s'^2 * (`length' + `length'^2 / `n')
    }
    local se = sqrt(`variance')
    quietly replace ss_var = `s'^2 if ss_asset == `a'
    local used = `used' + 1
    post `handle' (`"`macval(name)'"') (`n') (`alpha') (`beta') (`s') (`car') (`se') (`car' / `se') (2 * normal(-abs(`car' / `se')))
}
postclose `handle'
ss_check too_few_periods, fail(`used' == 0) value(`short')
ss_check few_clusters, warn(`used' < 20) value(`used')
quietly keep if !missing(ss_var)
ss_metric n_events = `used'
ss_event step name=estimate status=ok

ss_event step name=average status=begin
* mean over the events; errors from the spread across events
postfile `days' double day double n double mean_ar double std_error double statistic double p_value double share_positive double mean_car double car_se double ci_low double ci_high using "`each'"
quietly bysort ss_panel (ss_order): generate double ss_car = sum(cond(ss_day >= `p_first' & ss_day <= `p_last', ss_ar, 0))
local half = invttail(`used' - 1, (1 - `p_level' / 100) / 2)
forvalues day = `p_first'/`p_last' {
    quietly count if ss_day == `day' & ss_ar > 0
    local up = r(N) / `used'
    quietly summarize ss_ar if ss_day == `day'
    local mean = r(mean)
    local se = r(sd) / sqrt(r(N))
    local n = r(N)
    quietly summarize ss_car if ss_day == `day'
    local sum = r(mean)
    local sum_se = r(sd) / sqrt(r(N))
    post `days' (`day') (`n') (`mean') (`se') (`mean' / `se') (2 * ttail(`n' - 1, abs(`mean' / `se'))) (`up') (`sum') (`sum_se') (`sum' - `half' * `sum_se') (`sum' + `half' * `sum_se')
}
postclose `days'
preserve
quietly use "`rows'", clear
postfile `sums' str40 test double estimate double std_error double statistic double df1 double df2 double p_value str120 note using "`average'"
quietly summarize car
local caar = r(mean)
local se = r(sd) / sqrt(r(N))
post `sums' ("cross_sectional") (`caar') (`se') (`caar' / `se') (.) (`used' - 1) (2 * ttail(`used' - 1, abs(`caar' / `se'))) ("t; mean cumulative abnormal return, spread across events")
local p = 2 * ttail(`used' - 1, abs(`caar' / `se'))
quietly summarize statistic
local z = r(mean) * sqrt(r(N))
post `sums' ("patell") (r(mean)) (.) (`z') (.) (.) (2 * normal(-abs(`z'))) ("z; standardised by the error of every event (Patell)")
local t = r(mean) / (r(sd) / sqrt(r(N)))
post `sums' ("bmp") (r(mean)) (r(sd) / sqrt(r(N))) (`t') (.) (`used' - 1) (2 * ttail(`used' - 1, abs(`t'))) ("t; standardised, allows for a larger variance at the event (Boehmer, Musumeci and Poulsen)")
quietly count if car > 0
local up = r(N)
local z = (`up' - `used' / 2) / sqrt(`used' / 4)
post `sums' ("sign") (`up' / `used') (.) (`z') (.) (.) (2 * normal(-abs(`z'))) ("z; share of events with a positive cumulative return against one half")
postclose `sums'
restore
ss_metric caar = `caar'
ss_metric caar_se = `se'
ss_metric p = `p'
ss_event step name=average status=ok

ss_event step name=export status=begin
ss_export using "table_car.csv", rows("`rows'")
ss_export using "table_caar.csv", rows("`each'")
ss_export using "table_tests.csv", rows("`average'")
ss_fit_table using "table_fit.csv", values(N _N events `used' events_left_out `short' first_day `p_first' last_day `p_last' estimation_days `p_estimation' level `p_level') se(across events)
ss_source
local engine "`r(engine)'"
preserve
quietly use "`each'", clear
twoway (rarea ci_low ci_high day, color("0 114 178%20")) (line mean_car day, lcolor("0 114 178")), yline(0, lcolor(gs8) lpattern(dash)) xline(0, lcolor(gs8)) title("Mean cumulative abnormal return") ///
    xtitle("Trading days from the event") ytitle("Cumulative abnormal return (unit of the returns)") ylabel(, angle(0)) legend(order(2 "mean over events" 1 "`p_level'% interval")) note("`used' events; `p_model' model; `engine'")
ss_figure using "fig_caar.svg"
restore
ss_event step name=export status=ok
