// A picture with boxes: drawn, moved, sized and painted in. Every text is set as text.

const PATIENCE = 8000; // ms without an answer, until it is said that the kernel is silent
const SILENT =
  "No answer yet: Python is busy, or was restarted. If it was restarted, run the cell again.";
const COLOUR = "rgb(255, 60, 160)"; // of what counts, as in Python
const NEAR = 8; // px of the screen within which the pointer has an edge
const NEAR_FINGER = 18;
const STEP = 0.01; // share of the view that a key moves by
const HELP = {
  box:
    "Drag on empty ground to draw a box (with Shift, anywhere); drag a box to move it, its edges to " +
    "size it. Keys: arrows move, Shift and arrows size, with Ctrl by one px; Page Up and Page Down " +
    "choose, Delete removes.",
  paint:
    "Drag in the chosen box to add to what counts. Keys: arrows move the brush, Space paints; Page " +
    "Up and Page Down choose a box.",
  erase:
    "Drag in the chosen box to take from what counts. Keys: arrows move the brush, Space erases; " +
    "Page Up and Page Down choose a box.",
};

function element(tag, className) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  return made;
}

const within = (value, low = 0, high = 1) => Math.min(Math.max(value, low), high);

function render({ model, el }) {
  const root = element("section", "sightings-boxes");
  // Notebook shortcuts, such as "d d" that deletes the cell, are not for keys pressed in here.
  root.dataset.lmSuppressShortcuts = "true";
  const board = element("div", "sightings-board");
  board.tabIndex = 0;
  board.setAttribute("role", "application");
  const image = element("img");
  image.alt = "";
  image.draggable = false;
  const canvas = element("canvas");
  const layer = element("div");
  const ring = element("div", "sightings-brush");
  ring.hidden = true;
  board.append(image, canvas, layer, ring);
  const help = element("p");
  help.id = `sightings-help-${Math.random().toString(36).slice(2)}`;
  const told = element("p");
  told.setAttribute("role", "status");
  const trouble = element("p");
  trouble.setAttribute("role", "alert");
  board.setAttribute("aria-describedby", help.id);
  root.append(board, help, told, trouble);
  el.append(root);

  let url = "";
  let drag = null; // what the pointer is doing
  let held = null; // edges that a drag or keys have changed, until Python has answered
  let brushAt = [0.5, 0.5]; // of the view, for keys
  let ahead = []; // strokes that Python has not answered, drawn ahead of it
  let silent = null;

  // Places in the photo, and in the view of it, all as shares.
  const toPhoto = ([x, y]) => {
    const [left, top, width, height] = model.get("view");
    return [left + x * width, top + y * height];
  };
  const toView = ([x, y]) => {
    const [left, top, width, height] = model.get("view");
    return [(x - left) / width, (y - top) / height];
  };
  const at = (event) => {
    const area = board.getBoundingClientRect();
    return [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height];
  };
  const edgesOf = (row) => (held?.row === row ? held.edges : model.get("boxes")[row]?.edges);
  const painting = () => model.get("tool") !== "box";

  function say(message) {
    try {
      model.send(message);
    } catch {
      told.textContent = SILENT;
      return;
    }
    silent ??= setTimeout(() => {
      told.textContent = SILENT;
    }, PATIENCE);
  }

  function answered() {
    clearTimeout(silent);
    silent = null;
    if (told.textContent === SILENT) told.textContent = "";
  }

  function placed(node, [left, top, right, bottom]) {
    const [x, y] = toView([left, top]);
    const [far, low] = toView([right, bottom]);
    node.style.left = `${100 * x}%`;
    node.style.top = `${100 * y}%`;
    node.style.width = `${100 * (far - x)}%`;
    node.style.height = `${100 * (low - y)}%`;
  }

  function box(edges, label, chosen, aside) {
    const made = element("div", "sightings-box");
    made.classList.toggle("sightings-chosen", chosen);
    made.classList.toggle("sightings-aside", aside);
    placed(made, edges);
    if (label) made.append(Object.assign(element("span"), { textContent: label }));
    if (chosen && !painting()) {
      for (const [x, y] of [[0, 0], [50, 0], [100, 0], [0, 50], [100, 50], [0, 100], [50, 100], [100, 100]]) {
        const handle = element("i");
        handle.style.left = `${x}%`;
        handle.style.top = `${y}%`;
        made.append(handle);
      }
    }
    return made;
  }

  function draw() {
    const chosen = model.get("chosen");
    const made = model.get("boxes").map(({ label, aside }, row) => {
      const changing = drag?.row === row && drag.edges;
      const node = box(changing || edgesOf(row), label, row === chosen, aside);
      node.dataset.row = row;
      return node;
    });
    if (drag?.kind === "draw" && drag.edges) made.push(box(drag.edges, "", true, false));
    layer.replaceChildren(...made);
    // A moved or sized box has its mark where that is again when Python has answered.
    canvas.hidden = Boolean((drag?.edges && drag.row === chosen) || held);
  }

  function describe() {
    const rows = model.get("boxes");
    const row = model.get("chosen");
    const [width, height] = model.get("size");
    help.textContent = HELP[model.get("tool")];
    let text = `${rows.length} boxes, none chosen`;
    if (rows[row]) {
      const [left, top, right, bottom] = edgesOf(row);
      const px = [left * width, top * height, (right - left) * width, (bottom - top) * height];
      const [x, y, across, down] = px.map(Math.round);
      text = `${rows[row].name}: ${across} x ${down} px, ${x} from the left and ${y} from the top`;
    }
    board.setAttribute("aria-label", `${model.get("label")}. ${text}`);
    if (told.textContent !== SILENT) told.textContent = rows[row] ? text : "";
    trouble.textContent = model.get("trouble");
    board.style.cursor = painting() ? "none" : "";
  }

  // The canvas has the picture's own px; the page stretches both alike.
  const radius = () => {
    const [width] = model.get("size");
    return model.get("brush") / width / model.get("view")[2];
  };

  async function mark() {
    const pen = canvas.getContext("2d");
    const bytes = model.get("marked");
    const row = model.get("boxes")[model.get("chosen")];
    let found = null;
    if (bytes?.byteLength && row) {
      found = await createImageBitmap(new Blob([bytes], { type: "image/png" })).catch(() => null);
      // Another one may have come meanwhile.
      if (bytes !== model.get("marked")) return;
    }
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (found) {
      const [x, y] = toView(row.edges.slice(0, 2));
      const [far, low] = toView(row.edges.slice(2));
      const { width, height } = canvas;
      pen.imageSmoothingEnabled = false;
      pen.drawImage(found, x * width, y * height, (far - x) * width, (low - y) * height);
    }
    for (const each of drag?.kind === "stroke" ? [...ahead, drag] : ahead) {
      each.places.forEach((place, k) => dab(toView(each.places[Math.max(0, k - 1)]), toView(place), each.adds));
    }
    board.dataset.marked = found ? "true" : "false";
  }

  function dab(from, to, adds) {
    const row = model.get("boxes")[model.get("chosen")];
    if (!row) return;
    const pen = canvas.getContext("2d");
    const { width, height } = canvas;
    const [x, y] = toView(row.edges.slice(0, 2));
    const [far, low] = toView(row.edges.slice(2));
    pen.save();
    pen.beginPath();
    pen.rect(x * width, y * height, (far - x) * width, (low - y) * height);
    pen.clip();
    pen.globalCompositeOperation = adds ? "source-over" : "destination-out";
    pen.strokeStyle = COLOUR;
    pen.lineWidth = 2 * radius() * width;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(from[0] * width, from[1] * height);
    pen.lineTo(to[0] * width, to[1] * height);
    pen.stroke();
    pen.restore();
  }

  function showBrush(place) {
    ring.hidden = !painting() || !place;
    if (ring.hidden) return;
    const area = board.getBoundingClientRect();
    const size = 2 * radius() * area.width;
    ring.style.width = ring.style.height = `${size}px`;
    ring.style.left = `${place[0] * area.width - size / 2}px`;
    ring.style.top = `${place[1] * area.height - size / 2}px`;
  }

  // Which box the pointer has, and by which edges: -1, 0 or 1 across and down; 0, 0 is its inside.
  function grip(event) {
    const area = board.getBoundingClientRect();
    const near = event.pointerType === "touch" ? NEAR_FINGER : NEAR;
    const place = at(event);
    const rows = model.get("boxes").map((_, row) => row);
    const size = (row) => {
      const [left, top, right, bottom] = edgesOf(row);
      return (right - left) * (bottom - top);
    };
    // The chosen one before others, then the smaller one.
    const chosen = model.get("chosen");
    rows.sort((a, b) => (b === chosen) - (a === chosen) || size(a) - size(b));
    let inside = null;
    for (const row of rows) {
      const [left, top, right, bottom] = edgesOf(row);
      const [x0, y0] = toView([left, top]);
      const [x1, y1] = toView([right, bottom]);
      const away = (a, b, length) => Math.abs(a - b) * length;
      const on = (value, low, high, length) =>
        value > low - near / length && value < high + near / length;
      if (!on(place[0], x0, x1, area.width) || !on(place[1], y0, y1, area.height)) continue;
      // Of a box that is small on the screen, the middle third is its inside all the same.
      const reach = (low, high, length) => Math.min(near, ((high - low) * length) / 3);
      const side = (value, low, high, length) => {
        const [a, b] = [away(value, low, length), away(value, high, length)];
        const far = value < low || value > high ? near : reach(low, high, length);
        if (Math.min(a, b) > far) return 0;
        return a < b ? -1 : 1;
      };
      const across = side(place[0], x0, x1, area.width);
      const down = side(place[1], y0, y1, area.height);
      if (across || down) return { row, across, down };
      inside ??= { row, across, down };
    }
    return inside;
  }

  function cursor(found) {
    if (!found) return "";
    const { across, down } = found;
    if (!across && !down) return "move";
    if (!down) return "ew-resize";
    if (!across) return "ns-resize";
    return across === down ? "nwse-resize" : "nesw-resize";
  }

  const ordered = ([a, b, c, d]) => [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];

  // A box moved or sized by so much; it stays in the photo.
  function changed([left, top, right, bottom], across, down, x, y) {
    if (!across && !down) {
      const dx = within(x, -left, 1 - right);
      const dy = within(y, -top, 1 - bottom);
      return [left + dx, top + dy, right + dx, bottom + dy];
    }
    const to = [left, top, right, bottom];
    if (across) to[across + 1] = within(to[across + 1] + x);
    if (down) to[down + 2] = within(to[down + 2] + y);
    return ordered(to);
  }

  // Changes by keys are told when the key is let go.
  function release() {
    if (!held || held.told) return;
    held.told = true;
    const [left, top, right, bottom] = held.edges;
    say({ kind: "reshape", row: held.row, places: [[left, top], [right, bottom]] });
  }

  function stroke(places, adds) {
    ahead.push({ places, adds });
    say({ kind: "stroke", places, adds });
  }

  board.addEventListener("pointerdown", (event) => {
    if (drag || (event.button > 0 && event.button !== 5)) return;
    event.preventDefault();
    board.focus({ preventScroll: true });
    release();
    board.setPointerCapture(event.pointerId);
    const place = at(event);
    if (painting()) {
      // The other end of a pen erases.
      const adds = model.get("tool") === "paint" && event.button !== 5;
      drag = { kind: "stroke", places: [toPhoto(place)], last: place, adds };
      dab(place, place, adds);
      return;
    }
    const found = event.shiftKey ? null : grip(event);
    const start = toPhoto(place);
    if (!found) {
      drag = { kind: "draw", start };
      return;
    }
    if (found.row !== model.get("chosen")) {
      say({ kind: "choose", row: found.row });
    }
    drag = { kind: "reshape", ...found, start, before: edgesOf(found.row) };
  });

  board.addEventListener("pointermove", (event) => {
    const place = at(event);
    brushAt = place.map((each) => within(each));
    showBrush(place);
    if (!drag) {
      if (!painting()) board.style.cursor = cursor(grip(event));
      return;
    }
    if (drag.kind === "stroke") {
      for (const each of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) {
        const to = at(each);
        dab(drag.last, to, drag.adds);
        drag.last = to;
        drag.places.push(toPhoto(to));
      }
      return;
    }
    const [x, y] = toPhoto(place);
    const [x0, y0] = drag.start;
    // What hardly moves is a click.
    const area = board.getBoundingClientRect();
    const view = model.get("view");
    const far = Math.hypot(((x - x0) / view[2]) * area.width, ((y - y0) / view[3]) * area.height);
    if (!drag.edges && far < 3) return;
    drag.edges =
      drag.kind === "draw"
        ? ordered([within(x0), within(y0), within(x), within(y)])
        : changed(drag.before, drag.across, drag.down, x - x0, y - y0);
    draw();
  });

  function end(event, kept) {
    if (!drag) return;
    const done = drag;
    drag = null;
    if (kept && done.kind === "stroke") {
      stroke(done.places, done.adds);
    } else if (kept && done.edges && done.kind === "draw") {
      const [left, top, right, bottom] = done.edges;
      say({ kind: "draw", places: [[left, top], [right, bottom]] });
    } else if (kept && done.edges) {
      held = { row: done.row, edges: done.edges };
      release();
    }
    if (!kept && done.kind === "stroke") mark();
    draw();
  }
  board.addEventListener("pointerup", (event) => end(event, true));
  board.addEventListener("pointercancel", (event) => end(event, false));
  board.addEventListener("pointerleave", () => {
    if (!drag) showBrush(null);
  });

  function choose(step) {
    const count = model.get("boxes").length;
    if (!count) return;
    release();
    const row = model.get("chosen");
    say({ kind: "choose", row: row < 0 ? 0 : (row + step + count) % count });
  }

  root.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.target !== board || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && drag) {
      end(event, false);
      return;
    }
    const row = model.get("chosen");
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (event.key === "PageDown" || event.key === "PageUp") {
      choose(event.key === "PageDown" ? 1 : -1);
    } else if (way && painting()) {
      brushAt = brushAt.map((each, k) => within(each + way[k] * STEP * (event.ctrlKey ? 0.2 : 1)));
      showBrush(brushAt);
    } else if (event.key === " " && painting()) {
      if (event.repeat) return event.preventDefault();
      const adds = model.get("tool") === "paint";
      dab(brushAt, brushAt, adds);
      stroke([toPhoto(brushAt)], adds);
    } else if (way && edgesOf(row)) {
      const view = model.get("view");
      const step = event.ctrlKey
        ? model.get("size").map((length) => 1 / length)
        : [STEP * view[2], STEP * view[3]];
      const [x, y] = way.map((each, k) => each * step[k]);
      const [across, down] = event.shiftKey ? [Math.abs(way[0]), Math.abs(way[1])] : [0, 0];
      held = { row, edges: changed(edgesOf(row), across, down, x, y) };
      draw();
      describe();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      if (!edgesOf(row) || event.repeat || painting()) return;
      held = null;
      say({ kind: "remove", row });
    } else {
      return;
    }
    event.preventDefault();
  });
  root.addEventListener("keyup", (event) => {
    event.stopPropagation();
    if (event.key.startsWith("Arrow")) release();
  });
  board.addEventListener("blur", () => {
    release();
    if (!drag) showBrush(null);
  });
  board.addEventListener("focus", () => {
    if (painting() && board.matches(":focus-visible")) showBrush(brushAt);
  });

  function show() {
    const bytes = model.get("picture");
    if (url) URL.revokeObjectURL(url);
    url = bytes?.byteLength ? URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })) : "";
    board.hidden = !url;
    if (url) image.src = url;
    else image.removeAttribute("src");
  }
  image.addEventListener("load", () => {
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    mark();
  });

  function message(content) {
    answered();
    if (content.kind !== "heard") return;
    if (content.of === "stroke") ahead.shift();
    if (content.of === "reshape" && held?.told) held = null;
    renew();
  }

  let drawing = null;
  function renew() {
    answered();
    drawing ??= setTimeout(() => {
      drawing = null;
      draw();
      describe();
      mark();
    }, 0);
  }

  const traits = ["boxes", "chosen", "marked", "tool", "brush", "view", "size", "label", "trouble"];
  for (const trait of traits) model.on(`change:${trait}`, renew);
  model.on("change:picture", show);
  model.on("msg:custom", message);
  show();
  draw();
  describe();

  return () => {
    for (const trait of traits) model.off(`change:${trait}`, renew);
    model.off("change:picture", show);
    model.off("msg:custom", message);
    clearTimeout(silent);
    clearTimeout(drawing);
    if (url) URL.revokeObjectURL(url);
  };
}

export default { render };
