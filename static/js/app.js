/* Theme, menus that close, and charts. The pages work without it; charts then show as tables. */
"use strict";
(() => {
  const root = document.documentElement;

  // Theme: light, dark or as the system; kept in a cookie so that the server draws the right one at once.
  const markTheme = () => {
    const now = root.dataset.theme || "auto";
    for (const button of document.querySelectorAll("[data-set-theme]")) {
      const on = button.dataset.setTheme === now;
      button.classList.toggle("on", on);
      button.setAttribute("aria-pressed", String(on));
    }
  };
  const setTheme = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    const age = theme === "auto" ? 0 : 31536000;
    document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax` + (location.protocol === "https:" ? "; secure" : "");
    markTheme();
    drawAll();
  };

  // Colours and number formats of a chart come from the page: "var(--actual)" in a figure is read from the stylesheet.
  const probe = document.createElement("span");
  probe.hidden = true;
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const painted = (value) => {
    if (typeof value === "string") return value.startsWith("var(") ? colour(value.slice(4, -1)) : value;
    if (Array.isArray(value)) return value.map(painted);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, painted(part)]));
    return value;
  };

  // End labels are pushed apart, so that none covers another at this chart's height.
  const spreadLabels = (figure, height) => {
    const ends = (figure.layout.annotations || []).filter((note) => note.name === "end");
    const range = figure.layout.yaxis.range;
    if (ends.length < 2 || !range) return;
    const inner = height - figure.layout.margin.t - figure.layout.margin.b;
    const pixel = (note) => ((Number(note.y) - range[0]) / (range[1] - range[0])) * inner;
    const placed = ends.map((note) => ({ note, at: pixel(note), to: pixel(note) })).sort((a, b) => a.at - b.at);
    for (let round = 0; round < 24; round += 1) {
      for (let i = 1; i < placed.length; i += 1) {
        const gap = placed[i].to - placed[i - 1].to;
        if (gap < 16) { placed[i].to += (16 - gap) / 2; placed[i - 1].to -= (16 - gap) / 2; }
      }
    }
    const low = Math.min(0, ...placed.map((one) => one.to));
    for (const one of placed) one.note.yshift = Math.round(one.to - low - one.at);
  };

  const draw = (box) => {
    const source = document.getElementById(box.dataset.chart);
    if (!source || !window.Plotly) return;
    const figure = painted(JSON.parse(source.textContent));
    const narrow = box.clientWidth < 460;
    if (narrow) {
      figure.layout.margin.l = Math.min(figure.layout.margin.l, 54);
      figure.layout.margin.r = Math.min(figure.layout.margin.r, 112);
      figure.layout.xaxis.nticks = 5;
      if (figure.layout.xaxis.tickvals) {
        const every = Math.ceil(figure.layout.xaxis.tickvals.length / 4);
        const kept = (_, i) => i % every === 0;
        figure.layout.xaxis.tickvals = figure.layout.xaxis.tickvals.filter(kept);
        figure.layout.xaxis.ticktext = figure.layout.xaxis.ticktext.filter(kept);
      }
      for (const note of figure.layout.annotations || []) if (note.name === "end") note.font.size = 11;
    }
    spreadLabels(figure, box.clientHeight);
    window.Plotly.react(box, figure.data, figure.layout, { displayModeBar: false, responsive: true });
  };
  const drawAll = (within = document) => within.querySelectorAll("[data-chart]").forEach(draw);

  const saveImage = async (link) => {
    const box = document.getElementById(link.dataset.png);
    const title = link.dataset.title || "";
    const picture = structuredClone({ data: box.data, layout: box.layout });
    picture.layout = { ...picture.layout, paper_bgcolor: colour("--card"), plot_bgcolor: colour("--card"), autosize: false,
      margin: { ...picture.layout.margin, t: 58 }, title: { text: title, x: 0.02, xanchor: "left", font: { size: 16, color: colour("--ink") } } };
    const address = await window.Plotly.toImage(picture, { format: "png", width: 1120, height: 500, scale: 2 });
    const anchor = document.createElement("a");
    anchor.href = address;
    anchor.download = link.dataset.file || "chart.png";
    anchor.click();
  };

  document.addEventListener("click", (event) => {
    const theme = event.target.closest("[data-set-theme]");
    if (theme) setTheme(theme.dataset.setTheme);
    const png = event.target.closest("[data-png]");
    if (png) { event.preventDefault(); saveImage(png); }
    if (event.target.closest("[data-print]")) window.print();
    const opener = event.target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog).showModal();
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  document.addEventListener("htmx:after:swap", (event) => { drawAll(event.target instanceof Element ? event.target : document); reachScrolled(); });
  document.addEventListener("chart:changed", (event) => draw(event.target));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (!root.dataset.theme) drawAll(); });

  // What scrolls sideways can be reached by the keyboard, whether or not there is a link in it.
  const reachScrolled = () => {
    for (const box of document.querySelectorAll(".scroll:not([tabindex])")) if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
  };

  const start = () => { document.body.append(probe); markTheme(); drawAll(); reachScrolled(); };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
