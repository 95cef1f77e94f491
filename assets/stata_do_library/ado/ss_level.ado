*! ss_level 1.0.0: prints the anchor of a level of a factor in a model, with the words of the level
* Usage: ss_level variable number base; base is 1 for the level that the others are compared with.
* Leaves r() and e() as they are. Quotes and macro characters are left out of the words.
program define ss_level
    args variable number base
    capture confirm numeric variable `variable', exact
    if _rc != 0 {
        exit
    }
    tempname words
    local text : label (`variable') `number'
    scalar `words' = `"`macval(text)'"'
    foreach code in 34 36 96 {
        scalar `words' = subinstr(`words', char(`code'), "", .)
    }
    local text = `words'
    ss_event level column=`variable' number=`number' base=`base' label="`text'"
end
