* did.triple 1.1.0: is a policy effect larger in an exposed group? Triple difference of eight means.
* Reads p_outcome p_treatment p_post p_third p_controls(_fv) p_cluster_vars p_level.
local vce = cond("`p_cluster_vars'" == "", "robust", "cluster `p_cluster_vars'")

ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_treatment' `p_post' `p_third'
ss_sample `p_outcome' `p_treatment' `p_post' `p_third' `p_controls', strok(`p_cluster_vars')
ss_linear_probability `p_outcome'
foreach variable in `p_treatment' `p_post' `p_third' {
    ss_binary `variable'
}
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
tempname handle coefficients estimate
tempfile rows effects
local least = .
postfile `handle' double third double treatment double post double n double mean double std_error using "`rows'"
foreach third in 0 1 {
    foreach treated in 0 1 {
        foreach post in 0 1 {
            quietly summarize `p_outcome' if ss_use & `p_third' == `third' & `p_treatment' == `treated' & `p_post' == `post'
            local least = min(`least', r(N))
            post `handle' (`third') (`treated') (`post') (r(N)) (r(mean)) (r(sd) / sqrt(r(N)))
        }
    }
}
postclose `handle'
ss_check empty_cell, fail(`least' == 0) value(`least')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
regress `p_outcome' i.`p_treatment'##i.`p_post'##i.`p_third' `p_controls_fv' if ss_use, vce(`vce') level(`p_level')
matrix `coefficients' = r(table)
ss_metric r2 = e(r2)
ss_metric df_r = e(df_r)
local used = e(N)
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_r) se(`vce') values(level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`p_treatment') results
postfile `handle' str32 effect double position double estimate double std_error double statistic double p_value double ci_low double ci_high str80 note using "`effects'"
local did "1.`p_treatment'#1.`p_post'"
local ddd "1.`p_treatment'#1.`p_post'#1.`p_third'"
lincom `did', level(`p_level')
post `handle' ("did_unexposed") (1) (r(estimate)) (r(se)) (r(t)) (r(p)) (r(lb)) (r(ub)) ("difference-in-differences where the third variable is 0")
lincom `did' + `ddd', level(`p_level')
post `handle' ("did_exposed") (2) (r(estimate)) (r(se)) (r(t)) (r(p)) (r(lb)) (r(ub)) ("difference-in-differences where the third variable is 1")
lincom `ddd', level(`p_level')
post `handle' ("triple_difference") (3) (r(estimate)) (r(se)) (r(t)) (r(p)) (r(lb)) (r(ub)) ("exposed minus unexposed")
ss_metric effect = r(estimate)
ss_metric p = r(p)
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_eight_means.csv", rows("`rows'")
ss_label `p_outcome'
local words = r(text)
ss_source
local engine "`r(engine)'"
preserve
quietly use "`effects'", clear
twoway (rcap ci_low ci_high position, horizontal lcolor("0 114 178")) (scatter position estimate, mcolor("0 114 178")), xline(0, lcolor(gs8) lpattern(dash)) ///
    ylabel(1 "unexposed" 2 "exposed" 3 "triple difference", angle(0) nogrid) yscale(reverse range(0.5 3.5)) legend(off) title(`"Effects on `macval(words)'"') ytitle("") xtitle("Estimate with `p_level'% interval") note("N = `used'; `vce'; `engine'")
ss_figure using "fig_effects.svg"
quietly drop position
tempfile listed
quietly save "`listed'"
restore
ss_export using "table_effects.csv", rows("`listed'")
ss_event step name=export status=ok
