* finance.fama_macbeth 1.0.1: are characteristics priced? Cross-section regressions by period, averaged over periods.
* Reads p_outcome p_regressors p_panel_id p_time_var p_lags p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_regressors'
ss_sample `p_outcome' `p_regressors' `p_time_var', strok(`p_panel_id')
ss_panel `p_panel_id' `p_time_var'
quietly keep if ss_use
local k : word count `p_regressors'
quietly summarize ss_period, meanonly
local periods = r(max)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle b
tempfile rows premia
* one regression for each period; a period with too few units or a lost term is left out
local posts ""
forvalues j = 1/`k' {
    local posts "`posts' double ss_b`j'"
}
postfile `handle' double period double n double r2 double intercept `posts' using "`rows'"
local skipped = 0
local done = 0
forvalues t = 1/`periods' {
    quietly count if ss_period == `t'
    local n = r(N)
    local fits = 0
    if `n' > `k' + 1 {
        quietly regress `p_outcome' `p_regressors' if ss_period == `t'
        local fits = e(df_m) == `k'
    }
    if `fits' {
        quietly summarize `p_time_var' if ss_period == `t', meanonly
        local when = r(mean)
        local values ""
        foreach variable of local p_regressors {
            local values "`values' (_b[`variable'])"
        }
        post `handle' (`when') (`n') (e(r2)) (_b[_cons]) `values'
        local done = `done' + 1
    }
    else {
        local skipped = `skipped' + 1
    }
}
postclose `handle'
ss_check too_few_periods, fail(`done' < `k' + 5) value(`done')
local lags "`p_lags'"
if "`lags'" == "" {
    local lags = floor(4 * (`done' / 100)^(2/9))
}
ss_check bounds_order, fail(`lags' < 0 | `lags' >= `done') value(`lags')
ss_metric n_periods = `done'
preserve
quietly use "`rows'", clear
quietly generate long ss_row = _n
quietly tsset ss_row
quietly summarize r2
local mean_r2 = r(mean)
quietly summarize n
local mean_n = r(mean)
postfile `handle' str128 term double estimate double std_error double statistic double p_value double ci_low double ci_high double nw_std_error double nw_statistic double nw_p_value double share_positive using "`premia'"
forvalues j = 0/`k' {
    local name "_cons"
    local variable "intercept"
    if `j' > 0 {
        local name : word `j' of `p_regressors'
        local variable "ss_b`j'"
    }
    quietly count if `variable' > 0
    local up = r(N) / `done'
    quietly newey `variable', lag(`lags')
    local nw = _se[_cons]
    quietly summarize `variable'
    local se = r(sd) / sqrt(`done')
    local t = r(mean) / `se'
    local half = invttail(`done' - 1, (1 - `p_level' / 100) / 2) * `se'
    post `handle' ("`name'") (r(mean)) (`se') (`t') (2 * ttail(`done' - 1, abs(`t'))) (r(mean) - `half') (r(mean) + `half') (`nw') (r(mean) / `nw') (2 * ttail(`done' - 1, abs(r(mean) / `nw'))) (`up')
    if `j' == 1 {
        local first = r(mean)
        local first_t = r(mean) / `nw'
    }
}
postclose `handle'
forvalues j = 1/`k' {
    rename ss_b`j' slope`j'
}
drop ss_row
tempfile long
quietly reshape long slope, i(period) j(number)
quietly generate str128 term = ""
forvalues j = 1/`k' {
    quietly replace term = "`: word `j' of `p_regressors''" if number == `j'
}
drop number
order period term slope n r2 intercept
quietly save "`long'"
restore
ss_metric premium = `first'
ss_metric nw_t = `first_t'
ss_metric mean_r2 = `mean_r2'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_premia.csv", rows("`premia'")
ss_export using "table_periods.csv", rows("`long'")
quietly count if ss_use
local used = r(N)
ss_fit_table using "table_fit.csv", se(over periods; Newey-West with `lags' lags in columns of their own) values(N `used' periods `done' periods_skipped `skipped' mean_units `mean_n' mean_r2 `mean_r2' lags `lags' level `p_level')
ss_event step name=export status=ok
