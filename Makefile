# The two commands of the README are `make demo` and `make test`; the rest are their parts.
# Set-up and tools: tests/setup. What CI runs: .ci/run, which is `make test`.

.DEFAULT_GOAL := help
.PHONY: help demo packages test setup setup-build lint fmt clippy docs shell deny advisories unit labs fuzz-check bench bench-adequacy bench-fleet bench-agent

CARGO := cargo
SCRIPTS := .ci/run tests/labs tests/demo tests/setup tests/summary fuzz/run \
	$(wildcard packaging/*.sh) packaging/deb/build $(wildcard packaging/deb/debian/*rm) $(addprefix tests/lab/metal/,build init start program run populate survey) tests/lab/nodes/build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: setup-build ## set up, build, show this machine, and let it join a controller on loopback
	$(CARGO) build --release --locked -p muster-agent -p muster-controller
	target/release/muster discover
	tests/demo target/release

test: setup ## set up and run every check and test
	@tests/summary lint unit fuzz-check labs

setup: ## install what is missing to build and test
	@tests/setup build test

setup-build: ## install what is missing to build
	@tests/setup build

lint: fmt clippy docs shell deny ## what needs no run of the program

fmt:
	$(CARGO) fmt --all -- --check

clippy:
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --quiet

shell:
	shellcheck $(SCRIPTS)

# Licences, bans, duplicates, sources: all that can be judged without the network.
deny:
	target/tools/bin/cargo-deny --locked check --hide-inclusion-graph bans licenses sources

advisories: ## known vulnerabilities of the dependencies (fetches the advisory database)
	target/tools/bin/cargo-deny --locked check advisories

unit: ## the tests of the crates
	$(CARGO) test --workspace --exclude muster-tests --locked --no-fail-fast

labs: ## whole-system tests: recorded machines, emulated metal, limits
	@tests/labs

fuzz-check: ## that every fuzz target compiles
	fuzz/run check

packages: setup ## the packages of Debian, in target/packages
	$(CARGO) build --release --locked -p muster-agent -p muster-controller
	packaging/deb/build $(wildcard packaging/deb/debian/*rm) target/packages

bench: setup ## the program beside its peers; BENCH="--write" keeps the result in docs/bench.md
	$(CARGO) build --release --locked -p muster-tests --bins
	target/release/bench $(BENCH)

bench-adequacy: setup-build ## how fast machines are judged; BENCH=--write keeps it in docs/bench-adequacy.md
	$(CARGO) build --release --locked -p muster-tests --bin bench-adequacy
	target/release/bench-adequacy $(BENCH)

bench-fleet: setup-build ## a fleet of nodes on loopback; BENCH="--nodes 20000 --write" keeps it in docs/bench-fleet.md
	$(CARGO) build --release --locked -p muster-tests --bin muster-bench -p muster-controller --bin muster-controller
	target/release/muster-bench fleet $(BENCH)

bench-agent: setup-build ## the idle agent beside prometheus-node-exporter; BENCH=--write keeps it in docs/bench-agent.md
	$(CARGO) build --release --locked -p muster-tests --bin muster-bench -p muster-controller -p muster-agent
	target/release/muster-bench agent $(BENCH)
