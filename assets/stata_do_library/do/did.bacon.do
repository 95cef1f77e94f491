* did.bacon 1.1.0: which comparisons make up a two-way fixed-effects estimate? Decomposition of Goodman-Bacon.
* Reads p_outcome p_panel_id p_time_var p_adopt_time_var.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_adopt_time_var'
ss_sample `p_outcome' `p_time_var', strok(`p_panel_id')
ss_linear_probability `p_outcome'
ss_panel `p_panel_id' `p_time_var'
quietly keep if ss_use
xtset ss_panel ss_period
quietly summarize `p_time_var'
local first = r(min)
local last = r(max)
quietly summarize ss_period
local periods = r(max)
quietly egen double ss_count = count(ss_period), by(ss_panel)
quietly summarize ss_count
ss_check unbalanced, fail(r(min) < `periods') value(r(min))
* zero, missing, or beyond the last period: never treated; from the first period on: always treated
quietly generate double ss_start = `p_adopt_time_var'
quietly replace ss_start = . if ss_start <= 0 | ss_start > `last'
quietly egen double ss_least = min(ss_start), by(ss_panel)
quietly egen double ss_most = max(ss_start), by(ss_panel)
quietly count if ss_least < ss_most | (missing(ss_start) & !missing(ss_least))
ss_check nonconstant_in_unit, fail(r(N) > 0) value(r(N))
quietly generate byte ss_d = !missing(ss_start) & `p_time_var' >= ss_start
quietly summarize ss_panel
local units = r(max)
quietly levelsof ss_start, local(starts)
local groups : word count `starts'
quietly count if missing(ss_start)
local never = r(N)
ss_check empty_cell, fail(`groups' == 0 | (`groups' == 1 & `never' == 0)) value(`groups')
ss_check no_never_treated, warn(`never' == 0) value(`never')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle twfe se total weight_sum
tempfile rows kinds
xtreg `p_outcome' ss_d i.ss_period, fe vce(cluster ss_panel)
scalar `twfe' = _b[ss_d]
scalar `se' = _se[ss_d]
ss_fit_table using "table_fit.csv", scalars(N N_g r2_w) se(cluster `p_panel_id') clusters(`p_panel_id') values(twfe `twfe' twfe_se `se' cohorts `groups' units_never `never'/`periods' periods `periods')
* variance of the treatment after unit and period effects
quietly xtreg ss_d i.ss_period, fe
quietly predict double ss_rest, e
quietly summarize ss_rest
local vd = r(Var) * (r(N) - 1) / r(N)
postfile `handle' str40 kind double treated_start double control_start double estimate double weight double n_treated double n_control using "`rows'"
scalar `total' = 0
scalar `weight_sum' = 0
local all "`starts'"
if `never' > 0 {
    local all "`starts' 0"
}
foreach k of local starts {
    quietly count if ss_start == `k'
    local nk = r(N) / `periods' / `units'
    quietly summarize ss_d if ss_start == `k'
    local dk = r(mean)
    foreach l of local all {
        if `l' == `k' {
            continue
        }
        local control "missing(ss_start)"
        local dl = 0
        if `l' > 0 {
            local control "ss_start == `l'"
            quietly summarize ss_d if `control'
            local dl = r(mean)
        }
        quietly count if `control'
        local nl = r(N) / `periods' / `units'
        local share = `nk' / (`nk' + `nl')
        local window "1"
        if `l' == 0 {
            local kind "treated and never treated"
            local weight = (`nk' + `nl')^2 * `share' * (1 - `share') * `dk' * (1 - `dk') / `vd'
            if `dk' == 1 {
                continue
            }
        }
        else if `k' < `l' {
            * the later group is a control until it starts
            local kind "earlier and not yet treated"
            if `dk' == 1 {
                continue
            }
            local window "`p_time_var' < `l'"
            local weight = ((`nk' + `nl') * (1 - `dl'))^2 * `share' * (1 - `share') * ((`dk' - `dl') / (1 - `dl')) * ((1 - `dk') / (1 - `dl')) / `vd'
        }
        else {
            * the earlier group is a control although it is treated already
            local kind "later and already treated"
            if `dl' == 1 {
                local kind "later and always treated"
            }
            local window "`p_time_var' >= `l'"
            local weight = ((`nk' + `nl') * `dl')^2 * `share' * (1 - `share') * (`dk' / `dl') * ((`dl' - `dk') / `dl') / `vd'
        }
        quietly summarize `p_outcome' if ss_start == `k' & `window' & `p_time_var' >= `k'
        local estimate = r(mean)
        quietly summarize `p_outcome' if ss_start == `k' & `window' & `p_time_var' < `k'
        local estimate = `estimate' - r(mean)
        quietly summarize `p_outcome' if `control' & `window' & `p_time_var' >= `k'
        local estimate = `estimate' - r(mean)
        quietly summarize `p_outcome' if `control' & `window' & `p_time_var' < `k'
        local estimate = `estimate' + r(mean)
        post `handle' ("`kind'") (`k') (cond(`l' == 0, ., `l')) (`estimate') (`weight') (`nk' * `units') (`nl' * `units')
        scalar `total' = `total' + `weight' * `estimate'
        scalar `weight_sum' = `weight_sum' + `weight'
    }
}
postclose `handle'
ss_metric att = `twfe'
ss_metric att_se = `se'
* the weighted comparisons must give the estimate back
ss_check converge, fail(abs(`total' - `twfe') > 1e-6 * max(1, abs(`twfe')) | abs(`weight_sum' - 1) > 1e-6) value(`weight_sum')
ss_event step name=estimate status=ok

ss_event step name=summarise status=begin
preserve
quietly use "`rows'", clear
postfile `handle' str40 kind double comparisons double weight double estimate using "`kinds'"
local forbidden = 0
foreach kind in "treated and never treated" "earlier and not yet treated" "later and already treated" "later and always treated" {
    quietly summarize weight if kind == "`kind'"
    if r(N) > 0 {
        local weight = r(sum)
        local number = r(N)
        quietly generate double part = weight * estimate if kind == "`kind'"
        quietly summarize part
        post `handle' ("`kind'") (`number') (`weight') (r(sum) / `weight')
        drop part
        if substr("`kind'", 1, 5) == "later" {
            local forbidden = `forbidden' + `weight'
        }
    }
}
postclose `handle'
restore
ss_check staggered, warn(`forbidden' > 0.1) value(`forbidden')
ss_metric share_already_treated = `forbidden'
ss_event step name=summarise status=ok

ss_event step name=export status=begin
ss_export using "table_comparisons.csv", rows("`rows'")
ss_export using "table_kinds.csv", rows("`kinds'")
ss_label `p_outcome'
local name = r(text)
ss_source
local engine "`r(engine)'"
local line = `twfe'
preserve
quietly use "`rows'", clear
twoway (scatter estimate weight if kind == "treated and never treated", mcolor("0 114 178")) (scatter estimate weight if kind == "earlier and not yet treated", mcolor("0 158 115") msymbol(triangle)) ///
    (scatter estimate weight if substr(kind, 1, 5) == "later", mcolor("213 94 0") msymbol(square)), yline(`line', lcolor(gs8) lpattern(dash)) title(`"Comparisons behind the estimate: `macval(name)'"') ///
    xtitle("Weight in the two-way fixed-effects estimate") ytitle("Difference in differences") ylabel(, angle(0)) legend(order(1 "never treated as control" 2 "not yet treated as control" 3 "treated before as control")) ///
    note("dashed: two-way fixed-effects estimate; `engine'")
ss_figure using "fig_comparisons.svg"
restore
ss_event step name=export status=ok
