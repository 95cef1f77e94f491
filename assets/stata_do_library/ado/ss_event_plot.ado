*! ss_event_plot 1.0.0: draws effects by period relative to an event
* Usage: ss_event_plot using "file.svg", rows("effects file") title(text) n(#) base(#) [level(#)]
program define ss_event_plot
    syntax using/, Rows(string) TItle(string) N(integer) BAse(integer) [LEVel(real 95)]
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly use "`rows'", clear
    twoway (rcap ci_low ci_high relative_period, lcolor("0 114 178")) (connected estimate relative_period, lcolor("0 114 178") mcolor("0 114 178")), ///
        yline(0, lcolor(gs8) lpattern(dash)) xline(-0.5, lcolor(gs8) lpattern(dash)) legend(off) title(`"Event study: `macval(title)'"') ///
        xtitle("Periods since the event") ytitle("Effect (unit of the outcome)") ylabel(, angle(0)) ///
        note("Base period `base'; `level'% intervals; N = `n' rows of the sample; `engine'")
    ss_figure using "`using'"
    restore
end
