*! ss_cox_plot 1.0.0: draws survival curves of a Cox model, by values of one regressor or by strata
* Usage: ss_cox_plot using "file.svg", focal(varname) time(varname) [strata(numbered variable)]
* Other regressors at their means; values of the focal regressor are its levels (up to five) or its quartiles.
* With strata() one curve per stratum at the means of all regressors. After stcox.
program define ss_cox_plot
    syntax using/, FOCal(varname) TIme(varname) [STRata(varname)]
    local colours `""0 114 178" "213 94 0" "0 158 115" "204 121 167" "230 159 0" "86 180 233" "0 0 0" "128 128 128""'
    ss_label `time'
    local xtitle = r(text)
    ss_label `focal'
    local name = r(text)
    ss_source
    local engine "`r(engine)'"
    tempname index
    tempvar base sample
    quietly generate byte `sample' = e(sample)
    quietly predict double `base' if `sample', basesurv
    quietly count if `sample'
    local used = r(N)
    local plots ""
    local order ""
    local curves = 0
    local title `"`macval(name)'"'
    if "`strata'" != "" {
        tempvar xb
        quietly predict double `xb' if `sample', xb
        quietly summarize `xb' if `sample', meanonly
        scalar `index' = r(mean)
        quietly generate double ss_curve1 = `base' ^ exp(`index') if `sample'
        quietly summarize `strata' if `sample', meanonly
        local curves = min(r(max), 8)
        ss_label `strata'
        local title = r(text)
    }
    else {
        quietly levelsof `focal' if `sample', local(values)
        local count : word count `values'
        if `count' > 5 {
            quietly summarize `focal' if `sample', detail
            local values "`r(p25)' `r(p50)' `r(p75)'"
            local values : list uniq values
        }
        foreach value of local values {
            local curves = `curves' + 1
            tempvar xb
            preserve
            quietly replace `focal' = `value' if `sample'
            quietly predict double `xb' if `sample', xb
            quietly summarize `xb' if `sample', meanonly
            scalar `index' = r(mean)
            restore
            quietly generate double ss_curve`curves' = `base' ^ exp(`index') if `sample'
        }
    }
    preserve
    quietly keep if `sample'
    local rows = _N
    local group ""
    if "`strata'" != "" {
        local group "`strata'"
    }
    sort `group' _t
    local added = max(1, cond("`strata'" != "", `curves', 1))
    quietly set obs `=`rows' + `added''
    quietly replace _t = 0 in `=`rows' + 1'/l
    forvalues g = 1/`added' {
        if "`strata'" != "" {
            quietly replace `strata' = `g' in `=`rows' + `g''
        }
    }
    foreach variable of varlist ss_curve* {
        quietly replace `variable' = 1 in `=`rows' + 1'/l
    }
    sort `group' _t
    forvalues i = 1/`curves' {
        local colour : word `i' of `colours'
        if "`strata'" != "" {
            local plots `"`plots' (line ss_curve1 _t if `strata' == `i', connect(stairstep) lcolor("`colour'"))"'
            local text : label `strata' `i'
        }
        else {
            local plots `"`plots' (line ss_curve`i' _t, connect(stairstep) lcolor("`colour'"))"'
            local value : word `i' of `values'
            local text : label (`focal') `value'
        }
        local order `"`macval(order)' `i' `"`macval(text)'"'"'
    }
    twoway `plots', legend(order(`macval(order)') title(`"`macval(title)'"')) title("Survival by the Cox model") ///
        subtitle("other regressors at their means") xtitle(`"Time: `macval(xtitle)'"') ytitle("Survival probability") ///
        ylabel(0(0.2)1, angle(0)) yscale(range(0 1)) xscale(range(0 0)) note(`"N = `used' rows of the sample; `engine'"')
    ss_figure using "`using'"
    restore
    drop ss_curve*
end
