*! ss_linear_probability 1.0.0: warns where a linear model explains an outcome with two values
* Usage: ss_linear_probability variable. The value is the number of rows with the higher value.
program define ss_linear_probability
    syntax varname(numeric)
    quietly summarize `varlist' if ss_use, meanonly
    local low = r(min)
    local high = r(max)
    quietly count if ss_use & `varlist' != `low' & `varlist' != `high'
    local other = r(N)
    quietly count if ss_use & `varlist' == `high'
    ss_check linear_probability, warn(`other' == 0 & `low' < `high') value(r(N))
end
