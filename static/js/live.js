// Parts that stay up to date: signals say what changed, the part is asked for again and morphed, so
// focus and scroll stay. Without signals it is asked for at intervals, and the badge says so.
(() => {
  "use strict";
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const POLL = 10_000, SLOW_POLL = 60_000, LEAST = 1_000, SILENCE = 45_000, AIMING = 1_500;
  const OWN = ["bets", "jobs", "models"];
  // Where answers take long, whoever asks more often only waits longer: a page is still for so many
  // times as long as its last answer took.
  const STILL = 3;
  const parts = new Map(); // part -> {dirty, asked, took, busy, own}
  let source = null, state = "connecting", told = "live", since = "", heard = Date.now(), retry = 2_000, timer = 0, due = 0, pace = LEAST;
  let paused = sessionStorage.getItem("paused") === "yes";

  // --- the badge
  const words = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", polling: "Every 10 s" };
  const titles = {
    connecting: "Connecting to the server", live: "Changes appear as they happen", reconnecting: "The connection was lost; trying again",
    polling: "Live signals are away; the page asks every 10 seconds",
  };
  function show() {
    const waiting = [...parts.values()].reduce((sum, each) => sum + each.dirty, 0);
    const held = waiting && (paused || [...parts].some(([part, each]) => each.dirty && isBusy(part)));
    for (const badge of $$("[data-pause]")) {
      badge.hidden = false;
      badge.setAttribute("aria-pressed", String(paused));
      const often = state === "live" && pace > LEAST ? `Prices, fair and edge appear as they happen, all else every ${pace / 1000} s` : titles[state];
      badge.title = paused ? "Nothing moves until you go on" : `${often}. Press to pause.`;
      badge.dataset.state = paused ? "paused" : state;
      const text = (paused ? "Paused" : words[state]) + (held ? `, ${waiting} update${waiting > 1 ? "s" : ""} wait${waiting > 1 ? "" : "s"}` : "");
      const place = badge.querySelector("[data-pause-text]");
      if (place.textContent !== text) place.textContent = text;
      badge.querySelector(".dot").className = `dot dot-${paused ? "paused" : { live: "live", polling: "slow", connecting: "slow" }[state] || "stale"}`;
    }
  }
  function become(next) {
    state = next;
    show();
  }

  // --- asking again
  // Who moves towards a button and is over one is about to press that one, not what comes in its place.
  let moved = 0;
  addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") moved = Date.now(); }, { passive: true });
  const isAimed = (part) => Date.now() - moved < AIMING && part.querySelector("a:hover, button:hover, summary:hover");
  // Who works in a dialog is not disturbed; its own parts stay up to date.
  const isBehind = (part) => [...document.querySelectorAll("dialog[open]")].some((dialog) => !dialog.contains(part));
  const isBusy = (part) =>
    isAimed(part) || isBehind(part) || part.querySelector("details.chip-menu[open], details.why[open], details.menu-pop[open], details.filters[open]") ||
    part.contains(document.activeElement?.closest("input:not([type=checkbox]), select, textarea"));
  function mark(part, isOwn = false) {
    parts.get(part).dirty += 1;
    parts.get(part).own ||= isOwn;
    soon();
  }
  const soon = () => wake(50);
  // In so many ms at the latest: whoever is due sooner is not waited past.
  function wake(ms) {
    const at = Date.now() + ms;
    if (timer && due <= at) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(flush, ms);
  }
  function flush() {
    timer = 0;
    let next = Infinity; // ms until one of them may be asked for, or is looked at again
    for (const [part, each] of parts) {
      if (!part.isConnected) parts.delete(part);
      if (!part.isConnected || !each.dirty || paused || document.hidden) continue;
      const left = each.asked + waits(each) - Date.now();
      if (left <= 0 && !each.busy && !isBusy(part)) ask(part, each);
      else next = Math.min(next, each.busy ? 500 : Math.max(left, 100));
    }
    show();
    if (next < Infinity) wake(next);
  }
  const waits = (each) => Math.max(each.own ? LEAST : pace, (1 + STILL) * each.took);
  function ask(part, each) {
    each.dirty = 0;
    each.own = false;
    each.asked = Date.now();
    each.busy = true;
    htmx.trigger(part, "refresh");
    // Whatever happened to the request, the part can be asked for again.
    setTimeout(() => { each.busy = false; }, 8_000);
  }
  setInterval(() => {
    const every = state === "live" ? SLOW_POLL : POLL;
    for (const [part, each] of parts) if (!each.dirty && Date.now() - each.asked >= every) mark(part);
    if (source && Date.now() - heard > SILENCE) { close(); open(); }
  }, 1_000);

  // --- signals
  const topics = () => [...new Set([...parts.keys()].flatMap((part) => part.dataset.live.split(" ")))].filter(Boolean);
  // What is told itself, as the reader writes prices.
  const toldOf = () => [...parts.keys()].filter((part) => part.dataset.told);
  let asked = ""; // the address of the stream, but for where it begins
  function address() {
    const names = toldOf().flatMap((part) => part.dataset.told.split(" "));
    const prices = names.length ? `&prices=${toldOf()[0].dataset.prices}` : "";
    return `/live/?topics=${[...new Set([...topics(), ...names])].join(",")}${prices}`;
  }
  function note(event) {
    heard = Date.now();
    if (event.lastEventId) since = event.lastEventId;
  }
  function open() {
    const wanted = topics();
    if (source || !wanted.length || document.hidden) return;
    heard = Date.now();
    asked = address();
    source = new EventSource(`${asked}&since=${encodeURIComponent(since)}`);
    source.addEventListener("quotes", (event) => { note(event); hear(JSON.parse(event.data).prices); });
    source.addEventListener("fair", (event) => { note(event); weigh(JSON.parse(event.data).fair); });
    // The more people look on, the less often each page asks; what is one's own does not wait.
    source.addEventListener("pace", (event) => { note(event); pace = JSON.parse(event.data).seconds * 1000; show(); });
    source.addEventListener("beat", (event) => { note(event); retry = 2_000; });
    source.addEventListener("state", (event) => { note(event); told = JSON.parse(event.data).state; become(told); });
    source.addEventListener("reload", (event) => { note(event); for (const part of parts.keys()) mark(part); });
    for (const topic of wanted)
      source.addEventListener(topic, (event) => {
        note(event);
        for (const part of parts.keys()) if (part.dataset.live.split(" ").includes(topic)) mark(part, OWN.includes(topic));
      });
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return become("reconnecting");
      // The server refused, or cannot stream: the page asks at intervals and tries again later.
      close();
      become("polling");
      setTimeout(open, retry);
      retry = Math.min(retry * 2, 60_000);
    };
  }
  function close() {
    source?.close();
    source = null;
  }
  // A browser has six connections for all tabs of a site; who is not looking gives theirs back.
  let leaving = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(close, 3_000);
    else { open(); soon(); }
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });

  // --- the page
  document.addEventListener("fairline:refresh", () => {
    for (const [part, each] of parts) { each.asked = each.took = 0; mark(part); }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-pause]")) return;
    paused = !paused;
    sessionStorage.setItem("paused", paused ? "yes" : "no");
    show();
    soon();
  });
  document.addEventListener("htmx:before:request", (event) => {
    // What polls by itself rests with the others.
    const from = event.detail?.ctx?.sourceElement;
    if (from?.matches?.("[data-poll]") && (paused || document.hidden || isBusy(from))) event.preventDefault();
  });

  // Prices are told as they change and written at once: where much moves, the part with all else
  // comes later. What was told after a part was asked for may not be in it yet.
  const latest = new Map(); // selection-bookmaker -> {text, at}
  let written = null; // the same, or what a `data-w` or `data-after` names -> the cells that show it
  function hear(prices) {
    if (!prices) return latest.clear();
    for (const [key, text] of Object.entries(prices)) {
      // A withdrawn one looks otherwise: the part says how.
      if (text === null) latest.delete(key);
      else latest.set(key, { text, at: Date.now() });
      if (paused) continue;
      if (text === null) cellsOf(key).forEach(leave);
      else write(key, text);
    }
  }
  function cellsOf(name) {
    if (!written) {
      written = new Map();
      for (const cell of $$("[data-told~=quotes] [data-k], [data-told] :is([data-w], [data-after])")) {
        const of = cell.dataset.w || cell.dataset.after || cell.dataset.k.slice(1);
        written.set(of, [...(written.get(of) || []), cell]);
      }
    }
    return written.get(name) || [];
  }
  function write(key, text) {
    for (const cell of cellsOf(key)) {
      if (cell.textContent === text) continue;
      cell.textContent = text;
      // In an open form: what it was opened with, until the part says more.
      const { opened } = cell.dataset;
      if (opened) cell.closest(".tile").querySelector(".s").textContent = opened === text ? "as opened" : `now; was ${opened}`;
      // Its bet is told the price that was seen.
      const bet = cell.closest("a[href*='&saw=']");
      if (bet) bet.href = bet.href.replace(/&saw=.*/, `&saw=${encodeURIComponent(text)}`);
      flash(cell);
    }
  }

  // What prices come to is told a moment after them: fair, best, edge, hold and move of each selection.
  // A part that was asked for since the prices were told has it already, or knows better.
  const worths = new Map(); // selection -> {worth, at}
  function weigh(told) {
    if (!toldOf().map((part) => parts.get(part)).some((each) => each.dirty || each.busy)) return;
    // Too many changed: it comes with the part.
    if (!told) {
      worths.clear();
      if (!paused) $$("[data-told] :is([data-w], [data-after])").forEach(leave);
      return;
    }
    for (const [selection, worth] of Object.entries(told)) {
      worths.set(selection, { worth, at: Date.now() });
      if (!paused) showWorth(selection, worth);
    }
  }
  function showWorth(selection, worth) {
    const named = (name) => cellsOf(`${selection}-${name}`);
    for (const cell of named("move")) if (worth.move) redraw(cell, worth.move);
    for (const name of ["fair", "probability"]) for (const cell of named(name)) put(cell, worth[name]);
    // What is best among some books alone, or was decided by what it was worth before.
    cellsOf(selection).forEach(leave);
    for (const cell of named("hold")) if (worth.best) put(cell, worth.hold); else leave(cell);
    for (const best of named("best")) {
      const edge = best.closest("tr, .best-offer").querySelector("[data-w$='-edge']");
      if (worth.best && lead(best, worth.books)) {
        best.classList.remove("behind");
        if (edge) tint(edge, worth.edge);
      } else [best, edge].filter(Boolean).forEach(leave);
    }
  }
  function redraw(cell, move) {
    const drawn = cell.querySelector("svg"), arrow = cell.querySelector(".move-arrow");
    cell.title = move.text;
    drawn.setAttribute("aria-label", move.text);
    drawn.firstElementChild.setAttribute("d", move.path);
    arrow.textContent = move.arrow;
    arrow.classList.toggle("move-old", !move.is_recent);
  }
  function put(cell, text) {
    if (cell.textContent !== text) cell.textContent = text;
    cell.classList.remove("behind");
  }
  const leave = (cell) => cell.classList.add("behind");
  // Returns whether the price shown as best is one of these books', after putting it there in a table.
  function lead(best, books) {
    const isOf = (price) => price.dataset.k.replace(/.*-/, "") in books;
    const own = best.querySelector("[data-k]");
    if (own) return isOf(own);
    const prices = [...best.parentElement.querySelectorAll(".price-cell [data-k]")];
    const [first] = prices.filter(isOf), [price, title] = best.children;
    if (!first || !title) return false;
    const name = books[first.dataset.k.replace(/.*-/, "")];
    // Not under a mouse that is about to press it.
    if (title.textContent !== name && isAimed(best)) return false;
    put(price, first.textContent);
    put(title, name);
    if (price.href) price.href = first.href;
    for (const each of prices) {
      if (each.classList.contains("px-best") === isOf(each)) continue;
      each.classList.toggle("px-best");
      each.classList.remove("px-old");
      if (isOf(each)) each.insertAdjacentHTML("afterend", '<span class="sr-only"> best</span>');
      else each.nextElementSibling?.remove();
    }
    return true;
  }
  // As the server writes what is gained or lost: arrow and colour by the sign.
  function tint(cell, text) {
    cell.classList.remove("behind");
    const [kind, arrow] = { "+": ["gain", "▲"], "−": ["loss", "▼"] }[text[0]] || ["flat", ""];
    if (cell.textContent === arrow + text) return;
    const span = (className, ...within) => {
      const made = Object.assign(document.createElement("span"), { className });
      made.append(...within);
      return made;
    };
    const drawn = arrow ? [span("arrow", arrow)] : [];
    drawn.forEach((each) => each.setAttribute("aria-hidden", "true"));
    cell.replaceChildren(span(kind, ...drawn, text));
  }
  function flash(cell) {
    cell.classList.remove("changed");
    void cell.offsetWidth; // starts the fade again
    cell.classList.add("changed");
  }

  // A changed price is shown as changed for a moment.
  let before = new Map();
  const cells = (root) => new Map($$("[data-k]", root).map((cell) => [cell.dataset.k, cell.textContent]));
  document.addEventListener("htmx:before:swap", (event) => {
    const part = event.detail?.ctx?.target;
    if (parts.has(part)) before = cells(part);
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const part = event.detail?.ctx?.target;
    written = null;
    if (parts.has(part)) {
      const each = parts.get(part);
      // Another's swap, of a filter say, tells nothing of how long the part takes.
      if (each.busy) each.took = Date.now() - each.asked;
      each.busy = false;
      if (each.dirty) soon();
      // The server answers again, and the stream never went.
      if (state === "reconnecting" && source?.readyState === EventSource.OPEN) become(told);
      for (const cell of $$("[data-k]", part)) {
        const old = before.get(cell.dataset.k);
        if (old !== undefined && old !== cell.textContent) flash(cell);
      }
      before = new Map();
      for (const [key, { text, at }] of part.dataset.told ? latest : []) {
        if (at < parts.get(part).asked) latest.delete(key);
        else write(key, text);
      }
      for (const [selection, { worth, at }] of part.dataset.told ? worths : []) {
        if (at < parts.get(part).asked) worths.delete(selection);
        else showWorth(selection, worth);
      }
    }
    find();
  });
  document.addEventListener("animationend", (event) => event.target.classList?.remove("changed"));
  function fail(part) {
    if (!parts.has(part)) return;
    parts.get(part).busy = false;
    become(state === "live" ? "reconnecting" : state);
  }
  document.addEventListener("htmx:error", (event) => fail(event.detail?.ctx?.sourceElement));
  // Another page than the one asked for is not put into this one.
  document.addEventListener("htmx:before:response", (event) => {
    const { response, sourceElement } = event.detail?.ctx || {};
    if (!response) return;
    const isRefused = response.status >= 400 && response.status !== 422;
    if (response.raw.redirected && new URL(response.raw.url).pathname === "/login/") {
      // Who is no longer logged in is sent to the log-in and back again.
      event.preventDefault();
      location.reload();
    } else if (isRefused && (parts.has(sourceElement) || sourceElement.matches("[data-poll]"))) {
      event.preventDefault();
      fail(sourceElement);
    }
  });

  function find() {
    for (const part of parts.keys()) if (!part.isConnected) parts.delete(part);
    for (const part of $$("[data-live]")) if (!parts.has(part)) parts.set(part, { dirty: 0, asked: Date.now(), took: 0, busy: false });
    show();
    // A form that opened over a page wants to be told more. What was told meanwhile is told again.
    if (source && address() !== asked) { close(); open(); }
  }
  function start() {
    find();
    since = document.querySelector("[data-since]")?.dataset.since || "";
    open();
    if (!source) become("polling");
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
