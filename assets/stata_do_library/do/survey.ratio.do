* survey.ratio 1.0.0: ratio of two totals of a population from a sample with weights, strata and sampling units.
* Reads p_numerator p_denominator p_weight_var p_psu p_strata_var p_group p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_numerator' `p_denominator' `p_weight_var'
ss_sample `p_numerator' `p_denominator', strok(`p_psu' `p_strata_var' `p_group') weight(`p_weight_var') kind(pweight) maxloss(0.2)
quietly summarize `p_denominator' if ss_use
ss_check zero_spread, fail(r(sum) == 0) value(r(sum))
local unit "_n"
if "`p_psu'" != "" {
    quietly egen long ss_psu = group(`p_strata_var' `p_psu') if ss_use
    local unit "ss_psu"
}
local strata ""
local single = 0
if "`p_strata_var'" != "" {
    quietly egen long ss_stratum = group(`p_strata_var') if ss_use
    local strata "strata(ss_stratum)"
    quietly generate byte ss_first = 1 if ss_use
    if "`p_psu'" != "" {
        quietly drop ss_first
        quietly egen byte ss_first = tag(ss_stratum ss_psu) if ss_use
    }
    quietly egen long ss_units = total(ss_first) if ss_use, by(ss_stratum)
    quietly summarize ss_units if ss_use
    local single = r(min) == 1
}
ss_check single_psu, warn(`single') value(`single')
quietly svyset `unit' [pweight = `p_weight_var'], `strata' singleunit(centered)
local groups = 0
if "`p_group'" != "" {
    ss_groups `p_group', generate(ss_group) small
    local groups = r(groups)
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table b v t
tempfile rows
quietly generate byte ss_part = 0
postfile `table' str2045 group double n double population double numerator double denominator double ratio double std_error double ci_low double ci_high double cv using "`rows'"
forvalues g = 0/`groups' {
    local name "all"
    quietly replace ss_part = ss_use
    if `g' > 0 {
        local name : label ss_group `g'
        quietly replace ss_part = ss_use & ss_group == `g'
    }
    foreach side in numerator denominator {
        quietly svy, subpop(ss_part): total `p_`side'' if ss_use
        matrix `b' = e(b)
        local total_`side' = el(`b', 1, 1)
    }
    svy, subpop(ss_part) level(`p_level'): ratio `p_numerator' / `p_denominator' if ss_use
    matrix `b' = e(b)
    matrix `v' = e(V)
    scalar `t' = invttail(e(df_r), (1 - `p_level' / 100) / 2)
    local r = el(`b', 1, 1)
    local se = sqrt(el(`v', 1, 1))
    post `table' (`"`macval(name)'"') (e(N_sub)) (e(N_subpop)) (`total_numerator') (`total_denominator') (`r') (`se') (`r' - `t' * `se') (`r' + `t' * `se') (`se' / abs(`r'))
    if `g' == 0 {
        ss_metric ratio = `r'
        ss_metric ratio_se = `se'
        ss_metric df_r = e(df_r)
        ss_fit_table using "table_fit.csv", scalars(N N_pop N_strata N_psu df_r) values(level `p_level') se(linearized) weight(pweight)
    }
}
postclose `table'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_ratios.csv", rows("`rows'")
ss_event step name=export status=ok
