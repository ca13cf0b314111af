# make            builds the library and the command (Release, in build/)
# make demo       sets the machine up, builds, trains a small model, tries it
# make test       builds and runs every test; the last line counts them
# make check      what a contributor runs: format, gcc and clang with warnings as errors, every test with each
# make sanitize   the tests under AddressSanitizer and UndefinedBehaviorSanitizer, leaks included
# make fuzz       gives each reader of files SECONDS (20) of libFuzzer's inputs, under sanitizers; needs clang
# make valgrind   the fast tests under valgrind
# make avx512     the tests of the kernels on an emulated processor with AVX-512; TESTS="NAME ..." chooses others
# make bench      the benchmarks, one table; PAGE=docs/performance.md puts it into the page too
# make operations  times some two hundred operations beside PyTorch's; PAGE as for bench
# make instructions  counts the instructions of a few benchmarks, and compares them with bench/instructions.txt
# make sabotage   spoils every gradient of every record in turn, and shows which check notices
# make coverage   writes docs/coverage.md: what the tests compare of every operation and module
# make install    PREFIX=/usr/local, DESTDIR honoured
# make reference  writes docs/reference/ from the public headers
# make golden     writes the tests' expected values again, in a copy, and compares; TAPER_PYTHON as for bench
# make format     formats the sources in place
# make clean      removes what the targets above have built
#
# Settings: BUILD (folder), TYPE (of build), PREFIX, JOBS, CC, CFLAGS, SANITIZERS, and SECONDS.

BUILD ?= build
TYPE ?= Release
PREFIX ?= /usr/local
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
SANITIZERS ?= address,undefined
SECONDS ?= 20

configure = cmake -S . -DCMAKE_BUILD_TYPE=$(TYPE) -Wno-dev
compile = cmake --build
export JOBS
MAKEFLAGS += --no-print-directory

.PHONY: build demo test check format-check sanitize valgrind fuzz bench operations instructions sabotage coverage install
.PHONY: reference golden format clean
.NOTPARALLEL:

build:
	@command -v cmake >/dev/null || { echo "cmake is missing; sh scripts/setup.sh installs it" >&2; exit 1; }
	@$(configure) -B $(BUILD)
	@$(compile) $(BUILD) -j $(JOBS)

demo:
	@sh scripts/demo.sh $(BUILD)

test:
	@sh scripts/setup.sh test
	@$(MAKE) build
	@sh scripts/test.sh $(BUILD)

check: format-check
	@$(configure) -B build-gcc -DCMAKE_C_COMPILER=gcc -DTAPER_WERROR=ON -DTAPER_BENCH=ON
	@$(compile) build-gcc -j $(JOBS)
	@$(configure) -B build-clang -DCMAKE_C_COMPILER=clang -DTAPER_WERROR=ON -DTAPER_BENCH=ON
	@$(compile) build-clang -j $(JOBS)
	@sh scripts/test.sh build-gcc
	@sh scripts/test.sh build-clang

format-check:
	@sh scripts/setup.sh check
	@sh scripts/format.sh --check || [ $$? -eq 77 ]

sanitize: TYPE = RelWithDebInfo
sanitize:
	@sh scripts/setup.sh
	@$(configure) -B build-asan -DTAPER_SANITIZE=$(SANITIZERS)
	@$(compile) build-asan -j $(JOBS)
	@sh scripts/test.sh build-asan

valgrind: TYPE = RelWithDebInfo
valgrind:
	@sh scripts/setup.sh check
	@$(configure) -B build-valgrind
	@$(compile) build-valgrind -j $(JOBS)
	@sh scripts/valgrind.sh build-valgrind

fuzz: TYPE = RelWithDebInfo
fuzz:
	@sh scripts/setup.sh check
	@$(configure) -B build-fuzz -DCMAKE_C_COMPILER=clang -DTAPER_FUZZ=ON -DTAPER_EXAMPLES=OFF \
		-DTAPER_SANITIZE=fuzzer-no-link,$(SANITIZERS)
	@$(compile) build-fuzz -j $(JOBS) --target fuzz libfuzzer
	@sh scripts/fuzz.sh build-fuzz $(SECONDS)

avx512:
	@sh scripts/setup.sh avx512
	@$(MAKE) build
	@sh scripts/avx512.sh $(BUILD) $(TESTS)

bench:
	@sh scripts/setup.sh
	@$(configure) -B $(BUILD) -DTAPER_BENCH=ON
	@$(compile) $(BUILD) -j $(JOBS)
	@sh scripts/bench.sh $(BUILD) $(if $(PAGE),--page $(PAGE))

operations:
	@$(configure) -B $(BUILD) -DTAPER_BENCH=ON
	@$(compile) $(BUILD) -j $(JOBS)
	@$${TAPER_PYTHON:-python3} bench/operations.py $(BUILD) $(if $(PAGE),--page $(PAGE))

instructions:
	@$(configure) -B $(BUILD) -DTAPER_BENCH=ON
	@$(compile) $(BUILD) -j $(JOBS)
	@sh scripts/instructions.sh $(BUILD)

sabotage: build
	@sh scripts/sabotage.sh $(BUILD)

coverage: build
	@sh scripts/coverage.sh $(BUILD)

install: build
	@sh scripts/install.sh $(BUILD) $(PREFIX)

reference:
	@sh scripts/reference.sh

golden:
	@sh scripts/golden.sh

format:
	@sh scripts/format.sh

clean:
	rm -rf $(BUILD) build-gcc build-clang build-asan build-fuzz build-valgrind demo-model.safetensors
