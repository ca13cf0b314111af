#!/bin/sh
# check_command.sh SOURCE BUILD: the taper command as people use it, on data/demo: trains, evaluates, predicts and
# inspects; interrupts trainings and resumes them; and runs every command of the tables in docs/bad-inputs.md, which
# must end as the row says and leave no file behind. The last line counts the checks.
set -u
source=$(cd "$1" && pwd)
taper=$(cd "$2" && pwd)/tool/taper
[ -x "$taper" ] || { echo "there is no $taper"; exit 1; }
LC_ALL=C
export LC_ALL

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
cd "$place" || exit 1
mkdir run scratch
cd run || exit 1
cp "$source/data/demo/train.tsv" "$source/data/demo/dev.tsv" .

checks=0 failures=0
passed() { checks=$((checks + 1)); }
failed() {
    checks=$((checks + 1)) failures=$((failures + 1))
    echo "failed: $*"
}
check() { # WHAT COMMAND ...: the command must succeed
    what=$1
    shift
    if "$@"; then passed; else failed "$what"; fi
}
equal() { # WHAT GOT WANT
    if [ "$2" = "$3" ]; then passed; else failed "$1: it is '$2', not '$3'"; fi
}
near() { # GOT WANT TOLERANCE
    awk -v got="$1" -v want="$2" -v tolerance="$3" 'BEGIN { d = got - want; exit !(got != "" && d <= tolerance && -d <= tolerance) }'
}
member() { # NAME: of the JSON lines on standard input
    sed -n 's/.*"'"$1"'":\([^,}]*\).*/\1/p'
}
errors=../scratch/errors

# ---- Help and version ----

equal "--version" "$("$taper" --version)" "taper $(sed -n 's/^#define TP_VERSION "\(.*\)"/\1/p' "$source/include/taper/base.h")"
for name in train eval predict inspect; do
    "$taper" $name --help >../scratch/help 2>$errors
    equal "taper $name --help: status" $? 0
    check "taper $name --help: text" grep -q "^usage: taper $name " ../scratch/help
    check "taper $name --help: no errors" test ! -s $errors
    "$taper" help $name | cmp -s - ../scratch/help && passed || failed "taper help $name is not taper $name --help"
done

# ---- Training, its log, and that nothing of it depends on threads ----

"$taper" train --train train.tsv --dev dev.tsv --epochs 6 --eval-every 40 --l2 0.001 --log run.jsonl >../scratch/out 2>$errors
equal "train: status" $? 0
check "train: the model is there" test -s model.safetensors
equal "train: files" "$(ls -A | tr '\n' ' ')" "dev.tsv model.safetensors run.jsonl train.tsv "
equal "train: epochs printed" "$(grep -c '^Epoch [0-9]*$' ../scratch/out)" 6
check "train: seconds and memory on standard error" grep -q '^[0-9.]* s: read .*peak memory [0-9.]* MiB$' $errors
check "train: no escapes where there is no terminal" sh -c "! grep -q '$(printf '\033')' ../scratch/out $errors"

number='-?[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?'
value="(null|true|false|$number|\"([^\"\\]|\\\\[\"\\u])*\")"
plain="\"[a-z_0-9]+\":$value"
object="\\{$plain(,$plain)*\\}"
any="\"[a-z_0-9]+\":($value|$object)"
valid_log() { ! grep -Ev "^\\{$any(,$any)*\\}\$" "$1"; }
check "log: every line is JSON" valid_log run.jsonl
echo '{"event":"end","x":nan}' >../scratch/bad.jsonl
valid_log ../scratch/bad.jsonl >/dev/null && failed "the check of the log takes what is no JSON" || passed
equal "log: first event" "$(head -n 1 run.jsonl | member event)" '"start"'
equal "log: last event" "$(tail -n 1 run.jsonl | member event)" '"end"'
equal "log: epochs" "$(grep -c '"event":"epoch"' run.jsonl)" 6
equal "log: evaluations" "$(grep -c '"event":"eval"' run.jsonl)" 24
equal "log: texts" "$(head -n 1 run.jsonl | member train_texts),$(head -n 1 run.jsonl | member dev_texts)" "$(($(wc -l <train.tsv) - 1)),$(($(wc -l <dev.tsv) - 1))"
best=$(tail -n 1 run.jsonl | member best_dev_accuracy)
equal "log: the best accuracy is the best of the evaluations" "$best" \
    "$(grep '"event":"eval"' run.jsonl | member dev_accuracy | sort -g | tail -n 1)"
check "log: the model learnt something" awk -v best="$best" 'BEGIN { exit !(best > 0.8) }'
memory=$(tail -n 1 run.jsonl | member peak_memory_bytes)
check "train: took $memory bytes" test "$memory" -lt 64000000
printed=$(sed -n 's/^Epoch mean train loss: //p' ../scratch/out | head -n 1)
logged=$(grep '"event":"epoch"' run.jsonl | head -n 1 | member train_loss)
check "the printed loss $printed is the logged $logged" near "$printed" "$logged" 0.00005001

"$taper" train --train train.tsv --dev dev.tsv --epochs 6 --eval-every 40 --l2 0.001 --threads 3 --workers 2 --quiet \
    --out=again.safetensors >../scratch/out 2>$errors
equal "train --quiet: status" $? 0
check "train --quiet: silence" test ! -s ../scratch/out -a ! -s $errors
check "threads and workers change nothing" cmp model.safetensors again.safetensors
"$taper" train --train train.tsv --epochs 6 --seed 1 --quiet --out again.safetensors
cmp -s model.safetensors again.safetensors && failed "the seed changes nothing" || passed
for flags in "--optimizer sgd --momentum 0.9" "--optimizer adamw" "--stem none --no-lowercase --ngrams 2" \
    "--min-df 3 --max-features 500 --metric loss" "--vectorizer tfidf --sublinear-tf --norm l1 --stop-words english" \
    "--analyzer char_wb --ngrams 4 --max-df 0.9 --binary" "--patience 2 --eval-every 20 --epochs 50 --min-delta 0.01"; do
    "$taper" train --train train.tsv --dev dev.tsv $flags --out again.safetensors >../scratch/out 2>$errors
    equal "train $flags: status" $? 0
done
check "early stopping" grep -q 'Stopping early!' ../scratch/out
mv run.jsonl again.safetensors ../scratch

# ---- Evaluating, predicting, inspecting ----

"$taper" eval model.safetensors dev.tsv >../scratch/out 2>$errors
equal "eval: status" $? 0
accuracy=$("$taper" eval model.safetensors dev.tsv --json | member accuracy)
equal "eval has the training's accuracy" "$accuracy" "$best"
equal "eval prints the same" "$(sed -n 's/^accuracy *\([0-9.]*\).*/\1/p' ../scratch/out)" "$(printf %.4f "$accuracy")"
"$taper" eval model.safetensors dev.tsv --json | sed 's/,"confusion".*/}/' >../scratch/eval.json
check "eval --json is JSON" valid_log ../scratch/eval.json
"$taper" eval model.safetensors - <dev.tsv >../scratch/piped
equal "eval from standard input" "$(tail -n +2 ../scratch/piped)" "$(tail -n +2 ../scratch/out)"

"$taper" predict model.safetensors dev.tsv --text sentence >../scratch/answers
tail -n +2 dev.tsv | cut -f 1 >../scratch/dev.txt
tail -n +2 dev.tsv | cut -f 2 | paste - ../scratch/answers >../scratch/pairs
right=$(awk '$1 == $2 { n++ } END { printf "%.17g", n / NR }' ../scratch/pairs)
check "predict agrees with eval: $right, $accuracy" near "$right" "$accuracy" 1e-12
check "label and probability agree" awk '{ if ($2 != ($3 > 0.5)) exit 1 }' ../scratch/pairs
"$taper" predict model.safetensors ../scratch/dev.txt | cmp -s - ../scratch/answers && passed || failed "lines are not the column"
"$taper" predict model.safetensors <../scratch/dev.txt | cmp -s - ../scratch/answers && passed || failed "predict <file"
sed 's/$/\r/' ../scratch/dev.txt | "$taper" predict model.safetensors - | cmp -s - ../scratch/answers && passed || failed "CR LF"
equal "an empty line and a last line without its end" "$(printf '\nfine' | "$taper" predict model.safetensors | wc -l)" 2
equal "nothing in, nothing out" "$(printf '' | "$taper" predict model.safetensors; echo $?)" 0
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    tail -n +2 train.tsv | cut -f 1
done >../scratch/large.txt
"$taper" predict model.safetensors ../scratch/large.txt --threads 1 >../scratch/one
"$taper" predict model.safetensors ../scratch/large.txt --threads 4 | cmp -s - ../scratch/one && passed || failed "predict: threads"
cat ../scratch/large.txt | "$taper" predict model.safetensors | cmp -s - ../scratch/one && passed || failed "predict: a pipe"
equal "predict: one answer for each line" "$(wc -l <../scratch/one)" "$(wc -l <../scratch/large.txt)"
equal "predict: a reader that leaves" "$("$taper" predict model.safetensors ../scratch/large.txt 2>&1 | head -n 1 | wc -l)" 1
"$taper" predict model.safetensors dev.tsv 2>$errors >/dev/null
check "predict: a word about tabs" grep -q 'dev.tsv:1: the line has a tab' $errors

# An answer comes before the input ends.
mkfifo ../scratch/pipe
"$taper" predict model.safetensors <../scratch/pipe >../scratch/streamed &
reader=$!
exec 3>../scratch/pipe
head -n 1 ../scratch/dev.txt >&3
for wait in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -s ../scratch/streamed ] && break
    sleep 0.25
done
equal "predict answers at once" "$(cat ../scratch/streamed)" "$(head -n 1 ../scratch/answers)"
exec 3>&-
wait $reader
equal "predict: the end of the stream" $? 0

"$taper" inspect model.safetensors --top 5 >../scratch/out
equal "inspect: status" $? 0
terms=$(head -n 1 ../scratch/run.jsonl | member terms)
check "inspect: shape" grep -q "Wb.weight *float32 \[1, $terms\]" ../scratch/out
equal "inspect: words" "$(grep -c '^ *[0-9]*  *+[0-9.]*  [^ ]*  *-[0-9.]*  [^ ]*$' ../scratch/out)" 5

# ---- Interrupting and resuming ----

# The last model is kept, so that every step counts. Enough epochs for about a second.
epochs=100
while :; do
    began=$(date +%s%N)
    "$taper" train --train train.tsv --epochs $epochs --log ../scratch/whole.jsonl --out ../scratch/whole.safetensors --quiet
    took=$((($(date +%s%N) - began) / 1000000))
    [ $took -gt 800 ] || [ $epochs -gt 100000 ] && break
    epochs=$((epochs * 2))
done
events() { grep -v -e '"event":"start"' -e '"event":"end"' "$1"; }
stops=0
for signal in INT TERM; do
    for part in 2 4 7; do
        delay=$(awk -v took=$took -v part=$part 'BEGIN { printf "%.3f", took * part / 10000 }')
        rm -f part.*
        resume=
        for round in 1 2; do
            timeout -s $signal --preserve-status "$delay" "$taper" train --train train.tsv --epochs $epochs --quiet \
                --log part.jsonl --out part.safetensors $resume 2>$errors
            status=$?
            [ $status -eq 0 ] && break
            stops=$((stops + 1))
            equal "SIG$signal after $delay s: status" $status $([ $signal = INT ] && echo 130 || echo 143)
            check "SIG$signal: says how to go on" grep -qF -- "--out part.safetensors --resume part.checkpoint.safetensors" $errors
            check "SIG$signal: a model that works" "$taper" inspect part.safetensors --top 0 >/dev/null
            equal "SIG$signal: files" "$(ls -A part.* | tr '\n' ' ')" "part.checkpoint.safetensors part.jsonl part.safetensors "
            resume="--resume part.checkpoint.safetensors"
        done
        if [ $status -ne 0 ]; then
            "$taper" train --train train.tsv --epochs $epochs --quiet --log part.jsonl --out part.safetensors $resume \
                --threads 1 2>$errors
            equal "resume: status" $? 0
        fi
        check "SIG$signal after $delay s, resumed: the same model" cmp part.safetensors ../scratch/whole.safetensors
        events part.jsonl >../scratch/part.events
        events ../scratch/whole.jsonl >../scratch/whole.events
        check "SIG$signal after $delay s, resumed: the same log" cmp ../scratch/part.events ../scratch/whole.events
    done
done
check "trainings were interrupted ($stops times)" test $stops -gt 3
"$taper" train --train train.tsv --epochs $epochs --batch-size 8 --out other.safetensors --quiet \
    --resume part.checkpoint.safetensors 2>$errors
equal "resume with another batch size: status" $? 3
check "resume with another batch size: nothing is written" test ! -e other.safetensors
"$taper" train --train train.tsv --checkpoint-every 100 --checkpoint ../scratch/checkpoint --out part.safetensors --quiet
rm -f part.*

# ---- Hashes: streamed ----

hashing="--train train.tsv --dev dev.tsv --vectorizer hashing --features 4096 --optimizer sgd --lr 4 --window 64"
"$taper" train $hashing --epochs 8 --log ../scratch/hashes.jsonl --out hashes.safetensors >../scratch/out 2>$errors
equal "train --vectorizer hashing: status" $? 0
check "hashing: columns" grep -q '^4096 columns$' ../scratch/out
best=$(tail -n 1 ../scratch/hashes.jsonl | member best_dev_accuracy)
check "hashing: the model learnt something" awk -v best="$best" 'BEGIN { exit !(best > 0.75) }'
equal "hashing: eval has the training's accuracy" "$("$taper" eval hashes.safetensors dev.tsv --json | member accuracy)" "$best"
"$taper" inspect hashes.safetensors --top 3 >../scratch/out
equal "hashing: inspect shows columns" "$(grep -c '^ *[0-9]*  *+[0-9.]*  #[0-9]*  *-[0-9.]*  #[0-9]*$' ../scratch/out)" 3
"$taper" train $hashing --epochs 8 --threads 3 --out again.safetensors --quiet
check "hashing: threads change nothing" cmp hashes.safetensors again.safetensors
"$taper" train $hashing --epochs 8 --seed 1 --out again.safetensors --quiet
cmp -s hashes.safetensors again.safetensors && failed "hashing: the seed changes nothing" || passed
# A checkpoint in the middle of an epoch, from which another run goes on to the same model.
hashing="--train train.tsv --vectorizer hashing --features 4096 --optimizer sgd --lr 4 --window 64"
"$taper" train $hashing --epochs 3 --out hashes.safetensors --quiet
steps=$((($(wc -l <train.tsv) + 14) / 16))
"$taper" train $hashing --epochs 3 --out again.safetensors --quiet --checkpoint-every $((steps + steps / 2)) --checkpoint c
"$taper" train $hashing --epochs 3 --out again.safetensors --quiet --resume c
equal "hashing: resume: status" $? 0
check "hashing: resumed: the same model" cmp hashes.safetensors again.safetensors
rm -f hashes.safetensors again.safetensors c *.checkpoint.safetensors

# ---- Classes by name, and the other models ----

# Five topics with words of their own among common ones: COUNT rows from SEED, by a generator of its own.
topics() {
    awk -v state="$2" -v count="$1" '
        function random(n) { state = (state * 16807) % 2147483647; return int(state / 1024) % n }
        BEGIN {
            split("sport music food travel space", names, " ")
            words[1] = "match goal team score league coach stadium player"
            words[2] = "guitar melody concert drum chorus singer album rhythm"
            words[3] = "recipe oven flavour butter spice dinner sauce bread"
            words[4] = "airport hotel journey train luggage passport beach map"
            words[5] = "planet rocket orbit star galaxy comet telescope moon"
            words[0] = "the was very we saw again today this"
            print "sentence\tlabel"
            for (i = 0; i < count; i++) {
                topic = 1 + random(5)
                line = ""
                for (k = 0; k < 7; k++) {
                    dice = random(20)
                    split(words[dice < 9 ? topic : dice < 11 ? 1 + random(5) : 0], list, " ")
                    line = line (k ? " " : "") list[1 + random(8)]
                }
                print line "\t" names[topic]
            }
        }'
}
topics 800 1 >topics.tsv
topics 200 2 >../scratch/topics-dev.tsv
fasttext() { awk -F'\t' 'NR > 1 { print "__label__" $2, $1 }' "$1"; }
fasttext topics.tsv >../scratch/topics.txt
fasttext ../scratch/topics-dev.tsv >../scratch/topics-dev.txt
for model in logreg mlp "mlp --hidden 16,8 --activation gelu --dropout 0.1" "embedding-bag" \
    "embedding-bag --mode mean --width 8 --hidden 8 --activation tanh" "logreg --vectorizer tfidf --class-weights balanced" \
    "logreg --vectorizer hashing --features 512" "mlp --vectorizer hashing --features 512"; do
    "$taper" train --train topics.tsv --dev ../scratch/topics-dev.tsv --model $model --epochs 12 --lr 0.01 --log ../scratch/topics.jsonl \
        --out topics.safetensors >../scratch/out 2>$errors
    equal "topics, $model: status" $? 0
    check "topics, $model: classes" grep -q '^5 classes: food ([0-9]*), music ([0-9]*), space' ../scratch/out
    check "topics, $model: log" valid_log ../scratch/topics.jsonl
    best=$(tail -n 1 ../scratch/topics.jsonl | member best_dev_accuracy)
    check "topics, $model: learnt something ($best)" awk -v best="$best" 'BEGIN { exit !(best > 0.9) }'
    "$taper" eval topics.safetensors ../scratch/topics-dev.tsv --json >../scratch/eval.json
    equal "topics, $model: eval has the training's accuracy" "$(sed 's/,"classes".*/}/' ../scratch/eval.json | member accuracy)" "$best"
    check "topics, $model: the area under the curve" awk -v area="$(member roc_auc <../scratch/eval.json)" 'BEGIN { exit !(area > 0.97 && area <= 1) }'
    "$taper" eval topics.safetensors ../scratch/topics-dev.tsv >../scratch/out
    check "topics, $model: report" grep -q '^   macro avg ' ../scratch/out
    equal "topics, $model: confusion" "$(sed -n '/^actual/,$p' ../scratch/out | awk 'NR > 1 { for (i = 2; i <= NF; i++) n += $i } END { print n, NR }')" "200 6"
    "$taper" predict topics.safetensors ../scratch/topics-dev.tsv --text sentence >../scratch/answers
    tail -n +2 ../scratch/topics-dev.tsv | cut -f 2 | paste - ../scratch/answers >../scratch/pairs
    check "topics, $model: predict agrees with eval" near "$(awk '$1 == $2 { n++ } END { printf "%.17g", n / NR }' ../scratch/pairs)" "$best" 1e-12
    "$taper" predict topics.safetensors ../scratch/topics-dev.tsv --text sentence --top 9 >../scratch/top
    check "topics, $model: --top sums to 1, in order" awk -F'\t' '{
        sum = 0
        for (i = 2; i <= NF; i += 2) { sum += $i; if (i > 2 && $i > $(i - 2)) exit 1 }
        if (NF != 10 || sum < 0.999 || sum > 1.001) exit 1 }' ../scratch/top
    cut -f 1,2 ../scratch/top | cmp -s - ../scratch/answers && passed || failed "topics, $model: --top begins with the answer"
    "$taper" inspect topics.safetensors --top 2 >../scratch/out
    equal "topics, $model: inspect" "$? $(sed -n 's/^labels *//p' ../scratch/out)" "0 food, music, space, sport, travel"
    "$taper" train --train topics.tsv --dev ../scratch/topics-dev.tsv --model $model --epochs 12 --lr 0.01 --threads 3 --quiet --out again.safetensors
    check "topics, $model: threads change nothing" cmp topics.safetensors again.safetensors
done
awk 'BEGIN { print "sentence\tlabel"; for (i = 0; i < 1100; i++) printf "a%d b%d\tc%04d\n", i % 40, i / 40, i }' >../scratch/many.tsv
"$taper" train --train ../scratch/many.tsv --model embedding-bag --width 8 --epochs 60 --lr 0.05 --out many.safetensors --quiet
"$taper" eval many.safetensors ../scratch/many.tsv --json >../scratch/eval.json
equal "1,100 classes: eval --json has no matrix" "$? $(grep -c '"confusion":' ../scratch/eval.json)" "0 0"
equal "1,100 classes: eval --json: every text is in a cell, by its label" "$(sed 's/.*"confusion_cells":\[\[//; s/\]\]}//; s/\],\[/\n/g' ../scratch/eval.json |
    awk -F, '$1 < last || $2 > 1099 { exit } { n += $3; last = $1 } END { print n, last }')" "1100 1099"
tail -n +2 ../scratch/many.tsv | cut -f 2 >../scratch/labels
check "1,100 classes: learnt something" awk -v best="$(sed 's/.*"count":1100,"accuracy":\([^,]*\),.*/\1/' ../scratch/eval.json)" 'BEGIN { exit !(best > 0.5) }'
equal "1,100 classes: predict agrees with eval" "$("$taper" predict many.safetensors ../scratch/many.tsv --text sentence | cut -f 1 |
    paste - ../scratch/labels | awk -F '\t' '$1 == $2 { n++ } END { printf "%d\n", n }')" \
    "$(sed 's/.*"count":1100,"accuracy":\([^,]*\),.*/\1/' ../scratch/eval.json | awk '{ printf "%d\n", $1 * 1100 + 0.5 }')"
rm many.safetensors
"$taper" predict topics.safetensors ../scratch/topics-dev.tsv --text sentence --json | head -n 1 >../scratch/out
check "predict --json" valid_log ../scratch/out
"$taper" train --train topics.tsv --dev ../scratch/topics-dev.tsv --out topics.safetensors --quiet
"$taper" inspect topics.safetensors --top 3 >../scratch/out
equal "topics: lists of words" "$(grep -c '^ *[123]  *+[0-9.]*  [a-z]*$' ../scratch/out)" 15
"$taper" train --train ../scratch/topics.txt --dev ../scratch/topics-dev.txt --format fasttext --out again.safetensors --quiet
check "fastText's lines: the same model" cmp topics.safetensors again.safetensors
sed 's/\t/,/' topics.tsv >../scratch/topics.csv
sed 's/\t/,/' ../scratch/topics-dev.tsv >../scratch/topics-dev.csv
"$taper" train --train ../scratch/topics.csv --dev ../scratch/topics-dev.csv --format csv --out again.safetensors --quiet
check "commas: the same model" cmp topics.safetensors again.safetensors
equal "eval --format: the same" "$("$taper" eval topics.safetensors ../scratch/topics-dev.csv --format csv | tail -n +2)" \
    "$("$taper" eval topics.safetensors ../scratch/topics-dev.txt --format fasttext | tail -n +2)"
awk 'NR == 1 { print; next } { sub(/sport$/, "10"); sub(/music$/, "9"); sub(/food$/, "-1"); sub(/travel$/, "2"); sub(/space$/, "0") } 1' topics.tsv >../scratch/numbers.tsv
"$taper" train --train ../scratch/numbers.tsv --out again.safetensors --quiet
equal "classes by number" "$("$taper" inspect again.safetensors --top 0 | sed -n 's/^labels *//p')" "-1, 0, 2, 9, 10"
for flags in "--optimizer sgd --momentum 0.9 --clip-norm 1" "--optimizer adagrad --schedule cosine" \
    "--optimizer rmsprop --momentum 0.5 --schedule linear --final-lr 0.1" "--schedule one-cycle --warmup 0.2 --ema 0.9" \
    "--schedule plateau --gamma 0.5 --plateau-patience 0 --metric loss" "--schedule step --step-epochs 1 --gamma 0.3"; do
    "$taper" train --train train.tsv --dev dev.tsv --lr 0.05 $flags --out again.safetensors >../scratch/out 2>$errors
    equal "train $flags: status" $? 0
    accuracy=$("$taper" eval again.safetensors dev.tsv --json | member accuracy)
    check "train $flags: learnt something ($accuracy)" awk -v a="$accuracy" 'BEGIN { exit !(a > 0.7) }'
done

# Checkpoints in the middle of an epoch have dropout's generator, schedules and averages.
for flags in "mlp --schedule one-cycle --ema 0.95 --clip-norm 0.5" "embedding-bag --schedule cosine --optimizer adagrad --lr 0.1" \
    "logreg --schedule plateau --plateau-patience 0 --ema 0.9 --eval-every 7" "mlp --vectorizer hashing --features 512 --ema 0.9"; do
    common="--train topics.tsv --dev ../scratch/topics-dev.tsv --batch-size 16 --epochs 4 --quiet --model $flags"
    "$taper" train $common --out whole.safetensors
    equal "whole, $flags: status" $? 0
    "$taper" train $common --out again.safetensors --checkpoint-every 73 --checkpoint c
    check "checkpoints change nothing, $flags" cmp whole.safetensors again.safetensors
    "$taper" train $common --out again.safetensors --resume c 2>$errors
    equal "resume, $flags: status" $? 0
    check "resumed, $flags: the same model" cmp whole.safetensors again.safetensors
    rm -f c
done
rm -f whole.safetensors again.safetensors c *.checkpoint.safetensors

# ---- What a file says does not control the terminal ----

esc=$(printf '\033')
unshown() { ! LC_ALL=C grep -q "$esc\|$(printf '\302\233')\|$(printf '\342\200\256')" "$@"; }
{
    printf 'sentence\tlabel\n'
    for i in 1 2 3 4 5 6 7 8; do
        printf 'good \033[31mfilm\302\233m\t\033]0;good\007\nbad \342\200\256book\t"b\ta\nd"\nodd thing\tc\302\233d\n'
    done
} >../scratch/escapes.tsv
"$taper" train --train ../scratch/escapes.tsv --dev ../scratch/escapes.tsv --analyzer char --epochs 2 --out ../scratch/escapes.safetensors >../scratch/out 2>$errors
equal "escapes: train: status" $? 0
check "escapes: train" unshown ../scratch/out $errors
check "escapes: train shows them" grep -qF '3 classes: \x1B]0;good\x07 (8), b\x09a\x0Ad (8), c\xC2\x9Bd (8)' ../scratch/out
"$taper" inspect ../scratch/escapes.safetensors --top 1000 >../scratch/out 2>$errors
equal "escapes: inspect: status" $? 0
check "escapes: inspect" unshown ../scratch/out
check "escapes: inspect shows them" grep -qF '  \x1B' ../scratch/out
"$taper" eval ../scratch/escapes.safetensors ../scratch/escapes.tsv >../scratch/out
equal "escapes: eval: status" $? 0
check "escapes: eval" unshown ../scratch/out
"$taper" predict ../scratch/escapes.safetensors ../scratch/escapes.tsv --text sentence --top 3 >../scratch/out
equal "escapes: predict: fields" "$(awk -F'\t' 'NF != 6 { bad++ } END { print NR, bad + 0 }' ../scratch/out)" "24 0"
check "escapes: predict" unshown ../scratch/out
"$taper" predict ../scratch/escapes.safetensors ../scratch/escapes.tsv --text sentence --json >../scratch/out
equal "escapes: predict --json: lines" "$(wc -l <../scratch/out)" 24
check "escapes: predict --json" grep -qF '"label":"\u001b]0;good\u0007"' ../scratch/out
! LC_ALL=C grep -q "$esc" ../scratch/out && passed || failed "escapes: predict --json"
"$taper" eval ../scratch/escapes.safetensors "$esc[2Jno.tsv" 2>$errors
equal "escapes: a file's name" "$? $(grep -cF "cannot open '\x1B[2Jno.tsv'" $errors)" "3 1"
check "escapes: a file's name" unshown $errors
"$taper" train --train train.tsv --text "$esc[2J" 2>$errors
check "escapes: a column" unshown $errors
"$taper" "$esc[2J" 2>$errors
check "escapes: a command" unshown $errors

# ---- Streams that are closed ----

# What is printed must not get into a file that is opened in the place of standard output.
"$taper" train --train train.tsv --epochs 1 --out ../scratch/closed.safetensors --log ../scratch/closed.jsonl >&- 2>$errors
equal "train with standard output closed" "$? $(grep -c 'standard output: ' $errors)" "1 1"
check "train with standard output closed: the log" valid_log ../scratch/closed.jsonl
check "train with standard output closed: the model" "$taper" inspect ../scratch/closed.safetensors --top 0 >/dev/null
"$taper" train --train train.tsv --epochs 1 --out ../scratch/closed.safetensors --log ../scratch/closed.jsonl --epochs=1 <&- >&- 2>&-
equal "a wrong command line with all streams closed" $? 2
"$taper" train --train train.tsv --epochs 1 --quiet --out ../scratch/closed.safetensors --log ../scratch/closed.jsonl <&- >&- 2>&-
check "all streams closed: the log" valid_log ../scratch/closed.jsonl
check "all streams closed: the model" "$taper" inspect ../scratch/closed.safetensors --top 0 >/dev/null
"$taper" predict model.safetensors <&- >../scratch/out 2>$errors
equal "predict with standard input closed" "$? $(grep -c 'standard input: ' $errors)" "3 1"

# ---- Models with a bit changed ----

size=$(wc -c <model.safetensors)
for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29; do
    at=$((i < 20 ? i * 37 : i * (size - 1) / 29))
    old=$(od -An -tu1 -j $at -N 1 model.safetensors | tr -d ' ')
    cp model.safetensors ../scratch/flipped
    new=$((old ^ (1 << i % 8)))
    printf "\\$(printf %o $new)" | dd of=../scratch/flipped bs=1 seek=$at conv=notrunc 2>/dev/null
    "$taper" predict ../scratch/flipped ../scratch/dev.txt >../scratch/out 2>$errors
    status=$?
    equal "bit $((i % 8)) of byte $at: status" $status 3
    check "bit $((i % 8)) of byte $at: a sentence" grep -q '^taper predict: .*flipped' $errors
done

# ---- docs/bad-inputs.md ----

: >empty.tsv
mkdir folder
printf 'sentence\tlabel\n' >header.tsv
printf 'sentence\nfine\n' >one-column.tsv
printf 'sentence\tlabel\nfine\t1\nodd\n' >ragged.tsv
printf 'sentence\tlabel\nfine\t1\nodd\t2\n' >bad-label.tsv
printf 'sentence\tlabel\nfine\tfood\nodd\tart\n' >no-topic.tsv
printf '__label__food fine\n\nodd __label__art\n' >no-topic.txt
printf '__label__food fine\nodd\n' >no-label.txt
printf 'sentence\tlabel\nfine\tfood\nodd\tfood\n' >one-topic.tsv
printf 'sentence\tlabel\nfine\t1\nodd\t\n' >blank-label.tsv
printf 'sentence\tlabel\nfine\t1\nb\377d\t0\n' >broken.tsv
printf 'fine\nodd\nb\377d\n' >broken.txt
printf 'sentence\tlabel\nfine\t1\n"odd\t0\n' >quote.tsv
printf 'sentence\tlabel\nfine\t1\no\000d\t0\n' >nul.tsv
printf 'sentence\tlabel\na b\t1\nc\t0\n' >stops.tsv
long() { head -c 100000000 /dev/zero | tr '\0' 'a'; }
{ printf 'sentence\tlabel\n'; long; printf '\t1\n'; } >long.tsv
{ printf 'fine\n'; long; printf '\n'; } >long.txt
head -c 5000 model.safetensors >cut.safetensors
head -c 5 model.safetensors >tiny.safetensors
header='{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
{ printf "\\$(printf %o ${#header})"'\0\0\0\0\0\0\0%sabcd' "$header"; } >foreign.safetensors
{ head -c 11 model.safetensors; printf '!'; tail -c +13 model.safetensors; } >flipped.safetensors
# Weights come first behind the header, whose length stands in the first eight bytes.
at=$(($(od -An -tu4 -N 4 model.safetensors | tr -d ' ') + 8 + 400))
byte=$(($(od -An -tu1 -j $at -N 1 model.safetensors | tr -d ' ') ^ 1))
{ head -c $at model.safetensors; printf "\\$(printf %o $byte)"; tail -c +$((at + 2)) model.safetensors; } >weight.safetensors

PATH=$(dirname "$taper"):$PATH
inventory() { find . | sort; cksum model.safetensors train.tsv dev.tsv; }
inventory >../scratch/before
rows=0
sed -n 's/^| `\(.*\)` | \([0-9]\) | \(.*\) |$/\2 \1 | \3/p' "$source/docs/bad-inputs.md" >../scratch/rows
while read -r row; do
    status=${row%% *}
    row=${row#* }
    command=${row%% | *}
    sentence=${row#* | }
    # A limit on memory: none of these needs more. One on files, in those rows that set one, ends with its shell.
    (ulimit -v 600000 2>/dev/null; eval "$command") </dev/null >../scratch/out 2>$errors
    equal "$command: status" $? "$status"
    rows=$((rows + 1))
    grep -qF -- "$sentence" $errors && passed || failed "$command: says '$(head -n 1 $errors)', not '$sentence'"
    inventory >../scratch/after
    cmp -s ../scratch/before ../scratch/after && passed || {
        failed "$command: leaves or changes files"
        diff ../scratch/before ../scratch/after
        find . -newer ../scratch/before -type f -exec rm {} +
        inventory >../scratch/before
    }
done <../scratch/rows
check "docs/bad-inputs.md has $rows rows" test $rows -eq "$(grep -c '^| `' "$source/docs/bad-inputs.md")" -a $rows -gt 110

echo "$checks checks, $failures failed"
[ $failures -eq 0 ]
