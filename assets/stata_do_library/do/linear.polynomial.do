* linear.polynomial 1.2.0: is the relation curved, and where does it turn?
* Reads p_outcome p_focal p_controls(_fv) p_degree p_vce p_cluster_vars p_weight_var p_weight_kind p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_focal'
local weight ""
local kind "none"
if "`p_weight_var'" != "" {
    local kind "`p_weight_kind'"
    local weight "[`kind' = `p_weight_var']"
}
ss_sample `p_outcome' `p_focal' `p_controls', strok(`p_cluster_vars') weight(`p_weight_var') kind(`kind')
ss_linear_probability `p_outcome'
local errors = cond("`p_vce'" == "classical", "ols", "robust")
if "`p_cluster_vars'" != "" {
    local errors "cluster `p_cluster_vars'"
    ss_clusters `p_cluster_vars'
}
quietly summarize `p_focal' if ss_use
ss_check too_few_values, fail(r(min) == r(max)) value(r(sd))
local low = r(min)
local high = r(max)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname found table handle strength chance
tempfile points curve
local x "c.`p_focal'"
local curved "`x'#`x'"
if `p_degree' == 3 {
    local curved "`curved' `x'#`x'#`x'"
}
regress `p_outcome' `p_focal' `curved' `p_controls_fv' if ss_use `weight', vce(`errors') level(`p_level')
matrix `found' = r(table)
local used = e(N)
local flat = _se[`p_focal'] == 0 | _se[`x'#`x'] == 0
if `p_degree' == 3 {
    local flat = `flat' | _se[`x'#`x'#`x'] == 0
}
ss_check collinear, fail(`flat') value(`flat')
ss_check few_df, warn(e(df_r) < 10) value(e(df_r))
ss_metric r2 = e(r2)
ss_metric df_r = e(df_r)
testparm `curved'
scalar `strength' = r(F)
scalar `chance' = r(p)
ss_metric curve_f = `strength'
ss_metric curve_p = `chance'
ss_event step name=estimate status=ok

ss_event step name=turning status=begin
postfile `table' str32 item double at double estimate double std_error double statistic double p_value double ci_low double ci_high str244 note using "`points'"
* slopes at the ends of the observed range: the sign changes when the curve turns inside, Lind and Mehlum (2010)
foreach end in low high {
    local slope "_b[`p_focal'] + (`=2 * ``end''') * _b[`x'#`x']"
    if `p_degree' == 3 {
        local slope "`slope' + (`=3 * (``end'')^2') * _b[`x'#`x'#`x']"
    }
    lincom `slope', level(`p_level')
    post `table' ("slope_at_`end'") (``end'') (r(estimate)) (r(se)) (r(t)) (r(p)) (r(lb)) (r(ub)) ("slope at the `end' end of the range")
}
local turns ""
if `p_degree' == 2 {
    local turn1 "-_b[`p_focal'] / (2 * _b[`x'#`x'])"
    local turns "turn1"
}
else {
    local inner "_b[`x'#`x']^2 - 3 * _b[`p_focal'] * _b[`x'#`x'#`x']"
    if `inner' > 0 {
        local turn1 "(-_b[`x'#`x'] - sqrt(`inner')) / (3 * _b[`x'#`x'#`x'])"
        local turn2 "(-_b[`x'#`x'] + sqrt(`inner')) / (3 * _b[`x'#`x'#`x'])"
        local turns "turn1 turn2"
    }
}
local outside = 0
local lines ""
local number = 0
tempname b v half
scalar `half' = invnormal(1 - (1 - `p_level' / 100) / 2)
foreach turn of local turns {
    local number = `number' + 1
    nlcom ``turn'', level(`p_level')
    matrix `b' = r(b)
    matrix `v' = r(V)
    local place = el(`b', 1, 1)
    local inside = inrange(`place', `low', `high')
    local outside = `outside' + !`inside'
    if `inside' {
        local lines "`lines' `=strofreal(`place', "%18.0g")'"
    }
    post `table' ("turning_point`number'") (`place') (`place') (sqrt(el(`v', 1, 1))) (.) (.) (`place' - `half' * sqrt(el(`v', 1, 1))) (`place' + `half' * sqrt(el(`v', 1, 1))) (cond(`inside', "inside the observed range", "outside the observed range"))
    ss_metric turning_point`number' = `place'
}
if "`turns'" == "" {
    post `table' ("turning_point1") (.) (.) (.) (.) (.) (.) (.) ("the curve does not turn")
    ss_metric turning_point1 = .
}
postclose `table'
ss_check turning_outside, warn(`outside' > 0) value(`outside')
local grid ""
forvalues i = 0/20 {
    local grid "`grid' `=strofreal(`low' + (`high' - `low') * `i' / 20, "%18.0g")'"
}
quietly margins, at(`p_focal' = (`grid')) level(`p_level')
matrix `b' = r(table)
postfile `handle' double x double y double low double high using "`curve'"
forvalues i = 1/21 {
    post `handle' (`low' + (`high' - `low') * (`i' - 1) / 20) (el(`b', 1, `i')) (el(`b', 5, `i')) (el(`b', 6, `i'))
}
postclose `handle'
ss_event step name=turning status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_r) se(`errors') weight(`kind') values(curve_F `strength' curve_p `chance' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`found') focal(`p_focal') results
ss_export using "table_turning_point.csv", rows("`points'")
ss_curve_plot using "fig_curve.svg", rows("`curve'") outcome(`p_outcome') focal(`p_focal') n(`used') level(`p_level') lines(`lines')
ss_event step name=export status=ok
