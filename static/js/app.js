// Small manners on top of pages that also work without them.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  let silence = 0;
  const say = (text, address = "") => {
    const live = $("#live");
    if (!live) return;
    live.textContent = text;
    if (address) live.append(Object.assign(document.createElement("a"), { href: address, textContent: "Open it" }));
    clearTimeout(silence);
    silence = setTimeout(() => { live.textContent = ""; }, address ? 20_000 : 8_000);
  };

  // A bet is confirmed in a dialog; without this script the same link opens a page.
  document.addEventListener("htmx:after:swap", (event) => {
    const target = event.detail?.ctx?.target;
    const dialog = $("#dialog");
    if (dialog && target?.id === "dialog-body" && target.children.length && !dialog.open) dialog.showModal();
    // What was done is said once, by the row that it changed.
    const done = $("[data-said]");
    if (done) {
      say(done.dataset.said, done.dataset.saidOf);
      done.removeAttribute("data-said");
    }
    draw(document);
  });
  document.addEventListener("htmx:after:request", (event) => {
    const status = event.detail?.ctx?.response?.status;
    if (status === 201) {
      $("#dialog")?.close();
      say("Done.");
      // The row is there at once; the sums beside it follow.
      document.dispatchEvent(new Event("fairline:refresh"));
    }
  });
  // What is sent says so until it is answered, and is sent once.
  document.addEventListener("submit", (event) => {
    const [form, button] = [event.target, $("[data-busy]", event.target)];
    if (!button) return;
    if (form.ariaBusy) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.ariaBusy = "true";
    [button.dataset.idle, button.textContent] = [button.textContent, button.dataset.busy];
  }, true);
  const idle = (form) => {
    const button = $("[data-idle]", form);
    form.ariaBusy = null;
    if (button) button.textContent = button.dataset.idle;
  };
  document.addEventListener("htmx:finally:request", (event) => { if (event.target.matches?.("form[aria-busy]")) idle(event.target); });
  // As the page was left, it comes back.
  addEventListener("pageshow", () => $$("form[aria-busy]").forEach(idle));
  document.addEventListener("htmx:error", () => say("The server could not be reached; what you see may be old."));
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) {
      const dialog = event.target.closest("dialog");
      if (dialog) {
        event.preventDefault();
        dialog.close();
      }
    }
    if (event.target.matches("dialog")) event.target.close();
    if (event.target.closest("[data-print]")) print();
    if (event.target.closest("[data-copy]")) {
      navigator.clipboard?.writeText($(event.target.closest("[data-copy]").dataset.copy).textContent.trim());
      say("Copied.");
    }
    for (const open of $$("details.menu-pop[open], details.chip-menu[open]"))
      if (!open.contains(event.target)) open.open = false;
  });
  document.addEventListener("close", (event) => {
    if (event.target.id === "dialog") $("#dialog-body").replaceChildren();
  }, true);

  // Keys: g then a letter goes to a page; e exports; ? lists them.
  const places = { t: "today", o: "odds", c: "scanner", b: "bets", p: "performance", m: "models", y: "strategies", r: "risk", s: "status", n: "notices" };
  let leader = 0;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape")
      for (const open of $$("details.menu-pop[open], details.chip-menu[open]")) open.open = false;
    if (event.key === "k" && (event.ctrlKey || event.metaKey) && $("#places")) {
      event.preventDefault();
      choosePlace();
      return;
    }
    if (document.documentElement.dataset.keys === "off") return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    if (leader && Date.now() - leader < 1200 && places[event.key]) {
      $(`[data-key="${places[event.key]}"]`)?.click();
      leader = 0;
    } else if (event.key === "g") leader = Date.now();
    else if (event.key === "e") $("[data-export]")?.click();
    else if (event.key === "!") $("[data-stop]")?.click();
    else if (event.key === "/" && $("[data-search]")) {
      event.preventDefault();
      $("[data-search]").focus();
    } else if (event.key === "?") $("#keys")?.showModal();
    else if (event.key === "j" || event.key === "k") {
      const rows = $$("[data-row]");
      if (!rows.length) return;
      const at = rows.findIndex((row) => row.contains(document.activeElement));
      const next = rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === "j" ? 1 : -1)))];
      $("a, button", next)?.focus();
    }
  });

  // Among the prices of the odds screen, of which Tab stops at the best of each row.
  document.addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow") || !event.target.matches?.(".grid-odds a.px")) return;
    const cell = event.target.closest("td"), rows = $$(".grid-odds tbody tr");
    const isAlong = event.key === "ArrowLeft" || event.key === "ArrowRight";
    const line = isAlong ? [...cell.parentElement.cells] : rows.map((row) => row.cells[cell.cellIndex]);
    const at = line.indexOf(cell), isBack = event.key === "ArrowLeft" || event.key === "ArrowUp";
    const next = (isBack ? line.slice(0, at).reverse() : line.slice(at + 1)).find((each) => each && $("a.px", each));
    if (!next) return;
    event.preventDefault();
    $("a.px", next).focus();
  });

  // Any page by its name: every link of the frame, once, and those that this page itself leads to.
  const offered = () => {
    const found = new Map();
    for (const link of $$(".nav a, .bell, .menu-pop a.item, .page-head a"))
      if (!found.has(link.pathname)) found.set(link.pathname, link);
    return [...found.values()];
  };
  function choosePlace() {
    const [dialog, name] = [$("#places"), $("#place-name")];
    name.value = "";
    listPlaces();
    if (!dialog.open) dialog.showModal();
    name.focus();
  }
  function listPlaces() {
    const asked = $("#place-name").value.trim().toLowerCase();
    const text = (link) => link.textContent.replace(/\s+/g, " ").trim();
    $("#place-list").replaceChildren(...offered().filter((link) => text(link).toLowerCase().includes(asked)).slice(0, 9).map((link) => {
      const place = document.createElement("a");
      place.href = link.href;
      place.textContent = text(link);
      return place;
    }));
  }
  $("#place-name")?.addEventListener("input", listPlaces);
  $("#places")?.addEventListener("keydown", (event) => {
    const places = $$("#place-list a");
    const at = places.indexOf(document.activeElement);
    if (event.key === "Enter" && at < 0) places[0]?.click();
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    (next < 0 ? $("#place-name") : places[Math.min(next, places.length - 1)])?.focus();
  });

  // Line charts. The data is in data-chart as JSON: {x, series: [{label, values, role, quiet}], marks}.
  const shade = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const lines = ["--gain", "--loss", "--color-accent", "--color-warning", "--color-secondary"];
  const roles = { strong: "--color-base-content", dashed: "--color-primary", faint: "--muted", loss: "--loss" };
  const zone = document.documentElement.dataset.zone || "UTC";
  const american = (price) => (price >= 2 ? `+${Math.round((price - 1) * 100)}` : `−${Math.round(100 / (price - 1))}`);
  const decimal = (price, step) => price.toFixed(Math.round(step * 1e3) % 10 ? 3 : 2);
  // As on a bookmaker's board: the nearest fraction with a denominator up to 20.
  const fractional = (price) => {
    const off = (below) => Math.abs(Math.round((price - 1) * below) / below - (price - 1));
    const below = Array.from({ length: 20 }, (_, at) => at + 1).reduce((best, each) => (off(each) < off(best) - 1e-12 ? each : best));
    const above = Math.round((price - 1) * below);
    return above ? `${above}/${below}` : `1/${Math.round(1 / (price - 1))}`;
  };
  const written = { american, fractional, percent: (price) => `${(100 / price).toFixed(1)} %` };
  const units = {
    price: (value, step = 0.01) => (written[document.documentElement.dataset.prices] || decimal)(value, step),
    money: (value, _step, sign = "") => (value < 0 ? "−" : "") + sign + Math.abs(value).toLocaleString("en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    loss: (value) => value.toFixed(4).replace("-", "−"),
    share: (value, step = 0.001) => `${(value * 100).toFixed(Math.round(step * 1e5) % 100 ? 2 : 1)} %`.replace("-", "−"),
  };
  // Of tabs that have no room, the one shown is seen.
  for (const tab of $$(".tabs-line [aria-current]")) {
    const line = tab.parentElement;
    line.scrollLeft = tab.offsetLeft - line.offsetLeft - (line.clientWidth - tab.offsetWidth) / 2;
  }
  const charts = new Map();
  function draw(root) {
    for (const [place, chart] of charts)
      if (!place.isConnected || place.dataset.chart !== chart.source || !place.firstElementChild) {
        chart.plot.destroy();
        charts.delete(place);
      }
    for (const place of $$("[data-chart]", root)) if (!charts.has(place)) make(place);
  }
  function make(place) {
    if (!window.uPlot) return;
    const data = JSON.parse(place.dataset.chart);
    const write = units[data.unit] || ((value) => String(value));
    const text = shade("--muted");
    const grid = { stroke: shade("--line"), width: 1 };
    const font = '12px "Inter Variable", sans-serif';
    const stamp = uPlot.fmtDate("{D} {MMM} {YYYY} {HH}:{mm}");
    let nextLine = 0;
    const series = data.series.map((each) => {
      const strong = each.role === "strong";
      const colour = shade(roles[each.role] || lines[nextLine++ % lines.length]);
      return {
        label: each.label, stroke: each.quiet ? colour + "66" : colour, width: strong ? 2.5 : each.role === "faint" ? 1 : 1.5,
        dash: each.role === "dashed" ? [5, 4] : undefined, spanGaps: true,
        fill: each.role === "loss" ? colour + "26" : undefined,
        paths: data.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
        points: { show: false }, class: each.quiet ? "u-quiet" : undefined,
        value: (_, value) => (value == null ? "" : write(value, undefined, data.sign)),
      };
    });
    const marks = {
      hooks: { draw: [(plot) => {
        const { ctx, bbox } = plot;
        ctx.save();
        ctx.font = `${11 * devicePixelRatio}px "Inter Variable", sans-serif`;
        // Beside its mark, on the side where there is room; not over the same word.
        const said = [];
        const label = (text, x, y, off) => {
          if (said.some((each) => each.text === text && Math.hypot(each.x - x, each.y - y) < 60 * devicePixelRatio)) return;
          said.push({ text, x, y });
          ctx.textAlign = x > bbox.left + bbox.width / 2 ? "right" : "left";
          ctx.lineWidth = 4 * devicePixelRatio;
          ctx.strokeStyle = shade("--color-base-100");
          ctx.setLineDash([]);
          ctx.strokeText(text, x + (ctx.textAlign === "right" ? -off : off) * devicePixelRatio, y);
          ctx.fillText(text, x + (ctx.textAlign === "right" ? -off : off) * devicePixelRatio, y);
        };
        for (const mark of data.marks || []) {
          const x = plot.valToPos(mark.x, "x", true);
          if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
          ctx.strokeStyle = ctx.fillStyle = shade(mark.y ? "--color-accent" : "--muted");
          if (mark.y) {
            const y = plot.valToPos(mark.y, "y", true);
            ctx.beginPath(); ctx.arc(x, y, 5 * devicePixelRatio, 0, 7); ctx.fill();
            label(mark.label, x, y + (y < bbox.top + 24 * devicePixelRatio ? 18 : -9) * devicePixelRatio, 0);
          } else {
            ctx.setLineDash([4, 4]); ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke();
            label(mark.label, x, bbox.top + bbox.height - 6 * devicePixelRatio, 6);
          }
        }
        ctx.restore();
      }] },
    };
    // A mark belongs to the picture, also where no line comes near its price.
    const first = data.x[0], last = data.x[data.x.length - 1], pixel = (last - first) / place.clientWidth;
    const marked = (data.marks || []).filter((mark) => mark.y && mark.x >= first - pixel && mark.x <= last + pixel).map((mark) => mark.y);
    const range = (_, low, high) => (low == null ? [null, null] : uPlot.rangeNum(Math.min(low, ...marked), Math.max(high, ...marked), 0.1, true));
    const axis = { stroke: text, grid, ticks: { show: false }, font };
    // Bets are counted, not measured: no tick stands between two.
    const whole = [1, 2, 5].flatMap((step) => [0, 1, 2, 3, 4, 5].map((power) => step * 10 ** power)).sort((a, b) => a - b);
    const plot = new uPlot({
      width: place.clientWidth, height: Math.max(110, parseFloat(getComputedStyle(place).minHeight) - (data.legend === false ? 0 : 34)),
      tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), zone),
      cursor: { points: { size: 7 } },
      legend: { show: data.legend !== false, markers: { dash: (plot, at) => (plot.series[at].dash ? "dashed" : "solid") } },
      scales: { x: { time: data.time !== false }, y: { range } },
      series: [{ label: data.time === false ? data.xLabel || "" : "Time", value: (_, value) => (value == null ? "" : data.time === false ? String(value) : stamp(uPlot.tzDate(new Date(value * 1e3), zone))) }, ...series],
      axes: [{ ...axis, ...(data.time === false && { incrs: whole }), values: data.time === false ? undefined : [[86400, "{D} {MMM}", null, null, null, null, null, null, 1], [3600, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1], [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1]] },
        { ...axis, size: data.sign ? 74 : 62, values: (_, ticks, _axis, _space, step) => ticks.map((tick) => write(tick, step, data.sign)) }],
      plugins: [marks],
    }, [data.x, ...data.series.map((each) => each.values)], place);
    charts.set(place, { plot, source: place.dataset.chart });
  }
  const again = () => {
    for (const chart of charts.values()) chart.plot.destroy();
    charts.clear();
    draw(document);
  };
  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(again, 150);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  // Without a connection it shows a page that says so; it keeps nothing else.
  addEventListener("load", () => navigator.serviceWorker?.register("/sw.js").catch(() => {}));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => draw(document));
  else draw(document);
})();
