* medical.calibration 1.0.1: do predicted risks agree with what happened? Calibration, discrimination and overall error.
* Reads p_disease p_risk p_n_groups p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_disease' `p_risk'
ss_sample `p_disease' `p_risk', maxloss(0.2)
ss_binary `p_disease'
quietly count if ss_use & (`p_risk' < 0 | `p_risk' > 1)
ss_check outside_unit, fail(r(N) > 0) value(r(N))
quietly summarize `p_risk' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
quietly count if ss_use & (`p_risk' == 0 | `p_risk' == 1)
local edge = r(N)
ss_check boundary, warn(`edge' > 0) value(`edge')
quietly count if ss_use
local used = r(N)
quietly count if ss_use & `p_disease' == 1
local events = r(N)
ss_check few_events, warn(min(`events', `used' - `events') < 100) value(min(`events', `used' - `events'))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle b se z
tempfile rows groups
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
* logits of risks of 0 and 1 do not exist: these rows count in the Brier score alone
quietly generate double ss_logit = ln(`p_risk' / (1 - `p_risk')) if ss_use & `p_risk' > 0 & `p_risk' < 1
postfile `handle' str32 measure double estimate double std_error double ci_low double ci_high double ideal str160 note using "`rows'"
quietly summarize `p_risk' if ss_use
local expected = r(sum)
local ratio = `events' / `expected'
* error of the log of a binomial number of events, Debray et al. (2017)
scalar `se' = sqrt((1 - `events' / r(N)) / `events')
post `handle' ("observed_expected") (`ratio') (`ratio' * `se') (`ratio' * exp(-`z' * `se')) (`ratio' * exp(`z' * `se')) (1) ("events divided by the sum of the predicted risks")
glm `p_disease' if ss_use, family(binomial) link(logit) offset(ss_logit) level(`p_level')
scalar `b' = _b[_cons]
scalar `se' = _se[_cons]
post `handle' ("calibration_in_the_large") (`b') (`se') (`b' - `z' * `se') (`b' + `z' * `se') (0) ("shift of the logit; below 0: risks are too high")
ss_metric in_the_large = `b'
logit `p_disease' ss_logit if ss_use, level(`p_level')
scalar `b' = _b[ss_logit]
scalar `se' = _se[ss_logit]
ss_check converge, fail(e(converged) == 0) value(e(converged))
post `handle' ("calibration_slope") (`b') (`se') (`b' - `z' * `se') (`b' + `z' * `se') (1) ("below 1: risks are too extreme")
post `handle' ("calibration_intercept") (_b[_cons]) (_se[_cons]) (_b[_cons] - `z' * _se[_cons]) (_b[_cons] + `z' * _se[_cons]) (0) ("intercept next to the slope")
ss_metric slope = `b'
local ll = e(ll)
local n_logit = e(N)
quietly roctab `p_disease' `p_risk' if ss_use, level(`p_level')
post `handle' ("c_statistic") (r(area)) (r(se)) (r(lb)) (r(ub)) (1) ("area under the ROC curve: chance that a case has the higher risk")
ss_metric auc = r(area)
quietly generate double ss_error = (`p_risk' - `p_disease')^2 if ss_use
quietly summarize ss_error if ss_use
local brier = r(mean)
local share = `events' / `used'
post `handle' ("brier") (`brier') (r(sd) / sqrt(r(N))) (r(mean) - `z' * r(sd) / sqrt(r(N))) (r(mean) + `z' * r(sd) / sqrt(r(N))) (0) ("mean squared error of the risk")
post `handle' ("scaled_brier") (1 - `brier' / (`share' * (1 - `share'))) (.) (.) (.) (1) ("gain over predicting the share of cases for everybody")
postclose `handle'
ss_metric brier = `brier'
ss_event step name=estimate status=ok

ss_event step name=groups status=begin
quietly xtile ss_group = `p_risk' if ss_use, nquantiles(`p_n_groups')
quietly levelsof ss_group, local(levels)
local found : word count `levels'
ss_check ties_at_cut, warn(`found' < `p_n_groups') value(`found')
local hl = 0
local least = .
postfile `handle' double group double n double mean_risk double observed double ci_low double ci_high double events double expected using "`groups'"
foreach level of local levels {
    quietly summarize `p_risk' if ss_use & ss_group == `level'
    local n = r(N)
    local mean = r(mean)
    quietly count if ss_use & ss_group == `level' & `p_disease' == 1
    local d = r(N)
    local least = min(`least', `n' * `mean')
    local hl = `hl' + (`d' - `n' * `mean')^2 / (`n' * `mean' * (1 - `mean'))
    quietly cii proportions `n' `d', wilson level(`p_level')
    post `handle' (`level') (`n') (`mean') (`d' / `n') (r(lb)) (r(ub)) (`d') (`n' * `mean')
}
postclose `handle'
ss_check sparse_cells, warn(`least' < 5) value(`least')
* risks come from outside the data: as many degrees of freedom as groups
local hl_p = chi2tail(`found', `hl')
ss_metric hosmer_lemeshow = `hl'
ss_metric hosmer_lemeshow_p = `hl_p'
ss_event step name=groups status=ok

ss_event step name=export status=begin
ss_export using "table_calibration.csv", rows("`rows'")
ss_export using "table_groups.csv", rows("`groups'")
ss_fit_table using "table_fit.csv", values(N `used' n_events `events' n_logit `n_logit' ll `ll' hosmer_lemeshow `hl' hosmer_lemeshow_df `found' hosmer_lemeshow_p `hl_p' level `p_level') se(oim)
ss_source
local engine "`r(engine)'"
preserve
quietly use "`groups'", clear
twoway (function y = x, range(0 1) lcolor(gs8) lpattern(dash)) (rcap ci_low ci_high mean_risk, lcolor("0 114 178")) (scatter observed mean_risk, mcolor("0 114 178")), title("Calibration of the predicted risk") ///
    xtitle("Mean predicted risk of the group") ytitle("Observed share of cases") ylabel(0(0.2)1, angle(0)) legend(order(3 "group" 2 "`p_level'% interval" 1 "perfect agreement")) note("N = `used', `events' cases, `found' groups; `engine'")
ss_figure using "fig_calibration.svg"
restore
ss_event step name=export status=ok
