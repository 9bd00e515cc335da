/* A page with figures keeps itself up to date: it asks whether anything has changed, and if so takes its main part anew. */
"use strict";
(() => {
  const QUICK = 600; // milliseconds between two questions while changes come in
  const CALM = 5000; // after nothing has happened for a while
  const LONGEST = 60000; // while the server does not answer
  const A_WHILE = 20000;
  const NEWS_EVERY = 60000; // between two sentences for those who listen to the page
  const SHARE = 4; // while changes come in, a page waits so many times as long as the server took for the last
  const FIELDS = "input:not([type=hidden]), textarea, select, [contenteditable]";

  const live = document.getElementById("live");
  const part = { headers: { "Live-Part": "1" }, cache: "no-store", redirect: "manual" };
  let morph = null;
  let wait = QUICK;
  let lastChange = performance.now();
  let lastNews = -NEWS_EVERY;
  let failures = 0;
  let timer = 0;
  let asking = false;
  let ended = false;
  let tableIsOld = false;

  class Ended extends Error {}
  class Failed extends Error {}

  // What the person has opened, and what scripts have drawn, is kept where the page is made alike to the new one.
  window.htmx.registerExtension("live", {
    init: (api) => { morph = api.morph; },
    htmx_before_morph_attr: (node, { attrName }) => {
      if (node.matches("details") && attrName === "open") return false;
      if (node.matches(".scroll") && attrName === "tabindex") return false;
      return !(node.matches("[data-chart]") && attrName !== "aria-label");
    },
    htmx_before_morph_node: (node, { newNode }) => {
      if (node.matches("[data-chart]")) node.setAttribute("aria-label", newNode.getAttribute("aria-label") || "");
      return !node.matches("[data-chart]") && !(node.id === "all-kpis-table" && node.querySelector("table"));
    },
  });

  const edited = (field) => {
    if (field instanceof HTMLSelectElement) return field.selectedIndex !== Math.max([...field.options].findIndex((one) => one.defaultSelected), 0);
    return ["checkbox", "radio"].includes(field.type) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  };
  const isBusy = () =>
    document.querySelector("dialog[open], [popover]:popover-open") !== null ||
    document.activeElement?.matches(FIELDS) ||
    [...live.querySelectorAll(FIELDS)].some(edited);

  const text = async (address, options) => {
    const answer = await fetch(address, { ...options, signal: AbortSignal.timeout(30000) });
    if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) throw new Ended();
    if (answer.status !== 304 && !answer.ok) throw new Failed(`${answer.status}`);
    return answer.status === 304 ? null : answer.text();
  };
  const parsed = (markup) => new DOMParser().parseFromString(markup, "text/html");

  // The focus and what is selected stay where they are; a row that was drawn anew is found again by its address.
  const keeping = (change) => {
    const focused = live.contains(document.activeElement) ? document.activeElement : null;
    const chosen = document.getSelection();
    const { anchorNode, anchorOffset, focusNode, focusOffset, isCollapsed } = chosen;
    change();
    if (focused && document.activeElement !== focused) {
      const again = focused.isConnected ? focused : focused.id ? document.getElementById(focused.id) : live.querySelector(`a[href="${CSS.escape(focused.getAttribute("href") || "")}"]`);
      again?.focus({ preventScroll: true });
    }
    if (!isCollapsed && anchorNode?.isConnected && focusNode?.isConnected) {
      const within = (node, offset) => Math.min(offset, node.nodeType === Node.TEXT_NODE ? node.length : node.childNodes.length);
      chosen.setBaseAndExtent(anchorNode, within(anchorNode, anchorOffset), focusNode, within(focusNode, focusOffset));
    }
  };

  const contents = (selector) => new Map([...live.querySelectorAll(selector)].map((one) => [one, one.textContent]));
  const changed = (before, selector) => [...live.querySelectorAll(selector)].filter((one) => before.has(one) && before.get(one) !== one.textContent);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const highlight = (figure) => {
    if (!still.matches) figure.animate([{ offset: 0, backgroundColor: "var(--actual-soft)" }], { duration: 1600, easing: "ease-in" });
  };
  const sources = () => new Map([...live.querySelectorAll("[data-chart]")].map((box) => [box.dataset.chart, document.getElementById(box.dataset.chart)?.textContent]));

  const tell = () => {
    const sentence = live.querySelector("h1")?.textContent.trim() || "";
    const news = document.getElementById("live-news");
    if (performance.now() - lastNews < NEWS_EVERY || news.textContent === sentence) return;
    lastNews = performance.now();
    news.textContent = sentence;
  };

  const showTable = (table) => {
    keeping(() => morph(document.getElementById("all-kpis-table"), table, true));
    tableIsOld = false;
  };
  const show = (page, table) => {
    const figures = contents(".grid .fig");
    const sentence = contents("h1");
    const charts = sources();
    keeping(() => morph(live, page, true));
    if (table) showTable(table);
    live.dataset.version = page.dataset.version;
    changed(figures, ".grid .fig").forEach(highlight);
    for (const [id, source] of sources()) {
      if (source === charts.get(id)) continue;
      if (!window.Plotly) location.reload(); // a page that had nothing to draw came without it
      live.querySelector(`[data-chart="${id}"]`).dispatchEvent(new Event("chart:changed", { bubbles: true }));
    }
    if (changed(sentence, "h1").length) tell();
  };

  // The table of all KPIs is fetched when it is opened; while open, it is kept up to date too.
  const takeTable = async () => {
    const fold = document.getElementById("all-kpis");
    tableIsOld = Boolean(fold?.querySelector("#all-kpis-table table"));
    if (!tableIsOld || !fold.open) return null;
    return parsed(await text(fold.getAttribute("hx-get"), { ...part, headers: { "HX-Request": "true" } })).body;
  };

  const update = async () => {
    const page = parsed(await text(location.pathname + location.search, part)).getElementById("live");
    if (!page) throw new Ended();
    const table = await takeTable();
    if (isBusy()) return;
    show(page, table);
    lastChange = performance.now();
  };
  const updateTable = async () => {
    const table = await takeTable();
    if (table && !isBusy()) showTable(table);
  };

  const look = async () => {
    const began = performance.now();
    const news = await text(live.dataset.live, { headers: { "If-None-Match": `"${live.dataset.version}"` }, cache: "no-store", redirect: "manual" });
    if (news !== null) await update();
    else if (tableIsOld && document.getElementById("all-kpis")?.open) await updateTable();
    const took = performance.now() - began;
    if (news !== null) wait = Math.min(Math.max(QUICK, SHARE * took), CALM) - Math.min(took, QUICK);
    else if (performance.now() - lastChange > A_WHILE) wait = Math.min(wait * 1.3, CALM);
    else wait = QUICK;
  };

  const end = () => {
    ended = true;
    document.getElementById("live-ended").hidden = false;
  };
  const fail = () => {
    failures += 1;
    wait = Math.min(Math.max(wait, QUICK) * 2, LONGEST);
    if (failures > 3) document.getElementById("live-lost").hidden = false;
  };

  const next = () => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, wait * (0.9 + 0.2 * Math.random()));
  };
  const ask = async () => {
    if (asking || ended) return;
    if (document.hidden || isBusy()) return next();
    asking = true;
    try {
      await look();
      failures = 0;
      document.getElementById("live-lost").hidden = true;
    } catch (problem) {
      if (problem instanceof Ended) return end();
      if (!(problem instanceof Failed || problem instanceof TypeError || problem.name === "TimeoutError")) throw problem;
      fail();
    } finally {
      asking = false;
    }
    next();
  };
  const wake = () => {
    clearTimeout(timer);
    wait = QUICK;
    if (!document.hidden) ask();
  };

  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  document.addEventListener("toggle", (event) => { if (event.target.id === "all-kpis" && tableIsOld) wake(); }, true);
  document.addEventListener("DOMContentLoaded", next);
})();
