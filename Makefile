# make demo      set up and stylize the sample clip: out/demo.mp4, and out/demo.png, input above and output below
# make test      set up and run the tests
# make test-hosts  install ffmpeg, melt, Shotcut, GStreamer, OBS and Chromium of Debian and run the tests in them
# make plugins   build the plugins that this machine has the headers for
# make install-obs, make uninstall-obs   the filter for OBS, in the user's folder
# make lint      ruff and mypy
# make samples   render the sample clip and styles again

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
STYLE ?= waves

.PHONY: demo test test-hosts plugins install-obs uninstall-obs lint samples clean
demo: .venv/.run
	@mkdir -p out
	@$(BIN)/vidstyle stylize samples/harbour.mp4 --style $(STYLE) --output out/demo.mp4
	@$(BIN)/python tools/contact_sheet.py samples/harbour.mp4 out/demo.mp4 out/demo.png

# One thread to a process: two processes of one are twice as fast as one of two.
PYTEST := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test: .venv/.test
	$(PYTEST)

test-hosts: .venv/.test
	tools/install_hosts.sh
	$(MAKE) --no-print-directory plugins
	tools/install_vapoursynth.sh .venv/vapoursynth
	VAPOURSYNTH_PYTHON=$(CURDIR)/.venv/vapoursynth/bin/python $(PYTEST) -m hosts -rs

plugins:
	@$(MAKE) --no-print-directory -C plugins

OBS_BUILD ?= plugins/build/obs
install-obs:
	@command -v cmake >/dev/null || { echo "needs cmake, a C compiler, libobs-dev and libsimde-dev"; exit 1; }
	@cmake -S plugins/obs -B $(OBS_BUILD) --log-level=WARNING
	@cmake --build $(OBS_BUILD)
	@cmake --install $(OBS_BUILD)

uninstall-obs:
	@cmake --build $(OBS_BUILD) --target uninstall

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

samples: .venv/.run
	$(BIN)/python samples/harbour/render.py
	$(BIN)/python samples/styles/render.py

clean:
	rm -rf .venv out

# PyTorch comes first and alone, so that nothing else decides which build it is.
.venv/torch-constraint.txt: tools/install_torch.py
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "setting up .venv (some minutes the first time)"
	@$(BIN)/python tools/install_torch.py

.venv/.run: .venv/torch-constraint.txt pyproject.toml
	@$(PIP) --constraint .venv/torch-constraint.txt --editable .
	@touch $@

.venv/.test: .venv/.run
	@$(PIP) --constraint .venv/torch-constraint.txt --editable '.[train,onnx,evaluate,live,web,test,lint]'
	@touch $@
