// A contact sheet: cards with pictures, a page at a time. Every text is set as text, never as HTML.

const KEPT = 600; // pictures that are kept when their page is left
const PATIENCE = 8000; // ms without an answer, until it is said that the kernel is silent
const SILENT =
  "No answer yet: Python is busy, or was restarted. If it was restarted, run the cell again.";

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function button(className, text, role, pressed) {
  const made = element("button", className, text);
  made.type = "button";
  made.dataset.role = role;
  made.addEventListener("click", pressed);
  return made;
}

function render({ model, el }) {
  const urls = new Map(); // token -> blob URL, the latest used last
  const waiting = new Map(); // token -> images that show it
  let edition = model.get("edition");
  let silent = null;
  let wanted = null;
  let redrawing = false;

  const root = element("section", "sightings-sheet");
  // Notebook shortcuts, such as "d d" that deletes the cell, are not for keys pressed in here.
  root.dataset.lmSuppressShortcuts = "true";
  const top = element("div", "sightings-pager");
  const list = element("ul", "sightings-cards");
  const bottom = element("div", "sightings-pager");
  const note = element("p", "sightings-silent");
  note.setAttribute("role", "status");
  const trouble = element("p", "sightings-trouble");
  trouble.setAttribute("role", "alert");
  const names = element("datalist");
  names.id = `sightings-names-${Math.random().toString(36).slice(2)}`;
  const grey = element("p", "sightings-grey");
  grey.setAttribute("role", "status");
  // It stays where it is when cards are drawn anew: somebody types there.
  const seek = element("label", "sightings-find");
  const sought = element("input");
  sought.type = "search";
  sought.maxLength = 200;
  sought.spellcheck = false;
  sought.autocomplete = "off";
  sought.dataset.role = "find";
  seek.append(element("span", "", "Find a name"), sought);
  root.append(note, trouble, grey, seek, top, list, bottom, names);
  el.append(root);

  // What was said, at the edge of the window: only where the line above the cards is out of view.
  const toast = element("div", "sightings-toast");
  const said = element("span");
  said.setAttribute("role", "status");
  const undo = button("", "Undo", "undo", () => say({ kind: "undo" }));
  const shut = button("sightings-shut", "×", "shut", () => leave());
  shut.setAttribute("aria-label", "Close");
  toast.append(said, undo, shut);
  toast.hidden = true;
  document.body.append(toast);
  let unread = false;
  let inView = false;
  let aboveInView = false;
  let above = null;
  const sight = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.target === root) {
        inView = entry.isIntersecting;
        if (above === null && inView) {
          above = root.closest(".sightings-said")?.querySelector(".sightings-tools") ?? null;
          if (above) sight.observe(above);
        }
        // What was asked for while nobody saw it, and did not come, is asked for again.
        if (inView && waiting.size && wanted === null) wanted = setTimeout(ask, 0);
      } else {
        aboveInView = entry.isIntersecting && entry.intersectionRatio > 0.9;
      }
    }
    lift();
  }, { threshold: [0, 0.95, 1] });
  sight.observe(root);

  function lift() {
    toast.hidden = !(unread && inView && !aboveInView);
    stay();
  }

  // It goes by itself, so that it covers nothing for long: so many seconds after it came into view,
  // or after the pointer or the focus left it.
  let leaving = null;
  function stay(anew) {
    const seen = unread && (inView || aboveInView);
    // A click leaves the focus behind, too, but nobody is there any more.
    const held = toast.matches(":hover") || toast.querySelector(":focus-visible");
    if (anew || held || !seen) {
      clearTimeout(leaving);
      leaving = null;
    }
    if (seen && !held && leaving === null) leaving = setTimeout(leave, 1000 * model.get("stays"));
  }
  function leave() {
    leaving = null;
    unread = false;
    lift();
  }
  for (const kind of ["mouseenter", "mouseleave", "focusin", "focusout"]) {
    toast.addEventListener(kind, () => stay(true));
  }

  function tell() {
    said.textContent = model.get("said");
    unread = Boolean(said.textContent);
    lift();
    stay(true);
  }

  // Not at each letter: once the typing rests.
  let finding = null;
  function find() {
    clearTimeout(finding);
    finding = null;
    if (sought.value.trim() !== model.get("sought")) say({ kind: "find", value: sought.value });
  }
  sought.addEventListener("input", () => {
    clearTimeout(finding);
    finding = setTimeout(find, 200);
  });
  sought.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) find();
  });
  function offerFind() {
    seek.hidden = !(model.get("finds") && (model.get("pages") > 1 || model.get("sought")));
    if (document.activeElement !== sought) sought.value = model.get("sought");
  }

  function offer() {
    undo.hidden = !model.get("can_undo");
  }

  function say(message) {
    try {
      model.send(message);
    } catch {
      // The kernel that made the sheet is gone.
      clearTimeout(silent);
      silent = null;
      note.textContent = SILENT;
      return;
    }
    if (silent === null) {
      silent = setTimeout(() => {
        note.textContent = SILENT;
      }, PATIENCE);
    }
  }

  function answered() {
    clearTimeout(silent);
    silent = null;
    note.textContent = "";
  }

  function take(token, bytes) {
    if (!bytes?.byteLength) return;
    if (!urls.has(token)) {
      urls.set(token, URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })));
    }
    for (const image of waiting.get(token) ?? []) {
      image.src = urls.get(token);
      image.classList.remove("sightings-coming");
    }
    waiting.delete(token);
  }

  function picture({ token, label, size }) {
    const image = element("img");
    image.dataset.token = token;
    image.alt = label;
    image.title = label;
    if (size) image.style.setProperty("--sightings-size", `${size}px`);
    if (urls.has(token)) {
      const url = urls.get(token);
      urls.delete(token);
      urls.set(token, url);
      image.src = url;
    } else {
      image.classList.add("sightings-coming");
      if (!waiting.has(token)) waiting.set(token, []);
      waiting.get(token).push(image);
    }
    return image;
  }

  function nameField(about) {
    const field = element("label", "sightings-name");
    field.append(element("span", "", model.get("name_label")));
    const input = element("input");
    input.type = "text";
    input.defaultValue = about.asks?.typed || about.name;
    input.maxLength = 200;
    input.spellcheck = false;
    input.autocomplete = "off";
    input.dataset.role = "name";
    input.setAttribute("list", names.id);
    input.setAttribute("aria-label", `${model.get("name_label")} of ${about.title}`);
    let said = input.defaultValue;
    const commit = () => {
      // A field that is taken away in a redraw tells of a change that was not ended.
      if (redrawing || input.value === said) return;
      said = input.value;
      input.defaultValue = said;
      say({ kind: "rename", key: about.key, value: said });
    };
    // A click is followed by typing another name, not by mending this one letter by letter.
    let entered = false;
    input.addEventListener("focus", () => {
      entered = true;
      input.select();
    });
    input.addEventListener("mouseup", (event) => {
      if (entered) event.preventDefault();
      entered = false;
    });
    input.addEventListener("change", commit);
    input.addEventListener("blur", commit);
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") {
        event.preventDefault();
        commit();
        // A name that somebody has is asked about here.
        if (asked(about, input.value)) input.select();
        else onward(about.key, input);
      } else if (event.key === "Escape") {
        said = about.name;
        input.value = said;
        input.closest("li").focus();
      }
    });
    field.append(input);
    return field;
  }

  function asked(about, typed) {
    const name = typed.trim().toLowerCase();
    const own = about.name.toLowerCase();
    return about.asks || (name !== own && model.get("known").some((n) => n.toLowerCase() === name));
  }

  // From a field to the next one without a name; never to somebody who has one.
  function onward(key, input) {
    const items = [...list.children];
    const at = items.findIndex((item) => item.dataset.key === key);
    const next = items.slice(at + 1).find((item) => item.dataset.unnamed)?.querySelector("input");
    if (next) next.focus();
    else {
      input.select();
      say({ kind: "onward", key });
    }
  }

  function question(about) {
    const box = element("div", "sightings-asks");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", about.asks.text);
    box.append(element("p", "", about.asks.text), pictures(about.asks.strips, null));
    const answers = element("div", "sightings-answers");
    for (const action of about.asks.actions) answers.append(press(about, action));
    box.append(answers);
    return box;
  }

  function pictures(strips, opened) {
    const all = element("div", "sightings-strips");
    for (const strip of strips) {
      const figure = element("figure");
      if (strip.label) figure.append(element("figcaption", "", strip.label));
      const row = element("div", "sightings-pictures");
      for (const each of strip.pictures) row.append(picture(each));
      if (opened) {
        row.classList.add("sightings-opens");
        row.addEventListener("click", opened);
      }
      figure.append(row);
      all.append(figure);
    }
    return all;
  }

  function press(about, action) {
    const made = button("", action.label, `act-${action.key}`, () =>
      say({ kind: "act", key: about.key, value: action.key }),
    );
    if (action.shortcut) {
      made.append(element("kbd", "", action.shortcut));
      made.setAttribute("aria-keyshortcuts", action.shortcut);
    }
    made.setAttribute("aria-label", about.title ? `${action.label}: ${about.title}` : action.label);
    return made;
  }

  function line(about) {
    const item = element("li", "sightings-line sightings-wide");
    item.dataset.key = about.key;
    item.append(element("span", "", about.title));
    return item;
  }

  function card(about, _, { length }) {
    const alone = length === 1;
    if (about.line) return line(about);
    const item = element("li", "sightings-card");
    // What is compared side by side has the whole width.
    if (about.strips.length > 1 || alone) item.classList.add("sightings-wide");
    item.dataset.key = about.key;
    item.tabIndex = -1;
    item.setAttribute("aria-label", [about.title, about.badge, about.note].filter(Boolean).join(", "));
    const head = element("header");
    if (about.title) head.append(element("strong", "sightings-title", about.title));
    if (about.badge) head.append(element("span", "sightings-badge", about.badge));
    if (about.note) head.append(element("span", "sightings-note", about.note));
    if (head.childNodes.length) item.append(head);
    if (about.unnamed) item.dataset.unnamed = "true";
    const open = () => say({ kind: "open", key: about.key });
    if (about.strips.length) item.append(pictures(about.strips, about.opens ? open : null));
    const foot = element("footer");
    if (about.name !== null) foot.append(nameField(about));
    if (about.asks) foot.append(question(about));
    if (about.opens) {
      const all = button("sightings-open", about.opens, "open", open);
      all.setAttribute("aria-label", `${about.opens}: ${about.title}`);
      foot.append(all);
    }
    for (const action of about.actions) foot.append(press(about, action));
    if (foot.childNodes.length) item.append(foot);
    return item;
  }

  function pager(box) {
    const page = model.get("page");
    const pages = model.get("pages");
    box.replaceChildren();
    box.hidden = pages < 2;
    const turn = (to) => say({ kind: "turn", value: to });
    const back = button("", "‹ Previous", "previous", () => turn(page - 1));
    const on = button("", "Next ›", "next", () => turn(page + 1));
    back.disabled = page <= 0;
    on.disabled = page >= pages - 1;
    const number = (each) => each.toLocaleString("en");
    const place = `Page ${number(page + 1)} of ${number(pages)} (${number(model.get("total"))} in all)`;
    box.append(back, element("span", "", place), on);
  }

  function forget(most) {
    for (const [token, url] of urls) {
      if (urls.size <= most) break;
      URL.revokeObjectURL(url);
      urls.delete(token);
    }
  }

  // Pictures of another edition show something else under the same token.
  function renew() {
    if (edition === model.get("edition")) return;
    edition = model.get("edition");
    forget(0);
  }

  function ask() {
    wanted = null;
    if (waiting.size) say({ kind: "want", value: [...waiting.keys()] });
  }

  function dress() {
    root.style.setProperty("--sightings-size", `${model.get("size")}px`);
    root.setAttribute("aria-label", model.get("label"));
    trouble.textContent = model.get("trouble");
    grey.textContent = model.get("grey");
    names.replaceChildren(
      ...model.get("known").map((name) => {
        const option = element("option");
        option.value = name;
        return option;
      }),
    );
  }

  // The card that gets the focus once it is there, or whose field does.
  let goal = null;
  let shownPage = model.get("page");
  function draw() {
    const before = focus();
    renew();
    waiting.clear();
    offerFind();
    pager(top);
    pager(bottom);
    const cards = model.get("cards");
    const across = Math.max(1, ...cards.flatMap((each) => each.strips.map((s) => s.pictures.length)));
    // Photos are wider than high; of many sightings, three stand side by side.
    root.style.setProperty("--sightings-across", across === 1 ? 1.4 : Math.min(across, 3));
    redrawing = true;
    list.replaceChildren(...cards.map(card));
    redrawing = false;
    const none = model.get("finds") && model.get("sought") ? "None is called so." : model.get("empty");
    if (!cards.length) list.append(element("li", "sightings-empty", none));
    forget(KEPT);
    if (waiting.size && wanted === null) wanted = setTimeout(ask, 0);
    if (before) refocus(before);
    // A page turned to from below its cards is read from its beginning.
    if (shownPage !== model.get("page") && root.getBoundingClientRect().top < 0) {
      root.scrollIntoView({ block: "start" });
    }
    shownPage = model.get("page");
    const next = goal && [...list.children].find((item) => item.dataset.key === goal.key);
    if (next && goal.card) {
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "center", behavior: "instant" });
    } else if (next) {
      next.querySelector("input")?.focus();
    }
    if (next) goal = null;
  }

  // Where the focus is, so that it can be put there again.
  function focus() {
    const at = root.contains(document.activeElement) ? document.activeElement : null;
    if (!at || at === sought) return null;
    const item = at.closest("[data-key]");
    return {
      key: item?.dataset.key,
      token: item?.querySelector("img")?.dataset.token,
      place: item ? [...list.children].indexOf(item) : 0,
      role: at.dataset.role,
      pager: at.closest(".sightings-pager"),
      typed: at.matches("input") && at.value !== at.defaultValue ? at : null,
    };
  }

  function refocus(before) {
    if (before.pager) {
      const other = before.role === "next" ? "previous" : "next";
      const press = [before.role, other]
        .map((role) => before.pager.querySelector(`[data-role="${role}"]:not(:disabled)`))
        .find(Boolean);
      if (press) {
        press.focus({ preventScroll: true });
        return;
      }
    }
    const items = [...list.children];
    // Who got another name shows the same face first.
    const faces = (item) => before.token && item.querySelector("img")?.dataset.token === before.token;
    const same =
      items.find((item) => before.key !== undefined && item.dataset.key === before.key) ??
      (before.role === "name" ? items.find(faces) : undefined);
    const cards = items.filter((item) => item.tabIndex === -1);
    // Without the card, the one that took its place; but never the field for somebody else's name.
    const item = same ?? items.slice(before.place).find((each) => cards.includes(each)) ?? cards.at(-1);
    const fits = before.role && (same || before.role !== "name");
    const role = fits && item?.querySelector(`[data-role="${CSS.escape(before.role)}"]`);
    if (role && same && before.typed) {
      // What is being typed is not lost.
      const { value, selectionStart, selectionEnd } = before.typed;
      role.value = value;
      role.focus({ preventScroll: true });
      role.setSelectionRange(selectionStart, selectionEnd);
      return;
    }
    (role || item)?.focus({ preventScroll: Boolean(same) });
  }

  root.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input")) return;
    if (event.key === "PageDown" || event.key === "PageUp") {
      const to = model.get("page") + (event.key === "PageDown" ? 1 : -1);
      if (to >= 0 && to < model.get("pages")) {
        event.preventDefault();
        say({ kind: "turn", value: to });
      }
      return;
    }
    const item = event.target.closest("[data-key]");
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      let next = item;
      do {
        next = event.key === "ArrowRight" ? next?.nextElementSibling : next?.previousElementSibling;
      } while (next && next.tabIndex !== -1);
      if (next) {
        event.preventDefault();
        next.focus();
      }
      return;
    }
    // A key that is held down is pressed once.
    if (event.repeat) return;
    // Without a card in focus, a key means the only card that there is.
    const here = item?.dataset.key;
    const cards = model.get("cards").filter((each) => !each.line);
    const about = item ? cards.find((each) => each.key === here) : cards.length === 1 ? cards[0] : null;
    const action = about?.actions.find((each) => each.shortcut && each.shortcut === event.key.toLowerCase());
    if (action) {
      event.preventDefault();
      say({ kind: "act", key: about.key, value: action.key });
    } else if (event.key === "Enter" && about?.opens && event.target === item) {
      say({ kind: "open", key: about.key });
    }
  });

  function message(content, buffers) {
    answered();
    renew();
    if (content.kind === "untype") changed();
    if (content.kind === "focus") {
      goal = content;
      changed();
    }
    if (content.kind !== "pictures" || content.edition !== edition) return;
    content.tokens.forEach((token, i) => take(token, buffers[i]));
  }

  // A page's traits come together; draw once.
  let drawing = null;
  function changed() {
    answered();
    if (drawing === null) {
      drawing = setTimeout(() => {
        drawing = null;
        draw();
      }, 0);
    }
  }
  function dressed() {
    answered();
    dress();
  }

  const drawn = ["cards", "page", "pages", "total", "empty", "edition", "finds", "sought"];
  const worn = ["label", "known", "size", "trouble", "grey"];
  for (const trait of drawn) model.on(`change:${trait}`, changed);
  for (const trait of worn) model.on(`change:${trait}`, dressed);
  model.on("change:said", tell);
  model.on("change:can_undo", offer);
  model.on("msg:custom", message);
  offer();
  dress();
  draw();

  return () => {
    for (const trait of drawn) model.off(`change:${trait}`, changed);
    for (const trait of worn) model.off(`change:${trait}`, dressed);
    model.off("change:said", tell);
    model.off("change:can_undo", offer);
    model.off("msg:custom", message);
    sight.disconnect();
    toast.remove();
    clearTimeout(silent);
    clearTimeout(leaving);
    clearTimeout(drawing);
    clearTimeout(wanted);
    clearTimeout(finding);
    forget(0);
  };
}

export default { render };
