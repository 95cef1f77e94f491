* causal.synthetic_control 1.0.0: what would one treated unit have done untreated? A weighted mean of untreated units.
* Reads p_outcome p_panel_id p_time_var p_treated_unit p_event_time p_predictors p_lagged p_importance.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_time_var', strok(`p_panel_id')
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
ss_panel `p_panel_id' `p_time_var'
capture confirm string variable `p_panel_id'
if _rc == 0 {
    quietly generate byte ss_treated = `p_panel_id' == "`p_treated_unit'" if ss_use
    quietly generate str80 ss_name = `p_panel_id'
}
else {
    quietly generate str80 ss_name = strofreal(`p_panel_id', "%18.0g")
    quietly generate byte ss_treated = ss_name == "`p_treated_unit'" if ss_use
}
quietly keep if ss_use
quietly summarize ss_panel if ss_treated == 1, meanonly
ss_check empty_cell, fail(r(N) == 0) value(r(N))
local unit = r(min)
quietly levelsof ss_panel, local(units)
local count = r(r)
quietly levelsof `p_time_var', local(periods)
local length = r(r)
ss_check unbalanced, fail(_N != `count' * `length') value(_N)
* each predictor needs a value before the event in every unit
local row = 0
foreach variable of local p_predictors {
    local row = `row' + 1
    tempvar known
    quietly egen long `known' = total(!missing(`variable') & `p_time_var' < `p_event_time'), by(ss_panel)
    quietly count if `known' == 0
    ss_check no_obs, fail(r(N) > 0) value(r(N)) row(`row')
}
local before ""
local after ""
foreach period of local periods {
    if `period' < `p_event_time' {
        local before "`before' `period'"
    }
    else {
        local after "`after' `period'"
    }
}
local early : word count `before'
local late : word count `after'
ss_check too_few_periods, fail(`early' < 3 | `late' == 0) value(`early')
local controls : list units - unit
local others : word count `controls'
ss_check too_few_values, fail(`others' < 2) value(`others')
xtset ss_panel `p_time_var'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
* predictors: means before the event, and outcomes of some periods before it
local predictors "`p_predictors'"
if "`p_lagged'" == "mean" {
    local predictors "`predictors' `p_outcome'"
}
else {
    local chosen "`: word 1 of `before'' `: word `=ceil(`early' / 2)' of `before'' `: word `early' of `before''"
    if "`p_lagged'" == "all" {
        local chosen "`before'"
    }
    foreach period of local chosen {
        local when "(`period')"
        local predictors "`predictors' `p_outcome'`when'"
    }
}
local size : word count `predictors'
* the regressions behind the importances need more units than predictors; placebos have one unit less
local search ""
if "`p_importance'" == "nested" | `size' + 2 > `count' - 1 {
    local search "nested allopt"
}
tempname v w x yt ys error handle paths lines weights balance placebos gap post mean
tempfile effect_rows path_rows line_rows gap_rows weight_rows balance_rows placebo_rows
synth `p_outcome' `predictors', trunit(`unit') trperiod(`p_event_time') counit(`controls') `search'
matrix `v' = e(V_matrix)
matrix `w' = e(W_weights)
matrix `x' = e(X_balance)
matrix `yt' = e(Y_treated)
matrix `ys' = e(Y_synthetic)
postfile `weights' str80 unit double weight using "`weight_rows'"
forvalues j = 1/`others' {
    local id = el(`w', `j', 1)
    quietly levelsof ss_name if ss_panel == `id', local(name) clean
    post `weights' (`"`macval(name)'"') (el(`w', `j', 2))
}
postclose `weights'
local names : rownames `v'
postfile `balance' str80 predictor double importance double treated double synthetic using "`balance_rows'"
forvalues j = 1/`size' {
    post `balance' ("`: word `j' of `names''") (el(`v', `j', `j')) (el(`x', `j', 1)) (el(`x', `j', 2))
}
postclose `balance'
scalar `error' = 0
scalar `post' = 0
scalar `mean' = 0
matrix `gap' = J(`length', `count', .)
forvalues t = 1/`length' {
    matrix `gap'[`t', 1] = el(`yt', `t', 1) - el(`ys', `t', 1)
    if `t' <= `early' {
        scalar `error' = `error' + el(`gap', `t', 1)^2 / `early'
    }
    else {
        scalar `post' = `post' + el(`gap', `t', 1)^2 / `late'
        scalar `mean' = `mean' + el(`gap', `t', 1) / `late'
    }
}
quietly summarize `p_outcome' if `p_time_var' < `p_event_time'
ss_check poor_prefit, warn(sqrt(`error') > r(sd) / 4) value(sqrt(`error') / r(sd))
ss_event step name=estimate status=ok

ss_event step name=placebos status=begin
* each untreated unit as if it were treated, with the other untreated units as its controls
tempname before_sum after_sum ratios
matrix `ratios' = J(`count', 3, .)
matrix `ratios'[1, 1] = sqrt(`error')
matrix `ratios'[1, 2] = sqrt(`post')
matrix `ratios'[1, 3] = sqrt(`post' / `error')
local column = 1
foreach placebo of local controls {
    local column = `column' + 1
    local rest : list controls - placebo
    quietly synth `p_outcome' `predictors', trunit(`placebo') trperiod(`p_event_time') counit(`rest') `search'
    matrix `yt' = e(Y_treated)
    matrix `ys' = e(Y_synthetic)
    scalar `before_sum' = 0
    scalar `after_sum' = 0
    forvalues t = 1/`length' {
        matrix `gap'[`t', `column'] = el(`yt', `t', 1) - el(`ys', `t', 1)
        if `t' <= `early' {
            scalar `before_sum' = `before_sum' + el(`gap', `t', `column')^2 / `early'
        }
        else {
            scalar `after_sum' = `after_sum' + el(`gap', `t', `column')^2 / `late'
        }
    }
    matrix `ratios'[`column', 1] = sqrt(`before_sum')
    matrix `ratios'[`column', 2] = sqrt(`after_sum')
    matrix `ratios'[`column', 3] = sqrt(`after_sum' / `before_sum')
}
* the share of all units whose errors grow at least as much as those of the treated unit
local larger = 0
forvalues j = 1/`count' {
    local larger = `larger' + (el(`ratios', `j', 3) >= el(`ratios', 1, 3))
}
local p = `larger' / `count'
postfile `placebos' str80 unit double rmspe_before double rmspe_after double ratio byte treated using "`placebo_rows'"
local column = 0
local order "`unit' `controls'"
foreach id of local order {
    local column = `column' + 1
    quietly levelsof ss_name if ss_panel == `id', local(name) clean
    post `placebos' (`"`macval(name)'"') (el(`ratios', `column', 1)) (el(`ratios', `column', 2)) (el(`ratios', `column', 3)) (`column' == 1)
}
postclose `placebos'
* by period: the share of units with a gap at least as large
postfile `handle' double period double treated double synthetic double gap double p_value str20 note using "`path_rows'"
postfile `paths' double unit double period double value using "`line_rows'"
postfile `lines' double unit double period double value using "`gap_rows'"
quietly synth `p_outcome' `predictors', trunit(`unit') trperiod(`p_event_time') counit(`controls') `search'
matrix `yt' = e(Y_treated)
matrix `ys' = e(Y_synthetic)
forvalues t = 1/`length' {
    local period : word `t' of `periods'
    local share = 0
    forvalues j = 1/`count' {
        local share = `share' + (abs(el(`gap', `t', `j')) >= abs(el(`gap', `t', 1))) / `count'
        post `lines' (`j' - 1) (`period') (el(`gap', `t', `j'))
    }
    local share = cond(`t' > `early', `share', .)
    post `handle' (`period') (el(`yt', `t', 1)) (el(`ys', `t', 1)) (el(`gap', `t', 1)) (`share') (cond(`t' > `early', "after", "before"))
    post `paths' (0) (`period') (el(`yt', `t', 1))
    post `paths' (1) (`period') (el(`ys', `t', 1))
}
postclose `handle'
postclose `paths'
postclose `lines'
tempname effects
postfile `effects' str32 effect double estimate double statistic double p_value str160 note using "`effect_rows'"
post `effects' ("average_gap") (`mean') (el(`ratios', 1, 3)) (`p') ("mean gap from the event on; statistic: error after over error before, p: its rank among `count' units")
post `effects' ("last_gap") (el(`gap', `length', 1)) (.) (`share') ("gap in the last period, p: rank of its size among `count' units")
postclose `effects'
ss_metric att = `mean'
ss_metric p_value = `p'
ss_metric rmspe_before = sqrt(`error')
ss_metric n_groups = `count'
ss_event step name=placebos status=ok

ss_event step name=export status=begin
ss_export using "table_effects.csv", rows("`effect_rows'")
ss_export using "table_paths.csv", rows("`path_rows'")
ss_export using "table_weights.csv", rows("`weight_rows'")
ss_export using "table_balance.csv", rows("`balance_rows'")
ss_export using "table_placebos.csv", rows("`placebo_rows'")
local how = cond("`search'" == "", "regression-based importances of predictors", "importances of predictors with the least error before the event")
ss_fit_table using "table_fit.csv", se(none; ranks among placebos) weight(`how') values(N _N N_units `count' n_predictors `size' periods_before `early' periods_after `late' rmspe_before sqrt(`error') rmspe_after sqrt(`post') rmspe_ratio el(`ratios',1,3))
ss_label `p_outcome'
local title = r(text)
ss_label `p_time_var'
local xtitle = r(text)
local used = _N
ss_synth_plot using "fig_paths.svg", rows("`line_rows'") kind(paths) event(`p_event_time') n(`used') title(`"`macval(title)'"') xtitle(`"`macval(xtitle)'"')
ss_synth_plot using "fig_gaps.svg", rows("`gap_rows'") kind(gaps) event(`p_event_time') n(`used') title(`"`macval(title)'"') xtitle(`"`macval(xtitle)'"')
ss_event step name=export status=ok
