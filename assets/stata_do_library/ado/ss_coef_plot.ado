*! ss_coef_plot 1.0.0: draws estimates with their intervals, one line per term
* Usage: ss_coef_plot using "file.svg", [table(matrix) level(#) n(#) title(text) xtitle(text) skip(variables) se(text)]
* The constant, base levels, omitted terms and terms of skip() are left out; at most 40 terms are drawn.
program define ss_coef_plot
    syntax using/ [, Table(name) LEVel(real 95) N(integer 0) TItle(string) XTitle(string) SKip(string) SE(string)]
    tempname values handle
    if "`table'" == "" {
        matrix `values' = r(table)
    }
    else {
        matrix `values' = `table'
    }
    local terms : colnames `values'
    local count = colsof(`values')
    tempfile rows
    postfile `handle' double position double estimate double low double high using "`rows'"
    local drawn = 0
    local axis ""
    forvalues j = 1/`count' {
        local term : word `j' of `terms'
        quietly _ms_parse_parts `term'
        local name "`r(name)'"
        local hidden : list name in skip
        * base and omitted terms are zero; the errors of an exact fit are missing and its estimates are not zero
        local missing = missing(el(`values', 2, `j')) & (el(`values', 1, `j') == 0 | missing(el(`values', 1, `j')))
        if "`term'" == "_cons" | `missing' | `hidden' | `drawn' >= 40 {
            continue
        }
        local drawn = `drawn' + 1
        post `handle' (`drawn') (el(`values', 1, `j')) (el(`values', 5, `j')) (el(`values', 6, `j'))
        ss_label `term'
        local axis `"`macval(axis)' `drawn' `"`=r(text)'"'"'
    }
    postclose `handle'
    ss_source
    local engine "`r(engine)'"
    if `"`xtitle'"' == "" {
        local xtitle "Estimate with `level'% confidence interval"
    }
    preserve
    quietly use "`rows'", clear
    twoway (rcap low high position, horizontal lcolor("0 114 178")) (scatter position estimate, mcolor("0 114 178") msymbol(circle)), ///
        ylabel(`macval(axis)', angle(0) nogrid) yscale(reverse range(0.5 `=`drawn' + 0.5')) xline(0, lcolor(gs8) lpattern(dash)) ///
        title(`"`macval(title)'"') ytitle("") xtitle(`"`xtitle'"') legend(off) ///
        note(`"N = `n'; `se'; `engine'"')
    ss_figure using "`using'"
    restore
end
