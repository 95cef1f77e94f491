* finance.market_model 1.0.0: alpha and factor betas of every asset, with Newey-West errors.
* Reads p_return_var p_factors p_asset_id p_time_var p_rf_var p_lags p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_return_var' `p_factors'
ss_sample `p_return_var' `p_factors' `p_rf_var' `p_time_var', strok(`p_asset_id')
ss_panel `p_asset_id' `p_time_var'
quietly keep if ss_use
quietly generate double ss_excess = `p_return_var'
if "`p_rf_var'" != "" {
    quietly replace ss_excess = `p_return_var' - `p_rf_var'
}
ss_groups `p_asset_id', generate(ss_asset)
local assets = r(groups)
local k : word count `p_factors'
ss_check too_many_levels, fail(`assets' > 2000) value(`assets')
* lags run over the observed periods of an asset
quietly bysort ss_panel (ss_period): generate long ss_order = _n
quietly xtset ss_panel ss_order
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle b v
tempfile rows
postfile `handle' str244 asset str128 term double estimate double std_error double statistic double p_value double ci_low double ci_high double n double r2 double residual_sd using "`rows'"
local short = 0
local used = 0
forvalues a = 1/`assets' {
    local name : label ss_asset `a'
    quietly count if ss_asset == `a'
    local n = r(N)
    if `n' < `k' + 10 {
        local short = `short' + 1
        continue
    }
    local lags "`p_lags'"
    if "`lags'" == "" {
        local lags = floor(4 * (`n' / 100)^(2/9))
    }
    quietly regress ss_excess `p_factors' if ss_asset == `a'
    local r2 = e(r2)
    local sd = e(rmse)
    quietly newey ss_excess `p_factors' if ss_asset == `a', lag(`lags')
    matrix `b' = e(b)
    matrix `v' = e(V)
    local df = e(df_r)
    local used = `used' + 1
    forvalues j = 0/`k' {
        local term "alpha"
        local place = `k' + 1
        if `j' > 0 {
            local term : word `j' of `p_factors'
            local place = `j'
        }
        local value = el(`b', 1, `place')
        local se = sqrt(el(`v', `place', `place'))
        local half = invttail(`df', (1 - `p_level' / 100) / 2) * `se'
        post `handle' (`"`macval(name)'"') ("`term'") (`value') (`se') (`value' / `se') (2 * ttail(`df', abs(`value' / `se'))) (`value' - `half') (`value' + `half') (`n') (`r2') (`sd')
    }
}
postclose `handle'
ss_check too_few_periods, fail(`used' == 0) value(`short')
ss_metric n_assets = `used'
ss_event step name=estimate status=ok

ss_event step name=summarise status=begin
tempfile means
preserve
quietly use "`rows'", clear
tempname sums
postfile `sums' str128 term double assets double mean double median double sd double min double max double share_significant using "`means'"
foreach term in alpha `p_factors' {
    quietly count if term == "`term'" & p_value < 1 - `p_level' / 100
    local strong = r(N)
    quietly summarize estimate if term == "`term'", detail
    post `sums' ("`term'") (r(N)) (r(mean)) (r(p50)) (r(sd)) (r(min)) (r(max)) (`strong' / r(N))
    if "`term'" == "alpha" {
        local mean_alpha = r(mean)
    }
    if "`term'" == "`: word 1 of `p_factors''" {
        local mean_beta = r(mean)
    }
}
postclose `sums'
restore
ss_metric mean_alpha = `mean_alpha'
ss_metric mean_beta = `mean_beta'
ss_event step name=summarise status=ok

ss_event step name=export status=begin
ss_export using "table_betas.csv", rows("`rows'")
ss_export using "table_summary.csv", rows("`means'")
quietly count if ss_use
local total = r(N)
ss_fit_table using "table_fit.csv", se(Newey-West by asset) values(N `total' assets `used' assets_too_short `short' level `p_level')
local first : word 1 of `p_factors'
ss_source
local engine "`r(engine)'"
preserve
quietly use "`rows'", clear
quietly keep if term == "`first'"
gsort estimate
quietly generate long position = _n
twoway (rcap ci_low ci_high position, lcolor("0 114 178")) (scatter estimate position, mcolor("0 114 178") msize(small)), yline(1, lcolor(gs8) lpattern(dash)) legend(off) ///
    title("Betas on `first'") xtitle("Assets, by size of the beta") ytitle("Beta with `p_level'% interval") ylabel(, angle(0)) note("N = `used' assets; dashed: beta of one; `engine'")
ss_figure using "fig_betas.svg"
restore
ss_event step name=export status=ok
