*! ss_did_plot 1.0.0: draws the four adjusted means of a two-period difference-in-differences
* Usage: ss_did_plot using "file.svg", rows("means file") title(text) n(#) level(#)
program define ss_did_plot
    syntax using/, Rows(string) TItle(string) N(integer) [LEVel(real 95)]
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly use "`rows'", clear
    quietly generate double low = adjusted_mean - invnormal(0.5 + `level' / 200) * adjusted_se
    quietly generate double high = adjusted_mean + invnormal(0.5 + `level' / 200) * adjusted_se
    twoway (connected adjusted_mean post if treatment == 0, lcolor("0 114 178") mcolor("0 114 178")) ///
        (connected adjusted_mean post if treatment == 1, lcolor("213 94 0") mcolor("213 94 0")) ///
        (rcap low high post if treatment == 0, lcolor("0 114 178")) ///
        (rcap low high post if treatment == 1, lcolor("213 94 0")), ///
        xlabel(0 "before" 1 "after") xscale(range(-0.2 1.2)) legend(order(1 "control" 2 "treated")) ///
        title(`"Group means: `macval(title)'"') xtitle("Period") ytitle(`"Mean of `macval(title)'"') ylabel(, angle(0)) ///
        note("Means adjusted for the controls with `level'% intervals; N = `n' rows of the sample; `engine'")
    ss_figure using "`using'"
    restore
end
