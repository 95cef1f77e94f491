*! ss_item_plots 1.0.0: draws characteristic curves of items and the information of the test
* Usage: ss_item_plots using "curves.svg", information("information.svg") rows("file") variables(varlist) n(#)
* rows has variable, kind, category and estimate. A curve is the expected share of the steps of an item that are passed;
* for answers 0 and 1 the probability of 1. The first 8 items are drawn; the information is that of all items.
program define ss_item_plots
    syntax using/, INFormation(string) Rows(string) VARiables(varlist) N(integer)
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233" "120 120 120" "0 0 0""'
    ss_source
    local engine "`r(engine)'"
    tempname handle slope above below upper lower mass change bits
    tempfile points
    local plots ""
    local order ""
    local item = 0
    foreach variable of local variables {
        local item = `item' + 1
        if `item' <= 8 {
            local colour : word `item' of `colours'
            ss_label `variable'
            local plots `"`plots' (line expected trait if item == `item', lcolor("`colour'"))"'
            local order `"`macval(order)' `item' `"`=r(text)'"'"'
        }
    }
    preserve
    quietly use "`rows'", clear
    local item = 0
    foreach variable of local variables {
        local item = `item' + 1
        quietly levelsof category if variable == "`variable'" & kind == "difficulty", local(values)
        local steps`item' : word count `values'
        quietly summarize estimate if variable == "`variable'" & kind == "discrimination", meanonly
        local slope`item' = r(mean)
        local step = 0
        foreach value of local values {
            local step = `step' + 1
            quietly summarize estimate if variable == "`variable'" & category == `value', meanonly
            local at`item'_`step' = r(mean)
        }
    }
    postfile `handle' double item double trait double expected double information using "`points'"
    forvalues i = 1/`item' {
        scalar `slope' = `slope`i''
        forvalues k = 0/80 {
            local trait = -4 + `k' / 10
            scalar `upper' = 0
            scalar `bits' = 0
            scalar `above' = 1
            * information of a category: squared derivative of its probability by the probability
            forvalues step = 1/`steps`i'' {
                scalar `below' = invlogit(`slope' * (`trait' - `at`i'_`step''))
                scalar `upper' = `upper' + `below' / `steps`i''
                scalar `mass' = `above' - `below'
                scalar `change' = `slope' * (`above' * (1 - `above') - `below' * (1 - `below'))
                scalar `bits' = `bits' + cond(`mass' > 0, `change'^2 / `mass', 0)
                scalar `above' = `below'
            }
            scalar `change' = `slope' * `above' * (1 - `above')
            scalar `bits' = `bits' + cond(`above' > 0, `change'^2 / `above', 0)
            post `handle' (`i') (`trait') (`upper') (`bits')
        }
    }
    postclose `handle'
    quietly use "`points'", clear
    twoway `plots', yscale(range(0 1)) ylabel(0(0.25)1, angle(0)) legend(order(`macval(order)')) title("Item characteristic curves") ///
        xtitle("Trait (standard deviations)") ytitle("Expected share of the steps") note("First 8 items at most; N = `n'; `engine'")
    ss_figure using "`using'"
    * the trait is standard normal, which adds an information of one
    collapse (sum) information, by(trait)
    quietly replace information = information + 1
    quietly generate double error = 1 / sqrt(information)
    twoway (line information trait, lcolor("0 114 178")) (line error trait, lcolor("213 94 0") lpattern(dash)), ///
        yscale(range(0 .)) ylabel(, angle(0)) legend(order(1 "information" 2 "standard error of the trait")) ///
        title("Information of the test") xtitle("Trait (standard deviations)") ytitle("Information, standard error") note("All items; N = `n'; `engine'")
    ss_figure using "`information'"
    restore
end
