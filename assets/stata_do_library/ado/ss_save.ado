*! ss_save 1.0.0: writes the rows of the sample as a Stata data set, without the service's own variables
* Usage: ss_save using "file.dta"
program define ss_save
    syntax using/
    preserve
    quietly keep if ss_use
    drop ss_*
    quietly save "`using'", replace
    restore
    ss_event output file=`using' type=data format=dta
end
