*! ss_trend_plot 1.0.0: draws the mean of an outcome over time for units that are ever treated and never treated
* Usage: ss_trend_plot using "file.svg", outcome(varname) group(0/1 variable) time(varname) panel(varname)
program define ss_trend_plot
    syntax using/, OUTcome(varname) GROup(varname) TIme(varname) PAnel(varname)
    ss_label `outcome'
    local name = r(text)
    ss_label `time'
    local time_name = r(text)
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly keep if ss_use
    local used = _N
    quietly egen byte ss_ever = max(`group'), by(`panel')
    collapse (mean) ss_mean = `outcome', by(ss_ever `time')
    twoway (connected ss_mean `time' if ss_ever == 0, lcolor("0 114 178") mcolor("0 114 178")) ///
        (connected ss_mean `time' if ss_ever == 1, lcolor("213 94 0") mcolor("213 94 0")), ///
        legend(order(1 "never treated" 2 "treated at some time")) title(`"Means over time: `macval(name)'"') ///
        xtitle(`"`macval(time_name)'"') ytitle(`"Mean of `macval(name)'"') ylabel(, angle(0)) note("N = `used' rows of the sample; `engine'")
    ss_figure using "`using'"
    restore
end
