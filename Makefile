# make demo   the sample album, sorted both ways
# make test   every test
# make lab    JupyterLab on the notebooks
# make app    both modes as a page in the browser
# make check  lint, format, types and the direction of imports
# make models where the model files are, and whether they are the right ones

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
READY := $(VENV)/.ready

.PHONY: demo test lab app check models clean

$(READY): pyproject.toml
	@echo "installing into $(VENV): 1 to 3 minutes, once"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[landmarks68,formats,raw,video,scale,cluster,app,animals,dev]"
	SIGHTINGS_MODELS=models $(BIN)/sightings models get animals
	SIGHTINGS_MODELS=models $(BIN)/sightings models get likeness
	@touch $(READY)

demo: $(READY)
	$(BIN)/sightings sample data/sample
	@echo
	@echo "== Autopilot: one folder for each person found"
	$(BIN)/sightings autopilot data/sample/photos out/autopilot --replace
	@echo
	@echo "== Point-and-shoot: the photos that show the people in data/sample/people"
	$(BIN)/sightings point-and-shoot data/sample/photos data/sample/people out/point-and-shoot --replace
	@echo
	@echo "The sorted folders are in out/autopilot and out/point-and-shoot, each with a report.html. Next: make lab"

# Three processes for two cores: who looks at a page mostly waits. What Python has compiled is kept,
# whatever the environment says, for the tests start a hundred processes.
test: export PYTHONDONTWRITEBYTECODE =
test: $(READY)
	$(BIN)/python -m pytest --numprocesses=3 --dist=loadfile

lab: $(READY)
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=. \
		--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.news_url=None notebooks/00_start_here.ipynb

app: $(READY)
	$(BIN)/sightings app

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

models: $(READY)
	$(BIN)/sightings models

clean:
	rm -rf $(VENV) data/sample data/animals out
