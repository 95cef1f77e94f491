*! ss_residual_plots 1.0.0: draws residuals against fitted values, and residual quantiles against normal ones
* Usage: ss_residual_plots using "file.svg", qq("file.svg") fitted(variable) residual(variable) outcome(variable)
program define ss_residual_plots
    syntax using/, QQ(string) FITted(varname) RESidual(varname) OUTcome(varname)
    ss_label `outcome'
    local name = r(text)
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly keep if ss_use
    local used = _N
    twoway (scatter `residual' `fitted', mcolor("0 114 178") msize(small)), yline(0, lcolor(gs8) lpattern(dash)) ///
        title(`"Residuals and fitted values: `macval(name)'"') xtitle("Fitted value (unit of the outcome)") ///
        ytitle("Residual (unit of the outcome)") ylabel(, angle(0)) legend(off) note("N = `used' rows of the sample; `engine'")
    ss_figure using "`using'"
    quietly summarize `residual'
    sort `residual'
    * plotting positions i/(N+1), as [R] diagnostic plots
    quietly generate double ss_normal = r(mean) + r(sd) * invnormal(_n / (_N + 1))
    twoway (scatter `residual' ss_normal, mcolor("0 114 178") msize(small)) (line ss_normal ss_normal, lcolor(gs8)), ///
        title(`"Normal quantiles of the residuals: `macval(name)'"') xtitle("Normal quantile (unit of the outcome)") ///
        ytitle("Residual (unit of the outcome)") ylabel(, angle(0)) legend(off) note("N = `used' rows of the sample; `engine'")
    ss_figure using "`qq'"
    restore
end
