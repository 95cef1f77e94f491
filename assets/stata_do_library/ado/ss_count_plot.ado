*! ss_count_plot 1.0.0: draws observed shares of counts beside the mean probabilities of the models
* Usage: ss_count_plot using "file.svg", outcome(varname) [alpha(#)]
* Reads the fitted means in ss_poisson and ss_nbreg (missing where a model was not fitted); counts up to 15.
program define ss_count_plot
    syntax using/, OUTcome(varname) [ALpha(real 0)]
    tempname handle observed poisson nbreg
    tempfile rows
    tempvar p
    ss_label `outcome'
    local name = r(text)
    ss_source
    local engine "`r(engine)'"
    quietly summarize `outcome' if ss_use, meanonly
    local used = r(N)
    local top = min(15, r(max))
    postfile `handle' double value double observed double poisson double nbreg using "`rows'"
    quietly generate double `p' = .
    forvalues k = 0/`top' {
        quietly count if ss_use & `outcome' == `k'
        scalar `observed' = r(N) / `used'
        quietly replace `p' = exp(-ss_poisson + `k' * ln(ss_poisson) - lngamma(`k' + 1)) if ss_use
        quietly summarize `p', meanonly
        scalar `poisson' = r(mean)
        scalar `nbreg' = .
        if `alpha' > 0 & `alpha' < . {
            quietly replace `p' = exp(lngamma(`k' + 1 / `alpha') - lngamma(`k' + 1) - lngamma(1 / `alpha') - ln(1 + `alpha' * ss_nbreg) / `alpha' + `k' * ln(`alpha' * ss_nbreg / (1 + `alpha' * ss_nbreg))) if ss_use
            quietly summarize `p', meanonly
            scalar `nbreg' = r(mean)
        }
        post `handle' (`k') (`observed') (`poisson') (`nbreg')
    }
    postclose `handle'
    preserve
    quietly use "`rows'", clear
    twoway (bar observed value, barwidth(0.8) color("200 200 200")) (connected poisson value, lcolor("0 114 178") mcolor("0 114 178")) ///
        (connected nbreg value, lcolor("213 94 0") mcolor("213 94 0")), title(`"Observed and predicted: `macval(name)'"') ///
        xtitle(`"`macval(name)' (count)"') ytitle("Share of rows") ylabel(, angle(0)) ///
        legend(order(1 "observed" 2 "Poisson" 3 "negative binomial")) note("N = `used' rows of the sample; `engine'")
    ss_figure using "`using'"
    restore
end
