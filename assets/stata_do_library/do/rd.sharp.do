* rd.sharp 1.1.0: jump of an outcome at a threshold of a running variable (sharp regression discontinuity).
* Reads p_outcome p_running p_cutoff p_bandwidth p_degree p_kernel p_controls(_fv) p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
confirm numeric variable `p_running'
ss_sample `p_outcome' `p_running' `p_controls', nometric maxloss(0.2)
quietly generate double ss_run = `p_running' - `p_cutoff'
quietly generate byte ss_above = ss_run >= 0 if ss_use
quietly summarize ss_run if ss_use
local least = r(min)
local most = r(max)
local spread = r(sd)
local total = r(N)
ss_check few_near_cutoff, fail(`least' >= 0 | `most' < 0) value(`total')
* nor can a bandwidth be chosen with a few rows on a side
quietly count if ss_use & ss_above == 0
local rows_below = r(N)
quietly count if ss_use & ss_above == 1
local rows_above = r(N)
ss_check few_near_cutoff, fail(min(`rows_below', `rows_above') < 20) value(min(`rows_below', `rows_above'))
* many equal values of the running variable
tempvar heap
quietly bysort ss_use ss_run: generate long `heap' = _N if ss_use
quietly summarize `heap', meanonly
ss_check heaping, warn(r(max) > 0.05 * `total' & r(max) > 10) value(r(max))
ss_event step name=sample status=ok

ss_event step name=bandwidth status=begin
* rule of thumb of Fan and Gijbels (1996, section 4.3): a global polynomial of degree 4 on each side gives
* the curvature and the error variance; the constants are those of a boundary point
local bandwidth "`p_bandwidth'"
local rule "stated"
if "`bandwidth'" == "" {
    local rule "rule of thumb (Fan and Gijbels 1996)"
    local constant = cond("`p_kernel'" == "uniform", 2.702, 3.438)
    tempname curvature variance
    scalar `curvature' = 0
    scalar `variance' = 0
    forvalues side = 0/1 {
        quietly regress `p_outcome' c.ss_run##c.ss_run##c.ss_run##c.ss_run if ss_use & ss_above == `side'
        scalar `variance' = `variance' + e(rss)
        tempvar second
        quietly generate double `second' = (2 * _b[c.ss_run#c.ss_run] + 6 * _b[c.ss_run#c.ss_run#c.ss_run] * ss_run + 12 * _b[c.ss_run#c.ss_run#c.ss_run#c.ss_run] * ss_run^2)^2 if e(sample)
        quietly summarize `second', meanonly
        scalar `curvature' = `curvature' + r(sum)
        drop `second'
    }
    local bandwidth = `constant' * ((`variance' / `total') * (`most' - `least') / `curvature')^(1/5)
    local bandwidth = min(`bandwidth', max(-`least', `most'))
}
ss_check bounds_order, fail(`bandwidth' <= 0) value(`bandwidth')
ss_metric bandwidth = `bandwidth'
ss_event step name=bandwidth status=ok

ss_event step name=estimate status=begin
tempname effects widths jump error half tail
tempfile effect_rows width_rows
postfile `widths' double bandwidth double factor double n_below double n_above double estimate double std_error double p_value double ci_low double ci_high using "`width_rows'"
postfile `effects' str32 term double estimate double std_error double statistic double p_value double ci_low double ci_high str244 note using "`effect_rows'"
local power "c.ss_run"
forvalues k = 2/`p_degree' {
    local power "`power'##c.ss_run"
}
quietly generate double ss_weight = .
foreach factor in 0.5 0.75 1 1.5 2 {
    local h = `factor' * `bandwidth'
    if "`p_kernel'" == "uniform" {
        quietly replace ss_weight = cond(abs(ss_run) <= `h', 1, 0)
    }
    else {
        quietly replace ss_weight = max(0, 1 - abs(ss_run) / `h')
    }
    quietly count if ss_use & ss_weight > 0 & ss_above == 0
    local below = r(N)
    quietly count if ss_use & ss_weight > 0 & ss_above == 1
    local above = r(N)
    if `factor' == 1 {
        ss_check few_near_cutoff, fail(min(`below', `above') < 20) value(min(`below', `above'))
    }
    if min(`below', `above') >= 20 {
        quietly regress `p_outcome' i.ss_above##(`power') `p_controls_fv' [aweight = ss_weight] if ss_use & ss_weight > 0, vce(robust) level(`p_level')
        scalar `jump' = _b[1.ss_above]
        scalar `error' = _se[1.ss_above]
        scalar `half' = invttail(e(df_r), (1 - `p_level' / 100) / 2) * `error'
        scalar `tail' = 2 * ttail(e(df_r), abs(`jump' / `error'))
        post `widths' (`h') (`factor') (`below') (`above') (`jump') (`error') (`tail') (`jump' - `half') (`jump' + `half')
        if `factor' == 1 {
            regress
            post `effects' ("jump") (`jump') (`error') (`jump' / `error') (`tail') (`jump' - `half') (`jump' + `half') ("degree `p_degree', `p_kernel' kernel, bandwidth: `rule'")
            if "`p_controls'" == "" {
                post `effects' ("level_below") (_b[_cons]) (_se[_cons]) (_b[_cons] / _se[_cons]) (2 * ttail(e(df_r), abs(_b[_cons] / _se[_cons]))) (.) (.) ("fitted outcome just below the threshold")
            }
            ss_metric effect = `jump'
            ss_metric effect_se = `error'
            ss_event metric name=n_used value=`=`below' + `above''
            ss_event metric name=n_below value=`below'
            ss_event metric name=n_above value=`above'
            local rows_near = `below' + `above'
            local side_below = `below'
            local side_above = `above'
            local r2 = e(r2)
            local df_r = e(df_r)
            quietly predict double ss_fit if ss_use & ss_weight > 0, xb
        }
    }
}
postclose `effects'
postclose `widths'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_effects.csv", rows("`effect_rows'")
ss_export using "table_bandwidths.csv", rows("`width_rows'")
ss_fit_table using "table_fit.csv", values(N `rows_near' n_below `side_below' n_above `side_above' n_sample `total' bandwidth `bandwidth' degree `p_degree' r2 `r2' df_r `df_r' level `p_level') se(robust) weight(`p_kernel' kernel) sample(`rows_near' of `=_N' rows in memory)
ss_rd_plot using "fig_rd_plot.svg", outcome(`p_outcome') running(`p_running') cutoff(`p_cutoff') bandwidth(`bandwidth') degree(`p_degree') kernel(`p_kernel')
ss_event step name=export status=ok
