"use strict";
// Sorting, filtering and folding; the page is whole without it.
for (const table of document.querySelectorAll(".scroll table")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const groups = [];  // the paper's line goes wherever ours goes
  for (const row of body.rows) {
    if (row.classList.contains("quoted") && groups.length) groups.at(-1).push(row); else groups.push([row]);
  }
  const value = (row, i) => {
    const cell = row.cells[i], text = (cell.dataset.value || cell.textContent).trim(), found = text.replaceAll(",", "").match(/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?/i);
    return found ? parseFloat(found[0]) : text;
  };
  heads.forEach((head, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    if (!button.textContent) button.setAttribute("aria-label", "Sort by name");
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      groups.sort((a, b) => {
        const [x, y] = [value(a[0], i), value(b[0], i)];
        if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;  // words last, either way
        return (up ? 1 : -1) * (typeof x === "number" ? x - y : x.localeCompare(y));
      });
      body.append(...groups.flat());
    });
  });
  const tools = document.createElement("div");
  tools.className = "tools";
  if (groups.length > 12) {
    const input = document.createElement("input");
    input.type = "search";
    input.placeholder = "Filter the lines";
    input.setAttribute("aria-label", "Filter the lines of the table below");
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase();
      for (const rows of groups) {
        const hidden = !rows.some(row => row.textContent.toLowerCase().includes(wanted));
        for (const row of rows) row.hidden = hidden;
      }
    });
    tools.append(input);
  }
  if (heads.length > 8) {
    for (const row of table.rows) [...row.cells].slice(8).forEach(cell => cell.classList.add("beyond"));
    const button = document.createElement("button");
    button.type = "button";
    const draw = folded => {
      table.classList.toggle("folded", folded);
      button.textContent = folded ? `Show all ${heads.length} columns` : "Show eight columns";
      button.setAttribute("aria-expanded", String(!folded));
    };
    button.addEventListener("click", () => draw(!table.classList.contains("folded")));
    draw(true);
    tools.append(button);
  }
  if (tools.childNodes.length) table.parentElement.before(tools);
}
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(it => { it.open = true; }));
addEventListener("hashchange", () => { const it = document.querySelector(location.hash); if (it && it.tagName === "DETAILS") it.open = true; });
