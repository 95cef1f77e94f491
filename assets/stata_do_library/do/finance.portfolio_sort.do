* finance.portfolio_sort 1.0.0: do assets with a high characteristic earn more? Portfolios sorted in every period.
* Reads p_return_var p_sort_var p_asset_id p_time_var p_n_groups p_value_weight p_factors p_lags p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_return_var' `p_sort_var'
ss_sample `p_return_var' `p_sort_var' `p_value_weight' `p_factors' `p_time_var', strok(`p_asset_id')
ss_panel `p_asset_id' `p_time_var'
quietly keep if ss_use
if "`p_value_weight'" != "" {
    quietly count if `p_value_weight' <= 0
    ss_check nonpos_weights, fail(r(N) > 0) value(r(N))
}
quietly egen double ss_count = count(`p_sort_var'), by(ss_period)
quietly summarize ss_count
ss_check too_few_values, fail(r(min) < 2 * `p_n_groups') value(r(min))
quietly summarize ss_period
local periods = r(max)
ss_check too_few_periods, fail(`periods' < 12) value(`periods')
ss_event step name=sample status=ok

ss_event step name=sort status=begin
* portfolio by the rank within the period; equal values share a portfolio
quietly egen double ss_rank = rank(`p_sort_var'), by(ss_period)
quietly generate double ss_portfolio = min(`p_n_groups', floor((ss_rank - 0.5) / ss_count * `p_n_groups') + 1)
quietly levelsof ss_portfolio, local(found)
local found : word count `found'
ss_check zero_spread, fail(`found' < `p_n_groups') value(`found')
quietly generate double ss_weight = 1
if "`p_value_weight'" != "" {
    quietly replace ss_weight = `p_value_weight'
}
quietly generate double ss_part = ss_weight * `p_return_var'
local more ""
foreach factor of local p_factors {
    local more "`more' (max) `factor'"
}
collapse (sum) ss_part ss_weight (count) ss_assets = ss_part (mean) ss_level = `p_sort_var' `more', by(ss_period ss_portfolio)
quietly generate double ss_return = ss_part / ss_weight
quietly summarize ss_assets
ss_check small_group, warn(r(min) < 5) value(r(min))
drop ss_part ss_weight
quietly reshape wide ss_return ss_assets ss_level, i(ss_period) j(ss_portfolio)
quietly generate double ss_spread = ss_return`p_n_groups' - ss_return1
quietly count if missing(ss_spread)
ss_check ties_at_cut, warn(r(N) > 0) fail(r(N) > 0.5 * `periods') value(r(N))
tsset ss_period
ss_event step name=sort status=ok

ss_event step name=estimate status=begin
tempname handle b v
tempfile rows loadings
local lags "`p_lags'"
if "`lags'" == "" {
    local lags = floor(4 * (`periods' / 100)^(2/9))
}
postfile `handle' str32 portfolio double assets double characteristic double mean_return double std_error double statistic double p_value double ci_low double ci_high double sd double sharpe double alpha double alpha_se double alpha_t double alpha_p using "`rows'"
local next = `p_n_groups' + 1
forvalues g = 1/`next' {
    local name "`g'"
    local series "ss_return`g'"
    local assets = .
    local level = .
    if `g' == `next' {
        local name "high_minus_low"
        local series "ss_spread"
    }
    else {
        quietly summarize ss_assets`g'
        local assets = r(mean)
        quietly summarize ss_level`g'
        local level = r(mean)
    }
    quietly summarize `series'
    local sd = r(sd)
    quietly newey `series' if !missing(`series'), lag(`lags') force
    local mean = _b[_cons]
    local se = _se[_cons]
    local df = e(df_r)
    local half = invttail(`df', (1 - `p_level' / 100) / 2) * `se'
    local alpha = .
    local alpha_se = .
    local alpha_p = .
    if "`p_factors'" != "" {
        quietly newey `series' `p_factors' if !missing(`series'), lag(`lags') force
        local alpha = _b[_cons]
        local alpha_se = _se[_cons]
        local alpha_p = 2 * ttail(e(df_r), abs(`alpha' / `alpha_se'))
    }
    post `handle' ("`name'") (`assets') (`level') (`mean') (`se') (`mean' / `se') (2 * ttail(`df', abs(`mean' / `se'))) (`mean' - `half') (`mean' + `half') (`sd') (`mean' / `sd') (`alpha') (`alpha_se') (`alpha' / `alpha_se') (`alpha_p')
}
postclose `handle'
ss_metric spread = `mean'
ss_metric spread_se = `se'
ss_metric spread_p = 2 * ttail(`df', abs(`mean' / `se'))
ss_metric n_periods = `periods'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_portfolios.csv", rows("`rows'")
local weighting = cond("`p_value_weight'" == "", "equal", "by `p_value_weight'")
ss_fit_table using "table_fit.csv", values(periods `periods' portfolios `p_n_groups' lags `lags' level `p_level') se(newey-west) weight(`weighting') sample(`periods' periods)
ss_label `p_return_var'
ss_source
local engine "`r(engine)'"
preserve
quietly use "`rows'", clear
quietly keep if portfolio != "high_minus_low"
quietly generate double position = real(portfolio)
twoway (bar mean_return position, barwidth(0.7) color("0 114 178%60")) (rcap ci_low ci_high position, lcolor(gs4)), title("Mean return by portfolio of `p_sort_var'") xtitle("Portfolio, from low to high") ytitle("Mean return per period") ///
    xlabel(1(1)`p_n_groups') ylabel(, angle(0)) legend(order(1 "mean" 2 "`p_level'% interval")) note("`periods' periods; weights: `weighting'; Newey-West with `lags' lags; `engine'")
ss_figure using "fig_portfolios.svg"
restore
ss_event step name=export status=ok
