*! ss_curve_plot 1.0.0: draws a predicted curve with its interval and vertical lines at turning points
* Usage: ss_curve_plot using "file.svg", rows("file") outcome(varname) focal(varname) n(#) [level(#) lines(numbers)]
* rows has x, y, low and high.
program define ss_curve_plot
    syntax using/, Rows(string) OUTcome(varname) FOCal(varname) N(integer) [LEVel(real 95) LINes(string)]
    ss_label `outcome'
    local ytitle = r(text)
    ss_label `focal'
    local xtitle = r(text)
    ss_source
    local engine "`r(engine)'"
    local mark ""
    local note "no turning point in the range"
    if "`lines'" != "" {
        local mark "xline(`lines', lcolor(gs8) lpattern(dash))"
        local note "dashed: turning point"
    }
    preserve
    quietly use "`rows'", clear
    twoway (rarea low high x, color("0 114 178%20")) (line y x, lcolor("0 114 178")), `mark' ///
        title(`"`macval(ytitle)' and `macval(xtitle)'"') xtitle(`"`macval(xtitle)'"') ytitle(`"Predicted `macval(ytitle)'"') ylabel(, angle(0)) ///
        legend(order(2 "prediction" 1 "`level'% interval")) note("Other regressors as observed; `note'; N = `n'; `engine'")
    ss_figure using "`using'"
    restore
end
