* rd.density 1.0.0: does the density of a running variable jump at a threshold? Test of manipulation (Cattaneo, Jansson and Ma).
* Reads p_running p_cutoff p_bandwidth p_selector p_degree p_kernel p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_running'
ss_sample `p_running', maxloss(0.2)
quietly generate double ss_run = `p_running' - `p_cutoff'
quietly generate byte ss_above = ss_run >= 0 if ss_use
quietly count if ss_use & ss_above == 0
local below = r(N)
quietly count if ss_use & ss_above == 1
local above = r(N)
local used = `below' + `above'
ss_check few_near_cutoff, fail(min(`below', `above') < 20) value(min(`below', `above'))
* many equal values of the running variable
tempvar heap
quietly bysort ss_use ss_run: generate long `heap' = _N if ss_use
quietly summarize `heap', meanonly
ss_check heaping, warn(r(max) > 0.05 * r(N) & r(max) > 10) value(r(max))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname widths tests sides windows z se difference p
tempfile width_rows test_rows side_rows window_rows
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
postfile `widths' str16 rule double h_below double h_above double n_below double n_above double estimate double std_error double statistic double p_value using "`width_rows'"
local rules "comb each diff sum"
local rules : list rules - p_selector
* the chosen rule comes last, so that its results stay
local rules "`rules' `p_selector'"
if "`p_bandwidth'" != "" {
    local rules "comb each diff sum stated"
}
foreach rule of local rules {
    local choice "bwselect(`rule')"
    if "`rule'" == "stated" {
        local choice "h(`p_bandwidth' `p_bandwidth')"
    }
    rddensity `p_running' if ss_use, c(`p_cutoff') p(`p_degree') kernel(`p_kernel') `choice' nobinomial all
    post `widths' ("`rule'") (e(h_l)) (e(h_r)) (e(N_h_l)) (e(N_h_r)) (e(f_qr) - e(f_ql)) (e(se_q)) (e(T_q)) (e(pv_q))
}
postclose `widths'
local near_below = e(N_h_l)
local near_above = e(N_h_r)
local h_below = e(h_l)
local h_above = e(h_r)
ss_check few_near_cutoff, warn(min(`near_below', `near_above') < 20) value(min(`near_below', `near_above'))
postfile `tests' str16 method double density_below double density_above double estimate double std_error double statistic double p_value double ci_low double ci_high str120 note using "`test_rows'"
foreach kind in p q {
    local method = cond("`kind'" == "p", "conventional", "robust")
    local note = cond("`kind'" == "p", "degree `p_degree'; ignores the bias of the estimates", "degree `=`p_degree' + 1' at the bandwidth of degree `p_degree'")
    scalar `difference' = e(f_`kind'r) - e(f_`kind'l)
    scalar `se' = e(se_`kind')
    post `tests' ("`method'") (e(f_`kind'l)) (e(f_`kind'r)) (`difference') (`se') (e(T_`kind')) (e(pv_`kind')) (`difference' - `z' * `se') (`difference' + `z' * `se') ("`note'")
}
postclose `tests'
scalar `p' = e(pv_q)
ss_check density_jump, warn(`p' < 0.05) value(`p')
postfile `sides' str8 side double estimate double std_error double ci_low double ci_high double n using "`side_rows'"
post `sides' ("below") (e(f_ql)) (e(se_ql)) (e(f_ql) - `z' * e(se_ql)) (e(f_ql) + `z' * e(se_ql)) (`near_below')
post `sides' ("above") (e(f_qr)) (e(se_qr)) (e(f_qr) - `z' * e(se_qr)) (e(f_qr) + `z' * e(se_qr)) (`near_above')
postclose `sides'
ss_metric difference = `difference'
ss_metric statistic = e(T_q)
ss_metric p_value = `p'
ss_metric bandwidth = e(h_l)
ss_fit_table using "table_fit.csv", scalars(N N_l N_r N_h_l N_h_r h_l h_r) values(degree `p_degree' cutoff `p_cutoff' level `p_level') se(jackknife) weight(`p_kernel' kernel)
ss_event step name=estimate status=ok

ss_event step name=windows status=begin
* rows in narrow windows of equal width: a fair coin decides the side if nobody can choose it
postfile `windows' double width double n_below double n_above double share_above double p_value using "`window_rows'"
forvalues k = 1/5 {
    local width = `k' / 5 * min(`h_below', `h_above')
    quietly count if ss_use & ss_run < 0 & ss_run >= -`width'
    local n_below = r(N)
    quietly count if ss_use & ss_run >= 0 & ss_run <= `width'
    local n_above = r(N)
    local n_both = `n_below' + `n_above'
    if `n_both' > 0 {
        post `windows' (`width') (`n_below') (`n_above') (`n_above' / `n_both') (min(1, 2 * binomial(`n_both', min(`n_below', `n_above'), 0.5)))
    }
}
postclose `windows'
ss_event step name=windows status=ok

ss_event step name=export status=begin
ss_export using "table_test.csv", rows("`test_rows'")
ss_export using "table_density.csv", rows("`side_rows'")
ss_export using "table_bandwidths.csv", rows("`width_rows'")
ss_export using "table_windows.csv", rows("`window_rows'")
ss_density_plot using "fig_density.svg", running(`p_running') cutoff(`p_cutoff') below(`h_below') above(`h_above') rows("`side_rows'") n(`used') level(`p_level')
ss_event step name=export status=ok
