* survey.mean 1.0.0: means or totals of a population from a sample with weights, strata and sampling units.
* Reads p_vars p_weight_var p_psu p_strata_var p_group p_statistic p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_vars' `p_weight_var'
ss_sample `p_vars', strok(`p_psu' `p_strata_var' `p_group') weight(`p_weight_var') kind(pweight)
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
    if "`p_psu'" != "" {
        quietly egen byte ss_first = tag(ss_stratum ss_psu) if ss_use
    }
    else {
        quietly generate byte ss_first = 1 if ss_use
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
tempname table b v srs t
tempfile rows
quietly generate byte ss_part = 0
postfile `table' str128 variable str2045 group double n double population double estimate double std_error double ci_low double ci_high double deff using "`rows'"
foreach variable of local p_vars {
    forvalues g = 0/`groups' {
        local name "all"
        quietly replace ss_part = ss_use
        if `g' > 0 {
            local name : label ss_group `g'
            quietly replace ss_part = ss_use & ss_group == `g'
        }
        * a group is a subpopulation: the design stays that of the whole sample
        if "`p_statistic'" == "mean" {
            svy, subpop(ss_part) level(`p_level'): mean `variable' if ss_use
        }
        else {
            svy, subpop(ss_part) level(`p_level'): total `variable' if ss_use
        }
        matrix `b' = e(b)
        matrix `v' = e(V)
        matrix `srs' = e(V_srs)
        scalar `t' = invttail(e(df_r), (1 - `p_level' / 100) / 2)
        post `table' ("`variable'") (`"`macval(name)'"') (e(N_sub)) (e(N_subpop)) (el(`b', 1, 1)) (sqrt(el(`v', 1, 1))) (el(`b', 1, 1) - `t' * sqrt(el(`v', 1, 1))) (el(`b', 1, 1) + `t' * sqrt(el(`v', 1, 1))) (el(`v', 1, 1) / el(`srs', 1, 1))
        if `g' == 0 {
            local rows_used = e(N)
            local population = e(N_pop)
            local n_strata = e(N_strata)
            local n_psu = e(N_psu)
            local df = e(df_r)
        }
    }
}
postclose `table'
ss_metric n_psu = `n_psu'
ss_metric df_r = `df'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_estimates.csv", rows("`rows'")
ss_fit_table using "table_fit.csv", values(N `rows_used' population `population' n_strata `n_strata' n_psu `n_psu' df_r `df' level `p_level') se(linearized) weight(pweight)
ss_event step name=export status=ok
