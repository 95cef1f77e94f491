*! ss_cells_table 1.0.0: writes posted rows as a table without the columns that only place them in a figure
* Usage: ss_cells_table using "file.csv", rows("file"); position and series are left out.
program define ss_cells_table
    syntax using/, Rows(string)
    tempfile shown
    preserve
    quietly use "`rows'", clear
    drop position series
    quietly save "`shown'"
    restore
    ss_export using "`using'", rows("`shown'")
end
