* ts.break 1.1.2: did a regression over time break? Chow test at a stated time and sup-F test at an unknown one.
* Reads p_outcome p_regressors p_time_var p_break_at p_trim p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_regressors'
ss_sample `p_outcome' `p_regressors' `p_time_var', maxloss(0.2)
ss_time `p_time_var', least(30)
local periods = r(periods)
local k : word count `p_regressors'
local q = `k' + 1
local first = floor(`p_trim' * `periods') + 1
local last = `periods' - floor(`p_trim' * `periods')
ss_check bounds_order, fail(`first' <= `q' + 1 | `periods' - `last' < `q' | `last' <= `first') value(`first')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients handle
tempfile rows tests parts
regress `p_outcome' `p_regressors', level(`p_level')
matrix `coefficients' = r(table)
local rss = e(rss)
local df2 = `periods' - 2 * `q'
ss_check few_df, warn(`df2' < 20) fail(`df2' < 1) value(`df2')
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_r) se(ols) values(restrictions `q' first_tested `p_time_var'[`first'] last_tested `p_time_var'[`last'] trim `p_trim' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results
local timeformat : format `p_time_var'
local best = 0
local at = .
local sum = 0
local count = 0
* the first period of the second part runs over the middle of the series
postfile `handle' double time double f using "`rows'"
forvalues s = `first'/`last' {
    quietly regress `p_outcome' `p_regressors' in 1/`=`s' - 1'
    local two = e(rss)
    quietly regress `p_outcome' `p_regressors' in `s'/`periods'
    local two = `two' + e(rss)
    local f = ((`rss' - `two') / `q') / (`two' / `df2')
    post `handle' (`p_time_var'[`s']) (`f')
    local sum = `sum' + `f'
    local count = `count' + 1
    if `f' > `best' {
        local best = `f'
        local at = `s'
    }
}
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=test status=begin
* critical values of the largest F with 15 % trimming (Andrews 2003), by number of coefficients, at 10, 5 and 1 %
local c10 "7.12 5.00 4.09 3.59 3.26 3.02 2.84 2.69 2.58 2.48"
local c5 "8.68 5.86 4.71 4.09 3.66 3.37 3.15 2.98 2.84 2.71"
local c1 "12.16 7.78 6.02 5.12 4.53 4.12 3.82 3.57 3.38 3.23"
local known = `q' <= 10 & abs(`p_trim' - 0.15) < 1e-9
local note "no critical values for this trimming or number of coefficients"
local critical = .
if `known' {
    local critical : word `q' of `c5'
    local note "critical values 10, 5, 1 %: `: word `q' of `c10'', `critical', `: word `q' of `c1''"
}
postfile `handle' str32 test double time str40 period double statistic double df1 double df2 double p_value double critical_5 str160 note using "`tests'"
post `handle' ("sup_f") (`p_time_var'[`at']) (strtrim(string(`p_time_var'[`at'], "`timeformat'"))) (`best') (`q') (`df2') (.) (`critical') ("largest F over all times; null: no break; `note'")
post `handle' ("mean_f") (.) ("") (`sum' / `count') (`q') (`df2') (.) (.) ("mean F over all times")
ss_metric sup_f = `best'
ss_metric break_time = `p_time_var'[`at']
local split = `at'
if "`p_break_at'" != "" {
    quietly count if `p_time_var' < `p_break_at'
    local split = r(N) + 1
    local right = `periods' - `split' + 1
    ss_check too_few_periods, fail(`split' - 1 <= `q' | `right' <= `q') value(min(`split' - 1, `right'))
    quietly regress `p_outcome' `p_regressors' in 1/`=`split' - 1'
    local two = e(rss)
    quietly regress `p_outcome' `p_regressors' in `split'/`periods'
    local two = `two' + e(rss)
    local f = ((`rss' - `two') / `q') / (`two' / `df2')
    post `handle' ("chow") (`p_time_var'[`split']) (strtrim(string(`p_time_var'[`split'], "`timeformat'"))) (`f') (`q') (`df2') (Ftail(`q', `df2', `f')) (.) ("F; null: no break at this time, which was chosen before looking at the data")
    ss_metric chow_p = Ftail(`q', `df2', `f')
}
postclose `handle'
postfile `handle' str32 part str80 period str128 term double estimate double std_error double p_value double n double r2 using "`parts'"
foreach part in before after {
    local range = cond("`part'" == "before", "1/`=`split' - 1'", "`split'/`periods'")
    quietly regress `p_outcome' `p_regressors' in `range'
    local ends = cond("`part'" == "before", "1 `=`split' - 1'", "`split' `periods'")
    local from = strtrim(string(`p_time_var'[`: word 1 of `ends''], "`timeformat'"))
    local to = strtrim(string(`p_time_var'[`: word 2 of `ends''], "`timeformat'"))
    foreach term in `p_regressors' _cons {
        post `handle' ("`part'") ("`from' - `to'") ("`term'") (_b[`term']) (_se[`term']) (2 * ttail(e(df_r), abs(_b[`term'] / _se[`term']))) (e(N)) (e(r2))
    }
}
postclose `handle'
ss_event step name=test status=ok

ss_event step name=export status=begin
ss_export using "table_tests.csv", rows("`tests'")
ss_export using "table_parts.csv", rows("`parts'")
ss_export using "table_f.csv", rows("`rows'")
ss_label `p_outcome'
local name = r(text)
ss_source
local engine "`r(engine)'"
local line ""
local words "no critical value"
if `known' {
    local line `"yline(`critical', lcolor("213 94 0") lpattern(dash))"'
    local words "dashed: 5 % critical value of the largest F"
}
preserve
quietly use "`rows'", clear
format time `timeformat'
twoway (line f time, lcolor("0 114 178")), `line' title(`"F statistic of a break: `macval(name)'"') xtitle("First period after the break") ytitle("F") ylabel(, angle(0)) legend(off) note("`words'; `engine'")
ss_figure using "fig_f.svg"
restore
ss_event step name=export status=ok
