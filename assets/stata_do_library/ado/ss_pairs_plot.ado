*! ss_pairs_plot 1.0.0: draws two measurements of each unit against each other with the line of no change
* Usage: ss_pairs_plot using "file.svg", first(varname) second(varname)
program define ss_pairs_plot
    syntax using/, FIrst(varname) SEcond(varname)
    ss_label `first'
    local xtitle = r(text)
    ss_label `second'
    local ytitle = r(text)
    ss_source
    local engine "`r(engine)'"
    quietly summarize `first' if ss_use, meanonly
    local low = r(min)
    local high = r(max)
    local used = r(N)
    quietly summarize `second' if ss_use, meanonly
    local low = min(`low', r(min))
    local high = max(`high', r(max))
    twoway (scatter `second' `first' if ss_use, mcolor("0 114 178") msize(small)) ///
        (function y = x, range(`low' `high') lcolor(gs8) lpattern(dash)), ///
        title(`"`macval(ytitle)' against `macval(xtitle)'"') xtitle(`"`macval(xtitle)'"') ytitle(`"`macval(ytitle)'"') ylabel(, angle(0)) ///
        legend(order(1 "one unit" 2 "no change")) note("N = `used' units of the sample; `engine'")
    ss_figure using "`using'"
end
