#!/bin/sh
# check_links.sh SOURCE: relative links of README.md and docs/ lead to files, and their anchors to headings or names
# that are there.
set -u
cd "$1" || exit 1
LC_ALL=C awk '
function anchor(s) { # the one that is made of a heading
    s = tolower(s)
    gsub(/[^a-z0-9 _-]/, "", s)
    gsub(/ /, "-", s)
    return s
}
function read(file,   line, count, code, rest) {
    if (file in is_there) return
    count = 0; code = 0
    while ((getline line < file) > 0) {
        count++
        if (line ~ /^```/) code = !code
        if (code) continue
        if (line ~ /^#+ /) { sub(/^#+ /, "", line); has[file, anchor(line)] = 1 }
        rest = line
        while (match(rest, /<a id="[^"]*">/)) {
            has[file, substr(rest, RSTART + 7, RLENGTH - 9)] = 1
            rest = substr(rest, RSTART + RLENGTH)
        }
    }
    close(file)
    is_there[file] = count > 0
}
function folder(file) { return file ~ /\// ? substr(file, 1, match(file, /[^\/]*$/) - 1) : "" }
function joined(base, target) {
    while (target ~ /^\.\.\//) { sub(/[^\/]*\/$/, "", base); target = substr(target, 4) }
    return base target
}
FNR == 1 { code = 0 }
/^```/ { code = !code }
!code {
    rest = $0
    while (match(rest, /\]\([^)]*\)/)) {
        target = substr(rest, RSTART + 2, RLENGTH - 3)
        rest = substr(rest, RSTART + RLENGTH)
        if (target ~ /^[a-z]+:/) continue
        checked++
        place = ""
        if ((at = index(target, "#")) > 0) { place = substr(target, at + 1); target = substr(target, 1, at - 1) }
        file = target == "" ? FILENAME : joined(folder(FILENAME), target)
        if (file !~ /\.md$/) {
            if (system("test -e \"" file "\"") != 0) { print FILENAME ":" FNR ": no file " file; wrong++ }
            continue
        }
        read(file)
        if (!is_there[file]) { print FILENAME ":" FNR ": no page " file; wrong++ }
        else if (place != "" && !((file, place) in has)) { print FILENAME ":" FNR ": no place #" place " in " file; wrong++ }
    }
}
END { printf "links: %d\n", checked; exit wrong > 0 || checked == 0 }
' README.md docs/*.md docs/reference/*.md $(find docs -mindepth 2 -name '*.md' ! -path 'docs/reference/*')
