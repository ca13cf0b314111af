#!/bin/sh
# check_null.sh SOURCE BUILD: every public function survives NULL in the place of each pointer, and what makes a tensor
# from a tensor then says so. NULL for options makes what the defaults make, or an error says what is missing. The calls
# are made from the headers; a function that is never to get NULL stands below.
set -u
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the scope macros put on the stack, bytes that a length speaks of, and the record of an operation.
never=" tp_scope_end tp_grad_mode_restore tp_frame_enter tp_frame_leave tp_generator_get_state tp_murmur_hash"
never="$never tp_apply tp_apply_n tp_finish tp_fail tp_table_reader_fail "
# What looks something up, and may give NULL without an error.
lookups=" tp_grad tp_detach "

program() { # HEADER
    "${CC:-cc}" -E -P -I"$source/include" -I"$build/include" -I"$work" -include "$1" -x c /dev/null | tr '\n' ' ' |
        sed 's/[;{}]/&\n/g' | LC_ALL=C awk -v never="$never" -v lookups="$lookups" '
    function argument(type, number, kept) { # what a call passes where it does not pass NULL
        if (type ~ /^(const )?tp_tensor \*$/ && kept) return "t"
        if (type ~ /\*|\[|_function$|^tp_closure$/) return "NULL"
        return number
    }
    function emit(text) {
        calls++
        body = body "static void call_" calls "(void) { " text " }\n"
        list = list "    {call_" calls ", \"" name "\"},\n"
    }
    function make(left, number,    i, arguments, call) { # all pointers NULL, or all but one of the tensors given
        for (i = 1; i <= n; i++)
            arguments = arguments (i > 1 ? ", " : "") (i == left ? "NULL" : argument(type[i], number, left > 0))
        call = "(" name ")(" arguments ")"
        if (result == "tp_tensor *" && type[1] ~ /^(const )?tp_tensor \*$/ && (left == 1 || !left) && !index(lookups, " " name " "))
            emit("quiet = !" call " && tp_error() == TP_OK;")
        else
            emit("(void)" call ";")
    }
    /visibility\("default"\)/ {
        sub(/.*visibility\("default"\)\)\) */, ""); sub(/ *__attribute__.*/, ""); sub(/ *;.*/, "")
        if (!match($0, /tp_[A-Za-z0-9_]+\(/)) next
        name = substr($0, RSTART, RLENGTH - 1)
        result = substr($0, 1, RSTART - 1); sub(/ $/, "", result)
        parameters = substr($0, RSTART + RLENGTH); sub(/\)$/, "", parameters)
        if (index(never, " " name " ") || parameters !~ /\*/) next
        gsub(/\(\*[a-z]+\)\([^)]*\)/, "*", parameters) # a pointer to a function
        n = split(parameters, type, /, */)
        for (i = 1; i <= n; i++) {
            sub(/^ */, "", type[i])
            if (type[i] ~ /\[/) type[i] = "*"
            else if (match(type[i], /[a-zA-Z_0-9]+ *$/) && RSTART > 1) type[i] = substr(type[i], 1, RSTART - 1)
            sub(/ *$/, "", type[i])
        }
        functions++
        if (name ~ /_with_?$/ && n == 1) {
            emit("quiet = " (result ~ /\*$/ ? "!(" name ")(NULL)" : "((void)(" name ")(NULL), 1)") " && tp_error() == TP_OK;")
            next
        }
        make(0, 0); make(0, 1)
        for (i = 1; i <= n; i++)
            if (type[i] ~ /^(const )?tp_tensor \*$/ && n > 1) make(i, 1)
    }
    END {
        print "#include <signal.h>\n#include <stdio.h>\n#include <string.h>\n#include <sys/wait.h>\n#include <unistd.h>"
        print "static tp_tensor *t;\nstatic int quiet;\n" body
        print "static const struct { void (*call)(void); const char *name; } calls[] = {\n" list "};"
        print "int main(void)\n{\n    int wrong = 0;\n    t = tp_ones(TP_F32, 2, 3);"
        print "    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {"
        print "        const pid_t child = fork();\n        int status = 1;"
        print "        if (!child) { calls[i].call(); _exit(quiet ? 42 : 0); }"
        print "        if (child < 0 || waitpid(child, &status, 0) < 0 || status) {"
        print "            wrong = 1;"
        print "            printf(\"%s: %s\\n\", calls[i].name, WIFEXITED(status) && WEXITSTATUS(status) == 42 ?"
        print "                   \"gives NULL for NULL without an error\" : \"does not survive NULL\");"
        print "        }\n    }"
        printf "    printf(\"null: %d functions, %d calls\\n\");\n    return wrong;\n}\n", functions, calls
    }'
}

build_and_run() { # HEADER FILE...
    header=$1
    shift
    program "$header" >"$work/calls.c"
    "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O0 -w -I"$source/include" -I"$build/include" -I"$work" -include "$header" -o \
        "$work/calls" "$work/calls.c" "$@" "$build/libtaper.a" -lpthread -lm || return 2
    "$work/calls" </dev/null
}

build_and_run taper/taper.h || exit 1

# What does not survive must be found, and what is silent.
cat >"$work/wrong.h" <<'END'
#include "taper/taper.h"
TP_API tp_tensor *tp_crashing(tp_tensor *x);
TP_API tp_tensor *tp_silent(tp_tensor *x);
TP_API tp_optimizer *tp_careless_with(const tp_adam_options *options);
TP_API tp_status tp_silent_with(const tp_adam_options *options);
END
cat >"$work/wrong.c" <<'END'
#include "wrong.h"
tp_tensor *tp_crashing(tp_tensor *x) { return *(tp_tensor *volatile *)x; }
tp_tensor *tp_silent(tp_tensor *x) { return x; }
tp_optimizer *tp_careless_with(const tp_adam_options *o) { return *(tp_optimizer *volatile *)&o->parameters; }
tp_status tp_silent_with(const tp_adam_options *options) { return options ? TP_OK : TP_OK; }
END
if build_and_run wrong.h "$work/wrong.c" >"$work/found" || ! grep -q 'tp_crashing: does not survive' "$work/found" ||
    ! grep -q 'tp_silent: gives NULL' "$work/found" || ! grep -q 'tp_careless_with: does not survive' "$work/found" ||
    ! grep -q 'tp_silent_with: gives NULL' "$work/found"; then
    echo "a function that crashes, or one that is silent, is not found"
    exit 1
fi
