*! ss_density_plot 1.0.0: draws the density of a running variable in bins with its estimates at a threshold
* Usage: ss_density_plot using "file.svg", running(varname) cutoff(#) below(bandwidth) above(bandwidth) rows("file") n(#) [level(#)]
* Reads ss_run (distance from the threshold) and ss_above; rows has side, estimate, ci_low and ci_high.
program define ss_density_plot
    syntax using/, RUNning(varname) CUToff(real) BELow(real) ABOve(real) Rows(string) N(integer) [LEVel(real 95)]
    ss_label `running'
    local along = r(text)
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly keep if ss_use & ss_run >= -2 * `below' & ss_run <= 2 * `above'
    * ten bins within each bandwidth
    local low = `below' / 10
    local high = `above' / 10
    quietly generate double ss_bin = cond(ss_above == 1, (floor(ss_run / `high') + 0.5) * `high', (floor(ss_run / `low') + 0.5) * `low')
    quietly collapse (count) ss_rows = ss_run, by(ss_bin ss_above)
    quietly generate double ss_density = ss_rows / `n' / cond(ss_above == 1, `high', `low')
    quietly append using "`rows'"
    quietly generate double ss_place = `cutoff' + cond(side == "", ss_bin, cond(side == "above", `high' / 4, -`low' / 4))
    twoway (bar ss_density ss_place if ss_above == 0, barwidth(`low') color("166 206 227")) (bar ss_density ss_place if ss_above == 1, barwidth(`high') color("253 208 162")) ///
        (rcap ci_low ci_high ss_place if side != "", lcolor("0 0 0")) (scatter estimate ss_place if side != "", mcolor("213 94 0")), ///
        xline(`cutoff', lcolor(gs8) lpattern(dash)) legend(order(1 "bins below" 2 "bins above" 4 "estimate at the threshold" 3 "`level'% interval")) ///
        title(`"Density at the threshold: `macval(along)'"') xtitle(`"`macval(along)'"') ytitle("Density") ylabel(, angle(0)) ///
        note("N = `n'; bins within twice the bandwidth; `engine'")
    ss_figure using "`using'"
    restore
end
