*! ss_export 1.0.0: writes posted rows as a CSV table with full precision and announces it
* Usage: ss_export using "file.csv", rows("temporary file of postfile")
* Whole numbers are written as digits, others as %24.16e (reads back to the same double); missing is empty.
program define ss_export
    syntax using/, Rows(string)
    preserve
    quietly use "`rows'", clear
    tempvar text
    foreach column of varlist _all {
        capture confirm numeric variable `column'
        if _rc == 0 {
            quietly generate str30 `text' = strtrim(strofreal(`column', "%24.16e"))
            quietly replace `text' = strtrim(strofreal(`column', "%18.0f")) if `column' == floor(`column') & abs(`column') < 1e15
            quietly replace `text' = "" if missing(`column')
            order `text', after(`column')
            drop `column'
            rename `text' `column'
        }
    }
    quietly export delimited using "`using'", replace nolabel
    restore
    ss_event output file=`using' type=table format=csv
end
