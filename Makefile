# `make` alone says what there is to make. .ci/run calls the same targets.

SWIFT ?= swift
FLAGS ?=
PROGRAMS := broker camera worker archive bench

# Code in packages of its own, without the links to Sources.
BESIDE := Fuzz/Package.swift Fuzz/Sources/FuzzCodec Fuzz/Sources/FuzzRouter \
	Benchmarks/Package.swift Benchmarks/Sources/RoutingBenchmark Benchmarks/Sources/ArchiveBenchmark

.PHONY: help packages build run test simulate fuzz bench bench-full bench-check bench-build bench-routing bench-archive \
	format lint clean

help:
	@echo 'make run      install what is missing, build, and run the whole system on two demo videos'
	@echo 'make build    build the programs into .build/release (FLAGS= goes to swift build)'
	@echo 'make test     install what is missing and run all tests (FLAGS= goes to swift test)'
	@echo 'make simulate RUNS=20000   run so many seeded worlds of faults against the router'
	@echo 'make simulate SEED=17      run one of them, and say what happened'
	@echo 'make fuzz SECONDS=60       give arbitrary bytes to the codec and to the router'
	@echo 'make fuzz INPUT=FILE       one of them again, and what happens'
	@echo 'make fuzz MERGE=1          keep what reaches new code in the corpus'
	@echo 'make bench                 beside JetStream, Redis, bare libzmq and the ceiling, 50,000 bytes a frame'
	@echo 'make bench-full            the same, and 1 KB, 1 MB and 6 MB beside libzmq and the ceiling'
	@echo 'make bench-check           the ratios beside Benchmarks/thresholds.json (FLAGS=--turns 9)'
	@echo 'make bench-routing         events a second of the broker'"'"'s decisions on one core (FLAGS=--check)'
	@echo 'make bench-archive         the log beside plain C: durable writing, reading (FLAGS=--check)'
	@echo 'make format   format all Swift code in place'
	@echo 'make lint     check the format of all Swift code, and the syntax of the scripts'
	@echo 'make clean    remove what was built; the data stays'
	@echo
	@echo 'Settings of make run, for example: make run CAMERA=/dev/video0 STREAM=door'
	@echo '  DATA=DIR       where the archive and the logs live (./data)'
	@echo '  CAMERA=SOURCE  a device, file, folder of images, http or rtsp address, or'
	@echo '                 "synthetic", in place of the two demo videos'
	@echo '  STREAM=NAME    the name of the stream from CAMERA (camera)'
	@echo '  WORKERS=N      workers for each of the groups people and faces (2)'
	@echo '  PORT=N         the first of three ports on this machine (5550)'
	@echo '  BIN=DIR        run the programs in DIR instead of building them'

packages:
	@deploy/install-packages.sh

build: packages
	@for program in $(PROGRAMS); do $(SWIFT) build -c release --product $$program $(FLAGS) || exit 1; done

run: export DATA := $(DATA)
run: export CAMERA := $(CAMERA)
run: export STREAM := $(STREAM)
run: export WORKERS := $(WORKERS)
run: export PORT := $(PORT)
run: export BIN := $(BIN)
run: packages
	@deploy/demo.sh

test: packages
	@deploy/demo-videos.sh >/dev/null
	$(SWIFT) test $(FLAGS)

simulate: packages
	$(SWIFT) build -c release --product Simulate
	@.build/release/Simulate $(if $(SEED),--seed $(SEED),--runs $(or $(RUNS),1000))

fuzz: packages
	@SWIFT="$(SWIFT)" SECONDS_IN_ALL="$(or $(SECONDS),60)" INPUT="$(INPUT)" MERGE="$(MERGE)" Fuzz/run.sh

bench: bench-build
	@Benchmarks/compare.py --sizes 50000 $(FLAGS)

bench-full: bench-build
	@Benchmarks/compare.py --sizes 1000,50000,1000000,6000000 $(FLAGS)

bench-check: bench-build
	@Benchmarks/compare.py --check $(FLAGS)

bench-build: packages
	@Benchmarks/Peers/install.sh
	@$(MAKE) --no-print-directory -C Benchmarks/Peers
	@for program in $(sort $(PROGRAMS) bench); do $(SWIFT) build -c release --product $$program || exit 1; done

bench-routing: packages
	@$(SWIFT) build -c release --package-path Benchmarks --product RoutingBenchmark
	@Benchmarks/.build/release/RoutingBenchmark $(FLAGS)

bench-archive: packages
	@$(SWIFT) build -c release --package-path Benchmarks --product ArchiveBenchmark
	@Benchmarks/.build/release/ArchiveBenchmark $(FLAGS)

format:
	$(SWIFT) format --in-place --recursive Sources Tests Package.swift $(BESIDE)

lint:
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift $(BESIDE)
	@for script in deploy/*.sh Fuzz/*.sh Benchmarks/*.sh Benchmarks/Peers/*.sh .ci/run; do bash -n "$$script" || exit 1; done

clean:
	rm -rf .build Fuzz/.build Benchmarks/.build
