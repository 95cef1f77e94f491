* linear.nonlinear 1.0.1: a curve fitted by nonlinear least squares: exponential, power, saturation, logistic, Gompertz.
* Reads p_outcome p_focal p_model p_vce p_level.
local vce "gnr"
if "`p_vce'" == "robust" {
    local vce "robust"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_focal'
ss_sample `p_outcome' `p_focal', maxloss(0.2)
foreach variable in `p_outcome' `p_focal' {
    quietly summarize `variable' if ss_use
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
}
local low = r(min)
local high = r(max)
local middle = r(mean)
local width = r(sd)
ss_check neg_values, fail("`p_model'" == "power" & `low' <= 0) value(`low')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients start handle
tempfile rows
quietly summarize `p_outcome' if ss_use
local top = 1.05 * r(max)
local mean = r(mean)
* starting values from a straight line in logarithms, or from the range of the data
tempvar log_y log_x share
quietly generate double `log_y' = ln(`p_outcome') if ss_use & `p_outcome' > 0
quietly generate double `log_x' = ln(`p_focal') if ss_use & `p_focal' > 0
if "`p_model'" == "exponential" {
    capture quietly regress `log_y' `p_focal'
    local s0 = cond(_rc == 0, exp(_b[_cons]), `mean')
    local s1 = cond(_rc == 0, _b[`p_focal'], 0)
    local curve "{b0=`s0'} * exp({b1=`s1'} * `p_focal')"
}
if "`p_model'" == "power" {
    capture quietly regress `log_y' `log_x'
    local s0 = cond(_rc == 0, exp(_b[_cons]), `mean')
    local s1 = cond(_rc == 0, _b[`log_x'], 1)
    local curve "{b0=`s0'} * `p_focal'^{b1=`s1'}"
}
if "`p_model'" == "saturation" {
    local curve "{b0=`top'} * (1 - exp(-{b1=`=1 / `middle''} * `p_focal'))"
}
if "`p_model'" == "michaelis" {
    local curve "{b0=`top'} * `p_focal' / ({b1=`middle'} + `p_focal')"
}
if "`p_model'" == "logistic" | "`p_model'" == "gompertz" {
    quietly generate double `share' = ln(`p_outcome' / (`top' - `p_outcome')) if ss_use & `p_outcome' > 0 & `p_outcome' < `top'
    if "`p_model'" == "gompertz" {
        quietly replace `share' = -ln(-ln(`p_outcome' / `top')) if !missing(`share')
    }
    capture quietly regress `share' `p_focal'
    local s1 = cond(_rc == 0, _b[`p_focal'], 1 / `width')
    local s2 = cond(_rc == 0, -_b[_cons] / _b[`p_focal'], `middle')
    local curve "{b0=`top'} / (1 + exp(-{b1=`s1'} * (`p_focal' - {b2=`s2'})))"
    if "`p_model'" == "gompertz" {
        local curve "{b0=`top'} * exp(-exp(-{b1=`s1'} * (`p_focal' - {b2=`s2'})))"
    }
}
capture noisily nl (`p_outcome' = `curve') if ss_use, vce(`vce') level(`p_level')
local rc = _rc
ss_check converge, fail(`rc' != 0) value(`rc')
matrix `coefficients' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
* a curve without a constant has another R2: here it is the share of the variation about the mean
quietly summarize `p_outcome' if e(sample)
local tss = (r(N) - 1) * r(Var)
local r2 = 1 - e(rss) / `tss'
local r2_a = 1 - (e(rss) / e(df_r)) / (`tss' / (r(N) - 1))
ss_metric r2 = `r2'
ss_metric rmse = e(rmse)
local used = e(N)
* AIC and BIC count the error variance as no parameter, as [R] estat ic does
ss_fit_table using "table_fit.csv", scalars(N rmse rss df_m df_r ll) se(`p_vce') values(r2 `r2' r2_a `r2_a' aic -2*e(ll)+2*e(rank) bic -2*e(ll)+ln(e(N))*e(rank) level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') equation(`p_model') results
ss_event step name=estimate status=ok

ss_event step name=export status=begin
quietly predict double ss_fitted if ss_use
quietly generate double ss_residual = `p_outcome' - ss_fitted if ss_use
local b0 = _b[/b0]
local b1 = _b[/b1]
postfile `handle' double x double y using "`rows'"
forvalues i = 0/40 {
    local x = `low' + (`high' - `low') * `i' / 40
    if "`p_model'" == "exponential" {
        local y = `b0' * exp(`b1' * `x')
    }
    if "`p_model'" == "power" {
        local y = `b0' * `x'^`b1'
    }
    if "`p_model'" == "saturation" {
        local y = `b0' * (1 - exp(-`b1' * `x'))
    }
    if "`p_model'" == "michaelis" {
        local y = `b0' * `x' / (`b1' + `x')
    }
    if "`p_model'" == "logistic" {
        local y = `b0' / (1 + exp(-`b1' * (`x' - _b[/b2])))
    }
    if "`p_model'" == "gompertz" {
        local y = `b0' * exp(-exp(-`b1' * (`x' - _b[/b2])))
    }
    post `handle' (`x') (`y')
}
postclose `handle'
ss_export using "table_curve.csv", rows("`rows'")
ss_label `p_outcome'
local ytitle = r(text)
ss_label `p_focal'
local xtitle = r(text)
ss_source
local engine "`r(engine)'"
sort `p_focal'
twoway (scatter `p_outcome' `p_focal' if ss_use, mcolor(gs10) msize(small)) (line ss_fitted `p_focal' if ss_use, lcolor("0 114 178")), title(`"`macval(ytitle)' and `macval(xtitle)'"') ///
    xtitle(`"`macval(xtitle)'"') ytitle(`"`macval(ytitle)'"') ylabel(, angle(0)) legend(order(1 "observed" 2 "fitted")) note("`p_model' curve; N = `used'; `engine'")
ss_figure using "fig_curve.svg"
twoway (scatter ss_residual ss_fitted if ss_use, mcolor("0 114 178") msize(small)), yline(0, lcolor(gs8) lpattern(dash)) title("Residuals of the curve") ///
    xtitle("Fitted value") ytitle("Residual") ylabel(, angle(0)) legend(off) note("N = `used'; `engine'")
ss_figure using "fig_residuals.svg"
ss_event step name=export status=ok
