*! ss_streg_plot 1.0.0: draws the fitted survivor function at the means of the regressors over Kaplan-Meier's
* Usage: ss_streg_plot using "file.svg", dist(name) metric(ph|aft) time(varname); after streg.
program define ss_streg_plot
    syntax using/, DIst(string) METric(string) TIme(varname)
    tempname index shape
    tempvar xb
    ss_label `time'
    local xtitle = r(text)
    ss_source
    local engine "`r(engine)'"
    quietly count if e(sample)
    local used = r(N)
    quietly predict double `xb' if e(sample), xb
    quietly summarize `xb' if e(sample), meanonly
    scalar `index' = r(mean)
    quietly sts generate ss_km = s
    preserve
    quietly keep if _st == 1
    keep _t ss_km
    sort _t
    quietly by _t: keep if _n == _N
    quietly set obs `=_N + 1'
    quietly replace _t = 0 in l
    quietly replace ss_km = 1 in l
    sort _t
    quietly generate double ss_fit = 1
    if "`dist'" == "exponential" & "`metric'" == "ph" {
        quietly replace ss_fit = exp(-exp(`index') * _t) if _t > 0
    }
    if "`dist'" == "exponential" & "`metric'" == "aft" {
        quietly replace ss_fit = exp(-exp(-`index') * _t) if _t > 0
    }
    if "`dist'" == "weibull" {
        scalar `shape' = exp(_b[/ln_p])
        if "`metric'" == "ph" {
            quietly replace ss_fit = exp(-exp(`index') * _t ^ `shape') if _t > 0
        }
        else {
            quietly replace ss_fit = exp(-(exp(-`index') * _t) ^ `shape') if _t > 0
        }
    }
    if "`dist'" == "gompertz" {
        scalar `shape' = _b[/gamma]
        quietly replace ss_fit = exp(-exp(`index') * (exp(`shape' * _t) - 1) / `shape') if _t > 0
    }
    if "`dist'" == "lognormal" {
        scalar `shape' = exp(_b[/lnsigma])
        quietly replace ss_fit = normal(-(ln(_t) - `index') / `shape') if _t > 0
    }
    if "`dist'" == "loglogistic" {
        scalar `shape' = exp(_b[/lngamma])
        quietly replace ss_fit = 1 / (1 + (exp(-`index') * _t) ^ (1 / `shape')) if _t > 0
    }
    twoway (line ss_km _t, connect(stairstep) lcolor(gs8)) (line ss_fit _t, lcolor("0 114 178") lwidth(medthick)), ///
        legend(order(1 "Kaplan-Meier" 2 "`dist' model at the means of the regressors")) title("Fitted survival: `dist' model") ///
        xtitle(`"Time: `macval(xtitle)'"') ytitle("Survival probability") ylabel(0(0.2)1, angle(0)) yscale(range(0 1)) ///
        note(`"N = `used' rows of the sample; `engine'"')
    ss_figure using "`using'"
    restore
    drop ss_km
end
