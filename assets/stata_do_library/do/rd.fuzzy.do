* rd.fuzzy 1.2.1: effect of a treatment whose chance jumps at a threshold (fuzzy regression discontinuity).
* Reads p_outcome p_treatment p_running p_cutoff p_bandwidth p_kernel p_controls(_fv) p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_treatment' `p_running'
ss_sample `p_outcome' `p_treatment' `p_running' `p_controls', nometric maxloss(0.2)
ss_linear_probability `p_outcome'
ss_binary `p_treatment'
quietly generate double ss_run = `p_running' - `p_cutoff'
quietly generate byte ss_above = ss_run >= 0 if ss_use
quietly generate double ss_slope = ss_run * ss_above
quietly summarize ss_run if ss_use
ss_check few_near_cutoff, fail(r(min) >= 0 | r(max) < 0) value(r(N))
* a bandwidth can only be chosen with some rows on both sides
quietly count if ss_use & ss_above == 0
local n0 = r(N)
quietly count if ss_use & ss_above == 1
local n1 = r(N)
ss_check few_near_cutoff, fail(min(`n0', `n1') < 20) value(min(`n0', `n1'))
local rule "smallest mean squared error of the effect"
local choice "bwselect(mserd)"
if "`p_bandwidth'" != "" {
    ss_check bounds_order, fail(`p_bandwidth' <= 0) value(`p_bandwidth')
    local rule "stated"
    local choice "h(`p_bandwidth')"
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle coefficients first reduced strength corrected corrected_se z
rdrobust `p_outcome' `p_running' if ss_use, c(`p_cutoff') fuzzy(`p_treatment') kernel(`p_kernel') `choice' level(`p_level')
local bandwidth = e(h_l)
ss_metric bandwidth = `bandwidth'
scalar `corrected' = e(tau_bc)
scalar `corrected_se' = e(se_tau_rb)
scalar `z' = invnormal(1 - (1 - `p_level' / 100) / 2)
tempfile widths effects
quietly generate double ss_weight = .
postfile `handle' double bandwidth double factor double n_below double n_above double estimate double std_error double p_value double ci_low double ci_high double jump_treatment double first_stage_f using "`widths'"
foreach factor in 0.5 0.75 1.5 2 1 {
    local h = `factor' * `bandwidth'
    quietly replace ss_weight = cond(abs(ss_run) <= `h', 1, 0)
    if "`p_kernel'" == "triangular" {
        quietly replace ss_weight = max(0, 1 - abs(ss_run) / `h')
    }
    foreach side in 0 1 {
        quietly count if ss_use & ss_weight > 0 & ss_above == `side'
        local n`side' = r(N)
    }
    if min(`n0', `n1') < 20 {
        if `factor' == 1 {
            ss_check few_near_cutoff, fail(1) value(min(`n0', `n1'))
        }
        post `handle' (`h') (`factor') (`n0') (`n1') (.) (.) (.) (.) (.) (.) (.)
        continue
    }
    quietly regress `p_treatment' ss_above ss_run ss_slope `p_controls_fv' if ss_use & ss_weight > 0 [pweight = ss_weight], level(`p_level')
    matrix `first' = r(table)
    scalar `strength' = (_b[ss_above] / _se[ss_above])^2
    local jump = _b[ss_above]
    quietly regress `p_outcome' ss_above ss_run ss_slope `p_controls_fv' if ss_use & ss_weight > 0 [pweight = ss_weight], level(`p_level')
    matrix `reduced' = r(table)
    ivregress 2sls `p_outcome' ss_run ss_slope `p_controls_fv' (`p_treatment' = ss_above) if ss_use & ss_weight > 0 [pweight = ss_weight], level(`p_level')
    matrix `coefficients' = r(table)
    post `handle' (`h') (`factor') (`n0') (`n1') (el(`coefficients', 1, 1)) (el(`coefficients', 2, 1)) (el(`coefficients', 4, 1)) (el(`coefficients', 5, 1)) (el(`coefficients', 6, 1)) (`jump') (`strength')
}
postclose `handle'
preserve
quietly use "`widths'", clear
sort factor
quietly save "`widths'", replace
restore
ss_check weak_iv, warn(`strength' < 10) value(`strength')
local used = `n0' + `n1'
ss_event metric name=n_used value=`used'
ss_metric effect = el(`coefficients', 1, 1)
ss_metric effect_se = el(`coefficients', 2, 1)
ss_metric effect_robust = `corrected'
ss_metric se_robust = `corrected_se'
ss_metric jump_treatment = el(`first', 1, 1)
ss_metric first_stage_f = `strength'
postfile `handle' str32 term double estimate double std_error double statistic double p_value double ci_low double ci_high str120 note using "`effects'"
post `handle' ("effect") (el(`coefficients', 1, 1)) (el(`coefficients', 2, 1)) (el(`coefficients', 3, 1)) (el(`coefficients', 4, 1)) (el(`coefficients', 5, 1)) (el(`coefficients', 6, 1)) ("of the treatment on those whom the threshold moves")
post `handle' ("effect_robust") (`corrected') (`corrected_se') (`corrected' / `corrected_se') (2 * normal(-abs(`corrected' / `corrected_se'))) (`corrected' - `z' * `corrected_se') (`corrected' + `z' * `corrected_se') ("bias-corrected, robust interval; without controls")
post `handle' ("jump_treatment") (el(`first', 1, 1)) (el(`first', 2, 1)) (el(`first', 3, 1)) (el(`first', 4, 1)) (el(`first', 5, 1)) (el(`first', 6, 1)) ("jump of the chance of treatment")
post `handle' ("jump_outcome") (el(`reduced', 1, 1)) (el(`reduced', 2, 1)) (el(`reduced', 3, 1)) (el(`reduced', 4, 1)) (el(`reduced', 5, 1)) (el(`reduced', 6, 1)) ("jump of the outcome")
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
quietly count if ss_use
ss_fit_table using "table_fit.csv", se(robust) weight(`p_kernel') sample("`used' rows within the bandwidth of `r(N)'; bandwidth: `rule'") values(N `used' n_below `n0' n_above `n1' bandwidth `bandwidth' first_stage_f `strength' level `p_level')
ss_export using "table_effects.csv", rows("`effects'")
ss_export using "table_bandwidths.csv", rows("`widths'")
ss_rd_plot using "fig_outcome.svg", outcome(`p_outcome') running(`p_running') cutoff(`p_cutoff') bandwidth(`bandwidth') degree(1) kernel(`p_kernel')
ss_rd_plot using "fig_treatment.svg", outcome(`p_treatment') running(`p_running') cutoff(`p_cutoff') bandwidth(`bandwidth') degree(1) kernel(`p_kernel')
ss_event step name=export status=ok
