*! ss_synth_plot 1.0.0: draws the treated unit and its synthetic control, or the gaps of all units
* Usage: ss_synth_plot using "file.svg", rows("series file") kind(paths|gaps) event(#) n(#) title(text) xtitle(text)
* The file holds unit (number), period, value; unit 0 is drawn last and thick, others thin, in kind(paths) as a dashed line.
program define ss_synth_plot
    syntax using/, Rows(string) Kind(string) Event(real) N(integer) TItle(string) XTItle(string)
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly use "`rows'", clear
    sort unit period
    local plots ""
    quietly levelsof unit if unit > 0, local(others)
    local count = r(r)
    foreach unit of local others {
        if "`kind'" == "paths" {
            local plots `"`plots' (line value period if unit == `unit', lcolor("213 94 0") lpattern(dash))"'
        }
        else {
            local plots `"`plots' (line value period if unit == `unit', lcolor(gs13) lwidth(thin))"'
        }
    }
    local plots `"`plots' (line value period if unit == 0, lcolor("0 114 178") lwidth(medthick))"'
    local last = `count' + 1
    if "`kind'" == "paths" {
        local legend `"legend(order(2 "treated unit" 1 "synthetic control"))"'
        local ytitle `"`macval(title)'"'
        local heading `"Treated unit and synthetic control: `macval(title)'"'
    }
    else {
        local legend `"legend(order(`last' "treated unit" 1 "placebos"))"'
        local ytitle "Gap (unit of the outcome)"
        local heading `"Gaps of the treated unit and of placebos: `macval(title)'"'
    }
    twoway `plots', xline(`event', lcolor(gs8) lpattern(dash)) `legend' title(`"`macval(heading)'"') xtitle(`"`macval(xtitle)'"') ytitle(`"`macval(ytitle)'"') ylabel(, angle(0)) ///
        note("N = `n' rows of the sample; `engine'")
    ss_figure using "`using'"
    restore
end
