*! ss_rd_plot 1.0.0: draws binned means and the fits on both sides of a threshold
* Usage: ss_rd_plot using "file.svg", outcome(varname) running(varname) cutoff(#) bandwidth(#) degree(#) kernel(name)
* Reads ss_run (distance from the threshold) and ss_above; the fit is without controls, over twice the bandwidth.
program define ss_rd_plot
    syntax using/, OUTcome(varname) RUNning(varname) CUToff(real) BANDwidth(real) DEGree(integer) KERNel(string)
    ss_label `outcome'
    local name = r(text)
    ss_label `running'
    local along = r(text)
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly keep if ss_use & abs(ss_run) <= 2 * `bandwidth'
    local used = _N
    local power "c.ss_run"
    forvalues k = 2/`degree' {
        local power "`power'##c.ss_run"
    }
    tempvar weight fit bin
    quietly generate double `weight' = cond("`kernel'" == "uniform", abs(ss_run) <= `bandwidth', max(0, 1 - abs(ss_run) / `bandwidth'))
    quietly regress `outcome' i.ss_above##(`power') [aweight = `weight'] if `weight' > 0
    quietly predict double `fit' if abs(ss_run) <= `bandwidth', xb
    * twenty bins on each side
    quietly generate double `bin' = (floor(ss_run / (`bandwidth' / 10)) + 0.5) * `bandwidth' / 10 + `cutoff'
    quietly generate double ss_x = `running'
    quietly egen double ss_mean = mean(`outcome'), by(`bin')
    sort ss_x
    twoway (scatter ss_mean `bin', mcolor("120 120 120") msize(small)) (line `fit' ss_x if ss_above == 0, lcolor("0 114 178")) ///
        (line `fit' ss_x if ss_above == 1, lcolor("213 94 0")), xline(`cutoff', lcolor(gs8) lpattern(dash)) ///
        title(`"Jump at the threshold: `macval(name)'"') xtitle(`"`macval(along)'"') ytitle(`"Mean of `macval(name)'"') ylabel(, angle(0)) ///
        legend(order(1 "mean of a bin" 2 "fit below" 3 "fit above")) note("N = `used' within twice the bandwidth; fits within the bandwidth; `engine'")
    ss_figure using "`using'"
    restore
end
