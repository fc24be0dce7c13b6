# make forecast: forecasts of the data that comes with foretell, in ./forecast
# make test: linter, type checker, tests
# make test-browser: the tests of the page in Chromium, with playwright
# make test-kernels: the tests of layers and kernels alone, for FORETELL_ISA=avx2, say, or FORETELL_KERNELS=reference
# make test-export: forecasters as programs of ONNX and of torch, run by their runtimes
# make sanitize: random cases of the compiled functions under the address, undefined-behaviour and thread sanitizers
# make format: Python and C++ as the house formats them (clang-format, if there is one)
# make coverage: all tests, and which lines of the package they miss
# make docs: the documentation site, in ./site; fails on a dead link
# make pretrain: trains the network that comes with foretell, for MINUTES; goes on where it stopped
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Installed again only when what an install depends on has changed; Python sources are used where they stand.
BUILT_FROM := pyproject.toml CMakeLists.txt $(wildcard src/foretell/kernels/native/*/*)

# Threads that wait for work soon stop spinning: the cores may be shared.
export GOMP_SPINCOUNT := 1000
# The many processes that tests start share what Python has compiled, even where the environment forbids it.
unexport PYTHONDONTWRITEBYTECODE

# Each worker takes a stretch of its own, so that what a module's tests share is made once.
PYTEST := $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal

.PHONY: forecast test types tests test-browser test-export test-kernels coverage sanitize format docs pretrain clean package

forecast: $(VENV)/.installed-report
	$(BIN)/foretell forecast --demo

test: $(VENV)/.installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(MAKE) --jobs=2 types tests

# mypy runs on one core: beside the tests.
types:
	$(BIN)/mypy

tests:
	$(PYTEST)
	@$(BROWSER) || echo "The page was not tested in a browser, since playwright or chromium is missing: make test-browser."

BROWSER := $(BIN)/python -c 'import playwright, shutil, sys; sys.exit(not (shutil.which("chromium") or shutil.which("google-chrome")))' 2>/dev/null

test-browser: $(VENV)/.installed-browser
	$(BROWSER) || { echo "chromium is missing; on Debian: apt install chromium"; exit 1; }
	$(PYTEST) tests/serve/test_page.py

test-kernels: $(VENV)/.installed-test
	$(PYTEST) tests/nn $(if $(filter reference,$(FORETELL_KERNELS)),,tests/kernels)

test-export: $(VENV)/.installed-test
	FORETELL_SLOW_TESTS=1 $(PYTEST) tests/model/test_export.py

NATIVE := src/foretell/kernels/native
NATIVE_SOURCES := $(wildcard $(NATIVE)/*/*.cpp)
# As the narrowest instruction set, which every machine has; FLAGS="-mavx2 -mfma" for another. With those of AVX-512 and
# -mavx512bf16 also matrix tiles, emulated.
sanitize: build/random_cases-address build/random_cases-thread
	build/random_cases-address $(CASES)
	build/random_cases-thread $(CASES)

build/random_cases-address: SANITIZERS := address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined
build/random_cases-thread: SANITIZERS := thread
build/random_cases-%: tests/kernels/random_cases.cpp $(NATIVE_SOURCES) $(wildcard $(NATIVE)/*/*.h)
	mkdir -p build
	$(CXX) -std=c++17 -O1 -g -fno-rtti -fno-math-errno -fno-trapping-math -Wno-psabi $(FLAGS) -fsanitize=$(SANITIZERS) \
	  -I $(NATIVE) $< $(NATIVE_SOURCES) -o $@ -lpthread -ldl

format: $(VENV)/.installed-test
	$(BIN)/ruff format
	! command -v clang-format || clang-format -i $(NATIVE)/*/*.h $(NATIVE_SOURCES) tests/kernels/*.cpp

coverage: $(VENV)/.installed-coverage
	$(PYTEST) --cov --cov-report=term-missing

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

MINUTES ?= 52
pretrain: $(VENV)/.installed-report
	OMP_NUM_THREADS=1 $(BIN)/python -m foretell.forecasting.pretrained.pretraining pretrained --minutes $(MINUTES)
	cp pretrained/weights.safetensors src/foretell/forecasting/pretrained/

# Some systems split ensurepip off their Python; there the system's pip fills the environment.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "foretell needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.13")'
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $@ install pip; }

# Installing what foretell needs takes pip one core: meanwhile the other compiles the kernels.
$(VENV)/.installed-%: $(BUILT_FROM) | $(BIN)/python
	$(MAKE) --jobs=2 needs-$* package
	touch $@

# Python compiles what it imports, a third of what is installed.
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile

needs-%:
	$(BIN)/python .ci/requirements.py $* > $(VENV)/requirements-$*.txt
	$(PIP_INSTALL) --requirement $(VENV)/requirements-$*.txt

package:
	$(PIP_INSTALL) --no-deps --editable .

clean:
	rm -rf $(VENV) build forecast site
