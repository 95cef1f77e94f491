* medical.roc 1.1.0: ROC curve, area and cut-offs of a marker, and the comparison with a second one.
* Reads p_disease p_marker p_second_marker p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_disease'
confirm numeric variable `p_marker'
ss_sample `p_disease' `p_marker' `p_second_marker'
ss_binary `p_disease'
foreach variable in `p_marker' `p_second_marker' {
    quietly summarize `variable' if ss_use, meanonly
    ss_check zero_spread, fail(r(min) == r(max)) value(r(max) - r(min))
}
quietly count if ss_use
local used = r(N)
quietly count if ss_use & `p_disease' == 1
local ones = r(N)
ss_event metric name=n_diseased value=`ones'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname areas first
tempfile rows
postfile `areas' str244 marker double auc double std_error double ci_low double ci_high double n double n_diseased double statistic double p_value str120 note using "`rows'"
foreach variable in `p_marker' `p_second_marker' {
    roctab `p_disease' `variable' if ss_use, level(`p_level')
    local side ""
    if r(area) < 0.5 {
        local side "below one half: small values of the marker go with the disease"
    }
    post `areas' ("`variable'") (r(area)) (r(se)) (r(lb)) (r(ub)) (`used') (`ones') (.) (.) ("`side'")
    if "`variable'" == "`p_marker'" {
        scalar `first' = r(area)
        ss_metric auc = `first'
    }
}
if "`p_second_marker'" != "" {
    roccomp `p_disease' `p_marker' `p_second_marker' if ss_use, level(`p_level')
    post `areas' ("difference") (.) (.) (.) (.) (`used') (`ones') (r(chi2)) (r(p)) ("test of equal areas, chi-squared with 1 degree of freedom (DeLong et al.)")
    ss_metric chi2 = r(chi2)
}
postclose `areas'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_auc.csv", rows("`rows'")
ss_fit_table using "table_fit.csv", values(N `used' n_diseased `ones' n_healthy `used'-`ones' level `p_level') se(DeLong)
ss_cutoffs using "table_cutoffs.csv", outcome(`p_disease') markers(`p_marker' `p_second_marker')
ss_metric best_cutoff = r(best)
ss_metric youden = r(youden)
ss_marker_plot using "fig_roc.svg", outcome(`p_disease') markers(`p_marker' `p_second_marker')
ss_event step name=export status=ok
