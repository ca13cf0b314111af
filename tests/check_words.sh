#!/bin/sh
# check_words.sh SOURCE: no file of src/, include/ and tool/ is longer than 800 lines, unless a script wrote it
# (its first line says "Written by"); nothing is left to do; no path of somebody's machine stands anywhere.
set -u
source=$1
longest=800
cd "$source" || exit 1
failed=0

find src include tool -type f \( -name '*.[ch]' -o -name '*.def' \) -print0 | xargs -0 awk -v longest=$longest '
    FNR == 1 { written = /Written by / }
    FNR == longest + 1 && !written { print FILENAME ": more than " longest " lines"; wrong++ }
    END { exit wrong > 0 }' || failed=1

# Everything that people write, except the data, and except this file, which has to name what it looks for.
texts() {
    find . \( -name .git -o -name 'build*' -o -name data \) -prune -o -type f \( -name '*.[ch]' -o -name '*.cc' \
        -o -name '*.def' -o -name '*.in' -o -name '*.py' -o -name '*.sh' -o -name '*.md' -o -name '*.cmake' \
        -o -name CMakeLists.txt -o -name Makefile -o -name run -o -name '*.yml' \) \
        ! -path ./tests/check_words.sh -print0
}
if texts | xargs -0 grep -nwE 'TODO|FIXME|XXX|HACK'; then
    echo "the lines above are unfinished"
    failed=1
fi
if texts | xargs -0 grep -nE '(^|[^A-Za-z0-9_.~}])/(work|home|root|Users|mnt)/'; then
    echo "the lines above name a path of one machine"
    failed=1
fi
exit $failed
