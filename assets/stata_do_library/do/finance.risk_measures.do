* finance.risk_measures 1.0.0: risk and performance of assets: Sharpe and Sortino ratio, drawdown, value at risk.
* Reads p_return_var p_time_var p_asset_id p_rf_var p_unit p_periods_per_year p_tail.
ss_event step name=sample status=begin
confirm numeric variable `p_return_var'
ss_sample `p_return_var' `p_rf_var' `p_time_var', strok(`p_asset_id')
local unit "`p_asset_id'"
if "`unit'" == "" {
    quietly generate byte ss_all = 1
    local unit "ss_all"
}
ss_panel `unit' `p_time_var'
quietly keep if ss_use
ss_groups `unit', generate(ss_asset)
local assets = r(groups)
ss_check too_many_levels, fail(`assets' > 1000) value(`assets')
local scale = cond("`p_unit'" == "percent", 100, 1)
quietly count if `p_return_var' <= -`scale'
ss_check outside_unit, fail(r(N) > 0) value(r(N))
quietly generate double ss_excess = `p_return_var'
if "`p_rf_var'" != "" {
    quietly replace ss_excess = `p_return_var' - `p_rf_var'
}
ss_event step name=sample status=ok

ss_event step name=measure status=begin
tempname handle
tempfile rows
quietly bysort ss_panel (ss_period): generate double ss_wealth = ln(1 + `p_return_var' / `scale')
quietly by ss_panel: replace ss_wealth = sum(ss_wealth)
quietly replace ss_wealth = exp(ss_wealth)
* the highest wealth so far, the start included
quietly by ss_panel: generate double ss_peak = max(1, ss_wealth) if _n == 1
quietly by ss_panel: replace ss_peak = max(ss_peak[_n - 1], ss_wealth) if _n > 1
quietly generate double ss_drawdown = ss_wealth / ss_peak - 1
quietly generate double ss_loss = min(0, ss_excess)^2
local year = `p_periods_per_year'
local short = 0
postfile `handle' str244 asset double n double mean double sd double skewness double kurtosis double annual_return double annual_sd double sharpe double sharpe_se double sortino double max_drawdown double calmar double var_historical double es_historical double var_normal double min double max double share_negative using "`rows'"
forvalues a = 1/`assets' {
    local name : label ss_asset `a'
    if "`p_asset_id'" == "" {
        local name "all"
    }
    quietly summarize `p_return_var' if ss_asset == `a', detail
    local n = r(N)
    local short = `short' + (`n' < 24)
    foreach part in mean sd skewness kurtosis min max {
        local `part' = r(`part')
    }
    quietly summarize ss_excess if ss_asset == `a'
    local ratio = r(mean) / r(sd)
    local over = r(mean)
    quietly summarize ss_loss if ss_asset == `a'
    local down = sqrt(r(mean))
    quietly summarize ss_drawdown if ss_asset == `a'
    local deepest = r(min)
    quietly _pctile `p_return_var' if ss_asset == `a', percentiles(`=100 * `p_tail'')
    local cut = r(r1)
    quietly summarize `p_return_var' if ss_asset == `a' & `p_return_var' <= `cut'
    local tail_mean = r(mean)
    quietly generate byte ss_last = ss_asset == `a' & ss_asset[_n + 1] != `a'
    quietly summarize ss_wealth if ss_last
    local final = r(mean)
    drop ss_last
    local annual = `final'^(`year' / `n') - 1
    quietly count if ss_asset == `a' & `p_return_var' < 0
    local negative = r(N) / `n'
    * error of the ratio for independent returns (Lo 2002), then per year
    post `handle' (`"`macval(name)'"') (`n') (`mean') (`sd') (`skewness') (`kurtosis') (`annual') (`sd' * sqrt(`year') / `scale') (`ratio' * sqrt(`year')) (sqrt((1 + (`ratio')^2 / 2) / `n') * sqrt(`year')) ///
        (`over' / `down' * sqrt(`year')) (`deepest') (`annual' / -`deepest') (-`cut') (-`tail_mean') (-(`mean' + invnormal(`p_tail') * `sd')) (`min') (`max') (`negative')
    if `a' == 1 {
        ss_metric sharpe = `ratio' * sqrt(`year')
        ss_metric max_drawdown = `deepest'
        ss_metric value_at_risk = -`cut'
    }
}
postclose `handle'
ss_check too_few_periods, warn(`short' > 0) value(`short')
ss_metric n_assets = `assets'
ss_event step name=measure status=ok

ss_event step name=export status=begin
ss_export using "table_risk.csv", rows("`rows'")
ss_fit_table using "table_fit.csv", values(N _N assets `assets' periods_per_year `year' tail `p_tail') se(Lo, independent returns)
ss_source
local engine "`r(engine)'"
local first : label ss_asset 1
if "`p_asset_id'" == "" {
    local first "all"
}
quietly generate double ss_under = 100 * ss_drawdown
twoway (area ss_under `p_time_var' if ss_asset == 1, color("213 94 0%40")), title(`"Drawdown: `macval(first)'"') xtitle("Time") ytitle("Loss from the highest value so far (%)") ylabel(, angle(0)) legend(off) note("first of `assets' assets; `engine'")
ss_figure using "fig_drawdown.svg"
ss_event step name=export status=ok
