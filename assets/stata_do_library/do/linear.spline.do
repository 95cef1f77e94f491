* linear.spline 1.1.0: does the slope change at given points? Linear or restricted cubic spline with tests.
* Reads p_outcome p_focal p_knots p_kind p_controls(_fv) p_vce p_cluster_vars p_level.
local vce "robust"
if "`p_vce'" == "classical" {
    local vce "ols"
}
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_focal'
ss_sample `p_outcome' `p_focal' `p_controls', strok(`p_cluster_vars')
ss_linear_probability `p_outcome'
quietly summarize `p_focal' if ss_use
local low = r(min)
local high = r(max)
local outside = 0
local order = 0
local before = `low'
local number = 0
foreach knot of local p_knots {
    local number = `number' + 1
    local outside = `outside' + (`knot' <= `low' | `knot' >= `high')
    local order = `order' + (`knot' <= `before')
    local before = `knot'
}
ss_check bounds_order, fail(`outside' > 0 | `order' > 0 | ("`p_kind'" == "cubic" & `number' < 3)) value(`outside')
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
quietly generate double ss_x = `p_focal' if ss_use
if "`p_kind'" == "linear" {
    mkspline ss_s = ss_x if ss_use, knots(`p_knots')
    local pieces = `number' + 1
}
else {
    mkspline ss_s = ss_x if ss_use, cubic knots(`p_knots')
    local pieces = `number' - 1
}
local basis ""
forvalues j = 1/`pieces' {
    local basis "`basis' ss_s`j'"
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients handle curve b v t
tempfile rows points slopes
regress `p_outcome' `basis' `p_controls_fv' if ss_use, vce(`vce') level(`p_level')
matrix `coefficients' = r(table)
local df = e(df_r)
local n = e(N)
scalar `t' = invttail(`df', (1 - `p_level' / 100) / 2)
ss_check few_df, warn(`df' < 10) value(`df')
ss_metric r2 = e(r2)
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_r) se(`vce') values(knots `number' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') results
postfile `handle' str32 test double statistic double df1 double df2 double p_value str244 note using "`rows'"
test `basis'
post `handle' ("no_relation") (r(F)) (r(df)) (r(df_r)) (r(p)) ("null: the outcome does not depend on the focal variable")
if "`p_kind'" == "linear" {
    local equal ""
    forvalues j = 2/`pieces' {
        local equal "`equal' (ss_s`j' = ss_s1)"
    }
    test `equal'
    post `handle' ("one_slope") (r(F)) (r(df)) (r(df_r)) (r(p)) ("null: the slope is the same between all knots")
}
else {
    local bends ""
    forvalues j = 2/`pieces' {
        local bends "`bends' ss_s`j'"
    }
    test `bends'
    post `handle' ("one_slope") (r(F)) (r(df)) (r(df_r)) (r(p)) ("null: a straight line is enough")
}
ss_metric nonlinear_p = r(p)
if "`p_kind'" == "linear" {
    forvalues j = 2/`pieces' {
        local i = `j' - 1
        test ss_s`j' = ss_s`i'
        post `handle' ("knot`i'") (r(F)) (r(df)) (r(df_r)) (r(p)) ("null: no change of slope at `: word `i' of `p_knots''")
    }
}
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=predict status=begin
* the curve at 41 points, other regressors at their means
matrix `b' = e(b)
matrix `v' = e(V)
local width = colsof(`b')
tempname at value se
matrix `at' = J(1, `width', 0)
local terms : colnames `b'
forvalues j = 1/`width' {
    local term : word `j' of `terms'
    if "`term'" == "_cons" {
        matrix `at'[1, `j'] = 1
    }
    else if `j' > `pieces' {
        quietly _ms_parse_parts `term'
        if r(omit) == 1 {
            continue
        }
        if "`r(type)'" == "factor" {
            local of "`r(name)'"
            local level = r(level)
            tempvar is
            quietly generate double `is' = `of' == `level' if ss_use
            quietly summarize `is' if ss_use
        }
        else {
            quietly summarize `term' if ss_use
        }
        matrix `at'[1, `j'] = r(mean)
    }
}
postfile `handle' double x double y double low double high using "`points'"
forvalues i = 0/40 {
    local x = `low' + (`high' - `low') * `i' / 40
    if "`p_kind'" == "linear" {
        local left = `low'
        forvalues j = 1/`pieces' {
            local right = cond(`j' <= `number', real(word("`p_knots'", `j')), .)
            local piece = max(0, min(`x', `right') - cond(`j' == 1, 0, real(word("`p_knots'", `j' - 1))))
            if `j' == 1 {
                local piece = min(`x', `right')
            }
            matrix `at'[1, `j'] = `piece'
        }
    }
    else {
        * Harrell (2001): truncated cubes, linear beyond the outer knots
        local first = real(word("`p_knots'", 1))
        local last = real(word("`p_knots'", `number'))
        local inner = real(word("`p_knots'", `number' - 1))
        matrix `at'[1, 1] = `x'
        forvalues j = 2/`pieces' {
            local knot = real(word("`p_knots'", `j' - 1))
            matrix `at'[1, `j'] = (max(0, `x' - `knot')^3 - max(0, `x' - `inner')^3 * (`last' - `knot') / (`last' - `inner') + max(0, `x' - `last')^3 * (`inner' - `knot') / (`last' - `inner')) / (`last' - `first')^2
        }
    }
    matrix `value' = `at' * `b''
    matrix `se' = `at' * `v' * `at''
    post `handle' (`x') (el(`value', 1, 1)) (el(`value', 1, 1) - `t' * sqrt(el(`se', 1, 1))) (el(`value', 1, 1) + `t' * sqrt(el(`se', 1, 1)))
}
postclose `handle'
ss_event step name=predict status=ok

ss_event step name=export status=begin
ss_export using "table_tests.csv", rows("`rows'")
ss_export using "table_curve.csv", rows("`points'")
ss_label `p_outcome'
local words = r(text)
ss_label `p_focal'
local axis = r(text)
ss_source
local engine "`r(engine)'"
preserve
quietly use "`points'", clear
twoway (rarea low high x, color("0 114 178%20")) (line y x, lcolor("0 114 178")), xline(`p_knots', lcolor(gs8) lpattern(dash)) title(`"`macval(words)' and `macval(axis)'"') ///
    xtitle(`"`macval(axis)'"') ytitle(`"Predicted `macval(words)'"') ylabel(, angle(0)) legend(order(2 "prediction" 1 "`p_level'% interval")) note("Dashed: knots (`p_kind' spline); other regressors at their means; N = `n'; `engine'")
ss_figure using "fig_curve.svg"
restore
ss_event step name=export status=ok
