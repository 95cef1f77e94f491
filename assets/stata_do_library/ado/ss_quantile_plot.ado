*! ss_quantile_plot 1.0.0: draws the coefficients of one regressor over the quantiles, with intervals
* Usage: ss_quantile_plot using "file.svg", table(matrix) focal(varname) quantiles(numlist) outcome(varname) [level(#) se(text)]
* A category is drawn by its first two levels that are not the base.
program define ss_quantile_plot
    syntax using/, Table(name) FOCal(varname) QUAntiles(string) OUTcome(varname) [LEVel(real 95) SE(string)]
    tempname handle
    tempfile rows
    ss_label `outcome'
    local yname = r(text)
    local terms : colnames `table'
    local equations : coleq `table'
    local columns = colsof(`table')
    local series ""
    postfile `handle' double series double quantile double estimate double low double high using "`rows'"
    local last ""
    local at = 0
    forvalues j = 1/`columns' {
        local term : word `j' of `terms'
        local equation : word `j' of `equations'
        if "`equation'" != "`last'" {
            local at = `at' + 1
            local last "`equation'"
        }
        quietly _ms_parse_parts `term'
        if "`r(name)'" != "`focal'" | missing(el(`table', 2, `j')) {
            continue
        }
        local place : list posof "`term'" in series
        if `place' == 0 {
            local series "`series' `term'"
            local place : list posof "`term'" in series
        }
        if `place' <= 2 {
            local q : word `at' of `quantiles'
            post `handle' (`place') (`q') (el(`table', 1, `j')) (el(`table', 5, `j')) (el(`table', 6, `j'))
        }
    }
    postclose `handle'
    local count : word count `series'
    local count = min(`count', 2)
    local plots ""
    local order ""
    forvalues s = 1/`count' {
        local term : word `s' of `series'
        ss_label `term'
        local text`s' = r(text)
        local colour "0 114 178"
        if `s' == 2 {
            local colour "213 94 0"
        }
        local plots `"`plots' (rcap low high quantile if series == `s', lcolor("`colour'")) (connected estimate quantile if series == `s', lcolor("`colour'") mcolor("`colour'") sort)"'
        local order `"`macval(order)' `=2 * `s'' `"`macval(text`s')'"'"'
    }
    local legend "legend(off)"
    local title `"`text1'"'
    if `count' > 1 {
        local legend `"legend(order(`macval(order)'))"'
        ss_label `focal'
        local title = r(text)
    }
    quietly count if ss_use
    local used = r(N)
    ss_source
    local engine "`r(engine)'"
    preserve
    quietly use "`rows'", clear
    twoway `plots', `macval(legend)' title(`"Effect over the distribution: `macval(title)'"') xtitle(`"Quantile of `macval(yname)'"') ///
        ytitle("Coefficient with `level'% interval") yline(0, lcolor(gs8) lpattern(dash)) ylabel(, angle(0)) ///
        xscale(range(0 1)) xlabel(0(0.25)1) note(`"N = `used' rows of the sample; `se' standard errors; `engine'"')
    ss_figure using "`using'"
    restore
end
