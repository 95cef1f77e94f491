* ts.rolling 1.1.2: a regression in moving or growing windows of time: do its coefficients change?
* Reads p_outcome p_regressors p_time_var p_window p_recursive p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_regressors'
ss_sample `p_outcome' `p_regressors' `p_time_var', maxloss(0.2)
ss_time `p_time_var', least(10)
local periods = r(periods)
local k : word count `p_regressors'
ss_check bounds_order, fail(`p_window' > `periods' | `p_window' < `k' + 3) value(`p_window')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle full sums
tempfile rows summary
regress `p_outcome' `p_regressors', level(`p_level')
matrix `full' = r(table)
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_r) se(ols) values(window `p_window' recursive `p_recursive' windows `periods'-`p_window'+1 level `p_level')
local timeformat : format `p_time_var'
postfile `handle' double window double start double end str80 period str128 term double estimate double std_error double ci_low double ci_high double r2 double n using "`rows'"
local number = 0
forvalues last = `p_window'/`periods' {
    local number = `number' + 1
    local first = cond(`p_recursive' == 1, 1, `last' - `p_window' + 1)
    quietly regress `p_outcome' `p_regressors' in `first'/`last'
    local half = invttail(e(df_r), (1 - `p_level' / 100) / 2)
    local r2 = e(r2)
    local n = e(N)
    local from = strtrim(string(`p_time_var'[`first'], "`timeformat'"))
    local to = strtrim(string(`p_time_var'[`last'], "`timeformat'"))
    foreach term in `p_regressors' _cons {
        post `handle' (`number') (`p_time_var'[`first']) (`p_time_var'[`last']) ("`from' - `to'") ("`term'") (_b[`term']) (_se[`term']) (_b[`term'] - `half' * _se[`term']) (_b[`term'] + `half' * _se[`term']) (`r2') (`n')
    }
}
postclose `handle'
ss_metric n_windows = `number'
ss_event step name=estimate status=ok

ss_event step name=summarise status=begin
postfile `sums' str128 term double estimate_all double mean double sd double min double max double share_significant using "`summary'"
preserve
quietly use "`rows'", clear
local place = 0
foreach term in `p_regressors' _cons {
    local place = `place' + 1
    quietly count if term == "`term'" & (ci_low > 0 | ci_high < 0)
    local strong = r(N)
    quietly summarize estimate if term == "`term'"
    post `sums' ("`term'") (el(`full', 1, `place')) (r(mean)) (r(sd)) (r(min)) (r(max)) (`strong' / r(N))
    if `place' == 1 {
        local least = r(min)
        local most = r(max)
    }
}
postclose `sums'
restore
ss_metric least = `least'
ss_metric most = `most'
ss_event step name=summarise status=ok

ss_event step name=export status=begin
ss_export using "table_rolling.csv", rows("`rows'")
ss_export using "table_summary.csv", rows("`summary'")
ss_coef_table using "table_coefficients.csv", table(`full') focal(`: word 1 of `p_regressors'') results
local focal : word 1 of `p_regressors'
ss_label `focal'
local name = r(text)
ss_label `p_outcome'
local outcome = r(text)
local all = el(`full', 1, 1)
ss_source
local engine "`r(engine)'"
preserve
quietly use "`rows'", clear
quietly keep if term == "`focal'"
format end `timeformat'
local kind = cond(`p_recursive' == 1, "growing windows from the first period, at least `p_window' periods", "windows of `p_window' periods")
twoway (rarea ci_low ci_high end, color("0 114 178%20")) (line estimate end, lcolor("0 114 178")), yline(`all', lcolor(gs8) lpattern(dash)) title(`"Coefficient of `macval(name)' over time: `macval(outcome)'"') ///
    xtitle("Last period of the window") ytitle("Coefficient") ylabel(, angle(0)) legend(order(2 "estimate" 1 "`p_level'% interval")) note("`kind'; dashed: all periods; `engine'")
ss_figure using "fig_rolling.svg"
restore
ss_event step name=export status=ok
