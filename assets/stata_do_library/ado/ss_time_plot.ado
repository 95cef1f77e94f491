*! ss_time_plot 1.1.0: draws one or two variables of a declared series over time; trading days by their dates
* Usage: ss_time_plot using "file.svg", y(varlist) title(text) ytitle(text) [names(quoted texts) zero]
program define ss_time_plot
    syntax using/, Y(varlist) TItle(string) YTItle(string) [NAMes(string asis) ZERO]
    local colours `""0 114 178" "213 94 0" "0 158 115""'
    local plots ""
    local order ""
    local number = 0
    local when "ss_period"
    capture confirm variable ss_day
    if _rc == 0 {
        local when "ss_day"
    }
    foreach variable of local y {
        local number = `number' + 1
        local colour : word `number' of `colours'
        local plots `"`plots' (line `variable' `when', lcolor("`colour'"))"'
        gettoken text names : names
        local order `"`order' `number' `"`text'"'"'
    }
    local legend "legend(off)"
    if `number' > 1 {
        local legend `"legend(order(`order'))"'
    }
    local line ""
    if "`zero'" != "" {
        local line "yline(0, lcolor(gs8) lpattern(dash))"
    }
    local xtitle : variable label `when'
    ss_source
    twoway `plots', `line' title(`"`macval(title)'"') xtitle(`"`macval(xtitle)'"') ytitle(`"`macval(ytitle)'"') ylabel(, angle(0)) `legend' ///
        note("N = `=_N' periods; `r(engine)'")
    ss_figure using "`using'"
end
