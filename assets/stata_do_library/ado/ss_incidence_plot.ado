*! ss_incidence_plot 1.0.0: draws predicted cumulative incidence by values of one regressor
* Usage: ss_incidence_plot using "file.svg", focal(varname) time(varname) values(numbers) event(#)
* Reads ss_curve1, ss_curve2, ..., one for each value, at the times of the rows.
program define ss_incidence_plot
    syntax using/, FOCal(varname) TIme(varname) VALues(string) EVent(integer)
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0""'
    ss_label `time'
    local xtitle = r(text)
    ss_label `focal'
    local title = r(text)
    ss_source
    local engine "`r(engine)'"
    local used = _N
    local plots ""
    local order ""
    local curves : word count `values'
    forvalues i = 1/`curves' {
        local colour : word `i' of `colours'
        local value : word `i' of `values'
        local text : label (`focal') `value'
        local plots `"`plots' (line ss_curve`i' _t, connect(stairstep) lcolor("`colour'"))"'
        local order `"`macval(order)' `i' `"`macval(text)'"'"'
    }
    preserve
    quietly set obs `=_N + 1'
    quietly replace _t = 0 in l
    foreach variable of varlist ss_curve* {
        quietly replace `variable' = 0 in l
    }
    sort _t
    twoway `plots', legend(order(`macval(order)') title(`"`macval(title)'"')) title("Cumulative incidence of event `event'") ///
        subtitle("other regressors at their means") xtitle(`"Time: `macval(xtitle)'"') ytitle("Share with the event") ///
        ylabel(, angle(0)) xscale(range(0 0)) note(`"Other events exclude it; N = `used' rows of the sample; `engine'"')
    ss_figure using "`using'"
    restore
end
