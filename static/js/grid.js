/* The target grid: moving, typing, pasting, filling, undoing and totals, as in a spreadsheet. Without it the cells are plain fields. */
"use strict";
(() => {
  const table = document.querySelector("[data-sheet]");
  if (!table) return;
  const form = table.closest("form");
  const news = form.querySelector("[data-news]");
  const { decimal, decimals } = table.dataset;
  const lines = [...table.querySelectorAll("tr[data-line]")].map((row) => [...row.querySelectorAll("td[data-cell]")]);
  const people = table.querySelectorAll("tbody tr[data-line]").length; // the goal's own line stands below them
  const inputAt = (r, c) => lines[r]?.[c]?.querySelector("input") || null;
  const place = new Map();
  lines.forEach((cells, r) => cells.forEach((cell, c) => { const input = cell.querySelector("input"); if (input) place.set(input, { r, c }); }));
  const was = (input) => input.dataset.was ?? input.defaultValue;

  let active = null; // the field that has, or had, the focus
  let before = ""; // what it held when it got it
  let editing = false; // arrows move within the text, not between cells
  let anchor = null; // where a range began
  let end = null;
  let sending = false;
  const undone = [];
  const steps = [];

  /* Numbers as goals/entry.py reads them. */
  const read = (text) => {
    let digits = text.replace(/[\s'’\u00a0\u202f\u2009]/g, "");
    if (!digits) return 0;
    digits = digits.replace(/^(?:%|[€$£¥]|kr\.?|zł|[A-Z]{3})/, "").replace(/(?:%|[€$£¥]|kr\.?|zł|[A-Z]{3})$/, "");
    const size = { k: 1e3, M: 1e6 }[digits.slice(-1)] || 1;
    if (size > 1) digits = digits.slice(0, -1);
    const marks = digits.match(/[.,]/g) || [];
    const grouped = /^[1-9]\d{0,2}([.,])\d{3}(\1\d{3})*$/.test(digits);
    const last = marks[marks.length - 1];
    if (new Set(marks).size === 2) digits = digits.replaceAll(last === "." ? "," : ".", "").replace(last, ".");
    else if (marks.length > 1 || (marks.length === 1 && last !== decimal && grouped)) digits = grouped ? digits.replace(/[.,]/g, "") : "";
    else digits = digits.replace(",", ".");
    return /^\d+(\.\d+)?$/.test(digits) ? Number(digits) * size : NaN;
  };
  const written = (value, signed) => {
    const places = Math.abs(value - Math.round(value)) < 0.005 ? Number(decimals) : 2;
    const text = Math.abs(value).toFixed(places).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f").replace(".", decimal);
    const zero = Number(Math.abs(value).toFixed(places)) === 0;
    return (value < 0 && !zero ? "\u2212" : signed && !zero ? "+" : "") + text;
  };

  /* Totals: of each person, of each period beside the goal, and of all. */
  const valueOf = (cell) => {
    if (!cell || cell.dataset.away !== undefined) return 0;
    const input = cell.querySelector("input");
    return (input ? read(input.value) : Number(cell.dataset.value || 0)) || 0;
  };
  const put = (cell, value, signed) => { if (cell) { cell.textContent = value === null ? "–" : written(value, signed); if (signed) cell.classList.toggle("short", value !== null && value < 0); } };
  const reckon = () => {
    const sum = (values) => values.reduce((one, other) => one + other, 0);
    const rowTotals = table.querySelectorAll("[data-row-total]");
    for (let r = 0; r < people; r += 1) put(rowTotals[r], sum(lines[r].map(valueOf)));
    const totals = [...table.querySelectorAll("[data-column-total]")];
    const gaps = [...table.querySelectorAll("[data-gap]")];
    const all = totals.map((cell, c) => {
      const total = sum(lines.slice(0, people).map((cells) => valueOf(cells[c]))) + Number(cell.dataset.elsewhere || 0);
      put(cell, total);
      const goal = valueOf(lines[people]?.[c]);
      put(gaps[c], goal ? total - goal : null, true);
      return total;
    });
    put(table.querySelector("[data-total]"), sum(all));
    const whole = table.querySelector("[data-whole-gap]");
    if (whole) put(whole, sum(all) - Number(whole.dataset.wholeGap), true);
    let changed = 0;
    for (const input of place.keys()) {
      const differs = input.value.trim() !== was(input).trim();
      changed += differs;
      input.classList.toggle("changed", differs);
      if (Number.isNaN(read(input.value))) input.setAttribute("aria-invalid", "true");
      else if (!input.dataset.fault || differs) input.removeAttribute("aria-invalid");
    }
    form.querySelector("[data-changed]").textContent = changed === 1 ? table.dataset.one : changed ? table.dataset.many.replace("%s", changed) : table.dataset.none;
    return changed;
  };

  /* A step is what one undo takes back: [field, old, new] of each cell. */
  const keep = (step) => { if (step.length) { steps.push(step); undone.length = 0; } };
  const write = (pairs) => {
    const step = pairs.filter(([input, value]) => input && input.value !== value).map(([input, value]) => [input, input.value, value]);
    for (const [input, , value] of step) input.value = value;
    keep(step);
    if (active) before = active.value;
    reckon();
    return step.length;
  };
  const settle = () => { // what was typed becomes a step
    if (active && active.value !== before) { keep([[active, before, active.value]]); before = active.value; }
    editing = false;
  };
  const takeBack = (from, to, which) => {
    settle();
    const step = from.pop();
    if (!step) return;
    for (const change of step) change[0].value = change[which];
    to.push(step);
    if (active) before = active.value; // what was taken back is no typing
    go(step[0][0]);
    before = active.value;
    reckon();
  };

  /* The range that is picked, from corner to corner. */
  const range = () => anchor && { top: Math.min(anchor.r, end.r), bottom: Math.max(anchor.r, end.r), left: Math.min(anchor.c, end.c), right: Math.max(anchor.c, end.c) };
  const mark = () => {
    const at = range();
    const many = at && (at.top !== at.bottom || at.left !== at.right);
    lines.forEach((cells, r) => cells.forEach((cell, c) => cell.classList.toggle("picked", Boolean(many) && r >= at.top && r <= at.bottom && c >= at.left && c <= at.right)));
  };
  const go = (input) => { if (input) { input.focus(); input.select(); } };
  const step = (r, c, dr, dc) => { // the next open cell in that direction
    for (let y = r + dr, x = c + dc; lines[y]?.[x]; y += dr, x += dc) if (inputAt(y, x)) return inputAt(y, x);
    return null;
  };
  const extend = (dr, dc) => {
    const r = end.r + dr, c = end.c + dc;
    if (lines[r]?.[c] && (r < people) === (anchor.r < people)) { end = { r, c }; mark(); }
  };
  const each = (at, make) => {
    const pairs = [];
    for (let r = at.top; r <= at.bottom; r += 1) for (let c = at.left; c <= at.right; c += 1) pairs.push(make(r, c));
    return pairs;
  };
  const textAt = (r, c) => inputAt(r, c)?.value ?? lines[r]?.[c]?.dataset.text ?? "";
  const acts = {
    down: () => { const at = range(), from = at.top === at.bottom ? at.top - 1 : at.top; if (from >= 0) write(each(at, (r, c) => [inputAt(r, c), textAt(from, c)])); },
    right: () => { const at = range(), from = at.left === at.right ? at.left - 1 : at.left; if (from >= 0) write(each(at, (r, c) => [inputAt(r, c), textAt(r, from)])); },
    forward: () => { const at = range(); write(each({ ...at, right: lines[at.top].length - 1 }, (r, c) => [inputAt(r, c), textAt(r, at.left)])); },
    undo: () => takeBack(steps, undone, 1),
    redo: () => takeBack(undone, steps, 2),
  };
  const act = (name) => { if (!anchor && name !== "undo" && name !== "redo") return; if (name !== "undo") settle(); acts[name](); };

  table.addEventListener("focusin", (event) => {
    if (!place.has(event.target) || event.target === active && editing) return;
    active = event.target;
    before = active.value;
    editing = false;
    anchor = end = place.get(active);
    mark();
    active.select();
  });
  table.addEventListener("focusout", (event) => { if (event.target === active) settle(); });
  table.addEventListener("input", () => { editing = true; reckon(); });
  table.addEventListener("pointerdown", (event) => {
    const at = place.get(event.target);
    if (!at || event.button) return;
    if (event.shiftKey && anchor && (at.r < people) === (anchor.r < people)) { event.preventDefault(); end = at; mark(); }
    else if (event.target === document.activeElement) editing = true;
  });
  table.addEventListener("click", (event) => { if (event.target === active && !editing) active.select(); });

  const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  table.addEventListener("keydown", (event) => {
    if (!place.has(event.target) || event.isComposing) return;
    const { r, c } = place.get(event.target);
    const command = event.ctrlKey || event.metaKey;
    const move = MOVES[event.key];
    const key = event.key.toLowerCase();
    if (move && !command && !event.altKey && !(editing && move[1])) {
      event.preventDefault();
      if (event.shiftKey && !editing) extend(...move);
      else { settle(); go(step(r, c, ...move)); }
    } else if (event.key === "Enter" && !command) {
      event.preventDefault();
      settle();
      go(step(r, c, event.shiftKey ? -1 : 1, 0) || event.target);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.target.value = before;
      editing = false;
      anchor = end = { r, c };
      mark();
      event.target.select();
      reckon();
    } else if (event.key === "F2") {
      event.preventDefault();
      editing = true;
      event.target.setSelectionRange(event.target.value.length, event.target.value.length);
    } else if ((event.key === "Delete" || event.key === "Backspace") && !editing && (anchor.r !== end.r || anchor.c !== end.c)) {
      event.preventDefault();
      write(each(range(), (y, x) => [inputAt(y, x), ""]));
    } else if (command && !event.altKey && (key === "z" || key === "y")) {
      event.preventDefault();
      act(key === "y" || event.shiftKey ? "redo" : "undo");
    } else if (command && !event.altKey && !event.shiftKey && (key === "d" || key === "r")) {
      event.preventDefault();
      act(key === "d" ? "down" : "right");
    }
  });

  /* Several cells from a spreadsheet: lines, and tabs within them. */
  table.addEventListener("paste", (event) => {
    if (!place.has(event.target)) return;
    const pasted = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
    const at = range();
    const single = pasted.length === 1 && pasted[0].length === 1;
    if (single && at.top === at.bottom && at.left === at.right) return;
    event.preventDefault();
    settle();
    let missed = 0;
    const pairs = [];
    if (single) pairs.push(...each(at, (r, c) => [inputAt(r, c), pasted[0][0].trim()]));
    else {
      pasted.forEach((texts, y) => texts.forEach((text, x) => {
        const r = at.top + y, c = at.left + x;
        const input = r >= people && at.top < people ? null : inputAt(r, c);
        if (input) pairs.push([input, text.trim()]);
        else if (text.trim()) missed += 1;
      }));
      anchor = { r: at.top, c: at.left };
      end = { r: Math.min(at.top + pasted.length, at.top < people ? people : lines.length) - 1, c: Math.min(at.left + Math.max(...pasted.map((texts) => texts.length)), lines[0].length) - 1 };
      mark();
    }
    write(pairs);
    news.textContent = missed ? table.dataset.missed.replace("%s", missed) : "";
  });
  table.addEventListener("copy", (event) => {
    const at = range();
    if (!at || editing || (at.top === at.bottom && at.left === at.right)) return;
    event.preventDefault();
    const copied = [];
    for (let r = at.top; r <= at.bottom; r += 1) copied.push(each({ ...at, top: r, bottom: r }, (y, x) => textAt(y, x).replace(/[\s\u202f]/g, "")).join("\t"));
    event.clipboardData.setData("text/plain", copied.join("\n"));
  });

  for (const button of form.querySelectorAll("[data-act]")) {
    button.addEventListener("pointerdown", (event) => event.preventDefault()); // the cell keeps the focus
    button.addEventListener("click", () => act(button.dataset.act));
  }
  for (const hidden of form.querySelectorAll("[data-with-script]")) hidden.hidden = false;
  // Where not all periods fit, the running one stands first.
  const running = table.querySelector("th.running");
  if (running) table.parentElement.scrollLeft = running.offsetLeft - table.querySelector("th.person").offsetWidth;
  // Only what was changed is sent.
  form.addEventListener("formdata", (event) => { for (const input of place.keys()) if (input.value.trim() === was(input).trim()) event.formData.delete(input.name); });
  form.addEventListener("submit", () => { sending = true; });
  addEventListener("pageshow", () => { sending = false; reckon(); });
  addEventListener("beforeunload", (event) => { if (!sending && reckon()) event.preventDefault(); });
})();
