#!/bin/sh
# check_layers.sh SOURCE [BUILD]: reads every #include line, and fails where a folder includes from one that is not
# above it. With a build folder, it also fails where an object file uses a name that a lower folder defines. Then it
# plants wrong lines into a copy of the sources, each of which must make it fail.
set -eu
source=$(cd "$1" && pwd)
build=${2:-}

# From the top down; each folder may include from itself and from those before it.
layers="base backend tensor io heart ops nn optim data text train"

# What a folder may include from, where that is less than everything above it.
only="text: base tensor io"

# Names of lower folders that a folder may use all the same: the heart has a few operations that it builds on.
known="heart:tp__op_"

# Which folder owns a public header. The folders below it, and public headers of theirs, may include it too.
# taper.h is all of them in one, for users.
owners="
    base:    base status region dtype random strings threads
    tensor:  tensor
    io:      io npy safetensors table idx svmlight fasttext
    heart:   op autograd
    ops:     elementwise ops embedding functional losses reduce shape indexing linalg sparse
    nn:      nn layers activations summary
    optim:   optim schedule average
    data:    data folds labels
    text:    text hashing tfidf sequences vocabulary tokenizer
    train:   train metrics text_model text_stream
    all:     taper
"
owners=$(echo $owners)

# What the awk programs below have in common.
rules='
    # Whether code of layer `from` may include from layer `to`.
    function may(from, to) {
        if (from == to) return 1
        if (from in limited) return ((from, to) in granted)
        return rank[to] < rank[from]
    }

    BEGIN {
        count = split(layers, list, " ")
        for (i = 1; i <= count; i++) rank[list[i]] = i
        rank["all"] = count + 1
        count = split(owners, word, " ")
        for (i = 1; i <= count; i++)
            if (word[i] ~ /:$/) owning = substr(word[i], 1, length(word[i]) - 1)
            else owner["taper/" word[i] ".h"] = owning
        count = split(only, word, " ")
        for (i = 1; i <= count; i++)
            if (word[i] ~ /:$/) { owning = substr(word[i], 1, length(word[i]) - 1); limited[owning] = 1 }
            else granted[owning, word[i]] = 1
    }
'

# read_includes ROOT: prints what is wrong, and fails if anything is.
read_includes() {
    (
        cd "$1"
        find src include tool examples -type f \( -name '*.[ch]' -o -name '*.def' -o -name '*.inc' \) |
            LC_ALL=C sort | tr '\n' '\0' | xargs -0 grep -HnE '^[[:space:]]*#[[:space:]]*include' /dev/null || true
    ) | awk -v layers="$layers" -v only="$only" -v owners="$owners" "$rules"'
        function wrong(why) { print file ":" line ": " text "\n    " why; failures++ }

        # The path with its "x/.." and "." taken out.
        function normal(path,    part, count, i, kept, result) {
            count = split(path, part, "/")
            kept = 0
            for (i = 1; i <= count; i++)
                if (part[i] == "..") kept--
                else if (part[i] != ".") part[++kept] = part[i]
            result = part[1]
            for (i = 2; i <= kept; i++) result = result "/" part[i]
            return result
        }

        {
            file = $0; sub(/:.*/, "", file)
            line = $0; sub(/^[^:]*:/, "", line); sub(/:.*/, "", line)
            text = $0; sub(/^[^:]*:[^:]*:[ \t]*/, "", text)
            split(file, step, "/")
            seen[file] = 1

            # Who includes.
            public_only = step[1] == "tool" || step[1] == "examples"
            if (step[1] == "src") from = step[2]
            else if (step[1] == "include") from = owner["taper/" step[3]]
            else from = ""
            if (!public_only && !(from in rank)) {
                wrong("of which layer is this file? Name it in tests/check_layers.sh")
                next
            }

            # What is included.
            path = text
            sub(/^#[ \t]*include[ \t]*/, "", path)
            if (path !~ /^["<]/) { wrong("an include that hides its file behind a macro cannot be checked"); next }
            angle = path ~ /^</
            path = substr(path, 2); sub(/[">].*/, "", path)
            split(path, step, "/")
            folder = file; sub(/\/[^\/]*$/, "", folder)
            if (step[1] == "taper") target = path
            else if (path ~ /\// && step[1] in rank) target = "src/" path
            else if (angle) next # of the system
            else {
                target = normal(folder "/" path)
                sub(/^include\//, "", target)
            }

            # Whether it may.
            if (target ~ /^taper\//) {
                if (!(target in owner)) { wrong("of which layer is that header? Name it in tests/check_layers.sh"); next }
                to = owner[target]
            } else if (target ~ /^src\//) {
                if (public_only) { wrong("tool/ and examples/ see public headers only"); next }
                split(target, step, "/")
                to = step[2]
                if (file ~ /^include\//) { wrong("a public header includes public headers only"); next }
            } else {
                if (!public_only || target !~ "^" folder) wrong("outside of src/ and include/")
                next
            }
            if (!public_only && !may(from, to))
                wrong(from " may not include from " to)
        }

        END { if (!NR) { print "no #include line was found"; failures++ } exit failures > 0 }'
}

# read_objects BUILD: the same for what the compiled files define (a capital letter in what nm prints) and use (a U).
read_objects() {
    find "$1/CMakeFiles" -path '*.dir/src/*' -name '*.o' ! -path '*/src/ops/header/*' >"$place/objects"
    xargs nm -A <"$place/objects" >"$place/names"
    awk -v layers="$layers" -v only="$only" -v owners="$owners" -v known="$known" "$rules"'
        { object = $0; sub(/:.*/, "", object); sub(/.*\.dir\/src\//, "", object)
          layer = object; sub(/\/.*/, "", layer); name = $NF; kind = $(NF - 1) }
        NR == FNR { if (kind ~ /^[A-TV-Z]$/ && !(name in home)) home[name] = layer; next }
        kind == "U" && name in home && !may(layer, home[name]) && index(layer ":" name, known) != 1 {
            print object ": uses " name ": " layer " may not use " home[name]
            failures++
        }
        END { if (!NR) { print "no object file was found"; failures++ } exit failures > 0 }' \
        "$place/names" "$place/names"
}

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
read_includes "$source"
if [ -z "$build" ]; then
    :
elif command -v nm >/dev/null 2>&1; then
    read_objects "$build"
else
    echo "SKIPPED: what the object files use: nm is not here"
fi

plant() { # FILE LINE WHY: a file of that one line must be found wrong, for that reason
    rm -rf "$place/source"
    mkdir "$place/source"
    cp -r "$source/src" "$source/include" "$source/tool" "$source/examples" "$place/source"
    mkdir -p "$place/source/${1%/*}"
    echo "$2" >"$place/source/$1"
    if read_includes "$place/source" >"$place/report"; then
        echo "planted in $1, and not noticed: $2"
        exit 1
    fi
    grep -qF "$1:1: $2" "$place/report" && grep -qF "$3" "$place/report" || {
        echo "planted in $1: $2: noticed for a wrong reason:"
        cat "$place/report"
        exit 1
    }
}
plant src/base/planted.c '#include "tensor/tensor.h"' "base may not include from tensor"
plant src/base/planted.c '#  include <taper/tensor.h>' "base may not include from tensor"
plant src/base/planted.c '#include "../tensor/tensor.h"' "base may not include from tensor"
plant src/heart/planted.h '#include "ops/ops.h"' "heart may not include from ops"
plant src/backend/cpu/planted.c '#include "tensor/tensor.h"' "backend may not include from tensor"
plant src/backend/cpu/planted.c '#include "../../heart/heart.h"' "backend may not include from heart"
plant src/text/planted.c '#include "heart/heart.h"' "text may not include from heart"
plant src/text/planted.c '#include "taper/autograd.h"' "text may not include from heart"
plant src/nn/planted.c '#include "taper/taper.h"' "nn may not include from all"
plant src/nn/planted.c '#include PLANTED' "hides its file"
plant src/planted/planted.c '#include <stdio.h>' "of which layer is this file?"
plant include/taper/region.h '#include "tensor.h"' "base may not include from tensor"
plant include/taper/tensor.h '#include "tensor/tensor.h"' "public headers only"
plant include/taper/planted.h '#include "base.h"' "of which layer is this file?"
plant tool/planted.c '#include "base/error.h"' "public headers only"
plant examples/planted.c '#include "../src/base/error.h"' "public headers only"
# And a function of the tensors that base calls without an include.
if [ -n "$build" ] && command -v nm >/dev/null 2>&1 && command -v "${CC:-cc}" >/dev/null 2>&1; then
    objects=$place/build/CMakeFiles/core.dir/src
    mkdir -p "$objects/base" "$objects/tensor"
    echo 'void planted(void); void calls(void); void calls(void) { planted(); }' |
        "${CC:-cc}" -c -x c - -o "$objects/base/calls.c.o"
    echo 'void planted(void); void planted(void) {}' | "${CC:-cc}" -c -x c - -o "$objects/tensor/planted.c.o"
    if read_objects "$place/build" >"$place/report" || ! grep -qF "base/calls.c.o: uses planted" "$place/report"; then
        echo "planted in an object file, and not noticed"
        exit 1
    fi
fi
echo "layers: all includes point upwards, and 16 planted ones were noticed"
