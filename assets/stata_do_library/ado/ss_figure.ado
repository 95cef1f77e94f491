*! ss_figure 1.0.0: writes the graph in memory as SVG and announces it
* Usage: ss_figure using "file.svg"
program define ss_figure
    syntax using/
    quietly graph export "`using'", replace
    ss_event output file=`using' type=figure format=svg
end
