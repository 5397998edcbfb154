// The behaviour of all pages: theme, figures, tables. No page needs a server or a network.
(function () {
  "use strict";
  const root = document.documentElement;
  const kept = { get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, value); } catch { /* private window: the choice lasts for this page */ } } };
  if (kept.get("theme")) root.dataset.theme = kept.get("theme");

  // Vega's defaults, with the sizes of the page; text, axes and grid get their colours from the style sheet
  const CONFIG = {
    background: "transparent", aria: false, font: "system-ui, sans-serif", view: { stroke: null },
    axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 220, titleLimit: 400,
      grid: true, gridColor: "#d0d7de", domainColor: "#57606a", tickColor: "#57606a", labelFlush: false },
    axisX: { grid: false, labelOverlap: "greedy" }, axisY: { tickCount: 6 },
  };

  function theme() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const button = document.querySelector("[data-theme-switch]");
    const now = () => root.dataset.theme || (dark.matches ? "dark" : "light");
    const say = () => button.setAttribute("aria-label", `Switch to the ${now() === "dark" ? "light" : "dark"} page`);
    button.addEventListener("click", () => {
      root.dataset.theme = now() === "dark" ? "light" : "dark";
      kept.set("theme", root.dataset.theme);
      say();
    });
    dark.addEventListener("change", say);
    say();
  }

  function figures() {
    for (const figure of document.querySelectorAll("[data-figure]")) {
      const buttons = [...figure.querySelectorAll("[data-series]")];
      const hidden = () => new Set(buttons.filter((b) => b.getAttribute("aria-pressed") === "false").map((b) => b.dataset.series));
      const panels = [...figure.querySelectorAll("[data-chart]")].map((element) => panel(element, hidden));
      for (const button of buttons) {
        button.addEventListener("click", () => {
          button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") === "false"));
          panels.forEach((one) => one.show());
        });
      }
    }
  }

  // a panel is drawn when it comes near the screen
  function panel(element, hidden) {
    const frame = element.closest("figure");
    const spec = JSON.parse(frame.querySelector('script[type="application/json"]').textContent);
    const all = spec.params.find((one) => one.name === "shown").value;
    let view = null;
    const shown = () => all.filter((name) => !hidden().has(name));
    async function draw() {
      const params = spec.params.map((one) => (one.name === "shown" ? { ...one, value: shown() } : one));
      const result = await window.vegaEmbed(element, { ...spec, params }, { actions: false, renderer: "svg", config: CONFIG });
      view = result.view;
      element.dataset.drawn = "";
    }
    function show() { if (view) view.signal("shown", shown()).runAsync(); }
    const watcher = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) { watcher.disconnect(); draw(); }
    }, { rootMargin: "400px" });
    watcher.observe(element);
    window.addEventListener("beforeprint", () => { if (!view) draw(); });
    frame.querySelector("[data-reset]").addEventListener("click", draw);
    for (const button of frame.querySelectorAll("[data-save]")) {
      button.addEventListener("click", async () => {
        if (!view) return;
        const link = document.createElement("a");
        link.href = await view.toImageURL(button.dataset.save, 2);
        link.download = `${frame.querySelector("figcaption").textContent.trim() || "figure"}.${button.dataset.save}`;
        link.click();
      });
    }
    return { show };
  }

  function tables() {
    for (const box of document.querySelectorAll("[data-table]")) {
      const body = box.querySelector("tbody");
      const rows = [...body.rows].map((row) => ({ row, text: row.textContent.toLowerCase().replace(/\s+/g, " ") }));
      // the whole heading reacts; its button is for the keyboard
      box.querySelectorAll("[data-sort]").forEach((button, column) => button.closest("th").addEventListener("click", () => sort(box, rows, column)));
      const scroll = box.querySelector(".scroll"), wider = box.querySelector("[data-wider]");
      const measure = () => { wider.hidden = scroll.scrollWidth <= scroll.clientWidth + 1; };
      if (wider) { measure(); new ResizeObserver(measure).observe(scroll); }
      const field = box.querySelector("[data-filter]");
      const selects = [...box.querySelectorAll("select[data-facet]")];
      if (!field && !selects.length) continue;
      const count = box.querySelector("[data-count]");
      const query = new URLSearchParams(location.search);
      const wanted = new Map(); // facet -> values; from the address, or from a menu
      if (box.hasAttribute("data-query")) {
        for (const [key, value] of query) wanted.set(key, new Set(value.split(",")));
        if (query.has("find") && field) field.value = query.get("find");
      }
      for (const select of selects) {
        const values = wanted.get(select.dataset.facet);
        if (values && values.size > 1) select.add(new Option([...values].join(", "), [...values].join(",")));
        if (values) select.value = [...values].join(",");
        select.addEventListener("change", () => {
          wanted.delete(select.dataset.facet);
          if (select.value) wanted.set(select.dataset.facet, new Set(select.value.split(",")));
          apply();
        });
      }
      const facets = ["suite", "task", "method", "reward", "percent", "seed", "status"];
      function apply() {
        const words = field ? field.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
        let there = 0;
        for (const { row, text } of rows) {
          const fits = words.every((word) => text.includes(word)) && facets.every((key) => {
            const values = wanted.get(key);
            return !values || row.dataset[key] === undefined || row.dataset[key].split(" , ").some((each) => values.has(each));
          });
          row.hidden = !fits;
          there += fits;
        }
        if (count) count.textContent = there === rows.length ? `${rows.length.toLocaleString("en")} rows` : `${there.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
      }
      if (field) field.addEventListener("input", apply);
      const clear = box.querySelector("[data-clear]");
      if (clear) clear.addEventListener("click", () => {
        wanted.clear();
        for (const select of selects) select.value = "";
        if (field) field.value = "";
        history.replaceState(null, "", location.pathname);
        apply();
      });
      apply();
    }
  }

  // numbers before texts, rows without a value last
  function sort(box, rows, column) {
    const heading = box.querySelectorAll("thead th")[column];
    const down = heading.getAttribute("aria-sort") === "ascending";
    box.querySelectorAll("thead th").forEach((one) => one.setAttribute("aria-sort", "none"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = ({ row }) => {
      const cell = row.cells[column];
      const key = cell.dataset.key;
      const text = cell.textContent.trim();
      return key !== undefined ? Number(key) : text === "—" || text === "" ? null : text;
    };
    const order = (a, b) => typeof a === "number" && typeof b === "number" ? a - b
      : typeof a === "number" ? -1 : typeof b === "number" ? 1 : a.localeCompare(b, "en", { numeric: true });
    const keyed = rows.map((one) => [value(one), one]);
    keyed.sort(([a], [b]) => (a === null) - (b === null) || (a === null ? 0 : (down ? -1 : 1) * order(a, b)));
    const body = box.querySelector("tbody");
    body.append(...keyed.map(([, one]) => one.row));
  }

  document.addEventListener("DOMContentLoaded", () => { theme(); figures(); tables(); });
})();
