* rd.robust 1.0.1: jump of an outcome at a threshold with data-driven bandwidths and robust bias-corrected intervals.
* Reads p_outcome p_running p_cutoff p_bandwidth p_selector p_degree p_kernel p_cluster_var p_level.
local vce "nn"
if "`p_cluster_var'" != "" {
    local vce "cluster `p_cluster_var'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
confirm numeric variable `p_running'
ss_sample `p_outcome' `p_running', strok(`p_cluster_var') nometric maxloss(0.2)
quietly generate double ss_run = `p_running' - `p_cutoff'
quietly generate byte ss_above = ss_run >= 0 if ss_use
quietly count if ss_use & ss_above == 0
local below = r(N)
quietly count if ss_use & ss_above == 1
local above = r(N)
ss_check few_near_cutoff, fail(min(`below', `above') < 20) value(min(`below', `above'))
* many equal values of the running variable
tempvar heap
quietly bysort ss_use ss_run: generate long `heap' = _N if ss_use
quietly summarize `heap', meanonly
ss_check heaping, warn(r(max) > 0.05 * r(N) & r(max) > 10) value(r(max))
if "`p_cluster_var'" != "" {
    ss_clusters `p_cluster_var'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname effects widths z se estimate
tempfile effect_rows width_rows
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
postfile `widths' str16 rule double h_below double h_above double b_below double b_above double n_below double n_above double estimate double std_error double p_value double ci_low double ci_high using "`width_rows'"
postfile `effects' str32 term double estimate double std_error double statistic double p_value double ci_low double ci_high str160 note using "`effect_rows'"
local rules "mserd msetwo cerrd certwo"
local rules : list rules - p_selector
* the chosen rule comes last, so that its results stay
local rules "`rules' `p_selector'"
if "`p_bandwidth'" != "" {
    local rules "mserd msetwo cerrd certwo stated"
}
foreach rule of local rules {
    local choice "bwselect(`rule')"
    if "`rule'" == "stated" {
        local choice "h(`p_bandwidth')"
    }
    rdrobust `p_outcome' `p_running' if ss_use, c(`p_cutoff') p(`p_degree') kernel(`p_kernel') vce(`vce') `choice' level(`p_level')
    scalar `se' = e(se_tau_rb)
    post `widths' ("`rule'") (e(h_l)) (e(h_r)) (e(b_l)) (e(b_r)) (e(N_h_l)) (e(N_h_r)) (e(tau_bc)) (`se') (2 * normal(-abs(e(tau_bc) / `se'))) (e(tau_bc) - `z' * `se') (e(tau_bc) + `z' * `se')
}
postclose `widths'
local near_below = e(N_h_l)
local near_above = e(N_h_r)
ss_check few_near_cutoff, warn(min(`near_below', `near_above') < 20) value(min(`near_below', `near_above'))
scalar `estimate' = e(tau_cl)
scalar `se' = e(se_tau_cl)
post `effects' ("conventional") (`estimate') (`se') (`estimate' / `se') (2 * normal(-abs(`estimate' / `se'))) (`estimate' - `z' * `se') (`estimate' + `z' * `se') ("degree `p_degree', `p_kernel' kernel; the interval ignores the bias")
scalar `estimate' = e(tau_bc)
scalar `se' = e(se_tau_rb)
post `effects' ("robust") (`estimate') (`se') (`estimate' / `se') (2 * normal(-abs(`estimate' / `se'))) (`estimate' - `z' * `se') (`estimate' + `z' * `se') ("bias-corrected, robust interval")
postclose `effects'
local h_below = e(h_l)
local h_above = e(h_r)
ss_metric effect = e(tau_cl)
ss_metric effect_robust = `estimate'
ss_metric se_robust = `se'
ss_metric bandwidth = e(h_l)
ss_event metric name=n_used value=`=`near_below' + `near_above''
local shown = max(`h_below', `h_above')
ss_fit_table using "table_fit.csv", scalars(N_h_l N_h_r h_l h_r b_l b_r) values(N `near_below'+`near_above' degree `p_degree' cutoff `p_cutoff' level `p_level') se(`vce') weight(`p_kernel' kernel) sample(`=`near_below' + `near_above'' of `=_N' rows in memory)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_effects.csv", rows("`effect_rows'")
ss_export using "table_bandwidths.csv", rows("`width_rows'")
ss_rd_plot using "fig_rd_plot.svg", outcome(`p_outcome') running(`p_running') cutoff(`p_cutoff') bandwidth(`shown') degree(`p_degree') kernel(`p_kernel')
ss_event step name=export status=ok
