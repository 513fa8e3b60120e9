# Builds and servers keep what they make under the user's cache directory, so a second clone starts warm.
# Cargo keys everything in its target directory by content; a directory for each compiler keeps it tidy.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/albedo
export CARGO_TARGET_DIR := $(CACHE)/cargo-$(shell rustc --version 2>/dev/null | cut -d' ' -f2)

# What an AWS in no hurry changes nothing about: those that hold one call against one answer, as a contract has to, and
# those that leave AWS aside. The others mostly wait for AWS, so six of them run on two cores.
SAME_AT_ANY_PACE := contract:: sdk:: cluster:: router::

.PHONY: demo test test-pace test-acme test-page lint image bench rollouts bench-scale simulate mutants clean prerequisites

demo: prerequisites ## three apps, their load balancer, and what each change takes
	tests/demo/run

test: prerequisites ## every test: hermetic, LocalStack's conformance, the two servers' scripts, live
	cargo test && localstack/test && tests/control-plane/test && cargo test --test live

test-pace: prerequisites ## the live tests once more, with an AWS as slow as AWS, twenty times faster than the clock
	ALBEDO_PACE=aws ALBEDO_CLOCK_SPEED=20 cargo test --test live -- $(SAME_AT_ANY_PACE:%=--skip=%) --test-threads=6

test-acme: prerequisites ## cert-manager and an ACME authority, built from their modules, with both servers; not part of test
	tests/acme/build && cargo test --test live -- --ignored acme::

test-page: prerequisites ## the topology page in headless Chromium, which it installs (as root, on Debian); not part of test
	tests/page/chromium && cargo test --test live -- --ignored page::

lint: prerequisites ## formatting, lints, licences
	cargo fmt --check && cargo clippy --all-targets -- -D warnings && cargo clippy --test live --benches -- -D warnings && tests/deny

image: prerequisites ## the image as deploy/Dockerfile describes it, without a daemon, and the program run in it (as root)
	deploy/image/build $(CARGO_TARGET_DIR)/image && tests/image $(CARGO_TARGET_DIR)/image

bench: prerequisites ## the figures, beside what they may be: the controller's, LocalStack's, its data plane's
	cargo bench --bench runtime --bench figures && localstack/bench && localstack/dataplane/bench

rollouts: prerequisites ## what becomes of 500 requests a second while apps are rolled over, on both servers, about 10 minutes
	cargo bench --bench rollouts

bench-scale: prerequisites ## the figures of 10,000 Ingresses on both servers, about 10 minutes
	cargo bench --bench scale

simulate: ## more lives of a cluster (SEEDS=n FROM=m), or one of them (SEED=m); in odd ones tenants attack, operators err
	SEED=$(SEED) SEEDS=$(SEEDS) FROM=$(FROM) cargo test --test it simulation::every_seed -- --nocapture

mutants: ## bugs put back one by one: the simulation has to find each
	tests/it/simulation/mutants/run

clean: ## stops nothing; removes what builds left in the cache
	rm -rf $(CACHE)

prerequisites:
	@tests/prerequisites
