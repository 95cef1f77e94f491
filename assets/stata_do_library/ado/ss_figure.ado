*! ss_figure 1.1.0: writes the graph in memory as SVG, with the data behind it, and announces it
* Usage: ss_figure using "file.svg"
* The open engine writes what the figure shows as file.csv; Stata has no such type of file and leaves it out.
program define ss_figure
    syntax using/
    quietly graph export "`using'", replace
    local data = subinstr("`using'", ".svg", ".csv", 1)
    capture quietly graph export "`data'", replace
    ss_event output file=`using' type=figure format=svg
end
