* linear.interaction_margins 1.2.2: does the effect of the focal variable depend on the moderator?
* Reads p_outcome p_focal(_fv) p_moderator(_fv) p_controls(_fv) p_vce p_moderator_values p_cluster_vars p_absorb_vars p_weight_var p_weight_kind p_level.
local vce "robust"
if "`p_vce'" == "ols" {
    local vce "ols"
}
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}
local weight ""
local kind "none"
if "`p_weight_var'" != "" {
    local kind "`p_weight_kind'"
    local weight "[`p_weight_kind' = `p_weight_var']"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_focal' `p_moderator'
ss_sample `p_outcome' `p_focal' `p_moderator' `p_controls', strok(`p_cluster_vars' `p_absorb_vars') weight(`p_weight_var') kind(`kind')
ss_linear_probability `p_outcome'
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
if "`p_absorb_vars'" != "" {
    ss_groups `p_absorb_vars', generate(ss_absorb)
}
local first "c.`p_focal'"
if "`p_focal_fv'" != "`p_focal'" {
    local first "i.`p_focal'"
}
local second "c.`p_moderator'"
local points ""
if "`p_moderator_fv'" != "`p_moderator'" {
    local second "i.`p_moderator'"
    quietly levelsof `p_moderator' if ss_use, local(points)
    local smallest = .
    if "`p_focal_fv'" != "`p_focal'" {
        quietly levelsof `p_focal' if ss_use, local(levels)
        foreach level of local levels {
            foreach point of local points {
                quietly count if ss_use & `p_focal' == `level' & `p_moderator' == `point'
                local smallest = min(`smallest', r(N))
            }
        }
    }
    ss_check empty_cell, fail(`smallest' == 0) value(`smallest')
}
else {
    ss_check empty_cell, value(.)
    quietly levelsof `p_moderator' if ss_use
    local kinds = r(r)
    quietly summarize `p_moderator' if ss_use
    local low = r(min)
    local high = r(max)
    local points "`p_moderator_values'"
    if "`points'" == "" {
        local points "`=r(mean) - r(sd)' `=r(mean)' `=r(mean) + r(sd)'"
        * a moderator of two values has no values in between
        if `kinds' == 2 {
            local points "`low' `high'"
        }
    }
    local outside = 0
    foreach point of local points {
        local outside = `outside' + (`point' < r(min) | `point' > r(max))
    }
    ss_check extrapolation, warn(`outside' > 0) value(`outside')
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients effects table strength chance
if "`p_absorb_vars'" == "" {
    regress `p_outcome' `first'##`second' `p_controls_fv' if ss_use `weight', vce(`vce') level(`p_level')
}
else {
    areg `p_outcome' `first'##`second' `p_controls_fv' if ss_use `weight', absorb(ss_absorb) vce(`vce') level(`p_level')
}
matrix `coefficients' = r(table)
* an outcome that repeats the terms leaves no errors, and no effect has a standard error
ss_check collinear, fail(e(r2) >= 1 - 1e-12) value(e(r2))
ss_metric r2 = e(r2)
ss_metric df_r = e(df_r)
capture noisily testparm `first'#`second'
if _rc != 0 {
    ss_check collinear, fail(1) value(1)
}
scalar `strength' = r(F)
scalar `chance' = r(p)
ss_metric interaction_f = `strength'
ss_metric interaction_p = `chance'
ss_event step name=estimate status=ok

ss_event step name=margins status=begin
tempfile rows
postfile `table' double moderator str2045 term double estimate double std_error double statistic double p_value double ci_low double ci_high str2045 note using "`rows'"
foreach point of local points {
    * the words of a level, which its number alone does not say
    local words ""
    if `point' == floor(`point') {
        local words : label (`p_moderator') `=`point''
        if `"`macval(words)'"' == "`=`point''" {
            local words ""
        }
    }
    margins, dydx(`p_focal') at(`p_moderator' = `point') level(`p_level')
    matrix `effects' = r(table)
    local names : colnames `effects'
    local count = colsof(`effects')
    forvalues j = 1/`count' {
        local name : word `j' of `names'
        if !missing(el(`effects', 2, `j')) {
            post `table' (`point') ("`name'") (el(`effects', 1, `j')) (el(`effects', 2, `j')) (el(`effects', 3, `j')) (el(`effects', 4, `j')) (el(`effects', 5, `j')) (el(`effects', 6, `j')) (`"`macval(words)'"')
        }
    }
}
postclose `table'
ss_event step name=margins status=ok

ss_event step name=export status=begin
local used = e(N)
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_r) se(`vce') weight(`kind') values(interaction_F `strength' interaction_p `chance' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`p_focal') results
ss_export using "table_margins.csv", rows("`rows'")
ss_margins_plot using "fig_margins.svg", rows("`rows'") focal(`p_focal') moderator(`p_moderator') n(`used') level(`p_level')
ss_event step name=export status=ok
